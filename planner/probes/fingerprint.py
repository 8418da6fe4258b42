"""All facts of a machine: every probe beside the others, each bounded; must not judge or print anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from planner.errors import MachineError
from planner.facts import Fact, Machine, Unknown, rank
from planner.probes import programs
from planner.probes.parallel import Calls, Late
from planner.probes.port import TIMEOUT, Host
from planner.probes.python import choose
from planner.probes.table import HOST_PROBES, PROBES

__all__ = ["fingerprint"]

# A probe's programs are bounded one by one; this bounds its reads too (a dead network disk hangs a `stat`).
_DEADLINE = 4 * TIMEOUT


def fingerprint(host: Host, *, python: str | None = None, extra_programs: Iterable[str] = ()) -> Machine:
    """What a machine is: the target Python's markers, and all facts in the vocabulary's order.

    `python` names the target interpreter (`-p`); `extra_programs` are looked for beside the usual ones. A
    probe that crashes or hangs makes its facts unknown. Raises MachineError without a target interpreter: no
    wheel can be judged then.
    """
    calls: Calls[object, list[tuple[str, Fact]]] = Calls(seconds=_DEADLINE)
    promised: dict[object, tuple[str, ...]] = {}
    for host_probe, names in HOST_PROBES:
        promised[host_probe] = names
        calls.start(host_probe, partial(_listed, host_probe, host))
    calls.start(programs.probe, lambda: list(programs.probe(host, extra_programs)))
    try:
        target = choose(host, python)
    except MachineError:
        calls.outcomes()  # no program that was started is left behind
        raise
    for target_probe, names in PROBES:
        promised[target_probe] = names
        calls.start(target_probe, partial(_listed, target_probe, host, target))
    facts: dict[str, Fact] = {}
    for probe, outcome in calls.outcomes().items():
        if isinstance(outcome, Exception):
            why = "was not done in time" if isinstance(outcome, Late) else f"failed ({outcome!r:.200})"
            unknown = Unknown(f"the probe {why}")
            facts.update(dict.fromkeys(promised.get(probe, ()), unknown))
        else:
            facts.update(outcome)
    return Machine(markers=target.markers, facts=dict(sorted(facts.items(), key=lambda item: rank(item[0]))))


def _listed(probe: Callable[..., Iterable[tuple[str, Fact]]], *arguments: object) -> list[tuple[str, Fact]]:
    return list(probe(*arguments))
