"""Seconds and rounds of hard sets: our resolution, stock resolvelib, and whole programs (wheelplan, uv, pip).

    python -m benchmarks.resolving [--case TEXT] [--limit SECONDS] [--live]

The sets are those of `tests/resolve/families.py`. Ours and stock have the same provider and the same catalog
in memory: what differs is the resolver. "plain" is stock where what was asked first is decided first, without
the order of decisions that our provider shares with pip's. The programs get the same set as a folder of
wheels that hold nothing but metadata, with an empty cache. An answer is judged by following every requirement
through it: `ok` is the answer that the set says, `other` another one that serves, `none` no answer, `wrong`
one that does not serve or exists where none can. Ratios (`x`) are to ours, and of programs to
`wheelplan check`: of one run on one machine, where a run that passes the limit is killed.

`--live` takes real families from the index instead: `wheelplan check` beside `uv pip compile`, with an empty
cache and then with a full one.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from resolvelib.resolvers.resolution import Resolution as Stock

from planner.fits import Fits
from planner.policy import Policy
from planner.resolve import search
from planner.resolve.asks import Resolution
from tests.resolve.families import CASES, HARDER, Case
from tests.scenarios import roots_of
from tests.universe import MARKERS, Universe, fits

sys.path.append(str(Path(__file__).parent))  # the other benchmarks are scripts beside this one

from against_uv import Ran, environment, uv_compile, wheelplan_check

SOURCES = (*CASES, HARDER)
ROUNDS = 200_000  # pip's own
LIVE = {
    "boto": "boto3\naiobotocore\ns3fs\n",
    "boto, bounded": "boto3>=1.34\naiobotocore[boto3]\ns3fs<2025\nawswrangler\n",
    "airflow": "apache-airflow[all]==2.10.5\n",
    "opentelemetry": (
        "opentelemetry-distro\nopentelemetry-exporter-otlp\nopentelemetry-exporter-prometheus\n"
        "opentelemetry-instrumentation-fastapi\nopentelemetry-instrumentation-requests\nprotobuf<5\n"
    ),
    "google": (
        "google-cloud-aiplatform\ngoogle-cloud-storage\ngoogle-cloud-bigquery\ngoogle-cloud-pubsub\n"
        "google-cloud-logging\ntensorflow<2.16\n"
    ),
}


@dataclass
class Told:
    """How a side did: seconds (None: killed at the limit), rounds where it has any, and its pins or None."""

    seconds: float | None
    pins: dict[str, str] | None = None
    rounds: int | None = None
    failed: str = field(default="")


# -- the two resolvers, each in a process of its own ------------------------------------------------------


def universe(case: Case) -> Universe:
    """The set as a catalog in memory."""
    world = Universe()
    for project, versions in case.projects.items():
        world.many(project.replace("-", "_"), versions)
    return world


def resolve_here(case: Case, side: str) -> Told:
    """Resolve in this process: with our resolver, or with resolvelib's own in its place."""
    if side != "ours":
        settle = _stock_settle if side == "stock" else _plain_settle
        setattr(search, "_settled", settle)  # noqa: B010 (a name of ours that no other module may use)
        search.PATIENCE = sys.maxsize
    judge: Fits = fits(Policy())
    asks = roots_of(case.roots, MARKERS).asks
    world = universe(case)
    start = time.monotonic()
    outcome = search.resolve(
        asks,
        catalog=world,
        fits=judge,
        markers=MARKERS,
        constraints={},
        fixed={},
        spent=lambda: False,
        max_rounds=search.MAX_ROUNDS if side == "ours" else ROUNDS,
    )
    seconds = time.monotonic() - start
    if isinstance(outcome, Resolution):
        pins = {str(pin.project): str(pin.version) for pin in outcome.pins}
        return Told(seconds, pins, outcome.rounds)
    return Told(seconds, None, outcome.rounds, outcome.limit)


def _stock_settle(provider: object, reporter: object, asks: object, max_rounds: int) -> object:
    make: Callable[..., Stock[object, object, object]] = Stock
    requirements: Sequence[object] = asks if isinstance(asks, Sequence) else ()
    return make(provider, reporter).resolve(requirements, max_rounds=max_rounds)


