"""The functions of Meson that look for something, and what they look for; must not follow control flow.

https://mesonbuild.com/Dependencies.html and https://mesonbuild.com/Reference-manual_functions.html
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from planner.knowledge.standard_headers import standard_headers
from planner.needs import ANY_VERSION
from planner.sdist.inspectors.meson_flow import Handler, Walk
from planner.sdist.inspectors.meson_values import (
    ABSENT,
    PRESENT,
    UNKNOWN,
    Asked,
    Feature,
    Hang,
    Thing,
    as_test,
)  # fmt: skip
from planner.sdist.inspectors.meson_wraps import enter, fall_back, provider

__all__ = ["LANGUAGES", "always", "find_functions", "find_methods", "language"]

LANGUAGES: Mapping[str, str] = {
    "c": "dep:virtual/compiler/c",
    "cpp": "dep:virtual/compiler/cxx",
    "fortran": "dep:virtual/compiler/fortran",
    "cuda": "dep:virtual/compiler/cuda",
    "rust": "dep:virtual/compiler/rust",
    "vala": "program:valac",
    "nasm": "program:nasm",
    "java": "program:javac",
    "swift": "program:swiftc",
    "d": "program:gdc",
}
# Found in the compiler or libc on Linux, or in the target's Python.
_PRESENT = frozenset({"threads", "openmp", "dl", "appleframeworks", "intl", "iconv", "m", "atomic"})
# Dependencies that Meson finds by other means than pkg-config alone.
_SPECIAL: Mapping[str, tuple[str, ...]] = {
    "python": ("header:Python.h",),
    "python3": ("header:Python.h",),
    "boost": ("header:boost/version.hpp", "cmake:Boost"),
    "mpi": ("program:mpicc",),
    "cuda": ("dep:virtual/compiler/cuda",),
    "blas": ("pkg-config:blas", "dep:virtual/interface/blas"),
    "cblas": ("pkg-config:cblas", "dep:virtual/interface/blas"),
    "lapack": ("pkg-config:lapack", "dep:virtual/interface/lapack"),
    "openblas": ("pkg-config:openblas",),
    "llvm": ("program:llvm-config", "cmake:LLVM"),
    "pcap": ("pkg-config:libpcap", "program:pcap-config"),
    "cups": ("pkg-config:cups", "program:cups-config"),
    "qt5": ("pkg-config:Qt5Core", "program:qmake"),
    "qt6": ("pkg-config:Qt6Core", "program:qmake6"),
    "curses": ("pkg-config:ncurses",),
    "gl": ("pkg-config:gl",),
    "jni": ("program:javac",),
    "jdk": ("program:javac",),
    "zlib": ("pkg-config:zlib", "library:z"),
    "netcdf": ("pkg-config:netcdf",),
}
_WHEELS = {"cython3": "cython", "python3": "", "python": "", "f2py": "numpy", "numpy-config": "numpy"}
# Of every Unix system, or brought by the build front end's own environment.
_PROGRAMS = frozenset(
    {"sh", "env", "cp", "mv", "rm", "true", "sed", "awk", "grep", "cat", "echo", "uname", "bash", "test"}
    | {"python", "python3", "meson", "ninja", "ar", "ld", "strip", "ln", "touch", "diff", "tar", "gzip"}
)
_C_LIBRARIES = frozenset({"m", "dl", "rt", "pthread", "util", "c", "atomic", "gcc", "stdc++", "resolv"})
_TESTS = frozenset({"gtest", "gmock", "catch2", "catch2-with-main", "valgrind", "doctest", "gtest_main"})


def always(value: object) -> Handler:
    """A function with one answer."""

    def handler(_walk: Walk, _asked: Asked) -> object:
        return value

    return handler


def language(walk: Walk, name: str, where: str, *, required: bool = True) -> int | None:
    """A language that the project compiles; its key, None when nothing is needed for it."""
    subject = LANGUAGES.get(name.lower())
    if subject is None:
        return None
    return walk.ledger.want(
        subject, where, f"compiles {name}", context=walk.context, role="build", required=required
    )


def find_functions(provided: frozenset[str]) -> Mapping[str, Handler]:
    """Functions by name; `provided` are the projects that the build requirements bring."""

    def dependency(walk: Walk, asked: Asked) -> object:
        return _dependency(walk, asked, provided)

    def find_program(walk: Walk, asked: Asked) -> object:
        return _find_program(walk, asked, provided)

    return {"dependency": dependency, "find_program": find_program}


def find_methods(provided: frozenset[str] = frozenset()) -> Mapping[tuple[str, str], Handler]:
    """Methods of compilers and of the Python and CMake modules, by the kind of their object and name."""

    def subproject(walk: Walk, asked: Asked) -> object:
        return _cmake_subproject(walk, asked, provided)

    return {
        ("module:cmake", "subproject"): subproject,
        ("cmake-project", "dependency"): always(PRESENT),
        ("cmake-project", "found"): always(PRESENT),
        ("compiler", "find_library"): _find_library,
        ("compiler", "has_header"): _has_header,
        ("compiler", "check_header"): _has_header,
        ("compiler", "get_id"): always("gcc"),
        ("compiler", "get_argument_syntax"): always("gcc"),
        ("module:python", "find_installation"): always(Thing("python")),
        ("module:python3", "find_python"): always(Thing("python")),
        ("python", "dependency"): _python_headers,
        ("python", "extension_module"): _python_headers,
        ("python", "found"): always(PRESENT),
        ("python", "has_path"): always(UNKNOWN),
    }


def _python_headers(walk: Walk, asked: Asked) -> object:
    required = _required(asked.keywords.get("required", True))
    walk.ledger.want(
        "header:Python.h", asked.where, f"py.{asked.name}", context=walk.context, required=required is True
    )
    return PRESENT


def _cmake_subproject(walk: Walk, asked: Asked, provided: frozenset[str]) -> object:
    """A project of CMake's in the sdist, built by Meson with the program cmake.

    https://mesonbuild.com/CMake-module.html#cmake-subprojects
    """
    for name in asked.texts()[:1]:
        found = provider(walk, [name], name)
        if posixpath.join(walk.top, walk.project.subprojects, name) in walk.files.folders:
            walk.ledger.substitute(walk.context, "a bundled copy is built")
        elif found is not None:
            effect = "a bundled copy is built" if found.folder else "{} is downloaded and built"
            walk.ledger.substitute(walk.context, effect)
            enter(walk, found, asked.where)
        if "cmake" not in provided:
            walk.ledger.want(
                "program:cmake", asked.where, f"builds {name}", context=walk.context, role="build"
            )
    return Thing("cmake-project")


def _required(value: object) -> bool | None:
    """True, False, or None for a feature that is disabled: then nothing is looked for."""
    if isinstance(value, Feature):
        return {"enabled": True, "auto": False}.get(value.state)
    if isinstance(value, bool):
        return value
    return as_test(value)[0](frozenset()) is True


def _specifier(value: object) -> SpecifierSet:
    """Meson's versions (`['>=1.2', '<2']`) as ours; one that is no version asks for none."""
    wanted = value if isinstance(value, list) else [value]
    parts: list[str] = []
    for text in wanted:
        if not isinstance(text, str):
            continue
        for part in text.split(","):
            plain = part.replace(" ", "")
            if plain.startswith("=") and not plain.startswith("=="):
                plain = f"={plain}"
            parts.append(plain if plain[:1] in ("<", ">", "=", "!") else f"=={plain}")
    try:
        return SpecifierSet(",".join(parts))
    except InvalidSpecifier:
        return ANY_VERSION


