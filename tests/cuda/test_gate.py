"""What `check` found of a build against torch, asked again by `verify` on another machine."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from planner.buildlines import build_details
from planner.cuda.recipe import for_torch
from planner.cuda.runtime import cuda_view
from tests.conftest import ROOT, Wheelplan
from tests.cuda.written import build, machine, nvcc, ready_for, torch

CASE = ROOT / "tests" / "cases" / "ml"


@pytest.mark.parametrize(("toolkit", "good"), [("13.2", True), ("12.4", False)])
def test_a_build_against_torch_needs_the_toolkit_of_its_major(
    sealed: Path, wheelplan: Wheelplan, toolkit: str, good: bool
) -> None:
    shutil.copy(CASE / "plan.toml", sealed / "pylock.wheelplan.toml")
    assumed = [f"--assume={name}={toolkit}" for name in ("cuda-toolkit", "program:nvcc")]
    ran = wheelplan("verify", "--role", "build", "--machine", CASE / "machine.toml", *assumed)
    told = (
        f"flash-attn 2.8.3.post2 needs CUDA toolkit (nvcc) ==13.* to be built; here is cuda-toolkit {toolkit}"
    )
    assert (told in ran.out) is not good, ran.out


@pytest.mark.parametrize(
    ("toolkit", "state", "told"),
    [
        ("13.0", "present", "has        CUDA toolkit (nvcc) ==13.* (cuda-toolkit 13.0)"),
        ("12.4", "too-old", "needs      CUDA toolkit (nvcc) ==13.*: another version (cuda-toolkit 12.4)"),
    ],
)
def test_what_is_here_is_held_against_the_major_of_torch(toolkit: str, state: str, told: str) -> None:
    target = machine(**{"cuda-toolkit": toolkit})
    flash = build("flash-attn", "2.8.3", "torch")
    need = replace(nvcc(), ways=("cuda-toolkit",), needed_by=(flash.project,))
    pins = [torch("2.11.0")]
    ready = for_torch(ready_for(flash, target, need), [flash], cuda_view(pins, target))
    (own,) = ready.builds[0].prerequisites
    assert (own.state, str(own.specifier)) == (state, "==13.*")
    assert own.python.endswith("==13.0.*")
    lines = [f"{label:10} {text}" for label, text, _ in build_details(ready.builds[0], verbose=False)]
    assert any(line.startswith(told) for line in lines), lines


def test_no_wheels_are_named_that_have_no_nvcc() -> None:
    target = machine(**{"cuda-toolkit": "13.0"})
    flash = build("flash-attn", "2.8.3", "torch")
    need = replace(nvcc(), ways=("cuda-toolkit",), needed_by=(flash.project,), python="cuda-toolkit[nvcc]")
    ready = for_torch(ready_for(flash, target, need), [flash], cuda_view([torch("2.6.0")], target))
    assert ready.builds[0].prerequisites[0].python == ""
