"""Text of a plan never reaches a shell unquoted, whatever it holds."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.errors import PlanError
from planner.exporters import dockerfile, env, requirements, sh
from planner.exporters.port import Asked
from planner.plan.opened import PlanFile, PlannedFile, PlannedIndex, PlannedInput, PlannedPackage
from tests.exporters.plans import ASKED, MACHINE, build, need, plan, wheel
from tests.exporters.test_dockerfile import parsed
from tests.exporters.test_sh import world

__all__ = ["world"]

PIECES = [
    "$(touch pwned)",
    "`touch pwned`",
    "'",
    '"',
    "\\",
    "\n",
    ";",
    " ",
    "&",
    "|",
    "touch pwned",
    "$HOME",
    "${HOME}",
    "#",
    "END",
    "<<",
    "\r",
    "\t",
    "é",
    "\0",
    "%",
    "-e",
    "]",
    "==1",
    "@",
    "/",
    "..",
]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def hostile_plan(texts: list[str]) -> PlanFile:
    """A plan with these texts wherever a plan holds text that is checked nowhere else."""
    a, b, c, d, e = texts
    archive = PlannedFile("a-1.whl", f"https://files.test/{a}.whl", "", "c" * 64)
    return plan(
        PlannedPackage("aye", version="1", archive=archive, subdirectory=b),
        build(
            "cee",
            isolated=False,
            install_after=("bee",),
            reason=c,
            environment=(("CFLAGS", d),),
            config_settings=f"a={e}",
            build_requires=("wheel==1",),
        ),
        wheel("bee"),
        PlannedPackage(
            "vee", vcs=f"https://code.test/{b}", vcs_type="git", commit="0" * 40, kind="pure", reason=a
        ),
        indexes=(PlannedIndex(a, f"https://index.test/{c}", "", 2, ()),),
        variables=(("LDFLAGS", a),),
        inputs=(PlannedInput("requirements.txt"),),
        prerequisites=(
            need("dep:generic/x", "libx-dev"),
            need("dep:generic/y", "y", name=d, unmet=f"it {b}"),
        ),
        machine={**MACHINE, "arch": e, "cuda-driver": a},
    )


@given(st.lists(HOSTILE, min_size=2, max_size=2))
@FEW
def test_variables_arrive_as_the_plan_has_them(world: Path, values: list[str]) -> None:
    one = plan(build("cee", environment=(("CFLAGS", values[0]),), config_settings=values[1]))
    try:
        text = env.export(one, Asked(plan=values[0], project="cee"))
    except PlanError:
        assert "\0" in "".join(values)
        return
    show = text + 'printf "%s\\n" "$CFLAGS" "${WHEELPLAN_CONFIG_SETTING-}" > seen\n'
    subprocess.run(["sh", "-eu", "-c", show], check=True)
    with Path("seen").open(encoding="utf-8", newline="") as file:
        assert file.read() == f"{values[0]}\n{values[1]}\n"
    assert not Path("pwned").exists()


@given(st.lists(HOSTILE, min_size=5, max_size=5))
@settings(FEW, max_examples=6)
def test_a_script_runs_nothing_of_the_plans(world: Path, texts: list[str]) -> None:
    try:
        text = sh.export(hostile_plan(texts), ASKED)
    except PlanError:
        return
    Path("install.sh").write_text(text, encoding="utf-8", newline="")
    touch = Path("bin/touch")
    if not touch.exists():
        touch.symlink_to("/usr/bin/touch")
    subprocess.run(["sh", "install.sh"], capture_output=True, check=False, env={**os.environ})
    assert not Path("pwned").exists()
    assert Path("calls").exists()


@given(st.lists(HOSTILE, min_size=5, max_size=5))
@FEW
def test_a_dockerfile_has_the_same_instructions_whatever_the_plan_holds(texts: list[str]) -> None:
    def shape(one: PlanFile) -> list[str]:
        return [found.name for found in parsed(dockerfile.export(one, ASKED))]

    plain = shape(hostile_plan(["a", "b", "c", "d", "e"]))
    try:
        assert shape(hostile_plan(texts)) == plain
    except PlanError:
        return


@given(st.lists(HOSTILE, min_size=5, max_size=5))
@FEW
def test_requirements_have_the_same_lines_whatever_the_plan_holds(texts: list[str]) -> None:
    def shape(one: PlanFile) -> list[str]:
        lines = requirements.export(one, ASKED).split("\n")
        return [line if line.startswith("-") else line[:4] for line in lines if not line.startswith("#")]

    plain = hostile_plan(["a", "b", "c", "d", "e"])
    try:
        found = shape(hostile_plan(texts))
    except PlanError:
        return
    assert len(found) == len(shape(plain))
    assert not any(re.search(r"\s#|\$\{", line) for line in found)


@pytest.mark.parametrize("name", ["-o=x", "--allow", "", "a b", "$(x)"])
def test_a_package_that_would_be_an_option_is_an_error(name: str) -> None:
    one = plan(build("cee"), prerequisites=(need("dep:generic/x", name),))
    for exporter in (sh, dockerfile):
        with pytest.raises(PlanError, match="package"):
            exporter.export(one, ASKED)
