"""The table of crates: every row has its source and day, and names what the rest of the program knows."""

from __future__ import annotations

import re

import pytest
from packaging.version import Version

from planner.facts import is_name
from planner.knowledge.crates import crates


def test_every_row_has_its_source_and_day() -> None:
    tables = crates()
    rows = [
        *tables.crates.values(),
        *tables.editions.values(),
        *tables.locks.values(),
        *tables.bootstrap.values(),
    ]
    rows += [floor for row in tables.floors.values() for _, floor in row]
    for row in rows:
        assert row.source.startswith("https://")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row.checked)


def test_needs_are_of_the_vocabulary() -> None:
    for name, row in crates().crates.items():
        assert row.needs, name
        for subjects in (*row.needs, *row.bundled):
            for subject in subjects:
                assert is_name(subject) or subject.startswith(("dep:virtual/", "network:")), (name, subject)
        assert not crates().is_foreign(name)


@pytest.mark.parametrize(
    ("crate", "version", "rust"),
    [
        ("pyo3", "0.29.2", "1.83"),
        ("pyo3", "0.25.1", "1.63"),
        ("pyo3", "0.26.0", "1.74"),
        ("pyo3", "0.3.0", None),
        ("x", "1", None),
    ],
)
def test_floors(crate: str, version: str, rust: str | None) -> None:
    floor = crates().floor(crate, Version(version))
    assert (floor.rust if floor else None) == rust


def test_crates_of_other_systems() -> None:
    assert [crates().is_foreign(name) for name in ("windows-sys", "winapi", "js-sys", "openssl-sys")] == [
        True,
        True,
        True,
        False,
    ]
