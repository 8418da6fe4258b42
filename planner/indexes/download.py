"""A whole file from an address or this machine into a sink that hashes it; must not understand it."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from planner.errors import UnreachableIndexError
from planner.indexes.client import Client
from planner.indexes.network import Response, Sink, unreachable
from planner.urls import local_path

__all__ = ["FILE_SECONDS", "HashedFile", "read_into", "status_error"]

FILE_SECONDS = 600.0
IN_MEMORY = 16 << 20
_PIECE = 1 << 20


class HashedFile:
    """A sink that digests all bytes and, if `keep`, holds them: in memory, or on disk once they are many.

    Use it with `contextlib.closing`: a file on disk goes with it.
    """

    def __init__(self, *, keep: bool, in_memory: int = IN_MEMORY) -> None:
        self._keep = keep
        self._in_memory = in_memory
        self.file: BinaryIO = io.BytesIO()
        self.sha256 = hashlib.sha256()

    def close(self) -> None:
        """Drop what was kept."""
        self.file.close()

    def restart(self) -> None:
        """Forget all bytes: another attempt begins."""
        self.file.seek(0)
        self.file.truncate()
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes, /) -> None:
        """Take the next bytes."""
        self.sha256.update(data)
        if not self._keep:
            return
        if isinstance(self.file, io.BytesIO) and self.file.tell() + len(data) > self._in_memory:
            held = self.file
            held.seek(0)
            self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by our own `close`
            shutil.copyfileobj(held, self.file, _PIECE)
        self.file.write(data)


def status_error(response: Response) -> UnreachableIndexError:
    """The error for a file that its index lists, or a requirement names, and its host does not give."""
    kind = "index-denied" if response.status in (401, 403) else "index-unavailable"
    gone = response.status in (404, 410)
    hint = "The file was removed, or its address is wrong." if gone else ""
    return unreachable(f"answered {response.status} for this file", url=response.url, kind=kind, hint=hint)


def read_into(sink: Sink, url: str, client: Client, limit: int) -> None:
    """Bring all bytes of a file to the sink; raises `UnreachableIndexError`."""
    path = local_path(url)
    if path is None:
        response = client.get(url, limit=limit, seconds=FILE_SECONDS, sink=sink)
        if response.status != 200:
            raise status_error(response)
        return
    try:
        with Path(path).open("rb") as file:
            while piece := file.read(_PIECE):
                sink.write(piece)
    except OSError as error:
        what = f"This file cannot be read ({error.strerror or error})."
        raise UnreachableIndexError(what, id="index-unavailable", where=path) from error
