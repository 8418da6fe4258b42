"""The state of a build that is followed: taken down, put back, and joined from two ways in place.

Objects keep their identity, so that a list which several names share is still shared after a fork. Must not
know what a statement means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from planner.sdist.rehearsal.objects import Bound, Class, Instance, Package, Partial, lineage
from planner.sdist.values import (
    PLAIN,
    Extension,
    File,
    Function,
    Items,
    Module,
    Perhaps,
    Place,
    Printed,
    Scope,
    Table,
    Unknown,
    Value,
    same,
)

__all__ = ["State", "capture", "changed", "join_states", "restore"]

Held: TypeAlias = "dict[Any, Value] | list[Value]"
State: TypeAlias = "dict[int, tuple[Value, Held]]"
_MISSING = object()
_LEAVES = frozenset(
    {str, int, bool, float, bytes, type(None), Unknown, Printed, Module, Place, File, frozenset}
)


def _held(value: Value) -> Held:
    """What an object holds that can change."""
    kind = type(value)
    names: Held = value.names if kind is Scope else value.items if kind in _LISTED else value.attributes
    return names


_LISTED = frozenset({Items, Table})
_NAMED = _LEAVES | {Class, Function, Package}
_HOLDERS = frozenset({Scope, Items, Table, Instance, Class})


def _inner(value: Value) -> Iterable[Value]:
    """Further objects that one leads to, besides those it holds."""
    kind = type(value)
    if kind is Scope:
        return (value.parent,)
    if kind is Instance:
        return () if value.type is None else tuple(lineage(value.type))
    if kind is Bound:
        return (value.function, value.owner)
    if kind is Partial:
        return (value.function, *value.arguments, value.keywords)
    if kind is Package:
        return (value.scope,)
    if kind is Perhaps:
        return (value.value,)
    if kind is Extension:
        return (value.attributes,)
    return value if isinstance(value, tuple) else ()


def capture(roots: Iterable[Value], spend: Callable[[int], None]) -> State:
    """A shallow copy of everything that can change and that the roots lead to.

    Left out are classes without an object, and modules in which nothing is being followed.
    """
    state: State = {}
    seen: set[int] = set()
    stack: list[Value] = list(roots)
    while stack:
        value = stack.pop()
        kind = type(value)
        if kind in _LEAVES or id(value) in seen:
            continue
        seen.add(id(value))
        if kind in _HOLDERS:
            held = _held(value)
            copy: Held = held.copy()
            state[id(value)] = (value, copy)
            inner = copy.values() if isinstance(copy, dict) else copy
            if not _LEAVES.issuperset(map(type, inner)):
                skipped = _NAMED if kind is Scope else _LEAVES
                stack.extend([one for one in inner if type(one) not in skipped])
            if kind is Items or kind is Table:
                continue
        stack.extend(_inner(value))
    spend(len(seen) >> 2)
    return state


def changed(before: State) -> State:
    """What the objects hold now, for those that no longer hold what they held."""
    out: State = {}
    for key, (value, copy) in before.items():
        held = _held(value)
        if held != copy:
            out[key] = (value, held.copy())
    return out


def restore(state: State) -> None:
    """Make every object hold again what it held."""
    for value, held in state.values():
        now: Any = _held(value)
        if isinstance(held, list):
            now[:] = held
        else:
            now.clear()
            now.update(held)


def join_states(before: State, one: State, other: State, line: int) -> None:
    """Join what the objects that changed held after one way with what they hold now, after the other."""
    for key in {**one, **other}:
        value, first = one.get(key) or before[key]
        second: Any = (other.get(key) or before[key])[1]
        now: Any = _held(value)
        if isinstance(first, list):
            now[:] = _join_lists(first, list(second), line)
            continue
        for name in dict.fromkeys([*first, *second]):
            had, has = first.get(name, _MISSING), second.get(name, _MISSING)
            now[name] = has if had is has else _join(had, has, line)


def _join(one: Value, other: Value, line: int, depth: int = 0) -> Value:
    if one is other or (one is not _MISSING and other is not _MISSING and same(one, other)):
        return one
    if one is _MISSING or other is _MISSING:
        return _perhaps(other if one is _MISSING else one, line)
    if isinstance(one, Items) and isinstance(other, Items) and one.kind == other.kind:
        return Items(_join_lists(one.items, other.items, line), one.kind)
    if isinstance(one, Table) and isinstance(other, Table) and depth < 4:
        keys = dict.fromkeys([*one.items, *other.items])
        items = {
            key: _join(one.items.get(key, _MISSING), other.items.get(key, _MISSING), line, depth + 1)
            for key in keys
        }
        return Table(items, one.doubt or other.doubt)
    for first, second in ((one, other), (other, one)):
        if first is None and not isinstance(second, Unknown) and not isinstance(second, PLAIN):
            return Perhaps(line, "it depends on a condition that cannot be known", second)
        if isinstance(first, Unknown):
            return first
    if isinstance(one, Extension) and isinstance(other, Extension) and one.attributes and other.attributes:
        joined = _join(one.attributes, other.attributes, line, depth + 1)
        return Extension(one.kind, one.line, one.optional and other.optional, joined, one.file)
    return Unknown(line, "it depends on a condition that cannot be known")


def _join_lists(one: list[Value], other: list[Value], line: int) -> list[Value]:
    """What both have stays as it is; what only one of them has is perhaps there."""
    shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
    out: list[Value] = []
    at = 0
    for item in longer:
        if at < len(shorter) and same(item, shorter[at]):
            out.append(item)
            at += 1
        else:
            out.append(_perhaps(item, line))
    rest = [item for item in shorter[at:] if not any(same(item, had) for had in out)]
    return [*out, *(_perhaps(item, line) for item in rest)]


def _perhaps(value: Value, line: int) -> Unknown:
    if isinstance(value, Unknown):
        return value
    return Perhaps(line, "it depends on a condition that cannot be known", value)
