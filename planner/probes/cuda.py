"""CUDA toolkits and ROCm on a machine; knows where builds look for them, and must not load their libraries.

A build with torch takes CUDA_HOME, then CUDA_PATH, then the folder of the `nvcc` on PATH, then
/usr/local/cuda (torch/utils/cpp_extension.py, `_find_cuda_home`). Other toolkits may lie around: they are
listed, but a build does not use them unless CUDA_HOME names one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from planner.facts import Absent, Fact, Known, Unknown
from planner.probes.installed import read_folder_name
from planner.probes.interpreter import Target
from planner.probes.port import Host, NotRun
from planner.probes.search import find, join, paths, shown

__all__ = [
    "nvcc_version",
    "probe",
    "read_cuda_h",
    "read_nvcc",
    "read_rocm",
    "read_version_json",
    "read_version_txt",
]

_NVCC = re.compile(r"Cuda compilation tools, release (\d+\.\d+), V(\d+(?:\.\d+)+)")
_TXT = re.compile(r"CUDA Version (\d+\.\d+)")
_HEADER = re.compile(r"(?m)^#define\s+CUDA_VERSION\s+(\d{4,5})\s*$", re.ASCII)
_ROCM = re.compile(r"(\d+\.\d+(?:\.\d+)?)")


def probe(host: Host, target: Target) -> Iterator[tuple[str, Fact]]:
    """`cuda-toolkit`, `cuda-toolkit:PATH` for each one found, `rocm`."""
    used = next(_used(host), None)
    found: dict[str, str] = {}
    if used is None:
        toolkit: Fact = Absent("no CUDA_HOME, CUDA_PATH, nvcc on PATH or /usr/local/cuda")
    else:
        folder, how = used
        version = _version(host, folder)
        toolkit = Known(version, how) if version else Unknown(f"{how} says no version")
        if version:
            found[host.realpath(folder)] = version
    for folder in _others(host):
        real = host.realpath(folder)
        if real not in found and (version := _version(host, folder)):
            found[real] = version
    for folder, version in _wheels(host, target):
        found.setdefault(host.realpath(folder), version)
    if isinstance(toolkit, Absent) and found:
        lying = ", ".join(shown(host, folder) for folder in sorted(found))
        toolkit = Absent(f"{toolkit.how}; one lies at {lying}, and CUDA_HOME would name it")
    yield "cuda-toolkit", toolkit
    for folder, version in found.items():
        yield f"cuda-toolkit:{shown(host, folder)}", Known(version, shown(host, folder))
    yield "rocm", _rocm(host)


def _used(host: Host) -> Iterator[tuple[str, str]]:
    """(folder, how it was found) in the order in which a build looks; the first one counts."""
    for variable in ("CUDA_HOME", "CUDA_PATH"):
        folder = host.environ.get(variable)
        if folder:
            yield folder, f"{variable}={shown(host, folder)}"
    nvcc = find(host, "nvcc")
    module = paths(host)
    if isinstance(nvcc, str):
        yield module.dirname(module.dirname(nvcc)), f"{shown(host, nvcc)} on PATH"
    if host.exists("/usr/local/cuda"):
        yield "/usr/local/cuda", "/usr/local/cuda"


def _others(host: Host) -> Iterator[str]:
    """Folders that may hold a toolkit: those of the system, and the conda environment."""
    for parent, names in (("/usr/local", host.listdir("/usr/local")), ("/opt", host.listdir("/opt"))):
        yield from (join(host, parent, name) for name in names if re.fullmatch(r"cuda(?:-\d+\.\d+)?", name))
    if host.system.os == "windows":
        base = join(host, host.environ.get("PROGRAMFILES", ""), "NVIDIA GPU Computing Toolkit", "CUDA")
        yield from (join(host, base, name) for name in host.listdir(base))
    conda = host.environ.get("CONDA_PREFIX")
    if conda:
        yield join(host, conda, "Library") if host.system.os == "windows" else conda


def _wheels(host: Host, target: Target) -> Iterator[tuple[str, str]]:
    """Toolkits that lie in the target environment as wheels; never run, their names say their version."""
    # nvidia/cu13 is laid out as a toolkit is; nvidia/cuda_nvcc (CUDA 12) holds the compiler alone.
    for site in target.sites:
        for entry in host.listdir(site):
            read = read_folder_name(entry)
            for name, place in (("nvidia-cuda-nvcc", "cu13"), ("nvidia-cuda-nvcc-cu12", "cuda_nvcc")):
                folder = join(host, site, "nvidia", place)
                if read and read[0] == name and host.exists(join(host, folder, "bin")):
                    yield folder, ".".join(read[1].split(".")[:2])


def _version(host: Host, folder: str) -> str:
    """The version (two numbers) of the toolkit in a folder, or ""; files are asked before the compiler."""
    version = read_version_json(host.read(join(host, folder, "version.json"), 65536) or b"")
    version = version or read_version_txt(host.read(join(host, folder, "version.txt"), 4096) or b"")
    version = version or read_cuda_h(host.read(join(host, folder, "include", "cuda.h"), 65536) or b"")
    if version:
        return version
    name = "nvcc.exe" if host.system.os == "windows" else "nvcc"
    nvcc = join(host, folder, "bin", name)
    full = nvcc_version(host, nvcc) if host.is_program(nvcc) else ""
    return ".".join(full.split(".")[:2])


def nvcc_version(host: Host, path: str) -> str:
    """What an `nvcc` says of itself (`13.0.88`), or ""."""
    answer = host.run([path, "--version"])
    return "" if isinstance(answer, NotRun) or answer.returncode else read_nvcc(answer.stdout)


def read_nvcc(text: str) -> str:
    """The compiler's full version in the output of `nvcc --version`, or ""."""
    match = _NVCC.search(text)
    return match[2] if match and match[2].startswith(match[1] + ".") else ""


