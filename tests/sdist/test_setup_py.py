"""setup.py files followed for a target: values, guards, extensions, and files that cannot be read."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.sdist.archive import SdistFiles
from planner.sdist.extensions import Native
from planner.sdist.setup_py import Lost, SetupPy, read_setup_py
from tests.sdist.conftest import LINUX_311, MakeMarkers, make_files


def read(
    code: str | bytes, markers: Any = LINUX_311, available: Iterable[str] = (), **members: Any
) -> SetupPy:
    source = textwrap.dedent(code) if isinstance(code, str) else code
    found = read_setup_py(make_files({"setup.py": source, **members}), markers, frozenset(available))
    assert found is not None
    return found


def requires(code: str, markers: Any = LINUX_311, **members: Any) -> tuple[str, ...] | Lost:
    return read(f"from setuptools import setup\n{textwrap.dedent(code)}", markers, **members).install_requires


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("setup(install_requires=['a', 'b>=1'])", ("a", "b>=1")),
        ("setup(install_requires=('a',))", ("a",)),
        ("setup(install_requires='a\\nb\\n')", ("a", "b")),
        ("setup(install_requires='a')", ("a",)),
        ("setup(install_requires=['a  # why', '', '# only a comment'])", ("a",)),
        ("setup()", ()),
        ("setup(install_requires=None)", ()),
        ("R = ['a']\nR += ['b']\nR.append('c')\nR.extend(('d',))\nsetup(install_requires=R)", ("a", "b", "c", "d")),
        ("R = 'a b'.split()\nsetup(install_requires=R + ['c'])", ("a", "b", "c")),
        ("V = '1.2'\nsetup(install_requires=['a==' + V, 'b==%s' % V, f'c=={V}', 'd=={}'.format(V)])",
         ("a==1.2", "b==1.2", "c==1.2", "d==1.2")),
        ("D = dict(install_requires=['a'])\nD['install_requires'].append('b')\nsetup(**D)", ("a", "b")),
        ("D = {}\nD.update(install_requires=['a'])\nsetup(name='x', **D)", ("a",)),
        ("def reqs():\n    out = ['a']\n    out.append('b')\n    return out\nsetup(install_requires=reqs())", ("a", "b")),
        ("def add(x, to=None):\n    return (to or []) + [x]\nsetup(install_requires=add('a', to=['b']))", ("b", "a")),
        ("def main():\n    setup(install_requires=['a'])\nif __name__ == '__main__':\n    main()", ("a",)),
        ("setup(install_requires=[x + '>=1' for x in ('a', 'b') if x != 'b'])", ("a>=1",)),
        ("E = {'x': ['a'], 'y': ['b']}\nsetup(install_requires=sum([], []) if 0 else E['x'])", ("a",)),
        ("import itertools\nE = {'x': ['a'], 'y': ['b']}\nsetup(install_requires=sorted(itertools.chain(*E.values())))", ("a", "b")),
        ("if not False:\n    R = ['a']\nelse:\n    R = ['b']\nsetup(install_requires=R)", ("a",)),
        ("R = []\nfor x in ['a', 'b', 'c']:\n    if x == 'b':\n        continue\n    R.append(x)\nsetup(install_requires=R)",
         ("a", "c")),
        ("R = []\nfor x in ['a', 'b', 'c']:\n    if x == 'b':\n        break\n    R.append(x)\nsetup(install_requires=R)",
         ("a",)),
        ("X: list = ['a']\nsetup(install_requires=list(X))", ("a",)),
        ("R = ['a']\ndef add():\n    global R\n    R = R + ['b']\nadd()\nsetup(install_requires=R)", ("a", "b")),
        ("M = {'a': '>=1'}\nsetup(install_requires=['%s%s' % kv for kv in M.items()])", ("a>=1",)),
        ("with open('x') as f:\n    pass\nR = ['a'] * 1 if 0 else ['a']\nsetup(install_requires=R)", ("a",)),
        ("try:\n    R = ['a']\nexcept Exception:\n    R = ['a']\nsetup(install_requires=R)", ("a",)),
        ("import os\nR = ['a']\nif os.environ.get('X'):\n    R.append('b')\nif 'Y' in os.environ:\n    R.append('c')\nif os.getenv('Z', '0') == '1':\n    R.append('d')\nsetup(install_requires=R)", ("a",)),
        ("import sys\nR = ['a']\nif '--full' in sys.argv:\n    R.append('b')\nsetup(install_requires=R)", ("a",)),
        ("import os\nR = ['a'] if os.path.exists('NOPE') else ['b']\nsetup(install_requires=R)", ("b",)),
    ],
)  # fmt: skip
def test_lists(code: str, wanted: Any) -> None:
    assert requires(code) == wanted


@pytest.mark.parametrize(
    "code",
    [
        "setup(install_requires=open('requirements.txt').read().splitlines())",
        "setup(install_requires=open('requirements.txt').readlines())",
        "setup(install_requires=[l.strip() for l in open('requirements.txt')])",
        "with open('requirements.txt') as f:\n    R = f.read().strip().split('\\n')\nsetup(install_requires=R)",
        "import os\nHERE = os.path.abspath(os.path.dirname(__file__))\ndef read(*p):\n    with open(os.path.join(HERE, *p)) as f:\n        return f.read()\nsetup(install_requires=read('requirements.txt').split())",
        "from pathlib import Path\nP = Path(__file__).parent / 'requirements.txt'\nsetup(install_requires=P.read_text().splitlines())",
        "import io\nsetup(install_requires=io.open('./requirements.txt', encoding='utf8').read().splitlines())",
    ],
)
def test_lists_in_files_of_the_sdist(code: str) -> None:
    assert requires(code, **{"requirements.txt": "a\nb>=1\n"}) == ("a", "b>=1")


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("import requests\nsetup(install_requires=requests.get('x').json())", 3),
        ("setup(install_requires=open('absent.txt').read().split())", 2),
        ("setup(install_requires=open('/etc/passwd').read().split())", 2),
        (
            "import subprocess\nR = ['a']\nif subprocess.call('x'):\n    R.append('b')\nsetup(install_requires=R)",
            4,
        ),
        ("R = ['a']\nimport x\nx.change(R)\nsetup(install_requires=R)", 4),
        ("R = []\nwhile unknown():\n    R = R + ['a']\nsetup(install_requires=R)", 4),
        ("R = ['a']\nfor x in unknown():\n    R.append(x)\nsetup(install_requires=R)", 3),
        (
            "def f():\n    if unknown():\n        return ['a']\n    return ['b']\nsetup(install_requires=f())",
            6,
        ),
    ],
)
def test_what_cannot_be_known_has_its_line(code: str, line: int) -> None:
    found = requires(code)
    assert isinstance(found, Lost)
    assert found.line == line


CONDITIONS = [
    ("sys.version_info < (3, 8)", "3.7", "3.8"),
    ("sys.version_info[:2] < (3, 8)", "3.7", "3.11"),
    ("sys.version_info[0] == 3 and sys.version_info[1] < 8", "3.7.9", "3.9"),
    ("sys.version_info.major >= 3 and sys.version_info.minor < 8", "3.6", "3.10"),
    ("sys.hexversion < 0x03080000", "3.7.17", "3.8.0"),
    ("sys.version < '3.8'", "3.7", "3.9"),
    ("platform.python_version() < '3.8'", "3.7", "3.9"),
    ("LooseVersion(platform.python_version()) < LooseVersion('3.8')", "3.7", "3.10"),
    ("LooseVersion(platform.python_version()) < '3.8'", "3.7", "3.10"),
    ("parse('.'.join(map(str, sys.version_info[:3]))) < parse('3.8')", "3.7.3", "3.10.1"),
    ("float('%d.%d' % sys.version_info[:2]) < 3.8", "3.7", "3.9"),
    ("float(sys.version[:3]) < 3.8", "3.7", "3.9"),
    ("not (3, 8) <= sys.version_info < (4,)", "3.7", "3.12"),
    ("PY37", "3.7", "3.8"),
    ("old()", "3.7", "3.8"),
    ("(lambda: sys.version_info < (3, 8))()", "3.7", "3.8"),
]
PRELUDE = """
import sys, platform
from distutils.version import LooseVersion
from packaging.version import parse
from setuptools import setup
PY37 = sys.version_info < (3, 8)
def old():
    return sys.version_info[1] < 8
