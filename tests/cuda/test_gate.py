"""What `check` found of a build against torch, asked again by `verify` on another machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, Wheelplan

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
