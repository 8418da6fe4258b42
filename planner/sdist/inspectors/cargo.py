"""What a build with Cargo asks of a machine: Rust, how new, a linker, crates.io, and what its crates link.

Must not tell anything of a Cargo.toml that no build backend or setup.py builds. Which crates are compiled is
told by `cargo_graph`, what they need by `planner.knowledge.crates`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping

from planner.dists import parse_requirement, parse_version
from planner.knowledge.crates import Crate, Crates, Floor, crates
from planner.needs import Doubt, Evidence, Need, Strength
from planner.sdist import texts
from planner.sdist.archive import SdistFiles
from planner.sdist.inspectors.cargo_drivers import Driver, drivers
from planner.sdist.inspectors.cargo_graph import Locked, Manifest, Used, read_lock, read_manifest, used_crates
from planner.sdist.inspectors.ledger import at_least, merged
from planner.sdist.inspectors.port import Clue
from planner.sdist.sources import Sources

__all__ = ["inspect"]

_RUST = "dep:virtual/compiler/rust"
_NIGHTLY = re.compile(r"^#!\[feature\(", re.MULTILINE)
_CHANNEL = re.compile(r"^\s*channel\s*=\s*['\"]([\w.-]+)['\"]|^([\w.-]+)\s*$", re.MULTILINE)
_OS = {"linux": "linux", "darwin": "macos", "win32": "windows"}
_ARCHS = {"amd64": "x86_64", "arm64": "aarch64"}
_GIT = re.compile(r"git\+(?:https?|ssh)://(?:[^/@]*@)?([\w.-]+)")


def inspect(sdist: Sources, /) -> Iterable[Clue]:
    """The clues of every Cargo project that the build compiles; nothing without one."""
    clues: list[Clue] = []
    for driver in drivers(sdist)[:8]:
        clues.extend(_of_driver(sdist, driver))
    yield from merged(clue for clue in clues if isinstance(clue, Need))
    yield from dict.fromkeys(clue for clue in clues if isinstance(clue, Doubt))


def _of_driver(sdist: Sources, driver: Driver) -> Iterable[Clue]:
    files, tables = sdist.files, crates()
    because = [Evidence(where=driver.where, text=driver.text)]
    manifest = read_manifest(files, driver.manifest)
    if manifest is None:
        yield _rust(driver, because, "")
        yield _linker(driver)
        yield from _fetched_rust(driver)
        yield Doubt(text="could not be read, so what its crates need is not known", where=driver.manifest)
        return
    lock_path = posixpath.join(posixpath.dirname(manifest.root_path), "Cargo.lock")
    text = files.text(lock_path)
    lock = read_lock(text or "")
    used = used_crates(
        files, driver.manifest, driver.features, default=driver.default, lock=lock,
        system=_system(sdist.markers), foreign=tables.is_foreign,
    )  # fmt: skip
    floors = [*driver.floors, *_manifest_floors(files, manifest, tables)]
    floors += _lock_floors(lock_path, text, used, tables)
    floor, evidence = _highest(floors)
    yield _rust(driver, [*because, *evidence], floor)
    yield _linker(driver)
    yield from _headers(sdist, driver, used)
    yield from _fetched_rust(driver)
    yield from _network(files, driver, used, lock_path if text is not None else "")
    yield from _crates(driver, used, lock_path if text is not None else driver.manifest, tables)
    yield from _channel(files, manifest)
    if not used.certain:
        yield Doubt(text="names a crate of the tree that could not be read", where=driver.manifest)


def _rust(driver: Driver, because: list[Evidence], floor: str) -> Need:
    return Need(
        subject=_RUST, specifier=at_least(floor), role="build", because=tuple(because),
        strength=driver.strength, effect=driver.effect,
    )  # fmt: skip


def _linker(driver: Driver) -> Need:
    return Need(
        subject="dep:virtual/compiler/c", role="build",
        because=(Evidence(where=driver.where, text="cargo links with cc"),),
        strength=_at_most("required", driver), effect=driver.effect if _weak(driver) else "",
    )  # fmt: skip


def _weak(driver: Driver) -> bool:
    return driver.strength in ("optional", "hint")


def _at_most(strength: Strength, driver: Driver) -> Strength:
    """What an optional extension needs is optional."""
    return driver.strength if _weak(driver) else strength


def _headers(sdist: Sources, driver: Driver, used: Used) -> Iterable[Need]:
    """A build script that compiles C which cffi makes needs Python's headers; pyo3 alone never does."""
    requires = texts.string_list(sdist.table("build-system").get("requires")) or []
    names = {found.name.lower() for text in requires if (found := parse_requirement(text))}
    compiles = any("cc" in _table_of(manifest, "build-dependencies") for manifest in used.manifests)
    if "cffi" in names and compiles and not _weak(driver):
        evidence = Evidence(where=driver.where, text="a build script compiles what cffi makes")
        yield Need(subject="header:Python.h", role="host", because=(evidence,))


