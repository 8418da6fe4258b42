"""Which machine a run plans for: this one, a saved one, or either with changes; must not judge it.

A check asks only for what the builds of its resolution need (`look_locally`), once they are known; a machine
file carries all that the tables of knowledge speak of, as nobody can ask that machine later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from planner.disk import read_local
from planner.errors import InputError, MachineError
from planner.facts import Fact, Machine, Unknown
from planner.request import MachineRequest, Request, World

__all__ = ["everything", "look_locally", "machine_for", "settled_machine"]


def machine_for(request: MachineRequest, world: World, *, whole: bool = False) -> Machine:
    """The machine to plan for; `whole`: to be saved, with all that source builds may ask for.

    A saved one tells no private name in how it was found. Raises MachineError and UsageError for what is not
    understood.
    """
    from planner import machinefile  # noqa: PLC0415
    from planner.probes.fingerprint import fingerprint  # noqa: PLC0415
    from planner.probes.host import LocalHost  # noqa: PLC0415

    if request.file:
        text = _machine_text(request.file, world)
        machine = machinefile.loads(text, request.file)
    else:
        subjects, packages = everything() if whole else ((), {})
        machine = fingerprint(
            LocalHost(world.environ),
            python=request.python or None,
            subjects=subjects,
            packages=packages,
            public=whole,
        )
    if request.platform:
        machine = machinefile.for_platform(machine, request.platform)
    if request.python_version:
        machine = machinefile.for_python(machine, request.python_version)
    return machinefile.assume(machine, request.assume)


def settled_machine(request: Request) -> Machine:
    """The machine that a request means: its own words, else its target's, else the settings'.

    Raises MachineError and UsageError.
    """
    from planner.settings import read_settings  # noqa: PLC0415

    world = request.world
    settings = read_settings(
        request.flags,
        environ=world.environ,
        cwd=world.cwd,
        read=read_local,
        now=world.now,
        target=request.target,
    )
    return machine_for(request.machine.or_else(settings.text, settings.items), world)


def everything() -> tuple[Iterable[str], Mapping[str, tuple[str, ...]]]:
    """Everything the tables speak of: subjects, and packages by package manager."""
    from planner.knowledge.things import MANAGERS, all_subjects, things  # noqa: PLC0415

    def names(manager: str) -> Iterator[str]:
        for thing in things().values():
            yield from thing.supplied_by(manager)
            yield from (name for names in thing.releases.values() if manager == "apt" for name in names)

    # What dnf and apk install by the name of a pkg-config module has no name of a package to ask for.
    plain = {m: tuple(n for n in dict.fromkeys(names(m)) if ":" not in n and "(" not in n) for m in MANAGERS}
    return all_subjects(), {**plain, "yum": plain["dnf"]}


def look_locally(
    request: MachineRequest,
    world: World,
    machine: Machine,
    subjects: Iterable[str],
    packages: Iterable[str] = (),
) -> Mapping[str, Fact]:
    """Facts of this machine that its fingerprint does not hold: those subjects, those packages' versions.

    Nothing where the plan is for another machine: all that is known of it stands in its file. What is known
    or assumed already is not asked for again.
    """
    if request.file or request.platform or _is_elsewhere(machine):
        return {}
    from planner.probes.candidates import candidates  # noqa: PLC0415
    from planner.probes.development import look  # noqa: PLC0415
    from planner.probes.host import LocalHost  # noqa: PLC0415
    from planner.probes.parallel import side_by_side  # noqa: PLC0415
    from planner.probes.port import TIMEOUT  # noqa: PLC0415
    from planner.probes.python import choose  # noqa: PLC0415

    asked = [subject for subject in dict.fromkeys(subjects) if subject not in machine.facts]
    names = [name for name in dict.fromkeys(packages) if f"candidate:{name}" not in machine.facts]
    host = LocalHost(world.environ)
    manager = machine.value("package-manager") or ""
    calls: dict[str, Callable[[], Mapping[str, Fact]]] = {}
    if asked:
        calls["look"] = lambda: dict(look(host, choose(host, request.python or None), asked))
    if names and not _assumes(machine, "distro", "distro-version", "package-manager"):
        calls["candidates"] = lambda: candidates(host, manager, names)
    facts: dict[str, Fact] = {}
    for outcome in side_by_side(calls, seconds=4 * TIMEOUT).values():
        # Nothing was found out then, and what no probe has spoken of is unknown.
        facts |= {} if isinstance(outcome, Exception) else outcome
    return facts


def _is_elsewhere(machine: Machine) -> bool:
    """Whether another system or architecture is assumed, which makes all that was found here unknown."""
    return Unknown("planned for another machine") in machine.facts.values()


def _assumes(machine: Machine, *names: str) -> bool:
    facts = (machine.fact(name) for name in names)
    return any(fact.how == "--assume" for fact in facts if not isinstance(fact, Unknown))


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
