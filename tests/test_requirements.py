"""Requirement files: pip's own reader is the oracle; where we say more than pip (all bad lines, hints) is told here."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import pytest

from planner.errors import InputError, UnreachableIndexError
from planner.inputs.reqlines import decode, logical_lines, split_options
from planner.inputs.requirements import Reading
from planner.wanted import Disk, Inputs
from tests.inputs.pip_oracle import disk, ours, pip_reads, we_read

LINES = [line for line in (Path(__file__).parent / "inputs" / "lines.txt").read_text().splitlines() if line]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a project, an empty directory and two archives; it is the working directory."""
    (tmp_path / "proj").mkdir()
    (tmp_path / "proj" / "pyproject.toml").write_text('[project]\nname = "proj"\n')
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "pkgs").mkdir()
    for name in ("demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"):
        (tmp_path / "pkgs" / name).write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAME_OF_TEST", "demo")
    monkeypatch.setenv("VERSION_OF_TEST", "1.5")
    monkeypatch.setenv("EMPTY_OF_TEST", "")
    return tmp_path


def read(text: str | bytes, environ: Mapping[str, str] | None = None, /, **files: str) -> Inputs:
    """Read one file from a disk in memory; `files` are others on it (`__` is a slash, `_` a dot)."""
    data = text if isinstance(text, bytes) else text.encode()
    there = {"/w/r.txt": data}
    there |= {
        "/w/" + name.replace("__", "/").replace("_", "."): content.encode() for name, content in files.items()
    }
    return reading_of(there, environ or {}).finish()


def reading_of(there: Mapping[str, bytes], environ: Mapping[str, str], *, file: str = "r.txt") -> Reading:
    def opened(path: str) -> bytes:
        if path not in there:
            raise FileNotFoundError(2, "No such file or directory", path)
        return there[path]

    reading = Reading(Disk(read=opened, exists=there.__contains__, isdir=lambda _: False, cwd="/w"), environ)
    reading.file(file)
    return reading


def problems(
    text: str | bytes, environ: Mapping[str, str] | None = None, /, **files: str
) -> list[InputError]:
    with pytest.raises(InputError) as caught:
        read(text, environ, **files)
    return [caught.value, *caught.value.others]


@pytest.mark.parametrize("line", LINES)
def test_each_line_is_read_or_refused_as_pip_does(project: Path, line: str) -> None:
    file = project / "r.txt"
    file.write_text(f"{line}\n")
    expected = pip_reads(file)
    if expected is None:
        with pytest.raises(InputError) as caught:
            we_read(file)
        assert str(caught.value).startswith("r.txt:1: ")
        assert caught.value.hint
    else:
        assert ours(we_read(file)) == expected


def test_a_whole_file_is_read_as_pip_does(project: Path) -> None:
    file = project / "r.txt"
    good = []
    for line in LINES:
        file.write_text(f"{line}\n")
        if pip_reads(file) is not None and not line.endswith("\\"):
            good.append(line)
    file.write_text("\n".join(good))
    assert ours(we_read(file)) == pip_reads(file)


@pytest.mark.parametrize(
    "text",
    [
        b"a \\\n  ==1.0\nb\\\n# comment\nc",
        b"a \\\n# comment \\\nb",
        b"a==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n",
        b"a\r\nb==1 \\\r\n --hash=sha256:00\r\n# c\r\n",
        b"a\rb\x0cc\x0bd",
        codecs.BOM_UTF8 + b"a\n",
        codecs.BOM_UTF16_LE + "a\r\nb==1.0 # ä\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "a\nb".encode("utf-16-be"),
        codecs.BOM_UTF32_LE + "a\nb".encode("utf-32-le"),
        "# -*- coding: latin-1 -*-\na # é\n".encode("latin-1"),
        "\n# coding=cp1252\na # é\n".encode("cp1252"),
        "a # é\n".encode(),
        b"a \\",
        b"\\\na",
        b"   a   # b\n\t\n   # c\n",
        b"a#b",
        b"a @ https://f.test/a-1.zip#sha256=00 # c",
        "a\u2028b".encode(),
    ],
)
def test_bytes_and_lines_are_read_as_pip_does(project: Path, text: bytes) -> None:
    file = project / "r.txt"
    file.write_bytes(text)
    expected = pip_reads(file)
    if expected is None:
        with pytest.raises(InputError):
            we_read(file)
    else:
        assert ours(we_read(file)) == expected


