"""An sdist's bytes -> its names and the texts that matter; must not extract, follow links or trust headers.

The one place that reads archives. The two formats are in `tar` and `zip`, bounded decompression in `inflate`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import BinaryIO

from planner.errors import ArchiveError
from planner.sdist import names as naming
from planner.sdist import tar, zip  # noqa: A004 - the format's name
from planner.sdist.includes import Include
from planner.sdist.inflate import Stream, refused

__all__ = ["MAX_MEMBERS", "MAX_TEXT", "SdistFiles", "decode_text", "read_archive"]

MAX_MEMBERS = 50_000
MAX_TEXT = 2 << 20
MAX_KEPT = 24 << 20
MAX_ZIP = 512 << 20
MAX_NOTES = 20


def decode_text(data: bytes) -> str:
    """Text in UTF-8 (without a byte order mark), else Latin-1, which never fails; line ends become one."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True)
class SdistFiles:
    """The members of an sdist: all their names without the top folder, and the bytes of those that matter.

    `sizes` are the bytes of every member, `includes` the headers that each compiled source asks for.
    `notes` say what was left out and why (links, odd names, texts over 2 MiB), at most twenty of them.
    """

    names: tuple[str, ...]
    kept: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    includes: Mapping[str, tuple[Include, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("kept", "sizes", "includes"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @cached_property
    def name_set(self) -> frozenset[str]:
        """The names, to look one up."""
        return frozenset(self.names)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file, at any depth."""
        found: set[str] = set()
        for name in self.names:
            folder = name.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    def text(self, name: str) -> str | None:
        """The text of a kept member, else None."""
        data = self.kept.get(name)
        return None if data is None else decode_text(data)


class _Gatherer:
    """Collects members in order, whichever format they come from."""

    def __init__(self, keep: Callable[[str], bool]) -> None:
        self._keep = keep
        self.names: list[str] = []
        self.kept: dict[str, bytes] = {}
        self.notes: list[str] = []
        self._bytes = 0
        self._members = 0

    def note(self, text: str) -> None:
        if len(self.notes) < MAX_NOTES:
            self.notes.append(text)

    def accept(self, name: str, kind: str, size: int) -> str:
        """The clean name when this member's bytes are wanted, else ""; every file's name is recorded.

        :raises ArchiveError: for a name that leaves the folder, or one member too many.
        """
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise refused(f"The archive has more than {MAX_MEMBERS:,} members.", "archive-limit")
        clean = naming.clean_name(name)
        if clean is None:
            raise refused(
                f"The archive has a member that would leave its folder ({name[:80]!a}).",
                "archive-unsafe",
            )
        if kind == "folder" or not clean or naming.is_litter(clean):
            return ""
        odd = naming.odd_name(clean)
        if odd:
            self.note(odd)
            return ""
        if kind == "link":
            self.note(f"{clean} is a link, which is not followed")
            return ""
        self.names.append(clean)
        inner = clean.partition("/")[2]
        if not (self._keep(clean) or (inner and self._keep(inner))):
            return ""
        if size > MAX_TEXT:
            self.note(f"{clean} is larger than {MAX_TEXT >> 20} MiB and was not read")
            return ""
        return clean

    def add(self, name: str, data: bytes) -> None:
        if self.kept.get(name, data) != data:
            raise refused(f"The archive holds two different files named {name}.", "archive-ambiguous")
        self._bytes += len(data)
        if self._bytes > MAX_KEPT:
            self.note(f"{name} was not read: the archive has too many build files")
            return
        self.kept[name] = data

    def files(self) -> SdistFiles:
        tops = {name.partition("/")[0] for name in self.names if "/" in name}
        plain = any("/" not in name for name in self.names)
        if len(tops) == 1 and not plain:  # as pip: one folder that all share is the source tree
            cut = len(tops.pop()) + 1
            shown = tuple(note.removeprefix(self.names[0][:cut]) for note in self.notes)
            kept = {name[cut:]: data for name, data in self.kept.items()}
            kept = {name: data for name, data in kept.items() if self._keep(name)}
            return SdistFiles(tuple(dict.fromkeys(name[cut:] for name in self.names)), kept, shown)
        return SdistFiles(tuple(dict.fromkeys(self.names)), self.kept, tuple(self.notes))


def read_archive(
    filename: str, data: bytes | BinaryIO, keep: Callable[[str], bool] = naming.matters
) -> SdistFiles:
    """Read an sdist in memory: `.tar.gz`, `.tgz`, `.tar.bz2`, `.tar.xz`, `.tar` or `.zip`, told by its bytes.

    `keep` says of a name (without the top folder) whether its text is wanted.

    :raises ArchiveError: when the archive is cut, ambiguous, hostile, over a limit, or no archive at all.
    """
    gatherer = _Gatherer(keep)
    try:
        head, source = _head(data)
        if head[:2] == b"PK":
            _gather_zip(source, gatherer)
        else:
            _gather_tar(source, gatherer)
        if not gatherer.names:
            raise refused("The archive holds no files.", "archive-format")
    except ArchiveError as error:
        error.where = error.where or filename
        raise
    return gatherer.files()


def _head(data: bytes | BinaryIO) -> tuple[bytes, bytes | BinaryIO]:
    if isinstance(data, bytes):
        return data[:4], data
    start = data.read(4)
    if data.seekable():
        data.seek(-len(start), io.SEEK_CUR)
        return start, data
    rest = data.read(MAX_ZIP + 1)
    return start, start + rest


def _gather_tar(source: bytes | BinaryIO, gatherer: _Gatherer) -> None:
    stream = Stream(source)
    for member in tar.walk(stream):
        wanted = gatherer.accept(member.name, member.kind, member.size)
        content = stream.read(member.size) if wanted else b""
        if len(content) < member.size and not stream.skip(member.size - len(content)):
            raise refused("The archive is cut off in the middle of a file.", "archive-cut")
        if wanted:
            gatherer.add(wanted, content)


def _gather_zip(source: bytes | BinaryIO, gatherer: _Gatherer) -> None:
    data = source if isinstance(source, bytes) else source.read(MAX_ZIP + 1)
    if len(data) > MAX_ZIP:
        raise refused(f"The zip archive is larger than {MAX_ZIP >> 20} MiB.", "archive-limit")
    for member in zip.walk(data, MAX_MEMBERS):
        wanted = gatherer.accept(member.name, member.kind, member.size)
        if wanted:
            gatherer.add(wanted, zip.extract(data, member))
