"""The exporters, as a table that the type checker holds against their form; a new format is a line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from planner.exporters import (
    build_constraints,
    constraints,
    dockerfile,
    env,
    jsonform,
    requirements,
    sh,
    uv,
)
from planner.exporters.port import Exporter

__all__ = ["EXPORTERS"]

EXPORTERS: Mapping[str, Exporter] = MappingProxyType(
    {
        "requirements": requirements,
        "constraints": constraints,
        "build-constraints": build_constraints,
        "env": env,
        "sh": sh,
        "dockerfile": dockerfile,
        "uv": uv,
        "json": jsonform,
    }
)
"""By the words of `--format`; the words themselves stand in `planner.arguments`, which imports nothing."""
