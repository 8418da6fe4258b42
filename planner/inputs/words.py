"""What the words of a command line are, and all that they say together; knows files by name, never opens one.

The one entry point for the pipeline: `read_inputs`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from packaging.utils import canonicalize_name

from planner.inputs.locations import is_web, shown_path
from planner.inputs.lockinput import is_lock_name, read_lock
from planner.inputs.projectfile import Choice, ProjectFile, script_block
from planner.inputs.reqlines import BadLine
from planner.inputs.requirements import Reading
from planner.inputs.sources import is_url, looks_like_path, read_requirement
from planner.urls import shortened, without_credentials
from planner.wanted import Disk, Inputs, Note

__all__ = ["read_inputs"]

_FILE_SUFFIXES = (".txt", ".in", ".toml", ".py", ".cfg", ".lock", ".yml", ".yaml", ".pip", ".req", ".json")
_OTHER_TOOLS = {
    "uv.lock": "uv export --format pylock.toml -o pylock.toml",
    "poetry.lock": "poetry export -f pylock.toml -o pylock.toml",
    "pdm.lock": "pdm export -f pylock -o pylock.toml",
    "Pipfile.lock": "pipenv requirements > requirements.txt",
    "Pipfile": "pipenv requirements > requirements.txt",
}


def read_inputs(
    words: Sequence[str],
    *,
    requirements: Sequence[str] = (),
    constraints: Sequence[str] = (),
    editables: Sequence[str] = (),
    extras: Iterable[str] = (),
    groups: Iterable[str] = (),
    read: Callable[[str], bytes],
    exists: Callable[[str], bool],
    isdir: Callable[[str], bool],
    environ: Mapping[str, str],
    cwd: str,
    stdin: Callable[[], bytes] = bytes,
    encoding: str = "utf-8",
    missing: list[Note] | None = None,
) -> Inputs:
    """Everything that the words of a command line, `-r`, `-c`, `--extra` and `--group` say.

    A word is a requirements file, pyproject.toml, pylock.toml, a script with a PEP 723 block, a project's
    directory, a requirement, or `-` for stdin. `:all:` among `extras` means all. `read` takes absolute paths
    and http(s) URLs, and bounds what it reads. Raises one `InputError` with every problem (`others`);
    requirements whose file or directory is not there go into `missing` instead, where that list is given.
    """
    disk = Disk(read=read, exists=exists, isdir=isdir, cwd=cwd, encoding=encoding)
    choice = Choice(
        extras=frozenset(extra if extra == ":all:" else canonicalize_name(extra) for extra in extras),
        groups=frozenset(canonicalize_name(group) for group in groups if ":" not in group),
    )
    run = _Run(disk, environ, choice, stdin=stdin, missing=missing)
    for file in constraints:  # first, as in pip: their option lines count before those of the requirements
        run.reading.file(file, constraint=True, where="--constraint (or pip's setting)")
    for path in editables:
        run.reading.text(f"-e {path}".encode(), "-e", counted=False)
    for word in words or run.default((*requirements, *editables), groups):
        run.word(word)
    for file in requirements:
        run.file(file, _absolute(disk, file))
    run.finish_choice(groups)
    return run.reading.finish()


def _absolute(disk: Disk, word: str) -> str:
    return word if is_web(word) else disk.absolute(word)


class _Run:
    """The state of one `read_inputs`: the reading, and which extras and groups some project file defines."""

    def __init__(
        self,
        disk: Disk,
        environ: Mapping[str, str],
        choice: Choice,
        *,
        stdin: Callable[[], bytes],
        missing: list[Note] | None,
    ) -> None:
        self.disk = disk
        self.reading = Reading(disk, environ, missing)
        self.choice = choice
        self.stdin = stdin
        self.projects: list[ProjectFile] = []
        self.locked = False
        self.trees = False

    def default(self, requirements: Sequence[str], groups: Iterable[str]) -> list[str]:
        """What `wheelplan check` without a word means: the one input that lies here, if there is one only."""
        if requirements or any(groups):
            return []
        here = [
            name
            for name in ("requirements.txt", "pyproject.toml")
            if self.disk.has_file(self.disk.absolute(name))
        ]
        if len(here) == 1:
            self.reading.note(here[0], f"No input was named; `{here[0]}` of this directory is taken.")
            return here
        what = "Here lie both requirements.txt and pyproject.toml." if here else "No input was named."
        self.reading.refuse(BadLine(what, "Name one: wheelplan check requirements.txt"), "")
        return []

    def word(self, word: str) -> None:
        """Read one word of the command line."""
        location = _absolute(self.disk, word)
        if word == "-":
            self.reading.text(self.stdin(), "stdin")
        elif self._is_file(word, location):
            self.file(word, location)
        elif self._names_a_file(word):
            self.reading.refuse(
                BadLine(f"There is no file `{shortened(word)}`.", self._advice(word)), "command line"
            )
        else:
            self._requirement(word)

    def _is_file(self, word: str, location: str) -> bool:
        if is_web(word):
            return re.match(r"(?i)https?:.*\.(txt|in|toml|py)(\?|$)", word) is not None
        return self.disk.has_file(location) and not self._is_archive(word)

    @staticmethod
    def _is_archive(word: str) -> bool:
        return re.search(r"\.(whl|zip|tgz|tar(\.\w+)?)(\[.*\])?$", word) is not None

    def _names_a_file(self, word: str) -> bool:
        if re.search(r"[=<>!~;@\[]|://", word) or self._is_archive(word):
            return False
        if self.disk.has_directory(self.disk.absolute(word)) and looks_like_path(word):
            return False
        named = word.lower().endswith(_FILE_SUFFIXES) or re.fullmatch(
            r"requirements?([-_.][\w.-]*)?", word.lower()
        )
        return bool(named) or looks_like_path(word) or os.path.basename(word) in _OTHER_TOOLS  # noqa: PTH119 -- a name

    def _advice(self, word: str) -> str:
        directory, name = os.path.split(self.disk.absolute(word))
        tries = (
            f"{name}.txt",
            name.replace("_", "-"),
            name.replace("-", "_"),
            f"requirements/{name}",
            "requirements.txt",
        )
        for spelled in tries:
            if spelled != name and self.disk.has_file(self.disk.absolute(spelled, directory)):
                return f"Did you mean {shown_path(spelled, os.path.dirname(word))}?"  # noqa: PTH120 -- a name
        return "Check the name and the directory."

    def _requirement(self, word: str) -> None:
        try:
            wanted = read_requirement(word, disk=self.disk, origin="command line")
        except BadLine as problem:
            self.reading.refuse(problem, "command line")
            return
        if wanted.source is not None and wanted.source.kind == "directory":
            self.trees = True
            chosen = frozenset(canonicalize_name(extra) for extra in self.choice.extras - {":all:"})
            wanted = replace(wanted, extras=wanted.extras | chosen)
        elif wanted.source is None and self.disk.has_directory(self.disk.absolute(word)):
            self.reading.note(
                "command line",
                f"`{word}` is taken for a project of an index; for the directory here write ./{word}",
            )
        self.reading.add(wanted)

    def file(self, word: str, location: str) -> None:
        """Read a file by what its name (then its content) says that it is."""
        name = re.split(r"[/\\]", word.partition("?")[0])[-1]
        shown = without_credentials(word) if is_web(word) else shown_path(word, "", self.disk.cwd)
        problem = self._foreign(name)
        if problem:
            self.reading.refuse(problem, shown)
        elif name.lower().endswith((".toml", ".py")):
            self._document(location, shown, name)
        elif not is_url(word) and not re.search(r"\.\w+$", name) and self._is_script(location, shown):
            self._document(location, shown, f"{name}.py")
        else:
            self.reading.file(word)

    def _is_script(self, location: str, shown: str) -> bool:
        if not self.disk.has_file(location):
            return False
        data = self.reading.read_bytes(location, shown, "")
        return data is not None and data.startswith(b"#!") and b"\n# /// script" in data

    @staticmethod
    def _foreign(name: str) -> BadLine | None:
        if name in _OTHER_TOOLS:
            return BadLine(
                f"`{name}` is another tool's own format.", f"Run `{_OTHER_TOOLS[name]}` and check that file."
            )
        if name == "setup.py":
            return BadLine(
                "setup.py is a program, which wheelplan never runs.",
                "Give its directory, with a `./` before it.",
            )
        if name == "setup.cfg":
            return BadLine(
                "setup.cfg is read with its project.", "Give its directory, with a `./` before it."
            )
        if name.lower().endswith((".yml", ".yaml")):
            return BadLine(
                "This is a YAML file (conda's?), not a list of requirements.", "List what pip is to install."
            )
        return None

    def _document(self, location: str, shown: str, name: str) -> None:
        data = self.reading.read_bytes(location, shown, "")
        if data is None:
            return
        base = self.disk.cwd if is_web(location) else os.path.dirname(location)  # noqa: PTH120 -- a name
        if name.lower().endswith(".py"):
            self._script(data, shown, base)
        elif is_lock_name(name) or re.search(rb"(?m)^lock-version\s*=", data):
            self.locked = True
            read_lock(self.reading, data, shown=shown, base=base, choice=self.choice)
        else:
            project = ProjectFile(self.reading, data, shown=shown, base=base)
            self.projects.append(project)
            if not (self.choice.groups and project.groups and "project" not in project.document):
                project.read_project(self.choice)

    def _script(self, data: bytes, shown: str, base: str) -> None:
        try:
            block = script_block(data)
        except BadLine as problem:
            self.reading.refuse(problem, f"{shown}:{problem.line}" if problem.line else shown)
            return
        if block is None:
            hint = "Write one (PEP 723), or `uv add --script FILE NAME`."
            self.reading.refuse(
                BadLine("This script has no `# /// script` block that lists its dependencies.", hint), shown
            )
            return
        ProjectFile(self.reading, block[0], shown=shown, base=base, first_line=block[1]).read_script()

    def finish_choice(self, groups: Iterable[str]) -> None:
        """Take the groups, and refuse extras and groups that no project file defines."""
        for group in groups:
            path, colon, name = group.rpartition(":")
            if colon:
                self._group_of(path or ".", name)
        if self.choice.groups and not self.projects and not self.locked:
            self._group_of(".", None)
        for project in self.projects:
            project.read_groups(sorted(self.choice.groups), self.choice)
        if not self.locked:
            self._refuse_unknown(
                "extra",
                self.choice.extras - {":all:"},
                {name for one in self.projects for name in one.extras},
            )
            self._refuse_unknown(
                "group", self.choice.groups, {name for one in self.projects for name in one.groups}
            )

    def _group_of(self, path: str, name: str | None) -> None:
        file = path if path.endswith(".toml") else f"{path}/pyproject.toml"
        location = self.disk.absolute(file)
        data = self.reading.read_bytes(
            location, shown_path(file), f"--group {name or min(self.choice.groups)}"
        )
        if data is None:
            return
        project = ProjectFile(self.reading, data, shown=shown_path(file), base=os.path.dirname(location))  # noqa: PTH120 -- a name
        if name is None:
            self.projects.append(project)
            return
        project.read_groups([name], self.choice)
        self._refuse_unknown("group", {canonicalize_name(name)}, set(project.groups))

    def _refuse_unknown(self, kind: str, asked: Iterable[str], known: set[str]) -> None:
        if kind == "extra" and self.trees and not self.projects:
            return  # a directory's extras are known only where its metadata is read
        for name in sorted(set(asked) - known):
            defined = (
                f"Known here: {', '.join(sorted(known))}."
                if known
                else "Give the pyproject.toml that defines it."
            )
            self.reading.refuse(
                BadLine(f"No project file of this run defines the {kind} {name!r}.", defined), f"--{kind}"
            )
