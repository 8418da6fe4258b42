"""pins x machine -> what the set needs of CUDA at run time; derives it from metadata, judges nothing.

In this order of trust: a local version (`+cu126`), the requirements that hold on the machine and their pins,
a name (`cupy-cuda12x`), and only then the table of what PyTorch publishes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.cuda.capabilities import served_by_torch
from planner.cuda.names import LocalBuild, cuda_of_name, local_build
from planner.cuda.values import TORCH, CudaUse, CudaView, Gpu, Kind, Part, System
from planner.dists import Pin, Tree, Wheel, parse_requirement, parse_version
from planner.facts import Machine
from planner.knowledge.cuda import driver_floor, toolkit, torch_release, variant_of, wheel_cuda
from planner.needs import Evidence, Need
from planner.resolve.admission import applies

__all__ = ["cuda_view", "run_needs"]

# Projects of NVIDIA's whose version is CUDA's own; True where its minor is the one of the runtime as well.
# https://docs.nvidia.com/cuda/cuda-installation-guide-linux/#pip-wheels-installation-linux and their metadata
_VERSIONED: Mapping[str, tuple[Part, bool]] = MappingProxyType(
    {
        "nvidia-cuda-runtime": ("runtime", True),
        "cuda-toolkit": ("runtime", True),
        "cuda-bindings": ("library", False),
        "cuda-python": ("library", False),
    }
)
_VERSIONED_PREFIX = "nvidia-cuda-"
_LIBRARY_PREFIX = "nvidia-"
_OLDEST = 10
"""Versions below are placeholders (`nvidia-cuda-runtime 0.0.1`), as NVIDIA's first wheels are for CUDA 10."""

_SYSTEMS: Mapping[str, System] = MappingProxyType({"linux": "linux", "win32": "windows"})


def cuda_view(pins: Sequence[Pin], machine: Machine) -> CudaView:
    """Every use of CUDA, ROCm or the CPU alone that the pins reveal, and what they need of the machine."""
    torch = next((pin for pin in pins if pin.project == TORCH), None)
    torch_use = _torch_use(torch, pins, machine) if torch is not None else None
    uses = [torch_use] if torch_use is not None else []
    uses += [use for pin in pins if pin is not torch and (use := _use(pin)) is not None]
    system = _system(machine)
    floor, by = "", None
    for use in uses:
        if use.kind == "cuda" and use.part != "library" and use.cuda:
            own = driver_floor(use.cuda, system) or ""
            if own and (not floor or Version(own) > Version(floor)):
                floor, by = own, use
    row = toolkit(by.cuda) if by is not None else None
    return CudaView(
        uses=tuple(uses),
        torch=torch,
        torch_use=torch_use,
        driver_floor=floor,
        floor_by=by,
        floor_source=row.source if row is not None else "",
        gpus=tuple(_gpus(machine)),
        system=system,
    )


def run_needs(view: CudaView) -> tuple[Need, ...]:
    """What the set asks of the machine when it runs: the driver, and GPUs for which torch has code."""
    return (*_driver_need(view), *_gpu_need(view))


def _gpu_need(view: CudaView) -> tuple[Need, ...]:
    use = view.torch_use
    served = served_by_torch(view.torch_cuda, use.version) if use is not None and view.torch_cuda else ""
    if use is None or not served:
        return ()
    return (
        Need(
            subject="gpu",
            specifier=SpecifierSet(served),
            role="run",
            because=(Evidence(where=str(use), text=f"CUDA {use.cuda}: {use.because}"),),
            strength="optional",
            effect="its kernels do not run",
        ),
    )


def _driver_need(view: CudaView) -> tuple[Need, ...]:
    if view.floor_by is None or not view.driver_floor:
        return ()
    told = f"CUDA {view.floor_by.cuda}: {view.floor_by.because}"
    because = (
        Evidence(where=str(view.floor_by), text=told),
        Evidence(where="knowledge", text=view.floor_source),
    )
    return (
        Need(
            subject="cuda-driver",
            specifier=SpecifierSet(f">={view.driver_floor}"),
            role="run",
            because=because,
            strength="optional",
            effect="nothing of the set uses a GPU",
        ),
    )


def _system(machine: Machine) -> System:
    """The system of the machine, as the floors of drivers are told for it."""
    return _SYSTEMS.get(machine.markers.get("sys_platform", ""), "")


def _gpus(machine: Machine) -> Iterator[Gpu]:
    names = [name for name in machine.facts if name.startswith("gpu:") and name.count(":") == 1]
    for name in sorted(names, key=lambda one: int(one.partition(":")[2])):
        capability = machine.value(name) or ""
        parts = capability.split(".")
        if len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
            number = name.partition(":")[2]
            yield Gpu(number=number, capability=capability, name=machine.value(f"{name}:name") or "")


