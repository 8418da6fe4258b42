"""What a build asks of the standard library, answered as on an imagined machine; must not ask this one."""

from __future__ import annotations

import ast
import posixpath
import re

from planner.sdist.rehearsal.compiled import OF_LIBC
from planner.sdist.rehearsal.modules import MAX_MODULE, Modules, parsed
from planner.sdist.rehearsal.objects import Instance, Method, Partial
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
    render,
    truth,
)
from planner.setupcfg import ini_sections

__all__ = ["Answers"]


_LOOKS_FOR = re.compile(
    r"_*(?:has|have|check|find|test|try|is|exists?)_(?:c_?|system_)?(header|lib)(?:s|rary|raries)?"
    r"(?:_exists?|_file|_installed|_available|_present)?"
)
_HEADER = re.compile(r"[A-Za-z0-9_][\w./+-]{0,100}\.(?:h|hh|hpp|hxx)")
_LIBRARY = re.compile(r"[A-Za-z0-9_][\w.+-]{0,60}")
_LOADERS = frozenset(
    {"spec_from_file_location", "module_from_spec", "SourceFileLoader", "load_source", "run_path"}
)
_LISTING = frozenset({"glob.glob", "glob.iglob", "os.listdir", "os.walk"})


class Answers(Modules):
    """Answers calls of known modules, methods of paths and of known values, and compares versions."""

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
        if isinstance(owner, str) and name in ("decode", "encode"):
            return owner  # what a program prints is text from the start
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
            self.surroundings.changed[:] = [self.makes]
            self.spend(len(self.world.files.names) >> 3)
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

    def call_function(
        self, function: Function, arguments: list[Value], keywords: dict[str, Value], line: int
    ) -> Value:
        """Follow a function; one that compiles a test for a header or a library asks for that."""
        value = super().call_function(function, arguments, keywords, line)
        name = getattr(function.node, "name", "")
        if truth(value) is not None or not (found := _LOOKS_FOR.fullmatch(name)):
            return value
        kind = "header" if found[1] == "header" else "library"
        told = [one for one in (*arguments, *keywords.values()) if isinstance(one, (str, tuple, Items))]
        words = [told[0]] if told and isinstance(told[0], str) else as_list(told[0]) if told else []
        rule = _HEADER if kind == "header" else _LIBRARY
        asked = [word for word in words or () if isinstance(word, str) and rule.fullmatch(word)]
        if not asked or len(asked) != len(words or ()) or any(word in OF_LIBC for word in asked):
            return value
        self._line = line
        answers = [self.machine.has(f"{kind}:{word}", f"looks for {word}") for word in asked]
        return all(answers)

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
        if name in _LISTING:
            self.spend(len(self.world.files.names) >> 3)
        made = self.program_call(name, arguments, keywords, node)
        if made is not NotImplemented:
            return made
        last = name.rpartition(".")[2]
        made = self._code(name, last, arguments, keywords, node)
        if made is not NotImplemented:
            return made
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

    def _code(self, name: str, last: str, arguments: list[Value], keywords: Table, node: ast.Call) -> Value:
        """What opens a library or follows further code, and an error that a missing path raises."""
        if name.startswith("os.path.") and arguments and arguments[0] is None:
            return self.fails(node.lineno, "TypeError")
        if name in ("ctypes.CDLL", "ctypes.cdll.LoadLibrary") and arguments:
            path = render(arguments[0]) if arguments[0] is not None else "libc.so"
            return Instance("libc", None, {}) if path and path.startswith("libc.so") else NotImplemented
        if last in _LOADERS and name.partition(".")[0] in ("importlib", "imp", "runpy", *_LOADERS):
            return self._loaded(last, arguments, keywords)
        if name == "builtins.exec" and arguments:
            return self._executed(arguments[0], arguments[1] if len(arguments) > 1 else None)
        return NotImplemented

    def _loaded(self, last: str, arguments: list[Value], keywords: Table) -> Value:
        """A module from a file that is named; `exec_module()` later has nothing to add.

        https://docs.python.org/3/library/importlib.html#importing-a-source-file-directly
        """
        first = arguments[0] if arguments else None
        if last == "module_from_spec":
            made = first.attributes.get("module") if isinstance(first, Instance) else None
            return made or Unknown(self._line, "a module that is not known")
        place = arguments[-1] if arguments else keywords.items.get("location", keywords.items.get("path"))
        path = render(place) if isinstance(place, (str, Place)) else None
        name = first if isinstance(first, str) else ""
        package = self.package_at(name, posixpath.normpath(path)) if name and path else None
        if package is None:
            return Unknown(self._line, "a module that is not known")
        if last == "run_path":
            return Table(dict(package.scope.names))
        self._packages[name] = package
        if last == "load_source":
            return package
        return Instance("spec", None, {"name": name, "module": package, "loader": Instance("loader")})

    def _executed(self, code: Value, names: Value) -> None:
        """`exec`: what some text of the sdist's own assigns."""
        tree = parsed(code) if isinstance(code, str) and len(code) <= MAX_MODULE else None
        table = names if isinstance(names, Table) else None
        if tree is not None and len(self._calls) <= 10:
            scope = Scope(parent=None if table is not None else self.scope, file=self.scope.file)
            scope.names.update(
                {key: one for key, one in table.items.items() if isinstance(key, str)} if table else {}
            )
            saved, self.scope = self.scope, scope
            self._stack.append(scope)
            self._calls.append(tree)
            try:
                self._block(tree.body)
            finally:
                self.scope = saved
                self._stack.pop()
                self._calls.pop()
            (self.scope.names if table is None else table.items).update(scope.names)
        elif table is not None:
            table.doubt = table.doubt or Unknown(self._line, "what `exec()` assigns")

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

    def new_compiler(self) -> Instance:
        """A compiler object of distutils."""
        major, minor, _ = self.world.python
        lists = ("library_dirs", "libraries", "runtime_library_dirs", "objects", "macros", "compile_options")
        attributes: dict[str, Value] = {name: Items() for name in lists}
        attributes["include_dirs"] = Items([f"/usr/include/python{major}.{minor}"])
        attributes["compiler_type"] = "unix"
        attributes["compiler_so"] = Items(["x86_64-linux-gnu-gcc", "-pthread", "-Wall"])
        attributes["src_extensions"] = Items([".c", ".cc", ".cpp"])
        return Instance("compiler", None, attributes)


def _version_text(value: Value) -> str:
    """`(9, 4, 0)`, `"9.4"`, `9` or a `Version` as text."""
    if isinstance(value, (tuple, Items)):
        parts = [render(part) for part in as_list(value) or ()]
        return ".".join(part for part in parts if part and part.isdigit())
    if isinstance(value, bool) or truth(value) is None or isinstance(value, (Table, Instance)):
        return ""
    text = render(value) or ""
    return text if text[:1].isdigit() else ""


def _told(value: Value) -> Value:
    """The text of a program, where a version was made of its parts."""
    items = as_list(value) if isinstance(value, (tuple, Items)) else None
    return items[0] if items and isinstance(items[0], Printed) else value
