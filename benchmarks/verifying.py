"""Seconds and memory of `wheelplan verify` beside a bare Python, for plans of 90 and 500 pins, in one run.

    python benchmarks/verifying.py [--runs N] [--limit 6]

The plans are of wheels alone, for the interpreter that runs this script: what a gate meets most. Figures are
ratios of one run on one machine: the best of N of each, taken in turn. Ends with 1 when a limit is missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
MEMORY = 60  # MiB
GROWTH = 1.5  # 500 pins beside 90
MARKERS = {"sys_platform": "linux", "platform_machine": "x86_64", "implementation_name": "cpython"}


def plan(pins: int) -> str:
    """A plan's text: a third each of pure wheels, of this Python's, and of the stable ABI."""
    from planner.plan.seal import sealed  # noqa: PLC0415

    minor = sys.version_info[1]
    tags = (
        "py3-none-any",
        f"cp3{minor}-cp3{minor}-manylinux_2_17_x86_64.manylinux2014_x86_64",
        "cp39-abi3-manylinux_2_17_x86_64",
    )
    lines = [
        'lock-version = "1.0"',
        f'environments = ["{" and ".join(f"{name} == {value!r}" for name, value in MARKERS.items())}"]',
        f'requires-python = "==3.{minor}.*"',
        'created-by = "wheelplan"',
    ]
    for pin in range(pins):
        file = f"project_{pin:03}-1.{pin}.0-{tags[pin % 3]}.whl"
        url = f"https://files.test/packages/ab/cd/{pin:060x}/{file}"
        names = ", ".join(f'{{ name = "project-{(pin + step) % pins:03}" }}' for step in (1, 2, 3))
        asked = ", ".join(f'"project-{(pin - step) % pins:03} 1.0"' for step in (1, 2, 3))
        entry = f'{{ name = "{file}", upload-time = 2026-10-14T00:00:00Z, url = "{url}", size = {1000 + pin}'
        entry += f', hashes = {{ sha256 = "{pin:064x}" }} }}'
        lines += [
            "",
            "[[packages]]",
            f'name = "project-{pin:03}"',
            f'version = "1.{pin}.0"',
            f"dependencies = [{names}]",
            'index = "https://index.test/simple/"',
            f"wheels = [{entry}]",
            "[packages.tool.wheelplan]",
            f"required-by = [{asked}]",
        ]
    lines += ["", "[tool.wheelplan]", "schema = 1", 'verdict = "clear"']
    lines += [f"counts = {{ packages = {pins}, source-builds = 0 }}", "", "[tool.wheelplan.machine]"]
    lines += ['os = "linux"', 'arch = "x86_64"']
    return sealed("\n".join(lines) + "\n")


def run(command: list[str], folder: str) -> tuple[float, float]:
    """(seconds, MiB at most) of one run. Raises when it does not end with 0."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return seconds, usage.ru_maxrss / 1024


def main() -> int:
    """Measure, print the figures, and say whether they are within their limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--limit", type=float, default=6.0, help="times a bare Python, for 90 pins")
    args = parser.parse_args()
    verify = [sys.executable, "-m", "planner.cli", "verify"]
    commands = {"python -c pass": [sys.executable, "-c", "pass"]}
    with tempfile.TemporaryDirectory() as folder:
        for pins in (90, 500):
            Path(folder, f"plan-{pins}.toml").write_text(plan(pins), encoding="utf-8")
            commands[f"verify, {pins} pins"] = [*verify, f"plan-{pins}.toml"]
        best = dict.fromkeys(commands, (float("inf"), 0.0))
        for number in range(args.runs + 1):
            for name, command in commands.items():
                seconds, memory = run(command, folder)
                if number:  # the first writes byte code
                    best[name] = min(best[name][0], seconds), max(best[name][1], memory)
    bare = best["python -c pass"][0]
    for name, (seconds, memory) in best.items():
        print(f"{name:20} {seconds * 1000:7.1f} ms  {seconds / bare:5.2f} x  {memory:5.1f} MiB")
    small, large = best["verify, 90 pins"], best["verify, 500 pins"]
    good = small[0] <= args.limit * bare and large[0] <= GROWTH * small[0] and large[1] <= MEMORY
    print("within its limits" if good else "over its limits")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
