"""The real host: programs that hang, shout, flee and cannot be started; files that are no files."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from planner.probes.host import LocalHost
from planner.probes.parallel import side_by_side
from planner.probes.port import OUTPUT_LIMIT, NotRun, Ran

TIMEOUT = 0.4
HANGS = f"took longer than {TIMEOUT:g} s and was killed"

posix = pytest.mark.skipif(sys.platform == "win32", reason="process groups")
pytestmark = posix


@pytest.fixture
def host():
    return LocalHost({"PATH": os.defpath, "HOME": "/nowhere"}, timeout=TIMEOUT)


def script(text):
    return ["/bin/sh", "-c", text]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that was killed and whose parent is gone may wait for init; it runs no more.
    state = LocalHost({}).read(f"/proc/{pid}/stat") or b""
    return b") Z " not in state and state != b""


def timed(host, argv):
    start = time.monotonic()
    answer = host.run(argv)
    return answer, time.monotonic() - start


def test_an_ordinary_program(host):
    answer, seconds = timed(host, script("echo out; echo err >&2; exit 3"))
    assert answer == Ran(3, "out\n", "err\n")
    assert seconds < TIMEOUT + 4


def test_a_program_that_ignores_sigterm_and_its_children_are_dead_afterwards(host, tmp_path):
    pids = tmp_path / "pids"
    text = f"trap '' TERM HUP INT; sleep 60 & echo $! > {pids}; echo $$ >> {pids}; while :; do sleep 60; done"
    answer, seconds = timed(host, script(text))
    assert answer == NotRun(HANGS)
    assert seconds < TIMEOUT + 4
    time.sleep(0.05)
    assert not any(is_alive(int(pid)) for pid in pids.read_text().split())


def test_a_grandchild_that_holds_the_pipe_does_not_hold_us(host, tmp_path):
    pid = tmp_path / "pid"
    answer, seconds = timed(host, script(f"sleep 60 & echo $! > {pid}; echo 550.54.15"))
    assert answer == Ran(0, "550.54.15\n", "")
    assert seconds < TIMEOUT + 4
    time.sleep(0.05)
    assert not is_alive(int(pid.read_text()))


def test_a_grandchild_that_flees_its_session_does_not_hold_us(host, tmp_path):
    flee = "import os, time; os.fork() or (os.setsid(), time.sleep(0.8)); print('said', flush=True)"
    threads = threading.active_count()
    answer, seconds = timed(host, [sys.executable, "-I", "-S", "-c", flee])
    assert answer == Ran(0, "said\n", "")
    assert seconds < TIMEOUT + 4
    for _ in range(60):  # until its reader has closed the pipe
        if threading.active_count() <= threads:
            break
        time.sleep(0.02)


@pytest.mark.parametrize("stream", ["", " >&2"])
def test_endless_output_is_cut_and_the_program_killed(host, stream):
    answer, seconds = timed(host, script(f"yes 0123456789012345678901234567890123456789{stream}"))
    assert answer == NotRun(f"printed more than {OUTPUT_LIMIT >> 10} KiB and was killed")
    assert seconds < TIMEOUT + 4


def test_bytes_that_are_no_utf8(host):
    assert host.run(script(r"printf '\377\376ok'")) == Ran(0, "\ufffd\ufffdok", "")


def test_a_program_that_closes_its_output_and_stays(host):
    assert host.run(script("exec >&- 2>&-; sleep 60")) == NotRun(HANGS)


def test_stdin_is_closed(host):
    assert host.run(script("cat; echo end")) == Ran(0, "end\n", "")


def test_versions_are_asked_in_english_and_rustup_downloads_nothing(host):
    answer = host.run(script('echo "$LC_ALL $RUSTUP_AUTO_INSTALL"'))
    assert answer == Ran(0, "C 0\n", "")


def test_programs_run_in_the_root_folder_unless_told(host, tmp_path):
    assert host.run(script("pwd")) == Ran(0, "/\n", "")
    assert host.run(script("pwd -P"), cwd=str(tmp_path)) == Ran(0, f"{tmp_path.resolve()}\n", "")
    assert host.run(script("pwd"), cwd=str(tmp_path / "gone")) == Ran(0, "/\n", "")


@pytest.mark.parametrize(
    "argv",
    [["/nowhere/at/all"], ["/"], ["/etc/passwd"], ["/bin/sh\0"], ["/bin/sh", "-c", "x" * 3_000_000]],
    ids=["missing", "folder", "no-program", "nul", "too-long"],
)
def test_what_cannot_be_started_is_a_value(host, argv):
    answer = host.run(argv)
    assert isinstance(answer, NotRun)
    assert answer.why.startswith("could not be started")


def test_a_file_with_no_interpreter_is_a_value(host, tmp_path):
    program = tmp_path / "broken"
    program.write_bytes(b"\x7fELF garbage")
    program.chmod(0o755)
    assert isinstance(host.run([str(program)]), NotRun)


def test_many_programs_that_hang_take_turns_but_each_is_bounded(host):
    start = time.monotonic()
    calls = {n: lambda: host.run(script("sleep 60")) for n in range(8)}
    answers = side_by_side(calls, seconds=3)
    assert set(answers.values()) == {NotRun(HANGS)}
    assert time.monotonic() - start < TIMEOUT + 4


def test_few_file_descriptors_are_shared_in_turns():
    """A limit of 24 holds one or two children at a time; every one of twelve is answered."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))\n"
        "from planner.probes.host import LocalHost\n"
        "from planner.probes.parallel import side_by_side\n"
        "host = LocalHost({})\n"
        "calls = {n: lambda: host.run(['/bin/sh', '-c', 'echo ok']) for n in range(12)}\n"
        "print({str(answer) for answer in side_by_side(calls, seconds=9).values()})\n"
    )
    root = str(Path(__file__).parents[2])
    answer = LocalHost({}, timeout=9).run([sys.executable, "-c", code], cwd=root)
    assert answer == Ran(0, "{" + repr(str(Ran(0, "ok\n", ""))) + "}\n", "")


def test_files(host, tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    assert host.read(str(tmp_path / "file")) == b"0123456789"
    assert host.read(str(tmp_path / "file"), 4) == b"0123"
    assert host.read(str(tmp_path)) is None
    assert host.read(str(tmp_path / "none")) is None
    assert host.read("a\0b") is None
    assert host.listdir(str(tmp_path)) == ("file",)
    assert host.listdir(str(tmp_path / "none")) == ()
    assert host.exists(str(tmp_path / "file"))
    assert not host.is_program(str(tmp_path / "file"))
    assert not host.is_program("a\0b")
    assert host.disk_free(str(tmp_path)) > 0
    assert host.disk_free(str(tmp_path / "none")) is None


def test_a_pipe_is_not_waited_for(host, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert host.read(str(tmp_path / "pipe")) is None


def test_a_device_is_not_read(host):
    assert host.read("/dev/zero") is None


def test_a_huge_file_is_read_up_to_the_limit(host, tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 30)
    assert len(host.read(str(tmp_path / "huge"))) == OUTPUT_LIMIT


def test_a_folder_in_which_everybody_may_write(host, tmp_path):
    tmp_path.chmod(0o777)
    assert host.is_open(str(tmp_path))
    tmp_path.chmod(0o1777)
    assert not host.is_open(str(tmp_path))
    tmp_path.chmod(0o755)
    assert not host.is_open(str(tmp_path))


def test_the_system_is_told_without_a_program(host):
    system = host.system
    assert system.os in ("linux", "darwin", "windows")
    assert system.python == sys.executable
    assert system.cpus
