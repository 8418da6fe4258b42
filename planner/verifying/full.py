"""A plan's wheels, Python and needs against the facts of a machine; finds no fact out itself."""

from __future__ import annotations

from collections.abc import Mapping

from planner.facts import Machine
from planner.plan.openvalues import PlanFile
from planner.probes.own import Own
from planner.verifying.machine import machine_of
from planner.verifying.needs import asked_of, told_of
from planner.verifying.resources import RESOURCES, resources
from planner.verifying.values import Told, VerifyRequest

__all__ = ["judged"]


def judged(
    plan: PlanFile, request: VerifyRequest, own: Own | None, environ: Mapping[str, str], *, fits: bool
) -> tuple[str, list[Told]]:
    """(the machine as a phrase, what differs). `fits`: that Python and wheels fit is proven already.

    Raises MachineError where too little is known of the machine.
    """
    asked = asked_of(plan, request)
    subjects = [name for one in asked for name in one.subjects]
    builds = request.builds and bool(plan.builds)
    subjects += RESOURCES if builds else ()
    machine = machine_of(request, own, subjects, environ)
    told: list[Told] = []
    if not fits:
        from planner.verifying.fitting import misfits  # noqa: PLC0415 (20 ms)

        told += misfits(plan, machine, own)
    told += told_of(asked, plan, machine)
    if builds:
        told += resources(plan, machine, wheels=request.role == "build")
    return _phrase(machine), told


def _phrase(machine: Machine) -> str:
    libc = next((f", {name} {machine.value(name)}" for name in ("glibc", "musl") if machine.value(name)), "")
    python, system, arch = (machine.value(name) or "?" for name in ("python", "os", "arch"))
    return f"Python {python}, {system} {arch}{libc}"
