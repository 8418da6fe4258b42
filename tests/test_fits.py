from __future__ import annotations

from datetime import datetime, timezone

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.dists import Reason
from planner.policy import Policy
from tests.universe import Universe, fits

A = canonicalize_name("a")
V1 = Version("1.0")


def world(*names: str, **more: str) -> Universe:
    made = Universe()
    for name in names:
        made.add(name, project="a", **more)
    return made


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["a-1.0.tar.gz", "a-1.0-py3-none-any.whl"], "a-1.0-py3-none-any.whl"),
        (
            ["a-1.0-py3-none-any.whl", "a-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"],
            "a-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        ),
        (["a-1.0-1-py3-none-any.whl", "a-1.0-2-py3-none-any.whl"], "a-1.0-2-py3-none-any.whl"),
        (["a-1.0.zip", "a-1.0.tar.gz"], "a-1.0.tar.gz"),
        (["a-1.0-cp311-cp311-win_amd64.whl"], None),
        (["a-1.0-cp311-cp311-win_amd64.whl", "a-1.0.zip"], "a-1.0.zip"),
    ],
)
def test_the_file_that_pip_would_take(names, chosen) -> None:
    dist = fits().choose(world(*names).page(A), V1)
    assert (dist.filename if dist else None) == chosen


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [
        (Policy(no_binary=frozenset({":all:"})), "a-1.0.tar.gz"),
        (Policy(no_binary=frozenset({"a"})), "a-1.0.tar.gz"),
        (Policy(only_binary=frozenset({"b"}), no_binary=frozenset({":all:"})), "a-1.0.tar.gz"),
        (Policy(only_binary=frozenset({"a"}), no_binary=frozenset({":all:"})), "a-1.0-py3-none-any.whl"),
    ],
)
def test_formats(policy, chosen) -> None:
    page = world("a-1.0.tar.gz", "a-1.0-py3-none-any.whl").page(A)
    assert fits(policy).choose(page, V1).filename == chosen


def test_every_refusal_is_a_value_with_a_reason() -> None:
    made = Universe()
    made.add("a-1.0-cp311-cp311-win_amd64.whl")
    made.add("a-1.0-cp39-cp39-manylinux2014_x86_64.whl")
    made.add("a-1.0-py3-none-any.whl", yanked="wrong file")
    made.add("a-1.0.tar.gz", project="a", requires_python=">=3.13")
    made.add("a-1.0.zip", project="a", upload_time="2030-01-01T00:00:00Z")
    judge = fits(Policy(exclude_newer=datetime(2025, 1, 1, tzinfo=timezone.utc)))
    page = made.page(A)
    assert judge.choose(page, V1) is None
    assert [(m.filename, m.reason, m.detail) for m in judge.misfits(page, V1)] == [
        ("a-1.0-cp311-cp311-win_amd64.whl", Reason.PLATFORM, "for Windows"),
        ("a-1.0-cp39-cp39-manylinux2014_x86_64.whl", Reason.PYTHON, "for Python 3.9, here cp311"),
        ("a-1.0-py3-none-any.whl", Reason.YANKED, "yanked: wrong file"),
        ("a-1.0.tar.gz", Reason.REQUIRES_PYTHON, "requires Python >=3.13, here 3.11.7"),
        ("a-1.0.zip", Reason.TOO_LATE, "uploaded 2030-01-01, not before the cut-off 2025-01-01"),
    ]


def test_only_files_with_an_allowed_hash() -> None:
    page = world("a-1.0-py3-none-any.whl", "a-1.0.tar.gz").page(A)
    judge = fits()
    sdist = next(dist for dist in page.files(V1) if dist.filename.endswith("gz"))
    judge.hashes[A] = frozenset({sdist.row.sha256})
    assert judge.choose(page, V1) == sdist
    assert judge.misfits(page, V1)[0].reason is Reason.HASH


@pytest.mark.parametrize("text", ["", "garbage", ">=3.8", ">=3.8,<4", "!=3.10.*"])
def test_requires_python_that_admits(text) -> None:
    assert fits().takes_python(text)


def test_a_file_without_upload_time_is_excluded_only_under_a_cutoff() -> None:
    page = world("a-1.0-py3-none-any.whl", upload_time="").page(A)
    assert fits().choose(page, V1) is not None
    late = Policy(exclude_newer=datetime(2025, 1, 1, tzinfo=timezone.utc))
    assert fits(late).choose(page, V1) is None


def test_the_sibling_is_the_nearest_wheel() -> None:
    page = world(
        "a-1.0-cp27-cp27m-manylinux1_x86_64.whl",
        "a-1.0-cp39-cp39-manylinux2014_x86_64.whl",
        "a-1.0-cp39-cp39-win_amd64.whl",
        "a-1.0.tar.gz",
    ).page(A)
    assert fits().sibling(page, V1).filename == "a-1.0-cp39-cp39-manylinux2014_x86_64.whl"
