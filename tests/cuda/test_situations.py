"""Situations of the field, each as a case file with the source that says what is right: `situations/*.toml`.

Run through the command line on the indexes of `tests.cuda.shop`; no network, and nothing is skipped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName, canonicalize_name

from planner.dists import Row
from planner.indexes.local import folder_page, read_links
from planner.indexes.pages import parse_page
from planner.indexes.shelves import CompactPage
from planner.knowledge.places import Place, places_of
from planner.urls import file_url
from tests.conftest import MACHINE, Ran, Wheelplan
from tests.cuda.shop import Shop, build, rows_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SITUATIONS = Path(__file__).parent / "situations"
CASES: dict[str, dict[str, Any]] = {
    f"{path.stem}: {case['name']}": case
    for path in sorted(SITUATIONS.glob("*.toml"))
    for case in tomllib.loads(path.read_text(encoding="utf-8"))["situation"]
}
_JSON = "application/vnd.pypi.simple.v1+json"
_FACTS = {"driver": "cuda-driver", "api": "cuda-driver-api", "toolkit": "cuda-toolkit"}
_TOOLS = ("program:make=4.3", "program:ninja=1.11.1", "header:Python.h=yes")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return build(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def shop(world: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The world, which notes each question; its places beside lie in folders, and releases answer nothing."""
    world.asked.clear()

    def page(base: Path, project: NormalizedName) -> CompactPage | None:
        world.asked.append(f"{base.relative_to(world.folder)}/{project}")
        if (base, project) not in world.parsed:
            world.parsed[base, project] = _page(base, project)
        return world.parsed[base, project]

    def links(path: Path) -> tuple[Row, ...]:
        world.asked.append(str(path.relative_to(world.folder)))
        return read_links(path)

    def placed(project: str) -> tuple[Place, ...]:
        return tuple(_moved(one, world) for one in places_of(project))

    monkeypatch.setattr("planner.indexes.simple.folder_page", page)
    monkeypatch.setattr("planner.indexes.simple.read_links", links)
    monkeypatch.setattr("planner.routing.places_of", placed)
    monkeypatch.setattr("planner.indexes.catalog.exists", lambda *_: None)
    return world


def _page(base: Path, project: NormalizedName) -> CompactPage | None:
    """What an index of the world has of a project: PyPI's as JSON, the others' as any folder's."""
    pep691 = base / project / "index.json"
    if not base.is_dir() or not pep691.is_file():
        return folder_page(base, project)
    url = f"{file_url(str(base / project))}/"
    return parse_page(pep691.read_bytes(), content_type=_JSON, url=url, project=project)


def _moved(one: Place, world: Shop) -> Place:
    """A place with its address below the world's folder."""
    path = one.url.split("://", 1)[-1].partition("/")[2].split("whl/")[-1].split("simple/")[-1]
    own = f"{world.folder.as_uri()}/{'gone' if one.name in world.gone else 'beside'}/{one.name}/{path}"
    return one if one.kind == "releases" else replace(one, url=own)


def _facts(machine: dict[str, Any]) -> Iterator[str]:
    """A case's machine as words for `--assume`."""
    for name, value in machine.items():
        if name == "gpus":
            yield from (f"gpu:{number}={one}" for number, one in enumerate(value))
        elif name == "gcc":
            yield from (f"program:{program}={value}" for program in ("gcc", "g++", "cc", "c++"))
        elif name == "driver" and value == "unknown":
            continue
        else:
            yield f"{_FACTS.get(name, name)}={value}"
    if "toolkit" in machine:
        yield f"program:nvcc={machine['toolkit']}"
    if "gcc" in machine:
        yield from _TOOLS


def _run(case: dict[str, Any], shop: Shop, wheelplan: Wheelplan, folder: Path) -> Ran:
    machine = case.get("machine", {})
    text = MACHINE.read_text(encoding="utf-8")
    if machine.get("driver") == "unknown":
        for name in ("cuda-driver", "cuda-driver-api"):
            text = text.replace(f"{name} = {{ absent", f"{name} = {{ unknown")
    (folder / "machine.toml").write_text(text, encoding="utf-8")
    places = {"whl": (shop.folder / "whl").as_uri(), "gone": (shop.folder / "gone").as_uri()}
    places["links"] = (shop.folder / "beside" / "releases").as_uri()
    options = list(case.get("options", ()))
    for name, content in case.get("files", {}).items():
        (folder / name).write_text(content.replace("<whl>", places["whl"]), encoding="utf-8")
    for name, address in places.items():
        options = [one.replace(f"<{name}>", address) for one in options]
    if "--torch-index" not in options:
        options += ["--torch-index", shop.template]
    words = ["check", "--machine", "machine.toml", "--cache-dir", str(shop.folder / "cache")]
    words += [f"--assume={one}" for one in _facts(machine)]
    words += ["--default-index", shop.pypi, *options, *case["requirements"]]
    return wheelplan(*words, "--output-format", "json")


