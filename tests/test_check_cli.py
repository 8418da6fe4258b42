"""`wheelplan check` through its command line, on a small index on disk: words, settings, faults, streams."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from planner.indexes.client import Client
from planner.plan import check_digest
from tests.conftest import MACHINE, ROOT, Ran, Wheelplan
from tests.faults.server import ok, running, status
from tests.shelf import SETUP_C, publish, sdist, sha256, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAN = "pylock.wheelplan.toml"
YANKED = "broken \x1b[31mred\x1b[0m \u202eback"


class Shop:
    """A current folder with files, an index of them, and the command line that checks against it."""

    def __init__(self, folder: Path, run: Wheelplan) -> None:
        self.folder = folder
        self._run = run
        files = folder / "files"
        self.alpha = wheel(files, "alpha", "2.0", ["beta>=1"])
        self.beta = wheel(files, "beta", "1.5")
        self.cee = sdist(files, "cee", "1.0", setup=SETUP_C)
        self.pure = sdist(files, "pure", "1.0")
        yanked = wheel(files, "yanky", "1.0")
        self.files = [
            self.alpha,
            self.beta,
            self.cee,
            self.pure,
            yanked,
            wheel(files, "alpha", "1.0", ["beta>=1"]),
            wheel(files, "beta", "1.0"),
            wheel(files, "beta", "2.0rc1"),
            wheel(files, "many", "2.0", tag="cp311-cp311-manylinux_2_17_x86_64"),
            wheel(files, "many", "3.0", tag="cp311-cp311-manylinux_2_28_x86_64"),
            sdist(files, "many", "3.0", setup=SETUP_C),
            wheel(files, "setuptools", "84.0"),  # what builds them
            wheel(files, "hatchling", "1.27"),
        ]
        self.index = publish(folder / "index", *self.files, yanked={yanked.name: YANKED})

    def raw(self, *words: str | Path) -> Ran:
        return self._run("check", "--machine", MACHINE, "--cache-dir", self.folder / "cache", *words)

    def check(self, *words: str | Path) -> Ran:
        return self.raw("--default-index", self.index, *words)

    def json(self, *words: str | Path) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.check(*words, "--output-format", "json").out)
        return value

    def pins(self, *words: str | Path) -> dict[str, str | None]:
        return {package["name"]: package["version"] for package in self.json(*words)["packages"]}

    def codes(self, *words: str | Path) -> list[tuple[str, str]]:
        return [(found["code"], found["severity"]) for found in self.json(*words)["findings"]]

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def plan(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / PLAN).read_text(encoding="utf-8"))

    def package(self, name: str) -> dict[str, Any]:
        (package,) = [package for package in self.plan()["packages"] if package["name"] == name]
        found: dict[str, Any] = package
        return found


@pytest.fixture
def shop(sealed: Path, wheelplan: Wheelplan) -> Shop:
    return Shop(sealed, wheelplan)


@pytest.fixture
def closed_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A port of this machine at which nobody listens; the pauses between attempts take no time."""
    monkeypatch.setattr(Client, "_pause", lambda *_: 0.0)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -- which versions, which files ----------------------------------------------------------------------------

CHOICES: dict[str, tuple[list[str], Mapping[str, str]]] = {
    "newest": (["alpha"], {"alpha": "2.0", "beta": "1.5"}),
    "pre-releases": (["alpha", "--pre"], {"alpha": "2.0", "beta": "2.0rc1"}),
    "lowest": (["alpha", "--resolution", "lowest"], {"alpha": "1.0", "beta": "1.0"}),
    "lowest-direct": (["alpha", "--resolution", "lowest-direct"], {"alpha": "1.0", "beta": "1.5"}),
    "no-deps": (["alpha", "--no-deps"], {"alpha": "2.0"}),
    "words after options": (["alpha<2", "--no-deps", "beta"], {"alpha": "1.0", "beta": "1.5"}),
    "no-build goes back to a wheel": (["many", "--no-build", "--assume", "glibc=2.17"], {"many": "2.0"}),
    "only-binary of a project": (
        ["many", "--only-binary", "many", "--assume", "glibc=2.17"],
        {"many": "2.0"},
    ),
    "a marker that is false": (["alpha; sys_platform == 'win32'", "beta"], {"beta": "1.5"}),
}


