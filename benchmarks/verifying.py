"""Seconds and memory of `wheelplan verify` beside a bare Python, for plans of 90 and 500 pins, in one run.

    python benchmarks/verifying.py [--runs N] [--limit 6]

The plans are of wheels alone, for the interpreter that runs this script: what a gate meets most. Figures are
ratios of one run on one machine: the best of N of each, taken in turn. Ends with 1 when a limit is missed.

    python benchmarks/verifying.py --cuts

verifies every prefix of every plan of tests/cases, each plan without each of its lines, and with each of its
bytes changed, and counts what does not end with 2. Lines, and prefixes of whole ones, go through the command.
"""

from __future__ import annotations

import argparse
import contextlib
import io
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


def code_of(path: Path, *, command: bool) -> str:
    """How a run ends: its exit code, or the error that no one caught. A command must say its error."""
    from planner.cli import main as wheelplan  # noqa: PLC0415
    from planner.errors import PlanError  # noqa: PLC0415
    from planner.verifying.values import VerifyRequest  # noqa: PLC0415
    from planner.verifying.verify import verify  # noqa: PLC0415

    try:
        if not command:
            return str(verify(VerifyRequest(str(path)), os.environ, str(path.parent)).exit_code)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = str(wheelplan(["verify", str(path)]))
        said = out.getvalue() + err.getvalue()
        clean = said.startswith(f"error: {path}") and "wheelplan failed" not in said
        return code if clean else f"{code}, and said {said[:200]!r}"
    except PlanError as error:
        return str(error.exit_code)
    except Exception as error:  # noqa: BLE001 (what is counted here)
        return f"{type(error).__name__}: {error}"


def cuts_of(path: Path, data: bytes) -> tuple[list[int], list[str]]:
    """(how many prefixes, lines and bytes were tried, what of them did not end with 2)."""
    from tests.verifying.cuts import flips, prefixes, without_a_line  # noqa: PLC0415

    numbers, wrong = [], []
    for kind in (prefixes, without_a_line, flips):
        number = 0
        for number, at in enumerate(kind(path, data), 1):  # noqa: B007 (their number, behind the loop)
            line = kind is prefixes and data[at - 1 : at] in (b"", b"\n")
            code = code_of(path, command=line or kind is without_a_line)
            wrong += [f"{kind.__name__} {at}: {code}"] if code != "2" else []
        numbers.append(number)
    return numbers, wrong


def cut() -> int:
    """Verify all that lost or changed something, print the counts, and say whether each was 2."""
    print("plan              bytes  prefixes  lines  flipped  seconds  other than 2")
    whole, others = [0, 0, 0], 0
    with tempfile.TemporaryDirectory() as folder:
        for case in sorted((ROOT / "tests" / "cases").glob("*/plan.toml")):
            data, start = case.read_bytes(), time.perf_counter()
            numbers, wrong = cuts_of(Path(folder, "plan.toml"), data)
            whole = [one + more for one, more in zip(whole, numbers, strict=True)]
            others += len(wrong)
            counts, seconds = "{:9,} {:6,} {:8,}".format(*numbers), time.perf_counter() - start
            print(f"{case.parent.name:14} {len(data):8,} {counts} {seconds:8.1f}  {len(wrong)}")
            for one in wrong[:3]:
                print(f"  {one}")
    print("together                {:9,} {:6,} {:8,}           {}".format(*whole, others))
    return 1 if others else 0


def main() -> int:
    """Measure, print the figures, and say whether they are within their limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--limit", type=float, default=6.0, help="times a bare Python, for 90 pins")
    parser.add_argument("--cuts", action="store_true", help="verify plans that lost or changed something")
    args = parser.parse_args()
    if args.cuts:
        return cut()
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
