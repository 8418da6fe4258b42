"""What a CMake variable may hold, and what `if()` makes of it; must not know what is looked for, or where.

https://cmake.org/cmake/help/latest/command/if.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, TypeAlias

from planner.sdist.inspectors.cmake_syntax import Argument
from planner.sdist.inspectors.ledger import Test

__all__ = [
    "UNKNOWN",
    "Choice",
    "Scope",
    "Unknown",
    "Value",
    "condition",
    "constant",
    "found_or_not",
    "settled",
    "truth",
]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only configuring would tell."""


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that hangs on whether things are found; `depth` bounds how far such values nest."""

    pick: Callable[[frozenset[int]], Value | None]
    keys: tuple[int, ...]
    depth: int = 1


Value: TypeAlias = "str | Unknown | Choice"
"""None stands for a variable that is not set."""


@lru_cache(maxsize=4_096)
def found_or_not(keys: tuple[int, ...]) -> Choice:
    """The value of a variable that says whether those things are found, all of them."""
    return Choice(lambda found: "1" if found.issuperset(keys) else "0", keys)


def settled(value: Value | None, found: frozenset[int]) -> str | Unknown | None:
    """The value in the world where those things are found."""
    while isinstance(value, Choice):
        value = value.pick(found)
    return value


class Scope(Protocol):
    """What a condition asks of the place it stands in."""

    def value(self, name: str) -> Value | None:
        """A variable's value; None when it is not set."""

    def expand(self, argument: Argument) -> Value:
        """An argument with its references resolved."""

    def exists(self, path: str) -> bool | None:
        """Whether a path is there when the build is configured."""

    def target(self, name: str) -> Value | None:
        """Whether a target of that name was made, or comes with a package."""

    def command(self, name: str) -> bool:
        """Whether a function or macro of that name was defined."""


_TRUE = frozenset({"1", "ON", "YES", "TRUE", "Y"})
_FALSE = frozenset({"", "0", "OFF", "NO", "FALSE", "N", "IGNORE", "NOTFOUND"})
_BINARY = re.compile(
    r"(?:VERSION_)?(?:LESS|GREATER)(?:_EQUAL)?|(?:VERSION_)?EQUAL|STREQUAL|STR(?:LESS|GREATER)(?:_EQUAL)?"
    r"|MATCHES|IN_LIST|PATH_EQUAL|IS_NEWER_THAN"
)
_UNARY = frozenset(
    {"EXISTS", "COMMAND", "DEFINED", "POLICY", "TARGET", "TEST", "IS_DIRECTORY", "IS_SYMLINK", "IS_ABSOLUTE"}
)
_MAX_WORDS = 400


def constant(text: str) -> bool | None:
    """The truth of a constant of CMake's; None when the text is none.

    >>> constant("On"), constant("zlib-NOTFOUND"), constant("zlib")
    (True, False, None)
    """
    upper = text.upper()
    if upper in _TRUE:
        return True
    if upper in _FALSE or upper.endswith("-NOTFOUND"):
        return False
    try:
        return float(text) != 0
    except ValueError:
        return None


def truth(value: Value | None, found: frozenset[int]) -> bool | None:
    """The truth of a variable's value where those things are found."""
    known = settled(value, found)
    if known is None:
        return False
    return None if isinstance(known, Unknown) else constant(known) is not False


def condition(arguments: Sequence[Argument], scope: Scope) -> tuple[Test, tuple[int, ...]]:
    """A test for the arguments of `if()`, and the keys that it hangs on; an odd one is never known."""
    if len(arguments) > _MAX_WORDS:
        return _unknown, ()
    reader = _Reader(list(arguments), scope)
    try:
        test = reader.either()
    except (IndexError, RecursionError):
        return _unknown, ()
    if reader.at < len(reader.words):
        return _unknown, ()
    return test, tuple(dict.fromkeys(reader.keys))


def _unknown(_: frozenset[int]) -> bool | None:
    return None


def _never(_: frozenset[int]) -> bool | None:
    return False


def _fixed(value: bool | None, /) -> Test:  # noqa: FBT001 - the value of a test is a truth
    return lambda _: value


