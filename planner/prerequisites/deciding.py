"""Facts that show a need to be met, and the answer they give; knows no table, so that a plan can be verified.

A way to meet a need is `header:ffi.h pkg-config:libffi; pkg-config:libffi`: any fact before the semicolon
shows that it is here, and the first after it with a version tells which. Without a semicolon they are the
same. A need is met when one of its ways is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from planner.facts import Absent, Known, Machine, Unknown

__all__ = ["State", "decide", "subjects_of", "way"]

State: TypeAlias = Literal["present", "missing", "too-old", "unknown"]
_ORDER: tuple[State, ...] = ("present", "unknown", "too-old", "missing")


def way(shows: Iterable[str], versions: Iterable[str]) -> str:
    """One way as text, without names that could not be read again.

    >>> way(["header:ffi.h", "pkg-config:libffi"], ["pkg-config:libffi"])
    'header:ffi.h pkg-config:libffi; pkg-config:libffi'
    """
    shown = " ".join(one for one in dict.fromkeys(shows) if _is_plain(one))
    told = " ".join(one for one in dict.fromkeys(versions) if _is_plain(one))
    return shown if told == shown else f"{shown}; {told}"


def _is_plain(name: str) -> bool:
    return name.isprintable() and " " not in name and ";" not in name


def _parted(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    shown, semicolon, told = text.partition(";")
    shows = tuple(shown.split())
    return shows, tuple(told.split()) if semicolon else shows


def subjects_of(ways: Iterable[str]) -> tuple[str, ...]:
    """Every fact that the ways speak of."""
    return tuple(dict.fromkeys(name for one in ways for part in _parted(one) for name in part))


def decide(ways: Iterable[str], specifier: SpecifierSet, machine: Machine) -> tuple[State, str]:
    """Whether a need is met in one of its ways, and by what, or why one cannot say."""
    answers = [_decide(*_parted(one), specifier, machine) for one in ways]
    return min(answers, key=lambda answer: _ORDER.index(answer[0]), default=("unknown", "no fact tells"))


def _decide(
    shows: tuple[str, ...], versions: tuple[str, ...], specifier: SpecifierSet, machine: Machine
) -> tuple[State, str]:
    facts = [(one, machine.fact(one)) for one in shows]
    known = [(one, fact) for one, fact in facts if isinstance(fact, Known)]
    if not known:
        doubts = [fact.why for one, fact in facts if isinstance(fact, Unknown) and one in machine.facts]
        signs = any(isinstance(f, Absent) and s.startswith(("header:", "pkg-config:")) for s, f in facts)
        if not signs:  # a machine file may be older than a table that names one sign more
            doubts += [fact.why for _, fact in facts if isinstance(fact, Unknown)]
        if doubts or not facts:
            return "unknown", next(iter(doubts), "no fact tells")
        return "missing", ""
    for one in versions:
        value = machine.value(one)
        version = _version(value) if value else None
        if version is not None:
            label = f"{one.partition(':')[2] or one} {value}"
            fits = specifier.contains(version, prereleases=True)
            return ("present" if fits else "too-old"), label
    one, fact = known[0]
    where = fact.how or one.partition(":")[2]
    return ("present" if not specifier else "unknown"), where


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
