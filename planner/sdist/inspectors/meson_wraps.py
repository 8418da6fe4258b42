"""What Meson falls back on where a dependency is missing: a subproject in the sdist, or one to download.

Must not decide when that happens. https://mesonbuild.com/Wrap-dependency-system-manual.html
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from planner.sdist.inspectors.cmake_fetches import host_of
from planner.sdist.inspectors.ledger import Branch
from planner.sdist.inspectors.meson_flow import Walk
from planner.sdist.inspectors.meson_values import Asked, Project
from planner.setupcfg import ini_sections

__all__ = ["Subproject", "enter", "fall_back", "provider"]


@dataclass(frozen=True, slots=True)
class Subproject:
    """A subproject by name: the folder that it lies in ("" when not in the sdist), else its address."""

    name: str
    folder: str = ""
    address: str = ""
    git: bool = False


def _subproject(walk: Walk, name: str) -> Subproject | None:
    """The subproject of that name, whether it is in the sdist or in a wrap file; None when in neither."""
    base = posixpath.join(walk.top, walk.project.subprojects)
    wrap = posixpath.join(base, f"{name}.wrap")
    sections = ini_sections(walk.files.text(wrap) or "") or {}
    section = next((dict(table) for key, table in sections.items() if key.startswith("wrap-")), {})
    directory = section.get("directory") or name
    for folder in (posixpath.join(base, directory), posixpath.join(base, name)):
        if f"{folder}/meson.build" in walk.files.name_set:
            return Subproject(name, folder)
    if wrap not in walk.files.name_set:
        return None
    archive = section.get("source_filename", "")
    cached = posixpath.join(base, "packagecache", archive)
    if (archive and cached in walk.files.name_set) or posixpath.join(base, directory) in walk.files.folders:
        return Subproject(name, posixpath.join(base, directory))
    if walk.wrap_mode == "nodownload":
        return None
    address = section.get("source_url") or section.get("url") or ""
    git = any(key.startswith("wrap-git") for key in sections)
    return Subproject(name, address=address or "?", git=git)


def provider(walk: Walk, names: list[str], explicit: object) -> Subproject | None:
    """The subproject that provides a dependency: the one named, one with its name, or one that says so."""
    if explicit is not None:
        named = explicit[0] if isinstance(explicit, list) and explicit else explicit
        return _subproject(walk, named) if isinstance(named, str) else None
    for name in names:
        found = _subproject(walk, name) if "/" not in name else None
        if found is not None:
            return found
    base = posixpath.join(walk.top, walk.project.subprojects)
    for path in walk.files.names:
        if path.endswith(".wrap") and posixpath.dirname(path) == base:
            sections = ini_sections(walk.files.text(path) or "") or {}
            provides = sections.get("provide", {})
            listed = {word.strip() for word in provides.get("dependency_names", "").split(",")}
            if any(name in listed or name.lower() in provides for name in names):
                return _subproject(walk, posixpath.basename(path)[: -len(".wrap")])
    return None


def enter(walk: Walk, found: Subproject, where: str, options: object = None) -> None:
    """Configure a subproject: what it looks for counts, in the context at hand."""
    if not found.folder:
        host = host_of(found.address) or found.name
        walk.ledger.download(host, where, f"{found.name} is downloaded", walk.context)
        if found.git:
            walk.ledger.want(
                "program:git", where, f"{found.name} is cloned", context=walk.context, role="build"
            )
        return
    given: dict[str, object] = {}
    for item in options if isinstance(options, list) else ():
        if isinstance(item, str) and "=" in item:
            name, _, value = item.partition("=")
            given[name] = value
    if isinstance(options, dict):
        given.update(options)
    walk.start(Project(found.folder, {f"!{name}": value for name, value in given.items()}))


def fall_back(walk: Walk, found: Subproject, key: int, asked: Asked) -> None:
    """A dependency that a subproject provides where the system does not."""
    context = walk.context
    missing = Branch("missing", (key,))
    effect = "a bundled copy is built" if found.folder else "{} is downloaded and built"
    walk.context = (*context, missing)
    walk.ledger.relax(key, effect)
    enter(walk, found, asked.where, asked.keywords.get("default_options"))
    walk.context = context
