"""Walks ahead of a resolution, so that what it asks next is there already; must not decide, nor raise.

The resolver asks one question at a time, and each costs a round trip. Threads here follow the likely way:
a project's page, the file that would be chosen, its metadata, the pages of what that requires, and so on.
What is fetched in vain costs a request; what is guessed wrong is asked by the resolver itself. Both sides
meet in the catalog's cells: who comes second waits, and what no thread has begun the resolver does itself.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Dist, Metadata, Refusal, Sdist, SdistReading, Wheel
from planner.indexes.catalog import IndexCatalog
from planner.page import Page

__all__ = ["Ask", "Choose", "Follow", "Prefetcher"]

THREADS = 16
MAX_ASKS = 5_000
MAX_OLDER = 32


class Ask(NamedTuple):
    """A project that will likely be wanted: with what specifier (as text) and which extras."""

    project: NormalizedName
    specifier: str = ""
    extras: frozenset[str] = frozenset()


class _Older(NamedTuple):
    """Files of a project below a version, of which `more` will be wanted if the resolver goes on so."""

    project: NormalizedName
    below: Version
    more: int


Choose = Callable[[Page, str], "Dist | None"]
Follow = Callable[[Metadata, frozenset[str]], Iterable[Ask]]


class Prefetcher:
    """Threads that fetch ahead. `choose` and `follow` come from the core and must be pure.

    `choose(page, specifier)` is the file that a resolution would take first; `follow(metadata, extras)` what
    it would ask for next. `sdists` also fetches sdists that are chosen (their dependencies stand in them).
    Nothing happens before the catalog sends its first request (unless `eager`): a run whose answers are all
    in the cache gains nothing from threads, and would pay for every choice twice. The threads are daemons: an
    interpreter that ends does not wait for a server.
    """

    def __init__(
        self,
        catalog: IndexCatalog,
        choose: Choose,
        follow: Follow,
        *,
        markers: Mapping[str, str],
        threads: int = THREADS,
        sdists: bool = True,
        eager: bool = False,
    ) -> None:
        self._catalog = catalog
        self._choose = choose
        self._follow = follow
        self._markers = markers
        self._sdists = sdists
        self._wanted = max(1, threads)
        self._threads: list[threading.Thread] = []
        self._queue: queue.SimpleQueue[Ask | _Older | None] = queue.SimpleQueue()
        self._seen: set[Ask | _Older] = set()
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._open = 0
        self._begun = eager
        self._stopped = False
        self._tried: dict[NormalizedName, set[Version]] = {}
        catalog.watch(self._begin, self._asked_for)

    def ahead(
        self, project: NormalizedName, specifier: str = "", extras: frozenset[str] = frozenset()
    ) -> None:
        """Say that a project will be wanted. Returns at once; the same words again cost nothing."""
        self._add(Ask(project, specifier, extras))

    def _add(self, ask: Ask | _Older) -> None:
        with self._lock:
            if self._stopped or ask in self._seen or len(self._seen) >= MAX_ASKS:
                return
            self._seen.add(ask)
            self._open += 1
            self._queue.put(ask)
            self._hire()

    def _asked_for(self, wheel: Wheel) -> None:
        """Count the versions of a project that the resolver tries: it may be going down a long row of them.

        Each costs a round trip, one after the other; so the next ones are fetched ahead, always as many as
        were tried already and as many again.
        """
        if not self._begun or self._stopped:
            return
        tried = self._tried.setdefault(wheel.project, set())
        if wheel.version not in tried:
            tried.add(wheel.version)
            if len(tried) > 1 and not len(tried) & (len(tried) - 1):  # 2, 4, 8 …
                self._add(_Older(wheel.project, wheel.version, min(2 * len(tried), MAX_OLDER)))

    def _begin(self) -> None:
        with self._lock:
            self._begun = True
            self._hire()

    def _hire(self) -> None:
        """As many threads as there is work, up to the limit. Called under the lock."""
        while self._begun and not self._stopped and len(self._threads) < min(self._wanted, self._open):
            thread = threading.Thread(target=self._run, name="wheelplan-prefetch", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Begin nothing any more. Returns at once; what is under way ends by itself."""
        with self._lock:
            self._stopped = True
            threads = len(self._threads)
            self._idle.notify_all()
        for _ in range(threads):
            self._queue.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is left to fetch; False when time is over first. For tests and measurements."""
        with self._lock:
            return self._idle.wait_for(lambda: self._open == 0 or self._stopped, seconds)

    def _run(self) -> None:
        while True:
            ask = self._queue.get()
            if ask is None or self._stopped:
                return
            finished = True
            with contextlib.suppress(Exception):  # the resolver meets the same, where it is told
                finished = self._step(ask) if isinstance(ask, Ask) else self._go_down(ask)
            if finished:
                self._finish()

    def _go_down(self, older: _Older) -> bool:
        """Fetch the metadata of one older file, having left the ones below it to the next thread."""
        dist = self._choose(self._catalog.page(older.project), f"<{older.below.public}")
        if dist is not None and older.more > 1:
            self._add(_Older(older.project, dist.version, older.more - 1))
        if isinstance(dist, Wheel) and not self._catalog.metadata_cell(dist).started:
            self._catalog.metadata_ahead(dist)
        return True

    def _finish(self) -> None:
        with self._lock:
            self._open -= 1
            if self._open <= 0:
                self._idle.notify_all()

    def _step(self, ask: Ask) -> bool:
        """Follow one ask as far as it goes; False when it was put back, as somebody makes its value."""
        catalog = self._catalog

        def again() -> None:
            self._queue.put(ask)

        # A thread that waits is a thread lost: what somebody is making is taken up again when it is there.
        if catalog.pages.of(ask.project).busy(again):
            return False
        page = catalog.page(ask.project)
        dist = self._choose(page, ask.specifier)
        metadata: Metadata | None = None
        if isinstance(dist, Wheel):
            if catalog.metadata_cell(dist).busy(again):
                return False
            found = catalog.metadata_ahead(dist)
            metadata = None if isinstance(found, Refusal) else found
        elif isinstance(dist, Sdist) and self._sdists:
            if catalog.reading_cell(dist, self._markers).busy(again):
                return False
            reading = catalog.sdist(dist, self._markers)
            metadata = reading.metadata if isinstance(reading, SdistReading) else None
        if metadata is not None and not self._stopped:
            for wanted in self._follow(metadata, ask.extras):
                self.ahead(*wanted)
        return True
