"""Wheels that lie outside the indexes, by what the workflows of their releases build; asks no network.

A file's name follows from a template and a matrix (`planner.knowledge.places`), so that its address can be
told without asking for it. What the matrix does not hold is not told. That a file is there is for the edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from packaging.utils import InvalidWheelFilename, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from planner.cuda.words import dotted, major_of, numbers_of, same_torch, target_of, variant_name
from planner.facts import Machine
from planner.knowledge.cuda import TorchRelease, torch_release
from planner.knowledge.families import runs
from planner.knowledge.places import Built, Place, places_of

__all__ = ["Elsewhere", "wheels_elsewhere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A wheel that a release should hold, `url` is its address; `place` is the name of the place's table.

    `torch` and `cuda` are what it is built for, in the words of the address (`2.8`, `12`). `changes` is True
    where the plan has another torch or another CUDA, so that both would have to change. `verified` is True or
    False once a server has said so, else None. `why_not` says what of the machine is in the way of all of the
    place's wheels; then there is no `url`.
    """

    project: NormalizedName
    version: Version
    place: str
    url: str = ""
    torch: str = ""
    cuda: str = ""
    changes: bool = False
    verified: bool | None = None
    why_not: str = ""

    @property
    def requirement(self) -> str:
        """How to take it: a requirement by its address, which is then checked and pinned as any other."""
        return f"{self.project} @ {self.url}"

    @property
    def built_for(self) -> str:
        """`torch 2.8 and CUDA 12`."""
        return f"torch {self.torch} and CUDA {dotted(self.cuda)}" if self.cuda else f"torch {self.torch}"


class _Asked(NamedTuple):
    """What is looked for: a version, for a torch and a CUDA."""

    project: NormalizedName
    version: Version
    torch: Version | None
    cuda_major: str


def wheels_elsewhere(
    project: str, version: Version, *, torch: Version | None, cuda_major: str, machine: Machine
) -> tuple[Elsewhere, ...]:
    """The wheels of a version in releases: for the plan's torch and CUDA, else the nearest that should be.

    `torch` is the pinned one, None where none is; `cuda_major` is its CUDA's, "" where it has none. At most
    one is told of each place: where it has none of the version, one of the nearest older version, else of a
    newer one.
    """
    asked = _Asked(canonicalize_name(project), version, torch, cuda_major)
    found = []
    for place in places_of(project):
        if place.kind != "releases":
            continue
        versions = [version] if place.built(project, version) else _nearest(place, asked)
        told = [
            one for other in versions if (one := _of_place(place, asked._replace(version=other), machine))
        ]
        found += sorted(told, key=lambda one: (bool(one.why_not), one.changes))[:1]
    return tuple(found)


# -- releases -----------------------------------------------------------------------------------------


def _nearest(place: Place, asked: _Asked) -> list[Version]:
    """The versions that the matrix names, older ones first, those nearest to the version first."""
    named = {
        Version(one.version)
        for row in place.matrix
        for one in row.versions
        if one.operator in ("==", "<=") and not one.version.endswith("*")
    }
    older = sorted((one for one in named if one < asked.version), reverse=True)
    return older + sorted(one for one in named if one > asked.version)


def _of_place(place: Place, asked: _Asked, machine: Machine) -> Elsewhere | None:
    project, version, torch, cuda_major = asked
    rows = place.built(project, version)
    why = _misfit(place, rows, machine) or _floor(place.glibc_of(project, version), machine)
    if why:
        return Elsewhere(project=project, version=version, place=place.name, why_not=why)
    target = target_of(machine)
    if target is None:
        return None
    for row, word, cuda, same in _candidates(rows, torch, cuda_major, machine):
        abi = _abi(word, torch if same else None, cuda, target.arch)
        if abi is None or not row.has(
            version=version, cuda=cuda, torch=word, python=target.minor, abi=abi, arch=target.arch
        ):
            continue
        address = place.address(
            version=str(version.public),
            torch=word,
            cuda=cuda,
            abi=str(abi).upper(),
            python=target.python,
            arch=target.arch,
            variant=f"cu{cuda}",
        )
        named = _takeable(address)
        return Elsewhere(
            project=project,
            version=version,
            place=place.name,
            url=address if named else "",
            why_not="" if named else f"no installer takes its name, {_filename(address)}",
            torch=word,
            cuda=cuda,
            changes=not same,
        )
    return None


