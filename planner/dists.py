"""Distributions (wheel, sdist, source tree), their metadata, and why a file is not used.

Knows values alone; must not read file names or pages (`planner.page` does), nor decide what fits a machine.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.utils import NormalizedName
from packaging.version import InvalidVersion, Version

from planner.needs import Inspection

__all__ = [
    "Dist",
    "Metadata",
    "Misfit",
    "Pin",
    "Reason",
    "Refusal",
    "Row",
    "Sdist",
    "SdistReading",
    "Tree",
    "Wheel",
    "parse_requirement",
    "parse_specifier",
    "parse_tags",
    "parse_version",
    "with_marker",
]


class Reason(enum.Enum):
    """Why a file is not used; the value is stable and appears in JSON."""

    PYTHON = "python"
    ABI = "abi"
    PLATFORM = "platform"
    LIBC = "libc"
    REQUIRES_PYTHON = "requires-python"
    YANKED = "yanked"
    TOO_LATE = "uploaded-too-late"
    VARIANT = "variant"
    NAME = "invalid-name"
    FORMAT = "format-not-allowed"
    METADATA = "metadata"
    HASH = "hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """A file that is not used, and why: `detail` is a phrase ("needs glibc 2.28, here 2.17").

    `distance` orders misfits of tags: smaller is nearer to fitting.
    """

    filename: str
    reason: Reason
    detail: str
    distance: int = 0


class Row(NamedTuple):
    """One file as an index lists it, before its name is understood; all strings are the server's own.

    `sha256` is "" when the index gives none. `upload_time` is ISO 8601 in UTC, or "". `yanked` is None, or
    the reason (may be ""). `metadata` is PEP 658/714's offer: None when the index does not say, "" when it
    says no, "true" when it says yes without a hash, else the sha256 of the `.metadata` file.
    """

    filename: str
    url: str
    sha256: str = ""
    requires_python: str = ""
    size: int | None = None
    upload_time: str = ""
    yanked: str | None = None
    metadata: str | None = None
    hashes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel of a project: its row, its parsed name, and the address of the index that lists it."""

    row: Row
    project: NormalizedName
    version: Version
    build: tuple[int, str] | tuple[()]
    tags: frozenset[Tag]
    index: str

    @property
    def filename(self) -> str:
        """The file's name, as the index lists it."""
        return self.row.filename


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdist:
    """A source distribution of a project; also a local or remote archive named by a requirement."""

    row: Row
    project: NormalizedName
    version: Version
    index: str

    @property
    def filename(self) -> str:
        """The file's name, as the index lists it."""
        return self.row.filename


