"""The example's Dockerfile, each instruction really executed on a bare Debian 12; root, debootstrap, network."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from bare_machine import Cache, Machine, Ran

from tests.conftest import ROOT
from tests.test_gates_files import dockerfile

pytestmark = pytest.mark.live
PATH = "export TOOL=/opt/wheelplan APP=/opt/app PATH=/opt/wheelplan/bin:$PATH; cd /plan && "
PLAN = "wheelplan check requirements.txt --allow-build psycopg2 -p /usr/bin/python3 -q"


@pytest.fixture(scope="module")
def cache() -> Cache:
    place = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wheelplan-bare"
    made = Cache(Path(os.environ.get("WHEELPLAN_BARE_CACHE", place)))
    made.make()
    return made


@pytest.fixture
def folders(tmp_path: Path) -> dict[Path, str]:
    """What the machine sees of this one: the checkout's package, the context, a place for what is copied."""
    source, plan, copied = tmp_path / "src", tmp_path / "plan", tmp_path / "copied"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "planner", source / "planner", ignore=shutil.ignore_patterns("__pycache__"))
    plan.mkdir()
    copied.mkdir()
    shutil.copy(ROOT / "examples/docker/requirements.txt", plan)
    return {source: "/src", plan: "/plan", copied: "/copied"}


def stages() -> list[list[str]]:
    """The RUN lines of each stage, as they are but for what a Debian without Docker's Python needs."""
    found: list[list[str]] = []
    for word, rest in dockerfile():
        if word == "FROM":
            found.append([])
        elif word == "RUN":
            line = rest.replace("--no-cache-dir wheelplan", "--no-cache-dir /src")
            found[-1].append(line.replace(" gcc libpq-dev", " gcc libpq-dev python3-dev"))
    return found


def run(machine: Machine, line: str, folders: dict[Path, str]) -> Ran:
    return machine.run(PATH + line, limit=600, binds=folders)


def test_the_example_is_built_and_starts(cache: Cache, folders: dict[Path, str]) -> None:
    first, second = stages()
    with cache.machine() as machine:
        for line in first[:2]:
            assert run(machine, line, folders).code == 0, line
        ran = run(machine, PLAN, folders)
        assert ran.code == 0, ran.text
        gate, install = first[2:]
        assert run(machine, f"mv /usr/bin/gcc /usr/bin/gone && {gate}", folders).code == 1
        assert run(machine, "mv /usr/bin/gone /usr/bin/gcc", folders).code == 0
        for line in (gate, install):
            ran = run(machine, line, folders)
            assert ran.code == 0, ran.text
        assert run(machine, "cp -a /opt/wheelplan /opt/app /copied", folders).code == 0
    with cache.machine() as machine:
        assert run(machine, "cp -a /copied/* /opt", folders).code == 0
        for line in second:
            ran = run(machine, line, folders)
            assert ran.code == 0, ran.text
        ran = run(machine, "$APP/bin/python -c 'import psycopg2; print(psycopg2.__version__)'", folders)
        assert ran.code == 0, ran.text
        start = next(rest for word, rest in dockerfile() if word == "CMD")
        ran = run(machine, start.rpartition('", "')[2].removesuffix('"]'), folders)
        assert ran.code == 0, ran.text
        assert "gunicorn" in ran.text
