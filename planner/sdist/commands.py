"""What setuptools does with a build: its commands in their order, and compiling and linking each extension.

Nothing is compiled: the imagined machine is asked for a compiler, headers and libraries, and where one is missing
the command fails as setuptools' own would.
https://setuptools.pypa.io/en/latest/deprecated/distutils/extending.html
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from planner.sdist.compiled import Job, is_source, language_jobs, link_names, source_names
from planner.sdist.flow import Raised
from planner.sdist.objects import Class, Instance, Method, foreign_base, lookup
from planner.sdist.programs import Programs
from planner.sdist.values import (
    Extension,
    Function,
    Items,
    Perhaps,
    Printed,
    Table,
    Unknown,
    Value,
    as_list,
    truth,
)

__all__ = ["EXTENSION_FIELDS", "Commands", "Compiled"]

EXTENSION_FIELDS = (
    "name", "sources", "include_dirs", "define_macros", "undef_macros", "library_dirs", "libraries",
    "runtime_library_dirs", "extra_objects", "extra_compile_args", "extra_link_args", "export_symbols",
    "swig_opts", "depends", "language", "optional",
)  # fmt: skip
_LISTS = frozenset(EXTENSION_FIELDS) - {"name", "language", "optional"}
_COMMANDS = frozenset(
    {"build_ext", "build_py", "build_clib", "build", "install", "install_lib", "develop", "sdist", "egg_info"}
    | {"bdist_wheel", "bdist_egg", "editable_wheel", "build_scripts", "build_src", "clean", "test", "bdist"}
)
_ALIASES = {"BuildExtension": "build_ext", "new_build_ext": "build_ext", "old_build_ext": "build_ext"}
_SUBCOMMANDS = ("build_py", "build_clib", "build_ext", "build_scripts")
_MAX_JOBS = 400
_SWITCHES = {
    "0": False,
    "no": False,
    "false": False,
    "off": False,
    "1": True,
    "yes": True,
    "true": True,
    "on": True,
}


@dataclass(frozen=True, slots=True)
class Compiled:
    """An extension that a command compiled and linked: where it is made, and what it is made of.

    `printed` counts the settings that are what a program printed, `settings` is a text of the others.
    """

    file: str
    line: int
    name: str
    sources: tuple[str, ...]
    settings: str
    certain: bool
    printed: int = 0


class Commands(Programs):
    """Follows the commands of a build; `planner.sdist.rehearsal` starts them."""

    compiled: list[Compiled]
    distribution: Instance | None
    _done: dict[str, Instance]
    own_libraries: set[str]
    options: dict[str, dict[str, str]]

    # Extensions -------------------------------------------------------------------------------------

    def make_extension(self, kind: str, arguments: list[Value], keywords: Table, node: ast.Call) -> Extension:
        """An extension with its attributes, as its class sets them."""
        attributes = Table({field: Items() if field in _LISTS else None for field in EXTENSION_FIELDS})
        given = dict(zip(EXTENSION_FIELDS, arguments, strict=False))
        for field, value in [*given.items(), *keywords.items.items()]:
            if not (value is None and field in _LISTS):
                attributes.items[field] = value
        if keywords.doubt is not None:
            libraries = attributes.items["libraries"]
            attributes.items["libraries"] = Items([*(as_list(libraries) or ()), keywords.doubt])
        optional = truth(attributes.items.get("optional")) is True
        file, _, _ = self.where(0).rpartition(":")
        made = Extension(kind, node.lineno, optional, attributes, file)
        self.findings.extensions.append(made)
        return made

    def as_extension(self, value: Value) -> Extension | None:
        """An extension, also when it is an object of a class of the files."""
        if isinstance(value, Extension):
            return value
        if isinstance(value, Instance) and value.kind.endswith("Extension"):
            made = value.attributes.get("__extension__")
            return made if isinstance(made, Extension) else None
        return None

    # Commands ---------------------------------------------------------------------------------------

    def command(self, name: str, node: ast.Call) -> Instance:
        """The one object of a command, with its options."""
        if name in self._done:
            return self._done[name]
        commands = self.distribution.attributes.get("cmdclass") if self.distribution else None
        cls = commands.items.get(name) if isinstance(commands, Table) else None
        if isinstance(cls, Perhaps):
            cls = cls.value
        made = Instance(name, cls if isinstance(cls, Class) else None)
        self._done[name] = made
        made.attributes["distribution"] = self.distribution
        start = lookup(made.type, "__init__") if made.type is not None else NotImplemented
        if isinstance(start, Function):
            self.call_function(start, [made, self.distribution], {}, node.lineno)
        self._call_step(made, "initialize_options", node)
        for option, value in self.options.get(name, {}).items():
            made.attributes[option.replace("-", "_")] = _SWITCHES.get(value.lower(), value)
        self._call_step(made, "finalize_options", node)
        return made

    def run_command(self, name: str, node: ast.Call) -> None:
        """Run a command, once."""
        if f"{name}.run" in self._ran:
            return
        self._ran.add(f"{name}.run")
        self._call_step(self.command(name, node), "run", node)

    _ran: set[str]

    def _call_step(self, command: Instance, step: str, node: ast.Call) -> Value:
        return self._method(command, step, [], Table(), node)

    def call_method_of(
        self, target: Method, arguments: list[Value], keywords: Table, node: ast.Call
    ) -> Value:
        """A method of setuptools' own classes, of a compiler, of a program that runs."""
        owner, name = target.owner, target.name
        if target.kind == "process":
            return self.process_method(target, node)
        if target.kind.endswith("Extension") and name == "__init__" and isinstance(owner, Instance):
            made = self.make_extension(
                owner.type.name if owner.type else "Extension", arguments, keywords, node
            )
            owner.attributes["__extension__"] = made
            if made.attributes is not None:
                owner.attributes.update(made.attributes.items)
                made.attributes.items = owner.attributes  # one dict: what changes one changes the other
            return None
        kind = _ALIASES.get(target.kind, target.kind)
        method = getattr(self, f"_{kind}_{name}".lower(), None) if kind in _OWN else None
        if method is None and isinstance(owner, Instance):
            method = getattr(self, f"_any_{name}".lower(), None)
        if method is None:
            return Unknown(node.lineno, f"`{name}()` is not followed")
        return method(owner, arguments, node)

    def kind_of(self, cls: Class) -> str:
        """The command that a class stands for."""
        base = foreign_base(cls)
        return _ALIASES.get(base, base)

    # Methods of every command

    def _any_initialize_options(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        lists = ("include_dirs", "libraries", "library_dirs", "define", "undef", "rpath", "link_objects")
        for option in (*lists, "compiler", "parallel", "debug", "force", "swig_opts", "extensions"):
            owner.attributes.setdefault(option, None)
        owner.attributes.setdefault("inplace", 0)
        for option in ("build_lib", "build_temp", "build_clib", "build_base", "build_platlib"):
            owner.attributes.setdefault(option, f"build/{option[6:]}")

    def _any_finalize_options(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        self._any_initialize_options(owner, arguments, node)
        attributes = owner.attributes
        major, minor, _ = self.world.python
        for option in (
            "include_dirs",
            "libraries",
            "library_dirs",
            "rpath",
            "define",
            "undef",
            "link_objects",
        ):
            value = attributes.get(option)
            if value is None or isinstance(value, str):
                words = (value or "").replace(",", " ").replace(":", " ").split()
                attributes[option] = Items(list(words))
        if isinstance(attributes["include_dirs"], Items):
            attributes["include_dirs"].items.append(f"/usr/include/python{major}.{minor}")
        if self.distribution is not None:
            attributes["extensions"] = self.distribution.attributes.get("ext_modules")

    def _any_run_command(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        if arguments and isinstance(arguments[0], str):
            self.run_command(arguments[0], node)

    def _any_get_finalized_command(self, owner: Instance, arguments: list[Value], node: ast.Call) -> Value:
        name = arguments[0] if arguments else None
        return self.command(name, node) if isinstance(name, str) else NotImplemented

    _any_reinitialize_command = _any_get_finalized_command
    _any_get_command_obj = _any_get_finalized_command

    def _any_get_sub_commands(self, owner: Instance, arguments: list[Value], node: ast.Call) -> Value:
        listed = self.member(owner, "sub_commands", node)
        names: list[Value] = []
        for entry in (as_list(listed) if listed is not NotImplemented else ()) or ():
            if not isinstance(entry, tuple) or not entry or not isinstance(entry[0], str):
                continue
            test = entry[1] if len(entry) > 1 else None
            if isinstance(test, Function) and truth(self.invoke(test, [owner], Table(), node)) is False:
                continue
            names.append(entry[0])
        return Items(names)

    def _any_execute(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        if arguments:
            self.invoke(
                arguments[0], as_list(arguments[1]) or [] if len(arguments) > 1 else [], Table(), node
            )

    def _any_spawn(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        if arguments and self.run_command_line(arguments[0], node.lineno) is False:
            self._raise("DistutilsExecError", node.lineno)

    def _any_run(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        return None

    _any_announce = _any_warn = _any_mkpath = _any_copy_file = _any_ensure_dirname = _any_run

    def _build_run(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        has_modules = self._has("has_ext_modules", "ext_modules", node)
        for name in dict.fromkeys((*self.more_commands, *self._sub_names(owner, node))):
            if name == "build_clib" and self._has("has_c_libraries", "libraries", node) is False:
                continue
            if name == "build_ext" and has_modules is False:
                continue
            self.run_command(name, node)

    more_commands: list[str]

    def _sub_names(self, owner: Instance, node: ast.Call) -> list[str]:
        listed = self._any_get_sub_commands(owner, [], node)
        return [*(name for name in as_list(listed) or () if isinstance(name, str)), *_SUBCOMMANDS]

    def _has(self, method: str, field: str, node: ast.Call) -> bool | None:
        if self.distribution is None:
            return False
        found = self.member(self.distribution, method, node)
        if found is not NotImplemented:
            return truth(self.invoke(found, [], Table(), node))
        return truth(self.distribution.attributes.get(field))

    def _install_run(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        self.run_command("build", node)
        self.run_command("install_lib", node)

    _bdist_wheel_run = _develop_run = _bdist_egg_run = _install_run

    def _distribution_has_c_libraries(self, owner: Instance, arguments: list[Value], node: ast.Call) -> Value:
        return truth(owner.attributes.get("libraries")) is True

    def _distribution_has_ext_modules(self, owner: Instance, arguments: list[Value], node: ast.Call) -> Value:
        return truth(owner.attributes.get("ext_modules")) is not False

    # Compiling

    def _build_ext_run(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        attributes = owner.attributes
        if truth(attributes.get("extensions")) is False:
            return
        if self._has("has_c_libraries", "libraries", node) is True:
            listed = self._call_step(self.command("build_clib", node), "get_library_names", node)
            self.own_libraries |= {name for name in as_list(listed) or () if isinstance(name, str)}
        attributes["compiler"] = self.new_compiler()
        self._call_step(owner, "build_extensions", node)

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

    def _build_ext_build_extensions(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        value = owner.attributes.get("extensions")
        items = as_list(value)
        if items is None:
            items = [value] if isinstance(value, Unknown) else []
        known = any(not isinstance(item, Unknown) or isinstance(item, Perhaps) for item in items)
        for item in items[:_MAX_JOBS]:
            if isinstance(item, Perhaps):
                self._fork(lambda one=item: self._each(owner, one.value, node), lambda: 0, node.lineno)  # type: ignore[misc]
            elif not isinstance(item, Unknown):
                self._each(owner, item, node)
            elif not known:
                self._unknown_extension(item, node)

    def _unknown_extension(self, item: Unknown, node: ast.Call) -> None:
        """One that is computed beyond following: it is compiled from whatever sources the sdist has."""
        sources = [name for name in self.world.files.names if is_source(name)]
        self.lost.setdefault(self.where(item.line or node.lineno), "which extensions it builds is computed")
        if sources:
            made = Extension("?", node.lineno, False, Table({"sources": Items(list(sources[:_MAX_JOBS]))}))
            for job in language_jobs(made, self.world.files):
                if job.subject in ("dep:virtual/compiler/c", "dep:virtual/compiler/cxx", "header:Python.h"):
                    self._need(job, "", "an extension")
            self.compiled.append(Compiled("?", item.line, "", (), "", self._maybe == 0))

    def _each(self, owner: Instance, item: Value, node: ast.Call) -> int:
        made = self.as_extension(item)
        optional = made is not None and truth((made.attributes or Table()).items.get("optional")) is True
        try:
            self._method(owner, "build_extension", [item], Table(), node)
        except Raised as error:
            if not optional or not error.names & {"CCompilerError", "DistutilsError", "CompileError"}:
                raise
        return 0

    def _build_ext_build_extension(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        made = self.as_extension(arguments[0]) if arguments else None
        if made is None or made.attributes is None:
            return
        libraries = owner.attributes.get("libraries")
        optional = truth(made.attributes.items.get("optional")) is True
        self._shields.append(self._shield(optional))
        try:
            self.build_extension(made, [] if libraries is None else as_list(libraries) or [])
        finally:
            self._shields.pop()
        self.compiled.append(_compiled(made, self._maybe == 0))

    _shields: list[frozenset[str]]

    @staticmethod
    def _shield(optional: bool) -> frozenset[str]:
        return frozenset({"CCompilerError", "DistutilsError"}) if optional else frozenset()

    def build_extension(self, made: Extension, more: list[Value]) -> None:
        """Ask for what compiling and linking an extension takes."""
        where = f"{made.file}:{made.line}"
        for job in language_jobs(made, self.world.files):
            self._need(job, where, made.kind)
        self._link(made, more)

    def _link(self, made: Extension, more: list[Value]) -> None:
        names, lost = link_names(made, more)
        if lost is not None:
            self.lost.setdefault(
                f"{made.file}:{lost.line or made.line}", "which libraries it links is computed"
            )
        for name, sure in names:
            if name in self.own_libraries:
                continue
            if sure and not self.machine.has(
                f"library:{name}", f"links {name}", error="LinkError", compiles=True
            ):
                self._raise("LinkError", made.line)
            if not sure:
                self._maybe += 1
                self.machine.has(f"library:{name}", f"links {name}", compiles=True)
                self._maybe -= 1

    def _need(self, job: Job, where: str, kind: str) -> None:
        del where
        there = (
            self.machine.program(job.subject[8:], error="CompileError", compiles=True)
            if job.subject.startswith("program:")
            else self.machine.has(job.subject, f"compiles {kind}", error="CompileError", compiles=True)
        )
        if not there:
            self._raise("CompileError", 0)

    def _build_clib_run(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        libraries = self.distribution.attributes.get("libraries") if self.distribution else None
        if truth(libraries) is False:
            return
        owner.attributes["compiler"] = self.new_compiler()
        self._method(owner, "build_libraries", [libraries], Table(), node)

    def _build_clib_build_libraries(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        for entry in (as_list(arguments[0]) if arguments else ()) or ():
            if isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[1], Table):
                sources = entry[1].items.get("sources")
                made = Extension("library", node.lineno, False, Table({"sources": sources}))
                for job in language_jobs(made, self.world.files):
                    if job.subject != "header:Python.h":
                        self._need(job, "", "a library")

    def _build_clib_get_library_names(self, owner: Instance, arguments: list[Value], node: ast.Call) -> Value:
        libraries = self.distribution.attributes.get("libraries") if self.distribution else None
        return Items([entry[0] for entry in as_list(libraries) or () if isinstance(entry, tuple) and entry])

    # A compiler object

    def _compiler_find_library_file(self, owner: Instance, arguments: list[Value], node: ast.Call) -> Value:
        name = arguments[1] if len(arguments) > 1 else None
        folders = as_list(arguments[0]) if arguments else None
        if not isinstance(name, str):
            return Unknown(node.lineno, "a library whose name is not known")
        known = folders is not None and all(isinstance(folder, str) for folder in folders)
        if known and not any(folder.startswith(("/usr/lib", "/lib")) for folder in folders or ()):
            return None
        there = self.machine.has(f"library:{name}", f"looks for the library {name}")
        return f"/usr/lib/lib{name}.so" if there else None

    def _compiler_compile(self, owner: Instance, arguments: list[Value], node: ast.Call) -> Value:
        sources = arguments[0] if arguments else Items()
        made = Extension("", node.lineno, False, Table({"sources": sources}))
        for job in language_jobs(made, self.world.files):
            self._need(job, "", "")
        return Items([Unknown(node.lineno, "object files")])

    def _compiler_link_shared_object(self, owner: Instance, arguments: list[Value], node: ast.Call) -> None:
        keywords = {keyword.arg: self.evaluate(keyword.value) for keyword in node.keywords if keyword.arg}
        made = Extension("", node.lineno, False, Table({"libraries": keywords.get("libraries")}))
        self._link(made, [])

    def _compiler_has_function(self, owner: Instance, arguments: list[Value], node: ast.Call) -> Value:
        keywords = {keyword.arg: self.evaluate(keyword.value) for keyword in node.keywords if keyword.arg}
        libraries = as_list(keywords.get("libraries", arguments[4] if len(arguments) > 4 else ())) or []
        includes = as_list(keywords.get("includes", arguments[1] if len(arguments) > 1 else ())) or []
        asked = [f"library:{name}" for name in libraries if isinstance(name, str)]
        asked += [f"header:{name}" for name in includes if isinstance(name, str)]
        if not asked:
            return Unknown(node.lineno, "whether the C library has a function")
        return all([self.machine.has(subject, "tries to link with it") for subject in asked])


_OWN = _COMMANDS | {"compiler", "distribution", "Distribution", "Command"}


def _compiled(made: Extension, certain: bool) -> Compiled:
    attributes = (made.attributes or Table()).items
    sources, _ = source_names(made)
    settings = [str(truth(attributes.get("libraries"))), *sorted(name for name, _ in link_names(made, [])[0])]
    macros = as_list(attributes.get("define_macros")) or ()
    settings += [str(macro[0]) for macro in macros if isinstance(macro, tuple) and macro]
    name = attributes.get("name")
    plain = name if isinstance(name, str) else ""
    flags = ("include_dirs", "library_dirs", "libraries", "extra_compile_args", "extra_link_args")
    values = [(flag, item) for flag in flags for item in _flat(attributes.get(flag))]
    printed = sum(isinstance(item, Printed) for _, item in values)
    settings += [f"{flag}={item}" for flag, item in values if isinstance(item, str)]
    return Compiled(made.file, made.line, plain, tuple(sources), " ".join(settings), certain, printed)


def _flat(value: Value) -> list[Value]:
    items = [value] if isinstance(value, Printed) else as_list(value) or []
    return [item.value if isinstance(item, Perhaps) else item for item in items]
