"""Does an sdist build on a bare Debian 12 with exactly these packages? Really built, imported, thrown away.

    python benchmarks/bare_debian.py PROJECT==VERSION ...                          with nothing installed
    python benchmarks/bare_debian.py --packages gcc,python3-dev PROJECT==VERSION
    python benchmarks/bare_debian.py --minimal --superset g++,python3-dev,libpq-dev PROJECT==VERSION
    python benchmarks/bare_debian.py --plan [--machine FILE] PROJECT==VERSION ...   with what wheelplan lists
    python benchmarks/bare_debian.py --plan --table tests/truth/bookworm.toml --half hold

Needs root on Linux, `debootstrap` and the network (apt and the package index, nothing else). The bare tree
and all downloads are kept in `--cache`. `--minimal` removes one package at a time from a set that works;
`--plan` installs what `[[tool.wheelplan.prerequisites]]` of the plan lists for apt, builds, and counts what
could have been left out. `--truth FILE` writes the results of `--minimal` into a table, `--results DIR` keeps
each with its log.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bare_build import Minimal, Terms, build, closure, minimal, split_spec, superfluous
from bare_machine import Cache
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
Row = dict[str, Any]
SAME = {"pkg-config": "pkgconf"}  # in Debian 12, the first brings the second and nothing else
HEAD = """\
# What real sdists need on a bare Debian 12 with Python 3.11: each row was really built, in a throw-away
# machine that has exactly the named packages, by `benchmarks/bare_debian.py --minimal`; see README.md here.
"""


def half(name: str) -> str:
    """One half of all projects is to tune with, the other to measure with."""
    digest = hashlib.sha256(canonicalize_name(name).encode()).digest()
    return "tune" if digest[0] % 2 else "hold"


def order(packages: Iterable[str]) -> list[str]:
    return sorted(packages, key=lambda name: (name not in ("gcc", "g++"), name != "python3-dev", name))


def row(found: Minimal, terms: Terms) -> Row:
    """A project's row in the table."""
    bare, full, least = found.bare, found.full, found.least
    file = re.search(r"Downloading (\S+\.(?:tar\.\w+|zip|tgz))", full.log + bare.log)
    values: Row = {
        "name": full.project,
        "version": full.version,
        "sdist": file[1] if file else "",
        "half": half(full.project),
        "outcome_bare": bare.outcome,
        "error_bare": bare.error,
        "outcome": least.outcome,
        "error": least.error if least.outcome != "ok" else "",
        "minimal_apt": order(least.packages) if least.outcome == "ok" else None,
        "tried_apt": order(full.packages),
        "pruned": found.pruned,
        "extensions": len(full.shared),
        "imports": None if terms.imports else False,
        "wheel": least.wheel,
        "seconds": least.seconds,
        "peak_compiler_mib": least.compiler_mib,
        "checked": datetime.now(timezone.utc).date().isoformat(),
    }
    return {key: value for key, value in values.items() if value is not None and value != ""}


def read(file: Path | None) -> dict[str, Row]:
    """The table's rows, by normalised name."""
    if file is None or not file.is_file():
        return {}
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return {str(canonicalize_name(key)): values for key, values in table.items()}


def write(file: Path, rows: Iterable[Row]) -> None:
    """Add rows to the table; a project's newer row replaces its older one, what a person noted stays."""
    table = read(file)
    for values in rows:
        key = str(canonicalize_name(values["name"]))
        noted = {name: table[key][name] for name in ("note",) if name in table.get(key, {})}
        table[key] = {**values, **noted}
    text = HEAD
    for key in sorted(table):
        # JSON's strings and lists of them are TOML's too.
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in table[key].items()]
        text += f"\n[{key}]\n" + "\n".join(lines) + "\n"
    file.write_text(text, encoding="utf-8")


def planned(cache: Cache, spec: str, machine: Path | None) -> tuple[list[str], str]:
    """The packages that wheelplan lists for apt, for one source build; and what went wrong.

    It runs in the bare machine, which it asks; with a machine file it runs here.
    """
    project, _ = split_spec(spec)
    words = ["-m", "planner.cli", "check", spec, "--no-binary", project, "--fail-on", "never", "-q"]
    with tempfile.TemporaryDirectory() as home:
        plan = Path(home, "pylock.toml")
        if machine is None:
            said = there(cache, [*words, "-p", "/v/bin/python", "-o", "/plan/pylock.toml"], Path(home))
        else:
            command = [sys.executable, *words, "--machine", str(machine.resolve()), "-o", str(plan)]
            env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": home}
            ran = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False)
            said = ran.stderr or ran.stdout
        if not plan.is_file():
            return [], f"no plan: {said.strip()[-300:]}"
        tool = tomllib.loads(plan.read_text(encoding="utf-8")).get("tool", {}).get("wheelplan", {})
    return listed(tool.get("prerequisites", [])), ""


