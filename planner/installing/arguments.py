"""The words of `wheelplan install`, with their help; knows argparse alone."""

from __future__ import annotations

import argparse

__all__ = ["add_install"]

_EPILOG = """\
examples:
  wheelplan install                                  pylock.wheelplan.toml into VIRTUAL_ENV or .venv
  wheelplan install pylock.gpubox.toml -p /opt/app --logs logs
  wheelplan install --dry-run --installer pip

exit codes:
  0   installed
  1   an installer failed, or the machine is not what the plan needs
  2   not proven: usage, unreadable plan, a fact that is not known
  130 interrupted; what was installed stays
"""


def add_install(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """The subcommand, without the words of all commands."""
    install = commands.add_parser(
        "install",
        help="install a plan, phase by phase, with uv or pip",
        description="Install exactly what a plan says, after `verify --role build`: what builds need first,\n"
        "all other wheels, isolated builds, then the others one by one, each with its own variables\n"
        "and log. System packages are named, never installed; nothing runs as another user.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = install.add_argument
    add("plan", nargs="?", metavar="PLAN", help="(default: pylock.wheelplan.toml)")
    add("-p", "--python", metavar="ENV", help="a virtual environment or its Python (VIRTUAL_ENV, .venv)")
    add("--dry-run", action="store_true", help="print the commands, one a line, and run none")
    add("--installer", choices=("uv", "pip"), help="(default: uv where it is here, else pip)")
    add("--logs", metavar="DIR", help="where each phase's output is kept (default: the user's logs)")
    add(
        "--allow",
        action="append",
        default=[],
        metavar="WORD",
        help="what `verify` is to accept, as there",
    )
    return install
