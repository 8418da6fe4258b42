"""How much memory and disk a build may use; knows control groups and their traps, and must not plan jobs.

`MemAvailable` is the whole machine's: it knows nothing of a container's limit. What a group has left is its
limit less its use, where page cache that the kernel can take back (`inactive_file`) does not count as use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.facts import Fact, Known, Unknown
from planner.probes.cgroups import Group, groups, number
from planner.probes.interpreter import Target
from planner.probes.port import Host, NotRun
from planner.probes.search import shown

__all__ = ["disk", "probe", "read_meminfo", "read_vm_stat"]

MIB = 1 << 20


def probe(host: Host) -> Iterator[tuple[str, Fact]]:
    """`memory-total` and `memory-available`, in MiB."""
    read = {"linux": _linux, "darwin": _macos, "windows": _windows}.get(host.system.os)
    whole = read(host) if read else None
    if whole is None:
        why = Unknown("the system does not say how much there is")
        yield "memory-total", why
        yield "memory-available", why
        return
    total, available, how = whole
    total_how = available_how = how
    if host.system.os == "linux":
        for group in groups(host, "memory"):
            limit, left = _limit(host, group), _left(host, group)
            if limit is not None and limit < total:
                total, total_how = limit, f"the limit of {group.folder}"
            if left is not None and left < available:
                available, available_how = left, f"what the limit of {group.folder} leaves"
    available = min(available, total)
    yield "memory-total", Known(_mib(total), total_how)
    yield "memory-available", Known(_mib(available), available_how)


def disk(host: Host, target: Target) -> Iterator[tuple[str, Fact]]:
    """`disk-free` where the target environment is, and `disk-free:tmp` where builds happen, in MiB."""
    for name, folder in (("disk-free", target.prefix), ("disk-free:tmp", host.system.tmp)):
        free = host.disk_free(folder) if folder else None
        place = shown(host, folder)
        yield (
            name,
            Known(str(free // MIB), place) if free is not None else Unknown(f"{place} does not say it"),
        )


def _mib(size: int) -> str:
    return str(max(1, size // MIB))


def _limit(host: Host, group: Group) -> int | None:
    """A group's own limit in bytes; None when it has none."""
    if group.version == 2:
        # memory.high slows a group down until it is below; a build that lives above it never ends.
        found = [number(host, group, name) for name in ("memory.max", "memory.high")]
    else:
        # Version 1 tells of limits on ancestors that a container cannot see, too.
        found = [
            number(host, group, "memory.limit_in_bytes"),
            number(host, group, "memory.stat", "hierarchical_memory_limit"),
        ]
    return min((limit for limit in found if limit is not None), default=None)


def _left(host: Host, group: Group) -> int | None:
    limit = _limit(host, group)
    if limit is None:
        return None
    if group.version == 2:
        use, cache = (
            number(host, group, "memory.current"),
            number(host, group, "memory.stat", "inactive_file"),
        )
    else:
        use = number(host, group, "memory.usage_in_bytes")
        cache = number(host, group, "memory.stat", "total_inactive_file")
    return max(0, limit - max(0, (use or 0) - (cache or 0)))


def _linux(host: Host) -> tuple[int, int, str] | None:
    found = read_meminfo(host.read("/proc/meminfo", 65536) or b"")
    return (*found, "/proc/meminfo") if found else None


def read_meminfo(content: bytes) -> tuple[int, int] | None:
    """(total, available) in bytes; kernels before 3.14 have no MemAvailable: free memory and page cache."""
    text = content.decode("ascii", "replace")
    values = {name: int(size) * 1024 for name, size in re.findall(r"(?m)^(\w+):\s+(\d{1,15}) kB$", text)}
    total = values.get("MemTotal")
    available = values.get("MemAvailable")
    if available is None and "MemFree" in values:
        available = values["MemFree"] + values.get("Buffers", 0) + values.get("Cached", 0)
    if not total or available is None:
        return None
    return total, min(available, total)


def _macos(host: Host) -> tuple[int, int, str] | None:
    size = host.run(["/usr/sbin/sysctl", "-n", "hw.memsize"])
    pages = host.run(["/usr/bin/vm_stat"])
    if isinstance(size, NotRun) or isinstance(pages, NotRun) or not re.fullmatch(r"\d{1,20}\s*", size.stdout):
        return None
    total = int(size.stdout)
    available = read_vm_stat(pages.stdout)
    return (total, min(available, total), "sysctl hw.memsize, vm_stat") if available else None


def read_vm_stat(text: str) -> int | None:
    """What macOS can give without swapping, in bytes: free, inactive and speculative pages."""
    page = re.search(r"page size of (\d{1,9}) bytes", text)
    counts = dict(re.findall(r"(?m)^Pages (\w+):\s+(\d{1,15})\.$", text))
    if not page or "free" not in counts:
        return None
    return int(page[1]) * sum(int(counts.get(name, 0)) for name in ("free", "inactive", "speculative"))


def _windows(host: Host) -> tuple[int, int, str] | None:
    memory = host.system.memory
    return (memory[0], min(memory), "GlobalMemoryStatusEx") if memory else None
