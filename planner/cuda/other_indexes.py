"""Indexes and pages of links beyond a run's own that are for a project; asks no network, and routes none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.cuda.words import cuda_of_torch, dotted, numbers_of, same_torch, target_of, variant_name
from planner.facts import Machine
from planner.knowledge.families import gpu_of
from planner.knowledge.places import Built, Place, places_of

__all__ = ["IndexElsewhere", "indexes_elsewhere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexElsewhere:
    """An index or page of links that has wheels of a project; which, only asking it tells.

    `built` is True where the matrix of what is built for it has a wheel for the plan's torch and the machine.
    """

    place: str
    url: str
    option: str
    built: bool


def indexes_elsewhere(
    project: str, version: Version, *, torch: Version | None, machine: Machine
) -> tuple[IndexElsewhere, ...]:
    """The indexes and pages of links for the project, in the variant of the plan's torch, else the machine's.

    Those whose matrix does not hold the version are left out.
    """
    found = []
    for place in places_of(project):
        if place.kind == "releases":
            continue
        for variant in _variants(place, torch, machine):
            built = _built(place, variant, project, version, torch=torch, machine=machine)
            url = _url(place, variant, version, torch, machine) if built is not False else ""
            if url:
                option = "--find-links" if place.kind == "links" else "--extra-index-url"
                found.append(IndexElsewhere(place=place.name, url=url, option=option, built=bool(built)))
                break
    return tuple(found)


def _variants(place: Place, torch: Version | None, machine: Machine) -> tuple[str, ...]:
    """The variants to look for, best first: the plan's torch's, and of what is for no torch the machine's."""
    if not place.variants:
        return ("",)
    own = variant_name(torch) if torch is not None else ""
    coupled = "torch" in (*place.projects, *place.fields) or any(row.torch for row in place.matrix)
    if own in place.variants or (own and coupled):
        return (own,)
    return _for_machine(place.variants, machine)


def _built(
    place: Place, variant: str, project: str, version: Version, *, torch: Version | None, machine: Machine
) -> bool | None:
    """Whether a wheel of that variant is built; None where the matrix says nothing of the variant."""
    if variant not in ("", *place.variants):
        return False
    if not place.may_have(project, version, variant=variant, torch=torch):
        return False
    rows = [row for row in place.built(project, version) if variant in row.variants or not row.variants]
    if rows:
        return any(_on(row, torch, machine) for row in rows)
    name = canonicalize_name(project)
    named = [row for row in place.matrix if name in row.projects]
    if variant == "cpu" and named and all(row.variants and variant not in row.variants for row in named):
        return False  # what is built for CUDA alone: a place gets newer CUDAs, and no wheel without one
    spoken = [row for row in place.matrix if not row.projects or name in row.projects]
    return False if any(variant in row.variants or not row.variants for row in spoken) else None


def _on(row: Built, torch: Version | None, machine: Machine) -> bool:
    """Whether what is built is for the machine's Python and architecture, and for the plan's torch."""
    target = target_of(machine)
    if row.torch and not any(same_torch(word, torch) for word in row.torch):
        return False
    return target is None or (
        (not row.pythons or target.minor in row.pythons) and (not row.archs or target.arch in row.archs)
    )


def _url(place: Place, variant: str, version: Version, torch: Version | None, machine: Machine) -> str:
    """The address of an index, or "" where what its fields ask is not known."""
    target = target_of(machine)
    release = (*torch.release, 0, 0)[:3] if torch is not None else ()
    values = {
        "variant": variant,
        "torch": ".".join(map(str, release)),
        "version": version.public,
        "cuda": cuda_of_torch(torch).replace(".", ""),
        "python": target.python if target is not None else "",
        "arch": target.arch if target is not None else "",
    }
    if any(not values.get(name) for name in place.fields):
        return ""
    return place.address(**values)


def _for_machine(variants: Sequence[str], machine: Machine) -> tuple[str, ...]:
    """The variants for the machine's GPU, best first: CUDA or ROCm that it runs, Metal, or the processor."""
    gpu = gpu_of(machine)
    family = {"nvidia": "cu", "amd": "rocm", "apple": "metal", "": "cpu", None: ""}[gpu]
    api = machine.value("rocm" if gpu == "amd" else "cuda-driver-api") or ""
    fitting: list[tuple[tuple[int, ...], str]] = []
    for name in variants if family else ():
        digits = name.removeprefix(family)
        if name == family:
            fitting.append(((0,), name))
        elif name.startswith(family) and digits.replace(".", "").isdecimal():
            numbers = numbers_of(digits if "." in digits else dotted(digits, 1 if gpu == "amd" else 2))
            if api and numbers <= numbers_of(api):
                fitting.append((numbers, name))
    return tuple(name for _, name in sorted(fitting, reverse=True))
