"""Findings as SARIF 2.1.0 and as workflow commands: the required keys, the places, the escapes."""

from __future__ import annotations

import json
from typing import Any

from planner.findings import CODES, Finding
from planner.gates import failed_command, sarif, workflow_commands

FOUND = (
    Finding(code="WP502", severity="note", project="beta", summary="beta 2.0a1 is a pre-release."),
    Finding(
        code="WP101",
        severity="error",
        project="alpha",
        summary="100% built:\nfrom source, sadly.",
        remedy="`--allow-build alpha`",
        evidence=("setup.py:41", "./sub dir/requirements.txt:4"),
    ),
    Finding(code="WP101", severity="warning", project="gamma", summary="It is built."),
)
FILES = ("sub dir/requirements.txt", "pyproject.toml")


def of(findings: tuple[Finding, ...] = FOUND) -> dict[str, Any]:
    return sarif(
        findings, where="pylock.toml", files=FILES, places={"beta": "pyproject.toml:7"}, version="1.2"
    )


def test_what_the_schema_requires_is_there() -> None:
    """https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json: its `required` keys."""
    log = json.loads(json.dumps(of()))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    driver = log["runs"][0]["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("wheelplan", "1.2")
    for number, rule in enumerate(driver["rules"]):
        assert rule["shortDescription"]["text"] == CODES[rule["id"]]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        results = [one for one in log["runs"][0]["results"] if one["ruleId"] == rule["id"]]
        assert {one["ruleIndex"] for one in results} == {number}
    for one in log["runs"][0]["results"]:
        assert one["message"]["text"]
        assert one["level"] in ("none", "note", "warning", "error")
        place = one["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] >= 1
        assert " " not in place["artifactLocation"]["uri"]
    assert of(())["runs"][0]["results"] == []


def test_places() -> None:
    places = [one["locations"][0]["physicalLocation"] for one in of()["runs"][0]["results"]]
    told = [(one["artifactLocation"]["uri"], one["region"]["startLine"]) for one in places]
    assert told == [("sub%20dir/requirements.txt", 4), ("pylock.toml", 1), ("pyproject.toml", 7)]
    assert places[0]["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    whole = sarif(FOUND, where="/srv/a b.toml")["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert whole["artifactLocation"] == {"uri": "file:///srv/a%20b.toml"}
    drive = sarif(FOUND, where="C:\\a b.toml")["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert drive["artifactLocation"] == {"uri": "file:///C:/a%20b.toml"}


def test_marks_tell_findings_apart_and_last() -> None:
    marks = [one["partialFingerprints"]["wheelplan/v1"] for one in of((*FOUND, *FOUND))["runs"][0]["results"]]
    assert len(set(marks)) == 6
    assert of() == of(tuple(reversed(FOUND)))


def test_workflow_commands_are_escaped() -> None:
    lines = list(workflow_commands(FOUND, where="py,lock:x.toml", files=FILES))
    assert lines == [
        (
            "::error file=sub dir/requirements.txt,line=4,title=WP101 alpha::"
            "100%25 built:%0Afrom source, sadly. Remedy: `--allow-build alpha`."
        ),
        "::warning file=py%2Clock%3Ax.toml,line=1,title=WP101 gamma::It is built.",
        "::notice file=py%2Clock%3Ax.toml,line=1,title=WP502 beta::beta 2.0a1 is a pre-release.",
    ]


def test_an_error_that_ends_a_run_is_annotated() -> None:
    told = "100%\ngone"
    assert failed_command(told, where="a.txt:3") == "::error file=a.txt,line=3,title=wheelplan::100%25%0Agone"
    assert failed_command("no", where="a.toml") == "::error file=a.toml,line=1,title=wheelplan::no"
    for nowhere in ("", "--allow", "https://index.test/simple/"):
        assert failed_command("no", where=nowhere) == "::error title=wheelplan::no"
