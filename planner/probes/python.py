"""Which interpreter a plan is for: the one asked for, the environment's, or the one that runs wheelplan.

Knows pip's and uv's order of looking and where pyenv and uv keep their Pythons; must not import from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from planner.errors import MachineError
from planner.facts import Fact, Known, Unknown
from planner.probes.interpreter import Target, ask
from planner.probes.port import Host
from planner.probes.search import find, folders, join, paths, shown

__all__ = ["choose", "probe"]

_VERSION = re.compile(
    r"(?:cpython-?|python-?)?(?P<numbers>\d+(?:\.\d+){0,2})(?P<threads>t?)\Z", re.IGNORECASE
)
_FOLDER = re.compile(r"(?:cpython-)?(?P<numbers>\d+\.\d+\.\d+)(?P<rest>.*)\Z")


class _Wanted(NamedTuple):
    """A version of Python: `3.12`, `3.13.1`, `3.14t`."""

    numbers: tuple[int, ...]
    threads: bool

    def fits(self, target: Target) -> bool:
        release = tuple(int(number) for number in re.findall(r"\d+", target.version)[:3])
        return release[: len(self.numbers)] == self.numbers and target.abi.endswith("t") == self.threads


def choose(host: Host, python: str | None = None) -> Target:
    """The target interpreter, asked what it is.

    `python` (`-p`) is a path, a name on PATH or a version. Without it: the active virtual environment, the
    active conda environment, `.venv` in the project, the interpreter that runs wheelplan. Raises MachineError
    when what was asked for, or an environment that is there, has no interpreter that answers.
    """
    if python:
        return _explicit(host, python)
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        folder = host.environ.get(variable)
        if folder:
            executable = _in_environment(host, folder)
            if executable:
                return _must(host, executable, variable)
            if variable == "VIRTUAL_ENV":  # a conda environment without Python is an ordinary thing
                raise MachineError(
                    f"VIRTUAL_ENV names {shown(host, folder)}, where there is no Python.",
                    hint="Activate an environment that exists, `unset VIRTUAL_ENV`, or say `--python PATH`.",
                )
    if host.system.cwd:
        folder = join(host, host.system.cwd, ".venv")
        executable = _in_environment(host, folder)
        if executable:
            return _must(host, executable, ".venv in this folder")
    return _must(host, host.system.python, "the Python that runs wheelplan")


def probe(host: Host, target: Target) -> Iterator[tuple[str, Fact]]:
    """`python`, `implementation`, `abi`, `arch`."""
    how = f"{shown(host, target.executable)} ({target.chosen})"
    yield "python", Known(target.version, how)
    yield "implementation", Known(target.markers["implementation_name"], how)
    yield "abi", Known(target.abi, how) if target.abi else Unknown("the interpreter names no ABI")
    yield "arch", Known(_arch(target), f"of {how}")


def _arch(target: Target) -> str:
    """The architecture as wheel tags spell it: the interpreter's, which may be narrower than the kernel's."""
    machine = target.markers["platform_machine"]
    system = target.markers["sys_platform"]
    if system == "win32":
        # `sysconfig` knows a 32-bit Python on 64-bit Windows, `platform.machine()` does not.
        return {"win-amd64": "amd64", "win32": "x86", "win-arm64": "arm64"}.get(
            target.platform, machine.lower()
        )
    if system == "linux" and target.bits == 32:
        return {
            "x86_64": "i686",
            "i586": "i686",
            "i386": "i686",
            "aarch64": "armv7l",
            "armv8l": "armv7l",
        }.get(machine, machine)
    return machine


def _in_environment(host: Host, folder: str) -> str:
    """The interpreter of an environment's folder, or ""."""
    windows = host.system.os == "windows"
    # A conda environment on Windows has python.exe at its root.
    names = ("Scripts/python.exe", "python.exe") if windows else ("bin/python", "bin/python3")
    for name in names:
        path = join(host, folder, *name.split("/"))
        if host.is_program(path):
            return path
    return ""


def _must(host: Host, executable: str, chosen: str) -> Target:
    target = ask(host, executable, chosen)
    if isinstance(target, Target):
        return target
    raise MachineError(
        f"The Python at {shown(host, executable)} ({chosen}) cannot be used: it {target}.",
        hint="Name another one with `--python PATH`, or plan without one: `--machine FILE`.",
    )


