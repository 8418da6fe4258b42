"""Phases really run: by uv and pip from a folder of tiny wheels, and by a stub for builds, failures and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from planner.errors import PlanError, UsageError, WheelplanError
from planner.installing.places import (
    child_environ,
    environment_python,
    find_installer,
    installed_versions,
)
from planner.installing.runner import run, tail
from planner.installing.session import InstallRequest, Voice, install_plan
from planner.request import World
from planner.verifying.values import Told, Verified
from tests.installing.making import package, plan_text
from tests.shelf import sdist, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

STUB = """\
#!/bin/sh
{ echo "MAX_JOBS=${MAX_JOBS-} PIP_TARGET=${PIP_TARGET-}"; printf '%s\\n' "$@"; echo --; } >> "$RECORD"
case "$*" in *$FAILING*) echo "Downloading https://me:s3cret@files.test/x"; printf 'fatal error: cuda.h\\033[31m\\n'; exit 3;; esac
"""


class Place:
    """A folder with a plan of all kinds, an environment, and a stub in uv's place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[str] = []
        self.notes: list[str] = []
        self.gate = 0
        self.judged: list[tuple[str, ...]] = []
        files = folder / "files"
        self.plan = folder / "pylock.wheelplan.toml"
        torch, other = wheel(files, "torch", "2.0", ["other"]), wheel(files, "other", "1.5")
        pure, native = sdist(files, "pure", "1.0"), sdist(files, "flash-attn", "3.0")
        told = {"build_isolation": False, "install_after": ["torch"], "environment": {"MAX_JOBS": "4"}}
        rows = [package(native, **told, build_requires=["ninja==1.13.2"]), package(other)]
        rows += [package(pure, source_build="pure", build_requires=["setuptools==84.2.1"]), package(torch)]
        self.plan.write_text(plan_text(rows), encoding="utf-8")
        venv.create(folder / "env", with_pip=False, symlinks=True)
        self.python = folder / "env" / "bin" / "python"
        stub = folder / "bin" / "uv"
        stub.parent.mkdir()
        stub.write_text(STUB, encoding="utf-8")
        stub.chmod(0o755)
        self.environ = {
            "PATH": f"{stub.parent}:{os.defpath}",
            "HOME": str(folder),
            "RECORD": str(folder / "record"),
            "FAILING": "nothing",
            "UV_NO_CONFIG": "1",
            "PIP_CONFIG_FILE": os.devnull,
        }

    def install(self, **asked: object) -> int:
        self.told.clear()
        self.notes.clear()
        world = World.real()
        world = World(**{**{n: getattr(world, n) for n in world.__slots__}, "environ": self.environ, "cwd": str(self.folder)})  # fmt: skip
        values = {"python": "env", "logs": "logs", **asked}
        voice = Voice(line=self.told.append, note=self.notes.append, progress=lambda _: None)

        def gate(*asked: str) -> Verified:
            self.judged.append(asked)
            told = (
                Told("WP805", ("note", "error", "warning")[self.gate], "gcc is missing", remedy="install it"),
            )
            return Verified(str(self.plan), "build", "here", 4, 2, told=told)

        return install_plan(InstallRequest(world=world, **values), voice, gate=gate)

    def wheels_only(self) -> None:
        files = self.folder / "files"
        rows = [package(files / f"{name}-py3-none-any.whl") for name in ("other-1.5", "torch-2.0")]
        self.plan.write_text(plan_text(rows), encoding="utf-8")

    @property
    def runs(self) -> list[list[str]]:
        """The words of each run of the stub, its environment first."""
        path = self.folder / "record"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [run.strip().splitlines() for run in text.split("\n--\n") if run.strip()]


@pytest.fixture
def place(sealed: Path) -> Place:
    return Place(sealed)


# -- what uv and pip really do ------------------------------------------------------------------------------


def packages_of(place: Place) -> set[str]:
    words = [sys.executable, "-m", "uv", "pip", "freeze", "--python", str(place.python), "--no-config"]
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_an_environment_gets_exactly_the_pinned_versions(place: Place, installer: str) -> None:
    place.wheels_only()
    beside = Path(sys.executable).parent
    place.environ = {
        **os.environ,
        "PATH": f"{beside}:{os.environ['PATH']}",
        "UV_CACHE_DIR": str(place.folder / "c"),
    }
    place.environ |= {"PIP_TARGET": "elsewhere", "PIP_NO_INDEX": "1", "UV_OFFLINE": "1", "UV_NO_CONFIG": "1"}
    wheel(place.folder / "files", "torch", "9.9")  # a newer one is no temptation
    assert place.install(installer=installer) == 0, place.told
    assert packages_of(place) == {"torch==2.0", "other==1.5"}
    assert place.told == [f"Installed into {place.python}: 2 distributions, as the plan says."]
    assert not list(place.folder.glob("env/**/direct_url.json"))
    assert installed_versions(str(place.python)) == {"torch": "2.0", "other": "1.5"}