def _table_of(manifest: Manifest, key: str) -> Mapping[str, object]:
    table = manifest.table.get(key)
    return table if isinstance(table, Mapping) else {}


def _highest(floors: list[tuple[str, str, str]]) -> tuple[str, list[Evidence]]:
    """The highest of floors (version, place, why), and the evidence of all, the highest first."""
    known = [(version, row) for row in floors if (version := parse_version(row[0])) is not None]
    known.sort(key=lambda pair: pair[0], reverse=True)
    evidence = [Evidence(where=row[1], text=row[2]) for _, row in known]
    return (known[0][1][0] if known else ""), list(dict.fromkeys(evidence))[:6]


def _manifest_floors(files: SdistFiles, manifest: Manifest, tables: Crates) -> Iterable[tuple[str, str, str]]:
    text = files.text(manifest.path) or ""
    version = manifest.package("rust-version")
    if isinstance(version, str):
        line = texts.line_of(text, "rust-version") if "rust-version" in text else 1
        yield version, f"{manifest.path}:{line}", f"rust-version {version}"
    edition = manifest.package("edition")
    floor = tables.editions.get(str(edition))
    if floor is not None:
        yield floor.rust, f"{manifest.path}:{texts.line_of(text, 'edition')}", f"edition {edition}"


def _lock_floors(path: str, text: str | None, used: Used, tables: Crates) -> Iterable[tuple[str, str, str]]:
    if text is None:
        return
    match = re.search(r"^version = (\d+)\s*$", text[:2_000], re.MULTILINE)
    floor = tables.locks.get(match[1]) if match else None
    if match and floor is not None:
        yield floor.rust, path, f"lock file version {match[1]}"
    for name, version in used.crates:
        parsed = parse_version(version) if name in tables.floors else None
        needed: Floor | None = tables.floor(name, parsed) if parsed is not None else None
        if needed is not None:
            yield needed.rust, path, f"{name} {version}"


def _network(files: SdistFiles, driver: Driver, used: Used, lock: str) -> Iterable[Need]:
    """Where the crates come from: the tree itself, crates.io, or a repository."""
    where = lock or driver.manifest
    hosts: dict[str, Evidence] = {}
    if not _vendored(files, posixpath.dirname(driver.manifest)):
        for package in used.crates.values():
            git = _GIT.match(package.source)
            if git:
                hosts.setdefault(git[1], Evidence(where=where, text=f"{package.name} from its repository"))
            elif package.source.startswith(("registry+", "sparse+")) or not lock:
                hosts.setdefault("crates.io", Evidence(where=where, text="cargo downloads crates"))
    for host, evidence in hosts.items():
        yield Need(
            subject=f"network:{host}", role="build", because=(evidence,),
            strength=_at_most("required", driver), effect=driver.effect if _weak(driver) else "",
        )  # fmt: skip


def _fetched_rust(driver: Driver) -> Iterable[Need]:
    """The host that a backend fetches Rust from where there is none."""
    if driver.host:
        yield Need(
            subject=f"network:{driver.host}", role="build", strength="fallback", instead=(_RUST,),
            because=(Evidence(where=driver.where, text="maturin fetches Rust where there is none"),),
            effect="it is not contacted where there is a cargo",
        )  # fmt: skip


def _vendored(files: SdistFiles, folder: str) -> bool:
    """Whether a `.cargo/config.toml` above the manifest puts a folder of the sdist in crates.io's place."""
    while True:
        for name in ("config.toml", "config"):
            path = posixpath.join(folder, ".cargo", name)
            table = texts.parse_toml(files.text(path) or "")
            source = table.get("source") if table else None
            if isinstance(source, Mapping):
                crates_io = source.get("crates-io")
                other = crates_io.get("replace-with") if isinstance(crates_io, Mapping) else None
                place = source.get(other) if isinstance(other, str) else None
                inside = place.get("directory") if isinstance(place, Mapping) else None
                if isinstance(inside, str):
                    full = posixpath.normpath(posixpath.join("/", folder, inside)).lstrip("/")
                    return full in files.folders
        if not folder:
            return False
        folder = posixpath.dirname(folder)


