"""The needs of all source builds of a set against one machine: what lacks, how many jobs, which order.

Joins knowledge, prerequisites, build environments and jobs; must not fetch, and asks through `look` alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.assess import SourceBuild
from planner.building.environments import BuildEnvironment
from planner.building.findings import build_findings, runtime_findings
from planner.building.readiness import Look, Readiness, Ready
from planner.dists import Pin, SdistReading, Tree, Wheel, parse_requirement
from planner.facts import Machine
from planner.jobs import Jobs, jobs_for
from planner.knowledge.projects import needs_of, project, projects
from planner.loads import load_of
from planner.needs import Inspection, Need
from planner.prerequisites.joining import subjects_to_look_for
from planner.prerequisites.merging import merged
from planner.prerequisites.states import (
    Prerequisite,
    command_of,
    packages_to_ask,
    prerequisites,
)

__all__ = ["make_ready"]


@dataclass(slots=True)
class _Case:
    """A build with what is known of it, while it is worked on."""

    build: SourceBuild
    inspection: Inspection
    needs: tuple[Need, ...]
    own: tuple[Prerequisite, ...] = ()


def make_ready(
    builds: Sequence[SourceBuild],
    readings: Mapping[NormalizedName, SdistReading],
    pins: Sequence[Pin],
    environments: Mapping[NormalizedName, BuildEnvironment],
    *,
    machine: Machine,
    look: Look,
    unisolated: frozenset[str],
) -> Ready:
    """Hold the needs of all builds against the machine. `unisolated` are projects built without isolation."""
    cases = []
    for build in builds:
        reading = readings.get(build.project)
        inspection = reading.inspection if reading is not None else None
        if inspection is None:
            inspection = Inspection()
        needs = _needs(build.project, build.version, inspection.needs)
        needs = _without_wheels(needs, environments.get(build.project))
        if build.native is False:
            needs = tuple(need for need in needs if need.role == "run" or _external(need))
        cases.append(_Case(build, inspection, needs))
    run = {pin.project: needs for pin in pins if (needs := _run_needs(pin))}
    machine = _looked_up(machine, look, [*((c.build.project, c.needs) for c in cases), *run.items()])
    for case in cases:
        case.own = prerequisites(case.build.project, case.needs, machine)
    runtime = [
        (pin, prerequisites(pin.project, run[pin.project], machine)) for pin in pins if pin.project in run
    ]
    listed = [one for case in cases for one in case.own if one.listed]
    together = merged((*listed, *(one for _, found in runtime for one in found)), machine)
    native = [case for case in cases if case.build.native is not False and case.inspection.engine]
    jobs, variables = _all_jobs(native, machine)
    by_name = {pin.project: pin for pin in pins}
    made = [
        _readiness(case, environments.get(case.build.project), jobs, by_name, unisolated) for case in cases
    ]
    wanted = [name for one in together for name in one.install]
    command = command_of(wanted, machine)
    findings = [
        found
        for case, one in zip(cases, made, strict=True)
        for found in build_findings(case.build, one, pins, machine, unisolated)
    ]
    findings += [found for pin, own in runtime for found in runtime_findings(pin, own, machine)]
    return Ready(
        machine=machine,
        builds=tuple(made),
        prerequisites=together,
        command=command,
        variables=variables,
        findings=tuple(findings),
    )


def _without_wheels(needs: tuple[Need, ...], environment: BuildEnvironment | None) -> tuple[Need, ...]:
    """Without the programs that wheels of the build environment bring: cython, cmake, ninja, meson, swig."""
    brought = {f"program:{pin.project}" for pin in environment.pins} if environment is not None else set()
    return tuple(need for need in needs if need.subject not in brought)


def _external(need: Need) -> bool:
    """Whether the project itself names the need (PEP 725), so that it holds for a pure build as well."""
    return any(evidence.text.startswith("external.") for evidence in need.because)


def _needs(project: NormalizedName, version: Version | None, needs: tuple[Need, ...]) -> tuple[Need, ...]:
    """The needs that inspectors found, corrected and completed by what is known of the project."""
    return needs if version is None else needs_of(project, version, needs)


def _run_needs(pin: Pin) -> tuple[Need, ...]:
    """The libraries that a pure wheel opens when it runs; one for a platform has brought its own."""
    if not isinstance(pin.dist, Wheel) or pin.project not in projects():
        return ()
    if not any(tag.platform == "any" for tag in pin.dist.tags):
        return ()
    return tuple(need for need in _needs(pin.project, pin.version, ()) if need.role == "run")


def _looked_up(
    machine: Machine, look: Look, needs: Sequence[tuple[NormalizedName, tuple[Need, ...]]]
) -> Machine:
    """The machine with the facts that decide the needs, and then with the packages that could meet them."""
    subjects = subjects_to_look_for(need for _, own in needs for need in own)
    missing = [name for name in subjects if name not in machine.facts]
    if missing:
        machine = replace(machine, facts={**machine.facts, **look(missing, ())})
    found = [one for project, own in needs for one in prerequisites(project, own, machine)]
    packages = packages_to_ask(found, machine)
    if packages:
        machine = replace(machine, facts={**machine.facts, **look((), packages)})
    return machine


def _number(machine: Machine, name: str) -> int | None:
    value = machine.value(name)
    return int(value) if value and value.isascii() and value.isdecimal() else None


def _rounded(mebibytes: int) -> int:
    """Free memory changes from run to run: in whole GiB (128 MiB below one) a plan stays the same."""
    step = 1024 if mebibytes >= 1024 else 128
    return mebibytes // step * step


def _all_jobs(
    cases: Sequence[_Case], machine: Machine
) -> tuple[dict[NormalizedName, Jobs], tuple[tuple[str, str], ...]]:
    """The jobs of every build. uv builds as many sdists side by side as there are cores, pip one by one.

    Where a build has no room beside the others, they are better built one after the other.
    https://docs.astral.sh/uv/reference/environment/#uv_concurrent_builds
    """
    available, cores = _number(machine, "memory-available"), _number(machine, "cores")
    if available is None or cores is None or not cases:
        return {}, ()
    available = _rounded(available)
    loads = {case.build.project: load_of(case.build.project, case.inspection) for case in cases}
    at_once = max(1, min(cores, len(cases)))
    jobs = {
        name: jobs_for(load, available=available, cores=cores, at_once=at_once)
        for name, load in loads.items()
    }
    if at_once == 1 or all(one.fits for one in jobs.values()):
        return jobs, ()
    alone = {name: jobs_for(load, available=available, cores=cores) for name, load in loads.items()}
    return alone, (("UV_CONCURRENT_BUILDS", "1"),)


def _readiness(
    case: _Case,
    environment: BuildEnvironment | None,
    jobs: Mapping[NormalizedName, Jobs],
    planned: Mapping[NormalizedName, Pin],
    unisolated: frozenset[str],
) -> Readiness:
    known = project(case.build.project)
    dists = [need for need in case.needs if need.subject.startswith("dist:")]
    undeclared = tuple(need for need in dists if need.strength == "required" and need.role == "build")
    names = {canonicalize_name(need.subject.partition(":")[2]) for need in undeclared}
    accepted = bool(unisolated & {":all:", case.build.project})
    if (accepted or undeclared) and environment is not None:
        # Without isolation nobody installs the build requirements, and those of the plan serve.
        asked = map(parse_requirement, environment.requires)
        names |= {canonicalize_name(one.name) for one in asked if one is not None}
    downloads = [
        f"{need.subject.partition(':')[2]} ({need.because[0].where})" if need.because else need.subject[8:]
        for need in case.needs
        if need.subject.startswith("network:")
    ]
    return Readiness(
        project=case.build.project,
        prerequisites=tuple(one for one in case.own if one.listed),
        features=tuple(one for one in case.own if not one.listed),
        environment=environment,
        jobs=jobs.get(case.build.project),
        undeclared=undeclared,
        unisolated=accepted,
        install_after=tuple(sorted(name for name in names if name in planned)),
        downloads=tuple(dict.fromkeys(downloads)),
        sizes=tuple(_sizes(planned.get(case.build.project), environment)),
        doubts=tuple(dict.fromkeys(str(doubt) for doubt in case.inspection.doubts)),
        note=known.note if known is not None else "",
    )


def _sizes(pin: Pin | None, environment: BuildEnvironment | None) -> Iterator[tuple[str, int]]:
    """The bytes that the index tells of the sdist and of what builds it."""
    if pin is not None and not isinstance(pin.dist, Tree):
        yield "sdist", pin.dist.row.size or 0
    if environment is not None:
        files = (one.dist for one in environment.pins)
        yield "build requirements", sum(file.row.size or 0 for file in files if not isinstance(file, Tree))
