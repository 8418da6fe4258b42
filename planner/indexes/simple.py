"""One project's page from one index: cache, revalidation, status; must not join indexes or judge files."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from packaging.utils import NormalizedName

from planner.errors import UnreachableIndexError
from planner.indexes.cache import Cache, Entry, key_of
from planner.indexes.client import Client
from planner.indexes.credentials import split_userinfo
from planner.indexes.local import LinksBook, folder_page, path_of, read_links
from planner.indexes.network import PAGE_LIMIT, Response, shown_url, unreachable
from planner.indexes.pages import ACCEPT, parse_links, parse_page
from planner.indexes.shelves import CompactPage
from planner.page import Answer, Listing
from planner.policy import Index

__all__ = ["Asked", "IndexReader"]

DEFAULT_AGE = 600.0  # seconds, when the server says nothing; the public index says the same
MAX_AGE = 3600.0
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})")


class Asked(NamedTuple):
    """How an index answered, and what it lists if it does."""

    answer: Answer
    listing: Listing | None = None


class IndexReader:
    """Asks one index at a time, for any number of threads. `refresh` asks again whatever the cache holds."""

    def __init__(self, client: Client, cache: Cache, *, refresh: bool = False) -> None:
        self._client = client
        self._cache = cache
        self._refresh = refresh
        self._books: dict[str, LinksBook | UnreachableIndexError] = {}
        self._books_lock = threading.Lock()
        # Parsing holds the interpreter anyway; one page at a time bounds what its objects take.
        self._parsing = threading.Lock()

    def ask(self, index: Index, project: NormalizedName) -> Asked:
        """The index's answer for a project; never raises for what an index or a network does."""
        where = shown_url(index.url)
        try:
            if index.kind == "links":
                rows = self._book(index).rows(project)
                listing = Listing(index=index.shown, rows=rows) if rows else None
            else:
                path = path_of(index.url)
                if path is None:
                    where = shown_url(self._address(index, project))
                    page = self._page(index, project)
                else:
                    page = folder_page(path, project)
                listing = page.listing(index.shown) if page is not None else None
        except UnreachableIndexError as error:
            why = f"{error.what} {error.hint}".strip()
            where = error.where or where
            return Asked(Answer(index=index.shown, state="trouble", where=where, why=why, id=error.id))
        return Asked(Answer(index=index.shown, state="found" if listing else "missing", where=where), listing)

    def _book(self, index: Index) -> LinksBook:
        """A find-links page or folder, read once a run; raises the same `UnreachableIndexError` each time."""
        with self._books_lock:
            book = self._books.get(index.url)
            if book is None:
                try:
                    book = self._read_links(index.url)
                except UnreachableIndexError as error:
                    book = error
                self._books[index.url] = book
        if isinstance(book, UnreachableIndexError):
            raise book
        return book

    def _read_links(self, url: str) -> LinksBook:
        path = path_of(url)
        if path is not None:
            return LinksBook(read_links(path))
        response = self._client.get(url, limit=PAGE_LIMIT, headers={"Accept": "text/html, */*;q=0.1"})
        if response.status != 200:
            raise _refused(response)
        kind = response.headers.get("content-type", "")
        return LinksBook(parse_links(response.body, content_type=kind, url=response.url))

    @staticmethod
    def _address(index: Index, project: NormalizedName) -> str:
        address, mark, query = index.url.partition("#")[0].partition("?")  # some indexes take a token there
        return f"{address.rstrip('/')}/{quote(project, safe='')}/{mark}{query}"

    def _page(self, index: Index, project: NormalizedName) -> CompactPage | None:
        """The page, None where the index has none (404). Raises `UnreachableIndexError`."""
        url = self._address(index, project)
        key = key_of("page", split_userinfo(url)[0], ACCEPT, self._client.credentials.identity(url))
        entry = self._cache.read("pages", key)
        kept = _kept(entry)
        if entry is not None and kept is not None:
            header = entry.header
            fresh = not self._refresh and self._cache.fresh(header.get("at"), header.get("age"))
            if fresh or self._client.network.offline:
                self._client.counts.cached += 1
                return kept.page
        headers = {"Accept": ACCEPT}
        if entry is not None and kept is not None:
            headers |= _validators(entry.header)
        response = self._client.get(url, limit=PAGE_LIMIT, headers=headers)
        if response.status == 304:
            if entry is not None and kept is not None and len(headers) > 1:
                self._store(key, response.headers, kept.page, entry)
                return kept.page
            response = self._client.get(url, limit=PAGE_LIMIT, headers={"Accept": ACCEPT})
        if response.status == 404 or response.status in index.absent:
            self._store(key, response.headers, None)
            return None
        if response.status != 200:
            raise _refused(response)
        page = self._parsed(response, url, project)
        self._store(key, response.headers, page)
        return page

    def _parsed(self, response: Response, url: str, project: NormalizedName) -> CompactPage:
        try:
            with self._parsing:
                return _parse(response, project)
        except UnreachableIndexError as error:
            # A body that ends with the connection may have been cut without a trace: ask once more.
            if response.framed or error.id != "index-malformed":
                raise
        response = self._client.get(url, limit=PAGE_LIMIT, headers={"Accept": ACCEPT})
        if response.status != 200:
            raise _refused(response)
        with self._parsing:
            return _parse(response, project)

    def _store(
        self, key: str, headers: Mapping[str, str], page: CompactPage | None, older: Entry | None = None
    ) -> None:
        age = _age(headers)
        if age is None:
            return
        before = older.header if older is not None else {}
        header = {
            "at": self._cache.now(),
            "age": age,
            "etag": headers.get("etag", before.get("etag", "")),
            "modified": headers.get("last-modified", before.get("modified", "")),
        }
        if page is None:
            self._cache.write("pages", key, {**header, "missing": True})
        else:
            self._cache.write("pages", key, {**header, **page.header()}, page.text)


