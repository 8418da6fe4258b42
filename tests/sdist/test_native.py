"""Native or pure, with the evidence, for every kind of build."""

from __future__ import annotations

import pytest

from planner.dists import SdistReading
from planner.sdist.reading import read_files
from tests.sdist.conftest import DEMO, LINUX_311, make_files


def verdict(**members: str) -> tuple[bool | None, tuple[str, ...]]:
    names = {
        "pyproject": "pyproject.toml",
        "setup_py": "setup.py",
        "setup_cfg": "setup.cfg",
        "meson": "meson.build",
    }
    files = make_files({names.get(key, key): text for key, text in members.items()})
    found = read_files("demo-1.0.tar.gz", files, DEMO, None, LINUX_311)
    assert isinstance(found, SdistReading)
    return found.native, found.native_because


def backend(name: str, more: str = "", requires: str = "") -> str:
    return f"[build-system]\nrequires = [{requires}]\nbuild-backend = '{name}'\n{more}"


@pytest.mark.parametrize(
    ("toml", "others", "native", "phrase"),
    [
        (backend("maturin"), {"Cargo.toml": ""}, True, "pyproject.toml:3 builds with maturin (Rust)"),
        (backend("scikit_build_core.build"), {}, True, "pyproject.toml:3 builds with scikit-build-core (CMake)"),
        (backend("scikit_build_core.build", "[tool.scikit-build.wheel]\ncmake = false"), {}, False, "without CMake"),
        (
            backend(
                "scikit_build_core.build",
                "[tool.scikit-build.wheel]\ncmake = false\n[[tool.scikit-build.overrides]]\n"
                'if.system-cmake = ">=3.15"\nwheel.cmake = true',
            ),
            {},
            True,
            "where an override turns it on",
        ),
        (backend("mesonpy"), {"meson": "# x\nproject('d', 'c', 'cython')\n"}, True, "meson.build:2 is a project in c"),
        (backend("mesonpy"), {"meson": "project('d')\n"}, False, "meson.build:1 names no language to compile"),
        (backend("mesonpy"), {"meson": "project('d')\nadd_languages('cpp')\n"}, True, "in cpp"),
        (backend("mesonpy"), {}, None, "meson.build is not there"),
        (backend("flit_core.buildapi"), {"x.c": ""}, False, "builds with flit_core.buildapi, which compiles nothing"),
        (backend("uv_build"), {}, False, "builds with uv_build"),
        (backend("hatchling.build"), {"x.c": ""}, False, "builds with hatchling, which compiles nothing"),
        (backend("hatchling.build", "[tool.hatch.build.hooks.vcs]\nversion-file = 'x'"), {}, False, "hatchling"),
        (backend("hatchling.build", "[tool.hatch.build.targets.wheel.hooks.cython]\nx = 1"), {}, True, "pyproject.toml:4 has the build hook cython"),
        (backend("hatchling.build", "[tool.hatch.build.hooks.strange]\nx = 1"), {}, None, "build hook strange"),
        (backend("hatchling.build", "[tool.hatch.build.hooks.custom]\n"), {"hatch_build.py": "x = 1\n"}, False, "hatchling"),
        (backend("hatchling.build", "[tool.hatch.build.hooks.custom]\n"), {"hatch_build.py": "\nb['pure_python'] = False"}, True, "hatch_build.py:2 uses pure_python"),
        (backend("poetry.core.masonry.api"), {}, False, "builds with poetry"),
        (backend("poetry.core.masonry.api", "[tool.poetry]\nbuild = 'build.py'"), {"build.py": "import x\ncythonize(y)"}, True, "build.py:2 uses cythonize"),
        (backend("poetry.core.masonry.api", "[tool.poetry.build]\nscript = 'build.py'"), {"build.py": "x = 1"}, False, "build.py"),
        (backend("poetry.core.masonry.api", "[tool.poetry.build]\nscript = 'tools/b.py'"), {}, None, "could not be read"),
        (backend("pdm.backend"), {}, False, "builds with pdm"),
        (backend("setuptools.build_meta", "[[tool.setuptools.ext-modules]]\nname = 'x'"), {}, True, "ext-modules"),
        (backend("setuptools.build_meta"), {}, False, "nothing in its configuration"),
        (backend("setuptools.build_meta", requires="'setuptools', 'Cython>=3'"), {"src/d/x.pyx": ""}, True, "pyproject.toml:2 needs cython to build"),
        (backend("own_backend", requires=""), {"src/d/x.c": ""}, None, "pyproject.toml builds with own_backend"),
        (backend("own_backend", requires=""), {"src/d/x.py": ""}, False, ""),
    ],
)  # fmt: skip
def test_backends(toml: str, others: dict[str, str], native: bool | None, phrase: str) -> None:
    found, because = verdict(pyproject=toml, **others)
    assert found is native
    assert any(phrase in text for text in because)


SETUP = "from setuptools import setup, Extension\n"


@pytest.mark.parametrize(
    ("code", "others", "native", "phrase"),
    [
        ("setup(name='x')", {"tests/x.c": "", "docs/y.cu": ""}, False, "setup.py:2 gives setup() nothing to compile"),
        ("setup(ext_modules=[Extension('x', ['x.c'])])", {}, True, "setup.py:2 builds an Extension"),
        ("setup(ext_modules=[Extension('x', ['x.c'], optional=True)])", {}, True, "every extension is optional"),
        ("import helper\nsetup(ext_modules=helper.all())", {"src/x.c": "", "src/y.cpp": ""}, True, "it has compiled sources (src/x.c and 1 more)"),
        ("import helper\nsetup(**helper.all())", {"src/x.py": ""}, False, "there is nothing to compile among its files"),
        ("import helper\nsetup(**helper.all())", {"src/x.c": ""}, None, "src/x.c"),
        ("import skbuild\nskbuild.setup()", {}, True, "setup.py:2 builds with scikit-build (CMake)"),
        ("import subprocess\ndef b():\n    subprocess.check_call(['cmake'])\nsetup(cmdclass={'build': b})", {"CMakeLists.txt": "", "src/x.cpp": ""}, True, "replaces the command build"),
        ("setup(cmdclass={'build_py': object})", {"CMakeLists.txt": "", "src/x.cpp": ""}, None, "replaces the command build_py"),
        ("setup(cmdclass={'sdist': object})", {"CMakeLists.txt": "", "src/x.cpp": ""}, False, "nothing to compile"),
        ("class D:\n    def has_ext_modules(self):\n        return True\nsetup(distclass=D)", {"x.c": ""}, True, "setup.py:3 says that it is not pure Python"),
    ],
)  # fmt: skip
def test_setup_py(code: str, others: dict[str, str], native: bool | None, phrase: str) -> None:
    found, because = verdict(setup_py=SETUP + code, **others)
    assert found is native
    assert any(phrase in text for text in because), because


def test_unreadable_setup_py() -> None:
    assert verdict(setup_py="print 'x'\nsetup()")[0] is False
    assert verdict(setup_py="print 'x'\nsetup()", **{"x.c": ""})[0] is None
    found, because = verdict(setup_py="print 'x'\nsetup(ext_modules=[Extension('x')])", **{"x.c": ""})
    assert found is True
    assert because[:2] == ("setup.py is not valid for Python 3 (line 1)", "setup.py:2 names ext_modules")


def test_nothing_to_build_with() -> None:
    assert verdict(README="")[0] is None
