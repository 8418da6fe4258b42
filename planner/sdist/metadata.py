"""An sdist's core metadata from its own files, the surest source first; must not build, must tell its doubts.

PKG-INFO where PEP 643 makes it binding, then what pyproject.toml and setup.cfg fix, then setup.py as it can
be followed for the target, then the packager's own requires.txt as a hint: that one was computed on another
machine, where `if sys.version_info < ...` was decided once and for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import Metadata, parse_requirement, parse_version
from planner.sdist import texts
from planner.sdist.poetry import read_poetry
from planner.sdist.setuptools_lists import from_hints, from_setup_cfg, from_setup_py
from planner.sdist.sources import NOTHING, Found, Sources

__all__ = ["read_metadata"]

_STATIC_SINCE = Version("2.2")  # PEP 643
_READS_PROJECT = ("61.0.0", "65.0.0", "69.0.0", "75.0.0", "80.0.0", "84.0.0", "999")


def read_metadata(sources: Sources, project: NormalizedName, version: Version | None) -> Metadata:
    """The metadata that an installation on the target would see, with its source and every doubt.

    Sources of `Metadata.source` besides those in `planner.dists`: `setup.cfg`.
    """
    ladder: tuple[Callable[[Sources], Found | None], ...] = (
        _from_pkg_info,
        _from_project,
        _from_poetry,
        _from_flit,
        from_setup_cfg,
        from_setup_py,
        from_hints,
    )
    found = next(made for step in ladder if (made := step(sources)) is not None)
    return Metadata(
        project=project,
        version=version,
        requires=found.requires,
        requires_python=_requires_python(sources),
        extras=frozenset(canonicalize_name(extra) for extra in found.extras),
        source=found.source,
        certain=found.certain,
        doubt=found.doubt,
        where=found.where,
    )


def _requires_python(sources: Sources) -> str:
    """The first one that is said; no backend computes it from anything but these."""
    setup = sources.setup.python_requires if sources.setup else ""
    poetry = sources.table("tool", "poetry")
    candidates = (
        sources.header("requires-python"),
        sources.table("project").get("requires-python"),
        read_poetry(poetry).requires_python if poetry else "",
        sources.table("tool", "flit", "metadata").get("requires-python"),
        sources.option("options", "python_requires"),
        sources.option("metadata", "python_requires") if sources.by_pbr else "",
        setup if isinstance(setup, str) else "",
    )
    return next((text.strip() for text in candidates if isinstance(text, str) and text.strip()), "")


def _from_pkg_info(sources: Sources) -> Found | None:
    stated = parse_version(sources.header("metadata-version"))
    dynamic = {name.lower() for name in sources.headers.get("dynamic", ())}
    if stated is None or stated < _STATIC_SINCE or "requires-dist" in dynamic:
        return None
    return sources.pkg_info()


def _from_project(sources: Sources) -> Found | None:
    """PEP 621: what is not named in `dynamic` is binding, also where it is left out."""
    project = sources.table("project")
    if not project or _before_pep_621(sources):
        return None
    dynamic = texts.string_list(project.get("dynamic")) or []
    files = sources.table("tool", "setuptools", "dynamic")
    plain = texts.string_list(project.get("dependencies", []))
    if "dependencies" in dynamic:
        plain = sources.file_lists(files.get("dependencies"))
    if plain is None:
        return None
    groups: dict[str, list[str]] = {"": plain}
    doubt = ""
    optional: Any = project.get("optional-dependencies", NOTHING)
    if "optional-dependencies" in dynamic:
        optional = files.get("optional-dependencies", NOTHING)
    for extra, value in (optional if isinstance(optional, Mapping) else NOTHING).items():
        listed = texts.string_list(value) if isinstance(value, list) else sources.file_lists(value)
        groups[_bare(extra)] = listed or []
        if listed is None:
            doubt = f"pyproject.toml computes its extra {extra}"
    if "optional-dependencies" in dynamic and not files.get("optional-dependencies"):
        doubt = "pyproject.toml leaves its extras to the build"
    requires, extras = texts.combine(groups)
    return Found(
        requires=requires,
        extras=extras,
        source="pyproject",
        certain=not doubt,
        doubt=doubt,
        where="pyproject.toml",
    )


def _before_pep_621(sources: Sources) -> bool:
    """Whether the build is held to a setuptools that reads no `[project]` (before 61), as scipy 1.7's is."""
    build = sources.table("build-system")
    if not str(build.get("build-backend") or "setuptools").startswith("setuptools"):
        return False
    for text in texts.string_list(build.get("requires")) or []:
        parsed = parse_requirement(text)
        if parsed is not None and parsed.name.lower() == "setuptools" and parsed.specifier:
            return not any(parsed.specifier.contains(version) for version in _READS_PROJECT)
    return False


def _bare(extra: str) -> str:
    """An extra's name that cannot be mistaken for setuptools' `extra:marker`."""
    return extra.replace(":", "-")


def _from_poetry(sources: Sources) -> Found | None:
    table = sources.table("tool", "poetry")
    if not table or "poetry" not in str(sources.table("build-system").get("build-backend", "")):
        return None
    made = read_poetry(table)
    if made.doubt and sources.headers.get("requires-dist"):
        return sources.pkg_info(certain=False, doubt=made.doubt)
    return Found(
        requires=made.requires,
        extras=made.extras,
        source="pyproject",
        certain=not made.doubt,
        doubt=made.doubt,
        where="pyproject.toml",
    )


def _from_flit(sources: Sources) -> Found | None:
    table = sources.table("tool", "flit", "metadata")
    if not table:
        return None
    groups = {"": texts.string_list(table.get("requires")) or []}
    extras = table.get("requires-extra")
    for extra, listed in (extras if isinstance(extras, Mapping) else NOTHING).items():
        groups[_bare(extra)] = texts.string_list(listed) or []
    requires, names = texts.combine(groups)
    return Found(requires=requires, extras=names, source="pyproject", where="pyproject.toml")
