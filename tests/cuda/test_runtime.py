"""What the pins reveal of CUDA: local versions, requirements, names, tables, in that order of trust."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from planner.cuda.names import cuda_of_name, local_build, without_cuda
from planner.cuda.runtime import cuda_view, run_needs
from planner.cuda.values import CudaView
from planner.dists import Pin
from planner.facts import Machine
from tests import universe
from tests.cuda.written import TORCH, machine, pin, pure, torch

HERE = machine(driver="550.54.15")
AARCH64 = machine(driver="580.95.05", arch="aarch64")
WINDOWS = machine(driver="560.94", os="windows", arch="amd64")
MAC = machine(os="darwin", arch="arm64")


def view(*pins: Pin, target: Machine = HERE) -> CudaView:
    return cuda_view(pins, target)


@pytest.mark.parametrize(
    ("version", "cuda", "asks"),
    [
        ("2.6.0", "12.4", "nvidia-cuda-runtime-cu12==12.4.127"),
        ("2.8.0", "12.8", "nvidia-cuda-runtime-cu12==12.8.90"),
        ("2.11.0", "13.0", "cuda-toolkit==13.0.2"),
        ("2.14.1", "13.0", "cuda-toolkit==13.0.3"),
        ("2.15.0", "13.2", "cuda-toolkit==13.2.2"),
    ],
)
def test_torch_of_pypi_tells_its_cuda_by_its_metadata(version: str, cuda: str, asks: str) -> None:
    use = view(torch(version)).torch_use
    assert use is not None
    assert (use.kind, use.cuda, use.inferred) == ("cuda", cuda, False)
    assert use.because == f"its metadata asks for {asks}"


@pytest.mark.parametrize(
    ("version", "kind", "cuda", "variant"),
    [
        ("2.13.0+cu126", "cuda", "12.6", "cu126"),
        ("2.3.1+cu118", "cuda", "11.8", "cu118"),
        ("2.13.0+cpu", "cpu", "", "cpu"),
        ("2.6.0+rocm6.2.4", "rocm", "", "rocm6.2.4"),
        ("2.8.0+xpu", "xpu", "", "xpu"),
    ],
)
def test_a_local_version_says_what_torch_is_built_for(
    version: str, kind: str, cuda: str, variant: str
) -> None:
    use = view(torch(version)).torch_use
    assert use is not None
    assert (use.kind, use.cuda, use.variant, use.inferred) == (kind, cuda, variant, False)


def test_a_torch_without_requirements_is_what_the_table_says_and_that_is_marked() -> None:
    use = view(torch("2.2.0")).torch_use
    assert use is not None
    assert (use.cuda, use.variant, use.inferred) == ("12.1", "cu121", True)
    assert "table" in use.because


def test_requirements_of_other_systems_do_not_count() -> None:
    on_windows = view(torch("2.14.1", tags="cp311-cp311-win_amd64"), target=WINDOWS)
    assert on_windows.torch_use is not None
    assert (on_windows.torch_use.kind, on_windows.driver_floor) == ("cpu", "")
    on_arm = view(torch("2.8.0", tags="cp311-cp311-manylinux_2_28_aarch64"), target=AARCH64).torch_use
    assert on_arm is not None
    assert (on_arm.kind, on_arm.inferred) == ("cpu", True)
    newer = view(torch("2.14.1", tags="cp311-cp311-manylinux_2_28_aarch64"), target=AARCH64).torch_use
    assert newer is not None
    assert (newer.cuda, newer.inferred) == ("13.0", False)


def test_no_driver_is_asked_for_where_nvidia_has_none() -> None:
    seen = view(torch("2.14.1", tags="cp311-none-macosx_14_0_arm64"), target=MAC)
    assert seen.torch_use is not None
    assert (seen.torch_use.kind, seen.driver_floor, run_needs(seen)) == ("cpu", "", ())


def test_a_torch_of_the_users_own_build_is_not_guessed() -> None:
    assert view(pin("torch-2.14.1.tar.gz")).torch_use is None
    assert view(torch("1.9.0")).torch_use is None


@pytest.mark.parametrize(
    ("one", "cuda", "part"),
    [
        (pure("nvidia-cuda-runtime-cu12", "12.8.90"), "12.8", "runtime"),
        (pure("nvidia-cuda-runtime", "13.2.86"), "13.2", "runtime"),
        (pure("cuda-toolkit", "13.0.3"), "13.0", "runtime"),
        (pure("nvidia-cuda-nvrtc-cu12", "12.8.93"), "12", "library"),
        (pure("nvidia-nccl-cu12", "2.27.3"), "12", "library"),
        (pure("cuda-bindings", "13.5.0"), "13", "library"),
        (pure("cupy-cuda12x", "14.2.0"), "12", "user"),
        (pure("cupy-cuda112", "10.6.0"), "11.2", "user"),
        (pure("jax-cuda13-plugin", "0.8.2"), "13", "user"),
        (pure("torchvision", "0.29.1+cu126"), "12.6", "user"),
        (pure("vllm", "0.12.0"), "12.9", "user"),
    ],
    ids=lambda value: value.project if isinstance(value, Pin) else str(value),
)
def test_what_other_pins_say(one: Pin, cuda: str, part: str) -> None:
    (use,) = view(one).uses
    assert (use.cuda, use.part, use.kind) == (cuda, part, "cuda")


@pytest.mark.parametrize(
    "one",
    [
        pure("nvidia-cuda-runtime", "0.0.1"),
        pure("nvidia-ml-py", "13.580.65"),
        pure("numpy", "2.4.0"),
        pure("cupy", "14.2.0"),
        pure("nvidia-cufft", "12.2.0.57"),
    ],
    ids=lambda one: str(one.project),
)
def test_placeholders_and_names_without_cuda_say_nothing(one: Pin) -> None:
    assert view(one).uses == ()


def test_who_asks_for_the_runtime_is_kept() -> None:
    seen = view(torch("2.8.0"), pure("nvidia-cuda-runtime-cu12", "12.8.90", asked=["torch 2.8.0"]))
    (runtime,) = seen.runtimes
    assert (str(runtime), runtime.by) == ("nvidia-cuda-runtime-cu12 12.8.90", ("torch 2.8.0",))


@pytest.mark.parametrize(
    ("version", "target", "floor"),
    [
        ("2.8.0", HERE, "525.60.13"),
        ("2.14.1", HERE, "580"),
        ("2.3.1+cu118", HERE, "450.80.02"),
        ("2.13.0+cu126", WINDOWS, "528.33"),
        ("2.13.0+cpu", HERE, ""),
    ],
)
def test_the_floor_of_the_driver_counts_minor_versions_in(version: str, target: Machine, floor: str) -> None:
    seen = view(torch(version), target=target)
    assert seen.driver_floor == floor
    assert bool(seen.floor_source) == bool(floor)
    needs = [str(need) for need in run_needs(seen)]
    assert needs[:1] == ([f"cuda-driver >={floor}"] if floor else [])
    assert [need.partition(" ")[0] for need in needs[1:]] == (["gpu"] if floor else [])


def test_the_newest_cuda_makes_the_floor_and_libraries_make_none() -> None:
    seen = view(torch("2.8.0"), pure("cupy-cuda13x", "14.2.0"), pure("nvidia-nccl-cu13", "2.30.7"))
    assert (str(seen.floor_by), seen.driver_floor) == ("cupy-cuda13x 14.2.0", "580")
    assert seen.majors == ("12", "13")
    alone = view(pure("nvidia-nccl-cu12", "2.27.7", asked=["xgboost 3.1.0"]))
    assert (alone.driver_floor, run_needs(alone)) == ("", ())


def test_a_need_is_held_against_the_machine() -> None:
    need, gpu = run_needs(view(torch("2.14.1")))
    assert str(gpu) == "gpu <13.0,>=7.5"
    assert need.role == "run"
    assert HERE.meets(need) is False
    assert machine(driver="580.95.05").meets(need) is True
    assert machine().meets(need) is False
    assert universe.machine().meets(need) is None
    assert "cuda-toolkit==13.0.3" in str(need.because[0])


def test_gpus_are_in_order_and_odd_capabilities_are_left_out() -> None:
    target = machine(driver="580.95.05", gpus=["9.0", "odd", "7.5"])
    seen = view(torch("2.14.1"), target=target)
    assert [gpu.number for gpu in seen.gpus] == ["0", "2"]
    assert seen.capabilities == ("7.5", "9.0")


def test_without_pins_nothing_is_said() -> None:
    assert cuda_view((), HERE) == replace(CudaView(), system="linux")


@given(
    major=st.integers(10, 19),
    minor=st.integers(0, 9),
    torch_minor=st.integers(0, 30),
    abi=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_local_versions_are_read_back(major: int, minor: int, torch_minor: int, abi: bool) -> None:
    text = f"1.0+cu{major}{minor}torch2.{torch_minor}cxx11abi{str(abi).upper()}"
    build = local_build(Version(text))
    assert (build.cuda, build.torch, build.abi) == (f"{major}.{minor}", f"2.{torch_minor}", abi)
    pyg = local_build(Version(f"1.0+pt2{torch_minor}cu{major}{minor}"))
    assert (pyg.cuda, pyg.torch) == (f"{major}.{minor}", f"2.{torch_minor}")


@given(st.from_regex(r"[a-z0-9]{1,8}([.][a-z0-9]{1,8}){0,2}", fullmatch=True))
@settings(max_examples=60, deadline=None)
def test_any_local_version_and_name_can_be_read(text: str) -> None:
    build = local_build(Version(f"1.0+{text}"))
    assert build.cuda == "" or build.kind == "cuda"
    assert cuda_of_name(text.replace(".", "-")) == "" or without_cuda(text.replace(".", "-")) != text


def test_the_written_requirements_are_understood() -> None:
    assert set(TORCH) == {"2.6.0", "2.8.0", "2.11.0", "2.14.1", "2.15.0"}
    assert all(view(torch(version)).torch_cuda for version in TORCH)
