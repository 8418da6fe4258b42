"""The zip format, both of its lists of members compared; knows its records, must trust neither list alone.

Python's own reader takes the central directory's word, others the local headers': where the two differ, two
installers see two archives (CVE-2025-54368). Only archives whose two lists agree byte for byte are read.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from planner.sdist.inflate import MAX_TOTAL, RATIO, RATIO_FREE, refused

__all__ = ["ZipMember", "extract", "walk"]

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED, _SIZES_LATER = 0x1, 0x8
_LINK = 0o120000


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipMember:
    """A member as both lists tell it; `data` are its bounds (compressed) in the archive."""

    name: str
    size: int
    kind: str
    method: int
    crc: int
    start: int
    end: int


def walk(data: bytes, limit: int) -> list[ZipMember]:
    """Every member, in the order of the central directory.

    :raises ArchiveError: when the archive is cut, has more than `limit` members, or its two lists differ.
    """
    at = data.rfind(b"PK\5\6", max(0, len(data) - 0xFFFF - _END.size))
    if at < 0 or len(data) - at < _END.size:
        raise refused("The zip archive is cut off: its directory is missing.", "archive-cut")
    _, disk, first, here, count, size, offset, comment = _END.unpack_from(data, at)
    if 0xFFFF in (here, count) or 0xFFFFFFFF in (size, offset):
        raise refused("The archive is a ZIP64 one, which no sdist has to be.", "archive-ambiguous")
    if disk or first or here != count or offset + size != at or at + _END.size + comment != len(data):
        raise refused("The zip archive's directory does not fit its end record.", "archive-ambiguous")
    if count > limit:
        raise refused(f"The archive has more than {limit:,} members.", "archive-limit")
    members: list[ZipMember] = []
    place = offset
    for _ in range(count):
        member, place = _central(data, place, at)
        members.append(member)
    if place != at:
        raise refused("The zip archive's directory is longer than its members.", "archive-ambiguous")
    _verify_layout(members, data, offset)
    return members


def _central(data: bytes, at: int, end: int) -> tuple[ZipMember, int]:
    if at + _CENTRAL.size > end:
        raise refused("The zip archive's directory is cut off.", "archive-cut")
    fields = _CENTRAL.unpack_from(data, at)
    signature, _, _, flags, method, _, _, crc, packed, size, named, extra, comment = fields[:13]
    attributes, local = fields[15], fields[16]
    name = data[at + _CENTRAL.size : at + _CENTRAL.size + named]
    following = at + _CENTRAL.size + named + extra + comment
    if signature != b"PK\1\2" or following > end or b"\0" in name:
        raise refused("The zip archive's directory is damaged.", "archive-ambiguous")
    if flags & _ENCRYPTED:
        raise refused("The zip archive is encrypted.", "archive-format")
    start = _local(data, local, (name, flags, method, crc, packed, size))
    link = (attributes >> 16) & 0o170000 == _LINK
    kind = "link" if link else "folder" if name.endswith(b"/") else "file"
    member = ZipMember(
        name=name.decode("utf-8" if flags & 0x800 else "cp437", "surrogateescape"),
        size=size,
        kind=kind,
        method=method,
        crc=crc,
        start=start,
        end=start + packed,
    )
    return member, following


def _local(data: bytes, at: int, said: tuple[bytes, int, int, int, int, int]) -> int:
    """Where the member's data begins; refuses a local header that says anything else than the directory."""
    if at + _LOCAL.size > len(data):
        raise refused("The zip archive is cut off: a member lies beyond its end.", "archive-cut")
    signature, _, flags, method, _, _, crc, packed, size, named, extra = _LOCAL.unpack_from(data, at)
    name = data[at + _LOCAL.size : at + _LOCAL.size + named]
    later = bool(flags & _SIZES_LATER)
    same = (name, flags, method) == said[:3]
    sizes = (crc, packed, size) == said[3:] or (later and not (crc or packed or size))
    if signature != b"PK\3\4" or not same or not sizes:
        raise refused("The zip archive tells of a member in two different ways.", "archive-ambiguous")
    return int(at + _LOCAL.size + named + extra)


def _verify_layout(members: list[ZipMember], data: bytes, directory: int) -> None:
    names: set[str] = set()
    before = 0
    total = 0
    for member in sorted(members, key=lambda member: member.start):
        if member.name in names:
            raise refused("The zip archive holds two members of one name.", "archive-ambiguous")
        names.add(member.name)
        if member.start < before or member.end > directory:
            raise refused("The zip archive's members overlap.", "archive-ambiguous")
        before = member.end
        total += member.size
    if total > MAX_TOTAL or (total > RATIO_FREE and total > RATIO * len(data)):
        raise refused("The zip archive decompresses to far more than its size.", "archive-limit")


def extract(data: bytes, member: ZipMember, count: int) -> bytes:
    """The member's bytes, at most as many as it claims, checked against its checksum; or its first ones.

    :raises ArchiveError: when they are damaged, more or fewer than claimed, or packed in an unusual way.
    """
    packed = data[member.start : member.end]
    whole = count >= member.size
    if member.method == 0:
        out = packed if whole else packed[:count]
    elif member.method == zlib.DEFLATED:
        inflater = zlib.decompressobj(wbits=-15)
        try:
            out = inflater.decompress(packed, member.size + 1 if whole else count)
        except zlib.error as error:
            raise refused(f"The archive's compressed data is damaged ({error}).", "archive-cut") from None
    else:
        raise refused(f"The zip archive uses compression method {member.method}.", "archive-format")
    if whole and (len(out) != member.size or zlib.crc32(out) != member.crc):
        raise refused("A member of the zip archive is not as large as it claims.", "archive-ambiguous")
    return out
