"""A log -> the causes of what failed in it, by the signs of the tables; must not judge a machine.

Many lines of a log tell of something that was not found, and most of them are harmless: a check of
configure, a compiler that was tried before the next one. So each sign has a rank, the least rank that a
failure shows counts, and what a mere check of the build system said counts less. A log that shows no sign
has no known cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from packaging.utils import canonicalize_name

from planner.diagnosing.log import Failure, Line, ended_well, failures, lines_of, system_of
from planner.knowledge.signs import Sign, signs
from planner.knowledge.standard_headers import standard_headers
from planner.knowledge.things import thing_of

__all__ = ["Cause", "Diagnosed", "Diagnosis", "diagnose"]

_BEHIND = 8
"""How many lines before a line its `after` may stand: the frames of a traceback between them are few."""
_MOST = 4
"""How many causes of one failure are told."""
_FAILURES = 100
"""How many failures of one log are told, the last ones."""
_CHECK = re.compile(
    r"_configtest|conftest|CMakeFiles/CMake(?:Tmp|Scratch)|TryCompile|CheckSymbolExists|meson-private"
    r"|/tmp/tmp\w+/|testfile\.c|feature-detection|^Running `|^-- |^checking |[Ww]arning: |^configure: WARNING"
)
"""Lines of checks and of warnings, which may mean nothing."""
_TRIED_AGAIN = re.compile(
    r"Retrying \(Retry\(total=[1-9]|, retrying\b|spurious network error \(\d+ tr|[Ww]ill retry in "
)
"""A download that was tried again; where that failed too, a later line says so."""
_LESS = 3
"""By how much the rank of a check's line rises."""
_FAINTEST = 8
"""A sign of a higher rank is none: that a check found nothing, where nobody asks for the thing."""
_TRIPLET = re.compile(r"^(?:[\w.]+-){2,4}(?=(?:gcc|g\+\+|cc|c\+\+|clang|gfortran|ld|ar)(?:$|[-+]))")
_LANGUAGES = {"C": "c", "CC": "c", "C++": "cxx", "CXX": "cxx", "Fortran": "fortran", "FC": "fortran"}
_COMPILERS = MappingProxyType(
    {
        **dict.fromkeys(("icc", "icx", "pgcc", "nvc", "cl", "clang-cl"), "c"),
        **dict.fromkeys(("icpc", "icpx", "pgc++", "nvc++", "cc1plus"), "cxx"),
        **dict.fromkeys(("ifort", "ifx", "flang-new", "pgfortran", "nvfortran", "g95"), "fortran"),
    }
)
"""Compilers that the tables do not name, as nobody installs them to build a wheel."""
_NO_NAMES = frozenset(
    {"a", "pip", "command", "compiler", "dot", "file", "files", "go", "header", "headers", "it", "library"}
    | {"module", "package", "program", "python", "source", "test", "the", "time", "version", "which"}
)
"""Words that are names of programs as well: in a sentence they are mostly words."""
_GENERATORS = {"Unix Makefiles": "program:make", "MinGW Makefiles": "program:make", "Ninja": "program:ninja"}
_MODULES = {"torch": "module:torch", "numpy": "module:numpy", "cython": "module:Cython"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause of a failure, with the line that tells it.

    `code` is the finding's. `subject` is in the vocabulary of `planner.needs`, or `module:NAME` for a module
    of Python, or ""; `specifier` says in which versions it would do. `why` and `fix` are phrases, or "".
    """

    code: str
    subject: str = ""
    specifier: str = ""
    role: str = "build"
    why: str = ""
    fix: str = ""
    sign: str
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """One failed build and its causes, the first line of the log first; none where the log does not tell.

    `said` is the last line that looks like an error, for whoever has to go on reading.
    """

    failure: Failure
    causes: tuple[Cause, ...] = ()
    said: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A whole log. `well`: an installer said that all went well, and nothing failed afterwards.

    `system` is the one that it is of, as the fact `os` has it, or "".
    """

    failed: tuple[Diagnosed, ...] = ()
    well: bool = False
    system: str = ""


def diagnose(text: str, first: int = 1) -> Diagnosis:
    """The causes of all that failed in a log, or in the end of one, whose first line has that number.

    >>> log = "psycopg/psycopg.h:36:10: fatal error: Python.h: No such file or directory"
    >>> [(cause.code, cause.subject) for cause in diagnose(log).failed[0].causes]
    [('WP201', 'header:Python.h')]
    """
    lines = lines_of(text, first)
    divided = failures(lines)[-_FAILURES:]
    found = [Diagnosed(failure=one, causes=_causes(one), said=_said(one)) for one in divided]
    told = [one for one in found if one.causes]
    if told:
        return Diagnosis(failed=tuple(_distinct(told)), system=system_of(lines))
    if ended_well(lines) and not any(_failed(one.failure) for one in found):
        return Diagnosis(well=True)
    spoken = [one for one in found if one.said is not None]
    return Diagnosis(failed=tuple(spoken[:1] or found[:1]))


def _failed(failure: Failure) -> bool:
    """Whether something says that it failed: an installer, or the end of a traceback behind its success."""
    return failure.closed or any(line.text.startswith("Traceback (most recent") for line in failure.lines)


def _distinct(found: Sequence[Diagnosed]) -> Iterator[Diagnosed]:
    """Each project's failure once (pip tells some twice); one of no project only if it says something new."""
    seen: dict[str, set[tuple[str, str, str]]] = {}
    for one in sorted(found, key=lambda one: not one.failure.project):
        name = canonicalize_name(one.failure.project)
        told = {(cause.code, cause.subject, cause.why) for cause in one.causes}
        known = seen.setdefault(name, set())
        if told <= (known if name else {key for keys in seen.values() for key in keys}):
            continue
        known |= told
        yield one


def _causes(failure: Failure) -> tuple[Cause, ...]:
    """The causes of the least rank, in the order of their lines; each thing that lacks once."""
    best, found = 99, dict[tuple[str, str, str], Cause]()
    for rank, cause in _matches(failure):
        if rank > _FAINTEST:
            continue
        if rank < best:
            best, found = rank, {}
        if rank == best:
            thing = thing_of(cause.subject)
            subject = f"{thing.id} {cause.specifier}" if thing is not None else cause.subject
            found.setdefault((cause.code, subject, "" if subject else cause.why), cause)
    return tuple(found.values())[:_MOST]


def _matches(failure: Failure) -> Iterator[tuple[int, Cause]]:
    lines = failure.lines
    whole = "\n".join(line.text for line in lines)
    possible = [sign for sign in signs() if any(part in whole for part in sign.has)]  # of 250 mostly ten
    for at, line in enumerate(lines):
        for sign in () if _TRIED_AGAIN.search(line.text) else possible:
            match = _match(sign, lines, at)
            cause = _cause(sign, match, line) if match is not None else None
            if cause is not None:
                if failure.running:
                    cause = replace(cause, code={"WP201": "WP206"}.get(cause.code, cause.code), role="run")
                less = _LESS if cause.code != "WP403" and _CHECK.search(line.text) else 0
                yield sign.rank + less, cause
                break


def _match(sign: Sign, lines: Sequence[Line], at: int) -> re.Match[str] | None:
    text = lines[at].text
    if not any(part in text for part in sign.has):
        return None
    if sign.lines > 1:
        text = " ".join(line.text for line in lines[at : at + sign.lines] if line.text)
    match = sign.line.search(text)
    if match is None or sign.after is None:
        return match
    before = lines[max(0, at - _BEHIND) : at]
    return match if any(sign.after.search(line.text) for line in before) else None


def _cause(sign: Sign, match: re.Match[str], line: Line) -> Cause | None:
    """What a sign says of a line; None where it names something by a word that nobody knows."""
    groups = sign.groups(match)
    family, _, name = _filled(sign.subject, groups).partition(":")
    code, subject, why = sign.code, _subject(family, name), _filled(sign.why, groups)
    if family == "header" and standard_headers().python.get(name):
        code, subject = "WP208", f"header:{name}"
        why = f"{name} is no longer among the headers of this Python"
    elif subject.startswith("module:") and family != "module":
        code, why = "WP210", why or f"{family} {name} was not found"
    if not subject and not why:
        return None
    return Cause(
        code=code,
        subject=subject,
        specifier=_filled(sign.specifier, groups).replace(" ", ""),
        role=sign.role,
        why=why,
        fix=_filled(sign.fix, groups),
        sign=sign.id,
        line=line,
    )


def _filled(template: str, groups: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: groups.get(m[1], ""), template)


def _subject(family: str, name: str) -> str:
    """What a sign speaks of, in the vocabulary of needs; "" where that is not known."""
    if family == "language":
        return f"dep:virtual/compiler/{_LANGUAGES[name]}"
    if family == "generator":
        return _GENERATORS.get(name, "dep:virtual/compiler/cxx")
    if family == "program":
        return _program(name)
    if family == "name":
        name = name.rstrip(".")
        if name.endswith((".h", ".hpp")):
            return _header(name)
        if name.lower() in _NO_NAMES:
            return ""
        families = ("program:", "pkg-config:", "cmake:", "library:", "dep:generic/", "pkg-config:lib")
        words = dict.fromkeys((name, name.lower(), name.lower().removeprefix("lib")))
        ways = (family + word for word in words for family in families)
        found = next((way for way in ways if thing_of(way)), "")
        return _program(found.partition(":")[2]) if found.startswith("program:") else found
    if family == "cmake" and name.lower() in _MODULES:
        return _MODULES[name.lower()]
    if family == "header":
        return _header(name.replace("\\", "/").removeprefix("./"))
    return f"{family}:{name}" if name else family


def _program(path: str) -> str:
    """A program by its plain name; a compiler as what it compiles, as another one serves as well."""
    name = path.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
    name = _TRIPLET.sub("", name)
    if re.fullmatch(r"(?:gcc|g\+\+|clang|clang\+\+|gfortran)-[\d.]+", name):
        name = name.rpartition("-")[0]
    if name in _COMPILERS:
        return f"dep:virtual/compiler/{_COMPILERS[name]}"
    thing = thing_of(f"program:{name}")
    if thing is not None and thing.id.startswith("dep:virtual/compiler/"):
        return thing.id
    return f"program:{name}"


def _header(name: str) -> str:
    """A header; what comes with every C or C++ compiler is the compiler's own."""
    if thing_of(f"header:{name}") is None and standard_headers().is_standard(name, "linux"):
        return "dep:virtual/compiler/c" if name.endswith(".h") else "dep:virtual/compiler/cxx"
    return f"header:{name}"


_ERROR = re.compile(r"(?i)^\w*(?:error|exception)\b|\berror: |\bfatal: |^e: |not found|no such file")
_HOLLOW = re.compile(
    r"(?i)subprocess-exited-with-error|\[end of output\]|\[\d+ lines of output\]|metadata-generation-failed"
    r"|failed-wheel-build|originates from a subprocess|^note:|^hint:|CalledProcessError"
    r"|error: failed to build|exit (?:code|status):? \d+$|did not run successfully"
    r"|^error: command .* failed with exit"
)


def _said(failure: Failure) -> Line | None:
    """The last line that looks like an error and says more than that there was one; else the last one."""
    last = None
    for one in reversed(failure.lines):
        if one.text and not _HOLLOW.search(one.text):
            if _ERROR.search(one.text):
                return one
            last = last or one
    return last
