"""Who made the target interpreter: the distribution, pyenv, uv, conda; knows names of folders, runs nothing.

It decides where its headers come from: `python3-dev` serves the Python that /usr/bin/python3 is,
`python3.12-dev` another one of the distribution, and pyenv's, uv's and conda's have theirs beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from planner.facts import Fact, Known
from planner.probes.interpreter import Target
from planner.probes.places import base_of, conda_base
from planner.probes.port import Host
from planner.probes.search import join, shown, within

__all__ = ["probe"]

# Where uv and pyenv keep Pythons by default: ~/.local/share/uv/python, ~/.pyenv/versions.
_UV = re.compile(r"[/\\]uv[/\\](?:data[/\\])?python[/\\]", re.IGNORECASE)
_PYENV = re.compile(r"[/\\]\.?pyenv[/\\](?:pyenv-win[/\\])?versions[/\\]", re.IGNORECASE)
_SYSTEM = ("/usr/bin", "/bin", "/usr/libexec")


def probe(host: Host, target: Target) -> Iterator[tuple[str, Fact]]:
    """`python-origin`: `system`, `packaged`, `pyenv`, `uv`, `conda` or `other`."""
    conda = conda_base(host, target)
    if conda:
        yield "python-origin", Known("conda", shown(host, conda))
        return
    real = host.realpath(target.executable)
    base = base_of(host, target)
    # A virtual environment may hold a copy of the program, so the folder of its installation counts too.
    for name, pattern, variable in (("uv", _UV, "UV_PYTHON_INSTALL_DIR"), ("pyenv", _PYENV, "PYENV_ROOT")):
        own = host.environ.get(variable, "")
        for path in (real, join(host, base, "")):
            if pattern.search(path) or within(host, path, own):
                yield "python-origin", Known(name, shown(host, base))
                return
    if host.system.os == "linux" and base == "/usr":
        default = host.realpath("/usr/bin/python3")
        in_system = any(within(host, real, folder) for folder in _SYSTEM)
        same = real == default or (not in_system and _short(default) in ("", _version(target)))
        how = f"/usr/bin/python3 is {default}" if default != "/usr/bin/python3" else "/usr/bin/python3"
        yield "python-origin", Known("system" if same else "packaged", how)
        return
    yield "python-origin", Known("other", shown(host, base or real))


def _short(path: str) -> str:
    match = re.search(r"python(\d+\.\d+)\Z", path)
    return match[1] if match else ""


def _version(target: Target) -> str:
    return ".".join(target.version.split(".")[:2])
