"""The plan file, a PEP 751 lock with our own tables; knows its layout, and must not touch a disk."""

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
