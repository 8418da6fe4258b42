"""The header of a wheel's METADATA -> `Metadata`, or the reason to refuse it; must not guess."""

from __future__ import annotations

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import Metadata, Reason, Refusal, parse_requirement, parse_specifier, parse_version
from planner.headertext import read_header
from planner.urls import shortened

__all__ = ["wheel_metadata"]


def wheel_metadata(
    data: bytes, *, filename: str, project: NormalizedName, version: Version, source: str, where: str
) -> Metadata | Refusal:
    """The metadata of a wheel of that project and version.

    Refused, as pip does, are another name or version (id `metadata-mismatch`) and a `Requires-Dist` that is
    no requirement. A `Requires-Python` that is no specifier is ignored, as pip does, and told in `doubt`.
    """

    def refused(detail: str, kind: str = "metadata") -> Refusal:
        return Refusal(filename=filename, reason=Reason.METADATA, detail=detail, id=kind)

    header = read_header(data)
    names, versions = header.get("name", []), header.get("version", [])
    if not names or canonicalize_name(names[0]) != project:
        said = f"says it is of {shortened(names[0], 60)}" if names else "names no project"
        return refused(f"its metadata {said}", "metadata-mismatch")
    if not versions or parse_version(versions[0]) != version:
        said = f"says version {shortened(versions[0], 60)}" if versions else "names no version"
        return refused(f"its metadata {said}, not {version}", "metadata-mismatch")
    requires = tuple(header.get("requires-dist", ()))
    for text in requires:
        if parse_requirement(text) is None:
            return refused(f"its metadata holds an invalid requirement, Requires-Dist: {shortened(text)}")
    python = (header.get("requires-python") or [""])[0]
    understood = parse_specifier(python) is not None
    return Metadata(
        project=project,
        version=version,
        requires=requires,
        requires_python=python if understood else "",
        extras=frozenset(canonicalize_name(extra) for extra in header.get("provides-extra", ())),
        source=source,
        doubt="" if understood else f"its Requires-Python is no specifier: {shortened(python, 60)}",
        where=where,
    )
