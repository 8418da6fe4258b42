"""A build's log as lines, and the parts of it that tell of one failure each; must not know what a line means.

Whoever ran the build puts something before each line: `docker build --progress=plain`, CI systems, pip's
indentation, uv's frames. All that is taken off, as are colours. What went well is not looked at: a compiler's
complaint in the log of a build that succeeded in the end is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

__all__ = ["Failure", "Line", "ended_well", "failures", "lines_of", "system_of"]

_LINE = 4000
"""More of a line is never looked at: a compiler's command line may be far longer, and tells nothing."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_BEFORE = re.compile(
    r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d) (?:\d\d[OE]\+? ?)?"  # GitHub, GitLab
    r"|#\d+ +\d+\.\d+ "  # docker build --progress=plain
    r"|\[?\d\d:\d\d:\d\d\]? +"  # Jenkins
    r"|[\w.-]+ +\| )"  # docker compose
)
_FRAME = re.compile(r"[\s│├╰└┃|]*(?:[─▶>]+ )?\s*")

_NAME = r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)"
_DONE = r"(?:finished with status 'done'|\.\.\. done\b)"
_WENT_WELL = re.compile(
    r"(?:Building|Preparing|Getting|Installing) (?:wheel|editable|metadata|requirements|build|backend)\b"
    rf".*{_DONE}"
    r"|Created (?:wheel|editable) for |Successfully (?:built|installed) |Installed \d+ packages? in "
)
_ENDED_WELL = re.compile(
    r"Successfully (?:built|installed) |(?:Installed|Audited) \d+ packages? in |Requirement already satisfied"
)
_OPENED = re.compile(
    rf"(?:\u00d7 |error: )?Failed to (?:build|download and build|prepare) `{_NAME}"
    r"(?:==(?P<version>[\w.+!-]+))?"
)
"""uv tells the project before the output of its build."""
_CLOSED = re.compile(
    rf"ERROR: Failed (?:building (?:wheel|editable) for|to build) '?{_NAME}'?(?: when (?P<when>.+))?$"
    r"|ERROR: Command errored out with exit status \d+"
)
"""pip tells it behind."""
_POINTED = re.compile(r"╰─> (?P<name>[A-Za-z0-9][\w.-]*)$")
_COMMANDED = re.compile(
    r"(?:Building (?:wheel|editable) for|Running setup\.py install for|Collecting|Processing) " + _NAME
)
_VERSION = re.compile(
    r"(?<![\w.-])(?P<name>[A-Za-z0-9][\w.-]*?)"
    r"(?:-(?P<archive>\d[\w.+!]*?)\.(?:tar\.(?:gz|bz2|xz)|zip|tgz)\b|==(?P<pin>\d[\w.+!]*))"
)
"""What names a version of a project: the file name of its sdist, or a pin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its number, 1 first, and what its program wrote, without frames and indentation."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The lines that tell of one failed build. `project` and `version` are "" where nothing names them.

    `closed` says that an installer said that it failed; `running` that it stands behind an installer's
    success, so that what failed was built and installed before.
    """

    project: str = ""
    version: str = ""
    closed: bool = False
    running: bool = False
    lines: tuple[Line, ...]


def lines_of(text: str, first: int = 1) -> tuple[Line, ...]:
    """The lines of a log, cleaned; of one that was written over (a progress bar) the last state.

    `first` is the number of the first one.
    """
    found = []
    for number, raw in enumerate(text.split("\n"), first):
        line = (_ESCAPES.sub("", raw) if "\x1b" in raw else raw).rstrip().rpartition("\r")[2][:_LINE]
        before = _BEFORE.match(line)
        if before:
            line = line[before.end() :]
        found.append(Line(number=number, text=line.rstrip()))
    return tuple(found)


def failures(lines: Sequence[Line]) -> tuple[Failure, ...]:
    """The failed builds that a log tells of, in its order; all of it is one where nobody divides it.

    What stands behind the last build that went well and is not closed by pip is one as well: a program that
    was started then and failed.
    """
    return tuple(_divided(lines))


def _divided(lines: Sequence[Line]) -> Iterator[Failure]:
    inner = [Line(number=line.number, text=_bare(line.text)) for line in lines]
    versions = _versions(lines)
    start, opened, named = 0, None, ""
    for at, (line, raw) in enumerate(zip(inner, lines, strict=True)):
        if found := _COMMANDED.match(line.text):
            named = found["name"]
        if head := _OPENED.match(raw.text.strip()):
            if opened:
                yield _opened(inner[start:at], versions, opened)
            start, opened = at, head
        elif opened:
            continue
        elif _WENT_WELL.match(line.text):
            start = at + 1
        elif (closed := _CLOSED.match(line.text)) or (closed := _POINTED.match(raw.text.strip())):
            if at > start:
                yield _failure(inner[start:at], versions, closed["name"] or named, closed=True)
            start = at + 1
    if opened:
        yield _opened(inner[start:], versions, opened)
    elif start < len(inner):
        running = any(_ENDED_WELL.match(line.text) for line in inner[:start])
        yield replace(_failure(inner[start:], versions, _last_named(inner[start:])), running=running)


def _bare(text: str) -> str:
    frame = _FRAME.match(text)
    return text[frame.end() :] if frame else text


def _failure(
    part: Sequence[Line], versions: Mapping[str, str], name: str, *, closed: bool = False
) -> Failure:
    version = versions.get(canonicalize_name(name), "") if name else ""
    return Failure(project=name, version=version, closed=closed, lines=tuple(part))


def _opened(part: Sequence[Line], versions: Mapping[str, str], head: re.Match[str]) -> Failure:
    """The failure that uv told first, with the version that stands there."""
    told = _failure(part, versions, head["name"], closed=True)
    return replace(told, version=head["version"] or told.version)


def _last_named(lines: Sequence[Line]) -> str:
    for line in reversed(lines):
        if found := _COMMANDED.match(line.text):
            return found["name"]
    return ""


def _versions(lines: Sequence[Line]) -> Mapping[str, str]:
    """The version of each project, by the last archive or pin of it that a log names."""
    found: dict[str, str] = {}
    for line in reversed(lines):
        if any(part in line.text for part in ("==", ".tar.", ".zip", ".tgz")):
            for one in _VERSION.finditer(line.text):
                found.setdefault(canonicalize_name(one["name"]), one["archive"] or one["pin"])
    return found


def ended_well(lines: Sequence[Line]) -> bool:
    """Whether an installer said at the end that all went well."""
    return any(_ENDED_WELL.match(_bare(line.text)) for line in lines)


_SYSTEMS = (
    (
        "windows",
        re.compile(r"\b[A-Z]:\\|\bMSVC\b|win-amd64|win32-cpython|fatal error (?:LNK|C)\d{4}|\[WinError"),
    ),
    ("darwin", re.compile(r"macosx-\d|/opt/homebrew/|xcrun: |/Library/Developer/|\bclang: error|\.dylib\b")),
    (
        "linux",
        re.compile(r"linux[-_](?:x86_64|aarch64)|(?:x86_64|aarch64)-linux-gnu|manylinux|/usr/lib/|\.so\.\d"),
    ),
)


def system_of(lines: Sequence[Line]) -> str:
    """The system that a log is of, as the fact `os` has it; "" where no line tells."""
    for name, pattern in _SYSTEMS:
        if any(pattern.search(line.text) for line in lines):
            return name
    return ""
