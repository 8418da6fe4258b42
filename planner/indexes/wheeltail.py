"""A wheel's METADATA by its zip directory, read from its end; must not hold a wheel whole nor trust it.

Only what the directory says in one way is believed: one end record, at the end; a directory that fills the
place between the files and it; one METADATA, whose local header agrees. Everything else is an `ArchiveError`
(https://docs.python.org/3/library/zipfile.html reads most archives that the public index refuses).
Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from packaging.utils import canonicalize_name

from planner.errors import ArchiveError
from planner.indexes.network import METADATA_LIMIT

__all__ = ["Found", "Reader", "Window", "metadata_bytes", "tail_size"]

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_MEMBER = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")

MAX_DIRECTORY = 32 << 20
MAX_MEMBERS = 500_000
_UNKNOWN16, _UNKNOWN32 = 0xFFFF, 0xFFFFFFFF

Reader = Callable[[int, int], bytes]


class Window(NamedTuple):
    """The last bytes of a file of `total` bytes."""

    data: bytes
    total: int

    @property
    def start(self) -> int:
        """Where in the file the bytes begin."""
        return self.total - len(self.data)


class Found(NamedTuple):
    """The METADATA, and the first byte of the file that was needed to find it."""

    content: bytes
    start: int


class _Directory(NamedTuple):
    offset: int
    size: int
    members: int


class _Member(NamedTuple):
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def tail_size(size: int | None) -> int:
    """How many bytes to ask for at first: the directory grows with the files, METADATA lies before it."""
    return min(max((size or 0) // 64, 64 << 10), 256 << 10)


def metadata_bytes(window: Window, read: Reader, filename: str) -> Found:
    """The METADATA in a wheel, of which the end is here and `read(start, stop)` brings the rest.

    Raises `ArchiveError`; what `read` raises passes through.
    """
    if window.total < _END.size:
        raise _bad("is too short for a wheel")

    def part(start: int, stop: int) -> bytes:
        if not 0 <= start <= stop <= window.total:
            raise _bad("points outside of itself")
        if start >= window.start:
            return window.data[start - window.start : stop - window.start]
        data = read(start, stop)
        if len(data) != stop - start:
            raise _bad("is shorter than it says")
        return data

    directory = _directory(window, part)
    member = _find(part(directory.offset, directory.offset + directory.size), directory.members, filename)
    return Found(_extract(member, part, directory.offset), min(member.offset, directory.offset))


def _bad(what: str) -> ArchiveError:
    return ArchiveError(f"The wheel {what}.", hint="Tell its project; another file of it may do.")


def _directory(window: Window, part: Reader) -> _Directory:
    """The central directory as the end record (and its 64-bit form) places it."""
    data = window.data
    at = max(0, len(data) - _END.size)
    if data[at : at + 4] != b"PK\5\6":  # a comment follows it
        at = data.rfind(b"PK\5\6", max(0, at - _UNKNOWN16), at + 4)
    if at < 0 or at + _END.size > len(data):
        raise _bad("has no zip directory at its end")
    _, disk, first_disk, here, members, size, offset, comment = _END.unpack_from(data, at)
    end = window.start + at
    if at + _END.size + comment != len(data) or disk or first_disk or here != members:
        raise _bad("has an end record that contradicts itself")
    members, size, offset, end = _directory64(end, part, (members, size, offset))
    if offset + size != end:
        raise _bad("has bytes between its directory and its end")
    if size > MAX_DIRECTORY or members > MAX_MEMBERS:
        raise _bad(f"has a directory of {members} entries, more than are read")
    return _Directory(offset, size, members)


def _directory64(end: int, part: Reader, narrow: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """The same numbers as the 64-bit records give them, where there are any before the end record."""
    if end < _END64_LOCATOR.size + _END64.size:
        return (*narrow, end)
    magic, disk, at, disks = _END64_LOCATOR.unpack(part(end - _END64_LOCATOR.size, end))
    if magic != b"PK\6\7":
        return (*narrow, end)
    if disk or disks != 1 or at + _END64.size != end - _END64_LOCATOR.size:
        raise _bad("has a 64-bit end record that is not where it should be")
    magic, length, _, _, disk, first_disk, here, members, size, offset = _END64.unpack(
        part(at, at + _END64.size)
    )
    if magic != b"PK\6\6" or length != _END64.size - 12 or disk or first_disk or here != members:
        raise _bad("has a 64-bit end record that contradicts itself")
    wide = (members, size, offset)
    for said, meant, unknown in zip(narrow, wide, (_UNKNOWN16, _UNKNOWN32, _UNKNOWN32), strict=True):
        if said not in (unknown, meant):
            raise _bad("has two end records that disagree")
    return (*wide, at)


def _find(directory: bytes, members: int, filename: str) -> _Member:
    """The one member `NAME-VERSION.dist-info/METADATA`, whose folder names the wheel's own project."""
    found: _Member | None = None
    at = count = 0
    while at < len(directory):
        if len(directory) - at < _MEMBER.size or directory[at : at + 4] != b"PK\1\2":
            raise _bad("has a damaged directory")
        fields = _MEMBER.unpack_from(directory, at)
        name_size, extra_size, comment_size = fields[10:13]
        name = directory[at + _MEMBER.size : at + _MEMBER.size + name_size]
        extra_at = at + _MEMBER.size + name_size
        if name.endswith(b".dist-info/METADATA") and name.count(b"/") == 1:
            if found is not None:
                raise _bad("has more than one METADATA")
            extra = directory[extra_at : extra_at + extra_size]
            found = _member(name, fields, extra)
        at = extra_at + extra_size + comment_size
        count += 1
    if at != len(directory) or count != members:
        raise _bad("has a directory of another length than it says")
    if found is None:
        raise _bad("has no METADATA")
    folder = found.name.partition(b"-")[0].decode("utf-8", "replace")
    if canonicalize_name(folder) != canonicalize_name(filename.partition("-")[0]):
        raise _bad("holds the metadata of another project")
    return found


