"""The one place that puts the pieces together: words, settings, machine, indexes, resolution, plan.

Knows the order of the work and nothing that a piece knows itself; must not print, and judges nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.disk import read_local
from planner.facts import Machine
from planner.findings import Finding
from planner.request import MachineRequest, Request
from planner.supply import Supply, sources_of
from planner.target import look_locally, machine_for, settled_machine
from planner.viewpoint import as_asked, as_seen, from_here, of_this_machine_alone, plan_folder

if TYPE_CHECKING:
    from planner.backends import Installed, Taken, Torch
    from planner.building.readiness import Ready
    from planner.checking import Judged
    from planner.explaining.values import Explanation
    from planner.indexes.catalog import IndexCatalog
    from planner.keeping import Earlier, Upgrades
    from planner.locking.values import Locked
    from planner.routing import Router
    from planner.settings import Settings
    from planner.verdict import Checked
    from planner.wanted import Inputs, Note

__all__ = ["check", "explain"]

SECONDS_TO_RESOLVE = 120.0
"""After this the search is given up, and said so."""
SECONDS_TO_CHOOSE = 30.0
"""After this no further attempt is made to better a resolution."""


def check(
    request: Request,
    say: Callable[[str], None],
    warn: Callable[[str], None],
    supply: Supply | None = None,
) -> Checked:
    """The answer to `wheelplan check`. Raises WheelplanError.

    `say` is told what is under way, `warn` what works and could work better (a cache that cannot be used).
    `supply` is what several targets share, and stays open.
    """
    with nullcontext(supply) if supply else closing(Supply(request.world, say, warn)) as sources:
        run = _running(request, sources)
        taken, ignored = _judged(run, say)
        return _told(run, taken, ignored)


def explain(
    request: Request, plan: str, say: Callable[[str], None], warn: Callable[[str], None]
) -> Explanation:
    """The answer to `wheelplan explain`, of the plan named `plan` ("": none was). Raises WheelplanError."""
    from planner.explaining.asking import asked_of  # noqa: PLC0415
    from planner.explaining.project import explain_project  # noqa: PLC0415
    from planner.explaining.whole import explain_verdict  # noqa: PLC0415

    project, request = asked_of(
        request,
        plan,
        read=read_local,
        exists=os.path.exists,
        here=lambda: settled_machine(request),
        warn=warn,
    )
    with closing(Supply(request.world, say, warn)) as supply:
        run = _running(request, supply)
        taken, _ = _judged(run, say)
        judged = taken.judged
        told = (*run.torch.notes, *taken.notes)
        for note in (*run.settings.notes, *run.inputs.notes, *told, *run.earlier.notes):
            warn(f"{note.where}: {note.text}")
        if taken.shown is not None:
            warn(f"torch-backend: {taken.shown}")
        if project is None:
            return explain_verdict(judged, run.settings.text("fail-on", "error"))
        kept = run.upgrades.keep(run.earlier.plan)
        return explain_project(judged, project, say, kept.versions if kept else {})


def _running(request: Request, supply: Supply) -> _Run:
    """Everything that is known before the resolution."""
    from planner.backends import torch_of  # noqa: PLC0415
    from planner.intake import build_inputs, inputs_of  # noqa: PLC0415
    from planner.keeping import of_these, read_earlier, upgrades_of  # noqa: PLC0415
    from planner.linked import among_links  # noqa: PLC0415
    from planner.locking.comparing import must_be_there  # noqa: PLC0415
    from planner.settings import read_settings, with_inputs  # noqa: PLC0415

    world = request.world
    with ThreadPoolExecutor(1, "wheelplan-machine") as aside:
        settings = read_settings(
            request.flags,
            environ=world.environ,
            cwd=world.cwd,
            read=read_local,
            now=world.now,
            target=request.target,
        )
        upgrades = upgrades_of(settings)
        wanted = request.machine.or_else(settings.text, settings.items)
        fingerprint = aside.submit(machine_for, wanted, world)  # waits for programs, mostly
        client = supply.client(settings)
        missing: list[Note] = []
        inputs = inputs_of(request, settings, client, missing)
        building = build_inputs(request, settings, client)
        settings = with_inputs(settings, inputs)
        machine = fingerprint.result()
    torch = torch_of(settings, inputs, machine, world)
    catalog = supply.catalog(settings, torch.first)
    if torch.unindexed:
        torch = among_links(torch, catalog.page, machine)
    earlier = read_earlier(request, upgrades, machine.markers)
    if request.locked:
        must_be_there(earlier.data, earlier.notes, request.output)
    if earlier.plan is not None:
        asked = as_asked(request, settings, inputs, building)
        earlier = of_these(earlier, asked["inputs"], asked["requirements"])
    return _Run(
        request=request,
        settings=settings,
        wanted=wanted,
        inputs=inputs,
        building=building,
        machine=machine,
        torch=torch,
        catalog=catalog,
        missing=tuple(missing),
        upgrades=upgrades,
        earlier=earlier,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Everything that a check works with, once it is known."""

    request: Request
    settings: Settings
    wanted: MachineRequest
    inputs: Inputs
    building: Inputs | None
    machine: Machine
    torch: Torch
    catalog: IndexCatalog
    missing: tuple[Note, ...]
    upgrades: Upgrades
    earlier: Earlier


