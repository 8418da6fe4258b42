"""Words that the findings about CUDA share, and who extends torch; judges nothing."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.utils import NormalizedName, canonicalize_name

from planner.cuda.names import local_build
from planner.cuda.values import TORCH, CudaUse
from planner.dists import Pin, parse_requirement
from planner.facts import Machine
from planner.findings import Finding, Severity
from planner.resolve.admission import applies

__all__ = ["asks_for", "extends_torch", "finding", "joined", "told_of"]


def finding(
    code: str,
    severity: Severity,
    project: str,
    summary: str,
    *,
    remedy: str = "",
    facts: Iterable[str] = (),
    evidence: tuple[str, ...] = (),
) -> Finding:
    """A finding about a project; its evidence is a file name where one tells it."""
    return Finding(
        code=code,
        severity=severity,
        project=project,
        summary=summary,
        remedy=remedy,
        evidence=evidence,
        facts=tuple(fact for fact in facts if fact),
    )


def told_of(use: CudaUse) -> str:
    """What a pin is built for and how that is known, in one sentence without full stop."""
    by = f", asked for by {joined(use.by)}" if use.by and use.part != "torch" else ""
    doubt = " (inferred)" if use.inferred else ""
    what = f"CUDA {use.cuda}" if use.cuda else use.variant or use.kind
    return f"{use} is for {what}: {use.because}{by}{doubt}"


def joined(names: Iterable[str], most: int = 3) -> str:
    """Some names in a row, of many the first ones."""
    listed = list(dict.fromkeys(names))
    return f"{', '.join(listed[:most])}{f' and {len(listed) - most} more' if len(listed) > most else ''}"


def asks_for(pin: Pin, project: NormalizedName, machine: Machine) -> str:
    """The requirement (`torch==2.10.0`) by which a pin asks for a project on the machine, else ""."""
    environment = tuple(sorted(machine.markers.items()))
    for text in pin.metadata.requires:
        requirement = parse_requirement(text)
        if requirement is None or canonicalize_name(requirement.name) != project:
            continue
        if any(applies(text, environment, extra) for extra in (None, *pin.extras)):
            return f"{requirement.name}{requirement.specifier}"
    return ""


def extends_torch(pin: Pin, machine: Machine) -> bool:
    """Whether a pin is loaded into torch: it asks for it, or its local version names one."""
    named = pin.version is not None and bool(local_build(pin.version).torch)
    return named or bool(asks_for(pin, TORCH, machine))
