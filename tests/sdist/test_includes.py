"""What sources include, under which conditions, in every language; in linear time, whatever they hold."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.sdist.includes import Include, scan_includes


def scan(text: str, name: str = "a.c") -> list[tuple[str, tuple[str, ...]]]:
    return [(include.name, include.guards) for include in scan_includes(name, text.encode())]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#include <a.h>\n", [("a.h", ())]),
        ('#include "a.h"\n', [("a.h", ())]),
        ("  #  include\t<a/b.hpp>  // c\n", [("a/b.hpp", ())]),
        ("#include_next <a.h>\n", [("a.h", ())]),
        ("#import <Foundation/Foundation.h>\n", [("Foundation/Foundation.h", ())]),
        ("#include MACRO\n", []),
        ("#includes <a.h>\n", []),
        ("int x; #include <a.h>\n", []),
        ("/* about a.h */ #include <a.h>\n", [("a.h", ())]),
        ("/*\n#include <a.h>\n*/\n#include <b.h>\n", [("b.h", ())]),
        ("// #include <a.h>\n", []),
        ("//#include <a.h>\n", []),
        ('char *s = "/*";\n#include <a.h>\n', [("a.h", ())]),
        ("// see /* here\n#include <a.h>\n", [("a.h", ())]),
        ("/* one */ int a; /* two\n#include <a.h>\n", []),
        ("/*/\n#include <a.h>\n*/\n", []),
        ("#include <a.h>\r\n#include <b.h>\r\n", [("a.h", ()), ("b.h", ())]),
        ("#ifdef A\n#include <a.h>\n#endif\n#include <b.h>\n", [("a.h", ("defined(A)",)), ("b.h", ())]),
        ("#ifndef A\n#include <a.h>\n#endif\n", [("a.h", ("!defined(A)",))]),
        ("#if defined A && B > 1 /* c */\n#include <a.h>\n#endif\n", [("a.h", ("defined(A) && B > 1",))]),
        ("#if A\n#else\n#include <a.h>\n#endif\n", [("a.h", ("!A",))]),
        ("#ifdef A\n#else\n#include <a.h>\n#endif\n", [("a.h", ("!defined(A)",))]),
        ("#if !defined(A)\n#else\n#include <a.h>\n#endif\n", [("a.h", ("defined(A)",))]),
        ("#if A == 1\n#elif B\n#include <a.h>\n#endif\n", [("a.h", ("!(A == 1)", "B"))]),
        ("#if A \\\n  && B\n#include <a.h>\n#endif\n", [("a.h", ("A && B",))]),
        ("#ifdef A\n#if B\n#endif\n#include <a.h>\n#endif\n", [("a.h", ("defined(A)",))]),
        ("#if A\n#if B\n#include <a.h>\n", [("a.h", ("A", "B"))]),
        ("#if __has_include(<x.h>)\n#include <x.h>\n#endif\n", [("x.h", ("__has_include(<x.h>)",))]),
        ("#ifndef A_H\n#define A_H\n#include <a.h>\n#endif\n", [("a.h", ())]),
        ("#ifndef A_H\n\n# define A_H 1\n#include <a.h>\n#endif\n", [("a.h", ())]),
        ("#if !defined(A_H)\n#define A_H\n#include <a.h>\n#endif\n", [("a.h", ())]),
        ("#ifndef A_H\n#define B_H\n#include <a.h>\n#endif\n", [("a.h", ("!defined(A_H)",))]),
        ("#endif\n#else\n#include <a.h>\n", [("a.h", ())]),
        ("#ifdef A\n#elifdef B\n#include <a.h>\n#endif\n", [("a.h", ("!defined(A)", "defined(B)"))]),
        ("%{\n#include <a.h>\n%}\n", [("a.h", ())]),
    ],
)
def test_c(text: str, found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert scan(text) == found


def test_lines_and_brackets() -> None:
    text = b'\n/* x\n*/\n#include "a.h"\n#if A\n#include <b.h>\n#endif\n'
    assert scan_includes("a.c", text) == (
        Include("a.h", 4, angled=False),
        Include("b.h", 6, angled=True, guards=("A",)),
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('cdef extern from "a.h":\n    pass\n', ["a.h"]),
        ('cdef extern from "<a/b.h>" nogil:\n    pass\n', ["a/b.h"]),
        ("cdef extern from 'a.hpp' namespace 'x':\n    pass\n", ["a.hpp"]),
        ("cdef extern from *:\n    ctypedef int x\n", []),
        ('cdef extern from *:\n    """\n    #include <a.h>\n    """\n    int f()\n', ["a.h"]),
        ('# cdef extern from "a.h":\n', []),
        ("cimport numpy as np\n", ["numpy/arrayobject.h", "numpy.pxd"]),
        ("from numpy cimport ndarray\n", ["numpy/arrayobject.h", "numpy.pxd", "numpy/ndarray.pxd"]),
        ("from .mod cimport (a, b)\n", ["mod.pxd", "mod/a.pxd", "mod/b.pxd"]),
        ("from . cimport mod\n", ["mod.pxd"]),
        ("cimport a.b, c\n", ["a/b.pxd", "c.pxd"]),
        ('include "x.pxi"\n', ["x.pxi"]),
        ("# distutils: language = c++\n", ["@language:c++"]),
        (
            "# distutils: libraries = a b\n# distutils: sources = s.c\n",
            ["@library:a", "@library:b", "@source:s.c"],
        ),
        ("import numpy\n", []),
    ],
)
def test_cython(text: str, names: list[str]) -> None:
    assert [include.name for include in scan_includes("a.pyx", text.encode())] == names