Dist: TypeAlias = Wheel | Sdist


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A source tree that a requirement names: a local directory (maybe editable) or a version-controlled one.

    `url` is the repository's address without credentials, `path` the directory as the user wrote it;
    `commit` is "" when the requirement names no full commit. Its build is the user's own.
    """

    project: NormalizedName
    version: Version | None
    kind: Literal["directory", "vcs"]
    metadata: Metadata
    path: str = ""
    url: str = ""
    vcs: str = ""
    commit: str = ""
    requested: str = ""
    subdirectory: str = ""
    editable: bool = False
    index: str = ""

    @property
    def filename(self) -> str:
        """What a reader calls it: its path or address."""
        return self.path or self.url


@lru_cache(maxsize=20_000)
def parse_version(text: str) -> Version | None:
    """The version, or None when it is not one of PEP 440 (or absurdly long)."""
    try:
        return Version(text)
    except (InvalidVersion, ValueError):
        return None


@lru_cache(maxsize=20_000)
def parse_tags(text: str) -> frozenset[Tag] | None:
    """The tags of `py-abi-platform`, or None when they are not tags."""
    try:
        return parse_tag(text)
    except ValueError:
        return None


@lru_cache(maxsize=20_000)
def parse_requirement(text: str) -> Requirement | None:
    """The requirement, or None when `packaging` refuses it; callers must not change the object."""
    try:
        return Requirement(text)
    except (InvalidRequirement, InvalidSpecifier, ValueError, RecursionError):
        return None


@lru_cache(maxsize=5_000)
def parse_specifier(text: str) -> SpecifierSet | None:
    """The specifier set, or None when it is not one."""
    try:
        return SpecifierSet(text)
    except (InvalidSpecifier, ValueError):
        return None


def with_marker(requirement: str, marker: str) -> str:
    """The requirement, only where `marker` holds as well.

    >>> print(with_marker("six; python_version < '3' or os_name == 'nt'", "extra == 'test'"))
    six; (python_version < "3" or os_name == "nt") and extra == 'test'
    """
    if not marker:
        return requirement
    parsed = parse_requirement(requirement)
    if parsed is None or parsed.marker is None:
        separator = " ; " if "@" in requirement else "; "
        return f"{requirement}{separator}{marker}"
    own = str(parsed.marker)
    bare = requirement.rpartition(";")[0].strip() if requirement.count(";") == 1 else ""
    own = f"({own})" if " or " in own else own
    marker = f"({marker})" if " or " in marker else marker
    separator = " ; " if "@" in bare else "; "
    return f"{bare or _without_marker(requirement)}{separator}{own} and {marker}"


def _without_marker(requirement: str) -> str:
    """The part before the marker, where a URL or a marker's text holds semicolons too."""
    for at, character in enumerate(requirement):
        if character == ";":
            head = parse_requirement(requirement[:at])
            if head is not None and head.marker is None and parse_requirement(requirement) is not None:
                return requirement[:at].strip()
    return requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """A distribution's core metadata, as far as it can be known without running anything.

    `requires` are the raw `Requires-Dist` values (parse with `parse_requirement`). `source` tells where they
    come from: `sidecar` (PEP 658), `wheel` (all of it), `sidecar-unchecked` and `wheel-tail` (their bytes
    could not be checked against a hash), `sdist` (static by PEP 643), `pyproject` (static there),
    `sibling-wheel` (a wheel of the same version), `requires.txt` or `setup.py` (a hint), `none`.
    `certain` is False where a build could say otherwise; `doubt` then says why.
    """

    project: NormalizedName
    version: Version | None
    requires: tuple[str, ...] = ()
    requires_python: str = ""
    extras: frozenset[NormalizedName] = frozenset()
    source: str = "wheel"
    certain: bool = True
    doubt: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A file that cannot be used although its tags fit: `reason` and one phrase of `detail`."""

    filename: str
    reason: Reason
    detail: str
    id: str = ""

    @property
    def unanswered(self) -> bool:
        """Whether an index's silence is the reason, not the file: then nothing is known of it."""
        return self.id.startswith(("index-", "offline", "response-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SdistReading:
    """What an sdist's own files say, none of them run.

    `native` is True when it compiles something, False when it is pure Python, None when one cannot say;
    `native_because` are phrases with `file:line`. `guards` are Python versions that its setup.py itself
    refuses, each as a specifier of the versions that it *accepts* with the place. `backend` is
    `build-system.build-backend` ("" when none is declared), `build_requires` its `requires`. `inspection` is
    what the build asks of a machine; None where it is pure Python. `setup_requires` are setuptools' own older
    build requirements, which its backend adds to them.
    """

    metadata: Metadata
    native: bool | None = None
    native_because: tuple[str, ...] = ()
    refuses: str = ""
    backend: str = ""
    build_requires: tuple[str, ...] = ()
    setup_requires: tuple[str, ...] = ()
    inspection: Inspection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One project of a resolution. `asked` holds (file:line or `project version`, requirement text)."""

    project: NormalizedName
    version: Version | None
    extras: tuple[NormalizedName, ...]
    dist: Dist | Tree
    metadata: Metadata
    asked: tuple[tuple[str, str], ...]
    direct: bool = False
