"""The commands of setuptools in their order, as a build goes through them; must not compile anything itself.

https://setuptools.pypa.io/en/latest/deprecated/distutils/extending.html
"""

from __future__ import annotations

import ast
from functools import partial

from planner.sdist.flow import Raised
from planner.sdist.forks import NONE
from planner.sdist.rehearsal.compiled import language_jobs
from planner.sdist.rehearsal.compiling import Compiling
from planner.sdist.rehearsal.objects import Call, Class, Instance, Method, foreign_base, lookup
from planner.sdist.values import Extension, Function, Items, Perhaps, Table, Unknown, Value, as_list, truth

__all__ = ["Commands"]

# https://setuptools.pypa.io/en/latest/userguide/ext_modules.html: `optional`
_FORGIVEN = frozenset({"CCompilerError", "DistutilsError", "CompileError"})
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
_OWN = _COMMANDS | {"compiler", "distribution", "Distribution", "Command"}


class Commands(Compiling):
    """Follows the commands of a build, those that the files replace and the others."""

    distribution: Instance | None
    options: dict[str, dict[str, str]]
    more_commands: list[str]
    _done: dict[str, Instance]
    _ran: set[str]

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
        return method(Call(owner, arguments, keywords, node))

    def kind_of(self, cls: Class) -> str:
        """The command that a class stands for."""
        base = foreign_base(cls)
        return _ALIASES.get(base, base)

    def _any_initialize_options(self, call: Call) -> None:
        lists = ("include_dirs", "libraries", "library_dirs", "define", "undef", "rpath", "link_objects")
        for option in (*lists, "compiler", "parallel", "debug", "force", "swig_opts", "extensions"):
            call.owner.attributes.setdefault(option, None)
        call.owner.attributes.setdefault("inplace", 0)
        for option in ("build_lib", "build_temp", "build_clib", "build_base", "build_platlib"):
            call.owner.attributes.setdefault(option, f"build/{option[6:]}")

    def _any_finalize_options(self, call: Call) -> None:
        self._any_initialize_options(call)
        attributes = call.owner.attributes
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

    def _any_run_command(self, call: Call) -> None:
        if call.arguments and isinstance(call.arguments[0], str):
            self.run_command(call.arguments[0], call.node)

    def _any_get_finalized_command(self, call: Call) -> Value:
        name = call.arguments[0] if call.arguments else None
        return self.command(name, call.node) if isinstance(name, str) else NotImplemented

    _any_reinitialize_command = _any_get_finalized_command
    _any_get_command_obj = _any_get_finalized_command

    def _any_get_sub_commands(self, call: Call) -> Value:
        listed = self.member(call.owner, "sub_commands", call.node)
        names: list[Value] = []
        for entry in (as_list(listed) if listed is not NotImplemented else ()) or ():
            if not isinstance(entry, tuple) or not entry or not isinstance(entry[0], str):
                continue
            test = entry[1] if len(entry) > 1 else None
            if (
                isinstance(test, Function)
                and truth(self.invoke(test, [call.owner], Table(), call.node)) is False
            ):
                continue
            names.append(entry[0])
        return Items(names)

    def _any_execute(self, call: Call) -> None:
        if call.arguments:
            self.invoke(
                call.arguments[0],
                as_list(call.arguments[1]) or [] if len(call.arguments) > 1 else [],
                Table(),
                call.node,
            )

    def _any_spawn(self, call: Call) -> None:
        if call.arguments and self.run_command_line(call.arguments[0], call.node.lineno) is False:
            self._raise("DistutilsExecError", call.node.lineno)

    def _any_run(self, _: Call) -> None:
        return None

    _any_announce = _any_warn = _any_mkpath = _any_copy_file = _any_ensure_dirname = _any_run

    def _build_run(self, call: Call) -> None:
        has_modules = self._has("has_ext_modules", "ext_modules", call.node)
        for name in dict.fromkeys((*self.more_commands, *self._sub_names(call.owner, call.node))):
            if name == "build_clib" and self._has("has_c_libraries", "libraries", call.node) is False:
                continue
            if name == "build_ext" and has_modules is False:
                continue
            self.run_command(name, call.node)

    def _sub_names(self, owner: Instance, node: ast.Call) -> list[str]:
        listed = self._any_get_sub_commands(Call(owner, [], Table(), node))
        return [*(name for name in as_list(listed) or () if isinstance(name, str)), *_SUBCOMMANDS]

    def _has(self, method: str, attribute: str, node: ast.Call) -> bool | None:
        if self.distribution is None:
            return False
        found = self.member(self.distribution, method, node)
        if found is not NotImplemented:
            return truth(self.invoke(found, [], Table(), node))
        return truth(self.distribution.attributes.get(attribute))

    def _install_run(self, call: Call) -> None:
        self.run_command("build", call.node)
        self.run_command("install_lib", call.node)

    _bdist_wheel_run = _develop_run = _bdist_egg_run = _install_run

    def _distribution_has_c_libraries(self, call: Call) -> Value:
        return truth(call.owner.attributes.get("libraries")) is True

    def _distribution_has_ext_modules(self, call: Call) -> Value:
        return truth(call.owner.attributes.get("ext_modules")) is not False

    def _build_ext_run(self, call: Call) -> None:
        attributes = call.owner.attributes
        if truth(attributes.get("extensions")) is False:
            return
        if self._has("has_c_libraries", "libraries", call.node) is True:
            listed = self._call_step(self.command("build_clib", call.node), "get_library_names", call.node)
            self.own_libraries |= {name for name in as_list(listed) or () if isinstance(name, str)}
        attributes["compiler"] = self.new_compiler()
        self._call_step(call.owner, "build_extensions", call.node)

    def _build_ext_build_extensions(self, call: Call) -> None:
        value = call.owner.attributes.get("extensions")
        items = as_list(value)
        if items is None:
            items = [value] if isinstance(value, Unknown) else []
        known = any(not isinstance(item, Unknown) or isinstance(item, Perhaps) for item in items)
        for item in items[:_MAX_JOBS]:
            if isinstance(item, Perhaps):
                build = partial(self._each, call.owner, item.value, call.node)
                self._fork(build, lambda: NONE, call.node.lineno)
            elif not isinstance(item, Unknown):
                self._each(call.owner, item, call.node)
            elif not known:
                self._unknown_extension(item, call.node)

    def _each(self, owner: Instance, item: Value, node: ast.Call) -> int:
        made = self.as_extension(item)
        optional = made is not None and truth((made.attributes or Table()).items.get("optional")) is True
        self._shields.append(_FORGIVEN if optional else frozenset())
        try:
            self._method(owner, "build_extension", [item], Table(), node)
        except Raised as error:
            if not optional or not error.names & _FORGIVEN:
                raise
        finally:
            self._shields.pop()
        return NONE

    def _build_ext_build_extension(self, call: Call) -> None:
        made = self.as_extension(call.arguments[0]) if call.arguments else None
        if made is None or made.attributes is None:
            return
        libraries = call.owner.attributes.get("libraries")
        self.build_extension(made, [] if libraries is None else as_list(libraries) or [])

    def _build_clib_run(self, call: Call) -> None:
        libraries = self.distribution.attributes.get("libraries") if self.distribution else None
        if truth(libraries) is False:
            return
        call.owner.attributes["compiler"] = self.new_compiler()
        self._method(call.owner, "build_libraries", [libraries], Table(), call.node)

    def _build_clib_build_libraries(self, call: Call) -> None:
        for entry in (as_list(call.arguments[0]) if call.arguments else ()) or ():
            if isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[1], Table):
                sources = entry[1].items.get("sources")
                made = Extension("library", call.node.lineno, attributes=Table({"sources": sources}))
                for job in language_jobs(made, self.world.files, self.languages):
                    if job.subject != "header:Python.h":
                        self._need(job, "compiles a library")

    def _build_clib_get_library_names(self, _: Call) -> Value:
        libraries = self.distribution.attributes.get("libraries") if self.distribution else None
        return Items([entry[0] for entry in as_list(libraries) or () if isinstance(entry, tuple) and entry])
