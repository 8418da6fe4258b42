"""Plans written by hand and sealed, for tests of what installs them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from planner.facts import Known
from planner.plan.seal import sealed
from planner.plan.toml import lines_of, value_of
from planner.probes.fingerprint import fingerprint
from planner.probes.host import LocalHost
from tests.shelf import sha256

Row = dict[str, object]


def file_row(path: Path) -> Row:
    return {
        "name": path.name,
        "path": f"files/{path.name}",
        "size": path.stat().st_size,
        "hashes": {"sha256": sha256(path)},
    }


def package(path: Path, **ours: object) -> str:
    """A `[[packages]]` of a wheel, or of an sdist with what `[packages.tool.wheelplan]` says of it."""
    name, version = path.name.removesuffix(".tar.gz").split("-")[:2]
    files = {"wheels": [file_row(path)]} if path.suffix == ".whl" else {"sdist": file_row(path)}
    if path.suffix != ".whl":
        ours = {"source-build": "native", **ours}
    entry = {"name": name.replace("_", "-"), "version": version, **files}
    said = {key.replace("_", "-"): value for key, value in ours.items()}
    lines = ["[[packages]]", *lines_of(entry), "[packages.tool.wheelplan]"]
    lines += [f"{key} = {value_of(value)}" for key, value in said.items()]
    return "\n".join(lines)


def plan_text(packages: Iterable[str], **ours: object) -> str:
    """A whole plan of those packages, for the running machine and Python."""
    packages = list(packages)
    facts = fingerprint_of_this()
    minor = ".".join(facts["python"].split(".")[:2])
    built = sum("source-build" in one for one in packages)
    head = {
        "lock-version": "1.0",
        "environments": [f"sys_platform == '{sys.platform}'"],
        "requires-python": f"=={minor}.*",
        "created-by": "wheelplan",
    }
    tool = {
        "schema": 1,
        "verdict": "builds" if built else "clear",
        "requirements": ["alpha"],
        **ours,
        "counts": {"packages": len(packages), "source-builds": built},
    }
    parts = [*lines_of(head), *packages, "[tool.wheelplan]", *lines_of(tool), "[tool.wheelplan.machine]"]
    parts += lines_of(facts)
    parts += ["[[tool.wheelplan.indexes]]", 'path = "files"', f"projects = {len(packages)}"]
    return sealed("\n".join(parts) + "\n")


_FACTS: dict[str, str] = {}


def fingerprint_of_this() -> dict[str, str]:
    """The facts of a plan's fingerprint that decide wheels, found once a session."""
    if not _FACTS:
        machine = fingerprint(LocalHost({"PATH": "/usr/bin:/bin"}), python=sys.executable)
        names = ("os", "arch", "glibc", "musl", "python", "implementation", "abi")
        _FACTS.update({n: fact.value for n in names if isinstance(fact := machine.facts.get(n), Known)})
    return _FACTS
