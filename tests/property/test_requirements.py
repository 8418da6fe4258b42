"""Generated requirement files: what pip reads we read, what pip refuses we refuse; no bytes make us crash."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.errors import InputError
from planner.inputs.reqlines import logical_lines, split_options
from planner.inputs.words import read_inputs
from planner.urls import redacted, without_credentials
from tests.inputs.pip_oracle import ours, pip_reads, we_read

NAMES = st.sampled_from(["demo", "Demo_X", "a.b-c", "zope.interface", "n", "9x"])
VERSIONS = st.sampled_from(["1", "1.0", "1.0.*", "2!1.0", "1.0+cu118", "1.0rc1", "2013b", "x"])
OPERATORS = st.sampled_from(["==", ">=", "<=", "!=", "~=", "<", ">", "===", "=", "=>"])
SPECIFIERS = st.lists(st.builds("{}{}".format, OPERATORS, VERSIONS), max_size=3).map(",".join)
EXTRAS = st.sampled_from(["", "[x]", "[x,Y_z]", "[]", "[x y]", " [x]"])
MARKERS = st.sampled_from(
    [
        "",
        "; python_version < '3.9'",
        " ; os_name == 'nt' or extra == 'x'",
        ";",
        ' ; "x" in sys_platform',
        "; nope",
    ]
)
URLS = st.sampled_from(
    [
        "https://files.test/demo-1.0-py3-none-any.whl",
        "https://files.test/demo-1.0.tar.gz#sha256=00",
        "https://files.test/demo.zip#egg=demo&subdirectory=x",
        "git+https://code.test/demo.git@v1#egg=demo",
        "git+ssh://git@code.test/demo.git",
        "hg+https://code.test/demo",
    ]
)
OPTIONS = st.sampled_from(
    [
        "",
        " --hash=sha256:00",
        " --hash sha512:11 --hash=sha256:AA",
        " -C a=b",
        " --pre",
        " --hash=md5:0",
        " -x",
        " x",
    ]
)
LINES = st.one_of(
    st.builds("{}{}{}{}{}".format, NAMES, EXTRAS, SPECIFIERS, MARKERS, OPTIONS),
    st.builds("{}{} @ {}{}{}".format, NAMES, EXTRAS, URLS, MARKERS, OPTIONS),
    st.builds("{}{}{}".format, URLS, MARKERS, OPTIONS),
    st.builds("-e {}{}".format, URLS, MARKERS),
    st.sampled_from(
        [
            "",
            "# comment",
            "   # comment",
            "--index-url https://i.test/simple",
            "-i https://j.test/",
            "--extra-index-url https://k.test",
            "--no-index",
            "--no-binary demo,:all:",
            "--only-binary :none:",
            "--only-binary demo",
            "--pre",
            "--all-releases demo",
            "--only-final :all:",
            "--find-links https://l.test",
            "--trusted-host h.test",
            "--require-hashes",
            "--prefer-binary",
            "\\",
        ]
    ),
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", " \n", " # c\n", " \\\n", "\\\n", "#c\n"])
FILES = st.lists(st.tuples(LINES, ENDS).map("".join), max_size=6).map("".join)

PROPERTY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(text=FILES)
@PROPERTY
def test_a_file_is_read_or_refused_as_pip_does(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "r.txt"
        file.write_bytes(text.encode())
        expected = pip_reads(file)
        try:
            found = ours(we_read(file))
        except InputError:
            found = None
        assert found == expected


@given(
    data=st.one_of(
        st.binary(max_size=400), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
    )
)
@PROPERTY
def test_no_bytes_make_a_reader_crash(data: bytes) -> None:
    for name in ("r.txt", "pyproject.toml", "pylock.toml", "script.py", "extensionless"):
        try:
            read_inputs(
                [name],
                constraints=[name],
                read=lambda _: data,
                exists=lambda _: True,
                isdir=lambda path: path.endswith("d"),
                environ={"A": "b"},
                cwd=os.sep,
            )
        except InputError:
            continue


@given(word=st.text(max_size=60))
@PROPERTY
def test_no_word_makes_the_reader_crash(word: str) -> None:
    def missing(path: str) -> bytes:
        raise FileNotFoundError(2, "No such file or directory", path)

    try:
        read_inputs(
            [word], read=missing, exists=lambda _: False, isdir=lambda _: False, environ={}, cwd=os.sep
        )
    except InputError:
        return


@given(text=st.text(alphabet="ab#\\ \t\n\r-$\u2028'\"", max_size=60))
@PROPERTY
def test_lines_lose_nothing_but_comments(text: str) -> None:
    lines = list(logical_lines(text, {}))
    assert [line.number for line in lines] == sorted({line.number for line in lines})
    for line in lines:
        assert line.text == line.text.strip() != ""
        words, options = split_options(line.text)
        assert not options or options.startswith("-")
        assert line.text in (words, options, f"{words} {options}")


@given(
    user=st.text(min_size=1, max_size=8, alphabet="abcXYZ019%._"),
    secret=st.text(min_size=4, max_size=12, alphabet="QWERTZ789%._~!$&*+=@:"),
    path=st.sampled_from(["", "/", "/simple/", "/a@b", "/x?page=1#egg=demo"]),
)
@PROPERTY
def test_a_password_is_in_no_shown_address(user: str, secret: str, path: str) -> None:
    url = f"https://{user}:{secret}@host.test{path}"
    assert secret not in without_credentials(url).replace("host.test", "").replace(path, "")
    assert without_credentials(url) == f"https://host.test{path}"
    assert redacted(f"demo @ {url} ; x") == f"demo @ https://host.test{path} ; x"