@pytest.mark.parametrize("name", CHOICES)
def test_versions_follow_the_options(shop: Shop, name: str) -> None:
    words, pins = CHOICES[name]
    assert shop.pins(*words) == pins


def test_constraints_hold_and_bring_nothing(shop: Shop) -> None:
    name = shop.write("constraints.txt", "alpha<2\ncee==1.0\n")
    assert shop.pins("alpha", "-c", name) == {"alpha": "1.0", "beta": "1.5"}


def test_a_cut_off_takes_away_what_came_later_or_has_no_date(shop: Shop) -> None:
    ran = shop.check("alpha", "--exclude-newer", "2020-01-01")
    assert ran.code == 1
    assert "has no upload time, and a cut-off is set" in ran.out


MACHINES = {
    "glibc": (["--assume", "glibc=2.17"], "WP106", "needs glibc 2.28, here 2.17"),
    "python": (["--python-version", "3.14"], "WP103", "its wheels are for cp311 only, here cp314"),
    "system": (["--python-platform", "windows"], "WP105", "its wheels are for Linux on x86_64 only"),
    "architecture": (["--assume", "arch=aarch64"], "WP105", "its wheels are for Linux on x86_64 only"),
}


@pytest.mark.parametrize("name", MACHINES)
def test_another_machine_has_its_own_reason_to_build(shop: Shop, name: str) -> None:
    words, code, why = MACHINES[name]
    ran = shop.check("many==3.0", *words)
    assert ran.code == 1
    assert f"many 3.0  native   {code}  " in ran.out
    assert why in ran.out
    assert shop.check("many").code == 0, "the machine itself has a wheel"


def test_the_nearest_alternative_is_named(shop: Shop) -> None:
    ran = shop.check("many==3.0", "--assume", "glibc=2.17")
    way = "many==2.0 has a wheel for this machine (newest older version); if the command line (==3.0) is widened"
    assert f"instead: {way}" in ran.out
    assert shop.package("many")["tool"]["wheelplan"]["alternatives"][0] == f"{way}, everything else can stay"


OLD = ("--assume", "glibc=2.17")


def test_a_wheel_is_taken_before_a_newer_build_and_said(shop: Shop) -> None:
    ran = shop.check("many", *OLD)
    assert (ran.code, shop.package("many")["version"]) == (0, "2.0")
    assert (
        "many 2.0  newest 3.0: many 3.0 has no wheel for this machine, and would be compiled here" in ran.out
    )
    assert "The newest of each project first, as pip and uv go, would mean 1 native build more" in ran.out


@pytest.mark.parametrize(
    ("words", "version"),
    [
        (("--prefer", "newest"), "3.0"),
        (("--allow-build", "many"), "3.0"),
        (("--no-binary", "many"), "3.0"),
        (("--no-build",), "2.0"),
        (("--max-held-back", "1d"), "2.0"),  # of files without upload times none is too old
    ],
)
def test_the_words_that_steer_the_choice(shop: Shop, words: tuple[str, ...], version: str) -> None:
    assert shop.pins("many", *OLD, *words) == {"many": version}


def test_a_span_that_is_none_is_refused(shop: Shop) -> None:
    ran = shop.check("many", "--max-held-back", "soon")
    assert ran.code == 2
    assert "`max-held-back` is 'soon', which is no duration" in ran.err


