"""The network's faults N1 to N26 against a real socket: an answer or a sentence, in time, and nothing else.

Times are a hundredth of the real ones, so that the whole table runs in seconds; pauses take no time.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import hashlib
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Metadata, Refusal, Sdist, SdistReading, Wheel
from planner.indexes.cache import Cache
from planner.indexes.catalog import IndexCatalog
from planner.indexes.client import Client
from planner.indexes.network import Network
from planner.page import Answer, Page
from planner.policy import Index
from tests.faults import server as faults
from tests.faults.server import FaultIndex, cut_chunk, cut_length, drip, hang, head, ok, raw, reset, status
from tests.indexes.fakes import JSON, MARKERS, entry, json_page, metadata_text, no_sdist, wheel_bytes

DEMO = NormalizedName("demo")
PATH = "/simple/demo/"
WHEEL = "demo-1.0-py3-none-any.whl"
SDIST = "demo-1.0.tar.gz"
FAST = Network(
    connect_timeout=0.5,
    read_timeout=0.25,
    deadline=1.0,
    slow_window=0.3,
    slow_bytes=200,
    patience=0.4,
    keyring=False,
)
DATA = wheel_bytes(metadata_text(requires=["a>1"]), padding=300_000)
opened: list[IndexCatalog] = []


@pytest.fixture(autouse=True)
def certificates_are_read_once(system_trust: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.indexes.fetch.tls_context", system_trust)


@pytest.fixture
def index() -> Iterator[FaultIndex]:
    with faults.running() as running:
        yield running
        while opened:
            opened.pop().close()


def catalog(
    index: FaultIndex, *, folder: Path | None = None, network: Network = FAST, login: str = ""
) -> IndexCatalog:
    """A catalog with all the patience of a test."""
    url = f"{index.url}/simple/"
    of = IndexCatalog(
        (Index(url=url.replace("//", f"//{login}", 1), shown=url),),
        "first-index",
        client=Client(dataclasses.replace(network, patience=40), sleep=lambda _: None),
        cache=Cache(folder, now=time.monotonic),
        read_sdist=no_sdist,
    )
    opened.append(of)
    return of


def impatient(index: FaultIndex) -> IndexCatalog:
    """A catalog that gives up as early as the real one, in proportion."""
    of = catalog(index)
    of._client.network = FAST
    return of


def page_of(*files: dict[str, Any]) -> bytes:
    return json_page(*(files or (entry(SDIST),)))


def trouble(page: Page, kind: str = "index-unavailable") -> Answer:
    (answer,) = page.answers
    assert (answer.state, answer.id) == ("trouble", kind), answer
    assert answer.where.endswith(PATH)
    assert answer.why.endswith(".")
    return answer


def works(page: Page) -> None:
    assert [str(version) for version in page.versions] == ["1.0"], page.answers


# -- pages ------------------------------------------------------------------------------------------------


def test_n1_5xx_for_ever(index: FaultIndex) -> None:
    index.on(PATH, status(500))
    assert "500" in trouble(catalog(index).page(DEMO)).why
    assert index.hits(PATH) <= 5


@pytest.mark.parametrize(
    "fault",
    [status(502), status(429), status(503, retry_after="2"), reset],
    ids=["502", "429", "503", "reset"],
)
def test_n2_n3_n5_n6_twice_then_well(fault: Any, index: FaultIndex) -> None:
    index.on(PATH, fault, fault, ok(page_of(), content_type=JSON))
    works(catalog(index).page(DEMO))
    assert index.hits(PATH) == 3


def test_n6_reset_for_ever(index: FaultIndex) -> None:
    index.on(PATH, reset)
    trouble(catalog(index).page(DEMO))
    assert index.hits(PATH) <= 5


def test_n6_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    trouble(catalog(FaultIndex(port=port)).page(DEMO))


@pytest.mark.parametrize("cut", [cut_length, cut_chunk, faults.until_close])
def test_n7_a_cut_body_is_asked_again_and_never_kept(cut: Any, index: FaultIndex, tmp_path: Path) -> None:
    whole = page_of()
    index.on(PATH, cut(whole[:-9], content_type=JSON), ok(whole, content_type=JSON))
    works(catalog(index, folder=tmp_path).page(DEMO))
    index.on(PATH, cut(whole[:-9], content_type=JSON))
    kind = "index-malformed" if cut is faults.until_close else "index-unavailable"
    trouble(catalog(index).page(DEMO), kind)
    assert list((tmp_path / "v1" / "pages").iterdir())


def test_n8_no_answer(index: FaultIndex) -> None:
    index.on(PATH, hang)
    began = time.monotonic()
    of = impatient(index)
    trouble(of.page(DEMO))
    assert time.monotonic() - began < 5
    assert index.hits(PATH) <= 3
    # The rest of the projects do not wait for a dead index again.
    assert of.page(NormalizedName("other")).answers[0].state == "trouble"
    assert index.hits("/simple/other/") == 0


@pytest.mark.parametrize(
    "prefix",
    [
        head(200, {"content-type": JSON, "content-length": "1000000"}),
        head(200, {"content-type": JSON}),
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
    ],
    ids=["length", "no length", "headers"],
)
def test_n9_one_byte_after_the_other(prefix: bytes, index: FaultIndex) -> None:
    index.on(PATH, drip(prefix))
    began = time.monotonic()
    answer = trouble(impatient(index).page(DEMO))
    assert "too slowly" in answer.why
    assert time.monotonic() - began < 5


def test_n9_a_body_without_an_end(index: FaultIndex) -> None:
    async def endless(connection: faults.Connection) -> None:
        await connection.send(head(200, {"content-type": JSON}))
        for _ in range(100_000):
            await connection.send(b" " * 1000)
            await asyncio.sleep(0.005)

    index.on(PATH, endless)
    began = time.monotonic()
    assert "in time" in trouble(impatient(index).page(DEMO)).why
    assert time.monotonic() - began < 6


def test_n10_n11_bombs(index: FaultIndex) -> None:
    data = faults.bomb(256 << 20)
    index.on(PATH, ok(data, content_type=JSON, content_encoding="gzip"))
    tracemalloc.start()
    began = time.monotonic()
    try:
        trouble(catalog(index).page(DEMO), "response-too-large")
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 8
    assert index.hits(PATH) == 1
    index.on(PATH, ok(page_of(files(index, sidecar="00" * 32)), content_type=JSON))
    index.on(f"/files/{WHEEL}.metadata", ok(data, content_encoding="gzip"))
    found = wheel_metadata(catalog(index))
    assert isinstance(found, Refusal)
    assert found.id == "response-too-large"


@pytest.mark.parametrize(
    "body",
    [b'{"files": [', b'{"files": null}', b"[]", b"", b"[" * 200_000, b'{"files": [NaN]}'],
    ids=["cut", "null", "list", "empty", "deep", "nan"],
)
def test_n13_json_that_is_no_page(body: bytes, index: FaultIndex) -> None:
    index.on(PATH, ok(body, content_type=JSON))
    trouble(catalog(index).page(DEMO), "index-malformed")


def test_n14_one_bad_entry_among_good_ones(index: FaultIndex) -> None:
    bad = [entry("../../etc/passwd"), entry("demo-2.tar.gz", hashes={"sha256": "ff"}), {"filename": 5}, 7]
    index.on(PATH, ok(json_page(*bad, entry(SDIST)), content_type=JSON))
    page = catalog(index).page(DEMO)
    works(page)
    assert len(page.skipped) == 4


def test_n15_n16_other_pages(index: FaultIndex) -> None:
    index.on(PATH, ok(json.dumps({"meta": {"api-version": "2.0"}, "files": []}).encode(), content_type=JSON))
    trouble(catalog(index).page(DEMO), "index-api-version")
    index.on(PATH, ok(b"<html><form action='/login'></form></html>", content_type="text/html"))
    assert "login" in trouble(catalog(index).page(DEMO), "index-not-simple").why


@pytest.mark.parametrize(
    "target", [PATH, "file:///etc/passwd", "ftp://127.0.0.1/", "gopher:x", "//", "http://[::1"]
)
def test_n17_redirects(target: str, index: FaultIndex) -> None:
    index.on(PATH, status(302, location=target))
    (answer,) = catalog(index).page(DEMO).answers
    assert answer.state == "trouble"
    assert index.hits(PATH) <= 22


def test_n18_no_login_reaches_another_origin(index: FaultIndex) -> None:
    with faults.running() as other:
        index.on(PATH, status(307, location=f"{other.url}/moved/"))
        file = entry(SDIST, url=f"{other.url}/files/{SDIST}", hashes={})
        other.on("/moved/", ok(page_of(file), content_type=JSON, set_cookie="a=b"))
        other.on(f"/files/{SDIST}", ok(b"data"))
        of = catalog(index, login="me:s3cret@")
        works(of.page(DEMO))
        (sdist,) = of.page(DEMO).files(Version("1.0"))
        assert isinstance(sdist, Sdist)
        assert isinstance(of.sdist(sdist, MARKERS), SdistReading)
        assert "authorization" in index.seen[0].headers
        assert len(other.seen) == 2
        for connection in other.seen:
            assert set(connection.headers) == {"host", "user-agent", "accept", "accept-encoding"}


def test_n19_304_for_what_is_not_held(index: FaultIndex) -> None:
    index.on(PATH, status(304), ok(page_of(), content_type=JSON))
    works(catalog(index).page(DEMO))
    assert index.hits(PATH) == 2


@pytest.mark.parametrize(
    "data",
    [
        head(200, {f"x-{at}": "1" for at in range(10_000)}),
        head(200, {"x-big": "a" * 1_000_000}),
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"<html>HTTP/0.9</html>",
        b"HTTP/1.1 abc\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"",
    ],
    ids=[
        "10k headers",
        "1 MB header",
        "two lengths",
        "negative",
        "bad chunk",
        "0.9",
        "status",
        "tls",
        "nothing",
    ],
)
def test_n26_what_is_no_http(data: bytes, index: FaultIndex) -> None:
    index.on(PATH, raw(data))
    (answer,) = catalog(index).page(DEMO).answers
    assert answer.state == "trouble"
    assert answer.id in {"index-unavailable", "index-malformed"}


def test_n25_offline_opens_no_socket(index: FaultIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    of = catalog(index, network=dataclasses.replace(FAST, offline=True))
    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "create_connection", forbidden)
    trouble(of.page(DEMO), "offline")


def test_n25_a_proxy_is_used(index: FaultIndex) -> None:
    index.on("http://index.test/simple/demo/", ok(page_of(), content_type=JSON))
    network = dataclasses.replace(FAST, proxies=(("http", index.url.replace("//", "//me:pw@")),))
    of = catalog(index, network=network)
    of.indexes = (Index(url="http://index.test/simple/", shown="i"),)
    works(of.page(DEMO))
    assert index.seen[0].headers["proxy-authorization"].startswith("Basic ")


# -- files ------------------------------------------------------------------------------------------------


def files(index: FaultIndex, *, sidecar: Any = None, data: bytes = DATA, **keys: Any) -> dict[str, Any]:
    base = {"url": f"{index.url}/files/{WHEEL}", "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}
    offer = (
        {}
        if sidecar is None
        else {"core-metadata": {"sha256": sidecar} if isinstance(sidecar, str) else sidecar}
    )
    return entry(WHEEL, **{**base, "size": len(data), **offer, **keys})


def wheel_metadata(of: IndexCatalog) -> Metadata | Refusal:
    (wheel,) = of.page(DEMO).files(Version("1.0"))
    assert isinstance(wheel, Wheel)
    return of.metadata(wheel)


def serve(index: FaultIndex, *wheel: Any, metadata: Any = None, **keys: Any) -> Metadata | Refusal:
    index.on(PATH, ok(page_of(files(index, **keys)), content_type=JSON))
    index.on(f"/files/{WHEEL}", *wheel)
    if metadata is not None:
        index.on(f"/files/{WHEEL}.metadata", *metadata)
    return wheel_metadata(catalog(index))


SIDECAR = metadata_text(requires=["sidecar"])
SIDECAR_SHA = hashlib.sha256(SIDECAR).hexdigest()


@pytest.mark.parametrize(
    "fault",
    [status(500), status(429), reset, cut_length(SIDECAR[:20]), cut_chunk(SIDECAR[:20])],
    ids=["500", "429", "reset", "length", "chunk"],
)
def test_metadata_files_are_asked_again(fault: Any, index: FaultIndex) -> None:
    found = serve(index, faults.ranges(DATA), metadata=[fault, ok(SIDECAR)], sidecar=SIDECAR_SHA)
    assert isinstance(found, Metadata)
    assert found.requires == ("sidecar",)
    found = serve(index, faults.ranges(DATA), metadata=[fault], sidecar=SIDECAR_SHA)
    assert isinstance(found, Refusal)
    assert found.id == "index-unavailable"


def test_a_metadata_file_cut_without_a_trace_has_another_hash(index: FaultIndex) -> None:
    found = serve(
        index, faults.ranges(DATA), metadata=[faults.until_close(SIDECAR[:-4])], sidecar=SIDECAR_SHA
    )
    assert isinstance(found, Refusal)
    assert found.id == "metadata-mismatch"


def liar(**headers: str) -> Any:
    """A server of ranges that sends the end of the file and says something else."""

    async def answer(connection: faults.Connection) -> None:
        if "range" in connection.headers:
            await connection.answer(206, DATA[-65536:], **headers)
        else:
            await connection.answer(200, DATA)

    return answer


@pytest.mark.parametrize(
    "wheel",
    [
        ok(DATA),
        liar(),
        liar(content_range="bytes 0-65535/300000"),
        liar(content_range=f"bytes 5-65540/{len(DATA)}"),
        liar(content_range=f"bytes 0-1/{len(DATA)}"),
    ],
    ids=["ignored", "no echo", "other total", "other place", "other length"],
)
def test_n20_ranges_that_lie_are_not_used(wheel: Any, index: FaultIndex) -> None:
    found = serve(index, wheel, sidecar=False, size=None)
    assert isinstance(found, Metadata)
    assert (found.requires, found.source) == (("a>1",), "wheel")


def test_n21_an_announced_file_that_is_missing(index: FaultIndex) -> None:
    found = serve(index, faults.ranges(DATA), sidecar=SIDECAR_SHA)
    assert isinstance(found, Metadata)
    assert found.requires == ("a>1",)


@pytest.mark.parametrize(
    ("text", "sha"),
    [
        (SIDECAR, "00" * 32),
        (metadata_text("other"), None),
        (metadata_text(version="2.0"), None),
    ],
)
def test_n22_another_metadata_file(text: bytes, sha: str | None, index: FaultIndex) -> None:
    sha = sha or hashlib.sha256(text).hexdigest()
    found = serve(index, faults.ranges(DATA), metadata=[ok(text)], sidecar=sha)
    assert isinstance(found, Refusal)
    assert found.id == "metadata-mismatch"


def test_n23_a_replaced_wheel(index: FaultIndex) -> None:
    evil = wheel_bytes(metadata_text(requires=["evil"]), padding=310_000)
    found = serve(index, faults.ranges(evil), sidecar=False)
    assert isinstance(found, Refusal)
    assert found.id == "hash-mismatch"
    found = serve(index, ok(evil), sidecar=False, size=None)
    assert isinstance(found, Refusal)
    assert found.id == "hash-mismatch"


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([status(500), ok(b"data")], ""),
        ([reset, cut_length(b"dat"), ok(b"data")], ""),
        ([status(404)], "index-unavailable"),
        ([status(403)], "index-denied"),
        ([hang], "index-unavailable"),
        ([drip(head(200, {}))], "index-unavailable"),
        ([faults.until_close(b"dat")], "hash-mismatch"),
        ([ok(b"evil")], "hash-mismatch"),
        ([ok(gzip.compress(b"data"), content_encoding="br")], "index-malformed"),
    ],
    ids=["500 once", "cut once", "404", "403", "hang", "drip", "cut", "replaced", "encoding"],
)
def test_sdists(answers: Any, kind: str, index: FaultIndex) -> None:
    url = f"{index.url}/files/{SDIST}"
    file = entry(SDIST, url=url, hashes={"sha256": hashlib.sha256(b"data").hexdigest()})
    index.on(PATH, ok(page_of(file), content_type=JSON))
    index.on(f"/files/{SDIST}", *answers)
    of = catalog(index) if not kind else impatient(index)
    (sdist,) = of.page(DEMO).files(Version("1.0"))
    assert isinstance(sdist, Sdist)
    found = of.sdist(sdist, MARKERS)
    assert (found.id if isinstance(found, Refusal) else "") == kind


# -- all at once ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_chaos_gives_the_same_answer_or_none(seed: int, index: FaultIndex) -> None:
    """Whatever goes wrong on the way: the answer of a well index, or trouble with an id. Nothing third."""
    whole = page_of(files(index, sidecar=SIDECAR_SHA))
    digest = hashlib.sha256(bytes([seed])).digest()
    kinds = [status(500), reset, cut_length(whole[:50]), cut_chunk(whole[:50]), status(429, retry_after="1")]
    picked = [kinds[byte % 5] for byte in digest[: digest[0] % 6]]
    index.on(PATH, *picked, ok(whole, content_type=JSON))
    more = [kinds[byte % 5] for byte in digest[8 : 8 + digest[1] % 6]]
    index.on(f"/files/{WHEEL}.metadata", *more, ok(SIDECAR))
    of = catalog(index)
    page = of.page(DEMO)
    if page.troubles:
        assert len(picked) >= 4
        return
    found = wheel_metadata(of)
    if isinstance(found, Refusal):
        assert found.id == "index-unavailable"
        assert len(more) >= 4
    else:
        assert found.requires == ("sidecar",)


def test_a_dead_index_costs_its_time_once(index: FaultIndex) -> None:
    of = impatient(index)
    names = [NormalizedName(f"p{at}") for at in range(64)]
    for name in names:
        index.on(f"/simple/{name}/", hang)
    began = time.monotonic()
    threads = [
        threading.Thread(target=lambda part: [of.page(n) for n in part], args=(names[at::16],))
        for at in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 6
    assert all(of.page(name).troubles for name in names)
