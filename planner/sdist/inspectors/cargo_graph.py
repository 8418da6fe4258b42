"""Which crates a Cargo project compiles for a target, from its manifests and its lock; must not judge them.

A lock lists what any feature on any system would use. So the way starts at the manifest that is built, with
the features that are on, and what is of other systems alone is left out. https://doc.rust-lang.org/cargo/reference/
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from planner.sdist import texts
from planner.sdist.archive import SdistFiles

__all__ = ["Locked", "Manifest", "Used", "cfg", "read_lock", "read_manifest", "used_crates"]

MAX_LOCK = 8_000
MAX_MANIFESTS = 200
_FIELD = re.compile(r'^(name|version|source) = "([^"\n]{1,300})"', re.MULTILINE)
_DEPENDENCIES = re.compile(r"^dependencies = \[([^\]]*)\]", re.MULTILINE)
_TEXT = re.compile(r'"([^"\n]{1,300})"')


@dataclass(frozen=True, slots=True)
class Locked:
    """A package of a lock file; `source` is "" for one of the tree itself."""

    name: str
    version: str
    source: str
    dependencies: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A Cargo.toml: its path, itself, and that of its workspace (itself where it has none)."""

    path: str
    table: Mapping[str, Any]
    root_path: str
    root: Mapping[str, Any]

    def package(self, key: str) -> Any:
        """A field of `[package]`, inherited from the workspace where it says so."""
        package = _table(self.table, "package")
        value = package.get(key)
        if isinstance(value, Mapping) and value.get("workspace") is True:
            return _table(self.root, "workspace", "package").get(key)
        return value


@dataclass(slots=True)
class Used:
    """The crates that are compiled, by name and version, with the features asked of them by manifests."""

    crates: dict[tuple[str, str], Locked] = field(default_factory=dict)
    features: dict[str, set[str]] = field(default_factory=dict)
    manifests: list[Manifest] = field(default_factory=list)
    certain: bool = True

    def names(self) -> frozenset[str]:
        """The names of all crates."""
        return frozenset(name for name, _ in self.crates)


