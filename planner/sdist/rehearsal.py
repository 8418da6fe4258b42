"""A build followed through setup.py and the commands of setuptools on an imagined machine; nothing is run.

It is done once with everything there, and again with things taken away: what stops it then is what it needs.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from planner.dists import parse_requirement
from planner.sdist.archive import SdistFiles, decode_text
from planner.sdist.commands import Commands, Compiled
from planner.sdist.expressions import BudgetError
from planner.sdist.flow import Left, Raised, Returned, SetupCall, Stop
from planner.sdist.forks import BREAK, CONTINUE, NONE, RETURN
from planner.sdist.imagined import Asked, Machine, Witness
from planner.sdist.objects import Class, Instance, Method, Package, Partial, error_names, lookup
from planner.sdist.states import State, capture, changed, join_states, restore
from planner.sdist.surroundings import Surroundings
from planner.sdist.values import (
    Extension,
    Function,
    Items,
    Module,
    Perhaps,
    Place,
    Printed,
    Scope,
    Table,
    Unknown,
    Value,
    as_list,
    clone,
    render,
    truth,
)
from planner.setupcfg import ini_sections

__all__ = ["Outcome", "Rehearsal", "Trees", "rehearse"]

MAX_STEPS = 60_000
MAX_FORKS = 60
MAX_MODULE = 1 << 19
_CHECKS = frozenset(
    {"compile", "link_executable", "link_shared_object", "try_compile", "try_link", "preprocess", "link"}
)
_SAME = frozenset(
    {"unicode", "unquote", "quote", "dedent", "fspath", "deepcopy", "copy", "same", "natsorted"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a rehearsal ended. `stop` is the error that surely ends the build; `whole` is False when it was cut off."""

    stop: Stop | None
    asked: Mapping[str, Asked]
    compiled: tuple[Compiled, ...]
    extensions: tuple[Extension, ...]
    floors: Mapping[str, tuple[str, str]]
    scripts: Mapping[str, str]
    lost: Mapping[str, str]
    whole: bool
    steps: int
    declared: frozenset[str] = field(default_factory=frozenset)
    silent: frozenset[str] = frozenset()
    checked: frozenset[str] = frozenset()


@dataclass
class Trees:
    """What was parsed, and which functions yield, from one rehearsal of an sdist to the next."""

    parsed: dict[str, ast.Module | None] = field(default_factory=dict)
    generators: dict[int, bool] = field(default_factory=dict)


def rehearse(
    files: SdistFiles,
    markers: Mapping[str, str],
    available: frozenset[str],
    machine: Machine,
    options: Mapping[str, Mapping[str, str]],
    trees: Trees,
    modules: Sequence[Mapping[str, Any]] = (),
) -> Outcome:
    """Follow the build of an sdist that has a setup.py; `trees` keeps what was parsed from one time to the next."""
    world = Surroundings(markers, files, available, machine)
    rehearsal = Rehearsal(world, machine, {name: dict(table) for name, table in options.items()}, trees)
    rehearsal.modules = modules
    tree = rehearsal.tree("setup.py")
    whole = tree is not None
    try:
        if tree is not None:
            rehearsal.run(tree)
    except (BudgetError, RecursionError, MemoryError):
        whole = False
    except (Raised, Returned, Left):
        whole = False
    return Outcome(
        stop=rehearsal.findings.stop,
        asked=dict(machine.asked),
        compiled=tuple(rehearsal.compiled),
        extensions=tuple(rehearsal.findings.extensions),
        floors=dict(machine.floors),
        scripts=dict(rehearsal.scripts),
        lost=dict(rehearsal.lost),
        whole=whole,
        steps=rehearsal.steps,
        declared=frozenset(rehearsal.setup_requires),
        silent=frozenset(rehearsal.silent),
        checked=frozenset(rehearsal.checked),
    )


