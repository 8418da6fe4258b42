"""Which headers an sdist's compiled sources need of a machine, how surely, and which are left out."""

from __future__ import annotations

import pytest

from planner.needs import Need, Unit
from planner.sdist import texts
from planner.sdist.archive import read_archive
from planner.sdist.extensions import Built, Native
from planner.sdist.inspectors import headers, pyproject, table
from planner.sdist.inspectors.units import units
from planner.sdist.setup_py import SetupPy
from planner.sdist.sources import Sources
from tests.sdist.conftest import LINUX_311, make_targz

PYTHON = "#include <Python.h>\n"


def sources(
    members: dict[str, str], *, built: tuple[Built, ...] = (), native: Native | None = None, **markers: str
) -> Sources:
    """An sdist whose setup.py builds an extension of its `a.c`, unless told otherwise."""
    files = read_archive("demo-1.0.tar.gz", make_targz({"PKG-INFO": "", **members}))
    setup = None
    if "setup.py" in members:
        setup = SetupPy(native=native or Native(modules=True), built=built)
    toml = texts.parse_toml(files.text("pyproject.toml") or "") or {}
    return Sources(
        files=files, headers={}, pyproject=toml, config={}, setup=setup, markers={**LINUX_311, **markers}
    )


def extension(*names: str, **more: object) -> Built:
    return Built(**{"kind": "Extension", "line": 3, "sources": names, **more})


def needs(sdist: Sources) -> dict[str, Need]:
    found = {}
    for clue in headers.inspect(sdist):
        assert isinstance(clue, Need)
        assert clue.subject not in found
        found[clue.subject.removeprefix("header:")] = clue
    return found


def strengths(sdist: Sources) -> dict[str, str]:
    return {name: need.strength for name, need in needs(sdist).items()}


def of(text: str, *, markers: dict[str, str] | None = None, **others: str) -> dict[str, str]:
    """What one surely compiled source asks for."""
    members = {"setup.py": "", "a.c": text, **others}
    return strengths(sources(members, built=(extension("a.c"),), **(markers or {})))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#include <Python.h>\n", {"Python.h": "required"}),
        ('#include "Python.h"\n', {"Python.h": "required"}),
        ("#include <leveldb/db.h>\n", {"leveldb/db.h": "required"}),
        ("#include <stdio.h>\n#include <sys/epoll.h>\n#include <linux/input.h>\n#include <vector>\n", {}),
        ("#include <x86intrin.h>\n#include <arm_neon.h>\n#include <omp.h>\n#include <bits/stdc++.h>\n", {}),
        ("#include <windows.h>\n#include <WinSock2.h>\n#include <io.h>\n#include <direct.h>\n", {}),
        ("#include <mach/mach.h>\n#include <CoreFoundation/CoreFoundation.h>\n", {}),
        ("#include <TargetConditionals.h>\n#include <sys/event.h>\n#include <kvm.h>\n", {}),
        ("#include <structmember.h>\n#include <frameobject.h>\n", {}),
        ("#include <internal/pycore_frame.h>\n#include <internal/pycore_of_the_future.h>\n", {}),
        ("#include <pybind11/pybind11.h>\n#include <torch/extension.h>\n#include <ATen/ATen.h>\n", {}),
        ("#include <numpy/arrayobject.h>\n", {"dist:numpy": "hint"}),
        ("#ifdef _WIN32\n#include <zlib.h>\n#endif\n", {}),
        ("#ifdef _WIN32\n#else\n#include <zlib.h>\n#endif\n", {"zlib.h": "required"}),
        ("#if PY_VERSION_HEX < 0x03000000\n#include <zlib.h>\n#endif\n", {}),
        ("#ifdef __cplusplus\n#include <zlib.h>\n#endif\n", {}),
        ("#ifdef HAVE_Z\n#include <zlib.h>\n#endif\n", {"zlib.h": "optional"}),
        ("#if __has_include(<zlib.h>)\n#include <zlib.h>\n#endif\n", {"zlib.h": "optional"}),
        ("#ifdef HAVE_Z\n#include <zlib.h>\n#endif\n#include <zlib.h>\n", {"zlib.h": "required"}),
        ("#ifndef NO_Z\n#include <zlib.h>\n#endif\n", {"zlib.h": "required"}),
        ("#ifdef __sun\n#include <zlib.h>\n#endif\n", {}),
        ('#include "made_by_nobody_at_all.h"\n', {}),
        ('#include "config.h"\n#include "my_version.h"\n', {}),
        ('#include "sqlite3.h"\n', {"sqlite3.h": "required"}),
        ('#include "libpq-fe.h"\n', {"libpq-fe.h": "required"}),
        ("#include <nowhere/known.h>\n", {"nowhere/known.h": "required"}),
        ("#include <cuda_runtime.h>\n", {"dep:virtual/compiler/cuda": "hint"}),
        ("#include <hip/hip_runtime.h>\n", {}),
        ("#include <winscard.h>\n", {"winscard.h": "required"}),
        ("#include <pystrhex.h>\n", {}),
        ("#include <Python.h>\n#include <pystrhex.h>\n", {"Python.h": "required", "pystrhex.h": "required"}),
        ("#include <//'A.B(C)'>\n#include <a b.h>\n", {}),
        ("/* #include <zlib.h> */\n", {}),
    ],
)
def test_one_source(text: str, found: dict[str, str]) -> None:
    assert of(text) == found


