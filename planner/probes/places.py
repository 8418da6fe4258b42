"""The folders in which compilers, linkers, pkg-config and the loader look by themselves; must not look there.

GCC's are those of its manual ("Directory Options", "Environment Variables Affecting GCC") with Debian's
multiarch folders; Apple's are `clang -v`'s, with the SDK that xcode-select names. A conda Python compiles
with its own folders (they stand in its `sysconfig` flags). Homebrew's folder on Apple silicon is none of
them: Apple's clang does not look there, which is why it is told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from planner.probes.interpreter import Target
from planner.probes.port import Host, NotRun
from planner.probes.search import find, join, paths

__all__ = ["Places", "base_of", "conda_base", "find_places"]

_MULTIARCH = {
    "x86_64": "x86_64-linux-gnu",
    "i686": "i386-linux-gnu",
    "aarch64": "aarch64-linux-gnu",
    "armv6l": "arm-linux-gnueabihf",
    "armv7l": "arm-linux-gnueabihf",
    "armv8l": "arm-linux-gnueabihf",
    "ppc64le": "powerpc64le-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
    "s390x": "s390x-linux-gnu",
    "loongarch64": "loongarch64-linux-gnu",
}
_NARROW = {"x86_64": "i686", "aarch64": "armv7l"}
_CACHE_OF_LOADER = 16
"""How many files of /etc/ld.so.conf.d are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Folders that are there, in order: of headers, libraries, pkg-config's files, run-time libraries.

    `aside` are folders (of headers, of libraries) in which things lie that a compiler does not see by
    itself. `unsaid` tells, by family, why nothing can be said of what is found nowhere.
    """

    headers: tuple[str, ...]
    libraries: tuple[str, ...]
    modules: tuple[str, ...]
    shared: tuple[str, ...]
    aside: tuple[str, ...] = ()
    unsaid: tuple[tuple[str, str], ...] = ()


def base_of(host: Host, target: Target) -> str:
    """The folder of the installation that an interpreter (of an environment) comes from."""
    module = paths(host)
    above = module.dirname(target.include)  # Windows: BASE\Include; elsewhere BASE/include/python3.11
    return str(above if host.system.os == "windows" else module.dirname(above))


def conda_base(host: Host, target: Target) -> str:
    """The conda environment that the interpreter comes from, or ""."""
    base = base_of(host, target)
    is_conda = base == host.environ.get("CONDA_PREFIX") or host.exists(join(host, base, "conda-meta"))
    return base if base and is_conda else ""


def find_places(host: Host, target: Target) -> Places:
    """Where builds for a target interpreter find things on this machine."""
    if host.system.os == "windows":
        return _windows(host, conda_base(host, target))
    apple = host.system.os == "darwin"
    sdk = _sdk(host) if apple else ""
    conda = conda_base(host, target)
    system = _apple_folders(sdk) if apple else tuple(_linux_folders(host, target))
    own = (join(host, conda, "lib"),) if conda else ()
    linked = (*_listed(host, "LIBRARY_PATH"), *_flags(host, ("LDFLAGS",), ("-L",)), *own, *system)
    brew = host.environ.get("HOMEBREW_PREFIX") or "/opt/homebrew"
    aside = (join(host, brew, "include"), join(host, brew, "lib")) if apple and brew != "/usr/local" else ()
    return Places(
        headers=_there(
            host, (*_said_headers(host), *_own_headers(host, conda), *_headers(host, target, sdk))
        ),
        libraries=_there(host, linked),
        modules=_there(host, _modules(host, target, brew if apple else "")),
        shared=_there(host, _loaded(host, system)),
        aside=_there(host, aside),
    )


def _there(host: Host, folders: Iterable[str]) -> tuple[str, ...]:
    """The folders that exist, each once (/lib is /usr/lib); a relative one is another for each build."""
    absolute = (folder for folder in dict.fromkeys(folders) if paths(host).isabs(folder))
    return tuple(dict.fromkeys(host.realpath(folder) for folder in absolute if host.exists(folder)))


def _listed(host: Host, *variables: str) -> Iterator[str]:
    for variable in variables:
        yield from host.environ.get(variable, "").split(paths(host).pathsep)


def _flags(host: Host, variables: tuple[str, ...], options: tuple[str, ...]) -> Iterator[str]:
    """The folders of `-I/opt/x/include`: every build system of ours hands these variables to the compiler."""
    spelled = "|".join(re.escape(option) for option in options)
    for variable in variables:
        yield from re.findall(rf"(?:^|\s)(?:{spelled})\s*([^\s\"']+)", host.environ.get(variable, ""))


def _said_headers(host: Host) -> Iterator[str]:
    yield from _flags(host, ("CPPFLAGS", "CFLAGS"), ("-I", "-isystem"))
    yield from _listed(host, "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH")


def _own_headers(host: Host, conda: str) -> Iterator[str]:
    if conda:
        yield join(host, conda, "include")


def _headers(host: Host, target: Target, sdk: str) -> Iterator[str]:
    yield "/usr/local/include"
    if host.system.os == "darwin":
        if sdk:
            yield join(host, sdk, "usr", "include")
        return
    if triplet := _triplet(target):
        yield f"/usr/include/{triplet}"
    yield "/usr/include"
    for folder in _gcc(host):
        yield join(host, folder, "include")


def _triplet(target: Target) -> str:
    machine = target.markers.get("platform_machine", "")
    if target.bits == 32:
        machine = _NARROW.get(machine, machine)
    return _MULTIARCH.get(machine, "")


def _gcc(host: Host) -> Iterator[str]:
    """GCC's own folder: omp.h, libgomp.so, libgfortran.so; of several versions the newest."""
    for triplet in host.listdir("/usr/lib/gcc"):
        versions = [
            name for name in host.listdir(f"/usr/lib/gcc/{triplet}") if re.match(r"\d+(\.\d+)*\Z", name)
        ]
        if versions:
            newest = max(versions, key=lambda name: tuple(int(part) for part in name.split(".")))
            yield f"/usr/lib/gcc/{triplet}/{newest}"


