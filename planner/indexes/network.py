"""What a request may cost and what came of it: settings, answers, failures; must not open a socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from planner.errors import UnreachableIndexError
from planner.urls import without_credentials

__all__ = [
    "METADATA_LIMIT",
    "PAGE_LIMIT",
    "SDIST_LIMIT",
    "WHEEL_LIMIT",
    "Limits",
    "Network",
    "NoAnswerError",
    "Response",
    "Sink",
    "Wire",
    "origin_of",
    "shown_url",
    "unreachable",
]

# Bytes after decompression. The public index's largest page is under 8 MiB; its largest METADATA 400 kB.
PAGE_LIMIT = 64 << 20
METADATA_LIMIT = 8 << 20
SDIST_LIMIT = 512 << 20
WHEEL_LIMIT = 1 << 30

Origin = tuple[str, str, int]

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> Origin:
    """Scheme, host and port, which credentials belong to (RFC 6454); ("", "", 0) for what is no such address.

    >>> origin_of("https://me:pw@Index.test/simple/")
    ('https', 'index.test', 443)
    """
    try:
        parts = urlsplit(url)
        scheme, port = parts.scheme.lower(), parts.port
    except ValueError:
        return ("", "", 0)
    return (scheme, (parts.hostname or "").lower(), port or _DEFAULT_PORTS.get(scheme, 0))


def shown_url(url: str) -> str:
    """The address for people: no credentials, no query (pre-signed links put secrets there), no fragment.

    >>> shown_url("https://me:pw@files.test/a.whl?X-Sig=1#sha256=0")
    'https://files.test/a.whl?…'
    """
    bare, query, _ = without_credentials(url.partition("#")[0]).partition("?")
    return f"{bare}?…" if query or "?" in url else bare


_HINTS = {
    "index-unavailable": "Try again later, or look at the network: proxy, VPN, the index's address.",
    "index-denied": "Give a user and password in the index's URL, in netrc or in keyring.",
    "index-malformed": "Look whether this is the address of an index (it often ends in /simple/).",
    "index-not-simple": "Look whether this is the address of an index, and whether a proxy wants a login.",
    "index-api-version": "Update wheelplan.",
    "response-too-large": "Look whether this is the address of an index.",
    "offline": "Run once without --offline.",
}


def unreachable(
    why: str, *, url: str, kind: str = "index-unavailable", hint: str = ""
) -> UnreachableIndexError:
    """The error for an address: `why` completes "The server …"; the address is shown without its secrets."""
    return UnreachableIndexError(
        f"The server {why}.", id=kind, where=shown_url(url), hint=hint or _HINTS.get(kind, "")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How the network may be used; every time is in seconds.

    `ca_bundle` is a file or folder of certificates that *replaces* the system's, `ca_origin` the setting that
    named it. `proxies` maps a scheme (or `all`) to a proxy, `no_proxy` is the variable's text. `trusted` are
    hosts (`host` or `host:port`) whose certificate is not checked. `netrc` is a path ("" for none). `keyring`
    allows to ask an installed `keyring` when a server answers 401.
    """

    offline: bool = False
    ca_bundle: str = ""
    ca_origin: str = ""
    proxies: tuple[tuple[str, str], ...] = ()
    no_proxy: str = ""
    trusted: frozenset[str] = frozenset()
    netrc: str = ""
    keyring: bool = True
    user_agent: str = "wheelplan"
    http2: bool = False  # measured: costs 1.4 times the processor time of 16 HTTP/1.1 connections
    connections: int = 16
    connect_timeout: float = 10.0
    read_timeout: float = 20.0
    deadline: float = 60.0  # for one whole response; files get ten times as long
    slow_window: float = 20.0
    slow_bytes: int = 20 << 10  # fewer than this in one window is a stall: 1 KiB/s
    retries: int = 3
    patience: float = 30.0  # for one address, all attempts and pauses until an answer begins
    retry_budget: float = 60.0  # all pauses of a run together
    retry_after_limit: float = 10.0

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], *, cert: str = "", proxy: str = "", offline: bool = False
    ) -> Network:
        """The settings that pip, requests and OpenSSL read from the environment; `cert` and `proxy` beat it.

        >>> Network.from_environment({"PIP_CERT": "/ca.pem", "SSL_CERT_FILE": "/x.pem"}).ca_origin
        'PIP_CERT'
        """
        names = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
        ca = (cert, "cert") if cert else next(((environ[n], n) for n in names if environ.get(n)), ("", ""))
        # HTTP_PROXY in capitals is not read where a CGI server could have set it from a header (httpoxy).
        proxies = {
            scheme: value
            for scheme in ("http", "https", "all")
            for value in [
                environ.get(f"{scheme}_proxy")
                or ("" if "REQUEST_METHOD" in environ else environ.get(f"{scheme.upper()}_PROXY"))
            ]
            if value
        }
        home = environ.get("HOME") or environ.get("USERPROFILE") or ""
        candidates = [environ["NETRC"]] if environ.get("NETRC") else []
        if home and not candidates:
            candidates = [str(Path(home, name)) for name in (".netrc", "_netrc")]
        return cls(
            offline=offline,
            ca_bundle=ca[0],
            ca_origin=ca[1],
            proxies=(("all", proxy),) if proxy else tuple(sorted(proxies.items())),
            no_proxy=environ.get("no_proxy") or environ.get("NO_PROXY") or "",
            netrc=next((path for path in candidates if Path(path).is_file()), ""),
        )

    def proxy_for(self, scheme: str, host: str, port: int | None) -> str:
        """The proxy for an address, or ""."""
        proxies = dict(self.proxies)
        proxy = proxies.get(scheme) or proxies.get("all") or ""
        return "" if not proxy or _bypassed(self.no_proxy, host, port) else proxy


