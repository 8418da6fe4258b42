"""What uv and pip make of exported files: from a folder of tiny wheels, without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from planner.exporters import constraints, requirements, uv
from planner.exporters.port import Asked
from planner.plan.opened import PlanFile, PlannedFile, PlannedIndex, PlannedPackage
from tests.exporters.plans import ASKED, INDEX, MACHINE, TORCH, build, ml, plan
from tests.shelf import sha256, wheel

UV = [sys.executable, "-m", "uv"]
QUIET = ["--offline", "--no-config", "--no-cache", "--python", sys.executable]
INSTALL = {
    "uv": [*UV, "pip", "install", *QUIET],
    "pip": [sys.executable, "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check"],
}


def on_shelf(folder: Path, name: str, version: str = "1.0", *, direct: bool = False) -> PlannedPackage:
    path = wheel(folder, name, version)
    file = PlannedFile(path.name, "", f"{folder.name}/{path.name}", sha256(path))
    if direct:
        return PlannedPackage(name, version=version, archive=file)
    return PlannedPackage(name, version=version, wheels=(file,))


@pytest.fixture
def local(sealed: Path) -> PlanFile:
    """Two wheels of a folder, of which newer versions are there as well, and one named by its path."""
    packages = (
        on_shelf(sealed / "files", "alpha"),
        on_shelf(sealed / "files", "beta", "1.5", direct=False),
        on_shelf(sealed / "my wheels", "gamma", direct=True),
    )
    wheel(sealed / "files", "alpha", "2.0", ["nowhere"])
    return plan(*packages, indexes=(PlannedIndex("", "", "files", 2, ()),), machine=MACHINE)


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ})


def versions(folder: str) -> set[str]:
    return {path.name.removesuffix(".dist-info") for path in Path(folder).glob("*.dist-info")}


@pytest.mark.parametrize("name", INSTALL)
def test_requirements_install_what_the_plan_says_and_hashes_are_checked(local: PlanFile, name: str) -> None:
    text = requirements.export(local, ASKED)
    Path("requirements.txt").write_text(text, encoding="utf-8")
    done = ran(*INSTALL[name], "--no-deps", "--target", "there", "-r", "requirements.txt")
    assert done.returncode == 0, done.stderr
    assert versions("there") == {"alpha-1.0", "beta-1.5", "gamma-1.0"}
    wrong = local.packages[0].wheels[0].sha256
    Path("wrong.txt").write_text(text.replace(wrong, "0" * 64), encoding="utf-8")
    assert ran(*INSTALL[name], "--no-deps", "--target", "other", "-r", "wrong.txt").returncode != 0


@pytest.mark.parametrize("name", INSTALL)
def test_constraints_hold_the_versions_of_others_requirements(local: PlanFile, name: str) -> None:
    Path("constraints.txt").write_text(constraints.export(local, ASKED), encoding="utf-8")
    words = ["--no-index", "-f", "files", "--target", "there", "alpha", "-c", "constraints.txt"]
    done = ran(*INSTALL[name], *words)
    assert done.returncode == 0, done.stderr
    assert versions("there") == {"alpha-1.0"}


def project(text: str, *dependencies: str) -> None:
    head = f'[project]\nname = "x"\nversion = "0"\nrequires-python = ">=3.10"\ndependencies = {list(dependencies)}\n'
    Path("pyproject.toml").write_text(head + text, encoding="utf-8")


def compiled() -> subprocess.CompletedProcess[str]:
    words = [
        "pip",
        "compile",
        "--offline",
        "--no-cache",
        "--python",
        sys.executable,
        "--no-header",
        "pyproject.toml",
    ]
    return ran(*UV, *words)


def test_uv_reads_the_fragment_and_takes_the_plans_versions(local: PlanFile) -> None:
    project(uv.export(local, ASKED), "alpha", "gamma")
    done = compiled()
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower()
    assert "alpha==1.0" in done.stdout
    assert "my wheels" in done.stdout.replace("%20", " ")


def test_uv_knows_every_key_of_a_fragment_with_builds_and_indexes(sealed: Path) -> None:
    cee = build("dee", isolated=False, install_after=("torch",))
    one = ml()._replace(indexes=(INDEX, TORCH, PlannedIndex("", "https://b.test/s/", "", 1, ())))
    project(uv.export(one._replace(packages=(*one.packages, cee)), ASKED))
    done = compiled()
    assert (done.returncode, done.stderr.lower().count("warning")) == (0, 0), done.stderr


def test_a_text_in_another_folder_finds_the_files(local: PlanFile) -> None:
    Path("out").mkdir()
    packages = local.packages[:2]  # both installers read the places of direct files from where they run
    text = requirements.export(local._replace(packages=packages), Asked(plan="../p.toml", folder=".."))
    Path("out/requirements.txt").write_text(text, encoding="utf-8")
    done = ran(*INSTALL["uv"], "--no-deps", "--target", "there", "-r", "out/requirements.txt")
    assert done.returncode == 0, done.stderr
    assert versions("there") == {"alpha-1.0", "beta-1.5"}