def _plain_settle(provider: object, reporter: object, asks: object, max_rounds: int) -> object:
    seen: dict[str, int] = {}
    setattr(provider, "narrow_requirement_selection", lambda identifiers, **_: identifiers)  # noqa: B010
    setattr(  # noqa: B010 (as in the examples of resolvelib: the provider is told nothing of conflicts)
        provider, "get_preference", lambda identifier, **_: seen.setdefault(identifier, len(seen))
    )
    return _stock_settle(provider, reporter, asks, max_rounds)


def resolve_apart(case: Case, limit: float, side: str) -> Told:
    """The same in a process that can be killed."""
    words = [sys.executable, "-m", "benchmarks.resolving", "--alone", case.name, "--side", side]
    try:
        ran = subprocess.run(
            words, capture_output=True, text=True, timeout=limit, check=True, cwd=Path(__file__).parents[1]
        )
    except subprocess.TimeoutExpired:
        return Told(None)
    return Told(**json.loads(ran.stdout))


# -- the programs ----------------------------------------------------------------------------------------


def write_wheels(case: Case, folder: Path) -> None:
    """A wheel a version that holds nothing but its metadata."""
    for project, versions in case.projects.items():
        for version, requires in versions.items():
            stem = f"{project.replace('-', '_')}-{version}"
            extras = {text.partition('extra == "')[2].rstrip('"') for text in requires} - {""}
            metadata = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}"]
            metadata += [f"Provides-Extra: {extra}" for extra in sorted(extras)]
            metadata += [f"Requires-Dist: {text}" for text in requires]
            with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
                wheel.writestr(f"{stem}.dist-info/METADATA", "\n".join(metadata) + "\n")
                tags = "Wheel-Version: 1.0\nGenerator: none\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                wheel.writestr(f"{stem}.dist-info/WHEEL", tags)
                wheel.writestr(f"{stem}.dist-info/RECORD", "")


def _program(words: Sequence[str], home: Path, limit: float) -> tuple[float | None, int, str]:
    env = environment(str(home)) | {"PYTHONPATH": str(Path(__file__).parents[1])}
    start = time.monotonic()
    try:
        ran = subprocess.run(
            words, capture_output=True, text=True, timeout=limit, check=False, cwd=home, env=env
        )
    except subprocess.TimeoutExpired:
        return None, 1, ""
    return time.monotonic() - start, ran.returncode, ran.stdout


def with_wheelplan(folder: Path, asked: Path, home: Path, limit: float) -> Told:
    """`wheelplan check`, as its users run it."""
    words = [sys.executable, "-m", "planner.cli", "check", str(asked), "--no-index", "-f", str(folder)]
    words += ["--cache-dir", str(home / "ours"), "--output-format", "json", "-o", str(home / "pylock.toml")]
    seconds, _, out = _program(words, home, limit)
    told = json.loads(out) if out.startswith("{") else {}
    pins = {one["name"]: one["version"] for one in told.get("packages", ())}
    return Told(seconds, pins if pins and not _set_aside(told) else None)


def _set_aside(told: Mapping[str, object]) -> bool:
    """Whether requirements could not be met: wheelplan then looks at the rest, and says so."""
    findings = told.get("findings", ())
    errors = [one for one in findings if one.get("severity") == "error"] if isinstance(findings, list) else []
    return bool(errors)


def with_uv(folder: Path, asked: Path, home: Path, limit: float) -> Told:
    """`uv pip compile`, for the interpreter of this process."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    words = [uv, "pip", "compile", str(asked), "--no-index", "-f", str(folder), "--no-annotate", "-q"]
    words += ["--no-header", "--cache-dir", str(home / "uv"), "--python", sys.executable]
    seconds, code, out = _program([*words, "--no-python-downloads"], home, limit)
    pins = dict(re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==(\S+)", out, re.MULTILINE))
    return Told(seconds, pins if code == 0 and pins else None)


def with_pip(folder: Path, asked: Path, home: Path, limit: float) -> Told:
    """`pip install --dry-run`."""
    report = home / "pip.json"
    words = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "-q", "--no-index"]
    words += ["-f", str(folder), "-r", str(asked), "--report", str(report), "--cache-dir", str(home / "pip")]
    seconds, code, _ = _program([*words, "--disable-pip-version-check"], home, limit)
    if code:
        return Told(seconds)
    installs = json.loads(report.read_text(encoding="utf-8"))["install"]
    return Told(seconds, {one["metadata"]["name"]: one["metadata"]["version"] for one in installs})


# -- judging and printing ----------------------------------------------------------------------------------


def serves(case: Case, pins: Mapping[str, str]) -> bool:
    """Whether every requirement that the roots lead to is met by the pins."""
    waiting = [*case.roots]
    done: set[tuple[str, str]] = set()
    while waiting:
        one = Requirement(waiting.pop())
        version = pins.get(one.name)
        if version is None or not one.specifier.contains(version, prereleases=True):
            return False
        for extra in ("", *one.extras):
            if (one.name, extra) in done:
                continue
            done.add((one.name, extra))
            for text in case.projects[one.name][version]:
                marker = Requirement(text).marker
                if marker.evaluate({"extra": extra}) if marker else not extra:
                    waiting.append(text)
    return True


def answer(case: Case, told: Told) -> str:
    """What a side's answer is worth, in a word."""
    if told.seconds is None:
        return "-"
    if told.pins is None:
        return "ok" if case.pins is None and not told.failed else "none"
    if case.pins is None or not serves(case, told.pins):
        return "wrong"
    return "ok" if all(told.pins.get(name) == version for name, version in case.pins.items()) else "other"


