"""Logs of builds that really fail, each for a reason that is known because it was made; judges no log.

    python benchmarks/failed_builds.py --results DIR
    python benchmarks/failed_builds.py --results DIR --uv FOLDER
    python benchmarks/failed_builds.py --results DIR --list FILE
    python benchmarks/failed_builds.py --results DIR --corpus tests/diagnose --notes FILE

The first takes the projects of tests/truth/bookworm.toml that build, and leaves out one package of each
project's minimal set at a time: all libraries and tools first, then the compiler and Python's headers of some
projects. `--uv` does so with uv (a folder that holds its executable). `--list` is a TOML file of builds with
what is done to each: `[id]`, `spec`, `packages`, `command`. Needs what bare_debian.py needs; results (JSON
and log) that are in the folder already are not made again. `--corpus` writes a folder of results, below
DIR too, as builds.toml and builds.tar.xz; what a person found in the logs (`[id]`, `kind`, `subject`, ...)
comes from the notes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import itertools
import json
import lzma
import os
import re
import shlex
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from bare_build import COMPILING, INSPECT, Built, Terms, build, closure, judge, split_spec
from bare_debian import ROOT, SAME, Row, half, order, read
from bare_machine import Cache, NotInstallable
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PIP = '/v/bin/pip install --no-binary {project} "{spec}"'
UV = 'uv pip install --python /v/bin/python --no-cache --no-binary {project} "{spec}"'


@dataclass(frozen=True)
class Job:
    """One build: its name in the results, what is built, and which package of the minimal set is left out."""

    name: str
    spec: str
    packages: tuple[str, ...]
    minimal: tuple[str, ...]
    extensions: int = 0
    command: str = ""
    installer: str = "pip"
    limit: float = 0


def dice(text: str) -> int:
    """A number that looks random and is always the same for a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def left_out(rows: Sequence[Row], slowest: float, some: int) -> Iterator[Job]:
    """Each project without one package: libraries and tools first, then compilers and headers of some."""
    known = [row for row in rows if row["outcome"] == "ok" and row.get("minimal_apt")]
    quick = sorted((row for row in known if row["seconds"] <= slowest), key=lambda row: float(row["seconds"]))
    for row in quick:
        for package in row["minimal_apt"]:
            if package not in COMPILING:
                yield without(row, package)
    chosen = sorted(quick, key=lambda row: dice(row["name"]))
    for group in (("gcc", "g++"), ("python3-dev",)):
        having = [(row, name) for row in chosen for name in row["minimal_apt"] if name in group]
        for row, package in having[:some]:
            yield without(row, package)


def without(row: Row, package: str) -> Job:
    minimal = tuple(row["minimal_apt"])
    name = f"{row['name']}.without-{package}"
    kept = tuple(one for one in minimal if one != package)
    return Job(name, f"{row['name']}=={row['version']}", kept, minimal, row.get("extensions", 0))


def lacking(cache: Cache, job: Job) -> list[str]:
    """What of the minimal set is not there, and is not brought by what is."""
    absent = set(job.minimal) - set(job.packages)
    if not absent:
        return []
    brought = closure(cache, job.packages) if job.packages else frozenset[str]()
    # g++ depends on gcc; what apt calls by another name is there too.
    return order(name for name in absent if name not in brought and SAME.get(name, name) not in brought)


def commanded(cache: Cache, job: Job, uv: Path | None, terms: Terms) -> Built:
    """A build with a command of its own: another installer, or a machine with something taken from it."""
    project, version = split_spec(job.spec)
    result = Built(project, version, job.packages, "fail")
    binds = {uv: "/opt/uv"} if uv else {}
    command = "export PATH=/opt/uv:$PATH; " + job.command.format(project=project, spec=job.spec)
    index = cache.settings.get("PIP_INDEX_URL", "")
    command = (f"export UV_DEFAULT_INDEX='{index}'; " if index else "") + command
    try:
        with cache.machine(job.packages) as machine:
            ran = machine.run(command, limit=job.limit or terms.limit, binds=binds)
            result.log, result.seconds, result.compiler_mib = ran.text, ran.seconds, ran.compiler_mib
            if ran.code == 0:
                told = machine.run(shlex.join(["/v/bin/python", "-c", INSPECT, project]), limit=600)
                result.log += told.text
    except NotInstallable as error:
        result.outcome, result.error, result.log = "not-installable", str(error), str(error)
        return result
    judge(result, ran.code, terms, ())
    return result


