"""The distribution that a requirement names by address or path, without an index; must not build or clone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import (
    Dist,
    Misfit,
    Reason,
    Refusal,
    Row,
    Sdist,
    SdistReading,
    parse_version,
)
from planner.indexes.entries import known_hashes
from planner.indexes.pages import filename_of
from planner.page import SDIST_SUFFIXES, archive_stem, dist_of, read_filename
from planner.urls import file_url, local_path

__all__ = ["direct_dist"]

# Reads an archive of which the version is not known: row and project -> what it says.
ReadArchive = Callable[[Row, NormalizedName], "SdistReading | Refusal"]


def direct_dist(url: str, project: NormalizedName | None, read: ReadArchive) -> Dist | Refusal:
    """The wheel or sdist at an address (without credentials) or path; its hash is that of the fragment.

    `project` is the requirement's name, None where only the file can tell it. `read` is asked for an archive
    whose name tells no version, as those of code hosts (`v1.0.zip`).
    """
    row = _row(url)
    if row is None:
        return _refused(url.partition("#")[0], "neither a path nor an http(s) address")
    if not row.filename.endswith((".whl", *SDIST_SUFFIXES)):
        return _refused(row.filename, "neither a wheel nor an archive")
    named = project or _named(row.filename)
    if named is None:
        return _refused(row.filename, "names no project; write it as NAME @ URL")
    found = read_filename(row.filename, named)
    if isinstance(found, Misfit):
        if row.filename.endswith(".whl"):
            return Refusal(filename=row.filename, reason=found.reason, detail=found.detail)
        return _from_content(row, named, read)
    version = parse_version(found.version)
    if version is None and found.tags is None:
        return _from_content(row, named, read)
    dist = None if version is None else dist_of(row, named, version, found, "")
    return dist or _refused(row.filename, "a wheel whose name holds no version or no tags (PEP 427)")


def _row(url: str) -> Row | None:
    address, _, fragment = url.partition("#")
    if "://" not in address and address[:5].lower() != "file:":
        address = file_url(str(Path(address).absolute()))
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return None
    size = None
    if scheme == "file":
        path = local_path(address)
        if path is not None and Path(path).is_file():
            size = Path(path).stat().st_size
    elif scheme not in ("http", "https"):
        return None
    pairs = (part.partition("=") for part in fragment.split("&"))
    sha256 = known_hashes((name, value) for name, _, value in pairs).get("sha256", "").lower()
    return Row(filename_of(address), address, sha256, size=size)


def _named(filename: str) -> NormalizedName | None:
    """The project that a file's name tells by itself."""
    if filename.endswith(".whl"):
        return canonicalize_name(filename.partition("-")[0])
    name, dash, version = archive_stem(filename).rpartition("-")
    return canonicalize_name(name) if dash and parse_version(version) is not None else None


def _from_content(row: Row, project: NormalizedName, read: ReadArchive) -> Dist | Refusal:
    reading = read(row, project)
    if isinstance(reading, Refusal):
        return reading
    version: Version | None = reading.metadata.version
    if version is None:
        return _refused(row.filename, "neither its name nor its PKG-INFO tells its version")
    return Sdist(row=row, project=project, version=version, index="")


def _refused(filename: str, detail: str) -> Refusal:
    return Refusal(filename=filename, reason=Reason.NAME, detail=detail, id="direct")
