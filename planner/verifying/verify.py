"""A plan, a machine and maybe an environment -> what differs; joins the parts, prints and writes nothing.

What costs an import is done only where something asks for it: a plan of wheels on the Python that runs
wheelplan needs neither `packaging` nor a program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from planner.files import read_plan, shown_beside
from planner.plan.opened import PlanFile, open_plan
from planner.probes.own import Own, holds_python, own_driver, own_python
from planner.verifying.driver import DRIVER, GPU, Seen, driver_told, gpus_of, simply_seen
from planner.verifying.paper import changed_inputs, local_files, refused_verdict
from planner.verifying.quick import Quick
from planner.verifying.values import Told, Verified, VerifyRequest

__all__ = ["refused", "verify"]


def verify(request: VerifyRequest, environ: Mapping[str, str], cwd: str) -> Verified:
    """Hold a plan against this machine (or that of a file). Raises PlanError, MachineError and UsageError."""
    plan = open_plan(read_plan(request.plan, request.plan), request.plan)
    if request.environment and not request.python and holds_python(cwd, request.environment):
        request = request._replace(python=request.environment)
    told = [*changed_inputs(plan), *refused_verdict(plan, request)]
    told += local_files(plan) if request.builds else ()
    own = _own(request, environ, cwd)
    fits = own is not None and _fits(own, plan)
    driver = list(_driver(plan, request, environ)) if own is not None and fits else []
    if own is None or not fits or _asks_more(plan, request, driver):
        from planner.verifying.full import judged  # noqa: PLC0415 (30 ms: wheels or needs to be judged)

        here, found = judged(plan, request, own, environ, fits=fits)
        told += found
    else:
        here = _here(own.facts)
        told += [one for found in driver for one in found]
    if request.environment:
        from planner.verifying.installed import compared  # noqa: PLC0415

        told += compared(plan, request, environ, cwd)
    return Verified(
        plan=request.plan,
        role=request.role,
        here=here,
        packages=len(plan.packages),
        builds=len(plan.builds),
        inputs=tuple(shown_beside(plan.where, one.path) for one in plan.inputs),
        told=tuple(one for one in told if one.code not in request.allow),
        allowed=tuple(_allowed(told, plan, request)),
    )


def refused(plan: PlanFile) -> tuple[Told, ...]:
    """What no machine mends: why a plan is blocked, beyond its needs."""
    return tuple(refused_verdict(plan, VerifyRequest(plan.where)))


def _own(request: VerifyRequest, environ: Mapping[str, str], cwd: str) -> Own | None:
    if request.machine or request.assume:
        return None
    return own_python(environ, cwd, request.python)


def _fits(own: Own, plan: PlanFile) -> bool:
    """Whether the facts of this interpreter alone prove that Python and wheels fit."""
    major, minor = own.facts["python"].split(".")[:2]
    environment = (
        f"sys_platform == 'linux' and platform_machine == '{own.facts['arch']}' "
        "and implementation_name == 'cpython'"
    )
    if plan.requires_python != f"=={major}.{minor}.*" or plan.environments != (environment,):
        return False
    quick = Quick(own.facts)
    wheels = (file for package in plan.packages if not package.kind for file in package.files)
    return all(quick.proves(file.name) for file in wheels)


def _driver(plan: PlanFile, request: VerifyRequest, environ: Mapping[str, str]) -> Iterator[tuple[Told, ...]]:
    """What is told of each need of a driver, as far as one look at the kernel's files and PATH decides it."""
    if not request.runs or not plan.run_needs or (request.builds and plan.builds):
        return
    version = own_driver(environ)
    for need in plan.run_needs:
        if version == "" and need.need == GPU:
            yield ()  # the need of a driver tells that there is none
        if version is None or need.need != DRIVER or (version and gpus_of(plan)):
            continue
        seen = simply_seen(need.specifier, version)
        if seen is not None:
            yield tuple(driver_told(plan, need, seen, Seen("absent")))


def _asks_more(plan: PlanFile, request: VerifyRequest, driver: list[tuple[Told, ...]]) -> bool:
    """Whether the role has needs that other facts decide; `driver` are the needs that are decided."""
    if request.builds and plan.builds:
        return True
    running = len(plan.run_needs) > len(driver) or any(one.role == "run" for one in plan.prerequisites)
    return request.runs and running


def _here(facts: Mapping[str, str]) -> str:
    return f"Python {facts['python']}, {facts['os']} {facts['arch']}, glibc {facts['glibc']}"


def _allowed(told: list[Told], plan: PlanFile, request: VerifyRequest) -> Iterator[Told]:
    """What a word of the command line accepted; it is told all the same."""
    yield from (one for one in told if one.code in request.allow)
    if plan.verdict == "blocked":
        for one in plan.findings:
            if one.severity == "error" and one.code in request.allow:
                yield Told(one.code, "error", one.summary, project=one.project, remedy=one.remedy)
