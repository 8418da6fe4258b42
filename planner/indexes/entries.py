"""One file's entry on an index page -> a line of a shelf; must not trust any part of it, nor raise.

An entry has the shape of PEP 691's JSON (HTML anchors are brought into it). A line holds, in the order of
`Row`: file name, address (shortened, see `Lines`), sha256, requires-python, size, upload time, yanked (`y`
and the reason), metadata (`-` for "no") and further hashes (`md5=…,sha512=…`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from packaging.utils import NormalizedName

from planner.indexes.credentials import split_userinfo
from planner.indexes.shelves import FIELD, PREFIX
from planner.page import version_text
from planner.urls import shortened

__all__ = ["Lines", "bare_url"]

HEX = "0123456789abcdef"
MAX_BAD = 1000
_HASHES = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s", "sha3_256"})
_CONTROL = dict.fromkeys((*range(32), 127), " ")


class _NoFileError(Exception):
    """An entry that is no usable file, and why."""


class Lines:
    """The lines of one page by version text, and the entries that are no file.

    `clean` promises that every string is ASCII and holds none of our separators, which saves looking.
    Addresses lose the prefix that the first and the last have in common, and the file name at their end.
    """

    def __init__(
        self, entries: Sequence[Any], *, base: str, project: NormalizedName | None, clean: bool
    ) -> None:
        self.by_version: dict[str, list[str]] = {}
        self.bad: list[tuple[str, str]] = []
        self.prefix = _common_prefix(entries)
        self._base = base
        self._project = project
        self._read(entries, clean=clean)

    def _read(self, entries: Sequence[Any], *, clean: bool) -> None:
        project, by_version = self._project, self.by_version
        prefix, names = self.prefix, {self._project}
        for entry in entries:
            usual = _usual_line(entry, prefix) if clean and prefix else None
            try:
                filename, line = usual or _careful_line(entry, self._base)
            except _NoFileError as error:
                self._reject(entry, str(error))
                continue
            parts = filename.split("-")
            if len(parts) == 5 and parts[0] in names and filename[-4:] == ".whl":
                version = parts[1]  # as `version_text` has it, without asking again whose name this is
            elif project is None:
                version = ""
            else:
                version = version_text(filename, project)
                if version and filename[-4:] == ".whl":
                    names.add(NormalizedName(parts[0]))
            lines = by_version.get(version)
            if lines is None:
                by_version[version] = [line]
            else:
                lines.append(line)

    def _reject(self, entry: Any, why: str) -> None:
        if len(self.bad) < MAX_BAD:  # a page of nothing but rubbish need not be kept whole
            name = entry.get("filename") if isinstance(entry, dict) else None
            self.bad.append((shortened(_text(name if isinstance(name, str) else repr(name))), why))


def _common_prefix(entries: Sequence[Any]) -> str:
    """What the first and the last address begin with, up to a slash; "" unless it is a host without login."""
    ends = [entry.get("url") for entry in (*entries[:1], *entries[-1:]) if isinstance(entry, dict)]
    urls = [url for url in ends if isinstance(url, str) and url.startswith(("https://", "http://"))]
    if len(urls) < 2:
        return ""
    first, last = urls
    same = next(
        (at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    common = first[: first.rfind("/", 0, same) + 1]
    return common if common.count("/") >= 3 and "@" not in common else ""


def _usual_line(entry: Any, prefix: str) -> tuple[str, str] | None:
    """Name and line of an entry without anything odd, or None: nearly all files of a run pass here.

    No string of the page holds a separator. Speed counts: a run reads 100,000 files.
    """
    try:
        filename, url, sha256 = entry["filename"], entry["url"], entry["hashes"]["sha256"]
        get = entry.get
        size, uploaded, offer = get("size"), get("upload-time"), get("core-metadata", entry)
        if (
            "/" in filename
            or "\\" in filename
            or not filename.isprintable()
            or not url.startswith(prefix)
            or not url.isprintable()
            or " " in url
            or "#" in url
            or url[-1] == "/"
            or len(sha256) != 64
            or sha256.strip(HEX)
            or get("yanked")
            or type(size) is not int
            or size < 0
            or uploaded[10] != "T"
            or uploaded[-1] != "Z"
        ):
            return None
        if offer is entry:
            offer = get("dist-info-metadata")
        metadata = ""
        if offer is not None:
            metadata = offer["sha256"] if offer else "-"
            if offer and (len(metadata) != 64 or metadata.strip(HEX)):
                return None
        rest = url[len(prefix) :].removesuffix(filename)
        python = get("requires-python") or ""
        return filename, FIELD.join(
            (filename, PREFIX + rest, sha256, python, str(size), uploaded, "", metadata, "")
        )
    except (KeyError, TypeError, AttributeError, IndexError):
        return None


def _text(value: str) -> str:
    """The string without control characters and half characters, which would break a line or its encoding."""
    return value.translate(_CONTROL).encode("utf-8", "replace").decode("utf-8")


def _careful_line(entry: Any, base: str) -> tuple[str, str]:
    """Name and line of any entry; raises `_NoFileError`."""
    if not isinstance(entry, dict):
        raise _NoFileError("not an object")
    url = bare_url(entry.get("url"), base)
    filename = _filename(entry.get("filename"))
    sha256, hashes = _hashes(entry.get("hashes"))
    python = entry.get("requires-python")
    size = entry.get("size")
    kept = url.removesuffix(filename) if url.endswith(f"/{filename}") else url
    return filename, FIELD.join(
        (
            filename,
            kept,
            sha256,
            _text(python) if isinstance(python, str) else "",
            str(size) if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else "",
            _moment(entry.get("upload-time")),
            _yanked(entry.get("yanked")),
            _metadata(entry.get("core-metadata", entry.get("dist-info-metadata"))),
            hashes,
        )
    )


def _filename(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise _NoFileError("without a file name")
    if not name.isprintable() or len(name) > 400:
        raise _NoFileError(
            "a file name that cannot be printed" if len(name) <= 400 else "an endless file name"
        )
    if "/" in name or "\\" in name:
        raise _NoFileError("a path, not a file name")
    return name


def bare_url(url: Any, base: str) -> str:
    """The absolute address of a file without login and fragment, quoted where it must be.

    Raises `_NoFileError` when it is none, or of another kind than http(s) (or `file:`, from a local page).
    """
    if not isinstance(url, str) or not url.strip():
        raise _NoFileError("without an address")
    try:
        absolute = split_userinfo(urljoin(base, url.strip()))[0].partition("#")[0]
        parts = urlsplit(absolute)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        usable = usable or (parts.scheme == "file" and base.startswith("file:"))
    except ValueError:
        usable, absolute = False, ""
    if not usable or absolute.endswith("/"):
        raise _NoFileError("an address that cannot be fetched")
    return quote(_text(absolute), safe="/:?&=%@+!$'()*,;~[]|")


def _hashes(hashes: Any) -> tuple[str, str]:
    """The sha256 (or "") and the further hashes; a hash that is none makes the file unusable."""
    if hashes is None:
        return "", ""
    if not isinstance(hashes, dict):
        raise _NoFileError("hashes that are none")
    found = {}
    for name, value in hashes.items():
        if not isinstance(value, str) or not value or value.lower().strip(HEX):
            raise _NoFileError("a hash that is none")
        if name in _HASHES:
            found[name] = value.lower()
    sha256 = found.pop("sha256", "")
    if sha256 and len(sha256) != 64:
        raise _NoFileError("a sha256 of the wrong length")
    return sha256, "" if sha256 else ",".join(f"{name}={value}" for name, value in sorted(found.items()))


def _moment(text: Any) -> str:
    """An ISO 8601 moment in UTC, or "" for what is none."""
    if not isinstance(text, str) or not text.isascii() or not 10 <= len(text) <= 40:
        return ""
    if text[-1] == "Z" and text[10] == "T" and text.isprintable():
        return text
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return ""


def _yanked(value: Any) -> str:
    """`y` and the reason; PEP 691 has "either a boolean or an arbitrary string", where "" is false."""
    if isinstance(value, str):
        return f"y{_text(value)}" if value else ""
    return "y" if value is True else ""


def _metadata(offer: Any) -> str:
    """What PEP 714's key says; a hash of another kind or a broken one still says that the file is there."""
    if offer is None:
        return ""
    if isinstance(offer, dict):
        sha256 = offer.get("sha256")
        if isinstance(sha256, str) and len(sha256) == 64 and not sha256.lower().strip(HEX):
            return sha256.lower()
        return "true"
    return "true" if offer is True else "-"


def known_hashes(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Those pairs of a fragment that are hashes (PEP 503: `#sha256=…`)."""
    return {name.lower(): value for name, value in pairs if name.lower() in _HASHES}
