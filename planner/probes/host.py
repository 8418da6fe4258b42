"""The real machine behind the port of `planner.probes.port`; must not know what a fact is.

`LocalHost.run` is the one place of the whole program that starts another program. It never uses a shell,
never raises, and is bounded in time and output: `nvidia-smi` hangs for ever on a wedged driver
(https://github.com/sgl-project/sglang/issues/31229), ignores SIGTERM, and may leave children on its pipe.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import IO

from planner.probes.port import OUTPUT_LIMIT, TIMEOUT, Answer, Host, NotRun, Ran, System

__all__ = ["OUTPUT_LIMIT", "TIMEOUT", "Answer", "Host", "LocalHost", "NotRun", "Ran", "System"]

# More children at once only slow each other down; probes that wait for a place still answer in time.
_PLACES = 8
_DRAIN = 0.1
_POLL = 0.05
_TICK = 0.001

# What children see besides the user's environment. LC_ALL and LANGUAGE: versions are read from English text.
# RUSTUP_AUTO_INSTALL: rustup's `rustc --version` may otherwise download a toolchain. SYSTEM_VERSION_COMPAT:
# macOS tells old programs that it is 10.16 (https://bugs.python.org/issue42504).
_CHILD_ENVIRON = {
    "LC_ALL": "C",
    "LANGUAGE": "",
    "RUSTUP_AUTO_INSTALL": "0",
    "SYSTEM_VERSION_COMPAT": "0",
    "PYTHONIOENCODING": "utf-8",
}


class LocalHost:
    """This machine. `environ` is given, as only the command line reads it; `timeout` is for one program."""

    def __init__(self, environ: Mapping[str, str], *, timeout: float = TIMEOUT) -> None:
        self._environ = MappingProxyType(dict(environ))
        self._timeout = timeout
        self._places = threading.BoundedSemaphore(_PLACES)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that was given."""
        return self._environ

    @cached_property
    def system(self) -> System:
        """This process's view of the machine."""
        name = {"win32": "windows", "cygwin": "windows"}.get(sys.platform, sys.platform)
        try:
            cwd = os.getcwd()  # noqa: PTH109 (paths are strings here: they may be another machine's)
        except OSError:
            cwd = ""
        return System(
            os="linux" if name.startswith("linux") else name,
            machine=platform.machine(),
            version=platform.version() if name == "windows" else "",
            cwd=cwd,
            python=sys.executable or "",
            tmp=_tmp(),
            cpus=os.cpu_count(),
            affinity=_affinity(),
            libc=_confstr(),
            memory=_windows_memory(),
        )

    def read(self, path: str, limit: int = OUTPUT_LIMIT) -> bytes | None:
        """Read regular files and those of /proc and /sys; a pipe or a device is not opened."""
        try:
            # O_NONBLOCK: opening a named pipe would wait for a writer.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except (OSError, ValueError):
            return None
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            parts: list[bytes] = []
            while limit > 0 and (part := os.read(handle, limit)):
                parts.append(part)
                limit -= len(part)
        except OSError:
            return None
        finally:
            os.close(handle)
        return b"".join(parts)

    def listdir(self, path: str) -> tuple[str, ...]:
        """The names in a folder, sorted."""
        try:
            return tuple(sorted(os.listdir(path)))  # noqa: PTH208 (strings, see above)
        except (OSError, ValueError):
            return ()

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there (a broken link is not)."""
        return os.path.exists(path)  # noqa: PTH110 (strings, see above)

    def is_program(self, path: str) -> bool:
        """Whether it is a file that this user may execute."""
        try:
            return os.path.isfile(path) and os.access(path, os.X_OK)  # noqa: PTH113 (strings, see above)
        except ValueError:
            return False

    def is_open(self, path: str) -> bool:
        """Writable by everybody and without the sticky bit; Windows' rights are not looked at."""
        if sys.platform == "win32":
            return False
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116 (strings, see above)
        except (OSError, ValueError):
            return False
        return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX

    def realpath(self, path: str) -> str:
        """The path without symbolic links."""
        try:
            return os.path.realpath(path)
        except (OSError, ValueError):
            return path

    def disk_free(self, path: str) -> int | None:
        """The space that an unprivileged user may still fill."""
        try:
            return shutil.disk_usage(path).free
        except (OSError, ValueError):
            return None

    def run(self, argv: Sequence[str], *, cwd: str = "") -> Answer:
        """Run a program; afterwards its whole process group is dead, and every outcome is a value."""
        environ = {**self._environ, **_CHILD_ENVIRON}
        root = os.path.abspath(os.sep)  # noqa: PTH100 (strings, see above)
        folder = cwd if cwd and os.path.isdir(cwd) else root  # noqa: PTH112 (strings, see above)
        with self._places:
            deadline = time.monotonic() + self._timeout
            while True:
                try:
                    # Not a context manager: its exit waits without a limit for a child that cannot be killed.
                    child = subprocess.Popen(
                        list(argv),
                        cwd=folder,
                        env=environ,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                        start_new_session=True,
                    )
                except (OSError, ValueError, subprocess.SubprocessError) as error:
                    # Under a low `ulimit -n` the children beside this one hold the files that it needs.
                    full = isinstance(error, OSError) and error.errno == errno.EMFILE
                    if full and time.monotonic() < deadline:
                        time.sleep(_POLL)
                        continue
                    return NotRun(f"could not be started ({_reason(error)})")
                return self._collect(child)

    def _collect(self, child: subprocess.Popen[bytes]) -> Answer:
        """Gather the output of a child until it ends, prints too much or is late; then kill its group."""
        readers = [_Reader(stream) for stream in (child.stdout, child.stderr) if stream is not None]
        for reader in readers:
            reader.start()
        ended = _await(child, readers, time.monotonic() + self._timeout)
        # Killed before it is waited for: until then no other process can be given its number.
        _kill(child)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_DRAIN)
        for reader in readers:
            reader.join(_DRAIN)
        if any(reader.too_much for reader in readers):
            return NotRun(f"printed more than {OUTPUT_LIMIT >> 10} KiB and was killed")
        if not ended or child.returncode is None:
            return NotRun(f"took longer than {self._timeout:g} s and was killed")
        out, err = (reader.text() for reader in readers)
        return Ran(child.returncode, out, err)


