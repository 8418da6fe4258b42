"""Readings as JSON and back: nothing is lost, and nothing that has not the form is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.dists import Metadata, Reason, Refusal, SdistReading
from planner.needs import Doubt, Evidence, Inspection, Need, Unit
from planner.records import (
    inspection_from,
    inspection_record,
    metadata_from,
    metadata_record,
    reading_from,
    reading_record,
)

TEXT = st.text(max_size=12)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
COUNT = st.integers(0, 10**6)
SPECIFIER = st.sampled_from(["", ">=1.2", ">=1.2,<2", "==3.*", "~=1.4.2", "!=1.5,>1", "===2"]).map(
    SpecifierSet
)
EVIDENCE = st.builds(Evidence, where=TEXT, text=TEXT)
NEED = st.builds(
    Need,
    subject=TEXT,
    specifier=SPECIFIER,
    role=st.sampled_from(["build", "host", "run"]),
    because=st.lists(EVIDENCE, max_size=3).map(tuple),
    instead=TEXTS,
    strength=st.sampled_from(["required", "optional", "fallback", "hint"]),
    effect=TEXT,
)
INSPECTION = st.builds(
    Inspection,
    needs=st.lists(NEED, max_size=3).map(tuple),
    doubts=st.lists(st.builds(Doubt, text=TEXT, where=TEXT), max_size=3).map(tuple),
    units=st.lists(st.builds(Unit, language=TEXT, files=COUNT, largest=COUNT, total=COUNT), max_size=3).map(
        tuple
    ),
    engine=TEXT,
)
METADATA = st.builds(
    Metadata,
    project=st.just(canonicalize_name("demo")),
    version=st.sampled_from([None, Version("1.0"), Version("2!1.0.post1+cpu")]),
    requires=TEXTS,
    requires_python=TEXT,
    extras=st.sets(TEXT, max_size=3).map(frozenset),
    source=TEXT,
    certain=st.booleans(),
    doubt=TEXT,
    where=TEXT,
)
READING = st.one_of(
    st.builds(
        SdistReading,
        metadata=METADATA,
        native=st.sampled_from([None, True, False]),
        native_because=TEXTS,
        refuses=TEXT,
        backend=TEXT,
        build_requires=TEXTS,
        setup_requires=TEXTS,
        inspection=st.one_of(st.none(), INSPECTION),
    ),
    st.builds(Refusal, filename=TEXT, reason=st.sampled_from(Reason), detail=TEXT, id=TEXT),
)


def through_json(record: dict[str, Any]) -> Any:
    return json.loads(json.dumps(record))


@settings(max_examples=100, deadline=None)
@given(INSPECTION)
def test_inspections_come_back(value: Inspection) -> None:
    assert inspection_from(through_json(inspection_record(value))) == value


@settings(max_examples=100, deadline=None)
@given(READING)
def test_readings_come_back(value: SdistReading | Refusal) -> None:
    assert reading_from(through_json(reading_record(value))) == value


@settings(max_examples=50, deadline=None)
@given(METADATA)
def test_metadata_comes_back(value: Metadata) -> None:
    assert metadata_from(through_json(metadata_record(value))) == value


WHOLE = through_json(
    reading_record(
        SdistReading(
            metadata=Metadata(project=canonicalize_name("demo"), version=Version("1")),
            native=True,
            native_because=("x",),
            build_requires=("y",),
            inspection=Inspection(
                needs=(Need(subject="header:a.h", because=(Evidence(where="a.c:1"),), instead=("b",)),),
                doubts=(Doubt(text="d"),),
                units=(Unit(language="c", files=1, largest=2, total=3),),
                engine="make",
            ),
        )
    )
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [(*path, key) for key in keys] + [at for key in keys for at in places(value[key], (*path, key))]


MAY_BE_NONE = {("native",), ("inspection",), ("metadata", "version")}


@pytest.mark.parametrize("wrong", [None, 7, -1, 2.5, {"a": 1}, [[]], [1]], ids=repr)
@pytest.mark.parametrize("path", places(WHOLE), ids=lambda path: "/".join(map(str, path)))
def test_a_record_with_one_wrong_value_is_not_believed(path: tuple[Any, ...], wrong: Any) -> None:
    record = through_json(WHOLE)
    *way, last = path
    inner = record
    for key in way:
        inner = inner[key]
    if isinstance(wrong, int) and wrong >= 0 and isinstance(inner[last], int):
        return  # another count is as good a value
    inner[last] = wrong
    if wrong is None and path in MAY_BE_NONE:
        assert reading_from(record) is not None
    else:
        assert reading_from(record) is None


@pytest.mark.parametrize("path", [path for path in places(WHOLE) if isinstance(path[-1], str)], ids=repr)
def test_a_record_with_one_value_missing_is_not_believed(path: tuple[Any, ...]) -> None:
    record = through_json(WHOLE)
    inner = record
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    assert reading_from(record) is None


@pytest.mark.parametrize(
    ("key", "value"), [("specifier", ">>1"), ("strength", "maybe"), ("role", "test"), ("because", [["a"]])]
)
def test_words_that_no_need_has(key: str, value: Any) -> None:
    record = through_json(WHOLE)["inspection"]
    record["needs"][0][key] = value
    assert inspection_from(record) is None


def test_refusals_that_none_can_have_made() -> None:
    assert reading_from({"refused": ["f", "nonsense", "d", "i"]}) is None
    assert reading_from({"refused": ["f", "metadata", "d"]}) is None
    assert metadata_from({"refused": "abcd"}) is None
