"""Where nothing can be written, and where nobody is: said before any work, with what to type."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import Wheelplan
from tests.verifying.planned import SMALL

PLACES = {
    "no such folder": (
        "no where/deep/a.toml",
        "There is no folder no where/deep. Make it with `mkdir -p 'no where/deep'`",
    ),
    "a folder": ("folder", "This is a folder. Name a file in it."),
    "below a file": ("file/a.toml", "file is no folder."),
    "a link to nowhere": ("folder/link.toml", "gone. Make it with `mkdir -p "),
}
COMMANDS = {
    "check": ("check", "alpha", "-o"),
    "build constraints": ("check", "alpha", "--write-build-constraints"),
    "export": ("export", "plan.toml", "--format", "constraints", "-o"),
    "fingerprint": ("fingerprint", "-o"),
}


@pytest.fixture
def folder(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the work was done, and for nothing")

    monkeypatch.setattr("planner.pipeline.check", never)
    monkeypatch.setattr("planner.target.machine_for", never)
    (sealed / "folder").mkdir()
    (sealed / "folder" / "link.toml").symlink_to("../gone/a.toml")
    (sealed / "file").write_bytes(b"")
    (sealed / "plan.toml").write_text(SMALL, encoding="utf-8")
    return sealed


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("place", PLACES)
def test_what_cannot_be_written_is_told_first(
    folder: Path, wheelplan: Wheelplan, command: str, place: str
) -> None:
    path, told = PLACES[place]
    ran = wheelplan(*COMMANDS[command], path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {path}: The file cannot be written: ")
    assert told in ran.err
    assert {one.name for one in folder.iterdir()} == {"folder", "file", "plan.toml"}


def test_a_folder_of_others_is_told_first(
    folder: Path, wheelplan: Wheelplan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    ran = wheelplan("check", "alpha", "-o", "folder/a.toml")
    assert ran.code == 2
    assert "The folder folder may not be written." in ran.err


COMMON = {
    "check": ("check", "alpha"),
    "export": ("export", "plan.toml", "--format", "sh"),
    "install": ("install", "plan.toml"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no folder that someone is in")
@pytest.mark.parametrize("command", COMMON)
def test_a_current_folder_that_was_deleted(sealed: Path, wheelplan: Wheelplan, command: str) -> None:
    (sealed / "gone").mkdir()
    os.chdir(sealed / "gone")
    (sealed / "gone").rmdir()
    ran = wheelplan(*COMMON[command])
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: The current folder was deleted, and paths count from it. "
        "Go to one that is there (`cd`), and run the same command again.\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no folder that someone is in")
def test_verify_needs_no_current_folder(sealed: Path, wheelplan: Wheelplan) -> None:
    plan = sealed / "plan.toml"
    plan.write_text(SMALL, encoding="utf-8")
    (sealed / "gone").mkdir()
    os.chdir(sealed / "gone")
    (sealed / "gone").rmdir()
    ran = wheelplan("verify", plan, "--role", "run")
    assert f"{plan}: not " in ran.out
    assert ran.err == ""
