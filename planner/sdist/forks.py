"""Ways that cannot be decided: each is followed from the same state, and what they agree on stays known.

Must not know what a statement means; `planner.sdist.interpreter` follows those.
"""

from __future__ import annotations

from collections.abc import Callable

from planner.sdist.calls import Calls
from planner.sdist.flow import Left, Raised, Returned
from planner.sdist.values import Scope, Unknown, Value, clone, merge
from planner.sdist.world import World

__all__ = ["BREAK", "CONTINUE", "NONE", "RETURN", "Forks"]

NONE, CONTINUE, BREAK, RETURN = range(4)
"""How a block may have been left early: 0 not at all, else the strongest way that is possible."""


class Forks(Calls):
    """The state that is followed, and how it is split and joined."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._maybe = 0
        self._conditions: list[frozenset[str]] = []
        self._stack: list[Scope] = [self.top]

    def _fork(self, one: Callable[[], int], other: Callable[[], int], line: int) -> int:
        """Follow both ways from one state; keep what agrees. A way that ends in an error is not taken."""
        before = self._snapshot()
        first = self._way(one)
        after_one = [scope.names for scope in self._stack]
        for scope, names in zip(self._stack, before, strict=True):
            scope.names = names
        second = self._way(other)
        if isinstance(first, Raised) and isinstance(second, Raised):
            raise first
        if isinstance(first, Raised):
            return self._settle(second)
        if isinstance(second, Raised):
            for scope, names in zip(self._stack, after_one, strict=True):
                scope.names = names
            return self._settle(first)
        for scope, names in zip(self._stack, after_one, strict=True):
            for name in dict.fromkeys([*names, *scope.names]):
                lost = Unknown(line, "it depends on a condition that cannot be known")
                scope.names[name] = merge(names.get(name, lost), scope.names.get(name, lost), line)
        return self._join(first, second, line)

    def _way(self, way: Callable[[], int]) -> int | Exception:
        self._maybe += 1
        depth = len(self._conditions)
        try:
            return way()
        except (Raised, Returned, Left) as jump:
            return jump
        finally:
            self._maybe -= 1
            del self._conditions[depth:]

    def _snapshot(self) -> list[dict[str, Value]]:
        memo: dict[int, Value] = {}
        copies = [{name: clone(value, memo) for name, value in scope.names.items()} for scope in self._stack]
        held = sum(len(copy.items) for copy in memo.values())
        self.spend((held + sum(map(len, copies))) >> 3)
        return copies

    @staticmethod
    def _settle(outcome: int | Exception) -> int:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _join(self, first: int | Exception, second: int | Exception, line: int) -> int:
        if isinstance(first, Returned) and isinstance(second, Returned):
            raise Returned(merge(first.value, second.value, line))
        left = NONE
        for outcome in (first, second):
            if isinstance(outcome, Returned):
                self.scope.returns.append(outcome.value)
                left = max(left, RETURN)
            elif isinstance(outcome, Left):
                left = max(left, outcome.how)
            elif isinstance(outcome, int):
                left = max(left, outcome)
        return left
