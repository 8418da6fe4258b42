"""What a source build would lack on a machine, asked of many candidates; resolves and words nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal, TypeAlias

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.building.environments import declared
from planner.building.older import series
from planner.building.readiness import Look
from planner.dists import Sdist, SdistReading, parse_requirement
from planner.facts import Fact, Machine
from planner.fits import Fits
from planner.knowledge.projects import needs_of
from planner.page import Catalog
from planner.prerequisites.joining import subjects_to_look_for
from planner.prerequisites.states import packages_to_ask, prerequisites

__all__ = ["Lack", "Lacks"]

SERIES_READ = 4
"""Sdists read in search of an older version that lacks less."""

Lack: TypeAlias = Literal["nothing", "missing", "hopeless"]
"""`missing`: something that could be installed; `hopeless`: something that nothing here can supply."""
_RANKS: tuple[Lack, ...] = ("nothing", "missing", "hopeless")


@dataclass(slots=True, kw_only=True)
class Lacks:
    """Judges sdists one by one; what the machine was asked stays known."""

    machine: Machine
    look: Look
    catalog: Catalog
    fits: Fits
    _known: dict[tuple[NormalizedName, Version], Lack] = field(default_factory=dict)

    def of(self, sdist: Sdist) -> Lack:
        """What building it would lack, as far as its files and what is known of the project tell."""
        key = (sdist.project, sdist.version)
        if key not in self._known:
            reading = self.catalog.sdist(sdist, self.machine.markers)
            self._known[key] = self._judge(sdist, reading) if isinstance(reading, SdistReading) else "missing"
        return self._known[key]

    def readier(self, sdist: Sdist) -> Version | None:
        """The newest older version that lacks less, of a few minor series; None where none of them does."""
        rank = _RANKS.index(self.of(sdist))
        page = self.catalog.page(sdist.project)
        for older in islice(series(page, sdist.version, self.fits), SERIES_READ):
            if _RANKS.index(self.of(older)) < rank:
                return older.version
        return None

    def _judge(self, sdist: Sdist, reading: SdistReading) -> Lack:
        inspected = reading.inspection.needs if reading.inspection is not None else ()
        requires = (*declared(reading.backend, reading.build_requires), *reading.setup_requires)
        parsed = (parse_requirement(text) for text in requires)
        brought = {f"program:{canonicalize_name(one.name)}" for one in parsed if one is not None}
        needs = [
            need
            for need in needs_of(sdist.project, sdist.version, inspected)
            if need.subject not in brought and need.strength == "required" and need.role != "run"
        ]
        missing = [name for name in subjects_to_look_for(needs) if name not in self.machine.facts]
        if missing:
            self._learn(self.look(missing, ()))
        found = prerequisites(sdist.project, needs, self.machine)
        packages = packages_to_ask(found, self.machine)
        if packages:
            self._learn(self.look((), packages))
            found = prerequisites(sdist.project, needs, self.machine)
        lacking = [one for one in found if one.listed and one.state in ("missing", "too-old")]
        if any(one.unmet for one in lacking):
            return "hopeless"
        return "missing" if lacking else "nothing"

    def _learn(self, facts: Mapping[str, Fact]) -> None:
        self.machine = replace(self.machine, facts={**self.machine.facts, **facts})
