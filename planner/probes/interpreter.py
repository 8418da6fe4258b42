"""What a Python interpreter says of itself; knows the script that asks it and how to read the answer.

The interpreter runs with `-I -S`: no user site, no `.pth` file, no sitecustomize, nothing of the environment
is imported. So `sys.prefix` of a virtual environment is not set up either (before 3.14), and the script reads
pyvenv.cfg itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.version import InvalidVersion, Version

from planner.facts import MARKERS
from planner.probes.port import Host, NotRun

__all__ = ["SCRIPT", "Target", "ask", "read_answer"]

# Python 3.6 and newer run it. `os.uname` and not `platform`, which before 3.9 starts `uname -p`, and is slow
# to import. ABI flags are those of `packaging.tags` (PEP 425, PEP 703): debug, pymalloc before 3.8, threads.
SCRIPT = r"""
import sys, os, json, sysconfig
get = sysconfig.get_config_var
impl = sys.implementation
def version(v):
    text = "%d.%d.%d" % (v[0], v[1], v[2])
    return text if v[3] == "final" else text + v[3][0].replace("c", "rc") + str(v[4])
names = {"cpython": "CPython", "pypy": "PyPy"}
if os.name == "nt" or impl.name not in names:
    import platform
    system, release, build = platform.system(), platform.release(), platform.version()
    machine, python = platform.machine(), platform.python_implementation()
else:
    uname = os.uname()
    system, release, build, machine = uname.sysname, uname.release, uname.version, uname.machine
    python = names[impl.name]
full = sys.version.split()[0].rstrip("+")
base = sys.prefix
for folder in (os.path.dirname(sys.executable), os.path.dirname(os.path.dirname(sys.executable))):
    try:
        with open(os.path.join(folder, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
            config = file.read(65536)
    except OSError:
        continue
    prefix = folder
    break
else:
    prefix, config = base, ""
sites = []
wider = "include-system-site-packages=true" in config.lower().replace(" ", "")
if prefix == base or wider:
    import site
    sites += site.getsitepackages([base])
scheme = None
if prefix != base:
    scheme = "venv" if "venv" in sysconfig.get_scheme_names() else "nt" if os.name == "nt" else "posix_prefix"
variables = {"base": prefix, "platbase": prefix, "installed_base": base, "installed_platbase": base}
path = lambda key: sysconfig.get_path(key, scheme, variables) if scheme else sysconfig.get_path(key)
short = "%d%d" % sys.version_info[:2]
if impl.name == "cpython":
    abi = "cp" + short + ("t" if get("Py_GIL_DISABLED") else "")
    abi += "d" if hasattr(sys, "gettotalrefcount") else ""
    abi += "m" if sys.version_info < (3, 8) and (os.name == "nt" or get("WITH_PYMALLOC")) else ""
else:
    abi = (get("SOABI") or "").split("-")
    abi = "_".join(abi[:2]).replace(".", "_") if len(abi) > 1 else ""
def loader():
    if not sys.platform.startswith("linux"):
        return ""
    import struct
    try:
        with open(sys.executable, "rb") as file:
            head = file.read(64)
            wide = head[4] == 2
            order = "<" if head[5] == 1 else ">"
            if head[:4] != b"\x7fELF":
                return ""
            start, = struct.unpack_from(order + ("Q" if wide else "I"), head, 32 if wide else 28)
            size, count = struct.unpack_from(order + "HH", head, 54 if wide else 42)
            for index in range(min(count, 64)):
                file.seek(start + index * size)
                entry = file.read(size)
                if struct.unpack_from(order + "I", entry)[0] == 3:
                    at, = struct.unpack_from(order + ("Q" if wide else "I"), entry, 8 if wide else 4)
                    length, = struct.unpack_from(order + ("Q" if wide else "I"), entry, 32 if wide else 16)
                    file.seek(at)
                    return file.read(min(length, 4096)).split(b"\0")[0].decode("utf-8", "replace")
    except Exception:
        pass
    return ""
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
except (AttributeError, ValueError, OSError):
    libc = ""
print(json.dumps({
    "markers": {
        "implementation_name": impl.name, "implementation_version": version(impl.version),
        "os_name": os.name, "sys_platform": sys.platform, "platform_machine": machine,
        "platform_python_implementation": python, "platform_release": release, "platform_system": system,
        "platform_version": build, "python_full_version": full,
        "python_version": "%d.%d" % sys.version_info[:2],
    },
    "abi": abi, "bits": 64 if sys.maxsize > 2**32 else 32, "platform": sysconfig.get_platform(),
    "include": sysconfig.get_path("include"), "purelib": path("purelib"), "platlib": path("platlib"),
    "sites": sites, "prefix": prefix, "libc": libc, "loader": loader(),
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The interpreter that will install: `executable` as it was called, `chosen` says why it is this one.

    `sites` are the folders that hold its distributions, `prefix` its environment, `platform` what
    `sysconfig.get_platform()` gives, `loader` the program that loads it (an ELF file's PT_INTERP), `libc`
    its confstr(CS_GNU_LIBC_VERSION), `bits` the size of a pointer.
    """

    executable: str
    chosen: str
    markers: Mapping[str, str]
    abi: str
    bits: int
    platform: str
    include: str
    prefix: str
    sites: tuple[str, ...]
    libc: str
    loader: str

    @property
    def version(self) -> str:
        """Its full version: `3.11.7`."""
        return self.markers["python_full_version"]


def ask(host: Host, executable: str, chosen: str) -> Target | str:
    """Ask an interpreter what it is; a phrase says why when it gives no answer."""
    answer = host.run([executable, "-I", "-S", "-c", SCRIPT], cwd=host.system.cwd)
    if isinstance(answer, NotRun):
        return answer.why
    if answer.returncode:
        said = answer.stderr.strip().splitlines()[:1]
        return f"ended with code {answer.returncode}" + (f" ({said[0][:200]})" if said else "")
    # A wrapper (pyenv, conda) may print lines of its own before.
    lines = answer.stdout.strip().splitlines()
    target = read_answer(lines[-1] if lines else "", executable, chosen)
    return target or "did not answer as a Python 3.6 or newer does"


def read_answer(text: str, executable: str, chosen: str) -> Target | None:
    """Understand the script's answer; None when it is anything else."""
    try:
        answer: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    markers, sites = answer.get("markers"), answer.get("sites")
    texts = {name: answer.get(name) for name in ("abi", "platform", "include", "prefix", "libc", "loader")}
    places: list[Any] = [answer.get("purelib"), answer.get("platlib")]
    if (
        not isinstance(markers, dict)
        or set(markers) != set(MARKERS)
        or not isinstance(sites, list)
        or answer.get("bits") not in (32, 64)
        or not all(isinstance(item, str) for item in (*markers.values(), *texts.values(), *sites, *places))
    ):
        return None
    try:
        Version(markers["python_full_version"])
    except InvalidVersion:
        return None
    return Target(
        executable=executable,
        chosen=chosen,
        markers=markers,
        bits=answer["bits"],
        sites=tuple(dict.fromkeys([*places, *sites])),
        **{name: str(value) for name, value in texts.items()},
    )
