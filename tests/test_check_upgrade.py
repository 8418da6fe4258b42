"""`wheelplan check` where a plan is already: what stays, `-U`, `-P`, what is not written anew, what is told."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from planner import pipeline
from planner.arguments import parser
from planner.plan import check_digest
from planner.plan.reading import Previous, read_previous
from planner.request import Request, World
from planner.verdict import Checked
from tests.conftest import MACHINE, Ran, Wheelplan
from tests.shelf import SETUP_C, publish, sdist, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAN = "pylock.wheelplan.toml"


class Shop:
    """A current folder with an index to which files are added, and the command line that checks against it."""

    def __init__(self, folder: Path, run: Wheelplan) -> None:
        self.folder = folder
        self._run = run
        self.files: list[Path] = []
        self.add(wheel, "alpha", "1.0", ["beta"])
        self.add(wheel, "beta", "1.0")
        self.add(wheel, "setuptools", "84.0")

    def add(
        self, kind: Any, name: str, version: str, requires: tuple[str, ...] | list[str] = (), **more: Any
    ) -> None:
        """A new file appears on the index."""
        self.files.append(kind(self.folder / "files", name, version, requires, **more))
        self.publish(*self.files)

    def publish(self, *files: Path) -> None:
        shutil.rmtree(self.folder / "index", ignore_errors=True)
        self.index = publish(self.folder / "index", *files)

    def newer(self) -> None:
        """alpha and beta get newer versions, and alpha's wants gamma."""
        self.add(wheel, "alpha", "2.0", ["beta", "gamma"])
        self.add(wheel, "beta", "2.0")
        self.add(wheel, "gamma", "1.0")

    def words(self, *words: str | Path) -> list[str | Path]:
        return ["check", "--machine", MACHINE, "--no-cache", "--default-index", self.index, *words]

    def check(self, *words: str | Path) -> Ran:
        return self._run(*self.words(*words))

    def checked(self, *words: str | Path) -> Checked:
        args = parser().parse_args([str(word) for word in self.words(*words)])
        return pipeline.check(Request.of(args, World.real()), lambda _: None, lambda _: None)

    @property
    def plan(self) -> Path:
        return self.folder / PLAN

    def previous(self) -> Previous:
        check_digest(self.plan.read_bytes())
        return read_previous(self.plan.read_bytes(), PLAN)

    def pins(self) -> dict[str, str]:
        return {name: str(version) for name, version in self.previous().versions.items()}

    def write(self, name: str, text: str) -> str:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")
        return name


@pytest.fixture
def shop(sealed: Path, wheelplan: Wheelplan) -> Shop:
    return Shop(sealed, wheelplan)


OLD = {"alpha": "1.0", "beta": "1.0"}
NEW = {"alpha": "2.0", "beta": "2.0", "gamma": "1.0"}


# -- what stays ---------------------------------------------------------------------------------------------


def test_a_plan_keeps_its_versions_and_its_bytes(shop: Shop) -> None:
    assert shop.check("alpha").code == 0
    os.utime(shop.plan, ns=(1, 1))
    before = shop.plan.read_bytes()
    for words in (["alpha"], ["alpha>=1"]):
        shop.newer()
        ran = shop.check(*words)
        assert ran.code == 0
        assert ran.err == ""
        assert shop.pins() == OLD
        if words == ["alpha"]:
            assert "Plan unchanged: " in ran.out
            assert shop.plan.read_bytes() == before
            assert shop.plan.stat().st_mtime_ns == 1
    assert not shop.checked("alpha>=1").changes


UPGRADES = {
    "all": (["-U"], NEW),
    "one project": (["-P", "alpha"], {**OLD, "alpha": "2.0", "gamma": "1.0"}),
    "a dependency": (["-P", "BETA"], {**OLD, "beta": "2.0"}),
    "two projects": (["-P", "alpha", "--upgrade-package", "beta"], NEW),
    "below a bound": (["-P", "beta<2"], OLD),
    "up to a bound": (["-P", "alpha<3", "-P", "beta>1"], NEW),
    "all but for a bound": (["-U", "-P", "beta<2"], {**NEW, "beta": "1.0"}),
    "one that nothing asks for": (["-P", "zeta"], OLD),
    "what the requirements now rule out": (["alpha>1"], {**OLD, "alpha": "2.0", "gamma": "1.0"}),
}