def test_nested_files_are_read_as_pip_does(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "r.txt").write_text("a\n-r sub/b.txt\n-c c.txt\n-f pkgs\n-r sub/b.txt\n")
    (project / "sub" / "b.txt").write_text(
        "b\n-r ../d.txt\n--find-links .\n--extra-index-url https://x.test\n"
    )
    (project / "c.txt").write_text("c<2\n-r e.txt\n-c f.txt\n--no-binary c\n")
    (project / "d.txt").write_text("d\n-i https://y.test\n")
    (project / "e.txt").write_text("e==1\n")
    (project / "f.txt").write_text("f==1 --hash=sha256:00\n")
    expected = pip_reads(project / "r.txt")
    assert expected is not None
    inputs = we_read(project / "r.txt")
    seen, said = ours(inputs)
    assert sorted(map(repr, seen)) == sorted(map(repr, expected[0]))
    said["find_links"] = [os.path.normpath(link) for link in inputs.options.find_links]
    expected[1]["find_links"] = [
        f"file:{os.path.normpath(link)}" for link in cast("list[str]", expected[1]["find_links"])
    ]
    assert said == expected[1]
    assert [wanted.origin for wanted in inputs.wanted] == [
        "r.txt:1",
        "sub/b.txt:1",
        "d.txt:1",
        "e.txt:1",
        "sub/b.txt:1",
        "d.txt:1",
    ]
    assert [wanted.origin for wanted in inputs.constraints] == ["c.txt:1", "f.txt:1"]
    assert [file.path for file in inputs.files] == ["r.txt", "sub/b.txt", "d.txt", "c.txt", "e.txt", "f.txt"]
    assert inputs.require_hashes
    assert "requirements although a constraints file names it" in inputs.notes[0].text


def test_an_included_file_may_be_included_twice_but_not_by_itself() -> None:
    (problem,) = problems("-r a.txt\n", a_txt="x\n-r b.txt\n", b_txt="-r a.txt\n")
    assert str(problem).startswith("b.txt:1: `a.txt` includes itself, first from r.txt:1.")


def test_a_file_included_in_ever_more_ways_is_cut_off() -> None:
    files = {f"f{number}_txt": f"-r f{number + 1}.txt\n" * 2 for number in range(40)}
    found = problems("-r f0.txt", None, f40_txt="x", **files)
    assert "More than 10000 files are included" in str(found[0])


def test_a_chain_of_a_thousand_files_is_read() -> None:
    files = {f"f{number}_txt": f"-r f{number + 1}.txt\n" for number in range(1000)}
    assert read("-r f0.txt", None, **files, f1000_txt="demo").wanted[0].origin == "f1000.txt:1"


def test_every_bad_line_of_a_run_is_told() -> None:
    found = problems("numpy=1\nok\n-r missing.txt\nscipy==>1\n-r b.txt\n", b_txt="C:\\x\\y\n")
    assert [problem.where for problem in found] == ["r.txt:1", "r.txt:3", "r.txt:4", "b.txt:1"]
    many = problems("a=1\n" * 5000)
    assert len(many) == 101
    assert "more than 100 bad lines" in many[-1].what


