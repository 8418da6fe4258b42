"""What stands between a source build and CUDA: WP306 to WP309; knows sentences, must not look at a machine.

PyTorch's cpp_extension refuses a toolkit of another major than torch's own, and a compiler that its nvcc does
not know: `torch/utils/cpp_extension.py` of torch 2.14.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.assess import SourceBuild
from planner.building.readiness import Readiness
from planner.cuda.pip_toolkit import pip_toolkit
from planner.cuda.telling import finding, joined
from planner.cuda.values import TORCH, CudaView
from planner.cuda.variants import backend, driver_here
from planner.dists import Pin, parse_requirement, parse_version
from planner.facts import Machine
from planner.findings import Finding, Severity
from planner.knowledge.couplings import Coupling, couplings_of
from planner.knowledge.cuda import Toolkit, toolkit
from planner.knowledge.projects import project
from planner.prerequisites.states import Prerequisite, command_of

__all__ = ["NVCC", "against_torch", "arch_list", "build_findings", "cuda_need"]

NVCC = "dep:virtual/compiler/cuda"
_ARCH_LIST = "TORCH_CUDA_ARCH_LIST"


def build_findings(
    view: CudaView,
    build: SourceBuild,
    ready: Readiness,
    *,
    pins: Sequence[Pin],
    machine: Machine,
    unisolated: frozenset[str],
) -> Iterator[Finding]:
    """The findings of one source build. `unisolated` are projects that are built without isolation."""
    isolated = ready.isolated and not unisolated & {":all:", build.project}
    yield from _couplings(build, ready, pins, isolated=isolated)
    need = cuda_need(ready)
    if need is None or build.native is False:
        return
    # An optional part is compiled where there is a toolkit, and then the same can go wrong.
    severity: Severity = "error" if need.strength == "required" else "warning"
    version = machine.value("cuda-toolkit")
    if version is not None:
        if against_torch(build, ready):
            yield from _toolkit(view, build, version, machine, severity)
        yield from _compiler(build, version, machine, severity)
    if need.strength == "required" and against_torch(build, ready):
        yield from _architectures(view, build)


def cuda_need(ready: Readiness) -> Prerequisite | None:
    """The need of nvcc that a build has, if it has one."""
    return next((one for one in (*ready.prerequisites, *ready.features) if one.need == NVCC), None)


def against_torch(build: SourceBuild, ready: Readiness) -> bool:
    """Whether a build compiles against torch: it asks for it, or its setup.py imports it."""
    asked = [parse_requirement(text) for text in (*build.build_requires, *build.setup_requires)]
    names = {canonicalize_name(one.name) for one in asked if one is not None}
    imported = {canonicalize_name(need.subject.partition(":")[2]) for need in ready.undeclared}
    return TORCH in names | imported | set(ready.install_after)


def arch_list(view: CudaView) -> str:
    """`TORCH_CUDA_ARCH_LIST` for the GPUs of the machine; "" where none is known.

    https://pytorch.org/docs/stable/cpp_extension.html
    """
    return ";".join(view.capabilities)


def _name(build: SourceBuild) -> str:
    return f"{build.project} {build.version or ''}".rstrip()


def _couplings(
    build: SourceBuild, ready: Readiness, pins: Sequence[Pin], *, isolated: bool
) -> Iterator[Finding]:
    """WP308: a version that a table says cannot be compiled against that of another project."""
    for row in couplings_of(build.project, build.version) if build.version is not None else ():
        if row.of != "build":
            continue
        own = ready.environment.pin(row.other) if isolated and ready.environment is not None else None
        planned = next((pin for pin in pins if pin.project == row.other), None)
        against = own or planned
        if against is None or against.version is None:
            continue
        if not row.specifier.contains(against.version, prereleases=True):
            yield _coupled(build, row, against, declared=own is not None)


def _coupled(build: SourceBuild, row: Coupling, against: Pin, *, declared: bool) -> Finding:
    where = ", which its build environment would hold" if declared else " of the plan"
    wanted = f"{row.other}{row.specifier}"
    remedy = f"ask for `{wanted}` as well, for which it can be compiled"
    if declared:
        remedy = f"put `{wanted}` into a file for `--build-constraint`, and ask for it as well"
    return finding(
        "WP308",
        "error",
        build.project,
        f"{_name(build)} cannot be compiled against {row.other} {against.version}{where}: {row.effect}.",
        remedy=remedy,
        facts=(f"{row.source}{' (inferred)' if row.inferred else ''}",),
        evidence=(build.filename,),
    )


def _toolkit(
    view: CudaView, build: SourceBuild, version: str, machine: Machine, severity: Severity
) -> Iterator[Finding]:
    """WP306: the toolkit of the machine against the CUDA of the pinned torch."""
    cuda, torch = view.torch_cuda, view.torch_use
    if not cuda or torch is None:
        return
    own, here = cuda.split("."), version.split(".")
    facts = (torch.because, "torch/utils/cpp_extension.py of torch 2.14.1: another major is an error")
    if own[0] != here[0]:
        yield finding(
            "WP306",
            severity,
            build.project,
            f"Building {_name(build)} would use the CUDA toolkit {version}, and {torch} is built for "
            f"CUDA {cuda}: its cpp_extension refuses another major.",
            remedy=_other_toolkit(view, own[0], here[0], machine),
            facts=facts,
            evidence=(build.filename,),
        )
    elif own[1:] and own[1:2] != here[1:2]:
        yield finding(
            "WP306",
            "note",
            build.project,
            f"Building {_name(build)} uses the CUDA toolkit {version}, and {torch} is built for CUDA {cuda}: "
            "another minor is only warned of.",
            facts=facts,
            evidence=(build.filename,),
        )


def _other_toolkit(view: CudaView, own: str, here: str, machine: Machine) -> str:
    """A toolkit of torch's major that is here too, a torch for the toolkit's major, or one in wheels."""
    for name in sorted(machine.facts):
        family, _, path = name.partition(":")
        if family == "cuda-toolkit" and path and (machine.value(name) or "").split(".")[0] == own:
            return f"set `CUDA_HOME={path}`"
    ways = []
    if word := backend(view, driver_here(view, machine), major=here):
        ways.append(f"take torch for the toolkit: {word}")
    wheels = pip_toolkit(view.torch_cuda, machine)
    if wheels.requirement:
        ways.append(
            f'install a toolkit of CUDA {own}: `pip install "{wheels.requirement}"`, with '
            f"`CUDA_HOME` at {wheels.home} in site-packages"
        )
    else:
        ways.append(f"install a CUDA toolkit {view.torch_cuda} and set `CUDA_HOME` to it")
    return "; or ".join(ways)


def _compiler(build: SourceBuild, version: str, machine: Machine, severity: Severity) -> Iterator[Finding]:
    """WP307: a GCC that the toolkit's nvcc does not know."""
    row = toolkit(version)
    gcc = machine.value("program:g++") or machine.value("program:gcc")
    found = parse_version(gcc or "")
    if row is None or row.gcc_below is None or found is None or machine.value("os") != "linux":
        return
    if found.major < row.gcc_below + _slack(row, version):
        return
    newest = row.gcc_below - 1
    there = f"program:g++-{newest}" in machine.facts and machine.value(f"program:g++-{newest}") is not None
    install = command_of((f"g++-{newest}",), machine) if machine.value("package-manager") == "apt" else ""
    use = f"`CC=gcc-{newest} CXX=g++-{newest} CUDAHOSTCXX=g++-{newest}`"
    if there:
        remedy = f"build it with {use}"
    else:
        remedy = f"install g++ {newest}{f': `{install}`' if install else ''}; then build it with {use}"
    yield finding(
        "WP307",
        severity,
        build.project,
        f"Building {_name(build)} would compile with GCC {found}, and nvcc of CUDA {version} takes none from "
        f"{row.gcc_below} on.",
        remedy=remedy,
        facts=(f"CUDA {row.version}: {row.source}",),
        evidence=(build.filename,),
    )


