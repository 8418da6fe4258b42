"""The only module that prints: tables for people, JSON for programs; judges and changes nothing.

Text from outside (file names, reasons, server messages) goes through `printable`, so that no escape sequence
and no line break of somebody else's reaches a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from planner.errors import InputError, WheelplanError

if TYPE_CHECKING:
    from rich.console import Console

    from planner.explaining.values import Explanation
    from planner.facts import Machine
    from planner.verdict import Checked
    from planner.wording import Line

__all__ = ["Printer", "printable"]

NARROWEST = 20
"""Columns; below this nothing is broken by us: the terminal does it."""


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

    def plain(self, lines: Iterable[str]) -> None:
        """A result of plain lines, which may hold foreign text; nothing is imported to show them."""
        for line in lines:
            self._out.write(f"{printable(line)}\n")

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
        """The result of `check` for a reader; lines are broken on a terminal alone."""
        from planner.wording import lines_of  # noqa: PLC0415

        whole = lines_of(
            checked, verbose=self._verbose, quiet=self._quiet, plan_path=plan_path, written=written
        )
        self.lines(whole)

    def explained(self, found: Explanation) -> None:
        """The result of `explain` for a reader."""
        from planner.explaining.lines import explained_lines  # noqa: PLC0415

        self.lines(explained_lines(found, verbose=self._verbose))

    def lines(self, lines: Iterable[Line]) -> None:
        """Lines that hold foreign text, broken on a terminal alone."""
        from rich.text import Text  # noqa: PLC0415

        from planner.wording import WHOLE  # noqa: PLC0415

        console = self._console(self._out)
        for line in lines:
            text = Text.assemble(*((printable(piece), style) for piece, style in line.pieces))
            room = console.width - line.hang
            fits = text.cell_len <= console.width
            if fits or not console.is_terminal or room < NARROWEST or line.hang == WHOLE:
                console.print(text)
                continue
            first, *rest = text[line.hang :].wrap(console, room)
            console.print(text[: line.hang] + first)
            for broken in rest:
                console.print(Text(" " * line.hang) + broken)


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
