"""The small formats around an sdist's metadata (TOML, lists by extra, requires.txt); must judge none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name

from planner.dists import with_marker
from planner.setupcfg import requirement_lines
from planner.tomltext import TomlProblem, load_toml

__all__ = [
    "combine",
    "line_of",
    "parse_toml",
    "requires_txt",
    "string_list",
]

_MAX_TOML = 1 << 20


def parse_toml(text: str) -> dict[str, Any] | None:
    """The document, or None when it is not TOML (or costs too much to find out)."""
    if len(text) > _MAX_TOML:
        return None
    try:
        return load_toml(text.encode())
    except TomlProblem:
        return None


def string_list(value: object) -> list[str] | None:
    """A list of texts as it is, else None."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return None


def section_marker(section: str) -> tuple[str, str]:
    """The extra and the marker of a key of setuptools' extras (`extra`, `:marker`, `extra:marker`).

    >>> section_marker("test:python_version < '3'"), section_marker(":os_name == 'nt'")
    (('test', "python_version < '3'"), ('', "os_name == 'nt'"))
    """
    extra, _, marker = section.partition(":")
    return (str(canonicalize_name(extra.strip())) if extra.strip() else ""), marker.strip()


def combine(groups: Mapping[str, list[str]]) -> tuple[tuple[str, ...], frozenset[str]]:
    """`Requires-Dist` values and extras of lists by setuptools key ("" for the plain ones)."""
    requires: list[str] = []
    extras: set[str] = set()
    for section, listed in groups.items():
        extra, marker = section_marker(section)
        parts = [f"({marker})" if extra and " or " in marker else marker] if marker else []
        if extra:
            extras.add(extra)
            parts.append(f'extra == "{extra}"')
        requires.extend(with_marker(requirement, " and ".join(parts)) for requirement in listed)
    return tuple(requires), frozenset(extras)


def requires_txt(text: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """What an egg-info's requires.txt says, as `Requires-Dist` values and extras."""
    groups: dict[str, list[str]] = {"": []}
    current = groups[""]
    for line in requirement_lines(text):
        if line.startswith("[") and line.endswith("]"):
            current = groups.setdefault(line[1:-1], [])
        else:
            current.append(line)
    return combine(groups)


def line_of(text: str, key: str, after: str = "") -> int:
    """The number of the first line that sets `key` (after the first line that is `after`), else 1."""
    started = not after
    for number, line in enumerate(text.split("\n"), 1):
        plain = line.strip()
        if not started:
            started = plain.replace(" ", "") == after
        elif re.match(rf"[\"']?{re.escape(key)}[\"']?\s*[=:]", plain):
            return number
    return 1
