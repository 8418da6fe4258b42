"""How paths and the command look from the plan's folder, wherever the command ran; writes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.config.steering import steering
from planner.plan import Package, PlanInput
from planner.request import Request
from planner.urls import redacted, without_credentials
from planner.wanted import Inputs, Note

if TYPE_CHECKING:
    from planner.settings import Settings

__all__ = [
    "as_asked",
    "as_seen",
    "command_line",
    "from_here",
    "from_plan",
    "of_this_machine_alone",
    "plan_folder",
]

_REPOSITORIES = (".git", ".hg", ".jj", ".svn")


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

    Plans are committed, so the way goes from the plan where a checkout brings both: below its folder, in the
    working directory, in one repository, or where the user's own words lead. Else it is absolute: the way
    would tell the folders of a home, and be no truer on another machine.
    """
    cwd, folder = request.world.cwd, os.path.normpath(plan_folder(request))
    local = os.path.normpath(Path(cwd, path))
    if "://" in path or not Path(local).exists() or Path(local).anchor != Path(folder).anchor:
        return path
    shared = Path(os.path.commonpath((local, folder)))
    led = not Path(path).is_absolute() and str(shared) != shared.anchor
    if led or str(shared) == folder or shared.is_relative_to(cwd) or _in_repository(shared):
        return os.path.relpath(local, folder).replace(os.sep, "/")
    return local.replace(os.sep, "/")


def _in_repository(folder: Path) -> bool:
    return any((one / mark).exists() for one in (folder, *folder.parents) for mark in _REPOSITORIES)


def from_here(inputs: Inputs, request: Request) -> Callable[[str], str]:
    """What shows a path of the plan as the user of a run names it: as typed, or from the current folder."""
    named = {from_plan(file.path, request): file.path for file in inputs.files}

    def shown(path: str) -> str:
        if path in named or "://" in path or Path(path).is_absolute():
            return named.get(path, path)
        place = Path(request.world.cwd, plan_folder(request), path)
        return os.path.relpath(place, request.world.cwd).replace(os.sep, "/")

    return shown


def of_this_machine_alone(inputs: Sequence[Inputs | None], request: Request) -> Iterator[Note]:
    """A remark on each input that the plan can name by its absolute path alone."""
    paths = dict.fromkeys(file.path for one in inputs if one is not None for file in one.files)
    for path in paths:
        if "://" not in path and Path(from_plan(path, request)).is_absolute():
            text = "The plan names this file by its absolute path, and `verify` looks for it there alone."
            hint = "Keep it in one repository with the plan, or below the plan's folder."
            yield Note(where=path, text=f"{text} {hint}")


def command_line(request: Request) -> str:
    """The command line that made the plan: its words without credentials, files as seen from the plan."""
    words = ["URL" if "://" in word else from_plan(word, request) for word in request.words]
    options = (("-r", request.requirements), ("-c", request.constraints), ("-b", request.build_constraints))
    for option, files in options:
        words += [f"{option} {from_plan(file, request)}" for file in files]
    return " ".join(("wheelplan check", *words))


def as_asked(request: Request, settings: Settings, inputs: Inputs, building: Inputs | None) -> dict[str, Any]:
    """What a plan says of the command that made it, from which it can be repeated in the plan's folder."""
    return {
        "command": command_line(request),
        "requirements": _requirements(request, inputs),
        "inputs": (
            *_inputs(request, inputs, settings.constraints),
            *_build_inputs(request, settings, building),
        ),
        "extras": tuple(sorted(set(request.extras))),
        "groups": _groups(request),
        "settings": steering(settings.policy, settings.values),
    }


def _inputs(request: Request, inputs: Inputs, constraints: Sequence[str]) -> Iterator[PlanInput]:
    """Every file that was read, with its part in the run; `constraints` are those of settings."""
    named = {_place(word, request) for word in (*request.words, *request.requirements)}
    if not (named or request.editables or request.groups):  # what `check` takes when no input is named
        named = {_place(name, request) for name in ("requirements.txt", "pyproject.toml")}
    constrain = {_place(word, request) for word in (*request.constraints, *constraints)}
    for file in inputs.files:
        place = _place(file.path, request)
        role = "" if place in named else "constraint" if place in constrain else "included"
        if file.path == "stdin" and "-" in request.words:
            role = "stdin"
        yield PlanInput(path=from_plan(file.path, request), sha256=file.sha256, role=role)


def _build_inputs(request: Request, settings: Settings, building: Inputs | None) -> Iterator[PlanInput]:
    words = (*request.build_constraints, *settings.build_constraints)
    build = {_place(word, request) for word in words}
    for file in building.files if building else ():
        role = "build-constraint" if _place(file.path, request) in build else "included"
        yield PlanInput(path=from_plan(file.path, request), sha256=file.sha256, role=role)


def _place(word: str, request: Request) -> str:
    return without_credentials(word) if "://" in word else os.path.normpath(Path(request.world.cwd, word))


def _requirements(request: Request, inputs: Inputs) -> tuple[str, ...]:
    """The words of the command line that name no file that was read: requirements, and `-e PATH`."""
    files = {_place(file.path, request) for file in inputs.files}
    words = {
        _word(word, request) for word in request.words if word != "-" and _place(word, request) not in files
    }
    words |= {f"-e {_path(path, request)}" for path in request.editables}
    return tuple(sorted(words))


def _word(word: str, request: Request) -> str:
    """A requirement without credentials; the path that stands for one as seen from the plan."""
    is_path = "/" in word.partition("[")[0].replace(os.sep, "/")
    return _path(word, request) if is_path else redacted(word)


def _path(word: str, request: Request) -> str:
    """`./project[extra]` as seen from the plan, with what tells that it is a path; addresses as they are."""
    path, bracket, extras = word.partition("[")
    if "://" in word:
        return redacted(word)
    seen = from_plan(path, request)
    return f"{seen if Path(seen).is_absolute() or seen.startswith('.') else f'./{seen}'}{bracket}{extras}"


def _groups(request: Request) -> tuple[str, ...]:
    """The dependency groups that were asked for; the file of `PATH:NAME` as seen from the plan."""
    parted = (group.rpartition(":") for group in request.groups)
    return tuple(
        sorted({f"{from_plan(path, request)}:{name}" if colon else name for path, colon, name in parted})
    )
