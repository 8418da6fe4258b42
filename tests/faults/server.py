"""An index on loopback that answers exactly as badly as it is told; hand-written responses, no framework.

A fault is an async function of a connection; frameworks would mend just what has to be broken here.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Connection:
    """One request, and the means to answer it."""

    path: str
    headers: dict[str, str]
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """A well-formed answer with a length."""
        await self.send(head(status, {"content-length": str(len(body)), **named(headers)}) + body)

    def abort(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()


Answer = Callable[[Connection], Awaitable[None]]


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def head(status: int, headers: dict[str, str]) -> bytes:
    """Status line and headers."""
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@dataclass
class FaultIndex:
    """Answers by path: each path has its answers in order, the last one for ever after."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    seen: list[Connection] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, path: str, *answers: Answer) -> None:
        """What a path answers."""
        self.answers[path] = list(answers)

    def hits(self, path: str) -> int:
        """How often a path was asked."""
        return sum(connection.path == path for connection in self.seen)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                first, *lines = raw.decode("latin-1").split("\r\n")
                headers = {}
                for line in lines:
                    name, colon, value = line.partition(":")
                    if colon:
                        headers[name.lower()] = value.strip()
                connection = Connection(first.split(" ")[1], headers, writer)
                self.seen.append(connection)
                answers = self.answers.get(connection.path)
                if not answers:
                    await connection.answer(404)
                    continue
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                await answer(connection)
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError, RuntimeError):
            pass
        finally:
            writer.close()


@contextmanager
def running() -> Iterator[FaultIndex]:
    """A server in a thread of its own, on a free port of loopback."""
    index = FaultIndex()
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    over = asyncio.Event()

    async def main() -> None:
        server = await asyncio.start_server(index.serve, "127.0.0.1", 0, limit=1 << 20)
        index.port = server.sockets[0].getsockname()[1]
        ready.set()
        await over.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the next round

    def run() -> None:
        loop.run_until_complete(main())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield index
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(5)


# -- faults -----------------------------------------------------------------------------------------------


def ok(body: bytes, **headers: str) -> Answer:
    return lambda connection: connection.answer(200, body, **headers)


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda connection: connection.answer(code, body, **headers)


async def reset(connection: Connection) -> None:
    connection.abort()


async def hang(connection: Connection) -> None:
    await asyncio.sleep(30)


def raw(data: bytes, *, close: bool = True) -> Answer:
    """These bytes and nothing else."""

    async def answer(connection: Connection) -> None:
        await connection.send(data)
        if close:
            connection.writer.close()

    return answer


def cut_length(body: bytes, **headers: str) -> Answer:
    """A body that ends before its length."""
    return raw(head(200, {"content-length": str(len(body) + 10), **named(headers)}) + body)


def cut_chunk(body: bytes, **headers: str) -> Answer:
    """A chunked body without its last chunk."""
    data = b"%x\r\n%s\r\n" % (len(body), body)
    return raw(head(200, {"transfer-encoding": "chunked", **named(headers)}) + data)


def until_close(body: bytes, **headers: str) -> Answer:
    """A body that only the end of the connection ends."""
    return raw(head(200, {"connection": "close", **named(headers)}) + body)


def drip(prefix: bytes, seconds: float = 0.02) -> Answer:
    """One byte after the other, for ever."""

    async def answer(connection: Connection) -> None:
        await connection.send(prefix)
        while True:
            await connection.send(b" ")
            await asyncio.sleep(seconds)

    return answer


def bomb(size: int) -> bytes:
    """Some MiB of zeros as gzip: what one MiB of them gives, repeated (RFC 1951 allows it after a full flush)."""
    block = bytes(1 << 20)
    packer = zlib.compressobj(9, wbits=-15)
    piece = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    times, check = size >> 20, 0
    for _ in range(times):
        check = zlib.crc32(block, check)
    start = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return start + piece * times + packer.flush() + struct.pack("<II", check, times << 20)


def ranges(data: bytes) -> Answer:
    """A file of which parts are served."""

    async def answer(connection: Connection) -> None:
        wanted = connection.headers.get("range", "")
        if not wanted:
            await connection.answer(200, data)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(data) - int(last))
        stop = min(len(data), int(last) + 1) if first and last else len(data)
        await connection.answer(206, data[start:stop], content_range=f"bytes {start}-{stop - 1}/{len(data)}")

    return answer


def publish_dated(server: FaultIndex, project: str, files: Mapping[Path, str]) -> None:
    """A project's page (PEP 691) with the day on which each of its files appeared, and the files."""
    listed = []
    for path, day in files.items():
        data = path.read_bytes()
        server.on(f"/{path.name}", ok(data))
        hashes = {"sha256": hashlib.sha256(data).hexdigest()}
        listed.append({"filename": path.name, "url": f"/{path.name}", "hashes": hashes})
        listed[-1]["upload-time"] = f"{day}T00:00:00Z"
    page = {"meta": {"api-version": "1.1"}, "name": project, "files": listed, "versions": []}
    kind = "application/vnd.pypi.simple.v1+json"
    server.on(f"/{project}/", ok(json.dumps(page).encode(), content_type=kind))
