"""The two repairs of resolvelib, on the universes that show what they repair."""

from __future__ import annotations

from planner.resolve.asks import Resolution
from planner.resolve.provider import Provider
from planner.resolve.rounds import RepairedResolution
from tests.resolve.test_search import pins, run
from tests.universe import Universe


def pairs(count: int, versions: int) -> Universe:
    """`count` pairs a<->b whose versions must be equal, all but the oldest blocked by a late requirement."""
    world = Universe()
    for number in range(count):
        world.many(f"a{number}", {f"{v}": (f"b{number}=={v}",) for v in range(1, versions + 1)})
        world.many(f"b{number}", {f"{v}": ("late",) for v in range(1, versions + 1)})
    world.many("late", {"1": tuple(f"b{number}==1" for number in range(count))})
    return world


def test_incompatibilities_do_not_repeat(monkeypatch) -> None:
    """Upstream the list of a criterion doubles at each backjump: 3,040,000 entries for 19 candidates."""
    longest = 0
    real = RepairedResolution._patch_criteria

    def spy(self, incompatibilities_from_broken):
        nonlocal longest
        answer = real(self, incompatibilities_from_broken)
        sizes = [len(criterion.incompatibilities) for criterion in self.state.criteria.values()]
        longest = max(longest, *sizes)
        return answer

    monkeypatch.setattr(RepairedResolution, "_patch_criteria", spy)
    versions = 20
    outcome = run(pairs(5, versions), *[f"a{number}" for number in range(5)])
    assert set(pins(outcome).values()) == {"1"}
    assert 0 < longest <= 2 * versions


def test_eight_pairs_of_thirty_versions_end() -> None:
    """Stock resolvelib has no answer to this in a minute."""
    outcome = run(pairs(8, 30), *[f"a{number}" for number in range(8)])
    assert isinstance(outcome, Resolution)
    assert outcome.rounds < 2_000


def test_each_pin_is_judged_once_per_criterion() -> None:
    """Upstream asks for every pin in every round: 90,300 questions for 300 projects."""
    count = 300
    world = Universe()
    for number in range(count):
        world.many(f"p{number}", {"1": ()})
    world.many("top", {"1": tuple(f"p{number}" for number in range(count))})
    asked = 0
    real = Provider.is_satisfied_by

    def counting(self, requirement, candidate):
        nonlocal asked
        asked += 1
        return real(self, requirement, candidate)

    Provider.is_satisfied_by = counting
    try:
        assert len(pins(run(world, "top"))) == count + 1
    finally:
        Provider.is_satisfied_by = real
    assert asked < 5 * count


def test_boto_is_decided_by_its_narrow_side() -> None:
    """400 versions that each pin another project, and one that bounds it: 1,058 rounds without narrowing."""
    world = Universe().many("boto3", {f"1.{v}": (f"botocore==1.{v}",) for v in range(400)})
    world.many("botocore", {f"1.{v}": () for v in range(400)}).many("s3fs", {"1": ("botocore<1.50",)})
    outcome = run(world, "boto3", "s3fs")
    assert pins(outcome)["boto3"] == "1.49"
    assert outcome.rounds < 60
