"""What a build can do without: the gate lets it pass, and says what is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MACHINE, Wheelplan
from tests.shelf import publish, sdist, wheel
from tests.verifying.planned import NEEDS, PREREQUISITE, REQUIREMENTS, built, machine, plan

LOST = "it is built of Python alone, and is slower"
OPTIONAL = plan(
    built(NEEDS.replace('because = "setup.py:4",', f'because = "setup.py:4", without = "{LOST}",')),
    verdict="builds",
    builds=1,
    rest=PREREQUISITE.replace('state = "present"', f'state = "missing"\noptional = true\nwithout = "{LOST}"'),
)
SETUP = """\
from setuptools import Extension, setup
setup(ext_modules=[Extension("marky._speedups", ["speedups.c"], optional=True)])
"""


@pytest.fixture
def verify(sealed: Path, wheelplan: Wheelplan) -> Any:
    """`verify(machine text, *words)`, of a build whose compiler is optional and whose libffi is not."""

    def run(here: str, *words: str) -> Any:
        (sealed / "requirements.txt").write_bytes(REQUIREMENTS)
        (sealed / "pylock.wheelplan.toml").write_text(OPTIONAL, encoding="utf-8")
        (sealed / "machine.toml").write_text(here, encoding="utf-8")
        return wheelplan("verify", "--machine", "machine.toml", *words)

    return run


@pytest.mark.parametrize("role", ["build", "all"])
def test_without_it_the_gate_lets_pass_and_says_what_is_lost(verify: Any, role: str) -> None:
    ran = verify(machine(program__gcc=None, program__cc=None), "--role", role)
    assert (ran.code, ran.err) == (0, "")
    note, remedy, good = ran.out.splitlines()
    assert note == f"note WP805: beta 2.0 does without C compiler: {LOST}."
    assert remedy == "  -> apt-get install -y --no-install-recommends gcc libc6-dev"
    assert good.startswith("pylock.wheelplan.toml: good. 1 distribution (1 built from source) can be built")


def test_with_it_nothing_is_lost(verify: Any) -> None:
    assert verify(machine(), "--role", "build").out.count("\n") == 1
    assert verify(machine(program__gcc=None, program__cc=None), "--role", "run").out.count("\n") == 1


def test_it_is_a_note_for_gates(verify: Any) -> None:
    words = ("--role", "build", "--output-format")
    here = machine(program__gcc=None, program__cc=None)
    told = json.loads(verify(here, *words, "json").out)
    assert (told["verdict"], [one["severity"] for one in told["findings"]]) == ("good", ["note"])
    (run,) = json.loads(verify(here, *words, "sarif").out)["runs"]
    assert [one["level"] for one in run["results"]] == ["note"]
    assert run["invocations"][0]["executionSuccessful"]
    assert verify(here, *words, "github").out.startswith("::notice file=pylock.wheelplan.toml")


def test_what_is_not_optional_stops_all_the_same(verify: Any) -> None:
    gone = machine(program__gcc=None, program__cc=None, pkg_config__libffi="3.0")
    ran = verify(gone, "--role", "build")
    assert (ran.code, "error WP805: beta 2.0 needs generic/libffi >=3.3" in ran.out) == (1, True)
    assert LOST in ran.out


def test_that_it_is_not_known_stops_nothing_and_is_said(verify: Any) -> None:
    lines = machine().splitlines(keepends=True)
    here = "".join(line for line in lines if not line.startswith(('"program:gcc"', '"program:cc"')))
    ran = verify(here, "--role", "build")
    assert ran.code == 0
    assert "does without C compiler unless it is here, which is not known (" in ran.out


def test_a_check_writes_what_the_gate_needs_for_that(sealed: Path, wheelplan: Wheelplan) -> None:
    files = sealed / "files"
    made = (
        sdist(files, "marky", "1.0", setup=SETUP, files={"speedups.c": "#include <Python.h>\n"}),
        wheel(files, "setuptools", "84.0"),
    )
    index = publish(sealed / "index", *made)
    words = ("--machine", MACHINE, "--no-cache", "--default-index", index)
    assert wheelplan("check", "marky", "--allow-build", "marky", *words).code == 0
    ran = wheelplan("verify", "--machine", MACHINE)
    assert ran.code == 0
    assert "note WP805: marky 1.0 does without C compiler: the compiled extension is left out.\n" in ran.out
    assert "good. 1 distribution (1 built from source)" in ran.out
