"""What a distribution asks of a machine, with its evidence; knows values only and decides nothing.

A need's `subject` is a name of the vocabulary of `planner.facts`, or one of these, which no probe answers by
itself (`planner.prerequisites` does, with the tables of `planner.knowledge`):

====================  ==================================================================================
`dep:…`               a PEP 725 id: `dep:virtual/compiler/c`, `…/cxx`, `…/fortran`, `…/rust`, `…/cuda`,
                      `dep:virtual/interface/blas`, `dep:generic/openssl`
`cmake:NAME`          what `find_package(NAME)` looks for
`crate:NAME`          a Rust crate that links a library of the system (`openssl-sys`)
`network:WHAT`        something that is downloaded from beyond the package index (`network:crates.io`)
====================  ==================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from packaging.specifiers import SpecifierSet

__all__ = [
    "ANY_VERSION",
    "EXTENSION_LEFT_OUT",
    "FEATURE_LEFT_OUT",
    "MAY_BE_COMPILED",
    "Doubt",
    "Evidence",
    "Inspection",
    "Need",
    "Role",
    "Strength",
    "Unit",
]

Role: TypeAlias = Literal["build", "host", "run"]
"""PEP 725's: `build` runs on the building machine, `host` is linked against, `run` is there at run time."""

Strength: TypeAlias = Literal["required", "optional", "fallback", "hint"]
"""How much depends on it. `required`: without it the build fails. `optional`: it builds, with a loss.
`fallback`: a copy is built or downloaded in its place. `hint`: seen in a source file, while nothing in the
build's own configuration asks for it; it counts only together with another need of the same thing."""

ANY_VERSION = SpecifierSet()

EXTENSION_LEFT_OUT = "the compiled extension is left out"
FEATURE_LEFT_OUT = "it is built without that feature"
"""The effects that others act on: nothing compiled is left, or the same is built with less in it."""

MAY_BE_COMPILED = "a source that it may compile"
"""The evidence of a compiler that no file of the build asks for: only the sources themselves tell of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where a statement comes from: a file and line (`setup.py:41`), a file name, or a table's source."""

    where: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.where} ({self.text})" if self.text else self.where


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A `subject` that must be there, in a version of `specifier`.

    One comparison language serves Python, libc, driver, compiler and memory (in MiB): `SpecifierSet`.
    `instead` are other subjects, each of which serves as well. `effect` is a phrase that says what happens
    without it, for all but required ones (`libzmq is downloaded and built`).
    """

    subject: str
    specifier: SpecifierSet = ANY_VERSION
    role: Role = "run"
    because: tuple[Evidence, ...] = ()
    instead: tuple[str, ...] = ()
    strength: Strength = "required"
    effect: str = ""

    def __str__(self) -> str:
        return f"{self.subject} {self.specifier}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something that an sdist's files leave open: one phrase (`which libraries it links is computed`)."""

    text: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where} {self.text}".lstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Sources of one language that a build compiles: how many files, the largest and the sum in KiB.

    `language` is `c`, `cython` (C made from it, by its size or that of its source), `cxx`, `pybind11`,
    `torch`, `cuda`, `rust` or `fortran`.
    """

    language: str
    files: int
    largest: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What building an sdist asks of a machine, as its own files tell, none of them run.

    `engine` is what compiles: `setuptools`, `torch` (its cpp_extension, with ninja), `cmake`, `meson`,
    `cargo`, `make`, or "" when nothing does.
    """

    needs: tuple[Need, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    units: tuple[Unit, ...] = ()
    engine: str = ""
