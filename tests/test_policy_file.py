"""Policy in wheelplan.toml and pyproject.toml: reasons of allowed builds, severities by code, what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MACHINE, Ran, Wheelplan
from tests.shelf import SETUP_C, publish, sdist, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAN = "pylock.wheelplan.toml"
READY = ["--assume", "program:gcc=12.2.0", "--assume", "header:Python.h=3.11.7"]


class Project:
    """A folder with settings, an index, and the command line that checks against it."""

    def __init__(self, folder: Path, run: Wheelplan, cache: Path) -> None:
        self.folder, self._run, self.cache = folder, run, cache
        files = folder / "files"
        yanked = wheel(files, "yanky", "1.0")
        self.index = publish(
            folder / "index",
            wheel(files, "alpha", "1.0"),
            sdist(files, "cee", "1.0", setup=SETUP_C),
            sdist(files, "dee", "1.0", setup=SETUP_C),
            wheel(files, "setuptools", "84.0"),
            yanked,
            yanked=({yanked.name: "broken"}),
        )

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def check(self, *words: str | Path) -> Ran:
        return self._run(
            "check",
            "--machine",
            MACHINE,
            "--cache-dir",
            self.cache,
            "--default-index",
            self.index,
            *READY,
            *words,
        )

    def json(self, *words: str | Path) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.check(*words, "--output-format", "json").out)
        return value

    def plan(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / PLAN).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is read of sdists is read once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(sealed: Path, wheelplan: Wheelplan, cache: Path) -> Project:
    return Project(sealed, wheelplan, cache)


# -- allowed builds


def test_a_reason_is_in_the_report_the_plan_and_the_json(project: Project) -> None:
    reason = "its wheel links an old libpq"
    project.write("wheelplan.toml", f'allow-build = [{{ project = "Cee", reason = "{reason}" }}, "dee"]\n')
    ran = project.check("cee", "dee")
    assert (ran.code, ran.err) == (0, "")
    assert f"allowed    {reason}\n" in ran.out
    ours = {one["name"]: one["tool"]["wheelplan"] for one in project.plan()["packages"]}
    assert ours["cee"]["allowed"] == reason
    assert "allowed" not in ours["dee"]
    summaries = [one["summary"] for one in project.plan()["tool"]["wheelplan"]["findings"]]
    assert any(one.endswith(f". It is allowed: {reason}.") for one in summaries)
    told = {one["name"]: one["source-build"]["allowed"] for one in project.json("cee", "dee")["packages"]}
    assert told == {"cee": reason, "dee": ""}


def test_the_words_of_the_command_line_hold_beside_it(project: Project) -> None:
    project.write(
        "pyproject.toml", '[tool.wheelplan]\nallow-build = [{ project = ":all:", reason = "ours" }]\n'
    )
    assert project.json("cee")["packages"][0]["source-build"]["allowed"] == "ours"
    assert project.json("cee", "--allow-build", "dee")["packages"][0]["source-build"]["allowed"] is None
    assert project.json("cee", "--allow-build", "cee")["packages"][0]["source-build"]["allowed"] == ""


def test_an_allowed_build_that_is_none_is_noted(project: Project) -> None:
    project.write("wheelplan.toml", 'allow-build = ["alpha", "cee", "gone"]\n')
    note = "is allowed to be built from source, and is not: `allow-build` needs it no more."
    ran = project.check("alpha", "cee")
    assert ran.code == 0
    assert [line for line in ran.err.splitlines() if "gone" in line] == [], "these are words, not a project"
    assert f"wheelplan.toml:1: alpha {note}" in ran.err
    assert "cee is allowed" not in ran.err
    project.write("requirements.txt", "cee\n")
    assert f"gone {note}" in project.check("-r", "requirements.txt").err


# -- what stops

LEVELS = {
    "raised": ('WP501 = "error"', ["yanky==1.0"], 1, "blocked"),
    "lowered to a warning": ('WP101 = "warning"', ["cee"], 0, "builds"),
    "lowered to a note": ('WP101 = "note"', ["cee", "--fail-on", "warning"], 0, "builds"),
    "ignored": ('WP101 = "ignore"', ["cee", "--fail-on", "note"], 0, "builds"),
    "another one": ('WP102 = "ignore"', ["cee"], 1, "blocked"),
    "never": ('WP501 = "error"', ["yanky==1.0", "--fail-on", "never"], 0, "blocked"),
}


@pytest.mark.parametrize("name", LEVELS)
def test_a_code_stops_as_the_policy_says(project: Project, name: str) -> None:
    line, words, code, verdict = LEVELS[name]
    project.write("pyproject.toml", f"[tool.wheelplan.fail-on-codes]\n{line}\n")
    answer = project.json(*words)
    ran = project.check(*words)
    assert (ran.code, answer["exit-code"], answer["verdict"]) == (code, code, verdict)
    assert project.plan()["tool"]["wheelplan"]["verdict"] == verdict
    if name == "ignored":
        assert "1 finding ignored by a setting (WP101)" in ran.out
        assert answer["findings"] == []


def test_fail_on_and_the_rest_stand_in_the_file(project: Project) -> None:
    project.write("wheelplan.toml", 'fail-on = "warning"\nmax-held-back = "1y"\n')
    assert project.check("yanky==1.0").code == 1
    assert project.check("yanky==1.0", "--fail-on", "error").code == 0


WRONG = {
    "no code": ("[fail-on-codes]\nWP999 = 'error'\n", "wheelplan.toml:2: `WP999` is no code of wheelplan."),
    "no level": (
        "[fail-on-codes]\nWP501 = 'warn'\n",
        "wheelplan.toml:2: `WP501` is 'warn', and must be error, warning, note or ignore. Did you mean warning?",
    ),
    "not proven": (
        "[fail-on-codes]\n# why\nWP604 = 'ignore'\n",
        "wheelplan.toml:3: WP604 can only be an error: what it tells of is not known",
    ),
    "no plan": ("[fail-on-codes]\nWP520 = 'note'\n", "WP520 can only be an error: there is no plan with it"),
    "no table": ("fail-on-codes = 'error'\n", "wheelplan.toml:1: `fail-on-codes` is no table."),
    "a key": (
        "fail-on-code = {}\n",
        "wheelplan.toml:1: `fail-on-code` is no setting of wheelplan. Did you mean",
    ),
    "a key of a build": (
        "allow-build = [\n  { project = 'cee', reasons = 'x' },\n]\n",
        "wheelplan.toml:2: `reasons` is nothing that an allowed build has. Did you mean reason?",
    ),
    "a build of nothing": ("allow-build = [{ reason = 'x' }]\n", "An allowed build names no `project`."),
    "a reason that is none": (
        "allow-build = [{ project = 'x', reason = 1 }]\n",
        "`reason` is '1', and must be a string.",
    ),
    "a number": (
        "allow-build = [1]\n",
        "wheelplan.toml:1: `allow-build` is '[1]', and must be a list of strings.",
    ),
    "targets": ("targets = 1\n", "wheelplan.toml:1: `targets` is no list of tables."),
    "a target of no name": ("[[targets]]\nmachine = 'x'\n", "wheelplan.toml:1: Target 1 has no name"),
    "a target with a dot": ("[[targets]]\nname = 'a.b'\n", "`a.b` is no name of a target"),
    "a key of a target": (
        "[[targets]]\nname = 'a'\n[[targets]]\nname = 'b'\nmachin = 'x'\n",
        "wheelplan.toml:5: `machin` is nothing that the target `b` has. Did you mean machine?",
    ),
    "a value of a target": (
        "[[targets]]\nname = 'b'\nassume = 1\n",
        "wheelplan.toml:3: `assume` is '1', and must be a list of strings.",
    ),
    "two of one name": ("[[targets]]\nname = 'a'\n[[targets]]\nname = 'a'\n", "`a` and `a` have one name."),
    "two of one plan": (
        "[[targets]]\nname = 'a'\n[[targets]]\nname = 'b'\noutput = 'pylock.a.toml'\n",
        "`a` and `b` have one plan.",
    ),
    "a plan of another name": (
        "[[targets]]\nname = 'a'\noutput = 'a.lock'\n",
        "wheelplan.toml:3: The plan of the target `a` has a name that no installer takes: 'a.lock'.",
    ),
    "required": ("[[targets]]\nname = 'a'\nrequired = 1\n", "`required` must be true or false."),
    "machines": ("required-machines = 'x'\n", "`required-machines` is 'x', and must be a list of strings."),
    "a machine of no name": ("required-machines = ['m/a.b.toml']\n", "gives a target no name"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_understood_is_told_with_its_line(project: Project, name: str) -> None:
    text, sentence = WRONG[name]
    project.write("wheelplan.toml", text)
    ran = project.check("alpha")
    assert ran.code == 2
    assert sentence in ran.err
    assert "Traceback" not in ran.err
    assert not (project.folder / PLAN).exists()


# -- for gates


def test_sarif_names_the_line_that_asks_for_it(project: Project) -> None:
    project.write("requirements.txt", "alpha\ncee\n")
    ran = project.check("requirements.txt", "--output-format", "sarif")
    assert ran.code == 1
    (run,) = json.loads(ran.out)["runs"]
    (result,) = [one for one in run["results"] if one["level"] == "error"]
    place = result["locations"][0]["physicalLocation"]
    assert (result["ruleId"], place["artifactLocation"]["uri"]) == ("WP101", "requirements.txt")
    assert place["region"]["startLine"] == 2
    assert (project.folder / PLAN).exists()


def test_github_gets_its_commands_alone(project: Project) -> None:
    project.write("requirements.txt", "alpha\ncee\n")
    ran = project.check("requirements.txt", "--output-format", "github")
    assert ran.code == 1
    assert ran.out.startswith("::error file=requirements.txt,line=2,title=WP101 cee::cee 1.0 is built from")
    assert all(line.startswith("::") for line in ran.out.splitlines())
    ran = project.check("cee", "--output-format", "sarif", "-o", "-")
    assert ran.code == 2
    assert "cannot both go to the standard output" in ran.err
