"""One installer at a time, as a process with a log of its own; must not know what it installs.

Its output goes straight into the log file, so that nobody who keeps a pipe open can hold us up, and a log is
whole however the run ends. It has a process group of its own: when we are interrupted, its compilers end too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from planner.errors import WheelplanError
from planner.urls import redacted

__all__ = ["run", "tail"]

_TICK = 0.2
_GRACE = 10.0
_TAIL = 64 << 10
_LINE = 500


def run(argv: Sequence[str], *, environ: Mapping[str, str], log: Path, follow: Callable[[str], None]) -> int:
    """Run a program to its end and return its exit code (negative: ended by that signal).

    `follow` is told the log's last line as it grows. Raises WheelplanError where it cannot be started, and
    KeyboardInterrupt after it was ended, when this process is interrupted or terminated.
    """
    try:
        with log.open("wb") as file, _terminated_as_interrupted():
            child = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=dict(environ),
                start_new_session=os.name == "posix",
            )
            try:
                return _wait(child, log, follow)
            except BaseException:
                _end(child)
                raise
    except (OSError, ValueError) as error:  # ValueError: a NUL among its words
        why = getattr(error, "strerror", None) or error
        raise WheelplanError(
            f"{argv[0]} cannot be run: {why}.",
            where=str(log),
            hint="Name another installer with --installer, or another folder with --logs.",
        ) from None


def _wait(child: subprocess.Popen[bytes], log: Path, follow: Callable[[str], None]) -> int:
    seen = -1
    while True:
        try:
            return child.wait(timeout=_TICK)
        except subprocess.TimeoutExpired:
            size = log.stat().st_size
            if size != seen:
                seen = size
                follow(next(iter(tail(log, 1)), ""))


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child and all that it started: asked first, then by force (also what it left behind)."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(child.pid, number)
            else:
                child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=_GRACE)


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM (`docker stop`, a cancelled CI job) ends the run as Ctrl-C does, in the main thread."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def tail(log: Path, count: int) -> tuple[str, ...]:
    """The last lines of a log that say something, shortened and without credentials; () when it is gone."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            data = file.read(_TAIL)
    except OSError:
        return ()
    lines = [line.rstrip() for line in data.decode("utf-8", "replace").replace("\r", "\n").split("\n")]
    said = [line for line in lines if line.strip()]
    return tuple(redacted(line)[:_LINE] for line in said[-count:])