@pytest.mark.parametrize(
    ("line", "what", "hint"),
    [
        ("numpy=1.0", "`=` is no comparison", "numpy==1.0?"),
        ("numpy==>1.0", "`==>` is no comparison", "numpy>=1.0?"),
        ("numpy=<1.0", "`=<` is no comparison", "numpy<=1.0?"),
        ("numpy=1.0=py39_0", "conda's way", "numpy==1.0"),
        ("numpy 1.0", "a comparison is missing", "numpy==1.0"),
        ("numpy>=1 <2", "a comma is missing", "numpy>=1,<2"),
        ("numpy scipy", "more than one name", "a line of its own"),
        ("pip install numpy", "a command, not a requirement", "Keep only: numpy"),
        (r"C:\wheels\demo", "a path of a Windows machine", "forward slashes"),
        (r"C:\wheels\demo.whl", "a path of a Windows machine", "forward slashes"),
        ("code.test/user/demo", "an address without a scheme", "git+https://code.test/user/demo"),
        ("code.test/demo-1.0.zip", "an address without a scheme", "https://code.test/demo-1.0.zip"),
        ("demo @ code.test/demo-1.0.zip", "an address without a scheme", "https://code.test/demo-1.0.zip"),
        ("git@code.test:user/demo.git", "git's short form", "git+ssh://git@code.test/user/demo.git"),
        ("numpy==1.0\t--hash=sha256:00", "a tab", "a blank"),
        ("nump\u0443", "U+0443 (CYRILLIC SMALL LETTER U)", "anew"),
        ("numpy==${NOT_SET}", "the variable NOT_SET is not set", "export NOT_SET"),
        ("numpy==$version", "${LIKE_THIS}", "Write ${VERSION}"),
        ('"numpy",', "quotation marks", "Write numpy"),
        ("git://code.test/x.git", "`git:` is no scheme", "git+https://code.test/x.git"),
        ("numpy[a b]", "`[a b]` is no list of extras", "NAME[one,other]"),
        ("<<<<<<< HEAD", "merge conflict", "Resolve"),
        ("[[packages]]", "TOML or INI", "command line"),
        ("numpy>=1.*", "`.*` goes with == and != only", "without"),
        ("-requirements.txt", "`equirements.txt` does not exist", "-r requirements.txt?"),
        ("-r nope.txt", "`nope.txt` does not exist", "directory of the file"),
        ("-r pylock.toml", "no requirements file", "wheelplan check pylock.toml"),
        ("--index-ur https://x.test", "", ""),
        ("--idnex-url https://x.test", "no option of a requirements file", "--index-url?"),
        ("--no-deps", "no option of a requirements file", ""),
        ("--install-option=x", "removed", "--config-settings"),
        ("-e ./nope", "does not exist", "Paths count"),
        ("./nope", "does not exist", "Paths count"),
        ("demo-1.0.zip", "does not exist", "Check the path"),
        ("git+https://code.test/x.git@", "without a revision", "tag, branch or commit"),
        ("https:///x.whl", "no name of a wheel", "NAME-VERSION"),
        ("https:///x.tar.gz", "names no host", "https://HOST"),
        ("file://elsewhere/x.tar.gz", "another machine", "file:///PATH"),
        ("demo @ file:///nope/x.tar.gz", "does not exist", "Check the path"),
        ("numpy ; python_versio < '3'", "no environment marker", "Write it like"),
        ("numpy --hash=sha256:00 --hash=md5:00", "no hash that pip takes", "--hash=sha256:HEX"),
    ],
)
def test_a_slip_is_told_with_what_to_type(line: str, what: str, hint: str) -> None:
    if not what:  # an unambiguous beginning of an option is one, as in pip
        assert read(line).options.index_url
        return
    (problem,) = problems(line, requirements_txt="")
    assert what in problem.what
    assert hint in problem.hint
    assert problem.where == "r.txt:1"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-c c.txt", "is editable, which no constraint may be"),
        ("-c d.txt", "is without a name"),
        ("-c e.txt", "is with extras"),
    ],
)
def test_what_no_constraint_may_be_is_refused(line: str, reason: str) -> None:
    files = {"c_txt": "-e git+https://x.test/a#egg=a", "d_txt": "git+https://x.test/a", "e_txt": "a[b]==1"}
    (problem,) = problems(line, None, **files)
    assert reason in problem.what
    assert problem.where == f"{line[3:]}:1"


def test_what_pip_ignores_is_noted() -> None:
    inputs = read("a --pre\n--hash=sha256:00\n-i https://x.test b\n-r c.txt -r d.txt\n", c_txt="c", d_txt="d")
    assert [(note.where, note.text.split(" ")[0]) for note in inputs.notes] == [
        ("r.txt:1", "--pre"),
        ("r.txt:2", "--hash"),
        ("r.txt:3", "`b`"),
        ("r.txt:4", "Only"),
    ]
    assert [wanted.name for wanted in inputs.wanted] == ["a", "c"]


