"""All indexes of a run behind the blocking `Catalog` port; must not choose files, nor raise for bad ones.

Which index serves a project is decided as uv's `first-index` does, against dependency confusion
(https://docs.astral.sh/uv/concepts/indexes/): the first one that has it, and "404, no such project" alone
lets the next one answer. An index in trouble is told in the page's answers, and the later ones are asked
for the report's sake: see `Page.trouble_before`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from copy import copy
from dataclasses import replace
from typing import BinaryIO, TypeVar

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Dist, Metadata, Reason, Refusal, Row, Sdist, SdistReading, Wheel
from planner.errors import ArchiveError, UnreachableIndexError
from planner.indexes.cache import Cache, key_of
from planner.indexes.cells import Cell, Cells
from planner.indexes.client import Client, Counts
from planner.indexes.direct import direct_dist
from planner.indexes.download import HashedFile, read_into
from planner.indexes.network import SDIST_LIMIT, WHEEL_LIMIT
from planner.indexes.reach import exists
from planner.indexes.simple import IndexReader
from planner.indexes.wheels import WheelReader
from planner.page import Answer, Page
from planner.policy import Index, IndexStrategy
from planner.records import reading_from, reading_record

__all__ = ["IndexCatalog", "ReadSdist"]

_T = TypeVar("_T")

ReadSdist = Callable[
    [str, "bytes | BinaryIO", NormalizedName, "Version | None", Mapping[str, str]], "SdistReading | Refusal"
]

Serve = Callable[[NormalizedName], "tuple[Index, ...] | None"]

SDISTS_AT_ONCE = 4
# What a reading may depend on; a kernel's version is not among it, and changes often.
_MARKERS = (
    "implementation_name",
    "os_name",
    "platform_machine",
    "platform_system",
    "python_full_version",
    "sys_platform",
)


class IndexCatalog:
    """The `Catalog` of `planner.page`, for any number of threads; every question is asked once.

    `indexes` are asked in their order; `serve` may name other ones for a project (CUDA builds, pinned
    indexes). `reader` names the version of `read_sdist`, so that readings of an older one are not believed.
    `expect_sdist` is called before a download, `progress` after each answer, both from any thread.
    """

    def __init__(
        self,
        indexes: tuple[Index, ...],
        strategy: IndexStrategy,
        *,
        client: Client,
        cache: Cache,
        read_sdist: ReadSdist,
        expect_sdist: Callable[[], None] = lambda: None,
        reader: str = "1",
        refresh: bool = False,
        serve: Serve = lambda _: None,
        progress: Callable[[Counts], None] = lambda _: None,
    ) -> None:
        self.indexes = indexes
        self._strategy = strategy
        self._client = client
        self._cache = cache
        self._read_sdist = read_sdist
        self._expect_sdist = expect_sdist
        self._reader = reader
        self._serve = serve
        self._progress = progress
        self._asked_for: Callable[[Wheel], None] = lambda _: None
        self._before: tuple[Serve, Callable[[NormalizedName], Page]] | None = None
        self._indexes = IndexReader(client, cache, refresh=refresh)
        self._wheels = WheelReader(client, cache)
        self._sdist_slots = threading.BoundedSemaphore(SDISTS_AT_ONCE)
        self.pages: Cells[Page] = Cells()
        self._shadowed: Cells[Page] = Cells()
        self._metadatas: Cells[Metadata | Refusal] = Cells()
        self._readings: Cells[SdistReading | Refusal] = Cells()
        self._digests: Cells[str | Refusal] = Cells()
        for index in indexes:
            client.credentials.learn(index.url)

    @property
    def counts(self) -> Counts:
        """Requests, bytes and retries so far."""
        return self._client.counts

    def page(self, project: NormalizedName) -> Page:
        """All files of a project, over the indexes that serve it; troubles are in its `answers`."""
        return self.pages.of(project).get(lambda: self._told(self._join(project)))

    def shadowed(self, project: NormalizedName) -> Page:
        """What the indexes have that `page` did not ask; they are asked now, to be told of, never used."""
        return self._shadowed.of(project).get(lambda: self._told(self._join_unasked(project)))

    def metadata(self, wheel: Wheel) -> Metadata | Refusal:
        """A wheel's metadata; a `Refusal` with an id of `UnreachableIndexError` is not the wheel's fault."""
        self._asked_for(wheel)
        return self.metadata_ahead(wheel)

    def metadata_ahead(self, wheel: Wheel) -> Metadata | Refusal:
        """The same, for those who fetch ahead."""
        return self.metadata_cell(wheel).get(lambda: self._told(self._wheels.read(wheel)))

    def sdist(self, sdist: Sdist, markers: Mapping[str, str]) -> SdistReading | Refusal:
        """What an sdist says for a target: downloaded within limits, its hash checked, read in memory."""
        cell = self.reading_cell(sdist, markers)
        return cell.get(lambda: self._told(self._reading(sdist, markers)))

    def metadata_cell(self, wheel: Wheel) -> Cell[Metadata | Refusal]:
        """Where the metadata of a wheel is, or will be."""
        return self._metadatas.of((wheel.row.sha256, wheel.row.url))

    def reading_cell(self, sdist: Sdist, markers: Mapping[str, str]) -> Cell[SdistReading | Refusal]:
        """Where what an sdist says is, or will be."""
        return self._readings.of((sdist.row.sha256, sdist.row.url, *_told_of(markers)))

    def digest(self, dist: Dist) -> str | Refusal:
        """The sha256 of a file: the index's word if it gives one, else computed from all its bytes."""
        if dist.row.sha256:
            return dist.row.sha256
        return self._digests.of(dist.row.url).get(lambda: self._told(self._computed(dist)))

    def direct(self, url: str, project: NormalizedName | None, markers: Mapping[str, str]) -> Dist | Refusal:
        """The wheel or sdist at an address or path that a requirement names, with the hash of its fragment.

        An archive whose name tells no version is read for it. VCS addresses are refused: nothing is cloned.
        """

        def read(row: Row, named: NormalizedName) -> SdistReading | Refusal:
            return self._download(row, named, None, markers)

        return direct_dist(self._client.credentials.learn(url), project, read)

    def watch(self, on_network: Callable[[], None], on_metadata: Callable[[Wheel], None]) -> None:
        """Tell a prefetcher when the first request of the run is about to go out, and what is asked."""
        self._client.on_first = on_network
        self._asked_for = on_metadata
        if self.counts.requests:
            on_network()

    def archive(
        self, url: str, project: NormalizedName, markers: Mapping[str, str]
    ) -> SdistReading | Refusal:
        """What a source tree that a host serves as a .tar.gz says; no hash is known, and nothing is kept."""
        row = Row(filename=f"{project}.tar.gz", url=self._client.credentials.learn(url))
        return self._told(self._download(row, project, None, markers))

    def exists(self, url: str) -> bool | None:
        """Whether a file outside the indexes is there; None where it could not be, or may not be, asked.

        A run without an index (`--no-index`), or with local ones alone, asks nobody.
        """
        if not any(index.kind == "simple" and index.url.startswith("http") for index in self.indexes):
            return None
        return self._told(exists(self._client, url))

    def rerouted(self, serve: Serve) -> IndexCatalog:
        """The same catalog with other indexes for some projects; what was read of all others stays."""
        other = copy(self)  # all but pages is by file, whichever index lists it
        news = {"pages": Cells(), "_shadowed": Cells(), "_serve": serve, "_before": (self._serve, self.page)}
        vars(other).update(news)
        return other

    def close(self) -> None:
        """Drop all connections; nothing may be asked any more."""
        self._client.close()

    def _told(self, value: _T) -> _T:
        self._progress(self._client.counts)
        return value

    def _join(self, project: NormalizedName) -> Page:
        serve, page = self._before or (None, None)
        if serve and page and serve(project) == self._serve(project):
            return page(project)
        indexes = self._serve(project) or self.indexes
        answers, listings = [], []
        served = False
        for index in indexes:
            ranked = index.kind == "simple" and not index.beside
            if ranked and served and self._strategy == "first-index":
                answers.append(Answer(index=index.shown, state="unasked"))
                continue
            asked = self._indexes.ask(index, project)
            answers.append(replace(asked.answer, beside=index.beside))
            if asked.listing is not None:
                listings.append(asked.listing)
                served = served or ranked
        return Page(project, listings, answers)

    def _join_unasked(self, project: NormalizedName) -> Page:
        unasked = {answer.index for answer in self.page(project).answers if answer.state == "unasked"}
        indexes = self._serve(project) or self.indexes
        asked = [self._indexes.ask(index, project) for index in indexes if index.shown in unasked]
        listings = [one.listing for one in asked if one.listing is not None]
        return Page(project, listings, [one.answer for one in asked])

    def _reading(self, sdist: Sdist, markers: Mapping[str, str]) -> SdistReading | Refusal:
        row = sdist.row
        key = key_of("sdist", self._reader, row.sha256, sdist.project, *_told_of(markers))
        if row.sha256:
            entry = self._cache.read("sdists", key)
            found = reading_from(entry.header) if entry else None
            if found is not None:
                self.counts.cached += 1
                return found
        value = self._download(row, sdist.project, sdist.version, markers)
        if row.sha256 and isinstance(value, SdistReading):
            self._cache.write("sdists", key, reading_record(value))
        return value

    def _download(
        self, row: Row, project: NormalizedName, version: Version | None, markers: Mapping[str, str]
    ) -> SdistReading | Refusal:
        with self._sdist_slots, closing(HashedFile(keep=True)) as sink:
            self._expect_sdist()
            try:
                read_into(sink, row.url, self._client, SDIST_LIMIT)
                if row.sha256 and sink.sha256.hexdigest() != row.sha256:
                    detail = "its sha256 is not the one that is stated for it"
                    return Refusal(
                        filename=row.filename, reason=Reason.HASH, detail=detail, id="hash-mismatch"
                    )
                sink.file.seek(0)
                return self._read_sdist(row.filename, sink.file, project, version, markers)
            except UnreachableIndexError as error:
                detail = f"it could not be read: {error}"
                return Refusal(filename=row.filename, reason=Reason.METADATA, detail=detail, id=error.id)
            except ArchiveError as error:
                detail = error.what
                return Refusal(filename=row.filename, reason=Reason.METADATA, detail=detail, id=error.id)

    def _computed(self, dist: Dist) -> str | Refusal:
        with closing(HashedFile(keep=False)) as sink:
            try:
                read_into(sink, dist.row.url, self._client, WHEEL_LIMIT)
            except UnreachableIndexError as error:
                detail = f"its hash could not be computed: {error}"
                return Refusal(filename=dist.filename, reason=Reason.HASH, detail=detail, id=error.id)
            return sink.sha256.hexdigest()


def _told_of(markers: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(markers.get(name, "") for name in _MARKERS)
