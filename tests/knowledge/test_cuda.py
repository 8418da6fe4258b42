from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from planner.knowledge.cuda import (
    driver_floor,
    read_toolkits,
    read_torch,
    read_wheels,
    toolkit,
    torch_release,
    torch_releases,
    variant_of,
    wheel_cuda,
)

ROW = {
    "variants": ["cpu", "cu126"],
    "default": "cu126",
    "pythons": ["3.10"],
    "torchvision": "0.20",
    "torchaudio": "2.5",
    "cxx11-abi": True,
    "glibc": "2.28",
    "cxx": 17,
    "source": "read",
}


def test_releases_ascend_without_a_hole() -> None:
    assert [release.minor for release in torch_releases()] == [f"2.{minor}" for minor in range(16)]


@pytest.mark.parametrize("release", torch_releases(), ids=lambda release: release.minor)
def test_a_release_is_whole(release) -> None:
    assert release.source
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", release.checked)
    assert len(set(release.variants)) == len(release.variants)
    assert {release.default, release.default_aarch64} <= set(release.variants)
    assert release.default.startswith("cu")
    assert release.variants[0] == "cpu"
    numbers = [re.fullmatch(r"3\.(\d+)(t?)", python) for python in release.pythons]
    assert all(numbers)
    assert [int(match[1]) for match in numbers] == sorted(int(match[1]) for match in numbers)
    families: dict[str, list[Version]] = {}
    for name in release.variants:
        variant = variant_of(name)
        assert variant is not None
        assert variant.name == name
        families.setdefault(variant.family, []).append(Version(variant.version or "0"))
    assert all(found == sorted(found) for found in families.values())
    assert all(toolkit(variant_of(name).version) for name in release.variants if name.startswith("cu"))
    assert re.fullmatch(r"0\.\d+", release.torchvision)
    assert re.fullmatch(r"2\.\d+", release.torchaudio)
    assert release.cxx in (17, 20)
    assert Version(release.glibc) >= Version("2.17")


def test_what_came_when() -> None:
    minors = {release.minor: release for release in torch_releases()}
    assert {minor for minor, row in minors.items() if row.cxx == 20} == {"2.14", "2.15"}
    assert {minor for minor, row in minors.items() if row.default_aarch64 == "cpu"} == {
        f"2.{minor}" for minor in range(11)
    }
    assert not any(row.default_inferred or row.pairs_inferred for row in minors.values())
    assert {minor for minor, row in minors.items() if row.variants_inferred} == {"2.14", "2.15"}


@pytest.mark.parametrize(
    ("version", "variant", "abi"),
    [
        ("2.5.1", "cu124", False),
        ("2.6.0", "cpu", False),
        ("2.6.0+cu124", "cu124", False),
        ("2.6.0+cu126", "cu126", True),
        ("2.6.0", "rocm6.1", False),
        ("2.6.0", "rocm6.2.4", True),
        ("2.6.0", "xpu", True),
        ("2.7.0", "cu128", True),
        ("2.7.0", "cu999", None),
    ],
)
def test_one_version_may_have_two_abis(version: str, variant: str, abi: bool | None) -> None:
    release = torch_release(version)
    assert release is not None
    assert release.abi(variant) is abi


@pytest.mark.parametrize(
    ("version", "system", "arch", "variant"),
    [
        ("2.0.1", "linux", "x86_64", "cu117"),
        ("2.10.0", "linux", "aarch64", "cpu"),
        ("2.11.0", "linux", "aarch64", "cu130"),
        ("2.15.0", "linux", "x86_64", "cu132"),
        ("2.15.0", "windows", "amd64", "cpu"),
        ("2.15.0", "darwin", "arm64", "cpu"),
        ("2.15.0", "linux", "riscv64", None),
    ],
)
def test_what_pypi_has(version: str, system: str, arch: str, variant: str | None) -> None:
    assert torch_release(version).on_pypi(system, arch) == variant


@pytest.mark.parametrize(
    ("cuda", "linux", "windows"),
    [
        ("11.8", "450.80.02", "452.39"),
        ("11.4", "450.80.02", "452.39"),
        ("12", "525.60.13", "528.33"),
        ("12.7", "525.60.13", "528.33"),
        ("12.6.85", "525.60.13", "528.33"),
        ("13.2", "580", "580"),
        ("13.9", "580", "580"),
        ("10.2", None, None),
        ("14.0", None, None),
        ("", None, None),
    ],
)
def test_driver_floors(cuda: str, linux: str | None, windows: str | None) -> None:
    assert driver_floor(cuda, "linux") == linux
    assert driver_floor(cuda, "windows") == windows
    assert driver_floor(cuda, "darwin") is None


@pytest.mark.parametrize(
    ("cuda", "gcc"), [("11.8", 12), ("12.2", 13), ("12.4", 14), ("12.7", 14), ("12.9", 15), ("13.1", 16)]
)
def test_compilers_that_nvcc_refuses(cuda: str, gcc: int) -> None:
    assert toolkit(cuda).gcc_below == gcc


def test_architectures_only_ever_go() -> None:
    assert "sm_70" in toolkit("13.0").removed
    assert "sm_75" not in toolkit("13.2").removed
    assert "sm_50" not in toolkit("12.9").removed
    assert "sm_37" in toolkit("12.0").removed
    rows = [toolkit(version) for version in ("11.8", "12.0", "12.9", "13.0", "13.3")]
    for older, newer in itertools.pairwise(rows):
        assert set(older.removed) <= set(newer.removed)
        assert all(re.fullmatch(r"sm_\d\d", name) for name in newer.removed)
        assert newer.source
        assert newer.checked


@pytest.mark.parametrize(
    ("version", "cuda"),
    [("0.9.0", None), ("0.11.2", "12.8"), ("0.12.0", "12.9"), ("0.33.0", "13.0"), ("0.33.0+cu129", None)],
)
def test_wheels_that_do_not_tell_their_cuda(version: str, cuda: str | None) -> None:
    row = wheel_cuda("vLLM", Version(version))
    assert (row.cuda if row else None) == cuda
    assert wheel_cuda("numpy", Version(version)) is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12))
def test_any_word_has_an_answer(word: str) -> None:
    variant_of(word)
    torch_release(word)
    toolkit(word)
    driver_floor(word, "linux")


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"},
        {"variants": ["cu126", "cuda12"]},
        {"default": "cu130"},
        {"abi-differs": ["cu130"]},
        {"source": ""},
    ],
)
def test_bad_rows_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"cuda/torch\.toml: \[2\.5\]"):
        read_torch({"checked": "2026-01-01", "2.5": ROW | wrong})


def test_bad_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        read_torch({"checked": "2026-01-01", "2.10": ROW, "2.9": ROW})
    with pytest.raises(ValueError, match=r"cuda/toolkits\.toml: \[12\.0\]"):
        read_toolkits({"checked": "2026-01-01", "12.0": {"driver-linux": "1"}})
    with pytest.raises(ValueError, match=r"cuda/wheels\.toml: \[a\]"):
        read_wheels({"checked": "2026-01-01", "wheel": [{"project": "a", "versions": "1 to 2"}]})
    with pytest.raises(ValueError, match="unknown keys"):
        read_wheels({"checked": "2026-01-01", "wheels": []})
