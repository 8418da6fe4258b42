"""The lines of a requirements file, as pip reads them: decoding, joining, comments, variables, options.

Knows bytes and lines; must not open files, read the environment or understand a requirement.
pip's rules: https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = [
    "BadLine",
    "Line",
    "MissingTarget",
    "Options",
    "decode",
    "logical_lines",
    "read_options",
    "split_options",
]

# UTF-16's little-endian mark starts UTF-32's: the longer one is tried first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
_DECLARED = re.compile(rb"coding[:=]\s*([-\w.]+)")  # PEP 263, in one of the first two lines
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


class BadLine(ValueError):  # noqa: N818 -- it becomes an InputError as soon as its file and line are known
    """A line (or file) that cannot be read: a sentence, and what to type instead."""

    def __init__(self, what: str, hint: str = "", line: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.line = line


class MissingTarget(BadLine):
    """A requirement that is well written and names a file or directory that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A logical line: where it begins, its text, and that text before `${VAR}` was replaced (`written`)."""

    number: int
    text: str
    written: str
    secrets: tuple[tuple[str, str], ...] = ()

    def masked(self, message: str) -> str:
        """The message with the values of variables replaced by their names: they often are tokens."""
        for name, value in self.secrets:
            if len(value) > 3 and value in message:  # "1" is no secret, and would be everywhere
                message = message.replace(value, f"${{{name}}}")
        return message


def decode(data: bytes, fallback: str = "utf-8") -> str:
    """The text of a file: by byte order mark, else PEP 263, else UTF-8, else `fallback` (the locale's).

    Raises `BadLine` when the bytes are not in that encoding, with the line of the first wrong byte.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding, "its byte order mark says")
    for line in data.split(b"\n", 2)[:2]:
        declared = _DECLARED.search(line) if line.startswith(b"#") else None
        if declared:
            return _decoded(data, declared[1].decode("ascii", "replace"), "its first lines say")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded(data, fallback, "wheelplan takes it for")


