"""The script: what shells say of it, what it runs and in which order, and that it installs."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

from planner.errors import PlanError
from planner.exporters import sh
from planner.plan.opened import PlanFile, PlannedIndex, open_plan
from tests.exporters.plans import ASKED, MACHINE, ml, plan, wheel
from tests.exporters.test_installers import on_shelf, versions
from tests.exporters.test_texts import CASES

SHELLS = [shell for shell in ("sh", "bash", "dash") if shutil.which(shell)]
SETTINGS = 'echo "export MAX_JOBS=2 WHEELPLAN_CONFIG_SETTING=compile-args=-j2"'
TOOLS = ("sh", "cat", "mktemp", "rm", "dirname", "grep")


def script(one: PlanFile) -> Path:
    path = Path("install.sh")
    path.write_text(sh.export(one, ASKED), encoding="utf-8")
    return path


def stub(name: str, body: str) -> None:
    """A program that notes how it was called, and then does as told."""
    path = Path("bin") / name
    path.parent.mkdir(exist_ok=True)
    head = f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> "$CALLS"\n'
    path.write_text(head + body + "\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def world(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with stubs of everything that a recipe runs, and nothing else on the path."""
    Path("bin").mkdir()
    for tool in TOOLS:
        (Path("bin") / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(sealed / "bin"))
    monkeypatch.setenv("CALLS", str(sealed / "calls"))
    stub("wheelplan", f'if [ "$1" = verify ]; then exit 0; fi; {SETTINGS}')
    python = 'mkdir=; for last; do :; done; case "$1" in venv) ;; esac'
    stub(
        "uv",
        f'{python}\nif [ "$1" = venv ]; then /bin/mkdir -p "$last/bin"; echo "#!/bin/sh" > "$last/bin/python"; '
        'echo "exit 0" >> "$last/bin/python"; /bin/chmod 755 "$last/bin/python"; fi\n'
        'if [ -n "${MAX_JOBS:-}" ]; then echo "  with $MAX_JOBS" >> "$CALLS"; fi',
    )
    stub("id", "echo 0")
    stub("apt-get", "exit 0")
    stub("dpkg-query", "exit 1")
    return sealed


