"""What is known about a machine; knows values only and must not find anything out.

Three answers, never two: `Known`, `Absent`, `Unknown` (with the reason). Every value is a string, so that
one comparison language (`SpecifierSet`) serves all; numbers are decimal, memory and disk are in MiB.

The vocabulary (a probe adds facts, nothing else in the program changes):

===================  ==================================================================================
`os`                 `linux`, `darwin`, `windows`
`arch`               as in wheel tags: `x86_64`, `aarch64`, `arm64` (macOS); Windows: `amd64`, `arm64`, `x86`
`glibc` `musl`       version of the libc (one is known on Linux): `2.36`, `1.2`
`macos` `windows`    version of the system: `14.5`, `10.0.22631`
`distro`             `ID` of os-release: `debian`, `alpine` …; `distro-version` is `12`, `22.04`
`package-manager`    `apt`, `dnf`, `yum`, `apk`, `pacman`, `zypper`, `brew`, `choco`, `winget`, `conda`
`container`          `docker`, `podman`, `kubernetes`, `lxc`, `wsl` …
`python`             version of the target interpreter: `3.11.7`; `implementation` is `cpython`, `pypy`
`abi`                ABI tag of the target interpreter: `cp311`, `cp314t`, `pypy311_pp73`
`python-origin`      `system` (what /usr/bin/python3 is), `packaged` (another one of the distribution),
                     `pyenv`, `uv`, `conda` or `other`: where its headers come from
`cpu-level`          `x86-64-v1` … `x86-64-v4`, `armv8.2-a` …
`cores`              cores that this process may use (affinity and cgroup quota; rounded down, at least 1)
`memory-total` `memory-available`      MiB, after cgroup limits
`disk-free` `disk-free:tmp`            MiB free where the target environment installs, and where builds happen
`cuda-driver`        NVIDIA's: `550.54.15`; `cuda-driver-api` is the newest CUDA it supports: `12.4`
`gpu:N`              compute capability of GPU N: `9.0`; `gpu:N:name`, `gpu:N:memory` (MiB)
`cuda-toolkit`       the one a build would use: `12.4`; `cuda-toolkit:PATH` for each one found
`rocm`               version of ROCm: `6.2.4`
`torch`              as installed in the target: `2.13.0+cu126`; `torch-cuda`: `12.6`; `torch-cxx11-abi`: `1`
`program:NAME`       version of a program (`program:gcc` = `12.2.0`); "" when it has none to tell
`header:NAME`        a header that compilers find by themselves (`header:Python.h` = `3.11.7`, or "")
`pkg-config:NAME`    version of a module that pkg-config finds (`pkg-config:libpq` = `15.8`)
`library:NAME`       a library that a linker finds by itself (`library:pq` for `-lpq`)
`shared:NAME`        a library that programs find at run time (`shared:usb-1.0` for libusb-1.0.so.0)
`candidate:NAME`     version that the package manager would install of its package NAME (`libproj-dev`)
`dist:NAME`          version of a distribution installed in the target environment (normalised name)
===================  ==================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from packaging.version import InvalidVersion, Version

from planner.needs import Need

__all__ = [
    "FAMILIES", "MARKERS", "NAMES", "NOWHERE", "Absent", "Fact", "Known", "Machine", "Unknown", "is_name",
    "rank",
]  # fmt: skip

NAMES: tuple[str, ...] = (
    "os", "arch", "glibc", "musl", "macos", "windows", "distro", "distro-version", "package-manager",
    "container", "python", "implementation", "abi", "python-origin", "cpu-level", "cores", "memory-total",
    "memory-available", "disk-free", "disk-free:tmp", "cuda-driver", "cuda-driver-api", "cuda-toolkit",
    "rocm", "torch", "torch-cuda", "torch-cxx11-abi",
)  # fmt: skip
"""The facts that have one name each, in the order in which they are shown."""

FAMILIES: tuple[str, ...] = (
    "gpu", "cuda-toolkit", "program", "header", "pkg-config", "library", "shared", "candidate", "dist",
)  # fmt: skip
"""The facts of which there may be many: `FAMILY:NAME`."""

NOWHERE: Mapping[str, str] = MappingProxyType(
    {
        "program": "not on PATH",
        "header": "in no folder that compilers search by themselves",
        "pkg-config": "in no folder that pkg-config searches",
        "library": "in no folder that linkers search by themselves",
        "shared": "in no folder that programs load libraries from",
        "candidate": "the package manager offers no package of this name",
    }
)
"""How the absence of these is found, as a rule: by looking in all the places of their family."""

MARKERS: tuple[str, ...] = (
    "implementation_name", "implementation_version", "os_name", "platform_machine",
    "platform_python_implementation", "platform_release", "platform_system", "platform_version",
    "python_full_version", "python_version", "sys_platform",
)  # fmt: skip
"""The environment markers of PEP 508, which every machine has."""

_GPU = re.compile(r"gpu:\d+(:name|:memory)?\Z")


def is_name(name: str) -> bool:
    """Whether the vocabulary above has such a fact.

    >>> is_name("glibc"), is_name("program:gcc"), is_name("gpu:0:memory"), is_name("cuda_driver")
    (True, True, True, False)
    """
    family, colon, rest = name.partition(":")
    if name in NAMES:
        return True
    if family == "gpu":
        return _GPU.match(name) is not None
    return bool(colon and rest) and family in FAMILIES


def rank(name: str) -> tuple[int, str]:
    """The place of a fact among others: as in the vocabulary, families last and sorted by name."""
    if name in NAMES:
        return NAMES.index(name), ""
    return len(NAMES) + FAMILIES.index(name.partition(":")[0]), name


@dataclass(frozen=True, slots=True)
class Known:
    """It is there, in this value; `how` it was found is one phrase (`gcc -dumpfullversion`, `--assume`)."""

    value: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """It was looked for and is not there; `how` says where one looked."""

    how: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """One cannot say, and `why`: a probe timed out, printed garbage, or was not run for this machine."""

    why: str = ""


Fact: TypeAlias = Known | Absent | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine to plan for: the PEP 508 environment of its target Python, and its facts by name."""

    markers: Mapping[str, str]
    facts: Mapping[str, Fact]

    def __post_init__(self) -> None:
        object.__setattr__(self, "markers", MappingProxyType(dict(self.markers)))
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))

    def fact(self, subject: str) -> Fact:
        """The fact of that name; what no probe has spoken of is unknown."""
        return self.facts.get(subject, Unknown("no probe looked for it"))

    def value(self, subject: str) -> str | None:
        """The known value of that name, else None."""
        fact = self.facts.get(subject)
        return fact.value if isinstance(fact, Known) else None

    def meets(self, need: Need) -> bool | None:
        """Whether the need is met here: True, False, or None when one cannot say."""
        fact = self.fact(need.subject)
        if isinstance(fact, Absent):
            return False
        if isinstance(fact, Unknown):
            return None
        if not need.specifier:
            return True
        try:
            return need.specifier.contains(Version(fact.value), prereleases=True)
        except InvalidVersion:
            return None
