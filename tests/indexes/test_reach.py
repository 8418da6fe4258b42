"""Whether a file is there: one request for one byte, without credentials, and never a wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from planner.indexes.credentials import Credentials
from planner.indexes.network import Network
from planner.indexes.reach import SECONDS, exists
from planner.policy import Index
from tests.indexes.fakes import FILES, INDEX, Clock, Server, catalog, client

URL = "https://code.test/releases/a-1.0+cu12-py3-none-any.whl"
SIGNED = "https://objects.test/a.whl?sig=1"


def answer(status: int, content: bytes = b"", **headers: str) -> httpx.Response:
    return httpx.Response(status, content=content, headers=headers)


@pytest.mark.parametrize(
    ("given", "there"),
    [
        (answer(206, b"P"), True),
        (answer(200, b"P"), True),
        (answer(200, b"PK" * 5000), True),  # it sends all of it, and is cut off
        (answer(404, b"Not Found"), False),
        (answer(410), False),
        (answer(403, b"no"), None),
        (answer(401, b"who?"), None),
        (answer(416), None),
        (answer(500), None),
        (answer(503), None),
        (answer(429), None),
        (httpx.ConnectTimeout("slow"), None),
        (httpx.ReadError("gone"), None),
    ],
)
def test_what_an_answer_means(given: Any, there: bool | None) -> None:
    clock, server = Clock(), Server({URL: given})
    assert exists(client(server, clock), URL) is there
    assert len(server.requests) == 1
    assert clock.slept == []
    (request,) = server.requests
    assert (request.method, request.headers["range"]) == ("GET", "bytes=0-0")


@pytest.mark.parametrize(("status", "there"), [(206, True), (404, False)])
def test_a_redirect_to_a_signed_address_is_followed(status: int, there: bool) -> None:
    server = Server({URL: answer(302, location=SIGNED), SIGNED: answer(status, b"P")})
    assert exists(client(server), URL) is there
    assert len(server.requests) == 2


def test_offline_asks_nobody() -> None:
    server = Server({})
    assert exists(client(server, offline=True), URL) is None
    assert server.requests == []


def test_no_credentials_are_sent(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine code.test login me password secret\n", encoding="utf-8")
    server = Server({URL: answer(401)})
    network = Network(netrc=str(netrc))
    of = client(server, netrc=str(netrc))
    assert Credentials(network).header(URL)
    assert exists(of, URL) is None
    assert ["authorization" in request.headers for request in server.requests] == [False]


def test_it_takes_a_few_seconds_at_most() -> None:
    assert SECONDS <= 5


@pytest.mark.parametrize(("url", "kind"), [(FILES, "links"), ("file:///index.test/simple/", "simple")])
def test_a_run_without_an_index_asks_nobody(url: str, kind: Any) -> None:
    server = Server({URL: answer(206, b"P")})
    assert catalog(server, Index(url=url, kind=kind, shown=url)).exists(URL) is None
    assert server.requests == []
    assert catalog(server, INDEX).exists(URL) is True
