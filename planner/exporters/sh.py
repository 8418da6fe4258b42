"""The whole recipe of a plan as a script of a POSIX shell, in order; knows no image, and runs nothing itself.

The gate; what lacks of the system (by root alone); an environment; then the phases of `planner.plan.phases`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from planner.errors import PlanError
from planner.exporters.env import SETTING
from planner.exporters.installers import file_lines, index_words
from planner.exporters.lines import local, tree_words
from planner.exporters.packages import manager_of, packages_for
from planner.exporters.port import Asked
from planner.exporters.words import Spelled, command, comment, file_of, word
from planner.plan.opened import PlanFile
from planner.plan.phases import Phase, phases_of
from planner.plan.recipe import Program, Source, command_of
from planner.prerequisites.states import INSTALL

__all__ = ["HERE", "export"]

HERE = False
_PYTHON = Spelled('"$python"')
_IS_THERE = {
    "apt": "dpkg-query -W -f '${db:Status-Status}' \"$1\" 2>/dev/null | grep -qx installed",
    "dnf": 'rpm -q --whatprovides "$1" >/dev/null 2>&1',
    "yum": 'rpm -q --whatprovides "$1" >/dev/null 2>&1',
    "zypper": 'rpm -q --whatprovides "$1" >/dev/null 2>&1',
    "apk": 'apk info -e "$1" >/dev/null 2>&1',
    "pacman": 'pacman -Q "$1" >/dev/null 2>&1',
}
_UPDATE = {"apt": "apt-get update"}

_HEAD = """\
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"
wheelplan=${WHEELPLAN:-wheelplan}
venv=${VIRTUAL_ENV:-$PWD/.venv}
say() { printf '%s\\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }
has "$wheelplan" || { say "wheelplan is not here: install it, or say where it is (WHEELPLAN=…)."; exit 2; }
"""

_GATE = """\
# The gate: does this machine meet what the plan's builds need?
gate() { "$wheelplan" verify "$plan" --role build; }
code=0
gate || code=$?
"""

_PACKAGES = """\
# What lacks of the system. Root installs it; nobody else is made root.
if [ "$code" -eq 1 ]; then
    is_there() {{ {is_there}; }}
    set -- {names}
    lacking=
    for name; do is_there "$name" || lacking="$lacking $name"; done
    if [ -n "$lacking" ]; then
        if [ "$(id -u)" -ne 0 ]; then
            say "This machine lacks$lacking. As root:"
            say {told}
            exit 1
        fi
{update}        {install} "$@"
        code=0
        gate || code=$?
    fi
fi
"""

_ENVIRONMENT = """\
[ "$code" -eq 0 ] || exit "$code"

# An environment, if there is none.
if has uv; then installer=uv; else installer=pip; fi
python=$venv/bin/python
if [ ! -x "$python" ]; then
    if [ "$installer" = uv ]; then
        uv venv --python {version} "$venv"
    elif has python{version}; then
        python{version} -m venv "$venv"
    else
        python3 -m venv "$venv"
    fi
elif [ "$installer" = pip ] && ! "$python" -m pip --version >/dev/null 2>&1; then
    say "$venv was made without pip: put uv on PATH, or remove it."
    exit 1
fi
"$python" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' {version} || {{
    say "$python is not Python {version}."
    exit 1
}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"""


def export(plan: PlanFile, asked: Asked) -> str:
    """The script; PlanError for a plan of Windows."""
    if plan.machine.get("os") == "windows":
        raise PlanError(
            "The plan is for Windows, which has no POSIX shell.",
            where=plan.where,
            hint="`wheelplan install` runs the recipe there.",
        )
    return "\n".join(_lines(plan, asked)) + "\n"


def _lines(plan: PlanFile, asked: Asked) -> Iterator[str]:
    yield "#!/bin/sh"
    yield f"# The recipe of {comment(asked.plan)}, by `wheelplan export --format sh`; run again, it goes on."
    yield "# It needs wheelplan and uv (or pip), and installs into $VIRTUAL_ENV, else into .venv beside it."
    yield _HEAD.rstrip()
    yield f"plan={word(_path(asked.plan))}"
    yield ""
    yield _GATE.rstrip()
    yield from _system(plan)
    yield _ENVIRONMENT.format(version=_minor(plan)).rstrip()
    for phase in phases_of(plan):
        yield ""
        yield from _phase(plan, phase, asked)
    yield ""
    yield "# What is installed is what the plan says."
    yield '"$wheelplan" verify "$plan" --role build -p "$venv"'


def _minor(plan: PlanFile) -> str:
    """The plan's Python, `3.12`."""
    match = re.match(r"\d{1,2}\.\d{1,3}(?=\.|\Z)", str(plan.machine.get("python", "")))
    if match is None:
        raise PlanError("The plan does not tell the Python that it is for.", where=plan.where)
    return match[0]


