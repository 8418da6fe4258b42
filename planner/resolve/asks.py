"""The values of a resolution: what is asked for, a candidate, a pin, a clash; must not search or fetch."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Dist, Metadata, Pin, Refusal, Tree

__all__ = [
    "Ask",
    "Candidate",
    "Clash",
    "Fixed",
    "Outcome",
    "Resolution",
    "never",
    "split_key",
]


@dataclass(frozen=True, eq=False, slots=True)
class Span:
    """A specifier with what a search asks of it again and again: hashing `SpecifierSet`s took a third of it.

    `exact` is pip's `is_pinned` (`==1.0`, not `==1.*`), `bounded` an upper bound (`<2`, `~=1.4`).
    """

    specifier: SpecifierSet
    text: str
    exact: bool
    bounded: bool
    _admits: dict[Version, bool] = field(default_factory=dict, repr=False)

    def admits(self, version: Version) -> bool:
        """Whether a version satisfies it (pre-releases were judged when the version was chosen)."""
        answer = self._admits.get(version)
        if answer is None:
            answer = self._admits[version] = self.specifier.contains(version, prereleases=True)
        return answer


@lru_cache(maxsize=20_000)
def span_of(text: str) -> Span:
    """The span of a specifier's text, the same object each time."""
    specifier = SpecifierSet(text)
    parts = [(part.operator, part.version.endswith(".*")) for part in specifier]
    return Span(
        specifier,
        text,
        exact=any(operator == "===" or (operator == "==" and not prefix) for operator, prefix in parts),
        bounded=any(
            operator in ("<", "<=", "~=") or (operator == "==" and prefix) for operator, prefix in parts
        ),
    )


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Ask:
    """One requirement as the resolution sees it: a project (or one of its extras) in some versions.

    `text` is what a reader sees, `origin` the place of a root requirement ("" for a dependency). `never` is
    set where the asking candidate cannot be used at all, and says why.
    """

    project: NormalizedName
    extra: NormalizedName | None = None
    specifier: SpecifierSet
    text: str
    origin: str = ""
    never: str = ""
    span: Span = field(init=False, repr=False)
    key: str = field(init=False, repr=False)
    """The identifier for resolvelib: one per project and per extra of it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "span", span_of(str(self.specifier)))
        object.__setattr__(self, "key", f"{self.project}[{self.extra}]" if self.extra else self.project)

    def admits(self, version: Version | None) -> bool:
        """As `Span.admits`; a version that is not known (a repository's) is admitted."""
        return version is None or self.span.admits(version)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Fixed:
    """A project whose only candidate the user named: a URL, an archive, a directory, a repository."""

    dist: Dist | Tree
    metadata: Metadata
    origin: str


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Candidate:
    """A version of a project (or of one extra of it), with the file that would be installed."""

    project: NormalizedName
    extra: NormalizedName | None
    version: Version | None
    dist: Dist | Tree

    key: str = field(init=False, repr=False)
    """As `Ask.key`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", f"{self.project}[{self.extra}]" if self.extra else self.project)

    def __str__(self) -> str:
        return f"{self.project} {self.version}" if self.version else self.project


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Pins, sorted by project, what the search cost, and the files that were passed over on the way."""

    pins: tuple[Pin, ...]
    rounds: int
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Why there is no resolution: `project` is what cannot be chosen, `lines` are sentences.

    `roots` are the keys of the root requirements that take part in what is told: often, not always, these
    alone clash. `around` are those of all conflicts of the search, `projects` all that was told of.
    `limit` is set when the search was given up (rounds or seconds) rather than exhausted. `open` are the
    projects that were told of in some of several versions (and how many were not), `unusable` says that a
    file cannot be used. `first` is the first conflict met (of the newest versions), if it is another.
    """

    project: str
    lines: tuple[str, ...]
    roots: frozenset[str] = frozenset()
    limit: str = ""
    refused: tuple[Refusal, ...] = ()
    rounds: int = 0
    around: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    open: tuple[tuple[NormalizedName, int], ...] = ()
    unusable: bool = False
    first: Clash | None = None


Outcome: TypeAlias = Resolution | Clash


def split_key(key: str) -> tuple[NormalizedName, NormalizedName | None]:
    """The project and extra of a key.

    >>> split_key("a"), split_key("a[fast]")
    (('a', None), ('a', 'fast'))
    """
    project, _, extra = key.partition("[")
    return NormalizedName(project), NormalizedName(extra.rstrip("]")) if extra else None


def never(candidate: Candidate, why: str) -> Ask:
    """A requirement that nothing satisfies, so that resolvelib turns to the next candidate."""
    return Ask(
        project=NormalizedName(f"{candidate} cannot be used"),
        specifier=SpecifierSet(),
        text=why,
        never=why,
    )
