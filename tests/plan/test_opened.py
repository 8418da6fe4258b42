"""Plans opened strictly: the same document as tomllib's, and nothing that was cut, edited or is not ours."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import PlanError
from planner.plan.opened import open_plan
from planner.plan.ownlines import UnusualError, read_lines
from planner.plan.seal import sealed
from planner.plan.toml import lines_of
from tests.verifying.planned import BUILT, GPU, SMALL, built, plan, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = sorted((Path(__file__).parents[1] / "cases").glob("*/plan.toml"))
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
VALUE = st.recursive(
    TEXT | st.booleans() | st.integers(0, 10**12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def plain(value: Any) -> Any:
    """A document of tomllib's with its moments as the text that `ownlines` leaves them."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_real_plans_read_as_tomllib_reads_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert read_lines(text) == plain(tomllib.loads(text))
    opened = open_plan(text.encode(), "plan")
    assert [one.name for one in opened.packages] == [one["name"] for one in tomllib.loads(text)["packages"]]


@given(st.dictionaries(TEXT.filter(bool), VALUE, max_size=5))
@settings(max_examples=50, deadline=None)
def test_what_we_write_is_read_as_tomllib_reads_it_or_left_to_it(table: dict[str, Any]) -> None:
    text = "\n".join(lines_of(table))
    with contextlib.suppress(UnusualError):
        assert read_lines(text) == tomllib.loads(text)


@given(st.text('"\\=[]{}, \na1.#t-:', max_size=40))
@settings(max_examples=150, deadline=None)
def test_nothing_is_read_that_tomllib_refuses(text: str) -> None:
    try:
        found = read_lines(text)
    except UnusualError:
        return
    assert found == plain(tomllib.loads(text))


def test_every_field_is_there() -> None:
    opened = open_plan(BUILT.encode(), "p.toml")
    alpha, beta = opened.packages
    assert (alpha.name, alpha.version, alpha.kind, alpha.isolated) == ("alpha", "1.0", "", True)
    assert alpha.wheels[0].url.startswith("https://files.test/")
    assert (alpha.wheels[0].size, alpha.wheels[0].sha256) == (12345, "0" * 64)
    assert alpha.dependencies == ("alpha", "gamma")
    assert (beta.kind, beta.jobs, beta.memory_per_job) == ("native", 2, 1200)
    assert beta.environment == (("MAX_JOBS", "2"),)
    assert [need.facts for need in beta.needs] == [
        ("program:gcc", "program:cc"),
        ("header:ffi.h pkg-config:libffi; pkg-config:libffi",),
    ]
    assert opened.prerequisites[0].packages == {"apt": ("gcc", "libc6-dev")}
    assert opened.machine["cores"] == 2
    assert (opened.verdict, opened.builds, opened.where) == ("builds", (beta,), "p.toml")
    assert open_plan(GPU.encode()).machine["gpu:0"] == "8.0"
    assert opened.package("gamma") is None


def test_other_forms_of_the_same_toml_are_read_too() -> None:
    text = SMALL.rpartition("# sha256")[0].replace(
        '= ["requirements.txt:1", ', '= [\n  "requirements.txt:1",\n  '
    )
    assert open_plan(sealed(text).encode()) == open_plan(SMALL.encode())._replace(data=sealed(text).encode())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema = 1", "schema = 2", "`schema` is 2"),
        ("schema = 1", "schema = true", "`schema` is True"),
        ("schema = 1\n", "", "`schema` is None"),
        ('lock-version = "1.0"', 'lock-version = "2.0"', "`lock-version`"),
        ('created-by = "wheelplan"', 'created-by = "uv"', "`created-by`"),
        ("packages = 2", "packages = 3", "`counts`"),
        ("source-builds = 0", "source-builds = 1", "`counts`"),
        ('verdict = "clear"', 'verdict = "fine"', "`verdict`"),
        ('name = "gamma"\nversion', 'name = "alpha"\nversion', "twice"),
        ('name = "gamma"\nversion', 'name = "Gamma"\nversion', "`name`"),
        ('\nversion = "1.0"\n', "\nversion = 1\n", "`version`"),
        ('\nversion = "1.0"\n', "\n", "`version` is missing"),
        ("0" * 64, "0" * 63, "sha256"),
        ("size = 12345", "size = -1", "`size`"),
        ("size = 12345", 'size = "1"', "`size`"),
        ("wheels = [", "archive = [", "`archive`"),
        ("[packages.tool.wheelplan]", '[packages.tool.wheelplan]\nsource-build = "native"', "`source-build`"),
        ('requires-python = "==3.11.*"\n', "", "`requires-python`"),
        ('"requirements.txt:1", ', "1, ", "`required-by`"),
    ],
)
def test_what_is_sealed_and_wrong_is_refused(old: str, new: str, said: str) -> None:
    text = SMALL.rpartition("# sha256")[0]
    assert old in text
    with pytest.raises(PlanError) as caught:
        open_plan(sealed(text.replace(old, new, 1)).encode(), "p.toml")
    assert said in str(caught.value) or "TOML" in str(caught.value)
    assert caught.value.where.startswith("p.toml")


def test_every_prefix_and_every_missing_line_is_refused() -> None:
    data = SMALL.encode()
    lines = data.splitlines(keepends=True)
    wrong = [data[:end] for end in range(len(data))]
    wrong += [b"".join(lines[:number] + lines[number + 1 :]) for number in range(len(lines))]
    wrong += [data + b"\n", data + b"# sha256:" + b"0" * 64 + b"\n", b"\xef\xbb\xbf" + data]
    for cut in wrong:
        with pytest.raises(PlanError):
            open_plan(cut, "p.toml")


@given(st.integers(0, len(BUILT.encode()) - 1), st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_a_flipped_byte_is_refused(at: int, mask: int) -> None:
    data = bytearray(BUILT.encode())
    data[at] ^= mask
    with pytest.raises(PlanError):
        open_plan(bytes(data), "p.toml")


@given(st.binary(max_size=60))
@settings(max_examples=80, deadline=None)
def test_no_bytes_raise_anything_else(middle: bytes) -> None:
    text = SMALL.encode().rpartition(b"# sha256")[0]
    body = text[: len(text) // 2] + middle + text[len(text) // 2 :]
    with contextlib.suppress(PlanError):
        open_plan(body + b"# sha256:" + hashlib.sha256(body).hexdigest().encode() + b"\n", "p.toml")


def test_a_plan_of_builds_alone_and_one_of_nothing() -> None:
    assert open_plan(plan(built(), builds=1, verdict="builds").encode()).builds
    assert open_plan(plan().encode()).packages == ()
    assert len(open_plan(plan(*(wheel(f"p-{n}") for n in range(50))).encode()).packages) == 50
