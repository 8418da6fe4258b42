"""Follows a Meson project from file to file, through its branches and loops; must not know packages.

What a function looks for is told by `planner.sdist.inspectors.meson_finds`; here are variables, scopes and
the order of things. Nothing is run, and the work is bounded: what lies beyond is a doubt.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from planner.sdist.archive import SdistFiles
from planner.sdist.inspectors.ledger import ALWAYS, NEVER, Context, Ledger, weigh
from planner.sdist.inspectors.meson_choices import chosen, item, operated, same, whether_found
from planner.sdist.inspectors.meson_nodes import (
    Assign,
    Call,
    Chain,
    Choose,
    Expression,
    Foreach,
    Group,
    If,
    Index,
    Literal,
    Name,
    Not,
    Statement,
)  # fmt: skip
from planner.sdist.inspectors.meson_syntax import SyntaxProblemError, parse
from planner.sdist.inspectors.meson_values import (
    UNKNOWN,
    Asked,
    Either,
    Project,
    Thing,
    as_test,
    bare,
    joined,
    method,
    negated,
)  # fmt: skip

__all__ = ["Handler", "Walk"]

MAX_STEPS = 40_000
MAX_FILES = 200
MAX_DEPTH = 30
_NEVER: Context = (NEVER,)


class _LimitError(Exception):
    """The work is over its bound."""


Handler = Callable[["Walk", Asked], object]


@dataclass
class Walk:
    """One walk over a project and its subprojects. `functions` and `methods` are told every call."""

    files: SdistFiles
    ledger: Ledger
    functions: Mapping[str, Handler]
    methods: Mapping[tuple[str, str], Handler]
    project: Project
    context: Context = ()
    top: str = ""
    wrap_mode: str = "default"
    platform: str = "linux"
    overrides: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._steps = 0
        self._files = 0
        self._depth = 0
        self._file = ""
        self._entered: set[str] = set()

    def start(self, project: Project) -> bool:
        """Follow a project from its top file; False when that cannot be read. The one at hand stays."""
        if project.folder in self._entered:
            return True
        self._entered.add(project.folder)
        before, self.project = self.project, project
        project.variables.update(
            meson=Thing("meson"), host_machine=Thing("machine"), build_machine=Thing("machine"),
            target_machine=Thing("machine"),
        )  # fmt: skip
        try:
            return self.enter("")
        finally:
            self.project = before

    def follow(self, project: Project) -> None:
        """`start`, for the outermost project: what cannot be followed is a doubt."""
        try:
            if not self.start(project):
                self.ledger.doubt("was not read, so what it looks for is not known", "meson.build")
        except (_LimitError, RecursionError):
            self.ledger.doubt("is too involved to be followed to its end", self._file)

    def enter(self, folder: str) -> bool:
        """`subdir`: the file of a folder below the project's, in the scope at hand."""
        inside = posixpath.normpath(posixpath.join(self.project.folder, folder)) if folder else ""
        inside = inside or self.project.folder
        name = posixpath.join(inside, "meson.build") if inside else "meson.build"
        text = self.files.text(name)
        self._files += 1
        if text is None or self._files > MAX_FILES:
            return False
        try:
            statements = parse(text)
        except SyntaxProblemError as problem:
            self.ledger.doubt("is not in the language of Meson", f"{name}:{problem.line}")
            return True
        file, here = self._file, self.project.here
        self._file, self.project.here = name, inside
        self._nested(statements, self.context)
        self._file, self.project.here = file, here
        return True

    def _nested(self, statements: Sequence[Statement], context: Context) -> Context:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _LimitError
        before = self.context
        try:
            return self._run(statements, context)
        finally:
            self._depth -= 1
            self.context = before

    def _run(self, statements: Sequence[Statement], context: Context) -> Context:
        for statement in statements:
            self._step()
            self.context = context
            if isinstance(statement, If):
                context = self._if(statement, context)
            elif isinstance(statement, Foreach):
                self._foreach(statement, context)
            else:
                value = self.value(statement.value)
                if statement.name:
                    self._assign(statement, value)
                elif isinstance(statement.value, Call) and statement.value.name == "subdir_done":
                    return _NEVER
            if context[-1:] == _NEVER:
                return _NEVER
        return context

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise _LimitError

    def _assign(self, statement: Assign, value: object) -> None:
        variables = self.project.variables
        if statement.adds:
            value = operated("+", variables.get(statement.name, UNKNOWN), value)
        variables[statement.name] = value

    def _if(self, block: If, context: Context) -> Context:
        """Every part that may be taken, each from the same start; then one memory is made of theirs."""
        before = self.project.variables
        self._steps += len(before) >> 4  # what the copies below cost
        outcomes: list[tuple[Context, dict[str, object]]] = []
        around: Context = ()
        for test, body in block.parts:
            taken, other = ALWAYS, NEVER
            if test is not None:
                self.context = (*context, *around)
                taken, other = weigh(*as_test(self.value(test)))
            if taken is not NEVER:
                inner = around if taken is ALWAYS else (*around, taken)
                self.project.variables = dict(before) if inner or other is not NEVER else before
                after = self._nested(body, (*context, *inner))
                if after[-1:] != _NEVER:
                    outcomes.append((after[len(context) :], self.project.variables))
            self.project.variables = before
            if other is NEVER:
                break
            if other is not ALWAYS:
                around = (*around, other)
        else:
            outcomes.append((around, before))
        return self._merge(before, outcomes, context)

    def _merge(
        self,
        before: dict[str, object],
        outcomes: list[tuple[Context, dict[str, object]]],
        context: Context,
    ) -> Context:
        if not outcomes:
            return _NEVER
        if len(outcomes) == 1:
            self.project.variables = outcomes[0][1]
            return (*context, *outcomes[0][0])
        merged = dict(before)
        changed = {
            name
            for _, memory in outcomes
            if memory is not before
            for name, value in memory.items()
            if name not in before or before[name] is not value
        }
        for name in changed:
            values = [memory.get(name, UNKNOWN) for _, memory in outcomes]
            if all(value is values[0] for value in values) or same(values):
                merged[name] = values[0]
            else:
                merged[name] = chosen([context for context, _ in outcomes], values)
        self.project.variables = merged
        return context

    def _foreach(self, loop: Foreach, context: Context) -> None:
        over = self.value(loop.over)
        rounds: list[tuple[object, ...]] = [(UNKNOWN,) * len(loop.names)]
        if isinstance(over, list):
            rounds = [(item,) for item in over] if len(loop.names) == 1 else rounds
        elif isinstance(over, dict):
            rounds = list(over.items())
        for values in rounds[:80]:
            self.project.variables.update(zip(loop.names, values, strict=False))
            self._nested(loop.body, context)

    # Expressions

    def value(self, expression: Expression) -> object:
        """What an expression comes to."""
        self._step()
        if isinstance(expression, Literal):
            return self._formatted(expression) if expression.formatted else expression.value
        if isinstance(expression, Name):
            return self.project.variables.get(expression.name, UNKNOWN)
        if isinstance(expression, Call):
            return self._call(expression)
        if isinstance(expression, Group):
            values = [self.value(item) for item in expression.items]
            if expression.keys is None:
                return values
            keys = [self.value(key) for key in expression.keys]
            known = all(isinstance(key, str) for key in keys)
            return dict(zip(keys, values, strict=True)) if known else UNKNOWN
        if isinstance(expression, Not):
            value = self.value(expression.value)
            if expression.sign:
                return -value if type(value) is int else UNKNOWN
            return negated(value)
        if isinstance(expression, Index):
            return item(self.value(expression.of), self.value(expression.key))
        if isinstance(expression, Choose):
            return self._choose(expression)
        return self._chain(expression)

    def _formatted(self, literal: Literal) -> object:
        """An f-string: `@name@` stands for a variable."""
        text = str(literal.value)
        for name in re.findall(r"@(\w+)@", text)[:20]:
            value = bare(self.project.variables.get(name, UNKNOWN))
            if not isinstance(value, (str, int)):
                return UNKNOWN
            text = text.replace(f"@{name}@", str(value))[:2_000]
        return text

    def _choose(self, choose: Choose) -> object:
        taken, other = weigh(*as_test(self.value(choose.test)))
        if taken is ALWAYS or other is ALWAYS:
            return self.value(choose.yes if taken is ALWAYS else choose.no)
        context = self.context
        values: list[object] = []
        for branch, part in ((taken, choose.yes), (other, choose.no)):
            self.context = (*context, branch)
            values.append(self.value(part))
        self.context = context
        return values[0] if same(values) else chosen([(taken,), (other,)], values)

    def _chain(self, chain: Chain) -> object:
        operator = chain.operator
        if operator in ("and", "or"):
            return self._logical(chain)
        values = [self.value(operand) for operand in chain.operands]
        made = values[0]
        for value in values[1:]:
            made = operated(operator, made, value)
        return made

    def _logical(self, chain: Chain) -> object:
        """What follows a settled operand is not worked out, as in Meson (`false and dependency(…)`)."""
        stop = chain.operator == "or"
        values: list[object] = []
        for operand in chain.operands:
            values.append(self.value(operand))
            test, keys = as_test(values[-1])
            if not keys and test(frozenset()) is stop:
                break
        return joined(values, stop=stop)

    def _call(self, call: Call) -> object:
        whole = self.value(call.of) if call.of is not None else None
        if isinstance(whole, Either) and call.name == "found":
            return whether_found(whole)
        of = bare(whole)
        arguments = [bare(self.value(argument)) for argument in call.arguments]
        keywords = {name: bare(self.value(value)) for name, value in call.keywords.items()}
        given = keywords.pop("kwargs", None)
        if isinstance(given, dict):
            keywords.update(given)
        asked = Asked(call.name, arguments, keywords, f"{self._file}:{call.line}", of)
        if call.of is None:
            function = self.functions.get(call.name)
            return function(self, asked) if function is not None else UNKNOWN
        kind = of.kind if isinstance(of, Thing) else ""
        found = self.methods.get((kind, call.name)) if kind else None
        if found is not None:
            return found(self, asked)
        return method(of, call.name, arguments)
