"""What building an sdist asks of a machine: one module an inspector, joined in `inspect`."""

from __future__ import annotations

from planner.needs import Inspection
from planner.sdist.sources import Sources

__all__ = ["inspect"]


def inspect(sources: Sources) -> Inspection:
    """What all inspectors find in an sdist that compiles, or may."""
    del sources
    return Inspection()
