"""Where a plan says that its inputs lie: from its own folder, so that it is true wherever both are checked out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conftest import MACHINE, Ran, Wheelplan
from tests.shelf import publish, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ALONE = "The plan names this file by its absolute path"


class Tree:
    """Folders below one that is no repository; the command runs in any of them."""

    def __init__(self, top: Path, run: Wheelplan, monkeypatch: pytest.MonkeyPatch) -> None:
        self.top, self._run, self._chdir = top, run, monkeypatch.chdir
        self.index = publish(top / "index", wheel(top / "files", "alpha", "1.0"))
        for name in ("ours/sub", "ours/plans", "other"):
            (top / name).mkdir(parents=True)
        for name in ("ours", "ours/sub", "other"):
            (top / name / "in.txt").write_text("alpha\n", encoding="utf-8")

    def check(self, folder: str, word: str | Path, plan: str) -> tuple[Ran, str]:
        """The run, and the path of its one input; the plan must be true where it lies."""
        self._chdir(self.top / folder)
        words = ("--machine", MACHINE, "--no-cache", "--default-index", self.index)
        ran = self._run("check", word, "-o", plan, *words)
        assert ran.code == 0, ran.err
        document = tomllib.loads((self.top / folder / plan).read_text(encoding="utf-8"))
        (one,) = document["tool"]["wheelplan"]["inputs"]
        place = f"{one['path']}:1"
        assert document["packages"][0]["tool"]["wheelplan"]["required-by"] == [place]
        assert self._run("verify", plan, "--role", "run", "--machine", MACHINE).code == 0
        return ran, str(one["path"])


@pytest.fixture
def tree(sealed: Path, wheelplan: Wheelplan, monkeypatch: pytest.MonkeyPatch) -> Tree:
    return Tree(sealed, wheelplan, monkeypatch)


@pytest.mark.parametrize(
    ("folder", "word", "plan", "path"),
    [
        ("ours", "in.txt", "plan.toml", "in.txt"),
        ("ours", "in.txt", "plans/plan.toml", "../in.txt"),
        ("ours/sub", "in.txt", "../plan.toml", "sub/in.txt"),
        ("ours/sub", "../in.txt", "plan.toml", "../in.txt"),
        ("ours/sub", "../in.txt", "../plans/plan.toml", "../in.txt"),
        ("ours/sub", "in.txt", "../plans/plan.toml", "../sub/in.txt"),
        ("ours", "in.txt", "../other/plan.toml", "../ours/in.txt"),
        ("ours", "../other/in.txt", "plan.toml", "../other/in.txt"),
    ],
)
def test_the_way_goes_from_the_plan(tree: Tree, folder: str, word: str, plan: str, path: str) -> None:
    ran, told = tree.check(folder, word, plan)
    assert told == path
    assert ALONE not in ran.err


def test_an_absolute_word_leads_nowhere_else(tree: Tree) -> None:
    inside, told = tree.check("ours", tree.top / "ours" / "in.txt", "plans/plan.toml")
    assert (told, ALONE in inside.err) == ("../in.txt", False)
    word = tree.top / "other" / "in.txt"
    ran, told = tree.check("ours", word, "plan.toml")
    assert told == word.as_posix()
    assert f"{word}: {ALONE}, and `verify` looks for it there alone. Keep it in one repository" in ran.err


@pytest.mark.parametrize("mark", [".git", ".hg"])
def test_what_is_in_one_repository_goes_together(tree: Tree, mark: str) -> None:
    (tree.top / "ours" / mark).mkdir()
    ran, told = tree.check("ours/sub", tree.top / "ours" / "in.txt", "plan.toml")
    assert (told, ALONE in ran.err) == ("../in.txt", False)
    _, told = tree.check("ours/sub", tree.top / "other" / "in.txt", "plan.toml")
    assert told == (tree.top / "other" / "in.txt").as_posix()
