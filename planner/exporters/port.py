"""What an exporter is, and what it is told beside the plan: values and a Protocol; must not write a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from planner.plan.opened import PlanFile

__all__ = ["Asked", "Exporter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an export is for.

    `plan` is the plan's path from the folder of the text, `folder` its folder from there ("": the same).
    `project` limits the text to one build ("": all). `memory` (MiB) and `cores` are those of this machine,
    None where they are not known, or where the text is not for this machine. `version` is wheelplan's own.
    """

    plan: str
    folder: str = ""
    project: str = ""
    memory: int | None = None
    cores: int | None = None
    version: str = ""


class Exporter(Protocol):
    """A module that writes one format."""

    @property
    def HERE(self) -> bool:  # noqa: N802 (a constant of the module)
        """Whether the text is for this machine alone, whose memory and cores it is to be told."""

    def export(self, plan: PlanFile, asked: Asked) -> str:
        """The text, the same for the same plan; raises PlanError for what the format cannot say."""
