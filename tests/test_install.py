"""`wheelplan install` on the command line: its words, its gate, its codes."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import Wheelplan
from tests.installing.making import package, plan_text
from tests.shelf import sha256, wheel


@pytest.fixture
def ready(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plan of one wheel, an environment, and a uv that does as it is told: CODE, or nothing."""
    (sealed / "requirements.txt").write_text("alpha\n", encoding="utf-8")
    inputs = [{"path": "requirements.txt", "sha256": sha256(sealed / "requirements.txt")}]
    rows = [package(wheel(sealed / "files", "alpha", "1.0"))]
    (sealed / "pylock.wheelplan.toml").write_text(plan_text(rows, inputs=inputs), encoding="utf-8")
    venv.create(sealed / ".venv", with_pip=False, symlinks=True)
    stub = sealed / "bin" / "uv"
    stub.parent.mkdir()
    uv = Path(sys.executable).with_name("uv")
    stub.write_text(
        f'#!/bin/sh\ntest "$CODE" || exec {uv} "$@"\nprintf "broken\\033[1m\\n"; exit $CODE\n',
        encoding="utf-8",
    )
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stub.parent}:{os.defpath}")
    for name in ("UV_NO_CONFIG", "UV_OFFLINE", "UV_NO_CACHE"):
        monkeypatch.setenv(name, "1")
    return sealed


def test_a_plan_is_installed(ready: Path, wheelplan: Wheelplan) -> None:
    ran = wheelplan("install", "--logs", "logs")
    assert ran.code == 0, ran.err
    assert ran.out == f"Installed into {ready}/.venv/bin/python: 1 distribution, as the plan says.\n"
    assert ran.err.startswith("pylock.wheelplan.toml: good. 1 distribution can be built here")
    assert ran.err.endswith(f"[1/1] wheels: 1: {ready}/logs/1-wheels.log\n")
    assert wheelplan("install", "--logs", "logs", "-q").err == ""


def test_the_commands_can_be_seen_first(ready: Path, wheelplan: Wheelplan) -> None:
    ran = wheelplan("install", "--dry-run", "--logs", "my logs", "-p", ".venv")
    assert ran.code == 0
    words = f"{ready}/bin/uv pip install --python {ready}/.venv/bin/python --no-deps --no-build"
    assert ran.out == f"{words} -r '{ready}/my logs/pylock.1-wheels.toml'\n"
    assert not (ready / "my logs").exists()


def test_a_failure_is_told_with_printable_lines(
    ready: Path, wheelplan: Wheelplan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODE", "7")
    ran = wheelplan("install", "--logs", "logs", "-q")
    assert ran.code == 1
    assert "  broken\\x1b[1m\n" in ran.out
    assert "uv failed (exit code 7) in: wheels: 1." in ran.out
    assert "doubt WP706: No line that is known here tells why it failed." in ran.out


def test_a_failure_is_diagnosed(ready: Path, wheelplan: Wheelplan, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = ready / "bin" / "uv"
    text = stub.read_text(encoding="utf-8").replace("broken\\033[1m", "error: can't find Rust compiler")
    stub.write_text(text.replace("printf", "echo"), encoding="utf-8")
    monkeypatch.setenv("CODE", "7")
    ran = wheelplan("install", "--logs", "logs")
    assert ran.code == 1
    assert "error WP201: Building the project needs Rust (cargo and rustc): none was found.\n" in ran.out
    assert "logs/1-wheels.log:1: error: can't find Rust compiler\n" in ran.out


def test_what_was_installed_is_looked_at(
    ready: Path, wheelplan: Wheelplan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODE", "0")  # all is well, it says
    ran = wheelplan("install", "--logs", "logs")
    assert ran.code == 1
    assert "WP811: alpha 1.0 is not installed." in ran.out
    assert "uv ended well, and the environment is not as the plan says" in ran.out


def test_a_changed_input_stops_it_at_the_gate(ready: Path, wheelplan: Wheelplan) -> None:
    (ready / "requirements.txt").write_text("alpha\nbeta\n", encoding="utf-8")
    ran = wheelplan("install", "--logs", "logs")
    assert ran.code == 1
    assert "requirements.txt" in ran.out + ran.err
    assert not (ready / "logs").exists()
    assert wheelplan("install", "--logs", "logs", "--allow", "WP803").code == 0


@pytest.mark.parametrize(
    "words", [["none.toml"], ["-p", "nowhere"], ["--installer", "poetry"], ["--skip-verify"]]
)
def test_what_cannot_be_begun_is_not_proven(ready: Path, wheelplan: Wheelplan, words: list[str]) -> None:
    assert wheelplan("install", *words).code == 2
    assert not (ready / "logs").exists()


def test_a_cut_plan_is_not_proven(ready: Path, wheelplan: Wheelplan) -> None:
    plan = ready / "pylock.wheelplan.toml"
    plan.write_bytes(plan.read_bytes()[:-40])
    ran = wheelplan("install")
    assert ran.code == 2
    assert "cut or edited" in ran.err
