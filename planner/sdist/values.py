"""What a name in a setup.py can hold, as far as it is known; knows values only and must evaluate nothing.

Plain Python values (None, bool, int, float, str, bytes, tuple, `Version`) stand for themselves. All else is
one of the classes below, and what cannot be known is `Unknown`, with the line where knowledge was lost.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from packaging.version import Version

__all__ = [
    "MAX_ITEMS",
    "MAX_TEXT",
    "PLAIN",
    "Extension",
    "File",
    "Function",
    "Items",
    "Module",
    "Perhaps",
    "Place",
    "Printed",
    "Scope",
    "Table",
    "Unknown",
    "Value",
    "VersionInfo",
    "as_list",
    "bounded",
    "clone",
    "holds_unknown",
    "merge",
    "render",
    "same",
    "truth",
]

MAX_TEXT = 1 << 18
MAX_ITEMS = 20_000
PLAIN = (str, int, float, bytes, tuple, bool, type(None))

Value: TypeAlias = Any
"""A plain value or one of this module's classes; a union would say no more, as every case is tested for."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It cannot be said without running the file; `line` is where that begins."""

    line: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Perhaps(Unknown):
    """It is `value`, or it is not there at all: what one of two ways has that could not be told apart."""

    value: Value = None


@dataclass(frozen=True, slots=True)
class Printed(Unknown):
    """Some text, or a number in it, that `subject` (`program:proj`, `pkg-config:libpq`) tells of itself."""

    subject: str = ""


class VersionInfo(tuple[Any, ...]):
    """`sys.version_info` of the target Python: a tuple that also has names."""

    __slots__ = ()


@dataclass(eq=False, slots=True)
class Items:
    """A list or a set, which may change and may hold `Unknown` items."""

    items: list[Value] = field(default_factory=list)
    kind: str = "list"


@dataclass(eq=False, slots=True)
class Table:
    """A dict with plain keys; `doubt` is set once it may hold keys that are not known."""

    items: dict[Any, Value] = field(default_factory=dict)
    doubt: Unknown | None = None

    def get(self, key: str) -> Value:
        """The value of a key; where it is not among the known ones None, or the doubt."""
        return self.items.get(key, self.doubt)


@dataclass(frozen=True, slots=True)
class Module:
    """A module or something in one, by its dotted name (`platform.system`); nothing of it is imported."""

    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """A path inside the source tree ("" is its top), as a `pathlib.Path` would be."""

    path: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that was opened; None when its text is not known."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Extension:
    """A compiled extension that the file constructs: its class's name, where, and whether it may fail.

    `attributes` are those that it has while a build is rehearsed, where they can be changed.
    """

    kind: str
    line: int
    optional: bool = False
    attributes: Table | None = field(default=None, compare=False)
    file: str = "setup.py"


@dataclass(eq=False, slots=True)
class Scope:
    """The names of a module or of a call; `kinds` tells which depend on the target's Python or system.

    `file` is the one that a module's scope belongs to, `yields` what a generator has given so far.
    """

    names: dict[str, Value] = field(default_factory=dict)
    kinds: dict[str, frozenset[str]] = field(default_factory=dict)
    parent: Scope | None = None
    globals_: set[str] = field(default_factory=set)
    returns: list[Value] = field(default_factory=list)
    file: str = ""
    yields: list[Value] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Function:
    """A function or lambda of the file, with the scope in which it was made."""

    node: ast.FunctionDef | ast.Lambda
    scope: Scope = field(compare=False)


def truth(value: Value) -> bool | None:
    """Whether it counts as true; None when that is not known."""
    if isinstance(value, Unknown):
        return True if isinstance(value, Printed) else None
    if isinstance(value, Items):
        return bool(value.items)
    if isinstance(value, Table):
        return True if value.items else None if value.doubt else False
    if isinstance(value, (Module, Place, File, Extension, Function, Version)):
        return True
    return bool(value)


def same(one: Value, other: Value) -> bool:
    """Whether both are certainly the same value (`1` is not `True` here)."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, Items):
        return one.kind == other.kind and _all_same(one.items, other.items)
    if isinstance(one, Table):
        return (
            one.doubt == other.doubt
            and list(one.items) == list(other.items)
            and _all_same(list(one.items.values()), list(other.items.values()))
        )
    if isinstance(one, tuple):
        return _all_same(list(one), list(other))
    return bool(one == other)


def _all_same(one: list[Value], other: list[Value]) -> bool:
    return len(one) == len(other) and all(map(same, one, other))


def merge(one: Value, other: Value, line: int) -> Value:
    """What is known when it is either this or that, decided at `line`."""
    if same(one, other):
        return one
    if isinstance(one, Table) and isinstance(other, Table):
        keys = dict.fromkeys([*one.items, *other.items])
        lost = Unknown(line, "it depends on a condition that cannot be known")
        items = {key: merge(one.items.get(key, lost), other.items.get(key, lost), line) for key in keys}
        return Table(items, one.doubt or other.doubt)
    if isinstance(one, Unknown):
        return one
    if isinstance(other, Unknown):
        return other
    return Unknown(line, "it depends on a condition that cannot be known")


def clone(value: Value, memo: dict[int, Value]) -> Value:
    """A copy that shares nothing that can change, but keeps which names share what; `memo` grows with it."""
    if isinstance(value, Items):
        if id(value) not in memo:
            memo[id(value)] = copy = Items([], value.kind)
            copy.items.extend(clone(item, memo) for item in value.items)
        return memo[id(value)]
    if isinstance(value, Table):
        if id(value) not in memo:
            memo[id(value)] = table = Table({}, value.doubt)
            table.items.update((key, clone(item, memo)) for key, item in value.items.items())
        return memo[id(value)]
    if type(value) is tuple:
        return tuple(clone(item, memo) for item in value)
    return value


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


def bounded(text: str) -> Value:
    """The text, unless it has grown too long to be one of a build description."""
    return text if len(text) <= MAX_TEXT else NotImplemented


def holds_unknown(value: Value) -> bool:
    """Whether a tuple has items that are not plain, so that Python's own operators must not see it."""
    return isinstance(value, tuple) and any(not isinstance(item, PLAIN) for item in value)
