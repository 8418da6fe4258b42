"""The search for the freshest resolution that installs: attempts under bounds, kept where they are better.

Knows what makes a resolution better (`Burden`) and which bounds force a better one; must not word anything.

Each attempt asks the resolver for something that is better by construction: without one of the native
builds, or with one root requirement fresher while no other becomes as stale. Where the resolver finds
nothing, there is nothing; so that what is left in the end was proven, not guessed.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.choosing.ages import MONTH, Ages
from planner.choosing.coupled import Among, Beside, broken, kept_together
from planner.choosing.trials import Trials
from planner.choosing.values import Burden
from planner.dists import Pin, Sdist
from planner.resolve.asks import Ask, Resolution
from planner.resolve.steer import Steer

__all__ = ["Chooser", "Found", "Lacking"]


class Lacking(Protocol):
    """Judges what native builds would lack on the machine."""

    def of(self, sdist: Sdist) -> str:
        """`nothing`, `missing`, or `hopeless` (nothing can supply it)."""

    def readier(self, sdist: Sdist) -> Version | None:
        """The newest older version that lacks less, if one is near."""


LACKS = ("nothing", "missing", "hopeless")
"""What `Lacking.of` answers, the worst last."""

NOTICEABLE = 1.0
"""Months; a root requirement that is less behind is not worth an attempt."""

BUILDS_READIED = 6
"""Of so many native builds that lack something, an older version that lacks less is looked for."""

STALE_ROOTS = 12
"""Of so many root requirements, the stalest first, a fresher version is looked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """A resolution with its burden."""

    resolution: Resolution
    burden: Burden


@dataclass(frozen=True, slots=True)
class _Tolerable:
    """The versions of a project that have been outdated for at most so many months."""

    ages: Ages
    project: NormalizedName
    months: float

    def __contains__(self, version: object) -> bool:
        return isinstance(version, Version) and self.ages.outdated(self.project, version) <= self.months


@dataclass(frozen=True, slots=True)
class _Span:
    """The versions of a project that are at most (or less than) so many months behind its newest one."""

    ages: Ages
    project: NormalizedName
    months: float
    less: bool = False

    def __contains__(self, version: object) -> bool:
        if not isinstance(version, Version):
            return False
        behind = self.ages.months(self.project, version)
        return behind < self.months if self.less else behind <= self.months


