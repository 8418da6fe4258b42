"""Ways out of a clash, each checked by an attempt; must not tell what clashes, nor propose a guess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from planner.choosing.clashes import Core, Part, Unit, constraint_units, units_of
from planner.choosing.pythons import other_python
from planner.choosing.trials import TRIAL_ROUNDS, Trials
from planner.dists import Pin, Sdist, Wheel, parse_requirement
from planner.resolve.asks import Ask, Outcome, Resolution
from planner.resolve.steer import Steer

__all__ = ["Outlook", "WaysOut"]

WAYS = 3
"""How many are told of one clash."""

NEAREST = (1, 4, 16)
"""How many of the nearest versions are tried before the newest is proposed."""

SEARCHED = 32
"""Among so many versions the nearest is searched for: each attempt may have to read the metadata of all."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Way:
    """A way that was checked; what changes least comes first.

    `builds` counts what would be compiled for it, `moved` the other projects that change, `lowers` says that
    it is an older version than was asked for, `steps` counts the releases in between.
    """

    builds: int
    moved: int
    lowers: bool
    steps: int
    place: int
    text: str
    unit: Unit = field(compare=False)
    version: Version | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The ways out of a clash, best first; where there is none, what was tried.

    `change` is what the first of them changes: the line, and the version that it admits then.
    """

    ways: tuple[str, ...] = ()
    tried: str = ""
    change: tuple[Unit, Version | None] | None = None


@dataclass(slots=True, kw_only=True)
class WaysOut:
    """What ways out are checked against: the rest of the requirements (`rest`), which resolves to `base`."""

    trials: Trials
    steer: Steer
    rest: Sequence[Ask]
    base: Sequence[Pin]
    _kept: Mapping[NormalizedName, Version] = field(init=False)
    _unsure: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        pins = {pin.project: pin.version for pin in self.base if pin.version is not None}
        self._kept = MappingProxyType({**pins, **self.steer.keep})

    def of(self, core: Core) -> Outlook:
        """Up to three ways out of a clash: another version, another Python, doing without."""
        self._unsure = False
        asked = self._asked(core)
        wide = [unit for unit in (*core.units, *core.constraints) if unit.fixes or _specifier(unit)]
        ways = sorted(way for unit in wide if (way := self._widened(asked, unit)) is not None)
        texts = [way.text for way in ways]
        elsewhere = other_python(self.trials, self._steered(), core, asked)
        if elsewhere.text:
            texts.insert(WAYS - 1, elsewhere.text)
        if not ways:
            dropped = sorted(way for unit in core.units if (way := self._dropped(asked, unit)) is not None)
            texts += [way.text for way in dropped]
        if texts:
            change = (ways[0].unit, ways[0].version) if ways else None
            return Outlook(ways=tuple(texts[:WAYS]), change=change)
        if self._unsure or elsewhere.unsure:
            return Outlook(tried="No way out was found in the attempts that were made.")
        tried = ["other versions of " + ", ".join(unit.project for unit in wide)] if wide else []
        tried += [f"Python {elsewhere.tried}"] if elsewhere.tried else []
        tried += ["doing without one of them"] if len(core.units) > 1 else ["doing without it"]
        return Outlook(tried=f"Tried in vain: {'; '.join(tried)}.")

    def quarrel(self, cores: Sequence[Core], outlooks: Sequence[Outlook]) -> bool:
        """Whether the first ways out of several clashes, each checked by itself, do not go together."""
        changes = {change[0].key: change[1] for one in outlooks if (change := one.change) is not None}
        if len(changes) < len(cores):
            return False
        lines = [*self._asked(*cores), *constraint_units(self.trials.roots)]
        changed = [_pinned(one, changes[one.key]) if one.key in changes else one for one in lines]
        hashes = self.trials.roots.hashes
        free = {key[-1] for key in changes}
        others = {name: digests for name, digests in hashes.items() if name not in free}
        outcome = self._attempt(
            [one for one in changed if not one.constrains],
            [one for one in changed if one.constrains],
            self._steered(),
            others if len(others) < len(hashes) else None,
        )
        return not isinstance(outcome, Resolution) and not outcome.limit

    def _asked(self, *cores: Core) -> list[Unit]:
        """The requirements of the clashes and the rest, in the user's order."""
        own = {ask for core in cores for unit in core.units for ask in unit.asks} | set(self.rest)
        return units_of([ask for ask in self.trials.roots.asks if ask in own], self.trials.roots)

    def _steered(self, only: Mapping[NormalizedName, frozenset[Version]] | None = None) -> Steer:
        """Pins of the rest stay where they can: a way out is to change little."""
        return replace(self.steer, keep=self._kept, within={**self.steer.within, **(only or {})})

    def _attempt(
        self,
        units: Sequence[Unit],
        constraints: Sequence[Unit],
        steer: Steer,
        hashes: Mapping[NormalizedName, frozenset[str]] | None = None,
    ) -> Outcome:
        rounds = max(TRIAL_ROUNDS, 3 * len(self.base))
        outcome = Part(self.trials, steer).attempt(units, constraints, rounds=rounds, hashes=hashes)
        self._unsure |= not isinstance(outcome, Resolution) and bool(outcome.limit)
        return outcome

    # -- another version ------------------------------------------------------------------------------

    def _widened(self, asked: Sequence[Unit], unit: Unit) -> _Way | None:
        """What a requirement of the clash would have to admit for the rest to resolve with it."""
        outcome = self._without_specifier(asked, unit, self._steered())
        pin = _pin_of(outcome, unit.project)
        if pin is None or pin.version is None:
            return None
        outcome, pin = self._nearer(asked, unit, outcome, pin)
        if not isinstance(outcome, Resolution) or pin.version is None:
            return None
        so = "the rest resolves with it" if len(asked) > 1 else "that resolves"
        way = self._way(asked, unit, outcome, f"{_instead(unit, pin)}: {so}")
        steps = self._steps(unit).get(pin.version, 0)
        return replace(way, lowers=steps < 0, steps=abs(steps), version=pin.version)

    def _nearer(self, asked: Sequence[Unit], unit: Unit, outcome: Outcome, pin: Pin) -> tuple[Outcome, Pin]:
        """The same with the nearest version that helps, where that is among the first few.

        More versions never make it harder: how many are needed is found by halving.
        """
        near = [*self._nearest(unit, pin)]
        failed, worked = 0, near.index(pin.version) + 1 if pin.version in near else SEARCHED + 1
        sizes = [size for size in NEAREST if size < min(worked, len(near) + 1)]
        while sizes or (worked <= SEARCHED and worked - failed > 1):
            size = sizes.pop(0) if sizes else (failed + worked) // 2
            some = frozenset(near[:size])
            nearer = self._without_specifier(asked, unit, self._steered({unit.project: some}))
            found = _pin_of(nearer, unit.project)
            if found is None:
                failed = size
                continue
            outcome, pin, sizes = nearer, found, []
            worked = near.index(found.version) + 1 if found.version in near else size
        return outcome, pin

    def _way(self, asked: Sequence[Unit], unit: Unit, outcome: Resolution, text: str) -> _Way:
        """A way that was checked, with all that it changes beside what it says."""
        found = {pin.project: pin.version for pin in outcome.pins}
        built = [*self._compiled(outcome)]
        if built:
            text += f" ({', '.join(built[:2])}{' and more' if len(built) > 2 else ''} would be compiled here)"
        return _Way(
            builds=len(built),
            moved=sum(
                project != unit.project and found.get(project, version) != version
                for project, version in self._kept.items()
            ),
            lowers=False,
            steps=0,
            place=next((at for at, one in enumerate(asked) if one.key == unit.key), len(asked)),
            text=text,
            unit=unit,
        )

    def _compiled(self, resolution: Resolution) -> Iterator[str]:
        """What a resolution would compile here that the rest alone does not."""
        known = {pin.project for pin in self.base if isinstance(pin.dist, Sdist)}
        for pin in resolution.pins:
            dist = pin.dist
            if isinstance(dist, Sdist) and pin.project not in known and self.trials.natives.compiles(dist):
                yield f"{pin.project} {pin.version}"

    def _without_specifier(self, asked: Sequence[Unit], unit: Unit, steer: Steer) -> Outcome:
        constraints = [one for one in constraint_units(self.trials.roots) if one.key != unit.key]
        free = tuple(replace(ask, specifier=SpecifierSet(), text=str(ask.project)) for ask in unit.asks)
        wider = [replace(one, asks=free, fixes=()) if one.key == unit.key else one for one in asked]
        hashes = self.trials.roots.hashes
        others = {name: digests for name, digests in hashes.items() if name != unit.project}
        return self._attempt(wider, constraints, steer, others if len(others) < len(hashes) else None)

    def _nearest(self, unit: Unit, pin: Pin) -> Iterator[Version]:
        """Versions that the others admit, by how few releases lie between them and what is asked for.

        Those with a wheel come first: nobody wants a source build for a pin that is one release nearer. Where
        a newer version helps no older one is tried: it often helps for want of bounds that were learnt since.
        """
        if unit.fixes or unit.project in self.trials.roots.hashes:
            return
        page, fits = self.trials.catalog.page(unit.project), self.trials.fits
        needed = [
            requirement.specifier
            for who, text in pin.asked
            if who != unit.place and (requirement := parse_requirement(text)) is not None
        ]
        found, every = [], self._steps(unit)
        if 0 not in every.values():
            return  # it admits nothing at all: then none is nearer than another
        newer = pin.version is not None and every.get(pin.version, 0) > 0
        for version, steps in every.items():
            if newer != (steps > 0):
                continue  # the newest that helps was found: where that is older, no newer one does
            unlike = version.is_prerelease and not (pin.version and pin.version.is_prerelease)
            if unlike or not steps or not all(one.contains(version, prereleases=True) for one in needed):
                continue
            dist = fits.choose(page, version)
            if dist is not None:
                found.append((not isinstance(dist, Wheel), abs(steps), steps < 0, version))
        yield from (version for *_, version in sorted(found))

    def _steps(self, unit: Unit) -> dict[Version, int]:
        """How many releases lie between each version and the nearest that is admitted; less than 0: below."""
        line = sorted(self.trials.catalog.page(unit.project).versions)
        found = dict(_counted(line, unit))
        for version, steps in _counted(line[::-1], unit):
            if steps < found.get(version, steps + 1):
                found[version] = -steps
        return {version: found.get(version, len(line)) for version in line}

    # -- doing without --------------------------------------------------------------------------------

    def _dropped(self, asked: Sequence[Unit], unit: Unit) -> _Way | None:
        left = [one for one in asked if one.key != unit.key]
        outcome = self._attempt(left, constraint_units(self.trials.roots), self._steered())
        if not isinstance(outcome, Resolution):
            return None
        so = "the rest resolves without it" if left else "nothing else is asked for"
        return self._way(asked, unit, outcome, f"drop {unit}{_at(unit)}: {so}")


