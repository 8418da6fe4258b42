"""The prerequisites of several builds as one list, with the fewest packages that supply all of it.

Knows what a package brings along; must not look at needs or facts again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from packaging.specifiers import SpecifierSet

from planner.facts import Machine
from planner.knowledge.debian import release
from planner.prerequisites.joining import MAX_EVIDENCE, STRONGEST
from planner.prerequisites.states import Prerequisite, State, debian_of

__all__ = ["merged"]

_WORST: tuple[State, ...] = ("too-old", "missing", "unknown", "present")


def merged(found: Iterable[Prerequisite], machine: Machine) -> tuple[Prerequisite, ...]:
    """The prerequisites of all builds as one list, each thing once, with the fewest packages to install."""
    groups: dict[tuple[str, bool], list[Prerequisite]] = {}
    for one in found:
        groups.setdefault((one.need, one.role == "run"), []).append(one)
    joined_up = [_together(group) for _, group in sorted(groups.items())]
    return tuple(_fewest(joined_up, machine))


def _together(group: Sequence[Prerequisite]) -> Prerequisite:
    """Several builds' needs of one thing: the worst state, every floor, everybody who asks."""
    worst = min(group, key=lambda one: (not one.listed, _WORST.index(one.state)))
    floors = SpecifierSet()
    for one in group:
        floors &= one.specifier
    return replace(
        worst,
        specifier=floors,
        strength=min((one.strength for one in group), key=STRONGEST.index),
        needed_by=tuple(sorted({name for one in group for name in one.needed_by})),
        because=tuple(dict.fromkeys(ev for one in group for ev in one.because))[:MAX_EVIDENCE],
        unmet=next((one.unmet for one in group if one.unmet), ""),
        install=tuple(dict.fromkeys(name for one in group for name in one.install)),
    )


def _fewest(found: Sequence[Prerequisite], machine: Machine) -> Iterator[Prerequisite]:
    """Without what another package brings along: `libxslt1-dev` brings `libxml2-dev`, `g++` brings `gcc`.

    What is to be installed may only count on what is installed with it, not on what is here already.
    """
    listed = _brought({name for one in found if one.listed for name in one.packages.get("apt", ())}, machine)
    # Debian's table says nothing of what other managers' packages bring, even where the names are the same.
    wanted = {name for one in found for name in one.install}
    brought = _brought(wanted, machine) if machine.value("package-manager") == "apt" else {}
    for one in found:
        own = tuple(name for name in one.packages.get("apt", ()) if name not in listed)
        by = next((listed[name] for name in one.packages.get("apt", ()) if name in listed), "")
        yield replace(
            one,
            packages={**one.packages, **({"apt": own} if "apt" in one.packages else {})},
            install=tuple(name for name in one.install if name not in brought),
            brought_by=by if not own else "",
        )


def _brought(names: set[str], machine: Machine) -> dict[str, str]:
    """Of these packages, those that another one brings, with that one; of two that bring each other, one."""
    brought: dict[str, str] = {}
    for name in sorted(names):
        for other in sorted(names):
            if other != name and other not in brought and name in _brings(other, machine):
                brought[name] = other
                break
    return brought


def _brings(package: str, machine: Machine) -> frozenset[str]:
    """What a package's own dependencies bring. For an unknown release: what all known ones agree on."""
    debian = debian_of(machine)
    if debian is not None:
        return debian.brings(package)
    known = [one for one in (release("debian", "12"), release("debian", "13")) if one is not None]
    return frozenset.intersection(*(one.brings(package) for one in known)) if known else frozenset()
