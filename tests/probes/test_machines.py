"""Recorded machines, replayed through the ordinary code."""

import sys
from pathlib import Path

import pytest

from planner.facts import Absent, Known, Unknown, is_name
from planner.machinefile import dumps_json, dumps_toml, loads
from planner.probes.fingerprint import fingerprint
from planner.probes.recorded import RecordedHost
from planner.tags import supported_tags

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
MACHINES = sorted((HERE.parent / "machines").glob("*.toml"))
EXPECTED = tomllib.loads((HERE / "expected_facts.toml").read_text(encoding="utf-8"))

machines = pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.stem)


def test_every_machine_has_its_expected_facts():
    assert [path.stem for path in MACHINES] == sorted(EXPECTED)
    assert len(MACHINES) >= 10


@machines
def test_facts(path):
    facts = fingerprint(RecordedHost.load(path)).facts
    expected = EXPECTED[path.stem]
    known = {name: fact.value for name, fact in facts.items() if isinstance(fact, Known)}
    absent = [n for n, fact in facts.items() if isinstance(fact, Absent) and not n.startswith("program:")]
    unknown = [name for name, fact in facts.items() if isinstance(fact, Unknown)]
    assert known == expected["known"]
    assert absent == expected["absent"]
    assert unknown == expected["unknown"]


@machines
def test_each_fact_is_in_the_vocabulary_and_says_how_it_was_found(path):
    for name, fact in fingerprint(RecordedHost.load(path)).facts.items():
        assert is_name(name)
        assert fact.why if isinstance(fact, Unknown) else fact.how


@machines
def test_the_same_machine_gives_the_same_facts_in_the_same_order(path):
    one, other = (fingerprint(RecordedHost.load(path)) for _ in range(2))
    assert one == other
    assert dumps_toml(one) == dumps_toml(other)
    assert list(one.facts) == list(other.facts)


@machines
def test_machine_file_round_trip(path):
    machine = fingerprint(RecordedHost.load(path))
    assert loads(dumps_toml(machine), "machine.toml") == machine
    assert loads(dumps_json(machine), "machine.json") == machine


@machines
def test_wheels_can_be_judged(path):
    assert supported_tags(fingerprint(RecordedHost.load(path))).platforms


@machines
def test_each_recording_says_where_it_is_from(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(("# Recorded by", "# Made from", "# Written by hand from documented formats"))


@machines
def test_another_user_and_host_name_give_the_same_facts(path):
    text = path.read_text(encoding="utf-8")
    host = RecordedHost.load(path)
    other = RecordedHost(
        **{
            **{name: getattr(host, name) for name in RecordedHost.__slots__},
            "environ": {**host.environ, "USER": "alice", "HOSTNAME": "box", "LANG": "fr_FR.UTF-8"},
        }
    )
    assert "alice" not in text
    assert fingerprint(other) == fingerprint(host)
