"""Why a version has no wheel for a machine, as one sentence; knows files and tags, and proposes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from packaging.version import Version

from planner.dists import Misfit, Reason, Wheel
from planner.fits import Fits
from planner.page import Page

__all__ = ["pythons_of", "spans", "why_no_wheel"]

_CODE_OF = {
    Reason.PYTHON: "WP103",
    Reason.ABI: "WP104",
    Reason.PLATFORM: "WP105",
    Reason.LIBC: "WP106",
    Reason.REQUIRES_PYTHON: "WP107",
    Reason.VARIANT: "WP109",
}


def why_no_wheel(page: Page, version: Version, fits: Fits) -> tuple[str, str, tuple[Misfit, ...]]:
    """Why a version has no wheel for the machine: (code, sentence without full stop, its wheels' misfits)."""
    wheels = [dist for dist in page.files(version) if isinstance(dist, Wheel)]
    if not wheels:
        variants = [m for m in page.skipped if m.reason is Reason.VARIANT and f"-{version}-" in m.filename]
        if variants:
            return "WP109", f"only wheel variants were published ({len(variants)})", tuple(variants)
        others = [v for v in page.versions if any(isinstance(d, Wheel) for d in page.files(v))]
        if not others:
            return "WP101", "no wheel was ever published on this index", ()
        near = "other versions have" if len(others) > 1 else f"only {others[0]} has"
        return "WP102", f"this version has only an sdist ({near} wheels)", ()
    misfits = tuple(misfit for wheel in wheels if (misfit := fits.misfit(wheel)) is not None)
    tagged = [m for m in misfits if m.reason in (Reason.PYTHON, Reason.ABI, Reason.PLATFORM, Reason.LIBC)]
    if not tagged:
        reason = misfits[0].reason if misfits else Reason.FORMAT
        details = sorted({misfit.detail for misfit in misfits})
        return _CODE_OF.get(reason, "WP108"), f"its wheels are refused: {'; '.join(details)}", misfits
    nearest = min(misfit.distance for misfit in tagged)
    near_names = {misfit.filename for misfit in tagged if misfit.distance == nearest}
    reason = next(misfit.reason for misfit in tagged if misfit.distance == nearest)
    near_wheels = [wheel for wheel in wheels if wheel.filename in near_names]
    details = sorted({misfit.detail for misfit in tagged if misfit.distance == nearest})
    return _CODE_OF[reason], _sentence(reason, near_wheels, wheels, details, fits), misfits


def _sentence(
    reason: Reason, near: Sequence[Wheel], wheels: Sequence[Wheel], details: Sequence[str], fits: Fits
) -> str:
    here = fits.supported.machine.value("abi") or f"Python {fits.python}"
    if reason is Reason.PYTHON:
        return f"its wheels are for {pythons_of(near)} only, here {here}"
    if reason is Reason.LIBC:
        floors = sorted(details, key=lambda detail: [int(n) for n in re.findall(r"\d+", detail)])
        return f"its wheels for this architecture: {floors[0]}"
    if reason is Reason.PLATFORM:
        if all(misfit.startswith("needs macOS") for misfit in details):
            return f"its wheel {details[0]}"
        return f"its wheels are for {_systems(wheels)} only"
    return f"its nearest wheel is {details[0]}"


def pythons_of(wheels: Iterable[Wheel]) -> str:
    """`cp38 to cp310` for a run of CPythons, else the list of interpreters."""
    names = {tag.interpreter for wheel in wheels for tag in wheel.tags}
    minors = sorted(int(name[3:]) for name in names if re.fullmatch(r"cp3\d+", name))
    others = sorted(name for name in names if not re.fullmatch(r"cp3\d+", name))
    return ", ".join([*others[:4], *([spans(minors)] if minors else [])]) or "other Pythons"


def spans(minors: Iterable[int]) -> str:
    """CPythons of the major version 3 by their minor ones, in runs.

    >>> spans([8, 9, 10, 12])
    'cp38 to cp310, cp312'
    """
    runs: list[list[int]] = []
    for minor in minors:
        if runs and minor == runs[-1][-1] + 1:
            runs[-1].append(minor)
        else:
            runs.append([minor])
    return ", ".join(f"cp3{run[0]}" if len(run) == 1 else f"cp3{run[0]} to cp3{run[-1]}" for run in runs)


def _systems(wheels: Iterable[Wheel]) -> str:
    """`Windows (amd64), macOS (arm64)` of a version's wheels."""
    found: set[str] = set()
    for platform in {tag.platform for wheel in wheels for tag in wheel.tags}:
        if platform.startswith("win"):
            found.add("Windows")
        elif platform.startswith("macosx"):
            found.add("macOS")
        else:
            libc = "musl Linux" if platform.startswith("musllinux") else "Linux"
            arch = re.sub(r"^(?:many|musl)?linux(?:\d+|_\d+_\d+)?_", "", platform)
            found.add(f"{libc} on {arch}")
    return ", ".join(sorted(found))
