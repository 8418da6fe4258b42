"""The commands of CMake that look for something, and what they look for; must not follow control flow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from planner.needs import ANY_VERSION
from planner.sdist.inspectors.cmake_flow import Handler, Walk
from planner.sdist.inspectors.cmake_scope import path_in
from planner.sdist.inspectors.cmake_syntax import Argument, Block, Command, Node
from planner.sdist.inspectors.cmake_values import UNKNOWN, Choice, Unknown, found_or_not
from planner.sdist.inspectors.ledger import at_least

__all__ = ["find_handlers", "language"]

_LANGUAGES = {
    "C": "dep:virtual/compiler/c",
    "CXX": "dep:virtual/compiler/cxx",
    "CUDA": "dep:virtual/compiler/cuda",
    "FORTRAN": "dep:virtual/compiler/fortran",
    "ASM_NASM": "program:nasm",
    "ASM_YASM": "program:yasm",
    "HIP": "program:hipcc",
    "SWIFT": "program:swiftc",
}
# Modules of CMake's own that look for programs, by https://cmake.org/cmake/help/latest/manual/cmake-modules.7.html
_PROGRAMS = {
    "Git": "git", "Doxygen": "doxygen", "SWIG": "swig", "FLEX": "flex", "BISON": "bison", "Perl": "perl",
    "PkgConfig": "pkg-config", "Java": "java", "Patch": "patch", "Subversion": "svn", "UnixCommands": "",
    "MPI": "mpicc", "CUDA": "nvcc",
}  # fmt: skip
# Found beside the compiler or libc, or brought by the target's Python; nothing to install for them.
_PRESENT = frozenset(
    {"threads", "openmp", "python", "python3", "python2", "pythoninterp", "pythonlibs", "pythonextensions"}
    | {"cython", "numpy", "f2py", "skbuild", "packagehandlestandardargs", "ctest", "iconv", "backtrace"}
    | {"pythonlibsnew", "packagemessage", "targetlinklibrarieswithdynamiclookup", "unixcommands"}
)
_PYTHON = frozenset({"python", "python3", "pythonlibs", "pythonextensions", "pybind11", "nanobind"})
_OPTIONS = frozenset(
    {"REQUIRED", "QUIET", "EXACT", "CONFIG", "MODULE", "NO_MODULE", "GLOBAL", "NO_POLICY_SCOPE", "OPTIONAL"}
    | {"NO_CMAKE_PATH", "NO_DEFAULT_PATH", "BYPASS_PROVIDER", "UNWIND_INCLUDE", "COMPONENTS", "NAMES"}
    | {"OPTIONAL_COMPONENTS", "HINTS", "PATHS", "PATH_SUFFIXES", "VERSION", "REGISTRY_VIEW", "CONFIGS"}
)
_STOPS = frozenset(
    {"HINTS", "PATHS", "PATH_SUFFIXES", "DOC", "REQUIRED", "NO_DEFAULT_PATH", "NO_CACHE", "ENV", "VALIDATOR"}
    | {"NO_PACKAGE_ROOT_PATH", "NO_CMAKE_PATH", "NO_CMAKE_ENVIRONMENT_PATH", "NO_CMAKE_SYSTEM_PATH"}
    | {
        "NO_SYSTEM_ENVIRONMENT_PATH",
        "CMAKE_FIND_ROOT_PATH_BOTH",
        "NAMES_PER_DIR",
        "ONLY_CMAKE_FIND_ROOT_PATH",
    }
    | {"NO_CMAKE_FIND_ROOT_PATH", "NO_CMAKE_INSTALL_PREFIX", "OPTIONAL", "REGISTRY_VIEW"}
)
_MODULE = re.compile(r"([A-Za-z0-9][\w.+-]*?)\s*(?:(>=|<=|=|>|<)\s*(\d[\w.]*))?\Z")
_VERSION = re.compile(r"\d+(?:\.\d+)*")


def language(walk: Walk, name: str, where: str, *, required: bool = True) -> None:
    """A language that the project compiles."""
    subject = _LANGUAGES.get(name.upper())
    if subject is not None:
        walk.ledger.want(
            subject, where, f"compiles {name}", context=walk.context, role="build", required=required
        )


def find_handlers(provided: frozenset[str]) -> Mapping[str, Handler]:
    """The handlers by command; `provided` are the projects that the build requirements bring."""

    def find_package(walk: Walk, command: Command) -> None:
        _find_package(walk, command, provided)

    return {
        "find_package": find_package,
        "find_dependency": find_package,
        "pkg_check_modules": _pkg_config,
        "pkg_search_module": _pkg_config,
        "find_library": _find("library"),
        "find_path": _find("header"),
        "find_file": _find("header"),
        "find_program": _find("program"),
        "check_language": _check_language,
        "pybind11_add_module": _python_module,
        "nanobind_add_module": _python_module,
        "python_add_library": _python_module,
        "python3_add_library": _python_module,
        "python_add_module": _python_module,
        "python_extension_module": _python_module,
    }


def _found(walk: Walk, names: Iterable[str], key: int | None) -> None:
    """Set the variables that say whether it was found, by its key; without one it is there."""
    if key is None or walk.ledger.is_required(key):
        value: str | Choice = "1"
    else:
        value = found_or_not((key,))
    for name in names:
        walk.set(name, value)


def _python_module(walk: Walk, command: Command) -> None:
    walk.ledger.want("header:Python.h", walk.where(command), command.name, context=walk.context)


def _check_language(walk: Walk, command: Command) -> None:
    for word in walk.words(command.arguments[:1]):
        if word and word.upper() in _LANGUAGES:
            key = walk.ledger.want(
                _LANGUAGES[word.upper()], walk.where(command), command.name,
                context=walk.context, role="build", required=False,
            )  # fmt: skip
            _found(walk, [f"CMAKE_{word}_COMPILER"], key)


def _find_package(walk: Walk, command: Command, provided: frozenset[str]) -> None:
    words = walk.words(command.arguments)
    if not words or words[0] is None:
        return
    name, rest = words[0], words[1:]
    lower = name.lower()
    names = (f"{name}_FOUND", f"{name.upper()}_FOUND")
    required = "REQUIRED" in rest
    where = walk.where(command)
    if lower in _PYTHON and _wants_headers(lower, rest):
        walk.ledger.want("header:Python.h", where, name, context=walk.context, required=required)
    present = lower in _PRESENT or lower.startswith(("python2", "python3"))
    if lower in ("pybind11", "nanobind"):  # asked of Python: `python -m pybind11 --cmakedir`
        places = (walk.value(place) for place in (f"{name}_DIR", f"{name}_ROOT", "CMAKE_PREFIX_PATH"))
        present = None in rest or any(isinstance(place, Unknown) for place in places)
    if present or canonicalize_name(name) in provided or lower in walk.declared:
        _found(walk, names, None)
        return
    if name == "PkgConfig":  # it is asked for where a module is; here it is taken as there
        walk.ledger.want(
            "program:pkg-config",
            where,
            "find_package PkgConfig",
            context=walk.context,
            role="build",
            required=required,
            silent=not required,
        )
        walk.set("PKG_CONFIG_EXECUTABLE", UNKNOWN)
        _found(walk, (*names, "PKG_CONFIG_FOUND"), None)
        return
    subject, instead = _subject(walk, name, rest)
    if not subject:
        return
    floor = next((word for word in rest[:1] if word and _VERSION.match(word)), "")
    exact = "==" if "EXACT" in rest and floor else ">="
    version = _VERSION.match(floor)
    specifier = (
        at_least(version[0] if version else "", exact) if subject.startswith("cmake:") else ANY_VERSION
    )
    components = [word for word in _after(rest, "COMPONENTS") if word]
    key = walk.ledger.want(
        subject, where, " ".join(("find_package", name, *components[:4])), context=walk.context,
        required=required, specifier=specifier, instead=instead, silent=_aside(name) and not required,
        role="build" if subject.startswith("program:") else "host",
    )  # fmt: skip
    _found(walk, names, key)
    walk.set(f"{name}_VERSION", UNKNOWN)


def _wants_headers(lower: str, rest: Sequence[str | None]) -> bool:
    """`Interpreter` alone needs no headers: https://cmake.org/cmake/help/latest/module/FindPython.html ."""
    if lower in ("python", "python3"):
        return any(word is None or word.startswith("Development") or word == "NumPy" for word in rest)
    return lower != "pythonlibs" or "REQUIRED" in rest


