"""Causes x a machine -> findings: what a failed build needs, if it is here, what to type; prints nothing.

A cause is a need in the words of `planner.needs` wherever it can be, so that the tables that name packages
before a build name them after it.
"""

from __future__ import annotations

import re
import shlex
from types import MappingProxyType

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from planner.diagnosing.causes import Cause, Diagnosed
from planner.facts import Machine
from planner.findings import Finding
from planner.needs import ANY_VERSION, Evidence, Need, Role
from planner.prerequisites.states import Prerequisite, command_of, prerequisites
from planner.urls import redacted

__all__ = ["needs_of", "requirement_of", "told"]

_SHOWN = 200
_DISTRIBUTIONS = MappingProxyType(
    {
        "Cython": "cython",
        "cv2": "opencv-python",
        "google": "protobuf",
        "mesonpy": "meson-python",
        "PIL": "pillow",
        "poetry": "poetry-core",
        "skbuild": "scikit-build",
        "sklearn": "scikit-learn",
        "yaml": "pyyaml",
        "attr": "attrs",
        "dateutil": "python-dateutil",
        "flit_core": "flit-core",
        "scikit_build_core": "scikit-build-core",
    }
)
"""What brings a module, where it is not called the same."""
_SEARCH = MappingProxyType(
    {
        "apt": "apt-file search {name}",
        "dnf": "dnf provides {any}",
        "yum": "yum provides {any}",
        "apk": "apk search {name}",
        "pacman": "pacman -F {name}",
        "zypper": "zypper search --provides {name}",
        "brew": "brew search {name}",
        "conda": "conda search {part}",
    }
)
"""How each package manager is asked who has a file; the words are quoted, as a log may hold anything."""
_NAME = re.compile(r"[A-Za-z0-9_][\w.+@/ -]*", re.ASCII)
"""What may be the name of a file; all else is not searched for."""
_NEWER = "a newer version of the project, or one with a wheel for this machine"


def needs_of(one: Diagnosed) -> tuple[Need, ...]:
    """The needs that the causes of one failure speak of: what a machine can be asked for."""
    return tuple(need for cause in one.causes for need in [_need(cause)] if need is not None)


def requirement_of(one: Diagnosed) -> str:
    """What failed, as a requirement: `psycopg2==2.9.13`."""
    name = canonicalize_name(one.failure.project)
    return f"{name}=={one.failure.version}" if one.failure.version else name


def _need(cause: Cause) -> Need | None:
    family, _, name = cause.subject.partition(":")
    if not name or family == "module" or cause.code not in ("WP201", "WP202", "WP206"):
        return None
    role: Role = "run" if cause.role == "run" else "build"
    because = (Evidence(where=str(cause.line.number), text=_shown(cause.line.text)),)
    return Need(subject=cause.subject, specifier=_specifier(cause), role=role, because=because)


def _specifier(cause: Cause) -> SpecifierSet:
    try:
        return SpecifierSet(cause.specifier)
    except InvalidSpecifier:
        return ANY_VERSION


def told(one: Diagnosed, machine: Machine, log: str) -> tuple[Finding, ...]:
    """The findings of one failure; `log` names the file that the lines are of."""
    teller = _Teller(one, machine, log)
    return tuple(teller.finding(cause) for cause in one.causes) or (teller.unknown(),)


