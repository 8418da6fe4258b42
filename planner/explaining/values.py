"""What an explanation holds, as values: who asked, which versions fell out and why, which files fit.

Knows nothing of how it is found out or shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.assess import SourceBuild
from planner.building.readiness import Readiness, Ready
from planner.choosing.values import Choice, HeldBack
from planner.dists import Pin, Reason
from planner.facts import Machine
from planner.findings import Finding
from planner.policy import Policy

__all__ = [
    "Asker",
    "Explained",
    "Explanation",
    "Fallen",
    "FileGroup",
    "Kind",
    "NotThere",
    "Other",
    "Raised",
    "Swap",
    "VerdictExplained",
]

Kind: TypeAlias = Literal["wheel", "native", "pure", "unknown"]
"""What installing a file means: nothing is built, it compiles, it is pure Python, or one cannot say."""

Fallen: TypeAlias = Literal[
    "not-admitted",
    "pre-release",
    "yanked",
    "too-late",
    "excluded",
    "requires-python",
    "no-file",
    "native-build",
    "metadata",
    "clash",
    "not-read",
    "kept",
    "not-needed",
    "further-on",
]
"""Why a version is not the pinned one; stable, as it stands in JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks for a project: a place of the user's own, or a pin (`torch 2.13.0`).

    `chain` are the sentences that lead from a place of the user's own to that pin, () where `who` is one.
    """

    who: str
    text: str
    root: bool
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A version that was considered and is not the pinned one: `why` is a phrase ("needs torch==2.13.0")."""

    version: Version
    uploaded: str
    reason: Fallen
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileGroup:
    """Files of the pinned version that share one fate; `reason` is None where they fit.

    `files` are (name, detail), the nearest to fitting first; `taken` says that it is the one pinned.
    """

    why: str
    files: tuple[tuple[str, str], ...]
    reason: Reason | None = None
    taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """What pinning another version would mean, as it was tried: `possible` is None where it was given up."""

    version: Version
    possible: bool | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why a project of a resolution is the version and the file that it is.

    `others` are the versions that would have come first, in that order; `rest` is the number of those that
    come after the pinned one, of `total`. `lowest` says that the lowest versions were asked for.
    `prepared` is how ready the machine is for this build, `reasoning` what the set does with CUDA, where
    the project has part in it.
    """

    machine: Machine
    pin: Pin
    kind: Kind
    build: SourceBuild | None = None
    prepared: Ready | None = None
    askers: tuple[Asker, ...] = ()
    constraints: tuple[str, ...] = ()
    total: int = 0
    others: tuple[Other, ...] = ()
    rest: tuple[Version, ...] = ()
    lowest: bool = False
    unasked: str = ""
    groups: tuple[FileGroup, ...] = ()
    alternatives: tuple[str, ...] = ()
    held_back: HeldBack | None = None
    raised: Raised | None = None
    findings: tuple[Finding, ...] = ()
    set_aside: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    exit_code: int = 0

    @property
    def readiness(self) -> Readiness | None:
        """What the build needs, and how it is built."""
        return self.prepared.of(self.pin.project) if self.prepared else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotThere:
    """A project that the resolution does not hold.

    `indexed` says whether an index has it (None: not known), `version` is its newest that has a file for the
    machine, `filename` that file and `kind` what it means. `newest` is its newest version, and `misfit` why
    that has none. `mentions` are sentences on pins that name it and do not ask for it here. `set_aside` are
    the user's own lines that ask for it, and were left out because they cannot be met.
    """

    machine: Machine
    project: NormalizedName
    resolved: bool
    pins: int = 0
    indexed: bool | None = None
    newest: Version | None = None
    misfit: str = ""
    version: Version | None = None
    filename: str = ""
    kind: Kind = "unknown"
    near: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    exit_code: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A project that another preference would take in another version; None where it would be left out.

    `root` says that the user asks for it himself, `compiled` that the other version would be compiled here.
    """

    project: NormalizedName
    here: Version | None
    there: Version | None
    root: bool = False
    compiled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictExplained:
    """Why the verdict on a whole set is what it is. `stopping` are the findings that make it bad."""

    machine: Machine
    verdict: str
    policy: Policy
    projects: int
    builds: tuple[SourceBuild, ...]
    set_aside: tuple[str, ...]
    stopping: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    choice: Choice | None = None
    swaps: tuple[Swap, ...] = ()
    reasoning: tuple[str, ...] = ()
    exit_code: int = 0


Explanation: TypeAlias = Explained | NotThere | VerdictExplained
