"""`--torch-backend` and `--installed-torch` through the command line, on small indexes of torch on disk.

Which variant has which version is written by hand from PyTorch's public release matrix (`planner.knowledge`);
the files are stand-ins of a few hundred bytes.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from planner import checking
from planner.indexes.client import Client
from planner.knowledge.places import Place, place
from tests.conftest import MACHINE, Ran, Wheelplan
from tests.faults.server import FaultIndex, ok, running, status
from tests.shelf import SETUP_C, publish, sdist, sha256, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAN = "pylock.wheelplan.toml"
LINUX = "cp311-cp311-manylinux_2_28_x86_64"
BUILT = {"cpu": ("2.8.0", "2.14.1"), "cu126": ("2.8.0", "2.14.1"), "cu128": ("2.8.0",), "cu130": ("2.14.1",)}
"""What each index has of torch."""


class Shop:
    """An index without torch's builds, PyTorch's beside it, and the command line."""

    def __init__(self, folder: Path, run: Wheelplan) -> None:
        self.folder = folder
        self._run = run
        files = folder / "files"
        self.files = [
            wheel(files, "torch", "2.14.1", ["numpy"], tag=LINUX),
            wheel(files, "torch", "2.8.0", ["numpy"], tag=LINUX),
            wheel(files, "numpy", "2.0"),
            wheel(files, "lightning", "1.0", ["torch>=2"]),
            wheel(files, "oldie", "1.0", ["torch==2.8.0"]),
            wheel(files, "plain", "1.0", ["numpy"]),
            sdist(files, "kernels", "1.0", ["torch"], setup=SETUP_C),
        ]
        self.index = publish(folder / "index", *self.files)
        self.torch = folder / "whl"
        for variant, versions in BUILT.items():
            own = folder / "builds" / variant
            torches = [wheel(own, "torch", f"{v}+{variant}", ["numpy"], tag=LINUX) for v in versions]
            publish(self.torch / variant, *torches, wheel(own, "numpy", "9.0"))  # as the real ones do
        self.template = f"{self.torch.as_uri()}/{{variant}}"

    def raw(self, *words: str | Path) -> Ran:
        return self._run("check", "--machine", MACHINE, "--cache-dir", self.folder / "cache", *words)

    def check(self, *words: str | Path) -> Ran:
        return self.raw("--default-index", self.index, "--torch-index", self.template, *words)

    def json(self, *words: str | Path) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.check(*words, "--output-format", "json").out)
        return value

    def pins(self, *words: str | Path) -> dict[str, str | None]:
        return {package["name"]: package["version"] for package in self.json(*words)["packages"]}

    def plan(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / PLAN).read_text(encoding="utf-8"))


@pytest.fixture
def shop(sealed: Path, wheelplan: Wheelplan, monkeypatch: pytest.MonkeyPatch) -> Shop:
    found = place("pytorch")
    assert found is not None
    pytorch = replace(found, variants=tuple(BUILT))  # no other has an index here
    monkeypatch.setattr("planner.routing.place", lambda _: pytorch)
    return Shop(sealed, wheelplan)


def assume(**facts: str) -> list[str]:
    return [f"--assume={name.replace('_', '-')}={value}" for name, value in facts.items()]


DRIVER_580 = assume(cuda_driver="580.65.06", cuda_driver_api="13.0")


# -- routing --------------------------------------------------------------------------------------------------


def test_torch_comes_from_the_index_of_the_backend_and_nothing_else_does(shop: Shop) -> None:
    ran = shop.check("lightning", "--torch-backend", "cu126")
    plan = shop.plan()
    assert (ran.code, plan["tool"]["wheelplan"]["torch-backend"]) == (0, "cu126")
    assert {p["name"]: p["version"] for p in plan["packages"]} == {
        "lightning": "1.0",
        "numpy": "2.0",  # not the 9.0 of PyTorch's index
        "torch": "2.14.1+cu126",
    }
    assert "\ntorch-backend: cu126 (from --torch-backend)\n" in ran.out
    own, torch = sorted(plan["tool"]["wheelplan"]["indexes"], key=lambda one: one["path"])
    assert (own["path"], own["projects"], own.get("for")) == ("index", 2, None)
    assert torch == {"name": "pytorch-cu126", "path": "whl/cu126", "projects": 1, "for": ["torch"]}


def test_a_pin_admits_the_local_version_of_the_backend(shop: Shop) -> None:
    assert shop.pins("torch==2.8.0", "--torch-backend", "cu128")["torch"] == "2.8.0+cu128"
    found = shop.json("torch==2.8.0", "--torch-backend", "cu130")
    assert [one["code"] for one in found["findings"]] == ["WP521"]
    assert found["torch-backend"]["variant"] == "cu130"


def test_an_index_that_the_user_pins_a_project_to_wins(shop: Shop) -> None:
    (shop.folder / "pyproject.toml").write_text(
        '[project]\nname = "me"\nversion = "1"\ndependencies = ["torch"]\n'
        f'[[tool.uv.index]]\nname = "mine"\nurl = "{shop.index}"\nexplicit = true\n'
        '[tool.uv.sources]\ntorch = { index = "mine" }\n',
        encoding="utf-8",
    )
    assert shop.pins("pyproject.toml", "--torch-backend", "cu126")["torch"] == "2.14.1"
    assert all("for" not in one for one in shop.plan()["tool"]["wheelplan"]["indexes"])


# What lies in the folder, what is said; the torch that is taken, the backend that is shown.
LINKED: dict[str, tuple[tuple[str, ...], str, list[str], str, str | None]] = {
    "the build that is named": (("2.8.0+cpu", "2.8.0+cu126", "2.14.1"), "cpu", [], "2.8.0+cpu", "cpu"),
    "and no newer one": (("2.8.0+cpu", "2.14.1+cu126", "2.14.1+cpu"), "cu126", [], "2.14.1+cu126", "cu126"),
    "that is not there": (("2.8.0+cpu", "2.8.0+cu126"), "cu128", [], "2.8.0+cu126", "cu128"),
    "that does not say what it is": (("2.8.0",), "cu128", [], "2.8.0", "cu128"),
    "of auto, what there is": (
        ("2.8.0+cpu", "2.8.0+cu126", "2.14.1"),
        "auto",
        DRIVER_580,
        "2.8.0+cu126",
        "cu126",
    ),
    "of auto, without a driver": (("2.8.0+cpu", "2.8.0+cu126"), "auto", [], "2.8.0+cpu", "cpu"),
    "of auto, none": (("2.8.0",), "auto", DRIVER_580, "2.8.0", None),
}


@pytest.mark.parametrize("name", LINKED)
def test_without_an_index_the_build_is_taken_from_find_links(shop: Shop, name: str) -> None:
    there, word, facts, taken, shown = LINKED[name]
    folder = shop.folder / "wheelhouse"
    for version in (*there, "2.15.0+cpu"):
        tag = "cp311-cp311-win_amd64" if version == "2.15.0+cpu" else LINUX
        wheel(folder, "torch", version, tag=tag)
    ran = shop.check("torch", "--no-index", "-f", folder, "--torch-backend", word, *facts)
    own = shop.plan()
    assert (ran.code, own["packages"][0]["version"]) == (0, taken)
    assert own["tool"]["wheelplan"].get("torch-backend") == shown
    unheeded = f"--torch-backend {word}: With --no-index PyTorch's index is not asked, and --find-links have no build"
    assert (unheeded in ran.err) == (not taken.endswith(f"+{shown}"))


def test_a_pin_of_another_build_than_the_backend_is_told_with_both(shop: Shop) -> None:
    for version in ("2.8.0+cpu", "2.8.0+cu126"):
        wheel(shop.folder / "wheelhouse", "torch", version, tag=LINUX)
    words = ("--no-index", "-f", shop.folder / "wheelhouse", "--torch-backend", "cpu")
    ran = shop.check("torch==2.8.0+cu126", *words)
    assert ran.code == 1
    assert "--torch-backend cpu over --find-links constrains torch to !=2.8.0+cu126" in ran.out
    assert shop.pins("plain", "-f", shop.folder / "files", *words)["plain"] == "1.0"


@pytest.mark.parametrize("project", ["torch", "lightning", "plain"])
def test_what_pytorch_does_not_build_for_a_system_is_told_as_such(shop: Shop, project: str) -> None:
    own = wheel(shop.torch.parent, "torch", "2.14.1", ["numpy"], tag="cp311-none-macosx_11_0_arm64")
    publish(shop.torch / "cpu", own)
    words = ("--python-platform", "macos")
    found = shop.json(project, "--torch-backend", "cu126", *words)
    told = [one for one in found["findings"] if one["code"] == "WP316"]
    assert bool(told) == (project != "plain")
    assert found["exit-code"] == int(project != "plain")
    if told:
        assert "no build cu126 for macOS" in told[0]["summary"]
        assert told[0]["evidence"] == ["--torch-backend cu126"]
        assert "--torch-backend cpu" in told[0]["remedy"]
    assert shop.json(project, "--torch-backend", "cpu", *words)["exit-code"] == 0


def test_find_links_of_the_user_are_heeded_beside_it(shop: Shop) -> None:
    own = wheel(shop.folder / "own", "torch", "2.14.2+cu126", tag=LINUX)
    assert shop.pins("torch", "-f", own.parent, "--torch-backend", "cu126")["torch"] == "2.14.2+cu126"


# -- what is said ---------------------------------------------------------------------------------------------

SAID = {
    "the environment": ({"WHEELPLAN_TORCH_BACKEND": "cu126"}, ""),
    "uv's environment": ({"UV_TORCH_BACKEND": "cu126"}, ""),
    "a file": ({}, '[tool.wheelplan]\ntorch-backend = "cu126"\n'),
    "uv's file": ({}, '[tool.uv.pip]\ntorch-backend = "cu126"\n'),
    "ours before uv's": ({"WHEELPLAN_TORCH_BACKEND": "CU126", "UV_TORCH_BACKEND": "cpu"}, ""),
}


@pytest.mark.parametrize("name", SAID)
def test_every_source_of_settings_can_say_it(shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    environ, text = SAID[name]
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    (shop.folder / "pyproject.toml").write_text(text, encoding="utf-8")
    assert shop.pins("torch")["torch"] == "2.14.1+cu126"


WRONG = {
    "no variant": (["--torch-backend", "cu12.6"], "`torch-backend` is 'cu12.6', and must be auto, cpu"),
    "its neighbour": (["--torch-backend", "cuda126"], "Did you mean cu126?"),
    "an index without a variant": (
        ["--torch-backend", "cpu", "--torch-index", "https://index.test/whl"],
        "Write {variant} in its place",
    ),
    "neither keep nor ignore": (["--installed-torch", "drop"], "invalid choice: 'drop'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_backend_is_one_sentence(shop: Shop, name: str) -> None:
    words, sentence = WRONG[name]
    ran = shop.raw("--default-index", shop.index, "torch", *words)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


# -- auto -----------------------------------------------------------------------------------------------------

AUTO: dict[str, tuple[list[str], list[str], str, str]] = {
    "no driver": (["torch"], [], "cpu", "no NVIDIA driver"),
    "a driver for CUDA 12": (
        ["torch"],
        assume(cuda_driver="560.35.03"),
        "cu126",
        "driver 560.35.03 runs CUDA up to 12.6",
    ),
    "a driver for CUDA 13": (["torch"], DRIVER_580, "cu130", "driver 580.65.06 "),
    "a GPU that CUDA 13 dropped": (
        ["torch"],
        [*DRIVER_580, "--assume=gpu:0=7.0"],
        "cu126",
        " is not for compute capability 7.0",
    ),
    "a driver before its CUDA": (
        ["torch==2.8.0"],
        assume(cuda_driver="550.54.15", cuda_driver_api="12.4"),
        "cu128",
        "driver 550.54.15 brings CUDA 12.4 and runs all of CUDA 12",
    ),
    "a driver for nothing": (
        ["torch"],
        assume(cuda_driver="390.10"),
        "cpu",
        "no CUDA build runs on driver 390",
    ),
    "a torch that CUDA 13 does not have": (["torch<2.9"], DRIVER_580, "cu128", "driver 580.65.06"),
    "a build that the user names": (["torch==2.8.0+cu126"], DRIVER_580, "cu126", "driver 580.65.06"),
    "a dependency that wants an older torch": (["oldie"], DRIVER_580, "cu128", "driver 580.65.06"),
}


@pytest.mark.parametrize("name", AUTO)
def test_auto_is_decided_for_the_target(shop: Shop, name: str) -> None:
    words, facts, variant, why = AUTO[name]
    found = shop.json(*words, "--torch-backend", "auto", *facts)
    assert found["torch-backend"]["variant"] == variant
    assert why in found["torch-backend"]["why"]
    assert found["exit-code"] == 0
    assert shop.plan()["tool"]["wheelplan"]["torch-backend"] == variant


def test_a_machine_of_which_no_driver_is_known_gets_no_backend(shop: Shop) -> None:
    machine = MACHINE.read_text(encoding="utf-8").replace(
        'cuda-driver = { absent = "', 'cuda-driver = { unknown = "'
    )
    (shop.folder / "box.toml").write_text(machine, encoding="utf-8")
    ran = shop.check("torch", "--torch-backend", "auto", "--machine", "box.toml")
    assert "--torch-backend: Whether the machine has an NVIDIA driver is not known" in ran.err
    assert shop.plan()["packages"][1]["version"] == "2.14.1"
    assert "torch-backend" not in shop.plan()["tool"]["wheelplan"]


def test_a_set_without_torch_has_no_backend(shop: Shop) -> None:
    found = shop.json("plain", "--torch-backend", "auto")
    assert found["torch-backend"] is None
    assert "torch-backend" not in shop.plan()["tool"]["wheelplan"]


def test_a_native_build_that_is_there_anyway_rules_no_variant_out(shop: Shop) -> None:
    found = shop.json("kernels", "--torch-backend", "auto", *DRIVER_580)
    assert (found["torch-backend"]["variant"], found["verdict"]) == ("cu130", "blocked")


def test_explain_repeats_the_backend_of_the_plan(shop: Shop, wheelplan: Wheelplan) -> None:
    shop.check("lightning", "--torch-backend", "auto")
    ran = wheelplan(
        *("explain", "torch", "--machine", MACHINE, "--cache-dir", shop.folder / "cache"),
        *("--default-index", shop.index, "--torch-index", shop.template),
    )
    assert ran.code == 0
    assert "torch 2.14.1+cpu" in ran.out
    assert "torch-backend: cpu (from --torch-backend)" in ran.err


# -- what it costs --------------------------------------------------------------------------------------------


def serve(server: FaultIndex, root: str, *files: Path) -> None:
    """Pages and files of a simple index below `root`."""
    pages: dict[str, list[str]] = {}
    for path in files:
        server.on(f"/files/{path.name.replace('+', '%2B')}", ok(path.read_bytes()))
        link = f'<a href="/files/{path.name.replace("+", "%2B")}#sha256={sha256(path)}">{path.name}</a>'
        pages.setdefault(path.name.split("-")[0].replace("_", "-"), []).append(link)
    for project, links in pages.items():
        server.on(f"{root}/{project}/", ok("".join(links).encode(), content_type="text/html"))


def test_an_extra_place_costs_nothing_where_none_of_its_projects_is_in_the_set(shop: Shop) -> None:
    with running() as server:
        serve(server, "/cu126", *(shop.folder / "builds" / "cu126").glob("*.whl"))
        words = ["--torch-index", f"{server.url}/{{variant}}", "--torch-backend"]
        assert shop.pins("plain", "numpy", *words, "cu126") == {"numpy": "2.0", "plain": "1.0"}
        assert shop.pins("plain", *words, "auto") == {"numpy": "2.0", "plain": "1.0"}
        assert server.seen == []
        assert shop.pins("torch", *words, "cu126")["torch"] == "2.14.1+cu126"
        assert {one.path.split("/")[1:3][-1] for one in server.seen if one.path.startswith("/cu126")} == {
            "torch"
        }


def test_an_index_that_cannot_be_asked_leaves_the_variant_unverified(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "_pause", lambda *_: 0.0)
    with running() as server:
        for variant in BUILT:
            server.on(f"/{variant}/torch/", status(503))
        words = [
            "torch",
            "--torch-index",
            f"{server.url}/{{variant}}",
            "--torch-backend",
            "auto",
            *DRIVER_580,
        ]
        ran = shop.check(*words)
        asked = {one.path.split("/")[1] for one in server.seen}
    assert ran.code == 2
    assert "; not verified, as its index could not be asked)" in ran.out
    assert "WP604" in ran.out
    assert len(asked) == 1, "of no other variant more would be known"
    assert not (shop.folder / PLAN).exists()


def test_a_place_is_asked_for_its_projects_alone_and_joins_the_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = shop.folder / "links"
    wheel(page / "torch-2.14.0+cu126", "kernels", "1.0+pt214cu126", ["torch==2.14.*"], tag=LINUX)
    wheel(page / "torch-2.14.0+cu126", "plain", "9.0")
    found = Place(
        name="kernels", kind="links", url=f"{page.as_uri()}/torch-{{torch}}+{{variant}}", variants=("cu126",),
        projects=(canonicalize_name("kernels"),), source="written by hand", checked="2026-11-24",
    )  # fmt: skip
    known = {"kernels": (found,)}
    monkeypatch.setattr("planner.routing.places_of", lambda name: known.get(name, ()))
    words = ["kernels", "plain", "--torch-backend"]
    # The page is that of a version of torch, which is known once the set was resolved.
    assert shop.pins(*words, "cu126") == {
        "kernels": "1.0+pt214cu126",
        "numpy": "2.0",
        "plain": "1.0",
        "torch": "2.14.1+cu126",
    }
    indexes = {one["name"]: one for one in shop.plan()["tool"]["wheelplan"]["indexes"] if one.get("name")}
    assert {name: one["for"] for name, one in indexes.items()} == {
        "kernels": ["kernels"],
        "pytorch-cu126": ["torch"],
    }
    assert shop.pins(*words, "cu130", "--fail-on", "never")["kernels"] == "1.0"


# -- the torch that is installed ------------------------------------------------------------------------------

HERE = assume(torch="2.8.0+cu126")
INSTALLED: dict[str, tuple[list[str], str, list[tuple[str, str]]]] = {
    "kept": (["torch"], "2.8.0", []),
    "kept by what needs it": (["lightning"], "2.8.0", []),
    "ignored": (["torch", "--installed-torch", "ignore"], "2.14.1", []),
    "not admitted": (["torch>2.8"], "2.14.1", [("WP314", "note")]),
    "to be kept": (["torch", "--installed-torch", "keep"], "2.8.0", []),
    "of the same variant": (["torch", "--torch-backend", "cu126"], "2.8.0+cu126", []),
    "of another variant": (["torch", "--torch-backend", "cpu"], "2.8.0+cpu", [("WP314", "note")]),
    "auto keeps its variant": (["torch", "--torch-backend", "auto", *DRIVER_580], "2.8.0+cu126", []),
}


@pytest.mark.parametrize("name", INSTALLED)
def test_the_torch_that_is_installed_is_respected(shop: Shop, name: str) -> None:
    words, version, told = INSTALLED[name]
    found = shop.json(*words, *HERE)
    assert {package["name"]: package["version"] for package in found["packages"]}["torch"] == version
    assert [(f["code"], f["severity"]) for f in found["findings"] if f["code"] == "WP314"] == told
    assert found["exit-code"] == 0


def test_a_torch_that_cannot_be_kept_as_asked_is_an_error(shop: Shop) -> None:
    found = shop.json("torch>2.8", "--installed-torch", "keep", *HERE)
    told = {one["code"]: one for one in found["findings"]}
    assert found["exit-code"] == 1
    assert told["WP314"]["severity"] == "error"
    assert told["WP314"]["evidence"] == ["--installed-torch keep"]


def test_a_set_without_torch_says_nothing_of_the_one_that_is_there(shop: Shop) -> None:
    assert shop.json("plain", "--installed-torch", "keep", *HERE)["findings"] == []


# -- how often a set is judged --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "judged"),
    [
        (["torch", "--torch-backend", "auto"], 1),
        (["torch"], 1),
        (["plain", "--torch-backend", "auto", *DRIVER_580], 1),
        (["kernels", "--torch-backend", "auto", *DRIVER_580], 2),  # the build is there without a backend, too
        (["oldie", "--torch-backend", "auto", *DRIVER_580], 3),  # cu130, none, cu128
        (["torch<2", "--torch-backend", "auto", *DRIVER_580], 2),
    ],
)
def test_a_set_in_which_all_is_well_is_judged_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, words: list[str], judged: int
) -> None:
    counted = []

    def counting(*args: Any, **keys: Any) -> checking.Judged:
        counted.append(args)
        return judge(*args, **keys)

    judge = checking.judge
    monkeypatch.setattr(checking, "judge", counting)
    shop.check(*words)
    assert len(counted) == judged


def test_a_place_that_cannot_be_asked_is_a_remark_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Place(
        name="plains", kind="index", url=f"{(shop.folder / 'gone').as_uri()}/{{variant}}", variants=("cu126",),
        projects=(canonicalize_name("plain"),), source="written by hand", checked="2026-11-24",
    )  # fmt: skip
    monkeypatch.setattr("planner.routing.places_of", lambda name: (found,) if name == "plain" else ())
    ran = shop.check("plain", "torch", "--torch-backend", "cu126")
    assert ran.code == 0
    assert "gone/cu126: This place of plain's wheels could not be asked: " in ran.err
