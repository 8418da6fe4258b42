"""The rows of the truth tables, and what a plan would list for one on a bare Debian 12; builds nothing."""

from __future__ import annotations

import io
import lzma
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import SdistReading
from planner.facts import Absent, Machine
from planner.knowledge.projects import needs_of
from planner.needs import Need
from planner.prerequisites.joining import subjects_to_look_for
from planner.prerequisites.merging import merged
from planner.prerequisites.states import prerequisites
from planner.sdist.reading import read_sdist
from tests import universe

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["ARCHIVE", "Row", "archive", "listed", "rows"]

HERE = Path(__file__).parent
ARCHIVE = HERE / "sdists.tar.xz"


@dataclass(frozen=True, slots=True)
class Row:
    """One real build: `packages` is a minimal set with which it succeeds, None where none was found."""

    name: NormalizedName
    version: Version
    sdist: str
    half: str
    outcome: str
    packages: frozenset[str] | None


def rows() -> Iterator[Row]:
    """All rows of both tables, in their order."""
    for file in ("given.toml", "bookworm.toml"):
        document: dict[str, Any] = tomllib.loads((HERE / file).read_text(encoding="utf-8"))
        for row in document.values():
            known = row["outcome"] == "ok"
            yield Row(
                canonicalize_name(row["name"]),
                Version(row["version"]),
                row["sdist"],
                row["half"],
                row["outcome"],
                frozenset(row["minimal_apt"]) if known else None,
            )


def archive() -> Iterator[tuple[str, bytes]]:
    """The recorded sdists, by file name."""
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(ARCHIVE.read_bytes()))) as tar:
        for member in tar:
            opened = tar.extractfile(member)
            if opened is not None:
                yield member.name, opened.read()


def bare(needs: tuple[Need, ...]) -> Machine:
    """A Debian 12 with its Python alone, looked through for what the needs ask."""
    machine = universe.machine(
        **{"package-manager": "apt", "distro": "debian", "distro-version": "12", "python": "3.11.2"}
    )
    absent = {subject: Absent("") for subject in subjects_to_look_for(needs)}
    return Machine(markers=machine.markers, facts={**absent, **machine.facts})


def listed(row: Row, data: bytes) -> frozenset[str] | str:
    """The packages that a plan would install for that sdist, or why it cannot be planned."""
    markers = bare(()).markers
    reading = read_sdist(row.sdist, data, row.name, row.version, markers)
    if not isinstance(reading, SdistReading):
        return f"refused: {reading.detail}"
    if reading.refuses:
        return f"refused: {reading.refuses}"
    inspection = reading.inspection
    needs = needs_of(row.name, row.version, inspection.needs if inspection is not None else ())
    if reading.native is False:
        needs = tuple(need for need in needs if need.role == "run")
    machine = bare(needs)
    own = prerequisites(row.name, needs, machine)
    return frozenset(
        name for one in merged((one for one in own if one.listed), machine) for name in one.install
    )
