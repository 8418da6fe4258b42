"""Findings as SARIF 2.1.0 and as workflow commands: the required keys, the places, the escapes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from planner.errors import InputError, MachineError, WheelplanError
from planner.findings import CODES, Finding
from planner.gates import failed_command, failed_sarif, sarif, workflow_commands
from tests.conftest import Wheelplan

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
    success = {"executionSuccessful": True, "exitCode": 0, "toolExecutionNotifications": []}
    assert log["runs"][0]["invocations"] == [success]


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


def notifications(log: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(what of, the sentence, its place) of each reason why a run was no success."""
    (run,) = json.loads(json.dumps(log))["runs"]
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    found = []
    for one in invocation["toolExecutionNotifications"]:
        assert one["level"] == "error"
        named = one.get("associatedRule") or one["descriptor"]
        known = run["tool"]["driver"]["notifications" if "descriptor" in one else "rules"]
        assert named["id"] in {rule["id"] for rule in known}
        places = [place["physicalLocation"] for place in one.get("locations", ())]
        told = [f"{it['artifactLocation']['uri']}:{it['region']['startLine']}" for it in places]
        found.append((named["id"], one["message"]["text"], *(told or [""])))
    return found


def test_a_run_that_proves_nothing_is_no_success() -> None:
    doubted = (FOUND[1], FOUND[2])
    gone = MachineError("It is gone.", where="machines/a.toml")
    log = sarif(FOUND, where="pylock.toml", files=FILES, exit_code=2, doubts=doubted, errors=(gone,))
    assert notifications(log) == [
        ("machine", "machines/a.toml: It is gone.", "machines/a.toml:1"),
        (
            "WP101",
            "Not proven: 100% built:\nfrom source, sadly. Remedy: `--allow-build alpha`.",
            "sub%20dir/requirements.txt:4",
        ),
        ("WP101", "Not proven: It is built.", "pylock.toml:1"),
    ]
    assert len(log["runs"][0]["results"]) == 3, "what is known is told all the same"
    (proven,) = sarif(FOUND, where="p", exit_code=1, doubts=doubted, errors=(gone,))["runs"][0]["invocations"]
    assert (proven["executionSuccessful"], proven["exitCode"]) == (True, 1)
    assert [one["level"] for one in proven["toolExecutionNotifications"]] == ["warning"]


def test_an_error_that_ends_a_run_is_one_too() -> None:
    error = InputError("Not so.", where="a.txt:3", others=(InputError("Nor so.", where="command line"),))
    assert notifications(failed_sarif(error)) == [
        ("input", "a.txt:3: Not so.", "a.txt:3"),
        ("input", "command line: Nor so.", ""),
    ]
    ours = WheelplanError("wheelplan failed.", where="/cli.py:4")
    ours.id = "internal"
    assert notifications(failed_sarif(ours)) == [("internal", "/cli.py:4: wheelplan failed.", "")]


@pytest.mark.parametrize(
    ("words", "told", "place"),
    [
        (("verify", "no.toml"), "The plan cannot be read", "no.toml:1"),
        (("verify", "--allow", "WP1"), "is no code of a finding", ""),
        (("check", "no.txt"), "There is no file `no.txt`", ""),
        (("check", "alpha", "-o", "-"), "cannot both go to the standard output", ""),
        (("check", "alpha", "--machine", "no.toml"), "The machine file cannot be read", "no.toml:1"),
        (("check", "-r", "no.txt", "--all-targets"), "No targets are set", ""),
    ],
)
def test_the_command_says_so_on_stdout(
    wheelplan: Wheelplan, words: tuple[str, ...], told: str, place: str
) -> None:
    ran = wheelplan(*words, "--output-format", "sarif")
    assert ran.code == 2
    ((_, sentence, where),) = notifications(json.loads(ran.out))
    assert told in sentence
    assert where == place
    assert told in ran.err
