"""JSON and HTML pages: the same list from both, odd entries skipped and told, broken pages refused."""

from __future__ import annotations

import contextlib
import html
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import NormalizedName

from planner.dists import Misfit, Row
from planner.errors import UnreachableIndexError
from planner.indexes.pages import parse_links, parse_page
from planner.indexes.shelves import CompactPage
from planner.page import Page, read_filename, version_text
from tests.indexes.fakes import FILES, JSON, entry, json_page

URL = "https://index.test/simple/demo/"
DEMO = NormalizedName("demo")
SHA = "ab" * 32


def parse(body: bytes, kind: str = JSON) -> CompactPage:
    return parse_page(body, content_type=kind, url=URL, project=DEMO)


def rows(body: bytes, kind: str = JSON) -> list[Row]:
    return list(parse(body, kind).listing("i").rows)


def html_page(*anchors: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{''.join(anchors)}</body></html>".encode()


def refused(body: bytes, kind: str = JSON) -> UnreachableIndexError:
    with pytest.raises(UnreachableIndexError) as caught:
        parse(body, kind)
    return caught.value


def test_json_entry_becomes_a_row() -> None:
    body = json_page(
        entry(
            "demo-1.0-py3-none-any.whl",
            **{"requires-python": ">=3.8", "core-metadata": {"sha256": SHA}, "yanked": "broken\nbadly"},
        ),
        entry("demo-1.0.tar.gz", **{"core-metadata": False, "requires-python": None}),
    )
    wheel, sdist = rows(body)
    assert wheel.requires_python == ">=3.8"
    assert wheel.url == f"{FILES}demo-1.0-py3-none-any.whl"
    assert wheel.size == 1000
    assert wheel.upload_time == "2026-01-02T03:04:05.000000Z"
    assert wheel.yanked == "broken badly"
    assert wheel.metadata == SHA
    assert (sdist.metadata, sdist.yanked, sdist.requires_python) == ("", None, "")


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        ("core-metadata", True, "metadata", "true"),
        ("core-metadata", {"sha512": "ff"}, "metadata", "true"),
        ("dist-info-metadata", {"sha256": SHA.upper()}, "metadata", SHA),
        ("yanked", True, "yanked", ""),
        ("yanked", "", "yanked", None),
        ("size", -3, "size", None),
        ("size", "12", "size", None),
        ("size", True, "size", None),
        ("upload-time", "2026-01-02T05:04:05+02:00", "upload_time", "2026-01-02T03:04:05Z"),
        ("upload-time", "yesterday", "upload_time", ""),
        ("upload-time", 12, "upload_time", ""),
        ("requires-python", 3, "requires_python", ""),
        ("hashes", {}, "sha256", ""),
        ("hashes", {"md5": "0F"}, "hashes", (("md5", "0f"),)),
        ("url", "../../files/demo-1.0.tar.gz#sha256=0", "url", "https://index.test/files/demo-1.0.tar.gz"),
        ("url", "https://me:pw@files.test/demo-1.0.tar.gz", "url", "https://files.test/demo-1.0.tar.gz"),
        ("url", "https://files.test/a b/demo-1.0.tar.gz", "url", "https://files.test/a%20b/demo-1.0.tar.gz"),
        ("url", "https://files.test/get?id=5", "url", "https://files.test/get?id=5"),
    ],
)
def test_values_in_all_their_forms(key: str, value: Any, field: str, expected: Any) -> None:
    (row,) = rows(json_page(entry("demo-1.0.tar.gz", **{key: value})))
    assert getattr(row, field) == expected


