"""What a variable of meson.build may hold, and the methods of its plain values; must not look anything up.

https://mesonbuild.com/Reference-manual_elementary.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from planner.sdist.inspectors.ledger import Test

__all__ = [
    "ABSENT",
    "PRESENT",
    "UNKNOWN",
    "Asked",
    "Either",
    "Feature",
    "Hang",
    "Project",
    "Thing",
    "Unknown",
    "as_test",
    "bare",
    "joined",
    "method",
    "negated",
    "plus",
    "version_matches",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only configuring would tell."""


@dataclass(frozen=True, slots=True)
class Hang:
    """A truth, or with `found` a thing that was looked for, hanging on whether things are found.

    `label` is the name of such a thing. `cost` counts the tests inside it: a file could otherwise make them
    double with every line.
    """

    test: Test
    keys: tuple[int, ...] = ()
    found: bool = False
    cost: int = 1
    label: str = ""


@dataclass(frozen=True, slots=True)
class Either:
    """Any other value that hangs on whether things are found."""

    pick: Callable[[frozenset[int]], object]
    keys: tuple[int, ...]
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Feature:
    """An option of type feature: `enabled`, `disabled` or `auto`."""

    state: str


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of Meson's by its kind (`compiler`, `meson`, `machine`, `python`, `fs`) and name."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call with its arguments worked out; `of` is the object of a method."""

    name: str
    arguments: list[object]
    keywords: Mapping[str, object]
    where: str
    of: object = None

    def texts(self) -> list[str]:
        """The arguments that are texts, lists laid flat."""
        out: list[str] = []
        for argument in self.arguments:
            parts = argument if isinstance(argument, list) else [argument]
            out.extend(part for part in parts if isinstance(part, str))
        return out

    def text(self, name: str) -> str:
        """A keyword's text, or ""."""
        value = self.keywords.get(name)
        return value if isinstance(value, str) else ""


@dataclass(slots=True)
class Project:
    """A project or subproject: where it lies, its options, the folder at hand, and its variables."""

    folder: str
    options: dict[str, object] = field(default_factory=dict)
    here: str = ""
    subprojects: str = "subprojects"
    variables: dict[str, object] = field(default_factory=dict)


UNKNOWN: Final = Unknown()
PRESENT: Final = Hang(lambda _: True, found=True)
ABSENT: Final = Hang(lambda _: False, found=True)
_MAX = 1_000
_MAX_COST = 60


def bare(value: object) -> object:
    """The value where nothing is found that need not be."""
    return bare(value.pick(frozenset())) if isinstance(value, Either) else value


def as_test(value: object) -> tuple[Test, tuple[int, ...]]:
    """The truth of a value as a test; what is no truth is never known."""
    if isinstance(value, Hang) and not value.found:
        return value.test, value.keys
    if isinstance(value, bool):
        return (lambda _: value), ()
    return (lambda _: None), ()


def negated(value: object) -> object:
    """`not value`."""
    test, keys = as_test(value)
    if not keys:
        known = test(frozenset())
        return UNKNOWN if known is None else not known

    def turned(found: frozenset[int]) -> bool | None:
        known = test(found)
        return None if known is None else not known

    cost = 1 + (value.cost if isinstance(value, Hang) else 0)
    return Hang(turned, keys, cost=cost) if cost < _MAX_COST else UNKNOWN


def joined(values: Sequence[object], *, stop: bool) -> object:
    """`or` (stop is True) or `and` (stop is False) over values."""
    tests = [as_test(value) for value in values]
    keys = tuple(dict.fromkeys(key for _, keys in tests for key in keys))

    def together(found: frozenset[int]) -> bool | None:
        known = [test(found) for test, _ in tests]
        return stop if stop in known else None if None in known else not stop

    cost = 1 + sum(value.cost for value in values if isinstance(value, Hang))
    if keys:
        return Hang(together, keys, cost=cost) if cost < _MAX_COST else UNKNOWN
    settled = together(frozenset())
    return UNKNOWN if settled is None else settled


def plus(one: object, two: object) -> object:
    """`one + two` and `one += two`."""
    if isinstance(one, list):
        return [*one, *two][:_MAX] if isinstance(two, list) else [*one, two][:_MAX]
    if isinstance(one, dict) and isinstance(two, dict):
        return {**one, **two}
    if isinstance(one, str) and isinstance(two, str):
        return (one + two)[:_MAX]
    if type(one) is int and type(two) is int:
        return one + two
    return UNKNOWN


