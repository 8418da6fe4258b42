"""Who asks for a project, and by which chain from a line of the user's own; chooses and prints nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Pin, parse_requirement
from planner.explaining.values import Asker

__all__ = ["asked_sentence", "askers_of", "excludes", "name_of"]


def askers_of(pin: Pin, pins: Sequence[Pin], newest: Version | None) -> tuple[Asker, ...]:
    """Everyone who asks for a pin; first the user's own lines, then those that keep it from `newest`."""
    by_name = {name_of(one): one for one in pins}
    found = [
        Asker(who=who, text=text, root=who not in by_name, chain=_chain(by_name.get(who), by_name))
        for who, text in pin.asked
    ]

    def order(asker: Asker) -> tuple[bool, bool, bool, int, str]:
        bare = parse_requirement(asker.text)
        free = bare is None or not bare.specifier
        return not asker.root, not excludes(asker.text, newest), free, len(asker.chain), asker.who

    return tuple(sorted(found, key=order))


def excludes(text: str, version: Version | None) -> bool:
    """Whether a requirement's text excludes a version."""
    requirement = parse_requirement(text)
    if requirement is None or version is None:
        return False
    return not requirement.specifier.contains(version, prereleases=True)


def asked_sentence(who: str, text: str, *, root: bool) -> str:
    """`requirements.txt:3 asks for vllm`, `vllm 0.32.0 needs torch==2.13.0`."""
    if root:
        return f"{'the command line' if who == 'command line' else who} asks for {text}"
    return f"{who} needs {text}"


def name_of(pin: Pin) -> str:
    """A pin as those that it asks name it."""
    return f"{pin.project} {pin.version}" if pin.version else str(pin.project)


def _chain(pin: Pin | None, by_name: Mapping[str, Pin]) -> tuple[str, ...]:
    """The shortest way from a line of the user's own to a pin, as sentences from the user's line on."""
    if pin is None:
        return ()
    seen: set[NormalizedName] = {pin.project}
    waiting: list[tuple[Pin, tuple[str, ...]]] = [(pin, ())]
    while waiting:
        here, way = waiting.pop(0)
        asked = sorted(here.asked, key=lambda one: one[0] in by_name)
        for who, text in asked:
            sentence = asked_sentence(who, text, root=who not in by_name)
            if who not in by_name:
                return (sentence, *way)
            above = by_name[who]
            if above.project not in seen:
                seen.add(above.project)
                waiting.append((above, (sentence, *way)))
    return ()
