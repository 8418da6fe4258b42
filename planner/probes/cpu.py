"""The processor's level and the cores that a build may use; must not choose a number of jobs.

x86-64-v1 … v4 are sets of features (System V ABI for x86-64, section 3.1.1, in the kernel's names); arm's
levels follow from the features that a version of the architecture makes mandatory (Arm ARM; the kernel's
Documentation/arch/arm64/elf_hwcaps.rst).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from planner.facts import Absent, Fact, Known, Unknown
from planner.probes.cgroups import Group, groups, number
from planner.probes.port import Host, NotRun

__all__ = ["probe", "read_cpuinfo"]

_X86 = (
    ("x86-64-v1", "cmov cx8 fpu fxsr mmx syscall sse sse2"),
    ("x86-64-v2", "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"),
    ("x86-64-v3", "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"),
    ("x86-64-v4", "avx512f avx512bw avx512cd avx512dq avx512vl"),
)
_ARM = (
    ("armv8-a", "fp asimd"),
    ("armv8.1-a", "atomics asimdrdm crc32"),
    ("armv8.2-a", "dcpop"),
    ("armv8.3-a", "jscvt fcma lrcpc"),
    ("armv8.4-a", "dit uscat ilrcpc flagm asimddp"),
    ("armv8.5-a", "flagm2 frint sb dcpodp"),
)


def probe(host: Host) -> Iterator[tuple[str, Fact]]:
    """`cpu-level` and `cores`."""
    yield "cpu-level", _level(host)
    yield "cores", _cores(host)


def _level(host: Host) -> Fact:
    machine = host.system.machine.lower()
    if machine not in ("x86_64", "amd64", "aarch64", "arm64"):
        return Absent(f"{host.system.machine} has no levels")
    if host.system.os == "linux":
        level = read_cpuinfo(host.read("/proc/cpuinfo") or b"")
        return Known(level, "/proc/cpuinfo") if level else Unknown("/proc/cpuinfo lists no features")
    if host.system.os == "darwin" and machine == "x86_64":
        names = (f"machdep.cpu.{name}" for name in ("features", "leaf7_features", "extfeatures"))
        answer = host.run(["/usr/sbin/sysctl", "-n", *names])
        if isinstance(answer, NotRun):
            return Unknown(f"sysctl {answer.why}")
        level = _highest(_X86, _apple_flags(answer.stdout))
        return Known(level, "sysctl machdep.cpu") if level else Unknown("sysctl lists no features")
    return Unknown("not read on this system")


def _apple_flags(text: str) -> frozenset[str]:
    """The features that Apple lists, in the spelling of Linux."""
    flags = {word.lower().replace(".", "_") for word in text.split()}
    spelled = {"sse3": "pni", "avx1_0": "avx", "lahf": "lahf_lm", "lzcnt": "abm"}
    return frozenset(spelled.get(flag, flag) for flag in flags)


def read_cpuinfo(content: bytes) -> str:
    """The level that *every* processor listed has (cores may differ), or "" when no features are listed."""
    text = content.decode("utf-8", "replace")
    lists = [frozenset(words.split()) for words in re.findall(r"(?m)^(?:flags|Features)\s*:(.*)$", text)]
    if not lists:
        return ""
    common = frozenset.intersection(*lists)
    return _highest(_X86, common) or _highest(_ARM, common)


def _highest(levels: tuple[tuple[str, str], ...], flags: frozenset[str]) -> str:
    found = ""
    for name, features in levels:
        if not flags.issuperset(features.split()):
            break
        found = name
    return found


def _cores(host: Host) -> Fact:
    system = host.system
    cores, how = system.affinity or system.cpus, "affinity" if system.affinity else "cores of the machine"
    if not cores:
        return Unknown("the system does not count them")
    if system.os == "linux":
        for group in groups(host, "cpu"):
            quota = _quota(host, group)
            # Rounded down: a job more than the quota pays for runs all of them slower, and uses memory.
            if quota is not None and max(1, math.floor(quota)) < cores:
                cores, how = max(1, math.floor(quota)), f"quota {quota:g} of {group.folder}"
    return Known(str(cores), how)


def _quota(host: Host, group: Group) -> float | None:
    """How many cores' time a group may use; None when it has no quota."""
    if group.version == 2:
        content = host.read(f"{group.folder}/cpu.max", 256) or b""
        match = re.fullmatch(rb"(\d{1,18}) (\d{1,18})\s*", content)
        pair = (int(match[1]), int(match[2])) if match else (0, 0)
    else:
        # -1 is "none", and no number here.
        pair = (
            number(host, group, "cpu.cfs_quota_us") or 0,
            number(host, group, "cpu.cfs_period_us") or 0,
        )
    return pair[0] / pair[1] if all(pair) else None
