"""The tar format, read header by header; knows its blocks and must leave no doubt which bytes a name has.

Only what every unpacker reads in the same way is accepted: regular files and folders, with GNU long names and
pax headers that are unambiguous. Links are passed over, never followed. See CVE-2025-62518 and CVE-2025-8194.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.sdist.inflate import refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planner.sdist.inflate import Stream

__all__ = ["TarMember", "walk"]

BLOCK = 512
MAX_EXTENDED = 1 << 20
_FILES = b"07\0"
_LINKS = b"12"
_OTHERS = {ord("3"): "a device", ord("4"): "a device", ord("6"): "a pipe", ord("S"): "a sparse file"}
_ONCE = frozenset({"path", "size", "linkpath", "hdrcharset"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TarMember:
    """A regular file (or a folder, or a link that is passed over); its bytes come next in the stream."""

    name: str
    size: int
    kind: str


def walk(stream: Stream) -> Iterator[TarMember]:
    """Each member in order. The consumer reads at most `size` bytes; the walk skips what it left.

    :raises ArchiveError: when the archive is cut, ambiguous or not a tar.
    """
    extended: dict[str, str] = {}
    while True:
        header = stream.read(BLOCK)
        if not header or header == bytes(BLOCK):
            _finish(stream, marked=bool(header), pending=bool(extended))
            return
        if len(header) < BLOCK:
            raise refused("The archive is cut off in the middle of a header.", "archive-cut")
        _verify_checksum(header)
        kind, size = header[156], _number(header[124:136])
        if kind in b"xg":
            _add_pax(extended, _body(stream, size), everywhere=kind == ord("g"))
        elif kind in b"LK":
            _add_gnu(extended, _body(stream, size), "path" if kind == ord("L") else "linkpath")
        else:
            member = _member(header, kind, size, extended)
            extended = {}
            padding = -member.size % BLOCK
            yield member
            if not stream.skip(padding):
                raise refused("The archive is cut off in the middle of a file.", "archive-cut")


def _finish(stream: Stream, *, marked: bool, pending: bool) -> None:
    if pending:
        raise refused("The archive ends after a header that belongs to no file.", "archive-ambiguous")
    if not marked and not stream.compressed:
        raise refused("The archive is cut off: its end mark is missing.", "archive-cut")
    if not stream.only_zeros():
        raise refused("The archive has more data after its end mark.", "archive-ambiguous")


def _verify_checksum(header: bytes) -> None:
    unsigned = sum(header) - sum(header[148:156]) + 8 * 32
    said = header[148:156].strip(b" \0").split(b"\0")[0].strip()
    try:
        stated = int(said, 8)
        # Old writers summed signed bytes; that sum takes as long as all the rest, so it comes second.
        right = stated == unsigned or stated == unsigned - 256 * sum(byte > 127 for byte in header)
    except ValueError:
        right = False
    if not right:
        raise refused("The file is not a tar archive, or a header in it is damaged.", "archive-cut")


def _number(field: bytes) -> int:
    """A size: octal text, or GNU's base 256. Negative ones made Python loop for ever (CVE-2025-8194)."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] != 0x80 or value >= 1 << 40:
            raise refused("A member of the archive has an impossible size.", "archive-ambiguous")
        return value
    text = field.split(b"\0")[0].strip()
    if not text:
        return 0
    if not text.isdigit() or b"8" in text or b"9" in text:
        raise refused("A member of the archive has an impossible size.", "archive-ambiguous")
    return int(text, 8)


def _body(stream: Stream, size: int) -> bytes:
    if size > MAX_EXTENDED:
        raise refused("An extended header of the archive claims more than 1 MiB.", "archive-limit")
    data = stream.read(size)
    if len(data) < size or not stream.skip(-size % BLOCK):
        raise refused("The archive is cut off in an extended header.", "archive-cut")
    return data


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _add_gnu(extended: dict[str, str], data: bytes, key: str) -> None:
    if key in extended:
        raise refused("A member of the archive has two names.", "archive-ambiguous")
    extended[key] = _decode(data.split(b"\0")[0])


def _add_pax(extended: dict[str, str], data: bytes, *, everywhere: bool) -> None:
    """Records of a length, a key and a value; names and sizes are said once, never for all files."""
    at = 0
    while at < len(data) and data[at] != 0:
        space = data.find(b" ", at, at + 8)
        digits = data[at:space] if space > at else b""
        length = int(digits) if digits.isdigit() else 0
        record = data[at : at + length]
        equals = record.find(b"=")
        if length < 5 or len(record) < length or not record.endswith(b"\n") or equals < 0:
            raise refused("An extended header of the archive is damaged.", "archive-ambiguous")
        key = _decode(record[len(digits) + 1 : equals])
        if key.startswith(("GNU.sparse", "SCHILY.realsize")):
            raise refused("The archive holds a sparse file.", "archive-ambiguous")
        if key in _ONCE:
            if everywhere or key in extended:
                raise refused(f"An extended header of the archive says {key} twice.", "archive-ambiguous")
            extended[key] = _decode(record[equals + 1 : -1])
        at += length


def _member(header: bytes, kind: int, size: int, extended: dict[str, str]) -> TarMember:
    if kind in _OTHERS:
        raise refused(f"The archive holds {_OTHERS[kind]}.", "archive-ambiguous")
    if kind not in _FILES and kind not in _LINKS and kind != ord("5"):
        raise refused(f"The archive holds a member of unknown type {chr(kind)!a}.", "archive-ambiguous")
    if "size" in extended:
        text = extended["size"]
        if not text.isdecimal() or not text.isascii() or len(text) > 13:
            raise refused("A member of the archive has an impossible size.", "archive-ambiguous")
        size = int(text)
    name = extended.get("path", "")
    if not name:
        name = _decode(header[:100].split(b"\0")[0])
        prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
        name = f"{_decode(prefix)}/{name}" if prefix else name
    if kind in _LINKS or kind == ord("5"):
        if size and kind in _LINKS:
            raise refused("The archive holds a link with data of its own.", "archive-ambiguous")
        return TarMember(name=name, size=size if kind == ord("5") else 0, kind=_kind(kind))
    return TarMember(name=name, size=size, kind="folder" if name.endswith("/") and not size else "file")


def _kind(kind: int) -> str:
    return "link" if kind in _LINKS else "folder"