def _use(pin: Pin) -> CudaUse | None:
    """What one pin other than torch says of itself."""
    if pin.version is None or isinstance(pin.dist, Tree):
        return None
    part: Part = "library" if pin.project.startswith(_LIBRARY_PREFIX) else "user"
    local = local_build(pin.version)
    if local.kind is not None:
        return _by_local(pin, local, part)
    told = _by_version(pin.project, pin.version)
    if told is not None:
        return _made(pin, told[0], "cuda", told[1], because="its version is CUDA's own")
    cuda = cuda_of_name(pin.project)
    if cuda:
        return _made(pin, part, "cuda", cuda, because="its name says so")
    row = wheel_cuda(pin.project, pin.version) if isinstance(pin.dist, Wheel) else None
    if row is None:
        return None
    use = _made(pin, "user", "cuda", row.cuda, because=f"its wheel on PyPI is, by a table ({row.source})")
    return replace(use, inferred=row.inferred)


def _by_local(pin: Pin, local: LocalBuild, part: Part) -> CudaUse:
    told = _made(pin, part, local.kind or "cpu", local.cuda, because=f"its local version is +{_local(pin)}")
    return replace(told, variant=local.variant)


def _local(pin: Pin) -> str:
    return (pin.version.local if pin.version is not None else None) or ""


def _made(pin: Pin, part: Part, kind: Kind, cuda: str, *, because: str) -> CudaUse:
    return CudaUse(
        project=pin.project,
        version=str(pin.version),
        kind=kind,
        cuda=cuda,
        part=part,
        because=because,
        by=tuple(dict.fromkeys(who for who, _ in pin.asked)),
    )


def _by_version(project: str, version: Version) -> tuple[Part, str] | None:
    """(part, CUDA) of a project whose version is CUDA's: `12.8` of a runtime, `12` of the others."""
    if version.major < _OLDEST:
        return None
    bare = project.rpartition("-cu")[0] if cuda_of_name(project) else project
    part, exact = _VERSIONED.get(bare, ("library", False))
    if bare not in _VERSIONED and not bare.startswith(_VERSIONED_PREFIX):
        return None
    return part, f"{version.major}.{version.minor}" if exact else str(version.major)


def _torch_use(torch: Pin, pins: Sequence[Pin], machine: Machine) -> CudaUse | None:
    """What the pinned torch is built for; None where a build of the user's own decides it."""
    if torch.version is None or not isinstance(torch.dist, Wheel):
        return None
    local = local_build(torch.version)
    if local.kind is not None:
        return _by_local(torch, local, "torch")
    system = _system(machine)
    if not system:
        return _made(torch, "torch", "cpu", "", because="NVIDIA has no driver for this system")
    if found := _by_requirements(torch, pins, machine):
        return _made(torch, "torch", "cuda", found[0], because=f"its metadata asks for {found[1]}")
    if system == "windows":
        return _made(torch, "torch", "cpu", "", because="its metadata asks for no CUDA runtime")
    return _by_table(torch, machine)


def _by_table(torch: Pin, machine: Machine) -> CudaUse | None:
    """What PyTorch publishes of that minor on PyPI, where the file itself does not tell."""
    release = torch_release(str(torch.version))
    name = release.on_pypi("linux", machine.markers.get("platform_machine", "")) if release else None
    variant = variant_of(name) if name else None
    if release is None or variant is None or variant.family not in ("cuda", "cpu"):
        return None
    kind: Kind = "cuda" if variant.family == "cuda" else "cpu"
    because = f"PyPI's files of torch {release.minor} are {variant.name}, by the table of its releases"
    told = _made(torch, "torch", kind, variant.version, because=because)
    return replace(told, variant=variant.name, inferred=True)


def _by_requirements(torch: Pin, pins: Sequence[Pin], machine: Machine) -> tuple[str, str] | None:
    """(CUDA, requirement) by what torch asks for on the machine: the runtime itself, else any name of CUDA's.

    The version is the requirement's own (`==12.8.90`), or that of the pin that meets it.
    """
    environment = tuple(sorted(machine.markers.items()))
    versions = {pin.project: pin.version for pin in pins}
    fallback: tuple[str, str] | None = None
    for text in torch.metadata.requires:
        requirement = parse_requirement(text)
        if requirement is None or not applies(text, environment, None):
            continue
        name = canonicalize_name(requirement.name)
        version = _exact(requirement.specifier) or versions.get(name)
        shown = f"{requirement.name}{requirement.specifier}"
        told = _by_version(name, version) if version is not None else None
        if told is not None and told[0] == "runtime":
            return told[1], shown
        cuda = told[1] if told is not None else cuda_of_name(name)
        if cuda and fallback is None:
            fallback = cuda, shown
    return fallback


def _exact(specifier: SpecifierSet) -> Version | None:
    """The version of `==12.8.90` or `==13.0.96.*`."""
    for one in specifier:
        if one.operator == "==":
            return parse_version(one.version.removesuffix(".*"))
    return None
