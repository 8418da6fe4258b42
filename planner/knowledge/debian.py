"""Which Debian package supplies a header, a module or a program: a derived table; asks no machine.

`debian.txt.gz` was made from Debian's own indices by `refresh/debian_contents.py`. Its first line names the
releases with the day of their indices. Then come packages, those first that most sources of compiled Python
modules build-depend on:

    >libpq-dev 15.20 17.12        name, and the version in each release (`-`: not in it); `!`: always there
    + libssl-dev …                what installing it brings
    h /postgresql/ libpq-fe.h …   headers of one folder, below the folder that a compiler looks in
    H /postgresql/libpq/ …        folders with headers that are not named
    p libpq   l pq   b pg_config  c …   modules of pkg-config, libraries, programs, CMake packages
    ^ python3-dev …               packages that stand for this one

A number behind the letter (`h12`) says that the line holds for that release alone.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

__all__ = ["Release", "release"]

# Empty packages that only depend on the other, so that whoever has that needs them no more.
# https://packages.debian.org/bookworm/pkg-config
_EMPTY = {"pkg-config": "pkgconf"}
_LETTERS = {"pkg-config": "p", "library": "l", "program": "b", "cmake": "c"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release: `number` is 12, `day` that of its indices (`2026-11-22`)."""

    number: str
    day: str
    text: str = field(repr=False)
    column: int = field(repr=False)

    def package_of(self, subject: str) -> tuple[str, ...]:
        """The packages that supply `header:…`, `pkg-config:…`, `library:…`, `program:…` or `cmake:…`.

        Best first: by how many sources of compiled Python modules build-depend on a package. A header is
        found in any folder that ends as it is asked for (`libpq-fe.h` in `postgresql/`), but those come
        first that have it where a compiler looks by itself.
        """
        family, _, name = subject.partition(":")
        if not name or " " in name or "\n" in name:
            return ()
        if family == "header":
            at_hand, elsewhere = self._with_header(name)
            return tuple(dict.fromkeys((*self._ranked(at_hand), *self._ranked(elsewhere))))
        if family not in _LETTERS:
            return ()
        found = self._lines(f" {name} ", _LETTERS[family])
        if family == "cmake" and not found:
            found = self._lines(f" {name.lower()} ", "c")
        return self._ranked(found)

    def version(self, package: str) -> str:
        """The upstream version of a package in this release: `3.11.2`; "" when the table has none."""
        start = self._start(package)
        word = self._line(start).split(" ")[1 + self.column] if start >= 0 else "-"
        return "" if word == "-" else word

    def brings(self, package: str) -> frozenset[str]:
        """What else is there once it is installed without recommended ones: all that it depends on."""
        seen: set[str] = {package}
        todo = [package]
        while todo:
            for name in self._words(todo.pop(), "+"):
                if name not in seen:
                    seen.add(name)
                    todo.append(name)
        also = {name for name, real in _EMPTY.items() if real in seen}
        return frozenset((seen | also) - {package})

    def always(self, package: str) -> bool:
        """Whether every installation of this release has it (Essential, or of priority required)."""
        start = self._start(package)
        return start >= 0 and self._line(start).endswith(" !")

    def _with_header(self, name: str) -> tuple[list[int], list[int]]:
        """The lines of packages that ship it, those at hand and all; else of those with its folder."""
        folder, _, base = name.rpartition("/")
        ending = f"/{folder}/" if folder else "/"
        found = self._lines(f" {base} ", "h", ending)
        found += self._lines(f"{ending} ", "H") if folder else []
        while folder and not found:
            folder = folder.rpartition("/")[0]
            found = self._lines(f"/{folder}/ ", "H") if folder else []
        return [line for line in found if self._folder(line) == ending], found

    def _lines(self, word: str, letter: str, ending: str = "") -> list[int]:
        """Where the lines of that letter start that hold a word; of headers, in a folder that ends so."""
        found: list[int] = []
        at = self.text.find(word)
        while at >= 0:
            start = self.text.rfind("\n", 0, at) + 1
            kind = self.text[start : self.text.index(" ", start)]
            if kind[0] == letter and kind[1:] in ("", self.number) and self._folder(start).endswith(ending):
                found.append(start)
            at = self.text.find(word, at + len(word) - 1)
        return found

    def _folder(self, start: int) -> str:
        """The folder of a line of headers."""
        return self.text[start : start + 200].split(" ")[1]

    def _ranked(self, lines: list[int]) -> tuple[str, ...]:
        """The packages of some lines and those that stand for them, in the order of the table."""
        starts: set[int] = set()
        for line in lines:
            start = self.text.rfind("\n>", 0, line) + 1
            starts.add(start)
            package = self._line(start)[1:].split(" ")[0]
            starts |= {self._start(name) for name in self._words(package, "^")}
        names = (self._line(start)[1:].split(" ")[0] for start in sorted(starts) if start >= 0)
        return tuple(name for name in names if self.version(name))

    def _words(self, package: str, letter: str) -> list[str]:
        """The words of a package's lines of one letter, in this release."""
        start = self._start(package)
        if start < 0:
            return []
        end = self.text.find("\n>", start)
        lines = self.text[start : end if end >= 0 else None].split("\n")
        return [
            w
            for kind in (letter, letter + self.number)
            for x in lines
            if x.startswith(kind + " ")
            for w in x.split()[1:]
        ]

    def _start(self, package: str) -> int:
        return _start_of(self.text, package)

    def _line(self, start: int) -> str:
        return self.text[start : self.text.index("\n", start)]


@lru_cache(maxsize=4096)
def _start_of(text: str, package: str) -> int:
    """Where the lines of a package begin, or -1; kept, as every build depends on the same few."""
    return text.find(f"\n>{package} ") + 1 or -1


@lru_cache(maxsize=8)
def release(distro: str, version: str) -> Release | None:
    """The release of that `ID` and `VERSION_ID` of os-release; None where there is no table.

    A derivative has packages of its own, so that a table of Debian's would mislead there.

    >>> release("ubuntu", "24.04") is None
    True
    """
    if distro != "debian":
        return None
    text = _text()
    days = dict(word.split("=") for word in text[: text.index("\n")].split()[1:])
    number = version.partition(".")[0]
    if number not in days:
        return None
    return Release(number=number, day=days[number], text=text, column=sorted(days).index(number))


@lru_cache(maxsize=1)
def _text() -> str:
    return gzip.decompress(files("planner.knowledge").joinpath("debian.txt.gz").read_bytes()).decode("ascii")
