"""What setup.py asks for: each rule on a small file of its own, and files that must never defeat it."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.needs import Need
from planner.sdist.inspectors.setup_script import (
    COPY_BUILT,
    EXTENSION_LEFT_OUT,
    FEATURE_LEFT_OUT,
    PART_LEFT_OUT,
    inspect,
)
from tests.sdist.inspectors.asking import doubts, make_sources, needs, told

C, CXX = "dep:virtual/compiler/c", "dep:virtual/compiler/cxx"
PYTHON = "header:Python.h"
HEAD = "import os, sys, subprocess, shutil\nfrom setuptools import setup, Extension\n"
BUILT = "setup(name='demo', ext_modules=[Extension('demo', ['demo.c'], libraries=LIBS)])\n"


def project(code: str, **members: str) -> dict[str, str | bytes]:
    names = {name.replace("__", "/").replace("_dot_", "."): text for name, text in members.items()}
    return {"setup.py": HEAD + textwrap.dedent(code), "demo.c": "", **names}


def asks(code: str, *, requires: str = "", **members: str) -> dict[str, str]:
    """What a file asks for, beyond a C compiler and Python's headers, which it must ask for."""
    files = project(code, **members)
    if requires:
        files["pyproject.toml"] = f"[build-system]\nrequires = {requires}\n"
    found = told(inspect, files)
    assert found.pop(C, None) == "required"
    assert found.pop(PYTHON, None) == "required"
    return found


def effects(code: str, **members: str) -> dict[str, str]:
    return {subject: need.effect for subject, need in needs(inspect, project(code, **members)).items()}


@pytest.mark.parametrize(
    ("sources", "more", "wanted"),
    [
        ("'a.c'", "", {C, PYTHON}),
        ("'a.pyx'", "", {C, PYTHON}),
        ("'a.cpp'", "", {CXX, PYTHON}),
        ("'a.c', 'b.cc'", "", {C, CXX, PYTHON}),
        ("'a.pyx'", ", language='c++'", {CXX, PYTHON}),
        ("'a.c'", ", extra_compile_args=['-std=c++17']", {CXX, PYTHON}),
        ("'a.i'", "", {"program:swig", C, PYTHON}),
        ("'a.f90', 'b.c'", "", {"dep:virtual/compiler/fortran", C, PYTHON}),
        ("'a.cu', 'b.cpp'", "", {"dep:virtual/compiler/cuda", CXX, PYTHON}),
    ],
)
def test_compilers_follow_the_sources(sources: str, more: str, wanted: set[str]) -> None:
    found = told(inspect, project(f"setup(ext_modules=[Extension('a', [{sources}]{more})])"))
    assert found == dict.fromkeys(wanted, "required")


