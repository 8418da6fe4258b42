"""The header of a METADATA or PKG-INFO file as text; knows its syntax only, must not read its body nor judge.

Read as pip reads it (email headers): the first blank line, or the first line that is no header, ends it.
"""

from __future__ import annotations

__all__ = ["read_header"]

_WANTED = frozenset(
    {b"metadata-version", b"name", b"version", b"dynamic"}
    | {b"requires-dist", b"requires-python", b"provides-extra"}
)


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
