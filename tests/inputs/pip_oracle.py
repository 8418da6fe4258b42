"""What pip itself reads in a requirements file, in our words: the oracle of the tests (tests only, never the product)."""

from __future__ import annotations

import contextlib
import io
import optparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pip._internal.exceptions import PipError
from pip._internal.models.format_control import FormatControl
from pip._internal.models.release_control import ReleaseControl
from pip._internal.models.search_scope import SearchScope
from pip._internal.network.session import PipSession
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.req.req_file import parse_requirements

from planner.inputs.requirements import Reading
from planner.wanted import Disk, Inputs, Wanted

if TYPE_CHECKING:
    from pip._internal.index.package_finder import PackageFinder

Seen = tuple[object, ...]


class Finder:
    """As much of pip's finder as option lines touch."""

    def __init__(self) -> None:
        self.search_scope = SearchScope([], ["https://index.test/simple"], no_index=False)
        self.format_control = FormatControl()
        self.release_control: ReleaseControl | None = ReleaseControl()
        self.prefer_binary = False

    @property
    def find_links(self) -> list[str]:
        return self.search_scope.find_links

    @property
    def index_urls(self) -> list[str]:
        return self.search_scope.index_urls

    def set_prefer_binary(self) -> None:
        self.prefer_binary = True

    def set_release_control(self, control: ReleaseControl) -> None:
        self.release_control = control


class Session(PipSession):
    """A session that opens nothing; it remembers trusted hosts."""

    def __init__(self) -> None:
        self.pip_trusted_origins = []
        self.hosts: list[str] = []

    def update_index_urls(self, new_index_urls: list[str]) -> None:
        del new_index_urls

    def add_trusted_host(self, host: str, source: str | None = None, suppress_logging: bool = False) -> None:
        del source, suppress_logging
        self.hosts.append(host)


def pip_reads(file: Path, *, constraint: bool = False) -> tuple[list[Seen], dict[str, object]] | None:
    """Requirements and options as pip reads them, or None when it refuses the file."""
    with contextlib.redirect_stderr(io.StringIO()):  # its option parser prints a line on usage
        return _pip_reads(file, constraint=constraint)


def _pip_reads(file: Path, *, constraint: bool = False) -> tuple[list[Seen], dict[str, object]] | None:
    finder, session = Finder(), Session()
    options = optparse.Values({"require_hashes": False, "no_require_hashes": False, "features_enabled": []})
    seen: list[Seen] = []
    try:
        for parsed in parse_requirements(
            str(file), session, finder=cast("PackageFinder", finder), options=options, constraint=constraint
        ):
            required = install_req_from_parsed_requirement(
                parsed, config_settings=(parsed.options or {}).get("config_settings")
            )
            if required.link and required.link.is_file and not Path(required.link.file_path).exists():
                return None  # pip only warns here, and fails as soon as it opens the file
            link_hash = required.link.hash_name in ("sha256", "sha384", "sha512") if required.link else False
            hashes = (
                [f"{required.link.hash_name}:{required.link.hash}"] if required.link and link_hash else []
            )
            hashes += [
                f"{kind}:{digest.lower()}" for kind, some in required.hash_options.items() for digest in some
            ]
            seen.append(
                (
                    required.name and required.name.lower().replace("_", "-").replace(".", "-"),
                    str(required.req.specifier) if required.req else "",
                    sorted(extra.lower().replace("_", "-") for extra in required.extras),
                    str(required.markers) if required.markers else None,
                    required.link.url.split("#")[0] if required.link else None,
                    sorted(set(hashes)),
                    required.editable,
                    required.constraint,
                )
            )
    except (PipError, ValueError, RecursionError):
        return None
    assert finder.release_control is not None
    said = {
        "index_urls": finder.index_urls,
        "no_index": finder.search_scope.no_index,
        "find_links": finder.find_links,
        "no_binary": finder.format_control.no_binary,
        "only_binary": finder.format_control.only_binary,
        "all_releases": finder.release_control.all_releases,
        "only_final": finder.release_control.only_final,
        "prefer_binary": finder.prefer_binary,
        "require_hashes": bool(options.require_hashes),
        "trusted_hosts": session.hosts,
    }
    return seen, said


def disk(cwd: Path) -> Disk:
    """The real disk, below a test's own directory."""
    return Disk(
        read=lambda path: Path(path).read_bytes(), exists=os.path.exists, isdir=os.path.isdir, cwd=str(cwd)
    )


def _seen(wanted: Wanted, *, constraint: bool) -> Seen:
    source = wanted.source
    url = None
    if source is not None:
        url = f"{source.vcs}+{source.url}" if source.vcs else source.url
        if source.vcs and source.revision:
            url += f"@{source.revision}"
    return (
        wanted.name,
        str(wanted.specifier),
        sorted(wanted.extras),
        str(wanted.marker) if wanted.marker else None,
        url,
        sorted(wanted.hashes),
        wanted.editable,
        constraint,
    )


def we_read(file: Path, *, constraint: bool = False) -> Inputs:
    """Our own reading of the same file, from the same working directory; raises InputError."""
    reading = Reading(disk(Path.cwd()), os.environ)
    reading.file(str(file), constraint=constraint)
    return reading.finish()


def ours(inputs: Inputs) -> tuple[list[Seen], dict[str, object]]:
    """Our values in the oracle's words."""
    options = inputs.options
    base = ["https://index.test/simple"] if options.index_url is None and not options.no_index else []
    said = {
        "index_urls": [*base, *([options.index_url] if options.index_url else []), *options.extra_index_urls],
        "no_index": options.no_index,
        "find_links": [link.removeprefix("file://") for link in options.find_links],
        "no_binary": options.no_binary,
        "only_binary": options.only_binary,
        "all_releases": options.all_releases,
        "only_final": options.only_final,
        "prefer_binary": options.prefer_binary,
        "require_hashes": options.require_hashes,
        "trusted_hosts": list(options.trusted_hosts),
    }
    seen = [_seen(wanted, constraint=False) for wanted in inputs.wanted]
    return [*seen, *(_seen(wanted, constraint=True) for wanted in inputs.constraints)], said
