"""Records the cassettes of the examples from the live index, and their plans; a person runs it.

    python cassettes/record.py ml web    records these two again (needs the network)
    python cassettes/record.py --all     records all
    python cassettes/record.py --plans   writes tests/cases/NAME/plan.toml anew from the cassettes

What a run asks of the catalog is watched, and only that is kept: see README.md in this folder.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import sys
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import yaml
from packaging.utils import NormalizedName
from packaging.version import Version

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cassettes.replay import ELSEWHERE, INDEX, NAMES, ROOT, arguments, playing
from planner import pipeline
from planner.arguments import parser
from planner.dists import Dist, Metadata, Refusal, Row, Wheel
from planner.indexes import catalog as catalog_module
from planner.indexes import prefetch as prefetch_module
from planner.indexes.pages import ACCEPT
from planner.jsonform import checked_json
from planner.page import Listing, Page
from planner.request import Request, World
from planner.sdist.names import Use, clean_name, wanted
from planner.settings import default_index
from planner.tags import Supported, supported_tags
from planner.verdict import Checked

JSON = "application/vnd.pypi.simple.v1+json"
FILES = "https://files.test/"
PRIVATE = "https://private.index.test/simple/"
OTHERS_KEPT = 4
"""Wheels kept of a version beside those that fit, so that there is something to choose from."""

NEWEST_KEPT = 3
"""Versions kept of those whose files were looked at but not read."""

READ_KEPT = 3
"""Versions kept of those whose metadata was read, beside what the result names."""

PASSES = 5
"""Runs over pages made smaller, until none asks for a page that was not made smaller."""


# -- what a live run asks ---------------------------------------------------------------------------------


class _WatchedPage(Page):
    """A page that remembers of which versions somebody looked at the files."""

    def files(self, version: Version) -> tuple[Dist, ...]:
        self.__dict__.setdefault("touched", set()).add(version)
        return super().files(version)

    @property
    def touched(self) -> frozenset[Version]:
        return frozenset(self.__dict__.get("touched", ()))


@dataclass
class Asked:
    """Everything that one run asked of its catalog."""

    pages: dict[NormalizedName, _WatchedPage] = field(default_factory=dict)
    metadata: dict[str, Metadata] = field(default_factory=dict)
    sdists: dict[str, bytes] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


Pages = Mapping[NormalizedName, Page]


def _watching(asked: Asked, pages: Pages) -> type[catalog_module.IndexCatalog]:
    class Watched(catalog_module.IndexCatalog):
        def __init__(self, *args: Any, read_sdist: Any, **keys: Any) -> None:
            def reading(filename: str, file: Any, *rest: Any) -> Any:
                data = file if isinstance(file, bytes) else file.read()
                small = shrunk(filename, data)
                with asked.lock:
                    asked.sdists[filename] = small
                return read_sdist(filename, small, *rest)

            super().__init__(*args, read_sdist=reading, **keys)

        def page(self, project: NormalizedName) -> Page:
            found = pages.get(project) or super().page(project)
            with asked.lock:
                return asked.pages.setdefault(project, _WatchedPage(project, found.listings, found.answers))

        def metadata(self, wheel: Wheel) -> Metadata | Refusal:
            found = super().metadata(wheel)
            if isinstance(found, Refusal):
                raise SystemExit(f"{wheel.filename}: {found.detail}; record again")
            with asked.lock:
                asked.metadata[wheel.filename] = found
            return found

    return Watched


class _Patient(prefetch_module.Prefetcher):
    """Fetches all that it ever would, so that a recording does not depend on the network's speed."""

    def stop(self) -> None:
        self.wait(120)
        super().stop()


def _environment() -> dict[str, str]:
    """This process's, without the settings that pip, uv and wheelplan would take from it."""
    network = ("PIP_CERT", "PIP_PROXY")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in network or not name.startswith(("PIP_", "UV_", "WHEELPLAN_", "VIRTUAL_ENV", "CONDA_"))
    }
    return {**kept, "PIP_CONFIG_FILE": os.devnull}


def checked(words: list[str], environ: Mapping[str, str]) -> Checked:
    """The result of a `check` of these words, as the command line would have it."""
    world = World(
        environ=environ,
        cwd=str(ROOT),
        stdin=lambda: b"",
        now=World.real().now,
        monotonic=lambda: 0.0,  # a slow network must not end the search earlier than a replay does
    )
    request = Request.of(parser().parse_args(words), world)
    return pipeline.check(request, lambda _: None, lambda text: print(text, file=sys.stderr))


