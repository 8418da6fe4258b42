"""The small formats around an sdist's metadata (ini, TOML, requirement lists); must judge none."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name

from planner.dists import parse_requirement
from planner.tomltext import TomlProblem, load_toml

__all__ = [
    "combine",
    "ini_sections",
    "line_of",
    "parse_toml",
    "requirement_lines",
    "requires_txt",
    "string_list",
    "with_marker",
]

_MAX_TOML = 1 << 20
_MAX_FILLED = 8_000
_REFERENCE = re.compile(r"%\(([^()%]{1,100})\)s")
_COMMENT = re.compile(r"(^|\s)#.*")


def parse_toml(text: str) -> dict[str, Any] | None:
    """The document, or None when it is not TOML (or costs too much to find out)."""
    if len(text) > _MAX_TOML:
        return None
    try:
        return load_toml(text.encode())
    except TomlProblem:
        return None


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


def requirement_lines(text: str) -> list[str]:
    """The requirements of a list with one a line: comments go, continued lines are joined."""
    out: list[str] = []
    for line in text.replace("\\\n", " ").split("\n"):
        plain = _COMMENT.sub("", line).strip()
        if plain:
            out.append(plain)
    return out


def string_list(value: object) -> list[str] | None:
    """A list of texts as it is, else None."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return None


def with_marker(requirement: str, marker: str) -> str:
    """The requirement, only where `marker` holds as well.

    >>> print(with_marker("six; python_version < '3' or os_name == 'nt'", "extra == 'test'"))
    six; (python_version < "3" or os_name == "nt") and extra == 'test'
    """
    if not marker:
        return requirement
    parsed = parse_requirement(requirement)
    if parsed is None or parsed.marker is None:
        separator = " ; " if "@" in requirement else "; "
        return f"{requirement}{separator}{marker}"
    own = str(parsed.marker)
    bare = requirement.rpartition(";")[0].strip() if requirement.count(";") == 1 else ""
    own = f"({own})" if " or " in own else own
    marker = f"({marker})" if " or " in marker else marker
    separator = " ; " if "@" in bare else "; "
    return f"{bare or _without_marker(requirement)}{separator}{own} and {marker}"


def _without_marker(requirement: str) -> str:
    """The part before the marker, where a URL or a marker's text holds semicolons too."""
    for at, character in enumerate(requirement):
        if character == ";":
            head = parse_requirement(requirement[:at])
            if head is not None and head.marker is None and parse_requirement(requirement) is not None:
                return requirement[:at].strip()
    return requirement


def section_marker(section: str) -> tuple[str, str]:
    """The extra and the marker of a key of setuptools' extras (`extra`, `:marker`, `extra:marker`).

    >>> section_marker("test:python_version < '3'"), section_marker(":os_name == 'nt'")
    (('test', "python_version < '3'"), ('', "os_name == 'nt'"))
    """
    extra, _, marker = section.partition(":")
    return (str(canonicalize_name(extra.strip())) if extra.strip() else ""), marker.strip()


def combine(groups: Mapping[str, list[str]]) -> tuple[tuple[str, ...], frozenset[str]]:
    """`Requires-Dist` values and extras of lists by setuptools key ("" for the plain ones)."""
    requires: list[str] = []
    extras: set[str] = set()
    for section, listed in groups.items():
        extra, marker = section_marker(section)
        parts = [f"({marker})" if extra and " or " in marker else marker] if marker else []
        if extra:
            extras.add(extra)
            parts.append(f'extra == "{extra}"')
        requires.extend(with_marker(requirement, " and ".join(parts)) for requirement in listed)
    return tuple(requires), frozenset(extras)


def requires_txt(text: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """What an egg-info's requires.txt says, as `Requires-Dist` values and extras."""
    groups: dict[str, list[str]] = {"": []}
    current = groups[""]
    for line in requirement_lines(text):
        if line.startswith("[") and line.endswith("]"):
            current = groups.setdefault(line[1:-1], [])
        else:
            current.append(line)
    return combine(groups)


def line_of(text: str, key: str, after: str = "") -> int:
    """The number of the first line that sets `key` (after the first line that is `after`), else 1."""
    started = not after
    for number, line in enumerate(text.split("\n"), 1):
        plain = line.strip()
        if not started:
            started = plain.replace(" ", "") == after
        elif re.match(rf"[\"']?{re.escape(key)}[\"']?\s*[=:]", plain):
            return number
    return 1
