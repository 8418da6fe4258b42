"""A set that is resolved as pip would, with its source builds, for the tests of what is told about them."""

from __future__ import annotations

from dataclasses import replace

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from planner.assess import SourceBuild, source_build
from planner.choosing.alternatives import with_alternatives
from planner.choosing.trials import Trials
from planner.dists import Pin, Refusal, Sdist, SdistReading
from planner.policy import Policy
from planner.resolve.asks import Ask, Resolution
from planner.resolve.steer import NEWEST
from planner.roots import Roots
from tests.universe import Universe, fits, machine

HERE = "cp311-cp311-manylinux_2_17_x86_64"


def ask(text: str, origin: str) -> Ask:
    one = Requirement(text)
    return Ask(project=canonicalize_name(one.name), specifier=one.specifier, text=text, origin=origin)


class Case:
    """A set that is resolved as pip would, with its source builds; every sdist compiles."""

    def __init__(
        self,
        world: Universe,
        *texts: str,
        constraints: tuple[str, ...] = (),
        policy: Policy | None = None,
        pure: tuple[str, ...] = (),
        **facts: str,
    ) -> None:
        for rows in world.rows.values():
            for row in rows:
                if row.filename.endswith(".gz") and row.filename.rpartition("-")[0] not in pure:
                    self._compile(world, row.filename)
        roots = Roots(asks=[ask(text, f"requirements.txt:{line}") for line, text in enumerate(texts, 1)])
        for line, text in enumerate(constraints, 1):
            one = ask(text, f"constraints.txt:{line}")
            roots.constraints.setdefault(one.project, []).append(one)
        self.world = world
        self.trials = Trials(
            roots=roots,
            machine=machine(**facts),
            fits=fits(policy, **facts),
            catalog=world,
            spent=lambda: False,
            late=lambda: False,
        )
        outcome = self.trials.resolve(roots.asks, NEWEST)
        assert isinstance(outcome, Resolution), outcome
        self.pins = outcome.pins
        self.builds = [build for pin in self.pins if (build := self._build(pin)) is not None]

    @staticmethod
    def _compile(world: Universe, filename: str) -> None:
        row = next(row for rows in world.rows.values() for row in rows if row.filename == filename)
        name, _, version = filename.removesuffix(".tar.gz").rpartition("-")
        dist = Sdist(row=row, project=canonicalize_name(name), version=Version(version), index="")
        reading = world.sdist(dist, {})
        assert isinstance(reading, SdistReading)
        world.readings[filename] = replace(reading, native=True)

    def _build(self, pin: Pin) -> SourceBuild | None:
        page = self.world.page(pin.project)
        reading = self.world.sdist(pin.dist, {}) if isinstance(pin.dist, Sdist) else None
        assert not isinstance(reading, Refusal)
        return source_build(pin, page, reading, self.trials.fits)

    def told(self, **older: Version) -> list[SourceBuild]:
        return with_alternatives(
            self.builds, self.pins, asks=self.trials.roots.asks, trials=self.trials, older=older
        )

    def of(self, project: str, **older: Version) -> list[str]:
        build = next(build for build in self.told(**older) if build.project == project)
        return [str(one) for one in build.alternatives]
