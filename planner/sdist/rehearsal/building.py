"""The state of one rehearsal, and its start: a backend of the sdist's own, then setup.py."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from planner.sdist.expressions import BudgetError
from planner.sdist.flow import Raised
from planner.sdist.rehearsal.imagined import Witness
from planner.sdist.rehearsal.modules import Trees
from planner.sdist.rehearsal.objects import (
    Bound,
    Instance,
    Package,
    error_names,
    is_object,
)
from planner.sdist.rehearsal.setups import Setups
from planner.sdist.rehearsal.surroundings import Surroundings
from planner.sdist.values import (
    Function,
    Printed,
    Table,
    Unknown,
    Value,
)

__all__ = ["MAX_STEPS", "Rehearsal"]

MAX_STEPS = 120_000
_EXITS = frozenset({"sys.exit", "builtins.exit", "builtins.quit", "os._exit"})
_OBJECTS = {
    **dict.fromkeys(("ConfigParser", "RawConfigParser", "SafeConfigParser"), "config"),
    **dict.fromkeys(("FFI", "ffi"), "ffi"),
    **dict.fromkeys(("Distribution", "Command"), "distribution"),
}
_READERS = frozenset({"re", "builtins", "packaging", "distutils", "pkg_resources", "shlex"})
_SAME = frozenset(
    {"unicode", "unquote", "quote", "dedent", "fspath", "deepcopy", "copy", "same", "natsorted"}
)


class Rehearsal(Setups):
    """Follows setup.py as a build does: modules of the sdist too, and the commands behind `setup()`."""

    def __init__(
        self,
        world: Surroundings,
        options: dict[str, dict[str, str]],
        trees: Trees,
    ) -> None:
        machine = world.machine
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
        self.languages = trees.languages
        self._shields = []
        self._signals = []
        self._packages: dict[str, Package | None] = {}
        self._line = 0
        self._script_ran = False
        self.most = MAX_STEPS
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
        if self._steps > self.most:
            raise BudgetError

    def _witness(self) -> Witness:
        return Witness(self.where(self._line), certain=self._maybe == 0, shields=tuple(self._shields))

    def _roots(self) -> list[Value]:
        """What leads to everything that a way may change."""
        inner = [
            self.distribution,
            self.surroundings.variables,
            self.surroundings.words,
            *self._done.values(),
        ]
        return [*super()._roots(), *inner]

    def build(self, backend: str, places: Sequence[str]) -> None:
        """Follow a backend of the sdist's own, where it has one, and setup.py.

        :raises BudgetError: when they ask for too much work.
        """
        module, _, attribute = backend.partition(":")
        if module and places:
            self.surroundings.search.items[:0] = list(places)
            try:
                self._hooks(module, attribute)
            except Raised as error:
                self._stopped(error)
        self.run_script()

    def _hooks(self, module: str, attribute: str) -> None:
        """The two hooks of PEP 517 that matter: what else is installed first, and the build itself."""
        package: Value = self.package(module)
        node = ast.Call(ast.Name("hook", ast.Load()), [], [], lineno=1, col_offset=0)
        if attribute and isinstance(package, Package):
            package = package.scope.names.get(attribute)
        if not is_object(package):
            return
        for hook in ("get_requires_for_build_wheel", "build_wheel"):
            function = self.member(package, hook, node)
            if isinstance(function, (Function, Bound)):
                folder = Unknown(0, "a folder of the installer's")
                given = self.invoke(function, [folder] if hook == "build_wheel" else [], Table(), node)
                if hook != "build_wheel":
                    self.require(given)

    def run_script(self) -> None:
        """Follow setup.py, once."""
        tree = None if self._script_ran else self.tree("setup.py")
        self._script_ran = True
        saved, self.scope = self.scope, self.top
        try:
            if tree is not None:
                self.run(tree)
        finally:
            self.scope = saved

    def call_unmodelled(self, name: str, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """`setup`, extensions and what leaves the file; most else is unknown and changes nothing."""
        home, last = name.partition(".")[0], name.rpartition(".")[2]
        if name in _EXITS:
            raise Raised(node.lineno, "SystemExit", "", error_names("SystemExit"))
        if last in ("build_wheel", "build_editable") and home in ("setuptools", "builtins"):
            self.run_script()
            return "demo.whl"
        made = self.setuptools_call(name, arguments, keywords, node)
        if made is not NotImplemented:
            return made
        if last in _OBJECTS:
            return Instance(_OBJECTS[last], None, {})
        if last in _SAME and arguments:
            return arguments[0]
        told = next((one for one in arguments if isinstance(one, Printed)), None)
        if told is not None and home in _READERS:
            return Printed(node.lineno, told.why, told.subject)
        return Unknown(node.lineno, f"`{last}()` is not followed")
