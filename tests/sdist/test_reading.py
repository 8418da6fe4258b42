"""The entry point: whole sdists in, one value out, and nothing of them is run."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from planner.dists import Reason, Refusal, SdistReading
from planner.records import reading_from, reading_record
from planner.sdist.reading import read_sdist
from tests.sdist.conftest import DEMO, LINUX_311, MakeMarkers, make_targz, make_zip

MEMBERS = {
    "PKG-INFO": "Metadata-Version: 2.1\nName: Demo\nVersion: 1.0\n",
    "pyproject.toml": "[build-system]\nrequires = ['setuptools>=61', 'cython']\nbuild-backend = 'setuptools.build_meta'\n",
    "setup.py": "import sys\nfrom setuptools import setup, Extension\nif sys.version_info < (3, 9):\n    sys.exit('too old')\n"
    "setup(install_requires=['six'], ext_modules=[Extension('x', ['x.c'])])\n",
    "x.c": "int x;",
    "demo.egg-info/requires.txt": "six\n",
}


@pytest.mark.parametrize("data", [make_targz(MEMBERS), make_zip(MEMBERS), io.BytesIO(make_targz(MEMBERS))])
def test_a_whole_sdist(data: Any) -> None:
    found = read_sdist("demo-1.0.tar.gz", data, DEMO, Version("1.0"), LINUX_311)
    assert isinstance(found, SdistReading)
    assert found.metadata.requires == ("six",)
    assert found.metadata.certain
    assert found.native is True
    assert found.native_because == ("setup.py:5 builds an Extension",)
    assert found.refuses == ""
    assert found.backend == "setuptools.build_meta"
    assert found.build_requires == ("setuptools>=61", "cython")


def test_the_targets_own_refusal(markers: MakeMarkers) -> None:
    found = read_sdist("demo-1.0.tar.gz", make_targz(MEMBERS), DEMO, Version("1.0"), markers("3.8"))
    assert isinstance(found, SdistReading)
    assert found.refuses == "setup.py:4 refuses Python 3.8.0: too old"


@pytest.mark.parametrize("data", [b"", b"<html>", make_targz(MEMBERS)[:300], make_zip(MEMBERS)[:-5]])
def test_a_bad_archive_is_a_refusal(data: Any) -> None:
    found = read_sdist("demo-1.0.tar.gz", data, DEMO, Version("1.0"), LINUX_311)
    assert isinstance(found, Refusal)
    assert (found.filename, found.reason) == ("demo-1.0.tar.gz", Reason.METADATA)
    assert found.id.startswith("archive")
    assert found.detail[0].islower()
    assert not found.detail.endswith(".")


@settings(max_examples=60, deadline=None)
@given(
    members=st.dictionaries(
        st.sampled_from(
            ["PKG-INFO", "pyproject.toml", "setup.py", "setup.cfg", "x.egg-info/requires.txt", "a/b.c"]
        ),
        st.one_of(
            st.binary(max_size=120), st.text(max_size=120).map(lambda text: text.encode("utf-8", "replace"))
        ),
        min_size=1,
    ),
    pack=st.sampled_from([make_targz, make_zip]),
)
def test_any_sdist_ends_in_a_value(members: dict[str, Any], pack: Callable[..., bytes]) -> None:
    found = read_sdist("demo-1.0.tar.gz", pack(members), DEMO, Version("1.0"), LINUX_311)
    assert isinstance(found, (SdistReading, Refusal))


DEEP = "(" * 100_000 + ")" * 100_000
HOSTILE = {
    "setup-deep": {"setup.py": "x = " + DEEP},
    "setup-not": {"setup.py": "x = " + "not " * 60_000 + "1"},
    "setup-dots": {"setup.py": "x = a" + ".b" * 300_000},
    "setup-calls": {"setup.py": "setup(" * 5_000 + ")" * 5_000},
    "setup-literal": {"setup.py": "x = '" + "y" * (5 << 20) + "'\nsetup()"},
    "setup-big-list": {"setup.py": "x = [" + "1," * 100_000 + "]\nsetup(install_requires=x)"},
    "setup-power": {"setup.py": "x = 9 ** 9 ** 9 ** 9\nsetup(version=str(x))"},
    "setup-repeat": {"setup.py": "x = 'y' * 10 ** 10\nsetup(install_requires=[x])"},
    "setup-loop": {"setup.py": "while True:\n    x = 1\nsetup()"},
    "setup-nul": {"setup.py": b"import os\0\nsetup()"},
    "setup-cookie": {"setup.py": b"# -*- coding: nonsense-8 -*-\nsetup()"},
    "setup-wrong-cookie": {"setup.py": "# coding: ascii\nx = 'é'\nsetup()"},
    "setup-utf16": {"setup.py": "from setuptools import setup\nsetup()".encode("utf-16")},
    "setup-bom": {"setup.py": b"\xef\xbb\xbffrom setuptools import setup\nsetup(install_requires=['six'])"},
    "setup-bom-twice": {"setup.py": b"\xef\xbb\xbf\xef\xbb\xbfsetup()"},
    "setup-form-feed": {"setup.py": "\x0cfrom setuptools import setup\n\x0csetup(install_requires=['six'])"},
    "setup-python-2": {"setup.py": "print 'hello'\nexec 'x'\nfrom setuptools import setup\nsetup()"},
    "setup-surrogate": {"setup.py": "from setuptools import setup\nsetup(install_requires=['\\ud800'])"},
    "toml-deep": {"pyproject.toml": "x = " + "[" * 100_000 + "]" * 100_000},
    "toml-tables": {"pyproject.toml": "[" + ".".join("a" * 1 for _ in range(50_000)) + "]"},
    "toml-nul": {"pyproject.toml": b"x = 1\0"},
    "toml-latin": {"pyproject.toml": "x = 'é'".encode("latin-1")},
    "toml-bom": {"pyproject.toml": b"\xef\xbb\xbf[build-system]\nrequires = []\n"},
    "toml-wrong-types": {"pyproject.toml": "build-system = 1\nproject = []\ntool = ''\n"},
    "toml-wrong-lists": {"pyproject.toml": "[build-system]\nrequires = {a=1}\nbuild-backend = 7\nbackend-path = 3\n"},
    "cfg-odd": {"setup.cfg": "[options\nx\n = 3\n[options]\n[options]\ninstall_requires=%(x)s"},
    "cfg-nul": {"setup.cfg": b"[options]\0\xff\xfe"},
    "info-odd": {"PKG-INFO": b"Name: demo\nName: other\n\0\xff: \xff\nRequires-Dist: ]][[\nVersion: x"},
    "all-at-once": {
        "setup.py": "x = " + DEEP, "setup.cfg": b"\0", "PKG-INFO": b"\xff", "x.c": b"\0" * 99,
        "CMakeLists.txt": "if(" * 50_000, "meson.build": "[" * 50_000, "Cargo.toml": "[" * 50_000,
        "configure": b"\xff" * 99_999, "build.sh": "$(" * 50_000, "Makefile": "$(" * 50_000,
    },
}  # fmt: skip


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_end_in_a_value(members: Mapping[str, Any]) -> None:
    start = time.process_time()
    found = read_sdist("demo-1.0.tar.gz", make_targz(members), DEMO, Version("1.0"), LINUX_311)
    assert time.process_time() - start < 5
    assert isinstance(found, (SdistReading, Refusal))
    assert reading_from(json.loads(json.dumps(reading_record(found)))) == found


def test_an_inspector_that_fails_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    def inspect(_: object, *, compiles: bool) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr("planner.sdist.inspectors.table.inspect", inspect)
    found = read_sdist("demo-1.0.tar.gz", make_targz(MEMBERS), DEMO, Version("1.0"), LINUX_311)
    assert isinstance(found, SdistReading)
    assert found.metadata.requires == ("six",)
    assert found.inspection is not None
    assert "RecursionError" in str(found.inspection.doubts[0])


def test_what_is_pure_is_not_inspected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.sdist.inspectors.table.inspect", None)
    pure = {"pyproject.toml": "[build-system]\nrequires=['flit_core']\nbuild-backend='flit_core.buildapi'\n"}
    found = read_sdist("demo-1.0.tar.gz", make_targz(pure), DEMO, Version("1.0"), LINUX_311)
    assert isinstance(found, SdistReading)
    assert (found.native, found.inspection) == (False, None)


AUDIT = """
import sys
from packaging.version import Version
from planner.sdist.reading import read_sdist
import planner.sdist.inspectors
from tests.sdist.conftest import LINUX_311, make_targz
import tests.sdist.test_reading as module

