from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.pylock import Pylock
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.dists import Metadata, Row, Sdist, Tree, Wheel, parse_tags
from planner.errors import PlanError
from planner.findings import Finding
from planner.plan import Package, Plan, PlanInput, check_digest, render
from tests.universe import machine

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HASH = "a" * 64


def wheel(name: str, version: str, url: str = "", **row) -> Wheel:
    filename = f"{name}-{version}-py3-none-any.whl"
    return Wheel(
        row=Row(filename=filename, url=url or f"https://files.test/{filename}", sha256=HASH, size=10, **row),
        project=canonicalize_name(name),
        version=Version(version),
        build=(),
        tags=parse_tags("py3-none-any"),
        index="https://index.test/simple/",
    )


def sdist(name: str, version: str) -> Sdist:
    filename = f"{name}-{version}.tar.gz"
    row = Row(
        filename=filename,
        url=f"https://files.test/{filename}#sha256=x",
        sha256=HASH,
        size=5,
        upload_time="2024-09-14T02:58:29.586942Z",
    )
    return Sdist(
        row=row, project=canonicalize_name(name), version=Version(version), index="https://index.test/simple/"
    )


def package(dist, **more) -> Package:
    return Package(name=dist.project, version=dist.version, dist=dist, **more)


def plan(*packages: Package, findings: tuple[Finding, ...] = ()) -> Plan:
    return Plan(
        command="wheelplan check requirements.txt",
        machine=machine(cuda_driver="550.54.15"),
        packages=packages,
        findings=findings,
        inputs=(PlanInput(path="requirements.txt", sha256=HASH),),
        indexes=(("pypi", "https://index.test/simple/", len(packages)),),
        verdict="clear",
    )


FULL = plan(
    package(sdist("b", "2.0"), source_build="native", reason="never", required_by=("requirements.txt:2",)),
    package(wheel("a", "1.0", upload_time="2024-01-01T00:00:00Z")),
    package(wheel("c", "3.0"), direct=True),
    Package(
        name=canonicalize_name("d"),
        version=None,
        dist=Tree(
            project=canonicalize_name("d"),
            version=None,
            kind="vcs",
            vcs="git",
            url="https://github.com/o/d.git",
            commit="0" * 40,
            requested="main",
            metadata=Metadata(project=canonicalize_name("d"), version=None),
        ),
        source_build="unknown",
    ),
    Package(
        name=canonicalize_name("e"),
        version=Version("1"),
        dist=Tree(
            project=canonicalize_name("e"),
            version=Version("1"),
            kind="directory",
            path="./e",
            editable=True,
            metadata=Metadata(project=canonicalize_name("e"), version=None),
        ),
        source_build="pure",
    ),
    findings=(
        Finding(code="WP101", severity="error", project="b", summary='b says "never"\x1b[31m', remedy="x\ny"),
    ),
)


def test_the_plan_is_a_valid_lock_and_keeps_what_it_says() -> None:
    text = render(FULL)
    lock = Pylock.from_dict(tomllib.loads(text))
    assert [package.name for package in lock.packages] == ["a", "b", "c", "d", "e"]
    a, b, c, d, e = lock.packages
    assert a.wheels[0].hashes == {"sha256": HASH}
    assert b.sdist.url == "https://files.test/b-2.0.tar.gz"
    assert b.wheels is None
    assert b.tool["wheelplan"]["source-build"] == "native"
    assert c.archive is not None
    assert d.vcs.commit_id == "0" * 40
    assert e.directory.editable is True
    assert e.version is None
    assert lock.tool["wheelplan"]["machine"]["cuda-driver"] == "550.54.15"
    assert lock.tool["wheelplan"]["findings"][0]["summary"] == 'b says "never"\x1b[31m'
    assert str(lock.requires_python) == "==3.11.*"


def test_the_same_plan_gives_the_same_bytes_in_any_order() -> None:
    assert render(FULL) == render(replace(FULL, packages=tuple(reversed(FULL.packages))))


def test_an_empty_plan_is_still_a_lock() -> None:
    Pylock.from_dict(tomllib.loads(render(plan())))


def test_every_cut_and_every_flipped_line_breaks_the_seal() -> None:
    data = render(FULL).encode()
    check_digest(data)
    for end in range(len(data)):
        with pytest.raises(PlanError):
            check_digest(data[:end])
    lines = data.splitlines(keepends=True)
    for number in range(len(lines)):
        with pytest.raises(PlanError):
            check_digest(b"".join(lines[:number] + lines[number + 1 :]))


def test_local_files_are_named_from_the_plans_folder() -> None:
    text = render(
        plan(package(wheel("a", "1.0", url="file:///srv/wheels/a%201.whl"))), plan_dir="/srv/project"
    )
    assert 'path = "../wheels/a 1.whl"' in text


@given(st.text(), st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_survives_the_layout(summary: str, reason: str) -> None:
    summary, reason = (text.encode("utf-8", "replace").decode() for text in (summary, reason))
    found = Finding(code="WP101", severity="note", project="b", summary=f"s{summary}")
    text = render(plan(package(sdist("b", "1"), source_build="pure", reason=f"r{reason}"), findings=(found,)))
    told = tomllib.loads(text)
    assert told["tool"]["wheelplan"]["findings"][0]["summary"] == f"s{summary}"
    assert told["packages"][0]["tool"]["wheelplan"]["reason"] == f"r{reason}"
    check_digest(text.encode())


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"requests\nrich\n", "^This is no plan of wheelplan[.] "),
        (render(FULL).replace("\n", "\r\n").encode(), r"line ends were changed .*\.gitattributes"),
        (render(FULL).encode()[:-5], "it was cut or edited"),
        (b"", "it was cut or edited"),
    ],
    ids=["another file", "line ends", "cut", "empty"],
)
def test_why_a_text_is_no_whole_plan(data: bytes, told: str) -> None:
    with pytest.raises(PlanError, match=told) as caught:
        check_digest(data)
    assert "wheelplan check" in str(caught.value)
