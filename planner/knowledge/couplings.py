"""Which versions of two projects cannot be built or run together and no metadata says so; a table.

`couplings.toml` says where each row comes from. It asks no index and reads no sdist.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias, get_args

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Coupling", "When", "all_couplings", "couplings_of", "read_couplings"]

When: TypeAlias = Literal["build", "run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupling:
    """The project's `versions` need the other project in `specifier`, else `effect`.

    `of` says when: "build" holds only where it is built from source, "run" wherever it is installed.
    `inferred`: no file of that version was read.
    """

    project: NormalizedName
    versions: SpecifierSet
    other: NormalizedName
    specifier: SpecifierSet
    of: When
    effect: str
    inferred: bool = False
    source: str
    checked: str


@lru_cache(maxsize=1)
def all_couplings() -> tuple[Coupling, ...]:
    """The whole table. A bad row is a ValueError: a mistake of ours."""
    text = files("planner.knowledge").joinpath("couplings.toml").read_text(encoding="utf-8")
    return read_couplings(tomllib.loads(text))


def couplings_of(project: str, version: Version) -> tuple[Coupling, ...]:
    """The couplings of that version of a project; pre-releases are judged as their number says.

    >>> [str(row.specifier) for row in couplings_of("flash-attn", Version("2.8.3"))]
    ['<2.14']
    """
    name = canonicalize_name(project)
    return tuple(
        row
        for row in all_couplings()
        if row.project == name and row.versions.contains(version, prereleases=True)
    )


def read_couplings(document: Mapping[str, Any]) -> tuple[Coupling, ...]:
    """The couplings from their document. Raises ValueError, which names the row."""
    rest = dict(document)
    checked = str(rest.pop("checked", ""))
    rows = tuple(_coupling(row, checked) for row in rest.pop("coupling", ()))
    if rest:
        raise ValueError(f"couplings.toml: unknown keys {sorted(rest)}")
    return rows


def _coupling(row: Mapping[str, Any], checked: str) -> Coupling:
    fields = {"checked": checked, **row}
    try:
        coupling = Coupling(
            **{
                **fields,
                "project": canonicalize_name(fields["project"]),
                "versions": SpecifierSet(fields.get("versions", "")),
                "other": canonicalize_name(fields["other"]),
                "specifier": SpecifierSet(fields["specifier"]),
                "checked": str(fields["checked"]),
            }
        )
    except (KeyError, TypeError, InvalidSpecifier) as error:
        raise ValueError(f"couplings.toml: [{row.get('project')}] {error}") from None
    if coupling.of not in get_args(When) or not (coupling.effect and coupling.source and coupling.checked):
        raise ValueError(f"couplings.toml: [{coupling.project}] lacks when, effect, source or day")
    return coupling
