"""Which headers, libraries, pkg-config modules and programs a build finds here; must not know what for.

The caller names the subjects: what a header or a library belongs to stands in `planner.knowledge`, which a
probe does not know. Nothing is compiled, linked or loaded: a build's tools look in folders, and so does this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from planner.facts import NOWHERE, Absent, Fact, Known, Unknown
from planner.probes import programs
from planner.probes.interpreter import Target
from planner.probes.pcfile import Module, read_pc
from planner.probes.places import Places, find_places
from planner.probes.port import Host
from planner.probes.search import join, shown

__all__ = ["FAMILIES", "look"]

FAMILIES: tuple[str, ...] = ("pkg-config", "header", "library", "shared", "program")
"""The families of facts that `look` answers."""

# A path below a folder of headers, or the name of a module or library; what goes up or is absolute is none.
_NAME = re.compile(r"[A-Za-z0-9_+][\w.+@-]*(?:/[A-Za-z0-9_+][\w.+@-]*)*\Z")
_LIMIT = 65536


def look(host: Host, target: Target, subjects: Iterable[str]) -> Iterator[tuple[str, Fact]]:
    """The fact of each subject (`header:ffi.h`, `library:ffi`) of the families above; no other is answered.

    A header counts as found in a folder that a compiler searches by itself, and in one that a pkg-config
    module among the subjects names (`libpq-fe.h` lies in /usr/include/postgresql, as libpq.pc says).
    `header:Python.h` is passed over: which one counts depends on the target (`planner.probes.installed`).
    """
    asked: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for subject in dict.fromkeys(subjects):
        family, colon, name = subject.partition(":")
        if not colon or family not in asked or subject == "header:Python.h":
            continue
        if _NAME.match(name):
            asked[family].append(name)
        else:
            yield subject, Unknown("this is no name to look for")
    if any(asked[family] for family in FAMILIES[:-1]):
        places = find_places(host, target)
        modules = dict(_modules(host, places, asked["pkg-config"]))
        yield from _told("pkg-config", asked["pkg-config"], _module_facts(host, modules), places)
        yield from _told("header", asked["header"], _headers(host, places, modules, asked["header"]), places)
        libraries = _Libraries(host, places)
        linked = {name: fact for name in asked["library"] if (fact := libraries.linked(name))}
        yield from _told("library", asked["library"], linked, places)
        loaded = {name: fact for name in asked["shared"] if (fact := libraries.loaded(name))}
        yield from _told("shared", asked["shared"], loaded, places)
    if asked["program"]:
        yield from programs.look(host, asked["program"])


def _told(
    family: str, names: Iterable[str], found: Mapping[str, Fact], places: Places
) -> Iterator[tuple[str, Fact]]:
    """The fact of each name; what was found nowhere is absent, or unknown where one cannot say it."""
    why = dict(places.unsaid).get(family)
    missing: Fact = Unknown(why) if why else Absent(NOWHERE[family])
    for name in names:
        yield f"{family}:{name}", found.get(name, missing)


def _modules(host: Host, places: Places, names: Iterable[str]) -> Iterator[tuple[str, tuple[str, Module]]]:
    """(name, (path, module)) of each module whose file is in one of pkg-config's folders."""
    for name in names:
        for folder in places.modules:
            path = join(host, folder, f"{name}.pc")
            content = host.read(path, _LIMIT)
            module = read_pc(content, folder) if content is not None else None
            if module:
                yield name, (path, module)
                break


def _module_facts(host: Host, modules: Mapping[str, tuple[str, Module]]) -> dict[str, Fact]:
    return {name: Known(module.version, shown(host, path)) for name, (path, module) in modules.items()}


def _headers(
    host: Host, places: Places, modules: Mapping[str, tuple[str, Module]], names: Iterable[str]
) -> dict[str, Fact]:
    beyond = {
        folder: f"by pkg-config {name}"
        for name, (_, module) in modules.items()
        for folder in module.includes
        if folder.startswith("/") and folder not in places.headers
    }
    found: dict[str, Fact] = {}
    for name in names:
        if path := _first(host, places.headers, name):
            found[name] = Known("", shown(host, path))
        elif path := _first(host, beyond, name):
            folder = path[: -len(name)].rstrip("/")
            found[name] = Known("", f"{shown(host, path)}, {beyond.get(folder, 'by pkg-config')}")
        elif path := _first(host, places.aside, name):
            found[name] = Absent(
                f"{shown(host, path)} is there, but compilers do not look there by themselves"
            )
    return found


def _first(host: Host, folders: Iterable[str], name: str) -> str:
    parts = name.split("/")
    return next((path for folder in folders if host.exists(path := join(host, folder, *parts))), "")


class _Libraries:
    """The libraries in the linker's and the loader's folders; each folder is read once."""

    def __init__(self, host: Host, places: Places) -> None:
        self._host = host
        self._places = places
        self._listed: dict[str, frozenset[str]] = {}
        self._stems: dict[str, dict[str, str]] = {}
        system = host.system.os
        self._endings = {"windows": (".lib", ".a", ".dll.a"), "darwin": (".dylib", ".tbd", ".a")}.get(
            system, (".so", ".a")
        )
        self._prefixes = ("", "lib") if system == "windows" else ("lib",)

    def _names(self, folder: str) -> frozenset[str]:
        names = self._listed.get(folder)
        if names is None:
            names = self._listed[folder] = frozenset(self._host.listdir(folder))
        return names

    def _versioned(self, folder: str) -> dict[str, str]:
        """`usb-1.0` → `libusb-1.0.so.0` for the run-time libraries of a folder."""
        stems = self._stems.get(folder)
        if stems is None:
            stems = self._stems[folder] = {}
            for entry in sorted(self._names(folder)):
                if not entry.startswith("lib"):
                    continue
                stem, ending, rest = entry[3:].partition(".so")
                if ending and (not rest or rest[0] == "."):
                    stems.setdefault(stem, entry)
                elif entry.endswith((".dylib", ".tbd")):
                    stem = entry[3:].rpartition(".")[0]
                    stems.setdefault(stem, entry)
                    stems.setdefault(re.sub(r"(?:\.\d+)+\Z", "", stem), entry)
        return stems

    def linked(self, name: str) -> Fact | None:
        """What `-lNAME` finds; None when there is nothing of that name."""
        files = [f"{prefix}{name}{ending}" for prefix in self._prefixes for ending in self._endings]
        for folder in self._places.libraries:
            for file in files:
                # A link that leads nowhere is listed, and links nothing.
                if file in self._names(folder) and self._host.exists(path := join(self._host, folder, file)):
                    return Known("", shown(self._host, path))
        for folder in self._places.libraries:
            if file := self._versioned(folder).get(name, ""):
                path = shown(self._host, join(self._host, folder, file))
                return Absent(f"only the run-time library {path} is there")
        return self._aside(files)

    def loaded(self, name: str) -> Fact | None:
        """What a program that asks for the library at run time finds; None when there is none."""
        for folder in self._places.shared:
            if file := self._versioned(folder).get(name, ""):
                return Known("", shown(self._host, join(self._host, folder, file)))
        return self._aside([f"lib{name}.dylib"])

    def _aside(self, files: Iterable[str]) -> Fact | None:
        for file in files:
            if path := _first(self._host, self._places.aside, file):
                return Absent(f"{shown(self._host, path)} is there, but nobody looks there by themselves")
        return None
