from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.facts import Absent, Machine
from planner.knowledge.families import (
    best_member,
    built_for,
    families,
    family_of,
    gpu_of,
    member_of,
    read_families,
    runs,
)
from planner.knowledge.siblings import sibling_of, siblings
from tests.universe import machine


def test_every_row_has_its_source_and_members() -> None:
    for name, family in families().items():
        assert "https://" in family.source
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", family.checked)
        assert len(family.members) > 1
        assert family.what or not family.members[0].wheels, name
        for member in family.members:
            assert Requirement(member.take).name == member.project
            assert not member.cuda or (member.gpu == "nvidia" and member.cuda in ("11", "12", "13"))
            assert not member.extras or member.shows, f"{member.take}: what is pinned with its extra?"
            assert set(member.systems) <= {"linux", "windows", "darwin"}


def test_each_member_is_the_best_somewhere() -> None:
    here = [
        machine(**facts)
        for facts in (
            {"cuda_driver": "470.42.01"},
            {"cuda_driver": "550.54.15"},
            {"cuda_driver": "580.65.06"},
            {"rocm": "7.0.0"},
            {"os": "darwin", "arch": "arm64"},
        )
    ]
    bare = machine()
    here.append(
        Machine(markers=bare.markers, facts={**bare.facts, "cuda-driver": Absent(), "rocm": Absent()})
    )
    for family in families().values():
        best = {member.take for there in here if (member := best_member(family, there))}
        left = {member.take for member in family.members if member.wheels} - best
        assert left <= {"faiss-gpu-cu12"}, family.name  # faiss-gpu is its newer sister, for the same CUDA


@pytest.mark.parametrize(
    ("facts", "gpu"),
    [
        ({"cuda_driver": "550.54.15"}, "nvidia"),
        ({"cuda_driver_api": "12.4"}, "nvidia"),
        ({"rocm": "6.4.0"}, "amd"),
        ({"os": "darwin", "arch": "arm64"}, "apple"),
        ({"os": "darwin", "arch": "x86_64"}, ""),
        ({}, None),
    ],
)
def test_the_kind_of_gpu(facts: dict[str, str], gpu: str | None) -> None:
    assert gpu_of(machine(**facts)) == gpu


def test_no_gpu_is_only_known_where_both_were_looked_for() -> None:
    bare = machine()
    nvidia = Machine(markers=bare.markers, facts={**bare.facts, "cuda-driver": Absent("no nvidia-smi")})
    assert gpu_of(nvidia) is None
    both = Machine(markers=bare.markers, facts={**nvidia.facts, "rocm": Absent("none")})
    assert gpu_of(both) == ""


@pytest.mark.parametrize(
    ("facts", "cuda", "answer"),
    [
        ({"cuda_driver": "550.54.15"}, "12", True),
        ({"cuda_driver": "525.60.13"}, "12", True),
        ({"cuda_driver": "525.60.12"}, "12", False),
        ({"cuda_driver": "550.54.15"}, "13", False),
        ({"cuda_driver": "610.57.04"}, "13", True),
        ({"os": "windows", "cuda_driver": "528.33"}, "12", True),
        ({"cuda_driver_api": "12.4"}, "12", True),
        ({"cuda_driver_api": "12.4"}, "13", False),
        ({"cuda_driver": "nonsense"}, "12", None),
        ({}, "12", None),
    ],
)
def test_which_cuda_a_driver_runs(facts: dict[str, str], cuda: str, answer: bool | None) -> None:
    assert runs(machine(**facts), cuda) is answer


def test_what_a_version_is_built_for() -> None:
    assert built_for("onnxruntime-gpu", Version("1.26.0")) == "12"
    assert built_for("onnxruntime-gpu", Version("1.27.0")) == "13"
    assert built_for("onnxruntime-gpu", Version("1.10.0")) == ""
    assert built_for("cupy-cuda11x", None) == "11"
    assert member_of("six", None) is None
    assert family_of("Faiss_GPU") is family_of("faiss-cpu")


@pytest.mark.parametrize(
    ("facts", "cuda", "name"),
    [
        ({"cuda_driver": "550.54.15"}, "", "cupy-cuda12x"),
        ({"cuda_driver": "580.65.06"}, "", "cupy-cuda13x"),
        ({"cuda_driver": "580.65.06"}, "12", "cupy-cuda12x"),
        ({"cuda_driver": "470.42.01"}, "", "cupy-cuda11x"),
        ({"rocm": "7.0.0"}, "", "cupy-rocm-7-0"),
        ({}, "", None),
        ({"os": "darwin", "arch": "arm64"}, "", None),
    ],
)
def test_the_sibling_for_a_machine(facts: dict[str, str], cuda: str, name: str | None) -> None:
    found = sibling_of("cupy", machine(**facts), cuda=cuda)
    assert (found.name if found else None) == name
    assert found is None or ("[ctk]" in found.caution) == ("cuda" in found.name)


def test_siblings_that_hold_everywhere_come_first() -> None:
    there = machine(cuda_driver="550.54.15")
    assert sibling_of("psycopg2", there) is siblings()[canonicalize_name("psycopg2")]
    placeholder = sibling_of("nvidia-cublas-cu13", there)
    assert placeholder is not None
    assert placeholder.name == "nvidia-cublas"
    assert sibling_of("onnxruntime", there) is None  # it has wheels: of its sibling a finding tells


@pytest.mark.parametrize(
    "row",
    [
        {"members": [{"take": "a"}]},
        {"source": "s", "members": [{"take": "a >"}]},
        {"source": "s", "members": [{"gpu": "nvidia"}]},
        {"source": "s", "members": [{"take": "a", "gpu": "voodoo"}]},
        {"source": "s", "members": [{"take": "a", "colour": "red"}]},
        {"source": "s", "members": [], "colour": "red"},
    ],
)
def test_a_bad_row_names_its_family(row: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"families\.toml: \[a\]"):
        read_families({"checked": "2026-11-24", "a": row})
