"""What of two plans differs by the user's own doing: inputs, settings, machine; reads no file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from planner.config.steering import option
from planner.locking.values import Difference, of_package, packages_of

__all__ = ["OF_FILES", "builds_differ", "inputs_differ", "machine_differs", "requirements_differ"]

_REFUSE_FILES = (
    "no-binary",
    "only-binary",
    "exclude-newer",
    "uploaded-prior-to",
    "index-strategy",
    "torch-backend",
)
OF_FILES = frozenset(("setting", name) for name in _REFUSE_FILES)
"""(kind, subject) of the differences by which an index has another file for a run than for the plan."""


def inputs_differ(
    old: Mapping[str, Any], new: Mapping[str, Any], shown: Callable[[str], str]
) -> Iterator[Difference]:
    """The files, words, extras, groups, settings and the torch backend that two plans are made of."""

    def difference(kind: str, subject: str, text: str) -> Difference:
        return Difference(side="repository", kind=kind, subject=subject, text=text)

    before, after = _digests(old), _digests(new)
    for path in sorted(before.keys() | after.keys()):
        name = shown(path)
        if path not in after:
            yield difference("input", name, f"{name} is no input any more")
        elif path not in before:
            yield difference("input", name, f"{name} is an input now")
        elif before[path] != after[path]:
            yield difference("input", name, f"{name} is not as it was when the plan was made")
    for key, what in (("requirements", "requirement"), ("extras", "extra"), ("groups", "group")):
        there, here = set(old.get(key, ())), set(new.get(key, ()))
        for word in sorted(there - here):
            yield difference(what, word, f"the {what} `{word}` is not asked for any more")
        for word in sorted(here - there):
            yield difference(what, word, f"the {what} `{word}` is asked for now")
    yield from _settings_differ(old.get("settings", {}), new.get("settings", {}))
    backends = [str(one.get("torch-backend", "none")) for one in (old, new)]
    if backends[0] != backends[1]:
        yield difference("setting", "torch-backend", f"torch-backend: {backends[1]}, was {backends[0]}")


def _settings_differ(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """The settings that steer the resolution: they need not stand in a file that both runs read."""
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            there, here = (option(name, one[name]) if name in one else "" for one in (old, new))
            made = f"made with {there}" if there else f"made without --{name}"
            run = f"has {here}" if here else "has none"
            text = f"the plan was {made}, and this run {run}"
            yield Difference(side="repository", kind="setting", subject=name, text=text)


def _digests(plan: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        str(one.get("path", "")): (str(one.get("sha256", "")), str(one.get("role", "")))
        for one in plan.get("inputs", ())
    }


def requirements_differ(
    old: Mapping[str, Any], new: Mapping[str, Any], shown: Callable[[str], str]
) -> Iterator[Difference]:
    """The projects that the inputs themselves ask for: their lines are told by `required-by`."""
    before, after = _asked(old, shown), _asked(new, shown)
    for name in sorted(before.keys() - after.keys()):
        text = f"{name} is not asked for any more (it was by {', '.join(before[name])})"
        yield Difference(side="repository", kind="requirement", subject=name, text=text)
    for name in sorted(after.keys() - before.keys()):
        text = f"{name} is asked for now ({', '.join(after[name])})"
        yield Difference(side="repository", kind="requirement", subject=name, text=text)


def _asked(document: Mapping[str, Any], shown: Callable[[str], str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, package in packages_of(document).items():
        askers = of_package(package).get("required-by", ())
        places = (who.rpartition(":") for who in askers)
        lines = [f"{shown(file)}:{line}" for file, _, line in places if line.isdigit()]
        if lines:
            found[name] = lines
    return found


def machine_differs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """The machines that two plans are for, and what builds find there."""
    before, after = old.get("machine", {}), new.get("machine", {})
    for key in dict.fromkeys((*before, *after)):
        there, here = (_shown(one.get(key, "nothing")) for one in (before, after))
        stays = key in before and key in after
        if there != here and key != "memory-available" and (stays or key != "cores"):  # where builds are
            yield Difference(
                side="repository", kind="machine", subject=key, text=f"machine: {key} {here}, was {there}"
            )
    states = [
        {one.get("need"): one.get("state") for one in table.get("prerequisites", ())} for table in (old, new)
    ]
    for need in sorted(states[0].keys() & states[1].keys()):
        if states[0][need] != states[1][need]:
            text = f"machine: {need} is {states[1][need]}, was {states[0][need]}"
            yield Difference(side="repository", kind="machine", subject=str(need), text=text)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def builds_differ(
    old: Mapping[str, Any], new: Mapping[str, Any], told: Iterable[str]
) -> Iterator[Difference]:
    """What else differs of source builds whose pins stay: what builds them, and the reason to allow them."""
    before, after = packages_of(old), packages_of(new)
    for name in sorted((before.keys() & after.keys()) - set(told)):
        there, here = of_package(before[name]), of_package(after[name])
        if there.get("allowed") != here.get("allowed"):
            text = f"{name} is allowed to be built: {here.get('allowed', 'no reason is given')}"
            yield Difference(side="repository", kind="setting", subject=name, text=text)
        requires = (there.get("build-requires", []), here.get("build-requires", []))
        if requires[0] != requires[1]:
            was = ", ".join(one for one in requires[0] if one not in requires[1])
            now = ", ".join(one for one in requires[1] if one not in requires[0])
            text = f"{name} is built with {now or 'less'}, was with {was or 'less'}"
            yield Difference(side="result", kind="build", subject=name, text=text)
