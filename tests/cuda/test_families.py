"""Siblings by the machine's GPU and driver: what is told of pins that are for another one."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.assess import SourceBuild
from planner.cuda.families import CODE, family_findings, instead_of
from planner.cuda.pip_toolkit import pip_toolkit
from planner.dists import Metadata, Pin, Row, Wheel
from planner.facts import Absent, Machine
from planner.findings import Finding
from tests.universe import machine

DRIVER_12 = {"cuda_driver": "550.54.15"}
DRIVER_13 = {"cuda_driver": "580.65.06"}


def pin(text: str, asked: str = "requirements.txt:1") -> Pin:
    """A pinned wheel: `jax[cuda12]==0.9.0`."""
    one = Requirement(text)
    project, version = canonicalize_name(one.name), Version(str(one.specifier).removeprefix("=="))
    row = Row(f"{project}-{version}-py3-none-any.whl", f"https://files.test/{project}.whl", "0" * 64)
    return Pin(
        project=project,
        version=version,
        extras=tuple(canonicalize_name(extra) for extra in one.extras),
        dist=Wheel(row=row, project=project, version=version, build=(), tags=frozenset(), index=""),
        metadata=Metadata(project=project, version=version),
        asked=((asked, text),),
    )


def without_gpu() -> Machine:
    there = machine()
    absent = {"cuda-driver": Absent("no nvidia-smi"), "rocm": Absent("no rocminfo")}
    return Machine(markers=there.markers, facts={**there.facts, **absent})


def findings(there: Machine, *texts: str, cuda: str = "") -> list[Finding]:
    return list(family_findings([pin(text) for text in texts], (), there, cuda=cuda))


@pytest.mark.parametrize(
    ("facts", "text", "take"),
    [
        (DRIVER_12, "onnxruntime==1.31.1", "onnxruntime-gpu>=1.19,<1.27"),
        (DRIVER_13, "onnxruntime==1.31.1", "onnxruntime-gpu>=1.27"),
        (DRIVER_12, "onnxruntime-genai==0.18.0", "onnxruntime-genai-cuda"),
        (DRIVER_12, "fastembed==0.9.1", "fastembed-gpu"),
        (DRIVER_12, "faiss-cpu==1.15.1", "faiss-gpu>=1.14.3"),
        ({"cuda_driver": "470.42.01"}, "faiss-cpu==1.15.1", "faiss-gpu-cu11"),
        (DRIVER_12, "jax==0.10.2", "jax[cuda12]"),
        (DRIVER_13, "jax==0.10.2", "jax[cuda13]"),
        ({"rocm": "7.0.0"}, "jax==0.10.2", "jax[rocm7-local]"),
        (DRIVER_13, "tensorflow==2.21.0", "tensorflow[and-cuda]"),
        (DRIVER_12, "mlx==0.32.4", "mlx[cuda12]"),
        (DRIVER_13, "mlx==0.32.4", "mlx[cuda13]"),
    ],
)
def test_a_build_without_the_gpu_that_the_machine_has(facts: dict[str, str], text: str, take: str) -> None:
    (found,) = findings(machine(**facts), text)
    assert (found.code, found.severity) == (CODE, "note")
    assert found.remedy == f"ask for `{take}` instead, in requirements.txt:1"
    assert "this machine has an" in found.summary
    assert found.facts[-1].startswith("known from https://")


@pytest.mark.parametrize(
    ("facts", "texts"),
    [
        ({}, ["onnxruntime==1.31.1", "jax==0.10.2"]),  # its GPU is not known
        (DRIVER_12, ["onnxruntime-gpu==1.26.0"]),
        (DRIVER_13, ["onnxruntime-gpu==1.26.0"]),  # a newer driver runs older CUDA
        (DRIVER_13, ["onnxruntime-gpu==1.31.1"]),
        (DRIVER_12, ["onnxruntime-gpu==1.15.0"]),  # of what it is built for the table says nothing
        (DRIVER_12, ["jax[cuda12]==0.10.2"]),
        (DRIVER_12, ["jax==0.10.2", "jax-cuda12-plugin==0.10.2"]),
        (DRIVER_13, ["jax[cuda12]==0.10.2"]),
        (DRIVER_12, ["tensorflow==2.21.0", "nvidia-cudnn-cu12==9.3.0.75"]),
        (DRIVER_12, ["torch==2.14.1", "six==1.17.0"]),
        (DRIVER_12, ["cupy-cuda13x==14.2.0"]),  # its name says it: `planner.cuda.judging` tells that
        ({"os": "windows", "arch": "amd64", "cuda_driver": "580.88"}, ["tensorflow==2.21.0"]),
        ({"os": "darwin", "arch": "arm64"}, ["onnxruntime==1.31.1", "jax==0.10.2", "mlx==0.32.4"]),
    ],
)
def test_nothing_is_told_where_it_fits_or_nothing_is_known(facts: dict[str, str], texts: list[str]) -> None:
    assert findings(machine(**facts), *texts) == []


def test_a_newer_cuda_than_the_driver_runs_which_no_metadata_tells() -> None:
    (found,) = findings(machine(**DRIVER_12), "onnxruntime-gpu==1.31.1")
    assert found.severity == "warning"
    assert found.summary.endswith("1.31.1 is built for CUDA 13, which the driver (550.54.15) does not run.")
    assert found.remedy == "ask for `onnxruntime-gpu>=1.19,<1.27` instead, in requirements.txt:1"
    (found,) = findings(machine(cuda_driver_api="12.4"), "onnxruntime-gpu==1.31.1")
    assert "the driver (for CUDA 12.4) does not run" in found.summary


def test_a_build_for_a_gpu_on_a_machine_without_one() -> None:
    (found,) = findings(without_gpu(), "onnxruntime-gpu==1.31.1", "jax[cuda12]==0.10.2", "torch==2.14.1")
    assert found.summary == "onnxruntime-gpu 1.31.1 is for an NVIDIA GPU, and this machine has none."
    assert (found.severity, found.remedy) == (
        "note",
        "ask for `onnxruntime` instead, in requirements.txt:1",
    )


def test_other_places_are_named_with_the_option() -> None:
    (found,) = findings(machine(**DRIVER_12), "paddlepaddle==3.3.1")
    assert "`paddlepaddle-gpu` instead with `--extra-index-url https://" in found.remedy
    (found,) = findings(machine(rocm="7.0.0"), "torch==2.14.1")
    assert found.summary == "torch 2.14.1 is no build for ROCm, and this machine has an AMD GPU."
    assert found.remedy == "use `--torch-backend auto`"
    assert findings(machine(rocm="7.0.0"), "torch==2.9.1+rocm6.4") == []


def test_two_that_hold_the_same_files() -> None:
    (found,) = findings(machine(), "onnxruntime==1.31.1", "onnxruntime-gpu==1.31.1")
    assert found.severity == "warning"
    assert found.summary == (
        "onnxruntime 1.31.1 and onnxruntime-gpu 1.31.1 hold the same files: "
        "the one that is installed last overwrites the other."
    )


def test_what_another_project_asks_for_is_not_the_users_line() -> None:
    pins = [pin("onnxruntime==1.31.1", "chromadb 1.5.9")]
    (found,) = family_findings(pins, (), machine(**DRIVER_12))
    assert found.remedy.endswith("is for this machine, but others ask for onnxruntime")
    (found,) = family_findings([pin("onnxruntime==1.31.1", "command line")], (), machine(**DRIVER_12))
    assert found.remedy.endswith("in command line")


def test_a_source_build_has_alternatives_instead() -> None:
    build = SourceBuild(
        project=canonicalize_name("cupy"), version=None, filename="", code="WP101", why="", native=True
    )
    assert list(family_findings([pin("cupy==14.2.0")], [build], machine(**DRIVER_12))) == []


def test_the_cuda_of_the_rest_of_the_set_is_kept() -> None:
    (found,) = findings(machine(**DRIVER_13), "jax==0.10.2", cuda="12")
    assert "`jax[cuda12]`" in found.remedy


def test_what_to_ask_for_instead() -> None:
    assert instead_of("cupy-cuda13x", machine(**DRIVER_12)) == "cupy-cuda12x"
    assert instead_of("cupy", machine(**DRIVER_13), cuda="12") == "cupy-cuda12x"
    assert instead_of("cupy", machine()) == instead_of("six", machine(**DRIVER_12)) == ""
    assert instead_of("paddlepaddle", machine(**DRIVER_12)) == ""


@pytest.mark.parametrize("cuda", ["13.0", "13.2.1"])
def test_the_toolkit_of_wheels(cuda: str) -> None:
    found = pip_toolkit(cuda, machine())
    short = cuda[:4]
    assert found.requirement.endswith(f"]=={short}.*")
    assert {"nvcc", "cccl", "cudart"} <= Requirement(found.requirement).extras
    assert found.home == "nvidia/cu13"
    assert found.variables[0][0] == "CUDA_HOME"
    assert found.first == ('ln -s libcudart.so.13 "$CUDA_HOME/lib/libcudart.so"',)
    assert pip_toolkit(cuda, machine(os="windows", arch="amd64")).first == ()


@pytest.mark.parametrize(
    ("cuda", "facts", "why"),
    [
        ("12.6", {}, "NVIDIA's wheels of CUDA 12 have no nvcc"),
        ("", {}, "the CUDA of its torch is not known"),
        ("13.0", {"os": "darwin", "arch": "arm64"}, "NVIDIA has no wheels for darwin on arm64"),
        ("13.0", {"arch": "ppc64le"}, "NVIDIA has no wheels for linux on ppc64le"),
    ],
)
def test_where_wheels_bring_no_toolkit(cuda: str, facts: dict[str, str], why: str) -> None:
    found = pip_toolkit(cuda, machine(**facts))
    assert (found.requirement, found.variables, found.why_not) == ("", (), why)
    assert found.conda == ("cuda-toolkit=12.6" if cuda == "12.6" else "")
