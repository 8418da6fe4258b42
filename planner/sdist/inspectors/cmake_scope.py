"""What a CMake project remembers while it is followed (variables, cache, targets); must not follow it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from planner.sdist.archive import SdistFiles
from planner.sdist.inspectors.cmake_syntax import Argument, Block, Command
from planner.sdist.inspectors.cmake_values import UNKNOWN, Choice, Unknown, Value, settled
from planner.sdist.inspectors.ledger import Context, Ledger

__all__ = ["BUILD", "ROOT", "Memory", "chosen", "path_in"]

ROOT = "/sdist"
BUILD = "/build"
MAX_LENGTH = 2_000
_REFERENCE = re.compile(r"\$(ENV)?\{([^${}]*)\}")
_BARE = re.compile(r"[A-Za-z_]\w*\Z")


def path_in(folder: str, path: str) -> str | None:
    """The path inside the sdist, "" for its root; None when it lies outside.

    >>> path_in("/sdist/src", "../cmake"), path_in("/sdist", "/usr/lib")
    ('cmake', None)
    """
    full = posixpath.normpath(posixpath.join(folder, path))
    if full == ROOT:
        return ""
    return full[len(ROOT) + 1 :] if full.startswith(f"{ROOT}/") else None


@dataclass
class Memory:
    """The scope at hand and those around it; `handlers` are the commands that are known."""

    files: SdistFiles
    ledger: Ledger
    handlers: Mapping[str, Callable[[Any, Command], None]]
    variables: dict[str, Value | None] = field(default_factory=dict)
    cache: dict[str, Value | None] = field(default_factory=dict)
    targets: dict[str, Value] = field(default_factory=dict)
    folder: str = ROOT
    file: str = ""

    def __post_init__(self) -> None:
        self._functions: dict[str, Block] = {}
        self._outer: list[dict[str, Value | None]] = []

    def value(self, name: str) -> Value | None:
        """A variable's value; None when it is not set."""
        if name in self.variables:
            return self.variables[name]
        if name in self.cache:
            return self.cache[name]
        return UNKNOWN if name.startswith("CMAKE_") else None

    def expand(self, argument: Argument) -> Value:
        """An argument with its references resolved; a lone reference keeps its value as it is."""
        text = argument.text
        if argument.raw or "$" not in text:
            return text
        whole = _REFERENCE.fullmatch(text)
        if whole and not whole[1]:
            value = self.value(whole[2])
            return "" if value is None else value
        for _ in range(6):
            pieces: list[str] = []
            end = 0
            for match in _REFERENCE.finditer(text):
                value = None if match[1] else self.value(match[2])
                if value is not None and not isinstance(value, str):
                    return UNKNOWN
                pieces += (text[end : match.start()], value or "")
                end = match.end()
            if not pieces:
                return text
            text = "".join((*pieces, text[end:]))
            if len(text) > MAX_LENGTH:
                return UNKNOWN
        return UNKNOWN

    def exists(self, path: str) -> bool | None:
        """Whether a path is in the sdist; not known of other places."""
        inside = path_in(self.folder, path)
        if inside is None:
            return None
        return not inside or inside in self.files.name_set or inside in self.files.folders

    def target(self, name: str) -> Value | None:
        """The target, where one was made; that of a package is there when the package is."""
        package, _, part = name.partition("::")
        package = part if package == "PkgConfig" else package
        return self.targets.get(name) or (self.value(f"{package}_FOUND") if "::" in name else None)

    def command(self, name: str) -> bool:
        """Whether the project defines it."""
        return name.lower() in self._functions

    def words(self, arguments: Sequence[Argument]) -> list[str | None]:
        """The arguments as CMake would split them; None for each that is not known."""
        out: list[str | None] = []
        for argument in arguments:
            value = self.expand(argument)
            if not isinstance(value, str):
                out.append(None)
            elif argument.quoted:
                out.append(value)
            else:
                out.extend(part for part in value.split(";") if part)
        return out

    def where(self, command: Command) -> str:
        """The place of a command, as evidence names it."""
        return f"{self.file}:{command.line}"

    def set(self, name: str, value: Value | None) -> None:
        """Give a variable a value in the scope at hand."""
        self.variables[name] = value

    def remember(self, name: str, value: Value) -> None:
        """Give it in the cache, as `find_…` and `pkg_check_modules` do: it outlives the function."""
        self.variables.pop(name, None)
        self.cache[name] = value

    def set_outside(self, name: str, value: Value | None) -> None:
        """Give it in the scope around this one (`PARENT_SCOPE`)."""
        (self._outer[-1] if self._outer else self.variables)[name] = value

    def forget(self, arguments: Sequence[Argument]) -> None:
        """An unknown command may set every variable that it is told the name of."""
        for argument in arguments:
            if not argument.quoted and _BARE.match(argument.text) and not argument.text.isupper():
                continue
            if not argument.quoted and _BARE.match(argument.text):
                self.variables[argument.text] = UNKNOWN


def chosen(
    outcomes: list[tuple[Context, dict[str, Value | None]]], values: list[Value | None]
) -> Choice | Unknown:
    """A value that hangs on which part was taken, where that is a matter of things found."""
    contexts = [context for context, _ in outcomes]
    branches = [branch for context in contexts for branch in context]
    keys = {key for branch in branches for key in branch.keys}
    keys |= {key for value in values if isinstance(value, Choice) for key in value.keys}
    depth = 1 + max((value.depth for value in values if isinstance(value, Choice)), default=0)
    if depth > 8 or len(keys) > 12 or any(branch.kind == "unsure" for branch in branches):
        return UNKNOWN

    def pick(found: frozenset[int]) -> Value | None:
        for context, value in zip(contexts, values, strict=True):
            if all(branch.holds(found) for branch in context):
                return settled(value, found)
        return UNKNOWN

    return Choice(pick, tuple(sorted(keys)), depth)
