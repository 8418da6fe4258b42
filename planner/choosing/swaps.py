"""Whether a set of pins holds with another file in the place of one: directly, else by one more resolution.

Joins the pins' own metadata with attempts over the same catalog; must not say which file would be better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.choosing.trials import Trials
from planner.dists import Dist, Metadata, Pin, Refusal, Sdist, Wheel, parse_requirement
from planner.resolve.admission import applies
from planner.resolve.asks import Ask, Clash, Resolution
from planner.resolve.steer import Steer

__all__ = ["STAYS", "Checked", "Swap", "Swaps"]

STAYS = "everything else can stay"
_NAMED = 2  # changed pins that are told by name


class Checked(NamedTuple):
    """Whether the set holds with a swap (None: not known), and why, as a phrase.

    `line` is the place of a requirement of the user's own that must be changed for it, "" where none must.
    """

    holds: bool | None
    why: str
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A file in the place of a pinned project: another version of it, or a file of a sibling project."""

    instead_of: NormalizedName
    dist: Dist

    @property
    def project(self) -> NormalizedName:
        """The project of the file."""
        return self.dist.project

    @property
    def version(self) -> Version:
        """The version of the file."""
        return self.dist.version


@dataclass(frozen=True, slots=True)
class _Demand:
    """What one pin asks of a project."""

    by: NormalizedName
    who: str
    text: str
    specifier: SpecifierSet


