"""The CUDA toolkit that wheels bring, for builds against a torch; a table of two rows, and installs nothing.

NVIDIA's wheels of CUDA 13 are a whole toolkit; those of CUDA 12 have `ptxas` and `libnvvm`, but no `nvcc`.
"""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from planner.facts import Machine
from planner.knowledge.things import thing_of

__all__ = ["SITE_PACKAGES", "PipToolkit", "pip_toolkit"]

SITE_PACKAGES = "$(python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))')"
"""What a shell puts there for the folder of the environment that it is in."""

_NVCC = "program:nvcc"
_FIRST = 13
_ARCHS = {"linux": ("x86_64", "aarch64"), "windows": ("amd64",)}
_SOURCE = (
    "METADATA of cuda-toolkit 13.0.3.0; the files of nvidia-cuda-nvcc 13.0.88, nvidia-cuda-runtime 13.0.96 "
    "and nvidia-cuda-nvcc-cu12 12.9.86; https://github.com/flashinfer-ai/flashinfer/issues/5064"
)
_CHECKED = "2026-11-24"


@dataclass(frozen=True, slots=True, kw_only=True)
class PipToolkit:
    """A requirement to install into the environment that builds, and what to set there.

    `requirement` is "" where no wheels have an nvcc of that version; `why_not` is then a sentence without
    full stop, and `conda` the package of conda's that has it. `home` is below the environment's folder of
    packages. `first` are commands between installing it and building: the wheels have libraries by their full
    names alone (`libcudart.so.13`), and a linker looks for `libcudart.so`.
    """

    cuda: str
    requirement: str = ""
    home: str = ""
    first: tuple[str, ...] = ()
    why_not: str = ""
    conda: str = ""
    source: str = _SOURCE
    checked: str = _CHECKED

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """What the build is told: where the toolkit is."""
        return (("CUDA_HOME", f"{SITE_PACKAGES}/{self.home}"),) if self.home else ()


def pip_toolkit(cuda: str, machine: Machine) -> PipToolkit:
    """The toolkit of a CUDA major and minor, that of the pinned torch (`CudaView.torch_cuda`).

    An extension is compiled with the toolkit of its torch's minor version: `torch.utils.cpp_extension`
    refuses another major, and some projects another minor (deepspeed: any 13.x).
    """
    try:
        release = Version(cuda).release
    except InvalidVersion:
        return PipToolkit(cuda=cuda, why_not="the CUDA of its torch is not known")
    short = ".".join(map(str, release[:2]))
    conda = f"cuda-toolkit={short}" if len(release) > 1 else f"cuda-toolkit={short}.*"
    arch, system = machine.value("arch"), machine.value("os") or ""
    if release[0] < _FIRST:
        why = f"NVIDIA's wheels of CUDA {release[0]} have no nvcc"
        return PipToolkit(cuda=short, why_not=why, conda=conda)
    if arch not in _ARCHS.get(system, ()):
        return PipToolkit(cuda=short, why_not=f"NVIDIA has no wheels for {system or 'this system'} on {arch}")
    thing = thing_of(_NVCC)
    if thing is None or not thing.python:
        return PipToolkit(cuda=short, why_not="no wheels are known to bring it", conda=conda)
    return PipToolkit(
        cuda=short,
        requirement=f"{thing.python}=={short}.*",
        home=f"nvidia/cu{release[0]}",
        first=(f'ln -s libcudart.so.{release[0]} "$CUDA_HOME/lib/libcudart.so"',)
        if system == "linux"
        else (),
        conda=conda,
    )
