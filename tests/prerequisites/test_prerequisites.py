"""Needs against a machine and the tables: states, minimal packages, what cannot be had."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from planner.facts import Absent, Fact, Known, Machine, Unknown
from planner.needs import EXTENSION_LEFT_OUT, Evidence, Need, Role, Strength
from planner.prerequisites.joining import subjects_to_look_for
from planner.prerequisites.merging import merged
from planner.prerequisites.states import (
    Prerequisite,
    command_of,
    packages_to_ask,
    prerequisites,
)
from tests import universe

P = NormalizedName("p")
C, CXX, RUST = "dep:virtual/compiler/c", "dep:virtual/compiler/cxx", "dep:virtual/compiler/rust"
PYTHON = "header:Python.h"


def need(
    subject: str,
    specifier: str = "",
    *,
    where: str = "setup.py:1",
    strength: Strength = "required",
    role: Role = "host",
    instead: tuple[str, ...] = (),
    effect: str = "",
    text: str = "",
) -> Need:
    return Need(
        subject=subject,
        specifier=SpecifierSet(specifier),
        role=role,
        because=(Evidence(where=where, text=text),),
        instead=instead,
        strength=strength,
        effect=effect,
    )


def bare(*needs: Need, facts: dict[str, Fact] | None = None, **known: str) -> Machine:
    """A Debian 12 that has nothing but its Python, looked through for what the needs ask."""
    found = {"package-manager": "apt", "distro": "debian", "distro-version": "12", **known}
    machine = universe.machine(**found)
    absent = {one: Absent("not on PATH") for one in subjects_to_look_for(needs)}
    return Machine(markers=machine.markers, facts={**absent, **machine.facts, **(facts or {})})


def rows(*needs: Need, machine: Machine | None = None) -> dict[str, Prerequisite]:
    here = machine or bare(*needs)
    own = prerequisites(P, needs, here)
    return {one.subject: one for one in merged((one for one in own if one.listed), here)}


def packages(*needs: Need, machine: Machine | None = None) -> set[str]:
    return {name for one in rows(*needs, machine=machine).values() for name in one.install}


@pytest.mark.parametrize(
    ("needs", "minimal"),
    [
        ([need(C), need(PYTHON)], {"gcc", "python3-dev"}),
        ([need(C), need(CXX), need(PYTHON)], {"g++", "python3-dev"}),  # g++ brings gcc
        ([need(C), need(PYTHON), need("program:pg_config")], {"gcc", "python3-dev", "libpq-dev"}),
        # libxslt1-dev brings libxml2-dev, python3-dev brings zlib1g-dev
        (
            [
                need(C),
                need(PYTHON),
                need("program:xslt-config"),
                need("program:xml2-config"),
                need("library:z"),
            ],
            {"gcc", "python3-dev", "libxslt1-dev"},
        ),
        # libdbus-1-dev brings pkg-config, libsystemd-dev does not
        (
            [need(C), need(PYTHON), need("pkg-config:dbus-1"), need("program:pkg-config")],
            {"gcc", "python3-dev", "libdbus-1-dev"},
        ),
        (
            [need(C), need(PYTHON), need("pkg-config:libsystemd"), need("program:pkg-config")],
            {"gcc", "python3-dev", "libsystemd-dev", "pkg-config"},
        ),
        # A header that no table of ours names is found in Debian's own.
        (
            [need(C), need(PYTHON), need("header:lzo/lzo1x.h", where="lzo.c:3")],
            {"gcc", "python3-dev", "liblzo2-dev"},
        ),
        # gcc alone has no header of libc; g++ brings it, and the kernel's too
        ([need("header:linux/input.h", where="input.c:3"), need(C)], {"gcc", "libc6-dev"}),
        ([need("header:linux/input.h", where="input.c:3"), need(C), need(CXX)], {"g++"}),
    ],
)
def test_packages_are_the_fewest_that_supply_all(needs: list[Need], minimal: set[str]) -> None:
    assert packages(*needs) == minimal


def test_what_brings_another_row_is_named_there() -> None:
    found = rows(need("program:xslt-config"), need("program:xml2-config"))
    assert found["program:xml2-config"].brought_by == "libxslt1-dev"
    assert found["program:xml2-config"].packages["apt"] == ()


@pytest.mark.parametrize(
    ("fact", "specifier", "state"),
    [
        (Known("15.8", "/usr/bin/pg_config"), "", "present"),
        (Known("15.8", "/usr/bin/pg_config"), ">=16", "too-old"),
        (Known("", "/usr/bin/pg_config"), "", "present"),
        (Known("", "/usr/bin/pg_config"), ">=16", "unknown"),
        (Absent("not on PATH"), "", "missing"),
        (Unknown("it hung"), "", "unknown"),
    ],
)
def test_states_follow_from_facts(fact: Fact, specifier: str, state: str) -> None:
    asked = need("program:pg_config", specifier)
    found = rows(asked, machine=bare(asked, facts={"program:pg_config": fact}))
    assert found["program:pg_config"].state == state


def test_any_of_several_serves() -> None:
    asked = need("pkg-config:mysqlclient", instead=("pkg-config:mariadb", "pkg-config:libmariadb"))
    found = rows(asked, machine=bare(asked, facts={"pkg-config:libmariadb": Known("3.3.14", "x.pc")}))
    assert next(iter(found.values())).state == "present"


def test_nothing_is_installed_for_what_is_here() -> None:
    asked = (need(C), need(PYTHON), need("program:pg_config"))
    here = {"program:gcc": Known("12.2.0", "/usr/bin/gcc"), PYTHON: Known("3.11.2", "x")}
    assert packages(*asked, machine=bare(*asked, facts=here)) == {"libpq-dev"}


def test_what_is_here_brings_nothing_that_is_not() -> None:
    """A Rust from elsewhere came without gcc, which Debian's would have brought."""
    asked = (need(RUST), need(C))
    here = {"program:rustc": Known("1.95.0", "~/.cargo/bin/rustc"), "program:cargo": Known("1.95.0", "x")}
    assert packages(*asked, machine=bare(*asked, facts=here)) == {"gcc", "libc6-dev"}


