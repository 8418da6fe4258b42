"""The operating system, its distribution, package manager and container; must not judge what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from planner.facts import Absent, Fact, Known, Unknown
from planner.probes.port import Host, NotRun
from planner.probes.search import find, shown

__all__ = ["package_manager", "probe", "read_os_release"]

_ASSIGNMENT = re.compile(
    r"""(?m)^[ \t]*([A-Z][A-Z0-9_]*)=(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([^\s"']*))[ \t]*$"""
)
_RELEASE = re.compile(r"release (\d+(?:\.\d+)*)")
_MANAGERS = {
    "linux": ("apt-get", "dnf", "yum", "microdnf", "apk", "pacman", "zypper"),
    "darwin": ("brew",),
    "windows": ("winget", "choco"),
}
# `dnf install` is microdnf's spelling too.
_SPELLED = {"apt-get": "apt", "microdnf": "dnf"}
_CGROUP_MARKS = (("docker", "docker"), ("kubepods", "kubernetes"), ("libpod", "podman"), ("/lxc/", "lxc"))


def probe(host: Host) -> Iterator[tuple[str, Fact]]:
    """`os`, `macos`, `windows`, `distro`, `distro-version`, `package-manager`, `container`."""
    system = host.system
    yield "os", Known(system.os, "the running system")
    yield "macos", _macos(host) if system.os == "darwin" else Absent("not macOS")
    if system.os == "windows":
        yield (
            "windows",
            Known(system.version, "the running system") if system.version else Unknown("not told"),
        )
    else:
        yield "windows", Absent("not Windows")
    yield from _distro(host)
    yield "package-manager", package_manager(host)
    yield "container", _container(host)


def _macos(host: Host) -> Fact:
    answer = host.run(["/usr/bin/sw_vers", "-productVersion"])
    if isinstance(answer, NotRun):
        return Unknown(f"sw_vers {answer.why}")
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)+|\d{2})\s*", answer.stdout)
    return Known(match[1], "sw_vers") if match else Unknown("sw_vers printed no version")


def _distro(host: Host) -> Iterator[tuple[str, Fact]]:
    if host.system.os != "linux":
        yield "distro", Absent("not Linux")
        yield "distro-version", Absent("not Linux")
        return
    for path in ("/etc/os-release", "/usr/lib/os-release"):  # os-release(5): the first one counts
        content = host.read(path, 65536)
        if content is None:
            continue
        values = read_os_release(content)
        name, version = values.get("ID", ""), values.get("VERSION_ID", "")
        yield "distro", Known(name.lower(), path) if name else Unknown(f"{path} has no ID")
        yield "distro-version", Known(version, path) if version else Absent(f"{path} has no VERSION_ID")
        return
    old = (host.read("/etc/redhat-release", 4096) or b"").decode("utf-8", "replace")  # CentOS 6
    if match := _RELEASE.search(old):
        yield "distro", Known("centos" if "centos" in old.lower() else "rhel", "/etc/redhat-release")
        yield "distro-version", Known(match[1], "/etc/redhat-release")
        return
    yield "distro", Unknown("there is no /etc/os-release")
    yield "distro-version", Unknown("there is no /etc/os-release")


def read_os_release(content: bytes) -> Mapping[str, str]:
    """The assignments of os-release(5); a line that is not one, or is shell code, is passed over."""
    values: dict[str, str] = {}
    for name, double, single, bare in _ASSIGNMENT.findall(content.decode("utf-8", "replace")):
        value = re.sub(r"\\(.)", r"\1", double) or single or bare
        if not re.search(r"[`$\x00-\x1f\x7f]", value):
            values[name] = value  # as in a shell, the last one counts
    return values


def package_manager(host: Host) -> Fact:
    """`package-manager`: the first of the system's own that is on PATH, else conda."""
    names = _MANAGERS.get(host.system.os, ())
    for name in names:
        found = find(host, name)
        if isinstance(found, str):
            return Known(_SPELLED.get(name, name), shown(host, found))
    if host.environ.get("CONDA_PREFIX"):
        return Known("conda", "CONDA_PREFIX")
    return Absent(f"none of {', '.join(names)} is on PATH")


def _container(host: Host) -> Fact:
    if host.system.os != "linux":
        return Absent("not Linux")
    if host.environ.get("KUBERNETES_SERVICE_HOST"):
        return Known("kubernetes", "KUBERNETES_SERVICE_HOST")
    if host.exists("/run/.containerenv"):
        return Known("podman", "/run/.containerenv")
    if host.exists("/.dockerenv"):
        return Known("docker", "/.dockerenv")
    told = host.environ.get("container", "")  # https://systemd.io/CONTAINER_INTERFACE
    if re.fullmatch(r"[a-z][a-z0-9-]*", told):
        return Known(told, "the environment variable `container`")
    cgroup = (host.read("/proc/self/cgroup", 65536) or b"").decode("utf-8", "replace")
    for mark, name in _CGROUP_MARKS:
        if mark in cgroup:
            return Known(name, "/proc/self/cgroup")
    if (
        "microsoft"
        in (host.read("/proc/sys/kernel/osrelease", 256) or b"").decode("utf-8", "replace").lower()
    ):
        return Known("wsl", "/proc/sys/kernel/osrelease")
    return Absent("no sign of one (/.dockerenv, /run/.containerenv, /proc/self/cgroup, …)")
