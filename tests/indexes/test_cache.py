"""Entries are believed whole or not at all; folders that others may write to are left alone."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.indexes.cache import Cache, clear, key_of

KEY = key_of("a", "b")


def open_cache(folder: Path | None, warnings: list[str] | None = None, now: float = 1000.0) -> Cache:
    return Cache(folder, now=lambda: now, warn=(warnings if warnings is not None else []).append)


def entry_file(folder: Path) -> Path:
    return folder / "v1" / "pages" / KEY


def test_what_is_written_is_read(tmp_path: Path) -> None:
    cache = open_cache(tmp_path / "c")
    cache.write("pages", KEY, {"at": 1}, "text \x1d é\n")
    assert open_cache(tmp_path / "c").read("pages", KEY) == ({"at": 1}, "text \x1d é\n")
    assert cache.read("metadata", KEY) is None
    assert (tmp_path / "c" / "CACHEDIR.TAG").exists()
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o700


def test_keys_are_digests() -> None:
    assert key_of("a", "bc") != key_of("ab", "c")
    assert len(KEY) == 64
    assert KEY.isalnum()


def test_every_flipped_or_missing_byte_is_a_miss(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    cache.write("pages", KEY, {"at": 1}, "2.0.0")
    whole = entry_file(tmp_path).read_bytes()
    for at in range(len(whole)):
        entry_file(tmp_path).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert cache.read("pages", KEY) is None
        entry_file(tmp_path).write_bytes(whole[:at])
        assert cache.read("pages", KEY) is None
    entry_file(tmp_path).write_bytes(whole + b"x")
    assert cache.read("pages", KEY) is None


@settings(max_examples=50, deadline=None)
@given(noise=st.binary(max_size=200))
def test_foreign_files_are_misses(noise: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("c")
    cache = open_cache(folder)
    for data in (noise, b"wheelplan-cache-1 " + noise):
        entry_file(folder).write_bytes(data)
        assert cache.read("pages", KEY) is None


def test_a_folder_in_an_entry_s_place_is_replaced(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    entry_file(tmp_path).mkdir()
    assert cache.read("pages", KEY) is None
    cache.write("pages", KEY, {}, "x")
    assert cache.read("pages", KEY) == ({}, "x")


def test_links_are_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    cache = open_cache(tmp_path / "c")
    cache.write("pages", KEY, {}, "x")
    entry_file(tmp_path / "c").rename(victim)
    before = victim.read_bytes()
    entry_file(tmp_path / "c").symlink_to(victim)
    assert cache.read("pages", KEY) is None
    cache.write("pages", KEY, {}, "y")
    assert victim.read_bytes() == before
    assert cache.read("pages", KEY) == ({}, "y")


def test_a_linked_kind_folder_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "c" / "v1").mkdir(parents=True)
    (tmp_path / "c" / "v1" / "pages").symlink_to(tmp_path / "elsewhere")
    warnings: list[str] = []
    cache = open_cache(tmp_path / "c", warnings)
    cache.write("pages", KEY, {}, "x")
    assert not list((tmp_path / "elsewhere").iterdir())
    assert cache.read("pages", KEY) is None


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    os.mkfifo(entry_file(tmp_path))
    assert cache.read("pages", KEY) is None


def test_a_folder_open_to_all_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    folder.chmod(0o777)
    warnings: list[str] = []
    cache = open_cache(folder, warnings)
    assert not cache.usable
    cache.write("pages", KEY, {}, "x")
    assert not (folder / "v1").exists()
    assert len(warnings) == 1
    assert "everybody may write" in warnings[0]


def test_a_foreign_folder_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    warnings: list[str] = []
    assert not open_cache(folder, warnings).usable
    assert "another user" in warnings[0]


def test_a_file_in_the_folder_s_place(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("x")
    warnings: list[str] = []
    cache = open_cache(tmp_path / "c", warnings)
    cache.write("pages", KEY, {}, "x")
    assert cache.read("pages", KEY) is None
    assert len(warnings) == 1


@pytest.mark.parametrize("number", [28, 30, 13, 122])
def test_what_cannot_be_written_costs_one_warning(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    cache = open_cache(tmp_path, warnings)
    cache.write("pages", KEY, {}, "kept")

    def fail(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", fail)
    for _ in range(3):
        cache.write("pages", key_of("other"), {}, "x")
    assert len(warnings) == 1
    assert cache.read("pages", KEY) == ({}, "kept")
    assert not [file for file in (tmp_path / "v1" / "pages").iterdir() if file.suffix == ".tmp"]


def test_no_folder_is_no_cache() -> None:
    cache = open_cache(None)
    cache.write("pages", KEY, {}, "x")
    assert cache.read("pages", KEY) is None


def test_values_that_are_no_json_are_not_stored(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    cache.write("pages", KEY, {"x": object()}, "x")
    cache.write("pages", KEY, {}, "\ud800")
    assert cache.read("pages", KEY) is None


@pytest.mark.parametrize(
    ("at", "age", "fresh"),
    [
        (999, 2, True),
        (990, 5, False),
        (1001, 600, False),
        (1000, 0, False),
        ("x", 1, False),
        (1, None, False),
    ],
)
def test_ages(at: object, age: object, fresh: bool) -> None:
    assert open_cache(None).fresh(at, age) is fresh


def test_clearing_deletes_entries_alone(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    cache.write("pages", KEY, {}, "x")
    (tmp_path / "mine.txt").write_text("mine")
    files, size = clear(tmp_path)
    assert files == 1
    assert size > 64
    assert cache.read("pages", KEY) is None
    assert (tmp_path / "mine.txt").exists()


def _hammer(folder: str, seed: int) -> None:
    cache = Cache(Path(folder), now=lambda: 0.0)
    for at in range(40):
        key = key_of(str(at % 8))
        found = cache.read("pages", key)
        assert found is None or found.text == found.header["is"] * 500
        cache.write("pages", key, {"is": str(seed)}, str(seed) * 500)


def test_many_processes_share_a_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_hammer, args=(str(tmp_path), seed)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0] * 4
