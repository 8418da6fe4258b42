"""Compiling and linking an extension as setuptools does: what each takes is asked of the imagined machine.

Nothing is compiled. Where a compiler, a header or a library is missing, the same error goes up as there.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from planner.needs import MAY_BE_COMPILED
from planner.sdist.rehearsal.answers import Answers
from planner.sdist.rehearsal.compiled import (
    Job,
    is_source,
    language_jobs,
    link_names,
    marks,
    source_names,
)
from planner.sdist.rehearsal.objects import Call, Instance
from planner.sdist.values import Extension, Items, Perhaps, Printed, Table, Unknown, Value, as_list, truth

__all__ = ["EXTENSION_FIELDS", "Compiled", "Compiling"]

EXTENSION_FIELDS = (
    "name", "sources", "include_dirs", "define_macros", "undef_macros", "library_dirs", "libraries",
    "runtime_library_dirs", "extra_objects", "extra_compile_args", "extra_link_args", "export_symbols",
    "swig_opts", "depends", "language", "optional",
)  # fmt: skip  # fmt: skip
_LISTS = frozenset(EXTENSION_FIELDS) - {"name", "language", "optional"}
_MAX_JOBS = 400


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


class Compiling(Answers):
    """Makes extensions, and compiles them."""

    compiled: list[Compiled]
    languages: dict[str, str]
    own_libraries: set[str]

    def make_extension(self, kind: str, arguments: list[Value], keywords: Table, node: ast.Call) -> Extension:
        """An extension with its attributes, as its class sets them."""
        attributes = Table({name: Items() if name in _LISTS else None for name in EXTENSION_FIELDS})
        given = dict(zip(EXTENSION_FIELDS, arguments, strict=False))
        for name, value in [*given.items(), *keywords.items.items()]:
            if not (value is None and name in _LISTS):
                attributes.items[name] = value
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

    def build_extension(self, made: Extension, more: list[Value]) -> None:
        """Ask for what compiling and linking an extension takes."""
        for job in language_jobs(made, self.world.files, self.languages):
            self._need(job, f"compiles {made.kind}")
        told = (mark for name in source_names(made)[0] for mark in sorted(marks(name, self.world.files)))
        self._link(made, [*more, *(mark[8:] for mark in told if mark.startswith("library:"))])
        self.compiled.append(_compiled(made, certain=self._maybe == 0))

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

    def _need(self, job: Job, text: str) -> None:
        there = (
            self.machine.program(job.subject[8:], error="CompileError", compiles=True)
            if job.subject.startswith("program:")
            else self.machine.has(job.subject, text, error="CompileError", compiles=True)
        )
        if not there:
            self._raise("CompileError", 0)

    def _unknown_extension(self, item: Unknown, node: ast.Call) -> None:
        """One that is computed beyond following: it is compiled from whatever sources the sdist has."""
        sources = [name for name in self.world.files.names if is_source(name)]
        self.lost.setdefault(self.where(item.line or node.lineno), "which extensions it builds is computed")
        if sources:
            made = Extension(
                "?", node.lineno, attributes=Table({"sources": Items(list(sources[:_MAX_JOBS]))})
            )
            for job in language_jobs(made, self.world.files, self.languages):
                if job.subject in ("dep:virtual/compiler/c", "dep:virtual/compiler/cxx", "header:Python.h"):
                    self._need(job, MAY_BE_COMPILED)
            self.compiled.append(Compiled("?", item.line, "", (), "", self._maybe == 0))

    def _compiler_find_library_file(self, call: Call) -> Value:
        name = call.arguments[1] if len(call.arguments) > 1 else None
        folders = as_list(call.arguments[0]) if call.arguments else None
        if not isinstance(name, str):
            return Unknown(call.node.lineno, "a library whose name is not known")
        known = folders is not None and all(isinstance(folder, str) for folder in folders)
        if known and not any(folder.startswith(("/usr/lib", "/lib")) for folder in folders or ()):
            return None
        there = self.machine.has(f"library:{name}", f"looks for the library {name}")
        return f"/usr/lib/lib{name}.so" if there else None

    def _compiler_compile(self, call: Call) -> Value:
        sources = call.arguments[0] if call.arguments else Items()
        made = Extension("", call.node.lineno, attributes=Table({"sources": sources}))
        names, _ = source_names(made)
        if not any(name in self.world.files.name_set for name in names):
            return Items([Unknown(call.node.lineno, "a test of the compiler")])
        for job in language_jobs(made, self.world.files, self.languages):
            self._need(job, "compiles it")
        return Items([Unknown(call.node.lineno, "object files")])

    def _compiler_link_shared_object(self, call: Call) -> None:
        keywords = {
            keyword.arg: self.evaluate(keyword.value) for keyword in call.node.keywords if keyword.arg
        }
        made = Extension("", call.node.lineno, attributes=Table({"libraries": keywords.get("libraries")}))
        self._link(made, [])

    def _compiler_has_function(self, call: Call) -> Value:
        keywords = {
            keyword.arg: self.evaluate(keyword.value) for keyword in call.node.keywords if keyword.arg
        }
        libraries = (
            as_list(keywords.get("libraries", call.arguments[4] if len(call.arguments) > 4 else ())) or []
        )
        includes = (
            as_list(keywords.get("includes", call.arguments[1] if len(call.arguments) > 1 else ())) or []
        )
        asked = [f"library:{name}" for name in libraries if isinstance(name, str)]
        asked += [f"header:{name}" for name in includes if isinstance(name, str)]
        if not asked:
            return Unknown(call.node.lineno, "whether the C library has a function")
        answers = [self.machine.has(subject, "tries to link with it") for subject in asked]
        return all(answers)


def _compiled(made: Extension, *, certain: bool) -> Compiled:
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
