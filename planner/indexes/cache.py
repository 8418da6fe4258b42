"""Entries on disk that a later run may believe: checked, whole or not there; must not know what they mean.

An entry is one file, named by a digest: a line with the sha256 of the rest, a line of JSON, a text. It is
written beside its place and renamed, so that any number of processes may share the folder without a lock. A
flipped byte, a cut, a foreign file or a link is a miss; a folder that cannot be written costs one warning.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import stat
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

__all__ = ["Cache", "Entry", "Kind", "key_of"]

Kind: TypeAlias = Literal["pages", "metadata", "sdists"]
KINDS: tuple[Kind, ...] = ("pages", "metadata", "sdists")

# Raise it when what stands in an entry changes: older entries are then left alone, for older versions of us.
FORMAT = "v1"
_MAGIC = b"wheelplan-cache-1 "
MAX_ENTRY = 256 << 20


class Entry(NamedTuple):
    """What was stored: JSON values and a text."""

    header: dict[str, Any]
    text: str


def key_of(*parts: str) -> str:
    """The name of an entry: a digest, so that no foreign text becomes a file name."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


class Cache:
    """The folder, or nothing: without a usable folder every `read` misses and every `write` is in vain.

    `now` is the wall clock in seconds, for ages. `warn` is told once why the folder is not used. A folder is
    not used when others may write to it or own it: what stands in it would be believed.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        now: Callable[[], float],
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.now = now
        self._warn = warn
        self._warned = False
        self._count = itertools.count()
        self._lock = threading.Lock()
        self._folders: dict[Kind, Path] = {}
        self._writable = True
        if folder is not None:
            self._open(folder)

    @property
    def usable(self) -> bool:
        """Whether entries can be read."""
        return bool(self._folders)

    def read(self, kind: Kind, key: str) -> Entry | None:
        """The entry, or None when there is none that can be believed."""
        folder = self._folders.get(kind)
        if folder is None:
            return None
        data = _read_file(folder / key)
        if data is None or not data.startswith(_MAGIC):
            return None
        start = len(_MAGIC) + 65
        body = memoryview(data)[start:]
        if hashlib.sha256(body).hexdigest().encode() + b"\n" != data[len(_MAGIC) : start]:
            return None
        end = data.find(b"\n", start)
        try:
            header = json.loads(data[start:end])
            text = str(memoryview(data)[end + 1 :], "utf-8")
        except (ValueError, RecursionError):
            return None
        return Entry(header, text) if end > 0 and isinstance(header, dict) else None

    def write(self, kind: Kind, key: str, header: Mapping[str, Any], text: str = "") -> None:
        """Store an entry in the place of any older one; never raises."""
        folder = self._folders.get(kind)
        if folder is None or not self._writable:
            return
        try:
            body = json.dumps(header, separators=(",", ":")).encode() + b"\n" + text.encode("utf-8")
        except (TypeError, ValueError):
            return
        digest = hashlib.sha256(body).hexdigest().encode()
        try:
            self._replace(folder, key, (_MAGIC, digest, b"\n", body))
        except OSError as error:
            self._failed(error, folder)

    def fresh(self, at: Any, seconds: Any) -> bool:
        """Whether something of that moment is younger; one in the future is not, as clocks jump."""
        if not isinstance(at, (int, float)) or not isinstance(seconds, (int, float)):
            return False
        return 0 <= self.now() - at < seconds

    def _open(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            base = folder.resolve(strict=True)  # the folder itself may be a link; nothing below it may
            doubt = _doubt(base)
            if not doubt:
                self._tag(base)
                for kind in KINDS:
                    (base / FORMAT / kind).mkdir(mode=0o700, parents=True, exist_ok=True)
        except (OSError, RuntimeError) as error:
            self._writable = False
            doubt = getattr(error, "strerror", None) or str(error)
        if doubt:
            self._tell(folder, doubt)
        if not doubt or not self._writable:
            self._folders = _believable(folder)  # what is there may be read where nothing can be written

    def _tag(self, base: Path) -> None:
        """Mark the folder for backup programs (https://bford.info/cachedir/)."""
        tag = base / "CACHEDIR.TAG"
        if not tag.exists():
            text = (
                b"Signature: 8a477f597d28d172789f06886806bc55\n# wheelplan's; may be deleted at any time.\n"
            )
            self._replace(base, tag.name, (text,))

    def _replace(self, folder: Path, name: str, parts: tuple[bytes, ...]) -> None:
        unique = f"{os.getpid()}.{threading.get_ident()}.{next(self._count)}"
        beside = folder / f".{unique}.tmp"
        flags = (
            os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        )
        file = os.open(beside, flags, 0o600)
        try:
            with open(file, "wb", closefd=True) as stream:  # noqa: PTH123 - a descriptor, not a path
                stream.writelines(parts)
            try:
                beside.replace(folder / name)
            except IsADirectoryError:  # somebody's folder in the entry's place
                (folder / name).rmdir()
                beside.replace(folder / name)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise

    def _failed(self, error: OSError, folder: Path) -> None:
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.ENOENT):
            self._writable = False
        self._tell(folder, error.strerror or str(error))

    def _tell(self, folder: Path, why: str) -> None:
        with self._lock:
            if self._warned:
                return
            self._warned = True
        self._warn(f"The cache in {folder} is not used for new entries ({why}); the run goes on without.")


def _believable(folder: Path) -> dict[Kind, Path]:
    """The folders of each kind that are ours alone."""
    found: dict[Kind, Path] = {}
    with contextlib.suppress(OSError, RuntimeError):
        base = folder.resolve(strict=True)
        if not _doubt(base) and not _doubt(base / FORMAT):
            for kind in KINDS:
                with contextlib.suppress(OSError):
                    if not _doubt(base / FORMAT / kind):
                        found[kind] = base / FORMAT / kind
    return found


def _doubt(folder: Path) -> str:
    """Why what stands in a folder cannot be believed, or ""."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return f"{folder.name} is not a folder"
    if hasattr(os, "geteuid"):
        if status.st_uid != os.geteuid():
            return "it belongs to another user"
        if status.st_mode & stat.S_IWOTH:
            return "everybody may write to it"
    return ""


def _read_file(path: Path) -> bytes | None:
    """All bytes of a plain file of reasonable size; None for a link, a pipe, a folder, the unreadable."""
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        file = os.open(path, flags)
    except OSError:
        return None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_ENTRY:
            return None
        with open(file, "rb", closefd=False) as stream:
            return stream.read(status.st_size + 1)
    except OSError:
        return None
    finally:
        os.close(file)


def clear(folder: Path) -> tuple[int, int]:
    """Delete all entries of all formats; returns how many files and bytes. Follows no link."""
    files = size = 0
    base = folder.resolve()
    for version in base.glob("v[0-9]*"):
        for kind in KINDS:
            place = version / kind
            if version.is_symlink() or place.is_symlink() or not place.is_dir():
                continue
            for entry in place.iterdir():
                with contextlib.suppress(FileNotFoundError):  # another process cleans up too
                    size += entry.lstat().st_size
                    entry.unlink()
                    files += 1
    return files, size
