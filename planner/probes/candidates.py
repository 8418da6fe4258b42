"""Which version a package manager would install, as it tells offline; must not let it download anything.

One call for all names. Only what lies on the machine is asked: where there are no package lists the answer is
unknown, and never "there is no such package". Homebrew is not asked: it may fetch its lists, and it installs
the newest version of everything anyway.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.version import Version

from planner.facts import NOWHERE, Absent, Fact, Known, Unknown
from planner.probes.port import Host, NotRun
from planner.probes.search import find
from planner.probes.versions import upstream_version

__all__ = ["candidates", "read_apk", "read_apt", "read_fields", "read_repoquery"]

# A name of a package in any of these; it cannot be an option, a path or a pattern.
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._@-]{0,127}\Z")
_MOST = 500
"""Names that one call carries."""

_UNAVAILABLE = ("brew", "brew is not asked, as it may download its lists"), ("conda", "conda is not asked")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manager:
    """How a manager is asked: its program, the words before the names, and how its answer is read.

    `lists` are folders, each with a pattern of the names that lie in it once `update` was run.
    """

    program: str
    words: tuple[str, ...]
    read: Callable[[str], Iterator[tuple[str, str]]]
    lists: tuple[tuple[str, str], ...]
    update: str


def candidates(host: Host, manager: str, packages: Iterable[str]) -> dict[str, Fact]:
    """`candidate:NAME` of each package: the upstream version, with the package's own in `how`.

    `manager` is a value of the fact `package-manager`. A name that no package can have is unknown.
    """
    names = list(dict.fromkeys(packages))
    asked = [name for name in names if _PACKAGE.match(name)][:_MOST]
    facts: dict[str, Fact] = dict.fromkeys(names, Unknown("this is no name of a package, or one too many"))
    if asked:
        facts |= _answers(host, manager, asked)
    return {f"candidate:{name}": fact for name, fact in facts.items()}


def _answers(host: Host, manager: str, names: list[str]) -> Mapping[str, Fact]:
    way = _MANAGERS.get(manager)
    if way is None:
        why = dict(_UNAVAILABLE).get(manager, f"{manager or 'no package manager'} is not asked")
        return dict.fromkeys(names, Unknown(why))
    program = find(host, way.program)
    if not isinstance(program, str):
        return dict.fromkeys(names, Unknown(f"{way.program} is not on PATH"))
    answer = host.run([program, *way.words, *sorted(names)])
    if isinstance(answer, NotRun):
        return dict.fromkeys(names, Unknown(f"{way.program} {answer.why}"))
    told = {name: version for name, version in way.read(answer.stdout) if name in names}
    if any(re.search(pattern, name) for folder, pattern in way.lists for name in host.listdir(folder)):
        missing: Fact = Absent(NOWHERE["candidate"])
    else:
        missing = Unknown(f"there are no package lists here: run `{way.update}`")
    return {name: _fact(way.program, told[name]) if name in told else missing for name in names}


def _fact(program: str, raw: str) -> Fact:
    version = upstream_version(raw)
    return Known(version, f"{program}: {raw}") if version else Unknown(f"{program} says {raw!r}")


def read_apt(text: str) -> Iterator[tuple[str, str]]:
    """(name, version) in what `apt-cache policy` prints; one without a candidate is left out."""
    name = ""
    for line in text.splitlines():
        if line and not line[0].isspace():
            name = line.rstrip(":")
        elif (match := re.match(r" +Candidate: (\S+)", line)) and match[1] != "(none)":
            yield name, match[1]


def read_apk(text: str) -> Iterator[tuple[str, str]]:
    """(name, version) in what `apk policy` prints: a package's versions in rising order.

    A version that stands in tagged repositories alone (`@edge`) is installed only for who names the tag.
    """
    found: dict[str, list[str]] = {}
    name = version = ""
    for line in text.splitlines():
        if match := re.match(r"(\S+) policy:", line):
            name = match[1]
        elif match := re.match(r"  (\S+):\s*\Z", line):
            version = match[1]
        elif name and version and line.startswith("    ") and not line.lstrip().startswith("@"):
            found.setdefault(name, []).append(version)
    for name, versions in found.items():
        yield from ((name, version) for version in sorted(versions, key=_order))


def _order(raw: str) -> tuple[Version, str]:
    return Version(upstream_version(raw) or "0"), raw


def read_repoquery(text: str) -> Iterator[tuple[str, str]]:
    """(name, version) in lines of `NAME VERSION-RELEASE`."""
    for line in text.splitlines():
        name, _, version = line.strip().partition(" ")
        if version:
            yield name, version


def read_fields(text: str) -> Iterator[tuple[str, str]]:
    """(name, version) in blocks of `Name : x` and `Version : y` (pacman, yum, zypper)."""
    name = ""
    for line in text.splitlines():
        if match := re.match(r"(Name|Version)\s*:\s*(\S+)", line):
            if match[1] == "Name":
                name = match[2]
            elif name:
                yield name, match[2]


_QUERY = ("-C", "-q", "repoquery", "--latest-limit", "1", "--qf", "%{name} %{version}-%{release}\\n")
_MANAGERS: Mapping[str, _Manager] = {
    "apt": _Manager(
        program="apt-cache",
        words=("policy",),
        read=read_apt,
        lists=(("/var/lib/apt/lists", r"_Packages(?:\.\w+)?\Z"),),
        update="apt-get update",
    ),
    "dnf": _Manager(
        program="dnf",
        words=_QUERY,
        read=read_repoquery,
        lists=(("/var/cache/libdnf5", r"-[0-9a-f]{16}\Z"), ("/var/cache/dnf", r"\.solvx?\Z")),
        update="dnf makecache",
    ),
    "yum": _Manager(
        program="yum",
        words=("-C", "-q", "info"),
        read=read_fields,
        lists=(("/var/cache/yum", r"."),),
        update="yum makecache",
    ),
    "apk": _Manager(
        program="apk",
        words=("policy",),
        read=read_apk,
        lists=(("/var/cache/apk", r"\AAPKINDEX\."),),
        update="apk update",
    ),
    "pacman": _Manager(
        program="pacman",
        words=("-Si",),
        read=read_fields,
        lists=(("/var/lib/pacman/sync", r"\.db\Z"),),
        update="pacman -Sy",
    ),
    "zypper": _Manager(
        program="zypper",
        words=("--no-refresh", "-n", "info"),
        read=read_fields,
        lists=(("/var/cache/zypp/solv", r"\A[^@]"),),
        update="zypper refresh",
    ),
}
