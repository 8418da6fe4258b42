"""An older version of a project whose build needs a machine can meet, where it cannot meet the newest's.

Joins pages, readings and prerequisites; must not resolve, and reads a few sdists at most.
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from planner.building.readiness import Readiness
from planner.dists import Sdist, SdistReading
from planner.facts import Machine
from planner.fits import Fits
from planner.knowledge.projects import needs_of
from planner.page import Catalog, Page
from planner.prerequisites.states import prerequisites

__all__ = ["buildable_version", "series"]

MOST_READ = 8
"""Sdists read in search of it: one of each minor series, newest first."""


def buildable_version(
    ready: Readiness, version: Version, *, machine: Machine, catalog: Catalog, fits: Fits
) -> Version | None:
    """The newest older version that this machine can build, once its packages are installed; None if unknown.

    Asked only where the package manager cannot supply what the pinned version needs.
    """
    page = catalog.page(ready.project)
    for sdist in series(page, version, fits):
        reading = catalog.sdist(sdist, machine.markers)
        if not isinstance(reading, SdistReading) or reading.refuses:
            continue
        if reading.inspection is None:
            return sdist.version
        needs = needs_of(ready.project, sdist.version, reading.inspection.needs)
        own = prerequisites(ready.project, needs, machine)
        if not any(one.unmet for one in own if one.listed and one.strength == "required"):
            return sdist.version
    return None


def series(page: Page, version: Version, fits: Fits) -> Iterator[Sdist]:
    """The newest usable sdist of each older minor series, newest first."""
    seen: set[tuple[int, ...]] = {version.release[:2]}
    older = sorted((v for v in page.versions if v < version and not v.is_prerelease), reverse=True)
    for one in older:
        if one.release[:2] in seen:
            continue
        dist = fits.choose(page, one, yanked=False)
        found = dist if isinstance(dist, Sdist) else None
        if found is not None:
            seen.add(one.release[:2])
            yield found
        if len(seen) > MOST_READ:
            return
