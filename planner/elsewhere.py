"""From one machine to another: assumed facts, another Python, another platform; must not ask any machine.

What is said of a machine must stay one story: another Python changes its markers, its ABI tag and what its
environment holds; another platform makes all that was found *here* (programs, memory, GPUs) unknown.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from packaging.version import InvalidVersion, Version

from planner.drivers import newest_cuda
from planner.errors import MachineError
from planner.facts import FAMILIES, NAMES, Absent, Fact, Known, Machine, Unknown, is_name, rank
from planner.platforms import OS_NAMES, SYSTEM_MARKERS, read_platform, spell_arch

__all__ = ["assume", "check_name", "for_platform", "for_python", "near"]

_ELSEWHERE = Unknown("planned for another machine")
_OTHER_PYTHON = Unknown("planned for another Python")
# What wheel tags and markers are made of: a platform or a Python says these anew.
_IDENTITY = ("os", "arch", "glibc", "musl", "macos", "windows", "python", "implementation", "abi")
_ENVIRONMENT = ("torch", "torch-cuda", "torch-cxx11-abi", "python-origin")
_HERE = ("program", "header", "pkg-config", "library", "shared", "candidate")
_PYTHON = re.compile(
    r"(?P<major>[23])\.?(?P<minor>\d{1,2})(?P<rest>\.\d{1,3}(?:(?:a|b|rc)\d+)?)?(?P<threads>t?)\Z"
)


def near(name: str, names: Sequence[str]) -> str:
    """` Did you mean …?`, or "" when no name is near."""
    spelled = {other.replace("_", "-"): other for other in names}
    close = difflib.get_close_matches(name.lower().replace("_", "-"), list(spelled), n=1)
    return f" Did you mean `{spelled[close[0]]}`?" if close else ""


def check_name(name: str, *, where: str, path: str = "") -> None:
    """Raise MachineError, with the nearest name, when there is no fact of that name."""
    if is_name(name):
        return
    family, colon, rest = name.partition(":")
    advice = near(name, NAMES)
    if colon and rest and (close := difflib.get_close_matches(family, FAMILIES, n=1)):
        advice = f" Did you mean `{close[0]}:{rest}`?"
    elif not advice:
        advice = f" Facts are {', '.join(NAMES)}, and {', '.join(f'{family}:NAME' for family in FAMILIES)}."
    raise MachineError(f"`{path or name}` is no fact that wheelplan knows.{advice}", where=where)


def _changed(
    machine: Machine, facts: Mapping[str, Fact], markers: Mapping[str, str] | None = None
) -> Machine:
    merged = {**machine.facts, **facts}
    ordered = dict(sorted(merged.items(), key=lambda item: rank(item[0])))
    return Machine(markers={**machine.markers, **(markers or {})}, facts=ordered)


def assume(machine: Machine, words: Iterable[str]) -> Machine:
    """The machine with facts taken for granted, each `FACT=VALUE`; an empty value means that it is absent.

    Memory and disk are MiB, or have a unit (`22GiB`). `program:gcc=yes` is there in an unknown version.
    Raises MachineError for a fact that does not exist and a value that it cannot have.
    """
    assumed: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise MachineError(
                f"{word!r} is no assumption: it needs the form FACT=VALUE.",
                where="--assume",
                hint=f"`--assume {name}=` says that it is absent.",
            )
        check_name(name, where="--assume")
        assumed[name] = value.strip()
    # What the others rest on comes first: the system, then its architecture, then the Python.
    first = ("os", "arch", "implementation", "python")
    for name in (*(name for name in first if name in assumed), *(n for n in assumed if n not in first)):
        machine = _assume(machine, name, assumed[name], frozenset(assumed))
    return machine


def _assume(machine: Machine, name: str, value: str, also: frozenset[str]) -> Machine:
    how = "--assume"
    if not value:
        if name in ("os", "arch", "python", "implementation", "abi"):
            raise MachineError(f"A machine cannot be without `{name}`.", where=how)
        return _changed(machine, {name: Absent(how), **_follow_absence(machine, name, also)})
    if name == "os":
        return _assume_os(machine, value)
    if name == "arch":
        return _assume_arch(machine, value)
    if name == "python":
        return for_python(machine, value, how=how)
    value = _checked(name, value)
    if name == "implementation":
        spelled = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalVM"}.get(value, value)
        markers = {"implementation_name": value, "platform_python_implementation": spelled}
        facts: dict[str, Fact] = {name: Known(value, how)}
        if value != machine.value("implementation"):
            facts["abi"] = Unknown(f"of {value}: say it with --assume abi=TAG")
        return _changed(machine, facts, markers)
    return _changed(machine, {name: Known(value, how), **_follow(machine, name, value, also)})


def _follow(machine: Machine, name: str, value: str, also: frozenset[str]) -> dict[str, Fact]:
    """What an assumed fact says of others that were found here and were not assumed as well."""
    facts: dict[str, Fact] = {}
    if name in ("glibc", "musl"):
        facts["musl" if name == "glibc" else "glibc"] = Absent(f"--assume {name}={value}")
    if name == "cuda-driver":
        cuda = newest_cuda(value)
        unsaid = Unknown("not assumed with cuda-driver")
        facts["cuda-driver-api"] = Known(cuda, f"NVIDIA's table, driver {value}") if cuda else unsaid
        if machine.value("gpu:0") is None:
            facts["gpu:0"] = unsaid
    if name == "torch":
        local = re.fullmatch(r"cu(\d+)(\d)", value.partition("+")[2])
        unsaid = Unknown("not assumed with torch")
        facts["torch-cuda"] = Known(f"{local[1]}.{local[2]}", f"torch {value}") if local else unsaid
        facts["torch-cxx11-abi"] = unsaid
        facts["dist:torch"] = Known(value, "--assume torch")
    return {other: fact for other, fact in facts.items() if other not in also}


def _follow_absence(machine: Machine, name: str, also: frozenset[str]) -> dict[str, Fact]:
    followers = {
        "cuda-driver": ["cuda-driver-api", *(other for other in machine.facts if other.startswith("gpu:"))],
        "torch": ["torch-cuda", "torch-cxx11-abi", "dist:torch"],
        "dist:torch": ["torch", "torch-cuda", "torch-cxx11-abi"],
    }
    return {other: Absent(f"--assume {name}=") for other in followers.get(name, ()) if other not in also}


def _checked(name: str, value: str) -> str:
    """The value as facts hold it; MachineError when it cannot be one of that fact."""
    family = name.partition(":")[0]
    if name in ("memory-total", "memory-available") or family == "disk-free" or name.endswith(":memory"):
        return _mebibytes(name, value)
    if name == "cores":
        if not re.fullmatch(r"[1-9]\d{0,5}", value, re.ASCII):
            raise MachineError(f"`cores` must be a number of at least 1, not {value!r}.", where="--assume")
        return value
    if name == "torch-cxx11-abi" and value not in ("0", "1"):
        raise MachineError(f"`torch-cxx11-abi` is 0 or 1, not {value!r}.", where="--assume")
    if family in ("program", "header") and value == "yes":
        return ""
    versions = (
        "glibc",
        "musl",
        "macos",
        "windows",
        "cuda-driver",
        "cuda-driver-api",
        "rocm",
        "torch",
        "torch-cuda",
    )
    is_gpu = re.fullmatch(r"gpu:\d+", name) is not None
    if name in versions or is_gpu or family in ("cuda-toolkit", "program", "header", "dist"):
        try:
            Version(value)
        except InvalidVersion as error:
            raise MachineError(f"`{name}` must be a version, not {value!r}.", where="--assume") from error
    return value


def _mebibytes(name: str, value: str) -> str:
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)\s*(?:(M|G|T)(?:i?B)?)?", value, re.IGNORECASE | re.ASCII)
    if match is None:
        raise MachineError(f"`{name}` must be MiB or have a unit (22GiB), not {value!r}.", where="--assume")
    scale = {"M": 1, "G": 1024, "T": 1024 * 1024}[(match[2] or "M").upper()]
    return str(max(1, int(float(match[1]) * scale)))


def _assume_os(machine: Machine, value: str) -> Machine:
    system = OS_NAMES.get(value, value)
    if system not in SYSTEM_MARKERS:
        raise MachineError(f"`os` is linux, darwin or windows, not {value!r}.", where="--assume")
    if system == machine.value("os"):
        return _changed(machine, {"os": Known(system, "--assume")})
    arch = machine.value("arch") or machine.markers["platform_machine"]
    facts = {"os": Known(system, "--assume"), **_foreign_libcs(system)}
    markers = {**SYSTEM_MARKERS[system], "platform_release": "", "platform_version": ""}
    return _with_arch(_changed(_moved(machine), facts, markers), arch, "--assume os")


def _foreign_libcs(system: str) -> dict[str, Fact]:
    """Another system's versions: what it has must be said, the others it has not."""
    own = {"linux": ("glibc", "musl"), "darwin": ("macos",), "windows": ("windows",)}[system]
    names = {"glibc": "Linux", "musl": "Linux", "macos": "macOS", "windows": "Windows"}
    return {name: _ELSEWHERE if name in own else Absent(f"not {title}") for name, title in names.items()}


