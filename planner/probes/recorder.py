"""Notes what a machine answers, as a file that replays it; must not let out whose machine it was.

The names of the user, of the home and project folders and of the machine are taken out, of long files and
folders only what a probe can understand is kept, and of the environment only what was looked at.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from planner.probes.port import OUTPUT_LIMIT, Answer, Host, NotRun, System
from planner.probes.recorded import command
from planner.probes.search import paths

__all__ = ["RecordingHost"]

_TELLING = re.compile(
    r"cuda|rocm|cu\d\d|\.(?:dist|egg)-info$|\d+\.\d+|^\d+$"
    r"|^lib.+\.(?:so|a|dylib|tbd|lib)(?:\.|$)|-linux-|\.(?:conf|h|hpp|pc)$"
    r"|_Packages(?:\.\w+)?$|^APKINDEX\.|\.db$|\.solvx?$|-[0-9a-f]{16}$"
)
# Where packages come from may be a company's own mirror, with a password in its address.
_ADDRESS = re.compile(r"(?<=://)[^/\s\"'<>]+")
_APT_LIST = re.compile(r"^.*(?=_Packages)")
# Containers and jobs have such names in the paths of control groups.
_GROUP_PATHS = ("/proc/self/cgroup", "/proc/self/mountinfo", "/sys/fs/cgroup")
_GROUP_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{12,64}(?![0-9a-f])")
# The lines of a file that tell a probe something; others' headers and a machine's mounts stay where they are.
_LINES = (
    (".h", r"^#define\s+\w*VERSION\s"),
    (".cmake", r"CXX11_ABI"),
    ("/proc/self/mountinfo", r" - cgroup2? "),
    ("/proc/cpuinfo", r"^(?:flags|Features)\s*:"),
    ("/proc/meminfo", r"^(?:MemTotal|MemFree|MemAvailable|Buffers|Cached):"),
    ("/memory.stat", r"^(?:total_)?inactive_file |^hierarchical_memory_limit "),
)
# Whether they are set is a fact; what they hold is nobody's business.
_PRIVATE_VALUES = ("KUBERNETES_SERVICE_HOST",)


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
        self._note("runs", command(argv), answer)
        return answer

    def dumps(self, comment: str) -> str:
        """What was asked and answered so far, as TOML without private names; `comment` tells its origin."""
        notes = self._notes
        document: dict[str, Any] = {
            "schema": 1,
            "programs": sorted(self._names["programs"]),
            "open": sorted(self._names["open"]),
            "system": {name: value for name, value in asdict(self.system).items() if value not in (None, "")},
            "environ": self._environ.asked,
            "disks": notes["disks"],
            "links": notes["links"],
            "folders": {path: _telling(names) for path, names in notes["folders"].items()},
            "files": dict(_file(path, content) for path, content in notes["files"].items()),
            "runs": [
                {"argv": argv, **({"not-run": a.why} if isinstance(a, NotRun) else asdict(a))}
                for argv, a in sorted(notes["runs"].items())
            ],
        }
        document = _Private(self._host).strip(document)
        remarks = "".join(f"# {line}\n" for line in comment.splitlines())
        return remarks + "".join(_toml(document))


def _telling(names: Sequence[str]) -> list[str]:
    """The names that a probe may understand; what else lies in a folder is its owner's business."""
    return list(dict.fromkeys(_APT_LIST.sub("mirror.test", name) for name in names if _TELLING.search(name)))


def _file(path: str, content: bytes) -> tuple[str, object]:
    text = _text(path, content)
    if isinstance(text, str) and path.startswith(_GROUP_PATHS):
        return _GROUP_ID.sub("id", path), _GROUP_ID.sub("id", text)
    return path, text


def _text(path: str, content: bytes) -> object:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"hex": content.hex()}
    for ending, pattern in _LINES:
        if path.endswith(ending):
            lines = (line for line in text.splitlines(keepends=True) if re.search(pattern, line))
            return "".join(dict.fromkeys(lines))
    return text


def _toml(document: Mapping[str, Any]) -> Iterator[str]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield f"\n[{name}]\n"
            yield from (f"{_string(key)} = {_value(value[key])}\n" for key in sorted(value))
        elif value and isinstance(value, list) and isinstance(value[0], Mapping):
            for table in value:
                yield f"\n[[{name}]]\n"
                yield from (f"{key} = {_value(item)}\n" for key, item in table.items() if item != "")
        else:
            yield f"{name} = {_value(value)}\n"


def _value(value: Any) -> str:
    if isinstance(value, str):
        # A literal block is what a person can read; it holds neither its own end nor control characters.
        plain = "\n" in value and "'''" not in value and not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", value)
        return f"'''\n{value}'''" if plain else _string(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return str(value)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


class _Private:
    """Takes the names of user, machine, home and project folders and of servers out of a recording."""

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
            return _ADDRESS.sub("mirror.test", value)
        if isinstance(value, Mapping):
            return {self.strip(key): self.strip(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.strip(item) for item in value]
        return value
