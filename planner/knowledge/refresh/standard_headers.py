"""Makes `standard_headers.toml`: the headers of C libraries, compilers, kernels and Pythons; knows no needs.

    python -m planner.knowledge.refresh.standard_headers INDICES PYTHON_INCLUDE... [--write]

INDICES is a folder with the Contents and InRelease files of Debian 12 (see `debian_indices`), each
PYTHON_INCLUDE the `include/pythonX.Y` of one CPython, from 3.6 on without a gap. As `diff` does, it tells the
difference to the table that is there and exits with 1 when there is one; `--write` puts the new one there.
"""

from __future__ import annotations

import argparse
import difflib
import re
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from planner.knowledge.refresh.debian_indices import contents, date

__all__ = ["main", "python_table", "system_table", "windows_table"]

TABLE = Path(__file__).parents[1] / "standard_headers.toml"
# What a C or C++ compiler brings on Debian, with glibc or musl; cross compilers for their SIMD headers.
PACKAGES = re.compile(
    r"libc6-dev|linux-libc-dev|libcrypt-dev|libnsl-dev|libtirpc-dev|rpcsvc-proto|musl-dev"
    r"|lib(?:gcc|stdc\+\+|gfortran)-12-dev(?:-(?:arm64|armhf|ppc64el|s390x|riscv64)-cross)?"
)
WINDOWS = "mingw-w64-common"
# Names that a Linux package happens to use too, for something that no source means by them.
ONLY_WINDOWS = frozenset({"control.h", "cpl.h", "io.h", "odbcss.h", "parser.h", "profile.h"})
_PLACES = re.compile(
    r"usr/(?:include/(?:c\+\+/12/|x86_64-linux-(?:gnu|musl)/(?:c\+\+/12/)?)?"
    r"|(?:\w+-linux-\w+/include/c\+\+/12/(?:\w+-linux-\w+/)?)|lib/gcc(?:-cross)?/[\w-]+/12/include/"
    r"|share/mingw-w64/include/)"
)
# Libraries of other systems have these too, in a folder that their pkg-config file names (pcsc-lite's).
ALSO_ELSEWHERE = frozenset({"winscard.h"})
# Folders that nothing but these packages fills; their names need not be listed.
WHOLE: tuple[str, ...] = (
    "linux",
    "asm",
    "asm-generic",
    "bits",
    "ext",
    "experimental",
    "tr1",
    "tr2",
    "parallel",
    "pstl",
)
WHOLE += (
    "backward",
    "debug",
    "sanitizer",
    "gnu",
    "protocols",
    "rpcsvc",
    "rdma",
    "xen",
    "netatalk",
    "netax25",
)


def _name(path: str) -> str:
    """The name by which a header is included, for its path in a package; "" for what is none."""
    place = _PLACES.match(path)
    name = path[place.end() :] if place else ""
    return "" if name.startswith(("32/", "x32/")) else name


def system_table(owned: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The headers of libc, kernel and compiler, and the folders of which all belong to them."""
    names = {name for path, owner in owned if PACKAGES.fullmatch(owner) and (name := _name(path))}
    kept = {name for name in names if name.partition("/")[0] not in WHOLE}
    folders = {name.partition("/")[0] for name in names if "/" in name and name not in kept}
    return sorted(kept), sorted(folders)


def windows_table(owned: Iterable[tuple[str, str]], system: Iterable[str]) -> tuple[list[str], list[str]]:
    """The headers of Windows in lower case, as its file system does not tell case: theirs alone, and shared.

    The shared ones exist elsewhere too, as those of a library (`sql.h` is unixODBC's).
    """
    windows: set[str] = set()
    others: set[str] = set()
    for path, owner in owned:
        name = _name(path)
        if owner == WINDOWS and name and "-w64/" in path:
            windows.add(name.lower())
        elif path.startswith("usr/include/") and "mingw" not in owner and "wine" not in owner:
            others.add(path.removeprefix("usr/include/").removeprefix("x86_64-linux-gnu/").lower())
    windows -= set(system)
    others = (others - ONLY_WINDOWS) | ALSO_ELSEWHERE
    return sorted(windows - others), sorted(windows & others)


def python_table(headers: Mapping[str, frozenset[str]]) -> tuple[list[str], dict[str, list[str]]]:
    """CPython's headers in its newest version, and those that left, by the last version that had them."""
    versions = sorted(headers, key=lambda version: tuple(map(int, version.split("."))))
    newest = versions[-1]
    gone: dict[str, list[str]] = {}
    for version in reversed(versions[:-1]):
        later = headers[newest].union(*gone.values())
        missing = sorted(headers[version] - later)
        if missing:
            gone[version] = missing
    return sorted(headers[newest]), dict(reversed(gone.items()))


def _python_headers(folder: Path) -> frozenset[str]:
    return frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*.h"))


def _words(key: str, names: Iterable[str]) -> str:
    body = textwrap.fill(" ".join(names), 110, break_long_words=False, break_on_hyphens=False)
    return f'{key} = """\n{body}\n"""\n'


def _text(owned: list[tuple[str, str]], pythons: Mapping[str, frozenset[str]], checked: str) -> str:
    system, folders = system_table(owned)
    windows, shared = windows_table(owned, system)
    current, gone = python_table(pythons)
    parts = [
        "# Made by planner/knowledge/refresh/standard_headers.py: headers that are no library's.\n",
        "[system]\n",
        'source = "Contents of Debian 12: libc6-dev and what it brings, libstdc++, libgcc, musl-dev"\n',
        f"checked = {checked}\n",
        _words("names", system),
        _words("folders", folders),
        "\n[windows]\n",
        'source = "Contents of Debian 12: mingw-w64-common"\n',
        f"checked = {checked}\n",
        _words("names", windows),
        _words("shared", shared),
        "\n[python]\n",
        f'source = "the include folders of CPython {", ".join(pythons)}"\n',
        f"checked = {checked}\n",
        _words("names", current),
        "\n# Headers that newer versions lack, by the last version that had them.\n[python.last]\n",
        *(_words(f'"{version}"', names) for version, names in gone.items()),
    ]
    return "".join(parts)


def main(arguments: list[str] | None = None) -> str:
    """The difference between the table that is there and the one made now, as a unified diff."""
    parser = argparse.ArgumentParser(description="Make standard_headers.toml again.")
    parser.add_argument("indices", type=Path)
    parser.add_argument("python", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true")
    parsed = parser.parse_args(arguments)
    pythons = {
        folder.name.removeprefix("python").rstrip("m"): _python_headers(folder) for folder in parsed.python
    }
    owned = [(path, owner) for path, owner in contents(parsed.indices) if "include/" in path]
    text = _text(owned, pythons, date(parsed.indices))
    before = TABLE.read_text(encoding="utf-8") if TABLE.is_file() else ""
    if parsed.write:
        TABLE.write_text(text, encoding="utf-8")
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True), text.splitlines(keepends=True), "before", "now", n=0
        )
    )


if __name__ == "__main__":
    raise SystemExit(main() or 0)
