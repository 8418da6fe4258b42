"""Which versions a specifier admits, and whether a dependency holds on a machine; must not look at files."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import parse_requirement
from planner.policy import Prereleases

__all__ = ["admitted", "applies"]


def admitted(
    specifier: SpecifierSet, versions: Iterable[Version], mode: Prereleases, *, explicit: bool
) -> tuple[list[Version], list[Version]]:
    """The versions a specifier admits: (those to try first, pre-releases to try after them).

    A pre-release is tried where a specifier names one, or where no final version is left, and then after all
    final ones: nobody who writes `>=3.0rc3` means to refuse 3.1 (uv's rule since 0.12; pip takes the newest
    of both). `explicit` says that a requirement of the user's own names one.
    """
    listed = list(versions)
    if mode == "allow":
        return list(specifier.filter(listed, prereleases=True)), []
    finals = list(specifier.filter(listed, prereleases=False))
    if mode == "disallow":
        return finals, []
    named = explicit if mode == "explicit" else bool(specifier.prereleases)
    if (named and mode != "if-necessary") or (not finals and mode != "explicit"):
        return finals, [v for v in specifier.filter(listed, prereleases=True) if v.is_prerelease]
    return finals, []


@lru_cache(maxsize=50_000)
def _evaluate(text: str, extra: str, markers: tuple[tuple[str, str], ...]) -> bool:
    requirement = parse_requirement(text)
    if requirement is None or requirement.marker is None:
        return True
    return requirement.marker.evaluate({**dict(markers), "extra": extra})


def applies(text: str, markers: tuple[tuple[str, str], ...], extra: NormalizedName | None) -> bool:
    """Whether a `Requires-Dist` holds on a machine: for the project itself, or for one extra and no other."""
    if extra is None:
        return _evaluate(text, "", markers)
    return _evaluate(text, extra, markers) and not _evaluate(text, "", markers)
