"""The findings about CUDA of a whole set: the driver (WP303), the GPUs (WP311), and those of its neighbours.

Knows sentences, severities and remedies over a view that is given; must not derive uses or ask anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packaging.version import Version

from planner.assess import SourceBuild
from planner.building.readiness import Ready
from planner.cuda.builds import build_findings
from planner.cuda.capabilities import dropped_by_torch, too_new, too_old
from planner.cuda.families import instead_of
from planner.cuda.mixing import mixing_findings
from planner.cuda.telling import finding, told_of
from planner.cuda.ties import tie_findings
from planner.cuda.values import CudaUse, CudaView
from planner.cuda.variants import backend, driver_here, other_torch, runs, variants_known
from planner.dists import Pin
from planner.drivers import newest_cuda
from planner.facts import Absent, Machine, Unknown
from planner.findings import Finding, Severity
from planner.knowledge.cuda import wheels_of

__all__ = ["cuda_findings"]

_SYSTEMS = {"linux": "Linux", "windows": "Windows"}


def cuda_findings(
    view: CudaView,
    *,
    pins: Sequence[Pin],
    builds: Sequence[SourceBuild],
    ready: Ready | None,
    machine: Machine,
    unisolated: frozenset[str] = frozenset(),
) -> Iterator[Finding]:
    """All findings WP303 to WP313 of a set. `unisolated` are projects that are built without isolation."""
    machine = ready.machine if ready is not None else machine
    yield from _driver(view, machine)
    yield from _capabilities(view, machine)
    yield from _idle(view, machine)
    yield from mixing_findings(view, pins, builds, ready, machine)
    yield from tie_findings(view, pins, machine)
    for build in builds:
        one = ready.of(build.project) if ready is not None else None
        if one is not None:
            yield from build_findings(view, build, one, pins=pins, machine=machine, unisolated=unisolated)


def _driver(view: CudaView, machine: Machine) -> Iterator[Finding]:
    """WP303: the driver against the newest CUDA of the set."""
    by, floor = view.floor_by, view.driver_floor
    if by is None:
        return
    needs = f"needs NVIDIA driver {floor} or newer on {_SYSTEMS[view.system]}"
    built = f"{by} is built for CUDA {by.cuda}, which {needs}"
    facts = [told_of(by), f"driver {floor} for CUDA {by.cuda}: {view.floor_source}"]
    fact = machine.fact("cuda-driver")
    driver = driver_here(view, machine)
    if driver is not None:
        if driver < Version(floor):
            here, brought = _here(machine)
            facts += [f"{here} brings CUDA {brought}"] if brought else []
            facts += variants_known(view)
            remedy = _way_out(view, driver, machine)
            yield finding(
                "WP303", "error", by.project, f"{built}; here is {here}.", remedy=remedy, facts=facts
            )
    elif isinstance(fact, Absent):
        summary = f"No NVIDIA driver is here, so nothing of the set uses a GPU on this machine: {built}."
        remedy = "to plan for a machine with one, say `--machine FILE` or `--assume cuda-driver=VERSION`"
        if view.torch_use is not None and view.torch_cuda:
            remedy += "; for the CPU alone, `--torch-backend cpu`"
        yield finding("WP303", "note", by.project, summary, remedy=remedy, facts=facts)
    else:
        why = fact.why if isinstance(fact, Unknown) else f"{fact.value} is no version"
        summary = f"{built}; which one is here is not known ({why})."
        remedy = "say it: `--assume cuda-driver=VERSION`"
        yield finding("WP303", "note", by.project, summary, remedy=remedy, facts=facts)


def _idle(view: CudaView, machine: Machine) -> Iterator[Finding]:
    """WP315: a torch for the CPU alone that nobody asked for, beside a GPU: PyPI has no other there."""
    use, torch = view.torch_use, view.torch
    if use is None or torch is None or use.kind != "cpu" or not (view.gpus or machine.value("cuda-driver")):
        return
    if torch.version is not None and torch.version.local:
        return  # it says so itself, and was chosen
    summary = (
        f"{use} is the build for the CPU alone, and this machine has an NVIDIA GPU: torch will not see it."
    )
    word = backend(view, driver_here(view, machine)) or "`--torch-backend auto`"
    yield finding("WP315", "warning", use.project, summary, remedy=f"take {word}", facts=[told_of(use)])


def _here(machine: Machine) -> tuple[str, str]:
    """(the driver, the newest CUDA that it brings) for people; what is not known of them is ""."""
    driver, api = machine.value("cuda-driver"), machine.value("cuda-driver-api") or ""
    if driver is None:
        return f"a driver for CUDA {api}", ""
    return driver, api or newest_cuda(driver) or ""


def _way_out(view: CudaView, driver: Version, machine: Machine) -> str:
    """What makes a set run whose CUDA is too new: another build of torch, an older torch, a newer driver."""
    update = f"update the driver to {view.driver_floor} or newer"
    others = [use for use in view.drivers if use.part == "user" and not runs(use.cuda, driver, view.system)]
    ways = [way for use in others if (way := _older_wheel(use, driver, view) or _sibling(use, machine))]
    if not view.torch_cuda or runs(view.torch_cuda, driver, view.system):
        return "; or ".join([*(f"take {way}" for way in ways), update])
    named, ways = ways, []
    if word := backend(view, driver):
        ways.append(word)
    minor, default = other_torch(view, driver, machine, newer=False)
    if minor:
        ways.append(f"an older torch, `torch=={minor}.*` ({default})")
    beside = f", and {', '.join(named)}" if named else ""
    if others and not named:
        beside = f", and other builds of {', '.join(use.project for use in others[:3])}"
    taken = [f"take {' or '.join(ways)}{beside}"] if ways else []
    return "; or ".join([*taken, update])


def _older_wheel(use: CudaUse, driver: Version, view: CudaView) -> str:
    """The versions of a project whose wheels are for a CUDA that the driver runs, as a requirement."""
    rows = [row for row in wheels_of(use.project) if runs(row.cuda, driver, view.system)]
    return f"`{use.project}{rows[-1].versions}` (for CUDA {rows[-1].cuda})" if rows else ""


def _sibling(use: CudaUse, machine: Machine) -> str:
    """The project to ask for in its place on this machine (`cupy-cuda12x`)."""
    other = instead_of(use.project, machine)
    return f"`{other}` in place of {use.project}" if other and other != use.project else ""


def _capabilities(view: CudaView, machine: Machine) -> Iterator[Finding]:
    """WP311: GPUs for which the CUDA of the set has no code, older or newer ones."""
    uses = sorted(view.drivers, key=lambda use: use.part != "torch")
    helpless = {
        gpu.number: found
        for gpu in view.gpus
        if (found := _no_code(gpu.capability, [use for use in uses if use.cuda])) is not None
    }
    severity: Severity = "error" if len(helpless) == len(view.gpus) else "warning"
    told: set[str] = set()
    for gpu in view.gpus:
        if gpu.number not in helpless or gpu.capability in told:
            continue
        told.add(gpu.capability)
        use, why = helpless[gpu.number]
        summary = (
            f"{use} is built for CUDA {use.cuda}, which has no code for {gpu}: "
            "it fails with `no kernel image is available for execution on the device`."
        )
        remedy = _for_gpu(view, use, machine)
        yield finding("WP311", severity, use.project, summary, remedy=remedy, facts=(told_of(use), why))


def _no_code(capability: str, uses: Sequence[CudaUse]) -> tuple[CudaUse, str] | None:
    """The first use without code for a GPU, and why: its CUDA has dropped it, or torch's has it not yet."""
    for use in uses:
        if use.part == "torch" and (source := dropped_by_torch(capability, use.cuda, use.version)):
            return use, f"PyTorch's files for CUDA {use.cuda} leave {capability} out ({source})"
        if source := too_old(capability, use.cuda):
            return use, f"nvcc of {source} does not compile for {capability} any more"
        if use.part == "torch" and (first := too_new(capability, use.cuda)):
            return use, f"the first CUDA that compiles for {capability} is {first}"
    return None


def _for_gpu(view: CudaView, use: CudaUse, machine: Machine) -> str:
    driver = driver_here(view, machine)
    if use.part == "torch":
        if word := backend(view, driver):
            return f"take {word}"
        for newer in (True, False):
            minor, default = other_torch(view, driver, machine, newer=newer)
            if minor:
                return f"take {'a newer' if newer else 'an older'} torch, `torch=={minor}.*` ({default})"
    return f"take a build of {use.project} for another CUDA"