def _pinned(unit: Unit, version: Version | None) -> Unit:
    """The line as it would be with another version."""
    specifier = SpecifierSet(f"=={version}" if version is not None else "")
    return replace(unit, asks=tuple(replace(ask, specifier=specifier) for ask in unit.asks), fixes=())


def _specifier(unit: Unit) -> str:
    return next((ask.span.text for ask in unit.asks), "")


def _at(unit: Unit) -> str:
    """Where it stands; of what was typed, nobody needs to be told."""
    return "" if unit.place == "command line" else f" ({unit.place})"


def _admits(unit: Unit, version: Version) -> bool:
    return not unit.fixes and all(ask.span.admits(version) for ask in unit.asks)


def _counted(line: Sequence[Version], unit: Unit) -> Iterator[tuple[Version, int]]:
    """How many final releases each version is behind the last one in the line that is admitted."""
    steps: int | None = None
    for version in line:
        if _admits(unit, version):
            steps = 0
            yield version, 0
        elif steps is not None:
            steps += not version.is_prerelease
            yield version, max(steps, 1)


def _pin_of(outcome: Outcome, project: NormalizedName) -> Pin | None:
    """The pin of a project, None where there is no resolution or it is in none."""
    pins = outcome.pins if isinstance(outcome, Resolution) else ()
    return next((pin for pin in pins if pin.project == project), None)


def _instead(unit: Unit, pin: Pin) -> str:
    """What to write: another pin for a pin, and what a range must admit."""
    extras = sorted(ask.extra for ask in unit.asks if ask.extra)
    name = f"{unit.project}[{','.join(extras)}]" if extras else str(unit.project)
    if unit.fixes:
        return f"take {name} {pin.version} from the index instead of {unit}{_at(unit)}"
    if not all(ask.span.exact for ask in unit.asks):
        return f"let {unit}{_at(unit)} admit {unit.project} {pin.version}"
    if unit.constrains:
        return f"constrain it to `{name}=={pin.version}` instead of `{unit.text}`{_at(unit)}"
    return f"ask for `{name}=={pin.version}` instead of `{unit.text}`{_at(unit)}"
