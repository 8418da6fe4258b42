"""Hard sets end with their right answer, within rounds that are said; resolvelib's own on demand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.dists import Metadata, Refusal, Wheel, parse_version
from planner.resolve.asks import Clash, Resolution
from tests.resolve.families import CASES, HARDER, Case
from tests.resolve.test_search import run
from tests.universe import Universe


def universe(case: Case) -> Universe:
    world = Universe()
    for project, versions in case.projects.items():
        world.many(project.replace("-", "_"), versions)
    return world


def unmet(case: Case, pins: dict[str, str]) -> list[str]:
    """What the pins leave unsatisfied, followed from the roots without our resolver's help."""
    missing: list[str] = []
    waiting = [(root, "") for root in case.roots]
    done: set[tuple[str, str]] = set()
    while waiting:
        text, asker = waiting.pop()
        requirement = Requirement(text)
        version = pins.get(requirement.name)
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            missing.append(f"{asker} {text}: {version}")
            continue
        for extra in {"", *requirement.extras} - {e for name, e in done if name == requirement.name}:
            done.add((requirement.name, extra))
            for further in case.projects[requirement.name][version]:
                marker = Requirement(further).marker
                if marker is None or (extra and marker.evaluate({"extra": extra})):
                    waiting.append((further, f"{requirement.name} {version}"))
    return missing


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hard_sets_end(case: Case) -> None:
    outcome = run(universe(case), *case.roots)
    assert outcome.rounds <= case.rounds
    if case.pins is None:
        assert isinstance(outcome, Clash)
        assert (outcome.project, outcome.limit) == (case.clash, "")
        return
    assert isinstance(outcome, Resolution), outcome
    pins = {str(pin.project): str(pin.version) for pin in outcome.pins}
    assert {name: pins.get(name) for name in case.pins} == case.pins
    assert unmet(case, pins) == []


def test_nothing_but_the_two_that_clash_is_blamed() -> None:
    case = next(case for case in CASES if case.name == "10 x 10 beside a conflict")
    outcome = run(universe(case), *case.roots)
    assert isinstance(outcome, Clash)
    assert outcome.roots == {"lib", "plug"}


def test_a_search_that_does_not_end_says_so() -> None:
    outcome = run(universe(HARDER), *HARDER.roots, rounds=100)
    assert isinstance(outcome, Clash)
    assert "gave up" in outcome.limit


# -- resolvelib's own functional cases for Python: WHEELPLAN_RESOLVELIB is its `tests/functional/python/inputs`


class Read(Universe):
    """A universe that remembers whose dependencies were read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[tuple[str, str]] = set()

    def metadata(self, wheel: Wheel) -> Metadata | Refusal:
        self.read.add((str(wheel.project), str(wheel.version)))
        return super().metadata(wheel)


def _recorded(index: Path) -> Read:
    """A universe of one of its indexes: versions by project, each with its dependencies."""
    world = Read()
    for project, versions in json.loads(index.read_text(encoding="utf-8")).items():
        if not isinstance(versions, dict):
            continue  # a remark
        name = canonicalize_name(project).replace("-", "_")
        for version, said in versions.items():
            if (number := parse_version(version)) is not None:
                world.add(f"{name}-{number}-py3-none-any.whl", *said["dependencies"])
    return world


def _judge(case: dict[str, Any], outcome: Resolution | Clash) -> str:
    """How an outcome differs from what the case expects, or "".

    `pyrex-1.9.8` expects nothing: resolvelib never got to an end of it.
    """
    if not case.get("resolved"):
        if isinstance(outcome, Resolution):
            return "a resolution where none is expected"
        return (
            outcome.limit
            if case.get("conflicted") is None or outcome.project in case["conflicted"]
            else str(outcome)
        )
    if isinstance(outcome, Clash):
        return f"no resolution: {outcome.limit or ' '.join(outcome.lines)}"
    pins = {str(pin.project): pin.version for pin in outcome.pins}
    expected = {
        str(canonicalize_name(name)): Version(said["version"] if isinstance(said, dict) else said)
        for name, said in case["resolved"].items()
        if not (isinstance(said, dict) and said.get("marker"))
    }
    wrong = {
        name: (str(pins.get(name)), str(version))
        for name, version in expected.items()
        if pins.get(name) != version
    }
    return f"found and expected differ: {wrong}" if wrong else ""


@pytest.mark.live
def test_resolvelibs_own_cases(capsys: pytest.CaptureFixture[str]) -> None:
    inputs = Path(os.environ["WHEELPLAN_RESOLVELIB"])
    right, wasted, lines = 0, 0, []
    for path in sorted((inputs / "case").glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        world = _recorded(inputs / "index" / f"{case['index']}.json")
        outcome = run(world, *case["requested"])
        miss = _judge(case, outcome)
        needless = {
            f"{name} {version}"
            for name, versions in case.get("unvisited", {}).items()
            for version in versions
            if (name, version) in world.read
        }
        right += not miss
        wasted += len(needless)
        lines.append(f"{path.stem}: {outcome.rounds} rounds {miss} {' '.join(sorted(needless))}".rstrip())
    with capsys.disabled():
        print("\n" + "\n".join(lines), f"\n{right} of {len(lines)}, {wasted} read in vain")
    assert lines
    assert (right, wasted) == (len(lines), 0)
