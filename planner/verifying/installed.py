"""What an environment holds, against a plan: versions, files and hashes, read as text; imports none of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from planner.errors import MachineError
from planner.files import read_bytes
from planner.plan.openvalues import PlanFile, PlannedPackage
from planner.verifying.values import Told, VerifyRequest

__all__ = ["compared"]

_SEPARATORS = re.compile(r"[-_.]+")
_HEADER = 1 << 22
_MOST_NAMED = 12
_SEEDS = frozenset({"pip", "setuptools", "wheel"})
"""What an environment may have been made with, which `pip freeze` leaves out as well."""


class _Dist(NamedTuple):
    """An installed distribution: `folder` is its dist-info; `why` tells what cannot be read of it."""

    name: str
    version: str
    site: str
    folder: str
    why: str = ""


def compared(plan: PlanFile, request: VerifyRequest, environ: Mapping[str, str], cwd: str) -> list[Told]:
    """What the environment of the request holds that the plan does not say, and what it lacks."""
    path = os.path.normpath(os.path.join(cwd, request.environment))  # noqa: PTH118 (pathlib takes 6 ms)
    found = list(_dists(_sites(path, request.environment, environ)))
    told = list(_against(plan, found, request))
    if request.hashes:
        from planner.verifying.record import changed_files  # noqa: PLC0415 (only where it is asked for)

        names = {one.name for one in plan.packages}
        for one in found:
            if one.name in names and one.folder:
                told += changed_files(one.name, one.site, one.folder)
    return told


def _sites(path: str, said: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The folders that hold its distributions, by their place in an environment; else its Python is asked.

    Raises MachineError where there is none.
    """
    if os.path.isdir(path):  # noqa: PTH112 (pathlib takes 6 ms)
        whole = _wider(path)
        sites = tuple(dict.fromkeys(_by_layout(path)))
        if sites and not whole:
            return sites
        if any(name.endswith((".dist-info", ".egg-info")) for name in _names(path)):
            return (path,)
    from planner.probes.host import LocalHost  # noqa: PLC0415 (only a Python that is not in its place)
    from planner.probes.python import choose  # noqa: PLC0415

    sites = choose(LocalHost(environ), said).sites
    if not any(map(os.path.isdir, sites)):
        raise MachineError("The environment has no folder of installed distributions.", where=path)
    return sites


def _wider(path: str) -> bool:
    """Whether a virtual environment also shows what its base holds: then its Python knows where that is."""
    try:
        text = read_bytes(f"{path}/pyvenv.cfg", _HEADER).decode("utf-8", "replace")
    except OSError:
        return False
    return "include-system-site-packages=true" in text.lower().replace(" ", "")


def _by_layout(path: str) -> Iterator[str]:
    for lib in ("lib", "lib64"):
        for name in _names(f"{path}/{lib}"):
            site = f"{path}/{lib}/{name}/site-packages"
            if name.startswith(("python3", "pypy3")) and os.path.isdir(site):  # noqa: PTH112 (as above)
                yield os.path.realpath(site)
    if os.path.isdir(f"{path}/Lib/site-packages"):  # noqa: PTH112 (as above)
        yield os.path.realpath(f"{path}/Lib/site-packages")


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 (as above)
    except (OSError, ValueError):
        return []


def _dists(sites: tuple[str, ...]) -> Iterator[_Dist]:
    """Every distribution; of one that lies in several folders, the first on sys.path, which is imported."""
    seen: set[str] = set()
    for site in sites:
        here = [_read(site, name) for name in _names(site) if name.endswith((".dist-info", ".egg-info"))]
        names = [one.name for one in here if one.name]
        yield from (one for one in here if one.name not in seen)
        seen.update(names)


def _read(site: str, entry: str) -> _Dist:
    """One dist-info (or egg-info, which is a file or a folder), by its own metadata."""
    folder = f"{site}/{entry}"
    files = ("METADATA",) if entry.endswith(".dist-info") else ("PKG-INFO", "")
    named = entry.rpartition(".")[0].partition("-")
    fallback = _SEPARATORS.sub("-", named[0]).lower()
    for file in files:
        try:
            text = read_bytes(f"{folder}/{file}".rstrip("/"), _HEADER).decode("utf-8", "replace")
        except (OSError, ValueError):
            continue
        fields = dict(reversed([line.partition(": ")[::2] for line in text.partition("\n\n")[0].split("\n")]))
        name, version = fields.get("Name", "").strip(), fields.get("Version", "").strip()
        if name and version:
            return _Dist(
                _SEPARATORS.sub("-", name).lower(),
                version,
                site,
                folder if entry.endswith(".dist-info") else "",
            )
    return _Dist(fallback, "", site, "", f"{entry} has no metadata that can be read")


def _against(plan: PlanFile, found: list[_Dist], request: VerifyRequest) -> Iterator[Told]:
    from shlex import quote  # noqa: PLC0415 (1 ms: `verify` of a plan alone does without)

    by_name: dict[str, list[_Dist]] = {}
    for one in found:
        by_name.setdefault(one.name, []).append(one)
    install = "install it from the plan"
    if request.python == request.environment:  # a folder of `pip --target` holds no Python to install with
        words = ("wheelplan", "install", request.plan, "-p", request.environment)
        install += f": `{' '.join(map(quote, words))}`"
    for package in plan.packages:
        here = by_name.pop(package.name, [])
        label = f"{package.name} {package.version}".strip()
        if not here:
            yield Told("WP811", "error", f"{label} is not installed.", package.name, install)
        elif len(here) > 1:
            versions = ", ".join(one.version or "?" for one in here)
            summary = f"{package.name} is installed more than once: {versions}."
            yield Told("WP812", "error", summary, package.name, "make the environment anew")
        else:
            yield from _one(package, here[0], install)
    if names := sorted(by_name.keys() - _SEEDS):
        shown = ", ".join(names[:_MOST_NAMED]) + (
            f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        )
        yield Told("WP813", "note", f"Installed, and not of the plan: {shown}.")


def _one(package: PlannedPackage, here: _Dist, install: str) -> Iterator[Told]:
    label = f"{package.name} {package.version}".strip()
    if here.why:
        summary = f"Which version of {package.name} is installed is not known: {here.why}."
        yield Told("WP812", "warning", summary, package.name, install)
    elif package.version and not _same(package.version, here.version):
        summary = f"{package.name} {here.version} is installed, and the plan has {package.version}."
        yield Told("WP812", "error", summary, package.name, install)
    elif why := _other_file(package, here):
        yield Told(
            "WP812", "error", f"{label} was installed from another file: {why}.", package.name, install
        )


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 (`1.0` is `1.0.0`: seldom)

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False


def _other_file(package: PlannedPackage, here: _Dist) -> str:
    """Why what was installed is another file than the plan's, by its direct_url.json (PEP 610); "" if not."""
    try:
        data = read_bytes(f"{here.folder}/direct_url.json", _HEADER) if here.folder else b""
    except OSError:
        return ""
    if not data:
        return ""
    import json  # noqa: PLC0415

    try:
        said = json.loads(data)
        archive, vcs = said.get("archive_info", {}), said.get("vcs_info", {})
        hashes = archive.get("hashes", {})
        digest = hashes.get("sha256") or str(archive.get("hash", "")).partition("sha256=")[2]
        commit = vcs.get("commit_id", "")
    except (ValueError, AttributeError, RecursionError):
        return "its direct_url.json cannot be understood"
    planned = {file.sha256 for file in package.files}
    if digest and planned and digest not in planned:
        return f"its sha256 is {digest}"
    if commit and package.commit and commit != package.commit:
        return f"its commit is {commit}"
    return ""
