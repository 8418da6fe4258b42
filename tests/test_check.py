"""`wheelplan check` of the six examples against recorded indexes, end to end: plan, report, JSON, exit code.

The expected plans lie in tests/cases/NAME/plan.toml; `python cassettes/record.py --plans` writes them anew.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.pylock import Pylock

from cassettes.replay import ELSEWHERE, INDEX, NAMES, ROOT, arguments, playing
from planner.plan import check_digest
from tests.conftest import Ran, Wheelplan

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CODES = {"datascience": 0, "impossible": 1, "indexes": 0, "ml": 1, "oldpins": 1, "web": 1}
PLANNED = sorted(set(NAMES) - {"impossible"})


class Case:
    """One example, checked in a folder that holds what the repository's top does; its cache is shared."""

    def __init__(self, name: str, wheelplan: Wheelplan, folder: Path, caches: Path) -> None:
        self.name = name
        self.plan = folder / "pylock.case.toml"
        self._cache = caches / name
        self._run = wheelplan

    def check(self, *more: str | Path, words: list[str] | None = None, cold: bool = False) -> Ran:
        if cold:
            shutil.rmtree(self._cache, ignore_errors=True)
        words = arguments(self.name) if words is None else words
        with playing(self.name):
            return self._run(*words, "--cache-dir", self._cache, "-o", self.plan, *more)

    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.check("--output-format", "json").out)
        return value


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each example has its cache, which one test fills for the next."""
    return tmp_path_factory.mktemp("caches")


@pytest.fixture
def case(request: pytest.FixtureRequest, wheelplan: Wheelplan, sealed: Path, caches: Path) -> Case:
    return Case(request.param, wheelplan, top(sealed), caches)


def top(folder: Path) -> Path:
    """The folder, with what the arguments name: plans tell paths from where they lie."""
    for name in ("examples", "tests"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def of(*names: str) -> pytest.MarkDecorator:
    """The test runs for these examples."""
    return pytest.mark.parametrize("case", names, indirect=True)


def expected(name: str) -> str:
    return (ROOT / "tests" / "cases" / name / "plan.toml").read_text(encoding="utf-8")


def builds_of(answer: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Code and kind of every source build."""
    built = {p["name"]: p["source-build"] for p in answer["packages"] if p["source-build"]}
    return {name: (build["code"], build["kind"]) for name, build in built.items()}


# -- every example ------------------------------------------------------------------------------------------


@of(*NAMES)
def test_an_example_gives_its_plan_and_exit_code(case: Case) -> None:
    first = case.check(cold=True)
    assert first.code == CODES[case.name]
    assert first.err == ""
    if case.name not in PLANNED:
        assert not case.plan.exists()
        assert "No plan was written" in first.out
        return
    assert "Plan written: " in first.out
    assert case.plan.read_text(encoding="utf-8") == expected(case.name)
    again = case.check()  # from the cache this time
    assert again.code == first.code
    assert "Plan unchanged: " in again.out
    assert case.plan.read_text(encoding="utf-8") == expected(case.name)


@pytest.mark.parametrize("name", PLANNED)
def test_a_plan_is_a_lock_that_others_read(name: str) -> None:
    text = expected(name)
    check_digest(text.encode())
    document = tomllib.loads(text)
    lock = Pylock.from_dict(document)
    names = {package.name for package in lock.packages}
    for package in lock.packages:
        assert bool(package.wheels) != bool(package.sdist), package.name
        assert {dependency["name"] for dependency in package.dependencies or ()} <= names, (
            "the closure has a hole"
        )
        for file in (*(package.wheels or ()), *([package.sdist] if package.sdist else ())):
            assert set(file.hashes) == {"sha256"}
            assert file.url is not None
            assert file.url.startswith("https://files.test/")
    tool = document["tool"]["wheelplan"]
    built = [package for package in lock.packages if package.sdist]
    assert tool["counts"] == {"packages": len(lock.packages), "source-builds": len(built)}
    assert "/root" not in text
    assert str(ROOT) not in text