class _Teller:
    """Words the findings of one failure."""

    def __init__(self, one: Diagnosed, machine: Machine, log: str) -> None:
        self.one, self.machine, self.log = one, machine, log
        failure = one.failure
        self.project = canonicalize_name(failure.project) if failure.project else ""
        self.name = f"{failure.project} {failure.version}".strip() or "the project"

    def finding(self, cause: Cause) -> Finding:
        """One cause as a finding."""
        need = _need(cause)
        if need is not None:
            found = prerequisites(canonicalize_name(self.project), (need,), self.machine)
            summary, remedy, facts = self.lacking(cause, found[0])
        else:
            summary, remedy, facts = (*self.plainly(cause), ())
        return Finding(
            code=cause.code,
            severity="error",
            project=self.project,
            summary=redacted(summary[:1].upper() + summary[1:]),
            remedy=cause.fix or remedy,
            evidence=(f"{self.log}:{cause.line.number}",),
            facts=(_shown(cause.line.text), *facts),
        )

    def unknown(self) -> Finding:
        """A failure of which the log does not tell the cause."""
        said, empty = self.one.said, not any(line.text for line in self.one.failure.lines)
        return Finding(
            code="WP706",
            severity="warning",
            project=self.project,
            summary="The log is empty: it tells of no failure."
            if empty
            else f"No line that is known here tells why {self.name if self.project else 'it'} failed.",
            remedy=f"`wheelplan check {requirement_of(self.one)}` tells what building it needs"
            if self.project
            else "what goes wrong is mostly written to the other stream: `… 2>&1 | wheelplan diagnose`"
            if empty
            else "",
            evidence=(f"{self.log}:{said.number}",) if said else (self.log,),
            facts=(_shown(said.text),) if said else (),
        )

    def lacking(self, cause: Cause, one: Prerequisite) -> tuple[str, str, tuple[str, ...]]:
        """Of something that the machine can be asked for: summary, remedy, and what is found here."""
        if one.role == "run":
            family, _, name = cause.subject.partition(":")
            seen = f"the shared library lib{name} was not found" if family == "library" else ""
            summary = (
                f"{self.name} needs {one} when it runs: {cause.why or seen or _not_found(cause.subject)}."
            )
        else:
            seen = "an older one was found" if cause.code == "WP202" else _not_found(cause.subject)
            why = cause.why or seen
            summary = f"building {self.name} needs {one}: {why}."
        found = f": {one.found}" if one.found else ""
        here = {
            "present": f"here it is found{found}; where it was built, it was not",
            "too-old": f"here is {one.found}",
        }.get(one.state, "")
        remedy = self._remedy(one, newer=cause.code == "WP202")
        return summary, remedy, tuple(text for text in (here, one.unmet) if text)

    def _remedy(self, one: Prerequisite, *, newer: bool) -> str:
        """What supplies it; where a `newer` one is needed, packages only if their version is known to do."""
        manager = self.machine.value("package-manager") or ""
        packages = () if one.unmet else one.packages.get(manager, ())
        command = command_of(packages, self.machine)
        if command and (one.offered or not newer):
            return command
        if one.python:
            return f"`pip install '{one.python}{one.specifier}'`, or have it among the build requirements"
        if one.note or command:
            return one.note or command
        if one.packages and not manager:
            return "; ".join(
                f"{name}: {' '.join(one.packages[name])}" for name in one.packages if name in _SEARCH
            )
        named = one.subject.partition(":")[2]
        search = _SEARCH.get(manager, "")
        if not _NAME.fullmatch(named) or not search or one.subject.startswith("dep:"):
            return ""
        if one.role == "run" and one.subject.startswith("library:"):
            named = f"lib{named}.so"
        words = {"name": named, "any": f"*/{named}", "part": f"*{named}*"}
        command = search.format_map({key: shlex.quote(word) for key, word in words.items()})
        return f"which package has it is not known here: `{command}`"

    def plainly(self, cause: Cause) -> tuple[str, str]:
        """Of what no package supplies: summary and remedy."""
        name, why = self.name, cause.why
        module = cause.subject.partition(":")[2] if cause.subject.startswith("module:") else ""
        distribution = _DISTRIBUTIONS.get(module, module.lower())
        if cause.code == "WP210":
            seen = f": {why}" if why else ""
            if cause.role == "run":
                return f"{name} needs the Python module {module}, which is not there{seen}.", (
                    f"install {distribution}"
                )
            off = f"`--no-build-isolation` (uv: `--no-build-isolation-package {self.project or 'PROJECT'}`)"
            first = f"install {distribution} first, and build it with {off}"
            return f"building {name} needs the Python module {module}, which was not there{seen}.", first
        if cause.code == "WP212" and cause.role == "run":
            older = f"install `{distribution}{cause.specifier}`, or a newer version of the project"
            return f"{name} does not run: {why}.", older if module and cause.specifier else _NEWER
        if cause.code == "WP212":
            pin = f"put `{distribution}{cause.specifier}` into a file for `--build-constraint`"
            return f"{name} was not built: {why}.", pin if module and cause.specifier else _NEWER
        if cause.code == "WP213":
            return f"{name} was not built: {why}.", _NEWER
        runs = cause.role == "run"
        if cause.code == "WP208":
            told = "does not run" if runs else "cannot be built"
            return f"{name} {told} with this Python: {why}.", "another Python, or a newer version"
        if cause.code == "WP403" and runs:
            return f"{name} ran out of memory: {why}.", "run it where there is more memory"
        if cause.code == "WP403":
            fewer = "build with fewer jobs (MAX_JOBS=1 CMAKE_BUILD_PARALLEL_LEVEL=1 CARGO_BUILD_JOBS=1)"
            return f"building {name} ran out of memory: {why}.", f"{fewer}, or where there is more memory"
        if cause.code == "WP404":
            room = f"{name if runs else f'building {name}'} found no room: {why}."
            return room, "make room, or point TMPDIR to a larger disk"
        unusable = runs or cause.code in ("WP303", "WP312", "WP313")
        return f"{name} {'cannot be used' if unusable else 'was not built'}: {why}.", ""


def _shown(text: str) -> str:
    """The beginning of a line, without the passwords of the addresses in it."""
    return redacted(text)[:_SHOWN]


def _not_found(subject: str) -> str:
    """What was looked for in vain, in words."""
    family, _, name = subject.partition(":")
    return {
        "program": f"the program {name} was not found",
        "header": f"the header {name} was not found",
        "library": f"the linker did not find -l{name}",
        "pkg-config": f"pkg-config knows no module {name}",
        "cmake": f"CMake did not find {name}",
    }.get(family, "none was found")
