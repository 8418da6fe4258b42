"""Retries, redirects, credentials, limits and words of the client, over a mock transport."""

from __future__ import annotations

import base64
import gzip
import sys
import threading
import types
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from planner.errors import UnreachableIndexError
from planner.indexes.client import Client, retry_after
from planner.indexes.credentials import Credentials, split_userinfo
from planner.indexes.fetch import tls_context
from planner.indexes.network import Network, NoAnswerError, origin_of, shown_url
from tests.indexes.fakes import Clock, Server, client

URL = "https://index.test/simple/demo/"


def fails(of: Client, url: str = URL, limit: int = 1 << 20, **keys: Any) -> UnreachableIndexError:
    with pytest.raises(UnreachableIndexError) as caught:
        of.get(url, limit=limit, **keys)
    return caught.value


def status(code: int, **headers: str) -> httpx.Response:
    return httpx.Response(code, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 520])
def test_not_now_is_asked_again(code: int) -> None:
    clock = Clock()
    server = Server({URL: [status(code), status(code), httpx.Response(200, content=b"ok")]})
    of = client(server, clock)
    assert of.get(URL, limit=100).body == b"ok"
    assert len(clock.slept) == of.counts.retries == 2
    assert 0 < clock.slept[0] < clock.slept[1] < 3


def test_never_now_is_told_with_its_status() -> None:
    server = Server({URL: status(503)})
    error = fails(client(server))
    assert error.id == "index-unavailable"
    assert error.where == URL
    assert "503" in error.what
    assert "asked 4 times" in error.what
    assert len(server.requests) == 4


@pytest.mark.parametrize("code", [200, 304, 400, 401, 403, 404, 410, 418])
def test_other_answers_are_the_caller_s(code: int) -> None:
    assert client(Server({URL: status(code)})).get(URL, limit=100).status == code


@pytest.mark.parametrize(
    ("wish", "low", "high"),
    [("2", 2, 2), ("0", 0, 0), ("3600", 10, 10), ("9" * 400, 10, 10), ("garbage", 0.5, 1), ("-1", 0.5, 1)],
)
def test_retry_after_is_obeyed_within_reason(wish: str, low: float, high: float) -> None:
    clock = Clock()
    server = Server({URL: [status(429, retry_after=wish), httpx.Response(200)]})
    client(server, clock).get(URL, limit=100)
    assert low <= clock.slept[0] <= high


def test_retry_after_as_a_date_counts_from_the_server_s_clock() -> None:
    date = "Tue, 24 Nov 2026 10:00:00 GMT"
    assert retry_after({"retry-after": "Tue, 24 Nov 2026 10:00:07 GMT", "date": date}) == 7
    assert (retry_after({"retry-after": "Fri, 31 Dec 2099 23:59:59 GMT", "date": date}) or 0) > 1e9
    assert retry_after({"retry-after": "Fri, 31 Dec 2099 23:59:59 GMT"}) is None


def test_a_wish_for_an_hour_ends_within_half_a_minute_and_is_told() -> None:
    clock = Clock()
    error = fails(client(Server({URL: status(503, retry_after="3600")}), clock))
    assert clock.now - 1000 <= 30
    assert "3600" in error.what


def test_all_pauses_of_a_run_have_one_budget() -> None:
    clock = Clock()
    of = client(Server({f"{URL}{at}": status(429, retry_after="10") for at in range(40)}), clock)
    for at in range(40):
        fails(of, f"{URL}{at}")
    assert sum(clock.slept) <= 60


def test_a_silent_origin_is_asked_once_and_then_believed() -> None:
    server = Server({URL: httpx.ReadTimeout("x"), f"{URL}b": httpx.ReadTimeout("x")})
    of = client(server)
    fails(of)
    asked = len(server.requests)
    error = fails(of, f"{URL}b")
    assert len(server.requests) == asked
    assert error.where == f"{URL}b"
    assert error.id == "index-unavailable"


def test_an_origin_that_answered_before_is_not_given_up() -> None:
    server = Server({URL: httpx.Response(200), f"{URL}b": httpx.ConnectError("refused")})
    of = client(server)
    of.get(URL, limit=10)
    fails(of, f"{URL}b")
    fails(of, f"{URL}b")
    assert len(server.requests) == 1 + 4 + 4
    fails(of, f"{URL}b")
    asked = len(server.requests)
    fails(of)  # three silences in a row are enough
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.ConnectError("[Errno 111] Connection refused"), "Connection refused"),
        (httpx.ConnectTimeout("t"), "within 10 s"),
        (httpx.ReadTimeout("t"), "within 20 s"),
        (httpx.RemoteProtocolError("peer closed connection"), "broke off"),
        (httpx.UnsupportedProtocol("no"), "cannot be asked"),
        (
            httpx.ConnectError(
                "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed (_ssl.c:1)"
            ),
            "certificate that cannot be verified (self-signed)",
        ),
    ],
)
def test_failures_are_sentences(error: Exception, words: str) -> None:
    told = fails(client(Server({URL: error})))
    assert words in told.what
    assert told.what.endswith(".")
    assert told.hint


