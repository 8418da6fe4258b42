"""The settings that steer a resolution, as a plan records them: by pip's and uv's names; judges none.

What the defaults are is left out, and what a file of requirements says counts as if it had been typed. A span
that counts from today (`7d`) stays the words that were said: a plan does not change with the day.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from planner.config.merge import Setting
from planner.policy import Policy

__all__ = ["STEERING", "Steering", "option", "steering"]

Steering: TypeAlias = "tuple[tuple[str, str | bool | tuple[str, ...]], ...]"

_WORDS = (
    "prerelease",
    "exclude-newer",
    "uploaded-prior-to",
    "resolution",
    "prefer",
    "max-held-back",
    "index-strategy",
)
_LISTS = ("all-releases", "only-final", "only-binary", "no-binary")
_FLAGS = ("pre", "prefer-binary", "no-deps")
STEERING = frozenset((*_WORDS, *_LISTS, *_FLAGS))
"""The names of all of them."""


def steering(policy: Policy, said: tuple[tuple[str, Setting], ...]) -> Steering:
    """(name, value) of each that is another than the default, in a fixed order."""
    return tuple(_found(policy, dict(said)))


def _found(policy: Policy, said: dict[str, Setting]) -> Iterator[tuple[str, str | bool | tuple[str, ...]]]:
    default = Policy()
    values = {
        "prerelease": (policy.prereleases, default.prereleases),
        "resolution": (policy.strategy, default.strategy),
        "prefer": (policy.prefer, default.prefer),
        "index-strategy": (policy.index_strategy, default.index_strategy),
        "max-held-back": (policy.max_held_back, default.max_held_back),
    }
    for name in _WORDS:
        value, usual = values.get(name, (policy.exclude_newer, None))
        setting = said.get(name)
        if value != usual and setting is not None and setting.value:
            yield name, str(setting.value)
    everything = ":all:" in policy.all_releases
    flags = {"pre": everything, "prefer-binary": policy.prefer_binary, "no-deps": policy.no_deps}
    lists = {
        "all-releases": policy.all_releases - {":all:"},
        "only-final": policy.only_final,
        "only-binary": policy.only_binary,
        "no-binary": policy.no_binary,
    }
    yield from ((name, True) for name in _FLAGS if flags[name])
    yield from ((name, tuple(sorted(lists[name]))) for name in _LISTS if lists[name])


def option(name: str, value: object) -> str:
    """A setting as it is typed.

    >>> option("pre", True), option("only-binary", ["a", "b"]), option("exclude-newer", "7d")
    ('--pre', '--only-binary a,b', '--exclude-newer 7d')
    """
    if value is True:
        return f"--{name}"
    return f"--{name} {','.join(map(str, value)) if isinstance(value, (list, tuple)) else value}"
