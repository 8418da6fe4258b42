"""The names of platforms, uv's and pip's, and each system's own spelling; tables that ask no machine."""

from __future__ import annotations

import re
from dataclasses import dataclass

from planner.errors import MachineError

__all__ = ["OS_NAMES", "SYSTEM_MARKERS", "Platform", "read_platform", "spell_arch"]

OS_NAMES = {"macos": "darwin", "win32": "windows"}
SYSTEM_MARKERS = {
    "linux": {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux"},
    "darwin": {"os_name": "posix", "sys_platform": "darwin", "platform_system": "Darwin"},
    "windows": {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows"},
}
# Each system's own name for an architecture, as wheel tags spell it; Windows' markers are in capitals.
_ARCH = {
    "linux": {"amd64": "x86_64", "arm64": "aarch64", "x86": "i686", "i386": "i686", "riscv64gc": "riscv64"},
    "darwin": {"aarch64": "arm64", "amd64": "x86_64"},
    "windows": {"x86_64": "amd64", "aarch64": "arm64", "i686": "x86", "i386": "x86"},
}
_TRIPLE = re.compile(
    r"(?P<arch>[a-z0-9_]+?)-(?P<kind>unknown-linux-gnu|unknown-linux-musl|unknown-linux|apple-darwin|pc-windows-msvc"
    r"|manylinux1|manylinux2010|manylinux2014|manylinux_(?P<major>\d+)_(?P<minor>\d+)"
    r"|musllinux_(?P<musl_major>\d+)_(?P<musl_minor>\d+))\Z"
)
_TAG = re.compile(
    r"(?P<kind>manylinux1|manylinux2010|manylinux2014|manylinux_(?P<major>\d+)_(?P<minor>\d+)"
    r"|musllinux_(?P<musl_major>\d+)_(?P<musl_minor>\d+)|macosx_(?P<mac_major>\d+)_(?P<mac_minor>\d+)|win)"
    r"_?(?P<arch>[a-z0-9_]+)\Z"
)
# uv 0.13.9: `uv help pip compile` says manylinux_2_28 and macOS 13.0; musl 1.2 was tried.
_ALIASES = {
    "linux": "x86_64-unknown-linux-gnu",
    "macos": "aarch64-apple-darwin",
    "windows": "x86_64-pc-windows-msvc",
}
_UV_GLIBC, _UV_MUSL, _UV_MACOS = "2.28", "1.2", "13.0"
_LEGACY = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}
_ARCHES = frozenset(
    (
        "x86_64",
        "i686",
        "aarch64",
        "arm64",
        "amd64",
        "armv7l",
        "ppc64le",
        "s390x",
        "riscv64",
        "loongarch64",
        "x86",
        "32",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A platform that was named: `fact` (`glibc`, `musl`, `macos`, or "") is known in `version`."""

    os: str
    arch: str
    fact: str = ""
    version: str = ""


def spell_arch(system: str, arch: str) -> tuple[str, str]:
    """An architecture as that system's wheel tags spell it, and as its `platform_machine` does.

    >>> spell_arch("windows", "x86_64"), spell_arch("darwin", "aarch64"), spell_arch("linux", "arm64")
    (('amd64', 'AMD64'), ('arm64', 'arm64'), ('aarch64', 'aarch64'))
    """
    tag = _ARCH.get(system, {}).get(arch.lower(), arch.lower())
    if system == "windows":
        return tag, {"amd64": "AMD64", "arm64": "ARM64"}.get(tag, tag)
    return tag, tag


def read_platform(name: str, *, where: str) -> Platform:
    """The platform of a name: uv's `linux`, `aarch64-unknown-linux-musl` …, or one of pip's tags.

    A name that says no version means uv's: glibc 2.28, musl 1.2, macOS 13.0. Raises MachineError for what is
    no such platform.

    >>> read_platform("x86_64-manylinux2014", where="").version, read_platform("win32", where="").arch
    ('2.17', 'x86')
    """
    word = name.strip().lower()
    match = _TRIPLE.match(_ALIASES.get(word, word)) or _TAG.match(word.replace("-", "_"))
    if match is None or match["arch"] not in _ARCHES:
        raise MachineError(_no_platform(name), where=where, hint=_PLATFORM_HINT)
    system, floor = _floor(match)
    arch = "x86" if match["arch"] == "32" else match["arch"]
    fact, version = floor or ("", "")
    return Platform(os=system, arch=spell_arch(system, arch)[0], fact=fact, version=version)


_PLATFORM_HINT = (
    "Say one of uv's (linux, macos, windows, aarch64-unknown-linux-gnu, x86_64-manylinux_2_28, …) or pip's "
    "(manylinux_2_28_x86_64, musllinux_1_2_aarch64, macosx_14_0_arm64, win_amd64)."
)


def _no_platform(name: str) -> str:
    word = name.lower()
    if word.startswith("linux_"):
        return f"{name!r} names no C library, so no wheel can be judged."
    if "universal2" in word:
        return f"{name!r} names two architectures; a plan is for one."
    if any(other in word for other in ("android", "ios", "pyodide", "wasm", "emscripten")):
        return f"{name!r} is a platform that wheelplan does not plan for."
    return f"{name!r} is no platform that wheelplan knows."


def _floor(match: re.Match[str]) -> tuple[str, tuple[str, str] | None]:
    """(system, (libc or system fact, version)) of a matched name."""
    groups = match.groupdict()
    kind = match["kind"]
    if kind.startswith(("pc-windows", "win")):
        return "windows", None
    if groups.get("mac_major"):
        return "darwin", ("macos", f"{match['mac_major']}.{match['mac_minor']}")
    if kind == "apple-darwin":
        return "darwin", ("macos", _UV_MACOS)
    if kind == "unknown-linux-musl":
        return "linux", ("musl", _UV_MUSL)
    if groups.get("musl_major"):
        return "linux", ("musl", f"{match['musl_major']}.{match['musl_minor']}")
    if groups.get("major"):
        return "linux", ("glibc", f"{match['major']}.{match['minor']}")
    return "linux", ("glibc", _LEGACY.get(kind, _UV_GLIBC))
