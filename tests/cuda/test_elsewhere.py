"""Wheels outside the indexes: addresses by template and matrix, held against torch, CUDA and the machine."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from planner.cuda.elsewhere import Elsewhere, wheels_elsewhere
from planner.cuda.other_indexes import indexes_elsewhere
from planner.cuda.words import cuda_of_torch, target_of
from planner.facts import Machine
from planner.knowledge.cuda import torch_releases
from planner.knowledge.places import Built, places
from tests.universe import machine

FLASH = "https://github.com/Dao-AILab/flash-attention/releases/download/v2.8.3/flash_attn-2.8.3+"
DRIVER_12 = {"cuda_driver": "550.54.15", "cuda_driver_api": "12.4"}
RELEASES = [place for place in places() if place.kind == "releases"]


def flash(torch: str, cuda: str, version: str = "2.8.3", **facts: str) -> Elsewhere | None:
    """The wheel of flash-attn that is told for a torch, on a machine with a driver for CUDA 12."""
    there = machine(**{**DRIVER_12, **facts})
    found = wheels_elsewhere(
        "Flash_Attn", Version(version), torch=Version(torch), cuda_major=cuda, machine=there
    )
    return found[0] if found else None


@pytest.mark.parametrize(
    ("torch", "cuda", "name"),
    [
        ("2.8.0", "12", "cu12torch2.8cxx11abiTRUE-cp311-cp311-linux_x86_64.whl"),
        ("2.8.0+cu126", "12", "cu12torch2.8cxx11abiTRUE-cp311-cp311-linux_x86_64.whl"),
        ("2.7.1", "12", "cu12torch2.7cxx11abiTRUE-cp311-cp311-linux_x86_64.whl"),
        ("2.6.0", "12", "cu12torch2.6cxx11abiFALSE-cp311-cp311-linux_x86_64.whl"),
        ("2.6.0+cu126", "12", "cu12torch2.6cxx11abiTRUE-cp311-cp311-linux_x86_64.whl"),
        ("2.5.1", "12", "cu12torch2.5cxx11abiFALSE-cp311-cp311-linux_x86_64.whl"),
    ],
)
def test_the_name_follows_from_torch_and_its_abi(torch: str, cuda: str, name: str) -> None:
    found = flash(torch, cuda)
    assert found is not None
    assert (found.url, found.changes, found.verified, found.why_not) == (FLASH + name, False, None, "")
    assert found.requirement == f"flash-attn @ {FLASH}{name}"
    assert Requirement(found.requirement).url == found.url


@pytest.mark.parametrize(
    ("torch", "cuda", "instead"),
    [
        ("2.14.1", "13", "torch 2.8 and CUDA 12"),  # newer than all that is built: the newest of them
        ("2.8.0+cu130", "13", "torch 2.8 and CUDA 12"),
        ("2.8.0+cpu", "", "torch 2.8 and CUDA 12"),
        ("2.3.1", "12", "torch 2.4 and CUDA 12"),  # older than all of them: the oldest
        ("2.8.0+mine", "12", "torch 2.7 and CUDA 12"),  # the ABI of a build of one's own is not known
    ],
)
def test_the_nearest_where_the_plan_has_none(torch: str, cuda: str, instead: str) -> None:
    found = flash(torch, cuda)
    assert found is not None
    assert (found.built_for, found.changes) == (instead, True)


def test_the_nearest_version_where_the_pinned_one_has_none() -> None:
    found = flash("2.8.0", "12", "2.8.3.post2")
    assert found is not None
    assert found.version < Version("2.8.3.post2")
    assert not found.changes
    assert flash("2.8.0", "12", "2.0.0") is not None


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"glibc": "2.31"}, "its wheels need glibc 2.32, here 2.31"),
        ({"musl": "1.2"}, "its wheels need glibc, here musl 1.2"),
        ({"python": "3.14.1", "abi": "cp314"}, "its wheels are for Python 3.9 to 3.13, here 3.14"),
        ({"python": "3.13.1", "abi": "cp313t"}, "its wheels are for Python 3.9 to 3.13, here 3.13t"),
        ({"arch": "aarch64"}, "its wheels are for x86_64, here aarch64"),
        ({"os": "windows", "arch": "amd64"}, "its wheels are for Linux"),
        ({"os": "darwin", "arch": "arm64"}, "its wheels are for Linux"),
    ],
)
def test_what_of_the_machine_is_in_the_way(facts: dict[str, str], why: str) -> None:
    found = flash("2.8.0", "12", **facts)
    assert found is not None
    assert (found.url, found.why_not) == ("", why)


def test_nothing_is_told_without_a_python_or_a_row() -> None:
    there = machine(abi="pypy311_pp73")
    assert wheels_elsewhere("flash-attn", Version("2.8.3"), torch=None, cuda_major="", machine=there) == ()
    assert wheels_elsewhere("six", Version("1.0"), torch=None, cuda_major="", machine=there) == ()
    assert target_of(Machine(markers={}, facts={})) is None


def test_a_cuda_that_the_driver_does_not_run_is_not_told() -> None:
    found = wheels_elsewhere(
        "causal-conv1d",
        Version("1.7.0"),
        torch=Version("2.15.0"),
        cuda_major="13",
        machine=machine(**DRIVER_12),
    )
    assert [one.cuda for one in found] == ["13"]  # the plan's own: its driver is told of by itself
    found = wheels_elsewhere(
        "causal-conv1d",
        Version("1.7.0"),
        torch=Version("2.10.0+cpu"),
        cuda_major="",
        machine=machine(**DRIVER_12),
    )
    assert [one.cuda for one in found] == ["12"]


def test_names_that_no_installer_takes() -> None:
    found = wheels_elsewhere(
        "transformer-engine-torch",
        Version("2.18.0"),
        torch=Version("2.8.0+cu129"),
        cuda_major="12",
        machine=machine(python="3.12.4", abi="cp312"),
    )
    (one,) = found
    assert not one.url
    assert one.why_not.startswith(
        "no installer takes its name, transformer_engine_torch-2.18.0+cu12torch2.8.0+cu"
    )


def combinations() -> list[tuple[str, Version, Built, str]]:
    """Every row of the releases, with a version that it is for."""
    found = []
    for place in RELEASES:
        for row in place.matrix:
            named = [one.version for one in row.versions if one.operator in ("==", "<=", ">=")]
            version = next(
                (Version(text) for text in named if row.versions.contains(text, prereleases=True)), None
            )
            assert version is not None, (place.name, row)
            found += [(project, version, row, place.name) for project in row.projects or place.projects]
    return found


@pytest.mark.parametrize(
    ("project", "version", "row", "place"),
    combinations(),
    ids=[f"{place}-{version}-{number}" for number, (_, version, _, place) in enumerate(combinations())],
)
def test_every_row_is_used_and_no_address_has_braces(
    project: str, version: Version, row: Built, place: str
) -> None:
    told = set()
    for word in row.torch:
        bare, _, local = word.partition("+")
        for release in torch_releases():
            if release.minor != ".".join(bare.split(".")[:2]):
                continue
            for variant in (local,) if local else release.variants:
                for python in row.pythons[-1:]:
                    for arch in row.archs[-1:]:
                        there = machine(python=f"{python}.1", abi=f"cp{python.replace('.', '')}", arch=arch)
                        torch = Version(f"{bare}+{variant}")
                        found = wheels_elsewhere(
                            project,
                            version,
                            torch=torch,
                            cuda_major=cuda_of_torch(torch)[:2],
                            machine=there,
                        )
                        told |= {(one.torch, one.cuda) for one in found if not one.changes}
                        check([one.url for one in found if one.url])
    wanted = {(word, cuda) for word in row.torch for cuda in row.cuda}
    assert told & wanted, f"{place}: no torch of the tables makes a wheel of this row"


def check(addresses: list[str]) -> None:
    for url in addresses:
        assert not re.search(r"[{}\s]", url), url
        assert url.startswith("https://")
        parse_wheel_filename(url.rpartition("/")[2])


@settings(max_examples=30, deadline=None)
@given(
    project=st.sampled_from(sorted({project for place in places() for project in place.projects})),
    version=st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){1,2}(\.post[0-9])?", fullmatch=True),
    torch=st.none()
    | st.builds(
        lambda minor, patch, local: Version(f"2.{minor}.{patch}{local}"),
        st.integers(0, 16),
        st.integers(0, 2),
        st.sampled_from(["", "+cpu", "+cu118", "+cu126", "+cu128", "+cu130", "+rocm6.3", "+mine"]),
    ),
    python=st.integers(8, 15),
    facts=st.sampled_from([{}, DRIVER_12, {"rocm": "7.0.0"}, {"glibc": "2.17"}, {"arch": "aarch64"}]),
)
def test_no_address_has_braces_left(
    project: str, version: str, torch: Version | None, python: int, facts: dict[str, str]
) -> None:
    there = machine(python=f"3.{python}.0", abi=f"cp3{python}", **facts)
    asked = Version(version)
    cuda = cuda_of_torch(torch)[:2]
    found = wheels_elsewhere(project, asked, torch=torch, cuda_major=cuda, machine=there)
    check([one.url for one in found if one.url])
    assert all(bool(one.url) != bool(one.why_not) for one in found)
    for other in indexes_elsewhere(project, asked, torch=torch, machine=there):
        assert not re.search(r"[{}\s]", other.url)
        assert other.option in ("--extra-index-url", "--find-links")


@pytest.mark.parametrize(
    ("facts", "variant"),
    [
        ({"cuda_driver": "525.60.13", "cuda_driver_api": "12.0"}, "cu118"),
        ({"cuda_driver": "550.54.15", "cuda_driver_api": "12.4"}, "cu124"),
        ({"cuda_driver": "535.54.03", "cuda_driver_api": "12.2"}, "cu122"),
        ({"cuda_driver": "580.65.06", "cuda_driver_api": "13.0"}, "cu130"),
        ({"os": "darwin", "arch": "arm64", "macos": "14.5"}, "metal"),
    ],
)
def test_an_index_by_what_the_machine_computes_with(facts: dict[str, str], variant: str) -> None:
    torch = Version("2.9.1+rocm6.4")  # of no matter: it is built for no torch
    found = indexes_elsewhere("llama-cpp-python", Version("0.3.36"), torch=torch, machine=machine(**facts))
    assert [one.url for one in found] == [f"https://abetlen.github.io/llama-cpp-python/whl/{variant}"]


def test_an_index_in_the_variant_of_the_plans_torch() -> None:
    there = machine(**DRIVER_12)
    (one,) = indexes_elsewhere("xformers", Version("0.0.34"), torch=Version("2.10.0+cu126"), machine=there)
    assert (one.place, one.url, one.built) == ("pytorch", "https://download.pytorch.org/whl/cu126", True)
    assert indexes_elsewhere("xformers", Version("0.0.34"), torch=Version("2.9.1+cu126"), machine=there) == ()


def test_the_cuda_of_a_torch() -> None:
    assert cuda_of_torch(None) == ""
    assert cuda_of_torch(Version("1.4")) == ""
    assert cuda_of_torch(Version("2.6.0+rocm6.2.4")) == ""


def test_what_is_built_for_cuda_alone_is_not_looked_for_on_an_index_without_it() -> None:
    cpu = Version("2.13.0+cpu")
    assert indexes_elsewhere("flash-attn", Version("2.8.3.post2"), torch=cpu, machine=machine()) == ()
    (one,) = indexes_elsewhere("pyg-lib", Version("0.9.0"), torch=cpu, machine=machine())
    assert (one.place, one.built) == ("astral", True)


@pytest.mark.parametrize(
    ("project", "version", "torch", "wanted"),
    [
        ("vllm", "0.1.2", "2.8.0+cu129", ()),
        ("vllm", "0.9.0", "2.8.0+cu129", ()),
        ("vllm", "0.11.2", "2.8.0+cu129", ("astral",)),
        ("vllm", "0.12.0", "2.8.0+cu129", ("astral", "vllm")),
        ("vllm", "0.27.0", "2.13.0+xpu", ()),
        ("vllm", "0.30.0", "2.13.0+xpu", ("vllm",)),
        ("llama-cpp-python", "0.2.58", None, ()),
        ("llama-cpp-python", "0.2.59", None, ("llama-cpp-python",)),
        ("torch-scatter", "2.1.0", "2.8.0+cu126", ()),
        ("torch-scatter", "2.1.1", "2.8.0+cu126", ("pyg",)),
        ("torch-scatter", "2.0.9", "1.13.0+cu117", ("pyg",)),  # not known, so it may be there
        ("transformer-engine-cu12", "2.4", "2.8.0+cu126", ()),
        ("transformer-engine-cu12", "2.5", "2.8.0+cu126", ("astral",)),
        ("torch-spline-conv", "1.2.1", "2.8.0+cu126", ()),
    ],
)
def test_no_index_is_named_for_a_version_that_it_never_had(
    project: str, version: str, torch: str | None, wanted: tuple[str, ...]
) -> None:
    pinned = Version(torch) if torch else None
    found = indexes_elsewhere(project, Version(version), torch=pinned, machine=machine(**DRIVER_12))
    assert tuple(one.place for one in found) == wanted
