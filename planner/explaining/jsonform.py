"""An explanation as JSON for programs, with keys that are stable; finds nothing out, prints nothing."""

from __future__ import annotations

from typing import Any

from planner.choosing.values import HeldBack
from planner.dists import Tree
from planner.explaining.values import Explained, Explanation, FileGroup, NotThere, Raised, VerdictExplained
from planner.jsonform import build_json, choice_json, finding_json
from planner.plan import fingerprint_table

__all__ = ["explained_json"]


def explained_json(found: Explanation) -> dict[str, Any]:
    """The JSON form of an explanation; `explains` says of what: `project`, `absence` or `verdict`."""
    if isinstance(found, NotThere):
        explains, told = "absence", _absence(found)
    elif isinstance(found, VerdictExplained):
        explains, told = "verdict", _verdict(found)
    else:
        explains, told = "project", _project(found)
    return {
        "schema": 1,
        "explains": explains,
        "exit-code": found.exit_code,
        "machine": fingerprint_table(found.machine),
        **told,
        "findings": [finding_json(one) for one in found.findings],
    }


def _project(found: Explained) -> dict[str, Any]:
    pin = found.pin
    row = None if isinstance(pin.dist, Tree) else pin.dist.row
    return {
        "project": pin.project,
        "version": _text(pin.version),
        "extras": list(pin.extras),
        "file": pin.dist.filename,
        "size": row.size if row else None,
        "uploaded": row.upload_time if row else "",
        "index": pin.dist.index,
        "kind": found.kind,
        "set-aside": list(found.set_aside),
        "required-by": [
            {"who": asker.who, "requirement": asker.text, "root": asker.root, "chain": list(asker.chain)}
            for asker in found.askers
        ],
        "constraints": list(found.constraints),
        "versions": {
            "total": found.total,
            "before": [
                {
                    "version": str(other.version),
                    "uploaded": other.uploaded,
                    "reason": other.reason,
                    "why": other.why,
                }
                for other in found.others
            ],
            "after": [str(version) for version in found.rest],
            "lowest": found.lowest,
        },
        "files": [_group(group) for group in found.groups],
        "source-build": build_json(found.build, found.prepared) if found.build else None,
        "ready": found.prepared.command if found.prepared else "",
        "alternatives": list(found.alternatives),
        "cuda": list(found.reasoning),
        "held-back": _held(found.held_back) if found.held_back else None,
        "tried": _raised(found.raised) if found.raised else None,
    }


def _group(group: FileGroup) -> dict[str, Any]:
    return {
        "why": group.why,
        "reason": group.reason.value if group.reason else None,
        "taken": group.taken,
        "files": [{"file": name, "detail": detail} for name, detail in group.files],
    }


def _held(held: HeldBack) -> dict[str, Any]:
    return {
        "project": held.project,
        "version": str(held.version),
        "newest": str(held.newest),
        "uploaded": held.uploaded.isoformat() if held.uploaded else "",
        "months": round(held.months, 1),
        "root": held.root,
        "for-wheel": held.for_wheel,
        "holders": list(held.holders),
        "possible": held.possible,
        "cost": list(held.cost),
    }


def _raised(raised: Raised) -> dict[str, Any]:
    return {"version": str(raised.version), "possible": raised.possible, "lines": list(raised.lines)}


def _absence(found: NotThere) -> dict[str, Any]:
    return {
        "project": found.project,
        "resolved": found.resolved,
        "indexed": found.indexed,
        "newest": _text(found.newest),
        "misfit": found.misfit,
        "version": _text(found.version),
        "file": found.filename,
        "kind": found.kind if found.version else None,
        "near": list(found.near),
        "mentions": list(found.mentions),
        "set-aside": list(found.set_aside),
    }


def _verdict(found: VerdictExplained) -> dict[str, Any]:
    choice = found.choice
    return {
        "verdict": found.verdict,
        "packages": found.projects,
        "source-builds": [build.project for build in found.builds],
        "set-aside": list(found.set_aside),
        "cuda": list(found.reasoning),
        "stopping": [finding_json(one) for one in found.stopping],
        "choice": {"prefer": found.policy.prefer, **choice_json(choice)} if choice else None,
        "instead": [
            {
                "project": swap.project,
                "here": _text(swap.here),
                "there": _text(swap.there),
                "root": swap.root,
                "compiled": swap.compiled,
            }
            for swap in found.swaps
        ],
    }


def _text(version: object) -> str | None:
    return None if version is None else str(version)
