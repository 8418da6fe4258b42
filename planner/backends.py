"""Which build of torch a run takes, and where from: settings and facts joined; `auto` is judged, not guessed.

Decides between what others judged; must not resolve, fetch or print.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from planner.config.places import Places, trusted
from planner.config.words import IndexWord
from planner.cuda.variants import supports
from planner.dists import parse_version
from planner.errors import UsageError
from planner.findings import Finding
from planner.knowledge.places import place
from planner.plan import Package
from planner.policy import Index
from planner.resolve.asks import Ask
from planner.routing import (
    AUTO,
    CPU,
    PYTORCH,
    TORCH,
    Backend,
    Router,
    as_known,
    backend_word,
    projects_of_backends,
    variants_for,
)
from planner.wanted import Inputs, Note

if TYPE_CHECKING:
    from planner.checking import Judged
    from planner.facts import Machine
    from planner.request import World
    from planner.settings import Settings

__all__ = [
    "Installed", "Taken", "Torch", "installed_torch", "kept_by_force", "replaced",
    "torch_of", "unpublished",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The torch of the target environment; `fixed` says that the user will have no other, `origin` where."""

    version: Version
    fixed: bool = False
    origin: str = ""

    def sought(self, variant: str, system: str) -> Version:
        """The version as the index of a variant names it; macOS has one build, without a local version."""
        public = self.version.public
        return Version(f"{public}+{variant}" if variant and system != "darwin" else public)