@pytest.mark.parametrize(
    "bad",
    [
        "text",
        None,
        {},
        entry("../../etc/passwd"),
        entry("a\\b.whl"),
        entry("demo-1.0\u202e.tar.gz"),
        entry("demo-\x00.tar.gz"),
        entry("demo-2.tar.gz", filename=7),
        entry("demo-2.tar.gz", filename=""),
        entry("demo-2.tar.gz", hashes={"sha256": "ff"}),
        entry("demo-2.tar.gz", hashes={"sha256": "zz" * 32}),
        entry("demo-2.tar.gz", hashes=[]),
        entry("demo-2.tar.gz", url="ftp://files.test/demo-2.tar.gz"),
        entry("demo-2.tar.gz", url="file:///etc/passwd"),
        entry("demo-2.tar.gz", url="https://[::1/demo-2.tar.gz"),
        entry("demo-2.tar.gz", url=5),
    ],
)
def test_a_bad_entry_costs_itself_alone(bad: Any) -> None:
    page = parse(json_page(entry("demo-1.0.tar.gz"), bad, entry("demo-1.1.tar.gz")))
    read = Page(DEMO, [page.listing("i")])
    assert [str(version) for version in read.versions] == ["1.1", "1.0"]
    assert len(read.skipped) == 1


def test_files_of_other_names_are_told_not_dropped() -> None:
    page = parse(json_page(entry("demo-1.0.exe"), entry("other-1.0.tar.gz"), entry("demo-x.y.tar.gz")))
    assert {misfit.filename for misfit in Page(DEMO, [page.listing("i")]).skipped} == {
        "demo-1.0.exe",
        "other-1.0.tar.gz",
        "demo-x.y.tar.gz",
    }


def test_versions_are_shelves_newest_first_and_survive_the_cache() -> None:
    names = ["demo-1.0.tar.gz", "demo-1.10.tar.gz", "demo-1.9.tar.gz", "demo-1.9-py3-none-any.whl"]
    page = parse(json_page(*map(entry, names), **{"project-status": {"status": "archived", "reason": "old"}}))
    again = CompactPage.from_header(json.loads(json.dumps(page.header())), page.text)
    assert again == page
    listing = again.listing("i")
    assert listing.shelves is not None
    assert list(listing.shelves) == ["1.10", "1.9", "1.0"]
    assert [row.filename for row in listing.shelves["1.9"]] == names[2:]
    assert len(listing.rows) == 4
    assert Page(DEMO, [listing]).status == ("archived", "old")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"files": null}',
        b'{"meta": {"api-version": "1.0"}}',
        b'{"files": [',
        b'{"files": [NaN]}',
        b'{"files": [], "x": Infinity}',
        b"[" * 200_000,
        b'{"files":' + b"[" * 200_000,
        b'{"files": [], "x": "\xff"}',
        b'{"files": [], "x": ' + b"9" * 10_000 + b"}",
        b'{"meta": {"api-version": "one"}, "files": []}',
    ],
)
def test_json_that_is_no_page(body: bytes) -> None:
    error = refused(body)
    assert error.id == "index-malformed"
    assert error.where == URL
    assert error.hint


def test_api_versions() -> None:
    assert refused(json_page(meta={"api-version": "2.0"})).id == "index-api-version"
    assert rows(json_page(entry("demo-1.0.tar.gz"), meta={"api-version": "1.9"}))
    assert rows(json_page(entry("demo-1.0.tar.gz"), meta=None))
    newer = html_page(
        '<a href="demo-1.0.tar.gz">x</a>', head='<meta name="pypi:repository-version" content="2.1">'
    )
    assert refused(newer, "text/html").id == "index-api-version"


