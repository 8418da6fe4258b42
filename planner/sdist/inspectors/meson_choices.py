"""Values of a meson.build file that hang on what is found, made from others; must not follow control flow."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from planner.sdist.inspectors.ledger import Context
from planner.sdist.inspectors.meson_values import UNKNOWN, Either, Hang, Unknown, as_test, plus

__all__ = ["chosen", "item", "operated", "same", "whether_found"]


def _keys_of(value: object) -> Sequence[int]:
    """What a value hangs on, or one of the things in a list."""
    if isinstance(value, (Either, Hang)):
        return value.keys
    items = value[:40] if isinstance(value, list) else []
    return [key for item in items if isinstance(item, (Either, Hang)) for key in item.keys]


def _either(contexts: list[Context], values: Sequence[object]) -> Either | Unknown:
    keys = {key for context in contexts for branch in context for key in branch.keys}
    keys |= {key for value in values for key in _keys_of(value)}
    cost = 1 + max((value.cost for value in values if isinstance(value, Either)), default=0)

    def pick(given: frozenset[int]) -> object:
        for context, value in zip(contexts, values, strict=True):
            if all(branch.holds(given) for branch in context):
                return value.pick(given) if isinstance(value, Either) else value
        return UNKNOWN

    return Either(pick, tuple(sorted(keys)), cost) if cost < 60 and len(keys) <= 12 else UNKNOWN


def same(values: Sequence[object]) -> bool:
    """Whether plain values are equal; others are compared by what they are."""
    first = values[0]
    if isinstance(first, (str, int)):
        return all(type(value) is type(first) and value == first for value in values[1:])
    if isinstance(first, list) and all(isinstance(item, str) for item in first):
        return all(value == first for value in values[1:])
    return all(value is first for value in values[1:])


def whether_found(either: Either) -> object:
    """`found()` of a thing that is one or another."""

    def test(found: frozenset[int]) -> bool | None:
        thing = either.pick(found)
        return thing.test(found) if isinstance(thing, Hang) and thing.found else None

    return Hang(test, either.keys, cost=either.cost + 1)


def item(of: object, key: object) -> object:
    """`of[key]`, unknown where either is."""
    if isinstance(of, Either):
        lists = of
        made = Either(lambda found: item(lists.pick(found), key), of.keys, of.cost + 1)
        return made if made.cost < 60 else UNKNOWN
    if isinstance(of, list) and type(key) is int:
        return of[key] if -len(of) <= key < len(of) else UNKNOWN
    if isinstance(of, dict) and isinstance(key, str):
        return of.get(key, UNKNOWN)
    return UNKNOWN


def operated(operator: str, one: object, two: object) -> object:
    """What an operator makes of two values."""
    if isinstance(one, Either) or isinstance(two, Either):
        return _compared(operator, one, two)
    if operator in ("in", "not in") and isinstance(one, str) and isinstance(two, str):
        return (one in two) is (operator == "in")
    if operator == "+":
        return plus(one, two)
    if operator == "/" and isinstance(one, str) and isinstance(two, str):
        return posixpath.join(one, two)[:2_000]
    plain = (str, int)
    if operator in ("==", "!=") and isinstance(one, list) and isinstance(two, list):
        known = all(isinstance(item, str) for item in (*one, *two))
        return (one == two) is (operator == "==") if known else UNKNOWN
    if operator in ("==", "!=") and isinstance(one, plain) and isinstance(two, plain):
        return (one == two) is (operator == "==")
    if operator in ("in", "not in") and isinstance(two, (list, dict)):
        known = isinstance(one, plain) and all(isinstance(item, plain) for item in two)
        return (one in two) is (operator == "in") if known else UNKNOWN
    if type(one) is int and type(two) is int:
        answers: dict[str, object] = {
            "<": one < two, "<=": one <= two, ">": one > two, ">=": one >= two, "-": one - two,
        }  # fmt: skip
        return answers.get(operator, UNKNOWN)
    return UNKNOWN


def _compared(operator: str, one: object, two: object) -> object:
    """A comparison of values that hang on things found hangs on them, too."""
    cost = 1 + sum(value.cost for value in (one, two) if isinstance(value, Either))
    keys = tuple(key for value in (one, two) if isinstance(value, Either) for key in value.keys)
    if cost > 60:
        return UNKNOWN

    def pick(found: frozenset[int]) -> object:
        first = one.pick(found) if isinstance(one, Either) else one
        second = two.pick(found) if isinstance(two, Either) else two
        return operated(operator, first, second)

    if operator not in ("==", "!=", "in", "not in", "<", "<=", ">", ">="):
        return Either(pick, keys, cost)

    def test(found: frozenset[int]) -> bool | None:
        value = pick(found)
        return value if isinstance(value, bool) else None

    return Hang(test, keys, cost=cost)


def chosen(contexts: list[Context], values: Sequence[object]) -> Hang | Either | Unknown:
    """A value that hangs on which part was taken."""
    branches = [branch for context in contexts for branch in context]
    if any(branch.kind == "unsure" for branch in branches):
        return UNKNOWN
    found = all(isinstance(value, Hang) and value.found for value in values)
    if not found and not all(isinstance(value, (bool, Hang)) for value in values):
        return _either(contexts, values)
    tests = [(value.test, value.keys) if isinstance(value, Hang) else as_test(value) for value in values]
    keys = {key for branch in branches for key in branch.keys} | {key for _, keys in tests for key in keys}
    if len(keys) > 12:
        return UNKNOWN

    def test(given: frozenset[int]) -> bool | None:
        for context, (inner, _) in zip(contexts, tests, strict=True):
            if all(branch.holds(given) for branch in context):
                return inner(given)
        return None

    cost = 1 + max((value.cost for value in values if isinstance(value, Hang)), default=0)
    return Hang(test, tuple(sorted(keys)), found=found, cost=cost) if cost < 60 else UNKNOWN
