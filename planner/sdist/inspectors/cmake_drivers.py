"""Who runs CMake for an sdist, in which folders and with which settings; must not read a CMakeLists.txt."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

from planner.dists import parse_requirement
from planner.sdist import texts
from planner.sdist.sources import Sources

__all__ = ["Driver", "driver_of", "provided_by", "within_reach"]

# What setup.py says when it drives CMake itself; "cmake" alone may be an argument of anything.
_DRIVES = re.compile(
    r"""CMakeExtension|CMakeBuild|['"]cmake['"]\s*[,\]]|['"]cmake (?:-|\.)|which\(['"]cmake"""
)
_WINDOWS = re.compile(r"(?i)windows|msvc|(?:^|_)win(?:32|64)?(?:_|$)")
_SOURCE = re.compile(r"""(?:cmake_source_dir|sourcedir|source_dir)\s*=\s*['"]([\w./-]+)['"]""")
_DEFINE = re.compile(r"""['"]-D\s*(\w+)(?::\w+)?=([\w.+-]+)['"]""")
_BACKENDS = ("scikit_build_core", "py_build_cmake", "cmeel")
# Their wheels hold a CMake package, below their own folder.
_SHIPS_CMAKE = ("pybind11", "nanobind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Who runs CMake: `brings` says whether it fetches CMake and Ninja itself where they are missing.

    `optional`: the build goes on where CMake's part of it fails. `refuses_ninja`: a wrapped backend that
    would fetch Ninja is kept from it.
    """

    where: str
    folders: tuple[str, ...] = ("",)
    brings: bool = True
    defines: tuple[tuple[str, str], ...] = ()
    skbuild: bool = True
    optional: bool = False
    refuses_ninja: bool = False


def provided_by(sdist: Sources) -> frozenset[str]:
    """The projects that the build requirements bring."""
    requires = texts.string_list(sdist.table("build-system").get("requires")) or []
    parsed = (parse_requirement(text) for text in requires)
    return frozenset(canonicalize_name(found.name) for found in parsed if found is not None)


def driver_of(sdist: Sources) -> Driver | None:
    """Who configures a project, by the backend, or by what setup.py calls; None where nobody does."""
    text = sdist.files.text("pyproject.toml") or ""
    build = sdist.table("build-system")
    backend = str(build.get("build-backend") or "")
    wrapped = bool(build.get("backend-path")) and "scikit-build-core" in provided_by(sdist)
    where = f"pyproject.toml:{texts.line_of(text, 'build-backend')}"
    hatch = sdist.table("tool", "hatch", "build", "targets", "wheel", "hooks", "scikit-build")
    if backend.startswith("py_build_cmake"):
        table = sdist.table("tool", "py-build-cmake", "cmake")
        folder = str(table.get("source_path") or "").strip("./")
        return Driver(where=where, folders=(folder,), defines=_defines(table.get("options")), skbuild=False)
    if backend.startswith(_BACKENDS) or wrapped or hatch:
        driver = _scikit(sdist.table("tool", "scikit-build"), where, sdist.markers)
        return replace(driver, refuses_ninja=_refuses_ninja(sdist)) if driver and wrapped else driver
    setup = sdist.files.text("setup.py")
    if setup is None:
        return _in_tree(sdist)
    imported = dict(sdist.setup.imports).get("skbuild", 0) if sdist.setup is not None else 0
    found = _drives(setup, sdist.markers)
    if not imported and found is None:
        return None
    line = imported or setup[: found.start() if found else 0].count("\n") + 1
    return Driver(
        where=f"setup.py:{line}", folders=_folders(sdist, setup), brings=False, defines=tuple(_said(setup)),
        skbuild=bool(imported) or "ninja" in setup.lower(), optional=_may_fail(sdist),
    )  # fmt: skip


def _refuses_ninja(sdist: Sources) -> bool:
    """Whether a backend in the tree picks Ninja out of what the one that it wraps would have fetched."""
    return any(
        "def get_requires_for_build_wheel" in text and re.search(r"""['"]ninja['"]""", text)
        for _, text in _backend_files(sdist)
    )


def _backend_files(sdist: Sources) -> Iterable[tuple[str, str]]:
    """The files of a backend of the sdist's own, with their texts."""
    build = sdist.table("build-system")
    package = str(build.get("build-backend") or "").partition(":")[0].partition(".")[0]
    for place in texts.string_list(build.get("backend-path")) or ():
        base = posixpath.normpath(posixpath.join(place, package))
        for name in sdist.files.kept:
            if name.endswith(".py") and (name.startswith(f"{base}/") or name == f"{base}.py"):
                yield name, sdist.files.text(name) or ""


def _drives(text: str, markers: Mapping[str, str]) -> re.Match[str] | None:
    """The place where a Python file runs CMake, other than for Windows alone."""
    for found in _DRIVES.finditer(text):
        around = text[max(0, found.start() - 4_000) : found.start()]
        function = (re.findall(r"^[ \t]*def[ \t]+(\w+)", around, re.MULTILINE) or [""])[-1]
        elsewhere = _WINDOWS.search(function) or "NMake Makefiles" in text[found.end() : found.end() + 400]
        if not elsewhere or markers.get("sys_platform") == "win32":
            return found
    return None


def _may_fail(sdist: Sources) -> bool:
    """Whether every extension that setup.py makes is optional."""
    built = sdist.setup.built if sdist.setup is not None else ()
    return bool(built) and all(one.optional for one in built)


def _in_tree(sdist: Sources) -> Driver | None:
    """A backend of the sdist's own that runs CMake, in one of the files of its package."""
    for name, text in _backend_files(sdist):
        found = _drives(text, sdist.markers)
        if found:
            return Driver(
                where=f"{name}:{text[: found.start()].count(chr(10)) + 1}", brings=False,
                folders=_folders(sdist, text), skbuild="ninja" in text.lower(),
            )  # fmt: skip
    return None


def _scikit(table: Mapping[str, object], where: str, markers: Mapping[str, str]) -> Driver | None:
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
    return Driver(where=where, folders=(source.strip("./"),), defines=tuple(defines.items()))


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


def within_reach(sdist: Sources, driver: Driver, provided: frozenset[str]) -> frozenset[str]:
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
