"""Why there is no resolution, in sentences; knows who asked for what, and must not search again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from packaging.utils import NormalizedName
from packaging.version import Version
from resolvelib.structs import RequirementInformation

from planner.resolve.asks import Ask, Candidate, Clash
from planner.resolve.provider import Provider

__all__ = ["explain_clash", "root_keys"]

Parents = Mapping[str, Sequence[tuple[Ask, Candidate | None]]]


def explain_clash(
    causes: Collection[RequirementInformation[Ask, Candidate]], parents: Parents, provider: Provider
) -> Clash:
    """One conflict in sentences: for each requirement the chain from the user's own line down to it."""
    causes = _telling(causes, provider)
    unusable = [cause.requirement for cause in causes if cause.requirement.never]
    chains = [chain for cause in causes if (chain := [*_links(cause, parents)][::-1])]
    chains.sort(key=lambda chain: _line(chain[0][0].origin))
    lines: list[str] = []
    several: dict[NormalizedName, set[Version]] = {}
    roots: set[str] = set()
    for chain in chains:
        brought: Ask | None = None
        for ask, parent in chain:
            others = _others(brought, parent, provider)
            if parent is not None and len(others) > 1:
                several.setdefault(parent.project, set(others)).discard(parent.version or others[0])
            lines.append(_sentence(ask, parent, others))
            if ask.project != chain[-1][0].project:
                lines.extend(_constraints(ask.project, provider))
            brought = ask
        roots |= {ask.key for ask, parent in chain if parent is None}
    told = {ask.project for chain in chains for ask, _ in chain if not ask.never}
    told |= {parent.project for chain in chains for _, parent in chain if parent is not None}
    contested = sorted({cause.requirement.project for cause in causes if not cause.requirement.never})
    for project in contested:
        wanted = [chain[-1][0] for chain in chains if chain[-1][0].project == project]
        lines.extend(provider.why_none(project, wanted))
        if len(contested) == 1:
            lines.extend(_admitted(project, wanted, provider))
    name = contested[0] if contested else ""
    if unusable and not contested:
        name = next((str(c.parent.project) for c in causes if c.parent is not None), unusable[0].project)
    return Clash(
        project=name,
        lines=tuple(dict.fromkeys(lines)),
        roots=frozenset(roots),
        projects=frozenset(told),
        open=tuple(sorted((project, len(left)) for project, left in several.items())),
        unusable=bool(unusable),
    )


def _telling(
    causes: Collection[RequirementInformation[Ask, Candidate]], provider: Provider
) -> list[RequirementInformation[Ask, Candidate]]:
    """The causes that make the conflict: of several versions that fail the first, and no bystanders.

    A conflict comes with everything that was asked of the contested project, by each version that was tried.
    """
    groups: dict[str, dict[tuple[str, str], RequirementInformation[Ask, Candidate]]] = {}
    asking: dict[tuple[str, str], Candidate | None] = {}
    for cause in causes:
        ask, parent = cause.requirement, cause.parent
        who = "" if parent is None else parent.key
        if asking.setdefault((ask.key, who), parent) is parent:
            groups.setdefault(ask.key, {}).setdefault((who, ask.text), cause)
    kept = []
    for group in groups.values():
        some = [*group.values()]
        project = some[0].requirement.project
        if len(some) > 2 and project not in provider.fixed and not any(c.requirement.never for c in some):
            for cause in reversed(some):
                fewer = [other for other in some if other is not cause]
                if len(fewer) > 1 and not provider.usable(project, [c.requirement for c in fewer]):
                    some = fewer
        kept += some
    return kept


def _line(origin: str) -> tuple[str, int]:
    """The order of `requirements.txt:9` and `requirements.txt:10`."""
    path, _, line = origin.rpartition(":")
    return (path, int(line)) if line.isdigit() else (origin, 0)


def root_keys(keys: Iterable[str], parents: Parents) -> frozenset[str]:
    """The keys of the root requirements that anything of these was ever brought in by."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = sorted(keys)
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        for _, parent in parents.get(key, ()):
            if parent is None:
                found.add(key)
            else:
                waiting.append(parent.key)
    return frozenset(found)


def _others(brought: Ask | None, parent: Candidate | None, provider: Provider) -> tuple[Version, ...]:
    """The versions that what brought a candidate in would admit: it may be one of several."""
    if parent is None or brought is None or parent.version is None or parent.project in provider.fixed:
        return ()
    return provider.usable(parent.project, [brought])


def _sentence(ask: Ask, parent: Candidate | None, others: Sequence[Version]) -> str:
    who = "" if parent is None else f"{parent.key} {parent.version or ''}".rstrip()
    if parent is not None and len(others) > 1:
        which = "the newest" if parent.version == max(others) else "one"
        who = f"{who}, {which} of {len(others)} versions that this admits,"
    if ask.never:
        return f"{who} cannot be used: {ask.never.rstrip('.')}." if parent else f"{ask.text}."
    if parent is None:
        return f"{ask.origin} asks for {ask.text}."
    return f"{who} needs {ask.text}."


def _constraints(project: NormalizedName, provider: Provider) -> Iterator[str]:
    """What constrains a project on the way (of the contested one, `why_none` tells it)."""
    for constraint in provider.constrained(project):
        yield f"{constraint.origin} constrains {project} to {constraint.span.text}."


def _admitted(project: NormalizedName, asks: Sequence[Ask], provider: Provider) -> Iterator[str]:
    """Which versions each side of a clash of ranges admits: that tells how far apart they are."""
    asks = [*asks, *provider.constrained(project)]
    sides = {ask.span.text: ask for ask in asks if ask.span.text and not ask.span.exact}
    if project in provider.fixed or len({ask.span.text for ask in asks}) < 2:
        return
    told = []
    for text, ask in sorted(sides.items()):
        versions = provider.usable(project, [ask], alone=True)
        if versions:
            low, high = min(versions), max(versions)
            told.append(f"{text} admits {low}" + (f" to {high}" if low != high else " alone"))
    if told:
        yield f"Of {project}, {'; '.join(told)}."


def _links(
    cause: RequirementInformation[Ask, Candidate], parents: Parents
) -> Iterator[tuple[Ask, Candidate | None]]:
    """From a requirement up to the user's line; that an extra needs its own project goes without saying."""
    if cause.parent is None or cause.parent.project != cause.requirement.project:
        yield cause.requirement, cause.parent
    yield from _chain(cause.parent, parents)


def _chain(candidate: Candidate | None, parents: Parents) -> Iterator[tuple[Ask, Candidate | None]]:
    """Who brought a candidate in, up to a root requirement (whose parent is None)."""
    told: set[str] = set()
    while candidate is not None and candidate.key not in told:
        told.add(candidate.key)
        version = candidate.version
        brought = [
            (ask, parent)
            for ask, parent in parents.get(candidate.key, ())
            if ask.admits(version) and (parent is None or parent.project != candidate.project)
        ]
        if not brought and candidate.extra is None:
            brought = [pair for pair in parents.get(candidate.project, ()) if pair[1] is not None]
        if not brought:
            return
        ask, parent = min(brought, key=lambda pair: pair[1] is not None)
        yield ask, parent
        candidate = parent
