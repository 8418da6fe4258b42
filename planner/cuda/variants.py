"""Which of PyTorch's builds a machine runs: variants of the pinned torch, older torches; words no finding."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import Version

from planner.cuda.capabilities import dropped_by_torch, too_new, too_old
from planner.cuda.values import CudaView
from planner.dists import parse_version
from planner.facts import Machine
from planner.knowledge.cuda import TorchRelease, driver_floor, torch_release, torch_releases, variant_of

__all__ = ["backend", "driver_here", "other_torch", "runs", "supports", "variant_that_runs", "variants_known"]


def runs(cuda: str, driver: Version, system: str) -> bool:
    """Whether a driver runs what was built for a CUDA, minor-version compatibility counted in."""
    floor = driver_floor(cuda, system)
    return floor is not None and driver >= Version(floor)


def supports(cuda: str, capabilities: Iterable[str], torch: str = "") -> bool:
    """Whether builds (of a torch) for a CUDA have code for all these GPUs, as far as is known."""
    return not any(
        too_old(one, cuda) or too_new(one, cuda) or dropped_by_torch(one, cuda, torch) for one in capabilities
    )


def driver_here(view: CudaView, machine: Machine) -> Version | None:
    """The driver of the machine; where only the CUDA that it brings is known, the oldest of its major.

    That one decides the same: which majors a driver runs. None where neither is known.
    """
    driver = parse_version(machine.value("cuda-driver") or "")
    api = machine.value("cuda-driver-api")
    if driver is None and api is not None and (floor := driver_floor(api, view.system)):
        return Version(floor)
    return driver


def variant_that_runs(view: CudaView, driver: Version | None, *, major: str = "") -> str:
    """The newest variant of the pinned torch for that driver and the GPUs (of a CUDA major); "" if none is.

    A driver that is not known rules none out.
    """
    release = torch_release(str(view.torch.version)) if view.torch is not None else None
    return _newest(release, view, driver, major) if release is not None else ""


def backend(view: CudaView, driver: Version | None, *, major: str = "") -> str:
    """The same as a word to type; it says where PyTorch's builds of that torch are inferred."""
    variant = variant_that_runs(view, driver, major=major)
    release = torch_release(str(view.torch.version)) if view.torch is not None else None
    if not variant or release is None:
        return ""
    return f"`--torch-backend {variant}`{' (inferred)' if release.variants_inferred else ''}"


def _newest(release: TorchRelease, view: CudaView, driver: Version | None, major: str = "") -> str:
    found = []
    for name in release.variants:
        variant = variant_of(name)
        if (
            variant is None
            or variant.family != "cuda"
            or not supports(variant.version, view.capabilities, release.minor)
        ):
            continue
        if driver is not None and not runs(variant.version, driver, view.system):
            continue
        if not major or variant.version.partition(".")[0] == major:
            found.append((Version(variant.version), name))
    return max(found)[1] if found else ""


def other_torch(view: CudaView, driver: Version | None, machine: Machine, *, newer: bool) -> tuple[str, str]:
    """(minor, variant) of the newest newer or older torch whose files on PyPI run here, else ("", "")."""
    if view.torch is None or view.torch.version is None:
        return "", ""
    python = ".".join((machine.value("python") or "").split(".")[:2])
    pinned = view.torch.version.release[:2]
    for release in reversed(torch_releases()):
        minor = Version(release.minor).release
        name = release.on_pypi(view.system, machine.value("arch") or "")
        variant = variant_of(name) if name else None
        if minor == pinned or (minor > pinned) != newer or variant is None or variant.family != "cuda":
            continue
        fits = driver is None or runs(variant.version, driver, view.system)
        if fits and supports(variant.version, view.capabilities, release.minor) and python in release.pythons:
            return release.minor, variant.name
    return "", ""


def variants_known(view: CudaView) -> list[str]:
    """Which builds of the pinned torch there are, and how that is known."""
    release = torch_release(str(view.torch.version)) if view.torch is not None else None
    if release is None or not view.torch_cuda:
        return []
    doubt = " (inferred)" if release.variants_inferred else ""
    return [f"PyTorch builds torch {release.minor} as {', '.join(release.variants)}{doubt}: {release.source}"]
