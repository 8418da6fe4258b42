"""An imagined machine: it has whatever a build asks for, but for what is taken away, and notes the questions.

Must not ask this machine anything. Paths are those of a Linux system with one folder of each kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from packaging.utils import canonicalize_name

from planner.needs import Evidence
from planner.sdist.rehearsal.objects import error_names

__all__ = ["Asked", "Machine", "Witness", "path_subject"]

_TOOLCHAIN = {
    **dict.fromkeys(("gcc", "cc", "clang", "c99", "cpp", "ld", "ar", "as"), "dep:virtual/compiler/c"),
    **dict.fromkeys(("g++", "c++", "clang++"), "dep:virtual/compiler/cxx"),
    **dict.fromkeys(("gfortran", "f77", "f95"), "dep:virtual/compiler/fortran"),
    **dict.fromkeys(("rustc", "cargo"), "dep:virtual/compiler/rust"),
    "nvcc": "dep:virtual/compiler/cuda",
    "pkgconf": "program:pkg-config",
}
# Debian's essential packages (https://www.debian.org/doc/debian-policy/ch-binary.html#essential-packages),
# much the same elsewhere, and Python itself
_EVERYWHERE = frozenset(
    {
        "awk",
        "basename",
        "bash",
        "cat",
        "cd",
        "chgrp",
        "chmod",
        "chown",
        "cmp",
        "cp",
        "cut",
        "date",
        "dd",
        "df",
    }
    | {"diff", "dirname", "dpkg", "echo", "egrep", "env", "exec", "exit", "export", "expr", "false", "fgrep"}
    | {"find", "getconf", "getent", "grep", "gunzip", "gzip", "head", "hostname", "id", "install", "ldconfig"}
    | {
        "ldd",
        "ln",
        "ls",
        "mkdir",
        "mktemp",
        "mv",
        "nproc",
        "perl",
        "pip",
        "pip3",
        "printf",
        "pwd",
        "readlink",
    }
    | {"realpath", "rm", "rmdir", "sed", "set", "sh", "sleep", "sort", "source", "stat", "tail", "tar", "tee"}
    | {"test", "touch", "tr", "true", "tty", "uname", "uniq", "wc", "which", "xargs", "yes"}
)
_ELSEWHERE = frozenset(
    {
        "apk",
        "brew",
        "choco",
        "cl",
        "cmd",
        "conda",
        "dnf",
        "emerge",
        "install_name_tool",
        "lib",
        "link",
        "lipo",
    }
    | {"mamba", "msbuild", "nmake", "otool", "pacman", "port", "rpm", "sw_vers", "sysctl", "vswhere", "where"}
    | {"xcode-select", "xcrun", "yum", "zypper"}
)
_MADE_BY = {"pkgconf": "pkg-config", "ziglang": "zig"}  # distributions that bring a program of another name
_FOLDERS = frozenset(
    f"/{name}"
    for name in (
        *(
            "",
            "bin",
            "dev",
            "etc",
            "home",
            "lib",
            "lib64",
            "opt",
            "proc",
            "root",
            "sbin",
            "sys",
            "tmp",
            "var",
        ),
        *("usr", "usr/bin", "usr/include", "usr/lib", "usr/lib64", "usr/local", "usr/local/bin", "usr/sbin"),
        *("usr/local/include", "usr/local/lib", "usr/share"),
    )
)
_NOT_HERE = (
    "/usr/local/",
    "/opt/",
    "/sw",
    "/usr/X11",
    "/usr/pkg",
    "/Library",
    "/System",
    "/Applications",
    "C:",
)
_MULTIARCH = r"(?:[a-z0-9_]+-linux-gnu\w*/)?"
_PROGRAM = re.compile(r"(?:/usr)?/s?bin/([^/]+)\Z")
_HEADER = re.compile(rf"/usr/include/{_MULTIARCH}(.+\.(?:h|hh|hpp|hxx|H|mod))\Z")
_LIBRARY = re.compile(rf"(?:/usr)?/lib(?:64)?/{_MULTIARCH}lib([^/]+?)\.(?:so|a)(?:\.[\d.]+|[*?]*)?\Z")
_MODULE = re.compile(rf"/usr/(?:lib|share)/{_MULTIARCH}pkgconfig/([^/]+)\.pc\Z")
MAX_ASKED = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the machine. `certain`: the build surely asks it; `fatal`: nothing catches its failure.

    `compiles` says that it is asked when an extension is compiled or linked, not by a search for it.
    """

    subject: str
    evidence: Evidence
    certain: bool
    fatal: bool
    compiles: bool = False


