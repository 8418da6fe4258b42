"""How control leaves a statement of a setup.py, and what was seen on the way; must follow nothing itself."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from planner.sdist.values import Extension, Scope, Table, Unknown, Value

__all__ = [
    "Findings",
    "Left",
    "Raised",
    "Returned",
    "SetupCall",
    "Stop",
    "bind_arguments",
    "catches",
    "may_jump",
]


@dataclass(frozen=True, slots=True)
class SetupCall:
    """A call of `setup()`: its keywords, its line, and whether it is certain to be reached first."""

    keywords: Table
    line: int
    certain: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """An error that the file certainly raises, or the exit it takes; `kinds` tells what that depends on.

    `where` is its file and line, where other files are followed too.
    """

    line: int
    message: str
    kinds: frozenset[str]
    where: str = ""


class Raised(Exception):  # noqa: N818 - control flow of the interpreted file
    """An exception, or an exit, of the interpreted file; `names` are those of its classes.

    `signal` says that the class is one of the file's own: such an error leads from one place to another.
    """

    def __init__(self, line: int, name: str, message: str, names: frozenset[str] = frozenset()) -> None:
        self.line, self.name, self.message = line, name, message
        self.names = names or frozenset({name})
        self.where = ""
        self.signal = False


class Returned(Exception):  # noqa: N818 - control flow of the interpreted file
    """A `return` with its value."""

    def __init__(self, value: Value) -> None:
        self.value = value


class Left(Exception):  # noqa: N818 - control flow of the interpreted file
    """A `break` or `continue`."""

    def __init__(self, how: int) -> None:
        self.how = how


@dataclass
class Findings:
    """What was seen on the way."""

    setups: list[SetupCall] = field(default_factory=list)
    extensions: list[Extension] = field(default_factory=list)
    stop: Stop | None = None


def bind_arguments(
    scope: Scope,
    node: ast.FunctionDef | ast.Lambda,
    arguments: list[Value],
    keywords: dict[str, Value],
    evaluate: Callable[[ast.expr], Value],
) -> None:
    """Give the parameters of a function their values, as a call does."""
    parameters = [*node.args.posonlyargs, *node.args.args]
    defaults = node.args.defaults
    first = len(parameters) - len(defaults)
    for index, parameter in enumerate(parameters):
        if index < len(arguments):
            value = arguments[index]
        elif parameter.arg in keywords:
            value = keywords[parameter.arg]
        else:
            value = evaluate(defaults[index - first]) if index >= first else Unknown(node.lineno)
        scope.names[parameter.arg] = value
    for parameter, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        given = keywords.get(parameter.arg, NotImplemented)
        if given is NotImplemented:
            given = evaluate(default) if default is not None else Unknown(node.lineno)
        scope.names[parameter.arg] = given
    if node.args.vararg:
        scope.names[node.args.vararg.arg] = tuple(arguments[len(parameters) :])
    if node.args.kwarg:
        known = {parameter.arg for parameter in (*parameters, *node.args.kwonlyargs)}
        scope.names[node.args.kwarg.arg] = Table({key: v for key, v in keywords.items() if key not in known})


def may_jump(statements: list[ast.stmt]) -> bool:
    """Whether a branch that was not taken would have left what surrounds it."""
    return any(
        isinstance(inner, (ast.Return, ast.Raise, ast.Continue, ast.Break))
        for statement in statements
        for inner in ast.walk(statement)
    )


def catches(handler: ast.ExceptHandler, name: str) -> bool:
    """Whether an `except` clause takes an exception of that name."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {kind.id if isinstance(kind, ast.Name) else "" for kind in kinds if kind is not None}
    if handler.type is None or "BaseException" in names or name in names:
        return True
    return "Exception" in names and name != "SystemExit"
