"""Follows a CMake project from file to file, through its branches and functions; must not know packages.

What a command looks for is told by `planner.sdist.inspectors.cmake_finds`; here are variables, scopes and
the order of things. Nothing is run, and the work is bounded: what lies beyond is a doubt.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from planner.sdist.inspectors.cmake_scope import BUILD, ROOT, Memory, chosen
from planner.sdist.inspectors.cmake_syntax import Block, Command, Node, parse
from planner.sdist.inspectors.cmake_values import UNKNOWN, Value, condition
from planner.sdist.inspectors.ledger import ALWAYS, NEVER, UNSURE, Context, weigh

__all__ = ["Handler", "Walk"]

MAX_COMMANDS = 18_000
MAX_FILES = 150
MAX_DEPTH = 40
# What a bundled copy of pybind11 defines means what it means elsewhere.
_MAKES_MODULE = re.compile(r"(?:pybind11|nanobind|python3?)_add_")
_NONE: Context = (NEVER,)
Handler = Callable[["Walk", Command], None]


class _LimitError(Exception):
    """The work is over its bound."""


@dataclass
class Walk(Memory):
    """One walk over a project's files; it is the scope of `cmake_values.condition` as well."""

    declared: dict[str, tuple[str, Command]] = field(default_factory=dict)
    linked: list[tuple[str, str, Context]] = field(default_factory=list)
    fetches: bool = False
    context: Context = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self._parsed: dict[str, list[Node] | None] = {}
        self._entered: set[str] = set()
        self._commands = 0
        self._depth = 0

    def read(self, name: str) -> list[Node] | None:
        """The nodes of a file of the sdist, parsed once; None when it is not there or was not kept."""
        if name not in self._parsed:
            text = self.files.text(name) if len(self._parsed) < MAX_FILES else None
            self._parsed[name] = None if text is None else parse(text)
        return self._parsed[name]

    def start(self, folder: str) -> None:
        """Follow the project in a folder of the sdist ("" is its root)."""
        try:
            self.enter(folder, ())
        except _LimitError:
            self.ledger.doubt("is too involved to be followed to its end", self.file)
        except RecursionError:
            self.ledger.doubt("is nested too deeply to be followed", self.file)

    def enter(self, folder: str, context: Context) -> bool:
        """`add_subdirectory`: a scope of its own; False when its CMakeLists.txt cannot be read."""
        name = f"{folder}/CMakeLists.txt" if folder else "CMakeLists.txt"
        nodes = self.read(name)
        if nodes is None or name in self._entered:
            return nodes is not None
        self._entered.add(name)
        outer, file, before = self.variables, self.file, self.folder
        self._outer.append(outer)
        self.variables, self.file = dict(outer), name
        self.folder = f"{ROOT}/{folder}" if folder else ROOT
        self.variables["CMAKE_CURRENT_SOURCE_DIR"] = self.variables["CMAKE_CURRENT_LIST_DIR"] = self.folder
        self.variables["CMAKE_CURRENT_BINARY_DIR"] = f"{BUILD}/{folder}" if folder else BUILD
        self._nested(nodes, context)
        self.variables, self.file, self.folder = outer, file, before
        self._outer.pop()
        return True

    def include(self, name: str, context: Context) -> bool:
        """`include`: the file's commands, in the scope at hand; False when it cannot be read."""
        nodes = self.read(name)
        if nodes is None:
            return False
        file, here = self.file, self.variables.get("CMAKE_CURRENT_LIST_DIR")
        self.file = name
        self.variables["CMAKE_CURRENT_LIST_DIR"] = posixpath.join(ROOT, posixpath.dirname(name))
        self._nested(nodes, context)
        self.file, self.variables["CMAKE_CURRENT_LIST_DIR"] = file, here
        return True

    def _nested(self, nodes: list[Node], context: Context) -> Context:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _LimitError
        try:
            return self._run(nodes, context)
        finally:
            self._depth -= 1

    def _run(self, nodes: Sequence[Node], context: Context) -> Context:
        """Follow nodes in order; the answer is the context of what comes after them, `never` on a return."""
        for node in nodes:
            if isinstance(node, Block):
                context = self._block(node, context)
            else:
                self._commands += 1
                if self._commands > MAX_COMMANDS:
                    raise _LimitError
                if node.name in ("return", "break", "continue"):
                    return _NONE
                self._command(node, context)
            if context[-1:] == _NONE:
                return _NONE
        return context

    def _command(self, command: Command, context: Context) -> None:
        function = self._functions.get(command.name)
        handler = self.handlers.get(command.name)
        if handler is not None and (function is None or _MAKES_MODULE.match(command.name)):
            self.context = context
            handler(self, command)
        if function is not None:
            self._call(function, command, context)
        elif handler is None:
            self.forget(command.arguments)

    def _block(self, block: Block, context: Context) -> Context:
        opening, body = block.parts[0]
        if block.name == "if":
            return self._if(block, context)
        if block.name in ("function", "macro"):
            if opening.arguments:
                self._functions[opening.arguments[0].text.lower()] = block
        elif block.name == "foreach":
            self._foreach(opening, body, context)
        elif block.name == "while":
            self._nested(body, (*context, UNSURE))
        else:
            return self._nested(body, context)
        return context

    def _if(self, block: Block, context: Context) -> Context:
        """Every part that may be taken, each from the same start; then one memory is made of theirs."""
        before = self.variables
        self._commands += len(before) >> 7  # what the copies below cost
        outcomes: list[tuple[Context, dict[str, Value | None]]] = []
        around: Context = ()  # the branches not taken on the way to a part
        for opening, body in block.parts:
            taken, other = ALWAYS, NEVER
            if opening.name != "else":
                taken, other = weigh(*condition(opening.arguments, self))
            if taken is not NEVER:
                inner = around if taken is ALWAYS else (*around, taken)
                self.variables = dict(before) if inner or other is not NEVER else before
                after = self._nested(body, (*context, *inner))
                if after[-1:] != _NONE:
                    outcomes.append((after[len(context) :], self.variables))
            self.variables = before
            if other is NEVER:
                break
            if other is not ALWAYS:
                around = (*around, other)
        else:
            outcomes.append((around, before))
        return self._merge(before, outcomes, context)

    def _merge(
        self,
        before: dict[str, Value | None],
        outcomes: list[tuple[Context, dict[str, Value | None]]],
        context: Context,
    ) -> Context:
        """One memory from those of the parts; a variable that differs hangs on what the parts hang on."""
        if not outcomes:
            return _NONE
        if len(outcomes) == 1:  # the other parts left the file or function
            self.variables = outcomes[0][1]
            return (*context, *outcomes[0][0])
        names = {
            name
            for _, memory in outcomes
            if memory is not before
            for name, value in memory.items()
            if name not in before or before[name] is not value
        }
        merged = dict(before)
        for name in names:
            values = [memory.get(name) for _, memory in outcomes]
            first = values[0]
            same = all(value is first or value == first for value in values)
            merged[name] = first if same else chosen(outcomes, values)
        self.variables = merged
        return context

    def _foreach(self, opening: Command, body: list[Node], context: Context) -> None:
        if not opening.arguments:
            return
        name, *rest = opening.arguments
        words = self.words(rest)
        if words[:1] == ["IN"]:
            words = self._listed(words[1:])
        elif words[:1] == ["RANGE"]:
            words = [None]
        for word in words[:40]:
            self.variables[name.text] = UNKNOWN if word is None else word
            self._nested(body, context if word is not None else (*context, UNSURE))

    def _listed(self, words: list[str | None]) -> list[str | None]:
        """`LISTS` are names of variables, `ITEMS` are taken as they are."""
        out: list[str | None] = []
        lists = False
        for word in words:
            if word in ("LISTS", "ITEMS", "ZIP_LISTS"):
                lists = word != "ITEMS"
            elif lists and word is not None:
                value = self.value(word)
                out.extend(part for part in value.split(";") if part) if isinstance(value, str) else (
                    out.append(None) if value is not None else None
                )
            else:
                out.append(word)
        return out

    def _call(self, block: Block, command: Command, context: Context) -> None:
        """A function has a scope of its own; a macro's arguments are, near enough, variables."""
        opening, body = block.parts[0]
        words = [UNKNOWN if word is None else word for word in self.words(command.arguments)]
        names = [argument.text for argument in opening.arguments[1:]]
        outer = self.variables
        known = [word for word in words if isinstance(word, str)]
        given: dict[str, Value | None] = dict(zip(names, words, strict=False))
        given["ARGC"] = str(len(words))
        given["ARGN"] = ";".join(known[len(names) :]) if len(known) == len(words) else UNKNOWN
        given["ARGV"] = ";".join(known) if len(known) == len(words) else UNKNOWN
        if block.name == "macro":
            outer.update(given)
            self._nested(body, context)
            return
        self._outer.append(outer)
        self.variables = {**outer, **given}
        self._nested(body, context)
        self.variables = outer
        self._outer.pop()
