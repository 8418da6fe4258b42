"""Control groups as they are found: both versions, hybrids, containers, parents, sentinels, garbage."""

import pytest

from planner.facts import Known
from planner.probes import cpu, memory
from planner.probes.port import System
from planner.probes.recorded import RecordedHost

GIB = 1 << 30
BASE = "/sys/fs/cgroup"
NONE_V1 = "9223372036854771712"
V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MEMORY = "31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
V1_CPU = "32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
UNIFIED = "33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"


def machine(files, *, total=64 * GIB, available=48 * GIB, cpus=16):
    kib = f"MemTotal: {total // 1024} kB\nMemFree: 1 kB\nMemAvailable: {available // 1024} kB\n"
    content = {"/proc/meminfo": kib, **files}
    return RecordedHost(
        system=System(os="linux", machine="x86_64", cpus=cpus, affinity=cpus),
        files={path: text if isinstance(text, bytes) else text.encode() for path, text in content.items()},
    )


def v2(path, files, mounts=V2):
    return {
        "/proc/self/cgroup": f"0::{path}\n",
        "/proc/self/mountinfo": mounts,
        **{f"{BASE}/{name}": text for name, text in files.items()},
    }


def v1(path, files, mounts=V1_MEMORY + V1_CPU):
    return {
        "/proc/self/cgroup": f"5:memory:{path}\n4:cpu,cpuacct:{path}\n1:name=systemd:/x\n",
        "/proc/self/mountinfo": mounts,
        **{f"{BASE}/{name}": text for name, text in files.items()},
    }


WHOLE = (64 * 1024, 48 * 1024, 16)

