"""The house: arrows go down only, I/O stands at the edges, and nothing is named that must not be."""

from __future__ import annotations

import ast
import doctest
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pip._internal.models.index import PyPI

from planner.findings import CODES
from planner.knowledge.signs import signs

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "planner"

TEXTS = ("urls", "tomltext", "headertext", "setupcfg")
# Lower rows may not import higher ones; within a row only what stands in the same family.
ROWS: tuple[tuple[str, ...], ...] = (
    (
        *TEXTS,
        "errors",
        "needs",
        "facts",
        "policy",
        "findings",
        "dists",
        "page",
        "wanted",
        "frames",
        "records",
    ),
    (
        *("tags", "fits", "whynot", "knowledge", "drivers", "platforms", "elsewhere", "machinefile"),
        *("prerequisites", "jobs", "loads", "routing"),
    ),
    ("inputs", "resolve", "sdist", "assess", "plan"),
    ("probes", "indexes", "reader", "config", "settings"),
    (
        "roots",
        "changes",
        "locking",
        "verdict",
        "disk",
        "files",
        "request",
        "doubts",
        "building",
        "choosing",
        "cuda",
    ),
    (
        *("ahead", "searching", "intake", "keeping", "checking", "explaining"),
        *("buildlines", "heldlines", "wording", "jsonform", "viewpoint", "targetlines", "gates"),
    ),
    (
        "exporters",
        "target",
        "supply",
        "backends",
        "autobackend",
        "linked",
        "verifying",
        "installing",
        "diagnosing",
    ),
    ("pipeline", "targets", "report", "arguments"),
    ("checkcommand", "explaincommand"),
    ("cli",),
)
RANK = {name: rank for rank, row in enumerate(ROWS) for name in row}
# Edges know values and their own family; the resolution knows the tables.
VALUES = frozenset(ROWS[0])
FAMILIES = {"config": {"settings"}, "settings": {"config"}}


@cache
def modules() -> dict[str, Path]:
    return {
        ".".join(("planner", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def statements(path: Path) -> Iterator[ast.AST]:
    """Every statement of a file, also those within others; expressions, of which there are many more, are not."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        yield node
        within = (ast.stmt, ast.ExceptHandler, ast.match_case)
        waiting.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, within))


@cache
def imports(path: Path) -> set[str]:
    """The modules of ours that a file imports, also inside functions and for types."""
    found: set[str] = set()
    for node in statements(path):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "planner":
            found |= {node.module} if node.module != "planner" else {f"planner.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "planner"}
    return found


def family(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_every_module_has_its_row() -> None:
    assert {family(module) for module in modules()} - {""} == set(RANK)


@pytest.mark.parametrize("module", sorted(modules()))
def test_arrows_go_down_only(module: str) -> None:
    own = family(module)
    for imported in imports(modules()[module]):
        other = family(imported)
        if other in ("", own):
            continue
        assert RANK[other] <= RANK[own], f"{module} imports {imported}"
        if own in ("probes", "indexes", "reader"):
            assert other in VALUES | {"drivers"}, f"{module} is an edge and imports {imported}"
        if RANK[other] == RANK[own] and RANK[own] in (2, 3):
            allowed = FAMILIES.get(own, set())
            assert other in allowed, f"{module} imports its neighbour {imported}"


def test_no_import_rings() -> None:
    graph = {name: {i for i in imports(path) if i in modules()} for name, path in modules().items()}
    done: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name in done:
            return
        path.append(name)
        for other in sorted(graph[name]):
            visit(other)
        path.pop()
        done.add(name)

    for name in graph:
        visit(name)


@pytest.mark.parametrize(
    ("command", "forbidden"),
    [
        (["--help"], {"httpx", "rich", "packaging", "resolvelib", "tomlkit", "planner.pipeline"}),
        (["--version"], {"httpx", "rich", "packaging", "resolvelib", "tomlkit"}),
        (["cache", "dir"], {"httpx", "rich", "resolvelib", "tomlkit"}),
        (["fingerprint", "--output-format", "json"], {"httpx", "rich", "resolvelib"}),
        (["verify"], {"httpx", "rich", "resolvelib", "tomlkit", "packaging", "dataclasses", "pathlib"}),
        (
            [
                "verify",
                f"{ROOT}/tests/cases/web/plan.toml",
                "--machine",
                f"{ROOT}/tests/cases/web/machine.toml",
            ],
            {"httpx", "rich", "resolvelib", "tomlkit"},
        ),
    ],
)
def test_start_up_imports_only_what_the_command_uses(
    tmp_path: Path, command: list[str], forbidden: set[str]
) -> None:
    code = (
        "import sys\nfrom planner.cli import main\n"
        f"try:\n    main({command!r})\nexcept SystemExit:\n    pass\n"
        "print('\\nMODULES', *sys.modules)"
    )
    # Not in the checkout, where a plan may lie that `verify` would find.
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    loaded = set(ran.stdout.rpartition("MODULES")[2].split())
    assert not loaded & forbidden


def test_every_module_opens_with_a_sentence() -> None:
    for name, path in modules().items():
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert re.match(r"[^\n]+[.:]", docstring), name


@pytest.mark.parametrize(
    "module", sorted(name for name, path in modules().items() if ">>>" in path.read_text(encoding="utf-8"))
)
def test_examples_in_docstrings_are_true(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_the_readme_lists_every_code() -> None:
    told = dict(
        re.findall(
            r"^\| `(WP\d{3})` \| (.+?) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    assert told == dict(CODES)


def test_every_code_is_used() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for name, path in modules().items() if name != "planner.findings"
    ) + "".join(f'"{sign.code}"' for sign in signs())
    assert {code for code in CODES if f'"{code}"' not in source} == set()


def test_no_registry_host_is_named() -> None:
    hosts = (PyPI.netloc, PyPI.file_storage_domain)
    files = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False
    ).stdout.split()
    for name in files:
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace") if (ROOT / name).is_file() else ""
        assert not any(host in text for host in hosts), name