def test_secrets_reach_no_value_that_is_shown() -> None:
    environ = {"TOKEN": "s3cr3t", "HOST": "x.test"}
    text = (
        "--extra-index-url https://me:${TOKEN}@${HOST}/simple\n"
        "demo @ https://${TOKEN}@files.test/demo-1.0.zip?X-Amz-Signature=s3cr3t&v=1\n"
        "git+https://me:s3cr3t@code.test/x.git@main#egg=x\n"
    )
    inputs = read(text, environ)
    assert inputs.options.extra_index_urls == ("https://me:s3cr3t@x.test/simple",)
    demo, git = inputs.wanted
    assert demo.source is not None
    assert git.source is not None
    assert "s3cr3t" in demo.source.url
    shown = [demo.text, demo.source.shown, git.text, git.source.shown, *map(str, inputs.options.origins)]
    assert not [text for text in shown if "s3cr3t" in text]
    assert demo.source.shown == "https://files.test/demo-1.0.zip?v=1"


@pytest.mark.parametrize(
    "line",
    [
        "demo=${TOKEN}",
        "demo==${TOKEN}!!",
        "demo @ https://u:s3cr3t@files.test/a b",
        "-r https://u:s3cr3t@files.test/r.txt",
        "--bad https://u:s3cr3t@files.test",
        "-e https://u:s3cr3t@files.test",
        "https://u:s3cr3t@[::1/x",
        "--${TOKEN}",
    ],
)
def test_secrets_reach_no_message(line: str) -> None:
    for problem in problems(line, {"TOKEN": "s3cr3t"}):
        assert "s3cr3t" not in str(problem)


@pytest.mark.parametrize(
    "text",
    [
        "demo ; " + "(" * 1000 + "os_name == 'nt'" + ")" * 1000,
        "demo ; " + "(" * 100_000,
        "demo==" + "1" * 5000,
        "demo" * 2_500_000,
        " " * 5_000_000 + "=",
        "demo " + "[" * 100_000,
        "\0",
        "demo==1.0\0",
        "--hash=" + "x" * 100_000,
        "=" * 100_000,
        "a" * 50_000 + " " * 50_000 + "!",
        "${A}" * 100_000 + "=",
        "-r \0",
        "-r " + "x/" * 10_000,
        "./" + "x" * 5000,
    ],
    ids=range(15),
)
def test_hostile_lines_are_refused_in_short_sentences(text: str) -> None:
    for problem in problems(text, {"A": "a"}):
        assert len(str(problem)) < 700
        assert str(problem).isprintable() or "\0" not in str(problem)


def test_a_hundred_thousand_hashes_are_read() -> None:
    inputs = read("demo==1.0" + "".join(f" \\\n    --hash=sha256:{number:064x}" for number in range(100_000)))
    assert len(inputs.wanted[0].hashes) == 100_000


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"a\nb # \xe9\n", "r.txt:2: The file is not in utf-8"),
        (b"# coding: klingon\na", "r.txt:1: The file is in 'klingon'"),
        (b"# coding: hex\na", "r.txt:1: The file is in 'hex'"),
        (b"a\0\n\0", "r.txt: This is no text file"),
        (b"<!DOCTYPE html><html>", "r.txt:1: This is a web page"),
        (codecs.BOM_UTF16_LE + b"a", "r.txt:1: The file is not in utf-16"),
    ],
)
def test_bytes_that_are_no_requirements_are_refused_once(data: bytes, what: str) -> None:
    (problem,) = problems(data)
    assert str(problem).startswith(what)


def test_another_locale_reads_what_is_no_utf8() -> None:
    assert decode(b"a # \xe9", "cp1252") == "a # é"


