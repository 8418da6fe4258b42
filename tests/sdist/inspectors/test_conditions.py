"""Conditions of the preprocessor on a target: three answers, and no condition that breaks the reader."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.sdist.inspectors.conditions import Conditions
from tests.sdist.conftest import LINUX_311

LINUX = Conditions(LINUX_311)
MAC = Conditions({**LINUX_311, "sys_platform": "darwin", "platform_machine": "arm64"})
WINDOWS = Conditions({**LINUX_311, "sys_platform": "win32", "platform_machine": "AMD64"})
PYPY = Conditions({**LINUX_311, "platform_python_implementation": "PyPy"})


@pytest.mark.parametrize(
    ("condition", "linux", "mac", "windows"),
    [
        ("defined(_WIN32)", False, False, True),
        ("!defined(_WIN32)", True, True, False),
        ("defined(__APPLE__)", False, True, False),
        ("defined(__linux__) || defined(HAVE_X)", True, None, None),
        ("defined(_WIN32) && HAVE_X", False, False, None),
        ("_MSC_VER >= 1900", False, False, True),
        ("defined(__x86_64__)", True, False, True),
        ("__aarch64__", False, True, False),
        ("defined(__FreeBSD__)", False, False, False),
        ("__GNUC__ > 4", True, False, False),
        ('UNAME_SYSNAME == "Windows"', False, False, True),
        ('UNAME_SYSNAME in ("a", "b")', None, None, None),
    ],
)
def test_systems(condition: str, linux: bool | None, mac: bool | None, windows: bool | None) -> None:
    assert [target.answer(condition).holds for target in (LINUX, MAC, WINDOWS)] == [linux, mac, windows]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("0", False),
        ("1", True),
        ("PY_VERSION_HEX >= 0x030B0000", True),
        ("PY_VERSION_HEX < 0x030b0000", False),
        ("PY_MAJOR_VERSION == 3 && PY_MINOR_VERSION < 12", True),
        ("defined(PYPY_VERSION)", False),
        ("HAVE_X", None),
        ("HAVE_X && 0", False),
        ("HAVE_X || 1", True),
        ("!(HAVE_X)", None),
        ("!defined(NO_SSL)", True),
        ("defined(CYTHON_WITHOUT_ASSERTIONS)", False),
        ("__has_include(<x.h>)", None),
        ("FOO(1, 2) > 3", None),
        ("1 ? 0 : 1", False),
        ("(1 + 2) * 3 == 9", True),
        ("1 << 3 == 8", True),
        ("-1 < 0", True),
        ("~0", True),
        ("1 / 0", None),
        ("1 << 100", None),
        ("__cplusplus", False),
        ("__STDC_VERSION__ >= 201112L", True),
        ("not True or False", False),
        ("", None),
        ("(((", None),
        ("1 2", None),
        ("defined_x", None),
    ],
)
def test_conditions(condition: str, holds: bool | None) -> None:
    assert LINUX.answer(condition).holds is holds


def test_languages_and_implementations() -> None:
    assert LINUX.answer("__cplusplus >= 201103L", "cxx").holds is True
    assert LINUX.answer("defined(__CUDACC__)", "cuda").holds is True
    assert LINUX.answer("defined(__CUDACC__)", "cxx").holds is False
    assert PYPY.answer("defined(PYPY_VERSION)").holds is True


def test_what_is_unknown_is_named() -> None:
    assert LINUX.answer("defined(HAVE_A) && HAVE_B > 1").unknown == ("HAVE_A", "HAVE_B")
    assert LINUX.answer("__has_include(<x.h>)").unknown == ("__has_include(<x.h>)",)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["(", ")", "!", "&&", "||", "defined", "A", "1", "<", "?", ":", "==", "'x'", ",", " ", "<<"]
        ),
        max_size=60,
    ).map(" ".join)
    | st.text(max_size=60)
)
def test_it_never_raises(condition: str) -> None:
    assert LINUX.answer(condition).holds in (True, False, None)


def test_deep_nesting_is_unknown() -> None:
    assert LINUX.answer("(" * 190 + "1" + ")" * 190).holds is None
    assert LINUX.answer("!" * 190 + "1").holds is None