def shown(case: Case, told: Told, limit: float, base: Told | None = None) -> str:
    """A cell: seconds, rounds, the ratio to the base, and the answer."""
    if told.seconds is None:
        return f">{limit:.0f} s"
    ratio = f" x{told.seconds / base.seconds:.1f}" if base is not None and base.seconds else ""
    rounds = f" {told.rounds}r" if told.rounds is not None else ""
    return f"{told.seconds:.2f} s{rounds}{ratio} {answer(case, told)}"


def compare(case: Case, limit: float) -> str:
    """One line of the table."""
    ours, stock, plain = (resolve_apart(case, limit, side) for side in ("ours", "stock", "plain"))
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        folder = home / "wheels"
        folder.mkdir()
        write_wheels(case, folder)
        asked = home / "requirements.txt"
        asked.write_text("\n".join(case.roots) + "\n", encoding="utf-8")
        check, uv, pip = (side(folder, asked, home, limit) for side in (with_wheelplan, with_uv, with_pip))
    cells = [shown(case, ours, limit), shown(case, stock, limit, ours), shown(case, plain, limit, ours)]
    cells += [shown(case, check, limit), shown(case, uv, limit, check), shown(case, pip, limit, check)]
    return f"| {case.name} | {' | '.join(cells)} |"


def live(wanted: str) -> None:
    """Real families, cold and warm, side by side."""
    print("| family | uv: pins, cold, warm | wheelplan: pins, cold, warm | cold ratio | differing pins |")
    print("|---|---|---|---|---|")
    for name, text in LIVE.items():
        if wanted not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "requirements.txt")
            path.write_text(text, encoding="utf-8")
            env = environment(folder)
            runs: list[list[Ran]] = []
            for side in (uv_compile, wheelplan_check):
                cache = str(Path(folder, side.__name__))
                runs.append([side(path, cache, env, []) for _ in range(2)])
        (uv, uv_warm), (ours, ours_warm) = runs
        names = uv.pins.keys() | ours.pins.keys()
        differing = sum(uv.pins.get(one) != ours.pins.get(one) for one in names)
        print(
            f"| {name} | {_counted(uv)}, {uv.seconds:.2f}, {uv_warm.seconds:.2f}"
            f" | {_counted(ours)}, {ours.seconds:.2f}, {ours_warm.seconds:.2f}"
            f" | {ours.seconds / uv.seconds:.2f} | {differing} |",
            flush=True,
        )


def _counted(ran: Ran) -> str:
    return str(len(ran.pins)) if ran.pins else f"none (exit {ran.code})"


def main() -> None:
    """Print a table, a case a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", default="", help="only the cases whose names hold this")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for each side of each case")
    parser.add_argument("--live", action="store_true", help="real families from the index")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    parser.add_argument("--side", default="ours", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.alone:
        case = next(case for case in SOURCES if case.name == args.alone)
        print(json.dumps(vars(resolve_here(case, args.side))))
        return
    if args.live:
        live(args.case)
        return
    print("| set | ours | stock | plain | wheelplan check | uv pip compile | pip install --dry-run |")
    print("|---|---|---|---|---|---|---|")
    for case in SOURCES:
        if args.case in case.name:
            print(compare(case, args.limit), flush=True)


if __name__ == "__main__":
    main()
