"""`wheelplan check` from words to an exit code: what runs, what is written, in which form it is told.

Opens no file but through `planner.disk`, and prints through the printer that it is given.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from planner.errors import UsageError, WheelplanError

if TYPE_CHECKING:
    import argparse

    from planner.config.ourtables import Target
    from planner.findings import Finding
    from planner.report import Printer, Progress
    from planner.verdict import Checked

__all__ = ["check"]

_STDOUT = ("-", "/dev/stdout")


def check(args: argparse.Namespace, printer: Printer) -> int:
    """Run the command. Raises WheelplanError for what cannot be done."""
    from planner import pipeline  # noqa: PLC0415
    from planner.disk import write_text  # noqa: PLC0415
    from planner.request import DEFAULT_PLAN, Request, World  # noqa: PLC0415

    _refuse(args)
    request = Request.of(args, World.real())
    if args.all_targets:
        return _check_all(args, printer)
    path = args.output or DEFAULT_PLAN
    if args.target:
        from planner.targets import for_target, tables_of  # noqa: PLC0415

        request = for_target(request, tables_of(request).target(args.target), output=args.output or "")
        path = request.output
    _must_be_places(path if not args.locked else "", args.write_build_constraints)
    with _progress(printer) as progress:
        checked = pipeline.check(request, progress.say, printer.note)
    code = checked.exit_code
    written = ""
    if checked.locked is not None:
        path = request.output
    elif path in _STDOUT:  # the plan alone, so that it can be sent on
        if checked.plan:
            printer.text(checked.plan)
        printer, path = printer.aside(), ""
    elif checked.plan:
        written = write_text(path, checked.plan)
    if args.write_build_constraints and checked.plan:  # as with the plan: else the file stays as it is
        lines = checked.ready.build_constraints if checked.ready else ()
        write_text(args.write_build_constraints, "".join(f"{line}\n" for line in lines))
    if args.output_format == "json":
        from planner.jsonform import checked_json  # noqa: PLC0415

        printer.json(checked_json(checked, plan_path=path, exit_code=code))
        return code
    if args.output_format != "text":
        _gate(args.output_format, (checked,), checked.findings, printer, plan=path, code=code)
        return code
    for note in checked.notes:
        printer.note(note)
    if args.verbose:
        for name, value, origin in checked.origins:
            printer.note(f"{name} = {value} ({origin})")
    printer.checked(checked, plan_path=path, written=written)
    return code


def _refuse(args: argparse.Namespace) -> None:
    """Words that do not go together. Raises UsageError."""
    if args.output in _STDOUT and args.output_format != "text":
        what = "JSON" if args.output_format == "json" else "findings"
        raise UsageError(
            f"The plan and the {what} cannot both go to the standard output.",
            where="-o",
            hint="Name a file for the plan.",
        )
    if args.target and args.all_targets:
        raise UsageError("--target names one of --all-targets.", where="--target", hint="Say one of them.")
    if args.locked and args.write_build_constraints:
        raise UsageError("--locked writes nothing.", where="--write-build-constraints", hint="Leave one out.")
    if args.locked and args.output in _STDOUT:
        raise UsageError(
            "--locked compares with a plan, and the standard output is none.",
            where="-o",
            hint="Name the plan's file.",
        )
    if args.all_targets and (args.output or args.write_build_constraints):
        raise UsageError(
            "--all-targets writes a plan for each target, and this names one file.",
            where="-o" if args.output else "--write-build-constraints",
            hint='Write output = "pylock.NAME.toml" into a target, or say --target NAME.',
        )


def _must_be_places(*paths: str | None) -> None:
    """What is written when all is known can be written: said before an index is asked. Raises PlanError."""
    from planner.disk import must_be_a_place  # noqa: PLC0415

    for path in paths:
        if path and path not in _STDOUT:
            must_be_a_place(path)


@contextmanager
def _progress(printer: Printer) -> Iterator[Progress]:
    """The line that tells what is under way.

    A run of seconds makes many objects and few cycles: without the collector a hundred pages are read in a
    third of the time, and the most memory held stays the same.
    """
    gc.disable()
    progress = printer.progress()
    try:
        yield progress
    finally:
        gc.enable()
        progress.done()


def _gate(
    form: str,
    several: Sequence[Checked],
    findings: Sequence[Finding],
    printer: Printer,
    *,
    code: int,
    plan: str = "",
    errors: Sequence[WheelplanError] = (),
) -> None:
    """Findings in the form of a gate, each at the line of the input that asks for its project."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    from planner.findings import UNPROVEN  # noqa: PLC0415
    from planner.gates import failed_command, sarif, workflow_commands  # noqa: PLC0415
    from planner.locking.words import locked_findings  # noqa: PLC0415
    from planner.report import printable  # noqa: PLC0415

    files = tuple(dict.fromkeys(name for one in several for name in one.files))
    places = {
        str(package.name): place
        for one in several
        for package in one.packages
        for place in reversed(package.required_by)
        if place.rpartition(":")[0] in files
    }
    told = [*findings, *(found for one in several if one.locked for found in locked_findings(one.locked))]
    told = list(dict.fromkeys(told))
    where = files[0] if files else plan
    if form == "sarif":
        own = ""
        with suppress(PackageNotFoundError):  # run from its sources
            own = version("wheelplan")
        doubts = [one for one in told if one.code in UNPROVEN]
        printer.json(
            sarif(
                told,
                where=where,
                files=files,
                places=places,
                version=own,
                exit_code=code,
                doubts=doubts,
                errors=errors,
            )
        )
        for one in doubts:  # a file takes the rest, and who reads the log must see why
            printer.note(f"{one.code}, not proven: {one.summary}")
        return
    for error in errors:
        printer.plain([failed_command(str(error), where=error.where)])
    for line in workflow_commands(told, where=where, files=files, places=places):
        printer.text(printable(line))


def _check_all(args: argparse.Namespace, printer: Printer) -> int:
    """Every target of the project's settings: one plan each, one table, the worst exit code."""
    from planner.disk import write_text  # noqa: PLC0415
    from planner.request import Request, World  # noqa: PLC0415
    from planner.targetlines import findings_of, targets_json, targets_lines, worst  # noqa: PLC0415
    from planner.targets import check_targets, not_built_anywhere  # noqa: PLC0415

    def write(target: Target, checked: Checked) -> str:
        return write_text(target.output, checked.plan) if checked.plan and checked.locked is None else ""

    with _progress(printer) as progress:
        outcomes = check_targets(Request.of(args, World.real()), progress.say, printer.note, write)
    code = worst(outcomes)
    if args.output_format == "json":
        printer.json(targets_json(outcomes))
        return code
    notes = dict.fromkeys(note for one in outcomes if one.checked for note in one.checked.notes)
    idle = not_built_anywhere(outcomes)
    told = [f"{name} is allowed to be built from source, and no target builds it." for name in idle]
    for note in (*notes, *told):
        printer.note(note)
    if args.output_format != "text":
        found = [one.checked for one in outcomes if one.checked is not None]
        errors = [one.error for one in outcomes if one.error is not None]
        _gate(args.output_format, found, findings_of(outcomes), printer, code=code, errors=errors)
        for error in errors:
            printer.error(error)
        return code
    printer.lines(targets_lines(outcomes, verbose=args.verbose, quiet=args.quiet))
    return code