READY = ["--assume", "program:gcc=12.2.0", "--assume", "header:Python.h=3.11.7"]
EXITS = {
    "a native build stops": (["cee"], 1, "blocked"),
    "it is allowed by name": (["cee", "--allow-build", "cee", *READY], 0, "builds"),
    "all are allowed": (["cee", "--allow-build", ":all:", *READY], 0, "builds"),
    "it is allowed, and there is no compiler": (["cee", "--allow-build", "cee"], 1, "blocked"),
    "another one is allowed": (["cee", "--allow-build", "pure"], 1, "blocked"),
    "nothing fails": (["cee", "--fail-on", "never"], 0, "blocked"),
    "a pure build does not stop": (["pure"], 0, "builds"),
    "unless notes do": (["pure", "--fail-on", "note"], 1, "builds"),
    "all wheels": (["alpha"], 0, "clear"),
    "a warning": (["yanky==1.0"], 0, "clear"),
    "unless warnings stop": (["yanky==1.0", "--fail-on", "warning"], 1, "clear"),
    "no file is allowed": (["cee", "--no-build"], 1, "blocked"),
    "no file of the project is allowed": (["cee", "--only-binary", "cee"], 1, "blocked"),
}


@pytest.mark.parametrize("name", EXITS)
def test_verdicts_and_exit_codes(shop: Shop, name: str) -> None:
    words, code, verdict = EXITS[name]
    answer = shop.json(*words)
    assert (answer["exit-code"], answer["verdict"]) == (code, verdict)
    ran = shop.check(*words)
    assert ran.code == code
    assert f"\n{verdict}: " in ran.out


# -- inputs that are wrong ----------------------------------------------------------------------------------


def test_every_bad_line_is_told_with_its_place(shop: Shop) -> None:
    ran = shop.check(shop.write("bad.txt", "alpha\nalpha=>2\n--nope\n"))
    assert ran.code == 2
    assert ran.out == ""
    first, second = ran.err.splitlines()
    assert first.startswith("error: bad.txt:2: `alpha=>2` is no requirement")
    assert "Did you mean alpha>=2?" in first
    assert second.startswith("error: bad.txt:3: --nope is no option")
    assert not (shop.folder / PLAN).exists()