def _assume_arch(machine: Machine, value: str) -> Machine:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", value.lower()):
        raise MachineError(f"`arch` is a word such as x86_64 or aarch64, not {value!r}.", where="--assume")
    before = machine.value("arch")
    changed = _with_arch(machine, value.lower(), "--assume")
    return (
        changed if changed.value("arch") == before else _with_arch(_moved(machine), value.lower(), "--assume")
    )


def _with_arch(machine: Machine, arch: str, how: str) -> Machine:
    tag, marker = spell_arch(machine.value("os") or "linux", arch)
    return _changed(machine, {"arch": Known(tag, how)}, {"platform_machine": marker})


def _moved(machine: Machine) -> Machine:
    """The same Python on a machine of which nothing else is known."""
    facts: dict[str, Fact] = {}
    for name, fact in machine.facts.items():
        family, colon, _ = name.partition(":")
        if name in _IDENTITY:
            facts[name] = fact
        elif name in NAMES or name == "gpu:0" or (colon and family in _HERE):
            facts[name] = _ELSEWHERE
    return Machine(markers=machine.markers, facts=facts)


def for_python(machine: Machine, version: str, *, how: str = "--python-version") -> Machine:
    """The machine with another Python (`3.14`, `3.12.4`, `3.14t`, pip's `312`), of the same implementation.

    A version without its last number means the first release of it, as in uv. What the environment of the
    Python that was found holds (distributions, torch, Python.h) says nothing of another one. Raises
    MachineError for what is no version of Python.
    """
    match = _PYTHON.match(version.strip())
    if match is None:
        raise MachineError(
            f"{version!r} is no version of Python.", where=how, hint="Say it as 3.12, 3.12.4 or 3.14t."
        )
    short = f"{match['major']}.{match['minor']}"
    full = short + (match["rest"] or ".0")
    implementation = machine.markers["implementation_name"]
    before = machine.value("abi")
    if implementation == "cpython":
        pymalloc = "m" if (int(match["major"]), int(match["minor"])) < (3, 8) else ""
        tag = f"cp{match['major']}{match['minor']}{match['threads']}{pymalloc}"
        abi: Fact = Known(tag, how)
    else:
        abi = Unknown(f"of {implementation} {short}: say it with --assume abi=TAG")
    markers = {"python_version": short, "python_full_version": full}
    if implementation == "cpython":
        markers["implementation_version"] = full
    facts: dict[str, Fact] = {"python": Known(full, how), "abi": abi}
    if isinstance(abi, Known) and abi.value == before:
        return _changed(machine, facts, markers)
    kept = {name: fact for name, fact in machine.facts.items() if not name.startswith("dist:")}
    facts |= {n: _OTHER_PYTHON for n in kept if n in _ENVIRONMENT or n == "header:Python.h"}
    return _changed(Machine(markers=machine.markers, facts=kept), facts, markers)


def for_platform(machine: Machine, name: str, *, how: str = "--python-platform") -> Machine:
    """The same Python on another platform: uv's names (`linux`, `aarch64-unknown-linux-musl`) or pip's tags.

    A name that does not say a version means uv's: glibc 2.28, musl 1.2, macOS 13.0. All that was found on
    this machine becomes unknown. Raises MachineError for what is no such platform.
    """
    platform = read_platform(name, where=how)
    spoken = f"{how} {name}"
    facts = {"os": Known(platform.os, spoken), **_foreign_libcs(platform.os)}
    if platform.fact:
        if platform.os == "linux":
            facts |= {libc: Absent(spoken) for libc in ("glibc", "musl")}
        facts[platform.fact] = Known(platform.version, spoken)
    markers = {**SYSTEM_MARKERS[platform.os], "platform_release": "", "platform_version": ""}
    return _with_arch(_changed(_moved(machine), facts, markers), platform.arch, spoken)
