"""The smallest set of requirements that clash, and its story in sentences; proposes no way out.

A conflict that a search ends with names some requirements; which of them are needed for it is found by
leaving out one after another: a set is smallest when it clashes and resolves without any one of its members.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.utils import NormalizedName

from planner.choosing.trials import TRIAL_ROUNDS, Trials
from planner.fits import Fits
from planner.resolve.asks import Ask, Clash, Fixed, Outcome, split_key
from planner.resolve.steer import Steer
from planner.roots import Roots

__all__ = ["Core", "Part", "Unit", "constraint_units", "smallest", "story_of", "units_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One line of the user's: a requirement with its extras, or a constraint.

    `fixes` are the projects whose only candidate it names (an address, a directory).
    """

    place: str
    text: str
    project: NormalizedName
    asks: tuple[Ask, ...] = ()
    constrains: bool = False
    fixes: tuple[NormalizedName, ...] = ()

    @property
    def key(self) -> tuple[bool, str, str, NormalizedName]:
        """What tells it from all other lines."""
        return self.constrains, self.place, self.text, self.project

    def __str__(self) -> str:
        return f"the constraint `{self.text}`" if self.constrains else f"`{self.text}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """Requirements (and constraints) that clash; `sure` that none of them could be spared.

    `clash` is the outcome of an attempt at these alone.
    """

    units: tuple[Unit, ...]
    constraints: tuple[Unit, ...]
    clash: Clash
    sure: bool

    @property
    def projects(self) -> frozenset[NormalizedName]:
        """The projects of its root requirements."""
        return frozenset(unit.project for unit in self.units)


def units_of(asks: Iterable[Ask], roots: Roots) -> list[Unit]:
    """The requirements that root asks belong to, in their order."""
    lines: dict[tuple[str, str, NormalizedName], list[Ask]] = {}
    for ask in asks:
        lines.setdefault((ask.origin, ask.text, ask.project), []).append(ask)

    def fixes(place: str, project: NormalizedName) -> tuple[NormalizedName, ...]:
        fixed = roots.fixed.get(project)
        return (project,) if fixed is not None and fixed.origin == place else ()

    return [
        Unit(place=place, text=text, project=project, asks=tuple(found), fixes=fixes(place, project))
        for (place, text, project), found in lines.items()
    ]


def constraint_units(roots: Roots) -> list[Unit]:
    """Every constraint, also those that fix a project's candidate."""
    own = {(ask.project, ask.origin) for ask in roots.asks}
    found = [
        Unit(place=ask.origin, text=ask.text, project=project, asks=(ask,), constrains=True)
        for project, asks in roots.constraints.items()
        for ask in asks
    ]
    found += [
        Unit(place=fixed.origin, text=project, project=project, constrains=True, fixes=(project,))
        for project, fixed in roots.fixed.items()
        if (project, fixed.origin) not in own
    ]
    return found


@dataclass(slots=True)
class Part:
    """Attempts at a part of the requirements of a run, within its budget."""

    trials: Trials
    steer: Steer

    def attempt(
        self,
        units: Iterable[Unit],
        constraints: Iterable[Unit],
        *,
        steer: Steer | None = None,
        rounds: int = TRIAL_ROUNDS,
        hashes: Mapping[NormalizedName, frozenset[str]] | None = None,
    ) -> Outcome:
        """Resolve these requirements under these constraints, and nothing else of the user's."""
        units, constraints = list(units), list(constraints)
        trials, fits = self.trials, self.trials.fits
        fixing = {project for unit in (*units, *constraints) for project in unit.fixes}
        fixed: dict[NormalizedName, Fixed] = {
            project: one for project, one in trials.roots.fixed.items() if project in fixing
        }
        limits: dict[NormalizedName, list[Ask]] = {}
        for unit in constraints:
            limits.setdefault(unit.project, []).extend(unit.asks)
        if hashes is not None:
            fits = Fits(supported=fits.supported, policy=fits.policy, python=fits.python, hashes=dict(hashes))
        part = replace(trials, roots=replace(trials.roots, fixed=fixed, constraints=limits), fits=fits)
        if hashes is None:
            part.natives = trials.natives
        asks = [ask for unit in units for ask in unit.asks]
        outcome = part.attempt(asks, steer or self.steer, rounds)
        trials.attempts, trials.rounds, trials.cut = part.attempts, part.rounds, part.cut
        return outcome


