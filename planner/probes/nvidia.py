"""The NVIDIA driver, the newest CUDA it runs, and the GPUs; must not trust what `nvidia-smi` prints.

`nvidia-smi` hangs, prints `[N/A]`, or explains an error on stdout with exit code 0. So a line counts only
when every part of it has the form that it must have; all else makes the fact unknown, never wrong. The
kernel's own files come first: they need no program, and stay right when the user's libraries do not fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from planner.drivers import newest_cuda
from planner.facts import Absent, Fact, Known, Unknown
from planner.probes.parallel import side_by_side
from planner.probes.port import TIMEOUT, Answer, Host, NotRun
from planner.probes.search import find, join

__all__ = ["Gpu", "probe", "read_banner", "read_gpus", "read_proc_version"]

_QUERY = "--query-gpu=index,driver_version,compute_cap,memory.total,name"
_VERSION = re.compile(r"\d{3,4}\.\d{1,3}(?:\.\d{1,3})?", re.ASCII)
# The open modules say "Open Kernel Module for x86_64  565.57.01  Release Build"; the others
# "x86_64 Kernel Module  550.54.15  Tue Mar …": https://github.com/nix-community/nixGL/issues/186
_PROC = re.compile(
    rf"NVRM version: NVIDIA [^\n]*?Kernel Module[^\n]*?  ({_VERSION.pattern})(?:\s|$)", re.ASCII
)
# Since R595 or so the words are "CUDA UMD Version".
_BANNER = re.compile(r"\| NVIDIA-SMI [^\n]*CUDA (?:UMD )?Version: (\d{1,2}\.\d{1,2})\s", re.ASCII)
_CAPABILITY = re.compile(r"\d{1,2}\.\d", re.ASCII)
_NAME = re.compile(r"[\x20-\x7e]{1,96}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One line of the query. `memory` (MiB) and `name` are "" where `nvidia-smi` could not say."""

    index: int
    driver: str
    capability: str
    memory: str
    name: str


def probe(host: Host) -> Iterator[tuple[str, Fact]]:
    """`cuda-driver`, `cuda-driver-api`, and `gpu:N`, `gpu:N:name`, `gpu:N:memory` for each GPU."""
    if host.system.os == "darwin":
        for name in ("cuda-driver", "cuda-driver-api", "gpu:0"):
            yield name, Absent("NVIDIA has no driver for macOS")
        return
    kernel = _kernel_driver(host)
    program = _smi(host)
    if isinstance(program, Absent):
        yield from _without_smi(host, kernel)
        return
    if isinstance(program, Unknown):
        answers: Mapping[str, Answer | Exception] = {}
        trouble = program.why
    else:
        smi = program
        answers = side_by_side(
            {
                "query": lambda: host.run([smi, _QUERY, "--format=csv,noheader,nounits"]),
                "banner": lambda: host.run([smi]),
            },
            seconds=2 * TIMEOUT,
        )
        trouble = ""
    gpus = _gpus(answers.get("query"), trouble)
    driver = kernel or _driver_of(gpus)
    yield "cuda-driver", driver
    yield "cuda-driver-api", _api(answers.get("banner"), driver)
    yield from _gpu_facts(gpus)


def _kernel_driver(host: Host) -> Known | None:
    content = host.read("/proc/driver/nvidia/version", 4096)
    version = read_proc_version(content or b"")
    if version:
        return Known(version, "/proc/driver/nvidia/version")
    text = (host.read("/sys/module/nvidia/version", 256) or b"").decode("ascii", "replace").strip()
    return Known(text, "/sys/module/nvidia/version") if _VERSION.fullmatch(text) else None


def read_proc_version(content: bytes) -> str:
    """The driver's version in /proc/driver/nvidia/version, or ""."""
    match = _PROC.search(content.decode("utf-8", "replace"))
    return match[1] if match else ""


def _smi(host: Host) -> str | Absent | Unknown:
    found = find(host, "nvidia-smi")
    if not isinstance(found, Absent):
        return found
    # WSL puts it where PATH need not lead (CUDA on WSL User Guide); Windows, beside its own programs.
    places = ["/usr/lib/wsl/lib/nvidia-smi"]
    if host.system.os == "windows":
        places = [join(host, host.environ.get("SYSTEMROOT", "C:\\Windows"), "System32", "nvidia-smi.exe")]
    return next((place for place in places if host.is_program(place)), found)


