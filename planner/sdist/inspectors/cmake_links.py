"""The libraries that a CMake project links by their plain names; must not look for packages.

A name that is no target of the project is handed to the linker, which fails where there is no such library:
https://cmake.org/cmake/help/latest/command/target_link_libraries.html
"""

from __future__ import annotations

import re

from planner.knowledge.debian import release
from planner.knowledge.things import thing_of
from planner.sdist.inspectors.cmake_flow import Walk
from planner.sdist.inspectors.cmake_syntax import Command
from planner.sdist.inspectors.ledger import Context

__all__ = ["link", "want_linked"]

_WORDS = frozenset({"PRIVATE", "PUBLIC", "INTERFACE", "optimized", "general"}) | {
    f"{prefix}LINK_{kind}" for prefix in ("", "INTERFACE_") for kind in ("PUBLIC", "PRIVATE", "LIBRARIES")
}
_NAME = re.compile(r"(?:-l)?([A-Za-z][\w.+-]*)\Z")
_FILE = re.compile(r"lib([\w.+-]+?)\.(?:so|a)\Z")
# Of the compiler and the C library.
_STANDARD = frozenset(
    {"c", "m", "dl", "rt", "pthread", "util", "resolv", "nsl", "crypt", "anl", "gcc", "gcc_s", "stdc++"}
    | {"stdc++fs", "supc++", "atomic", "gomp", "quadmath", "gfortran", "asan", "ubsan", "tsan", "itm"}
)
_MAX_LINKED = 400


def link(walk: Walk, command: Command) -> None:
    """Note what a target is linked with; which names are targets is known in the end."""
    words = walk.words(command.arguments)
    rest = words if command.name == "link_libraries" else words[1:]
    for number, word in enumerate(rest):
        if word is None or word in _WORDS or (number and rest[number - 1] == "debug"):
            continue
        file = _FILE.match(word)
        name = _NAME.match(file[1] if file else word)
        if name and word != "debug" and len(walk.linked) < _MAX_LINKED:
            walk.linked.append((name[1], walk.where(command), walk.context))


def want_linked(walk: Walk) -> None:
    """Turn plain names of libraries into needs, where the project has no target and no file for them.

    Where it fetches sources, any name may be a target of theirs: then only that counts which is linked in
    place of a package that was not found.
    """
    archives = {found[1] for name in walk.files.names if (found := _FILE.match(name.rpartition("/")[2]))}
    for name, where, context in walk.linked:
        if name in walk.targets or name in archives or name in _STANDARD:
            continue
        subject = f"library:{name}"
        if walk.fetches and not _in_place_of(walk, subject, context):
            continue
        if any(branch.kind != "missing" or not branch.sure for branch in context):
            continue
        debian = release("debian", "12")
        if thing_of(subject) is None and (debian is None or not debian.package_of(subject)):
            continue
        walk.ledger.want(subject, where, "links it", context=context)


def _in_place_of(walk: Walk, subject: str, context: Context) -> bool:
    """Whether the library is that of a package which is not found in this context."""
    thing = thing_of(subject)
    missing = (walk.ledger.subject(key) for branch in context for key in branch.keys)
    return thing is not None and any(thing_of(other) == thing for other in missing)
