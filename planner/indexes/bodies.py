"""A response's body within its limit: bounded gzip, counted pieces; must not read a connection itself."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from planner.indexes.network import NoAnswerError, Sink

__all__ = ["collect", "inflated", "too_large"]


def too_large(size: int) -> NoAnswerError:
    """The failure of a body that outgrew its limit."""
    room = f"{size >> 20} MiB" if size >= 1 << 20 else f"{size} bytes"
    return NoAnswerError(f"answered with more than {room}", again=False, id="response-too-large")


def collect(chunks: Iterable[bytes], size: int, sink: Sink | None, *, wanted: bool) -> bytes:
    """All pieces together, or (with a sink) none; raises `NoAnswerError` beyond `size`.

    What is not `wanted` (the page of an error) is cut there instead.
    """
    kept: list[bytes] = []
    total = 0
    if sink is not None:
        sink.restart()
    for chunk in chunks:
        total += len(chunk)
        if total > size:
            if not wanted:
                break
            raise too_large(size)
        if sink is None:
            kept.append(chunk)
        else:
            sink.write(chunk)
    return b"".join(kept)


def inflated(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The content of gzip members in pieces of at most 64 KiB, so that a bomb is counted before it is held.

    Raises `NoAnswerError` for a cut or damaged stream.
    """
    decoder = zlib.decompressobj(wbits=31)
    produced = 0
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if decoder.eof:  # a further member (RFC 1952, 2.2)
                    decoder = zlib.decompressobj(wbits=31)
                piece = decoder.decompress(data, 64 << 10)
                data = decoder.unconsumed_tail or decoder.unused_data
                produced += len(piece)
                if piece:
                    yield piece
                if produced > size:
                    return
    except zlib.error as error:
        raise NoAnswerError("answered with damaged gzip data") from error
    if not decoder.eof:
        raise NoAnswerError("broke off its answer (gzip data without an end)", silent=True)
