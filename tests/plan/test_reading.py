"""Earlier plans and other tools' locks, read: what they pin, what is no lock, what is no reason to rewrite."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.errors import PlanError
from planner.findings import Finding
from planner.plan import Plan, PlanInput, render
from planner.plan.reading import OF_TODAY, Previous, PreviousPin, read_previous, same_but_for_today
from tests.test_plan import FULL, HASH
from tests.universe import MARKERS

BUILT = replace(FULL.packages[0], build_requires=("setuptools==84.0", "wheel>=1"))
ASKED = replace(
    FULL,
    packages=(BUILT, *FULL.packages[1:]),
    inputs=(
        PlanInput(path="c.txt", sha256=HASH, role="constraint"),
        PlanInput(path="requirements.txt", sha256=HASH),
    ),
    requirements=("-e ./e", "a>=1"),
    extras=(":all:",),
    groups=("dev", "sub/pyproject.toml:test"),
)
DATA = render(ASKED).encode()

UV = """
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.9"

[[packages]]
name = "alpha"
version = "2.0"
marker = "sys_platform == 'win32'"
wheels = [{ url = "https://files.test/alpha-2.0-py3-none-any.whl", hashes = { sha256 = "01" } }]

[[packages]]
name = "alpha"
version = "1.0"
marker = "sys_platform != 'win32'"
sdist = { url = "https://files.test/alpha-1.0.tar.gz#x", hashes = { sha256 = "02" } }
wheels = [
  { url = "https://files.test/alpha-1.0%2Bcpu-py3-none-any.whl", hashes = { sha256 = "AB" } },
  { path = "wheels/alpha-1.0-cp311-cp311-win32.whl", hashes = { md5 = "03" } },
]

[[packages]]
name = "beta"
version = "1.5"
sdist = { url = "https://files.test/beta-1.5.tar.gz", hashes = { sha256 = "04" } }

[[packages]]
name = "gamma"
vcs = { type = "git", url = "https://me:secret@git.test/gamma.git", commit-id = "c0ffee" }

