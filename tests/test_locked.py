"""`wheelplan check --locked`: the plan as it would be written or not, and who changed what."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MACHINE, Ran, Wheelplan
from tests.faults.server import publish_dated, running
from tests.shelf import SETUP_C, publish, sdist, wheel

PLAN = "pylock.wheelplan.toml"
READY = ["--assume", "program:gcc=12.2.0", "--assume", "header:Python.h=3.11.7"]
MADE: list[bytes] = []
"""The plan of every test: it holds no absolute path, so it is made once."""


class Repository:
    """A folder with requirements, an index and a plan of them."""

    def __init__(self, folder: Path, run: Wheelplan, cache: Path) -> None:
        self.folder, self._run, self.cache = folder, run, cache
        self.files: list[Path] = []
        self.add(wheel, "alpha", "1.0", ["beta"])
        self.add(wheel, "beta", "1.0")
        self.add(wheel, "beta", "0.9")
        self.add(sdist, "cee", "1.0", setup=SETUP_C)
        self.add(wheel, "setuptools", "84.0")
        self.write("requirements.txt", "alpha\ncee\n")
        self.publish()

    def add(
        self, kind: Any, name: str, version: str, requires: tuple[str, ...] | list[str] = (), **more: Any
    ) -> None:
        self.files.append(kind(self.folder / "files", name, version, requires, **more))

    def publish(self, *gone: str, yanked: dict[str, str] | None = None) -> None:
        """The index anew, without the files whose names begin so."""
        shutil.rmtree(self.folder / "index", ignore_errors=True)
        files = [file for file in self.files if not file.name.startswith(gone or "-")]
        self.index = publish(self.folder / "index", *files, yanked=yanked)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def check(self, *words: str | Path, allow: tuple[str, ...] = ("--allow-build", "cee")) -> Ran:
        return self._run(
            *("check", "requirements.txt", "--machine", MACHINE, "--cache-dir", self.cache),
            *("--default-index", self.index, *READY, *allow, *words),
        )

    def locked(self, *words: str | Path) -> dict[tuple[str, str, str], str]:
        """The texts of the differences by (side, kind, subject); nothing is written."""
        before = self.plan.read_bytes()
        ran = self.check("--locked", *words, "--output-format", "json")
        answer = json.loads(ran.out)
        assert self.plan.read_bytes() == before
        assert (ran.code, answer["locked"]["same"]) in ((0, True), (1, False)), answer
        set_alone = answer["locked"]["verdict"]
        bad = set_alone if set_alone == "blocked" else "differs"
        assert answer["verdict"] == (set_alone if answer["locked"]["same"] else bad), answer
        found = answer["locked"]["differences"]
        return {(one["side"], one["kind"], one["subject"]): one["text"] for one in found}

    @property
    def plan(self) -> Path:
        return self.folder / PLAN


def causes(found: dict[tuple[str, str, str], str]) -> list[tuple[str, str, str]]:
    """Without those that only follow."""
    return [one for one in found if one[0] != "result"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is read of sdists is read once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def repository(sealed: Path, wheelplan: Wheelplan, cache: Path) -> Repository:
    made = Repository(sealed, wheelplan, cache)
    if MADE:
        made.plan.write_bytes(MADE[0])
    else:
        assert made.check().code == 0
        MADE.append(made.plan.read_bytes())
    return made


def test_the_same_is_0_whatever_is_newer(repository: Repository) -> None:
    repository.add(wheel, "beta", "2.0")
    repository.publish()
    ran = repository.check("--locked")
    assert ran.code == 0
    assert f"\nsame: the plan is as `check` would write it: {PLAN}\n" in ran.out
    assert repository.plan.read_bytes() == MADE[0]


def test_a_plan_that_is_the_same_and_stops_is_1(repository: Repository) -> None:
    ran = repository.check("--locked", "--fail-on", "note", "--output-format", "json")
    answer = json.loads(ran.out)
    assert (ran.code, answer["verdict"], answer["locked"]["same"]) == (1, "builds", True)
    ran = repository.check("--locked", "--fail-on", "note")
    assert ran.code == 1
    assert "same: the plan is as" in ran.out
    assert "Source builds (1)\n" in ran.out, "what stops is told"


# -- the world


def _hash(repository: Repository) -> None:
    wheel(repository.folder / "files", "beta", "1.0", ["setuptools"])
    repository.publish()


def _wheel(version: str) -> Callable[[Repository], None]:
    def add(repository: Repository) -> None:
        repository.add(wheel, "cee", version)
        repository.publish()

    return add


WORLD: dict[str, tuple[Callable[[Repository], None], tuple[str, str], str]] = {
    "yanked": (
        lambda it: it.publish(yanked={"beta-1.0-py3-none-any.whl": "bad"}),
        ("gone", "beta"),
        "beta 1.0: beta-1.0-py3-none-any.whl was yanked: bad",
    ),
    "gone": (
        lambda it: it.publish("beta-1.0"),
        ("gone", "beta"),
        "beta 1.0: beta-1.0-py3-none-any.whl is no longer on the index",
    ),
    "gone, and nothing else will do": (
        lambda it: it.publish("alpha-1.0"),
        ("gone", "alpha"),
        "alpha 1.0: alpha-1.0-py3-none-any.whl is no longer on the index",
    ),
    "another hash": (_hash, ("hash", "beta"), "is another file under the same name: sha256 "),
    "a wheel": (_wheel("1.0"), ("wheel", "cee"), "cee 1.0, a source build, has a wheel now"),
    "a newer wheel": (
        _wheel("2.0"),
        ("reason", "cee"),
        "cee 1.0, a source build: this version has only an sdist (only 2.0 has wheels); it was: no wheel was ever",
    ),
}


@pytest.mark.parametrize("name", WORLD)
def test_what_the_indexes_did(repository: Repository, name: str) -> None:
    change, (kind, subject), sentence = WORLD[name]
    change(repository)
    found = repository.locked()
    assert causes(found) == [("world", kind, subject)]
    assert sentence in found[("world", kind, subject)]


def test_another_index_that_serves_something(repository: Repository) -> None:
    first = repository.folder / "extra"
    publish(first, wheel(repository.folder / "more", "beta", "1.0", ["alpha"]))
    found = repository.locked("--extra-index-url", first.as_uri())
    assert causes(found) == [("world", "hash", "beta"), ("world", "index", "extra")]


# -- the repository


def test_what_the_repository_did_stands_apart(repository: Repository) -> None:
    repository.write("requirements.txt", "cee\nbeta\n")
    repository.publish("beta-1.0")
    ran = repository.check("--locked")
    assert ran.code == 1
    told = ran.out.partition("\n\n")[2].splitlines()
    assert [line for line in told if "finding" not in line] == [
        "Changed in the repository, the settings or the machine (3)",
        "  requirements.txt is not as it was when the plan was made",
        "  alpha is not asked for any more (it was by requirements.txt:1)",
        "  beta is asked for now (requirements.txt:2)",
        "Changed on the indexes (1)",
        "  beta 1.0: beta-1.0-py3-none-any.whl is no longer on the index",
        "What follows (2)",
        "  beta 1.0 -> 0.9",
        "  alpha 1.0 goes out",
        f"differs: {PLAN} is not what `check` would write. Nothing was written.",
        "Run the same command without --locked, and commit what it writes.",
    ]


def test_files_are_named_as_the_user_of_the_run_names_them(repository: Repository) -> None:
    plan = repository.folder / "plans" / "pylock.toml"
    plan.parent.mkdir()
    assert repository.check("-o", "plans/pylock.toml").code == 0
    repository.write("requirements.txt", "alpha\ncee\nsetuptools\n")
    ran = repository.check("--locked", "-o", "plans/pylock.toml")
    assert ran.code == 1
    assert "  requirements.txt is not as it was when the plan was made\n" in ran.out
    assert "  setuptools is asked for now (requirements.txt:3)\n" in ran.out
    ran = repository.check("--locked", "-o", "plans/pylock.toml", "--output-format", "github")
    assert "file=requirements.txt,line=1,title=WP820::" in ran.out
    assert "../" not in ran.out


def test_words_and_the_machine_count_as_the_repository(repository: Repository) -> None:
    words = ("setuptools", "--assume", "glibc=2.31")
    assert causes(repository.locked(*words)) == [
        ("repository", "requirement", "setuptools"),
        ("repository", "machine", "glibc"),
    ]
    ran = repository.check("--locked", *words, "--output-format", "github")
    assert ran.code == 1
    assert (
        "title=WP820::Changed in the repository, the settings or the machine: machine: glibc 2.31, was "
        in ran.out
    )


def test_another_wheel_for_another_machine_is_no_news_of_the_index(repository: Repository) -> None:
    for glibc in ("2_17", "2_34"):
        repository.add(wheel, "beta", "1.1", tag=f"py3-none-manylinux_{glibc}_x86_64")
    repository.publish()
    assert repository.check("-U").code == 0
    assert causes(repository.locked("--assume", "glibc=2.31")) == [("repository", "machine", "glibc")]
    assert "manylinux_2_17" in repository.locked("--assume", "glibc=2.31")[("result", "file", "beta")]


def test_free_memory_is_no_difference(repository: Repository) -> None:
    words = ("--assume", "memory-available=3GiB", "--assume", "cores=8")
    assert repository.check(*words).code == 0
    ran = repository.check("--locked", *words, "--assume", "memory-available=9GiB")
    assert ran.code == 0
    assert "3 GiB were free when the plan was made, 9 GiB are now" in ran.out
    assert causes(repository.locked(*words, "--assume", "cores=4")) == [("repository", "machine", "cores")]


SETTINGS = {  # what the plan is made with, what the run has; what is told
    "a flag": ([], ["--pre"], {"pre": "the plan was made without --pre, and this run has --pre"}),
    "another word": (
        ["--prerelease", "allow"],
        ["--prerelease", "disallow"],
        {
            "prerelease": "the plan was made with --prerelease allow, and this run has --prerelease disallow",
        },
    ),
    "a default": (["--resolution", "highest", "--prerelease", "if-necessary-or-explicit"], [], {}),
    "the same": (["--only-binary", "beta,alpha", "--pre"], ["--pre", "--only-binary", "alpha,beta"], {}),
    "a span of days": (["--max-held-back", "1y"], ["--max-held-back", "1y"], {}),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_one_run_alone_is_told(repository: Repository, name: str) -> None:
    made, run, told = SETTINGS[name]
    repository.plan.unlink()
    repository.check(*made)
    found = repository.locked(*run)
    assert {subject: text for (_, kind, subject), text in found.items() if kind == "setting"} == told


def test_a_plan_from_before_a_day(sealed: Path, wheelplan: Wheelplan) -> None:
    old, new = (wheel(sealed / "files", "aged", version) for version in ("1.0", "2.0"))
    with running() as server:
        publish_dated(server, "aged", {old: "2023-01-01", new: "2025-08-01"})
        words = ("--machine", MACHINE, "--cache-dir", sealed / "cache", "--default-index", server.url)
        assert wheelplan("check", "aged", *words, "--exclude-newer", "2024-01-01").code == 0
        same = wheelplan("check", "aged", *words, "--exclude-newer", "2024-01-01", "--locked")
        ran = wheelplan("check", "aged", *words, "--locked")
        explained = wheelplan("explain", "aged", *words)
    assert (same.code, ran.code) == (0, 1)
    assert "  the plan was made with --exclude-newer 2024-01-01, and this run has none\n" in ran.out
    assert "2025-08-01  not before the cut-off\n" in explained.out  # of the plan, without the words


def test_a_setting_of_the_project_need_not_be_said_again(repository: Repository) -> None:
    made = repository.plan.read_bytes()
    repository.plan.unlink()
    repository.check("--prerelease", "allow", "--resolution", "lowest-direct")
    text = repository.plan.read_text(encoding="utf-8")
    assert 'settings = { prerelease = "allow", resolution = "lowest-direct" }' in text
    assert b"settings" not in made
    repository.write("wheelplan.toml", 'prerelease = "allow"\nresolution = "lowest-direct"\n')
    assert repository.locked() == {}
    repository.write("wheelplan.toml", 'prerelease = "allow"\n')
    assert ("repository", "setting", "resolution") in repository.locked()


def test_a_policy_that_changed_is_told(repository: Repository) -> None:
    repository.write("wheelplan.toml", 'allow-build = [{ project = "cee", reason = "ours" }]\n')
    ran = repository.check("--locked", allow=())
    assert ran.code == 1
    assert "  cee is allowed to be built: ours\n" in ran.out


def test_an_edited_plan_differs(repository: Repository) -> None:
    repository.plan.write_bytes(MADE[0].replace(b"# Install", b"# install", 1))
    found = repository.locked()
    assert found == {("repository", "plan", ""): "The plan was edited, merged or cut since it was made"}


def test_a_plan_of_other_inputs_differs(repository: Repository) -> None:
    repository.write("other.txt", "beta\n")
    ran = repository._run(
        *("check", "-r", "other.txt", "--locked", "--machine", MACHINE, "--no-cache"),
        *("--default-index", repository.index),
    )
    assert ran.code == 1
    assert "  other.txt is an input now\n  requirements.txt is no input any more\n" in ran.out


def test_a_wheel_that_a_setting_refused_is_no_news_of_the_index(repository: Repository) -> None:
    repository.add(wheel, "cee", "1.0")
    repository.publish()
    assert repository.check("--no-binary", "cee", "-U").code == 0
    found = repository.locked()
    assert causes(found) == [("repository", "setting", "no-binary")]
    assert found[("result", "wheel", "cee")] == "cee 1.0, a source build, takes a wheel now"


# -- what is not proven

NONE: dict[str, tuple[Callable[[Path], object], str]] = {
    "none": (Path.unlink, f"error: {PLAN}: There is no plan to compare with. Make it with the same command"),
    "cut": (
        lambda plan: plan.write_bytes(b"[[pack"),
        "error: pylock.wheelplan.toml: The plan cannot be read: ",
    ),
    "another's": (
        lambda plan: plan.write_text('lock-version = "1.0"\ncreated-by = "uv"\npackages = []\n'),
        "This lock is not one of wheelplan's.",
    ),
}


@pytest.mark.parametrize("name", NONE)
def test_no_plan_is_2(repository: Repository, name: str) -> None:
    change, sentence = NONE[name]
    change(repository.plan)
    ran = repository.check("--locked")
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


def test_an_index_that_is_not_asked_proves_nothing(repository: Repository) -> None:
    ran = repository.check("--locked", "--index", "http://127.0.0.1:1/simple/", "--offline")
    assert ran.code == 2
    assert repository.plan.read_bytes() == MADE[0]


@pytest.mark.parametrize("words", [("-o", "-"), ("--write-build-constraints", "b.txt")])
def test_what_writes_does_not_go_with_it(wheelplan: Wheelplan, words: tuple[str, str]) -> None:
    ran = wheelplan("check", "alpha", "--locked", *words)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {words[0]}: --locked ")
