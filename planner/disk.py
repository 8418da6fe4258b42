"""Files of the user's and of ours: read within bounds, written whole or not at all; knows no format."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from planner.errors import InputError, PlanError

__all__ = ["MAX_INPUT", "cache_folder", "clear_cache", "must_be_a_place", "read_local", "write_text"]

MAX_INPUT = 64 << 20
"""Bytes of a requirements file; the largest known is below 1 MiB."""


def read_local(path: str) -> bytes:
    """A local file, bounded: `-r /dev/zero` must not fill the memory."""
    with Path(path).open("rb") as file:
        data = file.read(MAX_INPUT + 1)
    if len(data) > MAX_INPUT:
        raise InputError(f"The file is larger than {MAX_INPUT >> 20} MiB.", where=path)
    return data


def cache_folder(named: str | None, environ: Mapping[str, str]) -> Path:
    """The cache's folder: as named, else `WHEELPLAN_CACHE_DIR`, else the platform's own place for caches."""
    if named or environ.get("WHEELPLAN_CACHE_DIR"):
        return Path(named or environ["WHEELPLAN_CACHE_DIR"])
    from platformdirs import user_cache_path  # noqa: PLC0415 (10 ms)

    return user_cache_path("wheelplan", appauthor=False)


def clear_cache(folder: Path) -> int:
    """Delete all entries of the cache and return how many there were."""
    from planner.indexes.cache import clear  # noqa: PLC0415

    return clear(folder)[0]


def must_be_a_place(path: str) -> None:
    """Asked before work that takes its time: can a file lie there? Raises PlanError where it cannot."""
    import shlex  # noqa: PLC0415

    target = Path(os.path.realpath(path))
    if _is_stream(path, target):
        return
    typed = "" if Path(path).is_symlink() else os.path.dirname(path)  # noqa: PTH120 -- not normalised
    folder = typed or str(target.parent)
    other = "choose another place"
    if target.is_dir():
        what, hint = "This is a folder.", "Name a file in it."
    elif not target.parent.exists():
        what = f"There is no folder {folder}."
        hint = f"Make it with `mkdir -p {shlex.quote(folder)}`, or {other}."
    elif not target.parent.is_dir():
        what, hint = f"{folder} is no folder.", f"{other.capitalize()}."
    elif not target.exists() and not os.access(target.parent, os.W_OK | os.X_OK):
        what, hint = f"The folder {folder} may not be written.", f"{other.capitalize()}."
    else:
        return
    raise PlanError(f"The file cannot be written: {what}", where=path, hint=hint)


def _is_stream(path: str, target: Path) -> bool:
    """Whether a path is that of a device or pipe: it is written to, and nothing is put in its place."""
    there = target.exists() and not target.is_file() and not target.is_dir()
    return str(Path(path).absolute()).startswith("/dev/") or there


def write_text(path: str, text: str) -> str:
    """Write a file whole or not at all: `written`, or `unchanged` when it held the same bytes.

    A temporary file beside it is synced and renamed, so that a crash leaves the old file or the new one. What
    is no file (`/dev/stdout`, a pipe) is written to as it is: a rename would put a file in its place.
    """
    import contextlib  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    must_be_a_place(path)
    target = Path(os.path.realpath(path))  # a plan that is a link stays one
    data = text.encode()
    device = _is_stream(path, target)
    with contextlib.suppress(OSError):
        if not device and target.read_bytes() == data:
            return "unchanged"
    temporary = ""
    try:
        if device:
            with Path(path).open("ab") as file:
                file.write(data)
            return "written"
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mode = target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask()
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            if temporary:
                Path(temporary).unlink()
        raise PlanError(
            f"The file cannot be written: {error.strerror or error}.",
            where=path,
            hint="Choose another place for it; what was there is as it was.",
        ) from None
    return "written"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
