"""A plan's Python and wheels against the facts of a machine: what does not fit, and why; asks no machine."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from planner.dists import Row, Wheel
from planner.facts import Machine
from planner.plan.openvalues import PlanFile, PlannedFile
from planner.probes.own import Own
from planner.tags import Supported, supported_tags
from planner.verifying.quick import Quick
from planner.verifying.values import Told

__all__ = ["misfits"]

_ELSEWHERE = "make a plan for this machine: `wheelplan check`"


def misfits(plan: PlanFile, machine: Machine, own: Own | None) -> Iterator[Told]:
    """What of Python, system, architecture and wheels does not fit. Raises MachineError without a libc."""
    python = list(_python(plan, machine))
    wheels = list(_wheels(plan, machine, own))
    yield from python
    if python and len(wheels) > 1:  # they all miss for one reason, which is told
        first = wheels[0]
        summary = f"{len(wheels)} wheels do not fit this machine; the first: {first.summary}"
        yield first._replace(summary=summary, project="")
    else:
        yield from wheels


def _python(plan: PlanFile, machine: Machine) -> Iterator[Told]:
    """The interpreter: its version, and the system, architecture and implementation that it is for."""
    full = machine.markers["python_full_version"]
    try:
        fits = SpecifierSet(plan.requires_python).contains(full, prereleases=True)
        markers = [Marker(text) for text in plan.environments]
        here = {**machine.markers, "extra": ""}
        environment = not markers or any(marker.evaluate(here) for marker in markers)
    except (InvalidSpecifier, InvalidMarker, UndefinedEnvironmentName, UndefinedComparison, ValueError):
        summary = "The plan's `requires-python` or `environments` cannot be understood."
        yield Told("WP802", "warning", summary, remedy="make the plan again: `wheelplan check`")
        return
    if not fits:
        summary = f"The plan is for Python {plan.requires_python}, and here is {full}."
        remedy = f"use a Python that is {plan.requires_python} (`--python PATH`), or {_ELSEWHERE}"
        yield Told("WP802", "error", summary, remedy=remedy)
    if not environment:
        names = ("sys_platform", "platform_machine", "implementation_name")
        told = ", ".join(machine.markers[name] for name in names)
        summary = f"The plan is for {' or '.join(plan.environments)}; here is {told}."
        yield Told("WP802", "error", summary, remedy=_ELSEWHERE)


def _wheels(plan: PlanFile, machine: Machine, own: Own | None) -> Iterator[Told]:
    """Every wheel that does not fit, with its nearest miss."""
    files = [(one, file) for one in plan.packages if not one.kind for file in one.files]
    if own is not None:
        quick = Quick(own.facts)
        files = [(one, file) for one, file in files if not quick.proves(file.name)]
    if not files:
        return
    supported = supported_tags(machine)
    fitting = {one.name for one, file in files if not _misfit(file, supported)}
    for one, file in files:
        why = _misfit(file, supported)
        if why and one.name not in fitting:
            summary = f"{file.name} does not fit this machine: {why}."
            yield Told("WP801", "error", summary, project=one.name, remedy=_ELSEWHERE)


def _misfit(file: PlannedFile, supported: Supported) -> str:
    """Why a wheel does not fit; "" when it does."""
    try:
        project, version, build, tags = parse_wheel_filename(file.name)
    except (InvalidWheelFilename, ValueError):
        return "it is no name of a wheel"
    wheel = Wheel(
        row=Row(file.name, file.url), project=project, version=version, build=build, tags=tags, index=""
    )
    misfit = supported.misfit(wheel)
    return misfit.detail if misfit is not None else ""
