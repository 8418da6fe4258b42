"""What a plan holds, as values; knows nothing of its text."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Dist, Tree
from planner.facts import Machine
from planner.findings import Finding
from planner.needs import Need
from planner.prerequisites.states import Prerequisite

__all__ = ["Building", "Package", "Plan", "PlanInput"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInput:
    """A file that a plan was made from, by its path from the plan's folder.

    `role` is "" for what the command named, else `constraint`, `build-constraint`, `included` (named by
    another input) or `stdin`.
    """

    path: str
    sha256: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """How one source build is built: what a plan keeps of a `planner.building.readiness.Readiness`.

    `jobs` run side by side, 0 where none were computed; `per_job` is the MiB that each takes.
    """

    isolated: bool = True
    install_after: tuple[NormalizedName, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    setting: str = ""
    jobs: int = 0
    per_job: int = 0
    needs: tuple[Prerequisite, ...] = ()
    features: tuple[Prerequisite, ...] = ()
    downloads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One pin as the plan holds it. `source_build` is "" for a wheel, else `native`, `pure` or `unknown`.

    `reason` tells why it is one, `allowed` why the user accepts it, where that was said.
    """

    name: NormalizedName
    version: Version | None
    dist: Dist | Tree
    extras: tuple[NormalizedName, ...] = ()
    required_by: tuple[str, ...] = ()
    dependencies: tuple[NormalizedName, ...] = ()
    direct: bool = False
    source_build: str = ""
    reason: str = ""
    allowed: str = ""
    build_backend: str = ""
    build_requires: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    build: Building | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a plan file says. `indexes` are (name, url, projects served).

    `torch_backend` is the variant of torch that was taken ("": none was asked for); `places` are the
    addresses that it opens, each with the projects that it is asked for.

    `requirements` are the words of the command that name no file (`-e` before what is editable), without
    credentials; with `inputs`, `extras`, `groups` and `settings` (those that steer a resolution and are not
    the default) the command can be repeated from the plan's folder.

    `run_needs` is what the set needs when it runs, `memory` the MiB that jobs were computed from, None when
    none were; `variables` are for all builds.
    """

    command: str
    machine: Machine
    packages: tuple[Package, ...]
    findings: tuple[Finding, ...]
    inputs: tuple[PlanInput, ...]
    indexes: tuple[tuple[str, str, int], ...]
    verdict: str
    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    settings: tuple[tuple[str, object], ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()
    run_needs: tuple[Need, ...] = ()
    ready: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    memory: int | None = None
    torch_backend: str = ""
    places: tuple[tuple[str, tuple[str, ...]], ...] = ()
