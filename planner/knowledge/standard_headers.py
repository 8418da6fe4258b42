"""Which headers come with a system, a compiler, a Python or a distribution; knows no libraries' headers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["StandardHeaders", "standard_headers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Headers by whole name, and the folders of which all belong."""

    names: frozenset[str]
    folders: frozenset[str]

    def __contains__(self, name: str) -> bool:
        return name in self.names or name.partition("/")[0] in self.folders


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardHeaders:
    """The tables, looked up by the name that a source includes.

    `windows` is in lower case and holds what Windows alone has, `shared` what is a library's elsewhere.
    `python` has each of CPython's headers with the last version that shipped it, "" when it still does.
    `distributions` has the project whose wheel brings a header, by name or by `FOLDER/`.
    """

    system: _Group
    apple: _Group
    apple_libraries: _Group
    others: tuple[_Group, ...]
    windows: frozenset[str]
    shared: frozenset[str]
    cuda: _Group
    rocm: _Group
    python: Mapping[str, str]
    distributions: Mapping[str, str]

    def is_standard(self, name: str, platform: str) -> bool:
        """Whether a header comes with a system or a compiler, this platform's (`sys.platform`) or another's.

        Another system's headers are not here and never will be: who includes them does not mean this one.
        """
        lower = name.lower().replace("\\", "/")
        if name in self.system or lower in self.windows or name in self.apple:
            return True
        if platform == "win32" and lower in self.shared:
            return True
        if platform == "darwin" and name in self.apple_libraries:
            return True
        return any(name in group for group in self.others)

    def distribution(self, name: str) -> str:
        """The project whose wheel brings this header, or ""."""
        folder, slash, _ = name.partition("/")
        return self.distributions.get(folder + slash if slash else name, "")


def _rows(table: str) -> dict[str, Any]:
    return tomllib.loads(files("planner.knowledge").joinpath(table).read_text(encoding="utf-8"))


def _group(row: Mapping[str, Any]) -> _Group:
    return _Group(names=frozenset(row["names"].split()), folders=frozenset(row["folders"].split()))


@lru_cache(maxsize=1)
def standard_headers() -> StandardHeaders:
    """The derived table and the one kept by hand. A row that lacks a field is an error of ours."""
    derived, by_hand = _rows("standard_headers.toml"), _rows("foreign_headers.toml")
    windows, python = derived["windows"], derived["python"]
    versions = dict.fromkeys(python["names"].split(), "")
    for last, names in python["last"].items():
        versions |= dict.fromkeys(names.split(), last)
    brought = {
        name: project
        for name, project in by_hand["distributions"].items()
        if name not in ("source", "checked")
    }
    return StandardHeaders(
        system=_group(derived["system"]),
        apple=_group(by_hand["apple"]),
        apple_libraries=_group(by_hand["apple-libraries"]),
        others=tuple(_group(by_hand[key]) for key in ("unix", "other-systems", "compilers")),
        windows=frozenset(windows["names"].split()),
        shared=frozenset(windows["shared"].split()),
        cuda=_group(by_hand["cuda"]),
        rocm=_group(by_hand["rocm"]),
        python=MappingProxyType(versions),
        distributions=MappingProxyType(brought),
    )
