"""The variables of source builds as exports of a shell, for this machine; knows no installer.

`eval "$(wheelplan export --format env)"` before an installation, or `--for PROJECT` before each build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.errors import PlanError
from planner.exporters.port import Asked
from planner.exporters.variables import setting_here, variables_here
from planner.exporters.words import assignment, comment
from planner.knowledge.costs import costs
from planner.plan.opened import PlanFile, PlannedPackage

__all__ = ["HERE", "SETTING", "export"]

HERE = True
SETTING = "WHEELPLAN_CONFIG_SETTING"
"""What `--for PROJECT` puts a build's config setting into: pip and uv have no common variable for it."""


def export(plan: PlanFile, asked: Asked) -> str:
    """Exports for all builds together, each build's own in comments; with `project`, those of that build."""
    return "\n".join(_lines(plan, asked)) + "\n"


def _lines(plan: PlanFile, asked: Asked) -> Iterator[str]:
    yield f"# From {comment(asked.plan)}, by `wheelplan export --format env`. {_machine(asked)}"
    for name, value in plan.variables:
        yield assignment(name, value)
    if asked.project:
        yield from _own(plan, asked)
        return
    builds = [one for one in plan.builds if one.environment or one.config_settings]
    found: dict[str, set[str]] = {}
    told: list[str] = []
    for build in builds:
        variables = variables_here(plan, build, asked)
        for name, value in variables:
            found.setdefault(name, set()).add(value)
        told += [f"# {build.name}: {comment(assignment(name, value))}" for name, value in variables]
        if build.config_settings:
            told.append(f"# {build.name}: --config-settings {comment(setting_here(plan, build, asked))}")
    for name, values in sorted(found.items()):
        least = _least(name, values)
        if least:
            yield assignment(name, least)
    if len(builds) > 1 or any(one.config_settings for one in builds):
        yield "# Each build by itself (`--for PROJECT` exports them):"
        yield from told


def _machine(asked: Asked) -> str:
    if asked.memory is None or asked.cores is None:
        return "As planned: this machine does not tell its memory and cores."
    return f"Here are {asked.cores} cores and {asked.memory} MiB."


def _least(name: str, values: set[str]) -> str:
    """What suits all builds: the fewest jobs; "" where they want different things."""
    if len(values) == 1:
        return next(iter(values))
    if name not in costs().variables:
        return ""
    return min(values, key=lambda value: int(re.sub(r"\D", "", value) or 0))


def _own(plan: PlanFile, asked: Asked) -> Iterator[str]:
    build: PlannedPackage | None = plan.package(asked.project)
    if build is None:
        raise PlanError(f"The plan has no {comment(asked.project)}.", where=plan.where)
    for name, value in variables_here(plan, build, asked):
        yield assignment(name, value)
    if build.config_settings:
        yield assignment(SETTING, setting_here(plan, build, asked))
