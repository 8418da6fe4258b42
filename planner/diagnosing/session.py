"""One diagnosis: a log and a machine -> what is told; reads the log and asks the machine, prints nothing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from packaging.utils import canonicalize_name

from planner.diagnosing.causes import Diagnosis, diagnose
from planner.diagnosing.reading import read_log
from planner.diagnosing.telling import needs_of, requirement_of, told
from planner.facts import Machine
from planner.findings import Finding
from planner.prerequisites.joining import subjects_to_look_for
from planner.prerequisites.states import packages_to_ask, prerequisites
from planner.probes.host import LocalHost
from planner.request import MachineRequest, World
from planner.target import look_locally, machine_for

__all__ = ["Report", "diagnose_log", "diagnosed_json", "told_lines"]

_NOBODY = canonicalize_name("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a log came to: findings, or that nothing failed (`well`). `log` is how it was named.

    `asked` are the builds that lacked something: `check` tells all that they need, a log the first thing.
    `system` is the one that the log is of, where it is not this one.
    """

    log: str
    findings: tuple[Finding, ...] = ()
    asked: tuple[str, ...] = ()
    well: bool = False
    system: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a cause for every failure."""
        return bool(self.findings) and all(one.code != "WP706" for one in self.findings)

    @property
    def exit_code(self) -> int:
        """0: nothing failed; 1: the causes are known; 2: they are not, or not all."""
        return 0 if self.well else 1 if self.known else 2


def diagnose_log(name: str, request: MachineRequest, world: World) -> Report:
    """Diagnose a file, or the standard input where its name is "-". Raises InputError, MachineError."""
    diagnosis = diagnose(*read_log(name, world))
    if diagnosis.well or not diagnosis.failed:
        return Report(log=name, well=diagnosis.well)
    elsewhere = _elsewhere(diagnosis.system, request, world)
    machine = _looked_up(diagnosis, elsewhere or request, world)
    findings, asked = dict[Finding, None](), dict[str, None]()
    for failed in diagnosis.failed:
        found = told(failed, machine, name)
        findings |= dict.fromkeys(found)
        if failed.failure.project and any(one.code in ("WP201", "WP202") for one in found):
            asked[shlex.quote(requirement_of(failed))] = None
    system = diagnosis.system if elsewhere else ""
    return Report(log=name, findings=tuple(findings), asked=tuple(asked), system=system)


_OF_ANOTHER = MappingProxyType(
    {
        "windows": ("windows", ("package-manager=winget",)),
        "darwin": ("macos", ("package-manager=brew",)),
        "linux": ("linux", ()),
    }
)
"""The platform, and what is assumed of it, where a log is of another system than this."""


def _elsewhere(system: str, request: MachineRequest, world: World) -> MachineRequest | None:
    """The machine that a log is of, as far as its lines tell, where it is not this one and none was named."""
    if not system or request.file or request.platform or request.assume:
        return None
    if LocalHost(world.environ).system.os == system:
        return None
    platform, assume = _OF_ANOTHER[system]
    return replace(request, platform=platform, assume=assume)


def _looked_up(diagnosis: Diagnosis, request: MachineRequest, world: World) -> Machine:
    """The machine, with what decides the needs that the log tells of, and the packages that meet them."""
    machine = machine_for(request, world)
    needs = tuple(need for one in diagnosis.failed for need in needs_of(one))
    missing = [name for name in subjects_to_look_for(needs) if name not in machine.facts]
    if missing:
        machine = replace(machine, facts={**machine.facts, **look_locally(request, world, machine, missing)})
    found = [one for need in needs for one in prerequisites(_NOBODY, (need,), machine)]
    packages = packages_to_ask(found, machine)
    if packages:
        offered = look_locally(request, world, machine, (), packages)
        machine = replace(machine, facts={**machine.facts, **offered})
    return machine


def told_lines(report: Report, *, quiet: bool = False) -> Iterator[str]:
    """The report for people: each cause, the line that tells it, and what to type."""
    if report.well:
        if not quiet:
            yield f"{report.log}: nothing failed, as the installer says at its end."
        return
    if not report.findings:
        yield f"{report.log}: no line of it is of a build that failed."
        return
    for one in report.findings:
        word = "error" if one.severity == "error" else "doubt"
        yield f"{word} {one.code}: {one.summary}"
        said, *facts = one.facts or ("",)
        if said:
            yield f"  {one.evidence[0]}: {said}"
        yield from (f"  {fact}" for fact in facts)
        if one.remedy:
            yield f"  -> {one.remedy}"
    if report.system and not quiet:
        system = {"windows": "Windows", "darwin": "macOS", "linux": "Linux"}[report.system]
        yield f"The log is of {system}; `--machine FILE` says what that machine has."
    if report.asked and not quiet:
        asked = " ".join(report.asked)
        yield f"A build stops at the first thing that lacks: `wheelplan check {asked}` tells all of them."


def diagnosed_json(report: Report) -> dict[str, Any]:
    """The report for programs, with keys that are stable."""
    from planner.jsonform import finding_json  # noqa: PLC0415 (people are told without it)

    return {
        "schema": 1,
        "verdict": "nothing-failed" if report.well else "known" if report.known else "unknown",
        "exit-code": report.exit_code,
        "log": report.log,
        "findings": [finding_json(one) for one in report.findings],
    }
