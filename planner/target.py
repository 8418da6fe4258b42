"""Which machine a run plans for: this one, a saved one, or either with changes; must not judge it."""

from __future__ import annotations

from pathlib import Path

from planner.disk import read_local
from planner.errors import InputError, MachineError
from planner.facts import Machine
from planner.request import MachineRequest, World

__all__ = ["machine_for"]


def machine_for(request: MachineRequest, world: World) -> Machine:
    """The machine to plan for. Raises MachineError (and UsageError) for what is not understood."""
    from planner import machinefile  # noqa: PLC0415
    from planner.probes.fingerprint import fingerprint  # noqa: PLC0415
    from planner.probes.host import LocalHost  # noqa: PLC0415

    if request.file:
        text = _machine_text(request.file, world)
        machine = machinefile.loads(text, request.file)
    else:
        machine = fingerprint(LocalHost(world.environ), python=request.python or None)
    if request.platform:
        machine = machinefile.for_platform(machine, request.platform)
    if request.python_version:
        machine = machinefile.for_python(machine, request.python_version)
    return machinefile.assume(machine, request.assume)


def _machine_text(path: str, world: World) -> str:
    try:
        return read_local(str(Path(world.cwd, path))).decode("utf-8", "replace")
    except (OSError, InputError) as error:
        why = error.what if isinstance(error, InputError) else f"{error.strerror or error}."
        raise MachineError(
            f"The machine file cannot be read: {why}",
            where=path,
            hint="Make one with `wheelplan fingerprint -o FILE`.",
        ) from None
