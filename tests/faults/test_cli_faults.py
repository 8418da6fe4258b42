"""Faults of an index through the real command, in a process: exit code, words, seconds and memory.

What takes real time (hangs, drips, waits) is marked live: `pytest -m live tests/faults`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.faults import server as faults
from tests.faults.server import FaultIndex, ok, running, status

ROOT = Path(__file__).parents[2]
MACHINE = ROOT / "tests" / "cases" / "web" / "machine.toml"
JSON = "application/vnd.pypi.simple.v1+json"
PLAN = "an old plan\n"
MEMORY = 256  # MiB
SECONDS = 30


class Ran(NamedTuple):
    code: int
    out: str
    err: str
    seconds: float


@pytest.fixture
def index() -> Iterator[FaultIndex]:
    with running() as index:
        yield index


def page(*files: dict[str, Any]) -> bytes:
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "demo", "files": list(files)}).encode()


def wheel(version: str = "1.0", **keys: Any) -> dict[str, Any]:
    name = f"demo-{version}-py3-none-any.whl"
    return {"filename": name, "url": f"/files/{name}", "hashes": {"sha256": "0" * 64}, **keys}


SERVER = """
import contextlib, io, json, os, resource, signal, sys
import httpx
from planner.cli import main
from planner.indexes import fetch
from planner.indexes.client import Client
from planner.indexes.network import Network

system = fetch.tls_context(Network())  # read once: 30 ms
fetch.tls_context = lambda _: system
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    main(sys.argv[1:])  # imports what a check takes
for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if child == 0:
        for number, path in enumerate((os.devnull, job["out"], job["err"])):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
        os.environ.clear()
        os.environ.update(job["environ"])
        signal.alarm(job["seconds"])
        pause = Client._pause
        Client._pause = lambda *given: min(job["pause"], pause(*given))
        resource.setrlimit(resource.RLIMIT_DATA, (job["memory"], job["memory"]))
        raise SystemExit(main(job["words"]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
PAUSE = 0.05  # the real pauses between attempts are tested in tests/indexes/test_client.py, and live


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """What starts the command in a process of its own for each line that it is told; its imports are done."""
    home = tmp_path_factory.mktemp("home")
    warm = [
        "check",
        "demo",
        "--no-index",
        "--no-cache",
        "--machine",
        str(MACHINE),
        "-o",
        str(home / "p.toml"),
    ]
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, *warm],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**environ(home), "PYTHONPATH": str(ROOT)},
    ) as server:
        yield server
        assert server.stdin is not None
        server.stdin.close()
    assert server.returncode == 0