class Swaps:
    """Answers for one resolution. `asks` are the root requirements that it was made of."""

    def __init__(self, pins: Sequence[Pin], asks: Sequence[Ask], trials: Trials) -> None:
        self._pins = {pin.project: pin for pin in pins}
        self._asks = tuple(asks)
        self._trials = trials
        self._environment = tuple(sorted(trials.machine.markers.items()))
        self._demands: dict[NormalizedName, list[_Demand]] = {}
        if not trials.fits.policy.no_deps:
            for pin in pins:
                self._learn(pin)

    def _learn(self, pin: Pin) -> None:
        who = f"{pin.project} {pin.version}" if pin.version else str(pin.project)
        for text, requirement in self._needs(pin.metadata, pin.extras):
            project = canonicalize_name(requirement.name)
            if project != pin.project:
                demand = _Demand(pin.project, who, text, requirement.specifier)
                self._demands.setdefault(project, []).append(demand)

    def _needs(
        self, metadata: Metadata, extras: Sequence[NormalizedName]
    ) -> Iterator[tuple[str, Requirement]]:
        """What a distribution asks for on this machine: (text, requirement)."""
        for text in metadata.requires:
            requirement = parse_requirement(text)
            if requirement is not None and any(
                applies(text, self._environment, extra) for extra in (None, *extras)
            ):
                yield _shown(requirement), requirement

    # -- directly -------------------------------------------------------------------------------------

    def admitted(self, swap: Swap) -> bool:
        """Whether every other pin admits the file: then its own metadata is worth a request."""
        return not self._blockers(swap)

    def directly(self, swap: Swap) -> Checked | None:
        """The answer where no search is needed: nothing else changes, or what refuses it cannot change."""
        for demand in self._blockers(swap):
            if swap.project != swap.instead_of or self._held(demand.by):
                return _no(self._not_with(demand.by, f"{demand.who} needs {demand.text}"))
        for said in self._trials.roots.constraints.get(swap.project, ()):
            if not said.admits(swap.version):
                return _no(f"not with {said.origin} ({said.text})")
        if self._blockers(swap):
            return None
        metadata = self._metadata(swap.dist)
        if isinstance(metadata, Refusal):
            return _of_refusal(metadata)
        if not self._trials.fits.takes_python(metadata.requires_python):
            return _no(f"not with this Python (it requires Python {metadata.requires_python})")
        return self._own_needs(swap, metadata)

    def _own_needs(self, swap: Swap, metadata: Metadata) -> Checked | None:
        """Whether the pins meet what the file itself asks for; None when a search must tell."""
        stays = self._widened(swap, STAYS)
        if self._trials.fits.policy.no_deps:
            return stays
        unclear = False
        for text, requirement in self._needs(metadata, self._pins[swap.instead_of].extras):
            pin = self._pins.get(canonicalize_name(requirement.name))
            if pin is None or requirement.url is not None:
                unclear = True
            elif pin.version is not None and not requirement.specifier.contains(
                pin.version, prereleases=True
            ):
                if self._held(pin.project):
                    needs = f"{swap.project} {swap.version} needs {text}"
                    return _no(self._not_with(pin.project, needs))
                unclear = True
            elif not {canonicalize_name(extra) for extra in requirement.extras} <= set(pin.extras):
                unclear = True
        return None if unclear else stays

    def _blockers(self, swap: Swap) -> list[_Demand]:
        """The pins that refuse the file; of a sibling also those that ask for the project itself."""
        demands = self._demands.get(swap.project, ())
        refusing = [d for d in demands if not d.specifier.contains(swap.version, prereleases=True)]
        return (
            refusing if swap.project == swap.instead_of else self._demands.get(swap.instead_of, []) + refusing
        )

    def _held(self, project: NormalizedName) -> bool:
        """Whether the user's own words leave that project one version."""
        said = (*self._asks, *self._trials.roots.constraints.get(project, ()))
        return project in self._trials.roots.fixed or any(
            ask.project == project and ask.span.exact for ask in said
        )

    def _metadata(self, dist: Dist) -> Metadata | Refusal:
        if isinstance(dist, Wheel):
            return self._trials.catalog.metadata(dist)
        reading = self._trials.catalog.sdist(dist, self._trials.machine.markers)
        return reading if isinstance(reading, Refusal) else reading.metadata

    # -- by one more resolution -----------------------------------------------------------------------

    def by_search(self, swap: Swap, builds: Sequence[NormalizedName]) -> Checked:
        """The answer of an attempt that holds the project to that version; `builds` are built now."""
        trials = self._trials
        policy = trials.fits.policy
        keep = {
            p.project: p.version for p in self._pins.values() if p.version and p.project != swap.instead_of
        }
        steer = Steer(
            first=(swap.project,),
            keep=keep,
            kept_builds=frozenset(builds),
            within={swap.project: frozenset({swap.version})},
            wheels=policy.prefer == "wheels",
            max_held_back=policy.max_held_back,
        )
        outcome = trials.attempt(self._asks_with(swap), steer)
        if isinstance(outcome, Resolution):
            return self._resolved(swap, outcome, builds)
        return self._clashing(swap, outcome)

    def _asks_with(self, swap: Swap) -> list[Ask]:
        """The root requirements, with those that refuse the swap widened."""
        refusing = {id(ask) for ask in self._refusing(swap)}
        return [
            ask
            if id(ask) not in refusing
            else Ask(
                project=swap.project,
                extra=ask.extra,
                specifier=SpecifierSet(),
                text=str(swap.project),
                origin=ask.origin,
            )
            for ask in self._asks
        ]

    def _refusing(self, swap: Swap) -> list[Ask]:
        """The user's own lines that must be changed for the swap."""
        other = swap.project != swap.instead_of
        mine = [ask for ask in self._asks if ask.project == swap.instead_of]
        return [ask for ask in mine if other or not ask.admits(swap.version)]

    def _resolved(self, swap: Swap, found: Resolution, builds: Sequence[NormalizedName]) -> Checked:
        before = {project: pin.version for project, pin in self._pins.items()}
        apart = {swap.instead_of, swap.project}
        fresh = [
            pin
            for pin in found.pins
            if isinstance(pin.dist, Sdist)
            and pin.project not in {*builds, *apart}
            and self._trials.natives.compiles(pin.dist)
        ]
        if fresh:
            return _no(f"not without building {fresh[0].project} {fresh[0].version} from source")
        changed = [
            f"{pin.project}=={pin.version}"
            for pin in found.pins
            if pin.project not in apart and before.get(pin.project, pin.version) != pin.version
        ]
        told = "the set resolves with it"
        if changed:
            named = ", ".join(changed) if len(changed) <= _NAMED else f"{len(changed)} other changed pins"
            told += f", with {named}"
        return self._widened(swap, told)

    def _clashing(self, swap: Swap, clash: Clash) -> Checked:
        if clash.limit:
            return Checked(None, f"not tried to the end: {clash.limit}")
        blockers = self._blockers(swap)
        if blockers:
            return _no(self._not_with(blockers[0].by, f"{blockers[0].who} needs {blockers[0].text}"))
        line = clash.lines[0].rstrip(".") if clash.lines else "its own requirements clash"
        return _no(f"the set does not resolve with it ({line})")

    # -- words ----------------------------------------------------------------------------------------

    def _widened(self, swap: Swap, told: str) -> Checked:
        """It holds, once the user's own lines that refuse it are changed."""
        refusing = self._refusing(swap)
        if not refusing:
            return Checked(holds=True, why=told)
        places = list(dict.fromkeys(_place(ask) for ask in refusing))
        where = f"{places[0]} and {len(places) - 1} more" if len(places) > 1 else places[0]
        if swap.project != swap.instead_of:
            return Checked(holds=True, why=f"if {where} asks for it instead, {told}", line=places[0])
        widened = f"if {where} ({refusing[0].specifier}) is widened, {told}"
        return Checked(holds=True, why=widened, line=places[0])

    def _not_with(self, project: NormalizedName, why: str) -> str:
        where = self._root_of(project)
        return f"not with {where} ({why})" if where else f"not with the others ({why})"

    def _root_of(self, project: NormalizedName) -> str:
        """The user's own line that brings a project in, the nearest one."""
        origins: Mapping[NormalizedName, str] = {ask.project: _place(ask) for ask in reversed(self._asks)}
        waiting, seen = [project], {project}
        while waiting:
            one = waiting.pop(0)
            if one in origins:
                return origins[one]
            above = sorted({demand.by for demand in self._demands.get(one, ())} - seen)
            seen.update(above)
            waiting.extend(above)
        return ""


def _shown(requirement: Requirement) -> str:
    """A requirement without its marker; older metadata has its versions in parentheses."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _place(ask: Ask) -> str:
    """Where the user wrote it, as a sentence names it."""
    return "the command line" if ask.origin == "command line" else ask.origin


def _no(why: str) -> Checked:
    return Checked(holds=False, why=why)


def _of_refusal(refusal: Refusal) -> Checked:
    if refusal.unanswered:
        return Checked(None, "not tried: what it asks for could not be read")
    return _no(f"it cannot be used: {refusal.detail.rstrip('.')}")
