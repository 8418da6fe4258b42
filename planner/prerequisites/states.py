"""Needs x knowledge x machine -> prerequisites: what is here, what lacks, and the packages that supply it.

Knows how needs join and what is worth installing; must not read a file, ask a machine, or word a report.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from planner.dists import parse_version
from planner.facts import Absent, Known, Machine
from planner.knowledge.debian import Release, release
from planner.knowledge.things import MANAGERS, Thing, python_headers, thing_of
from planner.needs import (
    ANY_VERSION,
    EXTENSION_LEFT_OUT,
    Evidence,
    Need,
    Role,
    Strength,
)
from planner.prerequisites.deciding import State, decide, way
from planner.prerequisites.joining import joined, shared_of

__all__ = [
    "INSTALL",
    "Prerequisite",
    "State",
    "command_of",
    "debian_of",
    "packages_to_ask",
    "prerequisites",
    "ways_of",
]

INSTALL: Mapping[str, str] = MappingProxyType(
    {
        "apt": "apt-get install -y --no-install-recommends",
        "dnf": "dnf install -y",
        "yum": "yum install -y",
        "apk": "apk add",
        "pacman": "pacman -S --needed --noconfirm",
        "zypper": "zypper install -y",
        "brew": "brew install",
        "conda": "conda install -y -c conda-forge",
        "choco": "choco install -y",
        "winget": "winget install",
    }
)
"""How each package manager is told to install, without a question and without what is not asked for."""

PYTHON_HEADERS = "header:Python.h"
LEFT_PYTHON = "left Python"
"""How the evidence begins that a header is no longer among Python's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisite:
    """A need of a source build (or of several) as the user reads it, against one machine.

    `need` is a PEP 725 id, or the plain subject where no table knows it. `packages` are those of each
    package manager that supply it; `install` are the names to hand to the machine's own, () where another
    prerequisite's package brings it (`brought_by`). `offered` is the version that the manager would install;
    `unmet` is a phrase that says why installing it would not help. `listed` is False for what only adds a
    feature: it is told, and not asked for. `python` is the requirement of a wheel that serves as well.
    `ways` are the facts that decide it (see `deciding`).
    """

    need: str
    name: str
    subject: str = ""
    specifier: SpecifierSet = ANY_VERSION
    role: Role = "build"
    strength: Strength = "required"
    effect: str = ""
    needed_by: tuple[NormalizedName, ...] = ()
    because: tuple[Evidence, ...] = ()
    ways: tuple[str, ...] = ()
    state: State = "unknown"
    found: str = ""
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    install: tuple[str, ...] = ()
    brought_by: str = ""
    offered: str = ""
    unmet: str = ""
    listed: bool = True
    python: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "packages", MappingProxyType(dict(self.packages)))

    @property
    def stands_in_the_way(self) -> bool:
        """Whether the build fails for want of it."""
        return self.strength == "required" and self.state in ("missing", "too-old")

    def __str__(self) -> str:
        return f"{self.name} {self.specifier}".rstrip()


def debian_of(machine: Machine) -> Release | None:
    """The tables of the machine's own release of Debian."""
    return release(machine.value("distro") or "", machine.value("distro-version") or "")


def prerequisites(
    project: NormalizedName, needs: Sequence[Need], machine: Machine
) -> tuple[Prerequisite, ...]:
    """What one build needs of a machine; nothing is merged or made minimal yet (see `merging`)."""
    debian = debian_of(machine)
    all_optional = not any(
        need.strength == "required" and need.subject.startswith("dep:virtual/compiler/") for need in needs
    )
    made = []
    for key, need in joined(needs, debian):
        listed = (
            need.strength == "required"
            or (need.strength == "fallback" and "download" in need.effect)
            or (need.strength == "optional" and need.effect == EXTENSION_LEFT_OUT and all_optional)
        )
        made.append(_prerequisite(project, key, need, machine, debian, listed=listed))
    return tuple(made)


def _prerequisite(
    project: NormalizedName, key: str, need: Need, machine: Machine, debian: Release | None, *, listed: bool
) -> Prerequisite:
    thing = thing_of(need.subject)
    ways = ways_of(need)
    state, found = decide(ways, need.specifier, machine)
    gone = next((one.text for one in need.because if one.text.startswith(LEFT_PYTHON)), "")
    if gone and state == "unknown":
        state, found = "missing", ""  # which headers a Python has is known without looking
    if state == "too-old" and need.strength == "fallback":
        # A backend downloads what is absent, and fails with what is too old (maturin's cargo).
        need = replace(need, strength="required", effect="")
    packages = _packages(need, thing, machine, debian)
    manager = machine.value("package-manager") or ""
    own = packages.get(manager, ())
    offered, unmet = _offer(need, own, machine, debian) if state != "present" else ("", "")
    if gone and state != "present":
        unmet = f"it {gone}"
    newer = thing.newer.get(manager, ()) if thing and unmet else ()
    if newer:
        better, still = _offer(need, newer, machine, debian)
        if better and not still:
            packages, own, offered, unmet = {**packages, manager: newer}, newer, better, ""
    return Prerequisite(
        need=key,
        name=thing.name if thing else need.subject.partition(":")[2] or need.subject,
        subject=need.subject,
        specifier=need.specifier,
        role=need.role,
        strength=need.strength,
        effect=need.effect,
        needed_by=(project,),
        because=need.because,
        ways=ways,
        state=state,
        found=found,
        packages=packages,
        install=own if state != "present" and listed and not unmet else (),
        offered=offered,
        unmet=unmet,
        listed=listed,
        python=thing.python if thing else "",
        note=thing.note if thing else "",
    )