@dataclass(frozen=True, slots=True)
class Witness:
    """Where a build is when it asks."""

    where: str
    certain: bool
    shields: tuple[frozenset[str], ...] = ()


@dataclass
class Machine:
    """`missing` is taken away from it, `granted` are things that are there though most builds lack them.

    `old` are subjects whose version is below every one that the build compares it with.
    """

    missing: frozenset[str] = frozenset()
    granted: frozenset[str] = frozenset()
    old: frozenset[str] = frozenset()
    brought: frozenset[str] = frozenset()
    asked: dict[str, Asked] = field(default_factory=dict)
    arch: str = "x86_64"
    floors: dict[str, tuple[str, str]] = field(default_factory=dict)
    witness: Callable[[], Witness] = field(default=lambda: Witness("", certain=False))

    def has(
        self, subject: str, text: str = "", *, usual: bool = True, error: str = "", compiles: bool = False
    ) -> bool:
        """Whether it is there; `error` is what its lack would raise, `usual` whether machines have it."""
        there = subject not in self.missing and (usual or subject in self.granted)
        seen = self.asked.get(subject)
        if len(self.asked) < MAX_ASKED or seen is not None:
            witness = self.witness()
            caught = any(error_names(error) & shield for shield in witness.shields) if error else True
            fatal = witness.certain and not caught
            if seen is None:
                evidence = Evidence(where=witness.where, text=text)
                self.asked[subject] = Asked(subject, evidence, witness.certain, fatal, compiles)
            elif witness.certain and not seen.certain:
                # what was asked before may have found another way, so that this lack is not the end
                self.asked[subject] = replace(seen, certain=True)
        return there

    def program(self, name: str, *, error: str = "", compiles: bool = False) -> bool:
        """Whether a program can be run; what every system or a build requirement has is not asked."""
        name = name.removesuffix(".exe") if name.endswith(".exe") else name
        if name in _ELSEWHERE or not name:
            return False
        if name in _EVERYWHERE or re.fullmatch(r"python\d?(\.\d+)?", name):
            return True
        plain = str(canonicalize_name(name))
        if plain in self.brought or any(_MADE_BY.get(brought) == name for brought in self.brought):
            return True
        bare = re.sub(r"^[a-z0-9_]+-linux-gnu\w*-|-\d+(\.\d+)?$", "", name)
        subject = _TOOLCHAIN.get(bare, f"program:{name}")
        return self.has(subject, f"runs {name}", error=error, compiles=compiles)

    def at_least(self, subject: str, version: str, where: str) -> bool:
        """Whether its version reaches one that the build compares it with."""
        if subject not in self.floors and re.fullmatch(r"\d+(\.\d+)*", version):
            self.floors[subject] = (version, where)
        return subject not in self.old

    def path(self, path: str) -> bool | None:
        """Whether something lies at an absolute path; None when one cannot say."""
        plain = path.rstrip("/") or "/"
        if plain in _FOLDERS or re.fullmatch(r"(/usr)?/lib/[a-z0-9_]+-linux-gnu\w*", plain):
            return True
        if plain.startswith(_NOT_HERE):
            return False
        if any(arch not in ("", self.arch) for arch in re.findall(r"/([a-z0-9_]*)-linux-gnu", plain)):
            return False
        subject = path_subject(plain)
        if subject.startswith("header:python"):  # only Python's own are there
            base = subject.rpartition("/")[2]
            return (
                self.has("header:Python.h") if base in ("Python.h", "pyconfig.h", "patchlevel.h") else False
            )
        if subject.startswith("program:"):
            return self.program(subject[8:])
        return self.has(subject, f"looks for {plain}"[:80]) if subject else None


def path_subject(path: str) -> str:
    """What a file at an absolute path stands for, or "".

    >>> (
    ...     path_subject("/usr/include/x86_64-linux-gnu/curl/curl.h"),
    ...     path_subject("/usr/lib/libz.so"),
    ...     path_subject("/a"),
    ... )
    ('header:curl/curl.h', 'library:z', '')
    """
    for pattern, family in (
        (_PROGRAM, "program"),
        (_HEADER, "header"),
        (_LIBRARY, "library"),
        (_MODULE, "pkg-config"),
    ):
        found = pattern.match(path)
        if found:
            return f"{family}:{found[1]}"
    return ""
