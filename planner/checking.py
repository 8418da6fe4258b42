"""`check`: requirements x machine x indexes -> what would be installed, what is built, and the plan.

Joins the pieces over a catalog that is given; must not read the environment, open files or print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.ahead import following
from planner.assess import SourceBuild, assess, source_build
from planner.building.environments import build_environments, declared
from planner.building.lacks import Lacks
from planner.building.older import buildable_version
from planner.building.readiness import Look, Readiness, Ready
from planner.building.ready import make_ready
from planner.choosing.alternatives import with_alternatives
from planner.choosing.causes import one_cause
from planner.choosing.choose import choose, first_steer
from planner.choosing.findings import choice_findings
from planner.choosing.trials import Trials
from planner.choosing.values import Choice
from planner.cuda.families import family_findings
from planner.cuda.judging import cuda_findings
from planner.cuda.recipe import for_torch
from planner.cuda.runtime import cuda_view, run_needs
from planner.cuda.values import CudaView
from planner.dists import Dist, Pin, Refusal, Sdist, SdistReading, Tree
from planner.doubts import other_hash, passed_over, untrusted, without_hash
from planner.facts import Fact, Machine
from planner.findings import Finding
from planner.fits import Fits
from planner.knowledge.projects import projects
from planner.needs import Need
from planner.page import Catalog
from planner.plan import Building, Package
from planner.plan.reading import Previous
from planner.policy import Policy
from planner.prerequisites.states import PYTHON_HEADERS
from planner.resolve.asks import Ask
from planner.roots import Roots
from planner.searching import search_for
from planner.tags import supported_tags

__all__ = ["Judged", "judge", "judge_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a check found, before it is a plan. `asks` are the root requirements that were resolved."""

    packages: tuple[Package, ...]
    builds: tuple[SourceBuild, ...]
    findings: tuple[Finding, ...]
    set_aside: tuple[str, ...]
    rounds: int
    pins: tuple[Pin, ...] = ()
    ready: Ready | None = None
    choice: Choice | None = None
    cuda: CudaView
    run_needs: tuple[Need, ...] = ()
    trials: Trials
    asks: tuple[Ask, ...] = ()


def judge_of(machine: Machine, policy: Policy, roots: Roots) -> Fits:
    """The judge of files for a machine. Raises MachineError when too little is known of it."""
    python = machine.markers.get("python_full_version") or machine.value("python") or "3"
    return Fits(
        supported=supported_tags(machine), policy=policy, python=Version(python), hashes=dict(roots.hashes)
    )


def _nothing_known(_: Sequence[str], __: Sequence[str]) -> Mapping[str, Fact]:
    """The answer where no machine can be asked."""
    return {}


def judge(
    trials: Trials,
    *,
    say: Callable[[str], None],
    digest: Callable[[Dist], str | Refusal] | None = None,
    look: Look = _nothing_known,
    unisolated: frozenset[str] = frozenset(),
    previous: Previous | None = None,
    exists: Callable[[str], bool | None] = lambda _: None,
    installed: Mapping[NormalizedName, Version] = MappingProxyType({}),
) -> Judged:
    """Resolve the roots, set aside what cannot be met, and judge what was pinned.

    `digest` gives the sha256 of a file; it is asked for local and directly named ones that come without.
    `exists` says whether there is a file at an address beyond the indexes (None: not known).
    `look` asks the machine for what builds need, `unisolated` are projects built without isolation,
    `previous` is an earlier plan, whose versions stay where they can; `installed` are versions that the
    target has: they are tried first, too.
    """
    roots, fits, catalog = trials.roots, trials.fits, trials.catalog
    steer = first_steer(fits.policy, previous, installed)
    kept = previous.versions if previous is not None else {}
    search = search_for(trials, steer, say)
    choice: Choice | None = None
    if search.resolution is not None:
        say("looking for the freshest set that installs")
        lacks = Lacks(machine=trials.machine, look=look, catalog=catalog, fits=fits)
        choice = choose(trials, search.asks, search.resolution, lacks, kept, installed=installed)
    resolution = choice.resolution if choice else None
    say("reading source distributions")
    pins = [_hashed(pin, digest) for pin in (resolution.pins if resolution else ())]
    pages = {pin.project: catalog.page(pin.project) for pin in pins if not pin.direct}
    readings = dict(_readings(pins, roots, catalog, trials.machine.markers))
    builds = [
        build
        for pin in pins
        if (build := source_build(pin, pages.get(pin.project), readings.get(pin.project), fits))
    ]
    ready, older = None, {}
    if builds or any(pin.project in projects() for pin in pins):
        say("looking at what the source builds need")
        keep = previous.build_versions if previous else {}
        ready = _ready(builds, readings, pins, trials, look=look, unisolated=unisolated, keep=keep)
        older = _buildable(ready, builds, catalog, fits)
    cuda = cuda_view(pins, trials.machine)
    ready = for_torch(ready, builds, cuda) if ready is not None else None
    if builds and resolution is not None:
        say("looking for what could be taken instead")
        builds = with_alternatives(builds, pins, asks=search.asks, trials=trials, older=older, exists=exists)
    findings = [*search.findings, *assess(pins, builds, pages, fits.policy.allow_builds)]
    cause = one_cause(builds, pins, trials=trials)
    findings += [cause] if cause is not None else []
    findings += choice_findings(choice, pages, fits) if choice is not None else ()
    findings += [_with_way_out(found, older) for found in (ready.findings if ready else ())]
    findings += cuda_findings(
        cuda, pins=pins, builds=builds, ready=ready, machine=trials.machine, unisolated=unisolated
    )
    major = cuda.torch_use.major if cuda.torch_use is not None else ""
    findings += family_findings(pins, builds, trials.machine, cuda=major)
    findings += untrusted(pins, pages)
    findings += passed_over(search.refused.values(), pins, told=bool(search.set_aside))
    findings += without_hash(pins, roots.hashes, fits.policy)
    findings += other_hash(pins, roots.hashes)
    # Without dependencies nothing of a repository has to be known: its commit is the pin.
    needless = frozenset({"WP702"}) if fits.policy.no_deps else frozenset()
    return Judged(
        packages=tuple(_package(pin, builds, ready, trials.machine.markers) for pin in pins),
        builds=tuple(builds),
        findings=tuple(sorted((f for f in findings if f.code not in needless), key=Finding.sort_key)),
        set_aside=tuple(search.set_aside),
        rounds=resolution.rounds if resolution else 0,
        pins=tuple(pins),
        ready=ready,
        choice=choice,
        cuda=cuda,
        run_needs=run_needs(cuda),
        trials=trials,
        asks=tuple(search.asks),
    )


