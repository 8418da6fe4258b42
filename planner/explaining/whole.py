"""Explains the verdict on a whole set: what stops, and what was given up for what; finds, prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from planner.cuda.reasoning import reasoning
from planner.dists import Sdist
from planner.explaining.values import Swap, VerdictExplained
from planner.findings import SEVERITIES, UNPROVEN
from planner.verdict import verdict_of

if TYPE_CHECKING:
    from planner.checking import Judged

__all__ = ["explain_verdict"]


def explain_verdict(judged: Judged, fail_on: str) -> VerdictExplained:
    """Why the verdict is what it is; `fail_on` is the severity that stops, or `never`."""
    limit = SEVERITIES.index(fail_on) if fail_on in SEVERITIES else 0
    stopping = tuple(
        found
        for found in judged.findings
        if found.code in UNPROVEN or SEVERITIES.index(found.severity) <= limit
    )
    unproven = any(found.code in UNPROVEN - {"WP702", "WP704"} for found in judged.findings)
    return VerdictExplained(
        machine=judged.ready.machine if judged.ready else judged.trials.machine,
        verdict=verdict_of(judged.findings, judged.packages),
        policy=judged.trials.fits.policy,
        projects=len(judged.pins),
        builds=judged.builds,
        set_aside=judged.set_aside,
        stopping=stopping,
        findings=judged.findings,
        choice=judged.choice,
        swaps=tuple(_swaps(judged)),
        reasoning=reasoning(judged.cuda, judged.ready.machine if judged.ready else judged.trials.machine),
        exit_code=2
        if unproven
        else int(bool(judged.set_aside or (judged.trials.roots.asks and not judged.pins))),
    )


def _swaps(judged: Judged) -> Iterator[Swap]:
    """What the other preference would take otherwise, project by project."""
    other = judged.choice.other if judged.choice else None
    if other is None:
        return
    natives = judged.trials.natives
    roots = {ask.project for ask in judged.trials.roots.asks}
    here = {pin.project: pin for pin in judged.pins}
    there = {pin.project: pin for pin in other.pins}
    for project in sorted({*here, *there}):
        mine, theirs = here.get(project), there.get(project)
        versions = mine.version if mine else None, theirs.version if theirs else None
        if mine is not None and theirs is not None and versions[0] == versions[1]:
            continue
        compiled = (
            theirs is not None
            and isinstance(theirs.dist, Sdist)
            and not theirs.direct
            and natives.compiles(theirs.dist)
        )
        yield Swap(
            project=project,
            here=versions[0],
            there=versions[1],
            root=project in roots,
            compiled=compiled,
        )
