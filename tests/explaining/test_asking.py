"""What an explanation is asked of: PROJECT and INPUTs told apart, a plan's inputs and machine taken over."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from pathlib import Path

import pytest

from planner.elsewhere import assume
from planner.errors import PlanError, UsageError
from planner.explaining.asking import asked_of, machine_words, named, of_plan, parted
from planner.facts import Absent, Machine
from planner.plan.layout import fingerprint_table
from planner.plan.reading import Previous
from planner.plan.values import PlanInput
from planner.request import MachineRequest, Request, World
from tests.universe import machine

HIS_OWN = MachineRequest()


def request(*words: str, requirements: tuple[str, ...] = ()) -> Request:
    world = World(
        environ={}, cwd="here", stdin=bytes, now=datetime(2026, 1, 1, tzinfo=timezone.utc), monotonic=float
    )
    return Request(words=words, machine=MachineRequest(), world=world, requirements=requirements)


PARTED = [
    (("numpy",), "numpy", ()),
    (("numpy", "r.txt"), "numpy", ("r.txt",)),
    (("r.txt", "numpy"), "", ("r.txt", "numpy")),
    (("-",), "", ("-",)),
    (("./project",), "", ("./project",)),
    (("missing.txt",), "missing.txt", ()),
    (("backports.zoneinfo", "x"), "backports.zoneinfo", ("x",)),
    ((), "", ()),
]


@pytest.mark.parametrize(("words", "project", "inputs"), PARTED)
def test_the_first_word_is_the_project_unless_it_is_an_input(
    words: tuple[str, ...], project: str, inputs: tuple[str, ...]
) -> None:
    assert parted(words, lambda word: word in ("r.txt", "./project")) == (project, inputs)


def test_a_project_is_named_alone_where_inputs_say_what_is_asked_for() -> None:
    assert named("Flash_Attn>=2", alone=True) == "flash-attn"
    with pytest.raises(UsageError, match="says more than the name"):
        named("flash-attn>=2", alone=False)
    with pytest.raises(UsageError, match="no name of a project"):
        named("--what", alone=True)


# -- a plan's inputs ----------------------------------------------------------------------------------------


def inputs(*paths: tuple[str, str]) -> tuple[PlanInput, ...]:
    return tuple(PlanInput(path=path, role=role) for path, role in paths)


def test_the_inputs_of_a_plan_are_seen_from_the_working_directory() -> None:
    plan = Previous(
        inputs=inputs(
            ("requirements.txt", ""),
            ("pyproject.toml", ""),
            ("c.txt", "constraint"),
            ("inner.txt", "included"),
        ),
        requirements=("-e ./own", "./other[fast]", "numpy<2"),
        extras=("gpu",),
        groups=("sub/pyproject.toml:dev", "test"),
    )
    asked = of_plan(request(), plan, "plans/pylock.toml")
    assert asked.words == ("plans/pyproject.toml", "./plans/other[fast]", "numpy<2")
    assert asked.requirements == ("plans/requirements.txt",)
    assert asked.constraints == ("plans/c.txt",)
    assert asked.editables == ("plans/own",)
    assert (asked.extras, asked.groups) == (("gpu",), ("plans/sub/pyproject.toml:dev", "test"))
    assert asked.output == "plans/pylock.toml"


@pytest.mark.parametrize("plan", [Previous(), Previous(inputs=inputs(("stdin", "stdin")))])
def test_a_plan_that_does_not_tell_its_inputs_asks_for_them(plan: Previous) -> None:
    with pytest.raises(UsageError, match="Name the INPUTs"):
        of_plan(request(), plan, "pylock.toml")


# -- a plan's machine ---------------------------------------------------------------------------------------


def words(plan_for: Machine, here: Machine, asked: MachineRequest = HIS_OWN) -> list[str]:
    return list(machine_words(fingerprint_table(plan_for), here, asked))


def test_what_differs_from_this_machine_is_assumed() -> None:
    there = machine(glibc="2.17", cuda_driver="550.54")
    assert words(there, machine()) == ["glibc=2.17", "cuda-driver=550.54"]
    assert words(machine(), there) == ["glibc=2.36", "cuda-driver="]
    assert words(there, there) == []


def test_the_assumptions_make_that_machine() -> None:
    there, here = machine(glibc="2.17", python="3.12.4", abi="cp312"), machine(cuda_driver="550.54")
    made = assume(here, words(there, here))
    assert fingerprint_table(made) | {"unknown": []} == fingerprint_table(there) | {"unknown": []}


def test_another_system_takes_away_what_this_one_has() -> None:
    there = Machine(
        markers=machine().markers,
        facts={**machine(musl="1.2").facts, "glibc": Absent("musl")},
    )
    assert words(there, machine()) == ["glibc=", "musl=1.2"]


def test_the_users_own_words_come_before_the_plans() -> None:
    there = machine(glibc="2.17", python="3.12.4", abi="cp312")
    assert words(there, machine(), MachineRequest(file="box.toml")) == []
    assert words(there, machine(), MachineRequest(python_version="3.13")) == ["glibc=2.17"]
    assert words(there, machine(), MachineRequest(platform="linux")) == ["python=3.12.4", "abi=cp312"]


def test_memory_is_the_plans_where_the_machine_is_another() -> None:
    table = {**fingerprint_table(machine()), "memory-available": "22 GiB", "cores": 4, "unknown": 3, "os": 1}
    assert list(machine_words(table, machine(), MachineRequest())) == []
    table["glibc"] = "2.17"
    words = list(machine_words(table, machine(), MachineRequest()))
    assert words == ["glibc=2.17", "memory-available=22 GiB", "cores=4"]


# -- which of them ------------------------------------------------------------------------------------------

PLAN = """\
lock-version = "1.0"
created-by = "wheelplan"
packages = []
[tool.wheelplan]
inputs = [{{ path = "r.txt", sha256 = "{digest}" }}]
[tool.wheelplan.machine]
os = "linux"
arch = "x86_64"
glibc = "2.17"
python = "3.11.7"
implementation = "cpython"
abi = "cp311"
"""


class Folder:
    """A folder in memory, and what is asked of it."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = {str(Path("here", name)): data for name, data in files.items()}
        self.said: list[str] = []

    def read(self, path: str) -> bytes:
        try:
            return self.files[path]
        except KeyError:
            raise FileNotFoundError(2, "No such file or directory", path) from None

    def ask(
        self, *words: str, plan: str = "", requirements: tuple[str, ...] = ()
    ) -> tuple[str | None, Request]:
        return asked_of(
            request(*words, requirements=requirements),
            plan,
            read=self.read,
            exists=self.files.__contains__,
            here=machine,
            warn=self.said.append,
        )


