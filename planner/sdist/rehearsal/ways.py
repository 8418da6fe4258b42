"""The way through the files of a build: conditions, loops and errors, followed on an imagined machine.

A condition that cannot be decided is followed both ways, and what they leave is joined. Must not know what a
call means.
"""

from __future__ import annotations

import ast
import errno
from collections.abc import Callable
from functools import partial
from typing import Any

from planner.sdist.flow import Left, Raised, Returned, Stop
from planner.sdist.forks import BREAK, CONTINUE, NONE, RETURN
from planner.sdist.rehearsal.classes import last_name
from planner.sdist.rehearsal.object_functions import ObjectFunctions
from planner.sdist.rehearsal.objects import Class, Instance, error_names
from planner.sdist.rehearsal.states import capture, changed, join_states, restore
from planner.sdist.values import Items, Module, Perhaps, Printed, Scope, Unknown, Value, as_list, truth

__all__ = ["Ways"]

MAX_FORKS = 60
_CHECKS = frozenset(
    {"compile", "link_executable", "link_shared_object", "try_compile", "try_link", "preprocess", "link"}
)


class Ways(ObjectFunctions):
    """Follows statements; an error that the files raise goes up to where they catch it."""

    _shields: list[frozenset[str]]
    _handling: list[Raised]
    _forked: dict[str, int]
    _line: int
    _signals: list[Raised]
    checked: set[str]

    def where(self, line: int) -> str:
        """The file and line that is being followed."""
        scope = self.scope
        while scope.parent is not None and not scope.file:
            scope = scope.parent
        return f"{scope.file or 'setup.py'}:{line}"

    def _execute(self, node: ast.stmt) -> int:
        self._line = node.lineno
        try:
            return super()._execute(node)
        except Raised as error:
            error.where = error.where or self.where(error.line or node.lineno)
            raise

    def _survives(self, statement: ast.stmt) -> bool:
        try:
            self._execute(statement)
        except Raised as error:
            self._stopped(error)
        except (Returned, Left):
            return False
        return True

    def _stopped(self, error: Raised) -> None:
        """The build ends here, if the way to this place is certain."""
        if self.findings.stop is None and not self._maybe:
            self.findings.stop = Stop(error.line, error.message, frozenset(), error.where)
            self._maybe += 1  # what follows is read for what it tells, but is not reached
        self._conditions.clear()
        self._shields.clear()

    def _roots(self) -> list[Value]:
        """What leads to everything that a way may change."""
        return [*self._stack, self.scope, *self._assigned.values(), Items(list(self.findings.extensions))]

    def _fork(self, one: Callable[[], int], other: Callable[[], int], line: int) -> int:
        """Follow both ways from one state and join what they leave; one that ends in an error is dropped."""
        place = self.where(line)
        self._forked[place] = self._forked.get(place, 0) + 1
        if self._forked[place] > MAX_FORKS:
            return NONE  # the same question again and again, about one file after another
        before = capture(self._roots(), self.spend)
        shields = len(self._shields)
        first = self._way(one)
        del self._shields[shields:]
        after_one = changed(before)
        restore({key: before[key] for key in after_one})
        second = self._way(other)
        del self._shields[shields:]
        if isinstance(first, Raised) and isinstance(second, Raised):
            raise first
        for way in (first, second):
            if isinstance(way, Raised) and way.signal and self.shielded(way.names):
                self._signals.append(way)
        if isinstance(first, Raised):
            return self._settle(second)
        if isinstance(second, Raised):
            restore({key: before[key] for key in changed(before)})
            restore(after_one)
            return self._settle(first)
        join_states(before, after_one, changed(before), line)
        return self._join(first, second, line)

    def _rounds(self, node: ast.For, items: list[Value], start: int) -> int:
        if not start and any(not isinstance(item, Unknown) for item in items):
            items = [item for item in items if not _blank(item)]
        for index in range(start, len(items)):
            item = items[index]
            if isinstance(item, Perhaps):
                left = self._fork(partial(self._round, node, item.value), lambda: NONE, node.lineno)
                left = -BREAK if left == BREAK else NONE if left == CONTINUE else left
            else:
                self.bind(node.target, item)
                left = self._once(node, certain=True)
            if left == BREAK:
                return NONE
            if left in (-BREAK, RETURN):  # perhaps: the remaining rounds may not happen
                more = self._fork(partial(self._rounds, node, items, index + 1), lambda: NONE, node.lineno)
                return RETURN if RETURN in (left, more) else NONE
        return self._block(node.orelse)

    def _round(self, node: ast.For, item: Value) -> int:
        self.bind(node.target, item)
        return self._block(node.body)

    def items_of(self, value: Value) -> list[Value] | None:
        """What iterating gives; of what is only perhaps there, its items perhaps."""
        if isinstance(value, Perhaps):
            inner = self.items_of(value.value)
            if inner is not None:
                return [
                    item if isinstance(item, Unknown) else Perhaps(value.line, value.why, item)
                    for item in inner
                ]
        return [value] if isinstance(value, Printed) else super().items_of(value)

    def _boolop(self, node: ast.BoolOp) -> Value:
        """A known value behind an unknown one is taken: it is the usual one (`environ.get("CC") or "cc"`)."""
        made = super()._boolop(node)
        if isinstance(made, bool) and made and isinstance(node.op, ast.Or):
            for operand in node.values:
                value = self.evaluate(operand)
                if truth(value) is True:
                    return value
        return made

    def _binop(self, node: ast.BinOp) -> Value:
        made = super()._binop(node)
        if made is NotImplemented and isinstance(node.op, ast.Pow):
            base, power = self.evaluate(node.left), self.evaluate(node.right)
            small = isinstance(base, int) and isinstance(power, int) and abs(base) <= 10 and 0 <= power <= 63
            return base**power if small else NotImplemented
        if made is NotImplemented and isinstance(node.op, ast.Add):
            sides = [self.evaluate(node.left), self.evaluate(node.right)]
            lists = [side for side in sides if isinstance(side, Items)]
            if len(lists) == 1 and any(isinstance(side, Module) for side in sides):
                return Items(list(lists[0].items))  # a list of setuptools' own, and more
        return made

    def _do_if(self, node: ast.If) -> int:
        known = self._truth(node.test)
        if known is None:
            return self._fork(lambda: self._block(node.body), lambda: self._block(node.orelse), node.lineno)
        return self._block(node.body if known else node.orelse)

    def _truth(self, node: ast.expr) -> bool | None:
        value = self.evaluate(node)
        for inner in (node, *(getattr(node, "values", ()) or ()), getattr(node, "operand", node)):
            told = self.evaluate(inner) if isinstance(inner, (ast.Name, ast.Attribute)) else None
            if isinstance(told, Printed):
                self.checked.add(told.subject.rpartition(":")[2])
        return truth(value)

    def _owner(self, name: str) -> Scope:
        if name not in self.scope.globals_:
            return self.scope
        scope = self.scope
        while scope.parent is not None:
            scope = scope.parent
        return scope

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
        name = value.name.rpartition(".")[2] if isinstance(value, Module) else last_name(node.exc)
        if isinstance(value, (Class, Instance)):
            error = Raised(node.lineno, name, "", error_names(value))
            error.signal = True
            raise error
        raise Raised(node.lineno, name, "", error_names(name))

    def _do_with(self, node: ast.With) -> int:
        quiet: frozenset[str] = frozenset()
        for item in node.items:
            call = item.context_expr
            if (
                isinstance(call, ast.Call)
                and getattr(call.func, "attr", getattr(call.func, "id", "")) == "suppress"
            ):
                quiet |= self._taken(
                    ast.Tuple(elts=call.args, ctx=ast.Load(), lineno=node.lineno, col_offset=0)
                )
        if not quiet:
            return super()._do_with(node)
        self._shields.append(quiet)
        try:
            return self._block(node.body)
        except Raised as error:
            if not error.names & quiet:
                raise
            return 0
        finally:
            self._shields.pop()

    def _do_try(self, node: ast.Try) -> int:
        taken = [self._taken(handler.type) for handler in node.handlers]
        depth, shields, signals = len(self._conditions), len(self._shields), len(self._signals)
        self._shields.append(frozenset().union(*taken))
        left = 0
        try:
            if self._checks(node, taken):
                left = self._fork(
                    lambda: self._block([*node.body, *node.orelse]),
                    lambda: self._handle(node.handlers[0], None),
                    node.lineno,
                )
            else:
                left = self._block(node.body)
                del self._shields[shields:]
                left = max(left, self._otherwise(node, taken, signals))
        except Raised as error:
            del self._shields[shields:]
            index = next((at for at, names in enumerate(taken) if error.names & names), None)
            if index is None:
                self._finish(node)
                raise
            del self._conditions[depth:]
            try:
                left = self._handle(node.handlers[index], error)
            except (Raised, Returned, Left):
                self._finish(node)
                raise
        except (Returned, Left):
            del self._shields[shields:]
            self._finish(node)
            raise
        finally:
            del self._shields[shields:]
        return max(left, self._block(node.finalbody))

    def _otherwise(self, node: ast.Try, taken: list[frozenset[str]], start: int) -> int:
        """What follows on a body that came to its end, or that an error of the file's own perhaps left."""
        caught = [one for one in self._signals[start:] if any(one.names & names for names in taken)]
        if not caught:
            return self._block(node.orelse)
        self._signals[start:] = [one for one in self._signals[start:] if one not in caught]
        index = next(at for at, names in enumerate(taken) if caught[0].names & names)
        handler = partial(self._handle, node.handlers[index], caught[0])
        return self._fork(handler, lambda: self._block(node.orelse), node.lineno)

    def _finish(self, node: ast.Try) -> None:
        self._block(node.finalbody)

    def _handle(self, handler: ast.ExceptHandler, error: Raised | None) -> int:
        if handler.name:
            names: Value = error.names if error is not None else frozenset({"Exception", "BaseException"})
            made = Instance("error", None, {"names": names, "name": error.name if error else "Exception"})
            if "FileNotFoundError" in names:
                made.attributes["errno"] = errno.ENOENT
            self.scope.names[handler.name] = made
        if error is not None:
            self._handling.append(error)
        try:
            return self._block(handler.body)
        finally:
            if error is not None:
                self._handling.pop()

    def _checks(self, node: ast.Try, taken: list[frozenset[str]]) -> bool:
        """Whether the `try` is there to see whether something compiles, which nobody can say."""
        if not node.handlers or not any(names & {"CompileError", "LinkError"} for names in taken):
            return False
        return any(
            isinstance(inner, ast.Call)
            and isinstance(inner.func, ast.Attribute)
            and inner.func.attr in _CHECKS
            for statement in node.body
            for inner in ast.walk(statement)
        )

    def _taken(self, node: ast.expr | None) -> frozenset[str]:
        """The names of the errors that an `except` takes."""
        if node is None:
            return frozenset({"BaseException"})
        value = self.evaluate(node)
        out: set[str] = set()
        for one in value if isinstance(value, tuple) else as_list(value) or [value]:
            if isinstance(one, Class):
                out.add(one.name)
            elif isinstance(one, Module):
                out.add(one.name.rpartition(".")[2])
            else:
                out.add("Exception")
        return frozenset(out)

    def shielded(self, names: frozenset[str]) -> bool:
        """Whether something around would catch such an error."""
        return any(names & shield for shield in self._shields)

    def fails(self, line: int, name: str) -> Value:
        """An error that the files are ready for; where nothing catches it, its value is not known instead."""
        names = error_names(name)
        if self.shielded(names):
            raise Raised(line, name, "", names)
        return Unknown(line, "it may not be there")


def _blank(item: Value) -> bool:
    """An item of which nothing is known, beside others."""
    return isinstance(item, Unknown) and not (
        isinstance(item, Perhaps) and not isinstance(item.value, Unknown)
    )
