"""Pins as lines of requirements files: hashes, extras, addresses; knows the syntax of both installers alone.

https://pip.pypa.io/en/stable/reference/requirements-file-format/: pip expands `${NAME}`, a comment begins at
` #`, a backslash joins lines; uv reads the same. Nothing of that can come from a plan.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from planner.dists import parse_version
from planner.errors import PlanError
from planner.exporters.words import comment
from planner.plan.opened import PlanFile, PlannedPackage
from planner.urls import without_credentials

__all__ = [
    "folders_of",
    "index_lines",
    "local",
    "pin",
    "pinned",
    "safe_path",
    "safe_url",
    "tree_words",
    "urls_of",
]

_PATH = re.compile(r"[\w.@+~=:,()/-](?:[\w .@+~=:,()/-]*[\w.@+~=:,()/-])?\Z")
_EXTRA = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_COMMIT = re.compile(r"[\w.+~^/-]+\Z")


def safe_url(url: str) -> str:
    """The address without credentials, and with everything written out that a requirements file would act on.

    >>> safe_url("https://me:s3cret@files.test/a b-1.0.whl?x=${HOME}")
    'https://files.test/a%20b-1.0.whl?x=%24%7BHOME%7D'
    """
    return quote(without_credentials(url), safe="/:?#[]@!&'()*+,;=%~-._")


def safe_path(path: str, folder: str) -> str:
    """A path of the plan's, from the text's folder, in a form that is no option and no project's name.

    Raises PlanError for characters that the files of an installer have no way to write.
    """
    found = posixpath.normpath(posixpath.join(folder, path))
    if not _PATH.match(found):
        raise PlanError(
            f"The path {comment(path)[:80]!r} cannot be written into a file for pip and uv.",
            hint="Rename it, and check again.",
        )
    return found if found.startswith(("/", "../")) else f"./{found}"


def pin(package: PlannedPackage) -> str:
    """`name==version`, or "" where a directory or a repository has none. PlanError for what is no version."""
    if not package.version:
        return ""
    version = parse_version(package.version)
    if version is None:
        raise PlanError(f"The plan's version of {package.name} is none: {comment(package.version)[:60]!r}.")
    return f"{package.name}=={version}"


def _named(package: PlannedPackage) -> str:
    extras = sorted(package.extras)
    if not all(map(_EXTRA.match, extras)):
        raise PlanError(f"The plan's extras of {package.name} are none: {comment(', '.join(extras))[:60]!r}.")
    return f"{package.name}[{','.join(extras)}]" if extras else package.name


def local(package: PlannedPackage) -> bool:
    """Whether it is a directory or a repository: there is no file of it, and no hash."""
    return bool(package.directory or package.vcs)


def pinned(package: PlannedPackage, folder: str) -> Iterator[str]:
    """The lines of one pin with its hashes; nothing for a directory or a repository (see `tree_words`)."""
    if local(package):
        return
    hashes = sorted({one.sha256 for one in package.files})
    if not hashes or not all(re.fullmatch("[0-9a-f]{64}", one) for one in hashes):
        raise PlanError(f"The plan has no sha256 of {package.name}.")
    archive = package.archive
    if archive is None:
        start = pin(package).replace(package.name, _named(package), 1)
    elif archive.path:  # both read it from the folder they run in
        start = safe_path(archive.path, folder)
    else:
        inside = f"#subdirectory={quote(package.subdirectory)}" if package.subdirectory else ""
        start = f"{_named(package)} @ {safe_url(archive.url.partition('#')[0])}{inside}"
    yield f"{start} \\"
    for number, digest in enumerate(hashes, 1):
        yield f"    --hash=sha256:{digest}" + (" \\" if number < len(hashes) else "")


def tree_words(package: PlannedPackage, folder: str) -> tuple[str, ...]:
    """The words of an installer that name a directory or a repository: `-e ./app`, `name @ git+https://…`."""
    if package.directory:
        path = safe_path(package.directory, folder)
        extras = _named(package).removeprefix(package.name)
        inside = f"/{package.subdirectory}" if package.subdirectory else ""
        return (*(("-e",) if package.editable else ()), f"{path}{inside}{extras}")
    if not _COMMIT.match(package.commit) or not re.fullmatch("[a-z]+", package.vcs_type):
        raise PlanError(f"The plan's commit of {package.name} is none: {comment(package.commit)[:60]!r}.")
    inside = f"#subdirectory={quote(package.subdirectory)}" if package.subdirectory else ""
    return (f"{_named(package)} @ {package.vcs_type}+{safe_url(package.vcs)}@{package.commit}{inside}",)


def urls_of(plan: PlanFile) -> tuple[str, ...]:
    """The addresses of the plan's indexes, the default one first: the one for all projects with most pins."""
    rows = [one for one in plan.indexes if one.url]
    open_to_all = [one for one in rows if not one.only_for]
    default = max(open_to_all, key=lambda one: one.projects, default=None)
    ordered = ([default] if default else []) + [one for one in rows if one is not default]
    return tuple(dict.fromkeys(safe_url(one.url) for one in ordered))


def folders_of(packages: Iterable[PlannedPackage], folder: str) -> tuple[str, ...]:
    """The folders that hold the plan's local files, from the text's folder."""
    files = (one for package in packages if package.archive is None for one in package.files)
    return tuple(sorted({safe_path(posixpath.dirname(one.path) or ".", folder) for one in files if one.path}))


def index_lines(plan: PlanFile, folder: str) -> Iterator[str]:
    """`--index-url` and its sisters; without credentials: netrc, keyring and the environment have them."""
    default, *others = urls_of(plan) or ("",)
    yield f"--index-url {default}" if default else "--no-index"
    for url in others:
        yield f"--extra-index-url {url}"
    for path in folders_of(plan.packages, folder):
        yield f"--find-links {path}"
