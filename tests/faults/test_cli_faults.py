"""Faults of an index through the real command, in a process: exit code, words, seconds and memory.

What takes real time (hangs, drips, waits) is marked live: `pytest -m live tests/faults`.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
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


def check(index: FaultIndex, folder: Path, *words: str) -> Ran:
    """Run `check demo`, bounded in memory by the kernel; an old plan lies where the new one would go."""
    plan = folder / "plan.toml"
    plan.write_text(PLAN)
    command = [
        sys.executable,
        "-m",
        "planner.cli",
        "check",
        "demo",
        "--default-index",
        f"{index.url}/simple/",
    ]
    command += ["--machine", str(MACHINE), "-o", str(plan), "--cache-dir", str(folder / "cache"), *words]
    start = time.monotonic()
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PIP_CONFIG_FILE": os.devnull},
        timeout=SECONDS * 4,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (MEMORY << 20, MEMORY << 20)),
    )
    ran = Ran(done.returncode, done.stdout, done.stderr, time.monotonic() - start)
    text = ran.out + ran.err
    assert "Traceback" not in text, text
    assert "MemoryError" not in text, text
    assert not [c for c in text if not c.isprintable() and c not in "\n\t"], "raw control characters"
    assert [path.name for path in folder.glob(".plan*")] == []
    if ran.code != 0:
        assert plan.read_text() == PLAN
    return ran


BOMB = gzip.compress(b"\0" * (1 << 28), 9)


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
        ([ok(BOMB, content_type=JSON, content_encoding="gzip")], ""),
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
    index: FaultIndex, tmp_path: Path, answers: list[Any], words: str
) -> None:
    index.on("/simple/demo/", *answers)
    ran = check(index, tmp_path)
    assert ran.code == 2, ran.out
    assert words in ran.out + ran.err
    assert ran.seconds < SECONDS


def test_a_project_that_the_index_does_not_have_is_proven_missing(index: FaultIndex, tmp_path: Path) -> None:
    ran = check(index, tmp_path)
    assert ran.code == 1
    assert "There is no project named demo on http://127.0.0.1" in ran.out


def test_what_passes_is_forgiven(index: FaultIndex, tmp_path: Path) -> None:
    """Twice 500, a reset, then a page whose one good file has its metadata."""
    text = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
    index.on("/simple/demo/", status(500), faults.reset, ok(page(wheel()), content_type=JSON))
    index.on("/files/demo-1.0-py3-none-any.whl.metadata", status(503, retry_after="1"), ok(text))
    ran = check(index, tmp_path)
    assert ran.code == 0, ran.out + ran.err


def test_json_carries_the_finding(index: FaultIndex, tmp_path: Path) -> None:
    index.on("/simple/demo/", status(403))
    told = json.loads(check(index, tmp_path, "--output-format", "json").out)
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
def test_a_fault_that_lasts_ends_in_time(index: FaultIndex, tmp_path: Path, answer: Any) -> None:
    index.on("/simple/demo/", answer)
    ran = check(index, tmp_path)
    assert ran.code == 2, ran.out
    assert "WP604" in ran.out
    assert ran.seconds < SECONDS + 5
    print(f"{ran.seconds:.1f} s")