data = [make_targz(members, top) for members in module.TRAPS for top in ("demo-1.0/",)]
read_sdist("demo-1.0.tar.gz", data[0], "demo", Version("1.0"), LINUX_311)  # imports of our own are done
seen = []
quiet = ("compile", "object.", "sys._getframe", "builtins.id", "code.__new__", "marshal.", "gc.")

def hook(event, arguments):
    if not event.startswith(quiet):
        seen.append((event, str(arguments)[:80]))
    if event == "compile" and arguments[0] is not None and b"trap" not in (arguments[0] if isinstance(arguments[0], bytes) else b"trap"):
        seen.append((event, str(arguments)[:80]))

sys.addaudithook(hook)
for one in data:
    read_sdist("demo-1.0.tar.gz", one, "demo", Version("1.0"), LINUX_311)
print(seen)
"""
TRAP = """
import os, sys, subprocess, trap_module
from trap_package import *
exec("import trap_a"); eval("__import__('trap_b')"); compile("trap", "x", "exec")
os.system("trap"); subprocess.run(["trap"]); open("trap", "w").write("x"); __import__("trap_c")
import importlib; importlib.import_module("trap_d")
from setuptools import setup
setup(install_requires=["six"], version=open("/etc/passwd").read())
"""
TRAPS = [
    {"setup.py": TRAP, "setup.cfg": "[options]\ninstall_requires = file: /etc/passwd\n"},
    {"setup.py": "# trap\nraise SystemExit\n", "pyproject.toml": "[build-system]\nrequires=[]\nbackend-path=['.']\nbuild-backend='trap'\n"},
    {"pyproject.toml": "[build-system]\nrequires=[]\nbuild-backend='hatchling.build'\n[tool.hatch.build.hooks.custom]\n", "hatch_build.py": TRAP},
    {"setup.py": TRAP, "trap_module.py": TRAP, "trap_package/__init__.py": TRAP},
]  # fmt: skip


def test_nothing_of_an_sdist_is_run_imported_or_opened() -> None:
    """Python's own audit events: while sdists are read, the only one allowed is `compile` to a syntax tree."""
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(AUDIT)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("system", "refuses"),
    [
        ("", True),
        ("[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n", True),
        ("[build-system]\nrequires = ['x']\nbackend-path = ['.']\nbuild-backend = 'own'\n", True),
        ("[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n", False),
    ],
)
def test_a_setup_py_that_no_backend_runs_refuses_nothing(system: str, refuses: bool) -> None:
    """pymongo keeps one that always stops, and is built by hatchling."""
    members = {**MEMBERS, "pyproject.toml": system, "setup.py": "raise RuntimeError('use pip')\n"}
    found = read_sdist("demo-1.0.tar.gz", make_targz(members), DEMO, Version("1.0"), LINUX_311)
    assert isinstance(found, SdistReading)
    assert bool(found.refuses) is refuses


