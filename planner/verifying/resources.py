"""Whether memory and disk bear the builds of a plan as they are planned; arithmetic over given facts."""

from __future__ import annotations

from collections.abc import Iterator

from planner.facts import Machine, Unknown
from planner.jobs import reserve_of, size
from planner.plan.openvalues import PlanFile
from planner.verifying.values import Told

__all__ = ["RESOURCES", "resources"]

RESOURCES = ("memory-available", "cores", "disk-free", "disk-free:tmp")
"""The facts that are asked for where anything is built."""

_MIB = 1 << 20


def resources(plan: PlanFile, machine: Machine, *, wheels: bool) -> Iterator[Told]:
    """What of memory and disk does not suffice. `wheels`: they are still to be installed."""
    yield from _memory(plan, machine)
    yield from _disk(plan, machine, wheels=wheels)


def _memory(plan: PlanFile, machine: Machine) -> Iterator[Told]:
    """The largest builds that run side by side: uv builds as many as there are cores (`planner.building`)."""
    loads = {
        f"{one.name} ({one.jobs} x {size(one.memory_per_job)})": one.jobs * one.memory_per_job
        for one in plan.builds
        if one.jobs and one.memory_per_job
    }
    if not loads:
        return
    fact, available = machine.fact("memory-available"), _number(machine, "memory-available")
    if available is None:
        why = fact.why if isinstance(fact, Unknown) else "it is no number"
        summary = f"Whether the memory bears the compile jobs of the plan is not known ({why})."
        yield Told("WP809", "warning", summary, remedy="say it: `--assume memory-available=8GiB`")
        return
    cores = plan.machine.get("cores")
    together = cores if isinstance(cores, int) and cores > 0 else len(loads)
    if dict(plan.variables).get("UV_CONCURRENT_BUILDS") == "1":
        together = 1
    largest = sorted(loads.items(), key=lambda item: (-item[1], item[0]))[:together]
    needed, room = sum(load for _, load in largest), max(0, available - reserve_of(available))
    if needed <= room:
        return
    names = ", ".join(name for name, _ in largest)
    summary = (
        f"The compile jobs of the plan take {size(needed)}: {names}; {size(room)} are free here "
        f"({size(available)} less what is left to the system)."
    )
    remedy = "free memory, or plan fewer jobs: `wheelplan check` on this machine"
    yield Told("WP807", "error", summary, remedy=remedy)


def _disk(plan: PlanFile, machine: Machine, *, wheels: bool) -> Iterator[Told]:
    """The room for what is fetched, as far as the plan knows sizes; what is unpacked takes more."""
    sdists = sum(one.size or 0 for package in plan.builds for one in package.files) // _MIB
    fetched = sum(one.size or 0 for package in plan.packages for one in package.wheels) // _MIB
    for name, needed, what in (
        ("disk-free:tmp", sdists, "the sources that are built"),
        ("disk-free", fetched if wheels else 0, "the wheels of the plan"),
    ):
        free = _number(machine, name)
        if needed and free is not None and free < needed:
            summary = f"Of the disk, {size(free)} are free, and {what} alone take {size(needed)}."
            yield Told("WP808", "error", summary, remedy="free some, or set TMPDIR to a larger disk")


def _number(machine: Machine, name: str) -> int | None:
    value = machine.value(name)
    return int(value) if value and value.isascii() and value.isdecimal() else None
