"""The ladder to a wheel's metadata, what is refused, and the zip directory read from its end."""

from __future__ import annotations

import contextlib
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.tags import parse_tag
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Metadata, Reason, Refusal, Row, Wheel
from planner.errors import ArchiveError
from planner.headertext import read_header
from planner.indexes.cache import Cache
from planner.indexes.headers import wheel_metadata
from planner.indexes.wheels import WheelReader
from planner.indexes.wheeltail import Window, metadata_bytes, tail_size
from planner.records import metadata_from, metadata_record
from tests.indexes.fakes import FILES, Server, client, metadata_text, serve_ranges, wheel_bytes

NAME = "demo-1.0-py3-none-any.whl"
URL = f"{FILES}{NAME}"
DEMO = NormalizedName("demo")


def a_wheel(data: bytes = b"", url: str = URL, **keys: Any) -> Wheel:
    base = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} if data else {}
    row = Row(NAME, url, **{**base, **keys})
    tags = frozenset(parse_tag("py3-none-any"))
    return Wheel(row=row, project=DEMO, version=Version("1.0"), build=(), tags=tags, index="i")


def reader(server: Any, folder: Path | None = None, **settings_: Any) -> WheelReader:
    return WheelReader(client(server, **settings_), Cache(folder, now=lambda: 0.0))


LARGE = wheel_bytes(metadata_text(requires=["a>1", "b; extra == 'x'"]), padding=400_000)
SMALL = wheel_bytes(metadata_text(requires=["a>1"]))


def read(server: Any, wheel: Wheel, **keys: Any) -> Metadata:
    found = reader(server, **keys).read(wheel)
    assert isinstance(found, Metadata), found
    return found


def refusal(server: Any, wheel: Wheel, **keys: Any) -> Refusal:
    found = reader(server, **keys).read(wheel)
    assert isinstance(found, Refusal), found
    return found


def test_an_announced_file_is_asked_alone_and_its_hash_checked() -> None:
    content = metadata_text(requires=["a>1"], tail="Provides-Extra: Some_Extra\nRequires-Python: >=3.9\n")
    server = Server({f"{URL}.metadata": content})
    found = read(server, a_wheel(LARGE, metadata=hashlib.sha256(content).hexdigest()))
    assert found.requires == ("a>1",)
    assert found.extras == {"some-extra"}
    assert found.requires_python == ">=3.9"
    assert found.source == "sidecar"
    assert server.urls == [f"{URL}.metadata"]


def test_an_announced_file_of_another_hash_is_refused() -> None:
    server = Server({f"{URL}.metadata": metadata_text(), URL: serve_ranges(LARGE)})
    found = refusal(server, a_wheel(LARGE, metadata="00" * 32))
    assert (found.reason, found.id) == (Reason.HASH, "metadata-mismatch")


def test_an_announced_file_that_is_not_there() -> None:
    found = read(Server({URL: serve_ranges(LARGE)}), a_wheel(LARGE, metadata="00" * 32))
    assert found.source == "wheel-tail"
    assert found.requires == ("a>1", "b; extra == 'x'")


def test_what_the_index_denies_is_not_asked() -> None:
    server = Server({URL: serve_ranges(LARGE)})
    read(server, a_wheel(LARGE, metadata=""))
    assert server.urls == [URL]


def test_a_host_without_metadata_files_is_soon_not_asked_for_them() -> None:
    server = Server({f"{URL}?{at}": serve_ranges(LARGE) for at in range(10)})
    of = reader(server)
    for at in range(10):
        assert isinstance(of.read(a_wheel(LARGE, url=f"{URL}?{at}")), Metadata)
    assert sum(".metadata" in url for url in server.urls) == 4
    assert f"{URL}.metadata?0" in server.urls


def test_a_host_that_answers_everything_with_a_page() -> None:
    page = httpx.Response(200, content=b"<html>not here</html>")
    server = Server({f"{URL}.metadata": page, URL: serve_ranges(LARGE)})
    assert read(server, a_wheel(LARGE)).source == "wheel-tail"


def test_a_small_wheel_is_read_whole_and_its_hash_checked() -> None:
    assert read(Server({URL: SMALL}), a_wheel(SMALL, metadata="")).source == "wheel"
    found = refusal(Server({URL: SMALL}), a_wheel(SMALL, metadata="", sha256="00" * 32))
    assert (found.reason, found.id) == (Reason.HASH, "hash-mismatch")


