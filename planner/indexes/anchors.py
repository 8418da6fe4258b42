"""The links and meta tags of an HTML page, as PEP 691 entries; must not judge which are distributions."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urljoin

from planner.indexes.entries import known_hashes

__all__ = ["Anchors", "read_anchors"]


class Anchors(HTMLParser):
    """Collects `<a>`, the first `<base>` and `pypi:` meta tags.

    `close` is never called: at the end of its input html.parser may try every "<" of a broken page again,
    which takes quadratic time (CVE-2025-6069). What is unread then is a page cut inside a tag: `broken`.
    """

    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.entries: list[dict[str, Any]] = []
        self.meta: dict[str, str] = {}
        self.links_for = False
        self.broken = False
        self._base = url
        self._based = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser for every opening tag, names in lower case, values without entities."""
        if tag == "a":
            self._anchor(dict(reversed(attrs)))  # of two equal attributes the first counts (HTML, 13.2.5.33)
        elif tag == "base" and not self._based:
            href = dict(reversed(attrs)).get("href")
            if href:
                self._base, self._based = self._joined(href), True
        elif tag == "meta":
            named = dict(reversed(attrs))
            name, content = named.get("name") or "", named.get("content") or ""
            if name.startswith("pypi:"):
                self.meta.setdefault(name, content)

    def handle_data(self, data: str) -> None:
        """Text: index software without any meta tag titles its pages "Links for NAME" (PEP 503's example)."""
        if not self.links_for and "Links for" in data:
            self.links_for = True

    def _joined(self, href: str) -> str:
        try:
            return urljoin(self._base, href.strip())
        except ValueError:
            return href

    def _anchor(self, attrs: dict[str, str | None]) -> None:
        href = (attrs.get("href") or "").strip()
        if not href:
            return
        address, _, fragment = href.partition("#")
        absolute = address if address.startswith(("https://", "http://")) else self._joined(address)
        pairs = (part.partition("=") for part in fragment.split("&")) if fragment else ()
        entry: dict[str, Any] = {
            # The address and not the text names the file, as pip has it: texts are cut by some servers.
            "filename": unquote(absolute.partition("?")[0].rpartition("/")[2]),
            "url": absolute,
            "hashes": known_hashes((name, value) for name, _, value in pairs),
        }
        if attrs.get("data-requires-python"):
            entry["requires-python"] = attrs["data-requires-python"]
        if "data-yanked" in attrs:
            entry["yanked"] = attrs["data-yanked"] or True
        offer = attrs.get("data-core-metadata", attrs.get("data-dist-info-metadata"))
        if "data-core-metadata" in attrs or "data-dist-info-metadata" in attrs:
            entry["core-metadata"] = _offer(offer or "true")
        self.entries.append(entry)


def _offer(text: str) -> Any:
    """PEP 714's attribute (`true`, `false` or `sha256=…`) as its JSON key."""
    name, _, value = text.partition("=")
    if value:
        return {name.strip().lower(): value.strip()}
    return text.strip().lower() != "false"


def read_anchors(text: str, url: str) -> Anchors:
    """All anchors of a page; never raises."""
    anchors = Anchors(url)
    try:
        anchors.feed(text)
    except (AssertionError, ValueError, RecursionError, IndexError, TypeError):
        anchors.broken = True  # html.parser asserts on some marked sections (cpython#77057)
    else:
        anchors.broken = anchors.rawdata.startswith("<")
    return anchors
