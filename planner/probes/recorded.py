"""A machine replayed from a file, and the recorder that writes such files; must not ask the real machine.

A user's bug report becomes a test this way: `RecordingHost` notes what a machine answered, without the names
of its user, its home folder and itself, and `RecordedHost` gives the same answers anywhere.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from planner.errors import MachineError
from planner.probes.port import OUTPUT_LIMIT, Answer, Host, NotRun, Ran, System
from planner.probes.search import paths

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["RecordedHost", "RecordingHost"]

SCRIPT = "<script>"
"""Stands in a recorded command line for a probe's own script, which may change between versions."""

# Whether they are set is a fact; what they hold is nobody's business.
_PRIVATE_VALUES = ("KUBERNETES_SERVICE_HOST",)


def _command(argv: Sequence[str]) -> tuple[str, ...]:
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
            text = Path(path).read_text(encoding="utf-8")
            document = json.loads(text) if where.endswith(".json") else tomllib.loads(text)
        except (OSError, ValueError, RecursionError) as error:
            raise MachineError(f"The recorded machine cannot be read ({error}).", where=where) from error
        try:
            return _decode(document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MachineError(f"This is no recorded machine: {error!r}.", where=where) from error

    def _path(self, path: str) -> str:
        """The path as the recording would spell it, after its links."""
        module = paths(self)
        path = str(module.normpath(path))
        for _ in range(8):
            for link, target in self.links.items():
                if path == link or path.startswith(link + module.sep):
                    path = target + path[len(link) :]
                    break
            else:
                break
        return path

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
        return self.runs.get(_command(argv), NotRun("was not recorded"))


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
    programs = {str(path) for path in document.get("programs", [])}
    return RecordedHost(
        system=System(**system),
        environ=dict(document.get("environ", {})),
        files={path: _content(value) for path, value in document.get("files", {}).items()},
        programs=frozenset(programs | {argv[0] for argv in runs}),
        folders={path: tuple(names) for path, names in document.get("folders", {}).items()},
        links=dict(document.get("links", {})),
        open=frozenset(document.get("open", [])),
        disks={path: int(free) for path, free in document.get("disks", {}).items()},
        runs=runs,
    )


def _ran(run: Mapping[str, Any]) -> Ran:
    return Ran(int(run.get("returncode", 0)), str(run.get("stdout", "")), str(run.get("stderr", "")))


def _content(value: object) -> bytes:
    if isinstance(value, Mapping):
        return bytes.fromhex(value["hex"])
    if not isinstance(value, str):
        raise TypeError("a file's content is a string, or { hex = … }")
    return value.encode()


class _Asked(Mapping[str, str]):
    """An environment that notes which of its variables were looked at."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.asked: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        value = self._environ[name]
        self.asked[name] = "set" if name in _PRIVATE_VALUES else value
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


class RecordingHost:
    """A machine whose answers are noted; `dumps()` gives them as a file for `RecordedHost.load`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._environ = _Asked(host.environ)
        self._notes: dict[str, dict[Any, Any]] = {
            name: {} for name in ("files", "folders", "links", "disks", "runs")
        }
        self._names: dict[str, set[str]] = {"programs": set(), "open": set()}

    @property
    def system(self) -> System:
        """The machine's own."""
        return self._host.system

    @property
    def environ(self) -> Mapping[str, str]:
        """The machine's own; variables that nobody looks at are not recorded."""
        return self._environ

    def _note(self, kind: str, key: object, value: object) -> None:
        with self._lock:
            self._notes[kind][key] = value

    def read(self, path: str, limit: int = OUTPUT_LIMIT) -> bytes | None:
        """Read, and note the content."""
        content = self._host.read(path, limit)
        if content is not None:
            self._note("files", path, content)
        return content

    def listdir(self, path: str) -> tuple[str, ...]:
        """List, and note the names."""
        names = self._host.listdir(path)
        if names:
            self._note("folders", path, names)
        return names

    def exists(self, path: str) -> bool:
        """Look, and note what is there."""
        found = self._host.exists(path)
        if found:
            self._notes["folders"].setdefault(path, ())
        return found

    def is_program(self, path: str) -> bool:
        """Look, and note a program."""
        found = self._host.is_program(path)
        if found:
            self._names["programs"].add(path)
        return found

    def is_open(self, path: str) -> bool:
        """Look, and note an open folder."""
        found = self._host.is_open(path)
        if found:
            self._names["open"].add(path)
        return found

    def realpath(self, path: str) -> str:
        """Resolve, and note a link."""
        real = self._host.realpath(path)
        if real != path:
            self._note("links", path, real)
        return real

    def disk_free(self, path: str) -> int | None:
        """Ask, and note the space."""
        free = self._host.disk_free(path)
        if free is not None:
            self._note("disks", path, free)
        return free

    def run(self, argv: Sequence[str], *, cwd: str = "") -> Answer:
        """Run, and note the answer."""
        answer = self._host.run(argv, cwd=cwd)
        self._note("runs", _command(argv), answer)
        return answer

    def dumps(self) -> str:
        """What was asked and answered so far, as JSON without private names."""
        runs = [
            {
                "argv": list(argv),
                **({"not-run": answer.why} if isinstance(answer, NotRun) else asdict(answer)),
            }
            for argv, answer in sorted(self._notes["runs"].items())
        ]
        system = {name: value for name, value in asdict(self.system).items() if value not in (None, "")}
        document = {
            "schema": 1,
            "system": system,
            "environ": dict(sorted(self._environ.asked.items())),
            "files": {p: _text(content) for p, content in sorted(self._notes["files"].items())},
            "programs": sorted(self._names["programs"]),
            "folders": {p: list(names) for p, names in sorted(self._notes["folders"].items())},
            "links": dict(sorted(self._notes["links"].items())),
            "open": sorted(self._names["open"]),
            "disks": dict(sorted(self._notes["disks"].items())),
            "runs": runs,
        }
        return json.dumps(_Private(self._host).strip(document), indent=1, ensure_ascii=False) + "\n"


def _text(content: bytes) -> object:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"hex": content.hex()}
    return text


