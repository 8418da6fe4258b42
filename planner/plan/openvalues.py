"""What a plan file says, as values that no library is needed for; knows nothing of its text.

Named tuples: `verify` opens a plan in a few milliseconds, and each dataclass costs it half of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = [
    "PlanFile",
    "PlannedFile",
    "PlannedFinding",
    "PlannedIndex",
    "PlannedInput",
    "PlannedNeed",
    "PlannedPackage",
    "PlannedPrerequisite",
]


class PlannedFile(NamedTuple):
    """A wheel, sdist or archive: `url` or `path` (from the plan's folder) is set; `size` is in bytes."""

    name: str
    url: str = ""
    path: str = ""
    sha256: str = ""
    size: int | None = None


class PlannedNeed(NamedTuple):
    """A need of one build, or of the set (`specifier` is text); `without`: the loss where it is optional.

    `facts` are ways to meet it: see `planner.prerequisites.deciding`. None: the plan does not tell them.
    """

    need: str
    specifier: str = ""
    role: str = "build"
    because: str = ""
    without: str = ""
    facts: tuple[str, ...] | None = None


class PlannedPackage(NamedTuple):
    """One pin. `kind` is "" for a wheel, else `native`, `pure` or `unknown`; exactly one source is there.

    `allowed` says why the user accepts the build. `directory` is a path from the plan's folder, `vcs` an
    address, `commit` its commit. `memory_per_job` is the MiB that one of the planned `jobs` takes (None: none
    were planned).
    """

    name: str
    version: str = ""
    extras: tuple[str, ...] = ()
    wheels: tuple[PlannedFile, ...] = ()
    sdist: PlannedFile | None = None
    archive: PlannedFile | None = None
    directory: str = ""
    editable: bool = False
    vcs: str = ""
    vcs_type: str = ""
    commit: str = ""
    subdirectory: str = ""
    index_url: str = ""
    dependencies: tuple[str, ...] = ()
    required_by: tuple[str, ...] = ()
    kind: str = ""
    reason: str = ""
    allowed: str = ""
    build_backend: str = ""
    build_requires: tuple[str, ...] = ()
    isolated: bool = True
    install_after: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    config_settings: str = ""
    needs: tuple[PlannedNeed, ...] = ()
    optional: tuple[PlannedNeed, ...] = ()
    downloads: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    jobs: int | None = None
    memory_per_job: int | None = None

    @property
    def files(self) -> tuple[PlannedFile, ...]:
        """Every file that is fetched for it."""
        return tuple(one for one in (*self.wheels, self.sdist, self.archive) if one is not None)


class PlannedPrerequisite(NamedTuple):
    """A row of the plan's prerequisites, merged over all builds; `packages` are by package manager."""

    need: str
    name: str
    specifier: str
    role: str
    needed_by: tuple[str, ...]
    state: str
    found: str
    optional: bool
    without: str
    offered: str
    unmet: str
    brought_by: str
    packages: Mapping[str, tuple[str, ...]]
    facts: tuple[str, ...] | None = None


class PlannedInput(NamedTuple):
    """A file that the plan was made from: see `planner.plan.values.PlanInput`."""

    path: str
    sha256: str = ""
    role: str = ""


class PlannedIndex(NamedTuple):
    """An index: `url`, or `path` from the plan's folder; `only_for` are the projects that it is for."""

    name: str
    url: str
    path: str
    projects: int
    only_for: tuple[str, ...]


class PlannedFinding(NamedTuple):
    """What `check` found when it made the plan."""

    code: str
    severity: str
    project: str
    summary: str
    remedy: str


class PlanFile(NamedTuple):
    """A whole plan, proven to be as it was written. `data` are its bytes, `where` its name in messages.

    `machine` is the fingerprint that was planned for; `variables` are for all builds; `ready` is the command
    that installs what lacked there.
    """

    where: str
    data: bytes
    requires_python: str
    environments: tuple[str, ...]
    packages: tuple[PlannedPackage, ...]
    verdict: str
    requirements: tuple[str, ...]
    inputs: tuple[PlannedInput, ...]
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    torch_backend: str
    variables: tuple[tuple[str, str], ...]
    ready: str
    machine: Mapping[str, str | int | tuple[str, ...]]
    indexes: tuple[PlannedIndex, ...]
    prerequisites: tuple[PlannedPrerequisite, ...]
    run_needs: tuple[PlannedNeed, ...]
    findings: tuple[PlannedFinding, ...]

    @property
    def builds(self) -> tuple[PlannedPackage, ...]:
        """The packages that are built from source."""
        return tuple(one for one in self.packages if one.kind)

    def package(self, name: str) -> PlannedPackage | None:
        """The package of that (normalised) name."""
        return next((one for one in self.packages if one.name == name), None)
