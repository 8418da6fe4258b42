"""What Rust crates and Cargo's own files ask of a machine; tables with sources, must not read a lock file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Bootstrap", "Crate", "Crates", "Floor", "crates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The oldest Rust that serves, and where that is said."""

    rust: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crate:
    """What a crate needs; each of `needs` is a subject with those that serve as well.

    With `effect` it builds without them. Where one of `bundled_by` is among the crates that it depends on, or
    one of `features` is asked of it, it needs `bundled` in their place.
    """

    needs: tuple[tuple[str, ...], ...]
    effect: str = ""
    bundled_by: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    bundled: tuple[tuple[str, ...], ...] = ()
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """A build backend that fetches a Rust toolchain itself, since a version, from a host."""

    since: Version
    host: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crates:
    """The tables: by edition, by version of Cargo.lock, by crate and version, and the crates themselves."""

    editions: Mapping[str, Floor]
    locks: Mapping[str, Floor]
    floors: Mapping[str, tuple[tuple[Version, Floor], ...]]
    bootstrap: Mapping[str, Bootstrap]
    crates: Mapping[str, Crate]
    foreign_names: frozenset[str]
    foreign_prefixes: tuple[str, ...]

    def is_foreign(self, name: str) -> bool:
        """Whether a crate is compiled for other systems alone."""
        return name in self.foreign_names or name.startswith(self.foreign_prefixes)

    def floor(self, name: str, version: Version) -> Floor | None:
        """The oldest Rust that compiles this version of a crate, where the table has it."""
        rows = self.floors.get(name, ())
        return next((floor for since, floor in reversed(rows) if version >= since), None)


@lru_cache(maxsize=1)
def crates() -> Crates:
    """All tables. A row that lacks a field, or has one too many, is an error of ours."""
    text = files("planner.knowledge").joinpath("crates.toml").read_text(encoding="utf-8")
    return _tables(**tomllib.loads(text))


def _tables(
    *,
    editions: dict[str, Any],
    locks: dict[str, Any],
    floors: dict[str, Any],
    bootstrap: dict[str, Any],
    crates: dict[str, Any],
    foreign: dict[str, Any],
) -> Crates:
    return Crates(
        editions=_floors(**editions),
        locks=_floors(**locks),
        floors=MappingProxyType({name: _since(_floors(**row)) for name, row in floors.items()}),
        bootstrap=MappingProxyType({name: _bootstrap(**row) for name, row in bootstrap.items()}),
        crates=MappingProxyType(
            {name: _crate(**{key.replace("-", "_"): value for key, value in row.items()})
             for name, row in crates.items()}
        ),
        **_foreign(**foreign),
    )  # fmt: skip


def _floors(*, source: str, checked: object, **versions: str) -> Mapping[str, Floor]:
    return MappingProxyType(
        {name: Floor(rust=rust, source=source, checked=str(checked)) for name, rust in versions.items()}
    )


def _since(floors: Mapping[str, Floor]) -> tuple[tuple[Version, Floor], ...]:
    return tuple(sorted(((Version(since), floor) for since, floor in floors.items()), key=lambda row: row[0]))


def _bootstrap(*, since: str, source: str, checked: object, **host: str) -> Bootstrap:
    return Bootstrap(since=Version(since), host=host["from"], source=source, checked=str(checked))


def _foreign(*, source: str, checked: object, prefixes: list[str], names: list[str]) -> dict[str, Any]:
    del source, checked
    return {"foreign_prefixes": tuple(prefixes), "foreign_names": frozenset(names)}


def _crate(
    *,
    needs: list[str],
    source: str,
    checked: object,
    effect: str = "",
    bundled_by: tuple[str, ...] = (),
    features: tuple[str, ...] = (),
    bundled: tuple[str, ...] = (),
) -> Crate:
    return Crate(
        needs=tuple(tuple(text.split(" | ")) for text in needs),
        effect=effect,
        bundled_by=frozenset(bundled_by),
        features=frozenset(features),
        bundled=tuple(tuple(text.split(" | ")) for text in bundled),
        source=source,
        checked=str(checked),
    )