def live(name: str, pages: Pages) -> tuple[list[Checked], Asked]:
    """Check an example on the live index, for each of its machines, and what that asked.

    `pages` are project pages to take instead of the index's.
    """
    asked = Asked()
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(prefetch_module, "Prefetcher", _Patient))
        # What lies beyond the indexes is not recorded.
        stack.enter_context(mock.patch.object(catalog_module.IndexCatalog, "exists", return_value=None))
        stack.enter_context(mock.patch.object(catalog_module, "IndexCatalog", _watching(asked, pages)))
        stack.enter_context(_private_index())
        words = arguments(name, index=default_index())
        found = [checked([*words, *more, "--no-cache"], _environment()) for more in _machines(name)]
    return found, asked


def _machines(name: str) -> tuple[tuple[str, ...], ...]:
    return ((), *ELSEWHERE.get(name, ()))


# -- an index of one's own, written and not recorded --------------------------------------------------------


def _private_files() -> dict[str, bytes]:
    """What the index of the example `indexes` answers, by address: a project of its own, and a public one."""
    answers: dict[str, bytes] = {}
    for project, versions in {"house-style": ("1.0", "1.2"), "idna": ("3.6",)}.items():
        entries = []
        for version in versions:
            filename = f"{project.replace('-', '_')}-{version}-py3-none-any.whl"
            needs = ("idna>=3",) if project == "house-style" else ()
            metadata = header(project, Version(version), requires=needs, python=">=3.8")
            answers[f"{FILES}{filename}.metadata"] = metadata
            digest = hashlib.sha256(filename.encode()).hexdigest()
            row = Row(filename, FILES + filename, digest, ">=3.8", 9000, "2026-03-04T05:06:07.000000Z")
            entries.append(entry(row, hashlib.sha256(metadata).hexdigest()))
        answers[f"{PRIVATE}{project}/"] = page_text(project, entries).encode()
    return answers


@contextmanager
def _private_index() -> Iterator[None]:
    answers = _private_files()
    real = httpx.HTTPTransport.handle_request

    def handle(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        if not request.url.host.endswith(".test"):
            return real(self, request)
        if url not in answers:
            return httpx.Response(404, stream=httpx.ByteStream(b""))
        kind = JSON if url.endswith("/") else "application/octet-stream"
        return httpx.Response(200, headers={"content-type": kind}, stream=httpx.ByteStream(answers[url]))

    with mock.patch.object(httpx.HTTPTransport, "handle_request", handle):
        yield


# -- smaller, with the same meaning -----------------------------------------------------------------------


def header(
    project: str,
    version: Version | None,
    *,
    requires: Iterable[str] = (),
    python: str = "",
    extras: Iterable[str] = (),
) -> bytes:
    """A METADATA file of header fields alone."""
    lines = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}"]
    if python:
        lines.append(f"Requires-Python: {python}")
    lines += [f"Provides-Extra: {extra}" for extra in sorted(extras)]
    lines += [f"Requires-Dist: {text}" for text in requires]
    return "".join(f"{line}\n" for line in lines).encode()


_FIELDS = re.compile(rb"(?i)(?:metadata-version|name|version|requires-|provides-|dynamic)")


def _pkg_info(data: bytes) -> bytes:
    """The header fields of a PKG-INFO that the reader looks at."""
    head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    logical = re.split(rb"\r?\n(?![ \t])", head)
    return b"".join(line + b"\n" for line in logical if _FIELDS.match(line))


def shrunk(filename: str, data: bytes, *, metadata_alone: bool = False) -> bytes:
    """The sdist with the same member names, of which only those hold anything that the reader looks into.

    Python that no build file names is left empty as well: most of a project's code is read for nothing.
    """
    members = list(_members(data))
    build = b"\n".join(content for name, content in members if _use(name) is Use.BUILD)
    members = [
        (name, b"" if _use(name) is Use.CODE and not _named(name, build) else content)
        for name, content in members
        if not metadata_alone or _use(name) in (Use.METADATA, Use.BUILD, Use.CODE)
    ]
    buffer = io.BytesIO()
    if filename.endswith(".zip"):
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), 9, mtime=0)


def _use(name: str) -> Use | None:
    return wanted((clean_name(name) or "").partition("/")[2])


