"""What plans list against what real builds took: recorded sdists of tests/truth, nothing built.

A row that lacks something fails the build; what is listed beyond a set that works may be superfluous, or another
set that works as well (only a real build tells: `benchmarks/bare_debian.py --plan`).
"""

from __future__ import annotations

from functools import lru_cache

import pytest

from tests.truth.table import Row, archive, listed, rows

# What fails today, by name, so that it is seen when it is mended (see the README of tests/truth).
LACKING: dict[str, frozenset[str]] = {}


@lru_cache(maxsize=1)
def results() -> dict[str, tuple[Row, frozenset[str] | str]]:
    by_file = {row.sdist: row for row in rows()}
    return {name: (by_file[name], listed(by_file[name], data)) for name, data in archive()}


def built() -> dict[str, tuple[Row, frozenset[str], frozenset[str]]]:
    """The rows with a set that works: (row, that set, what a plan lists)."""
    return {
        str(row.name): (row, row.packages, found)
        for row, found in results().values()
        if row.packages is not None and not isinstance(found, str)
    }


def test_there_is_enough_to_measure() -> None:
    assert len(built()) >= 180
    refused = {str(row.name): found for row, found in results().values() if isinstance(found, str)}
    assert refused == {}


@pytest.mark.parametrize("half", ["given", "tune", "hold"])
def test_nineteen_of_twenty_builds_get_all_that_they_need(half: str) -> None:
    of_half = {name: found for name, found in built().items() if found[0].half == half}
    lacking = {name: sorted(needed - got) for name, (_, needed, got) in of_half.items() if needed - got}
    assert len(lacking) <= 0.05 * len(of_half), lacking


def test_on_average_less_than_one_package_is_superfluous() -> None:
    more = {name: sorted(got - needed) for name, (_, needed, got) in built().items() if got - needed}
    assert sum(map(len, more.values())) <= 0.25 * len(built()), more


def test_nothing_is_listed_for_what_builds_with_nothing() -> None:
    pure = {name: sorted(got) for name, (_, needed, got) in built().items() if not needed and got}
    assert pure == {}


def test_what_lacks_is_known_by_name() -> None:
    lacking = {name: needed - got for name, (_, needed, got) in built().items() if needed - got}
    assert lacking == LACKING
