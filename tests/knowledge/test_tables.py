from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from planner.knowledge.names import known_names, neighbours
from planner.knowledge.siblings import siblings


def test_every_sibling_has_its_source_and_day() -> None:
    table = siblings()
    assert table[canonicalize_name("psycopg2")].name == "psycopg2-binary"
    for project, sibling in table.items():
        assert project == canonicalize_name(project)
        assert sibling.name != project
        assert sibling.source.startswith("https://")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", sibling.checked)


def test_names_are_normalised_and_said_once() -> None:
    names = known_names()
    assert len(names) == len(set(names)) > 5_000
    assert all(name == canonicalize_name(name) for name in names)


def test_neighbours_of_mistyped_names() -> None:
    assert neighbours("pstuil")[0] == "psutil"
    assert neighbours("reqeusts")[0] == "requests"
    assert "house-style" in neighbours("house-stile", ("house-style",))
    assert neighbours("zzzzqqqqxxxx") == ()