@pytest.mark.parametrize(
    ("maker", "wanted"),
    [
        ("from setuptools_rust import RustExtension as E\nsetup(rust_extensions=[E('a')])", {"dep:virtual/compiler/rust"}),
        ("from pybind11.setup_helpers import Pybind11Extension as E\nsetup(ext_modules=[E('a', ['a.cpp'])])", {CXX, PYTHON}),
        ("from Cython.Build import cythonize\nsetup(ext_modules=cythonize('pkg/*.pyx'))", {C, PYTHON}),
        ("from torch.utils.cpp_extension import CUDAExtension as E\nsetup(ext_modules=[E('a', ['a.cu'])])",
         {"dep:virtual/compiler/cuda", CXX, PYTHON}),
        ("from mypyc.build import mypycify\nsetup(ext_modules=mypycify(['a.py']))", {C, PYTHON}),
        (("class CMakeExtension(Extension):\n    def __init__(self, name):\n        super().__init__(name, sources=[])\n"
         "from setuptools.command.build_ext import build_ext\n"
         "class Build(build_ext):\n    def build_extension(self, ext):\n        subprocess.check_call(['cmake', '.'])\n"
         "setup(ext_modules=[CMakeExtension('a')], cmdclass={'build_ext': Build})"), {"program:cmake"}),
    ],
)  # fmt: skip
def test_kinds_of_extensions(maker: str, wanted: set[str]) -> None:
    brought = "['setuptools_rust', 'pybind11', 'cython', 'torch', 'mypyc']"
    files = {**project(maker), "pkg/a.pyx": "", "pyproject.toml": f"[build-system]\nrequires = {brought}\n"}
    assert told(inspect, files) == dict.fromkeys(wanted, "required")


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("LIBS = ['pq']\n" + BUILT, {"library:pq": "required"}),
        ("LIBS = ['m', 'pthread', 'dl']\n" + BUILT, {}),
        ("LIBS = []\nif sys.platform == 'win32':\n    LIBS.append('ws2_32')\nelse:\n    LIBS.append('ev')\n" + BUILT,
         {"library:ev": "required"}),
        ("e = Extension('demo', ['demo.c'])\ne.libraries.append('z')\ne.extra_link_args = ['-lssl', '-s']\nsetup(ext_modules=[e])",
         {"library:z": "required", "library:ssl": "required"}),
        (("LIBS = ['own', 'z']\nsetup(libraries=[('own', {'sources': ['own.c']})],\n"
         "ext_modules=[Extension('demo', ['demo.c'], libraries=LIBS)])"), {"library:z": "required"}),
        ("LIBS = ['a']\nif os.environ.get('WITH_B'):\n    LIBS.append('b')\n" + BUILT, {"library:a": "required"}),
        ("options = dict(libraries=['a'])\nsetup(ext_modules=[Extension('demo', ['demo.c'], **options)])",
         {"library:a": "required"}),
        (("from setuptools.command.build_ext import build_ext\nclass B(build_ext):\n"
         "    def finalize_options(self):\n        super().finalize_options()\n        self.libraries.append('pq')\n"
         "LIBS = []\nsetup(cmdclass={'build_ext': B}, ext_modules=[Extension('demo', ['demo.c'])])"),
         {"library:pq": "required"}),
    ],
)  # fmt: skip
def test_libraries_that_are_linked(code: str, wanted: dict[str, str]) -> None:
    assert asks(code) == wanted


def test_setup_cfg_adds_libraries() -> None:
    code = "setup(ext_modules=[Extension('demo', ['demo.c'])])"
    assert asks(code, setup_dot_cfg="[build_ext]\nlibraries = ldap lber\n") == {
        "library:ldap": "required",
        "library:lber": "required",
    }


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("LIBS = subprocess.check_output(['pg_config', '--libs']).split()\n" + BUILT, {"program:pg_config": "required"}),
        ("LIBS = []\nsubprocess.run('mysql_config --libs', shell=True, check=True)\n" + BUILT,
         {"program:mysql_config": "required"}),
        ("LIBS = []\nif shutil.which('dot') is None:\n    sys.exit('no dot')\n" + BUILT, {"program:dot": "required"}),
        ("LIBS = []\nfrom distutils.spawn import find_executable\nif not find_executable('dot'):\n    raise OSError\n" + BUILT,
         {"program:dot": "required"}),
        ("LIBS = []\ntry:\n    v = subprocess.check_output(['git', 'describe'])\nexcept Exception:\n    v = 0\n" + BUILT, {}),
        ("LIBS = []\nfor d in os.environ['PATH'].split(os.pathsep):\n    if os.path.isfile(os.path.join(d, 'x-config')):\n"
         "        break\nelse:\n    raise Exception('no x-config')\n" + BUILT, {"program:x-config": "required"}),
        ("LIBS = []\nif os.system('make -C lib') != 0:\n    raise SystemExit(1)\n" + BUILT, {"program:make": "required"}),
        ("LIBS = []\nsubprocess.check_call(['./configure', '--with-pic'], cwd='lib')\n" + BUILT,
         {"program:make": "required"}),
        ("LIBS = []\nsubprocess.check_call('cd lib && sh ./configure && make', shell=True)\n" + BUILT,
         {"program:make": "required"}),
        ("LIBS = []\nsubprocess.check_call([sys.executable, 'gen.py'])\nsubprocess.call(['uname', '-a'])\n" + BUILT, {}),
        (("LIBS = []\nflags = subprocess.getoutput('krb5-config --libs gssapi').split()\n"
         "setup(ext_modules=[Extension('demo', ['demo.c'], extra_link_args=flags)])"), {"program:krb5-config": "required"}),
    ],
)  # fmt: skip
def test_programs(code: str, wanted: dict[str, str]) -> None:
    assert asks(code) == wanted


