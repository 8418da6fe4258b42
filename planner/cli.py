"""The command line: words to a request, a result to an exit code; one function a subcommand.

The one place that reads the environment, the clock and the standard streams. Subcommands import what they use
inside their function, so that `--help` and `--version` cost no more than argparse.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from planner import arguments
from planner.errors import UsageError, WheelplanError

if TYPE_CHECKING:
    from planner.report import Printer
    from planner.verifying.values import Verified

__all__ = ["main"]

INTERRUPTED = 130


def _version(_: argparse.Namespace, printer: Printer) -> int:
    from importlib.metadata import version  # noqa: PLC0415

    printer.text(f"wheelplan {version('wheelplan')}")
    return 0


def _check(args: argparse.Namespace, printer: Printer) -> int:
    from planner.checkcommand import check  # noqa: PLC0415

    return check(args, printer)


def _explain(args: argparse.Namespace, printer: Printer) -> int:
    from planner.explaincommand import explain  # noqa: PLC0415

    return explain(args, printer)


def _fingerprint(args: argparse.Namespace, printer: Printer) -> int:
    from planner.disk import must_be_a_place, write_text  # noqa: PLC0415
    from planner.machinefile import dumps_json, dumps_toml  # noqa: PLC0415
    from planner.request import MachineRequest, World  # noqa: PLC0415
    from planner.target import machine_for  # noqa: PLC0415

    saved = bool(args.output) or args.output_format != "text"
    if args.output:
        must_be_a_place(args.output)
    machine = machine_for(MachineRequest.of(args), World.real(), whole=saved)
    if args.output:
        write_text(args.output, dumps_toml(machine))
        printer.note(f"Saved to {args.output}; plan for it with `wheelplan check --machine {args.output} …`.")
        return 0
    if args.output_format == "toml":
        printer.text(dumps_toml(machine))
    elif args.output_format == "json":
        printer.text(dumps_json(machine))
    else:
        printer.machine(machine)
    return 0


def _install(args: argparse.Namespace, printer: Printer) -> int:
    from planner.installing.session import InstallRequest, Voice, install_plan  # noqa: PLC0415
    from planner.report import printable  # noqa: PLC0415
    from planner.request import World  # noqa: PLC0415

    world = World.real()
    progress = printer.progress()

    def alone(say: Callable[[str], None]) -> Callable[[str], None]:
        """With the line of the progress wiped first."""

        def told(text: str) -> None:
            progress.done()
            say(printable(text))

        return told

    def gate(python: str, environment: str) -> Verified:
        from planner.verifying.values import VerifyRequest  # noqa: PLC0415
        from planner.verifying.verify import verify  # noqa: PLC0415

        allow = tuple(args.allow)
        asked = VerifyRequest(request.plan, "build", environment=environment, python=python, allow=allow)
        return verify(asked, world.environ, world.cwd)

    request = InstallRequest.of(args, world)
    voice = Voice(line=alone(printer.text), note=alone(printer.note), progress=progress.say)
    try:
        return install_plan(request, voice, gate=gate)
    finally:
        progress.done()


def _export(args: argparse.Namespace, printer: Printer) -> int:
    from planner.disk import write_text  # noqa: PLC0415
    from planner.exporters.session import ExportRequest, exported  # noqa: PLC0415
    from planner.request import World  # noqa: PLC0415

    request = ExportRequest.of(args, World.real())
    text, plan = exported(request)
    if request.output:
        printer.note(f"{request.output}: {write_text(request.output, text)}.")
    else:
        printer.text(text)
    if request.format in ("sh", "dockerfile"):  # those that `verify` in front of what they do
        from planner.verifying.verify import refused  # noqa: PLC0415

        for one in refused(plan):
            printer.note(f"{one.summary} `wheelplan verify` stops what was exported there: {one.remedy}.")
    return 0


def _verify(args: argparse.Namespace, printer: Printer) -> int:
    from planner.verifying.telling import findings_of, told_lines, verified_json  # noqa: PLC0415
    from planner.verifying.values import VerifyRequest  # noqa: PLC0415
    from planner.verifying.verify import verify  # noqa: PLC0415

    try:
        cwd = os.getcwd()  # noqa: PTH109 (pathlib takes 6 ms, and `verify` starts in a few times that)
    except OSError:
        cwd = ""
    verified = verify(VerifyRequest.of(vars(args)), os.environ, cwd)
    if args.output_format == "json":
        printer.json(verified_json(verified))
    elif args.output_format == "text":
        printer.plain(told_lines(verified, quiet=args.quiet))
    else:
        from planner.gates import sarif, workflow_commands  # noqa: PLC0415

        findings = findings_of(verified)
        if args.output_format == "sarif":
            code = verified.exit_code
            doubts = [one for one in findings if one.severity == "warning" and code == 2]
            printer.json(
                sarif(findings, where=verified.plan, files=verified.inputs, exit_code=code, doubts=doubts)
            )
            for one in doubts:  # a file takes the rest, and who reads the log must see why
                printer.note(f"{one.code}, not proven: {one.summary}")
        else:
            printer.plain(workflow_commands(findings, where=verified.plan, files=verified.inputs))
    return verified.exit_code


def _diagnose(args: argparse.Namespace, printer: Printer) -> int:
    from planner.diagnosing.session import diagnose_log, diagnosed_json, told_lines  # noqa: PLC0415
    from planner.request import MachineRequest, World  # noqa: PLC0415

    if args.log in (None, "-") and sys.stdin is not None and sys.stdin.isatty():
        printer.note("Reading the log from this terminal; end it with Ctrl-D, or name a file.")
    report = diagnose_log(args.log or "-", MachineRequest.of(args), World.real())
    if args.output_format == "json":
        printer.json(diagnosed_json(report))
    elif args.output_format == "text":
        printer.plain(told_lines(report, quiet=args.quiet))
    else:
        from planner.gates import sarif, workflow_commands  # noqa: PLC0415

        if args.output_format == "sarif":
            printer.json(sarif(report.findings, where=report.log, files=(report.log,)))
        else:
            printer.plain(workflow_commands(report.findings, where=report.log, files=(report.log,)))
    return report.exit_code


def _cache(args: argparse.Namespace, printer: Printer) -> int:
    from planner.disk import cache_folder, clear_cache  # noqa: PLC0415

    folder = cache_folder(args.cache_dir, os.environ)
    if args.action == "dir":
        printer.text(str(folder))
    else:
        count = clear_cache(folder)
        printer.note(f"Removed {count} entries from {folder}.")
    return 0


_TAKE_INPUTS = ("check", "explain")
_COMMANDS = {
    "check": _check,
    "diagnose": _diagnose,
    "explain": _explain,
    "export": _export,
    "fingerprint": _fingerprint,
    "cache": _cache,
    "install": _install,
    "verify": _verify,
}


def _tell(error: WheelplanError, args: argparse.Namespace, printer: Printer) -> int:
    """An error that ends the run, in the form that was asked for; gives its exit code."""
    from planner.jsonform import error_json  # noqa: PLC0415

    form = getattr(args, "output_format", "")
    if form == "json":
        printer.json(error_json(error))
    else:
        if form == "sarif":
            from planner.gates import failed_sarif  # noqa: PLC0415

            printer.json(failed_sarif(error))
        if form == "github":
            from planner.gates import failed_command  # noqa: PLC0415

            printer.plain([failed_command(str(error), where=error.where)])
        printer.error(error)
    return error.exit_code


def _crashed(error: Exception, args: argparse.Namespace, printer: Printer) -> int:
    """An error of ours: one sentence, and the traceback only where it was asked for."""
    import traceback  # noqa: PLC0415

    frames = traceback.extract_tb(error.__traceback__)
    place = next(
        (
            f"{f.filename.rpartition('planner')[2]}:{f.lineno}"
            for f in reversed(frames)
            if "planner" in f.filename
        ),
        "",
    )
    told = WheelplanError(
        f"wheelplan failed ({type(error).__name__}: {error}).",
        where=place,
        hint="This is an error of wheelplan's: please report it, with the output of -v.",
    )
    told.id = "internal"
    if getattr(args, "verbose", False):
        printer.note("".join(traceback.format_exception(error)))
    return _tell(told, args, printer)


def _unknown_options(wrong: Sequence[str], args: argparse.Namespace) -> str:
    """What is said of words that no command takes, with the nearest option that this one has."""
    import difflib  # noqa: PLC0415 (only a mistake needs it)

    known = [f"--{name.replace('_', '-')}" for name in vars(args)]
    near = [difflib.get_close_matches(word.partition("=")[0], known, 1) for word in wrong]
    told = [f"{word} (did you mean {n[0]}?)" if n else word for word, n in zip(wrong, near, strict=True)]
    command = f"wheelplan {args.command}" if args.command else "wheelplan"
    return f"{command} has no option {', '.join(told)}; `{command} --help` lists them"


def _answer(argv: Sequence[str] | None) -> int:
    """Run one command; the only place where errors become codes. An `OSError` is that of an output stream."""
    parser = arguments.parser()
    args, rest = parser.parse_known_args(argv)
    # argparse takes the INPUTs up to the first option alone: `check a.txt --pre torch` must work as in pip.
    wrong = [word for word in rest if args.command not in _TAKE_INPUTS or word[:1] == "-" != word]
    if wrong:
        parser.error(_unknown_options(wrong, args))
    if rest:
        args.words += rest
    if args.command is None and not args.version:
        parser.print_help()
        return UsageError.exit_code
    from planner.report import Printer  # noqa: PLC0415

    printer = Printer(
        color=getattr(args, "color", "auto"),
        quiet=getattr(args, "quiet", False),
        verbose=getattr(args, "verbose", False),
    )
    try:
        return _version(args, printer) if args.version else _COMMANDS[args.command](args, printer)
    except WheelplanError as error:
        return _tell(error, args, printer)
    except KeyboardInterrupt:
        printer.note("Interrupted; nothing was written.")
        return INTERRUPTED
    except RecursionError:
        return _tell(WheelplanError("An input is nested too deeply to be read."), args, printer)
    except SystemExit:  # rich's answer to a closed pipe, with a code that means something else here
        raise BrokenPipeError from None
    except Exception as error:  # fails closed: any doubt is 2, and no traceback for a user
        if isinstance(error, OSError) and error.filename is None and error.errno in _STREAM_ERRORS:
            raise
        return _crashed(error, args, printer)


_STREAM_ERRORS = frozenset({errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF, None})


def _open_streams() -> None:
    """Streams that take every text: closed ones lead nowhere, and what an encoding lacks is written out."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 (for as long as we run)
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _unsaid(error: OSError) -> int:
    """The output could not be written: said where that is possible; the streams then lead nowhere.

    A reader that went away (`wheelplan … | head -1`) wants no message. Without the last step, Python would
    fail again at its end, with a code of its own.
    """
    if not isinstance(error, BrokenPipeError):
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"error: The output cannot be written: {error.strerror or error}.\n")
            sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(nowhere, stream.fileno())
    return UsageError.exit_code


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    _open_streams()
    try:
        try:
            code = _answer(argv)
        except SystemExit as stop:  # argparse's, after a help or a usage
            code = stop.code if isinstance(stop.code, int) else 0
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        return _unsaid(error)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
