"""What a resolved set does with CUDA, ROCm or the CPU alone, as values; must not find it out or judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from packaging.utils import NormalizedName

from planner.dists import Pin

__all__ = ["TORCH", "CudaUse", "CudaView", "Gpu", "Kind", "Part", "System", "named"]

Kind: TypeAlias = Literal["cuda", "rocm", "cpu", "xpu"]
System: TypeAlias = Literal["linux", "windows", ""]

Part: TypeAlias = Literal["torch", "runtime", "library", "user"]
"""`runtime` is libcudart, whose version is CUDA's own; `library` another of NVIDIA's, loaded by some user."""

TORCH = NormalizedName("torch")


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaUse:
    """That a pin is made for CUDA (or for something else), and how that is known.

    `cuda` is `12.6`, `13` where no minor is told, "" for other kinds. `variant` is the word of a local
    version (`cu126`, `rocm6.3`, `cpu`), "" where none says it. `because` is a phrase. `by` are those that ask
    for the pin (`torch 2.14.1`). `inferred`: a table said so, no file of the set.
    """

    project: NormalizedName
    version: str
    kind: Kind
    cuda: str = ""
    variant: str = ""
    part: Part = "user"
    because: str = ""
    by: tuple[str, ...] = ()
    inferred: bool = False

    @property
    def major(self) -> str:
        """CUDA's major, "" for other kinds."""
        return self.cuda.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.project} {self.version}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU of the machine: its number, compute capability (`9.0`) and name ("" when it is not known)."""

    number: str
    capability: str
    name: str = ""

    def __str__(self) -> str:
        name = f", {self.name}," if self.name else ""
        return f"GPU {self.number}{name} of compute capability {self.capability}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaView:
    """A resolved set seen from CUDA, for one machine.

    `driver_floor` is the oldest driver that runs all of it ("" when nothing needs one, or none is known for
    the system), `floor_by` whose CUDA asks for that, `floor_source` where the number comes from. `gpus` are
    those whose compute capability is known. `system` is "" where NVIDIA has no driver.
    """

    uses: tuple[CudaUse, ...] = ()
    torch: Pin | None = None
    torch_use: CudaUse | None = None
    driver_floor: str = ""
    floor_by: CudaUse | None = None
    floor_source: str = ""
    gpus: tuple[Gpu, ...] = ()
    system: System = ""

    @property
    def torch_cuda(self) -> str:
        """The CUDA of the pinned torch (`12.6`); "" when it has none or that is not known."""
        return self.torch_use.cuda if self.torch_use is not None else ""

    @property
    def majors(self) -> tuple[str, ...]:
        """All CUDA majors of the set, oldest first."""
        return tuple(sorted({use.major for use in self.uses if use.major}, key=int))

    @property
    def runtimes(self) -> tuple[CudaUse, ...]:
        """The pins that bring CUDA's runtime."""
        return tuple(use for use in self.uses if use.part == "runtime")

    @property
    def drivers(self) -> tuple[CudaUse, ...]:
        """The uses that need a driver: not libraries, which lie there until somebody loads them."""
        return tuple(use for use in self.uses if use.kind == "cuda" and use.part != "library")

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The compute capabilities of the machine's GPUs, lowest first, each once."""
        found = {gpu.capability for gpu in self.gpus}
        return tuple(sorted(found, key=lambda one: tuple(map(int, one.split(".")))))


def named(pin: Pin) -> str:
    """A pin as sentences name it: `torch 2.13.0+cu126`."""
    return f"{pin.project} {pin.version or ''}".rstrip()
