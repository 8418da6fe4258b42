"""Records the machine it runs on for these tests: `python3 record.py COMMENT > NAME.toml`, and a machine file.

Run it with the planner and packaging on PYTHONPATH, by the Python that is to be the target; for a bare
machine in a chroot or container of one:

    chroot ROOT env -i PATH=/usr/bin:/bin HOME=/home/user PYTHONPATH=/opt/wheelplan \
        python3 /opt/wheelplan/record.py "debian:12 with python3" > debian-12-python3.toml

With `--machine` it prints the machine file (`wheelplan fingerprint -o`) instead.
"""

from __future__ import annotations

import os
import sys

from planner.machinefile import dumps_toml
from planner.probes.fingerprint import fingerprint
from planner.probes.host import LocalHost
from planner.probes.port import Host
from planner.probes.recorder import RecordingHost
from planner.target import everything

# Enough that each folder of headers, libraries and pkg-config files is looked at.
SUBJECTS = (
    "header:zlib.h",
    "library:z",
    "library:no-such-library",
    "pkg-config:zlib",
    "shared:z",
    "program:dot",
)
# Asked of the package manager in a recording, which replays one list of names alone.
PACKAGES = (
    "cargo",
    "cmake",
    "g++",
    "gcc",
    "libpq-dev",
    "libproj-dev",
    "libssl-dev",
    "no-such-package",
    "rustc",
)


def note_folders(host: Host, folders: tuple[str, ...]) -> None:
    """Note the headers and pkg-config files that are here: tables may speak of more of them one day."""
    for folder in folders:
        for name in host.listdir(folder):
            path = f"{folder}/{name}"
            if name.endswith(".pc"):
                host.read(path)
            elif "." not in name and name not in ("linux", "asm", "asm-generic", "c++", "x86_64-linux-gnu"):
                host.listdir(path)


def main() -> None:
    """Print what this machine answers when it is asked for all that the tables of knowledge speak of."""
    subjects, packages = everything()
    if "--machine" in sys.argv:
        sys.stdout.write(dumps_toml(fingerprint(LocalHost(os.environ), subjects=subjects, packages=packages)))
        return
    host = RecordingHost(LocalHost(os.environ))
    fingerprint(host, subjects=(*SUBJECTS, *subjects), packages=dict.fromkeys(packages, PACKAGES))
    both = [
        f"/usr/{place}" for name in ("", "/x86_64-linux-gnu") for place in (f"include{name}", f"lib{name}")
    ]
    gcc = ("/usr/lib/gcc/x86_64-linux-gnu/12/include",)
    note_folders(host, gcc + tuple(f"{path}/pkgconfig" if "/lib" in path else path for path in both))
    sys.stdout.write(host.dumps(f"Recorded by tests/machines/record.py: {sys.argv[1]}"))


if __name__ == "__main__":
    main()
