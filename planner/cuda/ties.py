"""Wheels made for another torch or ABI (WP312), or another libc (WP313), than their tags say; reads none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packaging.version import Version

from planner.cuda.names import local_build
from planner.cuda.telling import asks_for, finding
from planner.cuda.values import TORCH, CudaView, named
from planner.dists import Pin, Wheel, parse_requirement, parse_version
from planner.facts import Known, Machine
from planner.findings import Finding
from planner.knowledge.couplings import couplings_of
from planner.knowledge.cuda import torch_release
from planner.knowledge.places import Place, places_of

__all__ = ["tie_findings"]

# How a missing symbol tells which side has which ABI: https://github.com/Dao-AILab/flash-attention/issues/1644
_ABIS = {True: "the new C++11 ABI", False: "the old C++ ABI"}


def tie_findings(view: CudaView, pins: Sequence[Pin], machine: Machine) -> Iterator[Finding]:
    """WP312 and WP313 of all wheels of a set."""
    for pin in pins:
        if not isinstance(pin.dist, Wheel):
            continue
        if view.torch is not None and pin is not view.torch:
            yield from _torch(view, view.torch, pin, machine)
        yield from _couplings(pin, pins)
        yield from _glibc(pin, pin.dist, machine)


def _torch(view: CudaView, torch: Pin, pin: Pin, machine: Machine) -> Iterator[Finding]:
    """A wheel made for another torch than the pinned one: by its local version, or by its metadata."""
    if torch.version is None or pin.version is None:
        return
    local = local_build(pin.version)
    minor = _minor(torch.version)
    asked = parse_requirement(asks_for(pin, TORCH, machine))
    if local.torch and local.torch != minor:
        yield _tied(pin, torch, f"torch {local.torch}", f"`torch=={local.torch}.*`", _says(pin))
    elif asked is not None and not asked.specifier.contains(torch.version, prereleases=True):
        yield _tied(pin, torch, f"torch {asked.specifier}", f"`{asked}`", f"its metadata asks for {asked}")
    elif (abi := _torch_abi(view, torch, machine)) is not None and local.abi not in (None, abi):
        yield _other_abi(pin, torch, abi=abi)


def _says(pin: Pin) -> str:
    return f"its local version is +{pin.version.local if pin.version is not None else ''}"


def _tied(pin: Pin, torch: Pin, made_for: str, want: str, why: str) -> Finding:
    return finding(
        "WP312",
        "error",
        pin.project,
        f"{named(pin)} is made for {made_for}, and {named(torch)} is pinned: "
        "it fails with `undefined symbol` when it is imported.",
        remedy=f"ask for {want}, or take a build of {pin.project} for torch {_minor(torch.version)}",
        facts=(why,),
        evidence=(pin.dist.filename,),
    )


def _other_abi(pin: Pin, torch: Pin, *, abi: bool) -> Finding:
    ends = "SourceLocationESs" if abi else "__cxx1112basic_string"
    release = torch_release(str(torch.version))
    return finding(
        "WP312",
        "error",
        pin.project,
        f"{named(pin)} is compiled with {_ABIS[not abi]}, and {named(torch)} with {_ABIS[abi]}: "
        f"it fails with `undefined symbol` (one with {ends}) when it is imported.",
        remedy=f"take the build whose name says cxx11abi{str(abi).upper()}",
        facts=(_says(pin), f"ABI of torch: {release.source}" if release is not None else ""),
        evidence=(pin.dist.filename,),
    )


def _torch_abi(view: CudaView, torch: Pin, machine: Machine) -> bool | None:
    """Whether the pinned torch has the C++11 ABI; known of Linux on x86_64 alone."""
    markers = machine.markers
    if markers.get("sys_platform") != "linux" or markers.get("platform_machine") != "x86_64":
        return None
    use, release = view.torch_use, torch_release(str(torch.version))
    if use is None or release is None:
        return None
    variant = use.variant or (f"cu{use.cuda.replace('.', '')}" if "." in use.cuda else use.kind)
    return release.abi(variant)


def _minor(version: Version | None) -> str:
    return f"{version.major}.{version.minor}" if version is not None else ""


def _couplings(pin: Pin, pins: Sequence[Pin]) -> Iterator[Finding]:
    """What a table knows of two projects that no metadata says."""
    for row in couplings_of(pin.project, pin.version) if pin.version is not None else ():
        other = next((one for one in pins if one.project == row.other), None)
        if row.of != "run" or other is None or other.version is None:
            continue
        if not row.specifier.contains(other.version, prereleases=True):
            yield finding(
                "WP312",
                "error",
                pin.project,
                f"{named(pin)} needs {row.other}{row.specifier}, and {named(other)} is pinned: {row.effect}.",
                remedy=f"ask for `{row.other}{row.specifier}`",
                facts=(f"{row.source}{' (inferred)' if row.inferred else ''}",),
                evidence=(pin.dist.filename,),
            )


def _glibc(pin: Pin, wheel: Wheel, machine: Machine) -> Iterator[Finding]:
    """A wheel tagged plain `linux_…` may need any libc; of some places it is known which."""
    if not any(tag.platform.startswith("linux_") for tag in wheel.tags):
        return
    told = next((told for place in places_of(pin.project) if (told := _floor(place, wheel))), None)
    if told is None:
        return
    floor, source = told
    here, musl = machine.fact("glibc"), machine.value("musl")
    version = parse_version(here.value) if isinstance(here, Known) else None
    if musl is None and (version is None or version >= Version(floor)):
        return
    libc = f"glibc {version}" if version is not None else f"musl {musl}"
    yield finding(
        "WP313",
        "error",
        pin.project,
        f"{wheel.filename} needs glibc {floor}, which its tag does not say; here is {libc}.",
        remedy=f"build it here: `--no-binary {pin.project}`; or use a newer system",
        facts=(source,),
        evidence=(wheel.filename,),
    )


def _floor(place: Place, wheel: Wheel) -> tuple[str, str] | None:
    """(glibc, source) of a wheel of a place: by its address, or by a local version like that place's own."""
    start = place.url.partition("{")[0]
    local = local_build(wheel.version)
    named_so = "{abi}" in place.url and bool(local.torch) and local.abi is not None
    if not start or not (wheel.row.url.startswith(start) or wheel.index.startswith(start) or named_so):
        return None
    public = Version(wheel.version.public)
    for row in place.matrix:
        if row.has(version=public, project=wheel.project, torch=local.torch, abi=local.abi):
            floor = row.glibc or place.glibc
            return (floor, f"{place.name}: {place.note or row.source}") if floor else None
    return (place.glibc, f"{place.name}: {place.source}") if place.glibc and not place.matrix else None
