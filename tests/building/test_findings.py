"""What is told of one source build: codes, severities, sentences and what to type next."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.assess import SourceBuild
from planner.building.environments import BuildEnvironment
from planner.building.findings import build_findings, runtime_findings
from planner.building.readiness import Readiness
from planner.dists import Metadata, Pin, Sdist, Wheel
from planner.findings import CODES, Finding
from planner.jobs import Jobs
from planner.needs import Evidence, Need, Strength
from planner.prerequisites.states import Prerequisite, State, command_of
from tests import universe
from tests.universe import Universe

P = NormalizedName("p")
APT = universe.machine(package_manager="apt", distro="debian", distro_version="12")
BUILD = SourceBuild(
    project=P, version=Version("1.0"), filename="p-1.0.tar.gz", code="WP101", why="x", native=True
)
LIBPQ = Prerequisite(
    need="dep:generic/libpq",
    name="libpq",
    subject="program:pg_config",
    state="missing",
    install=("libpq-dev",),
    because=(Evidence(where="setup.py:5", text="pg_config"),),
)
OFF = "--no-build-isolation-package p"


def told(
    ready: Readiness, *pins: Pin, unisolated: frozenset[str] = frozenset(), build: SourceBuild = BUILD
) -> list[Finding]:
    return list(build_findings(build, ready, pins, APT, unisolated))


def pin(name: str, version: str, *, built: bool = False) -> Pin:
    filename = f"{name}-{version}.tar.gz" if built else f"{name}-{version}-py3-none-any.whl"
    project = NormalizedName(name)
    (dist,) = Universe().add(filename).page(project).files(Version(version))
    assert isinstance(dist, Sdist if built else Wheel)
    metadata = Metadata(project=project, version=Version(version), requires=(), source="sidecar")
    return Pin(project=project, version=Version(version), dist=dist, metadata=metadata, extras=(), asked=())


LACKING = {
    "missing": (LIBPQ, "WP201", "error", "Building p 1.0 needs libpq: not found here."),
    "too old": (
        replace(LIBPQ, state="too-old", specifier=SpecifierSet(">=16"), found="pg_config 15.18"),
        "WP202",
        "error",
        "Building p 1.0 needs libpq >=16; here is pg_config 15.18.",
    ),
    "not known": (
        replace(LIBPQ, state="unknown", found="it hung"),
        "WP203",
        "warning",
        "Building p 1.0 needs libpq; whether it is here is not known (it hung).",
    ),
    "not to be had": (
        replace(LIBPQ, install=(), unmet="libpq-dev would be 15.18, and >=16 is needed"),
        "WP204",
        "error",
        "Building p 1.0 needs libpq: libpq-dev would be 15.18, and >=16 is needed.",
    ),
    "optional": (
        replace(LIBPQ, strength="optional", effect="the compiled extension is left out"),
        "WP205",
        "warning",
        "Without libpq, the compiled extension is left out.",
    ),
    "optional and not known": (
        replace(LIBPQ, strength="optional", effect="it is slower", state="unknown"),
        "WP203",
        "note",
        "Building p 1.0 needs libpq; whether it is here is not known (nothing looked for it).",
    ),
    "when it runs": (
        replace(LIBPQ, role="run"),
        "WP206",
        "warning",
        "p 1.0 needs libpq when it runs, which is not here.",
    ),
    "gone from Python": (
        replace(
            LIBPQ,
            name="longintrepr.h",
            install=(),
            because=(Evidence(where="a.c:2", text="left Python's headers in 3.11"),),
            unmet="it left Python's headers in 3.11",
        ),
        "WP208",
        "error",
        "p 1.0 cannot be built with this Python: longintrepr.h left Python's headers in 3.11.",
    ),
}


@pytest.mark.parametrize("case", LACKING)
def test_each_way_to_lack_has_a_code_and_a_sentence(case: str) -> None:
    one, code, severity, summary = LACKING[case]
    (found,) = told(Readiness(project=P, prerequisites=(one,)))
    assert (found.code, found.severity, found.summary) == (code, severity, summary)
    assert found.evidence == ("p-1.0.tar.gz",)
    assert found.facts == tuple(str(evidence) for evidence in one.because)
    assert found.remedy.endswith("libpq-dev") is bool(one.install)
    assert code in CODES


def test_what_is_here_is_not_told() -> None:
    assert told(Readiness(project=P, prerequisites=(replace(LIBPQ, state="present"),))) == []


def test_features_are_one_note() -> None:
    lost = tuple(replace(LIBPQ, name=name, effect="", strength="optional") for name in ("a", "b"))
    (found,) = told(Readiness(project=P, features=(*lost, replace(LIBPQ, name="c", state="unknown"))))
    assert (found.code, found.severity) == ("WP205", "note")
    assert found.summary == "p 1.0 is built without a, b."


UNDECLARED = (Need(subject="dist:torch", role="build", because=(Evidence(where="setup.py:1"),)),)


def test_an_undeclared_import_names_all_that_must_be_there_first() -> None:
    environment = BuildEnvironment(project=P, requires=("setuptools>=61", "ninja; python_version>'3'"))
    ready = Readiness(project=P, undeclared=UNDECLARED, environment=environment)
    (found,) = told(ready)
    assert (found.code, found.severity) == ("WP210", "error")
    assert found.remedy == f"install torch, setuptools>=61, ninja first, and build it with `{OFF}`"
    assert found.facts == ("setup.py:1",)
    assert not ready.isolated


@pytest.mark.parametrize("accepted", ["p", ":all:"])
def test_isolation_that_is_off_is_a_note(accepted: str) -> None:
    (found,) = told(Readiness(project=P, undeclared=UNDECLARED), unisolated=frozenset({accepted}))
    assert (found.severity, found.remedy) == ("note", "")
    assert (
        told(Readiness(project=P, undeclared=UNDECLARED), unisolated=frozenset({"q"}))[0].severity == "error"
    )


@pytest.mark.parametrize(
    ("planned", "off", "codes"),
    [("2.14.0", False, ["WP301"]), ("2.15.0", False, []), ("2.14.0", True, []), ("", False, [])],
)
def test_another_torch_in_the_build_environment(planned: str, off: bool, codes: list[str]) -> None:
    environment = BuildEnvironment(project=P, requires=("torch",), pins=(pin("torch", "2.15.0"),))
    pins = [pin("torch", planned)] if planned else []
    unisolated = frozenset({"p"} if off else ())
    found = told(Readiness(project=P, environment=environment), *pins, unisolated=unisolated)
    assert [one.code for one in found] == codes
    assert all("torch==2.14.0" in one.remedy and OFF in one.remedy for one in found)


def test_build_requirements_that_are_built_or_not_to_be_had() -> None:
    built = BuildEnvironment(project=P, requires=("q",), pins=(pin("q", "1.0", built=True),))
    (first,) = told(Readiness(project=P, environment=built))
    assert (first.code, first.severity, first.facts) == ("WP209", "warning", ("q-1.0.tar.gz",))
    assert first.summary == "q 1.0, which builds p 1.0, has no wheel here: it is built first."
    clash = BuildEnvironment(project=P, requires=("q",), clash=("No index has a file of q.",))
    (none,) = told(Readiness(project=P, environment=clash))
    assert (none.code, none.severity, none.facts) == ("WP211", "error", clash.clash)


def test_memory_that_is_short_and_memory_that_is_not() -> None:
    short = Jobs(jobs=1, fits=False, per_job=6800, share=4976, narrow=("A", "B"), arithmetic="sum")
    (found,) = told(Readiness(project=P, jobs=short))
    assert (found.code, found.severity, found.facts) == ("WP401", "error", ("sum",))
    assert found.summary == "One compile job of p 1.0 takes 6.6 GiB; 4.9 GiB are free."
    assert found.remedy.startswith("set A or B for fewer targets, or build it where")
    bare = replace(short, narrow=())
    assert told(Readiness(project=P, jobs=bare))[0].remedy == "build it where there is more memory"
    roomy = replace(short, fits=True, jobs=3, environment=(("MAX_JOBS", "3"),))
    (note,) = told(Readiness(project=P, jobs=roomy))
    assert (note.code, note.severity, note.summary) == ("WP402", "note", "Build p 1.0 with MAX_JOBS=3.")
    assert told(Readiness(project=P, jobs=replace(roomy, environment=()))) == [], "one at a time is no news"


def test_downloads_and_doubts_are_notes() -> None:
    found = told(
        Readiness(project=P, downloads=("crates.io (Cargo.toml)",), doubts=("setup.py:9 is computed",))
    )
    assert [(one.code, one.severity) for one in found] == [("WP207", "note"), ("WP705", "note")]
    assert "crates.io (Cargo.toml)" in found[0].summary
    assert found[1].facts == ("setup.py:9 is computed",)


def test_two_copies_of_one_library_are_told_of_what_compiles_alone() -> None:
    build = replace(BUILD, project=NormalizedName("xmlsec"))
    ready = Readiness(project=build.project)
    (found,) = told(ready, pin("lxml", "6.0"), build=build)
    assert (found.code, found.severity) == ("WP302", "error")
    assert "`--no-binary lxml`" in found.remedy
    assert told(ready, pin("lxml", "6.0", built=True), build=build) == []
    assert told(ready, pin("lxml", "6.0"), build=replace(build, native=False)) == []


@pytest.mark.parametrize(
    ("state", "strength", "severity"),
    [("missing", "required", "warning"), ("unknown", "required", "note"), ("missing", "optional", "note")],
)
def test_what_a_wheel_opens_when_it_runs(state: State, strength: Strength, severity: str) -> None:
    one = replace(LIBPQ, role="run", effect="nothing is drawn")
    one = replace(one, state=state, strength=strength)
    (found,) = runtime_findings(pin("w", "1.0"), [one, replace(LIBPQ, state="present")], APT)
    assert (found.code, found.severity) == ("WP206", severity)
    assert ("nothing is drawn" in found.summary) is (strength == "optional")
    assert found.evidence == ("w-1.0-py3-none-any.whl",)


def test_names_that_a_shell_would_read_otherwise_are_quoted() -> None:
    fedora = universe.machine(package_manager="dnf")
    assert command_of(["gcc", "pkgconfig(libpq)"], fedora) == "dnf install -y 'pkgconfig(libpq)' gcc"
    assert command_of(["gcc"], universe.machine(), "apk") == "apk add gcc"
