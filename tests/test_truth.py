"""What plans list against what real builds took: recorded sdists of tests/truth, nothing built.

A row that lacks something fails the build; what is listed beyond a set that works may be superfluous, or another
set that works as well (only a real build tells: `benchmarks/bare_debian.py --plan`).
"""

from __future__ import annotations

from planner.knowledge.debian import release
from tests.truth.table import Row, archive, listed, rows

# What is known to fail or to be listed in vain, so that it is seen when it is mended.
LACKING = frozenset({"cyvcf2", "psycopg-c", "python-ldap", "python-rtmidi", "rpy2"})
IN_VAIN = frozenset({"scandir"})
REFUSED: frozenset[str] = frozenset()


def _with_brought(names: frozenset[str]) -> frozenset[str]:
    """The packages and all that they bring: another set may serve as well."""
    debian = release("debian", "12")
    assert debian is not None
    return names.union(*(debian.brings(name) for name in names))


def test_plans_list_what_builds_need_and_little_more() -> None:
    by_file = {row.sdist: row for row in rows()}
    found = [(by_file[name], listed(by_file[name], data)) for name, data in archive() if name in by_file]
    refused = {str(row.name) for row, got in found if isinstance(got, str)}
    assert refused == REFUSED
    built: list[tuple[Row, frozenset[str], frozenset[str]]] = [
        (row, row.packages, got)
        for row, got in found
        if row.packages is not None and not isinstance(got, str)
    ]
    assert len(built) >= 180
    lacking = {str(row.name): needed - _with_brought(got) for row, needed, got in built}
    lacking = {name: names for name, names in lacking.items() if names}
    assert lacking.keys() == LACKING, lacking
    for half in ("given", "tune", "hold"):
        names = {str(row.name) for row, _, _ in built if row.half == half}
        assert len(lacking.keys() & names) <= 0.05 * len(names), f"{half}: nineteen of twenty must succeed"
    more = {str(row.name): {name for name in got - needed if not _with_brought(frozenset({name})) & needed}
            for row, needed, got in built}  # fmt: skip
    assert sum(map(len, more.values())) <= 0.25 * len(built), "at most one is superfluous on average"
    in_vain = {str(row.name) for row, needed, got in built if got and not needed}
    assert in_vain == IN_VAIN, "nothing is listed for what builds with nothing"