def _subjects(names: Sequence[str]) -> tuple[str, ...]:
    subjects: list[str] = []
    for name in names:
        subjects += _SPECIAL.get(name.lower(), (f"pkg-config:{name}",))
    return tuple(dict.fromkeys(subjects))


def _dependency(walk: Walk, asked: Asked, provided: frozenset[str]) -> object:
    names = asked.texts()
    required = _required(asked.keywords.get("required", True))
    if not names or not names[0] or required is None:
        return ABSENT if names or required is None else UNKNOWN
    lower = names[0].lower()
    if lower in _PRESENT:
        return PRESENT
    if canonicalize_name(lower) in provided:  # found by the tool that its wheel brings (numpy-config …)
        return PRESENT
    overridden = next((walk.overrides[name] for name in names if name in walk.overrides), None)
    if overridden is not None:
        return overridden
    subjects = _subjects(names)
    components = asked.keywords.get("modules") or asked.keywords.get("components")
    parts = [part for part in components if isinstance(part, str)] if isinstance(components, list) else []
    versioned = subjects[0].startswith("pkg-config:")
    specifier = _specifier(asked.keywords.get("version", [])) if versioned else ANY_VERSION
    key = walk.ledger.want(
        subjects[0], asked.where, " ".join((f"dependency {names[0]}", *parts[:4])), context=walk.context,
        required=required, instead=subjects[1:], silent=lower in _TESTS and not required,
        role="build" if subjects[0].startswith(("program:", "dep:virtual/compiler")) else "host",
        specifier=specifier,
    )  # fmt: skip
    explicit = asked.keywords.get("fallback")
    allowed = asked.keywords.get("allow_fallback", required or explicit is not None)
    if walk.wrap_mode == "nofallback":
        allowed = False
    fallback = provider(walk, names, explicit) if allowed is True else None
    if fallback is not None:
        fall_back(walk, fallback, key, asked)
        return PRESENT
    if required:
        return Hang(lambda _: True, found=True, label=lower)
    return Hang(lambda found: key in found, (key,), found=True, label=lower)


