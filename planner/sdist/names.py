"""Names of an archive's members; knows which are safe and what each is read for, and must not touch bytes."""

from __future__ import annotations

import enum
import re

__all__ = ["Use", "clean_name", "is_aside", "is_litter", "is_vendored", "matters", "odd_name", "wanted"]

MAX_NAME = 1_024
_DRIVE = re.compile(r"[A-Za-z]:")
_ALWAYS = frozenset(
    {"PKG-INFO", "pyproject.toml", "setup.py", "setup.cfg", "Cargo.toml", "Cargo.lock", "CMakeLists.txt"}
    | {"meson.build", "MANIFEST.in", "meson.options", "meson_options.txt"}
)
_READ_BY_SETUP = re.compile(
    r"""(?xi) (?: .*require.*\.(?:txt|in) | .*constraints.*\.txt | .*depend.*\.txt
      | _*version_*(?:\.\w+)? | VERSION.* | .*version.*\.(?:py|txt|in) | __init__\.py | __about__\.py
      | _*about_*\.py | _*meta\w*\.py | _*pkg\w*\.py | release\.py | metadata\.py )"""
)
# What is scanned for the headers that it includes.
_SOURCES = frozenset(
    {".c", ".h", ".cc", ".cpp", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".inc", ".inl", ".ipp", ".tcc"}
    | {".cu", ".cuh", ".m", ".mm", ".pyx", ".pxd", ".pxi", ".f", ".for", ".f90", ".f95", ".f03", ".i"}
)
_BUILDS = re.compile(
    r"_*(?:\w+_)?(?:build|setup|c?ffi|config|exts?|extensions?|compile|backend|make)(?:_?\w+)?\.py"
)
_ASIDE = re.compile(
    r"""(?xi) (?:^|/) (?: \.[^/]+ | (?:unit|integration|functional)?_?tests?(?:[ _-][^/]*)? | testing
      | testdata | test_?suite | docs? | documentation | examples? | samples | demos | tutorials?
      | notebooks? | benchmarks? | fuzz(?:ing|ers) ) /"""
)
_VENDORED = re.compile(
    r"""(?xi) (?:^|/) (?: third[_-]?party | 3rd_?party | _?vendor(?:ed|s)?(?:[_-][^/]*)? | extern(?:als?)?
      | deps? | dependencies | contrib | bundled(?:[_-][^/]*)? | subprojects | submodules
      | node_modules ) /"""
)
_CRATES = re.compile(r"(?:^|/)(?:vendor(?:ed)?|include/cargo|\.cargo|registry)/")
_CARGO = frozenset({"Cargo.toml", "Cargo.lock", "build.rs", "rust-toolchain", "rust-toolchain.toml"})
_MESON = frozenset({"meson.build", "meson.options", "meson_options.txt"})
_SERVERS = re.compile(r"(?i)(?:^|/)(?:ci|travis|appveyor|azure[\w-]*|docker|packaging/(?:deb|rpm)[^/]*)/")
_HEADS = frozenset({"configure", "configure.ac", "configure.in", "bootstrap", "autogen"})


class Use(enum.Enum):
    """What a member is read for; each use has its own share of the memory, so that none starves another."""

    METADATA = "metadata"
    """It can speak of names, versions and dependencies."""
    BUILD = "build"
    """It says how something is built."""
    NESTED = "nested"
    """The same, for a copy of somebody else's project, which the build may enter (`add_subdirectory`)."""
    HEAD = "head"
    """A script that says how something is built, in its first part."""
    CODE = "code"
    """Python that a build may import."""
    SOURCE = "source"
    """Source of a compiled language: the headers that it includes count, its text does not."""
    VENDORED = "vendored"
    """The same, in a copy of somebody else's project."""


def clean_name(name: str) -> str | None:
    """The name in plain form (`a/b`), "" for the top itself, None when it would leave the top folder.

    An installer would refuse such an archive too, so that reading on would say nothing true.

    >>> clean_name("./demo-1.0//setup.py"), clean_name("demo-1.0/../../x"), clean_name("/etc/passwd")
    ('demo-1.0/setup.py', None, None)
    """
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or (("\\" in name) and ".." in re.split(r"[/\\]", name)):
        return None
    return "/".join(parts)


def odd_name(name: str) -> str:
    """Why a (clean) name is not looked at, or ""; such members are left out, the archive is read on."""
    if len(name) > MAX_NAME:
        return "a member's name is longer than 1,024 characters"
    if "\\" in name:
        return f"{name!a} has a backslash in its name"
    if not name.isprintable():
        return f"{name!a} has characters in its name that cannot be shown"
    return ""


