"""The files of an sdist that can speak of its metadata, parsed; must not weigh one against another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.sdist import texts
from planner.sdist.archive import SdistFiles
from planner.sdist.setup_py import SetupPy
from planner.setupcfg import requirement_lines

__all__ = ["NOTHING", "Found", "Sources"]

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one of the sources says of dependencies, in the words of `planner.dists.Metadata`."""

    requires: tuple[str, ...]
    extras: frozenset[str] = frozenset()
    source: str
    certain: bool = True
    doubt: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The files of an sdist that can speak of its metadata, parsed; None or empty where there is none."""

    files: SdistFiles
    headers: Mapping[str, list[str]]
    pyproject: Mapping[str, Any]
    config: Mapping[str, Mapping[str, str]]
    setup: SetupPy | None
    markers: Mapping[str, str]

    def header(self, name: str) -> str:
        """The first value of a field of PKG-INFO, or ""."""
        return next(iter(self.headers.get(name, ())), "")

    def table(self, *path: str) -> Mapping[str, Any]:
        """A table of pyproject.toml, empty when it is not there or not a table."""
        found: Any = self.pyproject
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else NOTHING

    def option(self, section: str, key: str) -> str:
        """An option of setup.cfg, under either spelling of its name."""
        table = self.config.get(section, {})
        return table.get(key) or table.get(key.replace("_", "-")) or ""

    @property
    def by_pbr(self) -> bool:
        """Whether pbr fills in the metadata (OpenStack's projects), from options that setuptools leaves."""
        return self.setup is not None and "pbr" in self.setup.given

    def pkg_info(self, *, certain: bool = True, doubt: str = "") -> Found:
        """What the fields of PKG-INFO say of dependencies."""
        return Found(
            requires=tuple(self.headers.get("requires-dist", ())),
            extras=frozenset(self.headers.get("provides-extra", ())),
            source="sdist",
            certain=certain,
            doubt=doubt,
            where="PKG-INFO",
        )

    def file_lists(self, value: Any) -> list[str] | None:
        """The requirements in the files that `{ file = [...] }` names; None when one of them is not there."""
        named = value.get("file") if isinstance(value, Mapping) else None
        names = [named] if isinstance(named, str) else texts.string_list(named)
        if not names:
            return None
        lines: list[str] = []
        for name in names:
            text = self.files.text(name.strip())
            if text is None:
                return None
            lines.extend(requirement_lines(text))
        return lines
