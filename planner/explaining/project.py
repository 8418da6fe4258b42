"""Explains one project of a resolution, or why it is not there; asks the catalog, and prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.cuda.reasoning import reasoning
from planner.dists import Pin, Sdist, Tree, Wheel, parse_requirement
from planner.explaining.askers import asked_sentence, askers_of
from planner.explaining.files import file_groups, nearest_miss
from planner.explaining.raising import raised
from planner.explaining.values import Explained, Kind, NotThere, Other, Raised
from planner.explaining.versions import Considered, wants_lowest
from planner.findings import UNPROVEN
from planner.knowledge.names import neighbours
from planner.prerequisites.states import command_of

if TYPE_CHECKING:
    from planner.building.readiness import Ready
    from planner.checking import Judged
    from planner.findings import Finding

__all__ = ["explain_project"]

_KINDS: dict[bool | None, Kind] = {True: "native", False: "pure", None: "unknown"}
_UNKNOWN = UNPROVEN - {"WP702", "WP704"}  # what a repository leaves open hides nothing of the others


def explain_project(
    judged: Judged,
    project: NormalizedName,
    say: Callable[[str], None],
    kept: Mapping[NormalizedName, Version],
) -> Explained | NotThere:
    """Why a project is what it is; `kept` are the versions of an earlier plan that stay where they can."""
    pin = next((one for one in judged.pins if one.project == project), None)
    if pin is None:
        return _not_there(judged, project)
    say(f"looking at the versions of {project}")
    trials = judged.trials
    build = next((one for one in judged.builds if one.project == project), None)
    fixed = pin.direct or isinstance(pin.dist, Tree)
    page = None if fixed else trials.catalog.page(project)
    lowest = wants_lowest(pin, trials)
    explained = Explained(
        machine=judged.ready.machine if judged.ready else trials.machine,
        pin=pin,
        kind="wheel" if isinstance(pin.dist, Wheel) else _KINDS[build.native if build else None],
        build=build,
        prepared=_alone(judged.ready, project) if judged.ready and build else None,
        askers=askers_of(pin, judged.pins, page.versions[0] if page and page.versions else None),
        alternatives=tuple(str(one) for one in build.alternatives) if build else (),
        findings=_of(judged.findings, project),
        set_aside=judged.set_aside,
        reasoning=_reasoning(judged, project),
        exit_code=_exit_code(judged),
    )
    if page is None or pin.version is None or isinstance(pin.dist, Tree):
        return explained
    version = pin.version
    before = [v for v in page.versions if (v < version if lowest else v > version)]
    before = sorted(before, reverse=not lowest)
    considered = Considered(pin, judged.pins, page, trials, kept=kept.get(project) == version)
    others = tuple(considered.others(before))
    choice = judged.choice
    late = (*choice.held_back, *choice.outdated) if choice else ()
    held = next((one for one in late if one.project == project), None)
    return replace(
        explained,
        constraints=tuple(f"{one.origin} constrains it to {one.text}" for one in considered.constraints),
        total=len(page.versions),
        others=others,
        rest=tuple(v for v in page.versions if v != version and v not in before),
        lowest=lowest,
        unasked=page.unasked,
        groups=file_groups(
            page, version, trials.fits, pin.dist.filename, yanked=pin.dist.row.yanked is not None
        ),
        held_back=held,
        raised=_tried(judged, pin, others) if held is None or held.possible is None else None,
    )


def _alone(ready: Ready, project: NormalizedName) -> Ready:
    """How ready the machine is for one of the builds, with the command that supplies what this one lacks."""
    mine = tuple(one for one in ready.prerequisites if project in one.needed_by)
    builds = tuple(one for one in ready.builds if one.project == project)
    return replace(
        ready,
        builds=builds,
        prerequisites=mine,
        command=command_of((name for one in mine for name in one.install), ready.machine),
        variables=builds[0].variables if builds else (),
        findings=(),
    )


def _tried(judged: Judged, pin: Pin, others: Sequence[Other]) -> Raised | None:
    """The first version that nothing by itself excludes, tried: what it would cost."""
    open_ones = ("further-on", "clash", "native-build", "kept")
    first = next((other for other in others if other.reason in open_ones), None)
    if first is None:
        return None
    return raised(pin, first.version, judged.pins, judged.asks, judged.trials)


def _of(findings: Sequence[Finding], project: str) -> tuple[Finding, ...]:
    return tuple(found for found in findings if found.project == project)


def _reasoning(judged: Judged, project: NormalizedName) -> tuple[str, ...]:
    """What the set does with CUDA, for a project that has part in it."""
    if project not in {use.project for use in judged.cuda.uses}:
        return ()
    return reasoning(judged.cuda, judged.ready.machine if judged.ready else judged.trials.machine)


def _exit_code(judged: Judged) -> int:
    """2 where an index did not answer or the search was given up, 1 where requirements were set aside."""
    if any(found.code in _UNKNOWN for found in judged.findings):
        return 2
    return int(bool(judged.set_aside))


def _not_there(judged: Judged, project: NormalizedName) -> NotThere:
    trials = judged.trials
    fits, page = trials.fits, trials.catalog.page(project)
    finals = [v for v in page.versions if not v.is_prerelease] or list(page.versions)
    version = next((v for v in finals if fits.choose(page, v) is not None), None)
    dist = fits.choose(page, version) if version is not None else None
    newest = finals[0] if finals else None
    kind: Kind = "wheel"
    if isinstance(dist, Sdist):
        reading = trials.catalog.sdist(dist, trials.machine.markers)
        kind = _KINDS[getattr(reading, "native", None)]
    names = tuple(pin.project for pin in judged.pins)
    aside = tuple(place for place, _, name in map(_parted, judged.set_aside) if name == project)
    told = _of(judged.findings, project) or tuple(
        found for found in judged.findings if not {*aside}.isdisjoint(found.evidence)
    )
    near = neighbours(project, names)
    return NotThere(
        machine=trials.machine,
        project=project,
        resolved=bool(judged.pins),
        pins=len(judged.pins),
        indexed=True if page.versions else None if page.troubles else False,
        newest=newest,
        misfit=nearest_miss(page, newest, fits)[1] if newest is not None and newest != version else "",
        version=version,
        filename=dist.filename if dist is not None else "",
        kind=kind,
        near=tuple(name for name in near if name in names) or ((near[:1]) if not page.versions else ()),
        mentions=tuple(dict.fromkeys(_mentions(judged, project))),
        set_aside=aside,
        findings=told or (() if judged.pins else judged.findings),
        exit_code=_exit_code(judged) or 1,
    )


def _parted(aside: str) -> tuple[str, str, str]:
    """(place, " ", project) of a requirement that was set aside."""
    return aside.rpartition(" ")


def _mentions(judged: Judged, project: NormalizedName) -> Iterator[str]:
    """Where the name stands all the same: a requirement that does not apply here, a build requirement."""
    for pin in judged.pins:
        who = f"{pin.project} {pin.version}"
        for text in pin.metadata.requires:
            requirement = parse_requirement(text)
            if requirement is not None and canonicalize_name(requirement.name) == project:
                when = f" where {requirement.marker}" if requirement.marker else ""
                bare = text.partition(";")[0].strip()
                yield f"{asked_sentence(who, bare, root=False)}{when}, which does not hold here"
    for one in judged.ready.builds if judged.ready else ():
        pinned = one.environment.pin(project) if one.environment else None
        if pinned is not None:
            yield f"{one.project} is built with {project} {pinned.version}: a build requirement, not a pin"
