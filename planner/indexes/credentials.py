"""Which user and password belong to which address; must not send, print or log them, nor guess."""

from __future__ import annotations

import base64
import hashlib
import importlib
import netrc
import threading
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from planner.indexes.network import Network, Origin, origin_of

__all__ = ["Credentials", "split_userinfo"]


class Login(NamedTuple):
    """A user and a password (either may be empty: tokens come as both)."""

    user: str
    password: str


def split_userinfo(url: str) -> tuple[str, Login | None]:
    """The address without user and password, and these, unquoted.

    >>> split_userinfo("https://me:p%40ss@index.test/simple/")
    ('https://index.test/simple/', Login(user='me', password='p@ss'))
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, None
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, _, password = userinfo.partition(":")
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
    return bare, Login(unquote(user), unquote(password))


class Credentials:
    """Logins by origin and path: those of an index's URL first, then netrc, then (once asked for) keyring.

    A login is sent to its own scheme, host and port alone; among several indexes of one host the longest
    path that begins the address decides. pip's order: https://pip.pypa.io/en/stable/topics/authentication/
    """

    def __init__(self, network: Network, urls: tuple[str, ...] = ()) -> None:
        self._network = network
        self._known: dict[Origin, list[tuple[str, Login]]] = {}
        self._netrc: dict[str, Login | None] | None = None
        self._asked: dict[Origin, Login | None] = {}
        self._lock = threading.Lock()
        for url in urls:
            self.learn(url)

    def learn(self, url: str) -> str:
        """Take over the login in an address, and return the address without it."""
        bare, login = split_userinfo(url)
        if login is not None:
            with self._lock:
                entries = self._known.setdefault(origin_of(bare), [])
                entry = (urlsplit(bare).path, login)
                if entry not in entries:
                    entries.append(entry)
                    entries.sort(key=lambda known: len(known[0]), reverse=True)
        return bare

    def header(self, url: str) -> str:
        """The `Authorization` header for that address, or ""."""
        login = self._find(url)
        if login is None:
            return ""
        text = f"{login.user}:{login.password}".encode()
        return f"Basic {base64.b64encode(text).decode('ascii')}"

    def identity(self, url: str) -> str:
        """A digest that tells two logins for one address apart (for the cache's key), or ""."""
        login = self._find(url)
        if login is None:
            return ""
        return hashlib.sha256(f"wheelplan\0{login.user}\0{login.password}".encode()).hexdigest()[:16]

    def challenge(self, url: str) -> bool:
        """After a 401: whether keyring has a login that was not sent yet; it is asked once an origin."""
        origin = origin_of(url)
        with self._lock:
            if not self._network.keyring or origin in self._asked:
                return False
            known = self._known.get(origin, ())
            login = self._asked[origin] = _ask_keyring(url, known[0][1].user if known else "")
            return login is not None

    def _find(self, url: str) -> Login | None:
        origin = origin_of(url)
        asked = self._asked.get(origin)
        if asked is not None:
            return asked
        known = self._known.get(origin)
        if known:
            path = urlsplit(url).path
            return next((login for prefix, login in known if path.startswith(prefix)), known[-1][1])
        if origin[0] not in ("http", "https") or not self._network.netrc:
            return None
        return self._netrc_login(origin[1])

    def _netrc_login(self, host: str) -> Login | None:
        with self._lock:
            if self._netrc is None:
                self._netrc = _read_netrc(self._network.netrc)
            return self._netrc.get(host, self._netrc.get("default"))


def _read_netrc(path: str) -> dict[str, Login | None]:
    """All machines of a netrc file; an unreadable or wrong one holds none (as in pip)."""
    try:
        read = netrc.netrc(path)
    except (OSError, netrc.NetrcParseError, UnicodeError, ValueError):
        return {}
    return {
        host: Login(entry[0] or "", entry[2] or "")
        for host, entry in read.hosts.items()
        if entry[0] or entry[2]
    }


def _ask_keyring(url: str, user: str) -> Login | None:
    try:
        keyring = importlib.import_module("keyring")  # optional: an extra of ours
    except ImportError:
        return None
    parts = urlsplit(url)
    for service in (f"{parts.scheme}://{parts.netloc}{parts.path}", parts.netloc):
        try:
            found = keyring.get_credential(service, user or None)
        except Exception:  # noqa: BLE001 - its backends raise what they like; a locked ring is no login
            return None
        if found is not None and found.password:
            return Login(found.username or user, found.password)
    return None
