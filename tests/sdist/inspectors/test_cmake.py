"""What CMake projects ask for: languages, what they look for, and what happens where it is not found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.needs import EXTENSION_LEFT_OUT, Need
from planner.sdist.inspectors.cmake import inspect
from planner.sdist.inspectors.cmake_syntax import Block, Command, parse
from tests.sdist.inspectors.asking import doubts, make_sources, needs, told

SCIKIT = "[build-system]\nrequires = ['scikit-build-core', 'pybind11']\nbuild-backend = 'scikit_build_core.build'\n"
C, CXX = "dep:virtual/compiler/c", "dep:virtual/compiler/cxx"


def asks(text: str, more: str = "", **others: str) -> dict[str, str]:
    """What a project of scikit-build-core asks for beyond a C compiler."""
    project = "cmake_minimum_required(VERSION 3.15)\nproject(demo LANGUAGES C)\n" + text
    files = {"pyproject.toml": SCIKIT + more, "CMakeLists.txt": project}
    files |= {name.replace("__", "/").replace("_txt", ".txt"): value for name, value in others.items()}
    found = told(inspect, files)
    assert found.pop(C) == "required"
    return found


@pytest.mark.parametrize(
    ("project", "languages"),
    [
        ("project(demo)", {C, CXX}),
        ("project(demo C)", {C}),
        ("PROJECT(demo LANGUAGES CXX)", {CXX}),
        ("project(demo VERSION 1.0)", {C, CXX}),
        ("project(demo NONE)", set()),
        ("project(${NAME} VERSION ${V} LANGUAGES C Fortran)", {C, "dep:virtual/compiler/fortran"}),
        ("project(demo LANGUAGES CXX CUDA)", {CXX, "dep:virtual/compiler/cuda"}),
        ("project(demo LANGUAGES NONE)\nenable_language(CXX)", {CXX}),
        ("project(demo LANGUAGES C) # CXX\n#[[ enable_language(CXX)\n]]", {C}),
    ],
)
def test_languages(project: str, languages: set[str]) -> None:
    found = told(inspect, {"pyproject.toml": SCIKIT, "CMakeLists.txt": project})
    assert found == dict.fromkeys(languages, "required")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("find_package(ZLIB REQUIRED)", {"cmake:ZLIB": "required"}),
        ("find_package(ZLIB 1.2 REQUIRED)", {"cmake:ZLIB >=1.2": "required"}),
        ("find_package(ZLIB)", {"cmake:ZLIB": "optional"}),
        ("find_package(Threads REQUIRED)\nfind_package(OpenMP)", {}),
        ("find_package(pybind11 CONFIG REQUIRED)", {"header:Python.h": "required"}),
        ("find_package(Python COMPONENTS Interpreter REQUIRED)", {}),
        ("find_package(Python COMPONENTS Development.Module REQUIRED)", {"header:Python.h": "required"}),
        ("find_package(Git)", {}),
        ("find_package(SWIG REQUIRED)", {"program:swig": "required"}),
        ("find_package(CUDAToolkit)", {"dep:virtual/compiler/cuda": "optional"}),
        ("find_package(BLAS REQUIRED)", {"dep:virtual/interface/blas": "required"}),
        ("find_library(Z z)", {}),
        ("find_library(Z z REQUIRED)", {"library:z": "required"}),
        ("find_path(Z zlib.h)\nif(NOT Z)\nmessage(FATAL_ERROR none)\nendif()", {"header:zlib.h": "required"}),
        ("find_program(T NAMES ragel)\nif(NOT T)\nmessage(FATAL_ERROR x)\nendif()", {"program:ragel": "required"}),
        ("find_package(A)\nif(NOT A_FOUND)\nmessage(FATAL_ERROR x)\nendif()", {"cmake:A": "required"}),
        ("find_package(A)\nif(A_FOUND)\nelse()\nmessage(FATAL_ERROR x)\nendif()", {"cmake:A": "required"}),
        (
            "find_package(A)\nfind_package(B)\nif(NOT A_FOUND AND NOT B_FOUND)\nmessage(FATAL_ERROR x)\nendif()",
            {"cmake:A": "required | cmake:B"},
        ),
        (
            "find_package(A)\nfind_package(B)\nif(NOT A_FOUND OR NOT B_FOUND)\nmessage(FATAL_ERROR x)\nendif()",
            {"cmake:A": "required", "cmake:B": "required"},
        ),
        (
            "find_package(A QUIET)\nif(NOT A_FOUND)\nfind_package(B REQUIRED)\nendif()",
            {"cmake:B": "required | cmake:A"},
        ),
        (
            ("find_package(A 3 QUIET)\nif(NOT A_FOUND)\nfind_package(A 2 QUIET)\nendif()\n"
            "if(NOT A_FOUND)\nmessage(FATAL_ERROR x)\nendif()"),
            {"cmake:A >=2": "required"},
        ),
        ("if(A_UNKNOWN_CHECK)\nfind_package(Z REQUIRED)\nendif()", {}),
        ("check_thing(HAVE_Z)\nif(HAVE_Z)\nfind_package(Z REQUIRED)\nendif()", {"cmake:Z": "optional"}),
        ("if(WIN32)\nfind_package(W REQUIRED)\nelseif(UNIX)\nfind_package(U REQUIRED)\nendif()", {"cmake:U": "required"}),
        ("option(WITH_Z doc OFF)\nif(WITH_Z)\nfind_package(Z REQUIRED)\nendif()", {}),
        ("option(WITH_Z doc ON)\nif(WITH_Z)\nfind_package(Z REQUIRED)\nendif()", {"cmake:Z": "required"}),
        ("if(SKBUILD AND NOT MSVC)\nfind_package(Z REQUIRED)\nendif()", {"cmake:Z": "required"}),
        ('if(CMAKE_SYSTEM_NAME STREQUAL "Linux")\nfind_package(Z REQUIRED)\nendif()', {"cmake:Z": "required"}),
        ('set(KIND a)\nif(KIND MATCHES "^b")\nfind_package(Z REQUIRED)\nendif()', {}),
        ("foreach(p A B)\nfind_package(${p} REQUIRED)\nendforeach()", {"cmake:A": "required", "cmake:B": "required"}),
        ("function(need what)\nfind_package(${what} REQUIRED)\nendfunction()\nneed(Q)", {"cmake:Q": "required"}),
        ("macro(never)\nfind_package(Z REQUIRED)\nendmacro()", {}),
        ("return()\nfind_package(Z REQUIRED)", {}),
        ("find_package(A)\nif(A_FOUND)\nreturn()\nendif()\nmessage(FATAL_ERROR x)", {"cmake:A": "required"}),
        ("include(missing OPTIONAL)\nif(DEFINED ENV{X})\nfind_package(Z REQUIRED)\nendif()", {}),
        ("find_package(A)\nset(USE ${A_FOUND})\nif(NOT USE)\nmessage(FATAL_ERROR x)\nendif()", {"cmake:A": "required"}),
        (
            ("set(MODE auto)\nfind_package(A)\nif(NOT A_FOUND)\nset(MODE bundled)\nendif()\n"
            'if(MODE STREQUAL "bundled")\nfile(DOWNLOAD https://files.test/a.tgz a.tgz)\nendif()'),
            {"cmake:A": "fallback", "network:files.test": "fallback | cmake:A"},
        ),
        ("check_language(CUDA)\nif(CMAKE_CUDA_COMPILER)\nenable_language(CUDA)\nendif()",
         {"dep:virtual/compiler/cuda": "optional"}),
        ("include(cmake/more.cmake)", {}),
    ],
)  # fmt: skip
def test_what_is_looked_for(text: str, expected: dict[str, str]) -> None:
    assert asks(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "find_package(PkgConfig REQUIRED)\npkg_check_modules(D REQUIRED dbus-1>=1.8 glib-2.0)",
            {"pkg-config:dbus-1 >=1.8": "required", "pkg-config:glib-2.0": "required", "program:pkg-config": "required"},
        ),
        ("pkg_check_modules(D IMPORTED_TARGET dbus-1)", {"pkg-config:dbus-1": "optional"}),
        (
            "pkg_search_module(L REQUIRED lua5.4 lua-5.4 lua)",
            {"pkg-config:lua5.4": "required | pkg-config:lua-5.4 | pkg-config:lua", "program:pkg-config": "required"},
        ),
        (
            ("find_package(PkgConfig)\nif(PKG_CONFIG_FOUND)\npkg_check_modules(F libffi)\nendif()\n"
            "if(NOT F_FOUND)\nmessage(SEND_ERROR libffi)\nendif()"),
            {"pkg-config:libffi": "required", "program:pkg-config": "required"},
        ),
        (
            ("function(look)\npkg_check_modules(L libx)\nendfunction()\nlook()\n"
            "if(NOT L_FOUND)\nmessage(FATAL_ERROR x)\nendif()"),
            {"pkg-config:libx": "required", "program:pkg-config": "required"},
        ),
    ],
)  # fmt: skip
def test_pkg_config(text: str, expected: dict[str, str]) -> None:
    assert asks(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            ("find_package(f)\nif(NOT f_FOUND)\ninclude(FetchContent)\n"
            "FetchContent_Declare(f GIT_REPOSITORY https://code.test/f.git)\nFetchContent_MakeAvailable(f)\nendif()"),
            {"cmake:f": "fallback", "network:code.test": "fallback | cmake:f", "program:git": "optional"},
        ),
        (
            "FetchContent_Declare(f URL https://code.test/f.tgz)\nFetchContent_MakeAvailable(f)",
            {"network:code.test": "required"},
        ),
        ("FetchContent_Declare(f URL https://code.test/f.tgz)", {}),
        ("FetchContent_Declare(f SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR}/sub)\nFetchContent_MakeAvailable(f)", {}),
        (
            "ExternalProject_Add(x GIT_REPOSITORY git@code.test:a/b.git)",
            {"network:code.test": "required", "program:git": "required"},
        ),
        ('CPMAddPackage("gh:fmtlib/fmt#7.1.3")', {"network:github.com": "required", "program:git": "required"}),
        ("option(D d OFF)\nif(D)\nfile(DOWNLOAD https://code.test/x x)\nendif()", {}),
        (
            "execute_process(COMMAND git submodule update --init RESULT_VARIABLE r)",
            {"network:git submodules": "required", "program:git": "required"},
        ),
        (
            "find_package(s)\nif(NOT s_FOUND)\nadd_subdirectory(sub)\nendif()",
            {"cmake:s": "fallback"},
        ),
        (
            "find_package(s)\nif(NOT s_FOUND)\nadd_subdirectory(deep)\nendif()",
            {"cmake:s": "fallback", "cmake:inner": "optional"},
        ),
        ("add_subdirectory(deep)", {"cmake:inner": "required"}),
        ("include(${CMAKE_CURRENT_SOURCE_DIR}/cmake/more.cmake)", {"cmake:More": "required"}),
        ('list(APPEND CMAKE_MODULE_PATH "${PROJECT_SOURCE_DIR}/cmake")\ninclude(more)', {"cmake:More": "required"}),
        ("if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/sub/CMakeLists.txt)\nfind_package(Z REQUIRED)\nendif()", {}),
        ("if(EXISTS ${PROJECT_SOURCE_DIR}/.git)\nfind_package(Z REQUIRED)\nendif()", {}),
        ("find_package(Own REQUIRED)", {"cmake:Own": "required | header:own.h | library:own"}),
    ],
)  # fmt: skip
def test_what_is_bundled_or_fetched(text: str, expected: dict[str, str]) -> None:
    files = {
        "sub__CMakeLists_txt": "add_library(s s.c)",
        "deep__CMakeLists_txt": "find_package(inner REQUIRED)",
        "cmake__more.cmake": "find_package(More REQUIRED)",
        "cmake__FindOwn.cmake": "find_path(OWN_INC NAMES own.h)\nfind_library(OWN_LIB own)",
    }
    assert asks(text, **files) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("add_library(m m.c)\ntarget_link_libraries(m PRIVATE qpdf)", {"library:qpdf": "required"}),
        ("target_link_libraries(m PUBLIC -lz PRIVATE libqpdf.so)", {"library:z": "required", "library:qpdf": "required"}),
        ("target_link_libraries(m m dl pthread -lrt own_thing)", {}),
        ("target_link_libraries(m qpdf)\nadd_library(qpdf q.c)", {}),
        ("target_link_libraries(m debug qpdf optimized z)", {"library:z": "required"}),
        ("target_link_libraries(m ${QPDF_LIBRARIES} Qt::qpdf /opt/libqpdf.so)", {}),
        ("target_link_libraries(m held)", {}),
        ("if(WIN32)\ntarget_link_libraries(m qpdf)\nendif()", {}),
        ("if(${UNKNOWN})\ntarget_link_libraries(m qpdf)\nendif()", {}),
        ("if(NOT CMAKE_ODD)\ntarget_link_libraries(m qpdf)\nendif()", {}),
        ("ExternalProject_Add(q SOURCE_DIR s)\ntarget_link_libraries(m qpdf)", {}),
        (
            ("find_package(ZLIB)\nif(ZLIB_FOUND)\ntarget_link_libraries(m ZLIB::ZLIB)\nelse()\n"
            "target_link_libraries(m z)\nendif()"),
            {"library:z": "required | cmake:ZLIB"},
        ),
    ],
)  # fmt: skip
def test_libraries_linked_by_their_plain_names(text: str, expected: dict[str, str]) -> None:
    """The names are those that a release of Debian knows; `held` has an archive in the sdist."""
    assert asks(text, **{"vendor__libheld.a": ""}) == expected


@pytest.mark.parametrize("more", ["3", "3 NAMES {0}"])
def test_what_is_found_is_not_fetched(more: str) -> None:
    text = (
        f"FetchContent_Declare({{0}} GIT_REPOSITORY https://code.test/p.git FIND_PACKAGE_ARGS {more})\n"
        "FetchContent_MakeAvailable({0})"
    )
    assert asks(text.replace("{0}", "pybind11")) == {"header:Python.h": "optional"}
    assert asks(text.replace("{0}", "ZLIB")) == {
        "cmake:ZLIB >=3": "fallback",
        "network:code.test": "fallback | cmake:ZLIB",
        "program:git": "optional",
    }


@pytest.mark.parametrize(
    ("setup", "text", "found"),
    [
        ("", "find_package(pybind11 REQUIRED)", False),
        ("import pybind11\n", "find_package(pybind11 REQUIRED)", True),
        ("a = '-DCMAKE_PREFIX_PATH=' + p\n", "find_package(pybind11 REQUIRED)", True),
        ("", "find_package(pybind11 REQUIRED HINTS ${pybind11_place})", False),
        (
            "",
            (
                "execute_process(COMMAND python -m pybind11 --cmakedir OUTPUT_VARIABLE pybind11_DIR)\n"
                "find_package(pybind11 REQUIRED)"
            ),
            True,
        ),
        (
            "",
            (
                "execute_process(COMMAND python OUTPUT_VARIABLE at)\nlist(APPEND CMAKE_PREFIX_PATH ${at})\n"
                "find_package(pybind11 REQUIRED)"
            ),
            True,
        ),
    ],
)
def test_a_setup_py_has_to_say_where_pybind11_is(setup: str, text: str, found: bool) -> None:
    files = {
        "pyproject.toml": "[build-system]\nrequires = ['setuptools', 'pybind11', 'cmake', 'ninja']\n",
        "setup.py": f"{setup}subprocess.run(['cmake', '.'])",
        "CMakeLists.txt": f"project(demo C)\n{text}",
    }
    assert ("cmake:pybind11" not in told(inspect, files)) is found


def test_a_bundled_pybind11_asks_for_the_headers_all_the_same() -> None:
    pybind11 = "function(pybind11_add_module name)\nadd_library(${name} MODULE ${ARGN})\nendfunction()"
    assert asks(f"{pybind11}\npybind11_add_module(m m.cpp)") == {"header:Python.h": "required"}


def test_what_an_optional_extension_needs_is_optional() -> None:
    files = {
        "pyproject.toml": "[build-system]\nrequires = ['setuptools']\n",
        "setup.py": "import subprocess\nfrom setuptools import Extension, setup\nsubprocess.run(['cmake', '.'])\n"
        "setup(ext_modules=[Extension('m', ['m.c'], optional=True)])",
        "CMakeLists.txt": "project(demo C)",
    }
    found = needs(inspect, files)
    assert {need.strength for need in found.values()} == {"optional"}
    assert {need.effect for need in found.values()} == {EXTENSION_LEFT_OUT}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", {}),
        ("[tool.scikit-build]\ncmake.define = { WITH_Z = true }", {"cmake:Z": "required"}),
        ("[tool.scikit-build]\ncmake.args = ['-DWITH_Z=ON']", {"cmake:Z": "required"}),
        ("[tool.scikit-build.cmake.define]\nWITH_Z = {env='Z', default='ON'}", {"cmake:Z": "required"}),
        (
            "[[tool.scikit-build.overrides]]\nif.platform-system = '^linux'\ncmake.define.WITH_Z = 'ON'",
            {"cmake:Z": "required"},
        ),
        ("[[tool.scikit-build.overrides]]\nif.platform-system = '^win32'\ncmake.define.WITH_Z = 'ON'", {}),
    ],
)
def test_settings_of_scikit_build_core(more: str, expected: dict[str, str]) -> None:
    assert asks("option(WITH_Z doc OFF)\nif(WITH_Z)\nfind_package(Z REQUIRED)\nendif()", more) == expected


def test_the_source_folder_of_scikit_build_core() -> None:
    files = {
        "pyproject.toml": SCIKIT + "[tool.scikit-build]\ncmake.source-dir = 'native'",
        "CMakeLists.txt": "project(wrong CUDA)",
        "native/CMakeLists.txt": "project(right C)",
    }
    assert told(inspect, files) == {C: "required"}


def test_wheels_without_cmake_ask_for_nothing() -> None:
    files = {
        "pyproject.toml": SCIKIT + "[tool.scikit-build]\nwheel.cmake = false",
        "CMakeLists.txt": "project(x)",
    }
    assert told(inspect, files) == {}


@pytest.mark.parametrize(
    ("requires", "setup", "expected"),
    [
        ("", "subprocess.run(['cmake', '-S', '.'])", {"program:cmake >=3.15", "program:make", C}),
        ("'cmake'", "subprocess.run(['cmake', '.'])", {"program:make", C}),
        ("'cmake', 'ninja'", "subprocess.run(['cmake', '.'])", {C}),
        (
            "'scikit-build'",
            "from skbuild import setup\nsetup(name='x')",
            {"program:cmake >=3.15", "program:make", C},
        ),
        ("", "x = ['cmake', '-DWITH_Z=ON']", {"program:cmake >=3.15", "program:make", C, "cmake:Z"}),
        ("", "setup(name='no cmake here')", set()),
    ],
)
def test_cmake_run_by_setup_py(requires: str, setup: str, expected: set[str]) -> None:
    files = {
        "pyproject.toml": f"[build-system]\nrequires = ['setuptools', {requires}]\n",
        "setup.py": setup,
        "CMakeLists.txt": "cmake_minimum_required(VERSION 3.15...3.30)\nproject(demo C)\n"
        "option(WITH_Z d OFF)\nif(WITH_Z)\nfind_package(Z REQUIRED)\nendif()",
    }
    found = told(inspect, files)
    assert set(found) == expected
    assert {strength.split(" | ")[0] for strength in found.values()} <= {"required"}


def test_cmake_run_by_a_backend_in_the_tree() -> None:
    files = {
        "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'own.api'\nbackend-path = ['.']",
        "own/api.py": "",
        "own/native.py": "\nrun(['cmake', 'src'])",
        "src/CMakeLists.txt": "cmake_minimum_required(VERSION 3.18)\nproject(d CXX)",
    }
    assert set(told(inspect, files)) == {CXX, "program:cmake >=3.18", "program:make"}


def test_other_systems_take_their_own_branches() -> None:
    text = (
        "project(d C)\nif(WIN32)\nfind_package(W REQUIRED)\nelseif(APPLE)\nfind_package(A REQUIRED)\nendif()"
    )
    files = {"pyproject.toml": SCIKIT, "CMakeLists.txt": text}
    assert set(told(inspect, files, sys_platform="win32")) == {C, "cmake:W"}
    assert set(told(inspect, files, sys_platform="darwin")) == {C, "cmake:A"}


def test_evidence_has_the_file_and_the_line() -> None:
    files = {
        "pyproject.toml": SCIKIT,
        "CMakeLists.txt": "\nproject(d C)\n\nfind_package(\n  ZLIB\n  REQUIRED)",
    }
    found = needs(inspect, files)
    assert str(found["cmake:ZLIB"].because[0]) == "CMakeLists.txt:4 (find_package ZLIB)"
    assert found["cmake:ZLIB"].role == "host"
    assert found[C].role == "build"


def test_what_was_not_read_is_a_doubt() -> None:
    sources = make_sources({"pyproject.toml": SCIKIT, "CMakeLists.txt": ""})
    object.__setattr__(sources.files, "kept", {"pyproject.toml": SCIKIT.encode()})
    assert [str(clue) for clue in inspect(sources)] == [
        "CMakeLists.txt was not read, so what it looks for is not known"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "if(" * 5_000,
        "if(X)\n" * 5_000,
        "add_subdirectory(.)\n" * 50,
        "include(CMakeLists.txt)\n" * 50,
        "function(f)\nf()\nendfunction()\nf()",
        "foreach(a 1 2 3 4 5 6 7 8 9)\n" * 12 + "message(x)\n" + "endforeach()\n" * 12,
        "set(A ${B})\nset(B ${A}${A})\nset(A ${B}${B})\n" * 200,
        'message("' + "\\" * 4_000,
        "${" * 4_000,
        "[" + "=" * 4_000,
        "if(NOT " * 300 + "X" + ")" * 300,
        "if(" + "( " * 4_000 + "X" + " )" * 4_000 + ")\nendif()",
        'set(X a)\nif(X MATCHES "(a+)+$")\nfind_package(Z REQUIRED)\nendif()',
    ],
    ids=range(13),
)
def test_hostile_files_cost_little_and_raise_nothing(text: str) -> None:
    asks(text)


def test_too_much_work_is_a_doubt() -> None:
    loop = "foreach(a 1 2 3 4 5 6 7 8 9)\n" * 8 + "message(x)\n" + "endforeach()\n" * 8
    files = {"pyproject.toml": SCIKIT, "CMakeLists.txt": "project(x C)\n" + loop}
    assert doubts(inspect, files) == ["CMakeLists.txt is too involved to be followed to its end"]


def test_the_lexer_knows_quotes_brackets_comments_and_blocks() -> None:
    text = 'A("x;y" [=[ ${raw} ]=] z\\;w (nested)) # end\nif(T)\n  b()\nelse()\n  c()\nendif()\nd(\n)'
    first, block, last = parse(text)
    assert isinstance(first, Command)
    assert [argument.text for argument in first.arguments] == ["x;y", " ${raw} ", "z;w", "(", "nested", ")"]
    assert isinstance(block, Block)
    assert [len(body) for _, body in block.parts] == [1, 1]
    assert isinstance(last, Command)
    assert last.line == 7


WORDS = st.sampled_from(
    ["find_package(A REQUIRED)", "if(", "A_FOUND", ")", "endif()", "else()", "NOT", "AND", "(", "set(", "${A}",
     '"', "[[", "]]", "\n", "foreach(x a b)", "endforeach()", "function(f)", "endfunction()", "f()", "\\", "#"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.lists(WORDS, max_size=60).map(" ".join), st.text(max_size=300)))
def test_nothing_raises(text: str) -> None:
    for clue in inspect(make_sources({"pyproject.toml": SCIKIT, "CMakeLists.txt": text})):
        assert str(clue)
        assert not isinstance(clue, Need) or all(evidence.where for evidence in clue.because)


@pytest.mark.parametrize(
    ("backend", "make"),
    [
        ("from scikit_build_core.build import *\n", False),
        (
            "def get_requires_for_build_wheel(s=None):\n    return [r for r in orig(s) if r != 'ninja']\n",
            True,
        ),
    ],
)
def test_a_wrapped_backend_that_picks_ninja_out(backend: str, make: bool) -> None:
    files = {
        "pyproject.toml": "[build-system]\nrequires = ['scikit-build-core']\nbuild-backend = 'backend'\n"
        "backend-path = ['own']",
        "own/backend.py": backend,
        "CMakeLists.txt": "project(demo C)",
    }
    assert set(told(inspect, files)) == {C, *(["program:make"] if make else [])}


@pytest.mark.parametrize(
    "setup",
    [
        "def configure_windows():\n    run(['cmake', '.'])\n",
        "def configure():\n    run(['cmake', '-G', 'NMake Makefiles'])\n",
    ],
)
def test_cmake_that_runs_on_windows_alone(setup: str) -> None:
    files = {"setup.py": setup, "CMakeLists.txt": "project(demo C)"}
    assert told(inspect, files) == {}
    assert "program:cmake" in told(inspect, files, sys_platform="win32")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "execute_process(COMMAND autoreconf -i COMMAND_ERROR_IS_FATAL ANY)",
            {"program:autoreconf": "required", "program:aclocal": "required"},
        ),
        ("execute_process(COMMAND make all)", {}),
        (
            "execute_process(COMMAND make RESULT_VARIABLE r)\nif(NOT r EQUAL 0)\nmessage(FATAL_ERROR no)\nendif()",
            {"program:make": "required"},
        ),
        ("execute_process(COMMAND make RESULT_VARIABLE r)\nif(r)\nmessage(STATUS no)\nendif()", {}),
        ("execute_process(COMMAND ls COMMAND_ERROR_IS_FATAL ANY)", {}),
        ("execute_process(COMMAND git describe COMMAND_ERROR_IS_FATAL ANY)", {}),
    ],
)
def test_programs_that_run_while_it_is_configured(text: str, expected: dict[str, str]) -> None:
    assert asks(text) == expected
