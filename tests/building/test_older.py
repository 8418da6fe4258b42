"""An older version whose needs a machine can meet: which sdists are read, and which is taken."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.building.older import MOST_READ, buildable_version
from planner.building.readiness import Readiness
from planner.dists import Metadata, Reason, Refusal, Sdist, SdistReading
from planner.needs import Evidence, Inspection, Need
from tests import universe
from tests.universe import Universe

GEO = NormalizedName("geo")
DEBIAN = universe.machine(package_manager="apt", distro="debian", distro_version="12")  # has PROJ 9.1.1


class Shelves(Universe):
    """A catalog that remembers which sdists were read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def sdist(self, sdist: Sdist, markers: Mapping[str, str]) -> SdistReading | Refusal:
        self.read.append(str(sdist.version))
        return super().sdist(sdist, markers)

    def geo(self, version: str, floor: str | None, *, refuses: str = "") -> None:
        """An sdist that asks for that version of PROJ; None for one that compiles nothing."""
        name = f"geo-{version}.tar.gz"
        self.add(name)
        need = Need(
            subject="pkg-config:proj",
            specifier=SpecifierSet(f">={floor}" if floor else ""),
            role="host",
            because=(Evidence(where="setup.py:1"),),
        )
        self.readings[name] = SdistReading(
            metadata=Metadata(project=GEO, version=Version(version), requires=(), source="sdist"),
            native=floor is not None,
            refuses=refuses,
            inspection=None if floor is None else Inspection(needs=(need,), engine="setuptools"),
        )


def older(shelves: Shelves, than: str) -> str:
    found = buildable_version(
        Readiness(project=GEO), Version(than), machine=DEBIAN, catalog=shelves, fits=universe.fits()
    )
    return str(found or "")


@pytest.fixture
def shelves() -> Shelves:
    return Shelves()


def test_the_newest_that_can_be_built_is_taken(shelves: Shelves) -> None:
    for version, floor in (("3.0", "9.4"), ("2.0", "9.4"), ("1.5", "9.0"), ("1.4", "8")):
        shelves.geo(version, floor)
    assert older(shelves, "3.0") == "1.5"
    assert shelves.read == ["2.0", "1.5"]


def test_one_sdist_of_each_minor_series_is_read(shelves: Shelves) -> None:
    for version in ("3.0.2", "3.0.1", "2.1.1", "2.1.0"):
        shelves.geo(version, "9.4")
    shelves.geo("1.0", "9.0")
    assert older(shelves, "3.0.2") == "1.0"
    assert shelves.read == ["2.1.1", "1.0"], "3.0.1 is of the series that was refused"


def test_the_search_ends(shelves: Shelves) -> None:
    for minor in range(30):
        shelves.geo(f"1.{minor}", "9.4")
    assert older(shelves, "1.29") == ""
    assert len(shelves.read) == MOST_READ


def test_what_compiles_nothing_can_be_built(shelves: Shelves) -> None:
    shelves.geo("2.0", "9.4")
    shelves.geo("1.0", None)
    assert older(shelves, "2.0") == "1.0"


def test_what_cannot_be_read_or_refuses_this_python_is_passed_over(shelves: Shelves) -> None:
    shelves.geo("4.0", "9.4")
    shelves.geo("3.0", "8", refuses="setup.py:3 refuses Python 3.11")
    shelves.geo("2.0", "8")
    shelves.readings["geo-2.0.tar.gz"] = Refusal(
        filename="geo-2.0.tar.gz", reason=Reason.METADATA, detail="it is cut off"
    )
    shelves.geo("1.0", "8")
    assert older(shelves, "4.0") == "1.0"


def test_newer_ones_pre_releases_and_wheels_are_none(shelves: Shelves) -> None:
    shelves.geo("2.0", "9.4")
    shelves.geo("3.0", "8")
    shelves.geo("1.9rc1", "8")
    shelves.add("geo-1.8-py3-none-any.whl")
    assert older(shelves, "2.0") == ""
    assert shelves.read == []
