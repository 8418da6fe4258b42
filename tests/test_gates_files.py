"""Where people gate: the hooks, the action, the CI snippets and the Dockerfile, read, parsed and run with stubs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from planner import arguments
from tests.conftest import ROOT
from tests.installing.making import package, plan_text
from tests.shelf import sha256, wheel


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the example, continuations joined, comments left out."""
    lines = (ROOT / "examples/docker/Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    found = (line.partition(" ") for line in text.splitlines() if line.strip())
    return [(word, rest.strip()) for word, _, rest in found]


def scripts() -> Iterator[tuple[str, str]]:
    """Every shell text of the files, with its place."""
    for step in load("action.yml")["runs"]["steps"]:
        yield "action.yml", step.get("run", "")
    for name, job in load("examples/ci/gitlab.yml").items():
        yield f"gitlab {name}", "\n".join([*job.get("before_script", ()), *job.get("script", ())])
    for hook in load(".pre-commit-hooks.yaml"):
        yield hook["id"], hook["entry"]
    for word, rest in dockerfile():
        if word in ("RUN", "CMD"):
            yield "Dockerfile", " ".join(yaml.safe_load(rest)) if rest.startswith("[") else rest


def commands(text: str) -> Iterator[list[str]]:
    """The words after each `wheelplan` that starts a command."""
    for part in re.split(r"&&|\|\||[;\n]", text):
        words = shlex.split(part.partition(" > ")[0])
        while words and words[0] in ("sh", "-c", "exec"):
            words.pop(0)
        if words and words[0].rpartition("/")[2] == "wheelplan" and words[1:2] != ["${words[@]}"]:
            yield words[1:]


ASKED = [(place, words) for place, text in scripts() for words in commands(text)]


def test_commands_are_found_in_all_of_them() -> None:
    assert {place.split()[0] for place, _ in ASKED} == {
        "gitlab",
        "wheelplan-verify",
        "wheelplan-locked",
        "Dockerfile",
    }


@pytest.mark.parametrize(("place", "words"), ASKED, ids=[" ".join(words) for _, words in ASKED])
def test_they_name_options_that_exist(place: str, words: list[str]) -> None:
    args, rest = arguments.parser().parse_known_args(words)
    assert rest == [], place
    assert args.command == words[0]


def test_the_hooks_are_whole() -> None:
    for hook in load(".pre-commit-hooks.yaml"):
        assert {"id", "name", "description", "entry", "language", "files", "pass_filenames"} <= hook.keys()
        pattern = re.compile(hook["files"])
        assert all(map(pattern.search, ("pylock.wheelplan.toml", "a/requirements-dev.txt", "pyproject.toml")))
        assert not any(map(pattern.search, ("setup.py", "apylock.toml", "pylock.a.b.toml")))


# -- the action ----------------------------------------------------------------------------------------------


def test_the_action_takes_no_input_into_a_script() -> None:
    action = load("action.yml")
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), "an input would be code there"
    used = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text(encoding="utf-8")))
    assert used == set(action["inputs"])
    for job in load("examples/ci/github.yml")["jobs"].values():
        told = [step["with"] for step in job["steps"] if step["uses"].startswith("wheelplan/")]
        assert told
        assert all(words.keys() <= action["inputs"].keys() for words in told)


def test_what_was_not_proven_is_uploaded_and_the_verdict_stands() -> None:
    steps = {step["name"]: step for step in load("action.yml")["runs"]["steps"]}
    assert steps["Upload"]["with"]["wait-for-processing"] == "${{ steps.run.outputs.exit-code != '2' }}"
    assert steps["Verdict"]["if"] == "always()"


STUB = """\
#!/bin/sh
printf '%s\\n' "$@" > "$RECORD"
echo told
exit "${CODE_OF_STUB-0}"
"""


@pytest.fixture
def run_action(tmp_path: Path) -> Any:
    """Runs the steps of the action that have a script, as GitHub does, with a stub of wheelplan."""
    stub = tmp_path / "wheelplan"
    stub.write_text(STUB, encoding="utf-8")
    stub.chmod(0o755)

    def run(code: int = 0, **inputs: str) -> tuple[int, list[str], str]:
        action = load("action.yml")
        values = {name: str(one.get("default", "")) for name, one in action["inputs"].items()} | inputs
        output = tmp_path / "output"
        output.write_text("", encoding="utf-8")
        environ = {
            "PATH": f"{tmp_path}:{os.defpath}",
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_OUTPUT": str(output),
        }
        environ |= {"RECORD": str(tmp_path / "record"), "CODE_OF_STUB": str(code)}
        ended, said = 0, ""
        for step in action["runs"]["steps"]:
            if step["name"] not in ("wheelplan", "Verdict") or ended:
                continue
            outputs = dict(line.split("=") for line in output.read_text(encoding="utf-8").splitlines())
            given = {
                name: values[text[11:-3]] if text.startswith("${{ inputs.") else outputs.get("exit-code", "")
                for name, text in step["env"].items()
            }
            shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
            done = subprocess.run(
                shell, env={**environ, **given}, capture_output=True, text=True, check=False
            )
            ended, said = done.returncode, said + done.stdout + done.stderr
        return ended, (tmp_path / "record").read_text(encoding="utf-8").splitlines(), said

    return run


