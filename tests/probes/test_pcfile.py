"""pkg-config's files, good and bad."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.probes.pcfile import Module, read_pc

LIBPQ = b"""prefix=/usr
exec_prefix=${prefix}
includedir=${prefix}/include/postgresql
libdir=${prefix}/lib/x86_64-linux-gnu
Name: libpq
Description: PostgreSQL libpq library
Url: x
Version: 15.8
Requires.private: libssl, libcrypto
Libs: -L${libdir} -lpq
Cflags: -I${includedir}
"""


@pytest.mark.parametrize(
    ("content", "module"),
    [
        (LIBPQ, Module(version="15.8", includes=("/usr/include/postgresql",))),
        (LIBPQ.replace(b"\n", b"\r\n"), Module(version="15.8", includes=("/usr/include/postgresql",))),
        (b"Name: x\nVersion: 1.2 # the newest\n", Module(version="1.2", includes=())),
        (b"Name : x\nVersion:1.2\n", Module(version="1.2", includes=())),
        (b"v=3.4\nName: x\nVersion: ${v}.5\n", Module(version="3.4.5", includes=())),
        (b"Name: x\nVersion: ${late}\nlate=1\n", Module(version="", includes=())),
        (b"Name: x\nVersion: 1\nVersion: 2\n", Module(version="1", includes=())),
        (b"Name: x\nCflags: -I/a -pthread \\\n -I/b -DX=-Iy\n", Module(version="", includes=("/a", "/b"))),
        (b"Name: x\nCFLAGS: -I/a\n", Module(version="", includes=("/a",))),
        (b'Name: x\nCflags: -I"/a b" -I/c\\ d -I \'/e\' -I/a\n', Module(version="", includes=("/a b", "/c d", "/e", "/a"))),
        (b"prefix=${pcfiledir}/../..\nName: x\nCflags: -I${prefix}/include\n", Module(version="", includes=("/lib/pkgconfig/../../include",))),
        (b"Name: \xff\nVersion: 1\n", Module(version="1", includes=())),
        (b"", None),
        (b"Description: what\n", None),
        (b"<html><body>404</body></html>", None),
    ],
)  # fmt: skip
def test_files(content, module):
    assert read_pc(content, "/lib/pkgconfig") == module


def test_variables_that_grow_are_cut():
    lines = [b"v0=" + b"x" * 100, *(b"v%d=${v%d}${v%d}" % (n, n - 1, n - 1) for n in range(1, 100))]
    module = read_pc(b"\n".join([*lines, b"Name: bomb", b"Version: ${v99}"]))
    assert module is not None
    assert len(module.version) <= 4096


@given(st.one_of(st.binary(max_size=300), st.text("${}=:\\\"'-I nameVrsio#\n", max_size=300).map(str.encode)))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_a_module_or_none(content):
    module = read_pc(content, "/x")
    assert module is None or all(module.includes)


NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
PATHS = st.from_regex(r"/?[a-z0-9/]{1,20}", fullmatch=True)


@given(st.dictionaries(NAMES, PATHS, max_size=6))
@settings(max_examples=100, deadline=None)
def test_variables_are_what_was_assigned(values):
    lines = [f"{name}={value}" for name, value in values.items()]
    for name, value in values.items():
        module = read_pc("\n".join([*lines, "Name: x", f"Version: ${{{name}}}"]).encode())
        assert module is not None
        assert module.version == value
