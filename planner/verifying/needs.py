"""The needs that a plan holds against facts: which count for a role, and what is told of those not met.

Knows sentences and remedies; must not ask a machine (`planner.verifying.machine` does).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from planner.dists import parse_version
from planner.facts import Absent, Fact, Known, Machine, Unknown, is_name
from planner.plan.openvalues import PlanFile, PlannedNeed, PlannedPrerequisite
from planner.prerequisites.deciding import decide, subjects_of
from planner.verifying.driver import DRIVER, GPU, Seen, driver_told, gpus_of
from planner.verifying.paper import NVCC
from planner.verifying.values import Told, VerifyRequest

__all__ = ["Asked", "asked_of", "told_of"]


class Asked(NamedTuple):
    """A need that counts, `who` has it, and the ways to meet it. `without`: the loss where it may lack."""

    need: str
    specifier: str
    role: str
    who: str
    ways: tuple[str, ...]
    because: str = ""
    without: str = ""

    @property
    def subjects(self) -> tuple[str, ...]:
        """The facts that decide it."""
        gpus = ("gpu:0",) if self.need in (DRIVER, GPU) else ()
        return (*subjects_of(self.ways), *gpus)


def asked_of(plan: PlanFile, request: VerifyRequest) -> tuple[Asked, ...]:
    """The needs of a role: those of the builds, of what runs, and of the set as a whole."""
    return tuple(_asked(plan, request))


def _asked(plan: PlanFile, request: VerifyRequest) -> Iterator[Asked]:
    told: set[tuple[str, str]] = set()
    for package in plan.builds:
        who = f"{package.name} {package.version}".strip()
        for need in package.needs:
            told.add((package.name, need.need))
            if request.runs if need.role == "run" else request.builds:
                yield _of(need, who)
    if not request.runs:
        return
    for row in plan.prerequisites:  # those of wheels stand here alone
        who = ", ".join(name for name in row.needed_by if (name, row.need) not in told)
        if row.role == "run" and who:
            need = PlannedNeed(row.need, row.specifier, row.role, "", row.without, row.facts)
            yield _of(need, who)
    for need in plan.run_needs:
        yield _of(need, "the set")


def _of(need: PlannedNeed, who: str) -> Asked:
    ways = need.facts if need.facts is not None else _ways(need)
    return Asked(need.need, need.specifier, need.role, who, ways, need.because, need.without)


def _ways(need: PlannedNeed) -> tuple[str, ...]:
    """The facts that decide a need of which the plan does not tell them: by our tables."""
    if is_name(need.need):
        return (need.need,)
    if need.need == GPU:
        return (DRIVER,)
    from planner.needs import Need  # noqa: PLC0415 (an older plan's need: the tables take 20 ms)
    from planner.prerequisites.states import ways_of  # noqa: PLC0415

    return ways_of(Need(subject=need.need, role="run" if need.role == "run" else "build"))


def told_of(asked: Sequence[Asked], plan: PlanFile, machine: Machine) -> Iterator[Told]:
    """What is told of each need that is not met here, or of which one cannot say whether it is."""
    for one in asked:
        if one.need == DRIVER:
            yield from _driver(one, asked, plan, machine)
        elif one.need == GPU:
            yield from _gpus(one, plan, machine)
        else:
            yield from _judged(one, plan, machine)


def _specifier(one: Asked) -> SpecifierSet | None:
    try:
        return SpecifierSet(one.specifier)
    except InvalidSpecifier:
        return None


def _judged(one: Asked, plan: PlanFile, machine: Machine) -> Iterator[Told]:
    specifier = _specifier(one)
    state, found = (
        ("unknown", "its versions cannot be understood")
        if specifier is None
        else decide(one.ways, specifier, machine)
    )
    if state == "present":
        return
    row = next((row for row in plan.prerequisites if row.need == one.need), None)
    name = row.name if row is not None else one.need.partition(":")[2] or one.need
    what = f"{name} {one.specifier}".rstrip()
    asks = f"{one.who} needs {what}" + (" when it runs" if one.role == "run" else " to be built")
    remedy = _install(row, machine) or _toolkit(one)
    evidence = (one.because,) if one.because else ()
    if one.without:
        doubt = f" unless it is here, which is not known ({found})" if state == "unknown" else ""
        summary = f"{one.who} does without {what}{doubt}: {one.without}."
        yield Told("WP805", "note", summary, _project(one), remedy, (), evidence)
        return
    code = "WP806" if one.role == "run" else "WP805"
    if state == "unknown":
        summary = f"{asks}; whether it is here is not known ({found})."
        yield Told("WP809", "warning", summary, _project(one), remedy, (), evidence)
    elif state == "too-old":
        yield Told(code, "error", f"{asks}; here is {found}.", _project(one), remedy, (), evidence)
    else:
        yield Told(code, "error", f"{asks}: not found here.", _project(one), remedy, (), evidence)


def _project(one: Asked) -> str:
    return one.who.partition(" ")[0].rstrip(",") if one.who != "the set" else ""


def _toolkit(one: Asked) -> str:
    """Where the package manager has no CUDA toolkit of that version, and NVIDIA has."""
    which = f"a CUDA toolkit {one.specifier}".rstrip()
    return f"install {which} and set `CUDA_HOME` to it" if one.need == NVCC else ""


def _install(row: PlannedPrerequisite | None, machine: Machine) -> str:
    """The command that installs it here, where the plan names this manager's packages."""
    manager = machine.value("package-manager") or ""
    known = "dnf" if manager == "yum" else manager
    packages = row.packages.get(known, ()) if row is not None else ()
    if row is not None and not packages and row.brought_by and known == "apt":
        packages = (row.brought_by,)
    if not packages:
        return ""
    from planner.prerequisites.states import command_of  # noqa: PLC0415 (only what lacks is installed)

    return command_of(packages, machine)


