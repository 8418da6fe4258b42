"""An sdist's bytes -> all that its own files say, as one value; the entry point, never raises or runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from planner.dists import Metadata, Reason, Refusal, SdistReading, parse_requirement, parse_version
from planner.errors import ArchiveError
from planner.frames import Readable
from planner.headertext import read_header
from planner.needs import MAY_BE_COMPILED, Doubt, Inspection
from planner.sdist import names, texts
from planner.sdist.archive import SdistFiles, read_archive
from planner.sdist.metadata import read_metadata
from planner.sdist.native import Verdict, judge
from planner.sdist.setup_py import SetupPy, read_setup_py
from planner.sdist.sources import Sources
from planner.setupcfg import ini_sections, requirement_lines

__all__ = ["read_files", "read_sdist"]

_COMPILED = (".c", ".cc", ".cpp", ".cxx", ".pyx", ".f90", ".f", ".rs")
_MODULES = {
    "oldest-supported-numpy": "numpy",
    "scikit-build": "skbuild",
    "pyyaml": "yaml",
    "gitpython": "git",
    "attrs": "attr",
}


def read_sdist(
    filename: str,
    data: bytes | Readable,
    project: NormalizedName,
    version: Version | None,
    markers: Mapping[str, str],
) -> SdistReading | Refusal:
    """Read an sdist for the target given by its PEP 508 environment; `version` is None when no name tells it.

    A bad archive, or one of another project, is a `Refusal`; a bad file inside is a doubt in the metadata.
    """
    try:
        files = read_archive(filename, data)
    except ArchiveError as error:
        return Refusal(filename=filename, reason=Reason.METADATA, detail=_phrase(error.what), id=error.id)
    return read_files(filename, files, project, version, markers)


def read_files(
    filename: str,
    files: SdistFiles,
    project: NormalizedName,
    version: Version | None,
    markers: Mapping[str, str],
) -> SdistReading | Refusal:
    """The same, from files that were read before."""
    toml = files.text("pyproject.toml") or ""
    pyproject = texts.parse_toml(toml)
    if pyproject is None:  # an installer cannot build it either
        detail = "its pyproject.toml cannot be read"
        return Refusal(filename=filename, reason=Reason.METADATA, detail=detail, id="pyproject")
    table = pyproject.get("build-system")
    build = table if isinstance(table, dict) else {}
    requires = tuple(texts.string_list(build.get("requires")) or ())
    setup = read_setup_py(files, markers, _modules(requires))
    sources = Sources(
        files=files,
        headers=read_header(files.kept.get("PKG-INFO", b"")),
        pyproject=pyproject,
        config=ini_sections(files.text("setup.cfg") or "") or {},
        setup=setup,
        markers=markers,
    )
    stated = sources.header("name")
    if stated and canonicalize_name(stated) != project:
        detail = f"its PKG-INFO is that of another project ({stated[:80]})"
        return Refusal(filename=filename, reason=Reason.METADATA, detail=detail, id="metadata-name")
    verdict, inspection = _built(sources, judge(sources, toml))
    backend = build.get("build-backend")
    return SdistReading(
        metadata=_versioned(read_metadata(sources, project, version), sources.header("version")),
        native=verdict.native,
        native_because=verdict.because,
        refuses=_refuses(setup, files.text("setup.py") or "") if setup and _runs_setup(build) else "",
        backend=backend if isinstance(backend, str) else "",
        build_requires=requires,
        setup_requires=_setup_requires(sources) if _runs_setup(build) else (),
        inspection=inspection,
    )


def _runs_setup(build: Mapping[str, object]) -> bool:
    """Whether the backend runs setup.py: setuptools does, and one in the tree may wrap it."""
    backend = build.get("build-backend")
    return not isinstance(backend, str) or backend.startswith("setuptools") or "backend-path" in build


# What Python 2 alone reads; a file for a newer Python 3 than ours fails to parse too, and refuses nothing.
_PYTHON_2 = re.compile(
    r"(?m)^[ \t]*(?:print[ \t]+[\"'\w]|exec[ \t]+[\"']|except[ \t]+[\w.]+[ \t]*,[ \t]*\w+[ \t]*:)"
)


def _refuses(setup: SetupPy, text: str) -> str:
    """Why setup.py stops on this target: it says so, or only Python 2 can read it."""
    if setup.refuses or "is not valid for Python 3" not in setup.unreadable:
        return setup.refuses
    return setup.unreadable if _PYTHON_2.search(text) else ""


def _setup_requires(sources: Sources) -> tuple[str, ...]:
    """What setup.py or setup.cfg asks for before it runs: the backend hands it on (PEP 517).

    https://setuptools.pypa.io/en/latest/references/keywords.html#keyword-setup-requires
    """
    told = sources.setup.setup_requires if sources.setup is not None else ()
    lines = told if isinstance(told, tuple) else ()
    return tuple(dict.fromkeys((*lines, *requirement_lines(sources.option("options", "setup_requires")))))


def _built(sources: Sources, verdict: Verdict) -> tuple[Verdict, Inspection | None]:
    """The verdict with what the inspectors know better: they follow what setup.py imports and hands on.

    A pure sdist is inspected only where it has sources of a compiled language, gives cffi something, or
    says itself what it needs (PEP 725).
    """
    setup = sources.setup
    doubtful = (setup is not None and "cffi_modules" in setup.given) or any(
        name.endswith(_COMPILED) and not names.is_aside(name) and not names.is_vendored(name)
        for name in sources.files.names
    )
    external = "external" in sources.pyproject
    if verdict.native is False and not external and not (setup is not None and doubtful):
        return verdict, None
    inspection = _inspected(sources, compiles=verdict.native is not False)
    told = [
        need
        for need in inspection.needs
        if need.subject.startswith("dep:virtual/compiler/") and need.strength != "hint" and need.because
    ]
    firm = [need for need in told if need.because[0].text != MAY_BE_COMPILED]
    if verdict.native is True or not firm:
        return verdict, inspection if verdict.native is not False or external else None
    because = tuple(str(evidence) for need in firm for evidence in need.because)
    return Verdict(native=True, because=because), inspection


def _inspected(sources: Sources, *, compiles: bool) -> Inspection:
    """What the inspectors find; files on which they fail are a doubt, as the metadata still stands."""
    from planner.sdist.inspectors.table import inspect  # noqa: PLC0415 - half of all imports, and most sdists are pure

    try:
        return inspect(sources, compiles=compiles)
    except Exception as error:  # noqa: BLE001 - an error of ours must cost no more than this one answer
        text = f"what it needs could not be told: its files could not be inspected ({type(error).__name__})"
        return Inspection(doubts=(Doubt(text=text),))


def _versioned(metadata: Metadata, stated: str) -> Metadata:
    """A version that no file name told is PKG-INFO's."""
    if metadata.version is not None or not stated:
        return metadata
    return replace(metadata, version=parse_version(stated))


def _modules(requires: tuple[str, ...]) -> frozenset[str]:
    """The modules that build requirements bring, as far as their names tell."""
    names = [parsed.name.lower() for text in requires if (parsed := parse_requirement(text)) is not None]
    return frozenset(_MODULES.get(name, name.replace("-", "_")) for name in names) | {
        "Cython" for name in names if name == "cython"
    }


def _phrase(sentence: str) -> str:
    """An error's sentence as the phrase of a refusal."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")