def _table(table: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    found: Any = table
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


Tables = dict[str, "Mapping[str, Any] | None"]
"""Files that were parsed before, by path."""


def _parsed(files: SdistFiles, path: str, known: Tables) -> Mapping[str, Any] | None:
    if path not in known:
        text = files.text(path)
        known[path] = texts.parse_toml(text) if text is not None else None
    return known[path]


def read_manifest(files: SdistFiles, path: str, known: Tables | None = None) -> Manifest | None:
    """The manifest at a path, with its workspace's; None when it is not there or is not TOML."""
    known = {} if known is None else known
    table = _parsed(files, path, known)
    if table is None:
        return None
    folder = posixpath.dirname(path)
    while folder and not _table(table, "workspace"):
        folder = posixpath.dirname(folder)
        above = posixpath.join(folder, "Cargo.toml")
        root = _parsed(files, above, known)
        if root is not None and _table(root, "workspace"):
            return Manifest(path, table, above, root)
    return Manifest(path, table, path, table)


def read_lock(text: str) -> dict[str, list[Locked]]:
    """The packages of a Cargo.lock by name, read by the form that Cargo writes it in."""
    out: dict[str, list[Locked]] = {}
    for part in text.split("\n[[package]]\n")[1:MAX_LOCK]:
        block = part.split("\n[", 1)[0]
        fields = dict(_FIELD.findall(block))
        listed = _DEPENDENCIES.search(block)
        named = [word.split(" ") for word in _TEXT.findall(listed[1])] if listed else []
        dependencies = tuple((words[0], words[1] if len(words) > 1 else "") for words in named)
        if "name" in fields:
            package = Locked(
                fields["name"], fields.get("version", ""), fields.get("source", ""), dependencies
            )
            out.setdefault(package.name, []).append(package)
    return out


_CFG = re.compile(r'\s*(?:(all|any|not)\s*\(|([\w]+)\s*=\s*"([^"]*)"|([\w]+)|(\))|(,))')


def cfg(text: str, system: Mapping[str, str]) -> bool | None:
    """Whether `cfg(…)` or a target triple holds; None where that is a matter of other things.

    >>> linux = {"target_os": "linux", "target_family": "unix", "target_arch": "x86_64"}
    >>> cfg("cfg(not(windows))", linux), cfg('cfg(target_os = "macos")', linux), cfg("cfg(miri)", linux)
    (True, False, None)
    """
    if not text.startswith("cfg("):
        os_name = {"macos": "darwin"}.get(system["target_os"], system["target_os"])
        return os_name in text and text.startswith(system["target_arch"])
    stack: list[tuple[str, list[bool | None]]] = [("all", [])]
    for match in _CFG.finditer(text[4:2_000]):
        combine, key, value, word, close, _ = match.groups()
        if combine:
            stack.append((combine, []))
            continue
        if close and len(stack) == 1:
            break
        if close:
            operator, values = stack.pop()
            stack[-1][1].append(_combined(operator, values))
        elif key:
            known = system.get(key)
            stack[-1][1].append(None if known is None else known == value)
        elif word:
            named = word in ("unix", "windows")
            stack[-1][1].append(system["target_family"] == word if named else None)
    return _combined("all", stack[0][1])


def _combined(operator: str, values: list[bool | None]) -> bool | None:
    if operator == "not":
        first = values[0] if values else None
        return None if first is None else not first
    stop = operator == "any"
    return stop if stop in values else None if None in values else not stop


def _dependencies(
    manifest: Manifest, system: Mapping[str, str]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The dependencies that this target has: the name in the manifest, the crate's, what is said of it."""
    tables = [_table(manifest.table, key) for key in ("dependencies", "build-dependencies")]
    for name, target in _table(manifest.table, "target").items():
        if isinstance(target, Mapping) and cfg(name, system) is not False:
            tables += [_table(target, key) for key in ("dependencies", "build-dependencies")]
    shared = _table(manifest.root, "workspace", "dependencies")
    for table in tables:
        for name, value in table.items():
            said: dict[str, Any] = dict(value) if isinstance(value, Mapping) else {}
            if said.get("workspace") is True:
                above = shared.get(name)
                inherited = dict(above) if isinstance(above, Mapping) else {}
                base = posixpath.dirname(manifest.root_path)
                if isinstance(inherited.get("path"), str):
                    inherited["path"] = posixpath.join("/", base, inherited["path"])
                features = [*_words(inherited.get("features")), *_words(said.get("features"))]
                said = {**inherited, **said, "features": features}
            package = said.get("package")
            yield name, package if isinstance(package, str) else name, said


def _words(value: Any) -> list[str]:
    return texts.string_list(value) or []


@dataclass(slots=True)
class _Resolver:
    """Turns features on, package by package of the tree, until nothing is added."""

    files: SdistFiles
    system: Mapping[str, str]
    used: Used
    seen: set[tuple[str, str]] = field(default_factory=set)
    manifests: dict[str, Manifest | None] = field(default_factory=dict)
    parsed: Tables = field(default_factory=dict)

    def manifest(self, path: str) -> Manifest | None:
        if path not in self.manifests:
            few = len(self.manifests) < MAX_MANIFESTS
            found = read_manifest(self.files, path, self.parsed) if few else None
            self.manifests[path] = found
            if found is not None:
                self.used.manifests.append(found)
        return self.manifests[path]

    def follow(self, path: str, features: frozenset[str], *, default: bool) -> None:
        """A package with features; those that are of its dependencies are handed on."""
        todo: list[tuple[str, frozenset[str]]] = [(path, features | ({"default"} if default else set()))]
        steps = 0
        while todo and steps < 2_000:
            steps += 1
            path, features = todo.pop()
            manifest = self.manifest(path)
            if manifest is None:
                self.used.certain = False
                continue
            on = _switched_on(_table(manifest.table, "features"), features)
            for name, crate, said in _dependencies(manifest, self.system):
                if said.get("optional") is True and not _asked_for(name, on):
                    continue
                asked = set(_words(said.get("features")))
                asked |= {part.partition("/")[2] for part in on if _of(part, name) and "/" in part}
                if said.get("default-features", said.get("default_features", True)) is not False:
                    asked.add("default")
                self.used.features.setdefault(crate, set()).update(asked)
                inside = said.get("path")
                if not isinstance(inside, str):
                    continue
                folder = posixpath.join("/", posixpath.dirname(path), inside)
                below = posixpath.join(posixpath.normpath(folder), "Cargo.toml").lstrip("/")
                key = (below, " ".join(sorted(asked)))
                if key not in self.seen:
                    self.seen.add(key)
                    todo.append((below, frozenset(asked)))


def _of(part: str, name: str) -> bool:
    return part.partition("/")[0].removesuffix("?").removeprefix("dep:") == name


def _asked_for(name: str, on: frozenset[str]) -> bool:
    """Whether an optional dependency is on: by its name, `dep:name`, or a feature of it (not `name?/…`)."""
    return any(_of(part, name) and not part.partition("/")[0].endswith("?") for part in on)


def _switched_on(table: Mapping[str, Any], features: frozenset[str]) -> frozenset[str]:
    on: set[str] = set()
    todo = list(features)
    while todo and len(on) < 5_000:
        feature = todo.pop()
        if feature not in on:
            on.add(feature)
            todo.extend(_words(table.get(feature)))
    return frozenset(on)


def used_crates(
    files: SdistFiles,
    path: str,
    features: frozenset[str],
    *,
    default: bool,
    lock: Mapping[str, list[Locked]],
    system: Mapping[str, str],
    foreign: Callable[[str], bool],
) -> Used:
    """What building the manifest at `path` with those features compiles; without a lock, what it names."""
    used = Used()
    resolver = _Resolver(files, system, used)
    resolver.follow(path, features, default=default)
    todo: list[Locked] = []
    for name in sorted(used.features):
        known = lock.get(name)
        if known is None and not lock:
            used.crates[name, ""] = Locked(name, "", "", ())
        todo.extend(known or ())
    while todo:
        package = todo.pop()
        key = (package.name, package.version)
        if key in used.crates or foreign(package.name):
            continue
        used.crates[key] = package
        if not package.source:
            continue  # of the tree: its own manifest says more than the lock
        for name, version in package.dependencies:
            todo.extend(one for one in lock.get(name, ()) if version in ("", one.version))
    return used
