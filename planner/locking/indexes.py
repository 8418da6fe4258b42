"""What of two plans differs by what indexes serve, and what follows from it; pure comparison."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from packaging.utils import NormalizedName

from planner.changes import Change
from planner.locking.values import Difference, Side, of_package, packages_of
from planner.page import Page
from planner.plan.reading import OF_TODAY, Previous, PreviousPin

__all__ = ["OF_MEMORY", "findings_differ", "indexes_differ", "pins_differ", "reasons_differ"]

_OF_INDEXES = frozenset({"WP501", "WP504", "WP505", "WP602", "WP604", "WP605"})
OF_MEMORY = frozenset({"WP401", "WP402"})
"""Findings on the memory that is free at a moment."""


def pins_differ(
    old: Mapping[str, Any],
    pins: Previous,
    changes: Sequence[Change],
    page: Callable[[NormalizedName], Page],
    *,
    same: bool,
) -> Iterator[Difference]:
    """Each change of a pin: as what the indexes did where their pages show it, else as what follows.

    `same` says that both plans are for one machine, and that no setting differs by which files are refused.
    """
    entries = packages_of(old)
    for change in changes:
        name, pin = change.project, pins.pins.get(change.project)
        if change.kind == "file":
            text = f"{name} {change.after}: {change.detail}"
            if "another file" in change.detail:
                yield _world("hash", name, text)
            elif same or pin is None or _gone(pin, page(name)):
                yield _world("file", name, text)
            else:  # the index has the file still: it is another machine that takes another one
                yield Difference(side="result", kind="file", subject=name, text=text)
            continue
        why = ""
        if pin is not None and entries.get(name, {}).keys() & {"wheels", "sdist"}:
            why = _gone(pin, page(name))
        if why:
            yield _world("gone", name, f"{name} {change.before}: {why}")
        side: Side = "world" if same else "result"  # a wheel that a setting refused is no new one
        if change.kind == "wheel" and change.before == change.after:
            text = f"{name} {change.after}, a source build, {'has' if same else 'takes'} a wheel now"
            yield Difference(side=side, kind="wheel", subject=name, text=text)
        elif change.kind == "built" and change.before == change.after:
            text = f"{name} {change.after} is a source build now: {change.detail}"
            yield Difference(side=side, kind="built", subject=name, text=text)
        else:
            yield Difference(side="result", kind=change.kind, subject=name, text=_moved(change))


def _gone(pin: PreviousPin, page: Page) -> str:
    """What became of a pinned file: gone, yanked or another under its name; "" when it is there."""
    if pin.version is None or not pin.files or any(answer.state == "trouble" for answer in page.answers):
        return ""
    files = {dist.filename: dist.row for dist in page.files(pin.version)}
    row = files.get(pin.filename)
    if row is None:
        return f"{pin.filename} is no longer on the index"
    digest = pin.files[0][1]
    if digest and row.sha256 and row.sha256 != digest:
        return f"{pin.filename} is another file under the same name: sha256 {row.sha256}, was {digest}"
    if row.yanked is not None:
        return f"{pin.filename} was yanked{f': {row.yanked}' if row.yanked else ''}"
    return ""


def _moved(change: Change) -> str:
    name = change.project
    if change.kind == "added":
        return f"{name} {change.after} comes in{f' ({change.detail})' if change.detail else ''}"
    if change.kind == "removed":
        return f"{name} {change.before} goes out"
    more = {"built": f", a source build{f': {change.detail}' if change.detail else ''}", "wheel": ", a wheel"}
    return f"{name} {change.before} -> {change.after}{more.get(change.kind, '')}"


def indexes_differ(
    old: Mapping[str, Any], new: Mapping[str, Any], shown: Callable[[str], str]
) -> Iterator[Difference]:
    """The indexes that serve something."""
    before, after = ({_place(one, shown): one for one in plan.get("indexes", ())} for plan in (old, new))
    for place in sorted(after.keys() - before.keys()):
        count = after[place].get("projects", 0)
        yield _world("index", place, f"{place} serves {count} of the projects, and served none")
    for place in sorted(before.keys() - after.keys()):
        yield _world("index", place, f"{place} serves none of the projects any more")


def _place(index: Mapping[str, Any], shown: Callable[[str], str]) -> str:
    path = str(index.get("path", ""))
    return str(index.get("url") or (shown(path) if path else ""))


def findings_differ(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """The findings, but for those on the newest versions of a day and the free memory of a moment."""
    before, after = (
        {(one.get("code"), one.get("project", "")): one for one in plan.get("findings", ())}
        for plan in (old, new)
    )
    sources = (
        {project for code, project in table if str(code).startswith("WP1")} for table in (before, after)
    )
    built = set.intersection(*sources)
    for key in sorted(after.keys() | before.keys(), key=str):
        code, project = key
        there, here = before.get(key), after.get(key)
        if code in OF_TODAY | OF_MEMORY:
            continue
        if str(code).startswith("WP1") and project in built and (there is None or here is None):
            continue  # `reasons_differ` tells of it
        side: Side = "world" if code in _OF_INDEXES else "result"
        if there is None and here is not None:
            text = f"{here['severity']} {code}: {str(here['summary']).rstrip('.')}"
            yield Difference(side=side, kind="finding", subject=project, text=text)
        elif here is None and there is not None:
            text = f"no {code} any more: {str(there['summary']).rstrip('.')}"
            yield Difference(side=side, kind="finding", subject=project, text=text)
        elif there and here and there["severity"] != here["severity"]:
            of = f" of {project}" if project else ""
            text = f"{code}{of} is of severity {here['severity']}, was {there['severity']}"
            yield Difference(side="repository", kind="setting", subject=project, text=text)
        elif there and here and there["summary"] != here["summary"] and project not in built:
            text = f"{code} says: {str(here['summary']).rstrip('.')}"
            yield Difference(side=side, kind="finding", subject=project, text=text)


def reasons_differ(
    old: Mapping[str, Any], new: Mapping[str, Any], told: Collection[str], *, same: bool
) -> Iterator[Difference]:
    """Source builds whose pins stay, and which are ones for another reason: a wheel came, or went."""
    before, after = packages_of(old), packages_of(new)
    for name in sorted((before.keys() & after.keys()) - set(told)):
        there, here = of_package(before[name]).get("reason"), of_package(after[name]).get("reason")
        if there != here and there and here:
            text = f"{name} {after[name].get('version', '')}, a source build: {here}; it was: {there}"
            yield Difference(side="world" if same else "result", kind="reason", subject=name, text=text)


def _world(kind: str, subject: str, text: str) -> Difference:
    return Difference(side="world", kind=kind, subject=subject, text=text)
