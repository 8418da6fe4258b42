"""Every way to lose or change a little of a file that stands on a disk: prefixes, lines, bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["flips", "prefixes", "without_a_line"]


def prefixes(path: Path, data: bytes) -> Iterator[int]:
    """The file, cut shorter by a byte at each step; gives how long it is then."""
    path.write_bytes(data)
    with path.open("r+b", buffering=0) as file:
        for end in reversed(range(len(data))):
            file.truncate(end)
            yield end


def without_a_line(path: Path, data: bytes) -> Iterator[int]:
    """The file without each of its lines; gives its number."""
    lines = data.splitlines(keepends=True)
    for number in range(len(lines)):
        path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
        yield number + 1


def flips(path: Path, data: bytes, mask: int = 1) -> Iterator[int]:
    """The file with each of its bytes changed; gives its place."""
    path.write_bytes(data)
    with path.open("r+b", buffering=0) as file:
        for at, byte in enumerate(data):
            for one, told in ((byte ^ mask, True), (byte, False)):
                file.seek(at)
                file.write(bytes((one,)))
                if told:
                    yield at
