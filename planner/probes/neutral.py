"""Facts without private names, for a machine file, which is committed; changes what is told, and no value.

Folders of the system stay as they are, and what lies within an environment or a project. What goes are the
names that a person gave these two, the machine's and the user's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from planner.facts import Fact, Machine, Unknown
from planner.probes.port import Host
from planner.probes.search import join, paths, shown, within

__all__ = ["neutral"]

# Names that tell nothing of anybody, and that stand in many paths.
_NOBODY = frozenset({"root", "user", "users", "home", "local", "localhost", "linux", "python", "lib", "bin"})
_SYSTEM = (
    *(
        "/usr",
        "/opt",
        "/bin",
        "/sbin",
        "/lib",
        "/lib64",
        "/nix",
        "/snap",
        "/System",
        "/Library",
        "/Applications",
    ),
    *("C:\\Program Files", "C:\\Program Files (x86)", "C:\\ProgramData", "C:\\Windows"),
)
_SHORTEST = 3  # fewer letters would change words that are no name


def neutral(machine: Machine, host: Host, prefix: str) -> Machine:
    """The same machine, with private names taken out; `prefix` is that of the target Python's environment.

    A project's folder is `/project`, an environment elsewhere `/environment`, the home `~`.
    """
    swaps = tuple(_swaps(host, prefix))

    def told(text: str) -> str:
        for pattern, instead in swaps:
            text = pattern.sub(instead, text)
        return text

    facts = {
        told(name) if name.startswith("cuda-toolkit:") else name: _with(fact, told)
        for name, fact in machine.facts.items()
    }
    return replace(machine, facts=facts)


def _with(fact: Fact, told: Callable[[str], str]) -> Fact:
    return Unknown(told(fact.why)) if isinstance(fact, Unknown) else replace(fact, how=told(fact.how))


def _swaps(host: Host, prefix: str) -> Iterator[tuple[re.Pattern[str], str]]:
    """What is looked for, in this order, and what stands for it."""
    windows = host.system.os == "windows"
    home = host.environ.get("USERPROFILE" if windows else "HOME", "")
    cwd = host.system.cwd
    if _is_named(host, cwd) and not within(host, home, cwd) and cwd != host.system.tmp:
        yield from _folder(host, cwd, "C:\\project" if windows else "/project")
    if _is_named(host, prefix) and _is_environment(host, prefix):
        yield from _folder(host, prefix, "C:\\environment" if windows else "/environment")
    if _is_named(host, home):
        yield from _folder(host, home, "~")
    hostname = (host.read("/etc/hostname", 256) or b"").decode("utf-8", "replace").strip()
    for name in (hostname, *(host.environ.get(key, "") for key in ("HOSTNAME", "COMPUTERNAME"))):
        if _is_telling(name):
            yield re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])"), "machine"
    users = [host.environ.get(key, "") for key in ("USER", "LOGNAME", "USERNAME")]
    for name in dict.fromkeys((*users, paths(host).basename(home))):
        if _is_telling(name):  # a folder in a path: /scratch/NAME/…
            yield re.compile(rf"(?<=[/\\]){re.escape(name)}(?=[/\\])"), "user"


def _folder(host: Host, path: str, instead: str) -> Iterator[tuple[re.Pattern[str], str]]:
    """A folder as it is, and with the home as `~`."""
    for text in dict.fromkeys((path.rstrip("/\\"), shown(host, path).rstrip("/\\"))):
        yield re.compile(rf"(?<![\w.-]){re.escape(text)}(?![\w.-])"), instead.replace("\\", r"\\")


def _is_named(host: Host, path: str) -> bool:
    """Whether a person may have named it: neither a root folder nor one of the system."""
    is_root = path in ("", paths(host).dirname(path), "/root")
    return not is_root and not any(within(host, path, folder) for folder in _SYSTEM)


def _is_environment(host: Host, prefix: str) -> bool:
    """Whether it is one of venv's or conda's, and no installation of Python itself."""
    if host.exists(join(host, prefix, "pyvenv.cfg")):
        return True
    parent = paths(host).basename(paths(host).dirname(prefix))
    return parent == "envs" and host.exists(join(host, prefix, "conda-meta"))


def _is_telling(name: str) -> bool:
    return len(name) >= _SHORTEST and name.lower() not in _NOBODY
