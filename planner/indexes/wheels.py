"""A wheel's metadata the cheapest way that works: cache, `.metadata` file, the wheel's tail, all of it.

Knows which host offers which way (learned in the run); must not keep a wheel; always answers with a value.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from planner.dists import Metadata, Reason, Refusal, Wheel
from planner.errors import ArchiveError, UnreachableIndexError
from planner.headertext import read_header
from planner.indexes.cache import Cache, key_of
from planner.indexes.client import Client
from planner.indexes.download import HashedFile, read_into, status_error
from planner.indexes.headers import wheel_metadata
from planner.indexes.network import METADATA_LIMIT, WHEEL_LIMIT, origin_of, shown_url
from planner.indexes.wheeltail import Window, metadata_bytes, tail_size
from planner.records import metadata_from, metadata_record
from planner.urls import local_path

__all__ = ["WheelReader"]

SMALL_WHEEL = 128 << 10  # one request for all of it, and its hash can be checked
MAX_TAIL = 2 << 20
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class _NoRangeError(Exception):
    """The server does not serve parts of files, or not the part that was asked for."""


@dataclass
class _Host:
    """What a host was found to do with requests that the standards leave open."""

    asked: int = 0
    found: int = 0
    ranges: bool = True

    @property
    def worth_asking(self) -> bool:
        """Whether to ask for a `.metadata` file that no page announces: two in three must be there.

        A miss costs one request of two or three; some hosts have the files of a part of their wheels.
        """
        return self.asked < 4 or self.found * 3 > self.asked * 2


class WheelReader:
    """Reads the metadata of wheels, for any number of threads."""

    def __init__(self, client: Client, cache: Cache) -> None:
        self._client = client
        self._cache = cache
        self._hosts: dict[tuple[str, str, int], _Host] = defaultdict(_Host)
        self._tails: dict[str, int] = {}
        self._lock = threading.Lock()

    def read(self, wheel: Wheel) -> Metadata | Refusal:
        """The metadata, or why there is none: the wheel's fault, or trouble with its address (`id` tells)."""
        row = wheel.row
        path = local_path(row.url)
        if path is not None:
            return self._guarded(wheel, lambda: _from_file(wheel, Path(path)))
        # By hash and host: what one host says of a file is not believed of another host's.
        key = key_of("metadata", row.sha256, *map(str, origin_of(row.url)))
        if row.sha256:
            entry = self._cache.read("metadata", key)
            found = metadata_from(entry.header) if entry else None
            if found is not None and (isinstance(found, Refusal) or found.project == wheel.project):
                self._client.counts.cached += 1
                return found
        value = self._guarded(wheel, lambda: self._ask(wheel))
        if row.sha256 and isinstance(value, Metadata):
            self._cache.write("metadata", key, metadata_record(value))
        return value

    def _guarded(self, wheel: Wheel, ask: Callable[[], Metadata | Refusal]) -> Metadata | Refusal:
        try:
            return ask()
        except UnreachableIndexError as error:
            detail = f"its metadata could not be read: {error}"
            return Refusal(filename=wheel.filename, reason=Reason.METADATA, detail=detail, id=error.id)
        except ArchiveError as error:
            return Refusal(filename=wheel.filename, reason=Reason.METADATA, detail=error.what, id=error.id)

    def _ask(self, wheel: Wheel) -> Metadata | Refusal:
        row = wheel.row
        host = self._hosts[origin_of(row.url)]
        if row.metadata or (row.metadata is None and host.worth_asking):
            found = self._sidecar(wheel, host)
            if found is not None:
                return found
        if row.size is not None and row.size <= SMALL_WHEEL:
            return self._whole(wheel)
        if host.ranges:
            try:
                return self._tail(wheel)
            except _NoRangeError:
                with self._lock:
                    host.ranges = False
        return self._whole(wheel)

    def _sidecar(self, wheel: Wheel, host: _Host) -> Metadata | Refusal | None:
        """What the `.metadata` file says; None when there is none, announced or not (PEP 658)."""
        row = wheel.row
        address, question, query = row.url.partition("?")
        url = f"{address}.metadata{question}{query}"
        if row.metadata is None:
            with self._lock:
                host.asked += 1
        response = self._client.get(url, limit=METADATA_LIMIT)
        if row.metadata is None:
            # Some servers answer 200 with a page of their own for whatever is asked.
            there = response.status == 200 and "name" in read_header(response.body[: 64 << 10])
            with self._lock:
                host.found += there
        else:
            there = response.status == 200
        if not there:
            return None
        hashed = bool(row.metadata) and row.metadata != "true"
        if hashed and hashlib.sha256(response.body).hexdigest() != row.metadata:
            detail = "its metadata file is another one than the index announces (sha256 differs)"
            return Refusal(filename=wheel.filename, reason=Reason.HASH, detail=detail, id="metadata-mismatch")
        return _understood(wheel, response.body, "sidecar" if hashed else "sidecar-unchecked")

    def _tail(self, wheel: Wheel) -> Metadata | Refusal:
        """Read the end of the wheel: as much as the last one of its project needed, which is a good guess."""
        tail = _Tail(self._client, wheel)
        found = tail.read(self._tails.get(wheel.project) or tail_size(wheel.row.size))
        if tail.needed:
            self._tails[wheel.project] = min(max(tail.needed * 9 // 8, 16 << 10), MAX_TAIL)
        return found

    def _whole(self, wheel: Wheel) -> Metadata | Refusal:
        """Download the wheel, to disk if it is large, and check its hash."""
        with closing(HashedFile(keep=True)) as sink:
            read_into(sink, wheel.row.url, self._client, WHEEL_LIMIT)
            expected = wheel.row.sha256
            if expected and sink.sha256.hexdigest() != expected:
                return _replaced(wheel, "its sha256 is not the one that the index gives")
            return _from_stream(wheel, sink.file)


class _Tail:
    """A wheel on a server, of which the end is read by Range requests (RFC 9110, 14)."""

    def __init__(self, client: Client, wheel: Wheel) -> None:
        self._client = client
        self._wheel = wheel
        self._window = Window(b"", 0)
        self.needed = 0

    def read(self, wanted: int) -> Metadata | Refusal:
        """The metadata, by asking for that many bytes at first.

        Raises `_NoRangeError`, `ArchiveError` and `UnreachableIndexError`.
        """
        wheel = self._wheel
        start, data, total = self._ask(f"bytes=-{wanted}", wanted)
        if wheel.row.size is not None and total != wheel.row.size:
            return _replaced(wheel, f"it has {total} bytes where the index says {wheel.row.size}")
        if start + len(data) != total:
            raise _NoRangeError
        self._window = Window(data, total)
        found = metadata_bytes(self._window, self._part, wheel.filename)
        self.needed = total - found.start
        return _understood(wheel, found.content, "wheel-tail")

    def _part(self, start: int, stop: int) -> bytes:
        """Bytes before the window; METADATA and RECORD, as a rule just before the directory, come along."""
        window = self._window
        if stop >= window.start:  # the directory began before the window: take some more, and keep it
            start_at, stop_at = max(0, start - (stop - start) - (32 << 10)), window.start
        else:
            start_at, stop_at = start, stop
        data = b""
        if start_at < stop_at:
            begins, data, total = self._ask(f"bytes={start_at}-{stop_at - 1}", stop_at - start_at)
            if begins != start_at or len(data) != stop_at - start_at or total != window.total:
                raise _NoRangeError
        if stop_at == window.start:
            self._window = window = Window(data + window.data, window.total)
            return window.data[start - window.start : stop - window.start]
        return data

    def _ask(self, wanted: str, size: int) -> tuple[int, bytes, int]:
        """Where the answer begins, its bytes, and the size of the whole."""
        url = self._wheel.row.url
        try:
            response = self._client.get(url, limit=size + 1024, headers={"Range": wanted})
        except UnreachableIndexError as error:
            if error.id == "response-too-large":  # the whole file comes: not asked for, so not read
                raise _NoRangeError from error
            raise
        if response.status in (401, 403, 404, 410):
            raise status_error(response)
        echo = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
        if response.status != 206 or echo is None:
            raise _NoRangeError
        start, last, total = (int(number) for number in echo.groups())
        if last - start + 1 != len(response.body) or last >= total:
            raise _NoRangeError
        return start, response.body, total


def _replaced(wheel: Wheel, detail: str) -> Refusal:
    return Refusal(filename=wheel.filename, reason=Reason.HASH, detail=detail, id="hash-mismatch")


def _understood(wheel: Wheel, data: bytes, source: str) -> Metadata | Refusal:
    return wheel_metadata(
        data,
        filename=wheel.filename,
        project=wheel.project,
        version=wheel.version,
        source=source,
        where=shown_url(wheel.row.url),
    )


def _from_file(wheel: Wheel, path: Path) -> Metadata | Refusal:
    try:
        with path.open("rb") as file:
            return _from_stream(wheel, file)
    except OSError as error:
        detail = f"it cannot be read ({error.strerror or error})"
        return Refusal(filename=wheel.filename, reason=Reason.METADATA, detail=detail, id="unreadable")


def _from_stream(wheel: Wheel, file: BinaryIO) -> Metadata | Refusal:
    total = file.seek(0, 2)

    def part(start: int, stop: int) -> bytes:
        file.seek(start)
        return file.read(stop - start)

    tail = min(tail_size(total), total)
    found = metadata_bytes(Window(part(total - tail, total), total), part, wheel.filename)
    return _understood(wheel, found.content, "wheel")
