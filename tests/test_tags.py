from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version
from pip._internal.models.target_python import TargetPython

from planner.dists import Reason, Row, Wheel
from planner.errors import MachineError
from planner.facts import Known, Machine
from planner.tags import supported_tags
from tests.universe import machine


def wheel(tag: str) -> Wheel:
    return Wheel(
        row=Row(filename=f"demo-1.0-{tag}.whl", url=""),
        project=canonicalize_name("demo"),
        version=Version("1.0"),
        build=(),
        tags=parse_tag(tag),
        index="",
    )


@pytest.mark.parametrize(
    ("facts", "platforms", "version", "abi"),
    [
        ({"arch": "aarch64", "glibc": "2.31"}, ["manylinux_2_31_aarch64"], (3, 11), "cp311"),
        ({"glibc": "2.17"}, ["manylinux_2_17_x86_64"], (3, 11), "cp311"),
        ({"musl": "1.2"}, ["musllinux_1_2_x86_64"], (3, 11), "cp311"),
        ({"os": "darwin", "arch": "arm64", "macos": "14.2"}, ["macosx_14_0_arm64"], (3, 11), "cp311"),
        ({"os": "windows", "arch": "amd64"}, ["win_amd64"], (3, 11), "cp311"),
        ({"python": "3.14.0", "abi": "cp314t"}, ["manylinux_2_36_x86_64"], (3, 14), "cp314t"),
    ],
)
def test_what_pip_takes_for_that_platform_is_supported(facts, platforms, version, abi) -> None:
    theirs = TargetPython(
        platforms=platforms, py_version_info=version, abis=[abi], implementation="cp"
    ).get_sorted_tags()
    ours = supported_tags(machine(**facts))
    # pip vendors packaging: its tags are another class with the same text.
    assert {str(tag) for tag in theirs} - {str(tag) for tag in ours.order} == set()


@pytest.mark.parametrize(
    ("facts", "tag", "reason", "detail"),
    [
        ({}, "cp311-cp311-manylinux_2_28_x86_64", None, ""),
        ({}, "cp39-abi3-manylinux_2_28_x86_64", None, ""),
        ({}, "py3-none-any", None, ""),
        ({"glibc": "2.17"}, "cp311-cp311-manylinux_2_28_x86_64", Reason.LIBC, "needs glibc 2.28, here 2.17"),
        ({"glibc": "2.12"}, "cp311-cp311-manylinux2014_x86_64", Reason.LIBC, "needs glibc 2.17, here 2.12"),
        ({}, "cp311-cp311-musllinux_1_2_x86_64", Reason.LIBC, "for musl libc, here glibc"),
        ({"musl": "1.1"}, "cp311-cp311-musllinux_1_2_x86_64", Reason.LIBC, "needs musl 1.2, here 1.1"),
        ({"musl": "1.2"}, "cp311-cp311-manylinux_2_28_x86_64", Reason.LIBC, "for glibc, here musl 1.2"),
        ({}, "cp310-cp310-manylinux_2_28_x86_64", Reason.PYTHON, "for Python 3.10, here cp311"),
        ({}, "cp312-abi3-manylinux_2_28_x86_64", Reason.PYTHON, "needs Python 3.12 or newer, here cp311"),
        ({}, "cp311-cp311-manylinux_2_28_aarch64", Reason.PLATFORM, "for aarch64, here x86_64"),
        ({}, "cp311-cp311-win_amd64", Reason.PLATFORM, "for Windows"),
        ({}, "cp311-cp311-macosx_14_0_arm64", Reason.PLATFORM, "for macOS"),
        (
            {"python": "3.14.0", "abi": "cp314t"},
            "cp314-cp314-manylinux_2_28_x86_64",
            Reason.ABI,
            "for the GIL build of Python (cp314), here cp314t",
        ),
        (
            {"python": "3.14.0", "abi": "cp314"},
            "cp314-cp314t-manylinux_2_28_x86_64",
            Reason.ABI,
            "for the free-threaded build of Python (cp314t), here cp314",
        ),
        (
            {"python": "3.14.0", "abi": "cp314t"},
            "cp39-abi3-manylinux_2_28_x86_64",
            Reason.ABI,
            "for the stable ABI (abi3), which cp314t does not load",
        ),
        (
            {"os": "darwin", "arch": "arm64", "macos": "12.0"},
            "cp311-cp311-macosx_14_0_arm64",
            Reason.PLATFORM,
            "needs macOS 14.0, here 12.0",
        ),
        ({"os": "darwin", "arch": "arm64", "macos": "14.0"}, "cp311-cp311-macosx_11_0_universal2", None, ""),
        (
            {},
            "cp310-cp310-win_amd64",
            Reason.PLATFORM,
            "for Windows; and for Python 3.10, here cp311",
        ),
    ],
)
def test_the_nearest_miss_is_told(facts, tag, reason, detail) -> None:
    misfit = supported_tags(machine(**facts)).misfit(wheel(tag))
    if reason is None:
        assert misfit is None
    else:
        assert misfit is not None
        assert (misfit.reason, misfit.detail) == (reason, detail)


def test_of_several_tags_the_nearest_counts() -> None:
    here = supported_tags(machine(glibc="2.17"))
    misfit = here.misfit(wheel("cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64"))
    assert misfit is not None
    assert misfit.detail == "needs glibc 2.24, here 2.17"


@pytest.mark.parametrize("missing", ["os", "arch", "python", "glibc"])
def test_a_machine_of_which_too_little_is_known_is_refused_with_what_to_type(missing: str) -> None:
    facts = {"os": "linux", "arch": "x86_64", "glibc": "2.36", "python": "3.11.7", "abi": "cp311"}
    del facts[missing]
    here = Machine(markers={}, facts={name: Known(value) for name, value in facts.items()})
    with pytest.raises(MachineError, match="--"):
        supported_tags(here)


@given(st.text(alphabet="abcp0123456789_manylinuxwty", min_size=1, max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_platform_tag_gets_an_answer(platform: str) -> None:
    misfit = supported_tags(machine()).misfit(wheel(f"cp311-cp311-{platform.replace('-', '_')}"))
    assert misfit is None or misfit.detail
