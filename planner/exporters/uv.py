"""What a uv project writes into its pyproject.toml to lock and build as planned; knows `[tool.uv]` alone.

https://docs.astral.sh/uv/reference/settings/, and of builds that import what they do not declare:
https://docs.astral.sh/uv/concepts/projects/config/#build-isolation
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from packaging.utils import canonicalize_name

from planner.exporters.build_constraints import build_pins
from planner.exporters.lines import folders_of, pin, safe_path, safe_url
from planner.exporters.port import Asked
from planner.exporters.words import comment
from planner.plan.opened import PlanFile, PlannedIndex, PlannedPackage
from planner.plan.toml import array_of, lines_of, value_of

__all__ = ["HERE", "export"]

HERE = False


def export(plan: PlanFile, asked: Asked) -> str:
    """The tables `[tool.uv]`, `[[tool.uv.index]]` and `[tool.uv.sources]`."""
    return "\n".join(_lines(plan, asked)) + "\n"


def _lines(plan: PlanFile, asked: Asked) -> Iterator[str]:
    packages = sorted(plan.packages, key=lambda one: one.name)
    alone = [one for one in packages if one.kind and not one.isolated]
    agreed, others = build_pins(plan.builds)
    yield f"# From {comment(asked.plan)}, by `wheelplan export --format uv`; for pyproject.toml."
    yield "[tool.uv]"
    yield from lines_of({"environments": plan.environments})
    folders = folders_of(packages, asked.folder)
    if folders and not any(one.url for one in plan.indexes):
        yield "no-index = true"
    yield from lines_of({"find-links": folders})
    pins = (pin(one) for one in packages if not one.archive)
    why = "The plan's versions, also of what comes with something else."
    yield from _list("constraint-dependencies", (one for one in pins if one), why=why)
    yield from _list(
        "no-build-package",
        (one.name for one in packages if not one.kind),
        why="These have wheels: no source build may take their place.",
    )
    yield from _list(
        "no-binary-package",
        (one.name for one in packages if one.kind and one.sdist is not None),
        why="These are built, as planned: no wheel may take their place.",
    )
    yield from _list("build-constraint-dependencies", sorted(f"{k}=={v}" for k, v in agreed.items()))
    yield from others.values()
    settings = {one.name: _setting(one) for one in packages if one.config_settings}
    yield from lines_of({"config-settings-package": settings})
    if alone:
        yield "# Or, with what they import in the project's environment, instead of extra-build-dependencies:"
        yield f"# no-build-isolation-package = {value_of([one.name for one in alone])}"
        yield from _table("extra-build-dependencies", {one.name: _extra(one) for one in alone})
    variables = {one.name: dict(one.environment) for one in packages if one.environment}
    yield from _table("extra-build-variables", variables)
    names = _index_names(plan.indexes)
    yield from array_of("tool.uv.index", _indexes(plan, names))
    yield from _sources(plan, names, asked.folder)


def _list(name: str, items: Iterable[str], *, why: str = "") -> Iterator[str]:
    """A list with one item a line, as a reviewer reads a diff; nothing where there is none."""
    found = list(items)
    if found:
        if why:
            yield f"# {why}"
        yield f"{name} = ["
        yield from (f"    {value_of(item)}," for item in found)
        yield "]"


def _table(name: str, rows: Mapping[str, object]) -> Iterator[str]:
    if rows:
        yield ""
        yield f"[tool.uv.{name}]"
        yield from lines_of(rows)


def _setting(package: PlannedPackage) -> dict[str, str]:
    key, _, value = package.config_settings.partition("=")
    return {key: value}


def _extra(package: PlannedPackage) -> list[object]:
    """What it imports undeclared, in the project's own version; uv gives it the declared ones by itself."""
    declared = {canonicalize_name(text.partition("==")[0]) for text in package.build_requires}
    undeclared = [name for name in package.install_after if name not in declared]
    return [{"requirement": name, "match-runtime": True} for name in undeclared or package.install_after]


def _index_names(indexes: Iterable[PlannedIndex]) -> dict[str, str]:
    """A name for each index, by its address: its own, else one of its host; unique."""
    found: dict[str, str] = {}
    for one in indexes:
        if not one.url or one.url in found:
            continue
        last = one.url.rstrip("/").rpartition("/")[2] if one.only_for else ""
        host = re.sub(r"^[^:]*://(?:[^/@]*@)?", "", one.url).partition("/")[0]
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", one.name or f"{host}-{last}").strip("-_") or "index"
        number = 1
        while (unique := name if number == 1 else f"{name}-{number}") in found.values():
            number += 1
        found[one.url] = unique
    return found


def _indexes(plan: PlanFile, names: Mapping[str, str]) -> Iterator[dict[str, object]]:
    """The indexes for some projects alone are asked for nothing else; the largest other is the default."""
    rows = [one for one in plan.indexes if one.url]
    default = max((one for one in rows if not one.only_for), key=lambda one: one.projects, default=None)
    for one in rows:
        told: dict[str, object] = {"name": names[one.url], "url": safe_url(one.url)}
        if one.only_for:
            told["explicit"] = True
        elif one is default:
            told["default"] = True
        yield told


def _sources(plan: PlanFile, names: Mapping[str, str], folder: str) -> Iterator[str]:
    """Where a project is not taken from the default index. uv heeds it for the project's own dependencies."""
    explicit = {one.url for one in plan.indexes if one.only_for}
    rows: dict[str, object] = {}
    for package in sorted(plan.packages, key=lambda one: one.name):
        if package.archive is not None:
            place, inside = package.archive, package.subdirectory
            told = {"path": safe_path(place.path, folder)} if place.path else {"url": safe_url(place.url)}
            rows[package.name] = {**told, **({"subdirectory": inside} if inside else {})}
        elif package.directory:
            editable = {"editable": True} if package.editable else {}
            rows[package.name] = {"path": safe_path(package.directory, folder), **editable}
        elif package.vcs_type == "git":
            inside = package.subdirectory
            told = {"git": safe_url(package.vcs), "rev": package.commit}
            rows[package.name] = {**told, **({"subdirectory": inside} if inside else {})}
        elif package.index_url in explicit:
            rows[package.name] = {"index": names[package.index_url]}
    if rows:
        yield ""
        yield "# uv heeds these for what the project itself depends on: list them among its dependencies."
        yield "[tool.uv.sources]"
        yield from lines_of(rows)
