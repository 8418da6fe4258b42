"""The reader at arm's length: it answers as the one inside, and survives what archives do to its children."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from planner.dists import Reason, Refusal, SdistReading
from planner.reader import SdistReader, worker_command
from planner.sdist import READER
from planner.sdist.reading import read_sdist
from tests.conftest import ROOT
from tests.sdist.conftest import DEMO, LINUX_311, make_targz, make_zip

MEMBERS = {
    "PKG-INFO": "Metadata-Version: 2.2\nName: demo\nVersion: 1.0\nRequires-Dist: six\n",
    "setup.py": "from setuptools import setup, Extension\nsetup(ext_modules=[Extension('x', ['x.c'])])\n",
    "x.c": "#include <zlib.h>\n",
}
GOOD = make_targz(MEMBERS)


@dataclass
class Make:
    """Makes readers, and watches over the processes that they start."""

    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    made: list[SdistReader] = field(default_factory=list)

    def __call__(self, here: Any = None, **options: Any) -> SdistReader:
        self.made.append(SdistReader(here or not_here, reader=READER, environ={}, **options))
        return self.made[-1]


def not_here(*_: Any) -> Any:
    raise AssertionError("read in this process")


@pytest.fixture
def make() -> Iterator[Make]:
    """Readers, closed in the end; nothing of their children may be left then."""
    make = Make()
    popen = subprocess.Popen

    def watched(*args: Any, **keys: Any) -> Any:
        make.started.append(popen(*args, **keys))
        return make.started[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planner.reader.subprocess.Popen", watched)
        yield make
        for one in make.made:
            one.close()
    assert all(child.returncode is not None for child in make.started)


@pytest.fixture(scope="module")
def honest() -> Iterator[SdistReader]:
    """A reader as it is, for the tests that care for answers alone."""
    with contextlib.closing(SdistReader(not_here, reader=READER, environ={}, children=1)) as reader:
        yield reader


def read(reader: SdistReader, data: Any = GOOD, filename: str = "demo-1.0.tar.gz") -> SdistReading | Refusal:
    return reader.read(filename, data, DEMO, Version("1.0"), LINUX_311)


def worker(code: str) -> tuple[str, ...]:
    """A worker with some code of a test's own before it serves."""
    command = worker_command()
    boot = command[4].replace("; serve()", "")
    return (*command[:4], f"{boot}\n{code}\n", *command[5:])


def reading_as(body: str) -> tuple[str, ...]:
    """A worker that does something else on archives named `bad-…`."""
    code = (
        "import os, time, signal, planner.sdist.worker as w\nhonest = w.read_sdist\n"
        "def odd(filename, *rest):\n    if filename.startswith('bad'):\n"
        f"        {body}\n    return honest(filename, *rest)\nw.read_sdist = odd\nserve()"
    )
    return worker(code)


