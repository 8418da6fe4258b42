"""What a line that is no requirement was meant to be; knows common slips, and must not decide what is valid.

Asked only after a parser has refused a line, so it may be slow and it may be wrong: its answer is a hint.
"""

from __future__ import annotations

import re
import unicodedata

from planner.urls import redacted, shortened

__all__ = ["explain"]

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"


def _scp_repository(text: str) -> tuple[str, str] | None:
    found = re.search(r"(?:git\+)?(?:ssh://)?(git@[\w.-]+):(?!\d+/)([\w./-]+)", text)
    if not found:
        return None
    url = f"git+ssh://{found[1]}/{found[2]}"
    return "That is git's short form of an address, which no installer takes.", f"Write {url}"


def _windows_path(text: str) -> tuple[str, str] | None:
    if not re.match(r"(?:[A-Za-z]:[\\/]|\\\\|\.{1,2}\\|[\w.-]+\\)", text):
        return None
    return (
        "That is a path of a Windows machine, and no file here.",
        "Write it with forward slashes, relative to the directory that wheelplan runs in: ./wheels/NAME.whl",
    )


def _no_scheme(text: str) -> tuple[str, str] | None:
    address = text.split("@", 1)[-1].strip() if re.match(rf"{_NAME}(\[[^\]]*\])?\s*@", text) else text
    if not re.match(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?/\S", address, re.IGNORECASE):
        return None
    address = address.split()[0]
    if not address.lower().split("#")[0].endswith((".whl", ".zip", ".gz", ".bz2", ".xz", ".tgz")):
        return "That is an address without a scheme.", f"Write git+https://{address} or https://{address}"
    return "That is an address without a scheme.", f"Write https://{address}"


def _operator(text: str) -> tuple[str, str] | None:
    found = re.match(
        rf"({_NAME}(?:\[[^\]]*\])?)\s*(==>|=>|=<|<==|>==|=!|~>|~|=)\s*([\w.*+!-]+)(=[\w.]+)?\s*(;.*)?$", text
    )
    if not found:
        return None
    name, operator, version, build, marker = found.groups()
    if build:
        return (
            "That is conda's way to pin a version and a build.",
            f"Write {name}=={version}, if an index serves it under that name.",
        )
    meant = {"==>": ">=", "=>": ">=", ">==": ">=", "=<": "<=", "<==": "<=", "=!": "!=", "=": "=="}
    right = f"{name}{meant.get(operator, '~=')}{version}{marker or ''}"
    return f"`{operator}` is no comparison.", f"Did you mean {right}?"


def _missing_operator(text: str) -> tuple[str, str] | None:
    found = re.match(rf"({_NAME}(?:\[[^\]]*\])?)\s+v?(\d[\w.*+!]*)\s*$", text)
    if found:
        return "Between the name and the version a comparison is missing.", f"Write {found[1]}=={found[2]}"
    found = re.match(rf"({_NAME}\s*(?:[<>=!~]=?=?\s*[\w.*]+))\s+([<>=!~]=?=?\s*[\w.*]+)\s*$", text)
    if found:
        return "Between two comparisons a comma is missing.", f"Write {found[1]},{found[2]}"
    found = re.match(rf"({_NAME})\s+({_NAME})(\s|$)", text)
    if found:
        return "There is more than one name on this line.", "Write each requirement on a line of its own."
    return None


def _command(text: str) -> tuple[str, str] | None:
    found = re.match(
        r"(?:\$\s*|!|%)?(?:python\d?\s+-m\s+)?(pip3?|uv|conda|poetry|apt(?:-get)?)\s+\w+\s*(.*)", text
    )
    if not found:
        return None
    rest = f" Keep only: {shortened(found[2], 80)}" if "pip" in found[1] and found[2] else ""
    return "That is a command, not a requirement.", f"Remove the command.{rest}".strip()


def _tab(text: str) -> tuple[str, str] | None:
    if not re.search(r"[\t\v\f]-", text):
        return None
    return "Before its option stands a tab, which pip does not take for a blank.", "Write a blank there."


def _markup(text: str) -> tuple[str, str] | None:
    if text.startswith(("<<<<<<<", "=======", ">>>>>>>")):
        return "That is the mark of a merge conflict.", "Resolve the conflict in this file first."
    if text.startswith("<"):
        return "That is HTML, not a requirement: a web page was saved under this name.", "Fetch the raw file."
    if re.match(r"\[{1,2}[\w.\s\"-]+\]{1,2}\s*$", text):
        return (
            "That is TOML or INI, not a requirement.",
            "Give pyproject.toml and pylock.toml on the command line: wheelplan check FILE",
        )
    if re.match(r"(?:install_requires|dependencies|channels|name)\s*[:=]", text):
        return "That is another tool's file, not a list of requirements.", "List one requirement on a line."
    return None


def _legacy(text: str) -> tuple[str, str] | None:
    found = re.match(rf"({_NAME})\s*[<>=!~]=?=?\s*(.*\.\*)", text)
    if found and not re.match(rf"{_NAME}\s*[=!]=", text):
        return "`.*` goes with == and != only.", f"Write the version without `.*`, or {found[1]}=={found[2]}"
    return None


def _variable(text: str) -> tuple[str, str] | None:
    found = re.search(r"\$\{?(\w+)\}?", text)
    if not found:
        return None
    if re.fullmatch(r"\$\{[A-Z0-9_]+\}", found[0]):
        return f"the variable {found[1]} is not set, or is empty.", f"Set it: export {found[1]}=…"
    return (
        "Variables are written ${LIKE_THIS}, in capitals; nothing else is replaced.",
        f"Write ${{{found[1].upper()}}}",
    )


def _quoted(text: str) -> tuple[str, str] | None:
    if not re.match(r"([\"\'`]).*\1,?$", text):
        return None
    return "It stands in quotation marks, as in a program.", f"Write {text.rstrip(',')[1:-1]}"


def _scheme(text: str) -> tuple[str, str] | None:
    found = re.match(r"(?:[^@]*@\s*)?([A-Za-z][\w+.-]*)://(\S+)", text)
    if not found:
        return None
    better = f"git+https://{found[2]}" if found[1].lower() in ("git", "ssh") else f"https://{found[2]}"
    return f"`{found[1]}:` is no scheme that pip knows.", f"Write {better}"


def _letters(text: str) -> tuple[str, str] | None:
    head = re.split(r"[;@]", text, maxsplit=1)[0]
    strange = next((letter for letter in head if not " " <= letter <= "~" and letter != "\t"), None)
    if strange is None:
        return None
    name = unicodedata.name(strange, "a control character")
    return f"It holds U+{ord(strange):04X} ({name}), which no name and no version has.", "Type the line anew."


_SLIPS = (
    _markup, _command, _tab, _windows_path, _scp_repository, _no_scheme, _letters, _variable, _quoted,
    _operator, _missing_operator, _legacy, _scheme,
)  # fmt: skip


def explain(text: str, reason: str) -> tuple[str, str]:
    """A sentence why the line is refused, and what to type; `reason` is the parser's own first line.

    >>> explain("numpy==>1.2", "")
    ('`numpy==>1.2` is no requirement: `==>` is no comparison.', 'Did you mean numpy>=1.2?')
    """
    shown = redacted(shortened(text)).replace("\t", "\\t")
    for slip in _SLIPS:
        guess = slip(text[:2000])
        if guess:
            return f"`{shown}` is no requirement: {guess[0][0].lower()}{guess[0][1:]}", redacted(guess[1])
    why = redacted(shortened(reason.splitlines()[0] if reason else "", 120)).rstrip(".: ")
    return (
        f"`{shown}` is no requirement{f': {why[0].lower()}{why[1:]}' if why else ''}.",
        "Write NAME, NAME==VERSION, NAME @ URL or ./PATH.",
    )
