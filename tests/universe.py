"""A catalog in memory for tests: projects written as a few lines, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import Metadata, Refusal, Row, Sdist, SdistReading, Wheel, parse_requirement
from planner.facts import Known, Machine
from planner.fits import Fits
from planner.page import Answer, Listing, Page
from planner.policy import Policy
from planner.tags import supported_tags

MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "6.1",
    "platform_system": "Linux",
    "platform_version": "#1",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}

LATER = "https://later.test/simple/"


def machine(**facts: str) -> Machine:
    """A bare Debian 12 with CPython 3.11, changed by what is given (`cuda_driver=` for `cuda-driver`)."""
    known = {
        "os": "linux",
        "arch": "x86_64",
        "glibc": "2.36",
        "python": "3.11.7",
        "implementation": "cpython",
        "abi": "cp311",
    }
    known.update({name.replace("_", "-"): value for name, value in facts.items()})
    if "musl" in known:
        known.pop("glibc")
    python = known["python"]
    markers = MARKERS | {
        "python_full_version": python,
        "implementation_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "platform_machine": known["arch"],
    }
    return Machine(markers=markers, facts={name: Known(value, "test") for name, value in known.items()})


def fits(policy: Policy | None = None, **facts: str) -> Fits:
    """The judge of files for `machine(**facts)`."""
    target = machine(**facts)
    return Fits(
        supported=supported_tags(target),
        policy=policy or Policy(),
        python=Version(target.markers["python_full_version"]),
    )


class Universe:
    """A `Catalog` of written-down files: `add("a-1.0-py3-none-any.whl", "b>=2")`."""

    def __init__(self) -> None:
        self.rows: dict[NormalizedName, list[Row]] = {}
        self.requires: dict[str, tuple[str, ...]] = {}
        self.readings: dict[str, SdistReading | Refusal] = {}
        self.answers: dict[NormalizedName, tuple[Answer, ...]] = {}
        self.pythons: dict[str, str] = {}
        self.asked: list[str] = []
        self.later: dict[NormalizedName, list[Row]] = {}

    def add(
        self,
        filename: str,
        *requires: str,
        project: str = "",
        yanked: str | None = None,
        requires_python: str = "",
        upload_time: str = "2024-01-01T00:00:00Z",
        later: bool = False,
    ) -> Universe:
        """List a file with its dependencies; `project` is guessed from the file's name.

        `later` lists it on another index, which is not asked where the first one has the project.
        """
        name = canonicalize_name(
            project or filename.rpartition("-")[0]
            if filename.endswith("gz")
            else filename.split("-", maxsplit=1)[0]
        )
        row = Row(
            filename=filename,
            url=f"https://files.test/{filename}",
            sha256=filename.encode().hex()[:64].ljust(64, "0"),
            requires_python=requires_python,
            yanked=yanked,
            upload_time=upload_time,
        )
        (self.later if later else self.rows).setdefault(name, []).append(row)
        self.requires[filename] = requires
        return self

    def many(self, project: str, versions: Mapping[str, tuple[str, ...]]) -> Universe:
        """List a pure wheel per version."""
        for version, requires in versions.items():
            self.add(f"{project}-{version}-py3-none-any.whl", *requires)
        return self

    def page(self, project: NormalizedName) -> Page:
        self.asked.append(project)
        rows = tuple(self.rows.get(project, ()))
        listings = [Listing(index="https://index.test/simple/", rows=rows)] if rows else []
        state = "found" if rows else "missing"
        answers = self.answers.get(project, (Answer(index="https://index.test/simple/", state=state),))
        if project in self.later:
            answers = (*answers, Answer(index=LATER, state="unasked"))
        return Page(project, listings, answers)

    def shadowed(self, project: NormalizedName) -> Page:
        self.asked.append(f"{project} later")
        rows = tuple(self.later.get(project, ()))
        return Page(project, [Listing(index=LATER, rows=rows)], [Answer(index=LATER, state="found")])

    def metadata(self, wheel: Wheel) -> Metadata | Refusal:
        return self._metadata(wheel.project, wheel.version, wheel.filename, "sidecar")

    def sdist(self, sdist: Sdist, markers: Mapping[str, str]) -> SdistReading | Refusal:
        if sdist.filename in self.readings:
            return self.readings[sdist.filename]
        return SdistReading(
            metadata=self._metadata(sdist.project, sdist.version, sdist.filename, "sdist"), native=False
        )

    def _metadata(self, project: NormalizedName, version: Version, filename: str, source: str) -> Metadata:
        requires = self.requires[filename]
        extras = {
            str(value)
            for text in requires
            if (requirement := parse_requirement(text)) is not None and requirement.marker is not None
            for value in [str(requirement.marker).partition('extra == "')[2].partition('"')[0]]
            if value
        }
        return Metadata(
            project=project,
            version=version,
            requires=requires,
            requires_python=self.pythons.get(filename, ""),
            extras=frozenset(canonicalize_name(extra) for extra in extras),
            source=source,
        )
