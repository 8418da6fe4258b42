"""Methods of known values, each with a bound on what it makes; must not call anything else.

Every function answers `NotImplemented` for what it does not know, and the caller makes that unknown.
"""

from __future__ import annotations

import re

from planner.sdist.values import (
    MAX_ITEMS,
    MAX_TEXT,
    PLAIN,
    File,
    Items,
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

__all__ = ["call_method"]

_SIMPLE_FIELD = re.compile(r"\{(\d*|[A-Za-z_]\w*)\}")
_STR_METHODS = frozenset(
    {"lower", "upper", "title", "capitalize", "casefold", "isdigit", "isalpha", "isspace"}
    | {"strip", "lstrip", "rstrip", "startswith", "endswith", "removeprefix", "removesuffix"}
    | {"split", "rsplit", "splitlines", "partition", "rpartition", "find", "rfind", "index", "count"}
)
_MAX_ARGUMENT = 1_000


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
    return isinstance(argument, PLAIN) and not holds_unknown(argument)


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
        return bounded(_SIMPLE_FIELD.sub(fill, template))
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
        if more is None or len(items) + len(more) > MAX_ITEMS:
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
    key = arguments[0] if arguments and isinstance(arguments[0], PLAIN) else NotImplemented
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
