"""The world of a build on an imagined machine: the sdist's files, and a bare Linux system around them.

Must not look at this machine; what neither the sdist nor the imagined machine can tell is not known.
"""

from __future__ import annotations

import errno
import posixpath
import re
import shlex
from dataclasses import dataclass, field

from planner.sdist.rehearsal.compiled import OF_LIBC
from planner.sdist.rehearsal.imagined import Machine
from planner.sdist.values import File, Items, Module, Place, Printed, Table, Unknown, Value, render
from planner.sdist.world import PLATFORM, PYTHON, UNSET, Answer, World

__all__ = ["Surroundings"]

_PREFIXES = frozenset({"sys.prefix", "sys.exec_prefix", "sys.base_prefix", "sys.base_exec_prefix"})
_TESTS = {
    "os.path.exists": "any", "os.path.isfile": "file", "os.path.isdir": "folder", "os.path.lexists": "any",
    "os.access": "any",
}  # fmt: skip
_MAX_FOUND = 2_000
_MAX_STARS = 8
_MAX_LINE = 4_000


def _variables() -> Table:
    known = {"PATH": "/usr/bin", "HOME": "/root", "USER": "root", "SHELL": "/bin/sh", "LANG": "C.UTF-8"}
    return Table(dict(known))


@dataclass(frozen=True)
class Surroundings(World):
    """Answers for one target on `machine`."""

    machine: Machine = field(default_factory=Machine)
    variables: Table = field(default_factory=_variables)
    words: Items = field(default_factory=lambda: Items(["setup.py", "bdist_wheel"]))
    search: Items = field(default_factory=lambda: Items([""]))
    written: set[str] = field(default_factory=set)
    changed: list[bool] = field(default_factory=lambda: [False])

    @property
    def _multiarch(self) -> str:
        return f"{self.markers.get('platform_machine', 'x86_64')}-linux-gnu"

    def attribute(self, name: str) -> Answer | None:
        """As the target decides; environment and command line are those of an installer's build."""
        if name in _PREFIXES:
            return "/usr", PLATFORM
        values: dict[str, Answer] = {
            "os.environ": (self.variables, UNSET),
            "sys.argv": (self.words, ""),
            "sys.path": (self.search, ""),
            "sys.executable": ("/usr/bin/python3", PLATFORM),
            "sys.builtin_module_names": ((), PYTHON),
            "os.pathsep": (":", PLATFORM),
            "os.path.sep": ("/", PLATFORM),
            "os.path.pathsep": (":", PLATFORM),
            "os.extsep": (".", ""),
            "os.altsep": (None, PLATFORM),
            "sys.byteorder": ("little", PLATFORM),
            "errno.ENOENT": (errno.ENOENT, ""),
            "typing.TYPE_CHECKING": (False, ""),
        }
        return values.get(name) or super().attribute(name)

    def call(self, name: str, arguments: list[Value], line: int) -> Answer | None:
        """As the target decides, with paths and variables of the imagined machine."""
        first = arguments[0] if arguments else None
        if name in ("os.getenv", "os.environ.get"):
            default = arguments[1] if len(arguments) > 1 else None
            return (self.variables.items.get(first, default) if isinstance(first, str) else default), UNSET
        if isinstance(first, Printed) and name.startswith(("os.path.", "pathlib.")):
            return (True if name in _TESTS else first), ""  # what a program tells of lies where it says
        if name in ("os.path.splitext", "os.path.split") and isinstance(first, str):
            return getattr(posixpath, name.rpartition(".")[2])(first), ""
        if name == "os.path.relpath" and arguments:
            return first, ""
        if name in _TESTS:
            return self._test(first, _TESTS[name], line), ""
        if name == "os.path.join" and any(_absolute(part) for part in arguments):
            parts = [render(part) for part in arguments]
            lost = Unknown(line, "a path that is not known")
            return (posixpath.join(*(part or "" for part in parts)) if None not in parts else lost), ""
        if _absolute(first) and (name.startswith(("os.path.", "pathlib.", "os.fspath")) or name == "Path"):
            return self._outside(name, render(first) or "", arguments, line), ""
        if name in ("glob.glob", "glob.iglob") and isinstance(first, str):
            return self.glob(first, line), ""
        if name in ("os.listdir", "os.walk") and render(first if arguments else "") is not None:
            return self._listing(name, render(first) if arguments else "", line), ""
        return self._config(name, first) or super().call(name, arguments, line)

    def _test(self, place: Value, kind: str, line: int) -> Value:
        path = render(place) if isinstance(place, (str, Place)) else None
        if path is None:
            return Unknown(line, "a path that is not known")
        if path.startswith("/"):
            found = self.machine.path(path)
            return Unknown(line, "it looks outside the source tree") if found is None else found
        path = posixpath.normpath(path) if path else ""
        if path.startswith(".."):
            return Unknown(line, "it looks outside the source tree")
        path = "" if path == "." else path
        there = path in self.files.name_set if kind == "file" else self.exists(path)
        if kind == "folder":
            there = path in self.files.folders or not path
        if not there and (self.changed[0] or path in self.written):
            return Unknown(line, "something may have made it")
        return there

    def exists(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        if path.startswith("/"):
            return bool(self.machine.path(path))
        return super().exists(posixpath.normpath(path) if path not in ("", ".") else "")

    @staticmethod
    def _outside(name: str, path: str, arguments: list[Value], line: int) -> Value:
        last = name.rpartition(".")[2]
        if last in ("Path", "PurePath", "PosixPath"):
            parts = [render(part) or "" for part in arguments]
            return Place(posixpath.join(*parts))
        if last in ("dirname", "basename"):
            return posixpath.dirname(path) if last == "dirname" else posixpath.basename(path)
        if last in ("abspath", "realpath", "normpath", "fspath", "expanduser", "expandvars"):
            return path
        return True if last == "isabs" else Unknown(line, "a path outside the source tree")

    def glob(self, pattern: str, line: int) -> Value:
        """The sdist's files of a pattern; the machine is asked for libraries and headers."""
        if pattern.startswith("/"):
            return self._system_glob(pattern, line)
        try:
            rule = re.compile(_translated(posixpath.normpath(pattern)))
        except re.error:
            return Unknown(line, "a pattern that is not known")
        found = [name for name in (*self.files.names, *sorted(self.files.folders)) if rule.fullmatch(name)]
        if not found and self.changed[0]:
            return Unknown(line, "something may have made it")
        return Items(list(found[:_MAX_FOUND]))

    def _system_glob(self, pattern: str, line: int) -> Value:
        plain = re.sub(r"/lib(64)?/\*\*?/", "/lib/", pattern).replace("*-linux-gnu*/", "")
        found = self.machine.path(plain) if "*" not in posixpath.dirname(plain) else None
        if found is None:
            return Unknown(line, "it looks outside the source tree")
        return Items([plain.rstrip("*")] if found else [])

    def _listing(self, name: str, path: str | None, line: int) -> Value:
        if path is None or path.startswith(("/", "..")):
            return Unknown(line, "it lists a folder outside the source tree")
        top = posixpath.normpath(path) + "/" if posixpath.normpath(path or ".") != "." else ""
        if name == "os.listdir":
            inner = {
                entry[len(top) :].partition("/")[0] for entry in self.files.names if entry.startswith(top)
            }
            return Items(sorted(inner)[:_MAX_FOUND])
        folders: dict[str, tuple[set[str], list[str]]] = {}
        for entry in self.files.names:
            if entry.startswith(top):
                folder, _, base = entry[len(top) :].rpartition("/")
                folders.setdefault(folder, (set(), []))[1].append(base)
                while folder:
                    folder, _, last = folder.rpartition("/")
                    folders.setdefault(folder, (set(), []))[0].add(last)
        rows = [
            (posixpath.join(path, folder) if folder else path, Items(sorted(inner)), Items(sorted(files)))
            for folder, (inner, files) in sorted(folders.items())[:_MAX_FOUND]
        ]
        return Items(list(rows))

    def _config(self, name: str, first: Value) -> Answer | None:
        """What the sysconfig of a system's own Python says."""
        last = name.rpartition(".")[2]
        major, minor, _ = self.python
        include = f"/usr/include/python{major}.{minor}"
        known = {
            "LIBDIR": "/usr/lib", "INCLUDEDIR": "/usr/include", "MULTIARCH": self._multiarch,
            "prefix": "/usr",
            "CC": f"{self._multiarch}-gcc -pthread", "CXX": f"{self._multiarch}-g++ -pthread", "Py_DEBUG": 0,
            "Py_GIL_DISABLED": None, "INCLUDEPY": include, "EXT_SUFFIX": ".so", "SO": ".so", "EXE": "",
            "Py_ENABLE_SHARED": 1, "CCSHARED": "-fPIC", "SHLIB_SUFFIX": ".so",
        }  # fmt: skip
        if last == "get_config_var" and first in known:
            return known[first], PLATFORM
        if last in ("get_path", "get_python_inc") and (first in (None, "include", "platinclude")):
            return include, PLATFORM
        if name in ("shlex.split", "shlex.quote") and isinstance(first, str):
            return (_words(first) if last == "split" else first), ""
        if last == "get_platform":
            return f"linux-{self.markers.get('platform_machine', 'x86_64')}", PLATFORM
        if name in ("os.uname", "platform.uname"):
            machine = self.markers.get("platform_machine", "x86_64")
            return ("Linux", "localhost", "6.1.0", "#1 SMP", machine), PLATFORM
        if name == "platform.architecture":
            return ("64bit", "ELF"), PLATFORM
        if name == "struct.calcsize" and first in ("P", "l"):
            return 8, PLATFORM
        if last == "get_default_compiler":
            return "unix", PLATFORM
        if name == "ctypes.util.find_library" and isinstance(first, str):
            there = first in OF_LIBC or self.machine.has(f"library:{first}", f"looks for the library {first}")
            return (f"lib{first}.so" if there else None), ""
        if last == "lru_cache" or name in ("functools.cache", "functools.wraps"):
            return Module("builtins.same"), ""
        return None

    def open(self, place: Value) -> File:
        """A file of the sdist; nothing is known of those outside it."""
        path = render(place) if isinstance(place, (str, Place)) else None
        return File(None) if path is None or path.startswith("/") else super().open(place)

    def local_module(self, name: str) -> str:
        """The file of a module that the sdist itself brings where it looks for modules, or ""."""
        parts = name.replace(".", "/")
        places = [place for item in self.search.items if isinstance(place := render(item), str)]
        for place in dict.fromkeys(["", *places]):
            if place.startswith("/"):
                continue
            for tail in (f"{parts}.py", f"{parts}/__init__.py"):
                path = posixpath.normpath(posixpath.join(place, tail))
                if path in self.files.name_set:
                    return path
        return ""


def _absolute(value: Value) -> bool:
    text = value.path if isinstance(value, Place) else value
    return isinstance(text, str) and text.startswith("/")


def _words(line: str) -> Value:
    try:
        return Items(list(shlex.split(line[:_MAX_LINE])))
    except ValueError:
        return Unknown(0, "a command line that cannot be split")


def _translated(pattern: str) -> str:
    """A pattern of `glob` as one for paths: `*` stays within a folder, `**` does not."""
    if pattern.count("*") > _MAX_STARS or len(pattern) > 500:
        return re.escape(pattern)
    parts = re.split(r"(\*\*/?|\*|\?|\[[^\]/]{1,20}\])", pattern)
    special = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        special.get(part)
        or (part.replace("[!", "[^") if part[:1] == "[" and part[-1:] == "]" else re.escape(part))
        for part in parts
    )
