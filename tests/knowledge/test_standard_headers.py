"""The tables of headers that are no library's: whole, sourced, and made again by their script."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from planner.knowledge.refresh import standard_headers as script
from planner.knowledge.standard_headers import standard_headers
from planner.sdist.texts import parse_toml

TABLE = standard_headers()


@pytest.mark.parametrize("name", ["standard_headers.toml", "foreign_headers.toml"])
def test_every_group_has_its_source_and_day(name: str) -> None:
    groups = parse_toml(files("planner.knowledge").joinpath(name).read_text(encoding="utf-8"))
    assert groups
    for group in groups.values():
        assert group["source"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(group["checked"]))


@pytest.mark.parametrize(
    ("name", "linux", "darwin", "win32"),
    [
        ("stdio.h", True, True, True),
        ("sys/epoll.h", True, True, True),
        ("linux/whatever.h", True, True, True),
        ("vector", True, True, True),
        ("expected", True, True, True),
        ("Windows.h", True, True, True),
        ("sql.h", False, True, True),
        ("GL/gl.h", False, False, True),
        ("zlib.h", False, True, False),
        ("sys/capability.h", False, False, False),
        ("security/pam_appl.h", False, True, False),
        ("Eigen/Core", False, False, False),
        ("leveldb/db.h", False, False, False),
    ],
)
def test_whose_a_header_is(name: str, linux: bool, darwin: bool, win32: bool) -> None:
    found = [TABLE.is_standard(name, platform) for platform in ("linux", "darwin", "win32")]
    assert found == [linux, darwin, win32]


def test_distributions_and_pythons() -> None:
    assert TABLE.distribution("numpy/arrayobject.h") == "numpy"
    assert TABLE.distribution("greenlet.h") == "greenlet"
    assert TABLE.distribution("zlib.h") == ""
    assert TABLE.python["Python.h"] == ""
    assert TABLE.python["pystrhex.h"] == TABLE.python["longintrepr.h"] == "3.10"
    assert "cuda_runtime.h" in TABLE.cuda
    assert "thrust/sort.h" in TABLE.cuda


def test_the_script_sorts_headers_by_owner() -> None:
    owned = [
        ("usr/include/stdio.h", "libc6-dev"),
        ("usr/include/x86_64-linux-gnu/sys/io.h", "libc6-dev"),
        ("usr/include/linux/input.h", "linux-libc-dev"),
        ("usr/include/c++/12/vector", "libstdc++-12-dev"),
        ("usr/lib/gcc/x86_64-linux-gnu/12/include/omp.h", "libgcc-12-dev"),
        ("usr/include/zlib.h", "zlib1g-dev"),
        ("usr/include/sql.h", "unixodbc-dev"),
        ("usr/share/mingw-w64/include/sql.h", "mingw-w64-common"),
        ("usr/share/mingw-w64/include/Windows.h", "mingw-w64-common"),
        ("usr/share/mingw-w64/include/stdio.h", "mingw-w64-common"),
    ]
    system, folders = script.system_table(owned)
    assert (system, folders) == (["omp.h", "stdio.h", "sys/io.h", "vector"], ["linux"])
    assert script.windows_table(owned, system) == (["windows.h"], ["sql.h"])


def test_the_script_tells_the_last_python_of_a_header() -> None:
    pythons = {"3.9": frozenset("abc"), "3.10": frozenset("ab"), "3.11": frozenset("bd")}
    assert script.python_table(pythons) == (["b", "d"], {"3.9": ["c"], "3.10": ["a"]})
