"""setup.cfg as setuptools reads it, and requirements written one a line; knows syntax only, judges none."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping

__all__ = ["ini_sections", "option_list", "requirement_lines"]

_MAX_FILLED = 8_000
_REFERENCE = re.compile(r"%\(([^()%]{1,100})\)s")
_COMMENT = re.compile(r"(^|\s)#.*")


def ini_sections(text: str) -> dict[str, dict[str, str]] | None:
    """setup.cfg's sections with their `%(name)s` filled in, as setuptools does; None when it is not one."""
    parser = _Ini(strict=False, interpolation=None, allow_no_value=True)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError, AttributeError):
        return None
    return {
        section: {key: _filled(value or "", parser[section]) for key, value in parser.items(section)}
        for section in parser.sections()
    }


class _Ini(configparser.RawConfigParser):
    """Option names as they are: extras are named by them."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _filled(value: str, section: Mapping[str, str]) -> str:
    """`%(name)s` filled in from the same section, two levels deep and bounded: each level can multiply."""
    for _ in range(2):
        if "%(" not in value or len(value) > _MAX_FILLED:
            break
        value = _REFERENCE.sub(lambda found: (section.get(found[1]) or "")[:_MAX_FILLED], value, count=50)
    return value.replace("%%", "%")


def option_list(value: str) -> list[str]:
    """The items of a list option: one a line, or on a single line between semicolons."""
    return requirement_lines(value if "\n" in value else value.replace(";", "\n"))


def requirement_lines(text: str) -> list[str]:
    """The requirements of a list with one a line: comments go, continued lines are joined."""
    out: list[str] = []
    for line in text.replace("\\\n", " ").split("\n"):
        plain = _COMMENT.sub("", line).strip()
        if plain:
            out.append(plain)
    return out
