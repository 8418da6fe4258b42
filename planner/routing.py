"""Which index serves a project under a torch backend, and which backends a machine can have; asks no network.

A backend is the word of uv's `--torch-backend`: one of the builds that PyTorch publishes, each on an index of
its own. Its projects are asked of that index alone, as in uv
(https://docs.astral.sh/uv/guides/integration/pytorch/); another place of `planner.knowledge.places` is asked
beside the user's indexes, and only for the projects that it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import parse_version
from planner.drivers import newest_cuda
from planner.errors import UsageError
from planner.facts import Absent, Known, Machine
from planner.knowledge.cuda import driver_floor, torch_releases, variant_of
from planner.knowledge.places import Place, place, places_of
from planner.policy import Index

__all__ = [
    "AUTO", "CPU", "PYTORCH", "TORCH", "Backend", "Router", "Variants", "as_known", "backend_word",
    "projects_of_backends", "variants_for",
]  # fmt: skip

AUTO = "auto"
TORCH = NormalizedName("torch")
"""The project of the fact `torch`."""

PYTORCH = "pytorch"
CPU = "cpu"
_PATCHES = 10  # of one minor version; the table has minors


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A torch backend as a run has it: `word` was said at `origin`, `variant` is what it means ("": none).

    `why` is a phrase for a reader. `verified` is False where the index of the variant could not be asked.
    `applies` says whether anything of the set comes from a place that the backend opens.
    """

    word: str
    origin: str
    variant: str = ""
    why: str = ""
    verified: bool = True
    applies: bool = False

    def __str__(self) -> str:
        said = f"{self.word}: {self.why}" if self.why else f"from {self.origin}"
        doubt = "" if self.verified else "; not verified, as its index could not be asked"
        return f"{self.variant or 'none'} ({said}{doubt})"


def backend_word(word: str, origin: str, *, mirrored: bool = False) -> str:
    """The backend that a setting says. Raises UsageError, with the known words, for what is none.

    With an index of the user's own (`mirrored`), every word that has the form of a variant may be one of its.

    >>> backend_word("CU126", "--torch-backend")
    'cu126'
    """
    said = word.strip().lower()
    known = (AUTO, *_pytorch().variants)
    if said in known or (mirrored and variant_of(said) is not None):
        return said
    near = get_close_matches(said, known, 1, 0.6)
    raise UsageError(
        f"`torch-backend` is {word[:60]!r}, and must be {', '.join(known[:-1])} or {known[-1]}.",
        where=origin,
        hint=f"Did you mean {near[0]}?" if near else "",
    )


def _pytorch() -> Place:
    found = place(PYTORCH)
    if found is None:
        raise ValueError(f"places/{PYTORCH}.toml: there is none")
    return found


def projects_of_backends() -> tuple[NormalizedName, ...]:
    """The projects that come from a backend's index, and from no other."""
    return _pytorch().projects


