"""The commands that carry a phase out from requirements files with hashes; quotes nothing, and runs nothing.

As `planner.installing` does it, but for pip of any age: a script meets pips that read no lock.
"""

from __future__ import annotations

from collections.abc import Iterator

from planner.exporters.lines import folders_of, local, pinned, safe_path, urls_of
from planner.plan.opened import PlanFile
from planner.plan.phases import Phase
from planner.plan.recipe import Program

__all__ = ["file_lines", "index_words"]


def file_lines(phase: Phase, folder: str) -> tuple[str, ...]:
    """The lines of a phase's requirements file; () where nothing in it has a hash."""
    return tuple(line for one in phase.packages if not local(one) for line in pinned(one, folder))


def index_words(plan: PlanFile, folder: str, program: Program) -> tuple[str, ...]:
    """Where uv or pip finds the plan's files and build requirements, as words of the command."""
    return tuple(_index_words(plan, folder, program))


def _index_words(plan: PlanFile, folder: str, program: Program) -> Iterator[str]:
    default, *others = urls_of(plan) or ("",)
    if default:
        yield from ("--default-index" if program == "uv" else "--index-url", default)
    else:
        yield "--no-index"
    for url in others:
        yield from ("--index" if program == "uv" else "--extra-index-url", url)
    own = (safe_path(one.path, folder) for one in plan.indexes if one.path)
    for path in sorted({*folders_of(plan.packages, folder), *own}):
        yield from ("--find-links", path)
    if others and program == "uv":  # as pip: the hashes say which file of which index it is
        yield from ("--index-strategy", "unsafe-best-match")
