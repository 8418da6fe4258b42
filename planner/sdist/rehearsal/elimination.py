"""What a build can do without: it is rehearsed with things taken away, one after another, and compared.

Must not know how a build is followed. This is how one would prune a list of packages by hand: what is left in
the end, and whose absence stops the build, is what it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from planner.needs import EXTENSION_LEFT_OUT, FEATURE_LEFT_OUT
from planner.sdist.rehearsal.imagined import Asked
from planner.sdist.rehearsal.rehearse import Outcome

__all__ = [
    "COPY_BUILT",
    "DOWNLOADED",
    "EXTENSION_LEFT_OUT",
    "FEATURE_LEFT_OUT",
    "PART_LEFT_OUT",
    "Elimination",
    "Spared",
]

PART_LEFT_OUT = "one of its compiled extensions is left out"
"""Others are still built."""

COPY_BUILT = "a copy that it brings is built"
DOWNLOADED = "a copy is downloaded and built"

MAX_STEPS = 150_000
MAX_RUNS = 40
MAX_REPAIRS = 6
MAX_GROUPS = 5


@dataclass(frozen=True, slots=True)
class Spared:
    """Something that the build does without, and what happens then; `seen` is False when nothing is.

    `bare` says that the same is built with fewer flags, and nothing in their place.
    """

    asked: Asked
    effect: str
    seen: bool
    bare: bool = False


@dataclass
class Elimination:
    """Rehearses with `run(missing, granted, old)` until it is known what stops the build.

    `copies` are things that only a copy needs, with what it stands in for. `instead` leads from one thing to
    what is asked for where it is missing, `origin` back.
    """

    run: Callable[[frozenset[str], frozenset[str], frozenset[str]], Outcome]
    granted: frozenset[str] = frozenset()
    old: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    spared: dict[str, Spared] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    instead: dict[str, tuple[str, ...]] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    exhausted: bool = False
    last: Outcome = field(init=False)
    full: Outcome = field(init=False)
    _steps: int = 0
    _runs: int = 0

    def start(self) -> Outcome:
        """The build on a machine that has everything, put right where only that stops it."""
        outcome = self._try(frozenset())
        for _ in range(MAX_REPAIRS):
            if outcome.stop is None or 2 * self._steps > MAX_STEPS:
                break
            better = self._repaired(outcome)
            if better is None:
                break
            outcome = better
        self.full = outcome
        return outcome

    def _repaired(self, outcome: Outcome) -> Outcome | None:
        """With the last module that was not there, or an older version: perhaps the build goes on then."""
        absent = [name for name in outcome.asked if name.startswith("dist:") and name not in self.granted]
        for subject in reversed(absent):
            self.granted |= {subject}
            again = self._try(frozenset())
            if again.stop is None or again.stop != outcome.stop:
                return again
            self.granted -= {subject}
        for subject in reversed([name for name in outcome.floors if name not in self.old]):
            self.old |= {subject}
            again = self._try(frozenset())
            if again.stop is None or again.stop != outcome.stop:
                return again
            self.old -= {subject}
        return None

    def _try(self, missing: frozenset[str]) -> Outcome:
        outcome = self.run(missing, self.granted, self.old)
        self._steps += outcome.steps
        self._runs += 1
        self.exhausted = self._steps > MAX_STEPS or self._runs > MAX_RUNS
        return outcome

    def prune(self) -> Outcome:
        """Take away whatever can be taken away; the outcome is that of the build that is left."""
        current = self.full
        queue = [name for name, asked in current.asked.items() if asked.certain and not asked.fatal]
        self._halves(queue, current)
        current = self.last
        self._alternatives(current)
        return current

    def _halves(self, queue: list[str], current: Outcome) -> None:
        """Take away many at once where that changes little, else fewer, else one."""
        self.last = current
        stack = [queue]
        while stack and not self.exhausted:
            group = [name for name in stack.pop() if name not in self.missing and name in self.last.asked]
            if not group:
                continue
            outcome = self._try(self.missing | set(group))
            stops = self._stops(outcome)
            if len(group) > 1 and (stops or self._matters(outcome)):
                middle = (len(group) + 1) // 2
                stack += [group[middle:], group[:middle]]
            elif stops:
                self.settled.add(group[0])
            else:
                stack.append(self._accept(group, outcome))

    def _matters(self, outcome: Outcome) -> bool:
        """Whether so much changes that each thing has to be looked at by itself."""
        effect, _ = effect_of(self.last, outcome)
        return effect != FEATURE_LEFT_OUT or bool(self._fresh(outcome)) or bare(self.last, outcome)

    def _fresh(self, outcome: Outcome) -> list[str]:
        """What is asked for now that was not before."""
        return [
            name for name, asked in outcome.asked.items() if name not in self.last.asked and asked.certain
        ]

    def _accept(self, group: list[str], outcome: Outcome) -> list[str]:
        """The build goes on without these; the answer is what it asks for in their place."""
        fresh, first = self._fresh(outcome), group[0]
        elsewhere = any(name.startswith(("header:", "pkg-config:")) for name in fresh)
        if elsewhere and self._stops(self._try(self.missing | {first} | set(fresh))):
            self.settled.add(first)  # it looks where systems seldom have it
            self.instead[first] = tuple(fresh)
            return []
        effect, _ = effect_of(self.last, outcome)
        self._spare(group, outcome)
        self.last = outcome
        if effect == DOWNLOADED:
            self.copies.update(dict.fromkeys(fresh, first))
            return []
        for name in fresh:
            if not name.startswith("library:"):  # which is linked in any case, found in another way
                self.origin.setdefault(name, first)
        if len(fresh) == 1:
            self.instead[first] = (fresh[0],)
        return fresh

    def _spare(self, group: list[str], outcome: Outcome) -> None:
        effect, seen = effect_of(self.last, outcome)
        self.missing |= set(group)
        for name in group:
            self.spared[name] = Spared(self.last.asked[name], effect, seen, bare(self.last, outcome))
        for name, asked in self.last.asked.items():  # what is no longer asked for went with it
            if name not in outcome.asked and name not in self.spared:
                self.spared[name] = Spared(asked, effect, seen)

    def _alternatives(self, current: Outcome) -> None:
        """What stops the build now, though not at first: something that was taken away serves as well."""
        for name, asked in current.asked.items():
            if (
                name in self.missing
                or asked.fatal
                or not asked.certain
                or name in self.origin
                or name in self.copies
                or self.exhausted
            ):
                continue
            alone = self._try(frozenset({name}))
            if self._stops(alone):
                continue
            near = [one for one in self.spared if one in self.missing]
            beside = [one for one in near if self.spared[one].asked.evidence.where == asked.evidence.where]
            groups = (
                [beside, *([one] for one in near if one not in beside)] if beside else [[one] for one in near]
            )
            for group in groups[:MAX_GROUPS]:
                if self._stops(self._try(frozenset({name, *group}))):
                    self.instead[name] = (*self.instead.get(name, ()), *group)
                    self.origin.update(dict.fromkeys(group, name))
                    break

    def _stops(self, outcome: Outcome) -> bool:
        full = self.full.stop
        return outcome.stop is not None and outcome.stop != full

    def floor_holds(self, subject: str) -> bool:
        """Whether an older version than the one that is compared with stops the build."""
        if self.exhausted:
            return False
        outcome = self.run(self.missing, self.granted, self.old | {subject})
        self._steps += outcome.steps
        self._runs += 1
        return self._stops(outcome)


def bare(before: Outcome, after: Outcome) -> bool:
    """Whether the same extensions are built, with less of what programs print and nothing else instead."""
    had = {(one.file, one.line, one.name, one.sources, one.settings): one.printed for one in before.compiled}
    has = {(one.file, one.line, one.name, one.sources, one.settings): one.printed for one in after.compiled}
    return had.keys() == has.keys() and any(has[key] < had[key] for key in had)


def effect_of(before: Outcome, after: Outcome) -> tuple[str, bool]:
    """What happens to the build between the two, and whether anything does."""
    had, has = _built(before), _built(after)
    lost = set(had) - set(has)
    if lost:
        return (PART_LEFT_OUT if has else EXTENSION_LEFT_OUT), True
    if any(name.startswith("network:") and name not in before.asked for name in after.asked):
        return DOWNLOADED, True
    if set(after.scripts) - set(before.scripts) or any(has[key][0] > had[key][0] for key in had):
        return COPY_BUILT, True
    gone = any(name.startswith("library:") and name not in after.asked for name in before.asked)
    return FEATURE_LEFT_OUT, gone or had != has or bare(before, after)


def _built(outcome: Outcome) -> dict[tuple[str, int, str], tuple[int, str]]:
    """The extensions that are built, each with the number of its sources and a text of its settings."""
    out: dict[tuple[str, int, str], tuple[int, str]] = {}
    for compiled in outcome.compiled:
        out[(compiled.file, compiled.line, compiled.name)] = (len(compiled.sources), compiled.settings)
    return out