def ends(pid: int) -> bool:
    """Whether a process ends within a few seconds."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    "data",
    [GOOD, make_zip(MEMBERS), b"", b"<html>", GOOD[:200], make_targz({"pyproject.toml": "["}), GOOD + b"x"],
    ids=["tar", "zip", "empty", "html", "cut", "toml", "more"],
)  # fmt: skip
def test_it_answers_as_the_reader_inside(honest: SdistReader, data: Any) -> None:
    assert read(honest, data) == read_sdist("demo-1.0.tar.gz", data, DEMO, Version("1.0"), LINUX_311)


def test_files_and_versions_that_no_name_tells(honest: SdistReader, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(GOOD)
    with (tmp_path / "x").open("rb") as file:
        found = honest.read("demo.tar.gz", file, DEMO, None, LINUX_311)
    assert isinstance(found, SdistReading)
    assert found.metadata.version == Version("1.0")
    assert found.inspection is not None


def test_large_archives_pass_through(honest: SdistReader) -> None:
    data = make_targz({"data.bin": os.urandom(6 << 20), **MEMBERS})
    assert isinstance(read(honest, data), SdistReading)
    assert read(honest, data[:-5000]).__class__ is Refusal


def test_one_child_serves_many_archives(make: Make) -> None:
    reader = make(children=1)
    assert all(isinstance(read(reader), SdistReading) for _ in range(20))
    assert len(make.started) == 1


def test_many_threads_share_two_children(make: Make) -> None:
    reader = make(children=2)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: read(reader), range(40)))
    assert {type(one) for one in found} == {SdistReading}
    assert 1 <= len(make.started) <= 2


def test_no_child_is_started_before_an_archive_is_expected(make: Make) -> None:
    reader = make()
    assert make.started == []
    reader.expect()
    reader.expect()
    assert isinstance(read(reader), SdistReading)
    assert len(make.started) == 1


def test_an_archive_that_hangs_is_given_up(make: Make) -> None:
    reader = make(command=reading_as("time.sleep(60)"), seconds=0.6, children=1)
    assert isinstance(read(reader), SdistReading)
    start = time.monotonic()
    found = read(reader, filename="bad-1.0.tar.gz")
    assert time.monotonic() - start < 10
    assert found == Refusal(
        filename="bad-1.0.tar.gz",
        reason=Reason.METADATA,
        detail="reading it took longer than 0.6 s and was given up",
        id="archive-timeout",
    )
    assert isinstance(read(make(children=1)), SdistReading)


def test_a_child_that_neither_reads_nor_answers_is_given_up(make: Make) -> None:
    reader = make(command=reading_as("signal.pause()"), seconds=0.6, children=1)
    found = read(reader, os.urandom(8 << 20), filename="bad-1.0.tar.gz")
    assert isinstance(found, Refusal)
    assert found.id == "archive-timeout"


def test_a_child_that_dies_costs_one_archive(make: Make) -> None:
    deaths = {
        "bad_kill-1.0.tar.gz": ("os.kill(os.getpid(), signal.SIGKILL)", "signal 9"),
        "bad_fault-1.0.tar.gz": ("os.kill(os.getpid(), signal.SIGSEGV)", "signal 11"),
        "bad_exit-1.0.tar.gz": ("os._exit(3)", "exit code 3"),
    }
    code = {name: death for name, (death, _) in deaths.items()}
    reader = make(command=reading_as(f"exec({code!r}[filename])"), children=1)
    for filename, (_, how) in deaths.items():
        found = read(reader, filename=filename)
        assert isinstance(found, Refusal)
        assert (found.id, found.detail) == ("archive-crash", f"the process that read it died ({how})")
        assert isinstance(read(reader), SdistReading)
    assert len(make.started) == 1 + len(deaths)


def test_a_child_that_died_idle_is_replaced(make: Make) -> None:
    reader = make(children=1)
    assert isinstance(read(reader), SdistReading)
    [child] = make.started
    child.kill()
    child.wait()
    assert isinstance(read(reader), SdistReading)


def test_an_error_of_ours_costs_one_archive(make: Make) -> None:
    reader = make(command=reading_as("{}['x']"), children=1)
    found = read(reader, filename="bad-1.0.tar.gz")
    assert isinstance(found, Refusal)
    assert (found.id, found.detail) == ("archive-crash", "wheelplan failed to read it (KeyError)")
    assert isinstance(read(reader), SdistReading)
    assert len(make.started) == 1


def test_answers_that_are_none_are_not_believed(make: Make) -> None:
    answers = ["b'[]'", "b'{'", "b'{}'", "b'[' * 90000", "b'\\xff'"]
    code = (
        "import os, json\nimport planner.sdist.worker as w\n"
        f"answers = iter([{', '.join(answers)}])\n"
        "class Odd:\n    def __getattr__(self, name): return getattr(json, name)\n"
        "    def dumps(self, value): return next(answers).decode('latin-1')\n"
        "w.json = Odd()\nserve()"
    )
    reader = make(command=worker(code), children=1)
    for answer in answers:
        found = read(reader)
        assert isinstance(found, Refusal), answer
        assert found.id == "archive-crash", answer
        assert "an answer that is none" in found.detail, answer


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
def test_memory_has_a_limit(make: Make) -> None:
    reader = make(command=worker("serve(memory=16 << 20)"), children=1)
    assert isinstance(read(reader), SdistReading)
    found = read(reader, make_zip({"data.bin": os.urandom(24 << 20), **MEMBERS}))
    assert isinstance(found, Refusal)
    assert (found.id, found.detail) == ("archive-crash", "reading it takes more memory than an archive may")
    assert isinstance(read(reader), SdistReading)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of the system are POSIX's")
def test_a_child_that_nobody_watches_ends_too(make: Make) -> None:
    command = reading_as("w._allow(-1)\n        while True: pass")
    found = read(make(command=command, children=1), filename="bad-1.0.tar.gz")
    assert isinstance(found, Refusal)
    assert (found.id, found.detail) == (
        "archive-crash",
        f"the process that read it died (signal {int(signal.SIGXCPU)})",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="limits of the system are POSIX's")
def test_the_child_can_write_no_file(make: Make, tmp_path: Path) -> None:
    target = tmp_path / "written"
    code = f"open({str(target)!r}, 'wb', 0).write(b'x' * 99)"
    reader = make(command=reading_as(code), children=1)
    found = read(reader, filename="bad-1.0.tar.gz")
    assert isinstance(found, Refusal)
    assert not target.exists() or target.read_bytes() == b""


def test_what_a_child_prints_is_no_answer(make: Make) -> None:
    reader = make(command=reading_as("print('x' * 100_000, flush=True); os.write(2, b'y' * 100_000)"))
    assert isinstance(read(reader, filename="bad-1.0.tar.gz"), SdistReading)


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "-c", "raise SystemExit(1)"),
        (sys.executable, "-c", "print('another program')"),
        ("/nowhere/python",),
        ("",),
    ],
)
def test_where_no_child_can_be_started_one_reads_here_and_says_so(
    make: Make, command: tuple[str, ...]
) -> None:
    notes: list[str] = []
    reader = make(read_sdist, command=command, warn=notes.append)
    reader.expect()
    assert isinstance(read(reader), SdistReading)
    assert isinstance(read(reader), SdistReading)
    assert len(notes) == 1
    assert notes[0].startswith("sdists are read without a process of their own")


def test_a_worker_of_another_version_is_not_used() -> None:
    reader = SdistReader(read_sdist, reader="0", environ={})
    with contextlib.closing(reader):
        assert isinstance(read(reader), SdistReading)


def test_closing_ends_children_at_work(make: Make) -> None:
    reader = make(command=reading_as("time.sleep(60)"), children=2)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(read(reader, filename="bad-1.0.tar.gz")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for _ in range(300):
        if len(make.started) == 2:
            break
        time.sleep(0.02)
    start = time.monotonic()
    reader.close()
    for thread in threads:
        thread.join(5)
    assert time.monotonic() - start < 5
    assert [(type(one), one.id) for one in found] == [(Refusal, "archive-crash")] * 4
    assert all(ends(child.pid) for child in make.started)
    assert isinstance(read(reader), Refusal)
    reader.close()


SLOW = """
import sys, time
sys.path.insert(0, {root!r})
from packaging.version import Version
from planner.reader import SdistReader, worker_command
from planner.sdist import READER
command = worker_command()
boot = command[4].replace("serve()", "import time, planner.sdist.worker as w; w.read_sdist = lambda *_: time.sleep(60); serve()")
reader = SdistReader(None, reader=READER, environ={{}}, command=(*command[:4], boot, *command[5:]))
import subprocess
popen = subprocess.Popen
def told(*args, **keys):
    child = popen(*args, **keys)
    print(child.pid, flush=True)
    return child
