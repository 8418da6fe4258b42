"""Whether requirements that clash go together with another Python; must not ask any machine."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.choosing.clashes import Core, Part, Unit, constraint_units, units_of
from planner.choosing.trials import TRIAL_ROUNDS, Trials
from planner.dists import Wheel
from planner.elsewhere import for_python
from planner.errors import MachineError
from planner.fits import Fits
from planner.resolve.asks import Outcome, Resolution
from planner.resolve.steer import Steer
from planner.resolve.survey import survey
from planner.roots import read_again
from planner.tags import supported_tags

__all__ = ["Elsewhere", "at_python", "other_python", "python_with_files"]

MINORS = range(8, 15)
PATCH = 5
"""Each of these Pythons has had such a release; the very first ones are excluded by many Requires-Python."""

ROUNDS = 300
"""For the requirements of a clash alone, with another Python."""

WHOLES = 2
"""With how many Pythons the whole set is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What another Python does for a clash: `text` is "" where none helps, `tried` which ones were tried."""

    text: str = ""
    tried: str = ""
    unsure: bool = False


def at_python(trials: Trials, version: str) -> Trials | None:
    """The same requirements, catalog and budget for another Python; None where too little is known for it.

    The markers of the requirements are evaluated anew. What a requirement names by an address must fit there.
    """
    try:
        machine = for_python(trials.machine, version)
        supported = supported_tags(machine)
    except MachineError:
        return None
    roots = read_again(trials.roots, trials.machine.markers, machine.markers)
    if roots is None:
        return None
    python = Version(machine.markers["python_full_version"])
    fits = Fits(supported=supported, policy=trials.fits.policy, python=python, hashes=dict(roots.hashes))
    dists = [fixed.dist for fixed in roots.fixed.values()]
    if any(isinstance(dist, Wheel) and fits.misfit(dist, yanked=True) is not None for dist in dists):
        return None
    return replace(trials, machine=machine, fits=fits, roots=roots)


def other_python(trials: Trials, steer: Steer, core: Core, asked: Sequence[Unit]) -> Elsewhere:
    """Try Pythons, the nearest first: the requirements of the clash alone, then with the rest (`asked`).

    What clashes on most of them is found without reading their sdists (`borrow`); what is told is checked.
    """
    here = {unit.key for unit in units_of(trials.roots.asks, trials.roots)}
    apart = here - {unit.key for unit in asked}
    together, tried, unsure, wholes = "", [], False, 0
    for short, version in _nearest(trials):
        there = at_python(trials, version)
        if there is None:
            continue
        tried.append(short)
        units = [unit for unit in units_of(there.roots.asks, there.roots) if unit.key not in apart]
        alone = [unit for unit in units if unit.project in core.projects]
        outcome = _attempt(trials, there, alone, replace(steer, borrow=True), ROUNDS)
        if isinstance(outcome, Resolution):
            outcome = _attempt(trials, there, alone, steer, ROUNDS)
        if not isinstance(outcome, Resolution):
            unsure |= bool(outcome.limit)
            continue
        wholes += 1
        outcome = _attempt(trials, there, units, steer)
        if isinstance(outcome, Resolution):
            text = _proposed(short, "the whole set resolves", apart=bool(apart or trials.roots.problems))
            return Elsewhere(text=text, tried=_listed(tried))
        if not together and {unit.key for unit in core.units} <= {unit.key for unit in alone}:
            but = (
                "though whether the rest does was not found out"
                if outcome.limit
                else "though not with the rest"
            )
            these = "these go together" if len(alone) > 1 else "it resolves"
            together = _proposed(short, f"{these}, {but}", apart=False)
        if wholes >= WHOLES:
            break
    return Elsewhere(text=together, tried=_listed(tried), unsure=unsure)


def python_with_files(
    trials: Trials, steer: Steer, lacking: Collection[NormalizedName], apart: Collection[Unit]
) -> str:
    """The nearest Python for which these projects have files and everything but `apart` resolves, or "".

    Whether there are files is told by project pages alone, so that few Pythons are tried in earnest.
    """
    keys = {unit.key for unit in apart}
    wholes = 0
    for short, version in _nearest(trials):
        there = at_python(trials, version)
        if there is None:
            continue
        units = [unit for unit in units_of(there.roots.asks, there.roots) if unit.key not in keys]
        own = [ask for unit in units for ask in unit.asks if ask.project in lacking]
        if survey(own, trials.catalog.page, there.fits, lambda _: ()):
            continue
        if isinstance(_attempt(trials, there, units, steer), Resolution):
            return _proposed(short, "the whole set resolves", apart=bool(keys or trials.roots.problems))
        wholes += 1
        if wholes >= WHOLES:
            break
    return ""


def _proposed(short: str, whole: str, *, apart: bool) -> str:
    rest = "it resolves with the rest" if apart else whole
    return f"plan for Python {short} (`--python-version {short}`): there {rest}"


def _nearest(trials: Trials) -> Iterator[tuple[str, str]]:
    """Pythons as (3.12, what to plan for), the nearest to the target's first."""
    short = trials.machine.markers.get("python_version", "")
    if not short.startswith("3.") or not short[2:].isdigit():
        return
    here = int(short[2:])
    threads = "t" if (trials.machine.value("abi") or "").endswith("t") else ""
    for minor in sorted(MINORS, key=lambda minor: (abs(minor - here), -minor)):
        if minor != here and (not threads or minor >= 13):
            yield f"3.{minor}{threads}", f"3.{minor}.{PATCH}{threads}"


def _attempt(trials: Trials, there: Trials, units: Sequence[Unit], steer: Steer, rounds: int = 0) -> Outcome:
    rounds = rounds or max(TRIAL_ROUNDS, 3 * len(units))
    there.attempts, there.rounds = trials.attempts, trials.rounds
    outcome = Part(there, steer).attempt(units, constraint_units(there.roots), rounds=rounds)
    trials.attempts, trials.rounds, trials.cut = there.attempts, there.rounds, there.cut
    return outcome


def _listed(tried: Sequence[str]) -> str:
    return ", ".join(sorted(tried, key=lambda short: int(short[2:].rstrip("t"))))