def test_conditions_of_cython() -> None:
    text = (
        'IF UNAME_SYSNAME == "Windows":\n    cdef extern from "w.h":\n        pass\n'
        'ELSE:\n    cdef extern from "u.h":\n        pass\ncdef extern from "a.h":\n    pass\n'
    )
    assert scan(text, "a.pyx") == [
        ("w.h", ('UNAME_SYSNAME == "Windows"',)),
        ("u.h", ('!(UNAME_SYSNAME == "Windows")',)),
        ("a.h", ()),
    ]


@pytest.mark.parametrize(
    ("name", "text", "names"),
    [
        ("a.f90", "      use mpi\n", ["mpif.h"]),
        ("a.f90", "  USE, INTRINSIC :: ISO_C_BINDING\n", []),
        ("a.F", "      INCLUDE 'mpif.h'\n#include <fftw3.h>\n", ["mpif.h", "fftw3.h"]),
        (
            "b.py",
            'ffi.set_source("_x", """\n#include <a.h>\n#ifdef W\n#include "w.h"\n#endif\n""")\n',
            ["a.h", "w.h"],
        ),
        ("b.py", "f('#include <a.h>')\n#include <no.h>\n", ["a.h"]),
        ("b.py", "#if x:\n#include <no.h>\n", []),
        ("a.c", "/* Generated by Cython 3.0 */\n#include <a.h>\n", ["@cython", "a.h"]),
        ("noext", "#include <a.h>\n", ["a.h"]),
    ],
)
def test_other_languages(name: str, text: str, names: list[str]) -> None:
    assert [include.name for include in scan_includes(name, text.encode())] == names


def test_bounds() -> None:
    assert len(scan_includes("a.c", b"#include <a.h>\n" * 5_000)) == 2_000
    assert scan_includes("a.c", b"#include <" + b"a" * 300 + b">\n") == ()
    deep = b"#if A\n" * 3_000 + b"#include <a.h>\n"
    assert len(scan_includes("a.c", deep)[0].guards) == 64


HOSTILE = {
    "open brackets": b"#include <" * 30_000,
    "blanks behind signs": (b"#" + b" " * 300) * 1_000,
    "conditions without end": b"#if A\n" * 50_000,
    "comments without end": b"/* \n#if A\n" * 30_000,
    "texts with comment signs": b'"/*"\n#if A\n' * 30_000,
    "one long line": b"#if A " + b"x" * 300_000,
    "continued for ever": b"#if A \\\n" * 30_000,
    "quotes": b'"""' * 100_000,
    "mixed quotes": b"'''\"\"\"'" * 40_000,
    "blanks": b" " * 300_000,
    "externs": b'cdef extern from "a.h":\n"""\n' * 8_000,
    "compile time": b'IF A:\n  cdef extern from "a.h":\n' * 8_000,
    "signs alone": b"#" * 300_000,
    "branches": b"#if A\n" + b"#elif B\n#include <a.h>\n" * 8_000,
}


@pytest.mark.parametrize("suffix", [".c", ".pyx", ".py", ".f90"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_sources_take_linear_time(kind: str, suffix: str) -> None:
    start = time.perf_counter()
    scan_includes("a" + suffix, HOSTILE[kind])
    assert time.perf_counter() - start < 3


PIECES = st.sampled_from(
    (
        *(b"#if ", b"#else", b"#endif", b"#include <a.h>", b"\n", b"/*", b"*/", b"//", b'"', b"\\\n", b"@"),
        *(b"cdef extern from ", b"cimport ", b"IF A:", b"    ", b"# distutils: ", b"use mpi", b"\xff\x00"),
        *(b"'''", b'"""'),
    )
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=40).map(b"".join) | st.binary(max_size=200))
def test_it_never_raises(data: bytes) -> None:
    for name in ("a.c", "a.pyx", "a.py", "a.f90", ""):
        for include in scan_includes(name, data):
            assert include.name
            assert len(include.name) <= 400
            assert include.line >= 1