def _path(path: str) -> str:
    """A path that no program takes for an option."""
    return f"./{path}" if path.startswith("-") else path


def _system(plan: PlanFile) -> Iterator[str]:
    manager = manager_of(plan)
    names = packages_for(plan, manager) if manager in _IS_THERE else ()
    if not names:
        return
    update = _UPDATE.get(manager)
    yield _PACKAGES.format(
        is_there=_IS_THERE[manager],
        names=command(names),
        told=word(f"  {INSTALL[manager]} {command(names)}"),
        update=f"        {update}\n" if update else "",
        install=INSTALL[manager],
    ).rstrip()


_TITLES = {
    "first": "What others are built against",
    "wheels": "The wheels; nothing may be built here",
    "builds": "Built in isolation",
    "tools": "What the next build asks for",
    "build": "Built without isolation",
}


def _phase(plan: PlanFile, phase: Phase, asked: Asked) -> Iterator[str]:
    """One phase: its files, then its commands, in a shell of their own where they have variables."""
    names = ", ".join(one.name for one in phase.packages) if phase.builds else ""
    yield f"# {_TITLES[phase.kind]}{': ' if names else ''}{names}"
    yield f"say {word(f'wheelplan: {phase.name}')}"
    lines = file_lines(phase, asked.folder)
    constraints = _constraints(phase)
    if lines:
        yield from file_of(f'"$work"/{word(phase.name)}.txt', lines)
    if constraints:
        yield from file_of(f'"$work"/{word(phase.name)}.constraints', constraints)
    yield "("
    if phase.builds:
        # Fewer jobs than planned where this machine bears fewer; a plain assignment fails as it should.
        told = Spelled(f'"$wheelplan" export "$plan" --format env --for {word(phase.packages[0].name)}')
        yield f"    settings=$({told})"
        yield '    eval "$settings"'
    yield '    if [ "$installer" = uv ]; then'
    yield from (f"        {line}" for line in _commands(plan, phase, asked, "uv"))
    yield "    else"
    if constraints:  # pip before 25.3 has no option for it, and takes these for its build environments
        file = f'"$work"/{word(phase.name)}.constraints'
        yield f"        export PIP_CONSTRAINT={file} PIP_BUILD_CONSTRAINT={file}"
    yield from (f"        {line}" for line in _commands(plan, phase, asked, "pip"))
    yield "    fi"
    yield ")"


def _constraints(phase: Phase) -> tuple[str, ...]:
    return tuple(sorted(phase.constraints))


def _commands(plan: PlanFile, phase: Phase, asked: Asked, program: Program) -> Iterator[str]:
    setting = (Spelled(f'"${SETTING}"'),) if phase.settings else ()
    bare = replace(phase, settings=setting)
    stem = f'"$work"/{word(phase.name)}'
    constraints = Spelled(f"{stem}.constraints") if phase.constraints and program == "uv" else ""
    indexes = index_words(plan, asked.folder, program)

    def words(lock: str, *more: str) -> str:
        found = command_of(
            bare,
            Source(lock=lock, constraints=constraints),
            program=program,
            start=("uv",) if program == "uv" else (_PYTHON, "-m", "pip"),
            python=_PYTHON,
        )
        return command((*found, *indexes, *more))

    if file_lines(phase, asked.folder):
        yield words(Spelled(f"{stem}.txt"), "--require-hashes")
    elif phase.pins:
        yield words("")
    for one in phase.packages:
        if local(one):
            yield words("", *tree_words(one, asked.folder))
