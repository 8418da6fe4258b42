"""`wheelplan export` on the command line: formats, paths, errors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from planner.exporters.arguments import FORMATS
from planner.plan.seal import sealed as seal
from tests.conftest import ROOT, Wheelplan

WEB = ROOT / "tests" / "cases" / "web" / "plan.toml"


@pytest.fixture
def here(sealed: Path) -> Path:
    shutil.copy(WEB, "pylock.wheelplan.toml")
    return sealed


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "dockerfile"])
def test_every_format_goes_to_the_standard_output_and_to_files(
    here: Path, wheelplan: Wheelplan, name: str
) -> None:
    ran = wheelplan("export", "--format", name)
    assert ran.code == 0
    # What stops at a gate on any machine is told while there is somebody who reads it.
    told = [line.partition(":")[0] for line in ran.err.splitlines()]
    assert told == (["The plan is blocked by WP105"] * 2 if name == "sh" else [])
    Path("out").mkdir()
    ran_again = wheelplan("export", "pylock.wheelplan.toml", "--format", name, "-o", "out/text")
    assert (ran_again.code, ran_again.out) == (0, "")
    written = Path("out/text").read_text(encoding="utf-8")
    if name == "env":  # the memory that is free changes
        assert written.startswith("# From ../pylock.wheelplan.toml, by")
    else:
        assert written.replace("../", "") == ran.out


def test_a_dockerfile_stands_above_what_it_copies(here: Path, wheelplan: Wheelplan) -> None:
    assert wheelplan("export", "--format", "dockerfile", "-o", "Dockerfile").code == 0
    assert "FROM python:3.11-slim-bookworm AS builder" in Path("Dockerfile").read_text(encoding="utf-8")
    Path("out").mkdir()
    ran = wheelplan("export", "--format", "dockerfile", "-o", "out/Dockerfile")
    assert ran.code == 2
    assert "not below the Dockerfile's folder" in ran.err
    assert not Path("out/Dockerfile").exists()


def test_the_json_is_the_whole_plan(here: Path, wheelplan: Wheelplan) -> None:
    told = json.loads(wheelplan("export", "--format", "json").out)
    assert len(told["packages"]) == 26
    assert told["plan"] == "pylock.wheelplan.toml"
    assert [row["name"] for row in told["packages"] if row["kind"]] == ["mysqlclient", "psycopg2"]


def test_variables_of_one_build(here: Path, wheelplan: Wheelplan) -> None:
    text = Path("pylock.wheelplan.toml").read_text(encoding="utf-8").rpartition("# sha256")[0]
    place = 'source-build = "native"\n'
    Path("p.toml").write_text(
        seal(text.replace(place, place + 'environment = { MAX_JOBS = "1" }\n', 1)), encoding="utf-8"
    )
    ran = wheelplan("export", "p.toml", "--format", "env", "--for", "MySQLclient")
    assert (ran.code, ran.out.splitlines()[1:]) == (0, ["export MAX_JOBS=1"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.toml", "--format", "sh"], "nowhere.toml: The plan cannot be read"),
        (["cut.toml", "--format", "sh"], "cut or edited"),
        (["--format", "sh", "--for", "psycopg2"], "--for: Only the variables"),
        (["--format", "env", "--for", "nothing"], "--for: The plan has no 'nothing'"),
        (["--format", "yaml"], "invalid choice"),
        ([], "--format"),
    ],
)
def test_what_cannot_be_exported_is_told(
    here: Path, wheelplan: Wheelplan, words: list[str], said: str
) -> None:
    Path("cut.toml").write_bytes(Path("pylock.wheelplan.toml").read_bytes()[:-1])
    ran = wheelplan("export", *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
