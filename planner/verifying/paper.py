"""What a plan can be held against without a machine: its own verdict, and the files that it was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from planner.files import beside, read_bytes, shown_beside, size_of
from planner.plan.openvalues import PlanFile, PlannedFinding
from planner.verifying.values import Told, VerifyRequest

__all__ = ["NVCC", "changed_inputs", "local_files", "refused_verdict"]

_AGAIN = "make the plan again: `wheelplan check`"
NVCC = "dep:virtual/compiler/cuda"
_NEEDS = frozenset({"WP201", "WP202", "WP204"})
"""What `check` says of things that lacked where it ran: here, the needs themselves are looked at."""


def changed_inputs(plan: PlanFile) -> Iterator[Told]:
    """Every file that the plan was made from, by its sha256; what came by a pipe or an address has none."""
    for one in plan.inputs:
        if one.role == "stdin" or "://" in one.path:
            continue
        evidence = (shown_beside(plan.where, one.path),)
        try:
            data = read_bytes(beside(plan.where, one.path))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            yield Told(
                "WP804",
                "warning",
                f"{one.path}, from which the plan was made, cannot be read ({reason}).",
                remedy="put it beside the plan, or say `--allow WP804` where it is left out on purpose",
                evidence=evidence,
            )
            continue
        if not one.sha256:
            summary = f"The plan has no hash of {one.path}, so whether it has changed is not known."
            yield Told("WP804", "warning", summary, remedy=_AGAIN, evidence=evidence)
        elif hashlib.sha256(data).hexdigest() != one.sha256:
            summary = f"{one.path} has changed since the plan was made."
            yield Told("WP803", "error", summary, remedy=_AGAIN, evidence=evidence)


def local_files(plan: PlanFile) -> Iterator[Told]:
    """Files of the plan that lie on a disk, by their size: installers compare the hashes themselves."""
    for package in plan.packages:
        for file in package.files:
            if not file.path:
                continue
            size = size_of(beside(plan.where, file.path))
            if size is None:
                summary, code = f"{file.path}, which the plan installs, is not there.", "WP804"
                yield Told(code, "warning", summary, package.name, "put it there, or make the plan again")
            elif file.size is not None and size != file.size:
                summary = f"{file.path} is another file than the one that was planned."
                yield Told("WP803", "error", summary, package.name, _AGAIN)


def refused_verdict(plan: PlanFile, request: VerifyRequest) -> Iterator[Told]:
    """Why a blocked plan is not good: each error among its findings that is not looked at anew."""
    if plan.verdict != "blocked":
        return
    errors = [one for one in plan.findings if one.severity == "error"]
    left = [one for one in errors if not _is_judged_here(one, plan) and one.code not in request.allow]
    for one in left:
        yield Told(
            "WP810",
            "error",
            f"The plan is blocked by {one.code}: {one.summary}",
            project=one.project,
            remedy=_way_out(one),
        )
    if not errors:
        yield Told("WP810", "error", "The plan is blocked, and does not say by what.", remedy=_AGAIN)


def _way_out(one: PlannedFinding) -> str:
    allowed = f"accept it with `verify --allow {one.code}`"
    return f"{one.remedy}; or {allowed}" if one.remedy else allowed


def _is_judged_here(one: PlannedFinding, plan: PlanFile) -> bool:
    """Whether `verify` looks at the very need behind a finding, or this role does not have it."""
    if one.code in _NEEDS:
        package = plan.package(one.project)
        return package is not None and bool(package.needs)
    if one.code == "WP303":
        return any(need.need == "cuda-driver" for need in plan.run_needs)
    if one.code == "WP306":  # a build against torch asks for nvcc of torch's major: `==12.*`
        package = plan.package(one.project)
        asked = package.needs if package is not None else ()
        return any(need.need == NVCC and "==" in need.specifier for need in asked)
    if one.code == "WP401":
        package = plan.package(one.project)
        return package is not None and bool(package.jobs and package.memory_per_job)
    return False
