"""A plan, installed: its phases run one after the other, each with its log; must not print or judge.

What is done and what is left is a value, also when a phase failed or the run was interrupted.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from planner.disk import write_text
from planner.errors import WheelplanError
from planner.installing.places import Installer, child_environ
from planner.installing.runner import run, tail
from planner.plan.excerpt import excerpt
from planner.plan.openvalues import PlanFile
from planner.plan.phases import Phase, phases_of
from planner.plan.recipe import Source, command_of, index_words
from planner.urls import redacted

__all__ = ["Failure", "Installation", "Installed", "install", "shown"]

LINES = 20
"""How many lines of a failed phase's log are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A phase whose installer did not end well; `code` is its exit code, negative for a signal."""

    phase: Phase
    code: int
    log: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What a run did. Without a failure and not interrupted, nothing is left."""

    done: tuple[Phase, ...]
    left: tuple[Phase, ...] = ()
    failure: Failure | None = None
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0: all phases are done; 1: an installer failed; 130: interrupted."""
        return 130 if self.interrupted else 1 if self.failure else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What is to be done: which plan (and the folder that it lies in), by what, into which environment."""

    plan: PlanFile
    plan_dir: str
    installer: Installer
    python: str
    logs: Path
    environ: Mapping[str, str]
    installed: Mapping[str, str] = field(default_factory=dict)
    """The versions of what the environment held before, by project."""
    use_plan_indexes: bool = True
    """False where the user's own settings name indexes, which may hold credentials that a plan does not."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """In their order."""
        return phases_of(self.plan)

    def stem(self, phase: Phase) -> str:
        """The beginning of a phase's file names: its number and name."""
        return f"{self.phases.index(phase) + 1}-{phase.name}"

    def log(self, phase: Phase) -> Path:
        """Where a phase's output goes."""
        return self.logs / f"{self.stem(phase)}.log"

    def files(self, phase: Phase) -> Iterator[tuple[Path, str]]:
        """The files that a phase's command names, with their texts."""
        source = self._source(phase)
        if source.lock:
            yield Path(source.lock), excerpt(phase.packages, plan_dir=self.plan_dir)
        if source.constraints:
            yield Path(source.constraints), "".join(f"{pin}\n" for pin in phase.constraints)

    def command(self, phase: Phase) -> tuple[str, ...]:
        """The words that carry a phase out."""
        program = self.installer.program
        pins = (*phase.pins, *phase.constraints)
        rows = [one._replace(path=self._beside(one.path)) for one in self.plan.indexes]
        indexes = index_words(rows, pins, program) if self.use_plan_indexes else ()
        return command_of(
            phase,
            self._source(phase),
            program=program,
            start=self.installer.start,
            python=self.python,
            indexes=indexes,
            again=self._stale(phase),
        )

    def _stale(self, phase: Phase) -> bool:
        """Whether what is there was built against another version (of torch) than the plan's."""
        if phase.kind != "build" or phase.packages[0].name not in self.installed:
            return False
        planned = {one.name: one.version for one in self.plan.packages}
        return any(self.installed.get(name) != planned.get(name) for name in phase.packages[0].install_after)

    def _beside(self, path: str) -> str:
        return str(Path(self.plan_dir, path)) if path else ""

    def _source(self, phase: Phase) -> Source:
        stem = self.stem(phase)
        return Source(
            lock=str(self.logs / f"pylock.{stem}.toml") if phase.packages else "",
            constraints=str(self.logs / f"{stem}.constraints.txt") if phase.constraints else "",
        )


def shown(one: Installation, phase: Phase) -> str:
    """A phase's command as a line for a shell, its variables first."""
    kept = child_environ(one.environ, phase.variables)
    variables = [f"{name}={shlex.quote(kept[name])}" for name, _ in phase.variables]
    return redacted(" ".join((*variables, shlex.join(one.command(phase)))))


def install(
    one: Installation,
    *,
    begin: Callable[[Phase], None] = lambda _: None,
    follow: Callable[[str], None] = lambda _: None,
) -> Installed:
    """Run all phases, up to the first that fails.

    `begin` is told each phase, `follow` the last line of its log as it grows. Raises WheelplanError where the
    folder of logs cannot be written or the installer cannot be started.
    """
    phases = one.phases
    _make_folder(one.logs)
    for number, phase in enumerate(phases):
        log = one.log(phase)
        try:
            begin(phase)
            for path, text in one.files(phase):
                write_text(str(path), text)
            environ = child_environ(one.environ, phase.variables)
            code = run(one.command(phase), environ=environ, log=log, follow=follow)
        except KeyboardInterrupt:
            return Installed(done=phases[:number], left=phases[number:], interrupted=True)
        if code:
            failure = Failure(phase=phase, code=code, log=str(log), lines=tail(log, LINES))
            return Installed(done=phases[:number], left=phases[number:], failure=failure)
    return Installed(done=phases)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WheelplanError(
            f"The folder for logs cannot be made: {error.strerror or error}.",
            where=str(folder),
            hint="Name another with --logs DIR.",
        ) from None
