"""What the target environment holds: distributions, torch and its ABI, Python.h; must not import any of it.

Everything is read from names and text: importing torch costs seconds, and would run what someone installed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from planner.facts import Absent, Fact, Known, Unknown
from planner.probes.interpreter import Target
from planner.probes.port import Host
from planner.probes.search import join, shown

__all__ = ["headers", "probe", "read_cmake_abi", "read_folder_name", "read_torch_version"]

_FOLDER = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*?)-(?P<version>[0-9v][\w.!+]*?)(?:-py\d+(?:\.\d+)?.*)?\.(?:dist|egg)-info\Z"
)
_ABI = re.compile(r"-D_GLIBCXX_USE_CXX11_ABI=([01])\b")


def probe(host: Host, target: Target) -> Iterator[tuple[str, Fact]]:
    """`dist:NAME` for each distribution, `torch`, `torch-cuda`, `torch-cxx11-abi`."""
    found: dict[str, tuple[str, str]] = {}
    for site in target.sites:  # the first on sys.path is the one that Python imports
        for entry in host.listdir(site):
            read = read_folder_name(entry)
            if read:
                found.setdefault(read[0], (read[1], site))
    for name, (version, site) in sorted(found.items()):
        yield f"dist:{name}", Known(version, shown(host, site))
    yield from _torch(host, target, found.get("torch"))


def read_folder_name(entry: str) -> tuple[str, str] | None:
    """(normalised name, version) of `NAME-VERSION.dist-info` or `.egg-info`; None for any other name."""
    match = _FOLDER.match(entry)
    if match is None:
        return None
    version = match["version"].replace("_", "-")
    try:
        Version(version)
    except InvalidVersion:
        return None
    return canonicalize_name(match["name"]), version


def _torch(host: Host, target: Target, installed: tuple[str, str] | None) -> Iterator[tuple[str, Fact]]:
    names = ("torch", "torch-cuda", "torch-cxx11-abi")
    site = next((site for site in target.sites if host.exists(join(host, site, "torch", "version.py"))), "")
    if not site and installed is None:
        for name in names:
            yield name, Absent("not installed in the target environment")
        return
    values: Mapping[str, str | None] = {}
    if site:
        path = join(host, site, "torch", "version.py")
        values = read_torch_version(host.read(path, 65536) or b"")
    version = values.get("__version__") or (installed[0] if installed else "")
    how = f"torch/version.py in {shown(host, site)}" if site else "the name of its dist-info"
    yield "torch", Known(version, how) if version else Unknown("torch/version.py names no version")
    yield "torch-cuda", _torch_cuda(values, version, how)
    yield "torch-cxx11-abi", _torch_abi(host, target, site, version)


def read_torch_version(content: bytes) -> Mapping[str, str | None]:
    """The string (or None) constants that torch's version.py assigns; nothing of it is run."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    values: dict[str, str | None] = {}
    for node in tree.body:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        value = getattr(node, "value", None)
        if isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, str)):
            values.update({item.id: value.value for item in targets if isinstance(item, ast.Name)})
    return values


def _torch_cuda(values: Mapping[str, str | None], version: str, how: str) -> Fact:
    if "cuda" in values:
        cuda = values["cuda"]
        return Known(cuda, how) if cuda else Absent("this torch was built without CUDA")
    # The local version is the variant of PyTorch's own index: +cu126, +cpu, +rocm6.2.
    local = version.partition("+")[2]
    if match := re.fullmatch(r"cu(\d+)(\d)", local):
        return Known(f"{match[1]}.{match[2]}", f"the version {version}")
    if local == "cpu" or local.startswith("rocm"):
        return Absent(f"the version {version}")
    return Unknown("torch/version.py does not say it")


def _torch_abi(host: Host, target: Target, site: str, version: str) -> Fact:
    """`1` or `0`: what torch's own CMake file says, else what all Linux releases of its version are."""
    if target.markers["sys_platform"] != "linux":
        return Absent("a matter of libstdc++ on Linux")
    if site:
        path = join(host, site, "torch", "share", "cmake", "Torch", "TorchConfig.cmake")
        abi = read_cmake_abi(host.read(path, 262144) or b"")
        if abi:
            return Known(abi, "TorchConfig.cmake")
    try:
        parsed = Version(version)
    except InvalidVersion:
        return Unknown("the version of torch is not known")
    if parsed.release >= (2, 7):
        # PyTorch 2.6's release notes: all Linux builds switch with 2.7.
        return Known("1", "all of PyTorch's Linux wheels since 2.7")
    return Unknown("its CMake file does not say it, and before torch 2.7 it depends on the build")


def read_cmake_abi(content: bytes) -> str:
    """`0` or `1` in TorchConfig.cmake, or "" where it says neither or both."""
    found = set(_ABI.findall(content.decode("utf-8", "replace")))
    return found.pop() if len(found) == 1 else ""


def headers(host: Host, target: Target) -> Iterator[tuple[str, Fact]]:
    """`header:Python.h`, with the version that its neighbour patchlevel.h names."""
    path = join(host, target.include, "Python.h")
    if not host.exists(path):
        yield "header:Python.h", Absent(f"no {shown(host, path)}")
        return
    text = (host.read(join(host, target.include, "patchlevel.h"), 65536) or b"").decode("utf-8", "replace")
    match = re.search(r'(?m)^#define\s+PY_VERSION\s+"(\d+\.\d+\.\d+[a-z0-9]*)\+?"', text)
    yield "header:Python.h", Known(match[1] if match else "", shown(host, path))
