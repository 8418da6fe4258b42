"""Addresses as they may be shown: without user, password or token; knows URL syntax and must not fetch.

Every message, plan and log shows `without_credentials(url)` or `redacted(text)`, never what was typed.
"""

from __future__ import annotations

import os
import re
from urllib.parse import quote, unquote, urlsplit, urlunsplit

__all__ = ["file_url", "local_path", "redacted", "shortened", "without_credentials"]

# Query parameters whose values are secrets: tokens, keys, pre-signed signatures (`X-Amz-Signature`, `sig`).
_SECRET = re.compile(
    r"(?i)token|secret|passw|pwd|auth|signature|credential|session|api[-_]?key"
    r"|^(sig|key|sas|jwt|x-(amz|goog)-.*)$"
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")


def _bare_netloc(scheme: str, netloc: str) -> str:
    user, at, host = netloc.rpartition("@")
    if at and scheme.endswith("ssh") and ":" not in user:  # `git@host` names an account, it holds no secret
        return f"{user}@{host}"
    return host


def _bare_query(query: str) -> str:
    pairs = (pair for pair in query.split("&") if not _SECRET.search(unquote(pair.partition("=")[0])))
    return "&".join(pairs)


def without_credentials(url: str) -> str:
    """The address without user, password and secret query parameters; other text comes back as it is.

    >>> without_credentials("https://me:s3cret@index.test/simple/?sig=abc&page=1#egg=demo")
    'https://index.test/simple/?page=1#egg=demo'
    >>> without_credentials("git+ssh://git@code.test/demo.git@v1")
    'git+ssh://git@code.test/demo.git@v1'
    """
    scheme, found, rest = url.partition("://")
    if not found:
        return url
    # A password may hold a bare "/", which would end the host: what stands before the last "@" after a colon
    # that starts no port number is then still the password.
    broken = re.match(r"[^/?#@\s]*:(?!\d+(?:[/?#]|$))[^\s@]*/[^\s@]*@(?=[^@]*$)", rest)
    if broken:
        rest = rest[broken.end() :]
    try:
        parts = urlsplit(f"{scheme}://{rest}")
    except ValueError:  # "[::1" and the like: no host can be told, so nothing after the scheme is shown
        return f"{scheme}://…"
    netloc = _bare_netloc(scheme.lower(), parts.netloc)
    shown = urlunsplit(("", netloc, parts.path, _bare_query(parts.query), parts.fragment))
    return f"{scheme}:{shown}" if netloc else f"{scheme}://{shown.removeprefix('//')}"


def redacted(text: str) -> str:
    """The text with every address in it shown without credentials.

    >>> redacted("demo @ https://u:p@files.test/demo-1.0.tar.gz ; python_version > '3'")
    "demo @ https://files.test/demo-1.0.tar.gz ; python_version > '3'"
    """
    if "://" not in text:
        return text
    return _URL.sub(lambda found: without_credentials(found.group()), text)


def shortened(text: str, limit: int = 160) -> str:
    """The text in at most `limit` characters, cut in the middle of nowhere with an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def file_url(path: str) -> str:
    """The `file:` URL of an absolute path, quoted; on Windows with three slashes before the drive.

    >>> file_url("/opt/my wheels")
    'file:///opt/my%20wheels'
    """
    slashed = path.replace(os.sep, "/") if os.sep != "/" else path
    quoted = quote(slashed, safe="/:~" if re.match(r"[A-Za-z]:", slashed) else "/~")
    return f"file://{quoted}" if quoted.startswith("/") else f"file:///{quoted}"


def local_path(url: str) -> str | None:
    """The path of a `file:` URL on this machine, unquoted; None for every other address and for other hosts.

    >>> local_path("file:///opt/my%20wheels/"), local_path("https://index.test/")
    ('/opt/my wheels/', None)
    """
    if url[:5].lower() != "file:":
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.netloc.lower() not in ("", "localhost"):
        return None
    path = unquote(parts.path)
    if re.match(r"/[A-Za-z]:", path):  # file:///C:/wheels
        path = path[1:]
    return path