def _driver(one: Asked, asked: Sequence[Asked], plan: PlanFile, machine: Machine) -> Iterator[Told]:
    specifier = _specifier(one)
    state, found = (
        ("unknown", "its versions cannot be understood")
        if specifier is None
        else decide(one.ways, specifier, machine)
    )
    fact = machine.fact(DRIVER)
    if isinstance(fact, Absent):
        seen = Seen("absent")
    elif state == "unknown":
        seen = Seen("unknown", fact.why if isinstance(fact, Unknown) else found)
    else:
        seen = Seen("good" if state == "present" else "old", machine.value(DRIVER) or "")
    need = PlannedNeed(one.need, one.specifier, one.role, one.because, one.without)
    told = any(
        one.severity == "error" for gpus in asked if gpus.need == GPU for one in _gpus(gpus, plan, machine)
    )
    gpu = Seen("told") if told else _gpu(machine.fact("gpu:0"))
    yield from driver_told(plan, need, seen, gpu)


def _gpus(one: Asked, plan: PlanFile, machine: Machine) -> Iterator[Told]:
    """GPUs for which the set has no code; without a driver there is none to speak of."""
    if not isinstance(machine.fact(DRIVER), Known):
        return
    asks = f"The set has code for GPUs of compute capability {one.specifier}"
    evidence = (one.because,) if one.because else ()
    specifier, first = _specifier(one), machine.fact("gpu:0")
    numbered = (name for name in machine.facts if re.fullmatch(r"gpu:\d+", name))
    here = {value: parse_version(value) for name in numbered if (value := machine.value(name))}
    if specifier is None or None in here.values():
        first = Unknown("its versions cannot be understood")
    if isinstance(first, Unknown):
        if not gpus_of(plan):  # else it is told with the GPU that the plan was made for
            summary = f"{asks}; which is here is not known ({first.why})."
            yield Told("WP809", "warning", summary, "", "mend `nvidia-smi`", (), evidence)
        return
    helpless = [text for text, version in here.items() if version and specifier and version not in specifier]
    if helpless:
        severity = "error" if len(helpless) == len(here) else "note"
        summary = f"{asks}; here is {', '.join(helpless)}."
        yield Told("WP806", severity, summary, "", "make a plan for it: `wheelplan check`", (), evidence)


def _gpu(fact: Fact) -> Seen:
    if isinstance(fact, Known):
        return Seen("good", fact.value)
    return Seen("absent") if isinstance(fact, Absent) else Seen("unknown", fact.why)