"""


@pytest.mark.parametrize(("condition", "yes", "no"), CONDITIONS)
def test_python_conditions_and_guards(condition: str, yes: str, no: str, markers: MakeMarkers) -> None:
    code = f"{PRELUDE}\nR = []\nif {condition}:\n    R.append('old')\nsetup(install_requires=R)"
    assert read(code, markers(yes)).install_requires == ("old",)
    assert read(code, markers(no)).install_requires == ()
    guard = f"{PRELUDE}\nif {condition}:\n    raise RuntimeError('needs a newer Python')\nsetup()"
    refused = read(guard, markers(yes)).refuses
    assert (
        refused == f"setup.py:11 refuses Python {markers(yes)['python_full_version']}: needs a newer Python"
    )
    assert read(guard, markers(no)).refuses == ""
    leaving = f"{PRELUDE}\nif {condition}:\n    print('no')\n    sys.exit(1)\nsetup()"
    assert read(leaving, markers(yes)).refuses.startswith("setup.py:12 refuses Python 3.")
    assert read(leaving, markers(no)).refuses == ""


@pytest.mark.parametrize(
    ("condition", "linux", "windows"),
    [
        ("sys.platform == 'win32'", (), ("w",)),
        ("sys.platform.startswith('win')", (), ("w",)),
        ("os.name == 'nt'", (), ("w",)),
        ("platform.system() == 'Windows'", (), ("w",)),
        ("platform.system().lower() in ('windows', 'cygwin')", (), ("w",)),
        ("platform.machine() == 'AMD64'", (), ("w",)),
    ],
)
def test_system_conditions(
    condition: str, linux: tuple[str, ...], windows: tuple[str, ...], markers: MakeMarkers
) -> None:
    code = f"import os, sys, platform\nfrom setuptools import setup\nR = ['w'] if {condition} else []\nsetup(install_requires=R)"
    target = markers(
        "3.11", sys_platform="win32", os_name="nt", platform_system="Windows", platform_machine="AMD64"
    )
    assert read(code).install_requires == linux
    assert read(code, target).install_requires == windows


NUMBA = """
import sys
_version_module = None
try:
    from packaging import version as _version_module
