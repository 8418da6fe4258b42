"""Words for an index turned into indexes: addresses, paths, logins; knows no network and must not ask any."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from urllib.parse import quote, urlsplit, urlunsplit

from planner.config.words import IndexWord
from planner.errors import UsageError
from planner.policy import Index
from planner.urls import file_url, redacted, without_credentials

__all__ = ["Places", "absolute", "once", "trusted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What turns a setting's word into an index."""

    cwd: str
    environ: Mapping[str, str]

    def index(self, word: IndexWord, *, links: bool = False) -> Index:
        """The index (or find-links place) that a word means; `UsageError` for neither address nor path."""
        url = self._address(word, links=links)
        if word.name:
            url = self._with_login(url, word.name)
        return Index(
            url=url,
            shown=without_credentials(url),
            name=word.name,
            kind="links" if links else "simple",
            origin=word.origin,
        )

    def _address(self, word: IndexWord, *, links: bool) -> str:
        text = word.url.strip()
        scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", text)
        if scheme and scheme[1].lower() in ("http", "https", "file"):
            return text
        if scheme and "://" in text:
            raise UsageError(
                f"`{redacted(text)}` is no address that an index can have.",
                where=word.origin,
                hint="Write https://HOST/…",
            )
        if not links and re.match(r"(?:[\w-]+\.)+[a-z]{2,}(:\d+)?/", text):
            raise UsageError(
                f"`{text}` is an address without a scheme.", where=word.origin, hint=f"Write https://{text}"
            )
        home = self.environ.get("HOME") or self.environ.get("USERPROFILE")
        if text.startswith("~/") and home:
            text = str(PurePath(home, text[2:]))
        return file_url(absolute(text, self.cwd))

    def _with_login(self, url: str, name: str) -> str:
        """The address with uv's `UV_INDEX_NAME_USERNAME` and `…_PASSWORD` in it, where it has no login."""
        key = re.sub(r"[^A-Za-z0-9]", "_", name).upper()
        user = self.environ.get(f"UV_INDEX_{key}_USERNAME", "")
        password = self.environ.get(f"UV_INDEX_{key}_PASSWORD", "")
        parts = urlsplit(url)
        if not (user or password) or "@" in parts.netloc or parts.scheme == "file":
            return url
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))


def absolute(path: str, cwd: str) -> str:
    """The path made absolute from `cwd`; an address as it is."""
    return path if re.match(r"https?:|file:", path) else os.path.normpath(PurePath(cwd, path))


def once(indexes: Iterable[Index]) -> tuple[Index, ...]:
    """Each name and each address once; the first, which is the strongest, stays."""
    kept: list[Index] = []
    for index in indexes:
        if not any(index.url == other.url or (index.name and index.name == other.name) for other in kept):
            kept.append(index)
    return tuple(kept)


def trusted(index: Index, hosts: Iterable[str]) -> Index:
    """The index, marked as trusted when its host (or host:port) is among `hosts`."""
    parts = urlsplit(index.url)
    return replace(index, trusted=bool({parts.netloc.rpartition("@")[2], parts.hostname or ""} & set(hosts)))