@pytest.mark.parametrize("name", CASES)
def test_situation(name: str, shop: Shop, wheelplan: Wheelplan, sealed: Path) -> None:
    case = CASES[name]
    shop.gone = case.get("gone", [])
    ran = _run(case, shop, wheelplan, sealed)
    found = json.loads(ran.out)
    seen = _seen(found, case["expect"], shop, ran)
    if case.get("wrong"):
        assert seen != case["expect"], "it is right now: take out the key `wrong`"
    else:
        assert seen == case["expect"], _told(found, ran)


def _seen(found: dict[str, Any], expect: dict[str, Any], shop: Shop, ran: Ran) -> dict[str, Any]:
    """What a run answers to each of the expectations, in their own form."""
    packages = {one["name"]: one for one in found["packages"]}
    told = [f"{one['code']} {one['severity']} {one['project']}" for one in found["findings"]]
    said = _said(found, ran)
    builds = {name for name, one in packages.items() if one["source-build"]}
    seen: dict[str, Any] = {
        "code": found["exit-code"],
        "verdict": found["verdict"],
        "backend": (found["torch-backend"] or {}).get("variant", ""),
        "verified": (found["torch-backend"] or {}).get("verified"),
        "cuda": (found["cuda"] or {}).get("torch-cuda"),
        "builds": sorted(builds),
        "versions": {name: packages.get(name, {}).get("version", "") for name in expect.get("versions", ())},
        "from": {name: _index(packages, name, shop) for name in expect.get("from", ())},
        "files": {name: packages.get(name, {}).get("file", "") for name in expect.get("files", ())},
        "findings": [one for one in expect.get("findings", ()) if one in told],
        "absent": [one for one in expect.get("absent", ()) if not any(t.startswith(one) for t in told)],
        "pinned-not": [one for one in expect.get("pinned-not", ()) if canonicalize_name(one) not in packages],
        "beside": sorted({one for one in shop.asked if not one.startswith("pypi/")}),
        "says": [one for one in expect.get("says", ()) if one in said],
        "silent": [one for one in expect.get("silent", ()) if one not in said],
    }
    return {key: seen[key] for key in expect}


def _said(found: dict[str, Any], ran: Ran) -> str:
    """What a reader is told: findings, what could be taken instead, the line of reasoning and remarks."""
    texts = [f"{one['summary']} {one['remedy']} {one['facts']}" for one in found["findings"]]
    texts += [json.dumps(one["source-build"]) for one in found["packages"] if one["source-build"]]
    texts += (found["cuda"] or {}).get("reasoning", [])
    return "\n".join([*texts, *map(json.dumps, (found["prerequisites"], found["notes"])), ran.err])


def _index(packages: dict[str, Any], name: str, shop: Shop) -> str:
    return str(packages.get(name, {}).get("index", "")).removeprefix(f"{shop.folder.as_uri()}/")


def _told(found: dict[str, Any], ran: Ran) -> str:
    """What a reader of a failure wants to see."""
    lines = [f"{p['name']} {p['version']} {p['index'][-20:]}" for p in found["packages"]]
    lines += [
        f"{f['code']} {f['severity']} {f['project']}: {f['summary']} -> {f['remedy']}"
        for f in found["findings"]
    ]
    lines += [f"{found['verdict']} {found['exit-code']} {found['torch-backend']}", *found["notes"], ran.err]
    return "\n".join(lines)


# -- the table itself --------------------------------------------------------------------------------------------


def test_every_situation_says_where_it_is_from() -> None:
    for name, case in CASES.items():
        assert case["source"].strip(), name
        assert case["expect"], name
    assert len(CASES) >= 40


def test_the_world_has_what_the_release_matrix_says(world: Shop) -> None:
    for row in rows_of("torch", "release"):
        for variant in row["variants"].split():
            page = (world.folder / "whl" / variant / "torch" / "index.html").read_text(encoding="utf-8")
            assert f"torch-{row['version']}+{variant}-" in page
