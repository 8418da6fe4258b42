"""Decompression that stops; knows gzip, bzip2, xz and plain bytes, and must not believe any size it is told.

Python's own readers hand out as much as the compressed side asks for (a 1 MB gzip member can hold 1 GiB), so
every chunk here is asked for with a bound, and totals are counted as they appear.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

from planner.errors import ArchiveError
from planner.frames import Readable

__all__ = ["MAX_TOTAL", "Stream", "compression", "refused"]

MAX_TOTAL = 512 << 20  # as cargo (CVE-2022-36114); the largest sdists of the field hold about 300 MiB
RATIO = 50  # the index's own bound for zips; it has none for tars
RATIO_FREE = 16 << 20  # small archives of zeros are harmless, and honest ones compress well
CHUNK = 1 << 20
INPUT = 256 << 10
MAX_FRAMES = 1_000  # concatenated gzip members: legal, but each costs a decompressor
XZ_MEMORY = 192 << 20  # a decoder for `xz -9` takes 65 MiB


def refused(what: str, id: str = "archive") -> ArchiveError:  # noqa: A002 - the error's own word
    """An `ArchiveError` with a stable id of its own."""
    error = ArchiveError(what)
    error.id = id
    return error


class _Decompressor(Protocol):
    """What bz2 and lzma give, and what `_Gzip` makes of zlib."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib's object in the shape of bz2's: it keeps its own unconsumed input."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _xz() -> _Decompressor:
    return lzma.LZMADecompressor(memlimit=XZ_MEMORY)


def compression(head: bytes) -> Callable[[], _Decompressor] | None:
    """How to decompress bytes that begin so, or None when they are not compressed in a way known here."""
    if head[:2] == b"\x1f\x8b":
        return _Gzip
    if head[:3] == b"BZh":
        return bz2.BZ2Decompressor
    if head[:6] == b"\xfd7zXZ\x00" or head[:3] == b"]\x00\x00":
        return _xz
    return None


class Stream:
    """Decompressed bytes in order, each read bounded; raises `ArchiveError` at a cut, a fault or a limit."""

    def __init__(self, source: bytes | Readable) -> None:
        self._source: Readable = io.BytesIO(source) if isinstance(source, bytes) else source
        head = self._source.read(INPUT)
        self._make = compression(head)
        self._decompressor = self._make() if self._make else None
        self._pending = head
        self._buffer = b""
        self._at = 0
        self._taken = 0
        self._given = 0
        self._frames = 1
        self.ended = False

    @property
    def compressed(self) -> bool:
        """Whether the end of the stream is marked by its compression (and so a cut shows)."""
        return self._make is not None

    def read(self, count: int) -> bytes:
        """Exactly so many bytes, or as many as are left at the proper end of the stream."""
        pieces: list[bytes] = []
        while count > 0 and self._available():
            piece = self._buffer[self._at : self._at + count]
            self._at += len(piece)
            count -= len(piece)
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def skip(self, count: int) -> bool:
        """Leave out so many bytes; False when the stream ended before."""
        while count > 0 and self._available():
            step = min(count, len(self._buffer) - self._at)
            self._at += step
            count -= step
        return count == 0

    def only_zeros(self) -> bool:
        """Read to the end (which also checks the checksum) and tell whether nothing but zeros was left."""
        clean = True
        while self._available():
            left = memoryview(self._buffer)[self._at :]
            clean = clean and left == bytes(len(left))
            self._at = len(self._buffer)
        return clean

    def _available(self) -> bool:
        while self._at >= len(self._buffer) and not self.ended:
            self._buffer, self._at = self._next(), 0
            self._given += len(self._buffer)
            self._check()
        return self._at < len(self._buffer)

    def _check(self) -> None:
        if self._given > MAX_TOTAL:
            raise refused(f"The archive holds more than {MAX_TOTAL >> 20} MiB.", "archive-limit")
        if self._given > RATIO_FREE and self._given > RATIO * self._taken:
            raise refused(f"The archive decompresses to more than {RATIO} times its size.", "archive-limit")

    def _feed(self) -> bytes:
        data, self._pending = self._pending or self._source.read(INPUT), b""
        self._taken += len(data)
        return data

    def _next(self) -> bytes:
        if self._decompressor is None:
            data = self._feed()
            self.ended = not data
            return data
        if self._decompressor.eof:
            return self._another_frame(self._decompressor.unused_data)
        data = self._feed() if self._decompressor.needs_input else b""
        try:
            out = self._decompressor.decompress(data, CHUNK)
        except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError, MemoryError) as error:
            raise refused(f"The archive's compressed data is damaged ({error}).", "archive-cut") from None
        if not (out or data or self._decompressor.eof):
            raise refused("The archive is cut off: its compressed data ends too early.", "archive-cut")
        return out

    def _another_frame(self, rest: bytes) -> bytes:
        """Go on with a second compressed member, as Python's readers do; other bytes there are left."""
        while not rest.lstrip(b"\0"):
            rest = self._feed()
            if not rest:
                self.ended = True
                return b""
        rest = rest.lstrip(b"\0")
        make = compression(rest)
        if make is None or make is not self._make:
            self.ended = True
            return b""
        self._frames += 1
        if self._frames > MAX_FRAMES:
            raise refused("The archive is a chain of very many compressed parts.", "archive-limit")
        self._taken -= len(rest)
        self._pending = rest
        self._decompressor = make()
        return b""
