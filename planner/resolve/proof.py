"""A complete search: it finds a resolution exactly when there is one; knows resolvelib's provider protocol.

resolvelib's backjumping may skip the one decision that mends a conflict, and then says "impossible" of what
is possible (https://github.com/sarugaku/resolvelib/issues/206). It is fast where there is an answer, so it
goes first; what it calls impossible is believed only when this search, which skips nothing, finds nothing.

The method is conflict-directed backjumping (Prosser, "Hybrid algorithms for the constraint satisfaction
problem", 1993): of each dead end the decisions that caused it are kept, and the last of these is revised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from resolvelib import BaseReporter
from resolvelib.resolvers import ResolutionImpossible, ResolutionTooDeep
from resolvelib.resolvers.criterion import Criterion
from resolvelib.structs import RequirementInformation, State, build_iter_view

from planner.resolve.asks import Ask, Candidate, split_key
from planner.resolve.provider import Provider

__all__ = ["settle_completely"]

Information = RequirementInformation[Ask, Candidate]


@dataclass(slots=True)
class _Decision:
    """A key, what is still to be tried of it, and the decisions that ruled out what was tried.

    `asked` is what stood on the key when it was decided, and `askers` the decisions that asked. `told` is
    what its candidate asks for, `blamed` what kept its first candidate from being chosen: the story that is
    told where there is no resolution.
    """

    key: str
    left: Iterator[Candidate]
    asked: Mapping[str, list[Information]]
    askers: frozenset[str]
    causes: set[str]
    candidate: Candidate | None = None
    told: list[Information] = field(default_factory=list)
    blamed: list[Information] = field(default_factory=list)


class _Requirements(Mapping[str, Iterator[Ask]]):
    """The requirements that stand, by key, as resolvelib hands them to `find_matches`."""

    def __init__(self, standing: Mapping[str, list[Information]], more: Iterable[Ask]) -> None:
        self._standing = standing
        self._more = tuple(more)

    def __getitem__(self, key: str) -> Iterator[Ask]:
        own = (information.requirement for information in self._standing.get(key, ()))
        return chain(own, (ask for ask in self._more if ask.key == key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._standing)

    def __len__(self) -> int:
        return len(self._standing)


class _Nothing(Mapping[str, Iterator[Candidate]]):
    """No incompatibilities: this search keeps its own."""

    def __getitem__(self, key: str) -> Iterator[Candidate]:
        return iter(())

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Search:
    def __init__(
        self, provider: Provider, reporter: BaseReporter[Ask, Candidate, str], roots: Iterable[Ask]
    ) -> None:
        self._provider = provider
        self._reporter = reporter
        self._heard: set[int] = set()
        self._decisions: list[_Decision] = []
        self._chosen: dict[str, Candidate] = {}
        self._standing: dict[str, list[Information]] = {}
        for ask in roots:
            self._standing.setdefault(ask.key, []).append(RequirementInformation(ask, None))

    def run(self, max_rounds: int) -> State[Ask, Candidate, str]:
        for round_index in range(max_rounds):
            self._reporter.starting_round(index=round_index)
            if self._decisions and self._decisions[-1].candidate is None:
                decision = self._decisions[-1]
            else:
                key = self._next()
                if key is None:
                    return self._state()
                decision = self._decision(key)
                self._decisions.append(decision)
            if not self._decide(decision):
                self._backjump()
        raise ResolutionTooDeep(max_rounds)

    def _decision(self, key: str) -> _Decision:
        asked = {one: [*self._standing.get(one, ())] for one in (key, split_key(key)[0])}
        askers = self._askers(key)
        return _Decision(key, iter(self._matches(key)), asked, frozenset(askers), askers)

    def _next(self) -> str | None:
        """The key to decide now, as the provider prefers it."""
        open_keys = [key for key, told in self._standing.items() if told and key not in self._chosen]
        information = {key: iter(self._standing[key]) for key in open_keys}
        return min(
            open_keys,
            key=lambda key: self._provider.get_preference(key, self._chosen, {}, information, ()),
            default=None,
        )

    def _matches(
        self, key: str, more: Iterable[Ask] = (), standing: Mapping[str, list[Information]] | None = None
    ) -> Iterable[Candidate]:
        asked = _Requirements(self._standing if standing is None else standing, more)
        found = self._provider.find_matches(key, asked, _Nothing())
        return found() if callable(found) else found

    def _askers(self, key: str) -> set[str]:
        """The decisions that brought the requirements on a key (an extra's project asks as well)."""
        told = (*self._standing.get(key, ()), *self._standing.get(split_key(key)[0], ()))
        return {information.parent.key for information in told if information.parent is not None}

    def _decide(self, decision: _Decision) -> bool:
        """Give the key its next candidate that goes with all decisions; False when none is left."""
        for candidate in decision.left:
            asks = self._provider.get_dependencies(candidate)
            clash = self._conflict(asks)
            if clash is not None:
                decision.causes |= self._causes(clash) - {decision.key}
                if not decision.blamed:
                    known = self._standing.get(clash.key, ())
                    decision.blamed = [RequirementInformation(clash, candidate), *known]
                continue
            decision.candidate = candidate
            self._chosen[decision.key] = candidate
            known_already = id(candidate) in self._heard
            self._heard.add(id(candidate))
            for ask in asks:
                if not known_already:
                    self._reporter.adding_requirement(ask, candidate)
                information = RequirementInformation(ask, candidate)
                decision.told.append(information)
                self._standing.setdefault(ask.key, []).append(information)
            return True
        return False

    def _conflict(self, asks: tuple[Ask, ...]) -> Ask | None:
        """The first of these requirements that cannot stand beside the decisions; None when all can."""
        for ask in asks:
            chosen = self._chosen.get(ask.key)
            if chosen is not None:
                if not self._provider.is_satisfied_by(ask, chosen):
                    return ask
            elif next(iter(self._matches(ask.key, asks)), None) is None:
                return ask
        return None

    def _causes(self, clash: Ask) -> set[str]:
        """The decisions that a requirement cannot stand beside.

        Where it admits nothing that could have been chosen, it was not the choice but who asked for it:
        `numpy<1.20` beside a project of which every version needs numpy 2 is one dead end, and not one for
        each version of numpy, each with an sdist to be read.
        """
        if clash.key not in self._chosen:
            return self._askers(clash.key)
        decision = next(decision for decision in self._decisions if decision.key == clash.key)
        if next(iter(self._matches(clash.key, (clash,), decision.asked)), None) is None:
            return set(decision.askers)
        return {clash.key}

    def _backjump(self) -> None:
        """Revise the last decision that has part in the dead end; all later ones go with it."""
        dead = self._decisions.pop()
        causes, blamed = dead.causes, dead.blamed or [*self._standing.get(dead.key, ())]
        while self._decisions:
            decision = self._decisions.pop()
            self._undo(decision)
            if decision.key in causes:
                decision.causes |= causes - {decision.key}
                decision.blamed = decision.blamed or blamed
                self._decisions.append(decision)
                return
        raise ResolutionImpossible(blamed)

    def _undo(self, decision: _Decision) -> None:
        del self._chosen[decision.key]
        for information in reversed(decision.told):
            self._standing[information.requirement.key].remove(information)
        decision.told.clear()
        decision.candidate = None

    def _state(self) -> State[Ask, Candidate, str]:
        criteria = {
            key: Criterion(build_iter_view([self._chosen[key]]), list(told), [])
            for key, told in self._standing.items()
            if told
        }
        return State(mapping=dict(self._chosen), criteria=criteria, backtrack_causes=[])


def settle_completely(
    provider: Provider,
    reporter: BaseReporter[Ask, Candidate, str],
    requirements: Iterable[Ask],
    max_rounds: int,
) -> State[Ask, Candidate, str]:
    """Find pins for the requirements; raises ResolutionImpossible (proven) or ResolutionTooDeep.

    The reporter hears of rounds and of what candidates ask for; its `starting_round` may raise, to end it.
    """
    return _Search(provider, reporter, requirements).run(max_rounds)
