"""Headers, libraries, pkg-config modules and programs: where they are looked for, and where they are not."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.facts import NOWHERE, Absent, Known, Unknown, is_name
from planner.probes.development import FAMILIES, look
from planner.probes.host import LocalHost
from planner.probes.interpreter import Target
from planner.probes.port import Ran, System
from planner.probes.python import choose
from planner.probes.recorded import RecordedHost

MACHINES = Path(__file__).parent.parent / "machines"
LIBPQ = b"Name: libpq\nVersion: 15.8\nCflags: -I/usr/include/postgresql\n"


def target(**fields):
    values = {
        "executable": "/usr/bin/python3", "chosen": "x", "abi": "cp312", "bits": 64, "platform": "linux-x86_64",
        "markers": {"sys_platform": "linux", "platform_machine": "x86_64", "python_full_version": "3.12.1"},
        "include": "/usr/include/python3.12", "prefix": "/usr", "sites": (), "libc": "", "loader": "",
    }  # fmt: skip
    return Target(**{**values, **fields})


def facts(subjects, files=(), environ=None, os="linux", python=None, **more):
    contents = files if isinstance(files, dict) else dict.fromkeys(files, b"")
    host = RecordedHost(
        system=System(os=os, machine="x86_64"),
        environ={"PATH": "/usr/bin", **(environ or {})},
        files=contents,
        **more,
    )
    return dict(look(host, python or target(), subjects.split()))


def fact(subject, files=(), **more):
    return facts(subject, files, **more)[subject]


def missing(family):
    return Absent(NOWHERE[family])


@pytest.mark.parametrize(
    ("subject", "path", "environ"),
    [
        ("header:zlib.h", "/usr/include/zlib.h", {}),
        ("header:zlib.h", "/usr/local/include/zlib.h", {}),
        ("header:ffi.h", "/usr/include/x86_64-linux-gnu/ffi.h", {}),
        ("header:openssl/ssl.h", "/usr/include/openssl/ssl.h", {}),
        ("header:omp.h", "/usr/lib/gcc/x86_64-linux-gnu/12/include/omp.h", {}),
        ("header:x.h", "/opt/x/include/x.h", {"CPATH": "/no:/opt/x/include"}),
        ("header:x.h", "/opt/x/include/x.h", {"C_INCLUDE_PATH": "/opt/x/include"}),
        ("header:x.h", "/opt/x/include/x.h", {"CPLUS_INCLUDE_PATH": "/opt/x/include"}),
        ("header:x.h", "/opt/x/include/x.h", {"CFLAGS": "-O2 -I/opt/x/include -g"}),
        ("header:x.h", "/opt/x/include/x.h", {"CPPFLAGS": "-isystem /opt/x/include"}),
        ("library:pq", "/usr/lib/x86_64-linux-gnu/libpq.so", {}),
        ("library:pq", "/usr/lib64/libpq.a", {}),
        ("library:pq", "/usr/local/lib/libpq.so", {}),
        ("library:gomp", "/usr/lib/gcc/x86_64-linux-gnu/12/libgomp.so", {}),
        ("library:x", "/opt/x/lib/libx.so", {"LIBRARY_PATH": "/opt/x/lib"}),
        ("library:x", "/opt/x/lib/libx.so", {"LDFLAGS": "-L/opt/x/lib"}),
        ("shared:usb-1.0", "/usr/lib/x86_64-linux-gnu/libusb-1.0.so.0", {}),
        ("shared:usb-1.0", "/usr/lib/libusb-1.0.so.0.3.0", {}),
        ("shared:x", "/opt/x/lib/libx.so.1", {"LD_LIBRARY_PATH": "/opt/x/lib"}),
    ],
)
def test_where_things_are_found(subject, path, environ):
    assert fact(subject, [path], environ=environ) == Known("", path)


@pytest.mark.parametrize(
    ("subject", "path", "environ"),
    [
        ("header:libpq-fe.h", "/usr/include/postgresql/libpq-fe.h", {}),
        ("header:x.h", "/opt/x/include/x.h", {}),
        ("header:x.h", "/project/x.h", {"CPATH": ".:"}),
        ("library:x", "/opt/x/lib/libx.so", {}),
        ("library:x", "/usr/lib/x.so", {}),
        ("shared:x", "/opt/x/lib/libx.so.1", {}),
        ("pkg-config:x", "/opt/x/lib/pkgconfig/x.pc", {}),
    ],
)
def test_where_nobody_looks(subject, path, environ):
    assert fact(subject, {path: b"Name: x\nVersion: 1\n"}, environ=environ) == missing(
        subject.partition(":")[0]
    )


def test_a_run_time_library_alone_links_nothing():
    assert fact("library:pq", ["/usr/lib/x86_64-linux-gnu/libpq.so.5"]) == Absent(
        "only the run-time library /usr/lib/x86_64-linux-gnu/libpq.so.5 is there"
    )
    assert fact("library:p", ["/usr/lib/libpq.so.5"]) == missing("library")


def test_of_several_compilers_the_newest_counts():
    gcc = "/usr/lib/gcc/x86_64-linux-gnu"
    files = [f"{gcc}/9/include/omp.h", f"{gcc}/12/include/omp.h"]
    assert fact("header:omp.h", files) == Known("", f"{gcc}/12/include/omp.h")


def test_a_header_that_a_module_leads_to():
    files = {"/usr/lib/pkgconfig/libpq.pc": LIBPQ, "/usr/include/postgresql/libpq-fe.h": b""}
    found = facts("header:libpq-fe.h pkg-config:libpq", files)
    assert found == {
        "pkg-config:libpq": Known("15.8", "/usr/lib/pkgconfig/libpq.pc"),
        "header:libpq-fe.h": Known("", "/usr/include/postgresql/libpq-fe.h, by pkg-config libpq"),
    }


@pytest.mark.parametrize(
    ("folder", "environ", "programs", "found"),
    [
        ("/usr/lib/x86_64-linux-gnu/pkgconfig", {}, (), True),
        ("/usr/share/pkgconfig", {}, ("/usr/bin/pkg-config",), True),
        ("/usr/local/lib/pkgconfig", {}, (), True),
        ("/opt/x", {"PKG_CONFIG_PATH": "/opt/x"}, (), True),
        ("/opt/x", {"PKG_CONFIG_LIBDIR": "/opt/x"}, (), True),
        ("/usr/lib/pkgconfig", {"PKG_CONFIG_LIBDIR": "/opt/x"}, (), False),
        ("/conda/lib/pkgconfig", {"PATH": "/conda/bin:/usr/bin"}, ("/conda/bin/pkg-config",), True),
        ("/conda/lib/pkgconfig", {}, (), False),
    ],
)
def test_folders_of_pkg_config(folder, environ, programs, found):
    files = {f"{folder}/zlib.pc": b"Name: zlib\nVersion: 1.3\n"}
    result = fact("pkg-config:zlib", files, environ=environ, programs=frozenset(programs))
    assert result == (Known("1.3", f"{folder}/zlib.pc") if found else missing("pkg-config"))


def test_a_pkg_config_of_its_own_does_not_see_the_system():
    files = {
        "/conda/lib/pkgconfig/a.pc": b"Name: a\nVersion: 1\n",
        "/usr/lib/pkgconfig/zlib.pc": b"Name: zlib\nVersion: 1.3\n",
    }
    environ = {"PATH": "/conda/bin:/usr/bin"}
    programs = frozenset({"/conda/bin/pkg-config", "/usr/bin/pkg-config"})
    assert fact("pkg-config:zlib", files, environ=environ, programs=programs) == missing("pkg-config")


def test_a_damaged_module_is_passed_over():
    files = {"/usr/lib/pkgconfig/x.pc": b"\xff\x00", "/usr/share/pkgconfig/x.pc": b"Name: x\nVersion: 2\n"}
    assert fact("pkg-config:x", files) == Known("2", "/usr/share/pkgconfig/x.pc")


def test_a_conda_python_has_its_own_folders():
    python = target(include="/conda/include/python3.12")
    files = ["/conda/conda-meta/history", "/conda/include/zlib.h", "/conda/lib/libz.so"]
    assert fact("header:zlib.h", files, python=python) == Known("", "/conda/include/zlib.h")
    assert fact("library:z", files, python=python) == Known("", "/conda/lib/libz.so")
    assert fact("header:zlib.h", files) == missing("header")


def test_a_narrow_python_has_narrow_folders():
    python = target(bits=32)
    assert fact("library:z", ["/usr/lib/i386-linux-gnu/libz.so"], python=python).value == ""
    assert fact("library:z", ["/usr/lib/x86_64-linux-gnu/libz.so"], python=python) == missing("library")


SDK = "/Library/Developer/CommandLineTools/SDKs/MacOSX.sdk"
XCODE = {("/usr/bin/xcode-select", "-p"): Ran(0, "/Library/Developer/CommandLineTools\n")}


def test_apples_sdk():
    files = [f"{SDK}/usr/include/zlib.h", f"{SDK}/usr/lib/libz.tbd"]
    found = facts("header:zlib.h library:z shared:z header:x.h", files, os="darwin", runs=XCODE)
    assert found["header:zlib.h"] == Known("", f"{SDK}/usr/include/zlib.h")
    assert found["library:z"] == found["shared:z"] == Known("", f"{SDK}/usr/lib/libz.tbd")
    assert found["header:x.h"] == missing("header")
    assert fact("header:zlib.h", files, os="darwin") == missing("header")  # no developer tools


def test_homebrew_on_apple_silicon_is_not_on_the_path_of_compilers():
    files = ["/opt/homebrew/include/ffi.h", "/opt/homebrew/lib/libffi.dylib"]
    found = facts("header:ffi.h library:ffi shared:ffi", files, os="darwin", runs=XCODE)
    assert "/opt/homebrew/include/ffi.h is there, but" in found["header:ffi.h"].how
    assert "/opt/homebrew/lib/libffi.dylib is there, but" in found["library:ffi"].how
    assert all(isinstance(one, Absent) for one in found.values())
    said = {"CPATH": "/opt/homebrew/include", "LIBRARY_PATH": "/opt/homebrew/lib"}
    found = facts("header:ffi.h library:ffi", files, os="darwin", runs=XCODE, environ=said)
    assert all(isinstance(one, Known) for one in found.values())


def test_on_windows_a_developer_prompt_says_it():
    python = target(
        include="C:\\Python\\Include", markers={"sys_platform": "win32", "platform_machine": "AMD64"}
    )
    subjects = "header:zlib.h library:zlib shared:zlib pkg-config:zlib"
    found = facts(subjects, os="windows", python=python)
    assert isinstance(found["header:zlib.h"], Unknown)
    assert isinstance(found["library:zlib"], Unknown)
    assert isinstance(found["shared:zlib"], Unknown)
    assert found["pkg-config:zlib"] == missing("pkg-config")
    environ = {"INCLUDE": "C:\\sdk\\inc;C:\\zlib\\inc", "LIB": "C:\\zlib\\lib"}
    files = ["C:\\zlib\\inc\\zlib.h", "C:\\zlib\\lib\\zlib.lib"]
    found = facts(subjects + " header:x.h", files, os="windows", python=python, environ=environ)
    assert found["header:zlib.h"] == Known("", "C:\\zlib\\inc\\zlib.h")
    assert found["library:zlib"] == Known("", "C:\\zlib\\lib\\zlib.lib")
    assert found["header:x.h"] == missing("header")


def test_programs_are_asked_for_their_version_where_it_is_known_how():
    found = facts(
        "program:dot program:unheard-of program:gone",
        programs=frozenset({"/usr/bin/dot", "/usr/bin/unheard-of"}),
        runs={("/usr/bin/dot", "-V"): Ran(0, "", "dot - graphviz version 2.43.0 (0)\n")},
    )
    assert found == {
        "program:dot": Known("2.43.0", "/usr/bin/dot"),
        "program:unheard-of": Known("", "/usr/bin/unheard-of"),
        "program:gone": missing("program"),
    }


def test_what_is_no_name_is_not_looked_for():
    found = facts(
        "header:../x.h header:/etc/passwd library:a*b pkg-config:.. header:a//b", ["/usr/x.h", "/etc/passwd"]
    )
    assert set(found.values()) == {Unknown("this is no name to look for")}
    assert len(found) == 5


def test_what_others_answer_is_passed_over():
    assert (
        facts(
            "header:Python.h cmake:ZLIB dep:generic/zlib crate:x glibc candidate:x", ["/usr/include/Python.h"]
        )
        == {}
    )


names = st.text("abz.+-_/0123456789 \\:*\x00é", max_size=12)
subjects = st.lists(st.builds("{}:{}".format, st.sampled_from([*FAMILIES, "cmake"]), names), max_size=8)


@given(subjects)
@settings(max_examples=100, deadline=None)
def test_each_subject_has_one_fact_of_the_vocabulary(asked):
    found = list(look(RecordedHost(system=System(os="linux", machine="x86_64")), target(), asked))
    told = [name for name, _ in found]
    assert len(told) == len(set(told))
    assert set(told) == {subject for subject in asked if not subject.startswith("cmake:")}
    assert all(is_name(name) for name in told if name.partition(":")[2])


# -- recorded machines ------------------------------------------------------------------------------------

ASKED = (
    "header:stdio.h header:zlib.h header:libpq-fe.h header:openssl/ssl.h header:omp.h header:ffi.h pkg-config:libpq "
    "pkg-config:zlib library:z library:pq library:ffi library:stdc++ shared:z shared:pq program:pg_config program:c++"
)


@pytest.mark.parametrize(
    ("machine", "here"),
    [
        ("debian-12-python3", {"shared:z"}),
        (
            "debian-12-gcc",
            {"header:stdio.h", "header:zlib.h", "header:omp.h", "pkg-config:zlib", "library:z", "shared:z"},
        ),
        (
            "debian-12-libpq",
            {*ASKED.split()} - {"header:ffi.h", "library:ffi"},
        ),
    ],
)
def test_recorded_debians(machine, here):
    host = RecordedHost.load(MACHINES / f"{machine}.toml")
    found = dict(look(host, choose(host), ASKED.split()))
    assert {name for name, one in found.items() if isinstance(one, Known)} == here
    assert not any(isinstance(one, Unknown) for one in found.values())


@pytest.mark.live
def test_speed_here():
    """400 subjects in well under 50 ms."""
    host = LocalHost(dict(os.environ))
    python = choose(host)
    asked = [f"{family}:x{number}" for family in FAMILIES for number in range(80)]
    start = time.monotonic()
    assert len(dict(look(host, python, asked))) == 400
    assert time.monotonic() - start < 0.05