def _named(name: str, build: bytes) -> bool:
    stem = name.rpartition("/")[2].removesuffix(".py").encode()
    folder = name.rpartition("/")[0].rpartition("/")[2].encode()
    return re.search(rb"\b" + re.escape(folder if stem == b"__init__" else stem) + rb"\b", build) is not None


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield info.filename, _content(info.filename, lambda info=info: archive.read(info))
        return
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            if member.isfile():
                yield member.name, _content(member.name, lambda member=member: _file(tar, member))


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = tar.extractfile(member)
    return opened.read() if opened is not None else b""


def _content(name: str, read: Any) -> bytes:
    inner = (clean_name(name) or "").partition("/")[2]
    use = wanted(inner)
    if use in (None, Use.VENDORED):
        return b""
    content: bytes = _hosts().sub(b"index.test", read())
    if use is Use.SOURCE and not inner.endswith(".py"):
        return _directives(inner, content)
    return _pkg_info(content) if inner.rpartition("/")[2] == "PKG-INFO" else content


_C = re.compile(rb"[ \t]*(?:#|%)[ \t]*(?:include|if|el|endif|error|import)")
_OTHER = re.compile(rb"[ \t]*(?:#|cdef extern|c?import|from |include|use )")
_READ = 256 << 10


def _directives(name: str, content: bytes) -> bytes:
    """A compiled source's lines that name headers, each where it was."""
    line_of = (_OTHER if name.endswith((".pyx", ".pxd", ".pxi", ".f", ".f90", ".for")) else _C).match
    lines = (line if line_of(line) else b"" for line in content[:_READ].split(b"\n"))
    return b"\n".join(lines).rstrip() + b"\n"


@cache
def _hosts() -> re.Pattern[bytes]:
    """Hosts of addresses in texts, and the default index's own and earlier ones wherever they stand."""
    name = httpx.URL(default_index()).host.partition(".")[0].encode()
    return re.compile(rb"(?<=https://)[\w.-]+|(?<=http://)[\w.-]+|\b" + name + rb"\.(?:[\w-]+\.)*org\b")


def entry(row: Row, metadata_sha256: str = "", sdist: bytes | None = None) -> dict[str, Any]:
    """A file as a JSON page has it; the hash and size of an sdist are those of its small form."""
    digest = hashlib.sha256(sdist).hexdigest() if sdist is not None else row.sha256
    listed: dict[str, Any] = {
        "filename": row.filename,
        "url": FILES + row.filename,
        "hashes": {"sha256": digest},
        "requires-python": row.requires_python or None,
        "size": len(sdist) if sdist is not None else row.size,
        "upload-time": row.upload_time or None,
        "yanked": (row.yanked or True) if row.yanked is not None else None,
        "core-metadata": {"sha256": metadata_sha256} if metadata_sha256 else None,
    }
    return {key: value for key, value in listed.items() if value is not None}


def page_text(project: str, entries: Iterable[Mapping[str, Any]]) -> str:
    """A JSON page, one file a line, for diffs that can be read."""
    lines = ",\n".join(json.dumps(one) for one in entries)
    return f'{{"meta": {{"api-version": "1.1"}}, "name": "{project}", "files": [\n{lines}\n]}}\n'


