"""The Dockerfile, read by a small parser and held against the rules of good ones."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from planner.errors import PlanError
from planner.exporters import dockerfile
from planner.exporters.images import images_for
from planner.exporters.port import Asked
from planner.plan.opened import PlanFile, PlannedFile, PlannedInput, PlannedNeed, PlannedPackage, open_plan
from tests.exporters.plans import ASKED, CUDA, MACHINE, build, ml, need, plan, wheel
from tests.exporters.test_texts import CASES

INSTRUCTIONS = {"FROM", "ARG", "COPY", "RUN", "ENV", "SHELL", "WORKDIR", "USER", "CMD"}


@dataclass
class Instruction:
    name: str
    text: str
    document: tuple[str, ...] = ()


def parsed(text: str) -> list[Instruction]:
    """The instructions, with continued lines joined and the here-documents of COPY beside them."""
    found: list[Instruction] = []
    lines = iter(text.splitlines())
    for line in lines:
        if not line or line.startswith("#"):
            continue
        whole = line
        while whole.endswith("\\"):
            whole = whole[:-1] + next(lines)
        name, _, rest = whole.partition(" ")
        assert name in INSTRUCTIONS, whole
        document: list[str] = []
        here = re.match(r"<<'(\w+)' ", rest) if name == "COPY" else None
        while here and (inner := next(lines)) != here[1]:
            document.append(inner)
        found.append(Instruction(name, rest, tuple(document)))
    return found


def stages(instructions: list[Instruction]) -> dict[str, list[Instruction]]:
    found: dict[str, list[Instruction]] = {"": []}
    name = ""
    for one in instructions:
        if one.name == "FROM":
            name = one.text.split(" AS ")[1]
            assert name not in found
            found[name] = []
        found[name].append(one)
    return found


PLANS: dict[str, PlanFile] = {
    "ml": ml(),
    "wheels": plan(wheel("a")),
    "native": plan(build("cee"), wheel("a"), prerequisites=(need("dep:virtual/compiler/c", "gcc"),)),
    "musl": plan(
        build("cee"),
        machine={k: v for k, v in {**MACHINE, "musl": "1.2"}.items() if k != "glibc"},
        prerequisites=(need("dep:virtual/compiler/c", packages={"apk": ("gcc", "musl-dev")}),),
    ),
    **{path.parent.name: open_plan(path.read_bytes(), "p.toml") for path in CASES},
}


@pytest.mark.parametrize("name", PLANS)
def test_it_keeps_the_rules(name: str) -> None:
    instructions = parsed(dockerfile.export(PLANS[name], ASKED))
    found = stages(instructions)
    known: set[str] = set()
    for stage, own in found.items():
        for one in own:
            if one.name == "FROM":
                image = one.text.split()[0]
                assert image == "scratch" or re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", image), image
            for source in re.findall(r"(?<![\w-])from=([\w/.:-]+)|--from=([\w/.:-]+)", one.text):
                if one.name in ("RUN", "COPY") and "--from" not in one.text.partition("uv tool")[2]:
                    assert (source[0] or source[1]) in known, one.text
            if "apt-get install" in one.text:
                assert "--no-install-recommends" in one.text
                assert "apt-get update" in one.text
                assert one.text.endswith("rm -rf /var/lib/apt/lists/*")
            if one.name == "RUN" and re.search(r"\b(pip|uv) ", one.text):
                assert re.search(r"--mount=type=cache,target=\S+/\.cache ", one.text)
            if one.name == "COPY" and one.text.startswith("["):
                assert len(json.loads(one.text)) == 2
            assert "sudo" not in one.text
        if any("$WHEELPLAN" in one.text for one in own):
            assert any(one.name == "ARG" and one.text == "WHEELPLAN" for one in own)
        known.add(stage)
    assert ("builder" in found) == bool(PLANS[name].builds)
    runtime = found["runtime"]
    assert any("verify" in one.text and "--role run" in one.text for one in runtime)
    assert [one.text for one in runtime if one.name == "USER"] == ["10001:10001"]
    if "builder" in found:
        gate, first = (
            next(number for number, one in enumerate(found["builder"]) if word in one.text)
            for word in ("verify", "pip wheel")
        )
        assert gate < first
        assert not any(re.search(r"\b(gcc|g\+\+|-dev)\b", one.text) for one in runtime)


@pytest.mark.parametrize("name", PLANS)
def test_a_shell_reads_its_commands(name: str) -> None:
    bodies = [
        re.sub(r"^(--mount=\S+\s+)+", "", one.text)
        for one in parsed(dockerfile.export(PLANS[name], ASKED))
        if one.name == "RUN"
    ]
    shell = shutil.which("bash") or "sh"
    done = subprocess.run([shell, "-n"], input="\n".join(bodies), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_builder_has_cuda_only_where_something_is_compiled_against_it() -> None:
    text = dockerfile.export(ml(), ASKED)
    assert "FROM nvidia/cuda:12.6.3-devel-ubuntu24.04 AS builder" in text
    assert "FROM python:3.11-slim-trixie AS runtime" in text
    assert "nvidia" not in dockerfile.export(PLANS["native"], ASKED)


def test_packages_without_a_second_python_and_with_what_it_would_have_brought() -> None:
    found = stages(parsed(dockerfile.export(ml(), ASKED)))
    (install,) = (one.text for one in found["builder"] if "apt-get install" in one.text)
    names = install.partition("recommends ")[2].split(" ")[:7]
    assert [name for name in names if name[:1].isalpha()] == [
        "ca-certificates",
        "g++",
        "git",
        "libmagic1",
        "libpq-dev",
        "zlib1g-dev",
    ]
    (install,) = (one.text for one in found["runtime"] if "apt-get install" in one.text)
    assert "libmagic1 libpq5" in install


def test_phases_are_files_of_the_plans_stage_and_come_in_order() -> None:
    found = stages(parsed(dockerfile.export(ml(), ASKED)))
    files = {one.text.split()[1]: one.document for one in found["plan"] if one.document}
    assert files["/.recipe/first.txt"][0] == "setuptools==80.0 \\"
    assert files["/.recipe/cee.constraints"] == ("setuptools==80.0",)
    runs = [one.text for one in found["builder"] if one.name == "RUN" and "/venv/bin/python" in one.text]
    order = [re.search(r"/\.recipe/([\w-]+)\.txt|(git\+https)|(ninja)", text) for text in runs]
    assert [match and (match[1] or match[2] or match[3]) for match in order] == [
        "first",
        "wheels",
        "git+https",
        "cee",
        "ninja",
        "flash-attn",
    ]
    flash = runs[-1]
    assert "settings=$(wheelplan export pylock.wheelplan.toml --format env --for flash-attn) " in flash
    assert "--no-build-isolation" in flash


def test_local_files_and_inputs_are_copied_as_they_are_named() -> None:
    file = PlannedFile("a-1-py3-none-any.whl", "", "my $files/[a]-1.whl", "c" * 64)
    one = plan(
        PlannedPackage("a", version="1", wheels=(file,)),
        inputs=(PlannedInput("requirements.txt"), PlannedInput("-", role="stdin")),
    )
    with pytest.raises(PlanError):  # a requirements file cannot name that folder
        dockerfile.export(one, ASKED)
    one = one._replace(packages=(PlannedPackage("a", version="1", directory="my $app", kind="pure"),))
    with pytest.raises(PlanError):
        dockerfile.export(one, ASKED)
    one = one._replace(packages=(), inputs=(PlannedInput("my $files/[a].txt"),))
    copies = [
        one.text
        for one in parsed(dockerfile.export(one, ASKED))
        if one.name == "COPY" and one.text[:1] == "["
    ]
    assert [json.loads(text) for text in copies[1:]] == [["my \\$files/[[]a].txt", "/my \\$files/[a].txt"]]
    with pytest.raises(PlanError, match="not below"):
        dockerfile.export(one, Asked(plan="../p.toml", folder=".."))


@pytest.mark.parametrize(
    ("machine", "builder", "runtime"),
    [
        ({}, "python:3.11-slim-bookworm", "python:3.11-slim-bookworm"),
        ({"glibc": "2.28"}, "python:3.11-slim-bookworm", "python:3.11-slim-bookworm"),
        ({"glibc": "2.39", "python": "3.14.0"}, "python:3.14-slim-trixie", "python:3.14-slim-trixie"),
    ],
)
def test_images_match_python_and_libc(machine: dict[str, Any], builder: str, runtime: str) -> None:
    found = images_for(plan(build("cee"), machine={**MACHINE, **machine}))
    assert (found.builder, found.runtime) == (builder, runtime)


@pytest.mark.parametrize(
    ("torch", "because", "glibc", "builder", "runtime"),
    [
        ("2.9.0+cu126", "", "2.35", "nvidia/cuda:12.6.3-devel-ubuntu22.04", "python:3.11-slim-bookworm"),
        (
            "2.15.0",
            "torch 2.15.0 (CUDA 13.0: …)",
            "2.36",
            "nvidia/cuda:13.0.2-devel-ubuntu24.04",
            "python:3.11-slim-trixie",
        ),
        ("2.15.0+cu132", "", "2.41", "nvidia/cuda:13.2.1-devel-ubuntu24.04", "python:3.11-slim-trixie"),
        ("2.15.0+cu999", "", "2.36", "python:3.11-slim-bookworm", "python:3.11-slim-bookworm"),
    ],
)
def test_the_toolkit_is_torchs_own(torch: str, because: str, glibc: str, builder: str, runtime: str) -> None:
    one = plan(
        build("flash-attn", needs=(CUDA,)),
        wheel("torch", torch),
        machine={**MACHINE, "glibc": glibc},
        run_needs=(PlannedNeed("cuda-driver", ">=580", "run", because),),
    )
    found = images_for(one)
    assert (found.builder, found.runtime) == (builder, runtime)
    assert bool(found.notes) == (glibc == "2.41" or torch.endswith("999"))


def test_the_driver_of_the_plan_is_assumed_where_no_build_of_an_image_sees_one() -> None:
    one = plan(
        wheel("torch"),
        machine={**MACHINE, "cuda-driver": "580.1"},
        run_needs=(PlannedNeed("cuda-driver", ">=570", "run"),),
    )
    assert "--role run --assume cuda-driver=580.1 --assume gpu:0=\n" in dockerfile.export(one, ASKED)
    assert "--assume" not in dockerfile.export(plan(wheel("torch")), ASKED)


@pytest.mark.parametrize("machine", [{"os": "darwin"}, {"implementation": "pypy"}, {"python": "x"}])
def test_a_plan_without_images_is_an_error(machine: dict[str, Any]) -> None:
    with pytest.raises(PlanError):
        dockerfile.export(plan(wheel("a"), machine={**MACHINE, **machine}), ASKED)
