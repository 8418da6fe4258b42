"""Which variant of torch `auto` takes: the best is judged with the whole set, and so is what may be better.

Compares what was judged; must not resolve, fetch or print itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.backends import Taken, Torch
from planner.choosing.chooser import NOTICEABLE
from planner.knowledge.cuda import torch_release, variant_of
from planner.routing import CPU, TORCH, Backend, Router

if TYPE_CHECKING:
    from planner.checking import Judged

__all__ = ["JUDGED", "judged_torch"]

JUDGED = 3
"""Variants that are judged for `auto`, at most."""

Judge: TypeAlias = "Callable[[Router], Judged]"


def judged_torch(torch: Torch, judge: Judge, say: Callable[[str], None]) -> Taken:
    """Judge the set with the backend of the settings; of `auto`, with the best variant that bears the set.

    That is the first under which it has no requirement unmet and no native build more, and nothing that is
    more outdated, than without any backend; at most `JUDGED` are judged. Where none is as good as that: the
    best of them. Where an index cannot be asked, no other variant is tried: nothing would be known of it.
    """
    if not torch.variants:
        return Taken(judged=judge(torch.router), router=torch.router)
    first = _attempt(torch, torch.variants[0], judge)
    backend = first.backend
    if len(torch.variants) == 1 or backend is None or not backend.verified:
        return first
    if _is_perfect(first.judged):
        return _newest(torch, first, judge, say)
    if not backend.applies and not first.judged.set_aside:
        return first
    say("judging the set without a backend, to compare")
    plain = judge(torch.router)
    tried = [first]
    if _weight(first.judged) <= _weight(plain):
        return _newest(torch, first, judge, say)
    pinned = next((package.version for package in plain.packages if package.name == TORCH), None)
    release = torch_release(str(pinned)) if pinned is not None else None
    built = release.variants if release is not None else ()
    # The newest of that torch's builds first (the table has them oldest first), the others as they were.
    others = [one for one in torch.variants[1:] if one.variant != CPU]
    rest = sorted(others, key=lambda v: -built.index(v.variant) if v.variant in built else 1)
    for one in rest[: JUDGED - 1]:
        say(f"judging the set with the build of torch for {one.variant}")
        tried.append(_attempt(torch, one, judge))
        if _weight(tried[-1].judged) <= _weight(plain):
            return tried[-1]
    # The CPU's build, where there is no other at all: a GPU is never left idle for a better set.
    if not any(package.name == TORCH for taken in tried for package in taken.judged.packages):
        tried += [_attempt(torch, one, judge) for one in torch.variants if one.variant == CPU]
    best = min(tried, key=lambda taken: _weight(taken.judged))
    if best.backend is None:
        return best
    if _weight(best.judged) <= _weight(plain):
        return best
    why = f"{best.backend.why}; no build that was tried has wheels for all of the set"
    return replace(best, backend=replace(best.backend, why=why))


def _newest(torch: Torch, taken: Taken, judge: Judge, say: Callable[[str], None]) -> Taken:
    """With the newest build that the torch which was pinned has, where that bears the set as well.

    Which torch the set takes is known only now; the first variant was the best for the newest torch.
    """
    pinned = next((package.version for package in taken.judged.packages if package.name == TORCH), None)
    release = torch_release(str(pinned)) if pinned is not None else None
    here = variant_of(taken.backend.variant) if taken.backend is not None else None
    if release is None or here is None or here.family != "cuda" or torch.settled:
        return taken
    found = {one: variant_of(one.variant) for one in torch.variants if one.variant in release.variants}
    newer = [
        (Version(variant.version), one.variant)
        for one, variant in found.items()
        if variant is not None
        and variant.family == "cuda"
        and Version(variant.version) > Version(here.version)
    ]
    if not newer:
        return taken
    name = max(newer)[1]
    say(f"judging the set with the build of torch for {name}")
    other = _attempt(torch, next(one for one in torch.variants if one.variant == name), judge)
    return other if _weight(other.judged) <= _weight(taken.judged) else taken


def _attempt(torch: Torch, backend: Backend, judge: Judge) -> Taken:
    """The set under one variant; once more where the versions found open a place for what would be built."""
    router = torch.routed(backend)
    judged = judge(router)
    built = [build.project for build in judged.builds if build.native is not False]
    pins = {p.name: p.version for p in judged.packages if p.version is not None}
    richer = router.knowing(pins, built)
    if richer is not router:
        again = judge(richer)
        if _weight(again) < _weight(judged):
            router, judged = richer, again
    opened = router.opened({*pins, *_troubled(judged)})
    verified = not any(found.code == "WP604" for found in judged.findings)
    return Taken(
        judged=judged, router=router, backend=replace(backend, applies=bool(opened), verified=verified)
    )


def _troubled(judged: Judged) -> Iterator[NormalizedName]:
    """The projects that were asked for and are not pinned."""
    yield from (ask.project for ask in judged.trials.roots.asks)
    yield from (NormalizedName(found.project) for found in judged.findings if found.code == "WP604")


_Weight: TypeAlias = tuple[int, int, int, int, tuple[float, ...], int]


def _weight(judged: Judged) -> _Weight:
    """How much a set asks of its user, less is better: what is unmet, native builds, whole months behind."""
    unmet = len(judged.set_aside)
    if judged.choice is None:
        return unmet, 1, 1, 1, (), 0
    burden = judged.choice.burden
    return (
        unmet,
        burden.hopeless,
        burden.unready,
        burden.native,
        tuple(round(months) for months in burden.overdue),
        int(burden.worst / NOTICEABLE),
    )


def _is_perfect(judged: Judged) -> bool:
    return _weight(judged) == (0, 0, 0, 0, (), 0)
