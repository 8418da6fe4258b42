"""Makes `planner/knowledge/debian.txt.gz` from the indices of Debian releases; must not be run by wheelplan.

    python -m planner.knowledge.refresh.debian_contents 12=FOLDER 13=FOLDER [--write]

prints how the table would change, as a unified diff, and writes it only when told to. FOLDER holds the
release's InRelease, Packages, Sources and Contents (`debian_indices` says how they are named). apt fetches
them: with apt-file installed and `deb` and `deb-src` lines for main, its updates and its security suite,
`apt-get -o Acquire::Languages=none -o Dir::State::lists=FOLDER … update`, then
`/usr/lib/apt/apt-helper cat-file FILE | gzip`. The same indices give the same bytes.
The form of the table is told in `planner.knowledge.debian`, which reads it.
"""

from __future__ import annotations

import difflib
import gzip
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from planner.knowledge.refresh.debian_indices import (
    Binary,
    binaries,
    contents,
    date,
    popularity,
    upstream,
)  # fmt: skip
from planner.knowledge.things import things

__all__ = ["Table", "main", "release_of", "text_of"]

TABLE = Path(__file__).parents[1] / "debian.txt.gz"
MULTIARCH = r"(?:x86_64-linux-gnu/)?"
_HEADER = re.compile(rf"usr/include/{MULTIARCH}(.+)|usr/lib/{MULTIARCH}[^/]+/include/(.+)")
_OF_A_COMPILER = re.compile(r"usr/include/c\+\+/([\d.]+)/([^/]+)$|usr/lib/gcc/x86_64-linux-gnu/([\d.]+)/(.+)")
_HEADER_NAME = re.compile(r"[^/ ]+\.(?:h|hh|hpp|hxx|h\+\+|H|cuh)$")
_MODULE = re.compile(r"usr/(?:lib|share)/(?:x86_64-linux-gnu/)?pkgconfig/([^/]+)\.pc$")
_LIBRARY = re.compile(rf"usr/lib/{MULTIARCH}(?:[^/]+/)?lib([^/ ]+)\.(?:so|a)$")
_PROGRAM = re.compile(r"(?:usr/)?s?bin/(?!x86_64-linux-gnu-)([^/ ]+)$")
_CMAKE = re.compile(r"usr/(?:lib|share)/(?:.*/)?([^/ ]+?)(?:Config|-config)\.cmake$")
MOST_NAMES = 200
"""Of a folder that holds more headers, only its name is kept."""
ALSO = {"default-libmysqlclient-dev": "libmariadb-dev", "mpi-default-dev": "libopenmpi-dev"}
"""Packages that stand for another by Debian's policy, while their names do not say it.

https://packages.debian.org/default-libmysqlclient-dev https://packages.debian.org/mpi-default-dev
"""