PKG = {"program:pkg-config": "required"}


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("LIBS = []\nsubprocess.check_output(['pkg-config', '--cflags', 'libfoo'])\n" + BUILT,
         {**PKG, "pkg-config:libfoo": "required"}),
        ("def flags(name):\n    return subprocess.check_output('pkg-config --libs %s' % name, shell=True)\n"
         "LIBS = flags('libfoo').split()\n" + BUILT, {**PKG, "pkg-config:libfoo": "required"}),
        ("LIBS = []\nsubprocess.check_call(['pkg-config', 'libfoo >= 1.2'])\n" + BUILT,
         {**PKG, "pkg-config:libfoo >=1.2": "required"}),
        ("LIBS = []\nsubprocess.check_call(['pkg-config', '--atleast-version', '2.8', 'fuse'])\n" + BUILT,
         {**PKG, "pkg-config:fuse >=2.8": "required"}),
        ("import pkgconfig\nLIBS = pkgconfig.parse('libfoo')['libraries']\n" + BUILT,
         {**PKG, "pkg-config:libfoo": "required"}),
        ("import pkgconfig\nLIBS = []\nif not pkgconfig.installed('libfoo', '>= 3'):\n    raise SystemExit(1)\n" + BUILT,
         {**PKG, "pkg-config:libfoo >=3": "required"}),
        ("LIBS = []\nfor name in ('mysqlclient', 'mariadb', 'libmariadb'):\n    try:\n"
         "        subprocess.check_call(f'pkg-config --exists {name}', shell=True)\n"
         "    except subprocess.CalledProcessError:\n        pass\n    else:\n        break\nelse:\n    raise Exception('none')\n"
         + BUILT, {**PKG, "pkg-config:mysqlclient": "required | pkg-config:mariadb | pkg-config:libmariadb"}),
    ],
)  # fmt: skip
def test_pkg_config(code: str, wanted: dict[str, str]) -> None:
    assert asks(code, requires="['setuptools', 'pkgconfig']") == wanted


def test_a_version_that_is_compared_is_a_floor() -> None:
    code = """
        MIN = (9, 4, 0)
        out = subprocess.check_output(['proj'], stderr=subprocess.STDOUT).decode()
        import re
        found = re.compile('Rel. (.*)').search(out)
        if not found:
            raise SystemExit('no version')
        version = tuple(int(part) for part in found.group(1).split('.'))
        if version < MIN:
            raise SystemExit('too old')
        LIBS = ['proj']
    """
    found = asks(textwrap.dedent(code) + BUILT)
    assert found == {"program:proj >=9.4.0": "required", "library:proj": "required"}


def test_a_version_that_only_switches_something_is_no_floor() -> None:
    code = "out = subprocess.check_output(['proj'])\nLIBS = ['a' if out > '9.4' else 'b']\n" + BUILT
    assert "program:proj" in asks(code)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("from setuptools import setup, Extension\nsetup(ext_modules=[Extension('a', ['demo.c'], optional=True)])",
         EXTENSION_LEFT_OUT),
        (("from distutils.errors import CCompilerError\n"
         "def run(modules):\n    setup(ext_modules=modules)\n"
         "try:\n    run([Extension('a', ['demo.c'])])\nexcept (CCompilerError, ValueError):\n    run([])"), EXTENSION_LEFT_OUT),
        (("from distutils.errors import CompileError, CCompilerError, DistutilsExecError\n"
         "from setuptools.command.build_ext import build_ext\nclass BuildFailed(Exception):\n    pass\n"
         "class B(build_ext):\n    def build_extension(self, ext):\n        try:\n            build_ext.build_extension(self, ext)\n"
         "        except (CCompilerError, DistutilsExecError):\n            raise BuildFailed()\n"
         "def run(with_it):\n    kw = {'ext_modules': [Extension('a', ['demo.c'])]} if with_it else {}\n"
         "    setup(cmdclass={'build_ext': B}, **kw)\n"
         "try:\n    run(True)\nexcept BuildFailed:\n    run(False)"), EXTENSION_LEFT_OUT),
        (("from setuptools.command.build_ext import build_ext\nclass B(build_ext):\n    def run(self):\n        try:\n"
         "            super().run()\n        except Exception as e:\n            print(e)\n"
         "setup(cmdclass={'build_ext': B}, ext_modules=[Extension('a', ['demo.c'])])"), EXTENSION_LEFT_OUT),
    ],
)  # fmt: skip
def test_extensions_that_may_fail(code: str, wanted: str) -> None:
    assert effects(code) == {C: wanted, PYTHON: wanted}