def planned(text: bytes = b"numpy\n") -> Folder:
    digest = hashlib.sha256(b"numpy\n").hexdigest()
    return Folder({"r.txt": text, "pylock.wheelplan.toml": PLAN.format(digest=digest).encode()})


def test_inputs_are_resolved_afresh_but_for_a_plan_that_is_named() -> None:
    project, asked = planned().ask("numpy", "r.txt")
    assert (project, asked.words, asked.output) == ("numpy", ("r.txt",), "-")
    _, asked = planned().ask("numpy", "r.txt", plan="old.toml")
    assert asked.output == "old.toml"
    _, asked = planned().ask("numpy", requirements=("r.txt",))
    assert (asked.words, asked.output) == ((), "-")


def test_without_inputs_the_plan_that_is_there_tells_them_and_its_machine() -> None:
    folder = planned()
    project, asked = folder.ask("numpy")
    assert (project, asked.requirements, asked.output) == ("numpy", ("r.txt",), "pylock.wheelplan.toml")
    assert asked.machine.assume == ("glibc=2.17",)
    (said,) = folder.said
    assert "another machine" in said
    assert "glibc=2.17" in said


def test_an_input_that_was_changed_since_is_told() -> None:
    folder = planned(b"numpy<2\n")
    folder.ask()
    assert folder.said[0] == (
        "r.txt was changed after pylock.wheelplan.toml was made: what it says now is what counts."
    )


def test_without_a_plan_the_project_is_resolved_alone() -> None:
    project, asked = Folder({}).ask("flash-attn>=2")
    assert (project, asked.words, asked.output) == ("flash-attn", ("flash-attn>=2",), "-")
    assert Folder({}).ask()[1].words == ()


def test_a_plan_that_is_named_and_not_there_is_an_error() -> None:
    with pytest.raises(PlanError, match="The plan cannot be read"):
        Folder({}).ask("numpy", plan="gone.toml")
