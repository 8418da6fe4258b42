"""The command lines that uv and pip carry a phase out with, as argument lists; pure, quotes nothing.

A phase's files stand in a lock of its own (`planner.plan.excerpt`), so that no index is asked for them, and
hashes and sizes are checked by the installer. uv: https://docs.astral.sh/uv/reference/cli/#uv-pip-install;
pip: https://pip.pypa.io/en/stable/cli/pip_install/ (a lock as of 26.1, `--build-constraint` as of 25.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from packaging.utils import canonicalize_name

from planner.plan.openvalues import PlannedIndex
from planner.plan.phases import Phase

__all__ = ["INSTALLERS", "Program", "Source", "command_of", "index_words"]

Program: TypeAlias = Literal["uv", "pip"]
INSTALLERS: tuple[Program, ...] = ("uv", "pip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a phase's files are named: `lock` (or a requirements file with hashes), and build constraints."""

    lock: str = ""
    constraints: str = ""


def command_of(
    phase: Phase,
    source: Source,
    *,
    program: Program,
    start: Sequence[str],
    python: str,
    indexes: Sequence[str] = (),
    again: bool = False,
) -> tuple[str, ...]:
    """The words of one phase. `start` starts the installer (`uv`; `python -m pip`), `python` is the target.

    `indexes` are words of `index_words`, for what the plan pins without naming its file. `again`: what is
    installed of the version already was built against something else, and does not count.
    """
    if program == "uv":
        words = [*start, "pip", "install", "--python", python]
    else:
        words = [*start, "--python", python, "install", "--no-input", "--disable-pip-version-check"]
    words.append("--no-deps")
    words += _how(phase, program)
    if again:
        words.append("--reinstall" if program == "uv" else "--force-reinstall")
    if source.constraints:
        words += ["--build-constraints" if program == "uv" else "--build-constraint", source.constraints]
    for setting in phase.settings:
        words += ["-C", setting]
    if phase.kind in ("builds", "tools"):
        words += indexes
    words += phase.pins
    return (*words, "-r", source.lock) if source.lock else tuple(words)


def _how(phase: Phase, program: Program) -> Iterator[str]:
    """Whether something may be built, and how."""
    if not phase.builds and phase.kind != "tools":
        yield from ("--no-build",) if program == "uv" else ("--only-binary", ":all:")
    if not phase.isolated:
        # Both keep the wheels that they build by the sdist alone: one that was compiled against another torch
        # would be taken again. https://pip.pypa.io/en/stable/topics/caching/#locally-built-wheels
        yield from ("--no-build-isolation", "--no-cache" if program == "uv" else "--no-cache-dir")


def index_words(indexes: Sequence[PlannedIndex], pins: Sequence[str], program: Program) -> tuple[str, ...]:
    """The plan's indexes as words of the installer, for pins without a file: those of build environments.

    Indexes for some projects alone (torch's) are asked only where a pin is one of them. The last of the
    others is the default one; where all are folders, no index is asked.
    """
    names = {canonicalize_name(pin.partition("==")[0]) for pin in pins}
    asked = [one for one in indexes if not one.only_for or names & set(one.only_for)]
    folders = [one.path for one in asked if one.path]
    urls = [one.url for one in asked if one.url]
    open_to_all = [one.url for one in asked if one.url and not one.only_for]
    found: list[str] = []
    if open_to_all:
        found += ["--default-index" if program == "uv" else "--index-url", open_to_all[-1]]
    elif folders:
        found.append("--no-index")
    for url in urls:
        if url not in open_to_all[-1:]:
            found += ["--index" if program == "uv" else "--extra-index-url", url]
    for folder in folders:
        found += ["--find-links", folder]
    if program == "uv" and len(urls) > 1:  # as pip: each pin is one version, wherever it is
        found += ["--index-strategy", "unsafe-best-match"]
    return tuple(found)