def read_version_json(content: bytes) -> str:
    """Two numbers of `{"cuda": {"version": "12.4.1"}}` (CUDA 11.1 and newer), or ""."""
    try:
        document = json.loads(content.decode("utf-8", "replace"))
        text = document["cuda"]["version"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return ""
    match = re.match(r"\d+\.\d+", text) if isinstance(text, str) else None
    return match[0] if match else ""


def read_version_txt(content: bytes) -> str:
    """Two numbers of `CUDA Version 10.2.89` (before CUDA 11.1), or ""."""
    match = _TXT.search(content.decode("utf-8", "replace"))
    return match[1] if match else ""


def read_cuda_h(content: bytes) -> str:
    """Two numbers of `#define CUDA_VERSION 12040`, or ""."""
    match = _HEADER.search(content.decode("utf-8", "replace"))
    return f"{int(match[1]) // 1000}.{int(match[1]) % 1000 // 10}" if match else ""


def _rocm(host: Host) -> Fact:
    folders = [folder for name in ("ROCM_PATH", "ROCM_HOME") if (folder := host.environ.get(name))]
    folders += ["/opt/rocm"]
    folders += [
        join(host, "/opt", name) for name in reversed(host.listdir("/opt")) if name.startswith("rocm-")
    ]
    for folder in folders:
        for name in (".info/version", ".info/version-dev"):
            path = f"{folder}/{name}"
            version = read_rocm(host.read(path, 256) or b"")
            if version:
                return Known(version, shown(host, path))
    if any(host.exists(folder) for folder in folders):
        return Unknown("its folder has no .info/version")
    return Absent("no ROCM_PATH and no /opt/rocm")


def read_rocm(content: bytes) -> str:
    """The version in ROCm's `.info/version` (`6.2.4-139`), or ""."""
    match = _ROCM.match(content.decode("ascii", "replace"))
    return match[1] if match else ""
