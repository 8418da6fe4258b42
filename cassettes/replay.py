"""Plays a cassette back to `wheelplan check`; must not let any request through to a network."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import vcr
from vcr.persisters.filesystem import FilesystemPersister

from planner.indexes.catalog import IndexCatalog

__all__ = ["ELSEWHERE", "INDEX", "NAMES", "ROOT", "arguments", "playing"]

ROOT = Path(__file__).resolve().parent.parent
INDEX = "https://index.test/simple/"
NAMES = ("datascience", "impossible", "indexes", "ml", "oldpins", "web")
"""The examples, each with `examples/NAME`, `cassettes/NAME.yaml` and `tests/cases/NAME`."""

ELSEWHERE: dict[str, tuple[tuple[str, ...], ...]] = {
    "oldpins": (("--no-build",),),
    "web": (
        ("--python-platform", "windows"),
        ("--python-platform", "aarch64-unknown-linux-musl"),
        ("--python-platform", "macos"),
        ("--python-version", "3.14"),
        ("--assume", "glibc=2.17"),
    ),
}
"""Further machines for which an example's cassette has the answers, as words of the command line."""


def _asked(one: Any, other: Any) -> bool:
    """Whether two requests ask for the same; the address first, as each is held against a whole cassette.

    vcrpy's own matchers leave out Accept (a page as HTML and as JSON) and Range (parts of one wheel).
    """
    if one.uri != other.uri or one.method != other.method:
        return False
    if one.headers.get("range") != other.headers.get("range"):
        return False
    return "json" not in (other.headers.get("accept") or "") or one.headers.get(
        "accept"
    ) == other.headers.get("accept")


class _Once:
    """What loads cassettes: each is parsed once in a process, until it is written anew.

    vcrpy copies the answers that it takes from it.
    """

    @staticmethod
    def load_cassette(cassette_path: str, serializer: Any) -> Any:
        return _parsed(cassette_path, Path(cassette_path).stat().st_mtime_ns, serializer)


@functools.lru_cache(maxsize=8)
def _parsed(path: str, _written: int, serializer: Any) -> Any:
    return FilesystemPersister.load_cassette(path, serializer)


@contextmanager
def playing(name: str) -> Iterator[Any]:
    """While it runs, httpx answers from the cassette of that name, and refuses all that is not in it."""
    player = vcr.VCR(record_mode="none", match_on=["asked"])
    player.register_matcher("asked", _asked)
    player.register_persister(_Once)
    path = str(ROOT / "cassettes" / f"{name}.yaml")
    nowhere = mock.patch.object(IndexCatalog, "exists", return_value=None)
    with nowhere, player.use_cassette(path, allow_playback_repeats=True) as cassette:
        yield cassette


def arguments(name: str, *, index: str = INDEX) -> list[str]:
    """The words of a `check` of the example, seen from the repository's top, for its recorded machine."""
    return [
        "check",
        f"examples/{name}/requirements.txt",
        "--machine",
        f"tests/cases/{name}/machine.toml",
        "--default-index",
        index,
    ]
