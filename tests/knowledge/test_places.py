from __future__ import annotations

import re
from itertools import combinations

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version
from pip._internal.models.index import PyPI

from planner.knowledge.cuda import torch_release, variant_of
from planner.knowledge.places import FIELDS, place, places, places_of, read_place

FILE = {
    "checked": "2026-01-01",
    "source": "read",
    "kind": "index",
    "url": "https://wheels.example/{variant}",
    "projects": ["a"],
    "variants": ["cpu"],
}
OTHERS = re.compile(r"rocm\d{2,3}|hip-radeon|metal|vulkan|cu\d{3}")


@pytest.mark.parametrize("one", places(), ids=lambda one: one.name)
def test_a_place_is_whole(one) -> None:
    assert one.source
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", one.checked)
    assert one.url.startswith("https://")
    assert not {PyPI.netloc, PyPI.file_storage_domain} & set(re.split(r"[/:]", one.url))
    assert set(one.fields) <= set(FIELDS)
    assert one.projects
    assert all(name == canonicalize_name(name) for name in one.projects)
    assert len(set(one.projects)) == len(one.projects)
    assert len(set(one.variants)) == len(one.variants)
    assert all(variant_of(name) or OTHERS.fullmatch(name) for name in one.variants)
    assert bool(one.matrix) or one.kind != "releases"


@pytest.mark.parametrize("one", places(), ids=lambda one: one.name)
def test_rows_are_possible(one) -> None:
    for row in one.matrix:
        assert row.source
        assert row.checked
        assert row.versions
        assert all(re.fullmatch(r"3\.\d+", python) for python in row.pythons)
        assert set(row.archs) <= {"x86_64", "aarch64"}
        assert all(Version(row.glibc) > Version("2.17") for _ in (row.glibc,) if row.glibc)
        for torch in row.torch:
            release = torch_release(torch)
            assert release is not None
            majors = {name[:4] for name in release.variants if name.startswith("cu")}
            assert {f"cu{cuda[:2]}" for cuda in row.cuda} <= majors
            if one.kind == "releases":
                assert set(row.pythons) <= set(release.pythons)


@pytest.mark.parametrize("one", [one for one in places() if one.kind == "releases"], ids=lambda one: one.name)
def test_no_wheel_is_told_twice(one) -> None:
    for row, other in combinations(one.matrix, 2):
        shared = [
            set(getattr(row, name)) & set(getattr(other, name))
            for name in ("cuda", "torch", "pythons", "abis", "archs")
        ]
        both = [
            spec
            for text in ("2.8.3", "2.7.4.post1", "2.3.1", "2.2.5", "1.6.1.post4", "1.5.4", "1.6.2.post1")
            if row.versions.contains(spec := Version(text)) and other.versions.contains(spec)
        ]
        assert not (all(shared) and both)


def test_a_place_is_for_its_projects_alone() -> None:
    assert {one.name for one in places_of("torch")} == {"pytorch"}
    assert {one.name for one in places_of("Flash_Attn")} == {"astral", "flash-attn"}
    assert {one.name for one in places_of("vllm")} == {"astral", "vllm", "vllm-rocm"}
    assert {one.name for one in places_of("torch-scatter")} == {"astral", "pyg"}
    assert places_of("numpy") == ()
    assert places_of("requests") == ()
    assert place("nowhere") is None


@pytest.mark.parametrize(
    ("version", "cuda", "torch", "python", "abi", "arch", "told"),
    [
        ("2.8.3", "12", "2.8", "3.12", True, "x86_64", True),
        ("2.8.3.post1", "12", "2.5", "3.13", False, "x86_64", True),
        ("2.8.3", "12", "2.4", "3.13", True, "x86_64", False),
        ("2.8.3", "12", "2.9", "3.12", True, "x86_64", False),
        ("2.8.3", "13", "2.9", "3.12", True, "x86_64", False),
        ("2.8.3", "12", "2.8", "3.12", True, "aarch64", False),
        ("2.8.3.post2", "12", "2.8", "3.12", True, "x86_64", False),
        ("2.7.3", "11", "2.4", "3.11", False, "x86_64", True),
        ("2.7.4.post1", "11", "2.4", "3.11", False, "x86_64", False),
        ("2.6.3", "123", "2.4", "3.11", False, "x86_64", True),
        ("2.6.2", "123", "2.4", "3.11", False, "x86_64", False),
    ],
)
def test_what_flash_attn_builds(version, cuda, torch, python, abi, arch, told) -> None:
    found = place("flash-attn")
    wanted = {"version": Version(version), "cuda": cuda, "torch": torch, "python": python}
    assert any(row.has(**wanted, abi=abi, arch=arch) for row in found.matrix) is told


def test_addresses() -> None:
    values = {"cuda": "12", "torch": "2.8", "abi": "TRUE", "python": "cp312", "arch": "x86_64"}
    assert place("flash-attn").address(version="2.8.3", **values) == (
        "https://github.com/Dao-AILab/flash-attention/releases/download/v2.8.3/"
        "flash_attn-2.8.3+cu12torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64.whl"
    )
    engine = place("transformer-engine-torch")
    assert "/v2.18/transformer_engine_torch-2.18.0+" in engine.address(version="2.18.0", **values)
    assert "/v2.14.1/" in engine.address(version="2.14.1", **values)
    assert place("pyg").address(torch="2.13.0", variant="cu130") == (
        "https://data.pyg.org/whl/torch-2.13.0+cu130.html"
    )
    with pytest.raises(KeyError):
        place("vllm").address(variant="cu129")


def test_what_a_tag_hides() -> None:
    assert place("flash-attn").glibc_of("flash-attn", Version("2.8.3")) == "2.32"
    assert place("flash-attn").glibc_of("flash-attn", Version("2.7.4.post1")) == ""
    assert place("mamba-ssm").glibc_of("mamba-ssm", Version("2.2.5")) == "2.32"
    assert place("pyg").glibc_of("pyg-lib", Version("0.5.0")) == "2.33"
    assert place("vllm-rocm").glibc_of("vllm", Version("0.18.0")) == "2.35"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "mirror"},
        {"source": ""},
        {"projects": []},
        {"url": "https://wheels.example/{colour}"},
        {"url": "https://wheels.example/{"},
        {"variants": []},
        {"url": "https://wheels.example/"},
        {"colour": "red"},
        {"built": [{"colour": "red"}]},
        {"built": [{"versions": "below 3"}]},
        {"built": [{"projects": ["b"]}]},
        {"built": [{"variants": ["cu126"]}]},
        {"only": [{"versions": ">=1"}]},
        {"only": [{"source": "read"}]},
        {"only": [{"versions": ">=1", "source": "read", "colour": "red"}]},
        {"only": [{"versions": ">=1", "source": "read", "variants": ["cu126"]}]},
        {"only": [{"versions": ">=1", "source": "read", "projects": ["b"]}]},
    ],
)
def test_bad_files_are_refused(wrong: dict[str, object]) -> None:
    assert read_place("one", FILE).fields == ("variant",)
    with pytest.raises(ValueError, match=r"places/one\.toml"):
        read_place("one", FILE | wrong)