[[packages]]
name = "delta"
marker = "'fast' in extras"
archive = { url = "https://files.test/delta-3.zip?x=1", hashes = { sha256 = "05" } }
"""


def pins(text: str) -> dict[str, PreviousPin]:
    found = read_previous(text.encode(), "pylock.toml", MARKERS).pins
    return {str(name): pin for name, pin in found.items()}


def test_a_plan_gives_back_what_it_pins_and_what_it_was_made_from() -> None:
    plan = read_previous(DATA, "pylock.toml")
    assert {name: str(pin.version or "") for name, pin in plan.pins.items()} == {
        "a": "1.0", "b": "2.0", "c": "3.0", "d": "", "e": "",
    }  # fmt: skip
    assert plan.pins[canonicalize_name("a")].files == (("a-1.0-py3-none-any.whl", HASH),)
    built = plan.pins[canonicalize_name("b")]
    assert (built.source_build, built.reason, built.filename) == ("native", "never", "b-2.0.tar.gz")
    assert plan.pins[canonicalize_name("c")].filename == "c-3.0-py3-none-any.whl"
    assert plan.pins[canonicalize_name("d")].commit == "0" * 40
    assert plan.pins[canonicalize_name("e")].filename == "./e"
    assert (plan.sealed, plan.created_by, plan.verdict) == (True, "wheelplan", "clear")
    assert plan.inputs == ASKED.inputs
    assert (plan.requirements, plan.extras, plan.groups) == (ASKED.requirements, ASKED.extras, ASKED.groups)
    assert plan.versions == {name: plan.pins[name].version for name in map(canonicalize_name, "abc")}
    assert plan.build_versions == {"setuptools": Version("84.0")}
    assert plan.without(frozenset({canonicalize_name("b")})).build_versions == {}
    assert plan.without(frozenset({canonicalize_name("a")})).pins.keys() == set("bcde")


def test_another_tools_lock_is_read_for_the_machine() -> None:
    found = pins(UV)
    alpha, beta = found["alpha"], found["beta"]
    assert alpha.version == Version("1.0")
    assert alpha.sha256s == {"ab", "02"}
    assert [name for name, _ in alpha.files] == [
        "alpha-1.0+cpu-py3-none-any.whl",
        "alpha-1.0-cp311-cp311-win32.whl",
        "alpha-1.0.tar.gz",
    ]
    assert (alpha.source_build, beta.source_build) == ("", "unknown")
    assert found["gamma"] == PreviousPin(
        version=None, files=(("https://git.test/gamma.git", ""),), commit="c0ffee", source_build="unknown"
    )
    assert found.keys() == {"alpha", "beta", "gamma"}
    offered = UV.replace("requires-python", 'extras = ["fast"]\nrequires-python')
    assert pins(offered)["delta"].files == (("delta-3.zip", "05"),)
    assert not read_previous(UV.encode(), "pylock.toml").sealed


def test_an_edited_plan_is_a_wish() -> None:
    edited = DATA.replace(b'name = "a"\nversion = "1.0"', b'name = "a"\nversion = "0.9"')
    plan = read_previous(edited, "pylock.toml")
    assert plan.pins[canonicalize_name("a")].version == Version("0.9")
    assert not plan.sealed


NONE = {
    "bytes": (b"\xff\x00", "UTF-8"),
    "conflict markers": (
        DATA.replace(b"[tool.wheelplan]\n", b"<<<<<<< HEAD\n[tool.wheelplan]\n"),
        "no valid TOML",
    ),
    "nothing": (b"", "lock-version"),
    "another document": (b"[project]\nname = 'x'\n", "lock-version"),
    "a later lock": (b"lock-version = '2.0'\npackages = []\n", "lock-version"),
    "no packages": (b"lock-version = '1.0'\n", "no list of packages"),
    "packages that are none": (b"lock-version = '1.0'\npackages = [1]\n", "package 1 has no name"),
    "a name that is none": (b"lock-version = '1.0'\n[[packages]]\nname = 3\n", "package 1 has no name"),
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_lock_is_told_with_its_reason(name: str) -> None:
    data, why = NONE[name]
    with pytest.raises(PlanError, match=why) as caught:
        read_previous(data, "pylock.toml")
    assert caught.value.where.startswith("pylock.toml")
    assert caught.value.hint


def test_every_prefix_is_read_or_told() -> None:
    whole = read_previous(DATA, "pylock.toml")
    for end in range(0, len(DATA), 7):
        try:
            part = read_previous(DATA[:end], "pylock.toml")
        except PlanError:
            continue
        assert not part.sealed
        assert part.pins.keys() <= whole.pins.keys()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=4)
    | st.sampled_from(["1.0", "a", "x/y.whl"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "version",
                    "wheels",
                    "sdist",
                    "url",
                    "hashes",
                    "sha256",
                    "marker",
                    "vcs",
                    "tool",
                    "wheelplan",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["packages", "tool", "extras", "created-by"]), VALUES))
@settings(max_examples=50, deadline=None)
def test_any_document_is_read_or_told(document: dict[str, object]) -> None:
    from planner.plan.toml import lines_of  # noqa: PLC0415 (as plans are written)

    def clean(value: object) -> object:
        if isinstance(value, dict):
            return {key: clean(one) for key, one in value.items() if one is not None}
        return [clean(one) for one in value if one is not None] if isinstance(value, list) else value

    text = "\n".join(lines_of({"lock-version": "1.0", **{k: clean(v) for k, v in document.items()}}))
    with contextlib.suppress(PlanError):
        assert isinstance(read_previous(text.encode(), "x", MARKERS), Previous)


# -- what is no reason to write a plan anew ---------------------------------------------------------------


def finding(code: str, summary: str = "says something") -> Finding:
    return Finding(code=code, severity="note", project="a", summary=summary)


def data(plan: Plan) -> bytes:
    return render(plan).encode()


def test_only_what_tells_of_the_day_is_no_difference() -> None:
    plan = replace(FULL, findings=(finding("WP502"),))
    for code in sorted(OF_TODAY):
        later = replace(plan, findings=(finding("WP502"), finding(code, "3.0 is the newest")))
        assert same_but_for_today(data(plan), data(later))
        assert same_but_for_today(data(later), data(plan))
    assert same_but_for_today(data(plan), data(replace(plan, command="wheelplan check a b")))
    other = replace(
        plan.packages[0], alternatives=("a==9 has a wheel for this machine (next newer version)",)
    )
    assert same_but_for_today(data(plan), data(replace(plan, packages=(other, *plan.packages[1:]))))
    others = [
        replace(plan, findings=(finding("WP501"),)),
        replace(plan, verdict="builds"),
        replace(plan, packages=plan.packages[:-1]),
        replace(plan, requirements=("a",)),
        replace(plan, findings=(finding("WP502", "says something else"),)),
    ]
    for other in others:
        assert not same_but_for_today(data(plan), data(other))


def test_a_plan_whose_seal_is_broken_is_written_anew() -> None:
    plan = data(FULL)
    for broken in (b"", plan[:-1], plan.replace(b"\n", b"\r\n"), plan.replace(b"# Install", b"# install")):
        assert not same_but_for_today(broken, plan)
