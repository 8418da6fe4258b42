"""One project, several machines: each target checked, over one set of index pages; prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from planner import pipeline
from planner.config.ourtables import HOW, Tables, Target
from planner.disk import must_be_a_place, read_local
from planner.errors import UsageError, WheelplanError
from planner.explaining.asking import parted
from planner.request import Request
from planner.settings import read_settings
from planner.supply import Supply
from planner.targetlines import Outcome
from planner.verdict import Checked

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_targets", "explained_of", "for_target", "not_built_anywhere", "tables_of"]


def tables_of(request: Request) -> Tables:
    """The tables of the project's own settings. Raises UsageError."""
    world = request.world
    settings = read_settings(
        request.flags, environ=world.environ, cwd=world.cwd, read=read_local, now=world.now
    )
    return settings.tables


def for_target(request: Request, target: Target, *, output: str = "") -> Request:
    """The request for one target. Raises UsageError where the command line names another machine."""
    if request.machine.file:
        raise UsageError(
            "A target says for which machine it is, and the command line names another.",
            where="--machine",
            hint="Leave one of the two out; --assume FACT=VALUE can be said of a target.",
        )
    return replace(
        request,
        target=target.name,
        output=output or target.output,
        extras=tuple(dict.fromkeys((*request.extras, *target.extras))),
        groups=tuple(dict.fromkeys((*request.groups, *target.groups))),
    )


def explained_of(request: Request, name: str, plan: str) -> tuple[Request, str]:
    """What `explain` asks of a target, and of which plan: its own, where neither INPUT nor plan is named.

    Without a plan the project's inputs are resolved for the target, as a check of it would.
    Raises UsageError.
    """
    target = tables_of(request).target(name)
    asked = for_target(request, target)

    def exists(path: str) -> bool:
        return Path(request.world.cwd, path).exists()

    _, words = parted(request.words, exists)
    if words or request.requirements or request.editables or request.groups:
        return asked, plan
    if plan or exists(target.output):  # which holds extras and groups itself
        return replace(asked, extras=request.extras, groups=()), plan or target.output
    inputs = [path for path in ("requirements.txt", "pyproject.toml") if exists(path)]
    if len(inputs) != 1:
        raise UsageError(
            f"The target has no plan yet ({target.output}), and no INPUT is named.",
            where=f"--target {name}",
            hint=f"Make one with `wheelplan check --target {name} INPUT…`, or name the INPUTs.",
        )
    return replace(asked, words=(*request.words, *inputs)), ""


def check_targets(
    request: Request,
    say: Callable[[str], None],
    warn: Callable[[str], None],
    write: Callable[[Target, Checked], str],
) -> tuple[Outcome, ...]:
    """Every target, in the order of the settings; what ends one is its outcome, and the others go on.

    `write` gets each as soon as it is known, and says what became of its plan. Raises WheelplanError for what
    is wrong with all of them.
    """
    targets = tables_of(request).targets
    if not targets:
        raise UsageError("No targets are set.", where="--all-targets", hint=HOW)
    outcomes: list[Outcome] = []
    with closing(Supply(request.world, say, warn)) as supply:
        for target in targets:
            try:
                one = for_target(request, target)
                if not request.locked:
                    must_be_a_place(target.output)
                checked = pipeline.check(one, _named(target.name, say), warn, supply)
                written = write(target, checked)
            except WheelplanError as error:
                outcomes.append(Outcome(target=target, error=error))
            else:
                outcomes.append(Outcome(target=target, checked=checked, written=written))
    errors = {str(one.error) for one in outcomes}
    if len(errors) == 1 and outcomes[0].error is not None:
        raise outcomes[0].error  # of the inputs, not of a target: told once
    return tuple(outcomes)


def _named(name: str, say: Callable[[str], None]) -> Callable[[str], None]:
    """What is under way, with the target that it is for."""
    return lambda text: say(f"{name}: {text}")


def not_built_anywhere(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """The projects whose source builds are accepted, and that no target builds; () while one is not known."""
    if any(one.checked is None for one in outcomes):
        return ()
    everywhere = set.intersection(*(set(one.checked.unbuilt) for one in outcomes if one.checked is not None))
    return tuple(sorted(everywhere))