def test_offline_asks_nothing() -> None:
    server = Server({})
    of = client(server, offline=True)
    assert fails(of).id == "offline"
    assert not server.requests


def test_a_stopped_client_asks_nothing() -> None:
    server = Server({})
    of = client(server)
    of.stop()
    fails(of)
    assert not server.requests


# -- bodies -----------------------------------------------------------------------------------------------


class Encoded:
    """An answer whose body is sent as it is."""

    def __init__(self, data: bytes, encoding: str = "gzip") -> None:
        self.data, self.encoding = data, encoding

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["accept-encoding"] == "gzip"
        headers = {"content-encoding": self.encoding, "content-length": str(len(self.data))}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(self.data))


def test_gzip_members_are_inflated() -> None:
    of = client(Server({URL: Encoded(gzip.compress(b"one ") + gzip.compress(b"two"))}))
    assert of.get(URL, limit=100).body == b"one two"


def test_a_bomb_is_refused_before_it_is_held() -> None:
    bomb = zlib.compressobj(wbits=31)
    data = b"".join([bomb.compress(bytes(1 << 20)) for _ in range(64)]) + bomb.flush()
    error = fails(client(Server({URL: Encoded(data)})), limit=1 << 20)
    assert error.id == "response-too-large"
    assert "1 MiB" in error.what


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b"x" * 1000, mtime=0)[:-9], b"no gzip at all", b""],
    ids=["cut", "no gzip", "empty"],
)
def test_damaged_gzip_is_asked_again(data: bytes) -> None:
    server = Server({URL: [Encoded(data), Encoded(gzip.compress(b"whole"))]})
    assert client(server).get(URL, limit=10_000).body == b"whole"


def test_limits_and_encodings() -> None:
    assert fails(client(Server({URL: b"x" * 101})), limit=100).id == "response-too-large"
    assert client(Server({URL: b"x" * 100})).get(URL, limit=100).body == b"x" * 100
    assert fails(client(Server({URL: Encoded(b"x", "br")}))).id == "index-malformed"
    many = httpx.Response(200, headers=[(f"x-{at}", "1") for at in range(500)])
    assert fails(client(Server({URL: many}))).id == "index-malformed"


# -- redirects and credentials ----------------------------------------------------------------------------


def moved(to: str, code: int = 302) -> httpx.Response:
    return httpx.Response(code, headers={"location": to})


def login_of(request: httpx.Request) -> str:
    header = request.headers.get("authorization", "")
    return base64.b64decode(header.removeprefix("Basic ")).decode()


def test_redirects_are_followed_and_the_last_address_is_told() -> None:
    server = Server(
        {URL: moved("/new/demo/"), "https://index.test/new/demo/": moved("//cdn.test/demo/", 308)}
    )
    server.answers["https://cdn.test/demo/"] = b"page"
    response = client(server).get(URL, limit=100)
    assert (response.body, response.url) == (b"page", "https://cdn.test/demo/")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://index.test/simple/demo/", "plain http"),
        ("file:///etc/passwd", "no http(s) address"),
        ("ftp://index.test/", "no http(s) address"),
        ("https://[::1/", "no http(s) address"),
        (URL, "more than 10 times"),
    ],
)
def test_redirects_that_are_not_followed(target: str, words: str) -> None:
    server = Server({URL: moved(target)})
    assert words in fails(client(server)).what
    assert len(server.requests) <= 11


def test_credentials_go_to_their_origin_alone() -> None:
    server = Server(
        {
            URL: moved("https://other.test/demo/"),
            "https://other.test/demo/": moved("https://index.test:8443/x"),
            "https://index.test:8443/x": b"ok",
        }
    )
    of = client(server, urls=("https://me:p%40ss@index.test/simple/",))
    response = of.get("https://me:p%40ss@index.test/simple/demo/", limit=100)
    assert response.body == b"ok"
    assert "me" not in response.url
    assert [login_of(request) for request in server.requests] == ["me:p@ss", "", ""]
    assert all("p%40ss" not in url for url in server.urls)
    for request in server.requests[1:]:
        assert set(request.headers) <= {"accept", "accept-encoding", "user-agent", "host"}