WRONG = {
    "a file that is not there": (["gone.txt"], "There is no file `gone.txt`"),
    "a file that is not there, with -r": (["-r", "gone.txt"], "`gone.txt` does not exist"),
    "nothing": ([], "Name one: wheelplan check requirements.txt"),
    "a fact that is none": (["alpha", "--assume", "glibcc=2"], "Did you mean `glibc`?"),
    "a Python that is none": (["alpha", "--python-version", "x"], "'x' is no version of Python"),
    "a moment that is none": (["alpha", "--exclude-newer", "soon"], "no moment and no duration"),
    "a machine file that is not there": (["alpha", "--machine", "gone.toml"], "gone.toml: The machine file"),
    "an option that is none": (["alpha", "--nope"], "wheelplan check has no option --nope"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_understood_is_one_sentence_and_2(shop: Shop, name: str) -> None:
    words, sentence = WRONG[name]
    ran = shop.check(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert sentence in ran.err
    assert "Traceback" not in ran.err


def test_an_error_as_json_has_a_stable_id(shop: Shop) -> None:
    ran = shop.check(shop.write("bad.txt", "alpha=>2\n!\n"), "--output-format", "json")
    answer = json.loads(ran.out)
    assert ran.code == answer["exit-code"] == 2
    assert answer["verdict"] is None
    assert [(error["id"], error["where"]) for error in answer["errors"]] == [
        ("input", "bad.txt:1"),
        ("input", "bad.txt:2"),
    ]
    assert ran.err == ""


def test_an_unknown_project_gets_its_neighbour(shop: Shop) -> None:
    wheel(shop.folder / "files", "numpy", "2.0")
    publish(shop.folder / "index", shop.folder / "files" / "numpy-2.0-py3-none-any.whl")
    ran = shop.check("alpha", "nunpy")
    assert ran.code == 1
    assert "There is no project named nunpy on file://" in ran.out
    assert "did you mean `numpy`?" in ran.out
    assert "No plan was written" in ran.out
    assert "alpha" in shop.pins("alpha", "nunpy"), "the rest is resolved all the same"


def test_a_wholly_yanked_project_tells_how_to_get_it(shop: Shop) -> None:
    ran = shop.check("yanky")
    assert ran.code == 1
    assert "Every version that yanky admits was yanked." in ran.out
    assert "pin it exactly (`yanky==1.0`)" in ran.out


# -- indexes in trouble -------------------------------------------------------------------------------------


def test_an_unreachable_index_is_2_and_leaves_the_plan(shop: Shop, closed_port: int) -> None:
    assert shop.check("alpha").code == 0
    before = (shop.folder / PLAN).read_bytes()
    url = f"http://127.0.0.1:{closed_port}/simple/"
    ran = shop.raw("--default-index", url, "alpha")
    assert ran.code == 2
    assert f"Whether there is a project named alpha on {url} is not known" in ran.out
    assert "Connection refused" in ran.out
    assert "unproven: " in ran.out
    assert "Traceback" not in ran.err + ran.out
    assert (shop.folder / PLAN).read_bytes() == before


def test_a_login_page_is_no_index(shop: Shop) -> None:
    with running() as server:
        page = b"<!doctype html><form action='/login'>Please log in<input name=user></form>"
        server.on("/simple/alpha/", ok(page, content_type="text/html"))
        ran = shop.raw("--default-index", f"{server.url}/simple/", "alpha")
    assert ran.code == 2
    assert "answered with a page that is not an index's" in ran.out
    assert "whether a proxy wants a login" in ran.out


def test_a_broken_index_that_comes_first_makes_the_answer_unproven(shop: Shop) -> None:
    with running() as server:
        server.on("/simple/alpha/", status(403))
        server.on("/simple/beta/", status(404))
        ran = shop.check("--extra-index-url", f"{server.url}/simple/", "alpha")
    assert ran.code == 2
    assert "comes before the index that served alpha" in ran.out
    assert "denies access (status 403)" in ran.out


def test_no_secret_of_an_address_is_shown(shop: Shop) -> None:
    with running() as server:
        server.on("/simple/alpha/", status(401))
        url = server.url.replace("//", "//me:hunter2@") + "/simple/"
        ran = shop.raw("--default-index", url, "alpha", "-v")
        assert any("authorization" in seen.headers for seen in server.seen)
    assert ran.code == 2
    assert "hunter2" not in ran.out + ran.err


def test_offline_without_a_cache_says_so(shop: Shop, closed_port: int) -> None:
    ran = shop.raw("--default-index", f"http://127.0.0.1:{closed_port}/simple/", "--offline", "alpha")
    assert ran.code == 2
    assert "this run is offline and the cache does not hold it" in ran.out


def test_offline_with_a_cache_works(shop: Shop) -> None:
    with running() as server:
        link = f'<a href="/f/{shop.beta.name}#sha256={sha256(shop.beta)}">{shop.beta.name}</a>'
        server.on("/simple/beta/", ok(link.encode(), content_type="text/html"))
        server.on(f"/f/{shop.beta.name}", ok(shop.beta.read_bytes()))
        words = ("--default-index", f"{server.url}/simple/", "beta", "--fail-on", "error")
        assert shop.raw(*words).code == 0
        asked = len(server.seen)
        ran = shop.raw(*words, "--offline")
        assert ran.code == 0
        assert "unchanged" in ran.out
        assert len(server.seen) == asked


# -- files by address, path, folder and repository ------------------------------------------------------------


def test_a_folder_of_wheels_is_enough(shop: Shop) -> None:
    assert shop.raw("--no-index", "-f", "files", "alpha").code == 0
    (file,) = shop.package("alpha")["wheels"]
    assert file["path"] == f"files/{shop.alpha.name}"
    assert file["hashes"] == {"sha256": sha256(shop.alpha)}


def test_a_plan_elsewhere_has_paths_that_count_from_it(shop: Shop) -> None:
    (shop.folder / "plans").mkdir()
    write_project(shop)
    assert shop.raw("--no-index", "-f", "files", "./proj", "-o", "plans/pylock.toml").code == 0
    packages = tomllib.loads((shop.folder / "plans/pylock.toml").read_text(encoding="utf-8"))["packages"]
    assert packages[0]["wheels"][0]["path"] == f"../files/{shop.alpha.name}"
    assert packages[2]["directory"]["path"] == "../proj"


@pytest.mark.parametrize("form", ["alpha @ {uri}", "{uri}", "{path}", "./files/{name}"])
def test_a_wheel_by_its_address_or_path(shop: Shop, form: str) -> None:
    word = form.format(uri=shop.alpha.as_uri(), path=shop.alpha, name=shop.alpha.name)
    assert shop.check(word).code == 0
    package = shop.package("alpha")
    assert package["archive"]["path"] == f"files/{shop.alpha.name}"
    assert package["archive"]["hashes"] == {"sha256": sha256(shop.alpha)}
    assert shop.package("beta")["version"] == "1.5", "what it needs comes from the index"


def test_a_file_on_a_server_with_and_without_its_hash(shop: Shop) -> None:
    with running() as server:
        for path in (shop.alpha, shop.cee):
            server.on(f"/f/{path.name}", ok(path.read_bytes()))
        url = f"{server.url}/f/{shop.alpha.name}"
        assert shop.check(f"alpha @ {url}").code == 0
        assert shop.package("alpha")["archive"]["hashes"] == {"sha256": sha256(shop.alpha)}
        assert shop.check(f"alpha @ {url}#sha256={sha256(shop.alpha)}").code == 0
        built = shop.check(f"cee @ {server.url}/f/{shop.cee.name}")
        assert built.code == 1
        assert "WP111  the requirement names an sdist" in built.out
        wrong = shop.check(f"cee @ {server.url}/f/{shop.cee.name}#sha256={'0' * 64}")
        assert wrong.code == 1
        assert "its sha256 is not the one" in wrong.out
        gone = shop.check(f"alpha @ {server.url}/f/alpha-9.0-py3-none-any.whl")
        assert gone.code != 0
        assert "404" in gone.out


def write_project(shop: Shop) -> None:
    folder = shop.folder / "proj"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "proj"\nversion = "0.1"\ndependencies = ["alpha"]\n',
        encoding="utf-8",
    )


@pytest.mark.parametrize(("words", "editable"), [(["./proj"], False), (["-e", "./proj"], True)])
def test_a_directory_is_a_build_of_the_users_own(shop: Shop, words: list[str], editable: bool) -> None:
    write_project(shop)
    ran = shop.check(*words)
    assert ran.code == 0
    assert "WP110  the requirement names a" in ran.out
    directory = {"path": "./proj", **({"editable": True} if editable else {})}
    assert shop.package("proj")["directory"] == directory
    assert shop.package("alpha")["version"] == "2.0", "its static metadata was read"
    assert shop.plan()["tool"]["wheelplan"].get("inputs", []) == []


def test_a_repository_needs_a_commit(shop: Shop) -> None:
    commit = "a" * 40
    unknown = shop.check(f"proj @ git+https://git.test/me/proj.git@{commit}")
    assert unknown.code == 2, "what it depends on is not known"
    assert "WP702" in unknown.out
    ran = shop.check(f"proj @ git+https://git.test/me/proj.git@{commit}", "--no-deps")
    assert ran.code == 0
    assert shop.package("proj")["vcs"]["commit-id"] == commit
    loose = shop.check("proj @ git+https://git.test/me/proj.git@v1", "--no-deps")
    assert loose.code == 2
    assert "names no full commit" in loose.out
    nameless = shop.check("git+https://git.test/me/proj.git")
    assert nameless.code == 2
    assert "write `NAME @ git+https://git.test/me/proj.git`" in nameless.out


# -- hashes ---------------------------------------------------------------------------------------------------


def test_hashes_are_held_to(shop: Shop) -> None:
    beta = f"beta==1.5 --hash=sha256:{sha256(shop.beta)}\n"
    good = shop.write("good.txt", f"alpha==2.0 --hash=sha256:{sha256(shop.alpha)}\n{beta}")
    assert shop.check(good).code == 0
    assert shop.raw("--no-index", "-f", "files", good).code == 0, "also where no index gives them"
    wrong = shop.write("wrong.txt", f"alpha==2.0 --hash=sha256:{'0' * 64}\n{beta}")
    assert ("WP525", "error") in shop.codes(wrong)
    local = shop.raw("--no-index", "-f", "files", wrong)
    assert local.code == 1
    assert "which the requirements do not allow" in local.out
    lacking = shop.write("lacking.txt", f"alpha==2.0 --hash=sha256:{sha256(shop.alpha)}\nbeta==1.5\n")
    assert shop.codes(lacking) == [("WP526", "error")]
    assert shop.codes("alpha", "--require-hashes") == [("WP526", "error")] * 2


# -- output -----------------------------------------------------------------------------------------------------


def test_quiet_says_what_matters_and_verbose_where_values_come_from(shop: Shop) -> None:
    quiet = shop.check("alpha", "-q")
    assert quiet.out.splitlines()[0] == "clear: all 2 projects have a wheel for this machine."
    assert "machine: " not in quiet.out
    assert "WP101" in shop.check("cee", "-q").out
    verbose = shop.check("pure", "-v", "--no-deps")
    assert f"default-index = {shop.index} (--default-index)" in verbose.err
    assert "no-deps = true" in verbose.err


@pytest.mark.parametrize("words", [["yanky==1.0"], ["yanky"], ["yanky==1.0", "-v"]])
@pytest.mark.parametrize("form", ["text", "json"])
def test_hostile_text_never_comes_out_raw(shop: Shop, words: list[str], form: str) -> None:
    ran = shop.check(*words, "--output-format", form)
    shown = ran.out + ran.err
    assert "broken" in shown
    plan = shop.folder / PLAN
    for text in (shown, plan.read_text(encoding="utf-8") if plan.exists() else ""):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_a_plan_that_cannot_be_written_is_2(shop: Shop) -> None:
    for place in ("nowhere/pylock.toml", "files", os.devnull.replace("null", "full")):
        ran = shop.check("alpha", "-o", place)
        assert ran.code == 2
        assert f"error: {place}: The file cannot be written" in ran.err


def test_the_plan_goes_where_it_is_told(shop: Shop) -> None:
    target = shop.folder / "real.toml"
    link = shop.folder / "pylock.link.toml"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o600)
    link.symlink_to(target)
    assert shop.check("alpha", "-o", link).code == 0
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8").startswith("# Made by")
    assert target.stat().st_mode & 0o777 == 0o600
    assert not [path for path in shop.folder.iterdir() if path.name.startswith(".")], (
        "no temporary file stays"
    )


# -- streams of a real process ------------------------------------------------------------------------------------

Process = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def process(shop: Shop) -> Process:
    """The command in a process of its own, through a shell line in which `{}` is the command."""

    def run(line: str, *words: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "planner.cli", "check", "--machine", str(MACHINE)]
        command += ["--cache-dir", str(shop.folder / "cache"), "--default-index", shop.index, *words]
        return subprocess.run(
            ["/bin/sh", "-c", line.replace("{}", '"$@"'), "sh", *command],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
            capture_output=True,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    "words", [["alpha"], ["alpha", "--output-format", "json"], ["x=>1", "--output-format", "json"]]
)
def test_a_full_disk_behind_stdout_is_2(process: Process, words: list[str]) -> None:
    done = process("{} > /dev/full", *words)
    assert done.returncode == 2
    assert done.stderr == b"error: The output cannot be written: No space left on device.\n"


def test_a_reader_that_goes_away_is_no_crash(process: Process) -> None:
    done = process("{ {}; echo $? >&2; } | true", "alpha", "--output-format", "json")
    assert done.stderr == b"2\n"


def test_closed_and_narrow_streams(process: Process) -> None:
    assert process("{} >&- 2>&-", "alpha").returncode == 0
    narrow = process("{}", "alpha", PYTHONIOENCODING="ascii")
    assert narrow.returncode == 0
    assert b"\\u2026" in narrow.stdout
    closed = process("{} <&-", "-")
    assert closed.returncode == 2
    assert b"The standard input cannot be read (it is closed)." in closed.stderr


def test_requirements_come_from_a_pipe(process: Process, shop: Shop) -> None:
    assert process("echo alpha | {}", "-").returncode == 0
    assert {package["name"] for package in shop.plan()["packages"]} == {"alpha", "beta"}


@pytest.mark.parametrize("place", ["-", "/dev/stdout"])
def test_a_plan_on_stdout_is_alone_there(shop: Shop, place: str) -> None:
    ran = shop.check("alpha", "-o", place)
    assert ran.code == 0
    check_digest(ran.out.encode())
    assert "clear: all 2 projects" in ran.err
    assert shop.check("cee", "--no-build", "-o", place).out == ""
    both = shop.check("alpha", "-o", place, "--output-format", "json")
    assert both.code == 2
    assert "cannot both go to the standard output" in both.out


def test_a_project_that_excludes_the_target_python_is_told(shop: Shop) -> None:
    (shop.folder / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "1"\nrequires-python = ">=3.99"\ndependencies = ["alpha"]\n'
    )
    ran = shop.check("pyproject.toml")
    assert ran.code == 1
    assert "WP528 The inputs require Python >=3.99, and the target is" in ran.out


# -- clashes that are none of versions ------------------------------------------------------------------------


def test_every_requirement_that_is_set_aside_counts(shop: Shop) -> None:
    answer = shop.json("nosuch-one", "nosuch-two", "alpha")
    assert answer["set-aside"] == ["command line nosuch-one", "command line nosuch-two"]
    assert "2 requirements cannot be met" in shop.check("nosuch-one", "nosuch-two", "alpha").out


def test_a_dependency_that_no_index_has_is_told_as_such(shop: Shop) -> None:
    needy = wheel(shop.folder / "more", "needy", "1.0", ["nosuch-dependency"])
    answer = shop.json("needy", "-f", needy.parent)
    (found,) = answer["findings"]
    assert (found["code"], answer["exit-code"]) == ("WP520", 1)
    assert "needy 1.0 needs nosuch-dependency." in found["facts"]
    assert found["remedy"].startswith("add the index")


def test_a_dependency_whose_index_is_down_is_not_proven(shop: Shop, closed_port: int) -> None:
    needy = wheel(shop.folder / "more", "needy", "1.0", ["alpha"])
    words = ["check", "--machine", MACHINE, "--no-cache", "--no-index", "needy", "-f", needy.parent]
    words += ["-f", f"http://127.0.0.1:{closed_port}/"]
    answer = json.loads(shop._run(*words, "--output-format", "json").out)
    assert {found["code"] for found in answer["findings"]} == {"WP604"}
    assert not any(found["remedy"].startswith("add the index") for found in answer["findings"])
    assert answer["exit-code"] == 2


def test_a_setting_that_excludes_the_only_file_is_named(shop: Shop) -> None:
    needy = wheel(shop.folder / "more", "needy", "1.0", ["cee"])
    answer = shop.json("needy", "-f", needy.parent, "--no-build")
    (found,) = answer["findings"]
    assert any("source builds are excluded by" in line for line in found["facts"])
    assert found["remedy"].startswith("lift the setting")


def test_a_file_that_its_server_does_not_have_is_told_with_what_to_do(shop: Shop) -> None:
    with running() as server:
        server.on("/gone-1.0-py3-none-any.whl", status(404))
        (found,) = shop.json(f"gone @ {server.url}/gone-1.0-py3-none-any.whl")["findings"]
    assert found["code"] == "WP604"
    assert found["summary"].endswith("its address is wrong.")


def test_a_mistyped_option_gets_its_neighbour(shop: Shop) -> None:
    ran = shop.check("alpha", "--extra-idex-url", "x", "--pree")
    assert ran.code == 2
    assert "did you mean --extra-index-url?" in ran.err
    assert "did you mean --pre?" in ran.err
