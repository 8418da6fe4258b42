"""Which project ships wheels in the place of one that does not; tables with sources, asks no index.

`siblings.toml` holds for every machine; where it depends on the machine's GPU, `families.toml` says which.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from packaging.utils import NormalizedName, canonicalize_name

from planner.facts import Machine
from planner.knowledge.families import best_member, family_of, member_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Sibling", "sibling_of", "siblings"]


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


def sibling_of(project: str, machine: Machine, *, cuda: str = "") -> Sibling | None:
    """The project to ask for instead on that machine, None where none is known.

    `cuda` is the major version of CUDA that the rest of the set has, "" where it has none.
    """
    name = canonicalize_name(project)
    if name in siblings():
        return siblings()[name]
    family, own = family_of(name), member_of(name, None)
    if family is None or own is None or own.wheels:
        return None
    best = best_member(family, machine, cuda=cuda)
    if best is None or best.project == name or best.extras or best.where:
        return None
    return Sibling(name=best.project, caution=best.caution, source=family.source, checked=family.checked)


def _sibling(*, sibling: str, caution: str, source: str, checked: object) -> Sibling:
    return Sibling(name=canonicalize_name(sibling), caution=caution, source=source, checked=str(checked))
