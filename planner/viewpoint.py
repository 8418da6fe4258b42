"""How paths and the command look from the plan's folder, wherever the command ran; writes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from planner.plan import Package
from planner.request import Request

__all__ = ["as_seen", "command_line", "from_plan", "plan_folder"]


def plan_folder(request: Request) -> str:
    """The folder that the paths in the plan count from (PEP 751): its own, but for a stream's."""
    path = Path(request.world.cwd, request.output)
    return request.world.cwd if str(path).startswith("/dev/") else str(path.parent)


def as_seen(packages: Sequence[Package], request: Request) -> Iterator[Package]:
    """The packages with the places that asked for them (`requirements.txt:4`) as seen from the plan."""
    seen: dict[str, str] = {}
    for package in packages:
        places = []
        for who in package.required_by:
            path, colon, line = who.rpartition(":")
            if colon and line.isdigit():
                if path not in seen:
                    seen[path] = from_plan(path, request)
                places.append(f"{seen[path]}:{line}")
            else:
                places.append(who)
        yield replace(package, required_by=tuple(sorted(places)))


def from_plan(path: str, request: Request) -> str:
    """A local path as it is seen from the plan's folder; anything else (an address, `stdin`) as it is.

    So is a path that lies neither below that folder nor with it in the working directory: the way there would
    tell the folders of a home.
    """
    cwd = request.world.cwd
    local, folder = os.path.normpath(Path(cwd, path)), os.path.normpath(plan_folder(request))
    if "://" in path or not Path(local).exists() or Path(local).anchor != Path(folder).anchor:
        return path
    shared = os.path.commonpath((local, folder))
    if shared != folder and not Path(shared).is_relative_to(cwd):
        return path
    return os.path.relpath(local, folder).replace(os.sep, "/")


def command_line(request: Request) -> str:
    """The command line that made the plan: its words without credentials, files as seen from the plan."""
    words = ["URL" if "://" in word else from_plan(word, request) for word in request.words]
    options = (("-r", request.requirements), ("-c", request.constraints), ("-b", request.build_constraints))
    for option, files in options:
        words += [f"{option} {from_plan(file, request)}" for file in files]
    return " ".join(("wheelplan check", *words))
