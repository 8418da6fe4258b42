"""Whether a wheel's name proves that it fits a CPython on Linux with glibc; all else is for `planner.tags`.

It says yes only where `planner.tags` says so too (a test holds it to that), and costs no import: most plans
are verified without one wheel that needs the other judge.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["Quick"]

_FLOORS = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}


class Quick:
    """The judge for one interpreter, by the facts that `planner.probes.own` tells."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        major, minor = facts["python"].split(".")[:2]
        self._short, self._minor, self._major = f"{major}{minor}", int(minor), major
        self._abi = facts["abi"]
        self._arch = facts["arch"]
        self._glibc = tuple(map(int, facts["glibc"].split(".")))
        self._oldest = 5 if self._arch in ("x86_64", "i686") else 17
        self._known: dict[str, bool] = {}

    def proves(self, filename: str) -> bool:
        """Whether the wheel of that name fits for certain."""
        if not filename.endswith(".whl") or self._major != "3":
            return False
        parts = filename[:-4].rsplit("-", 3)
        if len(parts) != 4:
            return False
        tags = "-".join(parts[1:])
        if tags not in self._known:
            self._known[tags] = self._fits(*(part.split(".") for part in parts[1:]))
        return self._known[tags]

    def _fits(self, pythons: list[str], abis: list[str], platforms: list[str]) -> bool:
        return any(
            self._takes(python, abi, platform) for python in pythons for abi in abis for platform in platforms
        )

    def _takes(self, python: str, abi: str, platform: str) -> bool:
        if platform == "any":
            return abi == "none" and (python == f"cp{self._short}" or self._is_pure(python))
        if not self._has(platform):
            return False
        if abi == "none" and self._is_pure(python):
            return True
        if python == f"cp{self._short}":
            return abi in (self._abi, "none") or (abi == "abi3" and self._has_abi3())
        return abi == "abi3" and self._has_abi3() and self._is_older(python, "cp3")

    def _has_abi3(self) -> bool:
        return self._abi == f"cp{self._short}" and self._minor >= 2

    def _is_pure(self, python: str) -> bool:
        return python == "py3" or self._is_older(python, "py3")

    def _is_older(self, python: str, prefix: str) -> bool:
        number = python.removeprefix(prefix)
        lowest = 2 if prefix == "cp3" else 0
        return number != python and number.isdecimal() and lowest <= int(number) <= self._minor

    def _has(self, platform: str) -> bool:
        """Whether a platform tag is one of this machine's."""
        name, _, rest = platform.partition("_")
        if name in _FLOORS:
            floor = _FLOORS[name]
            return rest == self._arch and self._oldest <= floor and self._glibc >= (2, floor)
        if name != "manylinux":
            return False
        major, _, rest = rest.partition("_")
        minor, _, arch = rest.partition("_")
        if arch != self._arch or major != "2" or self._glibc[0] != 2 or not minor.isdecimal():
            return False
        return self._oldest <= int(minor) <= self._glibc[1]
