"""Index pages, wheels and a mock transport, made from values."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Metadata, Refusal, SdistReading
from planner.indexes.cache import Cache
from planner.indexes.catalog import IndexCatalog
from planner.indexes.client import Client
from planner.indexes.credentials import Credentials
from planner.indexes.fetch import HttpWire
from planner.indexes.network import Network
from planner.policy import Index, IndexStrategy

JSON = "application/vnd.pypi.simple.v1+json"
INDEX = "https://index.test/simple/"
FILES = "https://files.test/packages/"
MARKERS = {"python_full_version": "3.11.7", "sys_platform": "linux"}

Handler = Callable[[httpx.Request], httpx.Response]


def entry(filename: str, /, **keys: Any) -> dict[str, Any]:
    """One file of a JSON page."""
    sha256 = hashlib.sha256(filename.encode()).hexdigest()
    base = {"filename": filename, "url": f"{FILES}{filename}", "hashes": {"sha256": sha256}}
    return {**base, "size": 1000, "upload-time": "2026-01-02T03:04:05.000000Z", "yanked": False, **keys}


def json_page(*entries: Any, **keys: Any) -> bytes:
    """A project page as PEP 691 has it."""
    base = {"meta": {"api-version": "1.1"}, "name": "demo", "files": list(entries)}
    return json.dumps({**base, **keys}).encode()


def page_response(*entries: Any, **keys: Any) -> httpx.Response:
    """The answer with such a page."""
    return httpx.Response(200, content=json_page(*entries, **keys), headers={"content-type": JSON})


def metadata_text(
    name: str = "demo", version: str = "1.0", requires: Iterable[str] = (), tail: str = ""
) -> bytes:
    """A METADATA file."""
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    lines += [f"Requires-Dist: {text}\n" for text in requires]
    return ("".join(lines) + tail + "\nbody\n").encode()


def wheel_bytes(
    metadata: bytes | None = None,
    *,
    name: str = "demo",
    version: str = "1.0",
    padding: int = 0,
    **members: bytes,
) -> bytes:
    """A wheel with that METADATA, after `padding` bytes that do not compress."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("demo/__init__.py", b"")
        if padding:
            block = b"".join(
                hashlib.sha256(bytes([at % 251, at // 251 % 251])).digest() for at in range(padding // 32)
            )
            archive.writestr(zipfile.ZipInfo("demo/data.bin"), block)
        for member, content in members.items():
            archive.writestr(member, content)
        content = metadata_text(name, version) if metadata is None else metadata
        archive.writestr(f"{name}-{version}.dist-info/METADATA", content)
    return buffer.getvalue()


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Server:
    """A mock of the network: answers by address, and remembers what was asked."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.get(str(request.url))
        if answer is None:
            return httpx.Response(404)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            made: httpx.Response = answer(request)
            return made
        if isinstance(answer, bytes):
            return httpx.Response(200, content=answer)
        # A response object is consumed by its reader: give a copy.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def urls(self) -> list[str]:
        """The addresses asked, in order."""
        return [str(request.url) for request in self.requests]


def serve_ranges(data: bytes) -> Handler:
    """A handler that serves parts of a file as RFC 9110 says."""

    def handler(request: httpx.Request) -> httpx.Response:
        wanted = request.headers.get("range", "")
        if not wanted:
            return httpx.Response(200, content=data)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(data) - int(last))
        stop = min(len(data), int(last) + 1) if first and last else len(data)
        headers = {"content-range": f"bytes {start}-{stop - 1}/{len(data)}"}
        return httpx.Response(206, content=data[start:stop], headers=headers)

    return handler


def client(
    server: Handler, clock: Clock | None = None, urls: tuple[str, ...] = (), **settings: Any
) -> Client:
    """A client over a mock, which sleeps without taking time."""
    clock = clock or Clock()
    network = Network(**settings)
    return Client(
        network,
        credentials=Credentials(network, urls),
        wire=lambda: HttpWire(network, transport=httpx.MockTransport(server), clock=clock),
        clock=clock,
        sleep=clock.sleep,
    )


def no_sdist(
    filename: str, data: object, project: NormalizedName, version: Version | None, markers: Mapping[str, str]
) -> SdistReading | Refusal:
    """An sdist reader that finds nothing in particular."""
    return SdistReading(metadata=Metadata(project=project, version=version, source="none"))


def catalog(
    server: Handler,
    *urls: str | Index,
    strategy: IndexStrategy = "first-index",
    folder: Path | None = None,
    now: Callable[[], float] = lambda: 5000.0,
    warn: Callable[[str], None] = lambda _: None,
    read_sdist: Any = no_sdist,
    settings: Mapping[str, Any] | None = None,
    **keys: Any,
) -> IndexCatalog:
    """A catalog over a mock; addresses stand for simple indexes."""
    indexes = tuple(
        url if isinstance(url, Index) else Index(url=url, shown=url.rpartition("@")[2])
        for url in urls or (INDEX,)
    )
    return IndexCatalog(
        indexes,
        strategy,
        client=client(server, **(settings or {})),
        cache=Cache(folder, now=now, warn=warn),
        read_sdist=read_sdist,
        **keys,
    )
