"""The statements and expressions of a meson.build file, as values; must not parse or follow them.

The grammar is that of https://mesonbuild.com/Syntax.html .
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "Assign", "Call", "Chain", "Choose", "Expression", "Foreach", "Group", "If", "Index", "Literal", "Name",
    "Not", "Statement",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number or a truth; `formatted` is an f-string, whose names are not looked up."""

    value: str | int | bool
    formatted: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """A list, or with `keys` a dictionary."""

    items: tuple[Expression, ...]
    keys: tuple[Expression, ...] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A function, or with `of` a method; keyword arguments by name."""

    name: str
    arguments: tuple[Expression, ...]
    keywords: dict[str, Expression]
    line: int
    of: Expression | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """`of[key]`."""

    of: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class Not:
    """`not value`, or with `sign` a negative number."""

    value: Expression
    sign: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """Operands joined by one operator, from left to right."""

    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choose:
    """`test ? yes : no`."""

    test: Expression
    yes: Expression
    no: Expression


Expression: TypeAlias = "Literal | Name | Group | Call | Index | Not | Chain | Choose"


@dataclass(frozen=True, slots=True)
class Assign:
    """`name = value`, or `name += value`; without a name, an expression that stands alone."""

    name: str
    value: Expression
    line: int
    adds: bool = False


@dataclass(frozen=True, slots=True)
class If:
    """The parts with their tests; that of `else` is None."""

    parts: tuple[tuple[Expression | None, tuple[Statement, ...]], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Foreach:
    """A loop over a list (one name) or a dictionary (two)."""

    names: tuple[str, ...]
    over: Expression
    body: tuple[Statement, ...]
    line: int


Statement: TypeAlias = "Assign | If | Foreach"
