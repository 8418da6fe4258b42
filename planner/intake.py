"""What the user asks for, read: the words of a command line and the files that they name; judges nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from planner.disk import MAX_INPUT, read_local
from planner.errors import InputError
from planner.request import Request

if TYPE_CHECKING:
    from planner.indexes.client import Client
    from planner.settings import Settings
    from planner.wanted import Inputs, Note

__all__ = ["build_inputs", "inputs_of"]


def inputs_of(request: Request, settings: Settings, client: Client, missing: list[Note]) -> Inputs:
    """The requirements, constraints and options of a run; files that are not there go into `missing`."""
    from planner.inputs.words import read_inputs  # noqa: PLC0415

    return read_inputs(
        request.words,
        requirements=request.requirements,
        constraints=(*request.constraints, *settings.constraints),
        editables=request.editables,
        extras=request.extras,
        groups=request.groups,
        read=_reader(client),
        exists=os.path.exists,
        isdir=os.path.isdir,
        environ=request.world.environ,
        cwd=request.world.cwd,
        stdin=request.world.stdin,
        missing=missing,
    )


def build_inputs(request: Request, settings: Settings, client: Client) -> Inputs | None:
    """The files of `--build-constraint`, which say nothing of what is installed."""
    from planner.inputs.words import read_inputs  # noqa: PLC0415

    files = (*request.build_constraints, *settings.build_constraints)
    if not files:
        return None
    return read_inputs(
        (),
        requirements=files,
        read=_reader(client),
        exists=os.path.exists,
        isdir=os.path.isdir,
        environ=request.world.environ,
        cwd=request.world.cwd,
    )


def _reader(client: Client) -> Callable[[str], bytes]:
    """Reads a file, or what an http(s) address serves."""

    def read(location: str) -> bytes:
        if location.partition("://")[0].lower() in ("http", "https"):
            answer = client.get(client.credentials.learn(location), limit=MAX_INPUT)
            if answer.status != 200:
                raise InputError(f"The server answers {answer.status}.", where=location.partition("?")[0])
            return answer.body
        return read_local(location)

    return read