@dataclass(slots=True)
class _Shrinking:
    """Which sets were found to clash; `sure` while every attempt had an answer."""

    part: Part
    clash: Clash
    sure: bool = True

    def clashes(self, units: Sequence[Unit], constraints: Sequence[Unit]) -> bool:
        """Whether an attempt proves that these clash; the last proof is kept."""
        outcome = self.part.attempt(units, constraints)
        if not isinstance(outcome, Clash):
            return False
        if outcome.limit:
            self.sure = False
            return False
        self.clash = outcome
        return True

    def shrink(self, units: Sequence[Unit], still: Callable[[Sequence[Unit]], bool]) -> list[Unit]:
        """Leave out what is not needed: halves first, so that a few of many are found in few attempts."""
        kept, size = list(units), max(len(units) // 2, 1)
        while True:
            at = 0
            while at < len(kept):
                fewer = kept[:at] + kept[at + size :]
                if fewer and still(fewer):
                    kept = fewer
                else:
                    at += size
            if size == 1:
                return kept
            size //= 2


def smallest(trials: Trials, asks: Sequence[Ask], clash: Clash, steer: Steer) -> Core | None:
    """The smallest set that clashes, of requirements of which `clash` says that they do.

    None where the search was given up and no part of them was found to clash within the budget.
    """
    units, constraints = units_of(asks, trials.roots), constraint_units(trials.roots)
    work = _Shrinking(Part(trials, steer), clash)
    start = _start(work, units, constraints)
    if start is None:
        return None
    work.sure = True
    order = {unit.key: place for place, unit in enumerate((*units, *constraints))}
    told = _told(work.clash)
    start.sort(key=lambda unit: (unit.project in told, order[unit.key]))  # what plays no part goes first

    def in_order(some: Iterable[Unit]) -> list[Unit]:
        return sorted(some, key=lambda unit: order[unit.key])

    kept = in_order(work.shrink(start, lambda some: work.clashes(in_order(some), constraints)))
    limits = _constraints(work, kept, constraints)
    return Core(units=tuple(kept), constraints=tuple(limits), clash=work.clash, sure=work.sure)


def _told(clash: Clash) -> frozenset[NormalizedName]:
    return frozenset(split_key(key)[0] for key in clash.roots)


def _start(work: _Shrinking, units: Sequence[Unit], constraints: Sequence[Unit]) -> list[Unit] | None:
    """A set that surely clashes, the smaller the better: what was told of, what had any conflict, or all."""
    whole = work.clash
    around = frozenset(split_key(key)[0] for key in whole.around)
    for projects in dict.fromkeys((_told(whole), around)):
        some = [unit for unit in units if unit.project in projects]
        if some and len(some) < len(units) and work.clashes(some, constraints):
            return some
    return None if whole.limit else list(units)


def _constraints(work: _Shrinking, units: Sequence[Unit], constraints: Sequence[Unit]) -> list[Unit]:
    """The constraints without which these requirements would not clash."""
    if not constraints or work.clashes(units, ()):
        return []
    near = [unit for unit in constraints if unit.project in work.clash.projects]
    if not near or (len(near) < len(constraints) and not work.clashes(units, near)):
        near = list(constraints)
    return work.shrink(near, lambda some: work.clashes(units, some))


def story_of(core: Core) -> Clash:
    """The conflict to tell: one that leaves no choice open where there is one, else that of the newest.

    The first conflict of a search is that of the newest versions, the last that of what was tried last.
    """
    last, first = core.clash, core.clash.first
    told = [clash for clash in (first, last) if clash is not None and core.projects <= _told(clash)]
    story = next((clash for clash in told if not clash.open), told[0] if told else None)
    if story is None:
        story = last if first is None else _joined(first, last)
    lines = [*_left_out(core, story), *story.lines]
    for project, left in story.open:
        others = "The other version" if left == 1 else f"Each of the other {left} versions"
        lines += [f"{others} of {project} clashes as well."] if left else []
    if not core.sure and len(core.units) + len(core.constraints) > 2:
        lines.append("Some of these requirements may not matter: the attempts were used up.")
    return replace(story, lines=tuple(dict.fromkeys(lines)), refused=last.refused)


def _joined(first: Clash, last: Clash) -> Clash:
    """Two conflicts of one search, where neither tells of all requirements that take part."""
    joined = {**dict(last.open), **dict(first.open)}
    lines = (*first.lines, *last.lines)
    return replace(
        last,
        lines=lines,
        roots=first.roots | last.roots,
        open=tuple(sorted(joined.items())),
        unusable=first.unusable or last.unusable,
    )


def _left_out(core: Core, story: Clash) -> Iterator[str]:
    told = _told(story)
    for unit in core.units:
        if unit.project not in told:
            yield f"{unit.place} asks for {unit.text}."
    text = " ".join(story.lines)
    for unit in core.constraints:
        if f"{unit.place} " not in text:
            limit = next((ask.span.text for ask in unit.asks), "one file")
            yield f"{unit.place} constrains {unit.project} to {limit}."
