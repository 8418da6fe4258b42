"""An earlier plan, or another tool's lock (PEP 751), as values; must not open a file or believe what it says.

https://packaging.python.org/en/latest/specifications/pylock-toml/
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import parse_version
from planner.errors import PlanError
from planner.plan.seal import check_digest
from planner.plan.values import PlanInput
from planner.tomltext import TomlProblem, load_toml
from planner.urls import without_credentials

__all__ = ["OF_TODAY", "Previous", "PreviousPin", "lasting", "read_previous", "same_but_for_today"]

OF_TODAY = frozenset({"WP506", "WP507", "WP508", "WP509", "WP510", "WP511"})
"""Findings that compare a plan with the newest versions of the day: no reason, alone, to write it anew."""

_KINDS = ("native", "pure", "unknown")
_AGAIN = "Make it again with `wheelplan check`."


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousPin:
    """What a plan pinned of a project.

    `files` are (name, sha256 or ""): one in a plan of ours, all files of the version in other locks; of a
    directory or repository its path or address. `source_build` is "", `native`, `pure` or `unknown`.
    `build_requires` are the pins of its build environment.
    """

    version: Version | None
    files: tuple[tuple[str, str], ...] = ()
    commit: str = ""
    source_build: str = ""
    reason: str = ""
    build_requires: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        """The file, or the first of them."""
        return self.files[0][0] if self.files else ""

    @property
    def sha256s(self) -> frozenset[str]:
        """The hashes of its files, as far as the plan has them."""
        return frozenset(digest for _, digest in self.files if digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """An earlier plan: its pins, and the words of the command that made it.

    `sealed` is False where the plan is not as it was written (edited, merged), or is another tool's.
    `requirements` are words of the command line that name no file, without credentials; `settings` are
    those that steered its resolution.
    """

    pins: Mapping[NormalizedName, PreviousPin] = field(default_factory=lambda: MappingProxyType({}))
    created_by: str = ""
    sealed: bool = False
    verdict: str = ""
    requirements: tuple[str, ...] = ()
    inputs: tuple[PlanInput, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    settings: tuple[tuple[str, str | bool | tuple[str, ...]], ...] = ()
    torch_backend: str = ""

    @property
    def versions(self) -> Mapping[NormalizedName, Version]:
        """The version of each project that has one: what a resolution is to try first."""
        return {name: pin.version for name, pin in self.pins.items() if pin.version is not None}

    @property
    def build_versions(self) -> Mapping[NormalizedName, Version]:
        """The version of each project that builds something there: what its resolution is to try first."""
        found: dict[NormalizedName, Version] = {}
        for pin in self.pins.values():
            for line in pin.build_requires:
                name, _, text = line.partition("==")
                version = parse_version(text)
                if version is not None:
                    found.setdefault(canonicalize_name(name), version)
        return found

    def without(self, projects: Collection[NormalizedName]) -> Previous:
        """The same but for the pins of these projects."""
        return replace(self, pins={name: pin for name, pin in self.pins.items() if name not in projects})


def read_previous(data: bytes, where: str, markers: Mapping[str, str] | None = None) -> Previous:
    """Read a plan of ours or any other lock; raises `PlanError` when it is none.

    With `markers`, packages for other environments are left out. What an installer would refuse is read all
    the same (a version that is not its file's): pins are preferences, and their edits are wishes.
    """
    try:
        document = load_toml(data)
        pins = _pins(document, markers)
    except TomlProblem as problem:
        place = f"{where}:{problem.line}" if problem.line else where
        raise PlanError(problem.what, where=place, hint=_AGAIN) from None
    tool = _table(_table(document.get("tool")).get("wheelplan"))
    return Previous(
        pins=MappingProxyType(pins),
        created_by=_text(document, "created-by"),
        sealed=_is_sealed(data),
        verdict=_text(tool, "verdict"),
        requirements=_texts(tool, "requirements"),
        inputs=tuple(_inputs(tool)),
        extras=_texts(tool, "extras"),
        groups=_texts(tool, "groups"),
        settings=tuple(_settings(tool)),
        torch_backend=_text(tool, "torch-backend"),
    )


def _settings(tool: Mapping[str, Any]) -> Iterator[tuple[str, str | bool | tuple[str, ...]]]:
    """What reads as a setting; whether it is one, who uses it finds out."""
    for name, value in _table(tool.get("settings")).items():
        if isinstance(value, (str, bool)):
            yield name, value
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            yield name, tuple(value)


def _pins(
    document: Mapping[str, Any], markers: Mapping[str, str] | None
) -> dict[NormalizedName, PreviousPin]:
    if _text(document, "lock-version").partition(".")[0] != "1":
        raise TomlProblem("This is no lock of version 1 (PEP 751): its `lock-version` does not say so.")
    entries = document.get("packages")
    if not isinstance(entries, list):
        raise TomlProblem("This is no lock (PEP 751): it has no list of packages.")
    # A marker may ask for extras and groups of the lock: all of them count.
    chosen = {
        "extras": frozenset(_texts(document, "extras")),
        "dependency_groups": frozenset(_texts(document, "dependency-groups")),
    }
    pins: dict[NormalizedName, PreviousPin] = {}
    for number, entry in enumerate(entries, 1):
        package = _table(entry)
        name = canonicalize_name(_text(package, "name"))
        if not name:
            raise TomlProblem(f"This is no lock (PEP 751): package {number} has no name.")
        if name not in pins and (markers is None or _is_for(package, {**markers, **chosen})):
            pins[name] = _pin(package)
    return pins


def _is_sealed(data: bytes) -> bool:
    try:
        check_digest(data)
    except PlanError:
        return False
    return True


def _is_for(package: Mapping[str, Any], environment: Mapping[str, str | AbstractSet[str]]) -> bool:
    """Whether a package is meant for the environment; one whose marker cannot be read is."""
    marker = _text(package, "marker")
    if not marker:
        return True
    try:
        return Marker(marker).evaluate(environment, context="lock_file")
    except (InvalidMarker, UndefinedEnvironmentName, UndefinedComparison, ValueError, RecursionError):
        return True


def _pin(package: Mapping[str, Any]) -> PreviousPin:
    ours = _table(_table(package.get("tool")).get("wheelplan"))
    built = _text(ours, "source-build")
    if (
        not ours
        and any(key in package for key in ("sdist", "directory", "vcs"))
        and not package.get("wheels")
    ):
        built = "unknown"  # another tool's lock, that says nothing of what it compiles
    return PreviousPin(
        version=parse_version(_text(package, "version")),
        files=tuple(_files(package)),
        commit=_text(_table(package.get("vcs")), "commit-id"),
        source_build=built if built in _KINDS else "",
        reason=_text(ours, "reason"),
        build_requires=_texts(ours, "build-requires"),
    )


def _files(package: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    wheels = package.get("wheels")
    for entry in (
        *(wheels if isinstance(wheels, list) else ()),
        package.get("sdist"),
        package.get("archive"),
    ):
        file = _table(entry)
        place = _text(file, "path") or _text(file, "url").partition("#")[0].partition("?")[0]
        name = _text(file, "name") or unquote(re.split(r"[/\\]", place)[-1])
        if name:
            yield name, _text(_table(file.get("hashes")), "sha256").lower()
    for kind in ("directory", "vcs"):
        tree = _table(package.get(kind))
        place = _text(tree, "path") or without_credentials(_text(tree, "url"))
        if place:
            yield place, ""


def _inputs(tool: Mapping[str, Any]) -> Iterator[PlanInput]:
    entries = tool.get("inputs")
    for entry in entries if isinstance(entries, list) else ():
        one = _table(entry)
        if _text(one, "path"):
            yield PlanInput(path=_text(one, "path"), sha256=_text(one, "sha256"), role=_text(one, "role"))


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def same_but_for_today(old: bytes, new: bytes) -> bool:
    """Whether two plans say the same but for comments and what tells of the index of the day.

    An old plan whose seal is broken is never the same: `verify` would refuse it.
    """
    if not _is_sealed(old):
        return False
    try:
        return lasting(load_toml(old)) == lasting(load_toml(new))
    except TomlProblem:
        return False


def lasting(document: dict[str, Any]) -> dict[str, Any]:
    """A plan without what tells of the index of the day."""
    tool = _table(document.get("tool"))
    ours = dict(_table(tool.get("wheelplan")))
    findings = map(_table, ours.pop("findings", ()))
    lasting = [_without(one, "remedy") for one in findings if one.get("code") not in OF_TODAY]
    packages = [_lasting_package(_table(one)) for one in document.get("packages", ())]
    return {**document, "packages": packages, "tool": {**tool, "wheelplan": {**ours, "findings": lasting}}}


def _lasting_package(package: Mapping[str, Any]) -> dict[str, Any]:
    tool = _table(package.get("tool"))
    ours = _without(_table(tool.get("wheelplan")), "alternatives")
    return {**package, "tool": {**tool, "wheelplan": ours}}


def _without(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != name}
