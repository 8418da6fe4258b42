"""Folders of distributions and `file:` indexes, and files found by links; must not use the network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from planner.dists import Row, parse_version
from planner.errors import UnreachableIndexError
from planner.indexes.entries import Lines
from planner.indexes.network import PAGE_LIMIT
from planner.indexes.pages import parse_links, parse_page
from planner.indexes.shelves import CompactPage, shelved
from planner.page import SDIST_SUFFIXES, archive_stem, version_text
from planner.urls import file_url, local_path

__all__ = ["LinksBook", "folder_page", "path_of", "read_links"]

MAX_FILES = 200_000


def path_of(url: str) -> Path | None:
    """The place on this machine that a path or `file:` URL names; None for other addresses."""
    if "://" in url or url[:5].lower() == "file:":
        path = local_path(url)
        return None if path is None else Path(path)
    return Path(url)


def _trouble(path: Path, why: str) -> UnreachableIndexError:
    return UnreachableIndexError(
        f"This place on the machine cannot be read ({why}).",
        id="index-unavailable",
        where=str(path),
        hint="Correct the setting that names it, or mount it.",
    )


def folder_page(base: Path, project: NormalizedName) -> CompactPage | None:
    """What a `file:` index lists for a project: its folder's index.html, else the files in that folder.

    None when the index has no folder for it. Raises `UnreachableIndexError`.
    """
    folder = base / project
    try:
        page = folder / "index.html"
        if page.is_file():
            if page.stat().st_size > PAGE_LIMIT:
                raise _trouble(page, f"more than {PAGE_LIMIT >> 20} MiB")
            return parse_page(
                page.read_bytes(), content_type="text/html", url=f"{file_url(str(folder))}/", project=project
            )
        if folder.is_dir():
            base_url = f"{file_url(str(folder))}/"
            entries = [_entry(file) for file in _files(folder)]
            return _page(Lines(entries, base=base_url, project=project, clean=False))
        if not base.is_dir():
            raise _trouble(base, "no such folder")
    except OSError as error:
        raise _trouble(folder, error.strerror or str(error)) from error
    return None


def _page(lines: Lines) -> CompactPage:
    return CompactPage(text=shelved(lines.by_version), prefix=lines.prefix, bad=tuple(lines.bad))


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda e: e.name)
    for count, entry in enumerate(entries):
        if count >= MAX_FILES:
            raise _trouble(folder, f"more than {MAX_FILES} files")
        if entry.is_file():
            yield entry


def _entry(file: os.DirEntry[str]) -> dict[str, object]:
    return {"filename": file.name, "url": file_url(file.path), "hashes": {}, "size": file.stat().st_size}


def read_links(path: Path) -> tuple[Row, ...]:
    """The distributions in a folder (not below it), or those that an HTML file links to.

    Raises `UnreachableIndexError`.
    """
    try:
        if path.is_dir():
            suffixes = (".whl", *SDIST_SUFFIXES)
            entries = [_entry(file) for file in _files(path) if file.name.endswith(suffixes)]
            lines = Lines(entries, base=f"{file_url(str(path))}/", project=None, clean=False)
            return tuple(_page(lines).listing("").rows)
        if path.stat().st_size > PAGE_LIMIT:
            raise _trouble(path, f"more than {PAGE_LIMIT >> 20} MiB")
        return parse_links(path.read_bytes(), content_type="text/html", url=file_url(str(path)))
    except OSError as error:
        raise _trouble(path, error.strerror or str(error)) from error


class LinksBook:
    """The files of a find-links page or folder by project, read from their names once."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._by_name: dict[NormalizedName, list[Row]] = {}
        for row in rows:
            for name in _names(row.filename):
                self._by_name.setdefault(name, []).append(row)

    def rows(self, project: NormalizedName) -> tuple[Row, ...]:
        """The files whose names may be that project's."""
        found = self._by_name.get(project, ())
        return tuple(row for row in found if version_text(row.filename, project))


def _names(filename: str) -> Iterator[NormalizedName]:
    """Every project that a file's name may be of: in old sdists any dash may begin the version."""
    if filename.endswith(".whl"):
        yield canonicalize_name(filename.partition("-")[0])
        return
    stem = archive_stem(filename)
    for at, character in enumerate(stem[:200]):
        if character == "-" and parse_version(stem[at + 1 :]) is not None:
            yield canonicalize_name(stem[:at])