@pytest.mark.parametrize(
    ("python", "header", "text"),
    [
        ("3.10.4", "pystrhex.h", None),
        ("3.11.2", "pystrhex.h", "left Python's headers in 3.11"),
        ("3.13.0", "longintrepr.h", "left Python's headers in 3.11"),
        ("3.10.0", "longintrepr.h", None),
        ("3.10.0", "symtable.h", "left Python's headers in 3.10"),
        ("3.14.0", "frameobject.h", None),
    ],
)
def test_headers_that_left_python(python: str, header: str, text: str | None) -> None:
    sdist = sources(
        {"setup.py": "", "a.c": f'{PYTHON}#include "{header}"\n'},
        built=(extension("a.c"),),
        python_full_version=python,
    )
    need = needs(sdist).get(header)
    assert (need.because[0].text if need else None) == text


@pytest.mark.parametrize(
    ("platform", "found"),
    [
        ("linux", {"sql.h": "required", "zlib.h": "required", "util/known.h": "required"}),
        ("darwin", {"util/known.h": "required"}),
        ("win32", {"zlib.h": "required", "util/known.h": "required"}),
    ],
)
def test_what_another_system_brings(platform: str, found: dict[str, str]) -> None:
    text = "#include <sql.h>\n#include <zlib.h>\n#include <util/known.h>\n"
    assert of(text, markers={"sys_platform": platform}) == found


def test_evidence_says_where() -> None:
    found = needs(
        sources({"setup.py": "", "src/a.c": "\n#include <yaml.h>\n"}, built=(extension("src/a.c"),))
    )
    assert found["yaml.h"].because[0].where == "src/a.c:2"
    assert found["yaml.h"].role == "host"


def test_own_headers_are_followed_and_unused_ones_are_not() -> None:
    members = {
        "setup.py": "",
        "src/a.c": '#include "a.h"\n#include <deep/b.h>\n',
        "src/a.h": "#include <yaml.h>\n",
        "include/deep/b.h": "#ifdef HAVE_Z\n#include <zlib.h>\n#endif\n",
        "src/unused.h": "#include <gmp.h>\n",
        "src/unused.c": "#include <gmp.h>\n",
    }
    assert strengths(sources(members, built=(extension("src/a.c"),))) == {
        "yaml.h": "required",
        "zlib.h": "optional",
    }


def test_headers_that_include_each_other_end() -> None:
    others = {"a.h": '#include "b.h"\n', "b.h": '#include "a.h"\n#include <gmp.h>\n'}
    assert of('#include "a.h"\n', **others) == {"gmp.h": "required"}


@pytest.mark.parametrize(
    "others",
    [
        {"zlib.h": ""},
        {"vendor/zlib/zlib.h": ""},
        {"zlib.h.in": ""},
        {"src/zlib.h.cmake": ""},
    ],
)
def test_what_the_sdist_has_itself(others: dict[str, str]) -> None:
    assert (
        strengths(
            sources({"setup.py": "", "a.c": "#include <zlib.h>\n", **others}, built=(extension("a.c"),))
        )
        == {}
    )


@pytest.mark.parametrize(
    ("built", "found", "effect"),
    [
        (extension("a.c", optional=True), {"yaml.h": "optional"}, "the compiled extension is left out"),
        (extension("a.c", certain=False), {"yaml.h": "hint"}, ""),
        (extension("a.pyx"), {"yaml.h": "required"}, ""),
        (extension("./a.c"), {"yaml.h": "required"}, ""),
        (extension("b.c"), {}, ""),
        (Built(kind="RustExtension", line=1, sources=()), {"yaml.h": "hint"}, ""),
    ],
)
def test_how_surely_a_source_is_compiled(built: Built, found: dict[str, str], effect: str) -> None:
    sdist = sources({"setup.py": "", "a.c": "#include <yaml.h>\n", "b.c": ""}, built=(built,))
    assert strengths(sdist) == found
    assert {need.effect for need in needs(sdist).values()} <= {effect}


