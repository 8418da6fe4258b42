"""The form of an inspector: an sdist's files -> what building it asks for; must not decide for a machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeAlias

from planner.needs import Doubt, Need
from planner.sdist.sources import Sources

__all__ = ["Clue", "Inspector"]

Clue: TypeAlias = Need | Doubt


class Inspector(Protocol):
    """Reads one kind of file, and tells each need with the file and line that it stands in."""

    def __call__(self, sdist: Sources, /) -> Iterable[Clue]:
        """Needs and doubts in the order of the files; the same need may be told more than once."""
