"""Resolver scenarios: a TOML file in packse's format, read into a universe in memory and resolved there.

The format is that of https://github.com/astral-sh/packse and of uv's own `test/scenarios`. Scenarios for
several machines at once (`universal`) are read, and left to whoever asks for one machine only to skip.
One key is ours: `policy = "uv"` marks an outcome that no standard demands and that uv's rules give.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import Metadata, with_marker
from planner.elsewhere import for_platform, for_python
from planner.facts import Machine
from planner.fits import Fits
from planner.inputs.sources import read_requirement
from planner.policy import Policy, Prereleases
from planner.resolve.asks import Clash, Outcome, Resolution
from planner.resolve.search import resolve
from planner.roots import Roots, Sources, read_roots
from planner.tags import supported_tags
from planner.wanted import Disk
from tests.universe import Universe, machine

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Scenario", "ScenarioWorld", "misses", "outcome_of", "read_scenario", "roots_of", "scenarios_in"]

PYTHON = "3.12"  # what packse and uv take where a scenario does not say
REQUIRES_PYTHON = ">=3.12"
ROUNDS = 500  # more than a world of a few versions can need
PATCH = 20  # a `[environment] python = "3.12"` is some late 3.12 on the machine; an option says the first


class ScenarioWorld(Universe):
    """A universe whose distributions say their extras, as a scenario does."""

    def __init__(self) -> None:
        super().__init__()
        self.provides: dict[str, frozenset[NormalizedName]] = {}

    def _metadata(self, project: NormalizedName, version: Version, filename: str, source: str) -> Metadata:
        found = super()._metadata(project, version, filename, source)
        return replace(found, extras=self.provides.get(filename, found.extras))

    def take(self, project: str, version: str, said: Mapping[str, Any]) -> None:
        """List the files of a version: an sdist and a wheel for every machine, where nothing else is said."""
        stem = f"{project.replace('-', '_')}-{version}"
        tags = said.get("wheel_tags") or ["py3-none-any"]
        files = [f"{stem}-{tag}.whl" for tag in tags] if said.get("wheel", True) else []
        if said.get("sdist", True):
            files.append(f"{stem}.tar.gz")
        extras: Mapping[str, list[str]] = said.get("extras", {})
        requires = [*said.get("requires", [])]
        for extra, texts in extras.items():
            requires.extend(with_marker(text, f'extra == "{canonicalize_name(extra)}"') for text in texts)
        python = said.get("requires_python", REQUIRES_PYTHON)
        for filename in files:
            self.add(filename, *requires, yanked="" if said.get("yanked") else None, requires_python=python)
            self.pythons[filename] = python
            self.provides[filename] = frozenset(canonicalize_name(extra) for extra in extras)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is asked of which world on which machine, and what is to come out.

    `expected` is None where the file says nothing but whether there is a resolution. `uv` tells that uv's
    rules are needed for it. `python_asked` is the root's own explicit `requires_python`.
    """

    name: str
    requires: tuple[str, ...]
    world: ScenarioWorld
    machine: Machine
    policy: Policy
    satisfiable: bool
    expected: Mapping[str, str] | None
    universal: bool
    uv: bool
    python_asked: str


def read_scenario(path: Path) -> Scenario:
    """The scenario of a file; a key that is not of the format is an error (a typo would pass a test)."""
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    known = {"name", "description", "root", "packages", "environment", "resolver_options", "expected"}
    unknown = said.keys() - known - {"policy", "testgen"}
    if unknown:
        raise ValueError(f"{path}: unknown keys {sorted(unknown)}")
    options = said.get("resolver_options", {})
    world = ScenarioWorld()
    for project, package in said.get("packages", {}).items():
        for version, metadata in package["versions"].items():
            world.take(project, version, metadata)
    expected = said["expected"]
    packages = expected.get("packages")
    return Scenario(
        name=said["name"],
        requires=tuple(said["root"]["requires"]),
        world=world,
        machine=_machine(said.get("environment", {}), options),
        policy=Policy(
            only_binary=_names(options.get("no_build", ())),
            no_binary=_names(options.get("no_binary", ())),
            prereleases="allow" if options.get("prereleases") else Policy().prereleases,
            strategy=options.get("resolution", "highest"),
        ),
        satisfiable=expected["satisfiable"],
        expected=packages if isinstance(packages, dict) and packages else None,
        universal=bool(options.get("universal")),
        uv=said.get("policy") == "uv",
        python_asked=said["root"].get("requires_python", ""),
    )


def _names(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(canonicalize_name(text) for text in texts)


def _machine(environment: Mapping[str, Any], options: Mapping[str, Any]) -> Machine:
    here = str(environment.get("python", PYTHON))
    full = here if here.count(".") == 2 else f"{here}.{PATCH}"
    target = for_python(machine(), full, how="environment.python")
    if options.get("python_platform"):
        target = for_platform(target, options["python_platform"])
    return for_python(target, options["python"]) if options.get("python") else target


def scenarios_in(folder: Path) -> list[Path]:
    """The scenario files of a folder, sorted; those in no TOML are not looked at."""
    return sorted(folder.rglob("*.toml"))


def _nothing(*_: object) -> Any:
    raise AssertionError("a scenario names projects only")


NOWHERE = Disk(read=_nothing, exists=lambda _: False, isdir=lambda _: False, cwd="/")
NO_SOURCES = Sources(direct=_nothing, metadata=_nothing, archive=_nothing, tree=_nothing, shown_path=_nothing)


def roots_of(requires: Iterable[str], markers: Mapping[str, str]) -> Roots:
    """What the resolution starts from, by the way a command line goes."""
    wanted = [
        read_requirement(text, disk=NOWHERE, origin=f"requirements.txt:{line}")
        for line, text in enumerate(requires, 1)
    ]
    return read_roots(wanted, [], markers, NO_SOURCES)


def outcome_of(scenario: Scenario, *, prereleases: Prereleases | None = None) -> Outcome:
    """Resolve a scenario for its one machine; with another pre-release rule where one is given."""
    policy = scenario.policy
    if prereleases is not None and policy.prereleases != "allow":
        policy = replace(policy, prereleases=prereleases)
    markers = scenario.machine.markers
    python = Version(markers["python_full_version"])
    if scenario.python_asked and python not in SpecifierSet(scenario.python_asked):
        return Clash(project="python", lines=(f"The root asks for Python {scenario.python_asked}.",))
    roots = roots_of(scenario.requires, markers)
    return resolve(
        roots.asks,
        catalog=scenario.world,
        fits=Fits(supported=supported_tags(scenario.machine), policy=policy, python=python),
        markers=markers,
        constraints=roots.constraints,
        fixed=roots.fixed,
        spent=lambda: False,
        max_rounds=ROUNDS,
    )


def misses(scenario: Scenario, outcome: Outcome) -> str:
    """How an outcome differs from what the scenario expects, or ""."""
    if isinstance(outcome, Clash):
        if outcome.limit:
            return outcome.limit
        return f"no resolution: {' '.join(outcome.lines)}" if scenario.satisfiable else ""
    assert isinstance(outcome, Resolution)
    found = {str(pin.project): str(pin.version) for pin in outcome.pins}
    if not scenario.satisfiable:
        return f"a resolution where none is expected: {found}"
    if scenario.expected is None:
        return ""
    expected = {str(canonicalize_name(name)): str(Version(text)) for name, text in scenario.expected.items()}
    return "" if found == expected else f"found {found}, expected {expected}"
