"""Where wheels lie that the main index does not have, and for which projects; tables, and asks no network.

One file a source, `places/NAME.toml`:

    checked = 2026-11-24
    source = "…"
    kind = "index"                        # index | links (a page of links) | releases (one file an address)
    url = "https://…/{variant}"           # fields: see `FIELDS`
    projects = ["torch", "torchvision"]   # it is asked for these alone, and never for another
    variants = ["cpu", "cu126"]           # what {variant} may be
    glibc = "2.32"                        # that its files need and their tag does not tell
    short-tags = true                     # {tag} is the version without a third number that is 0

    [[built]]                             # what each release's workflow builds, not what was seen to exist
    projects = ["torch"]                  # of the place's; all of them where there is no such list
    versions = "==2.8.3"
    variants = ["cu126"]
    cuda = ["12"]
    torch = ["2.4", "2.5"]
    pythons = ["3.9", "3.10"]
    abis = [true, false]
    archs = ["x86_64"]
    glibc = "2.32"                        # where it is another than the place's

    [[only]]                              # it has these versions alone, of these projects …
    projects = ["torch-scatter"]
    variants = ["xpu"]                    # … in these variants
    torch = ">=2"                         # … for these versions of torch
    versions = ">=2.1.1"
    source = "…"
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from string import Formatter
from typing import Any, Literal, TypeAlias, get_args

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["FIELDS", "Built", "Kind", "Only", "Place", "place", "places", "places_of", "read_place"]

Kind: TypeAlias = Literal["index", "links", "releases"]

FIELDS: tuple[str, ...] = ("variant", "torch", "version", "tag", "cuda", "python", "abi", "arch")
"""What an address may ask: `cu126`, `2.8` (or `2.8.0`), its own version, the tag made of it, `12`, `cp312`,
`TRUE`, `x86_64`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What the workflow of these versions builds: every combination of the lists; an empty list: not told.

    `cuda` and `torch` are in the words of the address (`12` or `118`; `2.4` or `2.4.0`). `inferred`: the
    workflow of another version was read.
    """

    projects: tuple[NormalizedName, ...] = ()
    versions: SpecifierSet = field(default_factory=SpecifierSet)
    variants: tuple[str, ...] = ()
    cuda: tuple[str, ...] = ()
    torch: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    abis: tuple[bool, ...] = ()
    archs: tuple[str, ...] = ()
    glibc: str = ""
    inferred: bool = False
    source: str
    checked: str

    def has(
        self,
        *,
        version: Version,
        project: str = "",
        variant: str = "",
        cuda: str = "",
        torch: str = "",
        python: str = "",
        abi: bool | None = None,
        arch: str = "",
    ) -> bool:
        """Whether that combination is one of them; what is empty is not asked, nor is what no list tells."""
        asked: tuple[tuple[object, tuple[object, ...]], ...] = (
            (project, self.projects),
            (variant, self.variants),
            (cuda, self.cuda),
            (torch, self.torch),
            (python, self.pythons),
            (abi, self.abis),
            (arch, self.archs),
        )
        return self.versions.contains(version, prereleases=True) and all(
            value in ("", None) or not told or value in told for value, told in asked
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Which versions a place can have at all; it speaks of everything that its empty fields do not narrow."""

    versions: SpecifierSet
    projects: tuple[NormalizedName, ...] = ()
    variants: tuple[str, ...] = ()
    torch: SpecifierSet | None = None
    source: str

    def excludes(self, project: str, version: Version, variant: str, torch: Version | None) -> bool:
        """Whether it says that there is no such wheel; where torch matters and none is known, it does not."""
        asked = (not self.projects or project in self.projects) and (
            not self.variants or variant in self.variants
        )
        if self.torch is not None:
            asked = asked and torch is not None and self.torch.contains(torch, prereleases=True)
        return asked and not self.versions.contains(version, prereleases=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A source of wheels for its `projects` alone; `glibc`: what files need that their tag hides, else ""."""

    name: str
    kind: Kind
    url: str
    projects: tuple[NormalizedName, ...]
    variants: tuple[str, ...] = ()
    matrix: tuple[Built, ...] = ()
    bounds: tuple[Only, ...] = ()
    glibc: str = ""
    short_tags: bool = False
    note: str = ""
    source: str
    checked: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of its address, in their order, each once."""
        return tuple(dict.fromkeys(name for _, name, _, _ in Formatter().parse(self.url) if name))

    def address(self, **values: str) -> str:
        """Its address with the fields filled; what it does not ask is ignored. KeyError where one is lacking.

        >>> place("pytorch").address(variant="cu126", torch="2.13.0")
        'https://download.pytorch.org/whl/cu126'
        """
        tag = values.get("version", "")
        if self.short_tags and tag.count(".") == 2:
            tag = tag.removesuffix(".0")
        return self.url.format_map({"tag": tag, **values})

    def built(self, project: str, version: Version) -> tuple[Built, ...]:
        """The rows of that version of one of its projects; none where nothing is told of it."""
        name = canonicalize_name(project)
        return tuple(row for row in self.matrix if row.has(version=version, project=name))

    def may_have(
        self, project: str, version: Version, *, variant: str = "", torch: Version | None = None
    ) -> bool:
        """Whether nothing that is known of it excludes a wheel of that version.

        >>> place("vllm").may_have("vllm", Version("0.1.2"))
        False
        """
        name = canonicalize_name(project)
        return not any(one.excludes(name, version, variant, torch) for one in self.bounds)

    def glibc_of(self, project: str, version: Version) -> str:
        """The glibc that files of that version need beyond what their tag says; "" where none is known."""
        floors = {row.glibc for row in self.built(project, version) if row.glibc}
        return max(floors, key=Version) if floors else self.glibc


@lru_cache(maxsize=1)
def places() -> tuple[Place, ...]:
    """All of them, by name. A bad file is a ValueError: a mistake of ours."""
    folder = files("planner.knowledge").joinpath("places")
    names = sorted(path.name for path in folder.iterdir() if path.name.endswith(".toml"))
    return tuple(
        read_place(
            name.removesuffix(".toml"), tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8"))
        )
        for name in names
    )


def place(name: str) -> Place | None:
    """The place of that name, else None."""
    return next((one for one in places() if one.name == name), None)


def places_of(project: str) -> tuple[Place, ...]:
    """The places that have wheels of the project.

    >>> [one.name for one in places_of("torch")]
    ['pytorch']
    """
    wanted = canonicalize_name(project)
    return tuple(one for one in places() if wanted in one.projects)


def read_place(name: str, document: Mapping[str, Any]) -> Place:
    """A place from its file. Raises ValueError, which names the file and what is wrong."""
    rest = dict(document)
    try:
        source, checked = str(rest.pop("source")), str(rest.pop("checked"))
        matrix = tuple(_built(row, source, checked) for row in rest.pop("built", ()))
        bounds = tuple(_only(row) for row in rest.pop("only", ()))
        rest["projects"] = tuple(canonicalize_name(one) for one in rest["projects"])
        rest["variants"] = tuple(rest.get("variants", ()))
        rest["short_tags"] = bool(rest.pop("short-tags", False))
        found = Place(name=name, matrix=matrix, bounds=bounds, source=source, checked=checked, **rest)
        asked = set(found.fields)
    except (KeyError, TypeError, ValueError, InvalidSpecifier) as error:
        raise ValueError(f"places/{name}.toml: {error}") from None
    if found.kind not in get_args(Kind) or not source or not found.projects:
        raise ValueError(f"places/{name}.toml: no such kind, no source or no project")
    if not asked <= set(FIELDS) or ("variant" in asked) != bool(found.variants):
        raise ValueError(f"places/{name}.toml: fields {sorted(asked)}, variants {found.variants}")
    rows: tuple[Built | Only, ...] = (*matrix, *bounds)
    for row in rows:
        if not (set(row.projects) <= set(found.projects) and set(row.variants) <= set(found.variants)):
            raise ValueError(f"places/{name}.toml: [{row.versions}] is of no project or variant of the place")
    return found


def _built(row: Mapping[str, Any], source: str, checked: str) -> Built:
    lists: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    lists["projects"] = tuple(canonicalize_name(one) for one in lists.get("projects", ()))
    lists["versions"] = SpecifierSet(lists.get("versions", ""))
    lists["checked"] = str(lists.get("checked", checked))
    return Built(**{"source": source, **lists})


def _only(row: Mapping[str, Any]) -> Only:
    """KeyError where it does not tell versions or a source; TypeError for a key that is none."""
    torch = SpecifierSet(row["torch"]) if "torch" in row else None
    told = {key: value for key, value in row.items() if key not in ("projects", "variants")}
    told |= {"versions": SpecifierSet(row["versions"]), "torch": torch, "source": str(row["source"])}
    return Only(
        projects=tuple(canonicalize_name(one) for one in row.get("projects", ())),
        variants=tuple(row.get("variants", ())),
        **told,
    )