TREES = {
    "no cgroups at all": ({}, WHOLE),
    "v2, nothing set": (v2("/a/b", {"a/b/memory.max": "max\n", "a/b/cpu.max": "max 100000\n"}), WHOLE),
    "v2, limit of the leaf": (
        v2("/a/b", {"a/b/memory.max": f"{8 * GIB}\n", "a/b/memory.current": f"{GIB}\n"}),
        (8192, 7168, 16),
    ),
    "v2, limit of a parent alone": (
        v2("/a/b/c", {"a/b/c/memory.max": "max", "a/memory.max": f"{4 * GIB}", "a/memory.current": f"{GIB}"}),
        (4096, 3072, 16),
    ),
    "v2, the smaller of leaf and parent": (
        v2("/a/b", {"a/b/memory.max": f"{8 * GIB}", "a/memory.max": f"{2 * GIB}", "a/memory.current": "0"}),
        (2048, 2048, 16),
    ),
    "v2, a wider limit leaves less": (
        v2(
            "/a/b",
            {"a/b/memory.max": f"{4 * GIB}", "a/memory.max": f"{8 * GIB}", "a/memory.current": f"{7 * GIB}"},
        ),
        (4096, 1024, 16),
    ),
    "v2, page cache can be taken back": (
        v2(
            "/a",
            {
                "a/memory.max": f"{8 * GIB}",
                "a/memory.current": f"{6 * GIB}",
                "a/memory.stat": f"anon 5\ninactive_file {4 * GIB}\nactive_file 7\n",
            },
        ),
        (8192, 6144, 16),
    ),
    "v2, memory.high": (v2("/a", {"a/memory.max": "max", "a/memory.high": f"{3 * GIB}"}), (3072, 3072, 16)),
    "v2, the namespace's own root": (
        v2("/", {"memory.max": f"{GIB}\n", "cpu.max": "200000 100000\n"}),
        (1024, 1024, 2),
    ),
    "v2, a path that leads out": (v2("/../..", {"memory.max": f"{GIB}"}), (1024, 1024, 16)),
    "v2, a path that leads out and in again": (v2("/../../x/y", {"memory.max": f"{GIB}"}), (1024, 1024, 16)),
    "v2, mounted from within": (
        v2(
            "/docker/abc",
            {"memory.max": f"{GIB}"},
            "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
        ),
        (1024, 1024, 16),
    ),
    "v2, used up": (v2("/a", {"a/memory.max": f"{GIB}", "a/memory.current": f"{2 * GIB}"}), (1024, 1, 16)),
    "v2, a limit of zero": (v2("/a", {"a/memory.max": "0"}), (1, 1, 16)),
    "v2, a limit above the machine": (v2("/a", {"a/memory.max": f"{900 * GIB}"}), WHOLE),
    "v2, fractional quota": (v2("/a", {"a/cpu.max": "250000 100000\n"}), (64 * 1024, 48 * 1024, 2)),
    "v2, less than one core": (v2("/a", {"a/cpu.max": "50000 100000\n"}), (64 * 1024, 48 * 1024, 1)),
    "v2, quota of a parent": (
        v2("/a/b", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "400000 100000\n"}),
        (64 * 1024, 48 * 1024, 4),
    ),
    "v2, quota above the machine": (v2("/a", {"a/cpu.max": "9900000 100000\n"}), WHOLE),
    "v2, period of zero": (v2("/a", {"a/cpu.max": "100000 0\n"}), WHOLE),
    "v1, its word for none": (
        v1("/a", {"memory/a/memory.limit_in_bytes": NONE_V1, "cpu,cpuacct/a/cpu.cfs_quota_us": "-1"}),
        WHOLE,
    ),
    "v1, older word for none": (v1("/a", {"memory/a/memory.limit_in_bytes": "9223372036854775807"}), WHOLE),
    "v1, limit and quota": (
        v1(
            "/a",
            {
                "memory/a/memory.limit_in_bytes": f"{2 * GIB}",
                "memory/a/memory.usage_in_bytes": f"{GIB}",
                "memory/a/memory.stat": f"inactive_file 1\ntotal_inactive_file {GIB // 2}\n",
                "cpu,cpuacct/a/cpu.cfs_quota_us": "300000",
                "cpu,cpuacct/a/cpu.cfs_period_us": "100000",
            },
        ),
        (2048, 1536, 3),
    ),
    "v1, the container sees its group at the root": (
        v1(
            "/docker/abc",
            {
                "memory/memory.limit_in_bytes": f"{GIB}",
                "cpu,cpuacct/cpu.cfs_quota_us": "100000",
                "cpu,cpuacct/cpu.cfs_period_us": "50000",
            },
            V1_MEMORY.replace(" / /sys", " /docker/abc /sys")
            + V1_CPU.replace(" / /sys", " /docker/abc /sys"),
        ),
        (1024, 1024, 2),
    ),
    "v1, a parent that is out of sight": (
        v1(
            "/a",
            {
                "memory/a/memory.limit_in_bytes": NONE_V1,
                "memory/a/memory.stat": f"hierarchical_memory_limit {GIB}\n",
            },
        ),
        (1024, 1024, 16),
    ),
    "hybrid, limits in v1": (
        {
            "/proc/self/cgroup": "4:memory:/jobs/x\n0::/y\n",
            "/proc/self/mountinfo": V1_MEMORY + UNIFIED,
            f"{BASE}/memory/jobs/memory.limit_in_bytes": f"{GIB}",
        },
        (1024, 1024, 16),
    ),
    "hybrid, limits in v2": (
        {
            "/proc/self/cgroup": "1:name=systemd:/s\n0::/y\n",
            "/proc/self/mountinfo": UNIFIED,
            f"{BASE}/unified/y/memory.max": f"{GIB}",
        },
        (1024, 1024, 16),
    ),
    "mountinfo cannot be read, v2": (
        {"/proc/self/cgroup": "0::/a\n", f"{BASE}/a/memory.max": f"{GIB}"},
        (1024, 1024, 16),
    ),
    "mountinfo cannot be read, v1": (
        {"/proc/self/cgroup": "3:memory:/a\n", f"{BASE}/memory/a/memory.limit_in_bytes": f"{GIB}"},
        (1024, 1024, 16),
    ),
    "a space in the mount's name": (
        {
            "/proc/self/cgroup": "0::/a\n",
            "/proc/self/mountinfo": "30 23 0:26 / /mnt/my\\040groups rw - cgroup2 cgroup2 rw\n",
            "/mnt/my groups/a/memory.max": f"{GIB}",
        },
        (1024, 1024, 16),
    ),
    "unreadable and garbage": (
        {
            "/proc/self/cgroup": b"\xff\xfe\n::::\n0:\n5:memory\n0::relative\n",
            "/proc/self/mountinfo": b"\x00 - cgroup2\n - \n30 23 0:26 / - cgroup cgroup rw,memory\n",
            f"{BASE}/memory.max": "1",
        },
        WHOLE,
    ),
    "limits that are no numbers": (
        v2("/a", {"a/memory.max": "-1\n", "a/memory.high": b"\xff\xfe", "a/cpu.max": "many 100000"}),
        WHOLE,
    ),
}


@pytest.mark.parametrize("name", TREES)
def test_memory_and_cores(name):
    files, (total, available, cores) = TREES[name]
    host = machine(files)
    facts = {**dict(memory.probe(host)), **dict(cpu.probe(host))}
    found = tuple(facts[key].value for key in ("memory-total", "memory-available", "cores"))
    assert found == (str(total), str(available), str(cores))


def test_there_are_enough_trees():
    assert len(TREES) >= 25


def test_affinity_counts_before_the_quota():
    host = machine(v2("/a", {"a/cpu.max": "800000 100000"}), cpus=4)
    assert dict(cpu.probe(host))["cores"] == Known("4", "affinity")