def _takeable(url: str) -> bool:
    """Whether a file's name is one of PEP 427; names that are made by a template need not be."""
    try:
        parse_wheel_filename(_filename(url))
    except InvalidWheelFilename:
        return False
    return True


def _filename(url: str) -> str:
    """The last part of an address."""
    return url.rpartition("/")[2]


def _candidates(
    rows: Sequence[Built], torch: Version | None, cuda_major: str, machine: Machine
) -> Iterator[tuple[Built, str, str, bool]]:
    """(row, torch, CUDA, whether they are the plan's): its own first, then the nearest, older torch first."""
    all_of = [(row, word, cuda) for row in rows for word in row.torch for cuda in row.cuda or ("",)]

    def distance(one: tuple[Built, str, str]) -> tuple[bool, bool, tuple[int, ...], bool]:
        _, word, cuda = one
        numbers = numbers_of(word)
        newer = torch is not None and numbers[:2] > torch.release[:2]
        away = tuple(number if newer else -number for number in numbers)
        return (not same_torch(word, torch), newer, away, major_of(cuda) != cuda_major)

    for row, word, cuda in sorted(all_of, key=distance):
        same_cuda = not cuda or major_of(cuda) == cuda_major
        if cuda and not same_cuda and runs(machine, major_of(cuda)) is False:
            continue
        if not same_cuda and not _published(word, cuda):
            continue
        yield row, word, cuda, same_cuda and same_torch(word, torch)


def _published(word: str, cuda: str) -> bool:
    """Whether that torch is published for that CUDA major at all."""
    release = torch_release(word)
    return release is not None and bool(_variants(release, cuda))


def _variants(release: TorchRelease, cuda: str) -> tuple[str, ...]:
    """The variants of a torch with the CUDA major of a wheel's name, PyPI's own first."""
    ordered = (release.default, *(name for name in release.variants if name != release.default))
    return tuple(name for name in ordered if name.startswith(f"cu{major_of(cuda)}"))


def _abi(word: str, torch: Version | None, cuda: str, arch: str) -> bool | None:
    """The C++ ABI of the torch that is pinned, or of the one that would be taken; None where it is not known.

    PyTorch's own wheels for aarch64 have the C++11 ABI (release notes of 2.6).
    """
    release = torch_release(word)
    if arch == "aarch64":
        return True if release is not None and numbers_of(word)[:2] >= (2, 6) else None
    if release is None:
        return None
    if torch is not None:
        return release.abi(variant_name(torch))
    found = {release.abi(name) for name in _variants(release, cuda)[:1]}
    return found.pop() if found else None


# -- the machine --------------------------------------------------------------------------------------


def _misfit(place: Place, rows: Sequence[Built], machine: Machine) -> str:
    """What of the machine is in the way of all of a place's wheels; "" where nothing is."""
    system, own = machine.value("os"), "windows" if "win_" in place.url else "linux"
    if system != own:
        return f"its wheels are for {own.title()}" if system else ""
    target = target_of(machine)
    if target is not None:
        archs = sorted({arch for row in rows for arch in row.archs})
        if archs and target.arch not in archs:
            return f"its wheels are for {' and '.join(archs)}, here {target.arch}"
        pythons = {python for row in rows for python in row.pythons}
        if pythons and target.minor not in pythons:
            names = sorted(pythons, key=lambda one: numbers_of(one.rstrip("t")))
            span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
            return f"its wheels are for Python {span}, here {target.minor}"
    if system == "linux" and machine.value("musl"):
        return f"its wheels need glibc, here musl {machine.value('musl')}"
    return ""


def _floor(needed: str, machine: Machine) -> str:
    """The glibc that files need although their tag does not say it."""
    glibc = machine.value("glibc")
    if needed and glibc and numbers_of(glibc) < numbers_of(needed):
        return f"its wheels need glibc {needed}, here {glibc}"
    return ""
