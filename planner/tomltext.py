"""TOML that others wrote, read within limits; knows syntax only, and must not know what a key means."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["TomlProblem", "line_of", "load_toml", "strings", "table"]

LARGEST = 16 * 2**20
MOST_DOTS = 200  # a key of thousands of parts takes the parser seconds (quadratic)
MOST_DOTS_IN_A_LINE = 2_000  # an inline table holds such keys too


class TomlProblem(ValueError):  # noqa: N818 -- it becomes an InputError or a UsageError where the file is known
    """Why a document cannot be read, in one sentence, and its line (0: none)."""

    def __init__(self, what: str, line: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.line = line


def load_toml(data: bytes) -> dict[str, Any]:
    """The document. Raises `TomlProblem` for bad syntax, bytes that are no UTF-8, absurd size and depth.

    >>> load_toml(b"a.b = 1")
    {'a': {'b': 1}}
    """
    if len(data) > LARGEST:
        raise TomlProblem(f"The file is larger than {LARGEST >> 20} MiB.")
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TomlProblem("TOML is UTF-8, and this line is not.", line) from None
    for number, line_text in enumerate(text.split("\n"), 1):
        dots = line_text.count(".")
        if dots > MOST_DOTS_IN_A_LINE or line_text.partition("=")[0].count(".") > MOST_DOTS:
            raise TomlProblem("A key has too many parts.", number)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        reason = re.sub(r"\s*\(at .*\)$", "", str(error))
        line = int(found[1]) if found else text.count("\n") + 1  # else it says: at the end of the document
        raise TomlProblem(f"This is no valid TOML: {reason[:120]}.", line) from None
    except (RecursionError, ValueError):
        raise TomlProblem("It is nested too deeply, or holds a number that is too long.") from None


def table(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The table at that path; an empty one when it is not there. Raises `TomlProblem` when it is no table."""
    here: Any = document
    for depth, key in enumerate(path, 1):
        here = here.get(key, {})
        if not isinstance(here, dict):
            raise TomlProblem(f"`{'.'.join(path[:depth])}` is no table.")
    found: Mapping[str, Any] = here
    return found


def strings(where: str, value: Any) -> tuple[str, ...]:
    """The list of strings; `where` is its name for the message. Raises `TomlProblem` for anything else."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TomlProblem(f"`{where}` is no list of strings.")
    return tuple(value)


def line_of(data: bytes, item: str, after: str = "") -> int:
    """The line of a string in quotation marks, behind the first mention of `after`; 0 when not found."""
    start = max(data.find(after.encode()), 0)
    for quote in ('"', "'"):
        at = data.find(f"{quote}{item}{quote}".encode(), start)
        if at >= 0:
            return data.count(b"\n", 0, at) + 1
    escaped = item.replace("\\", "\\\\").replace('"', '\\"')
    at = data.find(f'"{escaped}"'.encode(), start)
    return data.count(b"\n", 0, at) + 1 if at >= 0 else 0
