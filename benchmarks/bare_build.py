"""One real source build in a bare machine, and the least set of packages that it needs; prints nothing.

What a build came to is judged from pip's log, from the shared objects that were installed, and from importing
what was installed. `ok-degraded` is a success of pip without shared objects that a fuller machine makes.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bare_machine import Cache, NotInstallable
from packaging.utils import canonicalize_name

COMPILING = ("gcc", "g++", "python3-dev")

# What was installed: names to import, extension modules, and whether they import. Run in the machine.
INSPECT = r"""
import importlib.metadata as m, json, re, subprocess, sys
files = [str(f) for f in m.files(sys.argv[1]) or () if ".." not in str(f) and not str(f).startswith("/")]
tops, shared = set(), sorted(f for f in files if f.endswith(".so"))
for f in files:
    first, _, rest = f.partition("/")
    if not rest and (f.endswith(".py") or f.endswith(".so")): tops.add(first.split(".")[0])
    elif rest and f.endswith("/__init__.py") and "/" not in rest: tops.add(first)
if not tops:
    names = {f.rpartition("/")[0].replace("/", ".") for f in files if f.endswith("/__init__.py")}
    tops = {n for n in names if n.rpartition(".")[0] not in names}
extra = {"tests", "test", "testing", "docs", "doc", "examples", "example", "benchmarks", "bench", "scripts"}
extra |= {"setup", "conftest", "tools"}
public = sorted(t for t in tops if not t.startswith("_") and t not in extra) or sorted(tops)
modules = [re.sub(r"\.(cpython|abi3|pypy)[^/]*\.so$|\.so$", "", f).replace("/", ".") for f in shared]
modules = [n for n, f in zip(modules, shared) if ".libs/" not in f and re.search(r"\.(cpython-3|abi3)", f)]
def attempt(name):
    code = [sys.executable, "-c", "import importlib, sys; importlib.import_module(sys.argv[1])", name]
    try: ran = subprocess.run(code, capture_output=True, text=True, timeout=90, cwd="/tmp")
    except subprocess.TimeoutExpired: return "timeout"
    return "" if ran.returncode == 0 else (ran.stderr.strip().splitlines() or [f"exit {ran.returncode}"])[-1]
lost = {n: e for n in modules for e in [attempt(n)] if re.search(r"shared object|undefined symbol", e)}
bad = {n: e for n in public for e in [attempt(n)] if e}
print("INSPECTED " + json.dumps({"tops": public, "shared": shared, "failed": {**lost, **bad}}))
"""

NETWORK = re.compile(
    r"Could not resolve host|Temporary failure in name resolution|Name or service not known"
    r"|failed to get `[^`]+` as a dependency|Failed to connect to|urlopen error|unable to access 'http"
    r"|failed to download|Connection refused|Could not connect to"
)
GENERIC = re.compile(
    r"subprocess-exited-with-error|metadata-generation-failed|Failed building wheel"
    r"|originates from a subprocess|did not run successfully|Failed to build|Could not build wheels"
    r"|pip install|legacy-install|^\s*note:"
    r"|failed-wheel-build|Encountered error while|error: failed with|exit (code|status) 1$|\[end of output\]"
    r"|finished with status"
)


@dataclass
class Built:
    """One build: what was asked, how it ended and what it left."""

    project: str
    version: str
    packages: tuple[str, ...]
    outcome: str  # ok, ok-degraded, fail, needs-network, timeout, import-fail, not-installable
    seconds: float = 0
    error: str = ""
    wheel: str = ""
    shared: tuple[str, ...] = ()
    others: tuple[str, ...] = ()  # other projects that pip built from source for it
    compiler_mib: int = 0
    compiler: str = ""
    log: str = ""


def last_error(text: str) -> str:
    """The line that says best why a build failed."""
    lines = [
        re.sub(r"/tmp/pip-(install-\w+/[^/]+|build-env-\w+)/", "", line.strip()) for line in text.splitlines()
    ]
    for pattern in (r"fatal error: .*: No such file", r":\d+:\d+: error: "):
        first = next((line for line in lines if re.search(pattern, line)), "")
        if first:
            return first[:300]
    for pattern in (r"ERROR: |^\w*[Ee]rror: |CMake Error", r"(?i)error|not found|No such file"):
        marked = [line for line in lines if re.search(pattern, line) and not GENERIC.search(line)]
        if marked:
            return marked[-1][:300]
    return ""


@dataclass(frozen=True)
class Terms:
    """Of builds: how many seconds one may take, and whether its import must succeed."""

    limit: float = 600
    imports: bool = True


def build(
    cache: Cache, spec: str, packages: Iterable[str], terms: Terms, *, fullest: Sequence[str] = ()
) -> Built:
    """Build one project from source in a fresh machine that has exactly these packages, and import it.

    `fullest` are the shared objects of the best build known: with fewer of them, a good build is degraded.
    """
    project, version = split_spec(spec)
    wanted = tuple(sorted(set(packages)))
    result = Built(project, version, wanted, "fail")
    try:
        with cache.machine(wanted) as machine:
            ran = machine.run(
                f"/v/bin/pip install --no-binary {project} {shlex.quote(spec)}", limit=terms.limit
            )
            result.log, result.seconds, result.compiler_mib = ran.text, ran.seconds, ran.compiler_mib
            result.compiler = ran.compiler
            if ran.code == 0:
                told = machine.run(shlex.join(["/v/bin/python", "-c", INSPECT, project]), limit=600)
                result.log += told.text
    except NotInstallable as error:
        result.outcome, result.error, result.log = "not-installable", str(error), str(error)
        return result
    judge(result, ran.code, terms, fullest)
    return result


def judge(result: Built, code: int, terms: Terms, fullest: Sequence[str]) -> None:
    """Fill in the outcome from the log."""
    text = result.log
    made = re.findall(r"Created wheel for ([^:]+): filename=(\S+)", text)
    own = canonicalize_name(result.project)
    result.wheel = next((name for who, name in made if canonicalize_name(who) == own), "")
    result.others = tuple(sorted({who for who, _ in made if canonicalize_name(who) != own}))
    if code == 124:
        result.outcome = "timeout"
    elif code:
        result.error = last_error(text)
        result.outcome = "needs-network" if NETWORK.search(text) else "fail"
    else:
        match = re.search(r"^INSPECTED (.*)$", text, re.MULTILINE)
        seen: dict[str, Any] = json.loads(match[1]) if match else {"failed": {"?": "not inspected"}}
        result.shared = tuple(stem(name) for name in seen.get("shared", ()))
        result.outcome = "ok"
        if set(fullest) - set(result.shared):
            lacking = sorted(set(fullest) - set(result.shared))
            result.outcome, result.error = "ok-degraded", "without " + " ".join(lacking[:5])
        if [why for why in seen["failed"].values() if not undeclared(why, seen.get("tops", ()))]:
            result.outcome = "import-fail" if terms.imports else result.outcome
            result.error = "; ".join(f"import {name}: {why}" for name, why in seen["failed"].items())[:300]


def undeclared(why: str, own: Sequence[str]) -> bool:
    """Does an import fail only for a module of another project, which the metadata do not ask for?"""
    match = re.match(r"ModuleNotFoundError: No module named '([^'.]+)", why)
    return match is not None and match[1] not in own


def stem(path: str) -> str:
    """A shared object's path without what its file name says of Python and platform."""
    return re.sub(r"\.(cpython-\d+\w*|abi3)[^/.]*\.so$", ".so", path)