def _crates(driver: Driver, used: Used, where: str, tables: Crates) -> Iterable[Need]:
    for name, version in sorted(used.crates):
        row = tables.crates.get(name)
        if row is None:
            continue
        package = used.crates[name, version]
        bundled = _bundled(row, package, used)
        effect = row.effect if not bundled else ""
        strength = _at_most("fallback" if effect else "required", driver)
        effect = driver.effect if _weak(driver) else effect
        text = f"{name} {version}".rstrip() + (", which builds its own copy" if bundled else "")
        for subjects in row.bundled if bundled else row.needs:
            yield _crate_need(subjects, Evidence(where=where, text=text), strength, effect)
    for dependent in _run_cmake(used, tables):
        for subject in ("program:cmake", "program:make"):
            evidence = Evidence(where=where, text=f"{dependent} builds with CMake")
            yield _crate_need((subject,), evidence, _at_most("required", driver), driver.effect)


def _crate_need(subjects: tuple[str, ...], evidence: Evidence, strength: Strength, effect: str) -> Need:
    build = subjects[0].startswith(("program:", "dep:virtual/compiler/", "network:"))
    return Need(
        subject=subjects[0], instead=subjects[1:], role="build" if build else "host", because=(evidence,),
        strength=strength, effect=effect if strength != "required" else "",
    )  # fmt: skip


def _bundled(row: Crate, package: Locked, used: Used) -> bool:
    """Whether a crate builds its own copy: a feature says so, or the lock has it depend on what does that.

    A lock has what any feature would bring; where a feature of a manifest that is off is the only one to ask
    for it, the system's is used.
    """
    askers = {package.name} | {
        one.name for one in used.crates.values() if any(name == package.name for name, _ in one.dependencies)
    }
    if any(row.features & used.features.get(name, set()) for name in askers):
        return True
    if not any(name in row.bundled_by for name, _ in package.dependencies):
        return row.bundled_by.isdisjoint(used.names()) is False and "cc" not in row.bundled_by
    switched = {
        feature
        for manifest in used.manifests
        for parts in _features(manifest).values()
        for part in parts
        for feature in (part.partition("/")[2],)
        if part.partition("/")[0].removesuffix("?") in askers
    }
    return not row.features & switched


def _features(manifest: Manifest) -> Mapping[str, list[str]]:
    table = manifest.table.get("features")
    items = table.items() if isinstance(table, Mapping) else ()
    return {name: texts.string_list(value) or [] for name, value in items}


def _run_cmake(used: Used, tables: Crates) -> list[str]:
    """Crates that build with the crate `cmake`, but for those whose own row says what they need."""
    return [
        package.name
        for package in used.crates.values()
        if package.name not in tables.crates and any(name == "cmake" for name, _ in package.dependencies)
    ][:1]


def _channel(files: SdistFiles, manifest: Manifest) -> Iterable[Clue]:
    """A nightly Rust: needed where the sources use its features; a toolchain file alone binds rustup only.

    https://rust-lang.github.io/rustup/overrides.html#the-toolchain-file
    """
    folder = posixpath.dirname(manifest.path)
    library = posixpath.join(folder, "src/lib.rs")
    source = files.text(library)
    found = _NIGHTLY.search(source) if source is not None else None
    if found and source is not None:
        line = source[: found.start()].count("\n") + 1
        yield Doubt(
            text="uses features of a nightly Rust, which no distribution has", where=f"{library}:{line}"
        )
        return
    if "cargo-features" in manifest.table:
        yield Doubt(text="uses features of a nightly cargo, which no distribution has", where=manifest.path)
        return
    for name in ("rust-toolchain.toml", "rust-toolchain"):
        for place in dict.fromkeys((folder, posixpath.dirname(manifest.root_path), "")):
            path = posixpath.join(place, name)
            match = _CHANNEL.search(files.text(path) or "")
            channel = (match[1] or match[2]) if match else ""
            if channel.startswith(("nightly", "beta", "dev")):
                yield Doubt(
                    text=f"asks for Rust's channel {channel}, which a cargo without rustup ignores",
                    where=path,
                )
                return


def _system(markers: Mapping[str, str]) -> Mapping[str, str]:
    """The target in the words of `cfg()`."""
    name = _OS.get(markers.get("sys_platform", "linux"), "linux")
    machine = markers.get("platform_machine", "x86_64").lower()
    return {
        "target_os": name, "target_arch": _ARCHS.get(machine, machine),
        "target_family": "windows" if name == "windows" else "unix", "target_pointer_width": "64",
        "target_endian": "little",
    }  # fmt: skip
