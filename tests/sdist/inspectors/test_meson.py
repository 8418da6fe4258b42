"""What Meson projects ask for: languages, dependencies, programs, and what stands in for them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.sdist.inspectors.meson import inspect
from planner.sdist.inspectors.meson_syntax import SyntaxProblemError, parse
from planner.sdist.inspectors.meson_values import version_matches
from tests.sdist.inspectors.asking import doubts, make_sources, needs, told

MESONPY = "[build-system]\nrequires = ['meson-python', 'cython', 'numpy']\nbuild-backend = 'mesonpy'\n"
C = "dep:virtual/compiler/c"
PKG = {"program:pkg-config": "required"}


def asks(text: str, more: str = "", others: dict[str, str] | None = None) -> dict[str, str]:
    """What a project in C asks for beyond its compiler."""
    files = {
        "pyproject.toml": MESONPY + more,
        "meson.build": "project('demo', 'c')\n" + text,
        **(others or {}),
    }
    found = told(inspect, files)
    assert found.pop(C) == "required"
    return found


@pytest.mark.parametrize(
    ("project", "languages"),
    [
        ("project('demo')", set()),
        ("project('demo', 'c', 'cython')", {C}),
        ("project('demo', ['c', 'cpp'], version: '1')", {C, "dep:virtual/compiler/cxx"}),
        ("project('demo')\nadd_languages('fortran')", {"dep:virtual/compiler/fortran"}),
        ("project('demo', 'rust', 'cuda')", {"dep:virtual/compiler/rust", "dep:virtual/compiler/cuda"}),
    ],
)
def test_languages(project: str, languages: set[str]) -> None:
    found = told(inspect, {"pyproject.toml": MESONPY, "meson.build": project})
    assert found == dict.fromkeys(languages, "required")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dependency('cairo')", {"pkg-config:cairo": "required", **PKG}),
        ("dependency('cairo', version: '>= 1.15.10')", {"pkg-config:cairo >=1.15.10": "required", **PKG}),
        ("dependency('cairo', version: ['>=1', '<2'])", {"pkg-config:cairo <2,>=1": "required", **PKG}),
        ("dependency('cairo', required: false)", {"pkg-config:cairo": "optional"}),
        ("dependency('', required: false)\ndependency('threads')\ndependency('openmp')", {}),
        ("dependency('numpy')", {}),
        ("dependency('python3')", {"header:Python.h": "required"}),
        ("import('python').find_installation(pure: false).dependency()", {"header:Python.h": "required"}),
        ("py = import('python').find_installation()\npy.extension_module('a', 'a.c')", {"header:Python.h": "required"}),
        ("dependency('boost')", {"header:boost/version.hpp": "required | cmake:Boost"}),
        ("dependency('mpi', language: 'c')", {"program:mpicc": "required"}),
        ("dependency(['openblas', 'OpenBLAS'])", {"pkg-config:openblas": "required", **PKG}),
        (
            "d = dependency('a', required: false)\nif not d.found()\n  error('no a')\nendif",
            {"pkg-config:a": "required", **PKG},
        ),
        (
            "d = dependency('a', required: false)\nif not d.found()\n  d = dependency('b')\nendif",
            {"pkg-config:b": "required | pkg-config:a", **PKG},
        ),
        (
            "d = dependency('a', required: false)\nassert(d.found(), 'a is needed')",
            {"pkg-config:a": "required", **PKG},
        ),
        (
            ("a = dependency('a', required: false)\nb = dependency('b', required: false)\n"
            "if not (a.found() or b.found())\n  error('one of them')\nendif"),
            {"pkg-config:a": "required | pkg-config:b", **PKG},
        ),
        (
            ("n = 'x'\na = dependency('a', required: false)\nif a.found()\n  n = 'a'\nendif\n"
            "if n != 'a'\n  dependency(n)\nendif"),
            {"pkg-config:x": "required | pkg-config:a", **PKG},
        ),
        ("if host_machine.system() == 'windows'\n  dependency('w')\nelse\n  dependency('u')\nendif",
         {"pkg-config:u": "required", **PKG}),
        ("if meson.get_compiler('c').get_id() == 'msvc'\n  dependency('w')\nendif", {}),
        ("if run_command('x').returncode() == 0\n  dependency('w')\nendif", {"pkg-config:w": "optional"}),
        ("foreach n : ['a', 'b']\n  dependency(n)\nendforeach",
         {"pkg-config:a": "required", "pkg-config:b": "required", **PKG}),
        ("foreach n, v : {'a': '1'}\n  dependency(n, version: v)\nendforeach", {"pkg-config:a ==1": "required", **PKG}),
        ("v = '2'\ndependency('a', version: f'>=@v@.0')", {"pkg-config:a >=2.0": "required", **PKG}),
        ("deps = []\ndeps += dependency('a')", {"pkg-config:a": "required", **PKG}),
        ("x = false ? dependency('a') : dependency('b')", {"pkg-config:b": "required", **PKG}),
        ("subdir_done()\ndependency('a')", {}),
        ("find_program('ragel')", {"program:ragel": "required"}),
        ("find_program('cython', 'cython3')\nfind_program('python3')", {}),
        ("find_program('tool.py', required: true)", {}),
        ("find_program('g-ir-scanner', required: false)", {}),
        ("cc = meson.get_compiler('c')\ncc.find_library('m')\ncc.find_library('z')", {"library:z": "required"}),
        ("cc = meson.get_compiler('c')\ncc.find_library('z', has_headers: ['zlib.h'])",
         {"library:z": "required | header:zlib.h"}),
        ("cc = meson.get_compiler('c')\ncc.find_library('npymath', dirs: d)", {}),
        ("cc = meson.get_compiler('c')\ncc.find_library('q', dirs: [])", {"library:q": "required"}),
        ("cc = meson.get_compiler('c')\ncc.has_header('zlib.h', required: true)", {"header:zlib.h": "required"}),
        ("cc = meson.get_compiler('c')\nif not cc.has_header('zlib.h')\n  error('x')\nendif",
         {"header:zlib.h": "required"}),
        ("cc = meson.get_compiler('c')\nif not cc.has_header('stdio.h')\n  error('x')\nendif", {}),
        ("executable('a', 'a.c', dependencies: [dependency('deep')])", {"pkg-config:deep": "required", **PKG}),
        ("meson.override_dependency('own', declare_dependency())\ndependency('own')", {}),
        ("if add_languages('cuda', required: false)\nendif", {"dep:virtual/compiler/cuda": "optional"}),
        ("subdir('src')", {"pkg-config:inner": "required", **PKG}),
    ],
)  # fmt: skip
def test_what_is_looked_for(text: str, expected: dict[str, str]) -> None:
    assert asks(text, others={"src/meson.build": "dependency('inner')"}) == expected


OPTIONS = """
option('feat', type: 'feature')
option('on', type: 'feature', value: 'enabled')
option('off', type: 'feature', value: 'disabled')
option('flag', type: 'boolean', value: false)
option('kind', type: 'combo', choices: ['one', 'two'])
option('list', type: 'array', value: ['p', 'q'])
option('name', type: 'string', value: 'libx')
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dependency('a', required: get_option('feat'))", {"pkg-config:a": "optional"}),
        ("dependency('a', required: get_option('on'))", {"pkg-config:a": "required", **PKG}),
        ("dependency('a', required: get_option('off'))", {}),
        ("if get_option('flag')\n  dependency('a')\nendif", {}),
        ("if get_option('kind') == 'one'\n  dependency('a')\nendif", {"pkg-config:a": "required", **PKG}),
        ("if 'q' in get_option('list')\n  dependency('a')\nendif", {"pkg-config:a": "required", **PKG}),
        ("dependency(get_option('name'))", {"pkg-config:libx": "required", **PKG}),
        ("if get_option('feat').allowed()\n  dependency('a')\nendif", {"pkg-config:a": "required", **PKG}),
        ("if get_option('off').enabled()\n  dependency('a')\nendif", {}),
        ("if get_option('nowhere')\n  dependency('a')\nendif", {"pkg-config:a": "optional"}),
    ],
)
def test_options(text: str, expected: dict[str, str]) -> None:
    assert asks(text, others={"meson.options": OPTIONS}) == expected
    assert asks(text, others={"meson_options.txt": OPTIONS}) == expected