@dataclass(slots=True, kw_only=True)
class Table:
    """What a release says, before it is joined with another: words by package and kind of line."""

    day: str
    versions: dict[str, str]
    ranks: dict[str, tuple[int, int]]
    required: frozenset[str]
    words: dict[str, dict[str, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )


def release_of(folder: Path, always: Iterable[str] = ()) -> Table:
    """The table of one release; packages of `always` are kept whatever they ship."""
    known = binaries(folder)
    python, every = popularity(folder)
    words = _shipped(folder, known)
    metas = _metas(known, words)
    closures = _Closures(known, every)
    roots = {name for name in words if name in known and _is_used(words[name], every[name])}
    roots |= {name for chain in metas.items() for name in (chain[0], *chain[1])}
    roots |= {name for name in always if name in known}
    roots |= {name for name, binary in known.items() if binary.required}
    brought = {name for root in roots for name in closures.nearest(root, frozenset()) if name in words}
    kept = frozenset(roots | brought)
    table = Table(
        day=date(folder),
        versions={name: upstream(known[metas.get(name, [name])[-1]].version) for name in kept},
        ranks={name: (python[name], every[name]) for name in kept},
        required=frozenset(name for name in kept if known[name].required),
    )
    for name in kept:
        table.words[name].update(_shortened(words.get(name, {})))
        table.words[name]["+"] |= closures.nearest(name, kept) - table.required
    for meta, chain in metas.items():
        for real in chain:
            table.words[real]["^"].add(meta)
    return table


def _shipped(folder: Path, known: Mapping[str, Binary]) -> dict[str, dict[str, set[str]]]:
    """What each package ships that a build may ask for, by kind of line."""
    words: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    major = next(names[0][4:] for names in known["gcc"].depends if re.fullmatch(r"gcc-\d+", names[0]))
    owners = {
        f"libgcc-{major}-dev": "gcc",
        f"libstdc++-{major}-dev": "g++",
        f"libgfortran-{major}-dev": "gfortran",
    }
    for path, package in contents(folder):
        if found := _OF_A_COMPILER.match(path):
            _of_a_compiler(words, owners.get(package, ""), found[2] or found[4])
        elif found := _HEADER.match(path):
            where, _, name = (found[1] or found[2]).rpartition("/")
            if (_HEADER_NAME.match(name) or (where and "." not in name)) and " " not in path:
                words[package][f"h /{where}/" if where else "h /"].add(name)
        elif found := _PROGRAM.match(path):
            words[package]["b"].add(found[1])
        elif found := _MODULE.match(path):
            words[package]["p"].add(found[1])
        elif (found := _LIBRARY.match(path)) and "-dev" in package:
            words[package]["l"].add(found[1])
        elif found := _CMAKE.match(path):
            words[package]["c"].add(found[1])
    return words


def _is_used(words: Mapping[str, object], times: int) -> bool:
    """Whether sources build-depend on it: once for what one compiles with, twice for programs alone."""
    return times > (0 if _ships("hpl", words) else 1)


def _of_a_compiler(words: dict[str, dict[str, set[str]]], owner: str, path: str) -> None:
    """Headers and libraries of a compiler's own folders belong to the package that a person installs."""
    name = path.removeprefix("include/")
    if not owner or "/" in name:
        return
    if library := re.match(r"lib(.+)\.(?:so|a)$", name):
        words[owner]["l"].add(library[1])
    elif _HEADER_NAME.match(name) or "." not in name:
        words[owner]["h /"].add(name)


def _shortened(words: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Headers by name down to the second level (else the highest that there are), deeper ones by folder."""
    kept: dict[str, set[str]] = {}
    levels = [kind.count("/") - 1 for kind in words if kind.startswith("h")]
    deepest = max(1, min(levels, default=1))
    for kind, names in words.items():
        named = kind.count("/") - 1 <= deepest and (len(names) <= MOST_NAMES or kind == "h /")
        if named or not kind.startswith("h"):
            kept[kind] = names
        else:
            kept.setdefault("H", set()).add("/".join(kind[2:].split("/")[:3]).removesuffix("/") + "/")
    return kept


def _metas(known: Mapping[str, Binary], words: Mapping[str, Mapping[str, object]]) -> dict[str, list[str]]:
    """Packages without headers and libraries that stand for one with: `libjpeg-dev`, `python3-dev`."""
    found: dict[str, list[str]] = {}
    for name, binary in known.items():
        chain = [name]
        while not _ships("h", words.get(chain[-1], {})):
            akin = (clause[0] for clause in known[chain[-1]].depends if _akin(name, clause[0]))
            following = ALSO.get(chain[-1]) or next(akin, name)
            if following in chain or following not in known:
                break
            chain.append(following)
        if len(chain) > 1 and not binary.transitional and _ships("hl", words.get(chain[-1], {})):
            found[name] = chain[1:]
    return found


def _akin(meta: str, real: str) -> bool:
    """Whether the second is the first with more said: `libpython3-dev` for `python3-dev`."""
    if not (meta.endswith("-dev") and real.endswith("-dev")) or re.match(r"lib(32|64|x32|n32)", meta):
        return False
    plain = [re.sub(r"[\d.]+|^lib|-dev$", "", name) for name in (meta, real)]
    return plain[1].startswith(plain[0])


def _ships(letters: str, words: Mapping[str, object]) -> bool:
    """Whether a package has lines of one of these letters."""
    return any(kind[0] in letters for kind in words)


class _Closures:
    """What installing a package brings: first alternatives, virtual packages by their most used provider."""

    def __init__(self, known: Mapping[str, Binary], every: Mapping[str, int]) -> None:
        self.known = known
        self.providers: dict[str, list[str]] = defaultdict(list)
        for name, binary in known.items():
            for virtual in binary.provides:
                self.providers[virtual].append(name)
        for names in self.providers.values():
            names.sort(key=lambda name: (-every.get(name, 0), name))
        self.direct: dict[str, tuple[str, ...]] = {}

    def depends(self, name: str) -> tuple[str, ...]:
        if name not in self.direct:
            self.direct[name] = tuple(
                chosen for clause in self.known[name].depends if (chosen := self._chosen(clause))
            )
        return self.direct[name]

    def _chosen(self, clause: tuple[str, ...]) -> str:
        for option in clause:
            if option in self.known:
                return option
            if option in self.providers:
                return self.providers[option][0]
        return ""

    def nearest(self, root: str, stops: frozenset[str]) -> set[str]:
        """All that `root` depends on, but not what lies behind a package of `stops`; without stops, all."""
        seen: set[str] = {root}
        todo = [root]
        while todo:
            for name in self.depends(todo.pop()):
                if name not in seen:
                    seen.add(name)
                    if name not in stops:
                        todo.append(name)
        seen.discard(root)
        return seen & stops if stops else seen


def text_of(tables: Mapping[str, Table]) -> str:
    """The table of several releases; a line that differs between them is marked with its release."""
    names = {name for table in tables.values() for name in table.versions}

    def rank(name: str) -> tuple[int, int, str]:
        ranks = [table.ranks.get(name, (0, 0)) for table in tables.values()]
        return -sum(python for python, _ in ranks), -sum(every for _, every in ranks), name

    lines = ["debian " + " ".join(f"{release}={table.day}" for release, table in sorted(tables.items()))]
    for name in sorted(names, key=rank):
        versions = " ".join(table.versions.get(name, "-") for _, table in sorted(tables.items()))
        required = " !" if any(name in table.required for table in tables.values()) else ""
        lines.append(f">{name} {versions}{required}")
        lines += _joined({release: table.words.get(name, {}) for release, table in sorted(tables.items())})
    return "\n".join(lines) + "\n"


def _joined(words: Mapping[str, Mapping[str, set[str]]]) -> list[str]:
    """One package's lines: first the words of all releases that have it, then those of one alone."""
    lines: list[str] = []
    present = [release for release, own in words.items() if own]
    for kind in sorted({kind for own in words.values() for kind in own}):
        letter, _, where = kind.partition(" ")
        here = {release: words[release].get(kind, set()) for release in present}
        common = set.intersection(*here.values()) if len(present) == len(words) else set()
        for release, own in (("", common), *((release, own - common) for release, own in here.items())):
            if own:
                lines.append(" ".join([letter + release, *([where] if where else []), *sorted(own)]) + " ")
    return lines


def main(arguments: list[str]) -> int:
    """Shows the difference; with --write, writes the table too."""
    folders = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    always = {
        name
        for thing in things().values()
        for names in (
            thing.packages.get("apt", ()),
            thing.runtime.get("apt", ()),
            thing.newer.get("apt", ()),
            *thing.releases.values(),
        )
        for name in names
    }
    text = text_of({release: release_of(Path(folder), always) for release, folder in folders.items()})
    old = gzip.decompress(TABLE.read_bytes()).decode() if TABLE.exists() else ""
    print(
        *difflib.unified_diff(old.splitlines(), text.splitlines(), "now", "new", lineterm="", n=0), sep="\n"
    )
    if "--write" in arguments:
        TABLE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