def split_spec(spec: str) -> tuple[str, str]:
    project, _, version = spec.partition("==")
    return project, version


@dataclass
class Minimal:
    """What a project needs at least: builds with nothing, with the superset, and with the pruned set."""

    bare: Built
    full: Built
    least: Built
    pruned: list[str]


def compiled_for_cpython(built: Built) -> bool:
    """Was an extension module of CPython compiled (so that a compiler and Python's headers were needed)?"""
    tagged = re.search(r"-cp3\d+-(cp3\d+\w*|abi3)-", built.wheel)
    return bool(tagged and built.shared) and built.compiler in ("cc1", "cc1plus")


def closure(cache: Cache, packages: Iterable[str]) -> frozenset[str]:
    """All packages that apt would install for these."""
    with cache.machine() as machine:
        words = shlex.join(sorted(packages))
        ran = machine.run(f"apt-get install -s --no-install-recommends {words}", limit=120)
    return frozenset(re.findall(r"^Inst (\S+)", ran.text, re.MULTILINE))


def minimal(cache: Cache, spec: str, superset: Sequence[str], terms: Terms) -> Minimal:
    """The least set of packages, found by leaving out one at a time from a set that works."""
    full = build(cache, spec, superset, terms)
    bare = build(cache, spec, (), terms, fullest=full.shared)
    if full.outcome != "ok":
        return Minimal(bare, full, full, [])
    if bare.outcome == "ok":
        return Minimal(bare, full, bare, [])
    start, notes = full, []
    if "g++" in superset:
        lighter = ["gcc", *(name for name in superset if name not in ("gcc", "g++"))]
        tried = build(cache, spec, lighter, terms, fullest=full.shared)
        if tried.outcome == "ok":
            start = tried
        else:
            notes.append(f"g++: {tried.outcome}: {tried.error}")
            start = replace(full, packages=tuple(name for name in full.packages if name != "gcc"))
    least, more = prune(cache, spec, start, terms)
    return Minimal(bare, full, least, notes + more)


def prune(cache: Cache, spec: str, good: Built, terms: Terms) -> tuple[Built, list[str]]:
    """Leave out one package at a time from a set that works; the last build that worked, and what was seen.

    A package that the others bring is left out without a build. The compiler and Python's headers are not
    tried where an extension module of CPython was compiled: they are known to be needed.
    """
    kept, least, notes = list(good.packages), good, []
    extension = compiled_for_cpython(good)
    for name in sorted(kept, key=lambda one: one in COMPILING):
        without = [other for other in kept if other != name]
        if closure(cache, without) == closure(cache, kept):
            notes.append(f"{name}: brought by the others")
            kept = without
        elif name in COMPILING and extension:
            notes.append(f"{name}: not tried, an extension module of CPython was compiled")
        else:
            tried = build(cache, spec, without, terms, fullest=good.shared)
            if tried.outcome == "ok":
                kept, least = without, tried
                notes.append(f"{name}: builds without")
            else:
                notes.append(f"{name}: {tried.outcome}: {tried.error}")
    return replace(least, packages=tuple(kept)), notes


def superfluous(cache: Cache, spec: str, good: Built, terms: Terms) -> list[str]:
    """Which packages of a set that works could be left out, one after the other."""
    least, _ = prune(cache, spec, good, terms)
    return sorted(set(good.packages) - set(least.packages))
