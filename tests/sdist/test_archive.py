"""Archives: every format, every limit, every kind of hostile one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import ArchiveError
from planner.sdist import archive as archive_module
from planner.sdist.archive import MAX_MEMBERS, MAX_SCANNED, MAX_TEXT, read_archive
from planner.sdist.names import Use
from tests.sdist.conftest import make_tar, make_targz, make_zip

MEMBERS = {
    "setup.py": "from setuptools import setup\nsetup()\n",
    "PKG-INFO": "Metadata-Version: 2.1\nName: demo\n",
    "src/demo/core.py": "x = 1\n",
    "src/demo/core.bin": "x",
    "src/demo.egg-info/requires.txt": "six\n",
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "demo-1.0.tar": lambda data: data,
    "demo-1.0.tar.gz": gzip.compress,
    "demo-1.0.tgz": gzip.compress,
    "demo-1.0.tar.bz2": bz2.compress,
    "demo-1.0.tar.xz": lzma.compress,
    "demo-1.0.tar.lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
}


def add(archive: tarfile.TarFile, name: str, data: bytes = b"", **fields: object) -> bool:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    archive.addfile(info, io.BytesIO(data))
    return True


def tar_of(build: Callable[[tarfile.TarFile], object], **options: Any) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **options) as archive:
        build(archive)
    return out.getvalue()


def error_id(data: bytes, filename: str = "demo-1.0.tar.gz") -> str:
    with pytest.raises(ArchiveError) as caught:
        read_archive(filename, data)
    assert caught.value.what.endswith(".")
    assert caught.value.where == filename
    return caught.value.id


@pytest.mark.parametrize("filename", COMPRESSIONS)
def test_reads_every_tar(filename: str) -> None:
    files = read_archive(filename, COMPRESSIONS[filename](make_tar(MEMBERS)))
    assert files.names == tuple(MEMBERS)
    assert files.text("setup.py") == MEMBERS["setup.py"]
    assert files.text("src/demo.egg-info/requires.txt") == "six\n"
    assert files.text("src/demo/core.bin") is None
    assert files.folders == {"src", "src/demo", "src/demo.egg-info"}


def test_reads_a_zip() -> None:
    files = read_archive("demo-1.0.zip", make_zip(MEMBERS))
    assert files.names == tuple(MEMBERS)
    assert files.text("setup.py") == MEMBERS["setup.py"]


def test_reads_from_a_stream_that_cannot_seek() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self.inner = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def read(self, count: int = -1) -> bytes:
            return self.inner.read(count)

    for data in (make_targz(MEMBERS), make_zip(MEMBERS)):
        assert read_archive("demo-1.0.tar.gz", cast("BinaryIO", Pipe(data))).names == tuple(MEMBERS)
        assert read_archive("demo-1.0.tar.gz", io.BytesIO(data)).names == tuple(MEMBERS)


def test_the_bytes_tell_the_format_not_the_name() -> None:
    assert read_archive("demo-1.0.tar.gz", make_zip(MEMBERS)).names == tuple(MEMBERS)


@pytest.mark.parametrize("format_", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_long_names(format_: int) -> None:
    long = "demo-1.0/" + "a" * 60 + "/" + "b" * 60 + "/setup.cfg"
    data = tar_of(
        lambda archive: (add(archive, long), add(archive, "demo-1.0/setup.py", b"x")), format=format_
    )
    files = read_archive("demo-1.0.tar.gz", gzip.compress(data))
    assert files.names == (long[9:], "setup.py")
    assert files.text("setup.py") == "x"


def test_non_ascii_names_and_texts() -> None:
    data = make_targz(
        {"naïve.py": "x", "setup.py": "é".encode("latin-1"), "PKG-INFO": b"\xef\xbb\xbfName: d\r\n"}
    )
    files = read_archive("demo-1.0.tar.gz", data)
    assert files.names[0] == "naïve.py"
    assert files.text("setup.py") == "é"
    assert files.text("PKG-INFO") == "Name: d\n"


def test_without_one_top_folder_nothing_is_cut_off() -> None:
    assert read_archive("x.tar.gz", make_targz({"setup.py": "", "a/b.py": ""}, top="")).names == (
        "setup.py",
        "a/b.py",
    )


def test_litter_of_macos_does_not_hide_the_top_folder() -> None:
    data = make_targz({"._demo-1.0": "x", "demo-1.0/setup.py": "y", "demo-1.0/._setup.py": "z"}, top="")
    assert read_archive("demo-1.0.tar.gz", data).names == ("setup.py",)


def test_links_are_passed_over() -> None:
    def build(archive: tarfile.TarFile) -> None:
        add(archive, "demo-1.0/setup.py", b"real")
        add(archive, "demo-1.0/PKG-INFO", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add(archive, "demo-1.0/setup.cfg", type=tarfile.LNKTYPE, linkname="demo-1.0/setup.py")

    files = read_archive("demo-1.0.tar.gz", gzip.compress(tar_of(build)))
    assert files.names == ("setup.py",)
    assert files.notes == (
        "PKG-INFO is a link, which is not followed",
        "setup.cfg is a link, which is not followed",
    )


def test_large_texts_are_named_and_left_out() -> None:
    files = read_archive(
        "demo-1.0.tar.gz", make_targz({"setup.py": "#" * (MAX_TEXT + 1), "setup.cfg": "[x]"})
    )
    assert files.text("setup.py") is None
    assert files.text("setup.cfg") == "[x]"
    assert files.notes == ("setup.py is larger than 2 MiB and was not read",)


def test_wanted_chooses_what_is_read() -> None:
    files = read_archive(
        "demo-1.0.tar.gz",
        make_targz(MEMBERS),
        wanted=lambda name: Use.BUILD if name.endswith("core.py") else None,
    )
    assert dict(files.kept) == {"src/demo/core.py": b"x = 1\n"}


SOURCES = {
    "setup.py": "x",
    "src/a.c": '#include <zlib.h>\n#include "own.h"\n',
    "src/a.bin": "#include <zlib.h>\n",
    "tests/t.c": "#include <check.h>\n",
    "third_party/z/z.c": "#include <png.h>\n",
}


@pytest.mark.parametrize("pack", [make_targz, make_zip])
def test_sizes_and_includes(pack: Any) -> None:
    files = read_archive("demo-1.0.tar.gz", pack(SOURCES))
    assert dict(files.sizes) == {name: len(text) for name, text in SOURCES.items()}
    told = {name: [include.name for include in found] for name, found in files.includes.items()}
    assert told == {"src/a.c": ["zlib.h", "own.h"], "third_party/z/z.c": ["png.h"]}
    assert set(files.kept) == {"setup.py"}


@pytest.mark.parametrize("pack", [make_targz, make_zip])
def test_of_scripts_and_sources_the_first_part_is_read(pack: Any) -> None:
    late = "/" * (MAX_SCANNED + 9) + "\n#include <late.h>\n"
    noise = random.Random(1).randbytes(100_000).hex()
    files = read_archive(
        "x", pack({"configure": noise, "a.c": "#include <early.h>\n" + late, "b.c": "#include <b.h>\n"})
    )
    assert files.text("configure") == noise[: 64 << 10]
    assert [include.name for include in files.includes["a.c"]] == ["early.h"]
    assert [include.name for include in files.includes["b.c"]] == ["b.h"]
    assert files.sizes["a.c"] == len(late) + 19


@pytest.mark.parametrize("pack", [make_targz, make_zip])
def test_no_use_takes_the_share_of_another(pack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {use: replace(share, total=100) for use, share in archive_module._SHARES.items()}
    monkeypatch.setattr(archive_module, "_SHARES", shares)
    members = {
        **{f"build{number}.sh": "x" * 40 for number in range(4)},
        **{f"a{number}.c": "#include <z.h>\n" + "/" * 40 for number in range(4)},
        **{f"deps/a{number}.c": "#include <z.h>\n" + "/" * 40 for number in range(4)},
        **{f"demo/code{number}.py": "x" * 40 for number in range(4)},
        "setup.py": "y" * 90,
    }
    files = read_archive("x", pack(members))
    assert set(files.kept) == {"build0.sh", "build1.sh", "demo/code0.py", "demo/code1.py", "setup.py"}
    assert set(files.includes) == {"a0.c", "deps/a0.c"}
    assert files.names == tuple(members)
    assert files.notes == (
        "build2.sh was not read: the archive has too many build files",
        "build3.sh was not read: the archive has too many build files",
        "only the first 0 MiB of its sources were looked at",
    )


def test_a_large_library_does_not_hide_the_sources_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    share = replace(archive_module._SHARES[Use.SOURCE], total=1_000, later=60)
    monkeypatch.setitem(archive_module._SHARES, Use.SOURCE, share)
    source = "#include <early.h>\n" + "/" * 180 + "\n#include <late.h>\n"
    files = read_archive("x", make_targz({f"{letter}.c": source for letter in "abcdefgh"}))
    told = {name: tuple(include.name for include in found) for name, found in files.includes.items()}
    assert told == {
        **{f"{letter}.c": ("early.h", "late.h") for letter in "abc"},
        **{f"{letter}.c": ("early.h",) for letter in "defgh"},
    }
    assert files.notes == ()


def test_includes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MAX_INCLUDES", 30)
    source = "".join(f"#include <a{number}.h>\n" for number in range(20))
    files = read_archive("x", make_targz({f"{letter}.c": source for letter in "abcd"}))
    assert sum(map(len, files.includes.values())) == 40


def test_a_scanner_that_fails_costs_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def scan(name: str, data: bytes) -> tuple[Any, ...]:
        raise ValueError(name)

    monkeypatch.setattr(archive_module, "scan_includes", scan)
    assert read_archive("x", make_targz(SOURCES)).includes["src/a.c"] == ()


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "demo-1.0/../../x", "../x", "C:\\x", "\\\\host\\x", "demo-1.0/..\\..\\x"]
)
def test_names_that_leave_the_folder_are_refused(name: str) -> None:
    data = tar_of(lambda archive: (add(archive, "demo-1.0/setup.py"), add(archive, name, b"x")))
    assert error_id(gzip.compress(data)) == "archive-unsafe"
    assert error_id(make_zip({"demo-1.0/setup.py": "", name: "x"}, top=""), "demo.zip") == "archive-unsafe"


@pytest.mark.parametrize("name", ["a\x1b[31m.py", "a\nb.py", "a\u202eb.py", "a\\b.py", "x" * 1100])
def test_odd_names_are_left_out_with_a_note(name: str) -> None:
    files = read_archive("demo-1.0.tar.gz", make_targz({"setup.py": "", name: "x"}))
    assert files.names == ("setup.py",)
    assert len(files.notes) == 1
    assert files.notes[0].isprintable()


@pytest.mark.parametrize("cut", [5, 100, 200, -1, -9, -30])
def test_cut_archives(cut: Any) -> None:
    assert error_id(make_targz(MEMBERS)[:cut]) == "archive-cut"


@pytest.mark.parametrize("cut", [100, 512, 700, 1024 + 512, -10240])
def test_cut_plain_tars(cut: Any) -> None:
    assert error_id(make_tar(MEMBERS)[:cut], "demo-1.0.tar") in ("archive-cut", "archive-format")


@pytest.mark.parametrize(
    "data", [b"", b"<html>login</html>" * 100, b"\x1f\x8b", b"\x1f\x9d\x90abc", b"PK\3\4", b"\0" * 99]
)
def test_no_archive_at_all(data: Any) -> None:
    assert error_id(data).startswith("archive-")


def test_empty_archive() -> None:
    assert error_id(gzip.compress(bytes(10240))) == "archive-format"


def test_damaged_checksum_of_the_stream() -> None:
    data = bytearray(make_targz(MEMBERS))
    data[-6] ^= 0xFF
    assert error_id(bytes(data)) == "archive-cut"


def test_bomb_of_zeros_is_stopped_early() -> None:
    made = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1 << 20)
    header = tarfile.TarInfo("demo-1.0/zeros")
    header.size = 1 << 30
    data = made.compress(header.tobuf())
    data += b"".join(made.compress(block) for _ in range(64)) + made.flush()
    start = time.process_time()
    assert error_id(data) == "archive-limit"
    assert time.process_time() - start < 2


def test_more_than_half_a_gigabyte_is_refused_at_any_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.sdist.inflate.MAX_TOTAL", 1 << 20)
    data = gzip.compress(make_tar({"data.bin": random.Random(1).randbytes(1 << 21)}))
    assert error_id(data) == "archive-limit"


def test_too_many_members() -> None:
    header = tarfile.TarInfo("demo-1.0/x").tobuf()
    start = time.process_time()
    assert error_id(gzip.compress(header * 300_000, 1)) == "archive-limit"
    assert time.process_time() - start < 6
    assert MAX_MEMBERS == 50_000


def test_a_chain_of_very_many_gzip_members() -> None:
    assert error_id(gzip.compress(b"") * 5_000) == "archive-limit"


def test_two_gzip_members_are_one_archive() -> None:
    data = make_tar(MEMBERS)
    assert read_archive("x.tar.gz", gzip.compress(data[:700]) + gzip.compress(data[700:])).names == tuple(
        MEMBERS
    )


def test_zeros_and_rubbish_after_the_stream_are_left() -> None:
    assert read_archive("x.tar.gz", make_targz(MEMBERS) + bytes(100) + b"rubbish").names == tuple(MEMBERS)


def test_data_after_the_end_mark() -> None:
    data = make_tar(MEMBERS) + tarfile.TarInfo("demo-1.0/setup.cfg").tobuf() + bytes(1024)
    assert error_id(gzip.compress(data)) == "archive-ambiguous"


@pytest.mark.parametrize(
    "kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE, b"V", b"M"]
)
def test_devices_pipes_and_sparse_files(kind: bytes) -> None:
    data = tar_of(lambda archive: add(archive, "demo-1.0/x", type=kind))
    assert error_id(gzip.compress(data)) == "archive-ambiguous"


def raw_header(name: str, size_field: bytes, kind: bytes = b"0") -> bytes:
    header = bytearray(tarfile.TarInfo(name).tobuf())
    header[124:136] = size_field.ljust(12, b"\0")
    header[156:157] = kind
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize(
    "size",
    [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-0000000001", b"9999", b"0x10", b"\xff" + b"\xff" * 10 + b"\0"],
)
def test_impossible_sizes(size: bytes) -> None:
    assert error_id(gzip.compress(raw_header("demo-1.0/x", size) + bytes(2048))) == "archive-ambiguous"


def test_a_link_with_data() -> None:
    data = raw_header("demo-1.0/x", b"00000001000", b"2") + bytes(2048)
    assert error_id(gzip.compress(data)) == "archive-ambiguous"


def test_long_name_that_claims_gigabytes() -> None:
    assert error_id(gzip.compress(raw_header("x", b"27777777777", b"L") + bytes(2048))) == "archive-limit"


def pax(records: bytes, kind: bytes = b"x") -> bytes:
    return raw_header("pax", b"%011o" % len(records), kind) + records + bytes(-len(records) % 512)


def record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode()
    length = len(body) + 1
    while length != len(body) + len(str(length)):
        length = len(body) + len(str(length))
    return str(length).encode() + body


@pytest.mark.parametrize(
    "header",
    [
        pax(record("path", "demo-1.0/a") + record("path", "demo-1.0/b")),
        pax(record("size", "0") + record("size", "5")),
        pax(record("size", "-5")),
        pax(record("size", "٣")),
        pax(record("GNU.sparse.major", "1")),
        pax(record("path", "demo-1.0/a"), b"g"),
        pax(b"999 path=x\n"),
        pax(b"path=x\n"),
        pax(b"0 path=x\n"),
        pax(record("path", "a")) + raw_header("x", b"00000000002", b"L") + b"b\0" + bytes(510),
    ],
)
def test_ambiguous_extended_headers(header: bytes) -> None:
    data = header + tarfile.TarInfo("demo-1.0/x").tobuf() + bytes(1024)
    assert error_id(gzip.compress(data)) == "archive-ambiguous"


def test_pax_comments_and_times_are_harmless() -> None:
    data = pax(record("comment", "abc"), b"g") + pax(record("mtime", "1.5")) + make_tar(MEMBERS)
    assert read_archive("x.tar.gz", gzip.compress(data)).names == tuple(MEMBERS)


def test_two_different_files_of_one_name() -> None:
    def build(archive: tarfile.TarFile) -> None:
        add(archive, "demo-1.0/setup.py", b"one")
        add(archive, "demo-1.0/setup.py", b"two")

    assert error_id(gzip.compress(tar_of(build))) == "archive-ambiguous"


def test_a_trailing_header_without_a_file() -> None:
    assert error_id(gzip.compress(pax(record("path", "x")) + bytes(1024))) == "archive-ambiguous"


# zip -------------------------------------------------------------------------------------------------


def patched(data: bytes, signature: bytes, offset: int, value: bytes, index: int = 0) -> bytes:
    at = -1
    for _ in range(index + 1):
        at = data.index(signature, at + 1)
    return data[: at + offset] + value + data[at + offset + len(value) :]


ZIP = make_zip({"setup.py": "x" * 300, "setup.cfg": "y"})


@pytest.mark.parametrize(
    "data",
    [
        patched(ZIP, b"PK\3\4", 30, b"demo-1.0/SETUP"),  # another name in the local header
        patched(ZIP, b"PK\3\4", 22, struct.pack("<L", 1)),  # another size
        patched(ZIP, b"PK\3\4", 8, struct.pack("<H", 0)),  # another method
        patched(ZIP, b"PK\1\2", 42, struct.pack("<L", 5)),  # a member inside another
        patched(ZIP, b"PK\1\2", 46, b"demo-1.0/\0"),  # a name with NUL
        patched(ZIP, b"PK\5\6", 10, struct.pack("<H", 1)),  # fewer members than there are
        patched(ZIP, b"PK\5\6", 10, b"\xff\xff"),  # ZIP64
        ZIP + b"more",
        b"more" + ZIP,
        ZIP + ZIP,
        ZIP.replace(b"setup.cfg", b"setup.py\0")[: len(ZIP)],
    ],
)
def test_ambiguous_zips(data: Any) -> None:
    assert error_id(data if data.startswith(b"PK") else b"PK" + data, "demo.zip") == "archive-ambiguous"


def test_zip_whose_members_lie_about_their_size() -> None:
    lying = patched(patched(ZIP, b"PK\3\4", 22, struct.pack("<L", 1)), b"PK\1\2", 24, struct.pack("<L", 1))
    assert error_id(lying, "demo.zip") == "archive-ambiguous"


def test_two_members_of_one_name_in_a_zip() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("d/setup.py", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("d/setup.py", "2")
    assert error_id(out.getvalue(), "d.zip") == "archive-ambiguous"


def test_overlapping_members_in_a_zip() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("d/a", "1")
        archive.writestr("d/b", "2")
    data = out.getvalue()
    first = struct.pack("<L", 0)
    assert error_id(patched(data, b"PK\1\2", 42, first, 1), "d.zip") == "archive-ambiguous"


def test_zip_with_sizes_after_the_data_and_links() -> None:
    out = io.BytesIO()

    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

    sink = Unseekable()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("d/setup.py", "x = 1")
        link = zipfile.ZipInfo("d/setup.cfg")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    out.write(sink.getvalue())
    files = read_archive("d.zip", out.getvalue())
    assert files.names == ("setup.py",)
    assert "is a link" in files.notes[0]


def test_zip_bomb_is_refused_from_its_directory() -> None:
    data = make_zip({"zeros": bytes(32 << 20)})
    assert error_id(data, "d.zip") == "archive-limit"


def test_encrypted_and_oddly_packed_zips() -> None:
    flagged = patched(patched(ZIP, b"PK\3\4", 6, b"\1\0"), b"PK\1\2", 8, b"\1\0")
    assert error_id(flagged, "d.zip") == "archive-format"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("d/setup.py", "x")
    assert error_id(out.getvalue(), "d.zip") == "archive-format"


# properties ------------------------------------------------------------------------------------------

SEEDS = [make_targz(MEMBERS), make_tar(MEMBERS), make_zip(MEMBERS), bz2.compress(make_tar(MEMBERS))]


@settings(max_examples=150, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    edits=st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=12)), max_size=6),
    cut=st.one_of(st.none(), st.integers(0, 4096)),
)
def test_damaged_archives_end_in_our_error_only(
    seed: bytes, edits: list[tuple[int, bytes]], cut: Any
) -> None:
    data = bytearray(seed)
    for place, value in edits:
        at = place % len(data)
        data[at : at + len(value)] = value
    try:
        files = read_archive("demo-1.0.tar.gz", bytes(data[:cut]))
    except ArchiveError:
        return
    assert all(name and not name.startswith("/") and ".." not in name.split("/") for name in files.names)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=2048))
def test_any_bytes(data: Any) -> None:
    with suppress(ArchiveError):
        read_archive("x", data)