def _find_program(walk: Walk, asked: Asked, provided: frozenset[str]) -> object:
    names = asked.texts()
    required = _required(asked.keywords.get("required", True))
    if required is None:
        return ABSENT
    if not names:
        return UNKNOWN
    for name in names:
        base = posixpath.basename(name)
        project = _WHEELS.get(base, base)
        here = posixpath.normpath(posixpath.join(walk.project.here, name))
        if base in _PROGRAMS or canonicalize_name(project) in provided or here in walk.files.name_set:
            return PRESENT
    if names[0].endswith((".py", ".sh")):
        return PRESENT
    programs = [posixpath.basename(name) for name in names if posixpath.basename(name)]
    if not programs:
        return UNKNOWN
    key = walk.ledger.want(
        f"program:{programs[0]}", asked.where, "find_program", context=walk.context, required=required,
        role="build", instead=[f"program:{name}" for name in programs[1:5]], silent=not required,
    )  # fmt: skip
    return PRESENT if required else Hang(lambda found: key in found, (key,), found=True)


def _find_library(walk: Walk, asked: Asked) -> object:
    names = asked.texts()
    required = _required(asked.keywords.get("required", True))
    if required is None:
        return ABSENT
    if not names or (names[0] in _C_LIBRARIES):
        return PRESENT if names else UNKNOWN
    if (
        asked.keywords.get("dirs", []) != []
    ):  # a place that a tool or the sdist itself tells, as of numpy's npymath
        return PRESENT if required else UNKNOWN
    headers = asked.keywords.get("has_headers")
    listed = headers if isinstance(headers, list) else [headers]
    key = walk.ledger.want(
        f"library:{names[0]}", asked.where, "find_library", context=walk.context, required=required,
        instead=[f"header:{header}" for header in listed if isinstance(header, str)],
    )  # fmt: skip
    return PRESENT if required else Hang(lambda found: key in found, (key,), found=True)


def _has_header(walk: Walk, asked: Asked) -> object:
    """A mere test is not followed up unless the file stops without it: most are of the system's own."""
    names = asked.texts()
    required = _required(asked.keywords.get("required", False))
    if required is None:
        return False
    if not names:
        return UNKNOWN
    if standard_headers().is_standard(names[0], walk.platform):
        return True if required else UNKNOWN
    key = walk.ledger.want(
        f"header:{names[0]}", asked.where, asked.name, context=walk.context, required=required,
        silent=not required,
    )  # fmt: skip
    return True if required else Hang(lambda found: key in found, (key,))
