"""The extensions that a setup.py makes, as the rehearsal of its build shows; must not judge their needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.sdist.archive import SdistFiles
from planner.sdist.extensions import Built
from planner.sdist.rehearsal.compiled import link_names, source_names
from planner.sdist.rehearsal.imagined import Machine
from planner.sdist.rehearsal.rehearse import Outcome, Script, rehearse
from planner.sdist.values import Extension, Place, Table, Value, as_list, render, truth
from planner.setupcfg import ini_sections

__all__ = ["built_by"]

_MAX_STEPS = 60_000  # the extensions of all but the most involved files are seen well before
_COMPILERS = frozenset(f"dep:virtual/compiler/{name}" for name in ("c", "cxx", "fortran", "cuda", "rust"))


def built_by(
    files: SdistFiles, markers: Mapping[str, str], available: frozenset[str]
) -> tuple[tuple[Built, ...], bool]:
    """The extensions that the build of an sdist makes for a target, in the order in which they are made.

    And whether it was followed to its end, and certainly makes none and starts nothing that might.
    """
    options = ini_sections(files.text("setup.cfg") or "") or {}
    script = Script(files=files, markers=markers, available=available, options=options, steps=_MAX_STEPS)

    def run(missing: frozenset[str]) -> Outcome:
        return rehearse(script, Machine(missing, brought=available))

    outcome = run(frozenset())
    asked = [one for name, one in outcome.asked.items() if name in _COMPILERS and one.certain]
    spare = bool(asked) and not any(one.fatal for one in asked) and outcome.stop is None
    optional = spare and run(_COMPILERS).stop is None
    sure = {(one.file, one.line, one.name) for one in outcome.compiled if one.certain}
    made = tuple(dict.fromkeys(_built(made, optional=optional, sure=sure) for made in outcome.extensions))
    return made, _nothing(outcome)


def _nothing(outcome: Outcome) -> bool:
    """Whether the rehearsal shows that nothing at all is compiled."""
    followed = outcome.whole and outcome.stop is None and outcome.set_up and not outcome.lost
    quiet = not (outcome.compiled or outcome.extensions or outcome.scripts)
    return followed and quiet and not any(name.startswith(("program:", "dep:")) for name in outcome.asked)


def _built(made: Extension, *, optional: bool, sure: set[tuple[str, int, str]]) -> Built:
    attributes = (made.attributes or Table()).items
    name = attributes.get("name")
    plain = name if isinstance(name, str) else ""
    sources, whole = source_names(made)
    folders = [
        render(item) or ""
        for item in as_list(attributes.get("include_dirs")) or ()
        if isinstance(item, (str, Place))
    ]
    language = attributes.get("language")
    return Built(
        kind=made.kind,
        line=made.line,
        name=plain,
        optional=optional or truth(attributes.get("optional")) is True,
        certain=(made.file, made.line, plain) in sure,
        sources=tuple(sources) if whole else None,
        libraries=tuple(name for name, _ in link_names(made, [])[0]),
        include_dirs=tuple(
            folder for folder in dict.fromkeys(folders) if folder and not folder.startswith("/")
        ),
        macros=_macros(attributes),
        language=language if isinstance(language, str) else "",
    )


def _macros(attributes: Mapping[Any, Value]) -> tuple[str, ...]:
    """What `define_macros` and `-D` define."""
    macros = as_list(attributes.get("define_macros")) or ()
    listed = [one[0] for one in macros if isinstance(one, tuple) and one]
    flags = as_list(attributes.get("extra_compile_args")) or ()
    listed += [flag[2:].partition("=")[0] for flag in flags if isinstance(flag, str) and flag[:2] == "-D"]
    return tuple(dict.fromkeys(name for name in listed if isinstance(name, str) and name.isidentifier()))
