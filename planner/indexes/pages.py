"""An index page's bytes, JSON or HTML, -> what it lists; must not fetch, and raises our error type alone.

Read are PEP 503 and 592 (HTML), 629 (versions), 658 and 714 (metadata files), 691 and 700 (JSON) and 792
(project status).
"""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote

from packaging.utils import NormalizedName

from planner.dists import Row
from planner.indexes.entries import Lines
from planner.indexes.network import unreachable
from planner.indexes.shelves import CompactPage, row_of, shelved
from planner.page import SDIST_SUFFIXES

if TYPE_CHECKING:
    from planner.indexes.anchors import Anchors

__all__ = ["ACCEPT", "parse_links", "parse_page"]

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

# Files that indexes list beside wheels and sdists, whose names `planner.page` then refuses with a reason.
_SUFFIXES = (".whl", *SDIST_SUFFIXES, ".egg", ".exe", ".msi", ".rpm", ".deb", ".dmg")


def parse_page(body: bytes, *, content_type: str, url: str, project: NormalizedName) -> CompactPage:
    """What the page of a project lists.

    Raises `UnreachableIndexError`: `index-malformed`, `index-api-version`, or `index-not-simple` for a page
    without a link to any distribution that does not say it is an index's (a login or error page with 200).
    """
    if _is_json(body, content_type):
        return _from_json(body, url=url, project=project)
    anchors = _read_html(body, content_type, url)
    _check_version(anchors.meta.get("pypi:repository-version"), url)
    entries = [entry for entry in anchors.entries if _is_dist(entry)]
    if not entries and "pypi:repository-version" not in anchors.meta and not anchors.links_for:
        why = "answered with a page that is not an index's: it links to no distribution"
        raise unreachable(why, url=url, kind="index-not-simple")
    lines = Lines(entries, base=url, project=project, clean=False)
    return _compact(
        lines, anchors.meta.get("pypi:project-status"), anchors.meta.get("pypi:project-status-reason")
    )


def parse_links(body: bytes, *, content_type: str, url: str) -> tuple[Row, ...]:
    """The files of a find-links page, of whatever projects; raises `UnreachableIndexError`."""
    if _is_json(body, content_type):
        document = _load(body, url)
        files = document.get("files")
        entries: list[Any] = files if isinstance(files, list) else []
    else:
        entries = [entry for entry in _read_html(body, content_type, url).entries if _is_dist(entry)]
    lines = Lines(entries, base=url, project=None, clean=False)
    return tuple(row_of(line, lines.prefix) for line in lines.by_version.get("", ()))


def _is_json(body: bytes, content_type: str) -> bool:
    """By the declared type, else by the first character: static servers call everything text/plain."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith(("+json", "/json")):
        return True
    return not kind.endswith("html") and body[:64].lstrip()[:1] in (b"{", b"[")


def _compact(lines: Lines, status: Any, reason: Any) -> CompactPage:
    return CompactPage(
        text=shelved(lines.by_version),
        prefix=lines.prefix,
        status=status if isinstance(status, str) else "",
        status_reason=reason if isinstance(reason, str) else "",
        bad=tuple(lines.bad),
    )


def _from_json(body: bytes, *, url: str, project: NormalizedName) -> CompactPage:
    document = _load(body, url)
    files = document.get("files")
    if not isinstance(files, list):
        _malformed("answered with JSON that has no list of files", url)
    # Separators come into JSON strings by numeric escapes alone: without any, no string need be searched.
    clean = body.isascii() and (b"\\" not in body or b"\\u" not in body)
    lines = Lines(files, base=url, project=project, clean=clean)
    status = document.get("project-status")
    if not isinstance(status, dict):
        return _compact(lines, status, None)
    return _compact(lines, status.get("status"), status.get("reason"))


def _load(body: bytes, url: str) -> dict[str, Any]:
    try:
        document = json.loads(str(body, "utf-8").removeprefix("\ufeff"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        _malformed(f"answered with JSON that breaks off or is wrong at character {error.pos}", url)
    except UnicodeDecodeError as error:
        _malformed(f"answered with JSON that is not UTF-8 at byte {error.start}", url)
    except (ValueError, RecursionError):
        _malformed("answered with JSON that no index writes (NaN, endless numbers or nesting)", url)
    if not isinstance(document, dict):
        _malformed("answered with JSON that is not an object", url)
    meta = document.get("meta")
    _check_version(meta.get("api-version") if isinstance(meta, dict) else None, url)
    return document


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _malformed(why: str, url: str) -> NoReturn:
    raise unreachable(why, url=url, kind="index-malformed")


def _check_version(version: Any, url: str) -> None:
    """PEP 629: another major version must be refused; none at all means 1.0."""
    if version is None:
        return
    major = str(version).partition(".")[0].strip()
    if not major.isascii() or not major.isdecimal() or len(major) > 9:
        _malformed("names an API version that is none", url)
    if int(major) != 1:
        why = f"speaks version {major} of the index API, of which only version 1 is known here"
        raise unreachable(why, url=url, kind="index-api-version")


def _read_html(body: bytes, content_type: str, url: str) -> Anchors:
    # Not at the top: most runs meet no HTML, and html.parser takes 7 ms.
    anchors = importlib.import_module("planner.indexes.anchors")
    charset = content_type.partition("charset=")[2].partition(";")[0].strip(" \"'") or "utf-8"
    try:
        text = body.decode(charset, "replace")
    except (LookupError, UnicodeError, ValueError):
        text = body.decode("utf-8", "replace")
    read: Anchors = anchors.read_anchors(text, url)
    if read.broken:
        _malformed("answered with HTML that breaks off inside a tag", url)
    return read


def _is_dist(entry: dict[str, Any]) -> bool:
    return bool(entry["hashes"]) or str(entry["filename"]).endswith(_SUFFIXES)


def filename_of(url: str) -> str:
    """The last part of an address's path, unquoted once.

    >>> filename_of("https://files.test/a/torch-2.0%2Bcpu.tar.gz?x=1#sha256=0")
    'torch-2.0+cpu.tar.gz'
    """
    return unquote(url.partition("#")[0].partition("?")[0].rpartition("/")[2])