def is_litter(name: str) -> bool:
    """Files that macOS adds beside the real ones; they must not hide the top folder."""
    parts = name.split("/")
    return parts[-1].startswith("._") or parts[-1] == ".DS_Store" or "__MACOSX" in parts


def is_aside(name: str) -> bool:
    """Whether it lies among tests, documents, examples or hidden files, which no build compiles.

    >>> [is_aside(name) for name in ("tests/a.c", "src/docs/conf.py", "src/test.c", ".github/x.sh")]
    [True, True, False, True]
    """
    return _ASIDE.search(name) is not None


def is_vendored(name: str) -> bool:
    """Whether it belongs to a copy of somebody else's project, going by its folder's name.

    >>> is_vendored("third_party/zlib/zlib.h"), is_vendored("src/deps.c")
    (True, False)
    """
    return _VENDORED.search(name) is not None


def matters(name: str) -> bool:
    """Whether the text of this member (named without the top folder) can speak of the sdist's metadata.

    >>> [matters(name) for name in ("setup.py", "src/demo.egg-info/requires.txt", "src/demo/core.py")]
    [True, True, False]
    """
    folder, _, base = name.rpartition("/")
    depth = folder.count("/") + 1 if folder else 0
    if base in _ALWAYS:
        return depth == 0 or (base == "PKG-INFO" and depth <= 2)
    if folder.endswith(".egg-info"):
        return base == "requires.txt" and depth <= 4
    if depth == 0:
        return base.endswith((".py", ".toml")) or _READ_BY_SETUP.fullmatch(base) is not None
    if "requirement" in folder and depth <= 2 and base.endswith((".txt", ".in")):
        return True
    return depth <= 3 and _READ_BY_SETUP.fullmatch(base) is not None


def wanted(name: str) -> Use | None:
    """What a member (named without the top folder) is read for; None for the many that are only named.

    >>> [str(wanted(name)) for name in ("setup.py", "cmake/FindX.cmake", "src/x.cpp", "data/x.bin")]
    ['Use.METADATA', 'Use.BUILD', 'Use.SOURCE', 'None']
    """
    if matters(name):
        return Use.METADATA
    base = name[name.rfind("/") + 1 :]
    suffix = base[base.rfind(".") :].lower() if "." in base else ""
    if suffix in _SOURCES and base != "make.inc":
        return None if is_aside(name) else Use.VENDORED if is_vendored(name) else Use.SOURCE
    if suffix == ".py":
        return _python(name, base)
    return _build_file(name, base, suffix)


def _build_file(name: str, base: str, suffix: str) -> Use | None:
    """Files of build systems, by name; how deep they may lie is how deep real builds reach down."""
    depth = name.count("/")
    if base in _CARGO:
        return Use.BUILD if depth <= 4 and not _CRATES.search(name) and not is_aside(name) else None
    if base in ("config", "config.toml"):
        return Use.BUILD if name.endswith(f".cargo/{base}") and depth <= 3 else None
    if base in _MESON:
        return Use.BUILD if depth <= 8 and not is_aside(name) else None
    if depth > 6 or is_aside(name):
        return None
    mine = Use.NESTED if is_vendored(name) else Use.BUILD
    if base == "CMakeLists.txt" or suffix == ".cmake":
        return mine if depth <= 4 or mine is Use.NESTED else None
    if suffix == ".wrap":
        return Use.BUILD if "subprojects/" in name else None
    if depth > 3:
        return None
    if base in _HEADS or base.startswith("Makefile."):
        return Use.HEAD
    if suffix == ".sh":
        return None if _SERVERS.search(name) else mine
    if base in ("Makefile", "makefile", "GNUmakefile", "make.inc") or suffix == ".mk":
        return mine
    return Use.BUILD if depth == 0 and base in ("conanfile.txt", "vcpkg.json", "CMakePresets.json") else None


def _python(name: str, base: str) -> Use | None:
    """Python below the top folder: what by its name builds, and what a build could import.

    A backend in the tree (`backend-path`) is among the latter: which folder it is in is known too late.
    """
    depth = name.count("/")
    if depth > 4 or is_aside(name):
        return None
    if _BUILDS.fullmatch(base):
        return Use.BUILD
    return Use.CODE if depth <= 3 and not is_vendored(name) else None