def test_a_server_without_ranges_gives_the_whole_wheel() -> None:
    server = Server({URL: LARGE})
    assert read(server, a_wheel(LARGE, metadata="")).source == "wheel"
    assert len(server.requests) == 2
    assert "range" not in server.requests[1].headers
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "echo",
    ["", "bytes 0-9/10", "bytes 1-2/*", "items 0-1/2", "bytes 9-3/100", f"bytes 0-{len(LARGE)}/{len(LARGE)}"],
)
def test_a_range_that_is_another_one_is_not_used(echo: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "range" in request.headers:
            return httpx.Response(206, content=LARGE[-65536:], headers={"content-range": echo})
        return httpx.Response(200, content=LARGE)

    assert read(Server({URL: answer}), a_wheel(LARGE, metadata="")).source == "wheel"


def test_a_wheel_of_another_size_was_replaced() -> None:
    found = refusal(
        Server({URL: serve_ranges(LARGE)}), a_wheel(LARGE, metadata="", size=len(LARGE) + 200_000)
    )
    assert found.id == "hash-mismatch"


@pytest.mark.parametrize(
    ("code", "kind"), [(403, "index-denied"), (404, "index-unavailable"), (503, "index-unavailable")]
)
def test_trouble_with_an_address_is_not_the_wheel_s_fault(code: int, kind: str) -> None:
    found = refusal(Server({URL: httpx.Response(code)}), a_wheel(LARGE, metadata=""))
    assert found.id == kind
    assert str(code) in found.detail


def test_offline(tmp_path: Path) -> None:
    assert refusal(Server({}), a_wheel(LARGE), offline=True).id == "offline"
    read(Server({URL: serve_ranges(LARGE)}), a_wheel(LARGE), folder=tmp_path)
    assert read(Server({}), a_wheel(LARGE), folder=tmp_path, offline=True).requires


def test_the_cache_is_by_hash_and_host(tmp_path: Path) -> None:
    read(Server({URL: serve_ranges(LARGE)}), a_wheel(LARGE), folder=tmp_path)
    server = Server({})
    assert read(server, a_wheel(LARGE), folder=tmp_path).requires
    assert not server.requests
    elsewhere = a_wheel(LARGE, url=f"https://evil.test/{NAME}")
    assert isinstance(reader(server, tmp_path).read(elsewhere), Refusal)
    other = a_wheel(SMALL, sha256="")
    assert isinstance(reader(Server({URL: SMALL}), tmp_path).read(other), Metadata)
    assert isinstance(reader(Server({}), tmp_path).read(other), Refusal)


def test_local_wheels(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(LARGE)
    found = read(Server({}), a_wheel(url=path.as_uri()))
    assert found.requires == ("a>1", "b; extra == 'x'")
    path.write_bytes(b"no zip")
    assert refusal(Server({}), a_wheel(url=path.as_uri())).id == "archive"
    path.unlink()
    assert refusal(Server({}), a_wheel(url=path.as_uri())).id == "unreadable"


# -- METADATA ---------------------------------------------------------------------------------------------


def understood(data: bytes) -> Metadata | Refusal:
    return wheel_metadata(
        data, filename=NAME, project=DEMO, version=Version("1.0"), source="wheel", where="w"
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (metadata_text("other"), "of other"),
        (metadata_text(version="1.1"), "version 1.1, not 1.0"),
        (metadata_text(version="new"), "version new"),
        (b"", "names no project"),
        (b"Name: demo\n\n", "names no version"),
        (b"\xff\xfe\x00", "names no project"),
        (metadata_text(requires=["a>1", "numpy (>=1.0"]), "Requires-Dist: numpy (>=1.0"),
        (metadata_text(requires=["a; pyton_version > '3'"]), "pyton_version"),
        (metadata_text(requires=["a>=3.*"]), "a>=3.*"),
    ],
)
def test_metadata_that_is_refused(data: bytes, words: str) -> None:
    found = understood(data)
    assert isinstance(found, Refusal)
    assert found.reason is Reason.METADATA
    assert words in found.detail


def test_headers_as_email_has_them() -> None:
    data = (
        b"Metadata-Version: 2.1\r\nNAME: De.mo\r\nVersion:1.0.0\r\nRequires-Dist: a;\r\n  extra == 'b'\r\n"
        b"Requires-Dist: c (>=1)\r\nRequires-Python: three\r\nSummary: \xe9\r\n\r\nName: body\r\nRequires-Dist: no\r\n"
    )
    found = wheel_metadata(
        data, filename=NAME, project=NormalizedName("de-mo"), version=Version("1"), source="wheel", where=""
    )
    assert isinstance(found, Metadata)
    assert found.requires == ("a; extra == 'b'", "c (>=1)")
    assert found.requires_python == ""
    assert "three" in found.doubt
    assert found.certain
    assert read_header(b"Name: a\nno header\nVersion: 1") == {"name": ["a"]}
    assert read_header(b"Name: a\rVersion: 1\r\rx: y") == {"name": ["a"], "version": ["1"]}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300).map(lambda noise: b"Name: demo\nVersion: 1.0\n" + noise))
def test_no_metadata_raises(data: bytes) -> None:
    found = understood(data)
    if isinstance(found, Metadata):
        assert metadata_from(metadata_record(found)) == found


@given(
    st.dictionaries(
        st.sampled_from(["project", "version", "refused", "requires", "extras"]), st.none() | st.text()
    )
)
@settings(max_examples=50, deadline=None)
def test_no_record_raises(record: dict[str, Any]) -> None:
    assert metadata_from(record) is None