def _without_smi(host: Host, kernel: Known | None) -> Iterator[tuple[str, Fact]]:
    if kernel:
        yield "cuda-driver", kernel
        yield "cuda-driver-api", _api(None, kernel)
        # A container sees the host's module; without a device it has no GPU.
        device = host.exists("/dev/nvidia0")
        yield (
            "gpu:0",
            Unknown("there is no nvidia-smi to ask") if device else Absent("there is no /dev/nvidia0"),
        )
        return
    looked = (
        "no kernel module, and no nvidia-smi on PATH"
        if host.system.os == "linux"
        else "no nvidia-smi on PATH"
    )
    for name in ("cuda-driver", "cuda-driver-api", "gpu:0"):
        yield name, Absent(looked)


def _gpus(answer: Answer | Exception | None, trouble: str) -> tuple[Gpu, ...] | Absent | Unknown:
    if answer is None or isinstance(answer, Exception):
        return Unknown(trouble or "nvidia-smi gave no answer")
    if isinstance(answer, NotRun):
        return Unknown(f"nvidia-smi {answer.why}")
    if answer.stdout.strip() == "No devices were found":
        return Absent("nvidia-smi: no devices were found")
    if answer.returncode:
        return Unknown(
            f"nvidia-smi ended with code {answer.returncode}: {_said(answer.stdout or answer.stderr)}"
        )
    gpus = read_gpus(answer.stdout)
    return gpus or Unknown(f"nvidia-smi printed no list of GPUs: {_said(answer.stdout)}")


def _said(text: str) -> str:
    lines = text.strip().splitlines() or ["nothing"]
    return "".join(character if character.isprintable() else "?" for character in lines[0][:120])


def read_gpus(text: str) -> tuple[Gpu, ...]:
    """The GPUs of the query's lines; none when any line, or the list as a whole, is not what it must be."""
    gpus = []
    for line in text.strip().splitlines():
        parts = [part.strip() for part in line.split(",", 4)]
        if len(parts) != 5 or not re.fullmatch(r"\d{1,3}", parts[0], re.ASCII):
            return ()
        index, driver, capability, memory, name = parts
        if not _VERSION.fullmatch(driver):
            return ()
        gpus.append(
            Gpu(
                index=int(index),
                driver=driver,
                capability=capability if _CAPABILITY.fullmatch(capability) else "",
                memory=memory if re.fullmatch(r"[1-9]\d{0,7}", memory, re.ASCII) else "",
                name=name if _NAME.fullmatch(name) and not name.startswith("[") else "",
            )
        )
    # Lines may come in any order (CUDA_DEVICE_ORDER is not theirs), but each index once, and one driver.
    indices = {gpu.index for gpu in gpus}
    if len(indices) != len(gpus) or len({gpu.driver for gpu in gpus}) > 1:
        return ()
    return tuple(sorted(gpus, key=lambda gpu: gpu.index))


def _driver_of(gpus: tuple[Gpu, ...] | Absent | Unknown) -> Fact:
    if isinstance(gpus, tuple):
        return Known(gpus[0].driver, "nvidia-smi")
    return gpus if isinstance(gpus, Unknown) else Unknown("nvidia-smi found no device to ask for it")


def _api(answer: Answer | Exception | None, driver: Fact) -> Fact:
    """The newest CUDA, as the driver's libraries say it; else what the driver's branch brought."""
    if answer is not None and not isinstance(answer, (Exception, NotRun)) and answer.returncode == 0:
        version = read_banner(answer.stdout)
        if version:
            return Known(version, "nvidia-smi")
    if not isinstance(driver, Known):
        return driver
    newest = newest_cuda(driver.value)
    if newest is None:
        return Unknown(f"nvidia-smi does not say it, and no table here knows driver {driver.value}")
    return Known(newest, f"NVIDIA's table, driver {driver.value}")


def read_banner(text: str) -> str:
    """The newest CUDA that `nvidia-smi`'s first lines name, or "" (also when they name several)."""
    found = set(_BANNER.findall(text))
    return found.pop() if len(found) == 1 else ""


def _gpu_facts(gpus: tuple[Gpu, ...] | Absent | Unknown) -> Iterator[tuple[str, Fact]]:
    if not isinstance(gpus, tuple):
        yield "gpu:0", gpus
        return
    unsaid = Unknown("nvidia-smi does not say it")
    for gpu in gpus:
        name = f"gpu:{gpu.index}"
        yield name, Known(gpu.capability, "nvidia-smi") if gpu.capability else unsaid
        yield f"{name}:name", Known(gpu.name, "nvidia-smi") if gpu.name else unsaid
        yield f"{name}:memory", Known(gpu.memory, "nvidia-smi") if gpu.memory else unsaid
