"""One requirement, as pip 26.3 reads it: names, direct URLs, paths, version control, editables.

Knows the text of one requirement and asks a `Disk` whether a path exists; must not read files itself.
pip's rules: https://pip.pypa.io/en/stable/cli/pip_install/#argument-handling
"""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from planner.inputs.mistakes import explain
from planner.inputs.reqlines import BadLine, MissingTarget
from planner.urls import file_url, local_path, redacted, shortened, without_credentials
from planner.wanted import Disk, Source, SourceKind, Wanted

__all__ = ["is_url", "looks_like_path", "parse_marker", "parse_requirement_text", "read_requirement"]

_VCS = {
    "git": ("http", "https", "ssh", "git", "file"),
    "hg": ("file", "http", "https", "ssh", "static-http"),
    "svn": ("ssh", "http", "https", "svn", "file"),
    "bzr": ("http", "https", "ssh", "sftp", "ftp", "lp", "file"),
}
_VCS_SCHEMES = frozenset(f"{vcs}+{scheme}" for vcs, schemes in _VCS.items() for scheme in schemes)
_SCHEMES = frozenset(("http", "https", "file", "ftp")) | _VCS_SCHEMES
_ARCHIVES = frozenset(  # pip's list
    {".zip", ".whl", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz"}
    | {".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma"}
)
LONGEST_NAME = 256
_EGG_NAME = re.compile(r"[A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?", re.IGNORECASE)
_FROM_HERE = "Paths count from the directory that wheelplan runs in, as pip's do."
_FRAGMENT_HASH = re.compile(r"[#&](sha256|sha384|sha512)=([^&]*)")


def parse_requirement_text(text: str) -> Requirement:
    """`packaging`'s requirement of a string; `BadLine` for all that it refuses, hostile depth included."""
    try:
        requirement = Requirement(text)
        _check_lengths(requirement)
        if requirement.marker is not None:
            str(requirement.marker)
    except (InvalidRequirement, ValueError, RecursionError) as error:
        raise BadLine(*explain(text, _reason(error))) from None
    return requirement


def parse_marker(text: str) -> Marker:
    """`packaging`'s marker of a string; `BadLine` for all that it refuses."""
    try:
        marker = Marker(text)
        str(marker)
    except (InvalidMarker, ValueError, RecursionError) as error:
        raise BadLine(
            f"`{redacted(shortened(text))}` is no environment marker: {_reason(error)}.",
            "Write it like: ; python_version < '3.12' and sys_platform == 'linux'",
        ) from None
    return marker


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    lines = str(error).splitlines()
    return redacted(shortened(lines[0], 120)).rstrip(".: ") if lines else "it cannot be parsed"


def _check_lengths(requirement: Requirement) -> None:
    if len(requirement.name) > LONGEST_NAME:
        raise ValueError(f"a name of {len(requirement.name)} letters")
    # `Version` refuses numbers of thousands of digits, and only when it is asked: ask now.
    for one in requirement.specifier:
        if one.operator != "===":
            Version(one.version.removesuffix(".*"))


def is_url(text: str) -> bool:
    """Whether pip takes the text for an address: by its scheme alone."""
    return _split(text).scheme in _SCHEMES


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise BadLine(f"`{redacted(shortened(url))}` is a malformed address.", "Check its host.") from None


def looks_like_path(text: str) -> bool:
    """Whether pip takes the text for a path: it holds a separator or begins with a dot."""
    return os.sep in text or bool(os.altsep and os.altsep in text) or text.startswith(".")


def _suffix(path: str) -> str:
    base, suffix = posixpath.splitext(path)
    return f"{base[-4:]}{suffix}" if base.lower().endswith(".tar") else suffix


def _strip_extras(path: str) -> tuple[str, frozenset[NormalizedName]]:
    # By hand: the regular expression that says this is quadratic on a run of brackets.
    at = path.rfind("[", 0, -2) if path.endswith("]") else -1
    if at < 1 or "]" in path[at:-1]:
        return path, frozenset()
    try:
        return path[:at].rstrip(), _extras(Requirement(f"placeholder{path[at:].lower()}"))
    except (InvalidRequirement, ValueError, RecursionError):
        raise BadLine(f"`{shortened(path[at:])}` is no list of extras.", "Write NAME[one,other].") from None


def _extras(requirement: Requirement) -> frozenset[NormalizedName]:
    return frozenset(canonicalize_name(extra) for extra in requirement.extras)


def _egg(url: str) -> str | None:
    found = re.search(r"[#&]egg=([^&]*)", url)
    if not found:
        return None
    if not _EGG_NAME.fullmatch(found[1]):
        name, bracket, extras = found[1].partition("[")
        raise BadLine(
            f"`#egg={shortened(found[1], 60)}` is no name of a project.",
            f"Write {name}{bracket}{extras} @ {redacted(url.partition('#')[0])}"
            if bracket
            else "Write #egg=NAME",
        )
    return found[1]


def _source(url: str, disk: Disk) -> Source:
    """What an address names; `BadLine` when it is malformed or names a local file that is not there."""
    parts = _split(url)
    _egg(url)  # refused when it is no name, also where the name stands before the `@`
    if not parts.netloc and parts.scheme.rpartition("+")[2] not in ("file", "lp"):
        raise BadLine(f"`{redacted(shortened(url))}` names no host.", f"Write {parts.scheme}://HOST/PATH")
    found = re.search(r"[#&]subdirectory=([^&]*)", url)
    subdirectory = found[1] if found else ""
    bare = urlunsplit((parts.scheme, parts.netloc, parts.path, parts.query, ""))
    if parts.scheme in _VCS_SCHEMES:
        return _repository(url, subdirectory, disk)
    filename = unquote(posixpath.basename(parts.path.rstrip("/")))
    path = ""
    if parts.scheme == "file":
        path = _existing(url, disk)
        bare = file_url(path)
    kind: SourceKind = "wheel" if _suffix(filename) == ".whl" else "sdist"
    if path and disk.has_directory(path):
        kind = "directory"
    return Source(
        kind=kind,
        url=bare,
        shown=without_credentials(bare),
        path=path,
        filename=filename,
        subdirectory=subdirectory,
    )


def _existing(url: str, disk: Disk) -> str:
    path = local_path(url.split("#", 1)[0])
    if path is None:
        raise BadLine(f"`{shortened(url)}` names a file of another machine.", "Write file:///PATH")
    path = disk.absolute(path)
    if not disk.has(path):
        raise BadLine(f"`{shortened(path)}` does not exist.", "Check the path, or remove the line.")
    return path


def _repository(url: str, subdirectory: str, disk: Disk) -> Source:
    parts = urlsplit(url)
    vcs, _, scheme = parts.scheme.partition("+")
    path, at, revision = parts.path.rpartition("@")
    if not at:
        path, revision = parts.path, ""
    elif not revision:
        raise BadLine(
            f"`{redacted(shortened(url))}` ends in `@` without a revision.", "Write a tag, branch or commit."
        )
    bare = urlunsplit((scheme, parts.netloc, path, parts.query, ""))
    local = local_path(bare) if scheme == "file" else None
    return Source(
        kind="vcs",
        url=bare,
        shown=without_credentials(bare),
        path=disk.absolute(local) if local else "",
        filename=unquote(posixpath.basename(path.rstrip("/"))),
        subdirectory=subdirectory,
        vcs=vcs,
        revision=revision,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    requirement: Requirement | None
    url: str | None = None
    marker: Marker | None = None
    extras: frozenset[NormalizedName] = frozenset()


def _from_line(text: str, disk: Disk) -> _Parts:
    """Read a line that is not editable, in pip's order: marker, URL, path, requirement."""
    address = is_url(text)
    body, separator, marker_text = text.partition("; " if address else ";")
    marker = parse_marker(marker_text.strip()) if separator and marker_text.strip() else None
    body = body.strip()
    extras: frozenset[NormalizedName] = frozenset()
    url: str | None = body if is_url(body) else None
    if url is None:
        path, extras = _strip_extras(disk.absolute(body)) if body else ("", extras)
        url = _url_of_path(path, body, disk)
    if url is None:
        requirement = parse_requirement_text(body)
        marker = marker or requirement.marker
        return _Parts(requirement=requirement, url=requirement.url, marker=marker, extras=extras)
    filename = unquote(posixpath.basename(_split(url).path.rstrip("/")))
    named: str | None = _egg(url)
    if _suffix(filename) == ".whl":
        named = _wheel_requirement(filename)
    return _Parts(
        requirement=parse_requirement_text(named) if named else None, url=url, marker=marker, extras=extras
    )


def _wheel_requirement(filename: str) -> str:
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except (InvalidWheelFilename, ValueError):
        raise BadLine(
            f"`{shortened(filename)}` is no name of a wheel (PEP 427).",
            "A wheel is named NAME-VERSION-PYTHON-ABI-PLATFORM.whl; do not rename it.",
        ) from None
    return f"{name}=={version}"


def _url_of_path(path: str, body: str, disk: Disk) -> str | None:
    if looks_like_path(body) and disk.has_directory(path):
        if any(disk.has_file(disk.absolute(file, path)) for file in ("pyproject.toml", "setup.py")):
            return file_url(path)
        raise BadLine(
            f"The directory `{shortened(body)}` holds neither pyproject.toml nor setup.py.",
            "Give the directory of a project, or the file in it that you mean.",
        )
    if _suffix(path).lower() not in _ARCHIVES:
        if body.startswith(("./", "../", "/")):
            raise MissingTarget(f"`{shortened(body)}` does not exist.", _FROM_HERE)
        return None
    if disk.has_file(path):
        return file_url(path)
    name, at, _ = body.partition("@")
    if (at and not looks_like_path(name)) or re.match(r"(?:[a-z0-9-]+\.)+[a-z]{2,}/|[A-Za-z]:\\", body):
        return None
    what = f"The file `{shortened(body)}` does not exist."
    raise MissingTarget(what, "Check the path, or write NAME==VERSION.")


def _from_editable(text: str, disk: Disk) -> _Parts:
    try:
        requirement = Requirement(text)
    except (InvalidRequirement, ValueError, RecursionError):
        requirement = None
    if requirement is not None and requirement.url:
        url: str = requirement.url
    else:
        requirement, url = None, text
    body, extras = (url, frozenset[NormalizedName]()) if requirement else _strip_extras(text)
    if requirement is None and disk.has_directory(disk.absolute(body)):
        return _Parts(requirement=None, url=file_url(disk.absolute(body)), extras=extras)
    if not body.lower().startswith("file:"):
        body, extras = url, frozenset()
        if requirement is None and body.lower().split(":", 1)[0] in _VCS:
            body = f"{body.split(':', 1)[0].lower()}+{body}"
        if looks_like_path(text) and not is_url(body):
            raise MissingTarget(f"The directory `{shortened(text)}` does not exist.", _FROM_HERE)
        if _split(body).scheme not in _VCS_SCHEMES:
            raise BadLine(
                f"`{redacted(shortened(text))}` cannot be editable: neither directory nor repository.",
                "Write -e ./DIRECTORY or -e NAME@git+https://HOST/REPOSITORY (in quotes if it has blanks).",
            )
        if requirement is None and _egg(body) is None:
            raise BadLine(
                f"`{redacted(shortened(text))}` does not say which project it is.",
                f"Write NAME@{redacted(body)}",
            )
    egg = _egg(body) if requirement is None else None
    return _Parts(
        requirement=requirement or (parse_requirement_text(egg) if egg else None),
        url=body,
        marker=requirement.marker if requirement else None,
        extras=extras,
    )


def read_requirement(
    text: str,
    *,
    disk: Disk,
    origin: str,
    written: str = "",
    editable: bool = False,
    hashes: tuple[str, ...] = (),
    config_settings: tuple[tuple[str, str], ...] = (),
) -> Wanted:
    """The requirement that a line (without its options) or a command-line word says.

    `text` is what is meant (variables replaced), `written` what was typed. Raises `BadLine`.
    """
    parts = _from_editable(text, disk) if editable else _from_line(text, disk)
    source = None
    if parts.url is not None:
        source = _source(_with_scheme(parts.url, text, disk), disk)
        hashes = (
            *hashes,
            *(f"{kind}:{digest}".lower() for kind, digest in _FRAGMENT_HASH.findall(parts.url)),
        )
    requirement = parts.requirement
    return Wanted(
        name=canonicalize_name(requirement.name) if requirement else None,
        specifier=requirement.specifier if requirement else SpecifierSet(),
        extras=parts.extras or (_extras(requirement) if requirement else frozenset()),
        marker=parts.marker,
        source=source,
        hashes=tuple(dict.fromkeys(hashes)),
        editable=editable,
        config_settings=config_settings,
        origin=origin,
        text=shortened(redacted(written or text), 1000),
    )


def _with_scheme(url: str, text: str, disk: Disk) -> str:
    if is_url(url):
        return url
    path = disk.absolute(url.partition("#")[0])
    if (
        not url.startswith("#")
        and disk.has(path)
        and not re.match(r"[a-z][a-z0-9+.-]*://", url, re.IGNORECASE)
    ):
        return file_url(path)  # uv takes a path after `@`; pip does not
    raise BadLine(*explain(text, "what stands after @ is no address with a scheme that pip knows"))
