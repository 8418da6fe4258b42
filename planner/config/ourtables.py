"""The tables among wheelplan's settings: allowed builds, levels of codes, targets; reads no file.

Every key is known or refused, with the line and the nearest name; judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from packaging.utils import canonicalize_name

from planner.config.words import Said, anchored, convert, listed, nearest
from planner.errors import UsageError
from planner.findings import CODES, UNLOWERED, UNPROVEN

__all__ = ["HOW", "LEVELS", "TABLES", "Tables", "Target", "read_allowed", "read_tables"]

TABLES = ("fail-on-codes", "targets", "required-machines")
LEVELS = ("error", "warning", "note", "ignore")

OF_MACHINES = ("machine", "python", "python-version", "python-platform", "assume")
_SETTINGS = (
    *OF_MACHINES,
    *("torch-backend", "torch-index", "installed-torch", "fail-on", "prefer", "max-held-back"),
    *("no-build", "no-binary", "only-binary", "no-build-isolation", "no-build-isolation-package"),
)
_OWN = ("name", "output", "extras", "groups", "required")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # PEP 751: `pylock.NAME.toml`, and no dot in NAME
_PLAN = re.compile(r"pylock(\.[^.]+)?\.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One machine that a project is planned for: settings of its own, and where its plan goes.

    `output` is a path from the working directory; one that is not `required` does not decide the exit code.
    """

    name: str
    output: str
    origin: str
    said: tuple[Said, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What the tables say: reasons of allowed builds by project, severities by code, targets in their order.

    `where` is the file that was read, "" when there is none.
    """

    where: str = ""
    reasons: tuple[tuple[str, str], ...] = ()
    levels: tuple[tuple[str, str], ...] = ()
    targets: tuple[Target, ...] = ()

    def target(self, name: str) -> Target:
        """The target of that name. Raises `UsageError`."""
        found = next((target for target in self.targets if target.name == name), None)
        if found is None:
            names = [target.name for target in self.targets]
            known = f"There are {listed(names)}." if names else HOW
            raise UsageError(
                f"There is no target named `{name[:60]}`.",
                where=self.where or "--target",
                hint=nearest(name, names) or known,
            )
        return found


HOW = 'Write one into pyproject.toml: [[tool.wheelplan.targets]] name = "gpu", machine = "gpubox.toml".'


@dataclass(frozen=True, slots=True)
class _Place:
    """A file, the folder that its paths count from, and where paths are seen from."""

    path: str
    cwd: str
    data: bytes = field(repr=False)

    def line(self, table: str, number: int = 0, key: str = "") -> str:
        """`FILE:LINE` of a key in a table (the `number`th of an array), or of the table itself."""
        name = re.escape(table.encode())
        head = (
            rb"(?m)^[ \t]*(?:\[{1,2}[ \t]*(?:tool\.wheelplan\.)?" + name + rb"[ \t]*\]|" + name + rb"[ \t]*=)"
        )
        found = [match.start() for match in re.finditer(head, self.data)]
        at = found[min(number, len(found) - 1)] if found else 0
        if key and found:
            inner = re.compile(rb"(?m)(?:^|[{,\[])[ \t]*[\"']?" + re.escape(key.encode()) + rb"[\"']?[ \t]*=")
            match = inner.search(self.data, at)
            at = match.end() if match else at
        return f"{self.path}:{self.data.count(bytes((10,)), 0, at) + 1}"

    def near(self, text: str) -> str:
        """A path of the file as seen from the working directory, where it lies below that."""
        absolute = PurePath(self.path).parent / text
        below = absolute.is_relative_to(self.cwd)
        return str(absolute.relative_to(self.cwd) if below else absolute)


def read_allowed(value: Any, path: str, data: bytes) -> tuple[Any, tuple[tuple[str, str], ...]]:
    """`allow-build` as a list of names, and the reasons of those entries that are tables."""
    if not isinstance(value, list):
        return value, ()
    place, names, reasons = _Place(path, "", data), [], []
    for entry in value:
        if not isinstance(entry, dict):
            names.append(entry)
            continue
        where = place.line("allow-build", key=next(iter(entry), ""))
        _only(entry, ("project", "reason"), "an allowed build", where)
        project, reason = _text(entry, "project", where), _text(entry, "reason", where)
        if not project:
            raise UsageError("An allowed build names no `project`.", where=where)
        names.append(project)
        if reason:
            reasons.append((project if project == ":all:" else canonicalize_name(project), reason))
    return names, tuple(reasons)


def read_tables(said: Mapping[str, Any], path: str, data: bytes, *, cwd: str) -> Tables:
    """The tables of a file, by their names without dashes' variants. Raises `UsageError`."""
    place = _Place(path, cwd, data)
    targets = [*_targets(said.get("targets", []), place)]
    targets += _of_machines(said.get("required-machines", []), place, targets)
    for target in targets:
        twins = [other for other in targets if target.name == other.name or target.output == other.output]
        if len(twins) > 1:
            same = "name" if twins[0].name == twins[1].name else "plan"
            raise UsageError(
                f"The targets `{twins[0].name}` and `{twins[1].name}` have one {same}.", where=twins[1].origin
            )
    levels = tuple(_levels(said.get("fail-on-codes", {}), place))
    return Tables(where=path, levels=levels, targets=tuple(targets))


def _levels(value: Any, place: _Place) -> Iterator[tuple[str, str]]:
    where = place.line("fail-on-codes")
    if not isinstance(value, dict):
        raise UsageError(
            "`fail-on-codes` is no table.",
            where=where,
            hint='Write [tool.wheelplan.fail-on-codes] WP508 = "error".',
        )
    for code, level in value.items():
        where = place.line("fail-on-codes", key=code)
        if code not in CODES:
            hint = nearest(code, CODES) or "The README lists the codes."
            raise UsageError(f"`{code}` is no code of wheelplan.", where=where, hint=hint)
        if level not in LEVELS:
            hint = nearest(str(level), LEVELS)
            raise UsageError(
                f"`{code}` is {str(level)[:60]!r}, and must be {listed(LEVELS)}.", where=where, hint=hint
            )
        if level != "error" and code in UNPROVEN | UNLOWERED:
            why = "what it tells of is not known" if code in UNPROVEN else "there is no plan with it"
            raise UsageError(
                f"{code} can only be an error: {why}, and a setting does not change that.",
                where=where,
                hint="Remove the line.",
            )
        yield code, level


def _targets(value: Any, place: _Place) -> Iterator[Target]:
    where = place.line("targets")
    if not isinstance(value, list):
        raise UsageError(
            "`targets` is no list of tables.", where=where, hint="Write [[tool.wheelplan.targets]]."
        )
    for number, entry in enumerate(value):
        where = place.line("targets", number)
        if not isinstance(entry, dict):
            raise UsageError(
                f"Target {number + 1} is no table.", where=where, hint="Write [[tool.wheelplan.targets]]."
            )
        yield _target({key.replace("_", "-"): one for key, one in entry.items()}, place, number)


def _target(entry: Mapping[str, Any], place: _Place, number: int) -> Target:
    where = place.line("targets", number)
    name = _text(entry, "name", where)
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"Target {number + 1} has no name of letters, digits, - and _." if not name else
            f"`{name[:60]}` is no name of a target: letters, digits, - and _ are.",
            where=where,
            hint='Write name = "gpu".',
        )  # fmt: skip
    for key in entry:
        if key not in (*_OWN, *_SETTINGS):
            _only(entry, (*_OWN, *_SETTINGS), f"the target `{name}`", place.line("targets", number, key))
    folder = str(PurePath(place.path).parent)
    said = []
    for key in (key for key in _SETTINGS if key in entry):
        one = convert(key, entry[key], place.line("targets", number, key), separator="\n")
        if key == "machine":
            one = replace(one, value=place.near(str(one.value)))
        said.append(anchored(one, folder))
    output = _text(entry, "output", where) or f"pylock.{name}.toml"
    if not _PLAN.fullmatch(PurePath(output).name):
        raise UsageError(
            f"The plan of the target `{name}` has a name that no installer takes: {output[:60]!r}.",
            where=place.line("targets", number, "output"),
            hint=f'Write output = "pylock.{name}.toml" (PEP 751).',
        )
    required = entry.get("required", True)
    if not isinstance(required, bool):
        raise UsageError("`required` must be true or false.", where=place.line("targets", number, "required"))
    return Target(
        name=name,
        output=place.near(output),
        origin=where,
        said=tuple(said),
        extras=_texts(entry, "extras", where),
        groups=_texts(entry, "groups", where),
        required=required,
    )


