"""Names of well-known projects, to tell what a mistyped one may mean; knows names alone, asks no index."""

from __future__ import annotations

import difflib
from functools import lru_cache
from importlib.resources import files

__all__ = ["known_names", "neighbours"]


@lru_cache(maxsize=1)
def known_names() -> tuple[str, ...]:
    """The names of the table, most downloaded first (`names.txt` tells the source)."""
    text = files("planner.knowledge").joinpath("names.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def neighbours(name: str, others: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Up to three known names that look like `name`, nearest first; `others` are further names to consider.

    >>> neighbours("pstuil")[0]
    'psutil'
    """
    candidates = {known: None for known in (*others, *known_names()) if known != name}
    return tuple(difflib.get_close_matches(name, candidates, 3, 0.75))
