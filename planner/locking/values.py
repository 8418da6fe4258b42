"""What `check --locked` answers, as values, and the tables of a plan that it compares; compares nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = ["SIDES", "Difference", "Locked", "Side", "of_package", "ours", "packages_of"]

Side: TypeAlias = Literal["repository", "world", "result"]
"""`repository`: inputs, settings and machine; `world`: what indexes serve; `result`: what follows."""
SIDES: Mapping[Side, str] = {
    "repository": "Changed in the repository, the settings or the machine",
    "world": "Changed on the indexes",
    "result": "What follows",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as the plan has it: `text` is a sentence without full stop, `subject` what of."""

    side: Side
    kind: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """The answer to `check --locked`; `news` are sentences on what is new and changes nothing yet."""

    same: bool
    differences: tuple[Difference, ...] = ()
    news: tuple[str, ...] = ()


def ours(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table `tool.wheelplan` of a plan."""
    found: Mapping[str, Any] = document["tool"]["wheelplan"]
    return found


def packages_of(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The packages of a plan, by name."""
    return {package["name"]: package for package in document.get("packages", ())}


def of_package(package: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table of ours of one package."""
    found: Mapping[str, Any] = package.get("tool", {}).get("wheelplan", {})
    return found
