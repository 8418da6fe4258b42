"""The headers that an sdist's compiled sources ask of a machine; knows no package that supplies them.

A header counts when a source that is compiled reaches it, through whichever of the sdist's own headers, under
conditions that can hold on the target. Left out is what the sdist, the C library, the compiler, the kernel,
Python itself or a distribution for the build brings, and what belongs to another system.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

from planner.dists import parse_requirement, parse_version
from planner.knowledge.debian import release
from planner.knowledge.standard_headers import standard_headers
from planner.knowledge.things import thing_of
from planner.needs import Evidence, Need, Strength
from planner.sdist.includes import MARK, Include, scan_includes
from planner.sdist.inspectors.compiled import Compilation, compilation
from planner.sdist.inspectors.conditions import Conditions
from planner.sdist.inspectors.own_headers import OwnHeaders
from planner.sdist.inspectors.port import Clue
from planner.sdist.sources import Sources

__all__ = ["inspect"]

PYTHON = "header:Python.h"
CUDA = "dep:virtual/compiler/cuda"
_ORDER: tuple[Strength, ...] = ("required", "optional", "hint")
_RANK = {strength: rank for rank, strength in enumerate(_ORDER)}
_PYTHON_INTERNALS = ("internal/pycore_", "pycore_", "cpython/")
_MAX_HINTS = 100
_MAX_LOOKUPS = 60
_MOST_OWNERS = 4
_MAX_STEPS = 200_000
# Not headers: Cython's definitions, and C sources that are included as text.
_NO_HEADERS = frozenset(
    {".pxd", ".pxi", ".pyx", ".py", ".c", ".cc", ".cpp", ".cxx", ".cu", ".cuh", ".inc", ".inl", ".def", ".i"}
    | {".f", ".f90", ".for", ".tab", ".tcc", ".ipp", ".mod", ".fpp", ".fh", ".macros", ".txt", ".ver", ".m"}
)
_PLAIN = re.compile(r"[A-Za-z0-9_][\w./+-]*")
# A setup.py that builds a library first, in its own way, may get the headers from there.
_BUILDS = re.compile(r"[\"'](?:\./)?(?:cmake|configure|make|gmake|ninja)[\"' ]|[\"'/]build\w*\.sh\b")
_HEADER = re.compile(r"\.h(?:pp|xx|h)?$")
# Quoted names that a build step writes, and that no library has.
_WRITTEN = re.compile(
    r"(?:.*[/_-])?(?:config|configure|version|generated|export|features?)\.h(?:pp|h)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A file that is compiled, or read while one is: how surely, and what happens without its needs."""

    path: str
    language: str
    strength: Strength
    effect: str = ""
    python: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A header that is nobody's here: how surely it is needed, and by which line."""

    strength: Strength
    effect: str
    where: str
    angled: bool = True
    python: bool = False


def inspect(sdist: Sources, /) -> Iterable[Clue]:
    """The headers that the sdist's sources need, each with the first line that includes it most surely."""
    made = compilation(sdist)
    if not made.sources:
        return ()
    walk = _Walk(sdist, made)
    walk.run()
    return tuple(_needs(sdist, made, walk))


class _Walk:
    """Goes from the compiled sources to every header that they reach, the surest ways first."""

    def __init__(self, sdist: Sources, made: Compilation) -> None:
        self._files = sdist.files
        self._made = made
        self._own = OwnHeaders(sdist.files, made.folders)
        self._conditions = Conditions(sdist.markers)
        self._defines = frozenset(re.findall(r"\b[A-Za-z_]\w{2,}\b", sdist.files.text("setup.py") or ""))
        self._waiting: dict[Strength, list[_Step]] = {strength: [] for strength in _ORDER}
        self._seen: dict[tuple[str, str], int] = {}
        self._steps = 0
        self.asked: dict[str, _Asked] = {}

    def run(self) -> None:
        for source in self._made.sources:
            step = _Step(
                path=source.path,
                language=source.preprocessed_as,
                strength=source.strength,
                effect=source.effect,
                python=source.language == "cython" or source.path.endswith(".py"),
            )
            if step.python:
                self._ask("Python.h", _Asked(strength=step.strength, effect=step.effect, where=step.path))
            self._enter(step)
        for strength in _ORDER:
            waiting = self._waiting[strength]
            while waiting and self._steps < _MAX_STEPS:
                self._visit(waiting.pop())

    def _enter(self, step: _Step) -> None:
        key = (step.path, step.language)
        rank = _RANK[step.strength]
        if self._seen.get(key, len(_ORDER)) > rank:
            self._seen[key] = rank
            self._waiting[step.strength].append(step)

    def _visit(self, step: _Step) -> None:
        if self._seen[step.path, step.language] < _RANK[step.strength]:
            return
        definitions = step.path.removesuffix(".pyx") + ".pxd"
        if step.path.endswith(".pyx") and definitions in self._files.name_set:
            self._enter(replace(step, path=definitions))
        python = step.python
        for include in self._included(step.path):
            self._steps += 1
            weighed = self._weigh(include, step)
            if weighed is None or include.name.startswith(MARK):
                continue
            strength, effect = weighed
            python = python or include.name.endswith("Python.h")
            path = self._own.find(include, step.path)
            if path:
                self._enter(
                    _Step(path=path, language=step.language, strength=strength, effect=effect, python=python)
                )
            elif path is None:
                asked = _Asked(
                    strength=strength,
                    effect=effect,
                    where=f"{step.path}:{include.line}",
                    angled=include.angled,
                    python=python,
                )
                self._ask(include.name, asked)

    def _included(self, path: str) -> tuple[Include, ...]:
        if path.endswith(".py"):
            return scan_includes(path, self._files.kept.get(path, b""))
        return self._files.includes.get(path, ())

    def _weigh(self, include: Include, step: _Step) -> tuple[Strength, str] | None:
        """How surely an include is reached, and what happens without it; None when it certainly is not."""
        strength, effect = step.strength, step.effect
        for guard in include.guards:
            answer = self._conditions.answer(guard, step.language)
            if answer.holds is False:
                return None
            if answer.holds is None and strength != "hint":
                defined = any(macro in self._defines for macro in answer.unknown)
                strength = "hint" if defined else "optional"
                effect = (
                    effect or f"what {answer.unknown[0]} turns on is left out" if answer.unknown else effect
                )
        return strength, effect or ("a part of it is left out" if strength == "optional" else "")

    def _ask(self, name: str, asked: _Asked) -> None:
        there = self.asked.get(name)
        if there is None or _RANK[asked.strength] < _RANK[there.strength]:
            self.asked[name] = asked


