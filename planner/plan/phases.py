"""In which order a plan is installed, as values: what is built against something comes after it; pure.

1. `first`: wheels that builds without isolation are compiled against (torch), where there are such builds.
2. `wheels`: all other wheels. In neither phase may an installer build anything.
3. `builds`: source builds in isolation; those of the same variables, settings and build constraints together.
4. `tools` and `build`, for each build without isolation: its build requirements that are not of the plan, and
   the build, one by one, each with its own environment.

The installer (`planner.installing`) and the exported scripts follow these phases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from packaging.utils import canonicalize_name

from planner.errors import PlanError
from planner.plan.openvalues import PlanFile, PlannedPackage

__all__ = ["Kind", "Phase", "phases_of"]

Kind: TypeAlias = Literal["first", "wheels", "builds", "tools", "build"]


_PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.+!_-]*\Z")
_AGAIN = "Make the plan again with `wheelplan check`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What one run of an installer does.

    `name` is a word for files and messages, unique within a plan: the kind, or the project that is built.
    `packages` are installed from their pinned files; of `tools` there are only `pins` (`ninja==1.13.2`), of
    which the plan knows no file. `constraints` are the pins of build environments in isolation.
    """

    kind: Kind
    name: str
    packages: tuple[PlannedPackage, ...] = ()
    pins: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    settings: tuple[str, ...] = ()

    @property
    def builds(self) -> bool:
        """Whether something of the plan is built in it."""
        return self.kind in ("builds", "build")

    @property
    def isolated(self) -> bool:
        """Whether builds get an environment of their own."""
        return self.kind != "build"


def phases_of(plan: PlanFile) -> tuple[Phase, ...]:
    """The phases of a plan, first to last; none of them is empty.

    Raises PlanError for a build requirement that is no pin: it would stand among an installer's words.
    """
    wheels = [one for one in plan.packages if not one.kind]
    isolated = [one for one in plan.packages if one.kind and one.isolated]
    alone = _ordered([one for one in plan.packages if one.kind and not one.isolated])
    under = {name for one in alone for name in one.install_after}
    first = tuple(one for one in wheels if one.name in under)
    rest = tuple(one for one in wheels if one.name not in under)
    found = [
        Phase(kind="first", name="first", packages=first),
        Phase(kind="wheels", name="wheels", packages=rest),
        *_isolated(isolated, plan.variables),
        *_alone(alone, {one.name for one in plan.packages}),
    ]
    return tuple(one for one in found if one.packages or one.pins)


def _ordered(builds: Sequence[PlannedPackage]) -> list[PlannedPackage]:
    """Each after those of the others that it is built against; what waits for itself goes by its name."""
    against = {one.name: set(one.install_after) for one in builds}

    def weight(one: PlannedPackage) -> tuple[int, str]:
        """How many it waits for, over all steps: who waits for a ring waits for more than those in it."""
        found: set[str] = set()
        asked = [one.name]
        while asked:
            new = (against[asked.pop()] & against.keys()) - found
            found |= new
            asked += new
        return len(found - {one.name}), one.name

    return sorted(builds, key=weight)


def _isolated(builds: Iterable[PlannedPackage], shared: tuple[tuple[str, str], ...]) -> Iterator[Phase]:
    """Builds that one command can do: one set of variables, one of settings, no pin twice."""
    groups: list[tuple[list[PlannedPackage], dict[str, str]]] = []
    for one in sorted(builds, key=lambda build: build.name):
        pins = _by_name(one.build_requires)
        for members, constraints in groups:
            alike = (members[0].environment, members[0].config_settings) == (
                one.environment,
                one.config_settings,
            )
            if alike and all(constraints.get(name, pin) == pin for name, pin in pins.items()):
                members.append(one)
                constraints.update(pins)
                break
        else:
            groups.append(([one], dict(pins)))
    for number, (members, constraints) in enumerate(groups):
        yield Phase(
            kind="builds",
            name=members[0].name if len(members) == 1 else f"builds-{number + 1}",
            packages=tuple(members),
            constraints=tuple(constraints[name] for name in sorted(constraints)),
            variables=_joined(shared, members[0].environment),
            settings=_settings(members[0]),
        )


def _alone(builds: Iterable[PlannedPackage], planned: set[str]) -> Iterator[Phase]:
    """Builds without isolation, for which nobody installs build requirements; those in the plan serve."""
    there: dict[str, str] = {}
    for one in builds:
        pins = {name: pin for name, pin in _by_name(one.build_requires).items() if name not in planned}
        lacking = tuple(pin for name, pin in sorted(pins.items()) if there.get(name) != pin)
        there.update(pins)
        yield Phase(kind="tools", name=f"tools-{one.name}", pins=lacking)
        yield Phase(
            kind="build",
            name=one.name,
            packages=(one,),
            variables=_joined((), one.environment),
            settings=_settings(one),
        )


def _settings(one: PlannedPackage) -> tuple[str, ...]:
    return (one.config_settings,) if one.config_settings else ()


def _by_name(pins: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pin in pins:
        if not _PIN.match(pin):
            raise PlanError(f"The plan's build requirement {pin[:60]!r} is no pin.", hint=_AGAIN)
        found[canonicalize_name(pin.partition("==")[0])] = pin
    return found


def _joined(
    shared: tuple[tuple[str, str], ...], own: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    return tuple({**dict(shared), **dict(own)}.items())
