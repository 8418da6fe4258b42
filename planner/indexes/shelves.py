"""A project page in compact form: one text, a shelf a version, a line a file; must not know its origin.

Pages have thousands of files of which a resolution looks at a few. So a page is kept (in memory and in the
cache) as text, and a `Row` is made when somebody looks at its version. Separators are the control characters
that ASCII has for this purpose; `planner.indexes.entries` keeps them out of every field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from packaging.version import Version

from planner.dists import Misfit, Reason, Row, parse_version
from planner.page import Listing

__all__ = ["FIELD", "CompactPage", "Shelf", "row_of", "shelved"]

SHELF, LINE, FIELD, PREFIX = "\x1d", "\x1e", "\x1f", "\x1c"


def row_of(line: str, prefix: str = "") -> Row:
    """The file that a line describes; see `planner.indexes.entries` for its fields."""
    filename, url, sha256, python, size, upload_time, yanked, metadata, hashes = line.split(FIELD)
    if url[:1] == PREFIX:
        url = prefix + url[1:]
    if url[-1:] == "/":
        url += filename
    return Row(
        filename,
        url,
        sha256,
        python,
        int(size) if size else None,
        upload_time,
        yanked[1:] if yanked else None,
        "" if metadata == "-" else metadata or None,
        tuple((pair.partition("=")[0], pair.partition("=")[2]) for pair in hashes.split(","))
        if hashes
        else (),
    )


class _Rows(Sequence[Row]):
    """Rows made anew at each look; a subclass says how many there are and makes them one by one."""

    __slots__ = ()

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        return tuple(self)[at]


class Shelf(_Rows):
    """The files of one version, made from their lines when looked at."""

    __slots__ = ("_lines", "_prefix")

    def __init__(self, lines: str, prefix: str) -> None:
        self._lines = lines
        self._prefix = prefix

    def __len__(self) -> int:
        return self._lines.count(LINE) + 1 if self._lines else 0

    def __iter__(self) -> Iterator[Row]:
        return (row_of(line, self._prefix) for line in self._lines.split(LINE)) if self._lines else iter(())


class _AllRows(_Rows):
    """All files of a page, shelf by shelf."""

    __slots__ = ("_shelves",)

    def __init__(self, shelves: Mapping[str, Shelf]) -> None:
        self._shelves = shelves

    def __len__(self) -> int:
        return sum(len(shelf) for shelf in self._shelves.values())

    def __iter__(self) -> Iterator[Row]:
        return (row for shelf in self._shelves.values() for row in shelf)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactPage:
    """What a page lists: `text` holds the shelves, newest version first; `bad` are entries that are no file.

    `prefix` begins most addresses. `status` is PEP 792's.
    """

    text: str
    prefix: str = ""
    status: str = ""
    status_reason: str = ""
    bad: tuple[tuple[str, str], ...] = ()

    def listing(self, index: str) -> Listing:
        """The page as the core reads it."""
        shelves = {}
        for block in self.text.split(SHELF) if self.text else ():
            version, _, lines = block.partition(LINE)
            shelves[version] = Shelf(lines, self.prefix)
        return Listing(
            index=index,
            rows=_AllRows(shelves),
            status=self.status,
            status_reason=self.status_reason,
            shelves=shelves,
            skipped=tuple(
                Misfit(filename=name, reason=Reason.NAME, detail=detail) for name, detail in self.bad
            ),
        )

    def header(self) -> dict[str, Any]:
        """All but the text, as JSON values."""
        return {
            "prefix": self.prefix,
            "status": self.status,
            "status-reason": self.status_reason,
            "bad": [list(pair) for pair in self.bad],
        }

    @classmethod
    def from_header(cls, header: Mapping[str, Any], text: str) -> CompactPage:
        """What `header` and `text` made; raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        return cls(
            text=text,
            prefix=str(header["prefix"]),
            status=str(header["status"]),
            status_reason=str(header["status-reason"]),
            bad=tuple((str(name), str(detail)) for name, detail in header["bad"]),
        )


_OLDEST = Version("0.dev0")


def shelved(lines: Mapping[str, Sequence[str]]) -> str:
    """Lines by version text as one text, newest version first (so that sorting them again costs nothing)."""
    versions = sorted(lines, key=lambda text: parse_version(text) or _OLDEST, reverse=True)
    return SHELF.join(LINE.join((version, *lines[version])) for version in versions)
