"""Against the live index and this machine; a person runs them: `pytest -m live`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from against_uv import environment, uv_compile, wheelplan_check

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.live


@pytest.mark.parametrize("example", ["datascience", "oldpins"])
def test_the_pins_are_those_of_uv(example: str) -> None:
    path = ROOT / "examples" / example / "requirements.txt"
    with tempfile.TemporaryDirectory() as home:
        theirs = uv_compile(path, f"{home}/uv", environment(home), [])
        ours = wheelplan_check(path, f"{home}/ours", environment(home), [])
    assert theirs.code == 0, theirs.err
    assert ours.pins == theirs.pins


@pytest.mark.parametrize("target", ["linux", "musl", "macos", "windows"])
def test_the_classes_are_those_that_pip_gives(target: str) -> None:
    """`benchmarks/independent.py` judges each pin again with pip's own code."""
    files = [str(ROOT / "examples" / name / "requirements.txt") for name in ("web", "datascience")]
    command = [sys.executable, str(ROOT / "benchmarks" / "independent.py"), *files, "--target", target]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " 0 differ" in ran.stdout.splitlines()[-1]


def test_this_machine_has_a_fingerprint() -> None:
    command = [sys.executable, "-m", "planner.cli", "fingerprint", "--output-format", "json"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stderr
