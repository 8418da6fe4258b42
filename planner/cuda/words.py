"""The words of a torch, a CUDA and a machine in the names of wheels (`cu126`, `cp312`); asks nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from planner.facts import Machine
from planner.knowledge.cuda import torch_release, variant_of

__all__ = [
    "Target", "cuda_of_torch", "dotted", "major_of", "numbers_of", "same_torch", "target_of", "variant_name",
]  # fmt: skip

_ABI = re.compile(r"cp(\d)(\d{1,2})(t?)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The words of a machine in such names: `cp312`, `3.12` (`3.13t`), `x86_64`."""

    python: str
    minor: str
    arch: str


def cuda_of_torch(torch: Version | None) -> str:
    """The CUDA that a torch is built for (`12.6`), by its local version or its default build; "" if none.

    >>> (
    ...     cuda_of_torch(Version("2.6.0+cu118")),
    ...     cuda_of_torch(Version("2.14.1")),
    ...     cuda_of_torch(Version("2.6+cpu")),
    ... )
    ('11.8', '13.0', '')
    """
    variant = variant_of(variant_name(torch)) if torch is not None else None
    return variant.version if variant is not None and variant.family == "cuda" else ""


def variant_name(torch: Version) -> str:
    """`cu126`: the local version of a torch, else the variant that PyPI has of it."""
    if torch.local:
        return torch.local
    release = torch_release(str(torch))
    return release.default if release is not None else ""


def same_torch(word: str, torch: Version | None) -> bool:
    """Whether `2.8`, or `2.8.0+cu129` where the address tells all of it, is that torch."""
    if torch is None or torch.is_prerelease:
        return False
    numbers, local = numbers_of(word), word.partition("+")[2]
    return numbers == (*torch.release, 0, 0)[: len(numbers)] and local in ("", variant_name(torch))


def target_of(machine: Machine) -> Target | None:
    """The words of a machine with CPython, None of another or where too little is known."""
    match = _ABI.match(machine.value("abi") or "")
    arch = machine.value("arch")
    if match is None or arch is None:
        return None
    return Target(python=f"cp{match[1]}{match[2]}", minor=f"{match[1]}.{match[2]}{match[3]}", arch=arch)


def dotted(digits: str, major: int = 2) -> str:
    """`118` is 11.8, `12` stays 12."""
    return f"{digits[:major]}.{digits[major:]}" if len(digits) > major else digits


def major_of(cuda: str) -> str:
    """`12` of `12` and of `126`."""
    return cuda[:2]


def numbers_of(text: str) -> tuple[int, ...]:
    """The numbers of a version, () of what is none."""
    try:
        return Version(text).release
    except InvalidVersion:
        return ()
