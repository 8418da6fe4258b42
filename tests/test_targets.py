"""`wheelplan check --target NAME` and `--all-targets`: a plan each, one table, the worst exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MACHINE, Ran, Wheelplan
from tests.faults.server import ok, running
from tests.shelf import SETUP_C, publish, sdist, sha256, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = """\
[project]
name = "ours"
version = "1"
dependencies = ["alpha", "many"]

[project.optional-dependencies]
fast = ["faster"]

[tool.wheelplan]
allow-build = [{ project = "many", reason = "ours" }]

[[tool.wheelplan.targets]]
name = "new"
machine = "machines/box.toml"

[[tool.wheelplan.targets]]
name = "old"
machine = "machines/box.toml"
assume = ["glibc=2.17", "program:gcc=12.2.0", "header:Python.h=3.11.7"]
prefer = "newest"
extras = ["fast"]
output = "plans/pylock.old.toml"
"""


class Project:
    """A project with two targets and an index; `pyproject` is its settings."""

    def __init__(self, folder: Path, run: Wheelplan, cache: Path) -> None:
        self.folder, self._run, self.cache = folder, run, cache
        files = folder / "files"
        self.files = [
            wheel(files, "alpha", "1.0"),
            wheel(files, "faster", "1.0"),
            wheel(files, "setuptools", "84.0"),
            wheel(files, "many", "2.0", tag="cp311-cp311-manylinux_2_17_x86_64"),
            wheel(files, "many", "3.0", tag="cp311-cp311-manylinux_2_28_x86_64"),
            sdist(files, "many", "3.0", setup=SETUP_C),
        ]
        self.index = publish(folder / "index", *self.files)
        (folder / "machines").mkdir()
        (folder / "plans").mkdir()
        (folder / "machines" / "box.toml").write_bytes(MACHINE.read_bytes())
        self.settings(PYPROJECT)

    def settings(self, text: str) -> None:
        (self.folder / "pyproject.toml").write_text(text, encoding="utf-8")

    def check(self, *words: str | Path) -> Ran:
        return self._run("check", "--cache-dir", self.cache, "--default-index", self.index, *words)

    def explain(self, *words: str | Path) -> Ran:
        return self._run("explain", "--cache-dir", self.cache, "--default-index", self.index, *words)

    def all(self, *words: str | Path) -> dict[str, Any]:
        ran = self.check("--all-targets", "--output-format", "json", *words)
        value: dict[str, Any] = json.loads(ran.out)
        assert value["exit-code"] == ran.code
        return value

    def pins(self, plan: str) -> dict[str, str]:
        document = tomllib.loads((self.folder / plan).read_text(encoding="utf-8"))
        return {one["name"]: one["version"] for one in document["packages"]}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is read of sdists is read once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(sealed: Path, wheelplan: Wheelplan, cache: Path) -> Project:
    return Project(sealed, wheelplan, cache)


def test_each_target_has_its_plan_and_one_table_tells_the_difference(project: Project) -> None:
    ran = project.check("--all-targets")
    assert ran.code == 0
    assert ran.err == "pyproject.toml: No input was named; `pyproject.toml` of this directory is taken.\n"
    assert project.pins("pylock.new.toml") == {"alpha": "1.0", "many": "3.0"}
    assert project.pins("plans/pylock.old.toml") == {"alpha": "1.0", "faster": "1.0", "many": "3.0"}
    assert not (project.folder / "pylock.wheelplan.toml").exists()
    lines = [line.rstrip() for line in ran.out.splitlines()]
    assert lines[:4] == [
        "project  new  old",
        "faster   —    1.0",
        "many     3.0  3.0 built",
        "and 1 project is the same on all targets (-v shows them)",
    ]
    assert "new  clear: all 2 projects have a wheel for this machine. Plan written: pylock.new.toml" in lines
    assert lines[-1] == "good: all targets are proven good."
    assert "alpha    1.0  1.0" in project.check("--all-targets", "-v").out


def test_one_target_is_a_check_of_its_own(project: Project) -> None:
    ran = project.check("--target", "old", "--allow-build", "setuptools", "-v")
    assert ran.code == 1
    assert "machine: linux x86_64, glibc 2.17," in ran.out
    assert "Plan written: plans/pylock.old.toml" in ran.out
    assert not (project.folder / "pylock.new.toml").exists()
    assert (
        f"assume = glibc=2.17 program:gcc=12.2.0 header:Python.h=3.11.7 ({project.folder}/pyproject.toml:"
        in ran.err
    )
    assert project.check("--target", "new", "-o", "pylock.other.toml").code == 0
    assert project.pins("pylock.other.toml") == {"alpha": "1.0", "many": "3.0"}


def test_the_command_line_is_stronger_than_a_target(project: Project) -> None:
    ran = project.check("--target", "old", "--assume", "glibc=2.40", "--prefer", "wheels")
    assert ran.code == 0
    assert "glibc 2.40," in ran.out
    assert "clear: all 3 projects have a wheel" in ran.out


def test_the_json_has_each_by_its_name(project: Project) -> None:
    answer = project.all()
    assert list(answer["targets"]) == ["new", "old"]
    assert answer["projects"]["many"] == {"new": "3.0", "old": "3.0 built"}
    assert answer["targets"]["old"]["verdict"] == "builds"
    assert answer["targets"]["old"]["plan"] == "plans/pylock.old.toml"


def test_an_error_of_one_hides_nothing_of_the_other(project: Project) -> None:
    broken = '[[tool.wheelplan.targets]]\nname = "gone"\nmachine = "machines/gone.toml"\n'
    project.settings(
        PYPROJECT.replace("[[tool.wheelplan.targets]]", f"{broken}\n[[tool.wheelplan.targets]]", 1)
    )
    ran = project.check("--all-targets")
    assert ran.code == 2
    assert "gone  unproven: machines/gone.toml: The machine file cannot be read" in ran.out
    assert "new   clear: " in ran.out
    assert "unproven: 1 of 3 targets: gone.\n" in ran.out
    answer = project.all()
    assert answer["targets"]["gone"]["errors"][0]["id"] == "machine"
    assert answer["targets"]["new"]["exit-code"] == 0
    (run,) = json.loads(project.check("--all-targets", "--output-format", "sarif").out)["runs"]
    (invocation,) = run["invocations"]
    (told,) = invocation["toolExecutionNotifications"]
    assert (invocation["executionSuccessful"], told["level"]) == (False, "error")
    assert told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "machines/gone.toml"
    ran = project.check("--all-targets", "--output-format", "github")
    assert (
        "::error file=machines/gone.toml,line=1,title=wheelplan::machines/gone.toml: The machine" in ran.out
    )
    project.settings(PYPROJECT + broken + "required = false\n")
    ran = project.check("--all-targets")
    assert ran.code == 0
    assert "cannot be read" in ran.out
    assert ran.out.endswith("good: all required targets are proven good.\n")


def test_findings_are_told_once_with_those_that_have_them(project: Project) -> None:
    project.settings(PYPROJECT.replace('{ project = "many", reason = "ours" }', '"alpha"'))
    ran = project.check("--all-targets")
    assert ran.code == 1
    assert "error WP106 old: many 3.0 is built from source" in ran.out
    assert "alpha is allowed to be built from source, and no target builds it.\n" in ran.err
    assert "bad: 1 of 2 targets: old.\nThe whole report of one: add --target old in place" in ran.out
    ran = project.check("--all-targets", "--output-format", "github")
    assert ran.out.count("::error ") == 1
    assert "title=WP106 many::old: many 3.0 is built" in ran.out


def test_what_is_wrong_with_all_is_told_once(project: Project) -> None:
    ran = project.check("--all-targets", "nosuch.txt")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("There is no file `nosuch.txt`") == 1


def test_each_plan_is_held_against_its_own_with_locked(project: Project) -> None:
    assert project.check("--all-targets").code == 0
    ran = project.check("--all-targets", "--locked")
    assert ran.code == 0
    assert "same: the plan is as `check` would write it: pylock.new.toml" in ran.out
    project.settings(PYPROJECT.replace('"alpha", ', '"alpha", "setuptools", '))
    ran = project.check("--all-targets", "--locked")
    assert ran.code == 1
    assert (
        "new  differs: all 3 projects have a wheel for this machine. The plan would be another one."
        in ran.out
    )
    assert "../" not in ran.out
    (project.folder / "plans" / "pylock.old.toml").unlink()
    ran = project.check("--all-targets", "--locked")
    assert ran.code == 2
    assert "old  unproven: plans/pylock.old.toml: There is no plan to compare with." in ran.out
    assert not (project.folder / "plans" / "pylock.old.toml").exists()


def test_a_plan_that_has_no_place_ends_its_target_alone(project: Project) -> None:
    (project.folder / "plans").rmdir()
    ran = project.check("--all-targets")
    assert ran.code == 2
    assert "There is no folder plans. Make it with `mkdir -p plans`" in ran.out
    assert project.pins("pylock.new.toml") == {"alpha": "1.0", "many": "3.0"}


def test_required_machines_are_targets_of_their_names(project: Project) -> None:
    text = PYPROJECT.partition("[[tool")[0].replace(
        "[tool.wheelplan]", '[tool.wheelplan]\nrequired-machines = ["machines/box.toml"]'
    )
    project.settings(text)
    ran = project.check("--all-targets")
    assert ran.code == 0
    assert "box  clear: " in ran.out
    assert project.pins("pylock.box.toml") == {"alpha": "1.0", "many": "3.0"}


def test_paths_count_from_the_settings_not_from_the_folder_of_the_run(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.folder / "sub").mkdir()
    monkeypatch.chdir(project.folder / "sub")
    ran = project.check("../pyproject.toml", "--target", "new")
    assert ran.code == 0
    assert project.pins("pylock.new.toml") == {"alpha": "1.0", "many": "3.0"}


def test_pages_are_read_once_for_all(project: Project) -> None:
    with running() as server:
        for path in project.files:
            name = path.name.split("-")[0]
            mine = [one for one in project.files if one.name.split("-")[0] == name]
            links = [f'<a href="/f/{one.name}#sha256={sha256(one)}">{one.name}</a>' for one in mine]
            server.on(f"/simple/{name}/", ok("".join(links).encode(), content_type="text/html"))
            server.on(f"/f/{path.name}", ok(path.read_bytes()))
        project.index = f"{server.url}/simple/"
        answer = project.all()
        pages = [request.path for request in server.seen if request.path.startswith("/simple/")]
    assert sorted(pages) == sorted(set(pages))
    assert answer["exit-code"] == 0


WRONG = {
    "no such target": (["--target", "nwe"], "There is no target named `nwe`. Did you mean new?"),
    "both": (["--target", "new", "--all-targets"], "--target names one of --all-targets."),
    "one file for all": (["--all-targets", "-o", "x.toml"], "writes a plan for each target"),
    "another machine": (["--target", "new", "--machine", "x"], "A target says for which machine it is"),
}


@pytest.mark.parametrize("name", WRONG)
def test_words_that_do_not_go_together(project: Project, name: str) -> None:
    words, sentence = WRONG[name]
    ran = project.check(*words)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


@pytest.mark.parametrize("words", [("--all-targets",), ("--target", "x")])
def test_without_targets_it_is_told_how_to_write_one(project: Project, words: tuple[str, ...]) -> None:
    project.settings("")
    ran = project.check(*words)
    assert ran.code == 2
    assert "[[tool.wheelplan.targets]]" in ran.err


# -- explain --------------------------------------------------------------------------------------------------


def test_a_target_is_explained_as_its_plan_has_it(project: Project) -> None:
    project.check("--all-targets")
    old, new = (project.explain("many", "--target", name) for name in ("old", "new"))
    assert (old.code, new.code) == (0, 0)
    assert "glibc 2.28, here 2.17" in old.out
    assert "many 3.0" in new.out
    assert "here 2.17" not in new.out
    assert "made for another machine" not in old.err + new.err
    assert "faster" in project.explain("faster", "--target", "old").out  # an extra of that target
    assert project.explain("faster", "--target", "new").code == 1


def test_a_target_without_a_plan_is_resolved_for_its_machine(project: Project) -> None:
    ran = project.explain("many", "--target", "old")
    assert (ran.code, "glibc 2.28, here 2.17" in ran.out) == (0, True)
    assert project.explain("faster", "--target", "old").code == 0
    assert not (project.folder / "plans" / "pylock.old.toml").exists()
    (project.folder / "requirements.txt").write_text("alpha\n", encoding="utf-8")
    ran = project.explain("many", "--target", "old")
    assert (ran.code, "has no plan yet (plans/pylock.old.toml)" in ran.err) == (2, True)
    ran = project.explain("alpha", "pyproject.toml", "--target", "old")
    assert (ran.code, "alpha 1.0" in ran.out) == (0, True)


def test_a_target_to_explain_is_one_and_has_its_machine(project: Project) -> None:
    ran = project.explain("many", "--target", "olf")
    assert (ran.code, "Did you mean old?" in ran.err) == (2, True)
    ran = project.explain("many", "--target", "old", "--machine", "machines/box.toml")
    assert (ran.code, "A target says for which machine it is" in ran.err) == (2, True)
    ran = project.explain("many", "--target", "old", "--assume", "glibc=2.40")
    assert (ran.code, "here 2.17" in ran.out) == (0, False)
