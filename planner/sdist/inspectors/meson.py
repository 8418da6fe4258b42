"""What a Meson project asks of a machine: the compilers of its languages, and what it looks for.

The walk over the files is in `meson_flow`, what functions look for in `meson_finds`. Meson itself and Ninja
come as wheels with meson-python, so that they are no needs.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping

from packaging.utils import canonicalize_name

from planner.dists import parse_requirement
from planner.sdist import texts
from planner.sdist.archive import SdistFiles
from planner.sdist.inspectors.ledger import ALWAYS, NEVER, Ledger, merged, weigh
from planner.sdist.inspectors.meson_finds import always, find_functions, find_methods, language
from planner.sdist.inspectors.meson_flow import Handler, Walk
from planner.sdist.inspectors.meson_nodes import Assign, Call, Group, Literal
from planner.sdist.inspectors.meson_syntax import SyntaxProblemError, parse
from planner.sdist.inspectors.meson_values import (
    ABSENT,
    PRESENT,
    UNKNOWN,
    Asked,
    Feature,
    Hang,
    Project,
    Thing,
    as_test,
)
from planner.sdist.inspectors.meson_wraps import enter, provider
from planner.sdist.inspectors.port import Clue
from planner.sdist.names import is_aside
from planner.sdist.sources import Sources

__all__ = ["inspect"]

_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
_FAMILIES = {"amd64": "x86_64", "arm64": "aarch64", "i686": "x86", "armv7l": "arm"}
_DEFINE = re.compile(r"-D\s*([\w.:-]+)=(.*)\Z", re.DOTALL)
# What Meson and meson-python set themselves: https://mesonbuild.com/Builtin-options.html
_BUILTIN: Mapping[str, object] = {
    "buildtype": "release", "debug": False, "optimization": "3", "default_library": "shared",
    "auto_features": Feature("auto"), "wrap_mode": "default", "unity": "off", "werror": False,
    "warning_level": "1", "prefer_static": False, "backend": "ninja", "layout": "mirror",
    "cmake_prefix_path": [], "pkg_config_path": [], "c_args": [], "cpp_args": [], "c_link_args": [],
}  # fmt: skip


def inspect(sdist: Sources, /) -> Iterable[Clue]:
    """The clues of the project that meson-python configures; nothing under another backend."""
    build = sdist.table("build-system")
    requires = texts.string_list(build.get("requires")) or []
    parsed = (parse_requirement(text) for text in requires)
    provided = frozenset(canonicalize_name(found.name) for found in parsed if found is not None)
    backend = str(build.get("build-backend") or "")
    if not backend.startswith("mesonpy") and not (build.get("backend-path") and "meson-python" in provided):
        return
    ledger = Ledger()
    system = _SYSTEMS.get(sdist.markers.get("sys_platform", "linux"), "linux")
    machine = sdist.markers.get("platform_machine", "x86_64").lower()
    methods = {**find_methods(provided), **_methods(system, _FAMILIES.get(machine, machine))}
    functions = {**_FUNCTIONS, **find_functions(provided)}
    options: dict[str, object] = {}
    arguments = sdist.table("tool", "meson-python", "args").get("setup")
    for argument in texts.string_list(arguments) or ():
        match = _DEFINE.match(argument.strip())
        if match:
            options[f"!{match[1]}"] = match[2]
        if argument.startswith("--wrap-mode="):
            options["!wrap_mode"] = argument.partition("=")[2]
    project = Project("", options)
    walk = Walk(sdist.files, ledger, functions, methods, project)
    walk.platform = sdist.markers.get("sys_platform", "linux")
    walk.wrap_mode = str(options.get("!wrap_mode", "default"))
    walk.follow(project)
    yield from merged(ledger.needs())
    yield from ledger.doubts


def _methods(system: str, family: str) -> Mapping[tuple[str, str], Handler]:
    return {
        ("machine", "system"): always(system),
        ("machine", "subsystem"): always(system),
        ("machine", "kernel"): always({"windows": "nt", "darwin": "xnu"}.get(system, system)),
        ("machine", "cpu_family"): always(family),
        ("machine", "cpu"): always(family),
        ("machine", "endian"): always("little"),
        ("meson", "get_compiler"): _get_compiler,
        ("meson", "is_subproject"): _is_subproject,
        ("meson", "is_cross_build"): _false,
        ("meson", "can_run_host_binaries"): _true,
        ("meson", "version"): always("1.9.0"),
        ("meson", "backend"): always("ninja"),
        ("meson", "override_dependency"): _override,
        ("meson", "get_external_property"): _get_property,
        ("module:fs", "exists"): _exists,
        ("module:fs", "is_file"): _exists,
        ("module:fs", "is_dir"): _exists,
    }


def _true(_walk: Walk, _asked: Asked) -> object:
    return True


def _false(_walk: Walk, _asked: Asked) -> object:
    return False


def _get_compiler(_walk: Walk, asked: Asked) -> object:
    return Thing("compiler", "".join(asked.texts()[:1]))


def _is_subproject(walk: Walk, _asked: Asked) -> object:
    return bool(walk.project.folder)


def _get_property(_walk: Walk, asked: Asked) -> object:
    return asked.arguments[1] if len(asked.arguments) > 1 else UNKNOWN


def _is_variable(walk: Walk, asked: Asked) -> object:
    return any(name in walk.project.variables for name in asked.texts()[:1])


def _override(walk: Walk, asked: Asked) -> object:
    for name in asked.texts()[:1]:
        walk.overrides[name] = PRESENT
    return UNKNOWN


def _exists(walk: Walk, asked: Asked) -> object:
    names = asked.texts()
    if not names or names[0].startswith("/"):
        return UNKNOWN
    path = posixpath.normpath(posixpath.join(walk.project.here, names[0]))
    if asked.name == "is_file":
        return path in walk.files.name_set
    return path in walk.files.folders or (asked.name == "exists" and path in walk.files.name_set)


def _project(walk: Walk, asked: Asked) -> object:
    project = walk.project
    directory = asked.text("subproject_dir")
    if directory and not project.folder:
        project.subprojects = directory
    project.options.update(_declared_options(walk.files, project.folder))
    given = asked.keywords.get("default_options")
    pairs = list(given.items()) if isinstance(given, dict) else []
    for item in given if isinstance(given, list) else [given]:
        if isinstance(item, str) and "=" in item:
            pairs.append(item.partition("=")[::2])
    pairs += [(name[1:], value) for name, value in list(project.options.items()) if name.startswith("!")]
    for name, value in pairs:
        old = project.options.get(name, _BUILTIN.get(name, UNKNOWN))
        project.options[name] = _converted(old, value)
    for name in asked.texts()[1:]:
        language(walk, name, asked.where)
    return UNKNOWN


def _converted(old: object, value: object) -> object:
    """A value given as text, in the type of the option."""
    if isinstance(old, Feature):
        return Feature(value) if isinstance(value, str) else UNKNOWN
    if isinstance(old, bool) and isinstance(value, str):
        return value.lower() in ("true", "1", "yes")
    if isinstance(old, list) and isinstance(value, str):
        return [part.strip() for part in value.strip("[]").split(",") if part.strip()]
    return value


def _declared_options(files: SdistFiles, folder: str) -> Mapping[str, object]:
    """The project's own options with their defaults; none where the file cannot be read."""
    text = next(
        (text for name in ("meson.options", "meson_options.txt")
         if (text := files.text(posixpath.join(folder, name))) is not None),
        "",
    )  # fmt: skip
    try:
        statements = parse(text)
    except SyntaxProblemError:
        return {}
    out: dict[str, object] = {}
    for statement in statements:
        call = statement.value if isinstance(statement, Assign) else None
        if not isinstance(call, Call) or call.name != "option" or not call.arguments:
            continue
        name = call.arguments[0]
        if isinstance(name, Literal) and isinstance(name.value, str):
            out[name.value] = _default(call)
    return out


