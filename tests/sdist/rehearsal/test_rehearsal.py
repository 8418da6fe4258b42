"""The rehearsal of a build: what it makes of classes, modules, errors and ways that cannot be told apart."""

from __future__ import annotations

import textwrap

import pytest

from planner.sdist.extensions import Built
from planner.sdist.rehearsal.built import built_by
from planner.sdist.rehearsal.commandline import Command, parse_shell, parse_words
from planner.sdist.rehearsal.compiling import Compiled
from planner.sdist.rehearsal.imagined import Machine, path_subject
from planner.sdist.rehearsal.rehearse import Outcome, Script, rehearse
from tests.sdist.conftest import LINUX_311, make_files

HEAD = "import os, sys\nfrom setuptools import setup, Extension\n"


def outcome(code: str, *missing: str, **members: str) -> Outcome:
    names = {f"{name}.py": text for name, text in members.items()}
    files = make_files({"setup.py": HEAD + textwrap.dedent(code), "demo.c": "", **names})
    script = Script(files=files, markers=LINUX_311, available=frozenset({"Cython"}), options={})
    return rehearse(script, Machine(frozenset(missing)))


def compiled(code: str, *missing: str, **members: str) -> list[Compiled]:
    found = outcome(code, *missing, **members)
    assert found.whole
    assert found.stop is None
    return list(found.compiled)


def built(code: str, **members: str) -> tuple[Built, ...]:
    files = make_files({"setup.py": HEAD + textwrap.dedent(code), "demo.c": "", **members})
    return built_by(files, LINUX_311, frozenset({"Cython"}))[0]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("class A:\n    x = ['demo.c']\nS = A().x", ("demo.c",)),
        ("class A:\n    def __init__(self, s):\n        self.s = s\nS = A(['demo.c']).s", ("demo.c",)),
        (("class A:\n    def s(self):\n        return ['demo.c']\nclass B(A):\n    def s(self):\n"
         "        return super().s() + ['b.c']\nS = B().s()"), ("demo.c", "b.c")),
        ("class A:\n    @staticmethod\n    def s():\n        return ['demo.c']\nS = A.s()", ("demo.c",)),
        ("class A:\n    @classmethod\n    def s(cls):\n        return [cls.__name__ + '.c']\nS = A.s()", ("A.c",)),
        ("class A:\n    @property\n    def s(self):\n        return ['demo.c']\nS = A().s", ("demo.c",)),
        ("class A:\n    def __iter__(self):\n        yield 'demo.c'\n        yield 'b.c'\nS = [x for x in A()]", ("demo.c", "b.c")),
        ("def s():\n    yield from ('demo.c', 'b.c')\nS = list(s())", ("demo.c", "b.c")),
        ("class A: pass\na = A()\nsetattr(a, 's', ['demo.c'])\nS = getattr(a, 's')", ("demo.c",)),
        ("class A: pass\nS = getattr(A(), 's', ['demo.c'])", ("demo.c",)),
        ("S = ['demo.c'] if isinstance('x', str) else []", ("demo.c",)),
        ("try:\n    os.environ['NO_SUCH']\n    S = []\nexcept KeyError:\n    S = ['demo.c']", ("demo.c",)),
        ("try:\n    sys.argv.remove('--x')\n    S = []\nexcept ValueError:\n    S = ['demo.c']", ("demo.c",)),
        ("class E(Exception): pass\ndef f():\n    raise E('x')\ntry:\n    f()\nexcept E:\n    S = ['demo.c']", ("demo.c",)),
        ("try:\n    try:\n        raise OSError\n    finally:\n        S = ['demo.c']\nexcept IOError:\n    pass", ("demo.c",)),
        ("from contextlib import suppress\nS = ['demo.c']\nwith suppress(ImportError):\n    import nothing\n    S = []",
         ("demo.c",)),
        ("import functools\nS = functools.partial(lambda a, b: [a + b], 'demo')('.c')", ("demo.c",)),
        ("import glob\nS = glob.glob('*.c')", ("demo.c",)),
        ("from pathlib import Path\nS = [str(p) for p in Path('.').glob('*.c')]", ("demo.c",)),
        ("S = [f for d, _, fs in os.walk('.') for f in fs if os.path.splitext(f)[1] == '.c']", ("demo.c",)),
        ("from helper import S", ("demo.c",)),
        ("import pkg.inner\nS = pkg.inner.S", ("inner.c",)),
        ("from helper import *", ("demo.c",)),
        ("import importlib\nS = importlib.import_module('helper').S", ("demo.c",)),
        ("def f():\n    global S\n    S = ['demo.c']\nf()", ("demo.c",)),
    ],
)  # fmt: skip
def test_values_reach_the_extension(code: str, wanted: tuple[str, ...]) -> None:
    made = compiled(
        code + "\nsetup(ext_modules=[Extension('a', S)])",
        helper="S = ['demo.c']\n",
        **{"pkg/__init__": "", "pkg/inner": "S = ['inner.c']\n"},
    )
    assert [(one.sources, one.certain) for one in made] == [(wanted, True)]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("m = [Extension('a', ['a.c'])]\nif unknown():\n    m.append(Extension('b', ['b.c']))", [("a", True), ("b", False)]),
        ("m = []\nif unknown():\n    m = [Extension('a', ['a.c'])]", [("a", False)]),
        ("m = []\nn = m\nif unknown():\n    m.append(Extension('a', ['a.c']))\nelse:\n    n.append(Extension('b', ['b.c']))",
         [("a", False), ("b", False)]),
        ("m = [Extension('a', ['a.c'])]\nif unknown():\n    raise SystemExit(1)", [("a", True)]),
        ("m = []\nfor x in unknown():\n    m.append(Extension('a', ['a.c']))", [("a", False)]),
        ("m = []\nif unknown():\n    m.append(Extension('a', ['a.c']))\nfor e in m:\n    e.language = 'c'", [("a", False)]),
        ("m = []\nfor n in ('a', 'b'):\n    if n == 'b':\n        break\n    m.append(Extension(n, [n + '.c']))\nelse:\n    m = []",
         [("a", True)]),
    ],
)  # fmt: skip
def test_ways_that_cannot_be_told_apart(code: str, wanted: list[tuple[str, bool]]) -> None:
    made = compiled(code + "\nsetup(ext_modules=m)")
    assert sorted((one.name, one.certain) for one in made) == wanted


