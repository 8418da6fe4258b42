"""Which resolution is chosen: wheels before native builds, no absurdly old root, nothing that was not asked."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.choosing.choose import choose, first_steer
from planner.choosing.chooser import Chooser
from planner.choosing.trials import Trials
from planner.choosing.values import Choice
from planner.dists import Reason, Refusal, Sdist, SdistReading
from planner.plan.reading import Previous, PreviousPin
from planner.policy import Policy
from planner.resolve.asks import Ask, Resolution
from planner.resolve.steer import NEWEST
from planner.roots import Roots
from tests.universe import Universe, fits, machine

HERE = "cp311-cp311-manylinux_2_17_x86_64"
WINDOWS = "cp311-cp311-win_amd64"


def when(months: float) -> str:
    """The upload time so many months before the newest of all."""
    moment = datetime(2026, 11, 1, tzinfo=timezone.utc) - timedelta(days=months * 30.44)
    return moment.isoformat().replace("+00:00", "Z")


def wheel(universe: Universe, project: str, version: str, *requires: str, months: float = 0.0) -> None:
    universe.add(f"{project}-{version}-py3-none-any.whl", *requires, upload_time=when(months))


def binary(universe: Universe, project: str, version: str, *requires: str, months: float = 0.0) -> None:
    universe.add(f"{project}-{version}-{HERE}.whl", *requires, upload_time=when(months))


def sdist(
    universe: Universe, project: str, version: str, *requires: str, months: float = 0.0, native: bool = True
) -> None:
    filename = f"{project}-{version}.tar.gz"
    universe.add(filename, *requires, upload_time=when(months))
    dist = Sdist(
        row=universe.rows[canonicalize_name(project)][-1],
        project=canonicalize_name(project),
        version=Version(version),
        index="https://index.test/simple/",
    )
    reading = universe.sdist(dist, {})
    assert isinstance(reading, SdistReading)
    universe.readings[filename] = replace(reading, native=native)


def asks(*requirements: str) -> list[Ask]:
    parsed = [Requirement(text) for text in requirements]
    return [
        Ask(
            project=canonicalize_name(one.name),
            specifier=one.specifier,
            text=str(one),
            origin=f"requirements.txt:{line}",
        )
        for line, one in enumerate(parsed, 1)
    ]


def trials_of(universe: Universe, policy: Policy | None = None, *, late: bool = False) -> Trials:
    return Trials(
        roots=Roots(),
        machine=machine(),
        fits=fits(policy),
        catalog=universe,
        spent=lambda: False,
        late=lambda: late,
    )


@dataclass(frozen=True)
class Lacking:
    """What builds lack, by project; and the older versions that lack less."""

    answers: Mapping[str, str]
    older: Mapping[str, str]

    def of(self, sdist: Sdist) -> str:
        ready = self.older.get(sdist.project)
        return "nothing" if ready == str(sdist.version) else self.answers.get(sdist.project, "nothing")

    def readier(self, sdist: Sdist) -> Version | None:
        version = self.older.get(sdist.project)
        return Version(version) if version is not None else None


NOTHING = Lacking({}, {})


def chosen(
    universe: Universe,
    *requirements: str,
    policy: Policy | None = None,
    previous: Previous | None = None,
    lacking: Mapping[str, str] | None = None,
    older: Mapping[str, str] | None = None,
    late: bool = False,
) -> Choice:
    trials = trials_of(universe, policy, late=late)
    wanted = asks(*requirements)
    steer = first_steer(trials.fits.policy, previous)
    first = trials.resolve(wanted, steer)
    assert isinstance(first, Resolution)
    return choose(trials, wanted, first, Lacking(lacking or {}, older or {}), steer.keep)


def versions(choice: Choice | Resolution) -> dict[str, str]:
    resolution = choice.resolution if isinstance(choice, Choice) else choice
    return {pin.project: str(pin.version) for pin in resolution.pins}


def numeric() -> Universe:
    """A project whose newest version has wheels for Windows alone, as numpy has none for an old glibc."""
    universe = Universe()
    binary(universe, "num", "1.0", months=6)
    sdist(universe, "num", "1.0", months=6)
    universe.add(f"num-2.0-{WINDOWS}.whl", upload_time=when(0))
    sdist(universe, "num", "2.0")
    return universe


def test_an_older_wheel_before_a_newer_native_build() -> None:
    choice = chosen(numeric(), "num")
    assert versions(choice) == {"num": "1.0"}
    (held,) = choice.held_back
    assert (str(held.newest), held.for_wheel, held.months) == ("2.0", True, 6.0)
    assert choice.other is not None
    assert versions(choice.other) == {"num": "2.0"}
    assert choice.other_burden is not None
    assert choice.other_burden.native == 1


def test_the_sdist_that_is_passed_over_is_not_read() -> None:
    universe = numeric()
    del universe.readings["num-2.0.tar.gz"]
    del universe.requires["num-2.0.tar.gz"]  # reading it would fail
    universe.requires[f"num-2.0-{WINDOWS}.whl"] = ()
    assert versions(chosen(universe, "num")) == {"num": "1.0"}


@pytest.mark.parametrize(
    ("policy", "version"),
    [
        (Policy(prefer="newest"), "2.0"),
        (Policy(allow_builds=frozenset({"num"})), "2.0"),
        (Policy(allow_builds=frozenset({":all:"})), "2.0"),
        (Policy(allow_builds=frozenset({"other"})), "1.0"),
        (Policy(no_binary=frozenset({"num"})), "2.0"),
        (Policy(only_binary=frozenset({":all:"})), "1.0"),
        (Policy(strategy="lowest"), "1.0"),
    ],
)
def test_the_users_own_words_steer_it(policy: Policy, version: str) -> None:
    assert versions(chosen(numeric(), "num", policy=policy)) == {"num": version}


def test_what_prefer_newest_would_save() -> None:
    choice = chosen(numeric(), "num", policy=Policy(prefer="newest"))
    assert choice.other is not None
    assert versions(choice.other) == {"num": "1.0"}


def test_a_pure_sdist_is_not_avoided() -> None:
    universe = Universe()
    wheel(universe, "pure", "1.0", months=3)
    sdist(universe, "pure", "2.0", native=False)
    choice = chosen(universe, "pure")
    assert versions(choice) == {"pure": "2.0"}
    assert choice.attempts == 0


@pytest.mark.parametrize(("months", "version"), [(23, "1.0"), (25, "2.0")])
def test_the_window_counts_from_the_first_newer_version(months: float, version: str) -> None:
    universe = Universe()
    binary(universe, "num", "1.0", months=90)  # its own age does not matter: it was the newest for long
    sdist(universe, "num", "2.0", months=months)
    sdist(universe, "num", "2.1", months=0)
    choice = chosen(universe, "num")
    assert versions(choice) == {"num": version if version == "1.0" else "2.1"}


def test_without_upload_times_a_wheel_is_never_too_old() -> None:
    universe = numeric()
    rows = universe.rows[canonicalize_name("num")]
    rows[:] = [row._replace(upload_time="") for row in rows]
    choice = chosen(universe, "num")
    assert versions(choice) == {"num": "1.0"}
    assert choice.held_back[0].uploaded is None


def frameworks() -> Universe:
    """As torch and vllm: each engine pins one framework, and an old one, which compiles, pins none."""
    universe = Universe()
    wheel(universe, "vision", "2.0", "torch>=2.15", months=0)
    wheel(universe, "vision", "1.0", "torch>=2", months=3)
    for minor, months in ((13, 3), (14, 2), (15, 0)):
        binary(universe, "torch", f"2.{minor}", months=months)
    binary(universe, "vllm", "0.32", "torch==2.13", months=2)
    binary(universe, "vllm", "0.33", "torch==2.14", months=0)
    sdist(universe, "vllm", "0.2", "torch>=2.1", months=36)
    return universe


def test_no_root_is_absurdly_old_where_another_can_give_way() -> None:
    better = {"torch": "2.14", "vision": "1.0", "vllm": "0.33"}
    choice = chosen(frameworks(), "vision", "torch", "vllm")
    assert versions(choice) == better
    vision, torch = choice.held_back
    assert torch.holders == ("vllm 0.33 needs torch==2.14",)
    assert torch.possible
    assert torch.cost == ("vllm 0.2 would be compiled here", "vllm would fall from 0.33 to 0.2")
    assert vision.holders == ("vision 2.0 needs torch>=2.15, and torch 2.14 is taken",)
    newest = chosen(frameworks(), "vision", "torch", "vllm", policy=Policy(prefer="newest"))
    assert versions(newest) == {"torch": "2.15", "vision": "2.0", "vllm": "0.2"}
    assert newest.other is not None
    assert versions(newest.other) == better


def test_a_native_dependency_is_avoided_through_its_parent() -> None:
    universe = Universe()
    wheel(universe, "app", "2.0", "fast>=2", months=0)
    wheel(universe, "app", "1.0", "fast<2", months=1)
    sdist(universe, "fast", "2.0", months=0)
    binary(universe, "fast", "1.0", months=12)
    assert versions(chosen(universe, "app")) == {"app": "1.0", "fast": "1.0"}
    assert versions(chosen(universe, "app>=2")) == {"app": "2.0", "fast": "2.0"}


def test_a_root_is_not_made_stale_beyond_the_window_to_spare_a_build() -> None:
    universe = Universe()
    wheel(universe, "app", "2.0", "fast>=2", months=0)
    wheel(universe, "app", "1.0", "fast<2", months=40)
    sdist(universe, "fast", "2.0", months=0)
    binary(universe, "fast", "1.0", months=12)
    assert versions(chosen(universe, "app")) == {"app": "2.0", "fast": "2.0"}


def test_an_earlier_plan_stays() -> None:
    universe = frameworks()
    pins = {canonicalize_name("torch"): PreviousPin(version=Version("2.13"))}
    previous = Previous(pins=pins)
    choice = chosen(universe, "torch", previous=previous)
    assert versions(choice) == {"torch": "2.13"}
    assert choice.held_back[0].holders == ("the plan has 2.13 (`-P torch` lets it go, `-U` all)",)


def test_an_earlier_plan_gives_way_to_a_wheel() -> None:
    previous = Previous(pins={canonicalize_name("num"): PreviousPin(version=Version("2.0"))})
    assert versions(chosen(numeric(), "num", previous=previous)) == {"num": "1.0"}
    built = Previous(
        pins={canonicalize_name("num"): PreviousPin(version=Version("2.0"), source_build="native")}
    )
    assert versions(chosen(numeric(), "num", previous=built)) == {"num": "2.0"}


def test_a_build_that_lacks_something_weighs_more() -> None:
    universe = Universe()
    for project in ("one", "two"):
        sdist(universe, project, "1.0")
    choice = chosen(universe, "one", "two", lacking={"one": "missing", "two": "hopeless"})
    assert (choice.burden.hopeless, choice.burden.unready, choice.burden.native) == (1, 2, 2)


@pytest.mark.parametrize(("lack", "told"), [("hopeless", "cannot be had"), ("missing", "is missing")])
def test_an_older_version_that_can_be_built_here(lack: str, told: str) -> None:
    universe = Universe()
    for version, months in (("3.0", 0), ("2.0", 5), ("1.0", 10)):
        sdist(universe, "geo", version, months=months)
    lacking, older = {"geo": lack}, {"geo": "2.0"}
    choice = chosen(universe, "geo", lacking=lacking, older=older)
    assert versions(choice) == {"geo": "2.0"}
    assert choice.held_back[0].holders == (f"geo 3.0 needs what {told} here",)
    assert versions(chosen(universe, "geo>=3", lacking=lacking, older=older)) == {"geo": "3.0"}
    assert versions(chosen(universe, "geo", older=older)) == {"geo": "3.0"}


def compiled() -> Universe:
    """As flash-attn, which asks for C++17, beside a torch whose headers need C++20 (see couplings.toml)."""
    universe = Universe()
    for minor, months in ((13, 4), (14, 2), (15, 0)):
        binary(universe, "torch", f"2.{minor}.0", months=months)
    binary(universe, "vision", "1.0", "torch==2.13.0", months=4)
    binary(universe, "vision", "2.0", "torch==2.15.0", months=0)
    sdist(universe, "flash_attn", "2.8.3.post2", "torch")
    return universe


def test_the_newest_that_can_be_compiled_together() -> None:
    choice = chosen(compiled(), "torch", "vision", "flash-attn")
    assert versions(choice) == {"flash-attn": "2.8.3.post2", "torch": "2.13.0", "vision": "1.0"}
    torch = next(one for one in choice.held_back if one.project == "torch")
    assert torch.holders[-1].startswith(
        "flash-attn 2.8.3.post2 needs torch<2.14: its setup.py asks for C++17"
    )
    accepted = chosen(
        compiled(), "torch", "flash-attn", policy=Policy(allow_builds=frozenset({"flash-attn"}))
    )
    assert versions(accepted)["torch"] == "2.13.0", "who accepts the build wants it to succeed"
    impossible = chosen(compiled(), "torch>=2.14", "flash-attn")
    assert impossible.burden.hopeless == 1


def test_a_newest_that_refuses_this_machine_is_told_as_that() -> None:
    universe = Universe()
    sdist(universe, "loop", "2.0", months=0)
    sdist(universe, "loop", "1.0", months=12)
    detail = "setup.py:8 refuses Windows"
    universe.readings["loop-2.0.tar.gz"] = Refusal(
        filename="loop-2.0.tar.gz", reason=Reason.REQUIRES_PYTHON, detail=detail
    )
    choice = chosen(universe, "loop")
    assert versions(choice) == {"loop": "1.0"}
    assert choice.held_back[0].holders == (f"loop 2.0 cannot be used: {detail}",)


def test_no_time_left_is_told() -> None:
    choice = chosen(frameworks(), "vision", "torch", "vllm", late=True)
    assert choice.cut
    assert choice.attempts == 0


def test_the_choice_is_the_same_every_time() -> None:
    answers = {str(versions(chosen(frameworks(), "vllm", "vision", "torch"))) for _ in range(3)}
    assert len(answers) == 1


# -- against all resolutions of small universes --------------------------------------------------------


@dataclass(frozen=True)
class Release:
    """One version of a project of a small universe: how it is published, and what it asks for."""

    months: int
    native: bool
    needs: tuple[tuple[str, str], ...]


PROJECTS = ("a", "b", "c")
Worlds = Mapping[str, Sequence[Release]]


@st.composite
def worlds(draw: st.DrawFn) -> Worlds:
    found: dict[str, tuple[Release, ...]] = {}
    for place, project in enumerate(PROJECTS):
        releases = []
        months = 0
        for _ in range(draw(st.integers(1, 3))):
            needs = []
            for other in PROJECTS[:place] + PROJECTS[place + 1 :]:
                specifier = draw(st.sampled_from(("", "", "", "<2", ">=2", "==2", "==3", "<3")))
                if specifier:
                    needs.append((other, specifier))
            releases.append(Release(months, draw(st.sampled_from((False, False, True))), tuple(needs)))
            months += draw(st.sampled_from((1, 5, 14, 30)))
        found[project] = tuple(releases)
    return found


def universe_of(world: Worlds) -> Universe:
    universe = Universe()
    for project, releases in world.items():
        for place, release in enumerate(releases):
            version = f"{len(releases) - place}"
            needs = [f"{other}{specifier}" for other, specifier in release.needs]
            publish = sdist if release.native else binary
            publish(universe, project, version, *needs, months=release.months)
    return universe


def every_resolution(world: Worlds, universe: Universe) -> list[dict[str, str]]:
    """All assignments that satisfy everything, by trying each one."""
    ranges = [[str(len(world[p]) - place) for place in range(len(world[p]))] for p in PROJECTS]
    found = []
    for combination in itertools.product(*ranges):
        pins = dict(zip(PROJECTS, combination, strict=True))
        needs = (
            (other, specifier)
            for p, version in pins.items()
            for other, specifier in world[p][len(world[p]) - int(version)].needs
        )
        if all(Requirement(f"{o}{s}").specifier.contains(pins[o]) for o, s in needs):
            found.append(pins)
    return found


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_against_every_resolution(world: Worlds) -> None:
    universe = universe_of(world)
    trials = trials_of(universe)
    wanted = asks(*PROJECTS)
    possible = every_resolution(world, universe)
    first = trials.resolve(wanted, first_steer(trials.fits.policy))
    assert isinstance(first, Resolution) == bool(possible)
    if not isinstance(first, Resolution):
        return
    choice = choose(trials, wanted, first, NOTHING)
    own = versions(choice)
    assert own in possible
    newest = trials.resolve(wanted, NEWEST)
    assert isinstance(newest, Resolution)
    chooser = Chooser(trials, wanted, NOTHING)
    assert choice.burden <= chooser.burden(newest)
    natives = {p for p in PROJECTS if release_of(world, own, p).native}
    months = {p: release_of(world, own, p).months for p in PROJECTS}
    for other in possible:
        built = {p for p in PROJECTS if release_of(world, other, p).native}
        if not built <= natives:
            continue
        behind = {p: release_of(world, other, p).months for p in PROJECTS}
        for root in PROJECTS:  # fresher, and nobody pays for it by becoming as stale
            if months[root] <= 24 or behind[root] >= months[root]:
                continue
            pays = [p for p in PROJECTS if p != root and behind[p] > months[p] and behind[p] >= months[root]]
            assert pays, f"{root} could be fresher: {other} instead of {own}"


def release_of(world: Worlds, pins: Mapping[str, str], project: str) -> Release:
    return world[project][len(world[project]) - int(pins[project])]
