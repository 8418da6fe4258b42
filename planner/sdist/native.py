"""Whether building an sdist compiles something, from its files alone; three answers, each with its evidence.

Must not decide what a build needs (that is the inspectors' task); a file and line stands behind every phrase.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.utils import canonicalize_name

from planner.dists import parse_requirement
from planner.sdist import texts
from planner.sdist.archive import SdistFiles
from planner.sdist.setup_py import SetupPy
from planner.sdist.sources import Sources

__all__ = ["Verdict", "judge"]

# Backends that know pure Python alone, by their own documentation: https://flit.pypa.io/en/stable/rationale.html,
# https://docs.astral.sh/uv/concepts/build-backend/ (flit_scm wraps flit_core).
_PURE_BACKENDS = ("flit_core", "flit", "uv_build", "flit_scm")
# Backends that exist to compile: https://www.maturin.rs, https://python-sip.readthedocs.io,
# https://scikit-build-core.readthedocs.io, https://tttapa.github.io/py-build-cmake, https://cmeel.readthedocs.io
_ALWAYS_NATIVE = {
    "maturin": "maturin (Rust)",
    "sipbuild.api": "sip (C++)",
    "scikit_build_core.build": "scikit-build-core (CMake)",
    "scikit_build_core.setuptools.build_meta": "scikit-build-core (CMake)",
    "py_build_cmake.build": "py-build-cmake (CMake)",
    "cmeel": "cmeel (CMake)",
    "cmeel.build": "cmeel (CMake)",
}
_COMPILING = frozenset({"cython", "pybind11", "nanobind", "setuptools-rust", "scikit-build", "mypy", "numba"})
_SOURCES = (
    *(".c", ".cc", ".cpp", ".cxx", ".cu", ".rs", ".pyx", ".m", ".mm", ".s"),
    *(".f", ".f90", ".f95", ".for"),
)
_SOURCES_BUT_CYTHON = tuple(suffix for suffix in _SOURCES if suffix != ".pyx")
_BUILD_COMMANDS = frozenset({"build", "build_py", "build_clib", "install", "bdist_wheel"})
_MAKER = re.compile(r"(?:[^/]+/)?(?:CMakeLists\.txt|Makefile(?:\.\w+)?|Cargo\.toml)")
_IMPURE = re.compile(r"root_is_pure\s*=\s*False|def has_ext_modules\(|def is_pure\(")
_RUNS = re.compile(r"\b(?:subprocess\.|spawn\(|check_call\(|check_output\(|os\.system\()")
_ASIDE = re.compile(
    r"(^|/)(tests?|testing|docs?|examples?|samples?|benchmarks?|third_?party|vendor(ed)?|extern(al)?|node_modules"
    r"|static|templates?|assets|fixtures|data)/",
    re.IGNORECASE,
)
_COMPILES = re.compile(r"\b(Extension|cythonize|mypycify|pure_python|infer_tag|build_ext|ffi\.compile)\b")
_LANGUAGES = re.compile(r"'(c|cpp|cython|fortran|rust|cuda|objc|objcpp)'", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """True: it compiles; False: pure Python; None: one cannot say. `because` are phrases with their place."""

    native: bool | None
    because: tuple[str, ...] = ()


def judge(sources: Sources, text: str) -> Verdict:
    """The verdict for an sdist; `text` is its pyproject.toml (for line numbers)."""
    backend = str(sources.table("build-system").get("build-backend") or "")
    place = f"pyproject.toml:{texts.line_of(text, 'build-backend')}"
    made = _by_backend(sources, backend, place, text)
    return made if made is not None else _by_setuptools(sources, text)


def _scikit_without_cmake(sources: Sources, place: str) -> Verdict:
    """`wheel.cmake = false` holds unless an override turns it on, for a system or a CMake that is there.

    https://scikit-build-core.readthedocs.io/en/latest/configuration/overrides.html
    """
    overrides = sources.table("tool", "scikit-build").get("overrides")
    for override in overrides if isinstance(overrides, list) else ():
        wheel = override.get("wheel") if isinstance(override, Mapping) else None
        if isinstance(wheel, Mapping) and wheel.get("cmake") is True:
            because = (f"{place} builds with scikit-build-core (CMake), where an override turns it on",)
            return Verdict(native=True, because=because)
    return Verdict(native=False, because=(f"{place} builds with scikit-build-core, without CMake",))


def _by_backend(sources: Sources, backend: str, place: str, text: str) -> Verdict | None:
    """What the backend alone decides; None when it is setuptools, or one in the tree that may wrap it."""
    name = backend.partition(":")[0]
    if name in _ALWAYS_NATIVE:
        if name.startswith("scikit") and sources.table("tool", "scikit-build", "wheel").get("cmake") is False:
            return _scikit_without_cmake(sources, place)
        return Verdict(
            native=True, because=(f"{place} builds with {_ALWAYS_NATIVE[name]}", *_rust(sources.files))
        )
    if name == "mesonpy":
        return _meson(sources.files, place)
    if name.startswith(_PURE_BACKENDS):
        return Verdict(native=False, because=(f"{place} builds with {name}, which compiles nothing",))
    if name.startswith(("hatchling", "hatch")):
        return _hatch(sources, place, text)
    if name.startswith("poetry"):
        build = sources.table("tool", "poetry").get("build")
        script = build.get("script") if isinstance(build, Mapping) else build
        return _scripted(sources.files, script, place, "poetry")
    if name.startswith("pdm"):
        build = sources.table("tool", "pdm", "build")
        script = build.get("run-setuptools") and (build.get("setup-script") or "setup.py")
        return _scripted(sources.files, script or build.get("setup-script") or "", place, "pdm")
    return None


def _rust(files: SdistFiles) -> tuple[str, ...]:
    return ("it has a Cargo.toml",) if "Cargo.toml" in files.name_set else ()


def _meson(files: SdistFiles, place: str) -> Verdict:
    build = files.text("meson.build")
    if build is None:
        return Verdict(
            native=None, because=(f"{place} builds with meson-python, but meson.build is not there",)
        )
    head = build.partition("project(")[2][:2_000].split(")\n")[0]
    found = _LANGUAGES.search(head) or _LANGUAGES.search(
        "".join(re.findall(r"add_languages\([^)]*\)", build))
    )
    line = build[: build.find("project(")].count("\n") + 1 if "project(" in build else 1
    if found:
        return Verdict(native=True, because=(f"meson.build:{line} is a project in {found[1]}",))
    return Verdict(native=False, because=(f"meson.build:{line} names no language to compile",))


def _hatch(sources: Sources, place: str, text: str) -> Verdict:
    """Hatch is pure but for its build hooks; only those known to compile nothing are passed over."""
    pure = {"vcs", "version", "sbom", "jupyter-builder", "nodejs-build", "gettext", "autorun"}
    hooks = {
        **sources.table("tool", "hatch", "build", "hooks"),
        **sources.table("tool", "hatch", "build", "targets", "wheel", "hooks"),
    }
    for name in sorted(set(hooks) - pure):
        line = next((n for n, row in enumerate(text.split("\n"), 1) if f"hooks.{name}]" in row), 1)
        if name == "custom":
            table: Any = hooks[name]
            path = table.get("path", "hatch_build.py") if isinstance(table, Mapping) else "hatch_build.py"
            made = _scripted(sources.files, path, f"pyproject.toml:{line}", "hatchling")
            if made.native is not False:
                return made
            continue
        compiles = any(
            word in name for word in ("cython", "mypyc", "cffi", "cpp", "cmake", "rust", "zig", "ext")
        )
        phrase = f"pyproject.toml:{line} has the build hook {name}"
        return Verdict(native=True if compiles else None, because=(phrase,))
    return Verdict(native=False, because=(f"{place} builds with hatchling, which compiles nothing",))


def _scripted(files: SdistFiles, script: Any, place: str, backend: str) -> Verdict:
    """A pure backend that may run a script of the sdist's own."""
    if not isinstance(script, str) or not script:
        return Verdict(native=False, because=(f"{place} builds with {backend}, which compiles nothing",))
    code = files.text(script)
    if code is None:
        return Verdict(native=None, because=(f"{place} runs {script}, which could not be read",))
    found = _COMPILES.search(code)
    if found:
        line = code[: found.start()].count("\n") + 1
        return Verdict(native=True, because=(f"{script}:{line} uses {found[1]}",))
    if _native_sources(files):
        return Verdict(native=None, because=(f"{place} runs {script}", *_native_sources(files)))
    return Verdict(native=False, because=(f"{place} runs {script}, which names nothing to compile",))


