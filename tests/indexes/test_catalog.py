"""Pages joined over indexes, the cache's freshness, sdists, direct files, local folders and prefetching."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Dist, Metadata, Reason, Refusal, Sdist, SdistReading, Wheel, parse_specifier
from planner.errors import ArchiveError
from planner.indexes.catalog import IndexCatalog
from planner.indexes.cells import Cell
from planner.indexes.prefetch import Ask, Prefetcher
from planner.page import Page
from planner.policy import Index
from planner.records import reading_from, reading_record
from tests.indexes.fakes import (
    FILES,
    INDEX,
    JSON,
    MARKERS,
    Server,
    catalog,
    entry,
    json_page,
    metadata_text,
    no_sdist,
    page_response,
    serve_ranges,
    wheel_bytes,
)

DEMO = NormalizedName("demo")
PAGE = f"{INDEX}demo/"
OTHER = "https://other.test/simple/"
SDIST = "demo-1.0.tar.gz"


def versions(page: Page) -> list[str]:
    return [str(version) for version in page.versions]


def states(page: Page) -> list[str]:
    return [answer.state for answer in page.answers]


def only_sdist(page: Page) -> Sdist:
    (dist,) = page.files(Version("1.0"))
    assert isinstance(dist, Sdist)
    return dist


# -- pages ------------------------------------------------------------------------------------------------


def test_a_page_is_asked_once() -> None:
    server = Server({PAGE: page_response(entry(SDIST))})
    of = catalog(server)
    assert of.page(DEMO) is of.page(DEMO)
    assert len(server.requests) == 1
    assert "json" in server.requests[0].headers["accept"]
    assert states(of.page(DEMO)) == ["found"]


def test_many_threads_ask_once() -> None:
    server = Server({PAGE: page_response(entry(SDIST))})
    of = catalog(server)
    pages: list[Page] = []
    threads = [threading.Thread(target=lambda: pages.append(of.page(DEMO))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.requests) == 1
    assert len(set(map(id, pages))) == 1


@pytest.mark.parametrize(
    ("headers", "later", "asked"),
    [
        ({}, 599, 1),
        ({}, 601, 2),
        ({"cache-control": "max-age=60, public"}, 61, 2),
        ({"cache-control": "max-age=60"}, 59, 1),
        ({"cache-control": "max-age=600", "age": "550"}, 51, 2),
        ({"cache-control": "max-age=99999999"}, 3601, 2),
        ({"cache-control": "no-cache"}, 0, 2),
        ({"cache-control": "no-store"}, 0, 2),
        ({}, -10, 2),
    ],
)
def test_how_long_a_page_is_believed(
    headers: dict[str, str], later: float, asked: int, tmp_path: Path
) -> None:
    response = page_response(entry(SDIST))
    response.headers.update(headers)
    server = Server({PAGE: response})
    now = [5000.0]
    catalog(server, folder=tmp_path, now=lambda: now[0]).page(DEMO)
    now[0] += later
    assert versions(catalog(server, folder=tmp_path, now=lambda: now[0]).page(DEMO)) == ["1.0"]
    assert len(server.requests) == asked


def test_a_stale_page_is_revalidated(tmp_path: Path) -> None:
    first = page_response(entry(SDIST))
    first.headers.update({"etag": '"abc"', "last-modified": "Tue, 24 Nov 2026 10:00:00 GMT"})
    server = Server({PAGE: [first, httpx.Response(304)]})
    now = [5000.0]
    catalog(server, folder=tmp_path, now=lambda: now[0]).page(DEMO)
    for _ in range(2):
        now[0] += 601
        page = catalog(server, folder=tmp_path, now=lambda: now[0]).page(DEMO)
        assert versions(page) == ["1.0"]
        assert server.requests[-1].headers["if-none-match"] == '"abc"'
        assert "if-modified-since" in server.requests[-1].headers
    assert len(server.requests) == 3
    catalog(server, folder=tmp_path, now=lambda: now[0]).page(DEMO)
    assert len(server.requests) == 3
    catalog(server, folder=tmp_path, now=lambda: now[0], refresh=True).page(DEMO)
    assert len(server.requests) == 4


def test_a_304_that_nobody_asked_for_is_asked_again() -> None:
    server = Server({PAGE: [httpx.Response(304), page_response(entry(SDIST))]})
    assert versions(catalog(server).page(DEMO)) == ["1.0"]
    always = Server({PAGE: httpx.Response(304)})
    assert states(catalog(always).page(DEMO)) == ["trouble"]
    assert len(always.requests) == 2


def test_a_404_is_remembered_for_a_while(tmp_path: Path) -> None:
    server = Server({})
    for _ in range(2):
        page = catalog(server, folder=tmp_path).page(DEMO)
        assert states(page) == ["missing"]
    assert len(server.requests) == 1


def test_offline_uses_what_is_old_and_names_what_is_missing(tmp_path: Path) -> None:
    catalog(Server({PAGE: page_response(entry(SDIST))}), folder=tmp_path, now=lambda: 0.0).page(DEMO)
    server = Server({})
    of = catalog(server, folder=tmp_path, now=lambda: 1e9, settings={"offline": True})
    assert versions(of.page(DEMO)) == ["1.0"]
    (answer,) = of.page(NormalizedName("other")).answers
    assert (answer.state, answer.id, answer.where) == ("trouble", "offline", f"{INDEX}other/")
    assert "--offline" in answer.why
    assert not server.requests


def test_two_logins_do_not_share_a_page(tmp_path: Path) -> None:
    server = Server({PAGE: page_response(entry(SDIST))})
    for user in ("a", "b", "a"):
        of = catalog(server, INDEX.replace("//", f"//{user}:pw@"), folder=tmp_path)
        assert of.page(DEMO).answers[0].where == PAGE
    assert len(server.requests) == 2
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"pw" not in file.read_bytes().replace(b"\x1d", b"")


def test_what_was_cut_without_a_trace_is_asked_again() -> None:
    whole = json_page(entry(SDIST))

    def cut(data: bytes) -> Any:
        return lambda _: httpx.Response(200, headers={"content-type": JSON}, stream=httpx.ByteStream(data))

    server = Server({PAGE: [cut(whole[:-5]), cut(whole)]})
    assert versions(catalog(server).page(DEMO)) == ["1.0"]
    of = catalog(Server({PAGE: cut(whole[:-5])}))
    assert of.page(DEMO).answers[0].id == "index-malformed"


# -- several indexes --------------------------------------------------------------------------------------


def two(first: Any, **keys: Any) -> tuple[Server, Page]:
    answers = {f"{OTHER}demo/": page_response(entry("demo-99.0.tar.gz"))}
    if first is not None:
        answers[PAGE] = first
    server = Server(answers)
    return server, catalog(server, INDEX, OTHER, **keys).page(DEMO)


def login_page() -> httpx.Response:
    body = b"<html><form action=/login></form><a href=/help>help</a></html>"
    return httpx.Response(200, content=body, headers={"content-type": "text/html"})


@pytest.mark.parametrize(
    ("first", "state", "kind"),
    [
        (page_response(entry(SDIST)), "found", ""),
        (page_response(), "found", ""),
        (httpx.Response(401), "trouble", "index-denied"),
        (httpx.Response(403), "trouble", "index-denied"),
        (httpx.Response(410), "trouble", "index-unavailable"),
        (httpx.Response(500), "trouble", "index-unavailable"),
        (httpx.Response(503), "trouble", "index-unavailable"),
        (httpx.ReadTimeout("hangs"), "trouble", "index-unavailable"),
        (httpx.ReadError("[Errno 104] Connection reset by peer"), "trouble", "index-unavailable"),
        (login_page(), "trouble", "index-not-simple"),
        (None, "missing", ""),
    ],
    ids=["found", "empty", "401", "403", "410", "500", "503", "hang", "reset", "login", "404"],
)
def test_dependency_confusion(first: Any, state: str, kind: str) -> None:
    """The private index comes first. Only where it says "no such project" may the public one serve it."""
    server, page = two(first)
    answer = page.answers[0]
    assert (answer.state, answer.id) == (state, kind)
    served = [listing.index for listing in page.listings]
    if state == "found":
        assert served == [INDEX]
        assert not any(url.startswith(OTHER) for url in server.urls)
    elif state == "trouble":
        assert page.troubles == (answer,)
        assert served == [OTHER]
        assert page.trouble_before(OTHER) == (answer,)  # so nothing of it may be pinned
        assert answer.why.endswith(".")
    else:
        assert served == [OTHER]
        assert page.trouble_before(OTHER) == ()


def test_best_match_joins_all_indexes() -> None:
    _, page = two(page_response(entry(SDIST)), strategy="unsafe-best-match")
    assert versions(page) == ["99.0", "1.0"]
    assert [file.index for version in page.versions for file in page.files(version)] == [OTHER, INDEX]


def test_projects_may_have_indexes_of_their_own() -> None:
    server = Server({f"{OTHER}demo/": page_response(entry(SDIST))})
    other = Index(url=OTHER, shown=OTHER)
    of = catalog(server, INDEX, serve=lambda project: (other,) if project == DEMO else None)
    assert versions(of.page(DEMO)) == ["1.0"]
    assert server.urls == [f"{OTHER}demo/"]


def test_addresses_of_indexes_take_any_form() -> None:
    server = Server({PAGE: page_response(entry(SDIST))})
    for url in ("https://index.test/simple", "https://index.test/simple//", f"{INDEX}#x"):
        assert versions(catalog(server, url).page(DEMO)) == ["1.0"]
    token = Server({f"{PAGE}?token=x": page_response(entry(SDIST))})
    assert versions(catalog(token, "https://index.test/simple?token=x").page(DEMO)) == ["1.0"]


def test_an_index_behind_one_that_has_the_project_is_said_to_be_unasked() -> None:
    server = Server({PAGE: page_response(entry(SDIST))})
    page = catalog(server, INDEX, OTHER).page(DEMO)
    assert states(page) == ["found", "unasked"]
    assert page.unasked == f"As {INDEX} has the project, this was not asked: {OTHER}"
    assert catalog(server, INDEX).page(DEMO).unasked == ""


def test_what_an_unasked_index_has_is_fetched_only_on_demand() -> None:
    there = {f"{OTHER}demo/": page_response(entry("demo-9.0-py3-none-any.whl"))}
    server = Server({PAGE: page_response(entry(SDIST)), **there})
    of = catalog(server, INDEX, OTHER)
    assert versions(of.page(DEMO)) == ["1.0"]
    assert server.urls == [PAGE]
    assert versions(of.shadowed(DEMO)) == ["9.0"]
    assert versions(of.page(DEMO)) == ["1.0"], "what is told of is not used"
    assert server.urls == [PAGE, f"{OTHER}demo/"]
    assert versions(catalog(server, INDEX).shadowed(DEMO)) == []


# -- local places and links -------------------------------------------------------------------------------


def links(url: str) -> Index:
    return Index(url=url, shown=url, kind="links")


def test_links_join_what_indexes_serve(tmp_path: Path) -> None:
    (tmp_path / "demo-2.0-py3-none-any.whl").write_bytes(wheel_bytes(version="2.0"))
    (tmp_path / "old-demo-1.0.tar.gz").write_bytes(b"x")
    (tmp_path / ".hidden-1.0.tar.gz").write_bytes(b"x")
    (tmp_path / "readme.txt").write_bytes(b"x")
    (tmp_path / "demo-3.0.tar.gz").mkdir()
    page = b'<a href="demo-4.0.tar.gz#sha256=%s">x</a>' % (b"0" * 64)
    server = Server({PAGE: page_response(entry(SDIST)), "https://links.test/": page})
    of = catalog(server, links(str(tmp_path)), INDEX, links("https://links.test/"), links(tmp_path.as_uri()))
    found = of.page(DEMO)
    assert versions(found) == ["4.0", "2.0", "1.0"]
    assert found.skipped == ()
    wheel = found.files(Version("2.0"))[0]
    assert isinstance(wheel, Wheel)
    assert wheel.row.size == (tmp_path / wheel.filename).stat().st_size
    metadata = of.metadata(wheel)
    assert isinstance(metadata, Metadata)
    assert of.digest(wheel) == hashlib.sha256((tmp_path / wheel.filename).read_bytes()).hexdigest()
    assert versions(of.page(NormalizedName("old-demo"))) == ["1.0"]
    assert server.urls.count("https://links.test/") == 1


def test_links_in_trouble_are_told_for_every_project() -> None:
    of = catalog(Server({}), links("/no/such/folder"), links("https://links.test/"))
    for project in ("a", "b"):
        page = of.page(NormalizedName(project))
        assert states(page) == ["trouble", "trouble"]
        assert "No such file" in page.answers[0].why
        assert "404" in page.answers[1].why


def test_a_file_index(tmp_path: Path) -> None:
    (tmp_path / "simple" / "demo").mkdir(parents=True)
    (tmp_path / "simple" / "flat").mkdir()
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "demo-1.0-py3-none-any.whl").write_bytes(wheel_bytes())
    (tmp_path / "simple" / "flat" / "flat-2.0.tar.gz").write_bytes(b"x")
    (tmp_path / "simple" / "demo" / "index.html").write_text(
        '<a href="../../files/demo-1.0-py3-none-any.whl#sha256=' + "0" * 64 + '">x</a>'
    )
    of = catalog(Server({}), (tmp_path / "simple").as_uri())
    (wheel,) = of.page(DEMO).files(Version("1.0"))
    assert wheel.row.url == (tmp_path / "files" / "demo-1.0-py3-none-any.whl").as_uri()
    assert isinstance(wheel, Wheel)
    assert isinstance(of.metadata(wheel), Metadata)
    assert versions(of.page(NormalizedName("flat"))) == ["2.0"]
    assert states(of.page(NormalizedName("none"))) == ["missing"]
    gone = catalog(Server({}), (tmp_path / "gone").as_uri(), INDEX).page(DEMO)
    assert states(gone) == ["trouble", "missing"]
    assert "no such folder" in gone.answers[0].why


# -- files ------------------------------------------------------------------------------------------------


def sdist_server(data: bytes, sha256: str | None = None) -> Server:
    sha256 = hashlib.sha256(data).hexdigest() if sha256 is None else sha256
    return Server({PAGE: page_response(entry(SDIST, hashes={"sha256": sha256})), f"{FILES}{SDIST}": data})


def test_an_sdist_is_read_once_and_remembered(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def read(
        filename: str, data: Any, project: NormalizedName, version: Version, markers: Mapping[str, str]
    ) -> Any:
        seen.append(data.read())
        metadata = Metadata(
            project=project, version=version, requires=("a",), extras=frozenset({DEMO}), source="sdist"
        )
        return SdistReading(metadata=metadata, native=True, native_because=("x.c:1",), build_requires=("s",))

    of = catalog(sdist_server(b"data"), folder=tmp_path, read_sdist=read)
    sdist = only_sdist(of.page(DEMO))
    for _ in range(2):
        of = catalog(sdist_server(b"data"), folder=tmp_path, read_sdist=read)
        reading = of.sdist(sdist, MARKERS)
        assert of.sdist(sdist, MARKERS) is reading
        assert isinstance(reading, SdistReading)
        assert (reading.native, reading.metadata.requires, reading.build_requires) == (True, ("a",), ("s",))
        assert seen == [b"data"]
    of.sdist(sdist, {**MARKERS, "python_full_version": "3.12.1"})
    assert len(seen) == 2
    newer = catalog(sdist_server(b"data"), folder=tmp_path, read_sdist=read, reader="2")
    newer.sdist(sdist, MARKERS)
    assert len(seen) == 3


def test_a_reader_is_told_of_an_sdist_before_it_is_downloaded(tmp_path: Path) -> None:
    server = sdist_server(b"data")
    told: list[int] = []
    for _ in range(2):
        of = catalog(
            server,
            folder=tmp_path,
            read_sdist=lambda *_: SdistReading(metadata=Metadata(project=DEMO, version=None)),
            expect_sdist=lambda: told.append(len(server.urls)),
        )
        of.sdist(only_sdist(of.page(DEMO)), MARKERS)
    assert told == [1]  # after the page; and not for what is remembered


def test_an_sdist_of_another_hash_is_not_read() -> None:
    of = catalog(sdist_server(b"data", "00" * 32), read_sdist=None)
    found = of.sdist(only_sdist(of.page(DEMO)), MARKERS)
    assert isinstance(found, Refusal)
    assert (found.reason, found.id) == (Reason.HASH, "hash-mismatch")


def test_an_sdist_that_cannot_be_had() -> None:
    def bad(*_: Any) -> Any:
        raise ArchiveError("The archive is cut.")

    of = catalog(sdist_server(b"data"), read_sdist=bad)
    found = of.sdist(only_sdist(of.page(DEMO)), MARKERS)
    assert isinstance(found, Refusal)
    assert found.detail == "The archive is cut."
    server = sdist_server(b"data")
    server.answers[f"{FILES}{SDIST}"] = httpx.Response(500)
    of = catalog(server)
    found = of.sdist(only_sdist(of.page(DEMO)), MARKERS)
    assert isinstance(found, Refusal)
    assert found.id == "index-unavailable"


def test_large_downloads_go_to_disk() -> None:
    data = bytes(20 << 20)
    sizes: list[int] = []

    def read(filename: str, file: Any, *_: Any) -> Any:
        assert not isinstance(file, io.BytesIO)
        sizes.append(len(file.read()))
        return no_sdist(filename, file, DEMO, None, {})

    of = catalog(sdist_server(data), read_sdist=read)
    of.sdist(only_sdist(of.page(DEMO)), MARKERS)
    assert sizes == [len(data)]


def test_readings_survive_the_cache() -> None:
    metadata = Metadata(
        project=DEMO, version=None, source="setup.py", certain=False, doubt="d", where="setup.py:3"
    )
    reading = SdistReading(metadata=metadata, native=None, refuses="<3", backend="b")
    assert reading_from(reading_record(reading)) == reading
    refusal = Refusal(filename="f", reason=Reason.HASH, detail="d", id="i")
    assert reading_from(reading_record(refusal)) == refusal
    assert reading_from({"metadata": {}}) is None
    assert reading_from({}) is None


def test_a_hash_that_no_index_gives_is_computed() -> None:
    server = Server({PAGE: page_response(entry(SDIST, hashes={})), f"{FILES}{SDIST}": b"data"})
    of = catalog(server)
    sdist = only_sdist(of.page(DEMO))
    assert sdist.row.sha256 == ""
    assert of.digest(sdist) == of.digest(sdist) == hashlib.sha256(b"data").hexdigest()
    assert server.urls.count(f"{FILES}{SDIST}") == 1
    server = Server({PAGE: page_response(entry(SDIST, hashes={}))})
    of = catalog(server)
    assert isinstance(of.digest(only_sdist(of.page(DEMO))), Refusal)


SHA = "ab" * 32


@pytest.mark.parametrize(
    ("url", "project", "name", "version"),
    [
        (f"https://me:pw@files.test/demo-1.0-py3-none-any.whl#sha256={SHA}", None, "demo", "1.0"),
        (f"https://files.test/a/demo-1.0.tar.gz?x=1#egg=demo&sha256={SHA}", None, "demo", "1.0"),
        (f"https://files.test/My_Demo-1.0.zip#sha256={SHA}", "my-demo", "my-demo", "1.0"),
        (
            f"file:///opt/wheels/demo-1.0%2Bcpu-1-cp311-cp311-linux_x86_64.whl#sha256={SHA}",
            None,
            "demo",
            "1.0+cpu",
        ),
    ],
)
def test_direct_files(url: str, project: str | None, name: str, version: str) -> None:
    dist = catalog(Server({})).direct(url, NormalizedName(project) if project else None, MARKERS)
    assert not isinstance(dist, Refusal)
    assert (dist.project, str(dist.version), dist.row.sha256, dist.index) == (name, version, SHA, "")
    assert "pw" not in dist.row.url
    assert "#" not in dist.row.url


@pytest.mark.parametrize(
    ("url", "project", "words"),
    [
        ("git+https://code.test/demo.git", "demo", "neither a path nor"),
        ("https://files.test/demo.git", "demo", "neither a wheel nor an archive"),
        ("https://files.test/v1.0.zip", None, "names no project"),
        ("https://files.test/other-1.0-py3-none-any.whl", "demo", "another project"),
        ("https://files.test/demo-x-py3-none-any.whl", "demo", "no version"),
        ("https://files.test/v1.zip", "demo", "could not be read"),
    ],
)
def test_direct_files_that_are_refused(url: str, project: str | None, words: str) -> None:
    found = catalog(Server({})).direct(url, NormalizedName(project) if project else None, MARKERS)
    assert isinstance(found, Refusal)
    assert words in found.detail


def test_an_archive_that_tells_its_version_inside(tmp_path: Path) -> None:
    (tmp_path / "v1.0.zip").write_bytes(b"x")

    def read(filename: str, data: Any, project: NormalizedName, version: Any, markers: Any) -> SdistReading:
        assert version is None
        return SdistReading(metadata=Metadata(project=project, version=Version("1.5"), source="sdist"))

    dist = catalog(Server({}), read_sdist=read).direct(str(tmp_path / "v1.0.zip"), DEMO, MARKERS)
    assert isinstance(dist, Sdist)
    assert str(dist.version) == "1.5"
    assert dist.row.url.startswith("file://")
    found = catalog(Server({})).direct(str(tmp_path / "v1.0.zip"), DEMO, MARKERS)
    assert isinstance(found, Refusal)


# -- prefetching ------------------------------------------------------------------------------------------


def newest(page: Page, specifier: str) -> Dist | None:
    return next((dist for version in page.versions for dist in page.files(version)), None)


def next_asks(metadata: Metadata, extras: frozenset[str]) -> Iterable[Ask]:
    return [Ask(NormalizedName(text), ">=1", frozenset()) for text in metadata.requires]


def chain(length: int) -> Server:
    """Projects p0 → p1 → … each with a wheel that requires the next."""
    answers: dict[str, Any] = {}
    for at in range(length):
        name = f"p{at}"
        data = wheel_bytes(metadata_text(name, requires=[f"p{at + 1}"] if at + 1 < length else []), name=name)
        filename = f"{name}-1.0-py3-none-any.whl"
        file = entry(filename, hashes={"sha256": hashlib.sha256(data).hexdigest()}, size=len(data))
        answers[f"{INDEX}{name}/"] = page_response({**file, "core-metadata": False}, name=name)
        answers[f"{FILES}{filename}"] = serve_ranges(data)
    return Server(answers)


def prefetcher(of: IndexCatalog, **keys: Any) -> Prefetcher:
    return Prefetcher(of, newest, next_asks, markers=MARKERS, **{"eager": True, **keys})


def test_prefetching_walks_to_the_end() -> None:
    server = chain(12)
    of = catalog(server)
    ahead = prefetcher(of, threads=4)
    ahead.ahead(NormalizedName("p0"))
    ahead.ahead(NormalizedName("p0"))
    assert ahead.wait(10)
    ahead.stop()
    assert len(server.requests) == 24
    for at in range(12):
        page = of.page(NormalizedName(f"p{at}"))
        wheel = newest(page, "")
        assert isinstance(wheel, Wheel)
        assert isinstance(of.metadata(wheel), Metadata)
    assert len(server.requests) == 24


def test_prefetching_and_asking_meet() -> None:
    server = chain(8)
    of = catalog(server)
    ahead = prefetcher(of)
    for at in range(8):
        ahead.ahead(NormalizedName(f"p{at}"))
        wheel = newest(of.page(NormalizedName(f"p{at}")), "")
        assert isinstance(wheel, Wheel)
        assert isinstance(of.metadata(wheel), Metadata)
    assert ahead.wait(10)
    ahead.stop()
    assert len(server.requests) == 16


def test_prefetching_waits_for_the_first_request(tmp_path: Path) -> None:
    server = chain(4)
    of = catalog(server, folder=tmp_path)
    ahead = prefetcher(of, eager=False)
    ahead.ahead(NormalizedName("p0"))
    assert not ahead.wait(0.05)
    assert not server.requests
    of.page(NormalizedName("p0"))
    assert ahead.wait(10)
    assert len(server.requests) == 8
    later = prefetcher(of, eager=False)
    later.ahead(NormalizedName("p1"))
    assert later.wait(10)
    warm = catalog(server, folder=tmp_path)
    ahead = prefetcher(warm, eager=False)
    for at in range(4):
        ahead.ahead(NormalizedName(f"p{at}"))
        wheel = newest(warm.page(NormalizedName(f"p{at}")), "")
        assert isinstance(wheel, Wheel)
        warm.metadata(wheel)
    assert len(server.requests) == 8
    assert warm.counts.cached == 8
    assert not ahead._threads
    ahead.stop()


def first_of(page: Page, specifier: str) -> Dist | None:
    wanted = parse_specifier(specifier)
    assert wanted is not None
    return next((dist for version in wanted.filter(page.versions) for dist in page.files(version)), None)


def test_a_resolver_that_goes_down_the_versions_finds_them_fetched() -> None:
    names = [f"demo-1.{at}-py3-none-any.whl" for at in range(40)]
    answers: dict[str, Any] = {
        PAGE: page_response(*(entry(name, **{"core-metadata": True}) for name in names))
    }
    for at, name in enumerate(names):
        answers[f"{FILES}{name}.metadata"] = metadata_text(version=f"1.{at}")
    server = Server(answers)
    of = catalog(server)
    ahead = Prefetcher(of, first_of, next_asks, markers=MARKERS, threads=2)
    page = of.page(DEMO)
    by_resolver = []
    for version in page.versions[:24]:
        (wheel,) = page.files(version)
        assert isinstance(wheel, Wheel)
        if not of.metadata_cell(wheel).started:
            by_resolver.append(version)
        assert isinstance(of.metadata(wheel), Metadata)
        assert ahead.wait(5)
    ahead.stop()
    assert by_resolver == list(page.versions[:2])
    assert len(server.urls) == len(set(server.urls))


def test_prefetching_survives_everything_and_stops() -> None:
    def broken(page: Page, specifier: str) -> Dist | None:
        raise ValueError(specifier)

    of = catalog(chain(2))
    ahead = Prefetcher(of, broken, next_asks, markers=MARKERS, eager=True)
    ahead.ahead(NormalizedName("p0"))
    ahead.ahead(NormalizedName("none"))
    assert ahead.wait(10)
    ahead.stop()
    ahead.ahead(NormalizedName("p1"))
    assert of.pages.values() == 2
    of.close()


def test_sdists_are_fetched_ahead() -> None:
    def read(filename: str, data: Any, project: NormalizedName, version: Any, markers: Any) -> SdistReading:
        return SdistReading(
            metadata=Metadata(project=project, version=version, requires=("p0",), source="sdist")
        )

    server = chain(1)
    server.answers |= sdist_server(b"data").answers
    of = catalog(server, read_sdist=read)
    ahead = prefetcher(of)
    ahead.ahead(DEMO)
    assert ahead.wait(10)
    ahead.stop()
    assert f"{FILES}p0-1.0-py3-none-any.whl" in server.urls


def test_a_failed_cell_fails_for_all() -> None:
    cell: Cell[int] = Cell()

    def fail() -> int:
        raise KeyError("x")

    for _ in range(2):
        with pytest.raises(KeyError):
            cell.get(fail)
    called: list[int] = []
    assert not cell.busy(lambda: called.append(1))


def test_who_comes_while_a_value_is_made_is_called_back() -> None:
    cell: Cell[int] = Cell()
    called: list[int] = []

    def make() -> int:
        assert cell.busy(lambda: called.append(1))
        assert called == []
        return 7

    assert cell.get(make) == 7
    assert called == [1]


def test_progress_is_told() -> None:
    told: list[int] = []
    of = catalog(
        Server({PAGE: page_response(entry(SDIST))}), progress=lambda counts: told.append(counts.requests)
    )
    of.page(DEMO)
    assert told == [1]