def test_a_failure_that_is_raised_again_is_no_excuse() -> None:
    code = """
        from distutils.errors import CompileError
        from setuptools.command.build_ext import build_ext
        class B(build_ext):
            def run(self):
                try:
                    build_ext.run(self)
                except CompileError:
                    print('is there a compiler?')
                    raise
        setup(cmdclass={'build_ext': B}, ext_modules=[Extension('a', ['demo.c'])])
    """
    assert asks(code) == {}


def test_one_of_two_extensions_is_optional() -> None:
    code = """
        setup(ext_modules=[Extension('a', ['demo.c']),
                           Extension('b', ['b.c'], libraries=['ev'], optional=True)])
    """
    found = needs(inspect, project(code))
    assert (found[C].strength, found["library:ev"].strength) == ("required", "optional")
    assert found["library:ev"].effect == PART_LEFT_OUT


@pytest.mark.parametrize(
    "found_by",
    [
        "os.system('pkg-config --exists libfoo') == 0",
        "os.path.exists('/usr/include/foo.h')",
        "ctypes.util.find_library('foo')",
        "shutil.which('foo-config')",
        "cc.has_function('foo', libraries=['foo'])",
        "cc.find_library_file(['/usr/lib'], 'foo')",
    ],
)
def test_a_library_that_is_used_where_it_is_found(found_by: str) -> None:
    code = f"""
        import ctypes.util
        from distutils.ccompiler import new_compiler
        cc = new_compiler()
        LIBS = []
        macros = []
        if {found_by}:
            LIBS.append('foo')
            macros.append(('HAVE_FOO', None))
        setup(ext_modules=[Extension('demo', ['demo.c'], libraries=LIBS, define_macros=macros)])
    """
    found = needs(inspect, project(code))
    assert found.pop(C).strength == found.pop(PYTHON).strength == "required"
    assert found
    assert {(need.strength, need.effect) for need in found.values()} == {("optional", FEATURE_LEFT_OUT)}


@pytest.mark.parametrize(
    "found_by", ["os.path.exists('/usr/include/foo.h')", "cc.find_library_file(['/usr/lib'], 'foo')"]
)
def test_a_library_whose_lack_is_an_error(found_by: str) -> None:
    code = f"""
        from distutils.ccompiler import new_compiler
        cc = new_compiler()
        if not {found_by}:
            raise Exception('foo is required')
        LIBS = ['foo']
    """
    found = asks(textwrap.dedent(code) + BUILT)
    assert found["library:foo"] == "required"
    assert set(found.values()) == {"required"}


def test_any_one_of_several_headers() -> None:
    code = """
        found = [h for h in ('/usr/include/a.h', '/usr/include/b/a.h') if os.path.isfile(h)]
        if not found:
            sys.exit('no header')
        LIBS = []
    """
    found = asks(textwrap.dedent(code) + BUILT)
    assert found == {"header:b/a.h": "required | header:a.h"}


def test_a_bundled_copy_stands_in() -> None:
    code = """
        sources, LIBS = ['demo.c'], []
        if os.system('pkg-config --exists lz4') == 0:
            LIBS.append('lz4')
        else:
            sources.append('lz4/lz4.c')
        setup(ext_modules=[Extension('demo', sources, libraries=LIBS)])
    """
    found = needs(inspect, project(code, lz4__lz4_dot_c=""))
    assert {name: need.strength for name, need in found.items() if name not in (C, PYTHON)} == {
        "program:pkg-config": "fallback",
        "pkg-config:lz4": "fallback",
        "library:lz4": "fallback",
    }
    assert found["pkg-config:lz4"].effect == COPY_BUILT


