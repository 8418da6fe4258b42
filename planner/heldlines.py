"""What a choice gave up, as lines of the report: what is held back, by whom, and what others take."""

from __future__ import annotations

from collections.abc import Iterator

from planner.choosing.values import Choice, HeldBack
from planner.findings import Finding

__all__ = ["OF_CHOICES", "held_lines"]

OF_CHOICES = ("WP506", "WP507", "WP508", "WP510")
"""Codes that this block tells."""

WORTH_TELLING = 1.0
"""Months; what is less behind is told with -v alone."""

SHOWN = 8


def held_lines(
    choice: Choice, findings: tuple[Finding, ...], *, verbose: bool
) -> Iterator[tuple[int, str, str]]:
    """(column at which the rest hangs, text, style) for each line; none where nothing is held back."""
    held = [one for one in choice.held_back if verbose or one.months >= WORTH_TELLING or one.for_wheel]
    others = [found for found in findings if found.code == "WP510"]
    others += [found for found in findings if found.code == "WP508" and not found.project]
    if not held and not others:
        return
    shown = held if verbose else held[:SHOWN]
    if held:
        yield 0, f"Held back ({len(held)})", "bold"
    wide = max((len(f"{one.project} {one.version}") for one in shown), default=0)
    for one in shown:
        yield from _lines(one, min(wide, 40), verbose=verbose)
    if len(held) > len(shown):
        yield 2, f"  and {len(held) - len(shown)} more (-v shows them)", "dim"
    if held and choice.kept:
        yield 2, "  The versions of the plan that is there stay; `-U` looks for the freshest set.", "dim"
    for found in others:
        yield 2, f"  {found.summary}", "dim"
        if verbose:
            yield from ((6, f"      {fact}", "dim") for fact in found.facts)


def _against(one: HeldBack) -> tuple[str, ...]:
    """Of the story of why no set has the newest, the first sentence that tells of another project."""
    own = (f"asks for {one.project}", f"{one.project} {one.newest}", f"{one.project}[")
    others = [told for told in one.cost if not any(word in told for word in own)]
    return tuple(others[:1] or (() if one.holders else one.cost[:1]))


def _lines(one: HeldBack, wide: int, *, verbose: bool) -> Iterator[tuple[int, str, str]]:
    name = f"{one.project} {one.version}"
    when = f" ({one.uploaded.date().isoformat()})" if one.uploaded is not None else ""
    why = one.holders[-1 if one.for_wheel else 0] if one.holders else "the newest clashes with the rest"
    yield wide + 4, f"  {name:<{wide}}  newest {one.newest}{when}: {why}", "yellow" if one.root else ""
    hang = wide + 6
    if verbose and len(one.holders) > 1:
        yield from ((hang, f"  {'':<{wide}}  also: {text}", "dim") for text in one.holders if text != why)
    if one.possible is False and one.cost:
        shown = one.cost if verbose else _against(one)
        yield from ((hang, f"  {'':<{wide}}  no set has the newest: {text}", "dim") for text in shown)
    elif one.possible and one.cost:
        yield hang, f"  {'':<{wide}}  at the newest, {'; '.join(one.cost)}", "dim"