def _default(call: Call) -> object:
    """The default of an option, by its type: https://mesonbuild.com/Build-options.html ."""
    kind, value = call.keywords.get("type"), call.keywords.get("value")
    given = _plain(value) if value is not None else None
    choices = call.keywords.get("choices")
    listed = _plain(choices) if choices is not None else None
    name = kind.value if isinstance(kind, Literal) else ""
    if name == "feature":
        return Feature(given if isinstance(given, str) else "auto")
    if name == "boolean":
        return given if isinstance(given, bool) else str(given or "true").lower() == "true"
    if given is not None:
        return given
    if name == "combo":
        return listed[0] if isinstance(listed, list) and listed else UNKNOWN
    if name == "array":
        return listed if isinstance(listed, list) else []
    return "" if name == "string" else UNKNOWN


def _plain(value: object) -> object:
    if isinstance(value, Literal):
        return value.value
    if isinstance(value, Group) and value.keys is None:
        return [item.value for item in value.items if isinstance(item, Literal)]
    return UNKNOWN


def _add_languages(walk: Walk, asked: Asked) -> object:
    required = asked.keywords.get("required", True)
    if isinstance(required, Feature):
        if required.state == "disabled":
            return False
        required = required.state == "enabled"
    keys = [language(walk, name, asked.where, required=required is True) for name in asked.texts()]
    known = tuple(key for key in keys if key is not None)
    if required is True or not known:
        return True
    return Hang(lambda found: found.issuperset(known), known)