def run(path: Path) -> tuple[int, list[str], str]:
    done = subprocess.run(["sh", str(path)], capture_output=True, text=True, check=False, env={**os.environ})
    calls = Path("calls").read_text(encoding="utf-8").splitlines() if Path("calls").exists() else []
    Path("calls").unlink(missing_ok=True)
    return done.returncode, calls, done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_shells_read_it(sealed: Path, shell: str) -> None:
    for one in (ml(), plan(), *(open_plan(path.read_bytes(), "p.toml") for path in CASES)):
        done = subprocess.run([shell, "-n", str(script(one))], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_phases_come_in_order_each_with_its_variables(world: Path) -> None:
    path = script(ml())
    code, calls, err = run(path)
    assert code == 0, err
    assert calls[0] == "wheelplan verify pylock.wheelplan.toml --role build"
    assert not any(call.startswith(("apt-get", "dpkg-query")) for call in calls)  # the gate let pass
    venv = f"{world}/.venv"
    assert f"uv venv --python 3.11 {venv}" in calls
    assert calls[-1] == f"wheelplan verify pylock.wheelplan.toml --role build -p {venv}"
    installs = [call for call in calls if call.startswith("uv pip install")]
    names = [call.partition(" -r ")[2].partition(" ")[0].rpartition("/")[2] for call in installs]
    assert names == ["first.txt", "wheels.txt", "", "cee.txt", "", "flash-attn.txt"]
    assert [("--no-build " in call, "--require-hashes" in call) for call in installs[:2]] == [
        (True, True)
    ] * 2
    assert installs[2].endswith("app @ git+https://code.test/app.git@0123abc")
    assert "--build-constraints" in installs[3]
    assert "ninja==1.13.2" in installs[4]
    assert "--no-build-isolation" in installs[5]
    assert all("--no-deps" in call and "unsafe-best-match" in call for call in installs)
    flash = calls.index(installs[5])
    assert calls[flash - 1] == "wheelplan export pylock.wheelplan.toml --format env --for flash-attn"
    assert calls[flash + 1] == "  with 2"
    assert run(path)[0] == 0  # again: the environment is there


def test_what_lacks_is_installed_by_root_and_the_gate_asks_again(world: Path) -> None:
    stub("wheelplan", f'if [ "$1" = verify ]; then [ -e ready ]; else {SETTINGS}; fi')
    stub("apt-get", 'if [ "$1" = install ]; then : > ready; fi')
    code, calls, err = run(script(ml()))
    assert code == 0, err
    told = [call for call in calls if call.startswith(("apt-get", "wheelplan verify"))]
    assert told == [
        "wheelplan verify pylock.wheelplan.toml --role build",
        "apt-get update",
        "apt-get install -y --no-install-recommends g++ libmagic1 libpq-dev python3-dev",
        "wheelplan verify pylock.wheelplan.toml --role build",
        f"wheelplan verify pylock.wheelplan.toml --role build -p {world}/.venv",
    ]


@pytest.mark.parametrize(
    ("programs", "code", "said"),
    [
        ({"wheelplan": "exit 2"}, 2, ""),  # not proven: nothing is installed
        ({"wheelplan": "exit 1"}, 1, ""),  # packages were installed, and it still does not fit
        (
            {"wheelplan": "exit 1", "dpkg-query": "echo installed"},
            1,
            "",
        ),  # nothing lacks: it is something else
        ({"wheelplan": "exit 1", "id": "echo 1000"}, 1, "As root:"),
        ({"wheelplan": "exit 1", "apt-get": "exit 7"}, 7, ""),
        ({"wheelplan": '[ "$1" = verify ]'}, 1, ""),  # the variables cannot be told: nothing is built without
        ({"uv": "exit 3"}, 3, ""),
    ],
)
def test_it_stops_where_something_fails(world: Path, programs: dict[str, str], code: int, said: str) -> None:
    for name, body in programs.items():
        stub(name, body)
    ended, calls, err = run(script(ml()))
    assert ended == code, err
    assert said in err
    assert not any("flash-attn.txt" in call or "sudo" in call for call in calls)
    if "wheelplan" in programs and "verify" not in programs["wheelplan"]:
        assert not any(call.startswith("uv") for call in calls)
    assert bool([call for call in calls if call.startswith("apt-get")]) == (
        code in (1, 7)
        and "wheelplan" in programs
        and not {"dpkg-query", "id"} & programs.keys()
        and "verify" not in programs["wheelplan"]
    )


def test_pip_serves_where_uv_is_not(world: Path) -> None:
    (Path("bin") / "uv").unlink()
    stub(
        "python3.11",
        '/bin/mkdir -p .venv/bin; printf "#!/bin/sh\\nprintf \'%%s\\\\n\' \\"python \\$*\\" >> \\"$CALLS\\"\\n" > .venv/bin/python; /bin/chmod 755 .venv/bin/python',
    )
    code, calls, err = run(script(ml()))
    assert code == 0, err
    assert f"python3.11 -m venv {world}/.venv" in calls
    installs = [call for call in calls if " install " in call]
    assert len(installs) == 6
    assert all(
        call.startswith(f"python -m pip --python {world}/.venv/bin/python install") for call in installs
    )
    assert "--only-binary :all:" in installs[1]


def test_an_environment_without_pip_needs_uv(world: Path) -> None:
    (Path("bin") / "uv").unlink()
    python = Path(".venv/bin/python")
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\n[ "$1" != -m ]\n', encoding="utf-8")
    python.chmod(0o755)
    code, _, err = run(script(ml()))
    assert (code, err.splitlines()[-1].partition(".venv")[2]) == (
        1,
        " was made without pip: put uv on PATH, or remove it.",
    )


def test_it_installs_from_a_folder(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (Path("bin") / "uv").unlink()
    (Path("bin") / "uv").symlink_to(find_uv_bin())
    minor = ".".join(platform.python_version().split(".")[:2])
    (Path("bin") / f"python{minor}").symlink_to(sys.executable)
    packages = (on_shelf(world / "files", "alpha"), on_shelf(world / "files", "beta", "1.5"))
    one = plan(
        *packages,
        indexes=(PlannedIndex("", "", "files", 2, ()),),
        machine={**MACHINE, "python": platform.python_version()},
    )
    for name in ("UV_OFFLINE", "UV_NO_CONFIG", "UV_NO_CACHE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    code, _, err = run(script(one))
    assert code == 0, err
    there = next(Path(".venv").glob("lib/python*/site-packages"))
    assert {"alpha-1.0", "beta-1.5"} <= versions(str(there))


def test_windows_has_no_such_shell() -> None:
    with pytest.raises(PlanError, match="POSIX"):
        sh.export(plan(wheel("a"), machine={**MACHINE, "os": "windows"}), ASKED)
