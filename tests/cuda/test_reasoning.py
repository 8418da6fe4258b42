"""Five lines that a person can check."""

from __future__ import annotations

import pytest

from planner.cuda.reasoning import LINES, reasoning
from planner.cuda.runtime import cuda_view
from planner.dists import Pin
from planner.facts import Machine
from tests import universe
from tests.cuda.written import machine, pin, pure, torch

H100 = machine(driver="550.54.15", gpus=["9.0"], **{"gpu:0:name": "NVIDIA H100"})


def lines(*pins: Pin, target: Machine = H100) -> tuple[str, ...]:
    return reasoning(cuda_view(pins, target), target)


def test_all_five_lines() -> None:
    runtime = pure("nvidia-cuda-runtime", "13.0.96", asked=["cuda-toolkit 13.0.3"])
    assert lines(torch("2.14.1"), pure("cuda-toolkit", "13.0.3", asked=["torch 2.14.1"]), runtime) == (
        "torch 2.14.1 is built for CUDA 13.0: its metadata asks for cuda-toolkit==13.0.3.",
        "The CUDA runtime is brought by nvidia-cuda-runtime 13.0.96 (cuda-toolkit 13.0.3).",
        (
            "CUDA 13.0 needs NVIDIA driver 580 or newer (torch 2.14.1); here is 550.54.15, which brings "
            "CUDA 12.4: too old."
        ),
        "GPU 0, NVIDIA H100, of compute capability 9.0.",
        "torch is taken from https://index.test/simple/; another build: `--torch-backend`.",
    )


@pytest.mark.parametrize(
    ("version", "target", "told"),
    [
        ("2.6.0", H100, "here is 550.54.15, which brings CUDA 12.4: it runs."),
        ("2.8.0", H100, "it runs by minor-version compatibility, all but PTX that is compiled as it runs."),
        ("2.14.1", machine(), "none is here."),
        ("2.14.1", universe.machine(), "which one is here is not known."),
    ],
)
def test_the_line_on_the_driver(version: str, target: Machine, told: str) -> None:
    (line,) = [one for one in lines(torch(version), target=target) if "needs NVIDIA driver" in one]
    assert line.endswith(told)


def test_a_torch_with_a_local_version_names_its_build_and_holds_its_runtime() -> None:
    told = lines(torch("2.13.0+cu126"))
    assert told[0] == "torch 2.13.0+cu126 is built for CUDA 12.6: its local version is +cu126."
    assert told[1] == "No pin brings a CUDA runtime: the files of cu126 hold their own."
    assert told[-1].startswith("torch is taken from https://index.test/simple/, build cu126;")


def test_what_is_inferred_says_so() -> None:
    assert "(inferred)" in lines(torch("2.2.0"))[0]


def test_a_gpu_without_code_is_told() -> None:
    told = lines(torch("2.14.1"), target=machine(driver="580.95.05", gpus=["7.0"]))
    assert "GPU 0 of compute capability 7.0 (CUDA 13.0 has no code for it)." in told


def test_a_torch_for_the_cpu_needs_two_lines() -> None:
    assert lines(torch("2.13.0+cpu")) == (
        "torch 2.13.0+cpu is built for the CPU alone: its local version is +cpu.",
        "torch is taken from https://index.test/simple/, build cpu; another build: `--torch-backend`.",
    )


def test_users_of_cuda_without_torch() -> None:
    told = lines(pure("cupy-cuda12x", "14.2.0"))
    assert told[0] == "No pin brings a CUDA runtime; cupy-cuda12x 14.2.0 (CUDA 12) looks for one."
    assert lines(pure("numpy", "2.4.0")) == ()


def test_an_own_build_of_torch_is_not_guessed() -> None:
    assert lines(pin("torch-2.14.1.tar.gz"))[0] == (
        "What torch 2.14.1 is built for is not known: its own build decides it."
    )


def test_never_more_than_five() -> None:
    many = machine(driver="580.95.05", gpus=["9.0"] * 8)
    users = [pure(f"lib{number}-cuda12x", "1.0") for number in range(9)]
    assert len(lines(torch("2.14.1"), *users, target=many)) <= LINES
