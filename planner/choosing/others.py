"""Machines that differ from the target in one thing (Python, libc, platform), and which wheels fit them.

Joins the tables of tags with pages that are given; must not ask a machine, nor choose among these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from packaging.version import Version

from planner.dists import Wheel
from planner.elsewhere import assume, for_platform, for_python
from planner.facts import Machine
from planner.fits import Fits
from planner.page import Page
from planner.tags import LEGACY_FLOORS, supported_tags

__all__ = ["ARCHES", "PLATFORMS", "PYTHONS", "Others"]

PYTHONS: tuple[int, ...] = (8, 9, 10, 11, 12, 13, 14)
"""Minor versions of CPython 3 that are looked at."""

PLATFORMS: Mapping[str, str] = MappingProxyType(
    {
        "x86_64-unknown-linux-gnu": "Linux on x86_64",
        "aarch64-unknown-linux-gnu": "Linux on aarch64",
        "aarch64-apple-darwin": "macOS on arm64",
        "x86_64-apple-darwin": "macOS on x86_64",
        "x86_64-pc-windows-msvc": "Windows",
    }
)
"""The platforms that most wheels are made for, as `--python-platform` takes them, and how they are called."""

ARCHES = ("x86_64", "aarch64")
"""The architectures of Linux that most wheels are made for."""

# A release of the minor version that any `Requires-Python` with a patch level admits, as a user would have.
_LATEST = 99
_FLOOR = re.compile(r"(manylinux|musllinux)_(\d+)_(\d+)_|(manylinux1|manylinux2010|manylinux2014)_")
_LEGACY = {name: floor for floor, name in LEGACY_FLOORS.items()}
_Floor = tuple[int, int]


class Others:
    """Judges of files for other machines than the target; each is made once, when it is asked for."""

    def __init__(self, machine: Machine, fits: Fits) -> None:
        self.machine = machine
        self.fits = fits
        self._made: dict[tuple[str, str], Fits] = {}

    @property
    def here(self) -> int | None:
        """The target's minor version where it is a CPython 3 that holds the GIL, else None."""
        version = self.fits.python
        return version.minor if self.machine.value("abi") == f"cp{version.major}{version.minor}" else None

    def python(self, minor: int) -> Fits:
        """The judge for CPython 3.`minor` on the target's system."""

        def changed() -> Machine:
            base = self.machine
            if base.markers.get("implementation_name", "cpython") != "cpython":
                base = assume(base, ["implementation=cpython"])
            return for_python(base, f"3.{minor}.{_LATEST}")

        return self._judge("python", str(minor), changed)

    def libc(self, name: str, floor: _Floor) -> Fits:
        """The judge for the target with another `glibc` or `musl`."""
        version = f"{floor[0]}.{floor[1]}"
        return self._judge(name, version, lambda: assume(self.machine, [f"{name}={version}"]))

    def platform(self, name: str) -> Fits:
        """The judge for the target's Python on one of `PLATFORMS`."""
        return self._judge("platform", name, lambda: for_platform(self.machine, name))

    def arch(self, name: str) -> Fits:
        """The judge for the target on another architecture."""
        return self._judge("arch", name, lambda: assume(self.machine, [f"arch={name}"]))

    def pythons_for(self, page: Page, version: Version, *, yanked: bool = False) -> tuple[int, ...]:
        """The other Pythons for which the version has a wheel on this system, oldest first."""
        minors = (minor for minor in PYTHONS if minor != self.here)
        return tuple(m for m in minors if self.python(m).has_wheel(page, version, yanked=yanked))

    def libc_for(self, page: Page, version: Version, *, yanked: bool = False) -> tuple[str, _Floor] | None:
        """The lowest libc with which the target would take a wheel of the version: (`glibc`, (2, 28))."""
        if self.machine.value("os") != "linux":
            return None
        own = "musl" if self.machine.value("musl") else "glibc"
        floors = floors_of(dist for dist in page.files(version) if isinstance(dist, Wheel))
        for name in (own, *(other for other in ("glibc",) if other != own)):
            here = _numbers(self.machine.value(name) or "")
            for floor in sorted(floors[name]):
                if floor > here and self.libc(name, floor).has_wheel(page, version, yanked=yanked):
                    return name, floor
        return None

    def platforms_for(self, page: Page, version: Version, *, yanked: bool = False) -> tuple[str, ...]:
        """The other platforms on which the target's Python would take a wheel of the version, by name."""
        system, arch = self.machine.value("os"), self.machine.value("arch")
        found = []
        for name, called in PLATFORMS.items():
            judge = self.platform(name)
            there = judge.supported.machine
            same = (there.value("os"), there.value("arch")) == (system, arch)
            if not same and judge.has_wheel(page, version, yanked=yanked):
                found.append(called)
        macs = [called for called in found if called.startswith("macOS")]
        if len(macs) > 1:
            found = ["macOS" if called == macs[0] else called for called in found if called != macs[1]]
        return tuple(found)

    def _judge(self, axis: str, value: str, changed: Callable[[], Machine]) -> Fits:
        made = self._made.get((axis, value))
        if made is None:
            machine = changed()
            made = self._made[axis, value] = Fits(
                supported=supported_tags(machine),
                policy=self.fits.policy,
                python=Version(machine.markers["python_full_version"]),
                hashes=self.fits.hashes,
            )
        return made


def floors_of(wheels: Iterable[Wheel]) -> dict[str, set[_Floor]]:
    """The libc versions that the wheels' names speak of, by libc."""
    floors: dict[str, set[_Floor]] = {"glibc": set(), "musl": set()}
    for platform in {tag.platform for wheel in wheels for tag in wheel.tags}:
        match = _FLOOR.match(platform)
        if match is None:
            continue
        if match[4]:
            floors["glibc"].add(_LEGACY[match[4]])
        else:
            floors["glibc" if match[1] == "manylinux" else "musl"].add((int(match[2]), int(match[3])))
    return floors


def _numbers(text: str) -> _Floor:
    found = [int(number) for number in re.findall(r"\d+", text)[:2]]
    return (found[0], found[1]) if len(found) == 2 else (0, 0)
