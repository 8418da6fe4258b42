"""The world in which a setup.py is read: the target's Python and system, and the sdist's own files.

Knows the modules whose answers follow from the target (sys, os, platform); must not ask this machine.
"""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from packaging.version import Version

from planner.dists import parse_version
from planner.sdist.archive import SdistFiles
from planner.sdist.values import File, Place, Unknown, Value, VersionInfo

__all__ = ["PLATFORM", "PYTHON", "UNSET", "World"]

PYTHON, PLATFORM, UNSET = "python", "platform", "unset"
"""What a value can depend on: the target's Python, its system, and that a variable is not set."""

Answer: TypeAlias = tuple[Value, str]

_VERSIONS = ("Version", "LooseVersion", "StrictVersion", "parse_version", "parse", "NormalizedVersion")
_VERSION_HOMES = ("packaging", "distutils", "pkg_resources", "setuptools", "verlib", "pip")
_HERE = ("os.path.abspath", "os.path.realpath", "os.path.normpath", "os.fspath", "os.getcwd")
_ALWAYS_SET = frozenset({"PATH", "HOME", "USER", "TMPDIR", "TEMP", "PWD", "SHELL", "LANG"})
_NOT_BUILDING = frozenset(
    {"sdist", "develop", "test", "clean", "check", "upload", "register", "publish", "tag", "docs", "help"}
)
_LEAVES = frozenset(
    {"setuptools", "wheel", "Cython", "cython", "numpy", "pybind11", "cffi", "packaging", "pip", "ninja"}
    | {"cmake", "setuptools_scm", "setuptools_rust", "versioneer", "pkgconfig", "toml", "tomli"}
    | {"oldest_supported_numpy"}
)
_BUNDLED = frozenset({"setuptools", "distutils", "pkg_resources", "wheel", "packaging"})
_MAX_VERSION = 200


