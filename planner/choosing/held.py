"""What holds a project back from its newest version, and what pinning it higher would cost; words sentences.

Reads what was resolved, and makes attempts of its own for the cost; must not choose among resolutions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.choosing.chooser import NOTICEABLE, Chooser, Found
from planner.choosing.coupled import Among, couplings
from planner.choosing.values import HeldBack
from planner.dists import Metadata, Pin, Sdist, Wheel, parse_requirement
from planner.resolve.admission import applies
from planner.resolve.asks import Outcome, Resolution

__all__ = ["held_back", "outdated", "with_costs"]

COSTS_TRIED = 6
"""Of so many projects, those held furthest back first, the price of a newer pin is found out."""


def held_back(chooser: Chooser, found: Found) -> tuple[HeldBack, ...]:
    """The root requirements that are not at their newest version, and whatever is held back for a wheel."""
    pins = {pin.project: pin for pin in found.resolution.pins}
    refused = {one.filename: one.detail for one in found.resolution.refused}
    spared = chooser.trials.natives.spared
    held = []
    for pin in found.resolution.pins:
        root = pin.project in chooser.roots
        if pin.direct or pin.version is None or not (root or pin.project in spared):
            continue
        newest = chooser.ages.newest(pin.project) if root else _newest_asked(chooser, pin)
        if newest is None or newest <= pin.version:
            continue
        for_wheel = isinstance(pin.dist, Wheel) and _would_compile(chooser, pin.project, newest)
        if not (root or for_wheel):
            continue
        held.append(
            HeldBack(
                project=pin.project,
                version=pin.version,
                newest=newest,
                uploaded=chooser.ages.moment(pin.project, newest),
                months=chooser.ages.months(pin.project, pin.version),
                root=root,
                for_wheel=for_wheel,
                holders=tuple(
                    dict.fromkeys(_holders(chooser, pin, newest, pins, refused, for_wheel=for_wheel))
                ),
            )
        )
    return tuple(sorted(held, key=lambda one: (-one.months, one.project)))


def outdated(chooser: Chooser, found: Found) -> tuple[HeldBack, ...]:
    """The dependencies that are further behind their newest version than the user tolerates."""
    behind = []
    for pin in found.resolution.pins:
        if pin.project in chooser.roots or pin.direct or pin.version is None:
            continue
        months, newest = chooser.ages.months(pin.project, pin.version), chooser.ages.newest(pin.project)
        if months > chooser.tolerated and newest is not None:
            behind.append(
                HeldBack(
                    project=pin.project,
                    version=pin.version,
                    newest=newest,
                    uploaded=chooser.ages.moment(pin.project, newest),
                    months=months,
                    root=False,
                    for_wheel=False,
                )
            )
    return tuple(sorted(behind, key=lambda one: (-one.months, one.project)))


def _newest_asked(chooser: Chooser, pin: Pin) -> Version | None:
    """The newest version that all who ask for a dependency admit."""
    asked = [parsed for _, text in pin.asked if (parsed := parse_requirement(text)) is not None]
    page = chooser.trials.catalog.page(pin.project)
    for version in page.versions:
        admitted = all(one.specifier.contains(version, prereleases=True) for one in asked)
        if not version.is_prerelease and admitted and chooser.trials.fits.choose(page, version) is not None:
            return version
    return None


def _would_compile(chooser: Chooser, project: NormalizedName, version: Version) -> bool:
    dist = chooser.trials.fits.choose(chooser.trials.catalog.page(project), version)
    return dist is not None and chooser.trials.natives.compiles(dist)


def _holders(
    chooser: Chooser,
    pin: Pin,
    newest: Version,
    pins: Mapping[NormalizedName, Pin],
    refused: Mapping[str, str],
    *,
    for_wheel: bool,
) -> Iterator[str]:
    """Sentences on what keeps a pin from that version, as far as the pins and `refused` files tell."""
    roots = {str(root) for root in chooser.roots}
    ordered = sorted(pin.asked, key=lambda one: (one[0].partition(" ")[0] not in roots, one))
    asked = [(who, text, parse_requirement(text)) for who, text in ordered]
    blocked = [
        f"{who} needs {text}"
        for who, text, parsed in asked
        if parsed is not None and not parsed.specifier.contains(newest, prereleases=True)
    ]
    blocked += [
        f"{other.project} {other.version} needs {row.other}{row.specifier}: {row.effect}"
        for other in pins.values()
        for row in couplings(other)
        if row.other == pin.project and newest not in Among(row.specifier)
    ]
    yield from blocked
    if for_wheel:
        yield f"{pin.project} {newest} has no wheel for this machine, and would be compiled here"
    elif not blocked:
        own = [*_own_needs(chooser, pin.project, newest, pins)]
        dist = chooser.trials.fits.choose(chooser.trials.catalog.page(pin.project), newest)
        if dist is not None and dist.filename in refused:
            own = [f"{pin.project} {newest} cannot be used: {refused[dist.filename].rstrip('.')}"]
        if not own and isinstance(dist, Sdist) and isinstance(pin.dist, Sdist):
            lack = chooser.lacks_more(dist, pin.dist)
            what = "cannot be had" if lack == "hopeless" else "is missing"
            own = [f"{pin.project} {newest} needs what {what} here"] if lack else []
        if not own and chooser.kept.get(pin.project) == pin.version:
            own = [f"the plan has {pin.version} (`-P {pin.project}` lets it go, `-U` all)"]
        yield from own


def _own_needs(
    chooser: Chooser, project: NormalizedName, version: Version, pins: Mapping[NormalizedName, Pin]
) -> Iterator[str]:
    """What a version asks for that the pins do not give."""
    trials = chooser.trials
    dist = trials.fits.choose(trials.catalog.page(project), version)
    metadata = trials.catalog.metadata(dist) if isinstance(dist, Wheel) else None
    if not isinstance(metadata, Metadata):
        return
    environment = tuple(sorted(trials.machine.markers.items()))
    extras = pins[project].extras if project in pins else ()
    for text in metadata.requires:
        parsed = parse_requirement(text)
        if parsed is None or not any(applies(text, environment, extra) for extra in (None, *extras)):
            continue
        other = pins.get(canonicalize_name(parsed.name))
        if (
            other is not None
            and other.version is not None
            and not parsed.specifier.contains(other.version, prereleases=True)
        ):
            asked = text.partition(";")[0].strip()
            yield f"{project} {version} needs {asked}, and {other.project} {other.version} is taken"


def with_costs(
    chooser: Chooser, found: Found, held: Sequence[HeldBack]
) -> tuple[Found, tuple[HeldBack, ...]]:
    """The same, with the price of the newest version where it is worth an attempt.

    An attempt that turns out better is taken, and what it holds back is told instead.
    """
    told: list[HeldBack] = []
    tried = 0
    for one in held:
        if one.for_wheel:
            told.append(replace(one, cost=(f"{one.project} {one.newest} would be compiled here",)))
            continue
        if one.months < NOTICEABLE or tried >= COSTS_TRIED:
            told.append(one)
            continue
        tried += 1
        outcome = _at_least(chooser, one.project, one.newest)
        if isinstance(outcome, Resolution):
            higher = Found(outcome, chooser.burden(outcome))
            if higher.burden < found.burden:
                return higher, held_back(chooser, higher)
        told.append(_priced(chooser, found.resolution, one, outcome))
    return found, tuple(told)


def _at_least(chooser: Chooser, project: NormalizedName, version: Version) -> Outcome:
    steer = replace(chooser.steer, first=(project,), within={project: frozenset({version})})
    return chooser.trials.attempt(chooser.asks, steer)


def _priced(chooser: Chooser, resolution: Resolution, held: HeldBack, outcome: Outcome) -> HeldBack:
    """What the attempt with the newest version of a project says of it."""
    if not isinstance(outcome, Resolution):
        if outcome.limit:
            return held
        return replace(held, possible=False, cost=outcome.lines[:4])
    return replace(held, possible=True, cost=tuple(_differences(chooser, resolution, outcome)))


def _differences(chooser: Chooser, old: Resolution, new: Resolution) -> Iterator[str]:
    """What gets worse: builds first, then root requirements that fall, then how many others do."""
    before = {pin.project: pin for pin in old.pins}
    built = {pin.project for pin in chooser.natives(old)}
    for pin in chooser.natives(new):
        if pin.project not in built:
            yield f"{pin.project} {pin.version} would be compiled here"
    falling = [
        (pin, before[pin.project])
        for pin in new.pins
        if pin.project in before and _less(pin.version, before[pin.project].version)
    ]
    for pin, was in falling:
        if pin.project in chooser.roots:
            yield f"{pin.project} would fall from {was.version} to {pin.version}"
    others = [pin for pin, _ in falling if pin.project not in chooser.roots]
    if others:
        names = ", ".join(f"{pin.project} {pin.version}" for pin in others[:3])
        yield f"{len(others)} of the dependencies would fall ({names}{', …' if len(others) > 3 else ''})"


def _less(one: Version | None, other: Version | None) -> bool:
    return one is not None and other is not None and one < other
