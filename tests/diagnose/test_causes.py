"""Logs to causes: what a line means, which of many counts, and what stands around them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.diagnosing.causes import Cause, diagnose
from planner.diagnosing.log import failures, lines_of
from planner.findings import CODES
from planner.knowledge.signs import Sign, signs
from planner.needs import Role
from tests.diagnose.table import FINE, Row, judged, rows

GCC = "x.c:1:10: fatal error: libpq-fe.h: No such file or directory"
PIP = """\
Collecting psycopg-c==3.2.1
  Downloading psycopg_c-3.2.1.tar.gz (600 kB)
  Building wheel for psycopg-c (pyproject.toml): started
  Building wheel for psycopg-c (pyproject.toml): finished with status 'error'
  error: subprocess-exited-with-error

  × Building wheel for psycopg-c (pyproject.toml) did not run successfully.
  │ exit code: 1
  ╰─> [3 lines of output]
      running build_ext
      {line}
      compilation terminated.
      [end of output]

  note: This error originates from a subprocess, and is likely not a problem with pip.
  ERROR: Failed building wheel for psycopg-c
Failed to build psycopg-c
"""


def causes(text: str) -> list[Cause]:
    return [cause for one in diagnose(text).failed for cause in one.causes]


def told(text: str) -> list[tuple[str, str]]:
    return [(cause.code, cause.subject) for cause in causes(text)]


def test_one_thing_that_goes_by_several_names_lacks_once() -> None:
    line = "Command 'pkg-config --exists {}' returned non-zero exit status 1."
    names = ("mysqlclient", "mariadb", "libmariadb", "perconaserverclient")
    tried = "\n      ".join(line.format(name) for name in names)
    assert told(PIP.format(line=tried)) == [("WP201", "pkg-config:mysqlclient")]


def test_each_sign_reads_its_example_and_no_earlier_one_does() -> None:
    for sign in signs():
        expected = (
            [sign.id] if sign.rank < 9 else []
        )  # the faintest are there to say that a line means nothing
        assert [cause.sign for cause in causes(sign.example)] == expected, sign.id


def test_signs_speak_of_codes_and_roles_that_there_are() -> None:
    assert {sign.code for sign in signs()} <= CODES.keys()
    assert {sign.role for sign in signs()} <= {"build", "run"}
    assert Role is not None
    assert all(sign.source.startswith("http") or " " in sign.source or "." in sign.source for sign in signs())


@pytest.fixture(scope="module")
def verdicts() -> list[tuple[Row, str]]:
    return [(row, judged(row)[0]) for row in rows()]


@pytest.mark.parametrize(
    ("half", "right", "wrong"), [("tune", 0.98, 0.01), ("hold", 0.95, 0.02), ("fresh", 0.95, 0.02)]
)
def test_real_logs_are_diagnosed(
    verdicts: list[tuple[Row, str]], half: str, right: float, wrong: float
) -> None:
    found = [verdict for row, verdict in verdicts if row.half == half]
    assert len(found) > 200
    assert found.count("right") >= right * len(found), "python -m tests.diagnose.table"
    assert found.count("wrong") <= wrong * len(found), "unknown is honest, wrong is not"


def test_nothing_is_blamed_where_all_went_well(verdicts: list[tuple[Row, str]]) -> None:
    fine = [(row.id, verdict) for row, verdict in verdicts if row.kinds & FINE]
    assert len(fine) > 40
    assert [name for name, verdict in fine if verdict != "right"] == []


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda line: f"#12 34.56 {line}",
        lambda line: f"2026-11-24T09:00:05.8774560Z {line}",
        lambda line: f"\x1b[31m{line}\x1b[0m",
        lambda line: f"{line}\r",
        lambda line: f"app-1  | {line}",
        lambda line: f"[12:30:01] {line}",
        lambda line: f"Downloading 10%\rDownloading 90%\r{line}",
        lambda line: f"{'Downloading 10%' * 999}\r{line}",
    ],
    ids=["docker build", "GitHub", "colours", "Windows", "compose", "Jenkins", "progress", "long progress"],
)
def test_what_others_put_around_a_line_is_taken_off(wrapped: object) -> None:
    assert callable(wrapped)
    text = "\n".join(map(wrapped, PIP.format(line=GCC).split("\n")))
    one = diagnose(text).failed[0]
    assert (one.failure.project, one.failure.version) == ("psycopg-c", "3.2.1")
    assert [(cause.code, cause.subject, cause.line.number) for cause in one.causes] == [
        ("WP201", "header:libpq-fe.h", 11)
    ]
    assert one.causes[0].line.text == GCC


UV = """\
Resolved 1 package in 216ms
   Building psycopg2==2.9.13
  × Failed to build `psycopg2==2.9.13`
  ├─▶ The build backend returned an error
  ╰─▶ Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)

      [stderr]
      Error: pg_config executable not found.
