"""A log as its writer left it -> text, decoded, of a file or a stream; must not know what it says."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

from planner.errors import InputError
from planner.request import MAX_STDIN, World

__all__ = ["read_log"]

_MOST = 32 << 20
"""How much of a log is looked at, from its end, in bytes: a build fails at its end."""
_LINES = 400_000
"""How many lines of it: what is longer is mostly a bar that was drawn anew, and tells nothing."""
_CHUNK = 1 << 20
_HINT = "Name a file with what the build printed, or pipe it in: `… 2>&1 | wheelplan diagnose`."


def read_log(name: str, world: World) -> tuple[str, int]:
    """The end of a file, or of the standard input for "-", and the number of its first line.

    Raises InputError. What is no UTF-8 is read as it can be; PowerShell's `>` writes UTF-16.
    """
    try:
        data, start, before = _tail(_stream(world) if name == "-" else _file(Path(world.cwd, name)))
    except InputError as error:
        raise InputError(error.what, where=name, hint=_HINT) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise InputError(f"The log cannot be read: {reason}.", where=name, hint=_HINT) from None
    text = _decoded(data, start).replace("\r\n", "\n")
    ends = text.count("\n") - _LINES
    if ends > 0:
        text = text.split("\n", ends)[-1]
        before += ends
    return text, before + 1


def _file(path: Path) -> Iterator[bytes]:
    """A file by pieces; it may be a pipe that a shell made (`<(…)`), which cannot be read from its end."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _stream(world: World) -> Iterator[bytes]:
    """The standard input by pieces, as each call gives no more than so much of it."""
    while chunk := world.stdin():
        yield chunk
        if len(chunk) < MAX_STDIN:
            return


def _tail(chunks: Iterable[bytes]) -> tuple[bytes, bytes, int]:
    """The last bytes, the first few of the whole, and how many lines ended before the last bytes begin."""
    kept, start, before = bytearray(), b"", 0
    for chunk in chunks:
        start = start or chunk[:3]
        kept += chunk
        if len(kept) > 2 * _MOST:
            cut = (len(kept) - _MOST) // 2 * 2  # a character of UTF-16 has two bytes
            before += kept.count(b"\n", 0, cut)
            del kept[:cut]
    cut = max(0, len(kept) - _MOST) // 2 * 2
    return bytes(kept[cut:]), start, before + kept.count(b"\n", 0, cut)


def _decoded(data: bytes, start: bytes) -> str:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if start.startswith(mark):
            return data.decode(encoding, "replace").removeprefix("\ufeff")
    return data.decode("utf-8", "replace").removeprefix("\ufeff")