@dataclass
class _Pruner:
    """Which versions and files of a page a replay needs to come to the same result."""

    asked: Asked
    found: list[Checked]

    def kept(self, page: _WatchedPage) -> Iterator[Dist]:
        """What is kept, by version, index and file name."""
        for version in self._versions(page):
            files = sorted(Page.files(page, version), key=lambda dist: (dist.index, dist.filename))
            yield from self._files(files)

    def _versions(self, page: _WatchedPage) -> list[Version]:
        """Those that were read or that the result names, the newest looked at, and the one before them."""
        versions = sorted(page.versions)
        said = " ".join(_words_on(found, page.project) for found in self.found)
        kept = {v for v in versions if re.search(rf"(?<![\w.]){re.escape(str(v))}(?![\w.]*\w)", said)}
        looked_at = sorted(page.touched & set(versions))
        kept.update(version for version in versions if (page.project, version) in self._pinned)
        kept.update([v for v in looked_at if any(map(self._was_read, Page.files(page, v)))][-READ_KEPT:])
        kept.update(looked_at[-NEWEST_KEPT:], versions[-1:])
        if kept:
            lowest = versions.index(min(kept))
            kept.update(versions[max(0, lowest - 1) : lowest])
        return sorted(kept)

    def _was_read(self, dist: Dist) -> bool:
        return dist.filename in self.asked.metadata or dist.filename in self.asked.sdists

    def _files(self, files: list[Dist]) -> list[Dist]:
        """All files of a version that is built, as each has its reason; of others a few."""
        if any(dist.filename in self._built for dist in files):
            return files
        wheels = [dist for dist in files if isinstance(dist, Wheel)]
        taken = [
            dist
            for dist in wheels
            if self._was_read(dist) or any(s.misfit(dist) is None for s in self._supported)
        ]
        rest = [dist for dist in wheels if dist not in taken]
        kept = {dist.filename for dist in (*taken, *rest[: OTHERS_KEPT // 2], *rest[-OTHERS_KEPT // 2 :])}
        return [dist for dist in files if not isinstance(dist, Wheel) or dist.filename in kept]

    def smaller(self, page: _WatchedPage) -> Page:
        """The page with what is kept alone."""
        files = list(self.kept(page))
        listings = []
        for one in page.listings:
            rows = tuple(dist.row for dist in files if dist.index == one.index)
            listings.append(
                Listing(index=one.index, rows=rows, status=one.status, status_reason=one.status_reason)
            )
        return Page(page.project, listings, page.answers)

    @cached_property
    def _pinned(self) -> frozenset[tuple[str, Version | None]]:
        return frozenset(
            (package.name, package.version) for found in self.found for package in found.packages
        )

    @cached_property
    def _built(self) -> frozenset[str]:
        return frozenset(build.filename for found in self.found for build in found.builds)

    @cached_property
    def _supported(self) -> tuple[Supported, ...]:
        return tuple(supported_tags(found.machine) for found in self.found)


# -- the cassette -----------------------------------------------------------------------------------------


def interactions(asked: Asked, index: str) -> list[dict[str, Any]]:
    """All that the runs asked and was answered, sorted by address."""
    made: dict[str, dict[str, Any]] = {}
    for project, page in asked.pages.items():
        kept = [
            dist
            for version in sorted(page.versions)
            for dist in sorted(Page.files(page, version), key=lambda dist: (dist.index, dist.filename))
        ]
        for answer in page.answers:
            base = INDEX if answer.index.rstrip("/") == index.rstrip("/") else answer.index
            url = f"{base.rstrip('/')}/{project}/"
            if answer.state != "found":
                made[url] = _interaction(url, 404, "text/plain", "", accept=ACCEPT)
                continue
            entries = []
            for dist in kept:
                if dist.index != answer.index:
                    continue
                metadata = asked.metadata.get(dist.filename)
                text = _metadata(metadata) if metadata is not None else b""
                if text:
                    address = f"{FILES}{dist.filename}.metadata"
                    made[address] = _interaction(address, 200, "text/plain", text.decode())
                small = asked.sdists.get(dist.filename)
                if small is not None:
                    address = FILES + dist.filename
                    made[address] = _interaction(address, 200, "application/octet-stream", small)
                entries.append(entry(dist.row, hashlib.sha256(text).hexdigest() if text else "", small))
            made[url] = _interaction(url, 200, JSON, page_text(project, entries), accept=ACCEPT)
    return [made[url] for url in sorted(made)]


def _metadata(metadata: Metadata) -> bytes:
    return header(
        metadata.project,
        metadata.version,
        requires=metadata.requires,
        python=metadata.requires_python,
        extras=metadata.extras,
    )


def _words_on(found: Checked, project: str) -> str:
    """Everything that the result says on a project."""
    findings = (f"{f.summary} {f.remedy} {' '.join(f.facts)}" for f in found.findings if project in f.summary)
    builds = (f"{b.why} {' '.join(map(str, b.alternatives))}" for b in found.builds if b.project == project)
    return " ".join((*findings, *builds))


def _interaction(
    url: str, status: int, kind: str, body: str | bytes, *, accept: str = "*/*"
) -> dict[str, Any]:
    return {
        "request": {"method": "GET", "uri": url, "body": "", "headers": {"accept": [accept]}},
        "response": {
            "status": {"code": status, "message": "OK" if status == 200 else "Not Found"},
            "headers": {"content-type": [kind]},
            "body": {"string": body},
        },
    }


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, so that a diff shows the lines that changed."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def dumped(name: str, found: list[dict[str, Any]]) -> str:
    """The cassette's text; the same interactions give the same text."""
    head = (
        f"# Recorded by cassettes/record.py from the example {name}, and made smaller; see README.md here.\n"
    )
    document = {"interactions": found, "version": 1}
    return head + yaml.dump(document, Dumper=_Dumper, width=2**30, sort_keys=False, allow_unicode=True)


# -- from live to file, and proven -------------------------------------------------------------------------


def meaning(found: Checked, index: str) -> dict[str, Any]:
    """What a result says, free of addresses and of what it cost: the same for live and replay."""
    value = checked_json(found, plan_path="", exit_code=found.exit_code)
    for key in ("requests", "bytes", "rounds", "settings"):
        del value[key]
    if value.get("choice"):
        del value["choice"]["rounds"]
    text = json.dumps(value, sort_keys=True, indent=1)
    text = text.replace(index, INDEX).replace(index.rstrip("/"), INDEX.rstrip("/"))
    result: dict[str, Any] = json.loads(text)
    return result


def replayed(name: str, more: tuple[str, ...] = ()) -> Checked:
    """The same check, from the cassette."""
    with playing(name), tempfile.TemporaryDirectory() as cache:
        words = [*arguments(name), *more, "--cache-dir", cache]
        return checked(words, {"PIP_CONFIG_FILE": os.devnull, "HOME": cache})


def small(name: str) -> tuple[list[Checked], Asked]:
    """The same on pages made smaller: what is asked then is what a replay asks.

    A search goes other ways where versions are missing, so that smaller pages are tried, not only written.
    """
    pages: dict[NormalizedName, Page] = {}
    for _ in range(PASSES):
        found, asked = live(name, pages)
        new = asked.pages.keys() - pages.keys()
        if not new:
            return found, asked
        pruner = _Pruner(asked, found)
        pages |= {project: pruner.smaller(asked.pages[project]) for project in new}
    raise SystemExit(f"{name}: {PASSES} runs asked for new pages each")


def record(name: str) -> None:
    """Record one example, and prove that its cassette gives the same result."""
    index = default_index()
    found, asked = small(name)
    built = {package.dist.filename for one in found for package in one.packages}
    for filename in asked.sdists.keys() - built:  # read for their metadata, and passed over
        asked.sdists[filename] = shrunk(filename, asked.sdists[filename], metadata_alone=True)
    text = dumped(name, interactions(asked, index))
    for host in {httpx.URL(index).host, *_file_hosts(asked)}:
        if host in text:
            raise SystemExit(f"{name}: the cassette names {host}")
    path = ROOT / "cassettes" / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    for was, more in zip(found, _machines(name), strict=True):
        one, other = meaning(was, index), meaning(replayed(name, more), INDEX)
        if one != other:
            wrong = ", ".join(key for key in one if one[key] != other.get(key))
            raise SystemExit(f"{name} {' '.join(more)}: {wrong} differ:\n{_first_difference(one, other)}")
    print(
        f"{name}: {len(text) >> 10} KiB, {len(asked.pages)} pages, {len(asked.metadata)} metadata files,"
        f" {len(asked.sdists)} sdists; {', '.join(one.verdict for one in found)}"
    )
    write_plan(name, replayed(name))


def _file_hosts(asked: Asked) -> set[str]:
    urls = (listing.rows[0].url for page in asked.pages.values() for listing in page.listings if listing.rows)
    return {host for url in urls if not (host := httpx.URL(url).host).endswith(".test")}


def _first_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    lines = [json.dumps(value, indent=1, sort_keys=True).splitlines() for value in (one, other)]
    pairs = zip(*lines, strict=False)
    return next((f"live   {a}\nreplay {b}" for a, b in pairs if a != b), "one has more lines")


def write_plan(name: str, found: Checked) -> None:
    """The expected plan of a case; none where no plan can be made."""
    path = ROOT / "tests" / "cases" / name / "plan.toml"
    if found.plan:
        path.write_text(found.plan, encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--all", action="store_true", help="record all examples")
    parser.add_argument("--plans", action="store_true", help="only the expected plans, from the cassettes")
    args = parser.parse_args()
    names = args.names or (NAMES if args.all or args.plans else ())
    if not names or not set(names) <= set(NAMES):
        parser.error(f"name some of {', '.join(NAMES)}, or --all")
    for name in names:
        if args.plans:
            write_plan(name, replayed(name))
        else:
            record(name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
