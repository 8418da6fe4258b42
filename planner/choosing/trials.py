"""Attempts at a resolution over one catalog: each is counted, and all of them have one budget.

Joins the resolution with one machine, catalog and clock; must not say which attempt is best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from planner.facts import Machine
from planner.fits import Fits
from planner.page import Catalog
from planner.resolve.asks import Ask, Clash, Outcome
from planner.resolve.search import MAX_ROUNDS, resolve
from planner.resolve.steer import NEWEST, Natives, Steer
from planner.roots import Roots

__all__ = ["TRIALS_ROUNDS", "TRIAL_ROUNDS", "Trials"]

TRIAL_ROUNDS = 1_000
"""Rounds for an attempt that would only better a resolution (or tell more of a clash)."""

TRIALS_ROUNDS = 20_000
"""Rounds for all such attempts of a run: a budget that is the same on every machine."""


@dataclass(slots=True, kw_only=True)
class Trials:
    """Everything that resolves requirements for one machine; `attempts` and `rounds` count what was spent.

    `spent` says when there is no time left for the first resolution, `late` (usually earlier) when there is
    none left for attempts that only better it.
    """

    roots: Roots
    machine: Machine
    fits: Fits
    catalog: Catalog
    spent: Callable[[], bool]
    late: Callable[[], bool]
    attempts: int = 0
    rounds: int = 0
    cut: bool = False
    natives: Natives = field(init=False)

    def __post_init__(self) -> None:
        self.natives = Natives(self.catalog, self.fits, self.machine.markers)

    def resolve(self, asks: Sequence[Ask], steer: Steer = NEWEST) -> Outcome:
        """The resolution itself, with all the rounds that one may take."""
        return self._resolve(asks, steer, MAX_ROUNDS, self.spent)

    def attempt(self, asks: Sequence[Ask], steer: Steer = NEWEST, rounds: int = TRIAL_ROUNDS) -> Outcome:
        """One more attempt, within the budget; a `Clash` with a `limit` where that is used up."""
        left = min(rounds, TRIALS_ROUNDS - self.rounds)
        if left <= 0 or self.late():
            self.cut = True
            return Clash(project="", lines=(), limit="the attempts are used up")
        outcome = self._resolve(asks, steer, left, self.late)
        self.attempts += 1
        self.rounds += outcome.rounds
        return outcome

    def elsewhere(self, machine: Machine, fits: Fits) -> Trials:
        """The same for another machine (another Python), over the same catalog and budget of time."""
        return replace(self, machine=machine, fits=fits, attempts=0, rounds=0, cut=False)

    def _resolve(
        self, asks: Sequence[Ask], steer: Steer, max_rounds: int, spent: Callable[[], bool]
    ) -> Outcome:
        if self.fits.policy.prefer == "wheels":  # what is best does not depend on the order of lines
            asks = sorted(asks, key=lambda ask: (ask.project, ask.extra or "", ask.text, ask.origin))
        return resolve(
            asks,
            catalog=self.catalog,
            fits=self.fits,
            markers=self.machine.markers,
            constraints=self.roots.constraints,
            fixed=self.roots.fixed,
            spent=spent,
            max_rounds=max_rounds,
            steer=steer,
            natives=self.natives,
        )