class Chooser:
    """Betters a resolution of `asks`. `lacking` judges what a native build would lack on the machine.

    `kept` are versions of an earlier plan, which were tried first; `installed` are those of the target, which
    every attempt tries first.
    """

    def __init__(
        self,
        trials: Trials,
        asks: Sequence[Ask],
        lacking: Lacking,
        kept: Mapping[NormalizedName, Version] = MappingProxyType({}),
        installed: Mapping[NormalizedName, Version] = MappingProxyType({}),
    ) -> None:
        self.kept = kept
        self.installed = installed
        self.trials = trials
        self.asks = asks
        self._lacking = lacking
        self.ages = Ages(asks, trials.roots.constraints, trials.catalog.page, trials.fits)
        fixed = trials.roots.fixed
        self.roots = tuple(sorted({ask.project for ask in asks if ask.project not in fixed}))
        policy = trials.fits.policy
        self.tolerated = policy.max_held_back.total_seconds() / 86_400 / MONTH
        self.steer = Steer(wheels=True, max_held_back=policy.max_held_back, keep=installed)

    # -- how good a resolution is ---------------------------------------------------------------------

    def natives(self, resolution: Resolution) -> tuple[Pin, ...]:
        """The pins that would be compiled here, but for the user's own and those that he accepts."""
        compiles = self.trials.natives.compiles
        return tuple(pin for pin, dist in self._built(resolution) if compiles(dist))

    def _built(self, resolution: Resolution) -> Iterator[tuple[Pin, Sdist]]:
        """All pins that would be compiled here, the user's own trees and addresses aside."""
        for pin in resolution.pins:
            dist = pin.dist
            if not pin.direct and isinstance(dist, Sdist) and self.trials.natives.native(dist):
                yield pin, dist

    def burden(self, resolution: Resolution, *, lacks: bool = True) -> Burden:
        """How much a resolution asks of its user; without `lacks`, sdists are not read for it."""
        natives = self.natives(resolution)
        lacking = [self._lacking.of(dist) for _, dist in self._built(resolution)] if lacks else []
        months = self.months(resolution)
        ages = [months[project] for project in self.roots if project in months]
        others = (
            self.ages.months(pin.project, pin.version)
            for pin in resolution.pins
            if pin.version is not None and not pin.direct and pin.project not in months
        )
        return Burden(
            hopeless=lacking.count("hopeless") + sum(1 for _ in broken(resolution)),
            unready=sum(lack != "nothing" for lack in lacking),
            native=len(natives),
            overdue=tuple(sorted((age for age in ages if age > self.tolerated), reverse=True)),
            worst=max(ages, default=0.0),
            total=round(sum(ages), 1),
            behind=round(sum(ages) + sum(others), 1),
        )

    def months(self, resolution: Resolution) -> Mapping[NormalizedName, float]:
        """How far each root requirement is behind the newest version that it admits."""
        versions = {pin.project: pin.version for pin in resolution.pins}
        return {
            project: 0.0 if version == self.installed.get(project) else self.ages.months(project, version)
            for project in self.roots
            if (version := versions.get(project)) is not None
        }

    def lacks_more(self, newer: Sdist, pinned: Sdist) -> str:
        """What building the newer lacks (`missing`, `hopeless`) where the pinned lacks less, else ""."""
        more = self._lacking.of(newer)
        return more if LACKS.index(more) > LACKS.index(self._lacking.of(pinned)) else ""

    # -- bettering one --------------------------------------------------------------------------------

    def better(self, resolution: Resolution) -> Found:
        """The best that the attempts find, starting from a resolution."""
        best = Found(resolution, self.burden(resolution))
        best = self._without_builds(best)
        best = self._readier(best)
        best = self._together(best)
        return self._fresher(best)

    def attempt(self, best: Found, steer: Steer) -> Found:
        """One attempt; `best` again where it finds nothing better."""
        steer = replace(steer, within=kept_together(best.resolution, steer.within))
        outcome = self.trials.attempt(self.asks, steer)
        if isinstance(outcome, Resolution):
            found = Found(outcome, self.burden(outcome))
            if found.burden < best.burden:
                return found
        return best

    def _without_builds(self, best: Found) -> Found:
        """Without one native build after the other, where something else can be taken in its place."""
        tried: set[NormalizedName] = set()
        while True:
            natives = {pin.project for pin in self.natives(best.resolution)}
            project = next((name for name in sorted(natives - tried) if self._avoidable(name)), None)
            if project is None:
                return best
            tried.add(project)
            within = self._kept_fresh(best.resolution)
            within[project] = _Tolerable(self.ages, project, self.tolerated)
            best = self.attempt(
                best,
                replace(self.steer, first=(project,), builds=frozenset(natives - {project}), within=within),
            )

    def _avoidable(self, project: NormalizedName) -> bool:
        """Whether an attempt without its native build can succeed at all."""
        if project not in self.roots:
            return True
        page = self.trials.catalog.page(project)
        span = _Tolerable(self.ages, project, self.tolerated)
        dists = (self.trials.fits.choose(page, v) for v in self.ages.admitted(project) if v in span)
        return any(dist is not None and not self.trials.natives.compiles(dist) for dist in dists)

    def _readier(self, best: Found) -> Found:
        """With an older version of what cannot be built here as it is, where one can."""
        if not best.burden.unready:
            return best
        for pin, dist in [*self._built(best.resolution)][:BUILDS_READIED]:
            if self._lacking.of(dist) == "nothing":
                continue
            if pin.project in self.roots and self.ages.admitted(pin.project)[1:] == ():
                continue
            version = self._lacking.readier(dist)
            if version is None or version not in _Tolerable(self.ages, pin.project, self.tolerated):
                continue
            within = {**self._kept_fresh(best.resolution), pin.project: frozenset({version})}
            builds = frozenset(one.project for one in self.natives(best.resolution))
            best = self.attempt(best, replace(self.steer, first=(pin.project,), builds=builds, within=within))
        return best

    def _together(self, best: Found) -> Found:
        """With other versions of what cannot be built or run beside each other, of either of the two."""
        tried: set[tuple[NormalizedName, NormalizedName]] = set()
        while True:
            apart = ((p, row) for p, row in broken(best.resolution) if (p.project, row.other) not in tried)
            pin, row = next(apart, (None, None))
            if pin is None or row is None:
                return best
            tried.add((pin.project, row.other))
            version = next(one.version for one in best.resolution.pins if one.project == row.other)
            builds = frozenset(one.project for one in self.natives(best.resolution))
            bounds: list[tuple[NormalizedName, Container[Version]]] = [(row.other, Among(row.specifier))]
            if version is not None:
                bounds.append((pin.project, Beside(pin.project, row.other, version)))
            found = [
                self.attempt(
                    best,
                    replace(
                        self.steer,
                        first=(project,),
                        builds=builds,
                        within={**self._kept_fresh(best.resolution), project: bound},
                    ),
                )
                for project, bound in bounds
            ]
            best = min(found, key=lambda one: one.burden)

    def _kept_fresh(self, resolution: Resolution) -> dict[NormalizedName, Container[Version]]:
        """Bounds that keep every root requirement as fresh as the user tolerates, or as it is."""
        return {
            root: _Span(self.ages, root, max(age, self.tolerated))
            for root, age in self.months(resolution).items()
        }

    def _fresher(self, best: Found) -> Found:
        """Fresher root requirements, the stalest first, while no other becomes as stale."""
        tried: set[tuple[NormalizedName, float]] = set()
        while len(tried) < STALE_ROOTS:
            months = self.months(best.resolution)
            stale = [(p, age) for p, age in months.items() if age >= NOTICEABLE and (p, age) not in tried]
            if not stale:
                return best
            project, age = max(stale, key=lambda one: one[1])  # of equals, the first by name
            tried.add((project, age))
            natives = frozenset(pin.project for pin in self.natives(best.resolution))
            within: dict[NormalizedName, Container[Version]] = {
                other: _Span(self.ages, other, behind)
                if behind >= age
                else _Span(self.ages, other, age, less=True)
                for other, behind in months.items()
            }
            within[project] = _Span(self.ages, project, age, less=True)
            best = self.attempt(best, replace(self.steer, first=(project,), builds=natives, within=within))
        return best
