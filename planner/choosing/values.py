"""What a choice among resolutions is, as values: how good one is, what was held back, what it would cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.resolve.asks import Resolution

__all__ = ["Burden", "Choice", "HeldBack"]


@dataclass(frozen=True, slots=True, order=True)
class Burden:
    """How much a resolution asks of its user; less is better, in the order of the fields.

    `hopeless` are native builds that need what nothing here can supply, `unready` those that lack a
    prerequisite, `native` all native builds. `overdue` are the months by which root requirements are behind
    the newest version that they admit, worst first, of those that are further behind than the user tolerates;
    `worst` and `total` are of all roots, `behind` is the sum over all pins.
    """

    hopeless: int
    unready: int
    native: int
    overdue: tuple[float, ...]
    worst: float
    total: float
    behind: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A project that is not at the newest version its own requirement admits.

    `months` is how far behind, `holders` are sentences on what holds it ("vllm 0.32.0 needs torch==2.13.0"),
    `for_wheel` says that the newer version would be compiled here. `cost` are sentences on what pinning it
    higher would mean, () where that was not tried; `possible` is None then.
    """

    project: NormalizedName
    version: Version
    newest: Version
    uploaded: datetime | None
    months: float
    root: bool
    for_wheel: bool
    holders: tuple[str, ...] = ()
    possible: bool | None = None
    cost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The resolution that was chosen, and at which price.

    `other` is what the other preference would take, where that differs: with `--prefer wheels` what pip and
    uv take, with `--prefer newest` what wheelplan would choose. `outdated` are dependencies further behind
    than the user tolerates. `kept` says that an earlier plan's versions stayed, so that nothing was bettered.
    `attempts` and `rounds` were spent on bettering it; `cut` says that they, or the
    time, were used up.
    """

    resolution: Resolution
    burden: Burden
    other: Resolution | None = None
    other_burden: Burden | None = None
    held_back: tuple[HeldBack, ...] = ()
    outdated: tuple[HeldBack, ...] = ()
    kept: bool = False
    attempts: int = 0
    rounds: int = 0
    cut: bool = False