def test_what_is_missing_stops_it_there() -> None:
    code = "setup(ext_modules=[Extension('a', ['demo.c'], libraries=['z'])])"
    assert outcome(code).stop is None
    for subject in ("dep:virtual/compiler/c", "header:Python.h", "library:z"):
        found = outcome(code, subject)
        assert found.stop is not None
        assert found.stop.where == "setup.py:3"


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        ("def run(self):\n        self.spawn(['x'])", "program:x"),
        ("def initialize_options(self):\n        super().initialize_options()\n        os.system('x')", "program:x"),
        ("def finalize_options(self):\n        build_ext.finalize_options(self)\n        os.system('x')", "program:x"),
        ("def build_extensions(self):\n        os.system('x')\n        super().build_extensions()", "program:x"),
        ("def build_extension(self, ext):\n        ext.libraries.append('z')\n        super().build_extension(ext)", "library:z"),
        ("def build_extension(self, ext):\n        self.compiler.compile(ext.sources)", "dep:virtual/compiler/c"),
        ("def run(self):\n        if self.compiler is None and self.inplace == 0:\n            os.system('x')", "program:x"),
    ],
)  # fmt: skip
def test_methods_of_commands_are_followed(method: str, asked: str) -> None:
    code = (
        "from setuptools.command.build_ext import build_ext\nclass B(build_ext):\n    "
        f"{method}\nsetup(cmdclass={{'build_ext': B}}, ext_modules=[Extension('a', ['demo.c'])])"
    )
    found = outcome(code)
    assert found.stop is None
    assert found.asked[asked].certain


def test_own_libraries_are_not_asked_for() -> None:
    code = "setup(libraries=[('own', {'sources': ['own.c']})], ext_modules=[Extension('a', ['demo.c'], libraries=['own'])])"
    assert "library:own" not in outcome(code).asked


