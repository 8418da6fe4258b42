"""Which versions `wheelplan check` and `uv pip compile` choose, set by set and target by target.

    python benchmarks/choices.py FOLDER [--target NAME ...] [--set NAME ...] [--side uv default newest ...]
        [--words NAME="a b c"] [--uv-from FILE] [--json FILE]

A set is a file of the folder, or of a subfolder, that no other file there includes. Lines that name indexes,
addresses or folders are left out for every side. All are judged alike, from the index's own pages: source
builds, native ones, and how many months each root requirement lies behind the newest version that its own
line admits and that has a file for the target. All sides see the index as it was at one moment (`--moment`,
now), which `--uv-from` keeps with uv's answers, so that running again costs only wheelplan's share.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from against_uv import default_index, environment
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import SdistReading, Wheel, parse_version
from planner.facts import Machine
from planner.fits import Fits, upload_moment
from planner.indexes.cache import Cache
from planner.indexes.catalog import IndexCatalog
from planner.indexes.client import Client
from planner.indexes.network import Network
from planner.inputs.words import read_inputs
from planner.page import Page
from planner.policy import Index, Policy
from planner.reader import SdistReader
from planner.request import MachineRequest, World
from planner.sdist import READER
from planner.sdist.reading import read_sdist
from planner.tags import supported_tags
from planner.target import machine_for

UV_SECONDS, OUR_SECONDS = 150.0, 300.0
STALE = 24.0
DAYS_A_MONTH = 365.25 / 12

# The same words for both programs: a platform's name means uv's floor to wheelplan too.
TARGETS = {
    "x86_64": (),
    "aarch64": ("--python-platform", "aarch64-unknown-linux-gnu"),
    "py314": ("--python-version", "3.14"),
    "ml217": ("--python-platform", "x86_64-manylinux2014"),
    "musl": ("--python-platform", "x86_64-unknown-linux-musl"),
    "macos": ("--python-platform", "macos"),
    "windows": ("--python-platform", "windows"),
}
SIDES = {"uv": (), "default": (), "wheels": ("--prefer", "wheels"), "newest": ("--prefer", "newest")}
_OWN_OPTIONS = re.compile(r"(-i|--index-url|--extra-index-url|-f|--find-links|--no-index|-e|--editable)\b")
_INCLUDES = re.compile(r"^\s*(?:-r|--requirement)[\s=]*(\S+)", re.MULTILINE)
_PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")


@dataclass
class Ran:
    """What one program answered: pins, or why it stopped."""

    pins: dict[str, str] = field(default_factory=dict)
    stops: str = ""
    seconds: float = 0.0
    digest: str = ""
    told: dict[str, object] = field(default_factory=dict)


@dataclass
class Figures:
    """What the pins of one program mean, by the index's pages."""

    set: str
    target: str
    side: str
    pins: int = 0
    builds: list[str] = field(default_factory=list)
    native: list[str] = field(default_factory=list)
    avoidable: dict[str, str] = field(default_factory=dict)
    unfit: list[str] = field(default_factory=list)
    months: dict[str, float] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)
    unpinned: list[str] = field(default_factory=list)
    stops: str = ""
    seconds: float = 0.0
    told: dict[str, object] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)

    @property
    def stale(self) -> list[str]:
        return sorted(name for name, months in self.months.items() if months > STALE)

    @property
    def worst(self) -> str:
        return min(self.months, key=lambda name: (-self.months[name], name), default="")


def text_of(path: Path) -> tuple[str, str]:
    data = path.read_bytes()
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return data.decode(encoding), encoding
    return data.decode("utf-8", "surrogateescape"), "utf-8"


def find_sets(folder: Path) -> dict[str, Path]:
    """The sets by name, as (relative) paths of the files that start them."""
    files = sorted(path for path in folder.rglob("*.txt") if path.is_file())
    included = {
        (path.parent / name).resolve() for path in files for name in _INCLUDES.findall(text_of(path)[0])
    }
    tops = [path.relative_to(folder) for path in files if path.resolve() not in included]
    first = [path.parts[0] for path in tops]
    return {
        path.stem
        if len(path.parts) == 1
        else path.parts[0]
        if first.count(path.parts[0]) == 1
        else str(path): path
        for path in tops
    }


