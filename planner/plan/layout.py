"""The plan file, a PEP 751 lock with our own tables; knows its layout, and must not touch a disk.

`render` gives the same bytes for the same plan: sorted, no clock, no host, no paths of a home. The last line
is a comment with the sha256 of every byte above it; `check_digest` proves that nothing was cut or edited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from planner.dists import Dist, Tree, Wheel
from planner.facts import Known, Machine, Unknown
from planner.findings import Finding
from planner.needs import Need
from planner.plan.builds import building_table, prerequisite_table
from planner.plan.seal import sealed
from planner.plan.toml import array_of, lines_of
from planner.plan.values import Package, Plan, PlanInput

__all__ = ["fingerprint_table", "projects_by_index", "relative_path", "render"]

SCHEMA = 1

# The facts of a plan's fingerprint: what decides wheels and needs. Disk and paths change from run to run and
# would make the same inputs give other bytes; memory is told rounded, where jobs were computed from it.
FINGERPRINT = (
    "os", "arch", "distro", "distro-version", "glibc", "musl", "macos", "windows", "python", "implementation",
    "abi", "cpu-level", "cuda-driver", "cuda-driver-api", "cuda-toolkit", "rocm", "torch", "torch-cuda",
)  # fmt: skip


def fingerprint_table(machine: Machine) -> dict[str, Any]:
    """The stable facts of a machine, absent ones left out, unknown ones listed by name."""
    known = {name: fact.value for name in FINGERPRINT if isinstance(fact := machine.facts.get(name), Known)}
    gpus = {
        name: fact.value
        for name, fact in sorted(machine.facts.items())
        if re.fullmatch(r"gpu:\d+", name) and isinstance(fact, Known)
    }
    unknown = [name for name in FINGERPRINT if isinstance(machine.facts.get(name), Unknown)]
    return {**known, **gpus, **({"unknown": unknown} if unknown else {})}


def _file(dist: Dist, plan_dir: str) -> dict[str, object]:
    """A wheel's or sdist's entry; a local file is named by its path from the plan's folder."""
    row = dist.row
    entry: dict[str, object] = {"name": row.filename}
    moment = _moment(row.upload_time)
    if moment is not None:
        entry["upload-time"] = moment
    if row.url.startswith("file:"):
        entry["path"] = relative_path(row.url, plan_dir)
    else:
        entry["url"] = row.url.partition("#")[0]
    if row.size is not None:
        entry["size"] = row.size
    entry["hashes"] = {"sha256": row.sha256} if row.sha256 else dict(row.hashes)
    return entry


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


def relative_path(url: str, plan_dir: str) -> str:
    """The path of a file: URL, from the plan's folder, with forward slashes (PEP 751)."""
    import posixpath  # noqa: PLC0415 (pure arithmetic on strings)
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415

    path = unquote(urlsplit(url).path)
    return posixpath.relpath(path, plan_dir) if plan_dir else path


def _tree(tree: Tree) -> dict[str, object]:
    if tree.kind == "directory":
        directory: dict[str, object] = {"path": tree.path}
        if tree.editable:
            directory["editable"] = True
        if tree.subdirectory:
            directory["subdirectory"] = tree.subdirectory
        return {"directory": directory}
    vcs: dict[str, object] = {"type": tree.vcs, "url": tree.url}
    if tree.requested:
        vcs["requested-revision"] = tree.requested
    vcs["commit-id"] = tree.commit
    if tree.subdirectory:
        vcs["subdirectory"] = tree.subdirectory
    return {"vcs": vcs}


def _package(package: Package, plan_dir: str) -> Iterator[str]:
    dist = package.dist
    entry: dict[str, object] = {"name": package.name}
    if not isinstance(dist, Tree) and package.version is not None:
        entry["version"] = str(package.version)
    if package.dependencies:
        entry["dependencies"] = [{"name": name} for name in package.dependencies]
    if isinstance(dist, Tree):
        entry.update(_tree(dist))
    elif package.direct:
        archive = {k: v for k, v in _file(dist, plan_dir).items() if k != "name"}
        entry["archive"] = archive
    else:
        entry["index"] = dist.index if not dist.index.startswith("file:") else ""
        kind = "wheels" if isinstance(dist, Wheel) else "sdist"
        file = _file(dist, plan_dir)
        entry[kind] = [file] if kind == "wheels" else file
    yield ""
    yield "[[packages]]"
    yield from lines_of(entry)
    yield "[packages.tool.wheelplan]"
    yield from lines_of(
        {
            "required-by": package.required_by,
            "extras": package.extras,
            "source-build": package.source_build,
            "reason": package.reason,
            "allowed": package.allowed,
            "build-backend": package.build_backend,
            "build-requires": package.build_requires,
            "alternatives": package.alternatives,
            **(building_table(package.build) if package.build else {}),
        }
    )


