"""Every file of one version: taken, fitting, or why not, in groups of one reason; fetches nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packaging.version import Version

from planner.dists import Dist, Misfit, Reason, Sdist, Wheel
from planner.explaining.values import FileGroup
from planner.fits import Fits
from planner.page import Page
from planner.whynot import pythons_of

__all__ = ["file_groups", "nearest_miss", "wheel_miss"]

_TAGS = (Reason.PYTHON, Reason.ABI, Reason.PLATFORM, Reason.LIBC)


def file_groups(
    page: Page, version: Version, fits: Fits, taken: str, *, yanked: bool = False
) -> tuple[FileGroup, ...]:
    """The files of a version by their fate: the one taken, those that fit as well, then nearest misses first.

    `taken` is the name of the pinned file, `yanked` says that the user pinned a version in spite of its yank.
    """
    fitting: list[tuple[str, str]] = []
    missing: list[tuple[Dist, Misfit]] = []
    pinned = []
    for dist in page.files(version):
        if dist.filename == taken:
            pinned.append((dist.filename, ""))
            continue
        misfit = fits.misfit(dist, yanked=yanked)
        if misfit is None:
            fitting.append((dist.filename, ""))
        else:
            missing.append((dist, misfit))
    groups = [FileGroup(why="taken", files=tuple(pinned), taken=True)] if pinned else []
    if fitting:
        groups.append(FileGroup(why=_outranked(fitting), files=tuple(fitting)))
    groups += _refused(missing, fits)
    variants = [m for m in page.skipped if m.reason is Reason.VARIANT and f"-{version}-" in m.filename]
    if variants:
        files = tuple((misfit.filename, misfit.detail) for misfit in variants)
        groups.append(FileGroup(why="wheel variants", files=files, reason=Reason.VARIANT))
    return tuple(groups)


def _outranked(files: Sequence[tuple[str, str]]) -> str:
    if all(not name.endswith(".whl") for name, _ in files):
        return "an sdist: a wheel comes first"
    return "would fit too: the one taken suits this machine better"


def _refused(missing: Sequence[tuple[Dist, Misfit]], fits: Fits) -> Iterator[FileGroup]:
    """One group for each distinct reason; that a file is for another Python as well splits no group."""
    groups: dict[tuple[Reason, str], list[tuple[Dist, Misfit]]] = {}
    for dist, misfit in missing:
        # All that only another Python would mend is one group; what it is for stands in its heading.
        why = "" if misfit.reason is Reason.PYTHON else misfit.detail.partition("; and ")[0]
        groups.setdefault((misfit.reason, why), []).append((dist, misfit))
    ordered = []
    for (reason, why), members in groups.items():
        members.sort(key=lambda one: one[1].distance)
        ordered.append((reason not in _TAGS, members[0][1].distance, -len(members), reason, why, members))
    for _, _, _, reason, why, members in sorted(ordered, key=lambda one: one[:3]):
        wheels = [dist for dist, _ in members if isinstance(dist, Wheel)]
        files = tuple((dist.filename, misfit.detail) for dist, misfit in members)
        yield FileGroup(why=why or _other_python(wheels, members[0][1], fits), files=files, reason=reason)


def _other_python(wheels: Sequence[Wheel], nearest: Misfit, fits: Fits) -> str:
    if len({wheel.tags for wheel in wheels}) == 1 or len(wheels) == 1:
        return nearest.detail
    here = fits.supported.machine.value("abi") or f"Python {fits.python}"
    return f"for other Pythons ({pythons_of(wheels)}), here {here}"


def nearest_miss(page: Page, version: Version, fits: Fits) -> tuple[Reason, str]:
    """Why a version has no file here: the nearest miss of its wheels, then what is wrong with its sdist."""
    nearest = [one for one in _nearest(page, version, fits) if one is not None]
    parts = dict.fromkeys(one.detail for one in nearest)
    if not any(isinstance(dist, Sdist) for dist in page.files(version)):
        parts["there is no sdist"] = None
    return nearest[0].reason if nearest else Reason.NAME, "; ".join(parts)


def wheel_miss(page: Page, version: Version, fits: Fits) -> str:
    """The nearest miss of a version's wheels, or that there are none."""
    nearest, _ = _nearest(page, version, fits)
    return nearest.detail if nearest is not None else "no wheel was published"


def _nearest(page: Page, version: Version, fits: Fits) -> tuple[Misfit | None, Misfit | None]:
    """The misfits that are nearest to fitting, of the wheels and of the sdists."""
    wheels: list[Misfit] = []
    sdists: list[Misfit] = []
    for dist in page.files(version):
        misfit = fits.misfit(dist)
        if misfit is not None:
            (wheels if isinstance(dist, Wheel) else sdists).append(misfit)

    def far(misfit: Misfit) -> tuple[bool, int]:
        return misfit.reason not in _TAGS, misfit.distance

    return min(wheels, key=far, default=None), min(sdists, key=far, default=None)
