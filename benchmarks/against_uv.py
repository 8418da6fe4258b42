"""Pins, seconds and memory of `wheelplan check` beside `uv pip compile`, set by set, in the same run.

    python benchmarks/against_uv.py ../shared/requirements/*.txt [--cold N] [--warm N]

Both resolve for the interpreter that runs this script, from the same index (pip's default), without the
user's own configuration. Cold is with an empty cache; warm is the same again. Figures are ratios of one run
on one machine: never compare seconds of two runs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from pip._internal.models.index import PyPI


def environment(home: str) -> dict[str, str]:
    """A bare environment: no pip, uv or wheelplan settings of the machine's own, but its certificates."""
    kept = {k: v for k, v in os.environ.items() if not re.match(r"(PIP|UV|WHEELPLAN|PYTHONDONT)", k)}
    return {
        **kept,
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "XDG_CONFIG_DIRS": home,
        "PIP_CONFIG_FILE": os.devnull,
    }


@dataclass
class Ran:
    """One run of a program: exit code, output, seconds, and the most memory it held (MiB)."""

    code: int
    out: str
    err: str
    seconds: float
    memory: int
    pins: dict[str, str] = field(default_factory=dict)


def run(command: list[str], env: dict[str, str], cwd: str) -> Ran:
    """Run a program and measure it (ru_maxrss of the child alone)."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.monotonic()
        child = subprocess.Popen(command, env=env, cwd=cwd, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        memory = usage.ru_maxrss // (1 if sys.platform == "linux" else 1024) // 1024
        return Ran(child.returncode, out.read(), err.read(), seconds, memory)


def default_index() -> str:
    """The index that pip uses when nobody says otherwise."""
    return str(PyPI.simple_url)


def uv_compile(path: Path, cache: str, env: dict[str, str], extra: list[str]) -> Ran:
    """Resolve with uv, for this interpreter, allowing source builds as uv does by default."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "uv"
    command = [uv, "pip", "compile", path.name, "--cache-dir", cache, "--python", sys.executable]
    command += [
        "--no-python-downloads",
        "--no-header",
        "--no-annotate",
        "-q",
        "--default-index",
        default_index(),
        *extra,
    ]
    ran = run(command, env, str(path.parent))
    for line in ran.out.splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", line)
        if match:
            ran.pins[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return ran


def wheelplan_check(path: Path, cache: str, env: dict[str, str], extra: list[str]) -> Ran:
    """Check with wheelplan; the plan goes nowhere."""
    command = [
        sys.executable,
        "-m",
        "planner.cli",
        "check",
        path.name,
        "--cache-dir",
        cache,
        "-p",
        sys.executable,
    ]
    command += ["--output-format", "json", "-o", f"{cache}.toml", *extra]
    ran = run(command, {**env, "PYTHONPATH": str(Path(__file__).parents[1])}, str(path.parent))
    if ran.out.startswith("{"):
        told = json.loads(ran.out)
        ran.pins = {p["name"]: p["version"] for p in told.get("packages", ()) if p["version"]}
    return ran


def main() -> None:
    """Measure each file and print one line a set, then what differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--warm", type=int, default=3, help="warm runs; the fastest counts")
    parser.add_argument("--extra", action="append", default=[], help="a word for both programs")
    args = parser.parse_args()
    print(
        "set | uv: code pins cold warm MiB | wheelplan: code pins cold warm MiB requests"
        " | cold ratio | differing pins"
    )
    for path in args.files:
        with tempfile.TemporaryDirectory() as home:
            env = environment(home)
            rows = []
            for tool in (uv_compile, wheelplan_check):
                cache = str(Path(home, tool.__name__))
                cold = tool(path.resolve(), cache, env, args.extra)
                warm = min(
                    (tool(path.resolve(), cache, env, args.extra) for _ in range(args.warm)),
                    key=lambda r: r.seconds,
                )
                rows.append((cold, warm))
        (uv, uv_warm), (ours, ours_warm) = rows
        requests = json.loads(ours.out).get("requests", "-") if ours.out.startswith("{") else "-"
        differing = {
            name: (uv.pins.get(name), ours.pins.get(name))
            for name in sorted(uv.pins.keys() | ours.pins.keys())
            if uv.pins.get(name) != ours.pins.get(name)
        }
        print(
            f"{path.stem} | {uv.code} {len(uv.pins)} {uv.seconds:.2f} {uv_warm.seconds:.2f} {uv.memory}"
            f" | {ours.code} {len(ours.pins)} {ours.seconds:.2f} {ours_warm.seconds:.2f} {ours.memory}"
            f" {requests}"
            f" | {ours.seconds / uv.seconds:.2f} | {len(differing) if uv.code == 0 else '-'}",
            flush=True,
        )
        if uv.code == 0:
            for name, (theirs, our) in differing.items():
                print(f"    {name}: uv {theirs}, wheelplan {our}", flush=True)
        elif ours.out == "":
            print(f"    wheelplan said: {ours.err.strip()[:300]}", flush=True)
    print(f"most memory of any child: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
