"""What CUDA a torch of each minor is built for, and what a CUDA toolkit asks; tables, and asks no index.

`cuda/*.toml` say where each row comes from. What a resolved set really needs is
derived from the pins' metadata where they tell it; these rows serve where they do not, or before a choice.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "Toolkit", "TorchRelease", "Variant", "WheelCuda", "driver_floor", "read_toolkits", "read_torch",
    "read_wheels", "toolkit", "torch_release", "torch_releases", "variant_of", "wheel_cuda", "wheels_of",
]  # fmt: skip

_VARIANT = re.compile(r"(?:(cpu|xpu)|(cu)(\d{2})(\d)|(rocm)(\d+(?:\.\d+){1,2}))\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of PyTorch's builds, as its index and its local versions name it: `cu126` is CUDA 12.6."""

    name: str
    family: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchRelease:
    """What PyTorch publishes of one minor version.

    `variants` are those of its own index, for Linux on x86_64, oldest first within a family; `default` is
    the one of the files that PyPI has for Linux on x86_64 (`default_inferred`: no metadata said so), and
    `default_aarch64` for Linux on aarch64; for Windows and macOS these are never for CUDA.
    `pythons` are those of its Linux wheels, `3.13t` free-threaded. `torchvision` and `torchaudio` are the
    minors made for it, "" where none is known; `pairs_inferred`: no metadata said so. `glibc` is what its
    Linux wheels need; `cxx` the standard that its headers ask of an extension, `gcc_from` the GCC for it.
    """

    minor: str
    variants: tuple[str, ...]
    default: str
    default_aarch64: str = ""
    default_inferred: bool = False
    variants_inferred: bool = False
    pythons: tuple[str, ...]
    torchvision: str
    torchaudio: str
    pairs_inferred: bool = False
    cxx11_abi: bool
    abi_differs: tuple[str, ...] = ()
    glibc: str
    cxx: int
    gcc_from: str = ""
    note: str = ""
    source: str
    checked: str

    def on_pypi(self, system: str, arch: str) -> str | None:
        """The variant that PyPI has for `linux`, `windows` or `darwin` on that machine; None if unknown.

        >>> release = torch_release("2.9.1")
        >>> release.on_pypi("linux", "x86_64"), release.on_pypi("linux", "aarch64")
        ('cu128', 'cpu')
        """
        if system in ("windows", "darwin"):
            return "cpu"
        known = {"x86_64": self.default, "aarch64": self.default_aarch64}
        return known.get(arch) or None if system == "linux" else None

    def abi(self, variant: str) -> bool | None:
        """Whether the Linux x86_64 build of that variant has the C++11 ABI; None where that is not known.

        >>> release = torch_release("2.6.0")
        >>> release.abi("cu124"), release.abi("cu126"), release.abi("cu132")
        (False, True, None)
        """
        if variant not in self.variants:
            return None
        return self.cxx11_abi != (variant in self.abi_differs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """A CUDA toolkit by its major and minor: the drivers that run what it builds, and its compilers.

    `gcc_below` is the first GCC major that its nvcc refuses, None where no source said. `removed` are the
    architectures that its nvcc no longer knows. `driver_linux` counts minor-version compatibility in.
    """

    version: str
    driver_linux: str
    driver_windows: str
    gcc_below: int | None = None
    removed: tuple[str, ...] = ()
    note: str = ""
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelCuda:
    """For which CUDA a project's wheels on PyPI are, where no requirement and no local version tells it."""

    project: NormalizedName
    versions: SpecifierSet
    cuda: str
    inferred: bool = False
    source: str
    checked: str


def variant_of(name: str) -> Variant | None:
    """A variant by its name; None for what is no variant.

    >>> variant_of("cu126").version, variant_of("rocm6.2.4").family, variant_of("cu12")
    ('12.6', 'rocm', None)
    """
    match = _VARIANT.match(name)
    if match is None:
        return None
    if match[2]:
        return Variant(name=name, family="cuda", version=f"{match[3]}.{match[4]}")
    return Variant(name=name, family=match[1] or match[5], version=match[6] or "")


@lru_cache(maxsize=1)
def torch_releases() -> tuple[TorchRelease, ...]:
    """All rows of torch, oldest first. A bad row is a ValueError: a mistake of ours."""
    return read_torch(_document("torch"))


def torch_release(version: str) -> TorchRelease | None:
    """The row of a version's minor (`2.6.0+cu126`, `2.6`), else None.

    >>> torch_release("2.13.0+cu126").default, torch_release("1.9")
    ('cu130', None)
    """
    minor = _minor(version)
    return next((release for release in torch_releases() if release.minor == minor), None)


def toolkit(version: str) -> Toolkit | None:
    """The toolkit of that major and minor; of a minor without a row, the newest older one of its major.

    A row of another minor holds for the driver's floor; its `gcc_below` may be too low by one major.

    >>> toolkit("12.6.85").gcc_below, toolkit("14.0")
    (14, None)
    """
    wanted = _numbers(version)
    rows = [row for row in _toolkits().values() if _numbers(row.version)[:1] == wanted[:1]]
    below = [row for row in rows if _numbers(row.version) <= wanted]
    return below[-1] if below else (rows[0] if rows else None)


def driver_floor(cuda: str, system: str) -> str | None:
    """The oldest driver on `linux` or `windows` that runs what was built for that CUDA; None if unknown.

    Of minors that have no row the floor of the major is told: within a major newer toolkits run on its
    first drivers (https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html).

    >>> driver_floor("12.6", "linux"), driver_floor("13.1", "linux"), driver_floor("12.6", "darwin")
    ('525.60.13', '580', None)
    """
    row = toolkit(cuda)
    if row is None or system not in ("linux", "windows"):
        return None
    return row.driver_linux if system == "linux" else row.driver_windows


def wheel_cuda(project: str, version: Version) -> WheelCuda | None:
    """For which CUDA that version's wheel on PyPI is, where only a table says it; else None.

    >>> wheel_cuda("vllm", Version("0.12.0")).cuda, wheel_cuda("torch", Version("2.9.1"))
    ('12.9', None)
    """
    name = canonicalize_name(project)
    found = [
        row for row in _wheels() if row.project == name and row.versions.contains(version, prereleases=True)
    ]
    return found[-1] if found and not version.local else None


def wheels_of(project: str) -> tuple[WheelCuda, ...]:
    """All rows on a project's wheels, oldest first."""
    name = canonicalize_name(project)
    return tuple(row for row in _wheels() if row.project == name)


def read_torch(document: Mapping[str, Any]) -> tuple[TorchRelease, ...]:
    """The rows of torch from their document. Raises ValueError, which names the row."""
    rows = tuple(_rows(TorchRelease, "minor", "torch", document))
    for row in rows:
        wrong = [name for name in row.variants if variant_of(name) is None]
        if wrong or not {row.default, *row.abi_differs} <= set(row.variants):
            raise ValueError(f"cuda/torch.toml: [{row.minor}] variants {wrong or row.default} are not known")
    return _ascending("torch", rows, [_numbers(row.minor) for row in rows])


def read_toolkits(document: Mapping[str, Any]) -> tuple[Toolkit, ...]:
    """The rows of toolkits from their document. Raises ValueError, which names the row."""
    rows = tuple(_rows(Toolkit, "version", "toolkits", document))
    return _ascending("toolkits", rows, [_numbers(row.version) for row in rows])


def read_wheels(document: Mapping[str, Any]) -> tuple[WheelCuda, ...]:
    """The rows of wheels from their document. Raises ValueError, which names the row."""
    rest = dict(document)
    checked, found = str(rest.pop("checked")), []
    for row in rest.pop("wheel", ()):
        fields = {"checked": checked, **row}
        try:
            fields["project"] = canonicalize_name(fields["project"])
            fields["versions"] = SpecifierSet(fields["versions"])
            fields["checked"] = str(fields["checked"])
            found.append(WheelCuda(**fields))
        except (KeyError, TypeError, InvalidSpecifier) as error:
            raise ValueError(f"cuda/wheels.toml: [{row.get('project')}] {error}") from None
    if rest:
        raise ValueError(f"cuda/wheels.toml: unknown keys {sorted(rest)}")
    return tuple(found)


@lru_cache(maxsize=1)
def _wheels() -> tuple[WheelCuda, ...]:
    return read_wheels(_document("wheels"))


@lru_cache(maxsize=1)
def _toolkits() -> Mapping[str, Toolkit]:
    return MappingProxyType({row.version: row for row in read_toolkits(_document("toolkits"))})


def _document(name: str) -> Mapping[str, Any]:
    path = files("planner.knowledge").joinpath(f"cuda/{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _rows(kind: Any, key: str, file: str, document: Mapping[str, Any]) -> list[Any]:
    rest = dict(document)
    checked, found = str(rest.pop("checked")), []
    for name, row in rest.items():
        fields = {k.replace("-", "_"): tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        fields["checked"] = str(fields.get("checked", checked))
        try:
            found.append(kind(**{key: name, **fields}))
        except TypeError as error:
            raise ValueError(f"cuda/{file}.toml: [{name}] {error}") from None
        if not found[-1].source:
            raise ValueError(f"cuda/{file}.toml: [{name}] has no source")
    return found


def _ascending(file: str, rows: tuple[Any, ...], keys: list[tuple[int, ...]]) -> tuple[Any, ...]:
    if keys != sorted(set(keys)):
        raise ValueError(f"cuda/{file}.toml: the rows do not ascend")
    return rows


def _numbers(version: str) -> tuple[int, ...]:
    """Major and minor as numbers; () of what is no version."""
    match = re.match(r"(\d{1,4})(?:\.(\d{1,4}))?", version)
    return tuple(int(part) for part in match.groups() if part) if match else ()


def _minor(version: str) -> str:
    return ".".join(str(number) for number in _numbers(version))
