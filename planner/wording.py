"""What a check found, as lines for a reader: verdict, machine, source builds, findings, what to do next.

Knows words, order and which style a piece has; must not print, measure a terminal or clean foreign text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from packaging.pylock import is_valid_pylock_path

from planner.assess import SourceBuild
from planner.buildlines import TOLD, build_details, ready_lines
from planner.changes import change_lines
from planner.cuda.reasoning import reasoning
from planner.facts import Machine
from planner.findings import Finding
from planner.heldlines import OF_CHOICES, held_lines
from planner.locking.words import locked_lines
from planner.verdict import Checked

__all__ = ["Line", "finding_lines", "lines_of", "machine_line", "verdict_sentence"]

_KIND = {True: "native", False: "pure", None: "unknown"}
_STYLE = {True: "bold", None: "", False: "dim"}
_ORDER = {True: 0, None: 1, False: 2}
_SEVERITY = {"error": "bold red", "warning": "yellow", "note": "dim"}
_CLASHES = ("WP211", "WP523", "WP524", "WP525")
SHOWN_FACTS = 14
TOLD_NOTES = ("WP206", "WP315")
"""Notes that are shown without -v: what lacks when it runs shows late, if at all."""


WHOLE = -1


class Line(NamedTuple):
    """One line: pieces of (text, style). Where it must be broken, the rest starts at column `hang`.

    What is to be copied is `WHOLE`: never broken, so that it stays one command.
    """

    pieces: tuple[tuple[str, str], ...] = ()
    hang: int = 0


def _plain(text: str, style: str = "", hang: int = 0) -> Line:
    return Line(((text, style),), hang)


def lines_of(checked: Checked, *, verbose: bool, quiet: bool, plan_path: str, written: str) -> Iterator[Line]:
    """The whole report. `written` is what became of the plan file, "" when it went to stdout."""
    if not quiet:
        yield _plain(machine_line(checked.machine), "dim", 9)
        if checked.backend is not None:
            yield _plain(f"torch-backend: {checked.backend}", "dim", 15)
        yield _plain(_counts(checked), "dim", 10)
    if checked.locked is None:
        yield from _report(checked, verbose=verbose, quiet=quiet)
        yield from (_plain(sentence, hang=2) for sentence in _next(checked, plan_path, written))
        return
    if verbose or replace(checked, locked=None).exit_code:  # something stops, whatever the plan is
        yield from _report(replace(checked, changes=()), verbose=verbose, quiet=quiet)
    yield Line()
    for text, style in locked_lines(checked.locked, plan_path, verbose=verbose):
        yield _plain(text, style, 4)


def _report(checked: Checked, *, verbose: bool, quiet: bool) -> Iterator[Line]:
    """What was found, down to the verdict."""
    blocks = (
        [*_builds(checked, verbose=verbose)],
        [*_held(checked, verbose=verbose, quiet=quiet)],
        [*_cuda(checked, quiet=quiet)],
        [*_findings(checked, verbose=verbose, quiet=quiet)],
        [*_ready(checked)],
        [] if quiet else [_plain(*line, 4) for line in change_lines(checked.changes, verbose=verbose)],
    )
    for block in blocks:
        if block:
            yield Line()
            yield from block
    if not quiet or any(blocks):
        yield Line()
    good = checked.verdict in ("clear", "builds")
    word = (f"{checked.verdict}: ", "bold green" if good else "bold red")
    yield Line((word, (verdict_sentence(checked), "bold")), 2)


def _builds(checked: Checked, *, verbose: bool) -> Iterator[Line]:
    if not checked.builds:
        return
    builds = sorted(checked.builds, key=lambda build: (_ORDER[build.native], build.project))
    names = [f"{build.project} {build.version or ''}".strip() for build in builds]
    wide = min(max(map(len, names)), 40)
    yield _plain(f"Source builds ({len(builds)})", "bold")
    for build, name in zip(builds, names, strict=True):
        style = _STYLE[build.native]
        label = f"  {name:<{wide}}  {_KIND[build.native]:<7}  "
        yield Line(((label, style), (f"{build.code}  ", "dim"), (build.why, style)), wide + 4)
        if build.allowed:
            yield Line(((f"  {'':<{wide}}  allowed    ", "dim"), (build.allowed, "green")), wide + 15)
        for detail in _details(build, verbose=verbose):
            yield _plain(f"  {'':<{wide}}  {detail}", "dim", wide + 4)
        ready = checked.ready.of(build.project) if checked.ready else None
        if ready is not None and build.native is not False:
            for word, text, tone in build_details(ready, verbose=verbose):
                yield Line(((f"  {'':<{wide}}  {word:<9}  ", "dim"), (text, tone)), wide + 15)
    stopping = [build.project for build in builds if _stops(build, checked)]
    if stopping:
        words = " ".join(f"--allow-build {name}" for name in stopping[:3])
        yield _plain(f"  -> to accept: {words}{'' if len(stopping) <= 3 else ' …'}", "cyan", 5)


def _held(checked: Checked, *, verbose: bool, quiet: bool) -> Iterator[Line]:
    if checked.choice is not None and not quiet and not checked.set_aside:
        for hang, text, style in held_lines(checked.choice, checked.findings, verbose=verbose):
            yield _plain(text, style, hang)


def _cuda(checked: Checked, *, quiet: bool) -> Iterator[Line]:
    if checked.cuda is not None and not quiet:
        yield from cuda_block(reasoning(checked.cuda, checked.machine))


def cuda_block(lines: Sequence[str]) -> Iterator[Line]:
    """The line of reasoning on CUDA, for sets that have to do with it."""
    if lines:
        yield _plain("CUDA", "bold")
        yield from (_plain(f"  {line}", "", 4) for line in lines)


def _ready(checked: Checked) -> Iterator[Line]:
    if checked.ready is not None:
        for text, style in ready_lines(checked.ready):
            yield _plain(text, style, WHOLE if style == "cyan" else 4)


def _details(build: SourceBuild, *, verbose: bool) -> Iterator[str]:
    """Why it compiles and what fits instead; the files themselves with -v."""
    if build.native is not False or verbose:
        yield from build.native_because[: 6 if verbose else 1]
        yield from (f"instead: {text}" for text in build.alternatives)
    if verbose:
        yield from (f"{misfit.filename}: {misfit.detail}" for misfit in build.misfits)


def _stops(build: SourceBuild, checked: Checked) -> bool:
    same = (found for found in checked.findings if (found.project, found.code) == (build.project, build.code))
    return any(found.severity == "error" for found in same)


def _findings(checked: Checked, *, verbose: bool, quiet: bool) -> Iterator[Line]:
    builds = {(build.code, build.project) for build in checked.builds}
    told = [
        found
        for found in checked.findings
        if (found.code, found.project) not in builds
        and (found.code not in TOLD or found.severity == "note")
        and found.code not in OF_CHOICES
    ]
    if quiet:
        told = [found for found in told if found.severity == "error"]
    shown = [found for found in told if verbose or found.severity != "note" or found.code in TOLD_NOTES]
    if not shown:
        return
    yield _plain("Findings", "bold")
    for found in shown:
        yield from finding_lines(found, verbose=verbose)
    if len(told) > len(shown):
        yield _plain(f"  and {_plural(len(told) - len(shown), 'note')} (-v shows them)", "dim")


def finding_lines(found: Finding, *, verbose: bool) -> Iterator[Line]:
    """`error WP521 requirements.txt:4: …`; who asked, where that is another project, stands at the end."""
    place = next((where for where in found.evidence if _is_place(where)), "")
    asker = found.evidence[0] if found.evidence and not place else ""
    body = f"{place}: {found.summary}" if place else found.summary
    by = f" ({asker} asks for it)" if " " in asker and asker not in body else ""
    label = (f"  {found.severity} ", _SEVERITY[found.severity])
    yield Line((label, (f"{found.code} ", "dim"), (f"{body}{by}", "")), 6)
    limit = None if verbose else SHOWN_FACTS if found.code in _CLASHES else 0
    for fact in found.facts[:limit]:
        yield _plain(f"      {fact}", "dim", 8)
    if found.remedy:
        yield _plain(f"      -> {found.remedy}", "cyan", 9)


def _is_place(where: str) -> bool:
    """Whether evidence is a place of the user's own (`requirements.txt:4`), not a project that asks."""
    return where == "command line" or where.rpartition(":")[2].isdigit()


