"""The text of a CMake file -> its commands and blocks, with their lines; must not know what commands mean.

Tolerant: what is not a command is passed over. Linear: one regular expression a token, no backing up.
The grammar is that of https://cmake.org/cmake/help/latest/manual/cmake-language.7.html#syntax
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["Argument", "Block", "Command", "Node", "parse"]

MAX_TEXT = 1 << 20
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument as written; `quoted` ones are not split at semicolons, `raw` ones hold no references."""

    text: str
    quoted: bool = False
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A call of a command; `name` is in lower case, as CMake does not tell the cases apart."""

    name: str
    arguments: tuple[Argument, ...]
    line: int


@dataclass(slots=True)
class Block:
    """`if`, `foreach`, `while`, `function`, `macro` or `block`, from its opening command to its end.

    `parts` are the commands that open each part (`if`, `elseif` …, `else`) with what stands in it.
    """

    name: str
    parts: list[tuple[Command, list[Node]]] = field(default_factory=list)


Node: TypeAlias = "Command | Block"

_TOKEN = re.compile(
    r"""(?P<space>[ \t\f\v\ufeff]+) | (?P<newline>\n)
      | (?P<comment>\#\[(?P<eq1>=*)\[ | \#[^\n]*)
      | (?P<open>\() | (?P<close>\))
      | (?P<bracket>\[(?P<eq2>=*)\[)
      | "(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)"
      | (?P<word>(?:[^\s()\#"\\]|\\.|(?<=[^\s(])"[^"\n]*")+)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_OPENS = {"if", "foreach", "while", "function", "macro", "block"}
_SPLITS = {"elseif", "else"}
_CLOSES = {f"end{name}" for name in _OPENS}


def parse(text: str) -> list[Node]:
    """The commands of a file in order, blocks nested; what stands beyond 60 levels is left out."""
    root: list[Node] = []
    stack: list[Block] = []
    current = root
    too_deep = 0
    for command in _commands(text[:MAX_TEXT]):
        name = command.name
        if name in _OPENS:
            if len(stack) >= MAX_DEPTH:
                too_deep += 1
                continue
            block = Block(name, [(command, [])])
            current.append(block)
            stack.append(block)
        elif name in _SPLITS and stack and not too_deep:
            stack[-1].parts.append((command, []))
        elif name in _CLOSES:
            if too_deep:
                too_deep -= 1
                continue
            if stack:
                stack.pop()
        else:
            current.append(command)
            continue
        current = stack[-1].parts[-1][1] if stack else root
    return root


@dataclass(slots=True)
class _Scan:
    """Where a scan stands: the command that is open, if any, and its arguments so far."""

    found: list[Command] = field(default_factory=list)
    name: str = ""
    line: int = 0
    depth: int = 0
    arguments: list[Argument] = field(default_factory=list)

    def take(self, kind: str, token: str, line: int) -> None:
        """One token, outside comments and bracket arguments."""
        if not self.depth:
            if kind == "word":
                self.name, self.line = (token, line) if _NAME.match(token) else ("", 0)
            elif kind == "newline":
                self.name = ""
            elif kind == "open" and self.name:
                self.depth = 1
        elif kind == "open":
            self.depth += 1
            self.arguments.append(Argument("("))
        elif kind == "close":
            self._close()
        elif kind in ("quoted", "word"):
            text = token[1:-1] if kind == "quoted" else token
            self.arguments.append(Argument(_unescaped(text), quoted=kind == "quoted"))

    def _close(self) -> None:
        self.depth -= 1
        if self.depth:
            self.arguments.append(Argument(")"))
            return
        self.found.append(Command(self.name.lower(), tuple(self.arguments), self.line))
        self.name, self.arguments = "", []


def _commands(text: str) -> list[Command]:
    """Every `name(arguments)` of a text; the parentheses inside one are arguments themselves."""
    scan, line, at = _Scan(), 1, 0
    while match := _TOKEN.match(text, at):
        kind, token, at = match.lastgroup or "", match[0], match.end()
        equals = {"comment": match["eq1"], "bracket": match["eq2"]}.get(kind)
        if equals is not None:  # a bracket comment or argument, up to the bracket that closes it
            end = text.find(f"]{equals}]", at)
            stop = len(text) if end < 0 else end
            if kind == "bracket" and scan.depth:
                scan.arguments.append(Argument(text[at:stop], quoted=True, raw=True))
            token = text[match.start() : stop]
            at = min(len(text), stop + len(equals) + 2)
        else:
            scan.take(kind, token, line)
        line += token.count("\n")
    return scan.found


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def _unescaped(text: str) -> str:
    """The text with its escapes resolved; references stay as they are."""
    if "\\" not in text:
        return text
    made = text.replace("\\\n", "")
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), made, flags=re.DOTALL)
