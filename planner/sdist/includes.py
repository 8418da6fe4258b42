"""The headers that a C, C++, CUDA, Cython or Fortran source includes; must not preprocess or follow them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Include", "scan_includes"]


@dataclass(frozen=True, slots=True)
class Include:
    """One `#include`, or a `cdef extern from`. `angled` is `<…>`; `guards` are the conditions around it.

    A guard is the text of an enclosing `#if` in plain form: `defined(_WIN32)`, `!defined(HAVE_ZLIB)`,
    `HAVE_SSL >= 2`; for an `#else`, its negation.
    """

    name: str
    line: int
    angled: bool = True
    guards: tuple[str, ...] = ()


def scan_includes(name: str, data: bytes) -> tuple[Include, ...]:
    """The includes of a source file; `name` tells its language, `data` may be its first part alone."""
    del name, data
    return ()
