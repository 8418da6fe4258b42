"""The words of `wheelplan export`, with their help and examples; knows argparse alone, decides nothing."""

from __future__ import annotations

import argparse

__all__ = ["add_export"]

_EPILOG = """\
examples:
  wheelplan export --format requirements -o requirements.lock.txt
  wheelplan export --format sh -o install.sh                  then, on the machine: sh install.sh
  wheelplan export pylock.gpubox.toml --format dockerfile -o Dockerfile
  eval "$(wheelplan export --format env --for flash-attn)"

formats:
  requirements       every pin with its hashes, for `pip install -r` and `uv pip install -r`
  constraints        name==version, for `-c`
  build-constraints  the pins of all build requirements, for `--build-constraint`
  env                MAX_JOBS and its like as exports, for this machine and never above the plan
  sh                 the whole recipe: the gate, system packages, wheels, then each build
  dockerfile         a builder for the source builds, and a slim image for their wheels
  uv                 [tool.uv] for a project's pyproject.toml
  json               the plan, for programs

exit codes:
  0   exported
  2   not: usage, an unreadable plan, or one that the format cannot tell
"""

FORMATS = ("requirements", "constraints", "build-constraints", "env", "sh", "dockerfile", "uv", "json")


def add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the command, and give its parser."""
    export = commands.add_parser(
        "export",
        help="write a plan as requirements, a script, a Dockerfile …",
        description="Write a plan in the form that another program takes. Nothing is installed or fetched.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = export.add_argument
    add("plan", nargs="?", metavar="PLAN", help="(default: pylock.wheelplan.toml)")
    add("--format", choices=FORMATS, required=True, help="see below")
    add("-o", "--output", metavar="FILE", help="(default: standard output); paths are told from its folder")
    add("--for", dest="project", metavar="PROJECT", help="with `--format env`: the variables of that build")
    return export
