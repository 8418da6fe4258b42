"""The whole fingerprint when a probe crashes, hangs or when programs are strange; recordings without names."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from planner.errors import MachineError
from planner.facts import Absent, Known, Unknown
from planner.machinefile import loads
from planner.probes import cuda, installed, libc, programs
from planner.probes import fingerprint as module
from planner.probes.fingerprint import fingerprint
from planner.probes.host import LocalHost
from planner.probes.interpreter import Target
from planner.probes.parallel import Late, side_by_side
from planner.probes.port import NotRun, Ran, System
from planner.probes.recorded import RecordedHost
from planner.probes.recorder import RecordingHost

MACHINES = Path(__file__).parent.parent / "machines"


def load(name):
    return RecordedHost.load(MACHINES / f"{name}.toml")


def changed(host, **fields):
    return RecordedHost(**{**{name: getattr(host, name) for name in RecordedHost.__slots__}, **fields})


def crash(*_):
    yield "os", Known("linux")
    raise ZeroDivisionError("a defect")


def test_a_probe_that_crashes_makes_its_facts_unknown(monkeypatch):
    monkeypatch.setattr(module, "HOST_PROBES", ((crash, ("os", "distro")), *module.HOST_PROBES[2:]))
    machine = fingerprint(load("debian-12-bare"))
    assert machine.fact("os") == Unknown("the probe failed (ZeroDivisionError('a defect'))")
    assert isinstance(machine.fact("distro"), Unknown)
    assert machine.value("cores") == "2"


def test_a_probe_that_hangs_makes_its_facts_unknown(monkeypatch):
    def hang(*_):
        time.sleep(2)
        yield "glibc", Known("9.9")

    monkeypatch.setattr(module, "PROBES", ((hang, ("glibc", "musl")), *module.PROBES[2:]))
    monkeypatch.setattr(module, "_DEADLINE", 0.2)
    start = time.monotonic()
    machine = fingerprint(load("debian-12-bare"))
    assert time.monotonic() - start < 1.8
    assert machine.fact("glibc") == machine.fact("musl") == Unknown("the probe was not done in time")


def test_without_a_target_there_is_no_fingerprint():
    with pytest.raises(MachineError, match=r"No Python 3\.7 was found"):
        fingerprint(load("debian-12-bare"), python="3.7")


def test_extra_programs_are_looked_for_and_not_run():
    host = load("debian-12-bare")
    host = changed(host, programs=host.programs | {"/usr/bin/gobject-thing"})
    machine = fingerprint(host, subjects=["program:gobject-thing", "program:absent-thing"])
    assert machine.fact("program:gobject-thing") == Known("", "/usr/bin/gobject-thing")
    assert machine.fact("program:absent-thing") == Absent("not on PATH")


def test_side_by_side():
    calls = {"value": lambda: 1, "error": lambda: 1 / 0, "late": lambda: time.sleep(0.3)}
    outcomes = side_by_side(calls, seconds=0.1)
    assert list(outcomes) == list(calls)
    assert outcomes["value"] == 1
    assert isinstance(outcomes["error"], ZeroDivisionError)
    assert isinstance(outcomes["late"], Late)


# -- single probes ----------------------------------------------------------------------------------------


def bare(programs=(), runs=None, os="linux", **more):
    return RecordedHost(
        system=System(os=os, machine="x86_64"),
        environ={"PATH": "/usr/bin", **more.pop("environ", {})},
        programs=frozenset(programs),
        runs=runs or {},
        **more,
    )


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (Ran(0, "cmake version 3.25.1\n"), Known("3.25.1", "/usr/bin/cmake")),
        (Ran(0, "", "cmake version 3.25.1\n"), Known("3.25.1", "/usr/bin/cmake")),
        (Ran(0, "something else\n"), Known("", "/usr/bin/cmake")),
        (Ran(1, "no such thing\n"), Unknown("/usr/bin/cmake ended with code 1")),
        (
            NotRun("took longer than 3 s and was killed"),
            Unknown("/usr/bin/cmake took longer than 3 s and was killed"),
        ),
    ],
)
def test_program(answer, fact):
    host = bare(["/usr/bin/cmake"], {("/usr/bin/cmake", "--version"): answer})
    assert dict(programs.probe(host))["program:cmake"] == fact


def test_apples_stubs_are_not_run():
    host = bare(
        ["/usr/bin/git", "/usr/bin/ninja"], {("/usr/bin/ninja", "--version"): Ran(0, "1.11.1")}, os="darwin"
    )
    facts = dict(programs.probe(host))
    assert "xcode-select --install" in facts["program:git"].how
    assert facts["program:ninja"].value == "1.11.1"


def target(**fields):
    values = {
        "executable": "/usr/bin/python3", "chosen": "x", "markers": {"sys_platform": "linux"}, "abi": "cp312",
        "bits": 64, "platform": "linux-x86_64", "include": "/inc", "prefix": "/usr", "sites": ("/site",),
        "libc": "", "loader": "",
    }  # fmt: skip
    return Target(**{**values, **fields})


@pytest.mark.parametrize(
    ("libc_text", "loader", "runs", "glibc", "musl"),
    [
        ("glibc 2.36", "", {}, "2.36", Absent),
        ("", "/lib/ld-musl-x86_64.so.1", {("/lib/ld-musl-x86_64.so.1",): Ran(127, "", "musl libc (x86_64)\nVersion 1.2.4\n")}, Absent, "1.2"),
        ("", "/lib/ld-musl-x86_64.so.1", {}, Absent, Unknown),
        ("", "/lib/ld-musl-x86_64.so.1", {("/lib/ld-musl-x86_64.so.1",): Ran(0, "\ufffd")}, Absent, Unknown),
        ("", "", {("/usr/bin/ldd", "--version"): Ran(0, "ldd (GNU libc) 2.17\n")}, "2.17", Absent),
        ("", "", {("/usr/bin/ldd", "--version"): Ran(1, "", "musl libc (x86_64)\nVersion 1.2.3\n")}, Absent, "1.2"),
        ("", "", {("/usr/bin/ldd", "--version"): Ran(0, "ldd 1.9\n")}, Unknown, Unknown),
        ("", "/system/bin/linker64", {}, Unknown, Unknown),
        ("garbage", "", {}, Unknown, Unknown),
    ],
)  # fmt: skip
def test_libc(libc_text, loader, runs, glibc, musl):
    host = bare([argv[0] for argv in runs], runs)
    facts = dict(libc.probe(host, target(libc=libc_text, loader=loader)))
    for name, expected in (("glibc", glibc), ("musl", musl)):
        fact = facts[name]
        assert fact.value == expected if isinstance(expected, str) else isinstance(fact, expected)


def nvcc(version):
    return Ran(0, f"Cuda compilation tools, release {version}, V{version}.99\n")


def test_cuda_home_is_used_before_path():
    host = bare(
        ["/usr/bin/nvcc", "/opt/cuda/bin/nvcc"],
        {("/usr/bin/nvcc", "--version"): nvcc("12.4"), ("/opt/cuda/bin/nvcc", "--version"): nvcc("11.8")},
        environ={"CUDA_HOME": "/opt/cuda"},
    )
    assert dict(cuda.probe(host, target()))["cuda-toolkit"] == Known("11.8", "CUDA_HOME=/opt/cuda")


def test_a_cuda_home_that_holds_nothing_is_unknown():
    facts = dict(cuda.probe(bare(environ={"CUDA_HOME": "/gone"}), target()))
    assert facts["cuda-toolkit"] == Unknown("CUDA_HOME=/gone says no version")


def test_a_toolkit_made_of_wheels_is_found_and_its_compiler_not_run():
    host = bare(
        folders={
            "/site": (
                "nvidia_cuda_nvcc-13.0.88.dist-info",
                "nvidia_cuda_nvcc_cu12-12.4.131.dist-info",
                "nvidia",
            ),
            "/site/nvidia/cu13/bin": ("nvcc",),
            "/site/nvidia/cuda_nvcc/bin": ("ptxas",),
        }
    )
    facts = dict(cuda.probe(host, target()))
    assert isinstance(facts["cuda-toolkit"], Absent)
    assert "/site/nvidia/cu13" in facts["cuda-toolkit"].how
    assert facts["cuda-toolkit:/site/nvidia/cu13"].value == "13.0"
    assert facts["cuda-toolkit:/site/nvidia/cuda_nvcc"].value == "12.4"


def test_rocm():
    host = bare(files={"/opt/rocm/.info/version": b"6.2.4-139\n"})
    assert dict(cuda.probe(host, target()))["rocm"] == Known("6.2.4", "/opt/rocm/.info/version")
    assert isinstance(dict(cuda.probe(bare(folders={"/opt/rocm": ()}), target()))["rocm"], Unknown)


@pytest.mark.parametrize(
    ("folder", "files", "expected"),
    [
        (["torch-2.6.0+cu124.dist-info"], {}, ("2.6.0+cu124", "12.4", Unknown)),
        (["torch-2.7.0.dist-info"], {}, ("2.7.0", Unknown, "1")),
        (["torch-2.5.1+cpu.dist-info"], {}, ("2.5.1+cpu", Absent, Unknown)),
        ([], {"version.py": b"__version__ = '2.6.0'\ncuda = None\n"}, ("2.6.0", Absent, Unknown)),
        ([], {"version.py": b"\xff garbage"}, (Unknown, Unknown, Unknown)),
        (
            ["torch-2.6.0.dist-info"],
            {
                "version.py": b"__version__ = '2.6.0+cu126'\ncuda: str = '12.6'\n",
                "share/cmake/Torch/TorchConfig.cmake": b'set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=1")\n',
            },
            ("2.6.0+cu126", "12.6", "1"),
        ),
        ([], {}, (Absent, Absent, Absent)),
    ],
)
def test_torch(folder, files, expected):
    host = bare(
        files={f"/site/torch/{name}": text for name, text in files.items()}, folders={"/site": tuple(folder)}
    )
    facts = dict(installed.probe(host, target()))
    for name, value in zip(("torch", "torch-cuda", "torch-cxx11-abi"), expected, strict=True):
        fact = facts[name]
        assert fact.value == value if isinstance(value, str) else isinstance(fact, value), name


# -- recordings -------------------------------------------------------------------------------------------


def carols(tmp_path, instead="/home/carol/secret-project"):
    """The machine of a recording, with private names in all the places that may have some."""
    original = load("ubuntu-22.04-gpu-550")
    private = {
        name: value.replace("/home/user/ml", instead).replace("/home/user", "/home/carol")
        for name, value in original.environ.items()
    }
    text = (MACHINES / "ubuntu-22.04-gpu-550.toml").read_text(encoding="utf-8")
    text = text.replace("/home/user/ml", instead).replace("/home/user", "/home/carol")
    path = tmp_path / "private.toml"
    path.write_text(text, encoding="utf-8")
    host = RecordedHost.load(path)
    return changed(
        host,
        environ={**private, "USER": "carol", "HOSTNAME": "carols-box", "SECRET_TOKEN": "s3cr3t"},
        files={
            **host.files,
            "/etc/hostname": b"carols-box\n",
            "/etc/os-release": b'ID=ubuntu\nVERSION_ID="22.04"\nHOME=carols-box\n',
        },
    )


def test_a_recording_replays_to_the_same_facts_without_private_names(tmp_path):
    recorder = RecordingHost(carols(tmp_path))
    recorded = fingerprint(recorder)
    dumped = recorder.dumps("Recorded by a test.")
    for name in ("carol", "secret-project", "s3cr3t", "SECRET_TOKEN"):
        assert name not in dumped
    again = tmp_path / "again.toml"
    again.write_text(dumped, encoding="utf-8")
    replayed = fingerprint(RecordedHost.load(again))
    values = {name: fact.value for name, fact in recorded.facts.items() if isinstance(fact, Known)}
    assert {name: fact.value for name, fact in replayed.facts.items() if isinstance(fact, Known)} == values


@pytest.mark.parametrize(
    ("place", "python"),
    [
        ("/home/carol/secret-project", "/project/.venv/bin/python"),
        ("/scratch/carol/secret-project", "/project/.venv/bin/python"),
        ("elsewhere", "/environment/bin/python"),
    ],
)
def test_a_machine_file_tells_no_private_name(tmp_path, monkeypatch, wheelplan, place, python):
    host = carols(tmp_path, "/scratch/carol/secret-project" if place == "elsewhere" else place)
    if place == "elsewhere":  # the environment is active, and the working folder another
        config = b"home = /usr/bin\n"
        files = {**host.files, "/scratch/carol/secret-project/.venv/pyvenv.cfg": config}
        host = changed(host, files=files, system=replace(host.system, cwd="/srv/secret"))
    monkeypatch.setattr("planner.probes.host.LocalHost", lambda _: host)
    monkeypatch.chdir(tmp_path)
    assert wheelplan("fingerprint", "-o", "box.toml").code == 0
    text = (tmp_path / "box.toml").read_text(encoding="utf-8")
    assert not [name for name in ("carol", "secret-project", "/srv/secret") if name in text]
    told = loads(text, "box.toml")
    assert told.fact("python").how.startswith(python)
    assert told.fact("torch").value == "2.6.0+cu124"
    assert told.fact("distro").how == "/etc/os-release"
    assert "secret" in wheelplan("fingerprint").out  # on the terminal, where it is one's own


def test_the_recording_of_this_machine_replays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recorder = RecordingHost(LocalHost({"PATH": os.defpath, "HOME": str(tmp_path / "home")}))
    recorded = fingerprint(recorder)
    path = tmp_path / "machine.toml"
    path.write_text(recorder.dumps("Recorded by a test."), encoding="utf-8")
    replayed = fingerprint(RecordedHost.load(path))
    # Paths may have lost a name, so the values are compared; `how` tells paths.
    assert {name: getattr(fact, "value", "") for name, fact in replayed.facts.items()} == {
        name: getattr(fact, "value", "") for name, fact in recorded.facts.items()
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "schema = 2\n",
        "schema = 1\n",
        "schema = 1\n[system]\nos = 1\nx = 2\n",
        "[[[",
        "\x00",
        "schema = 1\nruns = 1\n",
    ],
)
def test_what_is_no_recording(tmp_path, text):
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(MachineError):
        RecordedHost.load(path)
    with pytest.raises(MachineError):
        RecordedHost.load(tmp_path / "gone.toml")


@pytest.mark.live
def test_speed_here():
    """Well under half a second when the programs are in the page cache."""
    host = LocalHost(dict(os.environ))
    fingerprint(host)
    start = time.monotonic()
    fingerprint(host)
    assert time.monotonic() - start < 0.5
    assert sys.executable
