"""Shared by all tests: a sealed process, and the command line run in it."""

from __future__ import annotations

import compileall
import functools
import gc
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from planner import arguments
from planner.reader import SdistReader
from planner.sdist import READER

ROOT = Path(__file__).resolve().parent.parent
MACHINE = ROOT / "tests" / "cases" / "web" / "machine.toml"
PARSER = functools.cache(arguments.parser)  # it keeps nothing of a run, and is made once for all of them


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package once, before xdist's workers start: they and the processes of the tests only read it.

    The children that read sdists write no file, and would compile what they import each time. Garbage is
    looked for less often: thousands of collected tests are looked through each time (8 % of the time of all).
    """
    gc.set_threshold(100_000, 20, 100)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        compileall.compile_dir(ROOT / "planner", quiet=2)


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No network but loopback, no settings of this machine, a home and a current folder of its own."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name not in ("PATH", "TMPDIR", "SYSTEMROOT", "PYTEST_CURRENT_TEST") and not name.startswith("COV"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(home))
    connect = socket.socket.connect

    def only_loopback(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and host not in ("127.0.0.1", "::1"):
            raise AssertionError(f"a test connects to {address}")
        connect(self, address)

    def no_names(host: Any, *args: Any, **keys: Any) -> Any:
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test looks up {host}")
        return resolve(host, *args, **keys)

    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket.socket, "connect", only_loopback)
    monkeypatch.setattr(socket, "getaddrinfo", no_names)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@dataclass(frozen=True)
class Ran:
    """What a run of the command line left."""

    code: int
    out: str
    err: str


class Wheelplan(Protocol):
    """The command line as a function."""

    def __call__(self, *words: str | Path) -> Ran: ...


@dataclass
class Lent:
    """The session's reader of sdists as one run has it: what the run closes, the next one goes on with."""

    reader: SdistReader
    read: Callable[..., Any] = field(init=False)
    expect: Callable[[], None] = field(init=False)
    closed: bool = False

    def __post_init__(self) -> None:
        self.read, self.expect = self.reader.read, self.reader.expect

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="session")
def sdists() -> Iterator[SdistReader]:
    """One reader with its processes for all runs in this process: to start a child takes 0.2 s each time.

    Runs in processes of their own have their own one (`tests/faults`, `tests/test_check_cli.py`, …), and what
    it does is tested in `tests/test_reader.py`. Here nothing is read without a process.
    """

    def here(*_: Any) -> Any:
        raise AssertionError("an sdist is read in this process")

    reader = SdistReader(here, reader=READER, environ=os.environ)
    yield reader
    reader.close()


@pytest.fixture(scope="session")
def system_trust() -> Callable[[Any], Any]:
    """`tls_context` that reads the system's certificates once (30 ms); others are read each time."""
    from planner.indexes.fetch import tls_context  # noqa: PLC0415 (other tests do without it)
    from planner.indexes.network import Network  # noqa: PLC0415

    system = tls_context(Network())
    return lambda network: tls_context(network) if network.ca_bundle else system


@pytest.fixture
def wheelplan(
    sealed: Path,
    sdists: SdistReader,
    system_trust: Callable[[Any], Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Wheelplan]:
    """The command line, in this process: `wheelplan("check", …)`; a `SystemExit` of argparse is a code too."""
    from planner.cli import main  # noqa: PLC0415 (other tests do without it)

    lent: list[Lent] = []

    def lend(*_: Any) -> Lent:
        lent.append(Lent(sdists))
        return lent[-1]

    monkeypatch.setattr("planner.supply.sdist_reader", lend)
    monkeypatch.setattr("planner.arguments.parser", PARSER)
    monkeypatch.setattr("planner.indexes.fetch.tls_context", system_trust)
    monkeypatch.setattr("os.fsync", lambda _: None)

    def run(*words: str | Path) -> Ran:
        capsys.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    yield run
    assert all(one.closed for one in lent), "a run left its reader open"
