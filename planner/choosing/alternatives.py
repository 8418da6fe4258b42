"""What could be taken instead of each source build, and whether the rest of the set can stay with it.

Joins pages, the judges of files and the check of a swap; must not choose: what is told here is the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.assess import Alternative, AlternativeKind, SourceBuild
from planner.choosing.others import Others
from planner.choosing.swaps import Checked, Swap, Swaps
from planner.choosing.trials import Trials
from planner.cuda.elsewhere import Elsewhere, wheels_elsewhere
from planner.cuda.other_indexes import indexes_elsewhere
from planner.cuda.runtime import cuda_view
from planner.cuda.values import CudaView
from planner.dists import Dist, Pin, Sdist, Wheel
from planner.knowledge.places import places_of
from planner.knowledge.siblings import Sibling, sibling_of
from planner.page import Page
from planner.resolve.asks import Ask
from planner.whynot import spans

__all__ = ["MOST_ASKED", "MOST_SEARCHED", "with_alternatives"]

MOST_SEARCHED = 8
"""Builds whose alternatives are tried by one more resolution each, where nothing simpler tells."""

MOST_ASKED = 4
"""Files outside the indexes that a server is asked for, in one run."""

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
    exists: Callable[[str], bool | None] = lambda _: None,
) -> list[SourceBuild]:
    """The builds with what could be taken instead, each checked against the set; nothing for pure Python.

    `asks` are the root requirements that were resolved, `older` versions that can be built here where the
    pinned one cannot. `others` may be given where its judges serve other questions too. `exists` says whether
    a file outside the indexes is there, None where nobody could be asked.
    """
    others = others or Others(trials.machine, trials.fits)
    finder = _Finder(builds, pins, asks, trials, others=others, exists=exists)
    return finder.all(builds, older)


class _Finder:
    """The alternatives of one resolution's builds."""

    def __init__(
        self,
        builds: Sequence[SourceBuild],
        pins: Sequence[Pin],
        asks: Sequence[Ask],
        trials: Trials,
        *,
        others: Others,
        exists: Callable[[str], bool | None],
    ) -> None:
        self._pins = {pin.project: pin for pin in pins}
        self._asks = asks
        self._trials = trials
        self._others = others
        self._names = [build.project for build in builds]
        self._swaps = Swaps(pins, asks, trials)
        self._searched: set[NormalizedName] = set()
        self._exists = exists
        self._questions = MOST_ASKED

    @cached_property
    def _cuda(self) -> CudaView:
        return cuda_view(list(self._pins.values()), self._trials.machine)

    def all(self, builds: Sequence[SourceBuild], older: Mapping[str, Version]) -> list[SourceBuild]:
        """The builds in their order, with their alternatives."""
        told = [build for build in builds if build.native is not False and build.code in _ON_INDEX]
        swaps = {build.project: list(self._versions(build, older.get(build.project))) for build in told}
        self._fetch(swap for ways in swaps.values() for _, swap in ways)
        found = {}
        for build in told:
            page = self._trials.catalog.page(build.project)
            ways = [self._checked(kind, swap) for kind, swap in swaps[build.project]]
            found[build.project] = (*ways, *self._placed(build), *self._elsewhere(build, page))
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
        sibling = self._sibling(build.project)
        if sibling is not None:
            other = self._trials.catalog.page(sibling.name)
            yield from self._swap("sibling", build, other, self._sibling_version(build, other))
        yield from self._swap("buildable", build, page, buildable)

    def _sibling(self, project: NormalizedName) -> Sibling | None:
        use = self._cuda.torch_use
        majors = self._cuda.majors
        cuda = (use.major if use is not None else "") or (majors[-1] if majors else "")
        return sibling_of(project, self._trials.machine, cuda=cuda)

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
        sibling = self._sibling(swap.instead_of) if kind == "sibling" else None
        return _alternative(kind, swap.dist, _text(kind, swap.dist, sibling), checked)

    def _by_search(self, swap: Swap) -> Checked:
        if swap.instead_of not in self._searched and len(self._searched) >= MOST_SEARCHED:
            return Checked(None, f"not tried: {MOST_SEARCHED} other builds were")
        self._searched.add(swap.instead_of)
        return self._swaps.by_search(swap, self._names)

    # -- places outside the indexes of the run ------------------------------------------------------------

    def _placed(self, build: SourceBuild) -> Iterator[Alternative]:
        """Wheels in releases, and indexes that are for the project; asked of a server only for the former."""
        version = build.version
        if version is None or not places_of(build.project):
            return
        view, machine = self._cuda, self._trials.machine
        torch = view.torch.version if view.torch is not None else None
        major = view.torch_use.major if view.torch_use is not None else ""
        for one in wheels_elsewhere(build.project, version, torch=torch, cuda_major=major, machine=machine):
            known = self._known(one)
            if known.verified is not False:
                yield _place(known, version, torch)
        asked = {answer.index.rstrip("/") for answer in self._trials.catalog.page(build.project).answers}
        for other in indexes_elsewhere(build.project, version, torch=torch, machine=machine):
            if other.url.rstrip("/") not in asked:
                should = "should, by its build matrix," if other.built else "may"
                text = f"an index that was not asked {should} have a wheel: `{other.option} {other.url}`"
                yield Alternative(kind="place", project=build.project, version=version, text=text)

    def _known(self, one: Elsewhere) -> Elsewhere:
        """The wheel, with whether it is there: a few are asked for in a run."""
        if not one.url or self._questions <= 0:
            return one
        self._questions -= 1
        return replace(one, verified=self._exists(one.url))

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


def _place(one: Elsewhere, pinned: Version, torch: Version | None) -> Alternative:
    """What is told of a wheel in a release: never that it is there, unless a server has said so."""
    what = "a wheel" if one.version == pinned else f"a wheel of {one.project} {one.version}"
    if one.why_not:
        text, why = f"{what} in its releases does not fit: {one.why_not}", ""
    else:
        there = "exists" if one.verified else "should exist by its build matrix"
        change = f" (the plan has torch {torch})" if one.changes and torch is not None else ""
        text = f"{what} {there} for {one.built_for}{change}: `{one.requirement}`"
        why = "" if one.verified else "not verified"
    return Alternative(kind="place", project=one.project, version=one.version, text=text, why=why)


def _text(kind: AlternativeKind, dist: Dist, sibling: Sibling | None) -> str:
    """What the alternative is, without whether it holds."""
    what = f"{dist.project}=={dist.version}"
    if kind == "buildable":
        return f"{what} can be built here (an older version whose needs can be met)"
    if kind == "sibling":
        caution = sibling.caution if sibling is not None else ""
        return f"{what} has a wheel for this machine (another project{f'; {caution}' if caution else ''})"
    near = "newest older" if kind == "older" else "next newer"
    return f"{what} has a wheel for this machine ({near} version)"


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
