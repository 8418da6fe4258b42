"""What names and local versions say of CUDA (`+cu126`, `cupy-cuda12x`); reads text and knows no project."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.version import Version

from planner.cuda.values import Kind

__all__ = ["LocalBuild", "cuda_of_name", "local_build", "without_cuda"]

_CUDA = re.compile(r"cu(?:da)?(\d{2,3})(?!\d)")
_OTHER = re.compile(r"(?:^|\.)(cpu|xpu|rocm(\d+(?:\.\d+)*))(?![a-z])")
_TORCH = re.compile(r"torch(\d+)\.?(\d{1,2})(?!\d)|(?<![a-z])pt(\d)\.?(\d{1,2})(?!\d)")
_ABI = re.compile(r"cxx11abi(true|false|0|1)")
_NAME = re.compile(r"(?:^|-)(?:cuda|cu)(\d{2,3})x?(?=-|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalBuild:
    """What a local version tells: `cuda` (`12.6`, or `12`), `torch` (`2.8`) and `abi` where it says them."""

    kind: Kind | None = None
    cuda: str = ""
    variant: str = ""
    torch: str = ""
    abi: bool | None = None


def local_build(version: Version) -> LocalBuild:
    """The local version, read as PyTorch, PyG and the makers of extensions write theirs.

    https://download.pytorch.org/whl, https://data.pyg.org/whl and flash-attention's setup.py.

    >>> local_build(Version("2.8.3+cu12torch2.8cxx11abiTRUE"))
    LocalBuild(kind='cuda', cuda='12', variant='cu12', torch='2.8', abi=True)
    >>> local_build(Version("2.1.2+pt210cu126")).torch, local_build(Version("2.6.0+rocm6.2.4")).kind
    ('2.10', 'rocm')
    """
    text = version.local or ""
    torch, abi = _TORCH.search(text), _ABI.search(text)
    minor = ""
    if torch is not None:
        minor = f"{torch[1]}.{torch[2]}" if torch[1] else f"{torch[3]}.{torch[4]}"
    told = None if abi is None else abi[1] in ("true", "1")
    kind: Kind | None = None
    cuda = variant = ""
    if found := _CUDA.search(text):
        kind, cuda, variant = "cuda", _dotted(found[1]), f"cu{found[1]}"
    elif found := _OTHER.search(text):
        kind, variant = ("rocm" if found[2] else "cpu" if found[1] == "cpu" else "xpu"), found[1]
    return LocalBuild(kind=kind, cuda=cuda, variant=variant, torch=minor, abi=told)


def cuda_of_name(name: str) -> str:
    """The CUDA that a normalised name ends in, or holds as a word; "" when it has none.

    >>> [cuda_of_name(name) for name in ("nvidia-nccl-cu12", "jax-cuda13-plugin", "cupy-cuda112", "cupy")]
    ['12', '13', '11.2', '']
    """
    match = _NAME.search(name)
    return _dotted(match[1]) if match is not None else ""


def without_cuda(name: str) -> str:
    """The name without its CUDA: what `nvidia-nccl-cu12` and `nvidia-nccl-cu13` have in common."""
    return _NAME.sub("", name, count=1).strip("-")


def _dotted(digits: str) -> str:
    """Two digits are a major, three a major and a minor (`118`); before CUDA 10 (`92`) two were both."""
    if len(digits) == 2:
        return digits if digits >= "10" and digits < "60" else f"{digits[0]}.{digits[1]}"
    return f"{digits[:2]}.{digits[2]}"