def _explicit(host: Host, python: str) -> Target:
    module = paths(host)
    if module.sep in python or "/" in python or python in (".", ".."):
        path = module.normpath(module.join(host.system.cwd, python))
        if host.is_program(path):
            return _must(host, path, "--python")
        executable = _in_environment(host, path)
        if executable:
            return _must(host, executable, "--python")
        raise MachineError(
            f"There is no Python at {shown(host, path)}.",
            hint="`--python` takes a path, a name or a version.",
        )
    match = _VERSION.match(python)
    if match is None:
        # An environment's folder before a program of that name, as uv reads `--python .venv`.
        executable = _in_environment(host, module.join(host.system.cwd, python))
        if executable:
            return _must(host, executable, "--python")
        found = find(host, python)
        if isinstance(found, str):
            return _must(host, found, f"--python {python}")
        reason = found.why if isinstance(found, Unknown) else found.how
        raise MachineError(
            f"No Python called {python!r} was found: {reason}.",
            hint="`--python` takes a path, an environment's folder, a name on PATH such as python3.12, "
            "or a version such as 3.12.",
        )
    wanted = _Wanted(tuple(int(part) for part in match["numbers"].split(".")), bool(match["threads"]))
    return _by_version(host, python, wanted)


def _by_version(host: Host, python: str, wanted: _Wanted) -> Target:
    """The first interpreter of a version: on PATH, or in a folder of pyenv, uv or Windows' installer."""
    seen = set()
    failures = []
    for path in _candidates(host, wanted):
        real = host.realpath(path)
        if real in seen or not host.is_program(path):
            continue
        seen.add(real)
        target = ask(host, path, f"--python {python}")
        if isinstance(target, Target) and wanted.fits(target):
            return target
        if isinstance(target, str):
            failures.append(f"{shown(host, path)} {target}")
    tried = f" ({'; '.join(failures[:3])})" if failures else ""
    raise MachineError(
        f"No Python {python} was found on PATH, with pyenv or with uv{tried}.",
        hint=f"Install it, or plan for it without having it: `--python-version {python}`.",
    )


def _candidates(host: Host, wanted: _Wanted) -> Iterator[str]:
    suffix = "t" if wanted.threads else ""
    short = ".".join(str(number) for number in wanted.numbers[:2])
    extension = ".exe" if host.system.os == "windows" else ""

    def on_path(name: str) -> Iterator[str]:
        # Every folder, as the first may hold a shim of a version that is not selected.
        return (join(host, folder, name + extension) for folder in folders(host))

    yield from on_path(f"python{short}{suffix}")
    for root in _managed_folders(host):
        versions = [(name, match) for name in host.listdir(root) if (match := _FOLDER.match(name))]
        for name, match in sorted(versions, key=lambda item: _numbers(item[1]["numbers"]), reverse=True):
            numbers = _numbers(match["numbers"])
            threads = match["rest"].startswith(("t", "+freethreaded"))
            if numbers[: len(wanted.numbers)] == wanted.numbers and threads == wanted.threads:
                yield _in_environment(host, join(host, root, name))
    if host.system.os == "windows" and (local := host.environ.get("LOCALAPPDATA")):
        digits = "".join(str(number) for number in wanted.numbers[:2])
        yield join(host, local, "Programs", "Python", f"Python{digits}", f"python{short}{suffix}.exe")
        yield join(host, local, "Programs", "Python", f"Python{digits}", "python.exe")
    yield from on_path(f"python{wanted.numbers[0]}")
    yield from on_path("python")


def _managed_folders(host: Host) -> Iterator[str]:
    """Where pyenv and uv keep interpreters, a folder each (their documentation names these variables)."""
    get, windows = host.environ.get, host.system.os == "windows"
    home = get("USERPROFILE" if windows else "HOME", "")
    pyenv = get("PYENV_ROOT") or (home and join(host, home, ".pyenv"))
    if pyenv:
        yield join(host, pyenv, "versions")
    data = get("XDG_DATA_HOME") or (home and join(host, home, ".local", "share"))
    if windows:
        data = get("APPDATA", "")
    uv = get("UV_PYTHON_INSTALL_DIR") or (data and join(host, data, "uv", "python"))
    if uv:
        yield uv


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