def _bypassed(no_proxy: str, host: str, port: int | None) -> bool:
    """Whether `NO_PROXY` names the host: `*`, a host, or a domain with all below it; each may have a port."""
    for entry in no_proxy.replace(" ", ",").split(","):
        name, _, wanted_port = entry.strip().lower().partition(":")
        name = name.lstrip("*").lstrip(".")
        if entry.strip() == "*":
            return True
        same_port = not wanted_port or wanted_port == str(port)
        if name and same_port and (host == name or host.endswith(f".{name}")):
            return True
    return False


class Sink(Protocol):
    """Where a body goes that is too large to keep; `restart` comes before the first byte of each attempt."""

    def restart(self) -> None:
        """Forget what was written."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one response may cost: bytes after decompression, and seconds until its last byte."""

    size: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer, whatever its status; `url` has no credentials and is where the last redirect led.

    Header names are lower case; `body` is decompressed. `framed` is False where only the end of the
    connection told where the body ends, so that a cut cannot be seen. `sent` counts the bytes on the wire.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    framed: bool = True
    sent: int = 0


class NoAnswerError(Exception):
    """One exchange that brought no usable answer: `why` is a phrase ("did not answer within 20 s").

    `again` tells whether another attempt may help; `silent` that no HTTP answer came at all; `id` is that of
    `UnreachableIndexError`; `hint` what a person may try.
    """

    def __init__(
        self,
        why: str,
        *,
        again: bool = True,
        silent: bool = False,
        id: str = "index-unavailable",  # noqa: A002 - the errors' word for it
        hint: str = "",
    ) -> None:
        super().__init__(why)
        self.why = why
        self.again = again
        self.silent = silent
        self.id = id
        self.hint = hint


class Wire(Protocol):
    """One request, one answer: no redirect, no retry, no credentials of its own (`planner.indexes.fetch`)."""

    def exchange(
        self, url: str, headers: Mapping[str, str], limits: Limits, sink: Sink | None = None
    ) -> Response:
        """Ask; raises `NoAnswerError`."""

    def close(self) -> None:
        """Drop all connections."""