def test_setup_requires_is_handed_on_where_setuptools_builds() -> None:
    setup = "from setuptools import setup\nsetup(name='demo', setup_requires=['cython>=0.29'])\n"
    config = "[options]\nsetup_requires =\n    pkgconfig\n"
    found = read_sdist(
        "demo-1.0.tar.gz",
        make_targz({**MEMBERS, "setup.py": setup, "setup.cfg": config}),
        DEMO,
        Version("1.0"),
        LINUX_311,
    )
    assert isinstance(found, SdistReading)
    assert found.setup_requires == ("cython>=0.29", "pkgconfig")


@pytest.mark.parametrize(
    ("code", "refuses"),
    [
        ("print 'building'\n", "setup.py is not valid for Python 3 (line 1)"),
        (
            "try:\n    pass\nexcept ImportError, error:\n    pass\n",
            "setup.py is not valid for Python 3 (line 3)",
        ),
        ("match = (\n", ""),  # cut, or of a newer Python than this one
    ],
)
def test_what_python_2_alone_reads_is_refused(code: str, refuses: str) -> None:
    files = {**MEMBERS, "setup.py": code}
    found = read_sdist("demo-1.0.tar.gz", make_targz(files), DEMO, Version("1.0"), LINUX_311)
    assert isinstance(found, SdistReading)
    assert found.refuses == refuses


def test_a_pure_project_may_say_itself_what_it_needs() -> None:
    toml = (
        "[build-system]\nrequires=['flit_core']\nbuild-backend='flit_core.buildapi'\n"
        "[external]\nbuild-requires = ['dep:virtual/compiler/cxx']\n"
    )
    found = read_sdist(
        "demo-1.0.tar.gz",
        make_targz({**MEMBERS, "pyproject.toml": toml}),
        DEMO,
        Version("1.0"),
        LINUX_311,
    )
    assert isinstance(found, SdistReading)
    assert found.inspection is not None
    assert [need.subject for need in found.inspection.needs] == ["dep:virtual/compiler/cxx"]