def environ(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PIP_CONFIG_FILE": os.devnull}


@dataclass(frozen=True)
class Check:
    """`check demo`, bounded in memory by the kernel; an old plan lies where the new one would go."""

    index: FaultIndex
    folder: Path
    processes: subprocess.Popen[str]

    def __call__(self, *words: str, pause: float = PAUSE) -> Ran:
        plan = self.folder / "plan.toml"
        plan.write_text(PLAN)
        command = ["check", "demo", "--default-index", f"{self.index.url}/simple/", "--machine", str(MACHINE)]
        command += ["-o", str(plan), "--cache-dir", str(self.folder / "cache"), *words]
        out, err = self.folder / "out", self.folder / "err"
        job = {
            "words": command,
            "out": str(out),
            "err": str(err),
            "environ": environ(self.folder),
            "seconds": SECONDS * 4,
            "pause": pause,
            "memory": MEMORY << 20,
        }
        start = time.monotonic()
        assert self.processes.stdin is not None
        assert self.processes.stdout is not None
        self.processes.stdin.write(f"{json.dumps(job)}\n")
        self.processes.stdin.flush()
        code = int(self.processes.stdout.readline())
        ran = Ran(code, out.read_text(), err.read_text(), time.monotonic() - start)
        text = ran.out + ran.err
        assert "Traceback" not in text, text
        assert "MemoryError" not in text, text
        assert not [c for c in text if not c.isprintable() and c not in "\n\t"], "raw control characters"
        assert [path.name for path in self.folder.glob(".plan*")] == []
        if ran.code != 0:
            assert plan.read_text() == PLAN
        return ran


@pytest.fixture
def check(index: FaultIndex, tmp_path: Path, processes: subprocess.Popen[str]) -> Check:
    return Check(index, tmp_path, processes)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([status(401)], "401"),
        ([status(403)], "403"),
        ([ok(b"<html><body>Please log in</body></html>", content_type="text/html")], "a proxy wants a login"),
        ([ok(b'{"meta": {"api-version": "2.0"}, "files": []}', content_type=JSON)], "version 2"),
        ([ok(b'{"files": null}', content_type=JSON)], ""),
        ([ok(b"[" * 200_000, content_type=JSON)], ""),
        ([ok(b"", content_type=JSON)], ""),
        ([ok(faults.bomb(1 << 28), content_type=JSON, content_encoding="gzip")], ""),
        ([status(302, location="/simple/demo/")], "redirect"),
        ([status(302, location="file:///etc/passwd")], ""),
        ([ok(b"{}", content_type=JSON, content_encoding="br")], ""),
        ([ok(page(wheel(requires_python="\x1b[31m")), content_type=JSON), status(404)], ""),
    ],
    ids=[
        "401",
        "403",
        "login page",
        "api 2",
        "files null",
        "deep",
        "empty",
        "bomb",
        "loop",
        "to a file",
        "br",
        "escape",
    ],
)
def test_a_fault_is_not_proven_and_told(
    index: FaultIndex, check: Check, answers: list[Any], words: str
) -> None:
    index.on("/simple/demo/", *answers)
    ran = check()
    assert ran.code == 2, ran.out
    assert words in ran.out + ran.err
    assert ran.seconds < SECONDS


def test_a_project_that_the_index_does_not_have_is_proven_missing(index: FaultIndex, check: Check) -> None:
    ran = check()
    assert ran.code == 1
    assert "There is no project named demo on http://127.0.0.1" in ran.out


def test_what_passes_is_forgiven(index: FaultIndex, check: Check) -> None:
    """Twice 500, a reset, then a page whose one good file has its metadata."""
    text = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
    index.on("/simple/demo/", status(500), faults.reset, ok(page(wheel()), content_type=JSON))
    index.on("/files/demo-1.0-py3-none-any.whl.metadata", status(503, retry_after="1"), ok(text))
    ran = check()
    assert ran.code == 0, ran.out + ran.err


def test_json_carries_the_finding(index: FaultIndex, check: Check) -> None:
    index.on("/simple/demo/", status(403))
    told = json.loads(check("--output-format", "json").out)
    assert (told["verdict"], told["exit-code"], told["plan"]) == ("unproven", 2, None)
    assert [found["code"] for found in told["findings"]] == ["WP604"]


@pytest.mark.live
@pytest.mark.parametrize(
    "answer",
    [
        status(500),
        status(429, retry_after="3600"),
        status(503, retry_after="Fri, 31 Dec 2099 23:59:59 GMT"),
        faults.reset,
        faults.hang,
        faults.cut_length(b'{"files": ['),
        faults.until_close(b'{"files": ['),
        faults.drip(faults.head(200, {"content-type": JSON}), 1.0),
    ],
    ids=["500", "429 for an hour", "503 until 2099", "reset", "hang", "cut", "until close", "drip"],
)
def test_a_fault_that_lasts_ends_in_time(index: FaultIndex, check: Check, answer: Any) -> None:
    index.on("/simple/demo/", answer)
    ran = check(pause=SECONDS)
    assert ran.code == 2, ran.out
    assert "WP604" in ran.out
    assert ran.seconds < SECONDS + 5
    print(f"{ran.seconds:.1f} s")
