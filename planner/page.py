"""What indexes list for a project: file names, listings, the project page, and the port that serves them.

Knows what a file's name tells; must not fetch, and must not decide what fits a machine. The `Catalog` port
lives here, on the side that must never do I/O; `planner.indexes` implements it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple, Protocol, TypeAlias

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import (
    Dist,
    Metadata,
    Misfit,
    Reason,
    Refusal,
    Row,
    Sdist,
    SdistReading,
    Wheel,
    parse_tags,
    parse_version,
)

__all__ = [
    "SDIST_SUFFIXES",
    "Answer",
    "Catalog",
    "Listing",
    "Page",
    "archive_stem",
    "dist_of",
    "read_filename",
    "shelve",
    "version_text",
]

SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar.lzma", ".tar", ".tar.Z")


def _build_tag(text: str) -> tuple[int, str]:
    digits = len(text) - len(text.lstrip("0123456789"))
    return int(text[:digits]), text[digits:]


def archive_stem(filename: str) -> str:
    """An archive's name without the suffix that makes it an sdist's; "" for other files."""
    return next((filename[: -len(end)] for end in SDIST_SUFFIXES if filename.endswith(end)), "")


class Read(NamedTuple):
    """A file name understood: version as text; `tags` is None for an sdist."""

    version: str
    tags: str | None = None
    build: str = ""


def read_filename(filename: str, project: NormalizedName) -> Read | Misfit:
    """Understand a file's name by splitting alone (no version or tag is parsed: pages have thousands).

    Wheels: PEP 427, and PEP 825's variant label (a 7th part, or a 6th where the third is no build number).
    Sdists: PEP 625 and the older names with dashes, by matching the project's own name.

    >>> read_filename("demo-1.0-cp311-cp311-win32.whl", "demo")
    Read(version='1.0', tags='cp311-cp311-win32', build='')
    >>> read_filename("my-demo-1.0.tar.gz", "my-demo")
    Read(version='1.0', tags=None, build='')
    >>> read_filename("demo-1.0-py3-none-any-cu12.whl", "demo").reason
    <Reason.VARIANT: 'variant'>
    """

    def misfit(reason: Reason, detail: str) -> Misfit:
        return Misfit(filename=filename, reason=reason, detail=detail)

    if filename.endswith(".whl"):
        parts = filename[:-4].split("-")
        if len(parts) == 7 or (len(parts) == 6 and not parts[2][:1].isdigit()):
            return misfit(Reason.VARIANT, f"a wheel variant ({parts[-1]}), which no released installer takes")
        if len(parts) not in (5, 6):
            return misfit(Reason.NAME, "not a wheel's name (PEP 427)")
        if _canonical(parts[0]) != project:
            return misfit(Reason.NAME, f"a wheel of another project ({parts[0]})")
        build = parts[2] if len(parts) == 6 else ""
        return Read(parts[1], "-".join(parts[-3:]), build)
    stem = archive_stem(filename)
    if not stem:
        return misfit(Reason.NAME, "neither a wheel nor an sdist")
    at = len(project)  # the usual case: as many characters as the normalised name
    if stem[at : at + 1] == "-" and canonicalize_name(stem[:at]) == project:
        return Read(stem[at + 1 :])
    for at, character in enumerate(stem):
        if character == "-" and canonicalize_name(stem[:at]) == project:
            return Read(stem[at + 1 :])
    suffix = filename[len(stem) :]
    return misfit(Reason.NAME, f"an archive of another project, or not named NAME-VERSION{suffix}")


def version_text(filename: str, project: NormalizedName) -> str:
    """The version that `read_filename` would find, as text; "" where it would find a misfit.

    Pages have thousands of files and few of them are ever looked at: this makes no object for a usual wheel.

    >>> version_text("demo-1.0-cp311-cp311-win32.whl", "demo"), version_text("demo-1.0.exe", "demo")
    ('1.0', '')
    """
    if filename.endswith(".whl") and filename.count("-") == 4:
        name, _, rest = filename.partition("-")
        return rest[: rest.index("-")] if _canonical(name) == project else ""
    read = read_filename(filename, project)
    return "" if isinstance(read, Misfit) else read.version


def dist_of(row: Row, project: NormalizedName, version: Version, read: Read, index: str) -> Dist | None:
    """The file of a row whose name was read; None when it is a wheel whose tags are none (PEP 425)."""
    if read.tags is None:
        return Sdist(row=row, project=project, version=version, index=index)
    tags = parse_tags(read.tags)
    if tags is None:
        return None
    build = _build_tag(read.build) if read.build else ()
    return Wheel(row=row, project=project, version=version, build=build, tags=tags, index=index)


_canonical = lru_cache(maxsize=20_000)(canonicalize_name)


def shelve(rows: Iterable[Row], project: NormalizedName) -> dict[str, list[Row]]:
    """Rows by the version text in their names; under "" those whose names say nothing usable."""
    shelves: dict[str, list[Row]] = {}
    for row in rows:
        shelves.setdefault(version_text(row.filename, project), []).append(row)
    return shelves


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one index lists for a project; `status` is PEP 792's (or "").

    `rows` are in the server's order. Where `shelves` is given (rows by version text, as `shelve` makes them),
    rows are made only when asked for, and `rows` may go shelf by shelf. `skipped` are entries that are no
    file at all.
    """

    index: str
    rows: Sequence[Row] = ()
    status: str = ""
    status_reason: str = ""
    shelves: Mapping[str, Sequence[Row]] | None = field(default=None, compare=False, repr=False)
    skipped: tuple[Misfit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How one index answered for a project: `found`, `missing` (404) or `trouble` (then `why` is a sentence).

    `unasked` is an index that an earlier one made needless (`first-index`). `where` is the page's address
    without credentials; `id` is the error's stable id when there was trouble. `beside` is a place that only
    adds wheels to what the others have.
    """

    index: str
    state: str
    where: str = ""
    why: str = ""
    id: str = ""
    beside: bool = False


_Shelf: TypeAlias = tuple[Sequence[Row], str]  # rows of one version, and the index that lists them


class Page:
    """All files of a project, as the indexes that serve it list them; versions and files are made on demand.

    `answers` tells how each index that was asked answered: an index in trouble means that what only it
    could serve is unknown.
    """

    __slots__ = ("__dict__", "answers", "listings", "project")

    def __init__(
        self, project: NormalizedName, listings: Sequence[Listing], answers: Sequence[Answer] = ()
    ) -> None:
        self.project = project
        self.listings = tuple(listings)
        self.answers = tuple(answers)

    @property
    def troubles(self) -> tuple[Answer, ...]:
        """The indexes that could not be asked."""
        return tuple(answer for answer in self.answers if answer.state == "trouble")

    @property
    def unasked(self) -> str:
        """A sentence on the indexes that were not asked because an earlier one has the project, or ""."""
        later = [answer.index for answer in self.answers if answer.state == "unasked"]
        served = next((answer.index for answer in self.answers if answer.state == "found"), "")
        if not later or not served:
            return ""
        return f"As {served} has the project, this was not asked: {', '.join(later)}"

    def trouble_before(self, index: str) -> tuple[Answer, ...]:
        """The indexes in trouble that would have been preferred to that one.

        Where there are any, a file of that index must not be trusted: what a broken index does not serve,
        another one may offer under the same name (dependency confusion).
        """
        before: list[Answer] = []
        for answer in self.answers:
            if answer.index == index:
                break
            if answer.state == "trouble" and not answer.beside:
                before.append(answer)
        return tuple(before)

    @cached_property
    def _grouped(self) -> tuple[dict[Version, list[_Shelf]], tuple[_Shelf, ...]]:
        unread: list[_Shelf] = []  # the text of a version that is none, and its rows
        by_version: dict[Version, list[_Shelf]] = {}
        for listing in self.listings:
            shelves = listing.shelves if listing.shelves is not None else shelve(listing.rows, self.project)
            for text, rows in shelves.items():
                version = parse_version(text)
                if version is None:
                    unread.append((rows, text))
                else:
                    by_version.setdefault(version, []).append((rows, listing.index))
        return by_version, tuple(unread)

    @cached_property
    def skipped(self) -> tuple[Misfit, ...]:
        """Files whose names say nothing usable, with the reason; never dropped silently."""
        skipped = [misfit for listing in self.listings for misfit in listing.skipped]
        for rows, text in self._grouped[1]:
            for row in rows:
                read = read_filename(row.filename, self.project)
                if not isinstance(read, Misfit):
                    detail = f"{text} is no version (PEP 440)"
                    read = Misfit(filename=row.filename, reason=Reason.NAME, detail=detail)
                skipped.append(read)
        return tuple(skipped)

    @cached_property
    def versions(self) -> tuple[Version, ...]:
        """Every version that has a file, newest first."""
        return tuple(sorted(self._grouped[0], reverse=True))

    @cached_property
    def _files(self) -> dict[Version, tuple[Dist, ...]]:
        return {}

    def files(self, version: Version) -> tuple[Dist, ...]:
        """The files of a version, in the server's order; () when there are none. Equal versions are one."""
        made = self._files.get(version)
        if made is None:
            made = tuple(self._make(version, self._grouped[0].get(version, ())))
            self._files[version] = made
        return made

    def _make(self, version: Version, shelves: Iterable[_Shelf]) -> Iterable[Dist]:
        for row, index in ((row, index) for rows, index in shelves for row in rows):
            read = read_filename(row.filename, self.project)
            dist = None if isinstance(read, Misfit) else dist_of(row, self.project, version, read, index)
            if dist is not None:
                yield dist

    @property
    def status(self) -> tuple[str, str]:
        """PEP 792's project status and reason, of the first index that gives one."""
        for listing in self.listings:
            if listing.status and listing.status != "active":
                return listing.status, listing.status_reason
        return "", ""


class Catalog(Protocol):
    """What a resolution may ask of the world. Every method blocks, and answers with a value in all cases.

    A failure is part of the answer (`Page.answers`, `Refusal`): one bad file or index never ends a run.
    """

    def page(self, project: NormalizedName) -> Page:
        """All files of a project, over the indexes that serve it."""

    def shadowed(self, project: NormalizedName) -> Page:
        """The files of a project on the indexes that `page` left unasked, as an earlier one has it."""

    def metadata(self, wheel: Wheel) -> Metadata | Refusal:
        """The metadata of a wheel, from bytes whose hash the index vouches for."""

    def sdist(self, sdist: Sdist, markers: Mapping[str, str]) -> SdistReading | Refusal:
        """What an sdist says, read in memory within limits, for a target Python given by its markers."""
