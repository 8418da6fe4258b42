"""uv's settings: `UV_*`, uv.toml and `[tool.uv]`; knows where they lie and which wins, must not judge them.

https://docs.astral.sh/uv/concepts/configuration-files/ and …/reference/environment/
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import Any

from planner.config.words import KINDS, IndexWord, Layer, Said, anchored, convert, parse_bool, parse_index
from planner.errors import UsageError
from planner.tomltext import TomlProblem, load_toml

__all__ = ["Documents", "ancestors", "read_uv"]

# Environment variable -> (our setting, what parts a list in it)
_ENVIRONMENT = {
    "UV_DEFAULT_INDEX": ("default-index", None),
    "UV_INDEX_URL": ("index-url", None),
    "UV_EXTRA_INDEX_URL": ("extra-index-url", None),
    "UV_FIND_LINKS": ("find-links", ","),
    "UV_NO_INDEX": ("no-index", None),
    "UV_INDEX_STRATEGY": ("index-strategy", None),
    "UV_KEYRING_PROVIDER": ("keyring-provider", None),
    "UV_INSECURE_HOST": ("trusted-host", None),
    "UV_EXCLUDE_NEWER": ("exclude-newer", None),
    "UV_RESOLUTION": ("resolution", None),
    "UV_PRERELEASE": ("prerelease", None),
    "UV_NO_BUILD": ("no-build", None),
    "UV_NO_BUILD_PACKAGE": ("no-build-package", None),
    "UV_NO_BINARY_PACKAGE": ("no-binary-package", None),
    "UV_NO_BUILD_ISOLATION": ("no-build-isolation", None),
    "UV_TORCH_BACKEND": ("torch-backend", None),
    "UV_CONSTRAINT": ("constraint", None),
    "UV_BUILD_CONSTRAINT": ("build-constraint", None),
    "UV_REQUIRE_HASHES": ("require-hashes", None),
    "UV_OFFLINE": ("offline", None),
    "UV_NO_CACHE": ("no-cache", None),
    "UV_PYTHON": ("python", None),
    "UV_HTTP_TIMEOUT": ("timeout", None),
}
# Key of uv.toml -> our setting; `[pip]` knows more than the top level does.
_SAME = """
    index-url extra-index-url find-links no-index index-strategy keyring-provider exclude-newer resolution
    prerelease no-build no-build-package no-binary-package no-build-isolation-package offline torch-backend
    no-deps require-hashes python python-version python-platform
"""
_KEYS = {name: name for name in _SAME.split()} | {"allow-insecure-host": "trusted-host"}
_WITHOUT_EFFECT = (
    "override-dependencies",
    "constraint-dependencies",
    "exclude-newer-package",
    "dependency-metadata",
)

Read = Callable[[str], bytes]


def ancestors(directory: str) -> Iterable[str]:
    """The directory and every one above it."""
    path = PurePath(directory)
    return (str(one) for one in (path, *path.parents))


class Documents:
    """TOML files, each read once; those that are not there are None."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._documents: dict[str, tuple[bytes, Mapping[str, Any]] | None] = {}

    def get(self, path: str, mention: bytes = b"") -> tuple[bytes, Mapping[str, Any]] | None:
        """Bytes and document of a file that mentions `mention`; `UsageError` when it is no TOML."""
        if path not in self._documents:
            self._documents[path] = self._load(path, mention)
        return self._documents[path]

    def _load(self, path: str, mention: bytes) -> tuple[bytes, Mapping[str, Any]] | None:
        try:
            data = self._read(path)
        except OSError:
            return None
        if mention not in data:  # another tool's file: not for us to judge its syntax
            return data, {}
        try:
            return data, load_toml(data)
        except TomlProblem as problem:
            where = f"{path}:{problem.line}" if problem.line else path
            raise UsageError(problem.what, where=where, hint="Correct this file.") from None


