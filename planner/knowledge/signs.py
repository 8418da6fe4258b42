r"""Which lines of a build's log tell why it failed, and of what; tables, knows no log and no machine.

The tables are `signs/*.toml`, one a topic, asked in that order; of one line the first sign that fits counts:

    [gcc-header]
    has = "fatal error: "         # what the line holds (or one of a list), to pass over the others quickly
    line = '''fatal error: (?P<name>\S+): '''      # a regular expression, searched in the line
    after = '''…'''               # one that a line shortly before it must hold
    lines = 3                     # `line` is searched in so many lines, joined by blanks (else 1)
    code = "WP201"                # of the finding
    subject = "header:{name}"     # what is missing, too old or too new; {name} is a group of `line`
    specifier = ">={need}"        # in which versions it would do
    why = "…"                     # what was seen, in words (else the code's own)
    fix = "…"                     # what to do, where no package does it
    rank = 2                      # 1 to 9, the less the nearer to the cause: of a log, the least counts
    example = "a.c:1:10: fatal error: nope.h: No such file or directory"
    source = "gcc"                # words of the file's table of sources, or an address

A group may be told in several ways: `name`, `name2` … are one; the first that is there is taken.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["TOPICS", "Sign", "signs"]

TOPICS = ("machine", "cuda", "projects", "python", "rust", "configuring", "compiling", "network")
"""The tables, in the order in which they are asked: the particular before the general."""

_MUST = frozenset({"has", "line", "code", "example", "source"})
_KEYS = _MUST | {"after", "subject", "specifier", "why", "fix", "lines", "rank", "role"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One way in which a log tells a cause; the texts with `{…}` are filled from the groups of `line`.

    `rank` orders signs by how near to the cause they are, 1 first. `after` is None or must be found in a line
    shortly before. `role` is that of the need (see `planner.needs`).
    """

    id: str
    has: tuple[str, ...]
    line: re.Pattern[str]
    code: str
    after: re.Pattern[str] | None = None
    lines: int = 1
    subject: str = ""
    specifier: str = ""
    why: str = ""
    fix: str = ""
    rank: int = 2
    role: str = "build"
    example: str
    source: str

    def groups(self, match: re.Match[str]) -> Mapping[str, str]:
        """The groups by name, numbered ones as one."""
        found: dict[str, str] = {}
        for name, text in match.groupdict().items():
            if text:
                found.setdefault(name.rstrip("0123456789"), text)
        return found


@lru_cache(maxsize=1)
def signs() -> tuple[Sign, ...]:
    """All signs, in the order in which a line is held against them. ValueError: a mistake in a row."""
    found: dict[str, Sign] = {}
    for topic in TOPICS:
        text = files("planner.knowledge").joinpath(f"signs/{topic}.toml").read_text(encoding="utf-8")
        document = tomllib.loads(text)
        sources = document.pop("sources", {})
        for key, row in document.items():
            if key in found:
                raise ValueError(f"{topic}.toml: [{key}] is told twice")
            found[key] = _sign(f"{topic}.toml: [{key}]", key, row, sources)
    return tuple(found.values())


def _sign(where: str, key: str, row: object, sources: Mapping[str, str]) -> Sign:
    if not isinstance(row, dict) or not row.keys() <= _KEYS or not row.keys() >= _MUST:
        raise ValueError(f"{where} is no row, or lacks or has other keys than it may")
    numbers = {name: row[name] for name in ("lines", "rank") if name in row}
    has = (row["has"],) if isinstance(row["has"], str) else tuple(row["has"])
    texts = {name: text for name, text in row.items() if name not in (*numbers, "has")}
    if not all(isinstance(one, int) and 1 <= one <= 9 for one in numbers.values()):
        raise ValueError(f"{where} lines and rank are numbers from 1 to 9")
    if not all(isinstance(one, str) and one for one in (*texts.values(), *has)):
        raise ValueError(f"{where} holds what is no text, or empty")
    return Sign(
        id=key,
        has=has,
        line=re.compile(texts["line"]),
        after=re.compile(texts["after"]) if "after" in texts else None,
        code=texts["code"],
        subject=texts.get("subject", ""),
        specifier=texts.get("specifier", ""),
        why=texts.get("why", ""),
        fix=texts.get("fix", ""),
        role=texts.get("role", "build"),
        example=texts["example"],
        source=" ".join(sources.get(word, word) for word in texts["source"].split()),
        **numbers,
    )
