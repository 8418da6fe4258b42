"""Where inputs lie: addresses and paths, how they are shown and what they count from; must open none."""

from __future__ import annotations

import os
import re
from pathlib import PurePath

from planner.urls import file_url
from planner.wanted import Disk

__all__ = ["find_links", "guess", "is_web", "shown_path"]

_WEB = re.compile(r"(?:https?|file):", re.IGNORECASE)


def is_web(location: str) -> bool:
    """Whether pip takes the name of a file for an address (`http:`, `https:` or `file:`)."""
    return _WEB.match(location) is not None


def shown_path(path: str, base: str = "", cwd: str = "") -> str:
    """A file's name as it is shown: as written, below the file that names it, with forward slashes.

    A path below `cwd` is shown from there: a plan tells no directory that only this machine has.
    """
    name = os.path.normpath(PurePath(base, path))
    if cwd and PurePath(name).is_relative_to(cwd):
        name = str(PurePath(name).relative_to(cwd))
    return name.replace(os.sep, "/")


def guess(disk: Disk, location: str, name: str) -> str:
    """What to type for a file that is not there: a slip of its name, or what its path counts from."""
    directory, file = os.path.split(location)
    # `-requirements.txt` is `-r equirements.txt`
    for spelled in (f"r{file}", f"{file}.txt", file.removeprefix("=")):
        if spelled != file and disk.has_file(disk.absolute(spelled, directory)):
            return f"Did you mean -r {spelled}?"
    if disk.has_file(disk.absolute(name)):
        return "It counts from the directory of the file that names it, not from the working directory."
    return "It counts from the directory of the file that names it."


def find_links(disk: Disk, location: str, value: str) -> str:
    """An address; a path counts from the file at `location` where it is there, else from where one works."""
    if re.match(r"[a-z][a-z0-9+.-]+:", value, re.IGNORECASE):
        return value
    beside = disk.absolute(value, os.path.dirname(location))  # noqa: PTH120 -- a name, not a file
    return file_url(beside if not is_web(location) and disk.has(beside) else disk.absolute(value))
