"""Where a plan is installed and by what: the environment, installer, folder of logs; starts nothing."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from planner.errors import UsageError
from planner.plan.recipe import INSTALLERS, Program
from planner.probes.installed import read_folder_name

__all__ = [
    "Installer",
    "child_environ",
    "environment_python",
    "find_installer",
    "installed_versions",
    "log_folder",
]

PIP_READS_LOCKS = (26, 1)

# Settings of the user's that say where files come from. Others of pip's (PIP_TARGET, PIP_CONSTRAINT, PIP_PRE)
# would install something else, or elsewhere, than the plan says.
_PIP_KEEPS = re.compile(
    r"PIP_(CONFIG_FILE|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|CERT|CLIENT_CERT|PROXY|TIMEOUT"
    r"|DEFAULT_TIMEOUT|RETRIES|RESUME_RETRIES|CACHE_DIR|NO_CACHE_DIR|KEYRING_PROVIDER|USE_FEATURE"
    r"|USE_DEPRECATED|BREAK_SYSTEM_PACKAGES|ROOT_USER_ACTION|REQUIRE_VIRTUALENV)\Z"
)
_UV_DROPS = re.compile(
    r"UV_(CONSTRAINT|OVERRIDE|EXCLUDE|BUILD_CONSTRAINT|PYTHON|SYSTEM_PYTHON|PRERELEASE|RESOLUTION|EXCLUDE_NEWER"
    r"|TORCH_BACKEND|REQUIRE_HASHES|NO_VERIFY_HASHES|NO_BUILD|NO_BUILD_PACKAGE|NO_BINARY|NO_BINARY_PACKAGE"
    r"|NO_BUILD_ISOLATION|CONFIG_SETTINGS?|NO_EDITABLE|PROJECT|WORKING_DIR(ECTORY)?)\Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """Which of the two, and the words that start it."""

    program: Program
    start: tuple[str, ...]


def environment_python(named: str, environ: Mapping[str, str], cwd: str) -> str:
    """The interpreter of the environment: `named` (its folder, its Python, or a program), VIRTUAL_ENV, .venv.

    A path that is its own stays as it was written, links are not followed: a venv's Python is one. Raises
    `UsageError` where there is none, as nothing is installed into a Python that nobody named.
    """
    word = named or environ.get("VIRTUAL_ENV", "") or (".venv" if Path(cwd, ".venv").is_dir() else "")
    if not word:
        raise UsageError(
            "No environment is named, VIRTUAL_ENV is not set, and there is no .venv here.",
            where="--python",
            hint="Make one (`python3 -m venv .venv`), or name one: -p FOLDER.",
        )
    path = Path(os.path.abspath(Path(cwd, word)))  # noqa: PTH100 - `resolve` would leave the venv by its link
    if path.is_dir():
        inside = (path / "bin" / "python", path / "Scripts" / "python.exe", path / "python.exe")
        found = next((one for one in inside if one.is_file()), None)
        if found is not None:
            return str(found)
    elif path.is_file():
        return str(path)
    elif os.sep not in word and (program := shutil.which(word, path=environ.get("PATH"))):
        return program
    raise UsageError(
        f"There is no Python in {word}.",
        where="--python" if named else "VIRTUAL_ENV" if environ.get("VIRTUAL_ENV") else ".venv",
        hint=f"Make the environment with `python3 -m venv {word}`, or name another with -p.",
    )


def find_installer(named: str, environ: Mapping[str, str]) -> Installer:
    """The one that is `named`; else uv where it is, else the pip beside wheelplan. Raises `UsageError`."""
    asked = [one for one in INSTALLERS if one == named] or list(INSTALLERS)
    for program in asked:
        found = _uv(environ) if program == "uv" else _pip(required=bool(named))
        if found is not None:
            return found
    lacks = "no uv" if named == "uv" else "neither uv nor a pip that reads locks"
    raise UsageError(f"There is {lacks} here.", where="--installer", hint="`pip install uv` brings it.")


def _uv(environ: Mapping[str, str]) -> Installer | None:
    """The uv on PATH, or the one that stands beside the running Python."""
    beside = str(Path(sys.executable).parent)
    path = shutil.which("uv", path=environ.get("PATH")) or shutil.which("uv", path=beside)
    return Installer(program="uv", start=(path,)) if path else None


def _pip(*, required: bool) -> Installer | None:
    """The pip beside wheelplan, which installs into other environments (`--python`); it must read locks."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        told = version("pip")
    except PackageNotFoundError:
        told = ""
    numbers = tuple(int(part) for part in re.findall(r"\d+", told)[:2])
    if numbers >= PIP_READS_LOCKS:
        return Installer(program="pip", start=(sys.executable, "-m", "pip"))
    if not required:
        return None
    raise UsageError(
        f"The pip beside wheelplan is {told}, and reads no lock file." if told else "There is no pip here.",
        where="--installer",
        hint=f"`{sys.executable} -m pip install 'pip>=26.1'`, or take --installer uv.",
    )


def installed_versions(python: str) -> dict[str, str]:
    """What a virtual environment holds, by the names of its folders; nothing of any other Python."""
    top = Path(python).parent.parent
    if not (top / "pyvenv.cfg").is_file():
        return {}
    folders = [*sorted(top.glob("lib/python3*/site-packages")), top / "Lib" / "site-packages"]
    found: dict[str, str] = {}
    for folder in folders:
        for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
            read = read_folder_name(entry.name)
            if read is not None:
                found.setdefault(*read)
    return found


def child_environ(environ: Mapping[str, str], variables: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """What an installer and its builds see: the user's environment, and the phase's variables.

    A number of jobs that the user set lower stays.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not (name.startswith("PIP_") and not _PIP_KEEPS.match(name)) and not _UV_DROPS.match(name)
    }
    return {**kept, **{name: _lower(kept.get(name, ""), value) for name, value in variables}}


def _lower(users: str, planned: str) -> str:
    if users.isdecimal() and planned.isdecimal() and 0 < int(users) < int(planned):
        return users
    return planned


def log_folder(named: str, digest: str) -> Path:
    """The folder of logs: as named, else one of this plan's own in the user's place for logs."""
    if named:
        return Path(named)
    from platformdirs import user_log_path  # noqa: PLC0415 (10 ms)

    return user_log_path("wheelplan", appauthor=False) / digest[:12]
