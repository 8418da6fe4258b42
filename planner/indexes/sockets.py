"""Sockets that keep an exchange's time: whole deadline, least speed, one look-up a host; must not speak HTTP.

httpx bounds each read alone, so that a server that sends a byte now and then would hold a run for ever.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from planner.indexes.network import Network

__all__ = ["WatchedSockets"]

LOOK_UPS = 3


class _Watch(threading.local):
    """The time and bytes of the exchange that runs in this thread; every read and write passes here."""

    ends: float = float("inf")
    window_ends: float = float("inf")
    window_bytes: int = 0
    reason: str = ""


class _Stream(httpcore.NetworkStream):
    """A connection whose reads end when the exchange's time is over, or when it is too slow (as curl's)."""

    def __init__(self, inner: httpcore.NetworkStream, backend: WatchedSockets) -> None:
        self._inner = inner
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        allowed = self._backend.allow(timeout)
        try:
            data = self._inner.read(max_bytes, allowed)
        except httpcore.ReadTimeout:
            self._backend.allow(timeout)  # tells so if it was the exchange's time that ran out
            raise
        self._backend.count(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._backend.allow(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._backend.allow(timeout))
        return _Stream(inner, self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Names:
    """Addresses of hosts, looked up once a run.

    Sixteen connections would ask sixteen times at once, which small resolvers (of containers, of home
    routers) answer with silence, five seconds each, or with "temporary failure". One question is enough,
    asked again a little later if need be.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of a host, in the system's order; raises `httpcore.ConnectError`."""
        with self._lock:
            if host not in self._known:
                self._known[host] = self._look_up(host)
            return self._known[host]

    @staticmethod
    def _look_up(host: str) -> tuple[str, ...]:
        for attempt in range(1, LOOK_UPS + 1):
            try:
                found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                if attempt == LOOK_UPS or getattr(error, "errno", None) != socket.EAI_AGAIN:
                    raise httpcore.ConnectError(getattr(error, "strerror", None) or str(error)) from error
                time.sleep(0.1 * attempt)
            else:
                return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
        return ()


class WatchedSockets(httpcore.NetworkBackend):
    """Connections of which each read and write keeps to the time of the exchange that this thread is in."""

    def __init__(self, network: Network, clock: Callable[[], float]) -> None:
        self._inner = httpcore.SyncBackend()
        self._names = _Names()
        self._network = network
        self._clock = clock
        self.watch = _Watch()

    def begin(self, seconds: float) -> None:
        """Start the clock of an exchange in this thread."""
        now = self._clock()
        self.watch.ends = now + seconds
        self.watch.window_ends = now + self._network.slow_window
        self.watch.window_bytes = 0
        self.watch.reason = ""

    def allow(self, timeout: float | None) -> float:
        """How long the next step may take; raises `httpcore.ReadTimeout` when the time is over."""
        left = self.watch.ends - self._clock()
        if left <= 0:
            self.watch.reason = "did not finish its answer in time"
            raise httpcore.ReadTimeout(self.watch.reason)
        return left if timeout is None else min(timeout, left)

    def count(self, received: int) -> None:
        """Take note of bytes; raises `httpcore.ReadTimeout` when they come too slowly."""
        watch = self.watch
        watch.window_bytes += received
        now = self._clock()
        if now < watch.window_ends:
            return
        if watch.window_bytes < self._network.slow_bytes:
            per_second = watch.window_bytes / self._network.slow_window
            watch.reason = f"answers too slowly to wait for ({per_second:.0f} bytes a second)"
            raise httpcore.ReadTimeout(watch.reason)
        watch.window_ends = now + self._network.slow_window
        watch.window_bytes = 0

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address of the host that accepts one."""
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._names.addresses(host):
            try:
                stream = self._inner.connect_tcp(
                    address, port, self.allow(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream, self)
        raise failure or httpcore.ConnectError(f"{host} has no address")
