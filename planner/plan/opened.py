"""A plan file, opened strictly: its seal, its schema, its counts, the type of every field; reads no file.

`planner.plan.reading` reads any lock for what it is worth; here a doubt is a `PlanError`. Nothing is imported
but what Python has: `verify` starts in the time of a few of its own imports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from planner.errors import PlanError
from planner.plan.openvalues import (
    PlanFile,
    PlannedFile,
    PlannedFinding,
    PlannedIndex,
    PlannedInput,
    PlannedNeed,
    PlannedPackage,
    PlannedPrerequisite,
)
from planner.plan.ownlines import UnusualError, read_lines
from planner.plan.seal import check_digest

__all__ = [
    "PlanFile",
    "PlannedFile",
    "PlannedFinding",
    "PlannedIndex",
    "PlannedInput",
    "PlannedNeed",
    "PlannedPackage",
    "PlannedPrerequisite",
    "open_plan",
]

SCHEMA = 1
MANAGERS = ("apt", "dnf", "yum", "apk", "pacman", "zypper", "brew", "conda", "choco", "winget")
VERDICTS = ("clear", "builds", "blocked")
KINDS = ("native", "pure", "unknown")
ROLES = ("build", "host", "run")
STATES = ("present", "missing", "too-old", "unknown")
SEVERITIES = ("error", "warning", "note")
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_CODE = re.compile(r"WP\d{3}\Z")
_AGAIN = "Make it again with `wheelplan check`."


class _WrongError(ValueError):
    """What is not as a plan has it, as a phrase that begins with the key."""


def open_plan(data: bytes, where: str = "") -> PlanFile:
    """The plan of these bytes. Raises `PlanError` unless it is whole, unedited, and of the schema known here.

    Keys that are not known are passed over: a plan of a later wheelplan of the same schema has some.
    """
    check_digest(data, where)
    try:
        return _plan(_document(data, where), data, where)
    except _WrongError as wrong:
        raise PlanError(
            f"The plan is not as wheelplan writes it: {wrong}.", where=where, hint=_AGAIN
        ) from None


def _document(data: bytes, where: str) -> dict[str, Any]:
    try:
        return read_lines(data.decode())
    except (UnusualError, UnicodeDecodeError):
        from planner.tomltext import TomlProblem, load_toml  # noqa: PLC0415 (4 ms, and seldom needed)

        try:
            return load_toml(data)
        except TomlProblem as problem:
            place = f"{where}:{problem.line}" if problem.line else where
            raise PlanError(problem.what, where=place, hint=_AGAIN) from None


def _plan(document: dict[str, Any], data: bytes, where: str) -> PlanFile:
    if _text(document, "lock-version", must=True) != "1.0" or _text(document, "created-by") != "wheelplan":
        raise _WrongError("`lock-version` and `created-by` do not name a lock of wheelplan's")
    tool = _table(_table(document, "tool"), "wheelplan")
    schema = tool.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        raise _WrongError(f"`schema` is {schema!r}, and this wheelplan reads {SCHEMA}")
    packages = tuple(map(_package, _rows(document, "packages")))
    names = [one.name for one in packages]
    if len(set(names)) != len(names):
        raise _WrongError("`packages` holds a project twice")
    counts = _table(tool, "counts")
    built = sum(bool(one.kind) for one in packages)
    if (counts.get("packages"), counts.get("source-builds")) != (len(packages), built):
        raise _WrongError(f"`counts` does not agree with its {len(packages)} packages")
    return PlanFile(
        where=where,
        data=data,
        requires_python=_text(document, "requires-python", must=True),
        environments=_texts(document, "environments"),
        packages=packages,
        verdict=_word(tool, "verdict", VERDICTS),
        requirements=_texts(tool, "requirements"),
        inputs=tuple(map(_input, _rows(tool, "inputs"))),
        extras=_texts(tool, "extras"),
        groups=_texts(tool, "groups"),
        torch_backend=_text(tool, "torch-backend"),
        variables=_pairs(tool, "environment"),
        ready=_text(tool, "ready"),
        machine=_machine(_table(tool, "machine")),
        indexes=tuple(map(_index, _rows(tool, "indexes"))),
        prerequisites=tuple(map(_prerequisite, _rows(tool, "prerequisites"))),
        run_needs=tuple(map(_need, _rows(tool, "needs"))),
        findings=tuple(map(_finding, _rows(tool, "findings"))),
    )


def _package(row: dict[str, Any]) -> PlannedPackage:
    name = _name(row, "name")
    try:
        return _named(row, name, _table(_table(row, "tool"), "wheelplan"))
    except _WrongError as wrong:
        raise _WrongError(f"{name}: {wrong}") from None


def _named(row: dict[str, Any], name: str, ours: dict[str, Any]) -> PlannedPackage:
    sources = [key for key in ("wheels", "sdist", "archive", "directory", "vcs") if key in row]
    if len(sources) != 1:
        raise _WrongError("it needs one of `wheels`, `sdist`, `archive`, `directory` and `vcs`")
    wheels = tuple(map(_file, _rows(row, "wheels")))
    kind = _word(ours, "source-build", KINDS) if "source-build" in ours else ""
    by_wheel = bool(wheels) or (sources == ["archive"] and not kind)
    if sources == ["wheels"] and not wheels:
        raise _WrongError("`wheels` is empty")
    if by_wheel == bool(kind):
        raise _WrongError("`source-build` does not agree with its files")
    tree = _table(row, "directory" if "directory" in row else "vcs")
    isolated = ours.get("build-isolation", True)
    if not isinstance(isolated, bool) or not isinstance(tree.get("editable", False), bool):
        raise _WrongError("`build-isolation` or `editable` is no boolean")
    version = _text(row, "version", must=not tree)
    is_vcs = sources == ["vcs"]
    return PlannedPackage(
        name=name,
        version=version,
        extras=_texts(ours, "extras"),
        wheels=wheels,
        sdist=_file(_table(row, "sdist")) if "sdist" in row else None,
        archive=_file(_table(row, "archive")) if "archive" in row else None,
        directory=_text(tree, "path", must=True) if "directory" in row else "",
        editable=bool(tree.get("editable", False)),
        vcs=_text(tree, "url", must=True) if is_vcs else "",
        vcs_type=_text(tree, "type", must=True) if is_vcs else "",
        commit=_text(tree, "commit-id", must=True) if is_vcs else "",
        subdirectory=_text(tree, "subdirectory"),
        index_url=_text(row, "index"),
        dependencies=tuple(_name(one, "name") for one in _rows(row, "dependencies")),
        required_by=_texts(ours, "required-by"),
        kind=kind,
        reason=_text(ours, "reason"),
        allowed=_text(ours, "allowed"),
        build_backend=_text(ours, "build-backend"),
        build_requires=_texts(ours, "build-requires"),
        isolated=isolated,
        install_after=_texts(ours, "install-after"),
        environment=_pairs(ours, "environment"),
        config_settings=_text(ours, "config-settings"),
        needs=tuple(map(_need, _rows(ours, "needs"))) if kind else (),
        optional=tuple(map(_need, _rows(ours, "optional"))) if kind else (),
        downloads=_texts(ours, "downloads"),
        alternatives=_texts(ours, "alternatives"),
        jobs=_number(ours, "jobs"),
        memory_per_job=_number(ours, "memory-per-job"),
    )


def _file(row: dict[str, Any]) -> PlannedFile:
    url, path = _text(row, "url"), _text(row, "path")
    if bool(url) == bool(path):
        raise _WrongError("a file needs `url` or `path`")
    name = _text(row, "name") or _last(url.partition("#")[0].partition("?")[0] or path)
    digest = _text(_table(row, "hashes"), "sha256")
    if not name or not _SHA256.match(digest):
        raise _WrongError("a file has no name, or no sha256 of 64 digits")
    return PlannedFile(name, url, path, digest, _number(row, "size"))


def _last(place: str) -> str:
    name = place.rpartition("/")[2]
    if "%" in name:
        from urllib.parse import unquote  # noqa: PLC0415

        return unquote(name)
    return name


def _need(row: dict[str, Any]) -> PlannedNeed:
    return PlannedNeed(
        need=_text(row, "need", must=True),
        specifier=_text(row, "specifier"),
        role=_word(row, "role", ROLES),
        because=_text(row, "because"),
        without=_text(row, "without"),
        facts=_texts(row, "facts") if "facts" in row else None,
    )


def _prerequisite(row: dict[str, Any]) -> PlannedPrerequisite:
    return PlannedPrerequisite(
        need=_text(row, "need", must=True),
        name=_text(row, "name", must=True),
        specifier=_text(row, "specifier"),
        role=_word(row, "role", ROLES),
        needed_by=_texts(row, "needed-by"),
        state=_word(row, "state", STATES),
        found=_text(row, "found"),
        optional=row.get("optional", False) is not False,
        without=_text(row, "without"),
        offered=_text(row, "offered"),
        unmet=_text(row, "unmet"),
        brought_by=_text(row, "brought-by"),
        packages={manager: _texts(row, manager) for manager in MANAGERS if manager in row},
        facts=_texts(row, "facts") if "facts" in row else None,
    )


def _input(row: dict[str, Any]) -> PlannedInput:
    digest = _text(row, "sha256")
    if digest and not _SHA256.match(digest):
        raise _WrongError("`inputs` has a sha256 that is none")
    return PlannedInput(_text(row, "path", must=True), digest, _text(row, "role"))


def _index(row: dict[str, Any]) -> PlannedIndex:
    return PlannedIndex(
        name=_text(row, "name"),
        url=_text(row, "url"),
        path=_text(row, "path"),
        projects=_number(row, "projects") or 0,
        only_for=_texts(row, "for"),
    )


def _finding(row: dict[str, Any]) -> PlannedFinding:
    code = _text(row, "code", must=True)
    if not _CODE.match(code):
        raise _WrongError("`findings` has a code that is none")
    return PlannedFinding(
        code=code,
        severity=_word(row, "severity", SEVERITIES),
        project=_text(row, "project"),
        summary=_text(row, "summary", must=True),
        remedy=_text(row, "remedy"),
    )


def _machine(table: dict[str, Any]) -> Mapping[str, str | int | tuple[str, ...]]:
    found: dict[str, str | int | tuple[str, ...]] = {}
    for name, value in table.items():
        if name == "unknown":
            found[name] = _texts(table, name)
        elif isinstance(value, str) or type(value) is int:
            found[name] = value
        else:
            raise _WrongError(f"`machine.{name}` is neither text nor a number")
    return found


def _table(row: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = row.get(key, {})
    if not isinstance(value, dict):
        raise _WrongError(f"`{key}` is no table")
    return value


def _rows(row: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _WrongError(f"`{key}` is no list of tables")
    return value


def _text(row: Mapping[str, Any], key: str, *, must: bool = False) -> str:
    value = row.get(key, "")
    if not isinstance(value, str) or (must and not value):
        raise _WrongError(f"`{key}` is no text" if key in row else f"`{key}` is missing")
    return value


def _texts(row: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _WrongError(f"`{key}` is no list of texts")
    return tuple(value)


def _word(row: Mapping[str, Any], key: str, words: tuple[str, ...]) -> str:
    value = row.get(key)
    if value not in words:
        raise _WrongError(f"`{key}` is {value!r}, and not one of {', '.join(words)}")
    return str(value)


def _name(row: Mapping[str, Any], key: str) -> str:
    value = _text(row, key, must=True)
    if not _NAME.match(value):
        raise _WrongError(f"`{key}` is no normalised name")
    return value


def _number(row: Mapping[str, Any], key: str) -> int | None:
    value = row.get(key)
    if value is not None and (type(value) is not int or value < 0):
        raise _WrongError(f"`{key}` is no number")
    return value


def _pairs(row: Mapping[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    table = _table(row, key)
    if not all(isinstance(value, str) for value in table.values()):
        raise _WrongError(f"`{key}` holds what is no text")
    return tuple(table.items())
