"""Operators, comparisons and subscripts on the values of a setup.py; must not call or change anything.

Every function answers `NotImplemented` (a comparison: None) for what it does not know.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from packaging.version import Version

from planner.dists import parse_version
from planner.sdist.values import (
    MAX_ITEMS,
    PLAIN,
    Items,
    Module,
    Place,
    Table,
    Unknown,
    Value,
    as_list,
    bounded,
    holds_unknown,
    render,
    same,
)

__all__ = ["binary", "compare", "subscript"]

_MAX_INT = 1 << 64
_PERCENT = re.compile(r"%(?:\((\w+)\))?([sdr%])")


def binary(operation: ast.operator, one: Value, other: Value) -> Value:
    """`+`, `%`, `*`, `/`, `-`, `//`, `|` on known values."""
    name = type(operation).__name__
    if isinstance(one, Items) and isinstance(other, Items):
        if len(one.items) + len(other.items) > MAX_ITEMS:
            return NotImplemented
        if name == "Add":
            return Items([*one.items, *other.items], one.kind)
        if name in ("BitOr", "Sub") and one.kind == "set":
            kept = [item for item in one.items if not any(same(item, drop) for drop in other.items)]
            return Items(kept if name == "Sub" else [*kept, *other.items], "set")
        return NotImplemented
    if isinstance(one, Place) and name == "Div" and isinstance(other, (str, Place)):
        tail = other.path if isinstance(other, Place) else other
        return Place(f"{one.path}/{tail}" if one.path else tail)
    if isinstance(one, Table) and isinstance(other, Table) and name == "BitOr":
        return Table({**one.items, **other.items}, one.doubt or other.doubt)
    if isinstance(one, str) and name == "Mod":
        return _percent(one, other)
    if isinstance(one, str) and isinstance(other, str) and name == "Add":
        return bounded(one + other)
    if isinstance(one, tuple) and isinstance(other, tuple) and name == "Add":
        return (*one, *other) if len(one) + len(other) <= MAX_ITEMS else NotImplemented
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return _arithmetic(name, one, other)
    return NotImplemented


def _arithmetic(name: str, one: float, other: float) -> Value:
    function: Callable[[Any, Any], Any] | None = {
        "Add": operator.add,
        "Sub": operator.sub,
        "Mult": operator.mul,
        "FloorDiv": operator.floordiv,
        "Div": operator.truediv,
        "Mod": operator.mod,
        "BitAnd": operator.and_,
        "BitOr": operator.or_,
    }.get(name)
    try:
        value = function(one, other) if function else NotImplemented
    except (ArithmeticError, TypeError):
        return NotImplemented
    return NotImplemented if isinstance(value, int) and abs(value) > _MAX_INT else value


def _percent(template: str, values: Value) -> Value:
    """`%` with %s, %d and %r alone: a width could ask for gigabytes."""
    arguments = list(values) if type(values) is tuple else [values]
    parts: list[str] = []
    end = 0
    for found in _PERCENT.finditer(template):
        parts.append(template[end : found.start()])
        end = found.end()
        if found[2] == "%":
            parts.append("%")
            continue
        if found[1]:
            value = values.items.get(found[1]) if isinstance(values, Table) else None
        else:
            value = arguments.pop(0) if arguments else None
        text = render(value)
        if text is None or found[2] == "r" or value is None:
            return NotImplemented
        parts.append(text)
    parts.append(template[end:])
    return NotImplemented if any("%" in part for part in parts[::2]) else bounded("".join(parts))


def compare(name: str, one: Value, other: Value) -> bool | None:
    """The comparison's outcome, or None when it is not known. `name` is the operator's class in `ast`."""
    if name in ("In", "NotIn"):
        found = _contains(one, other)
        return found if found is None or name == "In" else not found
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return None
    if name in ("Is", "IsNot", "Eq", "NotEq"):
        equal = _equal(one, other)
        return equal if equal is None or name in ("Is", "Eq") else not equal
    if isinstance(one, Version) != isinstance(other, Version):
        one, other = _as_version(one), _as_version(other)
    if holds_unknown(one) or holds_unknown(other):
        return None
    function = {"Lt": operator.lt, "LtE": operator.le, "Gt": operator.gt, "GtE": operator.ge}[name]
    comparable = (str, int, float, tuple, Version)
    if not isinstance(one, comparable) or not isinstance(other, comparable):
        return None
    try:
        return bool(function(one, other))  # type-checked above; tuples may still hold a mixture
    except TypeError:
        return None


def _as_version(value: Value) -> Value:
    """LooseVersion and its kin compare themselves with plain text."""
    return parse_version(value) or value if isinstance(value, str) and len(value) <= 200 else value


def _equal(one: Value, other: Value) -> bool | None:
    if isinstance(one, PLAIN) and isinstance(other, PLAIN):
        return None if holds_unknown(one) or holds_unknown(other) else bool(one == other)
    if one is None or other is None:  # none of our own classes stands for None
        return False
    if isinstance(one, Module) or isinstance(other, Module):
        return None
    return True if same(one, other) else None


def _contains(item: Value, group: Value) -> bool | None:
    if isinstance(group, Module):
        return None
    if isinstance(group, str):
        return item in group if isinstance(item, str) else None
    members = list(group.items) if isinstance(group, Table) else as_list(group)
    if members is None or isinstance(item, Unknown):
        return None
    answers = [False if isinstance(member, Unknown) else _equal(item, member) for member in members]
    if True in answers:
        return True
    doubtful = None in answers or any(isinstance(member, Unknown) for member in members)
    return None if doubtful or (isinstance(group, Table) and group.doubt) else False


def subscript(value: Value, key: Value) -> Value:
    """`value[key]`, with `key` a plain value or a slice of integers."""
    if isinstance(value, Table):
        if isinstance(key, PLAIN) and not holds_unknown(key) and key in value.items:
            return value.items[key]
        return NotImplemented
    sequence = value.items if isinstance(value, Items) and value.kind == "list" else value
    if isinstance(sequence, (list, tuple, str)) and isinstance(key, (int, slice)):
        try:
            found = sequence[key]
        except (IndexError, TypeError, ValueError):
            return NotImplemented
        if isinstance(key, slice) and isinstance(sequence, tuple):
            return tuple(found)
        return Items(found) if isinstance(found, list) and isinstance(key, slice) else found
    return NotImplemented
