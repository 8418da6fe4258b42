"""A plan as JSON with stable keys, for programs that read no TOML; knows its values, and adds nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from planner.exporters.port import Asked
from planner.plan.opened import PlanFile

__all__ = ["HERE", "export"]

HERE = False
SCHEMA = 1
_NOT_TOLD = ("data", "where")
_TABLES = ("environment", "variables")


def export(plan: PlanFile, asked: Asked) -> str:
    """Every key of the plan's values, empty ones as well; `schema` counts changes of their meaning."""
    told = {"schema": SCHEMA, "plan": asked.plan, **_row(plan)}
    return json.dumps(told, indent=2, ensure_ascii=True) + "\n"


def _row(row: Any) -> dict[str, Any]:
    """A named tuple as a table, with keys as the plan file spells them."""
    found = {}
    for name, value in row._asdict().items():
        if name not in _NOT_TOLD:
            key = name.replace("_", "-")
            found[key] = dict(value) if name in _TABLES else _plain(value)
    return found


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return _row(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return value