def copy_sets(folder: Path, into: Path) -> None:
    """The folder's files, without the lines that not every program takes."""
    for path in sorted(path for path in folder.rglob("*.txt") if path.is_file()):
        text, encoding = text_of(path)
        kept = [line for line in text.splitlines(keepends=True) if not _left_out(line)]
        copy = into / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(
            "".join(kept).encode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")
        )


def _left_out(line: str) -> bool:
    body = re.split(r"(?:^|\s)#", line)[0].strip()
    return "://" in body or _OWN_OPTIONS.match(body) is not None


def digest_of(path: Path, words: Sequence[str]) -> str:
    files = sorted(path.parent.rglob("*.txt")) if _INCLUDES.search(text_of(path)[0]) else [path]
    return hashlib.sha256(b"\0".join([*(f.read_bytes() for f in files), *map(str.encode, words)])).hexdigest()


def run(
    command: list[str], env: Mapping[str, str], cwd: Path, seconds: float
) -> tuple[int | None, str, str, float]:
    """Exit code (None: it took too long), output, errors and seconds; all that it started ends with it."""
    start = time.monotonic()
    with subprocess.Popen(
        command,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        code: int | None
        try:
            out, err = child.communicate(timeout=seconds)
            code = child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            out, err = child.communicate()
            code = None
    return code, out, err, round(time.monotonic() - start, 2)


def ask_uv(path: Path, words: Sequence[str], env: Mapping[str, str], cache: Path) -> Ran:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "uv"
    command = [uv, "pip", "compile", path.name, "--cache-dir", str(cache / "uv"), "--python", sys.executable]
    command += ["--no-python-downloads", "--no-header", "--no-annotate", "--quiet", "--default-index"]
    code, out, err, seconds = run([*command, default_index(), *words], env, path.parent, UV_SECONDS)
    if code is None:
        return Ran(stops=f"{UV_SECONDS:.0f} s were not enough", seconds=seconds)
    if code:
        return Ran(stops=" ".join(err.split()).replace("|", "/")[:400], seconds=seconds)
    found = (_PIN.match(line) for line in out.splitlines())
    return Ran(pins={canonicalize_name(m[1]): m[2] for m in found if m}, seconds=seconds)


def ask_us(path: Path, words: Sequence[str], env: Mapping[str, str], cache: Path) -> Ran:
    plan = cache / f"pylock.{os.getpid()}.toml"
    plan.unlink(missing_ok=True)  # an earlier plan's versions would be kept
    command = [
        sys.executable,
        "-m",
        "planner.cli",
        "check",
        path.name,
        "--cache-dir",
        str(cache / "wheelplan"),
    ]
    command += [
        "-p",
        sys.executable,
        "--output-format",
        "json",
        "-o",
        str(plan),
    ]
    env = {**env, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    code, out, err, seconds = run([*command, *words], env, path.parent, OUR_SECONDS)
    told = json.loads(out) if out.startswith("{") else {}
    if code is None or told.get("verdict") is None:
        why = " ".join(str(one["what"]) for one in told.get("errors", ())) or " ".join(err.split())[:400]
        return Ran(stops=why if code is not None else f"{OUR_SECONDS:.0f} s were not enough", seconds=seconds)
    kept = {
        name: told[name]
        for name in ("verdict", "exit-code", "rounds", "attempts", "requests")
        if name in told
    }
    kept["set-aside"] = told.get("set-aside", [])
    kept["findings"] = [
        f"{one['code']} {one['project']}: {one['summary']}"
        for one in told.get("findings", ())
        if one["code"].startswith("WP5")
    ]
    pins = {one["name"]: one["version"] for one in told["packages"] if one["version"]}
    stops = "" if pins else "nothing was pinned"
    return Ran(pins=pins, stops=stops, seconds=seconds, told=kept)


class AnyPython(Fits):
    """The judge of files that reads no `Requires-Python`: uv ignores its upper bounds."""

    def takes_python(self, text: str) -> bool:  # noqa: ARG002 (what it says does not matter)
        return True


class Judge:
    """The same figures for any program's pins, on one target, at one moment of the index."""

    def __init__(self, catalog: IndexCatalog, machine: Machine, moment: datetime) -> None:
        self.catalog = catalog
        self.machine = machine
        python = Version(machine.markers["python_full_version"])
        policy, supported = Policy(exclude_newer=moment), supported_tags(machine)
        self.fits = Fits(supported=supported, policy=policy, python=python)
        self.any_python = AnyPython(supported=supported, policy=policy, python=python)

    def roots(self, path: Path) -> dict[NormalizedName, SpecifierSet]:
        """What the file itself asks for on the target, project by project."""
        said = read_inputs(
            [str(path)],
            read=lambda name: Path(name).read_bytes(),
            exists=os.path.exists,
            isdir=os.path.isdir,
            environ={},
            cwd=str(path.parent),
            missing=[],
        )
        environment = {**self.machine.markers, "extra": ""}
        found: dict[NormalizedName, SpecifierSet] = {}
        for one in said.wanted:
            if one.name and (one.marker is None or one.marker.evaluate(environment)):
                found[one.name] = found.get(one.name, SpecifierSet()) & one.specifier
        return found

    def fill(
        self, figures: Figures, pins: Mapping[str, str], roots: Mapping[NormalizedName, SpecifierSet]
    ) -> None:
        """Judge the pins; pages and archives are read side by side first."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.catalog.page, sorted({*map(canonicalize_name, pins), *roots})))
            kinds = dict(
                zip(
                    sorted(pins),
                    pool.map(lambda name: self.kind(name, pins[name]), sorted(pins)),
                    strict=True,
                )
            )
        figures.pins = len(pins)
        figures.chosen = dict(sorted(pins.items()))
        told = {name: (f"{name} {pins[name]}", *kind) for name, kind in kinds.items()}
        figures.builds = [text for text, kind, _ in told.values() if kind not in ("wheel", "nothing")]
        figures.native = [text for text, kind, _ in told.values() if kind in ("native", "unknown")]
        figures.unfit = [text for text, kind, refused in told.values() if refused or kind == "nothing"]
        for name, (_, kind, _) in told.items():
            if kind in ("native", "unknown"):
                other = self.with_wheel(canonicalize_name(name), roots)
                figures.avoidable |= {name: str(other)} if other else {}
        for name, specifier in sorted(roots.items()):
            if name not in pins:
                figures.unpinned.append(name)
                continue
            page = self.catalog.page(name)
            newest = self.newest(page, specifier)
            if newest is None:
                continue
            chosen, last = uploaded(page, Version(pins[name])), uploaded(page, newest)
            if chosen and last:
                figures.months[name] = round(max(0.0, (last - chosen).days / DAYS_A_MONTH), 1)
                figures.newest[name] = str(newest)

    def kind(self, name: str, text: str) -> tuple[str, bool]:
        """How that version is installed (or "unknown", "nothing"), and whether it refuses this Python."""
        page, version = self.catalog.page(canonicalize_name(name)), Version(text)
        dist, refused = self.fits.choose(page, version) or self.fits.choose(page, version, yanked=True), False
        if dist is None:
            dist, refused = self.any_python.choose(page, version, yanked=True), True
        if dist is None or isinstance(dist, Wheel):
            return "nothing" if dist is None else "wheel", refused
        reading = self.catalog.sdist(dist, self.machine.markers)
        if not isinstance(reading, SdistReading):
            return "unknown", refused
        return {True: "native", False: "pure", None: "unknown"}[reading.native], refused or bool(
            reading.refuses
        )

    def with_wheel(
        self, name: NormalizedName, roots: Mapping[NormalizedName, SpecifierSet]
    ) -> Version | None:
        """The newest final version with a wheel for the target that the file's own line, if any, admits."""
        page, specifier = self.catalog.page(name), roots.get(name, SpecifierSet())
        finals = [v for v in page.versions if not v.is_prerelease and specifier.contains(v)]
        return self.fits.with_fitting_wheel(page, finals)

    def newest(self, page: Page, specifier: SpecifierSet) -> Version | None:
        """The newest final version that the requirement admits and that has a file for the target."""
        named = [parse_version(one.version.removesuffix(".*")) for one in specifier]
        exact = any(one.operator in ("==", "===") for one in specifier)
        admitted = [version for version in page.versions if specifier.contains(version, prereleases=True)]
        usable = (version for version in admitted if self.fits.choose(page, version, yanked=exact))
        early = any(version is not None and version.is_prerelease for version in named)
        kept = (version for version in usable if early or not version.is_prerelease)
        return next(kept, None) or next(
            (v for v in admitted if self.fits.choose(page, v, yanked=exact)), None
        )


def uploaded(page: Page, version: Version) -> datetime | None:
    moments = [upload_moment(dist.row.upload_time) for dist in page.files(version)]
    return min((moment for moment in moments if moment), default=None)


def differences(uv: Figures, ours: Figures, judge: Judge) -> list[str]:
    """Pins that differ, with how each version would be installed."""

    def told(pins: Mapping[str, str], name: str) -> str:
        if name not in pins:
            return "none"
        kind, refused = judge.kind(name, pins[name])
        return f"{pins[name]} ({kind}{', refuses this Python' if refused else ''})"

    names = sorted(uv.chosen.keys() | ours.chosen.keys())
    return [
        f"{name}: uv {told(uv.chosen, name)}, {ours.side} {told(ours.chosen, name)}"
        for name in names
        if uv.chosen.get(name) != ours.chosen.get(name)
    ]


def row_of(one: Figures) -> str:
    head = f"| {one.set} | {one.target} | {one.side} |"
    if one.stops:
        return f"{head} stops: {one.stops[:90]} | | | | | | {one.seconds:.1f} |"
    worst = f"{one.months[one.worst]:.0f} {one.worst}" if one.worst and one.months[one.worst] else "0"
    aside = f" (+{len(one.unpinned)} unmet)" if one.unpinned else ""
    return (
        f"{head} {one.pins}{aside} | {len(one.builds)} | {len(one.native)} | {sum(one.months.values()):.0f}"
        f" | {worst} | {len(one.stale)} | {one.seconds:.1f} |"
    )


def _way_out(one: Figures, text: str) -> str:
    other = one.avoidable.get(text.partition(" ")[0])
    return f" ({other} has a wheel)" if other else ""


def totals(rows: Sequence[Figures]) -> Iterator[str]:
    """Each side's sums over the sets that every side resolves, target by target."""
    sides = sorted({one.side for one in rows}, key=list(SIDES).index)
    for target in dict.fromkeys(one.target for one in rows):
        here = [one for one in rows if one.target == target]
        stopped = {one.set for one in here if one.stops}
        yield f"\n{target}, {len({one.set for one in here} - stopped)} sets that all sides resolve:\n"
        for side in sides:
            mine = [one for one in here if one.side == side and one.set not in stopped]
            native, avoidable = sum(len(one.native) for one in mine), sum(len(one.avoidable) for one in mine)
            yield (
                f"- {side}: {native} native builds ({avoidable} have another version with a wheel), "
                f"{sum(sum(one.months.values()) for one in mine):.0f} months stale, "
                f"{sum(len(one.stale) for one in mine)} roots more than {STALE:.0f}, "
                f"{sum(one.seconds for one in mine):.1f} s"
            )


def details(rows: Iterable[Figures], judges: Mapping[str, Judge]) -> Iterator[str]:
    """Set by set: native builds and stale roots by name, and how the pins differ from uv's."""
    by_place: dict[tuple[str, str], dict[str, Figures]] = {}
    for one in rows:
        by_place.setdefault((one.set, one.target), {})[one.side] = one
    for (name, target), sides in by_place.items():
        yield f"\n### {name}, {target}\n"
        for side, one in sides.items():
            if one.stops:
                yield f"- {side} stops: {one.stops}"
                continue
            stale = (
                f"{root} {one.chosen[root]} ({one.newest[root]}, {one.months[root]:.0f})"
                for root in one.stale
            )
            native = (f"{text}{_way_out(one, text)}" for text in one.native)
            yield f"- {side}: native: {', '.join(native) or 'none'}; stale: {', '.join(stale) or 'none'}"
            if one.unfit or one.unpinned:
                unmet = ", ".join(one.unpinned) or "none"
                yield f"  - refuses this Python: {', '.join(one.unfit) or 'none'}; unmet: {unmet}"
        uv = sides.get("uv")
        for side, one in sides.items():
            if uv is None or uv.stops or one is uv or one.stops:
                continue
            if len(one.native) > len(uv.native):
                yield f"  - **{side} builds more native code than uv: {len(one.native)} > {len(uv.native)}**"
            behind = [root for root in one.stale if uv.months.get(root, STALE) <= STALE]
            if behind:
                yield f"  - **{side} leaves stale what uv does not: {', '.join(behind)}**"
            yield from (f"  - {line}" for line in differences(uv, one, judges[target]))


class Answers:
    """uv's answers, kept in a file with the moment of the index that they are of."""

    def __init__(self, path: Path | None, moment: str) -> None:
        self.path = path
        kept = json.loads(path.read_text("utf-8")) if path and path.exists() else {}
        self.moment: str = kept.get("moment") or moment
        self.known: dict[str, Ran] = {key: Ran(**value) for key, value in kept.get("answers", {}).items()}

    def keep(self, key: str, ran: Ran) -> None:
        self.known[key] = ran
        if self.path:
            answers = {key: asdict(self.known[key]) for key in sorted(self.known)}
            self.path.write_text(json.dumps({"moment": self.moment, "answers": answers}, indent=1), "utf-8")


def catalog_over(cache: Path, env: Mapping[str, str], sdists: SdistReader) -> IndexCatalog:
    index = Index(url=default_index(), shown=default_index())
    client = Client(Network.from_environment(env))
    return IndexCatalog(
        (index,),
        "first-index",
        client=client,
        cache=Cache(cache / "wheelplan", now=time.time, warn=lambda _: None),
        read_sdist=sdists.read,
        expect_sdist=sdists.expect,
        reader=READER,
    )


def main() -> None:
    """Ask every side about every set on every target; print the table, write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--target", nargs="+", choices=TARGETS, default=["x86_64"])
    parser.add_argument("--set", nargs="+", default=[], help="sets by name (default: all)")
    parser.add_argument("--side", nargs="+", choices=SIDES, default=["uv", "default", "newest"])
    parser.add_argument("--words", action="append", default=[], metavar='NAME="a b c"', help="one more set")
    parser.add_argument("--uv-from", type=Path, help="uv's answers: read from here, and kept here")
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    parser.add_argument("--moment", default=now, help="the index as of then, unless --uv-from has one")
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir(), "wheelplan-choices"))
    args = parser.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    answers = Answers(args.uv_from, args.moment)
    moment = upload_moment(answers.moment)
    with tempfile.TemporaryDirectory() as home:
        work, env = Path(home, "sets"), environment(home)
        copy_sets(args.folder, work)
        for words in args.words:
            name, _, text = words.partition("=")
            Path(work, f"{name}.txt").write_text("\n".join([*text.split(), ""]), "utf-8")
        sets = {name: path for name, path in find_sets(work).items() if not args.set or name in args.set}
        sdists = SdistReader(read_sdist, reader=READER, environ=os.environ)
        rows: list[Figures] = []
        judges: dict[str, Judge] = {}
        with closing(sdists), closing(catalog_over(args.cache, env, sdists)) as catalog:
            for target in args.target:
                machine = machine_for(wanted_machine(TARGETS[target]), World.real())
                assert moment is not None
                judges[target] = Judge(catalog, machine, moment)
            print(f"the index as of {answers.moment}; staleness in months\n")
            print(
                "| set | target | side | pins | builds | native | sum | worst | >24 | s |\n"
                + "|---" * 10
                + "|"
            )
            for name, path in sorted(sets.items()):
                for target in args.target:
                    words = [*TARGETS[target], "--exclude-newer", answers.moment]
                    roots = judges[target].roots(work / path)
                    for side in args.side:
                        if side == "uv":
                            digest, key = digest_of(work / path, words), f"{name}/{target}"
                            ran = answers.known.get(key, Ran())
                            if ran.digest != digest:
                                ran = ask_uv(work / path, words, env, args.cache)
                                ran.digest = digest
                                answers.keep(key, ran)
                        else:
                            ran = ask_us(work / path, [*words, *SIDES[side]], env, args.cache)
                        one = Figures(name, target, side, stops=ran.stops, seconds=ran.seconds, told=ran.told)
                        if ran.pins:
                            judges[target].fill(one, ran.pins, roots)
                        rows.append(one)
                        print(row_of(one), flush=True)
                        if args.json:
                            told = {"moment": answers.moment, "rows": [asdict(row) for row in rows]}
                            args.json.write_text(json.dumps(told, indent=1), "utf-8")
            for line in (*totals(rows), *details(rows, judges)):
                print(line, flush=True)


def wanted_machine(words: Sequence[str]) -> MachineRequest:
    said = dict(zip(words[::2], words[1::2], strict=True))
    return MachineRequest(
        python=sys.executable,
        python_version=said.get("--python-version", ""),
        platform=said.get("--python-platform", ""),
    )


if __name__ == "__main__":
    main()
