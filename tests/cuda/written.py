"""Pins for tests of CUDA: wheels and sdists by their file names, and what PyPI's torch wheels ask for.

The requirements of torch are those of the METADATA of its wheels for CPython 3.11 on manylinux x86_64, as an
index served them on 2026-11-24, without those that name no CUDA.
"""

from __future__ import annotations

from collections.abc import Sequence

from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.assess import SourceBuild
from planner.building.environments import BuildEnvironment
from planner.building.readiness import Readiness, Ready
from planner.dists import Metadata, Pin, Row, Sdist, Wheel, parse_tags
from planner.facts import Absent, Machine
from planner.needs import Evidence, Need, Strength
from planner.prerequisites.states import Prerequisite
from tests import universe

INDEX = "https://index.test/simple/"
LINUX = '; platform_system == "Linux"'
X86 = f'{LINUX} and platform_machine == "x86_64"'
TOOLKIT = "cuda-toolkit[cublas,cudart,cufft,cufile,cupti,curand,cusolver,cusparse,nvjitlink,nvrtc,nvtx]"

TORCH: dict[str, tuple[str, ...]] = {
    "2.6.0": (
        f"nvidia-cuda-nvrtc-cu12 (==12.4.127) {X86}",
        f"nvidia-cuda-runtime-cu12 (==12.4.127) {X86}",
        f"nvidia-cudnn-cu12 (==9.1.0.70) {X86}",
        f"nvidia-cublas-cu12 (==12.4.5.8) {X86}",
        f"nvidia-nccl-cu12 (==2.21.5) {X86}",
        f"triton (==3.2.0) {X86}",
    ),
    "2.8.0": (
        f"nvidia-cuda-nvrtc-cu12==12.8.93{X86}",
        f"nvidia-cuda-runtime-cu12==12.8.90{X86}",
        f"nvidia-cudnn-cu12==9.10.2.21{X86}",
        f"nvidia-nccl-cu12==2.27.3{X86}",
        f"triton==3.4.0{X86}",
    ),
    "2.11.0": (
        f"{TOOLKIT}==13.0.2{LINUX}",
        f"cuda-bindings<14,>=13.0.3{LINUX}",
        f"nvidia-cudnn-cu13==9.19.0.56{LINUX}",
        f"nvidia-nccl-cu13==2.28.9{LINUX}",
        f"triton==3.6.0{LINUX}",
    ),
    "2.14.1": (
        f"{TOOLKIT}==13.0.3{LINUX}",
        f'cuda-bindings<14,>=13.0.3{LINUX} and python_version < "3.15"',
        f"nvidia-cudnn-cu13==9.24.0.43{LINUX}",
        f"nvidia-nccl-cu13==2.30.7{LINUX}",
        f'triton~=3.8.0{LINUX} and python_version < "3.15"',
    ),
    "2.15.0": (f"{TOOLKIT}==13.2.2{LINUX}", f"nvidia-cudnn-cu13==9.26.0.51{LINUX}"),
}


def pin(
    filename: str, *requires: str, asked: Sequence[str] = (), url: str = "", source: str = "sidecar"
) -> Pin:
    """A pin of a wheel or an sdist; `asked` are those that ask for it."""
    stem = filename.removesuffix(".whl").removesuffix(".tar.gz")
    if filename.endswith(".whl"):
        name, version, *_ = stem.split("-")
    else:
        name, _, version = stem.rpartition("-")
    project, number = canonicalize_name(name), Version(version)
    row = Row(filename=filename, url=url or f"https://files.test/{filename}", sha256="0" * 64)
    dist: Wheel | Sdist = Sdist(row=row, project=project, version=number, index=INDEX)
    if filename.endswith(".whl"):
        tags = parse_tags("-".join(stem.split("-")[-3:]))
        assert tags is not None
        dist = Wheel(row=row, project=project, version=number, build=(), tags=tags, index=INDEX)
    metadata = Metadata(project=project, version=number, requires=requires, source=source)
    return Pin(
        project=project,
        version=number,
        extras=(),
        dist=dist,
        metadata=metadata,
        asked=tuple((who, project) for who in asked),
    )


def torch(version: str, *, tags: str = "cp311-cp311-manylinux_2_28_x86_64") -> Pin:
    """PyPI's torch of that version with its requirements, or one with a local version and none."""
    return pin(f"torch-{version}-{tags}.whl", *TORCH.get(version, ()), asked=("requirements.txt:1",))


def pure(name: str, version: str, *requires: str, asked: Sequence[str] = ()) -> Pin:
    """A pin of a pure wheel."""
    return pin(f"{name.replace('-', '_')}-{version}-py3-none-any.whl", *requires, asked=asked)


def machine(*, driver: str = "", gpus: Sequence[str] = (), **facts: str) -> Machine:
    """Linux on x86_64 with that driver (none without one) and GPUs of those compute capabilities."""
    bare = universe.machine(**facts)
    found = dict(bare.facts)
    markers = dict(bare.markers)
    if "os" in facts:
        markers["sys_platform"] = {"windows": "win32"}.get(facts["os"], facts["os"])
        markers["platform_system"] = facts["os"].title()
    more = universe.machine(**{f"gpu:{number}": one for number, one in enumerate(gpus)}).facts
    found.update({name: fact for name, fact in more.items() if name.startswith("gpu:")})
    found["cuda-driver"] = (
        universe.machine(**{"cuda-driver": driver}).facts["cuda-driver"] if driver else Absent("nvidia-smi")
    )
    return Machine(markers=markers, facts=found)


def build(project: str, version: str, *requires: str, native: bool | None = True) -> SourceBuild:
    """A source build that asks for these to be built."""
    return SourceBuild(
        project=canonicalize_name(project),
        version=Version(version),
        filename=f"{project.replace('-', '_')}-{version}.tar.gz",
        code="WP101",
        why="no wheel was ever published",
        native=native,
        build_requires=requires,
    )


def nvcc(strength: Strength = "required") -> Prerequisite:
    """The need of a CUDA compiler."""
    return Prerequisite(
        need="dep:virtual/compiler/cuda",
        name="CUDA toolkit (nvcc)",
        strength=strength,
        state="present",
        because=(Evidence(where="setup.py:20", text="CUDAExtension"),),
    )


def ready_for(
    one: SourceBuild,
    target: Machine,
    *needs: Prerequisite,
    undeclared: bool = False,
    environment: Sequence[Pin] = (),
) -> Ready:
    """How ready a machine is for that build; `undeclared`: its setup.py imports torch without asking for it."""
    imported = (Need(subject="dist:torch", role="build"),) if undeclared else ()
    stands = BuildEnvironment(project=one.project, requires=one.build_requires, pins=tuple(environment))
    own = Readiness(project=one.project, prerequisites=needs, undeclared=imported, environment=stands)
    return Ready(machine=target, builds=(own,))
