"""What a candidate depends on, and whose metadata says so; knows core metadata, and chooses nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import Dist, Metadata, Reason, Refusal, Sdist, Wheel, parse_requirement
from planner.fits import Fits
from planner.page import Catalog
from planner.resolve.admission import applies
from planner.resolve.asks import Ask, Candidate, never

__all__ = ["Dependencies"]


class Dependencies:
    """The requirements of candidates; answers are remembered, so that identities are stable.

    `borrow` takes the metadata of an sdist from a wheel of its version, without reading the sdist.
    """

    def __init__(self, catalog: Catalog, fits: Fits, markers: Mapping[str, str], *, borrow: bool) -> None:
        self._catalog = catalog
        self._fits = fits
        self._markers = markers
        self._environment = tuple(sorted(markers.items()))
        self._borrow = borrow
        self._needs: dict[str, tuple[Ask, ...]] = {}
        self._metadata: dict[tuple[NormalizedName, Version | None], Metadata | Refusal] = {}

    def know(self, project: NormalizedName, version: Version | None, metadata: Metadata) -> None:
        """Take the metadata of what the user named himself."""
        self._metadata[project, version] = metadata

    def of(self, candidate: Candidate) -> tuple[Ask, ...]:
        """What a candidate asks for on the target."""
        key = f"{candidate.key} {candidate.version}"
        needs = self._needs.get(key)
        if needs is None:
            needs = self._needs[key] = tuple(self._dependencies(candidate))
        return needs

    def _dependencies(self, candidate: Candidate) -> Iterator[Ask]:
        metadata = self.metadata(candidate)
        if isinstance(metadata, Refusal):
            yield never(candidate, metadata.detail)
            return
        if not self._fits.takes_python(metadata.requires_python):
            here = self._fits.python
            yield never(candidate, f"requires Python {metadata.requires_python}, here {here}")
            return
        if candidate.extra is not None:
            exact = SpecifierSet(f"=={candidate.version}") if candidate.version else SpecifierSet()
            yield Ask(project=candidate.project, specifier=exact, text=f"{candidate.project}{exact}")
        if self._fits.policy.no_deps:
            return
        for text in metadata.requires:
            yield from self._ask(text, candidate.extra)

    def _ask(self, text: str, extra: NormalizedName | None) -> Iterator[Ask]:
        requirement = parse_requirement(text)
        if requirement is None:
            return  # the catalog refuses metadata with unreadable requirements: see `Refusal`
        if not applies(text, self._environment, extra):
            return
        project = canonicalize_name(requirement.name)
        shown = text.partition(";")[0].strip()
        yield Ask(project=project, specifier=requirement.specifier, text=shown)
        for name in sorted(requirement.extras):
            yield Ask(
                project=project,
                extra=canonicalize_name(name),
                specifier=requirement.specifier,
                text=shown,
            )

    def metadata(self, candidate: Candidate) -> Metadata | Refusal:
        """A candidate's metadata; of an sdist that cannot say, that of a wheel of the same version."""
        key = (candidate.project, candidate.version)
        found = self._metadata.get(key)
        if found is None:
            dist = candidate.dist
            if isinstance(dist, Wheel):
                found = self._catalog.metadata(dist)
            elif isinstance(dist, Sdist):
                found = self._sdist_metadata(dist)
            else:
                found = dist.metadata
            self._metadata[key] = found
        return found

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """Every file that the search had to pass over, by name."""
        found = (value for value in self._metadata.values() if isinstance(value, Refusal))
        return tuple(sorted(found, key=lambda refusal: refusal.filename))

    def _sdist_metadata(self, sdist: Sdist) -> Metadata | Refusal:
        sibling = self._fits.sibling(self._catalog.page(sdist.project), sdist.version)
        if self._borrow and sibling is not None:
            return self._catalog.metadata(sibling)
        reading = self._catalog.sdist(sdist, self._markers)
        if isinstance(reading, Refusal):
            return reading
        if reading.refuses:
            return _refusal(sdist, reading.refuses)
        own = reading.metadata
        if own.certain or not self._fits.takes_python(own.requires_python):
            return own
        borrowed = self._catalog.metadata(sibling) if sibling is not None else None
        if isinstance(borrowed, Metadata):
            return Metadata(
                project=sdist.project,
                version=sdist.version,
                requires=borrowed.requires,
                requires_python=own.requires_python,
                extras=borrowed.extras,
                source="sibling-wheel",
                where=borrowed.where,
            )
        return own


def _refusal(dist: Dist, detail: str) -> Refusal:
    return Refusal(filename=dist.filename, reason=Reason.REQUIRES_PYTHON, detail=detail)
