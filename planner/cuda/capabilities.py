"""Which CUDA has code for which GPU; a small table beside `planner.knowledge.cuda`, and asks no machine."""

from __future__ import annotations

from types import MappingProxyType

from packaging.version import InvalidVersion, Version

from planner.knowledge.cuda import toolkit

__all__ = ["dropped_by_torch", "served_by_torch", "too_new", "too_old"]

# From which torch on PyTorch's files for CUDA 12.8 and newer 12.x have no code below a compute capability,
# though their compiler has: (torch, capability, source). Checked on 2026-11-24.
_TORCH_DROPS = (
    ((2, 8), (7, 0), "https://github.com/pytorch/pytorch/releases/tag/v2.8.0"),
    ((2, 11), (7, 5), "https://github.com/pytorch/pytorch/issues/172352"),
)

# The first CUDA with code that a GPU runs, by the major of its capability: code for 10.0 runs on 10.3,
# and code for 12.0 on 12.1. Checked on 2026-11-24: https://docs.nvidia.com/cuda/blackwell-compatibility-guide
# and https://docs.nvidia.com/cuda/archive/12.8.0/cuda-toolkit-release-notes. PyTorch's files hold no PTX that
# would run on such a GPU all the same: https://github.com/pytorch/pytorch/issues/150733
_FIRST_SOURCE = "https://docs.nvidia.com/cuda/blackwell-compatibility-guide; https://github.com/pytorch/pytorch/issues/150733"
_FIRST = MappingProxyType(
    {
        "8": ("11.0", "https://docs.nvidia.com/cuda/ampere-compatibility-guide"),
        "9": ("11.8", "https://github.com/pytorch/pytorch/issues/90761"),
        "10": ("12.8", _FIRST_SOURCE),
        "12": ("12.8", _FIRST_SOURCE),
    }
)

_CAPABILITIES = (
    "5.0",
    "5.2",
    "6.0",
    "6.1",
    "7.0",
    "7.5",
    "8.0",
    "8.6",
    "8.9",
    "9.0",
    "10.0",
    "10.3",
    "12.0",
    "12.1",
)
"""Of the GPUs in servers and desktops: https://developer.nvidia.com/cuda-gpus (2026-11-24)."""


def too_old(capability: str, cuda: str) -> str:
    """Where it says that this CUDA no longer compiles for the GPU; "" when it does, or nothing is known.

    >>> bool(too_old("7.0", "13.2")), bool(too_old("7.5", "13.0")), bool(too_old("6.1", "12.6"))
    (True, False, False)
    """
    arch = f"sm_{capability.replace('.', '')}"
    # What one minor has dropped, no later one of its major takes up again.
    for row in (toolkit(cuda), toolkit(f"{cuda.partition('.')[0]}.0")):
        if row is not None and arch in row.removed:
            return f"CUDA {row.version} ({row.source})"
    return ""


def dropped_by_torch(capability: str, cuda: str, torch: str) -> str:
    """Where it says that PyTorch's own files for this CUDA have no code for the GPU; "" where they have.

    >>> bool(dropped_by_torch("6.1", "12.8", "2.8.0")), bool(dropped_by_torch("7.0", "12.8", "2.9.1+cu128"))
    (True, False)
    >>> bool(dropped_by_torch("6.1", "12.6", "2.14.0")), bool(dropped_by_torch("7.0", "12.8", "2.11.0"))
    (False, True)
    """
    try:
        release = Version(torch).release[:2]
    except InvalidVersion:
        return ""
    if not (12, 8) <= _numbers(cuda) < (13,):
        return ""
    for since, least, source in reversed(_TORCH_DROPS):
        if release >= since and _numbers(capability) < least:
            return source
    return ""


def too_new(capability: str, cuda: str) -> str:
    """The first CUDA with code for the GPU, and where that is said, if it is newer than this; else "".

    >>> too_new("12.0", "12.4").partition(" (")[0], too_new("12.0", "12.8"), too_new("9.0", "12.4")
    ('CUDA 12.8', '', '')
    """
    first, source = _FIRST.get(capability.partition(".")[0], ("", ""))
    if not first or "." not in cuda or _numbers(cuda) >= _numbers(first):
        return ""
    return f"CUDA {first} ({source})"


def served_by_torch(cuda: str, torch: str) -> str:
    """The GPUs for which PyTorch's files of a CUDA have code, as a specifier of compute capabilities.

    Newer generations than the table knows have none: the files hold no PTX that they could compile.

    >>> (
    ...     served_by_torch("13.0", "2.13.0"),
    ...     served_by_torch("12.6", "2.13.0"),
    ...     served_by_torch("12.8", "2.11.0"),
    ...     served_by_torch("11.7", "2.0.1"),
    ... )
    ('<13.0,>=7.5', '<10.0', '<13.0,>=7.5', '<9.0')
    """
    served = [
        one
        for one in _CAPABILITIES
        if not (dropped_by_torch(one, cuda, torch) or too_old(one, cuda) or too_new(one, cuda))
    ]
    if not served:
        return ""
    bounds = [f"<{int(served[-1].partition('.')[0]) + 1}.0"]
    bounds += [f">={served[0]}"] if served[0] != _CAPABILITIES[0] else []
    return ",".join(bounds)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
