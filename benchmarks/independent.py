"""Is each pin's class (wheel or source build) what the index's file names say? Judged again, with pip's code.

    python benchmarks/independent.py ../shared/requirements/*.txt [--target NAME ...]

`wheelplan check --output-format json` is run for each target; then, for each pin, the project's page is read
again and its file names are judged by pip's `TargetPython` and packaging's `parse_wheel_filename`: code that
wheelplan does not use. Prints one line a set and target, and every pin that differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any

from against_uv import default_index, environment, run
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version
from pip._internal.models.target_python import TargetPython

# Each: the words for wheelplan, and what pip's TargetPython is told: platforms, version, abi.
GLIBC_236 = [f"manylinux_2_{minor}_x86_64" for minor in range(36, 16, -1)]
TARGETS: dict[str, tuple[list[str], list[str], tuple[int, int], str]] = {
    "linux": (
        ["--python-version", "3.11", "--python-platform", "linux", "--assume", "glibc=2.36"],
        [*GLIBC_236, "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"],
        (3, 11),
        "cp311",
    ),
    "aarch64": (
        ["--python-version", "3.11", "--python-platform", "aarch64-manylinux_2_36"],
        [name.replace("x86_64", "aarch64") for name in GLIBC_236]
        + ["manylinux2014_aarch64", "linux_aarch64"],
        (3, 11),
        "cp311",
    ),
    "musl": (
        [
            "--python-version",
            "3.11",
            "--python-platform",
            "x86_64-unknown-linux-musl",
            "--assume",
            "musl=1.2",
        ],
        ["musllinux_1_2_x86_64", "musllinux_1_1_x86_64", "musllinux_1_0_x86_64", "linux_x86_64"],
        (3, 11),
        "cp311",
    ),
    "glibc217": (
        ["--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_17"],
        [
            "manylinux_2_17_x86_64",
            "manylinux2014_x86_64",
            "manylinux_2_12_x86_64",
            "manylinux2010_x86_64",
            "manylinux_2_5_x86_64",
            "manylinux1_x86_64",
            "linux_x86_64",
        ],
        (3, 11),
        "cp311",
    ),
    "cp314": (
        ["--python-version", "3.14", "--python-platform", "linux", "--assume", "glibc=2.36"],
        [*GLIBC_236, "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"],
        (3, 14),
        "cp314",
    ),
    "macos": (
        ["--python-version", "3.11", "--python-platform", "macosx_14_0_arm64"],
        ["macosx_14_0_arm64"],
        (3, 11),
        "cp311",
    ),
    "windows": (
        ["--python-version", "3.11", "--python-platform", "win_amd64"],
        ["win_amd64"],
        (3, 11),
        "cp311",
    ),
}


@cache
def page(project: str) -> list[dict[str, Any]]:
    """The files that the default index lists for a project, as JSON."""
    request = urllib.request.Request(
        f"{default_index()}/{project}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        files: list[dict[str, Any]] = json.load(answer)["files"]
        return files


def has_wheel(project: str, version: str, python: tuple[int, int], tags: frozenset[Any]) -> bool:
    """Whether a wheel of that version fits the tags and its Requires-Python admits the Python."""
    full = Version(f"{python[0]}.{python[1]}.0") if python != sys.version_info[:2] else Version("3.11.7")
    for file in page(project):
        try:
            _, found, _, wheel_tags = parse_wheel_filename(file["filename"])
        except InvalidWheelFilename:
            continue
        if found != Version(version) or not {str(tag) for tag in wheel_tags} & tags:
            continue
        try:
            if file.get("requires-python") and full not in SpecifierSet(file["requires-python"]):
                continue
        except InvalidSpecifier:
            pass
        return True
    return False


def main() -> None:
    """Check every file on every target."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--target", action="append", choices=sorted(TARGETS))
    args = parser.parse_args()
    wrong = checked = 0
    with tempfile.TemporaryDirectory() as home:
        env = {**environment(home), "PYTHONPATH": str(Path(__file__).parents[1])}
        for target in args.target or TARGETS:
            words, platforms, python, abi = TARGETS[target]
            tags = frozenset(  # as text: pip vendors its own class
                str(tag)
                for tag in TargetPython(
                    platforms=platforms, py_version_info=python, abis=[abi], implementation="cp"
                ).get_sorted_tags()
            )
            for path in args.files:
                command = [
                    sys.executable,
                    "-m",
                    "planner.cli",
                    "check",
                    path.name,
                    *words,
                    "--output-format",
                    "json",
                ]
                command += ["--cache-dir", f"{home}/cache", "-o", f"{home}/plan.toml"]
                ran = run(command, env, str(path.resolve().parent))
                told: dict[str, Any] = {"packages": [], "errors": ran.err}
                if ran.out.startswith("{"):
                    told = json.loads(ran.out)
                bad = []
                for package in told.get("packages", ()):
                    if not package["version"] or package["index"] == "":
                        continue
                    ours = package["source-build"] is None
                    theirs = has_wheel(package["name"], package["version"], python, tags)
                    checked += 1
                    if ours != theirs:
                        bad.append(
                            f"{package['name']} {package['version']}: wheelplan {ours}, names {theirs}"
                        )
                wrong += len(bad)
                built = sum(package["source-build"] is not None for package in told.get("packages", ()))
                print(
                    f"{target} {path.stem}: exit {ran.code}, {len(told.get('packages', ()))} pins,"
                    f" {built} source builds, {len(bad)} differ, set aside {len(told.get('set-aside', ()))}"
                    f" {str(told.get('errors', ''))[:200]}",
                    flush=True,
                )
                for line in bad:
                    print(f"    {line}", flush=True)
    print(f"{checked} pins judged, {wrong} differ")
    raise SystemExit(int(wrong > 0))


if __name__ == "__main__":
    main()
