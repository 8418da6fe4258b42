"""The header of a METADATA file -> `Metadata` or the reason to refuse it; must not read its body, nor guess.

Read as pip reads it (email headers): the first blank line, or the first line that is no header, ends it.
"""

from __future__ import annotations

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import Metadata, Reason, Refusal, parse_requirement, parse_specifier, parse_version
from planner.urls import shortened

__all__ = ["read_header", "wheel_metadata"]

_WANTED = frozenset({b"name", b"version", b"requires-dist", b"requires-python", b"provides-extra"})


def read_header(data: bytes) -> dict[str, list[str]]:
    r"""The wanted headers in lower case, each value on one line, in their order.

    >>> read_header(b"Name: demo\nRequires-Dist: a;\n  extra == 'b'\n\nName: body")
    {'name': ['demo'], 'requires-dist': ["a; extra == 'b'"]}
    """
    found: dict[str, list[str]] = {}
    values: list[str] | None = None
    for line in data.splitlines():
        if not line:
            break
        if line[:1] in (b" ", b"\t"):
            if values is not None:
                values[-1] = f"{values[-1]} {_decoded(line)}".strip()
            continue
        name, colon, value = line.partition(b":")
        if not colon or b" " in name.rstrip():
            break
        name = name.strip().lower()
        values = found.setdefault(name.decode("ascii"), []) if name in _WANTED else None
        if values is not None:
            values.append(_decoded(value))
    return found


def _decoded(value: bytes) -> str:
    return value.decode("utf-8", "replace").strip()


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
