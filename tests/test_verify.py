"""`wheelplan verify`, through the command line: a plan held against machines, inputs and environments."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from planner.plan.seal import sealed as seal
from tests.conftest import ROOT, Wheelplan
from tests.verifying.planned import (
    BUILT,
    DRIVER,
    FINDING,
    GPU,
    HERE,
    NEEDS,
    REQUIREMENTS,
    SMALL,
    built,
    machine,
    plan,
    wheel,
)

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the plan is for Linux")


@pytest.fixture
def verify(sealed: Path, wheelplan: Wheelplan) -> Any:
    """`verify(text, *words, **facts)` → (exit code, codes told, the run)."""

    def run(text: str, *words: str, **facts: str | None) -> tuple[int, list[str], Any]:
        (sealed / "requirements.txt").write_bytes(REQUIREMENTS)
        (sealed / "pylock.wheelplan.toml").write_text(text, encoding="utf-8")
        (sealed / "machine.toml").write_text(machine(**facts), encoding="utf-8")
        ran = wheelplan("verify", "--machine", "machine.toml", *words)
        return ran.code, re.findall(r"^(?:error|doubt|note|allowed) (WP\d+)", ran.out, re.MULTILINE), ran

    return run


def test_one_line_when_all_is_well(verify: Any) -> None:
    for text in (SMALL, BUILT):
        code, told, ran = verify(text)
        assert (code, told, ran.err, ran.out.count("\n")) == (0, [], "", 1)
    assert verify(GPU)[2].out == (
        "pylock.wheelplan.toml: good. 1 distribution can be built and run here "
        "(Python 3.11.7, linux x86_64, glibc 2.36).\n"
    )
    assert verify(BUILT, "-q")[2].out == ""


@pytest.mark.parametrize(
    ("text", "facts", "told"),
    [
        (SMALL, {"glibc": "2.12"}, "WP801"),
        (SMALL, {"glibc": None, "musl": "1.2"}, "WP801"),
        (SMALL, {"abi": "cp311t"}, "WP801"),
        (SMALL, {"python": "3.12.1", "abi": "cp312"}, "WP802"),
        (SMALL, {"arch": "aarch64"}, "WP802"),
        (BUILT, {"memory_available": "2000"}, "WP807"),
        (BUILT, {"program__gcc": None, "program__cc": None}, "WP805"),
        (BUILT, {"pkg_config__libffi": "3.2"}, "WP805"),
        (BUILT, {"header__ffi.h": None, "pkg_config__libffi": None}, "WP805"),
        (GPU, {"cuda_driver": None, "gpu__0": None}, "WP806"),
        (GPU, {"cuda_driver": "535.54"}, "WP806"),
        (GPU, {"gpu__0": None}, "WP806"),
    ],
)
def test_a_difference_is_proven(verify: Any, text: str, facts: dict[str, str | None], told: str) -> None:
    code, codes, _ = verify(text, **facts)
    assert (code, told in codes) == (1, True)


CODE = """
[[tool.wheelplan.needs]]
need = "gpu"
specifier = "<13.0,>=7.5"
role = "run"
because = "torch 2.13.0 (CUDA 13.0)"
without = "its kernels do not run"
"""
"""What a set has code for: planned on a machine of which no GPU is known."""


@pytest.mark.parametrize(
    ("facts", "code", "told"),
    [
        ({"gpu__0": "9.0"}, 0, ""),
        (
            {"gpu__0": "7.0"},
            1,
            "error WP806: The set has code for GPUs of compute capability <13.0,>=7.5; here is 7.0.",
        ),
        ({"gpu__0": "9.0", "gpu__1": "7.0"}, 0, "note WP806"),
        ({"gpu__0": "new"}, 2, "doubt WP809"),
        ({"gpu__0": None}, 0, ""),
        ({"cuda_driver": None, "gpu__0": "7.0"}, 0, "note WP806: The set needs an NVIDIA driver"),
    ],
)
def test_a_set_has_code_for_some_gpus(
    verify: Any, facts: dict[str, str | None], code: int, told: str
) -> None:
    found, _, ran = verify(plan(wheel("alpha"), rest=DRIVER + CODE), "--role", "run", **facts)
    assert (found, told in ran.out) == (code, True), ran.out


def test_a_gpu_without_code_is_told_once(verify: Any) -> None:
    planned = plan(wheel("alpha"), machine='cuda-driver = "570.1"\n"gpu:0" = "8.0"', rest=DRIVER + CODE)
    code, codes, _ = verify(planned, gpu__0="7.0")
    assert (code, codes) == (1, ["WP806"]), "and no doubt whether there is code for it"
    assert verify(planned, gpu__0="9.0")[:2] == (2, ["WP809"])


@pytest.mark.parametrize("gpus", ['"gpu:0" = "8.0"\n"gpu:1" = "9.0"', ""])
def test_the_gate_of_an_exported_dockerfile_passes(verify: Any, wheelplan: Wheelplan, gpus: str) -> None:
    """No image sees a GPU while it is built: what the plan was made for is assumed, and nothing is in doubt."""
    planned = plan(wheel("alpha"), machine=f'cuda-driver = "570.1"\n{gpus}', rest=DRIVER + CODE)
    verify(planned)
    gate = re.search(r"--role run.*", wheelplan("export", "--format", "dockerfile").out)
    assert gate is not None
    code, codes, ran = verify(planned, *gate[0].split(), cuda_driver=None, gpu__0=None)
    assert (code, codes) == (0, []), ran.out


NVCC = """needs = [{ need = "dep:virtual/compiler/cuda", specifier = "==12.*", role = "build", because = "knowledge", \
facts = ["cuda-toolkit"] }]"""


def test_a_toolkit_of_another_major_is_looked_for_again(verify: Any) -> None:
    """`check` found CUDA 13 beside a torch for CUDA 12 (WP306); what is here now decides."""
    rest = FINDING.format(code="WP306")
    planned = plan(built(needs=NVCC), verdict="blocked", builds=1, rest=rest)
    assert verify(planned, "--role", "build", "--assume", "cuda-toolkit=12.6")[:2] == (0, [])
    code, codes, ran = verify(planned, "--role", "build", "--assume", "cuda-toolkit=13.0")
    assert (code, codes) == (1, ["WP805"])
    assert "  -> install a CUDA toolkit ==12.* and set `CUDA_HOME` to it\n" in ran.out
    older = plan(built(needs=NVCC.replace("==12.*", ">=11.7")), verdict="blocked", builds=1, rest=rest)
    assert verify(older, "--role", "build", "--assume", "cuda-toolkit=12.6")[:2] == (1, ["WP810"])


def test_a_glibc_below_that_of_the_planning_machine_is_fine_when_every_wheel_fits(verify: Any) -> None:
    assert verify(SMALL, glibc="2.17")[0] == 0
    code, _, ran = verify(SMALL, glibc="2.16")
    assert code == 1
    assert "needs glibc 2.17, here 2.16" in ran.out


def test_roles(verify: Any) -> None:
    no_driver = {"cuda_driver": None, "gpu__0": None}
    assert verify(GPU, "--role", "build", **no_driver)[0] == 0
    assert verify(GPU, "--role", "run", **no_driver)[0] == 1
    assert verify(BUILT, "--role", "run", program__gcc=None, program__cc=None, memory_available="500")[0] == 0
    assert verify(BUILT, "--role", "build", program__gcc=None, program__cc=None)[0] == 1


def test_a_plan_made_for_the_processor_alone_needs_no_driver(verify: Any) -> None:
    code, codes, ran = verify(plan(wheel("alpha"), rest=DRIVER), cuda_driver=None)
    assert (code, codes) == (0, ["WP806"])
    assert "none is here; without it, nothing of the set uses a GPU." in ran.out


def test_doubts_are_two(verify: Any, sealed: Path, wheelplan: Wheelplan) -> None:
    facts = machine().replace('"program:gcc" = { value = "12.2.0", how = "by hand" }\n', "")
    facts = facts.replace('"program:cc" = { value = "12.2.0", how = "by hand" }\n', "")
    verify(BUILT)
    (sealed / "machine.toml").write_text(facts, encoding="utf-8")
    ran = wheelplan("verify", "--machine", "machine.toml")
    assert (ran.code, "WP809" in ran.out) == (2, True)
    assert verify(BUILT, pkg_config__libffi=None)[0] == 2  # it is here, in a version that nobody tells
    assert verify(GPU, gpu__0="9.0")[0] == 2
    assert verify(GPU, "--allow", "WP809", gpu__0="9.0")[0] == 0
    unknown = plan(built(needs=NEEDS.replace('"program:gcc", "program:cc"', "")), builds=1, verdict="builds")
    assert verify(unknown)[0] == 2


def test_inputs(verify: Any, sealed: Path, wheelplan: Wheelplan) -> None:
    verify(SMALL)
    (sealed / "requirements.txt").write_text("alpha\n", encoding="utf-8")
    ran = wheelplan("verify", "--machine", "machine.toml")
    assert (ran.code, ran.out.splitlines()[0]) == (
        1,
        "error WP803: requirements.txt has changed since the plan was made.",
    )
    (sealed / "requirements.txt").unlink()
    assert wheelplan("verify", "--machine", "machine.toml").code == 2
    assert wheelplan("verify", "--machine", "machine.toml", "--allow", "WP804").code == 0
    os.mkfifo(sealed / "requirements.txt")
    assert wheelplan("verify", "--machine", "machine.toml").code == 2


def test_inputs_lie_beside_the_plan(verify: Any, sealed: Path, wheelplan: Wheelplan) -> None:
    verify(SMALL)
    (sealed / "below").mkdir()
    os.chdir(sealed / "below")
    assert wheelplan("verify", "../pylock.wheelplan.toml", "--machine", "../machine.toml").code == 0


def test_local_files(verify: Any, sealed: Path) -> None:
    file = "alpha-1.0-py3-none-any.whl"
    text = plan(wheel("alpha").replace(f'url = "https://files.test/{file}"', f'path = "{file}"'))
    assert verify(text)[:2] == (2, ["WP804"])
    assert verify(text, "--role", "run")[0] == 0
    (sealed / file).write_bytes(b"1" * 12345)
    assert verify(text)[0] == 0
    (sealed / file).write_bytes(b"1")
    assert verify(text)[:2] == (1, ["WP803"])


def test_a_blocked_plan_is_good_only_where_its_findings_are_allowed(verify: Any) -> None:
    blocked = plan(built(), verdict="blocked", builds=1, rest=FINDING.format(code="WP101"))
    code, codes, ran = verify(blocked)
    assert (code, codes) == (1, ["WP810"])
    assert "`verify --allow WP101`" in ran.out
    assert verify(blocked, "--allow", "WP102")[0] == 1
    code, codes, ran = verify(blocked, "--allow", "WP101")
    assert (code, codes) == (0, ["WP101"])
    assert "allowed WP101" in ran.out
    assert verify(plan(built(), verdict="blocked", builds=1))[0] == 1


def test_what_lacked_where_the_plan_was_made_is_looked_for_here(verify: Any) -> None:
    blocked = plan(built(), verdict="blocked", builds=1, rest=FINDING.format(code="WP201"))
    assert verify(blocked)[0] == 0
    assert verify(blocked, program__gcc=None, program__cc=None)[0] == 1


def test_the_remedy_names_this_systems_packages(verify: Any) -> None:
    _, _, ran = verify(BUILT, program__gcc=None, program__cc=None)
    assert "  -> apt-get install -y --no-install-recommends gcc libc6-dev" in ran.out
    assert "C compiler" in ran.out


def test_an_older_plan_that_names_no_facts_is_judged_by_the_tables(verify: Any) -> None:
    old = re.sub(r", facts = \[[^\]]*\]", "", NEEDS)
    text = plan(built(needs=old, jobs=""), verdict="builds", builds=1)
    assert verify(text)[0] == 0
    assert verify(text, program__gcc=None, program__cc=None, program__clang=None)[0] in (1, 2)


def test_a_plan_that_was_cut_or_edited_is_never_good(verify: Any, sealed: Path, wheelplan: Wheelplan) -> None:
    verify(BUILT)
    data = BUILT.encode()
    lines = data.splitlines(keepends=True)
    wrong = [data[:end] for end in (0, 1, len(data) // 2, len(data) - 1, len(data) - 80)]
    wrong += [b"".join(lines[:at] + lines[at + 1 :]) for at in range(0, len(lines), 5)]
    flipped = bytearray(data)
    flipped[len(data) // 3] ^= 4
    for cut in (*wrong, bytes(flipped)):
        (sealed / "pylock.wheelplan.toml").write_bytes(cut)
        ran = wheelplan("verify", "--machine", "machine.toml")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("error: pylock.wheelplan.toml")


@pytest.mark.parametrize(
    "words",
    [
        ("missing.toml",),
        (".",),
        ("--allow", "WP999"),
        ("--allow", "flash-attn"),
        ("--role", "host"),
        ("--hashes",),
        ("--assume", "glibc"),
        ("--machine", "missing.toml"),
        ("--machine", "machine.toml", "-p", "."),
    ],
)
def test_what_is_not_understood_is_two(verify: Any, wheelplan: Wheelplan, words: tuple[str, ...]) -> None:
    verify(SMALL)
    ran = wheelplan("verify", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_an_assumption_takes_the_place_of_a_fact(verify: Any) -> None:
    assert verify(SMALL, "--assume", "glibc=2.12")[0] == 1
    assert verify(GPU, "--assume", "cuda-driver=560.1", cuda_driver=None)[0] == 0


def test_json_sarif_and_github(verify: Any) -> None:
    code, _, ran = verify(BUILT, "--output-format", "json", program__gcc=None, program__cc=None)
    said = json.loads(ran.out)
    assert (code, said["verdict"], said["exit-code"]) == (1, "differs", 1)
    assert [one["code"] for one in said["findings"]] == ["WP805"]
    assert json.loads(verify(BUILT, "--output-format", "json")[2].out)["verdict"] == "good"
    ran = verify(BUILT, "--output-format", "sarif", program__gcc=None, program__cc=None)[2]
    (run,) = json.loads(ran.out)["runs"]
    assert run["results"][0]["ruleId"] == "WP805"
    assert run["invocations"][0]["executionSuccessful"]
    ran = verify(BUILT, "--output-format", "github", program__gcc=None, program__cc=None)[2]
    assert ran.out.startswith("::error file=pylock.wheelplan.toml,line=1,title=WP805 beta::beta 2.0 needs")


def test_a_doubt_is_no_success_for_code_scanning(verify: Any) -> None:
    code, _, ran = verify(GPU, "--output-format", "sarif", gpu__0="9.0")
    (run,) = json.loads(ran.out)["runs"]
    assert (code, [one["ruleId"] for one in run["results"]]) == (2, ["WP809"])
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    assert [one["associatedRule"]["id"] for one in invocation["toolExecutionNotifications"]] == ["WP809"]
    assert ran.err.startswith("WP809, not proven: ")


def start(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with nothing in its environment."""
    code = "import sys; from planner.cli import main; raise SystemExit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, "verify", *words],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], **environ},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@LINUX
