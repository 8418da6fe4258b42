"""Operators and methods on known values, each with a bound on what it makes; must not call anything else.

Every function answers `NotImplemented` for what it does not know, and the caller makes that unknown.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

from packaging.version import Version

from planner.dists import parse_version
from planner.sdist.values import File, Items, Module, Place, Table, Unknown, Value, same

__all__ = ["MAX_TEXT", "as_list", "binary", "call_method", "compare", "render", "subscript"]

MAX_TEXT = 1 << 18
_MAX_INT = 1 << 64
_PLAIN = (str, int, float, bytes, tuple, bool, type(None))
_SIMPLE_FIELD = re.compile(r"\{(\d*|[A-Za-z_]\w*)\}")
_PERCENT = re.compile(r"%(?:\((\w+)\))?([sdr%])")
_STR_METHODS = frozenset(
    {"lower", "upper", "title", "capitalize", "casefold", "isdigit", "isalpha", "isspace"}
    | {"strip", "lstrip", "rstrip", "startswith", "endswith", "removeprefix", "removesuffix"}
    | {"split", "rsplit", "splitlines", "partition", "rpartition", "find", "rfind", "index", "count"}
)
_MAX_ITEMS = 20_000
_MAX_ARGUMENT = 1_000


def as_list(value: Value) -> list[Value] | None:
    """The items that iterating would give, or None when they are not known."""
    if isinstance(value, Items):
        return list(value.items)
    if isinstance(value, Table):
        return None if value.doubt else list(value.items)
    if isinstance(value, (tuple, str)):
        return list(value)
    if isinstance(value, File) and value.text is not None:
        return list(value.text.splitlines(keepends=True))
    return None


def render(value: Value) -> str | None:
    """What `str()` would give, for values whose text is certain."""
    if isinstance(value, bool) or value is None or isinstance(value, (int, float, str, Version)):
        return str(value)
    if isinstance(value, Place):
        return value.path
    if type(value) is tuple and all(isinstance(item, (int, str)) for item in value):
        return str(value)
    return None


def binary(operation: ast.operator, one: Value, other: Value) -> Value:
    """`+`, `%`, `*`, `/`, `-`, `//`, `|` on known values."""
    name = type(operation).__name__
    if isinstance(one, Items) and isinstance(other, Items):
        if len(one.items) + len(other.items) > _MAX_ITEMS:
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
        return _bounded(one + other)
    if isinstance(one, tuple) and isinstance(other, tuple) and name == "Add":
        return (*one, *other) if len(one) + len(other) <= _MAX_ITEMS else NotImplemented
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
    return NotImplemented if any("%" in part for part in parts[::2]) else _bounded("".join(parts))


def _bounded(text: str) -> Value:
    return text if len(text) <= MAX_TEXT else NotImplemented


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
    if _holds_unknown(one) or _holds_unknown(other):
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


def _holds_unknown(value: Value) -> bool:
    return isinstance(value, tuple) and any(not isinstance(item, _PLAIN) for item in value)


def _equal(one: Value, other: Value) -> bool | None:
    if isinstance(one, _PLAIN) and isinstance(other, _PLAIN):
        return None if _holds_unknown(one) or _holds_unknown(other) else bool(one == other)
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
        if isinstance(key, _PLAIN) and not _holds_unknown(key) and key in value.items:
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


def call_method(value: Value, name: str, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    """`value.name(...)` for text, lists, dicts, files, paths and versions."""
    if isinstance(value, (str, bytes)):
        return _text_method(value, name, arguments, keywords)
    if isinstance(value, Items):
        return _list_method(value, name, arguments)
    if isinstance(value, Table):
        return _dict_method(value, name, arguments, keywords)
    if isinstance(value, File) and value.text is not None:
        return {
            "read": value.text,
            "readlines": Items(list(value.text.splitlines(keepends=True))),
            "close": None,
            "__enter__": value,
        }.get(name, NotImplemented)
    if isinstance(value, Place) and name in ("resolve", "absolute", "expanduser"):
        return value
    if isinstance(value, Place) and name == "joinpath":
        parts = [argument for argument in arguments if isinstance(argument, str)]
        return (
            Place("/".join([value.path, *parts]).lstrip("/"))
            if len(parts) == len(arguments)
            else NotImplemented
        )
    return NotImplemented


def _text_method(value: str | bytes, name: str, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    if name == "decode" and isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return NotImplemented
    if name == "encode":
        return value.encode("utf-8", "replace")
    if name == "join":
        parts = as_list(arguments[0]) if len(arguments) == 1 else None
        if parts is None or not all(isinstance(part, str) for part in parts):
            return NotImplemented
        size = sum(len(part) for part in parts) + len(value) * len(parts)
        return value.join(parts) if size <= MAX_TEXT else NotImplemented
    if name == "format":
        return _format(value, arguments, keywords)
    if name == "replace":
        if len(arguments) != 2 or not all(isinstance(argument, str) for argument in arguments):
            return NotImplemented
        old, new = arguments
        grown = len(value) + (value.count(old) if old else len(value) + 1) * len(new)
        return value.replace(old, new) if grown <= MAX_TEXT else NotImplemented
    if name not in _STR_METHODS or keywords or not all(map(_short, arguments)):
        return NotImplemented
    try:
        found = getattr(value, name)(*arguments)
    except (TypeError, ValueError):
        return NotImplemented
    return Items(found) if isinstance(found, list) else found


def _short(argument: Value) -> bool:
    """Stripping megabytes of characters off megabytes of text would take hours."""
    if isinstance(argument, (str, bytes)):
        return len(argument) <= _MAX_ARGUMENT
    return isinstance(argument, _PLAIN) and not _holds_unknown(argument)


def _format(template: str, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    """`str.format` with bare fields alone, for the same reason as `%`."""
    counter = iter(range(len(arguments)))

    def fill(found: re.Match[str]) -> str:
        key = found[1]
        if key == "" or key.isdigit():
            number = int(key[:4]) if key else next(counter, -1)
            value = arguments[number] if 0 <= number < len(arguments) else None
        else:
            value = keywords.get(key)
        text = render(value)
        if text is None or value is None:
            raise ValueError(key)
        return text

    if "{" in _SIMPLE_FIELD.sub("", template):
        return NotImplemented
    try:
        return _bounded(_SIMPLE_FIELD.sub(fill, template))
    except ValueError:
        return NotImplemented


def _list_method(value: Items, name: str, arguments: list[Value]) -> Value:
    items = value.items
    one = arguments[0] if arguments else None
    if name in ("append", "add") and len(arguments) == 1:
        if value.kind == "list" or not any(same(one, item) for item in items):
            items.append(one)
        return None
    if name in ("extend", "update") and len(arguments) == 1:
        more = as_list(one)
        if more is None or len(items) + len(more) > _MAX_ITEMS:
            items.append(one if isinstance(one, Unknown) else Unknown(0, "a list of unknown length"))
            return None
        items.extend(more if value.kind == "list" else [item for item in more if item not in items])
        return None
    if name == "insert" and len(arguments) == 2 and isinstance(one, int):
        items.insert(one, arguments[1])
        return None
    if name in ("remove", "discard") and len(arguments) == 1:
        for index, item in enumerate(items):
            if same(item, one):
                del items[index]
                return None
        return NotImplemented
    if name == "pop" and items and (one is None or isinstance(one, int)):
        index = -1 if one is None else one
        return items.pop(index) if -len(items) <= index < len(items) else NotImplemented
    if name == "sort" and not arguments:
        if all(isinstance(item, str) for item in items):
            items.sort()
            return None
        return NotImplemented
    return Items(list(items), value.kind) if name == "copy" else NotImplemented


def _dict_method(value: Table, name: str, arguments: list[Value], keywords: dict[str, Value]) -> Value:
    items = value.items
    key = arguments[0] if arguments and isinstance(arguments[0], _PLAIN) else NotImplemented
    if name == "update" and len(arguments) <= 1:
        other = arguments[0] if arguments else Table()
        if isinstance(other, Table):
            items.update(other.items)
            value.doubt = value.doubt or other.doubt
        else:
            value.doubt = other if isinstance(other, Unknown) else Unknown(0)
        items.update(keywords)
        return None
    if name in ("get", "pop", "setdefault") and key is not NotImplemented:
        default = arguments[1] if len(arguments) > 1 else None
        if key not in items and value.doubt:
            return value.doubt
        if name == "setdefault":
            return items.setdefault(key, default)
        return items.pop(key, default) if name == "pop" else items.get(key, default)
    if value.doubt:
        return value.doubt
    views = {"keys": list(items), "values": list(items.values()), "items": list(items.items())}
    if name in views:
        return Items(list(views[name]))
    return Table(dict(items)) if name == "copy" else NotImplemented