class _Reader(threading.Thread):
    """Collects one stream up to the limit; a thread, as pipes cannot be polled on Windows."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._parts: list[bytes] = []
        self.too_much = False

    def run(self) -> None:
        left = OUTPUT_LIMIT
        # It closes our end itself: a grandchild that fled its session may hold the other end for long.
        with contextlib.suppress(OSError, ValueError), self._stream as stream:
            while part := os.read(stream.fileno(), 65536):
                left -= len(part)
                if left < 0:
                    self.too_much = True
                    return
                self._parts.append(part)

    def text(self) -> str:
        return b"".join(self._parts).decode("utf-8", "replace")


def _await(child: subprocess.Popen[bytes], readers: Sequence[_Reader], deadline: float) -> bool:
    """Wait until the child has ended and its output is read (True), or it is late or too loud (False)."""
    while (left := deadline - time.monotonic()) > 0:
        for reader in readers:
            reader.join(min(_POLL, left))
        if any(reader.too_much for reader in readers):
            return False
        silent = not any(reader.is_alive() for reader in readers)
        if _has_ended(child):
            if not silent:
                # Its own output lies in the pipes by now; only a child of its own can hold them open.
                for reader in readers:
                    reader.join(_DRAIN)
            return True
        if silent:
            time.sleep(_TICK)
    return False


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether a child has ended, leaving it to be waited for where the system can do that."""
    if sys.platform != "win32" and hasattr(os, "waitid"):
        try:
            return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True
    return child.poll() is not None


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill a child and all that it started in its session; SIGKILL, as SIGTERM may be ignored."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _tmp() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:
        return ""


def _affinity() -> int | None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return len(os.sched_getaffinity(0))
    return None


def _confstr() -> str:
    if sys.platform == "win32":
        return ""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        return ""


def _windows_memory() -> tuple[int, int] | None:
    """(total, available) by GlobalMemoryStatusEx; other systems say it in a file or by a program."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 (needed on Windows alone)

        class Status(ctypes.Structure):
            _fields_ = (
                ("length", ctypes.c_ulong),
                ("load", ctypes.c_ulong),
                *((name, ctypes.c_ulonglong) for name in ("total", "available", "a", "b", "c", "d", "e")),
            )

        status = Status()
        status.length = ctypes.sizeof(status)
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            return int(status.total), int(status.available)
    return None
