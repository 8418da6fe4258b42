"""An extension of a setup.py -> the compilers, headers and libraries that it takes; asks no machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from planner.sdist import names as naming
from planner.sdist.archive import SdistFiles
from planner.sdist.includes import MARK
from planner.sdist.values import (
    Extension,
    Perhaps,
    Place,
    Printed,
    Table,
    Unknown,
    Value,
    as_list,
    render,
    truth,
)

__all__ = ["OF_LIBC", "Job", "is_source", "language_jobs", "link_names", "marks", "source_names"]

_CXX = (".cpp", ".cc", ".cxx", ".c++", ".cp", ".mm", ".hpp", ".C")
_FORTRAN = (".f", ".f90", ".f95", ".for", ".f77")
_CXX_KINDS = frozenset({"CppExtension", "Pybind11Extension", "IntreeExtension"})
_NO_COMPILER = frozenset({"RustExtension", "CMakeExtension", "RustBin", "LibraryExtension", "MesonExtension"})
# of the C library and the compiler (https://sourceware.org/glibc/manual/), or of other systems
OF_LIBC = frozenset(
    {
        "m",
        "c",
        "dl",
        "pthread",
        "rt",
        "util",
        "stdc++",
        "gcc",
        "gcc_s",
        "crypt",
        "resolv",
        "nsl",
        "supc++",
        "anl",
    }
    | {"atomic", "gomp", "quadmath", "c++", "python3", "gfortran", "mvec"}
)
_OF_WINDOWS = frozenset(
    {
        "kernel32",
        "user32",
        "gdi32",
        "advapi32",
        "ws2_32",
        "wsock32",
        "crypt32",
        "shell32",
        "ole32",
        "oleaut32",
    }
    | {"iphlpapi", "psapi", "secur32", "shlwapi", "winmm", "uuid", "comdlg32", "winscard", "bcrypt", "ntdll"}
    | {
        "dbghelp",
        "rpcrt4",
        "setupapi",
        "userenv",
        "version",
        "opengl32",
        "glu32",
        "msvcrt",
        "legacy_stdio_definitions",
    }
)
_MARKS = {"language": "language", "libraries": "library"}
_CXX_LIBRARIES = frozenset({"stdc++", "-lstdc++", "supc++", "-lsupc++"})
_QUOTES = "'\""
_DIRECTIVE = re.compile(r"^#\s*distutils:\s*(language|libraries)\s*=\s*(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Job:
    """A compiler or a program that some source takes, or the headers of Python."""

    subject: str


def source_names(made: Extension) -> tuple[list[str], bool]:
    """The sources that are known, and whether those are all."""
    value = (made.attributes or Table()).items.get("sources")
    items = [value] if isinstance(value, str) else as_list(value)
    if items is None:
        return [], value is None
    names = [(item.value if isinstance(item, Perhaps) else item) for item in items]
    known = [render(name) or "" for name in names if isinstance(name, (str, Place))]
    return [name.removeprefix("./") for name in known if name], len(known) == len(items)


def language_jobs(made: Extension, files: SdistFiles, known: dict[str, str]) -> Iterator[Job]:
    """What compiling it takes, first what runs first; `known` keeps the language of each source."""
    attributes = (made.attributes or Table()).items
    if made.kind in _NO_COMPILER and made.kind != "RustExtension":
        return
    if made.kind in ("RustExtension", "RustBin"):
        yield Job("dep:virtual/compiler/rust")
        return
    sources, complete = source_names(made)
    if any(name.endswith(".i") for name in sources):
        yield Job("program:swig")
    language = attributes.get("language")
    cxx = language == "c++" or made.kind in _CXX_KINDS or _is_cxx(attributes.get("extra_compile_args"))
    cxx = cxx or _links_cxx(attributes)
    for name in sources:
        if name not in known:
            known[name] = _kind(name, files)
    kinds = {known[name] for name in sources} - {""}
    if made.kind == "CUDAExtension" or "cuda" in kinds:
        yield Job("dep:virtual/compiler/cuda")
        cxx = True
    if "fortran" in kinds:
        yield Job("dep:virtual/compiler/fortran")
    if cxx or "cxx" in kinds:
        yield Job("dep:virtual/compiler/cxx")
    if not cxx and ("c" in kinds or not kinds or not complete):
        yield Job("dep:virtual/compiler/c")
    yield Job("header:Python.h")


def is_source(name: str) -> bool:
    """Whether a file of the sdist is likely to be compiled: not one of tests, or of somebody else's."""
    return (
        name.endswith((".c", ".cpp", ".cc", ".cxx", ".pyx"))
        and not naming.is_aside(name)
        and not naming.is_vendored(name)
    )


