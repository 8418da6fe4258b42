"""Programs on PATH, and the entries of PATH from which nothing is run."""

import pytest

from planner.facts import Absent, Unknown
from planner.probes.port import System
from planner.probes.recorded import RecordedHost
from planner.probes.search import find, folders, shown, within


def machine(path, programs, *, cwd="/home/user/app", os="linux", open_folders=(), **environ):
    home = {"USERPROFILE": "C:\\Users\\user"} if os == "windows" else {"HOME": "/home/user"}
    return RecordedHost(
        system=System(os=os, machine="x86_64", cwd=cwd),
        environ={"PATH": path, **home, **environ},
        programs=frozenset(programs),
        open=frozenset(open_folders),
    )


def test_the_first_entry_wins():
    assert find(machine("/a:/b", ["/a/gcc", "/b/gcc"]), "gcc") == "/a/gcc"
    assert find(machine("/b:/a", ["/a/gcc", "/b/gcc"]), "gcc") == "/b/gcc"
    assert find(machine("/a:/b", []), "gcc") == Absent("not on PATH")
    assert find(machine("", []), "gcc") == Absent("not on PATH")


@pytest.mark.parametrize(
    ("path", "program", "why"),
    [
        ("bin:/usr/bin", "/home/user/app/bin/gcc", "a relative entry of PATH"),
        (":/usr/bin", "/home/user/app/gcc", "a relative entry of PATH"),
        (".:/usr/bin", "/home/user/app/gcc", "a relative entry of PATH"),
        ("/home/user/app/tools", "/home/user/app/tools/gcc", "a folder of this project"),
        ("/home/user/x/../app", "/home/user/app/gcc", "a folder of this project"),
        ("/shared", "/shared/gcc", "a folder in which everybody may write"),
    ],
)
def test_dangerous_entries_are_not_searched(path, program, why):
    host = machine(path, [program], open_folders=["/shared"])
    found = find(host, "gcc")
    assert isinstance(found, Unknown)
    assert why in found.why
    assert not any(program.startswith(folder) for folder in folders(host))


def test_a_safe_hit_after_a_dangerous_one_is_taken():
    assert find(machine(".:/usr/bin", ["/home/user/app/gcc", "/usr/bin/gcc"]), "gcc") == "/usr/bin/gcc"


def test_an_environment_that_was_activated_is_trusted():
    host = machine(
        "/home/user/app/.venv/bin", ["/home/user/app/.venv/bin/cmake"], VIRTUAL_ENV="/home/user/app/.venv"
    )
    assert find(host, "cmake") == "/home/user/app/.venv/bin/cmake"


@pytest.mark.parametrize("cwd", ["/", "/home/user", ""])
def test_a_root_or_home_folder_is_no_project(cwd):
    assert find(machine("/home/user/.cargo/bin", ["/home/user/.cargo/bin/cargo"], cwd=cwd), "cargo")


def test_windows():
    host = machine("C:\\tools;bin", ["C:\\tools\\cmake.exe"], os="windows", cwd="C:\\app")
    assert find(host, "cmake") == "C:\\tools\\cmake.exe"
    assert isinstance(
        find(machine("bin", ["C:\\app\\bin\\cl.exe"], os="windows", cwd="C:\\app"), "cl"), Unknown
    )
    assert isinstance(find(machine("C:\\a", ["C:\\a\\x.bat"], os="windows", cwd="C:\\app"), "x"), Absent)


def test_shown_hides_the_home_folder():
    host = machine("", [])
    assert shown(host, "/home/user/.cargo/bin") == "~/.cargo/bin"
    assert shown(host, "/home/user2/x") == "/home/user2/x"
    assert shown(machine("", [], os="windows"), "C:\\Users\\user\\x") == "~\\x"


def test_within():
    host = machine("", [])
    assert within(host, "/a/b", "/a")
    assert within(host, "/a", "/a/")
    assert not within(host, "/ab", "/a")
    assert not within(host, "/a/../b", "/a")
    assert not within(host, "/a", "")
    assert within(host, "/a", "/")