def test_a_switch_that_is_unset_asks_for_nothing() -> None:
    code = """
        if os.environ.get('USE_SYSTEM_FOO'):
            LIBS = ['foo']
        else:
            LIBS = []
        if '--with-bar' in sys.argv:
            LIBS.append('bar')
    """
    assert asks(textwrap.dedent(code) + BUILT) == {}


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("import numpy\nLIBS = []\n" + BUILT, {"dist:numpy": "required"}),
        ("import wheel, pkg_resources, distutils.core\nLIBS = []\n" + BUILT, {}),
        ("from helper import LIBS\n" + BUILT, {"library:own": "required"}),
        ("try:\n    import numpy\nexcept ImportError:\n    numpy = None\nLIBS = []\n" + BUILT, {}),
        ("try:\n    import numpy\nexcept ImportError:\n    raise SystemExit('no numpy')\nLIBS = []\n" + BUILT,
         {"dist:numpy": "required"}),
        ("import Cython\nLIBS = []\n" + BUILT, {}),
        ("def later():\n    import numpy\nLIBS = []\n" + BUILT, {}),
    ],
)  # fmt: skip
def test_imports_that_nothing_brings(code: str, wanted: dict[str, str]) -> None:
    assert asks(code, requires="['setuptools', 'cython']", helper_dot_py="LIBS = ['own']\n") == wanted


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("from urllib.request import urlretrieve\nurlretrieve('https://files.example/a.tgz', 'a')\nLIBS = []\n" + BUILT,
         {"network:files.example": "required"}),
        ("subprocess.check_call(['git', 'clone', 'https://git.example/a'])\nLIBS = []\n" + BUILT,
         {"network:git.example": "required"}),
        ("subprocess.check_call(['conan', 'install', '.'])\nLIBS = []\n" + BUILT,
         {"program:conan": "required", "network:what conan fetches": "required"}),
    ],
)  # fmt: skip
def test_downloads(code: str, wanted: dict[str, str]) -> None:
    assert asks(code) == wanted


CFFI = """
    from cffi import FFI
    LIBS = ['sodium']
    ffi = FFI()
    ffi.cdef('int f(void);')
    ffi.set_source('demo._x', '#include <sodium.h>', libraries=LIBS)
"""


def test_cffi_modules_are_followed() -> None:
    code = "setup(cffi_modules=['build_it.py:ffi'], setup_requires=['cffi'])"
    found = asks(code, requires="['setuptools', 'cffi']", build_it_dot_py=textwrap.dedent(CFFI))
    assert found == {"library:sodium": "required"}


def test_modules_of_its_own_are_followed() -> None:
    helper = (
        "import subprocess\ndef libs():\n    return subprocess.check_output(['x-config', '--libs']).split()\n"
    )
    code = "sys.path.insert(0, 'conf')\nimport detect\nLIBS = detect.libs()\n" + BUILT
    found = needs(inspect, project(code, conf__detect_dot_py=helper))
    assert found["program:x-config"].because[0].where == "conf/detect.py:3"
    assert found["program:x-config"].strength == "required"


def test_evidence_names_the_line() -> None:
    found = needs(inspect, project("LIBS = ['pq']\n" + BUILT))
    assert [str(one) for one in found["library:pq"].because] == ["setup.py:4 (links pq)"]
    assert (found["library:pq"].role, found[C].role, found[PYTHON].role) == ("host", "build", "host")


def test_extensions_of_pyproject_need_no_setup_py() -> None:
    toml = """
        [[tool.setuptools.ext-modules]]
        name = "demo"
        sources = ["demo.c"]
        libraries = ["z"]
    """
    files = {"pyproject.toml": textwrap.dedent(toml), "demo.c": ""}
    assert told(inspect, files) == {C: "required", PYTHON: "required", "library:z": "required"}


@pytest.mark.parametrize("backend", ["mesonpy", "maturin", "scikit_build_core.build", "hatchling.build"])
def test_other_backends_do_not_run_setup_py(backend: str) -> None:
    files = project("LIBS = ['z']\n" + BUILT)
    files["pyproject.toml"] = f"[build-system]\nrequires = []\nbuild-backend = '{backend}'\n"
    assert told(inspect, files) == {}


def test_what_is_computed_is_a_doubt() -> None:
    code = "import json\nLIBS = json.load(open('/etc/libs'))\n" + BUILT
    assert any("which libraries it links is computed" in doubt for doubt in doubts(inspect, project(code)))


def test_commands_of_its_own_are_run() -> None:
    code = """
        from setuptools import Command
        from distutils.command.build import build
        class Generate(Command):
            def run(self):
                subprocess.check_call(['bison', 'x.y'])
        build.sub_commands.append(('generate', None))
        setup(cmdclass={'generate': Generate}, ext_modules=[Extension('demo', ['demo.c'])])
    """
    assert asks(code) == {"program:bison": "required"}


