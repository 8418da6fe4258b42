"""sdists built in memory, and the markers of the target that the tests plan for."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from typing import TypeAlias

import pytest
from packaging.utils import canonicalize_name

from planner.sdist.archive import SdistFiles

LINUX_311 = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}


MakeMarkers: TypeAlias = Callable[..., dict[str, str]]
DEMO = canonicalize_name("demo")


def make_tar(members: Mapping[str, str | bytes], top: str = "demo-1.0/") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, text in members.items():
            data = text.encode() if isinstance(text, str) else text
            info = tarfile.TarInfo(top + name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def make_targz(members: Mapping[str, str | bytes], top: str = "demo-1.0/") -> bytes:
    return gzip.compress(make_tar(members, top), mtime=0)


def make_zip(members: Mapping[str, str | bytes], top: str = "demo-1.0/") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(top + name, text)
    return out.getvalue()


def make_files(members: Mapping[str, str | bytes]) -> SdistFiles:
    kept = {name: text.encode() if isinstance(text, str) else text for name, text in members.items()}
    return SdistFiles(tuple(members), kept)


@pytest.fixture
def markers() -> MakeMarkers:
    """The environment of a target: `markers("3.7")`, `markers("3.11", sys_platform="win32")`."""

    def make(python: str = "3.11.7", **others: str) -> dict[str, str]:
        full = python if python.count(".") == 2 else f"{python}.0"
        return {**LINUX_311, "python_full_version": full, "python_version": full.rpartition(".")[0], **others}

    return make