subprocess.Popen = told
try:
    reader.read("x.tar.gz", b"", "x", None, {{}})
finally:
    {finally_}
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize(
    ("signal_", "finally_"),
    [(signal.SIGINT, "reader.close()"), (signal.SIGINT, "pass"), (signal.SIGKILL, "pass")],
)
def test_no_child_outlives_an_interrupted_run(signal_: signal.Signals, finally_: str) -> None:
    code = SLOW.format(root=str(ROOT), finally_=finally_)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as run:
        assert run.stdout is not None
        child = int(run.stdout.readline())
        time.sleep(0.15)
        start = time.monotonic()
        run.send_signal(signal_)
        run.wait(10)
        assert time.monotonic() - start < 3
        if finally_ != "pass":
            assert ends(child)
        else:  # its pipes are closed: it ends when it next looks at them
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


HOOK = """
import sys
from os import _exit
own = ("planner", "packaging", "tomli")
def hook(event, args):
    if not armed:
        return
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork", "os.forkpty"):
        _exit(91)
    if event.startswith(("socket.", "shutil.", "tempfile.", "os.remove", "os.rename", "os.mkdir", "os.chmod")):
        _exit(92)
    if event == "open" and (isinstance(args[1], str) and set(args[1]) & set("wax+") or (args[2] or 0) & 3):
        _exit(93)
    if event == "open" and not str(args[0]).startswith(prefixes):
        _exit(94)
    if event == "import" and args[0].split(".")[0] not in own and args[0].split(".")[0] not in sys.stdlib_module_names:
        _exit(95)
    if event == "exec" and not getattr(args[0], "co_filename", "").startswith((*prefixes, "<frozen")):
        _exit(96)
armed = False
sys.addaudithook(hook)
import planner.sdist.worker as w
prefixes = (sys.prefix, sys.base_prefix, *sys.path)
honest = w.read_sdist
def watched(*args):
    global armed
    armed = True
    try:
        if args[0].startswith("bad"):
            BAD
        return honest(*args)
    finally:
        armed = False
w.read_sdist = watched
serve()
"""
TRAP = """
import os, sys, subprocess, trap_module
from trap_package import *
exec("import trap_a"); eval("__import__('trap_b')"); compile("trap", "x", "exec")
os.system("touch trap"); subprocess.run(["touch", "trap"]); open("trap", "w").write("x"); __import__("trap_c")
from setuptools import setup, Extension
setup(install_requires=["six"], version=open("/etc/passwd").read(), ext_modules=[Extension("x", ["x.c"])])
"""
TRAPS: list[Mapping[str, str]] = [
    {"setup.py": TRAP, "setup.cfg": "[options]\ninstall_requires = file: /etc/passwd\n", "x.c": "#include </etc/passwd>"},
    {"pyproject.toml": "[build-system]\nrequires=[]\nbackend-path=['.']\nbuild-backend='trap_module'\n", "trap_module.py": TRAP, "x.c": ""},
    {"pyproject.toml": "[build-system]\nrequires=['scikit-build-core']\nbuild-backend='scikit_build_core.build'\n",
     "CMakeLists.txt": "cmake_minimum_required(VERSION 3.18)\nproject(x CXX)\nexecute_process(COMMAND touch trap)\ninclude(/etc/passwd)\nfind_package(ZLIB REQUIRED)\n"},
    {"pyproject.toml": "[build-system]\nrequires=['meson-python']\nbuild-backend='mesonpy'\n",
     "meson.build": "project('x', 'c')\nrun_command('touch', 'trap')\ndependency('zlib')\n"},
    {"pyproject.toml": "[build-system]\nrequires=['maturin']\nbuild-backend='maturin'\n",
     "Cargo.toml": "[package]\nname='x'\nversion='1'\nbuild='build.rs'\n", "build.rs": "fn main() {}", "configure": "#!/bin/sh\ntouch trap\n"},
]  # fmt: skip


