"""How much a build compiles, by language, from the sizes of its sources; must not say what that costs."""

from __future__ import annotations

from planner.needs import Unit
from planner.sdist import names as naming
from planner.sdist.inspectors.compiled import Compiled, compilation, says
from planner.sdist.inspectors.own_headers import OwnHeaders
from planner.sdist.sources import Sources

__all__ = ["units"]

_CRATE_DEPTH = 4


def units(sdist: Sources) -> tuple[Unit, ...]:
    """The sources that the build compiles, by language, with their sizes."""
    made = compilation(sdist)
    sure = [source for source in made.sources if source.strength != "hint"]
    chosen = made.sources if made.foreign or not sure else sure
    kinds: dict[str, list[int]] = {}
    own = OwnHeaders(sdist.files, made.folders)
    heavy = _heavy(sdist, own, [source.path for source in chosen if source.language == "cxx"])
    for source in chosen:
        size = sdist.files.sizes.get(source.path, 0)
        if not source.path.endswith(".py"):
            kinds.setdefault(_kind(sdist, source, heavy), []).append(size)
    kinds["rust"] = _rust(sdist)
    return tuple(
        Unit(language=kind, files=len(sizes), largest=-(-max(sizes) // 1024), total=-(-sum(sizes) // 1024))
        for kind, sizes in sorted(kinds.items())
        if sizes
    )


def _kind(sdist: Sources, source: Compiled, heavy: dict[str, str]) -> str:
    """The language as `planner.needs.Unit` has it."""
    stem = source.path.rpartition(".")[0]
    beside = stem + ".pyx" in sdist.files.name_set
    if source.language in ("c", "cxx") and (beside or says(sdist, source.path, "cython")):
        return "cython"
    return heavy.get(source.path, source.language)


def _heavy(sdist: Sources, own: OwnHeaders, paths: list[str]) -> dict[str, str]:
    """C++ sources that include torch's headers, or those of pybind11 or nanobind, at whatever distance."""
    marked: dict[str, str] = {}
    closure = own.closure(paths)
    above: dict[str, list[str]] = {}
    for path in closure:
        for include in sdist.files.includes.get(path, ()):
            folder = include.name.partition("/")[0]
            if include.name == "torch/extension.h" or folder in ("ATen", "torch"):
                marked[path] = "torch"
            elif folder in ("pybind11", "nanobind"):
                marked.setdefault(path, "pybind11")
        for included in own.included(path):
            above.setdefault(included, []).append(path)
    for kind in ("torch", "pybind11"):
        waiting = [path for path, mark in marked.items() if mark == kind]
        while waiting:
            for path in above.get(waiting.pop(), ()):
                if marked.get(path) not in (kind, "torch"):
                    marked[path] = kind
                    waiting.append(path)
    return marked


def _rust(sdist: Sources) -> list[int]:
    """The sizes of the Rust sources, where there is a crate."""
    names = sdist.files.names
    if not any(name.rpartition("/")[2] == "Cargo.toml" and name.count("/") <= _CRATE_DEPTH for name in names):
        return []
    return [
        sdist.files.sizes.get(name, 0) for name in names if name.endswith(".rs") and not naming.is_aside(name)
    ]
