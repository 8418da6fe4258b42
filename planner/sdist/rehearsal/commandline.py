"""A command that a build runs -> what it asks the imagined machine for; must not run or look up anything."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from packaging.specifiers import InvalidSpecifier, SpecifierSet

__all__ = ["Command", "host_of", "module_words", "parse_shell", "parse_words"]

Word: TypeAlias = "str | None"
"""A word of a command line; None where it is not known."""

MAX_LINE = 4_000
_SETS = re.compile(r"[A-Za-z_]\w*=")
_REDIRECTED = re.compile(r"(?<!\S)\d?(?:>>?|<)\s*(?:&\d|[^\s;&|()]+)")
_SUBSTITUTED = re.compile(r"`([^`]{1,500})`|\$\(([^()]{1,500})\)")
_OPERATORS = frozenset({"&&", "||", ";", "|", "&", "\n"})
_WRAPPERS = frozenset({"env", "exec", "nice", "sudo", "time", "command", "ccache", "xargs"})
_SHELLS = frozenset({"sh", "bash", "zsh", "dash"})
_PYTHON = re.compile(r"(?:.*/)?python\d?(?:\.\d+)?\Z")
_COMPARED = re.compile(r"([\w.+-]+)\s*(>=|<=|==|=|>|<|!=)\s*([\w.]+)\Z")


@dataclass(frozen=True, slots=True)
class Command:
    """One program and what its words tell.

    `script` is a file of the sdist's own, `modules` are what pkg-config is asked for (with the versions that
    they must have), `complete` is False when some words are not known, `host` is what it downloads from.
    """

    program: str = ""
    script: str = ""
    modules: tuple[tuple[str, SpecifierSet], ...] = ()
    complete: bool = True
    host: str = ""
    version: bool = False


def parse_shell(line: str) -> list[Command]:
    """The commands of a line for the shell."""
    plain = _REDIRECTED.sub(" ", line[:MAX_LINE].replace("\n", " ; "))
    inner = [found[1] or found[2] for found in _SUBSTITUTED.finditer(plain)]
    plain = _SUBSTITUTED.sub("_", plain)
    lexer = shlex.shlex(plain, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        words = plain.split()
    out: list[Command] = [command for one in inner for command in parse_shell(one)]
    current: list[Word] = []
    for raw in [*words, ";"]:
        word = raw.lstrip("(").rstrip(")") if raw[:1] == "(" or raw[-1:] == ")" else raw
        if word in _OPERATORS or set(word) <= set(";&|"):
            if current:
                out.extend(parse_words(current))
            current = []
        else:
            current.append(word)
    return out


def parse_words(words: Iterable[Word], depth: int = 0) -> list[Command]:
    """The commands that one list of words runs: the program itself, and what a wrapper hands on to."""
    rest = list(words)
    while rest and isinstance(rest[0], str) and _SETS.match(rest[0]):
        rest = rest[1:]
    if not rest:
        return []
    first, rest = rest[0], rest[1:]
    if first is None:
        return [Command(complete=False)]
    name = first.replace("\\", "/").rpartition("/")[2]
    if depth < 3 and name in _WRAPPERS and rest:
        return parse_words([word for word in rest if word is None or not word.startswith("-")], depth + 1)
    if depth < 3 and name in _SHELLS and rest:
        if isinstance(rest[0], str) and rest[0].startswith("-") and "c" in rest[0] and len(rest) > 1:
            return parse_shell(rest[1]) if isinstance(rest[1], str) else [Command(complete=False)]
        script = next((word for word in rest if word is None or not word.startswith("-")), None)
        return [Command(script=script or "", complete=script is not None)]
    if _PYTHON.match(first):
        return _python(rest)
    if "/" in first.replace("\\", "/") and not first.startswith("/"):
        return [Command(script=first.removeprefix("./"))]
    return [_one(name, rest)]


def _python(rest: list[Word]) -> list[Command]:
    """`python -m NAME`: a module that acts as a program; a script of the sdist's own otherwise."""
    if rest[:1] == ["-m"] and len(rest) > 1 and isinstance(rest[1], str):
        if rest[1] == "pip":
            return [Command(host="the package index")] if "install" in rest else []
        return [Command(program=f"python -m {rest[1]}")]
    script = next((word for word in rest if word is None or not word.startswith("-")), None)
    return [Command(script=script)] if script else []


def _one(name: str, rest: list[Word]) -> Command:
    known = [word for word in rest if word is not None]
    complete = len(known) == len(rest)
    for option in ("--atleast-version", "--exact-version", "--max-version"):
        if option in known[:-1]:  # its version stands in a word of its own
            at = known.index(option)
            known[at : at + 2] = [f"{option}={known[at + 1]}"]
    if name == "which" and len(known) == 1 and complete:
        return Command(program=known[0].rpartition("/")[2])  # it fails where that is missing
    if name in ("pkg-config", "pkgconf"):
        return _pkg_config(known, complete=complete)
    host = ""
    if name in ("curl", "wget", "git", "hg", "svn", "conan") or (name == "npm" and "install" in known):
        fetches = name in ("curl", "wget") or {"clone", "submodule", "fetch", "install", "checkout"} & set(
            known
        )
        urls = [word for word in known if "://" in word]
        host = (host_of(urls[0]) if urls else f"what {name} fetches") if fetches else ""
    version = any(word in ("--version", "-V", "-version", "-v") for word in known)
    return Command(program=name, complete=complete, host=host, version=version)


def _pkg_config(known: list[str], *, complete: bool) -> Command:
    least = next((word.partition("=")[2] for word in known if word.startswith("--atleast-version=")), "")
    modules = module_words(" ".join(word for word in known if not word.startswith("-")))
    if least and len(modules) == 1:
        modules = ((modules[0][0], _specifier(">=", least)),)
    tool_only = any(
        word in ("--version", "--help") or word.startswith("--atleast-pkgconfig") for word in known
    )
    version = "--modversion" in known
    return Command(
        program="pkg-config",
        modules=modules,
        complete=complete or bool(modules) or tool_only,
        version=version,
    )


def module_words(text: str) -> tuple[tuple[str, SpecifierSet], ...]:
    """The modules of a query of pkg-config, with the versions that it asks for.

    >>> [(name, str(wanted)) for name, wanted in module_words("libfoo >= 1.2 bar")]
    [('libfoo', '>=1.2'), ('bar', '')]
    """
    spaced = re.sub(r"\s*(>=|<=|!=|==|(?<![<>!=])=|>(?!=)|<(?!=))\s*", r"\1", text[:MAX_LINE])
    out: dict[str, SpecifierSet] = {}
    for word in spaced.replace(",", " ").split():
        found = _COMPARED.match(word)
        if found:
            out[found[1]] = _specifier(found[2], found[3])
        elif re.fullmatch(r"[A-Za-z0-9][\w.+-]*", word):
            out.setdefault(word, SpecifierSet())
    return tuple(out.items())


def _specifier(operator: str, version: str) -> SpecifierSet:
    try:
        return SpecifierSet(("==" if operator == "=" else operator) + version)
    except InvalidSpecifier:
        return SpecifierSet()


def host_of(url: str) -> str:
    """The host that an address names, without what may be secret in it.

    >>> host_of("https://user:x@files.example/a.tar.gz"), host_of("a file")
    ('files.example', 'the network')
    """
    try:
        return urlsplit(url).hostname or "the network"
    except ValueError:
        return "the network"
