"""A machine replayed from a file: a user's bug report becomes a test; must not ask the real machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from planner.errors import MachineError
from planner.probes.port import OUTPUT_LIMIT, Answer, NotRun, Ran, System
from planner.probes.search import paths
from planner.tomltext import load_toml

__all__ = ["SCRIPT", "RecordedHost", "command"]

SCRIPT = "<script>"
"""Stands in a recorded command line for a probe's own script, which may change between versions."""


def command(argv: Sequence[str]) -> tuple[str, ...]:
    """A command line as recordings spell it."""
    return tuple(SCRIPT if "\n" in word else word for word in argv)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedHost:
    """A machine that answers from memory; what was not recorded is not there, or was not run.

    `files` are contents by path, `programs` are executable files, `folders` are the names in folders that
    hold more than the recorded files (their parents are made of these), `links` lead from a path to another,
    `open` are folders in which everybody may write, `runs` are answers by command line.
    """

    system: System
    environ: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    programs: frozenset[str] = frozenset()
    folders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    open: frozenset[str] = frozenset()
    disks: Mapping[str, int] = field(default_factory=dict)
    runs: Mapping[tuple[str, ...], Answer] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path) -> RecordedHost:
        """The machine recorded in a TOML or JSON file; MachineError when the file is no recording."""
        where = str(path)
        try:
            data = Path(path).read_bytes()
            document = json.loads(data) if where.endswith(".json") else load_toml(data)
        except (OSError, ValueError, RecursionError) as error:
            raise MachineError(f"The recorded machine cannot be read ({error}).", where=where) from error
        try:
            return _decode(document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MachineError(f"This is no recorded machine: {error!r}.", where=where) from error

    def _path(self, path: str) -> str:
        """The path after its links, as the keys of a loaded recording are."""
        return _resolved(str(paths(self).normpath(path)), self.links, str(paths(self).sep))

    def read(self, path: str, limit: int = OUTPUT_LIMIT) -> bytes | None:
        """The recorded content."""
        content = self.files.get(self._path(path))
        return None if content is None else content[:limit]

    def _known(self) -> Iterator[str]:
        yield from self.files
        yield from self.programs
        yield from self.folders
        yield from self.links

    def listdir(self, path: str) -> tuple[str, ...]:
        """The recorded names, and those that follow from recorded files."""
        folder = self._path(path).rstrip(paths(self).sep) + paths(self).sep
        names = {
            known[len(folder) :].split(paths(self).sep)[0]
            for known in self._known()
            if known.startswith(folder)
        }
        return tuple(sorted({*names, *self.folders.get(self._path(path), ())} - {""}))

    def exists(self, path: str) -> bool:
        """Whether anything was recorded there or below."""
        path = self._path(path)
        name, parent = paths(self).basename(path), paths(self).dirname(path)
        if name in self.folders.get(parent, ()):
            return True
        return any(known == path or known.startswith(path + paths(self).sep) for known in self._known())

    def is_program(self, path: str) -> bool:
        """Whether it was recorded as a program, or a run of it was."""
        return path in self.programs or self._path(path) in self.programs

    def is_open(self, path: str) -> bool:
        """Whether it was recorded as writable by everybody."""
        return path in self.open

    def realpath(self, path: str) -> str:
        """The path after its recorded links."""
        return self._path(path)

    def disk_free(self, path: str) -> int | None:
        """The space recorded for the nearest folder above."""
        while path not in self.disks:
            parent = paths(self).dirname(path)
            if parent == path:
                return None
            path = parent
        return self.disks[path]

    def run(self, argv: Sequence[str], *, cwd: str = "") -> Answer:  # noqa: ARG002 (the port's signature)
        """The recorded answer."""
        return self.runs.get(command(argv), NotRun("was not recorded"))


def _decode(document: Mapping[str, Any]) -> RecordedHost:
    """Raises KeyError, TypeError or ValueError: `RecordedHost.load` tells the user which file it was."""
    if document.get("schema") != 1:
        raise ValueError("`schema` is not 1")
    known = {item.name for item in fields(System)}
    system = dict(document["system"])
    if unknown := sorted(set(system) - known):
        raise ValueError(f"`system` has no key {unknown[0]!r}")
    if "memory" in system:
        system["memory"] = (int(system["memory"][0]), int(system["memory"][1]))
    runs: dict[tuple[str, ...], Answer] = {}
    for run in document.get("runs", []):
        answer: Answer = NotRun(str(run["not-run"])) if "not-run" in run else _ran(run)
        runs[tuple(str(word) for word in run["argv"])] = answer
    programs = {str(path) for path in document.get("programs", [])} | {argv[0] for argv in runs}
    links = {str(path): str(target) for path, target in document.get("links", {}).items()}

    def resolved(path: str) -> str:
        return _resolved(path, links, "\\" if system["os"] == "windows" else "/")

    folders: dict[str, tuple[str, ...]] = {}
    for path, names in document.get("folders", {}).items():
        folders[resolved(path)] = (*folders.get(resolved(path), ()), *names)
    return RecordedHost(
        system=System(**system),
        environ=dict(document.get("environ", {})),
        files={resolved(path): _content(value) for path, value in document.get("files", {}).items()},
        programs=frozenset(programs | {resolved(path) for path in programs}),
        folders=folders,
        links=links,
        open=frozenset(document.get("open", [])),
        disks={path: int(free) for path, free in document.get("disks", {}).items()},
        runs=runs,
    )


def _resolved(path: str, links: Mapping[str, str], separator: str) -> str:
    for _ in range(8):  # a link may lead to another, and two to each other
        for link, target in links.items():
            if path == link or path.startswith(link + separator):
                path = target + path[len(link) :]
                break
        else:
            break
    return path


def _ran(run: Mapping[str, Any]) -> Ran:
    return Ran(int(run.get("returncode", 0)), str(run.get("stdout", "")), str(run.get("stderr", "")))


def _content(value: object) -> bytes:
    if isinstance(value, Mapping):
        return bytes.fromhex(value["hex"])
    if not isinstance(value, str):
        raise TypeError("a file's content is a string, or { hex = … }")
    return value.encode()
