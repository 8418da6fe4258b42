"""Which files, versions and indexes the user allows, in pip's and uv's words; must not read settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from packaging.utils import NormalizedName

__all__ = [
    "MAX_HELD_BACK",
    "Formats",
    "Index",
    "IndexStrategy",
    "Policy",
    "Preference",
    "Prereleases",
    "Strategy",
]

Prereleases: TypeAlias = Literal["disallow", "allow", "if-necessary", "explicit", "if-necessary-or-explicit"]
Strategy: TypeAlias = Literal["highest", "lowest", "lowest-direct"]
Preference: TypeAlias = Literal["wheels", "newest"]
IndexStrategy: TypeAlias = Literal["first-index", "unsafe-first-match", "unsafe-best-match"]


MAX_HELD_BACK = timedelta(days=730)
"""For how long newer versions may have been out that a wheel is preferred to, where nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A place that serves distributions.

    `simple` is an index in the sense of PEP 503/691 (over http(s) or file:); `links` is a find-links page
    or folder, whose files join those of the other indexes. `url` may hold credentials: only
    `planner.indexes.fetch` may use it as it is, all others show `shown`. `origin` says which setting named
    it. Earlier in the tuple is asked first. One that is
    `beside` joins the others, as find-links do: it is known to serve a project, and asked for that one alone.
    `absent` are statuses by which it says, as by 404, that it has no such project.
    """

    url: str
    shown: str
    name: str = ""
    kind: Literal["simple", "links"] = "simple"
    origin: str = ""
    trusted: bool = False
    beside: bool = False
    absent: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """pip's `--no-binary`/`--only-binary` for one project, after all settings are joined."""

    wheels: bool = True
    sdists: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The user's choice of files and versions, in pip's and uv's own words.

    `only_binary` and `no_binary` hold normalised names or `:all:`. A name said explicitly beats `:all:` of
    the other kind, as in pip; so do `all_releases` and `only_final`, which beat `prereleases`.
    `exclude_newer` drops files uploaded at or after that moment (as uv; a file without an upload time is
    kept only when no cut-off is set, as uv does).
    `prefer` is ours: a version with a wheel before newer ones that compile, unless those have been out for
    longer than `max_held_back`; or the newest, as pip and uv take it. `build_reasons` tell why source builds
    are allowed, by project, where the user gave a reason.
    """

    only_binary: frozenset[str] = frozenset()
    no_binary: frozenset[str] = frozenset()
    prefer_binary: bool = False
    prereleases: Prereleases = "if-necessary-or-explicit"
    all_releases: frozenset[str] = frozenset()
    only_final: frozenset[str] = frozenset()
    exclude_newer: datetime | None = None
    strategy: Strategy = "highest"
    index_strategy: IndexStrategy = "first-index"
    no_deps: bool = False
    require_hashes: bool = False
    allow_builds: frozenset[str] = frozenset()
    build_reasons: tuple[tuple[str, str], ...] = ()
    prefer: Preference = "wheels"
    max_held_back: timedelta = MAX_HELD_BACK

    def why_allowed(self, project: NormalizedName) -> str | None:
        """The user's reason to accept a project's source build ("": none); None where it is not accepted."""
        if not self.allow_builds & {project, ":all:"}:
            return None
        reasons = dict(self.build_reasons)
        return reasons.get(project) or (reasons.get(":all:", "") if ":all:" in self.allow_builds else "")

    def prereleases_for(self, project: NormalizedName) -> Prereleases:
        """Whether its pre-releases may be used: what is said of it, else of all, else `prereleases`."""
        if project in self.all_releases:
            return "allow"
        if project in self.only_final:
            return "disallow"
        if ":all:" in self.all_releases:
            return "allow"
        return "disallow" if ":all:" in self.only_final else self.prereleases

    def formats(self, project: NormalizedName) -> Formats:
        """Which kinds of files may be used for that project.

        >>> policy = Policy(only_binary=frozenset({":all:"}), no_binary=frozenset({"lxml"}))
        >>> policy.formats("lxml"), policy.formats("numpy")
        (Formats(wheels=False, sdists=True), Formats(wheels=True, sdists=False))
        """
        if project in self.only_binary:
            return Formats(sdists=False)
        if project in self.no_binary:
            return Formats(wheels=False)
        return Formats(wheels=":all:" not in self.no_binary, sdists=":all:" not in self.only_binary)
