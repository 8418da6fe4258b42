"""Root requirements: from what the user wrote to asks and to fixed candidates; must not resolve.

A requirement that names an address, an archive, a directory or a repository fixes its project's only
candidate. Reading them is the caller's (`direct`, `tree`); nothing is built or cloned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from planner.dists import Dist, Metadata, Reason, Refusal, SdistReading, Tree
from planner.findings import Finding
from planner.inputs.localproject import LocalProject
from planner.resolve.asks import Ask, Fixed
from planner.wanted import Source, Wanted

__all__ = ["Roots", "Sources", "read_build_constraints", "read_roots"]

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """How what a requirement names is read: all of them answer with values."""

    direct: Callable[[str, NormalizedName | None], Dist | Refusal]
    metadata: Callable[[Dist], Metadata | SdistReading | Refusal]
    archive: Callable[[str, NormalizedName], SdistReading | Refusal]
    tree: Callable[[str], LocalProject | Refusal]
    shown_path: Callable[[str], str]


@dataclass(slots=True)
class Roots:
    """What the resolution starts from; `problems` are requirements that cannot even be looked at."""

    asks: list[Ask] = field(default_factory=list)
    fixed: dict[NormalizedName, Fixed] = field(default_factory=dict)
    constraints: dict[NormalizedName, list[Ask]] = field(default_factory=dict)
    build_constraints: dict[NormalizedName, list[Ask]] = field(default_factory=dict)
    hashes: dict[NormalizedName, frozenset[str]] = field(default_factory=dict)
    indexes: dict[NormalizedName, str] = field(default_factory=dict)
    readings: dict[NormalizedName, SdistReading] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    wanted: tuple[Wanted, ...] = ()
    wanted_constraints: tuple[Wanted, ...] = ()


def read_roots(
    wanted: Iterable[Wanted], constraints: Iterable[Wanted], markers: Mapping[str, str], sources: Sources
) -> Roots:
    """Everything that applies on the target, by its markers."""
    roots = Roots(wanted=tuple(wanted), wanted_constraints=tuple(constraints))
    environment = {**markers, "extra": ""}
    for one in roots.wanted:
        if one.marker is None or one.marker.evaluate(environment):
            _add(roots, one, sources)
    for one in roots.wanted_constraints:
        if one.name is None or (one.marker is not None and not one.marker.evaluate(environment)):
            continue
        if one.source is not None:
            _fix(roots, one, one.source, sources)
        else:
            roots.constraints.setdefault(one.name, []).append(_ask(one, one.name, one.specifier))
        _allow(roots, one, one.name)
    return roots


def read_again(roots: Roots, here: Mapping[str, str], there: Mapping[str, str]) -> Roots | None:
    """The same requirements for other markers, nothing read anew; None where that would be needed.

    Some lines apply in one place only: an address that was not read here says nothing there.
    """
    if not roots.wanted:
        return roots
    again = Roots(wanted=roots.wanted, wanted_constraints=roots.wanted_constraints)
    again.fixed, again.indexes = dict(roots.fixed), dict(roots.indexes)
    again.hashes = {name: digests for name, digests in roots.hashes.items() if name in roots.fixed}
    everything = [(one, False) for one in roots.wanted] + [(one, True) for one in roots.wanted_constraints]
    for one, constrains in everything:
        applied, applies = (
            one.marker is None or one.marker.evaluate({**markers, "extra": ""}) for markers in (here, there)
        )
        if one.source is not None:
            if applied != applies:
                return None
            again.asks += [] if constrains else [ask for ask in roots.asks if _is_of(ask, one)]
        elif applies and one.name is not None:
            if constrains:
                again.constraints.setdefault(one.name, []).append(_ask(one, one.name, one.specifier))
            else:
                extras = (None, *sorted(one.extras))
                again.asks += [_ask(one, one.name, one.specifier, extra) for extra in extras]
            if one.name not in roots.fixed:
                _allow(again, one, one.name)
    return again


def _is_of(ask: Ask, one: Wanted) -> bool:
    return ask.origin == one.origin and ask.text == _text(one)


def read_build_constraints(
    wanted: Iterable[Wanted], markers: Mapping[str, str]
) -> dict[NormalizedName, list[Ask]]:
    """What the user says of build requirements (pip's and uv's `--build-constraint`), by project."""
    environment = {**markers, "extra": ""}
    found: dict[NormalizedName, list[Ask]] = {}
    for one in wanted:
        if one.name is not None and (one.marker is None or one.marker.evaluate(environment)):
            found.setdefault(one.name, []).append(_ask(one, one.name, one.specifier))
    return found


def _add(roots: Roots, one: Wanted, sources: Sources) -> None:
    name, specifier = one.name, one.specifier
    if one.source is not None:
        name = _fix(roots, one, one.source, sources)
        specifier = SpecifierSet()
    if name is None:
        return
    roots.asks.append(_ask(one, name, specifier))
    roots.asks.extend(_ask(one, name, specifier, extra) for extra in sorted(one.extras))
    if one.index:
        roots.indexes[name] = one.index
    _allow(roots, one, name)


def _ask(
    one: Wanted, name: NormalizedName, specifier: SpecifierSet, extra: NormalizedName | None = None
) -> Ask:
    return Ask(project=name, extra=extra, specifier=specifier, text=_text(one), origin=one.origin)


def _text(one: Wanted) -> str:
    return one.text.partition(";")[0].partition(" --")[0].strip() or one.text


def _allow(roots: Roots, one: Wanted, name: NormalizedName) -> None:
    """pip: a file must match one of the hashes that every requirement of its project gives."""
    digests = frozenset(text.partition(":")[2] for text in one.hashes if text.startswith("sha256:"))
    if digests:
        known = roots.hashes.get(name)
        roots.hashes[name] = digests if known is None else known & digests


def _fix(roots: Roots, one: Wanted, source: Source, sources: Sources) -> NormalizedName | None:
    if source.kind == "vcs":
        return _fix_repository(roots, one, source, sources)
    if source.kind == "directory":
        return _fix_directory(roots, one, source, sources)
    digests = [text.partition(":")[2] for text in one.hashes if text.startswith("sha256:")]
    fragment = f"#sha256={digests[0]}" if len(digests) == 1 else ""
    dist = sources.direct(source.url + fragment, one.name)
    if isinstance(dist, Refusal):
        _refuse(roots, one, dist, source)
        return None
    said = sources.metadata(dist)
    if isinstance(said, Refusal):
        _refuse(roots, one, said, source)
        return None
    if isinstance(said, SdistReading):
        roots.readings[dist.project] = said
        said = said.metadata
    roots.fixed[dist.project] = Fixed(dist=dist, metadata=said, origin=one.origin)
    return dist.project


def _fix_directory(roots: Roots, one: Wanted, source: Source, sources: Sources) -> NormalizedName | None:
    said = sources.tree(source.path)
    if isinstance(said, Refusal):
        _refuse(roots, one, said, source)
        return None
    name = one.name or said.name
    if name is None:
        detail = "its name is stated in no static file (pyproject.toml, setup.cfg), and nothing is run"
        refusal = Refusal(filename=source.shown, reason=Reason.METADATA, detail=detail)
        _refuse(roots, one, refusal, source)
        return None
    metadata = said.metadata(name)
    tree = Tree(
        project=name,
        version=metadata.version,
        kind="directory",
        metadata=metadata,
        path=sources.shown_path(source.path),
        subdirectory=source.subdirectory,
        editable=one.editable,
    )
    roots.fixed[name] = Fixed(dist=tree, metadata=metadata, origin=one.origin)
    roots.readings[name] = SdistReading(
        metadata=metadata, backend=said.backend, build_requires=said.build_requires
    )
    return name


# A host's own archive of a commit spares the clone: (host, what stands after the repository's address).
# https://docs.github.com/en/repositories/working-with-files/using-files/downloading-source-code-archives
# https://docs.gitlab.com/api/repositories/ (the web address of "Download source code")
_ARCHIVES = {"github.com": "/archive/{revision}.tar.gz", "gitlab.com": "/-/archive/{revision}/source.tar.gz"}


def archive_url(source: Source) -> str:
    """Where the host of a repository serves the tree of a revision as an archive, or "".

    >>> from planner.wanted import Source
    >>> url = "https://github.com/o/r.git"
    >>> archive_url(Source(kind="vcs", url=url, shown=url, vcs="git", revision="v1"))
    'https://github.com/o/r/archive/v1.tar.gz'
    """
    host = urlsplit(source.shown).hostname or ""
    if source.vcs != "git" or host not in _ARCHIVES or source.subdirectory:
        return ""
    base = source.url.rstrip("/").removesuffix(".git")
    return base + _ARCHIVES[host].format(revision=source.revision or "HEAD")


def _fix_repository(roots: Roots, one: Wanted, source: Source, sources: Sources) -> NormalizedName | None:
    if one.name is None:
        roots.problems.append(
            Finding(
                code="WP702",
                severity="error",
                project="",
                summary=f"The repository {source.shown} names no project, and it is not cloned to find out.",
                remedy=f"write `NAME @ {source.vcs}+{source.shown}`",
                evidence=(one.origin,),
            )
        )
        return None
    metadata = Metadata(
        project=one.name,
        version=None,
        source="none",
        certain=False,
        doubt="it lies in a repository, which is not cloned",
        where=source.shown,
    )
    archive = archive_url(source)
    reading = sources.archive(archive, one.name) if archive else None
    if isinstance(reading, SdistReading):
        metadata = reading.metadata
        roots.readings[one.name] = reading
    tree = Tree(
        project=one.name,
        version=None,
        kind="vcs",
        metadata=metadata,
        url=source.shown,
        vcs=source.vcs,
        commit=source.revision if _COMMIT.match(source.revision) else "",
        requested=source.revision,
        subdirectory=source.subdirectory,
        editable=one.editable,
    )
    roots.fixed[one.name] = Fixed(dist=tree, metadata=metadata, origin=one.origin)
    return one.name


def _refuse(roots: Roots, one: Wanted, refusal: Refusal, source: Source) -> None:
    roots.problems.append(
        Finding(
            code="WP604" if refusal.unanswered else "WP525",
            severity="error",
            project=one.name or "",
            summary=f"{source.shown} cannot be used: {refusal.detail.rstrip('.')}.",
            evidence=(one.origin,),
        )
    )
