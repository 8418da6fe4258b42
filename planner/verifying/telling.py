"""A verification as lines for people, as JSON, and as findings for gates; must not print."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from planner.verifying.values import Told, Verified

if TYPE_CHECKING:
    from planner.findings import Finding

__all__ = ["findings_of", "told_lines", "verified_json"]

_ORDER = ("error", "warning", "note")
_ROLES = {"build": "built", "run": "run", "all": "built and run"}


def told_lines(verified: Verified, *, quiet: bool = False) -> Iterator[str]:
    """One line when all is well; else every difference and doubt with its remedy, and what they come to."""
    for one in _sorted(verified.told):
        if one.severity != "note" or not quiet:
            yield f"{_word(one)} {one.code}: {one.summary}"
            if one.remedy:
                yield f"  -> {one.remedy}"
    if not quiet:
        for one in _sorted(verified.allowed):
            yield f"allowed {one.code}: {one.summary}"
    if verified.exit_code == 0:
        if not quiet:
            done = f"{_what(verified)} can be {_ROLES[verified.role]} here"
            yield f"{verified.plan}: good. {done} ({verified.here})."
        return
    errors = sum(one.severity == "error" for one in verified.told)
    doubts = sum(one.severity == "warning" for one in verified.told)
    counts = [
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((errors, "difference"), (doubts, "doubt"))
        if number
    ]
    outcome = "not as this machine" if errors else "not proven"
    yield f"{verified.plan}: {outcome} ({verified.here}): {', '.join(counts)}."


def _what(verified: Verified) -> str:
    packages = f"{verified.packages} distribution{'' if verified.packages == 1 else 's'}"
    builds = f" ({verified.builds} built from source)" if verified.builds else ""
    return f"{packages}{builds}"


def _word(one: Told) -> str:
    return {"error": "error", "warning": "doubt", "note": "note"}[one.severity]


def _sorted(told: tuple[Told, ...]) -> list[Told]:
    return sorted(told, key=lambda one: (_ORDER.index(one.severity), one.code, one.project, one.summary))


def findings_of(verified: Verified) -> tuple[Finding, ...]:
    """What was told, as findings: a difference is an error, a doubt a warning."""
    from planner.findings import SEVERITIES, Finding  # noqa: PLC0415 (a gate's form alone needs it)

    return tuple(
        Finding(
            code=one.code,
            severity=SEVERITIES[_ORDER.index(one.severity)],
            project=one.project,
            summary=one.summary,
            remedy=one.remedy,
            evidence=one.evidence,
            facts=one.facts,
        )
        for one in _sorted(verified.told)
    )


def verified_json(verified: Verified) -> dict[str, Any]:
    """The JSON form, with keys that are stable."""
    return {
        "schema": 1,
        "verdict": verified.verdict,
        "exit-code": verified.exit_code,
        "plan": verified.plan,
        "role": verified.role,
        "machine": verified.here,
        "packages": verified.packages,
        "source-builds": verified.builds,
        "findings": [_json(one) for one in _sorted(verified.told)],
        "allowed": [_json(one) for one in _sorted(verified.allowed)],
    }


def _json(one: Told) -> dict[str, Any]:
    return {
        "code": one.code,
        "severity": one.severity,
        "project": one.project,
        "summary": one.summary,
        "remedy": one.remedy,
        "evidence": list(one.evidence),
        "facts": list(one.facts),
    }
