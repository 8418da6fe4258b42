"""`wheelplan explain` through its command line, on a small index on disk: text, JSON, plans, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

import pytest
from rich.console import Console

from planner.report import Printer
from tests.conftest import MACHINE, Ran, Wheelplan
from tests.faults.server import publish_dated, running
from tests.shelf import SETUP_C, publish, sdist, wheel

OLD_GLIBC = ("--assume", "glibc=2.17")


class Shop:
    """A current folder with an index, and the command line that explains against it."""

    def __init__(self, folder: Path, run: Wheelplan) -> None:
        self.folder = folder
        self._run = run
        files = folder / "files"
        self.files = [
            wheel(files, "alpha", "2.0", ["beta>=1"]),
            wheel(files, "alpha", "1.0"),
            wheel(files, "beta", "1.5"),
            wheel(files, "beta", "2.0"),
            sdist(files, "cee", "1.0", setup=SETUP_C),
            wheel(files, "many", "2.0", tag="cp311-cp311-manylinux_2_17_x86_64"),
            wheel(files, "many", "3.0", tag="cp311-cp311-manylinux_2_28_x86_64"),
            sdist(files, "many", "3.0", setup=SETUP_C),
            wheel(files, "setuptools", "84.0"),
        ]
        self.index = publish(folder / "index", *self.files)

    def run(self, command: str, *words: str | Path, machine: bool = True) -> Ran:
        where = ("--machine", MACHINE) if machine else ()
        cache = ("--cache-dir", self.folder / "cache", "--default-index", self.index)
        return self._run(command, *words, *where, *cache)

    def explain(self, *words: str | Path) -> Ran:
        return self.run("explain", *words)

    def json(self, *words: str | Path) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.explain(*words, "--output-format", "json").out)
        return value

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name


@pytest.fixture
def shop(sealed: Path, wheelplan: Wheelplan) -> Shop:
    return Shop(sealed, wheelplan)


def test_a_dependency_is_explained_with_its_chain_versions_and_files(shop: Shop) -> None:
    name = shop.write("requirements.txt", "alpha\nbeta<2\n")
    ran = shop.explain("beta", name)
    assert ran.code == 0
    assert ran.out.split("\n", 2)[2].replace(shop.index, "INDEX") == (
        "beta 1.5: installed from a wheel: nothing is built\n"
        "  beta-1.5-py3-none-any.whl\n"
        "  size not told, upload time not told, from INDEX\n"
        "\n"
        "Asked for by\n"
        "  requirements.txt:2 asks for beta<2\n"
        "  alpha 2.0 needs beta>=1\n"
        "    because requirements.txt:1 asks for alpha\n"
        "\n"
        "Versions (2 on the index)\n"
        "  2.0  excluded by beta<2 (requirements.txt:2)\n"
        "  1.5  taken\n"
        "\n"
        "Files of 1.5 (1)\n"
        "  taken\n"
        "    beta-1.5-py3-none-any.whl\n"
    )


def test_a_project_alone_just_works(shop: Shop) -> None:
    ran = shop.explain("cee")
    assert ran.code == 0
    for told in (
        "cee 1.0: built from source: compiles native code",
        "why: no wheel was ever published on this index (WP101)",
        "accept the build with `--allow-build cee`",
        "the command line asks for cee",
        "1.0 is the newest there is",
        "How it is built",
        "C compiler",
        "built by   setuptools==84.0",
    ):
        assert told in ran.out
    assert not (shop.folder / "pylock.wheelplan.toml").exists()


def test_the_version_passed_over_for_a_wheel_is_told_with_its_nearest_miss(shop: Shop) -> None:
    ran = shop.explain("many", *OLD_GLIBC)
    assert "3.0  would be compiled here (needs glibc 2.28, here 2.17); 2.0 has a wheel" in ran.out


def test_a_plan_is_explained_for_its_inputs_its_machine_and_its_versions(shop: Shop) -> None:
    name = shop.write("requirements.txt", "many\nalpha\n")
    assert shop.run("check", name, *OLD_GLIBC).code == 0
    ran = shop.run("explain", "many", machine=False)
    assert ran.code == 0
    assert "glibc 2.17" in ran.out.splitlines()[0]
    assert "requirements.txt:1 asks for many" in ran.out
    assert "pylock.wheelplan.toml was made for another machine" in ran.err
    shop.write("requirements.txt", "alpha\n")
    gone = shop.explain("many", *OLD_GLIBC)
    assert gone.code == 1
    assert "requirements.txt was changed after pylock.wheelplan.toml was made" in gone.err


def test_a_plan_keeps_its_version_and_says_so(shop: Shop) -> None:
    name = shop.write("requirements.txt", "beta\n")
    limit = shop.write("limit.txt", "beta<2\n")
    assert shop.run("check", name, "-c", limit).code == 0
    plan = shop.folder / "pylock.wheelplan.toml"
    (shop.folder / "other.toml").write_bytes(plan.read_bytes())
    ran = shop.explain("beta", name, "--plan", "other.toml")
    assert "2.0  passed over, as the plan has 1.5 (-P beta takes the newest)" in ran.out
    assert "the set resolves, and nothing else changes" in ran.out
    assert "beta 2.0" in shop.explain("beta", name).out  # with inputs alone, all is fresh


def test_what_is_not_there_ends_with_1_and_what_would_come(shop: Shop) -> None:
    ran = shop.explain("many", "alpha")
    assert ran.code == 1
    assert "many is not among the 2 projects of the resolution." in ran.out
    assert "Asked for, many 3.0 would be installed from a wheel: nothing is built." in ran.out


def test_without_a_name_the_verdict_is_explained(shop: Shop) -> None:
    ran = shop.explain("-r", shop.write("requirements.txt", "alpha\ncee\nmany\n"), *OLD_GLIBC)
    assert ran.code == 0
    for told in (
        "blocked: findings of severity error stand in the way",
        "4 projects, 1 source build (1 native)",
        "What was given up for what (1)",
        "What pip and uv would take instead (1)",
        "What stops (",
        "setup.py:2 builds an Extension",
        "What was weighed, what counts most first (--prefer wheels;",
        "`wheelplan explain cee` tells everything",
    ):
        assert told in ran.out


def test_no_resolution_ends_with_1(shop: Shop) -> None:
    ran = shop.explain("alpha", shop.write("requirements.txt", "alpha\nnowhere\n"))
    assert (ran.code, "Not all can be resolved: this is among the rest" in ran.out) == (1, True)


def test_json_holds_the_same(shop: Shop) -> None:
    name = shop.write("requirements.txt", "many\n")
    told = shop.json("many", name, *OLD_GLIBC)
    assert (told["schema"], told["explains"], told["exit-code"]) == (1, "project", 0)
    assert (told["project"], told["version"], told["kind"]) == ("many", "2.0", "wheel")
    (asker,) = told["required-by"]
    assert asker == {"who": "requirements.txt:1", "requirement": "many", "root": True, "chain": []}
    (other,) = told["versions"]["before"]
    assert (other["version"], other["reason"]) == ("3.0", "native-build")
    (group,) = told["files"]
    assert (group["taken"], group["reason"], len(group["files"])) == (True, None, 1)
    built = shop.json("cee")
    assert built["source-build"]["code"] == "WP101"
    assert built["source-build"]["jobs"]["arithmetic"]
    assert shop.json("nothing", "beta")["explains"] == "absence"
    verdict = shop.json("-r", name)
    assert (verdict["explains"], verdict["verdict"]) == ("verdict", "clear")
    assert verdict["choice"]["prefer"] == "wheels"


MISUSED = {
    "a project that says a version": (["beta<2", "alpha"], "says more than the name"),
    "no project's name": (["b e t a"], "no name of a project"),
    "a plan that is not there": (["beta", "--plan", "gone.toml"], "The plan cannot be read"),
    "an option of check alone": (["beta", "--fail-on", "note"], "no option --fail-on"),
}


@pytest.mark.parametrize("case", MISUSED)
def test_misuse_ends_with_2(shop: Shop, case: str) -> None:
    words, told = MISUSED[case]
    ran = shop.explain(*words)
    assert (ran.code, told in ran.err) == (2, True)


def test_options_may_stand_between_the_words(shop: Shop) -> None:
    assert "alpha 2.0 needs beta>=1" in shop.explain("beta", "--pre", "alpha").out


def test_a_plan_of_another_tool_does_not_tell_its_inputs(shop: Shop) -> None:
    shop.write("pylock.toml", 'lock-version = "1.0"\ncreated-by = "other"\npackages = []\n')
    ran = shop.explain("beta", "--plan", "pylock.toml")
    assert (ran.code, "does not say what it was made from" in ran.err) == (2, True)


def test_it_fits_a_terminal_of_80_columns(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only addresses, and commands that are to be copied, go beyond."""

    def narrow(_: Printer, file: TextIO) -> Console:
        return Console(
            file=file, width=80, force_terminal=True, color_system=None, soft_wrap=True, markup=False
        )

    monkeypatch.setattr(Printer, "_console", narrow)
    told = shop.explain("many", "--python-version", "3.14", "--assume", "glibc=2.36").out
    lines = [line for line in told.splitlines() if "apt-get" not in line and str(shop.folder) not in line]
    assert len(lines) > 20
    assert max(map(len, lines)) <= 80


def test_the_age_of_a_pin_is_told_in_the_same_words_everywhere(sealed: Path, wheelplan: Wheelplan) -> None:
    folder = sealed / "files"
    old, new = (wheel(folder, "aged", version) for version in ("1.0", "2.0"))
    (sealed / "r.txt").write_text("aged\nholder\n", encoding="utf-8")
    with running() as server:
        publish_dated(server, "aged", {old: "2023-01-01", new: "2025-08-01"})
        publish_dated(server, "holder", {wheel(folder, "holder", "1.0", ["aged<2"]): "2025-08-01"})
        words = (
            "r.txt",
            "--default-index",
            server.url,
            "--machine",
            MACHINE,
            "--cache-dir",
            sealed / "cache",
        )
        checked, verdict = wheelplan("check", *words, "-o", "-"), wheelplan("explain", *words)
        pin = wheelplan("explain", "aged", *words)
    assert "aged is held at 1.0 (the newest is 2.0 of 2025-08-01, 2.6 years newer)" in checked.out
    assert ", 2.6 years behind 2.0" in pin.out
    assert "further behind than 2 years: 1 (worst 2.6 years)" in verdict.out
    assert "2.6 years behind 2.0" in verdict.out
