"""The process in which archives are read: requests in, records out; must not touch the machine beyond that.

It is started by `planner.reader`, which kills it when it is late. Its own limits hold what a clock cannot:
memory, files (it may write none) and further processes. Requests and answers are frames (`planner.frames`):
a request is a JSON head (filename, project, version, markers) and the archive's bytes.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Reason, Refusal, parse_version
from planner.frames import Body, read_frame, write_frame
from planner.records import reading_record
from planner.sdist import READER
from planner.sdist.reading import read_sdist

__all__ = ["MEMORY", "SECONDS", "serve"]

MEMORY = 1 << 30
"""What an archive's reading may take above what the process has at its start."""

SECONDS = 25
"""Processor time for one archive: for the case that nobody is left to look at a clock."""


def serve(memory: int = MEMORY) -> None:
    """Answer requests until there are no more; the first frame is a greeting, the version of the reader."""
    source, sink = _streams()
    _confine(memory)
    gc.disable()  # cycles are few, and there is time for them between two archives
    write_frame(sink, READER.encode())
    sink.flush()
    # Ready; what only compiled sdists need is loaded while the first archive is still on its way.
    import planner.sdist.inspectors.table  # noqa: F401, PLC0415

    while (head := read_frame(source)) is not None:
        _allow(SECONDS)
        body = Body(source)
        record = _answer(head, body)
        body.drain()
        if body.broken:
            return
        write_frame(sink, json.dumps(record).encode())
        sink.flush()
        gc.collect()


def _answer(head: bytes, body: Body) -> dict[str, Any]:
    """The record of one archive; an error that is not the archive's own is told as a refusal too."""
    filename = ""
    try:
        asked: Mapping[str, Any] = json.loads(head)
        filename = str(asked["filename"])
        version: Version | None = None if asked["version"] is None else parse_version(asked["version"])
        return reading_record(
            read_sdist(filename, body, NormalizedName(asked["project"]), version, asked["markers"])
        )
    except MemoryError:
        detail = "reading it takes more memory than an archive may"
    except Exception as error:  # noqa: BLE001 - whatever it is, one archive alone may suffer from it
        detail = f"wheelplan failed to read it ({type(error).__name__})"
    return reading_record(
        Refusal(filename=filename, reason=Reason.METADATA, detail=detail, id="archive-crash")
    )


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes, under numbers of their own: nothing that is printed by mistake can be an answer."""
    source, sink = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return os.fdopen(source, "rb"), os.fdopen(sink, "wb")


def _confine(memory: int) -> None:
    """Take away what reading does not need, as far as this system can; Windows and macOS can less."""
    sys.dont_write_bytecode = True
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_NPROC, 0)
        with contextlib.suppress(OSError, ValueError):
            pages = int(Path("/proc/self/statm").read_bytes().split()[0])
            _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory)


def _allow(seconds: int) -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + seconds)


def _limit(which: int, value: int) -> None:
    """Set a soft limit, never above the one that holds already for all of this user's processes."""
    import resource  # noqa: PLC0415 - not on Windows

    with contextlib.suppress(OSError, ValueError):
        soft, hard = resource.getrlimit(which)
        bounds = [value, *(bound for bound in (hard,) if bound != resource.RLIM_INFINITY)]
        if which != resource.RLIMIT_CPU and soft != resource.RLIM_INFINITY:
            bounds.append(soft)  # the processor's is raised again for every archive
        resource.setrlimit(which, (min(bounds), hard))
