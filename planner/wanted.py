"""What the user asks for: requirements, constraints, the files they stand in and the options said there.

Knows values only; `planner.inputs` reads them, and must not be needed to use them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal, TypeAlias

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

__all__ = [
    "Disk",
    "FileOptions",
    "InputFile",
    "Inputs",
    "Note",
    "Source",
    "SourceKind",
    "Wanted",
    "fold_names",
]

SourceKind: TypeAlias = Literal["wheel", "sdist", "vcs", "directory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a requirement that names no index comes from.

    `url` is absolute, without its fragment (`file:` for what lies on this machine) and may hold credentials:
    only the fetcher may use it, all others show `shown`. `path` is the absolute local path, or "".
    For `vcs`, `vcs` is `git`, `hg`, `svn` or `bzr`, `url` the repository without the `git+` before it, and
    `revision` what stands after `@` (or ""). `filename` is the last part of the path, unquoted.
    """

    kind: SourceKind
    url: str
    shown: str
    path: str = ""
    filename: str = ""
    subdirectory: str = ""
    vcs: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One requirement (or constraint) as the user wrote it.

    `name` is None where only the source can tell it (`./project`, `https://…/demo.tar.gz`). `hashes` are
    `sha256:…` (or sha384, sha512), from `--hash` and from the URL's fragment. `index` is the name of the
    index that alone may serve it (uv's `[tool.uv.sources]`), or "". `origin` is `requirements.txt:4`,
    `pyproject.toml:12` or `command line`; `text` is what was written, without credentials.
    """

    name: NormalizedName | None
    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    extras: frozenset[NormalizedName] = frozenset()
    marker: Marker | None = None
    source: Source | None = None
    hashes: tuple[str, ...] = ()
    editable: bool = False
    config_settings: tuple[tuple[str, str], ...] = ()
    index: str = ""
    origin: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file that was read: as it is shown (relative where it was named so), and its digest."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One sentence on something in an input that is legal and has no effect, or another than it seems."""

    where: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The world that inputs are read from, as functions: the core opens nothing itself.

    `read` takes an absolute path or an http(s) URL and gives bytes; it raises `OSError` or our own errors,
    and bounds what it reads (devices, endless answers). `cwd` is absolute; `encoding` is the locale's.
    """

    read: Callable[[str], bytes]
    exists: Callable[[str], bool]
    isdir: Callable[[str], bool]
    cwd: str
    encoding: str = "utf-8"

    def absolute(self, path: str, base: str = "") -> str:
        """The path made absolute from `base` (else the working directory) and normalised."""
        return os.path.normpath(PurePath(self.cwd, base, path))

    def has(self, path: str) -> bool:
        """Whether anything is there; a path that no system can hold is not."""
        return "\0" not in path and len(path) < 4096 and self.exists(path)

    def has_directory(self, path: str) -> bool:
        """Whether a directory is there."""
        return "\0" not in path and len(path) < 4096 and self.isdir(path)

    def has_file(self, path: str) -> bool:
        """Whether something other than a directory is there."""
        return self.has(path) and not self.has_directory(path)


Words: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """The option lines of requirement files, after pip's rules on order: what is in effect at the end.

    `index_url` is None when no file says `-i`; `extra_index_urls` are those after the last `-i` (which clears
    the list, in pip). `find_links` are URLs, or paths made absolute. `format_words` and `release_words` are
    `--only-binary`/`--no-binary` and `--all-releases`/`--only-final` in the order written: they go on top
    of the same words of the command line (see `fold_names`). URLs may hold credentials.
    `indexes` are uv's `[[tool.uv.index]]` of a project file or script: (name, URL, explicit).
    `hashed` tells that some requirement has `--hash`. `origins` holds (option, shown value, `file:line`).
    """

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    no_index: bool = False
    find_links: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    format_words: Words = ()
    release_words: Words = ()
    prefer_binary: bool = False
    indexes: tuple[tuple[str, str, bool], ...] = ()
    hashed: bool = False
    require_hashes: bool = False
    no_require_hashes: bool = False
    origins: tuple[tuple[str, str, str], ...] = ()

    @property
    def only_binary(self) -> frozenset[str]:
        """The projects (or `:all:`) of `--only-binary`, from these files alone."""
        return fold_names("only-binary", "no-binary", self.format_words)[0]

    @property
    def no_binary(self) -> frozenset[str]:
        """The projects (or `:all:`) of `--no-binary`, from these files alone."""
        return fold_names("only-binary", "no-binary", self.format_words)[1]

    @property
    def all_releases(self) -> frozenset[str]:
        """The projects (or `:all:`, as of `--pre`) whose pre-releases are allowed, from these files alone."""
        return fold_names("all-releases", "only-final", self.release_words)[0]

    @property
    def only_final(self) -> frozenset[str]:
        """The projects (or `:all:`) of `--only-final`, from these files alone."""
        return fold_names("all-releases", "only-final", self.release_words)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that the inputs of a run say. `requires_python` joins those of project files and scripts."""

    wanted: tuple[Wanted, ...] = ()
    constraints: tuple[Wanted, ...] = ()
    files: tuple[InputFile, ...] = ()
    options: FileOptions = FileOptions()
    requires_python: SpecifierSet = field(default_factory=SpecifierSet)
    notes: tuple[Note, ...] = ()

    @property
    def require_hashes(self) -> bool:
        """Whether every file must have a hash: as asked, or (pip's rule) as some requirement has `--hash`."""
        return self.options.require_hashes or (self.options.hashed and not self.options.no_require_hashes)


def fold_names(
    first: str,
    second: str,
    words: Iterable[tuple[str, str]],
    start: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset()),
) -> tuple[frozenset[str], frozenset[str]]:
    """Two sets of projects that exclude each other, after all words said for them, in their order.

    pip's rule for `--only-binary`/`--no-binary` (and `--all-releases`/`--only-final`): `:all:` clears both
    and takes all, `:none:` empties its own set, a name leaves the other set.
    https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-no-binary

    >>> fold_names("only", "no", [("only", ":all:"), ("no", "Foo_Bar,baz"), ("no", ":none:,baz")])
    (frozenset({':all:'}), frozenset({'baz'}))
    """
    sets = {first: set(start[0]), second: set(start[1])}
    for option, value in words:
        if value == ":pre:":  # pip adds `--pre` to the set and leaves what is said of single projects
            sets[option].add(":all:")
            continue
        target, other = sets[option], sets[second if option == first else first]
        names = value.split(",")
        if ":all:" in names:
            other.clear()
            target.clear()
            target.add(":all:")
            names = names[len(names) - names[::-1].index(":all:") :]
            if ":none:" not in names:
                continue  # `:all:` covers the names that follow it
        for name in names:
            if name == ":none:":
                target.clear()
            elif name.strip():
                other.discard(canonicalize_name(name.strip()))
                target.add(canonicalize_name(name.strip()))
    return frozenset(sets[first]), frozenset(sets[second])