def test_a_floor_is_held_against_what_the_distribution_has() -> None:
    asked = need("pkg-config:proj", ">=9.4.0")
    found = rows(asked)["pkg-config:proj"]
    assert found.offered == "9.1.1"
    assert found.unmet == "libproj-dev would be 9.1.1, and >=9.4.0 is needed"
    assert found.install == ()
    newer = bare(asked, facts={"candidate:libproj-dev": Known("9.6.0", "apt-cache policy")})
    assert rows(asked, machine=newer)["pkg-config:proj"].install == ("libproj-dev",)


def test_what_a_release_has_not_is_said() -> None:
    found = rows(need("pkg-config:girepository-2.0"))["pkg-config:girepository-2.0"]
    assert found.unmet
    assert "Debian 12" in found.unmet


@pytest.mark.parametrize(
    ("floor", "name"), [("", "cargo"), (">=1.60", "cargo"), (">=1.70", "cargo-web"), (">=1.85", "cargo-web")]
)
def test_the_newer_of_two_packages_is_taken_where_the_floor_asks_for_it(floor: str, name: str) -> None:
    assert packages(need(RUST, floor), need(C)) == {name}


def test_an_older_python_of_the_system_has_its_own_headers() -> None:
    asked = need(PYTHON)
    ubuntu = {"distro": "ubuntu", "distro-version": "22.04", "python": "3.12.4"}
    assert packages(
        asked, machine=bare(asked, **ubuntu, facts={"python-origin": Known("packaged", "x")})
    ) == {"python3.12-dev"}


def test_a_python_that_the_release_has_not_comes_from_elsewhere() -> None:
    asked = need(PYTHON)
    (found,) = rows(asked, machine=bare(asked, python="3.12.4")).values()
    assert (found.packages, found.install, found.unmet) == ({}, (), "")
    assert "brings its own" in found.note


@pytest.mark.parametrize("origin", ["pyenv", "uv", "conda"])
def test_a_python_that_brings_its_headers_itself_needs_no_package(origin: str) -> None:
    asked = need(PYTHON)
    assert packages(asked, machine=bare(asked, facts={"python-origin": Known(origin, "x")})) == set()


@pytest.mark.parametrize(
    ("needs", "listed"),
    [
        # what the configuration says prevails over an include
        (
            [need("library:yaml", strength="optional", effect="x"), need("header:yaml.h", where="a.c:1")],
            False,
        ),
        ([need("header:yaml.h", where="a.c:1")], True),
        ([need("header:yaml.h", where="a.c:1", strength="hint")], False),
        # hints of two files agree
        ([need(C, strength="hint"), need(C, strength="hint", where="a.pyx:1")], True),
        ([need("pkg-config:libzmq", strength="fallback", effect="libzmq is downloaded and built")], True),
        ([need("pkg-config:libzmq", strength="fallback", effect="a bundled copy is built")], False),
    ],
)
def test_only_what_is_worth_it_is_listed(needs: list[Need], listed: bool) -> None:
    assert bool(rows(*needs)) is listed


def test_the_needs_of_an_extension_that_is_all_there_is_are_listed() -> None:
    """PyYAML builds without libyaml, and is then not what was asked for."""
    lost = (
        need(C, strength="optional", effect=EXTENSION_LEFT_OUT),
        need(PYTHON, strength="optional", effect=EXTENSION_LEFT_OUT),
        need("library:yaml", strength="optional", effect=EXTENSION_LEFT_OUT),
    )
    assert packages(*lost) == {"gcc", "python3-dev", "libyaml-dev"}
    assert packages(need(C), need(PYTHON), lost[2]) == {"gcc", "python3-dev"}


def test_several_builds_share_a_row_with_every_floor() -> None:
    one, other = need("pkg-config:proj", ">=8"), need("pkg-config:proj", ">=9")
    here = bare(one)
    own = (*prerequisites(P, [one], here), *prerequisites(NormalizedName("q"), [other], here))
    (row,) = merged(own, here)
    assert row.needed_by == ("p", "q")
    assert str(row.specifier) in (">=8,>=9", ">=9,>=8")


def test_candidates_are_asked_of_what_lacks_alone() -> None:
    asked = (need(C), need("program:pg_config"))
    machine = bare(*asked, facts={"program:gcc": Known("12.2.0", "x")})
    assert packages_to_ask(prerequisites(P, asked, machine), machine) == ("libpq-dev",)


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("apt", "apt-get install -y --no-install-recommends a b"),
        ("dnf", "dnf install -y a b"),
        ("apk", "apk add a b"),
        ("", ""),
    ],
)
def test_one_line_of_the_machines_own_manager(manager: str, command: str) -> None:
    known = {"package-manager": manager} if manager else {}
    assert command_of(["b", "a"], universe.machine(**known)) == command