def _slack(row: Toolkit, version: str) -> int:
    """The row of another minor may be one major of GCC behind."""
    return (
        0 if Version(row.version).release[:2] == (parse_version(version) or Version("0")).release[:2] else 1
    )


def _architectures(view: CudaView, build: SourceBuild) -> Iterator[Finding]:
    """WP309: nobody says for which GPUs to compile. Those of its own machine cpp_extension sees itself."""
    if view.gpus:
        return
    known = project(build.project)
    narrow = known.jobs.narrow if known is not None and known.jobs is not None else ()
    own = [name for name in narrow if name != _ARCH_LIST]
    if own:
        summary = (
            f"No GPU is seen here, and {_name(build)} takes no notice of {_ARCH_LIST}: it is compiled for "
            f"all the architectures that its setup.py lists, unless {joined(own)} names fewer."
        )
        remedy = f"set {own[0]} to the architectures of the GPUs that will run it"
        facts = (known.source,) if known is not None else ()
        yield finding("WP309", "note", build.project, summary, remedy=remedy, facts=facts)
        return
    yield finding(
        "WP309",
        "warning",
        build.project,
        f"No GPU is seen here to compile {_name(build)} for: without {_ARCH_LIST}, cpp_extension ends with "
        "`IndexError: list index out of range`, unless the project names architectures itself.",
        remedy=f'set it to the compute capability of the GPUs that will run it, as `{_ARCH_LIST}="9.0"`, or '
        "plan for their machine with `--machine FILE`",
        facts=("torch/utils/cpp_extension.py of torch 2.14.1, _get_cuda_arch_flags",),
        evidence=(build.filename,),
    )
