"""What a build can need, and what supplies it under each package manager; tables, asks no machine.

The tables are `things/*.toml`, one a topic. A row is one thing; its words are separated by blanks:

    [libpq]                       # its id is dep:generic/libpq, unless `id` says another
    name = "libpq (PostgreSQL)"
    headers = "libpq-fe.h"        # `folder/` stands for every header in it
    modules = "libpq"             # of pkg-config
    programs = "pg_config"
    libraries = "pq"              # as in -lpq
    cmake = "PostgreSQL"          # as in find_package(PostgreSQL)
    crates = "pq-sys"
    packages = "apt:libpq-dev dnf:libpq-devel"    # those of apt by the names of Debian 12
    releases = "debian-13:libpq-dev"              # where apt's have other names
    run = "apt:libpq5"            # what must be there at run time
    newer = "apt:libpq-18"        # what supplies a newer version than `packages` do
    source = "deb rsr"            # words of the file's table of sources, or an address

A file opens with `checked`, the day that holds for all its rows, and `[sources]`. The unknown is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["MANAGERS", "Thing", "all_subjects", "python_headers", "thing_of", "things"]

MANAGERS = ("apt", "dnf", "apk", "pacman", "zypper", "brew", "conda", "choco", "winget")
"""The package managers of which a table may name packages (`yum` takes the names of dnf)."""

TOPICS = ("compilers", "tools", "libraries", "graphics", "media", "science", "system")
SUBJECTS = {
    "programs": "program:", "modules": "pkg-config:", "headers": "header:", "libraries": "library:",
    "cmake": "cmake:", "crates": "crate:", "deps": "dep:",
}  # fmt: skip
"""The keys that hold subjects, with the family of each, in the order in which they prove a thing best."""

_SHOWN = ("programs", "modules", "headers", "libraries")
_KEYS = frozenset(SUBJECTS) | frozenset(
    {"id", "name", "shows", "versions", "packages", "newer", "releases", "run", "python", "note", "source"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A library, a tool or a compiler. `id` is PEP 725's; `subjects` are all that mean it.

    `shows` are the subjects whose fact proves that it is here, best first; `versions` those whose value is
    its version. `packages` supply what a build needs of it, under each package manager; `runtime` what must
    be there when the result runs. `releases` tells other names of the apt packages, by `debian-13`; `newer`
    packages of a newer version, for needs that the others do not meet. The first of several packages is the
    one whose version is the thing's.
    `python` is the requirement of a wheel that serves as well, or "".
    """

    id: str
    name: str
    subjects: frozenset[str]
    shows: tuple[str, ...]
    versions: tuple[str, ...]
    packages: Mapping[str, tuple[str, ...]]
    runtime: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    releases: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    newer: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    python: str = ""
    note: str = ""
    source: str
    checked: str

    def supplied_by(self, manager: str, release: str = "") -> tuple[str, ...]:
        """The packages to build against it, `release` is `debian-13`, `ubuntu-24.04`; () when nobody knows.

        Where no name is known, dnf, zypper and apk install by what a package provides: a module of
        pkg-config, or a program.
        https://docs.fedoraproject.org/en-US/packaging-guidelines/PkgConfigBuildRequires/
        https://en.opensuse.org/openSUSE:Packaging_guidelines
        https://wiki.alpinelinux.org/wiki/APKBUILD_Reference

        >>> (
        ...     thing_of("header:libpq-fe.h").supplied_by("apt"),
        ...     thing_of("library:xcb-image").supplied_by("apk"),
        ... )
        (('libpq-dev',), ('pc:xcb-image',))
        """
        name = "dnf" if manager == "yum" else manager
        if name == "apt" and release in self.releases:
            return self.releases[release]
        if name in self.packages or name not in ("dnf", "zypper", "apk"):
            return self.packages.get(name, ())
        told = {family: word for family, _, word in (s.partition(":") for s in reversed(self.shows))}
        if "pkg-config" in told:
            return (f"pc:{told['pkg-config']}" if name == "apk" else f"pkgconfig({told['pkg-config']})",)
        if "program" in told:
            return (f"cmd:{told['program']}" if name == "apk" else f"/usr/bin/{told['program']}",)
        return ()


@lru_cache(maxsize=1)
def things() -> Mapping[str, Thing]:
    """All things by id. A row that is not as told above is a ValueError: a mistake of ours."""
    found: dict[str, Thing] = {}
    for topic in TOPICS:
        text = files("planner.knowledge").joinpath(f"things/{topic}.toml").read_text(encoding="utf-8")
        for thing in read_topic(topic, tomllib.loads(text)):
            if thing.id in found:
                raise ValueError(f"{topic}.toml: {thing.id} is told twice")
            found[thing.id] = thing
    return MappingProxyType(found)