# -- which variants a machine can have -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """The variants that a machine can have, the best first, each with the phrase that says why.

    None where it cannot be told; then `note` is a sentence.
    """

    names: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    note: str = ""


def variants_for(
    machine: Machine,
    asked: Iterable[SpecifierSet] = (),
    *,
    first: str = "",
    lacks: Callable[[str, str, str], object] = lambda _capability, _cuda, _torch: False,
) -> Variants:
    """What `auto` may mean on a machine, for a torch that every specifier of `asked` admits.

    Of the variants that its driver and its GPUs run, those come first that the newest torch is built for, the
    newest CUDA before the others; `first` (the variant that is installed) before all, the CPU last. `lacks`
    says whether there is no code for a (compute capability, CUDA, torch).
    """
    if machine.value("os") == "darwin":
        return _only(CPU, "macOS has one build")
    driver, api = machine.value("cuda-driver"), machine.value("cuda-driver-api")
    if driver or api:
        return _of_cuda(machine, (driver or "", api or ""), tuple(asked), first, lacks)
    rocm = machine.value("rocm")
    if rocm:
        return _of_rocm(rocm)
    if isinstance(machine.fact("cuda-driver"), Absent):
        return _only(CPU, "no NVIDIA driver")
    why = getattr(machine.fact("cuda-driver"), "why", "")
    note = f"Whether the machine has an NVIDIA driver is not known ({why}), so `auto` means no backend."
    return Variants(note=f"{note} Say it with --assume cuda-driver=VERSION, or name a backend.")


def _only(name: str, why: str) -> Variants:
    return Variants(names=(name,), reasons=MappingProxyType({name: why}))


def _of_cuda(
    machine: Machine,
    known: tuple[str, str],
    asked: tuple[SpecifierSet, ...],
    first: str,
    lacks: Callable[[str, str, str], object],
) -> Variants:
    driver, api = known
    found = (variant_of(name) for name in _pytorch().variants)
    cuda = {one.name: one.version for one in found if one is not None and one.family == "cuda"}
    system = machine.value("os") or "linux"
    run = {name: v for name, v in cuda.items() if _driver_runs(driver, api, v, system)}
    told = f"driver {driver}" if driver else f"a driver for CUDA {api}"
    if not run:
        return _only(CPU, f"no CUDA build runs on {told}")
    gpus = _gpus(machine)
    ranks = _newest_torch(machine, asked)
    minors = {name: torch_releases()[rank].minor for name, rank in ranks.items()}
    fit = {n: v for n, v in run.items() if not any(lacks(gpu, v, minors.get(n, "")) for gpu in gpus)}
    if not fit:
        return _only(CPU, f"no CUDA build that runs on {told} is for all of its GPUs ({', '.join(gpus)})")
    built = {name: v for name, v in fit.items() if name in ranks} or fit
    names = sorted(built, key=lambda n: (n == first, ranks.get(n, -1), Version(built[n])), reverse=True)
    word = max(run, key=lambda name: Version(run[name]))
    newest = run[word]
    lost = [gpu for gpu in gpus if lacks(gpu, newest, minors.get(word, ""))]
    old = f", and CUDA {newest} is not for compute capability {', '.join(lost)}" if lost else ""
    brought = api or newest_cuda(driver) or ""
    upto = parse_version(brought)
    reasons = {}
    for name in names:
        why = f"{told} runs CUDA up to {brought or newest}"
        if upto is not None and Version(built[name]) > upto:
            why = f"{told} brings CUDA {brought} and runs all of CUDA {built[name].partition('.')[0]}"
        reasons[name] = f"{why}{old}"
    # As uv's own list, whose last is the CPU: an old torch may have no CUDA build for this architecture.
    names.append(CPU)
    reasons[CPU] = f"no CUDA build that runs on {told} has all of the set"
    return Variants(names=tuple(names), reasons=MappingProxyType(reasons))


def _driver_runs(driver: str, api: str, cuda: str, system: str) -> bool:
    """Whether a driver runs what was built for that CUDA, newer minors of its own major included."""
    floor, here, newest = driver_floor(cuda, system), parse_version(driver), parse_version(api)
    if here is not None and floor is not None:
        return here >= Version(floor)
    return newest is not None and Version(cuda).major <= newest.major


def _gpus(machine: Machine) -> list[str]:
    """The compute capabilities of the machine's GPUs, as far as they are known, each once."""
    facts = ((name, fact) for name, fact in machine.facts.items() if isinstance(fact, Known))
    return sorted({fact.value for name, fact in facts if name.startswith("gpu:") and name.count(":") == 1})


def _newest_torch(machine: Machine, asked: tuple[SpecifierSet, ...]) -> dict[str, int]:
    """Variants by the rank of the newest torch that is built for them, this Python and what is asked."""
    minor = ".".join((machine.value("python") or "").split(".")[:2])
    python = minor + ("t" if (machine.value("abi") or "").endswith("t") else "")
    ranks: dict[str, int] = {}
    for rank, release in enumerate(torch_releases()):
        versions = (f"{release.minor}.{patch}" for patch in range(_PATCHES))
        wanted = any(all(one.contains(v, prereleases=True) for one in asked) for v in versions)
        if wanted and (not minor or any(python == one.partition(" ")[0] for one in release.pythons)):
            ranks |= dict.fromkeys(release.variants, rank)
    return ranks


def _of_rocm(rocm: str) -> Variants:
    """The newest build for that ROCm or an older one."""
    version = parse_version(rocm)
    here = version.release[:2] if version is not None else ()
    built = [v for name in _pytorch().variants if (v := variant_of(name)) is not None and v.family == "rocm"]
    fit = [v for v in built if Version(v.version).release[:2] <= here]
    if not fit:
        return _only(CPU, f"no build is for ROCm {rocm}")
    names = tuple(v.name for v in sorted(fit, key=lambda v: Version(v.version), reverse=True))
    return Variants(names=names, reasons=MappingProxyType(dict.fromkeys(names, f"ROCm {rocm} is here")))


def as_known(index: Index) -> Index:
    """The index with what is known of it: PyTorch's own answer 403 where they have no such project.

    https://github.com/astral-sh/uv/blob/0.9.0/crates/uv-distribution-types/src/status_code_strategy.rs
    """
    if PYTORCH not in index.url:  # which spares most runs the tables
        return index
    own = _pytorch().url.partition("{")[0]
    return replace(index, absent=(403,)) if index.url.startswith(own) else index


