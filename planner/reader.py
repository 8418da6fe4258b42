"""Archives read in processes that can be killed: starts them, feeds them, ends them; must not parse a byte.

The children run `planner.sdist.worker`, isolated (`-I -S`), from a fixed command: no environment, no site
packages but ours, a session of their own. One that is late or dies costs the archive that it was reading, and
nothing else. Where none can be started, archives are read in this process, and that is said.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import BinaryIO, TypeAlias

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Reason, Refusal, SdistReading
from planner.frames import Readable, read_frame, write_frame
from planner.records import reading_from

__all__ = ["SECONDS", "ReadSdist", "SdistReader", "worker_command"]

SECONDS = 20.0
"""After this the reading of one archive is given up. The slowest honest sdist known takes about one."""

START_SECONDS = 20.0
MAX_CHILDREN = 2
_PIECE = 1 << 20
_BOOT = "import sys; sys.path += sys.argv[1:]; from planner.sdist.worker import serve; serve()"
# The modules of others that the worker imports; tomli only where Python has no tomllib.
_NEEDED = ("planner", "packaging", "tomli")
_PASSED = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # without them some Pythons do not start
_PIPE_SIZE = 1031  # F_SETPIPE_SZ, which `fcntl` names since Python 3.10 on some systems alone

ReadSdist: TypeAlias = Callable[
    [str, "bytes | BinaryIO", NormalizedName, "Version | None", Mapping[str, str]], "SdistReading | Refusal"
]


def worker_command() -> tuple[str, ...]:
    """What is started: this Python, isolated, with the folders that hold our modules as its arguments."""
    folders: dict[str, None] = {}
    for name in _NEEDED:
        spec = find_spec(name)
        for place in (spec.submodule_search_locations if spec else None) or ():
            folders[os.path.abspath(os.path.dirname(place))] = None  # noqa: PTH100, PTH120 - may be in a zip
    return (sys.executable, "-I", "-S", "-c", _BOOT, *folders)


class SdistReader:
    """`planner.sdist.reading.read_sdist`, at arm's length; for any number of threads.

    `here` reads in this process, where no other can be started; `warn` is told so. `seconds` is the time for
    one archive. Close it: children end with it, at once.
    """

    def __init__(
        self,
        here: ReadSdist,
        *,
        reader: str,
        environ: Mapping[str, str],
        warn: Callable[[str], None] = lambda _: None,
        seconds: float = SECONDS,
        children: int = 0,
        command: tuple[str, ...] = (),
    ) -> None:
        self._here = here
        self._greeting = reader.encode()
        self._environ = {name: environ[name] for name in _PASSED if name in environ}
        self._warn = warn
        self._seconds = seconds
        self._most = children or min(MAX_CHILDREN, _cores())
        self._command = command
        self._changed = threading.Condition()
        self._children: set[_Child] = set()
        self._idle: list[_Child] = []
        self._taken = 0  # places, with those of children that are being started
        self._starting = 0
        self._waiting = 0
        self._why_not = ""
        self._closed = False

    def expect(self) -> None:
        """Say that an archive is on its way: a first child is started meanwhile. Returns at once."""
        with self._changed:
            if not (self._taken or self._why_not or self._closed):
                self._hire()

    def read(
        self,
        filename: str,
        data: bytes | BinaryIO,
        project: NormalizedName,
        version: Version | None,
        markers: Mapping[str, str],
    ) -> SdistReading | Refusal:
        """What an sdist says for a target; a reading that was ended by force is a `Refusal` too.

        Its ids: `archive-timeout` (it took too long), `archive-crash` (the process died, or failed).
        """
        child = self._take()
        if child is None:
            if self._closed:
                return _refusal(filename, "the run ended before it was read", "archive-crash")
            return self._here(filename, data, project, version, markers)
        head = {
            "filename": filename,
            "project": project,
            "version": None if version is None else str(version),
            "markers": dict(markers),
        }
        try:
            answer = child.ask(json.dumps(head).encode(), _pieces(data), self._seconds)
        finally:
            self._give_back(child)
        if answer is None:
            return _refusal(filename, *child.epitaph(self._seconds))
        return _believed(filename, answer)

    def close(self) -> None:
        """End all children, also those at work; nothing can be read any more."""
        with self._changed:
            self._closed = True
            children = tuple(self._children)
            self._changed.notify_all()
        for child in children:
            child.end()
        until = time.monotonic() + 2
        with self._changed:
            while self._starting and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)

    def _take(self) -> _Child | None:
        """An idle child, waiting for one as long as that takes; None when there can be none."""
        with self._changed:
            self._waiting += 1
            try:
                while not self._closed and not self._why_not:
                    while self._idle:
                        child = self._idle.pop()
                        if child.alive:
                            return child
                        self._drop(child)
                    if self._starting < self._waiting and self._taken < self._most:
                        self._hire()
                    self._changed.wait()
            finally:
                self._waiting -= 1
        return None

    def _give_back(self, child: _Child) -> None:
        with self._changed:
            if child.alive and not self._closed:
                self._idle.append(child)
            else:
                self._drop(child)
            self._changed.notify_all()

    def _drop(self, child: _Child) -> None:
        """Its place is free again. Called under the lock."""
        child.end()
        self._children.discard(child)
        self._taken -= 1

    def _hire(self) -> None:
        """Start one more, aside: whoever waits takes the first that is free. Called under the lock."""
        self._taken += 1
        self._starting += 1
        threading.Thread(target=self._start, name="wheelplan-reader", daemon=True).start()

    def _start(self) -> None:
        child: _Child | None = None
        why_not = ""
        try:
            child = _Child(self._command or worker_command(), self._environ)
            with self._changed:
                self._children.add(child)
                closed = self._closed
            if closed or child.greeting() != self._greeting:
                child.end()
                why_not = "it ended at once"
        except (OSError, ValueError, ImportError, subprocess.SubprocessError) as error:
            why_not = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        self._started(child, why_not)

    def _started(self, child: _Child | None, why_not: str) -> None:
        """Put a new child among the idle ones; or do without, which is said when there is no other."""
        with self._changed:
            self._starting -= 1
            if child is not None and not why_not:
                self._idle.append(child)
            else:
                self._taken -= 1
                if child is not None:
                    self._children.discard(child)
                self._most = max(1, self._taken)
            told = bool(why_not) and not (self._taken or self._why_not or self._closed)
            if told:
                self._why_not = why_not
            self._changed.notify_all()
        if told:
            self._warn(
                f"sdists are read without a process of their own, which could not be started ({why_not})"
            )


class _Child:
    """One process; whoever holds it is alone with it."""

    def __init__(self, command: tuple[str, ...], environ: Mapping[str, str]) -> None:
        if not command[0] or getattr(sys, "frozen", False):
            raise OSError(0, "this Python has no program of its own")
        self._process = subprocess.Popen(
            list(command),
            cwd=os.path.abspath(os.sep),  # noqa: PTH100 - a string is what Popen wants
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is ours to act on
        )
        self._lock = threading.Lock()
        self._late = False
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError(command)
        self._in, self._out = self._process.stdin, self._process.stdout
        if sys.platform == "linux":
            import fcntl  # noqa: PLC0415 - not on Windows

            with contextlib.suppress(OSError):  # fewer, larger steps: each is a switch between two processes
                fcntl.fcntl(self._in.fileno(), _PIPE_SIZE, _PIECE)

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        with self._lock:
            return self._process.poll() is None

    def greeting(self) -> bytes | None:
        """Its first words, None when it ended without any."""
        with self._watched(START_SECONDS):
            return read_frame(self._out)

    def ask(self, head: bytes, pieces: Iterator[bytes], seconds: float) -> bytes | None:
        """Its answer; None when there is none, and then it has ended."""
        answer = None
        try:
            with self._watched(seconds), contextlib.suppress(OSError, ValueError):
                write_frame(self._in, head)
                for piece in pieces:
                    write_frame(self._in, piece)
                write_frame(self._in, b"")
                self._in.flush()
                answer = read_frame(self._out)
        finally:
            if answer is None:
                self.end()
        return answer

    @contextlib.contextmanager
    def _watched(self, seconds: float) -> Iterator[None]:
        watch = threading.Timer(seconds, self._give_up)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def _give_up(self) -> None:
        with self._lock:
            self._late = True
            self._kill()

    def _kill(self) -> None:
        """Kill it and its group. Under the lock: until it is waited for, nobody else has its number."""
        with contextlib.suppress(OSError):
            if self._process.returncode is not None:
                return
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill it and wait for it; afterwards nothing of it is left. May be called again."""
        with self._lock:
            self._kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
        for stream in (self._in, self._out):
            with contextlib.suppress(OSError, ValueError):
                stream.close()

    def epitaph(self, seconds: float) -> tuple[str, str]:
        """Why there was no answer, as a phrase and an id."""
        if self._late:
            return f"reading it took longer than {seconds:g} s and was given up", "archive-timeout"
        code = self._process.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return f"the process that read it died ({how})", "archive-crash"


def _pieces(data: bytes | Readable) -> Iterator[bytes]:
    if isinstance(data, bytes):
        view = memoryview(data)
        yield from (bytes(view[at : at + _PIECE]) for at in range(0, len(data), _PIECE))
        return
    while piece := data.read(_PIECE):
        yield piece


def _believed(filename: str, answer: bytes) -> SdistReading | Refusal:
    """The answer as a value, if it is one that a reading can have."""
    try:
        record = json.loads(answer)
    except (ValueError, RecursionError):
        record = None
    found = reading_from(record) if isinstance(record, dict) else None
    if found is None:
        return _refusal(filename, "the process that read it gave an answer that is none", "archive-crash")
    return found


def _refusal(filename: str, detail: str, kind: str) -> Refusal:
    return Refusal(filename=filename, reason=Reason.METADATA, detail=detail, id=kind)


def _cores() -> int:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
