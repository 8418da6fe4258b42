"""The calls in a setup.py: built-in functions, methods, and what the target's world answers; no others.

What matters of the rest (`setup`, `Extension`, `sys.exit`, the file's own functions) is the interpreter's.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod

from planner.sdist import methods
from planner.sdist.expressions import Expressions
from planner.sdist.values import (
    PLAIN,
    Function,
    Items,
    Module,
    Place,
    Table,
    Unknown,
    Value,
    as_list,
    render,
    truth,
)
from planner.sdist.world import UNSET

__all__ = ["Calls", "called"]

_MAX_RANGE = 1_000


class Calls(Expressions, ABC):
    """Evaluates calls; `planner.sdist.interpreter` adds statements and the file's own functions."""

    @abstractmethod
    def call_function(
        self, function: Function, arguments: list[Value], keywords: dict[str, Value], line: int
    ) -> Value:
        """Call a function of the file; the interpreter knows how."""

    @abstractmethod
    def call_unmodelled(self, name: str, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """Call something whose code is not known; the interpreter recognises the few that matter."""

    def _call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Attribute):
            owner = self.evaluate(node.func.value)
            if isinstance(owner, Unknown) and node.func.attr != "setup":
                return self._lost_method(owner, node)
            if not isinstance(owner, (Module, Unknown)):
                arguments, keywords = self._arguments(node)
                return self._method(owner, node.func.attr, arguments, keywords, node)
            target = owner if isinstance(owner, Unknown) else self._dotted(f"{owner.name}.{node.func.attr}")
        else:
            target = self.evaluate(node.func)
        arguments, keywords = self._arguments(node)
        if isinstance(target, Unknown) and called(node.func) == "setup":
            target = Module("setuptools.setup")  # whichever of several it is
        return self.invoke(target, arguments, keywords, node)

    def invoke(self, target: Value, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """Call a value."""
        if isinstance(target, Function):
            return self.call_function(target, arguments, keywords.items, node.lineno)
        if not isinstance(target, Module):
            return self.call_other(target, arguments, keywords, node)
        answer = self.world.call(target.name, arguments, node.lineno)
        if answer is not None:
            value, kind = answer
            self.kinds |= {kind} - {""}
            return value
        home, _, name = target.name.partition(".")
        if home in ("builtins", "itertools"):
            value = self._builtin(name, arguments, node)
            if value is not NotImplemented:
                return value
        return self.call_unmodelled(target.name, arguments, keywords, node)

    def call_other(self, target: Value, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """Call what is neither a function of the file nor something in a module."""
        del arguments, keywords, node
        return target if isinstance(target, Unknown) else NotImplemented

    def _lost_method(self, owner: Unknown, node: ast.Call) -> Value:
        """Call a method of something that is not known."""
        self._arguments(node)
        return owner

    def _arguments(self, node: ast.Call) -> tuple[list[Value], Table]:
        arguments = self._elements(node.args)
        keywords = Table()
        for keyword in node.keywords:
            value = self.evaluate(keyword.value)
            if keyword.arg is None:
                methods.call_method(keywords, "update", [value], {})
            else:
                keywords.items[keyword.arg] = value
        return arguments, keywords

    def _method(
        self, owner: Value, name: str, arguments: list[Value], keywords: Table, node: ast.Call
    ) -> Value:
        self.spend(len(owner.items) >> 4 if isinstance(owner, (Items, Table)) else 1)
        if isinstance(owner, Place):
            if name in ("exists", "is_file", "is_dir"):
                there = self.world.exists(owner.path)
                self.kinds |= set() if there else {UNSET}  # it may have been made before
                return there
            if name in ("open", "read_text"):
                opened = self.world.open(owner)
                return opened if name == "open" else methods.call_method(opened, "read", [], {})
        if isinstance(owner, Module):
            return NotImplemented
        value = methods.call_method(owner, name, arguments, keywords.items)
        if isinstance(owner, Items):
            owner.items[:] = [
                Unknown(node.lineno, item.why) if isinstance(item, Unknown) and not item.line else item
                for item in owner.items
            ]
        return value

    def _builtin(self, name: str, arguments: list[Value], node: ast.Call) -> Value:
        one = arguments[0] if arguments else None
        if (
            name in ("list", "tuple", "set", "sorted", "reversed", "frozenset", "dict")
            and len(node.args) <= 1
        ):
            return self._collection(name, one, node)
        if name in ("str", "int", "float", "bool", "len"):
            return _convert(name, one)
        items = as_list(arguments[-1]) if arguments else None
        if name in ("chain", "chain.from_iterable"):
            return _chained(arguments if name == "chain" else items)
        if name in ("map", "filter") and len(arguments) == 2 and items is not None:
            return self._mapped(name, one, items, node)
        if name in ("any", "all") and items is not None:
            known = [truth(item) for item in items]
            decisive = name == "any"
            return decisive if decisive in known else NotImplemented if None in known else not decisive
        if name == "range" and 1 <= len(arguments) <= 3 and all(isinstance(end, int) for end in arguments):
            step = arguments[2] if len(arguments) == 3 else 1
            numbers = range(*arguments) if step else range(0)
            return Items(list(numbers)) if len(numbers) <= _MAX_RANGE else NotImplemented
        if name == "enumerate" and items is not None and len(arguments) == 1:
            return Items(list(enumerate(items)))
        if name == "zip":
            lists = [as_list(argument) for argument in arguments]
            return (
                NotImplemented if None in lists else Items(list(zip(*(x or [] for x in lists), strict=False)))
            )
        return NotImplemented

    def _collection(self, name: str, one: Value, node: ast.Call) -> Value:
        if name == "dict":
            _, keywords = self._arguments(ast.Call(node.func, [], node.keywords))
            table = Table()
            if node.args:
                methods.call_method(table, "update", [one], {})
            methods.call_method(table, "update", [keywords], {})
            return table
        items = as_list(one) if node.args else []
        if items is None:
            return one if isinstance(one, Unknown) else NotImplemented
        if name == "tuple":
            return tuple(items)
        if name in ("set", "frozenset"):
            known = all(isinstance(item, PLAIN) for item in items)
            return Items(list(dict.fromkeys(items)) if known else items, "set")
        if name == "sorted":
            plain = all(isinstance(item, str) for item in items) and not node.keywords
            return Items(sorted(items)) if plain else Items(items)
        return Items(items[::-1] if name == "reversed" else items)

    def _mapped(self, name: str, function: Value, items: list[Value], node: ast.Call) -> Value:
        out: list[Value] = []
        for item in items:
            self.spend(1)
            if isinstance(function, Function):
                made = self.call_function(function, [item], {}, node.lineno)
            elif isinstance(function, Module) and function.name in ("builtins.str", "builtins.int"):
                made = _convert(function.name[9:], item)
            elif (
                isinstance(function, Module)
                and function.name == "builtins.str.strip"
                and isinstance(item, str)
            ):
                made = item.strip()
            elif function is None and name == "filter":
                made = item
            else:
                return NotImplemented
            if name == "map":
                out.append(Unknown(node.lineno) if made is NotImplemented else made)
                continue
            known = truth(made)
            if known is None:
                return NotImplemented
            if known:
                out.append(item)
        return Items(out)


def called(node: ast.expr) -> str:
    """The last part of the name that is called."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _chained(parts: list[Value] | None) -> Value:
    lists = [as_list(part) for part in parts or []]
    if parts is None or any(items is None for items in lists):
        return NotImplemented
    return Items([item for items in lists for item in items or []])


def _convert(name: str, value: Value) -> Value:
    """`str`, `int`, `float`, `bool` and `len`."""
    if name == "bool":
        known = truth(value)
        return NotImplemented if known is None else known
    if name == "len":
        items = as_list(value)
        return NotImplemented if items is None else len(items)
    if name == "str":
        text = render(value)
        return value if isinstance(value, Unknown) else NotImplemented if text is None else text
    if isinstance(value, (str, int, float)) and (not isinstance(value, str) or len(value) <= 20):
        try:
            return int(value) if name == "int" else float(value)
        except (ValueError, OverflowError):
            return NotImplemented
    return NotImplemented
