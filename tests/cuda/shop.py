"""The indexes of the situations, on disk: PyPI's files, PyTorch's variants and places beside, from `situations/pages`.

They are stand-ins of a few hundred bytes, written by hand from recorded facts: each file has the name and the
requirements of the real one. All files of one build share their bytes (hard links).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from planner.indexes.shelves import CompactPage
from tests.shelf import sdist, sha256, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["PAGES", "Shop", "build", "rows_of"]

PAGES = Path(__file__).parent / "situations" / "pages"
_CHOICE = re.compile(r"\{([^}]*)\}")
_RUNTIME = {
    "cu117": "nvidia-cuda-runtime-cu11==11.7.99",
    "cu118": "nvidia-cuda-runtime-cu11==11.8.89",
    "cu121": "nvidia-cuda-runtime-cu12==12.1.105",
    "cu124": "nvidia-cuda-runtime-cu12==12.4.127",
    "cu126": "nvidia-cuda-runtime-cu12==12.6.77",
    "cu128": "nvidia-cuda-runtime-cu12==12.8.90",
    "cu129": "nvidia-cuda-runtime-cu12==12.9.79",
    "cu130": "cuda-toolkit[cudart]==13.0.2",
    "cu132": "cuda-toolkit[cudart]==13.2.2",
}
"""CUDA's runtime as PyPI's torch for that CUDA asks for it; PyTorch's own files ask for the same."""


class _File(NamedTuple):
    """A file of an index: where its bytes are, and what its page says of it."""

    path: Path
    digest: str
    python: str
    uploaded: str = ""


@dataclass
class Shop:
    """Folders of an index each: `pypi`, `whl/cu126`, …; what of them was asked, what was read once, and places
    that are gone in a situation."""

    folder: Path
    asked: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    parsed: dict[tuple[Path, str], CompactPage | None] = field(default_factory=dict)
    _pages: dict[tuple[str, str], list[_File]] = field(default_factory=dict)

    @property
    def pypi(self) -> str:
        return (self.folder / "pypi").as_uri()

    @property
    def template(self) -> str:
        return f"{(self.folder / 'whl').as_uri()}/{{variant}}"

    def add(
        self,
        index: str,
        name: str,
        version: str,
        tags: Iterable[str],
        requires: Iterable[str] = (),
        python: str = "",
        extras: Iterable[str] = (),
        uploaded: str = "",
    ) -> None:
        """The wheels of one build, listed on an index."""
        stem = f"{name.replace('-', '_')}-{version}"
        first, *others = tags
        folder = self.folder / "files" / index
        path = wheel(folder, name, version, requires, tag=first, python=python, extras=extras)
        digest = sha256(path)
        files = [path]
        for tag in others:
            files.append(folder / f"{stem}-{tag}.whl")
            os.link(path, files[-1])
        self._pages.setdefault((index, name), []).extend(
            _File(file, digest, python, uploaded) for file in files
        )

    def add_file(self, index: str, name: str, path: Path, python: str = "", uploaded: str = "") -> None:
        """One file that is there, listed on an index."""
        self._pages.setdefault((index, name), []).append(_File(path, sha256(path), python, uploaded))

    def publish(self) -> None:
        """Write the pages: PyPI's as JSON, which has upload times, and the others as HTML, which has none."""
        for (index, name), files in self._pages.items():
            folder = self.folder / index / name
            folder.mkdir(parents=True, exist_ok=True)
            if index == "pypi":
                (folder / "index.json").write_text(_json(name, files), encoding="utf-8")
            else:
                html = f"<!DOCTYPE html><body>\n{_anchors(files)}</body>\n"
                (folder / "index.html").write_text(html, encoding="utf-8")


def _json(name: str, files: Iterable[_File]) -> str:
    """A page by PEP 691 and 700."""
    entries: list[dict[str, Any]] = [
        {
            "filename": file.path.name,
            "url": file.path.as_uri().replace("+", "%2B"),
            "hashes": {"sha256": file.digest},
            "requires-python": file.python or None,
            "size": file.path.stat().st_size,
            **({"upload-time": f"{file.uploaded}T00:00:00Z"} if file.uploaded else {}),
        }
        for file in files
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "versions": [], "files": entries})


def _anchors(files: Iterable[_File]) -> str:
    lines = []
    for path, digest, python, _ in files:
        wants = python.replace("<", "&lt;").replace(">", "&gt;")
        attribute = f' data-requires-python="{wants}"' if python else ""
        link = path.as_uri().replace("+", "%2B")
        lines.append(f'<a href="{link}#sha256={digest}"{attribute}>{path.name}</a><br>\n')
    return "".join(lines)


