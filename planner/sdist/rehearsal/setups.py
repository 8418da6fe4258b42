"""What `setup()`, cythonize and cffi do with what they are given; must not start anything."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from planner.dists import parse_requirement
from planner.sdist.flow import SetupCall
from planner.sdist.rehearsal.commands import Commands
from planner.sdist.rehearsal.objects import (
    Class,
    Instance,
    Method,
    lookup,
)
from planner.sdist.values import (
    Extension,
    Function,
    Items,
    Perhaps,
    Scope,
    Table,
    Unknown,
    Value,
    as_list,
    clone,
)

__all__ = ["Setups"]


class Setups(Commands):
    """Follows what is handed to setuptools."""

    modules: Sequence[Mapping[str, Any]]

    def setuptools_call(self, name: str, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """A function of setuptools, Cython or mypyc, NotImplemented for another."""
        last = name.rpartition(".")[2]
        if last == "setup":
            self.findings.setups.append(SetupCall(clone(keywords, {}), node.lineno, self._maybe == 0))
            return self._setup(keywords, node)
        if last in ("cythonize", "mypycify", "cython"):
            return self._cythonized(last, arguments, keywords, node)
        if last.endswith(("Extension", "RustBin")) and not name.startswith("builtins.is"):
            return self.make_extension(last, arguments, keywords, node)
        if last in ("newer", "newer_group", "newer_pairwise_group"):
            return True  # nothing was built before
        if name.endswith("sub_commands.append") and arguments:
            entry = arguments[0]
            if isinstance(entry, tuple) and entry and isinstance(entry[0], str):
                self.more_commands.append(entry[0])
            return None
        return NotImplemented

    def require(self, requirements: Value) -> None:
        """Note what is installed before the build."""
        for requirement in as_list(requirements) or ():
            parsed = parse_requirement(requirement) if isinstance(requirement, str) else None
            if parsed is not None:
                self.setup_requires.add(parsed.name.replace("-", "_"))
                self.setup_requires |= {"Cython"} if parsed.name.lower() == "cython" else set()

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

    def _setup(self, keywords: Table, node: ast.Call) -> Value:
        """What `setup()` does when an installer asks for a wheel."""
        cls = keywords.items.get("distclass")
        made = Instance("distribution", cls if isinstance(cls, Class) else None, dict(keywords.items))
        for name in ("ext_modules", "libraries", "packages", "cmdclass", "rust_extensions"):
            made.attributes.setdefault(name, keywords.doubt)
        self.require(keywords.items.get("setup_requires"))
        saved = self.distribution, self._done, self._ran
        self.distribution, self._done, self._ran = made, {}, set()
        if made.attributes.get("cmdclass") is None:
            made.attributes["cmdclass"] = Table()
        start = lookup(made.type, "__init__") if made.type is not None else NotImplemented
        if isinstance(start, Function):
            self.call_function(start, [made, Table(dict(keywords.items))], {}, node.lineno)
        for name, value in self._assigned.items():
            if name.endswith("Distribution.__init__") and isinstance(value, Function):
                attributes = Table(dict(keywords.items))
                self.call_function(value, [made, attributes], {}, node.lineno)
                made.attributes.update(
                    {key: one for key, one in attributes.items.items() if isinstance(key, str)}
                )
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
        """The extensions that pyproject.toml names.

        https://setuptools.pypa.io/en/latest/userguide/ext_modules.html
        """
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
            if ffi is None:
                continue
            modules = made.attributes.get("ext_modules")
            if isinstance(modules, Items):
                modules.items.append(ffi)
            else:
                made.attributes["ext_modules"] = Items([ffi])

    def _ffi(self, path: str, name: str, node: ast.Call) -> Extension | None:
        """The module that it describes; None for one of Python alone, which takes no compiler.

        https://cffi.readthedocs.io/en/stable/overview.html#out-of-line-abi-level
        """
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
            made = value.attributes.get("__extension__", False) if isinstance(value, Instance) else False
            if made is None or isinstance(made, Extension):
                return made
        self.lost.setdefault(path, "which libraries its cffi module links is not known")
        return self.make_extension("cffi", [name or path, Items()], Table(), node)

    def _ffi_set_source(
        self, owner: Instance, arguments: list[Value], keywords: Table, node: ast.Call
    ) -> None:
        source = arguments[1] if len(arguments) > 1 else keywords.items.get("source")
        if source is None and (len(arguments) > 1 or "source" in keywords.items):
            owner.attributes["__extension__"] = None
            return
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
