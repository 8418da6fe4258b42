"""An explanation as lines for a reader; knows words, order and styles, and must not print or find out.

What is long is counted, and shown whole with -v.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.buildlines import TOLD, build_details, ready_lines
from planner.choosing.ages import in_words
from planner.dists import Tree
from planner.explaining.askers import asked_sentence
from planner.explaining.values import (
    Asker,
    Explained,
    Explanation,
    FileGroup,
    NotThere,
    Other,
    VerdictExplained,
)
from planner.explaining.verdictlines import some, verdict_lines
from planner.heldlines import OF_CHOICES
from planner.wording import WHOLE, Line, cuda_block, finding_lines, machine_line

__all__ = ["explained_lines"]

SHOWN_ASKERS = 6
SHOWN_VERSIONS = 10
SHOWN_COSTS = 6
SHOWN_PLACES = 2
_KIND = {
    "wheel": "installed from a wheel: nothing is built",
    "native": "built from source: compiles native code",
    "pure": "built from source: pure Python, nothing is compiled",
    "unknown": "built from source: whether it compiles anything cannot be told from its files",
}
_STYLE = {"wheel": "green", "native": "bold red", "pure": "", "unknown": "bold"}


def explained_lines(found: Explanation, *, verbose: bool) -> Iterator[Line]:
    """The whole explanation, section by section."""
    yield _plain(machine_line(found.machine), "dim", 9)
    yield Line()
    if isinstance(found, NotThere):
        yield from _absent(found, verbose=verbose)
        return
    if isinstance(found, VerdictExplained):
        yield from verdict_lines(found, verbose=verbose)
        return
    blocks = (
        _headline(found),
        _askers(found, verbose=verbose),
        _versions(found, verbose=verbose),
        _raised(found, verbose=verbose),
        _files(found, verbose=verbose),
        _build(found),
        _alternatives(found),
        cuda_block(found.reasoning),
        _findings(found, verbose=verbose),
    )
    for number, block in enumerate(blocks):
        lines = list(block)
        if lines and number:
            yield Line()
        yield from lines


def _plain(text: str, style: str = "", hang: int = 0) -> Line:
    return Line(((text, style),), hang)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _headline(found: Explained) -> Iterator[Line]:
    pin, build = found.pin, found.build
    extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
    name = f"{pin.project}{extras} {pin.version or ''}".rstrip()
    yield Line(((name, "bold"), (f": {_KIND[found.kind]}", _STYLE[found.kind])), 2)
    yield _plain(f"  {pin.dist.filename}", "", 4)
    if not isinstance(pin.dist, Tree):
        row = pin.dist.row
        size = _size(row.size) if row.size else "size not told"
        when = f"uploaded {row.upload_time[:10]}" if row.upload_time else "upload time not told"
        yield _plain(f"  {size}, {when}, from {pin.dist.index or 'the address that is named'}", "dim", 4)
    if build is not None:
        yield Line((("  why: ", "dim"), (build.why, ""), (f" ({build.code})", "dim")), 7)
        for place in build.native_because:
            yield _plain(f"       {place}", "dim", 9)
        accept = next((one.remedy for one in found.findings if one.code == build.code), "")
        if accept:
            yield _plain(f"  -> {accept}", "cyan", 5)
    if found.set_aside:
        away = some(found.set_aside)
        yield _plain(f"  Not all can be resolved: this is among the rest, without {away}.", "yellow", 4)


def _size(count: int) -> str:
    return f"{count / 1024:.0f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MiB"


def _askers(found: Explained, *, verbose: bool) -> Iterator[Line]:
    if not found.askers:
        return
    yield _plain("Asked for by", "bold")
    shown = found.askers if verbose else found.askers[:SHOWN_ASKERS]
    for asker in shown:
        yield from _asker(asker)
    if len(found.askers) > len(shown):
        yield _plain(f"  and {len(found.askers) - len(shown)} more (-v)", "dim")
    for constraint in found.constraints:
        yield _plain(f"  {constraint}", "", 4)


def _asker(asker: Asker) -> Iterator[Line]:
    sentence = asked_sentence(asker.who, asker.text, root=asker.root)
    yield _plain(f"  {sentence}", "", 4)
    if asker.chain:
        yield _plain(f"    because {'; '.join(asker.chain)}", "dim", 6)


# -- versions ---------------------------------------------------------------------------------------------


def _versions(found: Explained, *, verbose: bool) -> Iterator[Line]:
    if not found.total or found.pin.version is None:
        return
    pin = found.pin
    yield _plain(f"Versions ({found.total} on the index)", "bold")
    if not found.others:
        which = "lowest" if found.lowest else "newest"
        yield _plain(f"  {pin.version} is the {which} there is", "", 4)
    else:
        yield from _before(found, verbose=verbose)
    if found.rest:
        kind = "newer" if found.lowest else "older"
        span = f"{found.rest[-1]} to {found.rest[0]}" if len(found.rest) > 1 else str(found.rest[0])
        yield _plain(f"  {_count(len(found.rest), f'{kind} version')} not needed: {span}", "dim", 4)
    if found.unasked:
        yield _plain(f"  {found.unasked}.", "dim", 4)


def _before(found: Explained, *, verbose: bool) -> Iterator[Line]:
    """A table: the versions that would have come first, then the one taken."""
    pin = found.pin
    unasked = [] if verbose else [one for one in found.others if one.reason == "pre-release"]
    others = [one for one in found.others if one not in unasked]
    runs = [[other] for other in others] if verbose else _runs(others)
    shown = runs if verbose else runs[:SHOWN_VERSIONS]
    rows = [(_label(run), run[0].uploaded, _why(run), "") for run in shown]
    when = "" if isinstance(pin.dist, Tree) else pin.dist.row.upload_time[:10]
    rows.append((str(pin.version), when, f"taken{_behind(found)}", "green"))
    wide = min(max(len(label) for label, _, _, _ in rows), 24)
    dates = 12 if any(date for _, date, _, _ in rows) else 0
    left = [(sum(map(len, runs[len(shown) :])), "more"), (len(unasked), "pre-release")]
    for label, date, why, style in rows:
        if style:
            yield from (_plain(f"  and {_more(count, what)}", "dim", 4) for count, what in left if count)
        head = (f"  {label:<{wide}}  ", "bold" if style else "")
        yield Line((head, (f"{date:<{dates}}", "dim"), (why, style)), wide + dates + 4)


def _behind(found: Explained) -> str:
    held = found.held_back
    if held is None or held.months < 1:
        return ""
    return f", {in_words(held.months)} behind {held.newest}"


def _more(count: int, what: str) -> str:
    if what == "more":
        return f"{_count(count, 'more version')} before it (-v)"
    return f"{_count(count, 'pre-release')}: final versions come first (--pre allows them)"


def _why(run: Sequence[Other]) -> str:
    return f"{run[0].why} ({len(run)} versions)" if len(run) > 1 else run[0].why


def _runs(others: Sequence[Other]) -> list[list[Other]]:
    """Versions that follow one another with the same reason, together."""
    runs: list[list[Other]] = []
    for other in others:
        if runs and runs[-1][0].why == other.why:
            runs[-1].append(other)
        else:
            runs.append([other])
    return runs


def _label(run: Sequence[Other]) -> str:
    return str(run[0].version) if len(run) == 1 else f"{run[0].version} to {run[-1].version}"


def _raised(found: Explained, *, verbose: bool) -> Iterator[Line]:
    """What another version would cost: as the choice found out, or as it was tried here."""
    held, tried = found.held_back, found.raised
    if held is not None and (held.holders or held.possible is not None or tried is not None):
        yield _plain(f"Why not {held.newest}", "bold")
        yield from (_plain(f"  {sentence}", "", 4) for sentence in held.holders)
        if held.possible is not None:
            yield from _with(found, str(held.newest), held.cost, possible=held.possible, verbose=verbose)
    if tried is not None:
        if held is None:
            yield _plain(f"Why not {tried.version}", "bold")
        if tried.possible is None:
            yield from (_plain(f"  {tried.version} {line}", "dim", 4) for line in tried.lines)
        else:
            told = str(tried.version)
            yield from _with(found, told, tried.lines, possible=tried.possible, verbose=verbose)


def _with(
    found: Explained, version: str, lines: Sequence[str], *, possible: bool, verbose: bool
) -> Iterator[Line]:
    """What was found out by resolving the set with another version of the project."""
    head = f"with {found.pin.project} {version} (it was tried)"
    if not possible:
        yield from _listed(f"{head} there is no resolution:", lines, verbose=verbose)
    elif lines:
        yield from _listed(f"{head} the set resolves, and this changes:", lines, verbose=verbose)
    else:
        yield _plain(f"  {head} the set resolves, and nothing else changes", "", 4)


def _listed(head: str, lines: Sequence[str], *, verbose: bool) -> Iterator[Line]:
    yield _plain(f"  {head}", "", 4)
    shown = lines if verbose else lines[:SHOWN_COSTS]
    yield from (_plain(f"    {line}", "dim", 6) for line in shown)
    if len(lines) > len(shown):
        yield _plain(f"    and {len(lines) - len(shown)} more (-v)", "dim")


# -- files ------------------------------------------------------------------------------------------------


def _files(found: Explained, *, verbose: bool) -> Iterator[Line]:
    total = sum(len(group.files) for group in found.groups)
    if not total:
        return
    misses = "; nearest miss first" if any(group.reason for group in found.groups) else ""
    yield _plain(f"Files of {found.pin.version} ({total}{misses})", "bold")
    for group in found.groups:
        yield from _group(group, verbose=verbose)


def _group(group: FileGroup, *, verbose: bool) -> Iterator[Line]:
    style = "green" if group.taken else "" if group.reason is None else "dim"
    count = "" if len(group.files) == 1 else f" ({len(group.files)} files)"
    yield _plain(f"  {group.why}{count}", "green" if group.taken else "", 4)
    shown = group.files if verbose else group.files[:1]
    for name, detail in shown:
        own = f": {detail}" if verbose and detail and detail != group.why else ""
        yield _plain(f"    {name}{own}", style, 6)


# -- a source build, ways out, findings -------------------------------------------------------------------


def _build(found: Explained) -> Iterator[Line]:
    if found.readiness is None or found.kind == "pure":
        return
    yield _plain("How it is built", "bold")
    for need in found.readiness.prerequisites:
        if need.state == "present":
            places = "".join(f"  {one.where}" for one in need.because[:SHOWN_PLACES])
            here = f"here ({need.found})" if need.found else "here"
            yield Line((("  needs      ", "dim"), (f"{need}: {here}{places}", "green")), 13)
    for word, text, tone in build_details(found.readiness, verbose=True):
        if word == "has":  # told above, with the places that ask for it
            continue
        yield Line(((f"  {word:<9}  ", "dim"), (text, tone)), 13)
    if found.build is not None and found.build.backend:
        yield Line((("  backend    ", "dim"), (found.build.backend, "dim")), 13)
    if found.prepared is not None:
        for text, style in ready_lines(found.prepared):
            yield _plain(f"  {text}", style, WHOLE if style == "cyan" else 6)


def _alternatives(found: Explained) -> Iterator[Line]:
    if not found.alternatives:
        return
    yield _plain("Instead", "bold")
    yield from (_plain(f"  {text}", "", 4) for text in found.alternatives)


def _findings(found: Explained, *, verbose: bool) -> Iterator[Line]:
    """The findings that the sections above do not tell already."""
    told = {found.build.code, *TOLD} if found.build is not None else set()
    told |= {*OF_CHOICES} if found.held_back is not None else set()
    shown = [one for one in found.findings if one.code not in told]
    if not shown:
        return
    yield _plain("Findings", "bold")
    for one in shown:
        yield from finding_lines(one, verbose=verbose)


def _absent(found: NotThere, *, verbose: bool) -> Iterator[Line]:
    name = found.project
    if found.set_aside:
        head = f"{name} is asked for ({some(found.set_aside)}), and set aside: what is asked cannot be met."
    elif found.resolved:
        head = f"{name} is not among the {_count(found.pins, 'project')} of the resolution."
    else:
        head = f"There is no resolution, so {name} has no version."
    yield _plain(head, "bold red", 2)
    yield from (_plain(f"  {sentence}", "", 4) for sentence in found.mentions)
    if found.indexed is None:
        yield _plain("  Whether an index has it is not known: one did not answer.", "yellow", 4)
    elif not found.indexed:
        yield _plain("  No index has a project of that name.", "", 4)
    if found.near:
        yield _plain(f"  Did you mean {' or '.join(found.near)}?", "cyan", 4)
    if found.version is not None:
        by_itself = "By itself" if found.set_aside else "Asked for"
        yield _plain(f"  {by_itself}, {name} {found.version} would be {_KIND[found.kind]}.", "", 4)
        yield _plain(f"    {found.filename}", "dim", 6)
    elif found.indexed and not found.set_aside:
        yield _plain(f"  No version of {name} has a file for this machine.", "red", 4)
    if found.misfit and not (found.set_aside and found.version is None):
        yield _plain(f"  {name} {found.newest}, the newest, has no file here: {found.misfit}", "", 4)
    if found.findings:
        yield Line()
        yield _plain("Findings", "bold")
        for one in found.findings:
            yield from finding_lines(one, verbose=verbose)