def machine_line(machine: Machine) -> str:
    """What of a machine decides most, on one line."""

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
    return "machine: " + ", ".join(part for part in parts if part)


def _counts(checked: Checked) -> str:
    wheels = sum(not package.source_build for package in checked.packages)
    where = ", ".join(checked.inputs) or "the command line"
    if checked.set_aside and not checked.packages:
        return f"resolved: nothing of {where}"
    rest = " (the other requirements)" if checked.set_aside else ""
    projects = _plural(len(checked.packages), "project")
    builds = _plural(len(checked.packages) - wheels, "source build")
    codes = ", ".join(sorted({found.code for found in checked.ignored}))
    passed = f"; {_plural(len(checked.ignored), 'finding')} ignored by a setting ({codes})" if codes else ""
    return f"resolved: {projects} from {where}{rest}: {_plural(wheels, 'wheel')}, {builds}{passed}"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def verdict_sentence(checked: Checked) -> str:
    """The verdict, as what follows its word."""
    native = sum(build.native is True for build in checked.builds)
    doubtful = sum(build.native is None for build in checked.builds)
    errors = sum(found.severity == "error" for found in checked.findings)
    if checked.verdict == "clear":
        count = len(checked.packages)
        every = "the one project has" if count == 1 else f"all {count} projects have"
        return f"{every} a wheel for this machine." if count else "nothing is asked for on this machine."
    if checked.verdict == "builds":
        pure = len(checked.builds) - native - doubtful
        kinds = ((native, "native"), (doubtful, "of unknown kind"), (pure, "pure Python"))
        told = ", ".join(f"{count} {kind}" for count, kind in kinds if count)
        return f"{_plural(len(checked.builds), 'source build')} ({told}), nothing that stops."
    if checked.verdict == "unproven":
        return "something that the answer depends on could not be known (see the findings)."
    if checked.set_aside:
        unmet = _plural(len(set(checked.set_aside)), "requirement")
        others = f"; among the others, {_plural(native, 'native source build')}" if checked.packages else ""
        return f"{unmet} cannot be met{others}."
    return f"{_plural(errors, 'error')}; {_plural(native, 'native source build')}."


def _next(checked: Checked, plan_path: str, written: str) -> Iterator[str]:
    if not checked.plan:
        before = f"; {plan_path} is as it was" if plan_path and checked.had_plan else ""
        yield f"No plan was written{before}."
        return
    if not written:  # it went to the standard output
        return
    yield f"Plan {written}: {plan_path}"
    if checked.verdict not in ("clear", "builds"):
        return
    if any(one.build is not None and not one.build.isolated for one in checked.packages):
        yield f"Install it with `wheelplan install {plan_path}`: each build as it must be built."
    elif is_valid_pylock_path(Path(plan_path)):
        yield f"Install it with `uv pip install -r {plan_path}` (or pip 26.1 and newer: `pip install -r …`)."
    else:
        yield "pip and uv install it under the name pylock.toml or pylock.NAME.toml alone (PEP 751)."