def _aside(name: str) -> bool:
    """Programs and checks that a build merely makes use of when they are there."""
    return name in _PROGRAMS or name in ("GTest", "benchmark", "Catch2", "doctest", "Sanitizers", "ccache")


def _subject(walk: Walk, name: str, rest: Sequence[str | None]) -> tuple[str, tuple[str, ...]]:
    if name in ("CUDAToolkit", "CUDA"):
        return "dep:virtual/compiler/cuda", ()
    if name in ("BLAS", "LAPACK"):
        return f"dep:virtual/interface/{name.lower()}", ()
    if name in _PROGRAMS:
        return f"program:{_PROGRAMS[name]}" if _PROGRAMS[name] else "", ()
    return f"cmake:{name}", tuple(_module_file(walk, name, rest))


def _module_file(walk: Walk, name: str, rest: Sequence[str | None]) -> Iterable[str]:
    """What a project's own Find module looks for, by its header and library names."""
    if "CONFIG" in rest or "NO_MODULE" in rest:
        return
    base = f"Find{name}.cmake"
    folders = walk.value("CMAKE_MODULE_PATH")
    inside = [path_in(walk.folder, part) for part in folders.split(";")] if isinstance(folders, str) else []
    candidates = [f"{part}/{base}" if part else base for part in inside if part is not None]
    tops = ("cmake", "cmake/modules", "cmake/Modules", "CMake", "modules", "cmake/find")
    here = path_in(walk.folder, ".") or ""
    candidates += [f"{here}/{top}/{base}".lstrip("/") for top in tops]
    path = next((path for path in candidates if path in walk.files.kept), None)
    for command in _flat(walk.read(path) or () if path else ()):
        words = [argument.text for argument in command.arguments if "$" not in argument.text]
        if command.name in ("find_path", "find_library"):
            kind = "header" if command.name == "find_path" else "library"
            yield from (f"{kind}:{word}" for word in _names(words[1:])[:1])
        elif command.name in ("pkg_check_modules", "pkg_search_module"):
            yield from (f"pkg-config:{module}" for module, _ in _modules(words[1:])[:1])


