"""Plans and machines to verify, written out."""

from __future__ import annotations

import hashlib
import sys

from planner.facts import Absent, Fact, Known, Machine
from planner.machinefile import dumps_toml
from planner.plan.seal import sealed
from tests.universe import MARKERS

REQUIREMENTS = b"alpha\nbeta\n"
SHA = hashlib.sha256(REQUIREMENTS).hexdigest()
WHEEL = "alpha-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
TAGS = {"py3-none-any", "cp39-abi3-manylinux_2_28_x86_64"}
LINUX = "sys_platform == 'linux' and platform_machine == 'x86_64' and implementation_name == 'cpython'"
NEEDS = """needs = [\
{ need = "dep:virtual/compiler/c", role = "build", because = "setup.py:4", facts = ["program:gcc", "program:cc"] }, \
{ need = "dep:generic/libffi", specifier = ">=3.3", role = "host", \
facts = ["header:ffi.h pkg-config:libffi; pkg-config:libffi"] }]"""
DRIVER = """
[[tool.wheelplan.needs]]
need = "cuda-driver"
specifier = ">=550"
role = "run"
without = "nothing of the set uses a GPU"
"""
PREREQUISITE = """
[[tool.wheelplan.prerequisites]]
need = "dep:virtual/compiler/c"
name = "C compiler"
role = "build"
needed-by = ["beta"]
state = "present"
facts = ["program:gcc"]
apt = ["gcc", "libc6-dev"]
"""
FINDING = """
[[tool.wheelplan.findings]]
code = "{code}"
severity = "error"
project = "beta"
summary = "beta 2.0 is built from source."
remedy = "accept the build with `--allow-build beta`"
"""


def wheel(name: str, tag: str = "py3-none-any", count: int = 0) -> str:
    file = f"{name.replace('-', '_')}-1.0-{tag}.whl"
    return f"""
[[packages]]
name = "{name}"
version = "1.0"
dependencies = [{{ name = "alpha" }}, {{ name = "gamma" }}]
index = "https://index.test/simple/"
wheels = [{{ name = "{file}", upload-time = 2026-10-14T00:00:00Z, url = "https://files.test/{file}", size = 12345, \
hashes = {{ sha256 = "{count:064x}" }} }}]
[packages.tool.wheelplan]
required-by = ["requirements.txt:1", "gamma 1.0"]
"""


def built(needs: str = NEEDS, jobs: str = "jobs = 2\nmemory-per-job = 1200") -> str:
    return f"""
[[packages]]
name = "beta"
version = "2.0"
index = "https://index.test/simple/"
sdist = {{ name = "beta-2.0.tar.gz", url = "https://files.test/beta-2.0.tar.gz", size = 99, hashes = {{ sha256 = "{1:064x}" }} }}
[packages.tool.wheelplan]
required-by = ["requirements.txt:2"]
source-build = "native"
reason = "no wheel was ever published on this index"
environment = {{ MAX_JOBS = "2" }}
{jobs}
{needs}
"""


def plan(
    *packages: str,
    verdict: str = "clear",
    builds: int = 0,
    rest: str = "",
    machine: str = "",
    minor: str = "3.11",
    environment: str = LINUX,
    inputs: str = f'inputs = [{{ path = "requirements.txt", sha256 = "{SHA}" }}]',
) -> str:
    """A plan's text, sealed."""
    return sealed(
        f"""# Made by `wheelplan check requirements.txt`.
lock-version = "1.0"
environments = ["{environment}"]
requires-python = "=={minor}.*"
extras = []
dependency-groups = []
created-by = "wheelplan"
{"".join(packages)}
[tool.wheelplan]
schema = 1
verdict = "{verdict}"
{inputs}
counts = {{ packages = {len(packages)}, source-builds = {builds} }}

[tool.wheelplan.machine]
os = "linux"
arch = "x86_64"
python = "3.11.7"
{machine}
{rest}"""
    )


SMALL = plan(wheel("alpha", "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"), wheel("gamma"))
BUILT = plan(wheel("alpha"), built(), verdict="builds", builds=1, machine="cores = 2", rest=PREREQUISITE)
GPU = plan(wheel("alpha"), machine='cuda-driver = "570.1"\n"gpu:0" = "8.0"', rest=DRIVER)
HERE = plan(wheel("alpha"), wheel("gamma"), minor=f"{sys.version_info[0]}.{sys.version_info[1]}")


def machine(**facts: str | None) -> str:
    """A machine file: Debian 12 with a compiler; a fact of None is absent (`_` stands for `-`, `__` for `:`)."""
    known = {
        "os": "linux",
        "arch": "x86_64",
        "glibc": "2.36",
        "python": "3.11.7",
        "implementation": "cpython",
        "abi": "cp311",
        "package-manager": "apt",
        "program:gcc": "12.2.0",
        "program:cc": "12.2.0",
        "header:ffi.h": "",
        "pkg-config:libffi": "3.4.4",
        "cuda-driver": "570.1",
        "gpu:0": "8.6",
        "memory-available": "8000",
        "cores": "2",
        "disk-free": "90000",
        "disk-free:tmp": "90000",
    }
    said = {name.replace("__", ":").replace("_", "-"): value for name, value in facts.items()}
    markers = {**MARKERS, "python_full_version": "3.11.7", "python_version": "3.11"}
    markers.update(implementation_name="cpython", sys_platform="linux", platform_machine="x86_64")
    if full := said.get("python"):
        markers.update(python_full_version=full, python_version=full.rpartition(".")[0])
    markers["platform_machine"] = said.get("arch") or "x86_64"
    told: dict[str, Fact] = {
        name: Absent("it is not here") if value is None else Known(value, "by hand")
        for name, value in {**known, **said}.items()
    }
    return dumps_toml(Machine(markers=markers, facts=told))
