"""Poetry's own tables as the metadata that poetry-core would write; knows its constraints, must not guess.

https://python-poetry.org/docs/dependency-specification/ ; a constraint that PEP 508 cannot say is given up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.dists import parse_requirement, parse_specifier, parse_version

__all__ = ["Poetry", "constraint", "read_poetry"]

_SPLIT = re.compile(r"\s*,\s*|(?<=[\w*.])\s+(?=[<>=!~^])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Poetry:
    """`[tool.poetry]` in the words of core metadata; `doubt` names what could not be converted."""

    requires: tuple[str, ...]
    requires_python: str
    extras: frozenset[str]
    doubt: str = ""


def constraint(text: str) -> str | None:
    """A poetry constraint as a PEP 440 specifier ("" allows all), or None when that cannot be said.

    >>> constraint("^1.2.3"), constraint("~1.2"), constraint("^0.0.3"), constraint("1.*"), constraint("*")
    ('>=1.2.3,<2.0.0', '>=1.2,<1.3', '>=0.0.3,<0.0.4', '==1.*', '')
    """
    text = text.strip().strip(",").strip()
    if "|" in text:
        return None
    out: list[str] = []
    for part in _SPLIT.split(text):
        made = _clause(part.strip())
        if made is None:
            return None
        if made:
            out.append(made)
    joined = ",".join(out)
    return joined if parse_specifier(joined) is not None else None


def _clause(part: str) -> str | None:
    if part in ("", "*"):
        return ""
    if part[0] == "^" or (part[0] == "~" and not part.startswith("~=")):
        low = part[1:].strip()
        version = parse_version(low)
        return None if version is None else f">={low},<{_above(version, part[0])}"
    if part[0] in "<>=!~":
        operator = re.match(r"[<>=!~]+", part)
        if operator is None:
            return None
        return ("==" if operator[0] == "=" else operator[0]) + part[operator.end() :].strip()
    return f"=={part}"


def _above(version: Version, sign: str) -> str:
    """The first version that the caret (the leftmost non-zero part) or the tilde (the second) shuts out."""
    release = list(version.release)
    if sign == "~":
        at = min(1, len(release) - 1)
    else:
        at = next((index for index, part in enumerate(release) if part), len(release) - 1)
    release = [*release[:at], release[at] + 1, *([0] * (len(release) - at - 1))]
    epoch = f"{version.epoch}!" if version.epoch else ""
    if len(release) == 1 and sign == "^":
        release.append(0)
    return epoch + ".".join(map(str, release))


def read_poetry(table: Mapping[str, Any]) -> Poetry:
    """What `[tool.poetry]` comes to; anything odd in it ends in `doubt`, never in an error."""
    declared = table.get("dependencies")
    in_extras, extras = _extras(table.get("extras"))
    requires: list[str] = []
    doubts: list[str] = []
    python = ""
    for name, value in (declared if isinstance(declared, dict) else {}).items():
        if name.lower() == "python":
            made = constraint(value) if isinstance(value, str) else None
            python = made or ""
            if made is None:
                doubts.append("python")
            continue
        for single in value if isinstance(value, list) else [value]:
            line = _requirement(name, single, in_extras.get(canonicalize_name(name), []))
            if line is None:
                doubts.append(name)
            elif line:
                requires.append(line)
    doubt = f"pyproject.toml asks for {', '.join(doubts)} in a way that PEP 508 cannot say" if doubts else ""
    return Poetry(requires=tuple(requires), requires_python=python, extras=extras, doubt=doubt)


def _extras(table: Any) -> tuple[dict[str, list[str]], frozenset[str]]:
    """Which extras bring a dependency, and all extras."""
    brought: dict[str, list[str]] = {}
    extras: set[str] = set()
    for extra, names in (table if isinstance(table, dict) else {}).items():
        extras.add(str(canonicalize_name(extra)))
        for name in names if isinstance(names, list) else []:
            if isinstance(name, str):
                bare = re.split(r"[\s\[(<>=!~;]", name, maxsplit=1)[0]
                brought.setdefault(canonicalize_name(bare), []).append(str(canonicalize_name(extra)))
    return brought, frozenset(extras)


def _requirement(name: str, value: Any, extras: list[str]) -> str | None:
    """One dependency as PEP 508: "" when no metadata mentions it, None when it cannot be said."""
    table: dict[str, Any] = value if isinstance(value, dict) else {"version": value}
    optional = table.get("optional") is True
    if optional and not extras:
        return ""
    markers = _markers(table)
    target = _target(table)
    if markers is None or target is None:
        return None
    if optional:
        named = " or ".join(f'extra == "{extra}"' for extra in extras)
        markers.append(f"({named})" if len(extras) > 1 and markers else named)
    wanted = table.get("extras")
    brackets = (
        f"[{','.join(wanted)}]"
        if isinstance(wanted, list) and all(isinstance(x, str) for x in wanted)
        else ""
    )
    line = f"{name}{brackets}{target}" + (f" ; {' and '.join(markers)}" if markers else "")
    return line if parse_requirement(line) is not None else None


def _target(table: Mapping[str, Any]) -> str | None:
    git, url, version = table.get("git"), table.get("url"), table.get("version")
    if isinstance(git, str):
        revision = next(
            (table[key] for key in ("rev", "tag", "branch") if isinstance(table.get(key), str)), ""
        )
        return f" @ git+{git}" + (f"@{revision}" if revision else "")
    if isinstance(url, str):
        return f" @ {url}"
    return constraint(version) if isinstance(version, str) else None


def _markers(table: Mapping[str, Any]) -> list[str] | None:
    markers: list[str] = []
    own, python, platform = table.get("markers"), table.get("python"), table.get("platform")
    if isinstance(own, str) and own.strip():
        markers.append(f"({own})" if " or " in own else own)
    if isinstance(python, str):
        made = constraint(python)
        if made is None:
            return None
        for clause in made.split(","):
            found = re.match(r"([<>=!~]+)(.+)", clause)
            if found:
                variable = "python_full_version" if found[2].count(".") > 1 else "python_version"
                version = found[2] if "." in found[2] or "*" in found[2] else f"{found[2]}.0"
                markers.append(f'{variable} {found[1]} "{version}"')
    if isinstance(platform, str) and platform not in ("", "*"):
        markers.append(f'sys_platform == "{platform}"')
    return markers
