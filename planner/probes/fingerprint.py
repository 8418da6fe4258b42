"""All facts of a machine: every probe beside the others, each bounded; must not judge or print anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from planner.errors import MachineError
from planner.facts import Fact, Known, Machine, Unknown, rank
from planner.probes import development, programs, system
from planner.probes.candidates import candidates
from planner.probes.neutral import neutral
from planner.probes.parallel import Calls, Late
from planner.probes.port import TIMEOUT, Host
from planner.probes.python import choose
from planner.probes.table import HOST_PROBES, PROBES

__all__ = ["fingerprint"]

# A probe's programs are bounded one by one; this bounds its reads too (a dead network disk hangs a `stat`).
_DEADLINE = 4 * TIMEOUT


def fingerprint(
    host: Host,
    *,
    python: str | None = None,
    subjects: Iterable[str] = (),
    packages: Mapping[str, Iterable[str]] | None = None,
    public: bool = False,
) -> Machine:
    """What a machine is: the target Python's markers, and all facts in the vocabulary's order.

    `python` names the target interpreter (`-p`). `subjects` are looked for beside the usual facts
    (`header:ffi.h`; `program:` ones too), and so are the candidate versions of the `packages` of the
    machine's package manager (by the manager's name). `public` takes private names out of what is told of
    the facts, for a file that others read. A probe that crashes or hangs makes its facts unknown.
    Raises MachineError without a target interpreter: no wheel can be judged then.
    """
    calls: Calls[object, list[tuple[str, Fact]]] = Calls(seconds=_DEADLINE)
    promised: dict[object, tuple[str, ...]] = {}
    asked = tuple(dict.fromkeys(subjects))
    for host_probe, names in HOST_PROBES:
        promised[host_probe] = names
        calls.start(host_probe, partial(_listed, host_probe, host))
    if packages:
        calls.start(candidates, partial(_candidates, host, packages))
    extra = [name.partition(":")[2] for name in asked if name.startswith("program:")]
    calls.start(programs.probe, partial(_listed, programs.probe, host, extra))
    try:
        target = choose(host, python)
    except MachineError:
        calls.outcomes()  # no program that was started is left behind
        raise
    for target_probe, names in PROBES:
        promised[target_probe] = names
        calls.start(target_probe, partial(_listed, target_probe, host, target))
    if asked:
        kinds = tuple(f"{family}:" for family in development.FAMILIES if family != "program")
        others = [name for name in asked if name.startswith(kinds)]
        promised[development.look] = tuple(others)
        calls.start(development.look, partial(_listed, development.look, host, target, others))
    facts: dict[str, Fact] = {}
    for probe, outcome in calls.outcomes().items():
        if isinstance(outcome, Exception):
            why = "was not done in time" if isinstance(outcome, Late) else f"failed ({outcome!r:.200})"
            unknown = Unknown(f"the probe {why}")
            facts.update(dict.fromkeys(promised.get(probe, ()), unknown))
        else:
            facts.update(outcome)
    found = dict(sorted(facts.items(), key=lambda item: rank(item[0])))
    machine = Machine(markers=target.markers, facts=found)
    return neutral(machine, host, target.prefix) if public else machine


def _listed(probe: Callable[..., Iterable[tuple[str, Fact]]], *arguments: object) -> list[tuple[str, Fact]]:
    return list(probe(*arguments))


def _candidates(host: Host, packages: Mapping[str, Iterable[str]]) -> list[tuple[str, Fact]]:
    """What is known of the packages; nothing is said of those of which the manager says nothing."""
    manager = system.package_manager(host)
    if not isinstance(manager, Known):
        return []
    told = candidates(host, manager.value, packages.get(manager.value, ()))
    return [(name, fact) for name, fact in told.items() if not isinstance(fact, Unknown)]