def test_options_that_the_project_or_meson_python_sets() -> None:
    files = {"pyproject.toml": MESONPY, "meson_options.txt": OPTIONS}
    text = "if get_option('flag')\n  dependency('a')\nendif"
    files["meson.build"] = "project('d', 'c', default_options: ['flag=true'])\n" + text
    assert set(told(inspect, files)) == {C, "pkg-config:a", "program:pkg-config"}
    arguments = "[tool.meson-python.args]\nsetup = ['-Dflag=true']"
    assert asks(text, arguments, {"meson_options.txt": OPTIONS}) == {"pkg-config:a": "required", **PKG}


WRAP = "[wrap-git]\nurl = https://code.test/sub.git\n[provide]\ndependency_names = given"
FILE = "[wrap-file]\ndirectory = sub-1\nsource_url = https://files.test/sub.tgz\nsource_filename = sub.tgz"


@pytest.mark.parametrize(
    ("text", "others", "more", "expected"),
    [
        (
            "dependency('sub')", {"subprojects/sub.wrap": FILE}, "",
            {"pkg-config:sub": "fallback", "program:pkg-config": "fallback", "network:files.test": "fallback | pkg-config:sub"},
        ),
        (
            "dependency('given')", {"subprojects/sub.wrap": WRAP}, "",
            {
                "pkg-config:given": "fallback", "program:pkg-config": "fallback",
                "network:code.test": "fallback | pkg-config:given", "program:git": "optional",
            },
        ),
        (
            "dependency('sub', fallback: ['sub', 'sub_dep'])",
            {"subprojects/sub/meson.build": "project('sub', 'c')\ndependency('below')"}, "",
            {"pkg-config:sub": "fallback", "program:pkg-config": "fallback", "pkg-config:below": "optional"},
        ),
        ("subproject('sub')", {"subprojects/sub/meson.build": "project('sub', 'c')\ndependency('below')"}, "",
         {"pkg-config:below": "required", **PKG}),
        ("subproject('sub')", {"subprojects/sub.wrap": FILE}, "", {"network:files.test": "required"}),
        ("subproject('sub')", {"subprojects/sub.wrap": FILE, "subprojects/packagecache/sub.tgz": ""}, "", {}),
        (
            "dependency('sub')", {"subprojects/sub.wrap": FILE},
            "[tool.meson-python.args]\nsetup = ['--wrap-mode=nofallback']",
            {"pkg-config:sub": "required", **PKG},
        ),
        ("dependency('sub', required: false)", {"subprojects/sub.wrap": FILE}, "", {"pkg-config:sub": "optional"}),
        ("dependency('sub', allow_fallback: false)", {"subprojects/sub.wrap": FILE}, "",
         {"pkg-config:sub": "required", **PKG}),
        (
            "subproject('sub', default_options: ['flag=true'])",
            {"subprojects/sub/meson.build": "project('sub', 'c')\nif get_option('flag')\n dependency('on')\nendif",
             "subprojects/sub/meson_options.txt": OPTIONS}, "",
            {"pkg-config:on": "required", **PKG},
        ),
    ],
)  # fmt: skip
def test_subprojects(text: str, others: dict[str, str], more: str, expected: dict[str, str]) -> None:
    assert asks(text, more, others) == expected


