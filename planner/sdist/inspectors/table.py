"""All inspectors as a table, and what they find in an sdist together; must not decide for a machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from planner.needs import MAY_BE_COMPILED, Doubt, Evidence, Inspection, Need, Unit
from planner.sdist import names as naming
from planner.sdist.inspectors import cargo, cmake, headers, meson, pyproject, scripts, setup_script
from planner.sdist.inspectors.compiled import cython_makes_cxx
from planner.sdist.inspectors.port import Clue, Inspector
from planner.sdist.inspectors.units import units
from planner.sdist.sources import Sources

__all__ = ["INSPECTORS", "inspect"]

INSPECTORS: tuple[tuple[str, Inspector], ...] = (
    ("pyproject.toml", pyproject.inspect),
    ("setup.py", setup_script.inspect),
    ("Cargo.toml", cargo.inspect),
    ("CMakeLists.txt", cmake.inspect),
    ("meson.build", meson.inspect),
    ("the compiled sources", headers.inspect),
    ("the scripts", scripts.inspect),
)
"""Each with the file that it reads first; a new inspector is a module and a line here."""

MAX_NEEDS = 300
MAX_DOUBTS = 20
MAX_EVIDENCE = 4
_COMPILER = "dep:virtual/compiler/"


def inspect(sdist: Sources, *, compiles: bool = True) -> Inspection:
    """What all inspectors find in an sdist; `compiles` says that it certainly does, or may. Never raises."""
    needs: dict[tuple[object, ...], Need] = {}
    doubts: dict[Doubt, None] = {}
    for what, inspector in INSPECTORS:
        for clue in _safely(what, inspector, sdist):
            if isinstance(clue, Doubt):
                doubts[clue] = None
                continue
            key = (clue.subject, clue.specifier, clue.role, clue.strength, clue.effect, clue.instead)
            known = needs.get(key)
            needs[key] = clue if known is None else _with(known, clue.because)
    compiled = units(sdist)
    inferred = _compilers(sdist, needs.values(), compiled) if compiles else ()
    found = (*needs.values(), *inferred)
    return Inspection(
        needs=found[:MAX_NEEDS],
        doubts=tuple(doubts)[:MAX_DOUBTS],
        units=compiled,
        engine=_engine(sdist),
    )


_COMPILERS = {
    "torch": "cxx", "pybind11": "cxx", "cxx": "cxx", "c": "c", "cython": "c", "rust": "rust",
    "fortran": "fortran",
}  # fmt: skip


_SUFFIXES = {".c": "c", ".pyx": "c", ".cpp": "cxx", ".cc": "cxx", ".cxx": "cxx"}


def _compilers(sdist: Sources, needs: Iterable[Need], compiled: Iterable[Unit]) -> Iterator[Need]:
    """The compilers of the languages that its sources are in, where no file says what compiles them."""
    told = [need for need in needs if need.subject.startswith(_COMPILER)]
    if any(need.strength != "hint" for need in told):
        return
    found = {
        _COMPILERS[unit.language]: Evidence(where="its sources", text=MAY_BE_COMPILED)
        for unit in compiled
        if unit.language in _COMPILERS
    }
    for need in () if found else told:
        found[need.subject.rpartition("/")[2]] = replace(need.because[0], text=MAY_BE_COMPILED)
    found = found or _by_suffix(sdist)
    if "c" in found and cython_makes_cxx(sdist):
        found.setdefault("cxx", found.pop("c"))
    for name, evidence in sorted(found.items()):
        yield Need(subject=f"{_COMPILER}{name}", role="build", because=(evidence,))
    if found.keys() & {"c", "cxx"}:
        yield Need(subject="header:Python.h", role="host", because=tuple(found.values()))


def _by_suffix(sdist: Sources) -> dict[str, Evidence]:
    """Compilers by the names of its sources, outside folders of tests, documents and vendored code."""
    found: dict[str, Evidence] = {}
    for name in sdist.files.names:
        compiler = _SUFFIXES.get(name[name.rfind(".") :].lower())
        if any(include.name == "@language:c++" for include in sdist.files.includes.get(name, ())):
            compiler = "cxx"
        if compiler and not naming.is_aside(name):
            found.setdefault(compiler, Evidence(where=name, text=MAY_BE_COMPILED))
    return found


def _safely(what: str, inspector: Inspector, sdist: Sources) -> Iterator[Clue]:
    """What one inspector finds until it ends, or until a file defeats it: then that is a doubt."""
    try:
        yield from inspector(sdist)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, AttributeError) as error:
        yield Doubt(text=f"could not be followed to its end ({type(error).__name__})", where=what)


def _with(need: Need, more: Iterable[Evidence]) -> Need:
    """The same need with more evidence."""
    because = tuple(dict.fromkeys((*need.because, *more)))[:MAX_EVIDENCE]
    return replace(need, because=because)


def _engine(sdist: Sources) -> str:
    """What compiles: the backend's own way, else what setup.py builds with."""
    backend = str(sdist.table("build-system").get("build-backend") or "")
    for start, engine in (
        ("maturin", "cargo"),
        ("mesonpy", "meson"),
        ("scikit_build_core", "cmake"),
        ("py_build_cmake", "cmake"),
        ("cmeel", "cmake"),
    ):
        if backend.startswith(start):
            return engine
    setup = sdist.setup
    imports = {module.partition(".")[0] for module, _ in setup.imports} if setup else set()
    kinds = {built.kind for built in setup.built} if setup else set()
    if "torch" in imports or any(kind in ("CUDAExtension", "CppExtension") for kind in kinds):
        return "torch"
    if (kinds and all("Rust" in kind for kind in kinds)) or sdist.table("tool", "setuptools-rust"):
        return "cargo"
    if "skbuild" in imports or any("CMake" in kind for kind in kinds):
        return "cmake"
    return "setuptools"