def test_the_action_ends_as_wheelplan_does(run_action: Any, tmp_path: Path) -> None:
    told = ["verify", "pylock.wheelplan.toml", "--role", "all", "--output-format", "github"]
    assert run_action() == (0, told, "told\n")
    assert run_action(2)[0] == 2
    code, words, said = run_action(1, format="sarif", role="run; reboot", plan="a b.toml")
    assert (code, said) == (1, "")
    assert words == ["verify", "a b.toml", "--role", "run; reboot", "--output-format", "sarif"]
    assert (tmp_path / "wheelplan.sarif").read_text(encoding="utf-8") == "told\n"
    assert run_action(2, format="sarif")[0] == 2
    assert "sarif=yes" in (tmp_path / "output").read_text(encoding="utf-8")
    _, words, _ = run_action(command="locked", inputs="requirements.txt\nmy pkg\n", format="text")
    assert words == [
        *("check", "--locked", "--output", "pylock.wheelplan.toml", "requirements.txt", "my pkg"),
        *("--output-format", "text"),
    ]
    arguments.parser().parse_args(words)


# -- the Dockerfile, step by step ----------------------------------------------------------------------------

VENV = """\
#!/bin/sh
"$UV" venv --quiet --python {python} "$3" && cp "$STUBS/pip" "$3/bin/pip"
rm -f "$3/bin/python3" && cp "$STUBS/python3" "$3/bin/python3"
"""
RECORDER = '#!/bin/sh\necho "${0##*/} $*" >> "$RECORD"\n'


class Image:
    """Both stages without a container: RUN lines in a folder, on a PATH of stubs, uv and wheelplan."""

    def __init__(self, folder: Path) -> None:
        self.record = folder / "record"
        self.plan = folder / "plan"
        self.plan.mkdir()
        stubs = folder / "stubs"
        stubs.mkdir()
        programs = {"pip": RECORDER, "apt-get": RECORDER}
        programs["python3"] = VENV.format(python=sys.executable)
        programs["uv"] = RECORDER + 'exec "$UV" "$@"\n'
        programs["wheelplan"] = f'#!/bin/sh\nexec {sys.executable} -m planner.cli "$@"\n'
        for name, text in programs.items():
            (stubs / name).write_text(text, encoding="utf-8")
            (stubs / name).chmod(0o755)
        self.environ = {
            "PATH": f"{stubs}:{os.defpath}", "STUBS": str(stubs), "RECORD": str(self.record),
            "UV": str(Path(sys.executable).with_name("uv")),
            "PYTHONPATH": str(ROOT), "HOME": str(folder), "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1",
            "UV_OFFLINE": "1", "UV_NO_CACHE": "1",
            "TOOL": str(folder / "tool"), "APP": str(folder / "app"),
        }  # fmt: skip
        shutil.copy(ROOT / "examples/docker/requirements.txt", self.plan)
        digest = sha256(self.plan / "requirements.txt")
        rows = [package(wheel(self.plan / "files", "gunicorn", "23.0"), required_by=["requirements.txt:2"])]
        rows.append(package(wheel(self.plan / "files", "psycopg2", "2.9.11")))
        text = plan_text(rows, inputs=[{"path": "requirements.txt", "sha256": digest}])
        (self.plan / "pylock.wheelplan.toml").write_text(text, encoding="utf-8")

    def build(self) -> tuple[int, str]:
        """Run all up to the first line that fails: its exit code and output."""
        said = ""
        for word, rest in dockerfile():
            if word == "RUN":
                command = (
                    rest.replace("rm -rf /var/lib/apt/lists/*", "true")
                    .replace("/tmp/logs", '"$HOME/logs"')
                    .replace('"$TOOL/bin/wheelplan"', "wheelplan")
                )
                assert "rm -" not in command, "these lines run on this machine"
                done = subprocess.run(
                    ["sh", "-c", command],
                    cwd=self.plan,
                    env=self.environ,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                said += done.stdout + done.stderr
                if done.returncode:
                    return done.returncode, said
        return 0, said


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Image(tmp_path)


def test_the_dockerfile_is_one() -> None:
    stages = [rest for word, rest in dockerfile() if word == "FROM"]
    assert len(stages) == 2
    assert {word for word, _ in dockerfile()} <= {"FROM", "ENV", "RUN", "WORKDIR", "COPY", "CMD"}
    copied = [
        rest.split()[0] for word, rest in dockerfile() if word == "COPY" and not rest.startswith("--from")
    ]
    assert set(copied) == {"requirements.txt"}


def test_the_dockerfile_builds_where_the_plan_holds(image: Image) -> None:
    code, said = image.build()
    assert code == 0, said
    ran = [line.partition(" -r ")[0] for line in image.record.read_text(encoding="utf-8").splitlines()]
    apt = ["apt-get update", "apt-get install -y --no-install-recommends gcc libpq-dev"]
    assert ran[1:3] == apt
    assert ran[3] == f"uv pip install --python {image.environ['APP']}/bin/python --no-deps --no-build"
    assert said.count("pylock.wheelplan.toml: good.") == 3  # the gate, the installation, the runtime's gate
    assert "Installed into" in said
    assert (image.plan.parent / "logs" / "1-wheels.log").is_file()


def test_the_dockerfile_stops_at_the_gate(image: Image) -> None:
    with (image.plan / "requirements.txt").open("a", encoding="utf-8") as file:
        file.write("flask\n")
    code, said = image.build()
    assert code == 1, said
    assert "requirements.txt" in said
    assert "uv " not in image.record.read_text(encoding="utf-8")


def test_the_gitlab_job_gates_and_installs(image: Image) -> None:
    snippet = load("examples/ci/gitlab.yml")
    lines = [*snippet[".wheelplan"]["before_script"], *snippet["plan-gate"]["script"]]
    environ = {**image.environ, "CI_PROJECT_DIR": str(image.plan)}
    script = ["bash", "-e", "-o", "pipefail", "-c", "\n".join(lines)]
    done = subprocess.run(script, cwd=image.plan, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "pylock.wheelplan.toml: good." in done.stdout
    assert "Installed into" in done.stdout
