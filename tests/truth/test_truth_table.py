"""The truth table is whole: what `benchmarks/bare_debian.py` reads from it holds for every row."""

from __future__ import annotations

from pathlib import Path

import pytest
from bare_debian import compared, half, listed, order, read, summary, write
from bare_machine import Cache

TABLE = Path(__file__).with_name("bookworm.toml")
ROWS = read(TABLE)
OUTCOMES = {"ok", "ok-degraded", "fail", "needs-network", "timeout", "import-fail", "not-installable"}


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_row_is_whole(name: str) -> None:
    row = ROWS[name]
    assert row["half"] == half(row["name"])
    assert {row["outcome"], row["outcome_bare"]} <= OUTCOMES
    assert ("minimal_apt" in row) == (row["outcome"] == "ok")
    minimal = row.get("minimal_apt", [])
    assert minimal == order(minimal)
    # gcc may stand in for the g++ of the superset
    assert set(minimal) <= {*row["tried_apt"], "gcc"}
    assert (row["outcome_bare"] == "ok") == (minimal == [] and row["outcome"] == "ok")


def test_the_table_is_as_it_is_written(tmp_path: Path) -> None:
    copy = tmp_path / "bookworm.toml"
    write(copy, ROWS.values())
    assert copy.read_text(encoding="utf-8") == TABLE.read_text(encoding="utf-8")


def test_what_is_present_or_brought_is_not_installed() -> None:
    rows = [
        {"need": "a", "state": "missing", "apt": ["gcc"]},
        {"need": "b", "state": "present", "apt": ["make"]},
        {"need": "c", "state": "missing", "apt": ["zlib1g-dev"], "brought-by": "python3-dev"},
        {"need": "d", "state": "unknown", "apt": ["python3-dev", "gcc"]},
    ]
    assert listed(rows) == ["gcc", "python3-dev"]


@pytest.mark.parametrize(
    ("packages", "best", "outcome", "idle", "lacking"),
    [
        (["gcc"], ["gcc"], "ok", [], []),
        (["gcc", "make"], ["gcc"], "ok", ["make"], []),
        ([], ["gcc"], "lacking", [], ["gcc"]),
    ],
)
def test_lists_are_compared(
    packages: list[str],
    best: list[str],
    outcome: str,
    idle: list[str],
    lacking: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bare_debian.closure", lambda _, names: frozenset(names))
    verdict = compared(Cache.__new__(Cache), "x==1", packages, {"minimal_apt": best})
    assert (verdict.outcome, verdict.superfluous, verdict.lacking) == (outcome, idle, lacking)
    assert summary([verdict]).startswith(f"{int(outcome == 'ok')} of 1 built")
