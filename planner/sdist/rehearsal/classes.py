"""Classes and objects in the files of a build: made, looked into, changed and called; must not run any.

An attribute that is not known stays unknown; it is never an error, as a base class may well have it.
"""

from __future__ import annotations

import ast

from planner.sdist.interpreter import Interpreter
from planner.sdist.rehearsal.objects import (
    Bound,
    Class,
    Instance,
    Method,
    Package,
    Partial,
    Super,
    foreign_base,
    is_object,
    lookup,
)
from planner.sdist.values import (
    Extension,
    Function,
    Items,
    Module,
    Perhaps,
    Scope,
    Table,
    Unknown,
    Value,
    as_list,
)
from planner.sdist.world import World

__all__ = ["Classes", "last_name"]

_MAX_YIELDS = 500


class Classes(Interpreter):
    """Follows classes; other modules of this package add what a build does with them."""

    _collecting: list[list[Value]]

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._homes: dict[int, Class] = {}
        self._class_scopes: set[int] = set()
        self._assigned: dict[str, Value] = {}
        self._generators: dict[int, bool] = {}

    def _do_classdef(self, node: ast.ClassDef) -> None:
        bases = tuple(self.evaluate(base) for base in node.bases)
        names = frozenset(last_name(decorator) for decorator in node.decorator_list)
        scope = Scope(parent=self.scope)
        made = Class(node.name, bases, scope.names, names)
        self._class_scopes.add(id(scope))
        saved, self.scope = self.scope, scope
        self._stack.append(scope)
        try:
            self._block(node.body)
        finally:
            self.scope = saved
            self._stack.pop()
        made.attributes = scope.names  # a fork may have put another dict there
        for value in made.attributes.values():
            if isinstance(value, Function):
                self._homes[id(value.node)] = made
        self.scope.names[node.name] = made

    def _do_functiondef(self, node: ast.FunctionDef) -> None:
        scope = self.scope  # a method does not see the names of its class
        if id(scope) in self._class_scopes and scope.parent is not None:
            scope = scope.parent
        self.scope.names[node.name] = Function(node, scope)

    def member(self, owner: Value, name: str, node: ast.expr) -> Value:
        """An attribute of an object, NotImplemented where there is none that is known."""
        if isinstance(owner, Package):
            return owner.scope.names.get(name, NotImplemented)
        if isinstance(owner, Super):
            start = owner.owner.type if isinstance(owner.owner, Instance) else owner.owner
            found = lookup(start, name, owner.after) if isinstance(start, Class) else NotImplemented
            kind = owner.owner.kind if isinstance(owner.owner, Instance) else ""
            return (
                Method(kind, name, owner.owner)
                if found is NotImplemented
                else self._bound(found, owner.owner)
            )
        if isinstance(owner, Class):
            if name == "__name__":
                return owner.name
            found = lookup(owner, name)
            if isinstance(found, Function) and "classmethod" in _decorators(found):
                return Bound(found, owner)
            return found
        if not isinstance(owner, Instance):
            return NotImplemented
        if name == "__class__" and owner.type is not None:
            return owner.type
        if name in owner.attributes:
            return owner.attributes[name]
        found = lookup(owner.type, name) if owner.type is not None else NotImplemented
        if isinstance(found, Function) and _decorators(found) & {"property", "cached_property"}:
            return self.call_function(found, [owner], {}, node.lineno)
        return self._bound(found, owner)

    @staticmethod
    def _bound(found: Value, owner: Value) -> Value:
        if not isinstance(found, Function) or "staticmethod" in _decorators(found):
            return found
        return Bound(found, owner)

    def _attribute(self, node: ast.Attribute) -> Value:
        value = self.evaluate(node.value)
        if isinstance(value, Extension) and value.attributes is not None:
            return value.attributes.items.get(node.attr, NotImplemented)
        if not is_object(value):
            return self._attribute_of(value, node)
        found = self.member(value, node.attr, node)
        if found is NotImplemented and isinstance(value, Instance) and not value.kind:
            return self.fails(node.lineno, "AttributeError")
        return Unknown(node.lineno, f"`{node.attr}` is not known") if found is NotImplemented else found

    def fails(self, line: int, name: str) -> Value:
        """An error that the files may be ready for."""
        return Unknown(line, f"it may raise {name}")

    def _dotted(self, name: str) -> Value:
        return self._assigned[name] if name in self._assigned else super()._dotted(name)

    def _store(self, target: ast.expr, value: Value, kinds: frozenset[str]) -> None:
        if isinstance(target, ast.Attribute):
            self.assign(self.evaluate(target.value), target.attr, value)
        else:
            super()._store(target, value, kinds)

    def assign(self, owner: Value, name: str, value: Value) -> None:
        """Set an attribute."""
        if isinstance(owner, (Instance, Class)):
            owner.attributes[name] = value
        elif isinstance(owner, Extension) and owner.attributes is not None:
            owner.attributes.items[name] = value
        elif isinstance(owner, Package):
            owner.scope.names[name] = value
        elif isinstance(owner, Module) and not self._maybe:
            self._assigned[f"{owner.name}.{name}"] = value

    def _method(
        self, owner: Value, name: str, arguments: list[Value], keywords: Table, node: ast.Call
    ) -> Value:
        if not is_object(owner):
            return super()._method(owner, name, arguments, keywords, node)
        found = self.member(owner, name, node)
        if found is NotImplemented and isinstance(owner, Instance):
            found = Method(owner.kind, name, owner)
        if found is NotImplemented:
            return Unknown(node.lineno, f"`{name}()` is not followed")
        return self.invoke(found, arguments, keywords, node)

    def call_other(self, target: Value, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """Call a class, a bound function, or one that setuptools has."""
        if isinstance(target, Perhaps) and not isinstance(target.value, Unknown):
            return self.invoke(target.value, arguments, keywords, node)
        if isinstance(target, Bound):
            return self.call_function(
                target.function, [target.owner, *arguments], keywords.items, node.lineno
            )
        if isinstance(target, Class):
            return self.construct(target, arguments, keywords, node)
        if isinstance(target, Partial):
            given = Table({**target.keywords.items, **keywords.items})
            return self.invoke(target.function, [*target.arguments, *arguments], given, node)
        if isinstance(target, Method):
            return self.call_method_of(target, arguments, keywords, node)
        if isinstance(target, Instance):
            return self._method(target, "__call__", arguments, keywords, node)
        return super().call_other(target, arguments, keywords, node)

    def call_method_of(
        self, target: Method, arguments: list[Value], keywords: Table, node: ast.Call
    ) -> Value:
        """Call a method that the files do not define."""
        del arguments, keywords
        return Unknown(node.lineno, f"`{target.name}()` is not followed")

    def kind_of(self, cls: Class) -> str:
        """What its objects are to setuptools, by the base that is not of the files; "" for others."""
        return foreign_base(cls)

    def construct(self, cls: Class, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """Make an object of a class of the files."""
        made = Instance(self.kind_of(cls), cls)
        start = lookup(cls, "__init__")
        if isinstance(start, Function):
            self.call_function(start, [made, *arguments], keywords.items, node.lineno)
        elif "dataclass" in cls.decorators:
            made.attributes.update(keywords.items)
        elif made.kind and lookup(cls, "__new__") is NotImplemented:
            self.call_method_of(Method(made.kind, "__init__", made), arguments, keywords, node)
        return made

    def call_function(
        self, function: Function, arguments: list[Value], keywords: dict[str, Value], line: int
    ) -> Value:
        """Follow a function; one that yields gives the list of what it yields."""
        if not self._yields(function):
            return super().call_function(function, arguments, keywords, line)
        collected: list[Value] = []
        self._collecting.append(collected)
        try:
            super().call_function(function, arguments, keywords, line)
        finally:
            self._collecting.pop()
        return Items(collected)

    def _yields(self, function: Function) -> bool:
        key = id(function.node)
        if key not in self._generators:
            found = not isinstance(function.node, ast.Lambda) and any(
                isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in _own_nodes(function.node)
            )
            self._generators[key] = found
        return self._generators[key]

    def _yield(self, node: ast.Yield) -> Value:
        value = self.evaluate(node.value) if node.value is not None else None
        if self._collecting and len(self._collecting[-1]) < _MAX_YIELDS:
            self._collecting[-1].append(
                Perhaps(node.lineno, "it may be given", value) if self._maybe else value
            )
        return None

    def _yieldfrom(self, node: ast.YieldFrom) -> Value:
        items = self.items_of(self.evaluate(node.value))
        if self._collecting:
            room = _MAX_YIELDS - len(self._collecting[-1])
            more = items if items is not None else [Unknown(node.lineno, "items that are not known")]
            self._collecting[-1].extend(more[: max(room, 0)])
        return None

    def items_of(self, value: Value) -> list[Value] | None:
        """What iterating gives: of an object, what its `__iter__` does."""
        if isinstance(value, Instance):
            start = self.member(value, "__iter__", ast.Constant(value=None, lineno=0, col_offset=0))
            if isinstance(start, Bound):
                return as_list(self.call_function(start.function, [value], {}, 0))
            return None
        return super().items_of(value)


def _own_nodes(function: ast.FunctionDef) -> list[ast.AST]:
    """The nodes of a function without those of the functions inside it."""
    out: list[ast.AST] = []
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        out.append(node)
        stack.extend(ast.iter_child_nodes(node))
    return out


def _decorators(function: Function) -> frozenset[str]:
    if isinstance(function.node, ast.Lambda):
        return frozenset()
    return frozenset(last_name(decorator) for decorator in function.node.decorator_list)


def last_name(node: ast.expr) -> str:
    """The last part of a name, or of the one that is called."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