def test_the_same_question_again_and_again_is_given_up() -> None:
    code = "for i in range(900):\n    if unknown(i):\n        x = [i]\nsetup(ext_modules=[Extension('a', ['demo.c'])])"
    assert [one.certain for one in compiled(code)] == [True]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("pg_config --libs", [Command(program="pg_config")]),
        ("CC=gcc make -C lib", [Command(program="make")]),
        ("cd lib && ./configure > out.txt 2>&1", [Command(program="cd"), Command(script="configure")]),
        ("sh ./build.sh x", [Command(script="./build.sh")]),
        ("bash -c 'make all'", [Command(program="make")]),
        ("(cd a; make) | tee log", [Command(program="cd"), Command(program="make"), Command(program="tee")]),
        ("git clone https://git.example/x", [Command(program="git", host="git.example")]),
        ("python3 gen.py", [Command(script="gen.py")]),
        ("/usr/bin/swig -python", [Command(program="swig")]),
        ("", []),
        ("'", [Command(program="'")]),
    ],
)
def test_lines_for_the_shell(line: str, wanted: list[Command]) -> None:
    assert parse_shell(line) == wanted


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        (["pkg-config", "--libs", "foo"], {"foo": ""}),
        (["pkg-config", "foo >= 1.2, bar"], {"foo": ">=1.2", "bar": ""}),
        (["pkg-config", "--atleast-version=3", "foo"], {"foo": ">=3"}),
        (["pkg-config", "--exists", "foo = 2"], {"foo": "==2"}),
        (["pkg-config", "--version"], {}),
    ],
)
def test_queries_of_pkg_config(words: list[str | None], modules: dict[str, str]) -> None:
    (command,) = parse_words(words)
    assert {name: str(wanted) for name, wanted in command.modules} == modules
    assert command.complete


def test_words_that_are_not_known() -> None:
    assert parse_words([None, "--libs"]) == [Command(complete=False)]
    assert not parse_words(["pkg-config", "--libs", None])[0].complete


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/usr/include", True),
        ("/usr/lib/x86_64-linux-gnu", True),
        ("/opt/homebrew/lib", False),
        ("/usr/lib/arm-linux-gnueabihf/libx.so", False),
        ("/usr/include/python3.11/zlib.h", False),
        ("/usr/include/zlib.h", True),
        ("/usr/bin/dot", True),
        ("/etc/odd", None),
    ],
)
def test_paths_of_the_imagined_machine(path: str, there: bool | None) -> None:
    assert Machine().path(path) is there


def test_a_path_stands_for_what_is_taken_away() -> None:
    assert Machine(frozenset({"header:zlib.h"})).path("/usr/include/zlib.h") is False
    assert path_subject("/usr/lib/pkgconfig/zlib.pc") == "pkg-config:zlib"


def test_programs_that_a_build_requirement_brings_are_not_asked_for() -> None:
    machine = Machine(frozenset({"program:swig"}), brought=frozenset({"swig"}))
    assert machine.program("swig")
    assert not machine.program("brew")
    assert machine.program("x86_64-linux-gnu-gcc-12")
    assert list(machine.asked) == ["dep:virtual/compiler/c"]


def test_built_extensions() -> None:
    code = """
        e = Extension('demo', ['demo.c'], include_dirs=['inc', '/usr/include/x'], libraries=['z', 'm'], language='c++')
        setup(ext_modules=[e])
    """
    assert built(code) == (
        Built(
            kind="Extension", line=4, name="demo", sources=("demo.c",), libraries=("z",), include_dirs=("inc",),
            language="c++",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("setup(ext_modules=[Extension('a', ['demo.c'], optional=True)])", [("a", True, True)]),
        ("try:\n    setup(ext_modules=[Extension('a', ['demo.c'])])\nexcept Exception:\n    setup()", [("a", True, True)]),
        ("if unknown():\n    setup(ext_modules=[Extension('a', ['demo.c'])])", [("a", False, False)]),
        ("unused = Extension('a', ['demo.c'])\nsetup()", [("a", False, False)]),
        ("from Cython.Build import cythonize\nsetup(ext_modules=cythonize('*.pyx'))",
         [("x.pyx", False, True), ("y.pyx", False, True)]),
        ("from Cython.Build import cythonize\nsetup(ext_modules=cythonize([Extension('*', ['*.pyx'])]))",
         [("x.pyx", False, True), ("y.pyx", False, True)]),
        ("print('nothing')", []),
    ],
)  # fmt: skip
def test_what_is_built_and_how_surely(code: str, wanted: list[tuple[str, bool, bool]]) -> None:
    found = built(code, **{"x.pyx": "", "y.pyx": ""})
    assert [(one.name, one.optional, one.certain) for one in found] == wanted


def test_cython_sources_tell_their_libraries() -> None:
    code = "from Cython.Build import cythonize\nsetup(ext_modules=cythonize('*.pyx'))"
    text = "# distutils: language = c++\n# distutils: libraries = z ssl\n"
    files = make_files({"setup.py": HEAD + code, "x.pyx": text})
    script = Script(files=files, markers=LINUX_311, available=frozenset({"Cython"}), options={})
    asked = rehearse(script, Machine()).asked
    assert {"dep:virtual/compiler/cxx", "library:z", "library:ssl"} <= set(asked)