def _flat(nodes: Iterable[Node], depth: int = 0) -> Iterable[Command]:
    for node in nodes:
        if isinstance(node, Block):
            if depth < 20:
                for _, body in node.parts:
                    yield from _flat(body, depth + 1)
        else:
            yield node


def _after(words: Sequence[str | None], keyword: str) -> list[str | None]:
    """The words after a keyword, up to the next one."""
    if keyword not in words:
        return []
    out: list[str | None] = []
    for word in words[words.index(keyword) + 1 :]:
        if word in _OPTIONS:
            break
        out.append(word)
    return out


def _names(words: Sequence[str]) -> list[str]:
    """The names that a `find_…` command looks for."""
    if "NAMES" in words:
        words = words[words.index("NAMES") + 1 :]
    out: list[str] = []
    for word in words:
        if word in _STOPS or (word.isupper() and out and word in _OPTIONS):
            break
        if word != "NAMES" and not word.startswith(("/", "-")):
            out.append(word)
    return out


def _modules(words: Sequence[str]) -> list[tuple[str, SpecifierSet]]:
    """pkg-config modules with the versions asked for."""
    out: list[tuple[str, SpecifierSet]] = []
    for word in words:
        match = _MODULE.match(word)
        if word in ("REQUIRED", "QUIET", "IMPORTED_TARGET", "GLOBAL", "STATIC_TARGET") or match is None:
            continue
        if word.startswith("NO_CMAKE_"):
            continue
        operator = "==" if match[2] == "=" else match[2] or ">="
        out.append((match[1], at_least(match[3] or "", operator)))
    return out


def _pkg_config(walk: Walk, command: Command) -> None:
    words = [word for word in walk.words(command.arguments) if word is not None]
    if not words:
        return
    prefix, rest = words[0], words[1:]
    required = "REQUIRED" in rest
    where = walk.where(command)
    modules = _modules(rest)
    alternatives = command.name == "pkg_search_module"
    keys: list[int] = []
    for module, specifier in modules[:1] if alternatives else modules:
        others = [f"pkg-config:{other}" for other, _ in modules[1:]] if alternatives else ()
        key = walk.ledger.want(
            f"pkg-config:{module}", where, command.name, context=walk.context, required=required,
            specifier=specifier, instead=others,
        )  # fmt: skip
        keys.append(key)
    if required:
        walk.remember(f"{prefix}_FOUND", "1")
    elif keys:
        walk.remember(f"{prefix}_FOUND", found_or_not(tuple(keys)))
    for name in (
        "VERSION",
        "LIBRARIES",
        "INCLUDE_DIRS",
        "LINK_LIBRARIES",
        "LIBRARY_DIRS",
        "LIBDIR",
        "INCLUDEDIR",
    ):
        walk.remember(f"{prefix}_{name}", UNKNOWN)


def _find(kind: str) -> Handler:
    """`find_library`, `find_path` and `find_program`: told only where something hangs on them."""

    def handler(walk: Walk, command: Command) -> None:
        if not command.arguments:
            return
        variable, *rest = command.arguments
        words = [word for word in walk.words(_bare(rest)) if word is not None]
        names = [name for name in _names(words) if name]
        if kind == "header":
            names = [name for name in names if name.endswith((".h", ".hpp", ".hh", ".hxx")) or "/" in name]
        known = walk.value(variable.text)
        if not names or any(name.startswith("$") for name in names) or (isinstance(known, str) and known):
            walk.remember(variable.text, UNKNOWN)
            return
        required = "REQUIRED" in words
        key = walk.ledger.want(
            f"{kind}:{names[0]}", walk.where(command), command.name, context=walk.context, required=required,
            silent=not required, instead=[f"{kind}:{name}" for name in names[1:6]],
            role="build" if kind == "program" else "host",
        )  # fmt: skip
        walk.remember(variable.text, "1" if walk.ledger.is_required(key) else found_or_not((key,)))

    return handler


def _bare(arguments: Sequence[Argument]) -> Sequence[Argument]:
    """The arguments up to the places to look in, which are of no interest."""
    for number, argument in enumerate(arguments):
        if argument.text in ("HINTS", "PATHS", "PATH_SUFFIXES", "DOC"):
            tail = [word for word in arguments[number:] if word.text == "REQUIRED"]
            return [*arguments[:number], *tail]
    return arguments
