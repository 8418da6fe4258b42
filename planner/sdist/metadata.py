"""An sdist's core metadata from its own files, the surest source first; must not build, must tell its doubts.

PKG-INFO where PEP 643 makes it binding, then what pyproject.toml and setup.cfg fix, then setup.py as it can
be followed for the target, then the packager's own requires.txt as a hint: that one was computed on another
machine, where `if sys.version_info < ...` was decided once and for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import Metadata, parse_requirement, parse_version
from planner.sdist import texts
from planner.sdist.archive import SdistFiles
from planner.sdist.poetry import read_poetry
from planner.sdist.setup_py import Lost, SetupPy
from planner.setupcfg import option_list, requirement_lines

__all__ = ["Sources", "read_metadata"]

_STATIC_SINCE = Version("2.2")  # PEP 643
_READS_PROJECT = ("61.0.0", "65.0.0", "69.0.0", "75.0.0", "80.0.0", "84.0.0", "999")
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The files of an sdist that can speak of its metadata, parsed; None or empty where there is none."""

    files: SdistFiles
    headers: Mapping[str, list[str]]
    pyproject: Mapping[str, Any]
    config: Mapping[str, Mapping[str, str]]
    setup: SetupPy | None
    markers: Mapping[str, str]

    def header(self, name: str) -> str:
        """The first value of a field of PKG-INFO, or ""."""
        return next(iter(self.headers.get(name, ())), "")

    def table(self, *path: str) -> Mapping[str, Any]:
        """A table of pyproject.toml, empty when it is not there or not a table."""
        found: Any = self.pyproject
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else _NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    requires: tuple[str, ...]
    extras: frozenset[str] = frozenset()
    source: str
    certain: bool = True
    doubt: str = ""
    where: str = ""


def read_metadata(sources: Sources, project: NormalizedName, version: Version | None) -> Metadata:
    """The metadata that an installation on the target would see, with its source and every doubt.

    Sources of `Metadata.source` besides those in `planner.dists`: `setup.cfg`.
    """
    ladder: tuple[Callable[[Sources], _Found | None], ...] = (
        _from_pkg_info,
        _from_project,
        _from_poetry,
        _from_flit,
        _from_setup_cfg,
        _from_setup_py,
        _from_hints,
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
        _option(sources, "options", "python_requires"),
        _option(sources, "metadata", "python_requires") if _by_pbr(sources) else "",
        setup if isinstance(setup, str) else "",
    )
    return next((text.strip() for text in candidates if isinstance(text, str) and text.strip()), "")


def _by_pbr(sources: Sources) -> bool:
    """Whether pbr fills in the metadata (OpenStack's projects), from options that setuptools leaves."""
    return sources.setup is not None and "pbr" in sources.setup.given


def _from_pkg_info(sources: Sources) -> _Found | None:
    stated = parse_version(sources.header("metadata-version"))
    dynamic = {name.lower() for name in sources.headers.get("dynamic", ())}
    if stated is None or stated < _STATIC_SINCE or "requires-dist" in dynamic:
        return None
    return _headers(sources)


def _headers(sources: Sources, *, certain: bool = True, doubt: str = "") -> _Found:
    return _Found(
        requires=tuple(sources.headers.get("requires-dist", ())),
        extras=frozenset(sources.headers.get("provides-extra", ())),
        source="sdist",
        certain=certain,
        doubt=doubt,
        where="PKG-INFO",
    )