def _environments(machine: Machine) -> list[str]:
    names = ("sys_platform", "platform_machine", "implementation_name")
    return [" and ".join(f"{name} == '{machine.markers[name]}'" for name in names)]


def render(plan: Plan, *, plan_dir: str = "") -> str:
    """The plan's text, digest line included. `plan_dir` is the folder it will lie in (for local files)."""
    packages = sorted(plan.packages, key=lambda package: package.name)
    built = [package for package in packages if package.source_build]
    names = ", ".join(package.name for package in built) or "none"
    minor = ".".join(plan.machine.markers["python_version"].split(".")[:2])
    head: dict[str, object] = {
        "lock-version": "1.0",
        "environments": _environments(plan.machine),
        "requires-python": f"=={minor}.*",
    }
    lines = [
        f"# Made by `{_comment(plan.command)}`. Source builds: {names}.",
        "# Install it with `pip install -r` (pip 26.1 or newer) or `uv pip install -r`.",
        "# Do not edit it: the last line seals every byte above.",
        *lines_of(head),
        "extras = []",
        "dependency-groups = []",
        'created-by = "wheelplan"',
    ]
    if not packages:
        lines.append("packages = []")
    for package in packages:
        lines.extend(_package(package, plan_dir))
    lines += ["", "[tool.wheelplan]"]
    lines += lines_of(
        {
            "schema": SCHEMA,
            "verdict": plan.verdict,
            "requirements": plan.requirements,
            "inputs": [_input(one) for one in plan.inputs],
            "extras": plan.extras,
            "groups": plan.groups,
            "settings": dict(plan.settings),
            "torch-backend": plan.torch_backend,
            "environment": dict(plan.variables),
            "ready": plan.ready,
            "counts": {"packages": len(packages), "source-builds": len(built)},
        }
    )
    lines += ["", "[tool.wheelplan.machine]", *lines_of(_fingerprint(plan))]
    only_for = dict(plan.places)
    indexes = [
        {
            "name": name,
            "url": "" if url.startswith("file:") else url,
            "path": relative_path(url, plan_dir) if url.startswith("file:") else "",
            "projects": count,
            "for": only_for.get(url, ()),
        }
        for name, url, count in plan.indexes
    ]
    lines.extend(array_of("tool.wheelplan.indexes", indexes))
    lines.extend(array_of("tool.wheelplan.prerequisites", map(prerequisite_table, plan.prerequisites)))
    lines.extend(array_of("tool.wheelplan.needs", map(_run_need, plan.run_needs)))
    lines.extend(array_of("tool.wheelplan.findings", (_finding(found) for found in plan.findings)))
    text = "\n".join(lines) + "\n"
    return sealed(text)


def _run_need(one: Need) -> dict[str, str]:
    because = "; ".join(str(evidence) for evidence in one.because)
    return {
        "need": one.subject,
        "specifier": str(one.specifier),
        "role": one.role,
        "because": because,
        "without": one.effect if one.strength != "required" else "",
    }


def _input(one: PlanInput) -> dict[str, str]:
    role = {"role": one.role} if one.role else {}
    return {"path": one.path, "sha256": one.sha256, **role}


def _fingerprint(plan: Plan) -> dict[str, Any]:
    """The machine; with the memory and cores that jobs were computed from, where they were."""
    table = fingerprint_table(plan.machine)
    if plan.memory is not None:
        whole, part = divmod(plan.memory, 1024)
        table["memory-available"] = f"{whole} GiB" if whole else f"{part // 128 * 128} MiB"
        table["cores"] = int(plan.machine.value("cores") or 0)
    return table


def _finding(found: Finding) -> dict[str, object]:
    return {
        "code": found.code,
        "severity": found.severity,
        "project": found.project,
        "summary": found.summary,
        "remedy": found.remedy,
    }


def _comment(text: str) -> str:
    """Text that cannot leave its comment line (TOML forbids control characters there)."""
    return "".join(character if character.isprintable() else "?" for character in text)


def projects_by_index(packages: Sequence[Package]) -> dict[str, int]:
    """How many packages each index serves, by its shown address."""
    counts: dict[str, int] = {}
    for package in packages:
        if not isinstance(package.dist, Tree) and not package.direct:
            counts[package.dist.index] = counts.get(package.dist.index, 0) + 1
    return counts