def _linux_folders(host: Host, target: Target) -> Iterator[str]:
    """The linker's and the loader's folders (ld's SEARCH_DIR, ld.so(8)), wide before narrow ones."""
    triplet = _triplet(target)
    for parent in ("/usr/local/lib", "/usr/lib", "/lib"):
        if triplet:
            yield f"{parent}/{triplet}"
        if target.bits == 64:
            yield f"{parent}64"
        yield parent
    yield from _gcc(host)


def _apple_folders(sdk: str) -> tuple[str, ...]:
    return ("/usr/local/lib", *((f"{sdk}/usr/lib",) if sdk else ()), "/usr/lib")


def _sdk(host: Host) -> str:
    """The SDK that Apple's compilers use, or ""; xcrun is not asked, as it takes a second to answer."""
    said = host.environ.get("SDKROOT", "")
    if said:
        return said
    answer = host.run(["/usr/bin/xcode-select", "-p"])
    folder = "" if isinstance(answer, NotRun) or answer.returncode else answer.stdout.strip()
    if not folder.startswith("/"):
        return ""
    inside = ("SDKs/MacOSX.sdk", "Platforms/MacOSX.platform/Developer/SDKs/MacOSX.sdk")
    return next((path for name in inside if host.exists(path := f"{folder}/{name}")), "")


def _modules(host: Host, target: Target, brew: str) -> Iterator[str]:
    """pkg-config(1): PKG_CONFIG_PATH, then PKG_CONFIG_LIBDIR in place of the folders it was built for."""
    yield from _listed(host, "PKG_CONFIG_PATH")
    if host.environ.get("PKG_CONFIG_LIBDIR"):
        yield from _listed(host, "PKG_CONFIG_LIBDIR")
        return
    program = find(host, "pkg-config")
    prefix = paths(host).dirname(paths(host).dirname(program)) if isinstance(program, str) else ""
    if prefix not in ("", "/", "/usr") and host.exists(join(host, prefix, "lib", "pkgconfig")):
        # One of conda's, Homebrew's or built by hand looks beside itself, and not where the system's does.
        yield from (join(host, prefix, *parts, "pkgconfig") for parts in (("lib",), ("lib64",), ("share",)))
        return
    if brew:
        yield from (join(host, brew, "lib", "pkgconfig"), join(host, brew, "share", "pkgconfig"))
    triplet = _triplet(target)
    for parent in ("/usr/local", "/usr"):
        if triplet:
            yield f"{parent}/lib/{triplet}/pkgconfig"
        yield from (f"{parent}/{name}/pkgconfig" for name in ("lib64", "lib", "share"))


def _loaded(host: Host, system: Iterable[str]) -> Iterator[str]:
    if host.system.os == "darwin":
        yield from _listed(host, "DYLD_LIBRARY_PATH")
    else:
        yield from _listed(host, "LD_LIBRARY_PATH")
        names = [name for name in host.listdir("/etc/ld.so.conf.d") if name.endswith(".conf")]
        for path in ("/etc/ld.so.conf", *(f"/etc/ld.so.conf.d/{n}" for n in names[:_CACHE_OF_LOADER])):
            text = (host.read(path, 65536) or b"").decode("utf-8", "replace")
            yield from (line.strip() for line in text.splitlines() if line.strip().startswith("/"))
    yield from (folder for folder in system if not folder.startswith("/usr/lib/gcc/"))


def _windows(host: Host, conda: str) -> Places:
    """A developer prompt says its folders (INCLUDE, LIB); without one, only conda's are known."""
    own = join(host, conda, "Library") if conda else ""
    headers = _there(host, (*_listed(host, "INCLUDE"), *((join(host, own, "include"),) if own else ())))
    libraries = _there(host, (*_listed(host, "LIB"), *((join(host, own, "lib"),) if own else ())))
    why = "the folders of Microsoft's compiler are set in its developer prompt alone"
    unsaid = [("shared", "not looked for on Windows")]
    unsaid += [("header", why)] if not host.environ.get("INCLUDE") else []
    unsaid += [("library", why)] if not host.environ.get("LIB") else []
    inside = [join(host, own, *parts, "pkgconfig") for parts in (("lib",), ("share",))] if own else []
    modules = _there(host, (*_listed(host, "PKG_CONFIG_PATH"), *inside))
    return Places(headers=headers, libraries=libraries, modules=modules, shared=(), unsaid=tuple(unsaid))
