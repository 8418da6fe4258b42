"""What gives names in a setup.py their values: assignments, definitions, imports; must import nothing itself.

A value keeps what it depends on (the target's Python, its system), so that a refusal can be told apart.
"""

from __future__ import annotations

import ast

from planner.sdist import methods, operators
from planner.sdist.flow import Raised
from planner.sdist.forks import Forks
from planner.sdist.values import Function, Items, Module, Scope, Table, Unknown, Value
from planner.sdist.world import World

__all__ = ["Bindings"]


class Bindings(Forks):
    """Follows what binds a name; `planner.sdist.interpreter` adds the way from one statement to another."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._guards = 0

    def _do_expr(self, node: ast.Expr) -> None:
        self.evaluate(node.value)

    def _do_assign(self, node: ast.Assign) -> None:
        value, kinds = self._with_kinds(node.value)
        for target in node.targets:
            self._store(target, value, kinds)

    def _do_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            value, kinds = self._with_kinds(node.value)
            self._store(node.target, value, kinds)

    def _do_augassign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            owner = self._owner(node.target.id)
            current = owner.names.get(node.target.id, Unknown(node.lineno))
        else:
            current = self.evaluate(node.target)
        value, kinds = self._with_kinds(node.value)
        if isinstance(node.op, ast.Add) and isinstance(current, Items):
            methods.call_method(current, "extend", [value], {})
            return
        made = current if isinstance(current, Unknown) else value
        if not isinstance(current, Unknown) and not isinstance(value, Unknown):
            made = operators.binary(node.op, current, value)
        made = Unknown(node.lineno) if made is NotImplemented else made
        self._store(node.target, made, kinds)

    def _with_kinds(self, node: ast.expr) -> tuple[Value, frozenset[str]]:
        """The value, and what it depends on: by what it reads, and by the conditions on the way to it."""
        before, self.kinds = self.kinds, set()
        try:
            value = self.evaluate(node)
            kinds = frozenset(self.kinds.union(*self._conditions))
        finally:
            self.kinds = before | self.kinds
        return value, kinds

    def _owner(self, name: str) -> Scope:
        return self.top if name in self.scope.globals_ else self.scope

    def _store(self, target: ast.expr, value: Value, kinds: frozenset[str]) -> None:
        if isinstance(target, ast.Name):
            scope = self._owner(target.id)
            scope.names[target.id] = value
            scope.kinds[target.id] = kinds
        elif isinstance(target, (ast.Tuple, ast.List)):
            self.bind(target, value)
            for element in target.elts:
                if isinstance(element, ast.Name):
                    self.scope.kinds[element.id] = kinds
        elif isinstance(target, ast.Subscript):
            self._store_item(target, value)

    def _store_item(self, target: ast.Subscript, value: Value) -> None:
        owner, key = self.evaluate(target.value), self.evaluate(target.slice)
        if isinstance(owner, Table):
            if isinstance(key, (str, int)):
                owner.items[key] = value
            else:
                owner.doubt = owner.doubt or Unknown(target.lineno, "a key that is not known")
        elif isinstance(owner, Items):
            if isinstance(key, int) and -len(owner.items) <= key < len(owner.items):
                owner.items[key] = value
            else:
                owner.items.append(Unknown(target.lineno, "an item that is not known"))

    def _do_functiondef(self, node: ast.FunctionDef) -> None:
        self.scope.names[node.name] = Function(node, self.scope)

    def _do_classdef(self, node: ast.ClassDef) -> None:
        self.scope.names[node.name] = Module(f"setup.py.{node.name}")

    def _do_import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._verify_import(alias.name, node.lineno)
            name = alias.asname or alias.name.partition(".")[0]
            self.scope.names[name] = self.imported(alias.name if alias.asname else name)

    def _do_importfrom(self, node: ast.ImportFrom) -> None:
        home = node.module or ""
        if not node.level:
            self._verify_import(home, node.lineno)
        for alias in node.names:
            name = alias.asname or alias.name
            value, kinds = self._reading(f"{home}.{alias.name}")
            self.scope.names[name] = value
            self.scope.kinds[name] = kinds

    def _verify_import(self, module: str, line: int) -> None:
        """A guarded import fails in an isolated build, unless a build requirement or the sdist brings it.

        An unguarded one shows that the build cannot be isolated: then it is taken to be there.
        """
        if self._guards and self.world.absent(module):
            raise Raised(line, "ImportError", "")

    def _reading(self, dotted: str) -> tuple[Value, frozenset[str]]:
        before, self.kinds = self.kinds, set()
        value = self.imported(dotted)
        kinds, self.kinds = frozenset(self.kinds), before
        return value, kinds

    def _do_global(self, node: ast.Global) -> None:
        if self.scope is not self.top:
            self.scope.globals_.update(node.names)

    def _do_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scope.names.pop(target.id, None)
            elif isinstance(target, ast.Subscript):
                owner, key = self.evaluate(target.value), self.evaluate(target.slice)
                if isinstance(owner, Table) and isinstance(key, (str, int)):
                    owner.items.pop(key, None)
