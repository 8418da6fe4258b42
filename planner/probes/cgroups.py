"""The control groups of this process, from its own leaf up; knows both versions, and must not judge limits.

A limit may stand on any ancestor, so all of them are read, as far as the mount shows them. The places follow
cgroups(7) and the kernel's Documentation/admin-guide/cgroup-v2.rst; containers see a part of the tree (a
mount whose root is not `/`, or a path such as `0::/../..` that leads out of what they see).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from planner.probes.port import Host

__all__ = ["Group", "groups", "number"]

_OCTAL = re.compile(r"\\([0-7]{3})")
_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One control group as a folder; `version` is 1 or 2, and so are its files named."""

    folder: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mount:
    """A mounted tree: `root` is the part of it that appears at `folder`; no controllers means version 2."""

    root: str
    folder: str
    version: int
    controllers: frozenset[str]


def groups(host: Host, controller: str) -> tuple[Group, ...]:
    """The groups that may limit this process's use of a controller (`memory`, `cpu`), leaf first.

    On hybrid systems the controller lives in one of the two trees; both are looked at, and the tree that
    does not have it simply has none of its files.
    """
    mounts = _mounts(host)
    found: list[Group] = []
    for version, controllers, path in _memberships(host):
        if version == 1 and controller not in controllers:
            continue
        for mount in mounts:
            if mount.version == version and (version == 2 or controller in mount.controllers):
                found += [Group(folder=folder, version=version) for folder in _upwards(mount, path)]
    return tuple(dict.fromkeys(found))


def number(host: Host, group: Group, name: str, field: str = "") -> int | None:
    """A number in a file of a group, or of the line that begins with `field`; None without one (`max`)."""
    content = host.read(posixpath.join(group.folder, name), _LIMIT)
    if content is None:
        return None
    text = content.decode("ascii", "replace")
    if field:
        match = re.search(rf"(?m)^{re.escape(field)} (\d{{1,20}})$", text)
        return int(match[1]) if match else None
    text = text.strip()
    return int(text) if re.fullmatch(r"\d{1,20}", text, re.ASCII) else None


def _memberships(host: Host) -> Iterator[tuple[int, frozenset[str], str]]:
    """(version, controllers, path) for each line of /proc/self/cgroup: `4:memory:/user.slice`, `0::/init`."""
    text = (host.read("/proc/self/cgroup", _LIMIT) or b"").decode("utf-8", "surrogateescape")
    for line in text.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3 and parts[2].startswith("/"):
            version = 2 if parts[0] == "0" and not parts[1] else 1
            yield version, frozenset(parts[1].split(",")) - {""}, parts[2]


def _mounts(host: Host) -> tuple[_Mount, ...]:
    """The mounted trees by /proc/self/mountinfo, or where they usually are when it cannot be read."""
    content = host.read("/proc/self/mountinfo", 1 << 20)
    text = (content or b"").decode("utf-8", "surrogateescape")
    mounts = tuple(mount for line in text.splitlines() if (mount := _mount(line)))
    return mounts or tuple(_usual(host))


def _mount(line: str) -> _Mount | None:
    """`35 31 0:32 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory` (proc_pid_mountinfo(5))."""
    before, separator, after = line.partition(" - ")
    fields, tail = before.split(" "), after.split(" ")
    if not separator or len(fields) < 5 or not tail or tail[0] not in ("cgroup", "cgroup2"):
        return None
    version = 2 if tail[0] == "cgroup2" else 1
    controllers = frozenset(tail[2].split(",")) if len(tail) > 2 and version == 1 else frozenset()
    return _Mount(
        root=_unescaped(fields[3]), folder=_unescaped(fields[4]), version=version, controllers=controllers
    )


def _unescaped(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)


def _usual(host: Host) -> Iterator[_Mount]:
    base = "/sys/fs/cgroup"
    for name in host.listdir(base):
        folder = posixpath.join(base, name)
        if name == "unified":
            yield _Mount(root="/", folder=folder, version=2, controllers=frozenset())
        elif set(name.split(",")) & {"cpu", "memory"}:
            yield _Mount(root="/", folder=folder, version=1, controllers=frozenset(name.split(",")))
    yield _Mount(root="/", folder=base, version=2, controllers=frozenset())


def _upwards(mount: _Mount, path: str) -> Iterator[str]:
    """The folders of a path and of its ancestors below a mount, the mount itself last."""
    # normpath keeps a leading `..` off an absolute path: `/../../x` becomes `/x`. What lies outside the
    # namespace cannot be seen, and the mount's own root is the nearest group that can.
    outside = path == "/.." or path.startswith("/../")
    path = "/" if outside else posixpath.normpath(path)
    root = posixpath.normpath(mount.root)
    if root == "/" or root.startswith("/.."):
        inside = path
    elif path == root or path.startswith(root + "/"):
        inside = path[len(root) :] or "/"
    else:
        inside = "/"
    parts = [part for part in inside.split("/") if part]
    for depth in range(len(parts), -1, -1):
        yield posixpath.join(mount.folder, *parts[:depth])