def read_uv(environ: Mapping[str, str], documents: Documents, *, cwd: str, platform: str) -> Layer:
    """What uv's settings say, strongest first: environment, project, user, system; `[pip]` before the rest.

    Lists of several files add up, as in uv. Raises `UsageError` for what uv would refuse.
    """
    layer = Layer()
    _read_environment(environ, layer)
    found = [] if parse_bool(environ.get("UV_NO_CONFIG", "")) else _files(environ, documents, cwd, platform)
    for where, table in found:
        pip = table.get("pip", {})
        if isinstance(pip, dict):
            _take(
                layer,
                pip,
                f"{where} [pip]" if "[tool.uv]" not in where else f"{where[:-1]}.pip]",
                in_pip=True,
            )
    for where, table in found:
        _take(layer, table, where, in_pip=False)
        for entry in table.get("index", ()) if isinstance(table.get("index"), list) else ():
            layer.indexes.append(_index(entry, where))
        layer.notes += [
            (where, f"uv's `{key}` has no effect here.") for key in _WITHOUT_EFFECT if key in table
        ]
    return layer


def _read_environment(environ: Mapping[str, str], layer: Layer) -> None:
    for variable, (name, separator) in _ENVIRONMENT.items():
        if environ.get(variable):
            layer.said.append(convert(name, environ[variable], variable, separator=separator))
    if environ.get("UV_NO_BINARY") and parse_bool(environ["UV_NO_BINARY"]):
        layer.said.append(Said("no-binary", ":all:", "UV_NO_BINARY"))
    layer.indexes += [parse_index(word, "UV_INDEX") for word in environ.get("UV_INDEX", "").split()]


def _files(
    environ: Mapping[str, str], documents: Documents, cwd: str, platform: str
) -> list[tuple[str, Mapping[str, Any]]]:
    named = environ.get("UV_CONFIG_FILE")
    if named:
        document = documents.get(named)
        if document is None:  # uv refuses it too
            raise UsageError(f"`{named}` cannot be read.", where="UV_CONFIG_FILE", hint="Check its name.")
        return [(named, document[1])]
    found = []
    for directory in ancestors(cwd):
        table = _project(documents, directory)
        if table is not None:
            found.append(table)
            break
    for path in _elsewhere(environ, platform):
        document = documents.get(path)
        if document:
            found.append((path, document[1]))
    return found


def _project(documents: Documents, directory: str) -> tuple[str, Mapping[str, Any]] | None:
    path = posixpath.join(directory, "uv.toml")
    document = documents.get(path)
    if document:
        return path, document[1]
    path = posixpath.join(directory, "pyproject.toml")
    document = documents.get(path, b"tool")
    tool = document[1].get("tool", {}) if document else {}
    table = tool.get("uv") if isinstance(tool, dict) else None
    return (f"{path} [tool.uv]", table) if isinstance(table, dict) else None


def _elsewhere(environ: Mapping[str, str], platform: str) -> list[str]:
    home = environ.get("HOME", "")
    if platform == "win32":
        roots = [environ.get("APPDATA", ""), environ.get("PROGRAMDATA", "C:\\ProgramData")]
        return [f"{root}\\uv\\uv.toml" for root in roots if root]
    own = environ.get("XDG_CONFIG_HOME") or (posixpath.join(home, ".config") if home else "")
    system = [root for root in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":") if root]
    return [posixpath.join(root, "uv/uv.toml") for root in (*([own] if own else []), *system, "/etc")]


def _take(layer: Layer, table: Mapping[str, Any], where: str, *, in_pip: bool) -> None:
    for key, value in table.items():
        name = _KEYS.get(key)
        if in_pip and key in ("no-binary", "only-binary"):
            name = key
        elif key == "no-binary" and value is True:
            layer.said.append(Said("no-binary", ":all:", f"{where} {key}"))
        elif key == "no-build-isolation" and isinstance(value, bool):
            name = key
        if name is None:
            continue
        if KINDS[name] == "text" and isinstance(value, dict):
            continue  # a newer form than is known here
        said = convert(name, value, f"{where} {key}", separator="\n")
        layer.said.append(anchored(said, str(PurePath(where.partition(" [")[0]).parent)))


def _index(entry: Any, where: str) -> IndexWord:
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise UsageError("An `index` entry has no `url`.", where=where, hint='Write url = "https://…".')
    name = entry.get("name")
    return IndexWord(
        url=entry["url"],
        name=name if isinstance(name, str) else "",
        default=entry.get("default") is True,
        explicit=entry.get("explicit") is True,
        origin=f"{where} index",
    )
