"""What a CMake project asks of a machine: the compilers of its languages, and what it looks for.

Must not decide who calls CMake (`cmake_drivers` does). The walk over the files is in `cmake_flow`, the
commands in `cmake_finds`, `cmake_links`, `cmake_fetches` and `cmake_commands`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from planner.needs import EXTENSION_LEFT_OUT, Evidence, Need
from planner.sdist.inspectors.cmake_commands import COMMANDS
from planner.sdist.inspectors.cmake_drivers import Driver, driver_of, provided_by, within_reach
from planner.sdist.inspectors.cmake_finds import find_handlers
from planner.sdist.inspectors.cmake_flow import Handler, Walk
from planner.sdist.inspectors.cmake_links import want_linked
from planner.sdist.inspectors.cmake_scope import BUILD, ROOT
from planner.sdist.inspectors.cmake_syntax import Command
from planner.sdist.inspectors.cmake_values import Value
from planner.sdist.inspectors.ledger import Ledger, at_least, merged
from planner.sdist.inspectors.port import Clue
from planner.sdist.sources import Sources

__all__ = ["inspect"]

_SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
_VERSION = re.compile(r"\d+(?:\.\d+)*")


def inspect(sdist: Sources, /) -> Iterable[Clue]:
    """The clues of the project that the backend, or setup.py, configures; nothing without one."""
    driver = driver_of(sdist)
    if driver is None:
        return
    ledger = Ledger()
    floors: list[tuple[str, str]] = []
    provided = provided_by(sdist)
    handlers = {**COMMANDS, **find_handlers(within_reach(sdist, driver, provided)), **_minimum(floors)}
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


def _programs(driver: Driver, floors: list[tuple[str, str]], provided: frozenset[str]) -> Iterable[Need]:
    """CMake and what carries out its plan, where nobody brings them."""
    if driver.brings and not driver.refuses_ninja:
        return
    if "cmake" not in provided and not driver.brings:
        floor = max(floors, key=lambda pair: [int(part[:6]) for part in pair[0].split(".")], default=("", ""))
        because = [Evidence(where=driver.where, text="runs cmake")]
        if floor[0]:
            because.append(Evidence(where=floor[1], text="cmake_minimum_required"))
        yield Need(
            subject="program:cmake", specifier=at_least(floor[0]), role="build", because=tuple(because)
        )
    if "ninja" not in provided or driver.refuses_ninja:
        because = [Evidence(where=driver.where, text="CMake's generator")]
        instead = ("program:ninja",) if driver.skbuild else ()
        yield Need(subject="program:make", role="build", because=tuple(because), instead=instead)


def _less(need: Need) -> Need:
    """The need of a part that may be left out."""
    if need.strength != "required":
        return need
    return replace(need, strength="optional", effect=EXTENSION_LEFT_OUT)


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
