"""pip's settings: `PIP_*` and pip.conf at every level; knows where they lie and which wins, judges nothing.

https://pip.pypa.io/en/stable/topics/configuration/
"""

from __future__ import annotations

import configparser
import ntpath
import posixpath
from collections.abc import Callable, Iterator, Mapping

from planner.config.words import KINDS, Layer, Said, convert
from planner.errors import UsageError

__all__ = ["config_files", "read_pip"]

# pip's option -> ours. The rest of pip's options has no bearing on a plan, or another meaning (cache-dir).
_SAME = """
    index-url extra-index-url no-index find-links trusted-host no-binary only-binary prefer-binary pre
    all-releases only-final require-hashes no-require-hashes constraint build-constraint uploaded-prior-to
    timeout cert client-cert proxy keyring-provider no-deps python python-version platform
"""
_OTHER = {"pypi-url": "index-url", "default-timeout": "timeout", "no-dependencies": "no-deps"}
_NAMES = {name: name for name in _SAME.split()} | _OTHER
_SECTIONS = ("global", "install")


class _Parser(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return _normal(optionstr)


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")


def config_files(environ: Mapping[str, str], *, platform: str, prefix: str) -> list[tuple[str, str]]:
    """Every file that pip may read, the weakest first, as (level, path): global, user, site, env.

    `prefix` is the environment's directory. On macOS pip reads one of two user files; both are named here.
    """
    named = environ.get("PIP_CONFIG_FILE")
    if named in ("/dev/null", "nul", "NUL"):
        return []
    windows = platform == "win32"
    join = ntpath.join if windows else posixpath.join
    name = "pip.ini" if windows else "pip.conf"
    home = environ.get("USERPROFILE" if windows else "HOME", "")
    if windows:
        shared = [join(environ.get("PROGRAMDATA", "C:\\ProgramData"), "pip")]
        user = [join(home, "pip"), join(environ.get("APPDATA", join(home, "AppData\\Roaming")), "pip")]
    elif platform == "darwin":
        shared = ["/Library/Application Support/pip"]
        user = [join(home, part) for part in (".pip", ".config/pip", "Library/Application Support/pip")]
    else:
        roots = environ.get("XDG_CONFIG_DIRS", "").strip() or "/etc/xdg"
        shared = [*(join(root, "pip") for root in roots.split(":") if root), "/etc"]
        own = environ.get("XDG_CONFIG_HOME", "").strip() or join(home, ".config")
        user = [join(home, ".pip"), join(own, "pip")]
    files = [("global", join(folder, name)) for folder in shared]
    files += [("user", join(folder, name)) for folder in user if home]
    files += [("site", join(prefix, name))] if prefix else []
    return [*files, *([("env", named)] if named else [])]


def read_pip(
    environ: Mapping[str, str], read: Callable[[str], bytes], *, platform: str, prefix: str
) -> Layer:
    """What pip's settings say, the strongest first; `UsageError` for a file or value that pip would refuse.

    pip's order: `[install]` beats `[global]` wherever they stand, and the environment beats both; an empty
    value is none. Of the lists the strongest replaces the others; `no-binary` and its sisters add up.
    """
    files = config_files(environ, platform=platform, prefix=prefix)
    contents = [(level, file, data) for level, file in files if (data := _read(read, file)) is not None]
    named = any(level == "env" for level, _, _ in contents)  # then pip leaves the user's own files out
    sections: dict[str, dict[str, tuple[str, str]]] = {name: {} for name in _SECTIONS}
    for level, file, data in contents:
        parser = _parse(file, data)
        for section in _SECTIONS:
            if parser.has_section(section) and not (named and level == "user"):
                for key, value in parser.items(section):
                    sections[section][key] = (value, f"{file} [{section}] {key}")
    layer = Layer()
    weakest_first = [*sections["global"].items(), *sections["install"].items(), *_environment(environ)]
    for key, (value, origin) in reversed(weakest_first):
        if value and _NAMES.get(key):
            layer.said.append(_word(_NAMES[key], value, origin))
    return layer


def _read(read: Callable[[str], bytes], file: str) -> bytes | None:
    try:
        return read(file)
    except OSError:  # not there, a directory, no right to read it: pip passes over it too
        return None


def _parse(file: str, data: bytes) -> _Parser:
    parser = _Parser()
    try:
        parser.read_string(data.decode("utf-8-sig"), source=file)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            "This configuration file of pip is not UTF-8.", where=f"{file}:{line}", hint="Save it as UTF-8."
        ) from None
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", ())), (0,))[0]
        raise UsageError(
            "This configuration file of pip cannot be read, and pip would stop at it.",
            where=f"{file}:{line}" if line else file,
            hint="See `pip config debug`.",
        ) from None
    return parser


def _environment(environ: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name in sorted(environ):
        if name.startswith("PIP_"):
            yield _normal(name[4:]), (environ[name], name)


def _word(name: str, value: str, origin: str) -> Said:
    if KINDS[name] == "text":
        return Said(name, value.strip(), origin)
    return convert(name, value, origin)
