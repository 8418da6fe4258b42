"""What one compile job of a build takes, from its sources and the tables of costs; must not ask a machine."""

from __future__ import annotations

from packaging.utils import NormalizedName

from planner.jobs import Load
from planner.knowledge.costs import costliest, costs
from planner.knowledge.projects import ProjectJobs, project
from planner.needs import Inspection

__all__ = ["load_of"]

_NAMES = {
    "c": "C", "cython": "C made by Cython", "cxx": "C++", "pybind11": "C++ with pybind11",
    "torch": "C++ with torch's headers", "cuda": "CUDA", "rust": "Rust", "fortran": "Fortran",
}  # fmt: skip


def load_of(name: NormalizedName, inspection: Inspection) -> Load:
    """The load of one compile job: what is known of the project, else by its most expensive language."""
    known = project(name)
    own = known.jobs if known is not None and known.jobs is not None else _NOTHING
    unit, memory = costliest(inspection.units)
    table = costs()
    engine = table.engines.get(inspection.engine) or table.engines["setuptools"]
    why = "C" if unit is None else f"{_NAMES[unit.language]}, largest file {unit.largest} KiB"
    variables = own.variables or engine.variables
    return Load(
        per_job=memory if own.memory is None else own.memory,
        why=own.why or why,
        variables=tuple((name, table.variables[name].form) for name in variables),
        setting="" if own.variables else engine.setting,
        threads=own.threads,
        threads_variable=own.threads_variable,
        serial=engine.serial and not own.variables if own.serial is None else own.serial,
        cap=own.cap,
        narrow=own.narrow,
    )


_NOTHING = ProjectJobs(source="", checked="")