@pytest.fixture(scope="module")
def watched() -> Iterator[SdistReader]:
    """A reader whose one child dies of anything that it must not do."""
    command = worker(HOOK.replace("BAD", "pass"))
    reader = SdistReader(not_here, reader=READER, environ={}, children=1, command=command)
    with contextlib.closing(reader):
        yield reader


@pytest.mark.parametrize("members", TRAPS, ids=["setup", "backend", "cmake", "meson", "cargo"])
def test_nothing_of_an_sdist_runs_is_imported_or_opened_while_it_is_inspected(
    watched: SdistReader, members: Mapping[str, str]
) -> None:
    found = read(watched, make_targz(members))
    assert isinstance(found, SdistReading)
    assert found.inspection is not None


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("__import__('os').system('true')", 91),
        ("open('/etc/passwd', 'a')", 93),
        ("open('/etc/passwd')", 94),
        ("__import__('trap_module')", 95),
        ("exec('1', {})", 96),
    ],
)
def test_the_watch_over_the_child_bites(make: Make, bad: str, code: int) -> None:
    reader = make(command=worker(HOOK.replace("BAD", bad)), children=1)
    found = read(reader, filename="bad-1.0.tar.gz")
    assert isinstance(found, Refusal)
    assert found.detail == f"the process that read it died (exit code {code})"


def test_the_command_is_fixed_and_isolated() -> None:
    command = worker_command()
    assert command[:4] == (sys.executable, "-I", "-S", "-c")
    assert str(ROOT) in command[5:]
    assert all(Path(folder).is_absolute() for folder in command[5:])


def test_the_child_imports_little(make: Make) -> None:
    code = "import sys, json\nprint(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run(worker(code), capture_output=True, text=True, env={}, check=True)
    loaded = set(json.loads(ran.stdout))
    forbidden = {"httpx", "rich", "resolvelib", "tomlkit", "asyncio", "socket", "site", "tarfile", "zipfile"}
    assert not loaded & forbidden
    assert not {name for name in loaded if name.startswith(("planner.indexes", "planner.probes"))}
