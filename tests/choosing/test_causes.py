"""One cause of most native builds: said once, with what another machine would leave."""

from __future__ import annotations

from planner.choosing.causes import one_cause
from planner.findings import Finding
from planner.policy import Policy
from tests.choosing.solved import Case
from tests.universe import Universe


def cause(case: Case) -> Finding | None:
    return one_cause(case.builds, case.pins, trials=case.trials)


def built(world: Universe, name: str, *tags: str, requires_python: str = "") -> None:
    """A project whose only version compiles here, with wheels of these tags."""
    world.add(f"{name}-1.0.tar.gz", requires_python=requires_python)
    for tag in tags:
        world.add(f"{name}-1.0-{tag}.whl", requires_python=requires_python)


def cp(*minors: int, platform: str = "manylinux_2_17_x86_64") -> list[str]:
    return [f"cp3{minor}-cp3{minor}-{platform}" for minor in minors]


def test_a_python_that_is_too_new_is_said_once_with_what_others_would_leave() -> None:
    world = Universe()
    built(world, "a", *cp(8, 9, 10))
    built(world, "b", *cp(8, 9))
    built(world, "c", *cp(8, 9))
    built(world, "d", *cp(8))
    built(world, "e", "cp37-cp37m-manylinux_2_17_x86_64")
    built(world, "f")
    found = cause(Case(world, *"abcdef"))
    assert found is not None
    assert (found.code, found.severity, found.project) == ("WP509", "warning", "")
    assert found.summary == (
        "This Python (3.11) is too new for 5 of the 6 native builds: with Python 3.9, 3 remain."
    ), "one build more than 3.8 leaves is no reason to go back so far"
    assert found.remedy == "look at it there: `wheelplan check … --python-version 3.9`"
    assert found.facts == ("With Python 3.8, 2 remain.", "With Python 3.10, 5 remain.")


def test_a_python_that_is_too_old() -> None:
    world = Universe()
    for name in "abc":
        built(world, name, *cp(12, 13))
    found = cause(Case(world, *"abc"))
    assert found is not None
    assert found.summary == (
        "This Python (3.11) is too old for all 3 native builds: with Python 3.12, none remains."
    )


def test_pythons_that_the_requirements_exclude_come_last() -> None:
    world = Universe()
    for name in "abc":
        built(world, name, *cp(9, 10))
    world.add("new-1.0-py3-none-any.whl").pythons["new-1.0-py3-none-any.whl"] = ">=3.10"
    world.add("old-1.0-py3-none-any.whl").pythons["old-1.0-py3-none-any.whl"] = ">=3.11"
    free = cause(Case(world, *"abc", "new", "old"))
    assert free is not None
    assert free.summary.endswith("with Python 3.10, none remains."), "another version of `old` may do"
    held = cause(Case(world, *"abc", "new==1.0"))
    assert held is not None
    assert held.summary.endswith("with Python 3.10, none remains.")
    (fact,) = held.facts
    assert fact == (
        "With Python 3.9, none remains, but it excludes new 1.0, which the requirements name exactly."
    )
    both = cause(Case(world, *"abc", "new==1.0", "old==1.0"))
    assert both is not None
    assert "with Python 3.10, none remains, but it excludes old 1.0, which" in both.summary


def test_a_libc_that_is_too_old_or_another_one() -> None:
    world = Universe()
    for name, glibc in (("a", 28), ("b", 28), ("c", 34)):
        built(world, name, *cp(11, platform=f"manylinux_2_{glibc}_x86_64"))
    built(world, "d")
    found = cause(Case(world, *"abcd", glibc="2.17"))
    assert found is not None
    assert found.summary == (
        "This glibc (2.17) is too old for 3 of the 4 native builds: with glibc 2.34, 1 remains."
    )
    assert found.facts == ("With glibc 2.28, 2 remain.",)
    assert found.remedy.endswith("--assume glibc=2.34`")
    musl = cause(Case(world, *"abcd", musl="1.1"))
    assert musl is not None
    assert musl.summary.startswith(
        "The libc here (musl 1.1) explains 3 of the 4 native builds: with glibc 2.34, 1"
    )
    newer = Universe()
    for name in "abc":
        built(newer, name, *cp(11, platform="musllinux_1_2_x86_64"))
    old = cause(Case(newer, *"abc", musl="1.1"))
    assert old is not None
    assert old.summary == "This musl (1.1) is too old for all 3 native builds: with musl 1.2, none remains."


def test_an_architecture_that_few_wheels_are_made_for() -> None:
    world = Universe()
    for name in "abc":
        built(world, name, *cp(11))
    found = cause(Case(world, *"abc", arch="riscv64"))
    assert found is not None
    assert found.summary == (
        "The architecture here (riscv64) explains all 3 native builds: with x86_64, none remains."
    )
    assert cause(Case(world, *"abc", arch="aarch64")) is None, "wheels for it are a project's choice"


def test_nothing_is_said_of_few_builds_nor_of_a_cause_of_half() -> None:
    world = Universe()
    for name in "ab":
        built(world, name, *cp(10))
    assert cause(Case(world, *"ab")) is None
    built(world, "c")
    built(world, "d")
    assert cause(Case(world, *"abcd")) is None
    assert cause(Case(world, *"abc")) is not None
    assert cause(Case(world, *"abc", policy=Policy(allow_builds=frozenset("a")))) is None, "two are left"
    assert cause(Case(world, *"abc", policy=Policy(allow_builds=frozenset({":all:"})))) is None
    old = Universe()
    for name in "abc":
        built(old, name, "cp37-cp37m-manylinux_2_17_x86_64")
    assert cause(Case(old, *"abc")) is None, "nobody is sent to a Python that old"