def version() -> str:
    """Names the code of this checkout: readings that other code made are not taken from its cache."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / "planner").rglob("*.*")):
        if file.suffix in (".py", ".toml", ".txt"):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def there(cache: Cache, words: Sequence[str], folder: Path) -> str:
    """Run wheelplan, from this checkout, in the bare machine; `folder` is seen there as `/plan`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = shlex.join(project["dependencies"])
    layer = cache.prepared(f"python3 -m venv /w && /w/bin/pip install -q {needed}")
    kept = cache.folder / f"wheelplan-{version()}"
    for other in set(cache.folder.glob("wheelplan-*")) - {kept}:
        shutil.rmtree(other, ignore_errors=True)
    kept.mkdir(exist_ok=True)
    binds = {ROOT / "planner": "/src/planner", folder: "/plan", kept: "/kept"}
    command = shlex.join(["/w/bin/python", *words, "--cache-dir", "/kept"])
    with cache.over(layer) as machine:
        ran = machine.run(f"cd /tmp && PYTHONPATH=/src {command}", limit=120, binds=binds)
    return ran.text


def listed(prerequisites: Iterable[Row]) -> list[str]:
    """The packages for apt of what the machine lacks and no other package brings."""
    found: list[str] = []
    for need in prerequisites:
        if need.get("state") != "present" and not need.get("brought-by"):
            apt = need.get("apt", [])
            found += [apt] if isinstance(apt, str) else list(apt)
    return list(dict.fromkeys(found))


@dataclass
class Verdict:
    """What a plan's list was worth: did the build succeed with it, and what was not needed or lacked."""

    spec: str
    listed: list[str]
    outcome: str
    superfluous: list[str]
    lacking: list[str]
    note: str = ""


def against(cache: Cache, spec: str, truth: Row, options: argparse.Namespace) -> Verdict:
    """Install what the plan lists, build, and count.

    A list that is the table's minimal set is not built again, unless `--rebuild` says so; with `--compare`
    nothing is built: what differs from the table is told (another set may serve as well).
    """
    packages, problem = planned(cache, spec, options.machine)
    if problem:
        return Verdict(spec, [], "no-plan", [], [], problem)
    best: list[str] | None = truth.get("minimal_apt")
    lacking = sorted(set(best or ()) - set(packages))
    if best is not None and set(packages) == set(best) and not options.rebuild:
        return Verdict(spec, packages, "ok", [], [], "the table's minimal set")
    if options.compare:
        return compared(cache, spec, packages, truth)
    terms = Terms(limit=options.limit, imports=truth.get("imports", not options.no_import))
    result = build(cache, spec, packages, terms)
    if result.outcome == "ok" and len(result.shared) < truth.get("extensions", 0):
        result.outcome = "ok-degraded"
    if result.outcome != "ok":
        return Verdict(spec, packages, result.outcome, [], lacking, result.error)
    return Verdict(spec, packages, "ok", superfluous(cache, spec, result, terms), lacking)


def compared(cache: Cache, spec: str, packages: list[str], truth: Row) -> Verdict:
    """What differs from the table, where nothing is built; what the listed packages bring is there too."""
    best: list[str] = truth.get("minimal_apt", packages)
    lacking = set(best) - set(packages)
    if lacking:
        brought = closure(cache, packages) if packages else frozenset[str]()
        lacking = {name for name in lacking if SAME.get(name, name) not in brought}
    idle = set(packages) - set(best) - {"g++", *SAME.values()}
    if lacking:
        outcome = truth.get("outcome_bare") if truth.get("outcome_bare") == "import-fail" else "lacking"
        return Verdict(spec, packages, str(outcome), sorted(idle), sorted(lacking))
    replaced = len(set(best) - set(packages))
    return Verdict(spec, packages, "ok", sorted(idle)[replaced:], [])


def told(one: Verdict) -> str:
    line = f"{one.spec:32} {one.outcome:15} {','.join(one.listed) or '-'}"
    line += f"  superfluous: {','.join(one.superfluous)}" if one.superfluous else ""
    line += f"  lacking: {','.join(one.lacking)}" if one.lacking and one.outcome != "ok" else ""
    return line + (f"  ({one.note})" if one.note else "")


def summary(verdicts: Sequence[Verdict]) -> str:
    built = [one for one in verdicts if one.outcome in ("ok", "import-fail")]
    whole = sum(1 for one in built if one.outcome == "ok")
    idle = sum(len(one.superfluous) for one in built)
    share = 100 * len(built) / len(verdicts) if verdicts else 0.0
    mean = idle / len(built) if built else 0.0
    line = f"{len(built)} of {len(verdicts)} built ({share:.1f} %), {whole} of them import"
    return f"{line}; superfluous: {idle}, mean {mean:.2f}"


