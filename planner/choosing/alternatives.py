"""What could be taken instead of each source build, and whether the rest of the set can stay with it.

Joins pages, the judges of files and the check of a swap; must not choose: what is told here is the user's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.assess import Alternative, AlternativeKind, SourceBuild
from planner.choosing.others import Others
from planner.choosing.swaps import Checked, Swap, Swaps
from planner.choosing.trials import Trials
from planner.dists import Dist, Pin, Sdist, Wheel
from planner.knowledge.siblings import siblings
from planner.page import Page
from planner.resolve.asks import Ask
from planner.whynot import spans

__all__ = ["MOST_SEARCHED", "with_alternatives"]

MOST_SEARCHED = 8
"""Builds whose alternatives are tried by one more resolution each, where nothing simpler tells."""

_THREADS = 8
_ON_INDEX = frozenset({"WP101", "WP102", "WP103", "WP104", "WP105", "WP106", "WP107", "WP108", "WP109"})


def with_alternatives(
    builds: Sequence[SourceBuild],
    pins: Sequence[Pin],
    *,
    asks: Sequence[Ask],
    trials: Trials,
    older: Mapping[str, Version],
    others: Others | None = None,
) -> list[SourceBuild]:
    """The builds with what could be taken instead, each checked against the set; nothing for pure Python.

    `asks` are the root requirements that were resolved, `older` versions that can be built here where the
    pinned one cannot. `others` may be given where its judges serve other questions too.
    """
    finder = _Finder(builds, pins, asks, trials, others or Others(trials.machine, trials.fits))
    return finder.all(builds, older)


class _Finder:
    """The alternatives of one resolution's builds."""

    def __init__(
        self,
        builds: Sequence[SourceBuild],
        pins: Sequence[Pin],
        asks: Sequence[Ask],
        trials: Trials,
        others: Others,
    ) -> None:
        self._pins = {pin.project: pin for pin in pins}
        self._asks = asks
        self._trials = trials
        self._others = others
        self._names = [build.project for build in builds]
        self._swaps = Swaps(pins, asks, trials)
        self._searched: set[NormalizedName] = set()

    def all(self, builds: Sequence[SourceBuild], older: Mapping[str, Version]) -> list[SourceBuild]:
        """The builds in their order, with their alternatives."""
        told = [build for build in builds if build.native is not False and build.code in _ON_INDEX]
        swaps = {build.project: list(self._versions(build, older.get(build.project))) for build in told}
        self._fetch(swap for ways in swaps.values() for _, swap in ways)
        found = {}
        for build in told:
            page = self._trials.catalog.page(build.project)
            ways = [self._checked(kind, swap) for kind, swap in swaps[build.project]]
            found[build.project] = (*ways, *self._elsewhere(build, page))
        return [replace(build, alternatives=found.get(build.project, ())) for build in builds]

    def _fetch(self, swaps: Iterable[Swap]) -> None:
        """Ask for the metadata that the checks will want at once: each is a round trip."""
        wheels = [swap.dist for swap in swaps if isinstance(swap.dist, Wheel) and self._swaps.admitted(swap)]
        if wheels:
            with ThreadPoolExecutor(min(_THREADS, len(wheels)), "wheelplan-alternatives") as pool:
                list(pool.map(self._trials.catalog.metadata, wheels))

    # -- other files for this machine -----------------------------------------------------------------

    def _versions(
        self, build: SourceBuild, buildable: Version | None
    ) -> Iterator[tuple[AlternativeKind, Swap]]:
        """What else could be installed here: the nearest versions with a wheel, a sibling, an older build."""
        fits = self._trials.fits
        page = self._trials.catalog.page(build.project)
        pinned = build.version
        if pinned is None:
            return
        finals = [version for version in page.versions if not version.is_prerelease]
        older = fits.with_fitting_wheel(page, (v for v in finals if v < pinned))
        newer = fits.with_fitting_wheel(page, (v for v in reversed(finals) if v > pinned))
        yield from self._swap("older", build, page, older)
        yield from self._swap("newer", build, page, newer)
        sibling = siblings().get(build.project)
        if sibling is not None:
            other = self._trials.catalog.page(sibling.name)
            yield from self._swap("sibling", build, other, self._sibling_version(build, other))
        yield from self._swap("buildable", build, page, buildable)

    def _swap(
        self, kind: AlternativeKind, build: SourceBuild, page: Page, version: Version | None
    ) -> Iterator[tuple[AlternativeKind, Swap]]:
        dist = self._trials.fits.choose(page, version) if version is not None else None
        if dist is not None and isinstance(dist, Sdist if kind == "buildable" else Wheel):
            yield kind, Swap(instead_of=build.project, dist=dist)

    def _sibling_version(self, build: SourceBuild, page: Page) -> Version | None:
        """The sibling's version to take: what is pinned already, else what the project's lines admit."""
        fits, pinned = self._trials.fits, self._pins.get(page.project)
        if pinned is not None:
            return pinned.version if isinstance(pinned.dist, Wheel) else None
        finals = [version for version in page.versions if not version.is_prerelease]
        mine = [ask for ask in self._asks if ask.project == build.project]
        wanted = (v for v in finals if all(ask.admits(v) for ask in mine))
        return fits.with_fitting_wheel(page, wanted) or fits.with_fitting_wheel(page, finals)

    def _checked(self, kind: AlternativeKind, swap: Swap) -> Alternative:
        checked = self._swaps.directly(swap) or self._by_search(swap)
        return _alternative(kind, swap.dist, _text(kind, swap.dist), checked)

    def _by_search(self, swap: Swap) -> Checked:
        if swap.instead_of not in self._searched and len(self._searched) >= MOST_SEARCHED:
            return Checked(None, f"not tried: {MOST_SEARCHED} other builds were")
        self._searched.add(swap.instead_of)
        return self._swaps.by_search(swap, self._names)

    # -- the same version elsewhere -------------------------------------------------------------------

    def _elsewhere(self, build: SourceBuild, page: Page) -> Iterator[Alternative]:
        """The index, the Pythons, the libc and the platforms that have a wheel of what is pinned."""
        version = build.version
        if version is None:
            return
        if page.unasked:
            yield from self._shadowed(build, page)
        others, what = self._others, f"{build.project}=={version}"
        dist = self._pins[build.project].dist
        yanked = isinstance(dist, Sdist) and dist.row.yanked is not None

        def told(kind: AlternativeKind, text: str) -> Alternative:
            return Alternative(kind=kind, project=build.project, version=version, text=text)

        minors = others.pythons_for(page, version, yanked=yanked)
        if minors:
            yield told("python", f"{what} has wheels for {spans(minors)} on this system")
        libc = others.libc_for(page, version, yanked=yanked)
        if libc is not None:
            name, (major, minor) = libc
            here = others.machine.value(name)
            but = f"here {here}" if here else f"here musl {others.machine.value('musl')}"
            yield told("libc", f"{what} has a wheel for {name} {major}.{minor} and newer ({but})")
        platforms = others.platforms_for(page, version, yanked=yanked)
        if platforms:
            yield told("platform", f"{what} has wheels for {_joined(platforms)}")

    def _shadowed(self, build: SourceBuild, page: Page) -> Iterator[Alternative]:
        """A wheel on an index that was not asked, as an earlier one has the project."""
        there = self._trials.catalog.shadowed(build.project)
        fits = self._trials.fits
        fitting = [
            (version.public != (build.version or version).public, dist)
            for version in there.versions
            for dist in there.files(version)
            if isinstance(dist, Wheel) and not version.is_prerelease and fits.misfit(dist) is None
        ]
        if not fitting:
            return
        dist = min(fitting, key=lambda one: one[0])[1]  # the pinned version, else the newest
        served = next((answer.index for answer in page.answers if answer.state == "found"), "another")
        text = f"{dist.project}=={dist.version} has a wheel on {dist.index}, which is not asked for it: "
        text += f"{served} comes first (`--index-strategy unsafe-best-match` joins them)"
        unknown = Checked(None, "not tried: a search does not ask that index")
        checked = self._swaps.directly(Swap(instead_of=build.project, dist=dist)) or unknown
        yield _alternative("index", dist, text, checked)


def _alternative(kind: AlternativeKind, dist: Dist, text: str, checked: Checked) -> Alternative:
    return Alternative(
        kind=kind,
        project=dist.project,
        version=dist.version,
        text=text,
        checked=checked.holds,
        why=checked.why,
        line=checked.line,
    )


def _text(kind: AlternativeKind, dist: Dist) -> str:
    """What the alternative is, without whether it holds."""
    what = f"{dist.project}=={dist.version}"
    if kind == "buildable":
        return f"{what} can be built here (the newest version whose needs can be met)"
    if kind == "sibling":
        caution = next((one.caution for one in siblings().values() if one.name == dist.project), "")
        return f"{what} has a wheel for this machine (another project{f'; {caution}' if caution else ''})"
    near = "newest older" if kind == "older" else "next newer"
    return f"{what} has a wheel for this machine ({near} version)"


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
