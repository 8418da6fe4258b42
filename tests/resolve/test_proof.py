"""The complete search: what it need not look at to prove that there is nothing."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName
from resolvelib import BaseReporter
from resolvelib.resolvers import ResolutionImpossible

from planner.resolve.asks import Ask
from planner.resolve.proof import settle_completely
from planner.resolve.provider import Provider
from planner.resolve.steer import NEWEST, Natives
from tests.universe import MARKERS, Universe, fits


class Rounds(BaseReporter):
    """Counts rounds."""

    count = 0

    def starting_round(self, index: int) -> None:
        self.count = index + 1


def proof(world: Universe, *texts: str) -> dict[str, str] | int:
    """The pins, or the rounds after which it was proven that there are none."""
    asks = [
        Ask(project=NormalizedName(one.name), specifier=one.specifier, text=str(one), origin="r.txt:1")
        for one in map(Requirement, texts)
    ]
    provider = Provider(
        catalog=world,
        fits=fits(),
        markers=MARKERS,
        constraints={},
        fixed={},
        roots=[ask.key for ask in asks],
        failures={},
        explicit=frozenset(),
        steer=NEWEST,
        natives=Natives(world, fits(), MARKERS),
    )
    rounds = Rounds()
    try:
        state = settle_completely(provider, rounds, asks, 1_000)
    except ResolutionImpossible:
        return rounds.count
    return {key: str(candidate.version) for key, candidate in state.mapping.items()}


def test_what_no_choice_could_mend_is_proven_without_looking_at_each_choice() -> None:
    """`numpy<1.20` beside a pandas that needs numpy 2: each old numpy is an sdist of many MiB to read."""
    world = Universe().many("hub", {f"{n}.0": (f"old>={2 * n}",) for n in range(100, 116)})
    world.many("old", {str(n): () for n in (*range(1, 81), 300)})
    assert proof(world, "old<100", "hub") == 2


def test_what_stood_on_a_project_when_it_was_chosen_is_told_from_what_came_later() -> None:
    """`low` asks for `old<3` after `old` was chosen: that `hub` clashes is then the choice's fault."""
    world = Universe().many("old", {"1": (), "2": (), "3": (), "4": ()}).many("low", {"1": ("old<4",)})
    world.many("hub", {"1": ("old<3",)}).many("deep", {"1": ("old<2",), "2": ("old>3",)})
    assert proof(world, "old<5", "low", "hub", "deep") == {"old": "1", "low": "1", "hub": "1", "deep": "1"}


def test_who_asked_is_revised_where_he_left_no_version() -> None:
    world = Universe().many("old", {"1": (), "2": ()}).many("hub", {"1": ("old>1",)})
    world.many("ask", {"1": (), "2": ("old<2",)})
    assert proof(world, "ask", "hub") == {"ask": "1", "old": "2", "hub": "1"}


@pytest.mark.parametrize("wanted", ["old[x]<2", "old<2"])
def test_an_extra_is_held_by_what_its_project_is_asked_for(wanted: str) -> None:
    world = (
        Universe().many("old", {str(n): ('dep; extra == "x"',) for n in range(1, 30)}).many("dep", {"1": ()})
    )
    world.many("hub", {"1": (wanted,), "2": (wanted,)})
    assert isinstance(proof(world, "old>=5", "hub"), int)
