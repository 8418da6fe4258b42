"""The answer to `check --locked`, as lines for a reader and as JSON; compares and prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from planner.findings import Finding
from planner.locking.values import SIDES, Locked

__all__ = ["locked_findings", "locked_json", "locked_lines", "locked_verdict"]

SHOWN = 12
_GOOD = frozenset({"clear", "builds"})


def locked_lines(locked: Locked, plan_path: str, *, verbose: bool = False) -> Iterator[tuple[str, str]]:
    """The answer as lines of (text, rich style)."""
    if locked.same:
        yield f"same: the plan is as `check` would write it: {plan_path}", "bold green"
    for side, title in SIDES.items():
        those = [one for one in locked.differences if one.side == side]
        if those:
            yield f"{title} ({len(those)})", "bold"
        for one in those if verbose else those[:SHOWN]:
            yield f"  {one.text}", "yellow" if side == "world" else ""
        if len(those) > SHOWN and not verbose:
            yield f"  and {len(those) - SHOWN} more (-v shows them)", "dim"
    for text in locked.news:
        yield f"  new, and not yet in the plan: {text}", "dim"
    if not locked.same:
        yield f"differs: {plan_path} is not what `check` would write. Nothing was written.", "bold red"
        yield "Run the same command without --locked, and commit what it writes.", ""


def locked_findings(locked: Locked) -> tuple[Finding, ...]:
    """The differences as findings, for gates."""
    return tuple(
        Finding(
            code="WP820",
            severity="error",
            project=one.subject if one.side != "repository" else "",
            summary=f"{SIDES[one.side]}: {one.text}.",
            remedy="run `wheelplan check` without --locked, and commit what it writes",
            evidence=(one.subject,) if one.kind == "input" else (),
        )
        for one in locked.differences
    )


def locked_verdict(locked: Locked | None, verdict: str) -> str:
    """The one word for programs: `differs` where the set is good, and the plan is another one."""
    return "differs" if locked is not None and not locked.same and verdict in _GOOD else verdict


def locked_json(locked: Locked, verdict: str) -> dict[str, Any]:
    """The answer for programs; `verdict` is that of the plan that would be written."""
    return {
        "same": locked.same,
        "verdict": verdict,
        "differences": [
            {"side": one.side, "kind": one.kind, "subject": one.subject, "text": one.text}
            for one in locked.differences
        ],
        "news": list(locked.news),
    }
