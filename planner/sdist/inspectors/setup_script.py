"""What setup.py asks of a machine, found by rehearsing its build on an imagined one; nothing of it is run.

Compilers, headers and libraries of its extensions, programs that it calls, modules of pkg-config, imports
that no build requirement brings, and downloads. How strong a need is follows from what happens without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from planner.dists import parse_requirement
from planner.knowledge.debian import release
from planner.needs import ANY_VERSION, Doubt, Evidence, Need, Role, Strength
from planner.sdist import texts
from planner.sdist.inspectors.port import Clue
from planner.sdist.rehearsal.elimination import (
    COPY_BUILT,
    DOWNLOADED,
    EXTENSION_LEFT_OUT,
    FEATURE_LEFT_OUT,
    PART_LEFT_OUT,
    Elimination,
)
from planner.sdist.rehearsal.imagined import Asked, Machine
from planner.sdist.rehearsal.modules import Trees, parsed
from planner.sdist.rehearsal.rehearse import Outcome, Script, rehearse
from planner.sdist.sources import Sources

__all__ = [
    "COPY_BUILT",
    "DOWNLOADED",
    "EXTENSION_LEFT_OUT",
    "FEATURE_LEFT_OUT",
    "PART_LEFT_OUT",
    "by_setuptools",
    "inspect",
]

_BY_THEMSELVES = (
    *("mesonpy", "maturin", "scikit_build_core.build", "flit", "uv_build", "hatchling", "pdm", "poetry"),
    *("sipbuild", "py_build_cmake", "cmeel"),
)
_HOST = ("library:", "header:", "pkg-config:")
_QUIET = ("program:git", "program:hg", "program:svn")
_MODULES = {
    "oldest-supported-numpy": "numpy", "scikit-build": "skbuild", "pyyaml": "yaml", "gitpython": "git",
    "attrs": "attr",
}  # fmt: skip


def by_setuptools(sdist: Sources) -> bool:
    """Whether setuptools builds an sdist, itself or wrapped: it runs its setup.py, if there is one."""
    build = sdist.table("build-system")
    if poetry_script(sdist):
        return True
    backend = str(build.get("build-backend") or "setuptools").partition(":")[0]
    if not build.get("backend-path"):
        return not backend.startswith(_BY_THEMSELVES)
    path = backend.replace(".", "/")
    places = texts.string_list(build.get("backend-path")) or []
    names = [
        f"{place}/{path}{tail}".removeprefix("./") for place in places for tail in (".py", "/__init__.py")
    ]
    code = next((text for name in names if (text := sdist.files.text(name.lstrip("./"))) is not None), "")
    return "setuptools" in code or not any(name in code for name in _BY_THEMSELVES)


def inspect(sdist: Sources, /) -> Iterable[Clue]:
    """Needs and doubts of the build that setup.py describes."""
    if not by_setuptools(sdist):
        return
    available, brought = _brought(sdist)
    listed = sdist.table("tool", "setuptools").get("ext-modules")
    modules = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []

    build = sdist.table("build-system")
    trees = Trees()
    if text := poetry_script(sdist):
        trees.parsed["setup.py"] = parsed(text)
    script = Script(
        files=sdist.files,
        markers=sdist.markers,
        available=available,
        options=sdist.config,
        modules=modules,
        backend=str(build.get("build-backend") or ""),
        places=tuple(texts.string_list(build.get("backend-path")) or ()),
        trees=trees,
    )

    def run(missing: frozenset[str], granted: frozenset[str], old: frozenset[str]) -> Outcome:
        machine = Machine(missing, granted, old, brought, arch=sdist.markers.get("platform_machine", ""))
        return rehearse(script, machine)

    search = Elimination(run)
    full = search.start()
    gone = frozenset(subject for subject in full.asked if _gone(subject))
    if gone:

        def without(missing: frozenset[str], granted: frozenset[str], old: frozenset[str]) -> Outcome:
            return run(missing | gone, granted, old)

        other = Elimination(without)
        fresh = [name for name in other.start().asked if name not in full.asked]
        if other.full.stop is None and any(name.startswith("pkg-config:") for name in fresh):
            search, full = other, other.full
    last = search.prune()
    yield from _needs(sdist, search, full, last)
    yield from _doubts(search, full)


def _gone(subject: str) -> bool:
    """Whether it is a script that libraries once brought, and pkg-config has taken the place of since."""
    if not subject.startswith("program:") or not subject.endswith(("-config", "_config")):
        return False
    known = [one for one in (release("debian", "12"), release("debian", "13")) if one is not None]
    return bool(known) and not any(one.package_of(subject) for one in known)


def poetry_script(sdist: Sources) -> str:
    """What poetry's own setup.py would be where a project has a build script, else "".

    https://python-poetry.org/docs/building-extension-modules/
    """
    build = sdist.table("tool", "poetry").get("build")
    path = build.get("script") if isinstance(build, Mapping) else build
    code = sdist.files.text(path) if isinstance(path, str) else None
    backend = str(sdist.table("build-system").get("build-backend") or "")
    if code is None or not isinstance(path, str) or not backend.startswith("poetry"):
        return ""
    if "def build(" not in code:
        return code
    module = path.removesuffix(".py").replace("/", ".")
    calls = "arguments = {}\nbuild(arguments)\nsetuptools.setup(**arguments)\n"
    return f"import setuptools\nfrom {module} import *\n{calls}"


def _brought(sdist: Sources) -> tuple[frozenset[str], frozenset[str]]:
    """The modules and the programs that the build requirements bring, as far as their names tell."""
    listed = texts.string_list(sdist.table("build-system").get("requires")) or []
    listed += (sdist.option("options", "setup_requires") or "").split("\n")
    names = {str(canonicalize_name(one.name)) for text in listed if (one := parse_requirement(text.strip()))}
    modules = {_MODULES.get(name, name.replace("-", "_")) for name in names}
    return frozenset(modules | ({"Cython"} if "cython" in names else set())), frozenset(names)


def _needs(sdist: Sources, search: Elimination, full: Outcome, last: Outcome) -> Iterator[Need]:
    chains = _chains(search, last)
    text = sdist.files.text("setup.py") or ""
    asked = {**full.asked, **last.asked}
    told = {subject for chain in chains.values() for subject in chain}
    for subject, question in asked.items():
        if subject in search.copies:
            yield _for_a_copy(subject, question, search)
            continue
        if subject in search.missing or subject.startswith(_QUIET):
            continue
        if subject.startswith("dist:") and subject[5:] in full.declared and "egg_info" in text:
            continue  # its setup_requires bring it, and it is not imported to tell them
        ours = last.asked.get(subject)
        if ours is not None and ours.certain and (ours.fatal or subject in search.settled):
            first, *others = chains.get(subject, (subject,))
            yield _need(first, asked[first], search, others=others)
        elif subject not in search.spared and subject not in told:
            yield from _uncertain(subject, question, search)
    for subject, spared in search.spared.items():
        name = subject.partition(":")[2]
        if spared.bare and spared.asked.certain and name in full.silent and name not in full.checked:
            yield _need(subject, spared.asked, search)
            continue
        quiet = not spared.seen and subject.startswith(("program:", "dist:"))
        if subject in told or quiet or subject.startswith((*_QUIET, "dist:")):
            continue
        strength: Strength = "fallback" if spared.effect in (COPY_BUILT, DOWNLOADED) else "optional"
        yield _need(subject, spared.asked, search, strength=strength, effect=spared.effect)


def _for_a_copy(subject: str, asked: Asked, search: Elimination) -> Need:
    """What takes part only where a copy is downloaded and built."""
    other = search.copies[subject]
    if subject.startswith("network:"):
        effect = f"it is not downloaded where {other} is there"
        return _need(subject, asked, search, strength="fallback", effect=effect, others=(other,))
    return _need(subject, asked, search, strength="optional", effect=f"a build without {other} needs it")


def _uncertain(subject: str, asked: Asked, search: Elimination) -> Iterator[Need]:
    """What it perhaps asks for. A program, or a module, that is perhaps called says nothing."""
    if asked.compiles:
        whole = not any(compiled.certain for compiled in search.full.compiled)
        effect = EXTENSION_LEFT_OUT if whole else PART_LEFT_OUT
        yield _need(subject, asked, search, strength="optional", effect=effect)
    elif not subject.startswith(("program:", "dist:")):
        yield _need(subject, asked, search, strength="optional", effect=FEATURE_LEFT_OUT)


def _chains(search: Elimination, last: Outcome) -> dict[str, tuple[str, ...]]:
    """For each thing that stops the build in the end: what would have served, the first one first."""
    out: dict[str, tuple[str, ...]] = {}
    for subject in last.asked:
        chain = [subject]
        while (before := search.origin.get(chain[0])) and before not in chain:
            if search.instead.get(before) != (chain[0],):
                chain.append(before)
                break
            chain.insert(0, before)
        chain += [other for other in search.instead.get(subject, ()) if other not in chain]
        if any(other.startswith("pkg-config:") for other in chain):
            chain = [other for other in chain if other != "program:pkg-config"]  # goes without saying
        if len(chain) > 1:
            out[subject] = tuple(chain)
    return out


def _need(
    subject: str,
    asked: Asked,
    search: Elimination,
    *,
    strength: Strength = "required",
    effect: str = "",
    others: Iterable[str] = (),
) -> Need:
    role: Role = "host" if subject.startswith(_HOST) else "build"
    because = [asked.evidence]
    specifier = ANY_VERSION
    floor = search.full.floors.get(subject)
    if floor is not None and search.floor_holds(subject):
        specifier = _at_least(floor[0])
        because.append(Evidence(where=floor[1], text=f"asks for {floor[0]}"))
    return Need(
        subject=subject, specifier=specifier, role=role, because=tuple(because), instead=tuple(others),
        strength=strength, effect=effect,
    )  # fmt: skip


def _at_least(version: str) -> SpecifierSet:
    try:
        return SpecifierSet(f">={version}")
    except InvalidSpecifier:
        return ANY_VERSION


def _doubts(search: Elimination, full: Outcome) -> Iterator[Doubt]:
    for where, text in list(full.lost.items())[:8]:
        yield Doubt(text=text, where=where)
    if full.stop is not None:
        where = full.stop.where or f"setup.py:{full.stop.line}"
        yield Doubt(text="it seems to stop there, for a reason that could not be followed", where=where)
    if not full.whole:
        yield Doubt(text="is too involved to be followed to its end", where="setup.py")
    elif search.exhausted:
        yield Doubt(text="not everything that it can do without was found out", where="setup.py")
