"""Calls side by side with one deadline; knows no machines, and must not let one call end the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

__all__ = ["Late", "side_by_side"]

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


def side_by_side(calls: Mapping[K, Callable[[], T]], *, seconds: float) -> dict[K, T | Exception]:
    """The outcome of each call, in the order given: its value, the exception it died of, or `Late`."""
    threads = {key: _Call(function) for key, function in calls.items()}
    for thread in threads.values():
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads.values():
        thread.join(max(0.0, deadline - time.monotonic()))
    return {key: thread.outcome for key, thread in threads.items()}
