"""Which programs a build can call, and their versions; knows how each tells it, and must not run any other.

A new program is a line in `PROGRAMS`, or in `MORE` when it is run only if a build asks for it. The pattern's
first group is the version; a program that is there but tells none is known without one, since its presence
alone is often all that a build asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from planner.facts import Absent, Fact, Known, Unknown
from planner.probes.parallel import side_by_side
from planner.probes.port import TIMEOUT, Host, NotRun
from planner.probes.search import find, join, shown

__all__ = ["MORE", "PROGRAMS", "Program", "look", "probe", "read_version"]

_ANY = r"(\d+(?:\.\d+)+)"
# "gcc (Debian 12.2.0-14) 12.2.0", "gcc (GCC) 4.8.5 20150623 (Red Hat 4.8.5-44)": after the first brackets.
_GNU = rf"^[^\n()]+ \([^\n()]*\) {_ANY}"
_CLANG = rf"clang version {_ANY}"


@dataclass(frozen=True, slots=True)
class Program:
    """How a program is asked: its arguments (None: it is not run), and where the version stands."""

    name: str
    arguments: tuple[str, ...] | None = ("--version",)
    pattern: str = rf"^{_ANY}"


PROGRAMS: tuple[Program, ...] = (
    # macOS calls clang gcc: then it is there, but its version is not one of gcc's.
    *(Program(name, pattern=_GNU) for name in ("gcc", "g++", "gfortran")),
    *(Program(name, pattern=rf"(?:{_GNU}|{_CLANG})") for name in ("cc", "c++")),
    *(Program(name, pattern=_CLANG) for name in ("clang", "clang++")),
    Program("make", pattern=rf"^GNU Make {_ANY}"),
    Program("cmake", pattern=rf"^cmake version {_ANY}"),
    Program("ninja"),
    Program("meson"),
    Program("rustc", pattern=rf"^rustc {_ANY}"),
    Program("cargo", pattern=rf"^cargo {_ANY}"),
    Program("nvcc", pattern=rf"release [\d.]+, V{_ANY}"),
    Program("hipcc", None),
    Program("pkg-config"),
    Program("git", pattern=rf"^git version {_ANY}"),
    Program("swig", ("-version",), rf"SWIG Version {_ANY}"),
    Program("go", ("version",), rf"^go version go{_ANY}"),
    Program("protoc", pattern=rf"^libprotoc {_ANY}"),
    Program("patchelf", pattern=rf"^patchelf {_ANY}"),
    Program("autoconf", pattern=rf"^autoconf .*?{_ANY}$"),
    Program("automake", pattern=rf"^automake .*?{_ANY}$"),
    Program("bison", pattern=rf"^bison .*?{_ANY}$"),
    Program("flex", pattern=rf"^flex {_ANY}"),
    Program("nasm", ("-v",), rf"^NASM version {_ANY}"),
    Program("perl", ("-v",), rf"\(v{_ANY}\)"),
    # A library's own program tells the library's version.
    Program("pg_config", pattern=rf"^PostgreSQL {_ANY}"),
    Program("mysql_config"),
    Program("mariadb_config"),
    Program("llvm-config"),
    Program("curl-config", pattern=rf"^libcurl {_ANY}"),
    Program("gdal-config"),
    Program("geos-config"),
    Program("xml2-config"),
    Program("xslt-config"),
    Program("krb5-config", pattern=rf"release {_ANY}"),
    Program("nc-config", pattern=rf"^netCDF {_ANY}"),
    *(Program(name, None) for name in ("h5cc", "libtoolize", "mpicc", "rustup")),
)

MORE: tuple[Program, ...] = (
    Program("ccache", pattern=rf"^ccache version {_ANY}"),
    Program("dot", ("-V",), rf"graphviz version {_ANY}"),
    Program("gperf", pattern=rf"^GNU gperf {_ANY}"),
    Program("m4", pattern=rf"^m4 .*?{_ANY}$"),
    Program("node", pattern=rf"^v{_ANY}"),
    Program("proj", (), rf"^Rel\. {_ANY}"),  # without arguments it prints its release and its usage
    Program("psql", pattern=rf"^psql \(PostgreSQL\) {_ANY}"),
    Program("qmake", pattern=rf"^Using Qt version {_ANY}"),
    Program("qmake6", pattern=rf"^Using Qt version {_ANY}"),
    Program("ragel", pattern=rf"^Ragel State Machine Compiler version {_ANY}"),
    Program("yasm", pattern=rf"^yasm {_ANY}"),
    *(
        Program(f"{name}-config")
        for name in (
            "apr-1", "apu-1", "cups", "gpgme", "libgcrypt", "libpng", "mecab", "ncurses6", "net-snmp",
            "pcre", "pcre2", "sdl2", "taglib", "wx",
        )
    ),
    # Slow to start (Python, Java, a server), or a shell script that calls a compiler.
    *(Program(name, None) for name in ("bazel", "conan", "cython", "h5pcc", "java", "javac", "npm", "scons")),
)  # fmt: skip
"""What is asked for its version only where a build needs it."""

# Until the Command Line Tools are installed these only open a dialogue (man xcode-select).
_APPLE_STUBS = frozenset(
    {"bison", "c++", "cc", "clang", "clang++", "flex", "g++", "gcc", "git", "m4", "make"},
)


def probe(host: Host, extra: Iterable[str] = ()) -> Iterator[tuple[str, Fact]]:
    """`program:NAME` for each program of `PROGRAMS`, and for each `extra` name."""
    yield from look(host, dict.fromkeys([*(program.name for program in PROGRAMS), "cl", *extra]))


def look(host: Host, names: Iterable[str]) -> Iterator[tuple[str, Fact]]:
    """`program:NAME` for each name; a program that is in neither table is not run."""
    table = _table()
    wanted = dict.fromkeys(names)
    tools = host.system.os != "darwin" or _APPLE_STUBS.isdisjoint(wanted) or _has_apple_tools(host)
    calls: dict[str, Callable[[], Fact]] = {}
    for name in sorted(wanted):
        if name == "cl":
            calls[name] = partial(_cl, host)
            continue
        found = find(host, name)
        if not isinstance(found, str):
            yield f"program:{name}", found
        elif not tools and name in _APPLE_STUBS and found.startswith("/usr/bin/"):
            yield f"program:{name}", Absent("Apple's stub alone: `xcode-select --install` brings the program")
        else:
            calls[name] = partial(_ask, host, table.get(name) or Program(name, None), found)
    for name, outcome in side_by_side(calls, seconds=3 * TIMEOUT).items():
        fact = Unknown("it gave no answer in time") if isinstance(outcome, Exception) else outcome
        yield f"program:{name}", fact


def _table() -> Mapping[str, Program]:
    return {program.name: program for program in (*PROGRAMS, *MORE)}


def _ask(host: Host, program: Program, path: str) -> Fact:
    place = shown(host, path)
    if program.arguments is None:
        return Known("", place)
    answer = host.run([path, *program.arguments])
    if isinstance(answer, NotRun):
        # It is there; that it cannot say its version is a reason not to count on it.
        return Unknown(f"{place} {answer.why}")
    version = read_version(program, answer.stdout) or read_version(program, answer.stderr)
    if answer.returncode and not version:
        return Unknown(f"{place} ended with code {answer.returncode}")
    return Known(version, place)


def read_version(program: Program, text: str) -> str:
    """The version in what a program prints, or ""."""
    match = re.search(program.pattern, text[:65536], re.MULTILINE | re.ASCII)
    return next((group for group in match.groups() if group), "") if match else ""


def _has_apple_tools(host: Host) -> bool:
    answer = host.run(["/usr/bin/xcode-select", "-p"])
    return not isinstance(answer, NotRun) and answer.returncode == 0


def _cl(host: Host) -> Fact:
    """Microsoft's compiler: on PATH in a developer prompt, else in the newest Visual Studio that has it."""
    if host.system.os != "windows":
        return Absent("not Windows")
    found = find(host, "cl")
    if isinstance(found, str):
        # Without arguments it prints its banner, on stderr.
        return _ask(host, Program("cl", (), rf"Version {_ANY}"), found)
    programs = host.environ.get("PROGRAMFILES(X86)", "C:\\Program Files (x86)")
    vswhere = join(host, programs, "Microsoft Visual Studio", "Installer", "vswhere.exe")
    if not host.is_program(vswhere):
        return Absent("not on PATH, and no Visual Studio is installed")
    tools = "Microsoft.VisualStudio.Component.VC.Tools.x86.x64"
    command = [vswhere, "-latest", "-products", "*", "-requires", tools, "-property", "installationPath"]
    answer = host.run(command)
    if isinstance(answer, NotRun):
        return Unknown(f"vswhere {answer.why}")
    if not answer.stdout.strip():
        return Absent("Visual Studio is installed without its C++ tools")
    folder = answer.stdout.strip().splitlines()[0]
    path = join(host, folder, "VC", "Auxiliary", "Build", "Microsoft.VCToolsVersion.default.txt")
    match = re.match(rb"14\.(\d{2})\.", host.read(path, 256) or b"")
    # The tools 14.38 are the compiler 19.38 (Microsoft's table of _MSC_VER).
    return Known(f"19.{match[1].decode()}" if match else "", f"Visual Studio in {folder}")
