from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from planner.knowledge.refresh.debian_contents import release_of, text_of
from planner.knowledge.refresh.debian_indices import binaries, contents, date, popularity, upstream
from planner.knowledge.refresh.things import main

RELEASE = "Origin: Debian\nDate: Sat, 12 Sep 2026 07:55:41 UTC\n"
PACKAGES = """\
Package: gcc
Version: 4:12.2.0-3
Depends: cpp (= 4:12.2.0-3), gcc-12 (>= 12.2.0-1~)
Provides: c-compiler

Package: gcc-12
Version: 12.2.0-14
Depends: libgcc-12-dev (= 12.2.0-14), binutils
Recommends: libc6-dev

Package: libgcc-12-dev
Version: 12.2.0-14

Package: libjpeg-dev
Version: 1:2.1.5-2
Depends: libjpeg62-turbo-dev (>= 1.3.1)

Package: libjpeg62-turbo-dev
Version: 1:2.1.5-2
Depends: libjpeg62-turbo (= 1:2.1.5-2), libc6-dev | libc-dev

Package: libjpeg62-turbo-dev
Version: 1:2.1.5-2~rc1

Package: libc6-dev
Version: 2.36-9+deb12u13
Provides: libc-dev

Package: tar
Version: 1.34+dfsg-1.2
Essential: yes

Package: libunused-dev
Version: 1.0-1
"""
SOURCES = """\
Package: pillow
Binary: python3-pil
Build-Depends: debhelper (>= 11), libjpeg-dev, gcc
Package-List:
 python3-pil deb python optional arch=any

Package: other
Build-Depends: libjpeg62-turbo-dev | libjpeg-dev, libc6-dev
Package-List:
 other deb misc optional arch=any
"""
CONTENTS = """\
bin/tar                                            utils/tar
usr/bin/gcc                                        devel/gcc
usr/include/jpeglib.h                              libdevel/libjpeg62-turbo-dev
usr/include/x86_64-linux-gnu/jconfig.h             libdevel/libjpeg62-turbo-dev
usr/include/stdio.h                                libdevel/libc6-dev
usr/include/unused.h                               libdevel/libunused-dev
usr/lib/gcc/x86_64-linux-gnu/12/include/immintrin.h libdevel/libgcc-12-dev
usr/lib/x86_64-linux-gnu/libjpeg.so                libdevel/libjpeg62-turbo-dev
usr/lib/x86_64-linux-gnu/pkgconfig/libjpeg.pc      libdevel/libjpeg62-turbo-dev
usr/share/doc/a file/with blanks.h                 doc/libjpeg-dev
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "bookworm_InRelease": RELEASE,
        "bookworm_main_binary-amd64_Packages": PACKAGES,
        "bookworm_main_source_Sources": SOURCES,
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bookworm_main_Contents-amd64.gz").write_bytes(gzip.compress(CONTENTS.encode()))
    return tmp_path


def test_indices(folder: Path) -> None:
    known = binaries(folder)
    assert known["libjpeg62-turbo-dev"].version == "1:2.1.5-2"  # ~rc1 comes before it
    assert known["libjpeg62-turbo-dev"].depends == (("libjpeg62-turbo",), ("libc6-dev", "libc-dev"))
    assert known["tar"].required
    python, every = popularity(folder)
    assert (python["libjpeg-dev"], every["libjpeg-dev"]) == (1, 2)
    assert ("usr/include/jpeglib.h", "libjpeg62-turbo-dev") in set(contents(folder))
    assert date(folder) == "2026-09-12"


def test_the_table_of_a_release(folder: Path) -> None:
    text = text_of({"12": release_of(folder)})
    assert text == text_of({"12": release_of(folder)})
    assert text.splitlines()[0] == "debian 12=2026-09-12"
    assert "\n>libjpeg-dev 2.1.5\n+ libjpeg62-turbo-dev \n" in text
    assert "\n^ libjpeg-dev \nh / jconfig.h jpeglib.h \nl jpeg \np libjpeg \n" in text
    assert "\n>tar 1.34 !\nb tar \n" in text
    assert "\n>gcc 12.2.0\nb gcc \nh / immintrin.h \n" in text
    assert "unused" not in text


def test_what_two_releases_share_is_said_once(folder: Path) -> None:
    one, other = release_of(folder), release_of(folder)
    other.words["libjpeg62-turbo-dev"]["h /"].add("jpegnew.h")
    del other.versions["tar"]
    text = text_of({"12": one, "13": other})
    assert "\nh / jconfig.h jpeglib.h \nh13 / jpegnew.h \n" in text
    assert "\n>tar 1.34 - !" in text


@pytest.mark.parametrize(
    ("version", "told"),
    [("1:9.1.1-1+b1", "9.1.1"), ("20190702+dfsg-4", "20190702"), ("git2020", "0"), ("3.25.1-1", "3.25.1")],
)
def test_upstream_versions(version: str, told: str) -> None:
    assert upstream(version) == told


def test_names_that_no_source_was_asked_for_stay(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "+[" not in capsys.readouterr().out
