"""What package managers would install, by what they print."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.facts import NOWHERE, Absent, Known, Unknown
from planner.probes.candidates import candidates, read_apk, read_apt, read_fields, read_repoquery
from planner.probes.port import NotRun, Ran, System
from planner.probes.recorded import RecordedHost

MACHINES = Path(__file__).parent.parent / "machines"
NONE = Absent(NOWHERE["candidate"])
QUERY = ("-C", "-q", "repoquery", "--latest-limit", "1", "--qf", "%{name} %{version}-%{release}\\n")

APT = """libproj-dev:
  Installed: (none)
  Candidate: 9.1.1-1+b1
  Version table:
     9.1.1-1+b1 500
        500 http://index.test/debian bookworm/main amd64 Packages
libz-dev:
  Installed: (none)
  Candidate: (none)
  Version table:
"""
APK = """libpq-dev policy:
  16.3-r0:
    lib/apk/db/installed
    http://index.test/alpine/v3.20/main
  16.10-r0:
    http://index.test/alpine/v3.20/main
  18.1-r0:
    @edge http://index.test/alpine/edge/main
"""
PACMAN = """Repository      : extra
Name            : proj
Version         : 9.6.2-1
Description     : Cartographic Projections
"""
ZYPPER = """Information for package proj-devel:
-----------------------------------
Repository     : Main
Name           : proj-devel
Version        : 9.3.1-150600.1.2
package 'gone' not found.
"""
YUM = """Installed Packages
Name        : gcc
Version     : 4.8.5
Release     : 39.el7
Available Packages
Name        : gcc
Version     : 4.8.6
Release     : 44.el7
"""


def host(program, words, answer, folders=None):
    path = f"/usr/bin/{program}"
    return RecordedHost(
        system=System(os="linux", machine="x86_64"),
        environ={"PATH": "/usr/bin"},
        programs=frozenset([path]),
        folders=folders or {},
        runs={(path, *words): answer},
    )


@pytest.mark.parametrize(
    ("manager", "program", "words", "text", "lists", "expected"),
    [
        ("apt", "apt-cache", ("policy",), APT, {"/var/lib/apt/lists": ("x_Packages.lz4",)},
         {"libproj-dev": Known("9.1.1", "apt-cache: 9.1.1-1+b1"), "libz-dev": NONE, "gone": NONE}),
        ("apk", "apk", ("policy",), APK, {"/var/cache/apk": ("APKINDEX.8af.tar.gz",)},
         {"libpq-dev": Known("16.10", "apk: 16.10-r0"), "gone": NONE}),
        ("dnf", "dnf", QUERY, "proj-devel 9.4.1-1.fc42\n\n", {"/var/cache/libdnf5": ("fedora-0123456789abcdef",)},
         {"proj-devel": Known("9.4.1", "dnf: 9.4.1-1.fc42"), "gone": NONE}),
        ("yum", "yum", ("-C", "-q", "info"), YUM, {"/var/cache/yum": ("x86_64",)},
         {"gcc": Known("4.8.6", "yum: 4.8.6"), "gone": NONE}),
        ("pacman", "pacman", ("-Si",), PACMAN, {"/var/lib/pacman/sync": ("core.db",)},
         {"proj": Known("9.6.2", "pacman: 9.6.2-1"), "gone": NONE}),
        ("zypper", "zypper", ("--no-refresh", "-n", "info"), ZYPPER, {"/var/cache/zypp/solv": ("@System", "oss")},
         {"proj-devel": Known("9.3.1", "zypper: 9.3.1-150600.1.2"), "gone": NONE}),
    ],
)  # fmt: skip
def test_managers(manager, program, words, text, lists, expected):
    named = {f"candidate:{name}": fact for name, fact in expected.items()}
    asked = (*words, *sorted(expected))
    assert candidates(host(program, asked, Ran(0, text), lists), manager, expected) == named
    # Without package lists, what is not told is not absent.
    facts = candidates(host(program, asked, Ran(1, text)), manager, expected)
    assert [name for name, fact in facts.items() if isinstance(fact, Known)] == [
        name for name, fact in named.items() if isinstance(fact, Known)
    ]
    assert "there are no package lists here: run `" in facts["candidate:gone"].why


def test_a_manager_that_gives_no_answer():
    slow = host("apt-cache", ("policy", "gcc"), NotRun("took longer than 3 s and was killed"))
    assert candidates(slow, "apt", ["gcc"])["candidate:gcc"] == Unknown(
        "apt-cache took longer than 3 s and was killed"
    )
    odd = host("apt-cache", ("policy", "gcc"), Ran(0, "gcc:\n  Candidate: strange\n"))
    assert candidates(odd, "apt", ["gcc"])["candidate:gcc"] == Unknown("apt-cache says 'strange'")
    assert candidates(odd, "dnf", ["gcc"])["candidate:gcc"] == Unknown("dnf is not on PATH")


@pytest.mark.parametrize("manager", ["brew", "conda", "choco", "winget", "", "nix"])
def test_managers_that_are_not_asked(manager):
    fact = candidates(host("brew", (), Ran(0, "")), manager, ["libpq"])["candidate:libpq"]
    assert isinstance(fact, Unknown)
    assert "not asked" in fact.why


@pytest.mark.parametrize(
    "name", ["-o", "--config=x", "a b", "../x", "", "x" * 200, "gcc\n", "$(x)", "pkgconfig(x)"]
)
def test_what_is_no_name_is_not_passed_on(name):
    facts = candidates(
        host("apt-cache", ("policy", "gcc"), Ran(0, "gcc:\n  Candidate: 1\n")), "apt", [name, "gcc"]
    )
    assert isinstance(facts[f"candidate:{name}"], Unknown)
    assert facts["candidate:gcc"].value == "1"


def test_nothing_asked_runs_nothing():
    assert candidates(host("apt-cache", (), Ran(0, "")), "apt", []) == {}


def test_a_recorded_debian():
    names = [
        "cargo",
        "cmake",
        "g++",
        "gcc",
        "libpq-dev",
        "libproj-dev",
        "libssl-dev",
        "no-such-package",
        "rustc",
    ]
    facts = candidates(RecordedHost.load(MACHINES / "debian-12-python3.toml"), "apt", names)
    values = {name: getattr(fact, "value", None) for name, fact in facts.items()}
    assert values["candidate:rustc"] == "1.63.0"
    assert values["candidate:libproj-dev"] == "9.1.1"
    assert values["candidate:gcc"] == "12.2.0"
    assert facts["candidate:no-such-package"] == NONE


@given(st.text(" :abNameVrsionCdtp.1-\n(){}@/", max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_output_is_read(text):
    for read in (read_apt, read_apk, read_repoquery, read_fields):
        assert all(version for _, version in read(text))
