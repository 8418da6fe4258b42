"""What is worth telling of one source build on one machine: findings WP2xx, WP301, WP4xx and WP705.

Knows sentences, severities and remedies; must not find anything out itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from planner.assess import SourceBuild
from planner.building.readiness import Readiness
from planner.dists import Pin, Wheel
from planner.facts import Machine
from planner.findings import Finding, Severity
from planner.jobs import size
from planner.knowledge.projects import project
from planner.prerequisites.states import LEFT_PYTHON, Prerequisite, command_of

__all__ = ["build_findings", "runtime_findings"]


def build_findings(
    build: SourceBuild,
    ready: Readiness,
    pins: Sequence[Pin],
    machine: Machine,
    unisolated: frozenset[str],
) -> Iterator[Finding]:
    """All findings of one build. `unisolated` are the projects that the user builds without isolation."""
    teller = _Teller(build, ready, machine)
    for one in ready.prerequisites:
        if one.state != "present":
            yield teller.lacking(one)
    yield from teller.features()
    yield from teller.isolation(unisolated)
    yield from teller.environment(pins, unisolated)
    yield from teller.memory()
    yield from teller.beside(pins)
    if ready.downloads:
        told = ", ".join(ready.downloads)
        yield teller.told("WP207", "note", f"Building {teller.name} downloads from beyond the index: {told}.")
    if ready.doubts:
        summary = f"Not everything that building {teller.name} needs can be told from its files."
        yield teller.told("WP705", "note", summary, facts=ready.doubts)


def runtime_findings(pin: Pin, found: Iterable[Prerequisite], machine: Machine) -> Iterator[Finding]:
    """What a wheel opens when it runs and does not bring."""
    for one in found:
        if one.state != "present":
            yield _runtime(f"{pin.project} {pin.version}", pin.project, pin.dist.filename, one, machine)


def _runtime(name: str, project: str, filename: str, one: Prerequisite, machine: Machine) -> Finding:
    here = {"missing": "which is not here", "too-old": f"and here is {one.found}"}.get(
        one.state, "and whether it is here is not known"
    )
    lost = f": without it, {one.effect}" if one.strength != "required" and one.effect else ""
    return Finding(
        code="WP206",
        severity="warning" if one.stands_in_the_way else "note",
        project=project,
        summary=f"{name} needs {one} when it runs, {here}{lost}.",
        remedy=command_of(one.install, machine),
        evidence=(filename,),
        facts=tuple(str(evidence) for evidence in one.because),
    )


def _starts_a_sentence(summary: str) -> bool:
    """Whether a capital may open it: names of projects and headers stay as they are."""
    return summary.startswith(("building ", "without ", "build "))


class _Teller:
    """Words the findings of one build."""

    def __init__(self, build: SourceBuild, ready: Readiness, machine: Machine) -> None:
        self.build, self.ready, self.machine = build, ready, machine
        self.name = f"{build.project} {build.version or ''}".strip()

    def told(
        self, code: str, severity: Severity, summary: str, remedy: str = "", facts: Iterable[str] = ()
    ) -> Finding:
        return Finding(
            code=code,
            severity=severity,
            project=self.build.project,
            summary=summary[:1].upper() + summary[1:] if _starts_a_sentence(summary) else summary,
            remedy=remedy,
            evidence=(self.build.filename,),
            facts=tuple(facts),
        )

    def lacking(self, one: Prerequisite) -> Finding:
        """A prerequisite that is not here, too old, or not known to be here."""
        facts = [str(evidence) for evidence in one.because]
        remedy = command_of(one.install or ((one.brought_by,) if one.brought_by else ()), self.machine)
        gone = next((evidence.text for evidence in one.because if LEFT_PYTHON in evidence.text), "")
        must = one.strength == "required"
        what = f"building {self.name} needs {one}"
        if one.role == "run":
            return _runtime(self.name, self.build.project, self.build.filename, one, self.machine)
        if gone and one.state == "missing":
            summary = f"{self.name} cannot be built with this Python: {one.name} {gone}."
            return self.told("WP208", "error", summary, "use an older Python or a newer version", facts)
        if one.unmet and must and one.state != "unknown":
            return self.told("WP204", "error", f"{what}: {one.unmet}.", one.note, facts)
        if one.state == "unknown":
            why = one.found or "nothing looked for it"
            summary = f"{what}; whether it is here is not known ({why})."
            facts += [one.unmet] if one.unmet else []
            return self.told("WP203", "warning" if must else "note", summary, remedy, facts)
        if not must:
            return self.told("WP205", "warning", f"without {one}, {one.effect}.", remedy, facts)
        if one.state == "too-old":
            return self.told("WP202", "error", f"{what}; here is {one.found}.", remedy, facts)
        return self.told("WP201", "error", f"{what}: not found here.", remedy, facts)

    def features(self) -> Iterator[Finding]:
        """What the build would silently do without: one note for all such features."""
        lacking = [one for one in self.ready.features if one.state in ("missing", "too-old")]
        if lacking:
            names = ", ".join(one.name for one in lacking)
            facts = [f"{one.name}: {one.effect or 'it is built without that feature'}" for one in lacking]
            yield self.told("WP205", "note", f"{self.name} is built without {names}.", facts=facts)

    def isolation(self, unisolated: frozenset[str]) -> Iterator[Finding]:
        """What setup.py imports and does not declare cannot be there in isolation."""
        undeclared = self.ready.undeclared
        if undeclared:
            names = ", ".join(need.subject.partition(":")[2] for need in undeclared)
            accepted = self._accepted(unisolated)
            yield self.told(
                "WP210",
                "note" if accepted else "error",
                f"building {self.name} imports {names} without declaring it: build isolation must be off.",
                "" if accepted else f"install {self._first(names)} first, and build it with {self._off()}",
                [str(evidence) for need in undeclared for evidence in need.because],
            )

    def _first(self, names: str) -> str:
        """What must stand ready: without isolation, nobody installs the build requirements either."""
        environment = self.ready.environment
        asked = environment.requires if environment is not None else ()
        return ", ".join(dict.fromkeys((names, *(text.partition(";")[0].strip() for text in asked))))

    def _accepted(self, unisolated: frozenset[str]) -> bool:
        return bool(unisolated & {":all:", self.build.project})

    def _off(self) -> str:
        return f"`--no-build-isolation-package {self.build.project}`"

    def environment(self, pins: Sequence[Pin], unisolated: frozenset[str]) -> Iterator[Finding]:
        """Its build requirements: none to be had, built themselves, or another torch than the plan's."""
        environment = self.ready.environment
        if environment is None:
            return
        if environment.clash:
            summary = f"The build requirements of {self.name} cannot be installed here."
            remedy = "add the index that serves them, or pin another version of the project"
            yield self.told(environment.doubt or "WP211", "error", summary, remedy, environment.clash)
        for pin in environment.unbuilt:
            what = f"{pin.project} {pin.version}, which builds {self.name},"
            summary = f"{what} has no wheel here: it is built first."
            yield self.told("WP209", "warning", summary, facts=(pin.dist.filename,))
        torch = environment.pin("torch")
        planned = next((pin for pin in pins if pin.project == "torch"), None)
        if self._accepted(unisolated) or torch is None or planned is None:
            return
        if torch.version != planned.version:
            yield self.told(
                "WP301",
                "error",
                f"{self.name} would be compiled against torch {torch.version}, its build requirement, "
                f"and run with torch {planned.version} of the plan.",
                f"install torch {planned.version} first, and build it with {self._off()}; or put "
                f"`torch=={planned.version}` into a file for `--build-constraint`",
            )

    def beside(self, pins: Sequence[Pin]) -> Iterator[Finding]:
        """Projects that must be built from source as well, as their wheels bring a library of their own."""
        known = project(self.build.project)
        for name in known.from_source if known is not None and self.build.native is not False else ():
            pin = next((one for one in pins if one.project == name), None)
            if pin is not None and isinstance(pin.dist, Wheel):
                yield self.told(
                    "WP302",
                    "error",
                    f"{self.name} and the wheel of {name} {pin.version} bring two copies of one library.",
                    f"build {name} from source too: `--no-binary {name}`",
                    (known.note,) if known is not None and known.note else (),
                )

    def memory(self) -> Iterator[Finding]:
        """Whether one compile job fits, and how many do."""
        jobs = self.ready.jobs
        if jobs is None:
            return
        if not jobs.fits:
            narrow = f"set {' or '.join(jobs.narrow)} for fewer targets, or " if jobs.narrow else ""
            yield self.told(
                "WP401",
                "error",
                f"One compile job of {self.name} takes {size(jobs.per_job)}; {size(jobs.share)} are free.",
                f"{narrow}build it where there is more memory",
                (jobs.arithmetic,),
            )
        elif jobs.environment or jobs.setting:
            told = " ".join(f"{name}={value}" for name, value in jobs.environment) or jobs.setting
            yield self.told("WP402", "note", f"build {self.name} with {told}.", facts=(jobs.arithmetic,))
