"""The programs that the shell scripts, Makefiles and configure scripts of a build call; must not run them.

Only those scripts count that Python files of the build hand to a function which runs programs, and what they
call in turn. Python's own calls of programs are told by the inspector of setup.py.
"""

from __future__ import annotations

import ast
import posixpath
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from planner.needs import Evidence, Need, Strength
from planner.sdist import names as naming
from planner.sdist.inspectors.port import Clue
from planner.sdist.inspectors.shell_text import Call, calls_in_makefile, calls_in_script, tools_of, variable
from planner.sdist.sources import Sources

__all__ = ["inspect", "needs_of_script"]

_COMPILERS = {"cc": "c", "gcc": "c", "clang": "c", "c++": "cxx", "g++": "cxx", "clang++": "cxx"}
_DOWNLOADS = {
    "curl": (),
    "wget": (),
    "git": ("clone", "fetch", "pull", "submodule"),
    "svn": ("co", "checkout"),
}
_URL = re.compile(r"(?:https?|git|ftp)://([\w.-]+)")
_RUNNERS = frozenset(
    {"call", "check_call", "check_output", "run", "Popen", "system", "popen", "spawn", "execute", "getoutput"}
    | {"getstatusoutput", "runcmd", "shell", "sh", "quiet_call", "run_command", "call_subprocess"}
)
_MAKEFILE = re.compile(r"(?:GNU)?[Mm]akefile(?:\.\w+)?")
_OF_WINDOWS = (".nmake", ".msc", ".msvc", ".vc", ".win", ".win32", ".mingw", ".mgw", ".bcc")
_WORD = re.compile(r"[\w./+-]+")
_ASSEMBLERS = frozenset({"nasm", "yasm"})
_AUTOMAKE = ("Makefile.in", "Makefile.am")
_MAX_SCRIPT = 1 << 20
_MAX_FOLLOWED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A script that is run: by which line, and how surely."""

    script: str
    where: str
    strength: Strength


def inspect(sdist: Sources, /) -> Iterable[Clue]:
    """The programs that the scripts of the build call, each subject once in its strongest form."""
    order: tuple[Strength, ...] = ("required", "optional", "hint")
    best: dict[str, Need] = {}
    scripts = _scripts(sdist)
    for run in _runs(sdist, scripts) if scripts else ():
        for need in needs_of_script(sdist, run.script, run.where, run.strength):
            there = best.get(need.subject)
            if there is None or order.index(need.strength) < order.index(there.strength):
                best[need.subject] = need
    return tuple(best.values())


def _scripts(sdist: Sources) -> dict[str, list[str]]:
    """The scripts of the sdist by base name."""
    found: dict[str, list[str]] = {}
    for name in sdist.files.names:
        base = name[name.rfind("/") + 1 :]
        is_script = base.endswith(".sh") or base in ("configure", "autogen", "bootstrap", "buildconf")
        if base.endswith(_OF_WINDOWS) and sdist.markers.get("sys_platform") != "win32":
            continue
        if (is_script or _MAKEFILE.fullmatch(base)) and not naming.is_aside(name):
            found.setdefault(base, []).append(name)
    return found


def needs_of_script(sdist: Sources, script: str, where: str, strength: Strength) -> Iterator[Need]:
    """What one script of the sdist needs, and those that it calls.

    `where` is the line that runs it, `strength` says how surely. An automake project's configure
    makes its Makefiles by running make.
    """
    followed: set[str] = set()
    waiting: list[tuple[str, str, Strength]] = [(script, where, strength)]
    while waiting and len(followed) < _MAX_FOLLOWED:
        path, by, how = waiting.pop(0)
        if path in followed:
            continue
        followed.add(path)
        folder, _, base = path.rpartition("/")
        if base == "configure":
            beside = (f"{folder}/{name}" if folder else name for name in _AUTOMAKE)
            if any(name in sdist.files.name_set for name in beside):
                yield _need("program:make", by, f"runs {path}", how)
            continue
        text = sdist.files.text(path)
        if text is None or len(text) > _MAX_SCRIPT:
            continue
        makefile = _MAKEFILE.fullmatch(base) is not None
        if makefile:
            yield from _assembler(sdist, path, text, how)
        for call in calls_in_makefile(text) if makefile else calls_in_script(text):
            weight: Strength = how if call.sure else "hint"
            yield from _of_call(call, path, weight)
            waiting.extend(
                (other, f"{path}:{call.line}", weight) for other in _own_scripts(sdist, call, folder)
            )


def _assembler(sdist: Sources, path: str, text: str, strength: Strength) -> Iterator[Need]:
    """The assembler that a Makefile names, or a file that it includes, where there are sources for it.

    Those of nasm and yasm are for x86 alone. An assignment inside `ifeq` may not hold.
    """
    folder = path.rpartition("/")[0]
    if not re.fullmatch(r"(?i)x86_64|amd64|i[3-6]86", sdist.markers.get("platform_machine", "x86_64")):
        return
    below = f"{folder}/" if folder else ""
    source = next(
        (name for name in sdist.files.names if name.startswith(below) and name.endswith(".asm")), ""
    )
    for name, code in ((path, text), *_included(sdist, folder, text)):
        found = variable(code, _ASSEMBLERS) if source else None
        if found is not None:
            program, line = found
            need = _need(f"program:{program}", f"{name}:{line}", "assembles with it", strength)
            yield replace(need, because=(*need.because, Evidence(where=source)))
            return


def _included(sdist: Sources, folder: str, text: str) -> Iterator[tuple[str, str]]:
    """The files that a Makefile includes by their plain names."""
    for word in re.findall(r"^-?include[ \t]+([\w./-]+)[ \t]*$", text, re.MULTILINE)[:_MAX_FOLLOWED]:
        path = posixpath.normpath(posixpath.join(folder, word))
        other = sdist.files.text(path)
        if other is not None:
            yield path, other


def _own_scripts(sdist: Sources, call: Call, folder: str) -> Iterator[str]:
    """The scripts of the sdist that a call runs, from the folder of the script or from the top."""
    words = call.words[1:3] if call.program in ("sh", "bash", ".", "source") else call.words[:1]
    for word in words:
        if "/" in word or word.endswith(".sh"):
            for place in (folder, ""):
                path = posixpath.normpath(posixpath.join(place, word.lstrip("/")))
                if path in sdist.files.name_set:
                    yield path
                    break


def _of_call(call: Call, path: str, strength: Strength) -> Iterator[Need]:
    program = call.program.rpartition("/")[2] if call.program.startswith("/usr/") else call.program
    where = f"{path}:{call.line}"
    weight: Strength = "optional" if call.looked_for and strength == "required" else strength
    if program in _COMPILERS:
        yield _need(f"dep:virtual/compiler/{_COMPILERS[program]}", where, program, weight)
        return
    tools = tools_of(program)
    if not tools:
        return
    arguments = call.words[1:]
    if program == "git" and not set(arguments) & set(_DOWNLOADS["git"]):
        return  # it asks for a version, in a source tree that is no checkout
    for tool in tools:
        yield _need(f"program:{tool}", where, " ".join(call.words[:3])[:80], weight)
    kinds = _DOWNLOADS.get(program)
    if kinds is not None and (not kinds or set(arguments) & set(kinds)):
        host = _URL.search(" ".join(arguments))
        yield _need(f"network:{host[1] if host else program}", where, program, weight)


def _need(subject: str, where: str, text: str, strength: Strength) -> Need:
    effect = "" if strength in ("required", "hint") else "a step of the build is left out"
    evidence = (Evidence(where=where, text=text),)
    return Need(subject=subject, role="build", because=evidence, strength=strength, effect=effect)


def _runs(sdist: Sources, scripts: dict[str, list[str]]) -> Iterator[_Run]:
    """Every script that a Python file of the build hands to a function which runs programs."""
    for name in _build_files(sdist):
        text = sdist.files.text(name) or ""
        if not any(base in text for base in scripts):
            continue
        tree = _parse(text)
        if tree is not None:
            yield from _Calls(name, tree, scripts).runs()


def _build_files(sdist: Sources) -> list[str]:
    """setup.py, backends in the tree, and the modules beside them that they import."""
    backend = str(sdist.table("build-system").get("build-backend") or "").partition(":")[0]
    places = sdist.table("build-system").get("backend-path")
    folders = [place for place in places if isinstance(place, str)] if isinstance(places, list) else []
    path = backend.replace(".", "/")
    waiting = ["setup.py", "build.py", *(posixpath.normpath(f"{place}/{path}.py") for place in folders)]
    found: list[str] = []
    while waiting and len(found) < _MAX_FOLLOWED:
        name = waiting.pop(0)
        text = sdist.files.text(name)
        if text is None or name in found:
            continue
        found.append(name)
        folder = name.rpartition("/")[0]
        modules = re.findall(r"^[ \t]*(?:from|import)[ \t]+\.?([A-Za-z_][\w.]*)", text, re.MULTILINE)
        waiting.extend(posixpath.join(folder, module.replace(".", "/") + ".py") for module in modules)
    return found


def _parse(text: str) -> ast.Module | None:
    if len(text) > _MAX_SCRIPT:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Calls:
    """The calls in one Python file that run scripts of the sdist, in themselves or through a name."""

    def __init__(self, name: str, tree: ast.Module, scripts: dict[str, list[str]]) -> None:
        self._name = name
        self._tree = tree
        self._scripts = scripts
        self._held: dict[str, list[str]] = {}

    def runs(self) -> Iterator[_Run]:
        for node in ast.walk(self._tree):
            if (
                isinstance(node, ast.Assign)
                and len(node.targets) == 1
                and isinstance(node.targets[0], ast.Name)
            ):
                found = self._named(node.value)
                if found:
                    self._held.setdefault(node.targets[0].id, []).extend(found)
        waiting: list[tuple[ast.AST, bool]] = [(self._tree, True)]
        while waiting:
            node, sure = waiting.pop()
            if isinstance(node, ast.Call) and _last(node.func) in _RUNNERS:
                yield from self._of_call(node, sure=sure)
            inside = sure and not isinstance(node, (ast.If, ast.Try, ast.IfExp, ast.ExceptHandler))
            waiting.extend((child, inside) for child in ast.iter_child_nodes(node))

    def _of_call(self, node: ast.Call, *, sure: bool) -> Iterator[_Run]:
        found = self._named(node)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                found.extend(self._held.get(inner.id, ()))
        for script in dict.fromkeys(found):
            strength: Strength = "required" if sure else "hint"
            yield _Run(script=script, where=f"{self._name}:{node.lineno}", strength=strength)

    def _named(self, node: ast.AST) -> list[str]:
        """The scripts that the texts in a piece of code name."""
        found: list[str] = []
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                for word in _WORD.findall(inner.value[:2_000]):
                    found.extend(self._script(word))
        return found

    def _script(self, word: str) -> Iterator[str]:
        plain = posixpath.normpath(word.lstrip("/"))
        base = plain.rpartition("/")[2]
        for path in self._scripts.get(base, ())[:3]:
            if "/" not in plain or path == plain or path.endswith(f"/{plain}"):
                yield path


def _last(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