def _judged(run: _Run, say: Callable[[str], None]) -> tuple[Taken, tuple[Finding, ...]]:
    """The set as it is judged in the end: over the indexes of the torch backend that was taken.

    With it come the findings that the user's policy ignores.
    """
    from planner.autobackend import judged_torch  # noqa: PLC0415
    from planner.backends import installed_torch, replaced, unpublished  # noqa: PLC0415
    from planner.verdict import levelled  # noqa: PLC0415

    first, installed = run.torch.first, installed_torch(run.settings, run.machine)

    def judge(router: Router) -> Judged:
        catalog = run.catalog if router is first else run.catalog.rerouted(router)
        return _judged_over(run, catalog, router, installed, say)

    taken = judged_torch(run.torch, judge, say)
    judged = taken.judged
    found = (*replaced(judged.packages, installed, judged.trials.roots.asks), *unpublished(taken))
    findings, ignored = levelled((*judged.findings, *found), dict(run.settings.tables.levels))
    return replace(taken, judged=replace(judged, findings=findings)), ignored


def _judged_over(
    run: _Run, catalog: IndexCatalog, router: Router, installed: Installed | None, say: Callable[[str], None]
) -> Judged:
    """The set as it is judged over the indexes of one catalog."""
    from planner import checking  # noqa: PLC0415
    from planner.ahead import prefetcher  # noqa: PLC0415
    from planner.backends import kept_by_force  # noqa: PLC0415
    from planner.choosing.trials import Trials  # noqa: PLC0415
    from planner.doubts import excluded_python  # noqa: PLC0415
    from planner.findings import Finding  # noqa: PLC0415
    from planner.roots import read_build_constraints, read_roots  # noqa: PLC0415
    from planner.routing import TORCH  # noqa: PLC0415

    machine, world = run.machine, run.request.world
    sources = sources_of(catalog, machine, folder=plan_folder(run.request))
    roots = read_roots(run.inputs.wanted, run.inputs.constraints, machine.markers, sources)
    roots.problems += [
        Finding(code="WP527", severity="error", project="", summary=note.text, evidence=(note.where,))
        for note in run.missing
    ]
    for ask in (*run.upgrades.constraints, *kept_by_force(installed), *run.torch.asks):
        roots.constraints.setdefault(ask.project, []).append(ask)
    if run.building is not None:
        roots.build_constraints = read_build_constraints(run.building.wanted, machine.markers)
    fits = checking.judge_of(machine, run.settings.policy, roots)
    excluded = tuple(excluded_python(run.inputs.requires_python, fits))
    previous = run.upgrades.keep(run.earlier.plan)
    ahead = prefetcher(catalog, fits, machine, roots, previous.versions if previous else {})
    start = world.monotonic()
    trials = Trials(
        roots=roots,
        machine=machine,
        fits=fits,
        catalog=catalog,
        spent=lambda: world.monotonic() > start + SECONDS_TO_RESOLVE,
        late=lambda: world.monotonic() > start + SECONDS_TO_CHOOSE,
    )
    try:
        judged = checking.judge(
            trials,
            digest=catalog.digest,
            say=say,
            look=lambda subjects, packages: look_locally(run.wanted, world, machine, subjects, packages),
            unisolated=_unisolated(run.settings),
            previous=previous,
            exists=catalog.exists,
            installed={TORCH: installed.sought(router.variant, machine.value("os") or "")}
            if installed
            else {},
        )
    finally:
        ahead.stop()
    return replace(judged, findings=(*excluded, *judged.findings))


def _unisolated(settings: Settings) -> frozenset[str]:
    """The projects that the user will build without isolation."""
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    if settings.flag("no-build-isolation"):
        return frozenset({":all:"})
    return frozenset(canonicalize_name(name) for name in settings.items("no-build-isolation-package"))