def version_matches(version: str, wanted: str) -> bool:
    """Meson's comparison of versions, by their numbers.

    >>> version_matches("1.9.0", ">=0.63"), version_matches("1.9", "< 1.2")
    (True, False)
    """
    match = re.match(r"\s*(>=|<=|!=|==|=|>|<)?\s*(\S+)", wanted)
    if match is None:
        return True
    one, two = ([int(part[:9]) for part in re.findall(r"\d+", text[:100])] for text in (version, match[2]))
    width = max(len(one), len(two))
    one += [0] * (width - len(one))
    two += [0] * (width - len(two))
    answers = {
        ">=": one >= two, "<=": one <= two, "!=": one != two, "==": one == two, "=": one == two,
        ">": one > two, "<": one < two,
    }  # fmt: skip
    return answers[match[1] or "=="]


def method(value: object, name: str, arguments: list[object]) -> object:
    """A method of a plain value; unknown where its arguments are."""
    if isinstance(value, Feature):
        return _of_feature(value, name, arguments)
    if isinstance(value, Hang) and value.found and name == "found":
        return Hang(value.test, value.keys, cost=value.cost) if value.keys else value.test(frozenset())
    if isinstance(value, Hang) and value.found and name == "name":
        return value.label or UNKNOWN
    if isinstance(value, str):
        return _of_text(value, name, arguments)
    if isinstance(value, list):
        return _of_list(value, name, arguments)
    if isinstance(value, dict):
        return _of_dictionary(value, name, arguments)
    if isinstance(value, (bool, int)) and name == "to_string":
        return str(value).lower()
    return UNKNOWN


def _of_feature(feature: Feature, name: str, arguments: list[object]) -> object:
    state = feature.state
    if name in ("enabled", "disabled", "auto"):
        return state == name
    if name == "allowed":
        return state != "disabled"
    test = as_test(arguments[0])[0](frozenset()) if arguments else None
    if name in ("disable_auto_if", "require", "disable_if"):
        off = test if name != "require" else None if test is None else not test
        return Feature("disabled") if off and (state == "auto" or name == "disable_if") else feature
    if name in ("enable_auto_if", "enable_if"):
        return Feature("enabled") if test and state == "auto" else feature
    return UNKNOWN


_SPLIT: dict[str, Callable[[str], object]] = {
    "to_upper": str.upper,
    "to_lower": str.lower,
    "strip": str.strip,
    "underscorify": lambda text: re.sub(r"\W", "_", text),
    "to_int": lambda text: int(text) if text.isascii() and text.isdigit() and len(text) < 18 else UNKNOWN,
}


def _of_text(text: str, name: str, arguments: list[object]) -> object:
    texts = [argument for argument in arguments if isinstance(argument, str)]
    if len(texts) < len(arguments) and name not in ("format", "join"):
        return UNKNOWN
    if name in _SPLIT and not texts:
        return _SPLIT[name](text)
    if name == "format":
        for number, argument in enumerate(arguments[:20]):
            if not isinstance(argument, (str, int)):
                return UNKNOWN
            text = text.replace(f"@{number}@", str(argument))
        return text[:_MAX]
    if name == "split":
        return list(text.split(texts[0] if texts else None)) if texts != [""] else UNKNOWN
    if name == "join":
        parts = arguments[0] if arguments and isinstance(arguments[0], list) else arguments
        words = [part for part in parts if isinstance(part, str)]
        return text.join(words)[:_MAX] if len(words) == len(parts) else UNKNOWN
    if len(texts) == 1:
        tests: dict[str, Callable[[], object]] = {
            "startswith": lambda: text.startswith(texts[0]),
            "endswith": lambda: text.endswith(texts[0]),
            "contains": lambda: texts[0] in text,
            "version_compare": lambda: version_matches(text, texts[0]),
            "strip": lambda: text.strip(texts[0]),
        }
        return tests[name]() if name in tests else UNKNOWN
    if name == "version_compare":
        return all(version_matches(text, wanted) for wanted in texts)
    return text.replace(texts[0], texts[1])[:_MAX] if name == "replace" and len(texts) == 2 else UNKNOWN


def _of_list(items: list[object], name: str, arguments: list[object]) -> object:
    if name == "length":
        return len(items)
    if name == "contains" and arguments:
        known = all(isinstance(item, (str, int)) for item in [*items, arguments[0]])
        return arguments[0] in items if known else UNKNOWN
    if name == "get" and arguments and type(arguments[0]) is int:
        number = arguments[0]
        return items[number] if -len(items) <= number < len(items) else arguments[1:][:1] or UNKNOWN
    return UNKNOWN


def _of_dictionary(table: dict[str, object], name: str, arguments: list[object]) -> object:
    if name == "keys":
        return sorted(table)
    if arguments and isinstance(arguments[0], str):
        if name == "has_key":
            return arguments[0] in table
        if name == "get":
            return table.get(arguments[0], arguments[1] if len(arguments) > 1 else UNKNOWN)
    return UNKNOWN
