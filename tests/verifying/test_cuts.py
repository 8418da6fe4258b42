"""A plan that lost anything, or holds another byte, is never good: each of them, not a sample."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from planner.errors import PlanError
from planner.verifying.values import VerifyRequest
from planner.verifying.verify import verify
from tests.conftest import ROOT, Wheelplan
from tests.verifying.cuts import flips, prefixes, without_a_line
from tests.verifying.planned import HERE, REQUIREMENTS

SMALLEST = min((ROOT / "tests" / "cases").glob("*/plan.toml"), key=lambda path: path.stat().st_size)


CUTS: dict[str, Callable[[Path, bytes], Iterator[int]]] = {
    "prefixes": prefixes,
    "lines": without_a_line,
    "bytes": flips,
}


@pytest.mark.parametrize("name", CUTS)
def test_every_one_is_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a plan is read before its seal is proven")

    monkeypatch.setattr("planner.plan.opened._document", never)
    path, data = tmp_path / "plan.toml", SMALLEST.read_bytes()
    request = VerifyRequest(str(path))
    refused = 0
    for _ in CUTS[name](path, data):
        try:
            verify(request, {}, "")
        except PlanError as error:
            refused += error.exit_code == 2
    assert refused == (data.count(b"\n") if name == "lines" else len(data))


GOOD = HERE.encode()
SEAL = GOOD.splitlines(keepends=True)[-1]
CUT, EDITED = "does not end with its digest line", "does not match its text"
ENDS = {
    "without the last newline": (GOOD[:-1], CUT),
    "up to the newline before the last line": (GOOD[: -len(SEAL)], CUT),
    "up to the text before that newline": (GOOD[: -len(SEAL) - 1], CUT),
    "a carriage return before the last newline": (GOOD[:-1] + b"\r\n", "line ends"),
    "all line ends of Windows": (GOOD.replace(b"\n", b"\r\n"), "line ends"),
    "all but the last line's": (GOOD[: -len(SEAL)].replace(b"\n", b"\r\n") + SEAL, EDITED),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, "byte order mark"),
    "a blank line behind": (GOOD + b"\n", CUT),
    "a blank behind": (GOOD + b" ", CUT),
    "a NUL behind": (GOOD + b"\0", CUT),
    "a blank line before the last": (GOOD[: -len(SEAL)] + b"\n" + SEAL, EDITED),
    "the last line twice": (GOOD + SEAL, EDITED),
    "the plan twice": (GOOD + GOOD, EDITED),
    "digits in capitals": (GOOD[: -len(SEAL)] + b"# sha256:" + SEAL[9:].upper(), CUT),
    "nothing": (b"", CUT),
    "the seal of nothing": (
        b"# sha256:" + hashlib.sha256(b"").hexdigest().encode() + b"\n",
        "`lock-version`",
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_edges_of_a_plan(sealed: Path, wheelplan: Wheelplan, name: str) -> None:
    data, why = ENDS[name]
    (sealed / "requirements.txt").write_bytes(REQUIREMENTS)
    (sealed / "pylock.wheelplan.toml").write_bytes(data)
    ran = wheelplan("verify")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: pylock.wheelplan.toml: ")
    assert why in ran.err
