from __future__ import annotations

import re

import pytest

from planner.knowledge.debian import release
from planner.knowledge.things import (
    MANAGERS,
    SUBJECTS,
    all_subjects,
    python_headers,
    read_topic,
    thing_of,
    things,
)


def test_every_row_says_whence_and_when() -> None:
    table = things()
    assert len(table) > 600
    for thing in table.values():
        assert re.fullmatch(r"dep:(generic|virtual/(compiler|interface))/[a-zA-Z0-9.+-]+", thing.id)
        assert thing.source
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", thing.checked)
        assert {*thing.packages, *thing.runtime, *thing.newer} <= set(MANAGERS)
        assert all(subject.startswith(tuple(SUBJECTS.values())) for subject in thing.subjects)
        assert thing.subjects or thing.runtime


def test_each_subject_means_one_thing() -> None:
    for thing in things().values():
        assert thing_of(thing.id) is thing
        assert all(thing_of(subject) is thing for subject in thing.subjects)


def test_the_packages_of_debian_are_in_its_tables() -> None:
    twelve, thirteen = release("debian", "12"), release("debian", "13")
    assert twelve is not None
    assert thirteen is not None
    for thing in things().values():
        for name in (*thing.packages.get("apt", ()), *thing.runtime.get("apt", ())):
            assert twelve.version(name), f"{thing.id}: {name} is not in Debian 12"
        for name in thing.releases.get("debian-13", ()):
            assert thirteen.version(name), f"{thing.id}: {name} is not in Debian 13"


@pytest.mark.parametrize(
    ("subject", "thing", "apt"),
    [
        ("header:libpq-fe.h", "dep:generic/libpq", ("libpq-dev",)),
        ("program:pg_config", "dep:generic/libpq", ("libpq-dev",)),
        ("crate:openssl-sys", "dep:generic/openssl", ("libssl-dev",)),
        ("header:openssl/evp.h", "dep:generic/openssl", ("libssl-dev",)),
        ("header:libxml/xpath.h", "dep:generic/libxml2", ("libxml2-dev",)),
        ("header:mpi.h", "dep:virtual/interface/mpi", ("libopenmpi-dev",)),
        ("program:mpicc", "dep:virtual/interface/mpi", ("libopenmpi-dev",)),
        ("library:blas", "dep:virtual/interface/blas", ("libopenblas-dev",)),
        ("dep:virtual/compiler/c", "dep:virtual/compiler/c", ("gcc", "libc6-dev")),
        ("program:g++", "dep:virtual/compiler/cxx", ("g++",)),
        ("cmake:ZLIB", "dep:generic/zlib", ("zlib1g-dev",)),
        ("cmake:Threads", "dep:generic/libc", ("libc6-dev",)),
        ("header:linux/input.h", "dep:generic/linux-headers", ("linux-libc-dev",)),
        ("header:Python.h", "dep:generic/python-headers", ("python3-dev",)),
        ("program:proj", "dep:generic/proj-bin", ("proj-bin",)),
        ("program:dot", "dep:generic/dot", ("graphviz",)),
        ("pkg-config:girepository-2.0", "dep:generic/girepository-2.0", ()),
    ],
)
def test_what_a_subject_means(subject: str, thing: str, apt: tuple[str, ...]) -> None:
    found = thing_of(subject)
    assert found is not None
    assert (found.id, found.supplied_by("apt")) == (thing, apt)


def test_other_releases_and_managers() -> None:
    libpq, xcb, girepository = (
        thing_of(subject)
        for subject in ("pkg-config:libpq", "library:xcb-image", "pkg-config:girepository-2.0")
    )
    assert libpq is not None
    assert xcb is not None
    assert girepository is not None
    assert libpq.supplied_by("yum") == libpq.supplied_by("dnf") == ("libpq-devel",)
    assert libpq.supplied_by("pacman") == ("postgresql-libs",)
    assert libpq.supplied_by("unheard-of") == ()
    assert xcb.supplied_by("apk") == ("pc:xcb-image",)
    assert girepository.supplied_by("apt", "debian-13") == ("libgirepository-2.0-dev",)
    assert girepository.supplied_by("zypper") == ("pkgconfig(girepository-2.0)",)


def test_programs_are_installed_by_what_they_provide() -> None:
    thing = thing_of("program:ragel")
    assert thing is not None
    assert thing.supplied_by("apk") == ("cmd:ragel",)
    assert thing_of("program:unheard-of") is None
    assert thing_of("header:unheard/of.h") is None


def test_subjects_to_ask_a_machine_for() -> None:
    subjects = all_subjects()
    assert {"program:gcc", "header:zlib.h", "library:pq", "pkg-config:libpq"} <= set(subjects)
    assert list(subjects) == sorted(subjects)
    assert not any(subject.endswith("/") or subject.startswith("dep:") for subject in subjects)


@pytest.mark.parametrize(
    ("manager", "version", "default", "packages"),
    [
        ("apt", "3.11.2", True, ("python3-dev",)),
        ("apt", "3.12.4", False, ("python3.12-dev",)),
        ("dnf", "3.13", True, ("python3-devel",)),
        ("yum", "3.11", False, ("python3.11-devel",)),
        ("zypper", "3.11.9", False, ("python311-devel",)),
        ("apk", "3.12", True, ("python3-dev",)),
        ("apk", "3.11", False, ()),
        ("pacman", "3.13", True, ("python",)),
        ("brew", "3.12.1", True, ("python@3.12",)),
        ("conda", "3.12", True, ("python",)),
        ("winget", "3.12", True, ()),
    ],
)
def test_python_headers(manager: str, version: str, default: bool, packages: tuple[str, ...]) -> None:
    assert python_headers(manager, version, distro_default=default) == packages


GOOD = {"name": "A", "source": "https://a.example", "headers": "a.h"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"a": GOOD}, "no day"),
        ({"checked": "2026-11-24", "sources": "x", "a": GOOD}, "no table of sources"),
        ({"checked": "2026-11-24", "a": "text"}, "no row"),
        ({"checked": "2026-11-24", "a": {**GOOD, "haeders": "b.h"}}, "unknown keys"),
        ({"checked": "2026-11-24", "a": {**GOOD, "headers": ["b.h"]}}, "no text"),
        ({"checked": "2026-11-24", "a": {**GOOD, "note": ""}}, "empty"),
        ({"checked": "2026-11-24", "a": {"name": "A", "headers": "a.h"}}, "lacks"),
        ({"checked": "2026-11-24", "a": {**GOOD, "packages": "atp:a"}}, "unknown package manager"),
        ({"checked": "2026-11-24", "a": {**GOOD, "packages": "a"}}, "not MANAGER:PACKAGE"),
        ({"checked": "2026-11-24", "a": {**GOOD, "run": "apt:"}}, "not MANAGER:PACKAGE"),
    ],
)
def test_a_bad_row_is_an_error(document: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list(read_topic("topic", document))


def test_sources_are_written_out() -> None:
    document = {
        "checked": "2026-11-24",
        "sources": {"x": "https://x.example"},
        "a": {**GOOD, "source": "x y"},
    }
    (thing,) = read_topic("topic", document)
    assert thing.source == "https://x.example y"
    assert (thing.shows, thing.versions) == (("header:a.h",), ())
