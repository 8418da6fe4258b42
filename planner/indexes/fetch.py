"""One HTTP exchange within limits of size, time and slowness; the only module that uses the network.

Must not follow redirects, retry, know credentials or keep anything: `planner.indexes.client` does.
Imported on the first request, as httpx takes a good part of a warm run to import.

Why not `httpx.Client`: its time-outs are per read (a server that drips holds it for ever), its decoder
inflates without a bound, it logs addresses with their passwords, and it carries headers over redirects. A
transport does one exchange and has none of these habits.
"""

from __future__ import annotations

import importlib
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpcore
import httpx

from planner.indexes.bodies import collect, inflated, too_large
from planner.indexes.network import (
    Limits,
    Network,
    NoAnswerError,
    Origin,
    Response,
    Sink,
    origin_of,
    shown_url,
)
from planner.indexes.sockets import WatchedSockets

__all__ = ["HttpWire", "tls_context"]

MAX_HEADERS = 200

# Where distributions keep their certificates when OpenSSL's own default is empty (as for a relocated Python).
_CA_FILES = (
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
)


def tls_context(network: Network) -> ssl.SSLContext:
    """The certificates to trust: the override if there is one (never anything beside it), else the system's.

    On Linux the system's store *is* OpenSSL's default, read once here; truststore reads it again for every
    connection under one lock (16 connections: 5 s instead of 0.3 s), so it serves macOS and Windows alone.
    Raises `NoAnswerError` when the override cannot be read.
    """
    if network.ca_bundle:
        path = Path(network.ca_bundle)
        try:
            if path.is_dir():
                return ssl.create_default_context(capath=str(path))
            return ssl.create_default_context(cafile=str(path))
        except (OSError, ValueError) as error:
            named = f", named by {network.ca_origin}," if network.ca_origin else ""
            why = f"cannot be asked: the certificates of {path}{named} cannot be read ({_reason(error)})"
            hint = f"Correct {network.ca_origin or 'the setting'} or unset it."
            raise NoAnswerError(why, again=False, hint=hint) from error
    if sys.platform in ("darwin", "win32"):
        truststore = importlib.import_module("truststore")
        return cast("ssl.SSLContext", truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    context = ssl.create_default_context()
    defaults = ssl.get_default_verify_paths()
    if not context.get_ca_certs() and not (defaults.capath and any(Path(defaults.capath).iterdir())):
        # The last of them comes with httpx, for machines without any certificates.
        for cafile in (*_CA_FILES, importlib.import_module("certifi").where()):
            if Path(cafile).is_file():
                context.load_verify_locations(cafile=cafile)
                break
    return context


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class _Transport(httpx.HTTPTransport):
    """httpx's transport over a connection pool whose sockets are watched."""

    def __init__(
        self, network: Network, backend: WatchedSockets, context: ssl.SSLContext, proxy: httpcore.Proxy | None
    ) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            proxy=proxy,
            max_connections=_connections(network.connections),
            keepalive_expiry=30.0,
            http2=network.http2,
            network_backend=backend,
        )


