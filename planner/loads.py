"""What one compile job of a build takes, from its sources and the tables of costs; must not ask a machine."""

from __future__ import annotations

from packaging.utils import NormalizedName

from planner.jobs import Load
from planner.knowledge.costs import costliest, costs
from planner.needs import Inspection

__all__ = ["load_of"]

_NAMES = {
    "c": "C", "cython": "C made by Cython", "cxx": "C++", "pybind11": "C++ with pybind11",
    "torch": "C++ with torch's headers", "cuda": "CUDA", "rust": "Rust", "fortran": "Fortran",
}  # fmt: skip


def load_of(project: NormalizedName, inspection: Inspection) -> Load:
    """The load of one compile job, by the largest source of the most expensive language."""
    del project
    unit, memory = costliest(inspection.units)
    table = costs()
    engine = table.engines.get(inspection.engine) or table.engines["setuptools"]
    why = "C" if unit is None else f"{_NAMES[unit.language]}, largest file {unit.largest} KiB"
    return Load(
        per_job=memory,
        why=why,
        variables=tuple((name, table.variables[name].form) for name in engine.variables),
        setting=engine.setting,
        serial=engine.serial,
    )
