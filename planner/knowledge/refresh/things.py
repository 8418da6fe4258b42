"""Shows where the package names of `things/*.toml` and those of their sources part; must not change a table.

    python -m planner.knowledge.refresh.things rosdistro=FOLDER rules=FOLDER mappings=FOLDER conda=FOLDER

The folders are checkouts of github.com/ros/rosdistro, rstudio/r-system-requirements,
jaimergp/external-metadata-mappings and conda-forge/feedstock-outputs. Names are joined by the Debian package
that each of them tells. Printed is a unified diff from the tables to what the sources say now; a person
decides, since the sources name old releases, and packages without headers. rosdistro needs PyYAML.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from planner.knowledge.things import Thing, things

__all__ = ["main", "names_of"]

_ROSDEP = {"fedora": "dnf", "alpine": "apk", "arch": "pacman", "opensuse": "zypper"}
_RULES = {"fedora": "dnf", "alpine": "apk", "opensuse": "zypper"}
_MAPPINGS = {
    "fedora": "dnf", "arch": "pacman", "homebrew": "brew", "conda-forge": "conda", "chocolatey": "choco",
    "winget": "winget",
}  # fmt: skip
_HEADERS = {
    "dnf": re.compile(r".*-(devel|headers)$"),
    "apk": re.compile(r".*-dev"),
    "zypper": re.compile(r".*-devel$"),
}
"""How packages with headers are called; others of these managers only run what is built."""

Told = tuple[str, str, str]
"""A Debian package, a package manager, and the name there."""


def _flat(value: Any) -> list[str]:
    """The names in a value of rosdep: a list, a text, or either by release (the last one told)."""
    if isinstance(value, str):
        return value.split()
    if isinstance(value, dict):
        inner = value.get("packages", value.get("*"))
        return _flat(inner if inner is not None else next(reversed(list(value.values())), None))
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _from_rosdistro(folder: Path) -> Iterator[Told]:
    import yaml  # noqa: PLC0415 - of the test requirements, and for this source alone

    rows = yaml.safe_load((folder / "rosdep" / "base.yaml").read_text(encoding="utf-8"))
    for row in rows.values():
        debian = _flat(row.get("debian")) if isinstance(row, dict) else []
        for distro, manager in _ROSDEP.items():
            names = _flat(row.get(distro)) if len(debian) == 1 else []
            if len(names) == 1:
                yield debian[0], manager, names[0]


def _from_rules(folder: Path) -> Iterator[Told]:
    for path in sorted((folder / "rules").glob("*.json")):
        by_distro: dict[str, list[str]] = defaultdict(list)
        for dependency in json.loads(path.read_text(encoding="utf-8"))["dependencies"]:
            for constraint in dependency["constraints"]:
                by_distro[constraint.get("distribution", "")] += dependency["packages"]
        debian = by_distro["debian"]
        for distro, manager in _RULES.items():
            names = dict.fromkeys(by_distro[distro])
            if len(debian) == 1 and len(names) == 1:
                yield debian[0], manager, next(iter(names))


def _from_mappings(folder: Path) -> Iterator[Told]:
    apt = dict(_mapping(folder, "ubuntu"))
    for ecosystem, manager in _MAPPINGS.items():
        for one, name in _mapping(folder, ecosystem):
            if one in apt:
                yield apt[one], manager, name


def _mapping(folder: Path, ecosystem: str) -> Iterator[tuple[str, str]]:
    """The ids of an ecosystem with the first package to build with; the first of several rows holds."""
    seen: set[str] = set()
    path = folder / "data" / f"{ecosystem}.mapping.json"
    for row in json.loads(path.read_text(encoding="utf-8"))["mappings"]:
        specs = row.get("specs")
        names = specs.get("build", []) if isinstance(specs, dict) else specs
        names = [names] if isinstance(names, str) else names
        if names and row["id"] not in seen:
            seen.add(row["id"])
            yield row["id"], names[0]


_READERS = {"rosdistro": _from_rosdistro, "rules": _from_rules, "mappings": _from_mappings}


def names_of(thing: Thing, told: Mapping[tuple[str, str], set[str]], conda: frozenset[str]) -> list[str]:
    """`MANAGER:NAME` for all that the sources say of a thing; where they say ours too, ours alone."""
    lines = []
    debian = thing.packages.get("apt", ())[:1]
    for manager in ("dnf", "apk", "pacman", "zypper", "brew", "conda", "choco", "winget"):
        now = thing.packages.get(manager, ())
        names = {name for one in debian for name in told.get((one, manager), ())}
        shape = _HEADERS.get(manager)
        if shape and debian and debian[0].endswith("-dev"):
            names = {name for name in names if shape.match(name)}
        if manager == "conda":
            names |= {name for name in now if name in conda}
        if not names or names & set(now):
            names = set(now) if manager != "conda" else names
        lines += [f"[{thing.id}] {manager}:{name}" for name in sorted(names)]
    return lines


def main(arguments: list[str]) -> int:
    """Prints the difference."""
    folders = {name: Path(folder) for name, _, folder in (argument.partition("=") for argument in arguments)}
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, reader in _READERS.items():
        for debian, manager, package in reader(folders[name]) if name in folders else ():
            told[debian, manager].add(package)
    outputs = folders["conda"].rglob("outputs/**/*.json") if "conda" in folders else ()
    conda = frozenset(path.stem for path in outputs)
    now, new = [], []
    for thing in things().values():
        now += [
            f"[{thing.id}] {manager}:{name}"
            for manager, names in thing.packages.items()
            if manager != "apt" and (manager != "conda" or conda)
            for name in names
        ]
        new += names_of(thing, told, conda)
    print(*difflib.unified_diff(sorted(now), sorted(new), "now", "sources", lineterm="", n=0), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
