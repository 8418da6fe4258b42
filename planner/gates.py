"""Findings in the forms that gates read: SARIF 2.1.0 and GitHub's workflow commands; prints nothing.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from planner.errors import InputError, WheelplanError
from planner.findings import CODES, SEVERITIES, Finding

__all__ = ["failed_command", "failed_sarif", "sarif", "workflow_commands"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[1-9]\d{0,8})\Z", re.DOTALL)
_NOWHERE: Mapping[str, str] = MappingProxyType({})
UNPROVEN = 2
"""The exit code of a run that proves nothing."""


def sarif(
    findings: Iterable[Finding],
    *,
    where: str,
    files: Collection[str] = (),
    places: Mapping[str, str] = _NOWHERE,
    version: str = "",
    exit_code: int = 0,
    doubts: Collection[Finding] = (),
    errors: Collection[WheelplanError] = (),
) -> dict[str, Any]:
    """The findings as one run of SARIF, with a rule for each code that occurs.

    A finding stands where its evidence says, when that is in one of `files` (the user's); else at the place
    of its project (`places`: `torch` -> `requirements.txt:4`); else in the file `where`.

    With exit code 2 the run was no success, because of `errors` and `doubts` (some of the findings). Code
    scanning leaves its alerts as they are then: https://github.com/github/codeql-action/pull/1393
    """
    told = sorted(findings, key=Finding.sort_key)
    codes = sorted({one.code for one in told})
    driver: dict[str, Any] = {
        "name": "wheelplan",
        "rules": [_rule(code, [one for one in told if one.code == code]) for code in codes],
    }
    if version:
        driver["version"] = version
    if errors:
        driver["notifications"] = [{"id": name} for name in sorted({one.id for one in errors})]
    success = exit_code != UNPROVEN
    seen: dict[str, int] = {}
    reasons = [_error(one, "warning" if success else "error") for one in errors]
    if not success:
        reasons += [_doubt(one, _place(one, where, files, places)) for one in told if one in doubts]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [
                    {
                        "executionSuccessful": success,
                        "exitCode": exit_code,
                        "toolExecutionNotifications": reasons,
                    }
                ],
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(one, codes.index(one.code), _place(one, where, files, places), seen)
                    for one in told
                ],
            }
        ],
    }


def failed_sarif(error: WheelplanError) -> dict[str, Any]:
    """A run that ended with an error, before it had a result."""
    errors = (error, *error.others) if isinstance(error, InputError) else (error,)
    return sarif((), where="", exit_code=error.exit_code, errors=errors)


def _error(one: WheelplanError, level: str) -> dict[str, Any]:
    place = _file_of(one.where) if one.id != "internal" else None  # a file of ours
    return {
        "descriptor": {"id": one.id},
        "level": level,
        "message": {"text": str(one)},
        **({"locations": [_location(*place)]} if place else {}),
    }


def _doubt(one: Finding, place: tuple[str, int]) -> dict[str, Any]:
    return {
        "associatedRule": {"id": one.code},
        "level": "error",
        "message": {"text": f"Not proven: {_message(one)}"},
        "locations": [_location(*place)],
    }


def _rule(code: str, found: Iterable[Finding]) -> dict[str, Any]:
    worst = min((one.severity for one in found), key=SEVERITIES.index)
    text = CODES.get(code, code)
    return {
        "id": code,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "defaultConfiguration": {"level": worst},
    }


def _result(one: Finding, rule: int, place: tuple[str, int], seen: dict[str, int]) -> dict[str, Any]:
    file, line = place
    # Not the line: a finding stays the same one when a line above it is added.
    mark = hashlib.sha256(f"{one.code} {one.project} {file}".encode()).hexdigest()[:32]
    seen[mark] = seen.get(mark, 0) + 1
    return {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": one.severity,
        "message": {"text": _message(one)},
        "locations": [_location(file, line)],
        "partialFingerprints": {"wheelplan/v1": f"{mark}:{seen[mark]}"},
    }


def _location(file: str, line: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": _artifact(file), "region": {"startLine": line}}}


def _artifact(file: str) -> dict[str, str]:
    path = file.replace("\\", "/")
    if re.match(r"[A-Za-z]:/", path):
        return {"uri": f"file:///{quote(path, safe='/:')}"}
    if path.startswith("/"):
        return {"uri": f"file://{quote(path)}"}
    return {"uri": quote(path.removeprefix("./")), "uriBaseId": "%SRCROOT%"}


def _message(one: Finding) -> str:
    return f"{one.summary} Remedy: {one.remedy}." if one.remedy else one.summary


def _place(one: Finding, where: str, files: Collection[str], places: Mapping[str, str]) -> tuple[str, int]:
    """(file, line) of a finding; line 1 stands for a whole file."""
    mine = {name.removeprefix("./"): name for name in files}
    for text in (*one.evidence, places.get(one.project, "")):
        match = _PLACE.match(text)
        file = (match["file"] if match else text).removeprefix("./")
        if file and file in mine:
            return mine[file], int(match["line"]) if match else 1
    return where or "pylock.wheelplan.toml", 1


def workflow_commands(
    findings: Iterable[Finding],
    *,
    where: str,
    files: Collection[str] = (),
    places: Mapping[str, str] = _NOWHERE,
) -> Iterator[str]:
    """The findings as GitHub's workflow commands, worst first; files and places as for `sarif`."""
    for one in sorted(findings, key=Finding.sort_key):
        command = "notice" if one.severity == "note" else one.severity
        file, line = _place(one, where, files, places)
        title = f"{one.code} {one.project}".rstrip()
        yield (
            f"::{command} file={_property(file)},line={line},title={_property(title)}::{_data(_message(one))}"
        )


def failed_command(told: str, *, where: str = "") -> str:
    """An error that ended the run as a workflow command; `where`: a file, maybe with a line, or no place."""
    place = _file_of(where)
    if place is None:
        return f"::error title=wheelplan::{_data(told)}"
    return f"::error file={_property(place[0])},line={place[1]},title=wheelplan::{_data(told)}"


def _file_of(where: str) -> tuple[str, int] | None:
    """The file and line of an error, unless it stands in none: an option, a variable, an address, nothing."""
    match = _PLACE.match(where)
    file = match["file"] if match else where
    named = match is not None or any(mark in file for mark in "./\\")
    if not named or file.startswith("-") or "://" in file or "\n" in file:
        return None
    return file, int(match["line"]) if match else 1


def _data(text: str) -> str:
    """Text as the runner's own toolkit escapes it, so that nothing in it is read as a command.

    https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
    """
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