def test_sources_that_setup_py_only_names() -> None:
    members = {
        "setup.py": "ext = Extension('a', ['src/a.c'] + more())\nglob('lib/*.cpp')\n",
        "src/a.c": "#include <yaml.h>\n",
        "lib/b.cpp": "#include <gmp.h>\n",
        "src/c.c": "#include <zlib.h>\n",
        "src/win32/d.c": "#include <lzma.h>\n",
        "tests/e.c": "#include <expat.h>\n",
    }
    assert strengths(sources(members)) == {"yaml.h": "required", "gmp.h": "required", "zlib.h": "hint"}
    optional = sources(members, native=Native(modules=True, optional=True))
    assert strengths(optional) == {"yaml.h": "optional", "gmp.h": "optional", "zlib.h": "hint"}
    assert strengths(sources(members, native=Native(modules=False))) == {}
    several = sources(
        members, native=Native(modules=True, because=("setup.py:1 builds", "setup.py:2 builds"))
    )
    assert set(strengths(several).values()) == {"hint"}


@pytest.mark.parametrize(
    "call", ["['cmake', '.']", "'./configure --static'", "['make', 'install']", "['./build_all.sh']"]
)
def test_a_library_that_is_built_first_may_bring_its_headers(call: str) -> None:
    members = {"setup.py": f"subprocess.run({call})\n", "a.c": f"{PYTHON}#include <fitsio.h>\n"}
    assert strengths(sources(members, built=(extension("a.c"),))) == {
        "Python.h": "required",
        "fitsio.h": "hint",
    }


@pytest.mark.parametrize("backend", ["mesonpy", "scikit_build_core.build"])
def test_other_build_systems_ask_for_themselves(backend: str) -> None:
    members = {
        "pyproject.toml": f"[build-system]\nbuild-backend = '{backend}'\n",
        "a.c": "#include <yaml.h>\n",
    }
    assert strengths(sources(members)) == {"yaml.h": "hint"}


def test_a_pure_project_needs_nothing() -> None:
    assert strengths(sources({"a.c": "#include <yaml.h>\n"})) == {}


def test_extensions_in_pyproject() -> None:
    toml = "[[tool.setuptools.ext-modules]]\nname = 'a'\nsources = ['a.c']\n"
    members = {"pyproject.toml": toml, "a.c": f"{PYTHON}#include <yaml.h>\n", "b.c": "#include <gmp.h>\n"}
    assert strengths(sources(members)) == {"Python.h": "required", "yaml.h": "required"}


def test_build_requirements_bring_headers() -> None:
    toml = "[build-system]\nrequires = ['numpy', 'Murmurhash2', 'extensionclass']\n"
    text = "#include <numpy/arrayobject.h>\n#include <murmurhash2/x.h>\n#include <ExtensionClass/ExtensionClass.h>\n"
    members = {"setup.py": "", "pyproject.toml": toml, "a.c": text}
    assert strengths(sources(members, built=(extension("a.c"),))) == {}


def test_cython_sources() -> None:
    members = {
        "setup.py": "",
        "p/a.pyx": "from .b cimport f\ncimport numpy\n",
        "p/a.pxd": 'cdef extern from "yaml.h":\n    pass\n',
        "p/b.pxd": 'cdef extern from "own.h":\n    pass\n',
        "p/own.h": "#include <gmp.h>\n",
    }
    assert strengths(sources(members, built=(extension("p/a.pyx"),))) == {
        "Python.h": "required",
        "yaml.h": "required",
        "gmp.h": "required",
        "dist:numpy": "hint",
    }


def test_cython_to_cplusplus() -> None:
    text = '# distutils: language = c++\n# distutils: sources = b.cpp\ncdef extern from "x.hpp":\n    pass\n'
    members = {
        "setup.py": "",
        "a.pyx": text,
        "x.hpp": "#ifdef __cplusplus\n#include <gmp.h>\n#endif\n",
        "b.cpp": "#include <yaml.h>\n",
    }
    assert strengths(sources(members, built=(extension("a.pyx"),))) == {
        "Python.h": "required",
        "gmp.h": "required",
        "yaml.h": "required",
    }


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (
            'ffi.set_source("_x", """\n#include <git2.h>\n""")\n',
            {"Python.h": "required", "git2.h": "required"},
        ),
        ('ffi.set_source("_x", None)\nX = "#include <git2.h>"\n', {}),
    ],
)
def test_cffi_build_scripts(call: str, found: dict[str, str]) -> None:
    members = {"setup.py": "setup(cffi_modules=['x/build_x.py:ffi'])\n", "x/build_x.py": call}
    assert strengths(sources(members)) == found