# -- which index serves a project ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """The indexes that serve a project: the one that the user pins it to, else those of the backend.

    `variant` is the backend's ("": none), `pytorch` the index of its projects, `indexes` the user's own.
    `known` are versions that addresses of places may ask for: exact pins, or those of a first resolution.
    """

    pinned: Mapping[NormalizedName, tuple[Index, ...]] = field(default_factory=lambda: MappingProxyType({}))
    variant: str = ""
    pytorch: Index | None = None
    indexes: tuple[Index, ...] = ()
    origin: str = ""
    python: str = ""
    arch: str = ""
    known: Mapping[NormalizedName, Version] = field(default_factory=lambda: MappingProxyType({}))

    def __call__(self, project: NormalizedName) -> tuple[Index, ...] | None:
        """The indexes to ask for a project, None for the user's own."""
        if project in self.pinned:
            return self.pinned[project]
        if self.pytorch is not None and project in _pytorch().projects:
            return (self.pytorch, *(index for index in self.indexes if index.kind == "links"))
        beside = tuple(self.beside(project))
        return (*self.indexes, *beside) if beside else None

    def beside(self, project: NormalizedName) -> Iterator[Index]:
        """The places that are asked for a project beside the user's indexes; none without a backend."""
        if not self.variant or self.pytorch is None or project in self.pinned:
            return
        for one in places_of(project):
            address = self._address(one, project)
            if address:
                kind: Literal["simple", "links"] = "links" if one.kind == "links" else "simple"
                yield Index(
                    url=address, shown=address, name=one.name, kind=kind, origin=self.origin, beside=True
                )

    def _address(self, one: Place, project: NormalizedName) -> str:
        """Where a place lies for this backend, "" where it is of no use, or its address is not known yet."""
        variant = _nearest(one, self.variant)
        if not variant or one.name == PYTORCH or one.kind == "releases":
            return ""
        known, torch = self.known.get(project), self.known.get(TORCH)
        if known is not None and not one.may_have(project, known, variant=variant, torch=torch):
            return ""
        values = {"variant": variant, "python": self.python, "arch": self.arch}
        found = variant_of(self.variant)
        if found is not None and found.family == "cuda":
            values["cuda"] = found.version.partition(".")[0]
        if known is not None:
            values["version"] = known.public
        if torch is not None:
            values["torch"] = _torch_word(one, torch)
        return one.address(**values) if all(values.get(name) for name in one.fields) else ""

    def knowing(self, pins: Mapping[NormalizedName, Version], projects: Iterable[NormalizedName]) -> Router:
        """The same, with the versions of a resolution, where that opens a place for one of the projects."""
        richer = replace(self, known=MappingProxyType({**pins, **self.known}))
        return richer if any(richer(name) != self(name) for name in projects) else self

    def opened(self, projects: Iterable[NormalizedName]) -> dict[str, tuple[NormalizedName, ...]]:
        """The places that served these projects, by shown address: which projects each is for."""
        found: dict[str, list[NormalizedName]] = {}
        for project in sorted(projects):
            own = self(project) or ()
            for index in own if project not in self.pinned else ():
                if index.beside or index is self.pytorch:
                    found.setdefault(index.shown, []).append(project)
        return {shown: tuple(names) for shown, names in found.items()}


def _nearest(one: Place, variant: str) -> str:
    """The variant of a place that goes with torch's: the same, else "".

    Where nothing there depends on torch, the nearest older CUDA of its major will do: the driver runs it.
    """
    wanted = variant_of(variant)
    if variant in one.variants or not one.variants or wanted is None:
        return variant
    if wanted.family != "cuda" or "torch" in one.fields or any(built.torch for built in one.matrix):
        return ""
    older = [
        Version(found.version)
        for found in map(variant_of, one.variants)
        if found is not None and found.family == "cuda" and Version(found.version) <= Version(wanted.version)
    ]
    newest = max(older, default=None)
    same = newest is not None and newest.major == Version(wanted.version).major
    return f"cu{newest.major}{newest.minor}" if newest is not None and same else ""


def _torch_word(one: Place, version: Version) -> str:
    """The version of torch as an address has it: `2.8.0`, or `2.8` where its matrix has minors."""
    words = [word for built in one.matrix for word in built.torch]
    minor = f"{version.major}.{version.minor}"
    return minor if words and all(word.count(".") < 2 for word in words) else f"{minor}.0"
