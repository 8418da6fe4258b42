"""How far pins are behind the newest version that could have been taken; knows upload times, no wish for any.

A version is as old as its first file. Where an index tells no upload times (PEP 700), nothing is behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.fits import Fits, upload_moment
from planner.page import Page
from planner.resolve.admission import admitted
from planner.resolve.asks import Ask
from planner.resolve.steer import uploaded

__all__ = ["MONTH", "Ages", "in_words", "span_in_words"]

MONTH = 30.44
"""Days of a month, on average."""


def in_words(months: float) -> str:
    """How long that is, for a reader of any output.

    >>> in_words(1.2), in_words(23.6), in_words(31.0)
    ('1 month', '24 months', '2.6 years')
    """
    if months >= 24:
        return f"{months / 12:.1f} years"
    return f"{round(months)} month{'' if round(months) == 1 else 's'}"


def span_in_words(days: int) -> str:
    """A span that the user set.

    >>> span_in_words(730), span_in_words(365), span_in_words(90)
    ('2 years', '365 days', '90 days')
    """
    if days % 365 == 0 and days > 365:
        return f"{days // 365} years"
    return f"{days} day{'' if days == 1 else 's'}"


class Ages:
    """The newest version that each project's own requirements admit, and how far behind it another one is."""

    def __init__(
        self,
        asks: Sequence[Ask],
        constraints: Mapping[NormalizedName, Sequence[Ask]],
        page: Callable[[NormalizedName], Page],
        fits: Fits,
    ) -> None:
        self._page = page
        self._fits = fits
        self._own: dict[NormalizedName, list[Ask]] = {}
        for ask in asks:
            self._own.setdefault(ask.project, []).append(ask)
        for project, said in constraints.items():
            self._own.setdefault(project, []).extend(said)
        self._newest: dict[NormalizedName, Version | None] = {}
        self._moments: dict[tuple[NormalizedName, Version], datetime | None] = {}

    def admitted(self, project: NormalizedName) -> tuple[Version, ...]:
        """The versions that the user's own words admit and that have a file for the machine, newest first."""
        asks = self._own.get(project, ())
        joined = SpecifierSet()
        for ask in asks:
            joined &= ask.specifier
        page = self._page(project)
        mode = self._fits.policy.prereleases_for(project)
        explicit = any(ask.specifier.prereleases for ask in asks)
        finals, others = admitted(joined, page.versions, mode, explicit=explicit)
        yanked = any(ask.span.exact for ask in asks)
        return tuple(
            v
            for v in (*sorted(finals, reverse=True), *sorted(others, reverse=True))
            if self._fits.choose(page, v, yanked=yanked) is not None
        )

    def newest(self, project: NormalizedName) -> Version | None:
        """The newest of these; None when there is none."""
        if project not in self._newest:
            self._newest[project] = next(iter(self._first_admitted(project)), None)
        return self._newest[project]

    def _first_admitted(self, project: NormalizedName) -> Iterable[Version]:
        if project in self._own:
            return self.admitted(project)
        page = self._page(project)  # what nobody of the user's speaks of: no need to judge all its versions
        finals = (v for v in page.versions if not v.is_prerelease)
        return (v for v in finals if self._fits.choose(page, v) is not None)

    def moment(self, project: NormalizedName, version: Version) -> datetime | None:
        """When a version appeared, if its index tells."""
        key = (project, version)
        if key not in self._moments:
            self._moments[key] = upload_moment(uploaded(self._page(project), version))
        return self._moments[key]

    def outdated(self, project: NormalizedName, version: Version) -> float:
        """For how many months before the newest version the first newer one was out; 0.0 for the newest."""
        newest = self.newest(project)
        versions = self._page(project).versions  # newest first
        newer = [v for v in versions if v > version and not v.is_prerelease]
        if newest is None or not newer or version >= newest:
            return 0.0
        return self._between(project, newer[-1], newest)

    def months(self, project: NormalizedName, version: Version) -> float:
        """How many months a version is behind the newest one; 0.0 for that one and for newer ones."""
        newest = self.newest(project)
        if newest is None or version >= newest:
            return 0.0
        return self._between(project, version, newest)

    def _between(self, project: NormalizedName, version: Version, newest: Version) -> float:
        there, here = self.moment(project, newest), self.moment(project, version)
        if there is None or here is None:
            return 0.0
        return round(max(0.0, (there - here).total_seconds() / 86_400 / MONTH), 1)
