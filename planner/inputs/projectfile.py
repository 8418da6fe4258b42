"""Project files and scripts as inputs: pyproject.toml, PEP 723 blocks; knows what they state, never builds.

Both add to a `Reading`: requirements with `file:line`, Requires-Python, uv's sources and indexes.
https://packaging.python.org/en/latest/specifications/pyproject-toml/ and …/inline-script-metadata/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.dependency_groups import resolve_dependency_groups
from packaging.errors import ExceptionGroup
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from planner.inputs.localproject import dynamic_dependencies
from planner.inputs.reqlines import BadLine, decode
from planner.inputs.requirements import Reading
from planner.inputs.sources import parse_requirement_text, read_requirement
from planner.inputs.uvsources import Sources, named_indexes, read_sources, sourced
from planner.tomltext import TomlProblem, line_of, load_toml, strings, table

__all__ = ["Choice", "ProjectFile", "script_block"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The extras and dependency groups that the user asks for, normalised; `:all:` stands for every extra."""

    extras: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """Both, for the conditions of uv's sources."""
        return self.extras | self.groups


class ProjectFile:
    """One pyproject.toml (or script block) on its way into a `Reading`.

    `first_line` is the number of the line before the document's first: a script's block stands further down.
    Raises nothing: what cannot be read is refused there. `extras` and `groups` are the names that it defines.
    """

    def __init__(self, reading: Reading, data: bytes, *, shown: str, base: str, first_line: int = 0) -> None:
        self.reading = reading
        self.data = data
        self.shown = shown
        self.base = base
        self.first_line = first_line
        self.document: Mapping[str, Any] = {}
        self.sources: Sources = {}
        self.extras: Mapping[NormalizedName, tuple[str, ...]] = {}
        self.groups: frozenset[str] = frozenset()
        try:
            self.document = load_toml(data)
            self.sources = read_sources(self.document)
            self.extras = {
                canonicalize_name(extra): strings(f"project.optional-dependencies.{extra}", texts)
                for extra, texts in table(self.document, "project", "optional-dependencies").items()
            }
            self.groups = frozenset(
                canonicalize_name(name) for name in table(self.document, "dependency-groups")
            )
            reading.said.indexes += named_indexes(self.document)
            self._note_overrides()
        except TomlProblem as problem:
            self._refuse(problem)

    def _refuse(self, problem: TomlProblem | BadLine, hint: str = "") -> None:
        line = problem.line + self.first_line if problem.line else 0
        hint = hint or getattr(problem, "hint", "") or "Correct the file."
        self.reading.refuse(BadLine(problem.what, hint), f"{self.shown}:{line}" if line else self.shown)

    def _note_overrides(self) -> None:
        uv = table(self.document, "tool", "uv")
        for key in (
            "override-dependencies",
            "exclude-dependencies",
            "dependency-metadata",
            "exclude-newer-package",
        ):
            if key in uv:
                self.reading.note(
                    self.shown, f"`tool.uv.{key}` is not understood by wheelplan, and has no effect."
                )
        for text in strings("tool.uv.constraint-dependencies", uv.get("constraint-dependencies", [])):
            self._add(text, "constraint-dependencies", constraint=True)

    def read_project(self, choice: Choice) -> None:
        """Take `[project]`: its dependencies, those of the extras chosen, and Requires-Python."""
        try:
            project = table(self.document, "project")
            if not project:
                self._refuse(*self._without_project())
                return
            self._requires_python(project.get("requires-python"))
            for text in self._dependencies(project):
                self._add(text, "dependencies", choice)
            own = canonicalize_name(str(project.get("name", "")))
            for extra in sorted(self.extras) if ":all:" in choice.extras else sorted(choice.extras):
                self._extra(canonicalize_name(extra), own, choice, set())
        except TomlProblem as problem:
            self._refuse(problem)

    def _without_project(self) -> tuple[BadLine, str]:
        if table(self.document, "tool", "poetry", "dependencies"):
            return BadLine("It holds Poetry's own table and no [project]."), (
                "Run `poetry export -f pylock.toml -o pylock.toml` and check that, or move to [project]."
            )
        if self.groups:
            return BadLine("It holds no [project], only dependency groups."), (
                f"Name one: --group {min(self.groups)}"
            )
        return BadLine("It holds no [project] table."), "Give its directory (.), or a requirements file."

    def _dependencies(self, project: Mapping[str, Any]) -> tuple[str, ...]:
        if "dependencies" not in strings("project.dynamic", project.get("dynamic", [])):
            return strings("project.dependencies", project.get("dependencies", []))
        disk = self.reading.disk
        try:
            listed = dynamic_dependencies(
                self.document, lambda name: disk.read(disk.absolute(name, self.base))
            )
        except (OSError, ValueError):
            listed = None
        if listed is None:
            backend = table(self.document, "build-system").get("build-backend", "its build backend")
            self._refuse(
                BadLine(f"Its dependencies are dynamic: only {backend} can tell them, which is not run."),
                "Give the requirements file that they come from, or check the directory: wheelplan check .",
            )
        return listed or ()

    def _extra(self, extra: NormalizedName, own: str, choice: Choice, seen: set[str]) -> None:
        if extra in seen or extra not in self.extras:
            return
        seen.add(extra)
        for text in self.extras[extra]:
            try:
                requirement: Requirement | None = parse_requirement_text(text)
            except BadLine:
                requirement = None  # refused below, with its line
            if requirement and canonicalize_name(requirement.name) == own and requirement.extras:
                for inner in requirement.extras:  # `demo[all]` of demo itself: that extra's own list
                    self._extra(canonicalize_name(inner), own, choice, seen)
            else:
                self._add(text, "optional-dependencies", choice)

    def read_groups(self, names: Iterable[str], choice: Choice) -> None:
        """Take dependency groups (PEP 735) by name; those not defined here are left to the caller."""
        for name in names:
            if canonicalize_name(name) not in self.groups:
                continue
            try:
                texts = resolve_dependency_groups(dict(table(self.document, "dependency-groups")), name)
            except (ExceptionGroup, ValueError, TypeError, LookupError, RecursionError) as error:
                inner = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
                problem = BadLine(f"The dependency group {name!r} cannot be read: {inner}.")
                self._refuse(problem, "Correct [dependency-groups].")
                continue
            for text in texts:
                self._add(text, "dependency-groups", choice)

    def read_script(self) -> None:
        """Take a PEP 723 block: its dependencies and Requires-Python."""
        try:
            self._requires_python(self.document.get("requires-python"))
            for text in strings("dependencies", self.document.get("dependencies", [])):
                self._add(text, "dependencies")
        except TomlProblem as problem:
            self._refuse(problem)

    def _requires_python(self, text: Any) -> None:
        if text is None:
            return
        try:
            self.reading.requires_python &= SpecifierSet(text)
        except (InvalidSpecifier, TypeError, ValueError, AttributeError):
            line = line_of(self.data, str(text), "requires-python")
            hint = 'Write requires-python = ">=3.10".'
            self._refuse(
                BadLine(f"`requires-python` is {str(text)[:60]!r}, which is no specifier.", hint, line)
            )

    def _add(
        self, text: str, section: str, choice: Choice | None = None, *, constraint: bool = False
    ) -> None:
        line = line_of(self.data, text, section)
        where = f"{self.shown}:{line + self.first_line}" if line else f"{self.shown} ({section})"
        try:
            parse_requirement_text(
                text
            )  # a path or bare URL is no requirement here, though pip's files take it
            wanted = read_requirement(text, disk=self.reading.disk, origin=where)
            chosen = choice.names if choice else frozenset()
            for one in sourced(wanted, self.sources, self.reading.disk, self.base, chosen):
                self.reading.add(one, constraint=constraint)
        except BadLine as problem:
            self.reading.refuse(problem, where)


def script_block(data: bytes) -> tuple[bytes, int] | None:
    r"""The TOML of a script's `# /// script` block and the number of the line it follows; None without one.

    Raises `BadLine` for two blocks, and one that is not closed.

    >>> script_block(b"# /// script\n# dependencies = ['rich']\n# ///\nimport rich\n")
    (b"dependencies = ['rich']\n", 1)
    """
    lines = decode(data).splitlines()
    starts = [at for at, line in enumerate(lines) if line.rstrip() == "# /// script"]
    if not starts:
        return None
    start = starts[0]
    end = start
    for at in range(start + 1, len(lines)):
        if not (lines[at] == "#" or lines[at].startswith("# ")):
            break
        if lines[at].rstrip() == "# ///":
            end = at  # the last one before the comment ends closes the block (PEP 723)
    if end == start:
        raise BadLine("The `# /// script` block is not closed.", "End it with a line `# ///`.", start + 1)
    if any(at > end for at in starts[1:]):
        raise BadLine("There is more than one `# /// script` block.", "Keep one.", starts[-1] + 1)
    content = "".join(f"{line[2:]}\n" for line in lines[start + 1 : end])
    return content.encode(), start + 1