def read_topic(topic: str, document: dict[str, object]) -> Iterator[Thing]:
    """The rows of one file. Raises ValueError, which names the file, the row and the key."""
    checked, sources = document.pop("checked", None), document.pop("sources", {})
    if checked is None or not isinstance(sources, dict):
        raise ValueError(f"{topic}.toml: no day of checking, or no table of sources")
    for key, row in document.items():
        where = f"{topic}.toml: [{key}]"
        if not isinstance(row, dict) or not row.keys() <= _KEYS | {"checked"}:
            raise ValueError(f"{where} is no row, or has unknown keys")
        texts = {name: text for name, text in row.items() if name != "checked"}
        if not all(isinstance(text, str) and text for text in texts.values()):
            raise ValueError(f"{where} holds what is no text, or empty")
        if "name" not in texts or "source" not in texts:
            raise ValueError(f"{where} lacks a name or a source")
        texts["source"] = " ".join(str(sources.get(word, word)) for word in texts["source"].split())
        yield _thing(where, key, texts, str(row.get("checked", checked)))


def _thing(where: str, key: str, texts: Mapping[str, str], checked: str) -> Thing:
    own = {
        name: tuple(family + word for word in texts[name].split())
        for name, family in SUBJECTS.items()
        if name in texts
    }
    packages, newer, runtime = (_by_manager(where, texts, name) for name in ("packages", "newer", "run"))
    if not packages.keys() | newer.keys() | runtime.keys() <= set(MANAGERS):
        raise ValueError(f"{where} names an unknown package manager")
    shown = tuple(s for name in _SHOWN for s in own.get(name, ()) if not s.endswith("/"))
    versions = tuple(s for name in ("modules", "programs") for s in own.get(name, ()))
    return Thing(
        id=texts.get("id", f"dep:generic/{key}"),
        name=texts["name"],
        subjects=frozenset(s for subjects in own.values() for s in subjects),
        shows=tuple(texts["shows"].split()) if "shows" in texts else shown,
        versions=tuple(texts["versions"].split()) if "versions" in texts else versions,
        packages=packages,
        runtime=runtime,
        releases=_by_manager(where, texts, "releases"),
        newer=newer,
        python=texts.get("python", ""),
        note=texts.get("note", ""),
        source=texts["source"],
        checked=checked,
    )


def _by_manager(where: str, texts: Mapping[str, str], key: str) -> Mapping[str, tuple[str, ...]]:
    """`apt:gcc apt:libc6-dev dnf:gcc`, by what stands before the colon."""
    found: dict[str, tuple[str, ...]] = {}
    for word in texts.get(key, "").split():
        name, colon, package = word.partition(":")
        if not colon or not package:
            raise ValueError(f"{where} {key}: {word} is not MANAGER:PACKAGE")
        found[name] = (*found.get(name, ()), package)
    return MappingProxyType(found)


@lru_cache(maxsize=1)
def _by_subject() -> Mapping[str, Thing]:
    found: dict[str, Thing] = {}
    for thing in things().values():
        for subject in (thing.id, *sorted(thing.subjects)):
            if found.setdefault(subject, thing) is not thing:
                raise ValueError(f"{subject} means both {found[subject].id} and {thing.id}")
    return MappingProxyType(found)


def thing_of(subject: str) -> Thing | None:
    """The thing that a subject means: an id, or `header:libpq-fe.h`, `cmake:PostgreSQL`.

    A header is also found by a folder that stands for all in it (`header:openssl/evp.h`).

    >>> thing_of("header:openssl/evp.h").id, thing_of("program:unheard-of")
    ('dep:generic/openssl', None)
    """
    table = _by_subject()
    if subject in table or not subject.startswith("header:"):
        return table.get(subject)
    folder = subject.rpartition("/")[0]
    while folder:
        if found := table.get(f"{folder}/"):
            return found
        folder = folder.rpartition("/")[0]
    return None


def all_subjects() -> tuple[str, ...]:
    """Every subject that some thing claims, sorted, without ids and folders: what a machine may be asked."""
    return tuple(sorted(s for s in _by_subject() if not s.startswith("dep:") and not s.endswith("/")))


def python_headers(manager: str, python_version: str, *, distro_default: bool) -> tuple[str, ...]:
    """The packages that hold the headers of a distribution's own Python (`3.12`); () when nobody has any.

    `distro_default`: whether it is the one that the distribution calls python3. A Python of pyenv, uv,
    conda or an installer brings its headers itself.
    https://packages.debian.org/python3-dev https://docs.fedoraproject.org/en-US/packaging-guidelines/Python/

    >>> (
    ...     python_headers("apt", "3.12", distro_default=False),
    ...     python_headers("apk", "3.12", distro_default=True),
    ... )
    (('python3.12-dev',), ('python3-dev',))
    """
    major, _, minor = python_version.partition(".")
    minor = minor.partition(".")[0]
    if manager == "apt":
        return ("python3-dev",) if distro_default else (f"python{major}.{minor}-dev",)
    if manager in ("dnf", "yum"):
        return ("python3-devel",) if distro_default else (f"python{major}.{minor}-devel",)
    if manager == "zypper":
        return ("python3-devel",) if distro_default else (f"python{major}{minor}-devel",)
    if manager == "apk":
        return ("python3-dev",) if distro_default else ()
    if manager == "pacman":
        return ("python",) if distro_default else ()
    if manager == "brew":
        return (f"python@{major}.{minor}",)
    return ("python",) if manager == "conda" else ()
