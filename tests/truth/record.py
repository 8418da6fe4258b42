"""Makes sdists.tar.xz, the sdists of the truth tables in the small form of the cassettes; a person runs it.

    python -m tests.truth.record FOLDER     FOLDER holds the real sdists, under their own names

Each is read in both forms; one whose small form does not tell the same is left out, and said.
"""

from __future__ import annotations

import gzip
import io
import lzma
import sys
import tarfile
import time
from pathlib import Path

from cassettes.record import shrunk
from tests.truth import table

MAX_BYTES = 90_000
MAX_SECONDS = 0.4
"""What is larger, or takes longer to read, is not worth its place in a fast test."""


def main(folder: Path) -> None:
    """Write the archive and say what is not in it."""
    kept: dict[str, bytes] = {}
    for row in table.rows():
        path = folder / row.sdist
        if not path.exists():
            print(f"{row.sdist}: not in {folder}")
            continue
        data = path.read_bytes()
        small = shrunk(row.sdist, data)
        started = time.perf_counter()
        found = table.listed(row, small)
        seconds = time.perf_counter() - started
        if found != table.listed(row, data):
            print(f"{row.sdist}: its small form does not tell the same")
        elif len(small) > MAX_BYTES or seconds > MAX_SECONDS:
            print(f"{row.sdist}: {len(small) >> 10} KiB, {seconds:.2f} s: left out")
        else:
            kept[row.sdist] = small
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, small in sorted(kept.items()):
            raw = gzip.decompress(small) if small[:2] == b"\x1f\x8b" else small
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
    table.ARCHIVE.write_bytes(lzma.compress(buffer.getvalue(), preset=9))
    print(f"{len(kept)} sdists, {table.ARCHIVE.stat().st_size >> 10} KiB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
