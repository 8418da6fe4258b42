"""A Dockerfile that builds a plan's wheels in one image and installs them in a slim one; runs nothing.

The plan, its inputs and the list of each phase are a stage of their own, which the others mount. Indexes that
want a password have it from a netrc file: `docker build --secret id=netrc,src=$HOME/.netrc …`.
https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator

from planner.errors import PlanError
from planner.exporters.env import SETTING
from planner.exporters.images import UV, Images, images_for
from planner.exporters.installers import file_lines, index_words
from planner.exporters.lines import local, tree_words
from planner.exporters.packages import IMAGE_HAS, named, packages_for, unnamed
from planner.exporters.port import Asked
from planner.exporters.words import Spelled, command, comment, word
from planner.plan.opened import PlanFile
from planner.plan.phases import Phase, phases_of
from planner.plan.recipe import Source, command_of

__all__ = ["HERE", "export"]

HERE = False
_PYTHON = "/opt/venv/bin/python"
_CUDA = "dep:virtual/compiler/cuda"
_HOME = "/root"  # of the user that images build as
_CACHE = f"--mount=type=cache,target={_HOME}/.cache"
_PLAN = "--mount=type=bind,from=plan,target=/plan"
_UV = "--mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv"
_NETRC = f"--mount=type=secret,id=netrc,target={_HOME}/.netrc"
_WHEELS = "--mount=type=bind,from=builder,source=/wheels,target=/wheels"
_ENV = "ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH"

# What the built wheels are linked against, as packages: the runtime image is of the same release.
_LINKED = (
    "uv pip install --quiet --no-deps --no-index --target /tmp/built /wheels/*.whl",
    "{ find /tmp/built -name '*.so*' -exec ldd {} + 2>/dev/null > /tmp/linked || true; }",
    "awk '$2 == \"=>\" && $3 ~ /^[/]/ { print $3 }' /tmp/linked | sort -u > /tmp/files",
    (
        'while read -r file; do dpkg-query -S "$file" "$(realpath "$file")" 2>/dev/null || true; done'
        " < /tmp/files > /tmp/owners"
    ),
    "sed 's/:.*//' /tmp/owners | sort -u > /wheels/packages.txt",
    "rm -rf /tmp/built /tmp/linked /tmp/files /tmp/owners",
)


def export(plan: PlanFile, asked: Asked) -> str:
    """The Dockerfile; its folder is the context. PlanError for a plan that no image of Linux is for."""
    images = images_for(plan)
    phases = phases_of(plan)
    lines = [*_head(plan, asked, images), *_plan_stage(plan, asked, phases)]
    if plan.builds:
        lines += _builder(plan, asked, images, phases)
    lines += _runtime(plan, asked, images, phases)
    return "\n".join(lines) + "\n"


def _head(plan: PlanFile, asked: Asked, images: Images) -> Iterator[str]:
    yield "# syntax=docker/dockerfile:1"
    yield f"# From {comment(asked.plan)}, by `wheelplan export --format dockerfile`."
    yield "# Its folder is the context."
    yield "# Tags move: pin the images by digest (`docker buildx imagetools inspect IMAGE:TAG` tells it)."
    if plan.machine.get("arch"):
        arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(str(plan.machine["arch"]), plan.machine["arch"])
        yield f"# Build it with `docker build --platform {comment(f'linux/{arch}')} .`"
    for note in images.notes:
        yield f"# {comment(note)}"
    if images.release or plan.builds:
        for one in unnamed(plan, images.manager, IMAGE_HAS | {_CUDA}):
            yield f"# {comment(one.name)}: no package is known that supplies it here; the gate asks for it."
    yield f'ARG WHEELPLAN="wheelplan=={comment(asked.version)}"'
    yield ""
    yield f"FROM {UV} AS uv"


def _plan_stage(plan: PlanFile, asked: Asked, phases: Iterable[Phase]) -> Iterator[str]:
    yield ""
    yield "FROM scratch AS plan"
    paths = [asked.plan]
    for one in plan.inputs:
        if one.role != "stdin":
            path = posixpath.normpath(posixpath.join(asked.folder, one.path))
            paths.append(path)
    for package in plan.packages:
        places = [*(file.path for file in package.files if file.path), package.directory]
        paths += [posixpath.normpath(posixpath.join(asked.folder, place)) for place in places if place]
    for path in dict.fromkeys(paths):
        yield _copy(path)
    for phase in phases:
        if lines := file_lines(phase, asked.folder):
            yield from _file(f"/.recipe/{phase.name}.txt", lines)
        if phase.constraints:
            yield from _file(f"/.recipe/{phase.name}.constraints", sorted(phase.constraints))


def _copy(path: str) -> str:
    """A file or folder of the context; neither a pattern nor a variable is meant."""
    if path.startswith(("../", "/")) or path == ".." or not path.isprintable() or "\\" in path:
        raise PlanError(
            f"{comment(path)[:80]} cannot be copied into an image: it is not below the Dockerfile's folder.",
            hint="Write the Dockerfile with -o into a folder above it.",
        )
    escaped = "".join(f"[{c}]" if c in "*?[" else c for c in path).replace("$", "\\$")
    return f"COPY {json.dumps([escaped, '/' + path.replace('$', chr(92) + '$')], ensure_ascii=False)}"


def _file(path: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if not all(map(str.isprintable, found)):
        raise PlanError("The plan holds a line break where none can be.")
    end = "END"
    while end in found:
        end += "_"
    yield f"COPY <<'{end}' {path}"
    yield from found
    yield end


def _run(mounts: Iterable[str], *commands: str) -> str:
    """A RUN whose commands all must succeed. A line break in one would be an instruction."""
    if not all(map(str.isprintable, commands)):
        raise PlanError("The plan holds a line break where none can be.")
    start = " ".join(("RUN", *mounts))
    between = " \\\n    && "
    return f"{start} \\\n    {between.join(commands)}" if mounts else f"{start} {between.join(commands)}"


def _install(manager: str, names: Iterable[str], *, listed: str = "") -> tuple[str, ...]:
    """Commands that install packages and leave no lists; `listed` is a file with more names."""
    told = command(map(named, names))
    if manager == "apk":
        return (f"apk add --no-cache {told}",)
    start = f"xargs -r -a {listed} " if listed else ""
    install = f"{start}apt-get install -y --no-install-recommends {told}".rstrip()
    return ("apt-get update", install, "rm -rf /var/lib/apt/lists/*")


def _shell(images: Images) -> Iterator[str]:
    if images.release:
        yield 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]'


def _builder(plan: PlanFile, asked: Asked, images: Images, phases: Iterable[Phase]) -> Iterator[str]:
    yield ""
    yield f"FROM {images.builder} AS builder"
    yield from _shell(images)
    yield "COPY --from=uv /uv /uvx /usr/local/bin/"
    yield _ENV
    yield "ENV UV_TOOL_DIR=/opt/tools UV_TOOL_BIN_DIR=/usr/local/bin"
    has = IMAGE_HAS | ({_CUDA} if images.cuda else set())
    names = {*packages_for(plan, images.manager, without=has, release=images.release)}
    if any(one.vcs for one in plan.packages):
        names |= {"ca-certificates", "git"}
    if names:
        yield _run((), *_install(images.manager, sorted(names)))
    if images.cuda:
        yield "# A Python with its headers (python-build-standalone); what is built fits the runtime's."
        yield "ENV UV_PYTHON_INSTALL_DIR=/opt/python"
        yield _run((_CACHE,), f"UV_PYTHON_DOWNLOADS=automatic uv python install {images.python}")
    yield _run((_CACHE, _NETRC), f"uv venv --seed --python {images.python} /opt/venv")
    yield "ARG WHEELPLAN"
    yield _run((_CACHE, _NETRC), 'uv tool install "$WHEELPLAN"')
    yield "WORKDIR /plan"
    yield "# The gate: does this image meet what the builds need?"
    yield _run((_PLAN,), f"wheelplan verify {_plan(asked)} --role build")
    alone = any(phase.kind == "build" for phase in phases)
    for phase in phases:
        if phase.builds or alone:
            yield from _phase(plan, phase, asked)
    if images.release and not images.cuda:
        yield "# What the wheels are linked against must be in the runtime image, too."
        yield _run((_CACHE,), *_LINKED)
    else:
        yield _run((), "touch /wheels/packages.txt")


def _plan(asked: Asked) -> str:
    return word(f"./{asked.plan}" if asked.plan.startswith("-") else asked.plan)


def _phase(plan: PlanFile, phase: Phase, asked: Asked) -> Iterator[str]:
    """A phase in the builder: installed where later builds are built against it, built to a wheel else."""
    mounts = (_CACHE, _PLAN, _NETRC)
    if not phase.builds:
        yield _run(mounts, _installed(plan, phase, asked))
        return
    yield f"# {', '.join(one.name for one in phase.packages)}"
    settings = (
        f"settings=$(wheelplan export {_plan(asked)} --format env --for {word(phase.packages[0].name)})"
    )
    words = [_PYTHON, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", "/wheels"]
    words += ["--no-input", "--disable-pip-version-check"]
    if not phase.isolated:
        words += ["--no-build-isolation", "--no-cache-dir"]
    if phase.constraints:
        words += ["--build-constraint", f"/plan/.recipe/{phase.name}.constraints"]
    if phase.settings:
        words += ["-C", Spelled(f'"${SETTING}"')]
    words += index_words(plan, asked.folder, "pip")
    commands = []
    if file_lines(phase, asked.folder):
        commands.append(command((*words, "--require-hashes", "-r", f"/plan/.recipe/{phase.name}.txt")))
    trees = (tree_words(one, asked.folder) for one in phase.packages if local(one))
    commands += [command((*words, tree[-1])) for tree in trees]  # a wheel is never editable
    yield _run(mounts, settings, 'eval "$settings"', *commands)
    if not phase.isolated:
        yield _run((_CACHE,), "uv pip install --no-deps --no-index /wheels/*.whl")


def _installed(plan: PlanFile, phase: Phase, asked: Asked) -> str:
    lock = f"/plan/.recipe/{phase.name}.txt" if phase.packages else ""
    words = command_of(phase, Source(lock=lock), program="uv", start=("uv",), python=_PYTHON)
    hashes = ("--require-hashes",) if lock else ()
    return command((*words, *index_words(plan, asked.folder, "uv"), *hashes))


def _runtime(plan: PlanFile, asked: Asked, images: Images, phases: Iterable[Phase]) -> Iterator[str]:
    yield ""
    yield f"FROM {images.runtime} AS runtime"
    yield from _shell(images)
    yield _ENV
    names = {*packages_for(plan, images.manager, role="run", release=images.release)}
    if images.cuda:
        names |= _linked(plan, images.manager)
    if plan.builds and images.release:
        install = _install(images.manager, sorted(names), listed="/wheels/packages.txt")
        yield _run((_WHEELS,), *install)
    elif names:
        yield _run((), *_install(images.manager, sorted(names)))
    yield "ARG WHEELPLAN"
    yield "WORKDIR /plan"
    yield "# The gate of what runs here."
    gate = f'uv tool run --from "$WHEELPLAN" wheelplan verify {_plan(asked)} --role run'
    driver = plan.machine.get("cuda-driver")
    if driver and any(one.need == "cuda-driver" for one in plan.run_needs):
        yield "# No build of an image sees the host's driver: verify again where the container runs."
        gpus = [f"{name}={value}" for name, value in plan.machine.items() if name.startswith("gpu:")]
        facts = (f"cuda-driver={driver}", *(gpus or ("gpu:0=",)))  # an empty one: none is there
        gate += "".join(f" --assume {word(one)}" for one in facts)
    yield _run((_UV, _CACHE, _PLAN, _NETRC), f"uv venv --python {images.python} /opt/venv", gate)
    for phase in phases:
        if phase.kind in ("first", "wheels"):
            yield _run((_UV, _CACHE, _PLAN, _NETRC), _installed(plan, phase, asked))
    if plan.builds:
        mounts = (_UV, _CACHE, _WHEELS)
        yield _run(mounts, f"uv pip install --python {_PYTHON} --no-deps --no-index /wheels/*.whl")
    yield "WORKDIR /app"
    yield "USER 10001:10001"
    yield 'CMD ["python"]'


def _linked(plan: PlanFile, manager: str) -> set[str]:
    """What is known to be needed when that runs which was built against a library."""
    from planner.knowledge.things import thing_of  # noqa: PLC0415 (20 ms)

    found: set[str] = set()
    for one in plan.prerequisites:
        thing = thing_of(one.need) if one.role != "run" else None
        found.update(thing.runtime.get(manager, ()) if thing else ())
    return found