class _Private:
    """Takes a user's name, home folder, project folder and machine name out of a recording."""

    def __init__(self, host: Host) -> None:
        environ, cwd = host.environ, host.system.cwd
        windows = host.system.os == "windows"
        home = environ.get("USERPROFILE" if windows else "HOME", "")
        self._swaps: list[tuple[re.Pattern[str], str]] = []
        if len(cwd) > 1 and cwd != home:
            self._swap(cwd, "C:\\project" if windows else "/project")
        if len(home) > 1:
            self._swap(home, "C:\\Users\\user" if windows else "/home/user")
        hostname = (host.read("/etc/hostname", 256) or b"").decode("utf-8", "replace").strip()
        for name in ("HOSTNAME", "COMPUTERNAME"):
            self._swap_name(environ.get(name, ""), "machine")
        self._swap_name(hostname, "machine")
        for name in ("USER", "LOGNAME", "USERNAME"):
            self._swap_name(environ.get(name, ""), "user")
        self._swap_name(paths(host).basename(home), "user")

    def _swap(self, text: str, instead: str) -> None:
        self._swaps.append((re.compile(rf"(?<![\w.-]){re.escape(text)}(?![\w.-])"), instead))

    def _swap_name(self, name: str, instead: str) -> None:
        # "root" and "localhost" name nobody, and one or two letters would change words of any file.
        if len(name) > 2 and name not in ("root", "user", "localhost", "linux"):
            self._swap(name, instead)

    def strip(self, value: Any) -> Any:
        """The same document with every string, key or value, made anonymous."""
        if isinstance(value, str):
            for pattern, instead in self._swaps:
                value = pattern.sub(lambda _: instead, value)  # noqa: B023 (called at once)
            return value
        if isinstance(value, Mapping):
            return {self.strip(key): self.strip(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.strip(item) for item in value]
        return value
