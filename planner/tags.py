"""Which wheel tags any machine supports, best first, and why a wheel fits none of them.

Knows PEP 425/600/656 and the tag order of `packaging`; must not ask the machine it runs on: facts come in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from packaging.tags import Tag, compatible_tags, cpython_tags, generic_tags, mac_platforms

from planner.dists import Misfit, Reason, Wheel
from planner.errors import MachineError
from planner.facts import Machine

__all__ = ["Supported", "supported_tags"]

# PEP 600 gives the legacy names of three glibc floors.
LEGACY_FLOORS = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_FLOOR_OF = {name: floor for floor, name in LEGACY_FLOORS.items()}
_LINUX = re.compile(r"(?P<libc>manylinux|musllinux)_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>\w+)\Z")
_LEGACY = re.compile(r"(?P<name>manylinux1|manylinux2010|manylinux2014)_(?P<arch>\w+)\Z")
_MACOS = re.compile(r"macosx_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>\w+)\Z")
_CPYTHON = re.compile(r"cp(\d)(\d+)\Z")
_WINDOWS_ARCH = {"amd64": "win_amd64", "x86_64": "win_amd64", "arm64": "win_arm64", "x86": "win32"}


def _linux_platforms(arch: str, glibc: tuple[int, int] | None, musl: tuple[int, int] | None) -> Iterator[str]:
    """`packaging` 26.3's order: the native tag, then newer floors before older ones."""
    yield f"linux_{arch}"
    if glibc is not None:
        oldest = 5 if arch in ("x86_64", "i686") else 17  # PEP 600; other arches began with 2014's 2.17
        for minor in range(glibc[1], oldest - 1, -1):
            yield f"manylinux_{glibc[0]}_{minor}_{arch}"
            legacy = LEGACY_FLOORS.get((glibc[0], minor))
            if legacy:
                yield f"{legacy}_{arch}"
    if musl is not None:
        for minor in range(musl[1], -1, -1):
            yield f"musllinux_{musl[0]}_{minor}_{arch}"


def _pair(text: str) -> tuple[int, int]:
    numbers = re.findall(r"\d+", text)
    return int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else 0


def _platforms(machine: Machine) -> list[str]:
    system, arch = machine.value("os"), machine.value("arch")
    if system is None or arch is None:
        raise MachineError(
            "The operating system or the architecture of the machine is not known: no wheel can be judged.",
            hint="Say it: `--assume os=linux --assume arch=x86_64`, or `--python-platform NAME`.",
        )
    if system == "windows":
        return [_WINDOWS_ARCH.get(arch.lower(), f"win_{arch.lower()}")]
    if system == "darwin":
        version = machine.value("macos")
        if version is None:
            raise MachineError(
                "The macOS version is not known, so no wheel can be judged.",
                hint="Say it: `--assume macos=14.0`.",
            )
        return list(mac_platforms(_pair(version), arch))
    glibc, musl = machine.value("glibc"), machine.value("musl")
    if glibc is None and musl is None:
        raise MachineError(
            "Neither glibc nor musl was found, so no Linux wheel can be judged.",
            hint="Say it: `--assume glibc=2.36` (what `ldd --version` prints there).",
        )
    return list(_linux_platforms(arch, _pair(glibc) if glibc else None, _pair(musl) if musl else None))


def supported_tags(machine: Machine) -> Supported:
    """The tags of a machine's target Python, best first: what `packaging.tags.sys_tags()` says there.

    Raises MachineError when the facts do not say enough (no Python, no libc).
    """
    python, abi = machine.value("python"), machine.value("abi")
    if python is None:
        raise MachineError(
            "The version of the target Python is not known.", hint="Say it: `--python-version 3.12`."
        )
    platforms = tuple(_platforms(machine))
    order = _order(_pair(python), abi, platforms, pypy=machine.value("implementation") == "pypy")
    return Supported(order=order, machine=machine, platforms=frozenset(platforms))


@lru_cache(maxsize=64)
def _order(
    version: tuple[int, int], abi: str | None, platforms: tuple[str, ...], *, pypy: bool
) -> tuple[Tag, ...]:
    """Hundreds of tags, for few Pythons and platforms, of which a run asks often."""
    short = f"{version[0]}{version[1]}"
    if pypy:
        return (
            *generic_tags(f"pp{short}", [abi or f"pypy{short}_pp73"], platforms),
            *compatible_tags(version, f"pp{version[0]}", platforms),
        )
    return (
        *cpython_tags(version, [abi or f"cp{short}"], platforms),
        *compatible_tags(version, f"cp{short}", platforms),
    )


