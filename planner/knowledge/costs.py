"""What a compile job takes by language, and which variables set how many there are; asks no machine.

`costs.toml` says where each number comes from, and which were measured.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from planner.needs import Unit

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Cost", "Costs", "Engine", "Variable", "costliest", "costs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The memory of one compiler process, by the size of its source; `inferred`: not measured."""

    language: str
    mib: int
    per_kib: float = 0.0
    source_below: int = 0
    per_source_kib: float = 0.0
    inferred: bool = False
    source: str
    checked: str

    def of(self, largest: int) -> int:
        """MiB for a source of that many KiB.

        >>> costs().languages["cython"].of(12_523), costs().languages["cython"].of(94)
        (976, 526)
        """
        rate = self.per_source_kib if largest < self.source_below else self.per_kib
        return self.mib + int(largest * rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What compiles, and which variables or config setting of the backend (with `{jobs}`) set its jobs."""

    name: str
    serial: bool = False
    variables: tuple[str, ...] = ()
    setting: str = ""
    unset: str = ""
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """An environment variable: what it governs, the form of its value, what holds without it."""

    name: str
    form: str = "{jobs}"
    governs: str
    unset: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The whole table."""

    languages: Mapping[str, Cost]
    engines: Mapping[str, Engine]
    variables: Mapping[str, Variable]


@lru_cache(maxsize=1)
def costs() -> Costs:
    """The table. A row with an unknown or a missing key is a ValueError: a mistake of ours."""
    text = files("planner.knowledge").joinpath("costs.toml").read_text(encoding="utf-8")
    return read_costs(tomllib.loads(text))


def read_costs(document: Mapping[str, Any]) -> Costs:
    """The table from its document. Raises ValueError, which names the row."""
    checked = str(document["checked"])
    engines = {
        name: {**row, "variables": tuple(row.get("variables", ()))}
        for name, row in document["engines"].items()
    }
    table = Costs(
        languages=_rows(Cost, "language", document["languages"], checked),
        engines=_rows(Engine, "name", engines, checked),
        variables=_rows(Variable, "name", document["variables"], checked),
    )
    named = {name for engine in table.engines.values() for name in engine.variables}
    if unknown := named - table.variables.keys():
        raise ValueError(f"costs.toml: no row for the variables {sorted(unknown)}")
    return table


def _rows(kind: Any, key: str, rows: Mapping[str, Mapping[str, Any]], checked: str) -> Mapping[str, Any]:
    found = {}
    for name, row in rows.items():
        fields = {field.replace("-", "_"): value for field, value in row.items()}
        try:
            found[name] = kind(**{key: name, "checked": checked, **fields})
        except TypeError as error:
            raise ValueError(f"costs.toml: [{name}] {error}") from None
    return MappingProxyType(found)


def costliest(units: Iterable[Unit]) -> tuple[Unit | None, int]:
    """The sources whose compiler takes most, and how much; hand-written C where nothing is known."""
    table = costs().languages
    weighed = [(table[unit.language].of(unit.largest), unit) for unit in units if unit.language in table]
    if not weighed:
        return None, table["c"].mib
    memory, unit = max(weighed, key=lambda pair: pair[0])
    return unit, memory
