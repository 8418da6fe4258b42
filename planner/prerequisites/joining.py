"""The needs of one build, joined by what they are needs of: one need a library, tool or compiler.

Knows which evidence prevails and which packages come along; must not look at a machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from packaging.specifiers import SpecifierSet

from planner.knowledge.debian import Release
from planner.knowledge.things import Thing, thing_of, things
from planner.needs import FEATURE_LEFT_OUT, Evidence, Need, Strength

__all__ = ["MAX_EVIDENCE", "STRONGEST", "joined", "shared_of", "subjects_to_look_for"]

MAX_EVIDENCE = 4
STRONGEST: tuple[Strength, ...] = ("required", "fallback", "optional", "hint")
_SOURCES = (
    *(".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx", ".inc", ".i", ".m", ".mm"),
    *(".cu", ".cuh", ".pyx", ".pxd", ".pxi", ".f", ".f90", ".for"),
)


def _from_source(need: Need) -> bool:
    """Whether only compiled sources speak of it, not the build's own configuration."""
    return bool(need.because) and all(
        evidence.where.rpartition(":")[0].lower().endswith(_SOURCES) for evidence in need.because
    )


@lru_cache(maxsize=1)
def _by_package() -> Mapping[str, str]:
    """The ids of things by the first package of Debian that supplies them."""
    found: dict[str, str] = {}
    for thing in things().values():
        for name in thing.packages.get("apt", ())[:1]:
            found.setdefault(name, thing.id)
    return MappingProxyType(found)


def _id_of(subject: str, debian: Release | None) -> str:
    """The PEP 725 id that a subject stands for; itself where no table knows it."""
    thing = thing_of(subject)
    if thing is not None:
        return thing.id
    if debian is not None and not subject.startswith(("dep:", "network:", "dist:")):
        found = debian.package_of(subject)
        if found:
            return _by_package().get(found[0], f"dep:deb/debian/{found[0]}")
    return subject


def _supplied(group: Sequence[Need], packages: frozenset[str], debian: Release | None) -> bool:
    """Whether headers that only sources ask for come with packages that are needed anyway.

    Several packages have a `fuse_lowlevel.h`; the build's own configuration says which one is meant.
    """
    if debian is None or not all(_from_source(need) and need.subject.startswith("header:") for need in group):
        return False
    return all(packages & set(debian.package_of(need.subject)) for need in group)


def joined(needs: Iterable[Need], debian: Release | None) -> tuple[tuple[str, Need], ...]:
    """Needs of one build joined by what they are needs of: (id, need), in the order of first mention.

    What the build's configuration says prevails over what a source file includes. Hints count where two
    kinds of files agree.
    """
    groups: dict[tuple[str, bool], list[Need]] = {}
    for need in needs:
        if not need.subject.startswith(("network:", "dist:")):
            groups.setdefault((_id_of(need.subject, debian), need.role == "run"), []).append(need)
    chosen = {key: one for key, group in groups.items() if (one := _one_of(group)) is not None}
    stated = {key: one for key, one in chosen.items() if not _from_source(one)}
    packages = {name for one in stated.values() if one.strength == "required" for name in _apt(one, debian)}
    if debian is not None:
        packages |= {other for name in packages for other in debian.brings(name)}
    anyway = frozenset(packages)
    return tuple(
        (key[0], one)
        for key, one in chosen.items()
        if key in stated or not _supplied(groups[key], anyway, debian)
    )


def _apt(need: Need, debian: Release | None) -> tuple[str, ...]:
    """The packages of Debian that supply a need."""
    thing = thing_of(need.subject)
    told = thing.packages.get("apt", ()) if thing is not None else ()
    return told or (debian.package_of(need.subject)[:1] if debian is not None else ())


def _kind(evidence: Evidence) -> str:
    """Which kind of file speaks: all compiled sources are one kind."""
    name = evidence.where.rpartition(":")[0] or evidence.where
    return "sources" if name.lower().endswith(_SOURCES) else name


def _one_of(group: Sequence[Need]) -> Need | None:
    stated = [need for need in group if need.strength != "hint" and not _from_source(need)]
    seen = [need for need in group if need.strength != "hint"]
    hints = {_kind(evidence) for need in group for evidence in need.because}
    chosen = stated or seen or (list(group) if len(hints) > 1 else [])
    if not chosen:
        return None
    first = min(chosen, key=lambda need: STRONGEST.index(need.strength))
    included = next((need for need in seen if need.strength == "required"), None)
    asked = all(need.subject.startswith(("pkg-config:", "program:")) for need in stated)
    if first.effect == FEATURE_LEFT_OUT and included is not None and asked:
        # pkg-config is one way to find it, and can be done without; what is compiled includes it in any case.
        first = included
    floors = SpecifierSet()
    peers = [need for need in group if need.strength in (first.strength, "required")]
    for need in peers:
        floors &= need.specifier
    evidence = tuple(dict.fromkeys(one for need in (first, *group) for one in need.because))
    instead = tuple(dict.fromkeys(other for need in peers for other in need.instead))
    strength = "required" if first.strength == "hint" else first.strength
    return replace(
        first, specifier=floors, because=evidence[:MAX_EVIDENCE], instead=instead, strength=strength
    )


def shared_of(thing: Thing) -> tuple[str, ...]:
    """What shows that a library can be opened when something runs, or a program be called."""
    libraries = (one.partition(":")[2] for one in sorted(thing.subjects) if one.startswith("library:"))
    programs = (one for one in sorted(thing.subjects) if one.startswith("program:"))
    return (*(f"shared:{name}" for name in libraries), *(programs if not thing.runtime else ()))


def subjects_to_look_for(needs: Iterable[Need]) -> tuple[str, ...]:
    """Every subject whose fact decides one of the needs: what a machine has to be asked."""
    wanted: dict[str, None] = {}
    for need in needs:
        for subject in (need.subject, *need.instead):
            thing = thing_of(subject)
            shown = shared_of(thing) if need.role == "run" and thing else thing.shows if thing else ()
            for one in (subject, *shown, *(thing.versions if thing else ())):
                if not one.startswith(("dep:", "cmake:", "crate:", "network:", "dist:")):
                    wanted[one] = None
    return tuple(sorted(wanted))
