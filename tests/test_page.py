from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

from planner.dists import Misfit, Reason, Row, parse_version
from planner.page import Listing, Page, read_filename


@pytest.mark.parametrize(
    ("filename", "project", "version"),
    [
        ("torch-2.1.0+cu118-cp311-cp311-linux_x86_64.whl", "torch", "2.1.0+cu118"),
        ("zope.interface-6.0.tar.gz", "zope-interface", "6.0"),
        ("backports-zoneinfo-0.2.1.tar.gz", "backports-zoneinfo", "0.2.1"),
        ("Flask_Login-0.4.1.tar.gz", "flask-login", "0.4.1"),
        ("gin-0.1.6.tar.bz2", "gin", "0.1.6"),
        ("ruamel.yaml.clib-0.2.7.zip", "ruamel-yaml-clib", "0.2.7"),
    ],
)
def test_names_as_they_are_on_indexes(filename, project, version) -> None:
    assert read_filename(filename, canonicalize_name(project)).version == version


@pytest.mark.parametrize(
    ("filename", "reason"),
    [
        ("demo-1.0-cp311-cp311-win32-cu126.whl", Reason.VARIANT),
        ("demo-1.0-1-cp311-cp311-win32-x86_64_v3.whl", Reason.VARIANT),
        ("demo-1.0.exe", Reason.NAME),
        ("demo-1.0-py3.8.egg", Reason.NAME),
        ("other-1.0.tar.gz", Reason.NAME),
        ("demo.whl", Reason.NAME),
        ("../../etc/passwd", Reason.NAME),
        ("", Reason.NAME),
    ],
)
def test_names_that_say_nothing_usable(filename, reason) -> None:
    read = read_filename(filename, canonicalize_name("demo"))
    assert isinstance(read, Misfit)
    assert read.reason is reason
    assert read.detail


def test_a_page_groups_versions_newest_first_and_reports_what_it_skipped() -> None:
    names = [
        "demo-1.0.tar.gz",
        "demo-1.10-py3-none-any.whl",
        "demo-1.9.tar.gz",
        "demo-junk.tar.gz",
        "demo-1.0.egg",
    ]
    rows = tuple(Row(filename=name, url=f"https://files.test/{name}") for name in names)
    page = Page(canonicalize_name("demo"), [Listing(index="https://index.test/simple/", rows=rows)])
    assert [str(version) for version in page.versions] == ["1.10", "1.9", "1.0"]
    assert {misfit.filename for misfit in page.skipped} == {"demo-junk.tar.gz", "demo-1.0.egg"}


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_name_is_read_or_refused(filename: str) -> None:
    for suffix in ("", ".whl", ".tar.gz", ".zip"):
        read_filename(filename + suffix, canonicalize_name("demo"))


@given(
    st.from_regex(r"[a-z]{1,6}(_[a-z]{1,4})?", fullmatch=True),
    st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,3}(rc[0-9])?", fullmatch=True),
    st.sampled_from(["py3-none-any", "cp311-cp311-manylinux_2_28_x86_64", "cp39-abi3-win_amd64"]),
    st.sampled_from(["", "-1", "-2build"]),
)
@settings(max_examples=200, deadline=None)
def test_agrees_with_packaging(name: str, version: str, tags: str, build: str) -> None:
    project = canonicalize_name(name)
    wheel = f"{name}-{version}{build}-{tags}.whl"
    read = read_filename(wheel, project)
    theirs = parse_wheel_filename(wheel)
    assert (str(theirs[1]), len(theirs[2]) > 0) == (
        str(parse_version(read.version)),
        bool(read.build),
    )
    sdist = f"{name}-{version}.tar.gz"
    assert str(parse_sdist_filename(sdist)[1]) == str(parse_version(read_filename(sdist, project).version))
