"""Wheels outside the indexes, as alternatives of a source build: never a guess as a fact, few questions."""

from __future__ import annotations

import pytest

from planner.choosing.alternatives import MOST_ASKED, with_alternatives
from planner.choosing.trials import Trials
from tests.choosing.solved import HERE, Case
from tests.universe import Universe

URL = (
    "https://github.com/Dao-AILab/flash-attention/releases/download/v2.8.3/"
    "flash_attn-2.8.3+cu12torch2.8cxx11abiTRUE-cp311-cp311-linux_x86_64.whl"
)
TAKEN = f"`flash-attn @ {URL}`"
DRIVER = {"cuda_driver": "550.54.15", "cuda_driver_api": "12.4"}


class Server:
    """Answers whether a file is there, and counts the questions."""

    def __init__(self, answer: bool | None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, url: str) -> bool | None:
        self.asked.append(url)
        return self.answer


def attention(torch: str = "2.8.0+cu128", version: str = "2.8.3", **facts: str) -> Case:
    world = Universe().add(f"flash_attn-{version}.tar.gz").add(f"torch-{torch}-{HERE}.whl")
    return Case(world, f"flash-attn=={version}", f"torch=={torch}", **{**DRIVER, **facts})


def told(case: Case, exists: Server | None = None) -> list[str]:
    builds = with_alternatives(
        case.builds,
        case.pins,
        asks=case.trials.roots.asks,
        trials=case.trials,
        older={},
        exists=exists or Server(None),
    )
    return [str(way) for build in builds for way in build.alternatives if way.kind == "place"]


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (None, f"a wheel should exist by its build matrix for torch 2.8 and CUDA 12: {TAKEN}; not verified"),
        (True, f"a wheel exists for torch 2.8 and CUDA 12: {TAKEN}"),
        (False, None),
    ],
)
def test_what_a_server_says(answer: bool | None, wanted: str | None) -> None:
    server = Server(answer)
    ways = told(attention(), server)
    assert [way for way in ways if "github" in way] == ([wanted] if wanted else [])
    assert server.asked == [URL]


def test_nobody_is_asked_unless_the_caller_says_so() -> None:
    assert any(way.endswith("; not verified") for way in attention().of("flash-attn"))


def test_another_torch_is_named_with_the_plans() -> None:
    (way, *_) = told(attention("2.14.1"))
    assert way == (
        "a wheel should exist by its build matrix for torch 2.8 and CUDA 12 (the plan has torch 2.14.1): "
        f"{TAKEN}; not verified"
    )


def test_what_of_the_machine_is_in_the_way_is_told_and_not_asked() -> None:
    server = Server(True)
    (way, *_) = told(attention(glibc="2.31"), server)
    assert way == "a wheel in its releases does not fit: its wheels need glibc 2.32, here 2.31"
    assert server.asked == []


def test_an_index_for_the_project_is_named() -> None:
    url = "https://wheels.astral.sh/simple/cu128/"
    wanted = "an index that was not asked should, by its build matrix, have a wheel"
    assert f"{wanted}: `--extra-index-url {url}`" in told(attention())


def test_no_index_is_named_for_a_version_from_before_it() -> None:
    old, new = (
        told(Case(Universe().add(f"vllm-{version}.tar.gz"), "vllm", cuda_driver_api="12.9"))
        for version in ("0.1.2", "0.32.0")
    )
    assert old == []
    assert any("https://wheels.vllm.ai/0.32.0/cu129" in way for way in new)


def test_a_set_without_such_a_build_asks_nobody() -> None:
    server = Server(True)
    world = Universe().add("n-1.0.tar.gz").add(f"torch-2.8.0-{HERE}.whl")
    assert told(Case(world, "n", "torch", **DRIVER), server) == []
    world = Universe().add(f"flash_attn-2.8.3-{HERE}.whl").add(f"torch-2.8.0-{HERE}.whl")
    assert told(Case(world, "flash-attn", "torch", **DRIVER), server) == []
    assert server.asked == []


def test_a_few_questions_in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(True)
    world = Universe().add(f"torch-2.8.0+cu128-{HERE}.whl")
    for name in ("flash_attn-2.8.3", "mamba_ssm-2.3.2.post1", "causal_conv1d-1.6.1.post3"):
        world.add(f"{name}.tar.gz")
    monkeypatch.setattr("planner.choosing.alternatives.MOST_ASKED", 2)
    case = Case(world, "flash-attn", "mamba-ssm", "causal-conv1d", "torch", **DRIVER)
    ways = [way for way in told(case, server) if "github" in way]
    assert len(server.asked) == 2 < MOST_ASKED
    assert [way.endswith("; not verified") for way in ways] == [False, False, True]


def test_a_sibling_by_the_driver() -> None:
    world = Universe().add("cupy-14.2.0.tar.gz")
    for name in ("cupy_cuda12x", "cupy_cuda13x"):
        world.add(f"{name}-14.2.0-{HERE}.whl")
    case = Case(world, "cupy", **DRIVER)
    assert isinstance(case.trials, Trials)
    (way, *_) = case.of("cupy")
    assert way.startswith(
        "cupy-cuda12x==14.2.0 has a wheel for this machine (another project; it needs CUDA's"
    )
    (way, *_) = Case(world, "cupy", cuda_driver="580.65.06").of("cupy")
    assert way.startswith("cupy-cuda13x==14.2.0 has a wheel")
    assert Case(world, "cupy").of("cupy") == []
