"""A throw-away bare Debian 12 with Python 3.11 and no compiler, by debootstrap and overlayfs; judges nothing.

Needs root, Linux and debootstrap. The tree is made once in a cache folder; each `Machine` is an overlay on
it (a copy, where overlayfs cannot be mounted), with mount and process namespaces of its own, and is thrown
away afterwards. Downloads are kept in the cache, and what each set of packages adds to the tree (`layers`,
which may be deleted at any time); wheels that pip built are not.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PIP = "26.3"
COMPILERS = frozenset({"cc1", "cc1plus", "f951", "lto1", "lto1-wpa", "rustc", "ld", "as"})
# What a container image of Debian does too: no daemon starts, and dpkg does not wait for the disk.
POLICY = "#!/bin/sh\nexit 101\n"
UNSAFE_IO = "force-unsafe-io\n"
APT = "apt-get install -y -q --no-install-recommends -o DPkg::Use-Pty=0"

CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "CARGO_HTTP_CAINFO")

ENTER = r"""
set -e
root=$1; cache=$2; shift 2
if [ -n "$LOWER" ]; then
    mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$UPPER,workdir=$WORK" "$root"
fi
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in null zero full random urandom; do
    touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/shm"; mount -t tmpfs tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
home=$root/root
mkdir -p "$home/.cache/pip/http-v2" "$root/var/cache/apt/archives"
mount --bind "$cache/http" "$home/.cache/pip/http-v2"
mount --bind "$cache/debs" "$root/var/cache/apt/archives"
printf '%s' "$BINDS" | while IFS=: read -r from to; do
    mkdir -p "$root$to"; mount --bind "$from" "$root$to"
