"""Classes, objects, the sdist's own modules and what is bound to them, as values; must evaluate nothing."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field

from planner.sdist.values import Function, Module, Scope, Table, Unknown, Value

__all__ = [
    "Bound",
    "Call",
    "Class",
    "Instance",
    "Method",
    "Package",
    "Partial",
    "Super",
    "error_names",
    "foreign_base",
    "is_object",
    "lineage",
    "lookup",
]


@dataclass(eq=False, slots=True)
class Class:
    """A class of the files that are followed."""

    name: str
    bases: tuple[Value, ...]
    attributes: dict[str, Value] = field(default_factory=dict)
    decorators: frozenset[str] = frozenset()


@dataclass(eq=False, slots=True)
class Instance:
    """An object: of such a class, or one of setuptools or the standard library, which `kind` names."""

    kind: str
    type: Class | None = None
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bound:
    """A function of the files with the object (or class) that it is a method of."""

    function: Function
    owner: Value = field(compare=False)


@dataclass(frozen=True, slots=True)
class Method:
    """A method that setuptools or the standard library gives to an object of that kind."""

    kind: str
    name: str
    owner: Value = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function or method that is modelled: on what, with what, and where."""

    owner: Value
    arguments: list[Value]
    keywords: Table
    node: ast.Call


@dataclass(frozen=True, slots=True)
class Super:
    """`super()` of an object inside a method of class `after`."""

    owner: Value = field(compare=False)
    after: Class = field(compare=False)


@dataclass(frozen=True, slots=True)
class Partial:
    """`functools.partial` of a callable."""

    function: Value = field(compare=False)
    arguments: tuple[Value, ...] = field(compare=False)
    keywords: Table = field(compare=False)


@dataclass(frozen=True, slots=True)
class Package:
    """A module of the sdist's own that was followed; its names are those of `scope`."""

    name: str
    scope: Scope = field(compare=False)


_OBJECTS = (Class, Instance, Super, Package)

# What setuptools raises when a compiler or a linker fails differs from version to version: handlers for any
# of these are written to catch it. https://github.com/pypa/distutils/blob/main/distutils/errors.py
_COMPILING = frozenset(
    {"CompileError", "CCompilerError", "LinkError", "DistutilsExecError", "DistutilsPlatformError"}
    | {"DistutilsError", "PlatformError", "ExecError"}
)
_ANCESTORS = {
    "CompileError": _COMPILING,
    "LinkError": _COMPILING - {"CompileError"},
    "CalledProcessError": frozenset({"SubprocessError"}),
    "TimeoutExpired": frozenset({"SubprocessError"}),
    "DistutilsExecError": frozenset({"DistutilsError", "ExecError"}),
    "URLError": frozenset({"OSError", "IOError", "EnvironmentError", "RequestException", "ConnectionError"}),
    "HTTPError": frozenset({"URLError", "OSError", "IOError", "EnvironmentError"}),
    "PackageNotFoundError": frozenset({"OSError", "EnvironmentError"}),
}


def is_object(value: Value) -> bool:
    """Whether its attributes are looked up here."""
    return isinstance(value, _OBJECTS)


def lineage(cls: Class) -> Iterator[Class]:
    """The class and those of its bases that are known, in the order in which a name is looked up."""
    seen: set[int] = set()
    stack: list[Value] = [cls]
    while stack:
        top = stack.pop(0)
        if isinstance(top, Class) and id(top) not in seen:
            seen.add(id(top))
            yield top
            stack[:0] = top.bases


def lookup(cls: Class, name: str, after: Class | None = None) -> Value:
    """An attribute along the lineage (behind `after`), or NotImplemented."""
    waiting = after is not None
    for one in lineage(cls):
        if not waiting and name in one.attributes:
            return one.attributes[name]
        waiting = waiting and one is not after
    return NotImplemented


def foreign_base(cls: Class) -> str:
    """The last part of the name of the first base that is not of the files, or ""."""
    for one in lineage(cls):
        for base in one.bases:
            if isinstance(base, Module) and base.name != "builtins.object":
                return base.name.rpartition(".")[2]
            if isinstance(base, Unknown):
                return "?"
    return ""


def error_names(value: Value) -> frozenset[str]:
    """The names of an exception's classes, from the class, its last base outside the files, or its name."""
    if isinstance(value, Instance) and value.type is not None:
        value = value.type
    if isinstance(value, Class):
        names = frozenset(one.name for one in lineage(value))
        return names | error_names(Module(foreign_base(value) or "Exception"))
    name = value if isinstance(value, str) else value.name if isinstance(value, Module) else "Exception"
    name = name.rpartition(".")[2]
    known = getattr(builtins, name, None)
    names = frozenset({name, "Exception", "BaseException"})
    if isinstance(known, type) and issubclass(known, BaseException):
        names = frozenset(one.__name__ for one in known.__mro__)
        if issubclass(known, OSError):
            names |= {"IOError", "EnvironmentError", "error"}
        return names
    return names | _ANCESTORS.get(name, frozenset())
