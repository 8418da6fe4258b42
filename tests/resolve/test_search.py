from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from planner.dists import Metadata, Reason, Refusal, SdistReading
from planner.policy import Policy
from planner.resolve.asks import Ask, Clash, Resolution
from planner.resolve.search import resolve
from tests.universe import MARKERS, Universe, fits


def asks(*texts: str) -> list[Ask]:
    made = []
    for line, text in enumerate(texts, 1):
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        for extra in (None, *sorted(requirement.extras)):
            made.append(
                Ask(
                    project=name,
                    extra=canonicalize_name(extra) if extra else None,
                    specifier=requirement.specifier,
                    text=text,
                    origin=f"requirements.txt:{line}",
                )
            )
    return made


def run(
    universe: Universe,
    *texts: str,
    policy: Policy | None = None,
    constraints=(),
    rounds: int = 20_000,
    **facts,
):
    judge = fits(policy, **facts)
    kept: dict = {}
    for ask in asks(*constraints):
        kept.setdefault(ask.project, []).append(ask)
    return resolve(
        asks(*texts),
        catalog=universe,
        fits=judge,
        markers=MARKERS
        | {
            "python_full_version": str(judge.python),
            "python_version": ".".join(str(judge.python).split(".")[:2]),
        },
        constraints=kept,
        fixed={},
        spent=lambda: False,
        max_rounds=rounds,
    )


def pins(outcome) -> dict[str, str]:
    assert isinstance(outcome, Resolution), outcome
    return {pin.project: str(pin.version) for pin in outcome.pins}


def test_newest_versions_and_who_asked() -> None:
    world = (
        Universe()
        .many("a", {"1.0": ("b>=1",), "2.0": ("b>=2",)})
        .many("b", {"1.0": (), "2.0": (), "3.0": ()})
    )
    outcome = run(world, "a", "b<3")
    assert pins(outcome) == {"a": "2.0", "b": "2.0"}
    asked = {pin.project: pin.asked for pin in outcome.pins}
    assert asked["b"] == (("a 2.0", "b>=2"), ("requirements.txt:2", "b<3"))


def test_extras_bring_their_requirements_and_are_noted() -> None:
    world = (
        Universe()
        .many("a", {"1.0": ("b", 'c; extra == "fast"')})
        .many("b", {"1": ()})
        .many("c", {"1": (), "2": ()})
    )
    assert pins(run(world, "a")) == {"a": "1.0", "b": "1"}
    outcome = run(world, "a[fast]")
    assert pins(outcome) == {"a": "1.0", "b": "1", "c": "2"}
    assert {pin.project: pin.extras for pin in outcome.pins}["a"] == ("fast",)


def test_an_extra_of_a_version_that_another_requirement_excludes() -> None:
    world = (
        Universe()
        .many("a", {"1.0": ('c; extra == "x"',), "2.0": ('c; extra == "x"',)})
        .many("c", {"1": ()})
        .many("d", {"1": ("a<2",)})
    )
    assert pins(run(world, "a[x]", "d")) == {"a": "1.0", "c": "1", "d": "1"}


@pytest.mark.parametrize(
    ("mode", "specifier", "expected"),
    [
        ("if-necessary-or-explicit", "", "2.0"),
        ("if-necessary-or-explicit", ">=2.0rc1", "2.0"),
        ("if-necessary-or-explicit", ">=2.1rc1", "3.0rc1"),
        ("allow", "", "3.0rc1"),
        ("disallow", ">=2.0rc1", "2.0"),
        ("explicit", "==3.0rc1", "3.0rc1"),
    ],
)
def test_prereleases(mode, specifier, expected) -> None:
    world = Universe().many("a", {"1.0": (), "2.0": (), "3.0rc1": ()})
    assert pins(run(world, f"a{specifier}", policy=Policy(prereleases=mode))) == {"a": expected}


def test_a_project_with_only_prereleases_is_installable() -> None:
    assert pins(run(Universe().many("a", {"1.0b1": ()}), "a")) == {"a": "1.0b1"}


def test_yanked_only_when_pinned_exactly() -> None:
    world = Universe().many("a", {"1.0": ()}).add("a-2.0-py3-none-any.whl", yanked="broken")
    assert pins(run(world, "a")) == {"a": "1.0"}
    assert pins(run(world, "a==2.0")) == {"a": "2.0"}


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("highest", {"a": "2.0", "b": "3.0"}),
        ("lowest", {"a": "1.0", "b": "1.0"}),
        ("lowest-direct", {"a": "1.0", "b": "3.0"}),
    ],
)
def test_strategies(strategy, expected) -> None:
    world = (
        Universe()
        .many("a", {"1.0": ("b>=1",), "2.0": ("b>=1",)})
        .many("b", {"1.0": (), "2.0": (), "3.0": ()})
    )
    assert pins(run(world, "a", policy=Policy(strategy=strategy))) == expected


def test_no_deps_and_constraints() -> None:
    world = Universe().many("a", {"1.0": ("b",), "2.0": ("b",)}).many("b", {"1.0": (), "2.0": ()})
    assert pins(run(world, "a", policy=Policy(no_deps=True))) == {"a": "2.0"}
    assert pins(run(world, "a", constraints=("b<2", "zzz==9"))) == {"a": "2.0", "b": "1.0"}


