"""Why a project is what it is: each reason for which a version falls out, who asks, every file, absence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.checking import Judged, judge
from planner.choosing.trials import Trials
from planner.dists import Metadata, Reason, Refusal, SdistReading
from planner.explaining.lines import explained_lines
from planner.explaining.project import explain_project
from planner.explaining.values import Explained, NotThere
from planner.explaining.versions import CANDIDATES_READ
from planner.explaining.whole import explain_verdict
from planner.page import Answer
from planner.policy import Policy
from planner.resolve.asks import Ask
from planner.roots import Roots
from tests.universe import Universe, fits, machine

HERE = "cp311-cp311-manylinux_2_17_x86_64"
NEWER_GLIBC = "cp311-cp311-manylinux_2_39_x86_64"


def ask(text: str, origin: str) -> Ask:
    one = Requirement(text)
    return Ask(project=canonicalize_name(one.name), specifier=one.specifier, text=text, origin=origin)


def judged(
    world: Universe,
    *texts: str,
    constraints: tuple[str, ...] = (),
    policy: Policy | None = None,
    late: bool = False,
    **facts: str,
) -> Judged:
    roots = Roots(asks=[ask(text, f"requirements.txt:{line}") for line, text in enumerate(texts, 1)])
    for line, text in enumerate(constraints, 1):
        one = ask(text, f"constraints.txt:{line}")
        roots.constraints.setdefault(one.project, []).append(one)
    trials = Trials(
        roots=roots,
        machine=machine(**facts),
        fits=fits(policy, **facts),
        catalog=world,
        spent=lambda: False,
        late=lambda: late,
    )
    return judge(trials, say=lambda _: None)


def explain(found: Judged, project: str, **kept: str) -> Explained | NotThere:
    versions = {canonicalize_name(name): Version(text) for name, text in kept.items()}
    return explain_project(found, NormalizedName(project), lambda _: None, versions)


def explained(found: Judged, project: str, **kept: str) -> Explained:
    answer = explain(found, project, **kept)
    assert isinstance(answer, Explained)
    return answer


def absent(found: Judged, project: str) -> NotThere:
    answer = explain(found, project)
    assert isinstance(answer, NotThere)
    return answer


def reasons(found: Explained) -> dict[str, tuple[str, str]]:
    return {str(other.version): (other.reason, other.why) for other in found.others}


# -- versions -----------------------------------------------------------------------------------------------


def base() -> Universe:
    """A project at 1.0, to which each test adds a version that falls out."""
    return Universe().add(f"aye-1.0-{HERE}.whl", upload_time="2023-01-01T00:00:00Z")


def test_a_version_that_the_user_excludes_is_told_with_his_line() -> None:
    world = base().add(f"aye-2.0-{HERE}.whl", upload_time="2024-05-06T00:00:00Z")
    found = explained(judged(world, "aye<2"), "aye")
    (other,) = found.others
    assert (other.reason, other.why) == ("not-admitted", "excluded by aye<2 (requirements.txt:1)")
    assert other.uploaded == "2024-05-06"
    assert (found.total, found.rest, found.exit_code) == (2, (), 0)


def test_a_dependency_that_excludes_it_is_named_and_others_are_counted() -> None:
    world = (
        base().add(f"aye-2.0-{HERE}.whl").many("bee", {"1.0": ("aye<2",)}).many("cee", {"1.0": ("aye<2",)})
    )
    found = explained(judged(world, "bee", "cee"), "aye")
    assert reasons(found)["2.0"] == ("not-admitted", "excluded by aye<2 (bee 1.0 and 1 more)")


def test_a_constraint_counts_as_what_excludes() -> None:
    world = base().add(f"aye-2.0-{HERE}.whl")
    found = explained(judged(world, "aye", constraints=("aye<2",)), "aye")
    assert reasons(found)["2.0"] == ("not-admitted", "excluded by aye<2 (constraints.txt:1)")
    assert found.constraints == ("constraints.txt:1 constrains it to aye<2",)


FALLEN: dict[str, tuple[str, str, str, str]] = {
    "pre-release": ("2.0rc1", "", "", "a pre-release, and none was asked for (--pre allows them)"),
    "yanked": ("2.0", "broken", "", "yanked: broken; there is no sdist"),
    "requires-python": (
        "2.0",
        "",
        ">=3.12",
        "requires Python >=3.12, here 3.11.7; there is no sdist",
    ),
}


@pytest.mark.parametrize("reason", FALLEN)
def test_what_its_file_says_takes_a_version_out(reason: str) -> None:
    version, yanked, python, why = FALLEN[reason]
    world = base().add(f"aye-{version}-{HERE}.whl", yanked=yanked or None, requires_python=python)
    found = explained(judged(world, "aye"), "aye")
    assert reasons(found)[version] == (reason, why)


def test_no_file_fits_is_told_by_the_nearest_miss() -> None:
    world = base().add(f"aye-2.0-{NEWER_GLIBC}.whl").add("aye-2.0-cp311-cp311-win_amd64.whl")
    found = explained(judged(world, "aye"), "aye")
    assert reasons(found)["2.0"] == ("no-file", "needs glibc 2.39, here 2.36; there is no sdist")
    assert found.raised is None


def test_a_setting_that_refuses_the_sdist_is_told_beside_the_wheels() -> None:
    world = base().add(f"aye-2.0-{NEWER_GLIBC}.whl").add("aye-2.0.tar.gz")
    policy = Policy(only_binary=frozenset({":all:"}))
    reason, why = reasons(explained(judged(world, "aye", policy=policy), "aye"))["2.0"]
    assert (reason, why.split("; ")[0]) == ("no-file", "needs glibc 2.39, here 2.36")
    assert "--no-build" in why


def native(world: Universe, *versions: str) -> Universe:
    """The sdists of these versions compile; each has a wheel for a newer glibc."""
    for version in versions:
        world.add(f"aye-{version}-{NEWER_GLIBC}.whl").add(f"aye-{version}.tar.gz")
    return world


def test_a_version_that_would_be_compiled_is_passed_over_for_a_wheel() -> None:
    found = explained(judged(native(base(), "2.0"), "aye"), "aye")
    assert str(found.pin.version) == "1.0"
    assert reasons(found)["2.0"] == (
        "native-build",
        "would be compiled here (needs glibc 2.39, here 2.36); 1.0 has a wheel",
    )
    assert found.held_back is not None
    assert found.held_back.for_wheel


def clashing() -> Universe:
    """aye 2.0 needs a bee that the user does not let in."""
    world = base().many("bee", {"1.0": (), "2.0": ()})
    return world.add(f"aye-2.0-{HERE}.whl", "bee>=2")


def test_a_clash_with_a_pin_names_who_holds_that_pin() -> None:
    found = explained(judged(clashing(), "aye", "bee<2"), "aye")
    told = "needs bee>=2, and bee 1.0 is pinned (requirements.txt:2 asks for bee<2)"
    assert reasons(found)["2.0"] == ("clash", told)


def test_a_dependency_that_cannot_be_had_is_told() -> None:
    world = base().add(f"aye-2.0-{HERE}.whl", "nowhere").add(f"aye-3.0-{HERE}.whl", "dee>=2")
    world.many("dee", {"1.0": ()}).add(f"aye-4.0-{HERE}.whl", "eee").add(f"eee-1.0-{NEWER_GLIBC}.whl")
    nowhere = "needs glibc 2.39, here 2.36; there is no sdist"
    assert reasons(explained(judged(world, "aye"), "aye")) == {
        "2.0": ("clash", "needs nowhere, and no index has nowhere"),
        "3.0": ("clash", "needs dee>=2, which no version of dee satisfies"),
        "4.0": ("clash", f"needs eee, of which no version has a file here (1.0: {nowhere})"),
    }


def test_metadata_that_cannot_be_used_is_told() -> None:
    world = base().add("aye-2.0.tar.gz")
    world.readings["aye-2.0.tar.gz"] = Refusal(
        filename="aye-2.0.tar.gz", reason=Reason.METADATA, detail="its PKG-INFO is no text"
    )
    found = explained(judged(world, "aye", policy=Policy(prefer="newest")), "aye")
    assert reasons(found)["2.0"] == ("metadata", "metadata cannot be used: its PKG-INFO is no text")


def test_a_python_that_only_the_metadata_excludes_is_told() -> None:
    world = base().add(f"aye-2.0-{HERE}.whl")
    world.pythons[f"aye-2.0-{HERE}.whl"] = ">=3.12"
    told = reasons(explained(judged(world, "aye"), "aye"))["2.0"]
    assert told == ("requires-python", "requires Python >=3.12, here 3.11.7")


def test_only_a_few_candidates_are_read_and_the_rest_is_said_to_be_unread() -> None:
    world = base().many("bee", {"1.0": (), "2.0": ()})
    for number in range(CANDIDATES_READ + 3):
        world.add(f"aye-2.{number}-{HERE}.whl", "bee>=2")
    found = explained(judged(world, "aye", "bee<2"), "aye")
    kinds = [other.reason for other in found.others]
    assert kinds == ["clash"] * CANDIDATES_READ + ["not-read"] * 3


def test_a_kept_version_says_so() -> None:
    world = base().add(f"aye-2.0-{HERE}.whl")
    found = judged(world, "aye<2")
    found.trials.roots.asks[:] = [ask("aye", "requirements.txt:1")]
    pins = tuple(replace(pin, asked=(("requirements.txt:1", "aye"),)) for pin in found.pins)
    found = replace(found, pins=pins, choice=None, asks=tuple(found.trials.roots.asks))
    told = explained(found, "aye", aye="1.0")
    assert reasons(told)["2.0"] == ("kept", "passed over, as the plan has 1.0 (-P aye takes the newest)")
    assert told.raised is not None
    assert (told.raised.possible, told.raised.lines) == (True, ())


def test_the_lowest_versions_are_explained_from_below() -> None:
    world = Universe().many("aye", {"1.0": (), "2.0": (), "3.0": ()})
    found = explained(judged(world, "aye>1", policy=Policy(strategy="lowest")), "aye")
    assert (str(found.pin.version), found.lowest) == ("2.0", True)
    assert list(reasons(found)) == ["1.0"]
    assert found.rest == (Version("3.0"),)


# -- trying another version ---------------------------------------------------------------------------------


def test_what_another_version_would_change_is_tried() -> None:
    """Without a choice (or where it tried nothing) the explanation tries the first version left out."""
    found = replace(judged(clashing(), "aye", "bee<2"), choice=None)
    tried = explained(found, "aye").raised
    assert tried is not None
    assert (str(tried.version), tried.possible) == ("2.0", False)
    world = Universe().many("aye", {"1.0": (), "2.0": ("bee<2", "dee")}).many("dee", {"1.0": ()})
    world.many("bee", {"1.0": (), "2.0": ()})
    held = judged(world, "aye<2", "bee")
    held.trials.roots.asks[:] = [ask("aye", "requirements.txt:1"), ask("bee", "requirements.txt:2")]
    pins = tuple(replace(pin, asked=(("requirements.txt:1", str(pin.project)),)) for pin in held.pins)
    held = replace(held, pins=pins, choice=None, asks=tuple(held.trials.roots.asks))
    tried = explained(held, "aye").raised
    assert tried is not None
    assert tried.lines == ("bee falls from 2.0 to 1.0", "dee 1.0 is added")


def test_without_a_budget_nothing_is_tried_and_that_is_said() -> None:
    found = replace(judged(clashing(), "aye", "bee<2", late=True), choice=None)
    tried = explained(found, "aye").raised
    assert tried is not None
    assert tried.possible is None
    assert "used up" in tried.lines[0]


# -- who asks -----------------------------------------------------------------------------------------------


def test_the_chain_leads_to_a_line_of_the_users_own() -> None:
    world = (
        Universe().many("aye", {"1.0": ()}).many("bee", {"1.0": ("aye>0.5",)}).many("cee", {"2.0": ("bee",)})
    )
    found = explained(judged(world, "cee>=2"), "aye")
    (asker,) = found.askers
    assert (asker.who, asker.text, asker.root) == ("bee 1.0", "aye>0.5", False)
    assert asker.chain == ("requirements.txt:1 asks for cee>=2", "cee 2.0 needs bee")


def test_own_lines_come_first_then_those_that_keep_the_newest_away() -> None:
    world = Universe().many("aye", {"1.0": (), "2.0": ()})
    world.many("bee", {"1.0": ("aye",)}).many("cee", {"1.0": ("aye<2",)}).many("dee", {"1.0": ("aye>=1",)})
    found = explained(judged(world, "bee", "dee", "cee", "aye"), "aye")
    assert [asker.who for asker in found.askers] == ["requirements.txt:4", "cee 1.0", "dee 1.0", "bee 1.0"]


def test_a_ring_of_dependencies_ends() -> None:
    world = Universe().many("aye", {"1.0": ("bee",)}).many("bee", {"1.0": ("aye",)})
    found = explained(judged(world, "aye"), "bee")
    assert found.askers[0].chain == ("requirements.txt:1 asks for aye",)


# -- files --------------------------------------------------------------------------------------------------


def test_every_file_of_the_version_is_told_once_nearest_misses_first() -> None:
    world = Universe()
    names = [
        f"aye-1.0-{HERE}.whl",
        "aye-1.0-cp311-cp311-manylinux_2_5_x86_64.whl",
        "aye-1.0.tar.gz",
        f"aye-1.0-{NEWER_GLIBC}.whl",
        "aye-1.0-cp310-cp310-manylinux_2_17_x86_64.whl",
        "aye-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        "aye-1.0-cp312-cp312-win_amd64.whl",
        "aye-1.0-cp311-cp311-win_amd64.whl",
        "aye-1.0-cp311-cp311-musllinux_1_1_x86_64.whl",
    ]
    for name in names:
        world.add(name)
    found = explained(judged(world, "aye"), "aye")
    told = [(group.why, len(group.files)) for group in found.groups]
    assert told == [
        ("taken", 1),
        ("would fit too: the one taken suits this machine better", 2),
        ("for other Pythons (cp310, cp312), here cp311", 2),
        ("needs glibc 2.39, here 2.36", 1),
        ("for musl libc, here glibc", 1),
        ("for Windows", 2),
    ]
    assert sorted(name for group in found.groups for name, _ in group.files) == sorted(names)
    assert found.groups[-1].files[0][0] == "aye-1.0-cp311-cp311-win_amd64.whl"


def test_a_yanked_version_that_was_pinned_is_taken_and_its_files_judged_by_their_tags() -> None:
    world = Universe().add(f"aye-1.0-{HERE}.whl", yanked="").add(f"aye-1.0-{NEWER_GLIBC}.whl", yanked="")
    found = explained(judged(world, "aye==1.0"), "aye")
    assert [group.why for group in found.groups] == ["taken", "needs glibc 2.39, here 2.36"]
    assert [one.code for one in found.findings] == ["WP501"]


# -- not there ----------------------------------------------------------------------------------------------


def test_a_project_that_is_not_there_is_told_with_what_would_come() -> None:
    world = base().many("bee", {"1.0": ()}).add(f"bee-2.0-{NEWER_GLIBC}.whl")
    found = absent(judged(world, "aye"), "bee")
    assert (found.resolved, found.indexed, found.exit_code) == (True, True, 1)
    assert (str(found.version), found.kind, found.filename) == ("1.0", "wheel", "bee-1.0-py3-none-any.whl")
    assert (str(found.newest), found.misfit) == ("2.0", "needs glibc 2.39, here 2.36; there is no sdist")


def test_near_names_of_the_resolution_are_told() -> None:
    world = Universe().many("greenlet", {"1.0": ()})
    found = absent(judged(world, "greenlet"), "grenlet")
    assert (found.indexed, found.near, found.version) == (False, ("greenlet",), None)


def test_a_requirement_that_does_not_hold_here_is_mentioned() -> None:
    world = Universe().many("aye", {"1.0": ('bee>=1; sys_platform == "win32"',)}).many("bee", {"1.0": ()})
    found = absent(judged(world, "aye"), "bee")
    told = 'aye 1.0 needs bee>=1 where sys_platform == "win32", which does not hold here'
    assert found.mentions == (told,)


def test_a_requirement_that_was_set_aside_is_told_with_its_line_and_the_clash() -> None:
    world = base().many("hub", {"1.0": ("old>=2",)}).many("old", {"1.0": (), "2.0": ()})
    found = absent(judged(world, "aye", "old<2", "hub"), "hub")
    assert (found.resolved, found.set_aside, found.exit_code) == (True, ("requirements.txt:3",), 1)
    assert [one.code for one in found.findings] == ["WP523"]
    told = ["".join(text for text, _ in line.pieces) for line in explained_lines(found, verbose=False)]
    assert "hub is asked for (requirements.txt:3), and set aside: what is asked cannot be met." in told
    assert "  By itself, hub 1.0 would be installed from a wheel: nothing is built." in told


def test_versions_after_the_cut_off_are_one_line() -> None:
    world = base()
    for version in ("2.0", "3.0"):
        world.add(f"aye-{version}-{HERE}.whl", upload_time=f"2025-0{version[0]}-01T00:00:00Z")
    policy = Policy(exclude_newer=datetime(2024, 6, 1, tzinfo=timezone.utc))
    found = explained(judged(world, "aye", policy=policy), "aye")
    assert reasons(found) == dict.fromkeys(("3.0", "2.0"), ("too-late", "not before the cut-off"))


def test_without_a_resolution_the_findings_say_why() -> None:
    world = Universe().many("aye", {"1.0": ("bee<2",)}).many("bee", {"1.0": (), "2.0": ()})
    found = absent(judged(world, "aye", "bee>=2"), "bee")
    assert (found.resolved, found.exit_code) == (False, 1)
    assert [one.code for one in found.findings] == ["WP523"]


def test_what_a_silent_index_might_have_is_not_known() -> None:
    world = base()
    trouble = Answer(
        index="https://index.test/simple/", state="trouble", why="It did not answer.", id="index-down"
    )
    world.answers[NormalizedName("bee")] = (trouble,)
    found = absent(judged(world, "aye", "bee"), "bee")
    assert (found.indexed, found.exit_code) == (None, 2)
    assert [one.code for one in found.findings] == ["WP604"]


def test_a_build_requirement_is_told_as_one() -> None:
    world = Universe().add("aye-1.0.tar.gz").many("setuptools", {"84.0": ()})
    reading = SdistReading(
        metadata=Metadata(project=NormalizedName("aye"), version=Version("1.0"), source="sdist"),
        native=True,
        backend="setuptools.build_meta",
        build_requires=("setuptools",),
    )
    world.readings["aye-1.0.tar.gz"] = reading
    found = absent(judged(world, "aye"), "setuptools")
    assert found.mentions == ("aye is built with setuptools 84.0: a build requirement, not a pin",)


# -- the verdict --------------------------------------------------------------------------------------------


def test_the_verdict_names_what_stops_and_what_was_given_up() -> None:
    found = explain_verdict(judged(native(base(), "2.0"), "aye"), "error")
    assert (found.verdict, found.exit_code, found.stopping) == ("clear", 0, ())
    assert found.choice is not None
    (held,) = found.choice.held_back
    assert (held.project, held.for_wheel) == ("aye", True)
    (swap,) = found.swaps
    assert (swap.project, str(swap.there), swap.root, swap.compiled) == ("aye", "2.0", True, True)


def test_a_finding_below_the_limit_stops_where_it_is_asked_for() -> None:
    world = Universe().add(f"aye-1.0-{HERE}.whl", yanked="")
    assert explain_verdict(judged(world, "aye==1.0"), "error").stopping == ()
    assert [one.code for one in explain_verdict(judged(world, "aye==1.0"), "warning").stopping] == ["WP501"]


def test_no_resolution_is_no_explanation_of_one() -> None:
    found = explain_verdict(judged(Universe(), "nowhere"), "error")
    assert (found.verdict, found.exit_code) == ("blocked", 1)
    assert found.set_aside == ("requirements.txt:1 nowhere",)
