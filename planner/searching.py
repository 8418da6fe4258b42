"""The resolution of what can be resolved: requirements that cannot be met are told, and set aside.

Joins the survey, the resolution, the clashes and the ways out of them; must not judge the files that were
pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from packaging.utils import NormalizedName

from planner.choosing.clashes import Core, smallest, story_of, units_of
from planner.choosing.pythons import python_with_files
from planner.choosing.trials import Trials
from planner.choosing.waysout import Outlook, WaysOut
from planner.dists import Refusal
from planner.findings import Finding
from planner.knowledge.names import neighbours
from planner.page import Page
from planner.resolve.asks import Ask, Clash, Resolution
from planner.resolve.steer import Steer
from planner.resolve.survey import NO_VERSION, USE_ANOTHER, survey

__all__ = ["Search", "search_for"]

CLASHES_TO_TELL = 10
"""How often the requirements of a clash are set aside to look at the rest."""


OF_PYTHON = ("WP120", "WP522")
"""Findings on a requirement that another Python may mend: no file fits, or none takes this one."""


NAMED = 4
"""Requirements in the one sentence on a clash; the others stand in its story."""


QUARREL = "This mends this clash alone: together with the first way out of the others it does not resolve."


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

    `say` is told what is under way. The attempts at parts of a clash have a budget of their own, so that they
    leave that of `trials` to the choice among resolutions.
    """
    trials = _own_budget(trials)
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
    cores, settled = _resolved(trials, steer, asks, search, say)
    ways = None
    if cores and settled:
        say("looking for ways out of what clashes")
        base = search.resolution.pins if search.resolution else ()
        ways = WaysOut(trials=trials, steer=steer, rest=search.asks, base=base)
    told = _clashes(trials, cores, ways)
    search.findings = [*_with_python(trials, steer, search.findings, cores), *told]
    return search


def _own_budget(trials: Trials) -> Trials:
    own = replace(trials, attempts=0, rounds=0, cut=False)
    own.natives = trials.natives
    return own


def _resolved(
    trials: Trials, steer: Steer, asks: list[Ask], search: Search, say: Callable[[str], None]
) -> tuple[list[Core], bool]:
    """The clashes, each set aside before the rest is resolved, and whether nothing of that was left open.

    The resolution of the rest goes into `search`.
    """
    cores: list[Core] = []
    while asks or not cores:
        say("resolving")
        outcome = trials.resolve(asks, steer)
        search.refused.update({refusal.filename: refusal for refusal in outcome.refused})
        if isinstance(outcome, Resolution):
            search.asks, search.resolution = asks, outcome
            return cores, True
        say("finding out what clashes")
        core = smallest(trials, asks, outcome, steer)
        if core is None:
            search.findings.append(_given_up(outcome))
            return cores, False
        cores.append(core)
        search.set_aside.extend(_aside(unit.place, unit.project) for unit in core.units)
        apart = {ask for unit in core.units for ask in unit.asks}
        asks = [ask for ask in asks if ask not in apart]
        if len(cores) > CLASHES_TO_TELL:
            return cores, False
    return cores, True


def _with_python(
    trials: Trials, steer: Steer, findings: list[Finding], cores: list[Core]
) -> Iterator[Finding]:
    """The findings; those that another Python would mend with the one for which the set resolves."""
    lacking = {NormalizedName(found.project) for found in findings if found.code in OF_PYTHON}
    if not lacking:
        yield from findings
        return
    others = {(found.project, place) for found in findings for place in found.evidence}
    units = units_of(trials.roots.asks, trials.roots)
    apart = [unit for core in cores for unit in core.units]
    apart += [unit for unit in units if unit.project not in lacking and (unit.project, unit.place) in others]
    way = python_with_files(trials, steer, lacking, apart)
    for found in findings:
        own = way if found.code in OF_PYTHON else ""
        if not way and found.code in OF_PYTHON and len(lacking) > 1:
            more = [unit for unit in units if unit.project in lacking and unit.project != found.project]
            own = python_with_files(trials, steer, {NormalizedName(found.project)}, [*apart, *more])
        yield replace(found, remedy=_joined(found.remedy, own)) if own else found


def _joined(remedy: str, way: str) -> str:
    if remedy in ("", USE_ANOTHER):
        return way
    return f"{remedy}; {way}" if remedy == NO_VERSION else f"{remedy}; or {way}"


def _aside(origin: str, project: str) -> str:
    """What names a requirement that is set aside: its place tells nothing where all are of one line."""
    return f"{origin} {project}".strip()


def _given_up(clash: Clash) -> Finding:
    return Finding(
        code="WP524",
        severity="error",
        project=clash.project,
        summary=f"The search for a resolution {clash.limit}.",
        facts=clash.lines,
    )


def _clashes(trials: Trials, cores: list[Core], ways: WaysOut | None) -> list[Finding]:
    """The clashes as findings; what mends each of them by itself may not mend all."""
    told = [_told(trials, core, ways) for core in cores]
    outlooks = [outlook for _, outlook in told]
    quarrel = ways is not None and len(cores) > 1 and ways.quarrel(cores, outlooks)
    return [replace(found, facts=(*found.facts, *[QUARREL] * quarrel)) for found, _ in told]


def _told(trials: Trials, core: Core, ways: WaysOut | None) -> tuple[Finding, Outlook]:
    """A clash as a finding: what it is, its story, and the ways out that were checked."""
    story = story_of(core)
    contested = story.project and story.project not in trials.roots.fixed
    page = trials.catalog.page(NormalizedName(story.project)) if contested else None
    code, summary = _headline(core, story, page)
    outlook = ways.of(core) if ways is not None and code != "WP604" else Outlook()
    # What a setting or an index would mend cannot be checked here; it is said all the same.
    setting = ""
    if code == "WP520":
        setting = "add the index that serves it"
    elif any("excluded by" in line for line in story.lines):
        setting = "lift the setting that excludes files"
    remedy, *others = [*filter(None, [setting]), *outlook.ways] or [""]
    found = Finding(
        code=code,
        severity="error",
        project=story.project,
        summary=f"{summary}.",
        remedy=remedy,
        evidence=tuple(dict.fromkeys(unit.place for unit in (*core.units, *core.constraints))),
        facts=(*story.lines, *(f"Or: {way}." for way in others), *filter(None, [outlook.tried])),
    )
    return found, outlook


def _headline(core: Core, story: Clash, page: Page | None) -> tuple[str, str]:
    """The code of a clash and its one sentence.

    `page` is the contested project's: when no index has it, or one did not answer, that is what is told.
    """
    nowhere = page is not None and not page.versions
    texts = [str(unit) for unit in (*core.units, *core.constraints)]
    if len(core.projects) == 1 and story.unusable:
        text = core.units[0].text
        if any(refusal.unanswered for refusal in story.refused):
            return "WP604", f"{text} cannot be judged: an index did not answer"
        return "WP525", f"{text} cannot be met"
    if nowhere and page is not None and page.troubles:
        why = page.troubles[0].why.rstrip(".")
        return "WP604", f"Whether there is a project named {story.project} is not known: {why}"
    if nowhere:
        return "WP520", f"No index has a project named {story.project}, which is needed"
    if not story.open:
        return "WP523", f"No version of {story.project} serves all who ask for it"
    if len(texts) == 1:
        return "WP523", f"{texts[0]} cannot be met, whichever version is taken"
    shown = texts if len(texts) <= NAMED else [*texts[: NAMED - 1], f"{len(texts) - NAMED + 1} more"]
    return "WP523", f"{', '.join(shown[:-1])} and {shown[-1]} cannot be met together"
