"""Which project ships wheels in the place of one that does not; a table with sources, asks no index."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from packaging.utils import NormalizedName, canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Sibling", "siblings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """The project to ask for instead, with what its authors want to be known."""

    name: NormalizedName
    caution: str
    source: str
    checked: str


@lru_cache(maxsize=1)
def siblings() -> Mapping[NormalizedName, Sibling]:
    """The whole table, by project. A row that lacks a field, or has one too many, is an error of ours."""
    table = tomllib.loads(files("planner.knowledge").joinpath("siblings.toml").read_text(encoding="utf-8"))
    return {canonicalize_name(project): _sibling(**row) for project, row in table.items()}


def _sibling(*, sibling: str, caution: str, source: str, checked: object) -> Sibling:
    return Sibling(name=canonicalize_name(sibling), caution=caution, source=source, checked=str(checked))
