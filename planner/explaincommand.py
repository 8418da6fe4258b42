"""`wheelplan explain` from words to an exit code: for which machine, of which plan, in which form it is told.

Prints through the printer that it is given, and opens no file itself.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from planner.report import Printer

__all__ = ["explain"]


def explain(args: argparse.Namespace, printer: Printer) -> int:
    """Run the command. Raises WheelplanError for what cannot be done."""
    from planner import pipeline  # noqa: PLC0415
    from planner.request import Request, World  # noqa: PLC0415

    request, plan = Request.of(args, World.real()), args.plan or ""
    if args.target:
        from planner.targets import explained_of  # noqa: PLC0415

        request, plan = explained_of(request, args.target, plan)
    gc.disable()  # as in `planner.checkcommand`
    progress = printer.progress()
    try:
        found = pipeline.explain(request, plan, progress.say, printer.note)
    finally:
        gc.enable()
        progress.done()
    if args.output_format == "json":
        from planner.explaining.jsonform import explained_json  # noqa: PLC0415

        printer.json(explained_json(found))
    else:
        printer.explained(found)
    return found.exit_code