class Rehearsal(Commands):
    """Follows setup.py as a build does: modules of the sdist's own too, and the commands behind `setup()`."""

    def __init__(
        self,
        world: Surroundings,
        machine: Machine,
        options: dict[str, dict[str, str]],
        trees: Trees,
    ) -> None:
        super().__init__(world, machine)
        self.surroundings = world
        self.options = options
        self.compiled = []
        self.distribution = None
        self.own_libraries = set()
        self.more_commands = []
        self.setup_requires: set[str] = set()
        self._done = {}
        self._ran = set()
        self._trees = trees
        self._generators = trees.generators
        self._shields = []
        self._packages: dict[str, Package | None] = {}
        self._line = 0
        self._forked: dict[str, int] = {}
        self.modules: Sequence[Mapping[str, Any]] = ()
        self.top.file = "setup.py"
        machine.witness = self._witness

    @property
    def steps(self) -> int:
        """The work that was done."""
        return self._steps

    def spend(self, steps: int) -> None:
        """Count work; raises `BudgetError` at the end of the budget."""
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise BudgetError

    def _witness(self) -> Witness:
        return Witness(self.where(self._line), self._maybe == 0, tuple(self._shields))

    def tree(self, path: str) -> ast.Module | None:
        """The syntax tree of a file of the sdist, or None when it cannot be read."""
        if path not in self._trees.parsed:
            self._trees.parsed[path] = _parsed(self.world.files, path)
        return self._trees.parsed[path]

    # The way through --------------------------------------------------------------------------------

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
            if self.findings.stop is None and not self._maybe:
                self.findings.stop = Stop(error.line, error.message, frozenset(), error.where)
                self._maybe += 1  # what follows is read for what it tells, but is not reached
            self._conditions.clear()
            self._shields.clear()
        except (Returned, Left):
            return False
        return True

    def _snapshot(self) -> State:  # type: ignore[override]
        roots = [
            *self._stack,
            self.scope,
            self.distribution,
            self.surroundings.variables,
            self.surroundings.words,
        ]
        roots += [*self._done.values(), *self._assigned.values(), *self.findings.extensions]
        return capture(roots, self.spend)

    def _fork(self, one: Callable[[], int], other: Callable[[], int], line: int) -> int:
        """Follow both ways from one state, and join what they leave; a way that ends in an error is not taken."""
        place = self.where(line)
        self._forked[place] = self._forked.get(place, 0) + 1
        if self._forked[place] > MAX_FORKS:
            return NONE  # the same question again and again, about one file after another
        before = self._snapshot()
        shields = len(self._shields)
        first = self._way(one)
        del self._shields[shields:]
        after_one = changed(before)
        restore({key: before[key] for key in after_one})
        second = self._way(other)
        del self._shields[shields:]
        if isinstance(first, Raised) and isinstance(second, Raised):
            raise first
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
        depth, shields = len(self._conditions), len(self._shields)
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
                left = max(left, self._block(node.orelse))
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

    def _finish(self, node: ast.Try) -> None:
        self._block(node.finalbody)

    def _handle(self, handler: ast.ExceptHandler, error: Raised | None) -> int:
        if handler.name:
            names: Value = error.names if error is not None else frozenset({"Exception", "BaseException"})
            made = Instance("error", None, {"names": names, "name": error.name if error else "Exception"})
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

    def _owner(self, name: str) -> Scope:
        if name not in self.scope.globals_:
            return self.scope
        scope = self.scope
        while scope.parent is not None:
            scope = scope.parent
        return scope

    # Modules ----------------------------------------------------------------------------------------

    def _verify_import(self, module: str, line: int) -> None:
        """Import a module of the sdist's own, or ask for the distribution that brings another."""
        if self.package(module) is not None or not module:
            return
        top = module.partition(".")[0]
        if self.surroundings.local_module(top) or self.world.importable(module) or top in self.setup_requires:
            return
        if not self.world.absent(module):
            return
        names = error_names("ModuleNotFoundError")
        ready = self.shielded(names)
        self._line = line
        if not self.machine.has(f"dist:{top}", f"imports {top}", usual=not ready, error="ImportError"):
            raise Raised(line, "ModuleNotFoundError", f"No module named {top}", names)

    def package(self, module: str) -> Package | None:
        """A module of the sdist's own, followed when it is first imported."""
        if module in self._packages:
            return self._packages[module]
        self._packages[module] = None
        if not module or module in ("setup", "setuptools", "distutils"):
            return None
        path = self.surroundings.local_module(module)
        tree = self.tree(path) if path else None
        if tree is None or len(self._calls) > 10 or len(self._packages) > 60:
            return None
        scope = Scope(file=path)
        scope.names.update({"__name__": module, "__file__": path, "__doc__": None, "__package__": module})
        made = self._packages[module] = Package(module, scope)
        saved, line, calls = self.scope, self._line, self._calls
        self.scope = scope
        self._stack.append(scope)
        self._calls = [*calls, tree]
        try:
            self._block(tree.body)
        finally:
            self.scope, self._line, self._calls = saved, line, calls
            self._stack.pop()
        return made

    def imported(self, name: str) -> Value:
        """What an import binds, by its dotted name."""
        found = self._packages.get(name)
        if found is not None:
            return found
        home, _, last = name.rpartition(".")
        package = self._packages.get(home) if home else None
        if package is not None and last in package.scope.names:
            return package.scope.names[last]
        if home and package is not None:
            return self.package(name) or Unknown(self._line, f"`{last}` is not known")
        return super().imported(name)

    def _do_importfrom(self, node: ast.ImportFrom) -> None:
        if node.level:
            scope = self.scope
            while scope.parent is not None:
                scope = scope.parent
            folder = scope.file.rpartition("/")[0].replace("/", ".")
            home = ".".join(part for part in (folder, node.module or "") if part)
            node = ast.ImportFrom(home, node.names, 0, lineno=node.lineno, col_offset=0)
        if any(alias.name == "*" for alias in node.names):
            self._verify_import(node.module or "", node.lineno)
            package = self._packages.get(node.module or "")
            if package is not None:
                self.scope.names.update(package.scope.names)
            return
        super()._do_importfrom(node)

    def _do_import(self, node: ast.Import) -> None:
        super()._do_import(node)
        for alias in node.names:
            top = alias.name.partition(".")[0]
            if not alias.asname and "." in alias.name and self._packages.get(top) is None:
                self.package(top)

    # Calls ------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> Value:
        self._line = node.lineno
        return super()._call(node)

    def _lost_method(self, owner: Unknown, node: ast.Call) -> Value:
        arguments, _ = self._arguments(node)
        told = next((one for one in arguments if isinstance(one, Printed)), None)
        if told is not None and not isinstance(owner, (Printed, Perhaps)):
            return Printed(node.lineno, told.why, told.subject)  # a pattern looks for something in it
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in (
            "startswith",
            "endswith",
            "isdigit",
            "find",
            "index",
            "count",
            "exists",
            "is_dir",
            "is_file",
        ):
            return Unknown(node.lineno, owner.why)
        return owner

    def _method(
        self, owner: Value, name: str, arguments: list[Value], keywords: Table, node: ast.Call
    ) -> Value:
        if owner is self.surroundings.variables and name == "update":
            given = [*arguments, keywords]
            for one in given:
                owner.items.update(one.items if isinstance(one, Table) else {})
            return None
        if isinstance(owner, Place):
            made = self._place_method(owner, name, arguments, node)
            if made is not NotImplemented:
                return made
        if isinstance(owner, Instance) and owner.kind == "config":
            return self._configured(owner, name, arguments, keywords, node)
        if isinstance(owner, Items) and name in ("remove", "index") and arguments:
            known = [item for item in owner.items if not isinstance(item, Unknown)]
            if len(known) == len(owner.items) and not any(item == arguments[0] for item in known):
                return self.fails(node.lineno, "ValueError")
        if isinstance(owner, Extension):
            return NotImplemented
        return super()._method(owner, name, arguments, keywords, node)

    def _place_method(self, owner: Place, name: str, arguments: list[Value], node: ast.Call) -> Value:
        tests = {"exists": "os.path.exists", "is_file": "os.path.isfile", "is_dir": "os.path.isdir"}
        first = arguments[0] if arguments else None
        if name in tests:
            self.surroundings.changed[:] = [self.makes]
            answer = self.surroundings.call(tests[name], [owner], node.lineno)
            return answer[0] if answer is not None else NotImplemented
        if name in ("write_text", "write_bytes", "touch") or (
            name == "open" and isinstance(first, str) and "w" in first
        ):
            self.surroundings.written.add(owner.path)
        if name in ("glob", "rglob") and isinstance(first, str):
            pattern = f"**/{first}" if name == "rglob" else first
            found = self.surroundings.glob(f"{owner.path}/{pattern}" if owner.path else pattern, node.lineno)
            return (
                Items([Place(path) for path in as_list(found) or ()]) if isinstance(found, Items) else found
            )
        if name in ("with_suffix", "with_name") and isinstance(first, str):
            folder, slash, base = owner.path.rpartition("/")
            stem = base.rpartition(".")[0] or base
            return Place(folder + slash + (first if name == "with_name" else stem + first))
        if name in ("as_posix", "__str__", "__fspath__"):
            return owner.path
        return owner if name in ("relative_to", "resolve", "absolute", "expanduser") else NotImplemented

    def _subscript(self, node: ast.Subscript) -> Value:
        value = super()._subscript(node)
        if value is NotImplemented and not isinstance(node.slice, ast.Slice):
            owner, key = self.evaluate(node.value), self.evaluate(node.slice)
            if isinstance(owner, Table) and owner.doubt is None and isinstance(key, str):
                return self.fails(node.lineno, "KeyError")
        return value

    def _compare(self, node: ast.Compare) -> Value:
        value = super()._compare(node)
        if not isinstance(value, Unknown) or len(node.ops) != 1:
            return value
        left, right = self.evaluate(node.left), self.evaluate(node.comparators[0])
        if isinstance(right, Module) and right.name == "sys.modules" and isinstance(left, str):
            return (left.partition(".")[0] in ("setuptools", "distutils", "os")) is isinstance(
                node.ops[0], ast.In
            )
        if isinstance(node.ops[0], (ast.In, ast.NotIn)) and isinstance(right, Items):
            known = [item.value if isinstance(item, Perhaps) else item for item in right.items]
            if not isinstance(left, Unknown) and not any(item == left for item in known):
                return isinstance(node.ops[0], ast.NotIn)
        return self._against(left, right, type(node.ops[0]).__name__, value)

    def _against(self, left: Value, right: Value, operator: str, lost: Unknown) -> Value:
        """A version that a program tells against a known one: new enough, unless the machine has it old."""
        turned = {"Lt": "Gt", "LtE": "GtE", "Gt": "Lt", "GtE": "LtE"}
        if operator not in turned:
            return lost
        left, right = _told(left), _told(right)
        if isinstance(right, Printed):
            left, right, operator = right, left, turned[operator]
        version = _version_text(right)
        if not isinstance(left, Printed) or not left.subject or not version:
            return lost
        new = self.machine.at_least(left.subject, version, self.where(self._line))
        return new if operator in ("Gt", "GtE") else not new

    def invoke(self, target: Value, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """Call a value."""
        if isinstance(target, Module):
            self._line = node.lineno
            made = self._modelled(target.name, arguments, keywords, node)
            if made is not NotImplemented:
                return made
        return super().invoke(target, arguments, keywords, node)

    def _modelled(self, name: str, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        self.surroundings.changed[:] = [self.makes]
        made = self.program_call(name, arguments, keywords, node)
        if made is not NotImplemented:
            return made
        last = name.rpartition(".")[2]
        if name == "functools.partial" and arguments:
            return Partial(arguments[0], tuple(arguments[1:]), keywords)
        if last in ("new_compiler", "customize_compiler"):
            return self.new_compiler() if last == "new_compiler" else None
        if name in ("builtins.open", "io.open", "codecs.open") and arguments:
            return self._opened(arguments, keywords, node)
        if name in ("builtins.__import__", "importlib.import_module") and arguments:
            if not isinstance(arguments[0], str):
                return NotImplemented
            self._verify_import(arguments[0], node.lineno)
            return self.imported(arguments[0])
        if arguments and isinstance(arguments[0], Instance) and name.count(".") >= 1:
            kind = name.rpartition(".")[0].rpartition(".")[2]
            if (
                kind
                and kind[0].isalpha()
                and arguments[0].kind
                and "." in name
                and kind not in ("builtins", "os")
            ):
                return self.call_method_of(
                    Method(arguments[0].kind, last, arguments[0]), arguments[1:], keywords, node
                )
        return NotImplemented

    def _configured(
        self, owner: Instance, name: str, arguments: list[Value], keywords: Table, node: ast.Call
    ) -> Value:
        """A method of a ConfigParser, for files of the sdist."""
        sections = owner.attributes
        if name == "read" and arguments:
            for path in [arguments[0]] if isinstance(arguments[0], str) else as_list(arguments[0]) or []:
                text = self.world.files.text(path) if isinstance(path, str) else None
                for section, options in (ini_sections(text or "") or {}).items():
                    sections[section] = Table(dict(options))
            return Items()
        if name == "sections":
            return Items(list(sections))
        table = sections.get(arguments[0]) if arguments and isinstance(arguments[0], str) else None
        if name == "has_section":
            return table is not None
        if name in ("items", "options") and isinstance(table, Table):
            return Items(list(table.items.items() if name == "items" else table.items))
        option = arguments[1] if len(arguments) > 1 else None
        known = isinstance(table, Table) and isinstance(option, str) and option in table.items
        if name == "has_option":
            return known
        if not known or not isinstance(table, Table):
            return keywords.items.get("fallback", Unknown(node.lineno, "an option that is not set"))
        value = table.items[option]
        return value.lower() in ("1", "yes", "true", "on") if name == "getboolean" else value

    def _opened(self, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        mode = arguments[1] if len(arguments) > 1 else keywords.items.get("mode", "r")
        path = render(arguments[0])
        reads = isinstance(mode, str) and not set(mode) & set("wax+")
        if path and isinstance(mode, str) and not reads:
            self.surroundings.written.add(path)
        if reads and path and not self.makes and not self.surroundings.exists(path):
            return self.fails(node.lineno, "FileNotFoundError")
        return NotImplemented

    def call_unmodelled(self, name: str, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """`setup`, extensions and what leaves the file; most else changes nothing and gives something unknown."""
        last = name.rpartition(".")[2]
        if name in ("sys.exit", "builtins.exit", "builtins.quit", "os._exit"):
            raise Raised(node.lineno, "SystemExit", "", error_names("SystemExit"))
        if last == "setup":
            self.findings.setups.append(SetupCall(clone(keywords, {}), node.lineno, self._maybe == 0))
            return self._setup(keywords, node)
        if last in ("cythonize", "mypycify", "cython"):
            return self._cythonized(last, arguments, keywords, node)
        if last.endswith(("Extension", "RustBin")) and not name.startswith("builtins.is"):
            return self.make_extension(last, arguments, keywords, node)
        if last in ("ConfigParser", "RawConfigParser", "SafeConfigParser"):
            return Instance("config", None, {})
        if last in ("FFI", "ffi"):
            return Instance("ffi", None, {})
        if last in ("newer", "newer_group", "newer_pairwise_group"):
            return True  # nothing was built before
        if last in _SAME and arguments:
            return arguments[0]
        if last == "append" and name.endswith("sub_commands.append") and arguments:
            entry = arguments[0]
            if isinstance(entry, tuple) and entry and isinstance(entry[0], str):
                self.more_commands.append(entry[0])
            return None
        if last in ("Distribution", "Command"):
            return Instance("distribution", None, {})
        told = next((one for one in arguments if isinstance(one, Printed)), None)
        if told is not None and name.partition(".")[0] in (
            "re",
            "builtins",
            "packaging",
            "distutils",
            "pkg_resources",
            "shlex",
            "map",
        ):
            return Printed(node.lineno, told.why, told.subject)
        return Unknown(node.lineno, f"`{last}()` is not followed")

    def _cythonized(self, kind: str, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        given = arguments[0] if arguments else keywords.items.get("module_list")
        items = [given] if isinstance(given, (str, Extension, Instance)) else as_list(given)
        if items is None:
            return Items([self.make_extension(kind, [], Table({"sources": Unknown(node.lineno)}), node)])
        out: list[Value] = []
        for item in items:
            if isinstance(item, str) and kind == "mypycify" and item.startswith("-"):
                continue
            if isinstance(item, str):
                found = as_list(self.surroundings.glob(item, node.lineno)) or [item]
                for source in found:
                    sources = Table({"sources": Items([source]), "name": source})
                    out.append(self.make_extension(kind, [], sources, node))
            else:
                out.extend(self._each_source(item, node))
        return Items(out)

    def _each_source(self, item: Value, node: ast.Call) -> list[Value]:
        """An extension whose source is a pattern stands for one of each file that fits."""
        sources = (
            item.attributes.items.get("sources") if isinstance(item, Extension) and item.attributes else None
        )
        pattern = sources.items[0] if isinstance(sources, Items) and len(sources.items) == 1 else None
        if not isinstance(pattern, str) or "*" not in pattern or item.attributes is None:
            return [item]
        if item in self.findings.extensions:
            self.findings.extensions.remove(item)
        made: list[Value] = []
        for source in as_list(self.surroundings.glob(pattern, node.lineno)) or ():
            fields = {**item.attributes.items, "sources": Items([source]), "name": source}
            made.append(self.make_extension(item.kind, [], Table(fields), node))
        return made

    # setup() ----------------------------------------------------------------------------------------

    def _setup(self, keywords: Table, node: ast.Call) -> Value:
        """What `setup()` does when an installer asks for a wheel."""
        cls = keywords.items.get("distclass")
        made = Instance("distribution", cls if isinstance(cls, Class) else None, dict(keywords.items))
        for name in ("ext_modules", "libraries", "packages", "cmdclass", "rust_extensions"):
            made.attributes.setdefault(name, keywords.doubt)
        for requirement in as_list(keywords.items.get("setup_requires")) or ():
            parsed = parse_requirement(requirement) if isinstance(requirement, str) else None
            if parsed is not None:
                self.setup_requires.add(parsed.name.replace("-", "_"))
                self.setup_requires |= {"Cython"} if parsed.name.lower() == "cython" else set()
        saved = self.distribution, self._done, self._ran
        self.distribution, self._done, self._ran = made, {}, set()
        if made.attributes.get("cmdclass") is None:
            made.attributes["cmdclass"] = Table()
        start = lookup(made.type, "__init__") if made.type is not None else NotImplemented
        if isinstance(start, Function):
            self.call_function(start, [made, Table(dict(keywords.items))], {}, node.lineno)
        self._declared(made, node)
        if cls is not None and isinstance(cls, Class):
            self._call_step(made, "finalize_options", node)
        try:
            self._cffi(made, node)
            self._configuration(made, node)
            self.run_command("egg_info", node)
            self.run_command("bdist_wheel", node)
            self._rust(made, node)
        finally:
            self._done, self._ran = saved[1], saved[2]
        return made

    def _declared(self, made: Instance, node: ast.Call) -> None:
        """The extensions that pyproject.toml names (https://setuptools.pypa.io/en/latest/userguide/ext_modules.html)."""
        for row in self.modules:
            fields = {key.replace("-", "_"): _as_value(value) for key, value in row.items()}
            extension = self.make_extension("Extension", [], Table(fields), node)
            listed = made.attributes.get("ext_modules")
            if isinstance(listed, Items):
                listed.items.append(extension)
            else:
                made.attributes["ext_modules"] = Items([extension])

    def _configuration(self, made: Instance, node: ast.Call) -> None:
        """numpy.distutils' way to hand over extensions: a function that makes them."""
        function = made.attributes.get("configuration")
        if isinstance(function, Function):
            self.call_function(function, [], {}, node.lineno)

    def _rust(self, made: Instance, node: ast.Call) -> None:
        for item in as_list(made.attributes.get("rust_extensions")) or ():
            extension = self.as_extension(item)
            if extension is not None:
                self._each(self.command("build_ext", node), extension, node)

    def _cffi(self, made: Instance, node: ast.Call) -> None:
        """`cffi_modules=["FILE:NAME"]`: the file is followed, and the module that it describes is built."""
        listed = made.attributes.get("cffi_modules")
        entries = [listed] if isinstance(listed, str) else as_list(listed) or []
        for entry in entries:
            value = entry.value if isinstance(entry, Perhaps) else entry
            if not isinstance(value, str):
                self.lost.setdefault(self.where(node.lineno), "which cffi modules it builds is computed")
                continue
            path, _, name = value.partition(":")
            ffi = self._ffi(path, name, node)
            modules = made.attributes.get("ext_modules")
            if isinstance(modules, Items):
                modules.items.append(ffi)
            else:
                made.attributes["ext_modules"] = Items([ffi])

    def _ffi(self, path: str, name: str, node: ast.Call) -> Extension:
        tree = self.tree(path)
        if tree is not None:
            scope = Scope(file=path)
            scope.names.update({"__name__": "__cffi__", "__file__": path, "__doc__": None})
            saved, self.scope = self.scope, scope
            self._stack.append(scope)
            try:
                self._block(tree.body)
                value = scope.names.get(name)
                if isinstance(value, Function):
                    value = self.call_function(value, [], {}, node.lineno)
            finally:
                self.scope = saved
                self._stack.pop()
            made = value.attributes.get("__extension__") if isinstance(value, Instance) else None
            if isinstance(made, Extension):
                return made
        self.lost.setdefault(path, "which libraries its cffi module links is not known")
        return self.make_extension("cffi", [name or path, Items()], Table(), node)

    def _ffi_set_source(
        self, owner: Instance, arguments: list[Value], keywords: Table, node: ast.Call
    ) -> None:
        source = arguments[1] if len(arguments) > 1 else keywords.items.get("source")
        given = Table({**keywords.items, "cffi_source": source}, keywords.doubt)
        given.items.setdefault("sources", Items())
        owner.attributes["__extension__"] = self.make_extension("cffi", arguments[:1], given, node)

    def call_method_of(
        self, target: Method, arguments: list[Value], keywords: Table, node: ast.Call
    ) -> Value:
        """A method that setuptools, cffi or numpy.distutils has."""
        if target.kind == "ffi":
            if target.name == "set_source_pkgconfig" and len(arguments) > 2:
                self._pkgconfig("parse", arguments[1:2], node)
                arguments = [arguments[0], *arguments[2:]]
            if target.name in ("set_source", "set_source_pkgconfig"):
                self._ffi_set_source(target.owner, arguments, keywords, node)
            return None
        if target.name == "add_extension":
            return self.make_extension("Extension", arguments, keywords, node)
        return super().call_method_of(target, arguments, keywords, node)


def _as_value(value: object) -> Value:
    return Items([_as_value(item) for item in value]) if isinstance(value, list) else value


def _parsed(files: SdistFiles, path: str) -> ast.Module | None:
    data = files.kept.get(path)
    if path == "setup.py" and path not in files.name_set:
        data = b"import setuptools\nsetuptools.setup()\n"  # what setuptools does without one
    if data is None or len(data) > MAX_MODULE:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data if path == "setup.py" else decode_text(data), path)
    except (SyntaxError, ValueError, RecursionError, MemoryError, LookupError, OverflowError):
        return None


def _version_text(value: Value) -> str:
    """`(9, 4, 0)`, `"9.4"`, `9` or a `Version` as text."""
    if isinstance(value, (tuple, Items)):
        parts = [render(part) for part in as_list(value) or ()]
        return ".".join(part for part in parts if part and part.isdigit())
    if isinstance(value, bool) or truth(value) is None or isinstance(value, (Table, Instance)):
        return ""
    text = render(value) or ""
    return text if text[:1].isdigit() else ""


def _blank(item: Value) -> bool:
    """An item of which nothing is known, beside others."""
    return isinstance(item, Unknown) and not (
        isinstance(item, Perhaps) and not isinstance(item.value, Unknown)
    )


def _told(value: Value) -> Value:
    """The text of a program, where a version was made of its parts."""
    items = as_list(value) if isinstance(value, (tuple, Items)) else None
    return items[0] if items and isinstance(items[0], Printed) else value