def failing(error: Exception) -> Callable[[str], bytes]:
    def opened(path: str) -> bytes:
        del path
        raise error

    return opened


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (PermissionError(13, "Permission denied"), "`r.txt` cannot be read: Permission denied."),
        (IsADirectoryError(21, "Is a directory"), "`r.txt` is a directory."),
        (FileNotFoundError(2, "x"), "`r.txt` does not exist."),
        (ValueError("embedded null byte"), "`r.txt` cannot be read: it has no valid name."),
        (UnreachableIndexError("It gives no answer.", id="index-unavailable"), "It gives no answer."),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(error: Exception, what: str) -> None:
    reading = Reading(Disk(read=failing(error), exists=lambda _: True, isdir=lambda _: False, cwd="/w"), {})
    reading.file("r.txt")
    with pytest.raises(InputError) as caught:
        reading.finish()
    assert what in str(caught.value)


def test_files_are_read_from_addresses_and_include_relative_to_them() -> None:
    there = {
        "https://u:p@x.test/reqs/a.txt": b"a\n-r b.txt\n-c /c.txt\n",
        "https://u:p@x.test/reqs/b.txt": b"b\n",
        "https://u:p@x.test/c.txt": b"c<1\n",
    }
    inputs = reading_of(there, {}, file="https://u:p@x.test/reqs/a.txt").finish()
    assert [wanted.origin for wanted in inputs.wanted] == [
        "https://x.test/reqs/a.txt:1",
        "https://x.test/reqs/b.txt:1",
    ]
    assert [file.path for file in inputs.files] == [
        "https://x.test/reqs/a.txt",
        "https://x.test/reqs/b.txt",
        "https://x.test/c.txt",
    ]


def test_a_path_after_an_at_sign_is_taken_with_a_note(project: Path) -> None:
    (project / "r.txt").write_text("demo @ ./proj\n")
    inputs = we_read(project / "r.txt")
    assert inputs.wanted[0].source is not None
    assert inputs.wanted[0].source.kind == "directory"
    assert "uv takes that" in inputs.notes[0].text


def test_sources_are_told_apart(project: Path) -> None:
    lines = (
        "./pkgs/demo-1.0-py3-none-any.whl",
        "file:pkgs/demo-1.0.tar.gz",
        "./proj[x]",
        "git+ssh://git@code.test/a/b.git@v1#subdirectory=c",
        "https://f.test/d?x=1#egg=d",
    )
    (project / "r.txt").write_text("\n".join(lines))
    sources = [wanted.source for wanted in we_read(project / "r.txt").wanted]
    assert [source and source.kind for source in sources] == ["wheel", "sdist", "directory", "vcs", "sdist"]
    wheel, sdist, directory, vcs, archive = (source for source in sources if source)
    assert wheel.path == str(project / "pkgs" / "demo-1.0-py3-none-any.whl")
    assert sdist.url == (project / "pkgs" / "demo-1.0.tar.gz").as_uri()
    assert directory.path == str(project / "proj")
    assert (vcs.vcs, vcs.url, vcs.revision, vcs.subdirectory) == (
        "git",
        "ssh://git@code.test/a/b.git",
        "v1",
        "c",
    )
    assert archive.url == "https://f.test/d?x=1"


def test_values_are_keys(project: Path) -> None:
    (project / "r.txt").write_text("demo[a]==1 ; os_name=='posix' \n-e ./proj\n")
    inputs = we_read(project / "r.txt")
    assert len({*inputs.wanted, *inputs.files, inputs}) == 4


def test_option_words_split_at_blanks_only() -> None:
    assert split_options("a\t--b") == ("a\t--b", "")
    assert split_options("a  --b") == ("a ", "--b")
    assert split_options("-e x") == ("", "-e x")


def test_variables_may_name_later_variables() -> None:
    environ = {"A": "${B}", "B": "b", "C": "${A}"}
    assert [line.text for line in logical_lines("${A} ${B}\n${C} ${A}\n${D} $A ${a}", environ)] == [
        "b b",
        "${B} ${B}",
        "${D} $A ${a}",
    ]


def test_the_disk_is_asked_for_no_name_that_it_cannot_hold(tmp_path: Path) -> None:
    assert not disk(tmp_path).has("a\0b")
    assert not disk(tmp_path).has_directory("x" * 5000)
