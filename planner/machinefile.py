"""Machines as text: the machine file, read strictly and written the same each time; must not ask a machine.

    schema = 1
    [markers]
    python_version = "3.12"
    [facts]
    glibc = { value = "2.36", how = "confstr of the target Python" }
    cuda-driver = { absent = "no kernel module, and no nvidia-smi on PATH" }
    "gpu:0" = { unknown = "nvidia-smi took longer than 3 s and was killed" }
    [absent]
    header = ["ffi.h", "zlib.h"]

A plain string is a known value, for files written by hand: `glibc = "2.28"`. What was looked for in all the
places of its family (`planner.facts.NOWHERE`) and found in none stands in `[absent]`, without a word each.
JSON has the same shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packaging.version import InvalidVersion, Version

from planner.elsewhere import assume, check_name, for_platform, for_python, near
from planner.errors import MachineError
from planner.facts import MARKERS, NOWHERE, Absent, Fact, Known, Machine, Unknown, rank
from planner.tomltext import TomlProblem, load_toml

__all__ = ["assume", "dumps_json", "dumps_toml", "for_platform", "for_python", "loads"]

SCHEMA = 1
_LIMIT = 4 << 20
_WIDTH = 108
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_HEADER = "# A machine, as wheelplan found it. `wheelplan check --machine THIS_FILE …` plans for it.\n"


def dumps_toml(machine: Machine) -> str:
    """The machine file; equal machines give the same text."""
    lines = [_HEADER, f"schema = {SCHEMA}\n", "\n[markers]\n"]
    lines += [f"{name} = {_string(machine.markers[name])}\n" for name in sorted(machine.markers)]
    told, absent = _parted(machine)
    lines.append("\n[facts]\n")
    for name, fact in told.items():
        pairs = ", ".join(f"{key} = {_string(value)}" for key, value in _encoded(fact).items())
        lines.append(f"{name if _BARE.match(name) else _string(name)} = {{ {pairs} }}\n")
    lines += ["\n[absent]\n"] if absent else []
    lines += [f"{family} = [\n{''.join(_wrapped(names))}]\n" for family, names in absent.items()]
    return "".join(lines)


def _parted(machine: Machine) -> tuple[dict[str, Fact], dict[str, list[str]]]:
    """The facts in their order, without those that the second holds: what was found nowhere, by family."""
    told: dict[str, Fact] = {}
    absent: dict[str, list[str]] = {}
    for name, fact in sorted(machine.facts.items(), key=lambda item: rank(item[0])):
        family, _, rest = name.partition(":")
        if rest and isinstance(fact, Absent) and fact.how == NOWHERE.get(family):
            absent.setdefault(family, []).append(rest)
        else:
            told[name] = fact
    return told, absent


def _wrapped(names: Iterable[str]) -> Iterator[str]:
    """The names as lines of a TOML array, each as long as it may be."""
    line = ""
    for name in map(_string, names):
        if line and len(line) + len(name) > _WIDTH:
            yield f"{line}\n"
            line = ""
        line += f"{' ' if line else '  '}{name},"
    yield f"{line}\n"


def dumps_json(machine: Machine) -> str:
    """The same as JSON."""
    told, absent = _parted(machine)
    document = {
        "schema": SCHEMA,
        "markers": dict(sorted(machine.markers.items())),
        "facts": {name: _encoded(fact) for name, fact in told.items()},
        **({"absent": absent} if absent else {}),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _encoded(fact: Fact) -> dict[str, str]:
    if isinstance(fact, Known):
        return {"value": fact.value, **({"how": fact.how} if fact.how else {})}
    return {"absent": fact.how} if isinstance(fact, Absent) else {"unknown": fact.why}


def _string(text: str) -> str:
    """A TOML basic string; JSON's escapes are a part of TOML's, but for DEL and lone surrogates."""
    printable = text.encode("utf-8", "replace").decode()
    return json.dumps(printable, ensure_ascii=False).replace("\x7f", "\\u007f")


def loads(text: str, where: str) -> Machine:
    """The machine of a file's text, TOML or JSON; `where` names the file in errors.

    Raises MachineError with the path of the key that is wrong (`facts.glibc.value`).
    """
    document = _parse(text, where)
    _only(document, ("schema", "markers", "facts", "absent"), "", where)
    if document.get("schema") != SCHEMA:
        raise MachineError(
            f"`schema` is {document.get('schema')!r}; this wheelplan reads {SCHEMA}.",
            where=where,
            hint="Make the file again with `wheelplan fingerprint -o FILE`.",
        )
    markers = _table(document, "markers", where)
    _only(markers, MARKERS, "markers.", where)
    missing = [name for name in MARKERS if name not in markers]
    if missing:
        raise MachineError(f"`markers.{missing[0]}` is missing.", where=where)
    for name, value in markers.items():
        if not isinstance(value, str):
            raise MachineError(f"`markers.{name}` must be a string.", where=where)
    facts = {}
    for name, value in _table(document, "facts", where).items():
        check_name(name, where=where, path=f"facts.{name}")
        facts[name] = _decoded(value, f"facts.{name}", where)
    for name, fact in _absent(document, where):
        if name in facts:
            raise MachineError(f"`{name}` stands in `facts` and in `absent`.", where=where)
        facts[name] = fact
    machine = Machine(markers=markers, facts=facts)
    _agree(machine, where)
    return machine


def _absent(document: Mapping[str, Any], where: str) -> Iterator[tuple[str, Fact]]:
    """The facts of the table `absent`, which a file need not have."""
    if "absent" not in document:
        return
    table = _table(document, "absent", where)
    _only(table, tuple(NOWHERE), "absent.", where)
    for family, names in table.items():
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            raise MachineError(f"`absent.{family}` must be an array of names.", where=where)
        yield from ((f"{family}:{name}", Absent(NOWHERE[family])) for name in names)


def _parse(text: str, where: str) -> dict[str, Any]:
    if len(text) > _LIMIT:
        raise MachineError(f"The machine file is larger than {_LIMIT >> 20} MiB.", where=where)
    is_json = text.lstrip("\ufeff \t\r\n").startswith("{")
    try:
        document = json.loads(text.lstrip("\ufeff")) if is_json else load_toml(text.encode())
    except TomlProblem as problem:
        place = f"{where}:{problem.line}" if problem.line else where
        raise MachineError(problem.what, where=place) from problem
    except (ValueError, RecursionError) as error:
        reason = "too deeply nested" if isinstance(error, RecursionError) else str(error)
        raise MachineError(f"The machine file is not JSON: {reason}.", where=where) from error
    return dict(document)


def _table(document: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    value = document.get(name)
    if not isinstance(value, dict):
        problem = "is missing" if value is None else "must be a table"
        raise MachineError(f"`{name}` {problem}.", where=where)
    return value


def _only(table: Mapping[str, Any], allowed: tuple[str, ...], prefix: str, where: str) -> None:
    for name in table:
        if name not in allowed:
            raise MachineError(
                f"`{prefix}{name}` is no key of a machine file.{near(name, allowed)}", where=where
            )


def _decoded(value: object, path: str, where: str) -> Fact:
    if isinstance(value, str):
        return Known(value, "machine file")
    if not isinstance(value, dict):
        raise MachineError(
            f"`{path}` must be a string, or a table with `value`, `absent` or `unknown`.", where=where
        )
    for key, item in value.items():
        if key not in ("value", "how", "absent", "unknown"):
            raise MachineError(f"`{path}.{key}` is no key of a fact.", where=where)
        if not isinstance(item, str):
            raise MachineError(f"`{path}.{key}` must be a string.", where=where)
    kinds = [key for key in ("value", "absent", "unknown") if key in value]
    if len(kinds) != 1 or ("how" in value and kinds != ["value"]):
        raise MachineError(
            f"`{path}` must hold one of `value` (with or without `how`), `absent` or `unknown`.", where=where
        )
    if kinds == ["value"]:
        return Known(value["value"], value.get("how", ""))
    return Absent(value["absent"]) if kinds == ["absent"] else Unknown(value["unknown"])


def _agree(machine: Machine, where: str) -> None:
    """Markers and facts speak of one Python: a file edited in one place alone would plan for two machines."""
    full, short = machine.markers["python_full_version"], machine.markers["python_version"]
    try:
        release = Version(full).release
    except InvalidVersion as error:
        raise MachineError(f"`markers.python_full_version` is no version: {full!r}.", where=where) from error
    if short != ".".join(str(number) for number in release[:2]):
        raise MachineError(
            f"`markers.python_version` is {short!r}, but `markers.python_full_version` is {full!r}.",
            where=where,
        )
    pairs = (
        ("python", "python_full_version"),
        ("implementation", "implementation_name"),
    )
    for fact, marker in pairs:
        value = machine.value(fact)
        if value is not None and not _same(value, machine.markers[marker]):
            raise MachineError(
                f"`facts.{fact}` is {value!r}, but `markers.{marker}` is {machine.markers[marker]!r}.",
                where=where,
                hint=f"Change both, or keep the file and say `--assume {fact}={value}`.",
            )


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other
