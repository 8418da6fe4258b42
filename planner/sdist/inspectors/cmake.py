"""What a CMake project asks of a machine: the compilers of its languages, and what it looks for.

Must not decide who calls CMake where a setup.py hides it: then nothing is told. The walk over the files is
in `cmake_flow`, the commands in `cmake_finds` and `cmake_commands`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

from planner.dists import parse_requirement
from planner.needs import EXTENSION_LEFT_OUT, Evidence, Need
from planner.sdist import texts
from planner.sdist.inspectors.cmake_commands import COMMANDS
from planner.sdist.inspectors.cmake_finds import find_handlers
from planner.sdist.inspectors.cmake_flow import BUILD, ROOT, Handler, Walk
from planner.sdist.inspectors.cmake_links import want_linked
from planner.sdist.inspectors.cmake_syntax import Command
from planner.sdist.inspectors.cmake_values import Value
from planner.sdist.inspectors.ledger import Ledger, at_least, merged
from planner.sdist.inspectors.port import Clue
from planner.sdist.sources import Sources

__all__ = ["inspect"]

# What setup.py says when it drives CMake itself; "cmake" alone may be an argument of anything.
_DRIVES = re.compile(
    r"""CMakeExtension|CMakeBuild|['"]cmake['"]\s*[,\]]|['"]cmake (?:-|\.)|which\(['"]cmake"""
)
_SOURCE = re.compile(r"""(?:cmake_source_dir|sourcedir|source_dir)\s*=\s*['"]([\w./-]+)['"]""")
_DEFINE = re.compile(r"""['"]-D\s*(\w+)(?::\w+)?=([\w.+-]+)['"]""")
_BACKENDS = ("scikit_build_core", "py_build_cmake", "cmeel")
# Their wheels hold a CMake package, below their own folder.
_SHIPS_CMAKE = ("pybind11", "nanobind")
_SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
_VERSION = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Driver:
    """Who runs CMake: `brings` says whether it fetches CMake and Ninja itself where they are missing.

    `optional`: the build goes on where CMake's part of it fails.
    """

    where: str
    folders: tuple[str, ...] = ("",)
    brings: bool = True
    defines: tuple[tuple[str, str], ...] = ()
    skbuild: bool = True
    optional: bool = False


def inspect(sdist: Sources, /) -> Iterable[Clue]:
    """The clues of the project that the backend, or setup.py, configures; nothing without one."""
    driver = _driver(sdist)
    if driver is None:
        return
    ledger = Ledger()
    floors: list[tuple[str, str]] = []
    provided = _provided(sdist)
    handlers = {**COMMANDS, **find_handlers(_within_reach(sdist, driver, provided)), **_minimum(floors)}
    for folder in driver.folders[:4]:
        name = f"{folder}/CMakeLists.txt" if folder else "CMakeLists.txt"
        if name not in sdist.files.name_set:
            ledger.doubt("is not in the sdist", name)
            continue
        if sdist.files.text(name) is None:
            ledger.doubt("was not read, so what it looks for is not known", name)
        walk = Walk(sdist.files, ledger, handlers)
        walk.variables.update(_platform(sdist.markers))
        walk.cache.update(driver.defines)
        if driver.skbuild:
            walk.variables.update(SKBUILD="2", SKBUILD_STATE="wheel", SKBUILD_PROJECT_NAME="")
        top = f"{ROOT}/{folder}" if folder else ROOT
        walk.variables.update(CMAKE_SOURCE_DIR=top, CMAKE_BINARY_DIR=BUILD)
        walk.start(folder)
        want_linked(walk)
    needs = [*_programs(driver, floors, provided), *merged(ledger.needs())]
    yield from (_less(need) for need in needs) if driver.optional else needs
    yield from ledger.doubts


def _minimum(floors: list[tuple[str, str]]) -> Mapping[str, Handler]:
    def minimum(walk: Walk, command: Command) -> None:
        words = walk.words(command.arguments)
        match = _VERSION.match(words[1] or "") if words[:1] == ["VERSION"] and len(words) > 1 else None
        if match and not walk.context:
            floors.append((match[0], walk.where(command)))

    return {"cmake_minimum_required": minimum}


def _programs(driver: _Driver, floors: list[tuple[str, str]], provided: frozenset[str]) -> Iterable[Need]:
    """CMake and what carries out its plan, where nobody brings them."""
    if driver.brings:
        return
    if "cmake" not in provided:
        floor = max(floors, key=lambda pair: [int(part[:6]) for part in pair[0].split(".")], default=("", ""))
        because = [Evidence(where=driver.where, text="runs cmake")]
        if floor[0]:
            because.append(Evidence(where=floor[1], text="cmake_minimum_required"))
        yield Need(
            subject="program:cmake", specifier=at_least(floor[0]), role="build", because=tuple(because)
        )
    if "ninja" not in provided:
        because = [Evidence(where=driver.where, text="CMake's generator")]
        instead = ("program:ninja",) if driver.skbuild else ()
        yield Need(subject="program:make", role="build", because=tuple(because), instead=instead)


def _less(need: Need) -> Need:
    """The need of a part that may be left out."""
    if need.strength != "required":
        return need
    return replace(need, strength="optional", effect=EXTENSION_LEFT_OUT)


def _within_reach(sdist: Sources, driver: _Driver, provided: frozenset[str]) -> frozenset[str]:
    """The build requirements whose CMake packages are found: a setup.py has to say where they are.

    scikit-build and scikit-build-core tell CMake of the folder that they are installed in.
    """
    text = sdist.files.text(driver.where.rpartition(":")[0]) or ""
    if driver.brings or "CMAKE_PREFIX_PATH" in text or "skbuild" in text:
        return provided
    own = {
        name: re.compile(rf"import {name}\b|{name}\.|{name}_(?:DIR|ROOT)|-m {name}") for name in _SHIPS_CMAKE
    }
    return frozenset(name for name in provided if name not in own or own[name].search(text))


def _provided(sdist: Sources) -> frozenset[str]:
    """The projects that the build requirements bring."""
    requires = texts.string_list(sdist.table("build-system").get("requires")) or []
    parsed = (parse_requirement(text) for text in requires)
    return frozenset(canonicalize_name(found.name) for found in parsed if found is not None)


def _platform(markers: Mapping[str, str]) -> dict[str, Value | None]:
    """The variables that tell the target system; those of the others are not set."""
    system = _SYSTEMS.get(markers.get("sys_platform", "linux"), "Linux")
    absent = (
        "WIN32",
        "APPLE",
        "UNIX",
        "MSVC",
        "MINGW",
        "CYGWIN",
        "ANDROID",
        "IOS",
        "EMSCRIPTEN",
        "LINUX",
        "XCODE",
    )
    values: dict[str, Value | None] = dict.fromkeys((*absent, "CMAKE_CROSSCOMPILING", "CMAKE_TOOLCHAIN_FILE"))
    compiler = {"Linux": "GNU", "Darwin": "AppleClang", "Windows": "MSVC"}[system]
    values.update(
        CMAKE_SYSTEM_NAME=system, CMAKE_HOST_SYSTEM_NAME=system, CMAKE_SIZEOF_VOID_P="8",
        CMAKE_SYSTEM_PROCESSOR=markers.get("platform_machine", "x86_64"), CMAKE_BUILD_TYPE="Release",
        CMAKE_C_COMPILER_ID=compiler, CMAKE_CXX_COMPILER_ID=compiler, CMAKE_VERSION="3.31.0",
        CMAKE_CONFIGURATION_TYPES=None, CMAKE_MODULE_PATH=None, CMAKE_PREFIX_PATH=None,
        CMAKE_CUDA_COMPILER=None, CMAKE_CXX_STANDARD=None, CMAKE_C_STANDARD=None,
    )  # fmt: skip
    set_ones = {"Linux": ("UNIX", "LINUX"), "Darwin": ("UNIX", "APPLE"), "Windows": ("WIN32", "MSVC")}
    values.update(dict.fromkeys(set_ones[system], "1"))
    return values


def _driver(sdist: Sources) -> _Driver | None:
    text = sdist.files.text("pyproject.toml") or ""
    build = sdist.table("build-system")
    backend = str(build.get("build-backend") or "")
    wrapped = bool(build.get("backend-path")) and "scikit-build-core" in _provided(sdist)
    where = f"pyproject.toml:{texts.line_of(text, 'build-backend')}"
    hatch = sdist.table("tool", "hatch", "build", "targets", "wheel", "hooks", "scikit-build")
    if backend.startswith("py_build_cmake"):
        table = sdist.table("tool", "py-build-cmake", "cmake")
        folder = str(table.get("source_path") or "").strip("./")
        return _Driver(where=where, folders=(folder,), defines=_defines(table.get("options")), skbuild=False)
    if backend.startswith(_BACKENDS) or wrapped or hatch:
        return _scikit(sdist.table("tool", "scikit-build"), where, sdist.markers)
    setup = sdist.files.text("setup.py")
    if setup is None:
        return _in_tree(sdist, build, backend)
    imported = dict(sdist.setup.imports).get("skbuild", 0) if sdist.setup is not None else 0
    found = _DRIVES.search(setup)
    if not imported and found is None:
        return None
    line = imported or setup[: found.start() if found else 0].count("\n") + 1
    return _Driver(
        where=f"setup.py:{line}", folders=_folders(sdist, setup), brings=False, defines=tuple(_said(setup)),
        skbuild=bool(imported) or "ninja" in setup.lower(), optional=_may_fail(sdist),
    )  # fmt: skip


def _may_fail(sdist: Sources) -> bool:
    """Whether every extension that setup.py makes is optional."""
    built = sdist.setup.built if sdist.setup is not None else ()
    return bool(built) and all(one.optional for one in built)


def _in_tree(sdist: Sources, build: Mapping[str, object], backend: str) -> _Driver | None:
    """A backend of the sdist's own that runs CMake, in one of the files of its package."""
    package = backend.partition(":")[0].partition(".")[0]
    for place in texts.string_list(build.get("backend-path")) or ():
        base = posixpath.normpath(posixpath.join(place, package))
        for name in sdist.files.kept:
            if not name.endswith(".py") or not (name.startswith(f"{base}/") or name == f"{base}.py"):
                continue
            text = sdist.files.text(name) or ""
            found = _DRIVES.search(text)
            if found:
                return _Driver(
                    where=f"{name}:{text[: found.start()].count(chr(10)) + 1}", brings=False,
                    folders=_folders(sdist, text), skbuild="ninja" in text.lower(),
                )  # fmt: skip
    return None


def _scikit(table: Mapping[str, object], where: str, markers: Mapping[str, str]) -> _Driver | None:
    """The settings of https://scikit-build-core.readthedocs.io/en/latest/configuration/index.html ."""
    tables = [table]
    overrides = table.get("overrides")
    for override in overrides if isinstance(overrides, list) else ():
        when = override.get("if") if isinstance(override, Mapping) else None
        system = when.get("platform-system") if isinstance(when, Mapping) and len(when) == 1 else None
        if isinstance(system, str) and system.strip("^$") == markers.get("sys_platform"):
            tables.append(override)
    source, on = "", True
    defines: dict[str, str] = {}
    for part in tables:
        cmake, wheel = part.get("cmake"), part.get("wheel")
        if isinstance(cmake, Mapping):
            source = str(cmake.get("source-dir") or source)
            defines.update(_defines(cmake.get("define")))
            defines.update(
                _said("\n".join(f"'{word}'" for word in texts.string_list(cmake.get("args")) or ()))
            )
        if isinstance(wheel, Mapping) and isinstance(wheel.get("cmake"), bool):
            on = bool(wheel["cmake"])
    if not on and not overrides:
        return None
    return _Driver(where=where, folders=(source.strip("./"),), defines=tuple(defines.items()))


def _defines(table: object) -> tuple[tuple[str, str], ...]:
    """Cache entries of a table; a value that comes from the environment is its default."""
    out: list[tuple[str, str]] = []
    for name, value in table.items() if isinstance(table, Mapping) else ():
        plain = value.get("default", "") if isinstance(value, Mapping) else value
        if isinstance(plain, bool):
            out.append((str(name), "ON" if plain else "OFF"))
        elif isinstance(plain, (str, int)) and not (isinstance(value, Mapping) and "default" not in value):
            out.append((str(name), str(plain)))
    return tuple(out)


def _said(text: str) -> Iterable[tuple[str, str]]:
    """Options that a text hands to CMake (`-DNAME=VALUE`), where it never gives two values for one."""
    values: dict[str, set[str]] = {}
    for name, value in _DEFINE.findall(text):
        values.setdefault(name, set()).add(value)
    return [(name, one.pop()) for name, one in values.items() if len(one) == 1]


def _folders(sdist: Sources, setup: str) -> tuple[str, ...]:
    """Where the project is that setup.py configures: as it says, the root, or a folder that it names."""
    said = _SOURCE.search(setup)
    if said:
        folder = said[1].strip("./")
        if not folder or folder in sdist.files.folders:
            return (folder,)
    if "CMakeLists.txt" in sdist.files.name_set:
        return ("",)
    tops: list[str] = []
    for name in sorted(sdist.files.names, key=lambda name: name.count("/")):
        folder, _, base = name.rpartition("/")
        if base == "CMakeLists.txt" and not any(f"{folder}/".startswith(f"{top}/") for top in tops):
            tops.append(folder)
    quoted = {part for text in re.findall(r"""['"]([\w./-]{1,200})['"]""", setup) for part in text.split("/")}
    named = [top for top in tops[:200] if top.rpartition("/")[2] in quoted]
    return tuple(named) or tuple(tops[:1])