@pytest.mark.parametrize("name", UPGRADES)
def test_what_is_asked_for_goes_up_and_no_more(shop: Shop, name: str) -> None:
    words, pins = UPGRADES[name]
    assert shop.check("alpha").code == 0
    shop.newer()
    ran = shop.check("alpha", *words)
    assert ran.code == 0
    assert shop.pins() == pins
    assert ran.err == (
        "--upgrade-package: Nothing asks for zeta, so there is nothing to upgrade.\n"
        if "zeta" in words
        else ""
    )


def test_settings_say_it_too(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shop.check("alpha").code == 0
    shop.newer()
    monkeypatch.setenv("WHEELPLAN_UPGRADE_PACKAGE", "beta<3")
    assert shop.check("alpha").code == 0
    assert shop.pins() == {**OLD, "beta": "2.0"}
    monkeypatch.setenv("WHEELPLAN_UPGRADE_PACKAGE", "alpha; python_version > '3'")
    ran = shop.check("alpha")
    assert ran.code == 2
    assert "error: WHEELPLAN_UPGRADE_PACKAGE: `upgrade-package` is 'alpha;'" in ran.err
    monkeypatch.delenv("WHEELPLAN_UPGRADE_PACKAGE")
    shop.write("wheelplan.toml", "upgrade = true\n")
    assert shop.check("alpha").code == 0
    assert shop.pins() == NEW


@pytest.mark.parametrize(
    "word", ["alpha @ https://files.test/a.whl", "alpha; os_name == 'x'", "a[x]", "=2", ""]
)
def test_other_wishes_than_a_name_and_versions_are_refused(shop: Shop, word: str) -> None:
    ran = shop.check("alpha", "-P", word)
    assert ran.code == 2
    assert "and must be a project's name, or NAME<2." in ran.err


def test_a_version_that_became_a_source_build_does_not_stay(shop: Shop) -> None:
    shop.add(wheel, "many", "2.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    shop.add(wheel, "many", "3.0", tag="cp311-cp311-manylinux_2_28_x86_64")
    shop.add(sdist, "many", "3.0", setup=SETUP_C)
    assert shop.check("many").code == 0
    assert shop.pins() == {"many": "3.0"}
    checked = shop.checked("many", "--assume", "glibc=2.17")
    assert [(one.kind, one.project, one.after) for one in checked.changes] == [("down", "many", "2.0")]


def test_a_source_build_stays_one_until_it_is_asked(shop: Shop) -> None:
    shop.add(sdist, "cee", "1.0", setup=SETUP_C)
    assert shop.check("cee").code == 1
    shop.add(wheel, "cee", "2.0")
    assert shop.checked("cee").changes == ()
    ran = shop.checked("cee", "-U")
    assert [(one.kind, one.before, one.after) for one in ran.changes] == [
        ("up", "1.0", "2.0"),
        ("wheel", "1.0", "2.0"),
    ]


def test_other_tools_locks_are_kept_to(shop: Shop) -> None:
    shop.newer()
    lock = 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "beta"\nversion = "1.0"\n'
    shop.write("pylock.toml", lock + '[[packages]]\nname = "zeta"\nversion = "1.0"\n')
    assert shop.check("alpha", "-o", "pylock.toml").err == ""
    plan = read_previous((shop.folder / "pylock.toml").read_bytes(), "pylock.toml")
    assert {name: str(version) for name, version in plan.versions.items()} == {**NEW, "beta": "1.0"}


# -- plans that are not as they were written ----------------------------------------------------------------


def test_an_edited_plan_is_heeded_and_told(shop: Shop) -> None:
    shop.newer()
    assert shop.check("alpha").code == 0
    text = shop.plan.read_text(encoding="utf-8")
    shop.write(PLAN, text.replace('name = "beta"\nversion = "2.0"', 'name = "beta"\nversion = "1.0"'))
    ran = shop.check("alpha")
    assert ran.code == 0
    assert ran.err == (
        f"{PLAN}: This plan was edited, merged or cut since it was made; its versions are kept where they fit.\n"
    )
    assert shop.pins() == {**NEW, "beta": "1.0"}
    assert shop.check("alpha").err == "", "it is sealed again"


def test_the_line_ends_of_another_system_break_the_seal(shop: Shop) -> None:
    assert shop.check("alpha").code == 0
    whole = shop.plan.read_bytes()
    shop.plan.write_bytes(whole.replace(b"\n", b"\r\n"))
    ran = shop.check("alpha")
    assert "Plan written: " in ran.out
    assert shop.plan.read_bytes() == whole


BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut": (lambda data: data[:250], f"{PLAN}:5: The plan that is there cannot be read"),
    "merged": (lambda data: b"<<<<<<< HEAD\n" + data, f"{PLAN}:1: The plan that is there cannot be read"),
    "another file": (lambda _: b"a = 1\n", f"{PLAN}: The plan that is there cannot be read"),
    "no text": (lambda _: b"\xff\xfe\x00", "TOML is UTF-8"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_plan_that_cannot_be_read_is_told_and_replaced(shop: Shop, name: str) -> None:
    broken, why = BROKEN[name]
    assert shop.check("alpha").code == 0
    shop.newer()
    shop.plan.write_bytes(broken(shop.plan.read_bytes()))
    data = shop.plan.read_bytes()
    ran = shop.check("alpha", "nosuch")
    assert why in ran.err
    assert "so none of its versions is kept: " in ran.err
    assert shop.plan.read_bytes() == data, "nothing is written where no plan is made"
    assert f"No plan was written; {PLAN} is as it was." in ran.out
    assert shop.check("alpha", "-U").err == ""
    assert shop.pins() == NEW


def test_without_a_plan_none_is_as_it_was(shop: Shop) -> None:
    ran = shop.check("alpha", "nosuch")
    assert "\nNo plan was written.\n" in ran.out
    assert "as it was" not in ran.out


@pytest.mark.parametrize("place", ["-", "/dev/stdout", "/dev/null"])
def test_a_stream_has_no_earlier_plan(shop: Shop, place: str) -> None:
    assert shop.check("alpha").code == 0
    shop.newer()
    checked = shop.checked("alpha", "-o", place)
    assert {package.name: str(package.version) for package in checked.packages} == NEW
    assert (checked.had_plan, checked.changes) == (False, ())


def test_a_pipe_is_not_waited_for(shop: Shop) -> None:
    os.mkfifo(shop.folder / "pipe")
    assert shop.checked("alpha", "-o", "pipe").had_plan


# -- what is told -----------------------------------------------------------------------------------------------


def test_the_difference_is_told(shop: Shop) -> None:
    shop.add(wheel, "cee", "1.0")
    assert shop.check("alpha", "cee").code == 0
    shop.newer()
    found = shop.checked("alpha", "-P", "alpha").changes
    assert [(one.kind, one.project, one.before, one.after) for one in found] == [
        ("up", "alpha", "1.0", "2.0"),
        ("added", "gamma", "", "1.0"),
        ("removed", "cee", "1.0", ""),
    ]
    assert shop.checked("alpha", "cee").changes == ()
    assert shop.checked("alpha", "nosuch").changes == (), "without a plan there is nothing to compare"


def test_the_report_and_the_json_tell_it(shop: Shop) -> None:
    assert "Changes to the plan" not in shop.check("alpha").out
    shop.newer()
    answer = json.loads(shop.check("alpha", "-U", "-o", PLAN, "--output-format", "json").out)
    assert [(one["kind"], one["project"], one["before"], one["after"]) for one in answer["changes"]] == [
        ("up", "alpha", "1.0", "2.0"),
        ("up", "beta", "1.0", "2.0"),
        ("added", "gamma", None, "1.0"),
    ]
    ran = shop.check("alpha<2")
    assert "\nChanges to the plan (2)\n  down     alpha 2.0 -> 1.0\n  removed  gamma 1.0\n" in ran.out
    assert "Changes to the plan" not in shop.check("alpha<2").out
    assert "Changes to the plan" not in shop.check("alpha", "-U", "-q").out


def test_what_builds_it_stays_too(shop: Shop) -> None:
    shop.add(sdist, "cee", "1.0", setup=SETUP_C)
    shop.check("cee")
    before = shop.plan.read_bytes()
    shop.add(wheel, "setuptools", "85.0")
    shop.check("cee")
    assert shop.plan.read_bytes() == before
    shop.check("cee", "-P", "cee")
    assert shop.previous().build_versions == {"setuptools": Version("85.0")}


def test_a_file_that_changed_under_its_name_is_told(shop: Shop) -> None:
    assert shop.check("alpha").code == 0
    wheel(shop.folder / "files", "beta", "1.0", ["alpha"])
    shop.publish(*shop.files)
    (change,) = shop.checked("alpha").changes
    assert (change.kind, change.project) == ("file", "beta")
    assert "beta-1.0-py3-none-any.whl is another file under the same name: sha256 " in change.detail
    assert "Plan written: " in shop.check("alpha").out


# -- what is needed to repeat a run ---------------------------------------------------------------------------------


def test_a_plan_holds_what_was_asked(shop: Shop) -> None:
    shop.write("sub/base.txt", "beta\n")
    shop.write("sub/reqs.txt", "-r base.txt\nalpha\n")
    shop.write("limits.txt", "alpha<9\n")
    shop.write("build.txt", "setuptools<99\n")
    shop.write(
        "proj/pyproject.toml",
        '[project]\nname = "proj"\nversion = "1"\n[dependency-groups]\ndev = ["beta"]\n',
    )
    shop.write("tool/pyproject.toml", '[project]\nname = "tool"\nversion = "1"\n')
    words = ["-r", "sub/reqs.txt", "beta>=1", "alpha", "-c", "limits.txt", "-b", "build.txt", "./proj"]
    words += ["-e", "tool", "--group", "proj/pyproject.toml:dev", "-o", "sub/pylock.toml", "alpha"]
    assert shop.check(*words).code == 0
    text = (shop.folder / "sub/pylock.toml").read_text(encoding="utf-8")
    ours = tomllib.loads(text)["tool"]["wheelplan"]
    assert ours["requirements"] == ["-e ../tool", "../proj", "alpha", "beta>=1"]
    assert {one["path"]: one.get("role", "") for one in ours["inputs"]} == {
        "../limits.txt": "constraint",
        "../build.txt": "build-constraint",
        "base.txt": "included",
        "reqs.txt": "",
        "../proj/pyproject.toml": "included",
    }
    assert ours["groups"] == ["../proj/pyproject.toml:dev"]
    assert "extras" not in ours
    assert str(shop.folder) not in text


def test_words_hold_no_secret_and_no_order(shop: Shop) -> None:
    url = "https://me:hunter2@files.test/simple/?token=abc"
    assert shop.check("beta", "alpha", "--extra-index-url", url.replace("https", "file")).code in (0, 2)
    shop.check("beta", "alpha")
    before = shop.plan.read_bytes()
    assert shop.previous().requirements == ("alpha", "beta")
    shop.check("alpha", "beta")
    assert shop.plan.read_bytes() == before
    assert b"hunter2" not in before


def test_an_input_that_nobody_named_is_an_input(shop: Shop) -> None:
    shop.write("requirements.txt", "alpha\n")
    assert shop.check().code == 0
    assert [(one.path, one.role) for one in shop.previous().inputs] == [("requirements.txt", "")]


# -- beside uv --------------------------------------------------------------------------------------------------


def test_upgrades_mean_what_they_mean_in_uv(shop: Shop) -> None:
    """`uv pip compile -o` keeps the versions of its output, and lets go of the same ones."""
    requirements = shop.write("reqs.in", "alpha\n")
    uv = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "--offline",
        "--no-index",
        "--no-config",
        "--no-cache",
    ]
    uv += ["--quiet", "-f", "files", "--python", sys.executable, requirements, "-o", "reqs.txt"]
    steps: tuple[list[str], ...] = ([], ["new"], ["-P", "beta"], ["-P", "alpha<2.5"], ["-U"])
    for words in steps:
        if words == ["new"]:
            shop.newer()
            shop.add(wheel, "alpha", "3.0", ["beta", "gamma"])
            words = []  # noqa: PLW2901 (the same command again)
        subprocess.run([*uv, *words], check=True, env={"PATH": os.environ["PATH"], "HOME": str(shop.folder)})
        compiled = (shop.folder / "reqs.txt").read_text(encoding="utf-8")
        assert shop.check(requirements, *words).code == 0
        assert shop.pins() == dict(re.findall(r"(?m)^(\w+)==(\S+)", compiled)), words
