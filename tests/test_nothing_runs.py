"""No code of any distribution is run, imported or extracted: proven by an audit hook around a whole check."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from tests.conftest import MACHINE, ROOT

HOSTILE_SETUP = """
import os, subprocess
open("PWNED", "w").write("ran")
subprocess.run(["touch", "PWNED2"])
from setuptools import setup, Extension
setup(name="evil", version="1.0", install_requires=["other"], ext_modules=[Extension("evil", ["evil.c"])])
"""

HOOKED = """
import json, os, sys
allowed_programs = set()
events = []

def hook(event, args):
    if event == "subprocess.Popen" and tuple(args[1]) == own:
        workers.append(args[3])
    elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork"):
        events.append([event, repr(args)[:200]])
    elif event == "exec" and getattr(args[0], "co_filename", "") not in seen_files:
        name = getattr(args[0], "co_filename", "")
        if "setup.py" in name or "evil" in name:
            events.append([event, name])
    elif event == "import" and args[0].split(".")[0] in ("evil", "other", "setuptools"):
        events.append([event, args[0]])
    elif event == "open" and isinstance(args[0], str) and "PWNED" in args[0]:
        events.append([event, args[0]])

seen_files = set()
workers = []
from planner.reader import worker_command
own = worker_command()  # what happens inside is watched in tests/test_reader.py
sys.addaudithook(hook)
from planner.cli import main
code = main(sys.argv[1:])
print(json.dumps({"code": code, "events": events, "workers": workers}), file=sys.stderr)
"""


def sdist(name: str, version: str, files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return data.getvalue()


def wheel(name: str, version: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('imported')")
        archive.writestr(
            f"{name}-{version}.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        )
        archive.writestr(f"{name}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{name}-{version}.dist-info/RECORD", "")
    return data.getvalue()


def test_a_check_runs_nothing_of_what_it_reads(tmp_path: Path) -> None:
    links, project, work = tmp_path / "links", tmp_path / "project", tmp_path / "work"
    for folder in (links, project, work):
        folder.mkdir()
    (links / "evil-1.0.tar.gz").write_bytes(sdist("evil", "1.0", {"setup.py": HOSTILE_SETUP, "evil.c": ""}))
    (links / "other-2.0-py3-none-any.whl").write_bytes(wheel("other", "2.0"))
    (project / "setup.py").write_text(HOSTILE_SETUP)
    (project / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "1"\ndependencies = ["other"]\n'
    )
    (work / "requirements.txt").write_text(f"evil\n-e {project}\n")
    words = [
        "check",
        "requirements.txt",
        "--no-index",
        "-f",
        str(links),
        "--machine",
        str(MACHINE),
        "--no-cache",
    ]
    ran = subprocess.run(
        [sys.executable, "-c", HOOKED, *words, "--output-format", "json"],
        capture_output=True,
        text=True,
        cwd=work,
        env={
            "PATH": "/nonexistent",
            "HOME": str(work),
            "PYTHONPATH": str(ROOT),
            "PIP_CONFIG_FILE": "/dev/null",
        },
        check=False,
    )
    told = json.loads(ran.stderr.splitlines()[-1])
    assert told["events"] == []
    assert told["workers"] in ([{}], [{}, {}])  # our own reader, whose environment is empty
    checked = json.loads(ran.stdout)
    assert {p["name"]: (p["source-build"] or {}).get("kind") for p in checked["packages"]} == {
        "evil": "native",
        "mine": "unknown",
        "other": None,
    }
    assert told["code"] == 1
    left = {path.name for path in (*work.rglob("*"), *project.rglob("*"), *links.rglob("*"))}
    assert not {name for name in left if "PWNED" in name}
