"""Messages between two processes of ours: a length, then as many bytes; knows streams and no meaning.

An empty frame ends a body. Whoever reads is told of an end that comes too early, and of a length that no
message has, in the same way: by None, or by the end of the body.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["MAX_FRAME", "Body", "Readable", "Writable", "read_frame", "write_frame"]

MAX_FRAME = 16 << 20
_LENGTH = 4


class Readable(Protocol):
    """What can be read from, as a file opened for bytes."""

    def read(self, count: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class Writable(Protocol):
    """What can be written to."""

    def write(self, data: bytes, /) -> object:
        """Take all of these bytes."""


def write_frame(sink: Writable, data: bytes) -> None:
    """Write one message; raises OSError when nobody is left to read it."""
    sink.write(len(data).to_bytes(_LENGTH, "big"))
    if data:
        sink.write(data)


def read_frame(source: Readable) -> bytes | None:
    """The next message; None at the end of the stream, also where a message breaks off or cannot be one."""
    length = source.read(_LENGTH)
    if len(length) < _LENGTH:
        return None
    count = int.from_bytes(length, "big")
    if count > MAX_FRAME:
        return None
    data = source.read(count) if count else b""
    return data if len(data) == count else None


class Body:
    """The frames up to an empty one, as a file to read from; `broken` when the stream ended before it."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._piece = b""
        self._at = 0
        self._ended = False
        self.broken = False

    def read(self, count: int, /) -> bytes:
        """At most so many bytes, as they come; none at the end."""
        if self._at >= len(self._piece) and not self._next():
            return b""
        out = self._piece[self._at : self._at + count]
        self._at += len(out)
        return out

    def drain(self) -> None:
        """Leave out what nobody has read, so that the next message can be."""
        while self._next():
            pass

    def _next(self) -> bool:
        self._piece, self._at = b"", 0
        if not self._ended:
            piece = read_frame(self._source)
            self.broken = piece is None
            self._piece = piece or b""
            self._ended = not piece
        return bool(self._piece)
