"""The pins of all build requirements of a plan, as far as its builds agree; knows no build of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.utils import canonicalize_name

from planner.dists import parse_version
from planner.errors import PlanError
from planner.exporters.port import Asked
from planner.exporters.words import comment
from planner.plan.opened import PlanFile, PlannedPackage

__all__ = ["HERE", "build_pins", "export"]

HERE = False
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")


def export(plan: PlanFile, asked: Asked) -> str:
    """For `pip install --build-constraint` and `uv pip install --build-constraints`."""
    agreed, others = build_pins(plan.builds)
    head = f"# From {comment(asked.plan)}, by `wheelplan export --format build-constraints`."
    lines = {**{name: f"{name}=={version}" for name, version in agreed.items()}, **others}
    return "\n".join((head, *(lines[name] for name in sorted(lines)))) + "\n"


def build_pins(builds: Iterable[PlannedPackage]) -> tuple[dict[str, str], dict[str, str]]:
    """(the version of each project that all builds agree on, a comment for each of the others).

    PlanError for what is no pin.
    """
    versions: dict[str, dict[str, list[str]]] = {}
    for build in builds:
        for text in build.build_requires:
            name, equals, told = text.partition("==")
            version = parse_version(told)
            if not equals or version is None or not _NAME.match(name):
                raise PlanError(
                    f"A build requirement of {build.name} in the plan is no pin: {comment(text)[:60]!r}."
                )
            versions.setdefault(canonicalize_name(name), {}).setdefault(str(version), []).append(build.name)
    agreed = {name: next(iter(found)) for name, found in versions.items() if len(found) == 1}
    others = {
        name: f"# {name}: the builds need different versions ("
        + ", ".join(f"{version} for {', '.join(sorted(who))}" for version, who in sorted(found.items()))
        + ")"
        for name, found in versions.items()
        if len(found) > 1
    }
    return agreed, others