def ways_of(need: Need) -> tuple[str, ...]:
    """The ways to meet a need: by its own subject, or by another that serves as well."""
    return tuple(_way(subject, need) for subject in (need.subject, *need.instead))


def _way(subject: str, need: Need) -> str:
    thing = thing_of(subject)
    shows = shared_of(thing) if need.role == "run" and thing else _shows(subject, thing)
    own = () if subject.startswith(("dep:", "cmake:", "crate:")) else (subject,)
    return way(shows, (*own, *(thing.versions if thing else ()), *shows))


def _shows(subject: str, thing: Thing | None) -> tuple[str, ...]:
    """The facts that show it: a program is itself alone, a library any sign of its development files."""
    if subject.startswith("program:") or subject == PYTHON_HEADERS or thing is None:
        return (subject,) if not subject.startswith(("dep:", "cmake:", "crate:")) else ()
    return thing.shows


def _packages(
    need: Need, thing: Thing | None, machine: Machine, debian: Release | None
) -> dict[str, tuple[str, ...]]:
    """The packages that supply it, by package manager."""
    if need.subject == PYTHON_HEADERS:
        return _python_packages(machine, debian)
    found: dict[str, tuple[str, ...]] = {}
    if thing is not None and need.role == "run":
        found.update(thing.runtime)
    elif thing is not None:
        release_name = f"{machine.value('distro')}-{machine.value('distro-version')}"
        told = {manager: thing.supplied_by(manager, release_name) for manager in MANAGERS}
        found.update({manager: names for manager, names in told.items() if names})
    if "apt" not in found and debian is not None:
        for subject in (need.subject, *need.instead):
            candidates = debian.package_of(subject)
            if candidates:
                found["apt"] = candidates[:1]
                break
    if "dnf" in found:
        found.setdefault("yum", found["dnf"])
    return found


def _python_packages(machine: Machine, debian: Release | None) -> dict[str, tuple[str, ...]]:
    """The headers of the target interpreter, which are those of the system's Python only where it is that."""
    full = machine.value("python") or machine.markers["python_full_version"]
    minor = ".".join(full.split(".")[:2])
    origin = machine.value("python-origin")
    if origin not in (None, "system", "packaged"):
        return {}  # such a Python brings its headers itself, or nobody does
    if debian is not None and origin is None and not debian.version(f"python{minor}-dev"):
        return {}  # not one of this release's own Pythons
    default = debian.version("python3") if debian is not None else ""
    is_default = origin == "system" or not default or f"{default}.".startswith(f"{minor}.")
    if origin == "packaged":
        is_default = False
    found = {}
    for manager in MANAGERS:
        names = python_headers(manager, minor, distro_default=is_default)
        if names:
            found[manager] = names
    return found


def _offer(need: Need, own: tuple[str, ...], machine: Machine, debian: Release | None) -> tuple[str, str]:
    """The version that the package manager would install, and why that would not do ("" when it would)."""
    if machine.value("package-manager") != "apt":
        debian = None  # its tables tell apt's packages
    if not own:
        subjects = (need.subject, *need.instead)
        if debian is not None and all(one.startswith("pkg-config:") for one in subjects):
            return "", f"no package of {_release_name(machine)} has it"  # the table holds every module
        return "", ""
    name = own[0]
    fact = machine.fact(f"candidate:{name}")
    if isinstance(fact, Absent):
        return "", f"this system's package manager has no {name}"
    offered = fact.value if isinstance(fact, Known) else debian.version(name) if debian is not None else ""
    if not offered:
        if debian is not None:
            return "", f"{_release_name(machine)} has no {name}"
        return "", ""
    version = parse_version(offered)
    if version is not None and need.specifier and not need.specifier.contains(version, prereleases=True):
        return offered, f"{name} would be {offered}, and {need.specifier} is needed"
    return offered, ""


def _release_name(machine: Machine) -> str:
    return f"{machine.value('distro') or ''} {machine.value('distro-version') or ''}".strip().capitalize()


def packages_to_ask(found: Iterable[Prerequisite], machine: Machine) -> tuple[str, ...]:
    """The packages whose candidate versions decide whether installing them helps."""
    manager = machine.value("package-manager") or ""
    lacking = (one for one in found if one.state != "present")
    return tuple(sorted({name for one in lacking for name in one.packages.get(manager, ())}))


def command_of(packages: Iterable[str], machine: Machine, manager: str = "") -> str:
    """The one line that installs them here, or "" without a package manager that is known.

    `manager` is asked instead of the machine's own. Names like `pkgconfig(libpq)` are quoted for a shell.
    """
    names = sorted(shlex.quote(name) for name in dict.fromkeys(packages))
    start = INSTALL.get(manager or machine.value("package-manager") or "")
    return f"{start} {' '.join(names)}" if start and names else ""