done
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
if [ -f "$cache/certificates.pem" ]; then cp "$cache/certificates.pem" "$root/etc/bare-certificates.pem"; fi
exec chroot "$root" /usr/bin/env -i "$@"
"""


@dataclass
class Ran:
    """A command in the machine: exit code (124: its time was over), its output, and what was measured."""

    code: int
    text: str
    seconds: float
    compiler_mib: int = 0
    compiler: str = ""


def index_settings() -> dict[str, str]:
    """How pip reaches its index on this machine: certificates, proxies and index addresses, no folders."""
    kept = {k: v for k, v in os.environ.items() if re.fullmatch(r"(?i)(https?|no|all)_proxy", k)}
    with suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(["pip", "config", "list"], capture_output=True, text=True, check=True).stdout
        for line in told.splitlines():
            match = re.fullmatch(r"(?:global|:env:)\.([a-z-]+)='(.*)'", line)
            names = {"index-url", "extra-index-url", "trusted-host", "proxy", "timeout"}
            if match and match[1] in names and "file:" not in match[2]:
                kept["PIP_" + match[1].replace("-", "_").upper()] = match[2]
    return kept


def certificates() -> Path | None:
    """The file of certificates that this machine trusts."""
    named = [os.environ.get(name, "") for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")]
    places = [Path(name) for name in (*named, "/etc/ssl/certs/ca-certificates.crt") if name]
    return next((place for place in places if place.is_file()), None)


class Cache:
    """The folder that holds the bare tree, layers with packages, and downloads."""

    def __init__(self, folder: Path, *, suite: str = "bookworm", mirror: str = "") -> None:
        self.folder, self.suite, self.mirror = folder.resolve(), suite, mirror
        for name in ("http", "debs", "layers", "runs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.settings = index_settings()
        found = certificates()
        if found:
            shutil.copyfile(found, self.folder / "certificates.pem")
        self.overlays = self._overlays()

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """One process at a time (apt's own lock fails at once where another holds it)."""
        with (self.folder / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _overlays(self) -> bool:
        """Can overlayfs be mounted over a folder of the cache?"""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            for part in ("l", "u", "w", "m"):
                Path(name, part).mkdir()
            options = f"lowerdir={name}/l,upperdir={name}/u,workdir={name}/w"
            mount = ["unshare", "-m", "mount", "-t", "overlay", "overlay", "-o", options, f"{name}/m"]
            return subprocess.run(mount, capture_output=True, check=False).returncode == 0

    def make(self) -> None:
        """Make the bare tree, if it is not there: debootstrap, Debian's updates, Python, and pip in `/v`."""
        with self.lock("tree"):
            if (self.folder / "tree.done").is_file():
                return
            shutil.rmtree(self.tree, ignore_errors=True)
            command = ["debootstrap", "--variant=minbase", self.suite, str(self.tree)]
            subprocess.run([*command, *([self.mirror] if self.mirror else [])], check=True)
            self._sources()
            (self.tree / "usr/sbin/policy-rc.d").write_text(POLICY)
            (self.tree / "usr/sbin/policy-rc.d").chmod(0o755)
            (self.tree / "etc/dpkg/dpkg.cfg.d/bare").write_text(UNSAFE_IO)
            bare = Machine(self, self.tree, ())
            steps = (
                f"apt-get update -q && apt-get upgrade -y -q && {APT} python3 python3-venv ca-certificates",
                f"python3 -m venv /v && /v/bin/pip install -q pip=={PIP}",
            )
            for step in steps:
                ran = bare.run(step, limit=900)
                if ran.code:
                    raise SystemExit(f"the bare tree could not be made: {ran.text[-3000:]}")
            (self.folder / "tree.done").touch()

    def _sources(self) -> None:
        """debootstrap names the suite alone; a real Debian has its updates and security fixes too."""
        file = self.tree / "etc/apt/sources.list"
        mirror = file.read_text().split()[1].rstrip("/")
        lines = [f"{mirror} {self.suite} main", f"{mirror} {self.suite}-updates main"]
        lines.append(f"{mirror}-security {self.suite}-security main")
        file.write_text("".join(f"deb {line}\n" for line in lines))

    def layers(self, packages: Sequence[str]) -> list[Path]:
        """Folders that hold what installing these packages adds to the bare tree, the topmost first."""
        wanted = frozenset(packages)
        below: list[Path] = []
        for first in (frozenset({"gcc", "python3-dev"}), frozenset({"g++", "python3-dev"})):
            if first < wanted:
                below = self.layers(sorted(first))
        if not wanted:
            return []
        name = hashlib.sha256(" ".join(sorted(wanted)).encode()).hexdigest()[:16]
        layer = self.folder / "layers" / name
        with self.lock(f"layers/{name}"):
            if not (self.folder / "layers" / f"{name}.done").is_file():
                shutil.rmtree(layer, ignore_errors=True)
                layer.mkdir()
                self._install(layer, below, sorted(wanted))
                (self.folder / "layers" / f"{name}.done").write_text(" ".join(sorted(wanted)) + "\n")
        return [layer, *below]

    def _install(self, layer: Path, below: list[Path], packages: list[str]) -> None:
        with tempfile.TemporaryDirectory(dir=self.folder / "runs") as work, self.lock("apt"):
            machine = Machine(self, Path(work, "m"), (*below, self.tree), upper=layer, work=Path(work, "w"))
            ran = machine.run(f"{APT} {shlex.join(packages)}", limit=900)
        if ran.code:
            raise NotInstallable(packages, ran.text)

    def prepared(self, command: str) -> Path:
        """A layer with what a command leaves on the bare tree; run once, kept by its words."""
        self.make()
        layer = self.folder / "layers" / hashlib.sha256(command.encode()).hexdigest()[:16]
        done = layer.with_name(f"{layer.name}.done")
        with self.lock(f"layers/{layer.name}"), tempfile.TemporaryDirectory(dir=self.folder / "runs") as work:
            if not done.is_file():
                shutil.rmtree(layer, ignore_errors=True)
                machine = Machine(self, Path(work, "m"), (self.tree,), upper=layer, work=Path(work, "w"))
                ran = machine.run(command, limit=900)
                if ran.code:
                    raise SystemExit(f"{command}: {ran.text[-3000:]}")
                done.write_text(f"{command}\n")
        return layer

    @contextmanager
    def over(self, layer: Path) -> Iterator[Machine]:
        """A fresh machine on a prepared layer."""
        with tempfile.TemporaryDirectory(dir=self.folder / "runs") as name:
            below = (layer, self.tree)
            yield Machine(self, Path(name, "m"), below, upper=Path(name, "u"), work=Path(name, "w"))

    @contextmanager
    def machine(self, packages: Sequence[str] = ()) -> Iterator[Machine]:
        """A fresh machine with these packages, thrown away at the end."""
        self.make()
        with tempfile.TemporaryDirectory(dir=self.folder / "runs") as name:
            root = Path(name, "m")
            if self.overlays:
                below = (*self.layers(packages), self.tree)
                yield Machine(self, root, below, upper=Path(name, "u"), work=Path(name, "w"))
                return
            subprocess.run(["cp", "-a", "--reflink=auto", str(self.tree), str(root)], check=True)
            machine = Machine(self, root, ())
            if packages:
                with self.lock("apt"):
                    ran = machine.run(f"{APT} {shlex.join(packages)}", limit=900)
                if ran.code:
                    raise NotInstallable(list(packages), ran.text)
            yield machine


class NotInstallable(Exception):  # noqa: N818 - what apt says of the packages, not a fault of ours
    """apt-get could not install these packages."""

    def __init__(self, packages: list[str], text: str) -> None:
        said = [line for line in text.splitlines() if line.startswith("E: ")]
        super().__init__(f"{' '.join(packages)}: {said[0] if said else text[-300:]}")


class Machine:
    """One tree to run commands in, as root, with the network of this machine."""

    def __init__(
        self,
        cache: Cache,
        root: Path,
        below: Sequence[Path],
        *,
        upper: Path | None = None,
        work: Path | None = None,
    ) -> None:
        self.cache, self.root, self.below, self.upper, self.work = cache, root, below, upper, work
        for folder in (root, upper, work):
            if folder:
                folder.mkdir(parents=True, exist_ok=True)

    def run(self, command: str, *, limit: float, binds: Mapping[Path, str] | None = None) -> Ran:
        """Run a shell command; everything it started dies with it or with its time.

        `binds` are folders of this machine, seen there under other names.
        """
        settings = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_COLOR": "1",
            **self.cache.settings,
        }
        if (self.cache.folder / "certificates.pem").is_file():
            settings |= dict.fromkeys(CERTIFICATES, "/etc/bare-certificates.pem")
        words = [f"{key}={value}" for key, value in settings.items()] + ["sh", "-c", command]
        enter = ["unshare", "-m", "-p", "-f", "--kill-child", "--propagation", "private"]
        enter += ["sh", "-c", ENTER, "enter", str(self.root), str(self.cache.folder), *words]
        mounts = {"LOWER": ":".join(map(str, self.below)), "UPPER": str(self.upper), "WORK": str(self.work)}
        mounts["BINDS"] = "".join(f"{place}:{name}\n" for place, name in (binds or {}).items())
        with tempfile.TemporaryFile() as out:
            start = time.monotonic()
            child = subprocess.Popen(
                enter,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], **mounts},
                start_new_session=True,
            )
            watch = Watch(child.pid)
            try:
                child.wait(limit)
                code = child.returncode
            except subprocess.TimeoutExpired:
                code = 124
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                watch.stop()
            seconds = time.monotonic() - start
            out.seek(0)
            text = out.read().decode("utf-8", "replace")
        return Ran(code, text, round(seconds, 1), watch.peak // 1024, watch.name)


class Watch(threading.Thread):
    """Samples the most memory that one compiler process held (VmHWM, KiB), in a process namespace."""

    def __init__(self, leader: int) -> None:
        super().__init__(daemon=True)
        self.leader, self.peak, self.name, self.over = leader, 0, "", threading.Event()
        self.start()

    def stop(self) -> None:
        self.over.set()
        self.join()

    def run(self) -> None:
        while not self.over.wait(0.2):
            with suppress(OSError):
                self._sample(Path(f"/proc/{self.leader}/ns/pid_for_children").readlink())

    def _sample(self, space: Path) -> None:
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                comm = (folder / "comm").read_text().strip()
                if comm not in COMPILERS or (folder / "ns/pid").readlink() != space:
                    continue
                match = re.search(r"VmHWM:\s+(\d+)", (folder / "status").read_text())
                if match and int(match[1]) > self.peak:
                    self.peak, self.name = int(match[1]), comm
