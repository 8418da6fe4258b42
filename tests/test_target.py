"""Which machine a run plans for, and what is asked of it later."""

import os
from datetime import datetime, timezone

import pytest

from planner import target
from planner.facts import NOWHERE, Absent, Known, Machine, Unknown
from planner.machinefile import dumps_toml, loads
from planner.probes.fingerprint import fingerprint
from planner.probes.port import Ran
from planner.probes.recorded import RecordedHost
from planner.request import MachineRequest, World

MACHINES = os.path.join(os.path.dirname(__file__), "machines")  # noqa: PTH118, PTH120 (a string is wanted)
WORLD = World(environ={}, cwd="/project", stdin=bytes, now=datetime.now(timezone.utc), monotonic=lambda: 0.0)


@pytest.fixture
def host(monkeypatch):
    """A bare Debian with gcc, in place of this machine."""
    recorded = RecordedHost.load(f"{MACHINES}/debian-12-gcc.toml")
    monkeypatch.setattr("planner.probes.host.LocalHost", lambda _: recorded)
    return recorded


def machine_of(*assume):
    return target.machine_for(MachineRequest(assume=assume), WORLD)


def test_what_builds_need_is_asked_later(host):
    machine = machine_of()
    assert "header:zlib.h" not in machine.facts
    found = target.look_locally(
        MachineRequest(), WORLD, machine, ["header:zlib.h", "library:pq", "program:gcc"]
    )
    assert found == {
        "header:zlib.h": Known("", "/usr/include/zlib.h"),
        "library:pq": Absent(NOWHERE["library"]),
    }


def test_candidates_are_asked_of_the_machines_manager(host, monkeypatch):
    runs = {
        **host.runs,
        ("/usr/bin/apt-cache", "policy", "libpq-dev"): Ran(0, "libpq-dev:\n  Candidate: 15.8-0\n"),
    }
    fields = {name: getattr(host, name) for name in RecordedHost.__slots__}
    monkeypatch.setattr("planner.probes.host.LocalHost", lambda _: RecordedHost(**{**fields, "runs": runs}))
    found = target.look_locally(MachineRequest(), WORLD, machine_of(), [], ["libpq-dev"])
    assert found == {"candidate:libpq-dev": Known("15.8", "apt-cache: 15.8-0")}
    other = machine_of("distro-version=11")
    assert target.look_locally(MachineRequest(), WORLD, other, [], ["libpq-dev"]) == {}
    assumed = machine_of("candidate:libpq-dev=13.1")
    assert target.look_locally(MachineRequest(), WORLD, assumed, [], ["libpq-dev"]) == {}


@pytest.mark.parametrize("request_", [MachineRequest(file="m.toml"), MachineRequest(platform="macos")])
def test_another_machine_is_not_asked(host, request_):
    assert target.look_locally(request_, WORLD, machine_of(), ["header:zlib.h"], ["gcc"]) == {}


def test_an_assumed_system_is_not_asked(host):
    assert target.look_locally(MachineRequest(), WORLD, machine_of("os=darwin"), ["header:zlib.h"]) == {}


def test_what_is_assumed_is_not_asked(host):
    machine = machine_of("header:zlib.h=")
    assert machine.fact("header:zlib.h") == Absent("--assume")
    assert target.look_locally(MachineRequest(), WORLD, machine, ["header:zlib.h"]) == {}


def test_a_probe_that_crashes_leaves_things_unknown(host, monkeypatch):
    def crash(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("planner.probes.development.look", crash)
    machine = machine_of()
    found = target.look_locally(MachineRequest(), WORLD, machine, ["header:zlib.h"])
    assert found == {}
    assert isinstance(machine.fact("header:zlib.h"), Unknown)


def test_a_saved_machine_carries_all_that_builds_may_ask(host, monkeypatch):
    asked = (["header:zlib.h", "header:ffi.h", "cmake:ZLIB", "program:dot"], {"apt": ("no-such-package",)})
    monkeypatch.setattr(target, "everything", lambda: asked)
    machine = target.machine_for(MachineRequest(), WORLD, whole=True)
    assert machine.fact("header:zlib.h") == Known("", "/usr/include/zlib.h")
    assert machine.fact("header:ffi.h") == Absent(NOWHERE["header"])
    assert machine.fact("program:dot") == Absent(NOWHERE["program"])
    assert not any(name.startswith(("cmake:", "candidate:")) for name in machine.facts)
    assert loads(dumps_toml(machine), "m.toml") == machine


def test_everything_that_the_tables_speak_of():
    subjects, packages = target.everything()
    assert all(":" in subject for subject in subjects)
    assert {"apt", "dnf", "yum", "apk"} <= set(packages)
    assert not any("(" in name or ":" in name for names in packages.values() for name in names)


def test_a_machine_of_which_a_probe_fails_has_unknown_things():
    recorded = RecordedHost.load(f"{MACHINES}/debian-12-gcc.toml")

    class Broken(RecordedHost):
        def read(self, path, limit=0):
            if path.endswith(".pc"):
                raise ZeroDivisionError
            return super().read(path, limit)

    broken = Broken(**{name: getattr(recorded, name) for name in RecordedHost.__slots__})
    machine = fingerprint(broken, subjects=["pkg-config:zlib", "header:zlib.h", "cmake:ZLIB"])
    assert isinstance(machine, Machine)
    assert machine.fact("pkg-config:zlib").why.startswith("the probe failed")
    assert "cmake:ZLIB" not in machine.facts