class _Judge:
    """Says of a header that the sdist does not have what it asks of the machine, if anything."""

    def __init__(self, sdist: Sources, made: Compilation) -> None:
        self._table = standard_headers()
        self._platform = sdist.markers.get("sys_platform", "linux")
        self._python = parse_version(sdist.markers.get("python_full_version") or "")
        self._requires = _build_requires(sdist)
        self._lookups = _MAX_LOOKUPS
        self._foreign = made.foreign
        self._builds_another = _BUILDS.search(sdist.files.text("setup.py") or "") is not None
        self._cuda = any(source.language == "cuda" for source in made.sources) or any(
            "CUDA" in built.kind for built in (sdist.setup.built if sdist.setup else ())
        )

    def need(self, name: str, asked: _Asked) -> Need | None:
        if not _PLAIN.fullmatch(name) or name[name.rfind(".") :].lower() in _NO_HEADERS:
            return None
        if name.rpartition("/")[2] == "Python.h":
            return _made(PYTHON, asked)
        if name in self._table.cuda:
            return _made(CUDA, asked, strength=asked.strength if self._cuda else "hint", text=name)
        if name in self._table.rocm or self._table.is_standard(name, self._platform):
            return None
        if name in self._table.python or name.startswith(_PYTHON_INTERNALS):
            return self._of_python(name, asked)
        project = self._table.distribution(name)
        if project == "numpy" and not any("numpy" in required for required in self._requires):
            return _made("dist:numpy", asked, strength="hint", text=name)
        if project or canonicalize_name(_HEADER.sub("", name.partition("/")[0])) in self._requires:
            return None
        subject = f"header:{name}"
        if not asked.angled and not self._is_known(name, asked):
            return None
        return _made(subject, asked, strength="hint" if self._builds_another else None)

    def _is_known(self, name: str, asked: _Asked) -> bool:
        """Whether a library has such a header; a quoted one that none has is made by the build, or lost.

        A name that many libraries have (`matrix.h`) is nobody's.
        """
        if thing_of(f"header:{name}"):
            return True
        if _WRITTEN.fullmatch(name) or not self._lookups or (self._foreign and asked.strength == "hint"):
            return False
        self._lookups -= 1
        debian = release("debian", "12")
        return debian is None or 0 < len(debian.package_of(f"header:{name}")) <= _MOST_OWNERS

    def _of_python(self, name: str, asked: _Asked) -> Need | None:
        """A need only of a header that Python no longer has."""
        last = parse_version(self._table.python.get(name, ""))
        if last is None or not asked.python or self._python is None:
            return None
        if self._python.release[:2] <= last.release[:2]:
            return None
        return _made(f"header:{name}", asked, text=f"left Python's headers in {last.major}.{last.minor + 1}")


def _needs(sdist: Sources, made: Compilation, walk: _Walk) -> Iterator[Need]:
    """The needs behind the headers that were asked for, each subject once."""
    judge = _Judge(sdist, made)
    surest: dict[str, Need] = {}
    for name, asked in sorted(walk.asked.items(), key=lambda item: _RANK[item[1].strength]):
        need = judge.need(name, asked)
        if need is None:
            continue
        there = surest.get(need.subject)
        if there is None or _RANK[need.strength] < _RANK[there.strength]:
            surest[need.subject] = need
    told = [need for need in surest.values() if need.strength != "hint"]
    hints = [need for need in surest.values() if need.strength == "hint"]
    yield from (*told, *hints[:_MAX_HINTS])


def _made(subject: str, asked: _Asked, *, strength: Strength | None = None, text: str = "") -> Need:
    return Need(
        subject=subject,
        role="build" if subject.startswith(("dist:", "dep:")) else "host",
        because=(Evidence(where=asked.where, text=text),),
        strength=strength or asked.strength,
        effect=asked.effect,
    )


def _build_requires(sdist: Sources) -> frozenset[str]:
    """The names of the distributions that are installed for the build."""
    lines = sdist.table("build-system").get("requires")
    found = set()
    for line in lines if isinstance(lines, list) else ():
        requirement = parse_requirement(line) if isinstance(line, str) else None
        if requirement is not None:
            found.add(canonicalize_name(requirement.name))
    return frozenset(found)
