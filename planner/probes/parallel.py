"""Calls side by side with one deadline; knows no machines, and must not let one call end the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

__all__ = ["Calls", "Late", "side_by_side"]

T = TypeVar("T")
K = TypeVar("K")


class Late(Exception):  # noqa: N818 (it stands for a call's outcome, and is never raised)
    """A call that had not ended at the deadline."""


class _Call(threading.Thread, Generic[T]):
    """A daemon: a read that hangs (a dead network disk) must not keep the program from ending."""

    def __init__(self, function: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._function = function
        self.outcome: T | Exception = Late()

    def run(self) -> None:
        try:
            self.outcome = self._function()
        except Exception as error:  # noqa: BLE001 (whatever a call dies of is its outcome; the others go on)
            self.outcome = error


class Calls(Generic[K, T]):
    """Calls that run since they were started; all of them have until `seconds` after the first line here."""

    def __init__(self, *, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._calls: dict[K, _Call[T]] = {}

    def start(self, key: K, function: Callable[[], T]) -> None:
        """Begin a call; its outcome will stand under `key`."""
        call = self._calls[key] = _Call(function)
        call.start()

    def outcomes(self) -> dict[K, T | Exception]:
        """Wait, then: each call's value, the exception it died of, or `Late`; in the order of their start."""
        for call in self._calls.values():
            call.join(max(0.0, self._deadline - time.monotonic()))
        return {key: call.outcome for key, call in self._calls.items()}


def side_by_side(functions: Mapping[K, Callable[[], T]], *, seconds: float) -> dict[K, T | Exception]:
    """The outcomes of calls that all begin now."""
    calls: Calls[K, T] = Calls(seconds=seconds)
    for key, function in functions.items():
        calls.start(key, function)
    return calls.outcomes()
