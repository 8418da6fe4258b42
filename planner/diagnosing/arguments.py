"""The words of `wheelplan diagnose`, with their help; knows argparse alone."""

from __future__ import annotations

import argparse

__all__ = ["add_diagnose"]

_EPILOG = """\
examples:
  wheelplan diagnose build.log
  pip install psycopg2 2>&1 | tee build.log | wheelplan diagnose
  docker build --progress=plain . 2>&1 | wheelplan diagnose
  wheelplan diagnose build.log --machine gpubox.toml    for what is typed on another machine

exit codes:
  0   nothing failed
  1   why it failed is known
  2   not known: no line tells it, or the log cannot be read
  130 interrupted
"""


def add_diagnose(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The subcommand with its own words."""
    diagnose = commands.add_parser(
        "diagnose",
        help="tell from a failed build's log what it lacked, and what to type",
        description="Read what a failed build printed (pip, uv, docker build, CI) and tell the need that\n"
        "was not met: the line that says so, whether this machine has it now, and the packages\n"
        "that bring it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = diagnose.add_argument
    add("log", nargs="?", metavar="LOG", help="a file; without it, or with -, the standard input")
    add("--output-format", choices=("text", "json", "sarif", "github"), default="text")
    return diagnose
