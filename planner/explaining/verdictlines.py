"""The explanation of a verdict as lines for a reader; knows words and order, and must not print or judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from planner.choosing.ages import in_words, span_in_words
from planner.choosing.values import Burden, HeldBack
from planner.explaining.values import Swap, VerdictExplained
from planner.findings import SEVERITIES
from planner.wording import Line, cuda_block, finding_lines

__all__ = ["some", "verdict_lines"]

SHOWN = 10
SHOWN_NAMES = 4
_WHY = {
    "clear": "every project has a wheel for this machine, and nothing that was found stops.",
    "builds": "there are source builds, and each is pure Python, your own, or accepted by --allow-build.",
    "blocked": "findings of severity error stand in the way; each is told below.",
    "unproven": "something that the answer depends on could not be known; it is told below.",
}


def verdict_lines(found: VerdictExplained, *, verbose: bool) -> Iterator[Line]:
    """Why the verdict is what it is: what stops, the counts, what was weighed, what was given up."""
    good = found.verdict in ("clear", "builds")
    yield Line(((f"{found.verdict}: ", "bold green" if good else "bold red"), (_WHY[found.verdict], "")), 2)
    yield _plain(f"  {_counts(found)}", "dim", 4)
    blocks = (
        _cause(found),
        _stopping(found, verbose=verbose),
        _weighed(found),
        _held(found, verbose=verbose),
        cuda_block(found.reasoning),
        _swaps(found, verbose=verbose),
    )
    for block in blocks:
        lines = list(block)
        if lines:
            yield Line()
        yield from lines


def _plain(text: str, style: str = "", hang: int = 0) -> Line:
    return Line(((text, style),), hang)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def some(names: Sequence[str]) -> str:
    """The first few of some names, the rest counted."""
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + more


def _counts(found: VerdictExplained) -> str:
    kinds = [(True, "native"), (None, "of unknown kind"), (False, "pure Python")]
    told = [(sum(build.native is native for build in found.builds), word) for native, word in kinds]
    builds = ", ".join(f"{count} {word}" for count, word in told if count)
    findings = [
        _count(sum(one.severity == severity for one in found.findings), severity) for severity in SEVERITIES
    ]
    aside = f"; set aside: {some(found.set_aside)}" if found.set_aside else ""
    which = f" ({builds})" if builds else ""
    return (
        f"{_count(found.projects, 'project')}, {_count(len(found.builds), 'source build')}{which}; "
        f"findings: {', '.join(findings)}{aside}"
    )


def _cause(found: VerdictExplained) -> Iterator[Line]:
    """The one thing that explains most of the builds, where there is one."""
    causes = [one for one in found.findings if one.code == "WP509"]
    if causes:
        yield _plain("The cause of most", "bold")
    for one in causes:
        yield from finding_lines(one, verbose=True)


def _stopping(found: VerdictExplained, *, verbose: bool) -> Iterator[Line]:
    if not found.stopping:
        return
    yield _plain(f"What stops ({len(found.stopping)})", "bold")
    for one in found.stopping:
        own = {build.filename for build in found.builds}.intersection(one.evidence)
        told = replace(one, evidence=()) if own else one  # a build's own file is no place that asks
        if len(one.facts) > SHOWN and not verbose:
            told = replace(told, facts=(*one.facts[:SHOWN], f"and {len(one.facts) - SHOWN} more (-v)"))
        yield from finding_lines(told, verbose=True)
        if one.evidence and verbose:
            yield _plain(f"      seen in {', '.join(one.evidence)}", "dim", 8)
    names = list(dict.fromkeys(one.project for one in found.stopping if one.project))
    if names:
        yield _plain(f"  `wheelplan explain {names[0]}` tells everything that is known of it.", "dim", 2)


def _weighed(found: VerdictExplained) -> Iterator[Line]:
    """The objective in five lines, in the order in which it is compared."""
    choice = found.choice
    if choice is None:
        return
    burden, policy = choice.burden, found.policy
    cut = ", until the budget was used up" if choice.cut else ""
    tried = f"{_count(choice.attempts, 'further attempt')}, {_count(choice.rounds, 'round')}{cut}"
    yield _plain(f"What was weighed, what counts most first (--prefer {policy.prefer}; {tried})", "bold", 2)
    stalest = max((one for one in choice.held_back if one.root), key=lambda one: one.months, default=None)
    name = f" ({stalest.project})" if stalest is not None and burden.worst else ""
    for label, text in _objective(burden, policy.max_held_back.days, name):
        yield Line(((f"  {label:<15}  ", "dim"), (text, "")), 19)
    if choice.other_burden is not None:
        other = "pip and uv" if policy.prefer == "wheels" else "--prefer wheels"
        yield Line(((f"  {other:<15}  would get: ", "dim"), (_short(choice.other_burden), "dim")), 19)


def _objective(burden: Burden, days: int, stalest: str) -> Iterator[tuple[str, str]]:
    hopeless = (
        f", {burden.hopeless} of them with a need that nothing here supplies" if burden.hopeless else ""
    )
    yield "not ready", f"{_count(burden.unready, 'native build')} that lack something here{hopeless}"
    yield "native", f"{_count(burden.native, 'native build')} in all"
    late = f"{len(burden.overdue)} (worst {in_words(burden.overdue[0])})" if burden.overdue else "none"
    yield "overdue", f"of your own requirements, further behind than {span_in_words(days)}: {late}"
    yield (
        "stalest",
        f"your own requirement furthest behind its newest version{stalest}: {in_words(burden.worst)}",
    )
    together = f"your own requirements together {in_words(burden.total)}"
    yield "behind", f"{together}, all pins {in_words(burden.behind)}"


def _short(burden: Burden) -> str:
    return (
        f"{_count(burden.native, 'native build')} ({burden.unready} not ready), "
        f"stalest {in_words(burden.worst)}, together {in_words(burden.total)}"
    )


def _held(found: VerdictExplained, *, verbose: bool) -> Iterator[Line]:
    choice = found.choice
    if choice is None or not choice.held_back:
        return
    yield _plain(f"What was given up for what ({len(choice.held_back)})", "bold")
    shown = choice.held_back if verbose else choice.held_back[:SHOWN]
    for held in shown:
        yield from _held_lines(held)
    yield from _more(len(choice.held_back) - len(shown))


def _held_lines(held: HeldBack) -> Iterator[Line]:
    late = f"behind {held.newest}"
    if held.months >= 1:
        late = f"{in_words(held.months)} {late}"
    wheel = ", which would be compiled here" if held.for_wheel else ""
    yield Line(((f"  {held.project} {held.version}", "bold"), (f"  {late}{wheel}", "")), 4)
    yield from (_plain(f"    {sentence}", "dim", 6) for sentence in held.holders)
    if held.possible is not None:
        told = f"pinned higher: {'; '.join(held.cost)}"
        told = told if held.possible else f"not to be had higher: {' '.join(held.cost)}"
        yield _plain(f"    {told}", "dim", 6)


def _swaps(found: VerdictExplained, *, verbose: bool) -> Iterator[Line]:
    if not found.swaps:
        return
    who = "pip and uv" if found.policy.prefer == "wheels" else "--prefer wheels"
    yield _plain(f"What {who} would take instead ({len(found.swaps)})", "bold")
    ordered = sorted(found.swaps, key=lambda swap: (not swap.compiled, not swap.root, swap.project))
    shown = ordered if verbose else ordered[:SHOWN]
    yield from (_plain(f"  {_swap(swap)}", "", 4) for swap in shown)
    yield from _more(len(ordered) - len(shown))


def _swap(swap: Swap) -> str:
    built = ", compiled here" if swap.compiled else ""
    built += "; you ask for it yourself" if swap.root else ""
    if swap.there is None:
        return f"{swap.project}: left out (here {swap.here or 'its own'})"
    here = f"here {swap.here}" if swap.here is not None else "not needed here"
    return f"{swap.project} {swap.there}{built} ({here})"


def _more(count: int) -> Iterator[Line]:
    if count > 0:
        yield _plain(f"  and {count} more (-v)", "dim")
