"""Routing: which variants a machine can have, and which index serves a project; pure, and no index is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.cuda.variants import supports
from planner.errors import UsageError
from planner.facts import Absent, Fact, Known, Machine, Unknown
from planner.knowledge.cuda import torch_release, variant_of
from planner.knowledge.places import Built, Place, place
from planner.policy import Index
from planner.routing import Router, as_known, backend_word, variants_for

NUMPY, TORCH, KERNELS = (canonicalize_name(name) for name in ("numpy", "torch", "kernels"))
OWN = Index(url="https://index.test/simple", shown="https://index.test/simple")
LINKS = Index(url="https://files.test/", shown="https://files.test/", kind="links")
TORCHES = Index(url="https://torch.test/cu126", shown="https://torch.test/cu126", name="pytorch-cu126")


def machine(python: str = "3.12.4", system: str = "linux", /, **said: str | Fact) -> Machine:
    facts: dict[str, Fact] = {"os": Known(system), "python": Known(python), "arch": Known("x86_64")}
    facts |= {
        name.replace("_", "-").replace("gpu-", "gpu:"): Known(value) if isinstance(value, str) else value
        for name, value in said.items()
    }
    return Machine(markers={}, facts=facts)


# -- what a machine can have ----------------------------------------------------------------------------------

# The floors of drivers: https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html
MACHINES: dict[str, tuple[Machine, str, str]] = {
    "CUDA 13": (machine(cuda_driver="580.65.06"), "", "13"),
    "CUDA 12": (machine(cuda_driver="525.60.13"), "", "12"),
    "the API of 13 alone": (machine(cuda_driver_api="13.0"), "", "13"),
    "the API of 12 alone": (machine(cuda_driver_api="12.2"), "", "12"),
    "CUDA 11": (machine(cuda_driver="470.42.01"), "", "11"),
    "Windows": (machine("3.12.4", "windows", cuda_driver="528.33"), "", "12"),
    "a Windows driver on Linux's floor": (machine("3.12.4", "windows", cuda_driver="525.60.13"), "", "11"),
    "Volta": (machine(cuda_driver="580.65.06", gpu_0="7.0"), "", "12"),
    "Volta beside Hopper": (machine(cuda_driver="580.65.06", gpu_0="7.0", gpu_1="9.0"), "", "12"),
    "Blackwell": (machine(cuda_driver="570.26", gpu_0="12.0"), "", "12"),
    "Turing": (machine(cuda_driver="580.65.06", gpu_0="7.5"), "", "13"),
    "an old torch": (machine(cuda_driver="580.65.06"), "<2.9", "12"),
}


@pytest.mark.parametrize("name", MACHINES)
def test_the_driver_and_the_gpus_bound_the_cuda(name: str) -> None:
    here, asked, major = MACHINES[name]
    found = variants_for(
        here, [SpecifierSet(asked)], lacks=lambda one, cuda, torch: not supports(cuda, (one,), torch)
    )
    best = variant_of(found.names[0])
    assert best is not None
    assert (best.family, best.version.partition(".")[0]) == ("cuda", major)


def test_of_what_runs_the_build_of_the_newest_torch_comes_first() -> None:
    found = variants_for(machine(cuda_driver="560.35.03"))
    newest = torch_release("2.13.0")
    assert newest is not None
    assert found.names[0] in newest.variants  # cu126; not cu129, which has no torch that new
    assert "cu129" in found.names
    assert variants_for(machine(cuda_driver="560.35.03"), [SpecifierSet("==2.8.0")]).names[0] == "cu129"


def test_a_python_that_the_newest_torch_is_not_built_for_counts() -> None:
    found = variants_for(machine("3.9.19", cuda_driver="580.65.06"))
    newest = torch_release("2.8.0")
    assert newest is not None
    assert found.names[0] in newest.variants


def test_the_variant_that_is_installed_comes_first_where_the_driver_runs_it() -> None:
    assert variants_for(machine(cuda_driver="580.65.06"), first="cu126").names[0] == "cu126"
    assert variants_for(machine(cuda_driver="560.35.03"), first="cu130").names[0] != "cu130"


OTHERS: dict[str, tuple[Machine, tuple[str, ...], str]] = {
    "no driver": (machine(cuda_driver=Absent("looked")), ("cpu",), "no NVIDIA driver"),
    "a driver of old": (machine(cuda_driver="390.10"), ("cpu",), "no CUDA build runs on driver 390.10"),
    "macOS": (machine("3.12.4", "darwin"), ("cpu",), "macOS has one build"),
    "ROCm": (machine(cuda_driver=Absent(), rocm="6.2.4"), ("rocm6.2.4",), "ROCm 6.2.4 is here"),
    "ROCm of old": (machine(cuda_driver=Absent(), rocm="4.0"), ("cpu",), "no build is for ROCm 4.0"),
    "not known": (machine(cuda_driver=Unknown("nvidia-smi hung")), (), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_machines(name: str) -> None:
    here, first, why = OTHERS[name]
    found = variants_for(here)
    assert found.names[:1] == first
    assert why in "".join(found.reasons.get(one, "") for one in first)
    assert bool(found.note) != bool(found.names)


@given(
    driver=st.one_of(st.none(), st.tuples(st.integers(300, 700), st.integers(0, 99)), st.text(max_size=8)),
    api=st.one_of(st.none(), st.text(max_size=5), st.sampled_from(["11.8", "12.4", "13.0"])),
    gpu=st.one_of(st.none(), st.sampled_from(["5.2", "7.5", "9.0", "x"])),
    rocm=st.one_of(st.none(), st.text(max_size=5)),
)
@settings(max_examples=60, deadline=None)
def test_every_machine_has_an_answer(
    driver: tuple[int, int] | str | None, api: str | None, gpu: str | None, rocm: str | None
) -> None:
    said: dict[str, str | Fact] = {"cuda_driver": Absent()}
    if driver is not None:
        said["cuda_driver"] = driver if isinstance(driver, str) else f"{driver[0]}.{driver[1]}"
    said |= {
        name: value for name, value in (("cuda_driver_api", api), ("gpu_0", gpu), ("rocm", rocm)) if value
    }
    found = variants_for(machine(**said))
    assert set(found.names) == set(found.reasons)
    assert found.names or found.note


def test_words_are_those_of_the_table() -> None:
    assert backend_word(" Auto ", "") == "auto"
    with pytest.raises(UsageError, match=r"must be auto, cpu, .* or xpu.*Did you mean cu126"):
        backend_word("cu1266", "--torch-backend")
    with pytest.raises(UsageError):
        backend_word("cu199", "--torch-backend")
    assert backend_word("cu199", "--torch-backend", mirrored=True) == "cu199"


# -- which index serves a project -----------------------------------------------------------------------------


def router(variant: str = "cu126", **known: str) -> Router:
    versions = {canonicalize_name(name): Version(text) for name, text in known.items()}
    return Router(variant=variant, pytorch=TORCHES, indexes=(OWN, LINKS), known=versions)


def of_place(
    monkeypatch: pytest.MonkeyPatch, url: str, *variants: str, kind: Any = "index", torch: str = ""
) -> Place:
    built = Built(torch=(torch,), source="", checked="") if torch else None
    found = Place(
        name="kernels", kind=kind, url=url, projects=(KERNELS,), variants=variants, source="by hand",
        checked="2026-11-24", matrix=(built,) if built else (),
    )  # fmt: skip
    monkeypatch.setattr("planner.routing.places_of", lambda name: (found,) if name == KERNELS else ())
    return found


def urls(indexes: tuple[Index, ...] | None) -> list[str]:
    return [index.url for index in indexes or ()]


def test_torch_has_one_index_and_others_have_the_users() -> None:
    assert router()(TORCH) == (TORCHES, LINKS)
    assert router()(NUMPY) is None
    assert Router(indexes=(OWN,))(TORCH) is None


def test_what_the_user_pins_to_an_index_stays_there(monkeypatch: pytest.MonkeyPatch) -> None:
    of_place(monkeypatch, "https://k.test/{variant}", "cu126")
    pinned = replace(router(), pinned={TORCH: (OWN,), KERNELS: (OWN,)})
    assert pinned(TORCH) == pinned(KERNELS) == (OWN,)
    assert pinned.opened([TORCH, KERNELS]) == {}


# (address, variants of the place, torch in its matrix, backend, versions known, what is asked)
ADDRESSES: dict[str, tuple[str, tuple[str, ...], str, str, dict[str, str], str]] = {
    "of its variant": ("https://k.test/{variant}", ("cu126",), "", "cu126", {}, "https://k.test/cu126"),
    "of no such variant": ("https://k.test/{variant}", ("cu130",), "", "cu126", {}, ""),
    "of an older minor": ("https://k.test/{variant}", ("cu121", "cu125", "cu130"), "", "cu126", {}, "https://k.test/cu125"),
    "of an older major": ("https://k.test/{variant}", ("cu118",), "", "cu126", {}, ""),
    "tied to torch": ("https://k.test/{variant}", ("cu125",), "2.8", "cu126", {}, ""),
    "of the CPU": ("https://k.test/{variant}", ("cu126",), "", "cpu", {}, ""),
    "a version that is not known": ("https://k.test/{version}/{variant}", ("cu126",), "", "cu126", {}, ""),
    "a version that is known": (
        "https://k.test/{version}/{variant}", ("cu126",), "", "cu126", {"kernels": "1.2+x"}, "https://k.test/1.2/cu126",
    ),
    "a torch that is not known": ("https://k.test/{torch}+{variant}", ("cu126",), "", "cu126", {}, ""),
    "the first patch of a torch": (
        "https://k.test/{torch}+{variant}", ("cu126",), "", "cu126", {"torch": "2.14.1+cu126"},
        "https://k.test/2.14.0+cu126",
    ),
    "a torch as its matrix has it": (
        "https://k.test/{torch}", (), "2.14", "cu126", {"torch": "2.14.1"}, "https://k.test/2.14",
    ),
    "the major of CUDA": ("https://k.test/cu{cuda}", (), "", "cu126", {}, "https://k.test/cu12"),
    "no CUDA": ("https://k.test/cu{cuda}", (), "", "cpu", {}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_place_is_asked_beside_the_users_indexes(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    url, variants, torch, backend, known, asked = ADDRESSES[name]
    of_place(monkeypatch, url, *variants, torch=torch)
    found = router(backend, **known)(KERNELS)
    assert urls(found) == ([OWN.url, LINKS.url, asked] if asked else [])
    assert [index.beside for index in found or ()] == ([False, False, True] if asked else [])
    assert router(backend, **known)(NUMPY) is None


def test_files_of_releases_are_no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    of_place(monkeypatch, "https://k.test/{version}.whl", kind="releases")
    assert router(kernels="1.0")(KERNELS) is None


def test_the_versions_of_a_resolution_open_places(monkeypatch: pytest.MonkeyPatch) -> None:
    of_place(monkeypatch, "https://k.test/{torch}.html", kind="links")
    first = router()
    pins = {TORCH: Version("2.8.0+cu126"), NUMPY: Version("2.0")}
    assert first.knowing(pins, [NUMPY]) is first
    richer = first.knowing(pins, [KERNELS])
    assert urls(richer(KERNELS))[-1] == "https://k.test/2.8.0.html"
    assert richer.opened([KERNELS, NUMPY, TORCH]) == {
        "https://k.test/2.8.0.html": (KERNELS,),
        TORCHES.shown: (TORCH,),
    }
    assert router(torch="2.7.1").knowing(pins, [KERNELS])(KERNELS) == router(torch="2.7.1")(KERNELS)


def test_no_place_is_opened_without_a_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    of_place(monkeypatch, "https://k.test/all")
    assert Router(indexes=(OWN,))(KERNELS) is None


def test_pytorchs_own_index_says_403_for_what_it_does_not_have() -> None:
    own = place("pytorch")
    assert own is not None
    url = own.address(variant="cu126")
    assert as_known(Index(url=url, shown=url)).absent == (403,)
    assert as_known(OWN).absent == ()
