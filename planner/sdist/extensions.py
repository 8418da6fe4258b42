"""What a setup.py says of compiled parts: from the way through it, from its tree, or from its bare text.

Must not judge the sdist as a whole; `planner.sdist.native` does, with the other files.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from planner.sdist.calls import called
from planner.sdist.flow import Findings, SetupCall
from planner.sdist.values import Extension, Table, Unknown, as_list, truth

__all__ = ["Built", "Native", "extensions", "textual"]

_COMMANDS = frozenset({"build", "build_py", "build_ext", "build_clib", "install", "bdist_wheel"})
_NATIVE_CALL = re.compile(r"\b(\w*Extension|cythonize|ext_modules|cffi_modules|rust_extensions)\b\s*[(=]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """What the file says of compiled parts. `modules` True: it certainly gives some to `setup()`; False: no.

    `because` are phrases with their line, `optional` is True when every extension may fail to build, and
    `commands` are the names of setuptools' commands that the file replaces.
    """

    modules: bool | None = False
    because: tuple[str, ...] = ()
    optional: bool = False
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """One extension that a setup.py makes: `kind` is its class, `certain` whether the way to it is.

    `sources` are paths in the sdist, None where they are not known as a whole; `libraries` and
    `include_dirs` hold those that are known, `macros` the names that its compiler certainly gets defined.
    `language` is as given (`c++`) or "".
    """

    kind: str
    line: int
    name: str = ""
    optional: bool = False
    certain: bool = True
    sources: tuple[str, ...] | None = None
    libraries: tuple[str, ...] = ()
    include_dirs: tuple[str, ...] = ()
    macros: tuple[str, ...] = ()
    language: str = ""


def textual(text: str) -> Native:
    """For a file that does not parse: whether its text names extensions at all."""
    for number, line in enumerate(text.splitlines(), 1):
        code = line[:1000].split("#")[0]
        found = _NATIVE_CALL.search(code)
        if found:
            return Native(modules=True, because=(f"setup.py:{number} names {found[1]}",))
    return Native(modules=False)


def _with_article(kind: str) -> str:
    """`an Extension`, `a CUDAExtension`, `what cythonize gives`."""
    if kind == "cythonize":
        return "what cythonize gives"
    return f"{'an' if kind[:1] in 'AEIOaeio' else 'a'} {kind}"


def extensions(findings: Findings, call: SetupCall | None, tree: ast.Module) -> Native:
    """What was seen of compiled parts on the way through the file to the call of `setup()` that counts."""
    seen = findings.extensions
    because = tuple(dict.fromkeys(f"setup.py:{made.line} builds {_with_article(made.kind)}" for made in seen))
    if call is None:
        return Native(modules=None if _constructs(tree) else False, because=because)
    modules: bool | None = False
    optional = False
    for name in ("ext_modules", "cffi_modules", "rust_extensions", "libraries", "cython_modules"):
        value = call.keywords.get(name)
        items = [] if value is None else as_list(value)
        if items:
            made = [item for item in items if isinstance(item, Extension)]
            optional = bool(made) and all(item.optional for item in made)
            known = any(not isinstance(item, Unknown) for item in items)
            modules = True if known else modules or None
            if not because:
                because = (f"setup.py:{call.line} gives {name} to setup()",)
        elif items is None and modules is False:
            modules = None
    calls = findings.setups
    fallbacks = calls[calls.index(call) + 1 :]
    if modules and any(truth(other.keywords.get("ext_modules")) is False for other in fallbacks):
        optional = True
    if "configuration" in call.keywords.items:  # numpy.distutils' way to collect extensions
        modules, because = True, (f"setup.py:{call.line} gives setup() a numpy.distutils configuration",)
    commands = call.keywords.get("cmdclass")
    names = tuple(str(key) for key in commands.items) if isinstance(commands, Table) else ()
    if isinstance(commands, Unknown):
        names = _named_commands(tree)
    if modules is None and not because:
        because = _constructs(tree)
    return Native(modules=modules, because=because, optional=optional, commands=names)


def _named_commands(tree: ast.Module) -> tuple[str, ...]:
    """Names of build commands that stand as keys somewhere, for a `cmdclass` that is not known as a whole."""
    keys: set[str] = set()
    for node in ast.walk(tree):
        found = (
            node.keys
            if isinstance(node, ast.Dict)
            else [node.slice]
            if isinstance(node, ast.Subscript)
            else []
        )
        keys |= {key.value for key in found if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return tuple(sorted(keys & _COMMANDS))


def _constructs(tree: ast.Module) -> tuple[str, ...]:
    """Every place where the syntax alone shows an extension being made."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = called(node.func)
            if name.endswith("Extension") or name == "cythonize":
                found[f"setup.py:{node.lineno} builds {_with_article(name)}"] = None
    return tuple(found)[:5]
