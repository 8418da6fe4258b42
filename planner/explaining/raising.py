"""What another version of one project would mean, by trying it: one more attempt at a resolution, told.

Makes attempts within their budget; must not choose among them or print.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from packaging.version import Version

from planner.dists import Pin, Sdist
from planner.explaining.values import Raised
from planner.resolve.asks import Ask, Clash
from planner.resolve.steer import Steer

if TYPE_CHECKING:
    from planner.choosing.trials import Trials

__all__ = ["raised"]

SHOWN = 8


def raised(pin: Pin, version: Version, pins: Sequence[Pin], asks: Sequence[Ask], trials: Trials) -> Raised:
    """Resolve once more with that version alone of the project, and tell what becomes of the others."""
    policy = trials.fits.policy
    steer = Steer(
        within=MappingProxyType({pin.project: frozenset({version})}),
        wheels=policy.prefer == "wheels",
        max_held_back=policy.max_held_back,
    )
    outcome = trials.attempt(asks, steer)
    if isinstance(outcome, Clash):
        if outcome.limit:
            return Raised(
                version=version, possible=None, lines=(f"was not tried to the end: {outcome.limit}",)
            )
        return Raised(version=version, possible=False, lines=outcome.lines)
    before = {one.project: one for one in pins}
    after = {one.project: one for one in outcome.pins}
    lines = [_compared(before[name], after[name], pin.project, trials) for name in before if name in after]
    lines += [f"{name} {after[name].version} is added" for name in after if name not in before]
    lines += [f"{name} {before[name].version} is no longer needed" for name in before if name not in after]
    told = [line for line in lines if line]
    return Raised(version=version, possible=True, lines=tuple(sorted(told, key=_weight)))


def _compared(before: Pin, after: Pin, project: str, trials: Trials) -> str:
    """What became of one pin, "" where nothing did; of the project itself, whether it is built now."""
    built = _compiles(after, trials) and not _compiles(before, trials)
    mark = ", compiled here" if built else ""
    if before.version == after.version or before.version is None or after.version is None:
        return ""
    if after.project == project:
        return f"{after.project} {after.version} is compiled here" if built else ""
    arrow = "falls" if after.version < before.version else "rises"
    return f"{after.project} {arrow} from {before.version} to {after.version}{mark}"


def _weight(line: str) -> tuple[bool, bool, str]:
    return "compiled here" not in line, " falls from " not in line, line


def _compiles(pin: Pin, trials: Trials) -> bool:
    return isinstance(pin.dist, Sdist) and not pin.direct and trials.natives.compiles(pin.dist)
