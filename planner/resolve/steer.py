"""What a resolution tries first beside what requirements say, and which files it may build; searches nothing.

pip and uv take the newest version of one project after another. Here a version with a fitting wheel comes
before a newer one that would compile native code, within a window of time; pure sdists are not avoided.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Dist, Sdist, SdistReading, Wheel
from planner.fits import Fits, upload_moment
from planner.page import Catalog, Page

__all__ = ["NEWEST", "Natives", "Steer", "compiled_by_name", "uploaded"]

SDISTS_READ = 3
"""Of one project, to tell what compiles; beyond that its nearest sdist that was read tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steer:
    """The preferences of one attempt at a resolution.

    `first` are projects to decide before others, `keep` versions to try before others (an earlier plan's),
    `kept_builds` the projects that were source builds there. `within` are the only versions to try of a
    project. `wheels` prefers wheels to newer native builds, unless these have been out for longer than
    `max_held_back` (None: however long). `builds` are the projects whose native builds may be chosen at all;
    None: any. `borrow` takes the metadata of an sdist from a wheel of the same version without reading the
    sdist, as uv does.
    """

    first: tuple[NormalizedName, ...] = ()
    keep: Mapping[NormalizedName, Version] = field(default_factory=lambda: MappingProxyType({}))
    kept_builds: frozenset[NormalizedName] = frozenset()
    within: Mapping[NormalizedName, Container[Version]] = field(default_factory=lambda: MappingProxyType({}))
    wheels: bool = False
    max_held_back: timedelta | None = None
    builds: frozenset[NormalizedName] | None = None
    borrow: bool = False


NEWEST = Steer()
"""The newest version of one project after another, as pip and uv choose."""


def uploaded(page: Page, version: Version) -> str:
    """When a version appeared: the upload time of its first file (ISO 8601), or "" where none is told."""
    return min((dist.row.upload_time for dist in page.files(version) if dist.row.upload_time), default="")


def compiled_by_name(page: Page, version: Version) -> bool | None:
    """What the wheels of a version tell of its sdist: True when all are for platforms, None without any."""
    wheels = [dist for dist in page.files(version) if isinstance(dist, Wheel)]
    if not wheels:
        return None
    return all(tag.platform != "any" for wheel in wheels for tag in wheel.tags)


class Natives:
    """Which files would compile native code on a machine; answers are remembered over attempts."""

    def __init__(self, catalog: Catalog, fits: Fits, markers: Mapping[str, str]) -> None:
        self._catalog = catalog
        self._fits = fits
        self._markers = markers
        self._known: dict[tuple[NormalizedName, Version], bool] = {}
        self._read: dict[NormalizedName, list[Version]] = {}
        self.spared: set[NormalizedName] = set()
        """The projects of which an older version with a wheel was tried before a native build."""

    def compiles(self, dist: Dist) -> bool:
        """Whether installing the file means a native build that is worth avoiding.

        Never one that the user accepts (`--allow-build`): nobody wants it avoided.
        """
        allowed = self._fits.policy.allow_builds
        return not (dist.project in allowed or ":all:" in allowed) and self.native(dist)

    def native(self, dist: Dist) -> bool:
        """Whether installing the file compiles something, or may: what cannot be told counts as native."""
        if isinstance(dist, Wheel):
            return False
        key = (dist.project, dist.version)
        if key not in self._known:
            named = compiled_by_name(self._catalog.page(dist.project), dist.version)
            self._known[key] = self._by_reading(dist) if named is None else named
        return self._known[key]

    def _by_reading(self, sdist: Sdist) -> bool:
        read = self._read.setdefault(sdist.project, [])
        if len(read) >= SDISTS_READ:
            nearest = min(read, key=lambda version: (version < sdist.version, version))
            return self._known[sdist.project, nearest]
        reading = self._catalog.sdist(sdist, self._markers)
        read.append(sdist.version)
        return not isinstance(reading, SdistReading) or reading.native is not False

    def ordered(
        self, page: Page, versions: Iterable[Version], *, yanked: bool, window: timedelta | None
    ) -> Iterator[Version]:
        """The versions in their order, but native builds after the wheels that are not too old for them."""
        waiting: list[Version] = []
        left = list(versions)
        while left:
            version = left.pop(0)
            dist = self._fits.choose(page, version, yanked=yanked)
            if dist is None:
                continue
            wheel = isinstance(dist, Wheel)
            if not (wheel or waiting or self._wheel_ahead(page, left, yanked=yanked)):
                yield from (version, *left)  # nothing to prefer: no sdist has to be read to know its kind
                return
            if self.compiles(dist):
                waiting.append(version)
                continue
            if waiting and _too_old(page, waiting, window):
                yield from waiting
                waiting = []
            elif waiting:
                self.spared.add(page.project)
            yield version
        yield from waiting

    def _wheel_ahead(self, page: Page, versions: Iterable[Version], *, yanked: bool) -> bool:
        return any(isinstance(self._fits.choose(page, v, yanked=yanked), Wheel) for v in versions)


def _too_old(page: Page, newer: Sequence[Version], window: timedelta | None) -> bool:
    """Whether newer versions (newest first) have been out for longer than the window.

    Counted from the first of them, not from the wheel itself: what was the newest version until last month
    holds nobody back, however old it is. Never where an index tells no times.
    """
    first, newest = (upload_moment(uploaded(page, version)) for version in (newer[-1], newer[0]))
    return window is not None and first is not None and newest is not None and newest - first > window
