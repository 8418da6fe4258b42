"""The quick judges say nothing that the thorough ones do not say too."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest
from packaging.tags import Tag

from planner.facts import Known, Machine
from planner.probes.host import LocalHost
from planner.probes.own import own_python
from planner.probes.python import choose, probe
from planner.tags import supported_tags
from planner.verifying.driver import simply_seen
from planner.verifying.quick import Quick
from planner.verifying.values import VerifyRequest
from planner.verifying.verify import verify
from tests.universe import MARKERS
from tests.verifying.planned import DRIVER, plan, wheel

PYTHONS = (
    "py3",
    "py2",
    "py310",
    "py311",
    "py312",
    "cp311",
    "cp310",
    "cp312",
    "cp32",
    "cp31",
    "cp3",
    "py30",
    "pp311",
)
ABIS = ("none", "abi3", "cp311", "cp311t", "cp310", "abi3t")
PLATFORMS = (
    *(
        "any",
        "linux_x86_64",
        "manylinux1_x86_64",
        "manylinux2010_x86_64",
        "manylinux2014_x86_64",
        "win_amd64",
    ),
    *("manylinux_2_4_x86_64", "manylinux_2_5_x86_64", "manylinux_2_16_x86_64", "manylinux_2_17_x86_64"),
    *("manylinux_2_28_x86_64", "manylinux_2_29_x86_64", "manylinux_2_17_aarch64", "manylinux_2_16_aarch64"),
    *("manylinux2014_aarch64", "manylinux2010_aarch64", "musllinux_1_2_x86_64", "manylinux_3_1_x86_64"),
    *("manylinux_2_x86_64", "manylinux__2_x86_64", "manylinux_2_\u0662_x86_64", "macosx_11_0_arm64"),
)


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
@pytest.mark.parametrize("glibc", ["2.28", "2.17", "2.16"])
@pytest.mark.parametrize("abi", ["cp311", "cp311t"])
def test_what_a_name_proves_is_a_supported_tag(arch: str, glibc: str, abi: str) -> None:
    facts = {
        "os": "linux",
        "arch": arch,
        "glibc": glibc,
        "python": "3.11.7",
        "implementation": "cpython",
        "abi": abi,
    }
    machine = Machine(markers=MARKERS, facts={name: Known(value) for name, value in facts.items()})
    supported = set(supported_tags(machine).order)
    quick = Quick(facts)
    missed = 0
    for python, one, platform in itertools.product(PYTHONS, ABIS, PLATFORMS):
        fits = Tag(python, one, platform) in supported
        proven = quick.proves(f"a-1.0-{python}-{one}-{platform}.whl")
        assert fits or not proven, (python, one, platform)
        missed += fits and not proven
    assert abi.endswith("t") or missed <= len(PYTHONS)  # `linux_x86_64` is left to the other judge
    assert not quick.proves("a-1.0.tar.gz")
    assert not quick.proves("a.whl")
    assert quick.proves("a-1.0-1-py2.py3-none-any.whl")


@pytest.mark.skipif(sys.platform != "linux", reason="it speaks of Linux alone")
def test_this_interpreter_is_what_it_says_when_it_is_asked(sealed: Path) -> None:
    environ = {"PATH": os.environ["PATH"]}
    own = own_python(environ, str(sealed))
    if own is None:
        pytest.fail("nothing was said of a CPython on Linux with glibc")
    host = LocalHost(environ)
    target = choose(host)
    told = {name: fact.value for name, fact in probe(host, target) if isinstance(fact, Known)}
    assert {name: own.facts[name] for name in told} == told
    assert own.markers == target.markers
    assert (own.executable, own.chosen) == (target.executable, target.chosen)
    assert own.facts["glibc"] == target.libc.split()[1]


@pytest.mark.skipif(sys.platform != "linux", reason="it speaks of Linux alone")
@pytest.mark.parametrize("planned", ["", 'cuda-driver = "570.1"'])
@pytest.mark.parametrize("role", ["run", "all", "build"])
def test_a_look_at_the_driver_says_what_its_probe_says(
    sealed: Path, monkeypatch: pytest.MonkeyPatch, planned: str, role: str
) -> None:
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    text = plan(wheel("alpha"), rest=DRIVER, machine=planned, minor=minor, inputs="")
    (sealed / "p.toml").write_text(text, encoding="utf-8")
    request, environ = VerifyRequest("p.toml", role=role), {"PATH": str(sealed)}
    with monkeypatch.context() as patch:
        patch.setattr("planner.verifying.verify.own_driver", lambda _: None)
        probed = verify(request, environ, str(sealed))
    assert verify(request, environ, str(sealed)) == probed


@pytest.mark.parametrize(
    ("specifier", "version", "state"),
    [
        (">=550", "550.54.15", "good"),
        (">=550.54.15", "550.54.14", "old"),
        (">=550.0", "550", "good"),
        (">=550", "", "absent"),
        ("", "550.1", None),
        (">=550,<600", "550.1", None),
        ("==550.*", "550.1", None),
    ],
)
def test_a_plain_floor_needs_no_packaging(specifier: str, version: str, state: str | None) -> None:
    seen = simply_seen(specifier, version)
    assert (seen.state if seen else None) == state


def test_another_interpreter_is_left_to_those_who_ask(sealed: Path) -> None:
    folder = sealed / ".venv" / "bin"
    folder.mkdir(parents=True)
    other = folder / "python"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    assert own_python({}, str(sealed)) is None
    other.unlink()
    other.symlink_to(sys.executable)
    own = own_python({}, str(sealed))
    assert own is None or own.chosen == ".venv in this folder"
    assert own_python({"VIRTUAL_ENV": str(sealed / "gone")}, str(sealed)) is None
    assert own_python({}, str(sealed), "python3.12") is None
    assert own_python({}, str(sealed), "./missing") is None
