"""Each format's text for hand-made plans, and for those of the examples."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from planner.errors import PlanError
from planner.exporters import build_constraints, constraints, env, jsonform, requirements, uv
from planner.exporters.arguments import FORMATS
from planner.exporters.port import Asked
from planner.exporters.table import EXPORTERS
from planner.plan.opened import PlanFile, PlannedFile, PlannedPackage, open_plan
from tests.exporters.plans import ASKED, MACHINE, build, ml, plan, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = sorted((Path(__file__).parents[1] / "cases").glob("*/plan.toml"))


def test_every_format_of_the_command_line_has_its_exporter() -> None:
    assert tuple(EXPORTERS) == FORMATS


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_the_plans_of_the_examples_are_exported_the_same_each_time(path: Path) -> None:
    for name, exporter in EXPORTERS.items():
        one = open_plan(path.read_bytes(), "plan.toml")
        text = exporter.export(one, ASKED)
        assert text == exporter.export(one, ASKED), name
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_requirements_are_hashed_with_extras_and_indexes() -> None:
    lines = requirements.export(ml(), ASKED).splitlines()
    options = [line for line in lines if line.startswith("--")]
    assert options == [
        "--index-url https://index.test/simple/",
        "--extra-index-url https://torch.test/whl/cu126",
        "--require-hashes",
    ]
    at = lines.index("numpy[all]==1.0 \\")
    assert lines[at + 1] == f"    --hash=sha256:{'a' * 64}"
    assert "# Built from source (compiles native code): no wheel was ever published" in lines
    assert "# With MAX_JOBS=4" in lines
    assert any(line.startswith("# Without build isolation, after setuptools, torch") for line in lines)
    assert "#   pip install --no-deps 'app @ git+https://code.test/app.git@0123abc'" in lines


@pytest.mark.parametrize(
    ("archive", "line"),
    [
        (
            PlannedFile("a-1.whl", "https://u:p@files.test/a-1.whl?x=${HOME} b", "", "c" * 64),
            "aye @ https://files.test/a-1.whl?x=%24%7BHOME%7D%20b \\",
        ),
        (PlannedFile("a-1.whl", "", "my wheels/a-1.whl", "c" * 64), "./my wheels/a-1.whl \\"),
        (PlannedFile("a-1.whl", "", "../a-1.whl", "c" * 64), "../a-1.whl \\"),
    ],
)
def test_direct_files_are_named_by_their_place(archive: PlannedFile, line: str) -> None:
    text = requirements.export(plan(PlannedPackage("aye", version="1", archive=archive)), ASKED)
    assert line in text.splitlines()
    assert f"--hash=sha256:{'c' * 64}" in text


def test_places_are_told_from_the_folder_of_the_text() -> None:
    file = PlannedFile("a-1-py3-none-any.whl", "", "files/a-1-py3-none-any.whl", "c" * 64)
    text = requirements.export(
        plan(PlannedPackage("a", version="1", wheels=(file,)), indexes=()),
        Asked(plan="../p/pylock.toml", folder="../p"),
    )
    assert "--no-index\n--find-links ../p/files\n" in text


@pytest.mark.parametrize(
    "package",
    [
        wheel("a", "1.0 ; evil"),
        wheel("a", extras=("x]; y",)),
        PlannedPackage("a", version="1", archive=PlannedFile("a.whl", "", "a#b.whl", "c" * 64)),
        PlannedPackage("a", version="1", archive=PlannedFile("a.whl", "", "a\nb.whl", "c" * 64)),
        PlannedPackage("a", version="1", archive=PlannedFile("a.whl", "", "${HOME}/b.whl", "c" * 64)),
        PlannedPackage("a", version="1", wheels=(PlannedFile("a.whl", "https://x.test/a", "", "zz"),)),
        PlannedPackage("a", vcs="https://x.test/a", vcs_type="git", commit="a b", kind="pure"),
    ],
)
def test_what_a_file_of_requirements_cannot_say_is_an_error(package: PlannedPackage) -> None:
    with pytest.raises(PlanError):
        requirements.export(plan(package), ASKED)


def test_constraints_hold_every_version() -> None:
    lines = constraints.export(ml(), ASKED).splitlines()[1:]
    assert lines[0] == "# app is a directory or a repository, without a version"
    assert lines[1:] == [
        "cee==1.0",
        "flash-attn==1.0",
        "numpy==1.0",
        "setuptools==80.0",
        "torch==2.9.0+cu126",
    ]


def test_build_constraints_hold_what_all_builds_agree_on() -> None:
    one, two = (
        build("one", build_requires=("Cython==3.0", "wheel==1")),
        build("two", build_requires=("cython==0.29",)),
    )
    lines = build_constraints.export(plan(one, two), ASKED).splitlines()[1:]
    assert lines == ["# cython: the builds need different versions (0.29 for two, 3.0 for one)", "wheel==1"]
    with pytest.raises(PlanError, match="is no pin"):
        build_constraints.export(plan(build("one", build_requires=("--index-url==1",))), ASKED)


def exports(one: PlanFile, project: str = "", **here: Any) -> dict[str, str]:
    text = env.export(one, Asked(plan="p.toml", project=project, **here))
    pairs = (line[7:].partition("=") for line in text.splitlines() if line.startswith("export "))
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize(
    ("here", "jobs"),
    [
        ({}, "4"),
        ({"cores": 2, "memory": 64_000}, "2"),
        ({"cores": 64, "memory": 256_000}, "4"),  # never above the plan
        ({"cores": 8, "memory": 9_000}, "2"),  # 16 GiB bore four: a job takes at most 3.6 GiB
        ({"cores": 8, "memory": 500}, "1"),
    ],
)
def test_variables_are_computed_for_this_machine_and_never_above_the_plan(
    here: dict[str, int], jobs: str
) -> None:
    told = exports(ml(), "flash-attn", **here)
    assert told["MAX_JOBS"] == jobs
    assert told["TORCH_CUDA_ARCH_LIST"] == "'8.0;9.0+PTX'"
    assert told["UV_CONCURRENT_BUILDS"] == "1"


@pytest.mark.parametrize(("memory", "cores", "jobs"), [(64_000, 16, 6), (5_000, 16, 3), (64_000, 1, 1)])
def test_a_stored_memory_per_job_decides_and_settings_of_backends_follow(
    memory: int, cores: int, jobs: int
) -> None:
    told = exports(ml(), "cee", memory=memory, cores=cores)
    assert told["WHEELPLAN_CONFIG_SETTING"] == f"compile-args=-j{jobs}"


def test_builds_at_once_share_the_memory() -> None:
    own = {"jobs": 4, "memory_per_job": 1000, "environment": (("MAX_JOBS", "4"),)}
    two = plan(build("one", **own), build("two", **own))
    assert exports(two, "one", memory=6_000, cores=8)["MAX_JOBS"] == "2"
    assert (
        exports(two._replace(variables=(("UV_CONCURRENT_BUILDS", "1"),)), "one", memory=6_000, cores=8)[
            "MAX_JOBS"
        ]
        == "4"
    )


def test_without_a_project_the_least_holds_and_each_build_is_told() -> None:
    one, two = (
        build("one", environment=(("MAX_JOBS", "4"),)),
        build("two", environment=(("MAX_JOBS", "2"), ("X", "1"))),
    )
    text = env.export(plan(one, two, build("three", environment=(("X", "2"),))), Asked(plan="p.toml"))
    assert "\nexport MAX_JOBS=2\n" in text
    assert "\nexport X=" not in text  # the builds want different things
    assert "# one: export MAX_JOBS=4\n# two: export MAX_JOBS=2" in text


def test_a_name_that_is_no_variable_is_an_error() -> None:
    with pytest.raises(PlanError, match="variable"):
        exports(plan(build("one", environment=(("X; reboot", "1"),))), "one")


def test_uvs_fragment_has_indexes_sources_and_builds() -> None:
    table = tomllib.loads(uv.export(ml(), ASKED))["tool"]["uv"]
    assert table["index"] == [
        {"name": "index-test", "url": "https://index.test/simple/", "default": True},
        {"name": "pytorch", "url": "https://torch.test/whl/cu126", "explicit": True},
    ]
    assert table["sources"] == {
        "app": {"git": "https://code.test/app.git", "rev": "0123abc"},
        "torch": {"index": "pytorch"},
    }
    assert table["no-build-package"] == ["numpy", "setuptools", "torch"]
    assert table["no-binary-package"] == ["cee", "flash-attn"]
    assert table["extra-build-dependencies"] == {
        "flash-attn": [{"requirement": "torch", "match-runtime": True}]
    }
    assert table["extra-build-variables"]["flash-attn"]["MAX_JOBS"] == "4"
    assert table["config-settings-package"] == {"cee": {"compile-args": "-j6"}}
    assert table["build-constraint-dependencies"] == ["ninja==1.13.2", "setuptools==80.0"]
    assert "torch==2.9.0+cu126" in table["constraint-dependencies"]


def test_json_has_the_same_keys_for_every_plan() -> None:
    full, bare = (
        json.loads(jsonform.export(one, ASKED)) for one in (ml(), plan(wheel("a"), machine=MACHINE))
    )
    assert full.keys() == bare.keys()
    assert {frozenset(row) for row in full["packages"]} == {frozenset(row) for row in bare["packages"]}
    assert full["schema"] == 1
    flash = next(row for row in full["packages"] if row["name"] == "flash-attn")
    assert flash["environment"] == {"MAX_JOBS": "4", "TORCH_CUDA_ARCH_LIST": "8.0;9.0+PTX"}
    assert flash["install-after"] == ["setuptools", "torch"]
    assert "data" not in full


def test_uvs_fragment_says_of_no_list_what_is_not_there() -> None:
    assert "These have wheels" not in uv.export(plan(build("cee")), ASKED)
    assert "These are built" not in uv.export(plan(wheel("numpy")), ASKED)