def make(cache: Cache, job: Job, options: argparse.Namespace) -> None:
    """Build, and keep what came of it."""
    file = options.results / f"{job.name}.json"
    if file.is_file():
        return
    terms = Terms(limit=options.limit)
    if job.command:
        result = commanded(cache, job, options.uv, terms)
    else:
        result = build(cache, job.spec, job.packages, terms)
    if not result.version:
        taken = re.search(rf"(?i){re.escape(job.spec)}-(\d[\w.]*?)\.(?:tar|zip)", result.log)
        result.version = taken[1] if taken else ""
    if result.outcome == "ok" and len(result.shared) < job.extensions:
        result.outcome = "ok-degraded"
    values: dict[str, Any] = {
        "id": job.name,
        "project": result.project,
        "version": result.version,
        "installer": job.installer,
        "installed": order(job.packages),
        "lacking": lacking(cache, job),
        "half": half(result.project),
        "outcome": result.outcome,
        "error": result.error,
        "seconds": result.seconds,
    }
    file.with_suffix(".log").write_text(result.log, encoding="utf-8")
    file.write_text(json.dumps(values, indent=1), encoding="utf-8")
    print(f"{job.name:50} {result.outcome:12} {result.seconds:6} s  {result.error}", flush=True)


def listed(file: Path, rows: dict[str, Row]) -> Iterator[Job]:
    """The builds that a file names; an `{install}` in a command is pip's usual one."""
    for name, values in tomllib.loads(file.read_text(encoding="utf-8")).items():
        minimal = rows.get(str(canonicalize_name(split_spec(values["spec"])[0])), {}).get("minimal_apt", ())
        packages = tuple(values.get("packages", minimal))
        command = values["command"].replace("{install}", PIP).replace("{uv}", UV)
        limit = values.get("limit", 0)
        installer = values.get("installer", "pip")
        yield Job(name, values["spec"], packages, tuple(minimal), 0, command, installer, limit)


def with_uv(jobs: Iterator[Job], share: int) -> Iterator[Job]:
    """The same builds with uv, one of so many."""
    for job in jobs:
        if dice(f"uv {job.name}") % share == 0:
            yield Job(f"{job.name}.uv", job.spec, job.packages, job.minimal, job.extensions, UV, "uv")


KEYS = ("project", "version", "installer", "wrapped", "installed", "lacking", "half", "ended")
NOTED = ("kind", "subject", "also", "specifier", "note")
HUGE = 200_000
HEAD = """\
# Logs of real builds, most of which failed, and why they did: see README.md here. Written by
# `benchmarks/failed_builds.py --corpus`; the logs are in builds.tar.xz, as ID.log.
"""
ENDED = {"ok": "well", "ok-degraded": "degraded", "import-fail": "import"}


def hosts() -> dict[str, str]:
    """The names that stand for the hosts of pip's index."""
    from pip._internal.models.index import PyPI  # noqa: PLC0415 - pip has no public name for these

    return {PyPI.netloc: "index.test", PyPI.file_storage_domain: "files.test"}


def tidied(text: str) -> str:
    """A log without what only this machine has in it: hosts, root's home, our own last line."""
    text = re.sub(r"^(INSPECTED|## ).*\n?", "", text, flags=re.MULTILINE)
    text = re.sub(r"━{4,}", "━━━━", text.replace("\r\n", "\n"))
    for host, name in hosts().items():
        text = text.replace(host, name)
    text = re.sub(r"(?<![\w./-])/root(?=[/,\s]|$)", "/home/user", text)
    text = re.sub(r"/etc/bare-certificates\.pem|/opt/uv(?=/)", "/etc/ssl/cert.pem", text)
    return shortened(text) if len(text) > HUGE else text


def shortened(text: str, kept: int = 12) -> str:
    """A huge log without the middle of long runs of lines that begin with the same word."""
    lines: list[str] = []
    for _, run in itertools.groupby(text.splitlines(), key=lambda line: line.split(maxsplit=1)[:1]):
        group = list(run)
        if len(group) > 3 * kept:
            group[kept:-kept] = [f"[… {len(group) - 2 * kept} lines left out]"]
        lines += group
    return "\n".join(lines) + "\n"


def docker(text: str, row: Row) -> str:
    """The log as `docker build --progress=plain` shows it."""
    step = f"RUN pip install {row['project']}=={row['version']}"
    lines = [f"{0.4 + 0.11 * number:.3f} {line}" for number, line in enumerate(text.splitlines())]
    said = f'process "/bin/sh -c {step[4:]}" did not complete successfully: exit code: 1'
    tail = [f"#8 ERROR: {said}", "------", f" > [4/5] {step}:", *lines[-10:], "------", "Dockerfile:4"]
    tail += ["--------------------", f"   4 | >>> {step}", "--------------------"]
    body = [f"#8 [4/5] {step}", *(f"#8 {line}" for line in lines), *tail]
    return "\n".join([*body, f"ERROR: failed to build: failed to solve: {said}", ""])


