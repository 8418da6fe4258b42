"""The commands of CMake that set variables, enter folders or stop the build; must not look anything up."""

from __future__ import annotations

import re
from collections.abc import Mapping

from planner.sdist.inspectors.cmake_fetches import FETCHES
from planner.sdist.inspectors.cmake_finds import language
from planner.sdist.inspectors.cmake_flow import Handler, Walk
from planner.sdist.inspectors.cmake_links import link
from planner.sdist.inspectors.cmake_scope import path_in
from planner.sdist.inspectors.cmake_syntax import Argument, Command
from planner.sdist.inspectors.cmake_values import UNKNOWN, Value, condition

__all__ = ["COMMANDS"]

_PROJECT_WORDS = frozenset({"VERSION", "DESCRIPTION", "HOMEPAGE_URL", "LANGUAGES", "COMPAT_VERSION"})
_BUNDLED = "a bundled copy is built"
_INERT = (
    "add_compile_definitions add_compile_options add_custom_command add_custom_target add_definitions "
    "add_dependencies add_link_options add_test cmake_policy configure_file enable_testing export "
    "include_directories install link_directories mark_as_advanced set_property "
    "set_source_files_properties set_target_properties source_group target_compile_definitions "
    "target_compile_features target_compile_options target_include_directories target_link_directories "
    "target_link_options target_precompile_headers target_sources include_guard "
    "find_package_handle_standard_args set_tests_properties set_directory_properties"
)


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
    **FETCHES,
    "add_executable": _target,
    "add_library": _target,
    "add_subdirectory": _add_subdirectory,
    "cmake_dependent_option": _dependent_option,
    "enable_language": _enable_language,
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
