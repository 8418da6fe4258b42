"""Which interpreter is the target, and what it says of itself."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.tags import sys_tags

from planner.errors import MachineError
from planner.facts import Known
from planner.probes.fingerprint import fingerprint
from planner.probes.host import LocalHost
from planner.probes.interpreter import SCRIPT, ask, read_answer
from planner.probes.port import NotRun, Ran, System
from planner.probes.python import choose, probe
from planner.probes.recorded import RecordedHost
from planner.tags import supported_tags

MARKERS = {
    "implementation_name": "cpython", "implementation_version": "3.12.4", "os_name": "posix",
    "sys_platform": "linux", "platform_machine": "x86_64", "platform_python_implementation": "CPython",
    "platform_release": "6.1", "platform_system": "Linux", "platform_version": "#1",
    "python_full_version": "3.12.4", "python_version": "3.12",
}  # fmt: skip


def says(version="3.12.4", abi=None, **more):
    short = ".".join(version.split(".")[:2])
    markers = {
        **MARKERS,
        "python_full_version": version,
        "python_version": short,
        "implementation_version": version,
    }
    answer = {
        "markers": markers, "abi": abi or "cp" + short.replace(".", ""), "bits": 64, "platform": "linux-x86_64",
        "include": "/usr/include/python", "purelib": "/site", "platlib": "/site", "sites": [], "prefix": "/usr",
        "libc": "glibc 2.36", "loader": "/lib64/ld-linux-x86-64.so.2",
    }  # fmt: skip
    answer.update(more)
    return Ran(0, json.dumps(answer) + "\n", "")


def machine(pythons, environ=None, folders=None, cwd="/home/user/app"):
    runs = {(path, "-I", "-S", "-c", "<script>"): answer for path, answer in pythons.items()}
    return RecordedHost(
        system=System(os="linux", machine="x86_64", python="/opt/wheelplan/bin/python", cwd=cwd),
        environ={"PATH": "/usr/bin:/usr/local/bin", "HOME": "/home/user", **(environ or {})},
        programs=frozenset(pythons),
        folders=folders or {},
        runs=runs,
    )


RUNNING = "/opt/wheelplan/bin/python"
ALL = {
    RUNNING: says(),
    "/venv/bin/python": says(),
    "/conda/bin/python": says(),
    "/home/user/app/.venv/bin/python": says(),
}


@pytest.mark.parametrize(
    ("environ", "gone", "executable"),
    [
        ({"VIRTUAL_ENV": "/venv", "CONDA_PREFIX": "/conda"}, [], "/venv/bin/python"),
        ({"CONDA_PREFIX": "/conda"}, [], "/conda/bin/python"),
        ({"CONDA_PREFIX": "/conda-without-python"}, [], "/home/user/app/.venv/bin/python"),
        ({}, [], "/home/user/app/.venv/bin/python"),
        ({}, ["/home/user/app/.venv/bin/python"], RUNNING),
    ],
)
def test_order(environ, gone, executable):
    host = machine({path: answer for path, answer in ALL.items() if path not in gone}, environ)
    assert choose(host).executable == executable


def test_what_was_asked_for_comes_first():
    host = machine({**ALL, "/usr/bin/python3.12": says()}, {"VIRTUAL_ENV": "/venv"})
    assert choose(host, "python3.12").executable == "/usr/bin/python3.12"
    assert choose(host, "3.12").executable == "/usr/bin/python3.12"
    assert choose(host, "/conda").executable == "/conda/bin/python"
    assert choose(host, "/conda/bin/python").executable == "/conda/bin/python"
    assert choose(host, ".venv").executable == "/home/user/app/.venv/bin/python"
    assert choose(host, "./.venv").executable == "/home/user/app/.venv/bin/python"
    assert choose(host, "../../../venv/bin/python").executable == "/venv/bin/python"


def test_versions_are_looked_for_on_path_then_with_pyenv_and_uv():
    shim = Ran(
        127, "", "pyenv: python3.11: command not found\n\nThe command exists in these Python versions:\n"
    )
    pyenv, uv = "/home/user/.pyenv/versions", "/home/user/.local/share/uv/python"
    host = machine(
        {
            "/usr/bin/python3.11": shim,
            "/usr/bin/python3": says("3.9.2"),
            f"{pyenv}/3.11.2/bin/python": says("3.11.2"),
            f"{pyenv}/3.11.10/bin/python": says("3.11.10"),
            f"{uv}/cpython-3.14.0+freethreaded-linux-x86_64-gnu/bin/python": says("3.14.0", "cp314t"),
            f"{uv}/cpython-3.14.1-linux-x86_64-gnu/bin/python": says("3.14.1"),
        }
    )
    assert choose(host, "3.11").version == "3.11.10"
    assert choose(host, "3.11.2").version == "3.11.2"
    assert choose(host, "3.9").executable == "/usr/bin/python3"
    assert choose(host, "3").version == "3.9.2"
    assert choose(host, "3.14").abi == "cp314"
    assert choose(host, "3.14t").abi == "cp314t"
    with pytest.raises(MachineError, match=r"No Python 3\.10 was found.*--python-version 3\.10"):
        choose(host, "3.10")
    with pytest.raises(MachineError, match=r"/usr/bin/python3.11 ended with code 127 \(pyenv: python3.11"):
        choose(host, "3.11.99")


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        ("/nowhere/python", "There is no Python at /nowhere/python."),
        ("pypy9", "No Python called 'pypy9' was found: not on PATH."),
        ("./bin/python", "There is no Python at ~/app/bin/python."),
        ("3.99", "No Python 3.99 was found on PATH, with pyenv or with uv."),
    ],
)
def test_what_is_not_there(python, sentence):
    with pytest.raises(MachineError) as caught:
        choose(machine(ALL), python)
    assert caught.value.what == sentence
    assert caught.value.hint


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (NotRun("took longer than 3 s and was killed"), "it took longer than 3 s"),
        (Ran(2, "", "Unknown option: -I\nusage: python\n"), r"it ended with code 2 \(Unknown option: -I\)"),
        (Ran(0, "hello\n"), "it did not answer as a Python 3.6 or newer does"),
        (Ran(0, ""), "it did not answer"),
        (Ran(0, "[" * 100_000), "it did not answer"),
        (Ran(0, '{"markers": {}}'), "it did not answer"),
        (says(bits=16), "it did not answer"),
        (says(sites="x"), "it did not answer"),
        (says("garbage"), "it did not answer"),
        (says(purelib=None), "it did not answer"),
    ],
)
def test_what_is_no_python(answer, sentence):
    with pytest.raises(MachineError, match=sentence):
        choose(machine({RUNNING: answer}))


def test_an_environment_that_is_gone():
    with pytest.raises(MachineError, match=r"VIRTUAL_ENV names /gone, where there is no Python\."):
        choose(machine(ALL, {"VIRTUAL_ENV": "/gone"}))


def test_a_wrapper_may_print_before():
    host = machine({RUNNING: Ran(0, "Activating…\n" + says().stdout)})
    assert choose(host).version == "3.12.4"


@pytest.mark.parametrize(
    ("more", "arch"),
    [
        ({}, "x86_64"),
        ({"bits": 32}, "i686"),
        ({"bits": 32, "markers": {**MARKERS, "platform_machine": "aarch64"}}, "armv7l"),
        ({"markers": {**MARKERS, "platform_machine": "ppc64le"}}, "ppc64le"),
        (
            {
                "platform": "win32",
                "markers": {**MARKERS, "sys_platform": "win32", "platform_machine": "AMD64"},
            },
            "x86",
        ),
        (
            {
                "platform": "win-amd64",
                "markers": {**MARKERS, "sys_platform": "win32", "platform_machine": "AMD64"},
            },
            "amd64",
        ),
        (
            {
                "platform": "win-arm64",
                "markers": {**MARKERS, "sys_platform": "win32", "platform_machine": "ARM64"},
            },
            "arm64",
        ),
        ({"markers": {**MARKERS, "sys_platform": "darwin", "platform_machine": "arm64"}}, "arm64"),
    ],
)
def test_the_architecture_is_that_of_the_interpreter(more, arch):
    answer = says(**more)
    target = read_answer(answer.stdout, RUNNING, "chosen")
    assert dict(probe(machine({RUNNING: answer}), target))["arch"].value == arch


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return LocalHost({"PATH": os.defpath, "HOME": str(tmp_path)})


def test_this_interpreter_says_what_packaging_says(host):
    target = choose(host)
    assert target.executable == sys.executable
    assert dict(target.markers) == {n: v for n, v in default_environment().items() if n != "extra"}


def test_the_tags_of_this_machine_are_those_of_packaging(host):
    machine = fingerprint(host)
    assert machine.fact("abi") == Known(next(sys_tags()).abi, machine.fact("abi").how)
    assert list(supported_tags(machine).order) == list(sys_tags())


def test_a_virtual_environment_is_asked_without_running_what_lies_in_it(host, tmp_path):
    """`-S` does not set up the environment, so the script finds it; a .pth file there is not executed."""
    folder = tmp_path / "env"
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(folder)], check=True)
    proof = tmp_path / "proof"
    target = choose(host, str(folder))
    assert target.prefix == str(folder)
    site = Path(next(place for place in target.sites if place.startswith(str(folder))))
    (site / "evil.pth").write_text(f"import pathlib; pathlib.Path({str(proof)!r}).touch()\n")
    (site / "demo_pkg-1.5.dist-info").mkdir()
    assert fingerprint(host, python=str(folder)).value("dist:demo-pkg") == "1.5"
    assert not proof.exists()


def test_the_script_is_one_line_of_json():
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_a_python_that_hangs_is_told_soon(tmp_path):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    answer = ask(LocalHost({"PATH": os.defpath}, timeout=0.2), str(program), "chosen")
    assert answer == "took longer than 0.2 s and was killed"
