"""uv's `[tool.uv.sources]`: where a project takes a requirement from; knows the table, must not fetch.

https://docs.astral.sh/uv/concepts/projects/dependencies/#dependency-sources
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from packaging.markers import Marker
from packaging.utils import NormalizedName, canonicalize_name

from planner.inputs.reqlines import BadLine
from planner.inputs.sources import parse_marker, read_requirement
from planner.tomltext import TomlProblem, table
from planner.urls import file_url
from planner.wanted import Disk, Wanted

__all__ = ["Sources", "named_indexes", "read_sources", "sourced"]

Sources = Mapping[NormalizedName, tuple[Mapping[str, Any], ...]]
_KNOWN = ("git", "url", "path", "index", "workspace")


def read_sources(document: Mapping[str, Any]) -> Sources:
    """The sources of a project file or script by project. Raises `TomlProblem` when they are no tables."""
    sources: dict[NormalizedName, tuple[Mapping[str, Any], ...]] = {}
    for name, value in table(document, "tool", "uv", "sources").items():
        entries = value if isinstance(value, list) else [value]
        if not all(isinstance(entry, dict) for entry in entries):
            raise TomlProblem(f"`tool.uv.sources.{name}` is no table and no list of tables.")
        sources[canonicalize_name(name)] = tuple(entries)
    return sources


def named_indexes(document: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """The `[[tool.uv.index]]` tables that have a name: (name, URL, explicit)."""
    entries = table(document, "tool", "uv").get("index", [])
    for entry in entries if isinstance(entries, list) else ():
        if (
            isinstance(entry, dict)
            and isinstance(entry.get("name"), str)
            and isinstance(entry.get("url"), str)
        ):
            yield entry["name"], entry["url"], entry.get("explicit") is True


def sourced(wanted: Wanted, sources: Sources, disk: Disk, base: str, chosen: frozenset[str]) -> list[Wanted]:
    """The requirement once for each source that applies, after a plain one where they need not apply.

    `base` is the directory of the file; `chosen` are the extras and groups asked for. Raises `BadLine` for a
    source that is not understood, and for members of a workspace, which only uv can find.
    """
    entries = [
        entry
        for entry in (sources.get(wanted.name, ()) if wanted.name and wanted.source is None else ())
        if all(canonicalize_name(str(entry[key])) in chosen for key in ("extra", "group") if key in entry)
    ]
    found = [_apply(wanted, entry, disk, base) for entry in entries]
    everywhere = len(entries) == 1 and "marker" not in entries[0]
    return found if everywhere else [wanted, *found]


def _apply(wanted: Wanted, entry: Mapping[str, Any], disk: Disk, base: str) -> Wanted:
    kind = next((key for key in _KNOWN if key in entry), "")
    value = entry.get(kind)
    where = f"[tool.uv.sources] of {wanted.name}"
    marker = _both(wanted.marker, parse_marker(str(entry["marker"])) if "marker" in entry else None)
    if kind == "index" and isinstance(value, str):
        return replace(wanted, index=value, marker=marker)
    if kind == "workspace" or not isinstance(value, str):
        what = f"holds {', '.join(entry) or 'nothing'}"
        if kind == "workspace":
            what = "names a member of a workspace"
        raise BadLine(
            f"{where} {what}, which wheelplan cannot find from here.",
            f'Write {wanted.name} = {{ path = "…" }}, or check what `uv export` writes.',
        )
    url, editable = _address(kind, value, entry, disk, base)
    written = f"{wanted.text} ({kind} of [tool.uv.sources])"
    direct = read_requirement(f"{wanted.name} @ {url}", disk=disk, origin=wanted.origin, written=written)
    return replace(
        direct,
        specifier=wanted.specifier,
        extras=wanted.extras,
        marker=marker,
        editable=editable,
        hashes=wanted.hashes,
    )


def _address(kind: str, value: str, entry: Mapping[str, Any], disk: Disk, base: str) -> tuple[str, bool]:
    inside = f"#subdirectory={entry['subdirectory']}" if isinstance(entry.get("subdirectory"), str) else ""
    if kind == "path":
        return f"{file_url(disk.absolute(value, base))}{inside}", entry.get("editable") is True
    if kind == "url":
        return f"{value}{inside}", False
    revision = next((str(entry[key]) for key in ("rev", "tag", "branch") if key in entry), "")
    short = re.match(r"([\w.-]+@[\w.-]+):(?!\d+/)(.+)$", value)  # git@host:path
    address = f"ssh://{short[1]}/{short[2]}" if short else value.removeprefix("git+")
    return f"git+{address}{f'@{revision}' if revision else ''}{inside}", False


def _both(first: Marker | None, second: Marker | None) -> Marker | None:
    if first is None or second is None:
        return first or second
    return first & second
