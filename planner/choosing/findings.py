"""What is worth telling of a choice: findings WP506 to WP511; knows sentences, and chooses nothing.

All of these tell of the index of the day: a plan whose other lines stay the same is not rewritten for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.utils import NormalizedName

from planner.choosing.ages import MONTH, in_words, span_in_words
from planner.choosing.values import Choice, HeldBack
from planner.dists import Pin
from planner.findings import Finding, Severity
from planner.fits import Fits
from planner.page import Page
from planner.whynot import why_no_wheel

__all__ = ["choice_findings", "difference"]

NAMES_TOLD = 4


def choice_findings(choice: Choice, pages: Mapping[NormalizedName, Page], fits: Fits) -> Iterator[Finding]:
    """All findings about a choice. `pages` are those of its pins."""
    pins = {pin.project: pin for pin in choice.resolution.pins}
    days = fits.policy.max_held_back.days
    for one in choice.held_back:
        yield _held(one, pins[one.project], pages.get(one.project), fits, overdue=one.months * MONTH > days)
    if choice.outdated:
        told = ", ".join(f"{one.project} {one.version}" for one in choice.outdated[:NAMES_TOLD])
        more = ", …" if len(choice.outdated) > NAMES_TOLD else ""
        yield Finding(
            code="WP508",
            severity="note",
            project="",
            summary=f"{_count(len(choice.outdated), 'dependency', 'dependencies')} of the set "
            f"{'is' if len(choice.outdated) == 1 else 'are'} more than {span_in_words(days)} behind: "
            f"{told}{more}.",
            facts=tuple(
                f"{one.project} {one.version}: the newest is {_newest(one)}" for one in choice.outdated
            ),
        )
    if choice.other is not None:
        yield Finding(
            code="WP510",
            severity="note",
            project="",
            summary=f"{difference(choice, fits)}.",
            facts=tuple(_changes(choice)),
        )
    if choice.cut:
        yield Finding(
            code="WP511",
            severity="note",
            project="",
            summary=f"The search for a better set ended after {choice.attempts} attempts: there may be one.",
        )


def _held(one: HeldBack, pin: Pin, page: Page | None, fits: Fits, *, overdue: bool) -> Finding:
    code = "WP508" if overdue and one.root else "WP506" if one.for_wheel else "WP507"
    severity: Severity = "warning" if code == "WP508" else "note"
    behind = f", {in_words(one.months)} newer" if one.months >= 1 else ""
    summary = f"{one.project} is held at {one.version} (the newest is {_newest(one)}{behind})"
    if one.holders:
        summary = f"{summary}: {one.holders[0]}"
    facts = list(one.holders[1:])
    remedy = ""
    if one.for_wheel:
        if page is not None:
            facts.append(f"{one.project} {one.newest}: {why_no_wheel(page, one.newest, fits)[1]}")
        remedy = f"to compile the newest, say `--allow-build {one.project}`"
    elif one.possible is True:
        facts += [f"with {one.project} {one.newest}, {text}" for text in one.cost]
        remedy = f"`{one.project}=={one.newest}` can be had at that price" if one.cost else ""
    elif one.possible is False:
        facts += [f"with {one.project} {one.newest} nothing resolves: {' '.join(one.cost)}"]
    return Finding(
        code=code,
        severity=severity,
        project=one.project,
        summary=f"{summary}.",
        remedy=remedy,
        evidence=tuple(who for who, _ in pin.asked),
        facts=tuple(facts),
    )


def difference(choice: Choice, fits: Fits) -> str:
    """How the other preference would choose, in one sentence without full stop."""
    other, own = choice.other_burden, choice.burden
    newest_first = "the newest of each project first, as pip and uv go,"
    who = newest_first if fits.policy.prefer == "wheels" else "`--prefer wheels`"
    if other is None:
        return ""
    parts = []
    if other.native != own.native:
        more = other.native > own.native
        number = _count(abs(other.native - own.native), "native build", "native builds")
        parts.append(f"{number} {'more' if more else 'fewer'}")
    if abs(other.worst - own.worst) >= 1:
        parts.append(f"a stalest requirement {in_words(other.worst)} behind, not {in_words(own.worst)}")
    changed = sum(1 for _ in _changes(choice))
    parts = parts or [_count(changed, "other version", "other versions")]
    return f"{who[:1].upper()}{who[1:]} would mean {' and '.join(parts)}"


def _changes(choice: Choice) -> Iterator[str]:
    """What the other preference takes in place of each pin that differs."""
    own = {pin.project: pin.version for pin in choice.resolution.pins}
    there = {pin.project: pin.version for pin in choice.other.pins} if choice.other is not None else {}
    for project in sorted({*own, *there}):
        if own.get(project) != there.get(project):
            was, would = own.get(project), there.get(project)
            yield f"{project} {would or 'not at all'} instead of {was or 'not at all'}"


def _newest(one: HeldBack) -> str:
    when = f" of {one.uploaded.date().isoformat()}" if one.uploaded is not None else ""
    return f"{one.newest}{when}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