def rows_of(page: str, kind: str) -> list[dict[str, Any]]:
    """The rows of a page's table."""
    read: dict[str, Any] = tomllib.loads((PAGES / f"{page}.toml").read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = read[kind]
    return rows


def build(folder: Path) -> Shop:
    """The whole world of the situations below that folder."""
    shop = Shop(folder)
    for row in rows_of("torch", "release"):
        _torch(shop, row)
    for row in rows_of("projects", "project"):
        _project(shop, row)
    for row in rows_of("projects", "sdist"):
        _sdist(shop, row)
    for row in rows_of("projects", "beside"):
        _beside(shop, row)
    # PyTorch's index has copies of others' projects, and whoever may upload there could have these:
    for name in ("requests", "einops", "setuptools"):
        for variant in ("cpu", "cu118", "cu126", "cu128", "cu130", "cu132"):
            shop.add(f"whl/{variant}", name, "99.0", ["py3-none-any"])
    shop.add("beside/llama-cpp-python/cu125", "requests", "99.0", ["py3-none-any"])
    shop.publish()
    # Places that are there and have none of it: an index without a project, a version without an index.
    for version in ("0.10.2", "0.12.0", "0.19.1", "0.33.0"):
        for variant in ("cpu", "cu129", "cu130"):
            (folder / "beside" / "vllm" / version / variant).mkdir(parents=True, exist_ok=True)
    for variant in ("cpu", "cu118", "cu121", "cu124", "cu126", "cu128", "cu129", "cu130", "cu132"):
        (folder / "beside" / "astral" / variant).mkdir(parents=True, exist_ok=True)
        (folder / "beside" / "llama-cpp-python" / variant).mkdir(parents=True, exist_ok=True)
    return shop


def _spread(text: str) -> Iterator[str]:
    """The tags of `cp39-abi3-{a b}`; `{cp39 cp310}-…` stands for Python and ABI alike."""
    found = _CHOICE.search(text)
    if found is None:
        yield text
        return
    for word in found[1].split():
        both = found.start() == 0 and word.startswith("cp")
        own = f"{word.rstrip('t')}-{word}" if both else word
        yield from _spread(text[: found.start()] + own + text[found.end() :])


def _tags(text: str) -> list[str]:
    words = re.split(r"\s+(?![^{]*\})", text.strip())
    return [tag for word in words for tag in _spread(word)]


def _extras(row: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """(extras, requirements) of a row."""
    optional: dict[str, list[str]] = row.get("requires-for", {})
    requires = list(row.get("requires", ()))
    requires += [f'{text}; extra == "{extra}"' for extra, texts in optional.items() for text in texts]
    return [*row.get("extras", "").split(), *optional], requires


def _dated(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The versions of a row, each with the day of its upload."""
    versions: list[str] = row["versions"]
    yield from zip(versions, row.get("uploaded", [""] * len(versions)), strict=True)


def _project(shop: Shop, row: Mapping[str, Any]) -> None:
    extras, requires = _extras(row)
    tags = _tags(row.get("tags", "py3-none-any"))
    for version, uploaded in _dated(row):
        python = row.get("requires-python", "")
        shop.add("pypi", row["name"], version, tags, requires, python, extras, uploaded)
        for variant in row.get("variants", "").split():
            shop.add(f"whl/{variant}", row["name"], version, tags, requires, python, extras)


# -- torch ------------------------------------------------------------------------------------------------------


def _torch(shop: Shop, row: Mapping[str, Any]) -> None:
    """torch of one release, torchvision and torchaudio with it: on PyPI and on every variant's index."""
    version, python = row["version"], row["requires-python"]
    pairs = [(name, row[name]) for name in ("torchvision", "torchaudio") if name in row]
    spread = list(_by_platform(row["pythons"].split(), row["platforms"].split()))
    day = row["uploaded"]
    shop.add("pypi", "torch", version, spread, row["requires"], python, uploaded=day)
    for name, own in pairs:
        shop.add("pypi", name, own, spread, _asks(name, own, version), python, uploaded=day)
    for variant in row["variants"].split():
        index = f"whl/{variant}"
        for platforms, local in _places(row, variant):
            tags = list(_by_platform(row["pythons"].split(), platforms))
            requires = [f'{_RUNTIME[variant]}; sys_platform == "linux"'] if variant in _RUNTIME else []
            shop.add(index, "torch", f"{version}{local}", tags, requires, python)
            for name, own in pairs:
                shop.add(index, name, f"{own}{local}", tags, _asks(name, own, version), python)


def _asks(name: str, own: str, torch: str) -> list[str]:
    """What torchvision and torchaudio ask for: one torch exactly, the last of them no longer."""
    if (name, own) == ("torchaudio", "2.11.0"):
        return []
    return ["torch>=2.14.0"] if own in ("0.29.1", "0.29.2") else [f"torch=={torch}"]


def _places(row: Mapping[str, Any], variant: str) -> Iterator[tuple[list[str], str]]:
    """(platforms, local version) of the files of a variant; macOS has one build, on the index for the CPU."""
    intel, arm, windows, mac = row["platforms"].split()
    old = intel == "manylinux1_x86_64"
    found = ["linux_x86_64" if old and (row["version"], variant) != ("2.6.0", "cu126") else intel]
    if old and variant == "cu126":
        found = ["manylinux_2_28_x86_64"]
    if variant == "cpu" or variant in row.get("arm", "").split():
        found.append(arm)
    if not variant.startswith("rocm"):
        found.append(windows)
    yield found, f"+{variant}"
    if variant == "cpu":
        yield [mac], ""


def _by_platform(pythons: Iterable[str], platforms: Iterable[str]) -> Iterator[str]:
    for platform in platforms:
        for abi in pythons:
            if platform.startswith("macosx") and abi.endswith("t"):
                continue
            yield f"{abi.rstrip('t')}-{'none' if platform.startswith('macosx') else abi}-{platform}"


# -- source distributions and places ------------------------------------------------------------------------------


def _sdist(shop: Shop, row: Mapping[str, Any]) -> None:
    files = {}
    if "build-requires" in row:
        backend = row.get("backend", "setuptools.build_meta")
        files["pyproject.toml"] = (
            f'[build-system]\nrequires = {row["build-requires"]}\nbuild-backend = "{backend}"\n'
        )
    if "scikit" in row.get("backend", ""):
        files["pyproject.toml"] += f'[project]\nname = "{row["name"]}"\ndynamic = ["version"]\n'
        files["CMakeLists.txt"] = "cmake_minimum_required(VERSION 3.21)\nproject(demo LANGUAGES C CXX)\n"
    for version, uploaded in _dated(row):
        path = sdist(
            shop.folder / "files" / "pypi",
            row["name"],
            version,
            row.get("requires", ()),
            setup=_setup(row),
            python=row.get("requires-python", ""),
            files=files,
        )
        shop.add_file("pypi", row["name"], path, row.get("requires-python", ""), uploaded)


def _setup(row: Mapping[str, Any]) -> str:
    """A setup.py that builds as the real one does: what it imports, and which C++ it asks for."""
    if not row.get("cuda", True):
        return (
            "from setuptools import Extension, setup\nsetup(ext_modules=[Extension('demo', ['demo.cpp'])])\n"
        )
    flags = [f"-std={row['std']}"] if "std" in row else []
    return "\n".join(
        [
            "import torch",
            "from setuptools import setup",
            "from torch.utils.cpp_extension import BuildExtension, CUDAExtension",
            "setup(",
            "    ext_modules=[CUDAExtension(",
            "        'demo_cuda', ['csrc/demo.cpp', 'csrc/demo.cu'],",
            f"        extra_compile_args={{'cxx': {['-O3', *flags]}, 'nvcc': {['-O3', *flags]}}},",
            "    )],",
            "    cmdclass={'build_ext': BuildExtension},",
            f"    setup_requires={row.get('setup-requires', [])},",
            ")\n",
        ]
    )


def _beside(shop: Shop, row: Mapping[str, Any]) -> None:
    """Files of a place: below an index, or on a page of links."""
    folder = shop.folder / "beside"
    links = []
    for filename in row["files"]:
        name, version, tag = filename.removesuffix(".whl").split("-", 2)
        name = name.replace("_", "-")
        if "folder" in row:
            shop.add(f"beside/{row['folder']}", name, version, [tag], row.get("requires", ()))
            continue
        path = wheel(folder / "files", name, version, row.get("requires", ()), tag=tag)
        links.append(_File(path, sha256(path), ""))
    if links:
        page = folder / row["page"]
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"<!DOCTYPE html><body>\n{_anchors(links)}</body>\n", encoding="utf-8")