class _Kept(NamedTuple):
    page: CompactPage | None  # None: the index had no such page


def _kept(entry: Entry | None) -> _Kept | None:
    if entry is None:
        return None
    if entry.header.get("missing") is True:
        return _Kept(None)
    try:
        return _Kept(CompactPage.from_header(entry.header, entry.text))
    except (KeyError, TypeError, ValueError):
        return None


def _validators(header: Mapping[str, object]) -> dict[str, str]:
    """The conditional headers for an entry (RFC 9110, 13.1); "" and other types send none."""
    if header.get("missing") is True:
        return {}
    wanted = {"If-None-Match": header.get("etag"), "If-Modified-Since": header.get("modified")}
    return {
        name: value
        for name, value in wanted.items()
        if isinstance(value, str) and value and value.isascii() and value.isprintable()
    }


def _age(headers: Mapping[str, str]) -> float | None:
    """For how many seconds a page may be used unasked; None when it may not be stored (RFC 9111)."""
    control = headers.get("cache-control", "").lower()
    if "no-store" in control:
        return None
    if "no-cache" in control:
        return 0.0
    found = _MAX_AGE.search(control)
    if found is None:
        return DEFAULT_AGE
    spent = headers.get("age", "")
    already = int(spent[:9]) if spent.isascii() and spent.isdecimal() else 0
    return max(0.0, min(float(found.group(1)), MAX_AGE) - already)


def _parse(response: Response, project: NormalizedName) -> CompactPage:
    kind = response.headers.get("content-type", "")
    return parse_page(response.body, content_type=kind, url=response.url, project=project)


def _refused(response: Response) -> UnreachableIndexError:
    if response.status in (401, 403, 407):
        why = f"denies access (status {response.status})"
        return unreachable(why, url=response.url, kind="index-denied")
    return unreachable(f"answered with status {response.status}", url=response.url)