def test_requires_python_of_the_index_and_of_the_metadata_count() -> None:
    world = Universe().many("a", {"1.0": ()}).add("a-2.0-py3-none-any.whl", requires_python=">=3.12")
    world.many("a", {"1.5": ()}).pythons["a-1.5-py3-none-any.whl"] = ">=3.12"
    assert pins(run(world, "a")) == {"a": "1.0"}
    assert pins(run(world, "a", python="3.12.1", abi="cp312")) == {"a": "2.0"}


def test_an_older_wheel_or_sdist_is_taken_when_a_version_has_no_file_for_this_machine() -> None:
    world = Universe().add("a-2.0-cp311-cp311-win_amd64.whl").add("a-1.0.tar.gz", project="a")
    outcome = run(world, "a")
    assert pins(outcome) == {"a": "1.0"}
    assert outcome.pins[0].dist.filename == "a-1.0.tar.gz"


def test_prefer_binary_takes_an_older_wheel_before_a_newer_sdist() -> None:
    world = Universe().add("a-2.0.tar.gz", project="a").many("a", {"1.0": ()})
    assert pins(run(world, "a")) == {"a": "2.0"}
    assert pins(run(world, "a", policy=Policy(prefer_binary=True))) == {"a": "1.0"}


def test_metadata_that_cannot_be_read_sends_the_search_to_the_next_version() -> None:
    class Cut(Universe):
        def metadata(self, wheel):
            if str(wheel.version) == "2.0":
                return Refusal(filename=wheel.filename, reason=Reason.METADATA, detail="its METADATA is cut")
            return super().metadata(wheel)

    world = Cut().many("a", {"1.0": (), "2.0": ()})
    assert pins(run(world, "a")) == {"a": "1.0"}
    clash = run(world, "a==2.0")
    assert isinstance(clash, Clash)
    assert "a 2.0 cannot be used: its METADATA is cut." in clash.lines


def test_an_sdist_that_refuses_this_python_is_refused_though_a_sibling_wheel_would_do() -> None:
    world = (
        Universe()
        .add("a-2.0.tar.gz", project="a")
        .add("a-2.0-cp39-cp39-manylinux2014_x86_64.whl", "b")
        .many("a", {"1.0": ()})
    )
    world.readings["a-2.0.tar.gz"] = SdistReading(
        metadata=Metadata(project=canonicalize_name("a"), version=None, certain=False),
        refuses="setup.py:12 refuses Python 3.11",
    )
    assert pins(run(world, "a")) == {"a": "1.0"}


def test_an_sdist_that_cannot_say_its_dependencies_borrows_those_of_a_wheel_of_its_version() -> None:
    world = (
        Universe()
        .add("a-2.0.tar.gz", project="a")
        .add("a-2.0-cp39-cp39-manylinux2014_x86_64.whl", "b")
        .many("b", {"1.0": ()})
    )
    world.readings["a-2.0.tar.gz"] = SdistReading(
        metadata=Metadata(project=canonicalize_name("a"), version=None, certain=False, doubt="dynamic"),
        native=True,
    )
    outcome = run(world, "a")
    assert pins(outcome) == {"a": "2.0", "b": "1.0"}
    assert outcome.pins[0].metadata.source == "sibling-wheel"


def test_a_clash_tells_the_whole_chain_of_who_asked() -> None:
    world = (
        Universe()
        .many("top", {"1": ("lib",)})
        .many("lib", {"2": ("core>=3",)})
        .many("plug", {"1": ("core<3",)})
        .many("core", {"2": (), "3": ()})
    )
    clash = run(world, "top", "plug")
    assert isinstance(clash, Clash)
    assert clash.project == "core"
    for line in (
        "lib 2 needs core>=3.",
        "top 1 needs lib.",
        "requirements.txt:1 asks for top.",
        "plug 1 needs core<3.",
        "requirements.txt:2 asks for plug.",
    ):
        assert line in clash.lines
    assert any(line.startswith("No version of core satisfies") for line in clash.lines)


def test_a_search_that_runs_out_of_rounds_says_so() -> None:
    world = Universe().many("a", {"1": ("b",)}).many("b", {"1": ("c",)}).many("c", {"1": ()})
    outcome = run(world, "a", rounds=2)
    assert isinstance(outcome, Clash)
    assert outcome.limit == "gave up after 4 rounds", "two of resolvelib, two of the complete search"


def test_a_long_chain_needs_no_recursion() -> None:
    world = Universe()
    for number in range(1500):
        world.many(f"p{number}", {"1": (f"p{number + 1}",)})
    world.many("p1500", {"1": ()})
    assert len(pins(run(world, "p0"))) == 1501


def test_markers_of_the_target_decide() -> None:
    world = (
        Universe()
        .many("a", {"1": ('b; python_version < "3.11"', 'c; sys_platform == "linux"')})
        .many("b", {"1": ()})
        .many("c", {"1": ()})
    )
    assert pins(run(world, "a")) == {"a": "1", "c": "1"}
