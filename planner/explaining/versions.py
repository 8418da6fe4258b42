"""Why each version before the pinned one fell out: asked for otherwise, no file, a build, a clash.

Asks the catalog for pages and metadata, of a few candidates only; must not resolve or print.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from planner.dists import Dist, Metadata, Pin, Reason, Sdist, Wheel, parse_requirement
from planner.explaining.askers import asked_sentence, excludes, name_of
from planner.explaining.files import nearest_miss, wheel_miss
from planner.explaining.values import Fallen, Other
from planner.page import Page
from planner.resolve.admission import admitted
from planner.resolve.asks import Ask, Candidate
from planner.resolve.dependencies import Dependencies
from planner.resolve.steer import uploaded

if TYPE_CHECKING:
    from planner.choosing.trials import Trials

__all__ = ["CANDIDATES_READ", "Considered", "wants_lowest"]

CANDIDATES_READ = 8
"""Of one project, the versions whose own requirements are looked at: each may cost a download."""

PAGES_READ = 12
"""Of projects that are not pinned and that such a version needs."""

_POLICY: Mapping[Reason, Fallen] = {
    Reason.YANKED: "yanked",
    Reason.TOO_LATE: "too-late",
    Reason.FORMAT: "excluded",
    Reason.HASH: "excluded",
    Reason.REQUIRES_PYTHON: "requires-python",
}


def wants_lowest(pin: Pin, trials: Trials) -> bool:
    """Whether the lowest version of a project was asked for (`--resolution`)."""
    strategy = trials.fits.policy.strategy
    roots = {ask.project for ask in trials.roots.asks}
    return strategy == "lowest" or (strategy == "lowest-direct" and pin.project in roots)


class Considered:
    """The versions of one pinned project, each with why it is not the pinned one."""

    def __init__(self, pin: Pin, pins: Sequence[Pin], page: Page, trials: Trials, *, kept: bool) -> None:
        self._pin = pin
        self._pins = {one.project: one for one in pins}
        self._page = page
        self._trials = trials
        self._kept = kept
        self._read = 0
        self._pages = 0
        self._dependencies = Dependencies(trials.catalog, trials.fits, trials.machine.markers, borrow=False)
        asked = [(who, text, _specifier(text)) for who, text in pin.asked]
        asked += [(one.origin, one.text, one.specifier) for one in self.constraints]
        self._asked = [*{(who, text): (who, text, spec) for who, text, spec in asked if str(spec)}.values()]
        joined = SpecifierSet()
        for _, _, specifier in self._asked:
            joined &= specifier
        self._exact = any(part.operator in ("==", "===") and "*" not in part.version for part in joined)
        explicit = any(ask.specifier.prereleases for ask in trials.roots.asks if ask.project == pin.project)
        mode = trials.fits.policy.prereleases_for(pin.project)
        finals, late = admitted(joined, page.versions, mode, explicit=explicit)
        self._finals, self._late = frozenset(finals), frozenset(late)

    @property
    def constraints(self) -> Sequence[Ask]:
        """What constraint files say of the project."""
        return self._trials.roots.constraints.get(self._pin.project, ())

    def others(self, versions: Sequence[Version]) -> Iterator[Other]:
        """Each of these versions, in their order, with the reason that counts first."""
        for version in versions:
            reason, why = self._reason(version)
            yield Other(version=version, uploaded=uploaded(self._page, version)[:10], reason=reason, why=why)

    def _reason(self, version: Version) -> tuple[Fallen, str]:
        outside = self._not_admitted(version)
        if outside:
            return "not-admitted", outside
        if version not in self._finals and version not in self._late:
            return "pre-release", "a pre-release, and none was asked for (--pre allows them)"
        fits, page = self._trials.fits, self._page
        dist = fits.choose(page, version, yanked=self._exact)
        if dist is None:
            reason, why = nearest_miss(page, version, fits)
            if reason is Reason.TOO_LATE and uploaded(page, version):
                why = "not before the cut-off"  # the date stands beside it: one line for all of them
            return _POLICY.get(reason, "no-file"), why
        if version in self._late:
            return "pre-release", "a pre-release: final versions come first"
        if self._is_spared(dist):
            own = f"; {self._pin.version} has a wheel"
            return "native-build", f"would be compiled here ({wheel_miss(page, version, fits)}){own}"
        if self._read >= CANDIDATES_READ:
            return (
                "not-read",
                f"admitted, with a file that fits; only {CANDIDATES_READ} such were looked into",
            )
        self._read += 1
        return self._by_requirements(version, dist)

    def _not_admitted(self, version: Version) -> str:
        """Who excludes the version: the first by name, the others counted."""
        against = [
            (who, text) for who, text, spec in self._asked if not spec.contains(version, prereleases=True)
        ]
        if not against:
            return ""
        who, text = against[0]
        more = f" and {len(against) - 1} more" if len(against) > 1 else ""
        return f"excluded by {text} ({who}{more})"

    def _is_spared(self, dist: Dist) -> bool:
        trials = self._trials
        preferred = trials.fits.policy.prefer == "wheels" and isinstance(self._pin.dist, Wheel)
        return preferred and isinstance(dist, Sdist) and trials.natives.compiles(dist)

    # -- what a version asks for itself ------------------------------------------------------------------

    def _by_requirements(self, version: Version, dist: Dist) -> tuple[Fallen, str]:
        project = self._pin.project
        candidate = Candidate(project=project, extra=None, version=version, dist=dist)
        metadata = self._dependencies.metadata(candidate)
        if not isinstance(metadata, Metadata):
            return "metadata", f"metadata cannot be used: {metadata.detail}"
        asks = list(self._dependencies.of(candidate))
        for extra in self._pin.extras:
            asks += self._dependencies.of(Candidate(project=project, extra=extra, version=version, dist=dist))
        for ask in asks:
            if ask.never:
                return "requires-python", ask.never
        for ask in asks:
            clash = self._clash(ask) if ask.project != project else ""
            if clash:
                return "clash", f"needs {ask.text}, {clash}"
        if self._kept:
            return "kept", f"passed over, as the plan has {self._pin.version} (-P {project} takes the newest)"
        return "further-on", "excluded by nothing that is pinned"

    def _clash(self, ask: Ask) -> str:
        pinned = self._pins.get(ask.project)
        if pinned is not None:
            if ask.admits(pinned.version):
                return ""
            holder = self._holder(ask, pinned)
            return f"and {ask.project} {pinned.version} is pinned{holder}"
        if self._pages >= PAGES_READ:
            return ""
        self._pages += 1
        page = self._trials.catalog.page(ask.project)
        fits = self._trials.fits
        versions = [v for v in page.versions if ask.admits(v)]
        if page.troubles or any(fits.choose(page, v, yanked=ask.span.exact) for v in versions):
            return ""
        if not page.versions:
            return f"and no index has {ask.project}"
        if not versions:
            return f"which no version of {ask.project} satisfies"
        _, why = nearest_miss(page, versions[0], fits)
        return f"of which no version has a file here ({versions[0]}: {why})"

    def _holder(self, ask: Ask, pinned: Pin) -> str:
        """Who keeps a pinned project from what is needed, where its own requirement leaves no version."""
        if pinned.direct:
            return ""
        page = self._trials.catalog.page(pinned.project)
        wanted = [version for version in page.versions if ask.admits(version)]
        for who, text in pinned.asked:
            if wanted and all(excludes(text, version) for version in wanted):
                root = all(who != name_of(one) for one in self._pins.values())
                return f" ({asked_sentence(who, text, root=root)})"
        return ""


def _specifier(text: str) -> SpecifierSet:
    requirement = parse_requirement(text)
    return SpecifierSet() if requirement is None else requirement.specifier
