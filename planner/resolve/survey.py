"""Each root requirement by itself: is there a project, a version, a file; and if not, the nearest that is.

A resolver stops at its first problem; this looks at all of them. It must not resolve or print.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.dists import Reason, Wheel
from planner.findings import Finding
from planner.fits import Fits
from planner.page import Page
from planner.resolve.admission import admitted
from planner.resolve.asks import Ask
from planner.whynot import why_no_wheel

__all__ = ["NO_VERSION", "USE_ANOTHER", "survey"]

NO_VERSION = "no version of it has a file for this machine"
USE_ANOTHER = "use such a Python"
"""What is said where no other version can be proposed."""

# PyTorch's own indexes, one per accelerator: https://pytorch.org/get-started/locally/ (checked 2026-11-24).
TORCH_INDEX = "https://download.pytorch.org/whl/{label}"
_TORCH_LABEL = re.compile(r"(?:cu\d{2,3}|cpu|xpu|rocm[\d.]+)\Z")


def survey(
    asks: Sequence[Ask],
    page_of: Callable[[NormalizedName], Page],
    fits: Fits,
    neighbours: Callable[[str], Iterable[str]],
) -> dict[str, Finding]:
    """The root requirements that cannot be met whatever else is asked, by `Ask.origin` and text.

    `neighbours` gives names that a mistyped project may have meant; only those that exist are proposed.
    """
    problems: dict[str, Finding] = {}
    for ask in asks:
        if ask.extra is None:
            found = _problem(ask, page_of(ask.project), fits, page_of, neighbours)
            if found is not None:
                problems[f"{ask.origin} {ask.project}"] = found
    return problems


def _problem(
    ask: Ask,
    page: Page,
    fits: Fits,
    page_of: Callable[[NormalizedName], Page],
    neighbours: Callable[[str], Iterable[str]],
) -> Finding | None:
    unknown = "".join(f" {trouble.why}" for trouble in page.troubles)
    if page.troubles and len(page.troubles) == len(page.answers):
        where = ", ".join(dict.fromkeys(trouble.index for trouble in page.troubles))
        summary = f"Whether there is a project named {ask.project} on {where} is not known:{unknown}"
        return Finding(
            code="WP604", severity="error", project=ask.project, summary=summary, evidence=(ask.origin,)
        )

    def finding(code: str, summary: str, remedy: str = "", facts: tuple[str, ...] = ()) -> Finding:
        if unknown:  # what an unreachable index might have is not known: say so instead of "there is none"
            summary, code = f"{summary} It may be on an index that could not be asked:{unknown}", "WP604"
            remedy = "try again when that index answers"
        return Finding(
            code=code,
            severity="error",
            project=ask.project,
            summary=summary,
            remedy=remedy,
            evidence=(ask.origin,),
            facts=facts,
        )

    if not page.versions:
        return _no_project(ask, page, finding, page_of, neighbours, sure=not unknown)
    finals, others = admitted(
        ask.specifier, page.versions, fits.policy.prereleases_for(ask.project), explicit=True
    )
    versions = sorted((*finals, *others), reverse=True)
    if not versions:
        return _no_version(ask, page, fits, finding)
    usable = [v for v in versions if fits.choose(page, v, yanked=ask.span.exact) is not None]
    if usable:
        return None
    return _no_file(ask, page, versions, fits, finding)


def _no_project(
    ask: Ask,
    page: Page,
    finding: Callable[..., Finding],
    page_of: Callable[[NormalizedName], Page],
    neighbours: Callable[[str], Iterable[str]],
    *,
    sure: bool,
) -> Finding:
    if page.skipped:
        names = ", ".join(misfit.filename for misfit in page.skipped[:3])
        detail = page.skipped[0].detail
        return finding("WP520", f"{ask.project} has no usable file on its index: {names} ({detail}).")
    answered = [answer.index for answer in page.answers if answer.state != "trouble"]
    asked = ", ".join(dict.fromkeys(answered)) or "the index"
    near = [name for name in neighbours(ask.project) if sure and page_of(NormalizedName(name)).versions]
    remedy = f"did you mean `{near[0]}`?" if near else "check the name, or add the index that serves it"
    return finding("WP520", f"There is no project named {ask.project} on {asked}.", remedy)


def _no_version(ask: Ask, page: Page, fits: Fits, finding: Callable[..., Finding]) -> Finding:
    wanted = next((part.version for part in ask.specifier if part.operator in ("==", "===")), "")
    public, _, label = wanted.partition("+")
    if label and _TORCH_LABEL.match(label):
        here = [v for v in page.versions if str(v) == public and fits.choose(page, v) is not None]
        there = "is" if any(str(v) == public for v in page.versions) else "is not"
        plain = f", or ask for `{ask.project}=={public}`" if here else ""
        url = TORCH_INDEX.format(label=label)
        return finding(
            "WP605",
            f"{ask.project} {wanted} is not on the indexes in use ({public} without +{label} {there}).",
            f"say `--torch-backend {label}`, or add `--extra-index-url {url}` (the PyTorch index){plain}",
        )
    usable = [v for v in page.versions if fits.choose(page, v) is not None]
    only_pre = [v for v in page.versions if ask.specifier.contains(v, prereleases=True)]
    if only_pre:
        return finding(
            "WP521",
            f"Only pre-releases satisfy {ask.text} ({', '.join(map(str, only_pre[:3]))}).",
            "allow them with `--pre`",
        )
    nearest = _nearest(wanted, usable)
    around = f"the nearest is {nearest}; " if nearest is not None else ""
    finals = [v for v in page.versions if not v.is_prerelease] or list(page.versions)
    fitting = next((v for v in finals if v in usable), None)
    newest = f"the newest that fits here is {fitting}" if fitting else f"the newest is {finals[0]}"
    if not usable:  # proposing a version that is refused next would help nobody
        details = dict.fromkeys(misfit.detail for misfit in fits.misfits(page, finals[0]))
        newest = f"{newest}; none has a file for this machine: {'; '.join([*details][:2])}"
    instead = nearest or fitting or next(iter(usable), None)
    remedy = f"ask for `{ask.project}=={instead}`" if instead else "plan for another Python or machine"
    shadowed = ""
    if page.unasked:  # pip would have joined them: https://docs.astral.sh/uv/concepts/indexes/ tells why not
        shadowed = f" {page.unasked}."
        remedy = f"{remedy}, or join the indexes as pip does with `--index-strategy unsafe-best-match`"
    return finding(
        "WP521",
        f"No version of {ask.project} on the index satisfies {ask.specifier} ({around}{newest}).{shadowed}",
        remedy,
    )


def _nearest(wanted: str, versions: Sequence[Version]) -> Version | None:
    """The version that a removed pin most likely meant: the next of its series, else the last before."""
    if not wanted:
        return None
    try:
        pin = Version(wanted.replace(".*", ".0"))
    except ValueError:
        close = difflib.get_close_matches(wanted, map(str, versions), 1)
        return Version(close[0]) if close else None
    newer = [v for v in versions if v > pin and not v.is_prerelease]
    older = [v for v in versions if v < pin and not v.is_prerelease]
    if newer and newer[-1].release[:1] == pin.release[:1]:
        return newer[-1]
    return older[0] if older else (newer[-1] if newer else None)


def _no_file(
    ask: Ask, page: Page, versions: Sequence[Version], fits: Fits, finding: Callable[..., Finding]
) -> Finding:
    newest = versions[0]
    misfits = fits.misfits(page, newest)
    reasons = {misfit.reason for misfit in misfits}
    details = tuple(dict.fromkeys(f"{m.filename}: {m.detail}" for m in misfits))
    remedy = _nearest_usable(ask, page, newest, fits)
    admits = f"{ask.project} {newest}" if len(versions) == 1 or not ask.span.text else f"any {ask.text}"
    if reasons == {Reason.REQUIRES_PYTHON}:
        pythons = ", ".join(dict.fromkeys(m.detail.partition(", here")[0] for m in misfits))
        summary = f"No file of {admits} takes Python {fits.python}: it {pythons}."
        return finding("WP522", summary, remedy or USE_ANOTHER, details)
    if reasons == {Reason.YANKED}:
        pin = f"pin it exactly (`{ask.project}=={newest}`) to take it in spite of that"
        return finding("WP525", f"Every version that {ask.text} admits was yanked.", remedy or pin, details)
    if reasons <= {Reason.TOO_LATE, Reason.FORMAT, Reason.HASH}:
        why = "; ".join(dict.fromkeys(m.detail for m in misfits))
        lift = "lift the setting or the hash that excludes it"
        return finding("WP525", f"No file of {admits} is allowed: {why}.", remedy or lift, details)
    sdists = [dist for dist in page.files(newest) if not isinstance(dist, Wheel)]
    why = why_no_wheel(page, newest, fits)[1]
    refused = [misfit for sdist in sdists if (misfit := fits.misfit(sdist)) is not None]
    barred = bool(refused) and refused[0].reason is Reason.FORMAT
    sdist = "there is no sdist"
    if refused:
        sdist = refused[0].detail if barred else f"its sdist {refused[0].detail}"
    otherwise = f"let {ask.project} be built: take it out of the setting" if barred else NO_VERSION
    return finding(
        "WP120", f"No file of {admits} can be used here: {why}; {sdist}.", remedy or otherwise, details
    )


def _nearest_usable(ask: Ask, page: Page, newest: Version, fits: Fits) -> str:
    """What to ask for instead: the next version with a wheel for the machine, else the last before; or ""."""
    finals = [v for v in page.versions if not v.is_prerelease]
    newer = fits.with_fitting_wheel(page, [v for v in reversed(finals) if v > newest])
    older = fits.with_fitting_wheel(page, [v for v in finals if v < newest])
    nearest = newer or older
    if nearest is not None:
        return f"ask for `{ask.project}=={nearest}`, the nearest version with a wheel for this machine"
    return ""
