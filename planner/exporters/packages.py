"""The packages of the system that a plan asks for, under one package manager; installs nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from planner.errors import PlanError
from planner.exporters.words import comment
from planner.plan.opened import PlanFile, PlannedPrerequisite

__all__ = ["IMAGE_HAS", "manager_of", "named", "packages_for", "unnamed"]

_NAME = re.compile(r"[A-Za-z0-9/][A-Za-z0-9+._:@/()-]*\Z")
_MANAGERS = {
    "debian": "apt", "ubuntu": "apt", "linuxmint": "apt", "pop": "apt", "raspbian": "apt",
    "fedora": "dnf", "rhel": "dnf", "centos": "dnf", "rocky": "dnf", "almalinux": "dnf", "amzn": "dnf",
    "alpine": "apk", "arch": "pacman",
    "opensuse-leap": "zypper", "opensuse-tumbleweed": "zypper", "sles": "zypper",
}  # fmt: skip
_PROGRAMS = {
    "apt-get": "apt",
    "dnf": "dnf",
    "yum": "yum",
    "apk": "apk",
    "pacman": "pacman",
    "zypper": "zypper",
}
IMAGE_HAS = frozenset({"dep:generic/python-headers"})
"""What an image with a Python of its own has: the distribution's headers would bring a second Python."""


def manager_of(plan: PlanFile) -> str:
    """The package manager of the machine that was planned for; "" where root runs none."""
    told = _PROGRAMS.get(plan.ready.partition(" ")[0], "")
    if plan.machine.get("os") != "linux":
        return ""
    return told or _MANAGERS.get(str(plan.machine.get("distro", "")), "")


def packages_for(
    plan: PlanFile, manager: str, *, role: str = "", without: Collection[str] = (), release: str = ""
) -> tuple[str, ...]:
    """What all prerequisites together ask of that manager, sorted; those of one role alone where it is named.

    `without` are needs that are met already. What one of their packages would have brought is asked for by
    itself then. `release` is `debian-12`, where names differ.
    """
    rows = [one for one in plan.prerequisites if not role or one.role == role]
    left_out = {name for one in rows if one.need in without for name in one.packages.get(manager, ())}
    found: set[str] = set()
    for one in rows:
        if one.need not in without and not one.unmet:
            names = one.packages.get(manager, ())
            if not names and one.brought_by in left_out:
                names = _known(one.need, manager, release)
            found.update(named(name) for name in names)
    return tuple(sorted(found))


def unnamed(plan: PlanFile, manager: str, without: Collection[str] = ()) -> Iterator[PlannedPrerequisite]:
    """The prerequisites that no package of that manager is known to supply."""
    for one in plan.prerequisites:
        missing = not one.packages.get(manager) and not one.brought_by
        if one.need not in without and (one.unmet or missing):
            yield one


def named(name: str) -> str:
    """The name of a package; PlanError for what a package manager would take for an option."""
    if not _NAME.match(name):
        raise PlanError(f"The plan names a package that cannot be one: {comment(name)[:60]!r}.")
    return name


def _known(need: str, manager: str, release: str) -> tuple[str, ...]:
    from planner.knowledge.things import thing_of  # noqa: PLC0415 (seldom, and 20 ms)

    thing = thing_of(need)
    return thing.supplied_by(manager, release) if thing else ()
