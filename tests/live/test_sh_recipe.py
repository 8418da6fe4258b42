"""The script of `wheelplan export --format sh`, run on a bare Debian 12; root, debootstrap and the network."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from bare_machine import APT, Cache, Machine, Ran
from uv import find_uv_bin

from planner.plan.opened import PlanFile, open_plan
from tests.conftest import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.live
REQUIREMENTS = "--no-binary lxml,markupsafe\npsycopg2\nlxml\nmarkupsafe\n"
BUILDS = ("lxml", "markupsafe", "psycopg2")
LACKING = ("gcc", "libpq-dev", "libxslt1-dev", "python3-dev")
MODULES = "import lxml.etree, markupsafe._speedups, psycopg2"
TOLD = """
from importlib.metadata import distribution
for name in {names}:
    one = distribution(name)
    tags = [line for line in one.read_text("WHEEL").splitlines() if line.startswith("Tag: ")]
    print(name, one.version, *tags, (one.read_text("INSTALLER") or "").strip())
"""
STARTED = "wheelplan: builds-1"  # what the script says when it comes to the builds
NOBODY = "setpriv --reuid 65534 --regid 65534 --clear-groups"


@dataclass(frozen=True)
class Site:
    """A bare machine with wheelplan, and with the plan and its script in `/app`."""

    machine: Machine
    binds: dict[Path, str]

    def run(self, line: str, limit: float = 120) -> Ran:
        """Run a line in `/app`, where no other run of these trees uses apt."""
        with self.machine.cache.lock("apt"):
            text = f"export PATH=/w/bin:$PATH; cd /app && {line}"
            return self.machine.run(text, limit=limit, binds=self.binds)

    def done(self, line: str) -> str:
        ran = self.run(line)
        assert ran.code == 0, ran.text
        return ran.text


@dataclass(frozen=True)
class Shop:
    """What all machines are made from: the layer with what wheelplan asks for, its wheel, the context."""

    cache: Cache
    layer: Path
    folder: Path

    @contextmanager
    def open(self) -> Iterator[Site]:
        with self.cache.over(self.layer) as machine:
            site = Site(machine, {self.folder: "/from", Path(find_uv_bin()).parent: "/uv"})
            assert machine.run("mkdir /app", limit=60).code == 0
            site.done("/w/bin/pip install -q --no-deps --no-index /from/*.whl && cp /from/app/* /app")
            yield site


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The plan is made in the bare machine itself, which is asked what it has."""
    place = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wheelplan-bare"
    cache = Cache(Path(os.environ.get("WHEELPLAN_BARE_CACHE", place)))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = shlex.join(project["dependencies"])
    layer = cache.prepared(f"python3 -m venv /w && /w/bin/pip install -q {needed}")
    folder = tmp_path_factory.mktemp("shop")
    (folder / "app").mkdir()
    (folder / "app/requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
    wheel = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)]
    subprocess.run(wheel, check=True)
    shop = Shop(cache, layer, folder)
    allowed = " ".join(f"--allow-build {name}" for name in BUILDS)
    with shop.open() as site:
        ran = site.run(f"wheelplan check requirements.txt {allowed} -p /usr/bin/python3 -q")
        assert ran.code == 1, ran.text  # the machine is not ready: that is what the recipe is for
        site.done("wheelplan export --format sh -o recipe.sh && cp /app/* /from/app")
    return shop


def plan(shop: Shop) -> PlanFile:
    path = shop.folder / "app/pylock.wheelplan.toml"
    return open_plan(path.read_bytes(), path.name)


def nothing_was_built(site: Site, ran: Ran) -> None:
    """Each command that installs is run by the environment's Python: there is no environment."""
    assert ran.code == 1, ran.text
    assert STARTED not in ran.text
    assert ".venv" not in site.done("ls -a")


def test_the_plan_names_what_the_bare_machine_lacks(shop: Shop) -> None:
    found = plan(shop)
    assert [one.name for one in found.builds] == list(BUILDS)
    assert {one.kind for one in found.builds} == {"native"}
    assert found.ready == f"apt-get install -y --no-install-recommends {' '.join(LACKING)}"


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_the_recipe_runs_from_start_to_import(shop: Shop, installer: str) -> None:
    with shop.open() as site:
        assert site.run("command -v gcc cc make uv").text == ""
        recipe = "PATH=$PATH:/uv sh recipe.sh" if installer == "uv" else "sh recipe.sh"
        ran = site.run(recipe, limit=900)
        assert ran.code == 0, ran.text
        assert STARTED in ran.text
        site.done(f".venv/bin/python -c '{MODULES}'")
        told = site.done(f".venv/bin/python -c {shlex.quote(TOLD.format(names=BUILDS))}")
        # A wheel of an index would say manylinux.
        tag = f"Tag: cp311-cp311-linux_x86_64 {installer}"
        assert told.splitlines() == [f"{one.name} {one.version} {tag}" for one in plan(shop).builds]
        assert site.run(recipe).code == 0  # again: it is all there


@pytest.mark.parametrize("taken", LACKING)
def test_where_one_package_lacks_a_user_is_told_and_nothing_is_built(shop: Shop, taken: str) -> None:
    others = [name for name in LACKING if name != taken]
    with shop.open() as site:
        site.done(f"apt-get update -q && {APT} {shlex.join(others)} && chown -R 65534 /app")
        ran = site.run(f"{NOBODY} sh recipe.sh")
        nothing_was_built(site, ran)
        assert f"This machine lacks {taken}. As root:" in ran.text
        assert "error WP805" in ran.text


@pytest.mark.parametrize(
    ("file", "lacks"),
    [
        ("/usr/bin/gcc", "C compiler"),
        ("/usr/include/python3.11/Python.h", "Python headers"),
        ("/usr/bin/pg_config", "libpq (PostgreSQL)"),
    ],
)
def test_what_is_gone_from_an_installed_package_stops_root_too(shop: Shop, file: str, lacks: str) -> None:
    with shop.open() as site:
        site.done(f"apt-get update -q && {APT} {shlex.join(LACKING)} && mv {file} /root")
        ran = site.run("sh recipe.sh")
        nothing_was_built(site, ran)
        assert f"psycopg2 {version(shop)} needs {lacks} to be built: not found here." in ran.text
        assert "Reading package lists" not in ran.text  # apt was not asked


def version(shop: Shop) -> str:
    return next(one.version for one in plan(shop).builds if one.name == "psycopg2")


def test_what_the_recipe_cannot_install_stops_it_at_the_second_gate(shop: Shop) -> None:
    """An apt that brings all but one package: as where a mirror's package is empty or another's."""
    stub = '#!/bin/sh\nfor word; do shift; [ "$word" = libpq-dev ] || set -- "$@" "$word"; done\n'
    with shop.open() as site:
        (shop.folder / "apt-get").write_text(f'{stub}exec /usr/bin/apt-get "$@"\n', encoding="utf-8")
        site.done("install -m 755 /from/apt-get /usr/local/bin/apt-get")
        ran = site.run("sh recipe.sh")
        nothing_was_built(site, ran)
        assert "Setting up gcc" in ran.text
        assert ran.text.count(f"psycopg2 {version(shop)} needs libpq") == 2
        assert "needs C compiler" not in ran.text.rpartition("Setting up")[2]
