"""Why this CUDA: at most five lines that a person can check; knows words, must not judge or find out."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from planner.cuda.capabilities import too_new, too_old
from planner.cuda.telling import joined
from planner.cuda.values import CudaUse, CudaView
from planner.dists import Tree, parse_version
from planner.drivers import newest_cuda
from planner.facts import Absent, Known, Machine

__all__ = ["LINES", "reasoning"]

LINES = 5
_KINDS = {"cpu": "for the CPU alone", "rocm": "for ROCm", "xpu": "for Intel's GPUs", "cuda": "for some CUDA"}


def reasoning(view: CudaView, machine: Machine) -> tuple[str, ...]:
    """Torch and its CUDA, what brings the runtime, the driver, the GPUs, and where torch comes from."""
    if view.torch is None and not view.drivers:
        return ()
    return tuple(_lines(view, machine))[:LINES]


def _lines(view: CudaView, machine: Machine) -> Iterator[str]:
    torch = view.torch_use
    if torch is not None:
        yield f"{torch} is built {_built(torch)}: {torch.because}{' (inferred)' if torch.inferred else ''}."
    elif view.torch is not None:
        yield f"What torch {view.torch.version or ''} is built for is not known: its own build decides it."
    yield from _runtime(view)
    yield from _driver(view, machine)
    if view.drivers:
        yield _gpus(view, machine)
    yield from _origin(view)


def _built(use: CudaUse) -> str:
    return f"for CUDA {use.cuda}" if use.cuda else _KINDS[use.kind]


def _runtime(view: CudaView) -> Iterator[str]:
    """What brings the runtime: pins of it, the wheel itself, or what names CUDA without bringing any."""
    exact = [use for use in view.runtimes if use.project.startswith("nvidia-")] or list(view.runtimes)
    if exact:
        told = joined(f"{use}{f' ({joined(use.by, 2)})' if use.by else ''}" for use in exact)
        yield f"The CUDA runtime is brought by {told}."
        return
    users = [use for use in view.drivers if use.part == "user"]
    if view.torch_cuda and view.torch_use is not None and view.torch_use.variant:
        yield f"No pin brings a CUDA runtime: the files of {view.torch_use.variant} hold their own."
    elif users:
        named = joined(f"{use} (CUDA {use.cuda})" for use in users)
        yield f"No pin brings a CUDA runtime; {named} {'looks' if len(users) == 1 else 'look'} for one."


def _driver(view: CudaView, machine: Machine) -> Iterator[str]:
    """Which driver that needs, and which is here."""
    by = view.floor_by
    if by is None:
        return
    fact = machine.fact("cuda-driver")
    needs = f"CUDA {by.cuda} needs NVIDIA driver {view.driver_floor} or newer ({by})"
    here = parse_version(fact.value) if isinstance(fact, Known) else None
    if here is None or not isinstance(fact, Known):
        yield f"{needs}; {'none is here' if isinstance(fact, Absent) else 'which one is here is not known'}."
        return
    brought = machine.value("cuda-driver-api") or newest_cuda(fact.value) or ""
    told = f"{needs}; here is {fact.value}{f', which brings CUDA {brought}' if brought else ''}"
    if here < Version(view.driver_floor):
        yield f"{told}: too old."
    elif brought and "." in by.cuda and Version(brought) < Version(by.cuda):
        yield f"{told}: it runs by minor-version compatibility, all but PTX that is compiled as it runs."
    else:
        yield f"{told}: it runs."


def _gpus(view: CudaView, machine: Machine) -> str:
    if not view.gpus:
        absent = isinstance(machine.fact("cuda-driver"), Absent)
        return "No GPU is seen here." if absent else "Which GPUs are here is not known."
    cuda = view.torch_cuda or (view.floor_by.cuda if view.floor_by is not None else "")
    told = []
    for gpu in view.gpus[:4]:
        lacks = bool(cuda) and bool(too_old(gpu.capability, cuda) or too_new(gpu.capability, cuda))
        told.append(f"{gpu}{f' (CUDA {cuda} has no code for it)' if lacks else ''}")
    return f"{'; '.join(told)}."


def _origin(view: CudaView) -> Iterator[str]:
    """The index that torch comes from, and the word by which another build of it is asked for."""
    torch = view.torch
    if torch is None or isinstance(torch.dist, Tree) or not torch.dist.index:
        return
    variant = view.torch_use.variant if view.torch_use is not None else ""
    chosen = f", build {variant}" if variant else ""
    yield f"torch is taken from {torch.dist.index}{chosen}; another build: `--torch-backend`."
