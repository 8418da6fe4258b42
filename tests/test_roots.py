from __future__ import annotations

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from planner.dists import Metadata, Reason, Refusal, SdistReading
from planner.roots import Roots, Sources, archive_url, read_again, read_roots
from planner.wanted import Source, Wanted
from tests.universe import MARKERS

COMMIT = "a" * 40
NAME = canonicalize_name("proj")


def repository(url: str, revision: str = COMMIT, **more: str) -> Source:
    return Source(kind="vcs", url=url, shown=url, vcs="git", revision=revision, **more)


def read(source: Source, answer: SdistReading | Refusal):
    asked: list[str] = []

    def archive(url, name):
        asked.append(url)
        return answer

    def never(*_):
        raise AssertionError

    wanted = Wanted(name=NAME, source=source, origin="requirements.txt:1", text="proj @ git+…")
    sources = Sources(direct=never, metadata=never, archive=archive, tree=never, shown_path=str)
    return read_roots([wanted], [], MARKERS, sources), asked


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/o/r.git", f"https://github.com/o/r/archive/{COMMIT}.tar.gz"),
        ("https://gitlab.com/g/s/r", f"https://gitlab.com/g/s/r/-/archive/{COMMIT}/source.tar.gz"),
        ("https://git.example/o/r.git", ""),
        ("ssh://git@github.example/o/r.git", ""),
    ],
)
def test_hosts_that_serve_a_commit_as_an_archive(url: str, expected: str) -> None:
    assert archive_url(repository(url)) == expected
    assert archive_url(repository(url, subdirectory="python")) == ""


def test_what_the_archive_of_a_repository_says_counts() -> None:
    metadata = Metadata(project=NAME, version=None, requires=("idna",), source="pyproject")
    roots, asked = read(
        repository("https://github.com/o/r.git"), SdistReading(metadata=metadata, native=False)
    )
    assert asked == [f"https://github.com/o/r/archive/{COMMIT}.tar.gz"]
    assert roots.fixed[NAME].metadata == metadata
    assert roots.readings[NAME].native is False


@pytest.mark.parametrize("url", ["https://github.com/o/r.git", "https://git.example/o/r.git"])
def test_without_one_its_dependencies_are_unknown(url: str) -> None:
    refusal = Refusal(filename="x", reason=Reason.METADATA, detail="404", id="index-unavailable")
    roots, _ = read(repository(url), refusal)
    metadata = roots.fixed[NAME].metadata
    assert (metadata.source, metadata.certain) == ("none", False)


# -- the same requirements for another Python -----------------------------------------------------------------

NEWER = MARKERS | {"python_version": "3.12", "python_full_version": "3.12.5"}


def line(text: str, number: int = 1, **more) -> Wanted:
    one = Requirement(text)
    return Wanted(
        name=canonicalize_name(one.name),
        specifier=one.specifier,
        extras=frozenset(map(canonicalize_name, one.extras)),
        marker=one.marker,
        origin=f"requirements.txt:{number}",
        text=text,
        **more,
    )


def roots_of(*wanted: Wanted, constraints=()) -> Roots:
    def unknown(*_):
        return SdistReading(metadata=Metadata(project=NAME, version=None), native=False)

    sources = Sources(direct=unknown, metadata=unknown, archive=unknown, tree=unknown, shown_path=str)
    return read_roots(wanted, constraints, MARKERS, sources)


def test_the_lines_that_apply_elsewhere_are_read_again() -> None:
    lines = [
        line("a==1; python_version < '3.12'", 1, hashes=("sha256:" + "1" * 64,)),
        line("a[x]==2; python_version >= '3.12'", 2, hashes=("sha256:" + "2" * 64,)),
        line("b", 3),
    ]
    roots = roots_of(*lines, constraints=[line("c<2; python_version >= '3.12'", 4)])
    assert [(ask.key, ask.text) for ask in roots.asks] == [("a", "a==1"), ("b", "b")]
    assert roots.constraints == {}
    again = read_again(roots, MARKERS, NEWER)
    assert again is not None
    assert [(ask.key, ask.text) for ask in again.asks] == [("a", "a[x]==2"), ("a[x]", "a[x]==2"), ("b", "b")]
    assert [ask.text for ask in again.constraints[canonicalize_name("c")]] == ["c<2"]
    assert again.hashes == {canonicalize_name("a"): frozenset({"2" * 64})}


def test_an_address_that_was_not_read_is_not_known_elsewhere() -> None:
    source = repository("https://github.com/o/r.git")
    only_there = Wanted(
        name=NAME,
        source=source,
        origin="requirements.txt:1",
        text="proj @ git+…",
        marker=Marker("python_version >= '3.12'"),
    )
    assert read_again(roots_of(only_there, line("b", 2)), MARKERS, NEWER) is None
    everywhere = Wanted(name=NAME, source=source, origin="requirements.txt:1", text="proj @ git+…")
    again = read_again(roots_of(everywhere, line("b", 2)), MARKERS, NEWER)
    assert again is not None
    assert [ask.project for ask in again.asks] == [NAME, "b"]
    assert NAME in again.fixed
