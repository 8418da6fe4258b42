"""What an explanation is asked of: the words of the command line, an earlier plan's inputs and machine.

Knows requests and plans as values; must not open a file.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name

from planner.config.steering import STEERING
from planner.dists import parse_requirement
from planner.errors import InputError, PlanError, UsageError
from planner.facts import Known, Machine
from planner.plan.layout import FINGERPRINT
from planner.plan.reading import Previous, read_previous
from planner.plan.values import PlanInput
from planner.request import DEFAULT_PLAN, MachineRequest, Request
from planner.tomltext import load_toml

__all__ = ["asked_of", "machine_words", "named", "of_plan", "parted"]

_INPUT = (".txt", ".in", ".toml", ".py", ".lock")
_PYTHON = frozenset({"python", "implementation", "abi", "torch", "torch-cuda"})
_SYSTEM = frozenset({"os", "arch", "distro", "distro-version", "glibc", "musl", "macos", "windows"})
_ALWAYS = frozenset({"os", "arch", "python", "implementation", "abi"})
_SIZES = ("memory-available", "cores")


def asked_of(
    request: Request,
    plan: str,
    *,
    read: Callable[[str], bytes],
    exists: Callable[[str], bool],
    here: Callable[[], Machine],
    warn: Callable[[str], None],
) -> tuple[NormalizedName | None, Request]:
    """(PROJECT or None, what to resolve): the inputs named, else those of a plan, else the project alone.

    `plan` is the plan that was named, or "". With inputs, no version of an earlier plan is kept unless it was
    named. `here` tells what is known of the machine; `warn` is told what the plan makes different from that.
    Raises UsageError, PlanError.
    """
    cwd = request.world.cwd
    project, words = parted(request.words, lambda word: exists(str(Path(cwd, word))))
    if words or request.requirements or request.editables or request.groups:
        told = named(project, alone=False) if project else None
        return told, replace(request, words=words, output=plan or "-")
    path = plan or DEFAULT_PLAN
    if not plan and not exists(str(Path(cwd, path))):
        name = named(project, alone=True) if project else None
        return name, replace(request, words=(project,) if project else (), output="-")
    data = _read(path, cwd, read)
    previous = read_previous(data, path)
    request = of_plan(replace(request, words=()), previous, path)
    for one in previous.inputs:
        _compare(one, path, cwd, read, warn)
    words_of_machine = tuple(machine_words(_machine_table(data), here(), request.machine))
    if words_of_machine:
        said = ", ".join(words_of_machine)
        warn(f"{path} was made for another machine than this one, and so is this: {said}.")
    machine = replace(request.machine, assume=(*words_of_machine, *request.machine.assume))
    return named(project, alone=False) if project else None, replace(request, machine=machine)


def _read(path: str, cwd: str, read: Callable[[str], bytes]) -> bytes:
    try:
        return read(str(Path(cwd, path)))
    except (OSError, InputError) as error:
        why = error.what if isinstance(error, InputError) else f"{error.strerror or error}."
        raise PlanError(
            f"The plan cannot be read: {why}", where=path, hint="Make one with `wheelplan check`."
        ) from None


def _compare(
    one: PlanInput, plan: str, cwd: str, read: Callable[[str], bytes], warn: Callable[[str], None]
) -> None:
    """Say that a file is not as it was when the plan was made."""
    path = _from_here(one.path, plan)
    if "://" in path or one.role == "stdin" or not one.sha256:
        return
    try:
        data = read(str(Path(cwd, path)))
    except (OSError, InputError):
        return  # told where the inputs are read
    if hashlib.sha256(data).hexdigest() != one.sha256:
        warn(f"{path} was changed after {plan} was made: what it says now is what counts.")


def _machine_table(data: bytes) -> Mapping[str, Any]:
    table: Any = load_toml(data)
    for key in ("tool", "wheelplan", "machine"):
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}


def parted(words: tuple[str, ...], exists: Callable[[str], bool]) -> tuple[str, tuple[str, ...]]:
    """(PROJECT or "", the INPUTs): the first word is the project, where it is no file of inputs.

    >>> parted(("numpy", "requirements.txt"), lambda _: True)
    ('numpy', ('requirements.txt',))
    >>> parted(("requirements.txt",), lambda _: True)
    ('', ('requirements.txt',))
    """
    if not words:
        return "", ()
    first = words[0]
    is_input = first == "-" or "/" in first or os.sep in first or first.endswith(_INPUT)
    if is_input and (first == "-" or exists(first) or parse_requirement(first) is None):
        return "", words
    return first, words[1:]


def named(word: str, *, alone: bool) -> NormalizedName:
    """The project that a word names; only alone may it say a version too. Raises UsageError."""
    requirement = parse_requirement(word)
    if requirement is None:
        raise UsageError(f"{word!r} is no name of a project.", hint="Say `wheelplan explain PROJECT INPUT…`.")
    if not alone and (requirement.specifier or requirement.url or requirement.marker):
        raise UsageError(
            f"{word!r} says more than the name of the project to explain.",
            hint=f"Say `wheelplan explain {requirement.name} …`; what is asked for stands in the INPUTs.",
        )
    return canonicalize_name(requirement.name)


def of_plan(request: Request, plan: Previous, path: str) -> Request:
    """The request with the inputs that a plan names, each as it is seen from the working directory.

    Raises UsageError where the plan does not tell (another tool's, or made from the standard input).
    """
    roles: dict[str, list[str]] = {}
    for one in plan.inputs:
        roles.setdefault(one.role, []).append(_from_here(one.path, path))
    words = [_rebased(word, path) for word in plan.requirements if not word.startswith("-e ")]
    editables = [_from_here(word[3:], path) for word in plan.requirements if word.startswith("-e ")]
    files = roles.get("", [])
    if "stdin" in roles or not (files or words or editables or plan.groups):
        why = "was made from the standard input" if "stdin" in roles else "does not say what it was made from"
        raise UsageError(f"The plan {why}.", where=path, hint="Name the INPUTs after PROJECT.")
    read_as = {name: name.endswith((".toml", ".py")) or "pylock" in name for name in files}
    return replace(
        request,
        words=(*(name for name in files if read_as[name]), *words),
        requirements=tuple(name for name in files if not read_as[name]),
        editables=tuple(editables),
        constraints=(*roles.get("constraint", ()), *request.constraints),
        build_constraints=(*roles.get("build-constraint", ()), *request.build_constraints),
        extras=request.extras or plan.extras,
        groups=request.groups or tuple(_group(group, path) for group in plan.groups),
        output=path,
        flags={**_flags(plan), **request.flags},
    )


def _flags(plan: Previous) -> dict[str, object]:
    """The settings that a plan was made with, as if they had been said; what is none is passed over."""
    told = {name.replace("-", "_"): value for name, value in plan.settings if name in STEERING}
    return {**told, **({"torch_backend": plan.torch_backend} if plan.torch_backend else {})}


def _from_here(word: str, plan: str) -> str:
    """A path as the plan has it, seen from the working directory."""
    folder = os.path.dirname(plan)  # noqa: PTH120 (a path that stays as the user wrote it)
    if not folder or "://" in word or Path(word).is_absolute():
        return word
    return os.path.normpath(Path(folder, word))


def _rebased(word: str, plan: str) -> str:
    path, bracket, extras = word.partition("[")
    if not path.startswith("."):
        return word
    moved = _from_here(path, plan)
    return f"{moved if moved.startswith('.') else f'./{moved}'}{bracket}{extras}"


def _group(group: str, plan: str) -> str:
    path, colon, name = group.rpartition(":")
    return f"{_from_here(path, plan)}:{name}" if colon else group


def machine_words(table: Mapping[str, Any], here: Machine, asked: MachineRequest) -> Iterator[str]:
    """The assumptions that make of this machine the one that a plan was made for, `glibc=2.17`.

    `table` is the plan's fingerprint. What the user says of the machine himself is left to him.
    """
    if asked.file:
        return
    own = (_PYTHON if asked.python or asked.python_version else frozenset()) | (
        _SYSTEM if asked.platform else frozenset()
    )
    unknown = table.get("unknown")
    unknown = unknown if isinstance(unknown, list) else []
    names = [*FINGERPRINT, *(name for name in table if re.fullmatch(r"gpu:\d+", name))]
    names += [name for name in here.facts if re.fullmatch(r"gpu:\d+", name) and name not in table]
    words = []
    for name in names:
        value, known = table.get(name), here.value(name)
        if name in own or name in unknown or (isinstance(value, str) and value == known):
            continue
        if isinstance(value, str):
            words.append(f"{name}={value}")
        elif isinstance(here.facts.get(name), Known) and name not in _ALWAYS:
            words.append(f"{name}=")
    yield from words
    if words:  # another machine: its memory too; this one's own is read anew
        yield from (f"{name}={table[name]}" for name in _SIZES if isinstance(table.get(name), str | int))
