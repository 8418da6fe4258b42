"""Which of its own files an sdist's includes mean, by their names alone; must not weigh what is left over."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from planner.sdist.archive import SdistFiles
from planner.sdist.includes import MARK, Include

__all__ = ["OwnHeaders"]

# What build steps make headers from: `x.h.in`, `x.h.cmake`, `x.proto` for `x.pb.h`, `x.pyx` for `x_api.h`.
_TEMPLATES = (
    ".in",
    ".cmake",
    ".cmake.in",
    ".template",
    ".tmpl",
    ".tpl",
    ".tt",
    ".mako",
    ".jinja",
    ".meson",
    ".py",
)
_ORIGINS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("_api.h", (".pyx", ".py", ".pxd")),
    (".pb.h", (".proto",)),
    ("-gen.h", (".py", ".pl", ".lua")),
    (".tab.h", (".y", ".yy", ".ypp")),
    ("_generated.h", (".fbs", ".py")),
    (".h", (".pyx", ".y", ".l", ".rl", ".gperf", ".ui", ".hs", ".src", ".re", ".idl")),
    (".hpp", (".proto", ".ypp", ".rl", ".re")),
    (".c", (".pyx", ".y", ".l", ".rl", ".gperf", ".src", ".re", ".in")),
    (".inc", (".py", ".pl", ".in")),
)
_MOST_ALIKE = 200


class OwnHeaders:
    """Finds the file of the sdist that an include means; `folders` are those that the compiler searches."""

    def __init__(self, files: SdistFiles, folders: Iterable[str] = ()) -> None:
        self._files = files
        self._folders = tuple(dict.fromkeys(_clean(folder) for folder in folders))
        self._by_base: dict[str, list[str]] = {}
        for name in files.names:
            self._by_base.setdefault(name[name.rfind("/") + 1 :], []).append(name)
        self._found: dict[tuple[str, str, bool], str | None] = {}

    def find(self, include: Include, source: str) -> str | None:
        """The file that `source` includes; None when the sdist has none, "" when a build step makes it."""
        folder = source.rpartition("/")[0]
        key = (include.name, folder, include.angled)
        if key not in self._found:
            path = self._find(include.name.replace("\\", "/"), folder)
            if path is None and self._is_made(include, source):
                path = ""
            self._found[key] = path
        return self._found[key]

    def _find(self, name: str, folder: str) -> str | None:
        for place in (folder, *self._folders):
            path = _clean(f"{place}/{name}")
            if path in self._files.name_set:
                return path
        tail = name
        while tail.startswith(("../", "./", "/")):
            tail = tail[tail.find("/") + 1 :]
        ending = "/" + tail
        alike = self._by_base.get(tail[tail.rfind("/") + 1 :], ())[:_MOST_ALIKE]
        fits = [path for path in alike if path == tail or path.endswith(ending)]
        return max(fits, key=lambda path: (_shared(path, folder), -len(path)), default=None)

    def _is_made(self, include: Include, source: str) -> bool:
        """Whether the sdist has what a build step makes such a header from."""
        base = include.name.rpartition("/")[2]
        if any(base + ending in self._by_base for ending in _TEMPLATES):
            return True
        own = source.rpartition("/")[2].partition(".")[0]
        for ending, origins in () if include.angled else _ORIGINS:
            stem = base.removesuffix(ending)
            if stem not in (base, own) and any(stem + origin in self._by_base for origin in origins):
                return True
        return False

    def closure(self, roots: Iterable[str]) -> frozenset[str]:
        """The sources themselves and every file of the sdist that they include, at whatever distance."""
        seen = dict.fromkeys(roots)
        waiting = list(seen)
        while waiting:
            source = waiting.pop()
            for path in self.included(source):
                if path not in seen:
                    seen[path] = None
                    waiting.append(path)
        return frozenset(seen)

    def included(self, source: str) -> Iterator[str]:
        """The own files that one of them includes, and the definitions that go with a Cython source."""
        definitions = source.removesuffix(".pyx") + ".pxd"
        if source.endswith(".pyx") and definitions in self._files.name_set:
            yield definitions
        for include in self._files.includes.get(source, ()):
            if not include.name.startswith(MARK):
                path = self.find(include, source)
                if path:
                    yield path


def _clean(path: str) -> str:
    """The path in plain form, "" for the top.

    >>> _clean("src/../include//x.h"), _clean("."), _clean("/x.h")
    ('include/x.h', '', 'x.h')
    """
    plain = posixpath.normpath(path.lstrip("/") or ".")
    return "" if plain == "." else plain


def _shared(path: str, folder: str) -> int:
    """How many leading folders two paths have in common."""
    count = 0
    for one, other in zip(path.split("/"), folder.split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count
