"""Who runs cargo on which manifest of an sdist, with which features; must not read the manifest itself."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.dists import parse_requirement
from planner.knowledge.crates import crates
from planner.needs import Strength
from planner.sdist import texts
from planner.sdist.archive import SdistFiles
from planner.sdist.sources import Sources

__all__ = ["Driver", "drivers"]

_RUST_EXTENSION = re.compile(r"\bRust(?:Extension|Bin)\s*\(")
_MANIFEST = re.compile(r"""['"]((?:[\w.-]+/)*Cargo\.toml)['"]""")
_RUST_VERSION = re.compile(r"""rust_version\s*=\s*['"]\s*>=\s*([\d.]+)['"]""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Who runs cargo on which manifest, with which features, and what happens where there is no Rust."""

    manifest: str
    where: str
    text: str
    strength: Strength = "required"
    effect: str = ""
    features: frozenset[str] = frozenset()
    default: bool = True
    host: str = ""
    floors: tuple[tuple[str, str, str], ...] = ()


def drivers(sdist: Sources) -> list[Driver]:
    """Every Cargo project that the build compiles."""
    build = sdist.table("build-system")
    requires = texts.string_list(build.get("requires")) or []
    backend = str(build.get("build-backend") or "")
    names = {canonicalize_name(found.name) for text in requires if (found := parse_requirement(text))}
    if backend.startswith("maturin") or ("maturin" in names and build.get("backend-path")):
        return [_maturin(sdist, requires)]
    if "setuptools-rust" in names or _imports(sdist, "setuptools_rust"):
        return _setuptools_rust(sdist)
    if "setuptools_rust" in (
        sdist.files.text("setup.py") or ""
    ):  # where something asks for it, or by setup_requires
        asked = "it is built with Rust only when that is asked for"
        return [
            driver if driver.strength == "optional" else replace(driver, strength="hint", effect=asked)
            for driver in _setuptools_rust(sdist)
        ]
    return []


def _imports(sdist: Sources, module: str) -> bool:
    return sdist.setup is not None and any(name == module for name, _ in sdist.setup.imports)


def _shallowest(files: SdistFiles) -> str:
    """The manifest nearest to the top."""
    found = [name for name in files.names if name == "Cargo.toml" or name.endswith("/Cargo.toml")]
    return min(found, key=lambda name: (name.count("/"), name), default="Cargo.toml")


def _maturin(sdist: Sources, requires: list[str]) -> Driver:
    """https://www.maturin.rs/config.html ."""
    table = sdist.table("tool", "maturin")
    path = table.get("manifest-path")
    manifest = posixpath.normpath(path) if isinstance(path, str) else "Cargo.toml"
    if manifest not in sdist.files.name_set:
        manifest = _shallowest(sdist.files)
    bootstrap = crates().bootstrap["maturin"]
    wanted = [found for text in requires if (found := parse_requirement(text)) and found.name == "maturin"]
    newest = Version("1.999")
    fetches = not wanted or any(
        found.specifier.contains(newest) or found.specifier.contains(bootstrap.since) for found in wanted
    )
    text = sdist.files.text("pyproject.toml") or ""
    return Driver(
        manifest=manifest, where=f"pyproject.toml:{texts.line_of(text, 'build-backend')}", text="maturin",
        strength="fallback" if fetches else "required",
        effect="maturin downloads a Rust toolchain" if fetches else "",
        features=frozenset(texts.string_list(table.get("features")) or ()),
        default=table.get("no-default-features") is not True, host=bootstrap.host if fetches else "",
    )  # fmt: skip


def _setuptools_rust(sdist: Sources) -> list[Driver]:
    """https://setuptools-rust.readthedocs.io/en/latest/reference.html ."""
    out: list[Driver] = []
    text = sdist.files.text("pyproject.toml") or ""
    for kind in ("ext-modules", "bins"):
        rows = sdist.table("tool", "setuptools-rust").get(kind)
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, Mapping):
                line = next(
                    (n for n, part in enumerate(text.split("\n"), 1) if f"setuptools-rust.{kind}" in part), 1
                )
                out.append(_row(row, f"pyproject.toml:{line}", sdist.files))
    setup = sdist.files.text("setup.py")
    calls = list(_RUST_EXTENSION.finditer(setup))[:8] if setup is not None else []
    for number, call in enumerate(calls):
        end = calls[number + 1].start() if number + 1 < len(calls) else call.start() + 2_000
        out.append(_called(setup or "", call, (setup or "")[call.start() : end], sdist))
    if not out:
        manifest = _shallowest(sdist.files)
        if manifest in sdist.files.name_set and (
            setup is None or "rust_extensions" in setup or "rust" in setup
        ):
            where = f"pyproject.toml:{texts.line_of(text, 'requires')}"
            out.append(Driver(manifest=manifest, where=where, text="requires setuptools-rust"))
    return out


def _row(row: Mapping[str, object], where: str, files: SdistFiles) -> Driver:
    path = row.get("path")
    manifest = posixpath.normpath(path) if isinstance(path, str) else "Cargo.toml"
    floor = row.get("rust-version") or row.get("rust_version")
    floors = ((floor.strip(">= "), where, f"rust-version {floor}"),) if isinstance(floor, str) else ()
    optional = row.get("optional") is True
    return Driver(
        manifest=manifest if manifest in files.name_set else _shallowest(files), where=where,
        text="setuptools-rust", strength="optional" if optional else "required",
        effect="it is installed without its Rust extension" if optional else "",
        features=frozenset(texts.string_list(row.get("features")) or ()), floors=floors,
        default=row.get("no-default-features") is not True,
    )  # fmt: skip


def _called(setup: str, call: re.Match[str], arguments: str, sdist: Sources) -> Driver:
    """A `RustExtension(…)` in setup.py, as far as its text tells; `optional=` a name is taken as it says."""
    where = f"setup.py:{setup[: call.start()].count(chr(10)) + 1}"
    named = _MANIFEST.search(arguments)
    manifest = posixpath.normpath(named[1]) if named else "Cargo.toml"
    built = sdist.setup.built if sdist.setup is not None else ()
    line = setup[: call.start()].count("\n") + 1
    seen = next((one for one in built if one.line == line), None)
    optional = (
        seen.optional if seen is not None else bool(re.search(r"optional\s*=\s*(?!False)\w", arguments))
    )
    version = _RUST_VERSION.search(arguments)
    floors = ((version[1], where, f"rust_version {version[1]}"),) if version else ()
    listed = re.search(r"features\s*=\s*\[([^\]]*)\]", arguments)
    features = frozenset(re.findall(r"""['"]([\w/-]+)['"]""", listed[1])) if listed else frozenset()
    return Driver(
        manifest=manifest if manifest in sdist.files.name_set else _shallowest(sdist.files), where=where,
        text="RustExtension", strength="optional" if optional else "required", floors=floors,
        effect="it is installed without its Rust extension" if optional else "", features=features,
    )  # fmt: skip
