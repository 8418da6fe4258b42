"""Some packages of a plan as a lock of their own (PEP 751), for one phase of an installation; pure.

Local files and folders are named by their whole path, as the excerpt lies elsewhere than the plan.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from planner.plan.openvalues import PlannedFile, PlannedPackage
from planner.plan.toml import lines_of

__all__ = ["excerpt"]


def excerpt(packages: Iterable[PlannedPackage], *, plan_dir: str) -> str:
    """The lock's text: names, versions, files, sizes and hashes as the plan has them, and nothing else."""
    lines = ['lock-version = "1.0"', 'created-by = "wheelplan"']
    for package in packages:
        lines += ["", "[[packages]]", *lines_of(dict(_entry(package, plan_dir)))]
    return "\n".join(lines) + "\n"


def _entry(package: PlannedPackage, plan_dir: str) -> Iterator[tuple[str, object]]:
    yield "name", package.name
    if package.version:
        yield "version", str(package.version)
    if package.wheels:
        yield "wheels", [_file(one, plan_dir) for one in package.wheels]
    elif package.sdist is not None:
        yield "sdist", _file(package.sdist, plan_dir)
    elif package.archive is not None:
        archive = {k: v for k, v in _file(package.archive, plan_dir).items() if k != "name"}
        yield "archive", {**archive, **_below(package)}
    elif package.directory:
        place = {"path": _absolute(package.directory, plan_dir)}
        yield "directory", {**place, **({"editable": True} if package.editable else {}), **_below(package)}
    else:
        vcs = {"type": package.vcs_type, "url": package.vcs, "commit-id": package.commit}
        yield "vcs", {**vcs, **_below(package)}


def _below(package: PlannedPackage) -> dict[str, str]:
    return {"subdirectory": package.subdirectory} if package.subdirectory else {}


def _file(file: PlannedFile, plan_dir: str) -> dict[str, object]:
    place = ("path", _absolute(file.path, plan_dir)) if file.path else ("url", file.url)
    entry: dict[str, object] = {"name": file.name, place[0]: place[1]}
    if file.size is not None:
        entry["size"] = file.size
    return {**entry, "hashes": {"sha256": file.sha256}}


def _absolute(path: str, plan_dir: str) -> str:
    return posixpath.normpath(posixpath.join(plan_dir, path))