@pytest.mark.parametrize(
    ("members", "built", "found"),
    [
        (
            {"k.cu": "#include <cuda_runtime.h>\n"},
            Built(kind="CUDAExtension", line=1, sources=("k.cu",)),
            {"dep:virtual/compiler/cuda": "required"},
        ),
        (
            {"k.cpp": "#include <cuda.h>\n"},
            Built(kind="CUDAExtension", line=1, sources=("k.cpp",)),
            {"dep:virtual/compiler/cuda": "required"},
        ),
        ({"k.cpp": "#ifdef __CUDACC__\n#include <cuda.h>\n#endif\n"}, extension("k.cpp"), {}),
    ],
)
def test_cuda(members: dict[str, str], built: Built, found: dict[str, str]) -> None:
    assert strengths(sources({"setup.py": "", **members}, built=(built,))) == found


def test_many_hints_are_cut() -> None:
    text = "".join(f"#include <lib{number}/x.h>\n" for number in range(500))
    members = {"pyproject.toml": "[build-system]\nbuild-backend = 'mesonpy'\n", "a.c": text}
    assert len(strengths(sources(members))) == 100


def test_units() -> None:
    members = {
        "setup.py": "",
        "a.c": "x" * 2_000,
        "b.c": "/* Generated by Cython 3 */",
        "c.c": "",
        "c.pyx": "",
        "d.cpp": '#include "own.h"\n',
        "own.h": "#include <pybind11/pybind11.h>\n",
        "e.cpp": "#include <torch/extension.h>\n",
        "f.cu": "",
        "g.cpp": "",
        "unused.c": "",
    }
    names = ("a.c", "b.c", "c.c", "d.cpp", "e.cpp", "f.cu", "g.cpp")
    assert units(sources(members, built=(extension(*names),))) == (
        Unit(language="c", files=1, largest=2, total=2),
        Unit(language="cuda", files=1, largest=0, total=0),
        Unit(language="cxx", files=1, largest=0, total=0),
        Unit(language="cython", files=2, largest=1, total=1),
        Unit(language="pybind11", files=1, largest=1, total=1),
        Unit(language="torch", files=1, largest=1, total=1),
    )


def test_units_of_rust_and_meson() -> None:
    members = {
        "pyproject.toml": "[build-system]\nbuild-backend = 'mesonpy'\n",
        "Cargo.toml": "",
        "src/lib.rs": "x" * 1_500,
        "tests/t.rs": "",
        "a.f90": "",
        "third_party/z.c": "",
    }
    assert [(unit.language, unit.files, unit.largest) for unit in units(sources(members))] == [
        ("c", 1, 0),
        ("fortran", 1, 0),
        ("rust", 1, 2),
    ]


@pytest.mark.parametrize(
    "toml",
    [
        "[build-system]\nbuild-backend = 'pdm.backend'\n[tool.pdm.build]\nrun-setuptools = true\n",
        "[build-system]\nbuild-backend = 'poetry.core.masonry.api'\n[tool.poetry]\nbuild = 'build.py'\n",
        "[build-system]\nbuild-backend = 'hatchling.build'\n[tool.hatch.build.hooks.custom]\n",
        "[build-system]\nbuild-backend = 'own'\nbackend-path = ['.']\n",
    ],
)
def test_units_of_what_a_script_may_compile(toml: str) -> None:
    found = units(sources({"pyproject.toml": toml, "a.pyx": "x = 1\n", "tests/b.c": ""}))
    assert [unit.language for unit in found] == ["cython"]


def test_units_where_setup_py_leaves_all_to_cmake() -> None:
    members = {"setup.py": "", "CMakeLists.txt": "", "src/a.cpp": "#include <pybind11/numpy.h>\n"}
    found = units(sources(members, built=(extension(),)))
    assert [unit.language for unit in found] == ["pybind11"]
    assert units(sources({"setup.py": "", "a.cpp": ""}, built=(extension(),))) == ()


@pytest.mark.parametrize(
    ("source", "compiler"),
    [
        ("# distutils: language = c++\n", "cxx"),
        ("from libcpp.vector cimport vector\n", "cxx"),
        ("from libcpp cimport bool\n", "c"),
        ("cimport cython\n", "c"),
    ],
)
def test_what_cython_makes(source: str, compiler: str) -> None:
    toml = "[build-system]\nrequires = ['cython']\nbuild-backend = 'own'\nbackend-path = ['.']\n"
    found = table.inspect(sources({"pyproject.toml": toml, "m.pyx": source}))
    told = {need.subject for need in found.needs if need.strength == "required"}
    assert told == {f"dep:virtual/compiler/{compiler}", "header:Python.h"}
    hints = {need.subject for need in pyproject.inspect(sources({"pyproject.toml": toml, "m.pyx": source}))}
    assert f"dep:virtual/compiler/{compiler}" in hints
