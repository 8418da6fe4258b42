"""What one compile job of a build takes, from its sources and the tables of costs; must not ask a machine."""

from __future__ import annotations

from packaging.utils import NormalizedName

from planner.jobs import Load
from planner.needs import Inspection, Unit

__all__ = ["load_of"]


def load_of(project: NormalizedName, inspection: Inspection) -> Load:
    """The load of one job."""
    del project
    worst = max(inspection.units, key=_mib, default=None)
    per_job = _mib(worst) if worst else 60
    return Load(
        per_job=per_job, why=worst.language if worst else "C", serial=inspection.engine in ("setuptools", "")
    )


def _mib(unit: Unit) -> int:
    return 60 + unit.largest // 15
