"""The port through which probes see a machine, and the values that cross it; must not ask one itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

__all__ = ["OUTPUT_LIMIT", "TIMEOUT", "Answer", "Host", "NotRun", "Ran", "System"]

TIMEOUT = 3.0
"""Seconds that one program may take."""

OUTPUT_LIMIT = 1 << 20
"""Bytes that one program may print, and that one file may give."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that ended by itself; bytes that are not UTF-8 appear as U+FFFD."""

    returncode: int
    stdout: str
    stderr: str = ""


@dataclass(frozen=True, slots=True)
class NotRun:
    """A program without an answer, and `why` as a phrase: `took longer than 3 s and was killed`."""

    why: str


Answer: TypeAlias = Ran | NotRun


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What the operating system tells a process without any file or program.

    `os` is `linux`, `darwin` or `windows`; `machine` is `uname -m` or its like; `version` is that of Windows.
    `cwd` is the project's folder, `python` the interpreter that runs wheelplan, `tmp` where builds happen.
    `cpus` counts the machine's cores and `affinity` those that this process may use (None: not told).
    `libc` is `confstr(CS_GNU_LIBC_VERSION)`; `memory` is (total, available) in bytes where no file says it.
    """

    os: str
    machine: str
    version: str = ""
    cwd: str = ""
    python: str = ""
    tmp: str = ""
    cpus: int | None = None
    affinity: int | None = None
    libc: str = ""
    memory: tuple[int, int] | None = None


class Host(Protocol):
    """A machine that can be asked; no method raises. Paths are the machine's own, as strings."""

    @property
    def system(self) -> System:
        """What needs neither a file nor a program."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of the user."""

    def read(self, path: str, limit: int = OUTPUT_LIMIT) -> bytes | None:
        """The first `limit` bytes of a file, or None when it cannot be read."""

    def listdir(self, path: str) -> tuple[str, ...]:
        """The names in a folder, sorted; none when it cannot be read."""

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder."""

    def is_program(self, path: str) -> bool:
        """Whether there is a file that may be executed."""

    def is_open(self, path: str) -> bool:
        """Whether anyone may write in that folder (so that what lies there is not to be run)."""

    def realpath(self, path: str) -> str:
        """The path without symbolic links."""

    def disk_free(self, path: str) -> int | None:
        """Bytes that may still be written below a folder."""

    def run(self, argv: Sequence[str], *, cwd: str = "") -> Answer:
        """Run a program to its end, bounded; `argv[0]` is a full path. Without `cwd`: in the root folder."""