def test_evidence_has_the_file_and_the_line() -> None:
    files = {
        "pyproject.toml": MESONPY,
        "meson.build": "project('d', 'c')\nsubdir('a')",
        "a/meson.build": "\ndependency('x')",
    }
    found = needs(inspect, files)["pkg-config:x"]
    assert str(found.because[0]) == "a/meson.build:2 (dependency x)"


def test_a_folder_of_tests_is_not_missed() -> None:
    assert (
        doubts(inspect, {"pyproject.toml": MESONPY, "meson.build": "project('d', 'c')\nsubdir('tests')"})
        == []
    )


def test_other_backends_are_left_alone() -> None:
    assert (
        told(
            inspect,
            {"pyproject.toml": MESONPY.replace("mesonpy", "other"), "meson.build": "project('d', 'c')"},
        )
        == {}
    )


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("project('d', 'c')\nif (", "meson.build:2 is not in the language of Meson"),
        ("subproject('gone')", "meson.build:1 the subproject gone is not in the sdist"),
        ("subdir('gone')", "gone/meson.build was not read, so what it looks for is not known"),
        ("project('d') $", "meson.build:1 is not in the language of Meson"),
    ],
)
def test_doubts(text: str, doubt: str) -> None:
    assert doubts(inspect, {"pyproject.toml": MESONPY, "meson.build": text}) == [doubt]


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 5_000,
        "x = " + "not " * 5_000 + "true",
        "x = " + "(" * 3_000 + "1" + ")" * 3_000,
        "x = 1" + " + 1" * 5_000,
        "x = 1" + " + 1 - 1" * 3_000,
        "if true\n" * 3_000,
        "x" + ".a()" * 3_000,
        "x = true\n" + "x = x and x\n" * 300,
        "d = dependency('a', required: false)\nx = d.found()\n"
        + "x = x and x\n" * 300
        + "if x\nerror('x')\nendif",
        "a = ['x']\n" + "a += a\n" * 100,
        "a = ['x']\n" + "a = [a, a]\n" * 200 + "if a == [a]\nendif",
        "a = 'x'\n" + "a = a + a\n" * 100,
        "foreach a : [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" * 9 + "endforeach\n" * 9,
        "subdir('.')\n" * 20,
        "'" + "\\" * 3_001,
        "'''" * 3_001,
    ],
    ids=range(16),
)
def test_hostile_files_cost_little_and_raise_nothing(text: str) -> None:
    for clue in inspect(make_sources({"pyproject.toml": MESONPY, "meson.build": text})):
        assert str(clue)


