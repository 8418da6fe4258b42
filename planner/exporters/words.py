"""Foreign text in shell scripts and comments; knows the quoting of a POSIX shell, and no plan.

https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence

from planner.errors import PlanError

__all__ = ["Spelled", "assignment", "command", "comment", "file_of", "is_variable", "word"]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Spelled(str):
    """A word of ours that a shell is to read as it stands: `"$python"`. Never text from a plan."""

    __slots__ = ()


def word(text: str) -> str:
    r"""One word of a shell, whatever it holds; NUL, which no word can hold, is a PlanError.

    >>> word("-j4"), word("$(reboot)"), word(Spelled('"$python"'))
    ('-j4', "'$(reboot)'", '"$python"')
    """
    if isinstance(text, Spelled):
        return text
    if "\0" in text:
        raise PlanError("The plan holds a NUL character, which no shell can be told.")
    return shlex.quote(text)


def command(words: Iterable[str]) -> str:
    """A command of a shell."""
    return " ".join(map(word, words))


def comment(text: str) -> str:
    r"""Text that cannot leave the line of its comment.

    >>> comment("a\nb")
    'a?b'
    """
    return "".join(character if character.isprintable() else "?" for character in text)


def is_variable(name: str) -> bool:
    """Whether a shell can have a variable of that name."""
    return bool(_VARIABLE.match(name))


def assignment(name: str, value: str) -> str:
    """An `export`; raises PlanError for what is no name of a variable: it cannot be quoted."""
    if not is_variable(name):
        raise PlanError(f"The plan sets a variable that no shell can have: {comment(name)[:60]!r}.")
    return f"export {name}={word(value)}"


def file_of(path: str, lines: Sequence[str]) -> Iterator[str]:
    """A here-document that writes these lines to a file, as they are; `path` is spelled by us."""
    if any("\n" in line or "\r" in line or "\0" in line for line in lines):
        raise PlanError("The plan holds a line break where none can be.")
    end = "END"
    while end in lines:
        end += "_"
    yield f"cat > {path} <<'{end}'"
    yield from lines
    yield end
