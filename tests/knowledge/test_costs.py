from __future__ import annotations

import re

import pytest

from planner.knowledge.costs import costliest, costs, read_costs
from planner.needs import Unit


def unit(language: str, largest: int) -> Unit:
    return Unit(language=language, files=1, largest=largest, total=largest)


def test_every_row_says_whence_and_when() -> None:
    table = costs()
    assert set(table.languages) == {"c", "cython", "cxx", "pybind11", "torch", "cuda", "rust", "fortran"}
    assert set(table.engines) == {"setuptools", "torch", "cmake", "meson", "cargo", "make"}
    for row in (*table.languages.values(), *table.engines.values(), *table.variables.values()):
        assert row.source
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", row.checked)


@pytest.mark.parametrize(
    ("language", "largest", "measured"),
    [
        ("c", 19, 29),  # psutil
        ("c", 268, 114),  # cffi
        ("c", 1937, 247),  # regex
        ("c", 2182, 366),  # zstandard
        ("cython", 1133, 164),  # msgpack
        ("cython", 5173, 396),  # psycopg-c
        ("cython", 8969, 590),  # uvloop
        ("cython", 12523, 839),  # lxml
        ("cython", 16, 165),  # gssapi, from .pyx
        ("cython", 52, 337),  # cytoolz, from .pyx
        ("cython", 94, 341),  # cftime, from .pyx
        ("cxx", 188, 306),  # pyicu
        ("pybind11", 67, 639),  # contourpy
    ],
)
def test_the_numbers_are_above_what_was_measured(language: str, largest: int, measured: int) -> None:
    told = costs().languages[language].of(largest)
    assert measured <= told
    assert told <= 4 * measured + 100


def test_the_costliest_sources() -> None:
    chosen, memory = costliest([unit("c", 300), unit("cython", 12_523), unit("unheard-of", 9_999_999)])
    assert chosen is not None
    assert (chosen.language, memory) == ("cython", 976)
    assert costliest([]) == (None, 100)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"languages": {"c": {"mib": 1}}}, "source"),
        ({"languages": {"c": {"mib": 1, "source": "x", "per-mib": 2}}}, "per_mib"),
        ({"engines": {"make": {"variables": ["UNHEARD_OF"], "source": "x"}}}, "UNHEARD_OF"),
    ],
)
def test_a_bad_row_is_an_error(change: dict[str, object], words: str) -> None:
    document = {"checked": "2026-11-24", "languages": {}, "engines": {}, "variables": {}, **change}
    with pytest.raises(ValueError, match=words):
        read_costs(document)
