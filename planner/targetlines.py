"""What a check of several targets found, as one report and as JSON; must not print or clean foreign text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planner.config.ourtables import Target
from planner.errors import WheelplanError
from planner.findings import Finding
from planner.jsonform import checked_json, error_json
from planner.locking.words import locked_lines, locked_verdict
from planner.verdict import Checked
from planner.wording import Line, finding_lines, verdict_sentence

__all__ = ["Outcome", "cells_of", "findings_of", "targets_json", "targets_lines", "worst"]

ABSENT = "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one target: what was found, or the error that ended it.

    `written` is what became of its plan ("" where none was written).
    """

    target: Target
    checked: Checked | None = None
    error: WheelplanError | None = None
    written: str = ""

    @property
    def exit_code(self) -> int:
        """As of a check of this target alone."""
        if self.checked is not None:
            return self.checked.exit_code
        return self.error.exit_code if self.error is not None else 2


def worst(outcomes: Sequence[Outcome]) -> int:
    """The exit code of the whole: the worst of the targets that are required."""
    return max((one.exit_code for one in outcomes if one.target.required), default=0)


def cells_of(outcomes: Sequence[Outcome]) -> Mapping[str, tuple[str, ...]]:
    """Each project with its version on each target that was checked, `built` behind it where it is."""
    columns = [
        {
            package.name: f"{package.version or 'direct'}{' built' if package.source_build else ''}"
            for package in one.checked.packages
        }
        for one in outcomes
        if one.checked is not None
    ]
    names = sorted({name for column in columns for name in column})
    return {name: tuple(column.get(name, ABSENT) for column in columns) for name in names}


def targets_lines(outcomes: Sequence[Outcome], *, verbose: bool, quiet: bool) -> Iterator[Line]:
    """The table of versions, the findings with the targets that have them, a verdict for each target."""
    blocks = (
        [] if quiet else [*_table(outcomes, verbose=verbose)],
        [*_findings(outcomes, verbose=verbose, quiet=quiet)],
        [*_locked(outcomes, verbose=verbose)],
        [*_verdicts(outcomes)],
    )
    yield from (line for block in blocks if block for line in (*block, Line()))
    code = worst(outcomes)
    bad = [one.target.name for one in outcomes if one.exit_code and one.target.required]
    others = any(one.exit_code for one in outcomes)
    told = f"{len(bad)} of {len(outcomes)} targets: {', '.join(bad)}"
    told = told if bad else f"all {'required ' if others else ''}targets are proven good"
    word = {0: "good: ", 1: "bad: "}.get(code, "unproven: ")
    yield Line(((word, "bold green" if code == 0 else "bold red"), (f"{told}.", "bold")), 2)
    if bad:
        yield Line(((f"The whole report of one: add --target {bad[0]} in place of --all-targets.", ""),), 2)


def _table(outcomes: Sequence[Outcome], *, verbose: bool) -> Iterator[Line]:
    cells = cells_of(outcomes)
    shown = {name: row for name, row in cells.items() if verbose or len(set(row)) > 1}
    names = [one.target.name for one in outcomes if one.checked is not None]
    if not cells:
        return
    rest = len(cells) - len(shown)
    alike = f"{_plural(rest, 'project')} the same on all targets{'' if verbose else ' (-v shows them)'}"
    if shown:
        first = max(len("project"), *map(len, shown))
        widths = [
            max(len(name), *(len(row[column]) for row in shown.values())) for column, name in enumerate(names)
        ]
        head = "  ".join(f"{name:<{wide}}" for name, wide in zip(names, widths, strict=True))
        yield Line(((f"{'project':<{first}}  {head}".rstrip(), "bold"),), first + 2)
        for name, row in shown.items():
            pieces = [(f"{name:<{first}}", "")]
            for cell, wide in zip(row, widths, strict=True):
                style = "yellow" if cell.endswith(" built") else "dim" if cell == ABSENT else ""
                pieces.append((f"  {cell:<{wide}}", style))
            yield Line(tuple(pieces), first + 2)
    if rest:
        yield Line(((f"{'and ' if shown else ''}{alike}", "dim"),), 2)


def findings_of(outcomes: Sequence[Outcome]) -> tuple[Finding, ...]:
    """The findings of all targets, each once; those that not all have begin with the names of who does."""
    having: dict[Finding, list[str]] = {}
    checked = [one for one in outcomes if one.checked is not None]
    for one in checked:
        for found in dict.fromkeys(one.checked.findings if one.checked else ()):
            having.setdefault(found, []).append(one.target.name)
    told = (
        found
        if len(names) == len(checked)
        else replace(found, summary=f"{', '.join(names)}: {found.summary}")
        for found, names in having.items()
    )
    return tuple(sorted(told, key=Finding.sort_key))


def _findings(outcomes: Sequence[Outcome], *, verbose: bool, quiet: bool) -> Iterator[Line]:
    least = ("error",) if quiet else ("error", "warning", "note") if verbose else ("error", "warning")
    shown = [found for found in findings_of(outcomes) if found.severity in least]
    if shown:
        yield Line((("Findings", "bold"),))
    for found in shown:
        yield from finding_lines(found, verbose=verbose)


def _locked(outcomes: Sequence[Outcome], *, verbose: bool) -> Iterator[Line]:
    for one in outcomes:
        if one.checked is not None and one.checked.locked is not None:
            lines = locked_lines(one.checked.locked, one.target.output, verbose=verbose)
            yield from (Line(((text, style),), 4) for text, style in lines)


def _verdicts(outcomes: Sequence[Outcome]) -> Iterator[Line]:
    wide = max(len(one.target.name) for one in outcomes)
    for one in outcomes:
        label = (f"{one.target.name:<{wide}}  ", "bold")
        optional = "" if one.target.required else " (not required)"
        if one.checked is None:
            yield Line((label, ("unproven: ", "bold red"), (f"{one.error}{optional}", "")), wide + 2)
            continue
        verdict = locked_verdict(one.checked.locked, one.checked.verdict)
        good = verdict in ("clear", "builds")
        word = (f"{verdict}: ", "bold green" if good else "bold red")
        plan = f" The plan would be another one{optional}." if verdict == "differs" else ""
        plan = plan if one.checked.locked else f" No plan was written{optional}."
        plan = f" Plan {one.written}: {one.target.output}{optional}" if one.written else plan
        yield Line((label, word, (verdict_sentence(one.checked) + plan, "")), wide + 2)


def targets_json(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The targets by name, each as `check` has it; `exit-code` is the worst of those that are required."""
    return {
        "schema": 1,
        "exit-code": worst(outcomes),
        "targets": {
            one.target.name: checked_json(
                one.checked, plan_path=one.target.output, exit_code=one.checked.exit_code
            )
            if one.checked is not None
            else error_json(one.error or WheelplanError("It was not checked."))
            for one in outcomes
        },
        "projects": {
            name: dict(zip((o.target.name for o in outcomes if o.checked is not None), row, strict=True))
            for name, row in cells_of(outcomes).items()
        },
    }


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"