def _by_setuptools(sources: Sources, text: str) -> Verdict:
    declared = _declared(sources, text)
    if declared:
        return Verdict(native=True, because=declared)
    hinting = _build_requires(sources, text)
    native_files = _native_sources(sources.files)
    setup = sources.setup
    if setup is None:
        if not sources.pyproject and not sources.config:
            return Verdict(native=None, because=("the sdist has neither setup.py nor pyproject.toml",))
        if hinting and native_files:
            return Verdict(native=True, because=(*hinting, *native_files))
        backend = sources.table("build-system").get("build-backend")
        unusual = backend and not str(backend).startswith("setuptools")
        if unusual and native_files:
            return Verdict(native=None, because=(f"pyproject.toml builds with {backend}", *native_files))
        return Verdict(native=False, because=("nothing in its configuration is compiled",))
    seen = setup.native
    if seen.modules and not setup.unreadable:
        optional = ("every extension is optional: without a compiler it installs as pure Python",)
        return Verdict(native=True, because=(*seen.because, *(optional if seen.optional else ())))
    if setup.unreadable:
        because = (setup.unreadable, *seen.because, *native_files)
        return Verdict(
            native=bool(native_files) if seen.modules else False if not native_files else None,
            because=because,
        )
    skbuild = next((line for module, line in setup.imports if module == "skbuild"), 0)
    if skbuild:
        return Verdict(native=True, because=(f"setup.py:{skbuild} builds with scikit-build (CMake)",))
    if seen.modules is False:
        return _without_modules(sources, setup)
    if not native_files and not seen.because and not _native_sources(sources.files, aside=True):
        return Verdict(native=False, because=("there is nothing to compile among its files",))
    given = (f"setup.py:{setup.line} gives ext_modules to setup()",) if "ext_modules" in setup.given else ()
    because = (*(seen.because or given), *hinting, *native_files)
    sure = bool(seen.because or hinting or given) and bool(native_files)
    return Verdict(
        native=True if sure else None, because=because or (f"setup.py:{setup.line} computes ext_modules",)
    )


