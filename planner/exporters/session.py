"""One `wheelplan export`, from words to a text and where it goes; writes and prints nothing itself."""

from __future__ import annotations

import os
import posixpath
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from planner.errors import UsageError
from planner.exporters.port import Asked
from planner.facts import Known
from planner.files import read_plan
from planner.plan.opened import PlanFile, open_plan
from planner.request import DEFAULT_PLAN, World

__all__ = ["ExportRequest", "exported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What one `export` is asked. `output` is "" for the standard output; `project` is that of `--for`."""

    world: World
    format: str
    plan: str = DEFAULT_PLAN
    output: str = ""
    project: str = ""

    @classmethod
    def of(cls, args: Namespace, world: World) -> ExportRequest:
        """From the command line's words."""
        output = "" if args.output in ("-", "/dev/stdout") else args.output or ""
        return cls(
            world=world,
            format=args.format,
            plan=args.plan or DEFAULT_PLAN,
            output=output,
            project=args.project or "",
        )


def exported(request: ExportRequest) -> tuple[str, PlanFile]:
    """The text, and the plan that it tells.

    Raises PlanError for a plan that is none, or that the format cannot tell; UsageError.
    """
    from planner.exporters.table import EXPORTERS  # noqa: PLC0415 (a format is known to be one before)

    exporter = EXPORTERS[request.format]
    if request.project and request.format != "env":
        raise UsageError(
            "Only the variables of one build can be asked for.", where="--for", hint="Use `--format env`."
        )
    plan_path = Path(request.world.cwd, request.plan)
    plan = open_plan(read_plan(str(plan_path), request.plan, streams=True), request.plan)
    project = _normalised(request.project)
    if project and plan.package(project) is None:
        raise UsageError(f"The plan has no {request.project!r}.", where="--for")
    memory, cores = _here(request.world) if exporter.HERE else (None, None)
    folder = _folder(plan_path, request)
    asked = Asked(
        plan=posixpath.join(folder, plan_path.name),
        folder=folder,
        project=project,
        memory=memory,
        cores=cores,
        version=_version(),
    )
    return exporter.export(plan, asked), plan


def _folder(plan: Path, request: ExportRequest) -> str:
    """The plan's folder from that of the text; from the current one where the text goes to a stream."""
    start = Path(request.world.cwd, request.output).parent if request.output else Path(request.world.cwd)
    try:
        found = os.path.relpath(plan.parent.resolve(), start.resolve()).replace(os.sep, "/")
    except ValueError:  # two drives
        return plan.parent.resolve().as_posix()
    return "" if found == "." else found


def _normalised(name: str) -> str:
    from packaging.utils import canonicalize_name  # noqa: PLC0415 (10 ms)

    return canonicalize_name(name)


def _here(world: World) -> tuple[int | None, int | None]:
    """(memory available in MiB, cores) that a build may use here; None where they are not known."""
    from planner.probes import cpu, memory  # noqa: PLC0415 (one format asks)
    from planner.probes.host import LocalHost  # noqa: PLC0415

    host = LocalHost(world.environ)
    facts = {**dict(memory.probe(host)), **dict(cpu.probe(host))}

    def number(name: str) -> int | None:
        fact = facts.get(name)
        return int(fact.value) if isinstance(fact, Known) and fact.value.isdecimal() else None

    return number("memory-available"), number("cores")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("wheelplan")
    except PackageNotFoundError:
        return "0"
