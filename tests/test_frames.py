"""Messages between two processes: whole, cut, too long, and left unread."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.frames import MAX_FRAME, Body, read_frame, write_frame


def framed(*pieces: bytes) -> io.BytesIO:
    sink = io.BytesIO()
    for piece in pieces:
        write_frame(sink, piece)
    return io.BytesIO(sink.getvalue())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=40)))
def test_what_is_written_is_read(pieces: list[bytes]) -> None:
    source = framed(*pieces)
    assert [read_frame(source) for _ in pieces] == pieces
    assert read_frame(source) is None


@pytest.mark.parametrize("cut", [1, 3, 4, 6])
def test_a_message_that_breaks_off_is_none(cut: int) -> None:
    assert read_frame(io.BytesIO(framed(b"abc").getvalue()[:cut])) is None


def test_a_length_that_no_message_has_is_none() -> None:
    assert read_frame(io.BytesIO((MAX_FRAME + 1).to_bytes(4, "big") + b"x" * 10)) is None


def test_a_body_is_a_file() -> None:
    source = framed(b"abc", b"defg", b"", b"next")
    body = Body(source)
    assert [body.read(2), body.read(2), body.read(9), body.read(9), body.read(9)] == [
        b"ab", b"c", b"defg", b"", b"",
    ]  # fmt: skip
    assert not body.broken
    assert read_frame(source) == b"next"


def test_a_body_that_nobody_read_to_its_end_is_left_out() -> None:
    source = framed(b"abc", b"defg", b"", b"next")
    body = Body(source)
    assert body.read(1) == b"a"
    body.drain()
    assert not body.broken
    assert read_frame(source) == b"next"


def test_a_body_whose_sender_is_gone_is_broken() -> None:
    body = Body(framed(b"abc"))
    body.drain()
    assert body.broken
    assert body.read(5) == b""
