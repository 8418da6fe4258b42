"""Which pins are for another processor than the machine has, and which of their family are; must not fetch.

What is derived from metadata (`planner.cuda.runtime`) is told elsewhere: here are projects whose metadata
cannot tell it, of `planner/knowledge/families.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packaging.utils import NormalizedName

from planner.assess import SourceBuild
from planner.cuda.names import cuda_of_name
from planner.dists import Pin
from planner.facts import Machine
from planner.findings import Finding
from planner.knowledge.families import (
    Family,
    Gpu,
    Member,
    best_member,
    families,
    family_of,
    gpu_of,
    member_of,
    runs,
)

__all__ = ["CODE", "family_findings", "instead_of"]

CODE = "WP315"
"""A project's build is for another kind of processor than the machine has."""

_CALLED: dict[Gpu | None, str] = {"nvidia": "an NVIDIA GPU", "amd": "an AMD GPU", "apple": "Apple's GPU"}


def family_findings(
    pins: Sequence[Pin], builds: Sequence[SourceBuild], machine: Machine, *, cuda: str = ""
) -> Iterator[Finding]:
    """What is told of pins that have a sibling: one finding a family, none where the GPU is not known.

    `cuda` is the major version of CUDA that the rest of the set has. Source builds are left out: for them
    the sibling is an alternative (`planner.choosing.alternatives`).
    """
    built = {build.project for build in builds}
    by_name = {pin.project: pin for pin in pins}
    for family in families().values():
        own = [by_name[project] for project in _projects(family) if project in by_name]
        if len(own) > 1 and family.exclusive:
            yield _twice(family, own)
        elif own and own[0].project not in built:
            yield from _of_pin(family, own[0], by_name, machine, cuda=cuda)


def instead_of(project: str, machine: Machine, *, cuda: str = "") -> str:
    """What to ask for in the place of a project on that machine (`cupy-cuda12x`); "" if none is known.

    For remedies of others: of `cupy-cuda13x` where the driver is too old for CUDA 13.
    """
    family = family_of(project)
    best = best_member(family, machine, cuda=cuda) if family is not None else None
    return best.take if best is not None and not best.where else ""


def _projects(family: Family) -> tuple[NormalizedName, ...]:
    return tuple(dict.fromkeys(member.project for member in family.members))


def _of_pin(
    family: Family, pin: Pin, by_name: dict[NormalizedName, Pin], machine: Machine, *, cuda: str
) -> Iterator[Finding]:
    member, gpu = member_of(pin.project, pin.version), gpu_of(machine)
    best = best_member(family, machine, cuda=cuda)
    if member is None or best is None or _has(best, by_name) or _fits(family, by_name, machine):
        return
    held = [one for one in family.members if one.gpu == gpu and one.cuda and _has(one, by_name)]
    driver = machine.value("cuda-driver") or f"for CUDA {machine.value('cuda-driver-api')}"
    if gpu == "":
        summary = f"{pin.project} {pin.version} is for {_CALLED[member.gpu]}, and this machine has none."
    elif member.gpu == gpu:
        if not member.cuda or cuda_of_name(pin.project):
            return  # the name says it, so that it is derived and told with all others
        summary = f"{pin.project} {pin.version} is built for CUDA {member.cuda}, which the driver "
        summary += f"({driver}) does not run."
    elif gpu and held:
        summary = f"What {pin.project} {pin.version} has for CUDA {held[0].cuda} does not run on the driver "
        summary += f"({driver})."
    else:
        what = family.what or "is for another processor"
        summary = f"{pin.project} {pin.version} {what}, and this machine has {_CALLED[gpu]}."
    places = [who for who, _ in pin.asked]
    yield Finding(
        code=CODE,
        severity="warning" if gpu and member.gpu == gpu else "note",
        project=pin.project,
        summary=summary,
        remedy=_remedy(best, pin),
        evidence=tuple(places),
        facts=tuple(filter(None, (best.caution, f"known from {family.source}"))),
    )


def _has(best: Member, by_name: dict[NormalizedName, Pin]) -> bool:
    """Whether the set has that member: its project in such a version, its extra, or what the extra brings."""
    held = by_name.get(best.project)
    if held is None or held.version is None or not best.versions.contains(held.version, prereleases=True):
        return False
    if not (held.version.local or "").startswith(best.local):
        return False
    return not best.extras or best.extras <= set(held.extras) or any(one in by_name for one in best.shows)


def _fits(family: Family, by_name: dict[NormalizedName, Pin], machine: Machine) -> bool:
    """Whether another member, that the set has, is for the machine as well: an older CUDA runs too."""
    gpu = gpu_of(machine)
    return any(
        member.gpu == gpu
        and member.for_system(machine)
        and (not member.cuda or runs(machine, member.cuda) is not False)
        and _has(member, by_name)
        for member in family.members
    )


def _remedy(best: Member, pin: Pin) -> str:
    """What to type: in the user's own line where one asks for it, else what the line would have to be."""
    lines = [who for who, _ in pin.asked if ":" in who or who == "command line"]
    where = f" with `{best.where}`" if best.where else ""
    if best.project == pin.project and not best.extras and best.where and not best.versions:
        return f"use `{best.where}`"
    if lines:
        return f"ask for `{best.take}` instead{where}, in {lines[0]}"
    return f"`{best.take}`{where} is for this machine, but others ask for {pin.project}"


def _twice(family: Family, own: Sequence[Pin]) -> Finding:
    names = " and ".join(f"{pin.project} {pin.version}" for pin in own)
    return Finding(
        code=CODE,
        severity="warning",
        project=own[0].project,
        summary=f"{names} hold the same files: the one that is installed last overwrites the other.",
        remedy=f"keep one of them: {', '.join(f'`{pin.project}`' for pin in own)}",
        evidence=tuple(dict.fromkeys(who for pin in own for who, _ in pin.asked)),
        facts=(f"known from {family.source}",),
    )
