"""What pyproject.toml itself asks for: backends, what they are there to compile, and PEP 725's table."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.sdist.inspectors.pyproject import inspect
from tests.sdist.inspectors.asking import doubts, make_sources, needs, told

C, CXX, PYTHON = "dep:virtual/compiler/c", "dep:virtual/compiler/cxx", "header:Python.h"


def build(backend: str, *requires: str) -> str:
    listed = ", ".join(f'"{one}"' for one in requires)
    return f"[build-system]\nrequires = [{listed}]\nbuild-backend = '{backend}'\n"


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("", {}),
        (build("setuptools.build_meta", "setuptools"), {}),
        (build("setuptools.build_meta", "Cython>=3"), {C: "hint", PYTHON: "hint"}),
        (build("setuptools.build_meta", "pybind11"), {CXX: "hint", PYTHON: "hint"}),
        (build("setuptools.build_meta", "cffi; platform_python_implementation == 'PyPy'"), {}),
        (build("setuptools.build_meta", "cffi; sys_platform != 'win32'"), {C: "hint", PYTHON: "hint"}),
        (build("setuptools.build_meta", "not a requirement at all !!"), {}),
        (build("setuptools.build_meta", "setuptools-golang"), {"program:go": "required"}),
        (build("scikit_build_core.build", "scikit-build-core"), {}),
        (build("mesonpy", "meson-python"), {}),
        (build("maturin", "maturin"), {}),
        (build("flit_core.buildapi", "flit_core"), {}),
        (build("sipbuild.api", "sip"), {CXX: "required", PYTHON: "required"}),
        (
            build("sipbuild.api", "sip", "PyQt-builder") + "[project]\nname = 'PyQt6-demo'",
            {CXX: "required", PYTHON: "required", "program:qmake6": "required | program:qmake", "program:make": "required"},
        ),
        (build("cmeel", "cmeel"), {CXX: "required"}),
        (build("enscons.api", "enscons"), {C: "hint", PYTHON: "hint"}),
        (build("hatchling.build", "hatchling"), {}),
        (build("hatchling.build") + "[tool.hatch.build.hooks.cython]\n", {C: "required", PYTHON: "required"}),
        (build("hatchling.build") + "[tool.hatch.build.targets.wheel.hooks.mypyc]\n", {C: "required", PYTHON: "required"}),
        (build("hatchling.build") + "[tool.hatch.build.hooks.vcs]\n", {}),
        (build("hatchling.build") + "[tool.hatch.build.hooks.custom]\n", {C: "hint", PYTHON: "hint"}),
        (build("poetry.core.masonry.api") + "[tool.poetry.build]\nscript = 'hatch_build.py'", {C: "hint", PYTHON: "hint"}),
        (build("poetry.core.masonry.api") + "[tool.poetry]\nbuild = 'hatch_build.py'", {C: "hint", PYTHON: "hint"}),
        (build("pdm.backend") + "[tool.pdm.build]\nsetup-script = 'hatch_build.py'", {C: "hint", PYTHON: "hint"}),
        (build("pdm.backend"), {}),
        ("[[tool.setuptools.ext-modules]]\nname = 'a'\nsources = ['a.c']\nlibraries = ['z', 'm']",
         {C: "required", PYTHON: "required", "library:z": "required"}),
        ("[[tool.setuptools.ext-modules]]\nname = 'a'\nsources = ['a.cpp']\noptional = true",
         {CXX: "optional", PYTHON: "optional"}),
        ("[[tool.setuptools.ext-modules]]\nname = 'a'\nlanguage = 'c++'", {CXX: "required", PYTHON: "required"}),
    ],
)  # fmt: skip
def test_backends_and_requirements(toml: str, expected: dict[str, str]) -> None:
    assert (
        told(inspect, {"pyproject.toml": toml, "hatch_build.py": "from setuptools import Extension"})
        == expected
    )


@pytest.mark.parametrize(
    ("toml", "need", "strength", "role"),
    [
        ("build-requires = ['dep:virtual/compiler/c']", "dep:virtual/compiler/c", "required", "build"),
        ("host-requires = ['dep:generic/openssl']", "dep:generic/openssl", "required", "host"),
        ("host-requires = ['dep:generic/libpq@>=9.1']", "dep:generic/libpq >=9.1", "required", "host"),
        ("host-requires = ['dep:generic/proj >=9.4']", "dep:generic/proj >=9.4", "required", "host"),
        ("dependencies = ['dep:generic/graphviz']", "dep:generic/graphviz", "required", "run"),
        (
            "build-requires = [\"dep:generic/make; os_name == 'posix'\"]",
            "dep:generic/make",
            "required",
            "build",
        ),
        (
            "[external.optional-host-requires]\nssl = ['dep:generic/gnutls']",
            "dep:generic/gnutls",
            "optional",
            "host",
        ),
        ("[external.optional-dependencies]\nx = ['dep:generic/tk']", "dep:generic/tk", "optional", "run"),
        ("host-requires = ['dep:pypi/numpy@latest']", "dep:pypi/numpy", "required", "host"),
    ],
)
def test_the_external_table(toml: str, need: str, strength: str, role: str) -> None:
    found = needs(inspect, {"pyproject.toml": "[external]\n" + toml})
    (only,) = found.values()
    assert (str(only), only.strength, only.role) == (need, strength, role)
    assert only.because[0].where.startswith("pyproject.toml:")


def test_what_is_no_identifier_is_a_doubt() -> None:
    toml = "[external]\nhost-requires = ['libssl-dev', 'dep:generic/ok']"
    assert doubts(inspect, {"pyproject.toml": toml}) == [
        "pyproject.toml:2 'libssl-dev' is no identifier of PEP 725"
    ]


def test_a_hint_names_the_line_of_the_requirement() -> None:
    toml = '[build-system]\nrequires = [\n  "setuptools",\n  "cython",\n]\n'
    found = needs(inspect, {"pyproject.toml": toml})
    assert [str(evidence) for evidence in found[C].because] == ["pyproject.toml:4 (requires cython)"]


def test_a_cmake_that_no_wheel_may_bring_is_a_doubt() -> None:
    toml = build("scikit_build_core.build") + "[tool.scikit-build]\ncmake.version = '>=9.0'"
    (text,) = doubts(inspect, {"pyproject.toml": toml})
    assert "asks for CMake >=9.0" in text


VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["build", "hooks", "custom", "path", "ext-modules", "script", "requires", "project"]),
            inner, max_size=3,
        ),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        ["hatchling.build", "sipbuild.api", "poetry.core", "pdm.backend", "scikit_build_core.build"]
    ),
    st.dictionaries(
        st.sampled_from(["hatch", "sip", "poetry", "pdm", "setuptools", "scikit-build"]), VALUES, max_size=3
    ),
    VALUES,
)
def test_odd_tables_raise_nothing(backend: str, tool: dict[str, object], external: object) -> None:
    sources = make_sources({"pyproject.toml": "x = 1"})
    table = {
        "build-system": {"build-backend": backend, "requires": external},
        "tool": tool,
        "external": external,
    }
    object.__setattr__(sources, "pyproject", table)
    for clue in inspect(sources):
        assert str(clue)
