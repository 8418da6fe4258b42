"""An sdist's bytes -> its names and the texts that matter; must not extract, follow links or trust headers.

The one place that reads archives. The two formats are in `tar` and `zip`, bounded decompression in `inflate`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

from planner.errors import ArchiveError
from planner.frames import Readable
from planner.sdist import names as naming
from planner.sdist import tar, zip  # noqa: A004 - the format's name
from planner.sdist.includes import Include, scan_includes
from planner.sdist.inflate import Stream, refused
from planner.sdist.names import Use

__all__ = ["MAX_MEMBERS", "MAX_TEXT", "SdistFiles", "decode_text", "read_archive"]

MAX_MEMBERS = 50_000
MAX_TEXT = 2 << 20
MAX_KEPT = 24 << 20
MAX_ZIP = 192 << 20  # a zip is held in memory; tars, of which the large sdists are, pass through
MAX_SCANNED, MIN_SCANNED = 256 << 10, 12 << 10
MAX_INCLUDES = 200_000
MAX_NOTES = 20
_PIECE = 256 << 10

Wanted: TypeAlias = Callable[[str], "Use | None"]


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

    `sizes` are the bytes of every member, `includes` the headers that each compiled source asks for (in its
    first 256 KiB, or less where there are very many; tests, documents and examples are not looked at). Of a
    `configure` script only the first 64 KiB are kept. `notes` say what was left out and why (links, odd
    names, texts over 2 MiB), at most twenty of them.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """How much is read for one use: of each member (0: all of it, if it is not too large), and in all.

    `later` is for each once the half is gone: a source includes at its top, and a huge library that comes
    first in the archive must not hide the sources behind it.
    """

    largest: int = 1 << 40
    each: int = 0
    later: int = 0
    total: int


_SHARES = {
    Use.METADATA: _Share(largest=MAX_TEXT, total=MAX_KEPT),
    Use.BUILD: _Share(largest=MAX_TEXT, total=12 << 20),
    Use.NESTED: _Share(largest=256 << 10, total=6 << 20),
    Use.HEAD: _Share(each=64 << 10, total=4 << 20),
    Use.CODE: _Share(largest=256 << 10, total=4 << 20),
    Use.SOURCE: _Share(each=MAX_SCANNED, later=MIN_SCANNED, total=44 << 20),
    Use.VENDORED: _Share(each=MAX_SCANNED, later=MIN_SCANNED, total=20 << 20),
}
_SCANNED = (Use.SOURCE, Use.VENDORED)
_SPARE = (Use.CODE, Use.NESTED)  # read in case a build turns to them: not worth a note


@dataclass(frozen=True, slots=True)
class _Wish:
    """A member of which the first `count` bytes are wanted."""

    name: str
    use: Use
    count: int


class _Gatherer:
    """Collects members in order, whichever format they come from."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._left = {use: share.total for use, share in _SHARES.items()}
        self._members = 0
        self._includes_left = MAX_INCLUDES
        self.names: list[str] = []
        self.kept: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}
        self.includes: dict[str, tuple[Include, ...]] = {}
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        if len(self.notes) < MAX_NOTES and text not in self.notes:
            self.notes.append(text)

    def accept(self, name: str, kind: str, size: int) -> _Wish | None:
        """What is wanted of this member, if anything; every file's name and size is recorded.

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
            return None
        odd = naming.odd_name(clean)
        if odd:
            self.note(odd)
            return None
        if kind == "link":
            self.note(f"{clean} is a link, which is not followed")
            return None
        self.names.append(clean)
        self.sizes[clean] = size
        inner = clean.partition("/")[2]
        use = (self._wanted(inner) if inner else None) or self._wanted(clean)
        return None if use is None else self._wish(clean, use, size)

    def _wish(self, name: str, use: Use, size: int) -> _Wish | None:
        share = _SHARES[use]
        scarce = share.later and 2 * self._left[use] < share.total
        count = min(size, (share.later if scarce else share.each) or size)
        if size > share.largest:
            if use not in _SPARE:
                self.note(f"{name} is larger than {share.largest >> 20} MiB and was not read")
            return None
        if count > self._left[use] or (use in _SCANNED and self._includes_left <= 0):
            if use in _SCANNED:
                self.note(f"only the first {share.total >> 20} MiB of its sources were looked at")
            elif use not in _SPARE:
                self.note(f"{name} was not read: the archive has too many build files")
            return None
        self._left[use] -= count
        return _Wish(name, use, count)

    def add(self, wish: _Wish, data: bytes) -> None:
        """Take the bytes that were wished for; of sources, only what they include is held."""
        if wish.use in _SCANNED:
            found = _scanned(wish.name, data)
            self._includes_left -= len(found)
            self.includes[wish.name] = found
        elif self.kept.setdefault(wish.name, data) != data:
            raise refused(f"The archive holds two different files named {wish.name}.", "archive-ambiguous")

    def files(self) -> SdistFiles:
        tops = {name.partition("/")[0] for name in self.names if "/" in name}
        plain = any("/" not in name for name in self.names)
        # As pip: one folder that all share is the source tree.
        cut = len(tops.pop()) + 1 if len(tops) == 1 and not plain else 0
        top = self.names[0][:cut]
        return SdistFiles(
            names=tuple(dict.fromkeys(name[cut:] for name in self.names)),
            kept={name[cut:]: data for name, data in self.kept.items() if self._wanted(name[cut:])},
            notes=tuple(note.removeprefix(top) for note in self.notes),
            sizes={name[cut:]: size for name, size in self.sizes.items()},
            includes={name[cut:]: found for name, found in self.includes.items() if self._wanted(name[cut:])},
        )


def _scanned(name: str, data: bytes) -> tuple[Include, ...]:
    """What a source includes; of one that trips the scanner nothing is known, and all else still is."""
    try:
        return scan_includes(name, data)
    except Exception:  # noqa: BLE001 - an error of ours must cost no more than this one file
        return ()


def read_archive(filename: str, data: bytes | Readable, wanted: Wanted = naming.wanted) -> SdistFiles:
    """Read an sdist in memory: `.tar.gz`, `.tgz`, `.tar.bz2`, `.tar.xz`, `.tar` or `.zip`, told by its bytes.

    `wanted` says of a name (without the top folder) what the member is read for, if anything.

    :raises ArchiveError: when the archive is cut, ambiguous, hostile, over a limit, or no archive at all.
    """
    gatherer = _Gatherer(wanted)
    try:
        source = _Ahead(io.BytesIO(data) if isinstance(data, bytes) else data)
        if source.head[:2] == b"PK":
            _gather_zip(data if isinstance(data, bytes) else source.all(MAX_ZIP), gatherer)
        else:
            _gather_tar(Stream(source), gatherer)
        if not gatherer.names:
            raise refused("The archive holds no files.", "archive-format")
    except ArchiveError as error:
        error.where = error.where or filename
        raise
    return gatherer.files()


class _Ahead:
    """A stream whose first bytes were looked at; it need not be able to go back."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self.head = source.read(_PIECE)
        while 0 < len(self.head) < 4 and (more := source.read(_PIECE)):
            self.head += more
        self._first: bytes | None = self.head

    def read(self, count: int, /) -> bytes:
        first, self._first = self._first, None
        if not first:
            return self._source.read(count)
        self._first = first[count:]
        return first[:count]

    def all(self, limit: int) -> bytes:
        """Everything, but not much more than `limit`."""
        held = io.BytesIO()
        while held.tell() <= limit and (piece := self.read(_PIECE)):
            held.write(piece)
        return held.getvalue()


def _gather_tar(stream: Stream, gatherer: _Gatherer) -> None:
    for member in tar.walk(stream):
        wish = gatherer.accept(member.name, member.kind, member.size)
        count = wish.count if wish else 0
        content = stream.read(count) if count else b""
        if len(content) < count or not stream.skip(member.size - count):
            raise refused("The archive is cut off in the middle of a file.", "archive-cut")
        if wish:
            gatherer.add(wish, content)


def _gather_zip(data: bytes, gatherer: _Gatherer) -> None:
    if len(data) > MAX_ZIP:
        raise refused(f"The zip archive is larger than {MAX_ZIP >> 20} MiB.", "archive-limit")
    for member in zip.walk(data, MAX_MEMBERS):
        wish = gatherer.accept(member.name, member.kind, member.size)
        if wish:
            gatherer.add(wish, zip.extract(data, member, wish.count))
