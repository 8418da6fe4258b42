"""Classes and objects in the files of a build: made, looked into, changed and called; must not run any.

An attribute that is not known stays unknown; it is never an error, as a base class may well have it.
"""

from __future__ import annotations

import ast
from typing import Any

from planner.sdist.flow import Raised
from planner.sdist.interpreter import Interpreter
from planner.sdist.objects import (
    Bound,
    Class,
    Instance,
    Method,
    Package,
    Partial,
    Super,
    error_names,
    foreign_base,
    is_object,
    lineage,
    lookup,
)
from planner.sdist.values import (
    Extension,
    Function,
    Items,
    Module,
    Perhaps,
    Place,
    Scope,
    Table,
    Unknown,
    Value,
    as_list,
)
from planner.sdist.world import World

__all__ = ["Classes"]

_MAX_YIELDS = 500
_PLAIN_TYPES = {
    "str": (str,), "bytes": (bytes,), "int": (int, bool), "bool": (bool,), "float": (float,), "tuple": (tuple,),
}  # fmt: skip


class Classes(Interpreter):
    """Follows classes; `planner.sdist.rehearsal` adds what a build does with them."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._homes: dict[int, Class] = {}
        self._class_scopes: set[int] = set()
        self._assigned: dict[str, Value] = {}
        self._generators: dict[int, bool] = {}

    # Definitions ------------------------------------------------------------------------------------

    def _do_classdef(self, node: ast.ClassDef) -> None:
        bases = tuple(self.evaluate(base) for base in node.bases)
        names = frozenset(_last_name(decorator) for decorator in node.decorator_list)
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

    # Attributes -------------------------------------------------------------------------------------

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

    # Calls ------------------------------------------------------------------------------------------

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

    _collecting: list[list[Value]]

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

    # The few built-in functions that concern objects ------------------------------------------------

    def _builtin(self, name: str, arguments: list[Value], node: ast.Call) -> Value:
        method = getattr(self, f"_builtin_{name}", None)
        if method is not None and (arguments or name in ("super", "globals", "locals", "vars")):
            return method(arguments, node)
        return super()._builtin(name, arguments, node)

    def _builtin_super(self, arguments: list[Value], node: ast.Call) -> Value:
        function = self._calls[-1] if self._calls else None
        home = arguments[0] if arguments else self._homes.get(id(function))
        owner: Value = arguments[1] if len(arguments) > 1 else NotImplemented
        if owner is NotImplemented and isinstance(function, ast.FunctionDef):
            parameters = [*function.args.posonlyargs, *function.args.args]
            owner = self.scope.names.get(parameters[0].arg, NotImplemented) if parameters else NotImplemented
        if not isinstance(home, Class) or owner is NotImplemented:
            return Unknown(node.lineno, "`super()` of something that is not known")
        return Super(owner, home)

    def _builtin_getattr(self, arguments: list[Value], node: ast.Call) -> Value:
        owner, name = (*arguments, None, None)[:2]
        if not isinstance(name, str):
            return Unknown(node.lineno, "an attribute whose name is not known")
        value = self._attribute_named(owner, name, node)
        known = self._builtin_hasattr([owner, name], node)
        if len(arguments) > 2 and known is not True:
            fallback = arguments[2]
            return fallback if known is False or not isinstance(value, Module) else value
        return value

    def _attribute_named(self, owner: Value, name: str, node: ast.Call) -> Value:
        if isinstance(owner, Extension) and owner.attributes is not None:
            return owner.attributes.items.get(name, NotImplemented)
        if is_object(owner):
            found = self.member(owner, name, node)
            return Unknown(node.lineno, f"`{name}` is not known") if found is NotImplemented else found
        return self._dotted(f"{owner.name}.{name}") if isinstance(owner, Module) else NotImplemented

    def _builtin_hasattr(self, arguments: list[Value], node: ast.Call) -> Value:
        owner, name = (*arguments, None, None)[:2]
        if isinstance(owner, Module) and owner.name == "sys" and isinstance(name, str):
            absent = (
                "pypy",
                "getwindows",
                "gettotalrefcount",
                "real_prefix",
                "frozen",
                "_MEI",
                "winver",
                "setup",
            )
            return not name.startswith(absent)
        if isinstance(owner, Extension) and owner.attributes is not None:
            return name in owner.attributes.items
        if not is_object(owner) or not isinstance(name, str):
            return NotImplemented
        if self.member(owner, name, node) is not NotImplemented:
            return True
        foreign = owner.kind if isinstance(owner, Instance) else "?"
        return NotImplemented if foreign else False

    def _builtin_setattr(self, arguments: list[Value], node: ast.Call) -> Value:
        if len(arguments) == 3 and isinstance(arguments[1], str):
            self.assign(arguments[0], arguments[1], arguments[2])
        return None

    def _builtin_isinstance(self, arguments: list[Value], node: ast.Call) -> Value:
        value, wanted = (*arguments, None)[:2]
        if isinstance(value, Unknown):
            return NotImplemented
        answers = [_is_a(value, one) for one in (wanted if isinstance(wanted, tuple) else (wanted,))]
        return True if True in answers else NotImplemented if None in answers else False

    def _builtin_print(self, arguments: list[Value], node: ast.Call) -> Value:
        return None

    def _builtin_globals(self, arguments: list[Value], node: ast.Call) -> Value:
        scope = self.scope
        while scope.parent is not None:
            scope = scope.parent
        return Table(dict(scope.names))

    def _builtin_dict(self, arguments: list[Value], node: ast.Call) -> Value:
        pairs = self.items_of(arguments[0]) if not isinstance(arguments[0], Table) else None
        made = super()._builtin("dict", arguments, node)
        if pairs is None or not isinstance(made, Table):
            return made
        if all(
            isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], (str, int)) for pair in pairs
        ):
            return Table({**dict(pairs), **made.items})
        return made

    def _builtin_sum(self, arguments: list[Value], node: ast.Call) -> Value:
        lists = [as_list(item) for item in self.items_of(arguments[0]) or ()]
        if len(arguments) < 2 or None in lists:
            return NotImplemented
        return Items([item for one in lists for item in one or ()])

    # Errors -----------------------------------------------------------------------------------------

    def _do_raise(self, node: ast.Raise) -> None:
        if node.exc is None:
            current = self._handling[-1] if self._handling else None
            if current is not None:
                raise Raised(node.lineno, current.name, current.message, current.names)
            raise Raised(node.lineno, "RuntimeError", "", error_names("RuntimeError"))
        value = self.evaluate(node.exc)
        if isinstance(value, Instance) and isinstance(value.attributes.get("names"), frozenset):
            names: Any = value.attributes["names"]
            raise Raised(node.lineno, str(value.attributes.get("name", "")), "", names)
        name = value.name.rpartition(".")[2] if isinstance(value, Module) else _last_name(node.exc)
        if isinstance(value, (Class, Instance)):
            raise Raised(node.lineno, name, "", error_names(value))
        raise Raised(node.lineno, name, "", error_names(name))

    _handling: list[Raised]


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
    return frozenset(_last_name(decorator) for decorator in function.node.decorator_list)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_a(value: Value, wanted: Value) -> bool | None:
    if isinstance(wanted, Class):
        if isinstance(value, Instance):
            return value.type is not None and wanted in list(lineage(value.type))
        return False if isinstance(value, (str, int, Items, Table, tuple)) else None
    if not isinstance(wanted, Module):
        return None
    name = wanted.name.rpartition(".")[2]
    if name.endswith("Extension"):
        made = isinstance(value, Extension) or (
            isinstance(value, Instance) and value.kind.endswith("Extension")
        )
        return None if made and name != "Extension" else made
    if name in _PLAIN_TYPES:
        return isinstance(value, _PLAIN_TYPES[name])
    if name in ("list", "set"):
        return isinstance(value, Items) and value.kind == name
    if name in ("dict", "Mapping", "MutableMapping"):
        return isinstance(value, Table)
    if name in ("Path", "PurePath", "PathLike"):
        return isinstance(value, Place)
    return False if value is None else None
