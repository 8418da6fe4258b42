"""Why there is no resolution, in sentences; knows who asked for what, and must not search again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from resolvelib.structs import RequirementInformation

from planner.resolve.asks import Ask, Candidate, Clash
from planner.resolve.provider import Provider

__all__ = ["explain_clash"]


def explain_clash(
    causes: Collection[RequirementInformation[Ask, Candidate]],
    parents: Mapping[str, Sequence[tuple[Ask, Candidate | None]]],
    provider: Provider,
) -> Clash:
    """The last conflict in sentences: each requirement, who brought it, up to the user's own line."""
    unusable = [cause.requirement for cause in causes if cause.requirement.never]
    asks = {(cause.requirement.key, cause.requirement.text): cause for cause in causes}
    lines: list[str] = []
    roots: set[str] = set()
    for cause in asks.values():
        links = [(cause.requirement, cause.parent), *_chain(cause.parent, parents)]
        lines.extend(_sentence(ask, parent) for ask, parent in links)
        roots |= {ask.key for ask, parent in links if parent is None}
    contested = sorted({cause.requirement.project for cause in causes if not cause.requirement.never})
    for project in contested:
        lines.extend(
            provider.why_none(project, [c.requirement for c in causes if c.requirement.project == project])
        )
    name = contested[0] if contested else (unusable[0].project if unusable else "")
    return Clash(project=name, lines=tuple(dict.fromkeys(lines)), roots=frozenset(roots))


def _sentence(ask: Ask, parent: Candidate | None) -> str:
    if ask.never:
        return f"{parent} cannot be used: {ask.never}." if parent else f"{ask.text}."
    if parent is None:
        return f"{ask.origin} asks for {ask.text}."
    return f"{parent} needs {ask.text}."


def _chain(
    candidate: Candidate | None, parents: Mapping[str, Sequence[tuple[Ask, Candidate | None]]]
) -> Iterator[tuple[Ask, Candidate | None]]:
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
