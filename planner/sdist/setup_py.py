"""What a setup.py would tell setuptools, read from its syntax tree alone; must not compile or run it.

Everything is bounded: the size before it is parsed, the work while it is followed. What cannot be known is a
`Lost` value with its line, and a file that cannot be read at all is a `SetupPy` with `unreadable` set.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from planner.sdist.archive import SdistFiles, decode_text
from planner.sdist.calls import called
from planner.sdist.expressions import BudgetError
from planner.sdist.extensions import Built, Native, extensions, textual
from planner.sdist.flow import SetupCall, Stop
from planner.sdist.interpreter import Interpreter
from planner.sdist.values import Items, Table, Unknown, Value, as_list, merge, truth
from planner.sdist.world import PLATFORM, PYTHON, UNSET, World
from planner.setupcfg import requirement_lines

__all__ = ["Built", "Lost", "SetupPy", "read_setup_py"]

MAX_SOURCE = 1 << 20
MAX_REPEATED = 20_000  # Pythons before 3.11 overflow the C stack on chains of operators of this order
_SPEAKS_OF = re.compile(
    rb"ext_modules|Extension|cffi_modules|cythonize|rust_extensions|mypycify|cmdclass|distclass|configuration"
)
_CHAINS = "+-*/%.|&^@(["


@dataclass(frozen=True, slots=True)
class Lost:
    """A value that only running the file would tell; `line` is where that begins, `why` a phrase."""

    line: int
    why: str = ""


Texts: TypeAlias = "tuple[str, ...] | Lost"
Extras: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPy:
    """A setup.py as far as it is known for one target; the lists are () and texts "" where it sets none.

    `line` is that of the `setup()` call (0 when none was found), `given` are its keywords, and `complete` is
    False when unknown ones are handed to it. `refuses` is a phrase when the file itself certainly refuses
    this target; what follows on the refusal is still read, for what it tells of the version.
    """

    install_requires: Texts = ()
    setup_requires: Texts = ()
    extras_require: Extras = ()
    extras_doubt: Lost | None = None
    python_requires: str | Lost = ""
    native: Native = field(default_factory=Native)
    refuses: str = ""
    line: int = 0
    complete: bool = True
    given: frozenset[str] = frozenset()
    unreadable: str = ""
    imports: tuple[tuple[str, int], ...] = ()
    built: tuple[Built, ...] = ()


def read_setup_py(
    files: SdistFiles, markers: Mapping[str, str], available: frozenset[str] = frozenset()
) -> SetupPy | None:
    """Read the sdist's setup.py for the target given by its PEP 508 markers; None when it has none.

    `available` are the top-level modules that its build requirements bring.
    """
    data = files.kept.get("setup.py")
    if data is None:
        if "setup.py" not in files.name_set:
            return None
        return SetupPy(
            unreadable="setup.py is too large to be read", complete=False, native=Native(modules=None)
        )
    tree = _parse(data)
    if isinstance(tree, str):
        return SetupPy(unreadable=f"setup.py {tree}", complete=False, native=textual(decode_text(data)))
    interpreter = Interpreter(World(markers, files, available))
    trouble = ""
    try:
        interpreter.run(tree)
        imports = _imports(tree)
    except BudgetError:
        trouble, imports = "is too involved to be followed", ()
    except (RecursionError, MemoryError):
        trouble, imports = "is nested too deeply to be followed", ()
    summary = _summary(interpreter, tree, markers, trouble, imports)
    if not _SPEAKS_OF.search(data):
        return summary
    from planner.sdist.rehearsal.built import built_by  # noqa: PLC0415 - most sdists are pure

    built, nothing = built_by(files, markers, available)
    pure = nothing and "configuration" not in summary.given
    native = replace(summary.native, modules=False) if pure else summary.native
    return replace(summary, built=built, native=native)


def _parse(data: bytes) -> ast.Module | str:
    """The tree, or why there is none, as the end of a sentence."""
    if len(data) > MAX_SOURCE:
        return f"is larger than {MAX_SOURCE >> 20} MiB"
    if max(data.count(character.encode()) for character in _CHAINS) > MAX_REPEATED:
        return "is too long a chain of operators to be parsed"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in old files are not ours to warn about
            return ast.parse(data, "setup.py")
    except SyntaxError as error:
        line = f" (line {error.lineno})" if error.lineno else ""
        return f"is not valid for Python 3{line}"
    except (RecursionError, MemoryError):
        return "is nested too deeply to be parsed"
    except (ValueError, LookupError, OverflowError):
        return "is not text that Python can read"


def _imports(tree: ast.Module) -> tuple[tuple[str, int], ...]:
    """Modules that the file imports at its top level, outside any `try`, with their lines."""
    found: list[tuple[str, int]] = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            found.extend((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module.partition(".")[0], node.lineno))
    return tuple(dict.fromkeys(found))


def _summary(
    interpreter: Interpreter,
    tree: ast.Module,
    markers: Mapping[str, str],
    trouble: str,
    imports: tuple[tuple[str, int], ...],
) -> SetupPy:
    findings = interpreter.findings
    call = _chosen(findings.setups)
    refuses = _refusal(findings.stop, markers) if findings.stop else ""
    if call is None:
        line, why = _calls_setup(tree), trouble or "no call of `setup()` could be followed"
        lost = Lost(line, why)
        return SetupPy(
            install_requires=lost,
            extras_doubt=lost,
            python_requires=lost,
            native=extensions(findings, None, tree),
            refuses=refuses,
            line=line,
            complete=False,
            unreadable=f"setup.py {trouble}" if trouble else "",
            imports=imports,
        )
    keywords = call.keywords if call.certain else _shared(findings.setups)
    extras, extras_doubt = _extras(keywords)
    return SetupPy(
        install_requires=_lines(keywords.get("install_requires")),
        setup_requires=_lines(keywords.get("setup_requires")),
        extras_require=extras,
        extras_doubt=extras_doubt,
        python_requires=_text(keywords.get("python_requires")),
        native=extensions(findings, call, tree),
        refuses=refuses,
        line=call.line,
        complete=keywords.doubt is None,
        given=frozenset(str(key) for key in keywords.items),
        imports=imports,
    )


def _chosen(calls: list[SetupCall]) -> SetupCall | None:
    """The call that is certain to be reached, else the first with something to compile, else the first."""
    certain = next((call for call in calls if call.certain), None)
    compiling = next((call for call in calls if truth(call.keywords.get("ext_modules")) is not False), None)
    return certain or compiling or next(iter(calls), None)


def _shared(calls: list[SetupCall]) -> Table:
    """What all calls agree on, where one cannot say which of them is reached."""
    shared: Value = calls[0].keywords
    for call in calls[1:]:
        shared = merge(shared, call.keywords, call.line)
    return shared if isinstance(shared, Table) else Table()


def _calls_setup(tree: ast.Module) -> int:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node.func) == "setup":
            return node.lineno
    return 0


def _lost(value: Value) -> Lost:
    return (
        Lost(value.line, value.why)
        if isinstance(value, Unknown)
        else Lost(0, "its value is not a list of texts")
    )


def _lines(value: Value) -> Texts:
    """A list of requirements: a list, a tuple, or text with one a line."""
    if value is None:
        return ()
    if isinstance(value, str):
        value = Items(list(value.splitlines()))
    items = None if isinstance(value, Unknown) else as_list(value)
    if items is None:
        return _lost(value)
    out: list[str] = []
    for item in items:
        if not isinstance(item, str):
            return _lost(item)
        out.extend(requirement_lines(item))
    return tuple(out)


def _extras(keywords: Table) -> tuple[Extras, Lost | None]:
    """The extras that are known, and where the first one of the others is lost."""
    value = keywords.get("extras_require")
    if value is None:
        return (), None
    if not isinstance(value, Table):
        return (), _lost(value)
    doubt = _lost(value.doubt) if value.doubt else None
    out: list[tuple[str, tuple[str, ...]]] = []
    for extra, listed in value.items.items():
        lines = _lines(listed)
        if isinstance(lines, Lost):
            doubt = doubt or lines
        else:
            out.append((str(extra), lines))
    return tuple(out), doubt


def _text(value: Value) -> str | Lost:
    return "" if value is None else value if isinstance(value, str) else _lost(value)


def _refusal(stop: Stop, markers: Mapping[str, str]) -> str:
    """The phrase for an error that the file certainly raises on this target, or "" when it is not sure."""
    if UNSET in stop.kinds:
        return ""
    message = "" if stop.message.isdigit() else " ".join(stop.message.split())[:300]
    if PYTHON in stop.kinds:
        version = markers.get("python_full_version") or markers.get("python_version", "")
        subject = f"refuses Python {version}"
    elif PLATFORM in stop.kinds:
        subject = f"refuses {markers.get('platform_system', 'this system')}"
    else:
        subject = "always stops with an error"
    return f"setup.py:{stop.line} {subject}" + (f": {message}" if message else "")
