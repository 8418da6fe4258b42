"""wheelplan's own settings: `WHEELPLAN_*`, wheelplan.toml, `[tool.wheelplan]`; reads no other tool's."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from planner.config.ourtables import TABLES, Tables, read_allowed, read_tables
from planner.config.uvconf import Documents, ancestors
from planner.config.words import KINDS, Layer, anchored, convert, nearest, parse_bool, parse_index
from planner.errors import UsageError

__all__ = ["read_command_line", "read_environment", "read_file"]

PREFIX = "WHEELPLAN_"


def read_command_line(overrides: Mapping[str, Any]) -> Layer:
    """What the command line says: long names without dashes, None for what is not said; origin `--NAME`."""
    layer = Layer()
    for key, value in overrides.items():
        name = key.replace("_", "-")
        if value is None or value in ([], ()):
            continue
        if name == "index":
            layer.indexes += [parse_index(word, "--index") for word in value]
        else:
            layer.said.append(convert(name, value, f"--{name}"))
    return layer


def read_environment(environ: Mapping[str, str]) -> Layer:
    """What `WHEELPLAN_*` says; a variable of no known setting is noted, since only a typo makes it."""
    layer = Layer()
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX).lower().replace("_", "-")
        if not variable.startswith(PREFIX) or not environ[variable] or name in ("no-config", "config-file"):
            continue
        if name == "index":
            layer.indexes += [parse_index(word, variable) for word in environ[variable].split()]
        elif name in KINDS:
            layer.said.append(convert(name, environ[variable], variable))
        else:
            hint = nearest(name, KINDS).replace("Did you mean ", f"Did you mean {PREFIX}")
            layer.notes.append((variable, f"wheelplan has no setting of that name. {hint}".strip()))
    return layer


def read_file(environ: Mapping[str, str], documents: Documents, *, cwd: str) -> tuple[Layer, Tables]:
    """What the nearest wheelplan.toml, or pyproject.toml with `[tool.wheelplan]`, says.

    `WHEELPLAN_CONFIG_FILE` names another, `WHEELPLAN_NO_CONFIG=1` reads none. Raises `UsageError` for unknown
    keys (with the nearest that is known) and values of another type. Its tables come beside the layer.
    """
    layer = Layer()
    if parse_bool(environ.get(f"{PREFIX}NO_CONFIG", "")):
        return layer, Tables()
    named = environ.get(f"{PREFIX}CONFIG_FILE")
    if named:
        document = documents.get(os.path.normpath(PurePath(cwd, named)))
        if document is None:
            raise UsageError(
                f"`{named}` cannot be read.", where=f"{PREFIX}CONFIG_FILE", hint="Check its name."
            )
        return layer, _take(layer, _own(document[1]), str(PurePath(cwd, named)), document[0], cwd)
    for directory in ancestors(cwd):
        for file in ("wheelplan.toml", "pyproject.toml"):
            path = str(PurePath(directory, file))
            document = documents.get(path, b"tool" if file == "pyproject.toml" else b"")
            table = None if document is None else _own(document[1], nested=file == "pyproject.toml")
            if document is not None and table is not None:
                return layer, _take(layer, table, path, document[0], cwd)
    return layer, Tables()


def _own(document: Mapping[str, Any], *, nested: bool | None = None) -> Any:
    tool = document.get("tool", {})
    inner = tool.get("wheelplan") if isinstance(tool, dict) else None
    return inner if nested or (nested is None and inner is not None) else document


def _take(layer: Layer, table: Any, path: str, data: bytes, cwd: str) -> Tables:
    if not isinstance(table, dict):
        raise UsageError("`tool.wheelplan` is no table.", where=path, hint="Write [tool.wheelplan].")
    tables: dict[str, Any] = {}
    reasons: tuple[tuple[str, str], ...] = ()
    for key, value in table.items():
        name = key.replace("_", "-")
        where = f"{path}:{_line(data, key)}"
        if name in TABLES:
            tables[name] = value
            continue
        if name not in KINDS:
            hint = (
                nearest(name, (*KINDS, *TABLES)) or "Remove it; `wheelplan check --help` lists what there is."
            )
            raise UsageError(f"`{key}` is no setting of wheelplan.", where=where, hint=hint)
        if name == "index":
            words = value if isinstance(value, list) else [value]
            layer.indexes += [parse_index(str(word), where) for word in words]
        else:
            if name == "allow-build":
                value, reasons = read_allowed(value, path, data)  # noqa: PLW2901 (tables become names)
            said = convert(name, value, where, separator="\n")
            layer.said.append(anchored(said, str(PurePath(path).parent)))
    return replace(read_tables(tables, path, data, cwd=cwd), reasons=reasons)


def _line(data: bytes, key: str) -> int:
    start = max(data.find(b"tool.wheelplan"), 0)
    found = re.compile(rb"(?m)^[ \t]*[\"']?" + re.escape(key.encode()) + rb"[\"']?\s*[.=]").search(
        data, start
    )
    return data.count(b"\n", 0, found.start() if found else start) + 1
