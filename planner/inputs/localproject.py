"""What a local project's own files say of it, without running any: pyproject.toml, then setup.cfg.

Knows PEP 621, setuptools' static configuration and what is dynamic; must not build, import or run anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name

from planner.dists import Metadata, parse_version, with_marker
from planner.inputs.reqlines import BadLine, decode, logical_lines
from planner.setupcfg import ini_sections, option_list
from planner.tomltext import TomlProblem, load_toml, strings, table

__all__ = ["LocalProject", "dynamic_dependencies", "read_project_tree"]

Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProject:
    """A source tree's static metadata. What no file states is "" or empty, and named in `dynamic`.

    `requires` and `extras` hold requirement strings as written; `doubt` says why they may not be all.
    """

    path: str
    name: NormalizedName | None = None
    version: str = ""
    requires: tuple[str, ...] = ()
    extras: tuple[tuple[NormalizedName, tuple[str, ...]], ...] = ()
    requires_python: str = ""
    dynamic: frozenset[str] = frozenset()
    backend: str = ""
    build_requires: tuple[str, ...] = ()
    where: str = ""
    doubt: str = ""

    def metadata(self, project: NormalizedName) -> Metadata:
        """The same as core metadata (extras as markers), for a project named so."""
        conditional = (
            with_marker(text, f'extra == "{extra}"') for extra, texts in self.extras for text in texts
        )
        return Metadata(
            project=self.name or project,
            version=parse_version(self.version) if self.version else None,
            requires=(*self.requires, *conditional),
            requires_python=self.requires_python,
            extras=frozenset(extra for extra, _ in self.extras),
            source="pyproject" if not self.doubt else "none",
            certain=not self.doubt,
            doubt=self.doubt,
            where=self.where,
        )


@dataclass(slots=True)
class _Found:
    """The fields found up to now; the first file that states one wins."""

    fields: dict[str, Any] = field(default_factory=dict)
    where: list[str] = field(default_factory=list)

    def take(self, name: str, value: Any, where: str) -> None:
        if value and name not in self.fields:
            self.fields[name] = value
            if where not in self.where:
                self.where.append(where)


def read_project_tree(read: Read, exists: Callable[[str], bool], path: str) -> LocalProject:
    """What the tree at `path` says of itself. Raises `BadLine` when pyproject.toml cannot be read.

    `[project]` is believed; what it calls dynamic is looked up in `[tool.setuptools.dynamic]` (files) and
    setup.cfg, where a backend reads it without running the project's code.
    """

    def file(name: str) -> str:
        return str(PurePath(path, name))

    found = _Found()
    dynamic: frozenset[str] = frozenset()
    document: Mapping[str, Any] = {}
    try:
        if exists(file("pyproject.toml")):
            document = load_toml(read(file("pyproject.toml")))
            dynamic = _take_project(table(document, "project"), found)
            _take_dynamic(document, lambda name: read(file(name)), found)
        if exists(file("setup.cfg")):
            _take_setup_cfg(read(file("setup.cfg")), found)
        build = table(document, "build-system")
        build_requires = strings("build-system.requires", build.get("requires", []))
    except TomlProblem as problem:
        raise BadLine(problem.what, "Correct pyproject.toml.", problem.line) from None
    except (OSError, ValueError) as error:
        reason = error.what if isinstance(error, BadLine) else getattr(error, "strerror", None) or "bad bytes"
        raise BadLine(f"The project's files cannot be read: {reason}.", "Check their rights.") from None
    return _project(path, found, dynamic, build, build_requires)


def _project(
    path: str,
    found: _Found,
    dynamic: frozenset[str],
    build: Mapping[str, Any],
    build_requires: tuple[str, ...],
) -> LocalProject:
    fields = found.fields
    missing = frozenset(name for name in dynamic if name not in fields)
    backend = str(build.get("build-backend", ""))
    doubt = ""
    if "dependencies" in missing or not ("stated" in fields or "dependencies" in fields):
        doubt = f"its dependencies are known only to its build ({backend or 'setup.py'}), which is not run"
    return LocalProject(
        path=path,
        name=canonicalize_name(fields["name"]) if "name" in fields else None,
        version=fields.get("version", ""),
        requires=fields.get("dependencies", ()),
        extras=tuple(sorted(fields.get("optional-dependencies", {}).items())),
        requires_python=fields.get("requires-python", ""),
        dynamic=missing,
        backend=backend,
        build_requires=build_requires,
        where=", ".join(found.where),
        doubt=doubt,
    )


def _take_project(project: Mapping[str, Any], found: _Found) -> frozenset[str]:
    where = "pyproject.toml"
    for name in ("name", "version", "requires-python"):
        found.take(name, project.get(name) if isinstance(project.get(name), str) else None, where)
    found.take("dependencies", strings("project.dependencies", project.get("dependencies", [])), where)
    extras = {
        canonicalize_name(extra): strings(f"project.optional-dependencies.{extra}", texts)
        for extra, texts in table(project, "optional-dependencies").items()
    }
    found.take("optional-dependencies", extras, where)
    dynamic = frozenset(strings("project.dynamic", project.get("dynamic", [])))
    if project and "dependencies" not in dynamic:
        found.take("stated", value=True, where=where)  # PEP 621: neither listed nor dynamic means none
    return dynamic


def dynamic_dependencies(document: Mapping[str, Any], read: Read) -> tuple[str, ...] | None:
    """The requirements that `[tool.setuptools.dynamic]` takes from files; None when it does not.

    https://setuptools.pypa.io/en/latest/userguide/pyproject_config.html#dynamic-metadata
    """
    dynamic = table(document, "tool", "setuptools", "dynamic")
    return _listed(dynamic.get("dependencies"), read)


def _listed(directive: Any, read: Read) -> tuple[str, ...] | None:
    files = directive.get("file") if isinstance(directive, dict) else None
    names = [files] if isinstance(files, str) else files
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    texts: list[str] = []
    for name in names:
        texts += (line.text for line in logical_lines(decode(read(name)), {}))
    return tuple(texts)


def _take_dynamic(document: Mapping[str, Any], read: Read, found: _Found) -> None:
    where = "pyproject.toml [tool.setuptools.dynamic]"
    listed = dynamic_dependencies(document, read)
    found.take("dependencies", listed, where)
    if listed is not None:
        found.take("stated", value=True, where=where)
    version = table(document, "tool", "setuptools", "dynamic").get("version")
    if isinstance(version, dict) and isinstance(version.get("file"), str):
        found.take("version", decode(read(version["file"])).strip(), where)
    extras = table(document, "tool", "setuptools", "dynamic").get("optional-dependencies")
    if isinstance(extras, dict):
        texts = {
            canonicalize_name(extra): _listed(directive, read) or () for extra, directive in extras.items()
        }
        found.take("optional-dependencies", texts, where)


def _take_setup_cfg(data: bytes, found: _Found) -> None:
    # Where it is no setup.cfg, setuptools will say so itself; nothing in it can be believed.
    sections = ini_sections(decode(data)) or {}

    def value(section: str, key: str) -> str:
        text = sections.get(section, {}).get(key, "").strip()
        return "" if text.startswith(("attr:", "file:", "find:")) else text

    where = "setup.cfg"
    found.take("name", value("metadata", "name"), where)
    found.take("version", value("metadata", "version"), where)
    found.take("requires-python", value("options", "python_requires"), where)
    found.take("dependencies", tuple(option_list(value("options", "install_requires"))), where)
    extras = sections.get("options.extras_require", {})
    found.take(
        "optional-dependencies",
        {canonicalize_name(extra): tuple(option_list(text)) for extra, text in extras.items()},
        where,
    )
