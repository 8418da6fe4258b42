"""The modules of the sdist's own that its build imports, followed when they are; must not import any."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field

from planner.sdist.archive import SdistFiles, decode_text
from planner.sdist.flow import Raised
from planner.sdist.rehearsal.objects import Package, error_names
from planner.sdist.rehearsal.programs import Programs
from planner.sdist.rehearsal.surroundings import Surroundings
from planner.sdist.values import Scope, Unknown, Value

__all__ = ["MAX_MODULE", "Modules", "Trees", "parsed"]

MAX_MODULE = 1 << 19


@dataclass
class Trees:
    """What was parsed, which functions yield, the languages of sources: from one rehearsal to the next."""

    parsed: dict[str, ast.Module | None] = field(default_factory=dict)
    generators: dict[int, bool] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)


class Modules(Programs):
    """Follows imports, and asks for the distributions that bring other modules."""

    surroundings: Surroundings
    setup_requires: set[str]
    _trees: Trees
    _packages: dict[str, Package | None]

    def tree(self, path: str) -> ast.Module | None:
        """The syntax tree of a file of the sdist, or None when it cannot be read."""
        if path not in self._trees.parsed:
            self._trees.parsed[path] = _read(self.world.files, path)
        return self._trees.parsed[path]

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
        return self.package_at(module, self.surroundings.local_module(module))

    def package_at(self, module: str, path: str) -> Package | None:
        """A file of the sdist followed as that module, wherever it lies."""
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

    def member(self, owner: Value, name: str, node: ast.expr) -> Value:
        """An attribute; of a package, also a module in it that was imported."""
        found = super().member(owner, name, node)
        if found is NotImplemented and isinstance(owner, Package):
            inner = self._packages.get(f"{owner.name}.{name}")
            return NotImplemented if inner is None else inner
        return found

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
        for alias in node.names:
            self.package(alias.name.partition(".")[0])
        super()._do_import(node)


def _read(files: SdistFiles, path: str) -> ast.Module | None:
    """The tree of a file; without a setup.py, that of what setuptools does then."""
    data = files.kept.get(path)
    if path == "setup.py" and path not in files.name_set:
        return parsed("import setuptools\nsetuptools.setup()\n")
    if data is None or len(data) > MAX_MODULE:
        return None
    return parsed(data if path == "setup.py" else decode_text(data))


def parsed(code: str | bytes) -> ast.Module | None:
    """The tree of some Python, None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError, LookupError, OverflowError):
        return None