def actions(text: str, row: Row) -> str:
    """The log as GitHub Actions keeps it."""
    step = f"pip install {row['project']}=={row['version']}"
    lines = [
        f"##[group]Run {step}",
        f"\x1b[36;1m{step}\x1b[0m",
        "shell: /usr/bin/bash -e {0}",
        "##[endgroup]",
    ]
    lines += [*text.splitlines(), "##[error]Process completed with exit code 1."]
    start = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=timezone.utc)
    times = (start + timedelta(seconds=0.137 * number) for number in range(len(lines)))
    marked = (f"{time:%Y-%m-%dT%H:%M:%S.%f}0Z {line}" for time, line in zip(times, lines, strict=True))
    return "\n".join(marked) + "\n"


def rows_and_logs(results: Path, notes: dict[str, Row]) -> Iterator[tuple[str, Row, str]]:
    """Each result as a row of the corpus, with its log; some of them as other programs show them too."""
    for file in sorted(results.rglob("*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        found["ended"] = ENDED.get(found["outcome"], "failed")
        noted = notes.get(found["id"], {})
        if noted.get("leave"):
            continue
        row = {key: found[key] for key in KEYS if key in found}
        row |= {key: noted[key] for key in ("lacking", *NOTED) if key in noted}
        if row["ended"] in ("well", "degraded"):
            row.setdefault("kind", "none" if row["ended"] == "well" else "degraded")
        if row.get("kind") == "none":
            row["lacking"] = []
        raw = file.with_suffix(".log").read_text(encoding="utf-8")
        if row["ended"] == "failed" and re.search(rf"(?im)^Successfully installed.* {row['project']}-", raw):
            row["ended"] = "import"
        text = tidied(raw)
        yield found["id"], row, text
        if row["ended"] == "failed" and found["installer"] == "pip":
            for name, share, wrap in (("docker", 22, docker), ("actions", 22, actions)):
                if dice(f"{name} {found['id']}") % share == 0:
                    yield f"{found['id']}.{name}", {**row, "wrapped": name}, wrap(text, row)


def corpus(results: Path, folder: Path, notes: dict[str, Row]) -> None:
    """Write builds.toml and builds.tar.xz."""
    text, made = HEAD, io.BytesIO()
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, row, log in rows_and_logs(results, notes):
            lines = [
                f"{key} = {json.dumps(row[key], ensure_ascii=False)}" for key in (*KEYS, *NOTED) if key in row
            ]
            text += f"\n[{json.dumps(name)}]\n" + "\n".join(lines) + "\n"
            data = log.encode()
            entry = tarfile.TarInfo(f"{name}.log")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    (folder / "builds.toml").write_text(text, encoding="utf-8")
    packed = lzma.compress(made.getvalue(), preset=9 | lzma.PRESET_EXTREME)
    (folder / "builds.tar.xz").write_bytes(packed)
    print(f"{text.count(chr(10) + '[')} rows, {len(made.getvalue())} bytes, packed {len(packed)}")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, required=True, help="a folder for results and logs")
    parser.add_argument("--table", type=Path, default=ROOT / "tests/truth/bookworm.toml")
    parser.add_argument("--uv", type=Path, help="a folder that holds uv: build with it")
    parser.add_argument("--share", type=int, default=5, help="with --uv: one build of so many")
    parser.add_argument("--list", type=Path, help="a TOML file of builds and commands")
    parser.add_argument("--slowest", type=float, default=90, help="seconds of the slowest project taken")
    parser.add_argument("--some", type=int, default=25, help="projects that lose a compiler, and headers")
    parser.add_argument("--limit", type=float, default=150, help="seconds for one build")
    parser.add_argument("--corpus", type=Path, help="write the results as a corpus into this folder")
    parser.add_argument("--notes", type=Path, help="with --corpus: what a person found in the logs")
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wheelplan-bare"
    parser.add_argument("--cache", type=Path, default=default)
    options = parser.parse_args(argv)
    if options.corpus:
        told = (options.notes or options.corpus / "builds.toml").read_text(encoding="utf-8")
        corpus(options.results, options.corpus, tomllib.loads(told))
        return 0
    options.results.mkdir(parents=True, exist_ok=True)
    cache, rows = Cache(options.cache), read(options.table)
    jobs = left_out(list(rows.values()), options.slowest, options.some)
    if options.list:
        jobs = listed(options.list, rows)
    elif options.uv:
        jobs = with_uv(jobs, options.share)
    for job in jobs:
        make(cache, job, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
