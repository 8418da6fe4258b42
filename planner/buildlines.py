"""The lines of a report on how source builds go: needs, jobs, downloads, the command; prints nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from planner.jobs import size

if TYPE_CHECKING:
    from planner.building.readiness import Readiness, Ready
    from planner.facts import Machine
    from planner.prerequisites.states import Prerequisite

__all__ = ["TOLD", "build_details", "ready_lines"]

TOLD = frozenset({"WP201", "WP202", "WP203", "WP205", "WP207", "WP402"})
"""The codes of findings that these lines tell already."""

_MARK = {"present": "here", "missing": "missing", "too-old": "too old", "unknown": "not known"}
SHOWN_PINS = 4
_SYSTEMS = {"macOS": "darwin", "Windows": "windows", "Debian": "linux"}
_OF_A_SYSTEM = re.compile(r" (?=(?:macOS|Windows|Debian): )")


def build_details(ready: Readiness, *, verbose: bool) -> Iterator[tuple[str, str, str]]:
    """(label, text, style) of one build: what it needs and whether that is here, then how it is built."""
    yield from _needs(ready, verbose=verbose)
    environment = ready.environment
    if environment is not None and environment.pins:
        lines = environment.lines
        more = f" and {len(lines) - SHOWN_PINS} more" if len(lines) > SHOWN_PINS and not verbose else ""
        yield "built by", ", ".join(lines if verbose else lines[:SHOWN_PINS]) + more, "dim"
    if ready.jobs is not None:
        told = " ".join(
            f"{name}={value}" for name, value in ready.variables
        ) or f"--config-settings {ready.jobs.setting}" * bool(ready.jobs.setting)
        one = told or "1 at a time"
        arithmetic = f": {ready.jobs.arithmetic}" if verbose else f" ({size(ready.jobs.per_job)} a job)"
        yield "jobs", one + arithmetic, "" if ready.jobs.fits else "red"
    if ready.toolkit:
        yield "toolkit", f"or from wheels, into the environment that builds: {ready.toolkit}", "dim"
    if not ready.isolated:
        yield "isolation", f"off: --no-build-isolation-package {ready.project}", "yellow"
    sizes = [f"{size(count >> 20 or 1)} {what}" for what, count in ready.sizes if count]
    fetched = [*sizes, *ready.downloads]
    if fetched:
        yield "fetches", ", ".join(fetched), "dim"
    if verbose:
        yield from (("unknown", doubt, "dim") for doubt in ready.doubts)
        yield from (("note", text, "dim") for text in (ready.note,) if text)


def _needs(ready: Readiness, *, verbose: bool) -> Iterator[tuple[str, str, str]]:
    lacking = [one for one in ready.prerequisites if one.state != "present"]
    here = [one for one in ready.prerequisites if one.state == "present"]
    for one in lacking:
        yield "needs", _told(one), "red" if one.stands_in_the_way else "yellow"
    if here and (verbose or not lacking):
        told = ", ".join(f"{one} ({one.found})" if one.found else str(one) for one in here)
        yield "has", told, "green"
    without = [one for one in ready.features if one.state != "present"]
    if without and not verbose:
        yield "without", ", ".join(str(one) for one in without) + " (optional)", "dim"
    elif without:
        yield from (("without", f"{one}: {one.effect}", "dim") for one in without)


def _told(one: Prerequisite) -> str:
    place = f"  {one.because[0].where}" if one.because else ""
    state = _MARK[one.state]
    if one.state == "too-old" and one.found:
        floor = all(bound.operator in (">=", ">") for bound in one.specifier)
        state = f"{state if floor else 'another version'} ({one.found})"
    lost = f"; without it, {one.effect}" if one.strength != "required" and one.effect else ""
    return f"{one}: {one.unmet or state}{lost}{place}"


def ready_lines(ready: Ready) -> Iterator[tuple[str, str]]:
    """(text, style): the one command that supplies what lacks, what it cannot supply, and what to set."""
    lacking = [one for one in ready.prerequisites if one.state != "present" and one.listed]
    unmet = [one for one in lacking if one.unmet]
    own = ready.machine.value("package-manager")
    managers = (own,) if own else () if not lacking else _managers_of(ready.machine)
    commands = [ready.command] if own else [_with(manager, lacking, ready.machine) for manager in managers]
    commands = [command for command in commands if command]
    nameless = [one for one in lacking if not one.unmet and _nameless(one, managers)]
    if not commands and not unmet and not nameless and not ready.variables:
        return
    which = "; its package manager is not known" if commands and not own else ""
    yield f"To make this machine ready{which}", "bold"
    yield from ((f"  {command}", "cyan") for command in commands)
    for one in unmet:
        by = _names(one.needed_by)
        note = _note(one, ready.machine)
        yield f"  {one} for {by} cannot be had so: {one.unmet}{f' ({note})' if note else ''}", "red"
    for one in lacking:
        if one.install and one.note and own in ("winget", "choco"):  # their package alone brings no workload
            yield f"  {one.name}: {_note(one, ready.machine) or one.note}", "dim"
    for one in nameless:
        note = f"`pip install '{one.python}'` serves" if one.python else _note(one, ready.machine)
        where = f" ({note})" if note else ""
        text = f"  {one} for {_names(one.needed_by)}: no package of this system is known to supply it{where}"
        yield text, "yellow"
    for name, value in ready.variables:
        yield f"  export {name}={value}", "cyan"


def _note(one: Prerequisite, machine: Machine) -> str:
    """What of a note is said of systems like this one: `macOS: …. Windows: …`."""
    told = []
    for part in _OF_A_SYSTEM.split(one.note):
        system, colon, rest = part.partition(": ")
        if not colon or system not in _SYSTEMS:
            told.append(part)
        elif _SYSTEMS[system] == machine.value("os"):
            told.append(rest)
    return " ".join(told).removesuffix(".")


def _nameless(one: Prerequisite, managers: Sequence[str]) -> bool:
    return not (one.install or one.brought_by or any(one.packages.get(manager) for manager in managers))


def _managers_of(machine: Machine) -> tuple[str, ...]:
    """The package managers of the most used systems of that kind, where the machine's own is not known."""
    if machine.value("os") == "linux":
        return ("apk",) if machine.value("musl") else ("apt", "dnf")
    return {"darwin": ("brew",), "windows": ("winget",)}.get(machine.value("os") or "", ())


def _with(manager: str, lacking: Sequence[Prerequisite], machine: Machine) -> str:
    from planner.prerequisites.states import command_of  # noqa: PLC0415 (only an unknown machine needs it)

    names = (name for one in lacking if not one.unmet for name in one.packages.get(manager, ()))
    return command_of(names, machine, manager)


def _names(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
