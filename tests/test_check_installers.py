"""What uv and pip make of a plan: all wheels are installed, and a source build is refused where none may be."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import MACHINE, Wheelplan
from tests.shelf import SETUP_C, sdist, sha256, wheel

PLATFORMS = {"linux": "unknown-linux-gnu", "darwin": "apple-darwin", "win32": "pc-windows-msvc"}
ARCHES = {"arm64": "aarch64", "amd64": "x86_64"}

UV = [sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-index", "--no-config", "--no-cache"]
UV += ["--python", sys.executable]
PIP = [sys.executable, "-m", "pip", "install", "--no-index", "--no-cache-dir", "--disable-pip-version-check"]
INSTALLERS = {"uv": (UV, ["--no-build"]), "pip": (PIP, ["--only-binary", ":all:"])}


@pytest.fixture
def plan_for(sealed: Path, wheelplan: Wheelplan) -> Path:
    """The current folder, with a plan of wheels alone and one with a source build, for the running Python."""
    files = sealed / "files"
    wheel(files, "alpha", "1.0", ["beta>=1", "gamma; sys_platform == 'nowhere'"])
    wheel(files, "beta", "1.5")
    sdist(files, "cee", "1.0", setup=SETUP_C)
    machine = platform.machine().lower()
    target = ["--python-version", platform.python_version().rstrip("+")]
    target += ["--python-platform", f"{ARCHES.get(machine, machine)}-{PLATFORMS[sys.platform]}"]
    words: list[str | Path] = ["check", "--machine", MACHINE, *target, "--no-index", "-f", "files"]
    assert wheelplan(*words, "alpha", "-o", "pylock.wheels.toml").code == 0
    assert wheelplan(*words, "alpha", "cee", "-o", "pylock.build.toml").code == 1
    return sealed


def install(installer: list[str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [*installer, "--target", "there", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})


@pytest.mark.parametrize("name", INSTALLERS)
def test_an_installer_accepts_a_plan_of_wheels(plan_for: Path, name: str) -> None:
    installer, no_build = INSTALLERS[name]
    done = install(installer, "--dry-run", *no_build, "-r", "pylock.wheels.toml")
    assert done.returncode == 0, done.stderr
    shown = (done.stdout + done.stderr).replace("==", "-")
    assert "alpha-1.0" in shown
    assert "beta-1.5" in shown


@pytest.mark.parametrize("name", INSTALLERS)
def test_an_installer_refuses_exactly_the_source_build(plan_for: Path, name: str) -> None:
    installer, no_build = INSTALLERS[name]
    done = install(installer, "--dry-run", *no_build, "-r", "pylock.build.toml")
    assert done.returncode != 0
    told = [line for line in done.stderr.splitlines() if line.lower().startswith("error")]
    assert len(told) == 1
    assert "cee" in told[0]
    assert not any(other in told[0] for other in ("alpha", "beta"))


@pytest.mark.parametrize("name", INSTALLERS)
def test_an_installer_installs_what_the_plan_says_and_checks_it(plan_for: Path, name: str) -> None:
    installer, _ = INSTALLERS[name]
    done = install(installer, "-r", "pylock.wheels.toml")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (plan_for / "there").glob("*.py")} == {"alpha.py", "beta.py"}
    text = (plan_for / "pylock.wheels.toml").read_text(encoding="utf-8")
    digest = sha256(plan_for / "files" / "beta-1.5-py3-none-any.whl")
    (plan_for / "pylock.wrong.toml").write_text(text.replace(digest, "0" * 64), encoding="utf-8")
    assert install(installer, "--force-reinstall", "-r", "pylock.wrong.toml").returncode != 0
