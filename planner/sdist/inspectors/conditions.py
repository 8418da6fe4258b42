"""Whether a condition of the C preprocessor holds on a target; knows its predefined macros, reads no files.

Three answers: it holds, it does not, or some macro in it is set by what nobody here can see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from planner.dists import parse_version

__all__ = ["Answer", "Conditions"]

_Value: TypeAlias = int | str | None

_TOKEN = re.compile(
    r"\s*(?:(0[xX][0-9a-fA-F]+|\d+)[uUlL]*|(__has_include)\s*\(([^()]*)\)|(defined)\b\s*\(?\s*(\w+)\s*\)?"
    r"|([A-Za-z_]\w*)|(\"[^\"]*\"|'[^']*')|(&&|\|\||==|!=|<=|>=|<<|>>|[-+*/%!~<>&|^?:(),]))"
)
_BINDING: Mapping[str, int] = {
    "||": 1, "or": 1, "&&": 2, "and": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6,
    "<": 7, ">": 7, "<=": 7, ">=": 7, "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_MAX_NESTED = 40
_MAX_TOKENS = 200
_MAX_CONDITIONS = 20_000
# A macro of such a name turns something off, and nobody defines it by habit.
_TURNS_OFF = re.compile(r"(?:^|_)(?:NO|DISABLED?|WITHOUT|OMIT|EXCLUDE|SKIP)(?:_|$)")

_POSIX = ("__unix__", "__unix", "unix")
_SYSTEMS: Mapping[str, Mapping[str, int]] = {
    "linux": dict.fromkeys(("__linux__", "__linux", "linux", "__gnu_linux__", "__ELF__", *_POSIX), 1)
    | {"__GLIBC__": 2, "__GLIBC_MINOR__": 36},
    "darwin": dict.fromkeys(("__APPLE__", "__MACH__", "TARGET_OS_MAC", "TARGET_OS_OSX", "__clang__"), 1),
    "win32": dict.fromkeys(
        ("_WIN32", "WIN32", "MS_WINDOWS", "_WINDOWS", "MS_WIN32", "__WIN32__", "__WINDOWS__"), 1
    )
    | {"_WIN64": 1, "WIN64": 1, "MS_WIN64": 1, "_MSC_VER": 1940},
}
_MACHINES: Mapping[str, tuple[str, ...]] = {
    "x86_64": ("__x86_64__", "__x86_64", "__amd64__", "__amd64", "_M_X64", "_M_AMD64", "__SSE__", "__SSE2__"),
    "aarch64": ("__aarch64__", "_M_ARM64", "__ARM_NEON", "__ARM_NEON__", "__arm64__"),
    "i686": ("__i386__", "__i386", "_M_IX86", "i386"),
    "armv7l": ("__arm__", "__arm", "_M_ARM"),
    "ppc64le": ("__powerpc64__", "__powerpc__", "__ppc64__", "__PPC64__", "__ppc__"),
    "s390x": ("__s390x__", "__s390__"),
    "riscv64": ("__riscv",),
}
_SAME_MACHINE = {"amd64": "x86_64", "arm64": "aarch64", "i386": "i686", "x86": "i686"}
# Systems and compilers that no target of ours is, and switches that nobody has on in a release build.
_NEVER_DEFINED = """
__FreeBSD__ __FreeBSD_kernel__ __NetBSD__ __OpenBSD__ __DragonFly__ __bsdi__ BSD __sun sun __sun__ __SVR4
__svr4__ _AIX __hpux hpux __sgi sgi __osf__ __ANDROID__ ANDROID __EMSCRIPTEN__ EMSCRIPTEN __wasm__ __wasi__
__HAIKU__ __BEOS__ __QNX__ __QNXNTO__ __VXWORKS__ VXWORKS __MSDOS__ MSDOS __DJGPP__ OS2 __OS2__ __VMS VMS
__CYGWIN__ __CYGWIN32__ __MINGW32__ __MINGW64__ __WATCOMC__ __BORLANDC__ __TURBOC__ _WIN32_WCE UNDER_CE
__amigaos__ AMIGA NETWARE macintosh __MWERKS__ __SYMBIAN32__ __ORBIS__ __INTEL_COMPILER __ICC __ECC __ICL
__SUNPRO_C __SUNPRO_CC __PGI __NVCOMPILER __IBMC__ __IBMCPP__ __xlC__ __HP_cc _CRAYC __HIPCC__
__HIP_PLATFORM_AMD__ __HIP_PLATFORM_HCC__ USE_ROCM __CUDA_ARCH__ __OPENCL_VERSION__ Py_DEBUG DEBUG
Py_LIMITED_API GRAALVM_PYTHON __STDC_NO_ATOMICS__ __STDC_NO_THREADS__ TARGET_OS_IPHONE TARGET_OS_IOS
TARGET_OS_WATCH TARGET_OS_TV __native_client__ __minix __minix__ __GNU__ __TINYC__ __KERNEL__ SWIG
RC_INVOKED __LCC__ __e2k__ WINRT __SWITCH__ __vita__ __3DS__ __psp__ ESP_PLATFORM ARDUINO
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a condition holds; None when that hangs on the macros in `unknown`."""

    holds: bool | None
    unknown: tuple[str, ...] = ()


class Conditions:
    """The conditions of one target, with its PEP 508 markers; each is worked out once."""

    def __init__(self, markers: Mapping[str, str]) -> None:
        platform = markers.get("sys_platform", "linux")
        system = "linux" if platform.startswith("linux") else platform
        machine = markers.get("platform_machine", "x86_64").lower()
        machine = _SAME_MACHINE.get(machine, machine)
        self._undefined = set(_NEVER_DEFINED.split())
        for name, macros in _SYSTEMS.items():
            if name != system:
                self._undefined |= macros.keys()
        for name, others in _MACHINES.items():
            if name != machine:
                self._undefined |= set(others)
        own = dict.fromkeys(_MACHINES.get(machine, ()), 1)
        self._defined = {**_SYSTEMS.get(system, dict.fromkeys(_POSIX, 1)), **own, **_python(markers)}
        if system == "darwin":
            self._defined["__GNUC__"] = 4
        elif system != "win32":
            self._defined |= {"__GNUC__": 12, "__GNUC_MINOR__": 2}
            self._undefined.add("__clang__")
        else:
            self._undefined |= {"__GNUC__", "__clang__", *_POSIX}
        self._undefined -= self._defined.keys()
        if markers.get("platform_python_implementation", "CPython") == "PyPy":
            self._defined["PYPY_VERSION"] = 1
        else:
            self._undefined |= {"PYPY_VERSION", "PYPY_VERSION_NUM"}
        self._uname = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}.get(system, "")
        self._known: dict[tuple[str, str], Answer] = {}

    def answer(self, condition: str, language: str = "c") -> Answer:
        """Whether it holds in a source of that language (`c`, `cxx`, `cuda`)."""
        key = (condition, language)
        if key not in self._known:
            if len(self._known) >= _MAX_CONDITIONS:
                return Answer(None)
            reading = _Reading(condition, lambda name: self._macro(name, language), self._uname)
            self._known[key] = reading.answer()
        return self._known[key]

    def _macro(self, name: str, language: str) -> int | bool | None:
        """The value of a macro; False when it is not defined, None when one cannot say."""
        if name == "__cplusplus":
            return 201703 if language != "c" else False
        if name in ("__CUDACC__", "__NVCC__"):
            return 1 if language == "cuda" else False
        if name == "__STDC_VERSION__":
            return 201710 if language == "c" else False
        if name in self._defined:
            return self._defined[name]
        if name in self._undefined or _TURNS_OFF.search(name):
            return False
        return None


def _python(markers: Mapping[str, str]) -> dict[str, int]:
    version = parse_version(markers.get("python_full_version") or markers.get("python_version") or "")
    major, minor, micro = (version.major, version.minor, version.micro) if version else (3, 11, 0)
    return {
        "PY_VERSION_HEX": major << 24 | min(minor, 255) << 16 | min(micro, 255) << 8 | 0xF0,
        "PY_MAJOR_VERSION": major,
        "PY_MINOR_VERSION": minor,
        "PY_MICRO_VERSION": micro,
        "Py_PYTHON_H": 1,
        "IS_PY3K": 1,
        "PY3K": 1,
        "IS_PY3": 1,
        "PY3": 1,
        "NDEBUG": 1,
    }


class _UnreadableError(Exception):
    """The condition is not written as C or Cython has it, or nests too deeply."""


@dataclass(slots=True)
class _Reading:
    """Reads one condition, by precedence climbing; unknown values go through as None."""

    text: str
    macro: Callable[[str], int | bool | None]
    uname: str = ""
    unknown: dict[str, None] = field(default_factory=dict)
    tokens: list[re.Match[str]] = field(default_factory=list)
    at: int = 0

    def answer(self) -> Answer:
        try:
            self._split()
            value = self._expression(0, 0)
        except _UnreadableError:
            return Answer(None, tuple(self.unknown))
        if value is None or self.at < len(self.tokens):
            return Answer(None, tuple(self.unknown))
        return Answer(bool(value))

    def _split(self) -> None:
        place = 0
        text = self.text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None or len(self.tokens) == _MAX_TOKENS:
                raise _UnreadableError
            self.tokens.append(found)
            place = found.end()

    def _next(self) -> re.Match[str]:
        if self.at >= len(self.tokens):
            raise _UnreadableError
        self.at += 1
        return self.tokens[self.at - 1]

    def _peek(self) -> str:
        if self.at >= len(self.tokens):
            return ""
        token = self.tokens[self.at]
        return token[8] or token[6] or ""

    def _expression(self, binding: int, depth: int) -> _Value:
        if depth > _MAX_NESTED:
            raise _UnreadableError
        left = self._operand(depth)
        while True:
            operator = self._peek()
            if operator == "?" and binding == 0:
                self.at += 1
                yes = self._expression(0, depth + 1)
                if self._next()[8] != ":":
                    raise _UnreadableError
                no = self._expression(0, depth + 1)
                left = None if left is None else yes if left else no
                continue
            strength = _BINDING.get(operator, 0)
            if strength <= binding:
                return left
            self.at += 1
            left = _apply(operator, left, self._expression(strength, depth + 1))

    def _operand(self, depth: int) -> _Value:
        token = self._next()
        number, has_include, header, defined, name, word, text, sign = token.groups()
        if number:
            return int(number, 16) if number[1:2] in ("x", "X") else int(number)
        if has_include:
            return self._unknown(f"{has_include}({header.strip()})")
        if defined:
            known = self.macro(name)
            return self._unknown(name) if known is None else int(known is not False)
        if word:
            return self._word(word, depth)
        if text:
            return text[1:-1]
        if sign == "(":
            value = self._expression(0, depth + 1)
            if self._next()[8] != ")":
                raise _UnreadableError
            return value
        if sign in ("!", "-", "+", "~"):
            return _unary(sign, self._expression(11, depth + 1))
        raise _UnreadableError

    def _word(self, word: str, depth: int) -> _Value:
        if word == "not":
            return _unary("!", self._expression(5, depth + 1))
        if word == "UNAME_SYSNAME":
            return self.uname or None
        if word in ("True", "False", "true", "false"):
            return int(word.lower() == "true")
        if self._peek() == "(":
            self._skip_arguments()
            return self._unknown(word)
        value = self.macro(word)
        return self._unknown(word) if value is None else int(value)

    def _unknown(self, name: str) -> _Value:
        self.unknown[name] = None
        return None

    def _skip_arguments(self) -> None:
        open_ = 0
        while True:
            sign = self._next()[8]
            open_ += (sign == "(") - (sign == ")")
            if not open_:
                return


def _unary(sign: str, value: _Value) -> _Value:
    if value is None:
        return None
    if sign == "!":
        return int(not value)
    if isinstance(value, str):
        raise _UnreadableError
    return -value if sign == "-" else ~value if sign == "~" else value


def _apply(operator: str, left: _Value, right: _Value) -> _Value:
    """One operator on two values; `&&` and `||` may know the answer from one of them."""
    if operator in ("&&", "and"):
        if any(value is not None and not value for value in (left, right)):
            return 0
        return None if left is None or right is None else 1
    if operator in ("||", "or"):
        if left or right:
            return 1
        return None if left is None or right is None else 0
    if left is None or right is None:
        return None
    if operator in ("==", "!="):
        return int((left == right) is (operator == "=="))
    if isinstance(left, str) or isinstance(right, str):
        raise _UnreadableError
    return _arithmetic(operator, left, right)


_NUMERIC: Mapping[str, Callable[[int, int], int]] = {
    "<": lambda a, b: int(a < b), ">": lambda a, b: int(a > b), "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b), "+": lambda a, b: a + b, "-": lambda a, b: a - b,
    "*": lambda a, b: a * b, "/": lambda a, b: a // b, "%": lambda a, b: a % b,
    "|": lambda a, b: a | b, "&": lambda a, b: a & b, "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << b, ">>": lambda a, b: a >> b,
}  # fmt: skip


def _arithmetic(operator: str, left: int, right: int) -> int:
    if operator in ("/", "%") and not right:
        raise _UnreadableError
    if operator in ("<<", ">>") and not 0 <= right < 64:
        raise _UnreadableError
    return _NUMERIC[operator](left, right) & 0xFFFF_FFFF_FFFF_FFFF if operator != "-" else left - right
