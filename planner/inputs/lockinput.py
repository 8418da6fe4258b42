"""A pylock.toml as an input: its packages as pinned requirements with hashes; knows PEP 751 only.

https://packaging.python.org/en/latest/specifications/pylock-toml/
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from packaging.markers import Marker
from packaging.pylock import (
    Package,
    Pylock,
    PylockUnsupportedVersionError,
    PylockValidationError,
    is_valid_pylock_path,
)
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from planner.inputs.projectfile import Choice
from planner.inputs.reqlines import BadLine
from planner.inputs.requirements import Reading
from planner.inputs.sources import parse_marker, read_requirement
from planner.tomltext import TomlProblem, line_of, load_toml
from planner.urls import file_url
from planner.wanted import Wanted

__all__ = ["is_lock_name", "read_lock"]

_STRONG = ("sha256", "sha384", "sha512")
_UNREADABLE = (PylockValidationError, PylockUnsupportedVersionError, ValueError, TypeError, RecursionError)
_SELECTED = re.compile(r'"([^"]*)" (not )?in (extras|dependency_groups)')


def is_lock_name(path: str) -> bool:
    """Whether a file is a lock by its name: `pylock.toml` or `pylock.NAME.toml` (PEP 751)."""
    return is_valid_pylock_path(Path(path))


def read_lock(reading: Reading, data: bytes, *, shown: str, base: str, choice: Choice) -> None:
    """Add every package of a lock with its marker and hashes; refuse what is no lock."""
    try:
        lock = Pylock.from_dict(load_toml(data))
    except TomlProblem as problem:
        reading.refuse(BadLine(problem.what, "Make the lock anew."), _where(shown, problem.line))
        return
    except _UNREADABLE as error:
        reading.refuse(
            BadLine(f"This is no lock that can be read (PEP 751): {error}.", "Make it anew."), shown
        )
        return
    if lock.requires_python is not None:
        reading.requires_python &= lock.requires_python
    groups = choice.groups or frozenset(lock.default_groups or ())
    offered = {canonicalize_name(extra) for extra in lock.extras or ()}
    extras: Collection[str] = offered if ":all:" in choice.extras else choice.extras
    for package in lock.packages:
        where = _where(shown, line_of(data, str(package.name)))
        try:
            reading.add(
                _wanted(reading, package, where, base, {"extras": extras, "dependency_groups": groups})
            )
        except BadLine as problem:
            reading.refuse(problem, where)
    hashed = any(package.wheels or package.sdist or package.archive for package in lock.packages)
    reading.said.hashed = reading.said.hashed or hashed


def _where(shown: str, line: int) -> str:
    return f"{shown}:{line}" if line else shown


def _wanted(
    reading: Reading, package: Package, where: str, base: str, chosen: Mapping[str, Collection[str]]
) -> Wanted:
    url, editable = _address(reading, package, base)
    text = f"{package.name} @ {url}" if url else str(package.name)
    direct = read_requirement(text, disk=reading.disk, origin=where) if url else None
    files = [wheel.hashes for wheel in package.wheels or ()]
    files += [file.hashes for file in (package.sdist, package.archive) if file is not None]
    hashes = {
        f"{kind}:{digest.lower()}" for some in files for kind, digest in some.items() if kind in _STRONG
    }
    pinned = package.version is not None and not url
    return Wanted(
        name=package.name,
        specifier=SpecifierSet(f"=={package.version}") if pinned else SpecifierSet(),
        marker=_decided(package.marker, chosen),
        source=direct.source if direct else None,
        hashes=tuple(sorted(hashes)),
        editable=editable,
        origin=where,
        text=f"{package.name}=={package.version}" if pinned else direct.text if direct else text,
    )


def _address(reading: Reading, package: Package, base: str) -> tuple[str, bool]:
    disk = reading.disk
    if package.vcs is not None:
        vcs = package.vcs
        inside = f"#subdirectory={vcs.subdirectory}" if vcs.subdirectory else ""
        address = vcs.url or file_url(disk.absolute(vcs.path or "", base))
        return f"{vcs.type}+{address}@{vcs.commit_id}{inside}", False
    if package.directory is not None:
        inside = f"#subdirectory={package.directory.subdirectory}" if package.directory.subdirectory else ""
        return f"{file_url(disk.absolute(package.directory.path, base))}{inside}", bool(
            package.directory.editable
        )
    if package.archive is not None:
        inside = f"#subdirectory={package.archive.subdirectory}" if package.archive.subdirectory else ""
        address = package.archive.url or ""
        if package.archive.path:
            address = file_url(disk.absolute(package.archive.path, base))
        return f"{address}{inside}", False
    return "", False


def _decided(marker: Marker | None, chosen: Mapping[str, Collection[str]]) -> Marker | None:
    """The marker with its questions about extras and groups answered: only a lock's markers may ask them."""
    if marker is None or not _SELECTED.search(str(marker)):
        return marker

    def answer(found: re.Match[str]) -> str:
        name, negated, kind = found.groups()
        holds = (canonicalize_name(name) in chosen[kind]) is not bool(negated)
        return f'python_version {">=" if holds else "<"} "0"'

    return parse_marker(_SELECTED.sub(answer, str(marker)))
