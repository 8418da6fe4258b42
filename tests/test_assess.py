from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.assess import assess, source_build
from planner.dists import Metadata, Pin, SdistReading
from planner.policy import Policy
from planner.whynot import why_no_wheel
from tests.universe import Universe, fits

A = canonicalize_name("a")


def page(*names: str, **more):
    world = Universe()
    for name in names:
        world.add(name, project="a", **more)
    return world.page(A)


@pytest.mark.parametrize(
    ("names", "facts", "code", "sentence"),
    [
        (["a-1.0.tar.gz"], {}, "WP101", "no wheel was ever published on this index"),
        (
            ["a-1.0.tar.gz", "a-2.0-py3-none-any.whl"],
            {},
            "WP102",
            "this version has only an sdist (only 2.0 has wheels)",
        ),
        (
            ["a-1.0.tar.gz", *[f"a-1.0-cp3{n}-cp3{n}-manylinux2014_x86_64.whl" for n in (7, 8, 9, 10)]],
            {},
            "WP103",
            "its wheels are for cp37 to cp310 only, here cp311",
        ),
        (
            ["a-1.0.tar.gz", "a-1.0-cp314-cp314-manylinux_2_28_x86_64.whl"],
            {"python": "3.14.0", "abi": "cp314t"},
            "WP104",
            "its nearest wheel is for the GIL build of Python (cp314), here cp314t",
        ),
        (
            ["a-1.0.tar.gz", "a-1.0-cp311-cp311-win_amd64.whl", "a-1.0-cp311-cp311-macosx_11_0_arm64.whl"],
            {},
            "WP105",
            "its wheels are for Windows, macOS only",
        ),
        (
            ["a-1.0.tar.gz", "a-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"],
            {"arch": "aarch64"},
            "WP105",
            "its wheels are for Linux on x86_64 only",
        ),
        (
            ["a-1.0.tar.gz", *[f"a-1.0-cp311-cp311-manylinux_2_{n}_x86_64.whl" for n in (28, 34)]],
            {"glibc": "2.17"},
            "WP106",
            "its wheels for this architecture: needs glibc 2.28, here 2.17",
        ),
        (
            ["a-1.0.tar.gz", "a-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"],
            {"musl": "1.2"},
            "WP106",
            "its wheels for this architecture: for glibc, here musl 1.2",
        ),
        (
            ["a-1.0.tar.gz", "a-1.0-py3-none-any-cu126.whl"],
            {},
            "WP109",
            "only wheel variants were published (1)",
        ),
    ],
)
def test_why_a_version_has_no_wheel(names, facts, code, sentence) -> None:
    found = why_no_wheel(page(*names), Version("1.0"), fits(**facts))
    assert found[:2] == (code, sentence)


def test_wheels_refused_by_a_setting() -> None:
    judge = fits(Policy(no_binary=frozenset({":all:"})))
    code, sentence, misfits = why_no_wheel(page("a-1.0-py3-none-any.whl"), Version("1.0"), judge)
    assert (code, sentence) == ("WP108", "its wheels are refused: wheels are excluded by --no-binary")
    assert misfits[0].filename == "a-1.0-py3-none-any.whl"


def pinned(dist, **more) -> Pin:
    metadata = more.pop("metadata", Metadata(project=A, version=dist.version))
    return Pin(
        project=A,
        version=dist.version,
        extras=more.pop("extras", ()),
        dist=dist,
        metadata=metadata,
        asked=(("requirements.txt:1", "a"),),
        **more,
    )


@pytest.mark.parametrize(
    ("native", "allowed", "severity"),
    [
        (True, (), "error"),
        (None, (), "error"),
        (False, (), "note"),
        (True, ("a",), "note"),
        (True, (":all:",), "note"),
    ],
)
def test_severity_of_a_source_build(native, allowed, severity) -> None:
    listed = page("a-1.0.tar.gz")
    judge = fits()
    pin = pinned(judge.choose(listed, Version("1.0")))
    reading = SdistReading(metadata=pin.metadata, native=native, native_because=("setup.py:3 Extension",))
    build = source_build(pin, listed, reading, judge)
    found = next(f for f in assess([pin], [build], {A: listed}, frozenset(allowed)) if f.code == "WP101")
    assert found.severity == severity
    assert found.summary.startswith("a 1.0 is built from source (")


def test_what_else_is_said_of_a_pin() -> None:
    world = Universe().add("a-1.0rc1-py3-none-any.whl", yanked="broken \x1b[31m")
    listed = world.page(A)
    wheel = listed.files(Version("1.0rc1"))[0]
    wheel = type(wheel)(
        row=wheel.row._replace(sha256=""),
        project=A,
        version=wheel.version,
        build=(),
        tags=wheel.tags,
        index=wheel.index,
    )
    metadata = Metadata(
        project=A, version=wheel.version, certain=True, extras=frozenset({canonicalize_name("x")})
    )
    pin = pinned(wheel, extras=(canonicalize_name("y"),), metadata=metadata)
    codes = {found.code for found in assess([pin], [], {A: listed}, frozenset())}
    assert codes == {"WP501", "WP502", "WP503", "WP602"}
    doubtful = pinned(
        wheel,
        metadata=Metadata(project=A, version=wheel.version, certain=False, doubt="its setup.py decides"),
    )
    assert "WP701" in {found.code for found in assess([doubtful], [], {A: listed}, frozenset())}


@pytest.mark.parametrize(
    ("urls", "summaries"),
    [
        (["https://files.test/"], []),
        (["http://localhost:8080/", "http://127.0.0.1/"], []),
        (["http://files.test/"], ["a-1.0-py3-none-any.whl comes over plain http from files.test."]),
        (
            ["http://files.test/", "http://files.test/x/", "http://other.test:81/"],
            [
                "a-1.0-py3-none-any.whl and 1 more come over plain http from files.test.",
                "a-1.0-py3-none-any.whl comes over plain http from other.test:81.",
            ],
        ),
    ],
)
def test_plain_http_is_said_once_for_each_server(urls: list[str], summaries: list[str]) -> None:
    listed = page("a-1.0-py3-none-any.whl")
    wheel = listed.files(Version("1.0"))[0]
    pins = [pinned(replace(wheel, row=wheel.row._replace(url=url + wheel.filename))) for url in urls]
    found = assess(pins, [], {A: listed}, frozenset())
    assert [one.summary for one in found if one.code == "WP603"] == summaries