except ImportError:
    try:
        from setuptools._vendor.packaging import version as _version_module
    except ImportError:
        pass
low, high = "3.7", "3.11"
def _guard():
    if _version_module is None:
        return
    parse = _version_module.parse
    now = parse('.'.join(map(str, sys.version_info[:3])))
    if not parse(low) <= now < parse(high):
        raise RuntimeError('Cannot install on Python version {}; only versions >={},<{} are supported.'.format(now, low, high))
_guard()
from setuptools import setup, Extension
setup(install_requires=['numpy'], ext_modules=[Extension('x', ['x.c'])])
"""


def test_a_guard_in_a_function_and_what_follows_it(markers: MakeMarkers) -> None:
    found = read(NUMBA, markers("3.11.7"))
    assert found.refuses == (
        "setup.py:18 refuses Python 3.11.7: Cannot install on Python version 3.11.7; "
        "only versions >=3.7,<3.11 are supported."
    )
    assert found.install_requires == ("numpy",)
    assert found.native.modules is True
    assert read(NUMBA, markers("3.10.2")).refuses == ""
    assert read(NUMBA, markers("3.6.9")).refuses != ""


@pytest.mark.parametrize(
    ("code", "refuses"),
    [
        ("raise RuntimeError('a stub: use another index')", "setup.py:2 always stops with an error: a stub: use another index"),
        ("import sys\nassert sys.version_info < (3,), 'Python 2 only'", "setup.py:3 refuses Python 3.11.7: Python 2 only"),
        ("import sys\nif sys.platform != 'darwin':\n    sys.exit('macOS only')", "setup.py:4 refuses Linux: macOS only"),
        ("import sys\nif sys.version_info < (3, 12): sys.exit('new')\nelse: pass", "setup.py:3 refuses Python 3.11.7: new"),
        ("import sys\nif sys.version_info >= (3, 12):\n    pass\nelse:\n    raise SystemExit(1)", "setup.py:6 refuses Python 3.11.7"),
        ("import sys\ndef f():\n    if sys.version_info < (3,):\n        return\n    raise ValueError('old only')\nf()",
         "setup.py:6 refuses Python 3.11.7: old only"),
        ("import os\nif not os.environ.get('OK'):\n    raise RuntimeError('set OK')", ""),
        ("import os\nif 'OK' in os.environ:\n    pass\nelse:\n    raise RuntimeError('set OK')", ""),
        ("try:\n    import torch\nexcept ImportError:\n    raise RuntimeError('install torch')", ""),
        ("if unknown():\n    raise RuntimeError('perhaps')", ""),
        ("for x in unknown():\n    raise RuntimeError('perhaps')", ""),
        ("while unknown():\n    raise RuntimeError('perhaps')", ""),
        ("try:\n    raise RuntimeError('caught')\nexcept RuntimeError:\n    pass", ""),
        ("try:\n    raise KeyError('caught')\nexcept Exception as error:\n    pass", ""),
        ("import sys\ntry:\n    sys.exit(1)\nexcept SystemExit:\n    pass", ""),
        ("import sys\nif sys.argv[-1] == 'publish':\n    sys.exit()", ""),
        ("def f():\n    raise RuntimeError('never called')", ""),
        ("class C:\n    raise RuntimeError('a class body is not followed')", ""),
        ("if unknown():\n    x = 1\n    raise ValueError\nelse:\n    raise ValueError('both')", "setup.py:4 always stops with an error"),
    ],
)  # fmt: skip
def test_what_counts_as_a_refusal(code: str, refuses: str) -> None:
    assert read(f"from setuptools import setup\n{code}\nsetup()").refuses == refuses


@pytest.mark.parametrize(
    ("code", "modules", "optional"),
    [
        ("setup()", False, False),
        ("setup(ext_modules=[])", False, False),
        ("setup(ext_modules=[Extension('x', ['x.c'])])", True, False),
        ("E = []\nE.append(Extension('x', ['x.c']))\nsetup(ext_modules=E)", True, False),
        ("from torch.utils.cpp_extension import CUDAExtension\nsetup(ext_modules=[CUDAExtension('x', ['x.cu'])])", True, False),
        ("from Cython.Build import cythonize\nsetup(ext_modules=cythonize('x.pyx'))", True, False),
        ("setup(cffi_modules=['build.py:ffi'])", True, False),
        ("from setuptools_rust import RustExtension\nsetup(rust_extensions=[RustExtension('x')])", True, False),
        ("setup(libraries=[('x', {'sources': ['x.c']})])", True, False),
        ("setup(ext_modules=[Extension('x', ['x.c'], optional=True)])", True, True),
        ("def run(ext):\n    setup(ext_modules=ext)\ntry:\n    run([Extension('x', ['x.c'])])\nexcept Exception:\n    run([])", True, True),
        ("import os\nE = []\nif os.environ.get('BUILD'):\n    E = [Extension('x', ['x.c'])]\nsetup(ext_modules=E)", False, False),
        ("import os\nE = []\nif not os.environ.get('SKIP'):\n    E = [Extension('x', ['x.c'])]\nsetup(ext_modules=E)", True, False),
        ("import torch\nE = []\nif torch.cuda.is_available():\n    E.append(Extension('x', ['x.c']))\nsetup(ext_modules=E)", None, False),
        ("import sys\nE = [] if sys.platform == 'linux' else [Extension('x', ['x.c'])]\nsetup(ext_modules=E)", False, False),
        ("def c(parent_package='', top_path=None):\n    pass\nsetup(configuration=c)", True, False),
    ],
)  # fmt: skip
def test_extensions(code: str, modules: bool | None, optional: bool) -> None:
    native = read(f"from setuptools import setup, Extension\n{code}").native
    assert native.modules is modules
    if modules:
        assert native.because[0].startswith("setup.py:")
        assert native.optional is optional


def test_a_guarded_import_works_only_when_a_build_requirement_brings_it() -> None:
    code = """
        from setuptools import setup, Extension
        try:
            from Cython.Build import cythonize
        except ImportError:
            cythonize = None
        setup(ext_modules=cythonize('x.pyx') if cythonize else [])
    """
    assert read(code).native.modules is False
    assert read(code, available=["Cython"]).native.modules is True
    assert read(code, available=["pyarrow"]).native.modules is None  # which may bring it


def test_local_modules_may_be_importable() -> None:
    code = "from setuptools import setup\ntry:\n    from helper import R\nexcept ImportError:\n    R = []\nsetup(install_requires=R)"
    assert read(code).install_requires == ()
    assert isinstance(read(code, **{"helper.py": "R = ['a']"}).install_requires, Lost)


def test_fields() -> None:
    found = read("""
        from setuptools import setup
        __version__ = '1.2'
        setup(name='demo', version=__version__, python_requires='>=' + '3.8', setup_requires=['numpy'],
              extras_require={'test': ['pytest'], ':python_version < "3"': 'enum34', 'odd': unknown()},
              cmdclass={'build_ext': 1})
    """)
    assert found.python_requires == ">=3.8"
    assert found.extras_require == (("test", ("pytest",)), (':python_version < "3"', ("enum34",)))
    assert found.extras_doubt is not None
    assert found.extras_doubt.line == 5
    assert found.native.commands == ("build_ext",)
    assert found.line == 4
    assert found.complete
    assert found.imports == (("setuptools", 2),)


def test_unknown_keywords_leave_the_call_incomplete() -> None:
    found = read("from setuptools import setup\nsetup(install_requires=['a'], **unknown())")
    assert found.install_requires == ("a",)
    assert not found.complete


def test_several_calls_share_what_they_agree_on() -> None:
    found = read("""
        from setuptools import setup, Extension
        if unknown():
            setup(install_requires=['a'], python_requires='>=3')
        else:
            setup(install_requires=['a'], python_requires='>=3.8', ext_modules=[Extension('x', [])])
    """)
    assert found.install_requires == ("a",)
    assert isinstance(found.python_requires, Lost)
    assert found.native.modules is True


UNREADABLE = {
    "python 2": b"print 'hello'\n",
    "tabs": b"if 1:\n\tx = 1\n        y = 2\n",
    "nul": b"x = 1\0\n",
    "cookie": b"# -*- coding: no-such-encoding -*-\nx = 1\n",
    "not utf-8": b"x = '\xff\xfe'\n",
    "utf-16": "x = 1".encode("utf-16"),
    "parentheses": b"(" * 100_000,
    "brackets": b"x = " + b"[" * 5_000 + b"]" * 5_000,
    "sum": b"x = 1" + b"+1" * 100_000,
    "short sum": b"x = 1" + b"+1" * 9_000,
    "attributes": b"x = a" + b".b" * 15_000,
    "nots": b"x = " + b"not " * 50_000 + b"1",
    "lambdas": b"x = " + b"lambda:" * 20_000 + b"1",
    "literal": b"x = '" + b"y" * (5 << 20) + b"'",
    "number": b"x = " + b"9" * 100_000,
}


@pytest.mark.parametrize("source", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_files_are_a_value(source: bytes) -> None:
    start = time.process_time()
    found = read(source)
    assert time.process_time() - start < 2
    assert found.unreadable.startswith("setup.py ")
    assert not found.complete
    assert found.refuses == ""


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbffrom setuptools import setup\nsetup(install_requires=['a'])",
        b"# -*- coding: latin-1 -*-\n# \xe9\nfrom setuptools import setup\nsetup(install_requires=['a'])",
        b"\x0cfrom setuptools import setup\n\x0csetup(install_requires=['a'])\n\x0c",
        b"from setuptools import setup\r\nsetup(\r\ninstall_requires=['a'])\r\n",
        b"from setuptools import setup\nx = '\\d'\nsetup(install_requires=['a'])",
    ],
)
def test_odd_but_valid_files(source: bytes) -> None:
    assert read(source).install_requires == ("a",)


def test_an_unreadable_file_still_shows_its_extensions() -> None:
    found = read("print 'x'\n# Extension(\nsetup(ext_modules=[Extension('x', ['x.c'])])\n")
    assert found.native.modules is True
    assert found.native.because == ("setup.py:3 names ext_modules",)


def test_a_file_too_large_to_be_kept_and_none_at_all() -> None:
    assert read_setup_py(SdistFiles(("setup.py",)), LINUX_311) == SetupPy(
        unreadable="setup.py is too large to be read", complete=False, native=Native(modules=None)
    )
    assert read_setup_py(SdistFiles(("setup.cfg",)), LINUX_311) is None


HOSTILE = [
    "x = 'a'\nwhile True:\n    x = x + x",
    "x = ['a']\nfor i in range(1000):\n    x.extend(x)",
    "x = ['a']\nfor i in range(1000):\n    x = x + x",
    "x = 'a' * 10**9",
    "x = '%1000000000d' % 5",
    "x = '{:1000000000}'.format(5)",
    "x = f'{5:1000000000}'",
    "x = 10 ** 10 ** 10",
    "x = 1 << 10 ** 9",
    "x = 'a'.replace('', 'b' * 1000)\nfor i in range(100):\n    x = x.replace('a', x)",
    "def f(n):\n    return f(n + 1)\nf(0)",
    "def f(n):\n    if unknown():\n        return f(n) + f(n)\n    for x in unknown():\n        f(x)\nf(0)",
    "f = lambda: f()\nf()",
    "x = [[[i for i in range(1000)] for j in range(1000)] for k in range(1000)]",
    "x = []\nx.append(x)\ny = x == x",
    "x = {}\nx['x'] = x\nif unknown():\n    x['y'] = 1",
    "for i in range(1000):\n    for j in range(1000):\n        for k in range(1000):\n            pass",
    "\n".join(f"if unknown():\n    x{i} = 1\nelse:\n    x{i} = 2" for i in range(3000)),
    "x = 'a'.join(['b' * 100] * 100)\nx = x.strip(x)",
    "def f(*a, **k):\n    return f(*a, *a, **k)\nf(1, 2)",
    "x = tuple(range(1000))\nfor i in range(1000):\n    x = x + x",
    "import re\nre.match('(a+)+$', 'a' * 100 + 'b')",
    "x = ' ' * 1\nfor i in range(17):\n    x = x + x\nfor i in range(1000):\n    x.split()",
    "class A(metaclass=B): pass\nasync def f(): await x\nmatch x:\n    case 1: pass\ntry: pass\nfinally: pass\ndel x\ndel y[0]",
]


@pytest.mark.parametrize("code", HOSTILE)
def test_hostile_files_cost_little(code: str) -> None:
    start = time.process_time()
    read(f"{code}\nfrom setuptools import setup\nsetup(install_requires=['a'])")
    assert time.process_time() - start < 3


PIECES = st.sampled_from(
    [
        "import sys, os",
        "from setuptools import setup, Extension",
        "x = ['a']",
        "x.append('b')",
        "x += unknown()",
        "x = {'install_requires': x}",
        "if sys.version_info < (3, 8):\n    x = 1",
        "if unknown:\n    x = 2\nelse:\n    y = x",
        "for x in y:\n    if x: continue\n    break",
        "try:\n    import numpy\nexcept ImportError:\n    x = None\nelse:\n    y = 3\nfinally:\n    z = x",
        "def f(a, b=1, *c, d=2, **e):\n    global x\n    x = a\n    return b",
        "y = f(1, 2, *x, **y)",
        "raise SystemExit",
        "return 5",
        "break",
        "y = [i for i in x if i]",
        "y = x[0][1:2].z(*y)['k'] % (x, y)",
        "del x",
        "while x:\n    y = 1",
        "with open(x) as y:\n    z = y.read()",
        "setup(**x)",
        "setup(install_requires=x, ext_modules=y, extras_require=z)",
        "lambda: (yield)",
        "x, (y, *z) = z",
        "assert x, y",
        "x = y = z = f'{x}{y!r:>{z}}'",
        "(x := 5)",
        "x = not -x is y in z < 3 <= x != None",
    ]
)


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(PIECES, max_size=14))
def test_any_mixture_of_statements_is_followed(pieces: list[str]) -> None:
    found = read("\n".join(pieces))
    assert isinstance(found, SetupPy)


@settings(max_examples=100, deadline=None)
@given(
    source=st.one_of(
        st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))
    )
)
def test_any_bytes(source: bytes) -> None:
    assert isinstance(read(source), SetupPy)