def test_a_file_that_is_not_the_plans_is_not_installed(place: Place) -> None:
    place.wheels_only()
    place.environ["PATH"] = f"{Path(sys.executable).parent}:{os.defpath}"
    place.environ |= {"UV_OFFLINE": "1", "UV_NO_CACHE": "1", "UV_NO_VERIFY_HASHES": "1"}
    (place.folder / "files" / "torch-2.0-py3-none-any.whl").write_bytes(
        (place.folder / "files" / "other-1.5-py3-none-any.whl").read_bytes()
    )
    assert place.install(installer="uv") == 1
    assert packages_of(place) == set()
    assert "uv failed (exit code " in "\n".join(place.told)


# -- the recipe, with a stub that installs nothing -------------------------------------------------------------


def test_all_phases_run_in_order_each_with_its_words_and_variables(place: Place) -> None:
    place.environ |= {"PIP_TARGET": "elsewhere", "UV_PYTHON": "3.9"}
    assert place.install() == 0
    logs = place.folder / "logs"
    start = ["pip", "install", "--python", str(place.python), "--no-deps"]
    folder = ["--no-index", "--find-links", str(place.folder / "files")]
    assert place.runs == [
        ["MAX_JOBS= PIP_TARGET=", *start, "--no-build", "-r", str(logs / "pylock.1-first.toml")],
        ["MAX_JOBS= PIP_TARGET=", *start, "--no-build", "-r", str(logs / "pylock.2-wheels.toml")],
        [
            *("MAX_JOBS= PIP_TARGET=", *start, "--build-constraints", str(logs / "3-pure.constraints.txt")),
            *(*folder, "-r", str(logs / "pylock.3-pure.toml")),
        ],
        ["MAX_JOBS= PIP_TARGET=", *start, *folder, "ninja==1.13.2"],
        [
            *("MAX_JOBS=4 PIP_TARGET=", *start, "--no-build-isolation", "--no-cache"),
            *("-r", str(logs / "pylock.5-flash-attn.toml")),
        ],
    ]
    assert place.told == [
        f"Installed into {place.python}: 4 distributions, as the plan says, and to build them ninja==1.13.2."
    ]
    assert place.judged == [(str(place.python), ""), (str(place.python), str(place.python))]
    assert {one.name for one in logs.glob("*.log")} == {
        "1-first.log", "2-wheels.log", "3-pure.log", "4-tools-flash-attn.log", "5-flash-attn.log"
    }  # fmt: skip
    lock = Pylock.from_dict(tomllib.loads((logs / "pylock.5-flash-attn.toml").read_text(encoding="utf-8")))
    assert [(one.name, str(one.version), one.sdist is not None) for one in lock.packages] == [
        ("flash-attn", "3.0", True)
    ]
    assert (logs / "3-pure.constraints.txt").read_text(encoding="utf-8") == "setuptools==84.2.1\n"


def test_a_dry_run_prints_the_commands_and_writes_nothing(place: Place) -> None:
    before = sorted(place.folder.rglob("*"))
    assert place.install(dry_run=True) == 0
    assert sorted(place.folder.rglob("*")) == before
    assert place.runs == []
    assert len(place.told) == 5
    assert place.told[4].startswith(f"MAX_JOBS=4 {place.folder}/bin/uv pip install --python ")
    assert "logs when it is" in place.notes[-1]


def test_a_failing_phase_stops_and_tells_what_to_do(place: Place) -> None:
    place.environ["FAILING"] = "no-build-isolation"
    assert place.install() == 1
    text = "\n".join(place.told)
    assert "uv failed (exit code 3) in: build without isolation: flash-attn 3.0." in text
    assert f"its whole output: {place.folder}/logs/5-flash-attn.log" in text
    assert "to try it alone: MAX_JOBS=4 " in text
    assert "fatal error: cuda.h" in text
    assert "s3cret" not in text
    assert "Installed before that: 3 distributions of 4." in text
    place.environ["FAILING"] = "1-first"
    assert place.install() == 1
    assert "Installed before that: nothing." in "\n".join(place.told)


def test_the_gate_stands_before_everything(place: Place) -> None:
    place.gate = 1
    assert place.install() == 1
    place.gate = 2
    assert place.told[:2] == ["error WP805: gcc is missing", "  -> install it"]
    assert place.told[-1] == "Nothing was installed."
    assert place.install(dry_run=True) == 2
    assert place.runs == []
    assert not (place.folder / "logs").exists()


