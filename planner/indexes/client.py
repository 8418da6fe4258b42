"""Requests with bounded retries, redirects by hand and credentials by origin; no secret in any word of it.

Must not open a socket (`planner.indexes.fetch` does, imported on the first request) nor understand an answer.
"""

from __future__ import annotations

import importlib
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import cast
from urllib.parse import urljoin

from planner.errors import UnreachableIndexError
from planner.indexes.credentials import Credentials, split_userinfo
from planner.indexes.network import (
    Limits,
    Network,
    NoAnswerError,
    Origin,
    Response,
    Sink,
    Wire,
    origin_of,
    shown_url,
    unreachable,
)

__all__ = ["Client", "Counts", "retry_after"]

RETRIED = frozenset({408, 425, 429, *range(500, 600)})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_HOPS = 10
MAX_SILENCES = 3


@dataclass
class Counts:
    """What a run cost so far: requests sent, bytes received, further attempts, entries from the cache."""

    requests: int = 0
    received: int = 0
    retries: int = 0
    cached: int = 0


class Client:
    """Answers to GET requests, for any number of threads.

    `wire` makes the transport on first use; `clock` and `sleep` exist for tests. An origin that never
    answered anything fails at once after its first failure, and any after three in a row, so that a dead
    index costs its time-out once and not once a project. `on_first` is called when the first request is
    about to go out.
    """

    def __init__(
        self,
        network: Network,
        *,
        credentials: Credentials | None = None,
        wire: Callable[[], Wire] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.network = network
        self.credentials = credentials or Credentials(network)
        self.counts = Counts()
        self._make_wire = wire or self._http_wire
        self._wire: Wire | None = None
        self._clock = clock
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait
        self._lock = threading.Lock()
        self._wire_lock = threading.Lock()
        self._waited = 0.0
        self.on_first: Callable[[], None] = _nothing
        self._alive: set[Origin] = set()
        self._down: dict[Origin, tuple[NoAnswerError, int]] = {}  # with how many silences in a row

    def get(
        self,
        url: str,
        *,
        limit: int,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
        sink: Sink | None = None,
        hint: bool = False,
    ) -> Response:
        """The final answer, of any status but those that mean "not now" (408, 425, 429, 5xx).

        `hint` is for what only a hint depends on: one attempt, and no credentials are sent. Raises
        `UnreachableIndexError` when there is none.
        """
        if self.network.offline:
            raise unreachable(
                "may not be asked: this run is offline and the cache does not hold it",
                url=url,
                kind="offline",
            )
        limits = Limits(size=limit, seconds=seconds or self.network.deadline)
        origin = origin_of(url)
        began = self._clock()
        attempt = 0
        while True:
            attempt += 1
            attempted = self._clock()
            try:
                self._check_usable(origin)
                response = self._follow(url, headers or {}, limits, sink, known=not hint)
            except NoAnswerError as error:
                failure, wish = error, None
            else:
                if response.status not in RETRIED:
                    return response
                failure, wish = _not_now(response), retry_after(response.headers)
            now = self._clock()
            pause = self._pause(attempt, wish, url)
            expected = (now - began) + pause + (now - attempted)  # as if the next attempt took as long
            retries = 0 if hint else self.network.retries
            hopeless = not failure.again or attempt > retries or expected >= self.network.patience
            if hopeless or self._stopped.is_set() or not self._spend(pause):
                raise self._given_up(failure, url, origin, attempt)
            self._sleep(pause)

    def stop(self) -> None:
        """End all waiting and refuse further requests: the run is over."""
        self._stopped.set()

    def close(self) -> None:
        """Stop, and drop all connections."""
        self.stop()
        if self._wire is not None:
            self._wire.close()

    def _http_wire(self) -> Wire:
        # Not at the top: httpx costs 60 ms, which a run from a warm cache saves.
        fetch = importlib.import_module("planner.indexes.fetch")
        return cast("Wire", fetch.HttpWire(self.network))

    def _connected(self) -> Wire:
        with self._wire_lock:
            if self._wire is None:
                self._wire = self._make_wire()
            return self._wire

    def _check_usable(self, origin: Origin) -> None:
        if self._stopped.is_set():
            raise NoAnswerError("was not asked: the run is ending", again=False)
        down, silences = self._down.get(origin, (None, 0))
        if down is not None and (origin not in self._alive or silences >= MAX_SILENCES):
            raise NoAnswerError(down.why, again=False, id=down.id, hint=down.hint)

    def _follow(
        self, url: str, headers: Mapping[str, str], limits: Limits, sink: Sink | None, *, known: bool
    ) -> Response:
        current = url
        for _ in range(MAX_HOPS + 1):
            response = self._send(current, headers, limits, sink, known=known)
            if response.status == 401 and known and self.credentials.challenge(current):
                response = self._send(current, headers, limits, sink)
            location = response.headers.get("location", "")
            if response.status not in REDIRECTS or not location:
                return response
            current = _next_hop(current, location)
        raise NoAnswerError(f"redirects more than {MAX_HOPS} times", again=False, id="index-malformed")

    def _send(
        self, url: str, headers: Mapping[str, str], limits: Limits, sink: Sink | None, *, known: bool = True
    ) -> Response:
        bare = split_userinfo(url)[0].partition("#")[0]
        sent = {"User-Agent": self.network.user_agent, "Accept": "*/*", **headers}
        sent["Accept-Encoding"] = "identity" if "Range" in headers else "gzip"
        login = self.credentials.header(bare) if known else ""
        if login:
            sent["Authorization"] = login
        wire = self._connected()
        with self._lock:
            self.counts.requests += 1
            first = self.counts.requests == 1
        if first:
            self.on_first()
        response = wire.exchange(bare, sent, limits, sink)
        with self._lock:
            self.counts.received += response.sent
            origin = origin_of(bare)
            self._alive.add(origin)
            self._down.pop(origin, None)
        return response

    def _pause(self, attempt: int, wish: float | None, url: str) -> float:
        if wish is not None:
            return min(max(wish, 0.0), self.network.retry_after_limit)
        spread = zlib.crc32(url.encode("utf-8", "replace")) % 250 / 1000  # threads must not come back as one
        return float(min(0.5 * 2 ** (attempt - 1), 4.0)) + spread

    def _spend(self, pause: float) -> bool:
        """Take a pause out of the run's budget; False when it is used up."""
        with self._lock:
            if self._waited + pause > self.network.retry_budget:
                return False
            self._waited += pause
            self.counts.retries += 1
            return True

    def _given_up(
        self, failure: NoAnswerError, url: str, origin: Origin, attempts: int
    ) -> UnreachableIndexError:
        if failure.silent:
            with self._lock:
                self._down[origin] = (failure, self._down.get(origin, (failure, 0))[1] + 1)
        times = f", asked {attempts} times" if attempts > 1 else ""
        return unreachable(f"{failure.why}{times}", url=url, kind=failure.id, hint=failure.hint)


def _nothing() -> None:
    """What happens at the first request, unless somebody wants to know."""


def _next_hop(current: str, location: str) -> str:
    try:
        target = urljoin(current, location)
    except ValueError:
        target = ""
    scheme, host, _ = origin_of(target)
    if scheme not in ("http", "https") or not host:
        raise NoAnswerError("redirects to what is no http(s) address", again=False, id="index-malformed")
    if scheme == "http" and origin_of(current)[0] == "https":
        why = f"redirects from https to plain http ({shown_url(target)})"
        raise NoAnswerError(
            why, again=False, hint="Use the address it redirects to only if you trust the network."
        )
    return split_userinfo(target)[0]


def _not_now(response: Response) -> NoAnswerError:
    wish = response.headers.get("retry-after", "")[:40]
    asked = f" and asks to wait ({wish})" if wish.isprintable() and wish else ""
    return NoAnswerError(f"answered {response.status}{asked}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that `Retry-After` asks for, in either form; None when it says nothing usable.

    A date counts from the server's own `Date`, so that no clock of ours matters (RFC 9110, 10.2.3).

    >>> retry_after({"retry-after": "2"}), retry_after({"retry-after": "soon"})
    (2.0, None)
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(headers.get("date", ""))
        return max(
            0.0, (until.replace(tzinfo=timezone.utc) - now.replace(tzinfo=timezone.utc)).total_seconds()
        )
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
