"""What a new plan changes of an earlier one: pure comparison, and its words; must not judge or print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Dist, Tree
from planner.plan import Package
from planner.plan.reading import Previous, PreviousPin

__all__ = ["KINDS", "Change", "ChangeKind", "change_lines", "changes", "changes_json"]

ChangeKind: TypeAlias = Literal["built", "file", "down", "up", "wheel", "added", "removed"]
KINDS: tuple[ChangeKind, ...] = ("built", "file", "down", "up", "wheel", "added", "removed")
"""What matters most comes first."""

SHOWN = 12

_STYLE = {"built": "yellow", "file": "yellow", "wheel": "green"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is no longer as the earlier plan had it; a project can have two (`up` and `built`).

    `before` and `after` are versions, "" where there was or is none (and of repositories, whose commits count
    instead). `detail` is a phrase: why it is built now, or which file it was.
    """

    kind: ChangeKind
    project: NormalizedName
    before: str = ""
    after: str = ""
    detail: str = ""


def changes(old: Previous, packages: Sequence[Package]) -> tuple[Change, ...]:
    """The differences between an earlier plan and what is pinned now, in the order of `KINDS`."""
    now = {package.name: package for package in packages}
    found = [
        Change(kind="removed", project=name, before=_version(pin.version))
        for name, pin in old.pins.items()
        if name not in now
    ]
    for name, package in now.items():
        pin = old.pins.get(name)
        if pin is None:
            detail = f"a source build: {package.reason}" if package.source_build else ""
            found.append(
                Change(
                    kind="added", project=name, after=_version(package.version), detail=detail.rstrip(": ")
                )
            )
        else:
            found += _of_one(pin, package)
    return tuple(sorted(found, key=lambda change: (KINDS.index(change.kind), change.project)))


def _of_one(pin: PreviousPin, package: Package) -> Iterator[Change]:
    before, after = _version(pin.version), _version(package.version)

    def change(kind: ChangeKind, detail: str = "") -> Change:
        return Change(kind=kind, project=package.name, before=before, after=after, detail=detail)

    moved = pin.version is not None and package.version is not None and pin.version != package.version
    if moved and pin.version is not None and package.version is not None:
        yield change("up" if package.version > pin.version else "down")
    if not moved and _is_among(pin, package.dist):
        return  # other locks list files for many machines: another one of them is no news
    if package.source_build and not pin.source_build:
        yield change("built", package.reason)
    elif pin.source_build and not package.source_build:
        yield change("wheel")
    elif not moved:
        detail = _other_file(pin, package.dist)
        if detail:
            yield change("file", detail)


def _version(version: Version | None) -> str:
    return "" if version is None else str(version)


def _is_among(pin: PreviousPin, dist: Dist | Tree) -> bool:
    """Whether the plan has the very file, by its hash; by its name where there is none."""
    if isinstance(dist, Tree):
        return (dist.filename, "") in pin.files and dist.commit == pin.commit
    if dist.row.sha256 and any(digest for name, digest in pin.files if name == dist.filename):
        return dist.row.sha256 in pin.sha256s
    return dist.row.sha256 in pin.sha256s or any(name == dist.filename for name, _ in pin.files)


def _other_file(pin: PreviousPin, dist: Dist | Tree) -> str:
    """How the file of a version differs: another hash under the same name can be an attack."""
    if isinstance(dist, Tree):
        told = [(dist.filename, pin.filename)]
        told += [(dist.commit, pin.commit)] if dist.kind == "vcs" else []
        different = [(new, old) for new, old in told if new != old]
        return "; ".join(f"{new or 'nothing'} (was {old or 'no repository'})" for new, old in different)
    was = next((digest for name, digest in pin.files if name == dist.filename and digest), "")
    if was:
        return f"{dist.filename} is another file under the same name: sha256 {dist.row.sha256}, was {was}"
    return f"{dist.filename} (was {pin.filename})" if pin.filename else ""


def change_lines(found: Sequence[Change], *, verbose: bool = False) -> Iterator[tuple[str, str]]:
    """The differences as lines (text, rich style): a title, then one each; the first few, or all of them."""
    if not found:
        return
    yield f"Changes to the plan ({len(found)})", "bold"
    shown = found if verbose else found[:SHOWN]
    wide = max(len(change.kind) for change in shown)
    for change in shown:
        yield f"  {change.kind:<{wide}}  {_sentence(change)}", _STYLE.get(change.kind, "")
    if len(found) > len(shown):
        yield f"  and {len(found) - len(shown)} more (-v shows them)", "dim"


def _sentence(change: Change) -> str:
    name, detail = change.project, f": {change.detail}" if change.detail else ""
    now = f"{name} {change.after}".rstrip()
    if change.kind in ("up", "down"):
        return f"{name} {change.before} -> {change.after}"
    if change.kind == "built":
        return f"{now} became a source build{detail}"
    if change.kind == "wheel":
        return f"{now} got a wheel"
    if change.kind == "removed":
        return f"{name} {change.before}".rstrip()
    return f"{now}{detail}"


def changes_json(found: Sequence[Change]) -> list[dict[str, Any]]:
    """The differences for programs; `before` and `after` are null where there is no version."""
    return [
        {
            "kind": change.kind,
            "project": change.project,
            "before": change.before or None,
            "after": change.after or None,
            "detail": change.detail,
        }
        for change in found
    ]
