"""`--torch-backend` and `--installed-torch` through the command line, on small indexes of torch on disk.

Which variant has which version is written by hand from PyTorch's public release matrix (`planner.knowledge`);
the files are stand-ins of a few hundred bytes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from planner.indexes.client import Client
from tests.conftest import MACHINE, Ran, Wheelplan
from tests.faults.server import FaultIndex, ok, running, status
from tests.shelf import SETUP_C, publish, sdist, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAN = "pylock.wheelplan.toml"
LINUX = "cp311-cp311-manylinux_2_28_x86_64"
BUILT = {"cpu": ("2.8.0", "2.14.1"), "cu126": ("2.8.0", "2.14.1"), "cu128": ("2.8.0",), "cu130": ("2.14.1",)}
"""What each index has of torch."""


class Shop:
    """An index without torch's builds, PyTorch's beside it, and the command line."""

    def __init__(self, folder: Path, run: Wheelplan) -> None:
        self.folder = folder
        self._run = run
        files = folder / "files"
        self.files = [
            wheel(files, "torch", "2.14.1", ["numpy"], tag=LINUX),
            wheel(files, "torch", "2.8.0", ["numpy"], tag=LINUX),
            wheel(files, "numpy", "2.0"),
            wheel(files, "lightning", "1.0", ["torch>=2"]),
            wheel(files, "oldie", "1.0", ["torch==2.8.0"]),
            wheel(files, "plain", "1.0", ["numpy"]),
            sdist(files, "kernels", "1.0", ["torch"], setup=SETUP_C),
        ]
        self.index = publish(folder / "index", *self.files)
        self.torch = folder / "whl"
        for variant, versions in BUILT.items():
            own = folder / "builds" / variant
            torches = [wheel(own, "torch", f"{v}+{variant}", ["numpy"], tag=LINUX) for v in versions]
            publish(self.torch / variant, *torches, wheel(own, "numpy", "9.0"))  # as the real ones do
        self.template = f"{self.torch.as_uri()}/{{variant}}"

    def raw(self, *words: str | Path) -> Ran:
        return self._run("check", "--machine", MACHINE, "--cache-dir", self.folder / "cache", *words)

    def check(self, *words: str | Path) -> Ran:
        return self.raw("--default-index", self.index, "--torch-index", self.template, *words)

    def json(self, *words: str | Path) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.check(*words, "--output-format", "json").out)
        return value

    def pins(self, *words: str | Path) -> dict[str, str | None]:
        return {package["name"]: package["version"] for package in self.json(*words)["packages"]}

    def plan(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / PLAN).read_text(encoding="utf-8"))


@pytest.fixture
def shop(sealed: Path, wheelplan: Wheelplan) -> Shop:
    return Shop(sealed, wheelplan)


def assume(**facts: str) -> list[str]:
    return [f"--assume={name.replace('_', '-')}={value}" for name, value in facts.items()]


# -- routing --------------------------------------------------------------------------------------------------


def test_torch_comes_from_the_index_of_the_backend_and_nothing_else_does(shop: Shop) -> None:
    ran = shop.check("lightning", "--torch-backend", "cu126")
    plan = shop.plan()
    assert (ran.code, plan["tool"]["wheelplan"]["torch-backend"]) == (0, "cu126")
    assert {p["name"]: p["version"] for p in plan["packages"]} == {
        "lightning": "1.0",
        "numpy": "2.0",  # not the 9.0 of PyTorch's index
        "torch": "2.14.1+cu126",
    }
    assert "\ntorch-backend: cu126 (from --torch-backend)\n" in ran.out
    own, torch = sorted(plan["tool"]["wheelplan"]["indexes"], key=lambda one: one["path"])
    assert (own["path"], own["projects"], own.get("for")) == ("index", 2, None)
    assert torch == {"name": "pytorch-cu126", "path": "whl/cu126", "projects": 1, "for": ["torch"]}
