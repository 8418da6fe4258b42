"""The plan file, a PEP 751 lock with our own tables; knows its layout, and must not touch a disk.

What is named here is imported when it is used: `planner.plan.opened` needs none of it, and starts at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planner.plan.layout import fingerprint_table, projects_by_index, render
    from planner.plan.seal import check_digest
    from planner.plan.values import Building, Package, Plan, PlanInput

__all__ = [
    "Building",
    "Package",
    "Plan",
    "PlanInput",
    "check_digest",
    "fingerprint_table",
    "projects_by_index",
    "render",
]


_MODULES = ("layout", "seal", "values")


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    found = (import_module(f"planner.plan.{module}") for module in _MODULES)
    return next(getattr(module, name) for module in found if hasattr(module, name))
