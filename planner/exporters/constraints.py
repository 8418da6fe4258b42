"""The pins of a plan as constraints, for requirements that others resolve; knows no files and no hashes."""

from __future__ import annotations

from collections.abc import Iterator

from planner.exporters.lines import pin
from planner.exporters.port import Asked
from planner.exporters.words import comment
from planner.plan.opened import PlanFile

__all__ = ["HERE", "export"]

HERE = False


def export(plan: PlanFile, asked: Asked) -> str:
    """`name==version`, a line each; a directory or repository without a version stands in a comment."""
    return "\n".join(_lines(plan, asked)) + "\n"


def _lines(plan: PlanFile, asked: Asked) -> Iterator[str]:
    yield f"# From {comment(asked.plan)}, by `wheelplan export --format constraints`; for `-c` of pip and uv."
    for package in sorted(plan.packages, key=lambda one: one.name):
        yield pin(package) or f"# {package.name} is a directory or a repository, without a version"
