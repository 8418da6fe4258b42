from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name

from planner.dists import Metadata, Reason, Refusal, SdistReading
from planner.roots import Sources, archive_url, read_roots
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
