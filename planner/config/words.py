"""The settings that wheelplan knows, and what is said for them; knows names and kinds, reads no files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal, TypeAlias

from planner.errors import UsageError

__all__ = [
    "CHOICES",
    "KINDS",
    "IndexWord",
    "Kind",
    "Layer",
    "Said",
    "Value",
    "anchored",
    "convert",
    "listed",
    "nearest",
    "parse_bool",
]

Value: TypeAlias = str | bool | float | tuple[str, ...]
Kind: TypeAlias = Literal["flag", "text", "number", "list", "names"]

KINDS: Mapping[str, Kind] = {
    # where from
    "index-url": "text",
    "default-index": "text",
    "extra-index-url": "list",
    "index": "list",
    "find-links": "list",
    "no-index": "flag",
    "index-strategy": "text",
    "trusted-host": "list",
    "keyring-provider": "text",
    "cert": "text",
    "client-cert": "text",
    "proxy": "text",
    "timeout": "number",
    "offline": "flag",
    "http2": "flag",
    "no-cache": "flag",
    "cache-dir": "text",
    "refresh": "flag",
    # which files
    "no-binary": "names",
    "only-binary": "names",
    "no-build": "flag",
    "no-build-package": "list",
    "no-binary-package": "list",
    "prefer-binary": "flag",
    "allow-build": "list",
    "require-hashes": "flag",
    "no-require-hashes": "flag",
    "no-build-isolation": "flag",
    "no-build-isolation-package": "list",
    # which versions
    "pre": "flag",
    "prerelease": "text",
    "all-releases": "names",
    "only-final": "names",
    "exclude-newer": "text",
    "uploaded-prior-to": "text",
    "resolution": "text",
    "no-deps": "flag",
    "constraint": "list",
    "build-constraint": "list",
    "upgrade": "flag",
    "upgrade-package": "list",
    "torch-backend": "text",
    "torch-index": "text",
    "installed-torch": "text",
    "prefer": "text",
    "max-held-back": "text",
    # for which machine, and how it is told
    "python": "text",
    "python-version": "text",
    "python-platform": "text",
    "platform": "list",
    "machine": "text",
    "assume": "list",
    "fail-on": "text",
}

CHOICES: Mapping[str, tuple[str, ...]] = {
    "index-strategy": ("first-index", "unsafe-first-match", "unsafe-best-match"),
    "prerelease": ("disallow", "allow", "if-necessary", "explicit", "if-necessary-or-explicit"),
    "resolution": ("highest", "lowest", "lowest-direct"),
    "prefer": ("wheels", "newest"),
    "installed-torch": ("keep", "ignore"),
    "fail-on": ("error", "warning", "note", "never"),
}

_PATHS = ("find-links", "constraint", "build-constraint", "cert", "client-cert", "cache-dir", "torch-index")


@dataclass(frozen=True, slots=True)
class Said:
    """A setting's value as one source gives it, and its `origin`: `PIP_PRE`, `pip.conf [global] pre`."""

    name: str
    value: Value
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexWord:
    """An index of uv's kind: perhaps named, the default one, or explicit (only for what is pinned to it)."""

    url: str
    name: str = ""
    default: bool = False
    explicit: bool = False
    origin: str = ""


@dataclass(slots=True)
class Layer:
    """All that one source says, strongest first; `notes` are (where, sentence) on what has no effect."""

    said: list[Said] = field(default_factory=list)
    indexes: list[IndexWord] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def first(self, name: str) -> Said | None:
        """The strongest word for that setting."""
        return next((said for said in self.said if said.name == name), None)

    def all(self, *names: str) -> Iterable[Said]:
        """Every word for those settings, the strongest first."""
        return (said for said in self.said if said.name in names)


def parse_bool(text: str) -> bool | None:
    """The words of pip and uv for yes and no; None for anything else.

    >>> parse_bool("Yes"), parse_bool("0"), parse_bool("maybe")
    (True, False, None)
    """
    lowered = text.strip().lower()
    if lowered in ("y", "yes", "t", "true", "on", "1"):
        return True
    return False if lowered in ("n", "no", "f", "false", "off", "0") else None


def convert(name: str, value: Any, origin: str, *, separator: str | None = None) -> Said:
    """The word for a known setting, from a string of the environment or a value of TOML; raises `UsageError`.

    `separator` parts lists in strings (None: white space, as pip does).
    """
    kind = KINDS[name]
    wanted: Value | None = None
    if kind == "flag":
        wanted = value if isinstance(value, bool) else parse_bool(value) if isinstance(value, str) else None
    elif kind == "number":
        wanted = _number(value)
    elif kind in ("list", "names"):
        wanted = _items(value, separator)
        if kind == "names" and wanted is not None:
            wanted = ",".join(item.strip() for text in wanted for item in text.split(",") if item.strip())
    elif isinstance(value, str):
        wanted = value.strip()
    if wanted is None:
        forms = {"flag": "true or false", "number": "a number", "text": "a string"}
        raise UsageError(
            f"`{name}` is {str(value)[:60]!r}, and must be {forms.get(kind, 'a list of strings')}.",
            where=origin,
        )
    allowed = CHOICES.get(name)
    if allowed and wanted not in allowed:
        hint = nearest(str(wanted), allowed)
        raise UsageError(
            f"`{name}` is {str(wanted)[:60]!r}, and must be {listed(allowed)}.", where=origin, hint=hint
        )
    return Said(name, wanted, origin)


def anchored(said: Said, directory: str) -> Said:
    """The word of a TOML file with its paths made absolute from that file's directory, as uv does."""
    if said.name not in _PATHS:
        return said

    def place(text: str) -> str:
        return text if re.match(r"[A-Za-z][\w+.-]*:|~", text) else str(PurePath(directory, text))

    value = tuple(map(place, said.value)) if isinstance(said.value, tuple) else place(str(said.value))
    return Said(said.name, value, said.origin)


def _number(value: Any) -> float | None:
    try:
        number = (
            float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None
        )
    except ValueError:
        return None
    return number if number is not None and 0 < number < float("inf") else None


def _items(value: Any, separator: str | None) -> tuple[str, ...] | None:
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(separator) if item.strip())
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def listed(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word that is most like it, or ''."""
    from difflib import get_close_matches  # noqa: PLC0415 -- only for a mistake

    near = get_close_matches(word, list(known), 1, 0.6)
    return f"Did you mean {near[0]}?" if near else ""


def parse_index(word: str, origin: str) -> IndexWord:
    """Read uv's `--index`: an address, or `NAME=ADDRESS`.

    >>> parse_index("cu128=https://index.test/whl/cu128", "").name
    'cu128'
    """
    found = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)=(.+)$", word)
    return (
        IndexWord(url=found[2], name=found[1], origin=origin) if found else IndexWord(url=word, origin=origin)
    )
