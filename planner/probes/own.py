"""The interpreter that runs wheelplan, without starting it again; says nothing where that is not simple.

Starting a Python costs more than all else that `verify` does of a plan of wheels. What is told here is what
`planner.probes.interpreter` would be told: for CPython with glibc on 64-bit Linux, where the interpreter that
is asked for is the very file that runs. Nothing is imported but what is there anyway.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Own", "holds_python", "own_driver", "own_python"]

_PROC = "/proc/driver/nvidia/version"
_WINDOWS = ("Scripts/python.exe", "python.exe")
_ENVIRONMENTS = ("VIRTUAL_ENV", "CONDA_PREFIX")


class Own(NamedTuple):
    """The facts and markers of this interpreter, `executable` as it was chosen, and `chosen`: why it was."""

    facts: Mapping[str, str]
    markers: Mapping[str, str]
    executable: str
    chosen: str


def own_python(environ: Mapping[str, str], cwd: str, python: str = "") -> Own | None:
    """The target interpreter, where it is this one; None where it must be asked (see `python.choose`)."""
    place = _chosen(environ, cwd, python)
    if place is None:
        return None
    executable, chosen = place
    try:
        if not os.path.samefile(executable, sys.executable):  # noqa: PTH121 (pathlib takes 6 ms)
            return None
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
        uname = os.uname()
    except (OSError, ValueError, AttributeError):
        return None
    name, _, glibc = libc.partition(" ")
    numbers = glibc.split(".")
    simple = sys.implementation.name == "cpython" and sys.abiflags in ("", "t") and sys.maxsize > 2**32
    if not simple or sys.platform != "linux" or name != "glibc" or not all(map(str.isdecimal, numbers)):
        return None
    full = sys.version.split()[0].rstrip("+")
    short = f"{sys.version_info[0]}.{sys.version_info[1]}"
    facts = {
        "os": "linux",
        "arch": uname.machine,
        "glibc": ".".join(numbers[:2]),
        "python": full,
        "implementation": "cpython",
        "abi": f"cp{short.replace('.', '')}{sys.abiflags}",
    }
    return Own(facts, _markers(uname, full, short), executable, chosen)


def _markers(uname: os.uname_result, full: str, short: str) -> Mapping[str, str]:
    return {
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": os.name,
        "platform_machine": uname.machine,
        "platform_python_implementation": "CPython",
        "platform_release": uname.release,
        "platform_system": uname.sysname,
        "platform_version": uname.version,
        "python_full_version": full,
        "python_version": short,
        "sys_platform": sys.platform,
    }


def _chosen(environ: Mapping[str, str], cwd: str, python: str) -> tuple[str, str] | None:
    """The interpreter that `python.choose` takes, where it is a file that is found at once."""
    if python:
        path = os.path.normpath(os.path.join(cwd, python))  # noqa: PTH118 (pathlib takes 6 ms)
        if os.sep not in python and not python.startswith("."):
            return None
        found = path if os.sep in python and _is_program(path) else _in(path)
        return (found, "--python") if found else None
    for variable in _ENVIRONMENTS:
        if folder := environ.get(variable):
            found = _in(folder)
            if found or variable == "VIRTUAL_ENV":
                return (found, variable) if found else None
    if cwd and (found := _in(f"{cwd}/.venv")):
        return found, ".venv in this folder"
    return (sys.executable, "the Python that runs wheelplan") if sys.executable else None


def own_driver(environ: Mapping[str, str]) -> str | None:
    """NVIDIA's driver on Linux: its version, "" where none is, None where `probes.nvidia` must look.

    The kernel's file first, as there; none is here where no file and no `nvidia-smi` speak of one.
    """
    if sys.platform != "linux":
        return None
    try:
        with open("/sys/module/nvidia/version", encoding="ascii") as file:  # noqa: PTH123 (pathlib takes 6 ms)
            text = file.read(64).strip()
    except (OSError, ValueError):
        text = ""
    numbers = text.split(".")
    if text:
        plain = (
            2 <= len(numbers) <= 3 and all(one.isdecimal() for one in numbers) and len(numbers[0]) in (3, 4)
        )
        return text if plain and not os.path.exists(_PROC) else None  # noqa: PTH110 (as above)
    folders = [*environ.get("PATH", "").split(os.pathsep), "/usr/lib/wsl/lib"]
    signs = (_PROC, "/sys/module/nvidia", *(f"{one or '.'}/nvidia-smi" for one in folders))
    return None if any(map(os.path.lexists, signs)) else ""


def holds_python(cwd: str, place: str) -> bool:
    """Whether a place is an interpreter, or an environment that has one: `pip --target` makes none."""
    path = os.path.join(cwd, place)  # noqa: PTH118 (pathlib takes 6 ms)
    if not os.path.isdir(path):  # noqa: PTH112 (pathlib takes 6 ms)
        return True
    return bool(_in(path) or any(_is_program(f"{path}/{name}") for name in _WINDOWS))


def _in(folder: str) -> str:
    return next((path for name in ("python", "python3") if _is_program(path := f"{folder}/bin/{name}")), "")


def _is_program(path: str) -> bool:
    try:
        return os.path.isfile(path) and os.access(path, os.X_OK)  # noqa: PTH113 (pathlib takes 6 ms)
    except ValueError:
        return False
