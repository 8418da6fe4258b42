"""The text of a meson.build file -> its statements, with their lines; must not know what functions mean.

Linear in the text, and bounded in depth. The grammar is that of https://mesonbuild.com/Syntax.html ; unlike
in CMake, a text that breaks it is no build file at all, so that nothing of it is used.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from planner.sdist.inspectors.meson_nodes import (
    Assign,
    Call,
    Chain,
    Choose,
    Expression,
    Foreach,
    Group,
    If,
    Index,
    Literal,
    Name,
    Not,
    Statement,
)  # fmt: skip

__all__ = ["SyntaxProblemError", "parse"]

MAX_TEXT = 1 << 20
MAX_DEPTH = 60


class SyntaxProblemError(Exception):
    """The text is no meson.build file; `line` is where that shows."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


_TOKENS = re.compile(
    r"""(?P<skip>[ \t\f\r]+|\#[^\n]*|\\\r?\n) | (?P<newline>\n)
      | (?P<long>f?'''.*?''') | (?P<text>f?'(?:[^'\\\n]|\\.)*')
      | (?P<number>0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|\d+)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<sign>\+=|==|!=|<=|>=|[-+*/%<>=(){}\[\],.:?])
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", "'": "'"}
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"or"}),
    frozenset({"and"}),
    frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)


def parse(text: str) -> tuple[Statement, ...]:
    """The statements of a file.

    :raises SyntaxProblemError: when it is not in the grammar, or nested beyond reason.
    """
    if len(text) > MAX_TEXT:
        raise SyntaxProblemError(1)
    parser = _Parser(_tokens(text))
    statements = parser.block(())
    if parser.kind() != "end":
        raise SyntaxProblemError(parser.line())
    return statements


def _tokens(text: str) -> list[_Token]:
    """All tokens; line ends inside brackets are none."""
    out: list[_Token] = []
    line = 1
    depth = 0
    for match in _TOKENS.finditer(text):
        kind, found = match.lastgroup or "", match[0]
        if kind == "other":
            raise SyntaxProblemError(line)
        if kind == "sign":
            depth += (found in "([{") - (found in ")]}")
        if kind not in ("skip", "newline") or (kind == "newline" and depth <= 0):
            out.append(_Token(kind, found, line))
        line += found.count("\n")
    out.append(_Token("newline", "\n", line))
    out.append(_Token("end", "", line))
    return out


class _Parser:
    """Recursive descent; `depth` bounds the recursion."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def kind(self) -> str:
        return self.tokens[self.at].kind

    def line(self) -> int:
        return self.tokens[self.at].line

    def peek(self, ahead: int = 0) -> str:
        """The text of a sign or name there, "" for texts and numbers."""
        token = self.tokens[min(self.at + ahead, len(self.tokens) - 1)]
        return token.text if token.kind in ("sign", "name") else ""

    def accept(self, text: str) -> bool:
        if self.peek() == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise SyntaxProblemError(self.line())

    def _ends(self) -> None:
        if self.kind() not in ("newline", "end"):
            raise SyntaxProblemError(self.line())
        while self.kind() == "newline":
            self.at += 1

    def block(self, until: tuple[str, ...]) -> tuple[Statement, ...]:
        """Statements up to one of those words, which is left standing."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise SyntaxProblemError(self.line())
        out: list[Statement] = []
        while True:
            while self.kind() == "newline":
                self.at += 1
            if self.kind() == "end" or self.peek() in until:
                break
            out.append(self._statement())
        self.depth -= 1
        return tuple(out)

    def _statement(self) -> Statement:
        line, word = self.line(), self.peek()
        if word == "if":
            return self._if(line)
        if word == "foreach":
            return self._foreach(line)
        if word in ("break", "continue") and self.tokens[self.at + 1].kind == "newline":
            self.at += 1
            return Assign("", Call(word, (), {}, line), line)
        if word and self.peek(1) in ("=", "+="):
            adds = self.peek(1) == "+="
            self.at += 2
            statement = Assign(word, self.expression(), line, adds)
        else:
            statement = Assign("", self.expression(), line)
        self._ends()
        return statement

    def _if(self, line: int) -> If:
        parts: list[tuple[Expression | None, tuple[Statement, ...]]] = []
        word = "if"
        while word != "endif":
            self.at += 1
            test = self.expression() if word in ("if", "elif") else None
            self._ends()
            parts.append((test, self.block(("elif", "else", "endif"))))
            word = self.peek()
            if not word:
                raise SyntaxProblemError(self.line())
        self.at += 1
        self._ends()
        return If(tuple(parts), line)

    def _foreach(self, line: int) -> Foreach:
        self.at += 1
        names = [self._name()]
        while self.accept(","):
            names.append(self._name())
        self.expect(":")
        over = self.expression()
        self._ends()
        body = self.block(("endforeach",))
        self.expect("endforeach")
        self._ends()
        return Foreach(tuple(names), over, body, line)

    def _name(self) -> str:
        if self.kind() != "name":
            raise SyntaxProblemError(self.line())
        self.at += 1
        return self.tokens[self.at - 1].text

    def expression(self) -> Expression:
        """One expression, with `? :` binding weakest."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise SyntaxProblemError(self.line())
        made = self._level(0)
        if self.accept("?"):
            yes = self.expression()
            self.expect(":")
            made = Choose(made, yes, self.expression())
        self.depth -= 1
        return made

    def _operator(self, level: int) -> str:
        word = self.peek()
        if word == "not" and self.peek(1) == "in":
            word = "not in"
        return word if word in _LEVELS[level] else ""

    def _level(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._single()
        made = self._level(level + 1)
        nested = 0
        while operator := self._operator(level):
            operands = [made]
            while self._operator(level) == operator:
                self.at += 2 if operator == "not in" else 1
                operands.append(self._level(level + 1))
            made = Chain(operator, tuple(operands))
            nested += 1
            if nested > MAX_DEPTH:
                raise SyntaxProblemError(self.line())
        return made

    def _single(self) -> Expression:
        signs = 0
        words: list[str] = []
        while self.peek() in ("not", "-"):
            words.append(self.peek())
            self.at += 1
            signs += 1
            if signs > MAX_DEPTH:
                raise SyntaxProblemError(self.line())
        made = self._trailers(self._atom())
        for word in reversed(words):
            made = Not(made, sign=word == "-")
        return made

    def _trailers(self, made: Expression) -> Expression:
        nested = 0
        while self.peek() in (".", "[", "("):
            nested += 1
            if nested > MAX_DEPTH:
                raise SyntaxProblemError(self.line())
            line = self.line()
            if self.accept("."):
                name = self._name()
                self.expect("(")
                made = Call(name, *self._arguments(), line, of=made)
            elif self.accept("["):
                made = Index(made, self.expression())
                self.expect("]")
            elif isinstance(made, Name):
                self.at += 1
                made = Call(made.name, *self._arguments(), line)
            else:
                raise SyntaxProblemError(line)
        return made

    def _arguments(self) -> tuple[tuple[Expression, ...], dict[str, Expression]]:
        plain: list[Expression] = []
        named: dict[str, Expression] = {}
        while not self.accept(")"):
            if self.kind() == "name" and self.peek(1) == ":":
                name = self._name()
                self.at += 1
                named[name] = self.expression()
            else:
                plain.append(self.expression())
            if not self.accept(",") and self.peek() != ")":
                raise SyntaxProblemError(self.line())
        return tuple(plain), named

    def _atom(self) -> Expression:
        kind, text, line = self.tokens[self.at]
        self.at += 1
        if kind == "name":
            return Literal(text == "true") if text in ("true", "false") else Name(text)
        if kind == "number":
            return Literal(int(text[:18], 0) if not text.isdigit() else int(text[:18]))
        if kind in ("text", "long"):
            formatted = text.startswith("f")
            quotes = 3 if kind == "long" else 1
            body = text[formatted + quotes : -quotes]
            if kind == "text" and "\\" in body:
                body = _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[0]), body)
            return Literal(body, formatted)
        if kind == "sign" and text == "(":
            made = self.expression()
            self.expect(")")
            return made
        if kind == "sign" and text in ("[", "{"):
            return self._group("]" if text == "[" else "}")
        self.at -= 1
        raise SyntaxProblemError(line)

    def _group(self, end: str) -> Group:
        items: list[Expression] = []
        keys: list[Expression] = []
        while not self.accept(end):
            item = self.expression()
            if end == "}":
                self.expect(":")
                keys.append(item)
                item = self.expression()
            items.append(item)
            if not self.accept(",") and self.peek() != end:
                raise SyntaxProblemError(self.line())
        return Group(tuple(items), tuple(keys) if end == "}" else None)
