"""nvidia-smi in health and in sickness: a right value or none, never a wrong one."""

import os
import stat
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.drivers import newest_cuda
from planner.facts import Absent, Known, Unknown
from planner.probes import nvidia
from planner.probes.host import LocalHost
from planner.probes.port import NotRun, Ran, System
from planner.probes.recorded import RecordedHost

SMI = "/usr/bin/nvidia-smi"
QUERY = (SMI, nvidia._QUERY, "--format=csv,noheader,nounits")
GOOD = "0, 550.54.15, 9.0, 81559, NVIDIA H100 80GB HBM3\n"
BANNER = "| NVIDIA-SMI 550.54.15     Driver Version: 550.54.15     CUDA Version: 12.4     |\n"
MODULE = b"NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n"


def facts(query=None, banner=None, files=None, folders=None, os="linux"):
    runs = {}
    if query is not None:
        runs = {QUERY: query, (SMI,): banner or NotRun("was not recorded")}
    return dict(
        nvidia.probe(
            RecordedHost(
                system=System(os=os, machine="x86_64"),
                environ={"PATH": "/usr/bin"},
                files=files or {},
                folders=folders or {},
                programs=frozenset({SMI} if runs else ()),
                runs=runs,
            )
        )
    )


def test_good():
    found = facts(Ran(0, GOOD), Ran(0, BANNER))
    assert {name: fact.value for name, fact in found.items()} == {
        "cuda-driver": "550.54.15",
        "cuda-driver-api": "12.4",
        "gpu:0": "9.0",
        "gpu:0:name": "NVIDIA H100 80GB HBM3",
        "gpu:0:memory": "81559",
    }


def test_several_gpus_in_any_order():
    text = "1, 550.54.15, 8.0, 40960, A, with a comma\n0, 550.54.15, 8.9, 24564, B\n"
    found = facts(Ran(0, text), Ran(0, BANNER))
    assert found["gpu:0"] == Known("8.9", "nvidia-smi")
    assert found["gpu:1:name"] == Known("A, with a comma", "nvidia-smi")


def test_the_kernel_is_believed_before_the_program():
    found = facts(Ran(0, GOOD.replace("550.54.15", "535.1.1")), files={"/proc/driver/nvidia/version": MODULE})
    assert found["cuda-driver"] == Known("550.54.15", "/proc/driver/nvidia/version")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (NotRun("took longer than 3 s and was killed"), "took longer"),
        (NotRun("printed more than 1024 KiB and was killed"), "printed more"),
        (Ran(9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."), "code 9"),
        (Ran(18, "Failed to initialize NVML: Driver/library version mismatch\n"), "code 18"),
        (Ran(0, "Failed to initialize NVML: Unknown Error\n"), "no list of GPUs"),
        (Ran(0, ""), "nothing"),
        (Ran(0, "0, [N/A], 9.0, 81559, NVIDIA\n"), "no list of GPUs"),
        (Ran(0, "[N/A], 550.54.15, 9.0, 81559, NVIDIA\n"), "no list of GPUs"),
        (Ran(0, "\ufffd\ufffd\ufffd\n"), "no list of GPUs"),
        (Ran(0, "0, 550,54, 9.0, 81559, NVIDIA\n"), "no list of GPUs"),
        (Ran(0, "\x1b[31m0\x1b[0m, 550.54.15, 9.0, 81559, NVIDIA\n"), "no list of GPUs"),
        (Ran(0, GOOD + "  MIG 1g.10gb Device 0: (UUID: MIG-x)\n"), "no list of GPUs"),
        (Ran(0, GOOD + GOOD), "no list of GPUs"),
        (Ran(0, GOOD + "1, 535.1.1, 9.0, 81559, NVIDIA\n"), "no list of GPUs"),
        (Ran(0, 'field "compute_cap" is not a valid field to query.\n'), "no list of GPUs"),
        (Ran(0, "0, ٥٥٠.٥٤, 9.0, 81559, NVIDIA\n"), "no list of GPUs"),
    ],
)
def test_sickness_is_unknown(query, why):
    found = facts(query, Ran(0, "garbage"))
    assert set(found) == {"cuda-driver", "cuda-driver-api", "gpu:0"}
    assert all(isinstance(fact, Unknown) for fact in found.values())
    assert why in found["gpu:0"].why
    assert found["gpu:0"].why.isprintable()


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("0, 550.54.15, [N/A], 81559, NVIDIA\n", {"gpu:0"}),
        ("0, 550.54.15, 9,0, 81559, NVIDIA\n", {"gpu:0", "gpu:0:memory"}),
        ("0, 550.54.15, 9.0, [Insufficient Permissions], NVIDIA\n", {"gpu:0:memory"}),
        ("0, 550.54.15, 9.0, 0, NVIDIA\n", {"gpu:0:memory"}),
        ("0, 550.54.15, 9.0, 81559, [Unknown Error]\n", {"gpu:0:name"}),
        ("0, 550.54.15, 9.0, 81559, \ufffd\x1b]8;;x\n", {"gpu:0:name"}),
    ],
)
def test_a_part_that_is_not_told_is_unknown_alone(line, unknown):
    found = facts(Ran(0, line), Ran(0, BANNER))
    assert {name for name, fact in found.items() if isinstance(fact, Unknown)} == unknown