def _member(name: bytes, fields: tuple[int, ...], extra: bytes) -> _Member:
    flags, method, crc, packed, size, offset = (
        fields[3],
        fields[4],
        fields[7],
        fields[8],
        fields[9],
        fields[16],
    )
    if _UNKNOWN32 in (packed, size, offset):
        wide = _wide_numbers(extra)
        numbers = []
        for number in (size, packed, offset):  # in this order they stand in the extra field, where needed
            if number == _UNKNOWN32:
                if len(wide) < 8:
                    raise _bad("has 64-bit sizes that are missing")
                number, wide = int.from_bytes(wide[:8], "little"), wide[8:]  # noqa: PLW2901
            numbers.append(number)
        size, packed, offset = numbers
    if flags & 0x2041 or method not in (0, 8) or size > METADATA_LIMIT or packed > METADATA_LIMIT:
        raise _bad("has a METADATA that is encrypted, too large or packed in an unknown way")
    return _Member(name, flags, method, crc, packed, size, offset)


def _wide_numbers(extra: bytes) -> bytes:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            return extra[at + 4 : at + 4 + size]
        at += 4 + size
    return b""


def _extract(member: _Member, part: Reader, directory_offset: int) -> bytes:
    """The member's content; local header and directory must agree on its name and method."""
    room = _LOCAL.size + len(member.name) + member.packed
    # The local extra field may be longer than the directory's; its length is known after the first look.
    stop = min(member.offset + room + 64, directory_offset)
    data = part(member.offset, stop)
    if len(data) < _LOCAL.size or data[:4] != b"PK\3\4":
        raise _bad("has no METADATA where its directory says")
    fields = _LOCAL.unpack_from(data, 0)
    method, name_size, extra_size = fields[3], fields[9], fields[10]
    start = _LOCAL.size + name_size + extra_size
    if method != member.method or data[_LOCAL.size : _LOCAL.size + name_size] != member.name:
        raise _bad("calls METADATA differently in its two directories")
    if member.offset + start + member.packed > directory_offset:
        raise _bad("has a METADATA that reaches into its directory")
    if start + member.packed > len(data):
        data = part(member.offset, member.offset + start + member.packed)
    packed = data[start : start + member.packed]
    content = packed if member.method == 0 else _inflate(packed)
    if len(content) != member.size or zlib.crc32(content) != member.crc:
        raise _bad("has a METADATA that fails its checksum")
    return content


def _inflate(packed: bytes) -> bytes:
    decoder = zlib.decompressobj(wbits=-15)
    try:
        content = decoder.decompress(packed, METADATA_LIMIT)
    except zlib.error as error:
        raise _bad("has a damaged METADATA") from error
    if not decoder.eof or decoder.unused_data:
        raise _bad("has a METADATA of another size than it says")
    return content
