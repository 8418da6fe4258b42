"""The choice: the freshest resolution that installs, or the newest of each project, and how the two differ.

Section "Which versions" of docs/decisions.md gives the order of preferences. Must not print or word findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.choosing.chooser import NOTICEABLE, Chooser, Found, Lacking
from planner.choosing.held import held_back, outdated, with_costs
from planner.choosing.trials import Trials
from planner.choosing.values import Choice
from planner.plan.reading import Previous
from planner.policy import Policy
from planner.resolve.asks import Ask, Resolution
from planner.resolve.steer import NEWEST, Steer

__all__ = ["choose", "first_steer"]


def first_steer(
    policy: Policy,
    previous: Previous | None = None,
    installed: Mapping[NormalizedName, Version] = MappingProxyType({}),
) -> Steer:
    """How the first resolution is sought: an earlier plan's versions stay where they can, as installed ones.

    `--resolution lowest` is a wish of its own: no file is preferred to another.
    """
    steer = NEWEST
    if policy.prefer == "wheels" and policy.strategy == "highest":
        steer = Steer(wheels=True, max_held_back=policy.max_held_back)
    if previous is None:
        return replace(steer, keep=installed)
    pins = previous.pins.items()
    return replace(
        steer,
        keep={**installed, **{name: pin.version for name, pin in pins if pin.version is not None}},
        kept_builds=frozenset(name for name, pin in pins if pin.source_build),
    )


def choose(
    trials: Trials,
    asks: Sequence[Ask],
    first: Resolution,
    lacking: Lacking,
    kept: Mapping[NormalizedName, Version] = MappingProxyType({}),
    *,
    installed: Mapping[NormalizedName, Version] = MappingProxyType({}),
) -> Choice:
    """Better the first resolution as far as the budget goes, or tell what would be better.

    `kept` are the versions of an earlier plan: where they were kept they are what the user wants, and stay.
    `installed` are versions that the target has: every attempt tries them first, and they count as fresh.
    """
    chooser = Chooser(trials, asks, lacking, kept, installed)
    policy = trials.fits.policy
    start = Found(first, chooser.burden(first))
    if policy.strategy != "highest" or policy.no_deps:
        return _told(trials, chooser, start, held=False)
    if policy.prefer == "newest":
        return _newest(trials, chooser, start)
    if kept:
        return replace(_told(trials, chooser, start), kept=True)
    best = chooser.better(first)
    best, held = with_costs(chooser, best, held_back(chooser, best))
    choice = replace(_told(trials, chooser, best, held=False), held_back=held)
    if best.resolution is first and not trials.natives.spared:
        return choice  # nothing was preferred to what is newest
    other = trials.attempt(asks, replace(NEWEST, borrow=True))
    if not isinstance(other, Resolution) or _same(other, best.resolution):
        return choice
    light = chooser.burden(other, lacks=False)
    if light.native <= best.burden.native:
        # What the search of the newest finds on its way may be better by chance: then its sdists are read.
        again = trials.attempt(asks)
        if isinstance(again, Resolution) and chooser.burden(again) < best.burden:
            return _told(trials, chooser, Found(again, chooser.burden(again)))
    return replace(
        choice,
        other=other,
        other_burden=light,
        attempts=trials.attempts,
        rounds=trials.rounds,
        cut=trials.cut,
    )


def _newest(trials: Trials, chooser: Chooser, start: Found) -> Choice:
    """The newest of each project, and what would be chosen instead where that is better."""
    choice = _told(trials, chooser, start)
    if not start.burden.native and start.burden.worst < NOTICEABLE:
        return choice
    wheels = trials.attempt(chooser.asks, chooser.steer)
    best = chooser.better(wheels if isinstance(wheels, Resolution) else start.resolution)
    if best.burden >= start.burden:
        return choice
    return replace(
        choice,
        other=best.resolution,
        other_burden=best.burden,
        attempts=trials.attempts,
        rounds=trials.rounds,
        cut=trials.cut,
    )


def _told(trials: Trials, chooser: Chooser, found: Found, *, held: bool = True) -> Choice:
    return Choice(
        resolution=found.resolution,
        burden=found.burden,
        held_back=held_back(chooser, found) if held else (),
        outdated=outdated(chooser, found) if trials.fits.policy.strategy == "highest" else (),
        attempts=trials.attempts,
        rounds=trials.rounds,
        cut=trials.cut,
    )


def _same(one: Resolution, other: Resolution) -> bool:
    return {(pin.project, pin.version) for pin in one.pins} == {
        (pin.project, pin.version) for pin in other.pins
    }
