"""What Cargo projects ask for: Rust and its age, the linker, crates.io, and what crates link."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.sdist.inspectors.cargo import inspect
from planner.sdist.inspectors.cargo_graph import cfg, read_lock
from tests.sdist.inspectors.asking import doubts, make_sources, needs, told

RUST, C, CXX = "dep:virtual/compiler/rust", "dep:virtual/compiler/c", "dep:virtual/compiler/cxx"
MATURIN = "[build-system]\nrequires = ['maturin>=1,<2']\nbuild-backend = 'maturin'\n"
SETUPTOOLS = (
    "[build-system]\nrequires = ['setuptools', 'setuptools-rust']\nbuild-backend = 'setuptools.build_meta'\n"
)
FETCHES = {"network:static.rust-lang.org": "fallback | dep:virtual/compiler/rust"}
ONLINE = {"network:crates.io": "required"}


def package(more: str = "", name: str = "demo") -> str:
    return f'[package]\nname = "{name}"\nversion = "1.0.0"\n{more}\n'


def lock(*crates: str, version: int = 3) -> str:
    """A Cargo.lock: each crate is `name version dependency dependency …`; all from the registry."""
    blocks = [f'version = {version}\n\n[[package]]\nname = "demo"\nversion = "1.0.0"\n']
    for crate in crates:
        name, number, *others = crate.split()
        listed = "".join(f' "{other}",\n' for other in others)
        source = 'source = "registry+https://code.test/index"'
        block = f'\n[[package]]\nname = "{name}"\nversion = "{number}"\n{source}\n'
        blocks.append(block + (f"dependencies = [\n{listed}]\n" if others else ""))
    return "".join(blocks)


def asks(manifest: str, lock_text: str = "", toml: str = MATURIN, **others: str) -> dict[str, str]:
    """What a maturin project asks for beyond what every one does."""
    files = {"pyproject.toml": toml, "Cargo.toml": manifest, **others}
    if lock_text:
        files["Cargo.lock"] = lock_text
    found = told(inspect, files)
    assert found.pop(C) == "required"
    for subject in FETCHES:
        found.pop(subject)
    return found


@pytest.mark.parametrize(
    ("manifest", "lock_text", "rust"),
    [
        (package(), "", RUST),
        (package('rust-version = "1.74"'), "", f"{RUST} >=1.74"),
        (package('edition = "2021"'), "", f"{RUST} >=1.56"),
        (package('edition = "2024"\nrust-version = "1.80"'), "", f"{RUST} >=1.85"),
        (package('edition = "2021"'), lock(version=4), f"{RUST} >=1.78"),
        (package(), lock(version=3), f"{RUST} >=1.53"),
        (package('[dependencies]\npyo3 = "0.26"'), lock("pyo3 0.26.0"), f"{RUST} >=1.74"),
        (package('[dependencies]\npyo3 = "0.29"'), lock("pyo3 0.29.2", version=4), f"{RUST} >=1.83"),
        (package('[dependencies]\npyo3 = "0.1"'), lock("pyo3 0.1.0"), f"{RUST} >=1.53"),
        (package("[dependencies]"), lock("pyo3 0.29.2"), f"{RUST} >=1.53"),
        (
            "[workspace]\n[workspace.package]\nrust-version = '1.70'\nedition = '2021'\n"
            + package("rust-version.workspace = true\nedition.workspace = true"),
            "",
            f"{RUST} >=1.70",
        ),
        (package('rust-version = "not a version"'), "", RUST),
        ("[[[", "", RUST),
    ],
)
def test_how_new_rust_must_be(manifest: str, lock_text: str, rust: str) -> None:
    found = asks(manifest, lock_text)
    assert found[rust] == "fallback"


@pytest.mark.parametrize(
    ("requires", "strength"),
    [
        ("maturin", "fallback"),
        ("maturin>=1.4,<2", "fallback"),
        ("maturin==1.4.0", "required"),
        ("maturin<1.8", "required"),
    ],
)
def test_maturin_fetches_rust_since_a_version(requires: str, strength: str) -> None:
    files = {"pyproject.toml": MATURIN.replace("maturin>=1,<2", requires), "Cargo.toml": package()}
    found = told(inspect, files)
    assert found[RUST] == strength
    assert bool(FETCHES.keys() & found.keys()) is (strength == "fallback")


@pytest.mark.parametrize(
    ("dependencies", "crates", "expected"),
    [
        ("", (), {}),
        ('openssl = "0.10"', ("openssl 0.10.1 openssl-sys", "openssl-sys 0.9.1 cc pkg-config", "cc 1.0.0", "pkg-config 0.3.0"),
         {"pkg-config:openssl": "required", "program:pkg-config": "required"}),
        ('openssl = { version = "0.10", features = ["vendored"] }',
         ("openssl 0.10.1 openssl-sys", "openssl-sys 0.9.1 openssl-src", "openssl-src 300.0.0"),
         {"program:perl": "required", "program:make": "required"}),
        ('reqwest = "1"', ("reqwest 1.0.0 openssl-sys", "openssl-sys 0.9.1 openssl-src", "openssl-src 300.0.0"),
         {"program:perl": "required", "program:make": "required"}),
        ('flate2 = "1"', ("flate2 1.0.0 libz-sys", "libz-sys 1.1.0 cc", "cc 1.0.0"), {"pkg-config:zlib": "fallback"}),
        ('rusqlite = "1"', ("rusqlite 1.0.0 libsqlite3-sys", "libsqlite3-sys 0.1.0"),
         {"pkg-config:sqlite3": "required | library:sqlite3"}),
        ('rusqlite = "1"', ("rusqlite 1.0.0 libsqlite3-sys", "libsqlite3-sys 0.1.0 cc", "cc 1.0.0"), {}),
        ('tok = "1"', ("tok 1.0.0 esaxx-rs", "esaxx-rs 0.1.0"), {CXX: "required"}),
        ('jem = "1"', ("jem 1.0.0 tikv-jemalloc-sys", "tikv-jemalloc-sys 0.1.0"), {"program:make": "required"}),
        ('g = "1"', ("g 1.0.0 bindgen", "bindgen 0.1.0 clang-sys", "clang-sys 1.0.0"), {"library:clang": "required"}),
        ('n = "1"', ("n 1.0.0 cmake", "cmake 0.1.0"), {"program:cmake": "required", "program:make": "required"}),
        ('n = "1"', ("n 1.0.0 aws-lc-sys", "aws-lc-sys 0.1.0 cmake", "cmake 0.1.0"), {}),
        ('p = "1"', ("p 1.0.0 prost-build", "prost-build 0.1.0"), {"program:protoc": "required"}),
        ('p = "1"', ("p 1.0.0 prost-build protox", "prost-build 0.1.0", "protox 0.1.0"), {}),
        ('w = "1"', ("w 1.0.0 windows-sys", "windows-sys 0.1.0 openssl-sys", "openssl-sys 0.9.1"), {}),
        ("", ("openssl-sys 0.9.1",), {}),
    ],
)  # fmt: skip
def test_what_crates_need(dependencies: str, crates: tuple[str, ...], expected: dict[str, str]) -> None:
    found = asks(package(f"[dependencies]\n{dependencies}"), lock(*crates))
    found.pop(f"{RUST} >=1.53")
    found.pop("network:crates.io", None)
    assert found == expected


SYS = lock("openssl-sys 0.9.1", "flate 1.0.0 tikv-jemalloc-sys", "tikv-jemalloc-sys 1.0.0")


@pytest.mark.parametrize(
    ("manifest", "maturin", "linked"),
    [
        ('[dev-dependencies]\nopenssl-sys = "0.9"', "", False),
        ("[target.'cfg(windows)'.dependencies]\nopenssl-sys = \"0.9\"", "", False),
        ("[target.'cfg(unix)'.dependencies]\nopenssl-sys = \"0.9\"", "", True),
        ("[target.'cfg(not(target_os = \"macos\"))'.build-dependencies]\nopenssl-sys = \"0.9\"", "", True),
        ('[target.x86_64-pc-windows-msvc.dependencies]\nopenssl-sys = "0.9"', "", False),
        ('[dependencies]\nopenssl-sys = { version = "0.9", optional = true }', "", False),
        ('[dependencies]\nopenssl-sys = { version = "0.9", optional = true }\n[features]\ndefault = ["ssl"]\nssl = ["dep:openssl-sys"]', "", True),
        ('[dependencies]\nopenssl-sys = { version = "0.9", optional = true }\n[features]\ndefault = ["ssl"]\nssl = ["openssl-sys"]', "no-default-features = true", False),
        ('[dependencies]\nopenssl-sys = { version = "0.9", optional = true }\n[features]\nssl = ["openssl-sys"]', "features = ['ssl']", True),
        ('[dependencies]\nopenssl-sys = { version = "0.9", optional = true }\n[features]\ndefault = ["openssl-sys?/x"]', "", False),
        ('[dependencies]\ntls = { version = "0.9", package = "openssl-sys" }', "", True),
        ('[dependencies]\nopenssl-sys.workspace = true\n[workspace.dependencies]\nopenssl-sys = "0.9"\n[workspace]', "", True),
    ],
)  # fmt: skip
def test_only_what_is_compiled_counts(manifest: str, maturin: str, linked: bool) -> None:
    found = asks(package(manifest), SYS, MATURIN + f"[tool.maturin]\n{maturin}")
    assert ("pkg-config:openssl" in found) is linked


def test_crates_of_the_tree_are_followed_with_their_features() -> None:
    files = {
        "pyproject.toml": MATURIN + "[tool.maturin]\nmanifest-path = 'py/Cargo.toml'",
        "Cargo.toml": "[workspace]\nmembers = ['py', 'core']",
        "py/Cargo.toml": package(
            'edition = "2021"\n[dependencies]\ncore = { path = "../core", features = ["ssl"] }'
        ),
        "core/Cargo.toml": package(
            '[dependencies]\nopenssl-sys = { version = "0.9", optional = true }\n[features]\nssl = ["openssl-sys"]',
            "core",
        ),
        "Cargo.lock": SYS,
    }
    found = needs(inspect, files)
    assert found["pkg-config:openssl"].strength == "required"
    assert "program:make" not in found
    assert [str(evidence) for evidence in found[RUST].because] == [
        "pyproject.toml:3 (maturin)", "py/Cargo.toml:4 (edition 2021)", "Cargo.lock (lock file version 3)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "network"),
    [
        ("", True),
        ('[source.crates-io]\nreplace-with = "v"\n[source.v]\ndirectory = "vendor"', False),
        ('[source.crates-io]\nreplace-with = "v"\n[source.v]\ndirectory = "gone"', True),
        ('[source.crates-io]\nreplace-with = "v"\n[source.v]\nregistry = "https://code.test"', True),
        ("[[[", True),
    ],
)
def test_vendored_crates_need_no_network(config: str, network: bool) -> None:
    others = {".cargo/config.toml": config, "vendor/a/Cargo.toml": package()}
    found = asks(package('[dependencies]\na = "1"'), lock("a 1.0.0"), **others)
    assert ("network:crates.io" in found) is network


def test_a_project_without_crates_needs_no_network() -> None:
    assert "network:crates.io" not in asks(package(), lock())


def test_crates_from_a_repository() -> None:
    text = lock("a 1.0.0").replace(
        "registry+https://code.test/index", "git+https://code.test/a.git?branch=x#0123"
    )
    found = asks(package('[dependencies]\na = { git = "https://code.test/a.git" }'), text)
    assert found["network:code.test"] == "required"
    assert "network:crates.io" not in found


@pytest.mark.parametrize(
    ("toml", "setup", "expected"),
    [
        (SETUPTOOLS + "[[tool.setuptools-rust.ext-modules]]\npath = 'src/Cargo.toml'\n", "", {f"{RUST} >=1.70": "required", C: "required"}),
        (SETUPTOOLS + "[[tool.setuptools-rust.ext-modules]]\noptional = true\n", "", {f"{RUST} >=1.70": "optional", C: "optional"}),
        (SETUPTOOLS, "setup(rust_extensions=[RustExtension('a', 'src/Cargo.toml')])", {f"{RUST} >=1.70": "required", C: "required"}),
        (SETUPTOOLS, "setup(rust_extensions=[RustExtension('a', path='src/Cargo.toml', rust_version='>=1.72')])",
         {f"{RUST} >=1.72": "required", C: "required"}),
        (SETUPTOOLS, "x = 1\nsetup(rust_extensions=[RustExtension('a', optional=True)])", {f"{RUST} >=1.70": "optional", C: "optional"}),
        ("", "from setuptools_rust import RustExtension\nsetup(rust_extensions=[RustExtension('a')])",
         {f"{RUST} >=1.70": "required", C: "required"}),
        ("", "if X:\n    from setuptools_rust import RustExtension\n    setup(rust_extensions=[RustExtension('a')])",
         {f"{RUST} >=1.70": "hint", C: "hint"}),
        ("", "setup()", {}),
    ],
)  # fmt: skip
def test_setuptools_rust(toml: str, setup: str, expected: dict[str, str]) -> None:
    files = {"pyproject.toml": toml, "src/Cargo.toml": package('rust-version = "1.70"')}
    if setup:
        files["setup.py"] = setup
    assert told(inspect, files) == expected


@pytest.mark.parametrize(
    ("others", "doubt"),
    [
        (
            {"rust-toolchain": "nightly-2026-01-01\n"},
            "rust-toolchain asks for Rust's channel nightly-2026-01-01",
        ),
        (
            {"rust-toolchain.toml": '[toolchain]\nchannel = "nightly"'},
            "rust-toolchain.toml asks for Rust's channel nightly",
        ),
        ({"rust-toolchain.toml": '[toolchain]\nchannel = "1.85"'}, ""),
        ({"src/lib.rs": "\n#![feature(test)]\n"}, "src/lib.rs:2 uses features of a nightly Rust"),
        ({"src/lib.rs": "#![cfg_attr(nightly, feature(test))]\n"}, ""),
    ],
)
def test_nightly_rust(others: dict[str, str], doubt: str) -> None:
    found = doubts(inspect, {"pyproject.toml": MATURIN, "Cargo.toml": package(), **others})
    assert [text[: len(doubt)] for text in found] == [doubt] * bool(doubt)


def test_pyo3_needs_no_python_headers_but_cffi_in_a_build_script_does() -> None:
    manifest = package('[dependencies]\npyo3 = "0.29"\n[build-dependencies]\ncc = "1"')
    assert "header:Python.h" not in asks(manifest)
    assert (
        asks(manifest, toml=MATURIN.replace("'maturin>=", "'cffi', 'maturin>="))["header:Python.h"]
        == "required"
    )


LINUX = {"target_os": "linux", "target_arch": "x86_64", "target_family": "unix", "target_pointer_width": "64"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("cfg(unix)", True),
        ("cfg(windows)", False),
        ('cfg(any(windows, target_os = "linux"))', True),
        ('cfg(all(unix, not(target_arch = "arm")))', True),
        ('cfg(all(unix, target_feature = "avx"))', None),
        ('cfg(not(any(target_os = "macos", target_os = "ios")))', True),
        ("x86_64-unknown-linux-gnu", True),
        ("x86_64-apple-darwin", False),
        ("cfg(" + "all(" * 500, None),
    ],
)
def test_conditions_of_targets(text: str, holds: bool | None) -> None:
    assert cfg(text, LINUX) in ((holds,) if holds is not None else (None, True))


def test_a_lock_is_read_by_its_form() -> None:
    read = read_lock(lock("a 1.0.0 b c", "b 2.0.0"))
    assert [(one.name, one.version, one.dependencies) for one in read["a"]] == [
        ("a", "1.0.0", (("b", ""), ("c", "")))
    ]
    assert read["demo"][0].source == ""


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=100))
def test_nothing_raises(manifest: str, locked: str, setup: str) -> None:
    files = {
        "pyproject.toml": SETUPTOOLS + "[[tool.setuptools-rust.ext-modules]]\npath = 3",
        "Cargo.toml": package() + manifest, "Cargo.lock": "version = 4\n\n[[package]]\n" + locked,
        "setup.py": f"RustExtension({setup!r}", ".cargo/config.toml": manifest,
    }  # fmt: skip
    for clue in inspect(make_sources(files)):
        assert str(clue)


@pytest.mark.parametrize(
    "manifest",
    [
        "package = 3", "[package]\nname = []\nedition = 2024\nrust-version = {}", "dependencies = []\nfeatures = 3",
        "[dependencies]\na = 3\nb = { path = 3, features = 'x', optional = 'y', package = [] }",
        "[features]\na = ['a']\nb = 'x'\ndefault = ['a', 'b']", "[target]\nx = 3\n'cfg(' = {}", "workspace = true",
        "[dependencies]\ndemo = { path = '.' }", "[dependencies]\nx = { path = '../../../../etc' }",
    ],
)  # fmt: skip
def test_odd_manifests_raise_nothing(manifest: str) -> None:
    files = {
        "pyproject.toml": MATURIN + "[tool.maturin]\nfeatures = 3\nmanifest-path = ''",
        "Cargo.toml": manifest,
    }
    assert list(inspect(make_sources(files)))
