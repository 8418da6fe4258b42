"""The phases of a plan: their order, what is built together, and what no plan can smuggle into a command."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import PlanError
from planner.plan.openvalues import PlanFile, PlannedFile, PlannedIndex, PlannedPackage
from planner.plan.phases import Phase, phases_of
from planner.plan.recipe import Source, command_of, index_words

EMPTY = PlanFile(
    where="", data=b"", requires_python="", environments=(), packages=(), verdict="builds", requirements=(),
    inputs=(), extras=(), groups=(), torch_backend="", variables=(), ready="", machine={}, indexes=(),
    prerequisites=(), run_needs=(), findings=(),
)  # fmt: skip


def whl(name: str) -> PlannedPackage:
    return PlannedPackage(
        name, "1", wheels=(PlannedFile(f"{name}-1-py3-none-any.whl", f"https://files.test/{name}"),)
    )


def src(name: str, **said: Any) -> PlannedPackage:
    one = PlannedPackage(
        name, "1", sdist=PlannedFile(f"{name}-1.tar.gz", f"https://files.test/{name}"), kind="native"
    )
    return one._replace(**said)


def alone(name: str, *after: str, **said: Any) -> PlannedPackage:
    return src(name, isolated=False, install_after=after, **said)


def plan(*packages: PlannedPackage, **said: Any) -> PlanFile:
    return EMPTY._replace(packages=packages, **said)


def names(phases: tuple[Phase, ...]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.kind, one.name, tuple(p.name for p in one.packages)) for one in phases]


def test_wheels_alone_are_one_phase() -> None:
    assert names(phases_of(plan(whl("a"), whl("b")))) == [("wheels", "wheels", ("a", "b"))]
    assert phases_of(EMPTY) == ()


def test_what_is_built_against_comes_first_and_builds_without_isolation_last() -> None:
    found = phases_of(
        plan(
            whl("numpy"),
            src("lxml"),
            alone("flash-attn", "torch", "ninja", "flash-core"),
            alone("flash-core", "torch"),
            whl("ninja"),
            whl("torch"),
        )
    )
    assert names(found) == [
        ("first", "first", ("ninja", "torch")),
        ("wheels", "wheels", ("numpy",)),
        ("builds", "lxml", ("lxml",)),
        ("build", "flash-core", ("flash-core",)),
        ("build", "flash-attn", ("flash-attn",)),
    ]


def test_builds_that_wait_for_each_other_go_by_name() -> None:
    found = phases_of(plan(alone("b", "a"), alone("a", "b", "a")))
    assert [one.name for one in found] == ["a", "b"]


def test_builds_of_one_environment_go_together() -> None:
    jobs = (("MAX_JOBS", "2"),)
    found = phases_of(
        plan(
            src("a", environment=jobs, build_requires=("setuptools==84.2.1",)),
            src("b", environment=jobs, build_requires=("setuptools==84.2.1", "cython==3.2.4")),
            src("c", environment=jobs, build_requires=("setuptools==59.0",)),
            src("d", config_settings="compile-args=-j2"),
            variables=(("UV_CONCURRENT_BUILDS", "1"),),
        )
    )
    assert names(found) == [
        ("builds", "builds-1", ("a", "b")),
        ("builds", "c", ("c",)),
        ("builds", "d", ("d",)),
    ]
    assert found[0].constraints == ("cython==3.2.4", "setuptools==84.2.1")
    assert found[0].variables == (("UV_CONCURRENT_BUILDS", "1"), ("MAX_JOBS", "2"))
    assert found[2].settings == ("compile-args=-j2",)


def test_build_requirements_without_isolation_are_installed_unless_planned() -> None:
    found = phases_of(
        plan(
            whl("packaging"),
            alone("a", build_requires=("Ninja==1.13.2", "packaging==26.3")),
            alone("b", build_requires=("ninja==1.12", "wheel==0.45")),
            alone("c", build_requires=("ninja==1.12",)),
        )
    )
    assert [(one.name, one.pins) for one in found] == [
        ("wheels", ()),
        ("tools-a", ("Ninja==1.13.2",)),
        ("a", ()),
        ("tools-b", ("ninja==1.12", "wheel==0.45")),
        ("b", ()),
        ("c", ()),
    ]


@pytest.mark.parametrize(
    "pin", ["--index-url=https://evil.test", "a==1\n-r /etc/passwd", "a", "a @ file:///x", "a==1 b"]
)
def test_a_build_requirement_that_is_no_pin_is_refused(pin: str) -> None:
    with pytest.raises(PlanError, match="is no pin"):
        phases_of(plan(src("a", build_requires=(pin,))))


NAMES = ("a", "b", "c", "d", "e", "torch")


@st.composite
def plans(draw: st.DrawFn) -> PlanFile:
    found = []
    for name in NAMES:
        kind = draw(st.sampled_from(("wheel", "isolated", "alone")))
        after = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
        found.append(
            whl(name) if kind == "wheel" else src(name) if kind == "isolated" else alone(name, *after)
        )
    return plan(*found)


@settings(max_examples=60, deadline=None)
@given(plans())
def test_every_package_is_in_one_phase_and_after_what_it_is_built_against(made: PlanFile) -> None:
    phases = phases_of(made)
    order = [one.name for phase in phases for one in phase.packages]
    assert sorted(order) == sorted(NAMES)
    assert len({phase.name for phase in phases}) == len(phases)
    against = {one.name: set(one.install_after) - {one.name} for one in made.packages}

    def reached(name: str, seen: frozenset[str]) -> frozenset[str]:
        for other in against[name] - seen:
            seen = reached(other, seen | {other})
        return seen

    for phase in phases:
        for one in phase.packages:
            if phase.kind == "build" and one.name not in reached(one.name, frozenset()):  # no ring
                assert all(order.index(other) < order.index(one.name) for other in against[one.name])


def words(phase: Phase, program: str, **said: Any) -> list[str]:
    start = ("uv",) if program == "uv" else ("python", "-m", "pip")
    source = Source(
        lock="pylock.x.toml" if phase.packages else "", constraints="c.txt" if phase.constraints else ""
    )
    return list(command_of(phase, source, program=program, start=start, python="env", **said))


def test_the_words_of_uv_and_pip() -> None:
    made = plan(
        whl("torch"),
        src("lxml", build_requires=("cython==3.2.4",), config_settings="compile-args=-j2"),
        alone("flash", "torch", build_requires=("ninja==1.13.2",)),
    )
    first, builds, tools, build = phases_of(made)
    assert words(first, "uv") == [
        "uv",
        "pip",
        "install",
        "--python",
        "env",
        "--no-deps",
        "--no-build",
        "-r",
        "pylock.x.toml",
    ]
    pip = [
        "python",
        "-m",
        "pip",
        "--python",
        "env",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    assert words(first, "pip") == [*pip, "--only-binary", ":all:", "-r", "pylock.x.toml"]
    rest = ["-C", "compile-args=-j2", "--index-url", "https://index.test/", "-r", "pylock.x.toml"]
    indexes = ["--index-url", "https://index.test/"]
    assert words(builds, "pip", indexes=indexes) == [*pip, "--build-constraint", "c.txt", *rest]
    assert words(builds, "uv")[6:8] == ["--build-constraints", "c.txt"]
    assert words(tools, "uv", indexes=indexes)[4:] == ["env", "--no-deps", *indexes, "ninja==1.13.2"]
    assert words(build, "pip", indexes=indexes) == [
        *pip,
        "--no-build-isolation",
        "--no-cache-dir",
        "-r",
        "pylock.x.toml",
    ]
    assert words(build, "uv", again=True)[5:] == [
        "--no-deps",
        "--no-build-isolation",
        "--no-cache",
        "--reinstall",
        "-r",
        "pylock.x.toml",
    ]


def index(url: str = "", path: str = "", only_for: tuple[str, ...] = ()) -> PlannedIndex:
    return PlannedIndex("", url, path, 1, only_for)


def test_the_plans_indexes_serve_what_is_pinned_without_a_file() -> None:
    own, main = index("https://own.test/simple/"), index("https://index.test/simple/")
    torch = index("https://torch.test/cu126", only_for=("torch",))
    assert index_words((main,), (), "uv") == ("--default-index", "https://index.test/simple/")
    assert index_words((main, torch), ("setuptools==84",), "pip") == (
        "--index-url",
        "https://index.test/simple/",
    )
    assert index_words((own, main, torch), ("torch==2.13.0",), "pip") == (
        "--index-url", "https://index.test/simple/", "--extra-index-url", "https://own.test/simple/",
        "--extra-index-url", "https://torch.test/cu126",
    )  # fmt: skip
    assert index_words((own, main), (), "uv")[-2:] == ("--index-strategy", "unsafe-best-match")
    assert index_words((index(path="files"),), (), "uv") == ("--no-index", "--find-links", "files")
    assert index_words((), (), "uv") == ()
