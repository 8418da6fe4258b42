"""Plans as `planner.plan.layout` writes them, read line by line; knows that form of TOML, opens no file.

`tomllib` takes 24 ms for a plan of 200 packages, as long as all else that `verify` does. What is written in
any other way is an `UnusualError` here, and is left to `tomllib` by the caller: both give the same document,
but for moments, which stay text.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["UnusualError", "read_lines"]

_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_QUOTED = re.compile(r'"[^"\\]*"\Z')
_TOKEN = re.compile(
    r'"(?P<text>[^"\\]*)"|"(?P<escaped>(?:[^"\\]|\\.)*)"|(?P<mark>[\[\]{},=])'
    r"|(?P<moment>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))|(?P<number>0|[1-9]\d{0,17})(?![\w.-])"
    r"|(?P<word>[A-Za-z0-9_-]+)| +"
)
_ESCAPE = re.compile(r'\\(?:(["\\])|([btnfr])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|\\')
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}
_WHEEL = re.compile(
    r'\[?\{ name = "(?P<name>[^"\\]+)"(?:, upload-time = (?P<moment>\d{4}-\d\d-\d\dT[\d:.]+Z))?'
    r', (?P<kind>url|path) = "(?P<place>[^"\\]+)"(?:, size = (?P<size>0|[1-9]\d{0,17}))?'
    r', hashes = \{ sha256 = "(?P<sha256>[^"\\]*)" \} \}\]?\Z'
)
_DEEPEST = 8


class UnusualError(ValueError):
    """A line that wheelplan does not write."""


def read_lines(text: str) -> dict[str, Any]:
    """The document. Raises `UnusualError` for all that is not as wheelplan writes it."""
    if "\r" in text or "\t" in text:
        raise UnusualError("tabs and carriage returns")
    document: dict[str, Any] = {}
    here = document
    seen: set[str] = set()
    for line in text.split("\n"):
        first = line[:1]
        if not first:
            continue
        if not line.isprintable():
            raise UnusualError(line)
        if first == "#":
            continue
        if first == "[":
            here = _table(document, line, seen)
            continue
        key, equals, value = line.partition(" = ")
        if first == '"' and _QUOTED.match(key):
            key = key[1:-1]
        elif not _KEY.match(key):
            raise UnusualError(line)
        if not equals or key in here:
            raise UnusualError(line)
        here[key] = _value(value)
    return document


def _table(document: dict[str, Any], line: str, seen: set[str]) -> dict[str, Any]:
    """The table that a header opens; only those headers that a plan has."""
    if line == "[[packages]]":
        if "tool" in document or not isinstance(document.setdefault("packages", []), list):
            raise UnusualError(line)
        package: dict[str, Any] = {}
        document["packages"].append(package)
        return package
    if line == "[packages.tool.wheelplan]":
        packages = document.get("packages")
        if not packages or not isinstance(packages[-1], dict) or "tool" in packages[-1]:
            raise UnusualError(line)
        inner: dict[str, Any] = {}
        packages[-1]["tool"] = {"wheelplan": inner}
        return inner
    if line == "[tool.wheelplan]" and "tool" not in document:
        ours: dict[str, Any] = {}
        document["tool"] = {"wheelplan": ours}
        return ours
    many = line.startswith("[[")
    name = line.removeprefix("[[tool.wheelplan.").removesuffix("]]") if many else "machine"
    ours = document["tool"]["wheelplan"] if "tool" in document else {}
    if not ours or not _KEY.match(name) or not (many or line == "[tool.wheelplan.machine]"):
        raise UnusualError(line)
    table: dict[str, Any] = {}
    if not many:
        if name in ours:
            raise UnusualError(line)
        ours[name] = table
        return table
    if name not in seen and name in ours:
        raise UnusualError(line)
    seen.add(name)
    ours.setdefault(name, []).append(table)
    return table


def _value(text: str) -> Any:
    """A value: the forms that nine of ten lines have at once, all others word by word."""
    first, last = text[:1], text[-1:]
    if first == last == '"' and len(text) > 1:
        inner = text[1:-1]
        if '"' not in inner and "\\" not in inner:
            return inner
    elif first == "[" and last == "]" and "\\" not in text:
        if text.startswith('["') and text.endswith('"]'):
            pieces = text[2:-2].split('", "')
            if not any('"' in piece for piece in pieces):
                return pieces
        elif text.startswith('[{ name = "') and text.endswith('" }]'):
            pieces = text[11:-4].split('" }, { name = "')
            if not any('"' in piece for piece in pieces):
                return [{"name": piece} for piece in pieces]
    if first in "[{" and (wheel := _WHEEL.match(text)) and (first == "[") == (last == "]"):
        return [_file(wheel)] if first == "[" else _file(wheel)
    words = _Words(text)
    value = words.value(0)
    words.end()
    return value


def _file(wheel: re.Match[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": wheel["name"], wheel["kind"]: wheel["place"]}
    if wheel["moment"]:
        found["upload-time"] = wheel["moment"]
    if wheel["size"]:
        found["size"] = int(wheel["size"])
    found["hashes"] = {"sha256": wheel["sha256"]}
    return found


class _Words:
    """The words of one value, taken one by one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def _next(self) -> tuple[str, str]:
        """(kind, text) of the next word; ("", "") at the end."""
        while self._at < len(self._text):
            match = _TOKEN.match(self._text, self._at)
            if match is None:
                raise UnusualError(self._text)
            self._at = match.end()
            if match.lastgroup:
                return match.lastgroup, match[match.lastgroup]
        return "", ""

    def end(self) -> None:
        if self._next() != ("", ""):
            raise UnusualError(self._text)

    def value(self, depth: int) -> Any:
        return self._made(*self._next(), depth)

    def _made(self, kind: str, text: str, depth: int) -> Any:
        if depth > _DEEPEST:
            raise UnusualError(self._text)
        if kind in ("text", "moment"):
            return text
        if kind == "escaped":
            return _ESCAPE.sub(self._plain, text)
        if kind == "number":
            return int(text)
        if kind == "word" and text in ("true", "false"):
            return text == "true"
        if (kind, text) == ("mark", "["):
            return self._list(depth)
        if (kind, text) == ("mark", "{"):
            return self._inline(depth)
        raise UnusualError(self._text)

    def _plain(self, match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        if match[2]:
            return _SHORT[match[2]]
        code = int(match[3] or match[4] or "110000", 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise UnusualError(self._text)
        return chr(code)

    def _list(self, depth: int) -> list[Any]:
        found: list[Any] = []
        kind, text = self._next()
        while (kind, text) != ("mark", "]"):
            found.append(self._made(kind, text, depth + 1))
            kind, text = self._next()
            if (kind, text) == ("mark", ","):
                kind, text = self._next()
                if (kind, text) == ("mark", "]"):
                    raise UnusualError(self._text)
            elif (kind, text) != ("mark", "]"):
                raise UnusualError(self._text)
        return found

    def _inline(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        kind, text = self._next()
        while (kind, text) != ("mark", "}"):
            key = text
            named = kind in ("word", "text") or (kind == "number" and text.isdecimal())
            if not named or key in found or self._next() != ("mark", "="):
                raise UnusualError(self._text)
            found[key] = self.value(depth + 1)
            kind, text = self._next()
            if (kind, text) == ("mark", ","):
                kind, text = self._next()
                if (kind, text) == ("mark", "}"):
                    raise UnusualError(self._text)
            elif (kind, text) != ("mark", "}"):
                raise UnusualError(self._text)
        return found
