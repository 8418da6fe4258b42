"""Which container images fit a plan: by Python, libc and CUDA toolkit; knows tags, and fetches nothing.

Tags as they are on Docker Hub: https://hub.docker.com/_/python, https://hub.docker.com/r/nvidia/cuda (whose
tags need the toolkit's patch release), https://docs.astral.sh/uv/guides/integration/docker/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from planner.errors import PlanError
from planner.plan.opened import PlanFile

__all__ = ["UV", "Images", "images_for"]

UV = "ghcr.io/astral-sh/uv:0.13.9"

# Debian: the glibc of each release that Python's images are made of (3.10 and later are there for both).
_DEBIAN = (("bookworm", "12", (2, 36)), ("trixie", "13", (2, 41)))
_UBUNTU = (("22.04", (2, 35)), ("24.04", (2, 39)), ("26.04", (2, 43)))
# The last patch release of each CUDA toolkit, and the releases of Ubuntu that it has images for.
_CUDA = MappingProxyType(
    {
        "11.7": ("11.7.1", "22.04"),
        "11.8": ("11.8.0", "22.04"),
        "12.0": ("12.0.1", "22.04"),
        "12.1": ("12.1.1", "22.04"),
        "12.2": ("12.2.2", "22.04"),
        "12.3": ("12.3.2", "22.04"),
        "12.4": ("12.4.1", "22.04"),
        "12.5": ("12.5.1", "22.04 24.04"),
        "12.6": ("12.6.3", "22.04 24.04"),
        "12.8": ("12.8.1", "22.04 24.04"),
        "12.9": ("12.9.1", "22.04 24.04"),
        "13.0": ("13.0.2", "22.04 24.04"),
        "13.1": ("13.1.1", "22.04 24.04"),
        "13.2": ("13.2.1", "22.04 24.04"),
        "13.3": ("13.3.1", "22.04 24.04 26.04"),
        "13.4": ("13.4.2", "24.04 26.04"),
    }
)
_COMPILER = "dep:virtual/compiler/cuda"


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The images of both stages. `cuda` is the toolkit of the builder ("": nothing is compiled against it).

    `release` is Debian's (`debian-12`), "" for Alpine, whose package manager is apk. `notes` are doubts.
    """

    builder: str
    runtime: str
    python: str
    cuda: str = ""
    release: str = ""
    notes: tuple[str, ...] = ()

    @property
    def manager(self) -> str:
        """The package manager of both."""
        return "apt" if self.release else "apk"


def images_for(plan: PlanFile) -> Images:
    """The images; PlanError for a plan of another system than Linux, or of another Python than CPython."""
    if plan.machine.get("os") != "linux":
        raise PlanError("Images are of Linux, and the plan is not.", where=plan.where)
    if plan.machine.get("implementation", "cpython") != "cpython":
        raise PlanError("The images of Python are of CPython, and the plan is not.", where=plan.where)
    version = re.match(r"\d{1,2}\.\d{1,3}(?=\.|\Z)", str(plan.machine.get("python", "")))
    if version is None:
        raise PlanError("The plan does not tell the Python that it is for.", where=plan.where)
    python = version[0]
    needs_cuda = any(need.need == _COMPILER for one in plan.builds for need in one.needs)
    if "musl" in plan.machine:
        if needs_cuda:
            raise PlanError("There is no CUDA toolkit for musl.", where=plan.where)
        image = f"python:{python}-alpine"
        return Images(builder=image, runtime=image, python=python)
    glibc = _number(str(plan.machine.get("glibc", "")))
    cuda = _toolkit(plan) if needs_cuda else ""
    if not cuda:
        debian, release = _debian(glibc)
        image = f"python:{python}-slim-{debian}"
        return Images(
            builder=image,
            runtime=image,
            python=python,
            release=release,
            notes=("No image of NVIDIA's is known for the plan's CUDA: the builder has none.",)
            if needs_cuda
            else (),
        )
    patch, told = _CUDA[cuda]
    ubuntus = [one for one in _UBUNTU if one[0] in told.split()]
    ubuntu, builder_glibc = next((one for one in ubuntus if one[1] >= glibc), ubuntus[-1])
    debian, release = _debian(max(glibc, builder_glibc))
    notes = []
    if builder_glibc < glibc:
        notes.append(
            f"CUDA {cuda} has no image with glibc {glibc[0]}.{glibc[1]} or newer: the gate will say so."
        )
    return Images(
        builder=f"nvidia/cuda:{patch}-devel-ubuntu{ubuntu}",
        runtime=f"python:{python}-slim-{debian}",
        python=python,
        cuda=cuda,
        release=release,
        notes=tuple(notes),
    )


def _toolkit(plan: PlanFile) -> str:
    """The CUDA to compile against: torch's own, else the machine's; "" where no image is known for it."""
    variant = re.fullmatch(r"cu(\d{2})(\d)", plan.torch_backend)
    torch = plan.package("torch")
    local = re.search(r"\+cu(\d{2})(\d)\Z", torch.version) if torch else None
    told = [f"{found[1]}.{found[2]}" for found in (local, variant) if found]
    told += [
        str(plan.machine.get("torch-cuda", "")),
        _by_driver(plan),
        str(plan.machine.get("cuda-toolkit", "")),
    ]
    return next((one for one in (".".join(text.split(".")[:2]) for text in told) if one in _CUDA), "")


def _by_driver(plan: PlanFile) -> str:
    """The CUDA of torch's plain wheel, as the plan's run needs tell it in their evidence."""
    found = (re.search(r"\(CUDA (\d+\.\d+)", need.because) for need in plan.run_needs)
    return next((match[1] for match in found if match), "")


def _number(text: str) -> tuple[int, int]:
    match = re.match(r"(\d{1,3})\.(\d{1,3})", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _debian(glibc: tuple[int, int]) -> tuple[str, str]:
    """The oldest Debian that has this glibc, else the newest one."""
    name, number, _ = next((one for one in _DEBIAN if one[2] >= glibc), _DEBIAN[-1])
    return name, f"debian-{number}"
