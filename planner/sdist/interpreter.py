"""The way through a setup.py, followed for one target; must not run, import or open anything.

A condition that cannot be decided is followed both ways, and only what both agree on stays known. What it
certainly does (a call of `setup()`, an error raised for this Python) is told apart from what it may do.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from planner.sdist.bindings import Bindings
from planner.sdist.flow import (
    Findings,
    Left,
    Raised,
    Returned,
    SetupCall,
    Stop,
    bind_arguments,
    catches,
    may_jump,
)
from planner.sdist.forks import BREAK, CONTINUE, NONE, RETURN
from planner.sdist.values import (
    Extension,
    Function,
    Items,
    Scope,
    Table,
    Unknown,
    Value,
    clone,
    merge,
    render,
    truth,
)
from planner.sdist.world import UNSET, World

__all__ = ["Interpreter"]

_MAX_DEPTH = 12
_MAX_RECURSION = 6


class Interpreter(Bindings):
    """Follows a parsed setup.py from top to bottom; `findings` tells what it does."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.findings = Findings()
        self._passed: set[str] = set()
        self._calls: list[ast.AST] = []
        self.top.names.update({"__name__": "__main__", "__file__": "setup.py", "__doc__": None})

    def run(self, tree: ast.Module) -> None:
        """Follow the whole file.

        :raises BudgetError: when it asks for too much work.
        """
        for statement in tree.body:
            if not self._survives(statement):
                return

    def _survives(self, statement: ast.stmt) -> bool:
        """Follow a statement of the top level; False when nothing after it could be read by Python either."""
        try:
            self._execute(statement)
        except Raised as error:
            if self.findings.stop is None and not self._maybe:
                kinds = frozenset(self._passed.union(*self._conditions))
                self.findings.stop = Stop(error.line, error.message, kinds)
                self._maybe += 1  # what follows is read for what it tells, but is not reached
            self._conditions.clear()
        except (Returned, Left):
            return False
        return True

    def _block(self, statements: list[ast.stmt]) -> int:
        left = NONE
        for index, statement in enumerate(statements):
            left = self._execute(statement)
            rest = statements[index + 1 :]
            if left and rest:  # which may or may not be reached
                return max(left, self._perhaps(rest, statement.lineno))
        return left

    def _perhaps(self, statements: list[ast.stmt], line: int) -> int:
        return self._fork(lambda: self._block(statements), lambda: NONE, line)

    def _execute(self, node: ast.stmt) -> int:
        self.spend(2)
        method: Callable[[Any], int | None] | None = getattr(self, f"_do_{type(node).__name__.lower()}", None)
        return (method(node) or NONE) if method else NONE

    # Statements -------------------------------------------------------------------------------------

    def _do_return(self, node: ast.Return) -> None:
        raise Returned(self.evaluate(node.value) if node.value else None)

    def _do_break(self, _: ast.Break) -> None:
        raise Left(BREAK)

    def _do_continue(self, _: ast.Continue) -> None:
        raise Left(CONTINUE)

    def _do_raise(self, node: ast.Raise) -> None:
        call = node.exc
        name, message = "Exception", ""
        if isinstance(call, ast.Call):
            arguments = [
                self.evaluate(argument) for argument in call.args if not isinstance(argument, ast.Starred)
            ]
            message = (render(arguments[0]) or "") if arguments else ""
            call = call.func
        if isinstance(call, ast.Name):
            name = call.id
        raise Raised(node.lineno, name, message)

    def _do_assert(self, node: ast.Assert) -> None:
        value, kinds = self._with_kinds(node.test)
        if truth(value) is False:
            message = render(self.evaluate(node.msg)) if node.msg else ""
            self._conditions.append(kinds)
            raise Raised(node.lineno, "AssertionError", message or "")

    def _do_if(self, node: ast.If) -> int:
        value, kinds = self._with_kinds(node.test)
        known = truth(value)
        if known is None:
            return self._fork(lambda: self._block(node.body), lambda: self._block(node.orelse), node.lineno)
        chosen, left_out = (node.body, node.orelse) if known else (node.orelse, node.body)
        if may_jump(left_out):
            self._passed |= kinds
        with self._under(kinds):
            return self._block(chosen)

    @contextmanager
    def _under(self, kinds: frozenset[str]) -> Iterator[None]:
        """Within a branch chosen because of `kinds`; they stay set while an error goes up, for its report."""
        self._conditions.append(kinds)
        try:
            yield
        except Raised:
            raise
        except BaseException:
            self._conditions.pop()
            raise
        else:
            self._conditions.pop()

    def _do_with(self, node: ast.With) -> int:
        for item in node.items:
            value = self.evaluate(item.context_expr)
            if item.optional_vars is not None:
                self._store(item.optional_vars, value, frozenset())
        return self._block(node.body)

    def _do_for(self, node: ast.For) -> int:
        items = self.items_of(self.evaluate(node.iter))
        if items is None:
            self.bind(node.target, Unknown(node.lineno, "an item that is not known"))
            left = self._fork(lambda: self._once(node), lambda: NONE, node.lineno)
            return left if left == RETURN else NONE
        return self._rounds(node, items, 0)

    def _rounds(self, node: ast.For, items: list[Value], start: int) -> int:
        for index in range(start, len(items)):
            self.bind(node.target, items[index])
            left = self._once(node, certain=True)
            if left == BREAK:
                return NONE
            if left in (-BREAK, RETURN):  # perhaps: the remaining rounds may not happen
                more = self._fork(partial(self._rounds, node, items, index + 1), lambda: NONE, node.lineno)
                return RETURN if RETURN in (left, more) else NONE
        return self._block(node.orelse)

    def _once(self, node: ast.For | ast.While, *, certain: bool = False) -> int:
        """One round: how it was left; a certain break is `BREAK`, a possible one negative."""
        try:
            left = self._block(node.body)
        except Left as jump:
            return jump.how if certain and jump.how == BREAK else NONE
        return -BREAK if left == BREAK else NONE if left == CONTINUE else left

    def _do_while(self, node: ast.While) -> int:
        known = truth(self.evaluate(node.test))
        if known is False:
            return self._block(node.orelse)
        left = self._fork(lambda: max(self._once(node), NONE), lambda: NONE, node.lineno)
        self._forget(node)
        return left if left == RETURN else NONE

    def _forget(self, node: ast.AST) -> None:
        """After a loop whose rounds are not counted, nothing that it assigns is known."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                self.scope.names[inner.id] = Unknown(inner.lineno, "it changes in a loop")

    def _do_try(self, node: ast.Try) -> int:
        certain = all(self._certain(statement) for statement in node.body)
        depth = len(self._conditions)
        guard = any(catches(handler, "ImportError") for handler in node.handlers)
        self._guards += guard
        try:
            if certain or not node.handlers:
                left = self._block([*node.body, *node.orelse])
            else:
                left = self._fork_handlers(node)
        except Raised as error:
            handler = next((handler for handler in node.handlers if catches(handler, error.name)), None)
            if handler is None:
                raise
            del self._conditions[depth:]
            self._guards -= guard
            guard = False
            if handler.name:
                self.scope.names[handler.name] = Unknown(handler.lineno)
            with self._under(frozenset({UNSET} if error.name == "ImportError" else ())):
                left = self._block(handler.body)
        finally:
            self._guards -= guard
        return max(left, self._block(node.finalbody))

    def _fork_handlers(self, node: ast.Try) -> int:
        def main() -> int:
            return self._block([*node.body, *node.orelse])

        def fallback() -> int:
            handler = node.handlers[0]
            if handler.name:
                self.scope.names[handler.name] = Unknown(handler.lineno)
            return self._block(handler.body)

        return self._fork(main, fallback, node.lineno)

    def _certain(self, node: ast.stmt) -> bool:
        """Whether a statement in a `try` cannot fail, or fails in a way that this interpreter sees itself."""
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
            return all(self.world.importable(name) or self.world.absent(name) for name in names)
        if isinstance(node, (ast.Assign, ast.Expr)) and isinstance(node.value, (ast.Constant, ast.Name)):
            return True
        return isinstance(node, (ast.Pass, ast.Raise))

    # Calls ------------------------------------------------------------------------------------------

    def call_function(
        self, function: Function, arguments: list[Value], keywords: dict[str, Value], line: int
    ) -> Value:
        """Follow a function of the file; too deep, and its value is not known."""
        self.spend(5)
        again = self._calls.count(function.node)
        if len(self._stack) > _MAX_DEPTH or again >= (2 if self._maybe else _MAX_RECURSION):
            return Unknown(line, "calls too deep to follow")
        scope = Scope(parent=function.scope)
        bind_arguments(scope, function.node, arguments, keywords, self.evaluate)
        if isinstance(function.node, ast.Lambda):
            return self._inside(scope, function.node.body)
        saved, passed, depth = self.scope, set(self._passed), len(self._conditions)
        self.scope = scope
        self._stack.append(scope)
        self._calls.append(function.node)
        try:
            self._block(function.node.body)
            value: Value = None
        except Returned as returned:
            value = returned.value
            del self._conditions[depth:]
        finally:
            self.scope = saved
            self._stack.pop()
            self._calls.pop()
        self._passed = passed
        for other in scope.returns:
            value = merge(value, other, line)
        return value

    def _inside(self, scope: Scope, body: ast.expr) -> Value:
        saved, self.scope = self.scope, scope
        try:
            return self.evaluate(body)
        finally:
            self.scope = saved

    def call_unmodelled(self, name: str, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """Calls that matter (`setup`, `Extension`, `sys.exit`); of all others nothing is known."""
        last = name.rpartition(".")[2]
        if last == "setup" and not name.startswith("setup.py."):
            self.findings.setups.append(SetupCall(clone(keywords, {}), node.lineno, self._maybe == 0))
            return None
        if name in ("sys.exit", "builtins.exit", "builtins.quit", "os._exit", "builtins.SystemExit"):
            message = render(arguments[0]) if arguments else ""
            raise Raised(node.lineno, "SystemExit", "" if message in ("None", None) else message)
        if last.endswith("Extension") or last == "cythonize":
            optional = truth(keywords.items.get("optional", False)) is True
            made = Extension(last, node.lineno, optional)
            self.findings.extensions.append(made)
            return Items([made]) if last == "cythonize" else made
        for argument in arguments:  # whatever it is given, it may change
            if isinstance(argument, Table):
                argument.doubt = argument.doubt or Unknown(node.lineno, f"`{last}()` may change it")
            elif isinstance(argument, Items) and name.partition(".")[0] != "builtins":
                argument.items.append(Unknown(node.lineno, f"`{last}()` may change it"))
        return Unknown(node.lineno, f"`{last}()` is not followed")