FOUND = """
class Found(Exception):
    pass

folder = None
try:
    for place in ('/usr/include', '/opt/include'):
        if os.path.exists(place + '/db.h'):
            text = open(place + '/db.h').read()
            if 'VERSION' in text:
                raise Found
except Found:
    folder = text
if not folder:
    sys.exit(1)
setup(ext_modules=[Extension('demo', ['demo.c'])])
"""


def test_an_error_of_the_files_own_leads_to_its_handler() -> None:
    assert [one.name for one in compiled(FOUND)] == ["demo"]
    assert outcome(FOUND, "header:db.h").stop is not None


@pytest.mark.parametrize(
    "loading",
    [
        (
            "import importlib.util\nspec = importlib.util.spec_from_file_location('situation', 'src/a.py')\n"
            "situation = importlib.util.module_from_spec(spec)\nsys.modules['situation'] = situation\n"
            "spec.loader.exec_module(situation)\nimport situation\nsources = situation.SOURCES"
        ),
        "import imp\nsituation = imp.load_source('situation', './src/a.py')\nsources = situation.SOURCES",
        "import runpy\nsources = runpy.run_path('src/a.py')['SOURCES']",
        "names = {}\nexec(open('src/a.py').read(), names)\nsources = names['SOURCES']",
        "exec(open('src/a.py').read())\nsources = SOURCES",
    ],
)
def test_files_that_are_loaded_by_their_path(loading: str) -> None:
    code = f"{loading}\nsetup(ext_modules=[Extension('demo', sources)])"
    assert [one.sources for one in compiled(code, **{"src/a": "SOURCES = ['demo.c']\n"})] == [("demo.c",)]


def test_what_the_c_library_has_needs_no_extension() -> None:
    code = """
import ctypes, ctypes.util
libc = ctypes.CDLL(ctypes.util.find_library('c'))
modules = []
if not hasattr(libc, 'inotify_init'):
    modules.append(Extension('demo', ['demo.c']))
setup(ext_modules=modules)
"""
    assert compiled(code) == []


def test_what_a_build_installs_may_be_found_in_a_folder_that_the_sdist_lacks() -> None:
    code = """
import subprocess, pathlib
subprocess.call(['cmake', '--install', '.'])
for found in pathlib.Path('vendor/install').rglob('demo.pc'):
    break
else:
    raise RuntimeError('nothing was installed')
setup(ext_modules=[Extension('demo', ['demo.c'])])
"""
    assert [one.name for one in compiled(code)] == ["demo"]


def test_macros_that_setup_cfg_sets() -> None:
    code = """
from configparser import ConfigParser
class Options:
    libs = ['ldap']
    defines = []
cfg = ConfigParser()
cfg.read('setup.cfg')
for name in dir(Options):
    if cfg.has_option('_ldap', name):
        setattr(Options, name, cfg.get('_ldap', name).split())
macros = [(one, None) for one in Options.defines]
setup(ext_modules=[Extension('demo', ['demo.c'], define_macros=macros, extra_compile_args=['-DWITH_B=1'])])
"""
    (made,) = built(code, **{"setup.cfg": "[_ldap]\ndefines = HAVE_SASL HAVE_TLS\n"})
    assert made.macros == ("HAVE_SASL", "HAVE_TLS", "WITH_B")


@pytest.mark.parametrize(
    ("code", "nothing"),
    [
        ("setup(ext_modules=[])", True),
        ("setup(ext_modules=[Extension('demo', ['demo.c'])])", False),
        ("setup(ext_modules=unknown())", False),
        ("import subprocess\nsubprocess.call(['make'])\nsetup()", False),
        ("print('no setup')", False),
    ],
)
def test_whether_nothing_at_all_is_compiled(code: str, nothing: bool) -> None:
    files = make_files({"setup.py": HEAD + code, "demo.c": ""})
    assert built_by(files, LINUX_311, frozenset())[1] is nothing


@pytest.mark.parametrize(
    "command",
    ["'readlink -f `which javac` | sed s:bin/javac::', shell=True", "'echo $(which javac)', shell=True",
     "['which', 'javac']"],
)  # fmt: skip
def test_what_which_finds_is_nothing_where_the_program_is_missing(command: str) -> None:
    code = f"""
import subprocess
home = subprocess.Popen({command}, stdout=subprocess.PIPE).communicate()[0].strip().decode()
if not home:
    raise Exception('Unable to determine JDK_HOME')
setup(ext_modules=[Extension('demo', ['demo.c'])])
"""
    assert [one.name for one in compiled(code)] == ["demo"]
    assert outcome(code, "program:javac").stop is not None
