"""The programs that a shell script or a Makefile calls, read from its text; must not run or expand it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Call", "calls_in_makefile", "calls_in_script", "tools_of", "variable"]

MAX_LINES = 20_000
MAX_LINE = 4_000

# Programs that builds call and that a machine need not have; what every system has (sed, awk) is left out.
_NAMES = """
cmake make gmake autoconf automake aclocal autoheader autoreconf libtoolize libtool autopoint gettextize git
curl wget swig bison yacc byacc flex lex perl go cargo rustc nasm yasm meson ninja scons bazel waf
pkg-config pkgconf patch m4 unzip zip xz svn hg cvs protoc flatc help2man makeinfo doxygen ragel re2c gperf
gfortran gtkdocize intltoolize msgfmt xgettext patchelf chrpath nvcc javac java mvn ant node npm tclsh ruby
php glslc glslangValidator dot gawk bc ed rsync
"""
_TOOLS = frozenset(_NAMES.split())
_SAME = {"gmake": "make", "pkgconf": "pkg-config", "lex": "flex", "yacc": "bison", "byacc": "bison"}
# autoreconf runs aclocal, which is of automake, unless a project does without macros altogether.
_WITH: Mapping[str, tuple[str, ...]] = {"autoreconf": ("autoreconf", "aclocal")}

_HEREDOC = re.compile(r"<<-?\s*[\"'\\]?(\w+)[\"']?")
_FUNCTION = re.compile(r"^\s*(?:function\s+)?([\w-]+)\s*\(\s*\)|^\s*function\s+([\w-]+)")
_ASSIGNED = re.compile(r"[A-Za-z_]\w*\+?=")
_LOOKED_FOR = re.compile(r"\b(?:command\s+-[vV]|which|type(?:\s+-\w+)?|hash)\s+[\"']?([\w.+-]+)")
_GIVES_UP = re.compile(r"\|\|.*\b(?:exit|die|fail|error|abort|return)\b")
_SPLIT = re.compile(r"&&|\|\||[;|&(){}`\n]|\$\(")
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")
_SIGNS = re.compile(r"[;|&(){}`\s$]")
_KEYWORDS = frozenset({"if", "then", "else", "elif", "do", "while", "until", "!", "time", "{"})
_WRAPPERS = frozenset({"exec", "env", "sudo", "command", "nohup", "nice", "builtin", "eval", "xvfb-run"})
_IF = frozenset({"ifeq", "ifneq", "ifdef", "ifndef"})
_SET = re.compile(r"[A-Za-z_]\w*[ \t]*(?:[:?]{0,2}=)[ \t]*(\S+)[ \t]*\Z")
_OPENS, _CLOSES = frozenset({"if", "case"}), frozenset({"fi", "esac"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A program at the place of a statement: its name, its words, its line.

    `sure` is False inside an `if` or a `case`, `looked_for` says that the script asks whether it is there.
    """

    program: str
    words: tuple[str, ...]
    line: int
    sure: bool = True
    looked_for: bool = False


def tools_of(program: str) -> tuple[str, ...]:
    """The programs that a call of this one needs and that a machine may lack; none for what is always there.

    >>> tools_of("gmake"), tools_of("autoreconf"), tools_of("sed")
    (('make',), ('autoreconf', 'aclocal'), ())
    """
    plain = _SAME.get(program, program)
    return _WITH.get(plain, (plain,)) if program in _TOOLS else ()


def calls_in_script(text: str) -> Iterator[Call]:
    """The calls in a shell script, in order; its own functions and what stands in here-documents left out."""
    lines = list(_logical(text))
    functions = {found[1] or found[2] for _, line in lines if (found := _FUNCTION.match(line))}
    looked_for = {
        program for _, line in lines if not _GIVES_UP.search(line) for program in _LOOKED_FOR.findall(line)
    }
    depth = 0
    for number, line in lines:
        for words in _statements(line):
            depth += _steps(words)
            command = _command(words)
            if command and command[0].rpartition("/")[2] not in functions:
                yield Call(
                    program=command[0],
                    words=command,
                    line=number,
                    sure=depth <= 0,
                    looked_for=command[0] in looked_for,
                )


def calls_in_makefile(text: str) -> Iterator[Call]:
    """The calls in the recipes of a Makefile; which targets are made, one cannot tell."""
    for number, line in _logical(text):
        if line.startswith("\t"):
            for words in _statements(line.strip().lstrip("@-+ ")):
                command = _command(words)
                if command:
                    yield Call(program=command[0], words=command, line=number, sure=False)


def variable(text: str, values: frozenset[str]) -> tuple[str, int] | None:
    """The first variable of a Makefile that is one of these values, and its line, outside conditions."""
    depth = 0
    for number, line in _logical(text):
        words = line.split()
        depth += (words[0] in _IF) - (words[0] == "endif")
        found = _SET.match(line) if depth <= 0 else None
        if found and found[1] in values:
            return found[1], number
    return None


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, continued ones joined, here-documents and comments left out."""
    ends = ""
    joined = ""
    start = 0
    for number, raw in enumerate(text.split("\n")[:MAX_LINES], 1):
        line = raw[:MAX_LINE]
        if ends:
            if line.strip() == ends:
                ends = ""
            continue
        if not joined:
            start = number
        if line.endswith("\\") and len(joined) < MAX_LINE:
            joined += line[:-1] + " "
            continue
        whole = _without_comment(joined + line)
        joined = ""
        here = _HEREDOC.search(whole)
        if here and "<<<" not in whole:
            ends = here[1]
        if whole.strip():
            yield start, whole


def _without_comment(line: str) -> str:
    """The line up to a `#` that begins a word."""
    if "#" not in line:
        return line
    for found in re.finditer(r"(?:^|\s)#", line):
        before = line[: found.start()]
        if before.count('"') % 2 == 0 and before.count("'") % 2 == 0:
            return before
    return line


def _statements(line: str) -> Iterator[list[str]]:
    """The words of each simple command of a line; quoted texts lose the signs that would cut them."""
    plain = _QUOTED.sub(_masked, line)
    for part in _SPLIT.split(plain):
        words = part.split()
        if words:
            yield words


def _masked(quoted: re.Match[str]) -> str:
    """A quoted text as one word; what stands in `"$(…)"` is a command all the same."""
    text = quoted[0]
    return text[1:-1] if text[0] == '"' and "$(" in text else _SIGNS.sub("_", text)


def _steps(words: list[str]) -> int:
    """How much deeper in conditions the script is after these words; an `else` stays inside."""
    return sum((word in _OPENS) - (word in _CLOSES) for word in words[:2])


def _command(words: list[str]) -> tuple[str, ...]:
    """The simple command behind keywords, assignments and wrappers; () when there is none."""
    rest = list(words)
    while rest and (rest[0] in _KEYWORDS or rest[0] in _WRAPPERS or _ASSIGNED.match(rest[0])):
        rest.pop(0)
    while rest and rest[0].startswith("-"):
        rest.pop(0)
    command = tuple(word.strip("\"'") for word in rest)
    return command if command and command[0] else ()