@pytest.mark.parametrize(
    "environ",
    [
        {},
        {
            "HOME": "/nonexistent",
            "LANG": "tr_TR.UTF-8",
            "LC_ALL": "C",
            "TZ": "Asia/Kathmandu",
            "PYTHONHASHSEED": "7",
        },
    ],
)
def test_this_machine_is_good_for_a_plan_of_pure_wheels(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "requirements.txt").write_bytes(REQUIREMENTS)
    (tmp_path / "pylock.wheelplan.toml").write_text(HERE, encoding="utf-8")
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    tmp_path.chmod(0o500)
    ran = start(tmp_path, **environ)
    tmp_path.chmod(0o700)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(
        "pylock.wheelplan.toml: good. 2 distributions can be built and run here (Python "
    )
    assert before == {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


def environment(folder: Path) -> Path:
    site = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    site.mkdir(parents=True)
    for name, version in (("alpha", "1.0"), ("gamma", "1.0.0")):
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nText\n")
        (site / f"{name}.py").write_bytes(b"")
        empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
        (info / "RECORD").write_text(f"{name}.py,sha256={empty},0\n{name}-{version}.dist-info/RECORD,,\n")
    return site


def test_an_environment_is_what_the_plan_says(sealed: Path, wheelplan: Wheelplan) -> None:
    (sealed / "requirements.txt").write_bytes(REQUIREMENTS)
    (sealed / "plan.toml").write_text(HERE, encoding="utf-8")
    site = environment(sealed / "env")

    def told(*words: str) -> tuple[int, list[str]]:
        ran = wheelplan("verify", "plan.toml", "-p", "env", *words)
        return ran.code, re.findall(r"^(?:error|doubt|note) (WP81\d)", ran.out, re.MULTILINE)

    assert told("--hashes") == (0, [])
    (site / "pip-26.1.dist-info").mkdir()  # an environment was made with it
    assert told() == (0, [])
    (site / "delta-1.dist-info").mkdir()
    (site / "delta-1.dist-info" / "METADATA").write_text("Name: Delta\nVersion: 1\n")
    assert told() == (0, ["WP813"])
    (site / "alpha.py").write_text("changed\n")
    assert told("--hashes") == (1, ["WP814", "WP813"])
    (site / "alpha-1.0.dist-info" / "RECORD").unlink()
    assert told("--hashes") == (2, ["WP814", "WP813"])
    address = site / "alpha-1.0.dist-info" / "direct_url.json"
    address.write_text(json.dumps({"url": "https://x.test", "archive_info": {"hash": f"sha256={'1' * 64}"}}))
    assert told() == (1, ["WP812", "WP813"])
    address.write_text("{")
    assert told()[0] == 1
    address.unlink()
    (site / "gamma-1.0.0.dist-info" / "METADATA").write_text("Name: gamma\nVersion: 1.1\n")
    assert told() == (1, ["WP812", "WP813"])
    (site / "gamma-1.0.0.dist-info" / "METADATA").unlink()
    assert told() == (2, ["WP812", "WP813"])
    (site / "gamma-1.0.0.dist-info").rename(site / "gamma")
    assert told() == (1, ["WP811", "WP813"])
    assert wheelplan("verify", "plan.toml", "-p", "nowhere").code == 2


@pytest.mark.parametrize("name", [".venv", "env", "./env", "an env"])
def test_an_environment_in_this_folder_is_its_own_python(
    sealed: Path, wheelplan: Wheelplan, name: str
) -> None:
    (sealed / "requirements.txt").write_bytes(REQUIREMENTS)
    (sealed / "plan.toml").write_text(HERE, encoding="utf-8")
    (environment(sealed / name) / "alpha-1.0.dist-info").rename(sealed / "away")
    (sealed / name / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n")
    (sealed / name / "bin").mkdir()
    (sealed / name / "bin" / "python").symlink_to(sys.executable)
    ran = wheelplan("verify", "plan.toml", "-p", name)
    assert (ran.code, re.findall(r"WP\d+", ran.out)) == (1, ["WP811"])
    assert f"`wheelplan install plan.toml -p {shlex.quote(name)}`" in ran.out


def test_gates_name_files_from_the_working_folder(sealed: Path, wheelplan: Wheelplan) -> None:
    text = HERE.replace('path = "requirements.txt"', 'path = "../requirements.txt"')
    assert text != HERE
    (sealed / "plans").mkdir()
    (sealed / "plans" / "plan.toml").write_text(seal(text.rpartition("# sha256")[0]), encoding="utf-8")
    (sealed / "requirements.txt").write_bytes(b"beta\n")
    ran = wheelplan("verify", "plans/plan.toml", "--output-format", "github")
    assert ran.code == 1
    assert "::error file=requirements.txt,line=1,title=WP803::" in ran.out
