from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.knowledge.debian import Release, release


@pytest.fixture(params=["12", "13"])
def debian(request: pytest.FixtureRequest) -> Release:
    found = release("debian", request.param)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("subject", "package"),
    [
        ("header:Python.h", "python3-dev"),
        ("header:libpq-fe.h", "libpq-dev"),
        ("header:zlib.h", "zlib1g-dev"),
        ("header:openssl/evp.h", "libssl-dev"),
        ("header:libxml/tree.h", "libxml2-dev"),
        ("header:hdf5.h", "libhdf5-dev"),
        ("header:mysql.h", "default-libmysqlclient-dev"),
        ("header:jpeglib.h", "libjpeg-dev"),
        ("header:boost/asio/ip/tcp.hpp", "libboost-dev"),
        ("header:freetype/freetype.h", "libfreetype-dev"),
        ("header:ft2build.h", "libfreetype-dev"),
        ("header:tk.h", "tk-dev"),
        ("header:dbus/dbus.h", "libdbus-1-dev"),
        ("header:Eigen/Core", "libeigen3-dev"),
        ("header:linux/input.h", "linux-libc-dev"),
        ("header:stdio.h", "libc6-dev"),
        ("header:crypt.h", "libcrypt-dev"),
        ("header:immintrin.h", "gcc"),
        ("header:vector", "g++"),
        ("library:openblas", "libopenblas-dev"),
        ("library:gomp", "gcc"),
        ("library:stdc++", "g++"),
        ("pkg-config:dbus-1", "libdbus-1-dev"),
        ("pkg-config:python3", "python3-dev"),
        ("program:pg_config", "libpq-dev"),
        ("program:dot", "graphviz"),
        ("program:swig", "swig"),
        ("program:curl-config", "libcurl4-openssl-dev"),
        ("program:proj", "proj-bin"),
        ("program:cargo", "cargo"),
        ("cmake:LLVM", "llvm-dev"),
        ("cmake:ABSL", "libabsl-dev"),
        ("cmake:OpenCV", "libopencv-dev"),
    ],
)
def test_the_first_candidate(debian: Release, subject: str, package: str) -> None:
    assert debian.package_of(subject)[0] == package


@pytest.mark.parametrize(
    "subject",
    ["header:", "header:no-such.h", "program:a b", "library:\n", "dist:numpy", "dep:generic/make", ""],
)
def test_what_nobody_supplies(debian: Release, subject: str) -> None:
    assert debian.package_of(subject) == ()


def test_what_a_package_brings(debian: Release) -> None:
    assert "libxml2-dev" in debian.brings("libxslt1-dev")
    assert {"zlib1g-dev", "libexpat1-dev"} <= debian.brings("python3-dev")
    assert {"gcc", "libc6-dev", "linux-libc-dev"} <= debian.brings("g++")
    assert {"rustc", "gcc", "libc6-dev"} <= debian.brings("cargo")
    assert "pkgconf" in debian.brings("libdbus-1-dev")
    assert "libmariadb-dev" in debian.brings("default-libmysqlclient-dev")
    assert "libc6-dev" not in debian.brings("gcc")  # gcc only recommends it
    assert debian.brings("unheard-of") == frozenset()
    assert "gcc" not in debian.brings("gcc")


def test_what_is_always_there(debian: Release) -> None:
    assert debian.always("tar")
    assert not debian.always("make")
    assert not debian.always("unheard-of")


def test_versions_are_those_of_upstream() -> None:
    twelve, thirteen = release("debian", "12"), release("debian", "13")
    assert twelve is not None
    assert thirteen is not None
    assert twelve.version("gcc") == "12.2.0"
    assert thirteen.version("gcc") == "14.2.0"
    assert twelve.version("libproj-dev").startswith("9.1")
    assert twelve.version("rustc") == "1.63.0"
    assert twelve.version("rustc-web") > "1.85"  # of the security suite
    assert twelve.version("default-libmysqlclient-dev").startswith("10.")  # not that of the empty package
    assert twelve.version("libgirepository-2.0-dev") == ""
    assert thirteen.version("libgirepository-2.0-dev") != ""
    assert twelve.version("unheard-of") == ""


def test_other_distributions_have_no_table() -> None:
    assert release("debian", "12.8") == release("debian", "12")
    assert release("debian", "11") is None
    assert release("ubuntu", "24.04") is None
    assert release("raspbian", "12") is None
    assert release("debian", "") is None


def test_the_table_tells_its_day(debian: Release) -> None:
    assert debian.day > "2026-01-01"
    assert "text" not in repr(debian)


@given(st.sampled_from(["header", "pkg-config", "library", "program", "cmake", "x"]), st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_text_may_be_asked_for(family: str, name: str) -> None:
    found = release("debian", "12")
    assert found is not None
    for package in found.package_of(f"{family}:{name}"):
        assert found.version(package)
        assert package not in found.brings(package)
