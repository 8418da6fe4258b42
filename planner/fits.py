"""Which file of a version would be installed on a machine, and why the others would not.

Knows tags, `Requires-Python`, yanks, cut-offs and the user's formats; must not fetch, and chooses no version.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Dist, Misfit, Reason, Sdist, Wheel, parse_specifier
from planner.page import Page
from planner.policy import Policy
from planner.tags import Supported

__all__ = ["Fits", "upload_moment"]


def upload_moment(text: str) -> datetime | None:
    """An index's upload time (PEP 700), or None when it is absent or unreadable.

    >>> upload_moment("2024-09-14T02:58:29.586942Z").year
    2024
    """
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fits:
    """The judge of files for one machine and one policy; answers are remembered.

    `hashes` are the allowed sha256 of a project where the user gave some (pip's `--hash`): other files of
    that project are refused, as pip does.
    """

    supported: Supported
    policy: Policy
    python: Version
    hashes: dict[NormalizedName, frozenset[str]] = field(default_factory=dict)
    _chosen: dict[tuple[NormalizedName, Version, bool], Dist | None] = field(default_factory=dict)
    _pythons: dict[str, bool] = field(default_factory=dict)

    def takes_python(self, text: str) -> bool:
        """Whether a `Requires-Python` admits the target Python; an unreadable one admits it, as in pip."""
        if not text:
            return True
        answer = self._pythons.get(text)
        if answer is None:
            specifier = parse_specifier(text)
            answer = specifier is None or specifier.contains(self.python, prereleases=True)
            self._pythons[text] = answer
        return answer

    def choose(self, page: Page, version: Version, *, yanked: bool = False) -> Dist | None:
        """The file of that version that pip and uv would take: the best wheel, else the sdist, else None.

        `yanked` admits yanked files (PEP 592: only when the user pinned exactly that version).
        """
        key = (page.project, version, yanked)
        if key not in self._chosen:
            fitting = [dist for dist in page.files(version) if self.misfit(dist, yanked=yanked) is None]
            self._chosen[key] = max(fitting, key=self._merit, default=None)
        return self._chosen[key]

    def _merit(self, dist: Dist) -> tuple[bool, int, tuple[int, str] | tuple[()], int]:
        """The order of pip: wheels, by the tag's rank, then by build number; of sdists, .tar.gz."""
        if isinstance(dist, Wheel):
            return True, -(self.supported.rank(dist.tags) or 0), dist.build, 0
        return False, 0, (), int(dist.filename.endswith(".tar.gz"))

    def misfits(self, page: Page, version: Version, *, yanked: bool = False) -> tuple[Misfit, ...]:
        """Every file of the version that does not fit, with the reason, in the server's order."""
        found = (self.misfit(dist, yanked=yanked) for dist in page.files(version))
        return tuple(misfit for misfit in found if misfit is not None)

    def misfit(self, dist: Dist, *, yanked: bool = False) -> Misfit | None:
        """Why the file cannot be used here; None when it can."""
        row = dist.row

        def because(reason: Reason, detail: str) -> Misfit:
            return Misfit(filename=row.filename, reason=reason, detail=detail)

        if row.yanked is not None and not yanked:
            return because(Reason.YANKED, f"yanked: {row.yanked}" if row.yanked else "yanked")
        formats = self.policy.formats(dist.project)
        if isinstance(dist, Wheel) and not formats.wheels:
            return because(Reason.FORMAT, "wheels are excluded by --no-binary")
        if isinstance(dist, Sdist) and not formats.sdists:
            return because(Reason.FORMAT, "source builds are excluded by --only-binary or --no-build")
        if self.policy.exclude_newer is not None:
            moment = upload_moment(row.upload_time)
            if moment is None:
                return because(Reason.TOO_LATE, "has no upload time, and a cut-off is set")
            if moment >= self.policy.exclude_newer:
                cutoff = self.policy.exclude_newer.date().isoformat()
                return because(
                    Reason.TOO_LATE, f"uploaded {row.upload_time[:10]}, not before the cut-off {cutoff}"
                )
        allowed = self.hashes.get(dist.project)
        if (
            allowed and row.sha256 and row.sha256 not in allowed
        ):  # one not given is computed once it is pinned
            return because(Reason.HASH, "its hash is not among those the requirement allows")
        if not self.takes_python(row.requires_python):
            return because(
                Reason.REQUIRES_PYTHON, f"requires Python {row.requires_python}, here {self.python}"
            )
        return self.supported.misfit(dist) if isinstance(dist, Wheel) else None

    def sibling(self, page: Page, version: Version) -> Wheel | None:
        """A wheel of the version whose metadata may stand in for the sdist's; the nearest to this machine.

        The newest interpreter wins, then a wheel for this platform: the dependencies of one release seldom
        differ between its wheels, and pip's and uv's users rely on it.
        """
        wheels = [dist for dist in page.files(version) if isinstance(dist, Wheel)]
        return max(wheels, key=self._closeness, default=None)

    def _closeness(self, wheel: Wheel) -> tuple[bool, bool, tuple[int, ...], str]:
        here = any(tag.platform == "any" or tag.platform in self.supported.platforms for tag in wheel.tags)
        numbers = max(_interpreter(tag.interpreter) for tag in wheel.tags)
        return self.takes_python(wheel.row.requires_python), here, numbers, wheel.filename

    def has_wheel(self, page: Page, version: Version, *, yanked: bool = False) -> bool:
        """Whether the version has a wheel for this machine: at less cost than the reasons of all others."""
        return any(
            isinstance(dist, Wheel)
            and self.supported.rank(dist.tags) is not None
            and self.misfit(dist, yanked=yanked) is None
            for dist in page.files(version)
        )

    def with_fitting_wheel(self, page: Page, versions: Iterable[Version]) -> Version | None:
        """The first of these versions that has a wheel for this machine."""
        return next((v for v in versions if self.has_wheel(page, v)), None)


def _interpreter(text: str) -> tuple[int, ...]:
    digits = "".join(character for character in text if character.isdigit())
    return (int(digits[:1] or 0), int(digits[1:] or 0))
