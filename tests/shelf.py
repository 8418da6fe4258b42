"""Real, tiny wheels and sdists, and simple indexes of them on disk, for tests that need no network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

SETUP_C = "from setuptools import Extension, setup\nsetup(ext_modules=[Extension('demo', ['demo.c'])])\n"
SETUP_PURE = "from setuptools import setup\nsetup()\n"


def metadata(
    name: str, version: str, requires: Iterable[str] = (), *, python: str = "", extras: Iterable[str] = ()
) -> str:
    """Core metadata that an sdist may state as final (PEP 643)."""
    lines = ["Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {python}"] if python else []
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {text}" for text in requires]
    return "\n".join(lines) + "\n"


def wheel(
    folder: Path,
    name: str,
    version: str,
    requires: Iterable[str] = (),
    *,
    tag: str = "py3-none-any",
    python: str = "",
    extras: Iterable[str] = (),
) -> Path:
    """A wheel that installers accept: a module, METADATA, WHEEL and RECORD."""
    stem = f"{name.replace('-', '_')}-{version}"
    members = {
        f"{name.replace('-', '_')}.py": "",
        f"{stem}.dist-info/METADATA": metadata(name, version, requires, python=python, extras=extras),
        f"{stem}.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = [f"{member},{_record_hash(text)},{len(text)}" for member, text in members.items()]
    members[f"{stem}.dist-info/RECORD"] = "\n".join((*record, f"{stem}.dist-info/RECORD,,")) + "\n"
    path = folder / f"{stem}-{tag}.whl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in members.items():
            archive.writestr(zipfile.ZipInfo(member), text)
    return path


def _record_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def sdist(
    folder: Path,
    name: str,
    version: str,
    requires: Iterable[str] = (),
    *,
    setup: str = SETUP_PURE,
    python: str = "",
    files: Mapping[str, str] | None = None,
) -> Path:
    """An sdist of setuptools with static metadata; `setup` tells whether it compiles anything."""
    stem = f"{name.replace('-', '_')}-{version}"
    members = {
        "PKG-INFO": metadata(name, version, requires, python=python),
        "setup.py": setup,
        **(files or {}),
    }
    path = folder / f"{stem}.tar.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    # The same bytes for the same words: gzip would write the time.
    with gzip.GzipFile(path, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for member, text in members.items():
            info = tarfile.TarInfo(f"{stem}/{member}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def sha256(path: Path) -> str:
    """The file's hash, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def publish(index: Path, *paths: Path, yanked: Mapping[str, str] | None = None) -> str:
    """A simple index (PEP 503) in that folder with these files; gives its `file:` address.

    `yanked` are reasons by file name.
    """
    pages: dict[str, list[str]] = {}
    for path in paths:
        project = path.name.split("-")[0].lower().replace("_", "-")
        reason = (yanked or {}).get(path.name)
        attribute = f' data-yanked="{html.escape(reason)}"' if reason is not None else ""
        link = f'<a href="{path.as_uri()}#sha256={sha256(path)}"{attribute}>{path.name}</a>'
        pages.setdefault(project, []).append(link)
    for project, links in pages.items():
        page = index / project / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("<!DOCTYPE html><body>\n" + "<br>\n".join(links) + "\n</body>\n", encoding="utf-8")
    return index.as_uri()
