"""A build followed through setup.py and the commands of setuptools on an imagined machine; nothing is run.

It is done once with everything there, and again with things taken away: what stops it then is what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from planner.sdist.archive import SdistFiles
from planner.sdist.expressions import BudgetError
from planner.sdist.flow import Left, Raised, Returned, Stop
from planner.sdist.rehearsal.building import MAX_STEPS, Rehearsal
from planner.sdist.rehearsal.compiling import Compiled
from planner.sdist.rehearsal.imagined import Asked, Machine
from planner.sdist.rehearsal.modules import Trees
from planner.sdist.rehearsal.surroundings import Surroundings
from planner.sdist.values import Extension

__all__ = ["Outcome", "Script", "rehearse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a rehearsal ended.

    `stop` is the error that surely ends it, `whole` is False when it was cut off. `silent` are programs
    whose failure raises nothing, `checked` those whose output something is made to depend on. `lost` are
    phrases for what is computed, by place. `set_up` says that the way surely leads to `setup()`.
    """

    stop: Stop | None
    asked: Mapping[str, Asked]
    compiled: tuple[Compiled, ...]
    extensions: tuple[Extension, ...]
    floors: Mapping[str, tuple[str, str]]
    scripts: Mapping[str, str]
    lost: Mapping[str, str]
    whole: bool
    steps: int
    declared: frozenset[str] = field(default_factory=frozenset)
    silent: frozenset[str] = frozenset()
    checked: frozenset[str] = frozenset()
    set_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is rehearsed. `available` are modules that build requirements bring, `options` is setup.cfg.

    `modules` are the extensions that pyproject.toml names, `backend` is that of the sdist's own, with the
    folders that it is looked for in. `trees` keeps what was parsed for the next time, `steps` is the budget.
    """

    files: SdistFiles
    markers: Mapping[str, str]
    available: frozenset[str]
    options: Mapping[str, Mapping[str, str]]
    modules: Sequence[Mapping[str, Any]] = ()
    backend: str = ""
    places: tuple[str, ...] = ()
    trees: Trees = field(default_factory=Trees)
    steps: int = MAX_STEPS


def rehearse(script: Script, machine: Machine) -> Outcome:
    """Follow the build on a machine; never raises."""
    world = Surroundings(script.markers, script.files, script.available, machine)
    options = {name: dict(table) for name, table in script.options.items()}
    rehearsal = Rehearsal(world, options, script.trees)
    rehearsal.modules, rehearsal.most = script.modules, script.steps
    whole = rehearsal.tree("setup.py") is not None
    try:
        rehearsal.build(script.backend, script.places)
    except (BudgetError, RecursionError, MemoryError):
        whole = False
    except (Raised, Returned, Left):
        whole = False
    return Outcome(
        stop=rehearsal.findings.stop,
        asked=dict(machine.asked),
        compiled=tuple(rehearsal.compiled),
        extensions=tuple(rehearsal.findings.extensions),
        floors=dict(machine.floors),
        scripts=dict(rehearsal.scripts),
        lost=dict(rehearsal.lost),
        whole=whole,
        steps=rehearsal.steps,
        declared=frozenset(rehearsal.setup_requires),
        silent=frozenset(rehearsal.silent),
        checked=frozenset(rehearsal.checked),
        set_up=any(call.certain for call in rehearsal.findings.setups),
    )
