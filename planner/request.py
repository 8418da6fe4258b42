"""What one run is asked, and the world it starts from; reads environment, clock and folder, once."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from planner.errors import InputError, UsageError

__all__ = ["DEFAULT_PLAN", "MachineRequest", "Request", "World"]

DEFAULT_PLAN = "pylock.wheelplan.toml"
MAX_STDIN = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The world as it is at the start: environment, folder, streams and clocks, read once."""

    environ: Mapping[str, str]
    cwd: str
    stdin: Callable[[], bytes]
    now: datetime
    monotonic: Callable[[], float]

    @classmethod
    def real(cls) -> World:
        """This process's own."""
        return cls(
            environ=dict(os.environ),
            cwd=_folder(),
            stdin=_stdin,
            now=datetime.now(timezone.utc),
            monotonic=time.monotonic,
        )


def _folder() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        raise UsageError(
            "The current folder was deleted, and paths count from it.",
            hint="Go to one that is there (`cd`), and run the same command again.",
        ) from None
    except OSError as error:
        raise UsageError(
            f"The current folder cannot be told ({error.strerror or error}).", hint="Go to another one."
        ) from None


def _stdin() -> bytes:
    try:
        if sys.stdin is None:
            raise OSError("it is closed")  # noqa: TRY301 (told as the others)
        return sys.stdin.buffer.read(MAX_STDIN)
    except OSError as error:
        raise InputError(
            f"The standard input cannot be read ({error.strerror or error}).",
            where="-",
            hint="Pipe the requirements in, or name a file.",
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRequest:
    """Which machine to plan for: this one, a saved one, or one of them with changes."""

    file: str = ""
    assume: tuple[str, ...] = ()
    python: str = ""
    python_version: str = ""
    platform: str = ""

    @classmethod
    def of(cls, args: Namespace) -> MachineRequest:
        """From the command line's words."""
        return cls(
            file=args.machine or "",
            assume=tuple(args.assume),
            python=args.python or "",
            python_version=args.python_version or "",
            platform=args.python_platform or "",
        )

    def or_else(self, text: Callable[[str], str], items: Callable[[str], tuple[str, ...]]) -> MachineRequest:
        """With the settings where the command line says nothing; assumptions add up, its own last."""
        return MachineRequest(
            file=self.file or text("machine"),
            assume=(*(word for word in items("assume") if word not in self.assume), *self.assume),
            python=self.python or text("python"),
            python_version=self.python_version or text("python-version"),
            platform=self.platform or text("python-platform") or next(iter(items("platform")), ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One `check`: what is asked for, for which machine, under which settings of the command line.

    `target` is one of those in the project's own settings; `locked` asks whether the plan would stay.
    """

    words: tuple[str, ...]
    machine: MachineRequest
    world: World
    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    build_constraints: tuple[str, ...] = ()
    editables: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    output: str = DEFAULT_PLAN
    build_constraints_output: str = ""
    fail_on: str = ""
    target: str = ""
    locked: bool = False
    flags: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, args: Namespace, world: World) -> Request:
        """From the command line's words."""
        own = {
            "words",
            "requirements",
            "constraints",
            "build_constraints",
            "write_build_constraints",
            "editables",
            "extras",
            "all_extras",
            "groups",
            "output",
        }
        own |= {"command", "version", "machine", "assume", "python", "python_version", "python_platform"}
        own |= {"output_format", "fail_on", "quiet", "verbose", "color", "project", "plan"}
        own |= {"target", "all_targets", "locked"}
        return cls(
            words=tuple(args.words),
            machine=MachineRequest.of(args),
            world=world,
            requirements=tuple(args.requirements),
            constraints=tuple(args.constraints),
            build_constraints=tuple(args.build_constraints),
            editables=tuple(args.editables),
            extras=(*args.extras, *((":all:",) if args.all_extras else ())),
            groups=tuple(args.groups),
            output=args.output or DEFAULT_PLAN,
            build_constraints_output=args.write_build_constraints or "",
            fail_on=args.fail_on or "",
            locked=getattr(args, "locked", False),
            flags={k: v for k, v in vars(args).items() if k not in own and v is not None},
        )
