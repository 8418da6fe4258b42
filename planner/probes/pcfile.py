"""The files of pkg-config (`libpq.pc`), read without the program; knows their grammar, and no folders.

The grammar is that of pc(5): `name=value` are variables, `Name: value` are fields, `${name}` stands for a
variable that was set before, a backslash at the end of a line goes on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Module", "read_pc"]

_LINE = re.compile(r"\s*([A-Za-z0-9_.]+)\s*([=:])\s*(.*?)\s*\Z")
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_.]+)\}")
_INCLUDE = re.compile(r"""(?:^|\s)-I\s*("[^"]*"|'[^']*'|(?:\\.|[^\s\\])+)""")
_LONGEST = 4096
_MOST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """What a file says: its version ("" when it says none), and the folders of `-I` in its Cflags."""

    version: str
    includes: tuple[str, ...]


def read_pc(content: bytes, folder: str = "") -> Module | None:
    """The module of a file's text; None for what is no such file (it has neither Name nor Version).

    `folder` is where the file lies (`${pcfiledir}`). Any bytes give an answer, in bounded time: values are
    cut where variables that stand for others would make them long.
    """
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\\\n", " ")
    variables = {"pcfiledir": folder, "pc_sysrootdir": ""}
    fields: dict[str, str] = {}
    for line in text.split("\n")[:_MOST]:
        match = _LINE.match(line.split("#", 1)[0][:_LONGEST])
        if match is None:
            continue
        name, sign, value = match.groups()
        if sign == "=":
            variables[name] = _expanded(value, variables)
        else:
            fields.setdefault(name.lower(), _expanded(value, variables))
    if "name" not in fields and "version" not in fields:
        return None
    found = (_unquoted(word) for word in _INCLUDE.findall(fields.get("cflags", "")))
    return Module(version=fields.get("version", ""), includes=tuple(dict.fromkeys(f for f in found if f)))


def _expanded(value: str, variables: Mapping[str, str]) -> str:
    # Variables hold no variables any more, so that one pass is enough, and each is at most `_LONGEST` long.
    return _VARIABLE.sub(lambda match: variables.get(match[1], ""), value)[:_LONGEST].strip()


def _unquoted(word: str) -> str:
    return word[1:-1] if word[0] in "\"'" else re.sub(r"\\(.)", r"\1", word)
