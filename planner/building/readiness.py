"""How ready a machine is for a set of source builds, as values; must not find that out, or show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from packaging.utils import NormalizedName

from planner.building.environments import BuildEnvironment, constraint_lines
from planner.facts import Fact, Machine
from planner.findings import Finding
from planner.jobs import Jobs
from planner.needs import Need
from planner.prerequisites.states import Prerequisite

__all__ = ["Look", "Readiness", "Ready"]

Look: TypeAlias = Callable[[Sequence[str], Sequence[str]], Mapping[str, Fact]]
"""(subjects, packages of the system) -> facts about them; nothing where no machine can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """One source build and the machine: what it needs, how it is built, what it fetches, what is not known.

    `prerequisites` are its own (not those it would merely use). `undeclared` are distributions that its
    setup.py imports without asking for them: without them it cannot be built in isolation. `unisolated` says
    that the user builds it without. `install_after` are projects of the plan that must be there first.
    `downloads` are phrases, `sizes` (what, bytes), `note` what is known of the project and no file tells.
    `beside` are variables for the build beside those of its jobs, `toolkit` brings it a CUDA toolkit.
    """

    project: NormalizedName
    prerequisites: tuple[Prerequisite, ...] = ()
    features: tuple[Prerequisite, ...] = ()
    environment: BuildEnvironment | None = None
    jobs: Jobs | None = None
    undeclared: tuple[Need, ...] = ()
    unisolated: bool = False
    install_after: tuple[NormalizedName, ...] = ()
    downloads: tuple[str, ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    doubts: tuple[str, ...] = ()
    note: str = ""
    beside: tuple[tuple[str, str], ...] = ()
    toolkit: str = ""

    @property
    def isolated(self) -> bool:
        """Whether it is built in an environment of its own."""
        return not (self.undeclared or self.unisolated)

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """The environment variables to build it with."""
        return (*(self.jobs.environment if self.jobs else ()), *self.beside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The same for a whole set: `prerequisites` are merged, `command` installs what lacks here.

    `variables` are for all builds together; `machine` is the one that was given, with what was looked up.
    """

    machine: Machine
    builds: tuple[Readiness, ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()
    command: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def build_constraints(self) -> tuple[str, ...]:
        """The pins of all build requirements, as lines for `--build-constraint`."""
        return constraint_lines(one.environment for one in self.builds if one.environment is not None)

    def of(self, project: NormalizedName) -> Readiness | None:
        """The readiness of one build."""
        return next((one for one in self.builds if one.project == project), None)
