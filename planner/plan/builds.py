"""The part of a plan that tells how things are built: needs, prerequisites, variables, as TOML values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.knowledge.things import MANAGERS
from planner.plan.values import Building
from planner.prerequisites.states import Prerequisite

__all__ = ["building_table", "prerequisite_table"]


def building_table(build: Building) -> dict[str, object]:
    """What `[packages.tool.wheelplan]` says of one source build."""
    return {
        "build-isolation": None if build.isolated else False,
        "install-after": build.install_after,
        "environment": dict(build.variables),
        "config-settings": build.setting,
        "jobs": build.jobs or None,
        "memory-per-job": build.per_job or None,
        "needs": [_need(one) for one in build.needs],
        "optional": [_need(one) for one in build.features],
        "downloads": build.downloads,
    }


def _need(one: Prerequisite) -> dict[str, object]:
    said: Mapping[str, object] = {
        "need": one.need,
        "specifier": str(one.specifier),
        "role": one.role,
        "because": one.because[0].where if one.because else "",
        "without": one.effect if one.strength != "required" else "",
        "facts": one.ways,
    }
    return {key: value for key, value in said.items() if value}


def prerequisite_table(one: Prerequisite) -> dict[str, object]:
    """A row of `[[tool.wheelplan.prerequisites]]`: the packages of each manager that supply it.

    Where another row's package brings it, apt's list is empty and `brought-by` names that package.
    """
    packages: dict[str, Sequence[str]] = {
        manager: one.packages[manager] for manager in MANAGERS if one.packages.get(manager)
    }
    return {
        "need": one.need,
        "name": one.name,
        "specifier": str(one.specifier),
        "role": one.role,
        "needed-by": one.needed_by,
        "state": one.state,
        "found": one.found if one.state in ("present", "too-old") else "",
        "optional": True if one.strength == "optional" else None,
        "without": one.effect if one.strength != "required" else "",
        "offered": one.offered,
        "unmet": one.unmet,
        "brought-by": one.brought_by,
        "facts": one.ways,
        **packages,
    }
