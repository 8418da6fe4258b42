"""Scenarios in packse's format: our own at each run, foreign collections when a person names a folder."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from planner.resolve.asks import Resolution
from tests.scenarios import misses, outcome_of, read_scenario, scenarios_in

OURS = Path(__file__).parent / "scenarios"
NAMES = [path.relative_to(OURS).with_suffix("").as_posix() for path in scenarios_in(OURS)]

# Foreign scenarios that come out otherwise here on purpose, by name, with the reason.
LIFTED_BOUND = "uv reads only the lower bound of Requires-Python; pip and we read all of it"
YANKED_BY_PIN = "any exact pin admits a yanked version, as in pip (PEP 592); uv wants the user's own"
STABLE_FIRST = "written before uv 0.12 put final versions before pre-releases that a specifier names"
NAMED_BY_ANY = "written before uv 0.12 let a dependency's specifier name a pre-release"
NOTHING_ELSE = "PEP 440 takes a pre-release where no final version satisfies; written before uv did"
WAY_OUT = "uv tries pre-releases where final versions satisfy the specifiers but clash; pip and we do not"
OTHERWISE = {
    "python-less-than-current": LIFTED_BOUND,
    "transitive-yanked-and-unyanked-dependency": YANKED_BY_PIN,
    "prerelease-capped-union-alternate-parent": WAY_OUT,
    "prerelease-capped-union-backtrack": WAY_OUT,
    "prerelease-fallback-after-stable-rejected": WAY_OUT,
}
OTHERWISE_THAN_OLD = {
    "package-prerelease-specified-mixed-available": STABLE_FIRST,
    "package-prereleases-specifier-boundary": STABLE_FIRST,
    "package-only-prereleases-in-range": NOTHING_ELSE,
    "transitive-package-only-prereleases-in-range": NOTHING_ELSE,
    "transitive-prerelease-and-stable-dependency": NAMED_BY_ANY,
    "transitive-prerelease-and-stable-dependency-many-versions": NAMED_BY_ANY,
    "transitive-prerelease-and-stable-dependency-many-versions-holes": NAMED_BY_ANY,
}


@pytest.mark.parametrize("name", NAMES)
def test_our_scenarios(name: str) -> None:
    """What a standard demands comes out under PEP 440's plain rule for pre-releases too, without uv's."""
    path = OURS / f"{name}.toml"
    scenario = read_scenario(path)
    assert scenario.name == path.stem
    assert scenario.expected or not scenario.satisfiable, "what is satisfiable says what comes out"
    assert misses(scenario, outcome_of(scenario)) == ""
    if not scenario.uv:
        again = read_scenario(path)
        assert misses(again, outcome_of(again, prereleases="if-necessary")) == ""


def test_uvs_rule_is_what_its_scenario_needs() -> None:
    """The switch does something: under the plain rule the marked scenario comes out otherwise."""
    scenario = read_scenario(OURS / "prereleases" / "named-and-yet-the-final-first.toml")
    assert misses(scenario, outcome_of(scenario, prereleases="if-necessary")) != ""


def test_a_wrong_expectation_is_noticed(tmp_path: Path) -> None:
    text = (OURS / "backtracking" / "older-parent-fits.toml").read_text(encoding="utf-8")
    path = tmp_path / "wrong.toml"
    for old, new, told in (
        ('web = "2.0"', 'web = "3.0"', "expected"),
        ('web = "2.0", ', "", "expected"),
        ("satisfiable = true", "satisfiable = false", "none is expected"),
        ('"clock<2"', '"clock<1"', "no resolution"),
    ):
        path.write_text(text.replace(old, new), encoding="utf-8")
        scenario = read_scenario(path)
        assert told in misses(scenario, outcome_of(scenario))
    path.write_text(f"strange = 1\n{text}", encoding="utf-8")
    with pytest.raises(ValueError, match="strange"):
        read_scenario(path)


@pytest.mark.live
def test_foreign_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    """Every scenario for one machine under WHEELPLAN_SCENARIOS comes out, but for those named above.

    The folder is uv's `test/scenarios` or packse's `scenarios`; both counts of both kinds are printed.
    """
    folder = Path(os.environ["WHEELPLAN_SCENARIOS"])
    counted: Counter[str] = Counter()
    wrong: dict[str, str] = {}
    for path in scenarios_in(folder):
        scenario = read_scenario(path)
        if scenario.universal:
            counted["universal, not run"] += 1
            continue
        kind = "satisfiable" if scenario.satisfiable else "unsatisfiable"
        kind += ", exact packages" if scenario.expected else ""
        outcome = outcome_of(scenario)
        miss = misses(scenario, outcome)
        counted[f"{kind}: {'wrong' if miss else 'right'}"] += 1
        if miss:
            wrong[scenario.name] = miss
    with capsys.disabled():
        for kind, count in sorted(counted.items()):
            print(f"\n{count:4} {kind}", end="")
        for name, miss in wrong.items():
            why = OTHERWISE.get(name) or OTHERWISE_THAN_OLD.get(name, "")
            print(f"\n     {name}: {why or miss}", end="")
    assert counted, f"no scenario lies under {folder}"
    assert wrong.keys() <= OTHERWISE.keys() | OTHERWISE_THAN_OLD.keys()


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("backtracking/")])
def test_the_same_answer_twice(name: str) -> None:
    outcomes = [outcome_of(read_scenario(OURS / f"{name}.toml")) for _ in range(2)]
    assert all(isinstance(outcome, Resolution) for outcome in outcomes)
    assert outcomes[0] == outcomes[1]