def _get_option(walk: Walk, asked: Asked) -> object:
    for name in asked.texts()[:1]:
        if name in walk.project.options:
            return walk.project.options[name]
        return _BUILTIN.get(name, UNKNOWN)
    return UNKNOWN


def _subdir(walk: Walk, asked: Asked) -> object:
    needed = asked.keywords.get("if_found")
    context = walk.context
    for item in needed if isinstance(needed, list) else [needed]:
        if isinstance(item, Hang) and item.found:
            taken, _ = weigh(item.test, item.keys)
            if taken is NEVER:
                return UNKNOWN
            walk.context = walk.context if taken is ALWAYS else (*walk.context, taken)
    for name in asked.texts()[:1]:
        folder = posixpath.relpath(posixpath.join(walk.project.here, name), walk.project.folder or ".")
        if not walk.enter(folder) and not is_aside(f"{folder}/meson.build"):
            walk.ledger.doubt("was not read, so what it looks for is not known", f"{folder}/meson.build")
    walk.context = context
    return UNKNOWN


def _run_subproject(walk: Walk, asked: Asked) -> object:
    names = asked.texts()
    if not names:
        return UNKNOWN
    found = provider(walk, names[:1], names[0])
    if found is None:
        required = asked.keywords.get("required", True)
        if required is True:
            walk.ledger.doubt(f"the subproject {names[0]} is not in the sdist", asked.where)
        return ABSENT
    enter(walk, found, asked.where, asked.keywords.get("default_options"))
    return PRESENT


def _error(walk: Walk, asked: Asked) -> object:
    walk.ledger.fail(walk.context, asked.where, " ".join(" ".join(asked.texts()).split())[:80])
    return UNKNOWN


def _assert(walk: Walk, asked: Asked) -> object:
    if asked.arguments:
        _, otherwise = weigh(*as_test(asked.arguments[0]))
        if otherwise not in (ALWAYS, NEVER):
            text = " ".join(" ".join(asked.texts()).split())[:80]
            walk.ledger.fail((*walk.context, otherwise), asked.where, text)
    return UNKNOWN


def _import(_walk: Walk, asked: Asked) -> object:
    for name in asked.texts()[:1]:
        return Thing(f"module:{name.removeprefix('unstable-')}")
    return UNKNOWN


def _get_variable(walk: Walk, asked: Asked) -> object:
    names = asked.texts()
    if names and names[0] in walk.project.variables:
        return walk.project.variables[names[0]]
    return asked.arguments[1] if len(asked.arguments) > 1 else UNKNOWN


def _set_variable(walk: Walk, asked: Asked) -> object:
    if len(asked.arguments) > 1 and isinstance(asked.arguments[0], str):
        walk.project.variables[asked.arguments[0]] = asked.arguments[1]
    return UNKNOWN


_FUNCTIONS: Mapping[str, Handler] = {
    "add_languages": _add_languages,
    "assert": _assert,
    "declare_dependency": always(PRESENT),
    "disabler": always(ABSENT),
    "error": _error,
    "get_option": _get_option,
    "get_variable": _get_variable,
    "import": _import,
    "is_variable": _is_variable,
    "project": _project,
    "set_variable": _set_variable,
    "subdir": _subdir,
    "subproject": _run_subproject,
}
