"""The commands of CMake that set variables, fetch things or stop the build; must not look anything up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from urllib.parse import urlsplit

from planner.sdist.inspectors.cmake_finds import language
from planner.sdist.inspectors.cmake_flow import Handler, Walk, path_in
from planner.sdist.inspectors.cmake_links import link
from planner.sdist.inspectors.cmake_syntax import Argument, Command
from planner.sdist.inspectors.cmake_values import UNKNOWN, Choice, Value, condition
from planner.sdist.inspectors.ledger import Branch

__all__ = ["COMMANDS", "host_of"]

_PROJECT_WORDS = frozenset({"VERSION", "DESCRIPTION", "HOMEPAGE_URL", "LANGUAGES", "COMPAT_VERSION"})
_DOWNLOADED = "{} is downloaded and built"
_BUNDLED = "a bundled copy is built"
_SCP = re.compile(r"[\w.-]+@([\w.-]+):")
_OUTPUTS = frozenset({"OUTPUT_VARIABLE", "RESULT_VARIABLE", "ERROR_VARIABLE", "RESULTS_VARIABLE"})
_INERT = (
    "add_compile_definitions add_compile_options add_custom_command add_custom_target add_definitions "
    "add_dependencies add_link_options add_test cmake_policy configure_file enable_testing export "
    "include_directories install link_directories mark_as_advanced set_property "
    "set_source_files_properties set_target_properties source_group target_compile_definitions "
    "target_compile_features target_compile_options target_include_directories target_link_directories "
    "target_link_options target_precompile_headers target_sources include_guard "
    "find_package_handle_standard_args set_tests_properties set_directory_properties"
)


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


def _inert(walk: Walk, command: Command) -> None:
    """Changes nothing that a condition could ask for."""


def _project(walk: Walk, command: Command) -> None:
    words = [word or "" for word in walk.words(command.arguments)]
    rest = words[1:]
    given = False
    if "LANGUAGES" in rest:
        listed, given = rest[rest.index("LANGUAGES") + 1 :], True
    elif any(word in _PROJECT_WORDS for word in rest):
        listed = []
    else:
        listed, given = rest, bool(rest)
    names = [word for word in listed if word and word not in _PROJECT_WORDS and not word[0].isdigit()]
    for name in names if given else ("C", "CXX"):
        language(walk, name, walk.where(command))
    if words:
        walk.set("PROJECT_NAME", words[0])
    walk.set("PROJECT_SOURCE_DIR", walk.folder)
    if walk.value("CMAKE_PROJECT_NAME") is UNKNOWN and words:
        walk.cache["CMAKE_PROJECT_NAME"] = words[0]
    if words and words[0]:
        walk.set(f"{words[0]}_SOURCE_DIR", walk.folder)


def _enable_language(walk: Walk, command: Command) -> None:
    words = walk.words(command.arguments)
    for word in words:
        if word and word != "OPTIONAL":
            language(walk, word, walk.where(command), required="OPTIONAL" not in words)


def _set(walk: Walk, command: Command) -> None:
    if not command.arguments:
        return
    expanded = walk.expand(command.arguments[0])
    if not isinstance(expanded, str) or expanded.startswith("ENV{"):
        return
    rest = list(command.arguments[1:])
    plain = [argument.text for argument in rest]
    outside = bool(plain) and plain[-1] == "PARENT_SCOPE"
    if outside:
        rest.pop()
    if "CACHE" in plain:
        cut = plain.index("CACHE")
        if expanded in walk.cache and "FORCE" not in plain[cut:]:
            return
        walk.cache[expanded] = _joined(walk, rest[:cut])
        walk.variables.pop(expanded, None)
        return
    value = _joined(walk, rest) if rest else None
    if outside:
        walk.set_outside(expanded, value)
    else:
        walk.set(expanded, value)


def _joined(walk: Walk, arguments: list[Argument]) -> Value:
    """The arguments as one list."""
    values = [walk.expand(argument) for argument in arguments[:200]]
    if len(values) == 1:
        return values[0]
    known = [value for value in values if isinstance(value, str)]
    return ";".join(known)[:4_000] if len(known) == len(values) else UNKNOWN


def _unset(walk: Walk, command: Command) -> None:
    for word in walk.words(command.arguments[:1]):
        if word is not None:
            walk.set(word, None)


def _option(walk: Walk, command: Command) -> None:
    if not command.arguments:
        return
    name = command.arguments[0].text
    if walk.value(name) is None or name.startswith("CMAKE_"):
        walk.cache[name] = walk.expand(command.arguments[2]) if len(command.arguments) > 2 else "OFF"


def _dependent_option(walk: Walk, command: Command) -> None:
    """`cmake_dependent_option(name doc default conditions otherwise)`."""
    if len(command.arguments) < 5:
        return
    name = command.arguments[0].text
    verdict: bool | None = True
    for part in command.arguments[3].text.split(";"):
        words = [Argument(word) for word in re.findall(r"[()]|[^\s()]+", part)]
        test, keys = condition(words, walk) if words else (None, ())
        value = test(frozenset()) if test is not None and not keys else None
        verdict = False if value is False else None if value is None and verdict else verdict
    chosen = command.arguments[2] if verdict else command.arguments[4]
    if verdict is None or walk.value(name) is None:
        walk.cache[name] = UNKNOWN if verdict is None else walk.expand(chosen)


def _list(walk: Walk, command: Command) -> None:
    arguments = command.arguments
    if len(arguments) < 2:
        return
    action, name = arguments[0].text, arguments[1].text
    if action in ("APPEND", "PREPEND"):
        old = walk.value(name)
        old = None if old is UNKNOWN and name == "CMAKE_MODULE_PATH" else old
        if old is None or isinstance(old, str):
            new = _joined(walk, list(arguments[2:]))
            walk.set(name, UNKNOWN if not isinstance(new, str) else f"{old};{new}" if old else new)
            return
        walk.set(name, UNKNOWN)
        return
    for argument in arguments[1:]:
        if not argument.quoted and argument.text.isidentifier():
            walk.set(argument.text, UNKNOWN)


def _string(walk: Walk, command: Command) -> None:
    arguments = command.arguments
    if len(arguments) < 3:
        return
    action = arguments[0].text
    if action in ("TOUPPER", "TOLOWER"):
        value = walk.expand(arguments[1])
        made: Value = UNKNOWN
        if isinstance(value, str):
            made = value.upper() if action == "TOUPPER" else value.lower()
        walk.set(arguments[2].text, made)
    elif action in ("APPEND", "CONCAT"):
        old = walk.value(arguments[1].text) if action == "APPEND" else ""
        values = [old or "", *(walk.expand(argument) for argument in arguments[2:])]
        known = [value for value in values if isinstance(value, str)]
        text = "".join(known)[:4_000]
        walk.set(arguments[1].text, text if len(known) == len(values) else UNKNOWN)
    else:
        for argument in arguments[1:]:
            if not argument.quoted and argument.text.isidentifier():
                walk.set(argument.text, UNKNOWN)


def _message(walk: Walk, command: Command) -> None:
    words = walk.words(command.arguments)
    if words[:1] in (["FATAL_ERROR"], ["SEND_ERROR"]):
        text = " ".join(word for word in words[1:3] if word)
        walk.ledger.fail(walk.context, walk.where(command), " ".join(text.split())[:80])


def _include(walk: Walk, command: Command) -> None:
    words = walk.words(command.arguments)
    if not words or words[0] is None:
        return
    name = words[0]
    candidates = [path_in(walk.folder, name)]
    if not name.endswith(".cmake"):
        folders = walk.value("CMAKE_MODULE_PATH")
        parts = folders.split(";") if isinstance(folders, str) else []
        candidates = [path_in(walk.folder, f"{part}/{name}.cmake") for part in parts if part]
    for candidate in candidates:
        if candidate and walk.include(candidate, walk.context):
            return


def _add_subdirectory(walk: Walk, command: Command) -> None:
    words = walk.words(command.arguments[:1])
    if not words or words[0] is None:
        return
    inside = path_in(walk.folder, words[0])
    if inside is None:
        return
    if inside in walk.files.folders or not inside:
        if any(branch.kind == "missing" for branch in walk.context):
            walk.ledger.substitute(walk.context, _BUNDLED)
        walk.enter(inside, walk.context)
    elif "$" not in words[0]:
        walk.ledger.fail(walk.context, walk.where(command), f"{inside} is not in the sdist")


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


def _execute(walk: Walk, command: Command) -> None:
    arguments = command.arguments
    for argument, following in pairwise(arguments):
        if argument.text in _OUTPUTS:
            walk.set(following.text, UNKNOWN)
    words = [word or "" for word in walk.words(arguments)]
    if "submodule" in words or ("clone" in words and any(host_of(word) for word in words)):
        host = next((host for word in words if (host := host_of(word))), "git submodules")
        walk.ledger.substitute(walk.context, _DOWNLOADED)
        walk.ledger.download(host, walk.where(command), "git fetches sources", walk.context)
        _git(walk, walk.where(command), "a repository")


def _target(walk: Walk, command: Command) -> None:
    for word in walk.words(command.arguments[:1]):
        if word:
            walk.targets[word] = UNKNOWN if any(branch.kind == "unsure" for branch in walk.context) else "1"


def _path(walk: Walk, command: Command) -> None:
    """`get_filename_component` and its kin set one variable."""
    for argument in command.arguments[:1]:
        walk.set(argument.text, UNKNOWN)


COMMANDS: Mapping[str, Handler] = {
    **dict.fromkeys(_INERT.split(), _inert),
    "add_executable": _target,
    "add_library": _target,
    "add_subdirectory": _add_subdirectory,
    "cmake_dependent_option": _dependent_option,
    "cpmaddpackage": _cpm,
    "cpmfindpackage": _cpm,
    "enable_language": _enable_language,
    "execute_process": _execute,
    "externalproject_add": _external_project,
    "fetchcontent_declare": _fetch_declare,
    "fetchcontent_makeavailable": _fetch_available,
    "fetchcontent_populate": _fetch_available,
    "file": _file,
    "get_filename_component": _path,
    "include": _include,
    "link_libraries": link,
    "list": _list,
    "message": _message,
    "option": _option,
    "project": _project,
    "set": _set,
    "string": _string,
    "target_link_libraries": link,
    "unset": _unset,
}
