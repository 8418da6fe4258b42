"""Pins that cannot be built or run beside each other, by the table of couplings; resolves nothing."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Pin, Wheel
from planner.knowledge.couplings import Coupling, couplings_of
from planner.resolve.asks import Resolution

__all__ = ["Among", "Beside", "broken", "couplings", "kept_together"]


@dataclass(frozen=True, slots=True)
class Both:
    """The versions that two containers hold."""

    one: Container[Version]
    other: Container[Version]

    def __contains__(self, version: object) -> bool:
        return version in self.one and version in self.other


@dataclass(frozen=True, slots=True)
class Beside:
    """The versions of a project that a version of another one can stand beside."""

    project: NormalizedName
    other: NormalizedName
    version: Version

    def __contains__(self, version: object) -> bool:
        rows = couplings_of(self.project, version) if isinstance(version, Version) else ()
        return isinstance(version, Version) and all(
            self.version in Among(row.specifier) for row in rows if row.other == self.other
        )


@dataclass(frozen=True, slots=True)
class Among:
    """The versions that a specifier admits, as a container."""

    specifier: SpecifierSet

    def __contains__(self, version: object) -> bool:
        return isinstance(version, Version) and self.specifier.contains(version, prereleases=True)


def couplings(pin: Pin) -> tuple[Coupling, ...]:
    """The couplings of a pin: those of its build only where it is built."""
    if pin.version is None:
        return ()
    wheel = isinstance(pin.dist, Wheel)
    return tuple(row for row in couplings_of(pin.project, pin.version) if row.of == "run" or not wheel)


def kept_together(
    resolution: Resolution, within: Mapping[NormalizedName, Container[Version]]
) -> dict[NormalizedName, Container[Version]]:
    """The bounds, and those that keep every coupling that holds now."""
    bounds = dict(within)
    broken_now = {(pin.project, row.other) for pin, row in broken(resolution)}
    for pin in resolution.pins:
        for row in couplings(pin):
            if (pin.project, row.other) not in broken_now:
                among = Among(row.specifier)
                bounds[row.other] = Both(bounds[row.other], among) if row.other in bounds else among
    return bounds


def broken(resolution: Resolution) -> Iterator[tuple[Pin, Coupling]]:
    """The pins whose couplings the others break."""
    versions = {pin.project: pin.version for pin in resolution.pins}
    for pin in resolution.pins:
        for row in couplings(pin):
            version = versions.get(row.other)
            if version is not None and version not in Among(row.specifier):
                yield pin, row
