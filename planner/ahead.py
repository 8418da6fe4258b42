"""What is worth fetching before a resolution asks for it: the choices that it would make first.

Joins the judge of files with the prefetcher; must not resolve, and is never waited for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import Dist, Metadata, Wheel, parse_requirement
from planner.facts import Machine
from planner.fits import Fits
from planner.page import Page
from planner.resolve.admission import admitted, applies
from planner.resolve.steer import compiled_by_name
from planner.roots import Roots

if TYPE_CHECKING:
    from planner.indexes.catalog import IndexCatalog
    from planner.indexes.prefetch import Prefetcher

__all__ = ["first_choice", "following", "prefetcher"]


def first_choice(page: Page, specifier: str, fits: Fits) -> Dist | None:
    """The file that a resolution would take first: what is worth fetching ahead."""
    wanted = SpecifierSet(specifier)
    mode = fits.policy.prereleases_for(page.project)
    finals, others = admitted(wanted, page.versions, mode, explicit=True)
    newest = fits.policy.strategy == "highest"
    wheels = newest and fits.policy.prefer == "wheels"
    spared: Dist | None = None
    for version in (*sorted(finals, reverse=newest), *sorted(others, reverse=newest)):
        dist = fits.choose(page, version, yanked=specifier.startswith("=="))
        if dist is None:
            continue
        if not wheels or isinstance(dist, Wheel):
            return dist
        if spared is None:  # a resolution that prefers wheels would not even read it
            if not compiled_by_name(page, version):
                return dist
            spared = dist
    return spared


def following(
    metadata: Metadata, extras: frozenset[str], markers: tuple[tuple[str, str], ...]
) -> Iterator[tuple[NormalizedName, str, frozenset[str]]]:
    """What a distribution asks for on a target: (project, specifier, extras)."""
    for text in metadata.requires:
        requirement = parse_requirement(text)
        if requirement is None:
            continue
        wanted = (None, *(canonicalize_name(extra) for extra in sorted(extras)))
        if any(applies(text, markers, extra) for extra in wanted):
            named = frozenset(requirement.extras)
            yield canonicalize_name(requirement.name), str(requirement.specifier), named


def prefetcher(
    catalog: IndexCatalog,
    fits: Fits,
    machine: Machine,
    roots: Roots,
    keep: Mapping[NormalizedName, Version] = MappingProxyType({}),
) -> Prefetcher:
    """Threads that fetch what the resolution will want, by the choices that it would make first.

    `keep` are the versions that it tries before others, those of an earlier plan.
    """
    from planner.indexes.prefetch import Ask, Prefetcher  # noqa: PLC0415 (only a run over indexes has any)

    environment = tuple(sorted(machine.markers.items()))
    # What the user says of a project holds for whoever asks for it: without it the newest version of every
    # dependency that is pinned would be fetched in vain.
    said: dict[NormalizedName, dict[str, bool]] = {}
    for ask in (*roots.asks, *(ask for asks in roots.constraints.values() for ask in asks)):
        said.setdefault(ask.project, {})[ask.span.text] = ask.span.exact

    def narrowed(project: NormalizedName, specifier: str) -> str:
        known = said.get(project, {})
        if any(known.values()):
            return next(text for text, exact in known.items() if exact)
        return ",".join(dict.fromkeys(text for text in (*known, specifier) if text))

    def choose(page: Page, specifier: str) -> Dist | None:
        kept = keep.get(page.project)
        if kept is not None and SpecifierSet(specifier).contains(kept, prereleases=True):
            dist = fits.choose(page, kept, yanked=specifier.startswith("=="))
            if isinstance(dist, Wheel):
                return dist
        return first_choice(page, specifier, fits)

    def follow(metadata: Metadata, extras: frozenset[str]) -> list[Ask]:
        if fits.policy.no_deps:
            return []
        return [
            Ask(project, narrowed(project, specifier), named)
            for project, specifier, named in following(metadata, extras, environment)
            if project not in roots.fixed
        ]

    ahead = Prefetcher(catalog, choose, follow, markers=machine.markers)
    for ask in roots.asks:
        if ask.project not in roots.fixed:
            extras = frozenset({ask.extra} if ask.extra else ())
            ahead.ahead(ask.project, narrowed(ask.project, ""), extras)
    return ahead