@pytest.mark.parametrize("text", ["x = ", "f(", "if x\n", "foreach : y\nendforeach", "x = {1}", "a b", "@"])
def test_broken_syntax_names_its_line(text: str) -> None:
    with pytest.raises(SyntaxProblemError) as caught:
        parse("\n" + text)
    assert caught.value.line >= 2


@pytest.mark.parametrize(
    ("version", "wanted", "holds"),
    [
        ("1.9.0", ">=1.9", True),
        ("1.9", "==1.9.0", True),
        ("1.10", "<1.9", False),
        ("2", "!=2", False),
        ("3", "3", True),
    ],
)
def test_versions(version: str, wanted: str, holds: bool) -> None:
    assert version_matches(version, wanted) is holds


WORDS = st.sampled_from(
    ["dependency('a')", "if", "x", ".found()", "\n", "endif", "else", "not", "and", "(", ")", "=", "+", "'a'", "[", "]",
     "foreach y : z", "endforeach", "{", "}", ":", ",", "get_option('x')", "import('python')", "1", "?", "#"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.lists(WORDS, max_size=60).map(" ".join), st.text(max_size=300)))
def test_nothing_raises(text: str) -> None:
    files = {
        "pyproject.toml": MESONPY,
        "meson.build": text,
        "meson.options": text,
        "subprojects/a.wrap": text,
    }
    for clue in inspect(make_sources(files)):
        assert str(clue)


def test_a_list_that_hangs_on_what_is_found() -> None:
    text = """cc = meson.get_compiler('c')
deps = [cc.find_library('one', required: false)]
if not deps[0].found()
  deps = [cc.find_library('two', required: false)]
endif
deps += [dependency('threads')]
if not deps[0].found()
  error('neither is there')
endif
"""
    assert asks(text) == {"library:one": "required | library:two"}


def test_a_project_of_cmake_inside() -> None:
    text = """cmake = import('cmake')
dep = dependency('count', required: false)
if not dep.found()
  dep = cmake.subproject('count').dependency('count-static')
endif
"""
    bundled = {"subprojects/count/CMakeLists.txt": ""}
    assert asks(text, others=bundled) == {
        "pkg-config:count": "fallback",
        "program:cmake": "optional",
        "program:pkg-config": "fallback",
    }
    assert asks("import('cmake').subproject('count')", others=bundled) == {"program:cmake": "required"}
    wrapped = {
        "subprojects/count.wrap": "[wrap-file]\nsource_url = https://code.test/c.tgz\ndirectory = c-1\n"
    }
    assert asks(text, others=wrapped)["network:code.test"] == "fallback | pkg-config:count"