# -- the zip directory ------------------------------------------------------------------------------------


def from_end(data: bytes, tail: int = 1 << 16, reads: list[tuple[int, int]] | None = None) -> bytes:
    def part(start: int, stop: int) -> bytes:
        if reads is not None:
            reads.append((start, stop))
        return data[start:stop]

    return metadata_bytes(Window(data[-tail:], len(data)), part, NAME).content


def test_a_project_s_next_wheel_is_asked_for_as_much_as_its_last_needed() -> None:
    server = Server({f"{URL}?{at}": serve_ranges(LARGE) for at in range(2)})
    of = reader(server)
    for at in range(2):
        assert isinstance(of.read(a_wheel(LARGE, url=f"{URL}?{at}", metadata="")), Metadata)
    assert [request.headers["range"] for request in server.requests] == ["bytes=-65536", "bytes=-16384"]


@pytest.mark.parametrize("tail", [22, 100, 300, 5_000, 1 << 20])
def test_any_tail_leads_to_the_metadata(tail: int) -> None:
    assert from_end(LARGE, tail).startswith(b"Metadata-Version")


def test_metadata_at_the_front_is_read_alone() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("demo-1.0.dist-info/METADATA", metadata_text())
        archive.writestr("demo/data.bin", bytes(300_000))
    reads: list[tuple[int, int]] = []
    assert from_end(buffer.getvalue(), 1000, reads) == metadata_text()
    assert sum(stop - start for start, stop in reads) < 1000


@pytest.mark.parametrize("limit", ["ZIP64_LIMIT", "ZIP_FILECOUNT_LIMIT"])
def test_wheels_with_64_bit_records(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    archive = zipfile.ZipFile(buffer, "w")
    archive.writestr("demo/__init__.py", b"")
    archive.writestr("demo-1.0.dist-info/METADATA", metadata_text())
    monkeypatch.setattr(zipfile, limit, 1)  # so that closing writes the 64-bit forms
    archive.close()
    data = buffer.getvalue()
    assert b"PK\6\6" in data
    assert from_end(data) == from_end(data, 22) == metadata_text()
    for at in range(data.index(b"PK\6\6"), len(data)):  # records that disagree are refused
        damaged = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with contextlib.suppress(ArchiveError):
            assert from_end(damaged) == metadata_text()


def test_a_comment_must_be_as_long_as_it_says() -> None:
    buffer = io.BytesIO(SMALL)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"made by hand" + bytes(30)
    data = buffer.getvalue()
    assert from_end(data) == metadata_text(requires=["a>1"])
    for other in (data + b"x", data[:-1], data.replace(b"by hand", b"b\x50K\5\6nd")):
        with pytest.raises(ArchiveError):
            from_end(other)


def twice() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("demo-1.0.dist-info/METADATA", b"a")
        archive.writestr("Demo-1.0.dist-info/METADATA", b"b")
    return buffer.getvalue()


def without() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("demo/sub/demo-1.0.dist-info/METADATA", b"a")
    return buffer.getvalue()


def local_name_differs() -> bytes:
    at = SMALL.index(b"demo-1.0.dist-info/METADATA")
    return SMALL[:at] + b"evil" + SMALL[at + 4 :]


def bad_checksum() -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("demo-1.0.dist-info/METADATA", metadata_text(requires=["good"]))
    return stored.getvalue().replace(b"Requires-Dist: good", b"Requires-Dist: evil", 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "too short"),
        (b"x" * 100, "no zip directory"),
        (SMALL[:-1], "no zip directory|contradicts"),
        (SMALL + b"\0", "contradicts|no zip directory"),
        (b"junk" + SMALL, "bytes between"),
        (twice(), "more than one METADATA"),
        (without(), "no METADATA"),
        (wheel_bytes(name="other"), "another project"),
        (local_name_differs(), "differently"),
        (bad_checksum(), "checksum"),
        (wheel_bytes(bytes(9 << 20)), "too large"),
    ],
)
def test_archives_that_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(ArchiveError, match=words):
        from_end(data)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(SMALL) - 1), st.integers(1, 255))
def test_a_damaged_wheel_raises_nothing_else(at: int, flip: int) -> None:
    data = SMALL[:at] + bytes([SMALL[at] ^ flip]) + SMALL[at + 1 :]
    with contextlib.suppress(ArchiveError):
        assert from_end(data) == metadata_text(requires=["a>1"])


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_noise_raises_nothing_else(noise: bytes) -> None:
    for data in (noise, noise + SMALL[-22:], SMALL[:-22] + noise + SMALL[-22:]):
        with contextlib.suppress(ArchiveError):
            from_end(data)


def test_tails_grow_with_wheels() -> None:
    assert tail_size(None) == tail_size(1000) == 64 << 10
    assert tail_size(16 << 20) == tail_size(900 << 20) == 256 << 10