def _ready(
    builds: Sequence[SourceBuild],
    readings: Mapping[NormalizedName, SdistReading],
    pins: Sequence[Pin],
    trials: Trials,
    *,
    look: Look,
    unisolated: frozenset[str],
    keep: Mapping[NormalizedName, Version],
) -> Ready:
    """What the builds need and what builds them, held against the machine."""
    environments = build_environments(
        (_asked(build) for build in builds if build.project in readings),
        machine=trials.machine,
        fits=trials.fits,
        catalog=trials.catalog,
        constraints=trials.roots.build_constraints,
        spent=trials.spent,
        keep=keep,
    )
    return make_ready(
        builds, readings, pins, environments, machine=trials.machine, look=look, unisolated=unisolated
    )


def _asked(build: SourceBuild) -> tuple[NormalizedName, Version | None, tuple[str, ...], str]:
    """What a build asks for before it starts: (project, version, requirements, backend)."""
    requires = (*declared(build.backend, build.build_requires), *build.setup_requires)
    return build.project, build.version, requires, build.backend


def _hashed(pin: Pin, digest: Callable[[Dist], str | Refusal] | None) -> Pin:
    """The pin with the hash of its file: computed for local files and for those named directly."""
    dist = pin.dist
    if digest is None or isinstance(dist, Tree) or dist.row.sha256:
        return pin
    if not (pin.direct or dist.row.url.startswith("file:")):
        return pin
    found = digest(dist)
    if isinstance(found, Refusal):
        return pin
    return replace(pin, dist=replace(dist, row=dist.row._replace(sha256=found)))


def _buildable(
    ready: Ready, builds: Sequence[SourceBuild], catalog: Catalog, fits: Fits
) -> dict[str, Version]:
    """For builds whose needs cannot be met here: the newest older version whose needs can."""
    found = {}
    for one, build in zip(ready.builds, builds, strict=True):
        unmet = any(
            need.unmet and need.strength == "required" and need.subject != PYTHON_HEADERS
            for need in one.prerequisites
        )
        if unmet and build.version is not None and not build.own and build.code != "WP111":
            version = buildable_version(one, build.version, machine=ready.machine, catalog=catalog, fits=fits)
            if version is not None:
                found[str(build.project)] = version
    return found


def _with_way_out(found: Finding, older: Mapping[str, Version]) -> Finding:
    version = older.get(found.project) if found.code in ("WP204", "WP208") else None
    if version is None:
        return found
    return replace(found, remedy=f"pin {found.project}=={version}: what that needs can be had here")


def _readings(
    pins: Sequence[Pin], roots: Roots, catalog: Catalog, markers: Mapping[str, str]
) -> Iterator[tuple[NormalizedName, SdistReading]]:
    for pin in pins:
        if pin.project in roots.readings:
            yield pin.project, roots.readings[pin.project]
        elif isinstance(pin.dist, Sdist):
            reading = catalog.sdist(pin.dist, markers)
            if isinstance(reading, SdistReading):
                yield pin.project, reading


def _package(
    pin: Pin, builds: Sequence[SourceBuild], ready: Ready | None, markers: Mapping[str, str]
) -> Package:
    build = next((build for build in builds if build.project == pin.project), None)
    kind = {True: "native", False: "pure", None: "unknown"}[build.native] if build else ""
    readiness = ready.of(pin.project) if ready else None
    environment = tuple(sorted(markers.items()))
    needs = {project for project, _, _ in following(pin.metadata, frozenset(pin.extras), environment)}
    return Package(
        name=pin.project,
        version=pin.version,
        dist=pin.dist,
        extras=pin.extras,
        required_by=tuple(dict.fromkeys(who for who, _ in pin.asked)),
        dependencies=tuple(sorted(needs - {pin.project})),
        direct=pin.direct,
        source_build=kind,
        reason=build.why if build else "",
        allowed=(build.allowed or "") if build else "",
        build_backend=build.backend if build else "",
        build_requires=_build_requires(build, readiness) if build else (),
        alternatives=tuple(str(one) for one in build.alternatives) if build else (),
        build=_building(readiness) if readiness else None,
    )


def _build_requires(build: SourceBuild, readiness: Readiness | None) -> tuple[str, ...]:
    """The pins of its build environment, or the bare requirements where that could not be resolved."""
    pinned = readiness.environment.lines if readiness and readiness.environment else ()
    return pinned or build.build_requires


def _building(readiness: Readiness) -> Building:
    jobs = readiness.jobs
    return Building(
        isolated=readiness.isolated,
        install_after=readiness.install_after,
        variables=readiness.variables,
        setting=jobs.setting if jobs else "",
        jobs=jobs.jobs if jobs else 0,
        per_job=jobs.per_job if jobs else 0,
        needs=readiness.prerequisites,
        features=readiness.features,
        downloads=readiness.downloads,
    )
