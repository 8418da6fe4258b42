"""The words of `wheelplan verify`; knows argparse alone."""

from __future__ import annotations

import argparse

__all__ = ["add_verify"]

_EPILOG = """\
examples:
  wheelplan verify                                   pylock.wheelplan.toml against this machine
  wheelplan verify --role build                      in a Docker build, which has no driver
  wheelplan verify --role run -p .venv               what is installed, and the driver
  wheelplan verify pylock.gpubox.toml --machine gpubox.toml
  wheelplan verify --allow WP101 --output-format github

exit codes:
  0   proven good
  1   plan and machine differ
  2   not proven: usage, a plan that is cut or edited, a fact that is not known
  130 interrupted
"""


def add_verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The subcommand with its own words."""
    verify = commands.add_parser(
        "verify",
        help="hold a plan against this machine: the gate before a build or a start",
        description="Whether a plan can be built and run here: its wheels and Python, its inputs,\n"
        "the needs of its builds, the driver. No network; nothing is written. Fails closed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = verify.add_argument
    add("plan", nargs="?", metavar="PLAN", help="(default: pylock.wheelplan.toml)")
    add(
        "--role",
        choices=("build", "run", "all"),
        default="all",
        help="build: where it is built; run: where it runs; all (default): both",
    )
    add(
        "-p", "--environment", metavar="PATH", help="an environment, or its Python: is it what the plan says?"
    )
    add("--hashes", action="store_true", help="with -p: hold installed files against their RECORD as well")
    add("--python", metavar="PYTHON", help="the Python that installs: path, name or version")
    add("--machine", metavar="FILE", help="a machine file in place of this machine")
    add("--assume", metavar="FACT=VALUE", action="append", default=[], help="take a fact for granted")
    add("--allow", metavar="CODE", action="append", default=[], help="accept what is told under this code")
    add("--output-format", choices=("text", "json", "sarif", "github"), default="text")
    return verify
