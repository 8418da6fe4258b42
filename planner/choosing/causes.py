"""Whether one thing about the machine explains most native builds: its Python, its libc or its architecture.

Computed from the wheels of the pinned versions; must not resolve: another machine may pin others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.utils import NormalizedName

from planner.assess import SourceBuild
from planner.choosing.others import ARCHES, PYTHONS, Others, floors_of
from planner.choosing.trials import Trials
from planner.dists import Pin, Wheel, parse_specifier
from planner.findings import Finding
from planner.fits import Fits

__all__ = ["FEWEST", "one_cause"]

FEWEST = 3
"""Native builds; of fewer, each is told by itself."""

_PAST = (7, 6)  # Pythons that wheels were made for, and that nobody should be sent to
_MOST_TOLD = 3  # further Pythons or libcs, as facts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """A change of the machine: the native builds that would remain, and the pins that it would refuse."""

    what: str
    option: str
    remain: int
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """One thing that is wrong: how it is said, how many builds it explains, and the ways out, best first."""

    said: str
    explains: int
    ways: tuple[_Way, ...]

    @property
    def remain(self) -> int:
        """The fewest builds that any of the ways would leave."""
        return min(way.remain for way in self.ways)


def one_cause(
    builds: Sequence[SourceBuild], pins: Sequence[Pin], *, trials: Trials, others: Others | None = None
) -> Finding | None:
    """The finding that says it once where one cause explains more than half of at least three native builds.

    Builds that the user accepts do not count. `others` may be given where its judges serve other questions.
    """
    allowed = trials.fits.policy.allow_builds
    native = [
        build
        for build in builds
        if build.native is not False and not (build.own or build.project in allowed or ":all:" in allowed)
    ]
    if len(native) < FEWEST:
        return None
    seen = _Seen(native, pins, trials, others or Others(trials.machine, trials.fits))
    causes = [cause for cause in (seen.python(), seen.libc(), seen.arch()) if cause is not None]
    best = min(causes, key=lambda cause: cause.remain, default=None)
    if best is None or 2 * (len(native) - best.remain) <= len(native):
        return None
    return _finding(best, len(native))


class _Seen:
    """The native builds of one resolution, looked at from other machines."""

    def __init__(
        self, native: Sequence[SourceBuild], pins: Sequence[Pin], trials: Trials, others: Others
    ) -> None:
        self._total = len(native)
        self._trials = trials
        self._others = others
        self._pins = pins
        on_index = [build for build in native if build.misfits and build.version is not None]
        catalog = trials.catalog
        self._wheels = {
            build.project: (catalog.page(build.project), build.version)
            for build in on_index
            if build.version is not None
        }

    def _spared(self, judge: Fits) -> frozenset[NormalizedName]:
        """The builds that a machine would have a wheel for."""
        return frozenset(
            project
            for project, (page, version) in self._wheels.items()
            if judge.has_wheel(page, version, yanked=True)
        )

    def python(self) -> _Cause | None:
        """This Python is too new, or too old."""
        machine = self._others.machine
        running = self._others.fits.python
        if machine.markers.get("implementation_name", "cpython") != "cpython" or running.major != 3:
            return None
        older = self._pythons([*(m for m in reversed(PYTHONS) if m < running.minor), *_PAST])
        newer = self._pythons([minor for minor in PYTHONS if minor > running.minor])
        causes = [
            _Cause(said=f"This Python (3.{running.minor}) is too {word} for", explains=explains, ways=ways)
            for word, (explains, ways) in (("new", older), ("old", newer))
            if ways
        ]
        return max(causes, key=lambda cause: cause.explains, default=None)

    def _pythons(self, minors: Sequence[int]) -> tuple[int, tuple[_Way, ...]]:
        """How many builds some of these Pythons would spare, and each of them, the best first."""
        spared = {minor: self._spared(self._others.python(minor)) for minor in minors}
        fewest = self._total - max(
            (len(found) for minor, found in spared.items() if minor in PYTHONS), default=0
        )
        ways = [
            _Way(
                what=f"Python 3.{minor}",
                option=f"--python-version 3.{minor}",
                remain=self._total - len(spared[minor]),
                refused=tuple(self._refused(minor)),
            )
            for minor in minors
            if minor in PYTHONS and spared[minor]
        ]
        # A nearer Python is worth one build more; the sort keeps their order.
        ways.sort(key=lambda way: (len(way.refused), max(way.remain, fewest + 1)))
        return len(frozenset().union(*spared.values())), tuple(ways)

    def _refused(self, minor: int) -> Iterator[str]:
        """The pins that the user's own lines hold to a version whose Requires-Python excludes that Python.

        Others would be resolved to another version there.
        """
        judge = self._others.python(minor)
        roots = self._trials.roots
        held = {ask.project for ask in roots.asks if ask.span.exact} | set(roots.fixed)
        for pin in self._pins:
            text = pin.metadata.requires_python
            if pin.project in held and text and not judge.takes_python(text) and parse_specifier(text):
                yield f"{pin.project} {pin.version}"

    def libc(self) -> _Cause | None:
        """This libc is too old, or another one."""
        machine = self._others.machine
        if machine.value("os") != "linux":
            return None
        musl, glibc = machine.value("musl"), machine.value("glibc")
        floors = floors_of(
            dist
            for page, version in self._wheels.values()
            for dist in page.files(version)
            if isinstance(dist, Wheel)
        )
        ways: dict[str, list[_Way]] = {"musl": [], "glibc": []}
        spared: dict[str, set[NormalizedName]] = {"musl": set(), "glibc": set()}
        for name in ("musl", "glibc"):
            if name == "musl" and musl is None:
                continue
            for floor in sorted(floors[name]):
                found = self._spared(self._others.libc(name, floor))
                if len(found) > len(spared[name]):  # floors rise: what a lower one gives needs no higher one
                    version = f"{floor[0]}.{floor[1]}"
                    ways[name].append(
                        self._way(f"{name} {version}", f"--assume {name}={version}", len(found))
                    )
                spared[name] |= found
        if musl is not None:
            newer = _cause(f"This musl ({musl}) is too old for", spared["musl"], ways["musl"])
            other = _cause(f"The libc here (musl {musl}) explains", spared["glibc"], ways["glibc"])
            causes = [cause for cause in (newer, other) if cause is not None]
            return max(causes, key=lambda cause: cause.explains, default=None)
        return _cause(f"This glibc ({glibc}) is too old for", spared["glibc"], ways["glibc"])

    def arch(self) -> _Cause | None:
        """Few wheels are made for this architecture; only of Linux, where one may have the choice."""
        machine = self._others.machine
        arch = machine.value("arch")
        if machine.value("os") != "linux" or arch in ARCHES:
            return None
        ways: list[_Way] = []
        spared: set[NormalizedName] = set()
        for other in ARCHES:
            found = self._spared(self._others.arch(other))
            ways.append(self._way(other, f"--assume arch={other}", len(found)))
            spared |= found
        return _cause(f"The architecture here ({arch}) explains", spared, ways)

    def _way(self, what: str, option: str, spared: int) -> _Way:
        return _Way(what=what, option=option, remain=self._total - spared)


def _cause(said: str, spared: set[NormalizedName], ways: Sequence[_Way]) -> _Cause | None:
    if not spared:
        return None
    best_first = tuple(sorted(ways, key=lambda way: way.remain))
    return _Cause(said=said, explains=len(spared), ways=best_first)


def _finding(cause: _Cause, total: int) -> Finding:
    best, *rest = cause.ways
    summary = f"{cause.said} {_of(cause.explains, total)} native builds: with {best.what}, {_remain(best)}."
    told = sorted(rest, key=lambda way: way.remain)[:_MOST_TOLD]
    return Finding(
        code="WP509",
        severity="warning",
        project="",
        summary=summary,
        remedy=f"look at it there: `wheelplan check … {best.option}`",
        facts=tuple(f"With {way.what}, {_remain(way)}." for way in told),
    )


def _of(part: int, total: int) -> str:
    return f"all {total}" if part == total else f"{part} of the {total}"


def _remain(way: _Way) -> str:
    said = f"{way.remain} remain{'s' if way.remain == 1 else ''}" if way.remain else "none remains"
    if not way.refused:
        return said
    more = f" and {len(way.refused) - 1} more" if len(way.refused) > 1 else ""
    return f"{said}, but it excludes {way.refused[0]}{more}, which the requirements name exactly"
