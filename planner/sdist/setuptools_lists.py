"""Dependencies as setuptools takes them: setup.cfg, setup.py, and the requires.txt of an earlier build.

Must tell what it doubts; what other tables of pyproject.toml say is `planner.sdist.metadata`'s.
"""

from __future__ import annotations

from collections.abc import Mapping

from packaging.utils import canonicalize_name

from planner.dists import parse_requirement
from planner.sdist import texts
from planner.sdist.setup_py import Lost, SetupPy
from planner.sdist.sources import Found, Sources
from planner.setupcfg import option_list

__all__ = ["from_hints", "from_setup_cfg", "from_setup_py"]


def from_setup_cfg(sources: Sources) -> Found | None:
    """Setuptools takes these unless setup.py gives its own."""
    configured = _configured(sources)
    setup = sources.setup
    if not configured or (setup is not None and {"install_requires", "extras_require"} & setup.given):
        return None
    requires, extras = texts.combine(configured)
    sure = setup is None or (setup.complete and not setup.unreadable and setup.line > 0)
    doubt = "" if sure else "setup.py may add to what setup.cfg says"
    return Found(
        requires=requires, extras=extras, source="setup.cfg", certain=sure, doubt=doubt, where="setup.cfg"
    )


def _configured(sources: Sources) -> dict[str, list[str]]:
    """The lists of setup.cfg by setuptools key ("" for the plain one); {} when none, or when one is lost."""
    plain = sources.option("options", "install_requires")
    extras = sources.config.get("options.extras_require", {})
    groups = {"": _config_list(sources, plain)} if plain else {}
    groups |= {extra: _config_list(sources, value) for extra, value in extras.items()}
    if any(lines is None for lines in groups.values()):
        return {}
    return {key: lines or [] for key, lines in groups.items()}


def _config_list(sources: Sources, value: str) -> list[str] | None:
    if value.strip().startswith("file:"):
        names = [name.strip() for name in value.strip()[5:].replace("\n", ",").split(",")]
        return sources.file_lists({"file": [name for name in names if name]})
    return option_list(value)


def from_setup_py(sources: Sources) -> Found | None:
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
    return Found(
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


def from_hints(sources: Sources) -> Found:
    """The last resort: lists that a build may replace, or none at all."""
    doubt = _why_not_setup_py(sources.setup)
    hint = _requires_txt(sources)
    if hint is not None and (hint[0] or sources.setup is not None):
        requires, extras, where = hint
        return Found(
            requires=requires, extras=extras, source="requires.txt", certain=False, doubt=doubt, where=where
        )
    if sources.headers.get("requires-dist"):
        return sources.pkg_info(certain=False, doubt=doubt)
    return Found(requires=(), source="none", certain=False, doubt=doubt)


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
