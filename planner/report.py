"""The only module that prints: tables for people, JSON for programs; judges and changes nothing.

Text from outside (file names, reasons, server messages) goes through `printable`, so that no escape sequence
and no line break of somebody else's reaches a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from planner.errors import InputError, WheelplanError

if TYPE_CHECKING:
    from rich.console import Console

    from planner.assess import SourceBuild
    from planner.facts import Machine
    from planner.findings import Finding
    from planner.verdict import Checked

__all__ = ["Printer", "printable"]

_KIND = {True: "native", False: "pure", None: "unknown"}
_CLASHES = ("WP523", "WP524", "WP525")
_COLOUR = {"error": "bold red", "warning": "yellow", "note": "dim"}


def printable(text: str) -> str:
    r"""The text with every character that a terminal would act on written out (C0, C1, bidi, format).

    >>> printable("a" + chr(27) + "[31mb" + chr(0x202E))
    'a\\x1b[31mb\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class Printer:
    """Writes results to stdout and everything else to stderr. `color` is `auto`, `always` or `never`."""

    def __init__(
        self,
        *,
        color: str = "auto",
        quiet: bool = False,
        verbose: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self._color = color
        self._quiet = quiet
        self._verbose = verbose
        self._out = stdout or sys.stdout
        self._err = stderr or sys.stderr

    def _console(self, file: TextIO) -> Console:
        from rich.console import Console  # noqa: PLC0415 (40 ms: only a printed table needs it)

        forced = {"always": True, "never": False}.get(self._color)
        return Console(
            file=file,
            force_terminal=forced,
            no_color=self._color == "never" or None,
            highlight=False,
            emoji=False,
            markup=False,
            soft_wrap=True,
            width=None if file.isatty() else 200,
        )

    # -- errors, notes, progress ------------------------------------------------------------------------

    def error(self, error: WheelplanError) -> None:
        """An error that ends the run, as sentences; every bad line of an input has its own."""
        others = error.others if isinstance(error, InputError) else ()
        for one in (error, *others):
            print(f"error: {printable(str(one))}", file=self._err)

    def aside(self) -> Printer:
        """The same, with everything on stderr: stdout holds the plan."""
        return Printer(
            color=self._color, quiet=self._quiet, verbose=self._verbose, stdout=self._err, stderr=self._err
        )

    def note(self, text: str) -> None:
        """A remark beside the result."""
        if not self._quiet:
            print(printable(text), file=self._err)

    def progress(self) -> Progress:
        """A line that is rewritten while the network works; nothing when stderr is no terminal."""
        return Progress(self._err, shown=self._err.isatty() and not self._quiet)

    def text(self, text: str) -> None:
        """A result that is text already (a machine file, a cache folder)."""
        self._out.write(text if text.endswith("\n") else f"{text}\n")

    def json(self, value: Mapping[str, Any]) -> None:
        """A result for programs; control characters stay escaped as JSON has them."""
        self._out.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")

    # -- fingerprint ------------------------------------------------------------------------------------

    def machine(self, machine: Machine) -> None:
        """Every fact, with how it was found; installed distributions are counted, not listed."""
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        from planner.facts import Absent, Known  # noqa: PLC0415

        table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
        for column in ("fact", "value", "how it was found"):
            table.add_column(column, overflow="fold")
        installed = [name for name in machine.facts if name.startswith("dist:")]
        for name, fact in machine.facts.items():
            if name.startswith("dist:") and not self._verbose:
                continue
            if isinstance(fact, Known):
                unit = " MiB" if name.startswith(("memory-", "disk-")) or name.endswith(":memory") else ""
                value, style, how = f"{fact.value or 'yes'}{unit}", "", fact.how
            elif isinstance(fact, Absent):
                value, style, how = "absent", "dim", fact.how
            else:
                value, style, how = "unknown", "yellow", fact.why
            table.add_row(
                Text(printable(name)), Text(printable(value), style=style), Text(printable(how), "dim")
            )
        if installed and not self._verbose:
            table.add_row(
                "dist:*", str(len(installed)), Text("installed distributions (-v lists them)", "dim")
            )
        self._console(self._out).print(table)

    # -- check ------------------------------------------------------------------------------------------

    def checked(self, checked: Checked, *, plan_path: str, written: str) -> None:
        """The result of `check` for a reader: verdict, machine, source builds, findings, what to do next."""
        from rich.text import Text  # noqa: PLC0415

        console = self._console(self._out)
        if not self._quiet:
            console.print(Text(_machine_line(checked.machine), "dim"))
            console.print(Text(_counts_line(checked), "dim"))
        self._builds(console, checked)
        self._findings(console, checked)
        quiet = self._quiet and not checked.builds and not checked.findings
        colour = {"clear": "bold green", "builds": "bold green"}.get(checked.verdict, "bold red")
        if not quiet:
            console.print()
        line = Text(f"{checked.verdict}: ", colour)
        line.append(_verdict_sentence(checked), "bold")
        console.print(line)
        for sentence in _next(checked, plan_path, written):
            console.print(Text(printable(sentence)))

    def _builds(self, console: Console, checked: Checked) -> None:
        from rich.text import Text  # noqa: PLC0415

        if not checked.builds:
            return
        order = {True: 0, None: 1, False: 2}
        builds = sorted(checked.builds, key=lambda build: (order[build.native], build.project))
        names = [printable(f"{build.project} {build.version or ''}".strip()) for build in builds]
        wide = min(max(map(len, names)), 40)
        console.print()
        console.print(Text(f"Source builds ({len(builds)})", "bold"))
        for build, name in zip(builds, names, strict=True):
            style = {True: "bold", None: "", False: "dim"}[build.native]
            line = Text(f"  {name:<{wide}}  {_KIND[build.native]:<7}  ", style)
            line.append(f"{build.code}  ", "dim")
            line.append(printable(build.why), style)
            console.print(line)
            for detail in _details(build, verbose=self._verbose):
                console.print(Text(f"  {'':<{wide}}  {printable(detail)}", "dim"))
        stopping = [build.project for build in builds if _stops(build, checked)]
        if stopping:
            words = " ".join(f"--allow-build {name}" for name in stopping[:3])
            more = "" if len(stopping) <= 3 else " …"
            console.print(Text(printable(f"  -> to accept: {words}{more}"), "cyan"))

    def _findings(self, console: Console, checked: Checked) -> None:
        from rich.text import Text  # noqa: PLC0415

        builds = {(build.code, build.project) for build in checked.builds}
        told = [f for f in checked.findings if (f.code, f.project) not in builds]
        if self._quiet:
            told = [f for f in told if f.severity == "error"]
        notes = 0 if self._verbose else sum(f.severity == "note" for f in told)
        if len(told) == notes:
            return
        console.print()
        console.print(Text("Findings", "bold"))
        for found in told:
            if found.severity == "note" and not self._verbose:
                continue
            line = Text(f"  {found.severity} ", _COLOUR[found.severity])
            line.append(f"{found.code} ", "dim")
            place = f"{found.evidence[0]}: " if found.evidence else ""
            line.append(printable(f"{place}{found.summary}"))
            console.print(line)
            told_why = found.code in _CLASHES
            for fact in found.facts[: None if self._verbose else 10 if told_why else 0]:
                console.print(Text(printable(f"      {fact}"), "dim"))
            if found.remedy:
                console.print(Text(printable(f"      -> {found.remedy}"), "cyan"))
        if notes:
            console.print(Text(f"  and {notes} notes (-v shows them)", "dim"))


def _stops(build: SourceBuild, checked: Checked) -> bool:
    return any(
        f.project == build.project and f.code == build.code and f.severity == "error"
        for f in checked.findings
    )


def _details(build: SourceBuild, *, verbose: bool) -> Iterator[str]:
    """Why it compiles and what fits instead; the files themselves with -v."""
    if build.native is not False or verbose:
        yield from build.native_because[: 6 if verbose else 1]
        yield from (f"instead: {text}" for text in build.alternatives)
    if verbose:
        yield from (f"{misfit.filename}: {misfit.detail}" for misfit in build.misfits)


def _machine_line(machine: Machine) -> str:
    def known(name: str, label: str = "") -> str:
        value = machine.value(name)
        return f"{label}{value}" if value else ""

    parts = [
        f"{machine.value('os') or 'unknown system'} {machine.value('arch') or ''}".strip(),
        known("glibc", "glibc ") or known("musl", "musl ") or known("macos", "macOS "),
        f"{machine.value('implementation') or 'python'} {machine.value('python')} ({machine.value('abi')})",
        known("cuda-driver", "NVIDIA driver "),
        known("cuda-toolkit", "CUDA toolkit "),
        known("torch", "torch "),
    ]
    return printable("machine: " + ", ".join(part for part in parts if part))


def _counts_line(checked: Checked) -> str:
    wheels = sum(not package.source_build for package in checked.packages)
    where = ", ".join(checked.inputs) or "the command line"
    rest = " (the other requirements)" if checked.set_aside else ""
    projects = _plural(len(checked.packages), "project")
    builds = _plural(len(checked.packages) - wheels, "source build")
    return printable(f"resolved: {projects} from {where}{rest}: {_plural(wheels, 'wheel')}, {builds}")


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _verdict_sentence(checked: Checked) -> str:
    native = sum(build.native is True for build in checked.builds)
    errors = sum(found.severity == "error" for found in checked.findings)
    if checked.verdict == "clear":
        count = len(checked.packages)
        every = "the one project has" if count == 1 else f"all {count} projects have"
        return f"{every} a wheel for this machine." if count else "nothing is asked for on this machine."
    if checked.verdict == "builds":
        built = _plural(len(checked.builds), "source build")
        return f"{built}, {native} of them native; all are pure Python or allowed."
    if checked.verdict == "unproven":
        return "something that the answer depends on could not be known (see the findings)."
    if checked.set_aside:
        unmet = _plural(len(set(checked.set_aside)), "requirement")
        return f"{unmet} cannot be met; among the others, {_plural(native, 'native source build')}."
    return f"{_plural(errors, 'error')}; {_plural(native, 'native source build')}."


def _next(checked: Checked, plan_path: str, written: str) -> Iterator[str]:
    if not checked.plan:
        yield "No plan was written." if not plan_path else f"No plan was written; {plan_path} is as it was."
        return
    if not written:  # it went to the standard output
        return
    yield f"Plan {written}: {plan_path}"
    if checked.verdict in ("clear", "builds"):
        yield f"Install it with `uv pip install -r {plan_path}` (or pip 26.1 and newer: `pip install -r …`)."


def checked_json(checked: Checked, *, plan_path: str, exit_code: int) -> dict[str, Any]:
    """The JSON form of a check; `schema` rises when a key changes its meaning."""
    by_name = {build.project: build for build in checked.builds}
    return {
        "schema": 1,
        "verdict": checked.verdict,
        "exit-code": exit_code,
        "plan": plan_path if checked.plan else None,
        "set-aside": list(checked.set_aside),
        "packages": [
            {
                "name": package.name,
                "version": str(package.version) if package.version else None,
                "file": package.dist.filename,
                "index": package.dist.index,
                "extras": list(package.extras),
                "required-by": list(package.required_by),
                "source-build": _build_json(by_name[package.name]) if package.name in by_name else None,
            }
            for package in checked.packages
        ],
        "findings": [_finding_json(found) for found in checked.findings],
        "requests": checked.requests,
        "bytes": checked.bytes,
        "rounds": checked.rounds,
    }


def _build_json(build: SourceBuild) -> dict[str, Any]:
    return {
        "code": build.code,
        "why": build.why,
        "kind": _KIND[build.native],
        "because": list(build.native_because),
        "backend": build.backend,
        "build-requires": list(build.build_requires),
        "alternatives": list(build.alternatives),
        "misfits": [
            {"file": misfit.filename, "reason": misfit.reason.value, "detail": misfit.detail}
            for misfit in build.misfits
        ],
    }


def _finding_json(found: Finding) -> dict[str, Any]:
    return {
        "code": found.code,
        "severity": found.severity,
        "project": found.project,
        "summary": found.summary,
        "remedy": found.remedy,
        "evidence": list(found.evidence),
        "facts": list(found.facts),
    }


def error_json(error: WheelplanError) -> dict[str, Any]:
    """The JSON form of an error that ends a run, with its stable id."""
    others: Iterable[WheelplanError] = error.others if isinstance(error, InputError) else ()
    return {
        "schema": 1,
        "verdict": None,
        "exit-code": error.exit_code,
        "errors": [
            {"id": one.id, "what": one.what, "where": one.where, "hint": one.hint} for one in (error, *others)
        ],
    }


class Progress:
    """A counter on a terminal's last line."""

    def __init__(self, file: TextIO, *, shown: bool) -> None:
        self._file = file
        self._shown = shown
        self._width = 0

    def say(self, text: str) -> None:
        """Replace the line."""
        if self._shown:
            line = printable(text)[:78]
            self._file.write(f"\r{line:<{self._width}}")
            self._file.flush()
            self._width = len(line)

    def done(self) -> None:
        """Wipe the line."""
        if self._shown and self._width:
            self._file.write("\r" + " " * self._width + "\r")
            self._file.flush()
            self._width = 0