def _from_project(sources: Sources) -> _Found | None:
    """PEP 621: what is not named in `dynamic` is binding, also where it is left out."""
    project = sources.table("project")
    if not project or _before_pep_621(sources):
        return None
    dynamic = texts.string_list(project.get("dynamic")) or []
    files = sources.table("tool", "setuptools", "dynamic")
    plain = texts.string_list(project.get("dependencies", []))
    if "dependencies" in dynamic:
        plain = _file_lists(sources.files, files.get("dependencies"))
    if plain is None:
        return None
    groups: dict[str, list[str]] = {"": plain}
    doubt = ""
    optional: Any = project.get("optional-dependencies", _NOTHING)
    if "optional-dependencies" in dynamic:
        optional = files.get("optional-dependencies", _NOTHING)
    for extra, value in (optional if isinstance(optional, Mapping) else _NOTHING).items():
        listed = texts.string_list(value) if isinstance(value, list) else _file_lists(sources.files, value)
        groups[_bare(extra)] = listed or []
        if listed is None:
            doubt = f"pyproject.toml computes its extra {extra}"
    if "optional-dependencies" in dynamic and not files.get("optional-dependencies"):
        doubt = "pyproject.toml leaves its extras to the build"
    requires, extras = texts.combine(groups)
    return _Found(
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


def _file_lists(files: SdistFiles, value: Any) -> list[str] | None:
    """The requirements in the files that `{ file = [...] }` names, or None when one of them is not there."""
    named = value.get("file") if isinstance(value, Mapping) else None
    names = [named] if isinstance(named, str) else texts.string_list(named)
    if not names:
        return None
    lines: list[str] = []
    for name in names:
        text = files.text(name.strip())
        if text is None:
            return None
        lines.extend(requirement_lines(text))
    return lines


def _from_poetry(sources: Sources) -> _Found | None:
    table = sources.table("tool", "poetry")
    if not table or "poetry" not in str(sources.table("build-system").get("build-backend", "")):
        return None
    made = read_poetry(table)
    if made.doubt and sources.headers.get("requires-dist"):
        return _headers(sources, certain=False, doubt=made.doubt)
    return _Found(
        requires=made.requires,
        extras=made.extras,
        source="pyproject",
        certain=not made.doubt,
        doubt=made.doubt,
        where="pyproject.toml",
    )


def _from_flit(sources: Sources) -> _Found | None:
    table = sources.table("tool", "flit", "metadata")
    if not table:
        return None
    groups = {"": texts.string_list(table.get("requires")) or []}
    extras = table.get("requires-extra")
    for extra, listed in (extras if isinstance(extras, Mapping) else _NOTHING).items():
        groups[_bare(extra)] = texts.string_list(listed) or []
    requires, names = texts.combine(groups)
    return _Found(requires=requires, extras=names, source="pyproject", where="pyproject.toml")


def _option(sources: Sources, section: str, key: str) -> str:
    """An option of setup.cfg, under either spelling of its name."""
    table = sources.config.get(section, {})
    return table.get(key) or table.get(key.replace("_", "-")) or ""


def _from_setup_cfg(sources: Sources) -> _Found | None:
    """Setuptools takes these unless setup.py gives its own."""
    configured = _configured(sources)
    setup = sources.setup
    if not configured or (setup is not None and {"install_requires", "extras_require"} & setup.given):
        return None
    requires, extras = texts.combine(configured)
    sure = setup is None or (setup.complete and not setup.unreadable and setup.line > 0)
    doubt = "" if sure else "setup.py may add to what setup.cfg says"
    return _Found(
        requires=requires, extras=extras, source="setup.cfg", certain=sure, doubt=doubt, where="setup.cfg"
    )


def _configured(sources: Sources) -> dict[str, list[str]]:
    """The lists of setup.cfg by setuptools key ("" for the plain one); {} when none, or when one is lost."""
    plain = _option(sources, "options", "install_requires")
    extras = sources.config.get("options.extras_require", {})
    groups = {"": _config_list(sources.files, plain)} if plain else {}
    groups |= {extra: _config_list(sources.files, value) for extra, value in extras.items()}
    if any(lines is None for lines in groups.values()):
        return {}
    return {key: lines or [] for key, lines in groups.items()}


def _config_list(files: SdistFiles, value: str) -> list[str] | None:
    if value.strip().startswith("file:"):
        names = [name.strip() for name in value.strip()[5:].replace("\n", ",").split(",")]
        return _file_lists(files, {"file": [name for name in names if name]})
    return option_list(value)


def _from_setup_py(sources: Sources) -> _Found | None:
    """What `setup()` is given on this target, checked against what the packager's machine made of it."""
    setup = sources.setup
    if setup is None or not setup.line or not setup.complete or "pbr" in setup.given:
        return None
    hint = _requires_txt(sources)
    groups = _given(sources, setup)
    lost = setup.extras_doubt
    nothing_said = not groups and not {"install_requires", "extras_require"} & setup.given
    if groups is None or (hint and (lost or (nothing_said and hint[0]))):
        return None
    requires, extras = texts.combine(groups)
    doubt = f"setup.py computes some of its extras ({_place(lost, setup)})" if lost else ""
    if hint is None:
        doubt = doubt or "setup.py was read, not run, and nothing in the sdist confirms it"
    else:
        different = _difference(requires, hint[0], sources.markers)
        if different:
            doubt = f"requires.txt, made on the packager's machine, differs in {', '.join(different[:5])}"
    return _Found(
        requires=requires,
        extras=extras,
        source="setup.py",
        certain=not doubt,
        doubt=doubt,
        where=f"setup.py:{setup.line}",
    )


def _given(sources: Sources, setup: SetupPy) -> dict[str, list[str]] | None:
    """The lists by setuptools key, from setup.py or else from setup.cfg; None when the plain one is lost."""
    if isinstance(setup.install_requires, Lost):
        return None
    configured = _configured(sources)
    groups = {"": list(setup.install_requires)} if setup.install_requires else {}
    for key, listed in configured.items():
        keyword = "extras_require" if key else "install_requires"
        if keyword not in setup.given or (not key and not groups):
            groups[key] = listed
    for extra, lines in setup.extras_require:
        groups[extra] = [*groups.get(extra, []), *lines]
    return groups


def _place(lost: Lost, setup: SetupPy) -> str:
    line = lost.line or setup.line
    return (f"setup.py:{line}" if line else "setup.py") + (f", {lost.why}" if lost.why else "")


def _requires_txt(sources: Sources) -> tuple[tuple[str, ...], frozenset[str], str] | None:
    """The egg-info's list, () when the egg-info has none (then there were none), None without an egg-info."""
    names = sorted(
        (name for name in sources.files.names if ".egg-info/" in name and name.count("/") <= 4),
        key=lambda name: (name.count("/"), name),
    )
    listing = next((name for name in names if name.endswith("/requires.txt")), "")
    text = sources.files.text(listing) if listing else None
    if text is not None:
        requires, extras = texts.requires_txt(text)
        return requires, extras, listing
    return ((), frozenset(), names[0].rpartition("/")[0]) if names and not listing else None


def _difference(one: tuple[str, ...], other: tuple[str, ...], markers: Mapping[str, str]) -> list[str]:
    """Projects that the two lists ask for differently on the target."""
    first, second = _effective(one, markers), _effective(other, markers)
    return sorted({item[1] for item in first ^ second})


def _effective(requires: tuple[str, ...], markers: Mapping[str, str]) -> set[tuple[str, str, str]]:
    """Each requirement with the extra that brings it, where its markers hold on the target."""
    out: set[tuple[str, str, str]] = set()
    for text in requires:
        parsed = parse_requirement(text)
        if parsed is None:
            out.add(("", text, ""))
            continue
        extra = ""
        if parsed.marker is not None:
            marker = str(parsed.marker)
            extra = marker.rpartition('extra == "')[2].partition('"')[0] if "extra ==" in marker else ""
            if not parsed.marker.evaluate({**markers, "extra": extra}):
                continue
        out.add((extra, str(canonicalize_name(parsed.name)), f"{sorted(parsed.extras)}{parsed.specifier}"))
    return out


def _from_hints(sources: Sources) -> _Found:
    """The last resort: lists that a build may replace, or none at all."""
    doubt = _why_not_setup_py(sources.setup)
    hint = _requires_txt(sources)
    if hint is not None and (hint[0] or sources.setup is not None):
        requires, extras, where = hint
        return _Found(
            requires=requires, extras=extras, source="requires.txt", certain=False, doubt=doubt, where=where
        )
    if sources.headers.get("requires-dist"):
        return _headers(sources, certain=False, doubt=doubt)
    return _Found(requires=(), source="none", certain=False, doubt=doubt)


def _why_not_setup_py(setup: SetupPy | None) -> str:
    if setup is None:
        return "the sdist leaves its dependencies to the build"
    if setup.unreadable:
        return setup.unreadable
    if isinstance(setup.install_requires, Lost):
        return f"setup.py computes its dependencies ({_place(setup.install_requires, setup)})"
    if not setup.complete:
        return f"setup.py:{setup.line} gives setup() keywords that cannot be known"
    if setup.extras_doubt:
        return f"setup.py computes its extras ({_place(setup.extras_doubt, setup)})"
    return "setup.py does not say what it depends on"
