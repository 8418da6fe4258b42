"""What a distribution asks of a machine, with its evidence; knows values only and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from packaging.specifiers import SpecifierSet

__all__ = ["Evidence", "Need", "Role"]

Role: TypeAlias = Literal["build", "host", "run"]
"""PEP 725's: `build` runs on the building machine, `host` is linked against, `run` is there at run time."""


ANY_VERSION = SpecifierSet()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a statement comes from: a file and line (`setup.py:41`), a file name, or a table's source."""

    where: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.where} ({self.text})" if self.text else self.where


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A `subject` (a fact's name, see `planner.facts`) that must be there, in a version of `specifier`.

    One comparison language serves Python, libc, driver, compiler and memory (in MiB): `SpecifierSet`.
    """

    subject: str
    specifier: SpecifierSet = ANY_VERSION
    role: Role = "run"
    because: tuple[Evidence, ...] = ()

    def __str__(self) -> str:
        return f"{self.subject} {self.specifier}".rstrip()