def _is_cxx(flags: Value) -> bool:
    words = [word for word in as_list(flags) or () if isinstance(word, str)]
    return any(one == "-x" and two == "c++" for one, two in pairwise(words)) or any(
        word.startswith(("-std=c++", "-std=gnu++")) for word in words
    )


def _links_cxx(attributes: Mapping[Any, Value]) -> bool:
    """Whether it is linked with the C++ library, which comes with that compiler."""
    flags = [
        *(as_list(attributes.get("libraries")) or ()),
        *(as_list(attributes.get("extra_link_args")) or ()),
    ]
    return any(flag in _CXX_LIBRARIES for flag in flags if isinstance(flag, str))


def _kind(name: str, files: SdistFiles) -> str:
    lower = name.lower()
    if name.endswith(_CXX) or lower.endswith(_CXX[:-1]):
        return "cxx"
    if lower.endswith(".cu"):
        return "cuda"
    if lower.endswith(_FORTRAN):
        return "fortran"
    if lower.endswith((".pyx", ".py")):
        stem = name.rpartition(".")[0]
        beside = f"{stem}.cpp" in files.name_set and f"{stem}.c" not in files.name_set
        return "cxx" if beside or "language:c++" in marks(name, files) else "c"
    return "c" if lower.endswith((".c", ".i", ".m", ".s", ".asm")) else ""


def link_names(made: Extension, more: list[Value]) -> tuple[list[tuple[str, bool]], Unknown | None]:
    """The libraries that it links, each with whether it surely does, and what is not known of the rest."""
    attributes = (made.attributes or Table()).items
    out: dict[str, bool] = {}
    lost: Unknown | None = None
    libraries = attributes.get("libraries")
    flags = as_list(attributes.get("extra_link_args")) or []
    if isinstance(libraries, Unknown):
        lost = libraries
    listed = [libraries] if isinstance(libraries, str) else as_list(libraries) or []
    for value, is_flag in [*((item, False) for item in [*listed, *more]), *((item, True) for item in flags)]:
        sure = not isinstance(value, Perhaps)
        item = value.value if isinstance(value, Perhaps) else value
        if isinstance(item, Unknown):
            if not isinstance(item, Printed) and not is_flag:
                lost = lost or item
            continue
        if not isinstance(item, str) or (is_flag and not item.startswith("-l")):
            continue
        name = item.removeprefix("-l")
        if _links(name):
            out[name] = out.get(name, False) or sure
    if truth(attributes.get("libraries")) is None and isinstance(libraries, Printed):
        lost = None
    return list(out.items()), None if isinstance(lost, Printed) else lost


def marks(name: str, files: SdistFiles) -> frozenset[str]:
    """What a Cython source says of itself: `language:c++`, `library:z`."""
    told = [include.name for include in files.includes.get(name, ())]
    text = files.text(name) if not told else None
    for match in _DIRECTIVE.finditer((text or "")[:20_000]):
        words = match[2].strip("[] ").replace(",", " ").split()
        told += [f"{MARK}{_MARKS[match[1]]}:{word.strip(_QUOTES)}" for word in words]
    return frozenset(name.removeprefix(MARK) for name in told if name.startswith(MARK))


def _links(name: str) -> bool:
    plain = bool(re.fullmatch(r"[\w.+-]{1,80}", name))
    return plain and name not in OF_LIBC and name.lower() not in _OF_WINDOWS and not name.endswith(".lib")
