"""The probes, as a table that the type checker holds against their form; a new probe is a line here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from planner.facts import Fact
from planner.probes import cpu, cuda, installed, libc, memory, nvidia, origin, python, system
from planner.probes.interpreter import Target
from planner.probes.port import Host

__all__ = ["HOST_PROBES", "PROBES", "HostProbe", "TargetProbe"]


class HostProbe(Protocol):
    """Asks about the machine alone, and so begins before the target interpreter is known."""

    def __call__(self, host: Host, /) -> Iterable[tuple[str, Fact]]:
        """Facts by name; each fact has one probe."""


class TargetProbe(Protocol):
    """Asks about the target interpreter or its environment."""

    def __call__(self, host: Host, target: Target, /) -> Iterable[tuple[str, Fact]]:
        """Facts by name; each fact has one probe."""


# Beside each probe: the facts that are unknown should it crash (what is found by looking is not listed).
HOST_PROBES: tuple[tuple[HostProbe, tuple[str, ...]], ...] = (
    (nvidia.probe, ("cuda-driver", "cuda-driver-api", "gpu:0")),
    (system.probe, ("os", "macos", "windows", "distro", "distro-version", "package-manager", "container")),
    (cpu.probe, ("cpu-level", "cores")),
    (memory.probe, ("memory-total", "memory-available")),
)

PROBES: tuple[tuple[TargetProbe, tuple[str, ...]], ...] = (
    (python.probe, ("python", "implementation", "abi", "arch")),
    (libc.probe, ("glibc", "musl")),
    (cuda.probe, ("cuda-toolkit", "rocm")),
    (installed.probe, ("torch", "torch-cuda", "torch-cxx11-abi")),
    (installed.headers, ("header:Python.h",)),
    (origin.probe, ("python-origin",)),
    (memory.disk, ("disk-free", "disk-free:tmp")),
)
