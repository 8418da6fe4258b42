"""Which CUDA a branch of NVIDIA's driver brings; a table with its source, and must not ask any machine.

A driver runs what was built for the CUDA that it brings and for older ones, and within a major version mostly
newer ones too (minor version compatibility), which is for the rules about CUDA to judge.
"""

from __future__ import annotations

import re

__all__ = ["newest_cuda"]

# First driver (Linux) with each CUDA, up to CUDA 13.1; for later branches nothing is guessed. 12.7 had no
# toolkit: the banner of the 565 drivers says it. "CUDA Toolkit and Corresponding Driver Versions" of
# https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/, each row checked on 2026-11-24 against copies.
_BRANCHES = (
    ((450, 36), "11.0"), ((455, 23), "11.1"), ((460, 27), "11.2"), ((465, 19), "11.3"), ((470, 42), "11.4"),
    ((495, 29), "11.5"), ((510, 39), "11.6"), ((515, 43), "11.7"), ((520, 61), "11.8"), ((525, 60), "12.0"),
    ((530, 30), "12.1"), ((535, 54), "12.2"), ((545, 23), "12.3"), ((550, 54), "12.4"), ((555, 42), "12.5"),
    ((560, 28), "12.6"), ((565, 57), "12.7"), ((570, 26), "12.8"), ((575, 51), "12.9"), ((580, 65), "13.0"),
    ((590, 44), "13.1"),
)  # fmt: skip
_NEWEST = 590


def newest_cuda(driver: str) -> str | None:
    """The CUDA that a driver brings, or None where the table does not say.

    >>> newest_cuda("550.54.15"), newest_cuda("580.95.05"), newest_cuda("610.57.04")
    ('12.4', '13.0', None)
    """
    match = re.match(r"(\d{3,4})(?:\.(\d{1,3}))?", driver)
    if match is None or int(match[1]) > _NEWEST:
        return None
    # "550" alone is taken as that branch at large.
    numbers = int(match[1]), int(match[2]) if match[2] else 999
    brought = [cuda for first, cuda in _BRANCHES if first <= numbers]
    return brought[-1] if brought else None
