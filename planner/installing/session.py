"""One `wheelplan install`, from words to sentences; prints and judges through what it is given alone."""

from __future__ import annotations

import hashlib
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from planner.disk import read_local
from planner.errors import WheelplanError
from planner.files import read_plan
from planner.installing.install import Failure, Installation, Installed, install, shown
from planner.installing.places import (
    Installer,
    environment_python,
    find_installer,
    installed_versions,
    log_folder,
)
from planner.plan.opened import open_plan
from planner.plan.phases import Phase
from planner.request import DEFAULT_PLAN, MachineRequest, World
from planner.verifying.telling import told_lines as verified_lines
from planner.verifying.values import Verified

Gate: TypeAlias = Callable[[str, str], Verified]
"""Judges the machine for the plan's wheels and builds, with a Python; and an environment, unless it is ""."""

__all__ = ["Gate", "InstallRequest", "Voice", "install_plan"]

_INDEX_SETTINGS = ("index-url", "default-index", "extra-index-url", "index", "find-links", "no-index")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallRequest:
    """What one `install` is asked; "" where the command line says nothing."""

    world: World
    plan: str = DEFAULT_PLAN
    python: str = ""
    installer: str = ""
    logs: str = ""
    dry_run: bool = False

    @classmethod
    def of(cls, args: Namespace, world: World) -> InstallRequest:
        """From the command line's words."""
        return cls(
            world=world,
            plan=args.plan or DEFAULT_PLAN,
            python=args.python or "",
            installer=args.installer or "",
            logs=args.logs or "",
            dry_run=args.dry_run,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How a run speaks: `line` is a result, `note` a remark beside it, `progress` is soon overwritten."""

    line: Callable[[str], None]
    note: Callable[[str], None]
    progress: Callable[[str], None]


def install_plan(request: InstallRequest, voice: Voice, *, gate: Gate) -> int:
    """Install a plan and return the exit code: the gate's where it does not let pass, 1 for a failed phase.

    Where all phases went well, the gate is asked about the environment, too: nothing is taken for granted.
    Raises WheelplanError where nothing can be begun.
    """
    world = request.world
    data = read_plan(str(Path(world.cwd, request.plan)), request.plan)
    plan = open_plan(data, request.plan)
    python = environment_python(request.python, world.environ, world.cwd)
    installer = find_installer(request.installer, world.environ)
    code = _asked(gate(python, ""), voice, refused="Nothing was installed.")
    if code:
        return code
    digest = hashlib.sha256(data + python.encode("utf-8", "surrogateescape")).hexdigest()
    one = Installation(
        plan=plan,
        plan_dir=Path(world.cwd, request.plan).resolve().parent.as_posix(),
        installer=installer,
        python=python,
        logs=Path(world.cwd, log_folder(request.logs, digest)),
        environ=world.environ,
        installed=installed_versions(python),
        use_plan_indexes=not _names_indexes(installer, python, world),
    )
    if request.dry_run:
        for phase in one.phases:
            voice.line(shown(one, phase))
        if one.phases:
            voice.note(f"Nothing was run. The files named above are written to {one.logs} when it is.")
        return 0
    result = install(
        one,
        begin=lambda phase: voice.note(f"{_heading(one, phase)}: {one.log(phase)}"),
        follow=voice.progress,
    )
    code = result.exit_code
    if not code:
        refused = f"{installer.program} ended well, and the environment is not as the plan says: {one.logs}"
        code = _asked(gate(python, python), replace(voice, note=lambda _: None), refused=refused)
        if code:
            return code
    for line in _told(one, result, world):
        voice.line(line)
    return code


def _asked(verified: Verified, voice: Voice, *, refused: str) -> int:
    """The gate's exit code, with all that it says: as a result where it refuses, beside it else."""
    code = verified.exit_code
    for line in verified_lines(verified):
        (voice.line if code else voice.note)(line)
    if code:
        voice.line(refused)
    return code


def _names_indexes(installer: Installer, python: str, world: World) -> bool:
    """Whether the installer's own settings name an index: they know credentials, a plan never does."""
    from planner.config.pipconf import read_pip  # noqa: PLC0415
    from planner.config.uvconf import Documents, read_uv  # noqa: PLC0415

    if installer.program == "pip":
        layer = read_pip(
            world.environ, read_local, platform=sys.platform, prefix=str(Path(python).parent.parent)
        )
    else:
        layer = read_uv(world.environ, Documents(read_local), cwd=world.cwd, platform=sys.platform)
    return bool(layer.indexes) or any(layer.first(name) for name in _INDEX_SETTINGS)


def _heading(one: Installation, phase: Phase) -> str:
    phases = one.phases
    return f"[{phases.index(phase) + 1}/{len(phases)}] {_doing(phase)}"


def _doing(phase: Phase) -> str:
    """What a phase does, for a reader."""
    names = ", ".join(f"{one.name} {one.version}".rstrip() for one in phase.packages)
    if phase.kind == "first":
        return f"what others are built against: {names}"
    if phase.kind == "wheels":
        return f"wheels: {len(phase.packages)}"
    if phase.kind == "builds":
        return f"builds in isolation: {names}"
    if phase.kind == "tools":
        return f"build requirements: {', '.join(phase.pins)}"
    return f"build without isolation: {names}"


def _diagnosed(one: Installation, failure: Failure, world: World) -> Iterator[str]:
    """Why the phase failed, as far as its log tells, and what to type; else the last lines that it said."""
    from planner.diagnosing.session import diagnose_log, told_lines  # noqa: PLC0415 (only a failure is diagnosed)

    try:
        report = diagnose_log(failure.log, MachineRequest(python=one.python), world)
    except WheelplanError:  # the log is gone: that is no reason to hide that the phase failed
        report = None
    if report is None or not report.known:
        yield from (f"  {line}" for line in failure.lines)
    if report is not None and report.findings:
        yield from told_lines(report)


def _count(phases: tuple[Phase, ...]) -> str:
    count = sum(len(phase.packages) for phase in phases)
    return f"{count} distribution{'' if count == 1 else 's'}"


def _told(one: Installation, result: Installed, world: World) -> Iterator[str]:
    """The end of a run: what is installed, and where it failed what to do."""
    failure = result.failure
    if failure is not None:
        ended = f"exit code {failure.code}" if failure.code > 0 else f"ended by signal {-failure.code}"
        yield from _diagnosed(one, failure, world)
        yield f"{one.installer.program} failed ({ended}) in: {_doing(failure.phase)}."
        yield f"  its whole output: {failure.log}"
        yield f"  to try it alone: {shown(one, failure.phase)}"
        if failure.code == -9:
            yield "  it was killed: mostly that is the memory; fewer jobs need less (MAX_JOBS=1)"
    elif result.interrupted:
        yield f"Interrupted in: {_doing(result.left[0])}."
    if result.left:
        done = f"{_count(result.done)} of {len(one.plan.packages)}" if result.done else "nothing"
        yield f"Installed before that: {done}. Run the same command again: what is installed is kept."
        return
    extra = tuple(pin for phase in result.done for pin in phase.pins)
    beside = f", and to build them {', '.join(extra)}" if extra else ""
    yield f"Installed into {one.python}: {_count(result.done)}, as the plan says{beside}."
