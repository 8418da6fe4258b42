"""What keeps a resolution from being proven or pinned: indexes, skipped files, hashes; judges no file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Pin, Refusal, Tree
from planner.findings import Finding
from planner.fits import Fits
from planner.page import Page
from planner.policy import Policy

__all__ = ["excluded_python", "other_hash", "passed_over", "untrusted", "without_hash"]


def untrusted(pins: Sequence[Pin], pages: Mapping[NormalizedName, Page]) -> Iterator[Finding]:
    """Indexes that could not be asked and come before the one that served a pin: one finding each."""
    doubted: dict[str, tuple[str, list[str]]] = {}
    for pin in pins:
        page = pages.get(pin.project)
        for answer in page.trouble_before(pin.dist.index) if page else ():
            doubted.setdefault(answer.index, (answer.why, []))[1].append(pin.project)
    for index, (why, projects) in sorted(doubted.items()):
        names = ", ".join(projects[:5]) + (f" and {len(projects) - 5} more" if len(projects) > 5 else "")
        yield Finding(
            code="WP604",
            severity="error",
            project="",
            summary=f"{index} could not be asked, and comes before the index that served {names}: {why}",
            remedy="make it reachable, or take it out of the settings; what it would have served is unknown",
        )


def passed_over(refused: Iterable[Refusal], pins: Sequence[Pin], *, told: bool) -> Iterator[Finding]:
    """Files that the search had to skip: not proven when the network is the reason, a note otherwise.

    `told` says that the clashes have told those that are not the network's fault.
    """
    pinned: dict[str, Version | None] = {pin.project: pin.version for pin in pins}
    for refusal in refused:
        network = refusal.unanswered
        if not network and told:
            continue
        owner = next(
            (p for p in pinned if refusal.filename.lower().replace("_", "-").startswith(f"{p}-")), ""
        )
        chosen = f"; {owner} {pinned[owner]} was taken" if owner in pinned else ""
        yield Finding(
            code="WP604" if network else "WP505",
            severity="error" if network else "note",
            project=owner,
            summary=f"{refusal.filename} was passed over: {refusal.detail}{chosen}.",
            remedy="try again when the index answers" if network else "",
        )


def excluded_python(requires_python: SpecifierSet, fits: Fits) -> Iterator[Finding]:
    """What is checked says for which Pythons it is: pyproject.toml, a script."""
    if requires_python and not requires_python.contains(fits.python, prereleases=True):
        yield Finding(
            code="WP528",
            severity="error",
            project="",
            summary=f"The inputs require Python {requires_python}, and the target is {fits.python}.",
            remedy="plan for another Python: `--python-version X.Y` or `-p PYTHON`",
        )


def without_hash(
    pins: Sequence[Pin], hashes: Mapping[NormalizedName, frozenset[str]], policy: Policy
) -> Iterator[Finding]:
    """Pins that pip would refuse in its hash mode, where every file must have a hash."""
    if not policy.require_hashes:
        return
    for pin in pins:
        if pin.project not in hashes:
            yield Finding(
                code="WP526",
                severity="error",
                project=pin.project,
                summary=f"Hashes are required, and none is given for {pin.project} {pin.version}.",
                remedy=f"add `{pin.project}=={pin.version} --hash=sha256:…`, or leave out all hashes",
                evidence=tuple(who for who, _ in pin.asked),
            )


def other_hash(pins: Sequence[Pin], hashes: Mapping[NormalizedName, frozenset[str]]) -> Iterator[Finding]:
    """Files of which the hash was not known when they were chosen."""
    for pin in pins:
        allowed = hashes.get(pin.project)
        sha256 = "" if isinstance(pin.dist, Tree) else pin.dist.row.sha256
        if allowed is not None and sha256 and sha256 not in allowed:
            yield Finding(
                code="WP525",
                severity="error",
                project=pin.project,
                summary=f"{pin.dist.filename} has the sha256 {sha256}, which the requirements do not allow.",
                remedy="take it from where it has not been changed, or correct the hash",
                evidence=tuple(who for who, _ in pin.asked),
            )
