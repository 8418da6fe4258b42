"""Which C library the wheels of the target must fit; must not use the private probes of `packaging`.

The interpreter itself says it: glibc by confstr, musl by having no confstr and a loader called `ld-musl-…`.
What the kernel or the distribution suggests does not count: a musl Python may lie on a glibc system.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.facts import Absent, Fact, Known, Unknown
from planner.probes.interpreter import Target
from planner.probes.port import Host, NotRun
from planner.probes.search import find

__all__ = ["probe", "read_glibc", "read_ldd", "read_musl"]

_GLIBC = re.compile(r"glibc (\d+\.\d+)")
_MUSL = re.compile(r"musl libc[^\n]*\n\s*Version (\d+\.\d+)")
# "ldd (GNU libc) 2.17", "ldd (Debian GLIBC 2.36-9+deb12u7) 2.36"
_LDD = re.compile(r"ldd \([^)\n]*(?:GLIBC|GNU libc)[^)\n]*\) (\d+\.\d+)", re.IGNORECASE)


def probe(host: Host, target: Target) -> Iterator[tuple[str, Fact]]:
    """`glibc` and `musl`: at most one of them is known."""
    if host.system.os != "linux":
        yield "glibc", Absent("not Linux")
        yield "musl", Absent("not Linux")
        return
    glibc = read_glibc(target.libc)
    if glibc:
        yield "glibc", Known(glibc, "confstr of the target Python")
        yield "musl", Absent("the target Python uses glibc")
    elif "ld-musl" in target.loader:
        yield "glibc", Absent("the target Python uses musl")
        yield "musl", _musl(host, target.loader)
    else:
        yield from _by_ldd(host, target)


def _musl(host: Host, loader: str) -> Fact:
    # musl's loader, run without arguments, prints its version on stderr and fails.
    answer = host.run([loader])
    if isinstance(answer, NotRun):
        return Unknown(f"{loader} {answer.why}")
    version = read_musl(answer.stderr) or read_musl(answer.stdout)
    return Known(version, loader) if version else Unknown(f"{loader} printed no version")


def _by_ldd(host: Host, target: Target) -> Iterator[tuple[str, Fact]]:
    """A Python whose confstr says nothing: a static one, or one of an emulator."""
    ldd = find(host, "ldd")
    answer = host.run([ldd, "--version"]) if isinstance(ldd, str) else NotRun("is not on PATH")
    if isinstance(answer, NotRun):
        reason = f"the target Python does not say it, and ldd {answer.why}"
        yield "glibc", Unknown(reason)
        yield "musl", Unknown(reason)
        return
    glibc, musl = read_ldd(answer.stdout), read_musl(answer.stdout + answer.stderr)
    unsaid = Unknown(f"the target Python ({target.loader or 'no loader'}) and ldd do not say it")
    yield "glibc", Known(glibc, "ldd --version") if glibc else Absent("ldd is musl's") if musl else unsaid
    yield "musl", Known(musl, "ldd --version") if musl else Absent("ldd is glibc's") if glibc else unsaid


def read_glibc(text: str) -> str:
    """The version in confstr's answer (`glibc 2.36`), or ""."""
    match = _GLIBC.match(text)
    return match[1] if match else ""


def read_musl(text: str) -> str:
    """The version (two numbers) that musl's loader prints, or ""."""
    match = _MUSL.search(text)
    return match[1] if match else ""


def read_ldd(text: str) -> str:
    """The version of glibc that its `ldd --version` prints, or ""."""
    match = _LDD.search(text)
    return match[1] if match else ""
