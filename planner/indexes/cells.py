"""One computation for many callers: the first computes, the others wait; must not start threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, cast

__all__ = ["Cell", "Cells"]

T = TypeVar("T")


class Cell(Generic[T]):
    """A value that is not there, in the making, or there for good."""

    __slots__ = ("_after", "_done", "_error", "_lock", "_started", "_value")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._started = False
        self._value: T | None = None
        self._error: BaseException | None = None
        self._after: list[Callable[[], None]] = []

    @property
    def done(self) -> bool:
        """Whether the value is there."""
        return self._done.is_set()

    @property
    def started(self) -> bool:
        """Whether somebody makes the value or has made it."""
        return self._started

    def get(self, compute: Callable[[], T]) -> T:
        """The value: made here if nobody has begun, else waited for; all get what `compute` raises."""
        if not self._done.is_set():
            with self._lock:
                mine = not self._started
                self._started = True
            if mine:
                self._make(compute)
            else:
                self._done.wait()
        if self._error is not None:
            raise self._error
        return cast("T", self._value)

    def busy(self, after: Callable[[], None]) -> bool:
        """Whether somebody is making the value just now; `after` is then called when it is there."""
        with self._lock:
            if not self._started or self._done.is_set():
                return False
            self._after.append(after)
            return True

    def _make(self, compute: Callable[[], T]) -> None:
        try:
            self._value = compute()
        except BaseException as error:  # waiters must wake for an interrupt, too
            self._error = error
            raise
        finally:
            with self._lock:
                self._done.set()
                after, self._after = self._after, []
            for call in after:
                call()


class Cells(Generic[T]):
    """Cells by key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cells: dict[Hashable, Cell[T]] = {}

    def of(self, key: Hashable) -> Cell[T]:
        """The one cell of that key."""
        with self._lock:
            cell = self._cells.get(key)
            if cell is None:
                cell = self._cells[key] = Cell()
            return cell

    def values(self) -> int:
        """How many values are there."""
        with self._lock:
            return sum(cell.done for cell in self._cells.values())