@pytest.mark.parametrize(
    "code",
    [
        "x = x",
        "def f(): return f()\nf()",
        "class A(A): pass\nA().a.b()",
        "class A:\n    def __init__(self):\n        self.a = A()\nA()",
        "class A:\n    def __iter__(self):\n        yield from self\nfor x in A(): pass",
        "a = []\na.append(a)\nfor x in a:\n    a.append(x)\nif unknown(a): a = [a]\n",
        "while True:\n    setup(ext_modules=unknown())",
        "import setup",
        "from . import x\nfrom .. import *",
        "try:\n    raise\nfinally:\n    raise",
        "sys.argv = None\nos.environ = 3\nos.environ['x']",
        "subprocess.run([])\nsubprocess.run('')\nsubprocess.run(None, shell=True)\nos.system('\"')",
        "setup(cmdclass={'build_ext': lambda: 1}, ext_modules=3)",
        "setup(ext_modules=[Extension()], libraries=3, cffi_modules=[3, 'x', 'y:z'])",
        "open(open)\nsuper().x\nsuper(1, 2).y\ngetattr(1)\nisinstance(1)",
        "for x in [y for y in unknown]:\n    with x as z, x:\n        continue\n",
        "Extension('a', ['*' * 300])\nimport glob\nglob.glob('*' * 300)\nglob.glob('[')",
        "x = lambda *a, **k: setup(*a, **k)\nx(**{'ext_modules': [Extension('a', ['demo.c'])]})",
    ],
)
def test_odd_files_do_not_defeat_it(code: str) -> None:
    list(inspect(make_sources(project(code))))


WORDS = st.sampled_from(
    [
        "if unknown:",
        "else:",
        "try:",
        "except OSError:",
        "raise ValueError",
        "setup(ext_modules=E)",
        "E = []",
        "pass",
        "E.append(Extension('a', ['demo.c'], libraries=L))",
        "L = ['z']",
        "L += ['q']",
        "subprocess.call(['x'])",
        "for i in L:",
        "while L:",
        "def f():",
        "f()",
        "return L",
        "class A:",
        "A()",
        "yield 1",
        "import numpy",
        "break",
        "with open('x') as f:",
        "del L",
        "global L",
        "L = subprocess.check_output('x-config', shell=True)",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), WORDS), max_size=24))
def test_it_never_raises(lines: list[tuple[int, str]]) -> None:
    code = "\n".join("    " * depth + line for depth, line in lines)
    for clue in inspect(make_sources(project("E = []\nL = []\n" + code))):
        assert not isinstance(clue, Need) or clue.because


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_do_not_defeat_it(data: bytes) -> None:
    list(inspect(make_sources({"setup.py": b"from setuptools import setup\n" + data, "demo.c": b""})))


def test_a_program_that_is_run_outside_any_shell_must_be_there() -> None:
    code = """
        LIBS = []
        if subprocess.call(['pkg-config', '--exists', 'libfoo']) == 0:
            LIBS = ['foo']
    """
    found = asks(textwrap.dedent(code) + BUILT)
    assert found == {**PKG, "pkg-config:libfoo": "optional", "library:foo": "optional"}


@pytest.mark.parametrize(
    "code",
    [
        "from setuptools import Extension\ndef build(kw):\n    kw['ext_modules'] = [Extension('a', ['a.c'], libraries=['z'])]",
        "from setuptools import Extension, setup\nsetup(ext_modules=[Extension('a', ['a.c'], libraries=['z'])])",
    ],
)
def test_a_build_script_of_poetry(code: str) -> None:
    toml = "[tool.poetry.build]\nscript = 'build.py'\n[build-system]\nrequires = []\nbuild-backend = 'poetry.core.masonry.api'"
    found = told(inspect, {"pyproject.toml": toml, "build.py": code, "a.c": ""})
    assert found == {C: "required", PYTHON: "required", "library:z": "required"}


