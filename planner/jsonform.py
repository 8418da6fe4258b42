"""What a check found, as JSON for programs; `schema` rises when a key changes its meaning. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from planner.errors import InputError, WheelplanError

if TYPE_CHECKING:
    from planner.assess import SourceBuild
    from planner.building.readiness import Readiness, Ready
    from planner.choosing.values import Burden, Choice
    from planner.cuda.values import CudaView
    from planner.facts import Machine
    from planner.findings import Finding
    from planner.routing import Backend
    from planner.verdict import Checked

__all__ = ["build_json", "checked_json", "error_json", "finding_json"]

_KIND = {True: "native", False: "pure", None: "unknown"}


def checked_json(checked: Checked, *, plan_path: str, exit_code: int) -> dict[str, Any]:
    """The JSON form of a check."""
    from planner.changes import changes_json  # noqa: PLC0415 (errors are told without it)
    from planner.locking.words import locked_json, locked_verdict  # noqa: PLC0415
    from planner.plan import fingerprint_table  # noqa: PLC0415 (errors are told without it)
    from planner.plan.builds import prerequisite_table  # noqa: PLC0415

    ready = checked.ready
    by_name = {build.project: build for build in checked.builds}
    return {
        "schema": 1,
        "verdict": locked_verdict(checked.locked, checked.verdict),
        "exit-code": exit_code,
        "plan": plan_path if checked.plan else None,
        "machine": fingerprint_table(checked.machine),
        "torch-backend": _backend_json(checked.backend) if checked.backend else None,
        "inputs": list(checked.inputs),
        "set-aside": list(checked.set_aside),
        "packages": [
            {
                "name": package.name,
                "version": str(package.version) if package.version else None,
                "file": package.dist.filename,
                "index": package.dist.index,
                "extras": list(package.extras),
                "required-by": list(package.required_by),
                "source-build": build_json(by_name[package.name], checked.ready)
                if package.name in by_name
                else None,
            }
            for package in checked.packages
        ],
        "prerequisites": [prerequisite_table(one) for one in ready.prerequisites] if ready else [],
        "ready": ready.command if ready else "",
        "environment": dict(ready.variables) if ready else {},
        "choice": choice_json(checked.choice) if checked.choice else None,
        "cuda": _cuda_json(checked.cuda, checked.machine) if checked.cuda is not None else None,
        "findings": [finding_json(found) for found in checked.findings],
        "changes": changes_json(checked.changes),
        "locked": locked_json(checked.locked, checked.verdict) if checked.locked is not None else None,
        "notes": list(checked.notes),
        "settings": [
            {"name": name, "value": value, "origin": origin} for name, value, origin in checked.origins
        ],
        "requests": checked.requests,
        "bytes": checked.bytes,
        "rounds": checked.rounds,
    }


def _backend_json(backend: Backend) -> dict[str, Any]:
    return {
        "said": backend.word,
        "origin": backend.origin,
        "variant": backend.variant,
        "why": backend.why,
        "verified": backend.verified,
    }


def _cuda_json(view: CudaView, machine: Machine) -> dict[str, Any]:
    from planner.cuda.reasoning import reasoning  # noqa: PLC0415 (errors are told without it)

    return {
        "torch": str(view.torch.version) if view.torch is not None else None,
        "torch-cuda": view.torch_cuda,
        "majors": list(view.majors),
        "driver": view.driver_floor,
        "reasoning": list(reasoning(view, machine)),
    }


def choice_json(choice: Choice) -> dict[str, Any]:
    """What was weighed, and what it cost."""
    other = choice.other_burden
    return {
        "burden": _burden_json(choice.burden),
        "other": _burden_json(other) if other is not None else None,
        "other-versions": {pin.project: str(pin.version) for pin in choice.other.pins}
        if choice.other
        else {},
        "held-back": [
            {
                "name": one.project,
                "version": str(one.version),
                "newest": str(one.newest),
                "uploaded": one.uploaded.isoformat() if one.uploaded else None,
                "months": one.months,
                "root": one.root,
                "for-wheel": one.for_wheel,
                "holders": list(one.holders),
                "possible": one.possible,
                "cost": list(one.cost),
            }
            for one in (*choice.held_back, *choice.outdated)
        ],
        "attempts": choice.attempts,
        "rounds": choice.rounds,
        "cut": choice.cut,
    }


def _burden_json(burden: Burden) -> dict[str, Any]:
    return {
        "native-builds-hopeless": burden.hopeless,
        "native-builds-unready": burden.unready,
        "native-builds": burden.native,
        "stalest-months": burden.worst,
        "stale-months": burden.total,
    }


def build_json(build: SourceBuild, ready: Ready | None) -> dict[str, Any]:
    """A source build, with how ready the machine is for it."""
    one = ready.of(build.project) if ready else None
    return {
        **(_readiness_json(one) if one else {}),
        "code": build.code,
        "why": build.why,
        "allowed": build.allowed,
        "kind": _KIND[build.native],
        "because": list(build.native_because),
        "backend": build.backend,
        "build-requires": list(build.build_requires),
        "alternatives": [str(one) for one in build.alternatives],
        "misfits": [
            {"file": misfit.filename, "reason": misfit.reason.value, "detail": misfit.detail}
            for misfit in build.misfits
        ],
    }


def _readiness_json(one: Readiness) -> dict[str, Any]:
    from planner.plan.builds import prerequisite_table  # noqa: PLC0415

    jobs = one.jobs
    return {
        "needs": [
            {**prerequisite_table(need), "because": [str(evidence) for evidence in need.because]}
            for need in one.prerequisites
        ],
        "optional": [prerequisite_table(need) for need in one.features],
        "build-environment": list(one.environment.lines) if one.environment else [],
        "build-isolation": one.isolated,
        "install-after": list(one.install_after),
        "environment": dict(one.variables),
        "jobs": {
            "jobs": jobs.jobs,
            "fits": jobs.fits,
            "memory-per-job": jobs.per_job,
            "memory": jobs.share,
            "config-setting": jobs.setting,
            "arithmetic": jobs.arithmetic,
        }
        if jobs
        else None,
        "downloads": list(one.downloads),
        "unknown": list(one.doubts),
    }


def finding_json(found: Finding) -> dict[str, Any]:
    """One finding."""
    return {
        "code": found.code,
        "severity": found.severity,
        "project": found.project,
        "summary": found.summary,
        "remedy": found.remedy,
        "evidence": list(found.evidence),
        "facts": list(found.facts),
    }


def error_json(error: WheelplanError) -> dict[str, Any]:
    """The JSON form of an error that ends a run, with its stable id."""
    others: Iterable[WheelplanError] = error.others if isinstance(error, InputError) else ()
    return {
        "schema": 1,
        "verdict": None,
        "exit-code": error.exit_code,
        "errors": [
            {"id": one.id, "what": one.what, "where": one.where, "hint": one.hint} for one in (error, *others)
        ],
    }
