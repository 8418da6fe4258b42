"""Words of several sources joined: a value for each setting, one policy; knows which wins, reads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from planner.config.moments import parse_moment, parse_span
from planner.config.words import Layer, Said, Value
from planner.errors import UsageError
from planner.policy import MAX_HELD_BACK, Policy
from planner.wanted import fold_names

__all__ = ["Setting", "added_up", "is_on", "items_of", "placed", "policy_of", "values_of"]

# pip: the command line adds to these.
_ADDED = ("extra-index-url", "find-links", "trusted-host", "constraint", "build-constraint")
_FLAGS = {"no-build": ("only-binary", ":all:"), "pre": ("all-releases", ":pre:")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting's value, and where it comes from: `--index-url`, `PIP_INDEX_URL`, `pip.conf [global] pre`."""

    value: Value
    origin: str


def added_up(layer: Layer) -> Layer:
    """One word for each of uv's lists: there they add up, in pip and here the strongest counts."""
    lists: dict[str, Said] = {}
    for said in layer.said:
        if said.name in _ADDED and isinstance(said.value, tuple):
            before = lists.get(said.name)
            value = (*before.value, *said.value) if before and isinstance(before.value, tuple) else said.value
            lists[said.name] = Said(said.name, value, before.origin if before else said.origin)
    return replace(layer, said=[*lists.values(), *(said for said in layer.said if said.name not in lists)])


def values_of(layers: Sequence[Layer]) -> dict[str, Setting]:
    """Each setting's value, from the strongest source that gives it; the command line is the first layer.

    As in pip, the command line adds to the lists of places (`--extra-index-url`, `-f`…).
    """
    command_line, *others = layers
    values: dict[str, Setting] = {}
    for layer in reversed(others):
        values |= {said.name: Setting(value=said.value, origin=said.origin) for said in reversed(layer.said)}
    for said in reversed(command_line.said):
        below = values.get(said.name)
        setting = Setting(value=said.value, origin=said.origin)
        if below and said.name in _ADDED and isinstance(below.value, tuple) and isinstance(said.value, tuple):
            setting = Setting(value=(*said.value, *below.value), origin=f"{said.origin}, {below.origin}")
        values[said.name] = setting
    return values


def placed(layers: Sequence[Layer], name: str) -> list[tuple[str, str]]:
    """The items of a list of places, each with its origin: the command line's, then the strongest other's."""
    command_line, *others = layers
    words = list(command_line.all(name))
    words += next(([said] for layer in others if (said := layer.first(name))), [])
    return [(item, said.origin) for said in words if isinstance(said.value, tuple) for item in said.value]


def items_of(values: Mapping[str, Setting], name: str) -> tuple[str, ...]:
    """The setting's list, each item once; () when nothing gives it."""
    setting = values.get(name)
    return tuple(dict.fromkeys(setting.value)) if setting and isinstance(setting.value, tuple) else ()


def is_on(values: Mapping[str, Setting], name: str) -> bool:
    """Whether a flag is on."""
    setting = values.get(name)
    return setting is not None and setting.value is True


def _words(layers: Sequence[Layer], *names: str) -> list[tuple[str, str]]:
    """Words that add up (`no-binary`…), the weakest first, so that a stronger one has the last say."""
    words = []
    for layer in reversed(layers):
        said_here = reversed(list(layer.all(*names)))
        # `--no-build` speaks of all, and clears what stands before it: uv's single projects come after it.
        for said in sorted(said_here, key=lambda said: said.name not in _FLAGS):
            if said.name in _FLAGS:
                words += [_FLAGS[said.name]] if said.value is True else []
            elif said.name.endswith("-package") and isinstance(said.value, tuple):
                kind = "only-binary" if said.name == "no-build-package" else "no-binary"
                words += [(kind, ",".join(said.value))]
            else:
                words.append((said.name, str(said.value)))
    return words


def policy_of(layers: Sequence[Layer], values: Mapping[str, Setting], now: datetime) -> Policy:
    """The policy that the settings say; `UsageError` for a moment that is none."""
    formats = _words(layers, "only-binary", "no-binary", "no-build", "no-build-package", "no-binary-package")
    only_binary, no_binary = fold_names("only-binary", "no-binary", formats)
    releases = _words(layers, "all-releases", "only-final", "pre")
    all_releases, only_final = fold_names("all-releases", "only-final", releases)

    def text(name: str, otherwise: str) -> Any:
        setting = values.get(name)
        return setting.value if setting else otherwise

    return Policy(
        only_binary=only_binary,
        no_binary=no_binary,
        prefer_binary=is_on(values, "prefer-binary"),
        prereleases=text("prerelease", "if-necessary-or-explicit"),
        all_releases=all_releases,
        only_final=only_final,
        exclude_newer=_cut_off(values, now),
        strategy=text("resolution", "highest"),
        index_strategy=text("index-strategy", "first-index"),
        no_deps=is_on(values, "no-deps"),
        require_hashes=is_on(values, "require-hashes"),
        prefer=text("prefer", "wheels"),
        max_held_back=_held_back(values),
        allow_builds=fold_names("a", "b", [("a", ",".join(items_of(values, "allow-build")))])[0],
    )


def _held_back(values: Mapping[str, Setting]) -> timedelta:
    """`max-held-back`: for how long newer versions may have been out that a wheel is preferred to."""
    setting = values.get("max-held-back")
    if setting is None:
        return MAX_HELD_BACK
    duration = parse_span(str(setting.value))
    if duration is None:
        raise UsageError(
            f"`max-held-back` is {str(setting.value)[:60]!r}, which is no duration.",
            where=setting.origin,
            hint="Write 2y, 6 months, 90d or P90D.",
        )
    return duration


def _cut_off(values: Mapping[str, Setting], now: datetime) -> datetime | None:
    """`exclude-newer` and pip's `uploaded-prior-to`, whichever is earlier."""
    moments = []
    for name in ("exclude-newer", "uploaded-prior-to"):
        setting = values.get(name)
        if setting is None or not setting.value:
            continue
        moment = parse_moment(str(setting.value), now, whole_day=name == "exclude-newer")
        if moment is None:
            raise UsageError(
                f"`{name}` is {str(setting.value)[:60]!r}, which is no moment and no duration.",
                where=setting.origin,
                hint="Write 2026-10-01, 2026-10-01T12:00:00Z, 7d or P7D.",
            )
        moments.append(moment)
    return min(moments, default=None)
