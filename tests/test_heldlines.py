"""What the report says of a project that is held back."""

from __future__ import annotations

from packaging.utils import NormalizedName
from packaging.version import Version

from planner.choosing.values import HeldBack
from planner.heldlines import _against


def test_why_no_set_has_the_newest_is_told_by_what_is_not_said_already() -> None:
    story = (
        "r.in:3 asks for pandas.",
        "pandas 3.1.1 needs numpy>=2.0.2.",
        "c.txt:2 constrains numpy to <2.",
        "No version of numpy satisfies >=2.0.2 and <2 (the newest is 2.5.5).",
    )
    held = HeldBack(
        project=NormalizedName("pandas"),
        version=Version("3.0.6"),
        newest=Version("3.1.1"),
        uploaded=None,
        months=2.0,
        root=True,
        for_wheel=False,
        possible=False,
        cost=story,
    )
    assert _against(held) == ("c.txt:2 constrains numpy to <2.",)
