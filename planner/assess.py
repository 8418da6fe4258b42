"""What the pins of a resolution mean for a machine: which are source builds, why, and what else fits.

Knows pins, pages and the judge of files; must not resolve, fetch or print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Misfit, Pin, SdistReading, Tree, Wheel
from planner.findings import Finding, Severity
from planner.fits import Fits
from planner.page import Page
from planner.whynot import why_no_wheel

__all__ = ["Alternative", "AlternativeKind", "SourceBuild", "assess", "source_build"]

AlternativeKind: TypeAlias = Literal[
    "older", "newer", "sibling", "index", "buildable", "place", "python", "libc", "platform"
]
_SPARING = ("newer", "older", "sibling")  # what a line of requirements can say, and then nothing is built
_LOOPBACK = ("localhost", "127.0.0.1", "::1")  # as pip: nobody is on the way


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """What could be taken instead of a source build; `str()` is a sentence without full stop.

    `checked` says whether the whole set resolves with it: True, False, or None where that was not tried (a
    fact about another Python or platform, no budget left); `why` is the phrase that says so. `line` is the
    place of the user's own requirement that must be changed for it, "" where none must.
    """

    kind: AlternativeKind
    project: NormalizedName
    version: Version | None
    text: str
    checked: bool | None = None
    why: str = ""
    line: str = ""

    def __str__(self) -> str:
        return f"{self.text}; {self.why}" if self.why else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBuild:
    """A pin that the installer will build: `native` is True, False (pure Python) or None (cannot be told).

    `why` is one sentence; `misfits` are the version's wheels with the reason each was refused;
    `alternatives` are what fits instead, each with whether the set resolves with it (`planner.choosing`).
    `allowed` is the user's reason to accept it ("": none was given), None where nobody does.
    """

    project: NormalizedName
    version: Version | None
    filename: str
    code: str
    why: str
    native: bool | None
    native_because: tuple[str, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    backend: str = ""
    build_requires: tuple[str, ...] = ()
    setup_requires: tuple[str, ...] = ()
    own: bool = False
    allowed: str | None = None


def source_build(pin: Pin, page: Page | None, reading: SdistReading | None, fits: Fits) -> SourceBuild | None:
    """The source build that a pin means, or None for a wheel. `reading` is what its sdist says."""
    dist = pin.dist
    if isinstance(dist, Wheel):
        return None
    misfits: tuple[Misfit, ...] = ()
    if isinstance(dist, Tree):
        kind = "an editable directory" if dist.editable else "a directory" if dist.path else "a repository"
        code, why = "WP110", f"the requirement names {kind}"
    elif pin.direct or page is None:
        code, why = "WP111", "the requirement names an sdist"
    else:
        code, why, misfits = why_no_wheel(page, dist.version, fits)
    return SourceBuild(
        project=pin.project,
        version=pin.version,
        filename=dist.filename,
        code=code,
        why=why,
        native=reading.native if reading else None,
        native_because=reading.native_because if reading else (),
        misfits=misfits,
        backend=reading.backend if reading else "",
        build_requires=reading.build_requires if reading else (),
        setup_requires=reading.setup_requires if reading else (),
        own=isinstance(dist, Tree),
        allowed=fits.policy.why_allowed(pin.project),
    )


def assess(
    pins: Sequence[Pin],
    builds: Sequence[SourceBuild],
    pages: dict[NormalizedName, Page],
    allowed: frozenset[str],
) -> tuple[Finding, ...]:
    """The findings about a resolution, worst first. `allowed` are projects whose builds the user accepts."""
    found: list[Finding] = [_build_finding(build, allowed) for build in builds]
    by_name = {build.project: build for build in builds}
    for pin in pins:
        found.extend(_pin_findings(pin, pages.get(pin.project), by_name.get(pin.project)))
    found.extend(_plain_http(pins))
    return tuple(sorted(found, key=Finding.sort_key))


def _build_finding(build: SourceBuild, allowed: frozenset[str]) -> Finding:
    accepted = build.own or build.project in allowed or ":all:" in allowed
    severity: Severity = "note" if accepted or build.native is False else "error"
    kind = {True: "compiles native code", False: "pure Python", None: "may compile native code"}[build.native]
    remedy = ""
    if severity != "note":
        accept = f"accept the build with `--allow-build {build.project}`"
        instead = _best(build)
        remedy = f"{instead}, or {accept}" if instead else accept
    version = f" {build.version}" if build.version else ""
    reason = f" It is allowed: {build.allowed.rstrip('.')}." if build.allowed else ""
    return Finding(
        code=build.code,
        severity=severity,
        project=build.project,
        summary=f"{build.project}{version} is built from source ({kind}): {build.why}.{reason}",
        remedy=remedy,
        evidence=(build.filename,),
        facts=build.native_because,
    )


def _best(build: SourceBuild) -> str:
    """The pin that spares the build, as a remedy: one that the set resolves with, else one not tried.

    Of several the one that needs no change of a line, then the newest: an older one may be ancient.
    """
    ways = [way for way in build.alternatives if way.kind in _SPARING and way.checked is not False]
    if not ways:
        return ""
    best = min(ways, key=lambda way: (way.checked is None, bool(way.line), _SPARING.index(way.kind)))
    if best.line:
        return f"ask for `{best.project}=={best.version}` instead, in {best.line}"
    return f"{'pin' if best.checked else 'try'} `{best.project}=={best.version}`"


def _plain_http(pins: Sequence[Pin]) -> Iterator[Finding]:
    """One finding for each server that sends files over plain http, however many they are."""
    servers: dict[str, list[Pin]] = {}
    for pin in pins:
        url = urlsplit("" if isinstance(pin.dist, Tree) else pin.dist.row.url)
        if url.scheme == "http" and url.hostname not in _LOOPBACK:
            servers.setdefault(url.netloc.rpartition("@")[2], []).append(pin)
    for server, those in servers.items():
        come = f"and {len(those) - 1} more come" if len(those) > 1 else "comes"
        yield Finding(
            code="WP603",
            severity="warning",
            project=those[0].project if len(those) == 1 else "",
            summary=f"{those[0].dist.filename} {come} over plain http from {server}.",
            remedy="use https: anyone on the way can change it",
        )


def _tree_findings(tree: Tree, finding: Callable[..., Finding]) -> Iterator[Finding]:
    metadata = tree.metadata
    if tree.kind == "vcs":
        if metadata.source == "none":
            yield finding(
                "WP702",
                "error",
                f"{tree.project} comes from a repository: its dependencies are not known without a clone.",
                "give an sdist's or a wheel's address, a local directory, or `--no-deps`",
            )
        if not tree.commit:
            yield finding(
                "WP704",
                "error",
                f"{tree.project} names no full commit of its repository, so the plan cannot pin it.",
                "name one: `git+URL@<40-digit commit>`",
            )
    if not metadata.certain and metadata.source != "none":
        yield finding(
            "WP701",
            "warning",
            f"What {tree.project} depends on is not certain: {metadata.doubt or 'its metadata is dynamic'}.",
        )


def _pin_findings(pin: Pin, page: Page | None, build: SourceBuild | None) -> Iterator[Finding]:
    dist, metadata, name = pin.dist, pin.metadata, f"{pin.project} {pin.version}"
    where = tuple(who for who, _ in pin.asked)

    def finding(
        code: str, severity: Severity, summary: str, remedy: str = "", facts: tuple[str, ...] = ()
    ) -> Finding:
        return Finding(
            code=code,
            severity=severity,
            project=pin.project,
            summary=summary,
            remedy=remedy,
            evidence=where,
            facts=facts,
        )

    if isinstance(dist, Tree):
        yield from _tree_findings(dist, finding)
        return
    if dist.row.yanked is not None:
        reason = f": {dist.row.yanked}" if dist.row.yanked else "."
        yield finding("WP501", "warning", f"{name} was yanked by its authors{reason}", "pin another version")
    if pin.version is not None and pin.version.is_prerelease and not pin.direct:
        yield finding("WP502", "note", f"{name} is a pre-release.")
    for extra in pin.extras:
        if metadata.certain and extra not in metadata.extras:
            known = f" (it has {', '.join(sorted(metadata.extras))})" if metadata.extras else ""
            yield finding(
                "WP503", "warning", f"{name} has no extra named {extra}{known}.", "remove the extra"
            )
    if not dist.row.sha256:
        yield finding(
            "WP602",
            "error",
            f"The index gives no sha256 for {dist.filename}: it cannot be pinned.",
            "let the index give hashes (PEP 503), or fetch the file and name its folder with `-f`",
        )
    status, reason = page.status if page is not None else ("", "")
    if status:
        yield finding(
            "WP504", "warning", f"{pin.project} is {status} on its index{f': {reason}' if reason else ''}."
        )
    if not metadata.certain:
        yield finding(
            "WP701",
            "warning",
            f"What {name} depends on is not certain: {metadata.doubt or 'its metadata is dynamic'}.",
            facts=(f"dependencies were read from {metadata.where or metadata.source}",),
        )
    if build is not None and build.native is None:
        yield finding(
            "WP703", "note", f"Whether building {name} compiles anything cannot be told from its files."
        )