def _without_modules(sources: Sources, setup: SetupPy) -> Verdict:
    """No extension for certain; a replaced build command can still call a compiler (llvmlite's does)."""
    text = sources.files.text("setup.py") or ""
    impure = _IMPURE.search(text)
    if impure and _native_sources(sources.files, _SOURCES_BUT_CYTHON):
        line = text[: impure.start()].count("\n") + 1
        return Verdict(native=True, because=(f"setup.py:{line} says that it is not pure Python",))
    replaced = sorted(_BUILD_COMMANDS & set(setup.native.commands))
    compiled = _native_sources(sources.files, _SOURCES_BUT_CYTHON)
    if replaced and compiled:
        makers = [name for name in sources.files.names if _MAKER.fullmatch(name)]
        runs = _RUNS.search(text) is not None
        because = (f"setup.py:{setup.line} replaces the command {replaced[0]}", *compiled)
        if makers and runs:
            return Verdict(
                native=True, because=(*because, f"it runs other programs, and there is a {makers[0]}")
            )
        if makers or runs:
            return Verdict(native=None, because=because)
    phrase = f"setup.py:{setup.line} gives setup() nothing to compile"
    cython = _native_sources(sources.files, (".pyx",))
    if cython and setup.native.because:
        return Verdict(
            native=False, because=(phrase, "without Cython, which no build requirement brings", *cython)
        )
    return Verdict(native=False, because=(phrase,))


def _declared(sources: Sources, text: str) -> tuple[str, ...]:
    """Extensions that the configuration itself names."""
    out: list[str] = []
    if sources.table("tool", "setuptools").get("ext-modules"):
        out.append(f"pyproject.toml:{texts.line_of(text, 'ext-modules')} names ext-modules")
    if sources.table("tool", "setuptools-rust").get("ext-modules"):
        out.append("pyproject.toml names Rust modules")
    if sources.table("tool", "cython").get("modules"):
        out.append("pyproject.toml names Cython modules")
    out.extend(
        f"setup.cfg names the extension {section[10:]}"
        for section in sources.config
        if section.startswith("extension=")
    )
    return tuple(out)


def _build_requires(sources: Sources, text: str) -> tuple[str, ...]:
    requires = texts.string_list(sources.table("build-system").get("requires")) or []
    parsed = (parse_requirement(requirement) for requirement in requires)
    names = [canonicalize_name(requirement.name) for requirement in parsed if requirement is not None]
    line = texts.line_of(text, "requires", "[build-system]")
    return tuple(f"pyproject.toml:{line} needs {name} to build" for name in names if name in _COMPILING)


def _native_sources(
    files: SdistFiles, suffixes: tuple[str, ...] = _SOURCES, *, aside: bool = False
) -> tuple[str, ...]:
    """One phrase that counts the sources in compiled languages, outside tests, documents, vendored code."""
    found = [
        name for name in files.names if name.lower().endswith(suffixes) and (aside or not _ASIDE.search(name))
    ]
    if not found:
        return ()
    more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
    return (f"it has compiled sources ({found[0]}{more})",)