def _connections(wanted: int) -> int:
    """As many as wanted, or a quarter of the files that the process may open (`ulimit -n`)."""
    try:
        resource = importlib.import_module("resource")
    except ImportError:  # Windows has no such limit
        return wanted
    soft = int(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return wanted if soft <= 0 else max(2, min(wanted, soft // 4))


class HttpWire:
    """HTTP/1.1 over kept connections, a pool for each host: a shared one would close and open them in turn.

    `transport` replaces the network in tests (`httpx.MockTransport`).
    """

    def __init__(
        self,
        network: Network,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._network = network
        self._given = transport
        self._backend = WatchedSockets(network, clock)
        self._transports: dict[tuple[str, bool, Origin], httpx.BaseTransport] = {}
        self._slots = threading.BoundedSemaphore(_connections(network.connections))
        self._lock = threading.Lock()

    def exchange(
        self, url: str, headers: Mapping[str, str], limits: Limits, sink: Sink | None = None
    ) -> Response:
        """Send one GET and read its whole answer; raises `NoAnswerError`."""
        with self._slots:
            return self._exchange(url, headers, limits, sink)

    def _exchange(self, url: str, headers: Mapping[str, str], limits: Limits, sink: Sink | None) -> Response:
        self._backend.begin(limits.seconds)
        try:
            request = httpx.Request("GET", url, headers=dict(headers), extensions=self._timeouts())
            response = self._transport(url).handle_request(request)
            try:
                return self._read(response, url, limits, sink)
            finally:
                response.close()
        except httpx.TransportError as error:
            raise self._failed(error) from error
        except (httpx.InvalidURL, httpx.StreamError, UnicodeError, ValueError, OSError) as error:
            raise NoAnswerError(f"cannot be asked ({_reason(error)})", again=False) from error

    def close(self) -> None:
        """Drop all connections."""
        with self._lock:
            for transport in self._transports.values():
                transport.close()
            self._transports.clear()

    def _timeouts(self) -> dict[str, Any]:
        network = self._network
        idle = network.read_timeout
        times = {"connect": network.connect_timeout, "read": idle, "write": idle, "pool": network.deadline}
        return {"timeout": times}

    def _transport(self, url: str) -> httpx.BaseTransport:
        if self._given is not None:
            return self._given
        parts = urlsplit(url)
        host = parts.hostname or ""
        trusted = host in self._network.trusted or f"{host}:{parts.port}" in self._network.trusted
        proxy = self._network.proxy_for(parts.scheme, host, parts.port)
        key = (proxy, trusted, origin_of(url))
        with self._lock:
            transport = self._transports.get(key)
            if transport is None:
                transport = self._transports[key] = self._connect(proxy, trusted=trusted)
            return transport

    def _connect(self, proxy: str, *, trusted: bool) -> httpx.BaseTransport:
        if trusted:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        else:
            context = tls_context(self._network)
        via = None
        if proxy:
            bare = httpx.URL(proxy if "://" in proxy else f"http://{proxy}")
            auth = (bare.username, bare.password) if bare.username or bare.password else None
            via = httpcore.Proxy(str(bare.copy_with(userinfo=b"")), auth=auth)
        return _Transport(self._network, self._backend, context, via)

    def _read(self, response: httpx.Response, url: str, limits: Limits, sink: Sink | None) -> Response:
        headers = _headers(response)
        encoding = headers.get("content-encoding", "identity").strip().lower() or "identity"
        if encoding not in ("identity", "gzip", "x-gzip"):
            why = f"answered in an encoding that was not asked for ({encoding[:20]})"
            raise NoAnswerError(why, again=False, id="index-malformed")
        wanted = 200 <= response.status_code < 300
        size = limits.size if wanted else min(limits.size, 64 << 10)  # an error's page is not worth more
        length = headers.get("content-length", "")
        if wanted and encoding == "identity" and length.isdecimal() and int(length[:20]) > size:
            raise too_large(size)
        counted = _Counted(response.stream)
        chunks: Iterator[bytes] = iter(counted)
        if encoding != "identity":
            chunks = inflated(chunks, size)
        body = collect(chunks, size, sink if wanted else None, wanted=wanted)
        framed = length != "" or "transfer-encoding" in headers or response.http_version == "HTTP/2"
        return Response(
            status=response.status_code,
            url=url,
            headers=headers,
            body=body,
            framed=framed or encoding != "identity",
            sent=counted.total,
        )

    def _failed(self, error: httpx.TransportError) -> NoAnswerError:
        text = str(error)
        if self._backend.watch.reason:
            return NoAnswerError(self._backend.watch.reason)
        if "CERTIFICATE_VERIFY_FAILED" in text:
            detail = text.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or "not trusted"
            hint = "Point --cert (or SSL_CERT_FILE) to your network's certificates, or use --trusted-host."
            return NoAnswerError(
                f"shows a certificate that cannot be verified ({detail})", again=False, silent=True, hint=hint
            )
        network = self._network
        if isinstance(error, httpx.ConnectTimeout):
            return NoAnswerError(f"could not be reached within {network.connect_timeout:g} s", silent=True)
        if isinstance(error, (httpx.ReadTimeout, httpx.WriteTimeout)):
            return NoAnswerError(f"did not answer within {network.read_timeout:g} s", silent=True)
        if isinstance(error, httpx.PoolTimeout):
            return NoAnswerError("could not be asked: all connections were busy", again=False)
        if isinstance(error, (httpx.ConnectError, httpx.ProxyError)):
            return NoAnswerError(f"could not be reached ({_plain(text)})", silent=True)
        if isinstance(error, (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)):
            return NoAnswerError(f"broke off its answer ({_plain(text)})", silent=True)
        return NoAnswerError(f"cannot be asked ({_plain(text)})", again=False)


def _plain(text: str) -> str:
    """What the system said, without its `[Errno …]` and without anything that could be an address."""
    text = text.partition("] ")[2] if text.startswith("[Errno") else text
    words = (shown_url(word) if "://" in word else word for word in text.split())
    return " ".join(words)[:200] or "no reason given"


def _headers(response: httpx.Response) -> dict[str, str]:
    raw = response.headers.raw
    if len(raw) > MAX_HEADERS:
        why = f"answered with {len(raw)} headers (at most {MAX_HEADERS} are read)"
        raise NoAnswerError(why, again=False, id="index-malformed")
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


class _Counted:
    """The raw chunks of a body, counted."""

    def __init__(self, stream: object) -> None:
        if not isinstance(stream, httpx.SyncByteStream):
            raise TypeError(type(stream).__name__)
        self._stream = stream
        self.total = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self.total += len(chunk)
            yield chunk
