"""Where a program lies on a machine; knows PATH and its dangers, and must not run what it finds.

A PATH entry that is relative, lies in the project or may be written by anybody is not searched: a planner
that reads a stranger's checkout must not run a `gcc` that lies in it. A build *would* find that program,
though, so such a hit is neither present nor absent but unknown.
"""

from __future__ import annotations

import ntpath
import posixpath
from collections.abc import Iterator
from types import ModuleType

from planner.facts import NOWHERE, Absent, Unknown
from planner.probes.port import Host

__all__ = ["find", "folders", "join", "paths", "shown", "within"]


def paths(host: Host) -> ModuleType:
    """`posixpath` or `ntpath`: the grammar of that machine's paths, which need not be this one's."""
    return ntpath if host.system.os == "windows" else posixpath


def join(host: Host, *parts: str) -> str:
    """The path of these parts on that machine."""
    return str(paths(host).join(*parts))


def within(host: Host, path: str, folder: str) -> bool:
    """Whether a path lies in a folder (or is it), by name."""
    if not folder:
        return False
    module = paths(host)
    inner, outer = (module.normcase(module.normpath(item)) for item in (path, folder))
    return bool(inner == outer or inner.startswith(outer.rstrip(module.sep) + module.sep))


def shown(host: Host, path: str) -> str:
    """A path for people and files: the user's home folder, and so the user's name, is `~`."""
    home = host.environ.get("USERPROFILE" if host.system.os == "windows" else "HOME", "")
    if len(home) > 1 and path != home and within(host, path, home):
        return "~" + path[len(home.rstrip("/\\")) :]
    return path


def _entries(host: Host) -> Iterator[tuple[str, str]]:
    """Each entry of PATH once, with the reason why it is not searched ("" when it is)."""
    module = paths(host)
    cwd = host.system.cwd
    # An environment that the user has activated is trusted, even where it lies in the project.
    active = [host.environ.get(name, "") for name in ("VIRTUAL_ENV", "CONDA_PREFIX")]
    seen = set()
    for entry in host.environ.get("PATH", "").split(module.pathsep):
        if entry in seen:
            continue
        seen.add(entry)
        if not entry or not module.isabs(entry):
            yield entry or ".", "a relative entry of PATH"
        elif _is_project(host, entry, cwd) and not any(within(host, entry, folder) for folder in active):
            yield entry, "a folder of this project"
        elif host.is_open(entry):
            yield entry, "a folder in which everybody may write"
        else:
            yield entry, ""


def _is_project(host: Host, entry: str, cwd: str) -> bool:
    # A project at the root (a container's `WORKDIR /`) or a home folder makes no stranger of all programs.
    if not cwd or cwd == paths(host).dirname(cwd) or cwd == host.environ.get("HOME"):
        return False
    return within(host, entry, cwd)


def folders(host: Host) -> tuple[str, ...]:
    """The folders of PATH that are searched, in order."""
    return tuple(entry for entry, refused in _entries(host) if not refused)


def find(host: Host, name: str) -> str | Absent | Unknown:
    """The full path of a program on PATH; Absent, or Unknown when it lies only where nothing is run."""
    # `.bat` and `.cmd` need a shell, so they are not programs here.
    filename = f"{name}.exe" if host.system.os == "windows" and not name.endswith(".exe") else name
    refusal = ""
    for entry, refused in _entries(host):
        path = join(host, host.system.cwd, entry, filename)
        if host.is_program(path):
            if not refused:
                return path
            refusal = refusal or f"{shown(host, path)} is there, but in {refused}, from which nothing is run"
    return Unknown(refusal) if refusal else Absent(NOWHERE["program"])
