"""Requirement files as pip 26.3 reads them, to values with `file:line`; must not open or fetch anything.

A `Reading` takes files one after the other and collects what they say *and every line that is wrong*: all bad
lines of a run are told together. pip's own reader is the oracle of the tests.
https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urljoin

from packaging.specifiers import SpecifierSet

from planner.errors import InputError, WheelplanError
from planner.inputs.locations import find_links, guess, is_web, shown_path
from planner.inputs.optionlines import OptionLines, ignored_in
from planner.inputs.reqlines import (
    BadLine,
    Line,
    MissingTarget,
    Options,
    decode,
    logical_lines,
    read_options,
    split_options,
)
from planner.inputs.sources import read_requirement
from planner.urls import local_path, redacted, shortened, without_credentials
from planner.wanted import Disk, InputFile, Inputs, Note, Wanted

__all__ = ["Reading"]

MOST_ERRORS = 100
MOST_INCLUSIONS = 10_000


@dataclass(frozen=True, slots=True)
class _File:
    """A file on the way down: its location (absolute path or URL), as it is shown, and what its lines are."""

    location: str
    shown: str
    constraint: bool


class Reading:
    """What the inputs of one run say, while they are read.

    `finish` gives the `Inputs`, or raises one `InputError` for all that was refused. With a list `missing`,
    requirements whose file or directory is not there go into it instead: the rest can be looked at.
    """

    def __init__(self, disk: Disk, environ: Mapping[str, str], missing: list[Note] | None = None) -> None:
        self.disk = disk
        self.missing = missing
        self.environ = environ
        self.wanted: list[Wanted] = []
        self.constraints: list[Wanted] = []
        self.notes: list[Note] = []
        self.errors: list[InputError] = []
        self.requires_python = SpecifierSet()
        self._files: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self.said = OptionLines()
        self._inclusions = 0

    def refuse(self, problem: BadLine, where: str, line: Line | None = None) -> None:
        """Remember that something cannot be read; the run goes on to find the rest."""
        mask = line.masked if line else str
        if isinstance(problem, MissingTarget) and self.missing is not None:
            self.missing.append(Note(where=where, text=f"{mask(problem.what)} {mask(problem.hint)}"))
        elif len(self.errors) < MOST_ERRORS:
            self.errors.append(InputError(mask(problem.what), where=where, hint=mask(problem.hint)))
        elif len(self.errors) == MOST_ERRORS:
            self.errors.append(
                InputError(
                    f"There are more than {MOST_ERRORS} bad lines; the rest is not told.",
                    where=where,
                    hint="",
                )
            )

    def note(self, where: str, text: str) -> None:
        """Remember something that is legal and does not do what it seems to do."""
        note = Note(where=where, text=redacted(text))
        if len(self.notes) < MOST_ERRORS:
            self.notes.append(note)

    def add(self, wanted: Wanted, *, constraint: bool = False) -> None:
        """Take a requirement, or a constraint; a constraint that pip does not take is refused."""
        if not constraint:
            self.wanted.append(wanted)
        elif wanted.editable or wanted.name is None or wanted.extras:
            kind = (
                "editable" if wanted.editable else "without a name" if wanted.name is None else "with extras"
            )
            hint = "Write NAME and a version, or move the line to the requirements."
            self.refuse(
                BadLine(f"`{shortened(wanted.text)}` is {kind}, which no constraint may be.", hint),
                wanted.origin,
            )
        else:
            self.constraints.append(wanted)

    def finish(self) -> Inputs:
        """All that was read. Raises `InputError`, which holds every further one in `others`."""
        if self.errors:
            first, *others = self.errors
            raise InputError(first.what, where=first.where, hint=first.hint, others=tuple(others))
        return Inputs(
            wanted=tuple(self.wanted),
            constraints=tuple(self.constraints),
            files=tuple(InputFile(path=path, sha256=digest) for path, digest in self._files.items()),
            options=self.said.options(),
            requires_python=self.requires_python,
            notes=tuple(self.notes),
        )

    def read_bytes(self, location: str, shown: str, where: str) -> bytes | None:
        """The bytes of an input, whose digest is remembered; None when they cannot be read (then refused)."""
        try:
            path = local_path(location)
            data = self.disk.read(self.disk.absolute(path) if path is not None else location)
        except WheelplanError as error:
            self.refuse(BadLine(error.what, error.hint), where or error.where)
        except FileNotFoundError:
            self.refuse(BadLine(f"`{shown}` does not exist.", "Check the name and the directory."), where)
        except IsADirectoryError:
            self.refuse(BadLine(f"`{shown}` is a directory.", "Name the file in it that you mean."), where)
        except (OSError, ValueError) as error:  # ValueError: a name with a NUL byte
            reason = getattr(error, "strerror", None) or "it has no valid name"
            self.refuse(
                BadLine(f"`{shortened(shown)}` cannot be read: {reason}.", "Check its rights."), where
            )
        else:
            self.remember(shown, data)
            return data
        return None

    def remember(self, shown: str, data: bytes) -> None:
        """Note the digest of an input that was read."""
        self._files[shown] = hashlib.sha256(data).hexdigest()

    def file(self, name: str, *, constraint: bool = False, where: str = "") -> None:
        """Read a requirements (or constraints) file that a word or a setting names, and all it includes."""
        location = name if is_web(name) else self.disk.absolute(name)
        self._walk(
            _File(
                location,
                without_credentials(name) if is_web(name) else shown_path(name, "", self.disk.cwd),
                constraint,
            ),
            where,
        )

    def text(self, data: bytes, shown: str, *, constraint: bool = False, counted: bool = True) -> None:
        """Read requirements that came without a file (stdin): paths count from the working directory.

        `counted` says whether they are an input of which the plan keeps the digest.
        """
        location = self.disk.absolute(shown)
        if counted:
            self.remember(shown, data)
        text = self._decoded(data, shown)
        if text is not None:
            self._texts[location] = text
            self._walk(_File(location, shown, constraint), "")

    def _decoded(self, data: bytes, shown: str) -> str | None:
        try:
            text = decode(data, self.disk.encoding)
            if "\0" in text[:10_000]:
                raise BadLine("This is no text file, or UTF-16 without its mark.", "Save it as UTF-8.")  # noqa: TRY301 -- one way out
            if re.match(r"\s*<(?:!doctype|html|\?xml)", text[:1000], re.IGNORECASE):
                raise BadLine("This is a web page, not a requirements file.", "Fetch the raw file.", 1)  # noqa: TRY301 -- one way out
        except BadLine as problem:
            self.refuse(problem, f"{shown}:{problem.line}" if problem.line else shown)
            return None
        return text

    def _lines(self, file: _File, where: str) -> Iterator[Line]:
        if file.location not in self._texts:
            data = self.read_bytes(file.location, file.shown, where)
            text = None if data is None else self._decoded(data, file.shown)
            self._texts[file.location] = text or ""
        return logical_lines(self._texts[file.location], self.environ)

    def _walk(self, first: _File, where: str) -> None:
        # By hand, not by recursion: a chain of a thousand files is no reason to fall over.
        stack = [(first, self._lines(first, where))]
        open_files = {first.location: ""}
        while stack:
            file, lines = stack[-1]
            nested = None
            for line in lines:
                nested = self._line(file, line, open_files)
                if nested:
                    stack.append((nested, self._lines(nested, f"{file.shown}:{line.number}")))
                    open_files[nested.location] = f"{file.shown}:{line.number}"
                    break
            if not nested:
                stack.pop()
                del open_files[file.location]

    def _line(self, file: _File, line: Line, open_files: Mapping[str, str]) -> _File | None:
        """Read one line; the file that it includes, if it does."""
        where = f"{file.shown}:{line.number}"
        text, option_text = split_options(line.text)
        try:
            options = read_options(option_text)
            self.said.take_words(options)
            if text or options.all("editable"):
                self._requirement(file, line, text, options)
            elif options.all("requirement") or options.all("constraint"):
                return self._nested(file, where, options, open_files)
            else:
                self.said.take(options, where, partial(find_links, self.disk, file.location))
                for note in ignored_in(options):
                    self.note(where, note)
        except BadLine as problem:
            self.refuse(problem, where, line)
        return None

    def _requirement(self, file: _File, line: Line, text: str, options: Options) -> None:
        where = f"{file.shown}:{line.number}"
        editable = bool(options.all("editable"))
        text = text or options.all("editable")[0]
        hashes = tuple(
            f"{value.partition(':')[0]}:{value.partition(':')[2].lower()}" for value in options.all("hash")
        )
        if hashes and not editable:
            self.said.hashed = True
        settings = tuple(value.partition("=")[::2] for value in options.all("config-settings"))
        self._note_ignored(where, editable=editable, options=options)
        wanted = read_requirement(
            text,
            disk=self.disk,
            origin=where,
            written=split_options(line.written)[0] or line.masked(text),
            editable=editable,
            hashes=() if editable else hashes,
            config_settings=settings,
        )
        if (
            wanted.source
            and wanted.source.path
            and re.match(r"[^:]*?@(?!\s*(?:\w+\+)?file:)", text, re.IGNORECASE)
        ):
            self.note(
                where, f"`{wanted.text}` names a path after @: uv takes that, pip wants a file: address."
            )
        self.add(wanted, constraint=file.constraint)

    def _note_ignored(self, where: str, *, editable: bool, options: Options) -> None:
        known = {"hash", "config-settings", "no-binary", "only-binary", "all-releases", "only-final"}
        said = [option for option, _ in options.said if option not in known]
        if editable:
            said.remove("editable")
            said += ["hash"] if options.all("hash") else []
        for option in said:
            self.note(where, f"--{option} has no effect on the line of a requirement; pip ignores it.")
        if options.ignored:
            rest = shortened(" ".join(options.ignored), 80)
            self.note(where, f"What follows the options, `{rest}`, has no effect; pip ignores it.")

    def _nested(
        self, file: _File, where: str, options: Options, open_files: Mapping[str, str]
    ) -> _File | None:
        asked = options.all("requirement") or options.all("constraint")
        constraint = not options.all("requirement")
        if len(options.said) > 1:
            self.note(
                where,
                f"Only `{shortened(asked[0], 80)}` is read; pip ignores the other options of this line.",
            )
        name = asked[0]
        if is_web(file.location):
            location = urljoin(file.location, name)
            shown = without_credentials(location)
        elif is_web(name):
            location, shown = name, without_credentials(name)
        else:
            location = self.disk.absolute(name, os.path.dirname(file.location))  # noqa: PTH120 -- a name, not a file
            shown = shown_path(name, os.path.dirname(file.shown), self.disk.cwd)  # noqa: PTH120
        self._check_nested(location, shown, name, open_files)
        if file.constraint and not constraint:
            self.note(
                where,
                f"pip takes `{shown}` for requirements although a constraints file names it: -c does not.",
            )
        self._inclusions += 1
        return _File(location, shown, constraint)

    def _check_nested(self, location: str, shown: str, name: str, open_files: Mapping[str, str]) -> None:
        if location in open_files:
            again = open_files[location]
            raise BadLine(
                f"`{shown}` includes itself{f', first from {again}' if again else ''}.",
                "Remove one of the two.",
            )
        if self._inclusions >= MOST_INCLUSIONS:
            raise BadLine(f"More than {MOST_INCLUSIONS} files are included.", "Name each file once.")
        if re.search(r"(?i)\.(toml|lock|py|ya?ml)$", shown):
            raise BadLine(
                f"`{shown}` is no requirements file, and -r in a file reads nothing else.",
                f"Give it on the command line: wheelplan check {shown}",
            )
        if not is_web(location) and not self.disk.has(location):
            raise BadLine(f"`{shortened(shown)}` does not exist.", guess(self.disk, location, name))
