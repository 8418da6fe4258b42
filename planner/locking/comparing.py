"""Whether a check would write the plan that is there, and what changed if not; must not resolve or print."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from packaging.utils import NormalizedName

from planner.changes import changes
from planner.errors import PlanError
from planner.locking.indexes import OF_MEMORY, findings_differ, indexes_differ, pins_differ, reasons_differ
from planner.locking.repository import (
    OF_FILES,
    builds_differ,
    inputs_differ,
    machine_differs,
    requirements_differ,
)
from planner.locking.values import Difference, Locked, of_package, ours, packages_of
from planner.page import Page
from planner.plan import Package
from planner.plan.reading import lasting, read_previous, same_but_for_today
from planner.tomltext import load_toml
from planner.wanted import Note

if TYPE_CHECKING:
    from planner.assess import SourceBuild

__all__ = ["compared", "must_be_there"]


def must_be_there(data: bytes, notes: Sequence[Note], where: str) -> None:
    """Raises `PlanError` unless a plan of ours lies there that can be compared."""
    make = "Make it with the same command without --locked, and commit it."
    if data:
        if b'created-by = "wheelplan"' not in data:
            raise PlanError("This lock is not one of wheelplan's.", where=where, hint=make)
        return
    told = next((note.text.rpartition(": ")[2] for note in notes), "")
    what = f"The plan cannot be read: {told}" if told else "There is no plan to compare with."
    raise PlanError(what, where=where, hint=make)


def compared(
    old: bytes,
    new: str,
    *,
    packages: Sequence[Package],
    page: Callable[[NormalizedName], Page],
    builds: Sequence[SourceBuild] = (),
    shown: Callable[[str], str] = str,
) -> Locked:
    """The plan that is there against the one that would be written; `new` is "" where there would be none.

    `packages` are what would be pinned, `builds` those of them that are source builds; `page` gives what the
    indexes have, `shown` a path of the plan as the user names it.
    """
    before, pins = load_toml(old), read_previous(old, "the plan")
    news = tuple(_news(before, builds))
    if new and same_but_for_today(old, new.encode()):
        return Locked(same=True, news=news)
    after = load_toml(new.encode()) if new else {}
    if pins.sealed and after and _timeless(before) == _timeless(after):
        moment = f"{_machine(before)} were free when the plan was made, {_machine(after)} are now"
        return Locked(same=True, news=(*news, f"Compile jobs would be computed anew: {moment}"))
    changed = changes(pins, packages)
    found: list[Difference] = []
    if not pins.sealed:
        text = "The plan was edited, merged or cut since it was made"
        found.append(Difference(side="repository", kind="plan", subject="", text=text))
    if after:
        found += inputs_differ(ours(before), ours(after), shown)
        found += requirements_differ(before, after, shown)
        found += machine_differs(ours(before), ours(after))
    same = not any(_of_files(one) for one in found)
    found += pins_differ(before, pins, changed, page, same=same)
    if after:
        told = {change.project for change in changed}
        found += reasons_differ(before, after, told, same=same)
        found += indexes_differ(ours(before), ours(after), shown)
        found += findings_differ(ours(before), ours(after))
        found += builds_differ(before, after, told)
    else:
        found.append(Difference(side="result", kind="plan", subject="", text="No plan could be written"))
    if not found:
        names = ", ".join(sorted(_names(before, after))) or "its layout"
        found.append(Difference(side="result", kind="text", subject="", text=f"The plan differs in {names}"))
    return Locked(same=False, differences=tuple(dict.fromkeys(found)), news=news)


def _news(old: Mapping[str, Any], builds: Sequence[SourceBuild]) -> Iterator[str]:
    """Ways out of a source build that the plan does not know yet: a wheel came since."""
    packages = packages_of(old)
    for build in builds:
        known = (
            of_package(packages[build.project]).get("alternatives", ()) if build.project in packages else None
        )
        for way in build.alternatives if known is not None else ():
            if way.kind == "newer" and all(way.text not in one for one in known or ()):
                yield f"{build.project} {build.version} is a source build: {way}"


def _of_files(one: Difference) -> bool:
    """Whether an index may have another file for this run than for the plan, and has not changed itself."""
    fact = one.kind == "machine" and ":" not in one.subject  # with a colon: what a build finds, a GPU
    return fact or (one.kind, one.subject) in OF_FILES


def _machine(document: Mapping[str, Any]) -> str:
    return str(ours(document)["machine"].get("memory-available", "none"))


def _timeless(document: dict[str, Any]) -> dict[str, Any]:
    """What of a plan does not hang on how much memory was free at a moment."""
    kept = lasting(document)
    table = dict(kept["tool"]["wheelplan"])
    table["machine"] = {k: v for k, v in table.get("machine", {}).items() if k != "memory-available"}
    table["findings"] = [one for one in table.get("findings", ()) if one.get("code") not in OF_MEMORY]
    table.pop("environment", None)
    jobs = ("environment", "config-settings")
    packages = [
        {**package, "tool": {"wheelplan": {k: v for k, v in of_package(package).items() if k not in jobs}}}
        for package in kept.get("packages", ())
    ]
    return {**kept, "packages": packages, "tool": {"wheelplan": table}}


def _names(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """The tables of ours in which two plans differ, and the packages."""
    if not new:
        return
    one, other = lasting(old), lasting(new)
    yield from (f"[tool.wheelplan] {key}" for key in _unlike(ours(one), ours(other)))
    yield from (f"the package {key}" for key in _unlike(packages_of(one), packages_of(other)))
    yield from (key for key in _unlike(one, other) if key not in ("tool", "packages"))


def _unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    return (key for key in {**one, **other} if one.get(key) != other.get(key))
