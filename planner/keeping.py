"""Which pins of an earlier plan a run keeps: the plan at its place, `-U` and `-P`; must not resolve.

Pins are preferences, as in `uv pip compile -o` and pip-tools: what no longer fits is let go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName, canonicalize_name

from planner.disk import read_local
from planner.dists import parse_requirement
from planner.errors import InputError, PlanError, UsageError
from planner.plan.reading import Previous, read_previous
from planner.plan.values import PlanInput
from planner.resolve.asks import Ask
from planner.wanted import Note

if TYPE_CHECKING:
    from planner.request import Request
    from planner.settings import Settings

__all__ = ["Earlier", "Upgrades", "of_these", "read_earlier", "upgrades_of"]

_NAMED = ("", "stdin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrades:
    """What a run is asked not to keep: everything, or some projects. `constraints` are those of `-P NAME<2`.

    `origins` tells where each name was said.
    """

    everything: bool = False
    origins: Mapping[NormalizedName, str] = field(default_factory=dict)
    constraints: tuple[Ask, ...] = ()

    def keep(self, plan: Previous | None) -> Previous | None:
        """The pins that stay if they can."""
        return None if plan is None or self.everything else plan.without(self.origins.keys())

    def unknown(self, plan: Previous | None, pinned: Iterable[NormalizedName]) -> Iterator[Note]:
        """A remark for each project named that neither the old plan has nor what is pinned now."""
        known = {*pinned, *(plan.pins if plan else ())}
        for name, origin in self.origins.items():
            if name not in known:
                yield Note(where=origin, text=f"Nothing asks for {name}, so there is nothing to upgrade.")


def upgrades_of(settings: Settings) -> Upgrades:
    """What the settings `upgrade` and `upgrade-package` say. Raises `UsageError`."""
    setting = settings.get("upgrade-package")
    origin = setting.origin if setting else ""
    origins: dict[NormalizedName, str] = {}
    constraints = []
    for word in settings.items("upgrade-package"):
        parsed = parse_requirement(word.strip())
        if parsed is None or parsed.url or parsed.marker or parsed.extras:
            raise UsageError(
                f"`upgrade-package` is {word[:60]!r}, and must be a project's name, or NAME<2.",
                where=origin,
                hint="Put other wishes into a requirements or constraints file.",
            )
        name = canonicalize_name(parsed.name)
        origins[name] = origin
        if parsed.specifier:
            constraints.append(Ask(project=name, specifier=parsed.specifier, text=str(parsed), origin=origin))
    return Upgrades(everything=settings.flag("upgrade"), origins=origins, constraints=tuple(constraints))


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What lies at the place of a run's plan. `plan` is None where that is nothing, or nothing readable."""

    where: str = ""
    there: bool = False
    data: bytes = b""
    plan: Previous | None = None
    notes: tuple[Note, ...] = ()


def of_these(earlier: Earlier, inputs: Iterable[PlanInput], words: Iterable[str]) -> Earlier:
    """The earlier plan, unless it was made of other requirements: then its versions mean nothing to these.

    It is of these where it shares a file that was named, or where the words of the one command line are among
    those of the other.
    """
    plan = earlier.plan
    if plan is None or plan.created_by != "wheelplan" or not (plan.inputs or plan.requirements):
        return earlier
    there = {one.path for one in plan.inputs if one.role in _NAMED}
    here = {one.path for one in inputs if one.role in _NAMED}
    before, now = _names(plan.requirements), _names(words)
    if there & here or (before and now and (before <= now or now <= before)):
        return earlier
    told = ", ".join(sorted(there) or plan.requirements)
    note = Note(where=earlier.where, text=f"This plan was of {told}: none of its versions is kept.")
    return replace(earlier, plan=None, notes=(note,))


def _names(requirements: Iterable[str]) -> set[str]:
    parsed = ((text, parse_requirement(text)) for text in requirements)
    return {canonicalize_name(one.name) if one is not None else text for text, one in parsed}


def read_earlier(request: Request, upgrades: Upgrades, markers: Mapping[str, str]) -> Earlier:
    """Read the plan that this run would replace; what is wrong with it is a remark, never an error."""
    path = Path(request.world.cwd, request.output)
    if request.output == "-" or str(path).startswith("/dev/") or not path.exists():
        return Earlier()
    if not path.is_file():  # a pipe would be waited for; what is no file is told where it is written
        return Earlier(there=True)
    try:
        data = read_local(str(path))
        plan = read_previous(data, request.output, markers)
    except (OSError, InputError, PlanError) as error:
        why = f"{error.strerror or error}." if isinstance(error, OSError) else error.what
        where = request.output if isinstance(error, OSError) or not error.where else error.where
        where = request.output if where == str(path) else where
        text = f"The plan that is there cannot be read, so none of its versions is kept: {why}"
        return Earlier(there=True, notes=() if upgrades.everything else (Note(where=where, text=text),))
    notes: tuple[Note, ...] = ()
    if plan.created_by == "wheelplan" and not plan.sealed and not upgrades.everything:
        text = "This plan was edited, merged or cut since it was made; its versions are kept where they fit."
        notes = (Note(where=request.output, text=text),)
    return Earlier(where=request.output, there=True, data=data, plan=plan, notes=notes)