def test_no_devices():
    found = facts(
        Ran(6, "No devices were found\n"),
        Ran(6, "No devices were found\n"),
        {"/sys/module/nvidia/version": b"550.54.15\n"},
    )
    assert isinstance(found["gpu:0"], Absent)
    assert found["cuda-driver"] == Known("550.54.15", "/sys/module/nvidia/version")
    assert found["cuda-driver-api"].value == "12.4"


def test_nothing_at_all():
    assert all(isinstance(fact, Absent) for fact in facts().values())
    assert all(isinstance(fact, Absent) for fact in facts(os="darwin").values())


def test_a_container_without_a_device():
    found = facts(files={"/proc/driver/nvidia/version": MODULE})
    assert isinstance(found["gpu:0"], Absent)
    found = facts(files={"/proc/driver/nvidia/version": MODULE}, folders={"/dev/nvidia0": ()})
    assert isinstance(found["gpu:0"], Unknown)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (MODULE, "550.54.15"),
        (
            b"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  525.60.11  Release Build  (archlinux-builder@localhost)  \n",
            "525.60.11",
        ),
        (
            b"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  555.58  Release Build  (portage@localhost)  \xd0\xa1\xd0\xb1\n",
            "555.58",
        ),
        (b"GCC version:  gcc version 12.3.0\n", ""),
        (b"NVRM version: NVIDIA UNIX x86_64 Kernel Module  garbage\n", ""),
        (b"\xff\xfe", ""),
        (b"", ""),
    ],
)
def test_proc_version(text, version):
    assert nvidia.read_proc_version(text) == version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (BANNER, "12.4"),
        ("| NVIDIA-SMI 610.57.04    KMD Version: 610.57.04     CUDA UMD Version: 13.3     |", "13.3"),
        ("[HAMI-core Msg]: Initializing.....\n" + BANNER, "12.4"),
        ("| NVIDIA-SMI 550.54.15     Driver Version: 550.54.15     CUDA Version: N/A      |", ""),
        (BANNER + BANNER.replace("12.4", "12.6"), ""),
        ("CUDA Version: 12.4", ""),
        ("", ""),
    ],
)
def test_banner(text, version):
    assert nvidia.read_banner(text) == version


@given(st.text())
@settings(max_examples=150, deadline=None)
def test_any_text_gives_gpus_of_the_right_form_or_none(text):
    for gpu in nvidia.read_gpus(text):
        assert gpu.driver.replace(".", "").isascii()
    assert nvidia.read_banner(text) == "" or text
    assert nvidia.read_proc_version(text.encode("utf-8", "surrogatepass")) == "" or text


FIELD = st.sampled_from(
    ["0", "1", "[N/A]", "550.54.15", "9.0", "-1", "81559", "NVIDIA", "", " ", "1e3", "9,0"]
)


@given(st.lists(st.lists(FIELD, min_size=1, max_size=7), max_size=4))
@settings(max_examples=150, deadline=None)
def test_nearly_right_lines(rows):
    gpus = nvidia.read_gpus("\n".join(", ".join(row) for row in rows))
    assert all(gpu.driver == "550.54.15" and gpu.capability in ("", "9.0") for gpu in gpus)


@pytest.mark.parametrize(
    ("driver", "cuda"),
    [
        ("449.1", None), ("450.36.06", "11.0"), ("525.60.13", "12.0"), ("535.183.01", "12.2"), ("550", "12.4"),
        ("550.54.15", "12.4"), ("551.61", "12.4"), ("580.65.06", "13.0"), ("590.48.01", "13.1"),
        ("595.10", None), ("610.57.04", None), ("x", None), ("", None),
    ],
)  # fmt: skip
def test_table_of_drivers(driver, cuda):
    assert newest_cuda(driver) == cuda


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for nvidia-smi")
@pytest.mark.parametrize(
    "body",
    [
        "trap '' TERM INT HUP; sleep 60 & while :; do sleep 60; done",
        "yes '0, 550.54.15, 9.0, 81559, NVIDIA'",
        "printf '\\377\\376\\n'",
        "kill -9 $$",
    ],
    ids=["hangs", "floods", "not-utf8", "dies"],
)
def test_a_real_program_that_is_sick(tmp_path, body):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    host = LocalHost({"PATH": f"{tmp_path}{os.pathsep}{os.defpath}"}, timeout=0.4)
    start = time.monotonic()
    found = dict(nvidia.probe(host))
    assert time.monotonic() - start < 5
    assert isinstance(found["gpu:0"], Unknown)
