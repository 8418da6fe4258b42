"""`wheelplan check --locked`: the plan as it would be written or not, and who changed what."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MACHINE, Ran, Wheelplan
from tests.shelf import SETUP_C, publish, sdist, wheel

PLAN = "pylock.wheelplan.toml"
READY = ["--assume", "program:gcc=12.2.0", "--assume", "header:Python.h=3.11.7", "--allow-build", "cee"]


class Repository:
    """A folder with requirements, an index and a plan of them."""

    def __init__(self, folder: Path, run: Wheelplan) -> None:
        self.folder, self._run = folder, run
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

    def check(self, *words: str | Path, machine: Path = MACHINE) -> Ran:
        return self._run(
            *("check", "requirements.txt", "--machine", machine, "--no-cache", "--default-index", self.index),
            *(*READY, *words),
        )

    def locked(self, *words: str | Path) -> list[tuple[str, str, str]]:
        """The differences as (side, kind, subject), those that only follow left out; nothing is written."""
        before = self.plan.read_bytes()
        ran = self.check("--locked", *words, "--output-format", "json")
        answer = json.loads(ran.out)
        assert self.plan.read_bytes() == before
        assert (ran.code, answer["locked"]["same"]) in ((0, True), (1, False)), answer
        found = answer["locked"]["differences"]
        return [(one["side"], one["kind"], one["subject"]) for one in found if one["side"] != "result"]

    @property
    def plan(self) -> Path:
        return self.folder / PLAN


@pytest.fixture
def repository(sealed: Path, wheelplan: Wheelplan) -> Repository:
    made = Repository(sealed, wheelplan)
    assert made.check().code == 0
    return made


def test_the_same_is_0_whatever_is_newer(repository: Repository) -> None:
    repository.add(wheel, "beta", "2.0")
    repository.publish()
    ran = repository.check("--locked")
    assert ran.code == 0
    assert f"same: the plan is as `check` would write it: {PLAN}\n" in ran.out
    assert repository.locked() == []


def _hash(repository: Repository) -> None:
    wheel(repository.folder / "files", "beta", "1.0", ["setuptools"])
    repository.publish()


def _wheel(version: str) -> Callable[[Repository], None]:
    def add(repository: Repository) -> None:
        repository.add(wheel, "cee", version)
        repository.publish()

    return add


WORLD: dict[str, tuple[Callable[[Repository], None], tuple[str, str, str], str]] = {
    "yanked": (
        lambda it: it.publish(yanked={"beta-1.0-py3-none-any.whl": "bad"}),
        ("world", "gone", "beta"),
        "beta 1.0: beta-1.0-py3-none-any.whl was yanked: bad\n",
    ),
    "gone": (
        lambda it: it.publish("beta-1.0"),
        ("world", "gone", "beta"),
        "beta 1.0: beta-1.0-py3-none-any.whl is no longer on the index\n",
    ),
    "another hash": (_hash, ("world", "hash", "beta"), "is another file under the same name: sha256 "),
    "a wheel": (_wheel("1.0"), ("world", "wheel", "cee"), "cee 1.0, a source build, has a wheel now\n"),
    "a newer wheel": (
        _wheel("2.0"),
        ("world", "reason", "cee"),
        "cee 1.0, a source build: this version has only an sdist (only 2.0 has wheels); it was: no wheel was ever",
    ),
}


@pytest.mark.parametrize("name", WORLD)
def test_what_the_indexes_did(repository: Repository, name: str) -> None:
    change, difference, sentence = WORLD[name]
    change(repository)
    assert repository.locked() == [difference]
    ran = repository.check("--locked")
    assert ran.code == 1
    assert "Changed on the indexes (1)\n" in ran.out
    assert sentence in ran.out
    assert "Changed in the repository" not in ran.out
    assert f"differs: {PLAN} is not what `check` would write. Nothing was written.\n" in ran.out


def test_another_index_that_serves_something(repository: Repository) -> None:
    first = repository.folder / "extra"
    publish(first, wheel(repository.folder / "more", "beta", "1.0", ["alpha"]))
    found = repository.locked("--extra-index-url", first.as_uri())
    assert ("world", "index", "extra") in found
    assert ("world", "hash", "beta") in found


def test_what_the_repository_did(repository: Repository) -> None:
    repository.write("requirements.txt", "cee\nbeta<1\n")
    assert repository.locked() == [
        ("repository", "input", "requirements.txt"),
        ("repository", "requirement", "alpha"),
        ("repository", "requirement", "beta"),
    ]
    ran = repository.check("--locked")
    assert ran.code == 1
    assert "requirements.txt is not as it was when the plan was made\n" in ran.out
    assert "beta is asked for now (requirements.txt:2)\n" in ran.out
    assert "What follows (2)\n  beta 1.0 -> 0.9\n  alpha 1.0 goes out\n" in ran.out
    assert "Changed on the indexes" not in ran.out


def test_the_world_and_the_repository_at_once(repository: Repository) -> None:
    repository.write("requirements.txt", "alpha\ncee\nsetuptools\n")
    repository.publish("beta-1.0")
    assert repository.locked() == [
        ("repository", "input", "requirements.txt"),
        ("repository", "requirement", "setuptools"),
        ("world", "gone", "beta"),
    ]


def test_words_and_the_machine_count_as_the_repository(repository: Repository) -> None:
    assert repository.locked("setuptools", "--assume", "glibc=2.31") == [
        ("repository", "requirement", "setuptools"),
        ("repository", "machine", "glibc"),
    ]
    sarif = repository.check("--locked", "--assume", "glibc=2.31", "--output-format", "github")
    assert sarif.code == 1
    assert (
        "title=WP820::Changed in the repository, the settings or the machine: machine: glibc 2.31, was "
        in sarif.out
    )


def test_free_memory_is_no_difference(repository: Repository) -> None:
    words = ("--assume", "memory-available=3GiB", "--assume", "cores=8")
    assert repository.check(*words).code == 0
    ran = repository.check("--locked", *words, "--assume", "memory-available=9GiB")
    assert ran.code == 0
    assert "3 GiB were free when the plan was made, 9 GiB are now" in ran.out
    assert repository.locked(*words, "--assume", "cores=4") == [("repository", "machine", "cores")]


def test_a_policy_that_changed_is_told(repository: Repository) -> None:
    repository.write("wheelplan.toml", 'allow-build = [{ project = "cee", reason = "ours" }]\n')
    words = [word for word in READY if word not in ("--allow-build", "cee")]
    ran = repository._run(
        *(
            "check",
            "requirements.txt",
            "--machine",
            MACHINE,
            "--no-cache",
            "--default-index",
            repository.index,
        ),
        *(*words, "--locked"),
    )
    assert ran.code == 1
    assert "cee is allowed to be built: ours\n" in ran.out


def test_a_plan_that_is_the_same_and_blocked_is_1(repository: Repository) -> None:
    ran = repository.check("--locked", "--fail-on", "note")
    assert ran.code == 1
    assert "same: the plan is as" in ran.out


def test_an_edited_plan_differs(repository: Repository) -> None:
    repository.plan.write_bytes(repository.plan.read_bytes().replace(b"beta", b"Beta", 1))
    assert ("repository", "plan", "") in repository.locked()
    assert "The plan was edited, merged or cut since it was made" in repository.check("--locked").out


def test_a_set_that_cannot_be_had_any_more_differs(repository: Repository) -> None:
    repository.publish("alpha-1.0")
    assert repository.locked() == [("world", "gone", "alpha")]
    ran = repository.check("--locked")
    assert ran.code == 1
    assert "alpha 1.0: alpha-1.0-py3-none-any.whl is no longer on the index" in ran.out


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
    assert ran.code == 2
    assert sentence in ran.err
    assert ran.out == ""


def test_an_index_in_trouble_proves_nothing(repository: Repository) -> None:
    ran = repository.check("--locked", "--index", "http://127.0.0.1:1/simple/", "--offline")
    assert ran.code == 2


@pytest.mark.parametrize("words", [("-o", "-"), ("--write-build-constraints", "b.txt")])
def test_what_writes_does_not_go_with_it(repository: Repository, words: tuple[str, str]) -> None:
    ran = repository.check("--locked", *words)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {words[0]}: --locked ")
