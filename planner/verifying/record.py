"""Installed files against the RECORD of their distribution; reads them, and must not import one.

https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
"""

from __future__ import annotations

import base64
import csv
from collections.abc import Iterator

from planner.files import beside, digest_of, read_bytes
from planner.verifying.values import Told

__all__ = ["changed_files"]

_MOST = 5
_AGAIN = "install it anew: `pip install --force-reinstall`"


def changed_files(name: str, site: str, folder: str) -> Iterator[Told]:
    """What of a distribution's files is not as it was installed; byte code may come and go."""
    try:
        text = read_bytes(f"{folder}/RECORD").decode()
        rows = [row for row in csv.reader(text.splitlines()) if row]
    except (OSError, ValueError, csv.Error):
        summary = f"Whether the files of {name} are as they were installed is not known: it has no RECORD."
        yield Told("WP814", "warning", summary, name, _AGAIN)
        return
    wrong = [path for path, digest in _listed(rows) if not _is_same(beside(f"{site}/x", path), digest)]
    if wrong:
        shown = ", ".join(wrong[:_MOST]) + (f" and {len(wrong) - _MOST} more" if len(wrong) > _MOST else "")
        yield Told(
            "WP814", "error", f"Files of {name} are not as they were installed: {shown}.", name, _AGAIN
        )


def _listed(rows: list[list[str]]) -> Iterator[tuple[str, str]]:
    for row in rows:
        digest = row[1] if len(row) > 1 else ""
        if digest.startswith("sha256=") and not row[0].endswith(".pyc"):
            yield row[0], digest.removeprefix("sha256=")


def _is_same(path: str, digest: str) -> bool:
    try:
        return base64.urlsafe_b64encode(digest_of(path)).decode().rstrip("=") == digest.rstrip("=")
    except (OSError, ValueError):
        return False