def _decoded(data: bytes, encoding: str, who: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadLine(
            f"The file is not in {encoding}, which {who}: byte 0x{data[error.start]:02x} does not fit.",
            "Save it as UTF-8, or write `# -*- coding: latin-1 -*-` (or what it is) as its first line.",
            line,
        ) from None
    except (LookupError, UnicodeError, ValueError):
        raise BadLine(
            f"The file is in {encoding!r}, {who}, which is no text encoding that Python knows.",
            "Save it as UTF-8 and remove that comment.",
            1,
        ) from None


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _without_comment(line: str) -> str:
    # The first "#" at the start or after white space begins the comment, so that `#egg=` and `#sha256=` live.
    # By hand: the obvious regular expression is quadratic on a long run of blanks.
    at = line.find("#")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("#", at + 1)
    return line if at < 0 else line[:at]


def _joined(text: str) -> Iterator[tuple[int, str]]:
    first, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        comment = _is_comment(line)
        if line.endswith("\\") and not comment:
            first = first if parts else number
            parts.append(line.strip("\\"))
            continue
        # The blank makes a comment that ends a continued line a comment there too.
        yield (first if parts else number), "".join([*parts, f" {line}" if comment else line])
        parts.clear()
    if parts:
        yield first, "".join(parts)


def _expanded(text: str, environ: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    if "${" not in text:
        return text, ()
    names = dict.fromkeys(_VARIABLE.findall(text))
    values = {name: environ[name] for name in names if environ.get(name)}
    if any("${" in value for value in values.values()):  # a value may name a variable that follows
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", value)
    else:
        text = _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)
    return text, tuple(values.items())


def logical_lines(text: str, environ: Mapping[str, str]) -> Iterator[Line]:
    r"""The lines of a file that say something: joined, without comments, with `${VAR}` replaced.

    >>> [line.text for line in logical_lines("a \\\n  ; b # c\n\n#d\nu#e", {})]
    ['a   ; b', 'u#e']
    """
    for number, joined in _joined(text):
        written = _without_comment(joined).strip()
        if written:
            expanded, secrets = _expanded(written, environ)
            yield Line(number=number, text=expanded, written=written, secrets=secrets)


def split_options(text: str) -> tuple[str, str]:
    """The requirement and the options of a line: options begin at the first word that starts with `-`.

    Words are parted by single blanks only, as in pip: after a tab, `--hash` belongs to the requirement.

    >>> split_options("demo==1.0 --hash=sha256:00")
    ('demo==1.0', '--hash=sha256:00')
    """
    at = 0 if text.startswith("-") else text.find(" -") + 1
    return ("", text) if text.startswith("-") else (text[: at - 1], text[at:]) if at else (text, "")


# Long name -> (what it fills, whether it takes a value): all of pip 26.3's.
_LONG = {
    "--index-url": ("index-url", True),
    "--pypi-url": ("index-url", True),
    "--extra-index-url": ("extra-index-url", True),
    "--no-index": ("no-index", False),
    "--constraint": ("constraint", True),
    "--requirement": ("requirement", True),
    "--editable": ("editable", True),
    "--find-links": ("find-links", True),
    "--no-binary": ("no-binary", True),
    "--only-binary": ("only-binary", True),
    "--prefer-binary": ("prefer-binary", False),
    "--require-hashes": ("require-hashes", False),
    "--no-require-hashes": ("no-require-hashes", False),
    "--pre": ("pre", False),
    "--all-releases": ("all-releases", True),
    "--only-final": ("only-final", True),
    "--trusted-host": ("trusted-host", True),
    "--use-feature": ("use-feature", True),
    "--hash": ("hash", True),
    "--config-settings": ("config-settings", True),
}
_SHORT = {
    "i": "--index-url",
    "c": "--constraint",
    "r": "--requirement",
    "e": "--editable",
    "f": "--find-links",
    "C": "--config-settings",
}
_HASHES = ("sha256", "sha384", "sha512")


@dataclass(slots=True)
class Options:
    """The options of one line: (option, value) in the order written, and the words that belong to none."""

    said: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def all(self, option: str) -> list[str]:
        """Every value of that option; flags have the value ''."""
        return [value for said, value in self.said if said == option]


def _words(text: str) -> list[str]:
    if not any(character in text for character in "\"'\\"):
        return [word for word in re.split(r"[ \t\r\n]+", text) if word]  # the usual case, in linear time
    import shlex  # noqa: PLC0415 -- only quoted options need it

    try:
        return shlex.split(text)
    except ValueError:
        raise BadLine("A quotation mark in its options is not closed.", "Close it, or remove it.") from None


def _long_name(word: str) -> str:
    if word in _LONG:
        return word
    names = [name for name in _LONG if name.startswith(word)]
    if len(names) == 1:
        return names[0]
    if names:
        raise BadLine(f"{word} may mean {' or '.join(sorted(names))}.", "Write it out.")
    raise _unknown_option(word)


def _unknown_option(word: str) -> BadLine:
    from difflib import get_close_matches  # noqa: PLC0415 -- only for a mistake

    if word in ("--global-option", "--install-option", "--build-option"):
        return BadLine(f"pip has removed {word}.", "Use --config-settings, or remove it.")
    near = get_close_matches(word, _LONG, 1, 0.75)
    hint = f"Did you mean {near[0]}?" if near else "Give it on the command line, or remove it from the file."
    return BadLine(f"{word[:60]} is no option of a requirements file.", hint)


def read_options(text: str) -> Options:
    """The options of a line, by the rules of optparse, which pip uses: `-rFILE`, unique beginnings, `--a=b`.

    Raises `BadLine` for an unknown or ambiguous option, a missing or unwanted value and a malformed
    `--hash` or `--config-settings`.
    """
    options = Options()
    words: Sequence[str] = _words(text)
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            options.ignored.extend(words[at:])
            break
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            at += _take(options, _long_name(name), value if equals else None, words[at : at + 1])
        elif word.startswith("-") and len(word) > 1:
            name = _SHORT.get(word[1], "")
            if not name:
                raise _unknown_option(f"-{word}" if len(word) > 2 else word)
            at += _take(options, name, word[2:] or None, words[at : at + 1], shown=word[:2])
        else:
            options.ignored.append(word)
    return options


def _take(options: Options, name: str, value: str | None, following: Sequence[str], shown: str = "") -> int:
    option, wants_value = _LONG[name]
    if not wants_value:
        if value is not None:
            raise BadLine(f"{name} takes no value.", f"Write {name} alone.")
        options.said.append((option, ""))
        return 0
    taken = 0
    if value is None:
        if not following:
            raise BadLine(f"{shown or name} needs a value.", f"Write {name} VALUE, on the same line.")
        value, taken = following[0], 1
    _check(option, name, value)
    options.said.append((option, value))
    return taken


def _check(option: str, name: str, value: str) -> None:
    if option == "hash":
        algorithm, colon, _ = value.partition(":")
        if not colon or algorithm not in _HASHES:
            raise BadLine(
                f"{value[:80]!r} is no hash that pip takes (it takes {', '.join(_HASHES)}).",
                "Write --hash=sha256:HEX; `pip hash FILE` tells it.",
            )
    elif option == "config-settings" and "=" not in value:
        raise BadLine(f"{value[:80]!r} is no KEY=VALUE.", f"Write {name} KEY=VALUE.")
    elif option in ("no-binary", "only-binary", "all-releases", "only-final") and value.startswith("-"):
        raise BadLine(f"{name} needs names, not {value[:60]!r}.", f"Write {name} NAME,NAME or {name} :all:")
