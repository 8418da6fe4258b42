"""The resolver of resolvelib, repaired for real sets; knows its inner state and nothing of distributions.

Three repairs, all reproduced in `tests/resolve/test_rounds.py`:

* `Resolution._patch_criteria` joins lists of incompatibilities that already hold each other, so that they
  double at each backjump (3,040,000 entries for 19 candidates). Here they are joined without repeats.
* Each round asks of every pin whether it still satisfies every requirement, and of every open project when to
  decide it, which is quadratic in their number. A criterion is replaced, never changed, so that an answer
  holds as long as the same criterion stands.
* A pin that a later requirement made unfit stays, without what it asks for, and may count again: the result
  then breaks requirements. Here the pin goes with them.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Generic

from resolvelib import AbstractProvider, BaseReporter
from resolvelib.resolvers.criterion import Criterion
from resolvelib.resolvers.resolution import Resolution
from resolvelib.structs import CT, KT, RT, IterableView, IteratorMapping, build_iter_view

if TYPE_CHECKING:
    from resolvelib.providers import Preference
    from resolvelib.structs import RequirementInformation, State

__all__ = ["RepairedResolution", "settle"]


class RepairedResolution(Resolution[RT, CT, KT], Generic[RT, CT, KT]):
    """resolvelib's resolution with the repairs; same meaning, same errors."""

    def __init__(self, provider: AbstractProvider[RT, CT, KT], reporter: BaseReporter[RT, CT, KT]) -> None:
        super().__init__(provider, reporter)
        self._satisfied: dict[KT, tuple[Criterion[RT, CT], CT, bool]] = {}
        self._preferences: dict[KT, tuple[Criterion[RT, CT], int, Preference]] = {}
        self._conflicts = 0

    def _is_current_pin_satisfying(self, name: KT, criterion: Criterion[RT, CT]) -> bool:
        pin = self.state.mapping.get(name)
        if pin is None:
            return False
        known = self._satisfied.get(name)
        if known is not None and known[0] is criterion and known[1] is pin:
            return known[2]
        answer = super()._is_current_pin_satisfying(name, criterion)
        self._satisfied[name] = (criterion, pin, answer)
        return answer

    def _get_preference(self, name: KT) -> Preference:
        """Asked of each open project each round; the answer holds while criterion and conflicts stand."""
        criterion = self.state.criteria[name]
        known = self._preferences.get(name)
        if known is not None and known[0] is criterion and known[1] == self._conflicts:
            return known[2]
        preference = super()._get_preference(name)
        self._preferences[name] = (criterion, self._conflicts, preference)
        return preference

    def _remove_information_from_criteria(
        self, criteria: dict[KT, Criterion[RT, CT]], parents: Collection[KT]
    ) -> None:
        """Forget what pins asked for that hold no longer, and the pins themselves.

        resolvelib keeps them; where what made one unfit is dropped later, the pin counts again, and what it
        asks for does not: the result then breaks requirements. What they had ruled out may be tried again.
        """
        if not parents:
            return
        for name in parents:
            self.state.mapping.pop(name, None)
        for key, criterion in [*criteria.items()]:
            left = [
                information
                for information in criterion.information
                if information.parent is None or self._p.identify(information.parent) not in parents
            ]
            if len(left) == len(criterion.information):
                continue
            criteria[key] = Criterion(criterion.candidates, left, criterion.incompatibilities)
            matches = self._p.find_matches(
                identifier=key,
                requirements=IteratorMapping(criteria, operator.methodcaller("iter_requirement")),
                incompatibilities=IteratorMapping(criteria, operator.attrgetter("incompatibilities")),
            )
            criteria[key] = Criterion(build_iter_view(matches), left, criterion.incompatibilities)

    def _backjump(self, causes: list[RequirementInformation[RT, CT]]) -> bool:
        self._conflicts += 1
        return super()._backjump(causes)

    def _patch_criteria(self, incompatibilities_from_broken: list[tuple[KT, list[CT]]]) -> bool:
        for key, broken in incompatibilities_from_broken:
            criterion = self.state.criteria.get(key)
            if not broken or criterion is None:
                continue
            joined = list({id(c): c for c in (*criterion.incompatibilities, *broken)}.values())
            matches = self._p.find_matches(
                identifier=key,
                requirements=IteratorMapping(self.state.criteria, operator.methodcaller("iter_requirement")),
                incompatibilities=IteratorMapping(
                    self.state.criteria, operator.attrgetter("incompatibilities"), {key: joined}
                ),
            )
            candidates: IterableView[CT] = build_iter_view(matches)
            if not candidates:
                return False
            self.state.criteria[key] = Criterion(
                candidates=candidates, information=list(criterion.information), incompatibilities=joined
            )
        return True


def settle(
    provider: AbstractProvider[RT, CT, KT],
    reporter: BaseReporter[RT, CT, KT],
    requirements: Iterable[RT],
    max_rounds: int,
) -> State[RT, CT, KT]:
    """Find pins for the requirements; raises ResolutionImpossible or ResolutionTooDeep.

    The state is returned as it is: resolvelib's own `Result` walks it by recursion, one call per link of the
    longest chain.
    """
    return RepairedResolution(provider, reporter).resolve(requirements, max_rounds=max_rounds)
