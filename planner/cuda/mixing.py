"""What does not go together in one set: no CUDA beside CUDA (WP304), two majors (WP305); derives nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.assess import SourceBuild
from planner.building.readiness import Ready
from planner.cuda.builds import against_torch, cuda_need
from planner.cuda.names import cuda_of_name, without_cuda
from planner.cuda.telling import extends_torch, finding, joined, told_of
from planner.cuda.values import CudaUse, CudaView
from planner.cuda.variants import backend, driver_here
from planner.dists import Pin
from planner.facts import Machine
from planner.findings import Finding

__all__ = ["mixing_findings"]

_KINDS = {"cpu": "for the CPU alone", "rocm": "for ROCm", "xpu": "for Intel's GPUs", "cuda": "for CUDA"}


def mixing_findings(
    view: CudaView,
    pins: Sequence[Pin],
    builds: Sequence[SourceBuild],
    ready: Ready | None,
    machine: Machine,
) -> Iterator[Finding]:
    """WP304 and WP305 of a set."""
    yield from _without_cuda(view, pins, builds, ready, machine)
    yield from _two_majors(view, pins, machine)


def _backend(view: CudaView, machine: Machine, major: str = "") -> str:
    return backend(view, driver_here(view, machine), major=major)


def _without_cuda(
    view: CudaView,
    pins: Sequence[Pin],
    builds: Sequence[SourceBuild],
    ready: Ready | None,
    machine: Machine,
) -> Iterator[Finding]:
    """A torch for something else beside what extends it with CUDA; an inferred torch proves nothing."""
    torch = view.torch_use
    if torch is None or torch.kind == "cuda" or torch.inferred:
        return
    by_name = {pin.project: pin for pin in pins}
    found = [
        (use.project, str(use), told_of(use), by_name[use.project].dist.filename)
        for use in view.drivers
        if extends_torch(by_name[use.project], machine)
    ]
    for build in builds:
        one = ready.of(build.project) if ready is not None else None
        if one is None or not against_torch(build, one):
            continue
        need = cuda_need(one)
        if need is not None and need.strength == "required":
            why = joined(map(str, need.because)) or "its build asks for nvcc"
            found.append(
                (build.project, f"{build.project} {build.version or ''}".rstrip(), why, build.filename)
            )
    for project, name, why, filename in found:
        word = _backend(view, machine)
        remedy = f"take a torch for CUDA{f': {word}' if word else ''}"
        if not view.system:
            remedy = f"leave {project} out: NVIDIA has no driver for this system"
        yield finding(
            "WP304",
            "error",
            project,
            f"{torch} is built {_KINDS[torch.kind]}, and {name} extends torch with CUDA.",
            remedy=remedy,
            facts=(told_of(torch), why),
            evidence=(filename,),
        )


def _two_majors(view: CudaView, pins: Sequence[Pin], machine: Machine) -> Iterator[Finding]:
    """Two CUDA majors: an error where one is loaded into the other, or one's files lie over the other's.

    Otherwise each may live beside the other (libcudart's name holds its major), so it is a warning.
    """
    if len(view.majors) < 2:
        return
    by_major: dict[str, list[CudaUse]] = {}
    for use in sorted(view.uses, key=lambda one: ("torch", "user", "runtime", "library").index(one.part)):
        if use.major:
            by_major.setdefault(use.major, []).append(use)
    own = view.torch_cuda.partition(".")[0]
    by_name = {pin.project: pin for pin in pins}
    tied = [
        use
        for use in view.drivers
        if own and use.part == "user" and use.major != own and extends_torch(by_name[use.project], machine)
    ]
    proven = (
        any(not use.inferred for use in tied) and view.torch_use is not None and not view.torch_use.inferred
    )
    twice = list(_same_files(view))
    active = {use.major for use in view.drivers if use.major}
    majors = sorted(by_major, key=lambda one: (one != own, -int(one)))
    sides = [f"CUDA {major} by {joined(map(str, by_major[major]), 2)}" for major in majors]
    first = (tied or [by_major[majors[1]][0]])[0]
    facts = [told_of(uses[0]) for uses in (by_major[major] for major in majors)]
    facts += [f"{use} is loaded into {view.torch_use}" for use in tied]
    facts += [f"{one} and {other} install files of the same names" for one, other in twice]
    yield finding(
        "WP305",
        "error" if proven or (twice and len(active) > 1) else "warning",
        first.project,
        f"The set brings two majors of CUDA: {'; '.join(sides)}.",
        remedy=_one_major(view, first, machine),
        facts=facts,
        evidence=(by_name[first.project].dist.filename,),
    )


def _same_files(view: CudaView) -> Iterator[tuple[CudaUse, CudaUse]]:
    """Libraries that are there for two majors, both under names with a suffix: their folder is the same one.

    `nvidia-cudnn-cu12` and `-cu13` install `nvidia/cudnn`, the NCCL ones `nvidia/nccl` (the RECORD of both).
    Those whose name has no suffix lie in `nvidia/cu13`.
    """
    seen: dict[str, CudaUse] = {}
    for use in view.uses:
        if use.part == "library" and cuda_of_name(use.project):
            other = seen.setdefault(without_cuda(use.project), use)
            if other.major != use.major:
                yield other, use


def _one_major(view: CudaView, first: CudaUse, machine: Machine) -> str:
    """The way to one CUDA: the torch for the other one's major, or another build of the other one."""
    own = view.torch_cuda.partition(".")[0]
    if not own:
        return f"take a build of {first.project} for the same CUDA as the others"
    ways = [f"a build of {first.project} for CUDA {own}"] if first.part == "user" else []
    if word := _backend(view, machine, first.major):
        ways.append(f"torch for CUDA {first.major}: {word}")
    if not ways:
        asked = joined(first.by) or "what asks for it"
        return f"take a build of {asked} for CUDA {own}"
    return f"take {' or '.join(ways)}"
