"""The indices of a Debian release, read from a folder of files; must not know what a table keeps of them.

The files are those of apt, under apt's own names without the host (`bookworm_main_source_Sources.gz`,
`bookworm-security_main_binary-amd64_Packages.gz`, `bookworm_main_Contents-all.gz`), plain, .gz or .xz.
Their formats: https://wiki.debian.org/DebianRepository/Format
"""

from __future__ import annotations

import email.utils
import gzip
import lzma
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TextIO, cast

__all__ = ["Binary", "binaries", "contents", "date", "popularity", "upstream"]

_RELATION = re.compile(r"\s*([a-z0-9][a-z0-9+.-]*)")
_PYTHON = re.compile(r"python3-\S+ deb \S+ \S+ .*arch=(?!all)")


@dataclass(slots=True, kw_only=True)
class Binary:
    """A binary package: its newest version over the suites of the release, and what it depends on."""

    name: str
    version: str
    depends: tuple[tuple[str, ...], ...]
    provides: tuple[str, ...] = ()
    required: bool = False
    transitional: bool = False


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8", errors="replace"))
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", errors="replace")
    return path.open(encoding="utf-8", errors="replace")


def _lines(folder: Path, ending: str) -> Iterator[str]:
    """The lines of every index whose name ends so, files in the order of their names."""
    for path in sorted(folder.iterdir()):
        stem = path.name.removesuffix(".gz").removesuffix(".xz")
        if not stem.endswith(ending):
            continue
        with _opened(path) as file:
            yield from file
        yield "\n"


def _stanzas(folder: Path, ending: str, wanted: frozenset[str]) -> Iterator[dict[str, str]]:
    stanza: dict[str, str] = {}
    key = ""
    for line in _lines(folder, ending):
        if line == "\n":
            if stanza:
                yield stanza
            stanza, key = {}, ""
        elif line[0] in " \t":
            if key:
                stanza[key] += "\n" + line.strip()
        else:
            name, _, value = line.partition(":")
            key = name if name in wanted else ""
            if key:
                stanza[key] = value.strip()


def _relations(text: str) -> tuple[tuple[str, ...], ...]:
    """`a (>= 1), b | c` as (("a",), ("b", "c")); versions and architectures are left out."""
    found = []
    for clause in text.split(","):
        names = tuple(match[1] for option in clause.split("|") if (match := _RELATION.match(option)))
        if names:
            found.append(names)
    return tuple(found)


def binaries(folder: Path) -> dict[str, Binary]:
    """Every binary package of the Packages indices; of several versions, the newest."""
    wanted = frozenset(
        {"Package", "Version", "Depends", "Pre-Depends", "Provides", "Essential", "Priority", "Section"}
    )
    found: dict[str, Binary] = {}
    for stanza in _stanzas(folder, "_Packages", wanted):
        name, version = stanza["Package"], stanza["Version"]
        if name in found and _order(found[name].version) >= _order(version):
            continue
        depends = _relations(stanza.get("Pre-Depends", "") + "," + stanza.get("Depends", ""))
        found[name] = Binary(
            name=name,
            version=version,
            depends=depends,
            provides=tuple(names[0] for names in _relations(stanza.get("Provides", ""))),
            required=stanza.get("Essential") == "yes" or stanza.get("Priority") == "required",
            transitional=stanza.get("Section") == "oldlibs",
        )
    return found


def popularity(folder: Path) -> tuple[Counter[str], Counter[str]]:
    """How many sources build-depend on a package: those of compiled Python modules, and all."""
    wanted = frozenset(
        {"Package", "Build-Depends", "Build-Depends-Arch", "Build-Depends-Indep", "Package-List"}
    )
    python: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for stanza in _stanzas(folder, "_Sources", wanted):
        depends = ",".join(stanza.get(key, "") for key in wanted if key.startswith("Build"))
        names = {option for clause in _relations(depends) for option in clause}
        every.update(names)
        if _PYTHON.search(stanza.get("Package-List", "")):
            python.update(names)
    return python, every


def contents(folder: Path) -> Iterator[tuple[str, str]]:
    """Each path (without the leading slash) with a package that ships it."""
    for ending in ("_Contents-amd64", "_Contents-all"):
        for line in _lines(folder, ending):
            path, _, owners = line.rstrip("\n").rpartition(" ")
            for owner in owners.split(","):
                yield path.rstrip(), owner.rpartition("/")[2]


def date(folder: Path) -> str:
    """The day of the newest Release file, which vouches for the indices."""
    days = [
        email.utils.parsedate_to_datetime(line.partition(":")[2].strip()).date().isoformat()
        for line in _lines(folder, "_InRelease")
        if line.startswith("Date:")
    ]
    return max(days)


def upstream(version: str) -> str:
    """The numbers of the upstream part of a Debian version.

    >>> upstream("1:9.1.1-1+b1"), upstream("1.96.0+dfsg1-1~deb12u2"), upstream("4:12.2.0-3")
    ('9.1.1', '1.96.0', '12.2.0')
    """
    found = re.match(r"\d+(\.\d+)*", version.partition(":")[2] if ":" in version else version)
    return found[0] if found else "0"


@cache
def _order(version: str) -> tuple[int, tuple[tuple[int, ...] | tuple[int, str], ...]]:
    """A key that sorts versions as dpkg does.

    https://www.debian.org/doc/debian-policy/ch-controlfields.html#version
    """
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    parts: list[tuple[int, ...]] = []
    for text, number in re.findall(r"([^0-9]*)([0-9]*)", rest.replace("-", "\0")):
        weights = [
            -1 if c == "~" else 0 if c == "\0" else ord(c) if c.isalpha() else ord(c) + 256 for c in text
        ]
        parts += [(*weights, 0), (int(number or 0),)]
    return int(epoch), tuple(parts)
