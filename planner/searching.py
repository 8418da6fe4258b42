"""The resolution of what can be resolved: requirements that cannot be met are told, and set aside.

Joins the survey, the resolution and the way a clash is told; must not judge the files that were pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from packaging.utils import NormalizedName

from planner.choosing.trials import Trials
from planner.dists import Refusal
from planner.findings import Finding
from planner.knowledge.names import neighbours
from planner.page import Page
from planner.resolve.asks import Ask, Clash, Resolution, split_key
from planner.resolve.steer import Steer
from planner.resolve.survey import survey

__all__ = ["Search", "search_for"]

CLASHES_TO_TELL = 4
"""How often the requirements of a clash are set aside to look at the rest."""


@dataclass(slots=True)
class Search:
    """The resolution of what can be resolved (`asks`), with everything that had to be set aside."""

    asks: list[Ask] = field(default_factory=list)
    resolution: Resolution | None = None
    findings: list[Finding] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    refused: dict[str, Refusal] = field(default_factory=dict)


def search_for(trials: Trials, steer: Steer, say: Callable[[str], None]) -> Search:
    """Resolve the roots; what cannot be met is set aside, so that the rest can be looked at.

    `say` is told what is under way.
    """
    roots, catalog = trials.roots, trials.catalog
    search = Search(
        findings=list(roots.problems),
        set_aside=[_aside(found.evidence[0], found.project) for found in roots.problems],
    )
    asked_for = [ask for ask in roots.asks if ask.project not in roots.fixed]
    seen = tuple(dict.fromkeys(ask.project for ask in roots.asks))
    problems = survey(asked_for, catalog.page, trials.fits, lambda name: neighbours(name, seen))
    for finding in problems.values():
        search.findings.append(finding)
        search.set_aside.append(_aside(finding.evidence[0], finding.project))
    asks = [ask for ask in roots.asks if f"{ask.origin} {ask.project}" not in problems]
    for attempt in range(CLASHES_TO_TELL + 1):
        say("resolving")
        outcome = trials.resolve(asks, steer)
        search.refused.update({refusal.filename: refusal for refusal in outcome.refused})
        if isinstance(outcome, Resolution):
            search.asks, search.resolution = asks, outcome
            break
        contested = outcome.project and outcome.project not in roots.fixed
        page = catalog.page(NormalizedName(outcome.project)) if contested else None
        left = _set_aside(asks, outcome, search, page)
        if len(left) == len(asks) or not left or outcome.limit or attempt == CLASHES_TO_TELL:
            break
        asks = left
    return search


def _aside(origin: str, project: str) -> str:
    """What names a requirement that is set aside: its place tells nothing where all are of one line."""
    return f"{origin} {project}".strip()


def _set_aside(asks: Sequence[Ask], clash: Clash, search: Search, page: Page | None) -> list[Ask]:
    """Tell a clash, and take the root requirements that are part of it out of the way.

    `page` is the contested project's: when no index has it, or one did not answer, that is what is told.
    """
    nowhere = page is not None and not page.versions
    projects = {split_key(key)[0] for key in clash.roots}
    involved = [ask for ask in asks if ask.project in projects]
    places = tuple(dict.fromkeys(ask.origin for ask in involved))
    lone = len({ask.project for ask in involved}) == 1 and any("cannot be used" in x for x in clash.lines)
    if lone and any(refusal.unanswered for refusal in clash.refused):
        code, summary = "WP604", f"{involved[0].text} cannot be judged: an index did not answer"
    elif clash.limit:
        code, summary = "WP524", f"The search for a resolution {clash.limit}"
    elif lone:
        code, summary = "WP525", f"{involved[0].text} cannot be met"
    elif nowhere and page is not None and page.troubles:
        code, summary = "WP604", f"Whether there is a project named {clash.project} is not known"
        summary += f": {page.troubles[0].why.rstrip('.')}"
    elif nowhere:
        code, summary = "WP520", f"No index has a project named {clash.project}, which is needed"
    else:
        code, summary = "WP523", f"No version of {clash.project} serves all who ask for it"
    remedy = "widen or drop one of these requirements"
    if clash.limit or lone:
        remedy = ""
    elif nowhere:
        remedy = "add the index that serves it, or drop what asks for it"
    elif any("excluded by" in line for line in clash.lines):
        remedy = f"lift the setting that excludes files, or {remedy}"
    search.findings.append(
        Finding(
            code=code,
            severity="error",
            project=clash.project,
            summary=f"{summary}.",
            remedy=remedy,
            evidence=places,
            facts=clash.lines,
        )
    )
    search.set_aside.extend(_aside(ask.origin, ask.project) for ask in involved)
    return [ask for ask in asks if ask.project not in projects]