def test_a_copy_that_is_downloaded_stands_in() -> None:
    code = """
        from urllib.request import urlretrieve
        if os.system('pkg-config --exists capnp') != 0:
            urlretrieve('https://files.example/capnp.tgz', 'capnp.tgz')
            subprocess.check_call(['cmake', 'capnp'])
        LIBS = ['capnp']
    """
    found = needs(inspect, project(textwrap.dedent(code) + BUILT))
    assert {name: need.strength for name, need in found.items() if need.strength != "required"} == {
        "program:pkg-config": "fallback",
        "pkg-config:capnp": "fallback",
        "network:files.example": "fallback",
        "program:cmake": "optional",
    }
    assert "download" in found["pkg-config:capnp"].effect
    assert found["network:files.example"].instead == ("program:pkg-config",)


@pytest.mark.parametrize("link", ["libraries=['stdc++']", "extra_link_args=['-lstdc++']"])
def test_the_cxx_library_comes_with_its_compiler(link: str) -> None:
    found = told(inspect, project(f"setup(ext_modules=[Extension('demo', ['demo.c'], {link})])"))
    assert found == {CXX: "required", PYTHON: "required"}


def test_a_cffi_module_without_c_compiles_nothing() -> None:
    builder = "from cffi import FFI\nffi = FFI()\nffi.set_source('_demo', {})\nffi.cdef('int f(void);')\n"
    code = "setup(cffi_modules=['make_ffi.py:ffi'])"
    requires = "[build-system]\nrequires = ['cffi']\n"
    plain, linked = (
        project(code, make_ffi_dot_py=builder.format(source), pyproject_dot_toml=requires)
        for source in ("None", "'#include <z.h>', libraries=['z']")
    )
    assert told(inspect, plain) == {}
    assert told(inspect, linked) == {C: "required", PYTHON: "required", "library:z": "required"}


def test_a_line_that_is_split_before_it_is_run() -> None:
    code = """
import shlex
exe = os.environ.get("PKG_CONFIG", None) or "pkg-config"
if subprocess.call(shlex.split(f"{exe} --exists 'foo >= 1.2'")) != 0:
    raise Exception("not found")
setup(ext_modules=[Extension('demo', ['demo.c'])])
"""
    found = needs(inspect, project(code))
    assert found["program:pkg-config"].strength == "required"
    assert found["pkg-config:foo"].strength == "required"
    assert str(found["pkg-config:foo"].specifier) == ">=1.2"


ICU = """
def tell(*words):
    return subprocess.check_output(words)
try:
    version = tell('icu-config', '--version')
except Exception:
    try:
        version = tell('pkg-config', '--modversion', 'icu-i18n')
    except Exception:
        raise RuntimeError('install pkg-config')
"""


def test_pkg_config_where_no_distribution_has_the_script_any_more() -> None:
    code = ICU + BUILT.replace("LIBS", "[]")
    assert asks(code) == {"program:pkg-config": "required", "pkg-config:icu-i18n": "required"}
    found = needs(inspect, project(code.replace("icu-config", "curl-config")))
    assert found["program:curl-config"].strength == "required"


@pytest.mark.parametrize(
    ("test", "subject"),
    [("self.has_header(['fftw3.h'])", "header:fftw3.h"), ("self.has_library('fftw3', 'f')", "library:fftw3")],
)
def test_a_method_that_compiles_a_test(test: str, subject: str) -> None:
    code = f"""
from distutils.errors import CompileError
from setuptools.command.build_ext import build_ext
class Sniffer:
    def __init__(self, compiler):
        self.compiler = compiler
        if not {test}:
            raise CompileError('not found')
    def has_header(self, headers):
        return self.compiles(headers)
    def has_library(self, name, function):
        return self.compiles([name])
    def compiles(self, what):
        try:
            self.compiler.compile(['/tmp/test.c'])
        except CompileError:
            return False
        return True
class Dynamic(Sniffer):
    def __init__(self, compiler):
        super(self.__class__, self).__init__(compiler)
class Build(build_ext):
    def build_extensions(self):
        Dynamic(self.compiler)
        super().build_extensions()
setup(cmdclass={{'build_ext': Build}}, ext_modules=[Extension('demo', ['demo.c'])])
"""
    assert asks(code) == {subject: "required"}


def test_a_missing_path_raises_what_the_file_is_ready_for() -> None:
    code = """
try:
    home = os.path.realpath(shutil.which('javac')).replace('bin/javac', '')
except TypeError:
    raise Exception('Unable to find javac')
setup(ext_modules=[Extension('demo', ['demo.c'])])
"""
    assert asks(code) == {"program:javac": "required"}
