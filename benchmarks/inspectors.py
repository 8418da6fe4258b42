"""How long sdists take to be read and inspected, and how much memory, one process each; builds nothing.

    python -m benchmarks.inspectors FOLDER [--slowest 15]

FOLDER holds sdists under their own names. Told are the slowest, and the sums.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

from packaging.utils import InvalidSdistFilename, parse_sdist_filename

from planner.needs import Inspection
from planner.sdist import reading
from planner.sdist.inspectors import table
from planner.sdist.sources import Sources
from tests.universe import MARKERS

ROOT = Path(__file__).resolve().parents[1]
LIMIT_SECONDS, LIMIT_MIB = 2.0, 256


def measured(path: Path) -> dict[str, object]:
    """In a process of its own: seconds of processor time for the archive and for the inspectors, MiB held."""
    inspecting = 0.0

    def timed(sdist: Sources, *, compiles: bool = True) -> Inspection:
        nonlocal inspecting
        started = time.process_time()
        found = honest(sdist, compiles=compiles)
        inspecting += time.process_time() - started
        return found

    honest = table.inspect
    name, version = parse_sdist_filename(path.name)
    data = path.read_bytes()
    started = time.process_time()
    with mock.patch.object(table, "inspect", timed):
        found = reading.read_sdist(path.name, data, name, version, MARKERS)
    whole = time.process_time() - started
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 - len(data) // (1 << 20)
    return {"seconds": whole, "inspecting": inspecting, "mib": held, "kind": type(found).__name__}


def main() -> None:
    """Measure a folder, or (with --one) a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slowest", type=int, default=15)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measured(args.folder)))
        return
    rows = []
    for path in sorted(args.folder.iterdir()):
        try:
            parse_sdist_filename(path.name)
        except InvalidSdistFilename:
            continue
        command = [sys.executable, "-m", "benchmarks.inspectors", "--one", str(path.resolve())]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        told = json.loads(ran.stdout) if ran.returncode == 0 else {"kind": ran.stderr.strip()[-80:]}
        rows.append((path.name, told))
    known = [(name, told) for name, told in rows if "seconds" in told]
    failed = [(name, told["kind"]) for name, told in rows if "seconds" not in told]
    for name, told in sorted(known, key=lambda row: -float(row[1]["inspecting"]))[: args.slowest]:
        whole = f"in all {told['seconds']:5.2f} s, {told['mib']} MiB"
        print(f"{name:<50} inspecting {told['inspecting']:5.2f} s, {whole}")
    slow = [name for name, told in known if float(told["inspecting"]) > LIMIT_SECONDS]
    large = [name for name, told in known if int(told["mib"]) > LIMIT_MIB]
    total = sum(float(told["inspecting"]) for _, told in known)
    most = max(int(told["mib"]) for _, told in known)
    print(f"{len(known)} sdists, {total:.1f} s of inspecting, {most} MiB at most")
    print(f"over the limits: {slow + large}")
    print(f"failed: {failed}")


if __name__ == "__main__":
    main()
