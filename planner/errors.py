"""Every way in which wheelplan cannot go on; knows sentences and exit codes, and must not print.

An error is raised only where no answer is possible. What is *wrong with a set of requirements* is a
`Finding`, what is wrong with a *file on an index* is a `Misfit`: both are values, never exceptions.

    WheelplanError              exit 2, unless a class says otherwise
    ├── UsageError              the command line or a setting is not understood
    ├── InputError              a requirement file cannot be read; carries every bad line
    ├── MachineError            a machine file or an `--assume` is not understood
    ├── PlanError               a plan file cannot be read or written
    ├── UnreachableIndexError   an index cannot be asked, or its answer is not an index's
    └── ArchiveError            a distribution's archive is cut, hostile or not an archive
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ArchiveError",
    "InputError",
    "MachineError",
    "PlanError",
    "UnreachableIndexError",
    "UsageError",
    "WheelplanError",
]


class WheelplanError(Exception):
    """A full sentence about what cannot be done, where, why, and what to type next.

    `what` names the thing and the reason in one sentence, `where` is `file:line` or a URL without
    credentials (or empty), `hint` is the next thing to type (or empty). `id` is stable: JSON output
    carries it, and users may match on it.
    """

    id: str = "error"
    exit_code: ClassVar[int] = 2

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" {self.hint}" if self.hint else ""
        return f"{place}{self.what}{advice}"


class UsageError(WheelplanError):
    """A command-line word or a setting that is not understood; `where` is the setting's origin."""

    id = "usage"


class InputError(WheelplanError):
    """A requirement input that cannot be read; `others` holds the further bad lines of the same run."""

    id = "input"

    def __init__(
        self, what: str, *, where: str = "", hint: str = "", others: tuple[InputError, ...] = ()
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.others = others


class MachineError(WheelplanError):
    """A machine file, a target Python or an assumption that is not understood."""

    id = "machine"


class PlanError(WheelplanError):
    """A plan that cannot be read, is cut or edited, or cannot be written."""

    id = "plan"


class UnreachableIndexError(WheelplanError):
    """An index that cannot be asked, or whose answer is not an index's; `id` tells which.

    Ids: `index-unavailable` (no answer, 5xx, timeout), `index-denied` (401/403), `index-malformed`,
    `index-not-simple` (a login or other page), `index-api-version` (PEP 629), `response-too-large`,
    `offline` (not in the cache and `--offline`).
    """

    id = "index-unavailable"

    def __init__(self, what: str, *, id: str, where: str = "", hint: str = "") -> None:  # noqa: A002
        super().__init__(what, where=where, hint=hint)
        self.id = id


class ArchiveError(WheelplanError):
    """A wheel or sdist whose bytes are cut, ambiguous, hostile or over a limit."""

    id = "archive"