@dataclass
class _Reader:
    """Reads a condition from left to right: `OR` binds weakest, then `AND`, `NOT`, the tests."""

    words: list[Argument]
    scope: Scope

    def __post_init__(self) -> None:
        self.at = 0
        self.depth = 0
        self.keys: list[int] = []

    def _next(self, ahead: int = 0) -> str:
        """The bare word there, "" when it is quoted or there is none."""
        at = self.at + ahead
        return self.words[at].text if at < len(self.words) and not self.words[at].quoted else ""

    def either(self) -> Test:
        tests = [self.both()]
        while self._next() == "OR":
            self.at += 1
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else _joined(tests, stop=True)

    def both(self) -> Test:
        tests = [self.single()]
        while self._next() == "AND":
            self.at += 1
            tests.append(self.single())
        return tests[0] if len(tests) == 1 else _joined(tests, stop=False)

    def single(self) -> Test:
        word = self._next()
        if word == "NOT":
            self.at += 1
            return _negated(self.single())
        if word == "(":
            self.depth += 1
            if self.depth > 40:
                raise RecursionError
            self.at += 1
            test = self.either()
            if self._next() != ")":
                raise IndexError
            self.at += 1
            return test
        if word in _UNARY and self.at + 1 < len(self.words) and not _BINARY.fullmatch(self._next(1)):
            self.at += 2
            return self._unary(word, self.words[self.at - 1])
        if _BINARY.fullmatch(self._next(1)):
            left, operator, right = self.words[self.at], self._next(1), self.words[self.at + 2]
            self.at += 3
            return self._binary(left, operator, right)
        self.at += 1
        return self._plain(self.words[self.at - 1])

    def _operand(self, argument: Argument) -> Value:
        """What a comparison sees: a bare word that names a variable is that variable's value."""
        expanded = self.scope.expand(argument)
        if isinstance(expanded, str) and not argument.quoted:
            value = self.scope.value(expanded)
            expanded = expanded if value is None else value
        if isinstance(expanded, Choice):
            self.keys.extend(expanded.keys)
        return expanded

    def _binary(self, left: Argument, operator: str, right: Argument) -> Test:
        one = self._operand(left)
        two = self.scope.value(right.text) if operator == "IN_LIST" else self._operand(right)
        if isinstance(two, Choice):
            self.keys.extend(two.keys)

        def test(found: frozenset[int]) -> bool | None:
            first, second = settled(one, found), settled(two, found)
            if isinstance(first, Unknown) or isinstance(second, Unknown):
                return None
            return _compared(first or "", operator, second or "")

        return test

    def _keyed(self, value: Value | None) -> Test:
        if isinstance(value, Choice):
            self.keys.extend(value.keys)
            return lambda found: truth(value, found)
        return _fixed(truth(value, frozenset()))

    def _plain(self, argument: Argument) -> Test:
        expanded = self.scope.expand(argument)
        if not isinstance(expanded, str):
            return self._keyed(expanded)
        known = constant(expanded)
        if known is not None:
            return _fixed(known)
        if argument.quoted:
            return _never
        return self._keyed(self.scope.value(expanded))

    def _unary(self, word: str, argument: Argument) -> Test:
        expanded = self.scope.expand(argument)
        if not isinstance(expanded, str):
            return _fixed(None)
        if word == "TARGET":
            return self._keyed(self.scope.target(expanded))
        return _fixed(self._asked(word, expanded))

    def _asked(self, word: str, text: str) -> bool | None:
        if word in ("EXISTS", "IS_DIRECTORY"):
            return self.scope.exists(text)
        if word == "DEFINED":
            if text.startswith("ENV{"):
                return False
            value = self.scope.value(text.removeprefix("CACHE{").removesuffix("}"))
            return None if isinstance(value, (Unknown, Choice)) else value is not None
        if word == "COMMAND":
            return self.scope.command(text) or None
        return True if word == "POLICY" else None


def _negated(test: Test) -> Test:
    def negated(found: frozenset[int]) -> bool | None:
        value = test(found)
        return None if value is None else not value

    return negated


def _joined(tests: list[Test], *, stop: bool) -> Test:
    """`OR` (stop at True) or `AND` (stop at False), where unknown ones may leave the whole unknown."""

    def joined(found: frozenset[int]) -> bool | None:
        values = [test(found) for test in tests]
        return stop if stop in values else None if None in values else not stop

    return joined


_ORDERS: dict[str, Callable[[int], bool]] = {
    "LESS": lambda sign: sign < 0,
    "LESS_EQUAL": lambda sign: sign <= 0,
    "GREATER": lambda sign: sign > 0,
    "GREATER_EQUAL": lambda sign: sign >= 0,
    "EQUAL": lambda sign: sign == 0,
}


def _compared(left: str, operator: str, right: str) -> bool | None:
    if operator == "IN_LIST":
        return left in right.split(";")
    if operator == "MATCHES":
        return _matches(left, right)
    if operator == "IS_NEWER_THAN":
        return None
    if operator.startswith("VERSION_"):
        one, two = _numbers(left), _numbers(right)
        return _ORDERS[operator[8:]]((one > two) - (one < two))
    if operator.startswith(("STR", "PATH_")):
        order = operator.removeprefix("STR").removeprefix("PATH_")
        return _ORDERS[order]((left > right) - (left < right))
    try:
        sign = (float(left) > float(right)) - (float(left) < float(right))
    except ValueError:
        return False
    return _ORDERS[operator](sign)


def _numbers(text: str) -> list[int]:
    """The components of a version, without trailing zeros."""
    numbers = [int(part[:9]) for part in re.findall(r"\d+", text[:200])]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


_SIMPLE = re.compile(r"[\w.^$|()\[\]\-+/ :;,=]*")


def _matches(text: str, pattern: str) -> bool | None:
    """CMake's regular expressions, for plain ones alone: a foreign pattern must not cost time."""
    if len(text) > 200 or len(pattern) > 200 or pattern.count("+") > 1 or not _SIMPLE.fullmatch(pattern):
        return None
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return None
