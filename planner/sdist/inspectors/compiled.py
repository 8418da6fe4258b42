"""Which sources of an sdist a build compiles, and how surely; must not follow what they include.

Meson, CMake and cargo say themselves what they compile, in files that others read: of them, every source that
may be compiled is told, as a hint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from planner.needs import EXTENSION_LEFT_OUT, Strength
from planner.sdist import names as naming
from planner.sdist import texts
from planner.sdist.extensions import Built
from planner.sdist.includes import MARK
from planner.sdist.sources import Sources

__all__ = ["Compilation", "Compiled", "compilation", "cython_makes_cxx", "says"]

"""What happens without a need of an optional extension."""

_LANGUAGES = {
    ".c": "c", ".m": "c", ".i": "c", ".cc": "cxx", ".cpp": "cxx", ".cxx": "cxx", ".c++": "cxx", ".C": "cxx",
    ".mm": "cxx", ".cu": "cuda", ".pyx": "cython", ".f": "fortran", ".for": "fortran", ".f90": "fortran",
    ".f95": "fortran", ".f03": "fortran", ".F": "fortran", ".F90": "fortran",
}  # fmt: skip
_OTHER_ENGINES = re.compile(r"mesonpy|scikit_build_core|py_build_cmake|cmeel|sipbuild|maturin|skbuild")
_PURE_HOOKS = frozenset({"vcs", "version", "sbom", "jupyter-builder", "nodejs-build", "gettext", "autorun"})
_NAMED = re.compile(r"([\w.*-]+)\.(?:c|cc|cpp|cxx|c\+\+|cu|pyx|m|mm|f|f90|f95|for|i)\b")
_GLOBBED = re.compile(r"([\w-]*)[/\\'\", ]*\*(\.(?:c|cc|cpp|cxx|cu|pyx|m|f|f90))\b")
_SYSTEM_WORDS = {
    "win32": re.compile(r"(?i)(?:^|[/_.-])(?:win(?:dows|32|64)?|msvc|mingw)(?:[/_.-]|$)"),
    "darwin": re.compile(r"(?i)(?:^|[/_.-])(?:mac(?:os)?x?|osx|darwin|ios|cocoa|iokit)(?:[/_.-]|$)"),
    "linux": re.compile(r"(?i)(?:^|[/_.-])linux(?:[/_.-]|$)"),
    "": re.compile(
        r"(?i)(?:^|[/_.-])(?:(?:free|open|net)?bsd|sunos|solaris|aix|hpux|android|emscripten|wasm|os2|vms)"
        r"(?:[/_.-]|$)"
    ),
}
_OF_CXX = re.compile(r"libcpp/(?!bool\.pxd|nullptr\.pxd|cast\.pxd)\w+\.pxd")
_CFFI = re.compile(r"[\"']\s*([\w./-]+\.py):\w+\s*[\"']")
_WITHOUT_C = re.compile(r"\.set_source\(\s*[^,()]{1,200},\s*None\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A source that is compiled, with the strength of what it needs, and what happens without it.

    `language` is `c`, `cxx`, `cuda`, `fortran`, or `cython` for a source that Cython translates first;
    `plus` says of the latter that it becomes C++.
    """

    path: str
    language: str
    strength: Strength = "required"
    effect: str = ""
    plus: bool = False

    @property
    def preprocessed_as(self) -> str:
        """The language that its conditions are read in: `c`, `cxx` or `cuda`."""
        if self.language == "cython":
            return "cxx" if self.plus else "c"
        return self.language if self.language in ("cxx", "cuda") else "c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """The sources that are compiled, and the folders of headers that the compiler is told of.

    `stated` is True when a setup script names all of them, `foreign` when another build system does.
    """

    sources: tuple[Compiled, ...] = ()
    folders: tuple[str, ...] = ()
    stated: bool = False
    foreign: bool = False


def language_of(name: str) -> str:
    """The language of a source that is compiled by itself, "" for a header or another file."""
    suffix = name[name.rfind(".") :] if "." in name else ""
    return _LANGUAGES.get(suffix) or _LANGUAGES.get(suffix.lower(), "")


def compilation(sdist: Sources) -> Compilation:
    """What the build of an sdist compiles, as far as its files tell without being run."""
    backend = str(sdist.table("build-system").get("build-backend") or "")
    if _OTHER_ENGINES.search(backend) or _by_a_script(sdist, backend) or _by_cmake(sdist):
        return Compilation(sources=tuple(_every(sdist)), foreign=True)
    stated = [*_of_pyproject(sdist), *(sdist.setup.built if sdist.setup else ())]
    stated = [built for built in stated if "Rust" not in built.kind]
    found = [*_of_cffi(sdist)]
    for built in stated:
        found.extend(_of_built(sdist, built))
    whole = bool(stated) and all(built.sources is not None for built in stated)
    if not whole:
        known = {source.path for source in found}
        found.extend(source for source in _guessed(sdist) if source.path not in known)
    folders = dict.fromkeys(folder for built in stated for folder in built.include_dirs)
    return Compilation(sources=_best(found), folders=tuple(folders), stated=whole)


def _every(sdist: Sources) -> Iterator[Compiled]:
    """Every source that may be compiled, as a hint."""
    for name in sdist.files.names:
        language = language_of(name)
        if language and not naming.is_aside(name):
            yield Compiled(
                path=name, language=language, strength="hint", plus=says(sdist, name, "language:c++")
            )


def _by_a_script(sdist: Sources, backend: str) -> bool:
    """Whether a backend of the sdist's own builds it, or one runs a script or a hook that may compile.

    https://python-poetry.org/docs/building-extension-modules/, https://backend.pdm-project.org/build_config/,
    https://hatch.pypa.io/latest/config/build/#build-hooks
    """
    if sdist.setup is None and sdist.table("build-system").get("backend-path"):
        return True
    if backend.startswith("poetry"):
        return bool(sdist.table("tool", "poetry").get("build"))
    if backend.startswith("pdm"):
        build = sdist.table("tool", "pdm", "build")
        return bool(build.get("run-setuptools") or build.get("setup-script"))
    hooks = sdist.table("tool", "hatch", "build", "hooks")
    return backend.startswith("hatch") and bool(
        {*hooks, *sdist.table("tool", "hatch", "build", "targets", "wheel", "hooks")} - _PURE_HOOKS
    )


def _by_cmake(sdist: Sources) -> bool:
    """Whether the extensions of setup.py name no source at all, and a CMakeLists.txt may."""
    built = sdist.setup.built if sdist.setup is not None else ()
    return (
        bool(built)
        and all(one.sources == () for one in built)
        and any(name.endswith("CMakeLists.txt") for name in sdist.files.names)
    )


def _best(found: Iterable[Compiled]) -> tuple[Compiled, ...]:
    """Each source once, in its strongest form."""
    order: tuple[Strength, ...] = ("required", "fallback", "optional", "hint")
    best: dict[str, Compiled] = {}
    for source in found:
        there = best.get(source.path)
        if there is None or order.index(source.strength) < order.index(there.strength):
            best[source.path] = source
    return tuple(best.values())


def _of_pyproject(sdist: Sources) -> Iterator[Built]:
    """`[[tool.setuptools.ext-modules]]`.

    https://setuptools.pypa.io/en/latest/userguide/ext_modules.html
    """
    modules = sdist.table("tool", "setuptools").get("ext-modules")
    for module in modules if isinstance(modules, list) else ():
        if isinstance(module, dict):
            yield Built(
                kind="Extension",
                line=0,
                name=str(module.get("name", "")),
                optional=module.get("optional") is True,
                sources=tuple(texts.string_list(module.get("sources")) or ()),
                include_dirs=tuple(texts.string_list(module.get("include-dirs")) or ()),
                language=str(module.get("language", "")),
            )


def _of_built(sdist: Sources, built: Built) -> Iterator[Compiled]:
    strength: Strength = "optional" if built.optional else "required" if built.certain else "hint"
    for source in built.sources or ():
        path = _present(sdist, source)
        language = language_of(path)
        if not language:
            continue
        plus = built.language == "c++" or says(sdist, path, "language:c++")
        yield Compiled(
            path=path,
            language="cxx" if built.language == "c++" and language == "c" else language,
            strength=strength,
            effect=EXTENSION_LEFT_OUT if built.optional else "",
            plus=plus,
        )
        if language == "cython":
            for include in sdist.files.includes.get(path, ()):
                if include.name.startswith(f"{MARK}source:"):
                    other = _present(sdist, include.name.partition(":")[2])
                    if language_of(other):
                        yield Compiled(path=other, language=language_of(other), strength=strength)


def says(sdist: Sources, path: str, mark: str) -> bool:
    """Whether a source sets this mark about itself (see `Include`)."""
    return any(include.name == MARK + mark for include in sdist.files.includes.get(path, ()))


def cython_makes_cxx(sdist: Sources) -> bool:
    """Whether one of the Cython sources becomes C++, as it says itself or by what it imports.

    Of the declarations in `libcpp`, those of `bool` and `nullptr` alone do for C as well.
    https://cython.readthedocs.io/en/latest/src/userguide/wrapping_CPlusPlus.html
    """
    return any(
        include.name == f"{MARK}language:c++" or _OF_CXX.match(include.name)
        for name in sdist.files.names
        if name.endswith(".pyx") and not naming.is_aside(name)
        for include in sdist.files.includes.get(name, ())
    )


def _present(sdist: Sources, source: str) -> str:
    """The source itself, or what stands for it in the sdist: the C that Cython made of it, or the reverse."""
    plain = source.replace("\\", "/").removeprefix("./")
    stem = plain.rpartition(".")[0] or plain
    return next(
        (
            name
            for name in (plain, *(stem + e for e in (".c", ".cpp", ".pyx", ".cc")))
            if name in sdist.files.name_set
        ),
        "",
    )


def _of_cffi(sdist: Sources) -> Iterator[Compiled]:
    """The build scripts that `cffi_modules` names; their C code stands in their texts.

    https://cffi.readthedocs.io/en/stable/cdef.html#distributing-modules-using-cffi
    """
    for name in ("setup.py", "setup.cfg", "pyproject.toml"):
        for path in _CFFI.findall(sdist.files.text(name) or ""):
            script = sdist.files.text(path)
            if script is not None and "set_source(" in script and not _WITHOUT_C.search(script):
                yield Compiled(path=path, language="c")


def _guessed(sdist: Sources) -> Iterator[Compiled]:
    """The sources that a setup script may compile: certainly those that it names, perhaps the others."""
    setup = sdist.setup
    if setup is None or (setup.native.modules is False and not setup.native.commands and not setup.built):
        return
    named, globbed = _mentioned(sdist)
    platform = sdist.markers.get("sys_platform", "linux")
    native = setup.native
    single = len(native.because) <= 1  # of several extensions, some may be left out, and one cannot say which
    sure: Strength = "hint" if native.modules is not True or not single else "required"
    if sure == "required" and native.optional:
        sure = "optional"
    for name in sdist.files.names:
        language = language_of(name)
        if not language or naming.is_aside(name) or _is_foreign(name, platform):
            continue
        folder, _, base = name.rpartition("/")
        spoken_of = base in named or (folder.rpartition("/")[2], base[base.rfind(".") :]) in globbed
        strength: Strength = sure if spoken_of and not naming.is_vendored(name) else "hint"
        effect = EXTENSION_LEFT_OUT if strength == "optional" else ""
        plus = says(sdist, name, "language:c++")
        yield Compiled(path=name, language=language, strength=strength, effect=effect, plus=plus)


def _is_foreign(name: str, platform: str) -> bool:
    """Whether a folder or the file's name says that it is for another system.

    >>> _is_foreign("psutil/arch/osx/cpu.c", "linux"), _is_foreign("src/hid_mac.c", "linux")
    (True, True)
    """
    own = "linux" if platform.startswith("linux") else platform
    return any(system != own and words.search(name) for system, words in _SYSTEM_WORDS.items())


def _mentioned(sdist: Sources) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The base names of sources in setup.py, and the (folder, suffix) of its patterns."""
    text = sdist.files.text("setup.py") or ""
    named = {found[0] for found in _NAMED.finditer(text)}
    globbed = {(found[1], found[2]) for found in _GLOBBED.finditer(text)}
    return frozenset(named), frozenset(globbed)
