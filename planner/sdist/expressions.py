"""The value of an expression in a setup.py, where it can be known; must not have Python evaluate anything.

Every node costs a step, and large values cost more: the budget bounds time and memory, whatever comes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from packaging.version import Version

from planner.sdist import methods, operators
from planner.sdist.values import (
    MAX_TEXT,
    PLAIN,
    Function,
    Items,
    Module,
    Place,
    Scope,
    Table,
    Unknown,
    Value,
    VersionInfo,
    as_list,
    render,
    truth,
)
from planner.sdist.world import UNSET, World

__all__ = ["BudgetError", "Expressions"]

MAX_STEPS = 150_000
_INFO_NAMES = {"major": 0, "minor": 1, "micro": 2, "releaselevel": 3, "serial": 4}


class BudgetError(Exception):
    """The file asks for more work than any build description needs."""


class Expressions:
    """Evaluates expressions; `planner.sdist.calls` adds the calls among them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.scope = Scope()
        self.top = self.scope
        self.kinds: set[str] = set()
        self._steps = 0

    def spend(self, steps: int) -> None:
        """Count work; raises `BudgetError` at the end of the budget."""
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise BudgetError

    def evaluate(self, node: ast.expr) -> Value:
        """The value, or `Unknown` with the line where it is lost."""
        self.spend(1)
        method: Callable[[Any], Value] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        value = method(node) if method else NotImplemented
        if value is NotImplemented:
            return Unknown(node.lineno, f"`{type(node).__name__}` cannot be followed")
        if isinstance(value, (str, bytes, tuple)):
            self.spend(len(value) >> 8)
        elif isinstance(value, (Items, Table)):
            self.spend(len(value.items) >> 4)
        return value

    def items_of(self, value: Value) -> list[Value] | None:
        """What iterating over a value gives, or None when that is not known."""
        return as_list(value)

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, int) and abs(node.value) >= 1 << 64:
            return NotImplemented
        return node.value

    def _name(self, node: ast.Name) -> Value:
        scope: Scope | None = self.scope
        while scope is not None:
            if node.id in scope.names:
                self.kinds |= scope.kinds.get(node.id, frozenset())
                return scope.names[node.id]
            scope = scope.parent
        if node.id in ("True", "False", "None"):
            return {"True": True, "False": False, "None": None}[node.id]
        return Module(f"builtins.{node.id}")

    def _tuple(self, node: ast.Tuple) -> Value:
        return tuple(self._elements(node.elts))

    def _list(self, node: ast.List) -> Value:
        return Items(self._elements(node.elts))

    def _set(self, node: ast.Set) -> Value:
        return Items(list(dict.fromkeys(self._elements(node.elts))), "set")

    def _elements(self, nodes: list[ast.expr]) -> list[Value]:
        out: list[Value] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                items = self.items_of(self.evaluate(node.value))
                out.extend(items if items is not None else [Unknown(node.lineno, "a list of unknown length")])
            else:
                out.append(self.evaluate(node))
        return out

    def _dict(self, node: ast.Dict) -> Value:
        table = Table()
        for key, value in zip(node.keys, node.values, strict=True):
            made = self.evaluate(value)
            if key is None:
                methods.call_method(table, "update", [made], {})
                continue
            name = self.evaluate(key)
            if isinstance(name, PLAIN) and not isinstance(name, tuple):
                table.items[name] = made
            else:
                table.doubt = table.doubt or Unknown(node.lineno, "a key that is not known")
        return table

    def _joinedstr(self, node: ast.JoinedStr) -> Value:
        parts: list[str] = []
        for piece in node.values:
            if isinstance(piece, ast.FormattedValue):
                if piece.format_spec is not None or piece.conversion not in (-1, ord("s")):
                    return NotImplemented
                text = render(self.evaluate(piece.value))
                if text is None:
                    return NotImplemented
                parts.append(text)
            else:
                parts.append(str(self.evaluate(piece)))
        whole = "".join(parts)
        return whole if len(whole) <= MAX_TEXT else NotImplemented

    def _binop(self, node: ast.BinOp) -> Value:
        one, other = self.evaluate(node.left), self.evaluate(node.right)
        if isinstance(one, Items) and isinstance(other, Unknown) and isinstance(node.op, ast.Add):
            return Items([*one.items, other])
        if isinstance(other, Items) and isinstance(one, Unknown) and isinstance(node.op, ast.Add):
            return Items([one, *other.items])
        for side in (one, other):
            if isinstance(side, Unknown):
                return side
        return operators.binary(node.op, one, other)

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        value = self.evaluate(node.operand)
        if isinstance(node.op, ast.Not):
            known = truth(value)
            return value if known is None else not known
        if isinstance(node.op, ast.USub) and isinstance(value, (int, float)):
            return -value
        return NotImplemented

    def _boolop(self, node: ast.BoolOp) -> Value:
        decisive = isinstance(node.op, ast.Or)
        lost: Unknown | None = None
        value: Value = None
        for operand in node.values:
            value = self.evaluate(operand)
            known = truth(value)
            if known is decisive:  # certain whatever was not known before it, as far as truth goes
                return value if lost is None else decisive
            if known is None:
                lost = lost or (value if isinstance(value, Unknown) else Unknown(node.lineno))
        return lost if lost is not None else value

    def _compare(self, node: ast.Compare) -> Value:
        left = self.evaluate(node.left)
        doubt = False
        for operation, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(right_node)
            outcome: bool | None
            if isinstance(right, Module) and isinstance(operation, (ast.In, ast.NotIn)):
                self.kinds.add(UNSET)
                absent = self.world.lacks(right.name, left)
                outcome = None if absent is None else absent is isinstance(operation, ast.NotIn)
            elif isinstance(left, Module) and left.name == "sys.argv" and isinstance(operation, ast.Eq):
                self.kinds.add(UNSET)
                outcome = False if self.world.lacks("sys.argv", right) else None
            else:
                outcome = operators.compare(type(operation).__name__, left, right)
            if outcome is False:
                return False
            doubt = doubt or outcome is None
            left = right
        return Unknown(node.lineno, "a comparison that cannot be decided") if doubt else True

    def _ifexp(self, node: ast.IfExp) -> Value:
        known = truth(self.evaluate(node.test))
        if known is None:
            return Unknown(node.lineno, "it depends on a condition that cannot be known")
        return self.evaluate(node.body if known else node.orelse)

    def _namedexpr(self, node: ast.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        self.scope.names[node.target.id] = value
        return value

    def _lambda(self, node: ast.Lambda) -> Value:
        return Function(node, self.scope)

    def _subscript(self, node: ast.Subscript) -> Value:
        value = self.evaluate(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = (node.slice.lower, node.slice.upper, node.slice.step)
            if isinstance(value, Module) and value.name == "sys.argv":
                return value
            ends = [None if bound is None else self.evaluate(bound) for bound in bounds]
            if any(not (end is None or isinstance(end, int)) for end in ends) or ends[2] == 0:
                return NotImplemented
            key: Value = slice(*ends)
        else:
            key = self.evaluate(node.slice)
            if isinstance(value, Module) and value.name == "sys.argv":
                return value  # a word of the command line
        if isinstance(value, Unknown):
            return value
        found = operators.subscript(value, key)
        return tuple(found) if isinstance(found, VersionInfo) else found

    def _attribute(self, node: ast.Attribute) -> Value:
        return self._attribute_of(self.evaluate(node.value), node)

    def _attribute_of(self, value: Value, node: ast.Attribute) -> Value:
        if isinstance(value, Unknown):
            return value
        if isinstance(value, Module):
            return self._dotted(f"{value.name}.{node.attr}")
        if isinstance(value, VersionInfo):
            return value[_INFO_NAMES[node.attr]] if node.attr in _INFO_NAMES else NotImplemented
        if isinstance(value, Version) and node.attr in ("major", "minor", "micro", "release", "public"):
            return getattr(value, node.attr)
        if isinstance(value, Place):
            return {
                "parent": Place(value.path.rpartition("/")[0]),
                "name": value.path.rpartition("/")[2],
            }.get(node.attr, NotImplemented)
        return NotImplemented

    def _dotted(self, name: str) -> Value:
        answer = self.world.attribute(name)
        if answer is None:
            return Module(name)
        value, kind = answer
        self.kinds |= {kind} - {""}
        return value

    def imported(self, name: str) -> Value:
        """What `from X import Y` binds, by its dotted name."""
        return self._dotted(name)

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
        out: list[Value] = []
        scope = self.scope
        self.scope = Scope(parent=scope)
        try:
            complete = self._loop(node.generators, lambda: out.append(self.evaluate(node.elt)))
        finally:
            self.scope = scope
        if not complete:
            return Unknown(node.lineno, "a list made from something that is not known")
        return Items(out, "set" if isinstance(node, ast.SetComp) else "list")

    _generatorexp = _listcomp
    _setcomp = _listcomp

    def _dictcomp(self, node: ast.DictComp) -> Value:
        table = Table()

        def add() -> None:
            key = self.evaluate(node.key)
            value = self.evaluate(node.value)
            if isinstance(key, PLAIN) and not isinstance(key, tuple):
                table.items[key] = value
            else:
                table.doubt = Unknown(node.lineno, "a key that is not known")

        scope = self.scope
        self.scope = Scope(parent=scope)
        try:
            complete = self._loop(node.generators, add)
        finally:
            self.scope = scope
        return table if complete else Unknown(node.lineno, "a dict made from something that is not known")

    def _loop(self, generators: list[ast.comprehension], body: Callable[[], object]) -> bool:
        """Run `body` for each item; False when an iterable or a condition is not known."""
        if not generators:
            body()
            return True
        first, rest = generators[0], generators[1:]
        items = self.items_of(self.evaluate(first.iter))
        if items is None or first.is_async:
            return False
        for item in items:
            self.spend(1)
            self.bind(first.target, item)
            wanted: bool | None = True
            for test in first.ifs:
                wanted = truth(self.evaluate(test))
                if not wanted:
                    break
            if wanted is None:
                return False
            if wanted and not self._loop(rest, body):
                return False
        return True

    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign to a name or to a pattern of names."""
        if isinstance(target, ast.Name):
            self.scope.names[target.id] = value
            return
        if isinstance(target, ast.Starred):
            self.bind(target.value, Unknown(target.lineno))
            return
        if isinstance(target, (ast.Tuple, ast.List)):
            items = as_list(value)
            fits = items is not None and len(items) == len(target.elts)
            fits = fits and not any(isinstance(element, ast.Starred) for element in target.elts)
            for index, element in enumerate(target.elts):
                self.bind(element, items[index] if items and fits else Unknown(target.lineno))
