"""Which of several projects of one family a machine's processors ask for; a table, and asks no machine.

`families.toml` says what each member is for. A family has one project, or extra, for each kind of GPU and for
each major version of CUDA, as their metadata cannot say it: `cupy` is only a name for `cupy-cuda12x`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from planner.facts import Absent, Known, Machine
from planner.knowledge.cuda import driver_floor

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "Family", "Gpu", "Member", "best_member", "built_for", "families", "family_of", "gpu_of", "member_of",
    "read_families", "runs",
]  # fmt: skip

Gpu: TypeAlias = Literal["", "nvidia", "amd", "apple"]
"""What a machine computes with, beside its processor; "" is nothing."""

_KEYS = frozenset({"take", "gpu", "cuda", "systems", "archs", "shows", "local", "where", "caution", "wheels"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One project of a family, in some of its versions or with an extra.

    `take` is the requirement to ask for. `cuda` is the major version that its wheels are built for, "" where
    that is no matter. Empty `systems` or `archs` are no matter. `shows` are projects that are pinned where an
    extra was asked for, `local` is how its local versions begin. `where` is the option that finds it, where
    the main index does not have it. `wheels` is False where it is always built from source.
    """

    family: str
    take: str
    project: NormalizedName
    extras: frozenset[NormalizedName]
    versions: SpecifierSet
    gpu: Gpu = ""
    cuda: str = ""
    systems: tuple[str, ...] = ()
    archs: tuple[str, ...] = ()
    shows: tuple[NormalizedName, ...] = ()
    local: str = ""
    where: str = ""
    caution: str = ""
    wheels: bool = True

    def for_system(self, machine: Machine) -> bool:
        """Whether it has wheels for the machine's system and architecture."""
        return (not self.systems or machine.value("os") in self.systems) and (
            not self.archs or machine.value("arch") in self.archs
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Projects with one module, for several kinds of processor; `what` is said of the one without a GPU.

    `exclusive`: they hold the same files, so that only one of them may be installed.
    """

    name: str
    members: tuple[Member, ...]
    what: str
    caution: str
    exclusive: bool = False
    source: str
    checked: str


@lru_cache(maxsize=1)
def families() -> Mapping[str, Family]:
    """All families by name. A bad row is a ValueError: a mistake of ours."""
    text = files("planner.knowledge").joinpath("families.toml").read_text(encoding="utf-8")
    return read_families(tomllib.loads(text))


def family_of(project: str) -> Family | None:
    """The family that a project is of, else None.

    >>> family_of("cupy-cuda12x").name, family_of("six")
    ('cupy', None)
    """
    return _by_project().get(canonicalize_name(project))


def member_of(project: str, version: Version | None) -> Member | None:
    """The member that a pinned project is by its name and version; extras are for the caller to see.

    >>> member_of("onnxruntime-gpu", Version("1.26.0")).cuda
    '12'
    """
    family, name = family_of(project), canonicalize_name(project)
    for member in family.members if family is not None else ():
        held = version is None or member.versions.contains(version, prereleases=True)
        local = (version.local or "") if version is not None else ""
        if member.project == name and not member.extras and held and local.startswith(member.local):
            return member
    return None


def built_for(project: str, version: Version | None) -> str:
    """The CUDA major that the wheels of that version are built for, where its metadata may not say it.

    >>> (
    ...     built_for("cupy-cuda13x", None),
    ...     built_for("onnxruntime-gpu", Version("1.31.1")),
    ...     built_for("six", None),
    ... )
    ('13', '13', '')
    """
    member = member_of(project, version)
    return member.cuda if member is not None else ""


def gpu_of(machine: Machine) -> Gpu | None:
    """The kind of GPU that the machine is known to have; "" where it is known to have none, else None."""
    nvidia, amd = machine.fact("cuda-driver"), machine.fact("rocm")
    if isinstance(nvidia, Known) or isinstance(machine.fact("cuda-driver-api"), Known):
        return "nvidia"
    if isinstance(amd, Known):
        return "amd"
    if machine.value("os") == "darwin":
        return "apple" if machine.value("arch") == "arm64" else ""
    return "" if isinstance(nvidia, Absent) and isinstance(amd, Absent) else None


def runs(machine: Machine, cuda: str) -> bool | None:
    """Whether the machine's driver runs what is built for that CUDA major; None where one cannot say.

    By the floor of the major: https://docs.nvidia.com/deploy/cuda-compatibility/
    """
    driver, api = machine.value("cuda-driver"), machine.value("cuda-driver-api")
    floor = driver_floor(f"{cuda}.0", machine.value("os") or "linux")
    try:
        if driver and floor:
            return Version(driver) >= Version(floor)
        return Version(api).major >= int(cuda) if api else None
    except (InvalidVersion, ValueError):
        return None


def best_member(family: Family, machine: Machine, *, cuda: str = "") -> Member | None:
    """The member for the machine's GPU: of the CUDA major that the rest of the set has, else the newest.

    None where its GPU is not known, or no member is for it.
    """
    gpu = gpu_of(machine)
    found = [
        member
        for member in family.members
        if member.gpu == gpu
        and member.wheels
        and member.for_system(machine)
        and (not member.cuda or runs(machine, member.cuda))
    ]
    return max(found, key=lambda one: (one.cuda in ("", cuda), int(one.cuda or 0)), default=None)


def read_families(document: Mapping[str, Any]) -> Mapping[str, Family]:
    """The families of a document. Raises ValueError, which names the family and what is wrong."""
    rest = dict(document)
    checked = str(rest.pop("checked"))
    return MappingProxyType({name: _family(name, row, checked) for name, row in rest.items()})


@lru_cache(maxsize=1)
def _by_project() -> Mapping[NormalizedName, Family]:
    return {member.project: family for family in families().values() for member in family.members}


def _family(name: str, row: Mapping[str, Any], checked: str) -> Family:
    if not row.keys() <= {"what", "caution", "exclusive", "source", "members", "checked"} or not row.get(
        "source"
    ):
        raise ValueError(f"families.toml: [{name}] has unknown keys, or no source")
    return Family(
        name=name,
        members=tuple(_members(name, row)),
        what=row.get("what", ""),
        caution=row.get("caution", ""),
        exclusive=row.get("exclusive", False),
        source=row["source"],
        checked=str(row.get("checked", checked)),
    )


def _members(name: str, row: Mapping[str, Any]) -> Iterator[Member]:
    for entry in row["members"]:
        try:
            asked = Requirement(entry["take"])
        except (KeyError, InvalidRequirement) as error:
            raise ValueError(f"families.toml: [{name}] {error}") from None
        if not entry.keys() <= _KEYS or entry.get("gpu", "") not in get_args(Gpu):
            raise ValueError(f"families.toml: [{name}] {entry['take']}: unknown keys, or no such GPU")
        lists = {key: tuple(entry.get(key, ())) for key in ("systems", "archs")}
        yield Member(
            family=name,
            take=entry["take"],
            project=canonicalize_name(asked.name),
            extras=frozenset(canonicalize_name(extra) for extra in asked.extras),
            versions=asked.specifier,
            gpu=entry.get("gpu", ""),
            cuda=entry.get("cuda", ""),
            shows=tuple(canonicalize_name(one) for one in entry.get("shows", ())),
            local=entry.get("local", ""),
            where=entry.get("where", ""),
            caution=entry.get("caution", row.get("caution", "")),
            wheels=entry.get("wheels", True),
            **lists,
        )
