"""The commands of CMake that fetch sources or files, and where from; must not follow control flow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from urllib.parse import urlsplit

from planner.sdist.inspectors.cmake_flow import Handler, Walk
from planner.sdist.inspectors.cmake_syntax import Argument, Command
from planner.sdist.inspectors.cmake_values import UNKNOWN, Choice
from planner.sdist.inspectors.ledger import Branch
from planner.sdist.inspectors.shell_text import tools_of

__all__ = ["FETCHES", "host_of"]

_DOWNLOADED = "{} is downloaded and built"
_BUNDLED = "a bundled copy is built"
_SCP = re.compile(r"[\w.-]+@([\w.-]+):")
_OUTPUTS = frozenset({"OUTPUT_VARIABLE", "RESULT_VARIABLE", "ERROR_VARIABLE", "RESULTS_VARIABLE"})


def host_of(address: str) -> str:
    """The host that an address names, "" when it names none.

    >>> host_of("https://code.test/a.git"), host_of("git@code.test:a/b.git"), host_of("vendor/a.tar.gz")
    ('code.test', 'code.test', '')
    """
    scp = _SCP.match(address)
    if scp:
        return scp[1]
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _fetch_declare(walk: Walk, command: Command) -> None:
    words = walk.words(command.arguments[:1])
    if words and words[0]:
        walk.declared[words[0].lower()] = (walk.where(command), command)


def _fetch_available(walk: Walk, command: Command) -> None:
    for word in walk.words(command.arguments):
        if word is None:
            continue
        where, declared = walk.declared.get(word.lower(), (walk.where(command), command))
        if f"{word.lower()}_POPULATED" in walk.variables:
            continue
        walk.set(f"{word.lower()}_POPULATED", "1")
        walk.targets.setdefault(word, "1")
        key = walk.value(f"FETCHCONTENT_SOURCE_DIR_{word.upper()}")
        if (isinstance(key, str) and key) or not _looked_for_first(walk, word, declared):
            continue
        _fetched(walk, word, declared, where)


def _looked_for_first(walk: Walk, name: str, declared: Command) -> bool:
    """`FIND_PACKAGE_ARGS` looks for it before it is fetched; False where that certainly finds it.

    https://cmake.org/cmake/help/latest/module/FetchContent.html#integrating-with-find-package
    """
    texts = [argument.text for argument in declared.arguments]
    if "FIND_PACKAGE_ARGS" not in texts:
        return True
    arguments = (Argument(name), *declared.arguments[texts.index("FIND_PACKAGE_ARGS") + 1 :])
    entry = walk.declared.pop(name.lower(), None)
    walk.handlers["find_package"](walk, Command("find_package", arguments, declared.line))
    if entry is not None:
        walk.declared[name.lower()] = entry
    found = walk.value(f"{name}_FOUND")
    if isinstance(found, Choice):
        walk.context = (*walk.context, Branch("missing", found.keys))
    return found != "1"


def _external_project(walk: Walk, command: Command) -> None:
    words = walk.words(command.arguments[:1])
    _fetched(walk, (words[0] if words else None) or "a project", command, walk.where(command))


def _fetched(walk: Walk, name: str, command: Command, where: str) -> None:
    """What a declaration downloads, unless it lies in the sdist."""
    walk.fetches = True
    words = walk.words(command.arguments)
    source = next((words[number + 1] for number, word in enumerate(words[:-1]) if word == "SOURCE_DIR"), None)
    address = kind = ""
    for number, word in enumerate(words[:-1]):
        if word in ("GIT_REPOSITORY", "URL", "SVN_REPOSITORY", "HG_REPOSITORY"):
            address, kind = words[number + 1] or "?", word
            break
    if not address:
        if source is not None and walk.exists(source):
            walk.ledger.substitute(walk.context, _BUNDLED)
        return
    host = host_of(address)
    if not host and address != "?":
        if walk.exists(address):  # an archive inside the sdist
            walk.ledger.substitute(walk.context, _BUNDLED)
        return
    walk.ledger.substitute(walk.context, _DOWNLOADED)
    walk.ledger.download(host or name, where, f"{name} is downloaded", walk.context)
    if kind == "GIT_REPOSITORY":
        _git(walk, where, name)


def _git(walk: Walk, where: str, name: str) -> None:
    """CMake clones with the program git, which it does not bring."""
    walk.ledger.want("program:git", where, f"{name} is cloned", context=walk.context, role="build")


def _cpm(walk: Walk, command: Command) -> None:
    """CPM.cmake: `CPMAddPackage("gh:owner/name@1.0")` or with keywords."""
    words = [word or "" for word in walk.words(command.arguments)]
    text = " ".join(words)
    match = re.match(r"(gh|gl|bb):", text)
    hosts = {"gh": "github.com", "gl": "gitlab.com", "bb": "bitbucket.org"}
    host = hosts[match[1]] if match else ""
    cloned = bool(host) or "GIT_REPOSITORY" in words or "GITHUB_REPOSITORY" in words
    for number, word in enumerate(words[:-1]):
        if word in ("GIT_REPOSITORY", "URL"):
            host = host_of(words[number + 1]) or host
        elif word == "GITHUB_REPOSITORY":
            host = "github.com"
    if host:
        walk.fetches = True
        walk.ledger.substitute(walk.context, _DOWNLOADED)
        walk.ledger.download(host, walk.where(command), "CPM downloads a package", walk.context)
        if cloned:
            _git(walk, walk.where(command), "a package of CPM")


def _file(walk: Walk, command: Command) -> None:
    words = walk.words(command.arguments)
    if words[:1] == ["DOWNLOAD"] and len(words) > 1:
        host = host_of(words[1] or "")
        walk.ledger.substitute(walk.context, _DOWNLOADED)
        walk.ledger.download(host or "a file", walk.where(command), "file(DOWNLOAD)", walk.context)
    elif words[:1] in (["GLOB"], ["GLOB_RECURSE"], ["STRINGS"], ["READ"], ["TO_CMAKE_PATH"]):
        walk.forget(command.arguments[1:])


def _programs(walk: Walk, command: Command, words: list[str]) -> None:
    """The programs that are run while it is configured, by their plain names; a result may be asked for.

    https://cmake.org/cmake/help/latest/command/execute_process.html
    """
    keys: list[int] = []
    fatal = "COMMAND_ERROR_IS_FATAL" in words
    for word, program in pairwise(words):
        if word != "COMMAND" or program in ("git", "cmake"):
            continue
        keys.extend(
            walk.ledger.want(
                f"program:{tool}",
                walk.where(command),
                f"runs {program}",
                context=walk.context,
                required=fatal,
                silent=not fatal,
                role="build",
            )
            for tool in tools_of(program)
        )
    if keys and not fatal and "RESULT_VARIABLE" in words[:-1]:
        name = words[words.index("RESULT_VARIABLE") + 1]
        there = tuple(keys)
        walk.set(name, Choice(lambda found: "0" if found.issuperset(there) else "1", there))


def _execute(walk: Walk, command: Command) -> None:
    arguments = command.arguments
    for argument, following in pairwise(arguments):
        if argument.text in _OUTPUTS:
            walk.set(following.text, UNKNOWN)
    words = [word or "" for word in walk.words(arguments)]
    _programs(walk, command, words)
    if "submodule" in words or ("clone" in words and any(host_of(word) for word in words)):
        host = next((host for word in words if (host := host_of(word))), "git submodules")
        walk.ledger.substitute(walk.context, _DOWNLOADED)
        walk.ledger.download(host, walk.where(command), "git fetches sources", walk.context)
        _git(walk, walk.where(command), "a repository")


FETCHES: Mapping[str, Handler] = {
    "cpmaddpackage": _cpm,
    "cpmfindpackage": _cpm,
    "execute_process": _execute,
    "externalproject_add": _external_project,
    "fetchcontent_declare": _fetch_declare,
    "fetchcontent_makeavailable": _fetch_available,
    "fetchcontent_populate": _fetch_available,
    "file": _file,
}
