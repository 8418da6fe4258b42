"""Each rule about CUDA with a case that fires and one that must not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from planner.assess import SourceBuild
from planner.building.readiness import Ready
from planner.cuda.builds import arch_list
from planner.cuda.judging import cuda_findings
from planner.cuda.runtime import cuda_view
from planner.dists import Pin
from planner.facts import Machine
from planner.findings import CODES, Finding
from tests import universe
from tests.cuda.written import build, machine, nvcc, pin, pure, ready_for, torch

OLD = machine(driver="550.54.15")
NEW = machine(driver="580.95.05")
FLASH = "flash_attn-2.8.3+cu12torch{torch}cxx11abi{abi}-cp311-cp311-linux_x86_64.whl"
GITHUB = "https://github.com/Dao-AILab/flash-attention/releases/download/v2.8.3/"


def judged(
    pins: Sequence[Pin],
    target: Machine = NEW,
    builds: Sequence[SourceBuild] = (),
    ready: Ready | None = None,
    unisolated: frozenset[str] = frozenset(),
) -> list[Finding]:
    view = cuda_view(pins, target)
    found = list(
        cuda_findings(view, pins=pins, builds=builds, ready=ready, machine=target, unisolated=unisolated)
    )
    for one in found:
        assert one.code in CODES
        assert one.summary.endswith(".")
        assert one.facts, one
    return found


def only(found: Sequence[Finding], code: str) -> Finding:
    (one,) = [one for one in found if one.code == code]
    return one


def codes(found: Sequence[Finding]) -> set[str]:
    return {one.code for one in found}


def flash(torch_minor: str = "2.8", abi: str = "TRUE", *, url: str = "") -> Pin:
    return pin(FLASH.format(torch=torch_minor, abi=abi), "torch", url=url)


def built(
    project: str = "ext",
    *requires: str,
    target: Machine = NEW,
    version: str = "1.0",
    torch_pin: Pin | None = None,
    undeclared: bool = True,
    native: bool | None = True,
    optional: bool = False,
    environment: Sequence[Pin] = (),
    unisolated: frozenset[str] = frozenset(),
) -> list[Finding]:
    """The findings of one source build with a CUDA extension beside a torch."""
    one = build(project, version, *requires, native=native)
    need = nvcc("optional" if optional else "required")
    ready = ready_for(one, target, need, undeclared=undeclared, environment=environment)
    pins = [torch_pin or torch("2.8.0"), pin(one.filename)]
    return judged(pins, target, [one], ready, unisolated)


# WP303: the driver


def test_a_driver_too_old_for_the_default_build() -> None:
    found = only(judged([torch("2.11.0")], OLD), "WP303")
    assert (found.severity, found.project) == ("error", "torch")
    assert found.summary == (
        "torch 2.11.0 is built for CUDA 13.0, which needs NVIDIA driver 580 or newer on Linux; here is 550.54.15."
    )
    assert found.remedy == (
        "take `--torch-backend cu128` or an older torch, `torch==2.10.*` (cu128); "
        "or update the driver to 580 or newer"
    )
    assert any("cuda-toolkit==13.0.2" in fact for fact in found.facts)
    assert any("https://" in fact for fact in found.facts)
    assert "550.54.15 brings CUDA 12.4" in found.facts


def test_a_build_that_is_only_inferred_is_not_told_as_a_fact() -> None:
    assert "`--torch-backend cu126` (inferred)" in only(judged([torch("2.14.1")], OLD), "WP303").remedy


def test_a_driver_too_old_for_every_build_of_that_torch() -> None:
    found = only(judged([torch("2.14.1")], machine(driver="470.82.01")), "WP303")
    assert "--torch-backend" not in found.remedy
    assert found.remedy == "take an older torch, `torch==2.0.*` (cu117); or update the driver to 580 or newer"


def test_no_torch_runs_with_a_driver_that_old() -> None:
    assert only(judged([torch("2.0.1")], machine(driver="390.157")), "WP303").remedy.startswith("update the")


def test_only_the_cuda_of_the_driver_is_known() -> None:
    bare = universe.machine(**{"cuda-driver-api": "12.4"})
    found = only(judged([torch("2.11.0")], bare), "WP303")
    assert found.summary.endswith("here is a driver for CUDA 12.4.")
    assert "`--torch-backend cu128`" in found.remedy
    assert judged([torch("2.8.0")], bare) == []


@pytest.mark.parametrize(
    ("version", "driver"),
    [("2.8.0", "550.54.15"), ("2.8.0", "525.60.13"), ("2.14.1", "580.65.06"), ("2.13.0+cpu", "390.10")],
)
def test_a_driver_that_serves(version: str, driver: str) -> None:
    assert judged([torch(version)], machine(driver=driver)) == []


def test_just_below_the_floor() -> None:
    assert codes(judged([torch("2.8.0")], machine(driver="525.60.11"))) == {"WP303"}


def test_no_driver_is_a_note_and_an_unknown_one_too() -> None:
    absent = only(judged([torch("2.14.1")], machine()), "WP303")
    assert absent.severity == "note"
    assert "nothing of the set uses a GPU on this machine" in absent.summary
    assert "--torch-backend cpu" in absent.remedy
    unknown = only(judged([torch("2.14.1")], universe.machine()), "WP303")
    assert unknown.severity == "note"
    assert "which one is here is not known (no probe looked for it)" in unknown.summary
    assert "--assume cuda-driver=" in unknown.remedy


def test_another_user_of_cuda_has_a_sibling_for_the_driver() -> None:
    found = only(judged([pure("cupy-cuda13x", "14.2.0")], OLD), "WP303")
    remedy = "take `cupy-cuda12x` in place of cupy-cuda13x; or update the driver to 580 or newer"
    assert (found.project, found.remedy) == ("cupy-cuda13x", remedy)


def test_nothing_is_said_of_sets_without_cuda_and_of_macos() -> None:
    assert judged([pure("numpy", "2.4.0")], machine()) == []
    mac = machine(os="darwin", arch="arm64")
    assert judged([torch("2.14.1", tags="cp311-none-macosx_14_0_arm64")], mac) == []


# WP304: CPU-only torch


def test_a_torch_for_the_cpu_beside_an_extension_for_cuda() -> None:
    found = only(judged([torch("2.8.0+cpu"), flash()]), "WP304")
    assert (found.severity, found.project) == ("error", "flash-attn")
    assert found.remedy == "take a torch for CUDA: `--torch-backend cu129`"


def test_a_torch_for_the_cpu_beside_a_build_for_cuda() -> None:
    found = only(built(torch_pin=torch("2.8.0+cpu")), "WP304")
    assert found.project == "ext"
    assert any("setup.py:20" in fact for fact in found.facts)
    assert "WP304" not in codes(built(torch_pin=torch("2.8.0+cpu"), optional=True))


def test_a_torch_for_rocm_is_none_for_cuda() -> None:
    assert "for ROCm" in only(judged([torch("2.8.0+rocm6.4"), flash()]), "WP304").summary


def test_where_nvidia_has_no_driver_the_extension_must_go() -> None:
    mac = machine(os="darwin", arch="arm64")
    mine = torch("2.8.0", tags="cp311-none-macosx_14_0_arm64")
    assert only(built(torch_pin=mine, target=mac), "WP304").remedy.startswith("leave ext out")


@pytest.mark.parametrize(
    "pins",
    [
        [torch("2.8.0+cpu"), pure("cupy-cuda12x", "14.2.0")],
        [torch("2.8.0+cpu"), pure("torchvision", "0.23.0+cpu", "torch==2.8.0")],
        [torch("2.8.0+cu128"), flash()],
        [torch("2.8.0"), flash()],
    ],
    ids=["cupy does not extend torch", "all for the CPU", "for CUDA", "by its metadata"],
)
def test_no_mixture_of_cpu_and_cuda(pins: list[Pin]) -> None:
    assert "WP304" not in codes(judged(pins))


# WP305: two majors


def test_an_extension_of_torch_for_another_major() -> None:
    found = only(
        judged([torch("2.14.0+cu130"), pure("torchvision", "0.29.0+cu126", "torch==2.14.0")]), "WP305"
    )
    assert (found.severity, found.project) == ("error", "torchvision")
    assert "CUDA 13 by torch 2.14.0+cu130; CUDA 12 by torchvision 0.29.0+cu126" in found.summary
    assert "a build of torchvision for CUDA 13 or torch for CUDA 12: `--torch-backend cu126`" in found.remedy


def test_two_majors_whose_files_lie_over_each_other() -> None:
    pins = [
        torch("2.14.1"),
        pure("nvidia-cudnn-cu13", "9.24.0.43", asked=["torch 2.14.1"]),
        pure("jax-cuda12-plugin", "0.7.0", asked=["requirements.txt:2"]),
        pure("nvidia-cudnn-cu12", "9.10.2.21", asked=["jax-cuda12-plugin 0.7.0"]),
    ]
    found = only(judged(pins), "WP305")
    assert found.severity == "error"
    assert any("install files of the same names" in fact for fact in found.facts)


def test_two_majors_that_can_live_beside_each_other_are_a_warning() -> None:
    assert only(judged([torch("2.14.1"), pure("cupy-cuda12x", "14.2.0")]), "WP305").severity == "warning"
    nccl = pure("nvidia-nccl-cu12", "2.27.7", asked=["xgboost 3.1.0"])
    found = only(judged([torch("2.14.1"), pure("nvidia-nccl-cu13", "2.30.7"), nccl]), "WP305")
    assert (found.severity, found.project) == ("warning", "nvidia-nccl-cu12")
    assert any("asked for by xgboost 3.1.0" in fact for fact in found.facts)


def test_what_a_table_infers_is_no_error() -> None:
    found = only(judged([torch("2.14.0+cu126"), pure("vllm", "0.33.0", "torch==2.14.0")]), "WP305")
    assert found.severity == "warning"
    assert any("(inferred)" in fact for fact in found.facts)


def test_one_major_in_many_minors_is_fine() -> None:
    pins = [torch("2.8.0"), pure("cupy-cuda12x", "14.2.0"), pure("nvidia-cuda-runtime-cu12", "12.9.79")]
    assert judged(pins) == []
    assert (
        judged([torch("2.14.1"), pure("nvidia-nvjitlink", "13.5.37"), pure("cuda-bindings", "13.5.0")]) == []
    )


# WP306: the toolkit


def test_a_toolkit_of_another_major() -> None:
    target = machine(driver="580.95.05", cuda_toolkit="12.4", gpus=["9.0"])
    found = only(built(target=target, torch_pin=torch("2.11.0")), "WP306")
    assert found.severity == "error"
    assert found.summary == (
        "Building ext 1.0 would use the CUDA toolkit 12.4, and torch 2.11.0 is built for CUDA 13.0: "
        "its cpp_extension refuses another major."
    )
    assert "take torch for the toolkit: `--torch-backend cu128`" in found.remedy
    assert '==13.0.*"' in found.remedy
    assert "nvidia/cu13" in found.remedy


def test_a_toolkit_of_the_right_major_that_is_here_too_is_named() -> None:
    target = machine(
        driver="580.95.05", **{"cuda-toolkit": "12.4", "cuda-toolkit:/usr/local/cuda-13.0": "13.0"}
    )
    found = only(built(target=target, torch_pin=torch("2.11.0")), "WP306")
    assert found.remedy == "set `CUDA_HOME=/usr/local/cuda-13.0`"


def test_an_older_cuda_of_torch_asks_for_a_toolkit() -> None:
    target = machine(driver="580.95.05", cuda_toolkit="13.0")
    found = only(built(target=target, torch_pin=torch("2.6.0")), "WP306")
    assert found.remedy == "install a CUDA toolkit 12.4 and set `CUDA_HOME` to it"


def test_another_minor_is_a_note_and_an_optional_part_a_warning() -> None:
    target = machine(driver="580.95.05", cuda_toolkit="12.4", gpus=["9.0"])
    assert only(built(target=target), "WP306").severity == "note"
    assert only(built(target=target, torch_pin=torch("2.11.0"), optional=True), "WP306").severity == "warning"


@pytest.mark.parametrize("toolkit", ["12.8", ""])
def test_the_same_toolkit_or_none(toolkit: str) -> None:
    more = {"cuda-toolkit": toolkit} if toolkit else {}
    assert built(target=machine(driver="580.95.05", gpus=["9.0"], **more)) == []


def test_a_build_that_does_not_touch_torch_may_take_any_toolkit() -> None:
    target = machine(driver="580.95.05", cuda_toolkit="12.4")
    assert built(target=target, torch_pin=torch("2.11.0"), undeclared=False) == []


# WP307: the compiler


def gcc(version: str, toolkit: str, **more: str) -> Machine:
    facts = {"program:g++": version, "cuda-toolkit": toolkit, **more}
    return machine(driver="580.95.05", gpus=["9.0"], **facts)


def test_a_gcc_too_new_for_nvcc() -> None:
    target = gcc("15.1.0", "12.8", **{"package-manager": "apt", "distro": "debian"})
    found = only(built(target=target), "WP307")
    assert found.severity == "error"
    assert "would compile with GCC 15.1.0, and nvcc of CUDA 12.8 takes none from 15 on" in found.summary
    assert found.remedy == (
        "install g++ 14: `apt-get install -y --no-install-recommends g++-14`; "
        "then build it with `CC=gcc-14 CXX=g++-14 CUDAHOSTCXX=g++-14`"
    )
    assert "apt-get" not in only(built(target=gcc("15.1.0", "12.8")), "WP307").remedy


def test_an_older_gcc_beside_it_is_used() -> None:
    target = gcc("15.1.0", "12.8", **{"program:g++-14": "14.2.0"})
    assert only(built(target=target), "WP307").remedy.startswith("build it with `CC=gcc-14")


@pytest.mark.parametrize(("version", "toolkit"), [("14.2.0", "12.8"), ("15.2.0", "13.0"), ("", "12.8")])
def test_a_gcc_that_nvcc_takes(version: str, toolkit: str) -> None:
    assert "WP307" not in codes(built(target=gcc(version, toolkit)))


def test_the_row_of_another_minor_is_not_taken_at_its_word() -> None:
    # 12.7 has no row of its own; that of 12.6 takes no GCC 14, and nobody has said so of 12.7.
    assert "WP307" not in codes(built(target=gcc("14.2.0", "12.7")))
    assert "WP307" in codes(built(target=gcc("15.1.0", "12.7")))


# WP308: a build and a torch


def test_a_build_that_the_pinned_torch_refuses() -> None:
    found = only(built("flash-attn", version="2.8.3", torch_pin=torch("2.14.1")), "WP308")
    assert found.severity == "error"
    assert found.summary == (
        "flash-attn 2.8.3 cannot be compiled against torch 2.14.1 of the plan: "
        "its setup.py asks for C++17, and the headers of that torch need C++20."
    )
    assert "`torch<2.14`" in found.remedy


def test_a_build_in_isolation_is_held_against_its_own_torch() -> None:
    newest = [torch("2.15.0")]
    found = built("causal-conv1d", "torch", version="1.7.0", undeclared=False, environment=newest)
    assert "torch 2.15.0, which its build environment would hold" in only(found, "WP308").summary
    without = built(
        "causal-conv1d",
        "torch",
        version="1.7.0",
        undeclared=False,
        environment=newest,
        unisolated=frozenset({"causal-conv1d"}),
    )
    assert "WP308" not in codes(without)


@pytest.mark.parametrize(("version", "against"), [("2.8.3", "2.13.0"), ("2.9.0", "2.14.1")])
def test_a_build_that_goes_with_its_torch(version: str, against: str) -> None:
    assert "WP308" not in codes(built("flash-attn", version=version, torch_pin=torch(f"{against}+cu126")))


# WP309: for which GPUs


def test_no_gpu_and_nobody_says_for_which_to_compile() -> None:
    found = only(built(target=machine()), "WP309")
    assert found.severity == "warning"
    assert 'TORCH_CUDA_ARCH_LIST="9.0"' in found.remedy


def test_a_project_with_a_variable_of_its_own() -> None:
    found = only(built("flash-attn", version="2.8.3"), "WP309")
    assert found.severity == "note"
    assert "FLASH_ATTN_CUDA_ARCHS" in found.remedy


def test_gpus_that_are_seen_or_planned_for() -> None:
    target = machine(driver="580.95.05", gpus=["9.0", "8.6"])
    assert "WP309" not in codes(built(target=target))
    assert arch_list(cuda_view([torch("2.8.0")], target)) == "8.6;9.0"
    assert "WP309" not in codes(built(optional=True))
    assert "WP309" not in codes(built(native=False))


# WP311: GPUs without code


def test_a_gpu_that_cuda_13_has_dropped() -> None:
    found = only(judged([torch("2.11.0")], machine(driver="580.95.05", gpus=["7.0"])), "WP311")
    assert found.severity == "error"
    assert "no kernel image is available" in found.summary
    assert found.remedy == "take `--torch-backend cu126`", "the files of torch 2.11 for cu128 leave 7.0 out"


def test_a_gpu_that_is_newer_than_the_cuda_of_torch() -> None:
    found = only(judged([torch("2.6.0")], machine(driver="580.95.05", gpus=["12.0"])), "WP311")
    assert found.remedy == "take a newer torch, `torch==2.15.*` (cu132)"
    assert judged([torch("2.8.0")], machine(driver="580.95.05", gpus=["12.0"])) == []
    old = judged([torch("2.0.1+cu117")], machine(driver="580.95.05", gpus=["9.0"]))
    assert only(old, "WP311").severity == "error", "PyTorch's files for CUDA 11.7 end with 8.6"


def test_one_gpu_of_two_is_a_warning_and_is_told_once() -> None:
    mixed = machine(driver="580.95.05", gpus=["9.0", "6.1", "6.1"])
    assert only(judged([torch("2.11.0")], mixed), "WP311").severity == "warning"


@pytest.mark.parametrize(
    ("version", "gpu"),
    [("2.11.0", "7.5"), ("2.14.1", "12.0"), ("2.8.0", "7.0"), ("2.13.0+cu126", "6.1"), ("2.13.0+cpu", "5.0")],
)
def test_a_gpu_with_code(version: str, gpu: str) -> None:
    assert judged([torch(version)], machine(driver="580.95.05", gpus=[gpu])) == []


# WP312: another torch, another ABI


def test_a_wheel_for_another_torch() -> None:
    found = only(judged([torch("2.8.0"), flash("2.7")]), "WP312")
    assert found.severity == "error"
    assert "is made for torch 2.7, and torch 2.8.0 is pinned" in found.summary
    assert "`torch==2.7.*`" in found.remedy
    scatter = pure("torch-scatter", "2.1.2+pt27cu128")
    assert "torch 2.7" in only(judged([torch("2.8.0"), scatter]), "WP312").summary


@pytest.mark.parametrize(
    ("version", "abi", "ends"),
    [("2.6.0", "TRUE", "__cxx1112basic_string"), ("2.6.0+cu126", "FALSE", "SourceLocationESs")],
)
def test_one_version_of_torch_has_two_abis(version: str, abi: str, ends: str) -> None:
    found = only(judged([torch(version), flash("2.6", abi)]), "WP312")
    assert ends in found.summary
    assert f"cxx11abi{'FALSE' if abi == 'TRUE' else 'TRUE'}" in found.remedy


def test_metadata_that_a_plan_without_dependencies_ignores() -> None:
    xformers = pure("xformers", "0.0.34", "torch==2.10.0")
    assert "`torch==2.10.0`" in only(judged([torch("2.8.0"), xformers]), "WP312").remedy


@pytest.mark.parametrize(
    "pins",
    [
        [torch("2.8.0"), flash("2.8")],
        [torch("2.6.0"), flash("2.6", "FALSE")],
        [torch("2.6.0+cu126"), flash("2.6", "TRUE")],
        [flash("2.7")],
        [torch("2.8.0"), pure("xformers", "0.0.35", "torch>=2.8")],
    ],
    ids=["same minor", "old ABI", "new ABI", "no torch", "metadata holds"],
)
def test_wheels_that_fit_their_torch(pins: list[Pin]) -> None:
    assert "WP312" not in codes(judged(pins))


# WP313: glibc


@pytest.mark.parametrize("url", ["", f"{GITHUB}flash_attn.whl"])
def test_a_glibc_that_a_plain_tag_hides(url: str) -> None:
    target = machine(driver="580.95.05", glibc="2.31")
    found = only(judged([torch("2.8.0"), flash(url=url)], target), "WP313")
    assert found.severity == "error"
    assert "needs glibc 2.32, which its tag does not say; here is glibc 2.31" in found.summary


def test_musl_has_no_glibc_at_all() -> None:
    target = machine(driver="580.95.05", musl="1.2")
    assert "here is musl 1.2" in only(judged([torch("2.8.0"), flash()], target), "WP313").summary


@pytest.mark.parametrize("one", [flash(), pin("other-1.0-cp311-cp311-linux_x86_64.whl"), pure("x", "1.0")])
def test_a_glibc_that_is_new_enough_or_of_which_nothing_is_known(one: Pin) -> None:
    assert "WP313" not in codes(judged([torch("2.8.0"), one], machine(driver="580.95.05", glibc="2.32")))
    other = pin("other-1.0-cp311-cp311-linux_x86_64.whl")
    assert "WP313" not in codes(judged([other], machine(driver="580.95.05", glibc="2.17")))