@dataclass(frozen=True, slots=True, kw_only=True)
class Torch:
    """What a run knows of torch before it resolves.

    `variants` are the backends to judge, the best first: one where the user named it, none without a backend.
    `settled` says that the first is the one that is installed or that a pin names. `router` routes without a
    backend, `pytorch` are the indexes of the variants. `unindexed`: no index is asked (`--no-index`), and
    `asks` are what the backend asks of the files in find-links.
    """

    router: Router
    variants: tuple[Backend, ...] = ()
    pytorch: Mapping[str, Index] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[Note, ...] = ()
    settled: bool = False
    unindexed: bool = False
    asks: tuple[Ask, ...] = ()

    def routed(self, backend: Backend) -> Router:
        """The router of one of the variants."""
        return replace(
            self.router,
            variant=backend.variant,
            pytorch=self.pytorch.get(backend.variant),
            origin=backend.origin,
        )

    @property
    def first(self) -> Router:
        """The router of the variant that is judged first."""
        return self.routed(self.variants[0]) if self.variants else self.router


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was judged in the end: with which backend (None: none was asked for), over which routes."""

    judged: Judged
    router: Router
    backend: Backend | None = None

    @property
    def shown(self) -> Backend | None:
        """The backend where it means something: it was named, or something comes from its places."""
        backend = self.backend
        if backend is None or backend.applies or backend.word != AUTO:
            return backend
        labels = {package.version.local for package in self._of_backends if package.version}
        return backend if self.router.pytorch is None and backend.variant in labels else None

    @property
    def _of_backends(self) -> tuple[Package, ...]:
        """The pins of the projects that PyTorch's indexes have."""
        names = projects_of_backends()
        return tuple(package for package in self.judged.packages if package.name in names)

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes that serve the pinned projects alone, and the places beside the user's own."""
        routed = (self.router(package.name) or () for package in self.judged.packages)
        return tuple(dict.fromkeys(index for indexes in routed for index in indexes))

    @property
    def notes(self) -> tuple[Note, ...]:
        """What of the backend had no effect, and the places beside the indexes that could not be asked."""
        pages = {
            package.name: self.judged.trials.catalog.page(package.name)
            for package in self.judged.packages
            if not package.direct and any(index.beside for index in self.router(package.name) or ())
        }
        asked = {index.shown for name in pages for index in self.router.beside(name)}
        silent = (
            Note(where=answer.index, text=f"This place of {name}'s wheels could not be asked: {answer.why}")
            for name, page in pages.items()
            for answer in page.troubles
            if answer.index in asked
        )
        return (*self._unheeded, *silent)

    @property
    def _unheeded(self) -> Iterator[Note]:
        """What was taken of another build than the backend's, as no index was asked (`planner.linked`)."""
        backend = self.backend
        if backend is None or self.router.pytorch is not None:
            return
        if backend.variant == CPU and self.judged.trials.machine.value("os") == "darwin":
            return  # one build, whose version names none
        for package in self._of_backends:
            version = package.version
            if (
                version is None
                or version.local == backend.variant
                or not (version.local or package.name == TORCH)
            ):
                continue
            yield Note(
                where=f"{backend.origin} {backend.word}",
                text=f"With --no-index PyTorch's index is not asked, and --find-links have no build "
                f"{backend.variant} of {package.name} that would do: {package.name} {version} is taken. "
                f"Leave --no-index out, or put a file of {backend.variant} there.",
            )

    @property
    def places(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The addresses that the backend opened, each with the pinned projects that it is asked for."""
        opened = self.router.opened(package.name for package in self.judged.packages)
        return tuple(sorted(opened.items()))


def torch_of(settings: Settings, inputs: Inputs, machine: Machine, world: World) -> Torch:
    """The backends that the settings and the machine give. Raises UsageError for a word that is none."""
    indexes = tuple(map(as_known, settings.indexes))
    named = {index.name: index for index in (*indexes, *map(as_known, settings.explicit)) if index.name}
    markers = {**machine.markers, "extra": ""}
    wanted = [w for w in inputs.wanted if w.marker is None or w.marker.evaluate(markers)]
    exact = {w.name: version for w in wanted if w.name and (version := _exact(w.specifier)) is not None}
    router = Router(
        # uv's `[tool.uv.sources]`: a project that is pinned to an index is asked of that one alone.
        pinned={w.name: (named[w.index],) for w in inputs.wanted if w.name and w.index in named},
        indexes=indexes,
        python=(machine.value("abi") or "").rstrip("t"),
        arch=machine.value("arch") or "",
        known=exact,
    )
    setting = settings.get("torch-backend")
    unindexed = not any(index.kind == "simple" for index in settings.indexes)
    if setting is None or not setting.value:
        return Torch(router=router)
    mirror = settings.text("torch-index")
    word = backend_word(str(setting.value), setting.origin, mirrored=bool(mirror))
    notes: tuple[Note, ...] = ()
    label = None
    if word == AUTO:
        asked = [w.specifier for w in (*wanted, *inputs.constraints) if w.name == TORCH]
        installed = installed_torch(settings, machine)
        said = [v for one in asked if (v := _exact(one)) is not None and v.local]  # torch==2.8.0+cu126
        label = next((v.local for v in (*said, *([installed.version] if installed else ()))), None)
        public = [SpecifierSet(f"=={v.public}") for v in said] or asked
        found = variants_for(machine, public, first=label or "", lacks=_lacks)
        notes = (Note(where=setting.origin, text=found.note),) if found.note else ()
        variants = [
            Backend(word=word, origin=setting.origin, variant=name, why=found.reasons[name])
            for name in found.names
        ]
    else:
        variants = [Backend(word=word, origin=setting.origin, variant=word)]
    places = Places(cwd=world.cwd, environ=world.environ)
    asked_of = () if unindexed else variants
    return Torch(
        router=router,
        variants=tuple(variants),
        pytorch={one.variant: _pytorch(one.variant, settings, places) for one in asked_of},
        notes=notes,
        settled=bool(variants) and variants[0].variant == label,
        unindexed=unindexed,
    )


def _lacks(capability: str, cuda: str, torch: str) -> bool:
    """Whether builds of a torch for a CUDA have no code for a GPU."""
    return not supports(cuda, (capability,), torch)


def _exact(specifier: SpecifierSet) -> Version | None:
    """The version of `==1.0`; None for anything else."""
    parts = [part for part in specifier if part.operator == "==" and not part.version.endswith(".*")]
    return parse_version(parts[0].version) if parts else None


def _pytorch(variant: str, settings: Settings, places: Places) -> Index:
    """The index of a variant: PyTorch's own, or that of `torch-index`. Raises UsageError."""
    setting = settings.get("torch-index")
    known = place(PYTORCH)
    url, origin = known.url if known else "", "torch-backend"
    if setting is not None and setting.value:
        url, origin = str(setting.value), setting.origin
    if "{variant}" not in url:
        raise UsageError(
            "`torch-index` does not say where the variant stands.",
            where=origin,
            hint="Write {variant} in its place: https://HOST/whl/{variant}",
        )
    word = IndexWord(url=url.replace("{variant}", variant), name=f"pytorch-{variant}", origin=origin)
    return as_known(trusted(places.index(word), settings.trusted_hosts))


def installed_torch(settings: Settings, machine: Machine) -> Installed | None:
    """The torch to keep, None where there is none or the user ignores it."""
    setting = settings.get("installed-torch")
    version = parse_version(machine.value("torch") or "")
    if version is None or (setting is not None and setting.value == "ignore"):
        return None
    return Installed(version=version, fixed=setting is not None, origin=setting.origin if setting else "")


def kept_by_force(installed: Installed | None) -> Iterator[Ask]:
    """`--installed-torch keep`, said explicitly, is a constraint like any other."""
    if installed is not None and installed.fixed:
        text = f"=={installed.version.public}"
        yield Ask(
            project=TORCH,
            specifier=SpecifierSet(text),
            text=f"{TORCH}{text}",
            origin=f"{installed.origin} keep",
        )


# -- what becomes of the torch that is there ---------------------------------------------------------------


def replaced(
    packages: Sequence[Package], installed: Installed | None, asked: Iterable[Ask]
) -> Iterator[Finding]:
    """A finding where the plan has another torch than the target environment, or cannot have that one."""
    pinned = next((package.version for package in packages if package.name == TORCH), None)
    if installed is None or (pinned is None and all(ask.project != TORCH for ask in asked)):
        return
    there = installed.version
    if pinned is not None and pinned.public == there.public and pinned.local in (None, there.local):
        return
    place_of_word = (f"{installed.origin} keep",) if installed.fixed else ()
    if installed.fixed and (pinned is None or pinned.public != there.public):
        yield Finding(
            code="WP314",
            severity="error",
            project=TORCH,
            summary=f"{TORCH} {there} is installed and to be kept, and the requirements do not admit it.",
            remedy="say --installed-torch ignore, or change what asks for another version",
            evidence=place_of_word,
        )
    elif pinned is not None:
        yield Finding(
            code="WP314",
            severity="note",
            project=TORCH,
            summary=f"The plan replaces {TORCH} {there}, which is installed, with {pinned}.",
            remedy=f"what was built against {there} there must be built again",
            evidence=place_of_word,
        )


def unpublished(taken: Taken) -> Iterator[Finding]:
    """A finding where the backend's index serves nothing that the set wants, as it has no build for macOS.

    macOS has one build, which the index of `cpu` has, too. A mirror (`torch-index`) may have others.
    https://github.com/pytorch/test-infra/blob/main/tools/scripts/generate_binary_build_matrix.py
    """
    backend, judged = taken.backend, taken.judged
    if backend is None or backend.variant in ("", CPU) or judged.trials.machine.value("os") != "darwin":
        return
    pinned = {package.name for package in judged.packages}
    troubled = {ask.project for ask in judged.trials.roots.asks} | {
        found.project for found in judged.findings
    }
    lacking = [name for name in projects_of_backends() if name in troubled and name not in pinned]
    if lacking:
        yield Finding(
            code="WP316",
            severity="error",
            project=TORCH if TORCH in lacking else lacking[0],
            summary=f"PyTorch publishes no build {backend.variant} for macOS, which the plan is for.",
            remedy="say `--torch-backend cpu`, which is macOS' one build, or plan for another system",
            evidence=(f"{backend.origin} {backend.word}",),
        )