@dataclass(frozen=True)
class World:
    """Answers for one target. `available` are the modules that the build requirements bring."""

    markers: Mapping[str, str]
    files: SdistFiles
    available: frozenset[str] = frozenset()

    @cached_property
    def python(self) -> tuple[int, int, int]:
        """The target's version as three numbers."""
        text = self.markers.get("python_full_version") or self.markers.get("python_version") or "3"
        version = parse_version(text)
        return (version.major, version.minor, version.micro) if version else (3, 0, 0)

    def importable(self, module: str) -> bool:
        """Whether an import certainly works: the standard library, setuptools, or a build requirement."""
        top = module.partition(".")[0]
        return top in sys.stdlib_module_names or top in _BUNDLED or top in self.available

    def absent(self, module: str) -> bool:
        """Whether an import certainly fails in an isolated build: nothing there brings such a module.

        A build requirement that has requirements of its own may bring any (pyarrow brought numpy).
        """
        if not self.available <= _LEAVES:
            return False
        top = module.partition(".")[0]
        tree = self.files.name_set
        local = {f"{top}.py", f"{top}/__init__.py", f"src/{top}/__init__.py", f"lib/{top}/__init__.py"}
        return (
            bool(top) and not self.importable(module) and not local & tree and top not in self.files.folders
        )

    def attribute(self, name: str) -> Answer | None:
        """The value of a dotted name that the target decides, and what it depends on."""
        major, minor, micro = self.python
        system = self.markers.get("sys_platform", "linux")
        separator = "\\" if system == "win32" else "/"
        table: dict[str, Answer] = {
            "sys.version_info": (VersionInfo((major, minor, micro, "final", 0)), PYTHON),
            "sys.hexversion": (major << 24 | minor << 16 | micro << 8 | 0xF0, PYTHON),
            "sys.version": (f"{major}.{minor}.{micro} ", PYTHON),
            "sys.maxsize": (2**63 - 1, PLATFORM),
            "sys.platform": (system, PLATFORM),
            "sys.implementation.name": (self.markers.get("implementation_name", "cpython"), PYTHON),
            "six.PY2": (major == 2, PYTHON),
            "six.PY3": (major == 3, PYTHON),
            "os.name": (self.markers.get("os_name", "posix"), PLATFORM),
            "os.sep": (separator, PLATFORM),
            "os.linesep": ("\n", ""),
            "os.pardir": ("..", ""),
            "os.curdir": (".", ""),
        }
        return table.get(name)

    def call(self, name: str, arguments: list[Value], line: int) -> Answer | None:
        """The answer of a function of a known module, or None when it is not one of those."""
        last = name.rpartition(".")[2]
        if last in _VERSIONS and name.partition(".")[0] in _VERSION_HOMES:
            return _version(arguments, line), ""
        fixed = self._platform_answers().get(name)
        if fixed is not None:
            return fixed
        plain = name in ("Path", "glob.glob", "os.fspath")
        if plain or name.startswith(("os.path.", "pathlib.", "os.getcwd")):
            value = self._paths(name, arguments, line)
            # what an sdist lacks may have been made, or downloaded, before it is looked for
            return value, UNSET if value is False else ""
        if name in ("os.getenv", "os.environ.get", "environ.get"):
            return self.variable(arguments, line)
        if name in ("builtins.open", "io.open", "codecs.open"):
            return self.open(arguments[0] if arguments else None), ""
        return None

    def _platform_answers(self) -> dict[str, Answer]:
        major, minor, micro = self.python
        markers = self.markers
        implementation = markers.get("platform_python_implementation", "CPython")
        return {
            "platform.system": (markers.get("platform_system", "Linux"), PLATFORM),
            "platform.machine": (markers.get("platform_machine", "x86_64"), PLATFORM),
            "platform.python_implementation": (implementation, PYTHON),
            "platform.python_version": (f"{major}.{minor}.{micro}", PYTHON),
            "platform.python_version_tuple": ((str(major), str(minor), str(micro)), PYTHON),
            "sysconfig.get_python_version": (f"{major}.{minor}", PYTHON),
        }

    def variable(self, arguments: list[Value], line: int) -> Answer:
        """An environment variable counts as unset: a plan is made for a build that nobody steers by hand."""
        if arguments and arguments[0] in _ALWAYS_SET:
            return Unknown(line, "it reads an environment variable"), UNSET
        return (arguments[1] if len(arguments) > 1 else None), UNSET

    def lacks(self, group: str, item: Value) -> bool | None:
        """Whether the environment lacks a variable, or the command line a word; None when one cannot say.

        An installer calls setup.py with a build command alone (PEP 517), never with options of its own.
        """
        if group == "os.environ":
            return True if item not in _ALWAYS_SET else None
        if group == "sys.argv" and isinstance(item, str) and (item.startswith("-") or item in _NOT_BUILDING):
            return True
        return None

    def open(self, place: Value) -> File:
        """A file of the sdist, with its text when it was kept."""
        path = _inside(place)
        return File(None if path is None else self.files.text(path))

    def _paths(self, name: str, arguments: list[Value], line: int) -> Value:
        lost = Unknown(line, "it reads the file system")
        if name == "os.path.join":
            parts = [_inside(argument) for argument in arguments]
            return lost if None in parts else _inside("/".join(part for part in parts if part)) or ""
        path = _inside(arguments[0]) if arguments else ""
        if path is None:
            return lost
        if name in _HERE:
            return path
        if name.rpartition(".")[2] in ("Path", "PurePath", "PosixPath"):
            joined = [_inside(argument) for argument in arguments]
            return lost if None in joined else Place("/".join(part for part in joined if part))
        functions: dict[str, Callable[[str], Value]] = {
            "os.path.dirname": posixpath.dirname,
            "os.path.basename": posixpath.basename,
            "os.path.exists": self.exists,
            "os.path.isfile": lambda path: path in self.files.name_set,
            "os.path.isdir": lambda path: path in self.files.folders or not path,
        }
        return functions[name](path) if name in functions else lost

    def exists(self, path: str) -> bool:
        """Whether the sdist holds such a file or folder."""
        return not path or path in self.files.name_set or path in self.files.folders


def _version(arguments: list[Value], line: int) -> Value:
    text = arguments[0] if arguments else None
    if isinstance(text, Version):
        return text
    version = parse_version(text) if isinstance(text, str) and len(text) <= _MAX_VERSION else None
    return version or Unknown(line, "it compares a version that is not known")


def _inside(place: Value) -> str | None:
    """A path in plain form below the top folder, or None when it lies elsewhere or is not known.

    >>> _inside("./a/../VERSION"), _inside("/etc/passwd"), _inside("..")
    ('VERSION', None, None)
    """
    if isinstance(place, Place):
        place = place.path
    if not isinstance(place, str) or len(place) > 4096 or "\0" in place or place.startswith(("/", "~")):
        return None
    path = posixpath.normpath(place.replace("\\", "/")) if place else ""
    if path == ".." or path.startswith("../"):
        return None
    return "" if path == "." else path
