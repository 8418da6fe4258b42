"""What a `check` found, as one value; knows nothing of how it was found or is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from packaging.utils import canonicalize_name

from planner.assess import SourceBuild
from planner.building.readiness import Ready
from planner.changes import Change
from planner.choosing.values import Choice
from planner.cuda.values import CudaView
from planner.facts import Machine
from planner.findings import SEVERITIES, UNPROVEN, Finding, Severity
from planner.plan import Package
from planner.wanted import Note

if TYPE_CHECKING:
    from planner.locking.values import Locked
    from planner.routing import Backend
    from planner.settings import Setting

__all__ = ["Checked", "Verdict", "levelled", "may_be_planned", "needless", "not_built", "verdict_of"]

Verdict: TypeAlias = Literal["clear", "builds", "blocked", "unproven"]
"""`clear`: all wheels. `builds`: source builds, all pure Python or allowed. `blocked`: findings that stop.
`unproven`: something that the answer depends on could not be known."""

UNPINNED = frozenset({"WP602"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The answer to `wheelplan check`.

    `files` are all files that were read, `inputs` those that were named.
    `packages` is the whole resolution; when `set_aside` names requirements, it is that of the others, shown
    so that every problem is seen at once, and there is no plan. `plan` is the plan's text, or "" when none
    can be made. `requests` and `bytes` count what was asked; `origins` are (setting, value, origin).
    `changes` are the differences to the plan that was at its place, `had_plan` says whether anything was.
    `backend` is the torch backend that was taken, where one was asked for.
    `ignored` are findings whose codes a policy passes over, `unbuilt` projects whose source builds are
    accepted and that are not built. `locked` is the answer to `--locked`: nothing is written then.
    `fail_on` is a severity or `never`. `notes` are sentences on settings and inputs that have no effect.
    """

    machine: Machine
    inputs: tuple[str, ...]
    packages: tuple[Package, ...]
    builds: tuple[SourceBuild, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    plan: str = ""
    rounds: int = 0
    requests: int = 0
    bytes: int = 0
    origins: tuple[tuple[str, str, str], ...] = ()
    fail_on: str = "error"
    ready: Ready | None = None
    choice: Choice | None = None
    cuda: CudaView | None = None
    changes: tuple[Change, ...] = ()
    backend: Backend | None = None
    had_plan: bool = False
    ignored: tuple[Finding, ...] = ()
    unbuilt: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    locked: Locked | None = None

    @property
    def verdict(self) -> Verdict:
        """One word for the whole."""
        return verdict_of(self.findings, self.packages)

    @property
    def exit_code(self) -> int:
        """0 proven good, 1 a finding at or above `fail_on`, no resolution or another plan, 2 not proven."""
        if self.verdict == "unproven":
            return 2
        if self.set_aside or (self.locked is not None and not self.locked.same):
            return 1
        if self.fail_on == "never":
            return 0
        limits = (
            SEVERITIES[: SEVERITIES.index(self.fail_on) + 1] if self.fail_on in SEVERITIES else SEVERITIES
        )
        return int(any(found.severity in limits for found in self.findings))


def levelled(
    findings: Sequence[Finding], levels: Mapping[str, str]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings with the severities that a policy gives their codes, and those that it ignores."""
    kept = [
        replace(found, severity=cast("Severity", levels[found.code])) if found.code in levels else found
        for found in findings
        if levels.get(found.code) != "ignore"
    ]
    ignored = [found for found in findings if levels.get(found.code) == "ignore"]
    return tuple(sorted(kept, key=Finding.sort_key)), tuple(ignored)


def not_built(allowed: Iterable[str], packages: Sequence[Package], *, whole: bool) -> tuple[str, ...]:
    """Those of the accepted source builds that are none; `whole` says that `packages` is all there is."""
    built = {package.name: bool(package.source_build) for package in packages}
    names = sorted(name for name in allowed if name != ":all:")
    return tuple(name for name in names if not built.get(canonicalize_name(name), not whole))


def needless(setting: Setting | None, unbuilt: Iterable[str]) -> Iterator[Note]:
    """A remark for each source build that the setting `allow-build` accepts and that is none."""
    for name in unbuilt:
        text = f"{name} is allowed to be built from source, and is not: `allow-build` needs it no more."
        yield Note(where=setting.origin if setting else "", text=text)


def may_be_planned(findings: tuple[Finding, ...], set_aside: tuple[str, ...]) -> bool:
    """Whether a plan can be made: everything was resolved and proven, and every file can be pinned."""
    return not set_aside and not any(found.code in UNPROVEN | UNPINNED for found in findings)


def verdict_of(findings: tuple[Finding, ...], packages: tuple[Package, ...]) -> Verdict:
    """The verdict that findings and packages give."""
    if any(found.code in UNPROVEN for found in findings):
        return "unproven"
    if any(found.severity == "error" for found in findings):
        return "blocked"
    return "builds" if any(package.source_build for package in packages) else "clear"
