"""Small worlds, solved by trying everything: our resolver finds a resolution exactly when there is one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from planner.policy import Policy
from planner.resolve.asks import Clash, Outcome, Resolution
from tests.resolve.test_search import run
from tests.universe import Universe

PROJECTS = "abcde"
ROUNDS = 20_000


@dataclass(frozen=True)
class World:
    """Requirements by project and version, and those of the user."""

    table: Mapping[tuple[str, int], tuple[str, ...]]
    roots: tuple[str, ...]

    def universe(self) -> Universe:
        made = Universe()
        for (project, version), requires in self.table.items():
            made.add(f"{project}-{version}-py3-none-any.whl", *requires)
        return made


class Oracle:
    """A world solved without any cleverness; requirements are read once."""

    def __init__(self, world: World) -> None:
        self.roots = [Requirement(text) for text in world.roots]
        self.needs: dict[tuple[str, int], tuple[list[Requirement], list[Requirement]]] = {}
        self.versions: dict[str, list[int]] = {}
        for (project, version), texts in world.table.items():
            read = [Requirement(text) for text in texts]
            plain = [one for one in read if one.marker is None]
            extra = [one for one in read if one.marker is not None]
            self.needs[project, version] = plain, extra
            self.versions.setdefault(project, []).append(version)

    def needed(self, pins: Mapping[str, int]) -> set[str] | None:
        """The projects that a choice of versions needs, or None where it leaves a requirement unmet."""
        waiting = list(self.roots)
        done: set[tuple[str, bool]] = set()
        while waiting:
            one = waiting.pop()
            version = pins.get(one.name)
            if version is None or str(version) not in one.specifier:
                return None
            for extra in {False, bool(one.extras)}:
                if (one.name, extra) not in done:
                    done.add((one.name, extra))
                    waiting.extend(self.needs[one.name, version][extra])
        return {project for project, _ in done}

    def choices(self) -> Iterator[dict[str, int]]:
        """Every choice that meets all requirements."""
        for versions in itertools.product(*self.versions.values()):
            pins = dict(zip(self.versions, versions, strict=True))
            if self.needed(pins) is not None:
                yield pins


def specifier(last: int) -> st.SearchStrategy[str]:
    number = st.integers(1, last).map(str)
    operator = st.sampled_from(("==", "==", "<=", ">=", "!="))
    return st.one_of(st.just(""), st.builds("{}{}".format, operator, number))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to five projects of up to four versions, some requirements behind an extra, some asking for one."""
    projects = PROJECTS[: draw(st.integers(2, 5))]
    last = {project: draw(st.integers(1, 4)) for project in projects}
    dense = draw(st.sampled_from((1, 2, 3)))

    def requires(project: str) -> list[str]:
        others = [other for other in projects if other != project]
        chosen = draw(st.lists(st.sampled_from(others), max_size=dense, unique=True))
        made = []
        for other in chosen:
            asked = draw(st.sampled_from(("", "", "", "[x]")))
            behind = draw(st.sampled_from(("", "", "", '; extra == "x"')))
            made.append(f"{other}{asked}{draw(specifier(last[other]))}{behind}")
        return made

    table = {
        (project, version): tuple(requires(project))
        for project in projects
        for version in range(1, last[project] + 1)
    }
    asked = draw(st.lists(st.sampled_from(projects), min_size=1, max_size=3, unique=True))
    roots = tuple(
        f"{project}{draw(st.sampled_from(('', '', '[x]')))}{draw(specifier(last[project]))}"
        for project in asked
    )
    return World(table, roots)


def check(world: World, outcome: Outcome) -> None:
    oracle = Oracle(world)
    if isinstance(outcome, Clash):
        assert not outcome.limit, f"{outcome.limit}: {world}"
        assert next(oracle.choices(), None) is None, f"there is a resolution: {world}"
        return
    assert isinstance(outcome, Resolution)
    pins = {str(pin.project): int(str(pin.version)) for pin in outcome.pins}
    assert oracle.needed(pins) == pins.keys(), f"{pins} does not serve: {world}"


def solved(world: World, policy: Policy | None = None) -> Outcome:
    return run(world.universe(), *world.roots, rounds=ROUNDS, policy=policy)


QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


@QUICK
@given(worlds())
def test_a_resolution_is_found_exactly_when_there_is_one(world: World) -> None:
    """Sound: every requirement is met, and nothing is pinned that nobody needs. Complete: none is missed."""
    check(world, solved(world))


@QUICK
@given(worlds(), st.permutations(range(3)))
def test_the_order_of_roots_does_not_decide_whether_there_is_one(world: World, order: Sequence[int]) -> None:
    turned = World(world.table, tuple(world.roots[at] for at in order if at < len(world.roots)))
    assert isinstance(solved(world), Resolution) == isinstance(solved(turned), Resolution)


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_the_lowest_versions_too(world: World) -> None:
    check(world, solved(world, Policy(strategy="lowest")))


@pytest.mark.live
@settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_many_worlds(world: World) -> None:
    check(world, solved(world))
