"""Sources made in memory, and what an inspector says of them in short form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from planner.needs import Doubt, Need
from planner.sdist import texts
from planner.sdist.inspectors.port import Clue
from planner.sdist.setup_py import read_setup_py
from planner.sdist.sources import Sources
from planner.setupcfg import ini_sections
from tests.sdist.conftest import LINUX_311, make_files

Inspect = Callable[[Sources], Iterable[Clue]]


def make_sources(members: Mapping[str, str | bytes], **markers: str) -> Sources:
    files = make_files(members)
    environment = {**LINUX_311, **markers}
    return Sources(
        files=files,
        headers={},
        pyproject=texts.parse_toml(files.text("pyproject.toml") or "") or {},
        config=ini_sections(files.text("setup.cfg") or "") or {},
        setup=read_setup_py(files, environment),
        markers=environment,
    )


def needs(inspect: Inspect, members: Mapping[str, str | bytes], **markers: str) -> dict[str, Need]:
    """The needs by subject, each told once."""
    found = [clue for clue in inspect(make_sources(members, **markers)) if isinstance(clue, Need)]
    subjects = [need.subject for need in found]
    assert len(subjects) == len(set(subjects))
    return dict(zip(subjects, found, strict=True))


def told(inspect: Inspect, members: Mapping[str, str | bytes], **markers: str) -> dict[str, str]:
    """Subject and versions -> strength, with the alternatives: `required`, `fallback | pkg-config:zlib`."""
    return {
        str(need): " | ".join((need.strength, *need.instead))
        for need in needs(inspect, members, **markers).values()
    }


def doubts(inspect: Inspect, members: Mapping[str, str | bytes], **markers: str) -> list[str]:
    return [str(clue) for clue in inspect(make_sources(members, **markers)) if isinstance(clue, Doubt)]
