"""The form of `reported.toml`: labels in the vocabulary, halves by the hash, nothing that names a person or a host."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

from planner.facts import is_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LOGS = tomllib.loads((Path(__file__).parent / "reported.toml").read_text(encoding="utf-8"))["log"]
WITH_SUBJECT = {"missing", "too-old", "too-new", "module", "python", "mismatch"}
WITHOUT = {"memory", "disk", "network", "permission", "sources", "unknown", "none"}
OTHER_SUBJECTS = re.compile(r"(dep:(virtual|generic)/|cmake:|crate:|module:|pkgutil\.).")
PRIVATE = re.compile(
    r"/home/(?!user/|runner/)|/Users/(?!user/)|C:\\+Users\\+(?!user\\)|\bpy(?:pi)\.\w|python(?:hosted)|crates\.io/"
)


def test_every_row_is_labelled_in_the_vocabulary() -> None:
    assert len({row["id"] for row in LOGS}) == len({row["source"] for row in LOGS}) == len(LOGS) >= 150
    for row in LOGS:
        assert row["kind"] in WITH_SUBJECT | WITHOUT, row["id"]
        assert ("subject" in row) == (row["kind"] in WITH_SUBJECT), row["id"]
        subject = row.get("subject", "python")
        assert is_name(subject) or OTHER_SUBJECTS.match(subject), row["id"]
        assert row["form"] in ("reproduced", "retold"), row["id"]
        assert row["fix_by"] in ("thread", "us"), row["id"]
        assert all(row[key].strip() for key in ("fix", "project", "text")), row["id"]


def test_half_is_the_hash_of_the_source() -> None:
    for row in LOGS:
        odd = hashlib.sha256(row["source"].encode()).digest()[0] % 2
        assert row["half"] == ("tune" if odd else "hold"), row["id"]


def test_no_text_names_a_person_or_a_registry() -> None:
    for row in LOGS:
        assert not PRIVATE.search(row["text"]), row["id"]
