"""The facts of this machine that a plan asks for, and no others; knows which probe answers what.

`planner.target` finds out all that a plan could depend on. Here a program is started only where a need of the
plan asks for what it tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from planner.errors import MachineError
from planner.facts import Fact, Known, Machine
from planner.files import read_bytes
from planner.probes.own import Own
from planner.verifying.values import VerifyRequest

__all__ = ["machine_of"]

_LOOKED_FOR = ("program", "header", "pkg-config", "library", "shared")
_TORCH = frozenset({"torch", "torch-cuda", "torch-cxx11-abi"})


def machine_of(
    request: VerifyRequest,
    own: Own | None,
    subjects: Iterable[str],
    environ: Mapping[str, str],
) -> Machine:
    """The machine of the request, with the facts of these subjects. Raises MachineError."""
    wanted = tuple(dict.fromkeys(subjects))
    machine = _of_file(request.machine) if request.machine else _of_this(request, own, wanted, environ)
    if not request.assume:
        return machine
    from planner.elsewhere import assume  # noqa: PLC0415

    return assume(machine, request.assume)


def _of_file(path: str) -> Machine:
    from planner.machinefile import loads  # noqa: PLC0415

    try:
        text = read_bytes(path).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MachineError(
            f"The machine file cannot be read: {reason}.",
            where=path,
            hint="Make one with `wheelplan fingerprint -o FILE`.",
        ) from None
    return loads(text, path)


def _of_this(
    request: VerifyRequest,
    own: Own | None,
    wanted: tuple[str, ...],
    environ: Mapping[str, str],
) -> Machine:
    families = {name.partition(":")[0] for name in wanted}
    looked = tuple(name for name in wanted if name.startswith(tuple(f"{one}:" for one in _LOOKED_FOR)))
    targeted = bool(looked or _TORCH & set(wanted) or families & {"disk-free", "dist", "cuda-toolkit"})
    if own is not None and not wanted:
        return Machine(markers=own.markers, facts=_own_facts(own))
    from planner.probes import nvidia, system  # noqa: PLC0415
    from planner.probes.host import LocalHost  # noqa: PLC0415
    from planner.probes.parallel import Calls  # noqa: PLC0415
    from planner.probes.port import TIMEOUT  # noqa: PLC0415

    host = LocalHost(environ)
    calls: Calls[str, list[tuple[str, Fact]]] = Calls(seconds=4 * TIMEOUT)

    def start(name: str, probe: Callable[[], Iterable[tuple[str, Fact]]]) -> None:
        calls.start(name, lambda: list(probe()))

    start("system", lambda: system.probe(host))
    if families & {"cuda-driver", "cuda-driver-api", "gpu"}:
        start("nvidia", lambda: nvidia.probe(host))
    if families & {"memory-available", "memory-total"}:
        from planner.probes import memory  # noqa: PLC0415

        start("memory", lambda: memory.probe(host))
    if "cores" in wanted:
        from planner.probes import cpu  # noqa: PLC0415

        start("cpu", lambda: cpu.probe(host))
    facts: dict[str, Fact] = {}
    markers: Mapping[str, str]
    if own is not None and not targeted:
        markers, facts = own.markers, _own_facts(own)
    else:
        from planner.probes import libc, python  # noqa: PLC0415

        try:
            target = python.choose(host, request.python or None)
        except MachineError:
            calls.outcomes()  # no program that was started is left behind
            raise
        markers = target.markers
        start("python", lambda: python.probe(host, target))
        start("libc", lambda: libc.probe(host, target))
        if targeted:
            from planner.probes import cuda, development, installed, memory  # noqa: PLC0415

            start("disk", lambda: memory.disk(host, target))
            start("headers", lambda: installed.headers(host, target))
            start("look", lambda: development.look(host, target, looked))
            if families & {"cuda-toolkit"}:
                start("cuda", lambda: cuda.probe(host, target))
            if families & {*_TORCH, "dist"}:
                start("installed", lambda: installed.probe(host, target))
    found: dict[str, Fact] = {}
    for outcome in calls.outcomes().values():
        # Nothing was found out by one that failed, and what no probe has spoken of is unknown.
        found.update({} if isinstance(outcome, Exception) else outcome)
    return Machine(markers=markers, facts={**found, **facts})


def _own_facts(own: Own) -> dict[str, Fact]:
    how = f"{own.executable} ({own.chosen})"
    return {name: Known(value, how) for name, value in own.facts.items()}