def _told(run: _Run, taken: Taken, ignored: tuple[Finding, ...]) -> Checked:
    from planner.changes import changes  # noqa: PLC0415
    from planner.plan.reading import same_but_for_today  # noqa: PLC0415
    from planner.verdict import Checked, may_be_planned, needless, not_built  # noqa: PLC0415

    request, inputs, earlier, judged = run.request, run.inputs, run.earlier, taken.judged
    # Constraint files are inputs too, and not what a reader asked about.
    asked = {Path(request.world.cwd, name) for name in (*request.words, *request.requirements)}
    if not (asked or request.editables or request.groups):  # what is taken when no input is named
        asked = {Path(request.world.cwd, file.path) for file in inputs.files[:1]}
    plan = _plan(run, taken) if may_be_planned(judged.findings, judged.set_aside) else ""
    if plan and same_but_for_today(earlier.data, plan.encode()):
        plan = earlier.data.decode()
    old = earlier.plan if plan else None
    whole = bool(inputs.files) and not judged.set_aside
    unbuilt = not_built(run.settings.policy.allow_builds, judged.packages, whole=whole)
    unknown = run.upgrades.unknown(earlier.plan, (package.name for package in judged.packages))
    told = (*run.torch.notes, *taken.notes)
    idle = () if request.target else needless(run.settings.get("allow-build"), unbuilt)
    alone = of_this_machine_alone((inputs, run.building), request) if plan else ()
    notes = (*run.settings.notes, *inputs.notes, *alone, *told, *earlier.notes, *unknown, *idle)
    counts = run.catalog.counts
    return Checked(
        machine=run.machine,
        inputs=tuple(file.path for file in inputs.files if Path(request.world.cwd, file.path) in asked),
        packages=judged.packages,
        builds=judged.builds,
        findings=judged.findings,
        notes=tuple(f"{note.where}: {note.text}" for note in notes),
        set_aside=judged.set_aside,
        plan=plan,
        rounds=judged.rounds,
        choice=judged.choice,
        cuda=judged.cuda,
        changes=changes(old, judged.packages) if old else (),
        had_plan=earlier.there,
        ready=judged.ready,
        backend=taken.shown,
        requests=counts.requests,
        bytes=counts.received,
        origins=(*run.settings.origins, *inputs.options.origins),
        fail_on=request.fail_on or run.settings.text("fail-on", "error"),
        ignored=ignored,
        unbuilt=unbuilt,
        files=tuple(file.path for file in inputs.files),
        locked=_locked(run, judged, plan) if request.locked else None,
    )


def _locked(run: _Run, judged: Judged, plan: str) -> Locked:
    """The plan that is there, held against what would be written."""
    from planner.locking.comparing import compared  # noqa: PLC0415

    return compared(
        run.earlier.data,
        plan,
        packages=judged.packages,
        page=judged.trials.catalog.page,
        builds=judged.builds,
        shown=from_here(run.inputs, run.request),
    )


def _plan(run: _Run, taken: Taken) -> str:
    """The plan's text."""
    from planner.plan import Plan, projects_by_index, render  # noqa: PLC0415
    from planner.verdict import verdict_of  # noqa: PLC0415

    request, settings, judged = run.request, run.settings, taken.judged
    names = {index.shown: index.name for index in (*settings.indexes, *taken.indexes)}
    served = projects_by_index(judged.packages)
    return render(
        Plan(
            machine=run.machine,
            packages=tuple(as_seen(judged.packages, request)),
            findings=judged.findings,
            indexes=tuple((names.get(url, ""), url, count) for url, count in sorted(served.items())),
            verdict=verdict_of(judged.findings, judged.packages),
            torch_backend=taken.shown.variant if taken.shown else "",
            places=taken.places,
            run_needs=judged.run_needs,
            **as_asked(request, settings, run.inputs, run.building),
            **_of_builds(judged.ready),
        ),
        plan_dir=plan_folder(request).replace(os.sep, "/"),
    )


def _of_builds(ready: Ready | None) -> dict[str, Any]:
    """What a plan says of all its source builds together."""
    if ready is None:
        return {}
    memory = ready.machine.value("memory-available")
    computed = any(one.jobs is not None for one in ready.builds)
    return {
        "prerequisites": ready.prerequisites,
        "ready": ready.command,
        "variables": ready.variables,
        "memory": int(memory) if memory and computed else None,
    }
