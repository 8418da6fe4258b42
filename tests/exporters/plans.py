"""Hand-made plans, as values: no file of theirs is read."""

from __future__ import annotations

from typing import Any

from planner.exporters.port import Asked
from planner.plan.opened import (
    PlanFile,
    PlannedFile,
    PlannedIndex,
    PlannedNeed,
    PlannedPackage,
    PlannedPrerequisite,
)

INDEX = PlannedIndex("", "https://index.test/simple/", "", 3, ())
TORCH = PlannedIndex("pytorch", "https://torch.test/whl/cu126", "", 1, ("torch",))
MACHINE = {
    "os": "linux",
    "arch": "x86_64",
    "distro": "debian",
    "distro-version": "12",
    "glibc": "2.36",
    "python": "3.11.7",
    "implementation": "cpython",
    "memory-available": "16 GiB",
    "cores": 8,
}
ASKED = Asked(plan="pylock.wheelplan.toml", version="0.1.0")


def wheel(name: str, version: str = "1.0", **more: Any) -> PlannedPackage:
    file = PlannedFile(f"{name}-{version}-py3-none-any.whl", f"https://files.test/{name}.whl", "", "a" * 64)
    return PlannedPackage(name, **{"version": version, "wheels": (file,), "index_url": INDEX.url, **more})


def build(name: str, version: str = "1.0", **more: Any) -> PlannedPackage:
    file = PlannedFile(f"{name}-{version}.tar.gz", f"https://files.test/{name}.tar.gz", "", "b" * 64)
    own = {"version": version, "sdist": file, "kind": "native", "reason": "no wheel was ever published"}
    return PlannedPackage(name, **{**own, "index_url": INDEX.url, **more})


def need(subject: str, /, *apt: str, role: str = "build", **more: Any) -> PlannedPrerequisite:
    row = {
        "need": subject,
        "name": subject,
        "specifier": "",
        "role": role,
        "needed_by": ("cee",),
        "state": "missing",
        "found": "",
        "optional": False,
        "without": "",
        "offered": "",
        "unmet": "",
        "brought_by": "",
        "packages": {"apt": apt} if apt else {},
    }
    return PlannedPrerequisite(**{**row, **more})


def plan(*packages: PlannedPackage, **more: Any) -> PlanFile:
    own = {
        "where": "pylock.wheelplan.toml",
        "data": b"",
        "requires_python": "==3.11.*",
        "environments": ("sys_platform == 'linux'",),
        "packages": packages,
        "verdict": "builds",
        "requirements": (),
        "inputs": (),
        "extras": (),
        "groups": (),
        "torch_backend": "",
        "variables": (),
        "ready": "",
        "machine": MACHINE,
        "indexes": (INDEX,),
        "prerequisites": (),
        "run_needs": (),
        "findings": (),
    }
    return PlanFile(**{**own, **more})


CUDA = PlannedNeed("dep:virtual/compiler/cuda", ">=12")
"""What flash-attn's build needs."""


def ml() -> PlanFile:
    """Torch from its own index, a build against it, one in isolation, and a repository."""
    flash = build(
        "flash-attn",
        isolated=False,
        install_after=("setuptools", "torch"),
        build_requires=("ninja==1.13.2", "setuptools==80.0"),
        environment=(("MAX_JOBS", "4"), ("TORCH_CUDA_ARCH_LIST", "8.0;9.0+PTX")),
        needs=(CUDA,),
    )
    cee = build(
        "cee",
        build_requires=("setuptools==80.0",),
        config_settings="compile-args=-j6",
        jobs=6,
        memory_per_job=1000,
    )
    app = PlannedPackage(
        "app", vcs="https://code.test/app.git", vcs_type="git", commit="0123abc", kind="pure"
    )
    torch = wheel("torch", "2.9.0+cu126", index_url=TORCH.url)
    return plan(
        app,
        cee,
        flash,
        wheel("numpy", extras=("all",)),
        wheel("setuptools", "80.0"),
        torch,
        indexes=(INDEX, TORCH),
        torch_backend="cu126",
        variables=(("UV_CONCURRENT_BUILDS", "1"),),
        prerequisites=(
            need("dep:virtual/compiler/cxx", "g++"),
            need("dep:generic/python-headers", "python3-dev", role="host"),
            need("dep:generic/zlib", role="host", brought_by="python3-dev"),
            need("dep:generic/libpq", "libpq-dev", role="host"),
            need("dep:virtual/compiler/cuda"),
            need("dep:generic/oldlib", "oldlib-dev", unmet="oldlib-dev would be 1, and >=2 is needed"),
            need("dep:generic/libmagic", "libmagic1", role="run"),
        ),
        ready="apt-get install -y --no-install-recommends g++ python3-dev",
    )
