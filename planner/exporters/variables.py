"""The variables of builds for another machine than the plan's: fewer jobs where it bears fewer, never more.

Arithmetic over given numbers; asks no machine. A plan that does not tell what a job takes is taken at its
word: as much as the planned machine had for each of its jobs.
"""

from __future__ import annotations

import re

from planner.exporters.port import Asked
from planner.jobs import reserve_of
from planner.knowledge.costs import costs
from planner.plan.opened import PlanFile, PlannedPackage

__all__ = ["jobs_here", "setting_here", "variables_here"]

_NUMBER = re.compile(r"(?P<start>(?:[\w-]+=)?(?:-j)?)(?P<jobs>[1-9]\d{0,5})\Z")
_SIZE = re.compile(r"(\d{1,9}) (GiB|MiB)\Z")


def jobs_here(plan: PlanFile, build: PlannedPackage, planned: int, asked: Asked) -> int:
    """How many of the planned jobs of a build this machine bears; all where that is not known."""
    jobs = planned
    if asked.cores is not None:
        jobs = min(jobs, asked.cores)
    if asked.memory is not None:
        room = asked.memory - reserve_of(asked.memory)
        if build.memory_per_job:
            jobs = min(jobs, room // _at_once(plan, build, asked) // build.memory_per_job)
        elif told := _told(plan, planned):  # counts the builds at once in
            jobs = min(jobs, room // told)
    return max(1, jobs)


def _at_once(plan: PlanFile, build: PlannedPackage, asked: Asked) -> int:
    """How many builds share the memory: uv builds as many side by side as there are cores.

    https://docs.astral.sh/uv/reference/environment/#uv_concurrent_builds
    """
    if not build.isolated or ("UV_CONCURRENT_BUILDS", "1") in plan.variables:
        return 1
    together = sum(one.isolated and bool(one.memory_per_job) for one in plan.builds)
    return max(1, min(together, asked.cores or together))


def _told(plan: PlanFile, planned: int) -> int:
    """The most that a job can have been thought to take, in MiB; 0 where the plan does not tell."""
    size = _SIZE.match(str(plan.machine.get("memory-available", "")))
    if size is None:
        return 0
    memory = int(size[1]) * (1024 if size[2] == "GiB" else 1)
    return max(1, (memory - reserve_of(memory)) // planned)


def variables_here(plan: PlanFile, build: PlannedPackage, asked: Asked) -> tuple[tuple[str, str], ...]:
    """The variables of one build on this machine; those that count no jobs are the plan's."""
    return tuple(
        (name, _here(plan, build, value, asked) if name in costs().variables else value)
        for name, value in build.environment
    )


def setting_here(plan: PlanFile, build: PlannedPackage, asked: Asked) -> str:
    """The config setting of the backend that counts its jobs, on this machine ("": there is none)."""
    return _here(plan, build, build.config_settings, asked)


def _here(plan: PlanFile, build: PlannedPackage, value: str, asked: Asked) -> str:
    match = _NUMBER.match(value)
    if match is None:
        return value
    return f"{match['start']}{jobs_here(plan, build, int(match['jobs']), asked)}"