def test_a_build_against_another_torch_is_made_anew(place: Place) -> None:
    site = next(place.folder.glob("env/lib/python3*/site-packages"))
    for name in ("flash_attn-3.0", "torch-2.0"):
        (site / f"{name}.dist-info").mkdir()
    place.install(dry_run=True)
    assert "--reinstall" not in place.told[4]
    (site / "torch-2.0.dist-info").rename(site / "torch-1.9.dist-info")
    place.install(dry_run=True)
    assert "--reinstall" in place.told[4]


def test_settings_of_the_installers_own_name_the_indexes(place: Place) -> None:
    place.environ["UV_INDEX_URL"] = "https://me:s3cret@index.test/simple/"
    place.install(dry_run=True)
    assert not any("--find-links" in line or "s3cret" in line for line in place.told)


def test_a_plan_that_is_cut_or_absent_is_not_installed(place: Place) -> None:
    with pytest.raises(PlanError, match="cannot be read"):
        place.install(plan="pylock.other.toml")
    place.plan.write_bytes(place.plan.read_bytes()[:-9])
    with pytest.raises(PlanError):
        place.install()
    assert place.judged == []


def test_an_interrupted_run_ends_its_builds_and_says_what_was_done(place: Place) -> None:
    mark = place.folder / "running"
    stub = place.folder / "bin" / "uv"
    stub.write_text(
        f'#!/bin/sh\ncase "$*" in *2-wheels*) echo compiling; sleep 60 & echo $! > {mark}.new; mv {mark}.new {mark}; wait;; esac\n',
        encoding="utf-8",
    )

    def terminate() -> None:
        while not mark.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=terminate)
    thread.start()
    code = place.install()
    thread.join()
    assert code == 130
    assert signal.getsignal(signal.SIGTERM) is before
    assert place.told == [
        "Interrupted in: wheels: 1.",
        "Installed before that: 1 distribution of 4. Run the same command again: what is installed is kept.",
    ]
    child = int(mark.read_text(encoding="utf-8"))
    assert ended(child)


def ended(pid: int) -> bool:
    """Whether a process is gone, or dead and not yet collected."""
    for _ in range(200):
        try:
            if "Z" in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]:
                return True
            os.kill(pid, 0)
        except OSError:
            return True
        time.sleep(0.01)
    return False


# -- places and processes ------------------------------------------------------------------------------------


def test_the_environment_is_named_or_found_never_guessed(place: Place) -> None:
    here = str(place.folder)
    named = str(place.python)
    assert environment_python("env", {}, here) == named
    assert environment_python(named, {}, "/") == named
    assert environment_python("", {"VIRTUAL_ENV": f"{here}/env"}, "/") == named
    assert environment_python("uv", {"PATH": f"{here}/bin"}, "/") == f"{here}/bin/uv"
    with pytest.raises(UsageError, match="No environment is named"):
        environment_python("", {}, here)
    with pytest.raises(UsageError, match="There is no Python in nowhere"):
        environment_python("nowhere", {}, here)
    (place.folder / "env").rename(place.folder / ".venv")
    assert environment_python("", {}, here) == f"{here}/.venv/bin/python"


def test_an_old_pip_reads_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _: "25.9")
    with pytest.raises(UsageError, match=r"The pip beside wheelplan is 25\.9, and reads no lock"):
        find_installer("pip", {})
    monkeypatch.setattr("importlib.metadata.version", lambda _: "26.1")
    assert find_installer("pip", {}).start == (sys.executable, "-m", "pip")


@pytest.mark.parametrize(("users", "seen"), [("2", "2"), ("8", "4"), ("0", "4"), ("all", "4"), ("", "4")])
def test_a_users_lower_number_of_jobs_stays(users: str, seen: str) -> None:
    assert child_environ({"MAX_JOBS": users, "A": "b"}, (("MAX_JOBS", "4"),)) == {"MAX_JOBS": seen, "A": "b"}


def test_a_program_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WheelplanError, match="cannot be run"):
        run((str(tmp_path / "none"),), environ={}, log=tmp_path / "log", follow=print)
    with pytest.raises(WheelplanError, match="cannot be run"):
        run(("a\0b",), environ={}, log=tmp_path / "log", follow=print)


def test_the_end_of_a_log_is_read_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 200_000 + b"\n\n10%\r20%\r30%\n\xff\xfe end \n \n" + b"y" * 900)
    assert tail(log, 3) == ("30%", "\ufffd\ufffd end", "y" * 500)
    assert tail(tmp_path / "none", 3) == ()