def test_html_anchors() -> None:
    body = html_page(
        f'<a href="demo-1.0-py3-none-any.whl#sha256={SHA}" data-requires-python="&gt;=3.8" data-yanked="a &amp; b"'
        f' data-dist-info-metadata="sha256={SHA}">demo</a>',
        '<A HREF="/elsewhere/demo-1.1.tar.gz" data-yanked>demo-1.1</A>',
        '<a href="https://files.test/demo-1.2%2Bcpu.tar.gz" data-core-metadata="true">t</a>',
        '<a href="../">up</a><a>none</a><a href="readme.html">read</a>',
        head='<base href="https://files.test/base/"><base href="https://evil.test/">'
        '<meta name="pypi:project-status" content="deprecated">',
    )
    page = parse(body, "text/html; charset=utf-8")
    by_name = {row.filename: row for row in page.listing("i").rows}
    wheel = by_name["demo-1.0-py3-none-any.whl"]
    assert wheel.url == "https://files.test/base/demo-1.0-py3-none-any.whl"
    assert (wheel.requires_python, wheel.yanked, wheel.metadata, wheel.sha256) == (">=3.8", "a & b", SHA, SHA)
    assert by_name["demo-1.1.tar.gz"].url == "https://files.test/elsewhere/demo-1.1.tar.gz"
    assert by_name["demo-1.1.tar.gz"].yanked == ""
    assert by_name["demo-1.2+cpu.tar.gz"].metadata == "true"
    assert len(by_name) == 3
    assert page.status == "deprecated"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (
            b"<html><body><form action='/login'><a href='/help'>help</a></form></body></html>",
            "index-not-simple",
        ),
        (b"", "index-not-simple"),
        (b"just text", "index-not-simple"),
        (html_page('<a href="demo-1.0.tar.gz">x</a>')[:-20] + b"<a href='", "index-malformed"),
        (b"<![if x]>" + html_page('<a href="demo-1.0.tar.gz">x</a>') + b"<![x[", "index-malformed"),
    ],
)
def test_html_that_is_no_page(body: bytes, kind: str) -> None:
    assert refused(body, "text/html").id == kind


def test_an_index_may_have_a_project_without_files() -> None:
    assert rows(html_page("<h1>Links for demo</h1>"), "text/html") == []
    assert rows(html_page(head='<meta name="pypi:repository-version" content="1.0">'), "text/html") == []
    assert rows(json_page()) == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", json_page(entry("demo-1.0.tar.gz"))),
        ("", json_page(entry("demo-1.0.tar.gz"))),
        ("application/json; charset=utf-8", b"\xef\xbb\xbf" + json_page(entry("demo-1.0.tar.gz"))),
        ("text/html; charset=no-such-codec", html_page('<a href="demo-1.0.tar.gz">x</a>')),
        ("text/html; charset=utf-16", html_page('<a href="demo-1.0.tar.gz">x</a>').decode().encode("utf-16")),
        ("", html_page('<a href="demo-1.0.tar.gz">x</a>')),
    ],
)
def test_the_kind_of_a_page_is_found_out(kind: str, body: bytes) -> None:
    assert [row.filename for row in rows(body, kind)] == ["demo-1.0.tar.gz"]


def test_a_broken_page_takes_no_endless_time() -> None:
    began = time.perf_counter()
    for piece in (b"<!--", b"<a href=", b"<![CDATA[", b'<a "', b"<?"):
        with pytest.raises(UnreachableIndexError):
            parse(piece * 100_000, "text/html")
    assert time.perf_counter() - began < 5


def test_links_page_lists_all_projects() -> None:
    body = html_page(
        '<a href="demo-1.0.tar.gz">x</a><a href="other-2.0-py3-none-any.whl">y</a><a href="/x">z</a>'
    )
    found = parse_links(body, content_type="text/html", url="https://links.test/page.html")
    assert [row.url for row in found] == [
        "https://links.test/demo-1.0.tar.gz",
        "https://links.test/other-2.0-py3-none-any.whl",
    ]
    assert [
        row.filename for row in parse_links(json_page(entry("demo-1.0.tar.gz")), content_type=JSON, url=URL)
    ] == ["demo-1.0.tar.gz"]


def test_a_page_of_100_000_files() -> None:
    files = [entry(f"demo-{at // 40}.{at % 7}-cp3{at % 20}-cp3{at % 20}-win32.whl") for at in range(100_000)]
    body = json_page(*files)
    began = time.perf_counter()
    page = Page(DEMO, [parse(body).listing("i")])
    assert page.versions
    assert time.perf_counter() - began < 6