@of("ml", "oldpins")
def test_a_plan_does_not_depend_on_the_order_of_lines_or_on_the_cache(case: Case, tmp_path: Path) -> None:
    """But for the inputs' digest and the lines' numbers, which say what was read."""
    path = ROOT / "examples" / case.name / "requirements.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    shuffled = tmp_path / "requirements.txt"
    random.Random(7).shuffle(lines)
    shuffled.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def pins(text: str) -> list[Any]:
        packages: list[Any] = tomllib.loads(text)["packages"]
        for package in packages:
            del package["tool"]["wheelplan"]["required-by"]
            package["tool"]["wheelplan"].pop(
                "alternatives", None
            )  # which name lines that would have to change
        return packages

    words = arguments(case.name)
    words[words.index(f"examples/{case.name}/requirements.txt")] = str(shuffled)
    case.check(words=words, cold=True)
    assert pins(case.plan.read_text(encoding="utf-8")) == pins(expected(case.name))
    case.check()  # what the cache holds now came in another order
    assert case.plan.read_text(encoding="utf-8") == expected(case.name)


REPLAYED = """\
import sys
from types import SimpleNamespace
from cassettes.replay import arguments, playing
from planner import supply
from planner.cli import main
# Sdists are read in this process: one of its own has another seed.
reader = SimpleNamespace(read=supply._read_here, expect=lambda: None, close=lambda: None)
supply.sdist_reader = lambda *_: reader
with playing("web"):
    raise SystemExit(main([*arguments("web"), "--cache-dir", sys.argv[1], "-o", sys.argv[2]]))
"""


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_a_plan_does_not_depend_on_the_hash_seed(sealed: Path, tmp_path: Path, seed: str) -> None:
    plan = top(sealed) / "pylock.toml"
    done = subprocess.run(
        [sys.executable, "-c", REPLAYED, str(tmp_path / "cache"), str(plan)],
        cwd=sealed,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert plan.read_text(encoding="utf-8") == expected("web")


# -- what each one tells ------------------------------------------------------------------------------------


@of("ml")
def test_of_the_language_models_flash_attn_alone_is_built(case: Case) -> None:
    answer = case.json()
    assert answer["verdict"] == "blocked"
    assert answer["exit-code"] == 1
    assert len(answer["packages"]) > 150
    assert builds_of(answer) == {"flash-attn": ("WP101", "native")}
    errors = {found["code"]: found for found in answer["findings"] if found["severity"] == "error"}
    # Without nvcc; it imports torch; and CUDA 13 with a driver 550.
    assert sorted(errors) == ["WP101", "WP201", "WP210", "WP303"]
    finding = errors["WP101"]
    assert "no wheel was ever published on this index" in finding["summary"]
    assert finding["remedy"] == "accept the build with `--allow-build flash-attn`"
    assert any("CUDAExtension" in fact for fact in finding["facts"])
    words = ["--allow-build", "flash-attn", "--no-build-isolation-package", "flash-attn"]
    newer = ("cuda-driver=580.95.05", "program:nvcc=13.0", "cuda-toolkit=13.0")
    allowed = case.check(*words, *(word for fact in newer for word in ("--assume", fact)))
    assert allowed.code == 0
    assert "builds: 1 source build (1 native), nothing that stops." in allowed.out
    assert "here is 580.95.05, which brings CUDA 13.0: it runs." in allowed.out


@of("web")
def test_the_web_set_names_the_drivers_that_are_compiled(case: Case) -> None:
    ran = case.check()
    assert "Source builds (2)" in ran.out
    assert "psycopg2 2.9." in ran.out
    assert "WP105  its wheels are for Windows only" in ran.out
    assert "setup.py:" in ran.out
    assert "-> to accept: --allow-build mysqlclient --allow-build psycopg2" in ran.out
    assert "blocked: 8 errors; 2 native source builds." in ran.out
    names = "default-libmysqlclient-dev gcc libpq-dev pkg-config python3-dev"
    assert f"\n  apt-get install -y --no-install-recommends {names}\n" in ran.out
    answer = case.json()
    assert builds_of(answer) == {"mysqlclient": ("WP105", "native"), "psycopg2": ("WP105", "native")}
    (psycopg2,) = [p for p in answer["packages"] if p["name"] == "psycopg2"]
    assert psycopg2["required-by"] == ["examples/web/requirements.txt:3"]
    assert psycopg2["index"] == INDEX
    reasons = {misfit["reason"] for misfit in psycopg2["source-build"]["misfits"]}
    assert reasons <= {"platform", "python"}


@of("datascience")
def test_the_data_science_set_is_clear(case: Case) -> None:
    ran = case.check()
    assert "Source builds" not in ran.out
    assert "have a wheel for this machine." in ran.out
    assert "Install it with `uv pip install -r " in ran.out
    answer = case.json()
    assert answer["verdict"] == "clear"
    assert answer["findings"] == []
    assert answer["set-aside"] == []
    assert all(package["file"].endswith(".whl") for package in answer["packages"])


@of("impossible")
def test_every_problem_of_the_impossible_set_is_told_at_once(case: Case) -> None:
    ran = case.check()
    assert "There is no project named pstuil" in ran.out
    assert "did you mean `psutil`?" in ran.out
    assert "examples/impossible/requirements.txt:7: No version of scikit-learn" in ran.out
    assert "ask for `scikit-learn==1.4.0`" in ran.out
    assert "No version of django serves all who ask for it." in ran.out
    assert "examples/impossible/requirements.txt:4 asks for djangorestframework==3.16.0." in ran.out
    assert "djangorestframework 3.16.0 needs django>=4.2." in ran.out
    assert "-> let `django<4` (examples/impossible/requirements.txt:3) admit django 4.2: the rest" in ran.out
    assert "Or: ask for `djangorestframework==3.15.1` instead of `djangorestframework==3.16.0`" in ran.out
    assert "4 requirements cannot be met" in ran.out
    answer = case.json()
    assert answer["plan"] is None
    assert {found["code"] for found in answer["findings"]} == {"WP520", "WP521", "WP523"}
    assert "requests" in {package["name"] for package in answer["packages"]}, (
        "the rest is resolved all the same"
    )


@of("impossible")
def test_an_existing_plan_outlives_an_impossible_set(case: Case) -> None:
    case.plan.write_text("what was there\n", encoding="utf-8")
    assert "is as it was" in case.check().out
    assert case.plan.read_text(encoding="utf-8") == "what was there\n"


@of("indexes")
def test_what_the_private_index_has_is_taken_from_it(case: Case) -> None:
    answer = case.json()
    private = "https://private.index.test/simple/"
    served = {package["name"]: (package["version"], package["index"]) for package in answer["packages"]}
    assert served["house-style"] == ("1.2", private)
    assert served["idna"] == ("3.6", private), "older than the public one, and taken: first-index"
    assert served["wcwidth"][1] == INDEX
    tool = tomllib.loads(case.plan.read_text(encoding="utf-8"))["tool"]["wheelplan"]
    assert {(index["url"], index["projects"]) for index in tool["indexes"]} == {(private, 2), (INDEX, 1)}


@of("oldpins")
def test_old_pins_get_the_nearest_version_with_a_wheel(case: Case) -> None:
    ran = case.check()
    assert "cpython 3.14.0 (cp314)" in ran.out
    assert "its wheels are for pp38, cp38 to cp311 only, here cp314" in ran.out
    assert "instead: numpy==2.3.2 has a wheel for this machine (next newer version)" in ran.out
    native = dict.fromkeys(("lxml", "numpy", "pandas", "pyyaml"), ("WP103", "native"))
    assert builds_of(case.json()) == {**native, "docopt": ("WP101", "pure")}
    assert case.check("--fail-on", "never").code == 0
    refused = case.check("--no-build")
    assert refused.code == 1
    assert "excluded by --only-binary or --no-build" in refused.out


DRIVERS = {"mysqlclient": ("WP105", "native"), "psycopg2": ("WP105", "native")}


@of("web")
def test_another_machine_gets_another_answer(case: Case) -> None:
    found = {" ".join(more): case.check(*more, "--output-format", "json") for more in ELSEWHERE["web"]}
    builds = {machine: builds_of(json.loads(ran.out)) for machine, ran in found.items()}
    assert builds == {
        "--python-platform windows": {},
        "--python-platform aarch64-unknown-linux-musl": DRIVERS,
        "--python-platform macos": DRIVERS,
        "--python-version 3.14": DRIVERS,
        "--assume glibc=2.17": DRIVERS,  # pillow is held back for a wheel
    }
    assert [ran.code for ran in found.values()] == [0, 1, 1, 1, 1]


@of("datascience")
def test_no_answer_comes_from_elsewhere(case: Case) -> None:
    """What is not in a cassette is an error of the test, told as any other crash: in one line."""
    ran = case.check("six", cold=True)
    assert ran.code == 2
    assert "wheelplan failed (CannotOverwriteExistingCassetteException" in ran.err
    assert "Traceback" not in ran.err