"""


def test_uv_names_the_project_first() -> None:
    (one,) = diagnose(UV).failed
    assert (one.failure.project, one.failure.version) == ("psycopg2", "2.9.13")
    assert told(UV) == [("WP201", "program:pg_config")]


def test_each_failed_build_has_its_own_cause() -> None:
    other = PIP.format(line="error: can't find Rust compiler").replace("psycopg-c", "bcrypt")
    both = PIP.format(line=GCC) + other
    assert [
        (one.failure.project, told[0].subject) for one in diagnose(both).failed if (told := one.causes)
    ] == [
        ("psycopg-c", "header:libpq-fe.h"),
        ("bcrypt", "dep:virtual/compiler/rust"),
    ]


def test_a_complaint_in_a_build_that_went_well_is_none() -> None:
    text = f"{GCC}\n  Building wheel for x (pyproject.toml): finished with status 'done'\nSuccessfully installed x-1"
    assert diagnose(text).well
    traceback = f"{text}\nTraceback (most recent call last):\nValueError: the moon is not full"
    assert not diagnose(traceback).well
    assert told(f"{text}\nImportError: libGL.so.1: cannot open shared object file: No such file") == [
        ("WP206", "library:GL")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        # The nearest cause counts, whatever stands last.
        f"{GCC}\nx.c:9:1: error: unknown type name 'PGconn'": [("WP201", "header:libpq-fe.h")],
        f"{GCC}\ng++: fatal error: Killed signal terminated program cc1plus": [("WP403", "")],
        # Checks of a build system may fail.
        f"_configtest.c:1:10: fatal error: mpi.h: No such file or directory\n{GCC}": [
            ("WP201", "header:libpq-fe.h")
        ],
        "-- Could NOT find CUDA (missing: CUDA_NVCC)\nCMake Error: CMAKE_CXX_COMPILER not set, after EnableLanguage": [
            ("WP201", "dep:virtual/compiler/cxx")
        ],
        # What is Python's, a compiler's or a distribution's is not a library's.
        "a.c:1:10: fatal error: longintrepr.h: No such file or directory": [
            ("WP208", "header:longintrepr.h")
        ],
        "a.c:1:10: fatal error: sys/types.h: No such file or directory": [
            ("WP201", "dep:virtual/compiler/c")
        ],
        "a.cpp:1:10: fatal error: cstdint: No such file or directory": [
            ("WP201", "dep:virtual/compiler/cxx")
        ],
        "a.c:1:10: fatal error: numpy/arrayobject.h: No such file or directory": [("WP210", "module:numpy")],
        "error: [Errno 2] No such file or directory: 'aarch64-linux-gnu-g++'": [
            ("WP201", "dep:virtual/compiler/cxx")
        ],
        "error: [Errno 2] No such file or directory: 'README.md'": [("WP213", "")],
        "error: xmlsec1 is not installed or not in path.": [("WP201", "pkg-config:xmlsec1")],
        "RuntimeError: SWIG must be found, but we could not find the swig executable.": [
            ("WP201", "program:swig")
        ],
        # What was tried again, and what is only warned of, is no cause.
        f"WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'Read timed out'\n{GCC}": [
            ("WP201", "header:libpq-fe.h")
        ],
        f"UserWarning: Python 3.13 is not supported\n{GCC}": [("WP201", "header:libpq-fe.h")],
        "x.cpp:3:1: error: 'std::bad_alloc' has not been declared": [("WP213", "")],
        # Names are told whole.
        "ModuleNotFoundError: No module named 'torchvision'": [("WP210", "module:torchvision")],
        "ImportError: libpython3.9.so.1.0: cannot open shared object file": [("WP206", "library:python3.9")],
        "ImportError: libglib-2.0.so.0: cannot open shared object file": [("WP206", "library:glib-2.0")],
        "error: command 'x86_64-conda-linux-gnu-cc' failed: No such file or directory": [
            ("WP201", "dep:virtual/compiler/c")
        ],
        "ModuleNotFoundError: No module named 'telnetlib'": [("WP208", "module:telnetlib")],
        # Nobody knows: words of a sentence are no programs, and a check may find nothing.
        "RuntimeError: the file was not found": [],
        "checking for swig... swig not found": [],
        "RuntimeError: the moon is not full": [],
    }.items(),
)
def test_which_line_counts(text: str, expected: list[tuple[str, str]]) -> None:
    assert told(text) == expected


def test_an_unknown_cause_shows_the_line_that_says_most() -> None:
    (one,) = diagnose(PIP.format(line="RuntimeError: the moon is not full")).failed
    assert not one.causes
    assert one.said is not None
    assert one.said.text == "RuntimeError: the moon is not full"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.sampled_from([sign.example for sign in signs()]))
def test_any_text_is_a_log(text: str, example: str) -> None:
    diagnose(text)
    assert all(line.number for line in lines_of(f"{text}\n{example}"))
    assert sum(len(one.lines) for one in failures(lines_of(text))) <= text.count("\n") + 1


def _stretched(sign: Sign) -> str:
    """A line that makes a sloppy expression try for long: what the sign looks for, with much before and behind."""
    return f"{'a.c:1: ' * 300}{sign.has[0]}{'x ' * 300}{sign.has[0]} '{'y' * 600}"


def test_no_line_takes_long() -> None:
    text = "\n".join(_stretched(sign) for sign in signs())
    begun = time.process_time()
    diagnose(text)
    assert time.process_time() - begun < 5, "an expression that backtracks takes minutes"


@pytest.mark.parametrize(
    ("sign", "line"),
    [
        ("wrong-wheel", "ERROR: a.whl" + "a_" * 2000),
        ("nvcc-requested", "nvcc was not found" + "a-" * 2000),
        ("ignored-for-python", "require a different python version: " + "1 Requires-Python >=3 " * 180),
        ("shared-library", "lib" * 1320 + "cannot open shared object file"),
    ],
)
def test_no_line_is_tried_from_each_of_its_characters(sign: str, line: str) -> None:
    (one,) = (one for one in signs() if one.id == sign)
    begun = time.process_time()
    assert one.line.search(line) is None
    assert time.process_time() - begun < 0.04


def test_many_failures_take_no_longer_each() -> None:
    text = "\n".join(f"{GCC}\nERROR: Failed building wheel for p{number}" for number in range(3000))
    begun = time.process_time()
    assert [one.failure.project for one in diagnose(text).failed][-1] == "p2999"
    assert time.process_time() - begun < 3, "it took half a minute when each looked through all of the log"


def test_what_a_sign_looks_for_first_hides_none_of_it() -> None:
    """Each word of an alternative that a table's first filter left out was never read."""
    lines = {
        "python-only": "Python 2.7 is required",
        "no-imp": "No module named 'crypt'",
        "name-resolution": "socket.gaierror: [Errno 11001] getaddrinfo failed",
        "unixodbc": "x.c:1:1: fatal error: sqlext.h: No such file",
        "disk-full-windows": "OSError: [WinError 112] Es steht nicht genug Speicher zur Verfuegung",
        "torch-unseen": "PyTorch is required to build this",
        "numpy-missing": "NumPy is required",
        "configparser": "AttributeError: 'ConfigParser' object has no attribute 'readfp'",
        "libstdcxx-too-old": "libstdc++.so.6: version `GLIBCXX_3.4.32' not found",
        "implicit-function": "x.c:1:1: error: call to undeclared function 'foo'",
    }
    assert {sign: [cause.sign for cause in causes(line)] for sign, line in lines.items()} == {
        sign: [sign] for sign in lines
    }
