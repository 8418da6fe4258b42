"""`--torch-backend` with `--no-index`: of the files in find-links those of its build; fetches nothing itself.

uv 0.13.9 asks no index then, and so drops the backend: of `2.8.0+cpu` and `2.8.0+cu126` it takes the latter.
Whoever names a backend wants its build from a folder, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.backends import Torch
from planner.dists import Wheel
from planner.facts import Machine
from planner.page import Page
from planner.resolve.asks import Ask
from planner.routing import TORCH, Backend, projects_of_backends
from planner.tags import supported_tags

__all__ = ["among_links"]


def among_links(torch: Torch, page: Callable[[NormalizedName], Page], machine: Machine) -> Torch:
    """What a run knows of torch where no index is asked: its backend is a constraint on what lies there.

    `page` gives what find-links have of a project. Of `auto`, the first variant is taken of which there is a
    torch. A build of which nothing is there constrains nothing, as in uv. macOS has one build, whose version
    names no variant.
    """
    if not torch.unindexed or not torch.variants or machine.value("os") == "darwin":
        return torch
    supported = supported_tags(machine)

    def fitting(project: NormalizedName) -> list[Version]:
        found = page(project)
        return [
            version
            for version in found.versions
            if any(
                isinstance(one, Wheel) and supported.rank(one.tags) is not None
                for one in found.files(version)
            )
        ]

    locals_of_torch = {version.local for version in fitting(TORCH)}
    there = [one for one in torch.variants if one.variant in locals_of_torch]
    backend = (there or torch.variants)[0]
    asks = tuple(ask for name in projects_of_backends() for ask in _asks(name, fitting(name), backend))
    return replace(torch, variants=(backend,), asks=asks)


def _asks(project: NormalizedName, versions: list[Version], backend: Backend) -> Iterator[Ask]:
    """The other builds of a project of which this one is there, excluded one by one.

    A version without a local part stays where the build has the same one, which is the higher of the two:
    `!=2.8.0` would exclude both.
    """
    own = {version.public for version in versions if version.local == backend.variant}
    others = [
        version
        for version in versions
        if version.local != backend.variant and (version.local or version.public not in own)
    ]
    if own and others:
        yield Ask(
            project=project,
            specifier=SpecifierSet(",".join(f"!={version}" for version in others)),
            text=f"{project} of the build {backend.variant}",
            origin=f"{backend.origin} {backend.word} over --find-links",
        )
