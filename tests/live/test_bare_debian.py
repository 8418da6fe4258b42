"""Real source builds on a bare Debian 12; root, debootstrap and the network: `pytest -m live`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bare_build import Terms, build, minimal
from bare_machine import Cache

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def cache() -> Cache:
    place = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wheelplan-bare"
    made = Cache(Path(os.environ.get("WHEELPLAN_BARE_CACHE", place)))
    made.make()
    return made


def test_a_bare_machine_has_python_and_no_compiler(cache: Cache) -> None:
    with cache.machine() as machine:
        ran = machine.run("/v/bin/python -V; command -v gcc cc make pkg-config; true", limit=60)
    assert ran.code == 0
    assert ran.text.splitlines() == [ran.text.strip()]
    assert ran.text.startswith("Python 3.11.")


def test_nothing_of_a_machine_is_kept(cache: Cache) -> None:
    with cache.machine() as machine:
        assert machine.run("touch /left", limit=60).code == 0
    with cache.machine() as machine:
        assert machine.run("test ! -e /left", limit=60).code == 0


def test_the_time_limit_ends_everything(cache: Cache) -> None:
    with cache.machine() as machine:
        ran = machine.run("sleep 600 & sleep 600", limit=2)
    assert ran.code == 124
    assert ran.seconds < 30


def test_a_c_extension_fails_on_the_bare_machine_and_builds_with_the_minimal_set(cache: Cache) -> None:
    found = minimal(
        cache, "cffi==2.1.1", ["g++", "python3-dev", "pkg-config", "libffi-dev"], Terms(limit=300)
    )
    assert found.bare.outcome == "fail"
    assert found.least.outcome == "ok"
    assert set(found.least.packages) == {"gcc", "python3-dev", "libffi-dev"}


def test_an_optional_extension_is_missed(cache: Cache) -> None:
    full = build(cache, "setproctitle==1.3.8", ["gcc", "python3-dev"], Terms(limit=300))
    bare = build(cache, "setproctitle==1.3.8", [], Terms(limit=300), fullest=full.shared)
    assert (full.outcome, bare.outcome) == ("ok", "ok-degraded")


def test_a_package_that_debian_lacks_is_said(cache: Cache) -> None:
    assert build(cache, "cffi==2.1.1", ["no-such-package"], Terms(limit=60)).outcome == "not-installable"
