"""The difference between an earlier plan and a new one: which kind, in which order, told how."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.changes import KINDS, SHOWN, Change, change_lines, changes, changes_json
from planner.dists import Metadata, Row, Sdist, Tree, Wheel, parse_tags
from planner.plan import Package
from planner.plan.reading import Previous, PreviousPin


def wheel(name: str, version: str, digest: str = "aa") -> Package:
    filename = f"{name}-{version}-py3-none-any.whl"
    project = canonicalize_name(name)
    dist = Wheel(
        row=Row(filename=filename, url=f"https://files.test/{filename}", sha256=digest),
        project=project,
        version=Version(version),
        build=(),
        tags=parse_tags("py3-none-any") or frozenset(),
        index="https://index.test/simple/",
    )
    return Package(name=project, version=dist.version, dist=dist)


def sdist(name: str, version: str, digest: str = "bb", kind: str = "native") -> Package:
    project = canonicalize_name(name)
    row = Row(filename=f"{name}-{version}.tar.gz", url="https://files.test/x", sha256=digest)
    dist = Sdist(row=row, project=project, version=Version(version), index="https://index.test/simple/")
    return Package(name=project, version=dist.version, dist=dist, source_build=kind, reason="no wheel fits")


def repository(commit: str) -> Package:
    project = canonicalize_name("repo")
    dist = Tree(
        project=project,
        version=None,
        kind="vcs",
        vcs="git",
        url="https://git.test/repo.git",
        commit=commit,
        metadata=Metadata(project=project, version=None),
    )
    return Package(name=project, version=None, dist=dist, source_build="unknown")


def previous(*packages: Package) -> Previous:
    return Previous(
        pins={
            package.name: PreviousPin(
                version=package.version,
                files=(
                    (
                        package.dist.filename,
                        "" if isinstance(package.dist, Tree) else package.dist.row.sha256,
                    ),
                ),
                commit=package.dist.commit if isinstance(package.dist, Tree) else "",
                source_build=package.source_build,
            )
            for package in packages
        }
    )


def told(old: Previous, *packages: Package) -> list[tuple[str, str]]:
    return [(change.kind, change.project) for change in changes(old, packages)]


def test_each_kind_is_told_for_what_it_is() -> None:
    old = previous(
        wheel("up", "1.0"),
        wheel("down", "2.0"),
        wheel("gone", "1.0"),
        wheel("built", "1.0"),
        sdist("wheeled", "1.0"),
        wheel("file", "1.0"),
        wheel("same", "1.0"),
        sdist("pure", "1.0", kind="pure"),
        repository("1" * 40),
    )
    new = (
        wheel("up", "1.1"),
        wheel("down", "1.9"),
        wheel("new", "3.0"),
        sdist("newbuild", "3.0"),
        sdist("built", "1.1"),
        wheel("wheeled", "1.0"),
        wheel("file", "1.0", "cc"),
        wheel("same", "1.0"),
        sdist("pure", "1.0", kind="native"),
        repository("2" * 40),
    )
    found = changes(old, new)
    assert [(change.kind, change.project) for change in found] == [
        ("built", "built"),
        ("file", "file"),
        ("file", "repo"),
        ("down", "down"),
        ("up", "built"),
        ("up", "up"),
        ("wheel", "wheeled"),
        ("added", "new"),
        ("added", "newbuild"),
        ("removed", "gone"),
    ]
    lines = [text for text, _ in change_lines(found)]
    assert lines == [
        "Changes to the plan (10)",
        "  built    built 1.1 became a source build: no wheel fits",
        "  file     file 1.0: file-1.0-py3-none-any.whl is another file under the same name: sha256 cc, was aa",
        f"  file     repo: {'2' * 40} (was {'1' * 40})",
        "  down     down 2.0 -> 1.9",
        "  up       built 1.0 -> 1.1",
        "  up       up 1.0 -> 1.1",
        "  wheel    wheeled 1.0 got a wheel",
        "  added    new 3.0",
        "  added    newbuild 3.0: a source build: no wheel fits",
        "  removed  gone 1.0",
    ]
    assert changes_json(found)[3] == {
        "kind": "down", "project": "down", "before": "2.0", "after": "1.9", "detail": "",
    }  # fmt: skip
    assert changes_json(found)[2]["before"] is None


def test_another_file_of_the_same_version_is_told() -> None:
    old = Previous(
        pins={canonicalize_name("a"): PreviousPin(version=Version("1.0"), files=(("a-1.0-1.whl", "dd"),))}
    )
    (change,) = changes(old, [wheel("a", "1.0")])
    assert (change.kind, change.detail) == ("file", "a-1.0-py3-none-any.whl (was a-1.0-1.whl)")


def test_one_of_the_many_files_of_another_tools_lock_is_no_news() -> None:
    files = (("a-1.0-cp311-cp311-win32.whl", "ee"), ("a-1.0.tar.gz", "bb"), ("a-1.0-py3-none-any.whl", ""))
    old = Previous(pins={canonicalize_name("a"): PreviousPin(version=Version("1.0"), files=files)})
    assert told(old, sdist("a", "1.0")) == []
    assert told(old, wheel("a", "1.0")) == []
    assert told(old, sdist("a", "1.0", "ff")) == [("built", "a")]


def test_a_repository_in_place_of_a_release_is_another_file() -> None:
    (change,) = changes(previous(wheel("repo", "1.0")), [repository("1" * 40)])
    assert (change.kind, change.before, change.after) == ("built", "1.0", "")


def test_only_the_first_are_shown_unless_all_are_asked_for() -> None:
    found = tuple(
        Change(kind="up", project=canonicalize_name(f"p{n}"), before="1", after="2") for n in range(20)
    )
    lines = [text for text, _ in change_lines(found)]
    assert len(lines) == SHOWN + 2
    assert lines[-1] == "  and 8 more (-v shows them)"
    assert len([*change_lines(found, verbose=True)]) == 21
    assert [*change_lines(())] == []


PINS = st.dictionaries(
    st.sampled_from("abcd"),
    st.tuples(st.sampled_from(["1", "2"]), st.booleans(), st.sampled_from(["aa", "bb"])),
)


def packages(pins: dict[str, tuple[str, bool, str]]) -> list[Package]:
    return [
        sdist(name, version, f"{digest}5d") if built else wheel(name, version, digest)
        for name, (version, built, digest) in pins.items()
    ]


@given(PINS, PINS, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_difference_is_empty_of_the_same_and_tells_every_other(
    old: dict[str, tuple[str, bool, str]], new: dict[str, tuple[str, bool, str]], chance: random.Random
) -> None:
    before, after = packages(old), packages(new)
    assert changes(previous(*before), before) == ()
    found = changes(previous(*before), after)
    assert {change.project for change in found} == {
        name for name in old.keys() | new.keys() if old.get(name) != new.get(name)
    }
    chance.shuffle(after)
    assert changes(previous(*before), after) == found
    there, back = (
        {(change.project, change.kind) for change in some}
        for some in (found, changes(previous(*after), before))
    )
    opposite = dict(zip(KINDS, ("wheel", "file", "up", "down", "built", "removed", "added"), strict=True))
    assert {(project, opposite[kind]) for project, kind in there} == back
