"""Names of an archive's members; knows which are safe and which worth reading, and must not touch bytes."""

from __future__ import annotations

import re

__all__ = ["clean_name", "is_litter", "matters", "odd_name"]

MAX_NAME = 1_024
_DRIVE = re.compile(r"[A-Za-z]:")
_ALWAYS = frozenset(
    {"PKG-INFO", "pyproject.toml", "setup.py", "setup.cfg", "Cargo.toml", "Cargo.lock", "CMakeLists.txt"}
    | {"meson.build", "MANIFEST.in", "meson.options", "meson_options.txt"}
)
_READ_BY_SETUP = re.compile(
    r"""(?xi) (?: .*require.*\.(?:txt|in) | .*constraints.*\.txt | .*depend.*\.txt
      | _*version_*(?:\.\w+)? | VERSION.* | .*version.*\.(?:py|txt|in) | __init__\.py | __about__\.py
      | _*about_*\.py | _*meta\w*\.py | _*pkg\w*\.py | release\.py | metadata\.py )"""
)


def clean_name(name: str) -> str | None:
    """The name in plain form (`a/b`), "" for the top itself, None when it would leave the top folder.

    An installer would refuse such an archive too, so that reading on would say nothing true.

    >>> clean_name("./demo-1.0//setup.py"), clean_name("demo-1.0/../../x"), clean_name("/etc/passwd")
    ('demo-1.0/setup.py', None, None)
    """
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or (("\\" in name) and ".." in re.split(r"[/\\]", name)):
        return None
    return "/".join(parts)


def odd_name(name: str) -> str:
    """Why a (clean) name is not looked at, or ""; such members are left out, the archive is read on."""
    if len(name) > MAX_NAME:
        return "a member's name is longer than 1,024 characters"
    if "\\" in name:
        return f"{name!a} has a backslash in its name"
    if not name.isprintable():
        return f"{name!a} has characters in its name that cannot be shown"
    return ""


def is_litter(name: str) -> bool:
    """Files that macOS adds beside the real ones; they must not hide the top folder."""
    parts = name.split("/")
    return parts[-1].startswith("._") or parts[-1] == ".DS_Store" or "__MACOSX" in parts


def matters(name: str) -> bool:
    """Whether the text of this member (named without the top folder) can say something about its build.

    >>> [matters(name) for name in ("setup.py", "src/demo.egg-info/requires.txt", "src/demo/core.py")]
    [True, True, False]
    """
    folder, _, base = name.rpartition("/")
    depth = folder.count("/") + 1 if folder else 0
    if base in _ALWAYS:
        return depth == 0 or (base in ("PKG-INFO", "Cargo.toml") and depth <= 2)
    if folder.endswith(".egg-info"):
        return base == "requires.txt" and depth <= 4
    if depth == 0:
        return base.endswith((".py", ".toml")) or _READ_BY_SETUP.fullmatch(base) is not None
    if "requirement" in folder and depth <= 2 and base.endswith((".txt", ".in")):
        return True
    return depth <= 3 and _READ_BY_SETUP.fullmatch(base) is not None