@dataclass(frozen=True, kw_only=True)
class Supported:
    """The ordered tags of one machine; `rank` and `misfit` are the two questions about a wheel."""

    order: tuple[Tag, ...]
    machine: Machine
    platforms: frozenset[str]

    @cached_property
    def _ranks(self) -> dict[Tag, int]:
        return {tag: rank for rank, tag in reversed(list(enumerate(self.order)))}

    @cached_property
    def _pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset((tag.interpreter, tag.abi) for tag in self.order)

    @cached_property
    def _rank_of(self) -> dict[frozenset[Tag], int | None]:
        return {}

    def rank(self, tags: frozenset[Tag]) -> int | None:
        """The place of the best of these tags (0 is best), or None when none is supported."""
        if tags not in self._rank_of:
            ranks = self._ranks
            found = [ranks[tag] for tag in tags if tag in ranks]
            self._rank_of[tags] = min(found) if found else None
        return self._rank_of[tags]

    def misfit(self, wheel: Wheel) -> Misfit | None:
        """Why the wheel does not fit, by its nearest miss; None when it fits."""
        if self.rank(wheel.tags) is not None:
            return None
        misses = [self._miss(tag) for tag in sorted(wheel.tags, key=str)]
        distance, reason, detail = min(misses, key=lambda miss: miss[0])
        return Misfit(filename=wheel.filename, reason=reason, detail=detail, distance=distance)

    def _miss(self, tag: Tag) -> tuple[int, Reason, str]:
        """How far off a tag is (smaller is nearer), and the axis to name."""
        platform_fits = tag.platform == "any" or tag.platform in self.platforms
        python_fits = (tag.interpreter, tag.abi) in self._pairs
        if not platform_fits:
            distance, reason, detail = self._platform_miss(tag.platform)
            if python_fits:
                return distance, reason, detail
            # Off on both axes: the platform is what no other Python would mend.
            _, _, python = self._python_miss(tag)
            return 10 + distance, reason, f"{detail}; and {python}"
        return self._python_miss(tag)

    def _python_miss(self, tag: Tag) -> tuple[int, Reason, str]:
        here = self.machine.value("abi") or f"Python {self.machine.value('python')}"
        asked = _CPYTHON.match(tag.interpreter)
        running = _pair(self.machine.value("python") or "0")
        if asked and (int(asked[1]), int(asked[2])) == running:
            if tag.abi.endswith("t") != here.endswith("t"):
                kind = "free-threaded" if tag.abi.endswith("t") else "GIL"
                return 1, Reason.ABI, f"for the {kind} build of Python ({tag.abi}), here {here}"
            return 1, Reason.ABI, f"for the ABI {tag.abi}, here {here}"
        if tag.abi in ("abi3", "abi3t") and asked:
            if (int(asked[1]), int(asked[2])) < running:
                return 1, Reason.ABI, f"for the stable ABI ({tag.abi}), which {here} does not load"
            return 2, Reason.PYTHON, f"needs Python {asked[1]}.{asked[2]} or newer, here {here}"
        wanted = f"Python {asked[1]}.{asked[2]}" if asked else tag.interpreter
        return 2, Reason.PYTHON, f"for {wanted}, here {here}"

    def _platform_miss(self, platform: str) -> tuple[int, Reason, str]:
        machine = self.machine
        system, arch = machine.value("os") or "", machine.value("arch") or ""
        os_asked, libc, floor, arch_asked = _read_platform(platform)
        if os_asked != system:
            return 6, Reason.PLATFORM, f"for {_OS_NAMES.get(os_asked, os_asked)}"
        if system == "linux":
            if arch_asked != arch:
                return 5, Reason.PLATFORM, f"for {arch_asked}, here {arch}"
            glibc, musl = machine.value("glibc"), machine.value("musl")
            if libc == "musl":
                if musl is None:
                    return 4, Reason.LIBC, "for musl libc, here glibc"
                return 3, Reason.LIBC, f"needs musl {floor[0]}.{floor[1]}, here {musl}"
            if glibc is None:
                return 4, Reason.LIBC, f"for glibc, here musl {musl}"
            return 3, Reason.LIBC, f"needs glibc {floor[0]}.{floor[1]}, here {glibc}"
        if system == "darwin":
            version = machine.value("macos") or "0"
            if arch_asked in (arch, "universal2", *_MAC_FAT.get(arch, ())):
                return 3, Reason.PLATFORM, f"needs macOS {floor[0]}.{floor[1]}, here {version}"
            return 5, Reason.PLATFORM, f"for macOS on {arch_asked}, here {arch}"
        return 5, Reason.PLATFORM, f"for {platform}, here {', '.join(sorted(self.platforms))}"


_OS_NAMES = {"linux": "Linux", "darwin": "macOS", "windows": "Windows"}
_MAC_FAT = {"x86_64": ("intel", "universal", "fat64", "fat3"), "arm64": ("universal2",)}


@lru_cache(maxsize=1_000)
def _read_platform(platform: str) -> tuple[str, str, tuple[int, int], str]:
    """A platform tag as (os, libc, floor, arch)."""
    linux = _LINUX.match(platform)
    if linux:
        libc = "glibc" if linux["libc"] == "manylinux" else "musl"
        return "linux", libc, (int(linux["major"]), int(linux["minor"])), linux["arch"]
    legacy = _LEGACY.match(platform)
    if legacy:
        return "linux", "glibc", _FLOOR_OF[legacy["name"]], legacy["arch"]
    if platform.startswith("linux_"):
        return "linux", "", (0, 0), platform[len("linux_") :]
    macos = _MACOS.match(platform)
    if macos:
        return "darwin", "", (int(macos["major"]), int(macos["minor"])), macos["arch"]
    if platform.startswith("win"):
        return "windows", "", (0, 0), platform.removeprefix("win_")
    return platform.split("_", maxsplit=1)[0], "", (0, 0), platform
