"""`wheelplan diagnose` on the command line: what it prints, where it reads from, its codes."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import Wheelplan

MACHINE = Path(__file__).parent / "cases" / "ml" / "machine.toml"
LOG = """\
Collecting psycopg2==2.9.13
  error: subprocess-exited-with-error
  × Getting requirements to build wheel did not run successfully.
      Error: pg_config executable not found.
      [end of output]
ERROR: Failed to build 'psycopg2' when getting requirements to build wheel
"""
TOLD = """\
error WP201: Building psycopg2 2.9.13 needs libpq (PostgreSQL): the program pg_config was not found.
  build.log:4: Error: pg_config executable not found.
  -> apt-get install -y --no-install-recommends libpq-dev
A build stops at the first thing that lacks: `wheelplan check psycopg2==2.9.13` tells all of them.
"""


class Diagnosed:
    """The command, on a log and a machine of the tests."""

    def __init__(self, folder: Path, wheelplan: Wheelplan) -> None:
        self.folder, self.wheelplan = folder, wheelplan

    def __call__(self, text: str, *words: str) -> tuple[int, str]:
        (self.folder / "build.log").write_text(text, encoding="utf-8")
        ran = self.wheelplan("diagnose", "build.log", "--machine", MACHINE, *words)
        assert ran.err == ""
        return ran.code, ran.out


@pytest.fixture
def diagnose(sealed: Path, wheelplan: Wheelplan) -> Diagnosed:
    return Diagnosed(sealed, wheelplan)


def test_the_cause_the_line_and_the_command_are_told(diagnose: Diagnosed) -> None:
    assert diagnose(LOG) == (1, TOLD)


@pytest.mark.parametrize("word", ["-", ""])
def test_a_log_may_come_through_a_pipe(
    sealed: Path, wheelplan: Wheelplan, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LOG.encode("utf-8"))))
    ran = wheelplan("diagnose", *filter(None, [word]), "--machine", MACHINE)
    assert (ran.code, ran.out) == (1, TOLD.replace("build.log", "-"))


def test_programs_get_json_with_stable_keys(diagnose: Diagnosed) -> None:
    code, out = diagnose(LOG, "--output-format", "json")
    found = json.loads(out)
    assert (code, found["verdict"], found["exit-code"], found["log"]) == (1, "known", 1, "build.log")
    (one,) = found["findings"]
    assert (one["code"], one["project"], one["evidence"]) == ("WP201", "psycopg2", ["build.log:4"])


def test_gates_get_the_place_in_the_log(diagnose: Diagnosed) -> None:
    code, out = diagnose(LOG, "--output-format", "github")
    assert (code, out.startswith("::error file=build.log,line=4,title=WP201")) == (1, True)
    code, out = diagnose(LOG, "--output-format", "sarif")
    assert (code, json.loads(out)["runs"][0]["results"][0]["ruleId"]) == (1, "WP201")


def test_what_no_line_tells_is_not_known(diagnose: Diagnosed) -> None:
    code, out = diagnose(LOG.replace("pg_config executable not found.", "the moon is not full"))
    assert code == 2
    assert out == (
        "doubt WP706: No line that is known here tells why psycopg2 2.9.13 failed.\n"
        "  build.log:4: Error: the moon is not full\n"
        "  -> `wheelplan check psycopg2==2.9.13` tells what building it needs\n"
    )


@pytest.mark.parametrize(
    ("text", "code", "out"),
    [
        ("exit status 9\n", 2, "doubt WP706: No line that is known here tells why it failed.\n"),
        ("Successfully installed x-1\n", 0, "build.log: nothing failed, as the installer says at its end.\n"),
        (
            "",
            2,
            (
                "doubt WP706: The log is empty: it tells of no failure.\n"
                "  -> what goes wrong is mostly written to the other stream: `… 2>&1 | wheelplan diagnose`\n"
            ),
        ),
    ],
)
def test_a_log_without_a_failure(diagnose: Diagnosed, text: str, code: int, out: str) -> None:
    assert diagnose(text) == (code, out)


REMEDIES = {
    "error: can't find Rust compiler": "apt-get install -y --no-install-recommends cargo rustc",
    "error: package `x v1.0` cannot be built because it requires rustc 1.99 or newer": "rustup",
    "x.c:1:10: fatal error: Python.h: No such file or directory": "install -y --no-install-recommends python3-dev",
    "x.c:1:10: fatal error: unheard/of.h: No such file or directory": "`apt-file search unheard/of.h`",
    "CMake 9.5 or higher is required.  You are running version 3.25.1": "pip install 'cmake>=9.5'",
    "ModuleNotFoundError: No module named 'torch'": "--no-build-isolation-package psycopg2",
    "ModuleNotFoundError: No module named 'skbuild'": "install scikit-build first",
    "ModuleNotFoundError: No module named 'pkg_resources'": "put `setuptools<82` into a file",
    "g++: fatal error: Killed signal terminated program cc1plus": "MAX_JOBS=1",
    "OSError: [Errno 28] No space left on device": "TMPDIR",
    "x.c:1:10: fatal error: longintrepr.h: No such file or directory": "another Python",
    "x.c:9:5: error: expected ';' before '}' token": "a newer version of the project",
    "nvcc fatal   : Unsupported gpu architecture 'compute_70'": "TORCH_CUDA_ARCH_LIST",
    "#error -- unsupported GNU version! gcc versions later than 12 are not supported!": "CC=gcc-12",
}


@pytest.mark.parametrize("line", REMEDIES)
def test_each_cause_has_something_to_do(diagnose: Diagnosed, line: str) -> None:
    code, out = diagnose(LOG.replace("Error: pg_config executable not found.", line))
    assert code == 1
    (remedy,) = (told for told in out.splitlines() if told.startswith("  -> "))
    assert REMEDIES[line] in remedy


def test_what_is_here_now_is_said(diagnose: Diagnosed) -> None:
    _, out = diagnose(LOG, "--assume", "program:pg_config=15.8")
    assert "  here it is found: pg_config 15.8; where it was built, it was not\n  -> apt-get" in out


def test_nothing_of_a_log_reaches_the_terminal_raw(diagnose: Diagnosed) -> None:
    _, out = diagnose("x.c:1:10: fatal error: a\u202eb.h: \x9b31mNo such file\nRuntimeError: \u202e\x9b\n")
    assert out.isascii() or "\u202e" not in out
    assert "\x9b" not in out


def test_no_password_of_a_log_is_shown(diagnose: Diagnosed) -> None:
    for line in (
        "<urlopen error https://bob:hunter2@files.test/x refused>",
        "no https://bob:hunter2@files.test/x",
    ):
        for form in ("text", "json", "sarif", "github"):
            _, out = diagnose(LOG.replace("pg_config executable not found.", line), "--output-format", form)
            assert "hunter2" not in out
            assert form in ("sarif", "github") or "https://files.test/x" in out


def test_a_remedy_holds_no_command_of_the_log(diagnose: Diagnosed) -> None:
    for name in ("$(reboot).h", "a b;reboot.h", "`reboot`.h", "--help.h"):
        _, out = diagnose(f"x.c(3): fatal error C1083: Cannot open include file: '{name}': No such file")
        (remedy,) = [line for line in out.splitlines() if line.startswith("  -> ")] or ["  -> "]
        assert "reboot" not in remedy
        assert "--help" not in remedy


def test_what_fails_behind_an_installation_is_no_build(diagnose: Diagnosed) -> None:
    code, out = diagnose("Successfully installed x-1\nModuleNotFoundError: No module named 'requests'\n")
    assert (code, out.splitlines()[0], out.splitlines()[2]) == (
        1,
        "error WP210: The project needs the Python module requests, which is not there.",
        "  -> install requests",
    )
    _, out = diagnose("Successfully installed x-1\nModuleNotFoundError: No module named 'pkg_resources'\n")
    assert "  -> install `setuptools<82`, or a newer" in out


def test_a_shared_library_is_the_loaders_affair(diagnose: Diagnosed) -> None:
    _, out = diagnose(
        "ImportError: libglib-2.0.so.0: cannot open shared object file: No such file or directory"
    )
    assert "the shared library libglib-2.0 was not found" in out
    _, out = diagnose("ImportError: libodd-2.so.0: cannot open shared object file: No such file or directory")
    assert "apt-file search libodd-2.so" in out


GCC = "x.c:1:10: fatal error: ffi.h: No such file or directory"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marks_of_an_encoding_are_no_part_of_a_log(sealed: Path, wheelplan: Wheelplan, encoding: str) -> None:
    (sealed / "build.log").write_bytes(f"building x\r\n{GCC}\r\n".encode(encoding))
    ran = wheelplan("diagnose", "build.log", "--machine", MACHINE)
    assert (ran.code, ran.out.splitlines()[1]) == (1, f"  build.log:2: {GCC}")


def test_of_a_long_log_the_end_counts(
    sealed: Path, wheelplan: Wheelplan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planner.request.MAX_STDIN", 64)
    monkeypatch.setattr("planner.diagnosing.reading.MAX_STDIN", 64)
    monkeypatch.setattr("planner.diagnosing.reading._MOST", 100)
    monkeypatch.setattr("planner.diagnosing.reading._LINES", 3)
    text = "nothing at all\n" * 80 + f"{GCC}\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode("utf-8"))))
    ran = wheelplan("diagnose", "--machine", MACHINE)
    assert (ran.code, ran.out.splitlines()[1]) == (1, f"  -:81: {GCC}")


def test_a_log_may_be_a_pipe_with_a_name(sealed: Path, wheelplan: Wheelplan) -> None:
    os.mkfifo(sealed / "pipe")
    writer = threading.Thread(target=(sealed / "pipe").write_text, args=(GCC,))
    writer.start()
    ran = wheelplan("diagnose", "pipe", "--machine", MACHINE)
    writer.join()
    assert (ran.code, ran.out.splitlines()[1]) == (1, f"  pipe:1: {GCC}")


@pytest.mark.parametrize("name", ["gone.log", ".", "a\0b"])
def test_a_log_that_cannot_be_read_is_said(sealed: Path, wheelplan: Wheelplan, name: str) -> None:
    ran = wheelplan("diagnose", name)
    assert (ran.code, ran.out) == (2, "")
    assert "The log cannot be read" in ran.err
    assert "wheelplan diagnose" in ran.err


@pytest.mark.parametrize(
    ("line", "system", "remedy"),
    [
        ("x.c(3): fatal error C1083: Cannot open include file: 'libpq-fe.h': No such file", "Windows", ""),
        (
            "/opt/homebrew/x.h:1:10: fatal error: 'libpq-fe.h' file not found",
            "macOS",
            "  -> brew install libpq\n",
        ),
    ],
)
def test_a_log_of_another_system_is_not_held_against_this_one(
    sealed: Path, wheelplan: Wheelplan, line: str, system: str, remedy: str
) -> None:
    (sealed / "build.log").write_text(line, encoding="utf-8")
    ran = wheelplan("diagnose", "build.log")
    assert ran.code == 1
    assert "here it is found" not in ran.out
    assert f"The log is of {system}; `--machine FILE` says what that machine has.\n" in ran.out
    assert remedy in ran.out
    assert "apt" not in ran.out.replace("apt:", "")
