"""What can be taken instead of a source build: which ways there are, and whether the set holds with each."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.version import Version

from planner.assess import assess
from planner.choosing.alternatives import MOST_SEARCHED
from planner.choosing.trials import TRIALS_ROUNDS
from planner.dists import Reason, Refusal
from planner.policy import Policy
from tests.choosing.solved import HERE, Case, ask
from tests.universe import LATER, Universe

OLDER = "n==1.0 has a wheel for this machine (newest older version)"
NEWER = "n==3.0 has a wheel for this machine (next newer version)"


def native(*more: str) -> Universe:
    """`n` 2.0 compiles here; 1.0 and 3.0 have a wheel."""
    return (
        Universe()
        .add("n-0.5-py3-none-any.whl")
        .add(f"n-1.0-{HERE}.whl", *more)
        .add("n-2.0.tar.gz")
        .add(f"n-3.0-{HERE}.whl", *more)
        .add("n-4.0-py3-none-any.whl")
    )


def test_the_nearest_versions_with_a_wheel_and_the_line_that_has_to_change() -> None:
    widened = "if requirements.txt:1 (==2.0) is widened, everything else can stay"
    assert Case(native(), "n==2.0").of("n") == [f"{OLDER}; {widened}", f"{NEWER}; {widened}"]


def test_the_command_line_is_a_place_too() -> None:
    case = Case(native(), "n==2.0")
    case.trials.roots.asks = [ask("n==2.0", "command line")]
    assert case.of("n")[0].endswith("; if the command line (==2.0) is widened, everything else can stay")


def test_nothing_has_to_change_where_all_who_ask_admit_it() -> None:
    world = native().many("a", {"1.0": ("n<3,>=1",)})
    case = Case(world, "a", "n<=2")
    assert case.trials.attempts == 0
    older, newer = case.of("n")
    assert older == f"{OLDER}; everything else can stay"
    assert newer.endswith("; not with requirements.txt:1 (a 1.0 needs n<3,>=1)")
    (build,) = case.told()
    assert [(one.kind, str(one.version), one.checked, one.line) for one in build.alternatives] == [
        ("older", "1.0", True, ""),
        ("newer", "3.0", False, ""),
    ]


def test_what_an_exact_pin_refuses_needs_no_search() -> None:
    world = native().many("a", {"1.0": ("n (<3,>=2) ; python_version > '3'",), "2.0": ()})
    case = Case(world.many("mid", {"1.0": ("a",)}), "mid", "a==1.0")
    refused = "not with requirements.txt:2 (a 1.0 needs n<3,>=2)"
    assert case.of("n") == [f"{OLDER}; {refused}", f"{NEWER}; {refused}"]
    assert case.trials.attempts == 0


def test_a_search_finds_what_else_has_to_change() -> None:
    world = native().many("a", {"1.0": ("n<2",), "2.0": ("n==2.0",)})
    case = Case(world, "a")
    older, newer = case.of("n")
    assert older == f"{OLDER}; the set resolves with it, with a==1.0"
    assert newer == f"{NEWER}; not with requirements.txt:1 (a 2.0 needs n==2.0)"
    assert case.trials.attempts == 2


def test_what_the_file_itself_asks_for_counts() -> None:
    exact = Case(native("b>=2").many("b", {"1.0": (), "2.0": ()}), "n==2.0", "b==1.0")
    assert exact.of("n")[0].endswith("; not with requirements.txt:2 (n 1.0 needs b>=2)")
    assert exact.trials.attempts == 0
    loose = Case(native("b<2").many("b", {"1.0": (), "2.0": ()}), "n==2.0", "b")
    assert loose.of("n")[1].endswith(
        "; if requirements.txt:1 (==2.0) is widened, the set resolves with it, with b==1.0"
    )
    brings = Case(native("c").many("c", {"1.0": ()}), "n==2.0")
    assert brings.of("n")[0].endswith("; if requirements.txt:1 (==2.0) is widened, the set resolves with it")
    nowhere = Case(native("gone"), "n==2.0")
    assert "; the set does not resolve with it (" in nowhere.of("n")[0]
    assert (
        Case(native("gone"), "n==2.0", policy=Policy(no_deps=True))
        .of("n")[0]
        .endswith("everything else can stay")
    )


def test_a_way_that_only_moves_the_build_is_none() -> None:
    case = Case(native("c").add("c-1.0.tar.gz"), "n==2.0")
    assert case.of("n")[0].endswith("; not without building c 1.0 from source")


def test_a_constraint_is_told_with_its_place() -> None:
    case = Case(native(), "n", constraints=("n==2.0",))
    assert {text.partition("; ")[2] for text in case.of("n")} == {"not with constraints.txt:1 (n==2.0)"}


def test_metadata_that_cannot_be_had_or_used() -> None:
    class Broken(Universe):
        def metadata(self, wheel: Any) -> Any:
            why = "index-timeout" if wheel.version.major == 1 else "bad-metadata"
            return Refusal(
                filename=wheel.filename, reason=Reason.METADATA, detail="its metadata is broken", id=why
            )

    world = Broken()
    plain = native()
    world.rows, world.requires = plain.rows, plain.requires
    older, newer = Case(world, "n==2.0").of("n")
    assert older.endswith("; not tried: what it asks for could not be read")
    assert newer.endswith("; it cannot be used: its metadata is broken")


def test_a_budget_that_is_used_up_is_said() -> None:
    case = Case(native().many("a", {"1.0": ("n==2.0",)}), "a")
    case.trials.rounds = TRIALS_ROUNDS
    (build,) = case.told()
    assert {one.checked for one in build.alternatives} == {None}
    assert str(build.alternatives[0]).endswith("; not tried to the end: the attempts are used up")


def test_few_builds_are_searched_for() -> None:
    world = Universe()
    names = [f"n{number}" for number in range(MOST_SEARCHED + 2)]
    for name in names:
        world.add(f"{name}-1.0-{HERE}.whl").add(f"{name}-2.0.tar.gz")
        world.many(f"a{name}", {"1.0": (f"{name}==2.0",)})
    case = Case(world, *(f"a{name}" for name in names))
    told = [build.alternatives[0] for build in case.told()]
    assert [one.checked for one in told] == [False] * MOST_SEARCHED + [None] * 2
    assert str(told[-1]).endswith(f"; not tried: {MOST_SEARCHED} other builds were")
    assert case.trials.attempts == MOST_SEARCHED


def test_pure_builds_and_those_on_no_index_have_none() -> None:
    case = Case(native(), "n==2.0", pure=("n",))
    assert [build.alternatives for build in case.told()] == [()]


@pytest.mark.parametrize("asker", [(), ("a",)])
def test_a_sibling_takes_the_place_of_the_project_where_nobody_else_asks_for_it(
    asker: tuple[str, ...],
) -> None:
    world = (
        Universe()
        .add("psycopg2-2.9.13.tar.gz")
        .add("psycopg2_binary-2.9.12-py3-none-any.whl", project="psycopg2-binary")
        .add("psycopg2_binary-2.9.13-py3-none-any.whl", project="psycopg2-binary")
        .many("a", {"1.0": ("psycopg2",)})
    )
    (way,) = Case(world, "psycopg2<3", *asker).of("psycopg2")
    what = (
        "psycopg2-binary==2.9.13 has a wheel for this machine "
        "(another project; its authors advise the source distribution for production); "
    )
    refused = "not with requirements.txt:2 (a 1.0 needs psycopg2)"
    assert way == what + (
        refused if asker else "if requirements.txt:1 asks for it instead, everything else can stay"
    )


def test_an_index_that_was_not_asked_may_have_the_wheel() -> None:
    world = Universe().add("n-2.0.tar.gz").add(f"n-2.0-{HERE}.whl", later=True)
    world.add(f"n-2.1-{HERE}.whl", later=True).add("m-1.0-py3-none-any.whl")
    case = Case(world, "n==2.0", "m")
    (way,) = case.of("n")
    assert way == (
        f"n==2.0 has a wheel on {LATER}, which is not asked for it: https://index.test/simple/ comes first "
        "(`--index-strategy unsafe-best-match` joins them); everything else can stay"
    )
    assert [one for one in world.asked if one.endswith("later")] == ["n later"]


def test_the_same_version_on_other_pythons_libcs_and_platforms() -> None:
    world = Universe().add("n-2.0.tar.gz")
    for minor in (8, 9, 12):
        world.add(f"n-2.0-cp3{minor}-cp3{minor}-manylinux_2_17_x86_64.whl")
    for glibc in (34, 28):
        world.add(f"n-2.0-cp311-cp311-manylinux_2_{glibc}_x86_64.whl")
    world.add("n-2.0-cp311-cp311-win_amd64.whl").add("n-2.0-cp38-abi3-macosx_11_0_universal2.whl")
    assert Case(world, "n", glibc="2.17").of("n") == [
        "n==2.0 has wheels for cp38 to cp39, cp312 on this system",
        "n==2.0 has a wheel for glibc 2.28 and newer (here 2.17)",
        "n==2.0 has wheels for macOS and Windows",
    ]
    assert Case(world, "n", musl="1.2").of("n") == [
        "n==2.0 has a wheel for glibc 2.28 and newer (here musl 1.2)",
        "n==2.0 has wheels for macOS and Windows",
    ]


def test_a_stable_abi_counts_for_all_later_pythons() -> None:
    world = (
        Universe()
        .add("n-2.0.tar.gz")
        .add("n-2.0-cp312-abi3-manylinux_2_17_x86_64.whl", requires_python="<3.14")
    )
    assert Case(world, "n").of("n") == ["n==2.0 has wheels for cp312 to cp313 on this system"]
    threads = Case(world, "n", python="3.13.0", abi="cp313t")
    assert threads.of("n") == ["n==2.0 has wheels for cp312 to cp313 on this system"]


def test_a_setting_that_refuses_wheels_refuses_them_everywhere() -> None:
    case = Case(native().add(f"n-2.0-{HERE}.whl"), "n==2.0", policy=Policy(no_binary=frozenset({"n"})))
    assert case.of("n") == []


def test_an_older_version_that_can_be_built_is_checked_too() -> None:
    world = Universe().add("n-1.0.tar.gz").add("n-2.0.tar.gz").many("a", {"1.0": ("n>=2",)})
    can = "n==1.0 can be built here (an older version whose needs can be met); "
    assert Case(world, "n").of("n", n=Version("1.0")) == [can + "everything else can stay"]
    assert Case(world, "n", "a").of("n", n=Version("1.0")) == [
        can + "not with requirements.txt:2 (a 1.0 needs n>=2)"
    ]


@pytest.mark.parametrize(
    ("lines", "remedy"),
    [
        (["n<=2"], "pin `n==1.0`, or accept"),
        (["n==2.0"], "ask for `n==3.0` instead, in requirements.txt:1, or accept"),
        (["n==2.0", "a"], "accept"),
    ],
    ids=["no line changes", "the newer of two", "neither holds"],
)
def test_the_remedy_names_a_way_that_holds(lines: list[str], remedy: str) -> None:
    case = Case(native().many("a", {"1.0": ("n==2.0",)}), *lines)
    pages = {pin.project: case.world.page(pin.project) for pin in case.pins}
    found = next(f for f in assess(case.pins, case.told(), pages, frozenset()) if f.code == "WP102")
    assert found.remedy == f"{remedy} the build with `--allow-build n`"