def test_two_indexes_of_one_host_have_their_own_logins() -> None:
    logins = Credentials(Network(), ("https://a:1@index.test/one/", "https://b:2@index.test/one/two/"))
    assert logins.header("https://index.test/one/x") != logins.header("https://index.test/one/two/x")
    assert logins.header("https://index.test/files/x")
    assert not logins.header("http://index.test/one/x")
    assert logins.identity("https://index.test/one/x") != logins.identity("https://index.test/one/two/x")


def test_netrc_is_read_for_its_hosts(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine index.test login me password s3cret\n")
    server = Server({URL: b"", "https://other.test/": b""})
    of = client(server, netrc=str(netrc))
    of.get(URL, limit=10)
    of.get("https://other.test/", limit=10)
    assert [login_of(request) for request in server.requests] == ["me:s3cret", ""]
    netrc.write_text("machine index.test login")
    assert not Credentials(Network(netrc=str(netrc))).header(URL)
    assert not Credentials(Network(netrc=str(tmp_path / "none"))).header(URL)


def test_keyring_is_asked_once_after_a_401(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def get_credential(service: str, user: str | None) -> Any:
        asked.append(service)
        return types.SimpleNamespace(username="me", password="ring") if service == "index.test" else None

    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_credential=get_credential))

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200 if login_of(request) == "me:ring" else 401)

    server = Server({URL: answer, f"{URL}b": answer})
    of = client(server)
    assert of.get(URL, limit=10).status == 200
    assert of.get(f"{URL}b", limit=10).status == 200
    assert len(server.requests) == 3
    assert asked == [URL, "index.test"]
    assert client(Server({URL: status(401)}), keyring=False).get(URL, limit=10).status == 401


def test_no_secret_in_any_word() -> None:
    secret = "https://me:s3cret@index.test/simple/demo/?X-Amz-Signature=t0ken"
    for answer in (
        status(500),
        httpx.ConnectError(f"cannot connect to {secret}"),
        moved("http://x:s3cret@y/"),
    ):
        of = client(always(answer), urls=(secret,))
        error = fails(of, secret)
        for text in (str(error), repr(error), error.where, error.what, error.hint):
            assert "s3cret" not in text
            assert "t0ken" not in text


def always(answer: Any) -> Any:
    def handler(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers)

    return handler


# -- settings ---------------------------------------------------------------------------------------------


def test_certificates_that_are_named_must_be_there(tmp_path: Path) -> None:
    network = Network.from_environment({"SSL_CERT_FILE": str(tmp_path / "none.pem")})
    with pytest.raises(NoAnswerError) as caught:
        tls_context(network)
    assert "SSL_CERT_FILE" in caught.value.hint
    assert not caught.value.again
    error = fails(Client(network, sleep=lambda _: None), "https://127.0.0.1:1/")
    assert "none.pem" in error.what
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(NoAnswerError):
        tls_context(Network(ca_bundle=str(tmp_path / "bad.pem")))


def test_the_system_s_certificates_are_checked() -> None:
    context = tls_context(Network())
    assert context.check_hostname


def test_settings_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("")
    environ = {"HOME": str(tmp_path), "https_proxy": "http://p.test:3128", "HTTP_PROXY": "http://q.test"}
    network = Network.from_environment({**environ, "NO_PROXY": "localhost"}, offline=True)
    assert dict(network.proxies) == {"https": "http://p.test:3128", "http": "http://q.test"}
    assert (network.no_proxy, network.offline) == ("localhost", True)
    assert network.netrc.endswith(".netrc")
    cgi = Network.from_environment({**environ, "REQUEST_METHOD": "GET"})
    assert "http" not in dict(cgi.proxies)
    assert Network.from_environment({}, proxy="http://z.test").proxies == (("all", "http://z.test"),)


@pytest.mark.parametrize(
    ("no_proxy", "direct"),
    [
        ("*", True),
        ("index.test", True),
        (".test", True),
        ("test:443", False),
        ("x.test, other", False),
        ("", False),
    ],
)
def test_no_proxy(no_proxy: str, direct: bool) -> None:
    network = Network(proxies=(("https", "http://proxy.test:3128"),), no_proxy=no_proxy)
    assert network.proxy_for("https", "index.test", None) == ("" if direct else "http://proxy.test:3128")
    assert network.proxy_for("http", "index.test", None) == ""


def test_addresses() -> None:
    assert origin_of("HTTPS://Index.Test:443/x") == origin_of("https://index.test/y")
    assert origin_of("https://index.test:x/") == ("", "", 0)
    assert shown_url("https://u:p@i.test/a?b=c#d") == "https://i.test/a?…"
    assert split_userinfo("https://i.test/a@b") == ("https://i.test/a@b", None)


def test_counts_are_whole_over_threads() -> None:
    server = Server({URL: b"12345"})
    of = client(server)
    threads = [threading.Thread(target=lambda: of.get(URL, limit=10)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (of.counts.requests, of.counts.received) == (20, 100)
