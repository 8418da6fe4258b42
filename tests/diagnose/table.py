"""The logs of this folder, each with what was wrong, and whether a diagnosis names it.

python -m tests.diagnose.table [tune|hold]        what is not right, and the counts
"""

from __future__ import annotations

import sys
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from planner.diagnosing.causes import Cause, diagnose
from planner.knowledge.debian import release
from planner.knowledge.things import thing_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
CODES: Mapping[str, frozenset[str]] = {
    "missing": frozenset({"WP201", "WP206"}),
    "too-old": frozenset({"WP202", "WP311", "WP312", "WP313"}),
    "too-new": frozenset({"WP212", "WP307", "WP308", "WP311"}),
    "module": frozenset({"WP210"}),
    "python": frozenset({"WP208"}),
    "mismatch": frozenset({"WP302", "WP303", "WP306", "WP308", "WP309", "WP311", "WP312", "WP313"}),
    "memory": frozenset({"WP403"}),
    "disk": frozenset({"WP404"}),
    "permission": frozenset({"WP405"}),
    "network": frozenset({"WP207", "WP604"}),
    "sources": frozenset({"WP213"}),
}
"""The kinds of cause of the tables, and the codes that say the same."""
COMPILERS = {
    "dep:virtual/compiler/c": {"gcc", "g++", "build-essential"},
    "dep:virtual/compiler/cxx": {"g++", "build-essential"},
    "dep:virtual/compiler/rust": {"rustc", "cargo", "rustc-web", "cargo-web"},
    "header:Python.h": {"python3-dev"},
}
FINE = frozenset({"none", "degraded"})
"""Kinds of logs in which nothing may be blamed."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One log: `lacking` are packages of Debian 12 that were left out, `subjects` and `kinds` what is right."""

    id: str
    text: str = field(repr=False)
    half: str
    kinds: frozenset[str]
    subjects: frozenset[str]
    lacking: frozenset[str]


def rows() -> Iterator[Row]:
    """All logs: those of our own builds, and those that were reported."""
    with tarfile.open(HERE / "builds.tar.xz") as tar:
        texts = {
            Path(member.name).name.removesuffix(".log"): stream.read().decode("utf-8", "replace")
            for member in tar
            if (stream := tar.extractfile(member)) is not None
        }
    for name, row in tomllib.loads((HERE / "builds.toml").read_text(encoding="utf-8")).items():
        yield _row(name, texts[name], row)
    reported: dict[str, Any] = tomllib.loads((HERE / "reported.toml").read_text(encoding="utf-8"))
    for row in reported["log"]:
        yield _row(row["id"], row["text"], row)


def _row(name: str, text: str, row: Mapping[str, Any]) -> Row:
    told = {row.get("kind", ""), row.get("subject", ""), *row.get("also", ())} - {""}
    return Row(
        id=name,
        text=text,
        half=row["half"],
        kinds=frozenset(told & (CODES.keys() | FINE | {"unknown"})) or frozenset({"missing"}),
        subjects=frozenset(one for one in told if ":" in one or one == "python"),
        lacking=frozenset(row.get("lacking", ())),
    )


def judged(row: Row) -> tuple[str, tuple[Cause, ...]]:
    """`right`, `wrong` or `unknown`: by the first cause that is told, as that is what a reader acts on."""
    causes = tuple(cause for one in diagnose(row.text).failed for cause in one.causes)
    if row.kinds & FINE:
        return ("wrong" if causes else "right"), causes
    if not causes:
        return ("right" if "unknown" in row.kinds else "unknown"), causes
    first = causes[0]
    by_code = any(first.code in CODES.get(kind, ()) for kind in row.kinds)
    if row.lacking and _packages(first.subject) & row.lacking.union(*map(_brought, row.lacking)):
        return "right", causes
    if first.subject and row.subjects and _id(first.subject) in {_id(subject) for subject in row.subjects}:
        return "right", causes
    sure = by_code and not (first.subject and row.subjects) and (row.kinds != {"missing"} or not row.lacking)
    return ("right" if sure else "wrong"), causes


def _id(subject: str) -> str:
    thing = thing_of(subject)
    return thing.id if thing is not None else subject.lower()


@cache
def _packages(subject: str) -> frozenset[str]:
    """The packages of Debian 12 that supply it."""
    debian, thing = release("debian", "12"), thing_of(subject)
    assert debian is not None
    named = (*thing.supplied_by("apt", "debian-12"), *thing.runtime.get("apt", ())) if thing else ()
    return frozenset((*named, *debian.package_of(subject), *COMPILERS.get(subject, ())))


@cache
def _brought(package: str) -> frozenset[str]:
    debian = release("debian", "12")
    assert debian is not None
    return debian.brings(package)


def main(half: str) -> None:
    """Print what is not right, and the counts by half."""
    counts: dict[str, Counter[str]] = {}
    for row in rows():
        verdict, causes = judged(row)
        counts.setdefault(row.half, Counter())[verdict] += 1
        if verdict != "right" and row.half == half:
            told = "; ".join(f"{one.code} {one.subject} [{one.sign}] {one.line.text[:100]}" for one in causes)
            wanted = sorted(row.kinds | row.subjects | row.lacking)
            print(f"{verdict} {row.id}: wanted {' '.join(wanted)}; told {told or 'nothing'}")
    for name, found in sorted(counts.items()):
        print(name, dict(found), f"{found['right'] / found.total():.1%} right")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tune")