def _of_machines(value: Any, place: _Place, targets: Iterable[Target]) -> Iterator[Target]:
    """A target for each required machine that no target names: of its file's name."""
    known = {said.value for target in targets for said in target.said if said.name == "machine"}
    where = place.line("required-machines")
    for text in _texts({"required-machines": value}, "required-machines", where):
        path, name = place.near(text), PurePath(text).stem
        if path in known:
            continue
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"`{text[:60]}` gives a target no name of letters, digits, - and _.",
                where=where,
                hint="Write it as one of [[tool.wheelplan.targets]], with a `name`.",
            )
        said = (Said("machine", path, where),)
        yield Target(name=name, output=place.near(f"pylock.{name}.toml"), origin=where, said=said)


def _only(entry: Mapping[str, Any], known: Iterable[str], what: str, where: str) -> None:
    names = tuple(known)
    for key in entry:
        if key not in names:
            raise UsageError(
                f"`{str(key)[:60]}` is nothing that {what} has.",
                where=where,
                hint=nearest(str(key), names) or f"It has {', '.join(names)}.",
            )


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str):
        raise UsageError(f"`{key}` is {str(value)[:60]!r}, and must be a string.", where=where)
    return value.strip()


def _texts(entry: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = entry.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"`{key}` is {str(value)[:60]!r}, and must be a list of strings.", where=where)
    return tuple(item.strip() for item in value if item.strip())
