"""What a source build against torch is told of GPUs and of a CUDA toolkit; knows the set, finds no facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from planner.assess import SourceBuild
from planner.building.readiness import Readiness, Ready
from planner.cuda.builds import NVCC, against_torch, arch_list, cuda_need
from planner.cuda.pip_toolkit import pip_toolkit
from planner.cuda.values import CudaView
from planner.facts import Machine
from planner.findings import Finding
from planner.knowledge.projects import project
from planner.prerequisites.deciding import decide
from planner.prerequisites.states import Prerequisite

__all__ = ["for_torch"]

_ARCH_LIST = "TORCH_CUDA_ARCH_LIST"


def for_torch(ready: Ready, builds: Sequence[SourceBuild], view: CudaView) -> Ready:
    """The same, with what builds against torch with CUDA are told beside their jobs."""
    by_name = {build.project: build for build in builds}
    told = tuple(_told(one, by_name[one.project], view, ready.machine) for one in ready.builds)
    supplied = {
        (one.project, f"needs {need}:"): one.toolkit
        for one in told
        if one.toolkit and (need := cuda_need(one)) is not None
    }
    findings = tuple(_supplied(found, supplied) for found in ready.findings)
    bound = {one.project for one in ready.builds if _compiles(one, by_name[one.project], view)}
    asked = partial(_same_major, view=view, bound=bound, machine=ready.machine)
    own = {one.project: tuple(map(asked, one.prerequisites)) for one in told}
    return replace(
        ready,
        builds=tuple(replace(one, prerequisites=own[one.project]) for one in told),
        prerequisites=tuple(map(asked, ready.prerequisites)),
        findings=findings,
    )


def _compiles(ready: Readiness, build: SourceBuild, view: CudaView) -> bool:
    """Whether a build must compile CUDA code against a torch with CUDA."""
    need = cuda_need(ready)
    required = need is not None and need.strength == "required"
    return required and bool(view.torch_cuda) and against_torch(build, ready)


def _same_major(
    need: Prerequisite, *, view: CudaView, bound: set[NormalizedName], machine: Machine
) -> Prerequisite:
    """The nvcc of torch's own major for builds against torch: `verify` asks for it elsewhere (WP306)."""
    if need.need != NVCC or not bound & set(need.needed_by):
        return need
    major = view.torch_cuda.partition(".")[0]
    same = SpecifierSet(f"=={major}.*")
    specifier = same if f"{major}.0" in need.specifier else need.specifier & same
    state, found = decide(need.ways, specifier, machine)
    wheels = pip_toolkit(view.torch_cuda, machine).requirement
    return replace(need, specifier=specifier, state=state, found=found, python=wheels)


def _supplied(found: Finding, toolkits: Mapping[tuple[NormalizedName, str], str]) -> Finding:
    """A finding that nvcc lacks, with the toolkit in wheels as its remedy where the system has none."""
    for (name, need), toolkit in toolkits.items():
        if found.project == name and need in found.summary and not found.remedy:
            return replace(found, remedy=f"bring it from wheels, into the environment that builds: {toolkit}")
    return found


def _told(ready: Readiness, build: SourceBuild, view: CudaView, machine: Machine) -> Readiness:
    need = cuda_need(ready)
    if need is None or not view.torch_cuda or not against_torch(build, ready):
        return ready
    known = project(build.project)
    own = known is not None and known.jobs is not None and bool(set(known.jobs.narrow) - {_ARCH_LIST})
    archs = "" if own else arch_list(view)
    toolkit = ""
    if need.state != "present":
        wheels = pip_toolkit(view.torch_cuda, machine)
        if wheels.requirement:
            settings = " ".join(f'{name}="{value}"' for name, value in wheels.variables)
            toolkit = "; ".join((f"pip install '{wheels.requirement}'", f"export {settings}", *wheels.first))
    return replace(
        ready, beside=((_ARCH_LIST, archs),) if archs and need.strength == "required" else (), toolkit=toolkit
    )
