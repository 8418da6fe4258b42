"""One resolution: from what is asked for to one candidate per project, or to why there is none.

Joins resolvelib, the provider and the explanation; must do no I/O of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from packaging.utils import NormalizedName
from resolvelib import BaseReporter
from resolvelib.resolvers import ResolutionImpossible, ResolutionTooDeep
from resolvelib.resolvers.criterion import Criterion
from resolvelib.structs import RequirementInformation, State

from planner.dists import Metadata, Pin
from planner.fits import Fits
from planner.page import Catalog
from planner.resolve.asks import Ask, Candidate, Clash, Fixed, Outcome, Resolution
from planner.resolve.clash import explain_clash, root_keys
from planner.resolve.proof import settle_completely
from planner.resolve.provider import Provider
from planner.resolve.rounds import settle
from planner.resolve.steer import NEWEST, Natives, Steer

__all__ = ["resolve"]

MAX_ROUNDS = 20_000

ROUNDS_A_KEY = 10
"""Rounds of resolvelib for each project it knows of: it may mend pins in a circle, without a conflict."""

PATIENCE = 50
"""Conflicts that resolvelib may have before the complete search goes on, which needs less time for each."""


class _OutOfPatienceError(Exception):
    """resolvelib has had its conflicts."""


class _OutOfTimeError(Exception):
    """The wall-clock budget is used up."""


class _Reporter(BaseReporter[Ask, Candidate, str]):
    """Keeps who asked for what, counts conflicts and whose candidates all failed, and watches the clock."""

    def __init__(self, spent: Callable[[], bool]) -> None:
        self.parents: dict[str, list[tuple[Ask, Candidate | None]]] = {}
        self.conflicts: dict[str, int] = {}
        self.failures: dict[str, int] = {}
        self.first: Collection[RequirementInformation[Ask, Candidate]] = ()
        self._rejected = ""
        self.rounds = 0
        self.before = 0
        self.met = 0
        self._spent = spent

    def starting_round(self, index: int) -> None:
        self.rounds = self.before + index + 1
        if not self.before and self.rounds > ROUNDS_A_KEY * len(self.parents):
            raise _OutOfPatienceError
        if self._spent():
            raise _OutOfTimeError

    def adding_requirement(self, requirement: Ask, parent: Candidate | None) -> None:
        self.parents.setdefault(requirement.key, []).append((requirement, parent))

    def rejecting_candidate(self, criterion: Criterion[Ask, Candidate], candidate: Candidate) -> None:
        self._rejected = candidate.key

    def resolving_conflicts(self, causes: Collection[RequirementInformation[Ask, Candidate]]) -> None:
        self.first = self.first or tuple(causes)
        keys = {cause.requirement.key for cause in causes}
        keys |= {cause.parent.key for cause in causes if cause.parent is not None}
        for key in keys:
            self.conflicts[key] = self.conflicts.get(key, 0) + 1
        self.failures[self._rejected] = self.failures.get(self._rejected, 0) + 1
        self.met += 1
        if self.met > PATIENCE:
            raise _OutOfPatienceError


def resolve(
    asks: Sequence[Ask],
    *,
    catalog: Catalog,
    fits: Fits,
    markers: Mapping[str, str],
    constraints: Mapping[NormalizedName, Sequence[Ask]],
    fixed: Mapping[NormalizedName, Fixed],
    spent: Callable[[], bool],
    max_rounds: int = MAX_ROUNDS,
    steer: Steer = NEWEST,
    natives: Natives | None = None,
) -> Outcome:
    """Pins for the root requirements `asks`, or the clash that stands in the way.

    `markers` is the target's PEP 508 environment; `spent` says when to give up (the caller owns the clock).
    `steer` says what is tried first; `natives` remembers which files compile, from one attempt to the next.
    """
    reporter = _Reporter(spent)
    provider = Provider(
        catalog=catalog,
        fits=fits,
        markers=markers,
        constraints=constraints,
        fixed=fixed,
        roots=dict.fromkeys(ask.key for ask in asks),
        failures=reporter.failures,
        explicit=frozenset(ask.project for ask in asks if ask.specifier.prereleases),
        steer=steer,
        natives=natives or Natives(catalog, fits, markers),
    )
    try:
        state = _settled(provider, reporter, asks, max_rounds)
    except ResolutionImpossible as impossible:
        clash = explain_clash(impossible.causes, reporter.parents, provider)
        first = explain_clash(reporter.first, reporter.parents, provider) if reporter.first else None
        return replace(
            clash,
            refused=provider.dependencies.refused,
            rounds=reporter.rounds,
            around=root_keys(reporter.conflicts, reporter.parents) | clash.roots,
            first=first if first is not None and first.lines != clash.lines else None,
        )
    except (ResolutionTooDeep, _OutOfTimeError):
        worst = sorted(reporter.conflicts, key=lambda key: (-reporter.conflicts[key], key))[:3]
        return Clash(
            project=worst[0] if worst else "",
            lines=tuple(f"{key} took part in {reporter.conflicts[key]} conflicts." for key in worst),
            limit=f"gave up after {reporter.rounds} rounds",
            refused=provider.dependencies.refused,
            rounds=reporter.rounds,
            around=root_keys(worst, reporter.parents),
        )
    pins = tuple(_pins(state.mapping, state.criteria, provider))
    return Resolution(pins=pins, rounds=reporter.rounds, refused=provider.dependencies.refused)


def _settled(
    provider: Provider, reporter: _Reporter, asks: Sequence[Ask], max_rounds: int
) -> State[Ask, Candidate, str]:
    """What resolvelib finds; where it finds nothing, what a complete search does, with as many rounds again.

    resolvelib may also go in circles, mending one pin with another. Raises ResolutionImpossible where the
    complete search proves that there is nothing.
    """
    told: ResolutionImpossible[Ask, Candidate] | None = None
    try:
        return settle(provider, reporter, asks, max_rounds)
    except ResolutionImpossible as impossible:
        told = impossible
    except (ResolutionTooDeep, _OutOfPatienceError):
        pass
    reporter.before = reporter.rounds
    try:
        return settle_completely(provider, reporter, asks, max_rounds)
    except ResolutionImpossible as proven:
        raise told or proven from None


def _pins(
    mapping: Mapping[str, Candidate], criteria: Mapping[str, Criterion[Ask, Candidate]], provider: Provider
) -> Iterator[Pin]:
    """One pin per project that a root requirement reaches, with everyone who asked for it."""
    reached = _reached(mapping, criteria)
    extras: dict[NormalizedName, set[NormalizedName]] = {}
    asked: dict[NormalizedName, set[tuple[str, str]]] = {}
    for key in reached:
        candidate = mapping[key]
        if candidate.extra is not None:
            extras.setdefault(candidate.project, set()).add(candidate.extra)
        for information in criteria[key].information:
            parent = information.parent
            if parent is None:
                who = information.requirement.origin
            elif parent.key in reached and parent.project != candidate.project:
                who = str(parent)
            else:
                continue
            asked.setdefault(candidate.project, set()).add((who, information.requirement.text))
    for key in sorted(key for key in reached if mapping[key].extra is None):
        candidate = mapping[key]
        metadata = provider.dependencies.metadata(candidate)
        if isinstance(metadata, Metadata):
            yield Pin(
                project=candidate.project,
                version=candidate.version,
                extras=tuple(sorted(extras.get(candidate.project, ()))),
                dist=candidate.dist,
                metadata=metadata,
                asked=tuple(sorted(asked.get(candidate.project, ()))),
                direct=candidate.project in provider.fixed,
            )


def _reached(
    mapping: Mapping[str, Candidate], criteria: Mapping[str, Criterion[Ask, Candidate]]
) -> frozenset[str]:
    """The keys that a chain of pinned candidates joins to a root requirement."""
    children: dict[str | None, list[str]] = {}
    for key, criterion in criteria.items():
        for information in criterion.information:
            parent = information.parent
            children.setdefault(None if parent is None else parent.key, []).append(key)
    reached: set[str] = set()
    waiting = list(children.get(None, ()))
    while waiting:
        key = waiting.pop()
        if key not in reached and key in mapping:
            reached.add(key)
            waiting.extend(children.get(key, ()))
    return frozenset(reached)