hexes = st.text("0123456789abcdef", min_size=64, max_size=64)
words = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=20)
versions = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,2}){0,2}(rc1|\.post1)?", fullmatch=True)
names = st.one_of(
    versions.map(lambda version: f"demo-{version}.tar.gz"),
    versions.map(lambda version: f"demo-{version}-py3-none-any.whl"),
    versions.map(lambda version: f"demo-{version}+cpu-1-cp311-cp311-linux_x86_64.whl"),
    st.sampled_from(["demo.zip", "other-1.0.tar.gz", "demo-1.0-py3-none-any-x-y.whl", "demo-1.0.egg"]),
)
entries = st.builds(
    lambda name, sha, python, yanked, offer: {
        "filename": name,
        "url": f"https://files.test/{name.replace('+', '%2B')}",
        "hashes": {"sha256": sha},
        "requires-python": python,
        "yanked": yanked,
        "core-metadata": offer,
    },
    names,
    hexes,
    words,
    st.one_of(st.booleans(), words.filter(bool)),
    st.one_of(st.booleans(), hexes.map(lambda sha: {"sha256": sha})),
)


def anchor(file: dict[str, Any]) -> str:
    text = f'<a href="{file["url"]}#sha256={file["hashes"]["sha256"]}"'
    if file["requires-python"]:
        text += f' data-requires-python="{html.escape(file["requires-python"])}"'
    if file["yanked"]:
        reason = "" if file["yanked"] is True else html.escape(file["yanked"])
        text += f' data-yanked="{reason}"'
    offer = file["core-metadata"]
    said = f"sha256={offer['sha256']}" if isinstance(offer, dict) else str(offer).lower()
    return f'{text} data-core-metadata="{said}">{file["filename"]}</a>'


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        names,
        st.from_regex(
            r"[dD][eE]mo[-_.0-9a-z+]{0,12}(\.whl|\.zip|\.tar\.gz|-py3-none-any\.whl)", fullmatch=True
        ),
    )
)
def test_the_short_way_to_a_version_agrees_with_the_long_one(name: str) -> None:
    read = read_filename(name, DEMO)
    assert version_text(name, DEMO) == ("" if isinstance(read, Misfit) else read.version)


@settings(max_examples=60, deadline=None)
@given(st.lists(entries, max_size=8), st.booleans())
def test_json_and_html_say_the_same(files: list[dict[str, Any]], ascii_only: bool) -> None:
    head = '<meta name="pypi:repository-version" content="1.0">'
    document = {"meta": {"api-version": "1.0"}, "name": "demo", "files": files}
    from_json = parse(json.dumps(document, ensure_ascii=ascii_only).encode())
    from_html = parse(html_page(*map(anchor, files), head=head), "text/html; charset=utf-8")
    assert list(from_json.listing("i").rows) == list(from_html.listing("i").rows)
    assert len(from_json.listing("i").rows) == len(files)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text()),
            lambda inner: st.one_of(
                st.lists(inner, max_size=4),
                st.dictionaries(
                    st.sampled_from(
                        ["files", "meta", "url", "filename", "hashes", "sha256", "yanked", "size"]
                    ),
                    inner,
                ),
            ),
        ).map(lambda value: json.dumps({"files": [value], "meta": value}).encode()),
    ),
    st.sampled_from([JSON, "text/html", ""]),
)
def test_no_bytes_raise_anything_else(body: bytes, kind: str) -> None:
    with contextlib.suppress(UnreachableIndexError):
        page = Page(DEMO, [parse(body, kind).listing("i")])
        for version in page.versions:
            assert page.files(version) or page.skipped


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400).map(lambda noise: b"<a href='demo-1.0.tar.gz'>" + noise))
def test_html_noise_raises_nothing_else(body: bytes) -> None:
    with contextlib.suppress(UnreachableIndexError):
        assert parse(body, "text/html").listing("i").rows
