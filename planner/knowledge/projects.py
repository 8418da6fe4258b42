"""What is known of single projects and no sdist tells; tables with sources, must not read an sdist.

One file a project, `projects/NAME.toml`, under its normalised name. Only what the inspectors cannot derive:

    checked = 2026-11-24
    source = "cairocffi 1.7.1 cairocffi/__init__.py"      # of all rows that name none
    note = "…"                                            # for people
    from-source = ["lxml"]                                # projects to build from source beside it

    [[needs]]                                             # in the words of planner.needs.Need
    subject = "dep:generic/cairo"
    role = "run"
    specifier = ">={version}"                             # {version}: the project's own
    versions = "<2"                                       # of the project, for which the row holds

    [[drop]]                                              # what inspectors find and the build does not need
    subject = "cmake:OpenSSL"

    [jobs]                                                # what differs from `costs.toml`
    memory = 6800                                         # MiB; of one thread, where there are threads
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, get_args

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.knowledge.things import thing_of
from planner.needs import Evidence, Need, Role, Strength

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Drop", "Project", "ProjectJobs", "ProjectNeed", "needs_of", "project", "projects", "read_project"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectNeed:
    """A need of the project's versions in `versions`; `{version}` in the specifier is the project's own."""

    subject: str
    specifier: str = ""
    role: Role = "build"
    strength: Strength = "required"
    effect: str = ""
    instead: tuple[str, ...] = ()
    versions: SpecifierSet = field(default_factory=SpecifierSet)
    source: str
    checked: str

    def of(self, version: Version) -> Need:
        """The need of one version of the project."""
        return Need(
            subject=self.subject,
            specifier=SpecifierSet(self.specifier.format(version=version.public)),
            role=self.role,
            strength=self.strength,
            effect=self.effect,
            instead=self.instead,
            because=(Evidence(where="knowledge", text=self.source),),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """What inspectors find in its sdists and the build does not need."""

    subject: str
    versions: SpecifierSet = field(default_factory=SpecifierSet)
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectJobs:
    """How its jobs differ from `costs.toml`: in words of `planner.jobs.Load`; None and empty: they do not.

    `memory` is what one job takes, or one of its `threads` (nvcc's, one an architecture). `narrow` are
    variables that make a job smaller.
    """

    memory: int | None = None
    why: str = ""
    variables: tuple[str, ...] = ()
    threads: int = 1
    threads_variable: str = ""
    serial: bool | None = None
    cap: int | None = None
    narrow: tuple[str, ...] = ()
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """All that is known of one project."""

    name: NormalizedName
    needs: tuple[ProjectNeed, ...] = ()
    drop: tuple[Drop, ...] = ()
    jobs: ProjectJobs | None = None
    from_source: tuple[NormalizedName, ...] = ()
    note: str = ""
    source: str
    checked: str


@lru_cache(maxsize=1)
def projects() -> frozenset[NormalizedName]:
    """The projects of which something is known; no file is read."""
    folder = files("planner.knowledge").joinpath("projects")
    return frozenset(
        canonicalize_name(path.name.removesuffix(".toml"))
        for path in folder.iterdir()
        if path.name.endswith(".toml")
    )


@lru_cache(maxsize=256)
def project(name: str) -> Project | None:
    """What is known of a project; None when nothing is. A bad file is a ValueError: a mistake of ours."""
    wanted = canonicalize_name(name)
    if wanted not in projects():
        return None
    text = files("planner.knowledge").joinpath(f"projects/{wanted}.toml").read_text(encoding="utf-8")
    return read_project(wanted, tomllib.loads(text))


def read_project(name: NormalizedName, document: Mapping[str, Any]) -> Project:
    """A project from its file. Raises ValueError, which names the file and what is wrong."""
    rest = dict(document)
    try:
        source, checked = str(rest.pop("source")), str(rest.pop("checked"))
        needs = tuple(_row(ProjectNeed, row, source, checked) for row in rest.pop("needs", ()))
        drop = tuple(_row(Drop, row, source, checked) for row in rest.pop("drop", ()))
        jobs = _row(ProjectJobs, rest.pop("jobs"), source, checked) if "jobs" in rest else None
        beside = tuple(canonicalize_name(str(one)) for one in rest.pop("from-source", ()))
        note = str(rest.pop("note", ""))
    except (KeyError, TypeError, InvalidSpecifier) as error:
        raise ValueError(f"projects/{name}.toml: {error}") from None
    known = {get_args(kind) for kind in (Role, Strength)}
    if any({need.role, need.strength} - {word for words in known for word in words} for need in needs):
        raise ValueError(f"projects/{name}.toml: an unknown role or strength")
    if any((need.strength == "required") == bool(need.effect) for need in needs if need.strength != "hint"):
        raise ValueError(f"projects/{name}.toml: what is not required says its effect, what is required none")
    if rest or not source:
        raise ValueError(f"projects/{name}.toml: unknown keys {sorted(rest)}, or no source")
    return Project(
        name=name,
        needs=needs,
        drop=drop,
        jobs=jobs,
        from_source=beside,
        note=note,
        source=source,
        checked=checked,
    )


def _row(kind: Any, row: Mapping[str, Any], source: str, checked: str) -> Any:
    """A row with its lists as tuples, its own or the file's source; TypeError for a key that it has not."""
    fields: dict[str, Any] = {"source": source, "checked": checked}
    for key, value in row.items():
        fields[key.replace("-", "_")] = tuple(value) if isinstance(value, list) else value
    fields["checked"] = str(fields["checked"])
    if "versions" in fields:
        fields["versions"] = SpecifierSet(fields["versions"])
    return kind(**fields)


def needs_of(name: str, version: Version, needs: Iterable[Need]) -> tuple[Need, ...]:
    """The needs that inspectors found, corrected and completed by what is known of that project.

    A row stands in the place of what was found of the same thing, and keeps its evidence and floors.
    """
    found = tuple(needs)
    known = project(name)
    if known is None:
        return found
    rows = [row for row in known.needs if row.versions.contains(version, prereleases=True)]
    gone = {one.subject for one in known.drop if one.versions.contains(version, prereleases=True)}
    kept = [need for need in found if not any(_same(need.subject, subject) for subject in gone)]
    for row in rows:
        told = row.of(version)
        same = [n for n in kept if (n.role == "run") == (row.role == "run") and _same(n.subject, row.subject)]
        for need in same:
            told = replace(
                told, specifier=told.specifier & need.specifier, because=(*told.because, *need.because)
            )
        kept = [*(need for need in kept if need not in same), told]
    return tuple(kept)


def _same(one: str, other: str) -> bool:
    """Whether two subjects mean the same thing."""
    if one == other:
        return True
    thing = thing_of(one)
    return thing is not None and thing is thing_of(other)
