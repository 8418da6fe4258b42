"""What is said of one requirement by itself, and that what is proposed instead can be used."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from planner.findings import Finding
from planner.resolve.asks import Ask
from planner.resolve.survey import survey
from tests.universe import Universe, fits


def problem(world: Universe, text: str) -> Finding:
    requirement = Requirement(text)
    ask = Ask(
        project=canonicalize_name(requirement.name),
        specifier=requirement.specifier,
        text=text,
        origin="requirements.txt:1",
    )
    (found,) = survey([ask], world.page, fits(), lambda name: ()).values()
    return found


@pytest.mark.parametrize(
    ("versions", "asked", "remedy"),
    [
        (["1.0", "1.2", "2.0"], "a==1.1", "ask for `a==1.2`"),
        (["1.0", "1.2", "2.0"], "a==1.3", "ask for `a==1.2`"),
        (["1.0"], "a>=2", "ask for `a==1.0`"),
        (["1.0", "2.0b1"], "a>=2b0,!=2.0b1", "ask for `a==1.0`"),
    ],
)
def test_a_version_that_is_gone_gets_the_nearest(versions: list[str], asked: str, remedy: str) -> None:
    world = Universe().many("a", dict.fromkeys(versions, ()))
    found = problem(world, asked)
    assert (found.code, found.remedy) == ("WP521", remedy)


def test_the_nearest_is_one_that_this_python_takes() -> None:
    world = Universe().add("a-1.0-py3-none-any.whl").add("a-1.2-py3-none-any.whl", requires_python=">=3.12")
    found = problem(world, "a==1.1")
    assert found.remedy == "ask for `a==1.0`"


def test_nothing_is_proposed_where_no_version_can_be_used() -> None:
    world = Universe().add("a-0.4b0-py3-none-any.whl", requires_python=">=3.12")
    found = problem(world, "a==0.3.14b0")
    assert found.code == "WP521"
    assert "requires Python >=3.12, here 3.11.7" in found.summary
    assert "a==" not in found.remedy


@pytest.mark.parametrize(("asked", "plain"), [("a==1.0+cu118", True), ("a==9.0+cu118", False)])
def test_a_build_for_cuda_gets_its_index_and_the_plain_version_where_there_is_one(
    asked: str, plain: bool
) -> None:
    found = problem(Universe().add("a-1.0-py3-none-any.whl"), asked)
    assert found.code == "WP605"
    assert "/cu118`" in found.remedy
    assert ("ask for `a==1.0`" in found.remedy) is plain
    assert ("ask for" in found.remedy) is plain