def plans(cache: Cache, pool: ThreadPoolExecutor, specs: Sequence[str], options: argparse.Namespace) -> int:
    """Measure plans, for the projects named or those of the table that can be built."""
    table = read(options.table)
    rows = {spec: table.get(str(canonicalize_name(split_spec(spec)[0])), {}) for spec in specs}
    if not rows:
        rows = {
            f"{values['name']}=={values['version']}": values
            for values in table.values()
            if options.half in ("all", values["half"]) and "minimal_apt" in values
        }

    def one(spec: str) -> Verdict:
        verdict = against(cache, spec, rows[spec], options)
        print(told(verdict), flush=True)
        return verdict

    verdicts = list(pool.map(one, rows))
    print(summary(verdicts))
    return 0 if all(verdict.outcome == "ok" for verdict in verdicts) else 1


def keep(results: Path | None, name: str, value: object, log: str) -> None:
    if results is not None:
        results.mkdir(parents=True, exist_ok=True)
        (results / f"{name}.json").write_text(json.dumps(value, indent=1), encoding="utf-8")
        (results / f"{name}.log").write_text(log, encoding="utf-8")


def least(cache: Cache, spec: str, superset: Sequence[str], options: argparse.Namespace) -> Row:
    """Find, keep and tell one project's minimal set."""
    terms = Terms(limit=options.limit, imports=not options.no_import)
    found = minimal(cache, spec, superset, terms)
    values = row(found, terms)
    parts = (("bare", found.bare), ("full", found.full), ("least", found.least))
    log = "".join(f"##### {part}: {' '.join(one.packages)}\n{one.log}\n" for part, one in parts)
    keep(options.results, f"{canonicalize_name(found.full.project)}.minimal", values, log)
    if options.truth:
        with cache.lock("truth"):
            write(options.truth, [values])
    packages = " ".join(values.get("minimal_apt", ["-"]))
    end = f"{values['outcome']:12} {values['seconds']:6} s  {packages}  {values.get('error', '')}"
    print(f"{spec:32} bare: {values['outcome_bare']:14} {end}", flush=True)
    return values


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("specs", nargs="*", metavar="PROJECT==VERSION")
    parser.add_argument("--packages", default="", help="apt packages, with commas")
    parser.add_argument("--minimal", action="store_true")
    parser.add_argument("--superset", default="g++,python3-dev", help="apt packages to start from")
    parser.add_argument(
        "--list", type=Path, help="a file of lines `PROJECT==VERSION PACKAGE ...` (supersets)"
    )
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--machine", type=Path, help="with --plan: a machine file (else: asked in the tree)")
    parser.add_argument("--table", type=Path, help="with --plan: take the projects of this table")
    parser.add_argument("--half", choices=["tune", "hold", "all"], default="all")
    parser.add_argument("--compare", action="store_true", help="with --plan: build nothing, read the table")
    parser.add_argument("--rebuild", action="store_true", help="with --plan: build also the table's own sets")
    parser.add_argument("--truth", type=Path, help="write results of --minimal into this table")
    parser.add_argument("--results", type=Path, help="keep results (JSON) and logs in this folder")
    parser.add_argument("--no-import", action="store_true", help="a failing import does not count")
    parser.add_argument("--limit", type=float, default=600, help="seconds for one build")
    parser.add_argument("--side-by-side", type=int, default=1, help="how many builds at once")
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wheelplan-bare"
    parser.add_argument("--cache", type=Path, default=default)
    parser.add_argument("--mirror", default="", help="Debian mirror (default: debootstrap's)")
    return parser.parse_args(argv)


def names(text: str) -> list[str]:
    return [name for name in re.split(r"[,\s]+", text) if name]


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    cache = Cache(options.cache, mirror=options.mirror)
    cache.make()
    jobs = [(spec, names(options.superset)) for spec in options.specs]
    if options.list:
        lines = [line.split() for line in options.list.read_text(encoding="utf-8").splitlines()]
        jobs += [(words[0], words[1:]) for words in lines if words and not words[0].startswith("#")]
    with ThreadPoolExecutor(options.side_by_side) as pool:
        if options.plan:
            return plans(cache, pool, [spec for spec, _ in jobs], options)
        if options.minimal:
            found = list(pool.map(lambda job: least(cache, job[0], job[1], options), jobs))
            return 0 if all(values["outcome"] == "ok" for values in found) else 1
        packages = names(options.packages)
        terms = Terms(limit=options.limit, imports=not options.no_import)
        builds = list(pool.map(lambda job: build(cache, job[0], packages, terms), jobs))
    for one in builds:
        values = {key: value for key, value in asdict(one).items() if key != "log"}
        keep(options.results, f"{canonicalize_name(one.project)}.build", values, one.log)
        print(json.dumps(values))
    return 0 if all(one.outcome == "ok" for one in builds) else 1


if __name__ == "__main__":
    sys.exit(main())
